"""The packets of the last moments, for whoever asks for one of them again. PURE."""

from __future__ import annotations

KEPT_TURN_S = 0.025
"""Packets are forgotten in heaps of so much time."""
KEPT_LEAST_S, KEPT_MOST_S = 0.1, 1.5
"""A near receiver's NACK comes soon, and nobody waits for 1.5 s."""
KEPT_IN_A_TURN = 128
"""Packets; what a line that stood still lets go at once."""
KEPT_PACKETS = 512
"""Packets that are kept at most, whatever the receiver's round trip."""


class Kept:
    """The packets of the last moments by number, in heaps: forgetting costs nothing a packet.

    Times are monotonic seconds given by the caller.
    """

    __slots__ = ("_older", "_older_count", "for_s", "turns_at", "young")

    def __init__(self) -> None:
        self.for_s = KEPT_LEAST_S
        """For so long: what the slowest of those who get it may ask for."""
        self.young: dict[int, bytes] = {}
        """The heap that is being filled; whoever fills it minds `turns_at` and `KEPT_IN_A_TURN`."""
        self.turns_at = float("-inf")
        """From then on a packet begins a new heap: `turn`."""
        self._older: list[tuple[float, dict[int, bytes]]] = []
        """Newest first, each with the moment at which it was full."""
        self._older_count = 0
        """Packets in them."""

    def __len__(self) -> int:
        return len(self.young) + self._older_count

    def keep(self, number: int, packet: bytes, now: float) -> None:
        """Keep a packet."""
        if now >= self.turns_at:
            self.turn(now)
        if len(self.young) < KEPT_IN_A_TURN:
            self.young[number] = packet

    def get(self, number: int) -> bytes | None:
        """The packet of that number, or None when it is not kept (any more)."""
        packet = self.young.get(number)
        if packet is None:
            for _, heap in self._older:
                if (packet := heap.get(number)) is not None:
                    break
        return packet

    def turn(self, now: float) -> None:
        """Begin a new heap, and forget the heaps that `for_s` needs no more."""
        self.turns_at = now + KEPT_TURN_S
        older = self._older
        older.insert(0, (now, self.young))
        self._older_count += len(self.young)
        self.young = {}
        since = now - min(max(self.for_s, KEPT_LEAST_S), KEPT_MOST_S)
        while older and (older[-1][0] < since or self._older_count > KEPT_PACKETS):
            self._older_count -= len(older.pop()[1])

    def rest(self, now: float) -> None:
        """Forget all if nothing has come for long; to be called about once a second."""
        if now >= self.turns_at + KEPT_MOST_S:
            self.young = {}
            self._older.clear()
            self._older_count = 0
