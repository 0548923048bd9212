"""The worker's UDP socket: many datagrams are taken with one call of the kernel, and many sent with one (ADR 15).

The only home of `recvmmsg(2)` and `sendmmsg(2)`, which Python's sockets lack. The kernel's structures lie ready in
memory and only what changes is written; an address is the kernel's spelling until somebody wants to read it.
Packets of one size that follow each other to one address are one message, which the kernel cuts (`udp(7)`,
`UDP_SEGMENT`): the pieces of a picture mostly are. Where it cannot, they go one by one.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import sys
from collections.abc import Sequence
from typing import Any

from workers.media import srtp
from workers.media.ice import Address

SOCKET_BUFFER_BYTES = 4 << 20
"""A second of 25 rooms; without it a pause of 20 ms loses packets. The kernel may grant less."""
SLOTS = 32
"""Datagrams a call: more than come while the port rests, so that one call takes them all."""
SPARES = 16
"""Slots for packets of our own that leave with those of a turn: answers to NACKs, reports."""
KNOWN_ADDRESSES = 4_096
"""Kept as the kernel spells them; then all are forgotten and learnt anew, for a flood may come from everywhere."""
CUT_MOST_BYTES = 1_232
"""Packets up to here are cut from one message: every path takes them whole (RFC 8200 §5), as the kernel demands."""
NAME_BYTES = 32
"""Room for a `sockaddr_in` or a `sockaddr_in6`."""
NAME_SIZES = {socket.AF_INET: 16, socket.AF_INET6: 28}
Spelling = int | bytes
"""Whom a datagram came from, as the kernel has it: of IPv4 the first eight bytes, for there is no more; of IPv6 all."""


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


class _Control(ctypes.Structure):
    """`struct cmsghdr` with `UDP_SEGMENT`."""

    _fields_ = (
        ("size", ctypes.c_size_t),
        ("level", ctypes.c_int),
        ("kind", ctypes.c_int),
        ("piece", ctypes.c_uint16),
        ("_", ctypes.c_uint16 * 3),
    )


class _Message(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_size", ctypes.c_uint32),
        ("iovecs", ctypes.c_void_p),
        ("iovec_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_size", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Header(ctypes.Structure):
    _fields_ = (("message", _Message), ("size", ctypes.c_uint))


_UDP_SEGMENT = 103
_CONTROL_SIZE = _Control.piece.offset + _Control.piece.size
_IOVEC_BYTES = ctypes.sizeof(_Iovec)
_HEADER_BYTES = ctypes.sizeof(_Header)
_LOW_INT = 0 if sys.byteorder == "little" else ctypes.sizeof(ctypes.c_size_t) - 4
"""Where the lower four bytes of a `size_t` lie."""
# Neither call waits, so the interpreter's lock is kept.
_libc = ctypes.PyDLL(None, use_errno=True)
_recvmmsg, _sendmmsg = _libc.recvmmsg, _libc.sendmmsg


def bind(host: str, port: int) -> socket.socket:
    """Open the worker's UDP socket.

    Args:
        host: address to bind; one with a colon is IPv6, and `::` takes IPv4 as well.
        port: UDP port; 0: any free one.

    Raises:
        OSError: the port is taken or the address is not ours.
    """
    is_ipv6 = ":" in host
    udp = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if is_ipv6:
            udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
        udp.setblocking(False)
        udp.bind((host, port))
    except OSError:
        udp.close()
        raise
    return udp


class Slot(srtp.PacketBuffer):
    """One datagram of a turn. Its length is the kernel's `iov_len`: as libsrtp leaves it, it is sent."""

    __slots__ = ("iovec",)

    def __init__(self, iovec: _Iovec) -> None:
        self.iovec = ctypes.addressof(iovec)
        super().__init__(self.iovec + _Iovec.size.offset + _LOW_INT)
        iovec.base = _address_of(self.data)


class Destination:
    """An address as the kernel wants to be told it. Whoever holds it may send there, for as long as he likes."""

    __slots__ = ("_name", "at", "is_cut")

    def __init__(self, name: bytearray) -> None:
        self._name = name
        self.at = _address_of(name)
        """Where in memory it is spelled."""
        self.is_cut = True
        """Not, where the kernel would not: a narrow way, a device without checksums, no way at all."""


class Datagrams:
    """Takes and sends datagrams, many at a time.

    A turn is `receive`, then `queue` for each datagram that goes on, then `flush`; what is queued lies in its slot
    until then. With them go packets of our own, each in a `spare` slot. Nothing waits.

    Args:
        udp: bound and not blocking; closed with this.
    """

    def __init__(self, udp: socket.socket) -> None:
        self._udp = udp
        self.number: int = udp.getsockname()[1]
        self._fd = udp.fileno()
        self._is_ipv6 = udp.family == socket.AF_INET6
        self._queued = 0
        self._iovecs = (_Iovec * (SLOTS + SPARES))()
        """Of each slot, as it is sent."""
        slots = [Slot(iovec) for iovec in self._iovecs]
        self._slots, self._spares = slots[:SLOTS], slots[SLOTS:]
        self._spares_used = SPARES
        self._rooms = (_Iovec * SLOTS)()
        """Of each slot, as the kernel fills it."""
        self._names = bytearray(SLOTS * NAME_BYTES)
        """Whom each slot came from."""
        self._addresses: dict[Spelling, Address] = {}
        self._destinations: dict[Address, Destination] = {}
        self._in, self._out = (_Header * SLOTS)(), (_Header * len(slots))()
        self._controls = (_Control * len(slots))()
        """How a message to send is cut."""
        names = _address_of(self._names)
        for place, slot in enumerate(self._slots):
            self._rooms[place] = _Iovec(_address_of(slot.data), srtp.MAX_DATAGRAM_BYTES)
            self._in[place].message.name = names + place * NAME_BYTES
            self._in[place].message.iovecs = ctypes.addressof(self._rooms[place])
        for header in (*self._in, *self._out):
            header.message.name_size, header.message.iovec_count = NAME_SIZES[udp.family], 1
        for place in range(len(slots)):
            self._controls[place] = _Control(_CONTROL_SIZE, socket.IPPROTO_UDP, _UDP_SEGMENT)
            self._out[place].message.control = ctypes.addressof(self._controls[place])
        # What differs from packet to packet, as Python reads and writes it fastest.
        self._sizes = _column(self._in, _Header.size.offset, "I")
        self._keys = memoryview(self._names).cast("Q")[:: NAME_BYTES // 8]
        """The first eight bytes of a name."""
        self._out_names = _column(self._out, _Message.name.offset, "P")
        self._out_iovecs = _column(self._out, _Message.iovecs.offset, "P")
        self._out_counts = _column(self._out, _Message.iovec_count.offset, "N")
        self._out_controls = _column(self._out, _Message.control_size.offset, "N")
        self._pieces = _column(self._controls, _Control.piece.offset, "H")
        # The message that was queued last, and what may still join it.
        self._queued_to: list[Destination | None] = [None] * len(slots)
        """Of each message."""
        self._last: Destination | None = None
        self._next_iovec = self._piece = 0
        self._cut_most = CUT_MOST_BYTES if _is_cut(udp) else 0

    def fileno(self) -> int:
        """The socket's file descriptor."""
        return self._udp.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._fd = -1  # the number will be another's
        self._udp.close()

    def receive(self) -> list[tuple[Slot, int, Spelling]]:
        """Take what has come, at most `SLOTS` datagrams; when they are fewer, there are no more.

        What was queued and never flushed is forgotten: in its slot lies another's packet soon, perhaps in plain.

        Returns:
            Of each its slot, its bytes, and whom it came from. The slots are filled again by the next call.

        Raises:
            OSError: the kernel reports one; the next call may succeed.
        """
        self._queued = self._next_iovec = 0
        self._spares_used = SPARES
        count: int = _recvmmsg(self._fd, self._in, SLOTS, 0, None)
        if count < 0:
            number = ctypes.get_errno()
            if number == errno.EAGAIN:
                return []
            raise OSError(number, os.strerror(number))
        self._spares_used = 0
        spellings: Sequence[Spelling] = (
            self._full_names(count) if self._is_ipv6 else self._keys[:count]
        )
        return list(zip(self._slots, self._sizes, spellings, strict=False))

    def address(self, spelling: Spelling) -> Address:
        """Spell out whom a datagram came from, as Python's sockets do."""
        return self._addresses.get(spelling) or self._learn(spelling)

    def destination(self, address: Address) -> Destination | None:
        """Where to `queue` what is for an address that was spelled out here; None when that was forgotten since."""
        return self._destinations.get(address)

    def spare(self) -> Slot | None:
        """A slot for a packet of our own, to be queued in this turn; None: no turn is under way, or all are taken."""
        if self._spares_used == SPARES:
            return None
        self._spares_used += 1
        return self._spares[self._spares_used - 1]

    def queue(self, slot: Slot, to: Destination) -> None:
        """Have a slot's packet sent by the next `flush`."""
        size, iovec = slot.length[0], slot.iovec
        if iovec == self._next_iovec and to is self._last and size <= self._piece:
            last = self._queued - 1
            self._out_counts[last] += 1
            self._out_controls[last] = _CONTROL_SIZE
            if size < self._piece:
                self._piece = 0  # a smaller piece is the last
        else:
            queued = self._queued
            self._queued_to[queued] = self._last = to
            self._out_names[queued] = to.at
            self._out_iovecs[queued] = iovec
            self._out_counts[queued] = 1
            self._out_controls[queued] = 0
            may_grow = size <= self._cut_most and to.is_cut
            self._pieces[queued] = self._piece = size if may_grow else 0
            self._queued = queued + 1
        self._next_iovec = iovec + _IOVEC_BYTES

    def flush(self) -> int:
        """Send what is queued.

        Returns:
            How many packets the kernel did not take.
        """
        count, self._queued, self._next_iovec = self._queued, 0, 0
        self._spares_used = SPARES
        done = refused = 0
        while done < count:
            sent = self._send_messages(done, count - done)
            if sent <= 0:
                # The kernel says so of the first of them, and nothing of the others.
                refused += self._one_by_one(done) if self._out_counts[done] > 1 else 1
                sent = 1
            done += sent
        return refused

    def _send_messages(self, first: int, count: int) -> int:
        sent: int = _sendmmsg(self._fd, ctypes.byref(self._out, first * _HEADER_BYTES), count, 0)
        return sent

    def _one_by_one(self, place: int) -> int:
        """Send the packets of a message that the kernel did not cut; how many it did not take."""
        to = self._queued_to[place]
        if to is not None and ctypes.get_errno() in (errno.EINVAL, errno.EIO, errno.EMSGSIZE):
            # Nor next time. Of this address only: anybody can see to it that his own is refused.
            to.is_cut = False
        first, count = self._out_iovecs[place], self._out_counts[place]
        self._out_counts[place], self._out_controls[place] = 1, 0
        refused = 0
        for packet in range(count):
            self._out_iovecs[place] = first + packet * _IOVEC_BYTES
            refused += self._send_messages(place, 1) <= 0
        return refused

    def send(self, data: bytes, to: Address) -> bool:
        """Send one datagram at once.

        Returns:
            False when the kernel's buffer is full, or there is no way to the address.
        """
        try:
            self._udp.sendto(data, to)
        except OSError:
            return False
        return True

    def _full_names(self, count: int) -> list[bytes]:
        size, names = NAME_SIZES[self._udp.family], self._names
        return [bytes(names[at : at + size]) for at in range(0, count * NAME_BYTES, NAME_BYTES)]

    def _learn(self, spelling: Spelling) -> Address:
        """Spell out an address, and keep it as it is."""
        if len(self._addresses) >= KNOWN_ADDRESSES:
            self._addresses.clear()
            self._destinations.clear()
        known = spelling if isinstance(spelling, bytes) else spelling.to_bytes(8, sys.byteorder)
        name = bytearray(known.ljust(NAME_BYTES, b"\0"))
        address = self._addresses[spelling] = _spelled(name)
        self._destinations[address] = Destination(name)
        return address


def _is_cut(udp: socket.socket) -> bool:
    """Whether the kernel knows of `UDP_SEGMENT`; one that does not would send a message as it is."""
    try:
        udp.getsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT)
    except OSError:
        return False
    return True


def _spelled(name: bytearray) -> Address:
    """A `sockaddr_in` or `sockaddr_in6` as Python's sockets give and take it."""
    port = int.from_bytes(name[2:4], "big")
    if int.from_bytes(name[:2], sys.byteorder) == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, name[4:8]), port
    flow, scope = int.from_bytes(name[4:8], "big"), int.from_bytes(name[24:28], sys.byteorder)
    return socket.inet_ntop(socket.AF_INET6, name[8:24]), port, flow, scope


def _address_of(data: bytearray) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(data))


def _column(structures: ctypes.Array[Any], offset: int, kind: str) -> memoryview:
    """One field of all structures; `kind` is its format in `struct`."""
    fields: memoryview[int] = memoryview(structures).cast("B").cast(kind)  # type: ignore[call-overload]
    return fields[offset // fields.itemsize :: ctypes.sizeof(structures._type_) // fields.itemsize]
