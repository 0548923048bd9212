"""The board's day in a real browser: timeline, cards, keyboard, lines of rooms, other days, another supporter."""

import re
from typing import Any

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from tests.signaling.pages.test_board_in_a_browser import answers, asked, drawer, form, session
from tests.signaling.pages.visits import DESK, NARROW, PHONE, Visit, at, row, staff, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]

LANE = "[data-testid='lane']"
WORDS = """() => [...document.querySelectorAll(".blk > span:not(.vh)")].map((line) => {
  const box = (one) => one.getBoundingClientRect();
  const seen = [...line.children].filter((one) => box(one).top < box(line).bottom - 2);
  const isWhole = (one) => box(one).right <= box(line).right + 0.5;
  return [seen.map((one) => one.textContent).join(" "), seen.every(isWhole)];
})"""
"""What is read in each block below the name, and whether it is read to its end."""
HOURS = """() => {
  const lanes = document.querySelector(".tt__corner").getBoundingClientRect().right;
  const figures = [...document.querySelectorAll(".tt__hours b:not([hidden])")];
  const boxes = figures.map((one) => one.getBoundingClientRect());
  const stands = (edge) => ({ left, right }) => left < edge && edge < right;
  return boxes.filter((box) => [lanes, innerWidth].some((edge) => stands(edge)(box))).length;
}"""
"""How many of the axis' figures are cut at its edges."""
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
CUT = """(elements) => elements.filter((one) => one.scrollWidth > one.clientWidth)
  .map((one) => one.textContent)"""
FOCUSED = "() => document.activeElement.closest('[data-session-id]')?.dataset.sessionId ?? null"


def slot(number: int, lane: int, starts: float, *, phase: str = "scheduled") -> dict[str, Any]:
    """Half an hour at a counter, so many minutes from now."""
    times = {"opens_at": at(60 * starts - 600), "starts_at": at(60 * starts)}
    who = {"supporter": f"窓口 {lane}", "supporter_person": f"p_{lane}"}
    return row(number, phase=phase) | times | who | {"ends_at": at(60 * starts + 1800)}


async def board(
    chromium: Browser,
    base: str,
    *rows: dict[str, Any],
    size: ViewportSize = DESK,
    role: str = "scheduler",
    **said: Any,
) -> Visit:
    """The board with these sessions."""
    welcome = staff()
    welcome["you"]["role"] = role
    message = {"type": "board", "sessions": list(rows)}
    seen = await visit(chromium, f"{base}/board#mdg_x", welcome, message, size=size, **said)
    await expect(seen.page.get_by_test_id("board-row").first).to_be_visible()
    return seen


async def test_a_counter_is_a_lane_with_its_next_moment_and_its_sessions_along_the_day(
    chromium: Browser, base: str
) -> None:
    live = slot(1, 1, -7, phase="live") | {"next": {"reason": "hard_end", "at": at(1380)}}
    seen = await board(chromium, base, live, slot(2, 1, 40), slot(3, 2, 40))
    lanes = seen.page.get_by_test_id("lane")
    await expect(lanes).to_have_count(2)
    await expect(lanes.first).to_contain_text("窓口 1")
    await expect(lanes.first.locator(".c")).to_contain_text("終了")
    await expect(lanes.first.get_by_test_id("board-row")).to_have_count(2)
    boxes = [await one.bounding_box() for one in await lanes.first.get_by_role("button").all()]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["x"] + boxes[0]["width"] < boxes[1]["x"]
    assert seen.complaints == []


async def test_everything_is_reached_with_the_keyboard_and_one_stop_of_tab(
    chromium: Browser, base: str
) -> None:
    rows = [slot(1, 1, -60), slot(2, 1, 10), slot(3, 2, -55), slot(4, 3, 12)]
    said = answers(session(id="s-4"))
    said = {ask.replace("s-1", "s-4"): body for ask, body in said.items()}
    seen = await board(chromium, base, *rows, answers=said)
    page = seen.page
    assert await page.locator(f"{LANE} [tabindex='0']").count() == 1
    await page.locator(f"{LANE} [tabindex='0']").focus()
    assert await page.evaluate(FOCUSED) == "s-1"
    for key, expected in [
        ("ArrowRight", "s-2"),
        ("ArrowDown", "s-3"),
        ("ArrowDown", "s-4"),
        ("ArrowUp", "s-3"),
        ("ArrowUp", "s-1"),
        ("End", "s-2"),
        ("Home", "s-1"),
        ("PageDown", "s-4"),
    ]:
        await page.keyboard.press(key)
        assert await page.evaluate(FOCUSED) == expected, key
    assert await page.locator(f"{LANE} [tabindex='0']").count() == 1
    await page.keyboard.press("Enter")
    await expect(drawer(seen)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(drawer(seen)).to_be_hidden()
    assert await page.evaluate(FOCUSED) == "s-4"
    await page.keyboard.press("?")
    await expect(form(seen)).to_contain_text("窓口と予約のあいだを動く")
    await form(seen).get_by_label("一文字のキーを使う").uncheck()
    await page.keyboard.press("Escape")
    await page.keyboard.press("/")
    assert await page.evaluate(FOCUSED) == "s-4", "single letters are off now"


async def test_the_day_is_one_press_away_and_takes_the_focus_that_belonged_to_nobody(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base, slot(1, 1, 10))
    page = seen.page
    await page.keyboard.press("Tab")
    skip = page.get_by_role("button", name="本文へ")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()
    await expect(skip).not_to_be_in_viewport()
    await page.evaluate("() => document.activeElement.blur()")
    await page.keyboard.press("?")
    await expect(form(seen)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("main")).to_be_focused()


async def test_of_a_thousand_counters_only_those_in_view_are_in_the_page_and_the_keys_find_all(
    chromium: Browser, base: str
) -> None:
    rows = [slot(n, n, 5 + n % 60) for n in range(1, 1001)]
    seen = await board(chromium, base, *rows)
    page = seen.page
    lanes = page.get_by_test_id("lane")
    assert await lanes.count() < 60
    assert await lanes.first.get_attribute("aria-setsize") == "1000"
    await page.locator(f"{LANE} [tabindex='0']").focus()
    for _ in range(12):
        await page.keyboard.press("PageDown")
    assert await page.evaluate(FOCUSED) == "s-121"
    await page.locator(".tt").evaluate("(one) => { one.scrollTop = one.scrollHeight; }")
    await expect(page.locator('[data-session-id="s-1000"]')).to_be_visible()
    assert await page.evaluate(FOCUSED) == "s-121", "what has the focus stays in the page"
    assert await lanes.count() < 60
    await page.keyboard.press("ArrowDown")
    assert await page.evaluate(FOCUSED) == "s-122"
    shown = await page.evaluate(
        "() => [...document.querySelectorAll('[data-testid=lane]')].map((one) => +one.ariaPosInSet)"
    )
    assert shown == sorted(shown)


async def test_it_follows_now_until_somebody_scrolls_away_and_comes_back_at_a_press(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base, slot(1, 1, -500), slot(2, 1, 5), slot(3, 1, 600))
    page = seen.page
    now = page.locator(".tt__now")
    await expect(now).to_be_in_viewport()
    assert await page.locator(".tt").evaluate("(one) => one.scrollLeft") > 500
    back = page.get_by_test_id("to-now")
    await expect(back).to_be_hidden()
    await page.locator(".tt").evaluate("(one) => { one.scrollLeft = 0; }")
    await expect(back).to_be_visible()
    await expect(now).not_to_be_in_viewport()
    await back.click()
    await expect(now).to_be_in_viewport()
    await expect(back).to_be_hidden()


async def test_cards_are_the_other_view_and_it_is_remembered(chromium: Browser, base: str) -> None:
    waiting = slot(1, 1, -3, phase="waiting") | {"next": {"reason": "cutoff", "at": at(420)}}
    seen = await board(chromium, base, waiting, slot(2, 2, 30))
    await expect(seen.page.get_by_test_id("lane")).to_have_count(2)
    await seen.page.get_by_test_id("view-cards").click()
    cards = seen.page.get_by_test_id("board-row")
    await expect(cards.first).to_contain_text("欠席の締切")
    await expect(seen.page.get_by_test_id("lane")).to_have_count(0)
    await cards.first.get_by_test_id("row-open").focus()
    await seen.page.keyboard.press("ArrowRight")
    assert await seen.page.evaluate(FOCUSED) == "s-2"
    await seen.page.reload()
    await expect(seen.page.get_by_test_id("view-cards")).to_have_attribute("aria-pressed", "true")
    await expect(seen.page.get_by_test_id("lane")).to_have_count(0)
    await seen.page.keyboard.press("v")
    await expect(seen.page.get_by_test_id("lane")).to_have_count(2)


@pytest.mark.parametrize("size", [PHONE, NARROW], ids=["phone", "narrow"])
async def test_a_narrow_screen_begins_with_cards_and_never_scrolls_sideways(
    chromium: Browser, base: str, size: ViewportSize
) -> None:
    rows = [slot(n, n, 5 + n) for n in range(1, 40)]
    seen = await board(chromium, base, *rows, size=size)
    await expect(seen.page.get_by_test_id("view-cards")).to_have_attribute("aria-pressed", "true")
    wide = "() => document.documentElement.scrollWidth"
    assert await seen.page.evaluate(wide) <= size["width"]
    assert await seen.page.get_by_test_id("board-row").count() < 39
    await seen.page.evaluate("() => window.scrollTo(0, document.body.scrollHeight)")
    await expect(seen.page.locator('[data-session-id="s-39"]')).to_be_visible()
    await seen.page.get_by_test_id("view-lanes").click()
    await expect(seen.page.get_by_test_id("lane").first).to_be_visible()
    assert await seen.page.evaluate(wide) <= size["width"]


async def test_lines_of_live_rooms_are_drawn_and_told_and_incidents_are_marked(
    chromium: Browser, base: str
) -> None:
    incident = {"id": "incident-1", "kind": "conduct", "at": at(0), "by_role": "seeker",
                "accused": None, "due_at": at(9), "resolved_at": None, "resolved_by": None}  # fmt: skip
    rows = [slot(1, 1, -5, phase="live") | {"incidents": [incident]}, slot(2, 2, -5, phase="live"),
            slot(3, 3, 9)]  # fmt: skip
    seen = await board(chromium, base, *rows)
    points = {"s-1": [[0.0, 40], [0.001, 45]], "s-2": [[0.0, 40], [0.09, 300]]}
    sessions = [{"id": one, "points": each} for one, each in points.items()]
    seen.say({"type": "board_lines", "sessions": sessions})
    lanes = seen.page.get_by_test_id("lane")
    await expect(lanes.nth(0).get_by_role("img", name="回線は良好")).to_be_visible()
    await expect(lanes.nth(1).get_by_role("img", name="回線が不安定")).to_be_visible()
    await expect(lanes.nth(2).locator(".spark")).to_be_hidden()
    await expect(lanes.nth(0).get_by_test_id("board-row")).to_contain_text("事案")
    await expect(lanes.nth(0).locator(".blk__flag")).to_be_visible()
    await expect(lanes.nth(1).locator(".blk__flag")).to_be_hidden()
    seen.say({"type": "board_lines", "sessions": []})
    await expect(lanes.nth(0).locator(".spark")).to_be_hidden()


async def test_a_day_that_is_over_has_numbers_and_a_picture_and_today_comes_back(
    chromium: Browser, base: str
) -> None:
    frame = {"date": "2026-11-24", "time_zone": "Asia/Tokyo", "open": []}
    today = {**frame, "begins_at": "2026-11-23T15:00:00Z", "ends_at": "2026-11-24T15:00:00Z"}
    before = {**frame, "date": "2020-11-23", "begins_at": "2020-11-22T15:00:00Z",
              "ends_at": "2020-11-23T15:00:00Z"}  # fmt: skip
    over = slot(7, 3, -60, phase="ended") | {"outcome": "interrupted", "cause": "supporter"}
    numbers = {"sessions": 9, "running": 0, "late_starts": 1, "live_minutes": 125, "outcomes": [
        {"outcome": "completed", "cause": None, "count": 6},
        {"outcome": "interrupted", "cause": "supporter", "count": 2},
        {"outcome": "interrupted", "cause": "platform", "count": 1},
    ]}  # fmt: skip
    told = {"day": before, "numbers": numbers, "sessions": [over]}
    welcome, message = staff(), {"type": "board", "day": today, "sessions": [slot(1, 1, 5)]}
    said = {"GET /days/2026-11-23": told}
    seen = await visit(chromium, f"{base}/board#mdg_x", welcome, message, size=DESK, answers=said)
    page = seen.page
    await expect(page.locator('[data-session-id="s-1"]')).to_be_visible()
    await expect(page.get_by_test_id("numbers")).to_be_hidden()
    await page.get_by_test_id("day-before").click()
    shown = page.get_by_test_id("numbers")
    await expect(shown.locator('[data-number="completed"] b')).to_have_text("6")
    await expect(shown.locator('[data-number="interrupted"]')).to_contain_text("相談員 2、設備 1")
    await expect(shown.locator('[data-number="seeker_no_show"] b')).to_have_text("0")
    await expect(shown.locator('[data-number="minutes"]')).to_contain_text("2時間5分")
    await expect(shown.get_by_role("img")).to_have_attribute(
        "aria-label", re.compile("中断・不成立 1")
    )
    await expect(page.locator('[data-session-id="s-7"]')).to_be_visible()
    await expect(page.locator('[data-session-id="s-1"]')).to_have_count(0)
    seen.say({"type": "board_row", "session": slot(1, 1, 5) | {"version": 9}})
    await page.get_by_test_id("day-today").click()
    await expect(page.locator('[data-session-id="s-1"]')).to_be_visible()
    await expect(shown).to_be_hidden()


async def test_another_supporter_is_chosen_among_those_who_are_free_and_the_link_is_shown_once(
    chromium: Browser, base: str
) -> None:
    starts = {"opens_at": at(0), "starts_at": at(600), "ends_at": at(2400)}
    shown = session(phase="open", outcome=None, verdict=None, reschedule=None, **starts)
    shown["participants"][1]["person"] = "p_1"
    free, busy = slot(2, 2, 60), slot(3, 3, 15)
    own = slot(1, 1, 10, phase="open")
    link = {**shown, "links": {"supporter": "https://room.example.org/room#secret"}, "notes": []}
    names = {1: "あおぞら", 2: "窓口 2", 3: "窓口 3", 4: "きょうはいない"}
    staff = [
        {"person": f"p_{n}", "name": f"s{n}", "display_name": name, "role": "supporter"}
        for n, name in names.items()
    ]
    said = answers(shown) | {
        "POST /sessions/s-1/reassign": link,
        "GET /booking": {"programmes": [], "staff": staff, "sends_mail": True},
    }
    seen = await board(chromium, base, own, free, busy, answers=said)
    await seen.page.locator('[data-session-id="s-1"] button').click()
    await drawer(seen).get_by_test_id("act-reassign").click()
    choice = form(seen).get_by_label("新しい担当")
    await expect(form(seen)).to_contain_text(
        "メールアドレスを登録した方には、メールでお知らせします"
    )
    await expect(choice).to_have_value("")
    await expect(choice.locator("option:enabled")).to_have_text(
        ["選んでください", "窓口 2", "きょうはいない"]
    )
    await expect(choice.locator("option[disabled]")).to_have_text(
        "窓口 3（この時間に予約があります）"
    )
    await form(seen).get_by_label("理由").fill("体調不良のため。")
    await form(seen).get_by_test_id("form-submit").click()
    await expect(choice).to_be_focused()
    await choice.select_option("p_2")
    await form(seen).get_by_label("理由").fill("")
    await form(seen).get_by_test_id("form-submit").click()
    assert seen.asked == [], "not without a name and a reason"
    await form(seen).get_by_label("理由").fill("体調不良のため。")
    await form(seen).get_by_test_id("form-submit").click()
    sent = await asked(seen, "POST /sessions/s-1/reassign")
    assert sent == {"person": "p_2", "reason": "体調不良のため。"}
    new = form(seen).get_by_test_id("new-link")
    await expect(new).to_have_value("https://room.example.org/room#secret")
    await form(seen).get_by_test_id("form-back").click()
    await expect(new).to_have_count(0)


async def test_when_both_were_there_stands_over_the_band(chromium: Browser, base: str) -> None:
    def came(name: str, seconds: float, seat: str) -> dict[str, Any]:
        return {"version": 1, "at": at(seconds), "name": name, "data": {"seat": seat}}

    events = [came("seat.connected", -1900, "seeker"), came("seat.connected", -1800, "supporter"),
              came("seat.lost", -720, "supporter")]  # fmt: skip
    said = answers(session(), *events)
    seen = await board(chromium, base, slot(1, 1, -30, phase="ended"), answers=said)
    await seen.page.locator('[data-session-id="s-1"] button').click()
    tracks = drawer(seen).locator(".pres .tk")
    await expect(tracks.nth(0).locator("i")).to_have_count(1)
    await expect(tracks.nth(1).locator("i.lost")).to_have_count(1)
    await expect(drawer(seen).locator(".band__lost")).to_have_count(1)
    await expect(tracks.nth(1)).to_have_attribute("aria-label", re.compile("相談員"))


@pytest.mark.parametrize(("locale", "first"), [("ja", "取消 窓口"), ("en", "Cancelled")])
async def test_a_block_begins_no_word_that_it_has_no_room_for(
    chromium: Browser, base: str, locale: str, first: str
) -> None:
    ways = [("cancelled", "office"), ("interrupted", "supporter"), ("supporter_late", "supporter"),
            ("supporter_no_show", "supporter"), ("not_held", "platform")]  # fmt: skip
    rows = [
        slot(n, n, 10, phase="ended") | {"outcome": outcome, "cause": cause}
        for n, (outcome, cause) in enumerate(ways, 1)
    ]
    # So long a day that a block is as narrow as blocks get.
    rows.append(slot(9, 9, 700))
    seen = await board(chromium, base, *rows, locale=locale)
    words = await seen.page.evaluate(WORDS)
    assert [word for word, is_whole in words if not is_whole] == []
    assert words[0][0] == first, "how it ended comes first, the cause where it fits"
    block = seen.page.locator('[data-session-id="s-1"] button')
    await block.hover()
    whole = "取消（窓口の都合）" if locale == "ja" else "Cancelled (by the office)"
    await expect(block).to_have_attribute("title", re.compile(re.escape(whole)))


async def test_figures_of_the_axis_are_whole_and_hours_before_the_first_session_not_followed(
    chromium: Browser, base: str
) -> None:
    day = {"date": "2026-11-24", "time_zone": "Asia/Tokyo", "begins_at": at(-40_000),
           "ends_at": at(40_000), "open": [{"begins_at": at(-40_000), "ends_at": at(40_000)}]}  # fmt: skip
    message = {"type": "board", "day": day, "sessions": [slot(1, 1, -40), slot(2, 1, 20)]}
    seen = await visit(chromium, f"{base}/board#mdg_x", staff(), message, size=DESK)
    block = await seen.page.locator('[data-session-id="s-1"]').bounding_box()
    corner = await seen.page.locator(".tt__corner").bounding_box()
    assert block is not None
    assert corner is not None
    left = block["x"] - corner["x"] - corner["width"]
    assert 0 < left < 300, "two hours at most"
    assert await seen.page.evaluate(HOURS) == 0
    await seen.page.locator(".tt").evaluate("(one) => { one.scrollLeft = 63; }")
    await expect(seen.page.get_by_test_id("to-now")).to_be_visible()
    await seen.page.evaluate(DRAWN)
    assert await seen.page.evaluate(HOURS) == 0


@pytest.mark.parametrize("locale", ["ja", "en"])
@pytest.mark.parametrize("size", [PHONE, NARROW], ids=["phone", "narrow"])
async def test_on_a_phone_counters_have_whole_names_phases_one_row_and_every_tool_its_caption(
    chromium: Browser, base: str, size: ViewportSize, locale: str
) -> None:
    rows = [slot(1, 1, -5, phase="live"), slot(2, 2, 5, phase="open")]
    rows[0]["supporter"] = "あおぞら 12"
    seen = await board(chromium, base, *rows, size=size, locale=locale)
    page = seen.page
    await page.get_by_test_id("view-lanes").click()
    await expect(page.get_by_test_id("lane")).to_have_count(2)
    heads = page.locator(".tt__head .n b, .tt__head .c, .bar .btn span")
    assert await heads.evaluate_all(CUT) == []
    buttons = page.locator(".filters__phases button")
    tops = await buttons.evaluate_all("(all) => all.map((one) => one.getBoundingClientRect().top)")
    assert len(set(tops)) == 1, tops
    phases = await buttons.all()
    await phases[-1].click()
    await expect(phases[-1]).to_be_in_viewport(ratio=1)
    for tool in ("book", "maintenance", "keys"):
        caption = await page.get_by_test_id(tool).locator("span").bounding_box()
        assert caption is not None
        assert caption["width"] > 10, tool
    assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]


@pytest.mark.parametrize(("name", "times"), [("窓口", 0), ("お試しの窓口", 1)])
async def test_an_office_without_a_name_of_its_own_is_called_by_the_servers_once(
    chromium: Browser, base: str, name: str, times: int
) -> None:
    welcome = staff()
    welcome["office"] = {"ja": name, "en": "Madoguchi"}
    message = {"type": "board", "sessions": [slot(1, 1, 5)]}
    seen = await visit(chromium, f"{base}/board#mdg_x", welcome, message, size=DESK)
    await expect(seen.page.get_by_test_id("board-row")).to_be_visible()
    await expect(seen.page.locator(".bar .office:visible")).to_have_count(times)


LAYERS = """() => {
  const of = (id) => document.querySelector(`[data-session-id="${id}"]`);
  const box = (one) => one.getBoundingClientRect();
  const [doors, block] = [box(of("s-2").querySelector(".doors")), of("s-1").querySelector(".blk")];
  const x = (Math.max(doors.left, box(block).left) + Math.min(doors.right, box(block).right)) / 2;
  const found = document.elementFromPoint(x, doors.top + 1);
  return [Math.round(box(block).right - doors.left) > 4, block.contains(found)];
}"""
"""Whether the doors of the second reach under the block of the first, and that one lies on top."""


async def test_the_doors_of_the_next_session_lie_beneath_the_block_before_it(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base, slot(1, 1, -30, phase="live"), slot(2, 1, 0, phase="open"))
    await expect(seen.page.locator('[data-session-id="s-2"] .doors')).to_be_visible()
    assert await seen.page.evaluate(LAYERS) == [True, True]


INSIDE = """(cell) => {
  const box = (one) => one.getBoundingClientRect();
  const [block, mark] = [box(cell), box(cell.querySelector(".blk__mark svg"))];
  return [block.width < 40, mark.width > 0 && mark.left >= block.left && mark.right <= block.right];
}"""


async def test_a_block_without_room_for_a_word_shows_its_mark_alone_and_is_read_whole(
    chromium: Browser, base: str
) -> None:
    incident = {"id": "incident-1", "kind": "conduct", "at": at(0), "by_role": "seeker",
                "accused": None, "due_at": at(9), "resolved_at": None, "resolved_by": None}  # fmt: skip
    short = {"outcome": "not_held", "cause": "seeker", "ends_at": at(-3300)}
    rows = [
        slot(1, 1, -60, phase="ended") | short,
        slot(2, 2, -60, phase="ended") | short | {"incidents": [incident]},
        *(slot(number, 3, 40 * number) for number in range(3, 8)),
    ]
    seen = await board(chromium, base, *rows)
    for number in (1, 2):
        cell = seen.page.locator(f'[data-session-id="s-{number}"]')
        assert await cell.evaluate(INSIDE) == [True, True]
        await expect(cell.locator(".blk__flag")).to_be_hidden()
        await expect(cell.get_by_role("button")).to_have_accessible_name(
            re.compile("さくら .*不成立")
        )
        await cell.get_by_role("button").hover()
        await expect(cell.get_by_role("button")).to_have_attribute("title", re.compile("さくら"))
        box = await cell.locator(".blk b").bounding_box()
        assert box is not None
        assert box["width"] <= 1, "no name that is cut off"


@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_the_row_of_the_filters_keeps_its_height_while_one_searches(
    chromium: Browser, base: str, locale: str
) -> None:
    rows = [slot(number, number, 5) for number in range(1, 6)]
    size: ViewportSize = {"width": 1440, "height": 900}
    seen = await board(chromium, base, *rows, size=size, locale=locale)
    tops = """() => [".filters", ".filters .find"].map((one) => {
      const { top, height } = document.querySelector(one).getBoundingClientRect();
      return [top, height];
    })"""
    before = await seen.page.evaluate(tops)
    await seen.page.get_by_role("searchbox").fill("さくら 1")
    await expect(seen.page.locator(".filters .shown")).to_have_text(re.compile("1.*5"))
    assert await seen.page.evaluate(tops) == before
    assert before[0][1] < 50, "one row"


async def test_a_report_of_something_that_did_not_work_is_called_so_and_raises_no_flag(
    chromium: Browser, base: str
) -> None:
    report = {"id": "incident-1", "kind": "technical", "at": at(0), "by_role": "seeker",
              "accused": None, "due_at": at(9e5), "resolved_at": None, "resolved_by": None}  # fmt: skip
    task = {
        "id": "incident-1", "kind": "incident", "incident": "technical", "since": at(0),
        "due_at": at(600000), "programme": "demo", "session": "s-1", "starts_at": at(-300),
        "seeker_name": "さくら 1", "supporter_name": "窓口 1", "person": None,
    }  # fmt: skip
    live = slot(1, 1, -5, phase="live") | {"incidents": [report]}
    seen = await board(chromium, base, live, answers={"GET /tasks": {"tasks": [task]}})
    item = seen.page.get_by_test_id("todo-item")
    await expect(item).to_contain_text("不具合の報告")
    await expect(item).not_to_contain_text("事案")
    await expect(item).not_to_have_class(re.compile("urgent"))
    cell = seen.page.get_by_test_id("board-row")
    await expect(cell).to_contain_text("不具合の報告")
    await expect(cell.locator(".blk__flag")).to_be_hidden()
    await seen.page.get_by_test_id("view-cards").click()
    await expect(seen.page.locator('[data-mark="technical"]')).to_have_text("不具合の報告")
