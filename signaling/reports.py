"""What a page tells of its line and of itself, as evidence: bounded, and only what is worth a record. PURE.

What a page misses, and its pictures that stand still, are counted from end to end: it may have been lost on the other
one's way to us, so it accuses nobody, and is only kept a minute for the office to look at; the media worker measures
each line for itself. Its round trip to us is its own line's, and is evidence when it is longer than a talk bears.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from orchestrator.policy.events import Observed
from orchestrator.policy.model import SeatId, Signal
from orchestrator.ports import PageSample
from signaling.limits import Limits, TokenBucket
from signaling.protocol.up import Observed as Told
from signaling.protocol.up import Report

SLOW_MS, NOT_SLOW_MS = 1000.0, 700.0
"""From which round trip on a line is slow, and below which it no longer is: the media worker's numbers."""
AGAIN_S = 20.0
"""A line that stays slow is told of often enough to be in the thirty seconds before a loss."""


class Reports:
    """What the page of one connection tells.

    Args:
        limits: how often it may.
        now_s: the monotonic clock at the start.
    """

    def __init__(self, limits: Limits, now_s: float) -> None:
        self._reports = TokenBucket(limits.reports_per_s, limits.reports_burst, now_s)
        self._observed = TokenBucket(limits.observed_per_s, limits.observed_burst, now_s)
        self._slow_told_s: float | None = None

    def sample(self, report: Report, now: datetime, now_s: float) -> PageSample | None:
        """A report, to be kept; None: they are too many."""
        if not self._reports.take(now_s):
            return None
        return PageSample(now, report.missing, report.rtt_ms, report.frozen_s)

    def of_line(self, report: PageSample, seat: SeatId, now_s: float) -> Observed | None:
        """An observation when the line has turned slow, or still is."""
        if report.rtt_ms is None:
            return None
        if report.rtt_ms < NOT_SLOW_MS:
            self._slow_told_s = None
            return None
        told_s = self._slow_told_s
        is_due = report.rtt_ms >= SLOW_MS if told_s is None else now_s >= told_s + AGAIN_S
        if not is_due:
            return None
        self._slow_told_s = now_s
        return Observed(seat, Signal.DELAY_HIGH, report.rtt_ms)

    def of_page(self, told: Told, seat: SeatId, now: datetime, now_s: float) -> Observed | None:
        """What the browser noticed, as an observation of the time when it was so; None: it tells too much."""
        if not self._observed.take(now_s):
            return None
        return Observed(seat, Signal(told.signal), told.value, now - timedelta(seconds=told.ago_s))
