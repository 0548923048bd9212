"""A link that is opened days before: which day is meant is said, and nobody is asked to wait through the night."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, expect

from tests.signaling.pages.visits import BEGAN, at, visit, welcome

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]
LINK = "/room#aB3_-x0123456789ABCDEF"
DAYS_S = 3 * 86400
ZONE = "UTC" if 1 <= BEGAN.hour <= 21 else "Asia/Tokyo"
"""Where no midnight passes between what is said and what is read."""


async def test_days_before_now_has_its_date_and_nobody_is_to_wait_for_the_doors(
    chromium: Browser, base: str
) -> None:
    times = {"opens_at": at(DAYS_S - 600), "starts_at": at(DAYS_S), "cutoff_at": at(DAYS_S + 600)}
    early = welcome(phase="scheduled", ends_at=at(DAYS_S + 1800), can=[], **times)
    early["programme"]["time_zone"] = ZONE
    seen = await visit(chromium, base + LINK, early, timezone_id=ZONE)
    page = seen.page
    here = BEGAN.astimezone(ZoneInfo(ZONE))
    today = f"{here.month}月{here.day}日"
    await expect(page.locator(".flow li.now b")).to_contain_text(f"いま　{today}")
    doors = here + timedelta(seconds=DAYS_S - 600)
    first = page.locator(".flow li:not(.now) b").first
    await expect(first).to_have_text(
        f"受付開始　{doors.month}月{doors.day}日（{'月火水木金土日'[doors.weekday()]}）"
    )
    await page.get_by_test_id("consent").check()
    await page.get_by_test_id("continue").click()
    opens = here + timedelta(seconds=DAYS_S - 600)
    hint = page.locator(".actbar > p").first
    await expect(hint).to_contain_text(f"受付は{opens.month}月{opens.day}日")
    await expect(hint).to_contain_text("本日はこれで終わりです")
    await expect(page.locator("main")).not_to_contain_text("欠席にはなりません")


async def test_on_the_day_one_may_stay_on_the_page_until_the_doors_open(
    chromium: Browser, base: str
) -> None:
    soon = welcome(phase="scheduled", opens_at=at(60), can=[])
    soon["programme"]["time_zone"] = ZONE
    seen = await visit(chromium, base + LINK, soon, timezone_id=ZONE)
    page = seen.page
    await page.get_by_test_id("consent").check()
    await page.get_by_test_id("continue").click()
    await expect(page.locator(".actbar")).to_contain_text("このままお待ちいただけます")
    await expect(page.locator("main")).to_contain_text("欠席にはなりません")
