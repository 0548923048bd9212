"""CPU of a media worker alone: `python -m tests.benchmarks.bench_forward [--rooms 20] [--seconds 8]`.

For whoever works on the worker: no node, no Janus, no root. The rooms are opened over the real link, the clients are
connected over ICE and DTLS, the load is that of `bench_media`. One line of JSON a run; take several, and the median.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import chain
from pathlib import Path

from aiortc import RTCCertificate

from orchestrator import ports
from orchestrator.clock import SystemClock
from orchestrator.policy.model import SEEKER, SUPPORTER, SeatId, SessionId
from tests.benchmarks.bench_media import VARIANTS, WARM_S, percentile
from tests.benchmarks.load import Load, Shape
from tests.benchmarks.processes import cores, cpu_s, on_core
from tests.clients.media_client import MediaClient
from workers.media_link import MediaLink, MediaSettings

FUNCTIONS = frozenset({"audio", "video"})
CONNECTING_AT_ONCE = 8


class Rooms:
    """Rooms with two clients each, at one worker."""

    def __init__(self) -> None:
        self.link = MediaLink(
            MediaSettings(workers=1, log_level="warning"), SystemClock(), self._hear
        )
        self._certificate = RTCCertificate.generateCertificate()
        self._offers: dict[tuple[SessionId, SeatId, int], asyncio.Future[str]] = {}
        self._gate = asyncio.Semaphore(CONNECTING_AT_ONCE)

    def _hear(self, event: ports.MediaEvent) -> None:
        if isinstance(event, ports.OfferMade):
            self._offers.pop((event.session, event.seat, event.media_epoch)).set_result(event.sdp)
        elif isinstance(event, ports.RoomLost):
            raise SystemExit("the worker died")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        """Run the worker; its process id."""
        running = asyncio.ensure_future(self.link.run())
        try:
            await self.link.started()
            process = self.link._workers[0].process
            assert process is not None, "it has started"
            yield process.pid
        finally:
            running.cancel()
            await asyncio.wait([running])

    async def join(self, session: SessionId, seat: SeatId, media_epoch: int = 1) -> MediaClient:
        """Connect one person; their room is opened when it is not there."""
        async with self._gate:
            offer = asyncio.get_running_loop().create_future()
            self._offers[session, seat, media_epoch] = offer
            self.link.open_room(session, 3_600)
            other = SUPPORTER if seat == SEEKER else SEEKER
            self.link.connect(session, seat, media_epoch, FUNCTIONS, (other,))
            client = MediaClient(certificate=self._certificate)
            self.link.answer(session, seat, media_epoch, client.answer(await offer))
            await client.connect(timeout_s=30)
            return client

    async def pair(self, session: SessionId) -> tuple[MediaClient, MediaClient]:
        """Connect both."""
        return await asyncio.gather(self.join(session, SEEKER), self.join(session, SUPPORTER))


async def measure(load: Load, rooms: int, seconds: float, shape: Shape) -> dict[str, float]:
    """One run."""
    all_rooms = Rooms()
    load_core, worker_core = cores()
    async with AsyncExitStack() as stack:
        with on_core(worker_core):
            pid = await stack.enter_async_context(all_rooms.running())
        sessions = [SessionId(f"room-{number}") for number in range(rooms)]
        for client in chain(*await asyncio.gather(*map(all_rooms.pair, sessions))):
            stack.callback(client.close)
            load.add(client)
        stack.callback(load.forget)
        with on_core(load_core):
            await load.run(WARM_S, shape)
            load.ways_s()
            before = cpu_s([pid])
            counts = await load.run(seconds, shape)
            spent = cpu_s([pid]) - before
            ways = load.ways_s()
    return {
        "rooms": rooms,
        "sent": counts.sent,
        "received": counts.received,
        "refused": counts.refused,
        "us_a_packet": round(1e6 * spent / max(1, counts.received), 1),
        "cpu_percent": round(100 * spent / seconds, 1),
        "added_ms_p50": round(1e3 * percentile(ways, 50), 2),
        "added_ms_p99": round(1e3 * percentile(ways, 99), 2),
    }


def main() -> None:
    """Run as often as asked; one line of JSON each."""
    arguments = argparse.ArgumentParser(prog="bench_forward", description=__doc__.splitlines()[0])
    arguments.add_argument("--rooms", type=int, default=20)
    arguments.add_argument("--seconds", type=float, default=8)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--variant", choices=VARIANTS, default="plain")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="mg-bench-") as scratch:
        load = Load(Path(scratch))
        for _ in range(options.runs):
            run = measure(load, options.rooms, options.seconds, VARIANTS[options.variant])
            print(json.dumps(asyncio.run(run)), flush=True)


if __name__ == "__main__":
    main()
