"""A booking put right over HTTP, and on the pages that are open."""

from datetime import timedelta

import pytest

from orchestrator.policy.model import Cause

PATH = "/sessions/{id}/correct"
WISH = {
    "programme": "kumagaya",
    "starts_at": "2026-12-08T10:00:00+09:00",
    "seeker_name": "さくら14",
    "supporter": "tanaka",
}


def code(body):
    """The code of an error."""
    return body["error"]["code"]


async def test_who_waits_sees_the_new_name_and_nobody_loses_the_seat(node, call):
    meeting = await node.meet()
    seeker = await node.join(meeting, "seeker")
    supporter = await node.join(meeting, "supporter")
    board = await node.say_hello(token=await node.staff("board"))
    await board.receive("board")
    status, answer = await call("POST", PATH.format(id=meeting.id), {"seeker_name": "ひまわり3"})
    assert status == 200
    names = {each["seat"]: each["display_name"] for each in answer["participants"]}
    assert names["seeker"] == "ひまわり3"
    for page in (seeker, supporter):
        shown = await page.state(lambda s: s["seats"][0]["display_name"] == "ひまわり3")
        assert [seat["presence"] for seat in shown["seats"]] == ["lobby", "lobby"]
    row = await board.receive("board_row")
    assert row["session"]["seats"][0]["display_name"] == "ひまわり3"
    again = await node.say_hello("again", link=meeting.secrets["supporter"])
    assert (await again.receive("welcome"))["session"]["seats"][0]["display_name"] == "ひまわり3"
    _, history = await call("GET", f"/sessions/{meeting.id}/events")
    assert "ひまわり" not in str(history)


async def test_everybody_who_comes_along_is_called_otherwise(call):
    more = {"companions": ["通訳"], "companions_beside": ["母", "手話"]}
    _, booked = await call("POST", "/sessions", WISH | more)
    path = PATH.format(id=booked["id"])
    anew = {"companions": ["ことば"], "companions_beside": ["母", "手話通訳"]}
    status, answer = await call("POST", path, anew | {"seeker_name": None})
    assert (status, answer["beside"]) == (200, ["母", "手話通訳"])
    names = [each["display_name"] for each in answer["participants"]]
    assert names == ["さくら14", "tanaka", "ことば"]
    status, answer = await call("POST", path, {"companions": ["ことば", "友人"]})
    assert (status, code(answer)) == (409, "companions_declared")


async def test_a_note_is_read_as_it_was_corrected_and_by_whom_stands_in_the_history(node, call):
    _, booked = await call("POST", "/sessions", WISH | {"seeker_note": "午後の件。"})
    path = f"/sessions/{booked['id']}"
    body = {"seeker_note": "午前の件。", "seeker_reference": "B-7"}
    status, answer = await call("POST", f"{path}/correct", body)
    assert status == 200
    assert "午前" not in str(answer)
    await node.pass_time(timedelta(days=6))
    _, read = await call("GET", f"{path}/seeker")
    assert read == {"reference": "B-7", "note": "午前の件。"}
    _, history = await call("GET", f"{path}/events")
    assert [it["name"] for it in history["events"]].count("data.corrected") == 1
    assert "午前" not in str(history)


@pytest.mark.parametrize(
    "body",
    [
        {"seeker_name": ""},
        {"seeker_name": "\u200b"},
        {"seeker_name": "x" * 101},
        {"seeker_name": 5},
        {"companions": ["a", "b", "c"]},
        {"companions_beside": [""]},
        {"seeker_reference": "a\nb"},
        {"seeker_note": "x" * 501},
        {"starts_at": "2026-12-08T11:00:00+09:00"},
    ],
)
async def test_a_body_that_means_nothing_is_malformed(node, call, body):
    meeting = await node.meet()
    status, answer = await call("POST", PATH.format(id=meeting.id), body)
    assert (status, code(answer)) == (400, "bad_field")
    assert answer["error"]["next"]["ja"]


async def test_what_is_refused_says_what_to_do(node, call):
    meeting, running, cancelled = [await node.meet(supporter=f"s{n}") for n in range(3)]
    await node.live(running)
    await node.bookings.cancel(cancelled.id, Cause.OFFICE, "p", "api")
    cases = [
        (meeting, {}, 409, "nothing_corrected"),
        (meeting, {"seeker_name": "あ" * 41}, 409, "name_refused"),
        (running, {"seeker_name": "ひまわり3"}, 409, "already_live"),
        (cancelled, {"seeker_name": "ひまわり3"}, 410, "session_over"),
    ]
    for whom, body, status, expected in cases:
        answered, answer = await call("POST", PATH.format(id=whom.id), body)
        assert (answered, code(answer)) == (status, expected)
        for language in ("ja", "en"):
            assert answer["error"]["sentence"][language]
            assert answer["error"]["next"][language]
