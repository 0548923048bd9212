"""How a person stands with a programme: a fold of the ledger and of what schedulers decided.

Strikes and reviews make a task for a scheduler and refuse nobody by themselves; only a decision does (product.md,
Outcomes). Each decision wipes the slate: what counts is what came after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.policy.ledger import LedgerLine
from orchestrator.policy.model import PersonId, Quota
from orchestrator.policy.programme import Strikes
from orchestrator.policy.tasks import A_DAY


class DecisionKind(StrEnum):
    """What a scheduler decided about a person."""

    SUSPENDED = "suspended"
    """No new booking until further notice."""
    REFUSED = "refused"
    """The service is refused for good (KUMAGAYA 12, SAKAI 8, IX 10)."""
    REINSTATED = "reinstated"
    """In good standing; also the answer to a task that turns out to be nothing."""


class StandingState(StrEnum):
    """Whether a person can be booked."""

    GOOD = "good"
    SUSPENDED = "suspended"
    REFUSED = "refused"


_LEADS_TO = {
    DecisionKind.SUSPENDED: StandingState.SUSPENDED,
    DecisionKind.REFUSED: StandingState.REFUSED,
    DecisionKind.REINSTATED: StandingState.GOOD,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, when and by whom; the reason lies in the person's erasable data."""

    kind: DecisionKind
    at: datetime
    by: PersonId
    number: int
    """Counts a person's decisions in a programme, from 0."""
    cancels: bool = False
    """The bookings that the person has are cancelled; else they stand."""

    @property
    def blocks(self) -> bool:
        """Nobody can book this person any more."""
        return _LEADS_TO[self.kind] is not StandingState.GOOD


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person stands with a programme at a moment."""

    state: StandingState
    strikes: int
    """Within the programme's span, since the last decision."""
    strikes_for_task: int | None
    """So many make a task; None: the programme knows no strikes (IX 6-3)."""
    under_review: bool
    """Somebody has accused this person since the last decision."""
    concerns_since: datetime | None
    """When it became a scheduler's matter; None: it is none."""
    decided: Decision | None
    """The last decision."""
    number: int
    """How many decisions there are; the next one names it."""
    quota_used: int
    quota_left: int | None
    """None: the programme has no quota (KUMAGAYA 3)."""


class PersonTaskKind(StrEnum):
    """Why somebody has to look at a person."""

    STRIKES = "strikes"
    """So many sessions missed without a word (KUMAGAYA 6(4))."""
    REVIEW = "review"
    """Somebody accuses this person (KUMAGAYA 12, SAKAI 8, IX 10)."""


@dataclass(frozen=True, slots=True)
class PersonTask:
    """A person to look at; there is one for each person and programme at most, and a decision ends it."""

    programme: str
    person: PersonId
    kind: PersonTaskKind
    since: datetime
    due_at: datetime


def fold(
    lines: Sequence[LedgerLine],
    decisions: Sequence[Decision],
    strikes: Strikes | None,
    quota: int | None,
    now: datetime,
) -> Standing:
    """What lines and decisions come to.

    Args:
        lines: of one person in one programme, in any order.
        decisions: oldest first.
        strikes: the programme's; None: it knows none.
        quota: the programme's sessions per contract; None: it has none.
        now: strikes older than the programme's span do not count.
    """
    last = decisions[-1] if decisions else None
    new = [line for line in lines if last is None or line.judged_at > last.at]
    struck = sorted(
        line.judged_at
        for line in new
        if line.strike and strikes is not None and line.at > now - strikes.within
    )
    reviews = [line.judged_at for line in new if line.review]
    used = sum(line.quota is Quota.USED for line in lines)
    concerns = list(reviews)
    if strikes is not None and len(struck) >= strikes.count:
        concerns.append(struck[strikes.count - 1])
    return Standing(
        state=StandingState.GOOD if last is None else _LEADS_TO[last.kind],
        strikes=len(struck),
        strikes_for_task=strikes.count if strikes is not None else None,
        under_review=bool(reviews),
        concerns_since=min(concerns, default=None),
        decided=last,
        number=len(decisions),
        quota_used=used,
        quota_left=max(quota - used, 0) if quota is not None else None,
    )


def open_task(programme: str, person: PersonId, standing: Standing) -> PersonTask | None:
    """The task that a standing makes, or None."""
    since = standing.concerns_since
    if since is None:
        return None
    kind = PersonTaskKind.REVIEW if standing.under_review else PersonTaskKind.STRIKES
    return PersonTask(programme, person, kind, since, since + A_DAY)
