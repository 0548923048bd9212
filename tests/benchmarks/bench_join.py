"""From the click on «join» to the other one's first picture, in real Chromium (`make bench-join`; docs/benchmarks.md).

The supporter waits in the lobby already, and a script in their page lets the seeker in as soon as the button can be
pressed: no time of a person is in it. The two have a browser each, for pages of one browser share its one made-up
camera, which then stands still for two seconds. What is encrypted is what the programme says.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright, expect

from tests.benchmarks import interrupted
from tests.browser.chromium import chromium_path
from tests.browser.conftest import ARGUMENTS
from tests.browser.office import Office, running
from tests.browser.person import Person, stage

BAR_S, AIM_S = 0.9, 0.7
STAMPS = (Path(__file__).parent / "stamps.js").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Joined:
    """One call, in seconds from the seeker's click."""

    offered: float
    """The server's offer has reached the seeker's page."""
    connected: float
    """Media is connected: ICE and DTLS."""
    seeker_sees: float
    """The first picture of the supporter is on the seeker's screen."""
    supporter_sees: float


async def join(office: Office, browsers: Sequence[Browser], programme: str) -> Joined:
    """One call from its beginning to both first pictures."""
    async with stage(browsers[0], office) as people:
        booking = await office.book(programme)
        seeker = await people.seeker(booking)
        supporter = await people.supporter(booking, device=await people.device(browsers[1]))
        for person in (seeker, supporter):
            await person.page.add_init_script(STAMPS)
        await asyncio.gather(supporter.comes(), seeker.arrives())
        await seeker.at("consent").check()
        await seeker.at("continue").click()
        await expect(seeker.at("join")).to_be_enabled(timeout=15_000)
        await office.phase(booking.id, "waiting")
        await supporter.page.evaluate("() => window.stamps.admit()")
        await seeker.at("join").click()
        for person in (seeker, supporter):
            await person.page.wait_for_function("() => window.stamps.shown > 0", timeout=30_000)
        own, other = await stamps(seeker), await stamps(supporter)
        clicked = own["clicked"]
        return Joined(
            *(
                (moment - clicked) / 1000
                for moment in (own["offered"], own["connected"], own["shown"], other["shown"])
            )
        )


async def stamps(person: Person) -> dict[str, float]:
    """What a page has noted: milliseconds since 1970."""
    noted: dict[str, Any] = await person.page.evaluate("() => window.stamps")
    return {name: float(at) for name, at in noted.items() if isinstance(at, int | float)}


async def measure(programme: str, calls: int, joined: list[Joined]) -> None:
    """All calls, after one that warms up server and browser and is not among those joined."""
    with tempfile.TemporaryDirectory(prefix="mg-") as folder:
        async with running(Path(folder)) as office, async_playwright() as playwright:
            program = chromium_path()
            browsers = [
                await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
                for _ in range(2)
            ]
            say(f"Chromium {browsers[0].version}")
            for number in range(calls + 1):
                each = await join(office, browsers, programme)
                say(f"  {'warm-up' if number == 0 else number}: {each.seeker_sees:.2f} s")
                joined += [each] if number else []
            for browser in browsers:
                await browser.close()


def table(joined: Sequence[Joined]) -> list[str]:
    """Median and worst of each step, as Markdown."""
    lines = ["| from the click | median s | worst s |", "| --- | --- | --- |"]
    for name, words in (
        ("offered", "offer at the seeker's page"),
        ("connected", "media connected"),
        ("seeker_sees", "**first picture at the seeker**"),
        ("supporter_sees", "first picture at the supporter"),
    ):
        column = [getattr(each, name) for each in joined]
        lines.append(f"| {words} | {statistics.median(column):.2f} | {max(column):.2f} |")
    return lines


def say(words: str) -> None:
    """Progress, to standard error."""
    print(words, file=sys.stderr, flush=True)


def main() -> int:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="bench_join", description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=int(os.environ.get("CALLS", "11")))
    parser.add_argument("--programme", default="talk", help="of the browser tests")
    given = parser.parse_args()
    before = os.getloadavg()[0]
    joined: list[Joined] = []
    is_done = interrupted.run(measure(given.programme, given.calls, joined))
    if not is_done:
        say(f"interrupted: {len(joined)} of {given.calls} calls")
    if not joined:
        return 130
    median = statistics.median(each.seeker_sees for each in joined)
    print(f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}; {len(joined)} calls", end="; ")
    print(f"{os.cpu_count()} cores, load before {before:.1f}, after {os.getloadavg()[0]:.1f}\n")
    print("\n".join(table(joined)))
    verdicts = ", ".join(
        f"{name} {limit:g} s ({'met' if median <= limit else 'missed'})"
        for name, limit in (("bar", BAR_S), ("aim", AIM_S))
    )
    print(f"\nclick to first picture: {median:.2f} s; {verdicts}")
    return 0 if is_done else 130


if __name__ == "__main__":
    raise SystemExit(main())
