"""What everybody shares: a real embedded store, empty for each test; and who plays beside whom where two play."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis

from orchestrator.store import embedded
from orchestrator.store.valkey import ValkeyStore

# A machine that is busy is no finding about what is tested.
settings.register_profile("any", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any")

REAL_TIME = tuple(
    f"tests/{name}/"
    for name in ("benchmarks", "browser", "chaos", "clients", "faults", "fuzz", "screens")
)
"""Calls, faults and packets that nobody may disturb: never two of these at the same time."""
YIELDS = 5
"""How nice everything else is to them."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Of the processes of `make test` one plays what needs real time, others the rest, file by file."""
    from xdist.scheduler import LoadScopeScheduling

    class Sides(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "real time" if nodeid.startswith(REAL_TIME) else nodeid.partition("::")[0]

    config.option.loadscopereorder = False  # what takes longest is collected first
    return Sides(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Beside a call, whatever has time gives way."""
    if "PYTEST_XDIST_WORKER" in os.environ and not item.nodeid.startswith(REAL_TIME):
        os.nice(YIELDS - os.nice(0))


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
