"""Credentials for TURN servers: who gets them, until when they are good, and that nobody else sees them."""

import base64
import hashlib
import hmac
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from orchestrator.policy.events import Woken
from orchestrator.secret import Secret
from signaling.limits import Limits
from signaling.turn import OUTLIVES, Turn
from tests.fakes import FakeClock
from tests.signaling.node import MINUTE, running_node, until

SECRET = "a secret that nobody sees"
URLS = ("turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:443")
TURN = Turn(URLS, Secret(SECRET))


@pytest.fixture
async def relayed():
    async with running_node(turn=TURN) as node:
        yield node


def expected_password(name):
    """What the TURN server works out for a name."""
    return base64.b64encode(hmac.digest(SECRET.encode(), name.encode(), hashlib.sha1)).decode()


def test_the_password_is_what_the_turn_server_works_out_from_the_name():
    clock = FakeClock()
    [server] = TURN.servers(clock.now(), clock.now() + 30 * MINUTE)
    assert server.urls == URLS
    assert server.credential == expected_password(server.username)


def test_credentials_outlive_the_session_and_are_never_over_already():
    now = FakeClock().now()
    ends_at = now + timedelta(hours=20)
    for until_then, end in ((ends_at, ends_at), (now, now - timedelta(days=2))):
        [server] = TURN.servers(now, end)
        expires_at = int(server.username.partition(":")[0])
        assert expires_at == int((until_then + OUTLIVES).timestamp())


def test_a_page_that_is_opened_months_ahead_has_credentials_for_a_day():
    now = FakeClock().now()
    [server] = TURN.servers(now, now + timedelta(days=90))
    expires_at = int(server.username.partition(":")[0])
    assert expires_at == int((now + timedelta(days=1) + OUTLIVES).timestamp())


def test_no_two_credentials_are_the_same_and_none_names_a_person():
    now = FakeClock().now()
    names = {TURN.servers(now, now)[0].username for _ in range(50)}
    assert len(names) == 50
    assert all(len(name.partition(":")[2]) == 16 for name in names)


async def test_without_turn_servers_there_are_none(node):
    meeting = await node.meet()
    seeker, _ = await node.live(meeting)
    assert seeker.welcome["ice_servers"] == []
    node.offer(meeting, "seeker", 1)
    assert (await seeker.receive("offer"))["ice_servers"] == []


async def test_each_offer_brings_new_credentials(relayed):
    meeting = await relayed.meet()
    seeker, _ = await relayed.live(meeting)
    names = [seeker.welcome["ice_servers"][0]["username"]]
    for _ in range(2):
        relayed.offer(meeting, "seeker", 1)
        [server] = (await seeker.receive("offer"))["ice_servers"]
        assert tuple(server["urls"]) == URLS
        assert server["credential"] == expected_password(server["username"])
        names.append(server["username"])
    assert len(set(names)) == 3


async def test_who_only_asks_for_the_seat_gets_none_and_a_board_has_no_such_field(relayed):
    meeting = await relayed.meet()
    await relayed.live(meeting)
    stranger = await relayed.enter(meeting, "seeker", device="another")
    assert stranger.welcome["you"]["device"] == "asked"
    assert stranger.welcome["ice_servers"] == []
    board = await relayed.say_hello("b", token=await relayed.staff())
    assert "ice_servers" not in await board.receive("welcome")


async def test_neither_the_secret_nor_a_credential_is_logged(relayed):
    with capture_logs() as lines:
        meeting = await relayed.meet()
        seeker, _ = await relayed.live(meeting)
        relayed.offer(meeting, "seeker", 1)
        [server] = (await seeker.receive("offer"))["ice_servers"]
    assert lines
    for private in (SECRET, server["username"], server["credential"]):
        assert private not in repr(lines)
    assert SECRET not in repr(TURN)


async def test_restarts_beyond_the_limit_never_reach_the_media_worker():
    async with running_node(Limits(restarts_burst=3)) as node:
        meeting = await node.meet()
        seeker, _ = await node.live(meeting)
        for _ in range(10):
            await seeker.send(type="restart_media", media_epoch=1)
        await seeker.send(type="answer", media_epoch=1, sdp="the last")
        await until(
            lambda: ("answer", meeting.id, "seeker", 1, "the last") in node.media.told,
            "all before it was read",
        )
        assert node.media.told.count(("restart", meeting.id, "seeker", 1)) == 3
        node.clock.advance(timedelta(seconds=2))
        await seeker.send(type="restart_media", media_epoch=1)
        await until(
            lambda: node.media.told.count(("restart", meeting.id, "seeker", 1)) == 4,
            "after two seconds one more is carried out",
        )


@pytest.mark.parametrize("media_epoch", [1, 2], ids=["the present one", "one that is over"])
async def test_a_wish_is_answered_at_once_whatever_becomes_of_it(node, media_epoch: int):
    meeting = await node.meet()
    seeker, _ = await node.live(meeting)
    for _ in range(20):  # far more than there are beats
        await seeker.send(type="restart_media", media_epoch=media_epoch)
        await seeker.receive("ping")


async def test_renewals_beyond_the_limit_change_nothing():
    async with running_node(Limits(renewals_burst=2)) as node:
        meeting = await node.meet()
        seeker, _ = await node.live(meeting)
        for _ in range(10):
            await seeker.send(type="renew_media")
        await seeker.send(type="chat", text="all before it was read")
        await seeker.receive("chat")
        after = await node.host.deliver(meeting.id, Woken())
        assert after.seeker.media_epoch == 3
        node.clock.advance(timedelta(seconds=10))
        await seeker.send(type="renew_media")
        await until(lambda: ("connect", meeting.id, "seeker", 4) in node.media.told, "one more")


async def test_another_medium_counts_as_a_renewal():
    async with running_node(Limits(renewals_burst=2)) as node:
        meeting = await node.meet()
        seeker, _ = await node.live(meeting)
        for _ in range(5):
            await seeker.send(type="switch_medium", medium="audio")
            await seeker.send(type="switch_medium", medium="video")
        await seeker.send(type="chat", text="all before it was read")
        await seeker.receive("chat")
        after = await node.host.deliver(meeting.id, Woken())
        assert after.seeker.media_epoch == 3
        node.clock.advance(timedelta(seconds=10))
        await seeker.send(type="switch_medium", medium="audio")
        await until(lambda: ("connect", meeting.id, "seeker", 4) in node.media.told, "one more")
