from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from orchestrator.clock import SystemClock
from orchestrator.policy.effects import Publish
from orchestrator.ports import Delivery
from orchestrator.store import keys
from orchestrator.store.valkey import ValkeyStore
from tests.fakes import a_booking, a_commit, a_session, eventually
from workers import outbox
from workers.outbox import AT_ONCE, OutboxRelay


@pytest.fixture
async def store(valkey) -> AsyncIterator[ValkeyStore]:
    """A store in which deliveries count as left behind after 50 ms."""
    async with ValkeyStore(valkey, idle_ms=50) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    monkeypatch.setattr(outbox, "_FIRST_DELAY_S", 0.05)


async def fill(store: ValkeyStore, *topics: str) -> list[str]:
    """One outbox entry for each topic; their keys."""
    session = a_session()
    await store.book(a_booking(session))
    await store.claim(session.id, "a", None, 0)
    publishes = tuple(Publish(topic, "p", f"{topic}:{n}") for n, topic in enumerate(topics))
    await store.commit(a_commit(session, 1, "c1", publishes=publishes))
    return [publish.key for publish in publishes]


@asynccontextmanager
async def relaying(*relays: OutboxRelay) -> AsyncIterator[None]:
    """Relays that run while the test looks on."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(relay.run()) for relay in relays]
        yield
        for each in running:
            each.cancel()


@pytest.fixture
async def raw(valkey) -> AsyncIterator[Redis]:
    """The outbox as the server has it."""
    async with Redis.from_url(valkey, decode_responses=True) as client:
        yield client


async def until_empty(raw: Redis) -> None:
    """Wait until nothing is left in the outbox, in nobody's hands either."""
    async with asyncio.timeout(5):
        while await raw.xlen(keys.OUTBOX):  # noqa: ASYNC110 - the server sets no event
            await asyncio.sleep(0.005)


async def until_offered(raw: Redis, times: int) -> None:
    """Wait until some entry was handed out that often."""
    async with asyncio.timeout(5):
        while True:
            pending = await raw.xpending_range(keys.OUTBOX, keys.RELAY_GROUP, "-", "+", 10)
            if any(entry["times_delivered"] >= times for entry in pending):
                return
            await asyncio.sleep(0.005)


class Done:
    """A handler that remembers, and fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.keys: list[str] = []
        self.attempts = 0
        self._failures = failures

    async def __call__(self, delivery: Delivery) -> None:
        self.attempts += 1
        if self.attempts <= self._failures:
            raise RuntimeError("the receiver is down")
        self.keys.append(delivery.key)


async def test_every_entry_reaches_the_handler_of_its_topic_once(store, raw):
    ended, rung = Done(), Done()
    handlers = {"session.ended": ended, "seeker.rung": rung}
    first, second, third = await fill(store, "session.ended", "seeker.rung", "session.ended")

    async with relaying(OutboxRelay(store, "a", handlers, SystemClock())):
        await until_empty(raw)

    assert (sorted(ended.keys), rung.keys) == ([first, third], [second])


async def test_a_failed_effect_is_tried_again_until_it_succeeds(store):
    handler = Done(failures=3)
    (key,) = await fill(store, "t")

    async with relaying(OutboxRelay(store, "a", {"t": handler}, SystemClock())):
        await eventually(lambda: handler.keys == [key])

    assert handler.attempts == 4


async def test_a_failing_effect_holds_up_no_other(store):
    broken, sound = Done(failures=10_000), Done()
    await fill(store, *["broken"] * 50, *["sound"] * 50)

    async with relaying(OutboxRelay(store, "a", {"broken": broken, "sound": sound}, SystemClock())):
        await eventually(lambda: len(set(sound.keys)) == 50)

    assert broken.keys == []


async def test_a_slow_effect_holds_up_no_other_and_is_not_begun_twice_here(store, raw, monkeypatch):
    monkeypatch.setattr(outbox, "HOLD_S", 3_600)  # it comes round again
    begun, released, sound = [], asyncio.Event(), Done()

    async def slow(delivery: Delivery) -> None:
        begun.append(delivery.key)
        await released.wait()

    expected = await fill(store, "slow", *["sound"] * 20)
    async with relaying(OutboxRelay(store, "a", {"slow": slow, "sound": sound}, SystemClock())):
        await eventually(lambda: len(sound.keys) == 20)
        await until_offered(raw, 3)
        assert begun == expected[:1]
        released.set()
        await until_empty(raw)
    assert begun == expected[:1]


async def test_no_more_are_in_hand_than_allowed(store):
    in_hand, most, released = 0, 0, asyncio.Event()

    async def slow(_: Delivery) -> None:
        nonlocal in_hand, most
        in_hand += 1
        most = max(most, in_hand)
        await released.wait()
        in_hand -= 1

    await fill(store, *["slow"] * 100)
    async with relaying(OutboxRelay(store, "a", {"slow": slow}, SystemClock())):
        await eventually(lambda: most == AT_ONCE)
        released.set()
        await eventually(lambda: in_hand == 0)

    assert most == AT_ONCE


async def test_an_unknown_topic_is_put_away_and_told(store, raw):
    await fill(store, "of.a.newer.version", "t")
    handler = Done()

    with capture_logs() as lines:
        async with relaying(OutboxRelay(store, "a", {"t": handler}, SystemClock())):
            await until_empty(raw)

    assert len(handler.keys) == 1
    assert [line["topic"] for line in lines if line["event"] == "outbox.topic_unknown"] == [
        "of.a.newer.version"
    ]


async def test_what_a_stopped_node_had_in_hand_is_done_by_another(store):
    hanging, handler = asyncio.Event(), Done()

    async def hang(_: Delivery) -> None:
        hanging.set()
        await asyncio.Event().wait()

    expected = await fill(store, "t")
    async with relaying(OutboxRelay(store, "a", {"t": hang}, SystemClock())):
        await hanging.wait()

    async with relaying(OutboxRelay(store, "b", {"t": handler}, SystemClock())):
        await eventually(lambda: handler.keys == expected)


async def test_what_takes_long_is_not_done_by_another_node_as_well(store, raw, monkeypatch):
    monkeypatch.setattr(outbox, "HOLD_S", 0.01)
    monkeypatch.setattr(outbox, "WAIT_MS", 20)
    begun = []

    async def slow(delivery: Delivery) -> None:
        begun.append(delivery.key)
        await asyncio.sleep(0.4)  # eight times as long as until it counts as left behind

    expected = await fill(store, "t", "t")
    async with relaying(*(OutboxRelay(store, each, {"t": slow}, SystemClock()) for each in "ab")):
        await until_empty(raw)

    assert sorted(begun) == sorted(expected)


async def test_two_relays_share_the_work_and_lose_nothing(store):
    handler = Done()
    expected = await fill(store, *["t"] * 300)
    relays = [OutboxRelay(store, name, {"t": handler}, SystemClock()) for name in "ab"]

    async with relaying(*relays):
        await eventually(lambda: len(set(handler.keys)) == 300)

    assert sorted(set(handler.keys)) == sorted(expected)
