"""Fakes that the contract tests keep honest: time that moves when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from orchestrator.policy.effects import Publish
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    Consequence,
    Extension,
    PersonId,
    Quota,
    Record,
    Role,
    Rules,
    Seat,
    Session,
    SessionId,
)
from orchestrator.ports import Booking, Commit, Wake

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


class FakeClock:
    """A `Clock` whose two hands move together, by `advance` only."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, span: timedelta) -> None:
        """Let time pass."""
        assert span >= timedelta(), "time does not go backwards"
        self._now += span
        self._monotonic += span.total_seconds()

    def step(self, span: timedelta) -> None:
        """Set the wall clock, as an administrator would; no time passes."""
        self._now += span


class ManualAlarm:
    """An `Alarm` that remembers what is armed and rings when the test says so."""

    def __init__(self, wake: Wake) -> None:
        self._wake = wake
        self.armed: dict[SessionId, datetime] = {}

    def arm(self, session: SessionId, at: datetime | None) -> None:
        if at is None:
            self.armed.pop(session, None)
        else:
            self.armed[session] = at

    def ring_due(self, now: datetime) -> tuple[SessionId, ...]:
        """Ring for everything armed at or before `now`, soonest first."""
        due = sorted((at, session) for session, at in self.armed.items() if at <= now)
        sessions = tuple(session for _, session in due)
        for session in sessions:
            del self.armed[session]
        if sessions:
            self._ring(sessions)
        return sessions

    def _ring(self, sessions: Iterable[SessionId]) -> None:
        self._wake(sessions)


RULES = Rules(
    programme="kumagaya",
    programme_version=1,
    doors=timedelta(minutes=10),
    cutoff=timedelta(minutes=10),
    ringing=timedelta(),
    tolerance=timedelta(minutes=2),
    warnings=(timedelta(minutes=5), timedelta(minutes=1)),
    grace=timedelta(seconds=120),
    grace_total=timedelta(minutes=5),
    hold=timedelta(minutes=10),
    tail=timedelta(minutes=2),
    early_admission=False,
    reschedule_for=timedelta(days=14),
    extension=Extension.NEVER,
    terms_version="1",
    attestations=("alone",),
    functions=frozenset({"audio", "video", "chat"}),
    consequences=MappingProxyType(
        {"completed": Consequence(Quota.USED, reschedule=False)},
    ),
)
"""Rules of an ordinary programme."""


def a_session(
    session_id: str = "s1",
    *,
    starts_at: datetime = NOON,
    length: timedelta = timedelta(minutes=50),
    seeker: str = "p-seeker",
    supporter: str = "p-supporter",
    previous: str | None = None,
) -> Session:
    """A booked session, before its doors open."""
    return Session(
        id=SessionId(session_id),
        rules=RULES,
        starts_at=starts_at,
        ends_at=starts_at + length,
        seats=(
            Seat(SEEKER, Role.SEEKER, PersonId(seeker), "さくら14"),
            Seat(SUPPORTER, Role.SUPPORTER, PersonId(supporter), "田中"),
        ),
        previous=None if previous is None else SessionId(previous),
    )


def a_booking(session: Session, command: str | None = None) -> Booking:
    """A booking of that session without links."""
    return Booking(session, {}, command or f"book {session.id}")


def a_commit(
    session: Session,
    fence: int,
    command: str,
    *,
    records: tuple[Record, ...] = (),
    publishes: tuple[Publish, ...] = (),
    deadline: datetime | None = None,
    **changes: object,
) -> Commit:
    """The next version of a session, with those fields changed."""
    after = replace(session, version=session.version + 1, **changes)  # type: ignore[arg-type]
    return Commit(after, fence, command, records, publishes, deadline)


async def eventually(is_so: Callable[[], bool], within_s: float = 5.0) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: it did not become so in time.
    """
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110 - any condition, also of other processes
            await asyncio.sleep(0.005)
