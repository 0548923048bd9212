"""The five laws of `orchestrator/policy/session.py` against a walk that nobody wrote down.

The walk starts where something is about to happen and steps close to the deadlines: a plain random walk hardly ever
gets there (style.md, section 17). What it is compared with is a small model of product.md that imports no table of
the code: `Seen` remembers what was visible from outside, and says what must not follow from it.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from types import NoneType, UnionType
from typing import Union, get_args, get_origin, get_type_hints

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from orchestrator.policy.effects import REFUSALS, Publish, Refuse
from orchestrator.policy.events import (
    Connected,
    Event,
    MediaRenewed,
    NoticeGiven,
    ServiceGap,
    Woken,
    WorkerLost,
)
from orchestrator.policy.model import (
    ALLOWED,
    Cause,
    ConnectionId,
    DeviceId,
    PersonId,
    SeatId,
    Session,
    SessionId,
)
from orchestrator.policy.session import next_deadline, step
from orchestrator.policy.turn import Step
from orchestrator.store.codec import decode_session, encode_session
from tests.orchestrator.policy.scenario import (
    EARLY,
    IX,
    KUMAGAYA,
    Story,
    both_in_lobby,
    companion,
    live,
    moment,
    office,
    seeker,
    server,
    span,
    story,
    supporter,
)

SECOND = timedelta(seconds=1)
TIGHT = replace(KUMAGAYA, grace_total=span("2:30"), hold=span("3:00"))
EDGES = {
    *("scheduled>open", "open>waiting", "open>live", "waiting>live", "live>interrupted"),
    "interrupted>live",
    *(f"{phase}>ended" for phase in ("scheduled", "open", "waiting", "live", "interrupted")),
}
"""The drawing of product.md, «The session's life»."""
AGAIN = (MediaRenewed, NoticeGiven, ServiceGap, WorkerLost)
"""What may well happen twice; everything else, told twice, happened once."""

walked: Counter[str] = Counter()
ended_as: Counter[str] = Counter()


# What is seen from outside


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
        assert self.reschedules <= 1

    def _check_the_end(self, session: Session, now: datetime) -> None:
        assert (session.phase.value == "ended") is (session.outcome is not None)
        if now >= session.ends_at:
            assert session.phase.value == "ended", "the hard end is the end, whatever the phase"
        if session.ended_at is not None:
            assert session.ended_at <= session.ends_at, "nothing moves the end"
            lasting = replace(session, reschedule=None, version=0, clock=None)
            assert self.ended in (None, lasting), "over is over"
            self.ended = lasting

    def _check_the_outcome(self, session: Session) -> None:
        if session.outcome is None or session.ended_at is None:
            return
        outcome = session.outcome.value
        cutoff = min(session.starts_at + session.rules.cutoff, session.ends_at)
        if outcome in ("seeker_no_show", "supporter_no_show", "supporter_late"):
            assert session.ended_at >= cutoff, "ten minutes are ten minutes"
            assert not self.was_live
        if outcome == "seeker_no_show":
            assert not self.seeker_after_start, "who was there is no no-show"
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


def is_live_rightly(session: Session) -> bool:
    """Both are in, on a connection that is theirs, and the server hears them."""
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
    if not isinstance(event, AGAIN):
        twice = step(done.session, event, now)
        assert twice.session is done.session, f"law 5: {event} twice is once"
    for record in done.records:
        if record.name == "session.moved":
            edge = f"{record.data['from']}>{record.data['to']}"
            assert edge in EDGES, "law 4"
            walked[edge] += 1
            hypothesis.event(edge)
    assert decode_session(encode_session(done.session)) == done.session
    return done


# Where the walk starts

STARTS = {
    "booked": lambda rules: story(rules).at("-11:00"),
    "a page before the doors open": lambda rules: story(rules).at("-14:00", seeker.connects()),
    "early admission": lambda _: both_in_lobby(EARLY).at("-1:00"),
    "a minute to the start": lambda rules: both_in_lobby(rules).at("-1:00"),
    "nobody, near the cutoff": lambda rules: story(rules).at("9:00"),
    "seeker waits, near the cutoff": lambda rules: (
        story(rules).at("1:00", seeker.connects(), seeker.joins()).at("9:00")
    ),
    "supporter waits, near the cutoff": lambda rules: story(rules).at(
        "9:10", supporter.connects(), supporter.joins()
    ),
    "both wait, near the cutoff": lambda rules: both_in_lobby(rules).at("9:30"),
    "seeker has left, near the cutoff": lambda rules: both_in_lobby(rules).at(
        "8:30", seeker.closes_page()
    ),
    "seeker waited in vain, near the cutoff": lambda rules: (
        story(rules)
        .at("0:00", seeker.connects())
        .at("8:00", seeker.closes_page())
        .at("9:00", supporter.connects(), supporter.joins())
    ),
    "live": live,
    "live early": lambda _: live(EARLY, since="-4:00"),
    "a minute to the end": lambda rules: live(rules).at("29:00"),
    "seeker lost, grace ends": lambda rules: (
        live(rules).at("10:00", seeker.loses_line()).at("11:50")
    ),
    "supporter lost, grace ends": lambda rules: (
        live(rules).at("10:00", supporter.goes_silent()).at("11:50")
    ),
    "seeker lost, hold ends": lambda rules: (
        live(rules).at("10:00", seeker.closes_page()).at("12:55")
    ),
    "asked to wait": lambda rules: live(rules).at("10:00", supporter.closes_page()).at("12:00"),
    "asked to end": lambda rules: live(rules).at("10:00", supporter.asks_to_end()),
    "closed on the question": lambda rules: live(rules).at(
        "10:00", supporter.asks_to_end(), seeker.closes_page()
    ),
    "another device asks": lambda rules: live(rules).at("10:00", seeker.connects("tablet")),
    "tail": lambda rules: live(rules).at("28:10", seeker.loses_line()),
    "over, another date open": lambda rules: story(rules).at("10:00"),
}
PEOPLE = st.sampled_from([seeker, supporter, companion])
ACTIONS = [
    lambda who: who.connects(),
    lambda who: who.connects("tablet"),
    lambda who: who.comes_back(),
    lambda who: who.joins(),
    lambda who: who.closes_page(),
    lambda who: who.loses_line(),
    lambda who: who.goes_silent(),
    lambda who: who.is_heard(),
    lambda who: who.renews_media(),
    lambda who: who.steps_out(),
    lambda who: who.ends(),
    lambda who: who.ends(works=False),
    lambda who: who.asks_to_end(),
    lambda who: who.says(yes=True),
    lambda who: who.says(yes=False),
    lambda who: who.releases_the_seeker(),
    lambda who: who.waits(),
    lambda who: who.wants_another_date(),
    lambda who: who.will_be_late(),
    lambda who: office.answers_for(who, yes=True),
    lambda who: office.answers_for(who, yes=False),
    lambda who: supporter.answers_for(who, yes=True),
    lambda who: seeker.answers_for(who, yes=True),
    supporter.admits,
]
USUAL = [
    seeker.connects(),
    seeker.comes_back(),
    seeker.joins(),
    seeker.loses_line(),
    supporter.comes_back(),
    supporter.joins(),
    supporter.admits(seeker),
    supporter.goes_silent(),
    supporter.is_heard(),
    server.sees_media_flow(),
]
OFFICE = [
    office.notes(seeker),
    office.notes(supporter, until="14:00"),
    office.proposes("a", "b"),
    office.books("a"),
    office.books("b"),
    office.hears_no_more_dates(),
    server.loses_its_worker(),
]


class Walk(RuleBasedStateMachine):
    """A session, its people, an office, and a server whose timers may sleep."""

    def __init__(self, start: str) -> None:
        super().__init__()
        self.start = start
        self.story = story()
        self.seen = Seen()

    @initialize(rules=st.sampled_from([KUMAGAYA, IX, TIGHT, EARLY]))
    def begin(self, rules: object) -> None:
        began = STARTS[self.start](rules)
        self.story = Story(began.first)
        self.story._lines = began._lines
        for at, event in began.told:
            self.story.now = at
            self.take(event)
        self.story.now = began.now
        self.take(Woken())

    def take(self, event: Event) -> None:
        before = self.story.session
        done = check_laws(before, event, self.story.now)
        self.seen.check(before, done, event, self.story.now)
        self.story.session = decode_session(encode_session(done.session))
        if done.session is not before and done.session.is_over and not before.is_over:
            ended_as[done.session.outcome.value] += 1

    def act(self, action: object) -> None:
        self.take(action(self.story))

    @rule(action=st.sampled_from(USUAL))
    def does_the_usual(self, action: object) -> None:
        self.act(action)

    @rule(who=PEOPLE, action=st.sampled_from(ACTIONS))
    def does(self, who: object, action: object) -> None:
        self.act(action(who))

    @rule(action=st.sampled_from(OFFICE))
    def office_does(self, action: object) -> None:
        self.act(action)

    @rule(by=st.sampled_from(["seeker", "office"]), often=st.integers(0, 3))
    def office_cancels(self, by: str, often: int) -> None:
        if often == 0:
            self.act(office.cancels(by))

    @rule(seconds=st.sampled_from([0, 1, 5, 30, 61, 119, 121]), rings=st.booleans())
    def time_passes(self, seconds: int, rings: bool) -> None:
        self.story.now += seconds * SECOND
        if rings:
            self.take(Woken())

    @rule(
        offset=st.sampled_from([-60 * SECOND, -SECOND, timedelta(), timedelta(), SECOND]),
        rings=st.booleans(),
    )
    def a_deadline_comes_near(self, offset: timedelta, rings: bool) -> None:
        due = next_deadline(self.story.session)
        if due is not None and due.at < moment("60:00"):
            self.story.now = max(self.story.now, due.at + offset)
            if rings:
                self.take(Woken())

    @rule(
        seconds=st.sampled_from([1, 40, 200, 900]), new_node=st.booleans(), often=st.integers(0, 2)
    )
    def nobody_runs_it(self, seconds: int, new_node: bool, often: int) -> None:
        if often == 0:
            began, self.story.now = self.story.now, self.story.now + seconds * SECOND
            self.take(ServiceGap(began, self.story.now, new_node))

    @invariant()
    def live_means_both(self) -> None:
        session = self.story.session
        assert session.phase.value != "live" or is_live_rightly(session)


SETTINGS = settings(
    max_examples=12,
    stateful_step_count=12,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
)


def test_the_laws_hold_and_the_walk_takes_every_edge():
    walked.clear()
    ended_as.clear()
    for start in STARTS:
        run_state_machine_as_test(partial(Walk, start), settings=SETTINGS)
    assert {f"{a.value}>{b.value}" for a, bs in ALLOWED.items() for b in bs} == EDGES
    assert set(walked) == EDGES, f"never walked: {EDGES - set(walked)}"
    assert set(ended_as) >= {"completed", "interrupted", "cancelled", "not_held"}
    assert set(ended_as) >= {"seeker_no_show", "supporter_no_show", "supporter_late"}


# Law 1: everything, everywhere

SEATS = st.sampled_from(["seeker", "supporter", "companion-1", "companion-7"])
LINES = st.sampled_from(["seeker-1", "seeker-2", "supporter-1", "companion-1-1", "nobody"])
DEVICES = st.sampled_from(["seeker-own", "seeker-tablet", "supporter-own", "stolen"])
TIMES = st.integers(-700, 2400).map(lambda s: moment("0:00") + s * SECOND)
WORDS = st.sampled_from(["", KUMAGAYA.terms_version, *KUMAGAYA.attestations])
OF_TYPE = {
    SeatId: SEATS,
    ConnectionId: LINES,
    DeviceId: DEVICES,
    SessionId: WORDS,
    PersonId: WORDS,
    str: WORDS,
    bool: st.booleans(),
    int: st.integers(0, 3),
    datetime: TIMES,
    Cause: st.sampled_from(Cause),
}


def of_type(hint: object) -> st.SearchStrategy[object]:
    """Any value of a field of an event."""
    if hint in OF_TYPE:
        return OF_TYPE[hint]
    if get_origin(hint) in (Union, UnionType):
        return st.one_of(*(st.none() if it is NoneType else of_type(it) for it in get_args(hint)))
    if get_origin(hint) is tuple:
        return st.lists(of_type(get_args(hint)[0]), max_size=3).map(tuple)
    return st.builds(hint, **{name: of_type(it) for name, it in get_type_hints(hint).items()})


ANYTHING = of_type(Event)
"""Any event at all, of anybody and of nobody."""


@settings(SETTINGS, max_examples=250)
@given(
    began=st.sampled_from([told_so_far(KUMAGAYA) for told_so_far in STARTS.values()]),
    event=ANYTHING,
    seconds=st.sampled_from([0, 0, 1, 61, 121, 601, 1900]),
)
def test_every_event_is_taken_in_every_phase(began, event, seconds):
    check_laws(began.session, event, began.now + seconds * SECOND)


# The table of the cutoff, written again from product.md


@dataclass(frozen=True)
class Stay:
    """Somebody is there between two seconds of the first ten minutes, or not at all."""

    came: int
    left: int

    def is_there(self, second: int) -> bool:
        return self.came <= second < self.left

    @property
    def is_there_at_the_cutoff(self) -> bool:
        """Who goes at that very instant is still there: time comes first."""
        return self.came < 600 <= self.left

    def seconds_alone(self, other: Stay) -> int:
        return sum(self.is_there(s) and not other.is_there(s) for s in range(600))


def expected(seeker_stay: Stay, supporter_stay: Stay, has_notice: bool, ringing: int) -> str:
    """What product.md says about the cutoff when nobody comes back afterwards."""
    if supporter_stay.is_there_at_the_cutoff and seeker_stay.is_there_at_the_cutoff:
        return "goes on"
    if not supporter_stay.is_there_at_the_cutoff:
        was_lost = supporter_stay.came < 600 and supporter_stay.left > 480
        return "grace" if was_lost else "supporter_no_show"
    if has_notice:
        return "held"
    if seeker_stay.seconds_alone(supporter_stay) > 120:
        return "supporter_late"
    if seeker_stay.left >= 0 and seeker_stay.came < 600:
        return "grace" if seeker_stay.left > 480 else "not_held"
    rung = supporter_stay.seconds_alone(seeker_stay)
    return "rings on" if rung < ringing else "seeker_no_show"


STAYS = st.one_of(
    st.just(Stay(700, 700)),
    st.builds(
        lambda came, long: Stay(came, came + long),
        st.sampled_from([-60, 0, 1, 119, 120, 121, 300, 480, 539, 540, 541, 598, 599]),
        st.sampled_from([1, 60, 119, 120, 121, 240, 479, 480, 481, 600, 1200]),
    ),
)


@settings(SETTINGS, max_examples=150)
@given(
    seeker_stay=STAYS,
    supporter_stay=STAYS,
    has_notice=st.booleans(),
    rules=st.sampled_from([KUMAGAYA, IX]),
)
def test_the_cutoff_agrees_with_the_table_of_the_specification(
    seeker_stay, supporter_stay, has_notice, rules
):
    moves = [
        (seeker_stay.came, seeker.connects()),
        (seeker_stay.left, seeker.closes_page()),
        (supporter_stay.came, supporter.connects()),
        (supporter_stay.left, supporter.closes_page()),
    ]
    it = story(rules, "60:00")
    if has_notice:
        it.at("-5:00", office.notes(seeker))
    for second, action in sorted(moves, key=lambda move: move[0]):
        if second < 600:
            it.jumps_to(
                f"{'-' if second < 0 else ''}{abs(second) // 60}:{abs(second) % 60}", action
            )
    it.jumps_to("9:59.999999")
    it.take(Woken())
    it.is_not_over()
    it.jumps_to("10:00")
    it.take(Woken())
    wanted = expected(seeker_stay, supporter_stay, has_notice, int(rules.ringing.total_seconds()))
    hypothesis.event(wanted)
    if wanted in ("goes on", "grace", "held", "rings on"):
        assert it.session.outcome is None
    else:
        assert it.session.outcome is not None
        assert it.session.outcome.value == wanted


# Deadlines


@pytest.mark.parametrize("start", sorted(STARTS))
def test_nothing_changes_between_two_deadlines(start):
    began = STARTS[start](KUMAGAYA)
    session = began.session
    for _ in itertools.count():
        due = next_deadline(session)
        if due is None:
            break
        just_before = step(session, Woken(), due.at - timedelta(microseconds=1))
        assert just_before.session is session
        after = step(session, Woken(), due.at)
        assert after.session is not session, f"{due.reason} changed nothing"
        session = after.session
    assert session.is_over


def test_a_walk_without_timers_ends_where_one_with_timers_ends():
    began = STARTS["booked"](KUMAGAYA)
    slow = step(began.session, Woken(), moment("100:00")).session
    quick = began.session
    while not quick.is_over:
        quick = step(quick, Woken(), next_deadline(quick).at).session
    assert same(slow, quick)


def test_a_connection_after_the_end_is_not_seated():
    over = STARTS["over, another date open"](KUMAGAYA)
    done = step(over.session, Connected("seeker", "late", "seeker-own"), over.now)
    assert done.session is over.session
