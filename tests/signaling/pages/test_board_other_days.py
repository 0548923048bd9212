"""Days to come on the board: kept fresh, found by a name, begun at the first session, booked into by a double click."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.screens.axe import violations
from tests.signaling.pages.test_board_booking import BOOKABLE, BOOKED, POST, READ, WEEK
from tests.signaling.pages.test_board_in_a_browser import (
    answers,
    asked,
    drawer,
    event,
    form,
    session,
)
from tests.signaling.pages.test_board_timeline import slot
from tests.signaling.pages.visits import BEGAN, DESK, Visit, at, row, staff, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]

DAY = 24 * 60
"""In minutes."""
AGAIN_MS = 16_000
"""After which another day has been read again."""


def date(days: int) -> str:
    """So many days from now; these boards mean their days in UTC."""
    return (BEGAN + timedelta(days=days)).date().isoformat()


def frame(days: int, *, opens: int = 0, closes: int = 24) -> dict[str, Any]:
    """A day that is open between two hours."""
    begins = BEGAN.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)

    def hour(number: int) -> str:
        return (begins + timedelta(hours=number)).isoformat()

    return {
        "date": date(days), "time_zone": "UTC", "begins_at": hour(0), "ends_at": hour(24),
        "open": [{"begins_at": hour(opens), "ends_at": hour(closes)}],
    }  # fmt: skip


def told(days: int, *rows: dict[str, Any], **hours: int) -> dict[str, Any]:
    """What the API says of a day."""
    numbers = {
        "sessions": len(rows), "running": len(rows), "late_starts": 0, "live_minutes": 0,
        "outcomes": [],
    }  # fmt: skip
    return {"day": frame(days, **hours), "numbers": numbers, "sessions": list(rows)}


async def board(chromium: Browser, base: str, *rows: dict[str, Any], **said: Any) -> Visit:
    """The board with these sessions today; every day of the next week is empty, unless it is said otherwise."""
    week = {f"GET /days/{date(n)}": told(n) for n in range(1, 8)}
    bookable = {"GET /booking": BOOKABLE | {"sends_mail": True}}
    message = {"type": "board", "day": frame(0), "sessions": list(rows)}
    seen = await visit(chromium, f"{base}/board#mdg_x", staff(), message, size=DESK,
                       answers=week | bookable | said.pop("answers", {}), timezone_id="UTC", **said)  # fmt: skip
    await expect(seen.page.get_by_test_id("day-after")).to_be_visible()
    return seen


async def tomorrow(seen: Visit) -> None:
    """Leave today."""
    await seen.page.get_by_test_id("day-after").click()
    await expect(seen.page.get_by_test_id("day-today")).to_be_visible()


def at_noon(number: int, lane: int, **changes: Any) -> dict[str, Any]:
    """Half an hour of tomorrow, from noon."""
    begins = BEGAN.replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    away = (begins - BEGAN).total_seconds() / 60
    return slot(number, lane, away) | changes


async def test_another_day_is_read_again_while_it_is_shown_and_so_is_its_open_session(
    chromium: Browser, base: str
) -> None:
    shown = session(phase="scheduled", outcome=None, cause=None, verdict=None, reschedule=None,
                    ended_at=None, starts_at=at_noon(1, 1)["starts_at"])  # fmt: skip
    said = answers(shown) | {f"GET /days/{date(1)}": told(1, at_noon(1, 1))}
    seen = await board(chromium, base, row(9), answers=said)
    page = seen.page
    await page.clock.install()
    await tomorrow(seen)
    first = page.locator('[data-session-id="s-1"]')
    await first.get_by_role("button").click()
    await expect(drawer(seen)).to_contain_text("予定")
    await expect(drawer(seen)).not_to_contain_text("不在")
    await first.get_by_role("button").focus()
    over = {"phase": "ended", "outcome": "cancelled", "cause": "seeker", "version": 2}
    seen.answers |= answers(shown | over)
    seen.answers[f"GET /days/{date(1)}"] = told(1, at_noon(1, 1, **over), at_noon(2, 2))
    await page.clock.fast_forward(AGAIN_MS)
    await expect(page.locator('[data-session-id="s-2"]')).to_be_visible()
    await expect(first).to_have_attribute("data-phase", "ended")
    await expect(drawer(seen)).to_contain_text("取消")
    await expect(first.get_by_role("button")).to_be_focused()
    await expect(page.get_by_test_id("day-today")).to_be_visible()
    assert seen.complaints == []


async def test_a_session_of_no_shown_day_is_read_again_while_it_is_open(
    chromium: Browser, base: str
) -> None:
    shown = session(phase="scheduled", outcome=None, cause=None, verdict=None, reschedule=None)
    listed = {
        "id": "confirm_cause", "kind": "confirm_cause", "since": at(-60), "due_at": at(86400),
        "session": "s-1", "programme": "demo", "seeker_name": "さくら 1", "supporter_name": "窓口 1",
        "person": None,
    }  # fmt: skip
    said = answers(shown) | {"GET /tasks": {"tasks": [listed]}}
    seen = await board(chromium, base, row(9), answers=said)
    await seen.page.clock.install()
    await seen.page.get_by_test_id("todo-open").click()
    await expect(drawer(seen)).to_contain_text("予定")
    seen.answers |= answers(shown | {"phase": "ended", "outcome": "cancelled", "version": 2})
    await seen.page.clock.fast_forward(AGAIN_MS)
    await expect(drawer(seen)).to_contain_text("取消")


async def test_who_is_not_found_today_is_looked_for_on_the_days_to_come(
    chromium: Browser, base: str
) -> None:
    later = slot(7, 3, 3 * DAY) | {"supporter": "つばき"}
    said = {f"GET /days/{date(3)}": told(3, later)}
    seen = await board(chromium, base, row(9), answers=said)
    page = seen.page
    await page.get_by_role("searchbox").fill("つばき")
    none = page.get_by_test_id("none")
    await expect(none).to_have_text(
        f"{BEGAN.month}月{BEGAN.day}日（{'月火水木金土日'[BEGAN.weekday()]}）には、当てはまる予約はありません。"
    )
    box = await none.bounding_box()
    axis = await page.locator(".tt").bounding_box()
    assert box is not None
    assert axis is not None
    assert box["y"] < axis["y"], "over the empty day, not under it"
    assert await violations(page) == []
    await page.get_by_test_id("find-days").click()
    await expect(page.locator('[data-session-id="s-7"]')).to_be_in_viewport()
    await expect(page.locator('[data-session-id="s-7"] button')).to_be_focused()
    await expect(page.get_by_test_id("day")).to_have_value(date(3))
    await page.get_by_role("searchbox").fill("だれも")
    await page.get_by_test_id("find-days").click()
    await expect(none).to_have_text("今日から7日後までには、当てはまる予約はありません。")
    await expect(page.get_by_test_id("find-days")).to_be_hidden()
    await expect(page.get_by_role("main")).to_be_focused()
    assert seen.complaints == []


async def test_another_day_begins_at_its_first_session(chromium: Browser, base: str) -> None:
    said = {f"GET /days/{date(1)}": told(1, at_noon(1, 1))}
    seen = await board(chromium, base, slot(9, 1, 5), answers=said)
    await tomorrow(seen)
    await expect(seen.page.locator('[data-session-id="s-1"]')).to_be_in_viewport()
    left = await seen.page.locator(".tt").evaluate("(one) => one.scrollLeft")
    assert left > 0
    await seen.page.keyboard.press("n")
    await expect(seen.page.get_by_test_id("day-today")).to_be_hidden()
    await expect(seen.page.locator(".tt__now")).to_be_in_viewport()


async def test_nothing_is_said_to_be_empty_before_the_day_has_come(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/board#mdg_x", staff(), size=DESK, timezone_id="UTC")
    none = seen.page.get_by_test_id("none")
    await expect(seen.page.get_by_text("お試しの窓口")).to_be_visible()
    await expect(none).to_be_hidden()
    seen.say({"type": "board", "day": frame(0), "sessions": []})
    await expect(none).to_be_visible()


async def test_an_empty_day_has_everybodys_line_and_a_double_click_books_the_first(
    chromium: Browser, base: str
) -> None:
    said = {f"GET /days/{date(1)}": told(1, opens=9, closes=17)}
    seen = await board(chromium, base, slot(9, 5, 5), answers=said)
    await tomorrow(seen)
    lanes = seen.page.get_by_test_id("lane")
    await expect(lanes).to_have_count(3)
    assert await lanes.locator(".n b").all_text_contents() == ["あおぞら 1", "ゆうなぎ", "窓口 5"]
    await expect(seen.page.get_by_test_id("none")).to_have_text("この日の予約はありません。")
    assert await violations(seen.page) == []
    await lanes.nth(1).locator(".lane").dblclick(position={"x": 20, "y": 10})
    asking = form(seen)
    await expect(asking.get_by_label("相談員", exact=True)).to_have_value("p_2")
    await expect(asking.get_by_label("開始の日時")).to_have_value(re.compile(f"{date(1)}T09:"))
    assert seen.complaints == []


@pytest.mark.parametrize(("opens", "value"), [(9, f"{date(1)}T09:00"), (0, "")])
async def test_nothing_is_booked_for_midnight_by_itself(
    chromium: Browser, base: str, opens: int, value: str
) -> None:
    said = {f"GET /days/{date(1)}": told(1, opens=opens)}
    seen = await board(chromium, base, answers=said)
    await tomorrow(seen)
    await seen.page.keyboard.press("b")
    await expect(form(seen).get_by_label("開始の日時")).to_have_value(value)


async def test_the_form_says_until_when_what_is_outside_and_which_service_is_which(
    chromium: Browser, base: str
) -> None:
    [demo, _] = BOOKABLE["programmes"]
    north, south = ({"ja": f"{one}センター", "en": one} for one in ("北", "南"))
    windows = [{"days": WEEK, "opens": "10:00", "closes": "16:00"}]
    programmes = [
        demo | {"time_zone": "UTC", "office": north, "windows": windows},
        demo | {"name": "south", "time_zone": "UTC", "office": south},
    ]
    said = {"GET /booking": BOOKABLE | {"programmes": programmes, "sends_mail": True}}
    seen = await board(chromium, base, row(9), answers=said | answers(session(id="s-1")))
    await seen.page.get_by_test_id("book").click()
    asking = form(seen)
    kinds = asking.get_by_label("相談の種類").locator("option")
    assert await kinds.all_text_contents() == [
        "お試しの相談（北センター）",
        "お試しの相談（南センター）",
    ]
    field = asking.locator('[data-field="starts_at"]')
    await asking.get_by_label("開始の日時").fill("2031-01-15T10:30")
    await expect(field).to_contain_text("11:00まで（30分）")
    await expect(field).not_to_contain_text("外です")
    await asking.get_by_label("長さ").select_option("45")
    await asking.get_by_label("開始の日時").fill("2031-01-15T15:30")
    await expect(field).to_contain_text("16:15まで（45分）")
    await expect(field).to_contain_text("受付の時間の外です")


@pytest.mark.parametrize(
    ("sends_mail", "address", "words"),
    [
        (True, "sakura@example.org", "ご利用者へ、ご案内のメールをお送りします。"),
        (True, "", "ご利用者のメールアドレスがないので"),
        (False, None, "メールはお送りしません。リンクをお渡しください。"),
    ],
)
async def test_who_books_is_told_whether_a_mail_goes_out(
    chromium: Browser, base: str, sends_mail: bool, address: str | None, words: str
) -> None:
    said = READ | {POST: BOOKED, "GET /booking": BOOKABLE | {"sends_mail": sends_mail}}
    seen = await board(chromium, base, row(9), answers=said)
    seen.answers["GET /days/2031-01-15"] = told(0)
    await seen.page.get_by_test_id("book").click()
    asking = form(seen)
    await asking.get_by_label("相談員", exact=True).select_option("p_2")
    await asking.get_by_label("開始の日時").fill("2031-01-15T10:30")
    await asking.get_by_label("ご利用者の表示名").fill("さくら 14")
    mail = asking.locator('[data-field="seeker_mail"]')
    if address is None:
        await expect(mail).to_be_hidden()
    else:
        await expect(mail).to_contain_text("ご案内とリンクをお送りします。")
        await mail.get_by_role("textbox").fill(address)
    await asking.get_by_test_id("form-submit").click()
    await asked(seen, POST)
    await expect(form(seen).get_by_test_id("mailed")).to_contain_text(words)
    await expect(drawer(seen)).to_contain_text("お試しの相談")


async def test_nobody_is_away_from_what_is_over_or_to_come(chromium: Browser, base: str) -> None:
    over = slot(1, 1, -60, phase="ended") | {"outcome": "completed"}
    seen = await board(chromium, base, over, slot(2, 2, 90), slot(3, 3, 5, phase="open"))
    rows = seen.page.get_by_test_id("board-row")
    for view in ("lanes", "cards"):
        await seen.page.get_by_test_id(f"view-{view}").click()
        for number, count in ((1, 0), (2, 0), (3, 1)):
            one = seen.page.locator(f'[data-session-id="s-{number}"]')
            await expect(one).to_be_visible()
            assert ("不在" in await one.inner_text()) == bool(count)
    assert await rows.count() == 3


async def test_a_word_that_is_cut_off_is_read_by_pointing_at_it(
    chromium: Browser, base: str
) -> None:
    over = slot(1, 1, -60, phase="ended") | {"outcome": "cancelled", "cause": "office"}
    seen = await board(chromium, base, over)
    block = seen.page.locator('[data-session-id="s-1"] button')
    await block.hover()
    await expect(block).to_have_attribute("title", re.compile("さくら 1 取消.*窓口"))
    name = seen.page.get_by_test_id("lane").locator(".n b")
    await name.hover()
    await expect(name).to_have_attribute("title", "窓口 1")
    await seen.page.get_by_test_id("view-cards").click()
    await block.hover()
    await expect(block).to_have_attribute("title", re.compile("窓口 1 .*取消"))


@pytest.mark.parametrize(
    ("sends_mail", "words"),
    [(True, "メールアドレスを登録した方には"), (False, "メールはお送りしません。")],
)
async def test_who_gives_a_session_to_somebody_else_is_told_whether_a_mail_goes_out(
    chromium: Browser, base: str, sends_mail: bool, words: str
) -> None:
    shown = session(phase="open", outcome=None, verdict=None, reschedule=None)
    said = answers(shown) | {"GET /booking": BOOKABLE | {"sends_mail": sends_mail}}
    seen = await board(chromium, base, slot(1, 1, 5, phase="open"), answers=said)
    await seen.page.locator('[data-session-id="s-1"] button').click()
    await drawer(seen).get_by_test_id("act-reassign").click()
    await expect(form(seen)).to_contain_text(words)


async def test_what_did_not_happen_on_its_day_has_the_date_beside_the_time(
    chromium: Browser, base: str
) -> None:
    begins = DAY * 60
    shown = session(
        phase="scheduled", outcome=None, cause=None, verdict=None, ended_at=None, incidents=[],
        starts_at=at(begins), opens_at=at(begins - 600), ends_at=at(begins + 1800),
    )  # fmt: skip
    lines = [event(-60, "session.booked"), event(begins - 5, "session.moved", to="open")]
    seen = await board(chromium, base, row(1), answers=answers(shown, *lines))
    await seen.page.locator('[data-session-id="s-1"]').get_by_role("button").click()
    times = drawer(seen).get_by_test_id("history").locator("time")
    booked = BEGAN - timedelta(seconds=60)
    await expect(times.nth(0)).to_have_text(f"{booked.month}/{booked.day} {booked:%H:%M}")
    await expect(times.nth(1)).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))


async def test_the_form_knows_what_a_counsellor_has_on_a_day_that_is_not_shown(
    chromium: Browser, base: str
) -> None:
    begins = BEGAN.replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=3)
    taken = slot(1, 1, (begins - BEGAN).total_seconds() / 60)
    said = {f"GET /days/{date(3)}": told(3, taken)}
    seen = await board(chromium, base, row(5), answers=said)
    await seen.page.get_by_test_id("book").click()
    asking = form(seen)
    await asking.get_by_label("相談員", exact=True).select_option("p_1")
    busy = asking.locator('[data-field="supporter"]').get_by_text("に予約があります")
    await asking.get_by_label("開始の日時").fill(f"{date(3)}T09:00")
    await expect(busy).to_have_count(0)
    await asking.get_by_label("開始の日時").fill(f"{date(3)}T12:10")
    await expect(busy).to_be_visible()
    await asking.get_by_label("開始の日時").fill(f"{date(4)}T12:10")
    await expect(busy).to_have_count(0)
    assert seen.complaints == []
