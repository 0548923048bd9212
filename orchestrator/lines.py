"""What the last half minute of a line says about a loss. PURE.

Loss and round trip of a seat's own line are told by the media worker when they turn bad. Jitter is reported by who
receives, so it may be of anybody's line: it accuses nobody, but a seeker to whom nothing came evenly and who goes
answers to that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.policy.attribution import BEFORE
from orchestrator.policy.events import Observed
from orchestrator.policy.model import SeatId, Session, Signal
from orchestrator.ports import Line

UNEVEN_MS = 100.0
"""From this mean deviation on (RFC 3550 §6.4.1) a buffer that hides it delays speech by three to four times as much,
which is more than people can talk in turns with (ITU-T G.114); ours."""


def uneven(
    before: Session | None, after: Session, lines: Mapping[SeatId, Line]
) -> Iterable[Observed]:
    """What a step that lost somebody has to know of what reached them before.

    Args:
        before: the step; None: the session was only just loaded.
        after: the step.
        lines: of the session's seats.

    Yields:
        The worst of the last thirty seconds of each seat that is newly lost, where it was bad.
    """
    for seat in after.seats:
        known = before.seat(seat.id) if before is not None else None
        if known is None or known.loss is not None or seat.loss is None:
            continue
        lost_at = seat.loss.at
        worst = max(
            (
                (sample.jitter_ms, sample.at)
                for sample in lines.get(seat.id, Line()).measured
                if sample.jitter_ms is not None and lost_at - BEFORE <= sample.at <= lost_at
            ),
            default=None,
        )
        if worst is not None and worst[0] >= UNEVEN_MS:
            yield Observed(seat.id, Signal.JITTER_HIGH, *worst)
