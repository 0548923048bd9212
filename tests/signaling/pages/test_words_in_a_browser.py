"""What a page says of the other person, of oneself and of the line, in a real browser."""

import pytest
from playwright.async_api import (
    Browser,
    expect,
)

from tests.signaling.pages.visits import (
    DESK,
    at,
    at_the_desk,
    changed,
    in_the_call,
    row,
    staff,
    visit,
    welcome,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]


async def test_who_sends_word_of_being_late_is_told_that_it_has_come(
    chromium: Browser, base: str
) -> None:
    first = welcome(can=["join", "give_notice"])
    seen = await visit(chromium, f"{base}/room#x", first)
    await seen.page.get_by_role("button", name="少し遅れることを知らせる").click()
    await seen.said("give_notice")
    notices = {"seeker": {"at": at(0), "until": at(2400)}, "supporter": None}
    seen.say(changed(first, can=["join"], notices=notices))
    told = seen.page.get_by_test_id("notice")
    await expect(told).to_contain_text("ご連絡を受け取りました")
    await expect(told).to_contain_text("欠席にはなりません")
    await expect(seen.page.get_by_text("欠席となります")).to_have_count(0)


async def test_the_desk_speaks_of_absence_only_while_the_seeker_is_away_without_a_word(
    chromium: Browser, base: str
) -> None:
    times = {"phase": "waiting", "starts_at": at(-60), "cutoff_at": at(540), "ends_at": at(1740)}
    first = at_the_desk({}, **times)
    seen = await visit(chromium, f"{base}/room#x", first, size=DESK)
    rule, until = seen.page.get_by_test_id("desk-rule"), seen.page.get_by_role("timer")
    await expect(rule).to_contain_text("欠席として記録されます")
    await expect(until).to_contain_text("欠席の締切まで")
    notices = {"seeker": {"at": at(-30), "until": at(1740)}, "supporter": None}
    seen.say(changed(first, notices=notices))
    await expect(rule).to_contain_text("遅れるとのご連絡がありました")
    await expect(until).to_contain_text("終了まで")
    there = at_the_desk({"presence": "lobby"}, **times)
    seen.say(changed(there, version=3))
    await expect(rule).to_be_hidden()
    await expect(until).to_contain_text("終了まで")


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("stepped_out", "さくら 0 さんは席を外しています"),
        ("page_closed", "さくら 0 さんの画面が閉じられています"),
        ("lost", "さくら 0 さんの接続が切れています"),
    ],
)
async def test_who_is_away_is_spoken_of_as_they_left(
    chromium: Browser, base: str, how: str, words: str
) -> None:
    gone = {"is_lost": True, "away_as": how, "is_admitted": True, "grace_ends_at": at(600)}
    talking = at_the_desk({**gone, "since": at(-5)}, phase="interrupted", cutoff_at=None)
    talking["session"]["seats"][1] |= {"presence": "in", "is_admitted": True}
    seen = await visit(chromium, f"{base}/room#x", talking, size=DESK)
    await expect(seen.page.locator('.cover[data-state="other_lost"] h2')).to_have_text(words)
    said = words.removeprefix("さくら 0 さん")[1:]
    await expect(seen.page.get_by_test_id("staff-list")).to_contain_text(said)
    lines = row(1, phase="interrupted")
    lines["seats"][0] |= gone
    board = {"type": "board", "sessions": [lines]}
    on_board = await visit(chromium, f"{base}/board#mdg_x", staff(), board, size=DESK)
    await expect(on_board.page.get_by_test_id("board-row")).to_contain_text(said)


async def test_a_new_date_that_was_cancelled_is_not_shown_as_booked(
    chromium: Browser, base: str
) -> None:
    date = {"options": [], "expires_at": at(86_400), "new_session": "s-9"}
    date |= {"state": "chosen", "new_starts_at": at(86_400)}
    over = {"phase": "ended", "ended_at": at(-60), "outcome": "supporter_no_show"}
    over |= {"cause": "supporter", "is_quota_restored": True, "can": []}
    first = welcome(**over, reschedule=date, following=date)
    seen = await visit(chromium, f"{base}/room#x", first)
    plan, next_one = seen.page.locator("[data-reschedule]"), seen.page.get_by_test_id("next-booked")
    await expect(plan).to_contain_text("次の予約が決まりました")
    await expect(plan.locator(".when")).to_be_visible()
    gone = {**date, "state": "cancelled"}
    seen.say(changed(first, reschedule=gone, following=gone))
    await expect(plan).to_contain_text("取り消されました")
    await expect(plan.locator(".when")).to_be_hidden()
    await expect(next_one).to_have_text("次回の予約は、取り消されました。")


async def test_a_camera_that_is_off_is_said_over_the_picture(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, f"{base}/room#x", in_the_call())
    off, muted = seen.page.get_by_test_id("no-picture"), seen.page.get_by_test_id("muted")
    await expect(seen.page.get_by_test_id("remote-video")).to_be_visible()
    await expect(off).to_be_hidden()
    seen.say({"type": "media_state", "seat": "supporter", "audio": False, "video": False})
    await expect(off).to_have_text("カメラは切れています")
    await expect(muted).to_have_text("マイクは切れています")
    seen.say({"type": "media_state", "seat": "supporter", "audio": True, "video": True})
    await expect(off).to_be_hidden()
    await expect(muted).to_be_hidden()


async def test_the_page_says_when_its_own_camera_is_switched(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, f"{base}/room#x", in_the_call())
    both = {"type": "media_state", "audio": True, "video": True, "screen": False, "encrypted": True}
    assert await seen.said("media_state") == both
    seen.heard.clear()
    await seen.page.get_by_role("button", name="カメラ", exact=True).click()
    assert await seen.said("media_state") == both | {"video": False}


async def test_without_the_server_nobody_is_said_to_be_there_and_nothing_to_be_good(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", in_the_call("supporter"), size=DESK)
    people = seen.page.get_by_test_id("staff-list")
    await expect(people.get_by_text("入室中")).to_have_count(2)
    assert seen.socket is not None
    seen.messages.clear()  # the next connection gets no welcome
    await seen.socket.close(code=1006)
    await expect(people.get_by_text("入室中")).to_have_count(0)
    await expect(people.get_by_text("つなぎ直しています")).to_have_count(2)
    await expect(seen.page.locator(".conn")).not_to_contain_text("良好")


async def test_the_offices_own_people_are_sent_to_the_scheduler_not_to_an_invitation(
    chromium: Browser, base: str
) -> None:
    message = at_the_desk({})
    message["session"]["seats"][1] |= {"presence": "at_door", "has_joined": False}
    seen = await visit(chromium, f"{base}/room#x", message, size=DESK)
    await seen.page.get_by_test_id("consent").check()
    await seen.page.get_by_test_id("continue").click()
    await expect(seen.page.get_by_text("調整担当へご連絡ください")).to_be_visible()
    seen.say({"type": "refused", "code": "device_refused", "closes": True})
    refusal = seen.page.get_by_test_id("refusal")
    await expect(refusal).to_contain_text("調整担当へ")
    await expect(refusal).not_to_contain_text("お電話")


async def test_the_board_counts_to_the_end_for_who_sent_word(chromium: Browser, base: str) -> None:
    waiting = row(1, phase="waiting")
    waiting["seats"][1] |= {"presence": "lobby", "since": at(-60)}
    waiting["next"] = {"reason": "cutoff", "at": at(300)}
    board = {"type": "board", "sessions": [waiting]}
    seen = await visit(chromium, f"{base}/board#mdg_x", staff(), board, size=DESK)
    line = seen.page.get_by_test_id("board-row")
    await expect(line).to_contain_text("欠席の締切")
    notices = {"seeker": {"at": at(0), "until": waiting["ends_at"]}, "supporter": None}
    seen.say({"type": "board_row", "session": {**waiting, "version": 2, "notices": notices}})
    await expect(line).to_contain_text("遅れるとの連絡")
    await expect(line).not_to_contain_text("欠席の締切")
