"""Nobody is seen or heard unprepared: what is off stays off, and what comes of a sudden waits for a press."""

import asyncio

import pytest
from playwright.async_api import Browser, expect

from tests.signaling.pages.visits import Visit, in_the_call, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]


async def are(seen: Visit, microphone: str, camera: str) -> None:
    """The captions of the two switches."""
    switches = seen.page.locator(".call__ctl .ctl, .actbar .ctl, .aside .ctl")
    await expect(switches.nth(0)).to_have_text(microphone)
    await expect(switches.nth(1)).to_have_text(camera)


async def tells(seen: Visit, audio: bool, video: bool) -> None:
    """The last that the server was told of what goes out."""
    async with asyncio.timeout(10):
        while True:
            said = [each for each in seen.heard if each["type"] == "media_state"]
            if said and (said[-1]["audio"], said[-1]["video"]) == (audio, video):
                return
            seen.news.clear()
            await seen.news.wait()


async def reloads(seen: Visit) -> None:
    seen.heard.clear()
    await seen.page.reload()


async def test_what_is_off_stays_off_over_a_reload_and_the_next_booking_starts_anew(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", in_the_call())
    await are(seen, "マイク", "カメラ")
    await tells(seen, audio=True, video=True)
    await seen.page.get_by_role("button", name="マイク", exact=True).click()
    await seen.page.get_by_role("button", name="カメラ", exact=True).click()
    await are(seen, "マイク切", "カメラ切")
    await reloads(seen)
    await are(seen, "マイク切", "カメラ切")
    await tells(seen, audio=False, video=False)
    said = [each for each in seen.heard if each["type"] == "media_state"]
    assert not any(each["audio"] or each["video"] for each in said)  # not for a moment either
    await seen.page.get_by_role("button", name="マイク切", exact=True).click()
    await reloads(seen)
    await are(seen, "マイク", "カメラ切")
    seen.messages[0]["session"]["id"] = "s-2"
    await reloads(seen)
    await are(seen, "マイク", "カメラ")
    assert seen.complaints == []
