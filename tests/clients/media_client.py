"""A browser's media side without a browser: ICE checks, DTLS, SRTP, over one UDP socket.

DTLS and SRTP are aiortc's and pylibsrtp's own, not ours, so that two mistakes of ours cannot cancel each other. Times
are CLOCK_MONOTONIC seconds, as the media worker uses them.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
import struct
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from aioice import stun
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from pylibsrtp import Session

OPUS, VP8, RTX = 111, 96, 97
SCREEN, SCREEN_RTX = 98, 99
CHECK_INTERVAL_S = 2.5
KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Received:
    """An RTP packet that came through."""

    at: float
    payload_type: int
    sequence_number: int
    timestamp: int
    ssrc: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Handover:
    """What it takes to speak in a client's place."""

    socket: socket.socket
    """Still the client's, and closed by it."""
    server: tuple[str, int]
    sending: Session
    receiving: Session


class _Pipe:
    """What RTCDtlsTransport takes for its ICE transport; `controlled` makes it the DTLS client."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self.send = send
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def _recv(self) -> bytes:
        data = await self.queue.get()
        if data is None:
            raise ConnectionError
        return data

    async def _send(self, data: bytes) -> None:
        self.send(data)


class MediaClient:
    """One participant's connection.

    Use: `client = MediaClient()`, `sdp = client.answer(offer)`, give `sdp` to the server, `await client.connect()`,
    then `send`; what comes is in `received`. `close()` in the end.
    """

    def __init__(self, host: str = "127.0.0.1", certificate: RTCCertificate | None = None) -> None:
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)
        self.received: deque[Received] = deque(maxlen=KEPT)
        self.rtcp: deque[bytes] = deque(maxlen=KEPT)
        self.received_count = 0
        self.last_received_at: float | None = None
        self.profile: bytes | None = None
        self.counters: Counter[str] = Counter()
        self.is_answering_probes = True
        self.takes_rtx = True
        self.check_interval_s = CHECK_INTERVAL_S
        self.ssrcs = {
            each: 1 + secrets.randbelow(2**32 - 1) for each in (OPUS, VP8, RTX, SCREEN, SCREEN_RTX)
        }
        self.offered_ssrcs: dict[int, int] = {}
        """Of the first place."""
        self.places: dict[str, dict[int, int]] = {}
        """Whom we may receive, in order, and a `screen` where there may be one: payload type -> SSRC."""
        self._sequence_numbers = {each: secrets.randbelow(2**15) for each in self.ssrcs}
        self._host = host
        self._certificate = certificate or RTCCertificate.generateCertificate()
        self._loop = asyncio.get_running_loop()
        self._sockets: list[socket.socket] = []
        self._server: tuple[str, int] | None = None
        self._remote = ("", "")
        self._fingerprint = ""
        self._pipe = _Pipe(self._send)
        self._dtls: RTCDtlsTransport | None = None
        self._checked = asyncio.Event()
        self._arrived = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self.rebind()

    # ---- signalling -------------------------------------------------------------------------------------------------

    def answer(self, offer: str) -> str:
        """Take an offer (the first, or one of an ICE restart) and write the answer."""
        value = re.search(r"^a=ice-ufrag:(\S+)\r?\na=ice-pwd:(\S+)", offer, re.MULTILINE)
        assert value, "the offer has ICE credentials"
        if self._remote[0] and self._remote[0] != value[1]:
            self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)
        self._remote = (value[1], value[2])
        candidates = re.findall(
            r"^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host", offer, re.MULTILINE
        )
        candidate = next(
            (each for each in candidates if (":" in each[0]) == (":" in self._host)), None
        )
        fingerprint = re.search(r"^a=fingerprint:sha-256 (\S+)", offer, re.MULTILINE)
        assert candidate, "the offer says where"
        assert fingerprint, "the offer says who"
        self._server, self._fingerprint = (candidate[0], int(candidate[1])), fingerprint[1]
        self._read_places(offer)
        self._checked.clear()
        own = next(
            each.value
            for each in self._certificate.getFingerprints()
            if each.algorithm == "sha-256"
        )
        transport = (
            f"c=IN IP4 0.0.0.0\r\na=ice-ufrag:{self.ufrag}\r\na=ice-pwd:{self.password}\r\n"
            f"a=fingerprint:sha-256 {own}\r\na=setup:active\r\na=rtcp-mux\r\n"
        )
        sections, mids = [], re.findall(r"^a=mid:(\S+)", offer, re.MULTILINE)
        for mid in mids:
            if mid.startswith("a"):
                types = f"audio 9 UDP/TLS/RTP/SAVPF {OPUS}"
            else:
                picture, rtx = (SCREEN, SCREEN_RTX) if mid == "s" else (VP8, RTX)
                types = f"video 9 UDP/TLS/RTP/SAVPF {picture}" + f" {rtx}" * self.takes_rtx
            direction = "sendrecv" if mid in ("a", "v", "s") else "recvonly"
            sections.append(f"m={types}\r\na=mid:{mid}\r\na={direction}\r\n{transport}")
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
            f"a=group:BUNDLE {' '.join(mids)}\r\n{''.join(sections)}"
        )

    def _read_places(self, offer: str) -> None:
        self.places = {}
        for section in re.split(r"^m=", offer, flags=re.MULTILINE)[1:]:
            types = [int(each) for each in section.split("\r\n", 1)[0].split()[3:]]
            named = [int(each) for each in re.findall(r"^a=ssrc:(\d+) ", section, re.MULTILINE)]
            whose = re.search(r"^a=msid:(\S+)", section, re.MULTILINE)
            assert whose, "every section says whose it is"
            self.places.setdefault(whose[1], {}).update(zip(types, named, strict=True))
        self.offered_ssrcs = next(iter(self.places.values()))

    # ---- transport --------------------------------------------------------------------------------------------------

    async def connect(self, timeout_s: float = 10.0) -> None:
        """Check until the server answers, then shake hands; returns when media may be sent."""
        async with asyncio.timeout(timeout_s):
            await self.check()
            self._dtls = RTCDtlsTransport(cast(Any, self._pipe), [self._certificate])
            await self._dtls.start(
                RTCDtlsParameters([RTCDtlsFingerprint("sha-256", self._fingerprint)])
            )
        assert self._dtls.state == "connected", self._dtls.state
        self.profile = self._dtls._ssl.get_selected_srtp_profile()

    async def check(self) -> None:
        """Send nominating checks until one is answered; more follow by themselves."""
        while not self._checked.is_set():
            self._check()
            try:
                await asyncio.wait_for(self._checked.wait(), 0.1)
            except TimeoutError:
                continue
        self._keep_checking()

    def _keep_checking(self) -> None:
        self.stop_checking()
        self._timer = self._loop.call_later(self.check_interval_s, self._check_again)

    def _check_again(self) -> None:
        self._check()
        self._keep_checking()

    def stop_checking(self) -> None:
        """Send no more checks by itself."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
        message = stun.Message(
            stun.Method.BINDING,
            stun.Class.REQUEST,
            attributes={
                "USERNAME": f"{self._remote[0]}:{self.ufrag}",
                "PRIORITY": 1,
                "ICE-CONTROLLING": 2**64
                - 1,  # in a conflict of roles a full agent gives way (RFC 8445 §7.3.1.1)
                "USE-CANDIDATE": None,
            },
        )
        message.add_message_integrity(self._remote[1].encode())
        self._send(bytes(message))

    def rebind(self) -> None:
        """Go on from another port, as after a NAT has forgotten us; the old one is deaf from now on."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        udp.bind((self._host, 0))
        udp.setblocking(False)
        if self._sockets:
            self._loop.remove_reader(self._sockets[-1].fileno())
        self._sockets.append(udp)
        self._loop.add_reader(udp.fileno(), self._on_readable, udp)

    @property
    def address(self) -> tuple[str, int]:
        """Where this client sends from now."""
        return cast(tuple[str, int], self._sockets[-1].getsockname())

    def _send(self, data: bytes) -> None:
        assert self._server is not None, "answer() comes first"
        try:
            self._sockets[-1].sendto(data, self._server)
        except OSError:
            self.counters["send_dropped"] += 1

    def hand_over(self) -> Handover:
        """Leave the packets to somebody else, who sends and receives from now on; our checks go on."""
        assert self._server is not None, "connect() comes first"
        assert self._dtls is not None, "connect() comes first"
        self._loop.remove_reader(self._sockets[-1].fileno())
        return Handover(self._sockets[-1], self._server, self._dtls._tx_srtp, self._dtls._rx_srtp)

    def close(self) -> None:
        """Be gone without a word, as a killed page is."""
        self.stop_checking()
        if self._dtls is not None and self._dtls._task is not None:
            self._dtls._task.cancel()
        if self._sockets:
            self._loop.remove_reader(self._sockets[-1].fileno())
        for udp in self._sockets:
            udp.close()
        self._sockets.clear()

    # ---- media ------------------------------------------------------------------------------------------------------

    def rtp(self, payload_type: int, payload: bytes, *, timestamp: int | None = None) -> bytes:
        """The next packet of one of our tracks, in clear."""
        number = self._sequence_numbers[payload_type] = self.next_number(payload_type)
        clock = 48_000 if payload_type == OPUS else 90_000
        stamp = int(time.monotonic() * clock) if timestamp is None else timestamp
        header = struct.pack(
            "!BBHLL", 0x80, payload_type, number, stamp & 0xFFFF_FFFF, self.ssrcs[payload_type]
        )
        return header + payload

    def next_number(self, payload_type: int) -> int:
        """The sequence number that the next packet of a track has."""
        return (self._sequence_numbers[payload_type] + 1) & 0xFFFF

    def protect(self, packet: bytes) -> bytes:
        """Encrypt a packet with this connection's keys."""
        assert self._dtls is not None, "connect() comes first"
        return cast(bytes, self._dtls._tx_srtp.protect(packet))

    def send(self, payload_type: int, payload: bytes) -> None:
        """Send the next packet of one of our tracks."""
        self._send(self.protect(self.rtp(payload_type, payload)))

    def send_protected(self, packet: bytes) -> None:
        """Send a packet that is encrypted already, or garbage."""
        self._send(packet)

    def send_rtcp(self, packet: bytes) -> None:
        """Send an RTCP packet, which is given in clear."""
        assert self._dtls is not None, "connect() comes first"
        self._send(self._dtls._tx_srtp.protect_rtcp(packet))

    async def wait_for(self, is_true: Callable[[], bool], timeout_s: float = 5.0) -> None:
        """Wait until something about what was received is true; looked at after each datagram."""
        async with asyncio.timeout(timeout_s):
            while not is_true():
                self._arrived.clear()
                await self._arrived.wait()

    def _on_readable(self, udp: socket.socket) -> None:
        for _ in range(64):
            try:
                data = udp.recv(2048)
            except BlockingIOError:
                break
            except OSError:
                break
            self._receive(data)
        self._arrived.set()

    def _receive(self, data: bytes) -> None:
        first = data[0]
        if first < 2:
            self._receive_stun(data)
        elif 20 <= first < 64:
            self.counters["dtls"] += 1
            self._pipe.queue.put_nowait(data)
        elif 128 <= first < 192 and self._dtls is not None and self._dtls._rx_srtp is not None:
            if 192 <= data[1] <= 223:
                self.rtcp.append(self._dtls._rx_srtp.unprotect_rtcp(data))
            else:
                self._receive_rtp(data)

    def _receive_rtp(self, data: bytes) -> None:
        now = time.monotonic()
        assert self._dtls is not None, "checked by the caller"
        plain = self._dtls._rx_srtp.unprotect(data)
        _, second, number, timestamp, ssrc = struct.unpack_from("!BBHLL", plain)
        self.received.append(
            Received(now, second & 0x7F, number, timestamp, ssrc, bytes(plain[12:]))
        )
        self.received_count += 1
        self.last_received_at = now

    def _receive_stun(self, data: bytes) -> None:
        message = stun.parse_message(data)
        if message.message_class == stun.Class.RESPONSE:
            if message.check_message_integrity(self._remote[1].encode()):
                self.counters["checks_answered"] += 1
                self._checked.set()
        elif message.message_class == stun.Class.REQUEST:
            assert message.check_message_integrity(self.password.encode()), "a probe is signed"
            self.counters["probes"] += 1
            if self.is_answering_probes:
                reply = stun.Message(
                    stun.Method.BINDING,
                    stun.Class.RESPONSE,
                    message.transaction_id,
                    {"XOR-MAPPED-ADDRESS": self._server},
                )
                reply.add_message_integrity(self.password.encode())
                self._send(bytes(reply))
