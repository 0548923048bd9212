"""The two other ways in: the answer that a page writes, and the lines between node and worker."""

from __future__ import annotations

import random
import time

from tests.fuzz.mutations import mutate
from tests.fuzz.switch import Disturbed
from workers.media import wire
from workers.media.sdp import MAX_ANSWER_BYTES, Answer, MalformedAnswer, parse_answer

SLOW_S = 0.5
"""More for one text of a bounded size would be a way to stop the worker, not the load of the machine."""
PIECES = (
    "a=ice-ufrag:" + "x" * 300,
    "a=ice-pwd:",
    "a=fingerprint:sha-256 " + ":".join(["0a"] * 33),
    "a=fingerprint:sha-1 " + ":".join(["0a"] * 20),
    "a=setup:passive",
    "a=fmtp:97 apt=-1",
    "a=rtpmap:99999999999999999999 rtx/90000",
    "a=rtcp-fb:* " * 50,
    "m=video 9 UDP/TLS/RTP/SAVPF " + "97 " * 400,
    "\u2028\x0b\x1c\x85",
    "a=mid:\ud7ff",
    "a=",
)


def answer(draw: random.Random, captured: str) -> str:
    """An answer with lines changed, doubled, left out and put elsewhere."""
    lines = captured.split("\r\n")
    for _ in range(draw.randrange(1, 8)):
        at = draw.randrange(len(lines))
        match draw.randrange(6):
            case 0 if len(lines) > 1:
                del lines[at]
            case 1:
                lines.insert(draw.randrange(len(lines)), lines[at])
            case 2:
                lines.insert(at, draw.choice(PIECES))
            case 3 if draw.random() < 0.02:
                lines[at] *= draw.choice((2, 50, 5_000))
            case _:
                changed = mutate(draw, lines[at].encode() or b"a")
                lines[at] = changed.decode(errors="replace")
    return draw.choice(("\r\n", "\r\n", "\n", "\r")).join(lines)


def read_answer(sdp: str) -> bool:
    """Read an answer; whether it was taken.

    Raises:
        Disturbed: it was neither taken nor refused as it should, or it took its time.
    """
    began = time.monotonic()
    try:
        taken = parse_answer(sdp)
    except MalformedAnswer:
        return False
    finally:
        if time.monotonic() - began > SLOW_S:
            raise Disturbed(f"an answer of {len(sdp)} characters took too long: {sdp[:200]!r}")
    if not _is_sane(taken) or len(sdp) > MAX_ANSWER_BYTES:
        raise Disturbed(f"taken: {taken}")
    return True


def _is_sane(taken: Answer) -> bool:
    words = (taken.ufrag, taken.password, *(each for pair in taken.fingerprints for each in pair))
    return all(word.isascii() and word.isprintable() and len(word) <= 256 for word in words)


def stream(draw: random.Random, lines: tuple[bytes, ...]) -> bytes:
    """Some lines of the link, one of them changed, as they would come in pieces."""
    said = [draw.choice(lines) for _ in range(draw.randrange(1, 4))]
    at = draw.randrange(len(said))
    said[at] = mutate(draw, said[at])
    return b"".join(said)


def read_stream(draw: random.Random, data: bytes) -> bool:
    """Read what an end of the link says; whether it was understood. Nothing but `LinkBroken` may come of it."""
    lines, understood = wire.Lines(), True
    while data:
        cut = draw.randrange(1, len(data) + 1)
        piece, data = data[:cut], data[cut:]
        try:
            complete = lines.feed(piece)
        except wire.LinkBroken:
            return False
        for line in complete:
            understood &= _is_understood(line)
    return understood


def _is_understood(line: bytes) -> bool:
    for parse in (wire.parse_command, wire.parse_report):
        try:
            parse(line)
        except wire.LinkBroken:
            continue
        return True
    return False
