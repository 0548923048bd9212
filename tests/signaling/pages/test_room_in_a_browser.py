"""The room's sheets, its chat and the telephone's page in a real browser: what is offered, said and sent."""

import json
from typing import Any

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from tests.signaling.pages.visits import (
    DESK,
    NARROW,
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

EVERYTHING = ["audio", "chat", "video"]
CAN = ["step_out", "chat", "report_problem", "stop", "switch_medium", "book_next", "renew_media"]
DATES = [
    {
        "id": str(day),
        "starts_at": at(86_400 * day),
        "ends_at": at(86_400 * day + 1_800),
        "supporter_name": "あおぞら",
    }
    for day in (7, 8, 9)
]
LATE = {
    "phase": "waiting",
    "starts_at": at(-300),
    "ends_at": at(1_500),
    "late": "supporter",
    "question": {"kind": "begin_or_reschedule", "answer_by": at(50)},
    "can": ["begin", "another_date", "end", "step_out"],
}


def open_dates(**more: Any) -> dict[str, Any]:
    """Dates that may be chosen."""
    plan = {"state": "open", "expires_at": at(86_400), "options": DATES}
    return plan | {"new_session": None, "new_starts_at": None} | more


def call(seat: str = "seeker", **session: Any) -> dict[str, Any]:
    """A call with everything that a programme may list."""
    message = in_the_call(seat)
    message["programme"]["functions"] = EVERYTHING
    of_seat = ["end"] if seat == "seeker" else ["request_end"]
    message["session"] |= {"functions": EVERYTHING, "can": CAN + of_seat, "ends_at": at(1_500)}
    message["session"] |= session
    return message


def in_the_lobby(seat: str = "seeker", **session: Any) -> dict[str, Any]:
    """The lobby, with the same."""
    message = welcome(functions=EVERYTHING, **session)
    message["programme"]["functions"] = EVERYTHING
    if seat == "supporter":
        message["you"] |= {"seat": "supporter", "role": "supporter", "display_name": "あおぞら"}
    for each in message["session"]["seats"]:
        each |= {"presence": "lobby", "has_joined": True, "since": at(-60)}
    return message


def by_telephone(seat: str = "seeker", **session: Any) -> dict[str, Any]:
    """The lobby of a telephone session whose start has come."""
    times = {"phase": "waiting", "starts_at": at(-60), "ends_at": at(1_740)}
    can = ["chat", "stop", "report_problem", "step_out", "switch_medium"]
    can.append("end" if seat == "seeker" else "report_call")
    message = in_the_lobby(seat, medium="phone", **{**times, "can": can, **session})
    message["session"]["functions"] = ["chat"]
    return message


async def press(seen: Visit, *testids: str) -> None:
    """One button after the other."""
    for testid in testids:
        await seen.page.get_by_test_id(testid).first.click()


WAYS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "late": (in_the_lobby(**LATE), ()),
    "menu": (call(late="supporter"), ("more",)),
    "stop": (call(), ("more", "menu-stop", "stop-conduct")),
    "problem": (call(), ("more", "menu-problem")),
    "next": (call(following=open_dates()), ("next-look",)),
    "chat": (call(), ("chat",)),
    "missing": (call(is_media_missing=True), ()),
    "sound": (call(medium="audio", functions=["audio", "chat"]), ()),
    "phone": (by_telephone(), ()),
    "phone desk": (by_telephone("supporter", call="calling"), ()),
}


@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_nothing_new_scrolls_sideways_on_a_narrow_phone(
    chromium: Browser, base: str, locale: str
) -> None:
    for name, (message, presses) in WAYS.items():
        seen = await visit(chromium, f"{base}/room#x", message, size=NARROW, locale=locale)
        await press(seen, *presses)
        await expect(seen.page.locator("#page > *")).to_be_visible()
        width = await seen.page.evaluate("() => document.documentElement.scrollWidth")
        assert width <= NARROW["width"], name
        assert seen.complaints == [], name
        await seen.page.context.close()


def four() -> dict[str, Any]:
    """A call with two companions elsewhere, where screens may be shared."""
    functions = [*EVERYTHING, "screen"]
    message = call(functions=functions)
    message["programme"]["functions"] = functions
    seats = message["session"]["seats"]
    for number in (1, 2):
        extra = {
            "seat": f"companion-{number}",
            "role": "companion",
            "display_name": f"通訳{number}",
        }
        seats.append({**seats[0], **extra})
    return message


async def test_only_who_is_on_the_stage_is_given_keys(chromium: Browser, base: str) -> None:
    """Else a server could let in somebody of its own whom nobody sees, and every page would read the same code."""
    message = four()
    _, supporter, *unseen = message["session"]["seats"]
    supporter |= {"presence": "away"}
    for seat in unseen:
        seat |= {"is_admitted": False}
    seen = await visit(chromium, f"{base}/room#x", message)
    await expect(seen.page.get_by_test_id("remote-video")).to_have_count(1)
    seen.say({"type": "ping", "server_time": at(0)})
    await seen.said("pong")
    assert [each for each in seen.heard if each["type"] == "key"] == []
    unseen[0] |= {"is_admitted": True}
    seen.say(changed(message))
    assert json.loads((await seen.said("key"))["text"])["step"] == "commit"
    await expect(seen.page.get_by_test_id("remote-video")).to_have_count(2)
    assert seen.complaints == []


@pytest.mark.parametrize("size", [NARROW, PHONE, DESK])
async def test_four_people_and_a_screen_leave_every_control_in_reach(
    chromium: Browser, base: str, size: ViewportSize
) -> None:
    seen = await visit(chromium, f"{base}/room#x", four(), size=size)
    await expect(seen.page.get_by_test_id("remote-video")).to_have_count(3)
    controls = seen.page.locator(".call__ctl button:visible")
    ends = await controls.evaluate_all(
        "(all) => all.map((one) => one.getBoundingClientRect().right)"
    )
    assert len(ends) >= 5
    assert max(ends) <= size["width"]
    await press(seen, "more")
    await expect(seen.page.get_by_test_id("menu-screen")).to_be_visible()
    assert seen.complaints == []


async def test_the_late_start_is_a_question_that_cannot_be_waved_away(
    chromium: Browser, base: str
) -> None:
    first = in_the_lobby(**LATE)
    seen = await visit(chromium, f"{base}/room#x", first)
    await expect(seen.page.get_by_test_id("begin-left")).to_contain_text("0:")
    await seen.page.keyboard.press("Escape")
    await expect(seen.page.get_by_test_id("begin")).to_be_visible()
    await press(seen, "begin")
    await seen.said("begin")
    seen.say(changed(first, question=None, late=None, can=["end"]))
    await expect(seen.page.get_by_test_id("begin")).to_have_count(0)


async def test_nothing_lies_over_the_consent_and_the_late_start_is_asked_of_who_is_ready(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", welcome(**LATE))
    await expect(seen.page.get_by_test_id("consent")).to_be_visible()
    await expect(seen.page.get_by_test_id("begin")).to_have_count(0)
    await seen.page.get_by_test_id("consent").check()
    seats = in_the_lobby(**LATE)["session"]["seats"]
    seen.say(changed(welcome(**LATE), seats=seats))
    await expect(seen.page.get_by_test_id("begin")).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "asked", "pressed"),
    [
        ("ja", "ご利用者にお尋ねしています。押しておくと", "お返事がないときに始まります"),
        ("en", "the visitor is being asked", "It begins when they say so"),
    ],
)
async def test_while_the_seeker_is_asked_the_supporter_reads_it_and_presses_once(
    chromium: Browser, base: str, locale: str, asked: str, pressed: str
) -> None:
    waits = {**LATE, "can": ["admit", "step_out"]}
    first = in_the_lobby("supporter", **waits)
    seen = await visit(chromium, f"{base}/room#x", first, size=DESK, locale=locale)
    admit, hint = seen.page.get_by_test_id("admit"), seen.page.get_by_test_id("admit-hint")
    await expect(hint).to_contain_text(asked)
    await press(seen, "admit")
    await seen.said("admit")
    seen.say(changed(first, can=["step_out"]))
    await expect(admit).to_be_disabled()
    await expect(hint).to_contain_text(pressed)
    seen.say(changed(first, version=3, question=None, late=None))
    await expect(admit).to_be_enabled()
    await expect(hint).to_have_text("")


async def test_another_date_stays_in_sight_after_the_question(chromium: Browser, base: str) -> None:
    unanswered = {**LATE, "question": None, "can": ["another_date", "end"]}
    seen = await visit(chromium, f"{base}/room#x", in_the_lobby(**unanswered))
    await press(seen, "late")
    await expect(seen.page.get_by_role("dialog")).to_contain_text("この時間の相談には戻れません")
    assert "another_date" not in [message["type"] for message in seen.heard]
    await press(seen, "another-date")
    await seen.said("another_date")


END_EARLY = {"kind": "end_early", "answer_by": None}


async def test_who_asked_to_end_sees_after_a_reload_that_the_answer_is_still_to_come(
    chromium: Browser, base: str
) -> None:
    first = call("supporter", question=END_EARLY, can=CAN)
    seen = await visit(chromium, f"{base}/room#x", first, size=DESK)
    asked, request = seen.page.get_by_test_id("end-asked"), seen.page.get_by_test_id("request-end")
    await expect(asked).to_contain_text("お返事を待っています")
    await expect(request).to_be_disabled()
    seen.say(changed(first, question=None, can=[*CAN, "request_end"]))
    await expect(asked).to_contain_text("「続ける」とのお返事")
    await expect(request).to_be_enabled()


@pytest.mark.parametrize("question", [END_EARLY, None], ids=["asked", "of oneself"])
async def test_before_it_ends_it_says_what_it_would_count_as(
    chromium: Browser, base: str, question: dict[str, Any] | None
) -> None:
    first = call(
        question=question, if_finished={"is_quota_restored": True, "is_another_date_due": True}
    )
    seen = await visit(chromium, f"{base}/room#x", first)
    if question is None:
        await press(seen, "end")
    end = seen.page.get_by_test_id("confirm-end")
    await expect(end).to_contain_text("ご利用の回数には数えません。別の日時をご案内します。")
    flowing = {"is_quota_restored": False, "is_another_date_due": False}
    seen.say(changed(first, if_finished=flowing))
    await expect(end).to_contain_text("ご利用1回として数えます。")
    await expect(end).not_to_contain_text("別の日時")


async def test_a_stop_takes_two_steps_and_says_what_follows(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, f"{base}/room#x", call())
    await press(seen, "more", "menu-stop", "stop-recording")
    dialog = seen.page.get_by_role("dialog")
    await expect(dialog).to_contain_text("その場で終わります")
    await expect(dialog).to_contain_text("中止されたことだけが出ます")
    assert "stop" not in [message["type"] for message in seen.heard]
    seen.say(changed(call(), question={"kind": "end_early", "answer_by": None}))
    await expect(seen.page.get_by_test_id("stop-yes")).to_be_visible()
    await seen.page.get_by_test_id("note").fill("録音の音\nがしました\x07")
    await press(seen, "stop-yes")
    assert await seen.said("stop") == {
        "type": "stop",
        "kind": "recording",
        "accused": "supporter",
        "note": "録音の音\nがしました",
    }


async def test_who_was_stopped_reads_that_and_whom_to_ask(chromium: Browser, base: str) -> None:
    over = {"phase": "ended", "ended_at": at(-1), "outcome": "stopped", "can": []}
    seen = await visit(chromium, f"{base}/room#x", call(**over))
    outcome = seen.page.get_by_test_id("outcome")
    await expect(outcome).to_contain_text("相談は中止されました")
    await expect(outcome).not_to_contain_text("申し訳ありません")
    await expect(seen.page.get_by_text("として数えます")).to_be_hidden()
    await expect(seen.page.get_by_role("link", name="03-0000-0000")).to_be_visible()


async def test_a_problem_ends_nothing_and_is_acknowledged(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, f"{base}/room#x", call())
    await press(seen, "more", "menu-problem", "problem-send")
    assert (await seen.said("report_problem"))["note"] is None
    await expect(seen.page.get_by_test_id("told")).to_contain_text("お知らせしました")


@pytest.mark.parametrize(("message", "is_dark"), [(call(), True), (in_the_lobby(), False)])
async def test_the_chat_is_as_dark_as_what_it_lies_over(
    chromium: Browser, base: str, message: dict[str, Any], is_dark: bool
) -> None:
    seen = await visit(chromium, f"{base}/room#x", message)
    await press(seen, "chat")
    drawer = seen.page.get_by_test_id("chat-drawer")
    await expect(drawer).to_be_visible()
    assert ("on-dark" in (await drawer.get_attribute("class") or "").split()) is is_dark


async def test_a_line_that_nobody_got_comes_back_into_the_field(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", call("supporter"), size=DESK)
    await expect(seen.page.get_by_test_id("tab-chat")).to_be_visible()
    seen.say({"type": "chat", "seat": "seeker", "text": "<i>見えますか</i>", "at": at(0)})
    await expect(seen.page.get_by_test_id("unread")).to_have_text("1")
    await expect(seen.page.get_by_role("status").first).to_contain_text("見えますか")
    await press(seen, "tab-chat")
    await expect(seen.page.get_by_role("log")).to_contain_text("<i>見えますか</i>")
    field = seen.page.get_by_test_id("chat-field")
    await expect(field).to_be_focused()
    await field.fill("はい")
    await seen.page.keyboard.press("Enter")
    assert (await seen.said("chat"))["text"] == "はい"
    await expect(field).to_have_value("")
    await expect(seen.page.get_by_role("log")).not_to_contain_text("はい")
    seen.say({"type": "refused", "code": "nobody_reads", "closes": False})
    await expect(field).to_have_value("はい")
    await expect(seen.page.get_by_test_id("chat-failed")).to_be_visible()
    await seen.page.keyboard.press("Enter")
    seen.say({"type": "chat", "seat": "supporter", "text": "はい", "at": at(1)})
    await expect(seen.page.get_by_role("log")).to_contain_text("はい")
    await expect(seen.page.get_by_test_id("chat-failed")).to_be_hidden()
    await seen.page.keyboard.press("Escape")
    await expect(seen.page.get_by_test_id("tab-chat")).to_be_focused()


async def test_a_programme_without_chat_shows_none(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, f"{base}/room#x", call(functions=["audio", "video"]))
    await expect(seen.page.get_by_test_id("more")).to_be_visible()
    await expect(seen.page.get_by_test_id("chat")).to_be_hidden()


@pytest.mark.parametrize("seat", ["seeker", "supporter"])
async def test_where_nothing_flows_both_sides_have_three_ways(
    chromium: Browser, base: str, seat: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", call(seat, is_media_missing=True))
    await press(seen, "media-retry")
    await seen.said("renew_media")
    await press(seen, "media-audio")
    assert (await seen.said("switch_medium"))["medium"] == "audio"
    seen.heard.clear()
    await press(seen, "media-phone")
    assert (await seen.said("switch_medium"))["medium"] == "phone"


async def test_by_telephone_no_device_is_asked_for_and_the_state_is_told(
    chromium: Browser, base: str
) -> None:
    first = by_telephone()
    seen = await visit(chromium, f"{base}/room#x", first)
    state = seen.page.get_by_test_id("phone-state")
    await expect(state).to_contain_text("まもなくお電話します")
    await expect(seen.page.locator("video")).to_have_count(0)
    for version, report, words in (
        (2, "calling", "いま、おかけしています"),
        (3, "no_answer", "つながりませんでした"),
    ):
        seen.say(changed(first, version=version, call=report))
        await expect(state).to_contain_text(words)
    seen.say(changed(first, version=4, call="answered", phase="live"))
    await expect(state).to_contain_text("お電話でご相談中です")
    assert "media_state" not in [message["type"] for message in seen.heard]


async def test_the_supporter_reports_what_comes_of_the_call(chromium: Browser, base: str) -> None:
    first = by_telephone("supporter")
    seen = await visit(chromium, f"{base}/room#x", first, size=DESK)
    await press(seen, "report-calling")
    assert (await seen.said("report_call"))["state"] == "calling"
    seen.say(changed(first, call="answered", phase="live"))
    seen.heard.clear()
    await press(seen, "report-dropped")
    assert (await seen.said("report_call"))["state"] == "no_answer"
    await expect(seen.page.get_by_test_id("report-finished")).to_contain_text("了承")


async def test_declared_companions_are_named_where_one_promises(
    chromium: Browser, base: str
) -> None:
    message = welcome(beside=["山田（通訳）"])
    message["programme"]["attestations"].append("declared_companions")
    seen = await visit(chromium, f"{base}/room#x", message)
    await expect(seen.page.get_by_test_id("beside")).to_contain_text("山田（通訳）")


async def test_an_objection_is_sent_once_and_acknowledged(chromium: Browser, base: str) -> None:
    over = {"phase": "ended", "ended_at": at(-1), "outcome": "completed", "reason": "goodbye"}
    first = call(**over, is_quota_restored=False, can=["object"])
    seen = await visit(chromium, f"{base}/room#x", first)
    await press(seen, "object")
    await seen.said("object")
    seen.say(changed(first, can=[]))
    await expect(seen.page.get_by_test_id("object")).to_be_hidden()
    await expect(seen.page.get_by_text("お知らせを受け取りました")).to_be_visible()
