"""What is noticed about a seat, kept for the moment in which somebody asks why it was lost.

Observations lose nobody. The last few of each seat are kept; those shortly before a loss become part of it, and what a
browser reports when it is back is added to the loss that it explains. If the verdict of that loss is already given but
not sure, it is looked at again, as long as the session runs; what a person was offered meanwhile stays offered.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime

from orchestrator.policy import endings
from orchestrator.policy.attribution import judge, speaks_of
from orchestrator.policy.events import Observed
from orchestrator.policy.model import (
    OBSERVABLE,
    Cause,
    Confidence,
    Evidence,
    Loss,
    Phase,
    Seat,
    Signal,
)
from orchestrator.policy.turn import Turn

KEPT = 12
"""Observations that a seat remembers; a page cannot fill the store with more."""

LARGEST = 86_400.0
"""No observation has a larger value: a day in seconds, and more milliseconds than any line lives through; ours."""


def observed(turn: Turn, event: Observed) -> None:
    """Keep an observation; with the loss that it explains, if the seat is lost."""
    seat = turn.session.seat(event.seat)
    if seat is None or turn.session.is_over or event.signal not in OBSERVABLE:
        return
    at = min(event.at or turn.at, turn.at)
    seen = Evidence(event.signal, at, seat.id, _bounded(event.value))
    if seen in seat.observed:
        return
    kept = (*(one for one in seat.observed if one.signal is not seen.signal), seen)[-KEPT:]
    seat = turn.set_seat(seat.id, observed=kept)
    if seat.loss is not None:
        turn.set_seat(seat.id, loss=_with(seat.loss, seen))
    turn.record("seat.observed", seat=seat.id, signal=seen.signal.value, value=seen.value)
    refine(turn, seen)


def _bounded(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return min(max(value, 0.0), LARGEST)


def _with(loss: Loss, seen: Evidence) -> Loss:
    """One of each signal: the first, for it is nearest to the loss; of counts the highest."""
    known = next((one for one in loss.evidence if one.signal is seen.signal), None)
    if known is None:
        return replace(loss, evidence=(*loss.evidence, seen))
    if seen.signal is Signal.LOST_NEARBY and (seen.value or 0) > (known.value or 0):
        return replace(loss, evidence=tuple(seen if one is known else one for one in loss.evidence))
    return loss


def refine(turn: Turn, seen: Evidence) -> None:
    """Look again at a verdict that was given, with what has become known since (product.md, Attribution)."""
    session = turn.session
    verdict = session.verdict
    if verdict is None or verdict.confidence is Confidence.SURE:
        return
    found = judge((*verdict.evidence, seen))
    if (found.cause, found.confidence, found.reason) == (
        verdict.cause,
        verdict.confidence,
        verdict.reason,
    ):
        return
    refined = replace(
        verdict,
        cause=found.cause,
        confidence=found.confidence,
        reason=found.reason,
        evidence=found.evidence,
    )
    if session.reschedule is not None and not endings.consequence_of(session, refined).reschedule:
        return
    turn.set(verdict=refined)
    turn.record(
        "verdict.refined",
        cause=found.cause.value,
        confidence=found.confidence.value,
        reason=found.reason,
        cause_before=verdict.cause.value if verdict.cause else None,
    )
    if found.cause is Cause.SEEKER and session.phase is Phase.LIVE:
        # As on every late return: who was late may still use the rest (IX 6-6).
        turn.set(verdict=None)
        turn.record("verdict.lifted")
    else:
        endings.ask_whether_to_wait(turn)


def recent(seat: Seat, lost_at: datetime) -> tuple[Evidence, ...]:
    """What was seen of a seat shortly before it was lost, oldest first."""
    return tuple(one for one in seat.observed if speaks_of(one, lost_at))
