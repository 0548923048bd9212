"""What somebody may send now, as the buttons of the pages need to know it. PURE.

A courtesy: the policy decides, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from orchestrator.policy.endings import may_leave_for_another_date
from orchestrator.policy.goodbye import OBJECTION, may_object
from orchestrator.policy.model import (
    Claim,
    Medium,
    Phase,
    Presence,
    Question,
    RescheduleState,
    Role,
    Seat,
    Session,
)


def claim_for(session: Session, seat: Seat) -> tuple[Seat, Claim] | None:
    """The claim that the person of a seat may answer: first of the own seat, then one that was escalated."""
    if seat.claim is not None:
        return seat, seat.claim
    if seat.role is Role.SUPPORTER:
        for other in session.seats:
            if other.claim is not None and other.claim.escalated:
                return other, other.claim
    return None


def ways_of(session: Session, seat: Seat, now: datetime) -> Iterator[str]:
    """The types of the messages up that this person may send now; `can` of the view."""
    yield from _can_choose(session, seat, now)
    if session.is_over:
        yield "report_problem"
        if seat.role is Role.SEEKER and _may_object(session, now):
            yield "object"
        return
    if not seat.is_present:
        return
    yield from _can_in_any_role(session, seat)
    if seat.role in {Role.SEEKER, Role.SUPPORTER}:
        yield from _can_as_either(session, seat)
    if seat.role is Role.SEEKER:
        yield from _can_as_seeker(session)
    if seat.role is Role.SUPPORTER:
        yield from _can_as_supporter(session, seat)


def _can_choose(session: Session, seat: Seat, now: datetime) -> Iterator[str]:
    """Another date is the seeker's alone (IX 6-7); the next one is both people's (KUMAGAYA 6(2))."""
    own = [session.reschedule] if seat.role is Role.SEEKER else []
    if seat.role in {Role.SEEKER, Role.SUPPORTER}:
        own.append(session.following)
    open_ones = [
        each
        for each in own
        if each is not None and each.state is RescheduleState.OPEN and each.expires_at > now
    ]
    if any(each.options for each in open_ones):
        yield "choose_slot"
    if open_ones:
        yield "decline_reschedule"
    if seat.role is Role.SEEKER and any(
        each is not None and each.state is RescheduleState.CHOSEN for each in own
    ):
        yield "follow"


def _can_in_any_role(session: Session, seat: Seat) -> Iterator[str]:
    if seat.consent is None and session.phase is not Phase.SCHEDULED:
        yield "join"
    if seat.is_admitted and session.phase in _RUNNING and session.medium is not Medium.PHONE:
        yield from ("restart_media", "renew_media")
    if seat.presence is not Presence.AT_DOOR:
        yield "step_out"
        if "chat" in session.functions and not seat.only_receives:
            yield "chat"
    if claim_for(session, seat) is not None:
        yield "answer_claim"
    yield "report_problem"


def _can_as_either(session: Session, seat: Seat) -> Iterator[str]:
    other = session.supporter if seat.role is Role.SEEKER else session.seeker
    if other.first_present_at is not None and session.phase is not Phase.SCHEDULED:
        yield "stop"
    is_running = session.phase in _RUNNING
    is_preparing = seat.role is Role.SUPPORTER and session.phase is not Phase.SCHEDULED
    if is_running or is_preparing:
        yield "switch_medium"
    if session.phase is Phase.LIVE and not _is_next_booked(session):
        yield "book_next"


def _is_next_booked(session: Session) -> bool:
    return session.following is not None and session.following.state in _BOOKING


def _can_as_seeker(session: Session) -> Iterator[str]:
    yield "end"
    if session.phase in _BEFORE_LIVE and session.seeker_notice is None:
        yield "give_notice"
    question = session.asked.question if session.asked is not None else None
    if question is Question.END_EARLY:
        yield "answer_end"
    if question is Question.BEGIN_OR_RESCHEDULE:
        yield "begin"
    is_new = session.asked is not None and session.asked.answer_by is None
    if question is Question.WAIT_OR_RESCHEDULE and is_new:
        yield "wait"
    if session.late is not None or may_leave_for_another_date(session):
        yield "another_date"


def _can_as_supporter(session: Session, seat: Seat) -> Iterator[str]:
    if seat.consent is not None and _is_anybody_admissible(session) and not _is_admitting(session):
        yield "admit"
    if session.phase is Phase.LIVE and session.asked is None:
        yield "request_end"
    loss = session.seeker.loss
    is_waiting = session.phase is Phase.INTERRUPTED and not session.is_kept
    if is_waiting and loss is not None and loss.judged:
        yield "release_seat"
    if _may_report_call(session):
        yield "report_call"
    if session.goodbye is not None and session.goodbye.is_confirmed is None:
        yield "answer_finish"


def _may_report_call(session: Session) -> bool:
    """On the telephone always; beside it, a call to a seeker who has not come (IX 6-3)."""
    if session.medium is Medium.PHONE:
        return session.phase is not Phase.SCHEDULED
    return session.phase is Phase.WAITING and not session.seeker.is_present


def _may_object(session: Session, now: datetime) -> bool:
    ended_at = session.ended_at
    return may_object(session) and ended_at is not None and now <= ended_at + OBJECTION


def _is_admitting(session: Session) -> bool:
    """It has been pressed while the seeker was asked whether to begin: the answer lets them in."""
    return session.asked is not None and session.asked.is_admitting


def _is_anybody_admissible(session: Session) -> bool:
    """Somebody waits whom the supporter may let in: the seeker before it is live, everybody else while it is."""
    if session.medium is Medium.PHONE:
        return False
    lobby = {seat.role for seat in session.seats if seat.presence is Presence.LOBBY}
    if session.phase is Phase.LIVE:
        return not lobby.isdisjoint({Role.COMPANION, Role.SCHEDULER})
    may_begin = session.phase is Phase.WAITING or (
        session.phase is Phase.OPEN and session.rules.early_admission
    )
    return may_begin and Role.SEEKER in lobby


_BOOKING = frozenset({RescheduleState.OPEN, RescheduleState.CHOSEN})
_RUNNING = frozenset({Phase.LIVE, Phase.INTERRUPTED})
_BEFORE_LIVE = frozenset({Phase.SCHEDULED, Phase.OPEN, Phase.WAITING})
