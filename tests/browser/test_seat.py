"""One seat a person: another device asks, another tab takes over, a reload comes back by itself."""

from __future__ import annotations

import json

import pytest

from tests.browser.office import Office, seat
from tests.browser.person import Person, Stage, see_each_other

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_another_device_gets_in_only_with_a_yes(people: Stage, office: Office) -> None:
    booking = await office.book("talk")
    seeker, supporter = await people.call(booking)

    stranger = await people.seeker(booking)
    await stranger.page.goto(stranger.link)
    await seeker.sees("claim-no")
    await stranger.page.locator('[data-view="claim"]').first.wait_for()
    assert not await stranger.at("consent").is_visible()
    await stranger.sends('{"type": "end", "works": true}')
    await seeker.at("claim-no").click()
    await stranger.is_refused("device_refused")
    await see_each_other(seeker, supporter)
    assert (await office.session(booking.id))["phase"] == "live"

    tablet = await people.seeker(booking)
    await tablet.page.goto(tablet.link)
    await seeker.at("claim-yes").click()
    await seeker.is_refused("opened_elsewhere")
    await tablet.switches_on()
    await see_each_other(tablet, supporter)
    await office.phase(booking.id, "live")
    answers = await office.events(booking.id, "device.answered")
    assert [answer["data"]["agrees"] for answer in answers] == [False, True]
    await tablet.ends()
    await office.ends(booking.id, "completed", None)


async def test_a_reload_comes_back_by_itself_and_a_second_tab_takes_over(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    seeker, supporter = await people.call(booking)
    epoch = await last_epoch(seeker)
    supporters_life, supporters_peers = await supporter.life(), (await supporter.carried())["peers"]

    await seeker.reloads()
    await see_each_other(seeker, supporter)
    await office.phase(booking.id, "live")
    assert await last_epoch(seeker) > epoch
    assert await supporter.life() == supporters_life
    assert (await supporter.carried())["peers"] == supporters_peers, "only one side is built anew"
    await supporter.reloads()
    await see_each_other(seeker, supporter)

    device = seeker.page.context
    tab = await people.person("seeker's second tab", seeker.link, device)
    await tab.page.goto(tab.link)
    await seeker.is_refused("opened_elsewhere")
    await see_each_other(tab, supporter)
    shown = await office.phase(booking.id, "live")
    assert shown["verdict"] is None
    assert seat(shown, "seeker")["connected"]
    assert await office.events(booking.id, "device.asked") == []
    assert await office.events(booking.id, "session.ended") == []
    await tab.ends()
    await office.ends(booking.id, "completed", None)


async def last_epoch(person: Person) -> int:
    """The epoch of the newest offer that the page has had."""
    offers = await person.heard("offer")
    return max(int(json.loads(offer)["media_epoch"]) for offer in offers)
