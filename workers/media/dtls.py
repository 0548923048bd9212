"""DTLS of one leg, through aiortc.

The only home of aiortc's private seam: `RTCDtlsTransport._ssl`, from which the keys come,
`RTCCertificate._create_ssl_context`, in which we set the lowest version, and the three names that it asks of its ICE
transport: `_recv`, `_send` and `role`. Everything else we use of aiortc is public. We make the SRTP
sessions ourselves (`workers.media.srtp`). `tests/workers/media/test_dtls.py` is the contract.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Literal, cast

from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceTransport
from cryptography.x509 import InvalidVersion
from OpenSSL import SSL

from workers.media import srtp

MAX_QUEUED = 64
"""Datagrams that may wait: a handshake has about a dozen. The first ones may come before the answer does."""
HANDSHAKE_TIMEOUT_S = 20.0

PROFILES = {
    b"SRTP_AEAD_AES_256_GCM": (srtp.AES_256_GCM, 32, 12),
    b"SRTP_AEAD_AES_128_GCM": (srtp.AES_128_GCM, 16, 12),
    b"SRTP_AES128_CM_SHA1_80": (srtp.AES_128_CM_SHA1_80, 16, 14),
}
"""Name in DTLS -> libsrtp's profile, bytes of key, bytes of salt (RFC 7714 §12, RFC 5764 §4.1.2)."""

DTLS_1_2 = 0xFEFD
"""Its number on the wire (RFC 6347 §4.1)."""
EXPORTER_LABEL = b"EXTRACTOR-dtls_srtp"
"""RFC 5764 §4.2."""


class DtlsFailed(Exception):
    """The handshake did not come to keys."""


class _Certificate(RTCCertificate):
    """A certificate whose associations share one context, and speak DTLS 1.2 at least (RFC 8827 §6.5)."""

    _context: SSL.Context | None = None

    def _create_ssl_context(self, srtp_profiles: list[Any]) -> SSL.Context:
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
            self._context.set_min_proto_version(DTLS_1_2)
            # Nobody resumes an association, and what is kept for it would stay for as long as the certificate.
            self._context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
            # Its buffers of 17 kB each go between two datagrams: of 144 kB an association keeps 94.
            self._context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        return self._context


class Identity:
    """A certificate of a worker: ECDSA on P-256, never stored, and replaced for new legs after some hours."""

    def __init__(self) -> None:
        self.certificate = _Certificate.generateCertificate()
        self.fingerprint = next(
            each.value for each in self.certificate.getFingerprints() if each.algorithm == "sha-256"
        )


class _Pipe:
    """What RTCDtlsTransport takes for its ICE transport.

    Args:
        send: takes a datagram for the other side.
        role: ICE role; aiortc derives the DTLS role from it and from nothing else: `controlling` is the DTLS server.
    """

    def __init__(
        self, send: Callable[[bytes], None], role: Literal["controlling", "controlled"]
    ) -> None:
        self.role = role
        self.deliver = send
        self._received: asyncio.Queue[bytes | None] = asyncio.Queue()

    def push(self, data: bytes) -> bool:
        if self._received.qsize() >= MAX_QUEUED:
            return False
        self._received.put_nowait(data)
        return True

    def end(self) -> None:
        self._received.put_nowait(None)

    async def _recv(self) -> bytes:
        data = await self._received.get()
        if data is None:
            raise ConnectionError("the leg is closed")
        return data

    async def _send(self, data: bytes) -> None:
        self.deliver(data)


class DtlsTransport:
    """One side of one DTLS association; ours is the server.

    Args:
        identity: whose certificate is shown.
        send: takes a datagram for the other side; must not raise.
        is_server: False only in clients of tests and benchmarks.
    """

    def __init__(
        self, identity: Identity, send: Callable[[bytes], None], *, is_server: bool = True
    ) -> None:
        self._pipe: _Pipe | None = _Pipe(send, "controlling" if is_server else "controlled")
        self._is_server = is_server
        # The pipe stands in for a class of which aiortc uses three names only.
        self._transport: RTCDtlsTransport | None = RTCDtlsTransport(
            cast(RTCIceTransport, self._pipe), [identity.certificate]
        )
        self._send = send
        self._farewell: list[bytes] = []

    def receive(self, data: bytes) -> bool:
        """Take a datagram, also before `handshake`; False when too many wait already, or nothing is waited for."""
        return self._pipe is not None and self._pipe.push(data)

    async def handshake(self, fingerprints: Sequence[tuple[str, str]]) -> srtp.SrtpKeys:
        """Shake hands with whoever owns a certificate of these fingerprints.

        Args:
            fingerprints: digest name and value, at least one; all must fit.

        Raises:
            DtlsFailed: no handshake within 20 s, another certificate or one that is none, or no common SRTP profile.
        """
        expected = RTCDtlsParameters(
            [RTCDtlsFingerprint(algorithm, value) for algorithm, value in fingerprints]
        )
        transport = self._transport
        assert transport is not None, "only what has shaken hands is settled"
        try:
            async with asyncio.timeout(HANDSHAKE_TIMEOUT_S):
                await transport.start(expected)
        except TimeoutError as late:
            raise DtlsFailed("timeout") from late
        except (ValueError, InvalidVersion) as wrong:
            # OpenSSL takes certificates that aiortc's reading of them does not.
            raise DtlsFailed("certificate") from wrong
        if transport.state != "connected":
            raise DtlsFailed(transport.state)
        return self._keys(transport)

    def _keys(self, transport: RTCDtlsTransport) -> srtp.SrtpKeys:
        connection = transport._ssl
        assert connection is not None, "aiortc sets it before it connects"
        name = connection.get_selected_srtp_profile()
        if name not in PROFILES:
            raise DtlsFailed("no SRTP profile in common")
        profile, key_bytes, salt_bytes = PROFILES[name]
        # Order of RFC 5764 §4.2: client key, server key, client salt, server salt.
        material = connection.export_keying_material(EXPORTER_LABEL, 2 * (key_bytes + salt_bytes))
        salts = 2 * key_bytes
        client = material[:key_bytes] + material[salts : salts + salt_bytes]
        server = material[key_bytes:salts] + material[salts + salt_bytes :]
        if self._is_server:
            return srtp.SrtpKeys(profile, receiving=client, sending=server)
        return srtp.SrtpKeys(profile, receiving=server, sending=client)

    @property
    def is_settled(self) -> bool:
        """Only the farewell is left of it."""
        return self._transport is None

    async def settle(self) -> None:
        """Let go of the association, which takes 110 kB, and keep its farewell.

        For when authentic media has come: the other side has finished then, and will ask for nothing of the handshake
        again.
        """
        transport, pipe = self._transport, self._pipe
        self._transport = self._pipe = None
        if transport is not None and pipe is not None:
            pipe.deliver = self._farewell.append
            await transport.stop()
            pipe.end()

    async def close(self) -> None:
        """Say close_notify and stop; what waits in `handshake` raises `DtlsFailed`."""
        transport, pipe = self._transport, self._pipe
        if transport is not None and pipe is not None:
            await transport.stop()
            pipe.end()
        farewell, self._farewell = self._farewell, []
        for datagram in farewell:
            self._send(datagram)
