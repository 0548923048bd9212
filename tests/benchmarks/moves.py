"""A browser that moves from one network card to another: a network namespace with two of them, of which one is up.

Needs root. The server's address is the same by either way; the browser's is not.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.browser.chromium import chromium_path


@dataclass(slots=True)
class Moves:
    """The namespace and its cards."""

    name: str
    server: str
    """Where pages and media are, in the namespace of this process."""
    cards: tuple[str, str]
    gateways: tuple[str, str]
    at: int = 0
    """Which card is up."""
    away_s: float = 3.0
    """From one to the other."""
    moved: int = 0
    """How often; no address is used twice."""

    def program(self, folder: Path) -> Path:
        """A Chromium that is started inside."""
        path = folder / "chromium"
        path.write_text(
            f'#!/bin/sh\nexec ip netns exec {self.name} {chromium_path()} "$@"\n', "utf-8"
        )
        path.chmod(0o755)
        return path

    async def move(self) -> float:
        """Lose the card, and later have the other one.

        Returns:
            When it was up, in seconds since 1970.
        """
        await _ip("-n", self.name, "link", "set", self.cards[self.at], "down")
        await _ip("-n", self.name, "address", "flush", "dev", self.cards[self.at])
        await asyncio.sleep(self.away_s)
        self.at = 1 - self.at
        self.moved += 1
        await self.use(self.at)
        return time.time()

    async def use(self, at: int) -> None:
        """Have the network of a card, with an address that is new."""
        card, network = self.cards[at], self.gateways[at].rpartition(".")[0]
        await _ip("-n", self.name, "address", "add", f"{network}.{self.moved + 2}/24", "dev", card)
        await _ip("-n", self.name, "link", "set", card, "up")
        await _ip("-n", self.name, "route", "replace", "default", "via", self.gateways[at])


@asynccontextmanager
async def moving() -> AsyncIterator[Moves]:
    """The namespaces; they and their cards are gone afterwards."""
    tag = f"mg{os.getpid() % 100_000}"
    router, inner, outer = f"{tag}r", f"{tag}i", f"{tag}o"
    moves = Moves(
        name=tag,
        server="10.203.0.1",
        cards=(f"{tag}a", f"{tag}b"),
        gateways=("10.203.1.1", "10.203.2.1"),
    )
    try:
        for name in (tag, router):
            await _ip("netns", "add", name)
            await _ip("-n", name, "link", "set", "lo", "up")
        # A router between, so that nobody else on this machine sees a card come or go.
        await _ip("netns", "exec", router, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
        await _ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", router)
        await _ip("address", "add", f"{moves.server}/24", "dev", outer)
        await _ip("link", "set", outer, "up")
        await _ip("route", "add", "10.203.0.0/16", "via", "10.203.0.254")
        await _ip("-n", router, "address", "add", "10.203.0.254/24", "dev", inner)
        await _ip("-n", router, "link", "set", inner, "up")
        for near, gateway in zip(moves.cards, moves.gateways, strict=True):
            far = f"{near}r"
            pair = ("type", "veth", "peer", "name", near, "netns", tag)
            await _ip("-n", router, "link", "add", far, *pair)
            await _ip("-n", router, "address", "add", f"{gateway}/24", "dev", far)
            await _ip("-n", router, "link", "set", far, "up")
        await moves.use(0)
        yield moves
    finally:
        await _ip("link", "delete", outer, check=False)
        for name in (tag, router):
            await _ip("netns", "delete", name, check=False)


async def _ip(*words: str, check: bool = True) -> None:
    process = await asyncio.create_subprocess_exec(
        "ip", *words, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    _, said = await process.communicate()
    assert not check or process.returncode == 0, f"ip {' '.join(words)}: {said.decode()}"
