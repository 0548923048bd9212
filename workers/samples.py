"""What a media worker has measured of one seat's line in the last minute.

Packed, for a node keeps it for everybody who is in a call: as objects it would take five times the memory.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from math import isnan, nan

from orchestrator.ports import LineSample

SAMPLES_KEPT = 60
"""One a second: the board shows a minute, attribution looks at the half before a loss."""
_SAMPLE = struct.Struct("=dIQQdddd")
_AT = struct.Struct("=d")


class Samples:
    """The newest samples of a line, in the order in which they came."""

    __slots__ = ("_packed",)

    def __init__(self) -> None:
        self._packed = bytearray()

    def add(self, sample: LineSample) -> None:
        """Keep a sample, and forget the oldest if they are too many."""
        figures = (sample.loss_up, sample.loss_down, sample.rtt_ms, sample.jitter_ms)
        self._packed += _SAMPLE.pack(
            sample.at.timestamp(),
            sample.media_epoch,
            sample.up_bps,
            sample.down_bps,
            *(nan if each is None else each for each in figures),
        )
        if len(self._packed) > SAMPLES_KEPT * _SAMPLE.size:
            del self._packed[: _SAMPLE.size]

    def since(self, moment: datetime) -> tuple[LineSample, ...]:
        """The samples that were measured after a moment."""
        after, first = moment.timestamp(), len(self._packed)
        while first and _AT.unpack_from(self._packed, first - _SAMPLE.size)[0] > after:
            first -= _SAMPLE.size
        return tuple(self._read(first))

    def _read(self, first: int) -> Iterator[LineSample]:
        for at, media_epoch, up_bps, down_bps, *figures in _SAMPLE.iter_unpack(
            bytes(self._packed[first:])
        ):
            known = (None if isnan(each) else each for each in figures)
            yield LineSample(datetime.fromtimestamp(at, UTC), media_epoch, up_bps, down_bps, *known)
