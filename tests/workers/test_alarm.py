"""The alarm on the real scheduler, and the contract that it shares with the fake one."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import timedelta

import pytest

from orchestrator.clock import StoreClock, SystemClock
from orchestrator.policy.model import SessionId
from tests.fakes import FakeClock, ManualAlarm, eventually
from workers.alarm import ApsAlarm

MS = timedelta(milliseconds=1)


class Rung:
    """Who was woken, in which order, and how long one call of `wake` was asked to do."""

    def __init__(self) -> None:
        self.sessions: list[SessionId] = []
        self.at: list[float] = []

    def __call__(self, sessions: Iterable[SessionId]) -> None:
        self.sessions += sessions
        self.at.append(asyncio.get_running_loop().time())


@pytest.fixture
def rung() -> Rung:
    return Rung()


@pytest.fixture
async def alarm(rung) -> AsyncIterator[ApsAlarm]:
    """A running alarm on the machine's time."""
    running = ApsAlarm(rung, SystemClock(), SystemClock())
    running.start()
    yield running
    running.stop()
    await asyncio.sleep(0)


def names(count: int) -> list[SessionId]:
    return [SessionId(f"s{n}") for n in range(count)]


class TestContract:
    """What holds for the fake alarm and for the real one."""

    @pytest.fixture(params=["manual", "apscheduler"])
    async def ringing(self, request, rung) -> AsyncIterator[tuple[object, Callable[[], None]]]:
        """An alarm on the machine's time, and what lets it ring what is due."""
        clock = SystemClock()
        if request.param == "manual":
            manual = ManualAlarm(rung)
            yield manual, lambda: (manual.ring_due(clock.now()), None)[1]
            return
        real = ApsAlarm(rung, clock, clock)
        real.start()
        yield real, lambda: None
        real.stop()
        await asyncio.sleep(0)

    async def rung_by(self, ringing, rung: Rung, session: str) -> None:
        _, ring = ringing
        await eventually(lambda: ring() or session in rung.sessions)

    async def test_it_rings_what_is_due_soonest_first_and_once(self, ringing, rung):
        now = SystemClock().now()
        for name, delay in (("later", 40), ("soon", 10), ("last", 80)):
            ringing[0].arm(SessionId(name), now + delay * MS)

        await self.rung_by(ringing, rung, "last")

        assert rung.sessions == ["soon", "later", "last"]

    async def test_it_rings_at_once_for_the_past(self, ringing, rung):
        ringing[0].arm(SessionId("s"), SystemClock().now() - timedelta(days=1))

        await self.rung_by(ringing, rung, "s")

    async def test_the_last_arming_counts(self, ringing, rung):
        now = SystemClock().now()
        ringing[0].arm(SessionId("moved"), now + 10 * MS)
        ringing[0].arm(SessionId("moved"), now + timedelta(hours=1))
        ringing[0].arm(SessionId("disarmed"), now + 10 * MS)
        ringing[0].arm(SessionId("disarmed"), None)
        ringing[0].arm(SessionId("end"), now + 40 * MS)

        await self.rung_by(ringing, rung, "end")

        assert rung.sessions == ["end"]

    async def test_disarming_what_is_not_armed_does_nothing(self, ringing, rung):
        ringing[0].arm(SessionId("s"), None)

        assert rung.sessions == []


async def test_one_instant_is_one_job_however_many_sessions(alarm):
    at = SystemClock().now() + timedelta(hours=1)
    for name in names(1000):
        alarm.arm(name, at)

    assert alarm.instants == 1
    assert len(alarm._scheduler.get_jobs()) == 1


async def test_an_empty_bucket_takes_its_job_away(alarm):
    now = SystemClock().now()
    alarm.arm(SessionId("a"), now + timedelta(hours=1))
    alarm.arm(SessionId("b"), now + timedelta(hours=1))
    alarm.arm(SessionId("a"), now + timedelta(hours=2))
    alarm.arm(SessionId("b"), None)

    assert [job.next_run_time for job in alarm._scheduler.get_jobs()] == [
        pytest.approx(now + timedelta(hours=2), abs=5 * MS)
    ]


async def test_ten_thousand_at_one_instant_all_ring_and_the_loop_goes_on(alarm, rung):
    at = SystemClock().now() + 300 * MS
    for name in names(10_000):
        alarm.arm(name, at)

    await eventually(lambda: len(rung.sessions) == 10_000)

    assert sorted(rung.sessions) == sorted(names(10_000))


async def test_a_slow_ring_lets_others_run_between_slices(rung):
    turns = []

    def slow(sessions: Iterable[SessionId]) -> None:
        began = SystemClock().monotonic()
        while SystemClock().monotonic() < began + 0.006:
            pass
        rung(sessions)
        turns.append("ring")

    alarm = ApsAlarm(slow, SystemClock(), SystemClock())
    alarm.start()
    at = SystemClock().now() + 20 * MS
    for name in names(320):
        alarm.arm(name, at)

    async def others() -> None:
        while len(rung.sessions) < 320:
            turns.append("other")
            await asyncio.sleep(0)

    async with asyncio.timeout(5):
        await others()
    alarm.stop()
    await asyncio.sleep(0)

    between = turns[turns.index("ring") : len(turns) - turns[::-1].index("ring")]
    assert between.count("ring") == 10
    assert all(pair != ("ring", "ring") for pair in itertools.pairwise(between))


async def test_arming_again_while_the_same_instant_rings_is_not_lost(rung):
    at = SystemClock().now() + 20 * MS
    again: list[SessionId] = []

    def wake(sessions: Iterable[SessionId]) -> None:
        for session in sessions:
            rung([session])
            if session not in again:
                again.append(session)
                alarm.arm(session, at)

    alarm = ApsAlarm(wake, SystemClock(), SystemClock())
    alarm.start()
    for name in names(100):
        alarm.arm(name, at)

    await eventually(lambda: len(rung.sessions) >= 200)
    alarm.stop()
    await asyncio.sleep(0)

    assert sorted(rung.sessions) == sorted(names(100) * 2)


async def test_it_rings_by_our_time_where_the_machines_wall_clock_differs(rung):
    ours = StoreClock(SystemClock().now() + timedelta(days=7), SystemClock(), lambda step: None)
    alarm = ApsAlarm(rung, ours, SystemClock())
    alarm.start()
    at = ours.now() + 30 * MS
    alarm.arm(SessionId("s"), at)

    await eventually(lambda: bool(rung.sessions))
    alarm.stop()
    await asyncio.sleep(0)

    assert timedelta() <= ours.now() - at < timedelta(seconds=1)


async def test_it_never_rings_before_its_moment_by_our_clock(rung):
    ours = FakeClock(SystemClock().now())
    alarm = ApsAlarm(rung, ours, SystemClock())
    alarm.start()
    alarm.arm(SessionId("s"), ours.now() + 10 * MS)
    marker = Rung()
    other = ApsAlarm(marker, SystemClock(), SystemClock())
    other.start()
    other.arm(SessionId("marker"), SystemClock().now() + 60 * MS)

    # The machine's time passes the moment several times over while ours stands still.
    await eventually(lambda: bool(marker.sessions))
    assert rung.sessions == []
    ours.advance(10 * MS)
    await eventually(lambda: bool(rung.sessions))
    for each in (alarm, other):
        each.stop()
    await asyncio.sleep(0)


class _SteppedClock(SystemClock):
    """The machine's clock after somebody has set it."""

    step = timedelta()

    def now(self):
        return super().now() + self.step


async def test_realigning_after_a_step_of_the_wall_clock_keeps_the_moment(rung):
    system = _SteppedClock()
    ours = StoreClock(system.now(), system, lambda step: None)
    alarm = ApsAlarm(rung, ours, system)
    alarm.start()
    # APScheduler reads the real wall clock, so the alarm is armed under a stepped one and the step is then undone.
    system.step = timedelta(hours=1)
    alarm.arm(SessionId("s"), ours.now() + 50 * MS)
    system.step = timedelta()

    alarm.realign()

    await eventually(lambda: rung.sessions == ["s"])
    alarm.stop()
    await asyncio.sleep(0)


async def test_a_ring_that_the_stop_cuts_off_is_no_error(caplog):
    clock = SystemClock()
    woken: list[SessionId] = []

    def wake(sessions: Iterable[SessionId]) -> None:
        woken.extend(sessions)
        slice_ends = clock.monotonic() + 0.006
        while clock.monotonic() < slice_ends:
            pass  # holds the loop until the slice is over
        alarm.stop()

    alarm = ApsAlarm(wake, clock, clock)
    alarm.start()
    at = clock.now()
    for session in names(100):
        alarm.arm(session, at)
    await eventually(lambda: woken)
    await asyncio.sleep(0)  # the cut-off ring reports in the loop's next turn
    assert len(woken) < 100
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_all_of_an_instant_are_cut_before_the_first_is_woken():
    calls: list[tuple[str, SessionId]] = []

    def cut(sessions: Iterable[SessionId]) -> None:
        calls.extend(("cut", session) for session in sessions)

    def wake(sessions: Iterable[SessionId]) -> None:
        calls.extend(("wake", session) for session in sessions)

    clock = SystemClock()
    running = ApsAlarm(wake, clock, clock, cut=cut)
    at = clock.now() + 50 * MS
    for session in names(100):
        running.arm(session, at)
    running.start()
    await eventually(lambda: len(calls) == 200)
    running.stop()
    await asyncio.sleep(0)

    assert calls == [("cut", each) for each in names(100)] + [("wake", each) for each in names(100)]
