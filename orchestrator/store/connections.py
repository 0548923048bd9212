"""How we talk to the server: clients without redis-py's own retries, and which errors mean that it is away.

redis-py 8 retries ten times by itself and with its own time-outs; a write must be retried only with the same command
id and by whoever knows that id. So retries are off here, and each caller decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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

QUICK_CONNECTIONS = 16
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


@contextmanager
def unavailable_when_away() -> Iterator[None]:
    """Turn the errors of an absent server into `Unavailable`; everything else passes."""
    try:
        yield
    except Exception as error:
        if not is_away(error):
            raise
        raise Unavailable("store", type(error).__name__) from error


def connect(url: str, connections: int, timeout_s: float | None) -> Redis:
    """A client that never retries by itself.

    Args:
        url: `unix://`, `redis://` or `rediss://`.
        connections: how many at most; further callers queue for `timeout_s`.
        timeout_s: how long a reply may take; None for commands that block on purpose.
    """
    pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=timeout_s,
        socket_timeout=timeout_s,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        decode_responses=True,
        protocol=2,  # one shape of replies on all servers from 6.2 on
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


async def run(client: Redis, script: Script, keys: Sequence[str], args: Sequence[str]) -> Any:  # noqa: ANN401
    """Run a script, teaching it to the server first when it does not know it.

    Raises:
        Unavailable: the server is away; whether the script ran is unknown.
    """
    call: Any = client.evalsha  # its type is a union of the blocking and the waiting client
    with unavailable_when_away():
        try:
            return await call(script.sha, len(keys), *keys, *args)
        except NoScriptError:
            await client.script_load(script.text)
            return await call(script.sha, len(keys), *keys, *args)
