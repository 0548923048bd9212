"""A media port without a network: two calls in it, one of which somebody attacks, and a clock that the test moves.

Everything between the kernel and the packets is the worker's own: commands, ICE, SRTP, forwarding. Each datagram that
is put in must leave a trace in the counters, be forwarded or be answered; and the other call must not notice.
"""

from __future__ import annotations

import random
import re
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from aioice import stun

from tests.clients.media_client import OPUS, VP8
from workers.media import srtp, wire
from workers.media.commands import Rooms
from workers.media.ice import Address
from workers.media.port import MediaPort
from workers.media.room import Leg
from workers.media.rtp import HEADER, is_rtcp
from workers.media.sdp import Candidate

STEP_S = 0.001
TICK_EVERY = 200
CHECK_EVERY_S = 2.0
FUNCTIONS = frozenset({"audio", "video", "screen"})
KEY_BYTES = 44
REPEATED = (9, 10)
"""What libsrtp says of a number that it has had: who asks for repetitions gets them."""
CALM, ROUGH = "calm", "rough"
SEATS = {
    CALM: {"seeker": ("192.0.2.1", 1001), "supporter": ("192.0.2.2", 1002)},
    ROUGH: {
        "attacker": ("192.0.2.66", 666),
        "supporter": ("192.0.2.3", 1003),
        "companion": ("192.0.2.4", 1004),
    },
}
STRANGERS: list[Address] = [
    ("198.51.100.7", 7),
    ("203.0.113.9", 65_535),
    ("2001:db8::9", 9, 0, 0),
    ("::ffff:198.51.100.8", 8, 0, 0),
    ("fe80::9%eth0", 9, 0, 2),
]


OWN_UFRAG, OWN_PASSWORD = "somebody", "p" * 24
ANSWER = (
    f"v=0\r\na=ice-ufrag:{OWN_UFRAG}\r\na=ice-pwd:{OWN_PASSWORD}\r\na=setup:active\r\n"
    f"a=fingerprint:sha-256 {':'.join(32 * ['AB'])}\r\n"
)


class Disturbed(AssertionError):
    """A datagram did what none may do."""


@dataclass(frozen=True, slots=True)
class _Destination:
    """Where the port may queue what is for an address."""

    address: Address


class _Socket:
    """What the port takes for its UDP socket: datagrams from anywhere."""

    number = 5004

    def __init__(self) -> None:
        self.coming: deque[tuple[bytes, Address]] = deque()
        self.sent: list[tuple[bytes, Address]] = []
        self._slot, self._spare = srtp.PacketBuffer(), srtp.PacketBuffer()
        self._spellings: dict[Address, int] = {}
        self._addresses: dict[int, Address] = {}

    def receive(self) -> list[tuple[srtp.PacketBuffer, int, int]]:
        if not self.coming:
            return []
        data, address = self.coming.popleft()
        size = min(len(data), srtp.MAX_DATAGRAM_BYTES)
        self._slot.data[:size] = data[:size]
        spelling = self._spellings.setdefault(address, len(self._spellings))
        self._addresses[spelling] = address
        return [(self._slot, size, spelling)]

    def address(self, spelling: int) -> Address:
        return self._addresses[spelling]

    def destination(self, address: Address) -> _Destination:
        return _Destination(address)

    def spare(self) -> srtp.PacketBuffer:
        return self._spare

    def queue(self, slot: srtp.PacketBuffer, to: _Destination) -> None:
        self.send(slot.taken(), to.address)

    def flush(self) -> int:
        return 0

    def send(self, data: bytes, to: Address) -> bool:
        self.sent.append((data, to))
        return True

    def close(self) -> None:
        """There is nothing to close."""


class Seat:
    """One person of a call, with keys agreed beforehand, as after DTLS."""

    def __init__(self, world: World, session: str, name: str, leg: Leg, offer: str) -> None:
        self.world, self.session, self.name, self.leg = world, session, name, leg
        self.address: Address = SEATS[session][name]
        self.offered_ssrcs = [int(each) for each in re.findall(r"a=ssrc:(\d+) cname", offer)]
        found = re.search(r"a=ice-ufrag:(\S+)\r\na=ice-pwd:(\S+)", offer)
        assert found, "an offer has ICE credentials"
        self.username = f"{found[1]}:{OWN_UFRAG}"
        self.password = found[2].encode()
        self.own_password = OWN_PASSWORD.encode()
        self.asked = b""
        draw = world.random
        up, down = draw.randbytes(KEY_BYTES), draw.randbytes(KEY_BYTES)
        ours = srtp.SrtpTransport(srtp.SrtpKeys(srtp.AES_256_GCM, receiving=up, sending=down))
        leg.open(ours)
        self.srtp = srtp.SrtpTransport(srtp.SrtpKeys(srtp.AES_256_GCM, receiving=down, sending=up))
        self.ssrcs = {each: draw.getrandbits(32) for each in (OPUS, VP8)}
        self.heard: deque[bytes] = deque()
        """Payloads that came, decrypted."""
        self.number = draw.getrandbits(15)
        self._buffer = srtp.PacketBuffer()

    def protected(self, packet: bytes) -> bytes:
        """The packet encrypted with our keys, or as it is when even libsrtp does not take it."""
        return self._protected(srtp.protect, packet)

    def protected_rtcp(self, packet: bytes) -> bytes:
        """The same for RTCP."""
        return self._protected(srtp.protect_rtcp, packet)

    def _protected(self, protect: Callable[..., int], packet: bytes) -> bytes:
        buffer = self._buffer
        if len(packet) > srtp.MAX_DATAGRAM_BYTES:
            return packet
        buffer.fill(packet)
        if protect(self.srtp.sending, buffer.chars, buffer.length):
            return packet
        return buffer.taken()

    def check(self) -> bytes:
        """A nominating check."""
        message = stun.Message(
            stun.Method.BINDING,
            stun.Class.REQUEST,
            attributes={
                "USERNAME": self.username,
                "PRIORITY": 1,
                "ICE-CONTROLLING": 7,
                "USE-CANDIDATE": None,
            },
        )
        message.add_message_integrity(self.password)
        return bytes(message)

    def say(self, payload_type: int, payload: bytes) -> None:
        """Send one packet of media."""
        self.number = (self.number + 1) & 0xFFFF
        head = HEADER.pack(
            0x80, payload_type, self.number, self.number * 960, self.ssrcs[payload_type]
        )
        self.world.put(self.protected(head + payload), self.address)

    def take(self, data: bytes) -> None:
        """Hear what was sent to us; garbage and strangers' keys would fail here."""
        if not 128 <= data[0] < 192:
            return
        buffer = self._buffer
        buffer.fill(data)
        if is_rtcp(data[1]):
            if srtp.unprotect_rtcp(self.srtp.receiving, buffer.chars, buffer.length):
                raise Disturbed(f"{self.name} was sent RTCP that it cannot read")
            return
        status = srtp.unprotect(self.srtp.receiving, buffer.chars, buffer.length)
        if status not in (0, *REPEATED):
            raise Disturbed(f"{self.name} was sent a packet that it cannot decrypt: {status}")
        if status == 0:
            self.heard.append(buffer.taken()[HEADER.size :])


class World:
    """A worker's port with a calm call and a rough one.

    Args:
        seed: of all that is drawn here; ICE and offers draw for themselves.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 1_000.0
        self.inputs = 0
        self.socket = _Socket()
        self.port = MediaPort(self.socket, self._hear, lambda: self.now)  # type: ignore[arg-type]
        self.rooms = Rooms(
            self.port, [Candidate("192.0.2.100", 5004)], self._hear, _forget, lambda: self.now
        )
        self.dtls_taken = 0
        self.answered = 0
        """Checks."""
        self.asked_at: Address | None = None
        """Where the last probe went."""
        self.seats: dict[tuple[str, str], Seat] = {}
        self._at: dict[Address, Seat] = {}
        self._offers: dict[tuple[str, str], str] = {}
        self._epoch = 0
        self._checked_at = 0.0
        self._turns = 0
        self._readable = self.port.reader(lambda _: None)
        for session, seats in SEATS.items():
            self.rooms.carry_out(wire.OpenRoom(session=session, closes_at=self.now + 1e9))
            for name in seats:
                self.connect(session, name)
        self._keep_alive()

    @property
    def attacker(self) -> Seat:
        """Who has keys, and bad intentions."""
        return self.seats[ROUGH, "attacker"]

    def connect(self, session: str, name: str) -> Seat:
        """A new media connection for a seat, with a new pair of keys."""
        self._epoch += 1
        others = tuple(each for each in SEATS[session] if each != name)
        self.rooms.carry_out(
            wire.Connect(
                session=session,
                seat=name,
                media_epoch=self._epoch,
                functions=FUNCTIONS,
                others=others,
            )
        )
        leg = self.rooms._rooms[session].legs[name]
        taken = leg.dtls.receive

        def receive(data: bytes) -> bool:
            is_taken = taken(data)
            self.dtls_taken += is_taken
            return is_taken

        leg.dtls.receive = receive
        seat = Seat(self, session, name, leg, self._offers[session, name])
        self.seats[session, name] = self._at[seat.address] = seat
        self.rooms.carry_out(
            wire.Answer(session=session, seat=name, media_epoch=self._epoch, sdp=ANSWER)
        )
        self.put(seat.check(), seat.address)
        return seat

    def _hear(self, report: wire.Report) -> None:
        wire.encode(report)
        if isinstance(report, wire.Offered):
            self._offers[report.session, report.seat] = report.sdp

    # ---- what is put in -----------------------------------------------------------------------------------------

    def put(self, data: bytes, address: Address, *, is_secret_known: bool = True) -> None:
        """Let a datagram arrive.

        Args:
            data: the datagram.
            address: where it says that it comes from.
            is_secret_known: whether its sender holds keys or passwords; without them nothing is sent to anybody.

        Raises:
            Disturbed: it left no trace, made an exception, or was answered though its sender proved nothing.
        """
        self.now += STEP_S
        self.inputs += 1
        before = self._traces()
        self.socket.coming.append((data, address))
        self._readable()
        if self.port.counters["errors"]:
            raise Disturbed(f"an exception for {data.hex()} from {address}")
        sent, self.socket.sent = self.socket.sent, []
        if self._traces() + len(sent) == before and not self._is_consent():
            raise Disturbed(f"{data.hex()} from {address} vanished without a trace")
        for packet, to in sent:
            self.answered += packet[0] == 1
            if not is_secret_known:
                raise Disturbed(f"{data.hex()} from {address} made us send to {to}")
            seat = self._at.get(to)
            if seat is not None:
                seat.take(packet)
            # What is sent to another person's address an attacker does not get to see.
            attacker = self.seats.get((ROUGH, "attacker"))
            # Before it is there, others are asked how long their way is.
            if packet[0] == 0 and packet[1] == 1 and attacker and seat in (None, attacker):
                attacker.asked, self.asked_at = packet[8:20], to
        if self.inputs % TICK_EVERY == 0:
            self.port.tick(self.now)
            self.socket.sent.clear()

    def outcomes(self) -> Counter[str]:
        """What has become of the inputs so far."""
        port = self.port
        return Counter(
            {
                **port.counters,
                "forwarded": port.forwarded,
                "answered": self.answered,
                "dtls": self.dtls_taken,
            }
        )

    def _traces(self) -> int:
        return self.port.forwarded + self.port.counters.total() + self.dtls_taken

    def _is_consent(self) -> bool:
        """An answer to a question of ours was taken just now."""
        return any(leg.ice is not None and leg.ice.consent_at == self.now for leg in self._legs())

    def _legs(self) -> Iterator[Leg]:
        return (seat.leg for seat in self.seats.values())

    # ---- the other call -----------------------------------------------------------------------------------------

    def calm(self) -> None:
        """Let the calm call and the attacker's own partners talk, and look whether each packet comes through, once.

        Raises:
            Disturbed: one did not, or something else did.
        """
        if self.now > self._checked_at + CHECK_EVERY_S:
            self._keep_alive()
        self._turns += 1
        self._hears(CALM, "seeker", ["supporter"])
        self._hears(CALM, "supporter", ["seeker"])
        self._hears(ROUGH, "supporter", ["companion"])
        self._hears(ROUGH, "companion", ["supporter"])

    def _hears(self, session: str, speaker: str, listeners: list[str]) -> None:
        for listener in listeners:
            self.seats[session, listener].heard.clear()
        said = [
            (kind, f"{speaker} {self._turns} {kind}".encode().ljust(40, b"."))
            for kind in (VP8, OPUS)
        ]
        for kind, payload in said:
            self.seats[session, speaker].say(kind, payload)
        for listener in listeners:
            heard = list(self.seats[session, listener].heard)
            if heard != [payload for _, payload in said]:
                raise Disturbed(f"{session}: {speaker} said {said}, {listener} heard {heard}")

    def _keep_alive(self) -> None:
        self._checked_at = self.now
        for (session, name), seat in self.seats.items():
            if (session, name) != (ROUGH, "attacker"):
                self.put(seat.check(), seat.address)


def _forget(task: Coroutine[Any, Any, None]) -> None:
    task.close()


@contextmanager
def no_exception_in_the_log() -> Iterator[None]:
    """Keep the log quiet, and fail in the end if it held an exception or an error.

    Raises:
        Disturbed: it did.
    """
    found: list[str] = []

    def collect(_logger: object, method: str, event: dict[str, Any]) -> str:
        if event.get("exc_info") or method in ("error", "exception", "critical"):
            found.append(str(event))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[collect])
    try:
        yield
    finally:
        structlog.configure(**before)
    if found:
        raise Disturbed(f"{len(found)} errors in the log, the first: {found[0]}")
