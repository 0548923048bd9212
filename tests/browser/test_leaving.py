"""Ways out: for a moment, for good, by agreement, and without a word."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from playwright.async_api import expect

from tests.browser.office import (
    Office,
    becomes_a_booking,
    check_proposals,
    moment,
    proposed,
    seat,
)
from tests.browser.person import Launch, Person, Stage, see_each_other

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_supporter_who_never_comes_back_owes_another_date(
    people: Stage, office: Office, launch: Launch
) -> None:
    booking = await office.book("hasty")
    browser = await launch()
    seeker, supporter = await people.call(booking, browser=browser)
    await supporter.dies()
    lost = await office.until(
        booking.id, lambda s: seat(s, "supporter")["is_lost"], "the supporter is lost"
    )
    assert lost["phase"] == "interrupted"
    assert lost["verdict"] is None, "the grace has only begun"
    [loss] = await office.events(booking.id, "seat.lost")
    assert loss["data"]["signal"] == "signalling_lost", "nobody said goodbye"
    grace_ends_at = moment(seat(lost, "supporter")["grace_ends_at"])

    await seeker.can_choose()
    [grace] = await office.events(booking.id, "grace.ended")
    assert moment(grace["at"]) == grace_ends_at
    await seeker.sees("wait")
    asked = await office.until(booking.id, proposed, "slots are proposed")
    assert asked["phase"] == "interrupted", "asked, not ended"
    assert asked["verdict"]["cause"] == "supporter"
    options = asked["reschedule"]["options"]
    check_proposals(office, options)

    chosen = await seeker.chooses()
    ended = await office.ends(booking.id, "interrupted", "supporter")
    assert ended["quota"] == "restored"
    assert moment(ended["ended_at"]) < booking.ends_at
    await seeker.is_told("interrupted", "supporter")
    await becomes_a_booking(office, booking, next(o for o in options if o["id"] == chosen))
    assert await seeker.at("slot-option").count() == 0


async def test_a_seeker_who_closes_the_page_for_good_has_used_the_session(
    people: Stage, office: Office
) -> None:
    booking = await office.book("hasty")
    seeker, supporter = await people.call(booking)
    await seeker.closes_the_page()
    lost = await office.until(
        booking.id, lambda s: seat(s, "seeker")["is_lost"], "the seeker is lost", 5
    )
    assert lost["phase"] == "interrupted"
    [loss] = await office.events(booking.id, "seat.lost")
    assert loss["data"]["signal"] == "page_closed"

    ended = await office.ends(booking.id, "interrupted", "seeker")
    assert moment(ended["ended_at"]) == moment(loss["at"]) + timedelta(seconds=9)  # the hold
    assert ended["reschedule"] is None
    assert ended["quota"] == "used"
    await supporter.is_told("interrupted", "seeker")
    assert await supporter.at("slot-option").count() == 0


async def test_the_supporter_ends_early_only_with_the_seekers_yes(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    seeker, supporter = await people.call(booking)

    await supporter.asks_to_end()
    await seeker.sees("refuse-end")
    await see_each_other(seeker, supporter)  # nothing has happened
    assert (await office.session(booking.id))["phase"] == "live"
    await seeker.at("refuse-end").click()
    await seeker.sees_no("refuse-end")
    await expect(supporter.at("request-end")).to_be_enabled()
    await see_each_other(seeker, supporter)
    assert (await office.session(booking.id))["phase"] == "live"

    await supporter.asks_to_end()
    await seeker.at("confirm-end").click()
    await asyncio.gather(*(each.is_told("completed", None) for each in (seeker, supporter)))
    ended = await office.ends(booking.id, "completed", None)
    assert ended["reason"] == "both_agreed"
    answers = await office.events(booking.id, "question.answered")
    assert [answer["data"]["agrees"] for answer in answers] == [False, True]


async def test_a_seeker_steps_out_returns_and_ends(people: Stage, office: Office) -> None:
    booking = await office.book("talk")
    seeker, supporter = await people.call(booking)

    await seeker.steps_out()
    await seeker.sees("return")
    out = await office.phase(booking.id, "interrupted")
    assert seat(out, "seeker")["is_lost"]
    assert seat(out, "seeker")["grace_ends_at"] is not None
    await seeker.at("return").click()
    await see_each_other(seeker, supporter)
    back = await office.phase(booking.id, "live")
    assert back["verdict"] is None

    await seeker.ends()
    await asyncio.gather(*(each.is_told("completed", None) for each in (seeker, supporter)))
    ended = await office.ends(booking.id, "completed", None)
    assert ended["reason"] == "seeker_ended"
    assert ended["reschedule"] is None
    await says_how_it_was(seeker, office, booking.id)
    await expect(supporter.at("questions")).to_be_hidden()


async def says_how_it_was(seeker: Person, office: Office, session: str) -> None:
    """The seeker answers the programme's questions, comes back to a word of thanks, and tells what did not work."""
    await seeker.page.locator('[name="helpful"][data-value="4"]').check()
    await seeker.at("questions-send").click()
    await seeker.sees("questions-done")
    await seeker.reloads()
    await seeker.sees("questions-done")
    read = await office.call("GET", f"/api/v1/sessions/{session}/questionnaire")
    assert [(one["seat"], one["values"]) for one in read["answers"]] == [("seeker", {"helpful": 4})]
    await seeker.at("after-problem").click()
    await seeker.at("note").fill("音が途切れました")
    await seeker.at("problem-send").click()
    await seeker.sees("told")
    notes = await office.call("GET", f"/api/v1/sessions/{session}/notes")
    assert "音が途切れました" in str(notes)


async def test_a_seeker_who_ends_before_it_is_live_cancels(people: Stage, office: Office) -> None:
    booking = await office.book("talk", starts_in=60)
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    await asyncio.gather(seeker.comes(), supporter.comes())
    await seeker.ends()
    await asyncio.gather(*(each.is_told("cancelled", "seeker") for each in (seeker, supporter)))
    ended = await office.ends(booking.id, "cancelled", "seeker")
    assert ended["reschedule"] is None
