"""What the port remembers from packet to packet, each in one place.

A packet's way leads over legs, tracks, keys and addresses, each an object somewhere in memory, and most of it has left
the processor's caches by the next turn: with 40 people a look at each costs more than what is done with it (ADR 16).
"""

from __future__ import annotations

from typing import Any

from workers.media.datagrams import Destination
from workers.media.forwarder import DownTrack, UpTrack
from workers.media.ice import IceLeg, Path
from workers.media.room import Leg, Room
from workers.media.srtp import SrtpTransport


class Sender:
    """Whose packets come from an address, and what opens them.

    Args:
        leg: who.
        transport: the leg's.
        path: the address; None: it is not known to be the leg's.
    """

    __slots__ = ("_transport", "leg", "path", "receiving", "room", "routes")

    def __init__(self, leg: Leg, transport: SrtpTransport, path: Path[Leg] | None) -> None:
        self.leg = leg
        self.path = path
        self.room: Room = leg.room
        self.routes: dict[int, UpTrack[Leg]] = leg.up.routes
        self._transport = transport
        self.receiving: Any = transport.receiving


class ShortPath:
    """How a packet of a direct track gets to the one it is for.

    Args:
        down: the track that it becomes; whenever it is fed anew, the path is forgotten.
        transport: the receiver's.
        ice: the receiver's; the path holds while its address is the one of now.
        destination: that address.
    """

    __slots__ = (
        "_transport",
        "address",
        "destination",
        "ice",
        "sending",
        "sequence_offset",
        "ssrc",
        "timestamp_offset",
    )

    def __init__(
        self,
        down: DownTrack[Leg],
        transport: SrtpTransport,
        ice: IceLeg[Leg],
        destination: Destination,
    ) -> None:
        self.sequence_offset = down.sequence_offset
        self.timestamp_offset = down.timestamp_offset
        self.ssrc = down.ssrc
        self.ice = ice
        self.address = ice.address
        self.destination = destination
        self._transport = transport
        self.sending: Any = transport.sending
