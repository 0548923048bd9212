"""Ordered writers: commits wait here for the store, in order, and are retried with the same command id.

Commits of one session always go through the same lane, so they arrive in the order in which they were made. A lane
sends up to a hundred at once. While the store is away they wait; the caller has cut its room already and is not
slowed down by anybody's retries (invariants 2 and 6).
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from redis.exceptions import NoScriptError

from orchestrator.errors import Unavailable
from orchestrator.policy.model import SessionId
from orchestrator.ports import Applied
from orchestrator.store.connections import Server, is_away
from orchestrator.store.scripts import APPLY

LANES = 4
"""Measured: 10,000 transitions in 256 ms on four connections, 1.1 s on one (state.md, Time)."""

BATCH = 100
"""Measured with the same; larger pipelines only delay the first answers."""

_FIRST_DELAY_S = 0.05
_LAST_DELAY_S = 0.5
"""Back-off of a lane; four lanes a node, so half a second burdens no server that is coming back; ours."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Entry:
    """A commit on its way."""

    session: SessionId
    version: int
    keys: Sequence[str]
    args: Sequence[str]
    outcome: asyncio.Future[Applied]
    is_repeat: bool = False
    """It has been sent before and the answer was lost: it may have been applied."""


class OrderedWriter:
    """The lanes of one node."""

    def __init__(self, url: str, timeout_s: float, capacity: int) -> None:
        """Make the lanes; `run` starts them.

        Args:
            url: where the store is.
            timeout_s: how long the answer to a batch may take before it is sent again.
            capacity: how many commits may wait in all; more are refused.
        """
        self._lanes = [_Lane(url, timeout_s, max(1, capacity // LANES)) for _ in range(LANES)]

    def start(self, tasks: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Run the lanes in a task group until they are cancelled."""
        return [tasks.create_task(lane.run()) for lane in self._lanes]

    async def put(
        self, session: SessionId, version: int, keys: Sequence[str], args: Sequence[str]
    ) -> Applied:
        """Queue one commit and wait for its answer, however long the store is away.

        Raises:
            Unavailable: too many wait already, or the writer was closed before an answer came.
        """
        lane = self._lanes[zlib.crc32(session.encode()) % LANES]
        return await lane.put(session, version, keys, args)

    async def drain(self) -> None:
        """Return when no commit waits any more."""
        for lane in self._lanes:
            await lane.drain()

    async def close(self) -> None:
        """Give up what still waits and close the connections; the lanes must have been cancelled."""
        for lane in self._lanes:
            await lane.close()


class _Lane:
    """One connection with its queue."""

    def __init__(self, url: str, timeout_s: float, capacity: int) -> None:
        self._server = Server(url, 1, timeout_s)
        self._queue: asyncio.Queue[_Entry] = asyncio.Queue(capacity)
        self._batch: list[_Entry] = []
        self._is_closed = False

    async def put(
        self, session: SessionId, version: int, keys: Sequence[str], args: Sequence[str]
    ) -> Applied:
        """See `OrderedWriter.put`."""
        outcome: asyncio.Future[Applied] = asyncio.get_running_loop().create_future()
        entry = _Entry(session, version, keys, args, outcome)
        if self._is_closed:
            raise Unavailable("store", "closed")
        try:
            self._queue.put_nowait(entry)
        except asyncio.QueueFull:
            raise Unavailable("store", "too many commits wait for it") from None
        return await outcome

    async def drain(self) -> None:
        """Return when the queue is empty and everything in it was answered."""
        await self._queue.join()

    async def close(self) -> None:
        """Fail what waits, so that nobody waits for ever."""
        self._is_closed = True
        waiting = self._batch
        while not self._queue.empty():
            waiting.append(self._queue.get_nowait())
        for entry in waiting:
            if not entry.outcome.done():
                entry.outcome.set_exception(Unavailable("store", "closed"))
            self._queue.task_done()
        self._batch = []
        await self._server.close()

    async def run(self) -> None:
        """Send batch after batch, for ever."""
        while True:
            self._batch.append(await self._queue.get())
            while len(self._batch) < BATCH and not self._queue.empty():
                self._batch.append(self._queue.get_nowait())
            await self._write_batch()

    async def _write_batch(self) -> None:
        delay_s = _FIRST_DELAY_S
        is_away_logged = False
        while self._batch:
            replies = await self._send()
            trouble = self._settle(replies)
            if trouble is None:
                continue
            if isinstance(trouble, NoScriptError):
                await self._teach()
                continue
            if not is_away_logged:
                _log.warning("store.lost", error=type(trouble).__name__, waiting=self._waiting)
                is_away_logged = True
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, _LAST_DELAY_S)
        if is_away_logged:
            _log.info("store.returned", waiting=self._waiting)

    @property
    def _waiting(self) -> int:
        return len(self._batch) + self._queue.qsize()

    async def _send(self) -> Sequence[object]:
        pipeline = self._server.client.pipeline(transaction=False)
        for entry in self._batch:
            pipeline.evalsha(APPLY.sha, len(entry.keys), *entry.keys, *entry.args)
        try:
            async with asyncio.timeout(self._server.timeout_s):
                return await pipeline.execute(raise_on_error=False)
        except Exception as error:
            # The lane's loop boundary: a bug in one commit must not end the lane. What is away is sent again by
            # `_settle`, anything else goes to the callers.
            return [error] * len(self._batch)

    async def _teach(self) -> None:
        try:
            async with self._server.answer():
                await self._server.client.script_load(APPLY.text)
        except Unavailable as error:
            # The next attempt meets the same trouble and waits.
            _log.warning("store.script_not_loaded", error=type(error).__name__)

    def _settle(self, replies: Sequence[object]) -> Exception | None:
        """Answer what was answered; keep the rest for the next attempt.

        Returns:
            Why something is left over; None when nothing is.
        """
        trouble: Exception | None = None
        left: list[_Entry] = []
        held_back: set[SessionId] = set()
        for entry, reply in zip(self._batch, replies, strict=True):
            if isinstance(reply, Exception) and (
                is_away(reply) or isinstance(reply, NoScriptError)
            ):
                trouble = trouble or reply
                entry.is_repeat = True
            elif entry.session in held_back and _applied(entry, reply) is Applied.CONFLICT:
                # Its predecessor is still on the way; it comes after it.
                pass
            else:
                _answer(entry, reply)
                self._queue.task_done()
                continue
            held_back.add(entry.session)
            left.append(entry)
        self._batch = left
        return trouble


def _applied(entry: _Entry, reply: object) -> Applied | None:
    """What a reply of APPLY says; None when it is none."""
    if not isinstance(reply, list):
        return None
    applied, version = Applied(reply[0]), int(reply[1])
    if applied is Applied.REPEATED and entry.is_repeat and version == entry.version:
        # Our own first attempt had arrived and only its answer was lost.
        return Applied.DONE
    return applied


def _answer(entry: _Entry, reply: object) -> None:
    if entry.outcome.done():
        return
    applied = _applied(entry, reply)
    if applied is not None:
        entry.outcome.set_result(applied)
    else:
        error = reply if isinstance(reply, Exception) else TypeError("APPLY gave no list")
        entry.outcome.set_exception(error)
