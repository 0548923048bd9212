"""What a person is shown of a session. PURE.

A view is made for one seat: what is only the seeker's (questions, the choice of another date) is in nobody else's, and
`can` names the messages that this person may send now. `can` is a courtesy for the buttons; the policy decides.
docs/protocol.md describes every field.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from orchestrator.api.moments import Moment, NextMoment, cutoff_at, next_moment, opens_at
from orchestrator.policy.endings import may_leave_for_another_date
from orchestrator.policy.model import (
    Asked,
    Cause,
    Claim,
    Medium,
    Outcome,
    Phase,
    Presence,
    Question,
    Quota,
    Reschedule,
    RescheduleState,
    Role,
    Seat,
    SeatId,
    Session,
)
from orchestrator.policy.programme import Programme, Text


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Bilingual(_Shape):
    """A text in the two languages of the pages."""

    ja: str
    en: str


class ProgrammeView(_Shape):
    """What a page needs to know of the programme."""

    name: str
    title: Bilingual
    office: Bilingual
    telephone: str | None
    terms_version: str
    terms_url: str | None
    terms_text: Bilingual | None
    """The short text over the consent box."""
    attestations: tuple[str, ...]
    functions: tuple[str, ...]
    e2ee: Literal["required", "preferred", "off"]
    watermark: bool
    time_zone: str
    grace_s: float
    doors_s: float
    cutoff_s: float


class SeatView(_Shape):
    """One person in a session."""

    seat: str
    role: Role
    display_name: str
    presence: Presence
    since: Moment | None
    """Since when the person is lost, away or there; None: never was there."""
    is_lost: bool
    is_admitted: bool
    has_joined: bool
    grace_ends_at: Moment | None
    """When a running grace ends; None when none runs."""


class BoardSeat(SeatView):
    """The same for the board."""

    is_connected: bool


class QuestionView(_Shape):
    """A question that is open."""

    kind: Question
    answer_by: Moment | None


class ClaimView(_Shape):
    """Another device asks for a seat."""

    seat: str
    asked_at: Moment


class VerdictView(_Shape):
    """A verdict that is fixed while the door is still open."""

    outcome: Outcome
    cause: Cause | None


class OptionView(_Shape):
    """A slot that the seeker may choose."""

    id: str
    starts_at: Moment
    ends_at: Moment
    supporter_name: str


class RescheduleView(_Shape):
    """Another date for the same session."""

    state: RescheduleState
    expires_at: Moment
    options: tuple[OptionView, ...]
    new_session: str | None
    new_starts_at: Moment | None


class RescheduleMark(_Shape):
    """What the board shows of it."""

    state: RescheduleState


class _Common(_Shape):
    id: str
    version: int
    phase: Phase
    medium: Medium
    opens_at: Moment
    starts_at: Moment
    cutoff_at: Moment | None
    ends_at: Moment
    ended_at: Moment | None
    next: NextMoment | None
    outcome: Outcome | None
    cause: Cause | None
    reason: str | None
    verdict: VerdictView | None


class SessionView(_Common):
    """A session as one of its people sees it."""

    seats: tuple[SeatView, ...]
    question: QuestionView | None
    claim: ClaimView | None
    can: tuple[str, ...]
    warnings_s: tuple[int, ...]
    is_quota_restored: bool | None
    reschedule: RescheduleView | None


class BoardRow(_Common):
    """A session as a row of the board."""

    seats: tuple[BoardSeat, ...]
    reschedule: RescheduleMark | None
    programme: str
    supporter: str
    has_media_flowed: bool


def session_view(session: Session, seat_id: SeatId | None, now: datetime) -> SessionView:
    """The session as the person of one seat may see it.

    Args:
        session: as committed.
        seat_id: whose view; None for a device that still asks for its seat and is told no more than it must know.
        now: aware UTC.
    """
    seat = session.seat(seat_id) if seat_id is not None else None
    claim = _claim_for(session, seat) if seat else None
    is_seeker = seat is not None and seat.role is Role.SEEKER
    return SessionView(
        **_common(session),
        seats=tuple(_seat(each) for each in session.seats),
        question=_question(session.asked) if is_seeker else None,
        claim=ClaimView(seat=claim[0].id, asked_at=claim[1].asked_at) if claim else None,
        can=tuple(_can(session, seat, now)) if seat else (),
        warnings_s=tuple(int(left.total_seconds()) for left in session.rules.warnings),
        is_quota_restored=(
            session.consequence.quota is Quota.RESTORED if session.consequence else None
        ),
        reschedule=_reschedule(session.reschedule, with_options=is_seeker),
    )


def programme_view(session: Session, programme: Programme | None) -> ProgrammeView:
    """What the pages of a session need to know of its programme.

    Args:
        session: its rules count, they are those it was booked under.
        programme: texts and wishes of the present file; None when it is not there any more.
    """
    rules = session.rules
    name = Bilingual(ja=rules.programme, en=rules.programme)
    return ProgrammeView(
        name=rules.programme,
        title=_bilingual(programme.title) if programme else name,
        office=_bilingual(programme.office) if programme else name,
        telephone=programme.telephone if programme else None,
        terms_version=rules.terms_version,
        terms_url=programme.terms.url if programme else None,
        terms_text=_bilingual(programme.terms.text) if programme else None,
        attestations=rules.attestations,
        functions=tuple(sorted(rules.functions)),
        e2ee=programme.e2ee if programme else "off",
        watermark=programme.watermark if programme else True,
        time_zone=session.time_zone,
        grace_s=rules.grace.total_seconds(),
        doors_s=rules.doors.total_seconds(),
        cutoff_s=rules.cutoff.total_seconds(),
    )


def _bilingual(text: Text) -> Bilingual:
    return Bilingual(ja=text.ja, en=text.en)


def board_row(session: Session) -> BoardRow:
    """The session as a row of the schedulers' board."""
    return BoardRow(
        **_common(session),
        seats=tuple(
            BoardSeat(**dict(_seat(each)), is_connected=each.connection is not None)
            for each in session.seats
        ),
        reschedule=RescheduleMark(state=session.reschedule.state) if session.reschedule else None,
        programme=session.rules.programme,
        supporter=session.supporter.display_name,
        has_media_flowed=session.has_media_flowed,
    )


def _common(session: Session) -> dict[str, object]:
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
        "next": next_moment(session),
        "outcome": session.outcome,
        "cause": session.cause,
        "reason": verdict.reason if verdict else None,
        "verdict": (
            VerdictView(outcome=verdict.outcome, cause=verdict.cause)
            if verdict and not session.is_over
            else None
        ),
    }


def _seat(seat: Seat) -> SeatView:
    if seat.loss is not None:
        since: datetime | None = seat.loss.at
    elif seat.is_present:
        since = seat.first_present_at
    else:
        since = seat.left_at
    return SeatView(
        seat=seat.id,
        role=seat.role,
        display_name=seat.display_name,
        presence=seat.presence,
        since=since,
        is_lost=seat.loss is not None,
        is_admitted=seat.is_admitted,
        has_joined=seat.consent is not None,
        grace_ends_at=seat.loss.grace_ends_at if seat.loss and not seat.loss.judged else None,
    )


def _question(asked: Asked | None) -> QuestionView | None:
    return QuestionView(kind=asked.question, answer_by=asked.answer_by) if asked else None


def _reschedule(reschedule: Reschedule | None, *, with_options: bool) -> RescheduleView | None:
    if reschedule is None:
        return None
    options = reschedule.options if with_options else ()
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
    )


def _claim_for(session: Session, seat: Seat) -> tuple[Seat, Claim] | None:
    """The claim that the person of a seat may answer: first of the own seat, then one that was escalated."""
    if seat.claim is not None:
        return seat, seat.claim
    if seat.role is Role.SUPPORTER:
        for other in session.seats:
            if other.claim is not None and other.claim.escalated:
                return other, other.claim
    return None


def _can(session: Session, seat: Seat, now: datetime) -> Iterator[str]:
    reschedule = session.reschedule
    is_choosing = seat.role is Role.SEEKER and (
        reschedule is not None
        and reschedule.state is RescheduleState.OPEN
        and reschedule.expires_at > now
    )
    if is_choosing and reschedule is not None:
        if reschedule.options:
            yield "choose_slot"
        yield "decline_reschedule"
    if session.is_over or not seat.is_present:
        return
    yield from _can_in_any_role(session, seat)
    if seat.role is Role.SEEKER:
        yield from _can_as_seeker(session)
    if seat.role is Role.SUPPORTER:
        yield from _can_as_supporter(session, seat)


def _can_in_any_role(session: Session, seat: Seat) -> Iterator[str]:
    if seat.consent is None and session.phase is not Phase.SCHEDULED:
        yield "join"
    if seat.is_admitted and session.phase in _RUNNING:
        yield from ("restart_media", "renew_media")
    if seat.presence is not Presence.AT_DOOR:
        yield "step_out"
    if _claim_for(session, seat) is not None:
        yield "answer_claim"


def _can_as_seeker(session: Session) -> Iterator[str]:
    yield "end"
    if session.phase in _BEFORE_LIVE and session.seeker_notice is None:
        yield "give_notice"
    asked = session.asked
    if asked is not None and asked.question is Question.END_EARLY:
        yield "answer_end"
    if asked is not None and asked.question is Question.WAIT_OR_RESCHEDULE:
        if asked.answer_by is None:
            yield "wait"
        if may_leave_for_another_date(session):
            yield "another_date"


def _can_as_supporter(session: Session, seat: Seat) -> Iterator[str]:
    if seat.consent is not None and _is_anybody_admissible(session):
        yield "admit"
    if session.phase is Phase.LIVE and session.asked is None:
        yield "request_end"
    loss = session.seeker.loss
    if session.phase is Phase.INTERRUPTED and loss is not None and loss.judged:
        yield "release_seat"


def _is_anybody_admissible(session: Session) -> bool:
    """Somebody waits whom the supporter may let in: the seeker before it is live, companions while it is."""
    lobby = {seat.role for seat in session.seats if seat.presence is Presence.LOBBY}
    if session.phase is Phase.LIVE:
        return Role.COMPANION in lobby
    may_begin = session.phase is Phase.WAITING or (
        session.phase is Phase.OPEN and session.rules.early_admission
    )
    return may_begin and Role.SEEKER in lobby


_RUNNING = frozenset({Phase.LIVE, Phase.INTERRUPTED})
_BEFORE_LIVE = frozenset({Phase.SCHEDULED, Phase.OPEN, Phase.WAITING})
