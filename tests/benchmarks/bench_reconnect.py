"""How long until there is a picture again, in real Chromium (`make bench-reconnect`; docs/benchmarks.md).

One person of a call, the seeker, has trouble with the network, and nobody touches a page. From the moment at which the
network is back, to the next picture that each of the two is shown:

- *port change*: the router gives other ports to what goes on; nothing is cut;
- *UDP cut*: no datagram for 3 s, signalling goes on;
- *both cut*: neither datagrams nor signalling for 5 s;
- *forgotten*: for 5 s nothing, then another port for everything and every connection is reset;
- *new address*: the network card is taken away, 3 or 8 s later there is another one with another address, once in each
  call (needs root: the seeker's browser is in a network namespace of its own). After 3 s what the seeker sends goes on
  waiting for a second more: so long Chromium keeps to a way that it has not given up, and it gives one up after 5 s.

The column *path* is of the port change alone: until media from us reaches the new port.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, Playwright, async_playwright

from tests.benchmarks import interrupted
from tests.benchmarks.moves import Moves, moving
from tests.browser.chromium import chromium_path
from tests.browser.conftest import ARGUMENTS
from tests.browser.office import Booking, Office, running
from tests.browser.person import Person, Stage, see_each_other, through
from tests.relays import TcpRelay, UdpRelay

BAR_S = 1.0
PATH_BAR_S = 0.1
NEW_ADDRESS = {"new address after 3 s": 3.0, "new address after 8 s": 8.0}
"""Row and how long there is no network."""
FRAMES = (Path(__file__).parent / "frames.js").read_text("utf-8")
GIVEN_UP_S = 20.0
SETTLED_S = 2.5
"""After each trouble, until both pictures have moved for as long."""
TROUBLES_A_CALL = 5
"""Then another call, so that none learns from too many troubles."""


@dataclass(slots=True)
class Row:
    """One trouble, many times; seconds."""

    name: str
    seeker: list[float] = field(default_factory=list)
    supporter: list[float] = field(default_factory=list)
    path: list[float] = field(default_factory=list)
    renewed: int = 0
    """How often a new media connection was made: it should never be."""

    def line(self) -> str:
        """The row as Markdown."""
        cells = [self.name, str(len(self.seeker))]
        for values in (self.seeker, self.supporter, self.path):
            cells += (
                [f"{statistics.median(values):.2f}", f"{max(values):.2f}"] if values else ["–", "–"]
            )
        return f"| {' | '.join([*cells, str(self.renewed)])} |"


class TimedRelay(UdpRelay):
    """Notes when media first came back after the ports were changed."""

    media_at: float | None = None

    def forget(self) -> None:
        """Other ports from now on."""
        super().forget()
        self.media_at = None

    def answer(self, data: bytes, client: tuple[str, int]) -> None:
        """RTP or RTCP (RFC 7983 §7); neither a check nor DTLS."""
        if self.media_at is None and data and 128 <= data[0] < 192:
            self.media_at = time.time()
        super().answer(data, client)


@dataclass(slots=True)
class Line:
    """The seeker's network, by relays."""

    tcp: TcpRelay
    udp: TimedRelay

    async def change_port(self) -> float:
        """Other ports for datagrams."""
        self.udp.forget()
        return time.time()

    async def cut_udp(self) -> float:
        """No datagrams for a while."""
        self.udp.cut()
        await asyncio.sleep(3.0)
        self.udp.mend()
        return time.time()

    async def cut_both(self) -> float:
        """Nothing for a while."""
        self.udp.cut()
        self.tcp.cut()
        await asyncio.sleep(5.0)
        self.udp.mend()
        self.tcp.mend()
        return time.time()

    async def be_forgotten(self) -> float:
        """Nothing for a while, and then nothing is known of what was."""
        self.udp.cut()
        self.tcp.cut()
        await asyncio.sleep(5.0)
        self.udp.forget()
        self.tcp.hang_up()
        self.udp.mend()
        self.tcp.mend()
        return time.time()


Trouble = Callable[[], Awaitable[float]]
"""Does it; when the network was back, in seconds since 1970."""


async def pictures_after(person: Person, moment: float) -> list[float]:
    """When pictures were shown after a moment."""
    shown: list[float] = await person.page.evaluate(
        "(moment) => window.pictures.after(moment)", moment * 1000
    )
    return [at / 1000 for at in shown]


async def first_picture(person: Person, moment: float) -> float:
    """Seconds from a moment to the first picture that is followed by more; `GIVEN_UP_S` when there is none."""
    give_up_at = time.time() + GIVEN_UP_S
    while time.time() < give_up_at:
        shown = await pictures_after(person, moment)
        if len(shown) >= 5:
            return shown[0] - moment
        await asyncio.sleep(0.1)
    return GIVEN_UP_S


async def measure(
    row: Row, trouble: Trouble, seeker: Person, supporter: Person, udp: TimedRelay | None
) -> None:
    """One trouble."""
    peers = (await seeker.carried())["peers"], (await supporter.carried())["peers"]
    moment = await trouble()
    own, other = await asyncio.gather(
        first_picture(seeker, moment), first_picture(supporter, moment)
    )
    row.seeker.append(own)
    row.supporter.append(other)
    if udp is not None and udp.media_at is not None:
        row.path.append(udp.media_at - moment)
    row.renewed += peers != (
        (await seeker.carried())["peers"],
        (await supporter.carried())["peers"],
    )
    say(f"  {row.name}: seeker {own:.2f} s, supporter {other:.2f} s")
    await asyncio.sleep(SETTLED_S)
    await see_each_other(seeker, supporter)


Meet = Callable[[Office, Stage, Booking], Awaitable[Person]]
"""Makes the seeker of a call."""


async def repeat(
    row: Row,
    times: int,
    trouble: Trouble,
    office: Office,
    people_of: Callable[[], Stage],
    meet: Meet,
    *,
    udp: TimedRelay | None = None,
    a_call: int = TROUBLES_A_CALL,
) -> None:
    """One trouble again and again, in several calls."""
    while len(row.seeker) < times:
        people = people_of()
        booking = await office.book("talk")
        seeker = await meet(office, people, booking)
        supporter = await people.supporter(booking)
        for person in (seeker, supporter):
            await person.page.add_init_script(FRAMES)
        await asyncio.gather(seeker.comes(), supporter.comes())
        await supporter.admits()
        await see_each_other(seeker, supporter, within_s=40)
        await asyncio.sleep(SETTLED_S)
        for _ in range(min(a_call, times - len(row.seeker))):
            await measure(row, trouble, seeker, supporter, udp)
        await seeker.ends()
        await office.ends(booking.id, "completed", None)
        for person in (seeker, supporter):
            await person.page.context.close()


async def by_relays(playwright: Playwright, times: int, only: str, rows: list[Row]) -> None:
    """What a relay can do to a line."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mg-")))
        office = await stack.enter_async_context(running(folder))
        # A browser each: two pages of one share its made-up camera.
        here = await stack.enter_async_context(chromium(playwright))
        there = await stack.enter_async_context(chromium(playwright))
        tcp = await stack.enter_async_context(TcpRelay(office.port))
        udp = await stack.enter_async_context(TimedRelay(office.media_port))
        line = Line(tcp, udp)

        async def meet(office: Office, people: Stage, booking: Booking) -> Person:
            device = await people.device(there)
            detour = f"{{ port: {office.media_port}, relay: {udp.port} }}"
            await device.add_init_script(f"window.watch.detour = {detour};")
            return await people.person("seeker", through(booking.links["seeker"], tcp.port), device)

        for name, trouble in (
            ("port change", line.change_port),
            ("UDP cut 3 s", line.cut_udp),
            ("both cut 5 s", line.cut_both),
            ("both cut 5 s, then forgotten", line.be_forgotten),
        ):
            if only not in name:
                continue
            is_change = trouble == line.change_port
            rows.append(Row(name))
            await repeat(
                rows[-1],
                times,
                trouble,
                office,
                lambda: Stage(here, office),
                meet,
                udp=udp if is_change else None,
            )


async def by_namespace(playwright: Playwright, times: int, row: Row, away_s: float) -> None:
    """Another network card with another address."""
    async with AsyncExitStack() as stack:
        moves: Moves = await stack.enter_async_context(moving())
        moves.away_s = away_s
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mg-")))
        variables = {"MADOGUCHI_HOST": moves.server, "MADOGUCHI_MEDIA_HOST": moves.server}
        office = await stack.enter_async_context(running(folder, variables=variables))
        # A camera is for pages of this machine or with HTTPS; that the address is this machine's, no browser can know.
        trusted = f"--unsafely-treat-insecure-origin-as-secure={office.base_url}"
        here = await stack.enter_async_context(chromium(playwright, trusted))
        there = await stack.enter_async_context(
            chromium(playwright, trusted, program=str(moves.program(folder)))
        )

        async def meet(_: Office, people: Stage, booking: Booking) -> Person:
            device = await people.device(there)
            return await people.person("seeker", booking.links["seeker"], device)

        await repeat(
            row,
            times,
            moves.move,
            office,
            lambda: Stage(here, office),
            meet,
            a_call=1,
        )


@asynccontextmanager
async def chromium(
    playwright: Playwright, *more: str, program: str | None = None
) -> AsyncIterator[Browser]:
    """A browser."""
    path = program or chromium_path()
    browser = await playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *more])
    try:
        yield browser
    finally:
        await browser.close()


async def all_rows(times: int, only: str, rows: list[Row]) -> None:
    """The whole table."""
    async with async_playwright() as playwright:
        await by_relays(playwright, times, only, rows)
        for name, away_s in NEW_ADDRESS.items():
            if only not in name:
                continue
            if os.geteuid() == 0 and shutil.which("ip"):
                rows.append(Row(name))
                await by_namespace(playwright, times, rows[-1], away_s)
            else:
                say(f"{name}: left out, it needs root and iproute2 for a network namespace")


def say(words: str) -> None:
    """Progress, to standard error."""
    print(words, file=sys.stderr, flush=True)


def main() -> int:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="bench_reconnect", description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=int(os.environ.get("TIMES", "10")))
    parser.add_argument("--only", default="", help="part of a row's name")
    given = parser.parse_args()
    before = os.getloadavg()[0]
    rows: list[Row] = []
    is_done = interrupted.run(all_rows(given.times, given.only, rows))
    if not is_done:
        say("interrupted")
        rows = [row for row in rows if row.seeker]
    print(f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}; {os.cpu_count()} cores", end="; ")
    print(f"load before {before:.1f}, after {os.getloadavg()[0]:.1f}\n")
    print("| trouble | n | seeker s | worst | supporter s | worst | path s | worst | renewed |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for row in rows:
        print(row.line())
    print()
    for row in rows:
        median = max(statistics.median(row.seeker), statistics.median(row.supporter))
        verdict = "met" if median <= BAR_S else "missed"
        print(f"{row.name}: {median:.2f} s to the next picture; bar {BAR_S:g} s {verdict}")
        if row.path:
            median = statistics.median(row.path)
            verdict = "met" if median <= PATH_BAR_S else "missed"
            print(f"{row.name}: {median:.3f} s to media; bar {PATH_BAR_S:g} s {verdict}")
    return 0 if is_done else 130


if __name__ == "__main__":
    raise SystemExit(main())
