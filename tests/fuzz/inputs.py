"""What an attacker sends: datagrams with a way of dressing them up and a place that they seem to come from.

An input is plain bytes and survives a change of keys: what it cannot know, the user name of a check or the SSRCs that
were offered, stands in it as a mark, and is put in when it is sent.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from aioice import stun

from tests.clients.media_client import OPUS, RTX, VP8
from tests.fuzz.mutations import mutate
from tests.fuzz.switch import CALM, SEATS, STRANGERS, World
from workers.media.ice import Address
from workers.media.rtp import HEADER

USERNAME_MARK = b"<the user's name>"
"""As long as what takes its place, for the length stands before it."""
OFFERED_MARK = 0xFFAA_5500
"""Plus an index: the SSRCs that the offer names, in their order."""
OWN_SSRCS = (0x0101_0101, 0x0202_0202, 0x0303_0303, 0x0404_0404)
KINDS = (OPUS, VP8, RTX, 98, 99)
UNKNOWN_KINDS = (0, 34, 72, 76, 95, 100, 127)


class Dress(Enum):
    """What is done with an input's bytes before they are sent."""

    RAW = 0
    """Nothing: whoever sends it has no secret."""
    SIGNED = 1
    """They are a STUN message, and get its signature and its mark."""
    ANSWER = 2
    """They are a STUN message that answers our own question, signed with the browser's password."""
    RTP = 3
    """They are encrypted as RTP with the right keys."""
    RTCP = 4


@dataclass(frozen=True, slots=True)
class Input:
    """One datagram to be."""

    dress: Dress
    place: int
    """Which of `PLACES` it seems to come from."""
    data: bytes


PLACES: list[Address] = [
    SEATS["rough"]["attacker"],
    *STRANGERS,
    *SEATS[CALM].values(),
]
CALM_PLACES = range(len(PLACES) - len(SEATS[CALM]), len(PLACES))
"""Addresses of the calm call, forged."""


def as_bytes(given: Input) -> bytes:
    """An input as guided fuzzing keeps it: dress, place, data."""
    return bytes((given.dress.value, given.place)) + given.data


def from_bytes(kept: bytes) -> Input:
    """The input that any bytes stand for."""
    dress, place = kept[:2].ljust(2, b"\0")
    return Input(Dress(dress % len(Dress)), place, kept[2:])


class Secrets(Protocol):
    """What an attacker knows who is a person of the call."""

    @property
    def offered_ssrcs(self) -> Sequence[int]:
        """What the offer named, in its order."""

    @property
    def username(self) -> str:
        """Of checks."""

    @property
    def password(self) -> bytes:
        """The server's."""

    @property
    def own_password(self) -> bytes:
        """The browser's."""

    @property
    def asked(self) -> bytes:
        """The transaction of the last question that the server asked; empty: it asked none."""

    def protected(self, packet: bytes) -> bytes:
        """The packet encrypted with our keys, or as it is when even libsrtp does not take it."""

    def protected_rtcp(self, packet: bytes) -> bytes:
        """The same for RTCP."""


def dressed(given: Input, secrets: Secrets) -> bytes:
    """The datagram that comes of an input."""
    data = given.data
    for index, ssrc in enumerate(secrets.offered_ssrcs):
        data = data.replace(struct.pack("!L", OFFERED_MARK + index), struct.pack("!L", ssrc))
    match given.dress:
        case Dress.SIGNED:
            username = secrets.username.encode()
            assert len(username) == len(USERNAME_MARK), "or no check of ours would be a good one"
            data = data.replace(USERNAME_MARK, username)
            return signed(data, secrets.password)
        case Dress.ANSWER:
            if secrets.asked:
                data = data[:8] + secrets.asked + data[20:]
            return signed(data, secrets.own_password)
        case Dress.RTP:
            return secrets.protected(data)
        case Dress.RTCP:
            return secrets.protected_rtcp(data)
        case Dress.RAW:
            return data


def attack(world: World, given: Input) -> None:
    """Send an input into a world.

    Raises:
        Disturbed: it did what none may do.
    """
    address = PLACES[given.place % len(PLACES)]
    if given.dress is Dress.ANSWER:
        address = world.asked_at or address
    is_secret_known = given.dress is not Dress.RAW
    world.put(dressed(given, world.attacker), address, is_secret_known=is_secret_known)


def signed(message: bytes, password: bytes) -> bytes:
    """Sign what may be a STUN message; it need not be a good one."""
    if len(message) < stun.HEADER_LENGTH or len(message) > 60_000:
        return message
    message += bytes(-len(message) % 4)
    message += struct.pack("!HH", 0x0008, 20) + stun.message_integrity(message, password)
    mark = stun.message_fingerprint(stun.set_body_length(message, len(message) - 20))
    message += struct.pack("!HHL", 0x8028, 4, mark)
    return stun.set_body_length(message, len(message) - 20)


def stun_message(kind: int, attributes: Sequence[tuple[int, int | None, bytes]]) -> bytes:
    """A message without signature.

    Args:
        kind: method and class.
        attributes: type, length or None for the right one, value.
    """
    body = b"".join(
        struct.pack("!HH", name, len(value) if length is None else length)
        + value
        + bytes(-len(value) % 4)
        for name, length, value in attributes
    )
    return struct.pack("!HHL", kind, len(body) & 0xFFFF, stun.COOKIE) + b"transaction!" + body


CHECK = stun_message(
    0x0001,
    [
        (0x0006, None, USERNAME_MARK),
        (0x0024, None, bytes(4)),
        (0x802A, None, bytes(8)),
        (0x0025, None, b""),
    ],
)
PROBE_ANSWER = stun_message(0x0101, [(0x0020, None, b"\0\1" + bytes(6))])


# ---- drawn ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Captures:
    """What real clients have sent through a real port."""

    datagrams: tuple[bytes, ...]
    """Checks, DTLS, SRTP and SRTCP as they were on the wire."""
    rtp: tuple[bytes, ...]
    """In clear."""
    rtcp: tuple[bytes, ...]
    """In clear."""
    answers: tuple[str, ...]
    """SDP."""
    lines: tuple[bytes, ...]
    """Of the link between node and worker, both ways."""


def drawn(draw: random.Random, captures: Captures) -> Input:
    """A mutated capture, dressed in one of the ways."""
    place = draw.randrange(len(PLACES))
    match draw.randrange(10):
        case 0 | 1 | 2 | 3:
            data = mutate(draw, draw.choice(captures.datagrams), captures.datagrams)
            return Input(Dress.RAW, place, data)
        case 4:
            return Input(Dress.SIGNED, place, _changed(draw, CHECK))
        case 5:
            return Input(Dress.ANSWER, place, _changed(draw, PROBE_ANSWER))
        case 6 | 7:
            return Input(Dress.RTP, draw.choice((0, 0, 0, place)), _rtp(draw, captures.rtp))
        case _:
            return Input(Dress.RTCP, draw.choice((0, 0, 0, place)), _rtcp(draw, captures.rtcp))


def _changed(draw: random.Random, message: bytes) -> bytes:
    """The message as it is, or with changed attributes; its head mostly stays."""
    if draw.random() < 0.3:
        return message
    if draw.random() < 0.1:
        return mutate(draw, message)
    return message[:20] + mutate(draw, message[20:])


def _rtp(draw: random.Random, captured: Sequence[bytes]) -> bytes:
    """RTP with a sane head and anything behind it, or a capture with anything changed."""
    plain = draw.choice(captured)
    if draw.random() < 0.3:
        return mutate(draw, plain)
    first = 0x80 | draw.choice((0, 0, 0x10, 0x20, 0x30)) | draw.choice((0, 0, 0, 1, 15))
    kind = draw.choice((*KINDS, *KINDS, draw.choice(UNKNOWN_KINDS))) | draw.choice((0, 0x80))
    head = HEADER.pack(
        first, kind, draw.getrandbits(16), draw.getrandbits(32), draw.choice(OWN_SSRCS)
    )
    rest = draw.choice((plain[12:], b"\xbe\xde\0\1\x32\0\0\0" + plain[12:], draw.randbytes(20)))
    return head + (mutate(draw, rest) if rest and draw.random() < 0.7 else rest)


def _rtcp(draw: random.Random, captured: Sequence[bytes]) -> bytes:
    """One to three RTCP packets whose counts and lengths may lie."""
    compound = b""
    for _ in range(draw.choice((1, 1, 2, 3))):
        if draw.random() < 0.4:
            compound += draw.choice(captured)
            continue
        ssrcs = [draw.choice((OFFERED_MARK + draw.randrange(8), *OWN_SSRCS)) for _ in range(2)]
        body = struct.pack("!LL", *ssrcs) + draw.randbytes(draw.choice((0, 4, 8, 16, 24, 48, 200)))
        words = draw.choice((len(body) // 4, len(body) // 4, draw.randrange(64), 0xFFFF))
        head = struct.pack("!BBH", 0x80 | draw.randrange(64), draw.randint(199, 208), words)
        compound += head + body
    return mutate(draw, compound) if draw.random() < 0.3 else compound
