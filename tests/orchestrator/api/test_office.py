"""What the office does to a session, over real sockets, against the real host and store."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.credentials import hash_secret, new_staff_token
from orchestrator.policy.events import Woken
from orchestrator.policy.model import Extension, PersonId, Role
from orchestrator.ports import RoomExtended, Staff
from tests.signaling.node import MINUTE, PROGRAMMES, until

RULES = replace(PROGRAMMES["kumagaya"].rules(), extension=Extension.SCHEDULER)
WISH = {
    "programme": "kumagaya",
    "starts_at": "2026-12-08T10:00:00+09:00",
    "seeker_name": "さくら14",
    "supporter": "tanaka",
}
WAYS = [
    ("GET", "/tasks", None),
    ("POST", "/sessions/{id}/overrule", {"outcome": "completed", "number": 0, "reason": "x"}),
    ("GET", "/sessions/{id}/verdicts", None),
    ("POST", "/sessions/{id}/incidents", {"kind": "technical"}),
    ("POST", "/sessions/{id}/incidents/incident-1/resolve", {"note": "x"}),
    ("POST", "/sessions/{id}/tasks/no_slot/done", {}),
    ("POST", "/sessions/{id}/extend", {"ends_at": "2026-12-01T13:00:00Z", "reason": "x"}),
    ("POST", "/sessions/{id}/end", {"reason": "x"}),
    ("POST", "/sessions/{id}/hold", {"reason": "x"}),
    ("GET", "/sessions/{id}/notes", None),
    ("POST", "/sessions/{id}/reassign", {"supporter": "x", "reason": "x"}),
    ("POST", "/sessions/{id}/correct", {"seeker_name": "x"}),
]
"""What only schedulers may do."""
OWN = [
    ("POST", "/sessions/{id}/call", {"state": "calling"}),
    ("POST", "/sessions/{id}/finish", {"finished": True}),
    ("POST", "/sessions/{id}/reschedule/choose", {"option": "1"}),
    ("POST", "/sessions/{id}/reschedule/decline", {}),
    ("POST", "/sessions/{id}/reschedule/book", {"starts_at": "2026-12-08T01:00:00Z"}),
]
"""What a supporter may do for the own sessions."""


async def a_supporter(node, person):
    """A token of the supporter with that person id."""
    token = new_staff_token()
    staff = Staff(PersonId(person), f"name of {person}", "表示名", Role.SUPPORTER)
    await node.store.put_staff(staff, hash_secret(token))
    return token


async def missed(node, supporter="tanaka"):
    """A session that its seeker missed."""
    meeting = await node.meet(supporter=supporter)
    page = await node.join(meeting, "supporter")
    await node.pass_time(10 * MINUTE)
    await page.state(lambda s: s["phase"] == "ended")
    return meeting


def code(body):
    """The code of an error."""
    return body["error"]["code"]


@pytest.mark.parametrize(("method", "path", "body"), WAYS + OWN)
async def test_nothing_without_a_token_and_nothing_of_what_is_not_there(call, method, path, body):
    status, answer = await call(method, path.format(id="s_none"), body, token=None)
    assert (status, code(answer)) == (401, "token_missing")
    if "{id}" in path:
        status, answer = await call(method, path.format(id="s_none"), body)
        assert (status, code(answer)) == (404, "session_unknown")


@pytest.mark.parametrize(("method", "path", "body"), WAYS)
async def test_what_only_schedulers_may(node, call, method, path, body):
    meeting = await node.meet()
    token = await a_supporter(node, "p_tanaka")
    status, answer = await call(method, path.format(id=meeting.id), body, token=token)
    assert (status, code(answer)) == (403, "not_allowed")


@pytest.mark.parametrize(("method", "path", "body"), OWN)
async def test_what_supporters_may_for_their_own_sessions_only(node, call, method, path, body):
    meeting = await node.meet()
    other = await a_supporter(node, "p_suzuki")
    status, answer = await call(method, path.format(id=meeting.id), body, token=other)
    assert (status, code(answer)) == (404, "session_unknown")
    own = await a_supporter(node, "p_tanaka")
    status, answer = await call(method, path.format(id=meeting.id), body, token=own)
    assert status not in {401, 403, 404}, answer


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("overrule", {"outcome": "victory", "number": 0, "reason": "x"}),
        ("overrule", {"outcome": "completed", "number": -1, "reason": "x"}),
        ("overrule", {"outcome": "completed", "number": 0}),
        ("overrule", {"outcome": "completed", "number": 0, "reason": ""}),
        ("overrule", {"outcome": "completed", "number": 0, "reason": "  "}),
        ("overrule", {"outcome": "completed", "number": 0, "reason": "x" * 501}),
        ("overrule", {"outcome": "completed", "number": 0, "reason": "a\u0000b"}),
        ("incidents", {"kind": "gossip"}),
        ("incidents", {"kind": "technical", "note": "\u001b[31m"}),
        ("incidents", {"kind": "technical", "colour": "red"}),
        ("incidents/incident-1/resolve", {}),
        ("tasks/no_slot/done", {"note": 5}),
        ("end", {}),
        ("end", {"reason": " "}),
        ("end", {"reason": "x", "held": "yes"}),
        ("end", {"reason": "x", "cause": "office"}),
        ("hold", {}),
        ("hold", {"reason": " "}),
        ("hold", {"reason": "x", "seat": "seeker"}),
        ("extend", {"ends_at": "later", "reason": "x"}),
        ("extend", {"ends_at": "2026-12-01T13:00:00", "reason": "x"}),
        ("extend", {"ends_at": "9999-12-31T23:59:59Z", "reason": "x"}),
        ("call", {"state": "shouting"}),
        ("finish", {"finished": "yes"}),
        ("reschedule/choose", {"option": ""}),
        ("reschedule/choose", {"option": "1", "purpose": "fun"}),
        ("reschedule/book", {"starts_at": 1764637200}),
    ],
)
async def test_a_body_that_means_nothing_is_malformed(node, call, path, body):
    meeting = await node.meet()
    status, answer = await call("POST", f"/sessions/{meeting.id}/{path}", body)
    assert (status, code(answer)) == (400, "bad_field")


async def test_what_nobody_sees_of_a_note_is_not_kept(node, call):
    meeting = await node.meet()
    body = {"kind": "technical", "note": "音が\u202e出ない\u200b 👩\u200d💻"}
    assert (await call("POST", f"/sessions/{meeting.id}/incidents", body))[0] == 201
    _, notes = await call("GET", f"/sessions/{meeting.id}/notes")
    assert notes == {"notes": {"incident-1": "音が出ない 👩\u200d💻"}}


async def test_an_overruling_is_shown_with_what_it_replaced(node, call):
    meeting = await missed(node)
    _, before = await call("GET", f"/sessions/{meeting.id}")
    assert before["consequence"]["strike"] is True
    body = {"outcome": "not_held", "cause": "platform", "number": 0, "reason": "通信障害"}
    status, after = await call("POST", f"/sessions/{meeting.id}/overrule", body)
    assert status == 200
    assert (after["outcome"], after["cause"], after["quota"]) == (
        "not_held",
        "platform",
        "restored",
    )
    assert after["reschedule"]["state"] == "open"
    (overruling,) = after["overrulings"]
    assert overruling["before"]["outcome"] == "seeker_no_show"
    assert overruling["before"]["consequence"]["strike"] is True
    status, notes = await call("GET", f"/sessions/{meeting.id}/notes")
    assert notes == {"notes": {"overruling-1": "通信障害"}}
    status, again = await call("POST", f"/sessions/{meeting.id}/overrule", body)
    assert (status, len(again["overrulings"])) == (200, 1), (
        "an answer that was lost is asked for again"
    )
    status, answer = await call("POST", f"/sessions/{meeting.id}/overrule", body | {"number": 1})
    assert (status, code(answer)) == (409, "verdict_unchanged")
    other = body | {"outcome": "completed", "cause": None}
    status, answer = await call("POST", f"/sessions/{meeting.id}/overrule", other)
    assert (status, code(answer)) == (409, "overruled_meanwhile")


async def test_what_an_overruling_would_come_to_is_told_before_as_it_then_comes(node, call):
    meeting = await node.meet(supporter="sato")
    status, answer = await call("GET", f"/sessions/{meeting.id}/verdicts")
    assert (status, code(answer)) == (409, "not_over")
    meeting = await missed(node)
    status, answer = await call("GET", f"/sessions/{meeting.id}/verdicts")
    assert status == 200
    told = {(one["outcome"], one["cause"]): one["consequence"] for one in answer["verdicts"]}
    assert ("seeker_no_show", "seeker") not in told, "that is what it is"
    assert ("completed", None) in told
    verdict = {"outcome": "not_held", "cause": "platform"}
    body = verdict | {"number": 0, "reason": "通信障害"}
    _, after = await call("POST", f"/sessions/{meeting.id}/overrule", body)
    assert after["consequence"] == told["not_held", "platform"]
    assert after["consequence"]["quota"] == "restored"


async def test_two_overrule_at_once_and_one_is_told(node, call):
    meeting = await missed(node)
    body = {"outcome": "not_held", "number": 0, "reason": "x"}
    answers = await asyncio.gather(
        *(
            call("POST", f"/sessions/{meeting.id}/overrule", body | {"cause": cause})
            for cause in ("platform", "supporter")
        )
    )
    assert sorted(status for status, _ in answers) == [200, 409]


async def test_an_incident_makes_a_task_until_it_is_resolved_with_a_note(node, call):
    meeting = await node.meet()
    body = {"kind": "conduct", "accused": "seeker", "note": "大声"}
    status, filed = await call("POST", f"/sessions/{meeting.id}/incidents", body)
    assert status == 201
    (incident,) = filed["incidents"]
    assert (incident["kind"], incident["accused"], incident["stopped"]) == (
        "conduct",
        "seeker",
        False,
    )
    _, listed = await call("GET", "/tasks")
    (task,) = listed["tasks"]
    assert (task["id"], task["session"], task["seeker_name"]) == (
        "incident-1",
        meeting.id,
        "さくら0",
    )
    resolving = f"/sessions/{meeting.id}/incidents/incident-1/resolve"
    status, answer = await call("POST", resolving, {"note": "注意した"})
    assert status == 200
    assert answer["tasks"] == []
    assert (await call("GET", "/tasks"))[1] == {"tasks": []}
    status, answer = await call("POST", resolving, {"note": "また"})
    assert (status, code(answer)) == (409, "incident_resolved")
    status, answer = await call(
        "POST", f"/sessions/{meeting.id}/incidents/incident-7/resolve", {"note": "x"}
    )
    assert (status, code(answer)) == (404, "incident_unknown")
    status, answer = await call("POST", f"/sessions/{meeting.id}/tasks/no_slot/done", {})
    assert (status, code(answer)) == (404, "task_unknown")
    status, answer = await call(
        "POST", f"/sessions/{meeting.id}/incidents", {"kind": "conduct", "accused": "nobody"}
    )
    assert (status, code(answer)) == (422, "accused_unknown")


async def test_a_supporter_sees_nothing_of_standing_and_incidents(node, call):
    meeting = await missed(node)
    await call(
        "POST", f"/sessions/{meeting.id}/incidents", {"kind": "conduct", "accused": "supporter"}
    )
    token = await a_supporter(node, "p_tanaka")
    _, shown = await call("GET", f"/sessions/{meeting.id}", token=token)
    hidden = [shown[name] for name in ("consequence", "overrulings", "incidents", "tasks")]
    assert hidden == [None, [], [], []]
    _, history = await call("GET", f"/sessions/{meeting.id}/events", token=token)
    names = {event["name"] for event in history["events"]}
    assert "session.moved" in names
    assert "incident.filed" not in names


async def test_who_was_stopped_is_not_told_for_what(node, call):
    meeting = await node.meet(supporter="tanaka")
    seeker, _ = await node.live(meeting)
    await seeker.send(type="stop", kind="conduct", accused="supporter", note=None)
    await seeker.state(lambda s: s["phase"] == "ended")
    token = await a_supporter(node, "p_tanaka")
    _, shown = await call("GET", f"/sessions/{meeting.id}", token=token)
    assert [shown[name] for name in ("outcome", "cause", "reason", "verdict")] == [
        "stopped",
        None,
        None,
        None,
    ]
    _, history = await call("GET", f"/sessions/{meeting.id}/events", token=token)
    assert "conduct" not in str(history)
    _, known = await call("GET", f"/sessions/{meeting.id}")
    assert known["reason"] == "conduct_reported"
    body = {"outcome": "completed", "cause": None, "number": 0, "reason": "確認のうえ完了とします"}
    await call("POST", f"/sessions/{meeting.id}/overrule", body)
    _, history = await call("GET", f"/sessions/{meeting.id}/events", token=token)
    assert "conduct" not in str(history), "nor afterwards"


async def test_the_end_moves_once_the_media_worker_holds_it(node, call):
    meeting = await node.meet(rules=RULES)
    seeker, _ = await node.live(meeting)
    session = await node.session(meeting)
    later = session.ends_at + 15 * MINUTE
    body = {"ends_at": later.isoformat(), "reason": "話が長引いた"}
    asking = asyncio.ensure_future(call("POST", f"/sessions/{meeting.id}/extend", body))
    told = ("extend_room", meeting.id, later)
    await until(lambda: told in node.media.told, "the worker is told")
    assert not asking.done()
    node.host.on_media(RoomExtended(meeting.id, later))
    status, answer = await asking
    assert status == 200
    assert answer["ends_at"] == "2026-12-01T12:45:00.000Z"
    await seeker.state(lambda s: s["ends_at"] == "2026-12-01T12:45:00.000Z")
    # Past the old end people still talk; at the new one it is over.
    await node.pass_time(31 * MINUTE)
    assert not (await node.host.deliver(meeting.id, Woken())).is_over
    await node.pass_time(15 * MINUTE)
    await seeker.receive("time_is_up")


async def test_the_programmes_that_ship_let_nobody_move_the_end(node, call):
    meeting = await node.meet()
    later = ((await node.session(meeting)).ends_at + MINUTE).isoformat()
    body = {"ends_at": later, "reason": "x"}
    status, answer = await call("POST", f"/sessions/{meeting.id}/extend", body)
    assert (status, code(answer)) == (409, "extension_never")


async def test_the_supporter_sees_to_another_date_for_the_own_session(node, call):
    _, booked = await call("POST", "/sessions", WISH)
    await call("POST", f"/sessions/{booked['id']}/cancel", {"by": "office"})
    known = await node.store.staff_by_name("tanaka")
    token = await node.bookings.add_staff("tanaka", Role.SUPPORTER)
    assert known is not None
    await node.bookings.rescheduling.propose(booked["id"])
    _, shown = await call("GET", f"/sessions/{booked['id']}", token=token)
    option = shown["reschedule"]["options"][0]
    against = {"starts_at": "2026-12-01T21:30:00+09:00", "exception": "急ぎ"}
    path = f"/sessions/{booked['id']}/reschedule"
    status, answer = await call("POST", f"{path}/book", against, token=token)
    assert (status, code(answer)) == (403, "not_allowed")
    results = await asyncio.gather(
        call("POST", f"{path}/choose", {"option": option["id"]}, token=token),
        call("POST", f"{path}/choose", {"option": option["id"]}),
    )
    assert 200 in {status for status, _ in results}
    _, after = await call("GET", f"/sessions/{booked['id']}", token=token)
    assert after["reschedule"]["state"] == "chosen"
    _, new = await call("GET", f"/sessions/{after['reschedule']['new_session']}")
    assert (new["previous"], new["starts_at"]) == (booked["id"], option["starts_at"])
    status, answer = await call("POST", f"{path}/decline", {})
    assert (status, code(answer)) == (409, "reschedule_closed")


async def test_a_supporter_reports_the_call_of_an_own_telephone_session(node, call):
    starts = (node.clock.now() + timedelta(days=7)).replace(hour=1)
    wish = WISH | {"starts_at": starts.isoformat(), "medium": "phone"}
    _, booked = await call("POST", "/sessions", wish)
    token = await node.bookings.add_staff("tanaka", Role.SUPPORTER)
    path = f"/sessions/{booked['id']}"
    status, answer = await call("POST", f"{path}/call", {"state": "calling"}, token=token)
    assert (status, code(answer)) == (409, "too_early")
    await node.pass_time(starts - node.clock.now())
    for state in ("calling", "answered"):
        status, answer = await call("POST", f"{path}/call", {"state": state}, token=token)
        assert (status, answer["call"]) == (200, state)
    status, answer = await call("POST", f"{path}/finish", {"finished": True}, token=token)
    assert (status, code(answer)) == (409, "nothing_asked")
    status, answer = await call("POST", f"{path}/call", {"state": "finished"}, token=token)
    assert (status, answer["outcome"]) == (200, "completed")


async def test_a_key_makes_a_booking_once(call):
    key = {"Idempotency-Key": "6e2c"}
    status, first = await call("POST", "/sessions", WISH, headers=key)
    assert status == 201
    assert set(first["links"]) == {"seeker", "supporter"}
    status, again = await call("POST", "/sessions", WISH, headers=key)
    assert (status, again["id"], again["links"]) == (200, first["id"], {})
    assert again["notes"]
    status, other = await call("POST", "/sessions", WISH | {"seeker_name": "もみじ"}, headers=key)
    assert (status, code(other)) == (409, "key_used")
    for bad in ("", "x" * 101):
        status, answer = await call("POST", "/sessions", WISH, headers={"Idempotency-Key": bad})
        assert (status, code(answer)) == (400, "bad_field")


async def test_companions_beside_are_shown(call):
    body = WISH | {"companions_beside": ["手話通訳"]}
    _, booked = await call("POST", "/sessions", body)
    assert booked["beside"] == ["手話通訳"]
    status, _ = await call("POST", "/sessions", WISH | {"companions_beside": ["a", "b", "c"]})
    assert status == 400


# ---- another supporter ------------------------------------------------------------------------------


async def test_another_supporter_takes_over_and_the_one_before_is_sent_away(node, call):
    await a_supporter(node, "p_yamabiko")
    meeting = await node.meet()
    old = await node.join(meeting, "supporter")
    seeker = await node.join(meeting, "seeker")
    body = {"person": "p_yamabiko", "reason": "体調不良のため。"}
    status, answer = await call("POST", f"/sessions/{meeting.id}/reassign", body)
    assert status == 200
    seat = next(each for each in answer["participants"] if each["seat"] == "supporter")
    assert (seat["person"], seat["display_name"]) == ("p_yamabiko", "表示名")
    assert (await old.refusal())[0] == "link_revoked"
    shown = await seeker.state(lambda s: s["seats"][1]["display_name"] == "表示名")
    assert shown["seats"][1]["presence"] == "away"
    again = await node.say_hello("o", link=meeting.secrets["supporter"])
    assert (await again.refusal())[0] == "link_revoked"
    secret = answer["links"]["supporter"].partition("#")[2]
    new = await node.say_hello("n", link=secret)
    assert (await new.receive("welcome"))["you"]["display_name"] == "表示名"
    status, noted = await call("GET", f"/sessions/{meeting.id}/notes")
    assert list(noted["notes"].values()) == ["体調不良のため。"]


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"supporter": "nobody", "reason": "x"}, 409, "supporter_unknown"),
        ({"reason": "x"}, 400, "bad_field"),
        ({"supporter": "a", "person": "p_a", "reason": "x"}, 400, "bad_field"),
        ({"supporter": "a"}, 400, "bad_field"),
        ({"supporter": "a", "reason": " "}, 400, "bad_field"),
    ],
)
async def test_who_takes_over_is_named_once_and_known(node, call, body, status, expected):
    meeting = await node.meet()
    answered, answer = await call("POST", f"/sessions/{meeting.id}/reassign", body)
    assert (answered, code(answer)) == (status, expected)


async def test_a_live_session_keeps_its_supporter(node, call):
    await a_supporter(node, "p_yamabiko")
    meeting = await node.meet()
    await node.live(meeting)
    body = {"person": "p_yamabiko", "reason": "x"}
    status, answer = await call("POST", f"/sessions/{meeting.id}/reassign", body)
    assert (status, code(answer)) == (409, "already_live")


async def test_from_the_board_of_the_supporter_before_it_goes(node, call):
    await a_supporter(node, "p_yamabiko")
    own = await a_supporter(node, "p_tanaka")
    meeting = await node.meet(supporter="tanaka")
    board = await node.say_hello(token=own)
    first = await board.receive("board")
    assert [row["id"] for row in first["sessions"]] == [meeting.id]
    body = {"person": "p_yamabiko", "reason": "x"}
    await call("POST", f"/sessions/{meeting.id}/reassign", body)
    await board.receive("board", lambda m: m["sessions"] == [])
