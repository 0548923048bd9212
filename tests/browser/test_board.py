"""A scheduler at the board: reads why a call broke, puts it right, and decides what the rules leave to people."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from playwright.async_api import Locator, expect

from tests.browser.office import Office, proposed, seat
from tests.browser.person import DESK, Person, Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CONFLICT = "status of 409"
"""What the console says of a refusal that is part of the story."""


async def opens(board: Person, session: str) -> Locator:
    """The scheduler looks at the board and chooses a session."""
    await board.page.goto(board.link)
    await board.page.get_by_role("searchbox").fill(session)
    await board.page.locator(f'[data-session-id="{session}"]').click()
    drawer = board.at("drawer")
    await expect(drawer.get_by_test_id("history").get_by_role("listitem")).not_to_have_count(0)
    return drawer


async def overrules(board: Person, outcome: str, cause: str, reason: str) -> None:
    """Fill in the question, and send it."""
    form = board.at("form")
    await form.get_by_label("結果").select_option(outcome)
    await form.get_by_label("原因").select_option(cause)
    await form.get_by_label("理由").fill(reason)
    await form.get_by_test_id("form-submit").click()


async def test_a_broken_call_is_understood_and_overruled_and_who_comes_second_is_told(
    people: Stage, office: Office
) -> None:
    booking = await office.book("hasty", starts_in=2)
    one, other = await people.board(office), await people.board(office)
    other.forgiven.append(CONFLICT)
    _, supporter = await people.call(booking)
    await supporter.closes_the_page()
    ended = await office.ends(booking.id, "interrupted", "supporter")
    assert ended["quota"] == "restored"
    first = ended["verdict"]
    await office.until(booking.id, proposed, "other dates are proposed")

    drawer, second = await asyncio.gather(opens(one, booking.id), opens(other, booking.id))
    await expect(drawer.get_by_test_id("sentence")).to_have_text(first["sentence"]["ja"])
    seen = drawer.get_by_test_id("evidence").get_by_role("listitem")
    await expect(seen).to_have_count(len(first["evidence"]))
    await expect(drawer.get_by_test_id("evidence")).to_contain_text("相談員：画面を閉じた")
    await expect(drawer.get_by_test_id("history")).to_contain_text("相談が中断しました")
    await expect(drawer.get_by_test_id("consequence")).to_contain_text("回数 数えない")

    await drawer.get_by_test_id("overrule").click()
    await second.get_by_test_id("overrule").click()
    await overrules(
        one, "interrupted", "seeker", "ご本人から、ご自身で閉じたとの電話がありました。"
    )
    await overrules(other, "not_held", "unknown", "確かめられません。")
    refused = other.at("form").get_by_test_id("refused")
    await expect(refused).to_contain_text("先に判断を改めました")
    await expect(refused).to_have_attribute("data-code", "overruled_meanwhile")

    after = await office.session(booking.id)
    assert (after["outcome"], after["cause"], after["quota"]) == ("interrupted", "seeker", "used")
    assert after["reschedule"]["state"] == "withdrawn"
    [overruling] = after["overrulings"]
    assert overruling["before"]["reason"] == first["reason"]
    await other.at("form").get_by_test_id("form-back").click()
    for shown in (drawer, second):
        await expect(shown.get_by_test_id("verdict")).to_have_attribute("data-cause", "seeker")
        await expect(shown.get_by_test_id("consequence")).to_contain_text("回数 数える")
        await expect(shown.get_by_test_id("consequence")).to_contain_text("日程調整 取りやめ")
        await expect(shown.get_by_test_id("overruled")).to_contain_text("ご自身で閉じた")
        await expect(shown.get_by_test_id("overruled")).to_contain_text("調整担当が")
        await expect(shown.get_by_test_id("first-verdict")).to_contain_text("中断（相談員側）")


async def test_a_stop_is_a_task_until_it_is_resolved_and_who_is_suspended_is_not_booked(
    people: Stage, office: Office
) -> None:
    booking = await office.book("hasty", starts_in=2)
    board = await people.board(office)
    board.forgiven.append(CONFLICT)
    await board.page.goto(board.link)
    seeker, _ = await people.call(booking)
    stop = {"type": "stop", "kind": "conduct", "accused": "supporter", "note": "暴言がありました。"}
    await seeker.sends(json.dumps(stop))
    ended = await office.ends(booking.id, "stopped", "supporter")

    todo = board.page.locator(f'[data-testid="todo-item"][data-session="{booking.id}"]')
    todo = todo.filter(has_text="事案")  # beside it: who was stopped is offered to nobody by itself
    await expect(todo).to_contain_text("事案")
    await todo.get_by_test_id("todo-open").click()
    incidents = board.at("drawer").get_by_test_id("incidents")
    await expect(incidents).to_contain_text("暴言がありました。")
    await incidents.get_by_test_id("resolve").click()
    await board.at("form").get_by_label("対応の結果").fill("双方からお話を伺いました。")
    await board.at("form").get_by_test_id("form-submit").click()
    await expect(todo).to_have_count(0)
    await expect(incidents).to_contain_text("双方からお話を伺いました。")
    ticked = board.at("todo-ticked").filter(has_text="事案：調整担当")
    await expect(ticked.first).to_be_visible()

    accused = seat(ended, "supporter")
    review = board.page.locator(f'[data-testid="todo-item"][data-person="{accused["person"]}"]')
    await expect(review).to_contain_text(accused["display_name"])
    await review.get_by_test_id("todo-open").click()
    form = board.at("form")
    await expect(form.get_by_test_id("standing")).to_have_attribute("data-review", "true")
    await form.get_by_test_id("decide-suspended").click()
    await form.get_by_label("理由").fill("報告の内容を確かめるため。")
    await form.get_by_test_id("form-submit").click()
    await expect(form).to_be_hidden()
    await expect(review).to_have_count(0)

    await board.at("drawer").get_by_test_id("book-date").click()
    await form.get_by_test_id("form-submit").click()
    refused = form.get_by_test_id("refused")
    await expect(refused).to_have_attribute("data-code", "suspended")
    await expect(refused).to_contain_text("利用は止められています")
    assert (await office.session(booking.id))["reschedule"]["state"] == "open"


async def test_the_office_ends_a_call_and_both_read_that_it_was_the_office(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    board = await people.board(office)
    seeker, supporter = await people.call(booking)
    drawer = await opens(board, booking.id)
    await drawer.get_by_test_id("act-end").click()
    form = board.at("form")
    await form.get_by_label("理由").fill("相談員が急病のため。")
    await form.get_by_test_id("form-submit").click()
    for person in (seeker, supporter):
        told = person.at("outcome")
        await expect(told).to_contain_text("相談は途中で終わりました")
        await expect(told).to_contain_text("窓口の都合で終了しました")
        await expect(person.page.get_by_text("急病")).to_have_count(0)
    ended = await office.ends(booking.id, "interrupted", "office")
    assert ended["quota"] == "restored"
    await office.until(booking.id, proposed, "other dates are proposed")
    await expect(seeker.page.get_by_test_id("slot-option").first).to_be_visible()
    await expect(drawer.get_by_test_id("why-ended")).to_contain_text("急病のため")
    await expect(drawer.get_by_test_id("history")).to_contain_text("調整担当が相談を終了しました")


async def test_how_the_lines_of_a_call_are_stands_in_the_drawer_while_it_goes_on(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    board = await people.board(office)
    seeker, _ = await people.call(booking)
    drawer = await opens(board, booking.id)
    lines = drawer.get_by_test_id("lines")
    await expect(lines.get_by_role("listitem")).to_have_count(2, timeout=30_000)
    await expect(lines.locator('[data-seat="seeker"]')).to_contain_text(
        re.compile(
            r"上り：損失 \d+%、\d+ kbit/s.*往復 \d+ミリ秒.*映像が止まった時間 \d+秒", re.DOTALL
        ),
        timeout=30_000,
    )
    await seeker.ends()
    await office.ends(booking.id, "completed", None)
    await expect(lines).to_be_hidden(timeout=30_000)


async def test_a_scheduler_gives_the_session_to_another_supporter_who_holds_it(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk", starts_in=15)
    other = f"相談員{office.supporters}の代わり"
    await office.staff_token(other, "supporter")
    board = await people.board(office)
    seeker, ill = await people.seeker(booking), await people.supporter(booking)
    await asyncio.gather(seeker.comes(), ill.comes())
    drawer = await opens(board, booking.id)
    await drawer.get_by_test_id("act-reassign").click()
    form = board.at("form")
    await form.get_by_label("新しい担当").select_option(label=other)
    await form.get_by_label("理由").fill("体調不良のため。")
    await form.get_by_test_id("form-submit").click()
    link = await form.get_by_test_id("new-link").input_value()
    await form.get_by_test_id("form-back").click()
    await ill.is_refused("link_revoked")
    await expect(drawer.get_by_test_id("history")).to_contain_text(f"{other}に代えました")
    await expect(drawer.get_by_test_id("history").locator("q")).to_have_text("体調不良のため。")
    lane = board.page.get_by_test_id("lane").filter(has_text=other)
    await expect(lane.locator(f'[data-session-id="{booking.id}"]')).to_be_visible()

    new = await people.person("supporter", link, viewport=DESK)
    await new.comes()
    await office.phase(booking.id, "waiting", 60)
    await new.admits()
    await office.until(booking.id, lambda s: s["has_media_flowed"], "they see each other", 30)
    assert seat(await office.session(booking.id), "supporter")["display_name"] == other
    await seeker.ends()
    await office.ends(booking.id, "completed", None)


async def test_a_wrong_name_is_corrected_while_both_wait_and_nobody_has_to_come_again(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk", starts_in=20, companions_beside=["娘さん"])
    board = await people.board(office)
    board.forgiven.append(CONFLICT)
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    await asyncio.gather(seeker.comes(), supporter.comes())
    await expect(seeker.at("lobby")).to_contain_text("さくら14")
    drawer = await opens(board, booking.id)
    await drawer.get_by_test_id("act-correct").click()
    form = board.at("form")
    await form.get_by_test_id("form-submit").click()
    refused = form.get_by_test_id("refused")
    await expect(refused).to_have_attribute("data-code", "nothing_corrected")
    await expect(refused).to_contain_text("変わったところがありません")
    await supporter.at("memo").fill("書きかけ")
    await form.get_by_label("ご利用者の表示名").fill("さくら41")
    await form.get_by_label("そばの同席者").fill("息子さん")
    await form.get_by_test_id("form-submit").click()
    await expect(form).to_be_hidden()

    await expect(drawer.get_by_role("heading", level=2)).to_have_text("さくら41")
    for line in ("調整担当がご利用者の表示名を直しました", "そばの同席者の表示名を直しました"):
        await expect(drawer.get_by_test_id("history")).to_contain_text(line)
    await expect(seeker.at("lobby")).to_contain_text("さくら41")
    await expect(seeker.page.get_by_text("さくら14")).to_have_count(0)
    await expect(supporter.at("lobby").get_by_role("heading", level=1)).to_contain_text("さくら41")
    await expect(supporter.at("staff-list")).to_contain_text("息子さん")
    await expect(supporter.at("memo")).to_have_value("書きかけ")
    await expect(supporter.at("memo")).to_be_focused()

    await seeker.reloads()
    await expect(seeker.at("lobby")).to_contain_text("さくら41")
    await office.phase(booking.id, "waiting", 60)
    await supporter.admits()
    await office.until(booking.id, lambda s: s["has_media_flowed"], "they see each other", 30)
    await expect(drawer.get_by_test_id("act-correct")).to_have_count(0)
    await seeker.ends()
    await office.ends(booking.id, "completed", None)


async def test_a_scheduler_books_on_the_board_and_both_links_open_the_room(
    people: Stage, office: Office
) -> None:
    counter = "予約を待つ窓口"
    await office.staff_token(counter, "supporter")
    board = await people.board(office)
    board.forgiven.append(CONFLICT)
    await board.page.goto(board.link)
    await board.at("book").click()
    form = board.at("form")
    await form.get_by_label("相談の種類").select_option("talk")
    await form.get_by_label("相談員", exact=True).select_option(counter)
    at = await form.get_by_label("開始の日時").input_value()
    await form.get_by_label("開始の日時").fill(f"2001{at[4:]}")
    await form.get_by_label("ご利用者の表示名").fill("さくら 77")
    await form.get_by_test_id("form-submit").click()
    await expect(form.locator('[data-field="starts_at"]')).to_contain_text("過ぎた時刻です")
    await form.get_by_label("開始の日時").fill(at)
    await form.get_by_test_id("form-submit").dblclick()
    links = form.get_by_test_id("new-link")
    await expect(links).to_have_count(2)
    urls = {
        str(await one.get_attribute("data-seat")): await one.input_value()
        for one in await links.all()
    }
    await form.get_by_test_id("form-back").click()
    await expect(board.at("drawer").get_by_role("heading", level=2)).to_have_text("さくら 77")
    lane = board.page.get_by_test_id("lane").filter(has_text=counter)
    await expect(lane.get_by_test_id("board-row")).to_have_count(1)

    for role in ("seeker", "supporter"):
        person = await people.person(role, urls[role], viewport=DESK)
        await person.page.goto(person.link)
        await expect(person.page.get_by_text("さくら 77").first).to_be_visible()
