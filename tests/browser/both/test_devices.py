"""Camera and microphone refused, missing, and allowed after all: nobody is kept out, and both are told what is so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.browser.both.pairs import CHROMIUM, FIREFOX, pairs
from tests.browser.conftest import ARGUMENTS
from tests.browser.firefox import CAMERA_REFUSED, NO_DEVICES, REFUSED, running_firefox
from tests.browser.office import Office, until
from tests.browser.person import Launch, Person, Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ASKING = [one for one in ARGUMENTS if "fake-ui" not in one] + ["--deny-permission-prompts"]
"""Of a Chromium that allows what its device was allowed, and nothing else."""
NO_CAMERA = [
    f"{one}=device-count=0" if one == "--use-fake-device-for-media-stream" else one
    for one in ARGUMENTS
]
SEEKER = [CHROMIUM, pytest.param(FIREFOX, marks=pytest.mark.long)]


@asynccontextmanager
async def shy(name: str, launch: Launch, arguments: list[str], wishes: Any) -> AsyncIterator[Any]:
    """A browser of somebody who has not what we would like, or does not give it."""
    if name == FIREFOX:
        async with running_firefox(wishes) as firefox:
            yield firefox
        return
    browser = await launch(args=arguments)
    yield browser
    await browser.close()


async def check(person: Person, microphone: str, camera: str) -> None:
    """What the check before the call says of both."""
    for name, state in (("microphone", microphone), ("camera", camera)):
        await person.is_marked(f"check-{name}", state=state)


async def sees_moving(person: Person) -> None:
    """Pictures of the other one are shown, more and more of them."""
    began = await person.shown()

    async def moves() -> bool:
        return await person.shown() > began + 8

    await until(moves, f"{person.name} sees a moving picture", 25)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", SEEKER)
@pairs("Chromium")
async def test_who_refuses_the_camera_is_heard_and_sees(
    people: Stage, office: Office, launch: Launch, name: str
) -> None:
    booking = await office.book("sealed")
    async with shy(name, launch, ASKING, CAMERA_REFUSED) as browser:
        seeker = await people.seeker(booking, browser=browser, permissions=["microphone"])
        supporter = await people.supporter(booking)
        await supporter.arrives()
        await seeker.arrives()
        await seeker.agrees()
        await check(seeker, "ok", "denied")
        await seeker.presses("join")
        await seeker.is_at("lobby")
        await supporter.joins()
        await supporter.admits()
        await asyncio.gather(sees_moving(seeker), supporter.hears())
        await seeker.hears()
        await supporter.reads("no-picture", "カメラ")
        shown = await office.session(booking.id)
        assert shown["phase"] == "live"
        await seeker.ends()
        await office.ends(booking.id, "completed", None)
        await people.sends_home(seeker)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", SEEKER)
@pairs("Chromium")
async def test_who_refuses_both_is_told_how_and_comes_to_listen(
    people: Stage, office: Office, launch: Launch, name: str
) -> None:
    booking = await office.book("sealed")
    async with shy(name, launch, ASKING, REFUSED) as browser:
        seeker = await people.seeker(booking, browser=browser, permissions=[])
        supporter = await people.supporter(booking)
        await supporter.arrives()
        await seeker.arrives()
        await seeker.agrees()
        await check(seeker, "denied", "denied")
        assert await seeker.page.locator("ol.how li").count() >= 2, "how to allow it"
        await seeker.presses("join")
        await seeker.is_at("lobby")
        await supporter.joins()
        await supporter.admits()
        await asyncio.gather(sees_moving(seeker), seeker.hears())
        # The supporter gets nothing and is offered other ways; the picture that is there is not covered for it.
        await supporter.sees("media-phone", 40)
        await sees_moving(seeker)
        assert not await seeker.at("media-phone").is_visible()
        await seeker.ends()
        await office.phase(booking.id, "ended")
        await people.sends_home(seeker)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", SEEKER)
@pairs("Chromium")
async def test_who_has_no_camera_is_told_so_and_comes_in(
    people: Stage, office: Office, launch: Launch, name: str
) -> None:
    booking = await office.book("talk", starts_in=60)
    async with shy(name, launch, NO_CAMERA, NO_DEVICES) as browser:
        seeker = await people.seeker(booking, browser=browser)
        await seeker.arrives()
        await seeker.agrees()
        await check(seeker, "missing" if name == FIREFOX else "ok", "missing")
        await seeker.presses("join")
        await seeker.is_at("lobby")
        await people.sends_home(seeker)


@pairs("Chromium")
async def test_what_is_allowed_after_all_is_taken_without_a_press(
    people: Stage, office: Office, launch: Launch
) -> None:
    booking = await office.book("talk", starts_in=60)
    async with shy(CHROMIUM, launch, ASKING, None) as browser:
        seeker = await people.seeker(booking, browser=browser, permissions=[])
        await seeker.arrives()
        life = await seeker.life()
        await seeker.agrees()
        await check(seeker, "denied", "denied")
        await seeker.page.context.grant_permissions(["camera", "microphone"])
        await check(seeker, "ok", "ok")
        await seeker.presses("join")
        await seeker.sees("local-video")
        assert await seeker.life() == life
        await people.sends_home(seeker)
