"""The two streams that are read by waiting: the outbox and the feed of changes.

Commands that block have clients of their own: redis-py's time-out for ordinary answers would cut them off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from orchestrator.policy.model import SessionId
from orchestrator.ports import Change, Delivery
from orchestrator.store import keys
from orchestrator.store.connections import connect, is_away, unavailable_when_away

_WATCH_WAIT_MS = 5_000
"""How long one blocking read of the change feed waits before it asks again; ours."""

_RETRY_S = 0.25
"""How soon a watcher whose connection broke tries again; ours."""

_log = structlog.get_logger(__name__)


class Outbox:
    """Takes entries of the outbox for one node, at least once each (invariant 3)."""

    def __init__(self, url: str, quick: Redis, idle_ms: int, timeout_s: float) -> None:
        """Prepare the client.

        Args:
            url: where the store is.
            quick: a client for commands that do not block.
            idle_ms: after how long an unacknowledged entry is taken again, by whoever asks.
            timeout_s: how long an answer may be late.
        """
        self._quick: Any = quick
        self._waiting_client = connect(url, 1, None)
        self._waiting: Any = self._waiting_client
        self._idle_ms = idle_ms
        self._timeout_s = timeout_s
        self._cursor = "0-0"

    async def close(self) -> None:
        """Close the waiting client."""
        await self._waiting_client.aclose()

    async def take(self, node: str, count: int, wait_ms: int) -> list[Delivery]:
        """New entries, then those left unacknowledged for long; waits only when there is neither."""
        with unavailable_when_away():
            try:
                return await self._take(node, count, wait_ms)
            except ResponseError as error:
                if not str(error).startswith("NOGROUP"):
                    raise
                await self._make_group()
                return await self._take(node, count, wait_ms)

    async def _take(self, node: str, count: int, wait_ms: int) -> list[Delivery]:
        taken = _new_entries(
            await self._quick.xreadgroup(keys.RELAY_GROUP, node, {keys.OUTBOX: ">"}, count=count)
        )
        if len(taken) < count:
            taken += await self._left_behind(node, count - len(taken))
        if taken or wait_ms <= 0:
            return taken
        async with asyncio.timeout(wait_ms / 1000 + self._timeout_s):
            reply = await self._waiting.xreadgroup(
                keys.RELAY_GROUP, node, {keys.OUTBOX: ">"}, count=count, block=wait_ms
            )
        return _new_entries(reply)

    async def _left_behind(self, node: str, count: int) -> list[Delivery]:
        reply = await self._quick.execute_command(
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
            await self._quick.xgroup_create(keys.OUTBOX, keys.RELAY_GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def acknowledge(self, delivery: Delivery) -> None:
        """The effect is done: the entry goes, whoever holds it now."""
        pipeline = self._quick.pipeline(transaction=True)
        pipeline.xack(keys.OUTBOX, keys.RELAY_GROUP, delivery.id)
        pipeline.xdel(keys.OUTBOX, delivery.id)
        with unavailable_when_away():
            await pipeline.execute()


class ChangeFeed:
    """Tells of every commit and booking of any node.

    A capped stream and not a channel: a watcher that reconnects goes on where it was.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self._client = connect(url, 4, None)
        self._commands: Any = self._client
        self._timeout_s = timeout_s

    async def close(self) -> None:
        """Close the client."""
        await self._client.aclose()

    async def watch(self, on_change: Callable[[Change], None]) -> None:
        """Call `on_change` for what happens from now on, until cancelled."""
        last_id: str | None = None
        while True:
            try:
                if last_id is None:
                    last_id = await self._newest()
                last_id = await self._read(last_id, on_change)
            except Exception as error:
                # A watcher outlives every outage; a bug in the callback is no outage.
                if not is_away(error):
                    raise
                _log.warning("feed.interrupted", error=type(error).__name__)
                await asyncio.sleep(_RETRY_S)

    async def _newest(self) -> str:
        async with asyncio.timeout(self._timeout_s):
            reply = await self._commands.xrevrange(keys.CHANGES, count=1)
        return str(reply[0][0]) if reply else "0-0"

    async def _read(self, last_id: str, on_change: Callable[[Change], None]) -> str:
        async with asyncio.timeout(_WATCH_WAIT_MS / 1000 + self._timeout_s):
            reply = await self._commands.xread(
                {keys.CHANGES: last_id}, count=500, block=_WATCH_WAIT_MS
            )
        for _, entries in reply or ():
            for entry_id, fields in entries:
                last_id = entry_id
                on_change(Change(SessionId(fields["session"]), int(fields["version"])))
        return last_id


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
