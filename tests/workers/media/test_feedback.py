"""What a sender is told where several receive it."""

from itertools import pairwise

import pytest

from workers.media.feedback import (
    BRAKED_S,
    LEAST_PICTURE_BPS,
    TELL_AGAIN_S,
    Brake,
    Estimate,
    OneReport,
    Receiving,
    Way,
    allowed_bps,
)
from workers.media.rtp import ReportBlock

GOOD, BAD = 1, 2
OFFSETS = {GOOD: 40_000, BAD: 7}
"""Down SSRC -> from the sender's numbers to the receiver's."""


class Reports:
    """One track and its two receivers."""

    def __init__(self):
        self.report = OneReport()
        self.lost = {GOOD: 0, BAD: 0}

    def hear(self, ssrc, number, lost=0, now=0.0, **fields):
        """That receiver has got so far in the sender's numbers, and lost so many more."""
        self.lost[ssrc] += lost
        highest = (number + OFFSETS[ssrc] & 0xFFFF) + (number + OFFSETS[ssrc] >> 16 << 16)
        block = ReportBlock(
            ssrc,
            self.lost[ssrc],
            highest,
            fields.get("jitter", 0),
            fields.get("last_report", 0),
            fields.get("delay_s", 0.0),
        )
        self.report.heard(block, OFFSETS[ssrc], now)

    def second(self, number, lost_by_bad=0):
        self.hear(GOOD, number)
        self.hear(BAD, number, lost=lost_by_bad)
        return self.report.told(77, 1.0)


def test_nobody_has_reported_nothing_is_told():
    assert OneReport().told(77, 0.0) is None


def test_the_sender_is_told_of_the_worst_receiver_as_if_there_were_one():
    reports = Reports()
    reports.second(1_000)
    told = reports.second(1_200, lost_by_bad=50)
    assert (told.ssrc, told.share, told.lost) == (77, 64, 50)
    assert reports.second(1_400).share == 0


def test_what_is_told_only_ever_grows_whoever_reports_and_across_the_wrap():
    reports, told = Reports(), []
    for step in range(60):
        reports.hear(GOOD if step % 2 else BAD, 64_000 + 100 * step, lost=5 * (step % 2 == 0))
        told.append(reports.report.told(77, 1.0))
    highest = [each.highest for each in told]
    assert [later - now for now, later in pairwise(highest)] == [100] * 59
    assert all(later.lost >= now.lost for now, later in pairwise(told))


def test_a_receiver_that_is_gone_counts_no_more():
    reports = Reports()
    reports.second(1_000)
    reports.hear(GOOD, 1_100)
    reports.hear(BAD, 1_100, lost=50)
    reports.report.forget(BAD)
    assert reports.report.told(77, 1.0).share == 0


def test_the_time_that_a_report_waited_with_us_is_not_in_the_round_trip():
    reports = Reports()
    reports.hear(GOOD, 1_000, now=5.0, last_report=9, delay_s=0.25)
    told = reports.report.told(77, now=5.5)
    assert (told.last_report, told.delay_s) == (9, pytest.approx(0.75))


def test_counts_that_go_backwards_break_nothing():
    reports = Reports()
    reports.second(1_000, lost_by_bad=500)
    reports.hear(BAD, 200, lost=-4_000)
    told = reports.report.told(77, 1.0)
    assert told.share == 0
    assert told.lost >= 0


# ---- estimates ------------------------------------------------------------------------------------------------------


def test_without_an_estimate_nothing_is_told():
    assert allowed_bps([]) is None
    assert allowed_bps([Receiving(1_000_000, pictures=1, pictures_of_sender=0)]) is None


def test_the_worst_receiver_decides():
    receivers = [Receiving(each, 2, 1) for each in (3_000_000, 700_000, 2_000_000)]
    assert allowed_bps(receivers) == 350_000


def test_the_estimate_is_shared_by_the_pictures():
    assert allowed_bps([Receiving(1_200_000, pictures=3, pictures_of_sender=2)]) == 800_000


def test_senders_that_take_their_shares_fill_the_estimate_so_that_it_can_grow():
    """A browser's estimate grows to half as much again as it receives, and no further."""
    estimate = 300_000
    for _ in range(20):
        received = 2 * allowed_bps([Receiving(estimate, pictures=2, pictures_of_sender=1)])
        estimate = min(int(1.08 * estimate), int(1.5 * received) + 10_000)
    assert estimate > 1_200_000


@pytest.mark.parametrize("estimate_bps", [0, 30_000, 290_000])
def test_a_picture_is_not_made_smaller_than_is_worth_having(estimate_bps):
    assert allowed_bps([Receiving(estimate_bps, 3, 1)]) == LEAST_PICTURE_BPS


def test_less_is_told_at_once_and_more_once_a_second():
    estimate = Estimate()
    assert estimate.is_news(1_000_000, 0.0)
    assert not estimate.is_news(1_500_000, 0.1)
    assert not estimate.is_news(990_000, 0.2)
    assert estimate.is_news(900_000, 0.3)
    assert not estimate.is_news(900_000, 0.4)
    assert estimate.is_news(1_500_000, 0.3 + TELL_AGAIN_S)


# ---- a way that is full ---------------------------------------------------------------------------------------------


def looked_at(brake, seconds, *, loss=0.0, longer_s=0.0, picture_bps=250_000, begin=0):
    """What pictures may take, after looking each second."""
    held = []
    for second in range(seconds):
        brake.look_at(float(begin + second), Way(loss, picture_bps), longer_s)
        held.append(brake.bps)
    return held


@pytest.mark.parametrize(("loss", "longer_s"), [(0.08, 0.02), (0.0, 0.5), (None, 0.5)])
def test_a_way_that_only_loses_or_is_only_slow_holds_nobody_back(loss, longer_s):
    assert not any(looked_at(Brake(), 30, loss=loss, longer_s=longer_s))


def test_while_a_way_is_full_pictures_take_less_than_came_through_and_less_again():
    held = looked_at(Brake(), 7, loss=0.11, longer_s=0.3)
    assert held == [212_500] * 3 + [180_625] * 3 + [153_531]


def test_a_picture_is_not_held_back_below_what_is_worth_having():
    held = looked_at(Brake(), 60, loss=0.3, longer_s=0.5, picture_bps=60_000)
    assert set(held) == {LEAST_PICTURE_BPS}


def test_who_is_held_back_is_let_go_when_the_way_has_been_free_for_a_while():
    brake = Brake()
    looked_at(brake, 1, loss=0.11, longer_s=0.3)
    held = looked_at(brake, 25, begin=1)
    assert held.index(None) == BRAKED_S - 1
    assert not any(held[held.index(None) :])


def test_where_nobody_sends_pictures_nothing_is_held_back():
    assert not any(looked_at(Brake(), 9, loss=0.11, longer_s=0.3, picture_bps=0))
