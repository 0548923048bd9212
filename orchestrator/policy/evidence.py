"""What is noticed about a seat, kept for the moment in which somebody asks why it was lost.

Observations lose nobody. The last few of each seat are kept, and those shortly before a loss become part of it; what a
browser reports when it is back is added to the loss it explains.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from orchestrator.policy.events import Observed
from orchestrator.policy.model import OBSERVABLE, Evidence, Seat
from orchestrator.policy.turn import Turn

WINDOW = timedelta(seconds=30)
"""How long before a loss something may have been seen that explains it (product.md, Attribution)."""

KEPT = 12
"""Observations that a seat remembers; a page cannot fill the store with more."""


def observed(turn: Turn, event: Observed) -> None:
    """Keep an observation; with the loss that it explains, if the seat is lost."""
    seat = turn.session.seat(event.seat)
    if seat is None or turn.session.is_over or event.signal not in OBSERVABLE:
        return
    at = min(event.at or turn.at, turn.at)
    seen = Evidence(event.signal, at, seat.id, event.value)
    if seen in seat.observed:
        return
    kept = (*(one for one in seat.observed if one.signal is not seen.signal), seen)[-KEPT:]
    seat = turn.set_seat(seat.id, observed=kept)
    if seat.loss is not None:
        known = tuple(one for one in seat.loss.evidence if one.signal is not seen.signal)
        turn.set_seat(seat.id, loss=replace(seat.loss, evidence=(*known, seen)))
    turn.record("seat.observed", seat=seat.id, signal=seen.signal.value, value=seen.value)


def recent(seat: Seat, lost_at: datetime) -> tuple[Evidence, ...]:
    """What was seen of a seat shortly before it was lost, oldest first."""
    return tuple(one for one in seat.observed if one.at >= lost_at - WINDOW)
