"""A telephone that is turned, while its owner waits and while they talk: everything goes on, and can be pressed."""

from __future__ import annotations

import asyncio

import pytest

from tests.browser.both.pairs import pairs
from tests.browser.office import Office
from tests.browser.person import PHONE, Person, Stage, see_each_other

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SIDEWAYS = {"width": PHONE["height"], "height": PHONE["width"]}
FITS = """() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth <= clientWidth;
}"""
REACHED = """(all) => all.filter((one) => one.checkVisibility()).map((one) => {
  const box = one.getBoundingClientRect();
  const isIn = box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
  const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return isIn && box.width >= 43 && box.height >= 43 && one.contains(hit) ? null : one.dataset.testid;
}).filter(Boolean)"""
"""Controls that cannot be pressed where they are."""


async def is_whole(person: Person) -> None:
    """Nothing is cut off at the side."""
    assert await person.page.evaluate(FITS), "it scrolls sideways"


@pytest.mark.timeout(180)
@pairs("Chromium Chromium", long=("Firefox Chromium",))
async def test_turning_the_phone_changes_nothing_but_the_page(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk", starts_in=8)
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    await asyncio.gather(seeker.comes(), supporter.comes())
    life = await seeker.life()
    for size in (SIDEWAYS, PHONE):
        await seeker.turns(size)
        await seeker.is_at("lobby")
        await is_whole(seeker)
        assert await seeker.at("countdown").first.is_visible()
    await supporter.admits()
    await see_each_other(seeker, supporter)
    peers = (await seeker.carried())["peers"]
    for size in (SIDEWAYS, PHONE, SIDEWAYS):
        await seeker.turns(size)
        await see_each_other(seeker, supporter)
        await is_whole(seeker)
        assert await seeker.at("countdown").first.is_visible(), "the time that is left"
        controls = seeker.page.locator(".call__ctl button")
        assert await controls.evaluate_all(REACHED) == []
    await seeker.presses("end")  # a question fits too
    await seeker.sees("confirm-end")
    await seeker.turns(PHONE)
    await seeker.presses("confirm-end")
    await seeker.is_told("completed", None)
    assert await seeker.life() == life
    assert (await seeker.carried())["peers"] == peers, "the same media connection all the time"
