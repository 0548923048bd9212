"""axe-core finds nothing on the main states, in both themes; `make accessible` examines every state, both languages."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.conftest import browser, launch
from tests.browser.office import Office, running
from tests.screens import afterwards, album, at_the_office, by_telephone, in_the_room, way_in
from tests.screens.camera import Camera
from tests.screens.programmes import PROGRAMMES, VARIABLES
from tests.screens.scene import Story, scene
from tests.screens.stories import SHORT, STORIES
from tests.screens.table import BOTH, ENDS_THE_PAGE, LYING, NOTED, STATES

__all__ = ["browser", "launch"]  # the fixtures

LARGEST_PICTURE, LARGEST_ALBUM = 80_000, 15_000_000


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def counter() -> AsyncIterator[Office]:
    """The office of the pictures."""
    with tempfile.TemporaryDirectory(prefix="mg-") as folder:
        async with running(Path(folder), own_programmes=PROGRAMMES, variables=VARIABLES) as started:
            yield started


NUMBERS = count(1)


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("story", SHORT, ids=lambda story: story.__name__)
async def test_axe_finds_nothing(browser: Browser, counter: Office, story: Story) -> None:
    camera = Camera("ja", is_short=True)
    async with scene(browser, counter, camera, NUMBERS) as played:
        await story(played)
    assert camera.taken
    assert camera.problems == []


def test_every_state_is_taken_by_a_story() -> None:
    played = (way_in, in_the_room, by_telephone, at_the_office)
    told = "".join(inspect.getsource(each) for each in played)
    missing = [name for name in STATES if f'"{name}"' not in told]
    told = inspect.getsource(afterwards)
    outcomes = {f"after-{one}-{other}" for one, other in afterwards.OVERRULED}
    outcomes |= {f"after-not_held-{cause}" for cause in afterwards.NEVER_CONNECTED}
    outcomes |= {f"phone-{one}" for *_, one in by_telephone.STEPS}
    outcomes |= {f"phone-supporter-{one}" for *_, one in by_telephone.STEPS}
    outcomes |= {f"refusal-{code}" for code in (*ENDS_THE_PAGE, *NOTED)}
    missing = [name for name in missing if f'"{name}"' not in told and name not in outcomes]
    assert missing == []
    assert len(set(STORIES)) == len(STORIES)


def test_every_state_is_taken_on_a_phone_and_on_a_desk() -> None:
    beside = {name for name, state in STATES.items() if state.sizes == LYING}
    assert {name for name, state in STATES.items() if state.sizes != BOTH} == beside
    assert all(STATES[name.replace("-lying", "-seeker")].sizes == BOTH for name in beside)


def test_the_album_shows_what_there_is_and_stays_small() -> None:
    assert (album.DOCS / "screens.md").read_text("utf-8") == album.document()
    pictures = {path.name: path.stat().st_size for path in album.ALBUM.glob("*.*.*.png")}
    assert set(pictures) <= album.all_names()
    assert {name: size for name, size in pictures.items() if size > LARGEST_PICTURE} == {}
    assert sum(pictures.values()) <= LARGEST_ALBUM
