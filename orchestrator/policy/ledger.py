"""What an ended session leaves on its people: one line a person and session, for quota and standing.

The lines follow from the session alone. The ledger keeps one line for each person, programme and session, so writing
it twice is once, and an overruling changes just what differs (product.md, Outcomes).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from orchestrator.policy.model import (
    Cause,
    Consequence,
    Outcome,
    PersonId,
    Quota,
    Role,
    Session,
    SessionId,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """What one session means for one of its people."""

    programme: str
    person: PersonId
    role: Role
    """Seeker or supporter."""
    session: SessionId
    at: datetime
    """When the session ended; strikes count from here."""
    judged_at: datetime
    """Since when it is held against the person, or not; a verdict that only confirms the one before is nothing new."""
    outcome: Outcome
    cause: Cause | None
    quota: Quota | None
    """What it does to the seeker's number of sessions; None for supporters."""
    strike: bool
    review: bool
    """Somebody accuses this person (KUMAGAYA 12, SAKAI 8, IX 10): a scheduler looks, and nothing more."""


_OF_SUPPORTERS = frozenset({Outcome.SUPPORTER_NO_SHOW, Outcome.SUPPORTER_LATE})
"""Outcomes that say something about the supporter."""


def lines(session: Session) -> tuple[LedgerLine, ...]:
    """The lines of an ended session, the seeker's first; none while it is not over."""
    return tuple(_lines(session))


def _lines(session: Session) -> Iterator[LedgerLine]:
    outcome, consequence, verdict = session.outcome, session.consequence, session.verdict
    ended_at = session.ended_at
    if outcome is None or consequence is None or verdict is None or ended_at is None:
        return
    judged_at = max(ended_at, _held_since(session, verdict, consequence))
    is_stopped = outcome is Outcome.STOPPED
    yield LedgerLine(
        programme=session.rules.programme,
        person=session.seeker.person,
        role=Role.SEEKER,
        session=session.id,
        at=ended_at,
        judged_at=judged_at,
        outcome=outcome,
        cause=session.cause,
        quota=consequence.quota,
        strike=consequence.strike,
        review=is_stopped and session.cause is Cause.SEEKER,
    )
    is_accused = is_stopped and session.cause is Cause.SUPPORTER
    if is_accused or outcome in _OF_SUPPORTERS:
        yield LedgerLine(
            programme=session.rules.programme,
            person=session.supporter.person,
            role=Role.SUPPORTER,
            session=session.id,
            at=ended_at,
            judged_at=judged_at,
            outcome=outcome,
            cause=session.cause,
            quota=None,
            strike=False,
            review=is_accused,
        )


def _held_since(session: Session, verdict: Verdict, consequence: Consequence) -> datetime:
    """When the first verdict was given of those that say without a break what the present one says of the people."""
    since, says = verdict.at, _against(verdict, consequence)
    for overruling in reversed(session.overrulings):
        if _against(overruling.before, overruling.consequence_before) != says:
            break
        since = overruling.before.at
    return since


def _against(verdict: Verdict, consequence: Consequence) -> tuple[bool, Cause | None]:
    return consequence.strike, verdict.cause if verdict.outcome is Outcome.STOPPED else None
