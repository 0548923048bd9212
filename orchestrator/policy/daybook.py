"""A day in numbers: what became of its sessions. PURE."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from orchestrator.policy.model import Cause, Outcome, Session


@dataclass(slots=True)
class Daybook:
    """Counts sessions one by one, so that thousands need not be held at once."""

    sessions: int = 0
    running: int = 0
    """Not over yet."""
    outcomes: Counter[tuple[Outcome, Cause | None]] = field(default_factory=Counter)
    late_starts: int = 0
    """Begun, or not begun, past the tolerance, and not through the seeker (IX 6-7)."""
    live: timedelta = timedelta()
    """For how long people talked, in all."""

    def add(self, sessions: Iterable[Session]) -> None:
        """Count some more."""
        for session in sessions:
            self.sessions += 1
            self.live += session.live.total
            is_late = session.was_asked_to_begin or session.outcome is Outcome.SUPPORTER_LATE
            self.late_starts += is_late
            if session.outcome is None:
                self.running += 1
            else:
                self.outcomes[session.outcome, session.cause] += 1
