"""Stories of the office: the supporter's desk, the scheduler's board."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from playwright.async_api import expect

from tests.browser.person import DESK
from tests.screens.scene import COUNTERS, GUESTS, Scene


async def desk(scene: Scene) -> None:
    """A supporter's day."""
    counter = scene.counter()
    guests = GUESTS[scene.language]
    soon = await scene.office.book(
        "counter", starts_in=60, seeker_name=guests[0], supporter=counter
    )
    for number, hours in enumerate((1, 2)):
        starts_at = datetime.now(UTC) + timedelta(hours=hours)
        await scene.office.book_at("counter", starts_at, counter, seeker_name=guests[number + 1])
    token = await scene.office.supporter_token(counter)
    supporter = await scene.people.person(
        "desk", f"{scene.office.base_url}/desk#{token}", viewport=DESK
    )
    await supporter.page.goto(supporter.link)
    await supporter.page.locator(f'[data-session-id="{soon.id}"]').first.wait_for()
    await scene.takes("desk-morning", supporter)
    seeker = await scene.people.seeker(soon)
    await seeker.comes()
    await supporter.page.get_by_test_id("waits").first.wait_for(timeout=15_000)
    await scene.takes("desk-waits", supporter)


async def empty_desk(scene: Scene) -> None:
    """A day with nothing in it."""
    token = await scene.office.supporter_token(scene.counter())
    supporter = await scene.people.person(
        "desk", f"{scene.office.base_url}/desk#{token}", viewport=DESK
    )
    await supporter.page.goto(supporter.link)
    await expect(supporter.page.locator("#static")).to_have_count(0)
    await scene.takes("desk-empty", supporter)


async def busy(scene: Scene) -> None:
    """Bookings of a day; few of them are over, since nobody books into the past."""
    guests, office = GUESTS[scene.language], scene.office
    now = datetime.now(UTC)
    grid = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
    for number, counter in enumerate(COUNTERS[scene.language]):
        for round_ in range(3):
            starts_at = grid + timedelta(minutes=10 + 15 * (number % 4) + 50 * round_)
            guest = guests[(number + round_) % len(guests)]
            await office.book_at("counter", starts_at, f"{counter} B", seeker_name=guest)


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
    await expect(scheduler.page.locator(f'[data-session-id="{live.id}"]').first).to_be_visible()
    await scene.takes("board", scheduler)
    await scene.takes("board-dark", scheduler)
    for name, session in (
        ("board-live", live),
        ("board-scheduled", ahead),
        ("board-ended", broken),
    ):
        await scheduler.page.locator(f'[data-session-id="{session.id}"]').first.click()
        history = scheduler.at("drawer").get_by_test_id("history").get_by_role("listitem")
        await expect(history).not_to_have_count(0)
        await scene.takes(name, scheduler)
    await scheduler.at("drawer").get_by_test_id("overrule").click()
    await scheduler.sees("form")
    await scene.takes("board-overrule", scheduler)
