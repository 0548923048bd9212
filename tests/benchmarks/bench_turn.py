"""A turn of the port with warm and with cold caches: `python -m tests.benchmarks.bench_turn [--turns 300]`.

For whoever works on the forwarding loop: one process, no worker, no browser, no root; libsrtp and the kernel's sockets
are real. Between two turns as much memory is written as `--megabytes` says, so that what the loop needs has to come
from further away, as in a worker that sleeps between its turns (ADR 16). One line for each size: microseconds of a
turn, medians, by what came in it.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence

import structlog

from tests.workers.media.hand_made import Client, Wired, drain, rtp
from workers.media.room import Room
from workers.media.rtp import OPUS, VP8

LINE_BYTES = 64
"""Of a processor's cache."""
PICTURE = b"p" * 1_072
SOUND, SIGHT = 7, 8
"""SSRCs, the same for everybody."""
Turn = Callable[[random.Random, Sequence[Client]], list[tuple[Client, int]]]
"""Draws who sends what: clients and payload types, in order."""
TURNS: dict[str, Turn] = {
    "1 sound": lambda draw, all_of_them: [(draw.choice(all_of_them), OPUS)],
    "12 of one": lambda draw, all_of_them: [(draw.choice(all_of_them), OPUS)] * 12,
    "12 of twelve": lambda draw, all_of_them: [(one, OPUS) for one in draw.sample(all_of_them, 12)],
    "2 pictures, 2 sounds": lambda draw, all_of_them: [
        (one, kind)
        for one, kind, pieces in zip(
            draw.sample(all_of_them, 4), (VP8, VP8, OPUS, OPUS), (5, 5, 1, 1), strict=True
        )
        for _ in range(pieces)
    ],
}


def rooms_of(wired: Wired, rooms: int) -> list[Client]:
    """Everybody in so many rooms of two at one port."""
    for number in range(1, rooms):
        wired.room = Room(f"s{number}", closes_at=wired.now + 3_600)
        for seat in wired.seats:
            wired.add(seat).check()
    return wired.clients


def measure(rooms: int, megabytes: int, turns: int) -> dict[str, float]:
    """Microseconds of a turn, median, by what came in it."""
    wired, draw = Wired(), random.Random(1)
    clients = rooms_of(wired, rooms)
    numbers = dict.fromkeys(((client, kind) for client in clients for kind in (OPUS, VP8)), 0)
    memory = bytearray(max(1, megabytes << 20))
    written = bytes(len(memory[::LINE_BYTES]))

    def send(client: Client, kind: int) -> None:
        number = numbers[client, kind] = numbers[client, kind] + 1
        packet = (
            rtp(number, ssrc=SOUND)
            if kind == OPUS
            else rtp(number, ssrc=SIGHT, payload_type=VP8, payload=PICTURE)
        )
        client.send_bytes(client.sending.protect(packet))

    for client, kind in list(numbers):
        send(client, kind)
        wired.take()
    took: dict[str, list[float]] = {name: [] for name in TURNS}
    for _ in range(turns):
        wired.now += 0.1
        wired.port.tick(wired.now)
        for name, drawn in TURNS.items():
            for client, kind in drawn(draw, clients):
                send(client, kind)
            memory[::LINE_BYTES] = written
            began = time.perf_counter()
            wired.take()
            took[name].append(time.perf_counter() - began)
            for client in clients:
                drain(client.socket)
    wired.close()
    return {name: 1e6 * statistics.median(seconds) for name, seconds in took.items()}


def main() -> None:
    """Measure with each size, and print."""
    arguments = argparse.ArgumentParser(prog="bench_turn", description=__doc__.splitlines()[0])
    arguments.add_argument("--rooms", type=int, default=20)
    arguments.add_argument("--turns", type=int, default=300)
    arguments.add_argument("--megabytes", type=int, nargs="+", default=[0, 4, 40])
    options = arguments.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    for megabytes in options.megabytes:
        median = measure(options.rooms, megabytes, options.turns)
        print(f"{megabytes:3} MB:", ", ".join(f"{name} {us:.0f} µs" for name, us in median.items()))


if __name__ == "__main__":
    main()
