"""The five laws of `orchestrator/policy/session.py` against a walk that nobody wrote down.

The walk starts where something is about to happen and steps close to the deadlines: a plain random walk hardly ever
gets there (style.md, section 17). What it is compared with is the small model of product.md in `seen.py`.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from types import NoneType, UnionType
from typing import Union, get_args, get_origin, get_type_hints

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

from orchestrator.policy.events import (
    Connected,
    Event,
    ServiceGap,
    Woken,
)
from orchestrator.policy.model import (
    ALLOWED,
    CallState,
    Cause,
    ConnectionId,
    DeviceId,
    IncidentKind,
    Medium,
    Outcome,
    PersonId,
    Purpose,
    SeatId,
    SessionId,
    Signal,
)
from orchestrator.policy.session import next_deadline, step
from orchestrator.store.codec import decode_session, encode_session
from tests.orchestrator.policy.scenario import (
    EARLY,
    EXTENSIBLE,
    IX,
    KUMAGAYA,
    Story,
    both_in_lobby,
    by_phone,
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
from tests.orchestrator.policy.seen import (
    EDGES,
    SECOND,
    Seen,
    check_laws,
    is_live_rightly,
    same,
    walked,
)

TIGHT = replace(KUMAGAYA, grace_total=span("2:30"), hold=span("3:00"))

ended_as: Counter[str] = Counter()


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
    "seeker gave notice, a minute to the end": lambda rules: (
        story(rules).at("8:00", supporter.connects(), office.notes(seeker)).at("29:00")
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
    "seeker lost twice over, grace ends": lambda rules: (
        live(rules).at("10:00", seeker.goes_silent()).at("11:00", seeker.loses_line()).at("11:50")
    ),
    "seeker lost, hold ends": lambda rules: (
        live(rules).at("10:00", seeker.closes_page()).at("12:55")
    ),
    "seeker lost and kept, a minute to the end": lambda rules: (
        live(rules)
        .at("10:00", seeker.closes_page())
        .at("11:00", office.keeps_the_seats())
        .at("29:00")
    ),
    "asked to wait": lambda rules: live(rules).at("10:00", supporter.closes_page()).at("12:00"),
    "asked to end": lambda rules: live(rules).at("10:00", supporter.asks_to_end()),
    "closed on the question": lambda rules: live(rules).at(
        "10:00", supporter.asks_to_end(), seeker.closes_page()
    ),
    "another device asks": lambda rules: live(rules).at("10:00", seeker.connects("tablet")),
    "tail": lambda rules: live(rules).at("28:10", seeker.loses_line()),
    "supporter late, seeker asked": lambda rules: (
        story(rules)
        .at("0:00", seeker.connects(), seeker.joins())
        .at("5:00", supporter.connects(), supporter.joins(), supporter.admits(seeker))
        .is_refused("asking_seeker")
    ),
    "begun late": lambda rules: (
        story(rules)
        .at("0:00", seeker.connects(), seeker.joins())
        .at("5:00", supporter.connects(), supporter.joins(), supporter.admits(seeker))
        .is_refused("asking_seeker")
        .at("6:30", server.sees_media_flow())
    ),
    "live without media": lambda rules: both_in_lobby(rules).at("0:00", supporter.admits(seeker)),
    "telephone, nobody called": lambda rules: by_phone(rules, "30:00").at(
        "0:00", supporter.connects()
    ),
    "telephone, they talk": lambda rules: by_phone(rules, "30:00").at(
        "0:00", supporter.connects(), supporter.reports("calling"), supporter.reports("answered")
    ),
    "switched to the telephone": lambda rules: live(rules).at(
        "5:00", supporter.switches_to("phone")
    ),
    "seeker has said goodbye": lambda rules: live(rules).at("20:00", seeker.closes_page()),
    "both have said goodbye": lambda rules: (
        live(rules).at("20:00", seeker.closes_page()).at("20:05", supporter.closes_page())
    ),
    "maintenance ahead": lambda rules: live(rules).at("5:00", office.plans_maintenance("12:00")),
    "a later end is asked for": lambda _: live(EXTENSIBLE).at(
        "5:00", office.moves_the_end("40:00")
    ),
    "stopped": lambda rules: live(rules).at("5:00", seeker.stops_for("conduct", supporter)),
    "over and overruled": lambda rules: (
        story(rules).at("10:00").at("11:00", office.overrules("seeker_no_show", "seeker"))
    ),
    "over, another date open": lambda rules: story(rules).at("10:00"),
}
PEOPLE = st.sampled_from([seeker, supporter, companion])
ACTIONS = [
    lambda who: who.connects(),
    lambda who: who.connects("tablet"),
    lambda who: who.is_turned_away(),
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
    lambda who: who.begins(),
    lambda who: who.switches_to("audio"),
    lambda who: who.switches_to("phone"),
    lambda who: who.switches_to("video"),
    lambda who: who.reports("calling"),
    lambda who: who.reports("answered"),
    lambda who: who.reports("no_answer"),
    lambda who: who.reports("finished"),
    lambda who: who.says_finished(yes=True),
    lambda who: who.says_finished(yes=False),
    lambda who: who.objects(),
    lambda who: who.raises_a_problem(),
    lambda who: who.wants_the_next_session(),
    lambda who: who.is_observed("line_bad", 0.3),
    lambda who: who.is_observed("page_offline", 12.0, ago="0:30"),
    lambda who: seeker.stops_for("conduct", who),
    lambda who: supporter.stops_for("recording", who),
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
    supporter.releases_the_seeker(),
    server.sees_media_flow(),
]
OFFICE = [
    office.notes(seeker),
    office.revokes_the_link_of(seeker),
    office.renews_the_link_of(seeker),
    office.notes(supporter, until="14:00"),
    office.proposes("a", "b"),
    office.books("a"),
    office.books("b"),
    office.hears_no_more_dates(),
    office.proposes_next("c"),
    office.books_next("c"),
    office.hears_no_more_dates("next"),
    office.cancels_what_was_booked("a"),
    office.cancels_what_was_booked("c", "next"),
    office.reports("calling"),
    office.reports("no_answer"),
    office.hears_finished(yes=True),
    office.files("technical"),
    office.files("conduct", seeker),
    office.resolves("incident-1"),
    office.overrules("completed"),
    office.overrules("interrupted", "platform"),
    office.overrules("seeker_no_show", "seeker", number=1),
    office.ticks_off("confirm_cause"),
    office.reads_what_was_noted(),
    office.reassigns(),
    office.corrects(seeker_name="ひまわり"),
    office.corrects(companions=("通訳",)),
    office.ends(),
    office.ends(held=True),
    office.keeps_the_seats(),
    office.plans_maintenance("12:00"),
    office.plans_maintenance(None),
    office.moves_the_end("40:00"),
    server.holds_the_end("40:00"),
    server.sends_the_message(),
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

KINDS = (Cause, CallState, IncidentKind, Medium, Outcome, Purpose, Signal)
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
    float: st.floats(0, 100),
    **{kind: st.sampled_from(kind) for kind in KINDS},
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
