"""Inputs that Hypothesis makes from the grammars of STUN, DTLS, RTP and RTCP, with every length free to lie."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator

from hypothesis import strategies as st

from tests.fuzz.inputs import (
    KINDS,
    OFFERED_MARK,
    OWN_SSRCS,
    PLACES,
    UNKNOWN_KINDS,
    USERNAME_MARK,
    Dress,
    Input,
    stun_message,
)
from tests.fuzz.mutations import mutate
from workers.media.rtp import HEADER

uint8, uint16, uint32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
ssrc = st.sampled_from((*OWN_SSRCS, *(OFFERED_MARK + index for index in range(12)))) | uint32
place = st.integers(0, len(PLACES) - 1)

# ---- STUN -----------------------------------------------------------------------------------------------------------

attribute = st.tuples(
    st.sampled_from((0x0001, 0x0006, 0x0008, 0x0009, 0x0020, 0x0024, 0x0025, 0x8028, 0x802A))
    | uint16,
    st.none() | st.integers(0, 40) | uint16,
    st.just(USERNAME_MARK)
    | st.sampled_from((b"", bytes(4), bytes(8), b"\0\1" + bytes(6), b"\0\2" + bytes(18)))
    | st.binary(max_size=40),
)
stuns = st.builds(
    stun_message,
    st.sampled_from((0x0001, 0x0001, 0x0101, 0x0011, 0x0111, 0x0003)) | st.integers(0, 0x3FFF),
    st.lists(attribute, max_size=6),
).flatmap(
    lambda data: st.builds(
        Input,
        st.sampled_from((Dress.SIGNED, Dress.SIGNED, Dress.ANSWER, Dress.RAW)),
        place,
        st.just(data),
    )
)

# ---- DTLS -----------------------------------------------------------------------------------------------------------


def _record(kind: int, version: int, epoch: int, number: int, length: int, body: bytes) -> bytes:
    return (
        struct.pack("!BHHHLH", kind, version, epoch, number >> 16 & 0xFFFF, number, length) + body
    )


def _fragment(kind: int, length: int, number: int, at: int, size: int, body: bytes) -> bytes:
    return (
        struct.pack("!B", kind)
        + length.to_bytes(3, "big")
        + struct.pack("!H", number)
        + at.to_bytes(3, "big")
        + size.to_bytes(3, "big")
        + body
    )


uint24 = st.integers(0, 200) | st.integers(0, 2**24 - 1)
fragment = st.builds(
    _fragment, st.sampled_from((0, 1, 2, 11, 16, 20, 255)), uint24, uint16, uint24, uint24,
    st.binary(max_size=120),
)  # fmt: skip
record = st.builds(
    _record,
    st.sampled_from((20, 21, 22, 23, 24, 25, 63)),
    st.sampled_from((0xFEFF, 0xFEFD, 0xFEFC, 0x0303)) | uint16,
    st.integers(0, 2) | uint16,
    uint32,
    st.integers(0, 150) | uint16,
    fragment | st.binary(max_size=60),
)
dtls = st.builds(
    lambda where, records: Input(Dress.RAW, where, b"".join(records)),
    place,
    st.lists(record, min_size=1, max_size=3),
)

# ---- RTP ------------------------------------------------------------------------------------------------------------

extension = st.just(b"") | st.builds(
    lambda profile, words, body: struct.pack("!HH", profile, words) + body,
    st.sampled_from((0xBEDE, 0x1000, 0x100F)) | uint16,
    st.integers(0, 4) | uint16,
    st.binary(max_size=20),
)
rtps = st.builds(
    lambda dress, where, flags, kind, number, stamp, source, behind, payload: Input(
        dress, where, HEADER.pack(0x80 | flags, kind, number, stamp, source) + behind + payload
    ),
    st.sampled_from((Dress.RTP, Dress.RTP, Dress.RTP, Dress.RAW)),
    st.just(0) | place,
    st.sampled_from((0, 0x10, 0x20, 0x30)) | st.integers(0, 0x3F),
    st.sampled_from((*KINDS, *UNKNOWN_KINDS)) | uint8,
    uint16,
    uint32,
    ssrc,
    extension,
    st.binary(max_size=60),
)

# ---- RTCP -----------------------------------------------------------------------------------------------------------


def _rtcp(flags: int, kind: int, words: int | None, ssrcs: list[int], body: bytes) -> bytes:
    content = struct.pack(f"!{len(ssrcs)}L", *ssrcs) + body
    length = len(content) // 4 if words is None else words
    return struct.pack("!BBH", 0x80 | flags, kind, length) + content


report = st.builds(
    _rtcp,
    st.sampled_from((0, 1, 2, 4, 15)) | st.integers(0, 0x3F),
    st.sampled_from((200, 201, 202, 203, 204, 205, 206, 207, 192, 223)) | uint8,
    st.none() | st.integers(0, 20) | uint16,
    st.lists(ssrc, max_size=3),
    st.sampled_from((b"", bytes(20), bytes(24), bytes(44), b"REMB\2\0\0\0"))
    | st.binary(max_size=50),
)
rtcps = st.builds(
    lambda dress, where, packets: Input(dress, where, b"".join(packets)),
    st.sampled_from((Dress.RTCP, Dress.RTCP, Dress.RTCP, Dress.RAW)),
    st.just(0) | place,
    st.lists(report, min_size=1, max_size=4),
)

# ---- all of it ------------------------------------------------------------------------------------------------------

inputs = st.lists(st.one_of(stuns, dtls, rtps, rtcps), min_size=1, max_size=12)


def with_mutants(given: Input, count: int) -> Iterator[Input]:
    """The input, and some that are nearly it; they follow from the input, so that it can be played again."""
    yield given
    draw = random.Random(zlib.crc32(given.data) ^ given.place)
    for _ in range(count):
        yield Input(given.dress, given.place, mutate(draw, given.data or b"\0"))
