"""From evidence to cause: no thin evidence convicts a seeker, and unknown stays unknown."""

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.policy.attribution import AT_ONCE, attribute
from orchestrator.policy.model import Cause, Confidence, Loss, Signal
from tests.orchestrator.policy.scenario import booking, moment

S = Signal


def lost(seeker=(), supporter=(), between=timedelta(minutes=1)):
    """A session whose seats are lost with these signals, the seeker first."""
    session = booking()
    at = moment("10:00")
    losses = {
        "seeker": Loss(at, at + timedelta(minutes=2), frozenset(seeker)) if seeker else None,
        "supporter": Loss(at + between, at + between + timedelta(minutes=2), frozenset(supporter))
        if supporter
        else None,
    }
    seats = tuple(replace(seat, loss=losses.get(seat.id)) for seat in session.seats)
    return replace(session, seats=seats)


@pytest.mark.parametrize(
    ("signals", "cause", "confidence", "reason"),
    [
        ((), "unknown", "unknown", "nobody_lost"),
        ((S.SIGNALLING_LOST,), "unknown", "unknown", "seeker_lost_unclear"),
        ((S.MEDIA_SILENT,), "unknown", "unknown", "seeker_lost_unclear"),
        ((S.SIGNALLING_LOST, S.MEDIA_SILENT), "seeker", "likely", "seeker_connection_lost"),
        ((S.PAGE_CLOSED,), "seeker", "likely", "seeker_closed_page"),
        ((S.PAGE_CLOSED, S.MEDIA_SILENT), "seeker", "sure", "seeker_closed_page"),
        ((S.STEPPED_OUT,), "seeker", "sure", "seeker_stepped_out"),
        ((S.STEPPED_OUT, S.WORKER_LOST), "platform", "sure", "worker_lost"),
        ((S.PAGE_CLOSED, S.MEDIA_SILENT, S.WORKER_LOST), "platform", "sure", "worker_lost"),
        ((S.PAGE_CLOSED, S.SERVICE_GAP), "platform", "sure", "service_gap"),
    ],
)
def test_a_lost_seeker(signals, cause, confidence, reason):
    found = attribute(lost(seeker=signals))
    assert (found.cause.value, found.confidence.value, found.reason) == (cause, confidence, reason)


@pytest.mark.parametrize(
    ("signals", "confidence", "reason"),
    [
        ((S.SIGNALLING_LOST,), "likely", "supporter_connection_lost"),
        ((S.MEDIA_SILENT,), "likely", "supporter_connection_lost"),
        ((S.PAGE_CLOSED,), "likely", "supporter_closed_page"),
        ((S.STEPPED_OUT,), "sure", "supporter_stepped_out"),
    ],
)
def test_a_lost_supporter_has_the_desk_to_answer_for(signals, confidence, reason):
    found = attribute(lost(supporter=signals))
    assert found.cause is Cause.SUPPORTER
    assert (found.confidence.value, found.reason) == (confidence, reason)


@pytest.mark.parametrize(
    ("between", "cause"),
    [(AT_ONCE, "platform"), (AT_ONCE + timedelta(milliseconds=1), "seeker")],
)
def test_lost_within_five_seconds_is_lost_at_once(between, cause):
    both = (S.SIGNALLING_LOST, S.MEDIA_SILENT)
    assert attribute(lost(both, both, between)).cause.value == cause


def test_at_once_is_likely_and_not_sure():
    found = attribute(lost((S.SIGNALLING_LOST,), (S.SIGNALLING_LOST,), timedelta(seconds=1)))
    assert found.confidence is Confidence.LIKELY


@pytest.mark.parametrize("chosen", [S.STEPPED_OUT, S.PAGE_CLOSED, S.LINK_REVOKED])
def test_who_chose_to_go_was_not_lost_at_once(chosen):
    second = timedelta(seconds=1)
    assert attribute(lost((S.SIGNALLING_LOST,), (chosen,), second)).cause is Cause.UNKNOWN
    assert attribute(lost((chosen,), (S.SIGNALLING_LOST,), second)).cause is not Cause.PLATFORM


def test_the_first_loss_decides_whoever_sits_first_in_the_list():
    session = lost((S.STEPPED_OUT,), (S.STEPPED_OUT,), timedelta(seconds=-1))
    assert attribute(session).cause is Cause.SUPPORTER


def test_the_evidence_names_signal_time_and_seat_in_order():
    found = attribute(lost((S.MEDIA_SILENT, S.SIGNALLING_LOST), (S.PAGE_CLOSED,)))
    assert [(it.signal, it.at, it.seat) for it in found.evidence] == [
        (S.MEDIA_SILENT, moment("10:00"), "seeker"),
        (S.SIGNALLING_LOST, moment("10:00"), "seeker"),
        (S.PAGE_CLOSED, moment("11:00"), "supporter"),
    ]
