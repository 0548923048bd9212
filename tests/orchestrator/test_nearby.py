"""Seats that fall together are counted; what people chose, and what is ours, is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.nearby import KEPT, Nearby
from orchestrator.policy.attribution import AT_ONCE, NEARBY
from orchestrator.policy.model import SEEKER, SUPPORTER, Evidence, Loss, SessionId, Signal
from tests.orchestrator.policy.scenario import booking

AT = datetime(2026, 12, 1, 1, 10, tzinfo=UTC)
TICK = timedelta(milliseconds=1)


def falls(nearby, name, *, at=AT, signal=Signal.SIGNALLING_LOST, seats=(SEEKER,)):
    """A session of that name loses these seats in one step."""
    before = replace(booking(), id=SessionId(name))
    loss = Loss(at, at, (Evidence(signal, at, SEEKER),))
    after = replace(
        before,
        seats=tuple(
            replace(seat, loss=loss if seat.id in seats else None) for seat in before.seats
        ),
    )
    return [(one.session, one.seat, one.others) for one in nearby.note(before, after)]


def test_three_rooms_in_the_same_seconds_are_told_to_everybody_once():
    nearby = Nearby()
    for name in ("a", "b"):
        assert falls(nearby, name) == []
    assert falls(nearby, "c") == [(name, SEEKER, NEARBY) for name in ("a", "b", "c")]
    assert falls(nearby, "d") == [("d", SEEKER, 3)]


def test_the_other_seat_of_the_same_session_is_not_another_one():
    nearby = Nearby()
    falls(nearby, "a", seats=(SEEKER, SUPPORTER))
    assert falls(nearby, "b", seats=(SEEKER, SUPPORTER)) == []
    told = falls(nearby, "c")
    assert {one[:2] for one in told} == {
        ("a", SEEKER),
        ("a", SUPPORTER),
        ("b", SEEKER),
        ("b", SUPPORTER),
        ("c", SEEKER),
    }


def test_what_fell_earlier_is_not_counted():
    nearby = Nearby()
    for name in ("a", "b"):
        falls(nearby, name)
    assert falls(nearby, "c", at=AT + AT_ONCE + TICK) == []


def test_what_is_recorded_late_is_counted_by_when_it_fell():
    nearby = Nearby()
    for name in ("a", "b"):
        falls(nearby, name)
    earlier = AT - AT_ONCE - TICK
    assert falls(nearby, "c", at=earlier) == []


def test_a_later_loss_does_not_make_those_forgotten_that_fell_with_what_is_recorded_late():
    nearby = Nearby()
    for name in ("a", "b"):
        falls(nearby, name)
    assert falls(nearby, "later", at=AT + 2 * AT_ONCE) == []
    told = falls(nearby, "c")
    assert told == [(name, SEEKER, NEARBY) for name in ("a", "b", "c")]


@pytest.mark.parametrize(
    "signal", [Signal.PAGE_CLOSED, Signal.STEPPED_OUT, Signal.WORKER_LOST, Signal.SERVICE_GAP]
)
def test_what_somebody_chose_or_what_is_ours_is_not_counted(signal):
    nearby = Nearby()
    for number in range(10):
        assert falls(nearby, f"s{number}", signal=signal) == []


def test_a_loss_that_goes_on_is_no_new_one():
    nearby, session = Nearby(), booking()
    loss = Loss(AT, AT, (Evidence(Signal.SIGNALLING_LOST, AT, SEEKER),))
    lost = replace(session, seats=tuple(replace(seat, loss=loss) for seat in session.seats))
    for _ in range(5):
        assert nearby.note(lost, lost) == []
        assert nearby.note(None, lost) == [], "loaded: nobody knows since when"


def test_a_thousand_losses_are_bounded_and_each_is_told_once():
    nearby = Nearby()
    told = [one for number in range(KEPT + 500) for one in falls(nearby, f"s{number}")]
    assert len(told) == len(set(told)) == KEPT + 500
