"""What must never follow from what was seen: a small model of product.md, and the laws of one step.

`Seen` remembers what was visible from outside a session, and imports no table of the code; `check_laws` holds one step
against the five laws of `orchestrator/policy/session.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import hypothesis

from orchestrator.policy.effects import (
    REFUSALS,
    ConnectMedia,
    ExtendRoom,
    OpenRoom,
    Publish,
    Refuse,
)
from orchestrator.policy.events import (
    BookingCorrected,
    CallReported,
    Connected,
    DataRead,
    EndPressed,
    Event,
    MediaRenewed,
    NoticeGiven,
    SeatReleased,
    ServiceGap,
    Woken,
    WorkerLost,
)
from orchestrator.policy.model import (
    Medium,
    Session,
)
from orchestrator.policy.session import next_deadline, step
from orchestrator.policy.turn import Step
from orchestrator.store.codec import decode_session, encode_session

SECOND = timedelta(seconds=1)
EDGES = {
    *("scheduled>open", "open>waiting", "open>live", "waiting>live", "live>interrupted"),
    "interrupted>live",
    *(f"{phase}>ended" for phase in ("scheduled", "open", "waiting", "live", "interrupted")),
}
"""The drawing of product.md, «The session's life»."""
AGAIN = (CallReported, DataRead, MediaRenewed, NoticeGiven, ServiceGap, WorkerLost)
"""What may well happen twice; everything else, told twice, happened once."""


def may_come_again(event: Event) -> bool:
    """Whether the same, told twice, is two things; a note that is written anew is written each time."""
    return isinstance(event, AGAIN) or (isinstance(event, BookingCorrected) and event.is_noted)


AFTER_THE_END: Mapping[str, object] = {
    "version": 0,
    "clock": None,
    "reschedule": None,
    "following": None,
    "incidents": (),
    "done": (),
    "objected_at": None,
    "overrulings": (),
    "readings": 0,
    "outcome": None,
    "cause": None,
    "verdict": None,
    "consequence": None,
}
"""What may still change when a session is over: other dates, incidents, tasks, overrulings, and readings."""

OF_NOBODYS_LOSS = {"maintenance", "call_unreported", "office_ended"}
"""Reasons for which a session is interrupted though nobody was lost."""

walked: Counter[str] = Counter()


@dataclass
class Seen:
    """A model of product.md: what anybody could have seen, and what must not follow from it."""

    seeker_after_start: bool = False
    was_live: bool = False
    had_gap: bool = False
    reschedules: int = 0
    keys: set[str] = field(default_factory=set)
    away_since: dict[str, datetime] = field(default_factory=dict)
    grace_used: Counter[str] = field(default_factory=Counter)
    present: frozenset[str] = frozenset()
    ended: Session | None = None

    def check(self, before: Session, done: Step, event: Event, now: datetime) -> None:
        session = done.session
        self.had_gap |= isinstance(event, ServiceGap)
        self._check_the_version(before, done)
        self._check_what_left(done)
        self._check_the_end(session, now)
        self._check_the_outcome(session)
        self._check_the_verdict(before, session, now)
        self._check_the_instant_of_the_end(before, done)
        self._check_what_was_kept(before, session, event)
        if isinstance(event, ServiceGap):
            self._check_our_absence(before, session, event)
        elif session.is_over and not before.is_over:
            self._check_the_break(before, session, event, now)
        if isinstance(event, Connected):
            self._check_the_device(before, session, event)
        self._look(session, now)

    def _look(self, session: Session, now: datetime) -> None:
        if session.ended_at is not None:
            return
        present = {seat.id for seat in session.seats if seat.is_present}
        has_started = session.phase.value in ("waiting", "live", "interrupted")
        if has_started and session.seeker.is_present:
            self.seeker_after_start = True
        self.was_live |= session.phase.value == "live"
        for seat in self.present - present:
            if has_started:
                self.away_since[seat] = now
        for seat in present & set(self.away_since):
            allowed = self._grace(session, seat)
            since = max(self.away_since.pop(seat), session.starts_at)
            used = max(min(now - since, allowed), timedelta())
            self.grace_used[seat] += used / SECOND
        self.present = frozenset(present)

    def _grace(self, session: Session, seat: str) -> timedelta:
        """What is left of two minutes a drop, five in all, never past the end."""
        left = session.rules.grace_total - self.grace_used[seat] * SECOND
        since = max(self.away_since[seat], session.starts_at)
        return min(session.rules.grace, max(left, timedelta()), session.ends_at - since)

    def _check_the_version(self, before: Session, done: Step) -> None:
        if done.session.version == before.version:
            assert done.session is before
            assert not done.records
        else:
            assert done.session.version == before.version + 1

    def _check_what_left(self, done: Step) -> None:
        for effect in done.effects:
            if isinstance(effect, Publish):
                assert effect.key not in self.keys, "one key, one effect"
                self.keys.add(effect.key)
                self.reschedules += effect.topic == "reschedule.opened"
            elif isinstance(effect, Refuse):
                assert effect.code in REFUSALS
        assert self.reschedules <= 1 + len(done.session.overrulings)

    def _check_the_end(self, session: Session, now: datetime) -> None:
        assert (session.phase.value == "ended") is (session.outcome is not None)
        if now >= session.ends_at:
            assert session.phase.value == "ended", "the hard end is the end, whatever the phase"
        if session.ended_at is not None:
            assert session.ended_at <= session.ends_at, "nothing moves the end"
            lasting = replace(session, **AFTER_THE_END)
            assert self.ended in (None, lasting), "over is over, but for what the office does"
            self.ended = lasting

    def _check_the_outcome(self, session: Session) -> None:
        if session.outcome is None or session.ended_at is None or session.overrulings:
            return
        outcome = session.outcome.value
        if session.verdict is not None and session.verdict.reason.startswith("late_start"):
            assert session.late is not None
            return
        cutoff = min(session.starts_at + session.rules.cutoff, session.ends_at)
        if outcome in ("seeker_no_show", "supporter_no_show", "supporter_late"):
            assert session.ended_at >= cutoff, "ten minutes are ten minutes"
            assert not self.was_live
        if outcome == "seeker_no_show" and session.medium.value != "phone":
            assert session.seeker_notice or not self.seeker_after_start, (
                "who was there is no no-show"
            )
        if outcome in ("completed", "interrupted"):
            assert self.was_live
        if session.consequence and session.consequence.strike:
            assert outcome == "seeker_no_show"
            assert session.seeker_notice is None

    def _check_the_verdict(self, before: Session, session: Session, now: datetime) -> None:
        for seat in session.seats:
            if seat.loss is not None:
                assert seat.loss.grace_ends_at <= session.ends_at, "no grace lasts past the end"
            if not self.had_gap:
                assert seat.grace_used <= session.rules.grace_total
        if self.had_gap or session.ended_at is not None:
            return
        over = {
            seat: max(since, session.starts_at) + self._grace(session, seat)
            for seat, since in self.away_since.items()
            if seat in ("seeker", "supporter")
        }
        if session.verdict not in (None, before.verdict):
            assert session.verdict.at in over.values(), "no verdict before a grace is over"
        if session.phase.value == "interrupted":
            tail_at = session.ends_at - session.rules.tail
            late = {s for s, at in over.items() if at <= now and self.away_since[s] < tail_at}
            is_back = {seat.id for seat in session.seats if seat.is_present}
            assert session.verdict is not None or late <= is_back, "a grace over is judged"

    def _check_the_instant_of_the_end(self, before: Session, done: Step) -> None:
        if before.is_over:
            return
        last = {record.name for record in done.records if record.at == done.session.ends_at}
        others = {name for name in last if not name.startswith("reschedule.")}
        assert others <= {"session.moved", "session.ended", "service.gap"}, "the end wins"

    def _check_what_was_kept(self, before: Session, session: Session, event: Event) -> None:
        """Of a seat that the office keeps, time takes nothing before the end."""
        is_waited_for = before.is_kept and before.phase.value == "interrupted"
        if not is_waited_for or not isinstance(event, Woken) or session.ended_at is None:
            return
        ends_at = min(before.maintenance_at or before.ends_at, before.ends_at)
        has_agreed = before.asked is not None and before.asked.page_closed_at is not None
        assert session.ended_at == ends_at or has_agreed, "what is kept is kept until the end"

    def _check_our_absence(self, before: Session, session: Session, gap: ServiceGap) -> None:
        if session.verdict not in (None, before.verdict) and not session.is_over:
            assert session.verdict.at <= gap.began_at, "nobody is judged while we are away"
        if before.phase.value == "waiting" and session.ended_at is not None:
            is_judged_inside = gap.began_at < session.ended_at <= gap.ended_at
            assert not is_judged_inside or session.ended_at == session.ends_at

    def _check_the_break(
        self, before: Session, session: Session, event: Event, now: datetime
    ) -> None:
        if self.had_gap or session.outcome is None or session.outcome.value != "interrupted":
            return
        if session.verdict is not None and session.verdict.reason in OF_NOBODYS_LOSS:
            return
        lost = {s: at for s, at in self.away_since.items() if s in ("seeker", "supporter")}
        if isinstance(event, SeatReleased) and session.ended_at == now:
            grace_ends_at = lost["seeker"] + self._grace(session, "seeker")
            assert grace_ends_at <= now, "the supporter waits for the grace"
        is_short = session.live.total < (session.ends_at - session.starts_at) / 4
        if before.verdict is None and not isinstance(event, EndPressed) and not is_short:
            tail_at = session.ends_at - session.rules.tail
            assert any(at < tail_at for at in lost.values()), "a drop in the tail is completed"

    def _check_the_device(self, before: Session, session: Session, event: Connected) -> None:
        was, seat = before.seat(event.seat), session.seat(event.seat)
        if was is not None and seat is not None and was.consent is not None:
            assert seat.device == was.device, "who has joined is bound to a device"


def is_live_rightly(session: Session) -> bool:
    """Both are in, on a connection that is theirs, and the server hears them; or they telephone."""
    if session.medium.value == "phone":
        return all(seat.presence.value == "in" for seat in (session.seeker, session.supporter))
    return all(
        seat.presence.value == "in" and seat.connection is not None and not seat.is_media_lost
        for seat in (session.seeker, session.supporter)
    )


# The laws of one step


def same(first: Session, second: Session) -> bool:
    """Equal but for the count of versions and when they were last looked at."""
    return replace(first, version=0, clock=None) == replace(second, version=0, clock=None)


def told(*steps: Step) -> tuple[list[object], list[object]]:
    """Effects and records of steps in a row, without the keys, which carry the version."""
    effects = [it for one in steps for it in one.effects]
    return (
        [replace(it, key="") if isinstance(it, Publish) else it for it in effects],
        [it for one in steps for it in one.records],
    )


def check_laws(before: Session, event: Event, now: datetime) -> Step:
    """One step, held against the laws; returns it."""
    done = step(before, event, now)
    due = next_deadline(done.session)
    assert due is None or due.at > now, "law 3"
    late = step(done.session, Woken(), now)
    assert late.session is done.session, "law 2: a late timer changes nothing"
    assert late.effects == ()
    if not isinstance(event, ServiceGap):
        woken = step(before, Woken(), now)
        then = step(woken.session, event, now)
        assert same(then.session, done.session), "law 2: time first"
        assert told(woken, then) == told(done)
    if not may_come_again(event):
        twice = step(done.session, event, now)
        assert twice.session is done.session, f"law 5: {event} twice is once"
    if before.medium is done.session.medium is Medium.PHONE:
        opened = [it for it in done.effects if isinstance(it, OpenRoom | ConnectMedia | ExtendRoom)]
        assert opened == [], "on the telephone no media runs here"
    for record in done.records:
        if record.name == "session.moved":
            edge = f"{record.data['from']}>{record.data['to']}"
            assert edge in EDGES, "law 4"
            walked[edge] += 1
            hypothesis.event(edge)
    assert decode_session(encode_session(done.session)) == done.session
    return done
