"""What we rely on in aiortc's DTLS, with both ends wired back to back."""

import asyncio
from contextlib import asynccontextmanager
from itertools import cycle

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from workers.media import srtp
from workers.media.dtls import MAX_QUEUED, DtlsFailed, DtlsTransport, Identity

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
