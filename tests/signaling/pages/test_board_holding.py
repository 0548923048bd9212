"""A lost seat is kept until the end from the board: when that is offered, what is asked, what stays in sight."""

import re
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.signaling.pages.test_board_in_a_browser import (
    PLACE,
    asked,
    board,
    drawer,
    event,
    form,
    person,
    session,
)
from tests.signaling.pages.visits import at, row

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]

WHY = "15分ほどで戻ると、ご利用者から電話。"
TIMES = {"opens_at": at(-1200), "starts_at": at(-600), "ends_at": at(1200), "ended_at": None}


def lost(**changes: Any) -> dict[str, Any]:
    """A session whose seeker was lost a minute ago."""
    gone = person("seeker", is_lost=True, is_admitted=True, grace_ends_at=at(60))
    people = [gone, person("supporter", presence="in", is_admitted=True)]
    open_still = {"outcome": None, "cause": None, "verdict": None, "reschedule": None}
    running = TIMES | open_still | {"phase": "interrupted", "has_media_flowed": True}
    return session(**(running | {"participants": people} | changes))


def in_lane(**changes: Any) -> dict[str, Any]:
    """Its row on the board."""
    shown = row(1, phase="interrupted") | TIMES | {"next": {"reason": "hold", "at": at(540)}}
    shown["seats"][0] |= {"is_lost": True, "is_admitted": True, "away_as": "lost"}
    return shown | changes


async def test_it_is_asked_with_a_reason_and_told_with_the_time(
    chromium: Browser, base: str
) -> None:
    until = at(1200)
    done = {f"POST {PLACE}/hold": lost(version=2, kept_until=until)}
    done |= {f"GET {PLACE}/lines": {"lines": []}}
    seen = await board(chromium, base, lost(), line=in_lane(), more=done)
    coming = seen.page.get_by_test_id("lane").locator(".c")
    await expect(coming).to_have_text(re.compile(r"^(9:00|8:\d\d)席の保留期限$"))
    await drawer(seen).get_by_test_id("act-hold").click()
    await expect(form(seen)).to_contain_text("終了時刻は変わりません")
    await expect(form(seen)).to_contain_text("ご利用者の不利になることはありません")
    await form(seen).get_by_test_id("form-submit").click()
    await expect(form(seen).get_by_label("理由")).to_be_focused()
    assert seen.asked == [], "not without a reason"
    await form(seen).get_by_label("理由").fill(WHY)
    seen.answers[f"GET {PLACE}"] = lost(version=2, kept_until=until)
    await form(seen).get_by_test_id("form-submit").dblclick()
    assert await asked(seen, f"POST {PLACE}/hold") == {"reason": WHY}
    told = seen.page.get_by_test_id("told")
    await expect(told).to_have_text(re.compile(r"^席を[\d:]+までとっておきます。$"))
    await expect(drawer(seen).get_by_test_id("act-hold")).to_have_count(0)
    await expect(drawer(seen).get_by_test_id("act-end")).to_be_visible()
    assert len(seen.asked) == 1
    warned = {"reason": "warning", "at": at(900)}
    seen.say({"type": "board_row", "session": in_lane(version=2, kept_until=until, next=warned)})
    # Of the twenty minutes to the end, not the fifteen to the warning.
    await expect(coming).to_have_text(re.compile(r"^(20:00|19:\d\d)席の保留期限$"))
    assert seen.complaints == []


async def test_what_is_decided_stays_decided(chromium: Browser, base: str) -> None:
    verdict = session()["verdict"] | {"cause": "seeker"}
    seen = await board(chromium, base, lost(verdict=verdict), line=in_lane())
    await drawer(seen).get_by_test_id("act-hold").click()
    await expect(form(seen)).to_contain_text("「中断（ご利用者側）」の判断が出ています")
    await expect(form(seen)).to_contain_text("その判断のままです")


@pytest.mark.parametrize("phase", ["scheduled", "open", "waiting", "live", "ended"])
async def test_it_is_not_offered_where_nobody_is_lost(
    chromium: Browser, base: str, phase: str
) -> None:
    shown = session() if phase == "ended" else lost(phase=phase)
    seen = await board(chromium, base, shown)
    await expect(drawer(seen).get_by_test_id("act-incident")).to_be_visible()
    await expect(drawer(seen).get_by_test_id("act-hold")).to_have_count(0)


async def test_it_is_not_offered_after_a_goodbye_nor_twice(chromium: Browser, base: str) -> None:
    seen = await board(chromium, base, lost(), line=in_lane(goodbye=True))
    await expect(drawer(seen).get_by_test_id("act-end")).to_be_visible()
    await expect(drawer(seen).get_by_test_id("act-hold")).to_have_count(0)
    kept = await board(chromium, base, lost(kept_until=at(1200)), line=in_lane())
    await expect(drawer(kept).get_by_test_id("act-end")).to_be_visible()
    await expect(drawer(kept).get_by_test_id("act-hold")).to_have_count(0)


async def test_who_had_it_kept_and_why_stays_in_sight(chromium: Browser, base: str) -> None:
    line = event(-30, "seats.kept", by="p_yamada") | {"version": 7}
    shown = lost(kept_until=at(1200))
    seen = await board(chromium, base, shown, line, line=in_lane(), **{"kept-7": WHY})
    history = drawer(seen).get_by_test_id("history")
    await expect(history).to_contain_text("山田が、終了時刻まで席をとっておくことにしました")
    await expect(history).to_contain_text(WHY)
