"""How people stand, over real sockets."""

import asyncio

import pytest

from orchestrator.policy.model import Role
from tests.signaling.node import MINUTE, until

SUSPEND = {"kind": "suspended", "reason": "三回続けて連絡がありませんでした", "number": 0}
TOMORROW = "2026-12-02T10:00:00+09:00"


@pytest.fixture
async def call(node):
    """Calls the API as a scheduler; status and JSON."""
    token = await node.staff()

    async def call(method, path, body=None, *, token=token):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = node.url("/api/v1" + path)
        answer = await node.http.request(method, url, json=body, headers=headers)
        return answer.status, await answer.json()

    return call


@pytest.fixture
async def seeker(node):
    """Where the standing of somebody is who has a session in two hours."""
    meeting = await node.meet(starts_in=120 * MINUTE)
    session = await node.session(meeting)
    return f"/standing/kumagaya/{session.seeker.person}"


async def test_who_has_a_booking_stands_well(node, call, seeker):
    status, body = await call("GET", seeker)
    assert status == 200
    [booking] = body.pop("bookings")
    assert booking["starts_at"] == "2026-12-01T14:00:00.000Z"
    assert body == {
        "programme": "kumagaya",
        "person": seeker.rsplit("/", 1)[1],
        "state": "good",
        "strikes": 0,
        "strikes_for_task": 2,
        "under_review": False,
        "quota_used": 0,
        "quota_left": None,
        "number": 0,
        "task": None,
        "lines": [],
        "decisions": [],
    }


async def test_a_missed_session_is_a_line_that_the_session_leads_to(node, call):
    meeting = await node.meet()
    _, session = await call("GET", f"/sessions/{meeting.id}")
    person = session["participants"][0]["person"]
    await node.join(meeting, "supporter")
    await node.pass_time(10 * MINUTE)

    async def is_on_record():
        return (await call("GET", f"/standing/kumagaya/{person}"))[1]["lines"]

    await until(is_on_record, "a line of the ledger")
    _, body = await call("GET", f"/standing/kumagaya/{person}")
    assert body["lines"] == [
        {
            "session": meeting.id,
            "at": "2026-12-01T12:10:00.000Z",
            "role": "seeker",
            "outcome": "seeker_no_show",
            "cause": "seeker",
            "quota": "used",
            "strike": True,
            "review": False,
        }
    ]
    assert (body["strikes"], body["quota_used"]) == (1, 1)


async def test_a_scheduler_suspends_and_reinstates_with_reasons(node, call, seeker):
    status, body = await call("POST", seeker + "/decisions", SUSPEND)
    assert status == 201
    assert (body["state"], body["number"]) == ("suspended", 1)
    [decision] = body["decisions"]
    assert decision.pop("by").startswith("p_")
    assert decision == {
        "number": 0,
        "kind": "suspended",
        "at": "2026-12-01T12:00:00.000Z",
        "reason": SUSPEND["reason"],
        "cancels": False,
    }
    assert len(body["bookings"]) == 1

    again = {"kind": "reinstated", "reason": "話し合いました", "number": 1}
    status, body = await call("POST", seeker + "/decisions", again)
    assert (status, body["state"], body["number"]) == (201, "good", 2)


async def test_bookings_are_cancelled_when_the_scheduler_says_so(node, call, seeker):
    session = (await call("GET", seeker))[1]["bookings"][0]["session"]

    status, body = await call("POST", seeker + "/decisions", SUSPEND | {"bookings": "cancel"})

    assert (status, body["bookings"]) == (201, [])
    _, cancelled = await call("GET", f"/sessions/{session}")
    assert (cancelled["outcome"], cancelled["cause"]) == ("cancelled", "office")


async def test_a_suspended_supporter_is_not_booked(node, call):
    wish = {
        "programme": "kumagaya",
        "starts_at": TOMORROW,
        "seeker_name": "さくら14",
        "supporter": "tanaka",
    }
    status, first = await call("POST", "/sessions", wish)
    assert status == 201
    person = first["participants"][1]["person"]
    refuse = {"kind": "refused", "reason": "契約が終わりました", "number": 0}
    await call("POST", f"/standing/kumagaya/{person}/decisions", refuse)

    later = wish | {"starts_at": "2026-12-02T14:00:00+09:00"}
    status, body = await call("POST", "/sessions", later)

    assert (status, body["error"]["code"]) == (409, "suspended")
    assert "supporter" in body["error"]["detail"]
    assert "契約" not in str(body)


async def test_the_reason_is_in_no_session_history_and_log(node, call, seeker, capsys):
    session = (await call("GET", seeker))[1]["bookings"][0]["session"]
    await call("POST", seeker + "/decisions", SUSPEND | {"bookings": "cancel"})
    for path in (f"/sessions/{session}", f"/sessions/{session}/events"):
        assert SUSPEND["reason"] not in str(await call("GET", path))
    assert SUSPEND["reason"] not in capsys.readouterr().out


async def test_of_two_schedulers_at_once_the_second_is_told(node, call, seeker):
    answers = await asyncio.gather(
        *(call("POST", seeker + "/decisions", SUSPEND) for _ in range(4))
    )
    assert sorted(status for status, _ in answers) == [201, 409, 409, 409]
    codes = {body["error"]["code"] for status, body in answers if status == 409}
    assert codes == {"decided_meanwhile"}


async def test_only_schedulers_see_and_decide(node, call, seeker):
    supporter = await node.staff("tanaka", Role.SUPPORTER)
    for method, path, body in (("GET", seeker, None), ("POST", seeker + "/decisions", SUSPEND)):
        assert (await call(method, path, body, token=None))[0] == 401
        status, answer = await call(method, path, body, token=supporter)
        assert (status, answer["error"]["code"]) == (403, "not_allowed")
    assert (await call("GET", seeker))[1]["number"] == 0


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/standing/kumagaya/p_nobody", 404, "person_unknown"),
        ("/standing/nowhere/p_nobody", 422, "programme_unknown"),
        ("/standing/kumagaya/%00", 400, "bad_field"),
        (f"/standing/kumagaya/{'p' * 101}", 400, "bad_field"),
    ],
)
async def test_what_is_not_there_is_said(node, call, path, status, code):
    for method, body in (("GET", None), ("POST", SUSPEND)):
        answer = await call(method, path + ("/decisions" if body else ""), body)
        assert (answer[0], answer[1]["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "forgiven"},
        {"reason": ""},
        {"reason": "   "},
        {"reason": "\u200b\u202e"},
        {"reason": "あ" * 501},
        {"reason": None},
        {"number": -1},
        {"number": "0"},
        {"bookings": "sell"},
        {"colour": "red"},
    ],
)
async def test_a_decision_that_is_none_is_refused(node, call, seeker, change):
    status, body = await call("POST", seeker + "/decisions", SUSPEND | change)
    assert (status, body["error"]["code"]) == (400, "bad_field")
    assert (await call("GET", seeker))[1]["number"] == 0


async def test_a_reason_is_plain_text(node, call, seeker):
    status, body = await call("POST", seeker + "/decisions", SUSPEND | {"reason": "a\x1b[2Jb"})
    assert (status, body["error"]["code"]) == (409, "note_refused")
    assert (await call("GET", seeker))[1]["number"] == 0


async def test_who_is_reinstated_keeps_the_bookings(node, call, seeker):
    body = {"kind": "reinstated", "reason": "話し合いました", "number": 0, "bookings": "cancel"}
    status, answer = await call("POST", seeker + "/decisions", body)
    assert (status, answer["error"]["code"]) == (409, "nothing_to_cancel")
