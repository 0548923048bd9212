"""Where one waits for the other and the cutoff is near, the board says so over the to-do list."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.signaling.pages.test_board_in_a_browser import asked, session
from tests.signaling.pages.visits import DESK, at, row, staff, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]


def waited_for(number: int, cutoff_in: float, **changes: Any) -> dict[str, Any]:
    """A session that began, with the supporter there and the seeker not."""
    line = row(number, phase="waiting") | {
        "starts_at": at(cutoff_in - 600),
        "ends_at": at(cutoff_in + 1200),
        "next": {"reason": "cutoff", "at": at(cutoff_in)},
    }
    line["seats"][1] |= {"presence": "lobby", "since": at(cutoff_in - 660)}
    return line | changes


async def test_a_seeker_who_does_not_come_is_told_of_until_somebody_has_seen_to_it(
    chromium: Browser, base: str
) -> None:
    rows = {"type": "board", "sessions": [waited_for(1, 200), waited_for(2, 500)]}
    said = {"POST /sessions/s-1/call": session(id="s-1")}
    seen = await visit(chromium, f"{base}/board#mdg_x", staff(), rows, size=DESK, answers=said)
    soon = seen.page.get_by_test_id("soon-item")
    await expect(soon).to_have_count(1)  # the other one may be a minute late
    await expect(soon).to_contain_text("さくら 1")
    await expect(soon).to_contain_text("ご利用者がまだ来ていません")
    await expect(soon).to_contain_text("あと")
    await expect(seen.page.get_by_text("いまは、ありません。")).to_be_hidden()
    await soon.get_by_test_id("soon-called").click()
    assert await asked(seen, "POST /sessions/s-1/call") == {"state": "no_answer"}
    seen.say({"type": "board_row", "session": waited_for(1, 200, call="no_answer", version=2)})
    await expect(soon).to_contain_text("電話に応答なし")
    await expect(soon.get_by_test_id("soon-called")).to_have_count(0)
    come = waited_for(1, 200, version=3)
    come["seats"][0]["presence"] = "lobby"
    seen.say({"type": "board_row", "session": come})
    await expect(soon).to_have_count(0)
    await expect(seen.page.get_by_text("いまは、ありません。")).to_be_visible()
    assert seen.complaints == []


async def test_of_many_the_nearest_are_shown_and_the_others_counted(
    chromium: Browser, base: str
) -> None:
    lines = [waited_for(number, 299 - number) for number in range(1, 41)]
    rows = {"type": "board", "sessions": lines}
    seen = await visit(chromium, f"{base}/board#mdg_x", staff(), rows, size=DESK)
    soon = seen.page.get_by_test_id("soon-item")
    await expect(soon).to_have_count(4)
    await expect(soon.first).to_contain_text("さくら 40")
    await expect(seen.page.get_by_text("ほかに36件あります。")).to_be_visible()


async def test_the_figure_runs_and_the_focus_stays(chromium: Browser, base: str) -> None:
    rows = {"type": "board", "sessions": [waited_for(1, 200)]}
    seen = await visit(chromium, f"{base}/board#mdg_x", staff(), rows, size=DESK)
    soon = seen.page.get_by_test_id("soon-item")
    await soon.get_by_test_id("soon-open").focus()
    before = await soon.locator(".due").text_content()
    async with asyncio.timeout(10):
        await expect(soon.locator(".due")).not_to_have_text(before or "")
    await expect(soon.get_by_test_id("soon-open")).to_be_focused()
