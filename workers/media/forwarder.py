"""Who sends what to whom, under which numbers, and what is asked for again: routes, offsets, kept packets. PURE.

A leg sends *up* tracks and receives *down* tracks. A down track belongs to the receiver and outlives whoever feeds
it: when the sender's page is loaded anew, the numbering goes on where it was, or the receiver's replay window would
throw the new packets away. What is counted of a packet is counted once, at the up track; a down track is offsets from
it, so that a further receiver costs no further counting. Times are monotonic seconds given by the caller.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from workers.media.rtp import (
    CLOCK_HZ,
    NUMBERING,
    OPUS,
    PICTURES,
    REPEATS,
    RTX,
    SCREEN,
    SCREEN_RTX,
    VP8,
    original_sequence_at,
    repetition,
    uint16_add,
    uint16_is_older,
    uint32_add,
)

Owner = TypeVar("Owner")

KEPT_TURN_S = 0.125
"""How often `Kept.turn` is called: packets are forgotten in heaps of so much time."""
KEPT_LEAST_S, KEPT_MOST_S = 0.125, 1.5
"""A NACK comes one round trip after its packet, so a near receiver needs little, nobody waits for 1.5 s."""
KEPT_IN_A_TURN = 128
"""Packets; 9 Mbit/s, beyond which a sender only costs memory."""
KEPT_PACKETS = 512
"""Packets that are kept at most, whatever the receiver's round trip."""
START_PACKETS = 8_192
"""For so many packets after a change of source an RTX packet may be older than its start; later the numbers wrap."""
RESENDS_PER_S = 400
"""Bound on what a receiver's NACKs may make us send: 8 % loss at 3 Mbit/s asks for about 30 a second."""
MAX_GAP = 64
"""A longer gap is a sender that was away: asking for half a second of pictures would only be in the way."""
MAX_MISSING = 256
MAX_ASKED = 4
"""How often a packet is asked for; with 15 % loss each way 1 in 170 does not come even then."""
ASK_AGAIN_LEAST_S = 0.05
SHARING_PAUSE_S = 5.0
"""Who has sent no screen for so long has stopped sharing; browsers repeat a still screen about once a second."""

FUNCTIONS: Mapping[str, frozenset[int]] = {
    "audio": frozenset({OPUS}),
    "video": frozenset({VP8, RTX}),
    "screen": frozenset({SCREEN, SCREEN_RTX}),
}
"""What a function of the programme lets a leg send; `chat` is not carried here."""

DROPPED = -1
"""What `rewrite` returns for a packet that is not to be forwarded."""


class Kept:
    """The packets of the last moments by number, in heaps of one turn each: forgetting costs nothing a packet."""

    __slots__ = ("_older", "young")

    def __init__(self) -> None:
        self.young: dict[int, bytes] = {}
        """The heap that is being filled; whoever fills it minds `KEPT_IN_A_TURN`."""
        self._older: deque[dict[int, bytes]] = deque()

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
        self._older.appendleft(self.young)
        self.young = {}
        heaps = -(-min(max(keep_for_s, KEPT_LEAST_S), KEPT_MOST_S) // KEPT_TURN_S)
        while self._older and (len(self._older) > heaps or len(self) > KEPT_PACKETS):
            self._older.pop()


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
        "keep_for_s",
        "kept",
        "key_frame_asked_at",
        "more",
        "owner",
        "packets",
        "payload_type",
        "sequence_number",
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
        self.kept = Kept() if payload_type in PICTURES else None
        """Packets as they were decrypted, under the sender's numbers."""
        self.keep_for_s = KEPT_LEAST_S
        """For so long: what the slowest of those that it feeds may ask for."""
        self.key_frame_asked_at = float("-inf")
        self._missing: dict[int, tuple[float, int]] = {}
        """Number -> when it was asked for last, and how often."""

    @property
    def fed(self) -> tuple[DownTrack[Owner], ...]:
        """All that it feeds."""
        return () if self.first is None else (self.first, *self.more)

    def feed(self, tracks: Sequence[DownTrack[Owner]]) -> None:
        """From now on feed these, which have adopted it."""
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

    def is_before_start(self, up_sequence_number: int) -> bool:
        """Whether the sender's packet of that number came before the first one that we forwarded."""
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
        number = int.from_bytes(packet[2:4], "big")
        timestamp = int.from_bytes(packet[4:8], "big")
        return repetition(
            packet,
            payload_type=self.payload_type,
            number=self._next(),
            timestamp=uint32_add(timestamp, self._repeated.timestamp_offset),
            ssrc=self.ssrc,
            original=uint16_add(number, self._repeated.sequence_offset),
        )

    def _next(self) -> int:
        self._sequence_number = uint16_add(self._sequence_number, 1)
        self._sent += 1
        return self._sequence_number


class DownTracks(Generic[Owner]):
    """All that one leg receives.

    Args:
        owner: the receiving leg.
        seats: who may ever be heard, in the order of their places in the offer.
        has_screen: whether there is a place for a shared screen.
        draw: gives a random number in [1, 2^32); SSRCs and first numbers come from it.
        now: monotonic seconds.
    """

    def __init__(
        self,
        owner: Owner,
        seats: Sequence[str],
        draw: Callable[[], int],
        now: float,
        *,
        has_screen: bool = False,
    ) -> None:
        self._owner = owner
        self._draw = draw
        self._now = now
        self.places = {seat: {OPUS: self._made(OPUS), **self._picture(VP8, RTX)} for seat in seats}
        """Seat -> its tracks by payload type."""
        self.screen = self._picture(SCREEN, SCREEN_RTX) if has_screen else {}
        """The tracks of whoever shares a screen, by payload type."""
        self.by_ssrc = {track.ssrc: track for track in self._all()}
        self._resend_second = 0
        self._resend_count = 0

    def _made(self, payload_type: int) -> DownTrack[Owner]:
        draw = self._draw
        return DownTrack(self._owner, payload_type, draw(), draw() & 0x7FFF, draw(), self._now)

    def _picture(self, payload_type: int, rtx: int) -> dict[int, DownTrack[Owner]]:
        picture = self._made(payload_type)
        draw = self._draw
        return {
            payload_type: picture,
            rtx: RtxDownTrack(picture, rtx, draw(), draw() & 0x7FFF, self._now),
        }

    def _all(self) -> list[DownTrack[Owner]]:
        return [track for place in (*self.places.values(), self.screen) for track in place.values()]

    def track(self, seat: str, payload_type: int) -> DownTrack[Owner] | None:
        """The track that gets what the seat sends under that payload type, or None."""
        return (self.places.get(seat) or {}).get(payload_type) or self.screen.get(payload_type)

    def fed(self) -> list[DownTrack[Owner]]:
        """The tracks that somebody feeds now."""
        return [track for track in self.by_ssrc.values() if track.up is not None]

    def keep_ciphertext(self, payload_types: Iterable[int]) -> None:
        """Repeat these pictures as they were sent: the receiver takes no RTX for them."""
        for track in self._all():
            if track.payload_type in payload_types and track.kept is None:
                track.kept = Kept()

    def stamp(self) -> None:
        """Say in each packet when we send it."""
        for track in self._all():
            track.is_stamped = True

    def release(self) -> None:
        """Be fed by nobody: the leg is gone."""
        for track in self._all():
            track.release()

    def may_resend(self, now: float) -> bool:
        """Count one packet that a NACK asks for; False once the bound of this second is reached."""
        second = int(now)
        if second != self._resend_second:
            self._resend_second, self._resend_count = second, 0
        self._resend_count += 1
        return self._resend_count <= RESENDS_PER_S


class UpTracks(Generic[Owner]):
    """All that one leg sends, and where each SSRC goes.

    Args:
        owner: the sending leg.
        seat: whose it is.
        functions: functions that the programme allows this leg.
    """

    __slots__ = ("_allowed", "_newest", "_owner", "_seat", "routes", "tracks")

    def __init__(self, owner: Owner, seat: str, functions: frozenset[str]) -> None:
        self._owner = owner
        self._seat = seat
        self._allowed = frozenset[int]().union(
            *(types for name, types in FUNCTIONS.items() if name in functions)
        )
        self.tracks: dict[int, UpTrack[Owner]] = {}
        """By SSRC; their number is that of the SSRCs that the leg may ever use."""
        self.routes: dict[int, UpTrack[Owner]] = {}
        """Those whose way is known."""
        self._newest: dict[int, UpTrack[Owner]] = {}

    def allows(self, payload_type: int) -> bool:
        """Whether the leg may send that payload type at all."""
        return payload_type in self._allowed

    def track(
        self, payload_type: int, ssrc: int, sequence_number: int, timestamp: int, now: float
    ) -> UpTrack[Owner] | None:
        """The track of an SSRC, made with its first packet; None when the SSRC has another payload type."""
        track = self.tracks.get(ssrc)
        if track is None:
            track = self.tracks[ssrc] = UpTrack(
                self._owner, payload_type, ssrc, sequence_number, timestamp, now, self.routes
            )
        return track if track.payload_type == payload_type else None

    def repeated_by(self, rtx: UpTrack[Owner]) -> UpTrack[Owner] | None:
        """The picture that this track repeats, as far as it was seen."""
        return self._newest.get(REPEATS.get(rtx.payload_type, 0))

    def map(
        self,
        track: UpTrack[Owner],
        sequence_number: int,
        timestamp: int,
        to: Iterable[DownTracks[Owner]],
        now: float,
    ) -> bool:
        """Route an SSRC that has no route: a new one, or one whose receivers have changed.

        Args:
            track: the SSRC.
            sequence_number: of the packet at hand.
            timestamp: of the packet at hand.
            to: what the receiving legs get.
            now: monotonic seconds.

        Returns:
            Whether somebody gets it who did not before: for a picture the caller asks for a key frame.
        """
        self._newest[track.payload_type] = track
        fed: list[DownTrack[Owner]] = []
        is_newly_fed = False
        for each in to:
            down = each.track(self._seat, track.payload_type)
            if down is None or not self._may_follow(track, each):
                continue
            if down.up is not track:
                down.adopt(track, sequence_number, timestamp, now)
                is_newly_fed = True
            fed.append(down)
        track.feed(fed)
        return is_newly_fed

    def _may_follow(self, track: UpTrack[Owner], to: DownTracks[Owner]) -> bool:
        """Whether a repetition may be forwarded: only after its picture.

        Bandwidth probing starts with RTX: mapped before its picture it would poison the receiver's timestamps.
        """
        if track.payload_type not in REPEATS:
            return True
        picture = to.track(self._seat, REPEATS[track.payload_type])
        return (
            picture is not None and picture.up is not None and picture.up is self.repeated_by(track)
        )

    def close(self) -> None:
        """The leg is gone; what it has fed goes on from where it was, but nothing is kept."""
        for track in self.tracks.values():
            track.kept = None


class Screen(Generic[Owner]):
    """Whose screen a room shows: of those who share, the one who began last."""

    __slots__ = ("_heard", "_shown")

    def __init__(self) -> None:
        self._shown: UpTrack[Owner] | None = None
        self._heard: dict[UpTrack[Owner], float] = {}
        """Those who share and are not shown, and when they were last heard."""

    def shows(self, track: UpTrack[Owner], now: float) -> bool:
        """Whether a packet of this screen, which comes now and has no route, is to be shown."""
        shown = self._shown
        if track is shown:
            return True
        begins = now - self._heard.get(track, float("-inf")) >= SHARING_PAUSE_S
        if begins or shown is None or now - shown.at >= SHARING_PAUSE_S:
            if shown is not None:
                self._heard[shown] = shown.at
                for down in shown.fed:
                    down.release()
            self._heard.pop(track, None)
            self._shown = track
            return True
        self._heard[track] = now
        return False

    def forget(self, owner: Owner) -> None:
        """A leg is gone, and its screen with it."""
        if self._shown is not None and self._shown.owner is owner:
            self._shown = None
        self._heard = {track: at for track, at in self._heard.items() if track.owner is not owner}
