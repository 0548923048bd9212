"""A room with two hand-made clients: real sockets, real SRTP, and time that moves when the test says so."""

from __future__ import annotations

import os
import select
import socket
import struct
from collections.abc import Callable

from aioice import stun
from pylibsrtp import Policy, Session

from workers.media import rtp as rtp_types
from workers.media import srtp, wire
from workers.media.datagrams import Datagrams, Destination, bind
from workers.media.port import MediaPort
from workers.media.room import Leg, Room
from workers.media.rtp import is_rtcp
from workers.media.sdp import Answer

KEY_BYTES = 44
FUNCTIONS = frozenset({"audio", "video"})
PAIR = ("seeker", "supporter")


def check(
    username: str,
    password: str,
    *,
    nominates: bool = True,
    signed: bool = True,
    fingerprint: bool = True,
) -> stun.Message:
    """A browser's connectivity check."""
    attributes = {"USERNAME": username, "PRIORITY": 1, "ICE-CONTROLLING": 7}
    if nominates:
        attributes["USE-CANDIDATE"] = None
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, attributes=attributes)
    if signed:
        message.add_message_integrity(password.encode())
    else:
        message.add_fingerprint()
    if not fingerprint:
        del message.attributes["FINGERPRINT"]
    return message


def reply(request: stun.Message, password: str) -> bytes:
    """What a browser answers to a probe."""
    message = stun.Message(
        stun.Method.BINDING,
        stun.Class.RESPONSE,
        request.transaction_id,
        {"XOR-MAPPED-ADDRESS": ("127.0.0.1", 1)},
    )
    message.add_message_integrity(password.encode())
    return bytes(message)


def udp() -> socket.socket:
    """A client's socket."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(
        socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20
    )  # for all that a test leaves in it
    made.bind(("127.0.0.1", 0))
    made.setblocking(False)
    return made


def rtp(
    number: int, *, ssrc: int = 7, payload_type: int = 111, payload: bytes = b"x" * 80
) -> bytes:
    """An RTP packet in clear."""
    return (
        struct.pack("!BBHLL", 0x80, payload_type, number & 0xFFFF, number * 960 & 0xFFFF_FFFF, ssrc)
        + payload
    )


class Client:
    """One seat, with keys agreed beforehand, as after DTLS."""

    def __init__(self, wired: Wired, leg: Leg) -> None:
        self.wired = wired
        self.leg = leg
        self.socket = udp()
        sending, receiving = os.urandom(KEY_BYTES), os.urandom(KEY_BYTES)
        self.sending = _session(sending, Policy.SSRC_ANY_OUTBOUND)
        self.receiving = _session(receiving, Policy.SSRC_ANY_INBOUND)
        leg.open(
            srtp.SrtpTransport(
                srtp.SrtpKeys(srtp.AES_256_GCM, receiving=sending, sending=receiving)
            )
        )
        self.password = "b" * 24

    @property
    def address(self):
        return self.socket.getsockname()

    def refuses(self, *payload_types: int) -> None:
        """Answer the offer without these."""
        taken = {rtp_types.OPUS, *rtp_types.REPEATS, *rtp_types.PICTURES} - {*payload_types}
        self.leg.answered(Answer("x" * 4, self.password, (), frozenset(taken)))

    def down(self, payload_type: int, seat: str = ""):
        """The track that gets what the seat (the first other one) sends under that payload type."""
        return self.leg.down.track(seat or self.leg.others[0], payload_type)

    @property
    def credentials(self):
        return self.leg.ice.generations[-1]

    def check(self, *, at: socket.socket | None = None) -> None:
        """Nominate the address of a socket of ours, and answer if we are asked whether it is."""
        credentials, here = self.credentials, at or self.socket
        if at is not None:
            self.wired.port.ice.answered(self.leg.ice, "x", self.password)
        self.send_bytes(bytes(check(f"{credentials.ufrag}:x", credentials.password)), at=at)
        self.wired.pump()
        assert stun.parse_message(here.recv(2048)).message_class == stun.Class.RESPONSE
        if self.leg.address != here.getsockname():
            self.send_bytes(reply(stun.parse_message(here.recv(2048)), self.password), at=at)
            self.wired.pump()

    def send_bytes(self, data: bytes, *, at: socket.socket | None = None) -> None:
        (at or self.socket).sendto(data, self.wired.server)

    def send(self, packet: bytes, *, at: socket.socket | None = None) -> None:
        """Encrypt and send RTP, and let the port work."""
        self.send_bytes(self.sending.protect(packet), at=at)
        self.wired.pump()

    def send_rtcp(self, packet: bytes) -> None:
        """Encrypt and send RTCP, and let the port work."""
        self.send_bytes(self.sending.protect_rtcp(packet))
        self.wired.pump()

    def received(self, *, is_control: bool = False) -> list[bytes]:
        """The RTP (or RTCP) that has come, decrypted; everything else that has come is dropped."""
        packets = []
        for data in self.received_raw():
            if is_rtcp(data[1]) is is_control:
                unprotect = (
                    self.receiving.unprotect_rtcp if is_control else self.receiving.unprotect
                )
                packets.append(unprotect(data))
        return packets

    def received_raw(self) -> list[bytes]:
        """The encrypted media that has come."""
        return [data for data in drain(self.socket) if 128 <= data[0] < 192]

    def close(self) -> None:
        self.socket.close()


class Wired:
    """A media port with one room, and everybody in it.

    Args:
        seats: who may be there; who is alone gets the own packets back.
        functions: what they may send.
    """

    def __init__(
        self, seats: tuple[str, ...] = PAIR, functions: frozenset[str] = FUNCTIONS
    ) -> None:
        self.seats = seats
        self.now = 1_000.0
        self.reports: list[wire.Report] = []
        """What the node was told, but for the statistics of each second."""
        self.statistics: list[wire.Statistics] = []
        self.port = MediaPort(Datagrams(bind("127.0.0.1", 0)), self._hear, lambda: self.now)
        self.server = ("127.0.0.1", self.port.number)
        self.meanwhile: list[Callable[[], None]] = []
        """What happens while the port rests, one after the other; then nothing."""
        self.rested_s: list[float] = []
        self._on_readable = self.port.reader(self._rest)
        self.room = Room("s", closes_at=self.now + 3_600)
        self.clients: list[Client] = []
        for seat in seats:
            self.add(seat, functions).check()
        self.seeker, self.supporter = (self.clients * 2)[:2]

    def _hear(self, report: wire.Report) -> None:
        if isinstance(report, wire.Statistics):
            self.statistics.append(report)
        else:
            self.reports.append(report)

    def _rest(self, seconds: float) -> None:
        self.rested_s.append(seconds)
        if self.meanwhile:
            self.meanwhile.pop(0)()

    def add(self, seat: str, functions: frozenset[str] = FUNCTIONS, epoch: int = 1) -> Client:
        """A new leg for a seat; an older one is cut, as the commands do it."""
        if (old := self.room.legs.get(seat)) is not None:
            self.port.remove(old)
            self.room.remove(old)
        others = tuple(each for each in self.seats if each != seat) or self.seats
        leg = Leg(self.room, seat, epoch, functions, others, self.now)
        leg.ice = self.port.ice.join(leg)
        self.room.add(leg)
        client = Client(self, leg)
        self.clients.append(client)
        return client

    def pump(self) -> None:
        """Let the port take everything that has arrived."""
        while select.select([self.port.udp], [], [], 0.02)[0]:
            self._on_readable()

    def take(self) -> None:
        """Let the port take what has arrived by now; on this machine that is all that was sent."""
        self._on_readable()

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.port.close()


def drain(from_socket: socket.socket) -> list[bytes]:
    """All that waits in a socket."""
    taken = []
    while True:
        try:
            taken.append(from_socket.recv(2048))
        except BlockingIOError:
            return taken


def without_port(destination: Destination) -> None:
    """Spell it as whoever forges the port that he comes from."""
    destination._name[2:4] = b"\0\0"


def _session(key: bytes, kind: int) -> Session:
    return Session(Policy(key=key, ssrc_type=kind, srtp_profile=srtp.AES_256_GCM))


def video(wired: Wired, numbers: range = range(10, 20)) -> list[bytes]:
    """Send video from seeker to supporter; what the supporter got, encrypted."""
    for number in numbers:
        wired.seeker.send(rtp(number, ssrc=8, payload_type=rtp_types.VP8))
    return wired.supporter.received_raw()


def numbering(packet: bytes) -> tuple[int, int, int, int]:
    """Payload type, sequence number, timestamp and SSRC of a packet."""
    _, second, number, timestamp, ssrc = rtp_types.HEADER.unpack_from(packet)
    return second & 0x7F, number, timestamp, ssrc
