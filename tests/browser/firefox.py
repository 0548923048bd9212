"""Firefox ESR, driven by WebDriver BiDi: Playwright cannot drive Debian's under our content security policy.

It has Playwright's words for browser and device, so that a `Stage` takes it in a Chromium's place; firefox_page.py has
those of the page. It sends no check to a server on 127.0.0.1 that is ICE-lite: its media needs another address.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from tests.browser.firefox_page import FirefoxPage, Unanswered

PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.autoplay.default": 0,
    "remote.prefs.recommended": True,
    "intl.accept_languages": "ja-JP",
    # It asks nobody for anything but our pages.
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.type": 0,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
}
ASKED = {"media.navigator.permission.disabled": False, "permissions.default.microphone": 1}
REFUSED = {**ASKED, "permissions.default.camera": 2, "permissions.default.microphone": 2}
"""Who says no to both."""
CAMERA_REFUSED = {**ASKED, "permissions.default.camera": 2}
NO_DEVICES = {
    "media.navigator.streams.fake": False,
    # Of this machine's devices only those that are called so.
    "media.audio_loopback_dev": "none",
    "media.video_loopback_dev": "none",
}
PATIENCE_S = 40.0


@dataclass(slots=True, eq=False)
class Firefox:
    """A running Firefox, with the words of Playwright's Browser."""

    socket: aiohttp.ClientWebSocketResponse
    version: str = ""
    pages: dict[str, FirefoxPage] = field(default_factory=dict)
    """By the id of their browsing context."""
    _ids: count[int] = field(default_factory=lambda: count(1))
    _waiting: dict[int, asyncio.Future[Any]] = field(default_factory=dict)

    async def call(self, method: str, **params: Any) -> Any:
        """One command of WebDriver BiDi, and what comes of it."""
        number = next(self._ids)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self.socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(PATIENCE_S):
            return await answer

    async def listen(self) -> None:
        """Hand out answers and events until the browser ends."""
        async for message in self.socket:
            told = json.loads(message.data)
            if told["type"] == "event":
                self._take(told["method"], told["params"])
                continue
            answer = self._waiting.pop(told.get("id"), None)
            if answer is None or answer.done():
                continue
            if told["type"] == "error":
                answer.set_exception(Unanswered(f"{told['error']}: {told['message']}"))
            else:
                answer.set_result(told["result"])

    def _take(self, method: str, params: Mapping[str, Any]) -> None:
        if method == "log.entryAdded" and params["level"] == "error":
            page = self.pages.get(params["source"].get("context", ""))
            if page is not None:
                page.hear(params["type"], params["text"] or "")

    def is_connected(self) -> bool:
        """Whether it still runs."""
        return not self.socket.closed

    async def new_context(self, **options: Any) -> FirefoxDevice:
        """A device of its own: other cookies, other storage. What it may use is said by PREFERENCES alone."""
        made = await self.call("browser.createUserContext")
        device = FirefoxDevice(self, made["userContext"])
        whose: dict[str, Any] = {"userContexts": [device.id]}
        if viewport := options.get("viewport"):
            await self.call("browsingContext.setViewport", viewport=viewport, **whose)
        if locale := options.get("locale"):
            await self.call("emulation.setLocaleOverride", locale=locale, **whose)
        if zone := options.get("timezone_id"):
            await self.call("emulation.setTimezoneOverride", timezone=zone, **whose)
        return device


@dataclass(slots=True, eq=False)
class FirefoxDevice:
    """A device with a Firefox, with the words of Playwright's BrowserContext."""

    browser: Firefox
    id: str

    async def add_init_script(self, script: str) -> None:
        """Run it in each page before the page's own."""
        await self.browser.call(
            "script.addPreloadScript",
            functionDeclaration=f"() => {{ {script}\n}}",
            userContexts=[self.id],
        )

    async def new_page(self) -> FirefoxPage:
        """A window, so that no page is in the background of another one."""
        made = await self.browser.call("browsingContext.create", type="window", userContext=self.id)
        page = self.browser.pages[made["context"]] = FirefoxPage(self, made["context"])
        return page

    async def set_offline(self, is_offline: bool) -> None:
        """Take its network away, or give it back."""
        await self.browser.call(
            "emulation.setNetworkConditions",
            networkConditions={"type": "offline"} if is_offline else None,
            userContexts=[self.id],
        )

    async def close(self) -> None:
        """All its pages with it."""
        await self.browser.call("browser.removeUserContext", userContext=self.id)


@asynccontextmanager
async def running_firefox(preferences: Mapping[str, Any] | None = None) -> AsyncIterator[Firefox]:
    """A Firefox with devices that it makes up, which may be used.

    Args:
        preferences: others than ours.
    """
    path = shutil.which("firefox-esr")
    assert path is not None, "firefox-esr is not installed; `deploy/setup firefox` does it"
    with tempfile.TemporaryDirectory(prefix="mg-", ignore_cleanup_errors=True) as folder:
        wished = {**PREFERENCES, **(preferences or {})}
        lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in wished.items())
        (Path(folder) / "user.js").write_text("\n".join(lines), "utf-8")
        process = await asyncio.create_subprocess_exec(
            *(path, "--headless", "--no-remote", "--profile", folder),
            *("--remote-debugging-port", "0"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stderr is not None
        # No TaskGroup: a fixture is left in another task than it was entered in.
        tasks = []
        try:
            address = await _address(process.stderr)
            async with (
                aiohttp.ClientSession() as http,
                http.ws_connect(f"{address}/session", max_msg_size=0) as socket,
            ):
                firefox = Firefox(socket)
                tasks += [
                    asyncio.ensure_future(firefox.listen()),
                    asyncio.ensure_future(_drain(process.stderr)),
                ]
                told = await firefox.call("session.new", capabilities={})
                firefox.version = told["capabilities"]["browserVersion"]
                await firefox.call("session.subscribe", events=["log.entryAdded"])
                yield firefox
                await firefox.call("browser.close")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # Its helpers too, which may outlive it.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _address(log: asyncio.StreamReader) -> str:
    async with asyncio.timeout(PATIENCE_S):
        while line := (await log.readline()).decode(errors="replace"):
            if found := re.search(r"BiDi listening on (ws://\S+)", line):
                return found[1]
    raise AssertionError("Firefox has ended")


async def _drain(log: asyncio.StreamReader) -> None:
    while await log.readline():
        pass
