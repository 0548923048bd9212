"""Sessions for the tests of what people are shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    PersonId,
    Role,
    Seat,
    SeatId,
    Session,
    SessionId,
)
from orchestrator.policy.session import book
from orchestrator.programmes import load_all

STARTS = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
SLOT = timedelta(minutes=30)
KUMAGAYA = load_all()["kumagaya"]


def a_session(**changes: object) -> Session:
    """A session of `kumagaya` at ten in the morning, Japanese time, with one companion."""
    seats = (
        Seat(SEEKER, Role.SEEKER, PersonId("p_1"), "さくら14"),
        Seat(SUPPORTER, Role.SUPPORTER, PersonId("p_2"), "田中"),
        Seat(SeatId("companion-1"), Role.COMPANION, PersonId("p_3"), "通訳"),
    )
    session = book(SessionId("s_1"), KUMAGAYA.rules(), STARTS, STARTS + SLOT, seats, "Asia/Tokyo")
    return replace(session, **changes)


def with_seat(session: Session, seat_id: SeatId, **changes: object) -> Session:
    """The session with one seat changed."""
    return replace(
        session,
        seats=tuple(
            replace(seat, **changes) if seat.id == seat_id else seat for seat in session.seats
        ),
    )
