from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.clock import SLEW, StoreClock, SystemClock
from tests.fakes import NOON, FakeClock


class StoreTime:
    """A store whose answers take a while and whose clock is off from the machine's."""

    def __init__(self, system: FakeClock, ahead: timedelta, delays_s: tuple[float, ...] = (0,)):
        self._system = system
        self._delays = delays_s
        self._asked = 0
        self.ahead = ahead

    async def server_time(self) -> datetime:
        delay = timedelta(seconds=self._delays[self._asked % len(self._delays)])
        self._asked += 1
        self._system.advance(delay / 2)
        at = self._system.now() + self.ahead
        self._system.advance(delay / 2)
        return at


HOUR = timedelta(hours=1)


async def test_now_is_the_stores_time_not_the_machines():
    system = FakeClock()

    clock = await StoreClock.start(StoreTime(system, HOUR), system)

    assert clock.now() == NOON + HOUR


async def test_the_quickest_answer_counts_and_its_travel_is_allowed_for():
    system = FakeClock()

    clock = await StoreClock.start(StoreTime(system, HOUR, (0.8, 0.5, 0.02, 0.9, 1.0)), system)

    assert abs(clock.now() - (system.now() + HOUR)) <= timedelta(milliseconds=10)


async def test_a_step_of_the_wall_clock_does_not_move_now():
    system = FakeClock()
    clock = await StoreClock.start(StoreTime(system, timedelta()), system)

    system.step(-HOUR)
    system.advance(timedelta(seconds=3))

    assert clock.now() == NOON + timedelta(seconds=3)


@pytest.mark.parametrize("step", [-HOUR, timedelta(seconds=-1.5), timedelta(seconds=1.5), HOUR])
async def test_a_step_of_the_wall_clock_raises_an_alert_once(step):
    system, alerts = FakeClock(), []
    clock = await StoreClock.start(StoreTime(system, timedelta()), system, alerts.append)
    clock.check(system.now())
    system.advance(timedelta(seconds=1))
    system.step(step)

    assert clock.check(system.now()) == step
    system.advance(timedelta(seconds=1))
    assert clock.check(system.now()) == timedelta()
    assert alerts == [step]


async def test_drift_of_the_wall_clock_raises_no_alert():
    system, alerts = FakeClock(), []
    clock = await StoreClock.start(StoreTime(system, timedelta()), system, alerts.append)
    for _ in range(100):
        clock.check(system.now())
        system.advance(timedelta(seconds=1))
        system.step(timedelta(milliseconds=900))

    assert alerts == []


@pytest.mark.parametrize("behind_s", [0.4, -0.4])
async def test_a_small_difference_is_slewed_by_at_most_fifty_ms_a_second(behind_s):
    system = FakeClock()
    store = StoreTime(system, timedelta())
    clock = await StoreClock.start(store, system)
    store.ahead += timedelta(seconds=behind_s)

    await clock.correct(store)

    assert clock.now() == system.now()
    system.advance(timedelta(seconds=2))
    moved = (clock.now() - system.now()).total_seconds()
    assert moved == pytest.approx(behind_s / 4)
    system.advance(timedelta(seconds=60))
    assert (clock.now() - system.now()).total_seconds() == pytest.approx(behind_s)


async def test_a_step_of_the_stores_time_raises_an_alert_and_moves_nothing():
    system, alerts = FakeClock(), []
    store = StoreTime(system, timedelta())
    clock = await StoreClock.start(store, system, alerts.append)
    store.ahead = HOUR

    assert await clock.correct(store) == HOUR

    system.advance(timedelta(hours=5))
    assert clock.now() == system.now()
    assert alerts == [HOUR]


@given(
    st.lists(
        st.tuples(
            st.timedeltas(timedelta(), timedelta(seconds=30)),
            st.timedeltas(timedelta(seconds=-3), timedelta(seconds=3)),
        ),
        max_size=20,
    )
)
async def test_now_never_goes_back_nor_faster_than_the_slew(turns):
    system = FakeClock()
    store = StoreTime(system, timedelta())
    clock = await StoreClock.start(store, system)
    jitter = timedelta(microseconds=2)
    for elapsed, correction in turns:
        store.ahead += correction
        await clock.correct(store)
        before = clock.now()
        system.advance(elapsed)
        assert (
            elapsed * (1 - SLEW) - jitter <= clock.now() - before <= elapsed * (1 + SLEW) + jitter
        )


async def test_the_real_stores_time_is_followed(store):
    clock = await StoreClock.start(store)

    ahead = clock.now() - await store.server_time()

    assert abs(ahead) < timedelta(seconds=0.5)
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= SystemClock().monotonic()
