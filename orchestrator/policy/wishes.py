"""What people ask for: to end, to wait, another date, a notice, a cancellation."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.policy import endings
from orchestrator.policy.attribution import attribute, attribute_missing_media
from orchestrator.policy.events import (
    AnotherDateChosen,
    BeginChosen,
    Cancelled,
    ChosenCancelled,
    EndAnswered,
    EndPressed,
    EndRequested,
    NextAsked,
    NoticeGiven,
    RescheduleDeclined,
    SeatReleased,
    SlotBooked,
    SlotsProposed,
    WaitChosen,
)
from orchestrator.policy.latestart import late_through
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    Asked,
    Cause,
    Evidence,
    Medium,
    Notice,
    Outcome,
    Phase,
    Presence,
    Purpose,
    Question,
    Reschedule,
    RescheduleState,
    Signal,
    Verdict,
)
from orchestrator.policy.presence import admit
from orchestrator.policy.turn import Turn, seats_of

_RUNNING = frozenset({Phase.LIVE, Phase.INTERRUPTED})
_BOOKED = frozenset({RescheduleState.CHOSEN, RescheduleState.CANCELLED})
"""What was chosen once: a second word of it changes nothing."""


def end_pressed(turn: Turn, event: EndPressed) -> None:
    """The seeker ends: at once (IX 6-5); before live it is the seeker's cancellation."""
    session = turn.session
    if session.is_over:
        turn.refuse(event.connection, "session_over")
    elif session.seeker.connection != event.connection:
        turn.refuse(event.connection, "not_your_seat")
    elif session.phase not in _RUNNING:
        endings.end(turn, _left_before_live(turn))
    elif (standing := endings.standing_verdict(session)) is not None:
        endings.end(turn, standing)
    elif event.works:
        endings.end(turn, endings.finished(turn, "seeker_ended"))
    else:
        endings.end(turn, _broken(turn))


def _left_before_live(turn: Turn) -> Verdict:
    """The seeker's own cancellation, unless the start is late already and not through the seeker (IX 6-7)."""
    late = late_through(turn)
    if late is not None:
        return endings.late_verdict(turn, late)
    return endings.sure(turn, Outcome.CANCELLED, Cause.SEEKER, "seeker_cancelled")


def _broken(turn: Turn) -> Verdict:
    """«It does not work»: the evidence decides, and the press itself is part of it."""
    session = turn.session
    is_somebody_lost = endings.first_loss(session) is not None
    never_began = not session.has_media_flowed and not is_somebody_lost
    found = attribute_missing_media(session) if never_began else attribute(session)
    pressed = Evidence(Signal.BROKEN_PRESSED, turn.at, SEEKER)
    outcome = Outcome.INTERRUPTED if session.has_media_flowed else Outcome.NOT_HELD
    return Verdict(
        outcome,
        found.cause,
        found.confidence,
        "does_not_work" if found.cause is Cause.UNKNOWN else found.reason,
        turn.at,
        (*found.evidence, pressed),
    )


def end_requested(turn: Turn, event: EndRequested) -> None:
    """The supporter asks to end early: nothing happens until the seeker says yes (IX 6-5).

    Asked again while the question is open, it is the same question.
    """
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
            agreed = endings.finished(turn, "both_agreed")
            endings.end(turn, endings.standing_verdict(session) or agreed)


def closed_on_question(turn: Turn) -> None:
    """The seeker closed the page on the open question and did not come back: a yes."""
    turn.record("question.answered", question=Question.END_EARLY.value, agrees=True)
    agreed = endings.finished(turn, "closed_on_question")
    endings.end(turn, endings.standing_verdict(turn.session) or agreed)


def seat_released(turn: Turn, event: SeatReleased) -> None:
    """The supporter waits no longer; refused before the grace is over, and while the office has the seat kept."""
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
    elif session.is_kept:
        turn.refuse(event.connection, "seat_kept")
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
    elif session.late is not None:
        turn.record("question.answered", question=Question.BEGIN_OR_RESCHEDULE.value, begins=False)
        endings.end(turn, endings.late_verdict(turn, session.late))
    elif not endings.may_leave_for_another_date(session):
        turn.refuse(event.connection, "nothing_asked")
    else:
        turn.record("question.answered", question="wait_or_reschedule", waits=False)
        endings.hold_over(turn)


def begin_chosen(turn: Turn, event: BeginChosen) -> None:
    """The seeker begins in spite of the late start, and asks for no other date any more."""
    session = turn.session
    if session.seeker.connection != event.connection:
        turn.refuse(event.connection, "session_over" if session.is_over else "not_your_seat")
    elif session.asked is None or session.asked.question is not Question.BEGIN_OR_RESCHEDULE:
        turn.refuse(event.connection, "nothing_asked")
    else:
        turn.record("question.answered", question=session.asked.question.value, begins=True)
        turn.set(late=None)
        _begin(turn, session.asked)


def question_answers_itself(turn: Turn) -> None:
    """Nobody answered in time: it begins, and the right to another date stays (product.md, A late start)."""
    asked = turn.session.asked
    assert asked is not None, "the deadline is of an open question"
    turn.record("question.expired", question=asked.question.value)
    _begin(turn, asked)


def _begin(turn: Turn, asked: Asked) -> None:
    turn.set(asked=None)
    session = turn.session
    is_ready = session.seeker.presence is Presence.LOBBY and session.supporter.is_present
    is_on_page = session.phase is Phase.WAITING and session.medium is not Medium.PHONE
    if asked.is_admitting and is_ready and is_on_page:
        admit(turn, session.seeker)


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
        verdict = endings.sure(turn, Outcome.CANCELLED, event.by, "cancelled")
        endings.end(turn, verdict, offers_date=event.offers_date)


def slots_proposed(turn: Turn, event: SlotsProposed) -> None:
    """The free slots of an open reschedule, or for the next session, are known."""
    found = _open(turn, event.purpose)
    if found is not None and not (found.is_proposed and found.options == event.options):
        _put(turn, event.purpose, replace(found, options=event.options, is_proposed=True))
        turn.record(f"{event.purpose.value}.proposed", slots=len(event.options))


def slot_booked(turn: Turn, event: SlotBooked) -> None:
    """A slot was chosen and is a booking now; choosing another date is also leaving this one."""
    leaves = event.purpose is Purpose.RESCHEDULE and turn.session.phase is Phase.INTERRUPTED
    if leaves and endings.may_leave_for_another_date(turn.session):
        another_date_chosen(turn, AnotherDateChosen(None))
    found = _choice(turn, event.purpose)
    # It is a booking already: an offer that ran out, was declined or withdrawn in the same moment does not undo that.
    if found is None or found.state in _BOOKED:
        return
    chosen = replace(
        found,
        state=RescheduleState.CHOSEN,
        new_session=event.new_session,
        new_starts_at=event.option.starts_at,
        new_ends_at=event.option.ends_at,
        new_supporter_name=event.option.supporter_name,
    )
    _put(turn, event.purpose, chosen)
    turn.record(f"{event.purpose.value}.chosen", session=event.new_session, by=event.by)
    for seat in seats_of(turn.session):
        turn.publish(f"{event.purpose.value}.chosen", seat.id)


def chosen_cancelled(turn: Turn, event: ChosenCancelled) -> None:
    """The date that was chosen does not stand any more; what follows is that booking's own matter."""
    found = _choice(turn, event.purpose)
    if found is None or found.new_session != event.new_session:
        return
    if found.state is RescheduleState.CHOSEN:
        _put(turn, event.purpose, replace(found, state=RescheduleState.CANCELLED))
        turn.record(f"{event.purpose.value}.cancelled", session=event.new_session)


def reschedule_declined(turn: Turn, event: RescheduleDeclined) -> None:
    """The seeker wants no other date, or no next one for now."""
    found = _open(turn, event.purpose)
    if found is not None:
        _put(turn, event.purpose, replace(found, state=RescheduleState.DECLINED))
        turn.record(f"{event.purpose.value}.declined", by=event.by)


def slots_expired(turn: Turn, purpose: Purpose) -> None:
    """Nobody chose in time."""
    found = _open(turn, purpose)
    assert found is not None, "the deadline is of an open choice"
    _put(turn, purpose, replace(found, state=RescheduleState.EXPIRED))
    turn.record(f"{purpose.value}.expired")


def next_asked(turn: Turn, event: NextAsked) -> None:
    """One of the two wants to book the next session while they are together (KUMAGAYA 6(2))."""
    session = turn.session
    if session.is_over:
        turn.refuse(event.connection, "session_over")
    elif all(seat.connection != event.connection for seat in seats_of(session)):
        turn.refuse(event.connection, "not_your_seat")
    elif session.phase is not Phase.LIVE:
        turn.refuse(event.connection, "not_live")
    elif session.following is not None and session.following.state is RescheduleState.CHOSEN:
        turn.refuse(event.connection, "next_booked")
    elif _open(turn, Purpose.NEXT) is None:
        expires_at = turn.at + session.rules.reschedule_for
        turn.set(following=Reschedule(RescheduleState.OPEN, turn.at, expires_at))
        turn.record("next.opened", expires_at=expires_at.isoformat())
        turn.publish("next.opened", SEEKER)


def _choice(turn: Turn, purpose: Purpose) -> Reschedule | None:
    session = turn.session
    return session.reschedule if purpose is Purpose.RESCHEDULE else session.following


def _open(turn: Turn, purpose: Purpose) -> Reschedule | None:
    found = _choice(turn, purpose)
    return found if found is not None and found.state is RescheduleState.OPEN else None


def _put(turn: Turn, purpose: Purpose, changed: Reschedule) -> None:
    if purpose is Purpose.RESCHEDULE:
        turn.set(reschedule=changed)
    else:
        turn.set(following=changed)
