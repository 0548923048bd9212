"""What a person is shown of a session. PURE.

A view is made for one seat: what is only the seeker's (questions, the choice of another date) is in nobody else's, and
`can` names the messages that this person may send now. `can` is a courtesy for the buttons; the policy decides.
docs/protocol.md describes every field.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from orchestrator.api.moments import Moment, NextMoment, cutoff_at, next_moment, opens_at
from orchestrator.policy.endings import if_finished
from orchestrator.policy.model import (
    Asked,
    CallState,
    Cause,
    Confidence,
    Extension,
    Incident,
    IncidentKind,
    Medium,
    Notice,
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
    Signal,
)
from orchestrator.policy.programme import Programme, Text
from orchestrator.policy.stops import may_read_why
from orchestrator.policy.tasks import TaskKind, open_tasks
from signaling.ways import claim_for, ways_of


class Shape(BaseModel):
    """What every view has in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Bilingual(Shape):
    """A text in the two languages of the pages."""

    ja: str
    en: str


class ProgrammeView(Shape):
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


AwayAs = Literal["stepped_out", "page_closed", "lost"]
"""How somebody came to be away: by choice, by closing the page, or neither that we know of."""
Found = Literal["ok", "denied", "missing", "busy", "unavailable", "not_used"]
"""What the pre-call check says of a camera or a microphone."""
LineWord = Literal["good", "coarse", "sound", "none"]
"""The same of the line: good; the picture may be coarse; sound only is advised; no connection."""
DeviceKind = Literal["phone", "tablet", "computer"]


class CheckedView(Shape):
    """What the pre-call check of somebody's page found, as the page tells it."""

    camera: Found
    microphone: Found
    line: LineWord | None
    """None: it has not been measured."""
    rtt_ms: float | None
    missing: float | None
    """Share of the packets that did not come back, 0 to 1."""
    device: DeviceKind
    at: Moment


Checks = Mapping[SeatId, CheckedView]
"""What is known of the seats of a session."""
_NO_CHECKS: Checks = {}


class SeatView(Shape):
    """One person in a session."""

    seat: str
    role: Role
    display_name: str
    presence: Presence
    since: Moment | None
    """Since when the person is lost, away or there; None: never was there."""
    is_lost: bool
    away_as: AwayAs | None
    """How the loss came; None when not lost."""
    is_admitted: bool
    has_joined: bool
    grace_ends_at: Moment | None
    """When a running grace ends; None when none runs."""
    checked: CheckedView | None = None
    """What the pre-call check found; for supporter and schedulers alone, from memory."""


class BoardSeat(SeatView):
    """The same for the board."""

    is_connected: bool
    is_claimed: bool
    """Another device asks for the seat, and the first one has stayed silent."""


class TaskView(Shape):
    """Something of a session that somebody has to look at."""

    id: str
    kind: TaskKind
    since: Moment
    due_at: Moment


class IncidentView(Shape):
    """An incident, without what was written about it."""

    id: str
    kind: IncidentKind
    at: Moment
    by_role: Role
    """Of whoever filed it."""
    accused: str | None
    """Whose seat."""
    due_at: Moment
    resolved_at: Moment | None
    resolved_by: str | None
    """Person id."""


class DoneView(Shape):
    """A task that somebody ticked off."""

    task: str
    at: Moment
    by: str
    """Person id."""


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


class RescheduleMark(Shape):
    """What the board shows of it."""

    state: RescheduleState


_OF_THE_OFFICE = frozenset({Role.SUPPORTER, Role.SCHEDULER})


class _Common(Shape):
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
    notices: NoticesView
    outcome: Outcome | None
    cause: Cause | None
    reason: str | None
    verdict: VerdictView | None


class SessionView(_Common):
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


class BoardRow(_Common):
    """A session as a row of the board."""

    seats: tuple[BoardSeat, ...]
    reschedule: RescheduleMark | None
    programme: str
    supporter: str
    supporter_person: str
    """Whose lane it is: two people may have one display name."""
    has_media_flowed: bool
    is_media_missing: bool
    call: CallState | None
    late: Cause | None
    goodbye: bool
    confidence: Confidence | None
    """How firm the verdict is; None while there is none."""
    overrulings: int
    """How many verdicts were put in the place of the one before."""
    extension: bool
    """The programme lets a scheduler move the end."""
    tasks: tuple[TaskView, ...]
    """What somebody has to look at, the most urgent first."""
    incidents: tuple[IncidentView, ...]
    done: tuple[DoneView, ...]


Row = TypeVar("Row", bound=BoardRow)


def session_view(
    session: Session, seat_id: SeatId | None, now: datetime, checks: Checks = _NO_CHECKS
) -> SessionView:
    """The session as the person of one seat may see it.

    Args:
        session: as committed.
        seat_id: whose view; None for a device that still asks for its seat and is told no more than it must know.
        now: aware UTC.
        checks: what the pre-call checks found; for the supporter and who looks on.
    """
    seat = session.seat(seat_id) if seat_id is not None else None
    shown = checks if seat is not None and seat.role in _OF_THE_OFFICE else _NO_CHECKS
    claim = claim_for(session, seat) if seat else None
    is_seeker = seat is not None and seat.role is Role.SEEKER
    is_booking = seat is not None and seat.role in {Role.SEEKER, Role.SUPPORTER}
    is_told = may_read_why(session, seat_id)
    why: dict[str, object] = {} if is_told else {"cause": None, "reason": None}
    return SessionView(
        **(_common(session) | why),
        seats=tuple(_seat(each, shown.get(each.id)) for each in session.seats),
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
            _reschedule(session.reschedule, with_options=is_seeker)
            if is_seeker or may_read_why(session, seat_id)
            else None
        ),
        following=_reschedule(session.following, with_options=is_booking),
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
        e2ee=programme.e2ee if programme else "preferred",
        watermark=programme.watermark if programme else True,
        time_zone=session.time_zone,
        grace_s=rules.grace.total_seconds(),
        doors_s=rules.doors.total_seconds(),
        cutoff_s=rules.cutoff.total_seconds(),
    )


def _bilingual(text: Text) -> Bilingual:
    return Bilingual(ja=text.ja, en=text.en)


def board_row(session: Session, checks: Checks = _NO_CHECKS) -> BoardRow:
    """The session as a row of the schedulers' board."""
    return BoardRow(
        **_common(session),
        seats=tuple(
            BoardSeat(
                **dict(_seat(each, checks.get(each.id))),
                is_connected=each.connection is not None,
                is_claimed=each.claim is not None and each.claim.escalated,
            )
            for each in session.seats
        ),
        reschedule=RescheduleMark(state=session.reschedule.state) if session.reschedule else None,
        programme=session.rules.programme,
        supporter=session.supporter.display_name,
        supporter_person=session.supporter.person,
        has_media_flowed=session.has_media_flowed,
        is_media_missing=session.is_media_missing,
        call=session.call,
        late=session.late,
        goodbye=session.goodbye is not None and session.goodbye.is_confirmed is None,
        confidence=session.verdict.confidence if session.verdict else None,
        overrulings=len(session.overrulings),
        extension=session.rules.extension is Extension.SCHEDULER,
        tasks=tuple(
            TaskView(id=task.id, kind=task.kind, since=task.since, due_at=task.due_at)
            for task in open_tasks(session)
        ),
        incidents=tuple(_incident(incident, session) for incident in session.incidents),
        done=tuple(DoneView(task=each.task, at=each.at, by=each.by) for each in session.done),
    )


def with_checks(row: Row, checks: Checks) -> Row:
    """The same row when only what the pre-call checks found has changed."""
    seats = (
        each.model_copy(update={"checked": checks.get(SeatId(each.seat))}) for each in row.seats
    )
    return row.model_copy(update={"seats": tuple(seats)})


def _incident(incident: Incident, session: Session) -> IncidentView:
    filed_by = session.seat(SeatId(incident.by))
    return IncidentView(
        id=incident.id,
        kind=incident.kind,
        at=incident.at,
        by_role=filed_by.role if filed_by else Role.SCHEDULER,
        accused=incident.accused,
        due_at=incident.due_at,
        resolved_at=incident.resolved_at,
        resolved_by=incident.resolved_by,
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
        "maintenance_at": None if session.is_over else session.maintenance_at,
        "next": next_moment(session),
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


def _away_as(seat: Seat) -> AwayAs | None:
    if seat.loss is None:
        return None
    if Signal.STEPPED_OUT in seat.loss.signals:
        return "stepped_out"
    return "page_closed" if Signal.PAGE_CLOSED in seat.loss.signals else "lost"


def since_of(seat: Seat) -> datetime | None:
    """Since when a person is lost, away or there; None: never was there."""
    if seat.loss is not None:
        return seat.loss.at
    return seat.first_present_at if seat.is_present else seat.left_at


def _seat(seat: Seat, checked: CheckedView | None) -> SeatView:
    return SeatView(
        seat=seat.id,
        role=seat.role,
        display_name=seat.display_name,
        presence=seat.presence,
        since=since_of(seat),
        is_lost=seat.loss is not None,
        away_as=_away_as(seat),
        is_admitted=seat.is_admitted,
        has_joined=seat.consent is not None,
        grace_ends_at=seat.loss.grace_ends_at if seat.loss and not seat.loss.judged else None,
        checked=checked,
    )


def _question(asked: Asked | None, seat: Seat | None) -> QuestionView | None:
    """To the seeker, who is asked; the supporter is shown the own question as long as it is open."""
    if asked is None or seat is None:
        return None
    is_own = seat.role is Role.SUPPORTER and asked.question is Question.END_EARLY
    if seat.role is not Role.SEEKER and not is_own:
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
