"""The supporter's own way, with all that can be pressed in a browser; and desk and board, at both browsers."""

from __future__ import annotations

import asyncio

import pytest

from tests.browser.both.pairs import CHROMIUM, pairs
from tests.browser.both.test_devices import ASKING, SEEKER, check, sees_moving, shy
from tests.browser.both.test_way import ELSEWHERE
from tests.browser.firefox import CAMERA_REFUSED
from tests.browser.office import Office
from tests.browser.person import DESK, Launch, Stage, same_code, see_each_other

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
]


@pairs("Chromium Chromium", long=("Chromium Firefox",))
async def test_a_supporters_reload_at_every_step_costs_nothing(
    people: Stage, office: Office
) -> None:
    booking = await office.book("sealed", starts_in=12)
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    both = (seeker, supporter)
    await seeker.comes()
    await supporter.arrives()

    await supporter.reloads()
    await supporter.is_at("door")
    await supporter.agrees()
    await supporter.is_at("check")
    await supporter.reloads()
    await supporter.is_at("check")
    await supporter.presses("join")
    await supporter.is_at("lobby")
    await supporter.reloads()
    await supporter.is_at("lobby")

    await supporter.admits()
    await see_each_other(*both)
    code = await same_code(*both)
    await supporter.reloads()
    await see_each_other(*both)
    assert await same_code(*both) == code

    await supporter.asks_to_end()
    await seeker.sees("confirm-end")
    await supporter.reloads()
    await see_each_other(*both)
    await seeker.presses("confirm-end")  # what was asked before the reload still is
    await asyncio.gather(*(each.is_told("completed", None) for each in both))
    await supporter.reloads()
    await supporter.is_told("completed", None)
    ended = await office.ends(booking.id, "completed", None)
    assert ended["reason"] == "both_agreed"


@pairs(long=("Chromium Chromium", "Chromium Firefox"))
async def test_back_and_forward_lead_a_supporter_to_where_one_was(
    people: Stage, office: Office
) -> None:
    booking = await office.book("sealed", starts_in=12)
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    both = (seeker, supporter)
    for each in both:
        each.forgiven += ELSEWHERE
    await seeker.comes()
    await supporter.page.goto(office.base_url)
    await supporter.arrives()

    await supporter.leaves_and_comes_back()
    await supporter.is_at("door")
    await supporter.agrees()
    await supporter.is_at("check")
    await supporter.goes_back()
    await supporter.is_at("door")
    await supporter.goes_forward()
    await supporter.is_at("check")
    await supporter.presses("join")
    await supporter.is_at("lobby")
    await supporter.leaves_and_comes_back()
    await supporter.is_at("lobby")

    await supporter.admits()
    await see_each_other(*both)
    code = await same_code(*both)
    await supporter.leaves_and_comes_back()
    await see_each_other(*both)
    assert await same_code(*both) == code
    shown = await office.phase(booking.id, "live")
    assert shown["verdict"] is None

    await seeker.ends()
    await supporter.is_told("completed", None)
    await supporter.leaves_and_comes_back()
    await supporter.is_told("completed", None)
    await office.ends(booking.id, "completed", None)


@pytest.mark.parametrize("name", SEEKER)
@pairs("Chromium")
async def test_a_supporter_who_refuses_the_camera_is_heard_and_sees(
    people: Stage, office: Office, launch: Launch, name: str
) -> None:
    booking = await office.book("sealed")
    async with shy(name, launch, ASKING, CAMERA_REFUSED) as browser:
        seeker = await people.seeker(booking)
        supporter = await people.supporter(booking, browser=browser, permissions=["microphone"])
        await supporter.arrives()
        await supporter.agrees()
        await check(supporter, "ok", "denied")
        await supporter.presses("join")
        await supporter.is_at("lobby")
        await seeker.comes()
        await supporter.admits()
        await asyncio.gather(sees_moving(supporter), seeker.hears())
        await supporter.hears()
        await seeker.reads("no-picture", "カメラ")
        await seeker.ends()
        await office.ends(booking.id, "completed", None)
        await people.sends_home(supporter)


@pairs("Chromium Firefox", long=(f"{CHROMIUM} {CHROMIUM}",))
async def test_desk_and_board_follow_a_session(people: Stage, office: Office) -> None:
    booking = await office.book("talk", starts_in=30, seeker_reference="A-2031")
    token = await office.staff_token(f"相談員{office.supporters}", "supporter")
    desk = await people.person("supporter", f"{office.base_url}/desk#{token}", viewport=DESK)
    await desk.page.goto(desk.link)
    await desk.sees("day-session")
    board = await people.person(
        "supporter", f"{office.base_url}/board#{office.token}", viewport=DESK
    )
    await board.page.goto(board.link)
    await board.sees("lane")

    seeker = await people.seeker(booking)
    await seeker.comes()
    await desk.reads("waits", "さくら14 さんがお待ちです")
    await desk.presses("noted-open")
    await desk.reads("noted", "A-2031")

    await board.presses("view-cards")
    await board.page.locator('input[type="search"]').fill(booking.id)
    card = f'[data-session-id="{booking.id}"]'
    await board.page.locator(card).first.click()
    await board.sees("drawer")
    await board.reads("drawer", "さくら14")
    await board.page.locator(f'{card}[data-phase="waiting"]').first.wait_for(timeout=45_000)
    await board.presses("drawer-close")
    await board.sees_no("drawer")
