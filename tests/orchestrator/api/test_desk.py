"""What the board asks for besides the sessions: names of the office, and a supporter's way into the own room."""

from datetime import datetime, timedelta

import pytest

from orchestrator.credentials import hash_secret
from orchestrator.policy.model import SEEKER, SUPPORTER, Cause, PersonId, Role
from orchestrator.ports import Line, LineSample, Staff
from tests.signaling.node import MINUTE, OFFICE, PROGRAMMES, until


async def staff(node, name, role):
    """Somebody of the office with the person id that `node.meet` gives; the header."""
    token = await node.staff(name, role)
    known = await node.store.staff_by_token(hash_secret(token))
    person = Staff(PersonId(f"p_{name}"), known.name, known.display_name, known.role)
    await node.store.put_staff(person, hash_secret(token))
    return {"Authorization": f"Bearer {token}"}


async def ask(node, method, path, headers):
    async with node.http.request(method, node.url(path), headers=headers) as answer:
        return answer.status, await answer.json()


async def test_a_supporter_opens_the_own_room_and_the_first_link_stays(node):
    headers = await staff(node, "suzuki", Role.SUPPORTER)
    meeting = await node.meet(supporter="suzuki")
    status, body = await ask(node, "POST", f"/api/v1/sessions/{meeting.id}/room", headers)
    assert (status, body["seat"]) == (201, "supporter")
    secret = body["url"].partition("#")[2]
    page = await node.say_hello("s", link=secret)
    assert (await page.receive("welcome"))["you"]["seat"] == "supporter"
    assert await node.store.link(hash_secret(meeting.secrets[SUPPORTER])) is not None


@pytest.mark.parametrize(
    ("name", "role", "status", "code"),
    [
        ("tanaka", Role.SUPPORTER, 404, "session_unknown"),
        ("yamada", Role.SCHEDULER, 409, "not_your_seat"),
    ],
)
async def test_nobody_else_gets_into_that_room(node, name, role, status, code):
    headers = await staff(node, name, role)
    meeting = await node.meet(supporter="suzuki")
    answered, body = await ask(node, "POST", f"/api/v1/sessions/{meeting.id}/room", headers)
    assert (answered, body["error"]["code"]) == (status, code)


async def test_without_a_token_there_is_no_room_and_no_name(node):
    meeting = await node.meet()
    for method, path in [
        ("POST", f"/api/v1/sessions/{meeting.id}/room"),
        ("GET", "/api/v1/staff/p_tanaka"),
    ]:
        status, body = await ask(node, method, path, {})
        assert (status, body["error"]["code"]) == (401, "token_missing")


async def test_there_is_no_room_any_more_after_the_end(node):
    headers = await staff(node, "suzuki", Role.SUPPORTER)
    meeting = await node.meet(starts_in=5 * MINUTE, supporter="suzuki")
    await node.bookings.cancel(meeting.id, Cause.OFFICE, "p_yamada", "api")
    status, body = await ask(node, "POST", f"/api/v1/sessions/{meeting.id}/room", headers)
    assert (status, body["error"]["code"]) == (410, "session_over")


async def test_links_that_the_office_has_revoked_are_not_replaced_by_the_supporter(node):
    headers = await staff(node, "suzuki", Role.SUPPORTER)
    meeting = await node.meet(supporter="suzuki")
    await node.store.revoke_links(meeting.id, SUPPORTER, node.clock.now())
    status, body = await ask(node, "POST", f"/api/v1/sessions/{meeting.id}/room", headers)
    assert (status, body["error"]["code"]) == (410, "link_revoked")


async def test_people_of_the_office_have_names(node):
    headers = await staff(node, "yamada", Role.SCHEDULER)
    status, body = await ask(node, "GET", "/api/v1/staff/p_yamada", headers)
    assert (status, body) == (
        200,
        {"person": "p_yamada", "display_name": "yamada", "role": "scheduler"},
    )
    status, body = await ask(node, "GET", "/api/v1/staff/p_nobody", headers)
    assert (status, body["error"]["code"]) == (404, "person_unknown")


# ---- how the lines are ----------------------------------------------------------------------------------------------


async def test_the_lines_are_what_is_measured_and_what_the_pages_tell(node):
    headers = await staff(node, "suzuki", Role.SUPPORTER)
    meeting = await node.meet(supporter="suzuki")
    seeker, _ = await node.live(meeting)
    sample = LineSample(node.clock.now(), 1, 900_000, 800_000, 0.02, None, 31.5, 4.0)
    node.media.known_lines[SEEKER] = Line(measured=(sample,))
    await seeker.send(type="report", missing=0.25, rtt_ms=40.0, frozen_s=1.5)
    path = f"/api/v1/sessions/{meeting.id}/lines"

    async def is_told():
        status, body = await ask(node, "GET", path, headers)
        assert status == 200
        return body["lines"] and body["lines"][0]["told"]

    await until(is_told, "the page's report is in the answer")
    _, body = await ask(node, "GET", path, headers)
    [line] = body["lines"]
    [measured], [told] = line["measured"], line["told"]
    assert line["seat"] == "seeker"
    assert (measured["up_bps"], measured["loss_up"], measured["loss_down"]) == (900_000, 0.02, None)
    assert measured["at"].endswith("Z")
    assert (told["missing"], told["rtt_ms"], told["frozen_s"]) == (0.25, 40.0, 1.5)

    tanaka = await staff(node, "tanaka", Role.SUPPORTER)
    status, body = await ask(node, "GET", path, tanaka)
    assert (status, body["error"]["code"]) == (404, "session_unknown")


async def test_another_node_than_the_one_that_measures_says_so(node):
    headers = await staff(node, "yamada", Role.SCHEDULER)
    meeting = await node.meet()
    path = f"/api/v1/sessions/{meeting.id}/lines"
    assert await ask(node, "GET", path, headers) == (200, {"lines": []}), "nothing flows yet"
    await node.live(meeting)
    node.host._actors.clear()  # as on a node that has never run it
    status, body = await ask(node, "GET", path, headers)
    assert (status, body["error"]["code"]) == (421, "measured_elsewhere")


# ---- what was noted about a seeker ----------------------------------------------------------------------------------

NOTED = {"seeker_reference": "A-2031", "seeker_note": "履歴書の二枚目から。\n声は大きめに。"}
WISH = {
    "programme": "kumagaya",
    "starts_at": "2026-12-04T10:00:00+09:00",
    "seeker_name": "さくら14",
    "supporter": "suzuki",
}


async def booked(node, headers, **wish):
    """Book over HTTP, as an office does it."""
    async with node.http.post(
        node.url("/api/v1/sessions"), json=WISH | NOTED | wish, headers=headers
    ) as answer:
        assert answer.status == 201, await answer.text()
        return await answer.json()


async def test_what_was_noted_is_read_on_record_by_the_supporter_and_by_nobody_elses(node):
    boss = await staff(node, "yamada", Role.SCHEDULER)
    own = await staff(node, "suzuki", Role.SUPPORTER)
    other = await staff(node, "tanaka", Role.SUPPORTER)
    session = await booked(node, boss)
    path = f"/api/v1/sessions/{session['id']}"
    status, body = await ask(node, "GET", f"{path}/seeker", own)
    assert (status, body["error"]["code"]) == (409, "data_closed"), "more than a day before"
    await node.pass_time(node_day(node, session))
    read = (200, {"reference": "A-2031", "note": "履歴書の二枚目から。\n声は大きめに。"})
    assert await ask(node, "GET", f"{path}/seeker", own) == read
    assert await ask(node, "GET", f"{path}/seeker", boss) == read
    status, body = await ask(node, "GET", f"{path}/seeker", other)
    assert (status, body["error"]["code"]) == (404, "session_unknown")
    status, body = await ask(node, "GET", f"{path}/seeker", {})
    assert (status, body["error"]["code"]) == (401, "token_missing")

    _, history = await ask(node, "GET", f"{path}/events", boss)
    lines = [event["data"] for event in history["events"] if event["name"] == "data.read"]
    assert lines == [{"by": "p_suzuki"}, {"by": "p_yamada"}]
    seen = [history, session, await ask(node, "GET", path, own), await ask(node, "GET", path, boss)]
    stored = await node.store.load(session["id"])
    for noted in ("A-2031", "履歴書"):
        assert noted not in repr([*seen, stored.session])


def node_day(node, session):
    """Until a day before the slot."""
    return datetime.fromisoformat(session["starts_at"]) - timedelta(days=1) - node.clock.now()


async def test_what_was_noted_goes_along_to_another_date_and_each_booking_has_its_own(node):
    boss = await staff(node, "yamada", Role.SCHEDULER)
    await staff(node, "suzuki", Role.SUPPORTER)
    first = await booked(node, boss)
    person = next(each["person"] for each in first["participants"] if each["seat"] == "seeker")
    other = {
        "starts_at": "2026-12-04T14:00:00+09:00",
        "seeker_person": person,
        "seeker_note": "別件。",
    }
    second = await booked(node, boss, **other)
    await node.bookings.cancel(first["id"], Cause.OFFICE, "p_yamada", "api")
    moved = await node.bookings.rescheduling.book(
        first["id"], datetime.fromisoformat("2026-12-08T10:00:00+09:00"), "p_yamada"
    )
    third = {"id": moved.reschedule.new_session, "starts_at": "2026-12-08T01:00:00Z"}
    said = {}
    for session in (second, third):
        await node.pass_time(max(node_day(node, session), timedelta()))
        said[session["id"]] = await ask(
            node, "GET", f"/api/v1/sessions/{session['id']}/seeker", boss
        )
    assert said[second["id"]][1]["note"] == "別件。"
    assert said[third["id"]][1] == {"reference": "A-2031", "note": NOTED["seeker_note"]}


async def test_where_nothing_was_noted_there_is_nothing(node):
    headers = await staff(node, "tanaka", Role.SUPPORTER)
    meeting = await node.meet()
    status, body = await ask(node, "GET", f"/api/v1/sessions/{meeting.id}/seeker", headers)
    assert (status, body) == (200, {"reference": None, "note": None})


# ---- a day at the desk ----------------------------------------------------------------------------------------------


async def test_the_desk_is_told_of_the_hours_of_today_and_of_maintenance(node):
    headers = await staff(node, "suzuki", Role.SUPPORTER)
    boss = await staff(node, "yamada", Role.SCHEDULER)
    soon = node.clock.now() + timedelta(days=2)
    window = {
        "begins_at": soon.isoformat(),
        "ends_at": (soon + MINUTE).isoformat(),
        "reason": "更新",
    }
    async with node.http.post(
        node.url("/api/v1/maintenance"), json=window, headers=boss
    ) as planned:
        assert planned.status == 201
    status, body = await ask(node, "GET", "/api/v1/desk", headers)
    assert status == 200
    [kumagaya] = [each for each in body["programmes"] if each["name"] == "kumagaya"]
    assert kumagaya["hours"] == [
        {"begins_at": "2026-12-01T00:00:00.000Z", "ends_at": "2026-12-01T03:00:00.000Z"},
        {"begins_at": "2026-12-01T04:00:00.000Z", "ends_at": "2026-12-01T08:00:00.000Z"},
    ]
    assert kumagaya["office"]["ja"] == "ハローワーク熊谷"
    title = PROGRAMMES["kumagaya"].title
    assert kumagaya["title"] == {"ja": title.ja, "en": title.en}
    assert kumagaya["telephone"] == OFFICE
    assert [each["reason"] for each in body["maintenance"]] == ["更新"]
    assert "planned_by" not in repr(body)
    status, body = await ask(node, "GET", "/api/v1/desk", {})
    assert (status, body["error"]["code"]) == (401, "token_missing")
