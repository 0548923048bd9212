from hypothesis import given
from hypothesis import strategies as st

from orchestrator.policy.model import SEEKER, SUPPORTER, SessionId
from signaling import arrivals as module
from signaling.arrivals import Arrivals
from signaling.limits import Limits, TokenBucket
from tests.signaling.node import running_node


def test_a_burst_is_allowed_and_then_the_rate():
    bucket = TokenBucket(rate_per_s=20, burst=40, now_s=0)
    assert [bucket.take(0) for _ in range(41)] == [True] * 40 + [False]
    assert bucket.take(0.05)
    assert not bucket.take(0.05)


@given(st.lists(st.floats(0, 1), max_size=300))
def test_never_more_than_the_burst_and_the_rate(gaps_s):
    bucket = TokenBucket(rate_per_s=20, burst=40, now_s=0)
    now_s, taken = 0.0, 0
    for gap_s in gaps_s:
        now_s += gap_s
        taken += bucket.take(now_s)
        assert taken <= 40 + 20 * now_s + 1e-6


def test_a_clock_that_goes_back_gives_nothing():
    bucket = TokenBucket(rate_per_s=1, burst=1, now_s=10)
    assert bucket.take(10)
    assert not bucket.take(5)
    assert not bucket.take(10.5)
    assert bucket.take(11)


def comes(arrivals, seat=SEEKER, *, is_own_device=True, now_s=0.0):
    return arrivals.take(SessionId("s"), seat, is_own_device=is_own_device, now_s=now_s)


def test_the_pages_of_a_seat_may_come_so_often():
    arrivals = Arrivals(Limits(arrivals_per_s=0.5, arrivals_burst=3))
    assert [comes(arrivals) for _ in range(4)] == [True] * 3 + [False]
    assert comes(arrivals, now_s=2.0)
    assert not comes(arrivals, now_s=2.0)


def test_another_device_and_another_seat_are_counted_apart():
    arrivals = Arrivals(Limits(arrivals_burst=1))
    assert comes(arrivals, is_own_device=False)
    assert not comes(arrivals, is_own_device=False)
    assert comes(arrivals)
    assert comes(arrivals, SUPPORTER)


def test_arrivals_are_forgotten_when_they_count_no_more():
    arrivals = Arrivals(Limits(arrivals_per_s=0.5))
    for number in range(100):
        arrivals.take(SessionId(f"s{number}"), SEEKER, is_own_device=True, now_s=float(number))
    assert len(arrivals) <= 3


def test_no_more_arrivals_are_remembered_than_there_can_be_connections(monkeypatch):
    monkeypatch.setattr(module, "REMEMBERED", 10)
    arrivals = Arrivals(Limits())
    for number in range(100):
        arrivals.take(SessionId(f"s{number}"), SEEKER, is_own_device=True, now_s=0.0)
    assert len(arrivals) == 10


async def test_a_page_that_comes_again_and_again_is_asked_to_wait_and_a_stranger_keeps_nobody_out():
    async with running_node(Limits(arrivals_burst=3)) as node:
        meeting = await node.meet()
        await node.enter(meeting, "seeker", device="o")
        for number in range(3):
            await node.say_hello(str(number), link=meeting.secrets["seeker"])
        stranger = await node.say_hello("x", link=meeting.secrets["seeker"])
        assert await stranger.closed() == 1013
        for _ in range(3):
            owner = await node.enter(meeting, "seeker", device="o")
        owner = await node.say_hello("o", link=meeting.secrets["seeker"])
        assert await owner.closed() == 1013


async def test_who_does_more_than_anybody_does_is_closed():
    async with running_node(Limits(deeds_burst=3)) as node:
        meeting = await node.meet()
        seeker = await node.join(meeting, "seeker")
        for _ in range(3):
            await seeker.send(type="give_notice")
        assert await seeker.closed() == 4429
