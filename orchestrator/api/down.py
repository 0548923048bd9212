"""What the HTTP API answers of sessions: the types document themselves. PURE."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.api.aftermath import (
    ConsequenceBody,
    IncidentBody,
    OverrulingBody,
    TaskBody,
    consequence_of,
    incidents_of,
    overrulings_of,
    tasks_of,
)
from orchestrator.api.moments import (
    Moment,
    NextMoment,
    cutoff_at,
    kept_until,
    next_moment,
    opens_at,
)
from orchestrator.api.verdicts import VerdictBody, verdict_of
from orchestrator.policy.model import (
    SUPPORTER,
    CallState,
    Cause,
    Medium,
    Notice,
    Outcome,
    Phase,
    Presence,
    Quota,
    Record,
    RescheduleState,
    Role,
    Seat,
    Session,
)
from orchestrator.policy.model import Reschedule as Choice
from orchestrator.policy.stops import may_read_why


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class Participant(_Shown):
    """One person of a session."""

    seat: str
    role: Role
    display_name: str
    person: str = Field(description="An id without meaning, for the person's standing")
    present: bool = Field(description="Any presence but away")
    connected: bool = Field(description="Holds a signalling connection")
    presence: Presence
    is_admitted: bool
    has_joined: bool
    is_lost: bool
    grace_ends_at: Moment | None
    is_claimed: bool = Field(description="Another device asks for the seat")


class Option(_Shown):
    """A slot that is offered."""

    id: str
    starts_at: Moment
    ends_at: Moment
    supporter_name: str


class Reschedule(_Shown):
    """Another date for the same session (IX 6-7)."""

    state: RescheduleState
    opened_at: Moment
    expires_at: Moment
    is_proposed: bool
    options: tuple[Option, ...]
    new_session: str | None
    new_starts_at: Moment | None


class NoticeGiven(_Shown):
    """A word that somebody will be late."""

    at: Moment
    until: Moment | None
    channel: str


class SessionBody(_Shown):
    """A session as schedulers and programs see it."""

    id: str
    version: int
    programme: str
    programme_version: int
    medium: Medium
    time_zone: str
    phase: Phase
    outcome: Outcome | None
    cause: Cause | None
    reason: str | None = Field(description="Stable key of why it ended")
    opens_at: Moment
    starts_at: Moment
    cutoff_at: Moment | None
    ends_at: Moment
    ended_at: Moment | None
    next: NextMoment | None
    kept_until: Moment | None = Field(description="Until when the office keeps the seats")
    participants: tuple[Participant, ...]
    verdict: VerdictBody | None
    quota: Quota | None
    reschedule: Reschedule | None
    following: Reschedule | None = Field(description="The next session, as it is being booked")
    has_media_flowed: bool
    live_s: float = Field(description="Seconds for which both were in, running stretch left out")
    seeker_notice: NoticeGiven | None
    supporter_notice: NoticeGiven | None
    previous: str | None = Field(description="The session that this one replaces")
    follows: str | None = Field(description="The session in which this one was booked")
    beside: tuple[str, ...] = Field(description="Companions at the seeker's camera")
    call: CallState | None = Field(description="The last report on a telephone call")
    late: Cause | None = Field(description="Whose late start gives the right to another date")
    is_media_missing: bool = Field(description="Live, and nothing flows")
    objected_at: Moment | None = Field(description="The seeker says that it was not finished")
    consequence: ConsequenceBody | None = Field(description="Null for supporters")
    overrulings: tuple[OverrulingBody, ...] = Field(description="Empty for supporters")
    incidents: tuple[IncidentBody, ...] = Field(description="Empty for supporters")
    tasks: tuple[TaskBody, ...] = Field(description="Open ones; empty for supporters")
    booked_by: str
    exception: str | None


class BookedBody(SessionBody):
    """A new session, with what is shown only once."""

    links: dict[str, str] = Field(description="Seat to invitation URL; stored hashed")
    notes: tuple[str, ...] = Field(description="Sentences for whoever booked")


class SessionsBody(_Shown):
    """Sessions, by `starts_at`."""

    sessions: tuple[SessionBody, ...]


class EventBody(_Shown):
    """One line of a session's history."""

    version: int
    at: Moment
    name: str
    data: dict[str, str | int | float | bool | None]


class EventsBody(_Shown):
    """A session's history, oldest first."""

    events: tuple[EventBody, ...]


class LinkBody(_Shown):
    """A new invitation link; older ones of the seat are void."""

    seat: str
    url: str


class RevokedBody(_Shown):
    """How many links were revoked."""

    seat: str
    revoked: int


def api_session(session: Session, reader: Role = Role.SCHEDULER) -> SessionBody:
    """The session as the API shows it to schedulers, or to its supporter."""
    fields = _fields(session) | _aftermath(session, reader)
    if reader is not Role.SCHEDULER:
        fields["quota"] = None  # the seeker's standing is no supporter's
        if not may_read_why(session, SUPPORTER):
            # Another date would tell whose fault the stop was.
            fields |= {"cause": None, "reason": None, "verdict": None, "reschedule": None}
    return SessionBody.model_validate(fields)


def api_booked(session: Session, links: dict[str, str], notes: tuple[str, ...]) -> BookedBody:
    """The new session with the URLs of its links."""
    fields = _fields(session) | _aftermath(session, Role.SCHEDULER)
    return BookedBody.model_validate({**fields, "links": links, "notes": notes})


def api_event(version: int, record: Record) -> EventBody:
    """One line of history as the API shows it."""
    return EventBody(version=version, at=record.at, name=record.name, data=dict(record.data))


def _fields(session: Session) -> dict[str, object]:
    verdict, rules = session.verdict, session.rules
    return {
        "id": session.id,
        "version": session.version,
        "programme": rules.programme,
        "programme_version": rules.programme_version,
        "medium": session.medium,
        "time_zone": session.time_zone,
        "phase": session.phase,
        "outcome": session.outcome,
        "cause": session.cause,
        "reason": verdict.reason if verdict else None,
        "opens_at": opens_at(session),
        "starts_at": session.starts_at,
        "cutoff_at": cutoff_at(session),
        "ends_at": session.ends_at,
        "ended_at": session.ended_at,
        "next": next_moment(session),
        "kept_until": kept_until(session),
        "participants": tuple(_participant(seat) for seat in session.seats),
        "verdict": verdict_of(verdict, session.time_zone) if verdict else None,
        "quota": session.consequence.quota if session.consequence else None,
        "reschedule": _reschedule(session.reschedule),
        "following": _reschedule(session.following),
        "has_media_flowed": session.has_media_flowed,
        "live_s": session.live.total.total_seconds(),
        "seeker_notice": _notice(session.seeker_notice),
        "supporter_notice": _notice(session.supporter_notice),
        "previous": session.previous,
        "follows": session.follows,
        "beside": session.beside,
        "call": session.call,
        "late": session.late,
        "is_media_missing": session.is_media_missing,
        "objected_at": session.objected_at,
        "booked_by": session.booked_by,
        "exception": session.exception,
    }


def _aftermath(session: Session, reader: Role) -> dict[str, object]:
    """What follows from it: about people's standing, and for schedulers alone."""
    is_full = reader is Role.SCHEDULER
    return {
        "consequence": consequence_of(session.consequence) if is_full else None,
        "overrulings": overrulings_of(session) if is_full else (),
        "incidents": incidents_of(session) if is_full else (),
        "tasks": tasks_of(session) if is_full else (),
    }


def _participant(seat: Seat) -> Participant:
    return Participant(
        seat=seat.id,
        role=seat.role,
        display_name=seat.display_name,
        person=seat.person,
        present=seat.is_present,
        connected=seat.connection is not None,
        presence=seat.presence,
        is_admitted=seat.is_admitted,
        has_joined=seat.consent is not None,
        is_lost=seat.loss is not None,
        grace_ends_at=seat.loss.grace_ends_at if seat.loss and not seat.loss.judged else None,
        is_claimed=seat.claim is not None,
    )


def _reschedule(reschedule: Choice | None) -> Reschedule | None:
    if reschedule is None:
        return None
    return Reschedule(
        state=reschedule.state,
        opened_at=reschedule.opened_at,
        expires_at=reschedule.expires_at,
        is_proposed=reschedule.is_proposed,
        options=tuple(
            Option(
                id=option.id,
                starts_at=option.starts_at,
                ends_at=option.ends_at,
                supporter_name=option.supporter_name,
            )
            for option in reschedule.options
        ),
        new_session=reschedule.new_session,
        new_starts_at=reschedule.new_starts_at,
    )


def _notice(notice: Notice | None) -> NoticeGiven | None:
    if notice is None:
        return None
    return NoticeGiven(at=notice.at, until=notice.until, channel=notice.channel)
