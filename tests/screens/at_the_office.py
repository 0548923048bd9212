"""Stories of the office: the supporter's desk, the scheduler's board."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from playwright.async_api import Route, expect

from tests.browser.person import DESK, Person
from tests.screens.in_the_room import talking
from tests.screens.past import the_day_before, this_morning, waits_in_vain
from tests.screens.programmes import ZONE
from tests.screens.scene import GUESTS, NOTED, START_S, Scene, hears

BOARD = {
    "ja": "いずみ うみかぜ かえで きりしま くすのき しらかば すばる たちばな ななほし ひだまり ふたば みなみ やまなみ",
    "en": "Iris Juniper Kestrel Linden Maple Nettle Orchid Poppy Quince Rowan Sorrel Thyme Willow",
}
REPORT = {
    "ja": "窓口の端末が再起動しました。機器の担当に確認中です。",
    "en": "The computer at the counter started anew; being looked into.",
}
SETTLED = {"ja": "電源の不良でした。交換済みです。", "en": "It was the power supply; exchanged."}


async def desk(scene: Scene) -> None:
    """A supporter's day."""
    counter = scene.counter()
    noted = {"seeker_reference": "M-2026-0417", "seeker_note": NOTED[scene.language]}
    soon = await scene.books(starts_in=60, supporter=counter, **noted)
    later = [
        await scene.books(starts_in=3600 * hours, supporter=counter, guest=hours)
        for hours in (1, 2)
    ]
    supporter = await at_the_desk(scene, counter)
    await supporter.at("day-session").first.wait_for()
    await scene.takes("desk-morning", supporter)
    await supporter.at("noted-open").click()
    await supporter.sees("noted-close")
    await scene.takes("desk-noted", supporter, at="noted")
    seeker = await scene.people.seeker(soon)
    await seeker.comes()
    await scene.office.until(
        soon.id, lambda s: any(each["present"] for each in s["participants"]), "the seeker is there"
    )
    await scene.takes("desk-waits", supporter)
    await scene.takes("desk-dark", supporter)
    path = f"/api/v1/sessions/{later[0].id}/cancel"
    await scene.office.call("POST", path, json={"by": "seeker", "channel": "telephone"})
    await supporter.page.locator(
        f'[data-testid="day-session"][data-session="{later[0].id}"]'
    ).click()
    await supporter.sees("outcome")
    await scene.takes("desk-over", supporter)
    await supporter.at("record").click()
    history = supporter.at("drawer").get_by_test_id("history").get_by_role("listitem")
    await expect(history).not_to_have_count(0)
    await scene.takes("desk-record", supporter)


async def at_the_desk(scene: Scene, counter: str) -> Person:
    """A supporter who has been booked, at the own desk."""
    token = await scene.office.staff_token(counter, "supporter")
    link = f"{scene.office.base_url}/desk#{token}"
    supporter = await scene.people.person("desk", link, viewport=DESK)
    await supporter.page.goto(supporter.link)
    return supporter


async def empty_desk(scene: Scene) -> None:
    """A day with nothing in it."""
    supporter = await at_the_desk(scene, scene.counter())
    await expect(supporter.page.locator("#static")).to_have_count(0)
    await scene.takes("desk-empty", supporter)


async def rings(scene: Scene) -> None:
    """The supporter is in the room, the seeker is nowhere: the server rings."""
    counter = scene.counter()
    booking = await scene.books(supporter=counter)
    supporter = await scene.people.supporter(booking)
    await supporter.comes()
    await scene.office.phase(booking.id, "waiting", START_S)
    watching = await at_the_desk(scene, counter)
    await expect(watching.at("ring")).to_have_text(scene.says("desk", "today.rings"))
    await scene.takes("desk-rings", watching)


def names(scene: Scene) -> list[str]:
    """The counters of a large office, which no other story has."""
    return BOARD[scene.language].split()


async def busy(scene: Scene) -> None:
    """Bookings of a day; few of them are over, since nobody books into the past."""
    now = datetime.now(UTC)
    since_grid = now.minute % 5 * 60 + now.second
    for number, counter in enumerate(names(scene)):
        for round_ in range(3):
            ahead = 60 * (5 * (number % 5) + (40 + 5 * (number % 3)) * round_) - since_grid
            guest = number * 3 + round_
            await scene.books(starts_in=max(1, ahead - 30), supporter=counter, guest=guest)


async def board(scene: Scene) -> None:
    """The board of a busy day, and what it opens up."""
    await busy(scene)
    (live, caller, _), (broken, gone, _) = await asyncio.gather(
        talking(scene, guest=3), talking(scene, "graceless", guest=5)
    )
    await gone.closes_the_page()
    ahead = await scene.books(starts_in=1200, guest=6)
    await scene.office.phase(broken, "ended", 60)
    report = {"kind": "technical", "note": REPORT[scene.language]}
    made = await scene.office.call("POST", f"/api/v1/sessions/{broken}/incidents", 201, json=report)
    scheduler = await scene.board()
    await scheduler.page.goto(scheduler.link)
    await scheduler.page.locator("[data-session-id]").first.wait_for()
    await scheduler.sees("todo-item")
    morning = this_morning(await of_today(scene), ahead.id, GUESTS[scene.language])
    for row in morning:
        await hears(scheduler, {"type": "board_row", "session": row})
    await scheduler.page.locator(f'[data-session-id="{morning[0]["id"]}"]').wait_for()
    await scene.takes("board", scheduler)
    await scene.takes("board-dark", scheduler)
    await scheduler.at("view-cards").click()
    await scene.takes("board-cards", scheduler)
    await scheduler.at("view-lanes").click()
    late = waits_in_vain(await of_today(scene), datetime.now(UTC))
    await hears(scheduler, {"type": "board_row", "session": late})
    await scheduler.sees("soon-item")
    await scene.takes("board-soon", scheduler)
    await scheduler.at("keys").click()
    await scheduler.sees("form")
    await scene.takes("board-keys", scheduler, "form")
    await scheduler.page.keyboard.press("Escape")
    await books(scene, scheduler)
    find = scheduler.page.locator("input[type=search]")
    await find.fill("やまびこ" if scene.language == "ja" else "Yew")
    await scheduler.sees("none")
    await scene.takes("board-nothing", scheduler)
    drawer = scheduler.at("drawer")
    for name, session in (
        ("board-live", live),
        ("board-scheduled", ahead.id),
        ("board-ended", broken),
    ):
        await find.fill(session)  # whatever is out of sight is not in the page
        await scheduler.page.locator(f'[data-session-id="{session}"]').click()
        await find.fill("")
        await expect(drawer.get_by_test_id("history").get_by_role("listitem")).not_to_have_count(0)
        await scene.takes(name, scheduler)
        if session == live:
            await drawer.get_by_test_id("act-end").click()
            await scheduler.sees("form")
            await scene.takes("board-end", scheduler, "form")
            await scheduler.page.keyboard.press("Escape")
            await scheduler.sees_no("form")
        if session == ahead.id:
            for action in ("board-correct", "board-reassign", "board-cancel"):
                await drawer.get_by_test_id(action.replace("board", "act")).click()
                await scheduler.sees("form")
                await scene.takes(action, scheduler, "form")
                await scheduler.page.keyboard.press("Escape")
                await scheduler.sees_no("form")
    await drawer.get_by_test_id("overrule").click()
    await scheduler.sees("form")
    await scene.takes("board-overrule", scheduler, "form")
    await scheduler.page.keyboard.press("Escape")
    await drawer.get_by_test_id("standing").first.click()
    await scheduler.at("form").get_by_test_id("standing").wait_for()
    await scene.takes("board-standing", scheduler, "form")
    await scheduler.page.keyboard.press("Escape")
    await scheduler.at("drawer-close").click()
    [incident] = made["incidents"]
    path = f"/api/v1/sessions/{broken}/incidents/{incident['id']}/resolve"
    await scene.office.call("POST", path, json={"note": SETTLED[scene.language]})
    await scheduler.sees("todo-ticked")
    await scene.takes("board-ticked", scheduler)
    await caller.closes_the_page()
    await scene.office.phase(live, "interrupted", 60)
    await find.fill(live)
    await scheduler.page.locator(f'[data-session-id="{live}"]').click()
    await find.fill("")
    await drawer.get_by_test_id("act-hold").click()
    await scheduler.sees("form")
    await scene.takes("board-hold", scheduler, "form")


async def books(scene: Scene, scheduler: Person) -> None:
    """A booking by hand, for the next day."""
    await scheduler.at("book").click()
    form = scheduler.at("form")
    say = partial(scene.says, "board")
    await form.get_by_label(say("board.booking.programme")).select_option("counter")
    await form.get_by_label(say("who.supporter"), exact=True).select_option(names(scene)[0])
    starts = form.get_by_label(say("board.booking.starts_at"), exact=True)
    tomorrow = datetime.now(ZoneInfo(ZONE)) + timedelta(days=1)
    await starts.fill(f"{tomorrow:%Y-%m-%d}T16:00")
    await form.get_by_label(say("board.booking.seeker_name")).fill(GUESTS[scene.language][7])
    await scene.takes("board-book", scheduler, "form")
    await form.get_by_test_id("form-submit").click()
    await form.get_by_test_id("new-link").first.wait_for()
    await scene.takes("board-booked", scheduler, "form")
    await scheduler.page.keyboard.press("Escape")
    await scheduler.at("drawer-close").click()
    await scene.takes("board-tomorrow", scheduler)
    await scheduler.at("day-today").click()
    await scheduler.page.locator("[data-session-id]").first.wait_for()


async def of_today(scene: Scene) -> dict[str, Any]:
    """What the server says of today."""
    today = datetime.now(ZoneInfo(ZONE)).date()
    told: dict[str, Any] = await scene.office.call("GET", f"/api/v1/days/{today}")
    return told


async def past(scene: Scene) -> None:
    """The board of the day before."""
    booking = await scene.books(starts_in=60)
    today = await of_today(scene)
    told = the_day_before(today, booking.id, names(scene), GUESTS[scene.language])
    scheduler = await scene.board()

    async def is_told(route: Route) -> None:
        await route.fulfill(json=told)

    await scheduler.page.route(f"**/api/v1/days/{told['day']['date']}", is_told)
    await scheduler.page.goto(scheduler.link)
    await scheduler.page.locator("[data-session-id]").first.wait_for()
    await scheduler.at("day-before").click()
    await scheduler.sees("numbers")
    await scene.takes("board-past", scheduler, at="numbers")
    stranger = await scene.visitor(f"/board#mdg_{'x' * 22}")
    await stranger.page.goto(stranger.link)
    await stranger.is_refused("token_unknown")
    await scene.takes("board-refused", stranger)
