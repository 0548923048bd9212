"""What a supporter is shown of the own sessions: the rows of the desk, and what is beside the one that runs. PURE."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.api.moments import Moment
from orchestrator.policy.model import SUPPORTER, Presence, Role, Session
from orchestrator.policy.stops import may_read_why
from signaling.views.board import BoardRow
from signaling.views.seats import since_of
from signaling.views.shape import Shape


class ConsentView(Shape):
    """That somebody accepted the terms."""

    terms_version: str
    at: Moment


class DeskRow(BoardRow):
    """A session as its own supporter's desk shows it: a row, and what the work at the counter needs beside it."""

    beside: tuple[str, ...]
    warnings_s: tuple[int, ...]
    consents: dict[str, ConsentView]
    """Seat to what was accepted."""
    came: dict[str, Moment]
    """Seat to when that person was first there; also after the end, and of who was lost since."""
    ringing: str | None
    """The seat for which the server rings now."""
    ringing_needed_s: int
    """How long it must have rung before an absence is one (IX 6-3)."""


class AfterView(Shape):
    """The supporter's next session."""

    session: str
    starts_at: Moment
    ends_at: Moment
    seeker_name: str
    companions: tuple[str, ...]
    """With a seat of their own, and at the seeker's camera."""
    presence: Presence
    """Of the seeker."""
    since: Moment | None


class AroundView(Shape):
    """What a supporter has beside a session."""

    is_engaged: bool = False
    after: AfterView | None = None


def around_of(session: Session, role: Role, sessions: Sequence[Session]) -> AroundView:
    """What a person of a session is told of the supporter's other ones.

    The supporter sees who comes next; the others only whether an earlier session still goes on.

    Args:
        session: whose page it is.
        role: of the person.
        sessions: the supporter's that are not over, by their start.
    """
    others = [each for each in sessions if each.id != session.id and not each.is_over]
    if role is not Role.SUPPORTER:
        earlier = (each for each in others if each.starts_at < session.starts_at)
        return AroundView(is_engaged=any(each.supporter.is_present for each in earlier))
    later = [each for each in others if each.starts_at > session.starts_at]
    return AroundView(after=_after(later[0]) if later else None)


def _after(session: Session) -> AfterView:
    seeker = session.seeker
    companions = (seat.display_name for seat in session.seats if seat.role is Role.COMPANION)
    return AfterView(
        session=session.id,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        seeker_name=seeker.display_name,
        companions=(*companions, *session.beside),
        presence=seeker.presence,
        since=since_of(seeker),
    )


def supporters_row(row: BoardRow, session: Session) -> DeskRow:
    """The row as the session's own supporter may see it: what the office has to look at is not in it.

    Who was stopped by somebody else sees that it was stopped, not for what.
    """
    hidden: dict[str, object] = {"tasks": (), "incidents": (), "done": ()}
    if not may_read_why(session, SUPPORTER):
        hidden |= {"cause": None, "reason": None, "verdict": None, "confidence": None}
        hidden |= {"reschedule": None}  # it would tell whose fault it was
    return DeskRow(
        **(dict(row) | hidden),
        beside=session.beside,
        warnings_s=tuple(int(left.total_seconds()) for left in session.rules.warnings),
        consents={
            seat.id: ConsentView(terms_version=seat.consent.terms_version, at=seat.consent.at)
            for seat in session.seats
            if seat.consent is not None
        },
        came={
            seat.id: seat.first_present_at
            for seat in session.seats
            if seat.first_present_at is not None
        },
        ringing=session.ringing,
        ringing_needed_s=int(session.rules.ringing.total_seconds()),
    )
