"""Wherever a guest is told to call, there is a number to press; never one that nobody has given."""

import copy
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.signaling.pages.visits import (
    NARROW,
    NUMBER,
    OFFICE,
    at,
    at_the_desk,
    in_the_call,
    visit,
    welcome,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]
LINK = "/room#aB3_-x0123456789ABCDEF"


def refused(code: str, telephone: str | None = None) -> dict[str, Any]:
    return {"type": "refused", "code": code, "closes": True, "telephone": telephone}


def ended() -> dict[str, Any]:
    over = {"phase": "ended", "ended_at": at(0), "outcome": "not_held", "cause": "platform"}
    return welcome(**over, can=[])


def interrupted() -> dict[str, Any]:
    message = in_the_call()
    message["session"]["phase"] = "interrupted"
    gone = {"is_lost": True, "away_as": "lost", "presence": "away", "grace_ends_at": at(60)}
    message["session"]["seats"][1] |= gone
    return message


WHERE_AND_HOW_LARGE = """(links) => links.map((link) => {
  const { width, height } = link.getBoundingClientRect();
  return [link.href, width, height];
})"""


async def can_be_called(page: Page, number: str) -> None:
    """The number stands there, as large as a thumb, and a press of it dials."""
    links = page.locator('a[href^="tel:"]:visible')
    await expect(links.first).to_have_text(number)
    # At once: what the file has for whoever runs no scripts gives way to what is drawn.
    for href, width, height in await links.evaluate_all(WHERE_AND_HOW_LARGE):
        assert href == f"tel:{number.replace('-', '')}"
        assert min(width, height) >= 44


@pytest.mark.parametrize("locale", ["ja", "en"])
@pytest.mark.parametrize("told", [welcome, ended, interrupted], ids=["door", "after", "lost"])
async def test_who_is_told_to_call_has_the_number_of_the_programme(
    chromium: Browser, base: str, told: Any, locale: str
) -> None:
    seen = await visit(chromium, base + LINK, told(), size=NARROW, locale=locale)
    await can_be_called(seen.page, NUMBER)
    assert await seen.page.evaluate("() => document.documentElement.scrollWidth") <= 320
    assert seen.complaints == []


async def test_who_has_stepped_out_has_it_too(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, base + LINK, in_the_call())
    await seen.page.get_by_test_id("end").click()
    await seen.page.get_by_test_id("step-out").click()
    await expect(seen.page.get_by_test_id("return")).to_be_visible()
    await can_be_called(seen.page, NUMBER)


async def test_the_door_says_when_it_is_answered(chromium: Browser, base: str) -> None:
    message = welcome()
    hours = {"ja": "平日 9:00–17:00", "en": "weekdays 9:00–17:00"}
    message["programme"]["telephone_hours"] = hours
    seen = await visit(chromium, base + LINK, message)
    facts = seen.page.locator(".facts")
    await expect(facts).to_contain_text("平日 9:00–17:00。遅れるときも、お電話をください。")


@pytest.mark.parametrize(
    "code", ["link_revoked", "link_expired", "session_over", "device_refused", "session_moved"]
)
async def test_who_is_turned_away_has_the_number_that_the_server_tells(
    chromium: Browser, reachable: str, code: str
) -> None:
    seen = await visit(chromium, reachable + LINK, refused(code, NUMBER))
    await expect(seen.page.get_by_test_id("refusal")).to_have_attribute("data-code", code)
    await can_be_called(seen.page, NUMBER)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (LINK, [refused("link_unknown")]),
        ("/room", []),
        ("/", []),
        ("/nothing/here", []),
    ],
    ids=["unknown", "missing", "index", "not found"],
)
async def test_where_no_programme_is_known_it_is_the_offices(
    chromium: Browser, reachable: str, path: str, said: list[dict[str, Any]]
) -> None:
    seen = await visit(chromium, reachable + path, *said)
    await can_be_called(seen.page, OFFICE)


async def test_without_scripts_it_stands_there_as_well(chromium: Browser, reachable: str) -> None:
    seen = await visit(chromium, f"{reachable}/room", java_script_enabled=False)
    await expect(seen.page.locator('a[href="tel:0480000000"]')).to_have_count(2)


@pytest.mark.parametrize("path", [LINK, "/room", "/"])
async def test_no_number_is_made_up(chromium: Browser, base: str, path: str) -> None:
    seen = await visit(chromium, base + path, refused("link_unknown"))
    await expect(seen.page.get_by_role("heading", level=1).first).to_be_visible()
    await expect(seen.page.locator('a[href^="tel:"]')).to_have_count(0)


async def test_the_offices_own_people_have_the_scheduler(chromium: Browser, reachable: str) -> None:
    message = copy.deepcopy(at_the_desk({}))
    message["session"]["seats"][1] |= {"presence": "at_door", "has_joined": False}
    seen = await visit(chromium, reachable + LINK, message)
    await expect(seen.page.get_by_test_id("consent")).to_be_visible()
    await expect(seen.page.locator('a[href^="tel:"]')).to_have_count(0)


async def test_the_consent_says_where_the_full_text_is(chromium: Browser, base: str) -> None:
    message = welcome()
    seen = await visit(chromium, base + LINK, message)
    tick = seen.page.locator("label.tick")
    await expect(tick).to_contain_text("利用規約（1版）の全文は、窓口へお尋ねください。")
    message["programme"]["terms_url"] = "https://office.example.jp/terms"
    seen.messages[0] = message
    await seen.page.reload()
    await expect(tick.get_by_role("link")).to_have_attribute(
        "href", "https://office.example.jp/terms"
    )
    await expect(tick).not_to_contain_text("お尋ねください")
