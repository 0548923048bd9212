"""What follows from a session, as schedulers see it: consequence, overrulings, incidents, tasks. PURE."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.api.moments import Moment
from orchestrator.api.verdicts import VerdictBody, verdict_of
from orchestrator.policy.model import (
    Cause,
    Consequence,
    Incident,
    IncidentKind,
    Outcome,
    Overruling,
    Phase,
    Quota,
    Session,
)
from orchestrator.policy.office import other_verdicts
from orchestrator.policy.standing import PersonTask, PersonTaskKind
from orchestrator.policy.tasks import Task, TaskKind, open_tasks


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class ConsequenceBody(_Shown):
    """What follows from the outcome (IX 6-6, IX 6-7)."""

    quota: Quota
    strike: bool
    reschedule: bool = Field(description="Another date is due")
    confirm: bool = Field(description="A scheduler has to confirm it")


class BeforeBody(VerdictBody):
    """The verdict that was overruled, with what followed from it."""

    consequence: ConsequenceBody


class OverrulingBody(_Shown):
    """A scheduler put another verdict in the place of one; both stay on record."""

    at: Moment
    by: str
    before: BeforeBody


class IncidentBody(_Shown):
    """Something that the office has to look at; its words are among the notes."""

    id: str
    kind: IncidentKind
    at: Moment
    by: str = Field(description="A seat, or the person id of a scheduler")
    accused: str | None
    due_at: Moment
    stopped: bool = Field(description="It ended the session")
    phase: Phase
    resolved_at: Moment | None
    resolved_by: str | None


class TaskBody(_Shown):
    """Something of one session that nobody has ticked off."""

    id: str
    kind: TaskKind
    since: Moment
    due_at: Moment


class ListedTask(_Shown):
    """A task in the list of all; of a session, or of a person."""

    id: str | None = Field(description="In its session; null: of a person, ended by a decision")
    kind: TaskKind | PersonTaskKind
    incident: IncidentKind | None = Field(description="What an incident is about; else null")
    since: Moment
    due_at: Moment
    programme: str
    session: str | None
    starts_at: Moment | None
    seeker_name: str | None
    supporter_name: str | None
    person: str | None


class TasksBody(_Shown):
    """Everything that somebody has to look at, most urgent first."""

    tasks: tuple[ListedTask, ...]


class NotesBody(_Shown):
    """The free texts about a session."""

    notes: dict[str, str]


class OtherVerdictBody(_Shown):
    """A verdict that could be put in the place of the present one."""

    outcome: Outcome
    cause: Cause | None
    consequence: ConsequenceBody


class OtherVerdictsBody(_Shown):
    """All of them."""

    verdicts: tuple[OtherVerdictBody, ...]


def other_verdicts_of(session: Session) -> OtherVerdictsBody:
    """As schedulers see them before they choose."""
    return OtherVerdictsBody(
        verdicts=tuple(
            OtherVerdictBody(outcome=outcome, cause=cause, consequence=_body(consequence))
            for outcome, cause, consequence in other_verdicts(session)
        )
    )


def consequence_of(consequence: Consequence | None) -> ConsequenceBody | None:
    """As the API shows it."""
    return None if consequence is None else _body(consequence)


def _body(consequence: Consequence) -> ConsequenceBody:
    return ConsequenceBody(
        quota=consequence.quota,
        strike=consequence.strike,
        reschedule=consequence.reschedule,
        confirm=consequence.confirm,
    )


def overrulings_of(session: Session) -> tuple[OverrulingBody, ...]:
    """As the API shows them, oldest first."""
    return tuple(_overruling(each, session.time_zone) for each in session.overrulings)


def _overruling(overruling: Overruling, time_zone: str) -> OverrulingBody:
    consequence = _body(overruling.consequence_before)
    told = verdict_of(overruling.before, time_zone)
    before = BeforeBody(**dict(told), consequence=consequence)
    return OverrulingBody(at=overruling.at, by=overruling.by, before=before)


def incidents_of(session: Session) -> tuple[IncidentBody, ...]:
    """As the API shows them, oldest first."""
    return tuple(_incident(each) for each in session.incidents)


def _incident(incident: Incident) -> IncidentBody:
    return IncidentBody(
        id=incident.id,
        kind=incident.kind,
        at=incident.at,
        by=incident.by,
        accused=incident.accused,
        due_at=incident.due_at,
        stopped=incident.stopped,
        phase=incident.phase,
        resolved_at=incident.resolved_at,
        resolved_by=incident.resolved_by,
    )


def tasks_of(session: Session) -> tuple[TaskBody, ...]:
    """The open ones of a session, most urgent first."""
    return tuple(
        TaskBody(id=task.id, kind=task.kind, since=task.since, due_at=task.due_at)
        for task in open_tasks(session)
    )


def listed(session: Session, task: Task) -> ListedTask:
    """A session's task in the list of all."""
    about = next((one.kind for one in session.incidents if one.id == task.id), None)
    return ListedTask(
        id=task.id,
        kind=task.kind,
        incident=about,
        since=task.since,
        due_at=task.due_at,
        programme=session.rules.programme,
        session=session.id,
        starts_at=session.starts_at,
        seeker_name=session.seeker.display_name,
        supporter_name=session.supporter.display_name,
        person=None,
    )


def listed_person(task: PersonTask) -> ListedTask:
    """A person's task in the list of all."""
    return ListedTask(
        id=None,
        kind=task.kind,
        incident=None,
        since=task.since,
        due_at=task.due_at,
        programme=task.programme,
        session=None,
        starts_at=None,
        seeker_name=None,
        supporter_name=None,
        person=task.person,
    )
