"""The stories of this folder are told side by side, once, and each test is a claim about what was seen.

A test module here has `async def tell()`, which plays with real processes for half a minute, mostly waiting, and gives
what it has seen. All modules that were collected are told at the same time; a story that fails fails its own claims.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import ModuleType

import pytest

AT_ONCE = 4
"""Stories at the same time: starting a node takes a second of a core, then it costs next to nothing."""


@pytest.fixture(scope="session")
def stories(request: pytest.FixtureRequest) -> Mapping[str, object]:
    """What became of the story of each collected module, or the exception that ended it."""
    modules = {
        item.module
        for item in request.session.items
        if isinstance(item, pytest.Function) and hasattr(item.module, "tell")
    }
    with asyncio.Runner() as runner:
        return runner.run(_tell(sorted(modules, key=lambda module: module.__name__)))


async def _tell(modules: list[ModuleType]) -> Mapping[str, object]:
    places = asyncio.Semaphore(AT_ONCE)

    async def tell(module: ModuleType) -> object:
        async with places:
            return await module.tell()

    told = await asyncio.gather(*(tell(module) for module in modules), return_exceptions=True)
    return {module.__name__: facts for module, facts in zip(modules, told, strict=True)}


@pytest.fixture(scope="module")
def seen(stories: Mapping[str, object], request: pytest.FixtureRequest) -> object:
    """What the story of this module has seen."""
    facts = stories[request.module.__name__]
    if isinstance(facts, BaseException):
        raise facts
    return facts
