"""Firefox ESR, driven by WebDriver BiDi: Playwright cannot drive Debian's, and there is no geckodriver for it.

It sends no check to a server on 127.0.0.1 that is ICE-lite, so the media of its tests needs another address.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from tests.browser.office import until

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
PATIENCE_S = 40.0


@dataclass(slots=True)
class Firefox:
    """A running Firefox."""

    socket: aiohttp.ClientWebSocketResponse
    version: str = ""
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
        """Hand out the answers until the browser ends."""
        async for message in self.socket:
            told = json.loads(message.data)
            answer = self._waiting.pop(told.get("id"), None)
            if answer is None or answer.done():
                continue
            if told["type"] == "error":
                answer.set_exception(AssertionError(f"{told['error']}: {told['message']}"))
            else:
                answer.set_result(told["result"])

    async def page(self, scripts: Sequence[str] = ()) -> FirefoxPage:
        """A page of a device of its own.

        Args:
            scripts: run in it before its own.
        """
        device = (await self.call("browser.createUserContext"))["userContext"]
        made = await self.call("browsingContext.create", type="tab", userContext=device)
        page = FirefoxPage(self, made["context"])
        for script in scripts:
            await self.call(
                "script.addPreloadScript",
                functionDeclaration=f"() => {{ {script} }}",
                contexts=[page.context],
            )
        return page


@dataclass(frozen=True, slots=True)
class FirefoxPage:
    """Somebody at a page in Firefox: what `Person` can do, as far as it is needed."""

    firefox: Firefox
    context: str

    async def evaluate(self, function: str) -> Any:
        """Call a function of JavaScript, and return what it gives, by way of JSON."""
        told = await self.firefox.call(
            "script.callFunction",
            functionDeclaration=f"async () => JSON.stringify(await ({function})())",
            target={"context": self.context},
            awaitPromise=True,
        )
        assert told["type"] == "success", told["exceptionDetails"]["text"]
        return json.loads(told["result"].get("value", "null"))

    async def presses(self, testid: str, within_s: float = 25.0) -> None:
        """Press something as soon as it can be pressed."""

        async def is_pressed() -> bool:
            return bool(
                await self.evaluate(
                    f"""() => {{
                      const at = document.querySelector("[data-testid='{testid}']:not(:disabled)");
                      at?.click();
                      return at !== null;
                    }}"""
                )
            )

        await until(is_pressed, f"Firefox: {testid} can be pressed", within_s)

    async def comes(self, link: str) -> None:
        """From the link into the lobby."""
        await self.firefox.call(
            "browsingContext.navigate", context=self.context, url=link, wait="complete"
        )
        for step in ("consent", "continue", "join"):
            await self.presses(step)

    async def closes(self) -> None:
        """As with the window's own button."""
        await self.firefox.call("browsingContext.close", context=self.context)


@asynccontextmanager
async def running_firefox() -> AsyncIterator[Firefox]:
    """A Firefox with devices that it makes up."""
    path = shutil.which("firefox-esr")
    assert path is not None, "firefox-esr is not installed; `deploy/setup firefox` does it"
    with tempfile.TemporaryDirectory(prefix="mg-") as folder:
        wishes = (f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items())
        (Path(folder) / "user.js").write_text("\n".join(wishes), "utf-8")
        process = await asyncio.create_subprocess_exec(
            *(path, "--headless", "--no-remote", "--profile", folder),
            *("--remote-debugging-port", "0"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stderr is not None
        try:
            address = await _address(process.stderr)
            async with (
                asyncio.TaskGroup() as tasks,
                aiohttp.ClientSession() as http,
                http.ws_connect(f"{address}/session", max_msg_size=0) as socket,
            ):
                firefox = Firefox(socket)
                reading = tasks.create_task(firefox.listen())
                draining = tasks.create_task(_drain(process.stderr))
                told = await firefox.call("session.new", capabilities={})
                firefox.version = told["capabilities"]["browserVersion"]
                yield firefox
                await firefox.call("browser.close")
                reading.cancel()
                draining.cancel()
        finally:
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
