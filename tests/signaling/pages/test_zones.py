"""Times in the programme's zone, shown by a browser that stands elsewhere; node/zones.test.mjs has the arithmetic."""

import pytest
from playwright.async_api import Browser, expect

from tests.signaling.pages.visits import staff, visit, welcome


@pytest.mark.browser
@pytest.mark.usefixtures("tidy")
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("phase", ["open", "ended"])
async def test_a_device_elsewhere_is_told_whose_time_it_is(
    chromium: Browser, base: str, phase: str
) -> None:
    fields = {"phase": phase, "starts_at": "2099-12-01T01:00:00.000+00:00"}
    fields |= {"opens_at": "2099-12-01T00:50:00.000Z", "ends_at": "2099-12-01T01:30:00.000Z"}
    if phase == "ended":
        fields |= {"outcome": "completed", "reason": "hard_end", "ended_at": fields["ends_at"]}
    for zone, is_told in [("Asia/Tokyo", False), ("America/New_York", True)]:
        shown = await visit(chromium, f"{base}/room#x", welcome(**fields), timezone_id=zone)
        await expect(shown.page.get_by_text("10:00").first).to_be_visible()
        note = shown.page.get_by_test_id("zone")
        if is_told:
            await expect(note).to_contain_text("日本標準時")
            await expect(note).to_contain_text("20:00")
            if phase == "open":  # told once, at the door
                await shown.page.get_by_test_id("consent").check()
                await shown.page.get_by_test_id("continue").click()
                await expect(shown.page.get_by_test_id("join")).to_be_visible()
                await expect(note).to_have_text("時刻は日本標準時です。")
        else:
            await expect(note).to_be_hidden()
        assert shown.complaints == []


@pytest.mark.browser
@pytest.mark.usefixtures("tidy")
@pytest.mark.asyncio(loop_scope="module")
async def test_the_board_elsewhere_names_its_zone(chromium: Browser, base: str) -> None:
    shown = await visit(
        chromium, f"{base}/board#mdg_x", staff(), timezone_id="Europe/Berlin", locale="en"
    )
    await expect(shown.page.get_by_test_id("zone")).to_have_text("Japan Standard Time")
