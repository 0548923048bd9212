"""What somebody may send now, as the buttons of the pages need to know it. PURE.

A courtesy: the policy decides, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from orchestrator.policy.endings import may_leave_for_another_date
from orchestrator.policy.model import (
    Claim,
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
    reschedule = session.reschedule
    is_choosing = seat.role is Role.SEEKER and (
        reschedule is not None
        and reschedule.state is RescheduleState.OPEN
        and reschedule.expires_at > now
    )
    if is_choosing and reschedule is not None:
        if reschedule.options:
            yield "choose_slot"
        yield "decline_reschedule"
    if session.is_over or not seat.is_present:
        return
    yield from _can_in_any_role(session, seat)
    if seat.role is Role.SEEKER:
        yield from _can_as_seeker(session)
    if seat.role is Role.SUPPORTER:
        yield from _can_as_supporter(session, seat)


def _can_in_any_role(session: Session, seat: Seat) -> Iterator[str]:
    if seat.consent is None and session.phase is not Phase.SCHEDULED:
        yield "join"
    if seat.is_admitted and session.phase in _RUNNING:
        yield from ("restart_media", "renew_media")
    if seat.presence is not Presence.AT_DOOR:
        yield "step_out"
    if claim_for(session, seat) is not None:
        yield "answer_claim"


def _can_as_seeker(session: Session) -> Iterator[str]:
    yield "end"
    if session.phase in _BEFORE_LIVE and session.seeker_notice is None:
        yield "give_notice"
    asked = session.asked
    if asked is not None and asked.question is Question.END_EARLY:
        yield "answer_end"
    if asked is not None and asked.question is Question.WAIT_OR_RESCHEDULE:
        if asked.answer_by is None:
            yield "wait"
        if may_leave_for_another_date(session):
            yield "another_date"


def _can_as_supporter(session: Session, seat: Seat) -> Iterator[str]:
    if seat.consent is not None and _is_anybody_admissible(session):
        yield "admit"
    if session.phase is Phase.LIVE and session.asked is None:
        yield "request_end"
    loss = session.seeker.loss
    if session.phase is Phase.INTERRUPTED and loss is not None and loss.judged:
        yield "release_seat"


def _is_anybody_admissible(session: Session) -> bool:
    """Somebody waits whom the supporter may let in: the seeker before it is live, companions while it is."""
    lobby = {seat.role for seat in session.seats if seat.presence is Presence.LOBBY}
    if session.phase is Phase.LIVE:
        return Role.COMPANION in lobby
    may_begin = session.phase is Phase.WAITING or (
        session.phase is Phase.OPEN and session.rules.early_admission
    )
    return may_begin and Role.SEEKER in lobby


_RUNNING = frozenset({Phase.LIVE, Phase.INTERRUPTED})
_BEFORE_LIVE = frozenset({Phase.SCHEDULED, Phase.OPEN, Phase.WAITING})
