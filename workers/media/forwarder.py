"""Who sends what to whom, and under which numbers: routes, offsets, and the packets kept for NACK. PURE.

A leg sends *up* tracks and receives *down* tracks. A down track belongs to the receiver and outlives whoever feeds
it: when the sender's page is loaded anew, the numbering goes on where it was, or the receiver's replay window would
throw the new packets away. Times are monotonic seconds given by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workers.media.rtp import (
    CLOCK_HZ,
    NUMBERING,
    OPUS,
    RTX,
    VP8,
    original_sequence_at,
    uint16_add,
    uint16_is_older,
    uint32_add,
)

KEPT_PACKETS = 512
"""Video packets kept for NACK, per receiver: 3.6 s at 140 packets a second; a power of two."""
START_PACKETS = 8_192
"""For so many packets after a change of source an RTX packet may be older than its start; later the numbers wrap."""
RESENDS_PER_S = 400
"""Bound on what a receiver's NACKs may make us send: 8 % loss at 3 Mbit/s asks for about 30 a second."""

FUNCTIONS: Mapping[str, frozenset[int]] = {
    "audio": frozenset({OPUS}),
    "video": frozenset({VP8, RTX}),
}
"""What a function of the programme lets a leg send; the others (chat, screen) are not carried here."""

DROPPED = -1
"""What `DownTrack.rewrite` returns for a packet that is not to be forwarded."""


class DownTrack:
    """One SSRC that a leg receives; its numbering stays continuous whoever feeds it.

    Args:
        payload_type: payload type of the track.
        ssrc: SSRC as announced in the offer.
        sequence_number: the number before the first packet.
        timestamp: timestamp before the first packet.
        now: monotonic seconds.
    """

    __slots__ = (
        "_kept",
        "_latest_at",
        "_latest_sequence",
        "_latest_timestamp",
        "_packets_before",
        "first_sequence",
        "packets",
        "payload_type",
        "sequence_offset",
        "source",
        "ssrc",
        "timestamp_offset",
        "up_ssrc",
    )

    def __init__(
        self, payload_type: int, ssrc: int, sequence_number: int, timestamp: int, now: float
    ) -> None:
        self.payload_type = payload_type
        self.ssrc = ssrc
        self.up_ssrc = 0
        self.source: UpTracks | None = None
        self.first_sequence = 0
        self.sequence_offset = 0
        self.timestamp_offset = 0
        self.packets = 0
        self._packets_before = 0
        self._latest_sequence = sequence_number
        self._latest_timestamp = timestamp
        self._latest_at = now
        kept = KEPT_PACKETS if payload_type == VP8 else 0
        self._kept: list[tuple[int, bytes] | None] = [None] * kept

    def adopt(
        self, source: UpTracks, up_ssrc: int, sequence_number: int, timestamp: int, now: float
    ) -> None:
        """Be fed by another source from this packet on, without a gap in the numbering.

        Args:
            source: what the sending leg publishes.
            up_ssrc: the sender's SSRC.
            sequence_number: of the first packet that will be forwarded.
            timestamp: of that packet.
            now: monotonic seconds; the timestamp goes on by the time that has passed.
        """
        passed = int((now - self._latest_at) * CLOCK_HZ[self.payload_type])
        self.source, self.up_ssrc, self.first_sequence = source, up_ssrc, sequence_number
        self.sequence_offset = uint16_add(self._latest_sequence + 1, -sequence_number)
        self.timestamp_offset = uint32_add(self._latest_timestamp + passed, -timestamp)
        self._packets_before = self.packets

    def rewrite(
        self, buffer: bytearray, length: int, sequence_number: int, timestamp: int, now: float
    ) -> int:
        """Put the receiver's numbers into a decrypted packet, in place.

        Returns:
            The new sequence number, or `DROPPED`.
        """
        # Inline arithmetic: this runs for every packet, and a call costs as much as the rest.
        sequence_number = (sequence_number + self.sequence_offset) & 0xFFFF
        timestamp = (timestamp + self.timestamp_offset) & 0xFFFF_FFFF
        if (sequence_number - self._latest_sequence) & 0xFFFF < 0x8000:
            self._latest_sequence = sequence_number
            self._latest_timestamp = timestamp
            self._latest_at = now
        NUMBERING.pack_into(buffer, 2, sequence_number, timestamp, self.ssrc)
        self.packets += 1
        return sequence_number

    @property
    def latest_sequence(self) -> int:
        """The highest number that was forwarded, in the receiver's numbering."""
        return self._latest_sequence

    def is_before_start(self, up_sequence_number: int) -> bool:
        """Whether the sender's packet of that number came before the first one that we forwarded."""
        if self.packets - self._packets_before >= START_PACKETS:
            return False
        return uint16_is_older(up_sequence_number, self.first_sequence)

    def keep(self, sequence_number: int, ciphertext: bytes) -> None:
        """Keep a sent video packet for NACK; as ciphertext, for protecting a number twice would reuse a nonce."""
        if self._kept:
            self._kept[sequence_number & (KEPT_PACKETS - 1)] = (sequence_number, ciphertext)

    def kept(self, sequence_number: int) -> bytes | None:
        """The packet of that number as it was sent, or None when it is not kept (any more)."""
        if not self._kept:
            return None
        entry = self._kept[sequence_number & (KEPT_PACKETS - 1)]
        return entry[1] if entry is not None and entry[0] == sequence_number else None


class RtxDownTrack(DownTrack):
    """The retransmissions of a video track; they carry the number of the packet that they repeat (RFC 4588)."""

    __slots__ = ("_video",)

    def __init__(
        self, video: DownTrack, ssrc: int, sequence_number: int, timestamp: int, now: float
    ) -> None:
        super().__init__(RTX, ssrc, sequence_number, timestamp, now)
        self._video = video

    def adopt(
        self, source: UpTracks, up_ssrc: int, sequence_number: int, timestamp: int, now: float
    ) -> None:
        """Be fed by another source; the timestamps stay those of the video track."""
        super().adopt(source, up_ssrc, sequence_number, timestamp, now)
        self.timestamp_offset = self._video.timestamp_offset

    def rewrite(
        self, buffer: bytearray, length: int, sequence_number: int, timestamp: int, now: float
    ) -> int:
        """Rewrite header and original sequence number; drop what repeats a packet from before our start."""
        position = original_sequence_at(buffer, length)
        if position is not None:
            original = buffer[position] << 8 | buffer[position + 1]
            if self._video.is_before_start(original):
                return DROPPED
            original = uint16_add(original, self._video.sequence_offset)
            buffer[position], buffer[position + 1] = original >> 8, original & 0xFF
        return super().rewrite(buffer, length, sequence_number, timestamp, now)


class DownTracks:
    """All that one leg receives.

    Args:
        draw: gives a random number in [1, 2^32); SSRCs and first numbers come from it.
        now: monotonic seconds.
    """

    def __init__(self, draw: Callable[[], int], now: float) -> None:
        self.audio = DownTrack(OPUS, draw(), draw() & 0x7FFF, draw(), now)
        self.video = DownTrack(VP8, draw(), draw() & 0x7FFF, draw(), now)
        self.rtx = RtxDownTrack(self.video, draw(), draw() & 0x7FFF, draw(), now)
        self._by_payload_type = {OPUS: self.audio, VP8: self.video, RTX: self.rtx}
        self._resend_second = 0
        self._resend_count = 0

    def track(self, payload_type: int) -> DownTrack | None:
        """The track of that payload type, or None."""
        return self._by_payload_type.get(payload_type)

    def fed_by(self, source: UpTracks) -> list[DownTrack]:
        """The tracks that this source feeds now, video first."""
        return [track for track in (self.video, self.audio, self.rtx) if track.source is source]

    def may_resend(self, now: float) -> bool:
        """Count one packet that a NACK asks for; False once the bound of this second is reached."""
        second = int(now)
        if second != self._resend_second:
            self._resend_second, self._resend_count = second, 0
        self._resend_count += 1
        return self._resend_count <= RESENDS_PER_S


class UpTracks:
    """All that one leg sends, and which down track each SSRC goes to.

    Args:
        functions: functions that the programme allows this leg; `audio` and `video` mean something here.
    """

    __slots__ = ("_allowed", "routes")

    def __init__(self, functions: frozenset[str]) -> None:
        self._allowed = frozenset[int]().union(
            *(types for name, types in FUNCTIONS.items() if name in functions)
        )
        self.routes: dict[int, DownTrack] = {}

    def allows(self, payload_type: int) -> bool:
        """Whether the leg may send that payload type at all."""
        return payload_type in self._allowed

    def map(
        self,
        payload_type: int,
        ssrc: int,
        sequence_number: int,
        timestamp: int,
        to: DownTracks,
        now: float,
    ) -> DownTrack | None:
        """Route an SSRC that has no route: a new one, or one whose receiver has changed.

        Args:
            payload_type: of the packet at hand.
            ssrc: of the packet at hand.
            sequence_number: of the packet at hand.
            timestamp: of the packet at hand.
            to: what the receiving leg gets.
            now: monotonic seconds.

        Returns:
            The down track, or None when the packet has nowhere to go. A new video route needs a key frame: the
            caller sends a PLI.
        """
        track = to.track(payload_type)
        if track is None or not self.allows(payload_type):
            return None
        if payload_type == RTX and to.video.source is not self:
            # Bandwidth probing starts with RTX: mapped before its video it would poison the receiver's timestamps.
            return None
        if track.source is not self or track.up_ssrc != ssrc:
            if track.source is self:
                self.routes.pop(track.up_ssrc, None)
            track.adopt(self, ssrc, sequence_number, timestamp, now)
            if payload_type == VP8:
                to.rtx.timestamp_offset = track.timestamp_offset
        self.routes[ssrc] = track
        return track
