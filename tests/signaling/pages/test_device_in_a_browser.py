"""The device that a page is known by, in a real browser."""

import pytest
from playwright.async_api import Browser, Route

from signaling.auth import DEVICE_COOKIE

WEB_MAIL = "http://mail.example/"


@pytest.mark.browser
@pytest.mark.usefixtures("tidy")
@pytest.mark.asyncio(loop_scope="module")
async def test_a_link_that_is_clicked_in_a_web_mail_opens_on_the_same_device(
    chromium: Browser, base: str
) -> None:
    async def show_letter(route: Route) -> None:
        letter = f'<a href="{base}/room">the link of the session</a>'
        await route.fulfill(body=letter, content_type="text/html")

    context = await chromium.new_context()
    page = await context.new_page()
    await page.route(f"{WEB_MAIL}**", show_letter)
    devices = []
    for _ in range(2):
        await page.goto(WEB_MAIL)
        await page.get_by_role("link").click()
        await page.wait_for_url(f"{base}/room")
        cookies = await context.cookies(base)
        devices += [each["value"] for each in cookies if each["name"] == DEVICE_COOKIE]
    assert len(devices) == 2
    assert devices[0] == devices[1]
