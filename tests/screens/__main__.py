"""Every state of every page: `make screens` takes the pictures, `make accessible` examines only.

A story that cannot be played to its end is told with the others at the end; the rest is played all the same.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
import traceback
from contextlib import nullcontext
from itertools import count
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.browser.chromium import chromium_path
from tests.browser.conftest import ARGUMENTS
from tests.browser.office import running
from tests.screens import album
from tests.screens.camera import Camera
from tests.screens.darkroom import Darkroom
from tests.screens.faces import camera_of
from tests.screens.programmes import PROGRAMMES, VARIABLES
from tests.screens.scene import scene
from tests.screens.stories import STORIES
from tests.screens.table import STATES, Theme

PATIENCE_S = 900
"""For one story: the board's has twenty states, and axe-core looks at each four times beside the other language."""


async def play(browser: Browser, camera: Camera, only: set[str], wrong: list[str]) -> None:
    """Play the stories in one language.

    Args:
        browser: of everybody.
        camera: takes the states.
        only: names of stories; empty: all.
        wrong: gets what went wrong.
    """
    with tempfile.TemporaryDirectory(prefix="mg-") as folder:
        async with running(Path(folder), own_programmes=PROGRAMMES, variables=VARIABLES) as office:
            numbers = count(1)  # the demo's own session has the first counter
            for story in STORIES:
                if only and story.__name__ not in only:
                    continue
                began, before, known = time.monotonic(), len(camera.taken), len(camera.problems)
                try:
                    async with (
                        asyncio.timeout(PATIENCE_S),
                        scene(browser, office, camera, numbers) as played,
                    ):
                        await story(played)
                except Exception:  # the other stories are worth their pictures all the same
                    wrong.append(
                        f"{story.__name__} ({camera.language}):\n{traceback.format_exc(limit=-3)}"
                    )
                    print(wrong[-1], flush=True)
                seconds, taken = time.monotonic() - began, len(camera.taken) - before
                print("".join(f"{each}\n" for each in camera.problems[known:]), end="")
                print(
                    f"{camera.language}  {story.__name__:<18}{taken:>3} states {seconds:>6.0f} s",
                    flush=True,
                )


async def tour(arguments: argparse.Namespace) -> int:
    """All languages; 1 when a story failed or something was found."""
    if not arguments.accessible:
        album.ALBUM.mkdir(exist_ok=True)
    wrong: list[str] = []
    only = set(filter(None, arguments.only.split(",")))
    with (
        tempfile.TemporaryDirectory(prefix="mg-") as films,
        nullcontext() if arguments.accessible else Darkroom(album.ALBUM) as darkroom,
    ):
        async with async_playwright() as playwright:
            launch = playwright.chromium.launch
            seeing = [*ARGUMENTS, *camera_of(Path(films))]
            browser = await launch(executable_path=chromium_path(), args=seeing)
            themes: tuple[Theme, ...] = () if arguments.pictures else ("light", "dark")
            # Side by side: most of a story is waiting for its session to begin. Each has a server of its own, so that
            # who is cut off in one is no evidence in the other.
            async with asyncio.TaskGroup() as languages:
                for language in arguments.languages.split(","):
                    camera = Camera(language, darkroom, themes)
                    languages.create_task(told(browser, camera, only, wrong))
            await browser.close()
    if not arguments.accessible:
        album.write()
    fine = (
        "All were taken; none was examined."
        if arguments.pictures
        else "axe-core has found nothing."
    )
    print("\n".join(["", *wrong]) if wrong else fine)
    return 1 if wrong else 0


async def told(browser: Browser, camera: Camera, only: set[str], wrong: list[str]) -> None:
    """The stories in one language, and what is to be said of them at the end; arguments as of `play`."""
    try:
        await play(browser, camera, only, wrong)
    except AssertionError as error:  # the server's log holds an error
        wrong.append(str(error))
    wrong += camera.problems
    left = [] if only else [name for name in STATES if name not in camera.taken]
    wrong += [f"{name} ({camera.language}) was not taken" for name in left]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="stories, with commas")
    parser.add_argument("--languages", default="ja,en")
    parser.add_argument("--accessible", action="store_true", help="examine, and take no pictures")
    parser.add_argument(
        "--pictures", action="store_true", help="take pictures, and examine nothing"
    )
    sys.exit(asyncio.run(tour(parser.parse_args())))


if __name__ == "__main__":
    main()
