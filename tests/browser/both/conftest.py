"""The same people and sentences at Chromium and at Firefox: who is at which one is a parameter of the story."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.both.pairs import CHROMIUM, FIREFOX
from tests.browser.firefox import Firefox, running_firefox
from tests.browser.office import Office, own_address, running
from tests.browser.person import Stage, stage

PEOPLE = ("seeker", "supporter", "companion")
BROWSERS = {CHROMIUM: "browser", FIREFOX: "firefox"}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def firefox() -> AsyncIterator[Firefox]:
    """The Firefox in which everybody has a device."""
    async with running_firefox() as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def office() -> AsyncIterator[Office]:
    """A server whose media has an address that Firefox sends to."""
    variables = {"MADOGUCHI_MEDIA_HOST": own_address()}
    with tempfile.TemporaryDirectory(prefix="mg-") as folder:
        async with running(Path(folder), variables=variables) as started:
            yield started


@pytest.fixture
def browsers(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Who is at which browser."""
    names = request.param.split()
    names += names[-1:] * len(PEOPLE)
    return {
        person: request.getfixturevalue(BROWSERS[name])
        for person, name in zip(PEOPLE, names, strict=False)
    }


@pytest_asyncio.fixture(loop_scope="session")
async def people(
    browser: Browser, browsers: dict[str, Any], office: Office
) -> AsyncIterator[Stage]:
    """Where the people of a story come from."""
    async with stage(browser, office, browsers) as opened:
        yield opened
