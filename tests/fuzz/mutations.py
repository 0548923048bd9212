"""Datagrams that are nearly right: bytes changed, cut, doubled and spliced. Drawn from the generator that is given."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence

MAX_BYTES = 3_000
BORDERS_16 = (0, 1, 2, 3, 4, 7, 8, 255, 256, 1_500, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF)
FIRST_BYTES = (0, 1, 2, 3, 19, 20, 21, 22, 23, 25, 63, 64, 127, 128, 0x8F, 0x90, 0xBF, 0xC0, 255)
"""The borders between STUN, DTLS, RTP and nothing (RFC 7983 §7)."""
SECOND_BYTES = (0, 96, 97, 98, 99, 111, 127, 191, 192, 200, 201, 205, 206, 223, 224, 239, 255)


def _flip(draw: random.Random, data: bytearray) -> None:
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def _set(draw: random.Random, data: bytearray) -> None:
    data[draw.randrange(len(data))] = draw.choice((0, 1, 127, 128, 255, draw.randrange(256)))


def _head(draw: random.Random, data: bytearray) -> None:
    data[0] = draw.choice(FIRST_BYTES)
    if len(data) > 1:
        data[1] = draw.choice(SECOND_BYTES)


def _length(draw: random.Random, data: bytearray) -> None:
    if len(data) >= 2:
        struct.pack_into("!H", data, draw.randrange(len(data) - 1), draw.choice(BORDERS_16))


def _cut(draw: random.Random, data: bytearray) -> None:
    del data[draw.randrange(len(data) + 1) :]


def _remove(draw: random.Random, data: bytearray) -> None:
    at = draw.randrange(len(data))
    del data[at : at + draw.choice((1, 2, 4, 16))]


def _insert(draw: random.Random, data: bytearray) -> None:
    at = draw.randrange(len(data) + 1)
    data[at:at] = draw.randbytes(draw.choice((1, 2, 4, 16)))


def _repeat(draw: random.Random, data: bytearray) -> None:
    at = draw.randrange(len(data))
    piece = data[at : at + draw.choice((4, 8, 32))]
    data[at:at] = piece * draw.choice((1, 2, 8))


def _lengthen(draw: random.Random, data: bytearray) -> None:
    data += draw.randbytes(draw.choice((1, 3, 4, 64, 1_000, 2_100)))


_CHANGES: tuple[Callable[[random.Random, bytearray], None], ...] = (
    _flip,
    _flip,
    _set,
    _set,
    _head,
    _length,
    _length,
    _cut,
    _remove,
    _insert,
    _repeat,
    _lengthen,
)


def mutate(draw: random.Random, data: bytes, others: Sequence[bytes] = ()) -> bytes:
    """Change a datagram in one to four places, or join it with another one."""
    changed = bytearray(data)
    if others and draw.random() < 0.1:
        other = draw.choice(others)
        changed = changed[: draw.randrange(len(changed) + 1)]
        changed += other[draw.randrange(len(other) + 1) :]
    for _ in range(draw.choice((1, 1, 2, 3, 4))):
        if not changed:
            break
        draw.choice(_CHANGES)(draw, changed)
    return bytes(changed[:MAX_BYTES])
