"""What is measured of a line, packed for a minute: it comes out as it went in, from the moment that is asked for."""

from datetime import UTC, datetime, timedelta

from orchestrator.ports import LineSample
from workers.samples import SAMPLES_KEPT, Samples

BEGAN = datetime(2026, 11, 24, 9, 0, 0, 123_457, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def sample(second: int, loss: float | None = 0.1) -> LineSample:
    at = BEGAN + timedelta(seconds=second, microseconds=second)
    return LineSample(at, 3, 1_270_000 + second, 5_000_000_000, loss, None, 33.3, 0.0)


def filled(count: int) -> Samples:
    samples = Samples()
    for second in range(count):
        samples.add(sample(second))
    return samples


def test_what_is_kept_comes_back_as_it_was() -> None:
    samples = Samples()
    samples.add(sample(0))
    samples.add(sample(1, None))
    assert samples.since(LONG_AGO) == (sample(0), sample(1, None))


def test_only_what_was_measured_after_the_moment_is_told() -> None:
    samples = filled(10)
    assert samples.since(sample(7).at) == (sample(8), sample(9))
    assert samples.since(sample(9).at) == ()
    assert Samples().since(LONG_AGO) == ()


def test_a_minute_is_kept_and_no_more() -> None:
    told = filled(SAMPLES_KEPT + 25).since(LONG_AGO)
    assert told == tuple(sample(second) for second in range(25, 25 + SAMPLES_KEPT))
