"""Invariants 1 to 3 of the store: fence, once, outbox with its transition."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from orchestrator.policy.effects import Publish
from orchestrator.policy.model import Outcome, Phase, Record, SessionId
from orchestrator.ports import Applied, Change, Stored
from orchestrator.store.valkey import ValkeyStore
from tests.fakes import NOON, a_booking, a_commit, a_session, eventually

S1 = SessionId("s1")


async def owned(store: ValkeyStore, node: str = "node-a") -> Stored:
    """A booked session that a node has claimed."""
    await store.book(a_booking(a_session()))
    assert await store.claim(S1, node, None, 0) == 1
    return await loaded(store)


async def loaded(store: ValkeyStore) -> Stored:
    """The session as stored."""
    stored = await store.load(S1)
    assert stored is not None
    return stored


def publish(version: int, ordinal: int = 0) -> Publish:
    return Publish("session.ended", "p-seeker", f"s1:{version}:session.ended:p-seeker:{ordinal}")


async def test_a_commit_changes_session_history_and_deadline(store):
    stored = await owned(store)
    record = Record(NOON, "doors.opened", {"early": True, "by": None})

    applied = await store.commit(
        a_commit(stored.session, 1, "c1", records=(record, record), deadline=NOON, phase=Phase.OPEN)
    )

    after = await loaded(store)
    assert applied is Applied.DONE
    assert (after.session.phase, after.session.version, after.owner) == (Phase.OPEN, 1, "node-a")
    assert await store.events(S1) == [(1, record), (1, record)]
    assert await store.due(NOON) == [(S1, NOON)]


async def test_a_commit_without_deadline_takes_the_old_one_away(store):
    stored = await owned(store)
    assert await store.due(NOON) != []

    await store.commit(a_commit(stored.session, 1, "c1"))

    assert await store.due(NOON + timedelta(days=999)) == []


async def test_a_write_with_an_old_fence_is_rejected_and_leaves_no_trace(store):
    stored = await owned(store)
    assert await store.claim(S1, "node-b", "node-a", 1) == 2
    record = Record(NOON, "seat.lost")

    applied = await store.commit(
        a_commit(stored.session, 1, "c1", records=(record,), publishes=(publish(1),))
    )

    assert applied is Applied.FENCED
    assert (await loaded(store)).session == stored.session
    assert await store.events(S1) == []
    assert await store.take("node-b", 10, 0) == []


async def test_a_fence_from_the_future_is_rejected_too(store):
    stored = await owned(store)

    assert await store.commit(a_commit(stored.session, 7, "c1")) is Applied.FENCED


async def test_a_rejected_command_may_come_again_through_the_new_owner(store):
    stored = await owned(store)
    await store.claim(S1, "node-b", "node-a", 1)
    await store.commit(a_commit(stored.session, 1, "c1"))

    assert await store.commit(a_commit(stored.session, 2, "c1")) is Applied.DONE


async def test_a_command_applies_once(store):
    stored = await owned(store)
    commit = a_commit(stored.session, 1, "c1", publishes=(publish(1),))

    results = [await store.commit(commit) for _ in range(3)]

    assert results == [Applied.DONE, Applied.REPEATED, Applied.REPEATED]
    assert len(await store.take("node-a", 10, 0)) == 1


async def test_a_repeated_command_is_told_from_a_conflict_after_others_went_on(store):
    stored = await owned(store)
    first = a_commit(stored.session, 1, "c1")
    await store.commit(first)
    await store.commit(a_commit(first.session, 1, "c2"))

    assert await store.commit(first) is Applied.REPEATED


async def test_of_two_transitions_of_one_version_one_wins(store):
    stored = await owned(store)

    results = await asyncio.gather(
        *(store.commit(a_commit(stored.session, 1, f"c{n}")) for n in range(10))
    )

    assert sorted(results).count(Applied.DONE) == 1
    assert sorted(results).count(Applied.CONFLICT) == 9
    assert (await loaded(store)).session.version == 1


async def test_a_conflict_leaves_no_outbox_entry(store):
    stored = await owned(store)
    await store.commit(a_commit(stored.session, 1, "c1"))

    late = a_commit(stored.session, 1, "c2", publishes=(publish(1),))

    assert await store.commit(late) is Applied.CONFLICT
    assert await store.take("node-a", 10, 0) == []


async def test_an_applied_commit_leaves_each_of_its_publishes_once(store):
    stored = await owned(store)
    publishes = (publish(1, 0), publish(1, 1))

    await store.commit(a_commit(stored.session, 1, "c1", publishes=publishes))

    deliveries = await store.take("node-a", 10, 0)
    assert [delivery.key for delivery in deliveries] == [each.key for each in publishes]
    assert {delivery.session for delivery in deliveries} == {S1}


async def test_a_commit_for_no_session_is_a_conflict(store):
    assert await store.commit(a_commit(a_session(), 0, "c1")) is Applied.CONFLICT


async def test_of_two_claims_at_once_one_wins(store):
    await store.book(a_booking(a_session()))

    fences = await asyncio.gather(*(store.claim(S1, f"node-{n}", None, 0) for n in range(8)))

    assert sorted(fence is not None for fence in fences) == [False] * 7 + [True]
    assert (await loaded(store)).fence == 1


async def test_a_claim_needs_the_owner_that_it_saw(store):
    await owned(store)

    assert await store.claim(S1, "node-b", None, 1) is None
    assert await store.claim(S1, "node-b", "node-a", 0) is None
    assert await store.claim(SessionId("none"), "node-b", None, 0) is None
    assert await store.claim(S1, "node-b", "node-a", 1) == 2


async def test_commits_of_one_session_that_are_queued_together_apply_in_order(store):
    session = (await owned(store)).session
    commits = []
    for n in range(250):
        commits.append(a_commit(session, 1, f"c{n}", records=(Record(NOON, "n", {"n": n}),)))
        session = commits[-1].session

    results = await asyncio.gather(*(store.commit(commit) for commit in commits))

    assert set(results) == {Applied.DONE}
    assert [record.data["n"] for _, record in await store.events(S1)] == list(range(250))


async def test_the_store_may_forget_its_scripts_at_any_time(store, valkey):
    session = (await owned(store)).session
    async with Redis.from_url(valkey) as client:
        await client.script_flush()
        commit = a_commit(session, 1, "c1")
        assert await store.commit(commit) is Applied.DONE
        await client.script_flush()
        assert await store.claim(S1, "node-b", "node-a", 1) == 2


async def test_who_watches_hears_every_booking_and_commit(store):
    heard: list[Change] = []
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(store.watch(heard.append))
        session = a_session()
        for n in range(500):
            # The watch begins at an unknown moment: book until it hears something.
            await store.book(a_booking(a_session(f"x{n}", seeker=f"a{n}", supporter=f"b{n}")))
            if heard:
                break
        await store.book(a_booking(session))
        await store.claim(S1, "node-a", None, 0)
        await store.commit(a_commit(session, 1, "c1"))
        await eventually(lambda: Change(S1, 1) in heard)
        watching.cancel()

    assert [change.version for change in heard if change.session == S1] == [0, 1]


async def test_a_watcher_whose_connection_breaks_misses_nothing(store, valkey):
    heard: list[Change] = []
    session = (await owned(store)).session
    commits = []
    for n in range(40):
        commits.append(a_commit(session, 1, f"c{n}"))
        session = commits[-1].session
    async with asyncio.TaskGroup() as tasks, Redis.from_url(valkey) as client:
        watching = tasks.create_task(store.watch(heard.append))
        await eventually(lambda: bool(heard) or _poke(tasks, store))
        for n, commit in enumerate(commits):
            await store.commit(commit)
            if n % 10 == 0:
                await client.client_kill_filter(_type="normal", skipme=True)
        await eventually(lambda: Change(S1, 40) in heard)
        watching.cancel()

    versions = [change.version for change in heard if change.session == S1 and change.version]
    assert versions == list(range(1, 41))


_poked = 0


def _poke(tasks: asyncio.TaskGroup, store: ValkeyStore) -> bool:
    """Book something, so that a watch that has begun hears it."""
    global _poked
    _poked += 1
    name = f"poke{_poked}"
    tasks.create_task(store.book(a_booking(a_session(name, seeker=name, supporter=name + "s"))))
    return False


async def test_a_session_that_ends_early_frees_the_rest_of_its_slot(store):
    session = (await owned(store)).session
    window = (NOON - timedelta(hours=1), NOON + timedelta(hours=2))
    assert await store.booked(session.supporter.person, *window) == [(NOON, session.ends_at)]

    await store.commit(
        a_commit(
            session,
            1,
            "c1",
            phase=Phase.ENDED,
            outcome=Outcome.CANCELLED,
            ended_at=NOON - timedelta(minutes=30),
        )
    )

    assert await store.booked(session.supporter.person, *window) == []
    again = await store.book(a_booking(a_session("s2")))
    assert again.applied is Applied.DONE


async def test_a_session_that_ends_on_time_keeps_its_slot(store):
    session = (await owned(store)).session

    await store.commit(a_commit(session, 1, "c1", phase=Phase.ENDED, ended_at=session.ends_at))

    slots = await store.booked(session.seeker.person, NOON, NOON + timedelta(hours=1))
    assert slots == [(NOON, session.ends_at)]


@pytest.mark.parametrize("count", [0, 1, 450])
async def test_many_sessions_load_in_order_without_the_missing(store, count):
    names = [SessionId(f"m{n:03}") for n in range(count)]
    for name in names:
        await store.book(a_booking(a_session(name, seeker=f"a{name}", supporter=f"b{name}")))

    found = await store.load_many([SessionId("none"), *reversed(names)])

    assert [stored.session.id for stored in found] == names[::-1]


async def test_versions_are_told_without_the_missing(store):
    session = (await owned(store)).session
    await store.commit(a_commit(session, 1, "c1"))
    names = [SessionId(f"m{n:03}") for n in range(450)]
    for name in names:
        await store.book(a_booking(a_session(name, seeker=f"a{name}", supporter=f"b{name}")))

    found = await store.versions([SessionId("none"), session.id, *names])

    assert found == {session.id: session.version + 1} | dict.fromkeys(names, 0)


async def test_transitions_a_second_are_printed_once(store, capsys):
    clock = asyncio.get_running_loop().time
    sessions = [a_session(f"p{n}", seeker=f"a{n}", supporter=f"b{n}") for n in range(200)]
    await asyncio.gather(*(store.book(a_booking(session)) for session in sessions))
    await asyncio.gather(*(store.claim(session.id, "node-a", None, 0) for session in sessions))

    began, rounds = clock(), 5
    for turn in range(rounds):
        commits = [a_commit(session, 1, f"c{turn}") for session in sessions]
        results = await asyncio.gather(*(store.commit(commit) for commit in commits))
        assert set(results) == {Applied.DONE}
        sessions = [commit.session for commit in commits]
    rate = rounds * len(sessions) / (clock() - began)

    with capsys.disabled():
        print(f"\n200 concurrent commits: {rate:,.0f} transitions/s")  # noqa: T201 - told, not asserted
