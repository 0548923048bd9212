"""What a page tells of its line and of itself: what becomes evidence, and what is too much."""

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.policy.events import Observed
from orchestrator.policy.model import SEEKER, Signal
from signaling import protocol
from signaling.limits import Limits
from signaling.reports import AGAIN_S, NOT_SLOW_MS, SLOW_MS, Reports

NOW = datetime(2026, 12, 1, 1, 10, tzinfo=UTC)


def report(rtt_ms=None, **more):
    fields = {"loss_up": None, "loss_down": None, "jitter_ms": None, **more}
    return protocol.Report(type="report", rtt_ms=rtt_ms, **fields)


def observed(signal="page_offline", value=12.0, ago_s=20.0):
    return protocol.Observed(type="observed", signal=signal, value=value, ago_s=ago_s)


@pytest.fixture
def reports():
    return Reports(Limits(), 0.0)


def told(reports, rtts, every_s=5.0):
    """When something was told, of reports that come every five seconds."""
    times = [every_s * number for number in range(len(rtts))]
    return [
        at for at, rtt in zip(times, rtts, strict=True) if reports.of_line(report(rtt), SEEKER, at)
    ]


def test_a_slow_line_is_told_at_once_and_again_while_it_lasts(reports):
    assert told(reports, [SLOW_MS] * 9) == [0, AGAIN_S, 2 * AGAIN_S]


def test_a_line_at_the_edge_does_not_flap(reports):
    between = (SLOW_MS + NOT_SLOW_MS) / 2
    assert told(reports, [between, SLOW_MS, between, SLOW_MS - 1]) == [5.0]


def test_a_line_that_was_good_again_is_told_of_anew(reports):
    assert told(reports, [SLOW_MS, NOT_SLOW_MS - 1, SLOW_MS]) == [0, 10.0]


def test_it_is_told_with_its_value(reports):
    assert reports.of_line(report(1500.5), SEEKER, 0.0) == Observed(
        SEEKER, Signal.DELAY_HIGH, 1500.5
    )


def test_loss_from_end_to_end_accuses_nobody(reports):
    assert reports.of_line(report(10.0, loss_up=0.9, loss_down=0.9), SEEKER, 0.0) is None


def test_too_many_reports_are_dropped(reports):
    found = [reports.of_line(report(10.0), SEEKER, 0.0) for _ in range(50)]
    assert found == [None] * 50
    assert reports.of_line(report(SLOW_MS), SEEKER, 0.0) is None
    assert reports.of_line(report(SLOW_MS), SEEKER, 2.0) is not None


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
    signals = protocol.Observed.model_fields["signal"].annotation.__args__
    for number, signal in enumerate(signals):
        seen = reports.of_page(observed(signal), SEEKER, NOW, 10.0 * number)
        assert seen is not None
        assert seen.signal.value == signal
