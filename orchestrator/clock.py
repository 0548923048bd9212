"""Time. The only file that reads the machine's clocks.

`now` is the store's time at start plus the monotonic clock, so that all nodes of one store agree and a step of a
machine's wall clock moves no cutoff and no hard end. Small differences are slewed away; a large one raises an alert
and moves nothing (product.md, Time).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, Self

from orchestrator.ports import Clock

SLEW = 0.05
"""At most 50 ms a second, so that a correction neither skips nor repeats a moment (product.md, Time)."""

STEP = timedelta(seconds=1)
"""A larger difference is a step, not drift: nobody's clock drifts a second between two looks; ours."""

_SAMPLES = 5
"""The quickest answer of five is the most exact; ours, as NTP does."""

Alert = Callable[[timedelta], None]
"""Called with the size of a step that was seen; positive: the other clock went ahead."""


class TimeSource(Protocol):
    """The part of the store that a clock needs."""

    async def server_time(self) -> datetime:
        """The store's own time, aware UTC."""


class SystemClock:
    """The machine's clocks, as they are."""

    def now(self) -> datetime:
        """Wall-clock time, aware UTC; it may step."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class _Anchor:
    """Our time at one instant of the monotonic clock, and what is still to be slewed from there."""

    at: datetime
    monotonic: float
    behind_s: float = 0.0


class StoreClock:
    """Our time: the store's at start, carried on by the monotonic clock. Implements `Clock`.

    It never goes backwards and never runs faster or slower than `SLEW` allows.
    """

    def __init__(self, began_at: datetime, system: Clock, alert: Alert) -> None:
        """Begin at a moment; use `start`.

        Args:
            began_at: our time now.
            system: the machine's clocks.
            alert: told of steps of the machine's wall clock and of the store's time.
        """
        self._system = system
        self._alert = alert
        self._anchor = _Anchor(began_at, system.monotonic())
        self._wall_lead: timedelta | None = None

    @classmethod
    async def start(
        cls,
        store: TimeSource,
        system: Clock | None = None,
        alert: Alert = lambda step: None,
    ) -> Self:
        """Begin at the store's time.

        Raises:
            Unavailable: the store does not answer.
        """
        source = system or SystemClock()
        behind_s, at = await _read(store, source)
        return cls(at + timedelta(seconds=source.monotonic() - behind_s), source, alert)

    def now(self) -> datetime:
        """Our time, aware UTC."""
        return self._at(self._system.monotonic())

    def monotonic(self) -> float:
        """Seconds of the machine's monotonic clock."""
        return self._system.monotonic()

    async def correct(self, store: TimeSource) -> timedelta:
        """Read the store's time and slew towards it; call it now and then.

        Returns:
            How far we were behind; when that is a step, the alert was called and nothing moves.

        Raises:
            Unavailable: the store does not answer.
        """
        read_at, store_time = await _read(store, self._system)
        behind = store_time - self._at(read_at)
        if abs(behind) > STEP:
            self._alert(behind)
            return behind
        monotonic = self._system.monotonic()
        self._anchor = _Anchor(self._at(monotonic), monotonic, behind.total_seconds())
        return behind

    def check(self, wall: datetime) -> timedelta:
        """Compare the machine's wall clock with the monotonic clock; call it each second.

        Args:
            wall: the machine's wall clock, now.

        Returns:
            The step since the last call; zero when it was drift. A step was reported to the alert.
        """
        lead = wall - self._unslewed()
        before, self._wall_lead = self._wall_lead, lead
        if before is None or abs(lead - before) <= STEP:
            return timedelta()
        self._alert(lead - before)
        return lead - before

    def _unslewed(self) -> datetime:
        # A ruler for `check`: only differences of it matter, so its origin does not.
        return _RULER_ORIGIN + timedelta(seconds=self._system.monotonic())

    def _at(self, monotonic: float) -> datetime:
        elapsed_s = max(0.0, monotonic - self._anchor.monotonic)
        limit_s = SLEW * elapsed_s
        slewed_s = max(-limit_s, min(limit_s, self._anchor.behind_s))
        return self._anchor.at + timedelta(seconds=elapsed_s + slewed_s)


_RULER_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)


async def _read(store: TimeSource, system: Clock) -> tuple[float, datetime]:
    """The store's time, and the instant of the monotonic clock at which it was that time."""
    best_s: float | None = None
    best = (0.0, _RULER_ORIGIN)
    for _ in range(_SAMPLES):
        asked = system.monotonic()
        at = await store.server_time()
        answered = system.monotonic()
        if best_s is None or answered - asked < best_s:
            best_s = answered - asked
            best = ((asked + answered) / 2, at)
    return best
