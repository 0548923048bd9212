"""How late is an end? 200 calls that end at one instant, real RTP through the real workers (`make bench-end`).

Everybody goes on sending after `ends_at`, each in a phase of its own, so that whatever the workers still let through
shows up as a late last packet. Measured at each of the 400 participants, from `ends_at`:

- *last packet*: when the last forwarded packet arrived; up to one interval early, for nobody sends without a pause;
- *it was sent*: when the youngest packet had been sent that was let through; above 0 something came through too late;
- *close message*: when `time_is_up` arrived.

The anchor is a bare asyncio loop in a process of its own that rings as many timers at the same instant on the same
machine: what an end costs that has nothing to do; it wakes ten times a second, as a node does. The participants share
one process, which the operating system gives no more than the node: on a busy machine the table shows that as well.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiortc import RTCCertificate

from tests.chaos.nodes import Node, a_folder, ending, free_tcp_port, monotonic_of, start_demo
from tests.clients.room_client import RoomClient

SEATS = ("seeker", "supporter")
TARGET_MS = 100.0
AT_ONCE = 8
"""Bookings and arrivals at the same time: a crowd at the door is another benchmark."""
SETTLED_S = 1.0
"""After the end, until what is still on its way has arrived."""

ANCHOR = """
import asyncio, json, sys, time
count, at = int(sys.argv[1]), float(sys.argv[2])
async def main():
    loop, late = asyncio.get_running_loop(), []
    done = asyncio.Event()
    def ring():
        late.append((time.monotonic() - at) * 1000)
        if len(late) == count:
            done.set()
    for _ in range(count):
        loop.call_at(at, ring)
    while not done.is_set():
        await asyncio.sleep(0.1)  # as any busy loop does: epoll may oversleep by a thousandth of a long wait
    print(json.dumps(late))
asyncio.run(main())
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table, in milliseconds."""

    name: str
    values: Sequence[float]

    def percentile(self, percent: int) -> float:
        """By nearest rank."""
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * percent // 100) - 1))]

    def line(self, anchor_p99: float) -> str:
        """The row as text."""
        p50, p99, most = self.percentile(50), self.percentile(99), max(self.values)
        ratio = f"{p99 / anchor_p99:8.1f}" if min(p99, anchor_p99) > 0 else f"{'–':>8}"
        return f"{self.name:<24}{len(self.values):>6}{p50:>10.1f}{p99:>10.1f}{most:>10.1f}{ratio}"


async def hold(sessions: int, packets_per_s: float, lead_s: float, slot_s: int) -> list[Row]:
    """Hold all calls to their end.

    Args:
        sessions: how many.
        packets_per_s: of each participant, in one direction.
        lead_s: from the first booking to the start; people arrive meanwhile.
        slot_s: length of the calls; the first half is for letting everybody in.

    Returns:
        The rows, the anchor last.
    """
    async with a_folder() as data, AsyncExitStack() as stack:
        node = await start_demo(
            data,
            free_tcp_port(),
            starts_in="1s",
            slot=f"{slot_s}s",
            cutoff=f"{slot_s - 10}s",
            grace="10s",
            environment={
                "MADOGUCHI_MEDIA_WORKERS": str(os.cpu_count() or 1),
                "MADOGUCHI_LOG_LEVEL": "warning",
            },
        )
        await stack.enter_async_context(ending(node))
        starts_at = (datetime.now(UTC) + timedelta(seconds=lead_s)).replace(microsecond=0)
        say(f"node is up; {sessions} sessions from {starts_at:%H:%M:%S} for {slot_s} s")
        links = await book(node, sessions, starts_at)
        ends_at = monotonic_of(starts_at + timedelta(seconds=slot_s))
        people = await arrive(stack, links, packets_per_s, ends_at - slot_s, slot_s / 2)
        anchor = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", ANCHOR, str(sessions), str(ends_at)),
            stdout=asyncio.subprocess.PIPE,
        )
        await flow(people, ends_at)
        await asyncio.sleep(max(0.0, ends_at + SETTLED_S - time.monotonic()))
        await asyncio.gather(
            *(person.until(lambda p=person: p.ended_at, "over") for person in people)
        )
        rung, _ = await anchor.communicate()
        outcomes = [(await node.session(link["id"]))["outcome"] for link in links]
        say(f"{outcomes.count('completed')} of {sessions} ended as completed")
        return rows(people, ends_at, json.loads(rung))


async def book(node: Node, sessions: int, starts_at: datetime) -> list[dict[str, str]]:
    """Book the sessions, each with people of its own; their links, and their ids under `id`."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> dict[str, str]:
        async with places:
            booked = await node.book(starts_at.isoformat(), number)
            return {"id": booked["id"], **booked["links"]}

    return list(await asyncio.gather(*(one(number) for number in range(1, sessions + 1))))


async def arrive(
    stack: AsyncExitStack,
    links: Sequence[dict[str, str]],
    packets_per_s: float,
    starts_at: float,
    spread_s: float,
) -> list[RoomClient]:
    """Bring everybody to their lobby; they are let in one room after the other, over `spread_s` from the start."""
    certificate = RTCCertificate.generateCertificate()
    people: list[RoomClient] = []
    for number, link in enumerate(links):
        pair = [
            RoomClient(
                link[seat],
                packets_per_s=packets_per_s,
                certificate=certificate,
                is_frugal=True,
                seed=len(people) + place,
            )
            for place, seat in enumerate(SEATS)
        ]
        for person in pair:
            person.admits_at = starts_at + spread_s * number / len(links)
            await stack.enter_async_context(person)
        people += pair
        if number % AT_ONCE == AT_ONCE - 1:
            await asyncio.gather(
                *(person.until(lambda p=person: p.phase, "let in") for person in people)
            )
    return people


async def flow(people: Sequence[RoomClient], ends_at: float) -> None:
    """Wait until everybody hears somebody; say how long before the end that was."""
    await asyncio.gather(*(person.hears(timeout_s=ends_at - time.monotonic()) for person in people))
    say(f"all {len(people)} hear each other, {ends_at - time.monotonic():.1f} s before the end")


def rows(people: Sequence[RoomClient], ends_at: float, rung: Sequence[float]) -> list[Row]:
    """The measured lines."""

    def late(moments: Sequence[float]) -> list[float]:
        return [(moment - ends_at) * 1000 for moment in moments]

    return [
        Row("last packet", late([person.last_received_at or 0.0 for person in people])),
        Row("  it was sent", late([person.newest_sent_at for person in people])),
        Row("close message", late([person.time_is_up_at or float("inf") for person in people])),
        Row("anchor: bare timers", rung),
    ]


def say(words: str) -> None:
    """Progress, to standard error."""
    print(words, file=sys.stderr, flush=True)


def main() -> int:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="bench_end", description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--packets-per-s", type=float, default=10.0)
    parser.add_argument("--lead", type=float, default=40.0, help="seconds for people to arrive")
    parser.add_argument("--slot", type=int, default=60, help="seconds that the calls last")
    given = parser.parse_args()
    before = os.getloadavg()[0]
    table = asyncio.run(hold(given.sessions, given.packets_per_s, given.lead, given.slot))
    anchor = table[-1].percentile(99)
    print(f"\n{'from ends_at, ms':<24}{'n':>6}{'p50':>10}{'p99':>10}{'max':>10}{'p99/anc':>8}")
    for row in table:
        print(row.line(anchor))
    print(
        f"\n{given.sessions} sessions, {given.packets_per_s:g} packets/s each way, {os.cpu_count()} cores,"
    )
    print(
        f"load before {before:.1f}, after {os.getloadavg()[0]:.1f}; target p99 < {TARGET_MS:.0f} ms"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
