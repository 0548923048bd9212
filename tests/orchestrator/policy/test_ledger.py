"""What an ended session leaves on its people, and what that comes to: quota, strikes, reviews, decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.policy.ledger import LedgerLine, lines
from orchestrator.policy.model import (
    Cause,
    Confidence,
    Consequence,
    Outcome,
    PersonId,
    Phase,
    Quota,
    Role,
    Session,
    SessionId,
    Verdict,
)
from orchestrator.policy.programme import Strikes
from orchestrator.policy.standing import (
    Decision,
    DecisionKind,
    PersonTask,
    PersonTaskKind,
    Standing,
    StandingState,
    fold,
    open_task,
)
from orchestrator.policy.tasks import A_DAY
from tests.orchestrator.policy.scenario import START, booking

DAY = timedelta(days=1)
THREE_IN_A_MONTH = Strikes(count=3, within=30 * DAY)
ENDED_AT = START + timedelta(minutes=10)
SEEKER = booking().seeker.person
SUPPORTER = booking().supporter.person
SCHEDULER = PersonId("p-scheduler")


def ended(
    outcome: Outcome,
    cause: Cause | None,
    *,
    quota: Quota = Quota.USED,
    strike: bool = False,
    judged_at: datetime = ENDED_AT,
) -> Session:
    """A session that ended ten minutes past its start."""
    return replace(
        booking(),
        phase=Phase.ENDED,
        outcome=outcome,
        cause=cause,
        ended_at=ENDED_AT,
        consequence=Consequence(quota, reschedule=False, strike=strike),
        verdict=Verdict(outcome, cause, Confidence.SURE, "any", judged_at),
    )


# ---- lines ----------------------------------------------------------------------------------------------------------


def test_a_session_that_is_not_over_leaves_nothing():
    assert lines(booking()) == ()


def test_an_ended_session_leaves_the_seeker_a_line_with_quota_and_strike():
    # KUMAGAYA 6(4): nobody called, the session counts as used; the strike is ours.
    [line] = lines(ended(Outcome.SEEKER_NO_SHOW, Cause.SEEKER, strike=True))
    assert (line.programme, line.person, line.role) == ("kumagaya", SEEKER, Role.SEEKER)
    assert (line.quota, line.strike, line.review) == (Quota.USED, True, False)
    assert (line.session, line.at, line.outcome) == (booking().id, ENDED_AT, Outcome.SEEKER_NO_SHOW)


@pytest.mark.parametrize("outcome", [Outcome.SUPPORTER_NO_SHOW, Outcome.SUPPORTER_LATE])
def test_a_supporter_who_did_not_come_or_came_late_has_a_line(outcome):
    # IX 6-7
    seeker, supporter = lines(ended(outcome, Cause.SUPPORTER, quota=Quota.RESTORED))
    assert (seeker.person, seeker.quota) == (SEEKER, Quota.RESTORED)
    assert (supporter.person, supporter.role) == (SUPPORTER, Role.SUPPORTER)
    assert (supporter.quota, supporter.strike, supporter.review) == (None, False, False)


@pytest.mark.parametrize("outcome", [Outcome.COMPLETED, Outcome.INTERRUPTED, Outcome.CANCELLED])
def test_otherwise_nothing_is_said_of_the_supporter(outcome):
    assert [line.role for line in lines(ended(outcome, None))] == [Role.SEEKER]


@pytest.mark.parametrize("accused", [Cause.SEEKER, Cause.SUPPORTER])
def test_who_is_accused_is_under_review_and_the_other_is_not(accused):
    # KUMAGAYA 12, SAKAI 8, IX 10
    found = {line.role: line.review for line in lines(ended(Outcome.STOPPED, accused))}
    assert found[Role.SEEKER] is (accused is Cause.SEEKER)
    assert found.get(Role.SUPPORTER, False) is (accused is Cause.SUPPORTER)


def test_a_verdict_that_was_fixed_before_the_end_is_judged_at_the_end():
    [line] = lines(
        ended(Outcome.INTERRUPTED, Cause.SEEKER, judged_at=ENDED_AT - timedelta(minutes=3))
    )
    assert line.judged_at == ENDED_AT
    [line] = lines(ended(Outcome.INTERRUPTED, Cause.SEEKER, judged_at=ENDED_AT + DAY))
    assert (line.at, line.judged_at) == (ENDED_AT, ENDED_AT + DAY)


# ---- standing -------------------------------------------------------------------------------------------------------


def strike(days_ago: float, *, judged_days_ago: float | None = None) -> LedgerLine:
    """A missed session."""
    [line] = lines(ended(Outcome.SEEKER_NO_SHOW, Cause.SEEKER, strike=True))
    judged = days_ago if judged_days_ago is None else judged_days_ago
    return replace(
        line,
        session=SessionId(f"s{days_ago}"),
        at=ENDED_AT - days_ago * DAY,
        judged_at=ENDED_AT - judged * DAY,
    )


def accusation(days_ago: float) -> LedgerLine:
    """Somebody accused the seeker."""
    [line] = lines(ended(Outcome.STOPPED, Cause.SEEKER))
    at = ENDED_AT - days_ago * DAY
    return replace(line, session=SessionId(f"a{days_ago}"), at=at, judged_at=at)


def decided(kind: DecisionKind, days_ago: float, number: int = 0) -> Decision:
    return Decision(kind, ENDED_AT - days_ago * DAY, SCHEDULER, number)


def stand(
    *lines: LedgerLine,
    decisions: tuple[Decision, ...] = (),
    strikes: Strikes | None = THREE_IN_A_MONTH,
    quota: int | None = None,
) -> Standing:
    return fold(lines, decisions, strikes, quota, ENDED_AT)


def test_who_has_done_nothing_stands_well():
    standing = stand()
    assert standing == Standing(StandingState.GOOD, 0, 3, False, None, None, 0, 0, None)
    assert open_task("kumagaya", SEEKER, standing) is None


def test_strikes_make_a_task_and_refuse_nobody():
    # product.md, Outcomes: n in m days make a scheduler's task, never an automatic refusal.
    two = stand(strike(1), strike(2))
    assert (two.strikes, open_task("kumagaya", SEEKER, two)) == (2, None)
    three = stand(strike(1), strike(3), strike(2), strike(40))
    assert (three.state, three.strikes) == (StandingState.GOOD, 3)
    assert open_task("kumagaya", SEEKER, three) == PersonTask(
        "kumagaya", SEEKER, PersonTaskKind.STRIKES, ENDED_AT - DAY, ENDED_AT - DAY + A_DAY
    )


def test_a_strike_counts_until_the_programmes_span_is_over():
    assert stand(strike(29.99)).strikes == 1
    assert stand(strike(30)).strikes == 0


def test_a_programme_without_strikes_counts_none():
    # IX 6-3 knows none.
    standing = stand(*(strike(day) for day in range(9)), strikes=None)
    assert (standing.strikes, standing.strikes_for_task) == (0, None)
    assert standing.concerns_since is None


def test_one_accusation_is_a_task_and_comes_before_strikes():
    standing = stand(accusation(2), strike(3), strike(4), strike(5))
    assert standing.under_review
    task = open_task("kumagaya", SEEKER, standing)
    assert task is not None
    assert (task.kind, task.since) == (PersonTaskKind.REVIEW, ENDED_AT - 3 * DAY)
    assert standing.state is StandingState.GOOD


@pytest.mark.parametrize(
    ("kind", "state", "blocks"),
    [
        (DecisionKind.SUSPENDED, StandingState.SUSPENDED, True),
        (DecisionKind.REFUSED, StandingState.REFUSED, True),
        (DecisionKind.REINSTATED, StandingState.GOOD, False),
    ],
)
def test_only_a_decision_changes_the_state_and_it_wipes_the_slate(kind, state, blocks):
    decision = decided(kind, 1)
    standing = stand(strike(4), strike(3), strike(2), accusation(2), decisions=(decision,))
    assert (standing.state, decision.blocks) == (state, blocks)
    assert (standing.strikes, standing.under_review, standing.concerns_since) == (0, False, None)
    assert (standing.decided, standing.number) == (decision, 1)


def test_what_comes_after_a_decision_counts_again_also_a_verdict_on_an_older_session():
    decision = decided(DecisionKind.REINSTATED, 2)
    standing = stand(strike(3), strike(1), strike(4, judged_days_ago=1), decisions=(decision,))
    assert standing.strikes == 2


def test_the_last_decision_holds():
    twice = (decided(DecisionKind.REFUSED, 2), decided(DecisionKind.REINSTATED, 1, 1))
    assert stand(decisions=twice).state is StandingState.GOOD
    assert stand(decisions=twice).number == 2


def test_the_quota_counts_what_was_used_and_not_what_was_restored():
    # IX 6-1, IX 6-7
    restored = replace(strike(2), quota=Quota.RESTORED)
    of_a_supporter = replace(strike(3), quota=None)
    standing = stand(strike(1), strike(99), restored, of_a_supporter, quota=6)
    assert (standing.quota_used, standing.quota_left) == (2, 4)
    assert stand(*(strike(day) for day in range(7)), quota=6).quota_left == 0
    assert stand(strike(1)).quota_left is None


@given(st.permutations([strike(1), strike(2), strike(3), strike(31), accusation(1)]))
def test_the_order_of_lines_does_not_matter(shuffled):
    assert stand(*shuffled, quota=6) == stand(
        strike(1), strike(2), strike(3), strike(31), accusation(1), quota=6
    )
