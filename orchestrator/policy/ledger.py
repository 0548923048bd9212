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
    Outcome,
    PersonId,
    Quota,
    Role,
    Session,
    SessionId,
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
    """When the verdict that stands now was given."""
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
    judged_at = max(ended_at, verdict.at)
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
