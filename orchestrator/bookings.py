"""Use cases around the live session: create, cancel, reschedule. (Signatures only so far; the bodies follow.)"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from orchestrator.policy.model import Cause, Medium, SeatId, Session, SessionId


@dataclass(frozen=True, slots=True)
class Wish:
    """What a scheduler or a program asks to have booked."""

    programme: str
    starts_at: datetime
    seeker_name: str
    """The display name that the office chose."""
    supporter: str
    """Name of the supporter, as given to `madoguchi staff add`."""
    length: timedelta | None = None
    """None: the programme's default length."""
    medium: Medium = Medium.VIDEO
    seeker_real_name: str | None = None
    """Only to check the display name against it; kept in the erasable hash of the person."""
    seeker_person: str | None = None
    """An existing person id; None: a new person."""
    exception: str | None = None
    """Why it is booked against the programme's rule; None: it is not."""
    companions: tuple[str, ...] = field(default=())
    """Display names of remote companions that were declared (KUMAGAYA 12(3))."""


@dataclass(frozen=True, slots=True)
class Booked:
    """A new session and the secrets of its links; they are shown once and stored hashed."""

    session: Session
    links: dict[SeatId, str]
    """Seat -> secret."""
    notes: tuple[str, ...] = ()
    """Sentences for who booked, for instance that a supporter was not known and has been added."""


class Bookings:
    """What happens around the live session."""

    async def create(self, wish: Wish, by: str) -> Booked:
        """Book a session.

        Raises:
            Refused: with the programme's reason (`outside_window`, `length_not_allowed`, `too_late_to_book`,
                `holiday`, `name_refused`, `slot_taken`, `programme_unknown`, `in_the_past`).
        """
        raise AssertionError

    async def cancel(self, session: SessionId, by: Cause, recorded_by: str, channel: str) -> Session:
        """Cancel a booking on somebody's behalf (KUMAGAYA 6(4), SAKAI 2(4))."""
        raise AssertionError

    async def give_notice(
        self, session: SessionId, about: SeatId, by: str, until: datetime | None, channel: str
    ) -> Session:
        """Note that somebody will be late."""
        raise AssertionError

    async def choose_slot(self, session: SessionId, option: str, by: str) -> Session:
        """Turn a slot of an open reschedule into a booking; two choices at once give one.

        Returns:
            The old session, with `reschedule.state = chosen`.

        Raises:
            Refused: `reschedule_closed`, `slot_taken`.
        """
        raise AssertionError

    async def decline(self, session: SessionId, by: str) -> Session:
        """The seeker wants no other date."""
        raise AssertionError

    async def propose(self, session: SessionId) -> None:
        """Compute the free slots of an open reschedule and put them into the session. Bears being done twice."""
        raise AssertionError

    async def renew_link(self, session: SessionId, seat: SeatId) -> str:
        """Revoke a seat's links and make a new one; the secret."""
        raise AssertionError
