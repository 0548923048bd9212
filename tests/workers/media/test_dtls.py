"""What we rely on in aiortc's DTLS, with both ends wired back to back."""

import asyncio
import gc
import weakref
from contextlib import asynccontextmanager, suppress
from itertools import cycle

import pytest
from aiortc import RTCCertificate
from aiortc.rtcdtlstransport import SRTP_PROFILES
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

from workers.media import srtp
from workers.media.dtls import DTLS_1_2, MAX_QUEUED, DtlsFailed, DtlsTransport, Identity

DTLS_1_0 = 0xFEFF
SERVER, CLIENT = Identity(), Identity()


def fingerprints(identity):
    return [("sha-256", identity.fingerprint)]


class Wire:
    """Two transports, each the other's other side; datagrams are dropped by a repeating pattern."""

    def __init__(self, passes=(True,)):
        self._passes = cycle(passes)
        self.server = DtlsTransport(SERVER, lambda data: self._pass(self.client, data))
        self.client = DtlsTransport(
            CLIENT, lambda data: self._pass(self.server, data), is_server=False
        )

    def _pass(self, to, data):
        if next(self._passes):
            to.receive(data)


@asynccontextmanager
async def wired(passes=(True,)):
    wire = Wire(passes)
    yield wire
    await wire.client.close()
    await wire.server.close()


async def shake_hands(wire):
    return await asyncio.gather(
        wire.server.handshake(fingerprints(CLIENT)), wire.client.handshake(fingerprints(SERVER))
    )


async def test_both_ends_get_the_same_keys_and_the_strongest_profile():
    async with wired() as wire:
        ours, theirs = await shake_hands(wire)
    assert ours.profile == srtp.AES_256_GCM
    assert (ours.sending, ours.receiving) == (theirs.receiving, theirs.sending)
    assert ours.sending != ours.receiving
    assert len(ours.sending) == 44


async def test_the_handshake_survives_loss():
    async with wired(passes=(True, False, True)) as wire:
        ours, theirs = await shake_hands(wire)
    assert ours.sending == theirs.receiving


async def test_what_comes_before_the_answer_waits():
    async with wired() as wire:
        client = asyncio.ensure_future(wire.client.handshake(fingerprints(SERVER)))
        await asyncio.sleep(0)  # the client's first flight is in the server's queue
        ours = await wire.server.handshake(fingerprints(CLIENT))
        assert ours.sending == (await client).receiving


async def test_another_certificate_than_the_answers_is_refused():
    async with wired() as wire:
        client = asyncio.ensure_future(wire.client.handshake(fingerprints(SERVER)))
        with pytest.raises(DtlsFailed):
            await wire.server.handshake(fingerprints(SERVER))
        client.cancel()
        await asyncio.gather(client, return_exceptions=True)


async def test_the_queue_is_bounded():
    async with wired() as wire:
        taken = [wire.server.receive(b"\x16" + bytes(50)) for _ in range(MAX_QUEUED + 5)]
        assert sum(taken) == MAX_QUEUED


async def test_closing_ends_a_handshake_that_waits():
    async with wired(passes=(False,)) as wire:
        waiting = asyncio.ensure_future(wire.server.handshake(fingerprints(CLIENT)))
        await asyncio.sleep(0)
        await wire.server.close()
        with pytest.raises(DtlsFailed):
            await asyncio.wait_for(waiting, 5)


async def test_garbage_does_not_end_an_association():
    async with wired() as wire:
        for _ in range(5):
            wire.server.receive(b"\x16\xfe\xfd" + bytes(40))
        ours, theirs = await shake_hands(wire)
    assert ours.sending == theirs.receiving


def test_the_certificate_is_ecdsa():
    key = CLIENT.certificate._cert.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)


def test_two_workers_have_two_certificates():
    assert SERVER.fingerprint != CLIENT.fingerprint


def test_the_associations_of_a_certificate_share_one_context_that_keeps_no_session():
    context = CLIENT.certificate._create_ssl_context(SRTP_PROFILES)
    assert context is CLIENT.certificate._create_ssl_context(SRTP_PROFILES)
    assert context.get_session_cache_mode() == SSL.SESS_CACHE_OFF


def shakes_hands(version, ciphers=b"ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"):
    """Whether our context takes a client of that version, were OpenSSL's own level of security out of the way."""
    contexts = [Identity().certificate._create_ssl_context(SRTP_PROFILES)]
    contexts.append(RTCCertificate.generateCertificate()._create_ssl_context(SRTP_PROFILES))
    for context in contexts:
        context.set_cipher_list(ciphers)
    contexts[1].set_min_proto_version(version)
    contexts[1].set_max_proto_version(version)
    server, client = (SSL.Connection(context) for context in contexts)
    server.set_accept_state()
    client.set_connect_state()
    done = set()
    for _ in range(12):
        for one, other in ((client, server), (server, client)):
            try:
                one.do_handshake()
                done.add(one)
            except SSL.WantReadError:
                pass
            except SSL.Error:
                return False
            with suppress(SSL.WantReadError):
                while datagram := one.bio_read(4_096):
                    other.bio_write(datagram)
    return done == {server, client}


def test_dtls_before_1_2_is_refused():
    assert shakes_hands(DTLS_1_2)
    assert not shakes_hands(DTLS_1_0)


@pytest.mark.parametrize(
    ("offered", "profile"),
    [
        # As Chromium and as Firefox offer them.
        (
            b"SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80",
            srtp.AES_256_GCM,
        ),
        (
            b"SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80",
            srtp.AES_256_GCM,
        ),
        (b"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM", srtp.AES_128_GCM),
        (b"SRTP_AES128_CM_SHA1_80", srtp.AES_128_CM_SHA1_80),
    ],
)
async def test_the_strongest_profile_that_both_take_is_taken_in_our_order(offered, profile):
    async with wired() as wire:
        CLIENT.certificate._context = None
        CLIENT.certificate._create_ssl_context(SRTP_PROFILES).set_tlsext_use_srtp(offered)
        try:
            ours, theirs = await shake_hands(wire)
        finally:
            CLIENT.certificate._context = None
    assert ours.profile == theirs.profile == profile


def test_an_association_keeps_no_buffers_between_two_datagrams():
    context = Identity().certificate._create_ssl_context(SRTP_PROFILES)
    assert context.set_mode(0) & SSL.MODE_RELEASE_BUFFERS


async def test_a_settled_association_is_freed_and_still_says_farewell():
    async with wired() as wire:
        await shake_hands(wire)
        connection = weakref.ref(wire.server._transport._ssl)
        queue = weakref.ref(wire.server._pipe)
        said = []
        wire.server._send = said.append
        await wire.server.settle()
        await asyncio.sleep(0)
        gc.collect()
        assert connection() is None
        assert queue() is None
        assert wire.server.is_settled
        assert not wire.server.receive(b"\x15" + bytes(30))
        assert said == []
        assert wire.client._transport.state == "connected"
        await wire.server.settle()
        await wire.server.close()
        (farewell,) = said
        wire.client.receive(farewell)
        await until(lambda: wire.client._transport.state == "closed")
        await wire.server.close()
        assert len(said) == 1


async def until(is_true):
    async with asyncio.timeout(5):
        while not is_true():  # noqa: ASYNC110 - aiortc announces nothing
            await asyncio.sleep(0)
