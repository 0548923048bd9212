"""Fixtures that everybody shares: a real embedded store, empty for each test."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from orchestrator.store import embedded
from orchestrator.store.valkey import ValkeyStore


@pytest.fixture(scope="session")
def valkey_dir() -> Iterator[Path]:
    """The data directory of one embedded server for the whole run."""
    with tempfile.TemporaryDirectory(prefix="mg-") as name, asyncio.Runner() as runner:
        runner.run(embedded.ensure(Path(name)))
        yield Path(name)
        runner.run(embedded.stop(Path(name)))


@pytest.fixture
async def valkey(valkey_dir: Path) -> str:
    """The URL of an embedded server that is empty."""
    url = embedded.url(valkey_dir)
    client = Redis.from_url(url)
    await client.flushall()
    await client.aclose()
    return url


@pytest.fixture
async def store(valkey: str) -> AsyncIterator[ValkeyStore]:
    """An empty store."""
    async with ValkeyStore(valkey) as opened:
        yield opened
