"""A supporter's day at the desk, in a real browser; socket and API say what the test wants."""

from typing import Any

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from tests.signaling.pages.test_board_in_a_browser import (
    PLACE,
    answers,
    asked,
    drawer,
    form,
    session,
)
from tests.signaling.pages.visits import DESK, NARROW, PHONE, Visit, at, row, staff, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]

IS_WIDER = "document.documentElement.scrollWidth > innerWidth"
DAY = {
    "programmes": [
        {
            "name": "demo",
            "title": {"ja": "お試しの相談", "en": "Trial consultation"},
            "office": {"ja": "お試しの窓口", "en": "Trial office"},
            "telephone": "03-0000-0000",
            "time_zone": "Asia/Tokyo",
            "hours": [{"begins_at": at(-7200), "ends_at": at(7200)}],
        }
    ],
    "maintenance": [
        {
            "id": "m",
            "planned_at": at(-600),
            "begins_at": at(86400),
            "ends_at": at(90000),
            "reason": "更新",
        }
    ],
}


def own(number: int, begins: float = 600, **changes: Any) -> dict[str, Any]:
    """A row of the own desk, as docs/protocol.md describes it; it begins so many seconds from now."""
    more = {"beside": [], "warnings_s": [300, 60], "consents": {}, "came": {}, "ringing": None}
    times = {"opens_at": at(begins - 600), "starts_at": at(begins), "ends_at": at(begins + 1800)}
    times["cutoff_at"] = at(begins + 600)
    return row(number) | more | {"ringing_needed_s": 0} | times | changes


def there(shown: dict[str, Any], presence: str = "lobby", **seeker: Any) -> dict[str, Any]:
    """The same row with the seeker there."""
    first, *others = shown["seats"]
    here = {"presence": presence, "since": at(-120), "has_joined": presence == "lobby"}
    return shown | {"version": shown["version"] + 1, "seats": [first | here | seeker, *others]}


async def at_desk(
    chromium: Browser,
    base: str,
    *rows: dict[str, Any],
    size: ViewportSize = DESK,
    more: dict[str, Any] | None = None,
    **context: Any,
) -> Visit:
    """The desk with these sessions."""
    welcome = staff()
    welcome["you"] |= {"role": "supporter", "display_name": "1 あおぞら"}
    shown = {"type": "board", "sessions": list(rows)}
    said = {"GET /desk": DAY} | (more or {})
    return await visit(
        chromium, f"{base}/desk#mdg_x", welcome, shown, size=size, answers=said, **context
    )


async def desk(
    chromium: Browser,
    base: str,
    shown: dict[str, Any],
    line: dict[str, Any] | None = None,
    more: dict[str, Any] | None = None,
) -> Visit:
    """The desk with one session, its record opened."""
    over = {"ended_at": at(-600), "outcome": shown["outcome"]} if shown["phase"] == "ended" else {}
    known = own(1, -900, phase=shown["phase"], medium=shown["medium"]) | over | (line or {})
    seen = await at_desk(chromium, base, known, more=answers(shown) | (more or {}))
    await seen.page.get_by_test_id("record").click()
    await expect(drawer(seen).get_by_role("heading", name="参加者")).to_be_visible()
    await expect(drawer(seen).get_by_text("読み込んでいます")).to_have_count(0)
    return seen


async def test_the_record_names_the_service_in_the_language_of_the_page(
    chromium: Browser, base: str
) -> None:
    seen = await desk(chromium, base, session())
    await expect(drawer(seen).get_by_text("お試しの相談", exact=True)).to_be_visible()
    await expect(drawer(seen).get_by_text("demo", exact=True)).to_have_count(0)
    await seen.page.keyboard.press("Escape")
    await seen.page.get_by_role("button", name="English").first.click()
    await seen.page.get_by_test_id("record").click()
    await expect(drawer(seen).get_by_text("Trial consultation", exact=True)).to_be_visible()
    assert seen.complaints == []


async def test_a_telephone_call_is_reported_and_its_end_is_asked_about(
    chromium: Browser, base: str
) -> None:
    shown = session(
        phase="live", medium="phone", call="answered", outcome=None, verdict=None, reschedule=None
    )
    done = {f"POST {PLACE}/call": shown}
    seen = await desk(chromium, base, shown, more=done)
    await drawer(seen).get_by_test_id("call-no_answer").click()
    assert await asked(seen, f"POST {PLACE}/call") == {"state": "no_answer"}
    seen.asked.clear()
    await drawer(seen).get_by_test_id("call-finished").click()
    assert seen.asked == []
    await form(seen).get_by_test_id("form-submit").click()
    assert await asked(seen, f"POST {PLACE}/call") == {"state": "finished"}


async def test_a_call_that_nobody_answered_cannot_be_finished(chromium: Browser, base: str) -> None:
    shown = session(
        phase="live", medium="phone", call="calling", outcome=None, verdict=None, reschedule=None
    )
    seen = await desk(chromium, base, shown)
    await expect(drawer(seen).get_by_test_id("call-answered")).to_have_count(1)
    await expect(drawer(seen).get_by_test_id("call-finished")).to_have_count(0)


async def test_finished_is_answered_from_the_desk(chromium: Browser, base: str) -> None:
    shown = session(phase="interrupted", outcome=None, verdict=None, reschedule=None)
    done = {f"POST {PLACE}/finish": shown}
    seen = await desk(chromium, base, shown, line={"goodbye": True}, more=done)
    await expect(seen.page.get_by_test_id("due")).to_contain_text("相談が終わったかどうか")
    await drawer(seen).get_by_test_id("finish-yes").click()
    assert await asked(seen, f"POST {PLACE}/finish") == {"finished": True}


async def test_the_record_tells_a_supporter_nothing_of_the_seekers_standing(
    chromium: Browser, base: str
) -> None:
    seen = await desk(chromium, base, session(quota=None, consequence=None))
    told = drawer(seen).get_by_test_id("consequence")
    await expect(told.locator("[data-consequence]")).to_have_count(1)
    await expect(told.locator('[data-consequence="reschedule"]')).to_be_visible()
    band = await drawer(seen).locator(".pres .band").bounding_box()
    track = await drawer(seen).locator(".pres .tk").first.bounding_box()
    assert band is not None
    assert track is not None
    for edge in ("x", "width"):
        assert band[edge] == pytest.approx(track[edge], abs=1), "one scale for all of it"


async def test_a_supporter_sees_none_of_the_schedulers_actions(
    chromium: Browser, base: str
) -> None:
    seen = await desk(chromium, base, session())
    for action in ("overrule", "act-incident", "standing", "renew", "revoke", "maintenance"):
        await expect(seen.page.get_by_test_id(action)).to_have_count(0)
    await expect(seen.page.get_by_test_id("todo")).to_have_count(0)
    await expect(drawer(seen).get_by_test_id("choose-date")).to_have_count(1)
    assert seen.complaints == [], "nothing was asked for that only schedulers may read"


async def test_a_supporter_is_called_when_the_seeker_waits_and_goes_in_with_one_click(
    chromium: Browser, base: str
) -> None:
    room = {f"POST {PLACE}/room": (201, {"seat": "supporter", "url": f"{base}/room#own"})}
    seen = await at_desk(chromium, base, own(1, phase="open"), more=room)
    waits = seen.page.get_by_test_id("waits")
    await expect(seen.page.get_by_test_id("day-session")).to_have_count(1)
    await expect(waits).to_have_count(0)
    seen.say({"type": "board_row", "session": there(own(1, phase="open"))})
    await expect(waits).to_contain_text("さくら 1 さんがお待ちです")
    await expect(seen.page.get_by_role("alert").filter(has_text="お待ちです")).to_have_count(1)
    await expect(seen.page).to_have_title("（1）本日の予約 | 窓口")
    await expect(waits.get_by_test_id("open-room")).to_have_count(0)  # the way in stands below
    async with seen.page.context.expect_page() as opened:
        await seen.page.get_by_test_id("enter").click()
    await (await opened.value).wait_for_url(f"{base}/room#own")
    assert seen.complaints == []


async def test_the_system_tells_of_who_waits_while_the_page_is_not_looked_at(
    chromium: Browser, base: str
) -> None:
    seen = await at_desk(chromium, base, own(1, phase="open"))
    await expect(seen.page.get_by_test_id("day-session")).to_have_count(1)
    await seen.page.evaluate("""() => {
      globalThis.told = [];
      globalThis.Notification = class {
        static permission = "granted";
        constructor(words, { tag }) { told.push([words, tag]); }
      };
      Object.defineProperty(document, "visibilityState", { value: "hidden" });
    }""")
    seen.say({"type": "board_row", "session": there(own(1, phase="open"))})
    await expect(seen.page.get_by_test_id("waits")).to_have_count(1)
    [[words, tag]] = await seen.page.evaluate("told")
    assert "さくら 1 さんがお待ちです" in words
    assert tag == "madoguchi-s-1"


async def test_the_middle_tells_of_the_waiting_room_and_of_what_happens_if_nobody_comes(
    chromium: Browser, base: str
) -> None:
    next_one = own(1, phase="open", beside=["ご家族"], ringing_needed_s=60)
    seen = await at_desk(chromium, base, next_one, own(2, 3600))
    main, waiting = seen.page.get_by_role("main"), seen.page.get_by_test_id("waiting-room")
    await expect(main.get_by_role("heading", name="さくら 1 さん")).to_be_visible()
    await expect(main).to_contain_text("次の相談")
    await expect(waiting).to_contain_text("まだ来ていません")
    await expect(waiting).to_contain_text("ご家族")
    await expect(seen.page.get_by_test_id("desk-rule")).to_contain_text("欠席として記録されます")
    await expect(seen.page.get_by_test_id("desk-rule")).to_contain_text("60秒以上になるまでは")
    await expect(seen.page.get_by_test_id("ring")).to_contain_text("自動で呼び出します")
    found = {
        "camera": "denied", "microphone": "ok", "line": "coarse", "rtt_ms": 48.2, "missing": 0.002,
        "device": "phone", "at": at(-60),
    }  # fmt: skip
    seen.say({"type": "board_row", "session": there(next_one, since=at(0))})
    await expect(waiting).to_contain_text("に到着（たったいま）")
    consents = {"consents": {"seeker": {"terms_version": "3", "at": at(-90)}}, "version": 2}
    seen.say({"type": "board_row", "session": there(next_one | consents, checked=found)})
    for words in ("待合室に来ています", "到着（2分前）", "規約 3", "許可されていません", "映像が粗い", "往復 48ミリ秒",
                  "損失 0.2%", "スマートフォン"):  # fmt: skip
        await expect(waiting).to_contain_text(words)
    await expect(seen.page.get_by_test_id("desk-rule")).to_be_hidden()
    await expect(seen.page.get_by_test_id("ring")).to_be_empty()


async def test_what_was_noted_is_read_only_on_request_and_shown_to_who_asked(
    chromium: Browser, base: str
) -> None:
    said = {f"GET {PLACE}/seeker": {"reference": "A-2031", "note": "二枚目から。\n声は大きめに。"}}
    seen = await at_desk(chromium, base, own(1), own(2, 3600), more=said)
    noted = seen.page.get_by_test_id("noted")
    await expect(noted).to_contain_text("だれがいつ開いたかが記録に残ります")
    await expect(noted).not_to_contain_text("A-2031")
    await noted.get_by_test_id("noted-open").click()
    await expect(noted).to_contain_text("A-2031")
    await expect(noted).to_contain_text("声は大きめに。")
    await noted.get_by_test_id("noted-close").click()
    await expect(noted).not_to_contain_text("A-2031")
    await noted.get_by_test_id("noted-open").click()
    await expect(noted).to_contain_text("A-2031")
    await seen.page.get_by_test_id("day-session").nth(1).click()
    await expect(noted).not_to_contain_text("A-2031")
    seen.answers["GET /sessions/s-2/seeker"] = (
        409,
        {"error": {"code": "data_closed", "detail": ""}},
    )
    await noted.get_by_test_id("noted-open").click()
    await expect(noted.get_by_test_id("noted-refused")).to_contain_text("24時間前から")


async def test_notes_stay_in_the_browser_each_with_its_session(
    chromium: Browser, base: str
) -> None:
    seen = await at_desk(chromium, base, own(1), own(2, 3600))
    sent: list[str] = []
    seen.page.on("request", lambda request: sent.append(f"{request.url} {request.post_data}"))
    memo = seen.page.get_by_test_id("memo")
    await memo.fill("履歴書の二枚目から。")
    await seen.page.get_by_test_id("day-session").nth(1).click()
    await expect(memo).to_have_value("")
    await memo.fill("通訳の方へ。")
    await seen.page.reload()
    await expect(memo).to_have_value("履歴書の二枚目から。")
    await seen.page.get_by_test_id("day-session").nth(1).click()
    await expect(memo).to_have_value("通訳の方へ。")
    wire = repr([sent, seen.heard, seen.asked])
    assert "履歴書" not in wire
    assert "%E5%B1%A5" not in wire
    assert "通訳" not in wire


async def test_the_office_is_a_call_away_and_its_word_is_there(
    chromium: Browser, base: str
) -> None:
    late = {"seeker": {"at": at(-60), "until": at(2400)}, "supporter": None}
    gone = {"phase": "ended", "outcome": "cancelled", "cause": "seeker", "ended_at": at(-30)}
    seen = await at_desk(chromium, base, own(1, notices=late), own(2, 3600, **gone))
    messages = seen.page.get_by_test_id("messages").get_by_role("listitem")
    await expect(messages).to_have_count(3)
    await expect(messages.nth(0)).to_contain_text("さくら 2 さんの予約は、取消になりました")
    await expect(messages.nth(1)).to_contain_text("遅れるとのご連絡")
    await expect(messages.nth(2)).to_contain_text("保守のため")
    call = seen.page.get_by_test_id("call-office")
    await expect(call).to_have_attribute("href", "tel:0300000000")
    await expect(seen.page.get_by_test_id("desk-rule")).to_contain_text(
        "それまでは欠席になりません"
    )


async def test_each_page_sends_the_other_ones_people_where_they_belong(
    chromium: Browser, base: str
) -> None:
    welcome = staff()
    rows = {"type": "board", "sessions": [own(1)]}
    said = {"GET /desk": DAY}
    boss = await visit(chromium, f"{base}/desk#mdg_x", welcome, rows, size=DESK, answers=said)
    await boss.page.wait_for_url(f"{base}/board#mdg_x")
    welcome["you"]["role"] = "supporter"
    own_one = await visit(chromium, f"{base}/board#mdg_x", welcome, rows, size=DESK, answers=said)
    await own_one.page.wait_for_url(f"{base}/desk#mdg_x")
    await expect(own_one.page.get_by_test_id("day-session")).to_have_count(1)


@pytest.mark.parametrize(
    ("outcome", "cause", "came", "words"),
    [
        ("completed", None, True, "に到着"),
        ("interrupted", "office", True, "に到着"),
        ("seeker_no_show", "seeker", False, "お越しになりませんでした"),
        ("supporter_no_show", "supporter", False, "到着の記録はありません"),
    ],
)
async def test_after_the_end_the_desk_says_when_they_came_and_of_an_absence_alone_that_they_did_not(
    chromium: Browser, base: str, outcome: str, cause: str | None, came: bool, words: str
) -> None:
    gone = {"phase": "ended", "outcome": outcome, "cause": cause, "ended_at": at(-60)}
    over = own(1, -1800, **gone, came={"seeker": at(-1900)} if came else {})
    seen = await at_desk(chromium, base, over)
    waiting = seen.page.get_by_test_id("waiting-room")
    await expect(waiting).to_contain_text(words)
    if outcome != "seeker_no_show":
        await expect(waiting).not_to_contain_text("お越しになりませんでした")


async def test_who_is_in_on_another_page_is_told_so_and_not_urged_in(
    chromium: Browser, base: str
) -> None:
    shown = own(1, -60, phase="live")
    seeker, mine = shown["seats"]
    seen = await at_desk(chromium, base, own(1, 60))
    enter = seen.page.get_by_test_id("enter")
    await expect(enter).to_have_text("準備に進む")
    here = {"presence": "in", "is_admitted": True, "has_joined": True, "since": at(-90)}
    both = {"seats": [seeker | here, mine | here], "version": 2}
    seen.say({"type": "board_row", "session": shown | both})
    await expect(seen.page.get_by_test_id("elsewhere")).to_have_text("別の画面で相談中です。")
    await expect(enter).to_have_text("新しい画面で開き直す")
    assert not await enter.evaluate("(button) => button.classList.contains('btn--go')")
    now = seen.page.get_by_test_id("now")
    await expect(now).to_have_count(1)
    assert await now.evaluate("(mark) => mark.closest('li').dataset.id") == "s-1"
    left = {"seats": [seeker | here, mine | here | {"presence": "away"}], "version": 3}
    seen.say({"type": "board_row", "session": shown | left})
    await expect(enter).to_have_text("窓口に入る")
    assert seen.complaints == []


async def test_an_end_before_its_time_is_told_from_the_planned_one(
    chromium: Browser, base: str
) -> None:
    early = {"phase": "ended", "outcome": "completed", "ended_at": at(-600)}
    seen = await at_desk(chromium, base, own(1, -1500, **early))
    names = seen.page.get_by_role("main").locator(".band__names")
    await expect(names).to_contain_text("終了予定")


@pytest.mark.parametrize("size", [PHONE, NARROW, DESK], ids=["phone", "narrow", "desk"])
@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_nothing_scrolls_sideways(
    chromium: Browser, base: str, size: ViewportSize, locale: str
) -> None:
    rows = [there(own(1, phase="open")), own(2, 3600, beside=["ご家族の方"])]
    seen = await at_desk(chromium, base, *rows, size=size, locale=locale)
    await expect(seen.page.get_by_test_id("day-session")).to_have_count(2)
    assert not await seen.page.evaluate(IS_WIDER)


async def test_an_empty_day_says_so(chromium: Browser, base: str) -> None:
    seen = await at_desk(chromium, base)
    await expect(seen.page.get_by_role("main")).to_contain_text("本日の予約はありません")
    await expect(seen.page.get_by_test_id("enter")).to_be_hidden()
    assert seen.complaints == []


async def test_who_waits_for_a_session_that_is_not_shown_has_the_way_in_beside_the_name(
    chromium: Browser, base: str
) -> None:
    waits = there(own(1, phase="open"))
    seen = await at_desk(chromium, base, waits, own(2, 3600))
    call = seen.page.get_by_test_id("waits")
    await expect(call).to_be_visible()
    await expect(call.get_by_test_id("open-room")).to_have_count(0)
    await seen.page.get_by_test_id("day-session").nth(1).click()
    await expect(call.get_by_test_id("open-room")).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, NARROW], ids=["phone", "narrow"])
async def test_on_a_phone_the_theme_has_its_caption(
    chromium: Browser, base: str, size: ViewportSize
) -> None:
    seen = await at_desk(chromium, base, own(1), size=size)
    await expect(seen.page.locator(".bar").get_by_text("明暗")).to_be_visible()
    assert not await seen.page.evaluate(IS_WIDER)
