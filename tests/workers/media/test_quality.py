"""How good a line is: loss each way, round trip, and when the node is told."""

import random

import pytest

from workers.media.quality import (
    AGAIN_S,
    ANSWERED_WITHIN_S,
    ENOUGH_PACKETS,
    LATELY_S,
    LOSSY,
    NOT_LOSSY,
    REPORTS_KEPT,
    SLOW_MS,
    WINDOW_S,
    Counted,
    LossShare,
    Meter,
)
from workers.media.rtp import OPUS, VP8, ReportBlock

SOUND = 7


class Line:
    """A leg that sends and receives fifty packets of sound a second."""

    def __init__(self) -> None:
        self.meter = Meter()
        self.now = 1_000.0
        self.number, self.packets = 65_000, 0
        self.highest, self.lost, self.sent = 500, 0, 0
        self.read = self.meter.read(self.now)

    def passes(self, seconds: int, *, up: float = 0.0, down: float = 0.0, before: float = 0.0):
        """So many seconds with that loss each way; what was told in them.

        Args:
            seconds: how many.
            up: share lost on the way to us.
            down: share lost on the way from us.
            before: share of what the leg should get that had not come to us either.
        """
        told = []
        for _ in range(seconds):
            self.now += 1
            self.number = (self.number + 50) & 0xFFFF
            self.packets += 50 - round(50 * up)
            self.highest += 50
            self.sent += 50 - round(50 * before)
            self.lost += round(50 * before) + round((50 - round(50 * before)) * down)
            self.meter.count(self.now, [Counted(OPUS, SOUND, self.number, self.packets)])
            self.reports()
            self.read = self.meter.read(self.now)
            if self.read.is_lossy or self.read.is_slow:
                told.append(self.now)
        return told

    def reports(self, last_report: int = 0, delay_s: float = 0.0) -> None:
        block = ReportBlock(SOUND, self.lost, self.highest, 960, last_report, delay_s)
        self.meter.heard(self.now, OPUS, block, self.sent)

    def answers(self, rtt_ms: float, *, delay_s: float = 0.5) -> None:
        """A sender report goes there, and its answer comes."""
        report_at = int(self.now * 65_536) & 0xFFFF_FFFF
        self.meter.passed_on(self.now, report_at)
        self.now += rtt_ms / 1000 + delay_s
        self.reports(report_at, delay_s)


@pytest.fixture
def line():
    return Line()


def test_a_share_is_that_of_the_samples_within_the_window():
    seeded, share, counted, now = random.Random(20261124), LossShare(), [], 0.0
    for _ in range(500):
        now += seeded.choice([0.2, 1.0, 5.0, 12.0])
        counted.append((now, seeded.randrange(80), seeded.randrange(-5, 40)))
        share.add(*counted[-1])
        later = now + seeded.choice([0.0, 0.3, 3.0])
        for within_s in (LATELY_S, WINDOW_S):
            recent = [each for each in counted if each[0] > later - within_s]
            expected, missing = (sum(each[of] for each in recent) for of in (1, 2))
            by_hand = min(max(missing / expected, 0.0), 1.0) if expected >= ENOUGH_PACKETS else None
            assert share.share(later, within_s) == pytest.approx(by_hand)


def test_nothing_is_said_before_there_are_enough_packets(line):
    line.passes(ENOUGH_PACKETS // 50, up=0.5)
    assert line.read.loss_up is None
    line.passes(1, up=0.5)
    assert line.read.loss_up == pytest.approx(0.5)


def test_what_does_not_come_to_us_is_lost_on_the_way_up_across_the_wrap(line):
    line.passes(15, up=0.2)
    assert (line.read.loss_up, line.read.loss_down) == (pytest.approx(0.2), 0.0)


def test_what_the_receiver_misses_is_lost_on_the_way_down(line):
    line.passes(10, down=0.4)
    assert (line.read.loss_up, line.read.loss_down) == (0.0, pytest.approx(0.4))


def test_what_was_lost_before_it_came_to_us_is_not_held_against_the_receiver(line):
    told = line.passes(10, before=0.3, down=0.5)
    assert line.read.loss_down == pytest.approx(0.5, abs=0.02)
    assert told
    clean = Line()
    assert clean.passes(10, before=0.3) == []
    assert clean.read.loss_down == 0.0


def shares(*reports):
    """What comes of reports, each of: sent so far, lost so far, the highest number, lost of 256 since the last one."""
    meter = Meter()
    return [
        meter.heard(float(at), VP8, ReportBlock(9, lost, highest, 0, 0, 0.0, share), sent)
        for at, (sent, lost, highest, share) in enumerate(reports)
    ]


def test_a_report_says_what_went_missing_since_the_one_before():
    assert shares((100, 0, 100, 0), (200, 50, 200, 128), (300, 50, 300, 0)) == [0.0, 0.5, 0.0]


def test_what_is_under_way_or_was_lost_before_it_came_to_us_or_is_little_is_not_in_it():
    assert shares((100, 0, 100, 0), (200, 0, 150, 0)) == [0.0, 0.0]
    assert shares((100, 0, 100, 0), (150, 50, 200, 128)) == [0.0, 0.0]
    assert shares((100, 0, 100, 0), (110, 9, 110, 230)) == [0.0, 0.0]


def test_a_sender_that_falls_silent_leaves_no_loss_with_the_receiver(line):
    line.passes(8, before=0.4)
    for _ in range(20):
        line.now += 1
        line.reports()
        assert not line.meter.read(line.now).is_lossy


def test_packets_that_are_only_late_are_not_lost(line):
    line.passes(5)
    line.packets -= 30
    line.passes(1)
    line.packets += 30
    line.passes(1)
    assert line.read.loss_up == 0.0


def test_only_the_last_seconds_count(line):
    line.passes(10, up=0.5)
    line.passes(int(WINDOW_S))
    assert line.read.loss_up == 0.0


def test_lately_is_less_than_all_that_counts(line):
    line.passes(3, up=0.5, down=0.5)
    line.passes(int(LATELY_S))
    assert line.meter.lately(line.now) == (0.0, 0.0)
    assert line.read.loss_up > 0.1


def test_sound_speaks_for_the_line_when_repetitions_mend_the_picture(line):
    for second in range(10):
        picture = ReportBlock(9, 0, 100 * second, 0, 0, 0.0)
        line.meter.heard(line.now, VP8, picture, 100 * second)
        line.passes(1, down=0.4)
    assert line.read.loss_down == pytest.approx(0.4)


def test_a_line_that_turns_bad_is_told_once_and_again_while_it_lasts(line):
    told = line.passes(45, up=0.4)
    assert len(told) == 3
    assert [at - told[0] for at in told] == [0, AGAIN_S, 2 * AGAIN_S]


def test_a_line_at_the_edge_does_not_flap(line):
    assert NOT_LOSSY < 0.06 < LOSSY
    assert len(line.passes(5, up=0.2)) == 1
    for _ in range(4):
        assert line.passes(2, up=0.12) == []
        assert line.passes(2, up=0.06) == []


def test_a_line_that_was_good_again_is_told_of_anew(line):
    assert len(line.passes(5, up=0.4)) == 1
    assert line.passes(12) == []
    assert len(line.passes(8, up=0.4)) == 1


def test_less_than_ten_percent_is_not_told(line):
    assert line.passes(60, up=0.08) == []


def test_the_round_trip_is_ours_alone(line):
    for _ in range(3):
        line.answers(120.0, delay_s=1.5)
    read = line.meter.read(line.now)
    assert read.rtt_ms == pytest.approx(120.0, abs=1)
    assert not read.is_slow


def test_one_late_answer_is_no_slow_line_but_a_second_is(line):
    line.answers(SLOW_MS + 500)
    assert not line.meter.read(line.now).is_slow
    line.answers(SLOW_MS + 500)
    read = line.meter.read(line.now)
    assert read.is_slow
    assert read.rtt_ms == pytest.approx(SLOW_MS + 500, abs=1)


def test_what_stands_is_the_shortest_of_the_last_round_trips(line):
    assert line.meter.standing_ms() is None
    for rtt_ms in (20, 400, 300, 350):
        line.answers(rtt_ms)
    assert line.meter.standing_ms() == pytest.approx(300)


def test_an_answer_to_nothing_of_ours_says_nothing(line):
    for _ in range(5):
        line.now += 1
        line.reports(last_report=12_345, delay_s=0.0)
    assert line.meter.read(line.now).rtt_ms is None


def test_answers_are_awaited_for_a_bounded_number_of_reports(line):
    for number in range(10 * REPORTS_KEPT):
        line.meter.passed_on(line.now, number + 1)
    line.reports(last_report=1)
    line.reports(last_report=2)
    assert line.meter.read(line.now).rtt_ms is None


def test_an_answer_to_a_report_of_long_ago_says_nothing(line):
    line.meter.passed_on(line.now, 1)
    line.meter.passed_on(line.now + ANSWERED_WITHIN_S, 2)
    line.now += ANSWERED_WITHIN_S
    line.reports(last_report=1)
    assert line.meter.rtt_ms() is None
    line.reports(last_report=2)
    assert line.meter.rtt_ms() == pytest.approx(0.0)


def test_jitter_is_told_in_milliseconds(line):
    line.passes(1)
    assert line.read.jitter_ms == 20.0
    assert line.meter.read(line.now + WINDOW_S).jitter_ms is None


def test_jitter_is_of_sound_for_the_packets_of_one_picture_are_sent_one_after_the_other(line):
    line.passes(1)
    line.meter.heard(line.now, VP8, ReportBlock(SOUND + 1, 0, 500, 90_000, 0, 0.0), 500)
    assert line.meter.read(line.now).jitter_ms == 20.0


def test_reports_that_lie_break_nothing(line):
    for lost, highest in ((-(1 << 23), 0), ((1 << 23) - 1, 0xFFFF_FFFF), (0, 5), (9, 400)):
        block = ReportBlock(SOUND, lost, highest, 2**32 - 1, 1, 65_535.0)
        line.sent += 200
        line.meter.heard(line.now, OPUS, block, line.sent)
        share = line.meter.read(line.now).loss_down
        assert share is None or 0 <= share <= 1


def test_a_track_that_begins_anew_is_no_loss(line):
    line.passes(5)
    line.packets = 0
    assert line.passes(5) == []
    assert line.read.loss_up == 0.0


def test_what_came_while_nobody_listened_does_not_hide_a_loss(line):
    line.passes(5)
    line.meter.count(line.now, [])
    line.number, line.packets = (line.number + 70_000) & 0xFFFF, line.packets + 70_000
    line.passes(int(WINDOW_S), up=0.4)
    assert line.read.loss_up == pytest.approx(0.4, abs=0.05)
