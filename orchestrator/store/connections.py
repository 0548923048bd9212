"""How we talk to the server: clients without redis-py's own retries, and which errors mean that it is away.

redis-py 8 retries ten times by itself and with its own time-outs; a write must be retried only with the same command
id and by whoever knows that id. So retries are off here, and each caller decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    MasterDownError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import (
    TimeoutError as RedisTimeoutError,
)

from orchestrator.errors import Unavailable
from orchestrator.store.scripts import Script

CONNECT_TIMEOUT_S = 1.0
"""A server on this machine or in this network that does not accept for a second is away; ours."""

QUICK_CONNECTIONS = 8
"""Commands that wait for no event; the server is single-threaded, more connections only queue there; ours."""

_AWAY = (
    RedisConnectionError,
    RedisTimeoutError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    TryAgainError,
    OSError,
    TimeoutError,
)

_AWAY_PREFIXES = ("MISCONF", "NOREPLICAS", "LOADING", "BUSY ", "MASTERDOWN", "CLUSTERDOWN")
"""Replies of a server that is there but cannot write now (disk full, failing over, loading)."""


def is_away(error: BaseException) -> bool:
    """Whether an error means «try again later», not «this is a bug»."""
    if isinstance(error, _AWAY):
        return True
    return isinstance(error, ResponseError) and str(error).startswith(_AWAY_PREFIXES)


class Server:
    """The store's server as one client sees it: never retries, and answers in time or not at all."""

    def __init__(self, url: str, connections: int, timeout_s: float) -> None:
        """Prepare; nothing is connected yet.

        Args:
            url: `unix://`, `redis://` or `rediss://`.
            connections: how many at most; further callers queue.
            timeout_s: how long an answer may take.
        """
        self.timeout_s = timeout_s
        pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
            url,
            max_connections=connections,
            timeout=None,
            # redis-py's own time-outs use `asyncio.wait_for`, which before Python 3.12 can swallow a cancellation:
            # a task that shall stop would go on for ever. `answer` does the timing instead.
            socket_timeout=None,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            decode_responses=True,
            protocol=2,  # one shape of replies on all servers from 6.2 on
            retry=Retry(NoBackoff(), 0),
        )
        self.client = Redis.from_pool(pool)
        self.commands: Any = self.client
        """The same, without types: redis-py types each command as a union of two kinds of client."""

    async def close(self) -> None:
        """Close all connections."""
        await self.client.aclose()

    @asynccontextmanager
    async def answer(self, wait_ms: int = 0) -> AsyncIterator[None]:
        """Around commands: turn the errors of an absent server into `Unavailable`; everything else passes.

        Args:
            wait_ms: how much longer the command itself waits on purpose.
        """
        try:
            async with asyncio.timeout(self.timeout_s + wait_ms / 1000):
                yield
        except Exception as error:
            if not is_away(error):
                raise
            raise Unavailable("store", type(error).__name__) from error

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[str]) -> Any:  # noqa: ANN401
        """Run a script, teaching it to the server first when it does not know it.

        Raises:
            Unavailable: the server is away; whether the script ran is unknown.
        """
        async with self.answer():
            try:
                return await self.commands.evalsha(script.sha, len(keys), *keys, *args)
            except NoScriptError:
                await self.client.script_load(script.text)
                return await self.commands.evalsha(script.sha, len(keys), *keys, *args)
