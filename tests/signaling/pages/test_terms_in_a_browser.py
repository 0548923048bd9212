"""The door: behind the short terms the full text, read on the page by whoever wants to, and only then sent."""

from typing import Any

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from tests.signaling.pages.visits import DESK, NARROW, PHONE, Visit, visit, welcome

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]
LINK = "/room#aB3_-x0123456789ABCDEF"
TEXT = "第1条　<b>太字</b>ではない\n二行目\n\n第2条\n \n第3条" + "あ" * 400
COLUMN = """(element) => {
  const lines = [...element.querySelectorAll("p")].map((p) => p.getBoundingClientRect());
  return { right: Math.max(...lines.map((box) => box.right)), wide: document.documentElement.scrollWidth };
}"""


async def at_the_door(
    chromium: Browser, base: str, size: ViewportSize = PHONE, **programme: Any
) -> Visit:
    first = welcome()
    first["programme"] |= {"has_full_terms": True} | programme
    return await visit(chromium, base + LINK, first, size=size)


def terms(text: str = TEXT, language: str = "ja") -> dict[str, Any]:
    return {"type": "terms", "language": language, "text": text}


@pytest.mark.parametrize("size", [NARROW, PHONE, DESK])
async def test_the_full_text_comes_when_it_is_opened_as_text_in_its_paragraphs(
    chromium: Browser, base: str, size: ViewportSize
) -> None:
    seen = await at_the_door(chromium, base, size)
    page = seen.page
    opener, text = page.get_by_test_id("terms"), page.get_by_test_id("terms-text")
    await expect(opener).to_have_text("利用規約の全文を読む")
    assert "read_terms" not in [message["type"] for message in seen.heard]
    await opener.click()
    assert (await seen.said("read_terms"))["language"] == "ja"
    await expect(page.get_by_text("全文を読み込んでいます")).to_be_visible()
    seen.say(terms())
    await expect(text.locator("p")).to_have_count(3)
    assert await text.locator("p").first.inner_text() == "第1条　<b>太字</b>ではない\n二行目"
    await expect(text.locator("b")).to_have_count(0)
    await expect(page.get_by_text("全文を読み込んでいます")).to_be_hidden()
    found = await text.evaluate(COLUMN)
    assert found["right"] <= size["width"] >= found["wide"]
    await page.get_by_test_id("consent").check()  # it lies over nothing
    assert [message["type"] for message in seen.heard].count("read_terms") == 1
    assert seen.complaints == []


async def test_it_is_opened_and_closed_by_the_keyboard(chromium: Browser, base: str) -> None:
    seen = await at_the_door(chromium, base)
    page = seen.page
    await page.get_by_test_id("consent").focus()
    await page.keyboard.press("Tab")
    opener = page.get_by_test_id("terms")
    await expect(opener).to_be_focused()
    await page.keyboard.press("Enter")
    await seen.said("read_terms")
    seen.say(terms())
    await expect(page.get_by_test_id("terms-text")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_test_id("terms-close")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("terms-text")).to_be_hidden()
    await expect(opener).to_be_focused()
    await expect(opener).to_be_in_viewport()


async def test_it_is_asked_for_again_on_a_new_line_and_in_another_language(
    chromium: Browser, base: str
) -> None:
    seen = await at_the_door(chromium, base)
    page = seen.page
    await page.get_by_test_id("terms").click()
    await seen.said("read_terms")
    seen.heard.clear()
    assert seen.socket is not None
    seen.messages[0]["you"]["connection"] = "another"
    await seen.socket.close(code=1011)  # before the answer has come
    assert (await seen.said("read_terms"))["language"] == "ja"
    seen.say(terms())
    await expect(page.get_by_test_id("terms-text")).to_contain_text("第2条")
    seen.heard.clear()
    await page.get_by_role("button", name="English").click()
    assert (await seen.said("read_terms"))["language"] == "en"
    seen.say(terms("Article 1", "en"))
    await expect(page.get_by_test_id("terms-text")).to_have_text("Article 1")


async def test_where_there_is_none_the_door_says_whom_to_ask(chromium: Browser, base: str) -> None:
    seen = await at_the_door(chromium, base, has_full_terms=False)
    await expect(seen.page.get_by_text("全文は、窓口へお尋ねください")).to_be_visible()
    await expect(seen.page.get_by_test_id("terms")).to_be_hidden()
