"""One WebSocket: whatever a peer sends or does not read ends at most its own connection. Real sockets."""

import asyncio
import json
from datetime import timedelta

import pytest

from signaling.connection import Connection
from signaling.limits import Limits
from tests.signaling.node import running_node, until


@pytest.fixture
async def quick():
    """A node with little patience."""
    async with running_node(Limits(hello_s=0.3, ping_s=0.05, silence_s=0.4, outbox=8)) as node:
        yield node


async def test_a_socket_that_says_nothing_is_closed(quick):
    page = await quick.socket()
    assert await page.closed() == 4401


async def test_the_first_message_is_hello(node):
    page = await node.socket()
    await page.send(type="leaving")
    assert await page.closed() == 4400
    assert page.inbox[-1]["code"] == "out_of_order"


async def test_before_hello_the_first_malformed_message_closes(node):
    page = await node.socket()
    await page.socket.send_str("{")
    assert await page.closed() == 4400
    assert [message["code"] for message in page.inbox] == ["not_json"]


async def test_hello_comes_once_and_the_connection_lives(node):
    meeting = await node.meet()
    page = await node.enter(meeting, "seeker")
    await page.send(type="hello", version=1, link="x" * 22)
    assert (await page.receive("error"))["code"] == "out_of_order"
    await page.send(type="join", **node.agreement(page))
    await page.state(lambda s: node.presence(s, "seeker") == "lobby")


@pytest.mark.parametrize("version", [0, 2, 99])
async def test_another_version_is_refused_whatever_else_it_says(node, version):
    page = await node.socket()
    await page.send(type="hello", version=version, link="x" * 22, new_in_v2=True)
    assert await page.refusal() == ("version_unsupported", 4403)


async def test_who_is_silent_is_closed(quick):
    meeting = await quick.meet()
    page = await quick.enter(meeting, "seeker")
    assert await page.closed() == 4408
    assert [m["type"] for m in page.inbox].count("ping") >= 3


async def test_a_pong_keeps_the_connection(quick):
    meeting = await quick.meet()
    page = await quick.enter(meeting, "seeker")
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    while loop.time() < began_s + 1.0:  # more than twice the silence
        frame = await page.socket.receive(timeout=1)
        message = json.loads(frame.data)
        if message["type"] == "ping":
            await page.send(type="pong", server_time=message["server_time"])
    assert not page.socket.closed


async def test_malformed_messages_are_answered_five_times_then_closed(node):
    meeting = await node.meet()
    page = await node.enter(meeting, "seeker")
    for _ in range(4):
        await page.socket.send_str("{")
        assert (await page.receive("error"))["code"] == "not_json"
    await page.socket.send_str("{")
    assert await page.closed() == 4400


async def test_a_binary_frame_is_malformed(node):
    meeting = await node.meet()
    page = await node.enter(meeting, "seeker")
    await page.socket.send_bytes(b"\x00\x01")
    assert (await page.receive("error"))["code"] == "not_json"


async def test_the_largest_frame_is_read_and_a_larger_one_closes(node):
    meeting = await node.meet()
    page = await node.enter(meeting, "seeker")
    await page.socket.send_str('"' + "x" * (65_536 - 2) + '"')
    assert (await page.receive("error"))["code"] == "bad_field"
    await page.socket.send_str('"' + "x" * (65_537 - 2) + '"')
    assert await page.closed() == 1009


async def test_too_many_messages_close(node):
    meeting = await node.meet()
    page = await node.enter(meeting, "seeker")
    for _ in range(60):
        await page.send(type="pong", server_time="x")
    assert await page.closed() == 4429


async def test_a_burst_of_forty_is_allowed(node):
    meeting = await node.meet()
    page = await node.enter(meeting, "seeker")
    for _ in range(39):
        await page.send(type="pong", server_time="x")
    await page.send(type="join", **node.agreement(page))
    await page.state(lambda s: node.presence(s, "seeker") == "lobby")


async def test_a_reader_that_is_too_slow_is_cut_and_nobody_else_notices():
    # Neither silence nor a slow write may be what ends it: only the outbox that is full.
    async with running_node(Limits(outbox=8, silence_s=60, write_s=60)) as node:
        await _is_cut_when_slow(node)


async def _is_cut_when_slow(quick):
    meeting = await quick.meet()
    seeker, supporter = await quick.live(meeting)
    seeker.socket._response.connection.transport.pause_reading()
    big = "v=0" + "x" * 1_000_000
    for _ in range(40):
        quick.offer(meeting, "seeker", 1, big)
        await asyncio.sleep(0)
    await supporter.state(lambda s: s["phase"] == "interrupted")
    session = await quick.session(meeting)
    assert session.seeker.connection is None
    assert session.supporter.connection is not None


async def test_the_states_that_a_slow_reader_misses_are_skipped_not_queued(node):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    session = await node.session(meeting)
    before = len(seeker.inbox)
    for _ in range(500):  # no chance to write in between
        node.audience.show(session)
    await supporter.send(type="request_end")
    await seeker.state(lambda s: s["question"])
    assert len(seeker.inbox) - before < 10


async def test_a_socket_from_another_origin_is_refused(node):
    for origin, status in [
        ("https://evil.example", 403),
        ("null", 403),
        (node.base_url.replace("127.0.0.1", "localhost"), 403),
        (node.base_url, 101),
    ]:
        answer = await node.http.get(
            node.url("/ws"),
            headers={
                "Origin": origin,
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            },
        )
        assert answer.status == status, origin
        answer.close()


async def test_a_plain_request_is_told_to_upgrade(node):
    answer = await node.http.get(node.url("/ws"))
    assert answer.status == 426


async def test_a_node_that_is_full_asks_to_come_back():
    async with running_node(Limits(connections=1)) as node:
        meeting = await node.meet()
        await node.enter(meeting, "seeker")
        answer = await node.http.get(node.url("/ws"))
        assert answer.status == 503
        assert answer.headers["Retry-After"]


async def test_a_store_that_is_away_is_said_so(node):
    meeting = await node.meet()
    await node.lose_store()
    page = await node.say_hello("s", link=meeting.secrets["seeker"])
    assert await page.closed() == 1013


GARBAGE = (
    "",
    "{",
    "null",
    "NaN",
    "[]",
    "1e999",
    "\x00",
    "[" * 60_000,
    '{"a":' * 10_000,
    '{"type": null}',
    '{"type": "hello"}',
    '{"type": ["join"]}',
    '{"type": "no_such_type"}',
    '{"type": "end"}',
    '{"type": "end", "works": 1}',
    '{"type": "end", "works": "true"}',
    '{"type": "end", "works": true, "seat": "supporter"}',
    '{"type": "join", "terms_version": "\\ud800", "attestations": []}',
    '{"type": "join", "terms_version": "1", "attestations": "all"}',
    '{"type": "answer", "media_epoch": -1, "sdp": "v=0"}',
    '{"type": "answer", "media_epoch": 1e40, "sdp": "v=0"}',
    json.dumps({"type": "answer", "media_epoch": 1, "sdp": "x" * 33_000}),
    json.dumps({"type": "choose_slot", "option": "x" * 2_000}),
)


@pytest.mark.parametrize("who", ["seeker", "supporter"])
async def test_garbage_of_one_person_never_reaches_the_other(node, who):
    meeting = await node.meet()
    pages = dict(zip(("seeker", "supporter"), await node.live(meeting), strict=True))
    other = next(page for seat, page in pages.items() if seat != who)
    for begin in range(0, len(GARBAGE), 4):  # the fifth would close
        page = await node.enter(meeting, who, media_epoch=1)
        version = (await node.session(meeting)).version
        for text in GARBAGE[begin : begin + 4]:
            await page.socket.send_str(text)
            code = (await page.receive("error"))["code"]
            assert code in {"not_json", "unknown_type", "bad_field"}, text[:50]
        assert (await node.session(meeting)).version == version
    await node.pass_time(timedelta(minutes=30))
    await other.state(lambda s: s["outcome"] == "completed" or s["outcome"] == "not_held")
    assert {message["type"] for message in other.inbox} <= {
        "welcome",
        "session",
        "warning",
        "time_is_up",
        "encryption",  # the server's own word on whose page can encrypt, as pages come and go
    }


async def test_who_hangs_up_in_the_middle_of_the_greeting_leaves_no_ghost(node):
    meeting = await node.meet()
    for _ in range(10):
        page = await node.say_hello("s", link=meeting.secrets["seeker"])
        page.socket._response.connection.transport.abort()
    await until(lambda: not node.audience._by_connection, "all are gone")
    last = await node.enter(meeting, "seeker")
    assert node.presence(last.welcome["session"], "seeker") == "at_door"
    await last.socket.close()

    async def is_gone():
        return (await node.session(meeting)).seeker.connection is None

    await until(is_gone, "the seat is free again")


async def test_a_bug_ends_one_connection_and_nobody_elses(node):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)

    async def broken(*_):
        raise RuntimeError("a bug")

    node.bookings.give_notice = broken
    await seeker.send(type="give_notice")
    assert await seeker.closed() == 1011
    await supporter.state(lambda s: s["phase"] == "interrupted")
    await node.enter(meeting, "seeker")
    await supporter.state(lambda s: not s["seats"][0]["is_lost"])


async def test_a_heartbeat_that_fails_ends_its_connection_and_no_other(quick, monkeypatch):
    meeting = await quick.meet()
    seeker = await quick.enter(meeting, "seeker")
    supporter = await quick.enter(meeting, "supporter")
    ping = Connection.ping
    failing = []

    def fails(self):
        if not failing:
            failing.append(self)
        if self is failing[0]:
            raise RuntimeError("a bug")
        ping(self)

    monkeypatch.setattr(Connection, "ping", fails)
    both = {asyncio.create_task(page.closed()) for page in (seeker, supporter)}
    (ended,), _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    assert ended.result() == 1011
    await asyncio.wait(both)
    assert sorted(each.result() for each in both) == [1011, 4408]
