"""Which message still makes sense when its turn comes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.messages.occasions import Topic, why_not
from orchestrator.policy.effects import TOPICS
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    Outcome,
    Phase,
    Reschedule,
    RescheduleState,
)
from tests.fakes import NOON, a_session

MINUTE = timedelta(minutes=1)
BOOKED = a_session()
RINGING = replace(BOOKED, phase=Phase.WAITING, ringing=SEEKER)
CANCELLED = replace(BOOKED, phase=Phase.ENDED, outcome=Outcome.CANCELLED)
MISSED = replace(
    BOOKED,
    phase=Phase.ENDED,
    outcome=Outcome.SUPPORTER_NO_SHOW,
    reschedule=Reschedule(RescheduleState.OPEN, NOON, NOON + timedelta(days=14)),
)


def declined(session):
    """The same after the seeker wanted no other date."""
    return replace(session, reschedule=replace(session.reschedule, state=RescheduleState.DECLINED))


@pytest.mark.parametrize(
    ("topic", "session", "after", "reason"),
    [
        (Topic.SESSION_BOOKED, BOOKED, -60 * MINUTE, None),
        (Topic.SESSION_BOOKED, BOOKED, 49 * MINUTE, None),
        (Topic.SESSION_BOOKED, BOOKED, 50 * MINUTE, "slot_passed"),
        (Topic.SESSION_BOOKED, CANCELLED, -60 * MINUTE, "session_over"),
        (Topic.RESCHEDULE_CHOSEN, BOOKED, -60 * MINUTE, None),
        (Topic.RESCHEDULE_CHOSEN, CANCELLED, -60 * MINUTE, "session_over"),
        (Topic.NEXT_CHOSEN, BOOKED, 50 * MINUTE, "slot_passed"),
        (Topic.SESSION_CANCELLED, CANCELLED, -60 * MINUTE, None),
        (Topic.SESSION_CANCELLED, CANCELLED, 50 * MINUTE, "slot_passed"),
        (Topic.SESSION_CANCELLED, MISSED, 10 * MINUTE, "not_cancelled"),
        (Topic.SEEKER_RUNG, RINGING, MINUTE, None),
        (Topic.SEEKER_RUNG, replace(RINGING, ringing=None), MINUTE, "not_ringing"),
        (Topic.SEEKER_RUNG, replace(RINGING, ringing=SUPPORTER), MINUTE, "not_ringing"),
        (Topic.SEEKER_RUNG, CANCELLED, MINUTE, "not_ringing"),
        (Topic.SEEKER_RUNG, RINGING, 50 * MINUTE, "slot_passed"),
        (Topic.RESCHEDULE_OPENED, MISSED, 60 * MINUTE, None),
        (Topic.RESCHEDULE_OPENED, MISSED, timedelta(days=14), "reschedule_closed"),
        (Topic.RESCHEDULE_OPENED, declined(MISSED), 60 * MINUTE, "reschedule_closed"),
        (Topic.RESCHEDULE_OPENED, CANCELLED, 60 * MINUTE, "reschedule_closed"),
    ],
)
def test_a_message_says_only_what_is_true_when_it_is_sent(topic, session, after, reason):
    assert why_not(topic, session, session.seeker, NOON + after) == reason


def test_a_supporter_is_rung_as_well():
    session = replace(RINGING, ringing=SUPPORTER)
    assert why_not(Topic.SUPPORTER_RUNG, session, session.supporter, NOON) is None
    assert why_not(Topic.SUPPORTER_RUNG, RINGING, RINGING.supporter, NOON) == "not_ringing"


def test_every_topic_is_one_that_the_policy_knows():
    assert {topic.value for topic in Topic} <= TOPICS
