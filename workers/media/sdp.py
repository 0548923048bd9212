"""The offer that the worker makes and the few lines of the answer that it reads. PURE.

The server offers: one audio and one video section for each other person, one more for a shared screen, BUNDLE, fixed
payload types, ICE-lite, no trickle (JSEP, RFC 9429; ICE, RFC 8445 §2.5). The answer comes from a browser page and is
not trusted: `parse_answer` takes what it needs and refuses the rest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from workers.media.rtp import OPUS, RTX, SCREEN, SCREEN_RTX, SEND_TIME_ID, VP8

MAX_ANSWER_BYTES = 65_536
"""An answer of Chromium to our offer has about 3 kB."""
MAX_FINGERPRINTS = 4

TRANSPORT_WIDE_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"

_ICE_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")
_ICE_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
"""RFC 8839 §5.4."""
_FINGERPRINT = re.compile(
    r"(sha-256|sha-384|sha-512) ((?:[0-9a-f]{2}:){31,63}[0-9a-f]{2})", re.IGNORECASE
)
"""RFC 8122 §5; weaker digests are not taken."""
_SECTION = re.compile(r"m=(?:audio|video) (\d{1,5}) [A-Z/]+((?: \d{1,3})+)")
"""RFC 8866 §9; port 0 is a section that was refused."""


class MalformedAnswer(ValueError):
    """The answer lacks what a media connection needs."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address at which browsers reach this worker."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class OfferedPlace:
    """Somebody whom the browser may receive, and under which SSRCs."""

    seat: str
    audio: int
    video: int
    rtx: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the worker needs of a browser's answer."""

    ufrag: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]
    """Digest name and value, each."""
    payload_types: frozenset[int] = frozenset()
    """What the browser takes, in any section that it did not refuse."""


def offer(
    *,
    origin: int,
    version: int,
    ufrag: str,
    password: str,
    fingerprint: str,
    candidates: Sequence[Candidate],
    places: Sequence[OfferedPlace],
    screen: tuple[int, int] | None = None,
) -> str:
    """Write the offer of one leg.

    Args:
        origin: session id of the `o=` line, below 2^63; the same for all offers of a leg.
        version: counts the offers of the leg.
        ufrag: our ICE user fragment.
        password: our ICE password.
        fingerprint: SHA-256 of our certificate.
        candidates: where we listen, best first.
        places: who may be received, at least one; the first one's sections carry the browser's own tracks up.
        screen: SSRCs of a shared screen's picture and of its RTX; None: nobody may share one.
    """
    with_several = len(places) > 1
    transport = [
        "c=IN IP4 0.0.0.0",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        f"a=ice-ufrag:{ufrag}",
        f"a=ice-pwd:{password}",
        f"a=fingerprint:sha-256 {fingerprint}",
        "a=setup:actpass",
        f"a=extmap:{SEND_TIME_ID} {SEND_TIME}"
        if with_several
        else f"a=extmap:3 {TRANSPORT_WIDE_CC}",
    ]
    # From end to end the sender's own estimate is the best; of several receivers only the worst one's counts.
    feedback = "goog-remb" if with_several else "transport-cc"
    listening = [
        f"a=candidate:{index} 1 udp {2_130_706_431 - index} {at.host} {at.port} typ host"
        for index, at in enumerate(candidates, 1)
    ]
    sections: list[str] = []
    mids: list[str] = []
    for number, place in enumerate(places):
        suffix, direction = (str(number), "sendonly") if number else ("", "sendrecv")
        mids += [f"a{suffix}", f"v{suffix}"]
        sections += [
            *_sound(place, feedback, f"a{suffix}", direction, transport),
            *listening,
            "a=end-of-candidates",
            *_picture(
                f"a=msid:{place.seat} {place.seat}-video",
                (VP8, RTX),
                (place.video, place.rtx),
                feedback,
                [*transport, f"a=mid:v{suffix}", f"a={direction}"],
            ),
            *listening,
            "a=end-of-candidates",
        ]
    if screen is not None:
        mids.append("s")
        sections += [
            *_picture(
                "a=msid:screen screen-video",
                (SCREEN, SCREEN_RTX),
                screen,
                feedback,
                [*transport, "a=mid:s", "a=sendrecv"],
            ),
            *listening,
            "a=end-of-candidates",
        ]
    lines = [
        "v=0",
        f"o=- {origin} {version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        f"a=group:BUNDLE {' '.join(mids)}",
        "a=msid-semantic: WMS *",
        *sections,
    ]
    return "\r\n".join(lines) + "\r\n"


def _sound(
    place: OfferedPlace, feedback: str, mid: str, direction: str, transport: Sequence[str]
) -> list[str]:
    return [
        f"m=audio 9 UDP/TLS/RTP/SAVPF {OPUS}",
        *transport,
        f"a=mid:{mid}",
        f"a={direction}",
        f"a=msid:{place.seat} {place.seat}-audio",
        f"a=rtpmap:{OPUS} opus/48000/2",
        f"a=fmtp:{OPUS} minptime=10;useinbandfec=1",
        f"a=rtcp-fb:{OPUS} {feedback}",
        f"a=ssrc:{place.audio} cname:madoguchi",
    ]


def _picture(
    msid: str,
    payload_types: tuple[int, int],
    ssrcs: tuple[int, int],
    feedback: str,
    transport: Sequence[str],
) -> list[str]:
    vp8, rtx = payload_types
    return [
        f"m=video 9 UDP/TLS/RTP/SAVPF {vp8} {rtx}",
        *transport,
        msid,
        f"a=rtpmap:{vp8} VP8/90000",
        f"a=rtcp-fb:{vp8} nack",
        f"a=rtcp-fb:{vp8} nack pli",
        f"a=rtcp-fb:{vp8} {feedback}",
        f"a=rtpmap:{rtx} rtx/90000",
        f"a=fmtp:{rtx} apt={vp8}",
        f"a=ssrc-group:FID {ssrcs[0]} {ssrcs[1]}",
        f"a=ssrc:{ssrcs[0]} cname:madoguchi",
        f"a=ssrc:{ssrcs[1]} cname:madoguchi",
    ]


def parse_answer(sdp: str) -> Answer:
    """Read ICE credentials and fingerprints of the first section that has them; BUNDLE makes them those of all.

    A browser that bundles may write port 0 only where it refuses a section (RFC 9143 §7.3).

    Raises:
        MalformedAnswer: something is missing or not well-formed, or the browser wants to be the DTLS server.
    """
    if len(sdp) > MAX_ANSWER_BYTES:
        raise MalformedAnswer("too long")
    first: dict[str, str] = {}
    payload_types: set[int] = set()
    fingerprints: dict[tuple[str, str], None] = {}
    for line in sdp.splitlines():
        name, _, value = line.partition(":")
        if name in ("a=ice-ufrag", "a=ice-pwd", "a=setup"):
            first[name] = first.get(name) or value
        elif name == "a=fingerprint" and (match := _FINGERPRINT.fullmatch(value)):
            fingerprints[match[1].lower(), match[2].upper()] = None
        elif (match := _SECTION.fullmatch(line)) and match[1] != "0":
            payload_types |= set(map(int, match[2].split()))
    ufrag, password = first.get("a=ice-ufrag", ""), first.get("a=ice-pwd", "")
    if not _ICE_UFRAG.fullmatch(ufrag) or not _ICE_PASSWORD.fullmatch(password):
        raise MalformedAnswer("no ICE credentials")
    if not 0 < len(fingerprints) <= MAX_FINGERPRINTS:
        raise MalformedAnswer("no usable fingerprint")
    if first.get("a=setup", "") not in ("active", ""):
        raise MalformedAnswer("the browser must be the DTLS client")
    return Answer(ufrag, password, tuple(fingerprints), frozenset(payload_types))
