"""The live policy: what happens to a session, and when.

One pure function carries it: `step(session, event, now)` gives the next session, what has to be done, and the lines
of history. `next_deadline(session)` says when time alone will change something. Everything else brings events here
and carries effects away.

Five laws, each a property test:

1. **Totality.** `step` accepts every event in every phase and never raises for what came from outside; a refusal is
   an effect.
2. **Time first.** It applies every deadline due at or before `now`, oldest first, each at its own time, then the
   event. A join that arrives after the hard end is late even if the timer has not fired; a late timer changes nothing.
3. **Deadlines ahead.** After `step(…, now)`, `next_deadline` is None or later than `now`.
4. **One door.** The phase changes in `Turn.move`, which checks the table and carries a reason. Every step that changes
   anything raises the version by one.
5. **Idempotence.** Every effect that leaves the process has a key of session id, version, topic, recipient and
   ordinal. Twice is once.

Theory of operation. A session is `scheduled` until its doors open, `open` until it starts, `waiting` until the
supporter has admitted the seeker, `live` while both are in, `interrupted` while one of them is lost, and `ended` once
and for all. Before `live`, who is there decides, at the cutoff (`cutoff.py`). After it, losses decide: each lost seat
has its own grace; the first grace that ends unmended fixes the verdict (`endings.py`), but not the door, which stays
open until the hold ends or somebody decides. At `ends_at` it is over, whatever the phase. When several deadlines fall
on one instant, the one that ends the session wins (`DeadlineReason`).

A `ServiceGap` is the one event that is older than `now`: time is applied up to its beginning, then the gap moves the
deadlines that fell into it, then the rest of the time is applied. Our own absence is never held against a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import assert_never

from orchestrator.policy import (
    cutoff,
    endings,
    evidence,
    gaps,
    goodbye,
    medium,
    office,
    presence,
    stops,
    wishes,
)
from orchestrator.policy.effects import Warn
from orchestrator.policy.events import (
    Admitted,
    AnotherDateChosen,
    BeginChosen,
    BookingCorrected,
    CallReported,
    Cancelled,
    ChosenCancelled,
    ClaimAnswered,
    Connected,
    DataRead,
    Disconnected,
    EndAnswered,
    EndedByOffice,
    EndPressed,
    EndRequested,
    Event,
    ExtensionAsked,
    ExtensionConfirmed,
    FinishAnswered,
    IncidentFiled,
    IncidentResolved,
    Joined,
    LinkRenewed,
    LinkRevoked,
    MaintenancePlanned,
    MediaFlowed,
    MediaRenewed,
    MediaReturned,
    MediaSilent,
    MediumSwitched,
    NextAsked,
    NoticeGiven,
    Objected,
    Observed,
    Overruled,
    Reassigned,
    RescheduleDeclined,
    RingDelivered,
    SeatReleased,
    SeatsKept,
    ServiceGap,
    SlotBooked,
    SlotsProposed,
    SteppedOut,
    Stopped,
    TaskDone,
    TurnedAway,
    WaitChosen,
    Woken,
    WorkerLost,
)
from orchestrator.policy.model import (
    CallState,
    Cause,
    Deadline,
    DeadlineReason,
    Loss,
    Phase,
    Purpose,
    Question,
    RescheduleState,
    Rules,
    Seat,
    Session,
    SessionId,
    Signal,
)
from orchestrator.policy.turn import Step, Turn, seats_of

RELOAD = timedelta(seconds=5)
"""A page that closed on the open end question and is not back by then was closed, not reloaded; ours."""


def book(
    session_id: SessionId,
    rules: Rules,
    starts_at: datetime,
    ends_at: datetime,
    seats: tuple[Seat, ...],
    time_zone: str,
) -> Session:
    """A new session; from here on its end is fixed (IX 6-4).

    Args:
        session_id: unique.
        rules: the policy numbers of the programme's present version.
        starts_at: aware UTC.
        ends_at: aware UTC, after `starts_at`.
        seats: one seeker, one supporter, declared companions, an observer.
        time_zone: of the programme, an IANA name.
    """
    return Session(
        id=session_id,
        rules=rules,
        starts_at=starts_at,
        ends_at=ends_at,
        seats=seats,
        time_zone=time_zone,
        judge_at=min(starts_at + rules.cutoff, ends_at),
    )


def step(session: Session, event: Event, now: datetime) -> Step:
    """Apply the time up to `now`, then the event.

    The caller's duty: commit the session, its records and its `Publish` effects together if the version rose, carry
    out the other effects, and arm the alarm for `next_deadline`.

    Args:
        session: as it was committed last.
        event: what happened.
        now: aware UTC; a time before the session's own clock counts as that clock.

    Returns:
        The next session, the effects and the records; the same session when nothing changed.
    """
    if session.clock is not None:
        now = max(now, session.clock)
    turn = Turn(session, now)
    _pass_time(turn, min(event.began_at, now) if isinstance(event, ServiceGap) else now)
    turn.at = now
    _apply(turn, event)
    turn.tally()
    _pass_time(turn, now)
    return turn.done(now)


def next_deadline(session: Session) -> Deadline | None:
    """The soonest moment at which time alone changes something, and why; None: never."""
    return min(deadlines(session), key=lambda deadline: deadline.order, default=None)


def deadlines(session: Session) -> list[Deadline]:
    """All moments at which time alone will change something, in no order."""
    return [*_of_phase(session), *_of_claims(session), *_of_next(session)]


def _after_the_end(session: Session) -> Iterator[Deadline]:
    reschedule = session.reschedule
    if reschedule is not None and reschedule.state is RescheduleState.OPEN:
        yield Deadline(reschedule.expires_at, DeadlineReason.RESCHEDULE_EXPIRES)


def _of_phase(session: Session) -> Iterator[Deadline]:
    if session.phase is not Phase.ENDED:
        yield Deadline(session.ends_at, DeadlineReason.HARD_END)
        if session.maintenance_at is not None:
            yield Deadline(session.maintenance_at, DeadlineReason.MAINTENANCE)
        asked = session.asked
        if asked is not None and asked.question is Question.BEGIN_OR_RESCHEDULE:
            assert asked.answer_by is not None, "latestart asks with a time limit"
            yield Deadline(asked.answer_by, DeadlineReason.ANSWER)
    match session.phase:
        case Phase.SCHEDULED:
            yield Deadline(session.starts_at - session.rules.doors, DeadlineReason.DOORS_OPEN)
        case Phase.OPEN:
            yield Deadline(session.starts_at, DeadlineReason.START)
        case Phase.WAITING:
            if session.judge_at is not None:
                yield Deadline(session.judge_at, DeadlineReason.JUDGE)
        case Phase.LIVE | Phase.INTERRUPTED:
            yield from _of_running(session)
        case Phase.ENDED:
            yield from _after_the_end(session)
        case _:
            assert_never(session.phase)


def _of_running(session: Session) -> Iterator[Deadline]:
    for span in session.rules.warnings:
        if span not in session.warned:
            yield Deadline(session.ends_at - span, DeadlineReason.WARNING, warning=span)
    if session.asked is not None and session.asked.page_closed_at is not None:
        yield Deadline(session.asked.page_closed_at + RELOAD, DeadlineReason.EARLY_END_CLOSED)
    if session.media_due_at is not None:
        yield Deadline(session.media_due_at, DeadlineReason.MEDIA_DUE)
    if session.phase is not Phase.INTERRUPTED:
        return
    for seat in seats_of(session):
        if seat.loss is None:
            continue
        if seat.loss.judged:
            hold_ends_at = max(seat.loss.counted_from + session.rules.hold, seat.loss.grace_ends_at)
            if session.is_kept or _is_provisional(session, seat.loss):
                # Or after a takeover: the verdict is provisional, for the other node may still carry the call.
                hold_ends_at = session.ends_at
            yield Deadline(min(hold_ends_at, session.ends_at), DeadlineReason.HOLD, seat.id)
        else:
            yield Deadline(seat.loss.grace_ends_at, DeadlineReason.GRACE, seat.id)


def _is_provisional(session: Session, loss: Loss) -> bool:
    verdict = session.verdict
    is_ours = verdict is not None and verdict.cause is Cause.PLATFORM
    return is_ours and Signal.SERVICE_GAP in loss.signals


def _of_next(session: Session) -> Iterator[Deadline]:
    if session.following is not None and session.following.state is RescheduleState.OPEN:
        yield Deadline(session.following.expires_at, DeadlineReason.NEXT_EXPIRES)


def _of_claims(session: Session) -> Iterator[Deadline]:
    for seat in session.seats:
        if seat.claim is not None and not seat.claim.escalated:
            at = seat.claim.asked_at + presence.CLAIM_SILENCE
            yield Deadline(at, DeadlineReason.CLAIM, seat.id)


def _pass_time(turn: Turn, until: datetime) -> None:
    """Apply what is due at or before `until`, oldest first, each at its own time (law 2)."""
    while True:
        due = next_deadline(turn.session)
        if due is None or due.at > until:
            return
        before = turn.session
        turn.at = max(due.at, turn.session.clock or due.at)
        _ring(turn, due)
        turn.tally()
        assert turn.session != before, (
            f"{due.reason} at {due.at} changed nothing and would ring for ever"
        )


def _ring(turn: Turn, due: Deadline) -> None:  # noqa: C901 - one arm a reason, and no other logic
    match due.reason:
        case DeadlineReason.HARD_END:
            endings.hard_end(turn)
        case DeadlineReason.DOORS_OPEN:
            turn.move(Phase.OPEN, "doors_open")
        case DeadlineReason.START:
            _start(turn)
        case DeadlineReason.EARLY_END_CLOSED:
            wishes.closed_on_question(turn)
        case DeadlineReason.GRACE:
            endings.grace_over(turn)
        case DeadlineReason.HOLD:
            endings.hold_over(turn)
        case DeadlineReason.JUDGE:
            cutoff.judge(turn)
        case DeadlineReason.WARNING:
            assert due.warning is not None, "a warning's deadline carries its span"
            turn.set(warned=turn.session.warned | {due.warning})
            turn.do(Warn(due.warning))
            turn.record("warning.given", left_s=int(due.warning.total_seconds()))
        case DeadlineReason.CLAIM:
            assert due.seat is not None, "a claim's deadline carries its seat"
            presence.claim_escalated(turn, due.seat)
        case DeadlineReason.RESCHEDULE_EXPIRES:
            wishes.slots_expired(turn, Purpose.RESCHEDULE)
        case DeadlineReason.NEXT_EXPIRES:
            wishes.slots_expired(turn, Purpose.NEXT)
        case DeadlineReason.MAINTENANCE:
            office.maintenance_begins(turn)
        case DeadlineReason.ANSWER:
            wishes.question_answers_itself(turn)
        case DeadlineReason.MEDIA_DUE:
            medium.media_missing(turn)
        case _:
            assert_never(due.reason)


def _start(turn: Turn) -> None:
    turn.move(Phase.WAITING, "start")
    if turn.session.call is CallState.NO_ANSWER:
        turn.set(call=None)  # who did not answer before the booked time has missed nothing
    for seat in turn.session.seats:
        if seat.is_present:
            turn.set_seat(seat.id, was_present_after_start=True)


def _apply(turn: Turn, event: Event) -> None:  # noqa: C901 - one arm an event, and no other logic
    match event:
        case Woken():
            pass
        case ServiceGap():
            gaps.service_gap(turn, event)
        case Connected():
            presence.connected(turn, event)
        case Joined():
            presence.joined(turn, event)
        case Admitted():
            presence.admitted(turn, event)
        case Disconnected():
            presence.disconnected(turn, event)
        case SteppedOut():
            presence.stepped_out(turn, event)
        case EndPressed():
            wishes.end_pressed(turn, event)
        case EndRequested():
            wishes.end_requested(turn, event)
        case EndAnswered():
            wishes.end_answered(turn, event)
        case SeatReleased():
            wishes.seat_released(turn, event)
        case WaitChosen():
            wishes.wait_chosen(turn, event)
        case AnotherDateChosen():
            wishes.another_date_chosen(turn, event)
        case ClaimAnswered():
            presence.claim_answered(turn, event)
        case LinkRevoked():
            presence.link_revoked(turn, event)
        case LinkRenewed():
            presence.link_renewed(turn, event)
        case TurnedAway():
            presence.turned_away(turn, event)
        case MediaFlowed():
            medium.media_flowed(turn)
        case MediaSilent():
            presence.media_silent(turn, event)
        case MediaReturned():
            presence.media_returned(turn, event)
        case MediaRenewed():
            presence.media_renewed(turn, event)
        case WorkerLost():
            presence.worker_lost(turn)
        case NoticeGiven():
            wishes.notice_given(turn, event)
        case Cancelled():
            wishes.cancelled(turn, event)
        case SlotsProposed():
            wishes.slots_proposed(turn, event)
        case SlotBooked():
            wishes.slot_booked(turn, event)
        case ChosenCancelled():
            wishes.chosen_cancelled(turn, event)
        case RescheduleDeclined():
            wishes.reschedule_declined(turn, event)
        case NextAsked():
            wishes.next_asked(turn, event)
        case BeginChosen():
            wishes.begin_chosen(turn, event)
        case Observed():
            evidence.observed(turn, event)
        case RingDelivered():
            medium.ring_delivered(turn, event)
        case MediumSwitched():
            medium.medium_switched(turn, event)
        case CallReported():
            medium.call_reported(turn, event)
        case FinishAnswered():
            goodbye.finish_answered(turn, event)
        case Objected():
            goodbye.objected(turn, event)
        case Stopped():
            stops.stopped(turn, event)
        case IncidentFiled():
            stops.incident_filed(turn, event)
        case IncidentResolved():
            stops.incident_resolved(turn, event)
        case Overruled():
            office.overruled(turn, event)
        case TaskDone():
            office.task_done(turn, event)
        case Reassigned():
            office.reassigned(turn, event)
        case BookingCorrected():
            office.booking_corrected(turn, event)
        case EndedByOffice():
            office.ended_by_office(turn, event)
        case SeatsKept():
            office.seats_kept(turn, event)
        case DataRead():
            office.data_read(turn, event)
        case MaintenancePlanned():
            office.maintenance_planned(turn, event)
        case ExtensionAsked():
            office.extension_asked(turn, event)
        case ExtensionConfirmed():
            office.extension_confirmed(turn, event)
        case _:
            assert_never(event)
