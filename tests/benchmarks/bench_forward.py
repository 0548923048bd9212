"""CPU of a media worker per forwarded packet: `python -m tests.benchmarks.bench_forward [--rooms 20] [--seconds 8]`.

The load is that of media.md: 140 packets of 1,100 B and 50 of 100 B a second, each way, two people a room, through the
real worker process with ICE, DTLS and AES-256-GCM. Its CPU time is the sum over its threads of what the scheduler
says. The clients share the other core and send no feedback; take several runs, and the median.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path

from aiortc import RTCCertificate

from orchestrator import ports
from orchestrator.clock import SystemClock
from orchestrator.policy.model import SEEKER, SUPPORTER, SeatId, SessionId
from tests.clients.media_client import OPUS, VP8, MediaClient
from workers.media_link import MediaLink, MediaSettings

VIDEO_A_SECOND, AUDIO_A_SECOND = 140, 50
TICKS_A_SECOND = 50
FUNCTIONS = frozenset({"audio", "video"})
CONNECTING_AT_ONCE = 8


def cpu_s(pid: int) -> float:
    """CPU time of a process so far, in seconds."""
    spent = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        spent += int((task / "schedstat").read_text().split()[0])
    return spent / 1e9


class Load:
    """So many rooms with two clients each."""

    def __init__(self, rooms: int) -> None:
        self.link = MediaLink(MediaSettings(workers=1), SystemClock(), self._hear)
        self.clients: list[MediaClient] = []
        self._rooms = rooms
        self._certificate = RTCCertificate.generateCertificate()
        self._offers: dict[tuple[SessionId, SeatId], asyncio.Future[str]] = {}
        self._gate = asyncio.Semaphore(CONNECTING_AT_ONCE)

    def _hear(self, event: ports.MediaEvent) -> None:
        if isinstance(event, ports.OfferMade):
            self._offers[event.session, event.seat].set_result(event.sdp)
        elif isinstance(event, ports.RoomLost):
            raise SystemExit("the worker died")

    async def connect(self) -> None:
        """Bring everybody into their rooms."""
        seats = [
            (SessionId(f"room-{n}"), seat)
            for n in range(self._rooms)
            for seat in (SEEKER, SUPPORTER)
        ]
        await asyncio.gather(*(self._join(session, seat) for session, seat in seats))

    async def _join(self, session: SessionId, seat: SeatId) -> None:
        async with self._gate:
            self._offers[session, seat] = asyncio.get_running_loop().create_future()
            self.link.open_room(session, 3_600)
            other = SUPPORTER if seat == SEEKER else SEEKER
            self.link.connect(session, seat, 1, FUNCTIONS, (other,))
            client = MediaClient(certificate=self._certificate)
            self.clients.append(client)
            self.link.answer(session, seat, 1, client.answer(await self._offers[session, seat]))
            await client.connect(timeout_s=30)

    async def send(self, seconds: float) -> int:
        """Send at the rates above; how many packets were sent."""
        began, sent = time.monotonic(), 0
        for tick in range(int(seconds * TICKS_A_SECOND)):
            video = (
                VIDEO_A_SECOND * (tick + 1) // TICKS_A_SECOND
                - VIDEO_A_SECOND * tick // TICKS_A_SECOND
            )
            for client in self.clients:
                client.send(OPUS, bytes(100 - 12))
                for _ in range(video):
                    client.send(VP8, bytes(1_100 - 12))
                sent += 1 + video
                await asyncio.sleep(0)  # lets packets in, and spreads them over the tick
            await asyncio.sleep(max(0.0, began + (tick + 1) / TICKS_A_SECOND - time.monotonic()))
        return sent


async def measure(rooms: int, seconds: float) -> dict[str, float]:
    """One run."""
    load = Load(rooms)
    running = asyncio.ensure_future(load.link.run())
    await load.link.started()
    await load.connect()
    await load.send(1.0)
    await asyncio.sleep(0.2)  # what is still on its way does not count
    pid = load.link._workers[0].process.pid
    received = sum(client.received_count for client in load.clients)
    cpu, began = cpu_s(pid), time.monotonic()
    sent = await load.send(seconds)
    took = time.monotonic() - began
    await asyncio.sleep(0.2)
    cpu = cpu_s(pid) - cpu
    received = sum(client.received_count for client in load.clients) - received
    running.cancel()
    await asyncio.wait([running])
    for client in load.clients:
        client.close()
    return {
        "rooms": rooms,
        "packets_a_second": round(sent / took),
        "sent": sent,
        "received": received,
        "us_a_packet": round(1e6 * cpu / received, 1),
        "cpu_percent": round(100 * cpu / took, 1),
    }


def main() -> None:
    """Run as often as asked; one line of JSON each."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rooms", type=int, default=20)
    arguments.add_argument("--seconds", type=float, default=8)
    arguments.add_argument("--runs", type=int, default=3)
    options = arguments.parse_args()
    for _ in range(options.runs):
        print(json.dumps(asyncio.run(measure(options.rooms, options.seconds))), flush=True)


if __name__ == "__main__":
    main()
