"""One SSRC that goes up and those that it feeds, under which numbers, and what is asked for again. PURE.

A leg sends *up* tracks and receives *down* tracks. A down track belongs to the receiver and outlives whoever feeds
it: when the sender's page is loaded anew, the numbering goes on where it was, or the receiver's replay window would
throw the new packets away. What is counted of a packet is counted once, at the up track; a down track is offsets from
it, so that a further receiver costs no further counting. Times are monotonic seconds given by the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

from workers.media.kept import Kept
from workers.media.rtp import (
    CLOCK_HZ,
    NUMBERING,
    PICTURES,
    REPEATS,
    original_sequence_at,
    repetition,
    uint16_add,
    uint16_is_older,
    uint32_add,
)

Owner = TypeVar("Owner")
START_PACKETS = 8_192
"""For so many packets after a change of source an RTX packet may be older than its start; later the numbers wrap."""
MAX_GAP = 64
"""A longer gap is a sender that was away: asking for half a second of pictures would only be in the way."""
MAX_MISSING = 256
MAX_ASKED = 4
"""How often a packet is asked for; with 15 % loss each way 1 in 170 does not come even then."""
ASK_AGAIN_LEAST_S = 0.05
DROPPED = -1
"""What `rewrite` returns for a packet that is not to be forwarded."""


class UpTrack(Generic[Owner]):
    """One SSRC that a leg sends, and where it goes.

    Args:
        owner: the sending leg.
        payload_type: of the packet at hand.
        ssrc: of the packet at hand.
        sequence_number: of the packet at hand.
        timestamp: of the packet at hand.
        now: monotonic seconds.
        routes: the leg's; the track is in it while it feeds somebody.
    """

    __slots__ = (
        "_missing",
        "_routes",
        "at",
        "bytes",
        "bytes_told",
        "first",
        "is_direct",
        "kept",
        "key_frame_asked_at",
        "more",
        "owner",
        "packets",
        "payload_type",
        "sequence_number",
        "short_path",
        "ssrc",
        "timestamp",
    )

    def __init__(
        self,
        owner: Owner,
        payload_type: int,
        ssrc: int,
        sequence_number: int,
        timestamp: int,
        now: float,
        routes: dict[int, UpTrack[Owner]],
    ) -> None:
        self.owner = owner
        self.payload_type = payload_type
        self.ssrc = ssrc
        self._routes = routes
        self.sequence_number = uint16_add(sequence_number, -1)
        """The highest so far."""
        self.timestamp = timestamp
        self.at = now
        """When the packet of that number came."""
        self.packets = 0
        self.bytes = 0
        self.bytes_told = 0
        """Of them, those that the statistics have."""
        self.first: DownTrack[Owner] | None = None
        self.more: tuple[DownTrack[Owner], ...] = ()
        """Those whom it feeds beside the first one; empty where two people talk."""
        self.is_direct = False
        """It feeds one other, who needs nothing but other numbers: the short path."""
        self.short_path: Any = None
        """The port's, of a direct track; None until a packet has gone the wide way, and whenever it is fed anew."""
        self.kept = Kept() if payload_type in PICTURES else None
        """Packets as they were decrypted, under the sender's numbers."""
        self.key_frame_asked_at = float("-inf")
        self._missing: dict[int, tuple[float, int]] = {}
        """Number -> when it was asked for last, and how often."""

    @property
    def fed(self) -> tuple[DownTrack[Owner], ...]:
        """All that it feeds."""
        return () if self.first is None else (self.first, *self.more)

    def feed(self, tracks: Sequence[DownTrack[Owner]]) -> None:
        """From now on feed these, which have adopted it."""
        self.short_path = None
        if tracks:
            self.first, self.more = tracks[0], tuple(tracks[1:])
            self._routes[self.ssrc] = self
        else:
            self.first, self.more = None, ()
            self._routes.pop(self.ssrc, None)
        self.is_direct = (
            len(tracks) == 1
            and self.payload_type not in REPEATS
            and tracks[0].kept is None
            and not tracks[0].is_stamped
            and tracks[0].owner is not self.owner
        )

    # ---- what is missing ------------------------------------------------------------------------------------------

    def arrived(self, sequence_number: int, timestamp: int, now: float) -> list[int]:
        """Note the number of a packet that is not the next one.

        Returns:
            Numbers that the sender is to be asked for at once.
        """
        step = (sequence_number - self.sequence_number) & 0xFFFF
        if not 0 < step < 0x8000:
            self._missing.pop(sequence_number, None)
            return []
        first_missing = self.sequence_number + 1
        self.sequence_number, self.timestamp, self.at = sequence_number, timestamp, now
        if step == 1 or self.kept is None or self.first is None:
            return []
        if step > MAX_GAP:
            self._missing.clear()
            return []
        gap = [(first_missing + index) & 0xFFFF for index in range(step - 1)]
        for number in gap:
            self._note_asked(number, now, 1)
        return gap

    @property
    def has_missing(self) -> bool:
        """Something was asked for that has not come."""
        return bool(self._missing)

    def came_again(self, sequence_number: int) -> None:
        """A packet of that number was repeated: it is missing no more."""
        self._missing.pop(sequence_number, None)

    def wanted(self, sequence_numbers: Iterable[int], now: float, rtt_s: float) -> list[int]:
        """Those of the numbers, which a receiver misses, that the sender was not asked for within a round trip."""
        wanted = []
        for number in sequence_numbers:
            asked_at, times = self._missing.get(number, (float("-inf"), MAX_ASKED))
            if now - asked_at >= rtt_s:
                wanted.append(number)
                self._note_asked(number, now, times)
        return wanted

    def to_ask_again(self, now: float, rtt_s: float) -> list[int]:
        """The numbers whose answer is overdue; what was asked for often enough is given up."""
        overdue = []
        for number, (asked_at, times) in list(self._missing.items()):
            if now - asked_at < max(1.25 * rtt_s, ASK_AGAIN_LEAST_S):
                continue
            if times >= MAX_ASKED:
                del self._missing[number]
            else:
                overdue.append(number)
                self._missing[number] = now, times + 1
        return overdue

    def _note_asked(self, number: int, now: float, times: int) -> None:
        self._missing[number] = now, times
        if len(self._missing) > MAX_MISSING:
            del self._missing[next(iter(self._missing))]


class DownTrack(Generic[Owner]):
    """One SSRC that a leg receives; its numbering stays continuous whoever feeds it.

    Args:
        owner: the receiving leg.
        payload_type: payload type of the track.
        ssrc: SSRC as announced in the offer.
        sequence_number: the number before the first packet.
        timestamp: timestamp before the first packet.
        now: monotonic seconds.
    """

    __slots__ = (
        "_at",
        "_packets",
        "_sequence_number",
        "_timestamp",
        "_up_packets",
        "first_sequence",
        "is_stamped",
        "kept",
        "owner",
        "payload_type",
        "rtx",
        "sequence_offset",
        "ssrc",
        "timestamp_offset",
        "up",
    )

    def __init__(
        self,
        owner: Owner,
        payload_type: int,
        ssrc: int,
        sequence_number: int,
        timestamp: int,
        now: float,
    ) -> None:
        self.owner = owner
        self.payload_type = payload_type
        self.ssrc = ssrc
        self.up: UpTrack[Owner] | None = None
        """What feeds it."""
        self.rtx: RtxDownTrack[Owner] | None = None
        """The track that repeats its packets."""
        self.kept: Kept | None = None
        """For who takes no RTX: packets as they were sent, for protecting a number twice would reuse a nonce."""
        self.is_stamped = False
        """Its packets say when we sent them."""
        self.first_sequence = 0
        self.sequence_offset = 0
        self.timestamp_offset = 0
        self._up_packets = 0
        self._packets = 0
        self._sequence_number = sequence_number
        self._timestamp = timestamp
        self._at = now

    @property
    def up_ssrc(self) -> int:
        """SSRC as the sender knows it; 0: nobody feeds the track."""
        return self.up.ssrc if self.up is not None else 0

    @property
    def packets(self) -> int:
        """How many were forwarded so far."""
        return self._packets + (self.up.packets - self._up_packets if self.up is not None else 0)

    @property
    def latest_sequence(self) -> int:
        """The highest number that was forwarded, in the receiver's numbering."""
        if self.up is None:
            return self._sequence_number
        return uint16_add(self.up.sequence_number, self.sequence_offset)

    def adopt(self, up: UpTrack[Owner], sequence_number: int, timestamp: int, now: float) -> None:
        """Be fed by another source from this packet on, without a gap in the numbering.

        Args:
            up: the new source.
            sequence_number: of the first packet that will be forwarded.
            timestamp: of that packet.
            now: monotonic seconds; the timestamp goes on by the time that has passed.
        """
        self.release()
        passed = int((now - self._at) * CLOCK_HZ[self.payload_type])
        self.up, self.first_sequence, self._up_packets = up, sequence_number, up.packets
        self.sequence_offset = uint16_add(self._sequence_number + 1, -sequence_number)
        self.timestamp_offset = uint32_add(self._timestamp + passed, -timestamp)
        if self.rtx is not None:
            self.rtx.timestamp_offset = self.timestamp_offset

    def release(self) -> None:
        """Be fed by nobody, and remember how far it went."""
        if self.up is None:
            return
        if self.rtx is not None:
            self.rtx.release()
        self._packets = self.packets
        self._sequence_number = self.latest_sequence
        self._timestamp = uint32_add(self.up.timestamp, self.timestamp_offset)
        self._at = self.up.at
        up, self.up = self.up, None
        up.feed([track for track in up.fed if track is not self])

    def rewrite(self, buffer: bytearray, length: int, sequence_number: int, timestamp: int) -> int:
        """Put the receiver's numbers into a decrypted packet, in place.

        Returns:
            The new sequence number, or `DROPPED`.
        """
        sequence_number = (sequence_number + self.sequence_offset) & 0xFFFF
        timestamp = (timestamp + self.timestamp_offset) & 0xFFFF_FFFF
        NUMBERING.pack_into(buffer, 2, sequence_number, timestamp, self.ssrc)
        return sequence_number

    def begin_again(self) -> None:
        """What was forwarded so far needs no repetition: the receiver was away, and a key frame comes."""
        if self.up is not None:
            self._packets, self._up_packets = self.packets, self.up.packets
            self.first_sequence = uint16_add(self.up.sequence_number, 1)

    def is_before_start(self, up_sequence_number: int) -> bool:
        """Whether the sender's packet of that number came before the first one that the receiver needs."""
        if self.up is None or self.up.packets - self._up_packets >= START_PACKETS:
            return False
        return uint16_is_older(up_sequence_number, self.first_sequence)


class RtxDownTrack(DownTrack[Owner]):
    """The retransmissions of a picture's track; they carry the number of the packet that they repeat (RFC 4588).

    Their own numbers only count, for the sender's repetitions and ours go out under the same SSRC.
    """

    __slots__ = ("_repeated", "_sent")

    def __init__(
        self,
        picture: DownTrack[Owner],
        payload_type: int,
        ssrc: int,
        sequence_number: int,
        now: float,
    ) -> None:
        super().__init__(picture.owner, payload_type, ssrc, sequence_number, 0, now)
        self._repeated = picture
        self._sent = 0
        picture.rtx = self

    @property
    def packets(self) -> int:
        """How many were sent so far, the sender's and ours."""
        return self._sent

    @property
    def latest_sequence(self) -> int:
        """The highest number that was sent."""
        return self._sequence_number

    def adopt(self, up: UpTrack[Owner], sequence_number: int, timestamp: int, now: float) -> None:
        """Be fed by another source; the timestamps stay those of the picture."""
        self.release()
        self.up = up

    def release(self) -> None:
        """Be fed by nobody."""
        if self.up is None:
            return
        up, self.up = self.up, None
        up.feed([track for track in up.fed if track is not self])

    def rewrite(self, buffer: bytearray, length: int, sequence_number: int, timestamp: int) -> int:
        """Rewrite header and original sequence number; drop what repeats a packet from before our start."""
        position = original_sequence_at(buffer, length)
        if position is not None:
            original = buffer[position] << 8 | buffer[position + 1]
            if self._repeated.is_before_start(original):
                return DROPPED
            original = uint16_add(original, self._repeated.sequence_offset)
            buffer[position], buffer[position + 1] = original >> 8, original & 0xFF
        number = self._next()
        self.sequence_offset = uint16_add(number, -sequence_number)
        timestamp = uint32_add(timestamp, self.timestamp_offset)
        NUMBERING.pack_into(buffer, 2, number, timestamp, self.ssrc)
        return number

    def repeat(self, packet: bytes) -> bytes | None:
        """Write a repetition of our own.

        Args:
            packet: as the sender's was decrypted.

        Returns:
            The RTX packet in clear, or None when the packet's header lies.
        """
        number, timestamp, _ = NUMBERING.unpack_from(packet, 2)
        return repetition(
            packet,
            payload_type=self.payload_type,
            number=self._next(),
            timestamp=(timestamp + self._repeated.timestamp_offset) & 0xFFFF_FFFF,
            ssrc=self.ssrc,
            original=(number + self._repeated.sequence_offset) & 0xFFFF,
        )

    def _next(self) -> int:
        self._sequence_number = uint16_add(self._sequence_number, 1)
        self._sent += 1
        return self._sequence_number
