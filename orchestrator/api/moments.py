"""The moments of a session as the API, the pages and the board show them. PURE.

It derives and formats; it decides nothing. What is due and why comes from the policy's own `deadlines`.
"""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from orchestrator.policy.model import DeadlineReason, Phase, Session
from orchestrator.policy.session import deadlines


def rfc3339(at: datetime) -> str:
    """Write an aware moment in UTC with milliseconds (RFC 3339 §5.6)."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_in_calendar(at: datetime) -> bool:
    """Whether every computation around a moment stays inside what `datetime` can say; any real booking does."""
    return at.year - 1 > MINYEAR and at.year + 1 < MAXYEAR


Moment = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str, when_used="always"),
    Field(description="RFC 3339, UTC, milliseconds"),
]
"""An aware datetime that is written as `rfc3339` does."""

MomentReason = Literal[
    "doors_open", "start", "cutoff", "warning", "grace", "hold", "maintenance", "hard_end"
]

# What people see coming. The other deadlines are the policy's own housekeeping: a claim that
# escalates or a question that answers itself would only make a countdown jump.
_SHOWN: dict[DeadlineReason, MomentReason] = {
    DeadlineReason.HARD_END: "hard_end",
    DeadlineReason.MAINTENANCE: "maintenance",
    DeadlineReason.DOORS_OPEN: "doors_open",
    DeadlineReason.START: "start",
    DeadlineReason.GRACE: "grace",
    DeadlineReason.HOLD: "hold",
    DeadlineReason.JUDGE: "cutoff",
    DeadlineReason.WARNING: "warning",
}


class NextMoment(BaseModel):
    """The next policy moment that people can see coming."""

    model_config = ConfigDict(frozen=True)

    reason: MomentReason
    at: Moment


def next_moment(session: Session) -> NextMoment | None:
    """The soonest deadline that is shown to people; None once the session has ended."""
    if session.is_over:
        return None
    shown = [deadline for deadline in deadlines(session) if deadline.reason in _SHOWN]
    if not shown:
        return None
    soonest = min(shown, key=lambda deadline: deadline.order)
    return NextMoment(reason=_SHOWN[soonest.reason], at=soonest.at)


def opens_at(session: Session) -> datetime:
    """When the doors open."""
    return session.starts_at - session.rules.doors


def kept_until(session: Session) -> datetime | None:
    """Until when a scheduler has the seats of an interrupted session kept; None: nobody has."""
    if session.phase is not Phase.INTERRUPTED or not session.is_kept:
        return None
    return min(session.maintenance_at or session.ends_at, session.ends_at)


def was_live(session: Session) -> bool:
    """Seeker and supporter have both been in at some time."""
    return session.live.since is not None or bool(session.live.total)


def cutoff_at(session: Session) -> datetime | None:
    """When the cutoff table is, or after the end was, judged.

    None once the session has been live, and where a notice or the table itself has put the judgement off to the end.
    """
    if was_live(session) or session.phase in (Phase.LIVE, Phase.INTERRUPTED):
        return None
    if session.judge_at is None and not session.is_over:
        return None
    return session.judge_at or session.starts_at + session.rules.cutoff
