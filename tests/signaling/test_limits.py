from hypothesis import given
from hypothesis import strategies as st

from signaling.limits import TokenBucket


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
