"""One Chromium and the real files, for each module that wants them."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import (
    Browser,
    async_playwright,
)

from signaling.files import PAGES, Files
from signaling.headers import content_security_policy
from tests.browser.chromium import give_way, shell_path
from tests.conftest import YIELDS
from tests.signaling.pages.visits import OFFICE


@asynccontextmanager
async def launched(cameras: int = 1) -> AsyncIterator[Browser]:
    """A browser with so many cameras."""
    fakes = f"--use-fake-device-for-media-stream=device-count={cameras}"
    devices = [fakes, "--use-fake-ui-for-media-stream"]
    async with async_playwright() as playwright:
        args = ["--no-sandbox", "--disable-gpu", *devices]
        browser = await playwright.chromium.launch(executable_path=shell_path(), args=args)
        if "PYTEST_XDIST_WORKER" in os.environ:
            give_way(YIELDS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with launched() as browser:
        yield browser


@asynccontextmanager
async def serving(telephone: str | None = None) -> AsyncIterator[str]:
    """The real files with the real content security policy; nothing else of the server."""

    async def secure(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Content-Security-Policy"] = content_security_policy(request.host)

    app = web.Application()
    files = Files(PAGES, lambda _: False, telephone)

    async def not_found(request: web.Request) -> web.StreamResponse:
        return files.not_found(request)

    app.add_routes([*files.routes(), web.get("/{path:.+}", not_found)])
    app.on_response_prepare.append(secure)
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def base() -> AsyncIterator[str]:
    """An office that has given no number of its own."""
    async with serving() as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reachable() -> AsyncIterator[str]:
    """An office that has: `OFFICE`."""
    async with serving(OFFICE) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="module")
async def tidy(chromium: Browser) -> AsyncIterator[None]:
    yield
    for context in chromium.contexts:
        await context.close()
