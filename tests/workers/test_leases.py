"""Leases on the real store, with time that the test moves (invariants 1 and 5)."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from redis.asyncio import Redis

from orchestrator.clock import StoreClock
from orchestrator.errors import Conflict, Fenced, NotFound, Unavailable
from orchestrator.policy.model import SessionId
from orchestrator.ports import Applied
from orchestrator.store.valkey import ValkeyStore
from tests.fakes import NOON, FakeClock, a_booking, a_commit, a_session, eventually
from workers import leases
from workers.leases import Leases

TTL = timedelta(seconds=2)
BEAT = TTL / 4
S1 = SessionId("s1")


class Node:
    """One node: its leases, its own machine's clock, and what it took over."""

    def __init__(self, store: ValkeyStore, name: str, *, sole: bool = False) -> None:
        self.name = name
        self.clock = FakeClock(NOON)
        self.taken: dict[SessionId, tuple[int, datetime | None]] = {}
        self.leases = Leases(store, name, self.clock, self._note, ttl=TTL, sole=sole)

    async def _note(self, session: SessionId, fence: int, gap_began_at: datetime | None) -> None:
        self.taken[session] = (fence, gap_began_at)


async def pass_time(span: timedelta, *nodes: Node) -> None:
    """Let time pass for some nodes, each beating and looking round as it does when it runs."""
    for _ in range(span // BEAT):
        for node in nodes:
            node.clock.advance(BEAT)
            await node.leases._beat()
            await node.leases._take_over_dead()


async def started(store: ValkeyStore, *names: str, sole: bool = False) -> list[Node]:
    nodes = [Node(store, name, sole=sole) for name in names]
    for node in nodes:
        await node.leases.start()
    return nodes


async def book(store: ValkeyStore, count: int = 1) -> list[SessionId]:
    sessions = [a_session(f"s{n}", seeker=f"a{n}", supporter=f"b{n}") for n in range(1, count + 1)]
    for session in sessions:
        await store.book(a_booking(session))
    return [session.id for session in sessions]


async def test_an_unowned_session_is_claimed_without_a_gap(store):
    (node,) = await started(store, "a")
    await book(store)

    assert await node.leases.acquire(S1) == (1, None)


async def test_acquiring_again_keeps_the_fence(store):
    (node,) = await started(store, "a")
    await book(store)
    await node.leases.acquire(S1)

    assert await node.leases.acquire(S1) == (1, None)


async def test_a_session_of_a_living_node_is_not_taken(store):
    a, b = await started(store, "a", "b")
    await book(store)
    await a.leases.acquire(S1)
    await pass_time(5 * TTL, a, b)

    with pytest.raises(Fenced):
        await b.leases.acquire(S1)
    assert b.taken == {}


async def test_of_many_nodes_that_acquire_at_once_one_owns(store):
    nodes = await started(store, *"abcdef")
    await book(store)

    results = await asyncio.gather(
        *(node.leases.acquire(S1) for node in nodes), return_exceptions=True
    )

    assert [type(result) for result in results].count(Fenced) == 5
    assert (1, None) in results


async def test_the_rooms_of_a_silent_node_are_taken_within_one_and_a_half_ttl(store):
    a, b = await started(store, "a", "b")
    sessions = await book(store, 30)
    for session in sessions:
        await a.leases.acquire(session)
    await pass_time(2 * TTL, a, b)
    last_beat = (await store.beat("b", 2000))["a"]

    await pass_time(1.5 * TTL, b)

    assert b.taken == dict.fromkeys(sessions, (2, last_beat))
    assert b.leases.living == {"b"}


async def test_nothing_is_taken_before_the_ttl_is_over(store):
    a, b = await started(store, "a", "b")
    await book(store)
    await a.leases.acquire(S1)
    await pass_time(2 * TTL, a, b)

    await pass_time(TTL - BEAT, b)

    assert b.taken == {}


async def test_two_heirs_share_a_dead_nodes_rooms(store):
    a, b, c = await started(store, "a", "b", "c")
    sessions = await book(store, 60)
    for session in sessions:
        await a.leases.acquire(session)
    await pass_time(2 * TTL, a, b, c)

    await pass_time(2 * TTL, b, c)

    assert set(b.taken) | set(c.taken) == set(sessions)
    assert not set(b.taken) & set(c.taken)
    assert len(b.taken) > 10
    assert len(c.taken) > 10


async def test_an_heir_that_dies_too_is_no_heir(store):
    a, b, c = await started(store, "a", "b", "c")
    sessions = await book(store, 20)
    for session in sessions:
        await a.leases.acquire(session)
    await pass_time(2 * TTL, a, b, c)

    await pass_time(3 * TTL, b)

    assert set(b.taken) == set(sessions)


async def test_a_node_that_just_came_does_not_judge(store):
    a, b = await started(store, "a", "b")
    await book(store)
    await a.leases.acquire(S1)
    await pass_time(2 * TTL, a, b)
    (newcomer,) = await started(store, "c")

    await pass_time(TTL, newcomer)

    assert newcomer.taken == {}
    with pytest.raises(Fenced):
        await newcomer.leases.acquire(S1)


async def test_a_node_that_was_cut_off_does_not_steal(store):
    a, b = await started(store, "a", "b")
    await book(store)
    await a.leases.acquire(S1)
    await pass_time(3 * TTL, a, b)

    # b neither beats nor hears for a long while, in which a lives; then it is back before a's next beat.
    b.clock.advance(10 * TTL)
    await b.leases._take_over_dead()
    with pytest.raises(Fenced):
        await b.leases.acquire(S1)
    await pass_time(BEAT, b)
    assert b.taken == {}

    await pass_time(3 * TTL, a, b)
    assert b.taken == {}


async def test_after_an_outage_of_the_store_nobody_steals(store):
    a, b = await started(store, "a", "b")
    sessions = await book(store, 10)
    for session in sessions[:5]:
        await a.leases.acquire(session)
    for session in sessions[5:]:
        await b.leases.acquire(session)
    await pass_time(3 * TTL, a, b)
    for node in (a, b):
        node.clock.advance(20 * TTL)

    await pass_time(TTL, b)
    await pass_time(3 * TTL, a, b)

    assert a.taken == b.taken == {}


async def test_a_paused_node_comes_back_fenced_and_its_rooms_stay_taken(store):
    a, b = await started(store, "a", "b")
    await book(store)
    fence, _ = await a.leases.acquire(S1)
    await pass_time(2 * TTL, a, b)
    await pass_time(2 * TTL, b)
    a.clock.advance(2 * TTL)
    await pass_time(2 * TTL, a, b)

    late = a_commit(a_session(seeker="a1", supporter="b1"), fence, "c1")
    assert await store.commit(late) is Applied.FENCED
    assert b.taken[S1][0] == 2
    assert a.leases.living == b.leases.living == {"a", "b"}


async def test_a_node_that_died_twice_is_taken_over_twice(store):
    a, b = await started(store, "a", "b")
    sessions = await book(store, 2)
    await a.leases.acquire(sessions[0])
    await pass_time(2 * TTL, a, b)
    await pass_time(2 * TTL, b)
    a.clock.advance(2 * TTL)
    await pass_time(2 * TTL, a, b)
    await a.leases.acquire(sessions[1])

    await pass_time(2 * TTL, b)

    assert set(b.taken) == set(sessions)


async def test_a_restarted_sole_node_takes_its_predecessors_session_at_once(store):
    (old,) = await started(store, "old", sole=True)
    await book(store)
    await old.leases.acquire(S1)
    last_beat = (await store.beat("old", 2000))["old"]

    (new,) = await started(store, "new", sole=True)

    assert await new.leases.acquire(S1) == (2, last_beat)


async def test_a_sole_node_takes_over_with_its_first_look(store):
    (old,) = await started(store, "old", sole=True)
    sessions = await book(store, 3)
    for session in sessions:
        await old.leases.acquire(session)

    (new,) = await started(store, "new", sole=True)
    await new.leases._take_over_dead()

    assert set(new.taken) == set(sessions)


async def test_a_sole_node_does_not_steal_from_one_that_came_later(store):
    first, _ = await started(store, "first", "none", sole=True)
    (second,) = await started(store, "second")
    await book(store)
    await second.leases.acquire(S1)

    with pytest.raises(Fenced):
        await first.leases.acquire(S1)


async def test_an_owner_that_nobody_has_heard_of_yet_is_looked_for_first(store):
    (first,) = await started(store, "first")
    await pass_time(3 * TTL, first)
    (second,) = await started(store, "second")
    await book(store)
    await second.leases.acquire(S1)

    with pytest.raises(Fenced):
        await first.leases.acquire(S1)


async def test_what_fell_due_while_nobody_ran_has_a_gap_since_the_last_heartbeat(store, valkey):
    long_ago = await store.server_time() - timedelta(hours=3)
    await store.beat("old", 2000)
    async with Redis.from_url(valkey) as client:
        await client.zadd("nodes", {"old": int(long_ago.timestamp()) * 1_000_000})
    overdue = a_session("overdue", starts_at=long_ago + timedelta(hours=1))
    await store.book(a_booking(overdue))
    (new,) = await started(store, "new", sole=True)
    later = a_session("later", starts_at=overdue.ends_at)
    await store.book(a_booking(later))

    assert await new.leases.acquire(overdue.id) == (1, long_ago.replace(microsecond=0))
    assert await new.leases.acquire(overdue.id) == (1, None)
    assert await new.leases.acquire(later.id) == (1, None)


async def test_what_does_not_exist_is_not_found(store):
    (node,) = await started(store, "a")

    with pytest.raises(NotFound):
        await node.leases.acquire(S1)


class _LostAnswers:
    """A store whose next answer to a claim is lost on the way; a real one does that when a line breaks."""

    def __init__(self, store: ValkeyStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def claim(self, *args: object) -> int | None:
        await self._store.claim(*args)
        raise Unavailable("store")


async def test_a_claim_whose_answer_was_lost_still_tells_its_gap(store):
    (old,) = await started(store, "old", sole=True)
    await book(store)
    await old.leases.acquire(S1)
    last_beat = (await store.beat("old", 2000))["old"]
    (new,) = await started(_LostAnswers(store), "new", sole=True)
    with pytest.raises(Unavailable):
        await new.leases.acquire(S1)

    assert await new.leases.acquire(S1) == (2, last_beat)


class _SomebodyFaster:
    """A store in which another node claims first, whatever we do."""

    def __init__(self, store: ValkeyStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def claim(self, *_: object) -> int | None:
        return None


async def test_gaps_of_sessions_that_others_have_claimed_do_not_pile_up(store, monkeypatch):
    monkeypatch.setattr(leases, "GAPS_KEPT", 3)
    (old,) = await started(store, "old", sole=True)
    unowned, *owned = await book(store, 11)
    for session in owned:
        await old.leases.acquire(session)
    (new,) = await started(_SomebodyFaster(store), "new", sole=True)

    for session in (*owned, unowned):
        with pytest.raises(Conflict):
            await new.leases.acquire(session)

    assert list(new.leases._gaps) == owned[-3:]


# ---- absences of the store ------------------------------------------------------------------------------------------


class _Counted:
    """A store that counts the heartbeats, and does not answer the first few of them."""

    def __init__(self, store: ValkeyStore) -> None:
        self._store = store
        self.beats = 0
        self.fails = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def beat(self, node: str, ttl_ms: int) -> object:
        self.beats += 1
        if self.beats <= self.fails:
            raise Unavailable("store")
        return await self._store.beat(node, ttl_ms)


async def test_a_store_that_answers_was_not_away_and_is_asked_once_for_all(store):
    counted = _Counted(store)
    (node,) = await started(counted, "a")
    node.clock.advance(BEAT)
    counted.beats = 0

    asked = [node.leases.absence_at(node.clock.now()) for _ in range(50)]

    assert await asyncio.gather(*asked) == [None] * 50
    assert counted.beats == 1
    assert await node.leases.absence_at(node.clock.now() - BEAT) is None
    assert counted.beats == 1


async def test_a_store_that_does_not_answer_is_away_since_the_last_heartbeat_for_all_who_ask(store):
    counted = _Counted(store)
    (node,) = await started(counted, "a")
    since = node.clock.now()
    node.clock.advance(BEAT)
    counted.beats, counted.fails = 0, 2

    asked = [node.leases.absence_at(node.clock.now()) for _ in range(50)]

    assert await asyncio.gather(*asked) == [since] * 50
    assert await node.leases.absence_at(node.clock.now()) is None


async def test_a_moment_at_which_the_heartbeats_failed_is_one_of_absence(store):
    counted = _Counted(store)
    (node,) = await started(counted, "a")
    since = node.clock.now()
    node.clock.advance(BEAT)
    counted.beats, counted.fails = 0, 1
    await node.leases._try_to_beat()

    assert await node.leases.absence_at(node.clock.now()) == since


async def beating(store: ValkeyStore) -> Node:
    """A node whose leases have run: it counts on its heartbeats."""
    (node,) = await started(store, "a")
    running = asyncio.ensure_future(node.leases.run())
    await eventually(lambda: node.leases._beats_by_itself)
    running.cancel()
    return node


async def test_what_lies_between_two_heartbeats_far_apart_is_an_absence_that_is_over(store):
    node = await beating(store)
    first = node.clock.now()
    node.clock.advance(leases.ABSENCE)
    await node.leases._beat()
    began = node.clock.now()
    assert not node.leases.absences_since(first), "as late as a busy machine may be"
    node.clock.advance(timedelta(minutes=3))
    await node.leases._beat()
    ended = node.clock.now()

    assert node.leases.absences_since(first) == [(began, ended)]
    assert not node.leases.absences_since(ended)


async def test_of_absences_without_number_the_newest_are_kept(store):
    node = await beating(store)
    first = node.clock.now()
    for _ in range(leases.ABSENCES_KEPT + 1):
        node.clock.advance(2 * leases.ABSENCE)
        await node.leases._beat()

    known = node.leases.absences_since(first)
    assert len(known) == leases.ABSENCES_KEPT
    assert known[-1][1] == node.clock.now()


async def test_running_leases_beat_and_take_over_by_themselves(store):
    clock = await StoreClock.start(store)
    session = a_session(starts_at=clock.now())
    await store.book(a_booking(session))
    ttl = timedelta(seconds=0.4)
    taken: list[SessionId] = []

    async def note(taken_session: SessionId, _fence: int, _gap: datetime | None) -> None:
        taken.append(taken_session)

    dead = Leases(store, "dead", clock, note, ttl=ttl)
    living = Leases(store, "living", clock, note, ttl=ttl)
    await dead.start()
    await living.start()
    await dead.acquire(session.id)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(living.run())
        await eventually(lambda: taken == [session.id])
        running.cancel()
