"""The record: everything that must survive a kill."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from orchestrator.policy.model import PersonId, Record, SeatId, Session, SessionId
from orchestrator.policy.standing import Decision, PersonTask
from orchestrator.ports.records import (
    Answers,
    Applied,
    Booking,
    BookingResult,
    Change,
    Commit,
    Delivery,
    Ledger,
    Link,
    MaintenanceWindow,
    Staff,
    Stored,
)


class Store(Protocol):
    """The record. Every method raises `Unavailable("store")` when the store does not answer in time."""

    async def load(self, session: SessionId) -> Stored | None:
        """The session, its owner and its fence; None when there is none."""

    async def load_many(self, sessions: Sequence[SessionId]) -> list[Stored]:
        """Several at once, in order; missing ones are left out."""

    async def versions(self, sessions: Sequence[SessionId]) -> dict[SessionId, int]:
        """The version of each session, without the session itself; missing ones are left out."""

    async def claim(
        self, session: SessionId, node: str, over: str | None, fence: int
    ) -> int | None:
        """Take a session whose owner and fence are as given.

        Returns:
            The new fence, or None when somebody else was faster.
        """

    async def commit(self, commit: Commit) -> Applied:
        """Record one transition (invariants 1 to 4 of the store)."""

    async def book(self, booking: Booking) -> BookingResult:
        """Write a new session, unowned, unless seeker or supporter is booked already in that time.

        A session that replaces another (`session.previous`) may overlap that one's slot.
        """

    async def booked_by(self, command: str) -> SessionId | None:
        """The session that a booking with that command id made, or None."""

    async def events(self, session: SessionId) -> list[tuple[int, Record]]:
        """The session's history, oldest first: version and record."""

    async def between(self, begins_at: datetime, ends_at: datetime) -> list[SessionId]:
        """The sessions whose `starts_at` lies in [begins_at, ends_at), by time."""

    async def due(self, until: datetime) -> list[tuple[SessionId, datetime]]:
        """The sessions whose deadline lies at or before `until`, soonest first, at most 10,000."""

    async def booked(
        self, person: PersonId, begins_at: datetime, ends_at: datetime
    ) -> list[tuple[datetime, datetime]]:
        """The slots that a person has in that time, sessions that ended early or were cancelled left out."""

    async def sessions_of(
        self, person: PersonId, begins_at: datetime, ends_at: datetime
    ) -> list[SessionId]:
        """The sessions of a person that are not over and share a moment with that time, by their start."""

    async def reserve_end(self, session: SessionId, ends_at: datetime) -> bool:
        """Let the calendars of seeker and supporter hold a session up to another end.

        It is given back by the same call with the present end, and by the end of the session.

        Returns:
            False: one of them has something else by then, or the session is over; nothing changed.
        """

    async def reserve_supporter(self, session: Session, person: PersonId) -> Applied:
        """Let the calendar of another supporter hold a session's slot, before the seat is given to that one.

        Given back by `release_supporter`, or kept by the commit that gives the seat.

        Returns:
            DONE; TAKEN: there is something else in that time; SUSPENDED: a decision keeps that person from sessions.
        """

    async def release_supporter(self, session: Session, person: PersonId) -> None:
        """Give such a slot back: the seat was not given."""

    async def with_tasks(self, count: int) -> list[SessionId]:
        """The sessions that somebody has to look at, most urgent first, at most `count`."""

    async def notes(self, session: SessionId) -> Mapping[str, str]:
        """The free texts about a session, by key, as its commits have left them; erasable, and nowhere else."""

    async def put_answers(
        self, session: SessionId, seat: SeatId, answers: Answers, until: datetime
    ) -> bool:
        """Keep a seat's answers until that time and no longer.

        Returns:
            False: it has answered before; nothing changed.
        """

    async def answers(self, session: SessionId) -> Mapping[SeatId, Answers]:
        """What was answered about a session, by seat."""

    async def ledger(self, programme: str, person: PersonId) -> Ledger:
        """What is on record about a person in one programme; empty for one who is not known."""

    async def decide(
        self, programme: str, person: PersonId, decision: Decision, reason: str
    ) -> bool:
        """Record a decision; the person can (not) be booked from then on, and the task about the person is done.

        The reason goes into the person's erasable data (`reason_field`). One that cancels bookings leaves through the
        outbox as `DECIDED`.

        Returns:
            False: there is a decision of that number, or there is none before it; nothing changed.
        """

    async def is_blocked(self, programme: str, person: PersonId) -> bool:
        """Whether a decision keeps a person from being booked; `book` looks for itself."""

    async def person_tasks(self) -> list[PersonTask]:
        """The people whom somebody has to look at, most urgent first."""

    async def put_person_task(self, task: PersonTask, stamp: int) -> bool:
        """Make the task about a person, or replace it.

        Args:
            task: as it was derived from the ledger.
            stamp: of the ledger that it was derived from.

        Returns:
            False: the ledger has changed since; nothing was done.
        """

    async def end_person_task(self, programme: str, person: PersonId, stamp: int) -> bool:
        """End the task about a person, if there is one; the rest as `put_person_task`."""

    async def maintenance(self) -> list[MaintenanceWindow]:
        """All windows that are not forgotten, past and called-off ones too, by their beginning."""

    async def put_maintenance(self, window: MaintenanceWindow) -> None:
        """Plan a window or change it: from then on no booking overlaps it, unless it was called off."""

    async def forget_maintenance(self, windows: Sequence[MaintenanceWindow]) -> None:
        """Take windows away that are over."""

    async def add_link(self, secret_hash: str, link: Link) -> None:
        """Make one more link for a seat."""

    async def add_link_beside(self, secret_hash: str, link: Link) -> bool:
        """Make one more link for a seat, unless the office has revoked all that the seat had.

        Returns:
            False: they are all revoked, and nothing was made.
        """

    async def link(self, secret_hash: str) -> Link | None:
        """The link under that hash, or None."""

    async def revoke_links(self, session: SessionId, seat: SeatId, at: datetime) -> int:
        """Revoke all links of a seat; how many there were."""

    async def introduce(self, staff: Staff) -> Staff:
        """Add somebody of the office who has no token yet; of two at once under one name, the first is added.

        Returns:
            Who has that name: that one, or whoever had it before.
        """

    async def put_staff(self, staff: Staff, token_hash: str) -> None:
        """Add or replace somebody of the office; an earlier token of the same name is void."""

    async def staff_by_token(self, token_hash: str) -> Staff | None:
        """Who that token names, or None."""

    async def staff_by_name(self, name: str) -> Staff | None:
        """Who has that name, or None."""

    async def staff_by_person(self, person: PersonId) -> Staff | None:
        """Who has that person id, or None."""

    async def staff(self) -> list[Staff]:
        """Everybody of the office, in no order."""

    async def add_private(self, person: PersonId, fields: Mapping[str, str]) -> None:
        """Add to a person's private data, or replace single fields of it."""

    async def private(self, person: PersonId) -> Mapping[str, str]:
        """A person's private data; empty when there is none or it was erased."""

    async def take(self, node: str, count: int, wait_ms: int) -> list[Delivery]:
        """Outbox entries for this node: new ones, then those that another node left unacknowledged for long."""

    async def hold(self, node: str, entries: Collection[str]) -> None:
        """Deliveries, by id, are still in hand at this node: another one leaves them to it for a while more."""

    async def acknowledge(self, delivery: Delivery) -> None:
        """The effect of a delivery is done."""

    async def beat(self, node: str, ttl_ms: int) -> Mapping[str, datetime]:
        """Renew this node's heartbeat.

        Returns:
            Every known node -> its last heartbeat, by the store's time; expired ones stay listed for a day.
        """

    async def server_time(self) -> datetime:
        """The store's own time, aware UTC."""

    async def watch(self, on_change: Callable[[Change], None]) -> None:
        """Call `on_change` for every commit and booking of any node, until cancelled; reconnects by itself."""

    async def flush(self) -> None:
        """Return when everything written so far is durable."""
