"""Both close their pages shortly after each other, and nothing was wrong before: that is how people say goodbye.

The supporter is asked «finished?»; without an answer it is completed when the first grace ends. The seeker may object
for a day, and then a scheduler looks (product.md, Goodbye; ours).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from orchestrator.policy import endings
from orchestrator.policy.events import FinishAnswered, Objected
from orchestrator.policy.model import (
    Evidence,
    Goodbye,
    Loss,
    Outcome,
    Phase,
    Session,
    Signal,
)
from orchestrator.policy.turn import Turn, seats_of

WITHIN = timedelta(seconds=60)
"""So shortly after each other; ours (product.md, Goodbye)."""

JUST_BEFORE = timedelta(seconds=2)
"""A page that closes falls silent a moment before it says so: that is no sign of trouble; ours."""

OBJECTION = timedelta(hours=24)
"""How long the seeker may say that it was not finished; ours (product.md, Goodbye)."""

_HARMLESS = frozenset({Signal.PAGE_CLOSED, Signal.PAGE_HIDDEN, Signal.PAGE_RELOADED})


def look_for_goodbye(turn: Turn) -> None:
    """See whether the loss that was just noted completes a goodbye."""
    session = turn.session
    if session.phase is not Phase.INTERRUPTED or session.goodbye is not None:
        return
    if session.is_kept:
        return  # the office waits for somebody: whoever closes the page meanwhile says goodbye to nobody
    if session.verdict is not None or not session.has_media_flowed:
        return
    losses = [seat.loss for seat in seats_of(session) if seat.loss is not None]
    closings = [closed for loss in losses if (closed := _closing(loss)) is not None]
    if len(closings) == 2 and abs(closings[0].at - closings[1].at) <= WITHIN:
        turn.set(goodbye=Goodbye(turn.at))
        turn.record("goodbye.noticed")


def _closing(loss: Loss) -> Evidence | None:
    """The closing of the page, if nothing was wrong with this seat before it."""
    closed = next((one for one in loss.evidence if one.signal is Signal.PAGE_CLOSED), None)
    if closed is None:
        return None
    trouble = any(
        one.signal not in _HARMLESS and one.at < closed.at - JUST_BEFORE for one in loss.evidence
    )
    return None if trouble else closed


def finish_answered(turn: Turn, event: FinishAnswered) -> None:
    """The supporter says whether it was finished."""
    session = turn.session
    if session.is_over:
        turn.refuse(event.connection, "session_over")
    elif event.connection is not None and session.supporter.connection != event.connection:
        turn.refuse(event.connection, "not_your_seat")
    elif session.goodbye is None or session.goodbye.is_confirmed is not None:
        turn.refuse(event.connection, "nothing_asked")
    else:
        turn.set(goodbye=replace(session.goodbye, is_confirmed=event.finished))
        turn.record("question.answered", question="finished", agrees=event.finished, by=event.by)
        if event.finished:
            end_with_goodbye(turn)


def end_with_goodbye(turn: Turn) -> None:
    """It was a goodbye: completed."""
    endings.end(turn, endings.sure(turn, Outcome.COMPLETED, None, "goodbye"))


_SAID = frozenset({"goodbye", "call_finished"})


def may_object(session: Session) -> bool:
    """It was finished by a goodbye, or by the supporter's word alone, and nobody has objected to that."""
    verdict = session.verdict
    is_said = session.is_over and verdict is not None and verdict.reason in _SAID
    return is_said and session.objected_at is None


def objected(turn: Turn, event: Objected) -> None:
    """The seeker says that it was not finished: a scheduler looks."""
    session = turn.session
    if not may_object(session):
        turn.refuse(None, "nothing_asked")
    elif session.ended_at is not None and turn.at > session.ended_at + OBJECTION:
        turn.refuse(None, "too_late")
    else:
        turn.set(objected_at=turn.at)
        turn.record("verdict.objected", by=event.by)
