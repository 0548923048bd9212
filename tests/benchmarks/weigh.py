"""What the pages weigh and how soon they stand on a slow phone: `make weight`.

Bytes are what the browser counted, headers and all. The phone is Lighthouse's: a quarter of this machine's processor,
1.6 Mbit/s, 150 ms; so its times say something only beside others of the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from tests.browser.chromium import chromium_path
from tests.browser.conftest import ARGUMENTS
from tests.browser.office import Office, running
from tests.browser.person import DESK, PHONE, Stage, see_each_other, stage
from tests.browser.scales import Scales

PAINTS = """() => new Promise((resolve) => {
  const first = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null;
  new PerformanceObserver((list) => resolve({ first, largest: list.getEntries().at(-1).startTime }))
    .observe({ type: "largest-contentful-paint", buffered: true });
})"""
"""When the first and the largest thing stood there, in milliseconds."""

CONSENT, ROW = "[data-testid=consent]", "[data-testid=board-row]"


@dataclass(frozen=True, slots=True)
class Visit:
    """A page that is weighed: who opens it, and by what one sees that it stands."""

    name: str
    links: list[str]
    """One for each time: the link of an invitation belongs to the device that opened it."""
    stands: str
    viewport: Any


async def weigh_the_way(people: Stage, office: Office) -> None:
    """The seeker's way, step by step, on a fast line: what each costs."""
    booking = await office.book("talk")
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    scales = await Scales.under(seeker.page)

    async def meets() -> None:
        await supporter.comes()
        await supporter.admits()
        await see_each_other(seeker, supporter)

    async def comes_back() -> None:
        await seeker.reloads()
        await see_each_other(seeker, supporter)

    steps: list[tuple[str, Callable[[], Awaitable[None]]]] = [
        ("the link, to the door", seeker.arrives),
        ("check and lobby", seeker.joins),
        ("admitted, to the picture", meets),
        ("a reload in the call", comes_back),
    ]
    print(f"{'the seekers page':<28}{'requests':>10}{'KB':>10}")
    for words, does in steps:
        scales.clear()
        await does()
        print(f"{words:<28}{len(scales.loaded):>10}{scales.bytes / 1000:>10.1f}")
    await seeker.ends()


async def opens(people: Stage, visit: Visit) -> None:
    """A page on a slow phone, in a new browser context each time."""
    weighed: list[tuple[int, int, float, float, float]] = []
    for link in visit.links:
        visitor = await people.person("visitor", link, viewport=visit.viewport)
        scales = await Scales.under(visitor.page)
        await scales.is_a_phone()
        await visitor.page.goto(link)
        await visitor.page.locator(visit.stands).first.wait_for(timeout=60_000)
        stood = float(await visitor.page.evaluate("() => performance.now()"))
        paints = await visitor.page.evaluate(PAINTS)
        weighed.append(
            (len(scales.loaded), scales.bytes, paints["first"], paints["largest"], stood)
        )
        await visitor.page.context.close()
    requests, size, first, largest, stood = (
        statistics.median(column) for column in zip(*weighed, strict=True)
    )
    print(
        f"{visit.name:<28}{requests:>10.0f}{size / 1000:>10.1f}"
        f"{first / 1000:>10.2f}{largest / 1000:>10.2f}{stood / 1000:>10.2f}"
    )


async def weigh(times: int) -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory(prefix="mg-") as folder:
        async with running(Path(folder)) as office, async_playwright() as playwright:
            launch = partial(playwright.chromium.launch, executable_path=chromium_path())
            browser = await launch(args=ARGUMENTS)
            async with stage(browser, office) as people:
                await weigh_the_way(people, office)
                columns = ("requests", "KB", "first s", "largest s", "stands s")
                print(f"\n{'on a slow phone':<28}" + "".join(f"{each:>10}" for each in columns))
                doors = [await office.book("talk", starts_in=600) for _ in range(times)]
                board, index = f"{office.base_url}/board#{office.token}", f"{office.base_url}/"
                for visit in (
                    Visit("door", [each.links["seeker"] for each in doors], CONSENT, PHONE),
                    Visit("board", [board] * times, ROW, DESK),
                    Visit("index", [index] * times, "h1", PHONE),
                ):
                    await opens(people, visit)
            await browser.close()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="visits of each page: the median")
    asyncio.run(weigh(parser.parse_args().times))


if __name__ == "__main__":
    main()
