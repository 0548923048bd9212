"""What a scheduler can do on the board, in a real browser; the API says what the test wants."""

import asyncio
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import (
    Browser,
    Locator,
    ViewportSize,
    expect,
)

from tests.signaling.pages.visits import (
    DESK,
    NARROW,
    PHONE,
    Visit,
    at,
    row,
    staff,
    visit,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]

PLACE = "/sessions/s-1"
REASON = "相談員の端末の故障でした。"


def person(seat: str, **changes: Any) -> dict[str, Any]:
    """One person of a session, as docs/api.md describes it."""
    return {
        "seat": seat,
        "role": seat,
        "display_name": "さくら 1" if seat == "seeker" else "あおぞら",
        "person": f"p_{seat}",
        "present": False,
        "connected": False,
        "presence": "away",
        "is_admitted": False,
        "has_joined": False,
        "is_lost": False,
        "grace_ends_at": None,
        "is_claimed": False,
    } | changes


def session(**changes: Any) -> dict[str, Any]:
    """A session that broke off, as docs/api.md describes it."""
    return {
        "id": "s-1",
        "version": 1,
        "programme": "demo",
        "medium": "video",
        "time_zone": "Asia/Tokyo",
        "phase": "ended",
        "outcome": "interrupted",
        "cause": "supporter",
        "opens_at": at(-2400),
        "starts_at": at(-1800),
        "cutoff_at": None,
        "ends_at": at(0),
        "ended_at": at(-600),
        "kept_until": None,
        "participants": [person("seeker"), person("supporter")],
        "verdict": {
            "outcome": "interrupted",
            "cause": "supporter",
            "confidence": "likely",
            "reason": "supporter_connection_lost",
            "at": at(-600),
            "sentence": {
                "ja": "相談員側の接続が切れました。",
                "en": "The counsellor’s line broke.",
            },
            "evidence": [
                {"signal": "line_bad", "at": at(-730), "seat": "supporter", "value": 0.42},
                {"signal": "media_silent", "at": at(-720), "seat": "supporter", "value": 5.0},
            ],
        },
        "quota": "restored",
        "consequence": {"quota": "restored", "strike": False, "reschedule": True, "confirm": False},
        "reschedule": {
            "state": "open",
            "opened_at": at(-600),
            "expires_at": at(86400),
            "is_proposed": True,
            "options": [
                {
                    "id": "7",
                    "starts_at": at(3600),
                    "ends_at": at(5400),
                    "supporter_name": "あおぞら",
                }
            ],
            "new_session": None,
            "new_starts_at": None,
        },
        "following": None,
        "seeker_notice": None,
        "supporter_notice": None,
        "beside": [],
        "overrulings": [],
        "incidents": [],
        "tasks": [],
    } | changes


def answers(shown: dict[str, Any], *events: dict[str, Any], **notes: str) -> dict[str, Any]:
    """What the API says of one session."""
    return {
        f"GET {PLACE}": shown,
        f"GET {PLACE}/events": {"events": list(events)},
        f"GET {PLACE}/notes": {"notes": notes},
        "GET /staff/p_yamada": {"person": "p_yamada", "display_name": "山田", "role": "scheduler"},
    }


def event(seconds: float, name: str, **data: Any) -> dict[str, Any]:
    """A line of history."""
    return {"version": 1, "at": at(seconds), "name": name, "data": data}


async def board(
    chromium: Browser,
    base: str,
    shown: dict[str, Any],
    *events: dict[str, Any],
    size: ViewportSize = DESK,
    line: dict[str, Any] | None = None,
    more: dict[str, Any] | None = None,
    **notes: str,
) -> Visit:
    """The board with one session, opened."""
    welcome = staff()
    shown_row = row(1, phase=shown["phase"]) | {"medium": shown["medium"]} | (line or {})
    rows = {"type": "board", "sessions": [shown_row]}
    said = answers(shown, *events, **notes) | (more or {})
    seen = await visit(chromium, f"{base}/board#mdg_x", welcome, rows, size=size, answers=said)
    await seen.page.get_by_test_id("row-open").click()
    await expect(drawer(seen).get_by_role("heading", name="参加者")).to_be_visible()
    await expect(drawer(seen).get_by_text("読み込んでいます")).to_have_count(0)
    return seen


def drawer(seen: Visit) -> Locator:
    """Where one session is opened up."""
    return seen.page.get_by_test_id("drawer")


def form(seen: Visit) -> Locator:
    """The question that is being asked."""
    return seen.page.get_by_test_id("form")


async def asked(seen: Visit, ask: str) -> Any:
    """Wait until the page has asked the API for that; what it sent."""
    async with asyncio.timeout(10):
        while True:
            for one, body in seen.asked:
                if one == ask:
                    return body
            seen.news.clear()
            await seen.news.wait()


async def test_a_session_opens_with_its_sentence_its_evidence_and_its_history(
    chromium: Browser, base: str
) -> None:
    lines = [
        event(-1700, "session.moved", **{"from": "waiting", "to": "live", "reason": "admitted"}),
        event(-720, "seat.lost", seat="supporter", signal="media_silent"),
        event(-600, "session.ended", outcome="interrupted", cause="supporter", quota="restored",
              confidence="likely", reason="supporter_connection_lost", strike=False),
    ]  # fmt: skip
    seen = await board(chromium, base, session(), *lines)
    opened = drawer(seen)
    await expect(opened.get_by_test_id("sentence")).to_have_text("相談員側の接続が切れました。")
    await expect(opened.get_by_test_id("verdict")).to_contain_text("推定")
    await expect(opened.get_by_test_id("evidence").get_by_role("listitem")).to_have_count(2)
    await expect(opened.get_by_test_id("evidence")).to_contain_text("通信の損失が大きい（42%）")
    await expect(opened.get_by_test_id("consequence")).to_contain_text("回数 数えない")
    history = opened.get_by_test_id("history").get_by_role("listitem")
    await expect(history).to_have_count(3)
    await expect(history.nth(1)).to_contain_text(
        "相談員の接続が切れました（映像・音声が途絶えたため）。"
    )
    await expect(history.nth(2)).to_contain_text("ご利用の回数には数えません")
    await seen.page.keyboard.press("Escape")
    await expect(opened).to_be_hidden()
    await expect(seen.page.get_by_test_id("row-open")).to_be_focused()
    assert seen.complaints == []


async def test_the_first_verdict_and_the_reason_stay_in_sight(chromium: Browser, base: str) -> None:
    first = {**session()["verdict"], "consequence": session()["consequence"]}
    verdict = {"outcome": "not_held", "cause": "platform", "confidence": "sure"}
    shown = session(
        outcome="not_held",
        cause="platform",
        verdict={**first, **verdict, "reason": "overruled", "sentence": None},
        overrulings=[{"at": at(-60), "by": "p_yamada", "before": first}],
    )
    seen = await board(chromium, base, shown, **{"overruling-1": REASON})
    opened = drawer(seen)
    await expect(opened.get_by_test_id("verdict")).to_contain_text("不成立（当方の設備）")
    await expect(opened.get_by_test_id("overruled")).to_contain_text("山田が")
    await expect(opened.get_by_test_id("overruled")).to_contain_text(REASON)
    await expect(opened.get_by_test_id("first-verdict")).to_contain_text("中断（相談員側）、推定")


async def test_nothing_is_overruled_without_a_reason_and_only_once(
    chromium: Browser, base: str
) -> None:
    done = {f"POST {PLACE}/overrule": session()}
    seen = await board(chromium, base, session(), more=done)
    await drawer(seen).get_by_test_id("overrule").click()
    outcome, cause = form(seen).get_by_label("結果"), form(seen).get_by_label("原因")
    await expect(outcome).to_have_value("")
    await expect(cause).to_be_hidden()
    await form(seen).get_by_test_id("form-submit").click()
    await expect(outcome).to_be_focused()
    await outcome.select_option("not_held")
    await expect(cause).to_have_value("")
    await form(seen).get_by_test_id("form-submit").click()
    await expect(cause).to_be_focused()
    await cause.select_option("platform")
    await form(seen).get_by_test_id("form-submit").click()
    reason = form(seen).get_by_label("理由")
    await expect(reason).to_be_focused()
    await expect(reason).to_have_attribute("aria-invalid", "true")
    assert seen.asked == []
    await reason.fill(REASON)
    await form(seen).get_by_test_id("form-submit").dblclick()
    await expect(form(seen)).to_be_hidden()
    body = {"outcome": "not_held", "cause": "platform", "reason": REASON, "number": 0}
    assert seen.asked == [(f"POST {PLACE}/overrule", body)]
    await expect(seen.page.get_by_test_id("told")).to_have_text("判断を改めました。")


async def test_a_cause_can_be_chosen_only_where_the_outcome_can_have_it(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base, session())
    await drawer(seen).get_by_test_id("overrule").click()
    cause = form(seen).get_by_label("原因")
    await form(seen).get_by_label("結果").select_option("seeker_no_show")
    await expect(cause).to_have_value("seeker")
    await expect(cause.locator("option:enabled")).to_have_count(1)
    await form(seen).get_by_label("結果").select_option("completed")
    await expect(cause).to_be_hidden()


def instead(outcome: str, cause: str | None, **follows: Any) -> dict[str, Any]:
    """A verdict that could be put in the place of the present one, and what would follow."""
    return {"outcome": outcome, "cause": cause, "consequence": {"confirm": False} | follows}


async def test_what_overruling_changes_for_the_visitor_is_said_before_it_is_done(
    chromium: Browser, base: str
) -> None:
    verdicts = [
        instead("seeker_no_show", "seeker", quota="used", strike=True, reschedule=False),
        instead("interrupted", "seeker", quota="used", strike=False, reschedule=False),
        instead("interrupted", "platform", quota="restored", strike=False, reschedule=True),
    ]
    more = {f"GET {PLACE}/verdicts": {"verdicts": verdicts}}
    seen = await board(chromium, base, session(), more=more)
    await drawer(seen).get_by_test_id("overrule").click()
    foot = form(seen).get_by_test_id("form-foot")
    await expect(foot).to_be_empty()
    outcome, cause = form(seen).get_by_label("結果"), form(seen).get_by_label("原因")
    await outcome.select_option("seeker_no_show")
    await expect(foot).to_have_text(
        "改めると：回数 数えない→数える、欠席の記録 なし→あり、日程調整 あり→なし。"
    )
    await outcome.select_option("interrupted")
    await cause.select_option("seeker")
    await expect(foot).to_have_text("改めると：回数 数えない→数える、日程調整 あり→なし。")
    await cause.select_option("platform")
    await expect(foot).to_have_text("改めても、回数、欠席の記録、日程調整は変わりません。")


async def test_overruling_says_that_a_date_that_is_booked_stays(
    chromium: Browser, base: str
) -> None:
    verdict = instead("completed", None, quota="used", strike=False, reschedule=False)
    more = {f"GET {PLACE}/verdicts": {"verdicts": [verdict]}}
    booked = {**session()["reschedule"], "state": "chosen", "new_starts_at": at(3600)}
    seen = await board(chromium, base, session(reschedule=booked), more=more)
    await drawer(seen).get_by_test_id("overrule").click()
    await form(seen).get_by_label("結果").select_option("completed")
    foot = form(seen).get_by_test_id("form-foot")
    await expect(foot).to_contain_text("すでに決まった代わりの予約は残ります。")


async def test_a_verdict_that_needed_no_evidence_does_not_say_that_there_is_none(
    chromium: Browser, base: str
) -> None:
    plain = {**session()["verdict"], "confidence": "sure", "evidence": []}
    seen = await board(chromium, base, session(verdict=plain))
    await expect(drawer(seen).get_by_test_id("sentence")).to_be_visible()
    await expect(drawer(seen).get_by_test_id("evidence")).to_have_count(0)
    await expect(drawer(seen)).not_to_contain_text("判断に使った記録")


async def test_who_comes_second_is_told_in_a_sentence_and_keeps_what_was_written(
    chromium: Browser, base: str
) -> None:
    refused = (409, {"error": {"code": "overruled_meanwhile", "detail": "somebody was faster"}})
    seen = await board(chromium, base, session(), more={f"POST {PLACE}/overrule": refused})
    await drawer(seen).get_by_test_id("overrule").click()
    await form(seen).get_by_label("結果").select_option("completed")
    await form(seen).get_by_label("理由").fill(REASON)
    await form(seen).get_by_test_id("form-submit").click()
    refusal = form(seen).get_by_test_id("refused")
    await expect(refusal).to_contain_text("先に判断を改めました")
    await expect(refusal).to_have_attribute("data-code", "overruled_meanwhile")
    await expect(form(seen).get_by_label("理由")).to_have_value(REASON)
    await expect(form(seen).get_by_test_id("form-submit")).to_be_enabled()
    assert [line for line in seen.complaints if "40" not in line] == []


@pytest.mark.parametrize("is_told", [True, False])
async def test_who_cancels_is_told_to_call_where_nothing_is_sent(
    chromium: Browser, base: str, is_told: bool
) -> None:
    ahead = session(phase="scheduled", outcome=None, verdict=None, reschedule=None)
    mailed = {f"GET {PLACE}/mail": {"seeker": is_told}}
    seen = await board(chromium, base, ahead, more=mailed)
    await drawer(seen).get_by_test_id("act-cancel").click()
    await expect(form(seen)).to_contain_text("元には戻せません")
    untold = form(seen).get_by_test_id("untold")
    await expect(untold).to_have_count(0 if is_told else 1)
    if not is_told:
        await expect(untold).to_have_text(
            "ご利用者にはお知らせが届きません。お電話でお知らせください。"
        )


async def test_without_an_answer_the_page_does_not_say_that_nothing_was_done(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base, session(phase="open", outcome=None, verdict=None))
    await seen.page.route("**/cancel", lambda route: route.abort())
    await drawer(seen).get_by_test_id("act-cancel").click()
    await form(seen).get_by_label("ご本人の希望").check()
    await form(seen).get_by_test_id("form-submit").click()
    await expect(form(seen).get_by_test_id("refused")).to_contain_text("済んでいるかもしれません")


async def test_a_call_that_was_taken_is_noted_and_a_cancellation_says_by_whom(
    chromium: Browser, base: str
) -> None:
    shown = session(phase="open", outcome=None, verdict=None, reschedule=None, starts_at=at(600))
    done = {f"POST {PLACE}/notices": shown, f"POST {PLACE}/cancel": shown}
    seen = await board(chromium, base, shown, more=done)
    await drawer(seen).get_by_test_id("act-notice").click()
    await form(seen).get_by_test_id("form-submit").click()
    noted = await asked(seen, f"POST {PLACE}/notices")
    assert noted == {"about": "seeker", "until": None, "channel": "telephone"}
    await drawer(seen).get_by_test_id("act-cancel").click()
    begins = datetime.fromisoformat(shown["starts_at"]).astimezone(ZoneInfo("Asia/Tokyo"))
    await expect(form(seen)).to_contain_text(f"{begins.day}日")
    await expect(form(seen)).to_contain_text(f"{begins.hour}:{begins:%M}–")
    await expect(form(seen).get_by_test_id("form-back")).to_have_text("戻る")
    await form(seen).get_by_test_id("form-submit").click()
    await expect(form(seen).get_by_text("ここを選んでください")).to_be_visible()
    await form(seen).get_by_label("ご本人の希望").check()
    await form(seen).get_by_test_id("form-submit").click()
    cancelled = await asked(seen, f"POST {PLACE}/cancel")
    assert cancelled == {"by": "seeker", "channel": "telephone"}


async def test_times_are_those_of_the_office_wherever_the_scheduler_sits(
    chromium: Browser, base: str
) -> None:
    welcome = staff()
    rows = {"type": "board", "sessions": [row(1, phase="ended")]}
    said = answers(session()) | {f"POST {PLACE}/reschedule/book": session()}
    seen = await visit(chromium, f"{base}/board#mdg_x", welcome, rows, size=DESK, answers=said,
                       timezone_id="America/New_York")  # fmt: skip
    await seen.page.get_by_test_id("row-open").click()
    await drawer(seen).get_by_test_id("book-date").click()
    await form(seen).get_by_label("開始").fill("2031-01-15T10:30")
    await form(seen).get_by_test_id("form-submit").click()
    body = await asked(seen, f"POST {PLACE}/reschedule/book")
    assert body["starts_at"] == "2031-01-15T01:30:00.000Z"


async def test_escape_leaves_the_question_and_not_the_session(chromium: Browser, base: str) -> None:
    seen = await board(chromium, base, session())
    opener = drawer(seen).get_by_test_id("act-incident")
    await opener.click()
    inside = "() => document.querySelector('[data-testid=form]').contains(document.activeElement)"
    for _ in range(12):
        await seen.page.keyboard.press("Tab")
        is_inside = await seen.page.evaluate(inside)
        is_of_browser = await seen.page.evaluate("() => document.activeElement === document.body")
        assert is_inside or is_of_browser, "the page behind is out of reach"
    await seen.page.keyboard.press("Escape")
    await expect(form(seen)).to_be_hidden()
    await expect(drawer(seen)).to_be_visible()
    await expect(opener).to_be_focused()


async def test_what_waits_for_somebody_is_listed_and_ticked_off_with_a_note(
    chromium: Browser, base: str
) -> None:
    task = {"id": "confirm_cause", "kind": "confirm_cause", "since": at(-900), "due_at": at(600)}
    listed = {**task, "programme": "demo", "session": "s-1", "starts_at": at(-1800),
              "seeker_name": "さくら 1", "supporter_name": "あおぞら", "person": None}  # fmt: skip
    shown = session(tasks=[task])
    more = {"GET /tasks": {"tasks": [listed]}, f"POST {PLACE}/tasks/confirm_cause/done": shown}
    seen = await board(chromium, base, shown, line={"tasks": [task]}, more=more)
    item = seen.page.get_by_test_id("todo-item")
    await expect(item).to_contain_text("原因の確認")
    await expect(item).to_have_class("urgent is-open")
    await expect(seen.page.get_by_test_id("board-row")).to_contain_text("要対応")
    await item.get_by_test_id("todo-done").click()
    await form(seen).get_by_label("メモ").fill("確かめました。")
    seen.answers["GET /tasks"] = {"tasks": []}
    await form(seen).get_by_test_id("form-submit").click()
    body = await asked(seen, f"POST {PLACE}/tasks/confirm_cause/done")
    assert body == {"note": "確かめました。"}
    await expect(item).to_have_count(0)
    done = [{"task": "confirm_cause", "at": at(0), "by": "p_yamada"}]
    seen.say({"type": "board_row", "session": row(1, version=2, phase="ended") | {"done": done}})
    await expect(seen.page.get_by_test_id("todo-ticked")).to_contain_text("原因の確認：山田")


async def test_an_incident_is_read_and_resolved_with_a_note(chromium: Browser, base: str) -> None:
    incident = {
        "id": "incident-1",
        "kind": "recording",
        "at": at(-700),
        "by": "seeker",
        "accused": "supporter",
        "due_at": at(600),
        "stopped": True,
        "phase": "live",
        "resolved_at": None,
        "resolved_by": None,
    }
    shown = session(incidents=[incident])
    done = {f"POST {PLACE}/incidents/incident-1/resolve": shown}
    notes = {"incident-1": "<b>画面に赤い印</b>"}
    seen = await board(chromium, base, shown, more=done, **notes)
    listed = drawer(seen).get_by_test_id("incidents")
    await expect(listed).to_contain_text("録画・録音の疑い（ご利用者、")
    await expect(listed).to_contain_text("<b>画面に赤い印</b>")
    await listed.get_by_test_id("resolve").click()
    await form(seen).get_by_label("対応の結果").fill("双方に確かめました。")
    await form(seen).get_by_test_id("form-submit").click()
    body = await asked(seen, f"POST {PLACE}/incidents/incident-1/resolve")
    assert body == {"note": "双方に確かめました。"}


async def test_who_stepped_out_has_one_word_and_raises_no_alarm(
    chromium: Browser, base: str
) -> None:
    out = {"is_lost": True, "presence": "away"}
    shown = session(
        phase="interrupted",
        outcome=None,
        verdict=None,
        ended_at=None,
        participants=[person("seeker", **out), person("supporter", presence="in")],
    )
    seats = row(1)["seats"]
    seats[0] |= out | {"away_as": "stepped_out"}
    lines = [
        event(-60, "seat.stepped_out", seat="seeker"),
        event(-60, "seat.lost", seat="seeker", signal="stepped_out"),
    ]
    seen = await board(chromium, base, shown, *lines, line={"seats": seats})
    seat = drawer(seen).locator('[data-seat="seeker"]').first
    await expect(seat).to_contain_text("離席")
    await expect(seen.page.get_by_test_id("board-row")).to_contain_text("：離席")
    await expect(seen.page.get_by_text("席を外しています")).to_have_count(0)
    history = drawer(seen).get_by_test_id("history").get_by_role("listitem")
    await expect(history).to_have_count(1)
    await expect(history).to_contain_text("ご利用者が席を外しました。")
    await expect(history).not_to_have_class("hot")


async def test_another_device_is_let_in_from_the_board(chromium: Browser, base: str) -> None:
    people = [person("seeker", is_claimed=True, presence="lobby"), person("supporter")]
    shown = session(phase="waiting", outcome=None, verdict=None, participants=people)
    done = {f"POST {PLACE}/claims/seeker": shown}
    seen = await board(chromium, base, shown, more=done)
    claim = drawer(seen).get_by_test_id("claim")
    await expect(claim).to_contain_text("控えのある番号に電話をかけ")
    await claim.get_by_test_id("claim-yes").click()
    assert await asked(seen, f"POST {PLACE}/claims/seeker") == {"agrees": True}


async def test_a_new_link_is_shown_once_and_only_after_a_question(
    chromium: Browser, base: str
) -> None:
    link = (201, {"seat": "seeker", "url": "https://room.example.org/room#secret"})
    seen = await board(chromium, base, session(), more={f"POST {PLACE}/links/seeker": link})
    await drawer(seen).get_by_test_id("renew").first.click()
    assert seen.asked == []
    await form(seen).get_by_test_id("form-submit").click()
    new = form(seen).get_by_test_id("new-link")
    await expect(new).to_have_value("https://room.example.org/room#secret")
    await form(seen).get_by_test_id("form-back").click()
    await expect(new).to_have_count(0)


@pytest.mark.parametrize("size", [PHONE, NARROW], ids=["phone", "narrow"])
async def test_on_a_phone_the_session_covers_the_page_and_nothing_scrolls_sideways(
    chromium: Browser, base: str, size: ViewportSize
) -> None:
    seen = await board(chromium, base, session(), size=size)
    assert await seen.page.locator(".filters").evaluate("(part) => part.inert")
    widths = "() => [document.documentElement.scrollWidth, document.querySelector('.drawer').scrollWidth]"
    assert max(await seen.page.evaluate(widths)) <= size["width"]
    await drawer(seen).get_by_test_id("overrule").click()
    await expect(form(seen)).to_be_visible()  # what would follow of each verdict is read first
    wide = await form(seen).evaluate("(dialog) => dialog.scrollWidth")
    assert wide <= size["width"]
    await seen.page.keyboard.press("Escape")
    await drawer(seen).get_by_test_id("drawer-close").click()
    assert not await seen.page.locator(".filters").evaluate("(part) => part.inert")


async def test_the_session_stays_open_when_the_language_changes(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base, session())
    await seen.page.get_by_role("button", name="English").click()
    await expect(drawer(seen).get_by_test_id("sentence")).to_have_text(
        "The counsellor’s line broke."
    )
    await expect(drawer(seen).get_by_test_id("overrule")).to_have_text("Overrule (with a reason)")


async def test_the_end_is_moved_only_where_the_programme_allows_it(
    chromium: Browser, base: str
) -> None:
    running = {"phase": "live", "outcome": None, "verdict": None, "reschedule": None}
    shown = session(**running, ends_at="2031-01-15T01:30:00.000Z")
    fixed = await board(chromium, base, shown)
    await expect(drawer(fixed).get_by_test_id("act-extend")).to_have_count(0)
    done = {f"POST {PLACE}/extend": shown}
    seen = await board(chromium, base, shown, line={"extension": True}, more=done)
    await drawer(seen).get_by_test_id("act-extend").click()
    await form(seen).get_by_label("理由").fill("相談が長引いています。")
    await form(seen).get_by_test_id("form-submit").click()
    body = await asked(seen, f"POST {PLACE}/extend")
    assert body == {"ends_at": "2031-01-15T01:40:00.000Z", "reason": "相談が長引いています。"}


async def test_maintenance_is_listed_and_called_off_after_a_question(
    chromium: Browser, base: str
) -> None:
    window = {
        "id": "m-1",
        "state": "coming",
        "begins_at": "2031-03-03T13:00:00.000+09:00",
        "ends_at": "2031-03-03T14:30:00.000+09:00",
        "reason": "装置の交換",
        "planned_at": at(0),
        "planned_by": "p_yamada",
        "called_off_at": None,
        "called_off_by": None,
    }
    over = {**window, "id": "m-0", "state": "over", "ends_at": "2031-03-04T02:00:00.000+09:00"}
    more = {"GET /maintenance": {"windows": [over, window]}, "DELETE /maintenance/m-1": window}
    seen = await board(chromium, base, session(), more=more)
    await seen.page.get_by_test_id("maintenance").click()
    windows = form(seen).get_by_test_id("window").locator(".num")
    await expect(windows).to_have_text(["3/3 13:00–3/4 02:00", "3/3 13:00–14:30"])
    await expect(form(seen).get_by_test_id("call-off")).to_have_count(1)
    await form(seen).get_by_test_id("call-off").click()
    assert seen.asked == []
    await form(seen).get_by_test_id("form-submit").click()
    await asked(seen, "DELETE /maintenance/m-1")
    await expect(seen.page.get_by_test_id("told")).to_have_text("保守を取りやめました。")


async def test_a_person_is_decided_about_with_a_reason_and_with_what_was_seen(
    chromium: Browser, base: str
) -> None:
    standing = {
        "programme": "demo",
        "person": "p_seeker",
        "state": "good",
        "strikes": 2,
        "strikes_for_task": 2,
        "under_review": False,
        "quota_used": 2,
        "quota_left": None,
        "number": 3,
        "task": None,
        "lines": [
            {"session": "s-0", "at": at(-90000), "role": "seeker", "outcome": "seeker_no_show",
             "cause": "seeker", "quota": "used", "strike": True, "review": False}
        ],
        "decisions": [],
        "bookings": [],
    }  # fmt: skip
    place = "/standing/demo/p_seeker"
    more = {f"GET {place}": standing, f"POST {place}/decisions": (201, standing)}
    seen = await board(chromium, base, session(), more=more)
    await drawer(seen).get_by_test_id("standing").first.click()
    await expect(form(seen)).to_contain_text("欠席の記録、回数に数える")
    await form(seen).get_by_test_id("decide-suspended").click()
    await form(seen).get_by_label("理由").fill("無断の欠席が続いたため。")
    await form(seen).get_by_label("すべて取り消す").check()
    await form(seen).get_by_test_id("form-submit").click()
    body = await asked(seen, f"POST {place}/decisions")
    reason = "無断の欠席が続いたため。"
    assert body == {"kind": "suspended", "reason": reason, "number": 3, "bookings": "cancel"}
