"""A session that runs is ended from the board: a reason, how it counts, what the drawer shows afterwards."""

import pytest
from playwright.async_api import Browser, expect

from tests.signaling.pages.test_board_in_a_browser import (
    PLACE,
    asked,
    board,
    drawer,
    event,
    form,
    session,
)
from tests.signaling.pages.visits import row

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]

RUNNING = {"outcome": None, "cause": None, "verdict": None, "reschedule": None, "ended_at": None}
WHY = "相談員が急病のため。"


async def test_it_is_ended_with_a_reason_and_not_as_held_unless_that_is_said(
    chromium: Browser, base: str
) -> None:
    shown = session(phase="live", has_media_flowed=True, **RUNNING)
    done = {f"POST {PLACE}/end": session(outcome="completed", cause=None)}
    done |= {f"GET {PLACE}/lines": {"lines": []}}
    seen = await board(chromium, base, shown, more=done)
    await expect(drawer(seen).get_by_test_id("act-cancel")).to_have_count(0)
    await drawer(seen).get_by_test_id("act-end").click()
    await expect(form(seen)).to_contain_text("窓口の都合で終了しました")
    await expect(form(seen).get_by_label("途中で終了した")).to_be_checked()
    await form(seen).get_by_test_id("form-submit").click()
    await expect(form(seen).get_by_label("理由")).to_be_focused()
    assert seen.asked == [], "not without a reason"
    await form(seen).get_by_label("相談は済んでいる").check()
    await form(seen).get_by_label("理由").fill(WHY)
    await form(seen).get_by_test_id("form-submit").click()
    assert await asked(seen, f"POST {PLACE}/end") == {"held": True, "reason": WHY}
    await expect(seen.page.get_by_test_id("told")).to_have_text("相談を終了しました：実施")
    assert seen.complaints == []


async def test_what_is_decided_is_said_and_not_asked(chromium: Browser, base: str) -> None:
    shown = session(
        phase="interrupted", has_media_flowed=True, **(RUNNING | {"verdict": session()["verdict"]})
    )
    seen = await board(chromium, base, shown)
    await drawer(seen).get_by_test_id("act-end").click()
    await expect(form(seen)).to_contain_text("「中断（相談員側）」の判断が出ています")
    await expect(form(seen).get_by_role("radio")).to_have_count(0)
    await expect(form(seen).get_by_label("理由")).to_be_focused()


@pytest.mark.parametrize("phase", ["scheduled", "open", "waiting", "ended"])
async def test_what_does_not_run_is_not_ended(chromium: Browser, base: str, phase: str) -> None:
    shown = session(phase=phase) if phase == "ended" else session(phase=phase, **RUNNING)
    seen = await board(chromium, base, shown)
    await expect(drawer(seen).get_by_test_id("act-incident")).to_be_visible()
    await expect(drawer(seen).get_by_test_id("act-end")).to_have_count(0)


async def test_who_ended_it_and_why_stays_in_sight(chromium: Browser, base: str) -> None:
    verdict = {
        **session()["verdict"],
        "cause": "office",
        "confidence": "sure",
        "reason": "office_ended",
        "sentence": {
            "ja": "10:12:00 に窓口の担当者が終了しました。",
            "en": "A scheduler ended it.",
        },
        "evidence": [],
    }
    shown = session(cause="office", verdict=verdict)
    line = event(-600, "office.ended", by="p_yamada", held=False)
    seen = await board(chromium, base, shown, line, ended=WHY)
    await expect(drawer(seen).get_by_test_id("verdict")).to_contain_text("中断（窓口の都合）")
    await expect(drawer(seen).get_by_test_id("sentence")).to_contain_text("担当者が終了しました")
    await expect(drawer(seen).get_by_test_id("why-ended")).to_contain_text(WHY)
    await expect(drawer(seen).get_by_test_id("history")).to_contain_text("山田が相談を終了しました")


async def test_after_the_end_no_line_is_said_to_be_measured_now(
    chromium: Browser, base: str
) -> None:
    shown = session(phase="live", has_media_flowed=True, **RUNNING)
    told = [{"missing": 0.0, "rtt_ms": 40.0, "frozen_s": 0.0}]
    lines = {"lines": [{"seat": "seeker", "measured": [], "told": told}]}
    seen = await board(chromium, base, shown, more={f"GET {PLACE}/lines": lines})
    now = drawer(seen).get_by_role("heading", name="いまの回線")
    await expect(now).to_be_visible()
    # What asks again every few seconds stands still: the end itself takes them away.
    await seen.page.evaluate("for (let id = 1; id < 10000; id += 1) clearInterval(id)")
    seen.answers[f"GET {PLACE}"] = session(version=2)
    seen.say({"type": "board_row", "session": row(1, phase="ended") | {"version": 2}})
    await expect(drawer(seen).get_by_test_id("verdict")).to_be_visible()
    await expect(now).to_be_hidden()
