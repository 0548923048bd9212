"""How often the pages of a seat may come. PURE.

Who does not come from the seat's own device is counted apart: whoever has found a link keeps nobody else out with it.
"""

from __future__ import annotations

from collections import OrderedDict

from orchestrator.policy.model import SeatId, SessionId
from signaling.limits import Limits

REMEMBERED = 20_000
"""Seats whose arrivals are counted: as many as there can be connections; one that is forgotten begins anew."""


class Arrivals:
    """Counts the arrivals at a node.

    Args:
        limits: how many there may be.
    """

    def __init__(self, limits: Limits) -> None:
        self._every_s = 1 / limits.arrivals_per_s
        self._ahead_s = limits.arrivals_burst / limits.arrivals_per_s
        self._paid_at: OrderedDict[tuple[SessionId, SeatId, bool], float] = OrderedDict()
        """When all that came will have been made good; before that, nobody came."""

    def __len__(self) -> int:
        return len(self._paid_at)

    def take(self, session: SessionId, seat: SeatId, *, is_own_device: bool, now_s: float) -> bool:
        """Count a page that comes; False: too many came lately."""
        key = session, seat, is_own_device
        before = self._paid_at.pop(key, now_s)
        paid_at = max(before, now_s) + self._every_s
        may_come = paid_at <= now_s + self._ahead_s
        self._paid_at[key] = paid_at if may_come else before
        self._forget(now_s)
        return may_come

    def _forget(self, now_s: float) -> None:
        while self._paid_at:
            key, paid_at = next(iter(self._paid_at.items()))
            if paid_at > now_s and len(self._paid_at) <= REMEMBERED:
                return
            del self._paid_at[key]
