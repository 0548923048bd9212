"""The questionnaire after the end, over the socket and the API, against the real host and the real store (IX 15-2)."""

import asyncio
from datetime import UTC, timedelta
from functools import partial

import pytest
from structlog.testing import capture_logs

from orchestrator.policy.model import Role
from orchestrator.ports import RoomFlowing
from tests.signaling.node import MINUTE, PROGRAMMES, until

IX = PROGRAMMES["ix"].rules()
SECRET = "とても助かりました 0815"
ANSWERS = {"helpful": 4, "wishes": SECRET}


async def finished(node, rules=IX, **meeting):
    """A session that two people talked in, and the seeker has ended; meeting and the two pages."""
    booked = await node.meet(rules=rules, **meeting)
    seeker, supporter = await node.live(booked)
    node.host.on_media(RoomFlowing(booked.id))
    await until(partial(is_true, node, booked, "has_media_flowed"), "media has flowed")
    await seeker.send(type="end", works=True)
    await until(partial(is_true, node, booked, "is_over"), "it has ended")
    return booked, seeker, supporter


async def is_true(node, meeting, name):
    return getattr(await node.session(meeting), name)


async def read(node, meeting, role=Role.SCHEDULER):
    """What the API says to somebody of the office; status and body."""
    token = await node.staff(f"{role}-1", role)
    answer = await node.http.get(
        node.url(f"/api/v1/sessions/{meeting.id}/questionnaire"),
        headers={"Authorization": f"Bearer {token}"},
    )
    return answer.status, await answer.json()


async def test_the_seeker_is_asked_after_the_end_answers_once_and_schedulers_read_it(node):
    meeting, seeker, supporter = await finished(node)
    asked = await seeker.receive("questionnaire")
    assert [each["key"] for each in asked["questions"]] == ["helpful", "wishes"]
    assert asked["is_answered"] is False
    await seeker.send(type="answer_questionnaire", answers=ANSWERS)
    assert (await seeker.receive("questionnaire"))["is_answered"] is True
    await seeker.send(type="answer_questionnaire", answers={"helpful": 1})
    assert (await seeker.receive("refused"))["code"] == "questionnaire_answered"
    status, body = await read(node, meeting)
    assert status == 200
    assert [each["kind"] for each in body["questions"]] == ["scale", "text"]
    assert [(each["seat"], each["values"]) for each in body["answers"]] == [("seeker", ANSWERS)]
    assert (await read(node, meeting, Role.SUPPORTER))[0] == 403
    await supporter.send(type="answer_questionnaire", answers=ANSWERS)
    assert (await supporter.receive("refused"))["code"] == "not_your_seat"
    assert "questionnaire" not in [message["type"] for message in supporter.inbox]


async def test_who_comes_back_later_is_asked_and_told_what_was_sent(node):
    meeting, _, _ = await finished(node)
    back = await node.enter(meeting, "seeker")
    assert (await back.receive("questionnaire"))["is_answered"] is False
    await back.send(type="answer_questionnaire", answers={"helpful": 5})
    await back.receive("questionnaire")
    again = await node.enter(meeting, "seeker")
    assert (await again.receive("questionnaire"))["is_answered"] is True


async def test_answers_are_in_no_event_log_board_or_note(node):
    board = await node.say_hello(token=await node.staff())
    await board.receive("board")
    with capture_logs() as logs:
        meeting, seeker, _ = await finished(node)
        await seeker.receive("questionnaire")
        await seeker.send(type="answer_questionnaire", answers=ANSWERS)
        await seeker.receive("questionnaire")
    events = await node.store.events(meeting.id)
    notes = await node.store.notes(meeting.id)
    assert "0815" not in repr((logs, events, notes, board.inbox, await node.session(meeting)))
    assert "0815" in repr((await read(node, meeting))[1])


async def test_the_store_forgets_the_answers_when_the_programme_says_so(node):
    meeting, seeker, _ = await finished(node)
    await seeker.receive("questionnaire")
    await seeker.send(type="answer_questionnaire", answers=ANSWERS)
    await seeker.receive("questionnaire")
    left_s = await node.store._server.commands.ttl(f"qs:{meeting.id}")
    ends_at = node.clock.now() + PROGRAMMES["ix"].questionnaire_kept_for
    now = await node.store.server_time()
    assert abs(ends_at - now - timedelta(seconds=left_s)) < MINUTE


@pytest.mark.parametrize(
    "answers", [{"helpful": 4, "more": 1}, {"wishes": "\u200b"}, {"helpful": "4"}]
)
async def test_answers_that_do_not_fit_are_refused(node, answers):
    _, seeker, _ = await finished(node)
    await seeker.receive("questionnaire")
    await seeker.send(type="answer_questionnaire", answers=answers)
    got = [message async for message in following(seeker)]
    assert {message.get("code") for message in got} & {"answers_refused", "bad_field"}


async def following(page):
    """The next message that is a refusal or an error."""
    async with asyncio.timeout(5):
        while True:
            message = (await page.socket.receive()).json()
            if message["type"] in {"refused", "error"}:
                yield message
                return


async def test_nobody_is_asked_before_the_end_or_where_the_programme_asks_nothing(node):
    meeting = await node.meet(rules=IX)
    seeker, _ = await node.live(meeting)
    await seeker.send(type="answer_questionnaire", answers=ANSWERS)
    assert (await seeker.receive("refused"))["code"] == "questionnaire_closed"
    _, other, _ = await finished(node, PROGRAMMES["kumagaya"].rules(), supporter="sato")
    await other.state(lambda s: s["phase"] == "ended")
    await other.send(type="answer_questionnaire", answers=ANSWERS)
    assert (await other.receive("refused"))["code"] == "questionnaire_closed"
    assert "questionnaire" not in [message["type"] for message in other.inbox]


async def test_a_problem_can_be_told_after_the_end_with_what_the_page_measured(node):
    meeting, _, _ = await finished(node)
    back = await node.enter(meeting, "seeker")
    assert "report_problem" in back.welcome["session"]["can"]
    measured = {"rtt_ms": 84.4, "missing": 0.031, "frozen_s": 12.0, "in_s": 600.0}
    await back.send(type="report_problem", note="x" * 500, measured=measured)

    async def is_filed():
        return (await node.session(meeting)).incidents

    await until(is_filed, "the incident is filed")
    (note,) = (await node.store.notes(meeting.id)).values()
    assert note == "x" * 500 + "\n[rtt 84 ms, missing 3 %, frozen 12 s, in 600 s]"
    session = await node.session(meeting)
    assert [(one.kind.value, one.by) for one in session.incidents] == [("technical", "seeker")]
    assert session.ended_at.tzinfo is UTC
