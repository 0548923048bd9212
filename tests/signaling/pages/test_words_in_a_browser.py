"""What a page says of the other person, of oneself and of the line, in a real browser."""

import re
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import (
    Browser,
    expect,
)

from tests.signaling.pages.visits import (
    BEGAN,
    DESK,
    NARROW,
    NUMBER,
    PHONE,
    at,
    at_the_desk,
    changed,
    in_the_call,
    row,
    staff,
    visit,
    welcome,
)

BOXES = """(names) => names.map((name) => {
  const { left, right } = name.getBoundingClientRect();
  return [left, right];
})"""

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
    await seen.page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    facts = seen.page.locator(".facts")
    await expect(facts).to_contain_text("遅れるときも、お電話をください。")
    await seen.page.get_by_role("button", name="少し遅れることを知らせる").click()
    sheet = seen.page.get_by_role("dialog")
    await sheet.get_by_test_id("sheet-back").click()
    assert "give_notice" not in [message["type"] for message in seen.heard], "it is asked once"
    await seen.page.get_by_role("button", name="少し遅れることを知らせる").click()
    await sheet.get_by_test_id("notice-yes").click()
    await seen.said("give_notice")
    await expect(sheet).to_be_hidden()
    notices = {"seeker": {"at": at(0), "until": at(2400)}, "supporter": None}
    seen.say(changed(first, can=["join"], notices=notices))
    heard = seen.page.get_by_test_id("notice-heard")
    await expect(heard).to_contain_text("ご連絡を受け取りました")
    await expect(heard).to_be_in_viewport()
    await expect(heard).to_be_focused()  # the button that was pressed is gone
    told = seen.page.get_by_test_id("notice")
    await expect(told).to_contain_text("ご連絡を受け取りました")
    await expect(told).to_contain_text("欠席にはなりません")
    await expect(seen.page.get_by_text("欠席となります")).to_have_count(0)
    await expect(facts).not_to_contain_text("お電話をください")  # it has been said


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
    ("how", "words", "at_the_office"),
    [
        ("stepped_out", "さくら 0 さんは席を外しています", "離席"),
        ("page_closed", "さくら 0 さんの画面が閉じられています", "画面が閉じられています"),
        ("lost", "さくら 0 さんの接続が切れています", "接続が切れています"),
    ],
)
async def test_who_is_away_is_spoken_of_as_they_left(
    chromium: Browser, base: str, how: str, words: str, at_the_office: str
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
    await expect(on_board.page.get_by_test_id("board-row")).to_contain_text(at_the_office)


@pytest.mark.parametrize("who_is_there", ["seeker", "supporter"])
async def test_until_when_the_office_keeps_a_seat_is_what_the_room_says(
    chromium: Browser, base: str, who_is_there: str
) -> None:
    ends = at(1200)
    first = in_the_call(who_is_there)
    first["session"] |= {"phase": "interrupted", "starts_at": at(-600), "ends_at": ends}
    there, gone = first["session"]["seats"]
    if there["seat"] != who_is_there:
        there, gone = gone, there
    gone |= {"presence": "away", "is_lost": True, "away_as": "lost", "grace_ends_at": at(60)}
    seen = await visit(chromium, f"{base}/room#x", first, size=DESK)
    cover = seen.page.locator('.cover[data-state="other_lost"]')
    left = cover.locator(".until__clock")
    await expect(cover).to_contain_text("まで待ちます")
    await expect(left).to_have_text(re.compile(r"^(1:00|0:\d\d)$"))
    seen.say(changed(first, kept_until=ends))
    await expect(cover).to_contain_text(re.compile(r"窓口が[\d:]+まで席をお取りしています"))
    await expect(left).to_have_text(re.compile(r"^(20:00|19:\d\d)$"))
    await expect(cover.locator(".grace__bar")).to_be_hidden()
    gone["grace_ends_at"] = None  # and so when the grace is over
    seen.say(changed(first, version=3, kept_until=ends))
    await expect(left).to_have_text(re.compile(r"^(20:00|19:\d\d)$"))
    if who_is_there == "supporter":
        await expect(seen.page.get_by_test_id("staff-list")).to_contain_text(
            re.compile(r"あと (20:00|19:)")
        )
    assert seen.complaints == []


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
    await expect(next_one).to_contain_text("次回の予約は、取り消されました。")
    await expect(next_one.locator(".when")).to_be_hidden()


@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_names_under_the_line_never_lie_over_each_other(
    chromium: Browser, base: str, locale: str
) -> None:
    whole = BEGAN.replace(second=0, microsecond=0) - timedelta(minutes=40)
    begins = (whole - BEGAN).total_seconds()
    over = {"phase": "ended", "starts_at": at(begins), "ends_at": at(begins + 1800), "can": []}
    over |= {"outcome": "completed", "ended_at": at(begins + 1800)}
    first = welcome(**over)
    seen = await visit(chromium, f"{base}/room#x", first, size=NARROW, locale=locale)
    names = seen.page.locator(".band__names li")
    await expect(names).to_have_count(2)
    for version, minute in enumerate((0.5, 2, 4, 5, 6, 7, 9, 20, 23, 26, 28), start=2):
        ended = at(begins + minute * 60)
        seen.say(changed(first, version=version, ended_at=ended))
        word = re.compile("終了$" if locale == "ja" else "Ended")
        shown = seen.page.locator(".band__names li", has_text=word)
        clock = datetime.fromisoformat(ended).astimezone(ZoneInfo("Asia/Tokyo"))
        await expect(shown).to_contain_text(f"{clock:%H:%M}")
        boxes = sorted(await names.evaluate_all(BOXES))
        pairs = pairwise(boxes)
        assert all(one[1] <= two[0] for one, two in pairs), (minute, boxes)


async def test_maintenance_that_ends_it_early_is_said_ahead(chromium: Browser, base: str) -> None:
    first = in_the_call()
    first["session"] |= {"ends_at": at(1_500), "maintenance_at": at(240)}
    seen = await visit(chromium, f"{base}/room#x", first)
    upkeep, left = seen.page.get_by_test_id("upkeep"), seen.page.get_by_test_id("countdown")
    await expect(upkeep).to_contain_text("設備の保守のため")
    await expect(left).to_contain_text("3:")
    await expect(seen.page.get_by_test_id("warning")).to_contain_text("残り5分です")
    seen.say(changed(first, maintenance_at=None))
    await expect(upkeep).to_be_hidden()
    await expect(left).to_contain_text("24:")


@pytest.mark.parametrize("view", ["door", "lobby", "desk"])
async def test_maintenance_is_said_wherever_one_waits(
    chromium: Browser, base: str, view: str
) -> None:
    message = at_the_desk({}) if view == "desk" else welcome()
    message["session"]["maintenance_at"] = at(1_200)
    if view == "lobby":
        message["session"]["seats"][0] |= {"presence": "lobby", "has_joined": True}
    seen = await visit(chromium, f"{base}/room#x", message, size=DESK if view == "desk" else PHONE)
    await expect(seen.page.get_by_test_id("upkeep")).to_contain_text("予約の終了")
    if view == "door":
        await expect(seen.page.locator(".flow")).to_contain_text("予約の終了より早く")


async def test_the_board_says_what_maintenance_will_end_early(chromium: Browser, base: str) -> None:
    rows = [row(number) | {"maintenance_at": at(900)} for number in (1, 2)]
    rows[0]["next"] = {"reason": "maintenance", "at": at(900)}
    board = {"type": "board", "sessions": [*rows, row(3)]}
    seen = await visit(chromium, f"{base}/board#mdg_x", staff(), board, size=DESK)
    upkeep = seen.page.get_by_test_id("upkeep")
    await expect(upkeep).to_contain_text("2件")
    line = seen.page.locator('[data-session-id="s-1"]')
    await expect(line).to_contain_text("保守で早く終了")
    for number in (1, 2):
        seen.say({"type": "board_row", "session": row(number, version=2)})
    await expect(upkeep).to_be_hidden()


WAITING = {"phase": "waiting", "starts_at": at(-60), "ends_at": at(1_740), "can": ["end"]}


async def test_the_lobby_says_of_the_counsellor_only_what_is_so(
    chromium: Browser, base: str
) -> None:
    first = welcome(**WAITING)
    first["session"]["seats"][0] |= {"presence": "lobby", "has_joined": True, "since": at(-60)}
    seen = await visit(chromium, f"{base}/room#x", first)
    note = seen.page.locator(".lobby-who .note")
    await expect(note).to_contain_text("まだ席に着いておりません")
    await expect(note).to_contain_text("欠席にはなりません")
    await expect(note).not_to_contain_text("まもなく")
    word = {"seeker": None, "supporter": {"at": at(-90), "until": at(300)}}
    seen.say(changed(first, notices=word))
    await expect(note).to_contain_text("着くとの連絡")
    for version, counsellor, words in (
        (3, {"since": at(-5)}, "いったん席を離れております"),
        (4, {"since": at(-5), "presence": "at_door"}, "まもなくお呼びします"),
    ):
        seeker, supporter = first["session"]["seats"]
        seen.say(changed(first, version=version, seats=[seeker, supporter | counsellor]))
        await expect(note).to_contain_text(words)


async def test_who_waits_past_the_start_is_not_shown_a_large_figure_running_out(
    chromium: Browser, base: str
) -> None:
    first = welcome()
    first["session"]["seats"][0] |= {"presence": "lobby", "has_joined": True, "since": at(-60)}
    seen = await visit(chromium, f"{base}/room#x", first)
    heading = seen.page.get_by_role("heading", level=1)
    sizes = """() => ["h1", ".until__clock"].map((what) =>
      parseFloat(getComputedStyle(document.querySelector(`.lobby-time ${what}`)).fontSize))"""
    await expect(heading).to_have_text("相談開始まで")
    title, clock = await seen.page.evaluate(sizes)
    assert clock > title
    seen.say(changed(first, **WAITING))
    await expect(heading).to_have_text("相談員をお待ちください")
    await expect(seen.page.get_by_role("timer")).to_contain_text("終了まで")
    title, clock = await seen.page.evaluate(sizes)
    assert clock < title


async def test_a_telephone_session_speaks_of_the_call_and_of_no_device(
    chromium: Browser, base: str
) -> None:
    first = welcome(medium="phone", functions=["chat"])
    seen = await visit(chromium, f"{base}/room#x", first)
    page = seen.page.locator("#page")
    devices = re.compile("機器|カメラ|マイク|映像|画面を別の方法|お呼びします")
    await expect(page).to_contain_text("相談員からお電話します")
    await expect(page).not_to_contain_text(devices, use_inner_text=True)
    await seen.page.get_by_test_id("consent").check()
    await seen.page.get_by_test_id("continue").click()
    await expect(page).to_contain_text("お電話でご相談いただきます")
    await expect(page).not_to_contain_text(devices, use_inner_text=True)
    await expect(seen.page).to_have_title(re.compile("お電話での相談"))
    seeker, supporter = first["session"]["seats"]
    joined = seeker | {"presence": "lobby", "has_joined": True, "since": at(-60)}
    seen.say(changed(first, **WAITING, seats=[joined, supporter]))
    state = seen.page.get_by_test_id("phone-state")
    await expect(state).to_contain_text("お電話をお待ちください")
    await expect(state).not_to_contain_text("まもなく")


async def test_a_camera_that_is_off_is_said_over_the_picture(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, f"{base}/room#x", in_the_call())
    off, muted = seen.page.get_by_test_id("no-picture"), seen.page.get_by_test_id("muted")
    await expect(seen.page.get_by_test_id("remote-video")).to_be_visible()
    await expect(off).to_be_hidden()
    seen.say({"type": "media_state", "seat": "supporter", "audio": False, "video": False})
    await expect(off).to_have_text("カメラはオフです")
    await expect(muted).to_have_text("マイクはオフです")
    silent = {"audio": False, "video": False, "has_microphone": False}
    seen.say({"type": "media_state", "seat": "supporter", **silent})
    await expect(muted).to_have_text("マイクなし（聞くだけの参加）")
    seen.say({"type": "media_state", "seat": "supporter", "audio": True, "video": True})
    await expect(off).to_be_hidden()
    await expect(muted).to_be_hidden()


async def test_the_page_says_when_its_own_camera_is_switched(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, f"{base}/room#x", in_the_call())
    both = {"type": "media_state", "audio": True, "video": True, "screen": False, "encrypted": True}
    both |= {"is_unstable": False, "has_microphone": True}
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
    for line in await seen.page.locator(".conn:visible").all():
        await expect(line).not_to_contain_text("良好")


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


async def test_an_old_link_is_right_for_who_has_the_next_date_and_for_who_has_none(
    chromium: Browser, base: str
) -> None:
    gone = {"type": "refused", "code": "session_over", "closes": True, "telephone": NUMBER}
    seen = await visit(chromium, f"{base}/room#x", gone)
    page = seen.page.locator("#page")
    await expect(page).to_contain_text("お決まりの方は、新しいリンクをお開きください")
    await expect(page).to_contain_text("まだの方は、窓口へご連絡ください")
    await expect(page).not_to_contain_text("ご予約ください")
    await expect(seen.page.get_by_role("link", name=NUMBER)).to_be_visible()
