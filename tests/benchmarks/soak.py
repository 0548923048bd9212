"""Joining and leaving for half an hour, through a real node and its worker: does anything grow? (`make soak`).

Lanes book one short call after the other. Two people come and hear each other; then, in turn, one loses the socket and
comes back, one asks for a new media connection, both go without a word, both stay to the end. Twice everything is let
run out and looked at: after a warm-up, and in the end. What has grown in between with the number of calls is a leak:
then the exit status is 1.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiortc import RTCCertificate

from tests.benchmarks.processes import open_files, rss_kb
from tests.chaos.nodes import (
    Node,
    a_folder,
    ending,
    free_tcp_port,
    is_alive,
    start_demo,
    until,
    workers_of,
)
from tests.clients.room_client import RoomClient

SLOT, CUTOFF, GRACE = "14s", "8s", "4s"
TTL_S = "20"
"""A node that counts all its objects is silent meanwhile, on a busy machine for seconds."""
LANES = 8
WARM_SHARE = 0.2
"""Of the time: caches fill, code is loaded, the allocator takes what it will keep."""
QUIET_TIMEOUT_S = 150.0
"""A node keeps a session that has ended in its hands for a minute."""

MEMORY_KB = 4_000
MEMORY_KB_A_CALL = 1.0
"""What a process may grow without a leak, for the allocator has moods; what stays of a call stands in the store."""
OBJECTS = 20
OBJECTS_A_CALL = 0.02
BOUNDED = {"signaling.audience.Departed": 2_000}
"""What fills up to a bound of its own, and how far."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Node and worker at one quiet moment."""

    rss_kb: Mapping[str, float]
    files: Mapping[str, int]
    objects: Mapping[str, int]
    """Living objects of the node, by class."""
    tables: Mapping[str, int]
    """Rooms and legs of the worker."""
    blocks: int
    """Blocks of memory that the node's Python has handed out: exact, where RSS is not."""


class Soak:
    """One node, and people who come and go.

    Args:
        node: started by `tests.benchmarks.watched`.
        told: the file in which it says what it holds.
    """

    def __init__(self, node: Node, told: Path) -> None:
        self.node = node
        self.calls = self.missed = 0
        self._told = told
        self._numbers = itertools.count(1)
        self._certificate = RTCCertificate.generateCertificate()
        self._pids = {"node": node.pid, "worker": workers_of(node.pid)[0], "store": node.store_pid}

    async def run(self, seconds: float, lanes: int) -> None:
        """Let people come and go for so long, and the last ones to their end."""
        ends_at = time.monotonic() + seconds

        async def lane() -> None:
            while time.monotonic() < ends_at:
                await self._call(next(self._numbers))

        async with asyncio.TaskGroup() as tasks:
            for _ in range(lanes):
                tasks.create_task(lane())
            tasks.create_task(self._tell(ends_at))

    async def _tell(self, ends_at: float) -> None:
        while time.monotonic() < ends_at:
            alive = {name: pid for name, pid in self._pids.items() if is_alive(pid)}
            sizes = ", ".join(f"{name} {rss_kb([pid]):.0f} kB" for name, pid in alive.items())
            say(f"  {time.strftime('%H:%M:%S')} {self.calls} calls; {sizes}")
            await asyncio.sleep(min(60, max(0.0, ends_at - time.monotonic())))

    async def _call(self, number: int) -> None:
        starts_at = datetime.now(UTC) + timedelta(seconds=3)
        links = (await self.node.book(starts_at.isoformat(), number))["links"]
        async with self._person(links["seeker"]) as seeker, self._person(links["supporter"]) as one:
            try:
                await self._play(number % 4, seeker, one)
            except AssertionError:
                self.missed += (
                    1  # on a busy machine a call is over before everything has happened in it
                )
        self.calls += 1

    async def _play(self, story: int, seeker: RoomClient, one: RoomClient) -> None:
        await asyncio.gather(seeker.hears(), one.hears())
        if story == 0:
            seeker.cut_line()
            await seeker.until(lambda: not seeker.is_connected, "cut off")
            await seeker.until(lambda: seeker.is_connected, "back")
        elif story == 1:
            before = seeker.media_epoch
            await seeker.say("renew_media")
            await seeker.hears(beyond_epoch=before)
        if story != 2:
            await one.until(lambda: one.phase == "ended", "ended", 60)

    def _person(self, link: str) -> RoomClient:
        return RoomClient(link, packets_per_s=20, certificate=self._certificate, is_frugal=True)

    async def quiet(self) -> Seen:
        """Wait until the worker has no room and the node no session in its hands, and look."""
        gives_up_at = time.monotonic() + QUIET_TIMEOUT_S
        while True:
            told = await self._ask()
            is_quiet = not any(told["workers"].values()) and not told["objects"].get(ACTOR)
            if is_quiet or time.monotonic() > gives_up_at:
                break
            await asyncio.sleep(1)
        worker = self._pids["worker"]
        assert workers_of(self.node.pid) == [worker], "the worker was lost, and another one started"
        return Seen(
            {name: rss_kb([pid]) for name, pid in self._pids.items()},
            {name: open_files(pid) for name, pid in self._pids.items() if name != "store"},
            told["objects"],
            told["workers"],
            told["blocks"],
        )

    async def _ask(self) -> dict[str, Any]:
        self._told.unlink(missing_ok=True)
        self.node.signal(signal.SIGUSR1)
        await until(self._told.exists, "told", timeout_s=30)
        return dict(json.loads(self._told.read_text()))


ACTOR = "orchestrator.actor.Actor"


def grown(before: Seen, after: Seen, calls: int) -> Iterator[str]:
    """What has grown more than it may, in words."""
    for name in ("node", "worker"):
        more = after.rss_kb[name] - before.rss_kb[name]
        if more > MEMORY_KB + MEMORY_KB_A_CALL * calls:
            yield f"memory of the {name}: {more:.0f} kB more"
    yield from grown_tables(before, after)
    for name, more in (Counter(after.objects) - Counter(before.objects)).most_common():
        if after.objects[name] > BOUNDED.get(name, 0) and more > OBJECTS + OBJECTS_A_CALL * calls:
            yield f"{name}: {more} more"


def grown_tables(before: Seen, after: Seen) -> Iterator[str]:
    """What is exact: file descriptors, rooms and legs."""
    for name, files in after.files.items():
        if files > before.files[name]:
            yield f"file descriptors of the {name}: {before.files[name]}, then {files}"
    for name, size in after.tables.items():
        if size:
            yield f"the worker still has {size} {name}"


def table(before: Seen, after: Seen, calls: int) -> list[str]:
    """Before and after, as Markdown."""
    lines = ["| what | after the warm-up | in the end | a call |", "| --- | --- | --- | --- |"]
    rows = {
        f"RSS of the {name}, kB": (before.rss_kb[name], after.rss_kb[name]) for name in after.rss_kb
    }
    rows |= {
        f"file descriptors of the {name}": (before.files[name], after.files[name])
        for name in after.files
    }
    rows |= {
        f"{name} of the worker": (before.tables[name], after.tables[name]) for name in after.tables
    }
    rows["blocks of memory of the node"] = before.blocks, after.blocks
    sums = sum(before.objects.values()), sum(after.objects.values())
    rows["objects of ours in the node"] = sums
    for name, more in (Counter(after.objects) - Counter(before.objects)).most_common(5):
        rows[name] = before.objects.get(name, 0), before.objects.get(name, 0) + more
    for name, (then, now) in rows.items():
        lines.append(f"| {name} | {then:.0f} | {now:.0f} | {(now - then) / max(1, calls):+.3f} |")
    return lines


async def soak(minutes: float, lanes: int) -> int:
    """Run it; the exit status."""
    async with a_folder() as data, AsyncExitStack() as stack:
        told = data / "held.json"
        node = await start_demo(
            data,
            free_tcp_port(),
            slot=SLOT,
            cutoff=CUTOFF,
            grace=GRACE,
            starts_in="50m",
            environment={
                "MADOGUCHI_LOG_LEVEL": "warning",
                "MADOGUCHI_MEDIA_PORT": "0",
                "MADOGUCHI_NODE_TTL_S": TTL_S,
            },
            program=("-m", "tests.benchmarks.watched", str(told)),
        )
        await stack.enter_async_context(ending(node))
        soaking = Soak(node, told)
        await soaking.run(60 * minutes * WARM_SHARE, lanes)
        before, warm = await soaking.quiet(), soaking.calls
        say(f"warmed up with {warm} calls")
        await soaking.run(60 * minutes * (1 - WARM_SHARE), lanes)
        after, calls = await soaking.quiet(), soaking.calls - warm
        missed = soaking.missed
    wrong = list(grown(before, after, calls))
    print(
        f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}; {calls} calls in {minutes:g} minutes less the warm-up\n"
    )
    print("\n".join(table(before, after, calls)))
    print(f"\n{missed} calls, the warm-up's too, were over before everything had happened in them")
    print("\n" + ("\n".join(wrong) if wrong else "nothing has grown"))
    return 1 if wrong else 0


def say(words: str) -> None:
    """Progress, to standard error."""
    print(words, file=sys.stderr, flush=True)


def main() -> int:
    """Soak, and say what has grown."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__.splitlines()[0])
    minutes = float(os.environ.get("SOAK_MINUTES", "30"))
    parser.add_argument("--minutes", type=float, default=minutes)
    parser.add_argument("--lanes", type=int, default=LANES, help="calls at the same time")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the node must not outlive us
    try:
        return asyncio.run(soak(given.minutes, given.lanes))
    except KeyboardInterrupt:
        say("interrupted")
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
