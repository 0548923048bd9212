"""Stories of the office: the supporter's desk, the scheduler's board."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from playwright.async_api import expect

from tests.browser.person import DESK
from tests.screens.scene import COUNTERS, Scene

NOTED = {
    "ja": "職務経歴書の下書きをお持ちです。前回は志望動機まで。",
    "en": "Brings a draft of the CV. Last time: reasons for applying.",
}


async def desk(scene: Scene) -> None:
    """A supporter's day."""
    counter = scene.counter()
    noted = {"seeker_reference": "M-2026-0417", "seeker_note": NOTED[scene.language]}
    soon = await scene.books(starts_in=60, supporter=counter, **noted)
    for hours in (1, 2):
        await scene.books(starts_in=3600 * hours, supporter=counter, guest=hours)
    token = await scene.office.staff_token(counter, "supporter")
    supporter = await scene.people.person(
        "desk", f"{scene.office.base_url}/desk#{token}", viewport=DESK
    )
    await supporter.page.goto(supporter.link)
    await supporter.at("day-session").first.wait_for()
    await scene.takes("desk-morning", supporter)
    await supporter.at("noted-open").click()
    await supporter.sees("noted-close")
    await scene.takes("desk-noted", supporter)
    seeker = await scene.people.seeker(soon)
    await seeker.comes()
    await scene.office.until(
        soon.id, lambda s: any(each["present"] for each in s["participants"]), "the seeker is there"
    )
    await scene.takes("desk-waits", supporter)


async def empty_desk(scene: Scene) -> None:
    """A day with nothing in it."""
    token = await scene.office.staff_token(scene.counter(), "supporter")
    supporter = await scene.people.person(
        "desk", f"{scene.office.base_url}/desk#{token}", viewport=DESK
    )
    await supporter.page.goto(supporter.link)
    await expect(supporter.page.locator("#static")).to_have_count(0)
    await scene.takes("desk-empty", supporter)


async def busy(scene: Scene) -> None:
    """Bookings of a day; few of them are over, since nobody books into the past."""
    now = datetime.now(UTC)
    since_grid = now.minute % 5 * 60 + now.second
    for number, counter in enumerate(COUNTERS[scene.language]):
        for round_ in range(3):
            starts_in = 60 * (10 + 15 * (number % 4) + 50 * round_) - since_grid
            await scene.books(starts_in=starts_in, supporter=f"{counter} 9", guest=number + round_)


async def board(scene: Scene) -> None:
    """The board of a busy day, and what it opens up."""
    await busy(scene)
    live = await scene.books(starts_in=2)
    broken = await scene.books("graceless", starts_in=2)
    await asyncio.gather(*(scene.people.call(each) for each in (live, broken)))
    gone = next(each for each in scene.people.people if each.link == broken.links["seeker"])
    await gone.closes_the_page()
    await scene.office.phase(broken.id, "ended", 60)
    ahead = await scene.books(starts_in=1200)
    scheduler = await scene.board()
    await scheduler.page.goto(scheduler.link)
    await scheduler.page.locator("[data-session-id]").first.wait_for()
    await scene.takes("board", scheduler)
    await scene.takes("board-dark", scheduler)
    await scheduler.at("view-cards").click()
    await scene.takes("board-cards", scheduler)
    await scheduler.at("view-lanes").click()
    await scheduler.at("keys").click()
    await scheduler.sees("form")
    await scene.takes("board-keys", scheduler)
    await scheduler.page.keyboard.press("Escape")
    for name, session in (
        ("board-live", live),
        ("board-scheduled", ahead),
        ("board-ended", broken),
    ):
        find = scheduler.page.locator("input[type=search]")
        await find.fill(session.id)  # whatever is out of sight is not in the page
        await scheduler.page.locator(f'[data-session-id="{session.id}"]').click()
        await find.fill("")
        history = scheduler.at("drawer").get_by_test_id("history").get_by_role("listitem")
        await expect(history).not_to_have_count(0)
        await scene.takes(name, scheduler)
    await scheduler.at("drawer").get_by_test_id("overrule").click()
    await scheduler.sees("form")
    await scene.takes("board-overrule", scheduler)
