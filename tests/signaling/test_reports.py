"""What a page tells of its line and of itself: what becomes evidence, and what is too much."""

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.policy.events import Observed
from orchestrator.policy.model import SEEKER, Signal
from orchestrator.ports import PageSample
from signaling.limits import Limits
from signaling.protocol import up
from signaling.reports import AGAIN_S, NOT_SLOW_MS, SLOW_MS, Reports

NOW = datetime(2026, 12, 1, 1, 10, tzinfo=UTC)


def report(rtt_ms=None, **more):
    fields = {"missing": None, "frozen_s": None, **more}
    return up.Report(type="report", rtt_ms=rtt_ms, **fields)


def line(reports, now_s, rtt_ms=None, **more):
    """What a report that comes now is to the policy."""
    sample = reports.sample(report(rtt_ms, **more), NOW, now_s)
    return sample and reports.of_line(sample, SEEKER, now_s)


def observed(signal="page_offline", value=12.0, ago_s=20.0):
    return up.Observed(type="observed", signal=signal, value=value, ago_s=ago_s)


@pytest.fixture
def reports():
    return Reports(Limits(), 0.0)


def told(reports, rtts, every_s=5.0):
    """When something was told, of reports that come every five seconds."""
    times = [every_s * number for number in range(len(rtts))]
    return [at for at, rtt in zip(times, rtts, strict=True) if line(reports, at, rtt)]


def test_a_slow_line_is_told_at_once_and_again_while_it_lasts(reports):
    assert told(reports, [SLOW_MS] * 9) == [0, AGAIN_S, 2 * AGAIN_S]


def test_a_line_at_the_edge_does_not_flap(reports):
    between = (SLOW_MS + NOT_SLOW_MS) / 2
    assert told(reports, [between, SLOW_MS, between, SLOW_MS - 1]) == [5.0]


def test_a_line_that_was_good_again_is_told_of_anew(reports):
    assert told(reports, [SLOW_MS, NOT_SLOW_MS - 1, SLOW_MS]) == [0, 10.0]


def test_it_is_told_with_its_value(reports):
    assert line(reports, 0.0, 1500.5) == Observed(SEEKER, Signal.DELAY_HIGH, 1500.5)


def test_loss_from_end_to_end_accuses_nobody(reports):
    assert line(reports, 0.0, 10.0, missing=0.9, frozen_s=5.0) is None


def test_a_report_is_kept_as_it_came(reports):
    kept = reports.sample(report(10.0, missing=0.2, frozen_s=1.5), NOW, 0.0)
    assert kept == PageSample(NOW, missing=0.2, rtt_ms=10.0, frozen_s=1.5)


def test_too_many_reports_are_dropped(reports):
    found = [reports.sample(report(10.0), NOW, 0.0) for _ in range(50)]
    assert sum(each is not None for each in found) == Limits().reports_burst
    assert line(reports, 0.0, SLOW_MS) is None
    assert line(reports, 2.0, SLOW_MS) is not None


def test_what_is_told_on_return_has_the_time_when_it_began(reports):
    assert reports.of_page(observed(), SEEKER, NOW, 0.0) == Observed(
        SEEKER, Signal.PAGE_OFFLINE, 12.0, NOW - timedelta(seconds=20)
    )


def test_a_page_that_tells_too_much_is_not_listened_to(reports):
    limits = Limits()
    found = [reports.of_page(observed(), SEEKER, NOW, 0.0) for _ in range(40)]
    assert sum(one is not None for one in found) == limits.observed_burst
    assert reports.of_page(observed(), SEEKER, NOW, 1 / limits.observed_per_s) is not None


def test_every_signal_of_the_protocol_is_one_that_pages_may_tell(reports):
    signals = up.Observed.model_fields["signal"].annotation.__args__
    for number, signal in enumerate(signals):
        seen = reports.of_page(observed(signal), SEEKER, NOW, 10.0 * number)
        assert seen is not None
        assert seen.signal.value == signal
