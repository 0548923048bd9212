"""A thousand live rooms on one board; they come through store and host, as any others do."""

import pytest
from playwright.async_api import Browser, expect

from orchestrator.policy.events import EndPressed
from orchestrator.policy.model import SEEKER
from tests.benchmarks.bench_board import flicker, line_of, live_rooms
from tests.signaling.node import running_node

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]

ROOMS = 1_000


async def test_a_thousand_live_rooms_are_counted_followed_and_found(chromium: Browser) -> None:
    async with running_node() as node:
        rooms = await live_rooms(node, ROOMS)
        context = await chromium.new_context(locale="ja", viewport={"width": 1440, "height": 900})
        page = await context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        await page.goto(node.url(f"/board#{await node.staff()}"))
        live = page.locator(".filters button").filter(has_text="相談中").locator(".num")
        await expect(live).to_have_text(str(ROOMS), timeout=30_000)
        lanes = page.get_by_test_id("lane")
        assert await lanes.count() < 60, "only the lanes in view are in the page"
        assert await lanes.first.get_attribute("aria-setsize") == str(ROOMS)

        first, last = rooms[0], rooms[-1]
        shown = page.locator(f'[data-session-id="{first.id}"]')
        await expect(shown).to_have_attribute("data-phase", "live")
        await shown.evaluate("(element) => { element.isTheSame = true; }")
        await flicker(node, first)
        await expect(shown).to_have_attribute("data-phase", "interrupted")
        assert await shown.evaluate("(element) => element.isTheSame"), "it was patched in place"
        await expect(live).to_have_text(str(ROOMS - 1))

        hidden = page.locator(f'[data-session-id="{last.id}"]')
        await expect(hidden).to_have_count(0)
        await node.host.deliver(last.id, EndPressed(line_of(last, SEEKER), works=True))
        await expect(live).to_have_text(str(ROOMS - 2))
        await page.keyboard.press("/")
        await page.keyboard.type(last.id)
        await expect(lanes).to_have_count(1)
        await expect(hidden).to_have_attribute("data-phase", "ended")
        await page.keyboard.press("Escape")
        await page.locator(".tt").evaluate("(one) => { one.scrollTop = one.scrollHeight; }")
        await expect(hidden).to_be_in_viewport()
        assert await lanes.count() < 60
        assert wrong == []
        await context.close()
