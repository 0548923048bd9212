"""The office ends a session from the board: what it costs, what was decided before, when there is nothing to end."""

from dataclasses import replace

import pytest

from orchestrator.policy.effects import CloseRoom
from orchestrator.policy.model import Consequence, Quota
from tests.orchestrator.policy.scenario import (
    KUMAGAYA,
    both_in_lobby,
    by_phone,
    live,
    office,
    seeker,
    server,
    story,
    supporter,
)

RESTORED = Consequence(Quota.RESTORED, reschedule=True)
USED = Consequence(Quota.USED, reschedule=False)


def test_what_the_office_ends_the_seeker_does_not_pay_for():
    told = live().at("12:00", office.ends())
    told.ends("interrupted", "office", at="12:00", reason="office_ended", reschedule=True)
    assert told.session.consequence == RESTORED
    assert CloseRoom(is_hard_end=False) in told.effects
    assert [it.recipient for it in told.published("reschedule.opened")] == ["seeker"]
    assert told.published("session.cancelled") == []


def test_who_ended_it_and_what_was_stated_is_on_record():
    told = live().at("12:00", office.ends(held=True))
    [line] = [it for it in told.records if it.name == "office.ended"]
    assert dict(line.data) == {"by": "person-clerk", "held": True}


def test_what_was_held_all_the_same_counts():
    told = live().at("12:00", office.ends(held=True))
    told.ends("completed", at="12:00", reason="office_ended").has_reschedule(None)
    assert told.session.consequence == USED


def test_what_never_flowed_was_never_held_whatever_the_office_states():
    told = both_in_lobby().at("0:00", supporter.admits(seeker)).at("5:00", office.ends(held=True))
    told.ends("not_held", "platform", at="5:00", reason="both_never_connected")


def test_on_the_telephone_what_was_held_counts_too():
    told = by_phone(KUMAGAYA, "30:00").at("0:00", supporter.connects())
    told.at("1:00", supporter.reports("calling"), supporter.reports("answered"))
    told.at("5:00", office.ends(held=True)).ends("completed", at="5:00", reason="office_ended")


@pytest.mark.parametrize("at", ["-5:00", "4:00"])
def test_before_it_is_live_it_is_cancelled_and_both_are_told(at):
    told = both_in_lobby().at(at, office.ends())
    told.ends("cancelled", "office", at=at, reason="office_ended", reschedule=True)
    assert [it.recipient for it in told.published("session.cancelled")] == ["seeker", "supporter"]


def test_what_was_never_live_was_not_held():
    told = both_in_lobby().at("4:00", office.ends(held=True)).is_refused("not_live")
    told.is_in("waiting")


def test_before_the_doors_open_there_is_nothing_to_end():
    told = story().at("-12:00", office.ends()).is_refused("too_early")
    told.is_in("scheduled")


def test_after_the_end_there_is_nothing_to_end():
    told = live().at("5:00", seeker.ends()).at("6:00", office.ends()).is_refused("session_over")
    told.ends("completed", at="5:00", reason="seeker_ended")


def test_of_two_schedulers_at_once_the_first_ends_it():
    told = live().at("5:00", office.ends(), office.ends(held=True)).is_refused("session_over")
    told.ends("interrupted", "office", at="5:00")


def test_nobody_need_wait_for_a_grace():
    told = live().at("5:00", seeker.loses_line()).at("6:00", office.ends())
    told.ends("interrupted", "office", at="6:00", reason="office_ended", reschedule=True)


@pytest.mark.parametrize("held", [False, True])
def test_what_a_grace_has_decided_stays_decided(held):
    told = live().at("5:00", supporter.steps_out()).at("8:00", office.ends(held=held))
    told.ends("interrupted", "supporter", at="8:00", reason="supporter_stepped_out")
    back = live().at("5:00", supporter.goes_silent()).at("8:00", supporter.is_heard())
    back.is_in("live").at("9:00", office.ends(held=held))
    back.ends("interrupted", "supporter", at="9:00", reason="interrupted_long")


def test_after_a_goodbye_it_is_finished():
    told = live().at("11:30", seeker.closes_page()).at("11:40", supporter.closes_page())
    told.at("12:00", office.ends()).ends("completed", at="12:00", reason="goodbye")


def test_the_same_when_the_seeker_closed_the_page_on_the_question():
    told = live().at("11:30", supporter.asks_to_end(), seeker.closes_page())
    told.at("11:32", office.ends()).ends("completed", at="11:32", reason="goodbye")


def test_a_scheduler_overrules_it_like_any_other():
    told = live().at("12:00", office.ends()).at("13:00", office.overrules("completed"))
    told.has_reschedule("withdrawn").at(
        "14:00", office.overrules("interrupted", "office", number=1)
    )
    assert told.session.consequence == RESTORED


def test_a_programme_may_say_what_it_costs():
    table = {**KUMAGAYA.consequences, "interrupted/office": USED}
    told = live(replace(KUMAGAYA, consequences=table)).at("12:00", office.ends())
    assert told.session.consequence == USED


@pytest.mark.parametrize("key", ["cancelled", "cancelled/office"])
def test_where_it_says_nothing_it_costs_what_cancelling_costs(key):
    table = {"interrupted": USED, key: replace(RESTORED, confirm=True)}
    told = live(replace(KUMAGAYA, consequences=table)).at("12:00", office.ends())
    assert told.session.consequence == table[key]


def test_the_ringing_ends_with_it():
    told = story().at("0:00", supporter.connects(), supporter.joins(), server.sends_the_message())
    assert told.session.ringing == "seeker"
    told.at("2:00", office.ends()).ends("cancelled", "office", at="2:00")
    assert told.session.ringing is None
