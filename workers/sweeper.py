"""The sweeper: wakes sessions whose deadline is near or past, whatever became of their alarm.

A new booking is owned by nobody and armed nowhere; shortly before its first deadline the sweeper wakes it, some node
claims it and arms the alarm. And what is overdue is woken each second until it has been dealt with.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from orchestrator.errors import Unavailable
from orchestrator.policy.model import SessionId
from orchestrator.ports import Clock, Store, Wake

EVERY_S = 1.0
"""A session whose alarm was lost is late by this at most; ours."""

HORIZON = timedelta(seconds=30)
"""How long before its deadline a session is woken, so that it is loaded and armed in time; ours."""

_log = structlog.get_logger(__name__)


class Sweeper:
    """Looks through the store's deadlines each second."""

    def __init__(
        self, store: Store, clock: Clock, wake: Wake, *, horizon: timedelta = HORIZON
    ) -> None:
        """Prepare the sweeper.

        Args:
            store: the record.
            clock: our time.
            wake: called with the sessions that shall look at the time.
            horizon: how far ahead deadlines are looked for.
        """
        self._store = store
        self._clock = clock
        self._wake = wake
        self._horizon = horizon
        self._woken: dict[SessionId, datetime] = {}

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self.sweep()
            except Unavailable as error:
                _log.warning("sweep.failed", error=str(error))
            await asyncio.sleep(EVERY_S)

    async def sweep(self) -> None:
        """Look once: what is near is woken once for each deadline, what is overdue every time.

        Raises:
            Unavailable: the store does not answer.
        """
        due = await self._store.due(self._clock.now() + self._horizon)
        # Overdue by a sweep: a deadline of this very second is the alarm's.
        overdue = self._clock.now() - timedelta(seconds=EVERY_S)
        chosen = [session for session, at in due if at <= overdue or self._woken.get(session) != at]
        self._woken = dict(due)
        if chosen:
            self._wake(chosen)
