"""Time, and who runs which session."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from orchestrator.policy.events import Event
from orchestrator.policy.model import PersonId, Session, SessionId


class Clock(Protocol):
    """The two clocks of the control process; media time is the worker's own."""

    def now(self) -> datetime:
        """Wall-clock time, aware UTC: the store's time at start plus the monotonic clock (product.md, Time)."""

    def monotonic(self) -> float:
        """Seconds of the machine's monotonic clock, which the media workers of this machine share."""


class Leases(Protocol):
    """Which node runs which session."""

    async def acquire(self, session: SessionId) -> tuple[int, datetime | None]:
        """Become or stay the owner of a session.

        Returns:
            The fence, and since when nobody ran it: the last heartbeat of a dead owner; None without a gap.

        Raises:
            Fenced: a living node runs it.
            NotFound: there is no such session.
            Unavailable: the store does not answer.
        """

    async def absence_at(self, moment: datetime) -> datetime | None:
        """Since when the store was away at that moment; returns once it has answered a heartbeat sent after it.

        None: it answered, so whoever wanted to get in up to that moment could.
        """

    def absences_since(self, moment: datetime) -> Sequence[tuple[datetime, datetime]]:
        """From when to when the store, or this node, was away, for absences that ended after that moment."""


class Sessions(Protocol):
    """The sessions, as use cases see them; `host.Host` is the one that runs them."""

    async def deliver(self, session: SessionId, event: Event, words: str | None = None) -> Session:
        """Let an event happen to a session, and wait until what it changed is durable.

        Args:
            session: to which.
            event: what happens.
            words: what somebody wrote with it; kept in the same commit, unless the event is refused.
        """

    async def view(self, session: SessionId) -> Session:
        """The session as it is now."""


class RunningSessions(Sessions, Protocol):
    """The sessions as a node sees them that runs some of them."""

    async def until(
        self, session: SessionId, holds: Callable[[Session], bool], within_s: float
    ) -> Session:
        """Wait until something is true of a session that this node runs.

        Raises:
            TimeoutError: it did not become true in that time.
        """


class Availability(Protocol):
    """When supporters can be had; only proposals keep to it."""

    async def of(
        self, programme: str, person: PersonId, begins_at: datetime, ends_at: datetime
    ) -> list[tuple[datetime, datetime]] | None:
        """The hours of a supporter in that time, in any order; None: whenever the programme is open."""


class Alarm(Protocol):
    """Rings at given moments. It knows no meaning: a late, early or double ring is harmless."""

    def arm(self, session: SessionId, at: datetime | None) -> None:
        """Ring for that session at `at`, instead of what was armed before; None: not at all."""


Wake = Callable[[Iterable[SessionId]], None]
"""What an alarm calls: these sessions shall look at the time."""
