"""Planned maintenance, over real sockets."""

import pytest

from orchestrator.policy.model import Role
from tests.signaling.node import MINUTE

NIGHT = {
    "begins_at": "2026-12-01T23:00:00+09:00",
    "ends_at": "2026-12-02T08:00:00+09:00",
    "reason": "機器の入れ替え",
}
"""From 14:00 UTC, two hours after the fake clock's noon."""


@pytest.fixture
async def call(node):
    """Calls the API as a scheduler; status and JSON."""
    token = await node.staff()

    async def call(method, path="/maintenance", body=None, *, token=token):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = node.url("/api/v1" + path)
        answer = await node.http.request(method, url, json=body, headers=headers)
        return answer.status, await answer.json()

    return call


async def test_a_window_is_planned_seen_and_called_off(node, call):
    status, window = await call("POST", body=NIGHT)
    assert status == 201
    by = window["planned_by"]
    assert by.startswith("p_")
    assert window == {
        "id": window["id"],
        "state": "coming",
        "begins_at": "2026-12-01T14:00:00.000Z",
        "ends_at": "2026-12-01T23:00:00.000Z",
        "reason": "機器の入れ替え",
        "planned_at": "2026-12-01T12:00:00.000Z",
        "planned_by": by,
        "called_off_at": None,
        "called_off_by": None,
    }
    assert await call("GET") == (200, {"windows": [window]})

    status, off = await call("DELETE", f"/maintenance/{window['id']}")
    assert (status, off["state"], off["called_off_by"]) == (200, "called_off", by)
    assert await call("DELETE", f"/maintenance/{window['id']}") == (200, off)
    assert await call("GET") == (200, {"windows": [off]})


async def test_a_window_runs_and_is_over(node, call):
    await call("POST", body=NIGHT)
    for hours, state in ((2, "running"), (9, "over")):
        await node.pass_time(hours * 60 * MINUTE)
        _, body = await call("GET")
        assert [window["state"] for window in body["windows"]] == [state]


async def test_who_is_booked_into_it_is_told_on_the_page(node, call):
    meeting = await node.meet(starts_in=125 * MINUTE)
    seeker = await node.enter(meeting, "seeker")

    await call("POST", body=NIGHT)

    state = await seeker.state(lambda s: s["phase"] == "ended")
    assert (state["outcome"], state["cause"]) == ("cancelled", "maintenance")


async def test_nothing_is_booked_into_it(node, call):
    window = (await call("POST", body=NIGHT | {"ends_at": "2026-12-02T10:30:00+09:00"}))[1]
    wish = {
        "programme": "kumagaya",
        "starts_at": "2026-12-02T10:00:00+09:00",
        "seeker_name": "さくら14",
        "supporter": "tanaka",
    }
    status, body = await call("POST", "/sessions", wish)
    assert (status, body["error"]["code"]) == (409, "maintenance")
    assert "2026-12-02 10:30" in body["error"]["detail"]

    await call("DELETE", f"/maintenance/{window['id']}")
    assert (await call("POST", "/sessions", wish))[0] == 201


async def test_only_schedulers_may(node, call):
    supporter = await node.staff("tanaka", Role.SUPPORTER)
    window = (await call("POST", body=NIGHT))[1]
    for method, path, body in (
        ("GET", "/maintenance", None),
        ("POST", "/maintenance", NIGHT),
        ("DELETE", f"/maintenance/{window['id']}", None),
    ):
        assert (await call(method, path, body, token=None))[0] == 401
        status, answer = await call(method, path, body, token=supporter)
        assert (status, answer["error"]["code"]) == (403, "not_allowed")
    assert await call("GET") == (200, {"windows": [window]})


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"ends_at": "2026-12-01T20:00:00+09:00"}, 409, "maintenance_over"),
        ({"ends_at": NIGHT["begins_at"]}, 409, "maintenance_empty"),
        ({"begins_at": "2026-12-01T23:00:00"}, 400, "bad_field"),
        ({"begins_at": 1764637200}, 400, "bad_field"),
        ({"ends_at": "9999-12-31T23:59:00-12:00"}, 400, "bad_field"),
        ({"reason": "a\x00b"}, 409, "note_refused"),
        ({"reason": ""}, 400, "bad_field"),
        ({"reason": "\u200b\u202e"}, 400, "bad_field"),
        ({"reason": "あ" * 201}, 400, "bad_field"),
        ({"who": "me"}, 400, "bad_field"),
    ],
)
async def test_a_window_that_is_none_is_refused(node, call, change, status, code):
    answer = await call("POST", body=NIGHT | change)
    assert (answer[0], answer[1]["error"]["code"]) == (status, code)
    assert await call("GET") == (200, {"windows": []})


@pytest.mark.parametrize("window", ["nothing", "%00", "m" * 200])
async def test_a_window_that_is_not_there_is_not_called_off(node, call, window):
    status, body = await call("DELETE", f"/maintenance/{window}")
    assert (status, body["error"]["code"]) == (404, "window_unknown")
