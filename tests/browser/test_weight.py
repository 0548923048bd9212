"""What the pages weigh: a seeker's telephone pays for every byte, and waits for it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.office import Office
from tests.browser.person import Stage, see_each_other
from tests.browser.scales import Scales

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SEEKERS_PAGE = 150_000
"""Bytes from the link to the picture, headers and all."""
RELOAD = 6_000
"""Bytes of a reload: the page alone."""
STAFFS_PAGE = 150_000
REQUESTS = 10
VERSION = re.compile(r"/v\.[0-9a-f]{12}/")


def listed(scales: Scales) -> str:
    """The heaviest first, for whom the test fails."""
    heaviest = sorted(scales.loaded, key=lambda one: -one[1])
    return "\n".join(f"{size:7} {path}" for path, size in heaviest[:20])


async def test_the_seekers_page_is_light_up_to_the_picture_and_a_reload_is_nothing(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    await supporter.comes()
    scales = await Scales.under(seeker.page)
    await seeker.arrives()
    at_the_door = scales.bytes
    await seeker.joins()
    await supporter.admits()
    await see_each_other(seeker, supporter)
    assert 0 < at_the_door <= scales.bytes <= SEEKERS_PAGE, listed(scales)

    paths = [VERSION.sub("/", path) for path, _ in scales.loaded]
    assert len(paths) == len(set(paths)), "nothing is loaded twice"
    scales.clear()
    await seeker.reloads()
    await see_each_other(seeker, supporter)
    assert scales.bytes <= RELOAD, listed(scales)
    await seeker.ends()
    await office.ends(booking.id, "completed", None)


@pytest.mark.parametrize("name", ["board", "desk", "room"])
async def test_a_page_stands_after_few_requests(people: Stage, office: Office, name: str) -> None:
    token = await office.staff_token("はまべ", "supporter") if name == "desk" else office.token
    visitor = await people.person("visitor", f"{office.base_url}/{name}#{token}")
    scales = await Scales.under(visitor.page)
    await visitor.page.goto(visitor.link)
    await expect(visitor.page.locator("#static")).to_have_count(0)
    assert scales.bytes <= STAFFS_PAGE, listed(scales)
    assert len(scales.loaded) <= REQUESTS, listed(scales)
