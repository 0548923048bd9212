"""The offer that the worker makes and the few lines of the answer that it reads. PURE.

The server offers: one audio and one video section, BUNDLE, fixed payload types, ICE-lite, no trickle (JSEP, RFC 9429;
ICE, RFC 8445 §2.5). The answer comes from a browser page and is not trusted: `parse_answer` takes what it needs and
refuses the rest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from workers.media.rtp import OPUS, RTX, VP8

MAX_ANSWER_BYTES = 65_536
"""An answer of Chromium to our offer has about 3 kB."""
MAX_FINGERPRINTS = 4

TRANSPORT_WIDE_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

_ICE_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")
_ICE_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
"""RFC 8839 §5.4."""
_FINGERPRINT = re.compile(
    r"(sha-256|sha-384|sha-512) ((?:[0-9a-f]{2}:){31,63}[0-9a-f]{2})", re.IGNORECASE
)
"""RFC 8122 §5; weaker digests are not taken."""


class MalformedAnswer(ValueError):
    """The answer lacks what a media connection needs."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address at which browsers reach this worker."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class OfferedSsrcs:
    """The SSRCs that the browser will receive."""

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


def offer(
    *,
    origin: int,
    version: int,
    ufrag: str,
    password: str,
    fingerprint: str,
    candidates: Sequence[Candidate],
    ssrcs: OfferedSsrcs,
) -> str:
    """Write the offer of one leg.

    Args:
        origin: session id of the `o=` line, below 2^63; the same for all offers of a leg.
        version: counts the offers of the leg.
        ufrag: our ICE user fragment.
        password: our ICE password.
        fingerprint: SHA-256 of our certificate.
        candidates: where we listen, best first.
        ssrcs: what the browser will receive.
    """
    transport = [
        "c=IN IP4 0.0.0.0",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        f"a=ice-ufrag:{ufrag}",
        f"a=ice-pwd:{password}",
        f"a=fingerprint:sha-256 {fingerprint}",
        "a=setup:actpass",
        "a=sendrecv",
        f"a=extmap:3 {TRANSPORT_WIDE_CC}",
    ]
    listening = [
        f"a=candidate:{index} 1 udp {2_130_706_431 - index} {at.host} {at.port} typ host"
        for index, at in enumerate(candidates, 1)
    ]
    lines = [
        "v=0",
        f"o=- {origin} {version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        "a=group:BUNDLE a v",
        "a=msid-semantic: WMS *",
        f"m=audio 9 UDP/TLS/RTP/SAVPF {OPUS}",
        *transport,
        "a=mid:a",
        "a=msid:remote remote-audio",
        f"a=rtpmap:{OPUS} opus/48000/2",
        f"a=fmtp:{OPUS} minptime=10;useinbandfec=1",
        f"a=rtcp-fb:{OPUS} transport-cc",
        f"a=ssrc:{ssrcs.audio} cname:madoguchi",
        *listening,
        "a=end-of-candidates",
        f"m=video 9 UDP/TLS/RTP/SAVPF {VP8} {RTX}",
        *transport,
        "a=mid:v",
        "a=msid:remote remote-video",
        f"a=rtpmap:{VP8} VP8/90000",
        f"a=rtcp-fb:{VP8} nack",
        f"a=rtcp-fb:{VP8} nack pli",
        f"a=rtcp-fb:{VP8} transport-cc",
        f"a=rtpmap:{RTX} rtx/90000",
        f"a=fmtp:{RTX} apt={VP8}",
        f"a=ssrc-group:FID {ssrcs.video} {ssrcs.rtx}",
        f"a=ssrc:{ssrcs.video} cname:madoguchi",
        f"a=ssrc:{ssrcs.rtx} cname:madoguchi",
        *listening,
        "a=end-of-candidates",
    ]
    return "\r\n".join(lines) + "\r\n"


def parse_answer(sdp: str) -> Answer:
    """Read ICE credentials and fingerprints of the first section that has them; BUNDLE makes them those of all.

    Raises:
        MalformedAnswer: something is missing or not well-formed, or the browser wants to be the DTLS server.
    """
    if len(sdp) > MAX_ANSWER_BYTES:
        raise MalformedAnswer("too long")
    ufrag = password = setup = ""
    fingerprints: dict[tuple[str, str], None] = {}
    for line in sdp.splitlines():
        name, _, value = line.partition(":")
        if name == "a=ice-ufrag":
            ufrag = ufrag or value
        elif name == "a=ice-pwd":
            password = password or value
        elif name == "a=setup":
            setup = setup or value
        elif name == "a=fingerprint" and (match := _FINGERPRINT.fullmatch(value)):
            fingerprints[match[1].lower(), match[2].upper()] = None
    if not _ICE_UFRAG.fullmatch(ufrag) or not _ICE_PASSWORD.fullmatch(password):
        raise MalformedAnswer("no ICE credentials")
    if not 0 < len(fingerprints) <= MAX_FINGERPRINTS:
        raise MalformedAnswer("no usable fingerprint")
    if setup not in ("active", ""):
        raise MalformedAnswer("the browser must be the DTLS client")
    return Answer(ufrag, password, tuple(fingerprints))
