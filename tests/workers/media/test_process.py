"""The worker process, spoken to over a bare link: it lives as long as its node is heard, and no longer."""

import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.workers.media.bare_link import ROOT, worker
from workers.media import wire
from workers.media.process import Exit, candidates
from workers.media.sdp import Candidate


def is_free(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        try:
            udp.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


async def test_a_worker_ends_when_the_link_ends():
    async with worker(ttl_s=60) as node:
        port = (await node.hear(wire.Ready)).port
        node.hang_up()
        assert await node.exit_status(within_s=5) == Exit.NODE_GONE
        assert is_free(port)


async def test_a_worker_ends_within_its_ttl_when_the_node_says_nothing():
    async with worker(ttl_s=0.6) as node:
        port = (await node.hear(wire.Ready)).port
        since = time.monotonic()
        assert await node.exit_status(within_s=10) == Exit.NODE_SILENT
        assert time.monotonic() - since < 3.0
        assert is_free(port)


async def test_a_worker_lives_while_the_node_beats():
    async with worker(ttl_s=0.6) as node:
        await node.hear(wire.Ready)
        until = time.monotonic() + 2.0
        while time.monotonic() < until:
            node.say(wire.NodeBeat())
            await node.hear(wire.WorkerBeat, within_s=2)
        assert node.process.returncode is None


@pytest.mark.parametrize(
    "said", [b"not json\n", b"x" * (wire.MAX_LINE_BYTES + 2), b'{"type":"ready","port":1}\n']
)
async def test_a_worker_that_does_not_understand_its_node_ends(said):
    async with worker(ttl_s=60) as node:
        await node.hear(wire.Ready)
        node.say_bytes(said)
        assert await node.exit_status(within_s=5) == Exit.LINK_BROKEN


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_to_the_whole_group_does_not_end_the_worker_before_its_node(number):
    async with worker(ttl_s=2.0) as node:
        await node.hear(wire.Ready)
        node.process.send_signal(number)
        for _ in range(2):
            node.say(wire.NodeBeat())
            await node.hear(wire.WorkerBeat, within_s=5)
        assert node.process.returncode is None


async def test_a_worker_whose_parent_is_gone_already_does_not_start():
    async with worker(parent=1 << 22) as node:
        assert await node.exit_status() == Exit.NODE_GONE


async def test_a_port_that_a_dying_predecessor_holds_is_tried_again():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as predecessor:
        predecessor.bind(("127.0.0.1", 0))
        port = predecessor.getsockname()[1]
        async with worker(port=port, ttl_s=20) as node:
            with pytest.raises(TimeoutError):
                await node.hear(wire.Ready, within_s=2)
            predecessor.close()
            assert (await node.hear(wire.Ready)).port == port


async def test_commands_that_come_before_the_port_is_open_are_not_lost():
    async with worker(ttl_s=20) as node:
        node.say(wire.OpenRoom(session="s", closes_at=time.monotonic() + 60))
        node.say(
            wire.Connect(
                session="s",
                seat="seeker",
                media_epoch=3,
                functions=frozenset({"audio"}),
                others=("supporter",),
            )
        )
        offered = await node.hear(wire.Offered)
        assert (offered.session, offered.seat, offered.media_epoch) == ("s", "seeker", 3)


async def test_a_room_says_when_it_has_closed_itself():
    async with worker(ttl_s=20) as node:
        await node.hear(wire.Ready)
        closes_at = time.monotonic() + 0.3
        node.say(wire.OpenRoom(session="s", closes_at=closes_at))
        assert (await node.hear(wire.RoomClosed)).session == "s"
        assert closes_at <= time.monotonic() < closes_at + 1.0


async def test_a_room_that_should_be_closed_already_is_not_opened():
    async with worker(ttl_s=20) as node:
        await node.hear(wire.Ready)
        node.say(wire.OpenRoom(session="s", closes_at=time.monotonic() - 1))
        node.say(
            wire.Connect(
                session="s",
                seat="seeker",
                media_epoch=1,
                functions=frozenset(),
                others=("supporter",),
            )
        )
        assert await node.hear((wire.RoomClosed, wire.Offered)) == wire.RoomClosed(session="s")


@pytest.mark.parametrize(
    ("host", "announced", "hosts"),
    [
        ("127.0.0.1", (), ["127.0.0.1"]),
        ("192.0.2.5", ("198.51.100.1",), ["192.0.2.5", "198.51.100.1"]),
        ("0.0.0.0", ("192.0.2.5", "192.0.2.5"), ["127.0.0.1", "192.0.2.5"]),
        ("::1", (), ["::1"]),
        ("::", (), ["::1", "127.0.0.1"]),
        ("::", ("192.0.2.5", "2001:db8::1"), ["::1", "127.0.0.1", "192.0.2.5", "2001:db8::1"]),
        ("192.0.2.5", ("2001:db8::1",), ["192.0.2.5", "2001:db8::1"]),
    ],
)
def test_candidates_are_the_bound_address_and_the_announced_ones(host, announced, hosts):
    assert candidates(host, announced, 4000) == [Candidate(each, 4000) for each in hosts]


def test_what_was_imported_is_out_of_the_garbage_collectors_way():
    program = """
import gc, os, socket, sys
import workers.media.__main__ as entry
async def serve(link):
    link.close()
    return gc.get_freeze_count() > 20_000 and len(gc.get_objects()) < 5_000
entry.serve = serve
ours, theirs = socket.socketpair()
sys.argv = ["x", f"--fd={theirs.detach()}", f"--parent={os.getppid()}"]
sys.exit(0 if entry.main() is True else "packets would wait")
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
