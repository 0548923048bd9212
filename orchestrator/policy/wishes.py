"""What people ask for: to end, to wait, another date, a notice, a cancellation."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.policy import endings
from orchestrator.policy.attribution import attribute
from orchestrator.policy.events import (
    AnotherDateChosen,
    Cancelled,
    EndAnswered,
    EndPressed,
    EndRequested,
    NoticeGiven,
    RescheduleDeclined,
    SeatReleased,
    SlotBooked,
    SlotsProposed,
    WaitChosen,
)
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    Asked,
    Cause,
    Evidence,
    Notice,
    Outcome,
    Phase,
    Question,
    Reschedule,
    RescheduleState,
    Signal,
    Verdict,
)
from orchestrator.policy.turn import Turn

_RUNNING = frozenset({Phase.LIVE, Phase.INTERRUPTED})


def end_pressed(turn: Turn, event: EndPressed) -> None:
    """The seeker ends: at once (IX 6-5); before live it is the seeker's cancellation."""
    session = turn.session
    if session.is_over:
        turn.refuse(event.connection, "session_over")
    elif session.seeker.connection != event.connection:
        turn.refuse(event.connection, "not_your_seat")
    elif session.phase not in _RUNNING:
        endings.end(turn, endings.sure(turn, Outcome.CANCELLED, Cause.SEEKER, "seeker_cancelled"))
    elif (standing := endings.standing_verdict(session)) is not None:
        endings.end(turn, standing)
    elif event.works:
        endings.end(turn, endings.sure(turn, Outcome.COMPLETED, None, "seeker_ended"))
    else:
        endings.end(turn, _broken(turn))


def _broken(turn: Turn) -> Verdict:
    """«It does not work»: the evidence decides, and the press itself is part of it."""
    found = attribute(turn.session)
    pressed = Evidence(Signal.BROKEN_PRESSED, turn.at, SEEKER)
    outcome = Outcome.INTERRUPTED if turn.session.has_media_flowed else Outcome.NOT_HELD
    return Verdict(
        outcome,
        found.cause,
        found.confidence,
        "does_not_work" if found.cause is Cause.UNKNOWN else found.reason,
        turn.at,
        (*found.evidence, pressed),
    )


def end_requested(turn: Turn, event: EndRequested) -> None:
    """The supporter asks to end early: nothing happens until the seeker says yes (IX 6-5)."""
    session = turn.session
    if session.is_over:
        turn.refuse(event.connection, "session_over")
    elif session.supporter.connection != event.connection:
        turn.refuse(event.connection, "not_your_seat")
    elif session.phase is Phase.INTERRUPTED and session.seeker.loss is not None:
        turn.refuse(event.connection, "wait_for_grace")
    elif session.phase is not Phase.LIVE:
        turn.refuse(event.connection, "not_live")
    elif session.asked is None:
        turn.set(asked=Asked(Question.END_EARLY, turn.at))
        turn.record("question.asked", question=Question.END_EARLY.value)


def end_answered(turn: Turn, event: EndAnswered) -> None:
    """Only the seeker's yes ends it."""
    session = turn.session
    if session.seeker.connection != event.connection:
        turn.refuse(event.connection, "session_over" if session.is_over else "not_your_seat")
    elif session.asked is None or session.asked.question is not Question.END_EARLY:
        turn.refuse(event.connection, "nothing_asked")
    else:
        turn.record("question.answered", question=Question.END_EARLY.value, agrees=event.agrees)
        turn.set(asked=None)
        if event.agrees:
            agreed = endings.sure(turn, Outcome.COMPLETED, None, "both_agreed")
            endings.end(turn, endings.standing_verdict(session) or agreed)


def closed_on_question(turn: Turn) -> None:
    """The seeker closed the page on the open question and did not come back: a yes."""
    turn.record("question.answered", question=Question.END_EARLY.value, agrees=True)
    agreed = endings.sure(turn, Outcome.COMPLETED, None, "closed_on_question")
    endings.end(turn, endings.standing_verdict(turn.session) or agreed)


def seat_released(turn: Turn, event: SeatReleased) -> None:
    """The supporter waits no longer; before the grace is over that is refused."""
    session = turn.session
    loss = session.seeker.loss
    if session.is_over:
        turn.refuse(event.connection, "session_over")
    elif session.supporter.connection != event.connection:
        turn.refuse(event.connection, "not_your_seat")
    elif session.phase is not Phase.INTERRUPTED or loss is None:
        turn.refuse(event.connection, "not_live")
    elif not loss.judged:
        turn.refuse(event.connection, "wait_for_grace")
    else:
        turn.record("seat.released", seat=SEEKER)
        endings.hold_over(turn)


def wait_chosen(turn: Turn, event: WaitChosen) -> None:
    """The seeker waits; the other date stays possible as long as nobody is back."""
    session = turn.session
    if session.is_over or session.seeker.connection != event.connection:
        turn.refuse(event.connection, "session_over" if session.is_over else "not_your_seat")
    elif session.asked is None or session.asked.question is not Question.WAIT_OR_RESCHEDULE:
        turn.refuse(event.connection, "nothing_asked")
    elif session.asked.answer_by is None:
        # The question stays on the page as an offer; answered, it is not asked again.
        turn.set(asked=replace(session.asked, answer_by=session.ends_at))
        turn.record("question.answered", question=session.asked.question.value, waits=True)


def another_date_chosen(turn: Turn, event: AnotherDateChosen) -> None:
    """The seeker does not wait for the lost supporter or platform (IX 6-7; in mid-session ours)."""
    session = turn.session
    if session.is_over:
        turn.refuse(event.connection, "session_over")
    elif event.connection is not None and session.seeker.connection != event.connection:
        turn.refuse(event.connection, "not_your_seat")
    elif not endings.may_leave_for_another_date(session):
        turn.refuse(event.connection, "nothing_asked")
    else:
        turn.record("question.answered", question="wait_or_reschedule", waits=False)
        endings.hold_over(turn)


def notice_given(turn: Turn, event: NoticeGiven) -> None:
    """Somebody will be late; it counts as long as the cutoff can still be judged."""
    session = turn.session
    if session.phase not in {Phase.SCHEDULED, Phase.OPEN, Phase.WAITING}:
        return
    notice = Notice(turn.at, event.by, event.until, event.channel)
    if event.about == SEEKER:
        turn.set(seeker_notice=notice)
    elif event.about == SUPPORTER:
        turn.set(supporter_notice=notice)
    else:
        return
    turn.record(
        "notice.given",
        seat=event.about,
        channel=event.channel,
        until=event.until.isoformat() if event.until else None,
    )


def cancelled(turn: Turn, event: Cancelled) -> None:
    """A booking is cancelled while it is not yet live (KUMAGAYA 6(4), SAKAI 2(4))."""
    if turn.session.phase in {Phase.SCHEDULED, Phase.OPEN, Phase.WAITING}:
        turn.record("booking.cancelled", by=event.by.value, channel=event.channel)
        endings.end(turn, endings.sure(turn, Outcome.CANCELLED, event.by, "cancelled"))


def slots_proposed(turn: Turn, event: SlotsProposed) -> None:
    """The free slots of an open reschedule are known."""
    reschedule = _open_reschedule(turn)
    if reschedule is not None and not (
        reschedule.is_proposed and reschedule.options == event.options
    ):
        turn.set(reschedule=replace(reschedule, options=event.options, is_proposed=True))
        turn.record("reschedule.proposed", slots=len(event.options))


def slot_booked(turn: Turn, event: SlotBooked) -> None:
    """A slot was chosen and is a booking now; choosing one is also choosing another date."""
    if turn.session.phase is Phase.INTERRUPTED:
        another_date_chosen(turn, AnotherDateChosen(None))
    reschedule = _open_reschedule(turn)
    if reschedule is None:
        return
    turn.set(
        reschedule=replace(
            reschedule,
            state=RescheduleState.CHOSEN,
            new_session=event.new_session,
            new_starts_at=event.option.starts_at,
        )
    )
    turn.record("reschedule.chosen", session=event.new_session, by=event.by)


def reschedule_declined(turn: Turn, event: RescheduleDeclined) -> None:
    """The seeker wants no other date."""
    reschedule = _open_reschedule(turn)
    if reschedule is not None:
        turn.set(reschedule=replace(reschedule, state=RescheduleState.DECLINED))
        turn.record("reschedule.declined", by=event.by)


def reschedule_expired(turn: Turn) -> None:
    """Nobody chose in time."""
    reschedule = _open_reschedule(turn)
    assert reschedule is not None, "the deadline is of an open reschedule"
    turn.set(reschedule=replace(reschedule, state=RescheduleState.EXPIRED))
    turn.record("reschedule.expired")


def _open_reschedule(turn: Turn) -> Reschedule | None:
    reschedule = turn.session.reschedule
    if reschedule is None or reschedule.state is not RescheduleState.OPEN:
        return None
    return reschedule
