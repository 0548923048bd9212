"""The cutoff: who is there ten minutes after the start, and what follows.

The table of product.md («At the cutoff»), judged on who is present at that instant, row by row in its order.
KUMAGAYA 6(4), SAKAI 2(4), IX 6-3, IX 6-7.
"""

from __future__ import annotations

from datetime import datetime

from orchestrator.policy.endings import (
    absent_seeker,
    absent_supporter,
    end,
    is_unanswered,
    unanswered_call,
)
from orchestrator.policy.model import Medium, Seat, Session
from orchestrator.policy.turn import Turn


def judge(turn: Turn) -> None:
    """Judge the table at the present moment: end the session, or say when to judge again."""
    session = turn.session
    seeker, supporter = session.seeker, session.supporter
    if session.medium is Medium.PHONE:
        _judge_call(turn)
        return
    if seeker.is_present and supporter.is_present:
        turn.set(judge_at=None)
        turn.record("cutoff.passed")
        return
    until = _held_until(turn)
    if until is not None and until > turn.at:
        # At ends_at the hard end judges; a deadline of its own would only tie with it.
        turn.set(judge_at=until if until < session.ends_at else None)
        turn.record("cutoff.moved", until=until.isoformat())
        return
    if supporter.is_present:
        end(turn, absent_seeker(turn))
    else:
        end(turn, absent_supporter(turn))


def _judge_call(turn: Turn) -> None:
    """On the telephone the reports decide; without any nothing is decided by itself (IX 1-1, IX 6-3)."""
    session = turn.session
    if session.seeker.is_present:
        turn.set(judge_at=None)
        turn.record("cutoff.passed")
    elif session.seeker_notice is not None and session.call is not None:
        turn.set(judge_at=None)
        turn.record("cutoff.moved", until=session.ends_at.isoformat())
    elif is_unanswered(turn):
        end(turn, unanswered_call(turn))
    else:
        turn.set(judge_at=None)
        turn.record("cutoff.unreported")


def _held_until(turn: Turn) -> datetime | None:
    """Until when the judgement waits; None: it is due."""
    session = turn.session
    seeker, supporter = session.seeker, session.supporter
    if not supporter.is_present:
        notice = session.supporter_notice
        if seeker.is_present and notice is not None:
            until = min(notice.until or session.ends_at, session.ends_at)
            return max(until, _grace_of(supporter) or until)
        return _grace_of(supporter)
    if session.seeker_notice is not None:
        return session.ends_at
    if max(session.waited.at(turn.at), session.waited_for_us.at(turn.at)) > session.rules.tolerance:
        return None
    if seeker.was_present_after_start:
        return _grace_of(seeker)
    missing = session.rules.ringing - session.rung.at(turn.at)
    return min(turn.at + missing, session.ends_at) if missing.total_seconds() > 0 else None


def _grace_of(seat: Seat) -> datetime | None:
    return seat.loss.grace_ends_at if seat.loss is not None else None


def judge_again(turn: Turn, seat: Seat) -> None:
    """After the cutoff has passed with both there, a loss is judged when its grace ends."""
    session: Session = turn.session
    if session.judge_at is None and seat.loss is not None:
        at = seat.loss.grace_ends_at
        turn.set(judge_at=at if at < session.ends_at else None)
