"""The supporter's call on every screen: head, panel and controls in reach, upright, on its side, in large text."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.signaling.pages.test_panel_in_a_browser import after, calling
from tests.signaling.pages.test_phones_in_a_browser import LARGE_TEXT, LYING, SMALL_LYING, inside
from tests.signaling.pages.visits import DESK, NARROW, PHONE, at, changed, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]

LONG_LYING = ViewportSize(width=932, height=430)
BOXES = """() => {
  const seen = (one) => one.checkVisibility();
  const box = (one) => one.getBoundingClientRect().toJSON();
  const boxes = (where) => [...document.querySelectorAll(where)].filter(seen).map(box);
  return {
    controls: boxes(".call__ctl button"),
    tabs: boxes('[role="tab"]'),
    head: boxes(".call__who h1, .call__row .left b, .call__row .conn, .call .band__rail"),
    stage: boxes(".call__stage")[0],
    panel: boxes('[role="tabpanel"]')[0] ?? null,
  };
}"""


async def fits(page: Page, size: ViewportSize) -> dict[str, Any]:
    """The boxes of what must be in reach; they are, to a pixel, and nothing scrolls sideways."""
    boxes: dict[str, Any] = await page.evaluate(BOXES)
    parts = [*boxes["controls"], *boxes["tabs"], *boxes["head"]]
    assert [each for each in parts if not inside(each, size)] == []
    assert min(each["height"] for each in [*boxes["controls"], *boxes["tabs"]]) >= 44
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= size["width"]
    return boxes


@pytest.mark.parametrize("locale", ["ja", "en"])
@pytest.mark.parametrize("size", [PHONE, NARROW, LYING, SMALL_LYING, LONG_LYING])
async def test_a_telephone_has_time_picture_tabs_and_controls_at_once(
    chromium: Browser, base: str, size: ViewportSize, locale: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", calling(), after(), size=size, locale=locale)
    await expect(seen.page.get_by_test_id("tab-next")).to_be_visible()
    boxes = await fits(seen.page, size)
    assert len(boxes["tabs"]) == 4
    assert len(boxes["controls"]) == 5
    assert boxes["panel"] is None
    if size["width"] > size["height"]:
        assert len({round(each["left"]) for each in boxes["controls"]}) == 1, "one column"
        assert boxes["controls"][0]["left"] >= boxes["stage"]["right"] - 1
        assert boxes["stage"]["height"] > 0.6 * size["height"]
    else:
        assert len({round(each["top"]) for each in boxes["controls"]}) == 1, "one line"
        assert boxes["stage"]["height"] > 0.5 * size["height"]
    assert seen.complaints == []


@pytest.mark.parametrize("size", [LYING, SMALL_LYING, LONG_LYING])
async def test_on_its_side_the_panel_opens_beside_the_picture_and_its_tabs_stay_where_they_are(
    chromium: Browser, base: str, size: ViewportSize
) -> None:
    seen = await visit(chromium, f"{base}/room#x", calling(), after(), size=size)
    tab = seen.page.get_by_test_id("tab-after")
    await expect(tab).to_be_visible()
    before = await seen.page.evaluate(BOXES)
    await tab.click()
    await expect(seen.page.get_by_test_id("after-this")).to_be_in_viewport()
    opened = await fits(seen.page, size)
    assert opened["tabs"] == before["tabs"]
    assert opened["controls"] == before["controls"]
    assert opened["panel"]["left"] >= opened["stage"]["right"] - 1
    assert opened["stage"]["width"] >= 0.35 * size["width"]
    await seen.page.get_by_test_id("tab-memo").click()
    await seen.page.get_by_test_id("memo").fill("半分まで")
    await seen.page.get_by_test_id("tab-memo").click()
    await expect(seen.page.get_by_role("tabpanel")).to_have_count(0)


async def test_turning_it_loses_neither_the_open_tab_nor_what_is_half_written(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", calling())
    await seen.page.get_by_test_id("tab-chat").click()
    await seen.page.get_by_test_id("chat-field").fill("半分まで書いた")
    for size in (LYING, PHONE, DESK, PHONE):
        await seen.page.set_viewport_size(size)
        await expect(seen.page.get_by_test_id("chat-field")).to_be_in_viewport()
        await expect(seen.page.get_by_test_id("chat-field")).to_have_value("半分まで書いた")
    assert [each["type"] for each in seen.heard].count("hello") == 1


async def test_what_is_open_for_want_of_a_choice_makes_room_where_there_is_none(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", calling(), size=DESK)
    await expect(seen.page.get_by_test_id("after-this")).to_be_visible()
    await seen.page.set_viewport_size(PHONE)
    await expect(seen.page.get_by_role("tabpanel")).to_have_count(0)
    await seen.page.set_viewport_size(DESK)
    await expect(seen.page.get_by_test_id("after-this")).to_be_visible()


@pytest.mark.parametrize("percent", [150, 200])
@pytest.mark.parametrize("size", [PHONE, NARROW, LYING, DESK])
async def test_large_text_leaves_tabs_and_controls_in_reach(
    chromium: Browser, base: str, size: ViewportSize, percent: int
) -> None:
    message = calling()
    message["session"] |= {"ends_at": at(200)}
    seen = await visit(chromium, f"{base}/room#x", message, after(), size=size)
    await seen.page.evaluate(LARGE_TEXT, percent)
    await expect(seen.page.get_by_test_id("warning")).to_be_visible()
    assert await seen.page.evaluate("() => document.documentElement.scrollWidth") <= size["width"]
    for testid in ("request-end", "step-out", "more", "tab-chat", "tab-memo"):
        control = seen.page.get_by_test_id(testid)
        await control.scroll_into_view_if_needed()
        await control.click(trial=True)
    await seen.page.get_by_test_id("tab-memo").click()
    await seen.page.get_by_test_id("memo").fill("大きな字でも")


async def test_the_head_says_with_whom_which_counter_and_names_the_moments(
    chromium: Browser, base: str
) -> None:
    message = calling()
    message["session"] |= {"starts_at": at(-600), "ends_at": at(1200)}
    seen = await visit(chromium, f"{base}/room#x", message, size=DESK)
    head = seen.page.locator(".call__top")
    await expect(head.get_by_role("heading", level=1)).to_have_text("さくら 0 さん")
    await expect(head.locator(".plate")).to_have_text("あ")
    await expect(head.locator(".phase")).to_have_text("相談中")
    names = head.locator(".band__names li")
    await expect(names).to_have_count(3)
    for word in ("開始", "終了", "5分前"):
        await expect(names.filter(has_text=word)).to_have_count(1)
    left, band = await head.locator(".left").bounding_box(), await head.locator(".band").bounding_box()  # fmt: skip
    assert left is not None
    assert band is not None
    assert band["x"] + band["width"] <= left["x"], "the figure stands at the end of the line"


async def test_a_line_that_is_lost_hatches_the_band_and_has_its_word(
    chromium: Browser, base: str
) -> None:
    first = calling()
    first["session"] |= {"starts_at": at(-600), "ends_at": at(1200)}
    seen = await visit(chromium, f"{base}/room#x", first, size=DESK)
    band = seen.page.locator(".call .band")
    await expect(band).to_have_attribute("data-phase", "live")
    await expect(band.locator(".band__lost")).to_have_count(0)
    seeker, supporter = first["session"]["seats"]
    gone = seeker | {"is_lost": True, "away_as": "lost", "since": at(-90), "presence": "away"}
    seen.say(changed(first, phase="interrupted", seats=[gone, supporter]))
    lost = await band.locator(".band__lost").bounding_box()
    now = await band.locator(".band__now").bounding_box()
    assert lost is not None
    assert now is not None
    assert lost["width"] >= 8
    assert now["x"] < lost["x"] + lost["width"] <= now["x"] + now["width"]
    await expect(band).to_have_attribute("data-phase", "live")
    await expect(seen.page.locator(".call__meta .phase")).to_have_text("中断中")
    seen.say(changed(first, version=3))
    await expect(band.locator(".band__lost")).to_have_count(0)


async def test_lines_not_read_yet_are_counted_on_the_tab(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, f"{base}/room#x", calling(), size=PHONE)
    tab = seen.page.get_by_test_id("tab-chat")
    await expect(tab).to_be_visible()
    seen.say({"type": "chat", "seat": "seeker", "text": "聞こえます", "at": at(0)})
    await expect(tab).to_have_accessible_name("チャット、未読1件")
    await tab.click()
    await expect(seen.page.get_by_test_id("chat-drawer")).to_contain_text("聞こえます")
    await expect(tab).to_have_accessible_name("チャット")
