"""The whole way of seeker and supporter; loading anew, back and forward at every step of it; two tabs, two devices."""

from __future__ import annotations

import asyncio

import pytest

from tests.browser.both.pairs import pairs
from tests.browser.office import Office, seat
from tests.browser.person import Launch, Stage, same_code, see_each_other

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ELSEWHERE = (r"WebSocket connection to .* failed", r"can.t establish a connection", r"interrupted")
"""What browsers say of a socket that was open when the page was left."""


@pytest.mark.timeout(180)
@pairs("Firefox Chromium", long=("Chromium Firefox", "Firefox Firefox"))
async def test_from_the_link_to_the_next_booking(people: Stage, office: Office) -> None:
    booking = await office.book("sealed", starts_in=2)
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    both = (seeker, supporter)
    await supporter.arrives()
    await seeker.arrives()
    await seeker.is_at("door")
    await seeker.agrees()
    await seeker.is_at("check")
    await seeker.presses("join")
    await seeker.is_at("lobby")
    await supporter.joins()
    await supporter.admits()
    await see_each_other(*both)
    await asyncio.gather(*(each.hears() for each in both))
    await same_code(*both)

    await supporter.presses("tab-chat")
    await supporter.writes("聞こえていますか")
    await seeker.reads("unread", "1")
    await seeker.presses("chat")
    await seeker.reads("chat-drawer", "聞こえていますか")
    await seeker.writes("はい、<b>聞こえて</b>います")
    await supporter.reads("chat-drawer", "はい、<b>聞こえて</b>います")
    for each in both:
        await each.page.keyboard.press("Escape")
        await each.sees_no("chat-drawer")

    await seeker.presses("more")
    await seeker.presses("menu-next")
    await seeker.chooses()
    await seeker.reads("next-booked", ":")
    await seeker.presses("sheet-back")

    await supporter.asks_to_end()
    await seeker.presses("refuse-end")
    await seeker.sees_no("refuse-end")
    await see_each_other(*both)
    await supporter.asks_to_end()
    await seeker.presses("confirm-end")
    await asyncio.gather(*(each.is_told("completed", None) for each in both))
    ended = await office.ends(booking.id, "completed", None)
    assert ended["reason"] == "both_agreed"
    assert ended["following"]["state"] == "chosen"
    for each in both:
        await each.reads("next-booked", ":")
        assert (await each.carried())["state"] == "closed", "nothing of anybody leaves the device"


@pytest.mark.timeout(180)
@pairs("Chromium Chromium", long=("Firefox Chromium",))
async def test_a_reload_at_every_step_costs_nothing(people: Stage, office: Office) -> None:
    booking = await office.book("sealed", starts_in=12)
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    both = (seeker, supporter)
    await supporter.comes()
    await seeker.arrives()

    await seeker.reloads()
    await seeker.is_at("door")
    await seeker.agrees()
    await seeker.is_at("check")
    await seeker.reloads()
    await seeker.is_at("check")  # what was agreed to for this link still is
    await seeker.presses("join")
    await seeker.is_at("lobby")
    await seeker.reloads()
    await seeker.is_at("lobby")

    await supporter.admits()
    await see_each_other(*both)
    code, life = await same_code(*both), await seeker.life()
    await seeker.reloads()
    await see_each_other(*both)
    assert await same_code(*both) == code
    assert await seeker.life() > life, "it is another document"

    await supporter.asks_to_end()
    await seeker.sees("refuse-end")
    await seeker.reloads()
    await seeker.presses("refuse-end")  # the question is still open
    await see_each_other(*both)

    await seeker.steps_out()
    await seeker.is_at("away")
    await office.phase(booking.id, "interrupted")
    await seeker.reloads()
    await see_each_other(*both)  # who opens the page again is back
    await office.phase(booking.id, "live")

    await seeker.ends()
    await seeker.is_told("completed", None)
    for each in both:
        await each.reloads()
        await each.is_told("completed", None)
    ended = await office.ends(booking.id, "completed", None)
    assert ended["reason"] == "seeker_ended", "a reload is not a way out"


@pytest.mark.timeout(180)
@pairs("Chromium Chromium", long=("Firefox Chromium",))
async def test_back_and_forward_at_every_step_lead_to_where_one_was(
    people: Stage, office: Office
) -> None:
    booking = await office.book("sealed", starts_in=12)
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    both = (seeker, supporter)
    for each in both:
        each.forgiven += ELSEWHERE
    await supporter.comes()
    await seeker.page.goto(office.base_url)
    await seeker.arrives()

    await seeker.leaves_and_comes_back()
    await seeker.is_at("door")
    await seeker.agrees()
    await seeker.is_at("check")
    await seeker.goes_back()
    await seeker.is_at("door")
    await seeker.goes_forward()
    await seeker.is_at("check")
    await seeker.leaves_and_comes_back()
    await seeker.is_at("check")
    await seeker.presses("join")
    await seeker.is_at("lobby")
    await seeker.leaves_and_comes_back()
    await seeker.is_at("lobby")
    await seeker.goes_back(2)
    await seeker.is_at("door")
    await seeker.presses("continue")
    await seeker.is_at("lobby")
    await seeker.goes_back()
    await seeker.is_at("check")

    await supporter.admits()  # who looks back is in the waiting room all the same
    await see_each_other(*both)
    code, life = await same_code(*both), await seeker.life()
    await seeker.goes_back()
    await seeker.sees("confirm-end")  # the ways out, and nobody falls out
    await seeker.goes_back()
    await seeker.sees_no("confirm-end")
    await see_each_other(*both)
    assert await seeker.life() == life, "it is the same document"
    await seeker.leaves_and_comes_back()
    await see_each_other(*both)
    assert await same_code(*both) == code
    shown = await office.phase(booking.id, "live")
    assert shown["verdict"] is None

    await seeker.ends()
    await seeker.is_told("completed", None)
    await seeker.leaves_and_comes_back()
    await seeker.is_told("completed", None)
    await seeker.goes_back()
    await seeker.is_elsewhere()  # there is no step to go back to any more
    await office.ends(booking.id, "completed", None)


@pairs(long=("Firefox Chromium", "Chromium Firefox"))
async def test_a_second_tab_takes_over_and_a_second_device_asks(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    seeker, supporter = await people.call(booking)

    tab = await people.person("seeker", seeker.link, seeker.page.context)
    await tab.page.goto(tab.link)
    await seeker.is_refused("opened_elsewhere")
    await see_each_other(tab, supporter)

    other = await people.seeker(booking)
    await other.page.goto(other.link)
    await tab.presses("claim-no")
    await other.is_refused("device_refused")
    await see_each_other(tab, supporter)

    tablet = await people.seeker(booking)
    await tablet.page.goto(tablet.link)
    await tab.presses("claim-yes")
    await tab.is_refused("opened_elsewhere")
    await tablet.switches_on()
    await see_each_other(tablet, supporter)
    shown = await office.phase(booking.id, "live")
    assert shown["verdict"] is None
    assert seat(shown, "seeker")["connected"]
    await tablet.ends()
    await office.ends(booking.id, "completed", None)


@pairs("Chromium Chromium", long=("Firefox Chromium",))
async def test_two_tabs_in_the_waiting_room(people: Stage, office: Office) -> None:
    booking = await office.book("talk", starts_in=60)
    seeker = await people.seeker(booking)
    await seeker.comes()
    tab = await people.person("seeker", seeker.link, seeker.page.context)
    await tab.page.goto(tab.link)
    assert "別の" in await seeker.is_refused("opened_elsewhere")
    await tab.is_at("lobby")
    # What was taken over does not take back by itself; a press does.
    await seeker.reloads()
    await tab.is_refused("opened_elsewhere")
    await seeker.is_at("lobby")
    assert await office.events(booking.id, "device.asked") == []


NAVIGATION = "() => performance.getEntriesByType('navigation')[0].type"


@pairs("Chromium", long=("Firefox",))
async def test_a_page_out_of_the_browsers_memory_is_loaded_anew(
    people: Stage, office: Office, launch: Launch
) -> None:
    booking = await office.book("talk", starts_in=60)
    remembering = await launch(ignore_default_args=["--disable-back-forward-cache"])
    if people.browsers["seeker"] is people.browser:
        people.browsers["seeker"] = remembering
    seeker = await people.seeker(booking)
    await seeker.page.goto(office.base_url)
    await seeker.comes()
    tab = await people.person("seeker", seeker.link, seeker.page.context)
    await tab.page.goto(tab.link)
    await seeker.is_refused("opened_elsewhere")  # it holds no line any more, so it may be kept
    await seeker.leaves_and_comes_back()
    await seeker.is_at("lobby")
    assert await seeker.page.evaluate(NAVIGATION) == "reload", "it was out of the memory"
    await tab.is_refused("opened_elsewhere")
    await people.sends_home(seeker)
    await remembering.close()
