"""Short cuts of what the benchmarks and the soak say: dense joining and leaving, and the arithmetic of the tables."""

import asyncio
import os
import signal
from dataclasses import replace

import pytest

from orchestrator.policy.model import SEEKER, SessionId
from tests.benchmarks import bench_lines, bench_media, interrupted, soak
from tests.benchmarks.bench_forward import Rooms
from tests.benchmarks.processes import open_files
from tests.chaos.nodes import until
from tests.clients.media_client import OPUS

WARM, DENSE = 2, 12


async def come_and_go(rooms, number):
    """One call with packets both ways; it ends in one of the ways in which calls end."""
    session = SessionId(f"room-{number}")
    clients = list(await rooms.pair(session))
    if number % 3 == 0:
        clients[0].close()
        clients[0] = await rooms.join(session, SEEKER, 2)
    for one, other in (clients, clients[::-1]):
        one.send(OPUS, bytes(80))
        await other.wait_for(lambda other=other: other.received)
    if number % 2:
        for client in clients:
            client.close()  # without a word, and the room is closed over their heads
    rooms.link.close_room(session)
    for client in clients:
        client.close()


async def test_a_worker_holds_nothing_of_those_who_came_and_left():
    rooms = Rooms()
    async with rooms.running() as pid:

        def is_empty():
            counted = rooms.link.counters()
            return counted.get("forwarded") and not counted["legs"] and not counted["rooms"]

        await asyncio.gather(*(come_and_go(rooms, number) for number in range(WARM)))
        await until(is_empty, "empty")
        before = open_files(pid)
        await asyncio.gather(*(come_and_go(rooms, WARM + number) for number in range(DENSE)))
        await until(is_empty, "empty")
        assert open_files(pid) == before


SEEN = soak.Seen(
    rss_kb={"node": 90_000, "worker": 90_000, "store": 8_000},
    files={"node": 29, "worker": 8},
    objects={"workers.media.room.Leg": 4, "signaling.audience.Departed": 10},
    tables={"rooms": 0, "legs": 0},
    blocks=300_000,
)


def test_what_has_not_grown_is_no_leak():
    later = replace(SEEN, rss_kb={"node": 92_000, "worker": 91_000, "store": 20_000})
    assert list(soak.grown(SEEN, later, 500)) == []


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("rss_kb", {"node": 90_000, "worker": 96_000, "store": 8_000}, "memory of the worker"),
        ("files", {"node": 30, "worker": 8}, "descriptors of the node"),
        ("tables", {"rooms": 1, "legs": 0}, "1 rooms"),
        ("objects", {"workers.media.room.Leg": 400}, "workers.media.room.Leg: 396 more"),
    ],
)
def test_what_grows_with_the_calls_is_said(field, value, word):
    [said] = soak.grown(SEEN, replace(SEEN, **{field: value}), 500)
    assert word in said


def test_a_table_with_a_bound_of_its_own_may_fill_up_to_it():
    name = "signaling.audience.Departed"
    assert list(soak.grown(SEEN, replace(SEEN, objects={name: 2_000}), 500)) == []
    assert list(soak.grown(SEEN, replace(SEEN, objects={name: 2_001}), 500)) != []


def row(server, group, us, **more):
    """One measurement."""
    made = bench_media.Row(
        group=group,
        server=server,
        profile="GCM",
        srtp="AEAD-AES-256-GCM",
        variant="plain",
        calls=20,
        us=us,
        us_by_process={},
        packets=1_000,
        delivered=1.0,
        refused=0,
        p50_ms=0.1,
        p99_ms=1.0,
        kb_a_call=200.0,
        kb_by_process={},
        threads=1,
        counts={},
    )
    return replace(made, **more)


def test_a_ratio_is_taken_inside_its_group():
    """The machine of one group may be slower than that of another."""
    rows = [
        row("janus", 0, 40.0),
        row("ours", 0, 16.0),
        row("ours", 1, 48.0),
        row("janus", 1, 120.0),
    ]
    assert bench_media.ratios(rows, [rows[1], rows[2]]) == pytest.approx([0.4, 0.4])
    assert (
        "0.40 × Janus over 2 groups; bar 0.45 (met), aim 0.35 (missed)"
        in bench_media.bars(rows, [])[0]
    )


def test_figures_of_an_overloaded_server_are_marked():
    [_, _, line] = bench_media.table([row("ours", 0, 16.0, delivered=0.9, refused=3)])
    assert "delivered 90 %!" in line
    assert "3 refused!" in line


def test_our_cost_is_told_apart_by_process():
    rows = [
        row(
            "ours",
            group,
            us + 1,
            us_by_process={"worker": us, "node": 1.0},
            kb_by_process={"worker": 200.0, "node": 9.0},
        )
        for group, us in enumerate((15.0, 19.0, 16.0))
    ]
    assert bench_media.parts([*rows, row("janus", 0, 40.0)]) == [
        "ours, GCM, plain: worker 16.0 µs and 200 kB, node 1.0 µs and 9 kB"
    ]


def test_a_percentile_is_one_of_the_values():
    assert bench_media.percentile([1.0, 2.0, 3.0, 4.0], 50) == 2.0
    assert bench_media.percentile([1.0, 2.0, 3.0, 4.0], 99) == 4.0


async def test_what_one_gets_is_counted_against_what_the_other_one_sent():
    counted = {"frozen": 1, "frozen_s": 0.5, "video_bytes": 0, "audio_bytes": 0, "samples": 10}
    pages = [
        {**counted, "decoded": 0, "sent": 0, "concealed": 0},
        {**counted, "decoded": 50, "sent": 100, "concealed": 0, "frozen": None, "frozen_s": None},
    ]

    def page(index):
        async def ask(function):
            if "stamps" in function:
                return {"offered": 1_000 * index, "shown": 1_500}
            now = dict(pages[index])
            pages[index] |= {"decoded": now["decoded"] + 90, "sent": now["sent"] + 100}
            return now

        return ask

    seeker, supporter = await bench_lines.measure([page(0), page(1)], 0.0, 0.0)
    assert (seeker.share, supporter.share) == (0.9, 0.9)
    assert (seeker.first_s, supporter.first_s) == (0.5, 0.5), "from the later offer"
    assert (seeker.freezes, supporter.freezes) == (0, None)


def test_the_bar_of_the_lossy_line_is_said_for_each_way():
    side = bench_lines.Side(0.95, 20.0, None, None, 0.7, 900.0, 38.0, 0.01)
    [line] = [each for each in bench_lines.LINES if each.loss == bench_lines.BAR_LOSS]
    row = bench_lines.Row(line, "Firefox", [side], [replace(side, share=0.85)])
    down, up = bench_lines.verdicts([row])
    assert down == "8 % loss, Firefox, down: 95.0% of the frames; bar 90% met"
    assert up.endswith("85.0% of the frames; bar 90% missed")
    assert "– / –" in row.lines()[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_interrupts_a_benchmark_has_what_was_measured_until_then(number):
    measured = []

    async def measures():
        try:
            measured.append(1)
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            # The browser got the same signal, and is gone.
            raise ConnectionError("closed")

    assert not interrupted.run(measures())
    assert measured == [1]


def test_a_benchmark_that_fails_by_itself_says_so():
    async def fails():
        raise ConnectionError("closed")

    async def works():
        pass

    with pytest.raises(ConnectionError):
        interrupted.run(fails())
    assert interrupted.run(works())
