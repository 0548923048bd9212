"""What a page has cost its visitor's line, as the browser itself counts it: bytes with their headers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import CDPSession, Page


@dataclass  # without slots: Playwright notes its wrappers on the object
class Scales:
    """Weighs what a page transfers; the WebSocket is not on them."""

    cdp: CDPSession
    urls: dict[str, str] = field(default_factory=dict)
    loaded: list[tuple[str, int]] = field(default_factory=list)
    """Path and bytes of every request that is over; nothing of what came from the browser's own store."""
    cached: set[str] = field(default_factory=set)

    @classmethod
    async def under(cls, page: Page) -> Scales:
        """Scales under a page, from its next request on."""
        scales = cls(await page.context.new_cdp_session(page))
        scales.cdp.on("Network.requestWillBeSent", scales._begins)
        scales.cdp.on(
            "Network.requestServedFromCache", lambda said: scales.cached.add(said["requestId"])
        )
        scales.cdp.on("Network.responseReceived", scales._answers)
        scales.cdp.on("Network.loadingFinished", scales._ends)
        await scales.cdp.send("Network.enable")
        return scales

    async def is_a_phone(self) -> None:
        """From now on a slow phone: a quarter of the processor, 1.6 Mbit/s down, 0.75 up, 150 ms there and back."""
        await self.cdp.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        line = {"downloadThroughput": 200_000, "uploadThroughput": 93_750, "latency": 150}
        await self.cdp.send("Network.emulateNetworkConditions", {"offline": False, **line})

    def _begins(self, said: dict[str, Any]) -> None:
        self.urls[said["requestId"]] = said["request"]["url"]

    def _answers(self, said: dict[str, Any]) -> None:
        if said["response"].get("fromDiskCache"):
            self.cached.add(said["requestId"])

    def _ends(self, said: dict[str, Any]) -> None:
        url = self.urls.get(said["requestId"], "")
        if said["requestId"] not in self.cached and urlsplit(url).scheme in {"http", "https"}:
            self.loaded.append((urlsplit(url).path, int(said["encodedDataLength"])))

    def clear(self) -> None:
        """Begin anew."""
        self.loaded.clear()

    @property
    def bytes(self) -> int:
        """All that came."""
        return sum(size for _, size in self.loaded)
