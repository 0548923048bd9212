"""What of a session needs a human now: derived from the session, so that nothing can be forgotten or done twice.

A task is there while its reason is, and gone when the reason is gone or somebody ticked it off (`TaskDone`). Strikes
and reviews concern a person, not a session; they are in `standing.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from orchestrator.policy.model import Reschedule, RescheduleState, Session

A_DAY = timedelta(days=1)
"""Within this an office looks at what is not urgent; ours."""


class TaskKind(StrEnum):
    """Why somebody has to look."""

    INCIDENT = "incident"
    """An incident is open."""
    CONFIRM_CAUSE = "confirm_cause"
    """The evidence did not decide: the programme wants a scheduler to confirm or overrule."""
    OBJECTION = "objection"
    """The seeker says that it was not finished."""
    BOOKING_STANDS = "booking_stands"
    """The verdict was overruled after another date had been booked, which stands: is it still wanted?"""
    NO_SLOT = "no_slot"
    """Another date is due, and nothing is free."""
    RESCHEDULE_EXPIRED = "reschedule_expired"
    """Another date was due, and nobody chose in time."""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to look at."""

    id: str
    """Unique in its session: the kind, `incident-2`, or `booking_stands-1` after the first overruling."""
    kind: TaskKind
    since: datetime
    due_at: datetime


def open_tasks(session: Session) -> tuple[Task, ...]:
    """The tasks of a session that nobody has ticked off, the most urgent first."""
    done = {done.task for done in session.done}
    found = (task for task in _all(session) if task.id not in done)
    return tuple(sorted(found, key=lambda task: (task.due_at, task.id)))


def _all(session: Session) -> Iterator[Task]:
    for incident in session.incidents:
        if incident.resolved_at is None:
            yield Task(incident.id, TaskKind.INCIDENT, incident.at, incident.due_at)
    yield from _of_verdict(session)
    if session.reschedule is not None:
        yield from _of_reschedule(session, session.reschedule)


def _of_verdict(session: Session) -> Iterator[Task]:
    ended_at = session.ended_at
    if ended_at is None or session.consequence is None:
        return
    if session.consequence.confirm and not session.overrulings:
        yield _day_after(TaskKind.CONFIRM_CAUSE, ended_at)
    if session.objected_at is not None and not session.overrulings:
        yield _day_after(TaskKind.OBJECTION, session.objected_at)


def _of_reschedule(session: Session, reschedule: Reschedule) -> Iterator[Task]:
    if reschedule.state is RescheduleState.OPEN:
        if reschedule.is_proposed and not reschedule.options:
            yield _day_after(TaskKind.NO_SLOT, reschedule.opened_at)
    elif reschedule.state is RescheduleState.EXPIRED:
        yield _day_after(TaskKind.RESCHEDULE_EXPIRED, reschedule.expires_at)
    elif reschedule.state is RescheduleState.CHOSEN and session.overrulings:
        consequence = session.consequence
        if consequence is not None and not consequence.reschedule:
            # Asked anew after each overruling: what was ticked off was another verdict's.
            since, number = session.overrulings[-1].at, len(session.overrulings)
            kind = TaskKind.BOOKING_STANDS
            yield Task(f"{kind.value}-{number}", kind, since, since + A_DAY)


def _day_after(kind: TaskKind, since: datetime) -> Task:
    return Task(kind.value, kind, since, since + A_DAY)
