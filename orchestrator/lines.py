"""What the last half minute of a line says about a loss. PURE.

Loss and round trip of a seat's own line are told by the media worker when they turn bad. Jitter is reported by who
receives, so it may be of anybody's line: it accuses nobody, but a seeker to whom nothing came evenly and who goes
answers to that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from orchestrator.policy.attribution import BEFORE
from orchestrator.policy.events import Observed
from orchestrator.policy.model import SeatId, Session, Signal
from orchestrator.ports import Line

LinePoint = tuple[float | None, int | None]
"""Share of packets lost, 0 to 1, and round trip in ms, of the worst line of a room; None: nothing is known."""

UNEVEN_MS = 100.0
"""From this mean deviation of sound on (RFC 3550 §6.4.1) it excuses who goes; ours. Browsers' buffers lose nothing of
it, for they keep up to four seconds, but they hold speech back for about the nineteenth of twenty packets, three to
four times the mean: 300 to 400 ms, and one way 400 ms is the limit of ITU-T G.114 for any planning. Telephony warns at
30 ms, which a buffer still hides: a seeker who could talk would be excused. One pause of 1.6 s lifts the mean to it."""


def newly_lost(before: Session | None, after: Session) -> list[tuple[SeatId, datetime]]:
    """Whom a step has lost, and when.

    Args:
        before: the step; None: the session was only just loaded.
        after: the step.
    """
    known = {seat.id for seat in before.seats if seat.loss is None} if before is not None else ()
    return [
        (seat.id, seat.loss.at)
        for seat in after.seats
        if seat.loss is not None and seat.id in known
    ]


def uneven(
    lost: Iterable[tuple[SeatId, datetime]], lines: Mapping[SeatId, Line]
) -> Iterable[Observed]:
    """What a step that lost somebody has to know of what reached them before.

    Args:
        lost: whom, and when.
        lines: of the session's seats.

    Yields:
        The worst of the thirty seconds before of each one, where it was bad.
    """
    for seat, lost_at in lost:
        worst = max(
            (
                (sample.jitter_ms, sample.at)
                for sample in lines.get(seat, Line()).measured
                if sample.jitter_ms is not None and lost_at - BEFORE <= sample.at <= lost_at
            ),
            default=None,
        )
        if worst is not None and worst[0] >= UNEVEN_MS:
            yield Observed(seat, Signal.JITTER_HIGH, *worst)


def points_of(
    lines: Mapping[SeatId, Line], now: datetime, span: timedelta, count: int | None = None
) -> tuple[LinePoint, ...]:
    """A room's lines in few figures: of each span the worst of the room's lines, each taken as its mean.

    Args:
        lines: of the session's seats, as the media port keeps them.
        now: the end of the last span.
        span: how long one is.
        count: how many; None: as far back as anything is known.

    Returns:
        The oldest first.
    """
    samples = [sample for line in lines.values() for sample in line.measured]
    if count is None:
        first = min((sample.at for sample in samples), default=now)
        count = max(1, -((first - now) // span))
    return tuple(
        _worst(lines, now - span * (n + 1), now - span * n) for n in reversed(range(count))
    )


def _worst(lines: Mapping[SeatId, Line], after: datetime, until: datetime) -> LinePoint:
    losses, trips = [], []
    for line in lines.values():
        within = [sample for sample in line.measured if after < sample.at <= until]
        losses.append(_mean(_largest(sample.loss_up, sample.loss_down) for sample in within))
        trips.append(_mean(sample.rtt_ms for sample in within))
    loss = max((each for each in losses if each is not None), default=None)
    trip = max((each for each in trips if each is not None), default=None)
    return (None if loss is None else round(loss, 3), None if trip is None else round(trip))


def _largest(*values: float | None) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
