from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from orchestrator.errors import Unavailable
from orchestrator.policy.model import SessionId
from orchestrator.store.valkey import ValkeyStore
from tests.fakes import NOON, RULES, FakeClock, a_booking, a_commit, a_session, eventually
from workers import sweeper
from workers.sweeper import HORIZON, Sweeper

DOORS_AT = NOON - RULES.doors
SECOND = timedelta(seconds=1)


class Woken:
    """Who was woken, call by call."""

    def __init__(self) -> None:
        self.calls: list[list[SessionId]] = []

    def __call__(self, sessions) -> None:
        self.calls.append(list(sessions))


@pytest.fixture
def woken() -> Woken:
    return Woken()


async def test_a_new_booking_is_woken_shortly_before_its_doors_open(store, woken):
    clock = FakeClock(DOORS_AT - HORIZON - SECOND)
    await store.book(a_booking(a_session()))
    sweeping = Sweeper(store, clock, woken)
    await sweeping.sweep()
    assert woken.calls == []

    clock.advance(SECOND)
    await sweeping.sweep()

    assert woken.calls == [["s1"]]


async def test_what_is_near_is_woken_once_for_each_deadline(store, woken):
    clock = FakeClock(DOORS_AT - 10 * SECOND)
    session = a_session()
    await store.book(a_booking(session))
    await store.claim(session.id, "a", None, 0)
    sweeping = Sweeper(store, clock, woken)
    for _ in range(3):
        await sweeping.sweep()
    assert len(woken.calls) == 1

    await store.commit(a_commit(session, 1, "c1", deadline=DOORS_AT + SECOND))
    for _ in range(3):
        await sweeping.sweep()

    assert woken.calls == [["s1"], ["s1"]]


async def test_what_is_overdue_is_woken_every_time_soonest_first(store, woken):
    clock = FakeClock(NOON)
    for n in (2, 1, 3):
        session = a_session(f"s{n}", starts_at=NOON - n * SECOND, seeker=f"a{n}", supporter=f"b{n}")
        await store.book(a_booking(session))
    sweeping = Sweeper(store, clock, woken)

    for _ in range(3):
        await sweeping.sweep()

    assert woken.calls == [["s3", "s2", "s1"]] * 3


async def test_a_session_without_deadline_is_left_in_peace(store, woken):
    session = a_session()
    await store.book(a_booking(session))
    await store.claim(session.id, "a", None, 0)
    await store.commit(a_commit(session, 1, "c1"))

    await Sweeper(store, FakeClock(NOON + timedelta(days=1)), woken).sweep()

    assert woken.calls == []


async def test_it_goes_on_when_the_store_is_back(valkey, woken, monkeypatch, tmp_path):
    monkeypatch.setattr(sweeper, "EVERY_S", 0.01)

    class Recovering:
        """A store that is away at first."""

        def __init__(self, absent: ValkeyStore, present: ValkeyStore) -> None:
            self._absent, self._present = absent, present
            self.refused = 0

        async def due(self, until):
            if self.refused < 3:
                try:
                    return await self._absent.due(until)
                except Unavailable:
                    self.refused += 1
                    raise
            return await self._present.due(until)

    async with ValkeyStore(f"unix://{tmp_path}/none") as absent, ValkeyStore(valkey) as present:
        await present.book(a_booking(a_session()))
        recovering = Recovering(absent, present)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(Sweeper(recovering, FakeClock(NOON), woken).run())
            await eventually(lambda: bool(woken.calls))
            running.cancel()

    assert recovering.refused == 3
