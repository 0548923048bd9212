"""What a person is shown of a session. PURE.

A view is made for one seat: what is only the seeker's (questions, the choice of another date) is in nobody else's, and
`can` names the messages that this person may send now. `can` is a courtesy for the buttons; the policy decides.
docs/protocol.md describes every field.
"""

from __future__ import annotations

from datetime import datetime

from orchestrator.api.moments import Moment
from orchestrator.policy.endings import if_finished
from orchestrator.policy.model import (
    Asked,
    CallState,
    Cause,
    Phase,
    Question,
    Quota,
    Reschedule,
    RescheduleState,
    Role,
    Seat,
    SeatId,
    Session,
)
from orchestrator.policy.stops import may_read_why
from signaling.views.outline import Outline, outline
from signaling.views.seats import NO_CHECKS, Checks, SeatView, seat_view
from signaling.views.shape import Shape
from signaling.ways import claim_for, ways_of

_OF_THE_OFFICE = frozenset({Role.SUPPORTER, Role.SCHEDULER})
_AWAITED = frozenset({Question.END_EARLY, Question.BEGIN_OR_RESCHEDULE})


class QuestionView(Shape):
    """A question that is open."""

    kind: Question
    answer_by: Moment | None


class IfFinishedView(Shape):
    """What follows if it is ended as finished now."""

    is_quota_restored: bool
    is_another_date_due: bool


class ClaimView(Shape):
    """Another device asks for a seat."""

    seat: str
    asked_at: Moment


class OptionView(Shape):
    """A slot that the seeker may choose."""

    id: str
    starts_at: Moment
    ends_at: Moment
    supporter_name: str


class RescheduleView(Shape):
    """Another date for the same session."""

    state: RescheduleState
    expires_at: Moment
    options: tuple[OptionView, ...]
    new_session: str | None
    new_starts_at: Moment | None
    new_ends_at: Moment | None
    new_supporter_name: str | None


class SessionView(Outline):
    """A session as one of its people sees it."""

    seats: tuple[SeatView, ...]
    question: QuestionView | None
    if_finished: IfFinishedView | None
    """The seeker's, while it runs: what a yes to the end, or ending it, would count as."""
    claim: ClaimView | None
    can: tuple[str, ...]
    warnings_s: tuple[int, ...]
    is_quota_restored: bool | None
    functions: tuple[str, ...]
    """What the room offers now: what the programme lists, as far as the medium carries it."""
    is_media_missing: bool
    """Live, and nothing flows."""
    call: CallState | None
    """The last report on a telephone call."""
    late: Cause | None
    """Whose late start gives the seeker the right to another date until the end (IX 6-7)."""
    goodbye: bool
    """Both closed their pages; the supporter may say whether it was finished."""
    beside: tuple[str, ...]
    """Declared companions on the seeker's camera (KUMAGAYA 12(3))."""
    reschedule: RescheduleView | None
    following: RescheduleView | None
    """The next session that is being booked (KUMAGAYA 6(2))."""


def session_view(
    session: Session, seat_id: SeatId | None, now: datetime, checks: Checks = NO_CHECKS
) -> SessionView:
    """The session as the person of one seat may see it.

    Args:
        session: as committed.
        seat_id: whose view; None for a device that still asks for its seat and is told no more than it must know.
        now: aware UTC.
        checks: what the pre-call checks found; for the supporter and who looks on.
    """
    seat = session.seat(seat_id) if seat_id is not None else None
    shown = checks if seat is not None and seat.role in _OF_THE_OFFICE else NO_CHECKS
    claim = claim_for(session, seat) if seat else None
    is_seeker = seat is not None and seat.role is Role.SEEKER
    is_booking = seat is not None and seat.role in {Role.SEEKER, Role.SUPPORTER}
    is_told = may_read_why(session, seat_id)
    why: dict[str, object] = {} if is_told else {"cause": None, "reason": None}
    return SessionView(
        **(outline(session) | why),
        seats=tuple(seat_view(each, shown.get(each.id)) for each in session.seats),
        question=_question(session.asked, seat),
        if_finished=_if_finished(session, now) if is_seeker else None,
        claim=ClaimView(seat=claim[0].id, asked_at=claim[1].asked_at) if claim else None,
        can=tuple(ways_of(session, seat, now)) if seat else (),
        warnings_s=tuple(int(left.total_seconds()) for left in session.rules.warnings),
        is_quota_restored=(
            session.consequence.quota is Quota.RESTORED if session.consequence and is_told else None
        ),
        functions=tuple(sorted(session.functions)),
        is_media_missing=session.is_media_missing,
        call=session.call,
        late=session.late,
        goodbye=session.goodbye is not None and session.goodbye.is_confirmed is None,
        beside=session.beside,
        reschedule=(
            _reschedule(session.reschedule, now, with_options=is_seeker)
            if is_seeker or may_read_why(session, seat_id)
            else None
        ),
        following=_reschedule(session.following, now, with_options=is_booking),
    )


def _question(asked: Asked | None, seat: Seat | None) -> QuestionView | None:
    """To the seeker, who is asked; the supporter is shown what they wait for before it goes on."""
    if asked is None or seat is None:
        return None
    is_awaited = seat.role is Role.SUPPORTER and asked.question in _AWAITED
    if seat.role is not Role.SEEKER and not is_awaited:
        return None
    return QuestionView(kind=asked.question, answer_by=asked.answer_by)


def _if_finished(session: Session, now: datetime) -> IfFinishedView | None:
    if session.phase not in {Phase.LIVE, Phase.INTERRUPTED}:
        return None
    consequence = if_finished(session, now)
    return IfFinishedView(
        is_quota_restored=consequence.quota is Quota.RESTORED,
        is_another_date_due=consequence.reschedule,
    )


def _reschedule(
    reschedule: Reschedule | None, now: datetime, *, with_options: bool
) -> RescheduleView | None:
    if reschedule is None:
        return None
    options = reschedule.options if with_options else ()
    # Where all have passed they stay: who chooses one of them is offered others.
    options = tuple(option for option in options if option.starts_at > now) or options
    return RescheduleView(
        state=reschedule.state,
        expires_at=reschedule.expires_at,
        options=tuple(
            OptionView(
                id=option.id,
                starts_at=option.starts_at,
                ends_at=option.ends_at,
                supporter_name=option.supporter_name,
            )
            for option in options
        ),
        new_session=reschedule.new_session,
        new_starts_at=reschedule.new_starts_at,
        new_ends_at=reschedule.new_ends_at,
        new_supporter_name=reschedule.new_supporter_name,
    )
