"""What a change costs the board's page in a real browser: which elements are touched, counted by the browser itself."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.signaling.pages.test_board_timeline import board, slot
from tests.signaling.pages.visits import Visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]

WATCH = """(list) => {
  window.touched = [];
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      for (const one of addedNodes) if (one.ariaPosInSet) window.touched.push("new");
      const element = target.nodeType === Node.TEXT_NODE ? target.parentElement : target;
      const place = element.closest("[aria-posinset]")?.ariaPosInSet;
      if (place) window.touched.push(place);
    }
  }).observe(list, { subtree: true, childList: true, attributes: true, characterData: true });
}"""
TOUCHED = "() => [...new Set(window.touched.splice(0))]"
SHOWN = "() => [...document.querySelectorAll('[aria-posinset]')].map((one) => +one.ariaPosInSet)"


def rows(number: int) -> list[dict[str, Any]]:
    """Sessions of so many counters with nothing that moves as time goes by."""
    return [slot(n, n, 5) | {"next": None} for n in range(1, number + 1)]


async def watched(seen: Visit) -> Page:
    """From now on the page notes which lanes or cards are touched."""
    await seen.page.get_by_test_id("staff-list").evaluate(WATCH)
    return seen.page


@pytest.mark.parametrize("view", ["lanes", "cards"])
async def test_a_change_touches_the_row_of_its_room_and_nothing_where_that_is_out_of_view(
    chromium: Browser, base: str, view: str
) -> None:
    seen = await board(chromium, base, *rows(500))
    await seen.page.get_by_test_id(f"view-{view}").click()
    await expect(seen.page.locator('[data-session-id="s-3"]')).to_be_visible()
    page = await watched(seen)
    for number in (450, 470, 3):
        change = {"version": 2, "phase": "open"}
        seen.say({"type": "board_row", "session": rows(500)[number - 1] | change})
    await expect(page.locator('[data-session-id="s-3"]')).to_have_attribute("data-phase", "open")
    count = page.locator('.filters button:has([data-phase="open"]) .num')
    await expect(count).to_have_text("3")
    assert await page.evaluate(TOUCHED) == ["3"]
    assert seen.complaints == []


async def test_a_scroll_draws_the_lanes_that_come_and_leaves_the_others_alone(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base, *rows(500))
    page = await watched(seen)
    before = await page.evaluate(SHOWN)
    await page.locator(".tt").evaluate("(one) => { one.scrollTop = 38 * 8; }")
    await expect(page.locator(f'[aria-posinset="{before[-1] + 8}"]')).to_have_count(1)
    touched = set(await page.evaluate(TOUCHED))
    assert "new" in touched
    # The first one in the page is what Tab comes to; of the others that stay none has changed.
    assert touched & {str(place) for place in before[5:]} == set()


async def test_it_goes_on_following_now_when_a_wider_window_leaves_less_to_scroll(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base, slot(1, 1, -500), slot(2, 1, 5))
    page = seen.page
    left = "() => document.querySelector('.tt').scrollLeft"
    before = await page.evaluate(left)
    assert before > 100
    await page.set_viewport_size({"width": 1500, "height": 900})
    await page.wait_for_function(
        "(before) => document.querySelector('.tt').scrollLeft < before", arg=before
    )
    await expect(page.get_by_test_id("to-now")).to_be_hidden()
    await page.locator(".tt").evaluate("(one) => { one.scrollLeft -= 20; }")
    await expect(page.get_by_test_id("to-now")).to_be_visible()


async def test_a_block_half_under_the_names_keeps_its_own_beside_them_and_comes_out_for_the_focus(
    chromium: Browser, base: str
) -> None:
    seen = await board(chromium, base, slot(1, 1, -500), slot(2, 1, 5), slot(3, 1, 600))
    page = seen.page
    block = page.locator('[data-session-id="s-1"]')
    await page.locator(".tt").evaluate(
        """(one) => {
          const [block, head] = [".cell", ".tt__head"].map((each) => one.querySelector(each));
          one.scrollLeft = block.offsetLeft + 40;
        }"""
    )
    edge = "() => document.querySelector('.tt__head').getBoundingClientRect().right"
    begins = "(one) => one.getBoundingClientRect().left"
    await page.wait_for_function(
        "() => document.querySelector('.cell b').getBoundingClientRect().left > "
        "document.querySelector('.tt__head').getBoundingClientRect().right"
    )
    assert await block.evaluate(begins) < await page.evaluate(edge)
    await block.get_by_role("button").focus()
    await page.wait_for_function(
        "() => document.querySelector('.cell').getBoundingClientRect().left >= "
        "document.querySelector('.tt__head').getBoundingClientRect().right"
    )
