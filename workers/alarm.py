"""The alarm: APScheduler wakes sessions at given moments, nothing more.

One job for each distinct instant, with a bucket of sessions: 10,000 deadlines at one instant then ring within 4 ms
(one job a session: 255 ms, and the default misfire grace silently dropped two thirds of them; state.md, Time).
Nothing is persisted: after a start the sessions are armed again from the store. It never rings early by our clock.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from orchestrator.policy.model import SessionId
from orchestrator.ports import Clock, Wake

SLICE_S = 0.005
"""How long ringing may hold the loop at once; measured: no other task then waits over 1.3 ms more (state.md)."""

_CHUNK = 32
"""Sessions rung between two looks at the clock; ours."""

_log = structlog.get_logger(__name__)


class _Executor(AsyncIOExecutor):  # type: ignore[misc]  # APScheduler 3 ships no types
    """Runs rings in the loop; lets them end by themselves, for a cancelled one is logged as an error."""

    def shutdown(self, wait: bool = True) -> None:
        del wait
        self._pending_futures.clear()


class ApsAlarm:
    """Implements `Alarm` on APScheduler 3."""

    def __init__(
        self, wake: Wake, clock: Clock, system: Clock, *, cut: Wake = lambda _: None
    ) -> None:
        """Prepare the alarm; `start` it in the running loop.

        Args:
            wake: called with the sessions whose moment has come; must return soon and not raise.
            clock: our time, in which moments are given.
            system: the machine's clocks, in which APScheduler thinks.
            cut: called with all of them before the first is woken: what an end must not wait for.
        """
        self._wake = wake
        self._cut = cut
        self._clock = clock
        self._system = system
        self._armed: dict[SessionId, datetime] = {}
        self._buckets: dict[datetime, dict[SessionId, None]] = {}
        self._is_stopped = False
        self._scheduler = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": _Executor()},
            job_defaults={
                "misfire_grace_time": None,
                "coalesce": True,
                # An instant may be armed again while it still rings; by default that job would be dropped.
                "max_instances": 1_000,
            },
            timezone=UTC,
        )

    def start(self) -> None:
        """Begin to ring."""
        self._scheduler.start()

    def stop(self) -> None:
        """Ring no more; whoever was not reached is armed again at the next start."""
        self._is_stopped = True
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    @property
    def instants(self) -> int:
        """How many distinct instants are armed."""
        return len(self._buckets)

    def arm(self, session: SessionId, at: datetime | None) -> None:
        """See `Alarm`."""
        before = self._armed.get(session)
        if before == at:
            return
        if before is not None:
            self._take_out(session, before)
        if at is None:
            return
        self._armed[session] = at
        bucket = self._buckets.get(at)
        if bucket is None:
            self._buckets[at] = {session: None}
            self._schedule(at)
        else:
            bucket[session] = None

    def realign(self) -> None:
        """Set all jobs anew: the machine's wall clock stepped, or our clock was corrected.

        Without it a job after a step back would ring late by the step.
        """
        for at in self._buckets:
            self._schedule(at)

    def _take_out(self, session: SessionId, at: datetime) -> None:
        del self._armed[session]
        bucket = self._buckets[at]
        del bucket[session]
        if not bucket:
            del self._buckets[at]
            if self._scheduler.get_job(_job_id(at)) is not None:
                self._scheduler.remove_job(_job_id(at))

    def _schedule(self, at: datetime) -> None:
        self._scheduler.add_job(
            self._ring,
            "date",
            run_date=self._system.now() + (at - self._clock.now()),
            args=(at,),
            id=_job_id(at),
            replace_existing=True,
        )

    async def _ring(self, at: datetime) -> None:
        if self._is_stopped or at not in self._buckets:
            return
        if self._clock.now() < at:
            # Our clock was slewed back meanwhile: an early ring would change nothing and not come again.
            self._schedule(at)
            return
        bucket = self._buckets.pop(at)
        sessions = [session for session in bucket if self._armed.pop(session, None) is not None]
        # All are cut before any is woken: the records of the first would run between the slices, and delay the last.
        await self._in_slices(self._cut, sessions)
        await self._in_slices(self._wake, sessions)
        late = self._clock.now() - at
        _log.debug("alarm.rung", sessions=len(sessions), late_ms=late.total_seconds() * 1000)

    async def _in_slices(self, call: Wake, sessions: list[SessionId]) -> None:
        slice_ends = self._clock.monotonic() + SLICE_S
        for begin in range(0, len(sessions), _CHUNK):
            if self._is_stopped:
                return
            call(sessions[begin : begin + _CHUNK])
            if self._clock.monotonic() >= slice_ends:
                await asyncio.sleep(0)
                slice_ends = self._clock.monotonic() + SLICE_S


def _job_id(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
