"""The pre-call check of one connection: its line is measured, and what its page found is kept while it lives."""

from __future__ import annotations

from datetime import datetime

from orchestrator.host import Host
from orchestrator.policy.model import ConnectionId
from signaling.limits import Limits, TokenBucket
from signaling.protocol.up import Checked
from signaling.views.seats import CheckedView


class Precall:
    """What one page measures and finds before it is let in.

    Args:
        host: passes wishes on to the media workers.
        limits: how often.
        now_s: the monotonic clock at the start.
        connection: the page's.
    """

    def __init__(self, host: Host, limits: Limits, now_s: float, connection: ConnectionId) -> None:
        self._host = host
        self._connection = connection
        self._probes = TokenBucket(limits.probes_per_s, limits.probes_burst, now_s)
        self._checks = TokenBucket(limits.checks_per_s, limits.checks_burst, now_s)
        self._is_probing = False
        self.found: CheckedView | None = None
        """What the page told last; in memory only."""

    def begin(self, now_s: float) -> bool:
        """Have the line measured: an offer follows; False: too many are measured, or this page asks too often."""
        if not self._probes.take(now_s):
            return False
        self.end()
        self._is_probing = self._host.probe(self._connection)
        return self._is_probing

    def answer(self, sdp: str) -> None:
        """Pass the page's answer on; without a measurement it goes nowhere."""
        if self._is_probing:
            self._host.answer_probe(self._connection, sdp)

    def end(self) -> None:
        """Measure no longer; twice is once."""
        if self._is_probing:
            self._is_probing = False
            self._host.end_probe(self._connection)

    def note(self, told: Checked, now: datetime, now_s: float) -> bool:
        """Keep what the page found; False: it tells too often."""
        if not self._checks.take(now_s):
            return False
        self.found = CheckedView(**told.model_dump(exclude={"type"}), at=now)
        return True
