"""Stops and incidents: who reports whom, what the server did, and until when the office looks.

A stop ends the room at once, opens an incident with a due date, and does nothing more: the office judges
(KUMAGAYA 12, SAKAI 8, SAKAI 5-4, IX 10).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from orchestrator.policy import endings
from orchestrator.policy.events import IncidentFiled, IncidentResolved, Stopped
from orchestrator.policy.model import (
    Cause,
    Confidence,
    Incident,
    IncidentKind,
    Outcome,
    Phase,
    RescheduleState,
    Role,
    Seat,
    SeatId,
    Session,
    Verdict,
)
from orchestrator.policy.turn import Turn, seats_of

DUE = {
    IncidentKind.CONDUCT: timedelta(days=3),
    IncidentKind.RECORDING: timedelta(days=3),
    IncidentKind.TECHNICAL: timedelta(days=7),
}
"""How soon an incident is looked at; ours."""

INCIDENTS = 20
"""Incidents that the people of one session can file; a page that is stuck cannot fill the store."""

OF_THE_OFFICE = 100
"""Incidents of one session in all: what people filed does not keep a scheduler from filing."""

_REASONS = {
    IncidentKind.CONDUCT: "conduct_reported",
    IncidentKind.RECORDING: "recording_reported",
}


def stopped(turn: Turn, event: Stopped) -> None:
    """Seeker or supporter stops: the room ends here and now."""
    session = turn.session
    reporter = next((s for s in seats_of(session) if s.connection == event.connection), None)
    accused = session.seat(event.accused)
    if session.is_over:
        turn.refuse(event.connection, "session_over")
    elif reporter is None:
        turn.refuse(event.connection, "not_your_seat")
    elif session.phase is Phase.SCHEDULED:
        turn.refuse(event.connection, "too_early")
    elif accused not in seats_of(session) or accused == reporter or event.kind not in _REASONS:
        turn.refuse(event.connection, "accused_unknown")
    elif accused is None or accused.first_present_at is None:
        turn.refuse(event.connection, "accused_absent")
    else:
        _withdraw_next(turn)
        _file(turn, event.kind, accused.id, reporter.id, stops=True)
        endings.end(turn, _verdict(turn, event.kind, accused))


def _withdraw_next(turn: Turn) -> None:
    """Nobody books the next session with whom they have just reported."""
    following = turn.session.following
    if following is not None and following.state is RescheduleState.OPEN:
        turn.set(following=replace(following, state=RescheduleState.WITHDRAWN))
        turn.record("next.withdrawn")


def _verdict(turn: Turn, kind: IncidentKind, accused: Seat) -> Verdict:
    """Accused, not convicted: what one side says is no more than that."""
    side = Cause.SUPPORTER if accused.role is Role.SUPPORTER else Cause.SEEKER
    return Verdict(Outcome.STOPPED, side, Confidence.UNKNOWN, _REASONS[kind], turn.at)


def may_read_why(session: Session, seat_id: SeatId | None) -> bool:
    """Of a stop, only who stopped knows why: a report is looked into by the office, not argued about on a page.

    What a scheduler puts in its place is everybody's to read again.
    """
    return session.outcome is not Outcome.STOPPED or not was_stopped_by_other(session, seat_id)


def was_stopped_by_other(session: Session, seat_id: SeatId | None) -> bool:
    """Somebody else stopped it: the history of that is for the office, whatever came of it later."""
    return any(each.stopped and each.by != seat_id for each in session.incidents)


def incident_filed(turn: Turn, event: IncidentFiled) -> None:
    """Something to look at, without an end; also after it."""
    session = turn.session
    if event.connection is not None and _seat_at(session, event) is None:
        turn.refuse(event.connection, "not_your_seat")
    elif event.accused is not None and session.seat(event.accused) is None:
        turn.refuse(event.connection, "accused_unknown")
    elif len(session.incidents) >= (OF_THE_OFFICE if _is_of_office(session, event) else INCIDENTS):
        turn.refuse(event.connection, "too_many_incidents")
    else:
        _file(turn, event.kind, event.accused, event.by, stops=False)


def _is_of_office(session: Session, event: IncidentFiled) -> bool:
    return event.connection is None and all(seat.id != event.by for seat in session.seats)


def _seat_at(session: Session, event: IncidentFiled) -> Seat | None:
    return next((seat for seat in session.seats if seat.connection == event.connection), None)


def _file(turn: Turn, kind: IncidentKind, accused: SeatId | None, by: str, *, stops: bool) -> None:
    session = turn.session
    filed = {(one.kind, one.accused, one.by, one.at) for one in session.incidents}
    if (kind, accused, by, turn.at) in filed:
        return
    incident = Incident(
        id=f"incident-{len(session.incidents) + 1}",
        kind=kind,
        at=turn.at,
        by=by,
        accused=accused,
        due_at=turn.at + DUE[kind],
        stopped=stops,
        phase=session.phase,
    )
    turn.set(incidents=(*session.incidents, incident))
    turn.record(
        "incident.filed", incident=incident.id, kind=kind.value, by=by, accused=accused, stops=stops
    )


def incident_resolved(turn: Turn, event: IncidentResolved) -> None:
    """A scheduler has dealt with it."""
    session = turn.session
    incident = next((one for one in session.incidents if one.id == event.incident), None)
    if incident is None:
        turn.refuse(None, "incident_unknown")
    elif incident.resolved_at is not None:
        turn.refuse(None, "incident_resolved")
    else:
        resolved = replace(incident, resolved_at=turn.at, resolved_by=event.by)
        turn.set(incidents=tuple(resolved if one is incident else one for one in session.incidents))
        turn.record("incident.resolved", incident=incident.id, by=event.by)
