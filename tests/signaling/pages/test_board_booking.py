"""A session is booked on the board: a form, refusals beside what they are about, one booking, the links once."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, Locator, Request, ViewportSize, expect

from tests.signaling.pages.test_board_in_a_browser import asked, drawer, form, person, session
from tests.signaling.pages.visits import DESK, IS_REACHABLE, PHONE, Visit, at, row, staff, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]

WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
BOOKABLE: dict[str, Any] = {
    "programmes": [
        {
            "name": "demo",
            "title": {"ja": "お試しの相談", "en": "Trial consultation"},
            "length_minutes": [30, 45],
            "time_zone": "Asia/Tokyo",
            "windows": [{"days": WEEK, "opens": "00:00", "closes": "24:00"}],
            "booked_by": "any",
            "companions": 0,
            "observer": False,
        },
        {
            "name": "strict",
            "title": {"ja": "前日までの相談", "en": "The day before"},
            "length_minutes": [60],
            "time_zone": "Asia/Tokyo",
            "windows": [
                {"days": WEEK[:5], "opens": "10:00", "closes": "12:00"},
                {"days": WEEK[:5], "opens": "14:00", "closes": "16:30"},
            ],
            "booked_by": "day_before",
            "companions": 2,
            "observer": True,
        },
    ],
    "staff": [
        {"person": "p_1", "name": "tanaka", "display_name": "あおぞら 1", "role": "supporter"},
        {"person": "p_2", "name": "sato", "display_name": "ゆうなぎ", "role": "supporter"},
        {"person": "p_9", "name": "yamada", "display_name": "山田", "role": "scheduler"},
    ],
}
TODAY = {
    "date": "2031-01-15", "time_zone": "Asia/Tokyo", "open": [],
    "begins_at": "2031-01-14T15:00:00Z", "ends_at": "2031-01-15T15:00:00Z",
}  # fmt: skip
TOMORROW = {
    "day": TODAY
    | {
        "date": "2031-01-16",
        "begins_at": "2031-01-15T15:00:00Z",
        "ends_at": "2031-01-16T15:00:00Z",
    },
    "numbers": {"sessions": 0, "running": 0, "late_starts": 0, "live_minutes": 0, "outcomes": []},
    "sessions": [],
}
LINKS = {seat: f"https://room.example.org/room#{seat}-secret" for seat in ("seeker", "supporter")}
BOOKED = session(
    id="s-new", phase="scheduled", outcome=None, cause=None, verdict=None, reschedule=None,
    ended_at=None, starts_at="2031-01-15T01:30:00.000Z", ends_at="2031-01-15T02:15:00.000Z",
    has_media_flowed=False,
    participants=[person("seeker", display_name="さくら 14"), person("supporter")],
    links=LINKS, notes=[],
)  # fmt: skip
READ = {
    "GET /booking": BOOKABLE,
    "GET /sessions/s-new": BOOKED,
    "GET /sessions/s-new/events": {"events": []},
    "GET /sessions/s-new/notes": {"notes": {}},
    "GET /days/2031-01-16": TOMORROW,
}
POST = "POST /sessions"


def refused(code: str, detail: str = "") -> tuple[int, dict[str, Any]]:
    """What the server says instead of a booking."""
    return 409, {"error": {"code": code, "detail": detail}}


async def board(
    chromium: Browser, base: str, *, size: ViewportSize = DESK, locale: str = "ja", **more: Any
) -> Visit:
    """The board of a day with one session, and what can be booked."""
    rows = {"type": "board", "day": TODAY, "sessions": [row(1)]}
    said = READ | more.pop("answers", {})
    url = f"{base}/board#mdg_x"
    seen = await visit(chromium, url, staff(), rows, size=size, answers=said, locale=locale,
                       timezone_id="Asia/Tokyo")  # fmt: skip
    await seen.page.get_by_test_id("board-row").wait_for()
    return seen


async def opened(seen: Visit) -> Locator:
    """The form, by its button."""
    await seen.page.get_by_test_id("book").click()
    await expect(form(seen)).to_have_attribute("data-kind", "booking")
    return form(seen)


async def filled(asking: Locator) -> None:
    """What is needed."""
    await asking.get_by_label("相談員", exact=True).select_option("p_2")
    await asking.get_by_label("開始の日時").fill("2031-01-15T10:30")
    await asking.get_by_label("ご利用者の表示名").fill("さくら 14")


def keys_of(seen: Visit) -> list[str]:
    """The key of each booking that is sent from now on."""
    keys: list[str] = []

    def note(asking: Request) -> None:
        if asking.method == "POST":
            keys.append(asking.headers["idempotency-key"])

    seen.page.on("request", note)
    return keys


async def test_a_booking_is_made_once_and_its_links_are_shown_once(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base, answers={POST: BOOKED})
    keys = keys_of(seen)
    asking = await opened(seen)
    await filled(asking)
    await asking.get_by_label("長さ").select_option("45")
    await asking.get_by_test_id("form-submit").dblclick()
    await expect(form(seen)).to_have_attribute("data-kind", "booked")
    wish = {
        "programme": "demo", "starts_at": "2031-01-15T01:30:00.000Z", "seeker_name": "さくら 14",
        "supporter": "sato", "length_minutes": 45, "medium": "video",
    }  # fmt: skip
    assert seen.asked == [(POST, wish)]
    assert len(keys) == 1, "and had it been sent again, the key finds the first one's session"
    for seat, link in LINKS.items():
        field = form(seen).locator(f'[data-testid="new-link"][data-seat="{seat}"]')
        await expect(field).to_have_value(link)
    await seen.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await form(seen).get_by_role("button", name="ご利用者 さくら 14のリンクをコピー").click()
    await expect(form(seen).get_by_text("コピーしました")).to_be_visible()
    assert await seen.page.evaluate("navigator.clipboard.readText()") == LINKS["seeker"]
    assert "secret" not in seen.page.url
    line = row(2) | {"id": "s-new"}
    seen.say({"type": "board_row", "session": line})
    await form(seen).get_by_test_id("form-back").click()
    await expect(drawer(seen).get_by_role("heading", level=2)).to_be_focused()
    await expect(drawer(seen).get_by_role("heading", level=2)).to_have_text("さくら 14")
    await expect(seen.page.locator('[data-session-id="s-new"]')).to_be_visible()
    assert "-secret" not in await seen.page.content(), "shown once"
    assert seen.complaints == []


async def test_a_refusal_stands_at_its_field_and_nothing_is_lost(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base, answers={POST: refused("slot_taken")})
    asking = await opened(seen)
    await filled(asking)
    await asking.get_by_test_id("form-submit").click()
    starts = asking.get_by_label("開始の日時")
    await expect(starts).to_be_focused()
    await expect(starts).to_have_attribute("aria-invalid", "true")
    await expect(asking.locator('[data-field="starts_at"]')).to_contain_text("ほかの予約があります")
    await expect(asking.locator('[data-field="starts_at"]')).to_contain_text("ほかの日時を選んで")
    await expect(starts).to_have_value("2031-01-15T10:30")
    await expect(asking.get_by_label("ご利用者の表示名")).to_have_value("さくら 14")
    await expect(asking.get_by_test_id("refused")).to_be_hidden()
    seen.answers[POST] = refused("suspended")
    await asking.get_by_test_id("form-submit").click()
    await expect(asking.get_by_test_id("refused")).to_contain_text("利用は止められています")
    await expect(starts).not_to_have_attribute("aria-invalid", "true")
    seen.answers[POST] = refused("bad_field", "seeker_telephone: Value error, no number")
    await asking.locator("summary").click()
    await asking.get_by_label("ご利用者の電話番号").fill("あ")
    await asking.locator("summary").click()
    await asking.get_by_test_id("form-submit").click()
    await expect(asking.get_by_label("ご利用者の電話番号")).to_be_focused()
    await expect(asking.locator('[data-field="seeker_telephone"]')).to_contain_text("書き方を")
    seen.answers[POST] = refused("bad_field", "seeker_mail: Value error, no address")
    await asking.get_by_label("ご利用者のメール（任意）").fill("a")
    await asking.get_by_test_id("form-submit").click()
    await expect(asking.locator('[data-field="seeker_mail"]')).to_contain_text("形をお確かめ")


async def test_what_is_missing_is_asked_for_before_anything_is_sent(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base)
    asking = await opened(seen)
    await asking.get_by_test_id("form-submit").click()
    await expect(asking.get_by_label("相談員", exact=True)).to_be_focused()
    await expect(asking.get_by_text("ここを選んでください")).to_be_visible()
    assert seen.asked == []


async def test_for_the_day_itself_the_form_asks_why(chromium: Browser, base: str) -> None:
    seen = await board(chromium, base, answers={POST: refused("too_late_to_book")})
    asking = await opened(seen)
    await filled(asking)
    why = asking.get_by_label("きょうの予約にする理由")
    await expect(why).to_be_hidden()
    await asking.get_by_test_id("form-submit").click()
    await expect(why).to_be_focused()  # the server knows its own day
    await why.fill("ご本人の急な事情のため。")
    seen.asked.clear()
    seen.answers[POST] = BOOKED
    await asking.get_by_test_id("form-submit").click()
    assert (await asked(seen, POST))["exception"] == "ご本人の急な事情のため。"


async def test_companions_and_observer_are_asked_for_only_where_the_programme_has_them(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base, answers={POST: BOOKED})
    asking = await opened(seen)
    await asking.locator("summary").click()
    companions = asking.get_by_label("別の場所からの同席者")
    observer = asking.get_by_label("同席する調整担当")
    await expect(companions).to_be_hidden()
    await expect(observer).to_be_hidden()
    await asking.get_by_label("相談の種類").select_option("strict")
    await expect(asking.get_by_label("長さ")).to_be_hidden()
    await expect(asking.locator('[data-field="starts_at"]')).to_contain_text(
        "月–金 10:00–12:00、14:00–16:30"
    )
    await companions.fill("通訳、母")
    await observer.select_option("p_9")
    await filled(asking)
    await asking.get_by_test_id("form-submit").click()
    sent = await asked(seen, POST)
    assert (sent["companions"], sent["observer"]) == (["通訳", "母"], "yamada")
    assert "length_minutes" not in sent


async def test_a_supporter_who_is_new_is_added_and_that_is_said(
    chromium: Browser, base: str
) -> None:
    new = BOOKED | {"notes": ["The supporter was not known and has been added; no token yet."]}
    seen = await board(chromium, base, answers={POST: new})
    asking = await opened(seen)
    await filled(asking)
    await asking.get_by_label("相談員", exact=True).select_option("new")
    await asking.get_by_label("相談員のお名前").fill("suzuki")
    await asking.get_by_test_id("form-submit").dblclick()
    await expect(asking.get_by_test_id("form-doubt")).to_contain_text(
        "「suzuki」は登録されていません"
    )
    await asking.get_by_test_id("doubt-no").click()
    assert seen.asked == [], "a slip of the pen registers nobody"
    await asking.get_by_test_id("form-submit").click()
    await asking.get_by_test_id("doubt-yes").click()
    assert (await asked(seen, POST))["supporter"] == "suzuki"
    await expect(form(seen)).to_contain_text("登録がなかったため")


async def test_what_was_booked_already_is_said_to_be_so(chromium: Browser, base: str) -> None:
    seen = await board(chromium, base, answers={POST: BOOKED | {"links": {}}})
    asking = await opened(seen)
    await filled(asking)
    await asking.get_by_test_id("form-submit").click()
    await expect(form(seen)).to_contain_text("先ほど入っていました")
    await expect(form(seen).get_by_test_id("new-link")).to_have_count(0)


async def test_another_wish_after_a_lost_answer_is_told_that_the_first_one_stands(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base, answers={POST: refused("key_used")})
    keys = keys_of(seen)
    asking = await opened(seen)
    await filled(asking)
    await asking.get_by_test_id("form-submit").click()
    await expect(asking.get_by_test_id("refused")).to_contain_text("もう予約されています")
    seen.answers[POST] = BOOKED
    await asking.get_by_test_id("form-submit").click()
    await expect(form(seen)).to_have_attribute("data-kind", "booked")
    assert len(set(keys)) == 2, "pressed once more, it is meant"


async def test_the_key_opens_the_form_and_the_help_names_it(chromium: Browser, base: str) -> None:
    seen = await board(chromium, base)
    await seen.page.keyboard.press("?")
    await expect(form(seen)).to_contain_text("予約を入れる")
    await seen.page.keyboard.press("Escape")
    await expect(form(seen)).to_be_hidden()
    await seen.page.keyboard.press("b")
    await expect(form(seen)).to_have_attribute("data-kind", "booking")


async def test_a_free_place_of_the_timeline_gives_counter_and_time(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base)
    block = await seen.page.get_by_test_id("row-open").bounding_box()
    assert block is not None
    beside = block["x"] - 40, block["y"] + block["height"] / 2
    await seen.page.mouse.dblclick(*beside)
    asking = form(seen)
    await expect(asking.get_by_label("相談員", exact=True)).to_have_value("p_1")
    value = await asking.get_by_label("開始の日時").input_value()
    assert value[-2:] in {"00", "15", "30", "45"}
    busy = asking.locator('[data-field="supporter"]').get_by_text("に予約があります")
    await asking.get_by_label("開始の日時").fill("2031-01-16T10:00")
    await expect(busy).to_have_count(0)
    begins = datetime.fromisoformat(row(1)["starts_at"]).astimezone(ZoneInfo("Asia/Tokyo"))
    await asking.get_by_label("開始の日時").fill(f"{begins:%Y-%m-%dT%H:%M}")
    await expect(busy).to_be_visible()
    await seen.page.keyboard.press("Escape")
    await expect(asking).to_be_hidden()
    await seen.page.get_by_test_id("row-open").dblclick()
    await expect(drawer(seen)).to_be_visible()
    await expect(asking).to_be_hidden()


@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_on_a_phone_the_bar_takes_two_lines_and_the_form_fits(
    chromium: Browser, base: str, locale: str
) -> None:
    seen = await board(chromium, base, size=PHONE, locale=locale)
    bar = seen.page.locator(".bar")
    box = await bar.bounding_box()
    assert box is not None
    assert box["height"] <= 2 * 44 + 32, "two lines of buttons"
    tops = {
        round(
            await each.evaluate("(one) => one.getBoundingClientRect().top + one.offsetHeight / 2")
        )
        for each in await bar.locator("button:visible").all()
        if not await each.evaluate("(one) => one.classList.contains('skip')")
    }
    assert len({top // 12 for top in tops}) == 2
    for each in await bar.locator("button.btn:not(.skip):visible").all():
        target = await each.bounding_box()
        assert target is not None
        assert min(target["width"], target["height"]) >= 44
    field = seen.page.get_by_test_id("day")
    await field.fill("2031-01-16")
    await expect(bar.get_by_test_id("day-today")).to_be_visible()
    assert (await bar.bounding_box() or box)["height"] <= 2 * 44 + 32, "on another day as well"
    await bar.get_by_test_id("day-today").click()
    asking = await opened(seen)
    wide = "(one) => one.scrollWidth <= one.clientWidth"
    assert await asking.evaluate(wide), "nothing is cut off at the side"
    assert await seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_of_a_form_longer_than_the_window_the_button_stays_in_sight_and_covers_no_field(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base, size=PHONE)
    asking = await opened(seen)
    await asking.locator("summary").click()
    await expect(asking.get_by_test_id("form-submit")).to_be_in_viewport(ratio=1)
    field = asking.locator('[data-field="seeker_real_name"] input')
    await field.focus()
    assert await field.evaluate(IS_REACHABLE)
    await expect(asking.get_by_test_id("form-submit")).to_be_in_viewport(ratio=1)


# ---- small things beside it ------------------------------------------------------------------------------------------


async def test_a_flag_covers_no_letter_of_how_it_ended(chromium: Browser, base: str) -> None:
    incident = {
        "id": "incident-1", "kind": "conduct", "at": at(-60), "by_role": "scheduler",
        "accused": None, "due_at": at(86400), "resolved_at": None, "resolved_by": None,
    }  # fmt: skip
    over = {"outcome": "interrupted", "cause": "supporter", "incidents": [incident]}
    line = row(1, phase="ended") | over
    # So long a day that a block is as narrow as blocks get.
    day = TODAY | {"open": [{"begins_at": at(-7 * 3600), "ends_at": at(7 * 3600)}]}
    rows = {"type": "board", "day": day, "sessions": [line]}
    seen = await visit(chromium, f"{base}/board#mdg_x", staff(), rows, size=DESK)
    cell = seen.page.get_by_test_id("board-row")
    await expect(cell.locator(".blk__flag")).to_be_visible()
    covered = await cell.evaluate(
        """(cell) => {
          const box = (one) => one.getBoundingClientRect();
          const [flag, block] = [".blk__flag", ".blk"].map((one) => box(cell.querySelector(one)));
          const word = document.createRange();
          word.selectNodeContents(cell.querySelector(".blk > span:not(.vh)"));
          return {
            beside: box(cell.querySelector(".blk b")).right - flag.left,
            over: flag.bottom - box(word).top,
            out: box(word).right - block.right,
          };
        }"""
    )
    assert covered["beside"] <= 0, "of the name no letter is covered"
    assert covered["over"] <= 0 or covered["out"] <= -7, "nor of the outcome"
    assert covered["out"] <= 0.5, "the outcome is read to its end"
    box = await cell.bounding_box()
    assert box is not None
    assert box["width"] < 70


async def test_who_would_cancel_what_runs_is_told_what_can_be_done(
    chromium: Browser, base: str
) -> None:
    seen = await board(
        chromium, base, answers={"POST /sessions/s-new/cancel": refused("already_live")}
    )
    seen.say({"type": "board_row", "session": row(2) | {"id": "s-new"}})
    await seen.page.locator('[data-session-id="s-new"] button').click()
    await drawer(seen).get_by_test_id("act-cancel").click()
    await form(seen).get_by_label("ご本人の希望").check()
    await form(seen).get_by_test_id("form-submit").click()
    await expect(form(seen).get_by_test_id("refused")).to_contain_text(
        "相談を終了する操作をお使いください"
    )
