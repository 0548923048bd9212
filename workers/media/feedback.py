"""What a sender is told where several receive it: one report and one estimate, those of the worst receiver. PURE.

Where two people talk, feedback is passed on from end to end, and of this only the brakes are used. With more, a sender
that got every receiver's reports would compare the numbers of one with those of another: browsers keep one count a
track, not one a receiver. So the worker reports as if there were a single receiver, as badly off as the worst. Times
are monotonic seconds given by the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workers.media.rtp import ReportBlock

LEAST_PICTURE_BPS = 100_000
"""A face can still be read at it, and two of them with their sound go through 300 kbit/s."""
BEGIN_BPS = 300_000
"""What browsers begin with."""
START_BPS = 2 * BEGIN_BPS
"""What a sender is told first while no line has shown an end: a good face. Each second it is told twice as much."""
ESTIMATE_COUNTS_S = 10.0
"""A browser that receives pictures says about once a second what it can take; one this old is over."""
TELL_AGAIN_S = 1.0
NEWS = 0.03
"""A share by which an estimate must have fallen to be told at once."""
END_LOSS, END_DELAY_S = 0.1, 0.2
"""Share lost on the way to a receiver, of one report, and by how much its round trip is longer than at best, from
which on its line has shown an end. Less is what browsers bear, and what radio and busy telephones do to a good line."""
FULL_LOSS, FULL_DELAY_S = 0.03, 0.1
"""Share lost on a way, and by how much the round trip is longer than it was at best, from which on the way counts as
full: a line that only loses, or is only long, is not."""
BRAKE_TO = 0.85
"""Of what came through: room for the queue to empty, as browsers leave it (draft-ietf-rmcat-gcc-02 §5.5)."""
BRAKE_AGAIN_S = 3.0
"""Until what was told shows in the next reports."""
BRAKED_S = 20.0
FREE_BPS = 20_000_000
"""What a sender is told that is held back no more: far above what any page sends."""


class OneReport:
    """One up track, as its receivers report on it."""

    __slots__ = ("_before", "_highest", "_lost", "_pending", "_told_highest")

    def __init__(self) -> None:
        self._before: dict[int, tuple[int, int]] = {}
        """Down SSRC -> highest and lost at the receiver's last report."""
        self._pending: dict[int, tuple[int, int, ReportBlock, float]] = {}
        """Down SSRC -> expected and lost since we last told, the newest block, and when it came."""
        self._highest: int | None = None
        self._told_highest = 0
        self._lost = 0

    def heard(self, block: ReportBlock, sequence_offset: int, now: float) -> None:
        """A receiver reports.

        Args:
            block: what it says, in its own numbering.
            sequence_offset: from the sender's numbers to the receiver's.
            now: monotonic seconds.
        """
        number = (block.highest - sequence_offset) & 0xFFFF
        if self._highest is None:
            self._highest = self._told_highest = number
        ahead = (number - self._highest) & 0xFFFF
        if ahead < 0x8000:
            self._highest += ahead
        before = self._before.get(block.ssrc)
        self._before[block.ssrc] = block.highest, block.lost
        expected, lost = self._pending.get(block.ssrc, (0, 0))[:2]
        if before is not None and 0 <= block.highest - before[0] < 0x8000:
            expected += block.highest - before[0]
            lost += block.lost - before[1]
        self._pending[block.ssrc] = expected, lost, block, now

    def told(self, up_ssrc: int, now: float) -> ReportBlock | None:
        """What the sender is told of its track now; None: nobody has reported since the last time."""
        if not self._pending or self._highest is None:
            return None
        shares = [max(0, lost) / each for each, lost, _, _ in self._pending.values() if each > 0]
        share = min(max(shares, default=0.0), 1.0)
        self._lost += round(share * (self._highest - self._told_highest))
        self._told_highest = self._highest
        _, _, newest, at = max(self._pending.values(), key=lambda each: each[3])
        jitter = max(each[2].jitter for each in self._pending.values())
        self._pending.clear()
        return replace(
            newest,
            ssrc=up_ssrc,
            lost=self._lost,
            highest=self._highest,
            jitter=jitter,
            delay_s=newest.delay_s + now - at if newest.last_report else 0.0,
            share=min(int(256 * share), 255),
        )

    def forget(self, ssrc: int) -> None:
        """A receiver is gone."""
        self._before.pop(ssrc, None)
        self._pending.pop(ssrc, None)


class LineDown:
    """What a receiver says that it can take, and whether that is a limit: only once its line has shown an end.

    A browser's estimate begins near 300 kbit/s on a line of any width, climbs by a twelfth a second, and no further
    than to half as much again as comes: it says what was tried. That it falls says little too, for a browser that is
    busy takes its own delay for the line's. When more comes than the line takes, packets are lost or the round trip
    grows; the browser has noticed before, and from then on its estimate counts.
    """

    __slots__ = ("_best_rtt_s", "_estimated_at", "estimate_bps", "is_free", "is_known")

    def __init__(self) -> None:
        self.estimate_bps = 0
        self.is_known = False
        """The receiver has said something."""
        self.is_free = True
        """It has shown no end so far."""
        self._estimated_at = float("-inf")
        self._best_rtt_s = float("inf")

    def estimated(self, bitrate_bps: int, now: float) -> None:
        """The receiver says what it can take."""
        self.is_known = True
        self.estimate_bps, self._estimated_at = bitrate_bps, now

    def reported(self, lost: float, rtt_s: float | None, sent_bps: int, now: float) -> None:
        """The receiver reports on a track.

        Args:
            lost: share that went missing on the way to it since the report before.
            rtt_s: the newest round trip; None: not measured yet.
            sent_bps: what was sent to it in the last second.
            now: monotonic seconds.
        """
        self.is_known = True
        self._best_rtt_s = min(self._best_rtt_s, rtt_s or self._best_rtt_s)
        is_longer = rtt_s is not None and rtt_s >= self._best_rtt_s + END_DELAY_S
        if self.is_free and (lost >= END_LOSS or is_longer):
            self.is_free = False
            if not self._is_estimated(now):  # browsers take up to five seconds for the first one
                self.estimate_bps = max(int(BRAKE_TO * (1 - lost) * sent_bps), BEGIN_BPS)
                self._estimated_at = now

    def has_say(self, now: float) -> bool:
        """Whether its senders are to mind it."""
        return self.is_known and (self.is_free or self._is_estimated(now))

    def _is_estimated(self, now: float) -> bool:
        return now - self._estimated_at < ESTIMATE_COUNTS_S


@dataclass(frozen=True, slots=True)
class Receiving:
    """What one receiver can take of pictures, and what it gets."""

    estimate_bps: int
    pictures: int
    """Pictures that come to it now, screens included."""
    pictures_of_sender: int
    """How many of them are the sender's."""
    is_free: bool = False
    """Its line has shown no end: the estimate is no limit."""


def allowed_bps(receivers: Sequence[Receiving], free_bps: int = 0) -> int | None:
    """What a sender may take for its pictures so that its worst receiver can; None: of no receiver anything is known.

    Browsers estimate and obey for pictures alone; sound is in neither, and so is never squeezed.

    Args:
        receivers: all that have said something.
        free_bps: what the sender may take at least, as far as those go whose lines have shown no end.
    """
    return min(
        (
            max(
                max(each.estimate_bps // each.pictures, LEAST_PICTURE_BPS)
                * each.pictures_of_sender,
                free_bps if each.is_free else 0,
            )
            for each in receivers
            if each.pictures_of_sender
        ),
        default=None,
    )


class Estimate:
    """When a sender is told what it may send: at once when it must send less, otherwise once a second."""

    __slots__ = ("_told_at", "_told_bps")

    def __init__(self) -> None:
        self._told_at = float("-inf")
        self._told_bps = 0

    @property
    def free_bps(self) -> int:
        """What it may take next while no line shows an end: it doubles, so that a line is overtaken once at most."""
        return min(max(START_BPS, 2 * self._told_bps), FREE_BPS)

    def is_news(self, bitrate_bps: int, now: float) -> bool:
        """Whether the sender is to be told; it counts as told."""
        fell = bitrate_bps < self._told_bps * (1 - NEWS)
        if not fell and now - self._told_at < TELL_AGAIN_S:
            return False
        self._told_at, self._told_bps = now, bitrate_bps
        return True


@dataclass(frozen=True, slots=True)
class Way:
    """One direction of a line, of late."""

    loss: float | None
    """Share of the packets that did not come."""
    picture_bps: int
    """What came through of pictures in the last second."""


class Brake:
    """Holds a sender's pictures back while a way is full, so that its sound comes through.

    A browser that finds a short queue full from the start sees no growing delay, and bears with up to a tenth lost
    (draft-ietf-rmcat-gcc-02 §6): what is lost of pictures is repeated, what is lost of sound is not.
    """

    __slots__ = ("_at", "_bps")

    def __init__(self) -> None:
        self._bps: int | None = None
        self._at = float("-inf")

    def look_at(self, now: float, way: Way, longer_s: float) -> None:
        """Judge the way, about once a second.

        Args:
            now: monotonic seconds.
            way: what is to be judged.
            longer_s: by how much the newest round trip is longer than the best one.
        """
        is_full = (way.loss or 0.0) >= FULL_LOSS and longer_s >= FULL_DELAY_S
        if is_full and way.picture_bps and now >= self._at + BRAKE_AGAIN_S:
            came = min(way.picture_bps, self._bps or way.picture_bps)
            self._at, self._bps = now, max(int(BRAKE_TO * came), LEAST_PICTURE_BPS)
        elif now >= self._at + BRAKED_S:
            self._bps = None

    @property
    def bps(self) -> int | None:
        """What pictures may take; None: as much as their receivers can."""
        return self._bps
