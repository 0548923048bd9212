"""One real browser and one real server for all stories."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser.chromium import chromium_path
from tests.browser.office import Office, running
from tests.browser.person import Launch, Stage, stage

ARGUMENTS = [
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def launch() -> AsyncIterator[Launch]:
    """Starts a Chromium with devices that it makes up."""
    async with async_playwright() as playwright:
        yield partial(playwright.chromium.launch, executable_path=chromium_path(), args=ARGUMENTS)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(launch: Launch) -> AsyncIterator[Browser]:
    """The Chromium in which everybody has a context, who does not need one alone."""
    launched = await launch()
    yield launched
    await launched.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def office() -> AsyncIterator[Office]:
    """A server that runs as long as the tests."""
    with tempfile.TemporaryDirectory(prefix="mg-") as folder:
        async with running(Path(folder)) as started:
            yield started


@pytest_asyncio.fixture(loop_scope="session")
async def people(browser: Browser, office: Office) -> AsyncIterator[Stage]:
    """Where the people of a story come from."""
    async with stage(browser, office) as opened:
        yield opened
