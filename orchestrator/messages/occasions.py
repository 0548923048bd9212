"""Which messages there are, and whether one still makes sense at the moment of sending it. PURE.

A message may come late: the mail server was down, the node was. What it would say has to be true then.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import assert_never

from orchestrator.policy.model import Outcome, RescheduleState, Seat, Session


class Topic(StrEnum):
    """What a message is about: the topic of the outbox entry that it comes from."""

    SESSION_BOOKED = "session.booked"
    SESSION_CANCELLED = "session.cancelled"
    SESSION_REASSIGNED = "session.reassigned"
    """To the seeker: another supporter."""
    SESSION_HANDED_OVER = "session.handed_over"
    """To the supporter who had it; the recipient is a person, for the seat is somebody else's."""
    SEEKER_RUNG = "seeker.rung"
    SUPPORTER_RUNG = "supporter.rung"
    RESCHEDULE_OPENED = "reschedule.opened"
    RESCHEDULE_CHOSEN = "reschedule.chosen"
    """Its message is about the new session, not about the one that it replaces."""
    NEXT_CHOSEN = "next.chosen"
    """The same, of the next session that was booked during this one (KUMAGAYA 6(2))."""


def why_not(topic: Topic, session: Session, reader: Seat, now: datetime) -> str | None:
    """Why a message would be of no use to its reader now; None: it is.

    Args:
        topic: what happened.
        session: what the message is about, as it is now.
        reader: whom it is to.
        now: aware UTC.
    """
    if topic is Topic.RESCHEDULE_OPENED:
        return None if _can_choose(session, now) else "reschedule_closed"
    if now >= session.ends_at:
        return "slot_passed"
    match topic:
        case Topic.SESSION_CANCELLED:
            return None if session.outcome is Outcome.CANCELLED else "not_cancelled"
        case Topic.SESSION_HANDED_OVER:
            return "taken_back" if session.supporter.person == reader.person else None
        case Topic.SESSION_REASSIGNED:
            return "session_over" if session.is_over else None
        case Topic.SESSION_BOOKED | Topic.RESCHEDULE_CHOSEN | Topic.NEXT_CHOSEN:
            return "session_over" if session.is_over else None
        case Topic.SEEKER_RUNG | Topic.SUPPORTER_RUNG:
            return "not_ringing" if session.ringing != reader.id else None
        case _:
            assert_never(topic)


def _can_choose(session: Session, now: datetime) -> bool:
    reschedule = session.reschedule
    return (
        reschedule is not None
        and reschedule.state is RescheduleState.OPEN
        and now < reschedule.expires_at
    )
