"""The supporter's panel beside the picture, and what a seeker who waits is told of the session before."""

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.signaling.pages.visits import (
    DESK,
    NUMBER,
    PHONE,
    Visit,
    at,
    at_the_desk,
    changed,
    in_the_call,
    visit,
    welcome,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]


def calling() -> dict[str, Any]:
    """The welcome of a supporter in the call."""
    message = in_the_call("supporter")
    message["session"] |= {
        "functions": ["audio", "video", "chat"],
        "can": ["request_end", "book_next", "chat", "step_out", "stop", "report_problem"],
    }
    return message


def after(presence: str = "away", begins: float = 500, **changes: Any) -> dict[str, Any]:
    """What comes after, as docs/protocol.md describes it."""
    since = None if presence == "away" else at(-60)
    next_one = {"session": "s-9", "starts_at": at(begins), "ends_at": at(begins + 1800)}
    next_one |= {"seeker_name": "もみじ 04", "companions": ["通訳"], "presence": presence}
    return {"type": "around", "is_engaged": False, "after": next_one | {"since": since} | changes}


async def test_the_way_out_of_the_counter_is_in_sight_beside_all_that_is_at_hand(
    chromium: Browser, base: str
) -> None:
    here = at_the_desk({}, can=["step_out", "switch_medium"])
    seen = await visit(chromium, f"{base}/room#x", here, after(), size=DESK)
    await expect(seen.page.get_by_test_id("after-this")).to_contain_text("もみじ 04")
    await expect(seen.page.get_by_test_id("step-out")).to_be_in_viewport(ratio=1)


async def test_of_the_next_booking_nobody_is_promised_a_link_that_nobody_sends(
    chromium: Browser, base: str
) -> None:
    booked = {"state": "chosen", "expires_at": at(600), "options": [], "new_session": "s-9"}
    booked |= {"new_starts_at": at(86400)}
    seeker, supporter = in_the_call(), calling()
    for message in (seeker, supporter):
        message["session"] |= {"following": booked, "can": ["follow"]}
    for message, words in (
        (seeker, "画面からも、次回の予約を開けます"),
        (supporter, "調整担当が作り直せます"),
    ):
        seen = await visit(chromium, f"{base}/room#x", message, size=DESK)
        if message is seeker:
            await seen.page.get_by_test_id("more").click()
            await seen.page.get_by_test_id("menu-next-booked").click()
            await expect(
                seen.page.get_by_role("dialog").get_by_role("link", name=NUMBER)
            ).to_be_visible()
        else:
            await seen.page.get_by_test_id("tab-next").click()
        await expect(seen.page.get_by_text(words)).to_be_visible()
        await expect(seen.page.get_by_text("お届け")).to_have_count(0)


async def test_what_comes_after_is_told_and_who_waits_already_is_said(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", calling(), after(), size=DESK)
    panel = seen.page.get_by_test_id("after-this")
    await expect(panel).to_contain_text("もみじ 04 さん")
    await expect(panel).to_contain_text("（同席 通訳）")
    await expect(panel).to_contain_text("まだお越しではありません")
    waits = seen.page.get_by_test_id("next-waits")
    await expect(waits).to_be_hidden()
    seen.say(after("lobby"))
    await expect(waits).to_contain_text("次の方がお待ちです：もみじ 04 さん")
    await expect(
        seen.page.get_by_role("status").filter(has_text="次の方がお待ちです")
    ).to_have_count(2)
    seen.say(after("lobby", begins=-150))
    await expect(waits).to_contain_text("2分お待たせしています")
    seen.say({"type": "around", "is_engaged": False, "after": None})
    await expect(waits).to_be_hidden()
    await expect(panel).to_contain_text("この後の予約はありません")
    assert seen.complaints == []


async def test_the_tabs_are_walked_with_the_arrows_and_chat_is_one_of_them(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", calling(), size=DESK)
    tab = seen.page.get_by_role("tab")
    await expect(tab).to_have_text(["次回の予約", "メモ", "チャット", "この後"])
    await tab.nth(3).focus()
    await seen.page.keyboard.press("ArrowRight")
    await expect(tab.nth(0)).to_be_focused()
    await expect(tab.nth(0)).to_have_attribute("aria-selected", "true")
    await expect(seen.page.get_by_role("tabpanel")).to_have_count(1)
    await seen.page.get_by_test_id("tab-chat").click()
    await expect(tab.nth(2)).to_have_attribute("aria-selected", "true")
    await expect(seen.page.get_by_test_id("chat-field")).to_be_focused()
    await seen.page.keyboard.press("Escape")
    await expect(tab.nth(0)).to_have_attribute("aria-selected", "true")
    await expect(seen.page.get_by_test_id("chat-drawer")).to_be_hidden()


async def test_who_opens_the_notes_writes_at_once_and_the_arrows_pass_by(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", calling(), size=DESK)
    tab, memo = seen.page.get_by_test_id("tab-memo"), seen.page.get_by_test_id("memo")
    await tab.click()
    await expect(memo).to_be_focused()
    await seen.page.keyboard.type("夕方に")
    await expect(memo).to_have_value("夕方に")
    await seen.page.get_by_test_id("tab-next").focus()
    await seen.page.keyboard.press("ArrowRight")
    await expect(memo).to_be_visible()
    await expect(tab).to_be_focused()
    await seen.page.keyboard.press("Enter")
    await seen.page.keyboard.type("、折り返し")
    await expect(memo).to_have_value("夕方に、折り返し")
    await seen.page.set_viewport_size(PHONE)
    await tab.click()  # it was open: a second press closes it
    await expect(memo).to_be_hidden()
    await tab.click()
    await expect(memo).to_be_focused()


async def test_the_next_booking_is_chosen_beside_the_picture(chromium: Browser, base: str) -> None:
    message = calling()
    seen = await visit(chromium, f"{base}/room#x", message, size=DESK)
    await seen.page.get_by_test_id("tab-next").click()
    await seen.page.get_by_test_id("ask-next").click()
    await seen.said("book_next")
    option = {"id": "1", "starts_at": at(86400), "ends_at": at(88200), "supporter_name": "あおぞら"}
    plan = {"state": "open", "expires_at": at(86400), "options": [option], "new_session": None}
    seen.say(changed(message, following=plan | {"new_starts_at": None}))
    await expect(seen.page.get_by_test_id("next-note")).to_be_hidden()
    await seen.page.get_by_test_id("slot-option").click()
    await seen.page.get_by_test_id("slot-book").click()
    assert (await seen.said("choose_slot"))["purpose"] == "next"


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
async def test_the_row_of_the_menu_leads_to_the_next_booking_with_the_focus(
    chromium: Browser, base: str, size: Any
) -> None:
    seen = await visit(chromium, f"{base}/room#x", calling(), size=size)
    await seen.page.get_by_test_id("more").click()
    await seen.page.get_by_test_id("menu-next").click()
    await seen.said("book_next")
    await expect(seen.page.locator("#panel-next")).to_be_focused()


async def test_what_was_noted_comes_over_the_socket_only_when_it_is_asked_for(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", calling(), size=DESK)
    await seen.page.get_by_test_id("tab-memo").click()
    noted = seen.page.get_by_test_id("noted")
    await noted.get_by_test_id("noted-open").click()
    await seen.said("read_noted")
    seen.say({"type": "refused", "code": "data_closed", "closes": False})
    await expect(noted.get_by_test_id("noted-refused")).to_contain_text("24時間前から")
    await noted.get_by_test_id("noted-open").click()
    seen.say({"type": "noted", "reference": "A-2031", "note": None})
    await expect(noted).to_contain_text("A-2031")
    await expect(noted).to_contain_text("記載はありません")
    await noted.get_by_test_id("noted-close").click()
    await expect(noted).not_to_contain_text("A-2031")


async def test_notes_of_the_call_are_not_sent_and_are_there_after_a_reload(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", calling(), size=DESK)
    await seen.page.get_by_test_id("tab-memo").click()
    await seen.page.get_by_test_id("memo").fill("通勤は45分以内。")
    await seen.page.reload()
    await seen.page.get_by_test_id("tab-memo").click()
    await expect(seen.page.get_by_test_id("memo")).to_have_value("通勤は45分以内。")
    assert "通勤" not in repr(seen.heard)


async def test_on_a_phone_the_panel_comes_up_by_its_tab_and_goes_by_it(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", calling(), after(), size=PHONE)
    tab = seen.page.get_by_test_id("tab-after")
    await expect(tab).to_be_visible()
    await expect(seen.page.get_by_role("tabpanel")).to_have_count(0)
    await tab.click()
    await expect(seen.page.get_by_test_id("after-this")).to_be_visible()
    await tab.click()
    await expect(seen.page.get_by_role("tabpanel")).to_have_count(0)
    assert not await seen.page.evaluate("document.documentElement.scrollWidth > innerWidth")


async def test_misconduct_is_reported_from_beside_the_picture(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, f"{base}/room#x", calling(), size=DESK)
    report = seen.page.get_by_test_id("report")
    await expect(report).to_have_text(
        "迷惑行為などで中止する"
    )  # what it leads to: no word for a bad line
    await report.click()
    await seen.page.get_by_test_id("stop-conduct").click()
    await expect(seen.page.get_by_test_id("stop-yes")).to_be_visible()


async def test_whoever_receives_is_at_the_counter_and_is_told_to_call_themselves(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", at_the_desk({"presence": "lobby"}), size=DESK)
    people = seen.page.get_by_test_id("staff-list")
    await expect(people.locator('[data-seat="seeker"]')).to_contain_text("待合室に来ています")
    await expect(people.locator('[data-seat="supporter"]')).to_contain_text("席に着いております")
    call = calling()
    call["session"]["can"].append("switch_medium")
    seen = await visit(chromium, f"{base}/room#x", call, size=DESK)
    await seen.page.get_by_role("button", name="その他").click()
    await expect(seen.page.get_by_test_id("menu-phone")).to_contain_text(
        "ご利用者へお電話をおかけください"
    )


async def test_by_telephone_too_the_supporter_has_notes_and_what_was_noted_at_hand(
    chromium: Browser, base: str
) -> None:
    message = calling()
    message["session"] |= {"medium": "phone", "functions": ["chat"]}
    seen = await visit(chromium, f"{base}/room#x", message, after(), size=DESK)
    await expect(seen.page.get_by_test_id("phone-state")).to_be_visible()
    await seen.page.get_by_test_id("noted-open").click()
    await seen.said("read_noted")
    await seen.page.get_by_test_id("memo").fill("折り返し、夕方に。")
    await expect(seen.page.get_by_test_id("after-this")).to_contain_text("もみじ 04 さん")
    assert seen.complaints == []


async def test_before_the_call_notes_and_what_comes_after_are_at_the_desk(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", at_the_desk({}), after("lobby"), size=DESK)
    await seen.page.get_by_test_id("memo").fill("はじめに確認。")
    await expect(seen.page.get_by_test_id("noted")).to_contain_text("記録に残ります")
    await expect(seen.page.get_by_test_id("after-this")).to_contain_text("待合室に来ています")


async def in_the_lobby(chromium: Browser, base: str, **state: Any) -> Visit:
    """A seeker who waits for a supporter who is not there."""
    message = welcome(**state)
    seeker, _ = message["session"]["seats"]
    seeker |= {"presence": "lobby", "has_joined": True, "since": at(-60)}
    return await visit(chromium, f"{base}/room#x", message)


async def test_who_waits_reads_that_the_session_before_still_goes_on(
    chromium: Browser, base: str
) -> None:
    late = {"phase": "waiting", "starts_at": at(-30), "ends_at": at(1770), "cutoff_at": at(570)}
    seen = await in_the_lobby(chromium, base, **late)
    lobby = seen.page.get_by_test_id("lobby")
    await expect(lobby).to_contain_text("まだ席に着いておりません")
    seen.say({"type": "around", "is_engaged": True, "after": None})
    await expect(lobby).to_contain_text("前の方のご相談が続いております")
    await expect(lobby).to_contain_text("終わりしだい、お呼びします")
    seen.say({"type": "around", "is_engaged": False, "after": None})
    await expect(lobby).not_to_contain_text("前の相談")
