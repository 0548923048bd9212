"""Up to four people in a room: everybody sees and hears everybody, whoever comes and goes."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser.office import Office, until
from tests.browser.person import Person, Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

OTHERS_FRAMES = """(videos) => videos.map((one) =>
  one.paused || !one.videoWidth ? 0 : one.getVideoPlaybackQuality().totalVideoFrames)"""


async def meets(person: Person, others: int) -> None:
    """That many others are seen moving and are heard."""
    videos = person.at("remote-video")
    await expect(videos).to_have_count(others, timeout=30_000)
    began: list[int] = []

    async def is_so() -> bool:
        now: list[int] = await videos.evaluate_all(OTHERS_FRAMES)
        if len(began) != others or any(new < old for new, old in zip(now, began, strict=False)):
            began[:] = now  # another element: it counts anew
        moves = len(now) == others and all(
            new > old + 3 for new, old in zip(now, began, strict=True)
        )
        return moves and (await person.counted())["voices"] >= others

    await until(is_so, f"{person.name} sees and hears {others} others", 45)


async def all_meet(*people: Person) -> None:
    await asyncio.gather(*(meets(each, len(people) - 1) for each in people))


@pytest.mark.parametrize("programme", ["sealed", "plain"])
async def test_four_see_and_hear_each_other_whoever_reloads_or_goes_and_comes_back(
    people: Stage, office: Office, programme: str
) -> None:
    booking = await office.book(programme, companions=["通訳", "ご家族"])
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    interpreter, relative = [
        await people.person(name, booking.links[name]) for name in ("companion-1", "companion-2")
    ]
    everybody = (seeker, supporter, interpreter, relative)
    await asyncio.gather(*(each.comes() for each in everybody))
    await supporter.admits()  # everybody who waits
    await all_meet(*everybody)

    await seeker.reloads()
    await all_meet(*everybody)

    await interpreter.at("step-out").click()
    await all_meet(seeker, supporter, relative)
    await interpreter.at("return").click()
    await all_meet(*everybody)

    if programme == "sealed":  # the one with shared screens
        await supporter.at("share-screen").click()
        await asyncio.gather(*(sees_a_screen(each) for each in everybody if each is not supporter))
        await supporter.at("share-screen").click()
    await seeker.ends()
    await office.ends(booking.id, "completed", None)


async def sees_a_screen(person: Person) -> None:
    screen = person.at("screen-video")
    await screen.wait_for(timeout=30_000)

    async def is_shown() -> bool:
        return bool(await screen.evaluate("(video) => video.videoWidth > 0 && !video.paused"))

    await until(is_shown, f"{person.name} sees the shared screen", 30)
