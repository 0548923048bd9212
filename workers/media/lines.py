"""How the lines of a port's legs are, measured once a second and told to the node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from workers.media import wire
from workers.media.control import Control
from workers.media.feedback import Way
from workers.media.forwarder import UpTrack
from workers.media.quality import Reading
from workers.media.room import Leg, Room
from workers.media.rtp import PICTURES

MEASURE_S = 1.0
"""How often the lines are looked at: as often as receivers report."""


class Lines:
    """The lines of a port's legs.

    Args:
        control: the port's feedback, which looks at the same legs as often.
        report: takes what the node has to know; must not raise.
    """

    def __init__(self, control: Control, report: Callable[[wire.Report], None]) -> None:
        self.untold: list[wire.LegStatistics] = []
        self._control = control
        self._report = report
        self._told_at = float("-inf")

    def due(self, rooms: Sequence[Room], now: float) -> list[Room]:
        """The rooms to look at now; some at a time, for what takes long makes packets wait."""
        due = [room for room in rooms if now >= room.measured_at + MEASURE_S]
        return due[: len(rooms) // 3 + 1]

    def measure(self, room: Room, now: float) -> None:
        """Look at a room's lines; the node is told at once of those that are bad."""
        since, room.measured_at = room.measured_at, now
        legs = [leg for leg in room.legs.values() if leg.srtp is not None and leg.ice is not None]
        passed = {up: _newly_passed(up) for leg in legs for up in leg.up.tracks.values()}
        bits = 8 / min(max(now - since, MEASURE_S), 2 * MEASURE_S)
        for leg in legs:
            leg.meter.count(now, leg.counted())
            line = leg.meter.read(now)
            up = sum(passed[up] for up in leg.up.tracks.values())
            coming = [down.up for down in leg.down.fed() if down.up is not None]
            loss_up, loss_down = leg.meter.lately(now)
            pictures = bits * _of_pictures(leg.up.tracks.values(), passed)
            arriving = bits * _of_pictures(coming, passed) * (1 - (loss_down or 0.0))
            self._control.look_at(
                leg, now, Way(loss_up, round(pictures)), Way(loss_down, round(arriving))
            )
            down = sum(passed.get(up, 0) for up in coming) + leg.take_repeated_bytes()
            leg.down_bps = round(bits * down)
            told = _statistics(leg, line, up_bps=round(bits * up), down_bps=leg.down_bps)
            self.untold.append(told)
            if line.is_lossy or line.is_slow:
                self._report(_quality(leg, line))

    def tell(self, now: float) -> None:
        """Once a second, tell the node how the lines were, all at once."""
        if now < self._told_at + MEASURE_S:
            return
        self._told_at = now
        untold, self.untold = self.untold, []
        for first in range(0, len(untold), wire.MAX_LEGS_A_LINE):
            part = tuple(untold[first : first + wire.MAX_LEGS_A_LINE])
            self._report(wire.Statistics(legs=part))


def _statistics(leg: Leg, line: Reading, *, up_bps: int, down_bps: int) -> wire.LegStatistics:
    return wire.LegStatistics(
        session=leg.room.session,
        seat=leg.seat,
        media_epoch=leg.media_epoch,
        up_bps=up_bps,
        down_bps=down_bps,
        loss_up=line.loss_up,
        loss_down=line.loss_down,
        rtt_ms=line.rtt_ms,
        jitter_ms=line.jitter_ms,
    )


def _quality(leg: Leg, line: Reading) -> wire.LegQuality:
    return wire.LegQuality(
        session=leg.room.session,
        seat=leg.seat,
        media_epoch=leg.media_epoch,
        loss_up=line.loss_up,
        loss_down=line.loss_down,
        rtt_ms=line.rtt_ms,
        jitter_ms=line.jitter_ms,
        is_lossy=line.is_lossy,
        is_slow=line.is_slow,
    )


def _of_pictures(tracks: Iterable[UpTrack[Leg]], passed: Mapping[UpTrack[Leg], int]) -> int:
    return sum(passed.get(up, 0) for up in tracks if up.payload_type in PICTURES)


def _newly_passed(up: UpTrack[Leg]) -> int:
    """Bytes of a track since the last time."""
    newly, up.bytes_told = up.bytes - up.bytes_told, up.bytes
    return newly
