"""The packets of the last moments, for whoever asks for one of them again. PURE."""

from __future__ import annotations

KEPT_TURN_S = 0.125
"""How often `Kept.turn` is called: packets are forgotten in heaps of so much time."""
KEPT_LEAST_S, KEPT_MOST_S = 0.125, 1.5
"""A NACK comes one round trip after its packet, so a near receiver needs little, nobody waits for 1.5 s."""
KEPT_IN_A_TURN = 128
"""Packets; 9 Mbit/s, beyond which a sender only costs memory."""
KEPT_PACKETS = 512
"""Packets that are kept at most, whatever the receiver's round trip."""


class Kept:
    """The packets of the last moments by number, in heaps of one turn each: forgetting costs nothing a packet."""

    __slots__ = ("_older", "young")

    def __init__(self) -> None:
        self.young: dict[int, bytes] = {}
        """The heap that is being filled; whoever fills it minds `KEPT_IN_A_TURN`."""
        self._older: list[dict[int, bytes]] = []

    def __len__(self) -> int:
        return len(self.young) + sum(len(heap) for heap in self._older)

    def keep(self, number: int, packet: bytes) -> None:
        """Keep a packet."""
        if len(self.young) < KEPT_IN_A_TURN:
            self.young[number] = packet

    def get(self, number: int) -> bytes | None:
        """The packet of that number, or None when it is not kept (any more)."""
        for heap in (self.young, *self._older):
            if (packet := heap.get(number)) is not None:
                return packet
        return None

    def turn(self, keep_for_s: float) -> None:
        """Begin a new heap, and forget what is older than so long."""
        if not self.young and not self._older:
            return
        self._older.insert(0, self.young)
        self.young = {}
        heaps = -(-min(max(keep_for_s, KEPT_LEAST_S), KEPT_MOST_S) // KEPT_TURN_S)
        while self._older and (len(self._older) > heaps or len(self) > KEPT_PACKETS):
            self._older.pop()
