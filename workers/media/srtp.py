"""SRTP of one leg through libsrtp, in place in a shared buffer.

The only home of pylibsrtp's cffi binding (`_binding.ffi`, `_binding.lib`, `Session._srtp`), which is private to it:
its public calls copy twice and refuse packets over 1,356 bytes. `tests/workers/media/test_srtp.py` is the contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from socket import htonl
from typing import Any

from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib

BUFFER_BYTES = 4_096
MAX_DATAGRAM_BYTES = 2_048
"""More than any Ethernet carries; the rest of the buffer is for the tag of SRTP and its index."""
REPLAY_WINDOW = 256
"""Packets that may arrive out of order: half a second of the densest picture. libsrtp shifts all of it with each."""
MAX_SSRCS = 32
"""SSRCs a leg may ever use. libsrtp keeps a stream for each and looks it up by walking."""

AES_256_GCM: int = Policy.SRTP_PROFILE_AEAD_AES_256_GCM
AES_128_GCM: int = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
AES_128_CM_SHA1_80: int = Policy.SRTP_PROFILE_AES128_CM_SHA1_80

protect = lib.srtp_protect
"""`protect(srtp_t, chars, length) -> 0`: encrypt in place."""
unprotect = lib.srtp_unprotect
"""`unprotect(srtp_t, chars, length) -> 0`: check and decrypt in place; used by the forwarding loop only."""
copied = ffi.unpack
"""`copied(chars, size) -> bytes`: what lies there; used by the forwarding loop only."""
protect_rtcp = lib.srtp_protect_rtcp
unprotect_rtcp = lib.srtp_unprotect_rtcp
"""The same for RTCP."""


class PacketBuffer:
    """Memory that Python, the kernel and libsrtp share: nothing is copied between them.

    Args:
        length_at: address of an `int` for the packet's length; 0: one of its own.
    """

    __slots__ = ("chars", "data", "length", "view")

    def __init__(self, length_at: int = 0) -> None:
        self.data = bytearray(BUFFER_BYTES)
        self.view = memoryview(self.data)
        self.chars: Any = ffi.from_buffer("char[]", self.data)
        self.length: Any = ffi.cast("int *", length_at) if length_at else ffi.new("int *")

    def fill(self, data: bytes) -> None:
        """Put a packet in."""
        self.data[: len(data)] = data
        self.length[0] = len(data)

    def taken(self) -> bytes:
        """Copy the packet out."""
        return bytes(self.view[: self.length[0]])


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """What the DTLS handshake yields (RFC 5764 §4.2); the repr keeps the keys to itself."""

    profile: int
    receiving: bytes
    """Master key and salt of what the browser sends."""
    sending: bytes
    """Master key and salt of what we send."""

    def __repr__(self) -> str:
        return f"SrtpKeys(profile={self.profile})"


class SrtpTransport:
    """Both directions of one leg."""

    __slots__ = ("_receiving", "_sending", "_ssrcs", "receiving", "sending")

    def __init__(self, keys: SrtpKeys) -> None:
        self._receiving = _session(keys.profile, keys.receiving, Policy.SSRC_ANY_INBOUND)
        self._sending = _session(keys.profile, keys.sending, Policy.SSRC_ANY_OUTBOUND)
        # The handles live as long as the sessions above: whoever holds them holds the transport.
        self.receiving: Any = self._receiving._srtp[0]
        self.sending: Any = self._sending._srtp[0]
        self._ssrcs: set[int] = set()

    def admit(self, ssrc: int) -> bool:
        """Whether a leg may use this SSRC, which has just been authentic; at most `MAX_SSRCS` in its life.

        Streams of admitted SSRCs stay, for they remember what must not be replayed; others are forgotten at once.
        """
        if ssrc in self._ssrcs:
            return True
        if len(self._ssrcs) >= MAX_SSRCS:
            self.forget(ssrc)
            return False
        self._ssrcs.add(ssrc)
        return True

    def forget(self, ssrc: int) -> None:
        """Drop the stream of a received SSRC, unless it has been admitted."""
        if ssrc not in self._ssrcs:
            lib.srtp_remove_stream(self.receiving, htonl(ssrc))


def _session(profile: int, key: bytes, ssrc_type: int) -> Session:
    policy = Policy(key=key, ssrc_type=ssrc_type, srtp_profile=profile)
    policy.window_size = REPLAY_WINDOW
    # aiortc's own sessions set it; with AES-GCM a number protected twice would reuse a nonce (RFC 7714 §9.2).
    policy.allow_repeat_tx = False
    return Session(policy)
