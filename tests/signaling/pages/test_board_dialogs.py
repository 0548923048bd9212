"""The board's dialogs throw away nothing that was written; the drawer says what is so after the end."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser, Route, ViewportSize, expect

from tests.signaling.pages.test_board_in_a_browser import (
    PLACE,
    REASON,
    answers,
    asked,
    board,
    drawer,
    event,
    form,
    person,
    session,
)
from tests.signaling.pages.visits import PHONE, at, row, staff, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]


async def test_the_verdict_that_stands_is_refused_at_the_outcome(
    chromium: Browser, base: str
) -> None:
    refused = (409, {"error": {"code": "verdict_unchanged", "detail": "it is so"}})
    seen = await board(chromium, base, session(), more={f"POST {PLACE}/overrule": refused})
    await drawer(seen).get_by_test_id("overrule").click()
    await form(seen).get_by_label("結果").select_option("interrupted")
    await form(seen).get_by_label("原因").select_option("supporter")
    await form(seen).get_by_label("理由").fill(REASON)
    await form(seen).get_by_test_id("form-submit").click()
    await expect(form(seen).locator('[data-field="outcome"]')).to_contain_text("いまの判断と同じ")
    await expect(form(seen).get_by_label("結果")).to_be_focused()


@pytest.mark.parametrize(
    ("button", "reads"),
    [("overrule", "/verdicts"), ("act-cancel", "/mail"), ("act-reassign", "/booking")],
)
async def test_a_question_is_not_asked_of_a_session_that_was_closed_while_it_was_prepared(
    chromium: Browser, base: str, button: str, reads: str
) -> None:
    shown = session() if button == "overrule" else ahead()
    seen = await board(chromium, base, shown)
    asks, may_answer = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asks.set()
        await may_answer.wait()
        await route.fallback()

    await seen.page.route(f"**{reads}", hold)
    try:
        await drawer(seen).get_by_test_id(button).click()
        async with asyncio.timeout(10):
            await asks.wait()
        await seen.page.keyboard.press("Escape")
        await expect(drawer(seen)).to_be_hidden()
        async with seen.page.expect_response(f"**{reads}") as answered:
            may_answer.set()
        await (await answered.value).finished()
        frames = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        await seen.page.evaluate(frames)
        await expect(form(seen)).to_be_hidden()
    finally:
        may_answer.set()
    await seen.page.get_by_test_id("row-open").click()
    await drawer(seen).get_by_test_id(button).click()
    await expect(form(seen)).to_be_visible()


async def test_escape_throws_nothing_away_that_was_written_before_it_is_asked(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base, session())
    await drawer(seen).get_by_test_id("act-incident").click()
    await form(seen).get_by_label("不具合").check()
    note = form(seen).get_by_label("状況")
    await note.fill(REASON)
    await seen.page.keyboard.press("Escape")
    doubt = form(seen).get_by_test_id("form-doubt")
    await expect(doubt).to_contain_text("入力した内容を消しますか")
    await expect(form(seen).get_by_test_id("doubt-no")).to_be_focused()
    await seen.page.keyboard.press("Escape")
    await expect(doubt).to_be_hidden()
    await expect(note).to_be_focused()
    await expect(note).to_have_value(REASON)
    await seen.page.keyboard.press("Escape")
    await note.press_sequentially("！")
    await expect(doubt).to_be_hidden()
    await expect(form(seen).get_by_test_id("form-submit")).to_be_visible()
    await seen.page.keyboard.press("Escape")
    await form(seen).get_by_test_id("doubt-yes").click()
    await expect(form(seen)).to_be_hidden()
    await expect(drawer(seen).get_by_test_id("act-incident")).to_be_focused()
    assert seen.asked == []


def ahead(**changes: Any) -> dict[str, Any]:
    """A session whose people are expected, with a companion elsewhere and one beside the seeker."""
    seats = [person("seeker"), person("supporter"), person("companion-1", role="companion")]
    return session(
        phase="open", outcome=None, cause=None, ended_at=None, verdict=None, consequence=None,
        reschedule=None, participants=seats, beside=["母"], **changes,
    )  # fmt: skip


async def test_a_booking_is_corrected_in_a_dialog_that_knows_what_is_so(
    chromium: Browser, base: str
) -> None:
    refused = (409, {"error": {"code": "name_refused", "detail": "the seeker's"}})
    seen = await board(chromium, base, ahead(), more={f"POST {PLACE}/correct": refused})
    await drawer(seen).get_by_test_id("act-correct").click()
    asks = form(seen)
    await expect(asks).to_contain_text("リンクはそのまま使えます")
    name = asks.get_by_label("ご利用者の表示名")
    await expect(name).to_have_value("さくら 1")
    await expect(asks.get_by_label("そばの同席者（いまは母）")).to_have_value("母")
    await expect(asks.get_by_label("申し送り")).to_be_hidden()
    await name.fill("")
    await asks.get_by_test_id("form-submit").click()
    await expect(asks.locator('[data-field="seeker_name"]')).to_contain_text("入力してください")
    await expect(name).to_be_focused()
    assert seen.asked == [], "no name is none"
    await name.fill("佐藤 花子")
    await asks.get_by_test_id("form-submit").click()
    assert await asked(seen, f"POST {PLACE}/correct") == {"seeker_name": "佐藤 花子"}
    await expect(asks.locator('[data-field="seeker_name"]')).to_contain_text("40字までの読める")
    await expect(name).to_be_focused()
    await seen.page.keyboard.press("Escape")
    await expect(asks.get_by_test_id("form-doubt")).to_be_visible()


async def test_what_is_noted_is_not_shown_to_who_corrects_and_what_is_written_is_sent(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base, ahead(), more={f"POST {PLACE}/correct": ahead(version=2)})
    await drawer(seen).get_by_test_id("act-correct").click()
    await form(seen).get_by_text("受付番号と申し送りも直す").click()
    await expect(form(seen).get_by_label("受付番号")).to_have_value("")
    await form(seen).get_by_label("申し送り").fill("午前の件です。")
    await form(seen).get_by_test_id("form-submit").click()
    assert await asked(seen, f"POST {PLACE}/correct") == {"seeker_note": "午前の件です。"}
    await expect(drawer(seen).get_by_test_id("told")).to_have_text("予約を直しました。")
    await expect(form(seen)).to_be_hidden()


async def test_a_refusal_with_a_long_code_fits_a_phone(chromium: Browser, base: str) -> None:
    refused = (409, {"error": {"code": "nothing_corrected", "detail": "nothing is otherwise"}})
    more = {f"POST {PLACE}/correct": refused}
    seen = await board(chromium, base, ahead(), more=more, size=PHONE)
    await drawer(seen).get_by_test_id("act-correct").click()
    await form(seen).get_by_test_id("form-submit").click()
    await expect(form(seen).get_by_test_id("refused")).to_contain_text(
        "直したい項目を書き換えてから"
    )
    assert await form(seen).evaluate("(it) => it.scrollWidth <= it.clientWidth")


async def test_after_the_end_nobody_is_said_to_wait_and_a_report_is_told_in_words(
    chromium: Browser, base: str
) -> None:
    incident = {
        "id": "incident-1", "kind": "technical", "at": at(-660), "by": "seeker", "by_role": "seeker",
        "accused": None, "due_at": at(86400), "stopped": False, "phase": "live",
        "resolved_at": None, "resolved_by": None,
    }  # fmt: skip
    notice = {"at": at(-2000), "until": None, "channel": "telephone"}
    shown = session(seeker_notice=notice, incidents=[incident])
    report: dict[str, Any] = {
        "incident-1": "音が出ない\n[rtt 10 ms, missing 0 %, frozen 22 s, in 205 s]"
    }
    early = event(-86400, "seat.lost", seat="seeker", signal="signalling_lost")
    late = event(-700, "seat.lost", seat="seeker", signal="signalling_lost")
    taken = event(-2500, "supporter.reassigned", by="p_yamada", before="p_x", after="p_y")
    report |= {"reassigned-1": REASON}
    seen = await board(chromium, base, shown, early, taken, late, **report)
    told = drawer(seen).get_by_test_id("notice")
    await expect(told).to_contain_text("遅れるとの連絡がありました。")
    await expect(told).not_to_contain_text("待ちます")
    incidents = drawer(seen).get_by_test_id("incidents")
    await expect(incidents.locator('[data-note="incident-1"]')).to_have_text("音が出ない")
    await expect(incidents.get_by_test_id("figures")).to_have_text(
        "測った通信：往復10ミリ秒、不達0%、映像の停止22秒（205秒中）"
    )
    history = drawer(seen).get_by_test_id("history").get_by_role("listitem")
    await expect(history.nth(0)).to_contain_text("ご利用者が画面を閉じました。")
    await expect(history.nth(0)).not_to_have_class("hot")
    await expect(history.nth(1).locator("q")).to_have_text(REASON)
    await expect(history.nth(2)).to_contain_text("接続が切れました")
    await expect(history.nth(2)).to_have_class("hot")


@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_what_closes_the_drawer_stays_in_its_corner_whatever_can_be_done(
    chromium: Browser, base: str, locale: str
) -> None:
    expected = ahead(starts_at=at(600), ends_at=at(2400))
    corner = """() => {
      const box = (one) => document.querySelector(`[data-testid="${one}"]`).getBoundingClientRect();
      const [drawer, close] = [box("drawer"), box("drawer-close")];
      return [drawer.right - close.right < 28, close.top - drawer.top < 16];
    }"""
    for width in (1440, 1100, 390):
        size: ViewportSize = {"width": width, "height": 900}
        welcome = staff() | {"language": locale}
        line = row(1, phase="open") | {"extension": True}
        rows = {"type": "board", "sessions": [line]}
        said = answers(expected)
        seen = await visit(
            chromium, f"{base}/board#mdg_x", welcome, rows, size=size, answers=said, locale=locale
        )
        await seen.page.get_by_test_id("row-open").click()
        await expect(drawer(seen).get_by_test_id("act-cancel")).to_be_visible()
        await expect(drawer(seen).get_by_test_id("act-extend")).to_be_visible()
        assert await seen.page.evaluate(corner) == [True, True], width
