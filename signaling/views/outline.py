"""What everybody reads of a session: the room and the board alike. PURE."""

from __future__ import annotations

from orchestrator.api.moments import (
    Moment,
    NextMoment,
    cutoff_at,
    kept_until,
    next_moment,
    opens_at,
)
from orchestrator.policy.model import Cause, Medium, Notice, Outcome, Phase, Session
from signaling.views.shape import Shape


class NoticeView(Shape):
    """Word was sent that somebody will be late."""

    at: Moment
    until: Moment
    """Until when the other one waits."""


class NoticesView(Shape):
    """Who has sent word."""

    seeker: NoticeView | None
    supporter: NoticeView | None


class VerdictView(Shape):
    """A verdict that is fixed while the door is still open."""

    outcome: Outcome
    cause: Cause | None


class Outline(Shape):
    """The fields that a view for a seat and a row of the board share."""

    id: str
    version: int
    phase: Phase
    medium: Medium
    opens_at: Moment
    starts_at: Moment
    cutoff_at: Moment | None
    ends_at: Moment
    ended_at: Moment | None
    maintenance_at: Moment | None
    """When planned maintenance ends it before `ends_at` (IX 11-1); None: none does, or it is over."""
    next: NextMoment | None
    kept_until: Moment | None
    """Until when the office has the seats of an interrupted session kept; None: as the programme says."""
    notices: NoticesView
    outcome: Outcome | None
    cause: Cause | None
    reason: str | None
    verdict: VerdictView | None


def outline(session: Session) -> dict[str, object]:
    """The values of those fields, by name; a view may put others in their place."""
    verdict = session.verdict
    return {
        "id": session.id,
        "version": session.version,
        "phase": session.phase,
        "medium": session.medium,
        "opens_at": opens_at(session),
        "starts_at": session.starts_at,
        "cutoff_at": cutoff_at(session),
        "ends_at": session.ends_at,
        "ended_at": session.ended_at,
        "maintenance_at": None if session.is_over else session.maintenance_at,
        "next": next_moment(session),
        "kept_until": kept_until(session),
        "notices": NoticesView(
            seeker=_notice(session.seeker_notice, session),
            supporter=_notice(session.supporter_notice, session),
        ),
        "outcome": session.outcome,
        "cause": session.cause,
        "reason": verdict.reason if verdict else None,
        "verdict": (
            VerdictView(outcome=verdict.outcome, cause=verdict.cause)
            if verdict and not session.is_over
            else None
        ),
    }


def _notice(notice: Notice | None, session: Session) -> NoticeView | None:
    if notice is None:
        return None
    ends_at = min(session.maintenance_at or session.ends_at, session.ends_at)
    return NoticeView(at=notice.at, until=min(notice.until or ends_at, ends_at))
