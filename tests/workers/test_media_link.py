"""The node's side of the media port, with real worker processes and clients that do ICE, DTLS and SRTP."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from orchestrator import ports
from orchestrator.clock import SystemClock
from orchestrator.errors import Misconfigured
from orchestrator.policy.model import SEEKER, SUPPORTER, SeatId, SessionId
from tests.clients.media_client import OPUS, SCREEN, VP8, MediaClient
from workers.media import wire
from workers.media_link import TOLD_KEPT, MediaLink, MediaSettings

ROOT = Path(__file__).parents[2]
SESSION = SessionId("session-1")
BOTH = frozenset({"audio", "video"})
START_S = 30.0
NEW_END = datetime(2026, 12, 1, 12, 45, tzinfo=UTC)


def others_of(seat, seats=(SEEKER, SUPPORTER)):
    """Who may be with that seat, in the order of the session's seats."""
    return tuple(each for each in seats if each != seat)


class Studio:
    """A media link that runs, everything that it told, and the clients of the test."""

    def __init__(self, settings):
        self.told = []
        self.clients = {}
        self._news = asyncio.Event()
        self.link = MediaLink(settings, SystemClock(), self._hear)

    def _hear(self, event):
        self.told.append(event)
        self._news.set()

    def pid(self, index=0):
        return self.link._workers[index].process.pid

    def of(self, kind):
        return [each for each in self.told if isinstance(each, kind)]

    async def until(self, is_true, within_s=10.0):
        """Wait until something about what was told is true."""
        async with asyncio.timeout(within_s):
            while not is_true():
                self._news.clear()
                await self._news.wait()

    async def offer(self, seat, epoch, count=1):
        """The newest offer for a seat's connection, once there are so many; a worker may have to start for it."""

        def offers():
            return [e for e in self.of(ports.OfferMade) if (e.seat, e.media_epoch) == (seat, epoch)]

        await self.until(lambda: len(offers()) >= count, START_S)
        return offers()[-1].sdp

    async def join(
        self, seat, epoch=1, functions=BOTH, seats=(SEEKER, SUPPORTER), host="127.0.0.1"
    ):
        """Connect a client to a seat; returns when media may flow."""
        self.link.connect(SESSION, seat, epoch, functions, others_of(seat, seats))
        client = MediaClient(host)
        self.clients[seat, epoch] = client
        self.link.answer(SESSION, seat, epoch, client.answer(await self.offer(seat, epoch)))
        await client.connect()
        await self.until(lambda: ports.LegUp(SESSION, seat, epoch) in self.told)
        return client

    async def call(self, closes_in_s=60.0):
        """A room with both people in it."""
        self.link.open_room(SESSION, closes_in_s)
        return await self.join(SEEKER), await self.join(SUPPORTER)


@asynccontextmanager
async def studio(**settings):
    made = Studio(MediaSettings(**{"workers": 1, **settings}))
    running = asyncio.ensure_future(made.link.run())
    try:
        yield made
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        for client in made.clients.values():
            client.close()


async def started(made):
    async with asyncio.timeout(START_S):
        return await made.link.started()


async def until_true(is_true, within_s=10.0):
    """Wait for something outside of this process, which nothing announces."""
    async with asyncio.timeout(within_s):
        while not is_true():  # noqa: ASYNC110 - another process frees a port; no event tells us
            await asyncio.sleep(0.02)


def is_free(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        try:
            udp.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def is_running(pid):
    """A stopped parent does not bury its child: a zombie is gone, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_node_never_loads_aiortc_or_pyav():
    program = (
        "import sys, workers.media_link;"
        "bad = {'aiortc', 'av', 'aioice', 'pylibsrtp'} & set(sys.modules); sys.exit(repr(bad) if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


# ---- calls ----------------------------------------------------------------------------------------------------------


async def test_a_call_flows_both_ways_with_aes_256_gcm():
    async with studio() as made:
        seeker, supporter = await made.call()
        for number in range(20):
            seeker.send(OPUS, b"sound %d" % number)
            supporter.send(VP8, b"video %d" % number)
        await seeker.wait_for(lambda: seeker.received_count >= 20)
        await supporter.wait_for(lambda: supporter.received_count >= 20)
        assert seeker.profile == supporter.profile == b"SRTP_AEAD_AES_256_GCM"
        assert [each.payload for each in supporter.received] == [b"sound %d" % i for i in range(20)]
        assert {each.ssrc for each in seeker.received} == {seeker.offered_ssrcs[VP8]}
        await made.until(lambda: made.of(ports.RoomFlowing))
        assert made.of(ports.RoomFlowing) == [ports.RoomFlowing(SESSION)]


async def test_a_room_closes_itself_at_its_time_without_a_word_from_the_node():
    async with studio() as made:
        await started(made)
        closes_at = time.monotonic() + 2.0
        seeker, supporter = await made.call(closes_in_s=2.0)
        while time.monotonic() < closes_at + 0.4:
            seeker.send(OPUS, b"x")
            await asyncio.sleep(0.005)
        assert supporter.received_count > 20
        assert supporter.last_received_at < closes_at + 0.05
        # The room is forgotten: a connection to it is not offered any more.
        offers = len(made.of(ports.OfferMade))
        made.link.connect(SESSION, SEEKER, 9, BOTH, (SUPPORTER,))
        made.link.open_room(SessionId("other"), 60)
        made.link.connect(SessionId("other"), SEEKER, 1, BOTH, (SUPPORTER,))
        await made.until(lambda: len(made.of(ports.OfferMade)) > offers)
        assert made.told[-1].session == "other"


async def test_opening_a_room_again_moves_its_end_and_never_to_an_earlier_one():
    async with studio() as made:
        await started(made)
        closes_at = time.monotonic() + 2.0
        seeker, supporter = await made.call(closes_in_s=2.0)
        made.link.open_room(SESSION, 60.0)
        made.link.open_room(SESSION, 0.1)  # an effect of before, repeated
        while time.monotonic() < closes_at + 0.2:
            seeker.send(OPUS, b"x")
            await asyncio.sleep(0.02)
        count = supporter.received_count
        seeker.send(OPUS, b"still there")
        await supporter.wait_for(lambda: supporter.received_count > count)


async def test_packets_pass_after_the_old_end_and_stop_at_the_new_one():
    async with studio() as made:
        await started(made)
        old_end = time.monotonic() + 2.0
        seeker, supporter = await made.call(closes_in_s=2.0)
        new_end = time.monotonic() + 3.0
        made.link.extend_room(SESSION, NEW_END, 3.0)
        await made.until(lambda: ports.RoomExtended(SESSION, NEW_END) in made.told)
        made.link.open_room(SESSION, old_end - time.monotonic())  # an effect of before, repeated
        while time.monotonic() < new_end + 0.4:
            seeker.send(OPUS, b"x")
            await asyncio.sleep(0.005)
        assert supporter.last_received_at > new_end - 0.5 > old_end
        assert supporter.last_received_at < new_end + 0.05


async def test_a_room_that_is_over_cannot_be_kept_open_any_more():
    async with studio() as made:
        await started(made)
        made.link.open_room(SESSION, 0.0)
        made.link.extend_room(SESSION, NEW_END, 60.0)
        made.link.extend_room(SessionId("nowhere"), NEW_END, 60.0)
        made.link.open_room(SessionId("other"), 60)
        made.link.connect(SessionId("other"), SEEKER, 1, BOTH, (SUPPORTER,))
        await made.until(lambda: made.of(ports.OfferMade))
        assert made.of(ports.RoomExtended) == []


async def test_a_closed_room_is_cut_at_once():
    async with studio() as made:
        seeker, supporter = await made.call()
        seeker.send(OPUS, b"x")
        await supporter.wait_for(lambda: supporter.received_count == 1)
        dtls = supporter.counters["dtls"]
        made.link.close_room(SESSION)
        await supporter.wait_for(lambda: supporter.counters["dtls"] > dtls)  # close_notify
        seeker.send(OPUS, b"x")
        made.link.open_room(SESSION, 60)
        made.link.connect(SESSION, SEEKER, 2, BOTH, (SUPPORTER,))
        await made.offer(SEEKER, 2)
        assert supporter.received_count == 1


async def test_a_repeated_connect_offers_the_same_connection_again():
    async with studio() as made:
        seeker, supporter = await made.call()
        made.link.connect(SESSION, SEEKER, 1, BOTH, (SUPPORTER,))
        made.link.connect(SESSION, SEEKER, 0, BOTH, (SUPPORTER,))
        again = await made.offer(SEEKER, 1, count=2)
        first = made.of(ports.OfferMade)[0].sdp
        assert again.splitlines()[1] != first.splitlines()[1]
        assert again.splitlines()[2:] == first.splitlines()[2:]
        supporter.send(OPUS, b"x")
        await seeker.wait_for(lambda: seeker.received_count == 1)


async def test_a_reload_is_a_new_connection_and_the_other_page_notices_no_gap():
    async with studio() as made:
        seeker, supporter = await made.call()
        seeker.send(VP8, b"before")
        await supporter.wait_for(lambda: supporter.received_count == 1)
        seeker.close()
        again = await made.join(SEEKER, epoch=2)
        again.send(VP8, b"after")
        await supporter.wait_for(lambda: supporter.received_count == 2)
        before, after = supporter.received
        assert after.ssrc == before.ssrc
        assert after.sequence_number == (before.sequence_number + 1) & 0xFFFF


async def test_an_ice_restart_keeps_the_connection():
    async with studio() as made:
        seeker, supporter = await made.call()
        made.link.restart(SESSION, SEEKER, 1)
        offer = await made.offer(SEEKER, 1, count=2)
        seeker.rebind()
        made.link.answer(SESSION, SEEKER, 1, seeker.answer(offer))
        await asyncio.wait_for(seeker.check(), 5)
        supporter.send(OPUS, b"x")
        await seeker.wait_for(lambda: seeker.received_count == 1)
        assert len(made.of(ports.LegUp)) == 2


async def test_a_changed_port_is_followed_without_an_ice_restart():
    async with studio() as made:
        seeker, supporter = await made.call()
        seeker.send(OPUS, b"x")
        await supporter.wait_for(lambda: supporter.received_count == 1)
        seeker.stop_checking()
        asked = seeker.counters["probes"]  # how long the way is
        seeker.rebind()
        seeker.send(OPUS, b"x")
        await seeker.wait_for(lambda: seeker.counters["probes"] == asked + 1)
        await supporter.wait_for(lambda: supporter.received_count == 2)
        seeker.send(OPUS, b"x")
        await supporter.wait_for(lambda: supporter.received_count == 3)
        supporter.send(OPUS, b"x")
        await seeker.wait_for(lambda: seeker.received_count == 1)


async def test_an_answer_of_another_epoch_is_ignored():
    async with studio() as made:
        made.link.open_room(SESSION, 60)
        made.link.connect(SESSION, SEEKER, 5, BOTH, (SUPPORTER,))
        wrong, right = MediaClient(), MediaClient()
        made.clients = {1: wrong, 2: right}
        offer = await made.offer(SEEKER, 5)
        made.link.answer(SESSION, SEEKER, 4, wrong.answer(offer))
        made.link.answer(SESSION, SEEKER, 5, "rubbish")
        made.link.answer(SESSION, SEEKER, 5, right.answer(offer))
        await right.connect()
        await made.until(lambda: ports.LegUp(SESSION, SEEKER, 5) in made.told)


async def test_a_fifth_seat_is_refused_and_disturbs_nobody():
    async with studio() as made:
        seeker, supporter = await made.call()
        for seat in ("companion-1", "companion-2", "companion-3"):
            made.link.connect(SESSION, SeatId(seat), 1, BOTH, (SEEKER, SUPPORTER))
        seeker.send(OPUS, b"x")
        await supporter.wait_for(lambda: supporter.received_count == 1)
        await made.offer(SeatId("companion-2"), 1)
        assert {event.seat for event in made.of(ports.OfferMade)} == {
            SEEKER,
            SUPPORTER,
            "companion-1",
            "companion-2",
        }


async def test_a_leg_without_video_sends_none():
    async with studio() as made:
        made.link.open_room(SESSION, 60)
        seeker = await made.join(SEEKER, functions=frozenset({"audio"}))
        supporter = await made.join(SUPPORTER)
        seeker.send(VP8, b"hidden")
        seeker.send(OPUS, b"heard")
        await supporter.wait_for(lambda: supporter.received_count == 1)
        assert [each.payload for each in supporter.received] == [b"heard"]


async def test_a_disconnected_seat_hears_nothing_more():
    async with studio() as made:
        seeker, supporter = await made.call()
        made.link.disconnect(SESSION, SEEKER)
        dtls = seeker.counters["dtls"]
        await seeker.wait_for(lambda: seeker.counters["dtls"] > dtls)
        supporter.send(OPUS, b"x")
        again = await made.join(SEEKER, epoch=2)
        supporter.send(OPUS, b"y")
        await again.wait_for(lambda: again.received_count == 1)
        assert seeker.received_count == 0


async def test_silence_of_a_seat_is_evidence_after_5_s_and_so_is_its_return():
    async with studio() as made:
        seeker, supporter = await made.call()
        seeker.send(OPUS, b"x")
        await supporter.wait_for(lambda: supporter.received_count == 1)
        seeker.stop_checking()
        seeker.is_answering_probes = False
        await made.until(lambda: made.of(ports.LegSilent))
        (silent,) = made.of(ports.LegSilent)
        assert (silent.seat, silent.media_epoch) == (SEEKER, 1)
        assert 5.0 < silent.silent_for_s < 6.0
        seeker.send(OPUS, b"x")
        await made.until(lambda: made.of(ports.LegReturned))
        assert made.of(ports.LegReturned) == [ports.LegReturned(SESSION, SEEKER, 1)]


# ---- workers --------------------------------------------------------------------------------------------------------


async def test_a_killed_worker_loses_its_rooms_and_its_successor_takes_them():
    async with studio() as made:
        await made.call()
        first, killed_at = made.pid(), time.monotonic()
        os.kill(first, signal.SIGKILL)
        await made.until(lambda: made.of(ports.RoomLost))
        assert time.monotonic() - killed_at < 1.0
        made.told.clear()
        made.link.open_room(SESSION, 60)
        seeker = await made.join(SEEKER, epoch=2)
        supporter = await made.join(SUPPORTER, epoch=2)
        seeker.send(OPUS, b"x")
        await supporter.wait_for(lambda: supporter.received_count == 1)
        assert made.pid() != first
        assert made.of(ports.RoomLost) == []


async def test_a_room_may_be_opened_again_from_within_the_news_of_its_loss():
    async with studio() as made:
        made.link.open_room(SESSION, 60)
        await started(made)
        listen = made.link._on_event

        def reopen(event):
            listen(event)
            if isinstance(event, ports.RoomLost):
                made.link.open_room(SESSION, 60)
                made.link.connect(SESSION, SEEKER, 2, BOTH, (SUPPORTER,))

        made.link._on_event = reopen
        os.kill(made.pid(), signal.SIGKILL)
        assert await made.offer(SEEKER, 2)


async def test_the_link_is_alive_while_a_worker_listens():
    async with studio() as made:
        assert not made.link.is_alive
        made.link.open_room(SESSION, 60)
        await started(made)
        assert made.link.is_alive
        os.kill(made.pid(), signal.SIGKILL)
        await made.until(lambda: made.of(ports.RoomLost))
        assert not made.link.is_alive


async def test_a_stopped_worker_is_lost_and_killed():
    async with studio(ttl_s=1.0) as made:
        await started(made)
        made.link.open_room(SESSION, 60)
        first = made.pid()
        os.kill(first, signal.SIGSTOP)
        await made.until(lambda: made.of(ports.RoomLost), within_s=5)
        await until_true(lambda: not is_running(first))


async def test_only_the_rooms_of_the_lost_worker_are_lost():
    async with studio(workers=2) as made:
        await started(made)
        sessions = [SessionId(f"s{number}") for number in range(4)]
        for session in sessions:
            made.link.open_room(session, 60)
            made.link.connect(session, SEEKER, 1, BOTH, (SUPPORTER,))
        await made.until(lambda: len(made.of(ports.OfferMade)) == 4)
        os.kill(made.pid(0), signal.SIGKILL)
        await made.until(lambda: len(made.of(ports.RoomLost)) == 2)
        assert {event.session for event in made.of(ports.RoomLost)} == {"s0", "s2"}
        # While its successor starts, new rooms go to the one that lives.
        made.link.open_room(SessionId("s5"), 60)
        made.link.connect(SessionId("s5"), SEEKER, 1, BOTH, (SUPPORTER,))
        await made.until(lambda: len(made.of(ports.OfferMade)) == 5, within_s=2)


async def test_a_listener_that_fails_costs_no_worker():
    async with studio() as made:
        listen = made.link._on_event

        def fail_once(event):
            made.link._on_event = listen
            raise RuntimeError("a bug of the listener")

        made.link._on_event = fail_once
        made.link.open_room(SESSION, 60)
        made.link.connect(SESSION, SEEKER, 1, BOTH, (SUPPORTER,))
        made.link.connect(SESSION, SUPPORTER, 1, BOTH, (SEEKER,))
        assert await made.offer(SUPPORTER, 1)
        assert made.of(ports.RoomLost) == []


async def test_commands_before_the_first_worker_runs_are_not_lost():
    made = Studio(MediaSettings(workers=1))
    made.link.open_room(SESSION, 60)
    made.link.connect(SESSION, SEEKER, 1, BOTH, (SUPPORTER,))
    running = asyncio.ensure_future(made.link.run())
    assert await made.offer(SEEKER, 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_commands_for_what_is_not_there_are_ignored():
    async with studio() as made:
        made.link.connect(SESSION, SEEKER, 1, BOTH, (SUPPORTER,))
        made.link.answer(SESSION, SEEKER, 1, "v=0")
        made.link.restart(SESSION, SEEKER, 1)
        made.link.disconnect(SESSION, SEEKER)
        made.link.close_room(SESSION)
        made.link.open_room(SESSION, 60)
        made.link.answer(SESSION, SEEKER, 1, "v=0")
        made.link.answer(SESSION, SEEKER, 1, "x" * 1_000_000)
        made.link.restart(SESSION, SEEKER, 1)
        made.link.disconnect(SESSION, SEEKER)
        made.link.connect(SESSION, SEEKER, 1, BOTH, (SUPPORTER,))
        assert await made.offer(SEEKER, 1)
        assert made.of(ports.RoomLost) == []


async def test_ending_the_link_ends_the_workers_and_frees_their_ports():
    async with studio(workers=2) as made:
        listening = await started(made)
        pids = [made.pid(0), made.pid(1)]
    assert len(set(listening)) == 2
    assert all(is_free(port) for port in listening)
    assert not any(is_running(pid) for pid in pids)


async def test_a_port_that_stays_taken_is_told_in_one_sentence():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        async with studio(port=port) as made:
            with pytest.raises(Misconfigured, match=f"^UDP port {port} on 127.0.0.1 is taken$"):
                await started(made)


async def test_an_address_that_is_not_ours_is_told_in_one_sentence():
    async with studio(host="192.0.2.1") as made:
        with pytest.raises(Misconfigured, match=r"^UDP port 0 on 192.0.2.1 cannot be opened"):
            await started(made)


async def test_a_flood_of_packets_starves_neither_commands_nor_heartbeats():
    async with studio(ttl_s=2.0) as made:
        (port,) = await started(made)
        is_over = threading.Event()

        def flood():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                while not is_over.is_set():
                    udp.sendto(b"\x80\x60" + bytes(1_000), ("127.0.0.1", port))

        flooding = threading.Thread(target=flood)
        flooding.start()
        try:
            made.link.open_room(SESSION, 60)
            since = time.monotonic()
            for epoch in range(1, 31):
                made.link.connect(SESSION, SEEKER, epoch, BOTH, (SUPPORTER,))
                await made.offer(SEEKER, epoch)
                await asyncio.sleep(0.1)
            assert time.monotonic() - since < 15
        finally:
            is_over.set()
            flooding.join()
        assert made.of(ports.RoomLost) == []


# ---- nodes that are gone ---------------------------------------------------------------------------------------------

NODE = """
import asyncio, sys
import structlog
from orchestrator.clock import SystemClock
from workers.media import wire
from workers.media_link import MediaLink, MediaSettings

structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))

async def main():
    link = MediaLink(MediaSettings(workers=1, ttl_s=1.0), SystemClock(), lambda event: None)
    running = asyncio.ensure_future(link.run())
    (port,) = await link.started()
    print(port, link._workers[0].process.pid, flush=True)
    await running

asyncio.run(main())
"""


async def test_a_node_whose_loop_was_held_says_for_how_long():
    async with studio(ttl_s=1.2) as made:
        await started(made)
        with capture_logs() as lines:
            time.sleep(0.8)  # noqa: ASYNC251 - this is what holds it
            await until_true(lambda: "node.late" in [each["event"] for each in lines])
        assert max(each.get("late_s", 0) for each in lines) >= 0.5


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
async def test_a_node_that_is_gone_leaves_no_worker_and_no_port_behind(number):
    node = await asyncio.create_subprocess_exec(
        sys.executable, "-c", NODE, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        line = await asyncio.wait_for(node.stdout.readline(), START_S)
        port, pid = map(int, line.split())
        assert not is_free(port)
        node.send_signal(number)
        await until_true(lambda: is_free(port), within_s=4)
        await until_true(lambda: not is_running(pid))
    finally:
        with suppress(ProcessLookupError):
            node.kill()
        await node.wait()


# ---- several people -------------------------------------------------------------------------------------------------

SEATS = (SEEKER, SUPPORTER, SeatId("companion-1"), SeatId("companion-2"))
SHARING = BOTH | {"screen"}


@pytest.mark.parametrize("count", [3, 4])
async def test_several_hear_and_see_each_other_and_one_screen(count):
    seats = SEATS[:count]
    async with studio() as made:
        made.link.open_room(SESSION, 60.0)
        clients = {seat: await made.join(seat, functions=SHARING, seats=seats) for seat in seats}
        clients[SUPPORTER].send(SCREEN, b"screen")
        for number in range(20):
            for seat, client in clients.items():
                client.send(OPUS, b"sound of %s" % seat.encode())
                client.send(VP8, b"%s %d" % (seat.encode(), number))
        for seat, client in clients.items():
            expected = 40 * (count - 1) + (seat != SUPPORTER)
            await client.wait_for(lambda: client.received_count >= expected)  # noqa: B023 - waited for here
            places = {
                ssrc: place for place, types in client.places.items() for ssrc in types.values()
            }
            for packet in client.received:
                whose = (
                    b"screen" if places[packet.ssrc] == "screen" else places[packet.ssrc].encode()
                )
                assert whose in packet.payload
            assert client.received_count == expected
        await made.until(lambda: made.of(ports.RoomFlowing))


# ---- IPv6 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "clients"),
    [("::1", ("::1", "::1")), ("::", ("::1", "127.0.0.1")), ("::", ("127.0.0.1", "127.0.0.1"))],
)
async def test_a_call_flows_over_ipv6_and_between_ipv6_and_ipv4(host, clients):
    async with studio(host=host) as made:
        made.link.open_room(SESSION, 60.0)
        seeker = await made.join(SEEKER, host=clients[0])
        supporter = await made.join(SUPPORTER, host=clients[1])
        seeker.send(OPUS, b"hello")
        supporter.send(VP8, b"picture")
        await supporter.wait_for(lambda: supporter.received_count == 1)
        await seeker.wait_for(lambda: seeker.received_count == 1)
        seeker.rebind()
        seeker.send(OPUS, b"from another port")
        await supporter.wait_for(lambda: supporter.received_count == 2)
        await seeker.wait_for(lambda: seeker.counters["probes"] >= 1)


# ---- how the lines are ----------------------------------------------------------------------------------------------


async def test_the_lines_of_a_room_are_known_while_it_is_open():
    async with studio() as made:
        assert made.link.lines(SESSION) == {}
        seeker, supporter = await made.call()
        seeker.send(OPUS, bytes(1_000))
        await supporter.wait_for(lambda: supporter.received_count == 1)

        def measured(seat):
            return made.link.lines(SESSION).get(seat, ports.Line()).measured

        await until_true(lambda: any(sample.up_bps for sample in measured(SEEKER)))
        assert any(sample.down_bps for sample in measured(SUPPORTER))
        told = ports.PageSample(made.link._clock.now(), missing=0.1, rtt_ms=20.0, frozen_s=0.5)
        made.link.note_page(SESSION, SEEKER, told)
        made.link.note_page(SessionId("of-another"), SEEKER, told)
        assert made.link.lines(SESSION)[SEEKER].told == (told,)
        assert made.link.lines(SESSION, told.at)[SEEKER].told == ()
        for _ in range(TOLD_KEPT):
            made.link.note_page(SESSION, SEEKER, replace(told, missing=0.2))
        kept = made.link.lines(SESSION)[SEEKER].told
        assert [each.missing for each in kept] == [0.2] * TOLD_KEPT
        made.link.close_room(SESSION)
        assert made.link._lines == {}
        assert made.link.lines(SESSION) == {}


async def test_a_minute_of_each_line_is_kept_and_nothing_of_other_workers_rooms():
    async with studio() as made:
        await started(made)
        made.link.open_room(SESSION, 60.0)
        (worker,) = made.link._workers.values()
        for second in range(70):
            legs = [
                wire.LegStatistics(
                    session=session,
                    seat="seeker",
                    media_epoch=1,
                    up_bps=second,
                    down_bps=0,
                    loss_up=None,
                    loss_down=0.5,
                    rtt_ms=None,
                    jitter_ms=3.0,
                )
                for session in (SESSION, "of-another")
            ]
            made.link._heard(worker, wire.Statistics(legs=tuple(legs)))
        line = made.link.lines(SESSION)[SEEKER].measured
        assert [sample.up_bps for sample in line] == list(range(10, 70))
        assert made.link.lines(SESSION, line[-1].at)[SEEKER].measured == ()
        assert (line[-1].loss_up, line[-1].loss_down, line[-1].jitter_ms) == (None, 0.5, 3.0)
        assert made.link.lines(SessionId("of-another")) == {}
        assert list(made.link._lines) == [SESSION]
