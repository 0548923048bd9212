"""The API over real sockets, against the real host and store."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from orchestrator.credentials import hash_secret, new_staff_token
from orchestrator.policy.model import PersonId, Role
from orchestrator.ports import RoomFlowing, Staff
from tests.signaling.node import MINUTE, until

TOMORROW = "2026-12-02T10:00:00+09:00"
WISH = {
    "programme": "kumagaya",
    "starts_at": TOMORROW,
    "seeker_name": "さくら14",
    "supporter": "tanaka",
}


@pytest.fixture
async def call(node):
    """Calls the API as a scheduler; status and JSON."""
    token = await node.staff()

    async def call(method, path="", body=None, *, token=token, **options):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = await node.http.request(
            method, node.url("/api/v1/sessions" + path), json=body, headers=headers, **options
        )
        return answer.status, await answer.json()

    return call


async def a_supporter(node, person):
    """A token of the supporter with that person id."""
    token = new_staff_token()
    staff = Staff(PersonId(person), f"name of {person}", "表示名", Role.SUPPORTER)
    await node.store.put_staff(staff, hash_secret(token))
    return token


async def test_a_session_is_booked_with_its_links(node, call):
    status, body = await call("POST", body=WISH)
    assert status == 201
    assert body["phase"] == "scheduled"
    assert body["starts_at"] == "2026-12-02T01:00:00.000Z"
    assert body["ends_at"] == "2026-12-02T01:30:00.000Z"
    assert (body["outcome"], body["cause"], body["ended_at"]) == (None, None, None)
    assert body["next"] == {"reason": "doors_open", "at": "2026-12-02T00:50:00.000Z"}
    assert set(body["links"]) == {"seeker", "supporter"}
    assert any("tanaka" in note for note in body["notes"])
    base, secret = body["links"]["seeker"].split("/room#")
    assert base == node.base_url
    page = await node.say_hello("s", link=secret)
    assert (await page.receive("welcome"))["session"]["id"] == body["id"]
    status, read = await call("GET", f"/{body['id']}")
    assert status == 200
    assert read["participants"][0] | {"presence": ""} == {
        "seat": "seeker",
        "role": "seeker",
        "display_name": "さくら14",
        "person": read["participants"][0]["person"],
        "present": True,
        "connected": True,
        "presence": "",
        "is_admitted": False,
        "has_joined": False,
        "is_lost": False,
        "grace_ends_at": None,
        "is_claimed": False,
    }
    assert "links" not in read


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"programme": "nowhere"}, 422, "programme_unknown"),
        ({"starts_at": "2026-12-01T20:00:00+09:00"}, 409, "in_the_past"),
        ({"length_minutes": 31}, 409, "length_not_allowed"),
        ({"seeker_name": "佐藤花子", "seeker_real_name": "佐藤 花子"}, 409, "name_refused"),
        ({"starts_at": "2026-12-02T10:00:00"}, 400, "bad_field"),
        ({"starts_at": 1764637200}, 400, "bad_field"),
        ({"starts_at": "9999-12-31T23:59:00-12:00"}, 400, "bad_field"),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, 400, "bad_field"),
        ({"starts_at": "tomorrow"}, 400, "bad_field"),
        ({"seeker_name": ""}, 400, "bad_field"),
        ({"seeker_name": None}, 400, "bad_field"),
        ({"seeker_name": "x" * 1_000}, 400, "bad_field"),
        ({"length_minutes": "30"}, 400, "bad_field"),
        ({"length_minutes": 0}, 400, "bad_field"),
        ({"medium": "fax"}, 400, "bad_field"),
        ({"colour": "red"}, 400, "bad_field"),
        ({"companions": ["a", "b", "c"]}, 400, "bad_field"),
        ({"observer": ""}, 400, "bad_field"),
        ({"observer": "yamada"}, 409, "observer_not_allowed"),
        ({"seeker_mail": "sakura"}, 400, "bad_field"),
        ({"seeker_mail": ""}, 400, "bad_field"),
        ({"seeker_mail": "sakura@example.org\r\nBcc: all@example.org"}, 400, "bad_field"),
        ({"seeker_language": "fr"}, 400, "bad_field"),
        ({"seeker_telephone": "call me"}, 400, "bad_field"),
    ],
)
async def test_a_wish_that_cannot_be_is_refused_with_its_reason(call, change, status, code):
    answer, body = await call("POST", body=WISH | change)
    assert (answer, body["error"]["code"]) == (status, code)
    assert body["error"]["detail"]


PRIVATE = {
    "seeker_mail": "sakura@example.org",
    "seeker_language": "en",
    "seeker_telephone": "０４８-521-8609",
    "seeker_real_name": "佐藤 花子",
}


async def test_addresses_lie_in_the_persons_erasable_data_and_nowhere_else(node, call):
    status, body = await call("POST", body=WISH | PRIVATE)
    assert status == 201
    stored = await node.store.load(body["id"])
    assert await node.store.private(stored.session.seeker.person) == {
        "name": "佐藤 花子",
        "mail": "sakura@example.org",
        "language": "en",
        "telephone": "048-521-8609",
    }
    seen = [
        body,
        stored,
        await call("GET", params={"from": TOMORROW}),
        await call("GET", f"/{body['id']}"),
        await call("GET", f"/{body['id']}/events"),
    ]
    for private in ("sakura@", "521-8609", "佐藤"):
        assert private not in repr(seen)


async def test_a_wrong_address_is_named_by_its_field_and_not_repeated(call):
    wrong = {"seeker_mail": "sakura@nowhere", "seeker_telephone": "zero"}
    _, body = await call("POST", body=WISH | wrong)
    detail = body["error"]["detail"]
    assert "seeker_mail: " in detail
    assert "seeker_telephone: " in detail
    assert "nowhere" not in detail
    assert "zero" not in detail


async def test_a_scheduler_cannot_be_booked_as_a_supporter(node, call):
    await node.staff("sato")
    status, body = await call("POST", body=WISH | {"supporter": "sato"})
    assert (status, body["error"]["code"]) == (422, "not_a_supporter")


async def test_all_mistakes_of_a_body_are_named_at_once(call):
    _, body = await call("POST", body={"programme": 1, "starts_at": "x", "seeker_name": ""})
    for field in ("programme", "starts_at", "seeker_name", "supporter"):
        assert f"{field}: " in body["error"]["detail"]


async def test_one_slot_is_booked_once(call):
    assert (await call("POST", body=WISH))[0] == 201
    status, body = await call("POST", body=WISH | {"seeker_name": "もみじ7"})
    assert (status, body["error"]["code"]) == (409, "slot_taken")


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff\xfe", b'"x"', b"[" * 50_000, b"null", b'{"a":' * 5_000]
)
async def test_a_body_that_is_none_is_malformed(node, call, data):
    token = await node.staff("other")
    answer = await node.http.post(
        node.url("/api/v1/sessions"), data=data, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status == 400
    assert (await answer.json())["error"]["code"] in {"not_json", "bad_field"}


async def test_a_body_that_is_too_large_is_not_read(node, call):
    status, body = await call("POST", body=WISH | {"exception": "x" * 70_000})
    assert (status, body["error"]["code"]) == (413, "request_entity_too_large")


@pytest.mark.parametrize(
    ("token", "code"),
    [(None, "token_missing"), ("mdg_" + "x" * 22, "token_unknown"), ("x", "token_unknown")],
)
async def test_nothing_without_a_token(call, token, code):
    for method, path in [
        ("GET", ""),
        ("POST", ""),
        ("GET", "/s_1"),
        ("GET", "/s_1/events"),
        ("POST", "/s_1/cancel"),
        ("POST", "/s_1/notices"),
        ("POST", "/s_1/links/seeker"),
        ("DELETE", "/s_1/links/seeker"),
        ("POST", "/s_1/claims/seeker"),
    ]:
        status, body = await call(method, path, {}, token=token)
        assert (status, body["error"]["code"]) == (401, code), (method, path)


async def test_a_supporter_reads_the_own_sessions_and_changes_nothing(node, call):
    own = await node.meet(supporter="tanaka")
    other = await node.meet(supporter="suzuki")
    token = await a_supporter(node, "p_tanaka")
    assert (await call("GET", f"/{own.id}", token=token))[0] == 200
    assert (await call("GET", f"/{own.id}/events", token=token))[0] == 200
    status, body = await call("GET", f"/{other.id}", token=token)
    assert (status, body["error"]["code"]) == (404, "session_unknown")
    _, body = await call("GET", token=token)
    assert [session["id"] for session in body["sessions"]] == [own.id]
    status, body = await call("POST", f"/{own.id}/cancel", {"by": "office"}, token=token)
    assert (status, body["error"]["code"]) == (403, "not_allowed")
    assert (await call("POST", body=WISH, token=token))[0] == 403


@pytest.mark.parametrize(
    "path", ["/s_none", "/s_none/events", "/s_none/nothing", "/%00", "/a/b/c/d"]
)
async def test_what_is_not_there_is_404_or_malformed(call, path):
    status, body = await call("GET", path)
    assert status in {400, 404}
    assert body["error"]["code"] in {"session_unknown", "not_found", "bad_field"}


async def test_a_method_that_is_not_there_is_405(call):
    status, body = await call("PUT", body={})
    assert (status, body["error"]["code"]) == (405, "method_not_allowed")


async def test_the_list_is_filtered_by_time_and_phase(node, call):
    today = await node.meet(starts_in=MINUTE, supporter="a")
    later = await node.meet(starts_in=timedelta(days=3), supporter="b")
    await node.enter(today, "seeker")

    async def ids(**query):
        status, body = await call("GET", params=query)
        assert status == 200, body
        return [session["id"] for session in body["sessions"]]

    assert await ids() == [today.id]
    assert await ids(**{"from": "2026-12-01T00:00:00+09:00", "to": "2026-12-31T00:00:00Z"}) == [
        today.id,
        later.id,
    ]
    assert await ids(phase="open") == [today.id]
    assert await ids(phase="ended") == []
    assert await ids(**{"from": "2026-12-04T00:00:00Z", "phase": "scheduled"}) == [later.id]


async def test_a_plus_that_arrives_as_a_space_is_understood(node, call):
    meeting = await node.meet()
    status, body = await call("GET", "?from=2026-12-01T00:00:00+09:00")
    assert (status, [session["id"] for session in body["sessions"]]) == (200, [meeting.id])


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"from": "2026-12-01T00:00:00"},
        {"from": "1764637200"},
        {"from": "2026-12-02T00:00:00Z", "to": "2026-12-01T00:00:00Z"},
        {"from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"},
        {"from": "9999-12-31T23:59:59Z"},
        {"from": "0001-01-01T00:00:00+14:00"},
        {"from": "2026-01-01T00:00:00Z", "to": "9999-12-31T23:59:59-12:00"},
        {"phase": "lunch"},
        {"colour": "red"},
    ],
)
async def test_a_filter_that_means_nothing_is_malformed(call, query):
    status, body = await call("GET", params=query)
    assert (status, body["error"]["code"]) == (400, "bad_field")


async def test_the_history_has_version_moment_name_and_data(node, call):
    meeting = await node.meet()
    await node.live(meeting)
    _, body = await call("GET", f"/{meeting.id}/events")
    for event in body["events"]:
        assert set(event) == {"version", "at", "name", "data"}
    names = [event["name"] for event in body["events"]]
    assert names.index("seat.connected") < names.index("seat.admitted")
    moved = [event["data"]["to"] for event in body["events"] if event["name"] == "session.moved"]
    assert moved[-1] == "live"
    versions = [event["version"] for event in body["events"]]
    assert versions == sorted(versions)
    assert "さくら" not in json.dumps(body, ensure_ascii=False)


async def test_a_cancellation_ends_the_booking_and_tells_who_is_there(node, call):
    meeting = await node.meet(starts_in=MINUTE)
    seeker = await node.enter(meeting, "seeker")
    status, body = await call(
        "POST", f"/{meeting.id}/cancel", {"by": "office", "channel": "telephone"}
    )
    assert status == 200
    assert (body["phase"], body["outcome"], body["cause"]) == ("ended", "cancelled", "office")
    assert (await seeker.state(lambda s: s["outcome"]))["outcome"] == "cancelled"
    status, body = await call("POST", f"/{meeting.id}/cancel", {"by": "office"})
    assert (status, body["error"]["code"]) == (410, "session_over")


async def test_a_live_session_is_not_cancelled(node, call):
    meeting = await node.meet()
    await node.live(meeting)
    status, body = await call("POST", f"/{meeting.id}/cancel", {"by": "office"})
    assert (status, body["error"]["code"]) == (409, "already_live")
    assert body["error"]["next"]["ja"].endswith("相談を終了する操作をお使いください。"), (
        "not «just go on»"
    )


async def test_a_notice_is_noted(node, call):
    meeting = await node.meet(starts_in=MINUTE)
    status, body = await call(
        "POST", f"/{meeting.id}/notices", {"about": "seeker", "channel": "telephone"}
    )
    assert status == 200
    assert body["seeker_notice"]["channel"] == "telephone"
    assert body["supporter_notice"] is None
    status, body = await call("POST", f"/{meeting.id}/notices", {"about": "companion-1"})
    assert (status, body["error"]["code"]) == (400, "bad_field")


async def test_a_renewed_link_works_and_the_old_one_does_not(node, call):
    meeting = await node.meet()
    status, body = await call("POST", f"/{meeting.id}/links/seeker")
    assert status == 201
    secret = body["url"].split("/room#")[1]
    old = await node.say_hello("s", link=meeting.secrets["seeker"])
    assert await old.refusal() == ("link_revoked", 4410)
    new = await node.say_hello("s", link=secret)
    assert (await new.receive("welcome"))["session"]["id"] == meeting.id


async def test_revoking_a_link_sends_away_who_came_with_it(node, call):
    meeting = await node.meet()
    seeker = await node.join(meeting, "seeker")
    supporter = await node.join(meeting, "supporter")
    status, body = await call("DELETE", f"/{meeting.id}/links/seeker")
    assert (status, body) == (200, {"seat": "seeker", "revoked": 1})
    assert await seeker.refusal() == ("link_revoked", 4410)
    await supporter.state(lambda s: node.presence(s, "seeker") == "away")


@pytest.mark.parametrize("seat", ["companion-1", "nobody", "%00"])
async def test_a_seat_that_is_not_there_has_no_links(node, call, seat):
    meeting = await node.meet()
    for method in ("POST", "DELETE"):
        status, body = await call(method, f"/{meeting.id}/links/{seat}")
        assert (status, body["error"]["code"]) == (404, "seat_unknown")


async def test_a_scheduler_answers_a_claim_once_the_first_device_stayed_silent(node, call):
    meeting = await node.meet()
    first = await node.join(meeting, "seeker", "a")
    second = await node.enter(meeting, "seeker", "b")
    await first.state(lambda s: s["claim"])
    _, body = await call("GET", f"/{meeting.id}")
    assert body["participants"][0]["is_claimed"] is True
    status, body = await call("POST", f"/{meeting.id}/claims/seeker", {"agrees": True})
    assert (status, body["error"]["code"]) == (409, "too_early")
    await node.pass_time(timedelta(seconds=11))
    await first.state(lambda s: s["claim"])
    status, body = await call("POST", f"/{meeting.id}/claims/seeker", {"agrees": True})
    assert status == 200
    assert body["participants"][0]["is_claimed"] is False
    status, body = await call("POST", f"/{meeting.id}/claims/seeker", {"agrees": True})
    assert (status, body["error"]["code"]) == (409, "nothing_asked")
    assert (await second.receive("welcome"))["you"]["device"] == "bound"


async def test_the_outcome_has_the_words_of_the_product(node, call):
    meeting = await node.meet()
    supporter = await node.join(meeting, "supporter")
    await node.pass_time(10 * MINUTE)
    await supporter.state(lambda s: s["phase"] == "ended")

    async def is_recorded():
        _, body = await call("GET", f"/{meeting.id}")
        return (body["phase"], body["outcome"], body["cause"]) == (
            "ended",
            "seeker_no_show",
            "seeker",
        )

    await until(is_recorded, "seeker_no_show")
    _, body = await call("GET", f"/{meeting.id}")
    assert body["ended_at"] == "2026-12-01T12:10:00.000Z"
    assert body["quota"] == "used"


async def test_a_store_that_is_away_is_503_with_a_time_to_come_back(node):
    token = await node.staff()
    await node.lose_store()
    answer = await node.http.get(
        node.url("/api/v1/sessions"), headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "2"
    assert (await answer.json())["error"]["code"] == "unavailable"


async def test_a_verdict_says_why_in_a_sentence_and_names_its_evidence(node, call):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    node.host.on_media(RoomFlowing(meeting.id))
    await supporter.send(type="observed", signal="page_offline", value=9.0, ago_s=1.0)
    await supporter.socket.close(code=4000)
    await seeker.state(lambda s: s["phase"] == "interrupted")
    await node.pass_time(2 * MINUTE)
    await seeker.state(lambda s: s["verdict"])
    _, session = await call("GET", f"/{meeting.id}")
    verdict = session["verdict"]
    assert (verdict["cause"], verdict["confidence"]) == ("supporter", "likely")
    assert verdict["reason"] == session["reason"] == "supporter_offline"
    offline, lost = verdict["evidence"]
    assert (offline["signal"], offline["seat"], offline["value"]) == (
        "page_offline",
        "supporter",
        9.0,
    )
    assert (lost["signal"], lost["value"]) == ("signalling_lost", 4000.0)
    assert offline["at"] < lost["at"]
    assert "相談員側とみられます" in verdict["sentence"]["ja"]
    assert "probably lies with the counsellor" in verdict["sentence"]["en"]
    at = datetime.fromisoformat(lost["at"]).astimezone(ZoneInfo(session["time_zone"]))
    assert f"{at:%H:%M:%S}" in verdict["sentence"]["ja"]
    assert meeting.id not in verdict["sentence"]["ja"]
