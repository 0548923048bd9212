"""A start that is late through the supporter or the equipment: the seeker is asked, begin now or another date (IX 6-7).

No answer in a minute: it begins, and the right to another date stays open until the end.
"""

from __future__ import annotations

from datetime import timedelta

from orchestrator.policy.model import (
    Asked,
    Cause,
    Medium,
    Phase,
    Question,
)
from orchestrator.policy.turn import Turn

ANSWER_WITHIN = timedelta(seconds=60)
"""How long the question stays; ours (product.md, A late start)."""


def ask_whether_to_begin(turn: Turn) -> None:
    """Both are there at last: ask the seeker, if it is late and not through the seeker."""
    session = turn.session
    if session.phase is not Phase.WAITING or session.medium is Medium.PHONE:
        return
    if session.was_asked_to_begin or session.asked is not None:
        return
    if not (session.seeker.is_present and session.supporter.is_present):
        return
    late = late_through(turn)
    if late is None:
        return
    asked = Asked(Question.BEGIN_OR_RESCHEDULE, turn.at, answer_by=turn.at + ANSWER_WITHIN)
    turn.set(asked=asked, late=late, was_asked_to_begin=True)
    turn.record("question.asked", question=asked.question.value, cause=late.value)


def late_through(turn: Turn) -> Cause | None:
    """Who made the seeker wait past the tolerance: we, or the supporter.

    Ours is the time in which nobody ran the session, or a supporter whom we had lost was not back yet.
    """
    session = turn.session
    if session.away_by_us + session.waited_for_us.at(turn.at) > session.rules.tolerance:
        return Cause.PLATFORM
    if session.waited.at(turn.at) > session.rules.tolerance:
        return Cause.SUPPORTER
    return None
