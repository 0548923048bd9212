"""How many seats of this node fell together: the sign that it was not one person's line.

What people chose, and what we know to be ours, is not counted: many closed pages at the end of an hour are no fault,
and a dead worker needs no further sign. Knows one node's sessions only, as the worker and the line are one node's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.policy.attribution import AT_ONCE, NEARBY
from orchestrator.policy.model import SeatId, Session, SessionId, Signal

KEPT = 2_000
"""Losses that are remembered; more than that in five seconds needs no exact count."""
REMEMBERED = timedelta(seconds=30)
"""A loss that waited longer than this for the store is told with nobody's; an absence that long is a gap anyway."""

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
    """Remembers the losses of the last half minute, and counts those of five seconds."""

    def __init__(self) -> None:
        self._lost: deque[_Lost] = deque(maxlen=KEPT)
        """As they were recorded: one whose commit waited for the store comes after others that fell later."""

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
        while self._lost and self._lost[0].at < latest - REMEMBERED:
            self._lost.popleft()
        return [
            told
            for at in {lost.at: None for lost in new}
            for begins_at in (at - AT_ONCE, at)
            for told in _tell(
                [lost for lost in self._lost if begins_at <= lost.at <= begins_at + AT_ONCE]
            )
        ]


def _tell(together: Sequence[_Lost]) -> Iterable[Together]:
    """The sums are of all, so that a thousand losses are not compared with each other."""
    own: dict[SessionId, int] = {}
    for lost in together:
        own[lost.session] = own.get(lost.session, 0) + 1
    if len(own) <= NEARBY:
        return
    for lost in together:
        if not lost.is_told:
            lost.is_told = True
            yield Together(lost.session, lost.seat, lost.at, len(together) - own[lost.session])


def _new_losses(before: Session | None, after: Session) -> Iterable[_Lost]:
    for seat in after.seats:
        known = before.seat(seat.id) if before is not None else None
        is_new = known is not None and known.loss is None and seat.loss is not None
        if is_new and seat.loss is not None and not seat.loss.signals.isdisjoint(_BY_LINE):
            yield _Lost(after.id, seat.id, seat.loss.at)
