"""The two streams that are read by waiting: the outbox and the feed of changes.

Commands that block have clients of their own: redis-py's time-out for ordinary answers would cut them off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Any

import structlog
from redis.exceptions import ResponseError

from orchestrator.errors import Unavailable
from orchestrator.policy.model import SessionId
from orchestrator.ports import Change, Delivery
from orchestrator.store import keys
from orchestrator.store.connections import Server

_WATCH_WAIT_MS = 5_000
"""How long one blocking read of the change feed waits before it asks again; ours."""

_RETRY_S = 0.25
"""How soon a watcher whose connection broke tries again; ours."""

_log = structlog.get_logger(__name__)


class Outbox:
    """Takes entries of the outbox for one node, at least once each (invariant 3)."""

    def __init__(self, url: str, server: Server, idle_ms: int) -> None:
        """Prepare the client.

        Args:
            url: where the store is.
            server: for commands that do not block.
            idle_ms: after how long an unacknowledged entry is taken again, by whoever asks.
        """
        self._server = server
        self._waiting = Server(url, 1, server.timeout_s)
        self._idle_ms = idle_ms
        self._cursor = "0-0"

    async def close(self) -> None:
        """Close the waiting client."""
        await self._waiting.close()

    async def take(self, node: str, count: int, wait_ms: int) -> list[Delivery]:
        """New entries, then those left unacknowledged for long; waits only when there is neither."""
        try:
            return await self._take(node, count, wait_ms)
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            await self._make_group()
            return await self._take(node, count, wait_ms)

    async def _take(self, node: str, count: int, wait_ms: int) -> list[Delivery]:
        async with self._server.answer():
            reply = await self._server.commands.xreadgroup(
                keys.RELAY_GROUP, node, {keys.OUTBOX: ">"}, count=count
            )
            taken = _new_entries(reply)
            if len(taken) < count:
                taken += await self._left_behind(node, count - len(taken))
        if taken or wait_ms <= 0:
            return taken
        async with self._waiting.answer(wait_ms):
            reply = await self._waiting.commands.xreadgroup(
                keys.RELAY_GROUP, node, {keys.OUTBOX: ">"}, count=count, block=wait_ms
            )
        return _new_entries(reply)

    async def _left_behind(self, node: str, count: int) -> list[Delivery]:
        reply = await self._server.commands.execute_command(
            "XAUTOCLAIM",
            keys.OUTBOX,
            keys.RELAY_GROUP,
            node,
            self._idle_ms,
            self._cursor,
            "COUNT",
            count,
        )
        self._cursor = reply[0]
        # Redis 6.2 lists an entry that was deleted meanwhile without fields.
        return [_delivery(entry_id, fields) for entry_id, fields in reply[1] if fields]

    async def _make_group(self) -> None:
        try:
            async with self._server.answer():
                await self._server.commands.xgroup_create(
                    keys.OUTBOX, keys.RELAY_GROUP, id="0", mkstream=True
                )
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def hold(self, node: str, entries: Collection[str]) -> None:
        """Let these count as taken just now; what was acknowledged meanwhile is passed over."""
        try:
            async with self._server.answer():
                await self._server.commands.xclaim(
                    keys.OUTBOX, keys.RELAY_GROUP, node, 0, list(entries), justid=True
                )
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise

    async def acknowledge(self, delivery: Delivery) -> None:
        """The effect is done: the entry goes, whoever holds it now."""
        pipeline = self._server.commands.pipeline(transaction=True)
        pipeline.xack(keys.OUTBOX, keys.RELAY_GROUP, delivery.id)
        pipeline.xdel(keys.OUTBOX, delivery.id)
        async with self._server.answer():
            await pipeline.execute()


class ChangeFeed:
    """Tells of every commit and booking of any node.

    A capped stream and not a channel: a watcher that reconnects goes on where it was.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self._server = Server(url, 4, timeout_s)

    async def close(self) -> None:
        """Close the client."""
        await self._server.close()

    async def watch(self, on_change: Callable[[Change], None]) -> None:
        """Call `on_change` for what happens from now on, until cancelled."""
        last_id: str | None = None
        while True:
            try:
                if last_id is None:
                    last_id = await self._newest()
                entries = await self._read(last_id)
            except Unavailable as error:
                _log.warning("feed.interrupted", error=str(error))
                await asyncio.sleep(_RETRY_S)
                continue
            for entry_id, fields in entries:
                last_id = entry_id
                on_change(Change(SessionId(fields["session"]), int(fields["version"])))

    async def _newest(self) -> str:
        async with self._server.answer():
            reply = await self._server.commands.xrevrange(keys.CHANGES, count=1)
        return str(reply[0][0]) if reply else "0-0"

    async def _read(self, last_id: str) -> Sequence[Any]:
        async with self._server.answer(_WATCH_WAIT_MS):
            reply = await self._server.commands.xread(
                {keys.CHANGES: last_id}, count=500, block=_WATCH_WAIT_MS
            )
        return reply[0][1] if reply else ()


def _new_entries(reply: Sequence[Any] | None) -> list[Delivery]:
    return [
        _delivery(entry_id, fields) for _, entries in reply or () for entry_id, fields in entries
    ]


def _delivery(entry_id: str, fields: Any) -> Delivery:  # noqa: ANN401 - dict or flat list, by command
    named = (
        fields if isinstance(fields, dict) else dict(zip(fields[::2], fields[1::2], strict=True))
    )
    return Delivery(
        id=entry_id,
        session=SessionId(named["session"]),
        topic=named["topic"],
        recipient=named["recipient"],
        key=named["key"],
    )
