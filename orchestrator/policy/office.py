"""What the office does to a session: overrule, tick off, reassign, correct, end, keep a seat, read notes, extend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from orchestrator.policy import endings
from orchestrator.policy.effects import ExtendRoom
from orchestrator.policy.events import (
    BookingCorrected,
    DataRead,
    EndedByOffice,
    ExtensionAsked,
    ExtensionConfirmed,
    MaintenancePlanned,
    Overruled,
    Reassigned,
    SeatsKept,
    TaskDone,
)
from orchestrator.policy.model import (
    CAUSES,
    SUPPORTER,
    Cause,
    Confidence,
    Consequence,
    Done,
    Extending,
    Extension,
    Medium,
    Outcome,
    Overruling,
    Phase,
    RescheduleState,
    Role,
    Seat,
    Session,
    Verdict,
)
from orchestrator.policy.tasks import open_tasks
from orchestrator.policy.turn import Turn

NOT_IN_THE_LAST = timedelta(seconds=60)
"""An end is not moved any more when people are already saying goodbye; ours (product.md, The end is fixed)."""

LONGEST_EXTENSION = timedelta(hours=2)
"""Further than this is a typing mistake, and it cannot be taken back; ours."""


READABLE_AROUND = timedelta(hours=24)
"""From so long before the slot until so long after it the booking's data is needed for the work; ours."""

READINGS = 200
"""Of one session: more than anybody's work needs, and a bound for its history; ours."""

_RUNNING = frozenset({Phase.LIVE, Phase.INTERRUPTED})


def overruled(turn: Turn, event: Overruled) -> None:
    """Another verdict in the place of one; only the difference of what follows is applied, once."""
    session = turn.session
    if not session.is_over or session.verdict is None or session.consequence is None:
        turn.refuse(None, "not_over")
    elif event.number != len(session.overrulings):
        turn.refuse(None, "overruled_meanwhile")
    elif event.cause not in (CAUSES[event.outcome] or (None,)):
        turn.refuse(None, "outcome_impossible")
    elif (event.outcome, event.cause) == (session.outcome, session.cause):
        # Nothing would follow, and the seeker would read that something did; to confirm it, the task is ticked off.
        turn.refuse(None, "verdict_unchanged")
    else:
        _overrule(turn, event, session.verdict, session.consequence)


def other_verdicts(session: Session) -> list[tuple[Outcome, Cause | None, Consequence]]:
    """What can be put in the place of the verdict, and what would follow: for who has to choose."""
    return [
        (outcome, cause, replace(endings.what_follows(session, outcome, cause), confirm=False))
        for outcome, causes in CAUSES.items()
        for cause in causes or (None,)
        if (outcome, cause) != (session.outcome, session.cause)
    ]


def _overrule(turn: Turn, event: Overruled, old: Verdict, before: Consequence) -> None:
    verdict = Verdict(
        event.outcome, event.cause, Confidence.SURE, "overruled", turn.at, old.evidence
    )
    after = replace(endings.consequence_of(turn.session, verdict), confirm=False)
    overruling = Overruling(turn.at, event.by, old, before)
    turn.set(
        outcome=event.outcome,
        cause=event.cause,
        verdict=verdict,
        consequence=after,
        overrulings=(*turn.session.overrulings, overruling),
    )
    turn.record(
        "verdict.overruled",
        by=event.by,
        outcome=event.outcome.value,
        cause=event.cause.value if event.cause else None,
        quota=after.quota.value,
        quota_before=before.quota.value,
        strike=after.strike,
        strike_before=before.strike,
    )
    endings.tell_standing(turn, old, before, verdict, after)
    _fit_reschedule(turn, after)


def _fit_reschedule(turn: Turn, after: Consequence) -> None:
    """Another date is due now, or no longer; one that is booked stands, and a scheduler is asked about it."""
    reschedule = turn.session.reschedule
    if after.reschedule:
        if reschedule is not None and reschedule.state is RescheduleState.WITHDRAWN:
            turn.set(reschedule=None)
        endings.open_reschedule(turn)
    else:
        endings.withdraw_reschedule(turn)


def task_done(turn: Turn, event: TaskDone) -> None:
    """Somebody has looked; an incident is resolved, not ticked off."""
    session = turn.session
    tasks = {task.id for task in open_tasks(session)}
    if event.task not in tasks - {incident.id for incident in session.incidents}:
        turn.refuse(None, "task_unknown")
    else:
        turn.set(done=(*session.done, Done(event.task, turn.at, event.by)))
        turn.record("task.done", task=event.task, by=event.by)


def data_read(turn: Turn, event: DataRead) -> None:
    """What was noted about the seeker is given out once it stands in the history who reads it."""
    session = turn.session
    if not (session.starts_at - READABLE_AROUND <= turn.at <= session.ends_at + READABLE_AROUND):
        turn.refuse(None, "data_closed")
    elif session.readings >= READINGS:
        turn.refuse(None, "too_many_readings")
    else:
        turn.set(readings=session.readings + 1)
        turn.record("data.read", by=event.by)


def reassigned(turn: Turn, event: Reassigned) -> None:
    """Another supporter holds the seat from now on, and answers for it; nothing of the one before stays on it; ours.

    Whoever sat there is sent away, and the links of the one before let nobody in any more (`ports.Link.person`).
    """
    session = turn.session
    before = session.supporter
    if before.person == event.person:
        return  # it came twice
    if session.is_over:
        turn.refuse(None, "session_over")
        return
    if session.phase in _RUNNING:
        turn.refuse(None, "already_live")
        return
    claimed = before.claim.connection if before.claim else None
    for connection in (before.connection, claimed):
        if connection is not None:
            turn.refuse(connection, "link_revoked", closes=True)
    seat = Seat(SUPPORTER, Role.SUPPORTER, event.person, event.display_name)
    turn.set(seats=tuple(seat if each.id == before.id else each for each in session.seats))
    if session.asked is not None:
        # Who was to be let in with the answer was let in by somebody who is gone.
        turn.set(asked=replace(session.asked, is_admitting=False))
    turn.record("supporter.reassigned", before=before.person, after=event.person, by=event.by)
    turn.publish("session.reassigned", session.seeker.id)
    turn.publish("session.booked", SUPPORTER)
    turn.publish("session.handed_over", before.person)


def booking_corrected(turn: Turn, event: BookingCorrected) -> None:
    """Names and notes as they should have been; links, seats and who comes along stay as they were booked; ours.

    Once it is live people call each other by these names: then they stay.
    """
    session = turn.session
    companions = [seat for seat in session.seats if seat.role is Role.COMPANION]
    given = [
        (session.seeker, event.seeker_name),
        *zip(companions, event.companions or (), strict=False),
    ]
    names = {seat.id: name for seat, name in given if name not in (None, seat.display_name)}
    is_beside = event.beside not in (None, session.beside)
    if session.is_over:
        turn.refuse(None, "session_over")
    elif session.phase in _RUNNING:
        turn.refuse(None, "already_live")
    elif not (_is_of(event.companions, companions) and _is_of(event.beside, session.beside)):
        turn.refuse(None, "companions_declared")
    elif not (names or is_beside or event.is_noted):
        turn.refuse(None, "nothing_corrected")
    else:
        turn.set(corrections=session.corrections + 1, beside=event.beside or session.beside)
        for seat, name in names.items():
            turn.set_seat(seat, display_name=name)
            turn.record("name.corrected", seat=seat, by=event.by)
        if is_beside:
            turn.record("beside.corrected", by=event.by)
        if event.is_noted:
            turn.record("data.corrected", by=event.by)


def _is_of(named: Sequence[object] | None, declared: Sequence[object]) -> bool:
    """Whether these are as many; who comes along is declared at the booking (KUMAGAYA 12(3))."""
    return named is None or len(named) == len(declared)


def ended_by_office(turn: Turn, event: EndedByOffice) -> None:
    """A scheduler ends it, here and now. Before the doors open there is nothing to end: it is cancelled; ours."""
    session = turn.session
    if session.is_over:
        turn.refuse(None, "session_over")
    elif session.phase is Phase.SCHEDULED:
        turn.refuse(None, "too_early")
    elif event.held and session.phase not in _RUNNING:
        turn.refuse(None, "not_live")
    else:
        turn.record("office.ended", by=event.by, held=event.held)
        endings.end(turn, _verdict_of_office(turn, held=event.held))


def _verdict_of_office(turn: Turn, *, held: bool) -> Verdict:
    """What was decided before stays so; else the seeker does not pay for what the office did, unless it was held."""
    session = turn.session
    standing = endings.standing_verdict(session)
    if endings.is_said_to_be_over(session):
        return endings.finished(turn, "goodbye")
    if standing is not None:
        return standing
    if held:
        return endings.finished(turn, "office_ended")
    outcome = Outcome.INTERRUPTED if session.phase in _RUNNING else Outcome.CANCELLED
    return endings.sure(turn, outcome, Cause.OFFICE, "office_ended")


def seats_kept(turn: Turn, event: SeatsKept) -> None:
    """Who is lost has time until the end to come back; ours.

    It lasts until both are back, and holds for whoever is lost meanwhile: two holds of which the shorter one ends it
    would not keep what was promised. The grace decides the verdict as ever.
    """
    session = turn.session
    if session.is_over:
        turn.refuse(None, "session_over")
    elif session.phase is not Phase.INTERRUPTED or endings.is_said_to_be_over(session):
        turn.refuse(None, "nothing_to_hold")
    elif not session.is_kept:
        turn.set(is_kept=True)
        turn.record("seats.kept", by=event.by)


def maintenance_planned(turn: Turn, event: MaintenancePlanned) -> None:
    """Maintenance will begin while this session runs, or no longer (IX 11-1, GOALOUS 10)."""
    session = turn.session
    begins_at = max(event.begins_at, turn.at) if event.begins_at else None
    if session.is_over or session.maintenance_at == begins_at:
        return
    turn.set(maintenance_at=begins_at)
    turn.record("maintenance.planned", begins_at=begins_at.isoformat() if begins_at else None)


def maintenance_begins(turn: Turn) -> None:
    """What is not live yet is cancelled, what is live is interrupted; both are ours."""
    session = turn.session
    turn.set(maintenance_at=None)
    if endings.is_said_to_be_over(session):
        endings.end(turn, endings.finished(turn, "goodbye"))
    elif session.phase in _RUNNING:
        ours = endings.sure(turn, Outcome.INTERRUPTED, Cause.PLATFORM, "maintenance")
        endings.end(turn, endings.standing_verdict(session) or ours)
    else:
        endings.end(turn, endings.sure(turn, Outcome.CANCELLED, Cause.MAINTENANCE, "maintenance"))


def extension_asked(turn: Turn, event: ExtensionAsked) -> None:
    """A scheduler wants a later end; it counts once the media worker holds it."""
    session = turn.session
    code = _refuses_extension(turn, session, event)
    if code is not None:
        turn.refuse(None, code)
        return
    extending = Extending(event.ends_at, event.by)
    if session.extending != extending:
        turn.set(extending=extending)
        turn.record("extension.asked", ends_at=event.ends_at.isoformat(), by=event.by)
    if session.medium is not Medium.PHONE and any(seat.media_epoch for seat in session.seats):
        turn.do(ExtendRoom(event.ends_at))
    else:
        extension_confirmed(turn, ExtensionConfirmed(event.ends_at))


def _refuses_extension(turn: Turn, session: Session, event: ExtensionAsked) -> str | None:
    if session.rules.extension is not Extension.SCHEDULER:
        return "extension_never"
    if session.is_over:
        return "session_over"
    if session.ends_at - turn.at <= NOT_IN_THE_LAST:
        return "extension_too_late"
    if event.ends_at <= session.ends_at:
        return "extension_not_later"
    return "extension_too_long" if event.ends_at - session.ends_at > LONGEST_EXTENSION else None


def extension_confirmed(turn: Turn, event: ExtensionConfirmed) -> None:
    """The worker will cut at the new end: from now on it is the end."""
    session = turn.session
    extending = session.extending
    if session.is_over or extending is None or extending.ends_at != event.ends_at:
        return
    ahead = {span for span in session.rules.warnings if event.ends_at - span > turn.at}
    seats = tuple(_with_its_grace(session, seat, event.ends_at) for seat in session.seats)
    turn.set(
        ends_at=event.ends_at,
        extending=None,
        ends_moved=session.ends_moved + 1,
        warned=session.warned - ahead,
        seats=seats,
    )
    turn.record("end.moved", ends_at=event.ends_at.isoformat(), by=extending.by)


def _with_its_grace(session: Session, seat: Seat, ends_at: datetime) -> Seat:
    """A grace that the old end had cut off runs on to its own length."""
    loss = seat.loss
    if loss is None or loss.judged or loss.grace_ends_at < session.ends_at:
        return seat
    left = max(session.rules.grace_total - seat.grace_used, timedelta())
    until = loss.counted_from + min(session.rules.grace, left)
    return replace(seat, loss=replace(loss, grace_ends_at=min(until, ends_at)))
