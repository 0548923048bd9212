"""Use case: planned maintenance (IX 11-1, GOALOUS 10). The store knows the windows; the sessions are made to fit them.

What is stored is what is wanted; `settle` compares it with every session concerned and tells those that differ. It may
stop anywhere and be run again, on every node: nothing is noted as done, so nothing can be forgotten. No booking slips
in between, because the store refuses it in the booking's own script.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from orchestrator.bookings import Bookings
from orchestrator.credentials import new_id
from orchestrator.errors import Conflict, NotFound, Refused, Unavailable
from orchestrator.office import check_note
from orchestrator.policy.events import MaintenancePlanned
from orchestrator.policy.model import Cause, PersonId, Session, SessionId
from orchestrator.ports import Clock, MaintenanceWindow, Sessions, Store

log = structlog.get_logger()

EVERY_S = 5.0
"""How often each node looks whether a session differs from the plan; ours."""

AGAIN = timedelta(minutes=1)
"""A window that was settled is looked at again after this: an end that moved may run into it; ours."""

LONGEST = timedelta(days=2)
"""No session is longer, extensions included (the API allows a day)."""


KEPT = timedelta(days=30)
"""How long a window that is over can be looked up; ours."""


class Maintenance:
    """What the office plans and calls off, and what follows for sessions."""

    def __init__(self, *, store: Store, clock: Clock, host: Sessions, bookings: Bookings) -> None:
        self._store = store
        self._clock = clock
        self._host = host
        self._bookings = bookings
        self._settled: dict[str, tuple[MaintenanceWindow, datetime]] = {}

    async def windows(self) -> list[MaintenanceWindow]:
        """All windows, called-off ones and those of the last `KEPT` too, by their beginning."""
        return await self._store.maintenance()

    async def plan(
        self, begins_at: datetime, ends_at: datetime, reason: str, by: PersonId
    ) -> MaintenanceWindow:
        """Plan a window; nothing can be booked into it from now on.

        Sessions that start inside it are cancelled at once, those that run into it end when it begins.

        Args:
            begins_at: aware; a time that has passed counts as now.
            ends_at: aware, after it.
            reason: a line about the machines.
            by: the scheduler.

        Raises:
            Refused: `maintenance_over` when it would end in the past, `maintenance_empty` when before it begins,
                `note_refused` for the reason.
        """
        check_note(reason)
        now = self._clock.now()
        if ends_at <= now:
            raise Refused("maintenance_over", "this time has passed")
        begins_at = max(begins_at, now)
        if begins_at >= ends_at:
            raise Refused("maintenance_empty", "it would end before it begins")
        window = MaintenanceWindow(new_id("m"), begins_at, ends_at, reason, now, by)
        await self._store.put_maintenance(window)
        log.info("maintenance.planned", window=window.id, begins_at=begins_at.isoformat(), by=by)
        await self.settle()
        return window

    async def call_off(self, window_id: str, by: PersonId) -> MaintenanceWindow:
        """Call a window off; what was cancelled for it stays cancelled, the rest goes on as booked. Twice is once.

        Raises:
            NotFound: `window_unknown`.
            Refused: `maintenance_over`.
        """
        window = next((each for each in await self.windows() if each.id == window_id), None)
        if window is None:
            raise NotFound("window_unknown", "there is no such maintenance")
        now = self._clock.now()
        if window.called_off_at is not None:
            return window
        if window.ends_at <= now:
            raise Refused("maintenance_over", "this time has passed")
        window = replace(window, called_off_at=now, called_off_by=by)
        await self._store.put_maintenance(window)
        log.info("maintenance.called_off", window=window.id, by=by)
        await self.settle()
        return window

    async def run(self) -> None:
        """Settle again and again, until cancelled."""
        while True:
            try:
                await self.settle()
            except Unavailable as away:
                log.warning("maintenance.unsettled", error=str(away))
            except Exception:
                # The worker loop's boundary: one session that cannot be told must not end the node.
                log.exception("maintenance.failed")
            await asyncio.sleep(EVERY_S)

    async def settle(self) -> None:
        """Tell every session that differs from the plan, and forget what was over long ago.

        Bears being done twice, and anywhere.

        Raises:
            Unavailable: the store does not answer.
        """
        now = self._clock.now()
        planned = await self._store.maintenance()
        await self._store.forget_maintenance([it for it in planned if it.ends_at <= now - KEPT])
        windows = [window for window in planned if window.ends_at > now]
        for window in windows:
            known = self._settled.get(window.id)
            if known is not None and known[0] == window and now < known[1] + AGAIN:
                continue
            ids = await self._store.between(window.begins_at - LONGEST, window.ends_at)
            told = [await self._tell(session, windows) for session in await self._running(ids)]
            if all(told):
                self._settled[window.id] = (window, now)
        current = {window.id for window in windows}
        self._settled = {name: kept for name, kept in self._settled.items() if name in current}

    async def _running(self, ids: Sequence[SessionId]) -> list[Session]:
        stored = await self._store.load_many(ids)
        return [each.session for each in stored if not each.session.is_over]

    async def _tell(self, session: Session, windows: Sequence[MaintenanceWindow]) -> bool:
        """Let a session know of what concerns it; False: not now, somebody else runs it."""
        concerned = [each for each in windows if each.meets(session.starts_at, session.ends_at)]
        inside = any(each.begins_at <= session.starts_at for each in concerned)
        begins_at = min((each.begins_at for each in concerned), default=None)
        try:
            if inside and await self._is_cancelled(session, concerned[0]):
                return True
            if session.maintenance_at != begins_at:
                await self._host.deliver(session.id, MaintenancePlanned(begins_at))
        except Refused:
            return True  # it is over by now
        except Conflict:
            return False  # another node runs it, and settles it too
        except Unavailable as away:
            if away.dependency == "store":
                raise
            return False
        return True

    async def _is_cancelled(self, session: Session, window: MaintenanceWindow) -> bool:
        """Cancel what would start inside a window; False: it is live already, and ends when the window begins."""
        try:
            await self._bookings.cancel(
                session.id, Cause.MAINTENANCE, window.planned_by, "maintenance"
            )
        except Refused as refusal:
            if refusal.code != "already_live":
                raise
            return False
        return True
