"""Whose side a loss lies on: from evidence to cause, confidence and a reason.

A pure function. No single signal convicts a seeker, and unknown stays unknown (product.md, Attribution). The
sentences for people are made from `reason` at the edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from orchestrator.policy.model import Cause, Confidence, Evidence, Role, Seat, Session, Signal

AT_ONCE = timedelta(seconds=5)
"""Two losses this close together are one event; ours (product.md, `seats_lost_nearby`)."""

_SIDE = {Role.SEEKER: Cause.SEEKER, Role.SUPPORTER: Cause.SUPPORTER}
_OURS = frozenset({Signal.WORKER_LOST, Signal.SERVICE_GAP})
_CHOSEN = frozenset({Signal.STEPPED_OUT, Signal.PAGE_CLOSED, Signal.LINK_REVOKED})
_LINE = frozenset({Signal.SIGNALLING_LOST, Signal.MEDIA_SILENT})


@dataclass(frozen=True, slots=True)
class Attribution:
    """A cause, how firm it is, why, and what decided it."""

    cause: Cause
    confidence: Confidence
    reason: str
    evidence: tuple[Evidence, ...]


def attribute(session: Session) -> Attribution:
    """Say whose side the first unmended loss of a session lies on.

    Args:
        session: with the losses as they are now; mended ones are gone.

    Returns:
        `unknown` when nobody is lost, or when the evidence is too thin.
    """
    lost = sorted(
        (seat for seat in (session.seeker, session.supporter) if seat.loss is not None),
        key=_lost_at,
    )
    evidence = tuple(one for seat in lost if seat.loss is not None for one in seat.loss.evidence)
    cause, confidence, reason = _decide(lost)
    return Attribution(cause, confidence, reason, evidence)


def _lost_at(seat: Seat) -> tuple[float, str]:
    assert seat.loss is not None, "only lost seats are sorted"
    return (seat.loss.at.timestamp(), seat.id)


def _decide(lost: Sequence[Seat]) -> tuple[Cause, Confidence, str]:
    if not lost:
        return Cause.UNKNOWN, Confidence.UNKNOWN, "nobody_lost"
    first = lost[0]
    assert first.loss is not None, "only lost seats are judged"
    signals, side, role = first.loss.signals, _SIDE[first.role], first.role.value
    if signals & _OURS:
        reason = "worker_lost" if Signal.WORKER_LOST in signals else "service_gap"
        return Cause.PLATFORM, Confidence.SURE, reason
    if Signal.LINK_REVOKED in signals:
        # The office's own act: nobody in the session did it, and a scheduler knows why.
        return Cause.UNKNOWN, Confidence.UNKNOWN, "link_revoked"
    if Signal.STEPPED_OUT in signals:
        return side, Confidence.SURE, f"{role}_stepped_out"
    if Signal.PAGE_CLOSED in signals:
        firm = Confidence.SURE if signals & _LINE else Confidence.LIKELY
        return side, firm, f"{role}_closed_page"
    if _lost_together(lost):
        return Cause.PLATFORM, Confidence.LIKELY, "both_lost_at_once"
    if first.role is Role.SUPPORTER or signals >= _LINE:
        return side, Confidence.LIKELY, f"{role}_connection_lost"
    return Cause.UNKNOWN, Confidence.UNKNOWN, f"{role}_lost_unclear"


def _lost_together(lost: Sequence[Seat]) -> bool:
    """Both at once, and neither chose to go: then it is the platform."""
    losses = [seat.loss for seat in lost if seat.loss is not None]
    if len(losses) < 2 or any(loss.signals & _CHOSEN for loss in losses):
        return False
    return abs(losses[0].at - losses[1].at) <= AT_ONCE
