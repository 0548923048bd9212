"""How a session ends: verdicts, the end itself, its consequence, and the reschedule that opens with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from orchestrator.policy.attribution import Attribution, attribute, attribute_missing_media
from orchestrator.policy.effects import CloseRoom
from orchestrator.policy.model import (
    ENDED_BY_OFFICE,
    SEEKER,
    TAIL_LIVE_SHARE,
    Asked,
    CallState,
    Cause,
    Confidence,
    Consequence,
    Loss,
    Medium,
    Outcome,
    PersonId,
    Phase,
    Presence,
    Question,
    Quota,
    Reschedule,
    RescheduleState,
    Rules,
    Session,
    Verdict,
)
from orchestrator.policy.turn import Turn, seats_of


def end(
    turn: Turn, verdict: Verdict, *, is_hard_end: bool = False, offers_date: bool = True
) -> None:
    """End the session with that verdict; what follows from it opens in the same step.

    Args:
        turn: the step.
        verdict: outcome, cause and reason.
        is_hard_end: media is cut before the record is written.
        offers_date: False: whatever the programme says, no other date is offered.
    """
    session = turn.session
    turn.move(Phase.ENDED, verdict.reason)
    if any(seat.media_epoch for seat in session.seats):
        turn.do(CloseRoom(is_hard_end))
    consequence = consequence_of(session, verdict)
    consequence = replace(consequence, reschedule=consequence.reschedule and offers_date)
    seats = tuple(
        replace(seat, presence=Presence.AWAY, connection=None, claim=None) for seat in session.seats
    )
    turn.set(
        seats=seats,
        outcome=verdict.outcome,
        cause=verdict.cause,
        verdict=verdict,
        ended_at=turn.at,
        consequence=consequence,
        asked=None,
        ringing=None,
        judge_at=None,
        media_due_at=None,
        extending=None,
    )
    turn.record(
        "session.ended",
        outcome=verdict.outcome.value,
        cause=verdict.cause.value if verdict.cause else None,
        confidence=verdict.confidence.value,
        reason=verdict.reason,
        quota=consequence.quota.value,
        strike=consequence.strike,
    )
    if verdict.outcome is Outcome.CANCELLED:
        _tell_of_cancelling(turn, verdict)
    tell_standing(turn, None, None, verdict, consequence)
    if consequence.reschedule:
        open_reschedule(turn)
    else:
        withdraw_reschedule(turn)


def withdraw_reschedule(turn: Turn) -> None:
    """No other date is due any more; one that was offered and not chosen is taken back."""
    reschedule = turn.session.reschedule
    if reschedule is not None and reschedule.state is RescheduleState.OPEN:
        turn.set(reschedule=replace(reschedule, state=RescheduleState.WITHDRAWN))
        turn.record("reschedule.withdrawn")


def _tell_of_cancelling(turn: Turn, verdict: Verdict) -> None:
    """Whoever did not cancel is told, by a message: nobody has to look at a page to learn of it.

    The session that it was chosen in learns of it too.
    """
    for seat in seats_of(turn.session):
        if verdict.cause is None or verdict.cause.value != seat.role.value:
            turn.publish("session.cancelled", seat.id)
    if turn.session.previous is not None or turn.session.follows is not None:
        turn.publish("chosen.cancelled", SEEKER)


def tell_standing(
    turn: Turn,
    old: Verdict | None,
    before: Consequence | None,
    new: Verdict,
    after: Consequence,
) -> None:
    """Let the ledgers be looked at of those who got or lost a strike or a review."""
    had = _held_against(turn.session, old, before)
    has = _held_against(turn.session, new, after)
    for person in sorted(had ^ has):
        turn.publish("standing.changed", person)


def _held_against(
    session: Session, verdict: Verdict | None, consequence: Consequence | None
) -> set[PersonId]:
    if verdict is None or consequence is None:
        return set()
    if verdict.outcome is Outcome.STOPPED:
        accused = session.supporter if verdict.cause is Cause.SUPPORTER else session.seeker
        return {accused.person}
    return {session.seeker.person} if consequence.strike else set()


def consequence_of(session: Session, verdict: Verdict) -> Consequence:
    """What follows from a verdict: `outcome/cause` in the programme's table, else `outcome`.

    Who gave notice, or was turned away by us, gets no strike (product.md, At the cutoff, Outcomes).
    """
    return what_follows(session, verdict.outcome, verdict.cause)


def what_follows(session: Session, outcome: Outcome, cause: Cause | None) -> Consequence:
    """The same, of a verdict that nobody has given."""
    found = _row_of(session.rules, outcome, cause)
    if session.seeker_notice is not None or session.seeker.was_kept_out:
        return replace(found, strike=False)
    return found


def _row_of(rules: Rules, outcome: Outcome, cause: Cause | None) -> Consequence:
    keys = [outcome.value]
    if cause is not None:
        keys.insert(0, f"{outcome.value}/{cause.value}")
    if keys[0] == ENDED_BY_OFFICE:
        keys[1:] = [f"{Outcome.CANCELLED.value}/{Cause.OFFICE.value}", Outcome.CANCELLED.value]
    for key in keys:
        if key in rules.consequences:
            return rules.consequences[key]
    return Consequence(Quota.USED, reschedule=False)


def open_reschedule(turn: Turn) -> None:
    """Offer another date (IX 6-7); the proposals are computed outside and come back as an event."""
    session = turn.session
    expires_at = turn.at + session.rules.reschedule_for
    if session.reschedule is None:
        turn.set(reschedule=Reschedule(RescheduleState.OPEN, turn.at, expires_at))
        turn.record("reschedule.opened", expires_at=expires_at.isoformat())
        turn.publish("reschedule.opened", "seeker")
    elif session.reschedule.state is RescheduleState.OPEN:
        turn.set(reschedule=replace(session.reschedule, expires_at=expires_at))


def attributed(turn: Turn, outcome: Outcome) -> Verdict:
    """A verdict whose cause the evidence decides."""
    return _found(turn, outcome, attribute(turn.session))


def _found(turn: Turn, outcome: Outcome, found: Attribution) -> Verdict:
    return Verdict(outcome, found.cause, found.confidence, found.reason, turn.at, found.evidence)


def finished(turn: Turn, reason: str) -> Verdict:
    """Somebody said that it was finished; what never flowed was never held, whatever people say on leaving it."""
    session = turn.session
    if not session.has_media_flowed and session.medium is not Medium.PHONE:
        return _found(turn, Outcome.NOT_HELD, attribute_missing_media(session))
    return sure(turn, Outcome.COMPLETED, None, reason)


def if_finished(session: Session, at: datetime) -> Consequence:
    """What would follow if it were ended now as finished, by the seeker or by agreement."""
    verdict = finished(Turn(session, at), "both_agreed")
    return consequence_of(session, standing_verdict(session) or verdict)


def broken_off(turn: Turn) -> Verdict:
    """It was live and broke off; without a packet both ways it was never held at all (product.md, Live needs media)."""
    session = turn.session
    if session.has_media_flowed:
        return attributed(turn, Outcome.INTERRUPTED)
    missing = attribute_missing_media(session)
    found = missing if missing.cause is not Cause.UNKNOWN else attribute(session)
    if found.cause is Cause.SEEKER:
        # Who goes where nothing ever came answers to that; it is no word on whose side it lay.
        return unclear(turn, Outcome.NOT_HELD, "media_never_flowed")
    return _found(turn, Outcome.NOT_HELD, found)


def sure(turn: Turn, outcome: Outcome, cause: Cause | None, reason: str) -> Verdict:
    """A verdict that a rule decides by itself."""
    return Verdict(outcome, cause, Confidence.SURE, reason, turn.at)


def unclear(turn: Turn, outcome: Outcome, reason: str) -> Verdict:
    """A verdict that nothing decides: a scheduler looks."""
    return Verdict(outcome, Cause.UNKNOWN, Confidence.UNKNOWN, reason, turn.at)


def _lost_by_us(turn: Turn) -> Verdict:
    """Somebody was there until our own restart, and has not come back since: that is no absence of theirs."""
    return Verdict(Outcome.NOT_HELD, Cause.PLATFORM, Confidence.LIKELY, "service_gap", turn.at)


def late_verdict(turn: Turn, late: Cause) -> Verdict:
    """What it is when the seeker takes another date instead of the late start."""
    if late is Cause.PLATFORM:
        return sure(turn, Outcome.NOT_HELD, Cause.PLATFORM, "late_start_ours")
    return sure(turn, Outcome.SUPPORTER_LATE, Cause.SUPPORTER, "late_start")


def first_loss(session: Session) -> Loss | None:
    """The earliest loss of seeker or supporter that is not mended, or None."""
    losses = [seat.loss for seat in seats_of(session) if seat.loss is not None]
    return min(losses, key=lambda loss: loss.at, default=None)


def is_in_tail(session: Session, lost_at: datetime) -> bool:
    """Whether a drop at that moment leaves the session held (product.md, Tail).

    It was live, with media, for at least a quarter of its slot, and the drop lies in the tail.
    """
    slot = session.ends_at - session.starts_at
    return (
        session.has_media_flowed
        and lost_at >= session.ends_at - session.rules.tail
        and session.live.at(lost_at) >= slot * TAIL_LIVE_SHARE
    )


def hard_end(turn: Turn) -> None:
    """`ends_at` has come (IX 6-4): whatever the phase, this is the end."""
    end(turn, _verdict_at_end(turn), is_hard_end=True)


def _verdict_at_end(turn: Turn) -> Verdict:
    session = turn.session
    standing = standing_verdict(session)
    if standing is not None:
        return standing
    if session.asked is not None and session.asked.page_closed_at is not None:
        return finished(turn, "closed_on_question")
    if is_goodbye(session):
        return sure(turn, Outcome.COMPLETED, None, "goodbye")
    loss = first_loss(session)
    if session.phase is Phase.INTERRUPTED and loss is not None:
        if is_in_tail(session, loss.at):
            return sure(turn, Outcome.COMPLETED, None, "lost_in_tail")
        return broken_off(turn)
    if session.phase in {Phase.LIVE, Phase.INTERRUPTED}:
        if session.medium is Medium.PHONE and session.call is not CallState.ANSWERED:
            return _verdict_of_unreported(turn)
        if not session.has_media_flowed:
            return _found(turn, Outcome.NOT_HELD, attribute_missing_media(session))
        return sure(turn, Outcome.COMPLETED, None, "hard_end")
    return _verdict_of_waiting(turn)


def _verdict_of_unreported(turn: Turn) -> Verdict:
    """Over to the telephone, and nobody reported a call: what was held before that stays held."""
    session = turn.session
    share = (session.ends_at - session.starts_at) * TAIL_LIVE_SHARE
    if session.has_media_flowed and session.live_on_page >= share:
        return sure(turn, Outcome.COMPLETED, None, "hard_end")
    outcome = Outcome.INTERRUPTED if session.has_media_flowed else Outcome.NOT_HELD
    return unclear(turn, outcome, "call_unreported")


def is_said_to_be_over(session: Session) -> bool:
    """Both had said goodbye, or the seeker had closed the page on the end question: the end only confirms it."""
    has_closed = session.asked is not None and session.asked.page_closed_at is not None
    return has_closed or is_goodbye(session)


def is_goodbye(session: Session) -> bool:
    """Both have closed their pages, and the supporter has not said that it was not finished (product.md, Goodbye)."""
    return session.goodbye is not None and session.goodbye.is_confirmed is not False


def standing_verdict(session: Session) -> Verdict | None:
    """The verdict that a grace has fixed, or None.

    Of people who came back after it, the reason must not say that they did not.
    """
    fixed = session.verdict
    if fixed is None or session.phase is not Phase.LIVE:
        return fixed
    return Verdict(
        fixed.outcome, fixed.cause, fixed.confidence, "interrupted_long", fixed.at, fixed.evidence
    )


def _verdict_of_waiting(turn: Turn) -> Verdict:
    """The end of a session that was never live, held past the cutoff by a notice or by both being there."""
    session = turn.session
    seeker, supporter = session.seeker, session.supporter
    if session.medium is Medium.PHONE:
        return unanswered_call(turn)
    if _is_too_short_by_us(session) and not (seeker.is_present and supporter.is_present):
        return _lost_by_us(turn)
    if not supporter.is_present:
        return absent_supporter(turn)
    if not seeker.is_present:
        return absent_seeker(turn, is_last=True)
    asked = session.asked
    if session.late is not None and asked is not None and asked.is_admitting:
        return late_verdict(
            turn, session.late
        )  # admitted in the last minute, while the seeker was still asked
    if seeker.presence is Presence.LOBBY:
        return sure(turn, Outcome.NOT_HELD, Cause.SUPPORTER, "never_admitted")
    return unclear(turn, Outcome.NOT_HELD, "never_joined")


def _is_too_short_by_us(session: Session) -> bool:
    """Our absences left nobody the whole time until the cutoff to come in (product.md, Service gap)."""
    served = session.ends_at - session.starts_at - session.away_by_us
    return session.away_by_us > timedelta() and served < session.rules.cutoff


def unanswered_call(turn: Turn) -> Verdict:
    """A telephone session that nobody answered; without reports nothing is decided by itself (IX 1-1, IX 6-3)."""
    session = turn.session
    if session.call is not CallState.NO_ANSWER or session.seeker.is_present:
        return unclear(turn, Outcome.NOT_HELD, "call_unreported")
    if session.seeker_notice is not None:
        return sure(turn, Outcome.SEEKER_NO_SHOW, Cause.SEEKER, "notice_not_kept")
    if not is_unanswered(turn):
        return unclear(turn, Outcome.NOT_HELD, "seeker_not_rung")
    return sure(turn, Outcome.SEEKER_NO_SHOW, Cause.SEEKER, "call_unanswered")


def is_unanswered(turn: Turn) -> bool:
    """The supporter has said that nobody answered, and had rung long enough before (IX 6-3)."""
    session = turn.session
    rung = session.rung.at(turn.at)
    is_rung = rung > timedelta() and rung >= session.rules.ringing
    return session.call is CallState.NO_ANSWER and is_rung


def absent_supporter(turn: Turn) -> Verdict:
    """The supporter is not there: theirs, unless we lost them ourselves (IX 6-3; for the others ours)."""
    session = turn.session
    if session.supporter.was_lost_by_us:
        return _lost_by_us(turn)
    if session.supporter.loss is not None or session.seeker.loss is not None:
        found = attribute(session)
        if found.cause is Cause.PLATFORM:
            return Verdict(
                Outcome.NOT_HELD,
                found.cause,
                found.confidence,
                found.reason,
                turn.at,
                found.evidence,
            )
    return sure(turn, Outcome.SUPPORTER_NO_SHOW, Cause.SUPPORTER, "supporter_absent")


def absent_seeker(turn: Turn, *, is_last: bool = False) -> Verdict:
    """The supporter is there and the seeker is not; notices and ringing have been looked at, or this is the end.

    Args:
        turn: the step.
        is_last: at `ends_at`, where nothing can be waited for any more.
    """
    session = turn.session
    if session.waited.at(turn.at) > session.rules.tolerance:
        # A notice holds the judgement (cutoff.py), but who came and waited in vain has missed nothing (IX 6-7).
        return sure(turn, Outcome.SUPPORTER_LATE, Cause.SUPPORTER, "seeker_waited")
    if session.waited_for_us.at(turn.at) > session.rules.tolerance:
        return _lost_by_us(turn)
    if session.seeker_notice is not None:
        return sure(turn, Outcome.SEEKER_NO_SHOW, Cause.SEEKER, "notice_not_kept")
    if session.seeker.was_lost_by_us:
        return _lost_by_us(turn)
    if session.seeker.was_present_after_start:
        return attributed(turn, Outcome.NOT_HELD)
    if is_last and session.rung.at(turn.at) < session.rules.ringing:
        return unclear(turn, Outcome.NOT_HELD, "seeker_not_rung")
    return sure(turn, Outcome.SEEKER_NO_SHOW, Cause.SEEKER, "seeker_absent")


def grace_over(turn: Turn) -> None:
    """A grace has ended unmended: it decides the verdict, not the door (product.md)."""
    session = turn.session
    for seat in seats_of(session):
        loss = seat.loss
        if loss is None or loss.judged or loss.grace_ends_at > turn.at:
            continue
        turn.set_seat(seat.id, loss=replace(loss, judged=True))
        turn.record("grace.ended", seat=seat.id)
        if is_goodbye(turn.session):
            end(turn, sure(turn, Outcome.COMPLETED, None, "goodbye"))
            return
        if turn.session.verdict is None and not is_in_tail(session, loss.at):
            verdict = broken_off(turn)
            turn.set(verdict=verdict)
            turn.record(
                "verdict.given",
                outcome=verdict.outcome.value,
                cause=verdict.cause.value if verdict.cause else None,
                confidence=verdict.confidence.value,
                reason=verdict.reason,
            )
    ask_whether_to_wait(turn)


def may_leave_for_another_date(session: Session) -> bool:
    """A grace has ended unmended and it was not the seeker's: another date is theirs to take (IX 6-7; here ours)."""
    verdict = session.verdict
    return (
        session.phase is Phase.INTERRUPTED
        and verdict is not None
        and verdict.cause is not Cause.SEEKER
    )


def ask_whether_to_wait(turn: Turn) -> None:
    """A seeker whose supporter or platform is lost past the grace is asked: wait, or another date."""
    session = turn.session
    if not may_leave_for_another_date(session) or session.seeker.connection is None:
        return
    if session.asked is not None and session.asked.question is Question.WAIT_OR_RESCHEDULE:
        return
    turn.set(asked=Asked(Question.WAIT_OR_RESCHEDULE, turn.at))
    turn.record("question.asked", question=Question.WAIT_OR_RESCHEDULE.value)
    assert session.verdict is not None, "may_leave_for_another_date has looked"
    if consequence_of(session, session.verdict).reschedule:
        open_reschedule(turn)


def hold_over(turn: Turn) -> None:
    """Nobody waits for the lost seat any longer."""
    session = turn.session
    loss = first_loss(session)
    if session.verdict is not None:
        end(turn, session.verdict)
    elif loss is not None and is_in_tail(session, loss.at):
        end(turn, sure(turn, Outcome.COMPLETED, None, "lost_in_tail"))
    else:
        end(turn, broken_off(turn))
