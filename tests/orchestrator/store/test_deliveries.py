"""The outbox's other end (invariant 3), and the nodes' heartbeats."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from orchestrator.policy.effects import Publish
from orchestrator.policy.model import SessionId
from orchestrator.store import keys
from orchestrator.store.valkey import ValkeyStore
from tests.fakes import a_booking, a_commit, a_session

IDLE_MS = 50


@pytest.fixture
async def hasty(valkey) -> AsyncIterator[ValkeyStore]:
    """A store in which deliveries count as left behind after 50 ms."""
    async with ValkeyStore(valkey, idle_ms=IDLE_MS) as opened:
        yield opened


async def fill(store: ValkeyStore, count: int) -> list[str]:
    """That many outbox entries; their keys."""
    session = a_session()
    await store.book(a_booking(session))
    await store.claim(session.id, "node-a", None, 0)
    publishes = tuple(Publish("topic", "p", f"key-{n}") for n in range(count))
    await store.commit(a_commit(session, 1, "c1", publishes=publishes))
    return [publish.key for publish in publishes]


async def take_until(store: ValkeyStore, node: str, count: int) -> list[str]:
    """Take until that many came; their keys."""
    taken: list[str] = []
    async with asyncio.timeout(5):
        while len(taken) < count:
            taken += [delivery.key for delivery in await store.take(node, 10, 20)]
    return taken


async def test_each_entry_goes_to_one_node(store):
    expected = await fill(store, 30)

    taken = await asyncio.gather(*(store.take(f"node-{n}", 10, 0) for n in range(5)))

    assert sorted(delivery.key for each in taken for delivery in each) == sorted(expected)


async def test_what_was_acknowledged_never_comes_again_and_leaves_the_store(hasty, valkey):
    *expected, left = await fill(hasty, 3)
    for delivery in await hasty.take("node-a", 10, 0):
        if delivery.key in expected:
            await hasty.acknowledge(delivery)

    # When the one that was left comes round, the others would have come too.
    assert await take_until(hasty, "node-b", 1) == [left]
    async with Redis.from_url(valkey) as client:
        assert await client.xlen(keys.OUTBOX) == 1


async def test_what_a_dead_node_took_comes_to_another(hasty):
    expected = await fill(hasty, 25)
    assert len(await hasty.take("node-dead", 25, 0)) == 25

    taken = await take_until(hasty, "node-b", 25)

    assert sorted(set(taken)) == sorted(expected)


async def test_what_was_taken_just_now_is_not_taken_from_its_node(store):
    await fill(store, 3)
    assert len(await store.take("node-a", 10, 0)) == 3

    assert await store.take("node-b", 10, 0) == []


async def test_an_entry_that_failed_here_comes_here_again(hasty):
    (key,) = await fill(hasty, 1)
    assert len(await hasty.take("node-a", 10, 0)) == 1

    assert await take_until(hasty, "node-a", 1) == [key]


async def test_taking_waits_for_what_comes_later(store):
    session = a_session()
    await store.book(a_booking(session))
    await store.claim(session.id, "node-a", None, 0)
    await store.take("node-a", 10, 0)
    async with asyncio.timeout(5):
        waiting = asyncio.ensure_future(store.take("node-a", 10, 60_000))
        await asyncio.sleep(0)
        await store.commit(a_commit(session, 1, "c1", publishes=(Publish("topic", "p", "key"),)))

        assert [delivery.key for delivery in await waiting] == ["key"]


async def test_a_wait_longer_than_the_ordinary_time_limit_is_no_outage(valkey):
    async with ValkeyStore(valkey, timeout_s=0.4) as store:
        assert await store.take("node-a", 10, 600) == []


async def test_a_heartbeat_tells_who_beat_when_by_the_stores_time(store):
    before = await store.server_time()
    await store.beat("node-a", 2_000)
    beats = await store.beat("node-b", 2_000)
    after = await store.server_time()

    assert before <= beats["node-a"] <= beats["node-b"] <= after


async def test_a_node_that_is_gone_for_days_is_told_once_and_then_forgotten(store, valkey):
    await store.beat("node-old", 2_000)
    old = await store.server_time() - timedelta(days=3)
    async with Redis.from_url(valkey) as client:
        await client.zadd(keys.NODES, {"node-old": int(old.timestamp() * 1_000_000)})

    first = await store.beat("node-b", 2_000)
    second = await store.beat("node-b", 2_000)

    assert set(first) == {"node-old", "node-b"}
    assert set(second) == {"node-b"}


async def test_forgetting_a_node_forgets_no_delivery_that_it_holds(hasty, valkey):
    expected = await fill(hasty, 2)
    await hasty.take("node-old", 10, 0)
    await hasty.beat("node-old", 2_000)
    async with Redis.from_url(valkey) as client:
        await client.zadd(keys.NODES, {"node-old": 1})
        await hasty.beat("node-b", 2_000)
        await hasty.beat("node-b", 2_000)

        assert sorted(await take_until(hasty, "node-b", 2)) == expected


async def test_a_forgotten_node_with_nothing_in_hand_is_no_consumer_any_more(store, valkey):
    await store.take("node-old", 10, 0)
    await fill(store, 1)
    for delivery in await store.take("node-old", 10, 0):
        await store.acknowledge(delivery)
    await store.beat("node-old", 2_000)
    async with Redis.from_url(valkey, decode_responses=True) as client:
        await client.zadd(keys.NODES, {"node-old": 1})
        await store.beat("node-b", 2_000)
        await store.beat("node-b", 2_000)

        consumers = await client.xinfo_consumers(keys.OUTBOX, keys.RELAY_GROUP)
    assert [consumer["name"] for consumer in consumers] == []


async def test_session_ids_of_deliveries_are_told(store):
    await fill(store, 1)

    (delivery,) = await store.take("node-a", 10, 0)

    assert delivery.session == SessionId("s1")
    assert (delivery.topic, delivery.recipient) == ("topic", "p")
