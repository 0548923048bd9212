"""A session as a row of the schedulers' board. PURE."""

from __future__ import annotations

from typing import TypeVar

from orchestrator.api.moments import Moment
from orchestrator.policy.model import (
    CallState,
    Cause,
    Confidence,
    Extension,
    Incident,
    IncidentKind,
    RescheduleState,
    Role,
    SeatId,
    Session,
)
from orchestrator.policy.tasks import TaskKind, open_tasks
from signaling.views.outline import Outline, outline
from signaling.views.seats import NO_CHECKS, Checks, SeatView, seat_view
from signaling.views.shape import Shape


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


class RescheduleMark(Shape):
    """What the board shows of it."""

    state: RescheduleState


class BoardRow(Outline):
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


def board_row(session: Session, checks: Checks = NO_CHECKS) -> BoardRow:
    """The session as a row of the schedulers' board."""
    return BoardRow(
        **outline(session),
        seats=tuple(
            BoardSeat(
                **dict(seat_view(each, checks.get(each.id))),
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
