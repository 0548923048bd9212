"""How many seats of this node fell together: the sign that it was not one person's line.

What people chose, and what we know to be ours, is not counted: many closed pages at the end of an hour are no fault,
and a dead worker needs no further sign. Knows one node's sessions only, as the worker and the line are one node's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from orchestrator.policy.attribution import AT_ONCE, NEARBY
from orchestrator.policy.model import SeatId, Session, SessionId, Signal

KEPT = 2_000
"""Losses in five seconds that are remembered; more than that needs no exact count."""

_BY_LINE = frozenset({Signal.SIGNALLING_LOST, Signal.MEDIA_SILENT})


@dataclass(slots=True)
class _Lost:
    session: SessionId
    seat: SeatId
    at: datetime
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class Together:
    """A seat that fell with others, and how many of other sessions there were."""

    session: SessionId
    seat: SeatId
    at: datetime
    others: int


class Nearby:
    """Remembers the losses of the last five seconds."""

    def __init__(self) -> None:
        self._lost: deque[_Lost] = deque(maxlen=KEPT)

    def note(self, before: Session | None, after: Session) -> list[Together]:
        """Look for new losses in a step.

        Args:
            before: the session before it; None: nothing is known.
            after: the session after it.

        Returns:
            Every seat that has now fallen with seats of at least `NEARBY` other sessions, each told once.
        """
        new = list(_new_losses(before, after))
        if not new:
            return []
        self._lost.extend(new)
        latest = max(lost.at for lost in new)
        while self._lost and self._lost[0].at < latest - AT_ONCE:
            self._lost.popleft()
        return list(self._tell())

    def _tell(self) -> Iterable[Together]:
        """The sums are of the whole window, so that a thousand losses are not compared with each other."""
        total = len(self._lost)
        own: dict[SessionId, int] = {}
        for lost in self._lost:
            own[lost.session] = own.get(lost.session, 0) + 1
        for lost in self._lost:
            if len(own) > NEARBY and not lost.is_told:
                lost.is_told = True
                yield Together(lost.session, lost.seat, lost.at, total - own[lost.session])


def _new_losses(before: Session | None, after: Session) -> Iterable[_Lost]:
    for seat in after.seats:
        known = before.seat(seat.id) if before is not None else None
        is_new = known is not None and known.loss is None and seat.loss is not None
        if is_new and seat.loss is not None and not seat.loss.signals.isdisjoint(_BY_LINE):
            yield _Lost(after.id, seat.id, seat.loss.at)
