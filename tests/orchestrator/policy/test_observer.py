"""A scheduler who looks on: a seat of the room, and nothing that a session depends on."""

from dataclasses import replace

import pytest

from orchestrator.policy.model import OBSERVER, PersonId, Role, Seat
from tests.orchestrator.policy.scenario import Person, Story, booking, seeker, server, supporter

observer = Person(OBSERVER)


def watched() -> Story:
    """Both are in, and somebody of the office looks on."""
    session = booking()
    seat = Seat(OBSERVER, Role.SCHEDULER, PersonId("person-observer"), "山田")
    told = Story(replace(session, seats=(*session.seats, seat)))
    told = told.at("-5:00", *(step for who in (seeker, supporter) for step in arrives(who)))
    return told.at("0:00", supporter.admits(seeker), server.sees_media_flow())


def arrives(who: Person):
    return who.connects(), who.joins()


def test_it_is_let_in_once_the_session_is_live():
    told = watched().at("1:00", *arrives(observer), supporter.admits(observer))
    told.has(observer, "in").ends("completed", at="30:00")


@pytest.mark.parametrize("loss", [observer.loses_line, observer.closes_page, observer.steps_out])
def test_its_absence_interrupts_nobody_and_makes_no_verdict(loss):
    told = watched().at("1:00", *arrives(observer), supporter.admits(observer))
    told.at("5:00", loss()).is_in("live").has_verdict(None)
    told.at("20:00").is_in("live").has_verdict(None).ends("completed", at="30:00")


def test_it_counts_for_neither_of_the_two():
    told = watched().at("1:00", *arrives(observer), supporter.admits(observer))
    told.at("5:00", seeker.loses_line()).is_in("interrupted")


def test_nobody_stops_the_session_by_accusing_it():
    told = watched().at("1:00", *arrives(observer), supporter.admits(observer))
    told.at("5:00", seeker.stops_for("recording", observer)).is_refused("accused_unknown")


def test_it_lets_nobody_in():
    told = watched().at("1:00", *arrives(observer))
    told.at("2:00", observer.admits(observer)).is_refused("not_your_seat")


def test_the_session_knows_who_looks_on():
    told = watched()
    assert told.session.observer is not None
    assert told.session.observer.only_receives
    assert not told.session.supporter.only_receives
    assert booking().observer is None
