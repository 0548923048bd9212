"""What people do in the room beyond talking: begin late, write, book the next time, go on otherwise, stop, object."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from tests.browser.office import Office, moment, until
from tests.browser.person import Person, Stage, see_each_other
from tests.browser.test_line import line, seeker_behind

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LINE = "求人票の番号は 4711-xyzzy です"


async def from_the_menu(person: Person, *testids: str) -> None:
    """Open «more» and press one thing after the other."""
    for testid in ("more", *testids):
        await person.at(testid).first.click()


# ---- a late start --------------------------------------------------------------------------------


async def keeps_waiting(people: Stage, office: Office) -> tuple[str, Person, Person]:
    """The seeker waits past the tolerance; then the supporter comes, and the seeker is asked."""
    booking = await office.book("prompt", starts_in=0.5)
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    await seeker.comes()
    late = max(booking.starts_at, datetime.now(UTC)) + timedelta(seconds=5)

    async def is_late() -> bool:
        return datetime.now(UTC) > late

    await until(is_late, "the supporter is late")
    await supporter.comes()
    await seeker.sees("begin")
    return booking.id, seeker, supporter


async def test_a_late_start_begins_when_the_seeker_says_so(people: Stage, office: Office) -> None:
    session, seeker, supporter = await keeps_waiting(people, office)
    await supporter.admits()
    assert await supporter.is_refused("asking_seeker")
    assert (await office.session(session))["phase"] == "waiting"
    await seeker.at("begin").click()
    await see_each_other(seeker, supporter)
    assert (await office.session(session))["phase"] == "live"
    await expect(supporter.at("refusal")).to_have_count(0)


async def test_a_late_start_may_become_another_date(people: Stage, office: Office) -> None:
    session, seeker, supporter = await keeps_waiting(people, office)
    await seeker.at("another-date").click()
    ended = await office.ends(session, "supporter_late", "supporter")
    assert ended["quota"] == "restored"
    await asyncio.gather(
        *(each.is_told("supporter_late", "supporter") for each in (seeker, supporter))
    )
    assert await seeker.can_choose() > 0


# ---- in the call ---------------------------------------------------------------------------------


async def test_lines_go_both_ways_and_to_nobody_else(people: Stage, office: Office) -> None:
    booking = await office.book("talk")
    board = await people.board(office)
    await board.page.goto(board.link)
    seeker, supporter = await people.call(booking)
    await seeker.at("chat").click()
    await seeker.at("chat-field").fill(LINE)
    await seeker.at("chat-send").click()
    await expect(supporter.at("unread")).to_have_text("1")
    await supporter.at("tab-chat").click()
    await expect(supporter.at("chat-drawer")).to_contain_text(LINE)
    await expect(supporter.at("chat-drawer")).to_contain_text("保存されません")
    await expect(supporter.at("unread")).to_be_hidden()
    await supporter.at("chat-field").fill("<b>ありがとう</b>ございます")
    await supporter.page.keyboard.press("Enter")
    await expect(seeker.at("chat-drawer")).to_contain_text("<b>ありがとう</b>ございます")
    await expect(seeker.at("unread")).to_be_hidden()
    await seeker.page.keyboard.press("Escape")
    await seeker.sees_no("chat-drawer")
    await expect(seeker.at("chat")).to_be_focused()

    await seeker.ends()
    await office.ends(booking.id, "completed", None)
    kept = [await office.session(booking.id), await office.events(booking.id)]
    kept.append(await office.call("GET", f"/api/v1/sessions/{booking.id}/notes"))
    kept += [json.loads(each) for each in await board.heard("board_row")]
    assert "xyzzy" not in json.dumps(kept, ensure_ascii=False)
    assert "xyzzy" not in await board.page.content()
    await expect(supporter.at("chat-drawer")).to_be_hidden()


async def test_the_next_session_is_booked_in_the_call(people: Stage, office: Office) -> None:
    booking = await office.book("talk")
    seeker, supporter = await people.call(booking)
    await from_the_menu(supporter, "menu-next")
    await seeker.sees("next-note")
    await supporter.sees("slot-option")
    await seeker.at("next-look").click()
    chosen = await seeker.chooses()
    await expect(seeker.at("next-booked")).to_contain_text(":")
    await expect(supporter.at("next-booked")).to_contain_text(":")
    shown = await office.until(
        booking.id, lambda s: s["following"]["state"] == "chosen", "the next one is booked"
    )
    assert shown["phase"] == "live", "and this one goes on"
    new = await office.session(shown["following"]["new_session"])
    assert int(moment(new["starts_at"]).timestamp()) == int(chosen)
    await seeker.at("sheet-back").click()  # the supporter has it beside the picture
    await see_each_other(seeker, supporter)


async def has_a_new_connection(person: Person) -> None:
    """The words may be on the page before it; what the old one carried counts no more."""

    async def is_there() -> bool:
        return bool((await person.carried())["peers"] > 1)

    await until(is_there, f"{person.name} has a new connection")


async def test_sound_only_stops_the_pictures_and_keeps_the_voices(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    seeker, supporter = await people.call(booking)
    await from_the_menu(seeker, "menu-audio")
    for each in (seeker, supporter):
        await expect(each.at("no-picture")).to_have_text("音声だけでご相談中です")
        await has_a_new_connection(each)
        await each.hears()
        carried = await each.carried()
        assert carried["frames"] == 0, "the new connection has no picture"
        assert carried["peers"] == 2
        await expect(each.at("local-video")).to_be_hidden()
    before = [await each.carried() for each in (seeker, supporter)]

    async def both_hear_more() -> bool:
        now = [await each.carried() for each in (seeker, supporter)]
        return all(new["energy"] > old["energy"] for new, old in zip(now, before, strict=True))

    await until(both_hear_more, "the voices go on")
    assert [(await each.carried())["frames"] for each in (seeker, supporter)] == [0, 0]
    shown = await office.session(booking.id)
    assert (shown["phase"], shown["medium"]) == ("live", "audio")
    await from_the_menu(supporter, "menu-video")
    # Who did not ask for pictures is not seen before they press.
    await expect(seeker.at("told")).to_have_text(
        "カメラはオフにしてあります。押すとオンになります。"
    )
    await seeker.at("switch-video").click()
    await see_each_other(seeker, supporter)


async def test_a_seeker_stops_for_conduct(people: Stage, office: Office) -> None:
    booking = await office.book("talk")
    seeker, supporter = await people.call(booking)
    await from_the_menu(seeker, "menu-stop", "stop-conduct")
    await seeker.sees("stop-yes")
    assert (await office.session(booking.id))["phase"] == "live", "choosing ends nothing"
    await seeker.at("note").fill("大声で怒鳴られました")
    await seeker.at("stop-yes").click()
    await seeker.is_told("stopped", "supporter")
    await supporter.is_told("stopped", None)
    await expect(seeker.at("outcome")).to_contain_text("お知らせいただいたため")
    await expect(supporter.at("outcome")).not_to_contain_text("言動")
    ended = await office.ends(booking.id, "stopped", "supporter")
    [incident] = ended["incidents"]
    assert (incident["kind"], incident["accused"]) == ("conduct", "supporter")
    notes = await office.call("GET", f"/api/v1/sessions/{booking.id}/notes")
    assert "大声で怒鳴られました" in json.dumps(notes, ensure_ascii=False)
    events = await office.events(booking.id)
    assert "怒鳴" not in json.dumps(events, ensure_ascii=False)


# ---- otherwise than with pictures ----------------------------------------------------------------


async def test_a_telephone_session_needs_no_camera_and_ends_by_report(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk", medium="phone")
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    for each in (seeker, supporter):
        await each.arrives()
        await each.at("consent").check()
        await each.at("continue").click()
        await each.at("join").click()
        await each.sees("phone")
    state = seeker.at("phone-state")
    await expect(state).to_have_attribute("data-state", "soon")
    await supporter.at("report-calling").click()
    await expect(state).to_contain_text("いま、おかけしています")
    await supporter.at("report-no_answer").click()
    await expect(state).to_contain_text("つながりませんでした")
    await supporter.at("report-calling").click()
    await supporter.at("report-answered").click()
    await expect(state).to_contain_text("お電話でご相談中です")
    live = await office.phase(booking.id, "live")
    assert live["medium"] == "phone"
    await seeker.closes_the_page()
    await supporter.at("report-finished").click()
    await supporter.is_told("completed", None)
    ended = await office.ends(booking.id, "completed", None)
    assert ended["reason"] == "call_finished"
    assert (await supporter.carried())["peers"] == 0


async def test_where_nothing_flows_both_are_offered_a_way_and_the_telephone_is_one(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    async with line(office) as network:
        network.udp.cut()
        seeker = await seeker_behind(network, people, office, booking)
        supporter = await people.supporter(booking)
        await asyncio.gather(seeker.comes(), supporter.comes())
        await supporter.admits()
        await asyncio.gather(*(each.sees("media-phone", 40) for each in (seeker, supporter)))
        for each in (seeker, supporter):
            await expect(each.page.locator('.cover[data-state="missing"]')).to_be_visible()
            await expect(each.at("media-retry")).to_be_enabled()
        shown = await office.session(booking.id)
        assert shown["phase"] == "live"
        await seeker.at("media-phone").click()
        await asyncio.gather(*(each.sees("phone") for each in (seeker, supporter)))
        await supporter.at("report-answered").click()
        await expect(seeker.at("phone-state")).to_have_attribute("data-state", "talking")
        await supporter.at("report-finished").click()
        await office.ends(booking.id, "completed", None)


# ---- after a goodbye -----------------------------------------------------------------------------


async def test_a_goodbye_counts_as_finished_until_the_seeker_objects(
    people: Stage, office: Office
) -> None:
    booking = await office.book("hasty")
    seeker, supporter = await people.call(booking)
    device = seeker.page.context
    for each in (supporter, seeker):
        await each.closes_the_page()
    ended = await office.ends(booking.id, "completed", None)
    assert ended["reason"] == "goodbye"
    back = await people.person("seeker", booking.links["seeker"], device)
    await back.page.goto(back.link)
    await back.is_told("completed", None)
    await back.at("object").click()
    await back.sees_no("object")
    await expect(back.page.get_by_text("お知らせを受け取りました")).to_be_visible()
    shown = await office.session(booking.id)
    assert shown["objected_at"] is not None


async def test_a_supporter_who_is_back_after_a_goodbye_says_whether_it_was_one(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    seeker, supporter = await people.call(booking)
    device = supporter.page.context
    for each in (seeker, supporter):
        await each.closes_the_page()
    back = await people.person("supporter", booking.links["supporter"], device)
    await back.page.goto(back.link)
    await back.at("finish-yes").click()
    await back.is_told("completed", None)
    ended = await office.ends(booking.id, "completed", None)
    assert ended["reason"] == "goodbye"
