"""A supporter's day: from the desk into one session and on to the next; what was noted, and what nobody else reads."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

import pytest
from playwright.async_api import Error, Page, expect

from tests.browser.office import Booking, Office
from tests.browser.person import DESK, Person, Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MEMO = "履歴書の二枚目から始める。"


class Wire:
    """Everything that pages send."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def watch(self, page: Page) -> None:
        """Listen to one page, before it is used."""
        page.on("request", lambda one: self.sent.append(f"{one.url} {one.post_data} {one.headers}"))
        page.on(
            "websocket", lambda web: web.on("framesent", lambda frame: self.sent.append(str(frame)))
        )


async def two_in_a_row(office: Office) -> tuple[Booking, Booking, str]:
    """Two sessions of one supporter, the second when the first is over; and the supporter's token."""
    first = await office.book(
        "talk", starts_in=40, seeker_reference="A-2031", seeker_note="声は大きめに。"
    )
    name = f"相談員{office.supporters}"
    second = await office.book_at("talk", first.ends_at, name, seeker_name="もみじ04")
    return first, second, await office.staff_token(name, "supporter")


async def test_a_day_at_the_desk_from_the_first_session_to_the_second(
    people: Stage, office: Office
) -> None:
    first, second, token = await two_in_a_row(office)
    wire = Wire()
    desk = await people.person("desk", f"{office.base_url}/board#{token}", viewport=DESK)
    wire.watch(desk.page)
    desk.page.context.on("page", wire.watch)
    await desk.page.goto(desk.link)
    await desk.page.wait_for_url(f"{office.base_url}/desk#{token}")
    await expect(desk.at("day-session")).to_have_count(2)
    await desk.at("memo").fill(MEMO)

    seeker = await people.seeker(first)
    await seeker.comes()
    await expect(desk.at("waits")).to_contain_text("さくら14 さんがお待ちです")
    await expect(desk.at("waiting-room")).to_contain_text("待合室に来ています")
    await expect(desk.at("waiting-room")).to_contain_text("規約")
    await expect(desk.at("noted")).not_to_contain_text("A-2031")
    await desk.at("noted-open").click()
    await expect(desk.at("noted")).to_contain_text("A-2031")
    await expect(desk.at("noted")).to_contain_text("声は大きめに。")

    async with desk.page.context.expect_page() as opened:
        await desk.at("enter").click()
    supporter = Person("supporter", await opened.value, desk.link)
    people.people.append(supporter)
    await supporter.sees("consent")
    await supporter.agrees()
    await expect(supporter.at("check-line")).to_have_attribute("data-state", "good", timeout=20_000)
    await supporter.presses("join")
    await supporter.sees("lobby")
    await expect(desk.at("waits")).to_have_count(0)
    await office.phase(first.id, "waiting", 45)
    await supporter.admits()
    await office.phase(first.id, "live")
    await supporter.sees("panel")

    await expect(supporter.at("after-this")).to_contain_text("もみじ04 さん")
    await expect(supporter.at("after-this")).to_contain_text("まだお越しではありません")
    await supporter.at("tab-memo").click()
    await expect(supporter.at("memo")).to_have_value(MEMO)
    await supporter.at("noted-open").click()
    await expect(supporter.at("noted")).to_contain_text("A-2031")

    next_one = await people.seeker(second)
    await next_one.comes()
    await expect(next_one.at("lobby")).to_contain_text("前の方のご相談が続いております")
    await expect(supporter.at("next-waits")).to_contain_text("もみじ04 さん")

    await office.until(first.id, lambda s: s["has_media_flowed"], "they see each other", 60)
    await supporter.asks_to_end()
    await seeker.at("confirm-end").click()
    await seeker.is_told("completed", None)
    await office.ends(first.id, "completed", None)
    await expect(next_one.at("lobby")).not_to_contain_text("前の方のご相談が続いております")
    await expect(desk.at("waits")).to_contain_text("もみじ04 さんがお待ちです")
    await expect(desk.page.get_by_role("heading", level=1)).to_have_text("もみじ04 さん")
    await expect(desk.at("memo")).to_have_value("")
    await expect(supporter.at("onward")).to_contain_text("もみじ04 さん")
    async with supporter.page.expect_event("close"):
        with suppress(Error):  # the tab may have gone before it could say that it was pressed
            await supporter.at("to-desk").click()
    async with desk.page.context.expect_page() as opened:
        await desk.at("enter").click()
    again = Person("supporter", await opened.value, desk.link)
    people.people.append(again)
    await expect(again.at("standing")).to_contain_text("本日いただいた同意")  # one click in
    consents = await office.events(second.id, "consent.given")
    assert [each["data"]["seat"] for each in consents] == ["seeker", "supporter"]
    await desk.at("day-session").first.click()
    await expect(desk.at("waiting-room")).to_contain_text("に到着")
    await expect(desk.at("waiting-room")).not_to_contain_text("お越しになりませんでした")

    readings = await office.events(first.id, "data.read")
    supporters = {
        each["seat"]: each["person"] for each in (await office.session(first.id))["participants"]
    }
    assert [line["data"] for line in readings] == [{"by": supporters["supporter"]}] * 2
    board = await people.board(office)
    await board.page.goto(board.link)
    await board.at("view-cards").click()
    await board.page.get_by_role("searchbox").fill(first.id)
    await board.page.locator(f'[data-session-id="{first.id}"]').click()
    history = board.at("drawer").get_by_test_id("history")
    await expect(history.locator('[data-event="data.read"]')).to_have_count(2)
    await expect(history).to_contain_text("予約時の情報を開きました")
    for noted in ("A-2031", "声は大きめに"):
        await expect(board.page.locator("body")).not_to_contain_text(noted)

    everything = "\n".join(wire.sent)
    assert "read_noted" in everything, "the wire is listened to"
    for trace in (MEMO, MEMO.encode().decode("latin-1"), quote(MEMO), ascii(MEMO)[1:-1]):
        assert trace not in everything
