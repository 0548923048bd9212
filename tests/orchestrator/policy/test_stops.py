"""Stops and incidents (KUMAGAYA 12, SAKAI 8, SAKAI 5-4, IX 10)."""

from datetime import timedelta

import pytest

from orchestrator.policy.effects import CloseRoom
from orchestrator.policy.stops import INCIDENTS, OF_THE_OFFICE, may_read_why, was_stopped_by_other
from tests.orchestrator.policy.scenario import (
    Person,
    both_in_lobby,
    companion,
    live,
    office,
    seeker,
    story,
    supporter,
)


@pytest.mark.parametrize("kind", ["conduct", "recording"])
def test_the_supporter_stops_and_the_seeker_is_accused_not_convicted(kind):
    told = live().at("10:00", supporter.stops_for(kind, seeker))
    told.ends(
        "stopped", "seeker", at="10:00", reason=f"{kind}_reported", strike=False, reschedule=False
    )
    assert told.session.verdict.confidence.value == "unknown"
    assert [it.recipient for it in told.published("standing.changed")] == ["person-seeker"]


@pytest.mark.parametrize("kind", ["conduct", "recording"])
def test_the_seeker_stops_and_gets_another_date(kind):
    told = live().at("10:00", seeker.stops_for(kind, supporter))
    told.ends("stopped", "supporter", at="10:00", reschedule=True)
    assert [it.recipient for it in told.published("standing.changed")] == ["person-supporter"]
    assert any(isinstance(effect, CloseRoom) for effect in told.effects)


def test_what_a_companion_does_is_an_incident_and_not_the_seekers_fault():
    told = (
        live().at("10:00", supporter.stops_for("conduct", companion)).is_refused("accused_unknown")
    )
    told.at("10:01", office.files("conduct", companion)).is_in("live").has_tasks("incident-1")


def test_a_stop_opens_an_incident_with_a_due_date():
    told = live().at("10:00", seeker.stops_for("conduct", supporter))
    (incident,) = told.session.incidents
    assert (incident.by, incident.accused, incident.stopped) == ("seeker", "supporter", True)
    assert incident.phase.value == "live"
    assert incident.due_at - incident.at == timedelta(days=3)
    told.has_tasks("incident-1")


def test_in_the_lobby_one_can_stop_as_well():
    both_in_lobby().at("-1:00", seeker.stops_for("conduct", supporter)).ends("stopped", "supporter")


def test_stops_that_make_no_sense_are_refused():
    told = live()
    told.at("1:00", seeker.stops_for("conduct", seeker)).is_refused("accused_unknown")
    told.at("1:01", seeker.stops_for("technical", supporter)).is_refused("accused_unknown")
    told.at("1:02", companion.stops_for("conduct", seeker)).is_refused("not_your_seat")
    told.at("1:03", seeker.ends())
    told.at("1:04", seeker.stops_for("conduct", supporter)).is_refused("session_over")


def test_a_technical_problem_ends_nothing():
    told = live().at("10:00", seeker.raises_a_problem()).is_in("live").has_tasks("incident-1")
    told.ends("completed", at="30:00")


def test_the_office_files_and_resolves_also_after_the_end():
    told = live().at("10:00", seeker.ends()).at("11:00", office.files("conduct", seeker))
    told.has_tasks("incident-1").at("12:00", office.ticks_off("incident-1")).is_refused(
        "task_unknown"
    )
    told.at("13:00", office.resolves("incident-1")).has_tasks()
    told.at("14:00", office.resolves("incident-1")).is_refused("incident_resolved")
    told.at("15:00", office.resolves("incident-9")).is_refused("incident_unknown")


def test_only_people_of_the_session_are_accused_and_only_from_their_seats():
    told = live().at("1:00", office.files("conduct", companion)).has_tasks("incident-1")
    told.at("1:01", office.files("conduct", Person("companion-9"))).is_refused("accused_unknown")
    told.at("1:02", companion.raises_a_problem()).is_refused("not_your_seat")


def test_one_click_is_one_incident_and_there_is_an_end_to_them():
    told = live().at("1:00", seeker.raises_a_problem(), seeker.raises_a_problem())
    assert len(told.session.incidents) == 1
    for second in range(1, INCIDENTS):
        told.at(f"2:{second:02d}", seeker.raises_a_problem())
    told.at("3:00", seeker.raises_a_problem()).is_refused("too_many_incidents")


def test_who_never_came_cannot_be_accused():
    told = story().at("1:00", supporter.connects(), supporter.stops_for("conduct", seeker))
    told.is_refused("accused_absent")
    early = story().at("-12:00", supporter.connects(), seeker.connects())
    early.at("-11:00", supporter.stops_for("conduct", seeker)).is_refused("too_early")


def test_who_has_left_can_still_be_accused():
    told = (
        live().at("5:00", seeker.closes_page()).at("5:10", supporter.stops_for("conduct", seeker))
    )
    told.ends("stopped", "seeker", at="5:10")


def test_nobody_books_the_next_session_with_whom_they_have_reported():
    told = live().at("5:00", supporter.wants_the_next_session(), office.proposes_next("a"))
    told.at("6:00", seeker.stops_for("conduct", supporter)).at("7:00", office.proposes_next("b"))
    assert told.session.following.state.value == "withdrawn"


def test_what_people_filed_does_not_keep_the_office_from_filing():
    told = live()
    for second in range(INCIDENTS):
        told.at(f"2:{second:02d}", seeker.raises_a_problem())
    told.at("3:00", office.files("conduct", supporter)).has_tasks(
        *(f"incident-{n}" for n in range(1, INCIDENTS + 2))
    )
    for second in range(OF_THE_OFFICE - INCIDENTS - 1):
        told.jumps_to(f"4:00.{second:03d}", office.files("conduct"))
    told.at("5:00", office.files("conduct")).is_refused("too_many_incidents")


def test_of_a_stop_only_who_stopped_reads_why_until_a_scheduler_has_judged():
    told = live()
    assert may_read_why(told.session, supporter.seat), "there is nothing to hide"
    told.at("5:00", seeker.stops_for("conduct", supporter))
    assert may_read_why(told.session, seeker.seat)
    assert not may_read_why(told.session, supporter.seat)
    assert not may_read_why(told.session, None)
    told.at("6:00", office.overrules("completed"))
    assert may_read_why(told.session, supporter.seat)
    assert was_stopped_by_other(told.session, supporter.seat), "its history stays the office's"
    assert not was_stopped_by_other(told.session, seeker.seat)
