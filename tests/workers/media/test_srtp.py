"""What we rely on in pylibsrtp's private binding."""

import os
import struct

import pytest
from pylibsrtp import Error, Policy, Session

from workers.media import srtp

PROFILES = [
    (srtp.AES_256_GCM, 44),
    (srtp.AES_128_GCM, 28),
    (srtp.AES_128_CM_SHA1_80, 30),
]


def rtp(number: int, ssrc: int = 7, size: int = 100) -> bytes:
    return struct.pack("!BBHLL", 0x80, 111, number, number, ssrc) + bytes(size)


@pytest.fixture(params=PROFILES, ids=["aes-256-gcm", "aes-128-gcm", "aes-cm"])
def pair(request):
    """Our transport, and the public sessions of whoever is at the other end."""
    profile, size = request.param
    receiving, sending = os.urandom(size), os.urandom(size)
    ours = srtp.SrtpTransport(srtp.SrtpKeys(profile, receiving, sending))
    theirs_out = Session(Policy(receiving, Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
    theirs_in = Session(Policy(sending, Policy.SSRC_ANY_INBOUND, srtp_profile=profile))
    return ours, theirs_out, theirs_in


def test_packets_of_any_size_pass_both_ways_in_the_shared_buffer(pair):
    ours, theirs_out, theirs_in = pair
    buffer = srtp.PacketBuffer()
    for number, size in enumerate((0, 1, 1_300), 1):
        packet = rtp(number, size=size)
        buffer.fill(theirs_out.protect(packet))
        assert srtp.unprotect(ours.receiving, buffer.chars, buffer.length) == 0
        assert buffer.taken() == packet
        assert srtp.protect(ours.sending, buffer.chars, buffer.length) == 0
        assert theirs_in.unprotect(buffer.taken()) == packet


def test_a_replay_and_a_forgery_are_refused(pair):
    ours, theirs_out, _ = pair
    buffer = srtp.PacketBuffer()
    packet = theirs_out.protect(rtp(1))
    buffer.fill(packet)
    assert srtp.unprotect(ours.receiving, buffer.chars, buffer.length) == 0
    buffer.fill(packet)
    assert srtp.unprotect(ours.receiving, buffer.chars, buffer.length) != 0
    forged = bytearray(theirs_out.protect(rtp(2)))
    forged[20] ^= 1
    buffer.fill(bytes(forged))
    assert srtp.unprotect(ours.receiving, buffer.chars, buffer.length) != 0


def test_one_number_is_never_protected_twice(pair):
    ours, _, _ = pair
    buffer = srtp.PacketBuffer()
    buffer.fill(rtp(1))
    assert srtp.protect(ours.sending, buffer.chars, buffer.length) == 0
    buffer.fill(rtp(1, size=50))
    assert srtp.protect(ours.sending, buffer.chars, buffer.length) != 0


def test_rtcp_passes_both_ways_and_a_forgery_does_not(pair):
    ours, theirs_out, theirs_in = pair
    buffer = srtp.PacketBuffer()
    report = struct.pack("!BBHL", 0x80, 201, 1, 7)
    buffer.fill(theirs_out.protect_rtcp(report))
    assert srtp.unprotect_rtcp(ours.receiving, buffer.chars, buffer.length) == 0
    assert buffer.taken() == report
    assert srtp.protect_rtcp(ours.sending, buffer.chars, buffer.length) == 0
    assert theirs_in.unprotect_rtcp(buffer.taken()) == report
    buffer.fill(report + bytes(30))
    assert srtp.unprotect_rtcp(ours.receiving, buffer.chars, buffer.length) != 0


def test_a_leg_may_use_32_ssrcs_and_no_more(pair):
    ours, _, _ = pair
    assert all(ours.admit(ssrc) for ssrc in range(srtp.MAX_SSRCS))
    assert not ours.admit(999)
    assert ours.admit(5)


def test_what_is_not_admitted_leaves_no_stream_behind(pair):
    ours, theirs_out, _ = pair
    buffer = srtp.PacketBuffer()
    packet = theirs_out.protect(rtp(1))
    buffer.fill(packet)
    assert srtp.unprotect(ours.receiving, buffer.chars, buffer.length) == 0
    ours.forget(7)
    # Without a stream there is no memory of the number: the same packet is new again.
    buffer.fill(packet)
    assert srtp.unprotect(ours.receiving, buffer.chars, buffer.length) == 0


def test_keys_do_not_show_in_a_log_line():
    keys = srtp.SrtpKeys(srtp.AES_256_GCM, b"secret-one", b"secret-two")
    assert "secret" not in repr(keys)


def test_keys_of_a_wrong_size_are_refused():
    with pytest.raises((Error, ValueError)):
        srtp.SrtpTransport(srtp.SrtpKeys(srtp.AES_256_GCM, b"short", b"short"))
