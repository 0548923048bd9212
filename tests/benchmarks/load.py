"""The load of all media benchmarks: real handshakes made in Python, then packets by a few lines of C (`load.c`).

The C is built with gcc into a scratch folder. It takes over the sockets and SRTP sessions of clients that are
connected, so that sending and checking costs little beside what is measured.
"""

from __future__ import annotations

import asyncio
import ctypes
import subprocess
from array import array
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from pylibsrtp import Session
from pylibsrtp._binding import ffi, lib

from tests.clients.media_client import OPUS, VP8, MediaClient

SOURCE = Path(__file__).with_name("load.c")


class BuildFailed(RuntimeError):
    """gcc does not take load.c."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What one person sends; the same fields in load.c.

    The packets a second are 140 of video, in frames of five, and 50 of sound (media.md's load).
    """

    frames_a_second: float = 28
    packets_a_frame: float = 5
    video_bytes: float = 1_100
    sounds_a_second: float = 50
    sound_bytes: float = 100
    trailer_bytes: float = 0
    """End-to-end encryption makes each frame longer by so much."""
    loss: float = 0.0
    """Share of the packets that are lost, on the way up and on the way down."""
    has_rtcp: float = 0
    """Reports, transport-wide feedback, PLI and NACK are sent, as browsers send them."""

    @property
    def packets_a_second(self) -> float:
        """Of one person, one way."""
        return self.frames_a_second * self.packets_a_frame + self.sounds_a_second


@dataclass(slots=True)
class Counts:
    """What the load has counted; the same fields in load.c."""

    sent: int = 0
    received: int = 0
    """RTP that the server sent us, repetitions too, and what we then lost on purpose."""
    bytes: int = 0
    refused: int = 0
    """Packets that libsrtp did not take."""
    repeated: int = 0
    """Packets that came a second time, and that its replay check therefore did not take."""
    not_sent: int = 0
    lost_up: int = 0
    lost_down: int = 0
    missed: int = 0
    """Numbers that were skipped when a later packet came."""
    repaired: int = 0
    given_up: int = 0
    nacks_sent: int = 0
    nacks_heard: int = 0
    resent: int = 0
    plis_sent: int = 0
    plis_heard: int = 0
    reports_sent: int = 0
    reports_heard: int = 0
    feedback_sent: int = 0
    feedback_heard: int = 0

    def since(self, before: Counts) -> Counts:
        """What has been added."""
        return Counts(
            *(now - then for now, then in zip(astuple(self), astuple(before), strict=True))
        )


class _Shape(ctypes.Structure):
    _fields_ = [(each.name, ctypes.c_double) for each in fields(Shape)]


class _Counts(ctypes.Structure):
    _fields_ = [(each.name, ctypes.c_uint64) for each in fields(Counts)]


class Load:
    """All that is sent and received in one run; one at a time in a process.

    Args:
        folder: where the library is built; scratch.

    Raises:
        BuildFailed: there is no gcc, or it does not take the source.
    """

    def __init__(self, folder: Path) -> None:
        self._library = _built(folder)
        self._library.load_init(
            *map(_function, ("protect", "unprotect", "protect_rtcp", "unprotect_rtcp"))
        )
        self._library.load_reset()
        self._held: list[Any] = []
        self.lines = 0

    def add(self, client: MediaClient, *, sends: bool = True, takes_reduced: bool = True) -> None:
        """Take a connected client over; its sessions and its socket must outlive the load.

        Args:
            client: connected.
            sends: whether it sends at all.
            takes_reduced: whether the server takes RTCP of reduced size (RFC 5506), as ours does.
        """
        given = client.hand_over()
        self._held.append(given)
        ssrcs = (client.ssrcs[VP8], client.ssrcs[OPUS]) if sends else (0, 0)
        status = self._library.load_add(
            given.socket.fileno(),
            given.server[0].encode(),
            given.server[1],
            _handle(given.sending),
            _handle(given.receiving),
            int(takes_reduced),
            *(ctypes.c_uint32(each) for each in ssrcs),
            *(client.next_number(each) for each in (VP8, OPUS)),
        )
        if status:
            raise OSError("a line cannot be taken over")
        self.lines += 1

    def forget(self) -> None:
        """Drop all lines; afterwards the clients may be closed."""
        self._library.load_reset()
        self._held.clear()
        self.lines = 0

    async def run(self, seconds: float, shape: Shape) -> Counts:
        """Send and receive for so long, and 0.3 s more for what is on its way.

        Returns:
            What happened meanwhile.
        """
        before = self.counts()
        given = _Shape(*astuple(shape))
        # ctypes gives the interpreter free: the clients' checks and sockets go on in the loop.
        try:
            await asyncio.to_thread(self._library.load_run, seconds, ctypes.byref(given))
        finally:
            self._library.load_stop()  # a thread cannot be cancelled, and somebody has pressed Ctrl-C
        return self.counts().since(before)

    def counts(self) -> Counts:
        """Everything since the load was made."""
        into = _Counts()
        self._library.load_counts(ctypes.byref(into))
        return Counts(*(int(getattr(into, each.name)) for each in fields(Counts)))

    def ways_s(self) -> list[float]:
        """How long each packet was under way since the last call, in order of size; first arrivals only."""
        count = self._library.load_samples(None, 0xFFFF_FFFF)
        into = array("f", bytes(4 * count))
        address, _ = into.buffer_info()
        self._library.load_samples(ctypes.c_void_p(address), count)
        return sorted(into)


def _built(folder: Path) -> ctypes.CDLL:
    library = folder / "load.so"
    if not library.exists():
        command = ["gcc", "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE)]
        try:
            run = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise BuildFailed("gcc is not installed") from None
        if run.returncode:
            raise BuildFailed(run.stderr)
    loaded = ctypes.CDLL(str(library))
    loaded.load_run.argtypes = [ctypes.c_double, ctypes.c_void_p]
    loaded.load_run.restype = None
    loaded.load_samples.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    loaded.load_samples.restype = ctypes.c_uint32
    return loaded


def _function(name: str) -> ctypes.c_void_p:
    """Address of one of libsrtp's functions, of the libsrtp that the sessions come from."""
    return ctypes.c_void_p(int(ffi.cast("uintptr_t", ffi.addressof(lib, f"srtp_{name}"))))


def _handle(session: Session) -> ctypes.c_void_p:
    """The srtp_t inside a session."""
    return ctypes.c_void_p(int(ffi.cast("uintptr_t", session._srtp[0])))
