"""What a form for a new session is told: programmes and people, and to schedulers alone."""

import pytest

from orchestrator.policy.model import Role
from tests.signaling.node import running_node


async def test_a_scheduler_reads_what_can_be_booked_and_with_whom(node, call):
    await node.staff("aozora", Role.SUPPORTER)
    status, body = await call("GET", "/booking")
    assert status == 200
    sakai = next(each for each in body["programmes"] if each["name"] == "sakai")
    assert sakai["title"]["ja"]
    assert sakai["office"]["ja"] != sakai["title"]["ja"], "two of one title are told apart by it"
    assert sakai["length_minutes"] == [30, 45, 60], "the default one first"
    assert sakai["time_zone"] == "Asia/Tokyo"
    weekdays = ["mon", "tue", "wed", "thu", "fri"]
    assert sakai["windows"][1] == {"days": weekdays, "opens": "14:00", "closes": "16:30"}
    assert (sakai["booked_by"], sakai["companions"], sakai["observer"]) == ("day_before", 2, False)
    listed = {one["name"]: one for one in body["staff"]}
    assert listed["aozora"]["role"] == "supporter"
    assert listed["aozora"]["person"].startswith("p_")
    assert {one["role"] for one in body["staff"]} == {"supporter", "scheduler"}


async def test_whoever_is_listed_can_be_booked_by_name(node, call):
    await node.staff("aozora", Role.SUPPORTER)
    _, found = await call("GET", "/booking")
    [one] = [each for each in found["staff"] if each["role"] == "supporter"]
    body = {
        "programme": found["programmes"][0]["name"],
        "starts_at": "2026-12-08T10:00:00+09:00",
        "length_minutes": found["programmes"][0]["length_minutes"][0],
        "seeker_name": "さくら14",
        "supporter": one["name"],
    }
    status, session = await call("POST", "/sessions", body)
    assert (status, session["notes"]) == (201, []), "nobody had to be added"
    supporter = next(each for each in session["participants"] if each["role"] == "supporter")
    assert supporter["person"] == one["person"]


@pytest.mark.parametrize(
    ("role", "status", "code"),
    [(Role.SUPPORTER, 403, "not_allowed"), (None, 401, "token_missing")],
)
async def test_nobody_else_reads_who_works_here(node, call, role, status, code):
    token = await node.staff("suzuki", role) if role else None
    answered, body = await call("GET", "/booking", token=token)
    assert (answered, body["error"]["code"]) == (status, code)


@pytest.mark.parametrize("sends_mail", [True, False])
async def test_the_form_is_told_whether_anybody_is_written_to(sends_mail):
    async with running_node(sends_mail=sends_mail) as node:
        headers = {"Authorization": f"Bearer {await node.staff()}"}
        answer = await node.http.get(node.url("/api/v1/booking"), headers=headers)
        assert (await answer.json())["sends_mail"] is sends_mail


@pytest.mark.parametrize(
    ("sends_mail", "mail", "is_told"),
    [(True, "sakura@example.org", True), (True, None, False), (False, "sakura@example.org", False)],
)
async def test_who_cancels_is_told_whether_the_seeker_is_written_to(sends_mail, mail, is_told):
    async with running_node(sends_mail=sends_mail) as node:
        meeting = await node.meet()
        seeker = (await node.session(meeting)).seeker.person
        await node.store.add_private(seeker, {"mail": mail} if mail else {"language": "en"})
        path = node.url(f"/api/v1/sessions/{meeting.id}/mail")
        headers = {"Authorization": f"Bearer {await node.staff()}"}
        answer = await node.http.get(path, headers=headers)
        assert (answer.status, await answer.json()) == (200, {"seeker": is_told})


async def test_only_schedulers_ask_who_is_written_to_and_of_sessions_that_are(node, call):
    meeting = await node.meet()
    path = f"/sessions/{meeting.id}/mail"
    token = await node.staff("suzuki", Role.SUPPORTER)
    status, body = await call("GET", path, token=token)
    assert (status, body["error"]["code"]) == (403, "not_allowed")
    status, body = await call("GET", path, token=None)
    assert (status, body["error"]["code"]) == (401, "token_missing")
    status, body = await call("GET", "/sessions/s-none/mail")
    assert (status, body["error"]["code"]) == (404, "session_unknown")
