"""Enter a booking into the record: session, links, calendars and first line of history in one go, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from orchestrator.credentials import hash_secret, link_expires_at, new_secret
from orchestrator.errors import Refused
from orchestrator.policy.effects import Publish
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    PersonId,
    Record,
    SeatId,
    Session,
)
from orchestrator.policy.programme import Programme
from orchestrator.ports import Applied, Booking, BookingResult, Clock, Link, Sessions, Store

log = structlog.get_logger()

CHOSEN = "booking.chosen"
"""What leaves the node with a booking that was chosen in another session."""

TOLD = (SEEKER, SUPPORTER)
"""Who is written to about a new booking."""


@dataclass(frozen=True, slots=True)
class Booked:
    """A new session and the secrets of its links; they are shown once and stored hashed."""

    session: Session
    links: dict[SeatId, str]
    """Seat -> secret; empty when the session had been booked before."""
    notes: tuple[str, ...] = ()
    """Sentences for who booked, for instance that a supporter was not known and has been added."""
    is_repeated: bool = False
    """It had been booked before under the same command."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A session that is to be booked."""

    session: Session
    command: str
    """A second entry with the same command gives the first one's session."""
    private: Mapping[PersonId, Mapping[str, str]] = field(default_factory=dict)
    """Personal data, per person."""
    tells: bool = True
    """People are written to; else the session that it was chosen in tells them (`previous`, `follows`)."""


class Entering:
    """Turns new sessions into bookings.

    Args:
        store: the record.
        clock: now.
        sessions: runs them.
        programmes: by name.
    """

    def __init__(
        self, store: Store, clock: Clock, sessions: Sessions, programmes: Mapping[str, Programme]
    ) -> None:
        self._store = store
        self._clock = clock
        self._sessions = sessions
        self._programmes = programmes

    async def enter(self, entry: Entry, notes: tuple[str, ...] = ()) -> Booked:
        """Book it, unless it was booked before.

        Raises:
            Refused: `slot_taken`, `suspended`, `maintenance`.
        """
        session = entry.session
        secrets = {seat.id: new_secret() for seat in session.seats}
        expires_at = link_expires_at(session)
        links = {
            hash_secret(secrets[seat.id]): Link(session.id, seat.id, expires_at, person=seat.person)
            for seat in session.seats
        }
        result = await self._store.book(
            Booking(
                session,
                links,
                entry.command,
                entry.private,
                records=(_first_line(session, self._clock.now()),),
                publishes=_messages(session) if entry.tells else _word_to_origin(session),
            )
        )
        if result.applied not in {Applied.DONE, Applied.REPEATED}:
            raise await self._refusal(session, result)
        if result.session != session.id:
            return Booked(await self._sessions.view(result.session), {}, is_repeated=True)
        log.info("session.booked", session=session.id, programme=session.rules.programme)
        return Booked(session, secrets, notes)

    async def _refusal(self, session: Session, result: BookingResult) -> Refused:
        """Why the store did not take a booking."""
        if result.applied is Applied.SUSPENDED:
            who = "supporter" if result.person == session.supporter.person else "seeker"
            return Refused("suspended", self._suspended(who, session.rules.programme))
        if result.applied is Applied.MAINTENANCE:
            windows = {window.id: window for window in await self._store.maintenance()}
            window = windows[str(result.window)]
            zone = ZoneInfo(session.time_zone)
            begins_at, ends_at = window.begins_at.astimezone(zone), window.ends_at.astimezone(zone)
            return Refused(
                "maintenance",
                f"the service does not run from {begins_at:%Y-%m-%d %H:%M} to {ends_at:%Y-%m-%d %H:%M}",
            )
        return Refused("slot_taken", "seeker or supporter has another session in that time")

    def _suspended(self, who: str, programme: str) -> str:
        """It says whose seat, and whom to ask; the reason itself is for the office."""
        known = self._programmes.get(programme)
        telephone = known.telephone if known is not None else None
        ask = f"ask the office, telephone {telephone}" if telephone else "ask the office"
        return f"the office has decided that this {who} is not booked in {programme} for now; {ask}"


def _first_line(session: Session, now: datetime) -> Record:
    return Record(
        now,
        "session.booked",
        {
            "by": session.booked_by,
            "previous": session.previous,
            "follows": session.follows,
            "exception": session.exception is not None,
            "observer": session.observer is not None,
        },
    )


def _messages(session: Session) -> tuple[Publish, ...]:
    topic = "session.booked"
    return tuple(
        Publish(topic, seat, f"{session.id}:{session.version}:{topic}:{seat}:{ordinal}")
        for ordinal, seat in enumerate(TOLD)
    )


def _word_to_origin(session: Session) -> tuple[Publish, ...]:
    """The session that it was chosen in learns of it, also when this node dies now."""
    return (Publish(CHOSEN, SEEKER, f"{session.id}:{session.version}:{CHOSEN}:{SEEKER}:0"),)


def explain_slot(programme: Programme, reason: str) -> str:
    """A sentence for one of `slots.REASONS`, with what the programme has instead."""
    lengths = ", ".join(f"{int(length.total_seconds() // 60)} min" for length in programme.lengths)
    sentences = {
        "in_the_past": "the start lies in the past",
        "length_not_allowed": f"the programme {programme.name} allows: {lengths}",
        "holiday": "the office is closed on that day",
        "outside_window": "the slot does not lie inside one window of the programme",
        "too_late_to_book": "it must be confirmed by the day before; a scheduler may give an exception with a reason",
    }
    return sentences.get(reason, reason)
