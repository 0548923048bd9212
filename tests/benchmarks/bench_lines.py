"""What bad lines do to picture and sound, in real browsers (`make bench-lines`; docs/benchmarks.md).

Two people, a browser each; the seeker's every datagram goes through a relay that loses, delays or holds back some of
them, in both directions, from the first one on. What is encrypted is what the programme says. The supporter is at
Chromium or at Firefox ESR, which sends no check to an ICE-lite server on 127.0.0.1: so all of it, with the address of
the media, is in a network namespace of its own (needs root).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

from tests.benchmarks import namespace
from tests.benchmarks.bench_reconnect import chromium
from tests.browser.firefox import Firefox, running_firefox
from tests.browser.office import Office, running, until
from tests.browser.person import Stage
from tests.relays import UdpRelay

ADDRESS = "198.18.1.1"
"""Of a network that is set aside for benchmarks (RFC 2544)."""
BAR_SHARE, BAR_LOSS = 0.90, 0.08
STAMPS = (Path(__file__).parent / "stamps.js").read_text("utf-8")
CHROMIUM, FIREFOX = "Chromium", "Firefox"
PATIENCE_S = 60.0
FLOWING = 12
"""Frames decoded on either side: from now on it is a call."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the seeker's."""

    name: str
    loss: float = 0.0
    delay_s: float = 0.0
    bits_per_s: float | None = None

    def over(self, relay: UdpRelay, seed: int) -> None:
        """Make the relay that line."""
        relay.loss(self.loss, seed)
        relay.shape(delay_s=self.delay_s, bits_per_s=self.bits_per_s)


LINES = (
    Line("good"),
    Line("2 % loss", loss=0.02),
    Line("8 % loss", loss=BAR_LOSS),
    Line("15 % loss", loss=0.15),
    Line("50 ms each way", delay_s=0.05),
    Line("200 ms each way", delay_s=0.2),
    Line("300 kbit/s", bits_per_s=300_000),
)


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the two got in the measured time."""

    share: float
    """Frames decoded, of those that the other one sent."""
    frames_per_s: float
    freezes: int | None
    """None: the browser does not count them."""
    frozen_s: float | None
    first_s: float
    """From the offer at the later page until this page showed a picture."""
    video_kbps: float
    audio_kbps: float
    concealed: float
    """Share of the sound that was made up, silence not counted."""


@dataclass(slots=True)
class Row:
    """One line, once or several times, with one pair of browsers."""

    line: Line
    other: str
    seeker: list[Side] = field(default_factory=list)
    supporter: list[Side] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    """Of how many datagrams each way how many were lost, or found the queue full."""
    is_sealed: bool = False

    def lines(self) -> list[str]:
        """The row as Markdown, a line for each direction."""
        both = (("down", "seeker", self.seeker), ("up", "supporter", self.supporter))
        return [
            f"| {self.line.name} | {self.other} | {way} | {_cells(sides)} |"
            for way, _, sides in both
        ]


def _cells(sides: Sequence[Side]) -> str:
    def median(name: str, form: str) -> str:
        values = [getattr(side, name) for side in sides]
        if None in values:
            return "–"
        return format(statistics.median(values), form)

    return " | ".join(
        (
            median("share", ".1%"),
            median("frames_per_s", ".1f"),
            f"{median('freezes', '.0f')} / {median('frozen_s', '.1f')}",
            median("first_s", ".2f"),
            median("video_kbps", ".0f"),
            median("audio_kbps", ".0f"),
            median("concealed", ".1%"),
        )
    )


Ask = Callable[[str], Awaitable[Any]]
"""Evaluates a function in somebody's page."""


async def read(ask: Ask) -> dict[str, Any]:
    """What a page's connection has counted."""
    counted: dict[str, Any] = await ask("() => window.counts.read()")
    return counted


async def flow(asks: Sequence[Ask]) -> None:
    """Wait until both decode pictures."""

    async def is_so() -> bool:
        counted = await asyncio.gather(*map(read, asks))
        return all(each["decoded"] >= FLOWING for each in counted)

    await until(is_so, "both decode pictures", PATIENCE_S, every_s=0.25)


async def stamps(ask: Ask) -> dict[str, float]:
    """When what happened in a page: milliseconds since 1970."""
    noted: dict[str, Any] = await ask("() => ({ ...window.stamps, admit: 0 })")
    return noted


async def measure(asks: Sequence[Ask], seconds: float, delay_s: float) -> list[Side]:
    """What each of the two gets of the other in some seconds."""

    async def count() -> list[dict[str, Any]]:
        sent = [await read(ask) for ask in asks]
        await asyncio.sleep(delay_s)  # what was sent until then has arrived
        got = [await read(ask) for ask in asks]
        return [{**own, "sent": before["sent"]} for own, before in zip(got, sent, strict=True)]

    noted = [await stamps(ask) for ask in asks]
    offered = max(each["offered"] for each in noted)
    began, before = time.monotonic(), await count()
    await asyncio.sleep(seconds)
    after = await count()
    took = time.monotonic() - began - delay_s
    gained = [
        {k: None if old[k] is None else new[k] - old[k] for k in old}
        for old, new in zip(before, after, strict=True)
    ]
    return [
        Side(
            share=own["decoded"] / max(1, other["sent"]),
            frames_per_s=own["decoded"] / took,
            freezes=own["frozen"],
            frozen_s=own["frozen_s"],
            first_s=(at["shown"] - offered) / 1000,
            video_kbps=own["video_bytes"] * 8 / took / 1000,
            audio_kbps=own["audio_bytes"] * 8 / took / 1000,
            concealed=own["concealed"] / max(1, own["samples"]),
        )
        for own, other, at in zip(gained, gained[::-1], noted, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Place:
    """Where calls are held."""

    office: Office
    address: str
    here: Browser
    """The seeker's."""
    there: Browser | Firefox
    """The supporter's."""

    @property
    def other(self) -> str:
        """The name of the supporter's browser."""
        return FIREFOX if isinstance(self.there, Firefox) else CHROMIUM

    async def call(self, row: Row, given: argparse.Namespace, seed: int) -> None:
        """One call over a line, into its row."""
        booking = await self.office.book(given.programme)
        async with AsyncExitStack() as stack:
            relay = await stack.enter_async_context(
                UdpRelay(self.office.media_port, host=self.address)
            )
            row.line.over(relay, seed)
            people = Stage(self.here, self.office)
            stack.push_async_callback(people.close)
            device = await people.device()
            detour = f"{{ port: {self.office.media_port}, relay: {relay.port} }}"
            await device.add_init_script(f"window.watch.detour = {detour};")
            seeker = await people.person("seeker", booking.links["seeker"], device)
            await seeker.page.add_init_script(STAMPS)
            supporter = await people.supporter(booking, device=await people.device(self.there))
            await supporter.page.add_init_script(STAMPS)
            asks: list[Ask] = [seeker.page.evaluate, supporter.page.evaluate]
            await asyncio.gather(seeker.comes(), supporter.comes())
            await supporter.admits()
            await flow(asks)
            await asyncio.sleep(given.settle)
            own, other = await measure(asks, given.seconds, row.line.delay_s + 0.1)
            row.is_sealed = await seeker.at("e2ee").get_attribute("data-state") == "on"
            row.seeker.append(own)
            row.supporter.append(other)
            ways = (
                f"{name} {way.lost} lost, {way.overflowed} too many, of"
                f" {way.lost + way.overflowed + way.carried}"
                for name, way in (("up", relay.up), ("down", relay.down))
            )
            row.dropped.append("; ".join(ways))
            await seeker.ends()
            await self.office.ends(booking.id, "completed", None)


async def all_rows(given: argparse.Namespace) -> list[Row]:
    """The whole table."""
    rows: list[Row] = []
    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mg-")))
        variables = {"MADOGUCHI_MEDIA_HOST": ADDRESS}
        office = await stack.enter_async_context(running(folder, variables=variables))
        here = await stack.enter_async_context(chromium(playwright))
        others: list[Browser | Firefox] = []
        if given.other in (None, CHROMIUM.lower()):
            others.append(await stack.enter_async_context(chromium(playwright)))
        if given.other in (None, FIREFOX.lower()):
            firefox = await stack.enter_async_context(running_firefox())
            others.append(firefox)
            say(f"Firefox {firefox.version}")
        say(f"Chromium {here.version}")
        for there in others:
            place = Place(office, ADDRESS, here, there)
            for line in LINES:
                if given.only not in line.name:
                    continue
                row = Row(line, place.other)
                for turn in range(given.times):
                    await place.call(row, given, seed=1000 * turn)
                    say("\n".join([*row.lines(), f"  {row.dropped[-1]}"]))
                rows.append(row)
    return rows


def verdicts(rows: Sequence[Row]) -> list[str]:
    """The bars, and whether they were met."""
    said = []
    for row in rows:
        if row.line.loss == BAR_LOSS:
            for way, sides in (("down", row.seeker), ("up", row.supporter)):
                share = statistics.median(side.share for side in sides)
                verdict = "met" if share >= BAR_SHARE else "missed"
                said.append(
                    f"{row.line.name}, {row.other}, {way}: {share:.1%} of the frames;"
                    f" bar {BAR_SHARE:.0%} {verdict}"
                )
    return said


def say(words: str) -> None:
    """Progress, to standard error."""
    print(words, file=sys.stderr, flush=True)


def main() -> int:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="bench_lines", description=__doc__.splitlines()[0])
    number = os.environ.get
    parser.add_argument("--seconds", type=float, default=float(number("SECONDS", "15")))
    parser.add_argument("--settle", type=float, default=8.0, help="seconds before that")
    parser.add_argument("--times", type=int, default=int(number("TIMES", "1")), help="calls a row")
    parser.add_argument("--only", default="", help="part of a line's name")
    parser.add_argument("--programme", default="talk", help="of the browser tests")
    parser.add_argument("--other", choices=[CHROMIUM.lower(), FIREFOX.lower()])
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if not given.inside:
        namespace.enter("tests.benchmarks.bench_lines")
    namespace.prepare(ADDRESS)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    before = os.getloadavg()[0]
    rows = asyncio.run(all_rows(given))
    print(f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}; {os.cpu_count()} cores", end="; ")
    print(f"load before {before:.1f}, after {os.getloadavg()[0]:.1f}\n")
    print("| the seeker's line | with | way | frames decoded | a second | freezes / s", end="")
    print(" | first picture s | video kbit/s | audio kbit/s | sound made up |")
    print("| --- " * 10 + "|")
    for row in rows:
        print("\n".join(row.lines()))
    print()
    for row in rows:
        sealed = "sealed" if row.is_sealed else "not sealed"
        print(f"{row.line.name}, {row.other} ({sealed}): {' / '.join(row.dropped)}")
    print("\n".join(["", *verdicts(rows)]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
