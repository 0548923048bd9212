"""Links that were cut, stretched or lost their secret: what is said of them; node/link.test.mjs has what is mended."""

import pytest
from playwright.async_api import Browser, expect

from tests.signaling.pages.visits import in_the_call, visit, welcome

SECRET = "aB3_-x0123456789ABCDEF"
UNKNOWN = {"type": "refused", "code": "link_unknown", "closes": True}


@pytest.mark.browser
@pytest.mark.usefixtures("tidy")
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("hash_", "code", "words"),
    [
        ("", "link_missing", "リンクの一部が欠けています"),
        (f"#{SECRET[:10]}", "link_cut", "途中で切れている"),
        (f"#{SECRET}。", "link_long", "余分な文字"),
        (f"#{SECRET}", "link_unknown", "このリンクは使えません"),
    ],
)
async def test_a_link_that_nobody_knows_is_refused_with_a_guess_at_why(
    chromium: Browser, base: str, hash_: str, code: str, words: str
) -> None:
    shown = await visit(chromium, f"{base}/room{hash_}", UNKNOWN)
    refusal = shown.page.get_by_test_id("refusal")
    await expect(refusal).to_have_attribute("data-code", code)
    await expect(refusal.get_by_role("heading")).to_contain_text(words)
    await shown.page.get_by_role("button", name="English").click()
    await expect(refusal.get_by_role("heading")).to_contain_text("ink")
    assert shown.complaints == []


@pytest.mark.browser
@pytest.mark.usefixtures("tidy")
@pytest.mark.asyncio(loop_scope="module")
async def test_a_link_that_a_mail_program_broke_in_two_still_opens(
    chromium: Browser, base: str
) -> None:
    shown = await visit(chromium, f"{base}/room#{SECRET[:9]}%0A%20{SECRET[9:]}", welcome())
    assert (await shown.said("hello"))["link"] == SECRET
    await expect(shown.page.get_by_test_id("continue")).to_be_visible()


@pytest.mark.browser
@pytest.mark.usefixtures("tidy")
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("page", ["", "nothing/here"])
async def test_the_pages_without_a_link_speak_both_languages(
    chromium: Browser, base: str, page: str
) -> None:
    shown = await visit(chromium, f"{base}/{page}", locale="en")
    site = shown.page
    await expect(site.get_by_role("heading", level=1)).to_have_count(1)
    assert await site.locator("html").get_attribute("lang") == "en"
    await site.get_by_role("button", name="日本語").click()
    await expect(site.locator("main section:visible")).to_have_attribute("lang", "ja")
    await site.reload()
    await expect(site.locator("main section:visible")).to_have_attribute("lang", "ja")


@pytest.mark.browser
@pytest.mark.usefixtures("tidy")
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("page", ["", "room", "board"])
async def test_without_scripts_a_page_says_so_in_both_languages(
    chromium: Browser, base: str, page: str
) -> None:
    shown = await visit(chromium, f"{base}/{page}", java_script_enabled=False)
    await expect(shown.page.locator("main section:visible")).to_have_count(2)
    if page:
        # What a switched-off script engine shows; a browser that a test switches off is not asked for it.
        told = "".join(await shown.page.locator("noscript").all_text_contents())
        assert "JavaScriptが必要です" in told
        assert "This page needs JavaScript" in told


@pytest.mark.browser
@pytest.mark.usefixtures("tidy")
@pytest.mark.asyncio(loop_scope="module")
async def test_a_page_whose_words_do_not_come_says_so_and_opens_once_they_do(
    chromium: Browser, base: str
) -> None:
    context = await chromium.new_context(locale="ja")
    page = await context.new_page()
    is_away = True

    async def words(route) -> None:
        await (route.abort() if is_away else route.continue_())

    await page.route("**/locales/*.json", words)
    await page.route_web_socket("**/ws", lambda socket: None)
    await page.goto(f"{base}/room#{SECRET}")
    await expect(page.get_by_text("サーバーにつながっていません")).to_be_visible()
    await expect(page.get_by_text("ブラウザーが古いようです")).to_be_hidden()
    is_away = False
    await expect(page.get_by_test_id("connecting")).to_be_visible()


@pytest.mark.browser
@pytest.mark.usefixtures("tidy")
@pytest.mark.asyncio(loop_scope="module")
async def test_the_language_is_changed_in_the_call_too(chromium: Browser, base: str) -> None:
    shown = await visit(chromium, f"{base}/room#x", in_the_call())
    await shown.page.get_by_test_id("more").click()
    await shown.page.get_by_role("dialog").get_by_role("button", name="English").click()
    await expect(shown.page.get_by_role("dialog")).to_contain_text("Report")
    await expect(shown.page.locator(".call")).to_have_count(1)
    assert await shown.page.locator("html").get_attribute("lang") == "en"
    assert shown.complaints == []


@pytest.mark.browser
@pytest.mark.usefixtures("tidy")
@pytest.mark.asyncio(loop_scope="module")
async def test_a_server_that_goes_down_as_one_arrives_says_so(chromium: Browser, base: str) -> None:
    draining = {"type": "refused", "code": "draining", "closes": True}
    shown = await visit(chromium, f"{base}/room#{SECRET}", draining)
    await expect(shown.page.get_by_test_id("connecting")).to_contain_text("切り替えています")
    assert shown.complaints == []
