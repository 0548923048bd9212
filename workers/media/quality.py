"""How good a leg's line is: loss each way, round trip and jitter, from what passes anyway. PURE.

Up is what the worker itself misses: gaps in the numbers of what a leg sends, counted once a second from what the
forwarder counts. Down is what we have sent to a leg, less what its receiver reports to have got (RFC 3550 §6.4). What
it reports as *lost* would not do: reports are about the numbers of the sender, so a loss on the one end's way up shows
in the reports of the other end, and must not be held against it. The round trip is ours alone: from our passing on a
sender report until the receiver's answer to it, less the time that it took to answer (RFC 3550 §6.4.1).

The node is told only when a line turns bad, and again every `AGAIN_S` while it stays so. Times are monotonic seconds
given by the caller.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workers.media.rtp import CLOCK_HZ, OPUS, ReportBlock

WINDOW_S = 10.0
"""What is averaged: long enough for some hundred packets, short enough to be there before a line that dies."""
AGAIN_S = 20.0
"""The node looks at the thirty seconds before a loss (product.md, Attribution): a line that stays bad is told of
often enough to be in them."""
LATELY_S = 5.0
"""Long enough to hold a report on sound, which browsers send as seldom as that."""
ENOUGH_PACKETS = 100
"""Two seconds of sound; of fewer, one burst would be a bad line."""
ENOUGH_REPORTED = 20
"""Packets of one report; of fewer, a lost one is no share."""
LOSSY, NOT_LOSSY = 0.10, 0.05
"""Share lost from which on a line is bad, and below which it is good again: speech with Opus's concealment bears about
ten percent; above it words go missing (the page warns from 3 % on). The gap keeps a line at the edge from flapping."""
SLOW_MS, NOT_SLOW_MS = 1000.0, 700.0
"""Round trip from which on two people can no longer talk in turns; four hundred milliseconds one way is the limit of
ITU-T G.114 for any planning, and a second both ways is past it for certain."""
STANDING = 3
"""Round trips of which one or two may be long by chance."""
SAMPLES_KEPT = 512
"""However often somebody reports; three others with three tracks make a hundred in `WINDOW_S`."""
ANSWERED_WITHIN_S = 10.0
"""Browsers report on sound every five seconds, and by chance half as long again."""
REPORTS_KEPT = 96
"""Sender reports whose answer may still come: each track sends about one a second, and three others have nine."""


class LossShare:
    """The share of packets of one track that went missing, over the last `WINDOW_S`."""

    __slots__ = ("_samples",)

    def __init__(self) -> None:
        # Packed: there are a dozen of these a call, mostly with ten samples each.
        self._samples = array("d", (float("-inf"), 0, 0))
        """When, and what was expected and what was missing from the beginning until then, in turn; the first of them
        lies before the window, or was the last that was one too many."""

    def add(self, now: float, expected: int, missing: int) -> None:
        """Count what was expected since the last time, and how much of it did not come; late ones count negative."""
        samples = self._samples
        samples.extend((now, samples[-2] + expected, samples[-1] + missing))
        while samples[3] <= now - WINDOW_S or len(samples) > 3 * (1 + SAMPLES_KEPT):
            del samples[:3]

    def share(self, now: float, within_s: float = WINDOW_S) -> float | None:
        """From 0 to 1; None: too few packets to say."""
        samples, since = self._samples, now - within_s
        before = len(samples) - 3
        while before and samples[before] > since:
            before -= 3
        expected = samples[-2] - samples[before + 1]
        if expected < ENOUGH_PACKETS:
            return None
        return min(max((samples[-1] - samples[before + 2]) / expected, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Counted:
    """How far a track has come that a leg sends: what the forwarder has counted."""

    payload_type: int
    ssrc: int
    sequence_number: int
    """The highest that was forwarded, in a numbering without jumps."""
    packets: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A leg's line now; None where nothing is known."""

    loss_up: float | None
    loss_down: float | None
    rtt_ms: float | None
    jitter_ms: float | None
    is_lossy: bool
    is_slow: bool


class Meter:
    """Measures one leg's line."""

    def __init__(self) -> None:
        self._up: dict[int, LossShare] = {}
        self._down: dict[int, LossShare] = {}
        self._counted: dict[int, Counted] = {}
        self._reported: dict[int, tuple[int, int]] = {}
        """Track -> how many packets its receiver had got, and how many we had sent, at its last report."""
        self._rtts = array("d")
        """When it was measured and its milliseconds, in turn."""
        self._jitter: tuple[float, float] | None = None
        self._passed_on: dict[int, float] = {}
        self._lossy = _Threshold(LOSSY, NOT_LOSSY)
        self._slow = _Threshold(SLOW_MS, NOT_SLOW_MS)

    def count(self, now: float, tracks: Iterable[Counted]) -> None:
        """Look at what the leg has sent since the last time; to be called about once a second.

        A track that was not among them the last time begins anew: meanwhile its numbers may have gone round.
        """
        counted, self._counted = self._counted, {}
        for track in tracks:
            before = counted.get(track.ssrc)
            self._counted[track.ssrc] = track
            if before is None or track.packets < before.packets:
                continue
            expected = (track.sequence_number - before.sequence_number) & 0xFFFF
            arrived = track.packets - before.packets
            self._up.setdefault(track.payload_type, LossShare()).add(
                now, expected, expected - arrived
            )

    def passed_on(self, now: float, report_at: int) -> None:
        """A sender report was sent to the leg; its answer will name these 32 bits of its NTP time."""
        passed_on = self._passed_on
        passed_on[report_at] = now
        # The newest stays, so there is always an oldest one.
        while passed_on[oldest := next(iter(passed_on))] <= now - ANSWERED_WITHIN_S or (
            len(passed_on) > REPORTS_KEPT
        ):
            del passed_on[oldest]

    def heard(self, now: float, payload_type: int, block: ReportBlock, sent: int) -> float:
        """The leg reports on a track that it receives.

        Args:
            now: monotonic seconds.
            payload_type: of the track.
            block: what it says.
            sent: packets of the track that we have sent to it so far.

        Returns:
            The share that went missing on the way to it since the report before, from 0 to 1. What it calls lost may
            have been lost on the way to us, and what has not come may be under way: so it is the less of both.
        """
        share = 0.0
        got = block.highest - block.lost
        before = self._reported.get(block.ssrc)
        self._reported[block.ssrc] = (got, sent)
        if before is not None and sent >= before[1]:
            arrived = (got - before[0]) & 0xFFFF_FFFF
            if arrived < 0x8000:
                expected = sent - before[1]
                missing = expected - arrived
                self._down.setdefault(payload_type, LossShare()).add(now, expected, missing)
                if expected >= ENOUGH_REPORTED:
                    share = max(0.0, min(missing / expected, block.share / 256))
        if payload_type == OPUS:
            # Of sound alone: the packets of one picture have one timestamp and are sent one after the other.
            self._jitter = (now, 1000 * block.jitter / CLOCK_HZ[OPUS])
        sent_at = self._passed_on.get(block.last_report)
        if sent_at is not None and block.last_report:
            rtt_s = now - sent_at - block.delay_s
            if rtt_s >= 0:
                self._rtts.extend((now, 1000 * rtt_s))
        while len(self._rtts) > 2 and (
            self._rtts[0] <= now - WINDOW_S or len(self._rtts) > 2 * SAMPLES_KEPT
        ):
            del self._rtts[:2]
        return share

    def rtt_ms(self) -> float | None:
        """The newest round trip, however old; None: none was measured yet."""
        return self._rtts[-1] if self._rtts else None

    def lately(self, now: float) -> tuple[float | None, float | None]:
        """Share that went missing up and down in the last `LATELY_S`; of several tracks the worst."""
        return _worst(self._up, now, LATELY_S), _worst(self._down, now, LATELY_S)

    def standing_ms(self) -> float | None:
        """The shortest of the newest round trips: what waits in a full queue waits in each of them."""
        return min(self._rtts[1::2][-STANDING:], default=None)

    def read(self, now: float) -> Reading:
        """The line as it is now; of several tracks the worst, for repetitions mend a picture and hide the loss."""
        loss_up, loss_down = _worst(self._up, now, WINDOW_S), _worst(self._down, now, WINDOW_S)
        rtts = sorted(
            ms
            for at, ms in zip(self._rtts[::2], self._rtts[1::2], strict=True)
            if at > now - WINDOW_S
        )
        rtt_ms = rtts[len(rtts) // 2] if len(rtts) >= 2 else None
        jitter_ms = None
        if self._jitter is not None and self._jitter[0] > now - WINDOW_S:
            jitter_ms = self._jitter[1]
        worst = max((loss for loss in (loss_up, loss_down) if loss is not None), default=None)
        return Reading(
            loss_up,
            loss_down,
            rtt_ms,
            jitter_ms,
            is_lossy=self._lossy.tells(now, worst),
            is_slow=self._slow.tells(now, rtt_ms),
        )


class _Threshold:
    """Says when a value is too high: at once, and again while it stays; silent until it has been low again."""

    __slots__ = ("_bad", "_good", "_told_at")

    def __init__(self, bad: float, good: float) -> None:
        self._bad = bad
        self._good = good
        self._told_at: float | None = None

    def tells(self, now: float, value: float | None) -> bool:
        """Whether to tell of this value now; None is no value, and changes nothing."""
        if value is None:
            return False
        if value < self._good:
            self._told_at = None
            return False
        is_new = self._told_at is None and value >= self._bad
        is_still = self._told_at is not None and now >= self._told_at + AGAIN_S
        if is_new or is_still:
            self._told_at = now
        return is_new or is_still


def _worst(tracks: Mapping[int, LossShare], now: float, within_s: float) -> float | None:
    shares = (loss.share(now, within_s) for loss in tracks.values())
    return max((share for share in shares if share is not None), default=None)
