"""The same inputs over UDP against a real worker process, with real handshakes, while a call runs beside them.

Here the handshake itself is attacked too, and so is an association that stands: each DTLS datagram of an attacker is
preceded by some that are nearly it.
"""

from __future__ import annotations

import asyncio
import random
import socket
import tempfile
import time
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from aioice import stun
from aiortc import RTCCertificate, RTCDtlsFingerprint
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import InvalidVersion, load_der_x509_certificate
from OpenSSL import crypto
from pylibsrtp import Error

from tests.clients.media_client import OPUS, VP8, MediaClient
from tests.fuzz.inputs import CALM_PLACES, Captures, Dress, Input, drawn, dressed
from tests.fuzz.mutations import mutate
from tests.fuzz.playing import RENEW_EVERY, Progress
from tests.fuzz.switch import CALM, ROUGH, Disturbed
from tests.workers.media.bare_link import Node, worker
from workers.media import wire

FUNCTIONS = frozenset({"audio", "video"})
AT_ONCE = 32
"""Inputs between two looks at the calm call; a socket buffer of the kernel holds some hundred."""
TTL_S = 12.0
HANDSHAKE_S = 0.5
STRANGERS = 3
MOST_MUTANTS = 6


class _Attacker(MediaClient):
    """A client that knows its secrets, and sends up to `spoils` spoilt copies before a datagram of DTLS."""

    def __init__(self, certificate: RTCCertificate, draw: random.Random, spoils: int) -> None:
        self._draw, self._spoils = draw, spoils
        self.asked = b""
        self.spoilt = 0
        super().__init__(certificate=certificate)

    def _send(self, data: bytes) -> None:
        if 20 <= data[0] < 64:
            for _ in range(self._draw.choice((0, 0, min(1, self._spoils), self._spoils))):
                super()._send(mutate(self._draw, data)[:1_400])
                self.spoilt += 1
        super()._send(data)

    def _receive_stun(self, data: bytes) -> None:
        if data[1] == 1:
            self.asked = data[8:20]
        super()._receive_stun(data)

    def _receive_rtp(self, data: bytes) -> None:
        with suppress(Error):  # repetitions that we have asked for
            super()._receive_rtp(data)

    @property
    def named_ssrcs(self) -> list[int]:
        return list(self.offered_ssrcs.values())


class _SpoiltCertificate:
    """What aiortc takes for a certificate: one of which OpenSSL can make something, and the right key.

    Args:
        sound: what it was before.
        draw: where the changes come from.
        is_unreadable: whether it must be one of which cryptography can make nothing.
    """

    def __init__(self, sound: RTCCertificate, draw: random.Random, *, is_unreadable: bool) -> None:
        self._sound = sound
        before = sound._cert.public_bytes(Encoding.DER)
        key = sound._cert.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        at = before.index(key)
        places = [*range(4, at), *range(at + len(key), len(before))]
        while True:
            der = bytearray(before)
            for _ in range(draw.choice((1, 1, 2, 3))):
                der[draw.choice(places)] = draw.choice((0, 1, 2, 5, 127, 128, 255))
            try:
                self._certificate = crypto.load_certificate(crypto.FILETYPE_ASN1, bytes(der))
            except crypto.Error:
                continue
            if is_unreadable and _is_readable(bytes(der)):
                continue
            self._digest = ":".join(f"{byte:02X}" for byte in sha256(der).digest())
            return

    def getFingerprints(self) -> list[RTCDtlsFingerprint]:  # noqa: N802 - aiortc's name
        return [RTCDtlsFingerprint("sha-256", self._digest)]

    def _create_ssl_context(self, *arguments: Any, **named: Any) -> Any:
        context = self._sound._create_ssl_context(*arguments, **named)
        with warnings.catch_warnings():
            # pyOpenSSL would rather have it as cryptography reads it, which is what may not be possible.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.use_certificate(self._certificate)
        return context


def _is_readable(der: bytes) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):
            load_der_x509_certificate(der)
    except (ValueError, InvalidVersion):
        return False
    return True


class _Calm(MediaClient):
    """A client to which somebody else's probes are nothing, as they are to a browser."""

    def _receive_stun(self, data: bytes) -> None:
        message = stun.parse_message(data)
        is_request = message.message_class == stun.Class.REQUEST
        if not is_request or message.check_message_integrity(self.password.encode()):
            super()._receive_stun(data)


class _Secrets:
    """An attacker's secrets as inputs want them."""

    def __init__(self, client: _Attacker) -> None:
        self._client = client
        self.offered_ssrcs = client.named_ssrcs
        self.username = f"{client._remote[0]}:{client.ufrag}"
        self.password = client._remote[1].encode()
        self.own_password = client.password.encode()

    @property
    def asked(self) -> bytes:
        return self._client.asked

    def protected(self, packet: bytes) -> bytes:
        try:
            return self._client.protect(packet)
        except (Error, ValueError):  # ValueError: too long
            return packet

    def protected_rtcp(self, packet: bytes) -> bytes:
        assert self._client._dtls is not None, "it is connected"
        try:
            return bytes(self._client._dtls._tx_srtp.protect_rtcp(packet))
        except (Error, ValueError):  # ValueError: too long
            return packet


class Live:
    """A worker process with a calm call and a rough one."""

    def __init__(self, node: Node, draw: random.Random) -> None:
        self.node = node
        self.draw = draw
        self.counters: dict[str, int] = {}
        self.port = 0
        self._ready = asyncio.Event()
        self._beaten = asyncio.Event()
        self._offers: dict[tuple[str, str, int], asyncio.Future[str]] = {}
        self._certificate = RTCCertificate.generateCertificate()
        self._epoch = 0
        self._strangers = [_udp() for _ in range(STRANGERS)]
        self._said = 0
        self._partners: list[MediaClient] = []
        self.calm: list[MediaClient] = []

    async def hear(self) -> None:
        """Read what the worker reports, for as long as it lives."""
        while True:
            match await self.node.report():
                case wire.Ready(port=port):
                    self.port = port
                    self._ready.set()
                case wire.Offered() as offered:
                    key = (offered.session, offered.seat, offered.media_epoch)
                    self._offers[key].set_result(offered.sdp)
                case wire.WorkerBeat(counters=counters):
                    self.counters = dict(counters)
                    self._beaten.set()

    async def beat(self) -> None:
        """Say that the node lives."""
        while True:
            self.node.say(wire.NodeBeat())
            await asyncio.sleep(TTL_S / 10)

    async def begin(self) -> None:
        """Bring the calm call up, and the attacker's partner."""
        await self._ready.wait()
        for session in (CALM, ROUGH):
            self.node.say(wire.OpenRoom(session=session, closes_at=time.monotonic() + 86_400))
        self.calm = [
            await self.join(CALM, seat, _Calm(certificate=self._certificate))
            for seat in ("seeker", "supporter")
        ]
        partner = _Calm(certificate=self._certificate)
        self._partners.append(await self.join(ROUGH, "supporter", partner))

    async def join(
        self, session: str, seat: str, client: MediaClient, timeout_s: float = 20.0
    ) -> MediaClient:
        """Connect a client to a seat.

        Raises:
            TimeoutError: the handshake did not come to an end.
        """
        self._epoch += 1
        others = {"attacker": ("supporter",), "supporter": ("attacker",)}.get(seat, ("supporter",))
        if session == CALM:
            others = ("supporter",) if seat == "seeker" else ("seeker",)
        offered = asyncio.get_running_loop().create_future()
        self._offers[session, seat, self._epoch] = offered
        self.node.say(
            wire.Connect(
                session=session,
                seat=seat,
                media_epoch=self._epoch,
                functions=FUNCTIONS,
                others=others,
            )
        )
        sdp = client.answer(await offered)
        self.node.say(wire.Answer(session=session, seat=seat, media_epoch=self._epoch, sdp=sdp))
        await client.connect(timeout_s)
        return client

    async def attack_handshakes(self, number: int, progress: Progress) -> None:
        """Shake hands as badly as can be; whatever comes of it, the next one gets a chance."""
        progress.part("spoilt handshakes", number * 5)
        done = 0
        for _ in range(number):
            attacker = _Attacker(self._certificate, self.draw, MOST_MUTANTS)
            try:
                with suppress(TimeoutError, AssertionError, ConnectionError):
                    await self.join(ROUGH, "attacker", attacker, HANDSHAKE_S)
                    done += 1
            finally:
                attacker.close()
            progress.count(attacker.spoilt)
            await self.talk()
        progress.end(f", {done} of {number} came to keys all the same")

    async def attack_certificates(self, number: int, progress: Progress) -> None:
        """Show certificates that are nearly one; the handshake itself is sound."""
        progress.part("spoilt certificates", number)
        done = 0
        for index in range(number):
            certificate = _SpoiltCertificate(
                self._certificate, self.draw, is_unreadable=index % 2 == 0
            )
            attacker = MediaClient(certificate=cast(RTCCertificate, certificate))
            try:
                with suppress(TimeoutError, AssertionError, ConnectionError):
                    await self.join(ROUGH, "attacker", attacker, HANDSHAKE_S)
                    done += 1
            finally:
                attacker.close()
            progress.count()
        await self.talk()
        progress.end(f", {done} were taken")

    async def attack(self, captures: Captures, number: int, progress: Progress) -> None:
        """Send inputs from an attacker's own address, from strangers', and from those of the calm call."""
        progress.part("over UDP to a worker process", number)
        left = number
        while left > 0:
            attacker = _Attacker(self._certificate, self.draw, 0)
            try:
                await self.join(ROUGH, "attacker", attacker)
                secrets = _Secrets(attacker)
                for _ in range(min(left, RENEW_EVERY) // AT_ONCE + 1):
                    for _ in range(AT_ONCE):
                        given = drawn(self.draw, captures)
                        self._send(given, dressed(given, secrets), attacker)
                    await self.talk()
                    progress.count(AT_ONCE)
                    left -= AT_ONCE
            finally:
                attacker.close()
        progress.end()

    def _send(self, given: Input, data: bytes, attacker: MediaClient) -> None:
        source = self._strangers[given.place % STRANGERS]
        if given.place == 0 or given.dress is Dress.ANSWER:
            source = attacker._sockets[-1]
        elif given.place in CALM_PLACES:
            source = self.calm[given.place % 2]._sockets[-1]
        with suppress(OSError):  # an empty datagram, or one that no network carries
            source.sendto(data[:1_472], ("127.0.0.1", self.port))

    async def talk(self) -> None:
        """Let the calm call say something both ways, and wait until each packet has come, in order and once.

        Raises:
            Disturbed: it did not.
        """
        self._said += 1
        said = [f"{self._said} {kind}".encode().ljust(60, b".") for kind in (OPUS, VP8)]
        for client in self.calm:
            client.received.clear()
        for client in self.calm:
            for kind, payload in zip((OPUS, VP8), said, strict=True):
                client.send(kind, payload)
        for client in self.calm:
            try:
                await client.wait_for(lambda client=client: len(client.received) >= 2, 10)
            except TimeoutError:
                raise Disturbed(f"the calm call lost packets after {self.counters}") from None
            heard = [each.payload for each in client.received]
            if heard != said:
                raise Disturbed(f"the calm call heard {heard} where {said} was said")

    async def end(self) -> dict[str, int]:
        """Wait for the worker's next counters."""
        self._beaten.clear()
        async with asyncio.timeout(TTL_S):
            await self._beaten.wait()
        return self.counters

    def close(self) -> None:
        """Close our sockets."""
        for each in self._strangers:
            each.close()
        for client in (*self.calm, *self._partners):
            client.close()


@asynccontextmanager
async def live(seed: int) -> AsyncIterator[Live]:
    """Start a worker with two calls; in the end its log and its counters must hold no exception.

    Raises:
        Disturbed: they do.
    """
    with tempfile.TemporaryDirectory(prefix="mg-fuzz-") as folder:
        log = Path(folder) / "worker.log"
        async with worker(ttl_s=TTL_S, log=log) as node:
            made = Live(node, random.Random(seed))
            try:
                async with asyncio.TaskGroup() as tasks:
                    others = [tasks.create_task(each) for each in (made.hear(), made.beat())]
                    await made.begin()
                    yield made
                    counters = await made.end()
                    for each in others:
                        each.cancel()
                if node.process.returncode is not None or counters.get("errors"):
                    raise Disturbed(f"{counters} {log.read_text()[-3000:]}")
            finally:
                made.close()
        written = log.read_text()
        for sign in ("Traceback", '"level": "error"', "never retrieved"):
            if sign in written:
                at = written.index(sign)
                raise Disturbed(f"the worker's log: {written[max(0, at - 500) : at + 3000]}")


def _udp() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    return made
