"""After the end: another date in two presses, the programme's questions, what did not work; what the board reads."""

import re
from contextlib import suppress
from typing import Any

import pytest
from playwright.async_api import Browser, Error, ViewportSize, expect

from tests.signaling.pages.test_board_in_a_browser import PLACE, board, session
from tests.signaling.pages.test_desk_in_a_browser import at_desk, own
from tests.signaling.pages.visits import (
    DESK,
    NARROW,
    NUMBER,
    PHONE,
    Visit,
    at,
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

WORDS = {"ja": "問い", "en": "Question"}
QUESTIONS = [
    {
        "key": "helpful",
        "kind": "scale",
        "words": {"ja": "役に立った", "en": "Helpful"},
        "optional": False,
        "options": [],
    },
    {
        "key": "how",
        "kind": "choice",
        "words": WORDS,
        "optional": True,
        "options": [
            {"key": "video", "words": {"ja": "映像", "en": "Video"}},
            {"key": "phone", "words": {"ja": "お電話", "en": "Telephone"}},
        ],
    },
    {"key": "wishes", "kind": "text", "words": WORDS, "optional": True, "options": []},
]
ASKED = {"type": "questionnaire", "questions": QUESTIONS, "is_answered": False}
OPTIONS = [
    {
        "id": f"o{number}",
        "starts_at": at(86400 * number),
        "ends_at": at(86400 * number + 1800),
        "supporter_name": "あおぞら",
    }
    for number in (1, 2, 3)
]
OPEN = {
    "state": "open",
    "expires_at": at(86400 * 10),
    "options": OPTIONS,
    "new_session": None,
    "new_starts_at": None,
}


def over(**session: Any) -> dict[str, Any]:
    """The welcome of a seeker whose consultation is over."""
    fields = {"phase": "ended", "outcome": "completed", "cause": None, "reason": "hard_end"}
    fields |= {"starts_at": at(-1800), "ends_at": at(0), "ended_at": at(0), "cutoff_at": None}
    fields |= {"is_quota_restored": False, "can": ["report_problem"], "opens_at": at(-2400)}
    return welcome(**(fields | session))


async def after(chromium: Browser, base: str, *more: dict[str, Any], **session: Any) -> Visit:
    size = session.pop("size", PHONE)
    return await visit(chromium, f"{base}/room#x", over(**session), *more, size=size)


async def test_a_date_is_chosen_and_then_booked(chromium: Browser, base: str) -> None:
    can = ["choose_slot", "decline_reschedule", "report_problem"]
    shown = await after(
        chromium, base, outcome="interrupted", cause="platform", reschedule=OPEN, can=can
    )
    page = shown.page
    options = page.get_by_test_id("slot-option")
    await expect(options).to_have_count(3)
    await page.get_by_test_id("slot-book").click()
    await expect(page.get_by_text("ご希望の日時をお選びください。")).to_be_visible()
    await options.nth(1).click()
    await expect(page.get_by_text("ご希望の日時をお選びください。")).to_be_hidden()
    assert "choose_slot" not in [message["type"] for message in shown.heard]
    await page.get_by_test_id("slot-book").click()
    said = await shown.said("choose_slot")
    assert (said["option"], said["purpose"]) == ("o2", "reschedule")
    assert shown.complaints == []


@pytest.mark.parametrize(
    ("language", "words", "sorry"),
    [
        ("日本語", "窓口の都合で終了しました。", "申し訳ありません"),
        ("English", "The office ended it.", "We are sorry"),
    ],
)
async def test_what_the_office_ended_is_said_to_be_the_offices(
    chromium: Browser, base: str, language: str, words: str, sorry: str
) -> None:
    ended = {"outcome": "interrupted", "cause": "office", "reason": "office_ended"}
    shown = await after(chromium, base, **ended, is_quota_restored=True, reschedule=OPEN)
    if language == "English":
        await shown.page.get_by_role("button", name=language).click()
    told = shown.page.get_by_test_id("outcome")
    await expect(told).to_contain_text(words)
    await expect(told).to_contain_text(sorry)
    assert shown.complaints == []


async def test_what_was_broken_off_is_hatched_from_the_loss_to_the_end(
    chromium: Browser, base: str
) -> None:
    seats = welcome()["session"]["seats"]
    seats[0] |= {"is_admitted": True}
    seats[1] |= {"is_admitted": True, "is_lost": True, "away_as": "lost", "since": at(-720)}
    broken = {"outcome": "interrupted", "cause": "supporter", "ended_at": at(-600)}
    shown = await after(chromium, base, seats=seats, **broken)
    lost, end = shown.page.locator(".band__lost"), shown.page.locator(".band__stop").last
    await expect(lost).to_have_count(1)
    hatched, ended = await lost.bounding_box(), await end.bounding_box()
    assert hatched is not None
    assert ended is not None
    assert hatched["width"] > 10
    assert abs(hatched["x"] + hatched["width"] - ended["x"]) <= 2
    held = await after(chromium, base, seats=seats)
    await expect(held.page.locator(".band__end")).to_be_visible()
    await expect(held.page.locator(".band__lost")).to_have_count(0)


async def test_the_choice_survives_a_new_state_and_not_the_loss_of_its_slot(
    chromium: Browser, base: str
) -> None:
    shown = await after(chromium, base, reschedule=OPEN, can=["choose_slot"])
    page = shown.page
    await page.get_by_test_id("slot-option").nth(1).click()
    two = OPEN | {"options": [OPTIONS[1], OPTIONS[2]]}
    shown.say(changed(over(reschedule=two, can=["choose_slot"])))
    await expect(page.get_by_test_id("slot-option")).to_have_count(2)
    await expect(page.get_by_role("radio").nth(0)).to_be_checked()
    one = changed(over(reschedule=OPEN | {"options": [OPTIONS[2]]}, can=["choose_slot"]))
    one["session"]["version"] = 3
    shown.say(one)
    await expect(page.get_by_test_id("slot-option")).to_have_count(1)
    await page.get_by_test_id("slot-book").click()
    await expect(page.get_by_text("ご希望の日時をお選びください。")).to_be_visible()


async def test_the_questions_are_answered_once_and_thanked_for(
    chromium: Browser, base: str
) -> None:
    shown = await after(chromium, base, ASKED)
    page = shown.page
    send = page.get_by_test_id("questions-send")
    await page.locator('[name="wishes"]').fill("  ありがとう\n ")
    await send.click()
    first = page.locator('[name="helpful"]').first
    await expect(page.get_by_role("alert").filter(has_text="「役に立った」に")).to_be_visible()
    await expect(first).to_be_focused()
    await expect(first).to_have_accessible_description("「役に立った」に、まだお答えがありません。")
    await expect(page.locator(".question", has_text="（任意）")).to_have_count(2)
    await page.locator('[name="helpful"][data-value="4"]').check()
    await page.get_by_role("button", name="English").click()
    await expect(page.locator('[name="helpful"][data-value="4"]')).to_be_checked()
    await expect(page.locator('[name="wishes"]')).to_have_value("  ありがとう\n ")
    await page.get_by_text("Telephone", exact=True).click()
    await send.click()
    said = await shown.said("answer_questionnaire")
    assert said["answers"] == {"helpful": 4, "how": "phone", "wishes": "ありがとう"}
    shown.say(ASKED | {"is_answered": True})
    await expect(page.get_by_test_id("questions-done")).to_be_focused()
    await expect(page.get_by_test_id("questions")).to_be_hidden()
    assert shown.complaints == []


async def test_answers_that_the_server_refuses_can_be_sent_again(
    chromium: Browser, base: str
) -> None:
    shown = await after(chromium, base, ASKED)
    await shown.page.locator('[name="helpful"][data-value="1"]').check()
    await shown.page.get_by_test_id("questions-send").click()
    await shown.said("answer_questionnaire")
    await expect(shown.page.get_by_test_id("questions-send")).to_be_disabled()
    shown.say({"type": "refused", "code": "answers_refused", "closes": False})
    await expect(shown.page.get_by_test_id("refusal")).to_contain_text(
        "お答えを受け取れませんでした"
    )
    await expect(shown.page.get_by_test_id("questions-send")).to_be_enabled()


async def test_what_did_not_work_is_told_after_the_end(chromium: Browser, base: str) -> None:
    shown = await after(chromium, base)
    page = shown.page
    await page.get_by_test_id("after-problem").click()
    await page.get_by_test_id("note").fill("音が途切れました")
    await page.get_by_test_id("problem-send").click()
    said = await shown.said("report_problem")
    assert (said["note"], said["measured"]) == ("音が途切れました", None)
    await expect(page.get_by_test_id("told")).to_contain_text("担当が確かめます")
    assert shown.complaints == []


async def test_no_other_date_is_asked_back_once(chromium: Browser, base: str) -> None:
    can = ["choose_slot", "decline_reschedule"]
    shown = await after(
        chromium, base, outcome="interrupted", cause="platform", reschedule=OPEN, can=can
    )
    sheet = shown.page.get_by_role("dialog")
    await shown.page.get_by_test_id("decline").click()
    await sheet.get_by_test_id("sheet-back").click()
    await expect(sheet).to_be_hidden()
    await shown.page.get_by_test_id("decline").click()
    assert "decline_reschedule" not in [message["type"] for message in shown.heard]
    await sheet.get_by_test_id("decline-yes").click()
    assert (await shown.said("decline_reschedule"))["purpose"] == "reschedule"
    await expect(sheet).to_be_hidden()
    assert shown.complaints == []


CHOSEN = OPEN | {"state": "chosen", "options": [], "new_session": "s-9", "new_starts_at": at(86400)}


async def test_nobody_is_promised_a_link_that_nobody_sends(chromium: Browser, base: str) -> None:
    gone = {"outcome": "interrupted", "cause": "platform", "can": ["follow"]}
    shown = await after(chromium, base, **gone, reschedule=CHOSEN)
    section = shown.page.locator("[data-reschedule]")
    await expect(section.get_by_test_id("follow")).to_be_visible()
    await expect(section).to_contain_text("この端末から新しい予約を開けます")
    await expect(section).not_to_contain_text("お届け")
    await expect(shown.page.get_by_role("link", name=NUMBER)).to_be_visible()


BOOKED = CHOSEN | {"new_ends_at": at(86400 + 1800), "new_supporter_name": "みずいろ"}


@pytest.mark.parametrize("purpose", ["reschedule", "next"])
async def test_the_next_appointment_is_told_in_full_and_its_link_is_copied(
    chromium: Browser, base: str, purpose: str
) -> None:
    plan = "reschedule" if purpose == "reschedule" else "following"
    shown = await after(chromium, base, can=["follow"], **{plan: BOOKED})
    page = shown.page
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    booked = page.locator(".booked:visible")
    await expect(booked.locator(".when b")).to_have_text(re.compile(r"^\d\d:\d\d.*–\d\d:\d\d"))
    await expect(booked).to_contain_text("みずいろ")
    await booked.get_by_role("button", name="リンクをコピー").click()
    assert (await shown.said("follow"))["purpose"] == purpose
    shown.say({"type": "way", "purpose": purpose, "link": "n" * 22})
    field = booked.get_by_test_id("new-link")
    await expect(field).to_have_value(re.compile(r"/room#n{22}$"))
    await expect(field).to_be_focused()
    await expect(booked).to_contain_text("コピーしました")
    copied = await page.evaluate("() => navigator.clipboard.readText()")
    assert copied == await field.input_value()
    assert page.url.endswith("/room#x"), "who copies stays here"
    assert shown.complaints == []


async def test_a_link_that_the_browser_does_not_copy_is_there_to_be_copied_by_hand(
    chromium: Browser, base: str
) -> None:
    shown = await after(chromium, base, can=["follow"], reschedule=BOOKED)
    await shown.page.evaluate(
        "() => { navigator.clipboard.writeText = async () => { throw new Error('no'); }; }"
    )
    await shown.page.get_by_test_id("copy-reschedule").click()
    await shown.said("follow")
    shown.say({"type": "way", "purpose": "reschedule", "link": "n" * 22})
    booked = shown.page.locator(".booked:visible")
    await expect(booked).to_contain_text("選択してあります")
    picked = await booked.get_by_test_id("new-link").evaluate(
        "(field) => field.selectionEnd - field.selectionStart === field.value.length"
    )
    assert picked


async def test_a_link_that_the_office_has_revoked_is_said_and_may_be_asked_for_again(
    chromium: Browser, base: str
) -> None:
    shown = await after(chromium, base, can=["follow"], reschedule=BOOKED)
    ask = shown.page.get_by_test_id("copy-reschedule")
    await ask.click()
    await expect(ask).to_be_disabled()
    shown.say({"type": "refused", "code": "link_revoked", "closes": False})
    await expect(shown.page.get_by_test_id("refusal")).to_be_visible()
    await expect(ask).to_be_enabled()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"outcome": "seeker_no_show", "cause": "seeker", "reason": "seeker_absent"}, "お心当たりのないときは"),
        ({"outcome": "cancelled", "cause": "seeker", "reason": "seeker_cancelled"}, "改めてのご予約は、お電話で"),
    ],
)  # fmt: skip
async def test_an_absence_and_an_own_cancelling_have_a_next_step(
    chromium: Browser, base: str, fields: dict[str, Any], words: str
) -> None:
    shown = await after(chromium, base, **fields)
    await expect(shown.page.get_by_test_id("outcome")).to_contain_text(words)
    await expect(shown.page.get_by_role("link", name=NUMBER)).to_be_visible()


@pytest.mark.parametrize("is_restored", [True, False])
async def test_only_what_is_not_counted_has_a_tick_and_times_have_one_style(
    chromium: Browser, base: str, is_restored: bool
) -> None:
    missed = {"outcome": "seeker_no_show", "cause": "seeker", "reason": "seeker_absent"}
    missed |= {"starts_at": at(-613), "ends_at": at(587), "ended_at": at(-7)}
    shown = await after(chromium, base, **missed, is_quota_restored=is_restored)
    quota = shown.page.locator(".after__quota")
    words = "ご利用の回数には数えません" if is_restored else "ご利用1回として数えます"
    await expect(quota).to_contain_text(words)
    await expect(quota.locator("svg")).to_be_visible(visible=is_restored)
    times = await shown.page.locator(".band__names b").all_text_contents()
    assert len(times) == 3
    assert all(re.fullmatch(r"\d\d:\d\d", time) for time in times), times


async def test_an_office_without_a_number_sends_nobody_to_the_telephone(
    chromium: Browser, base: str
) -> None:
    message = over(outcome="cancelled", cause="seeker", reason="seeker_cancelled")
    message["programme"]["telephone"] = None
    shown = await visit(chromium, f"{base}/room#x", message)
    told = shown.page.get_by_test_id("outcome")
    await expect(told).to_contain_text("ご予約を取り消しました。")
    await expect(told).not_to_contain_text("お電話")


def supporters_end() -> dict[str, Any]:
    """The welcome of a supporter whose session is over."""
    message = over()
    message["you"] |= {"seat": "supporter", "role": "supporter", "display_name": "あおぞら"}
    return message


def comes_next() -> dict[str, Any]:
    later = {"session": "s-9", "starts_at": at(300), "ends_at": at(2100), "companions": []}
    later |= {"seeker_name": "かえで 5", "presence": "away", "since": None}
    return {"type": "around", "is_engaged": False, "after": later}


async def test_a_supporter_reads_at_the_end_who_comes_next_and_whom_to_call(
    chromium: Browser, base: str
) -> None:
    shown = await visit(chromium, f"{base}/room#x", supporters_end(), comes_next(), size=DESK)
    await expect(shown.page.get_by_test_id("onward")).to_contain_text("かえで 5 さん")
    await expect(shown.page.get_by_role("link", name=NUMBER)).to_be_visible()
    await expect(shown.page.get_by_test_id("to-desk")).to_be_hidden()


async def test_the_room_that_the_desk_opened_closes_itself_over_the_desk(
    chromium: Browser, base: str
) -> None:
    opened = await at_desk(chromium, base, own(1))
    await expect(opened.page.get_by_test_id("day-session")).to_have_count(1)
    end = Visit(opened.page, [supporters_end()])
    await opened.page.context.route_web_socket("**/ws", end.connect)
    async with opened.page.context.expect_page() as beside:
        await opened.page.evaluate(
            "(url) => { const tab = open('', '_blank'); tab.opener = null; tab.location.replace(url); }",
            f"{base}/room#x",
        )
    room = await beside.value
    back = room.get_by_test_id("to-desk")
    await expect(back).to_be_visible()
    async with room.expect_event("close"):
        with suppress(Error):  # the tab may have gone before it could say that it was pressed
            await back.click()
    await expect(opened.page.get_by_test_id("day-session")).to_have_count(1)


async def test_the_after_page_stays_within_a_narrow_screen(chromium: Browser, base: str) -> None:
    shown = await after(chromium, base, ASKED, size=NARROW, reschedule=OPEN, can=["choose_slot"])
    await expect(shown.page.get_by_test_id("questions")).to_be_visible()
    wide = await shown.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= NARROW["width"]


async def test_of_a_running_session_nothing_is_asked(chromium: Browser, base: str) -> None:
    shown = await visit(chromium, f"{base}/room#x", in_the_call())
    await expect(shown.page.get_by_test_id("questions")).to_have_count(0)


async def test_the_board_reads_the_answers_of_a_session_that_is_over(
    chromium: Browser, base: str
) -> None:
    values = {"helpful": 4, "how": "phone", "wishes": "ありがとう", "gone": "old"}
    said = {"seat": "seeker", "at": at(60), "values": values}
    read = {f"GET {PLACE}/questionnaire": {"questions": QUESTIONS, "answers": [said]}}
    shown = await board(chromium, base, session(), more=read)
    part = shown.page.get_by_test_id("answers")
    await expect(part).to_contain_text("4 / 5")
    for words in ("さくら", "お電話", "ありがとう", "old"):
        await expect(part).to_contain_text(words)
    assert shown.complaints == []


async def test_the_board_says_nothing_of_a_programme_that_asks_nothing(
    chromium: Browser, base: str
) -> None:
    shown = await board(chromium, base, session())
    await expect(shown.page.get_by_test_id("answers")).to_be_hidden()
    assert shown.complaints == []


@pytest.mark.parametrize("size", [NARROW, PHONE, DESK], ids=["narrow", "phone", "desk"])
@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_the_words_of_a_scale_stand_under_its_ends(
    chromium: Browser, base: str, size: ViewportSize, locale: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", over(), ASKED, size=size, locale=locale)
    await expect(seen.page.locator(".points")).to_be_visible()
    apart = await seen.page.evaluate("""() => {
      const middle = (one) => {
        const range = document.createRange();
        range.selectNodeContents(one);
        const { left, right } = range.getBoundingClientRect();
        return (left + right) / 2;
      };
      const [points, ends] = [".point .num", ".points__ends span"].map((where) =>
        [...document.querySelectorAll(where)].map(middle));
      return [points.at(0) - ends.at(0), points.at(-1) - ends.at(-1)];
    }""")
    assert max(abs(each) for each in apart) < 8
