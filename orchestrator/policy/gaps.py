"""A stretch of time in which nobody ran the session: our own absence is never held against a person.

What fell into the gap starts again at its end: cutoffs and graces. What ran across it and ends later is lengthened by
as much as the gap took. A hard end inside a gap that took more than the tail is `interrupted`, by the platform
(product.md, Service gap). Where `ends_at` leaves no room for the cutoff to be lengthened, nobody's absence is judged
(`endings`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from orchestrator.policy import endings
from orchestrator.policy.events import ServiceGap
from orchestrator.policy.model import (
    CallState,
    Cause,
    Confidence,
    Evidence,
    Medium,
    Outcome,
    Phase,
    Session,
    Signal,
    Stretch,
    Verdict,
)
from orchestrator.policy.presence import MEDIA_WITHIN, lose, pass_warnings
from orchestrator.policy.turn import Turn


def service_gap(turn: Turn, gap: ServiceGap) -> None:
    """Apply a gap; the caller has applied all time before it, and applies the rest after it."""
    if turn.session.is_over or gap.ended_at <= gap.began_at:
        return
    now = turn.at
    lost_at = turn.at = max(gap.began_at, turn.session.clock or gap.began_at)
    turn.record("service.gap", ended_at=gap.ended_at.isoformat(), new_node=gap.is_new_node)
    if turn.session.ends_at <= gap.ended_at:
        _end_inside(turn, gap)
        return
    _pause(turn, gap)
    _move_cutoff(turn, gap)
    _move_graces(turn, gap)
    _move_reload(turn, gap)
    _move_media(turn, gap)
    turn.at = gap.ended_at
    pass_warnings(turn)  # those of the gap; what is due between its end and now is still given
    turn.at = max(now, gap.ended_at)
    if gap.is_new_node:
        _lose_everybody(turn, lost_at, gap)


def _end_inside(turn: Turn, gap: ServiceGap) -> None:
    """The hard end fell into the gap."""
    session = turn.session
    missed = session.ends_at - max(gap.began_at, session.starts_at)
    if missed <= session.rules.tail:
        if _cuts_a_grace_short(session, gap) or _cuts_the_cutoff_short(session, gap):
            turn.at = session.ends_at
            endings.end(turn, _gone_while_away(turn, gap), is_hard_end=True)
        return
    if _goes_on_without_us(session, gap) or endings.is_said_to_be_over(session):
        return  # the hard end is applied next, as if we had been there
    turn.at = session.ends_at
    if session.verdict is not None:
        verdict = session.verdict
    else:
        was_live = session.phase in {Phase.LIVE, Phase.INTERRUPTED}
        outcome = Outcome.INTERRUPTED if was_live else Outcome.NOT_HELD
        verdict = Verdict(outcome, Cause.PLATFORM, Confidence.SURE, "service_gap", turn.at)
    endings.end(turn, verdict, is_hard_end=True)


def _cuts_a_grace_short(session: Session, gap: ServiceGap) -> bool:
    """Somebody who was lost could not come back, for we were away until the end."""
    loss = endings.first_loss(session)
    return (
        session.phase is Phase.INTERRUPTED
        and session.verdict is None
        and session.goodbye is None
        and loss is not None
        and loss.grace_ends_at > gap.began_at
        and not endings.is_in_tail(session, loss.at)
    )


def _cuts_the_cutoff_short(session: Session, gap: ServiceGap) -> bool:
    """Nobody could come for a cutoff at which we were away."""
    at = session.judge_at
    return session.phase is Phase.WAITING and at is not None and at > gap.began_at


def _goes_on_without_us(session: Session, gap: ServiceGap) -> bool:
    """The call ran to its end and only its record was late: without the store, or on the telephone."""
    if session.phase is not Phase.LIVE:
        return False
    return not gap.is_new_node or (
        session.medium is Medium.PHONE and session.call is CallState.ANSWERED
    )


def _gone_while_away(turn: Turn, gap: ServiceGap) -> Verdict:
    was_live = turn.session.phase is Phase.INTERRUPTED
    return Verdict(
        Outcome.INTERRUPTED if was_live else Outcome.NOT_HELD,
        Cause.PLATFORM,
        Confidence.LIKELY,
        "service_gap",
        turn.at,
        _with_gap((), gap),
    )


def _pause(turn: Turn, gap: ServiceGap) -> None:
    """Nobody rang and nobody waited for somebody while we were away; the call itself may have gone on."""

    def paused(stretch: Stretch) -> Stretch:
        if stretch.since is None:
            return stretch
        return Stretch(stretch.total + (turn.at - stretch.since), max(gap.ended_at, turn.at))

    session = turn.session
    live = paused(session.live) if gap.is_new_node else session.live
    turn.set(
        waited=paused(session.waited),
        waited_for_us=paused(session.waited_for_us),
        rung=paused(session.rung),
        live=live,
    )
    if session.phase not in {Phase.LIVE, Phase.INTERRUPTED}:
        away = gap.ended_at - max(gap.began_at, session.starts_at)
        turn.set(away_by_us=session.away_by_us + max(away, timedelta()))


def _move_cutoff(turn: Turn, gap: ServiceGap) -> None:
    session = turn.session
    if session.judge_at is None:
        return
    starts_at = max(gap.began_at, session.starts_at)
    moved = _moved(session.judge_at, starts_at, gap.ended_at, session.rules.cutoff)
    moved = min(moved, session.ends_at)
    if moved != session.judge_at:
        turn.set(judge_at=moved)
        turn.record("cutoff.moved", until=moved.isoformat())


def _move_graces(turn: Turn, gap: ServiceGap) -> None:
    session: Session = turn.session
    for seat in session.seats:
        loss = seat.loss
        if loss is None or loss.judged or loss.grace_ends_at <= gap.began_at:
            continue
        began_at = max(gap.began_at, loss.counted_from)
        ends_at = _moved(loss.grace_ends_at, began_at, gap.ended_at, session.rules.grace)
        missed = max(gap.ended_at - began_at, timedelta())
        starts_again = loss.grace_ends_at <= gap.ended_at
        moved = replace(
            loss,
            grace_ends_at=min(ends_at, session.ends_at),
            evidence=_with_gap(loss.evidence, gap),
            counts_from=gap.ended_at if starts_again else loss.counted_from + missed,
        )
        turn.set_seat(seat.id, loss=moved)


def _move_reload(turn: Turn, gap: ServiceGap) -> None:
    """Nobody could come back from a reload while we were away: the page's closing counts from the return."""
    asked = turn.session.asked
    if asked is not None and asked.page_closed_at is not None:
        closed_at = max(asked.page_closed_at, gap.ended_at)
        turn.set(asked=replace(asked, page_closed_at=closed_at))


def _move_media(turn: Turn, gap: ServiceGap) -> None:
    """Nothing could flow, or be seen to flow, while we were away."""
    due = turn.session.media_due_at
    if due is not None:
        turn.set(media_due_at=max(due, gap.ended_at + MEDIA_WITHIN))


def _moved(deadline: datetime, gap_from: datetime, gap_to: datetime, span: timedelta) -> datetime:
    """Where a deadline lies after a gap: unchanged, lengthened, or started again."""
    if deadline <= gap_from or gap_to <= gap_from:
        return deadline
    if deadline <= gap_to:
        return gap_to + span
    return deadline + (gap_to - gap_from)


def _with_gap(known: tuple[Evidence, ...], gap: ServiceGap) -> tuple[Evidence, ...]:
    seconds = round((gap.ended_at - gap.began_at).total_seconds(), 1)
    seen = Evidence(Signal.SERVICE_GAP, gap.began_at, None, seconds)
    return known if any(one.signal is seen.signal for one in known) else (*known, seen)


def _lose_everybody(turn: Turn, lost_at: datetime, gap: ServiceGap) -> None:
    """The old node's connections and media rooms are gone; the way back is open."""
    for seat in turn.session.seats:
        # Also of a seat that was away: its page still names the epoch of a room that is gone.
        epoch = seat.media_epoch + 1 if seat.is_admitted else seat.media_epoch
        gone = turn.set_seat(
            seat.id, connection=None, media_epoch=epoch, is_media_lost=False, claim=None
        )
        if seat.connection is not None:
            gone = turn.set_seat(seat.id, was_lost_by_us=True)
            seen = _with_gap((), gap)
            lose(turn, gone, *seen, lost_at=lost_at, grace_from=gap.ended_at)
