"""How fast a room of several gets good pictures, and how soon a bad line is spared.

Browsers after draft-ietf-rmcat-gcc-02 as senders and receivers, lines with a bottleneck and a queue, seeded.
"""

import random

import pytest

from workers.media.feedback import (
    BEGIN_BPS,
    START_BPS,
    Estimate,
    LineDown,
    Receiving,
    allowed_bps,
)

STEP_S = 0.05
CAMERA_BPS = 1_700_000
"""No page's camera takes more."""
MEASURED_S = 1.0
"""From now on round trips are known."""


class Line:
    """A way down: a bottleneck with a queue, and some loss and delay that mean nothing."""

    def __init__(self, bits_per_s, queue_s, seed):
        self._bits_per_s, self._queue_s = bits_per_s, queue_s
        self._seeded = random.Random(seed)
        self.waiting = 0.0
        self.throughput, self.lost = 0.0, 0.0

    @property
    def delay_s(self):
        return self.waiting / self._bits_per_s

    def carry(self, offered_bps):
        bits = offered_bps * STEP_S
        out = min(self.waiting + bits, self._bits_per_s * STEP_S)
        left = self.waiting + bits - out
        self.waiting = min(left, self._bits_per_s * self._queue_s)
        chance = 0.01 * (self._seeded.random() < 0.5)
        self.lost = (left - self.waiting) / bits + chance
        self.throughput = 0.8 * self.throughput + 0.2 * out / STEP_S

    def rtt_s(self):
        return 0.03 + self.delay_s + 0.02 * self._seeded.random()


class Receiver:
    """A browser's estimate (§5.5): none for five seconds, unless delay grows; then it climbs by a twelfth a second."""

    def __init__(self, line):
        self.line = line
        self.down = LineDown()
        self._estimate = 0.0
        self._delay_s = 0.0
        self._lost, self._offered = [], [0.0]

    def step(self, now, begun_at, offered_bps):
        line = self.line
        line.carry(offered_bps)
        self._lost.append(line.lost)
        self._offered = [*self._offered[-19:], offered_bps]
        grows = line.delay_s > self._delay_s + 0.01 or line.delay_s > 0.1
        self._delay_s = line.delay_s
        if grows:
            self._estimate = 0.85 * line.throughput
        elif self._estimate:
            most = max(1.5 * line.throughput + 10_000, self._estimate)
            self._estimate = min(self._estimate * 1.08**STEP_S, most)
        elif now > begun_at + 5.0:
            self._estimate = line.throughput

    def report(self, now):
        lost, self._lost = sum(self._lost) / max(len(self._lost), 1), []
        rtt_s = self.line.rtt_s() if now >= MEASURED_S else None
        sent_bps = int(sum(self._offered) / len(self._offered))
        self.down.reported(min(lost, 1.0), rtt_s, sent_bps, now)
        if self._estimate:
            self.down.estimated(int(self._estimate), now)


class Sender:
    """A browser without transport-wide feedback: it takes the estimate that it is told, and climbs by a twelfth."""

    def __init__(self):
        self.estimate = Estimate()
        self.own, self.told = 300_000.0, None

    @property
    def rate(self):
        return min(self.own, self.told or self.own, CAMERA_BPS)

    def hear(self, now, receivers):
        allowed = allowed_bps(receivers, self.estimate.free_bps if now > MEASURED_S else START_BPS)
        if allowed is not None and self.estimate.is_news(allowed, now):
            self.told = allowed
            if now < 3.0:
                self.own = max(self.own, allowed)
        self.own *= 1.08**STEP_S


class Room:
    """Everybody sends to everybody; each reports once a second, at a moment of its own."""

    def __init__(self, lines):
        self.now = 0.0
        self.receivers = [Receiver(line) for line in lines]
        self.senders = [Sender() for _ in lines]
        self.begun = [0.0] * len(lines)

    def come(self, line):
        self.receivers.append(Receiver(line))
        self.senders.append(Sender())
        self.begun.append(self.now)

    def run(self, seconds):
        for _ in range(round(seconds / STEP_S)):
            self.now += STEP_S
            rates = [sender.rate for sender in self.senders]
            for place, receiver in enumerate(self.receivers):
                offered = sum(rates) - rates[place]
                receiver.step(self.now, self.begun[place], offered)
                if round(self.now / STEP_S) % 20 == 3 * place:
                    receiver.report(self.now)
            for place, sender in enumerate(self.senders):
                sender.hear(self.now, self._others(place))

    def _others(self, place):
        pictures = len(self.receivers) - 1
        return [
            Receiving(each.down.estimate_bps, pictures, 1, each.down.is_free)
            for other, each in enumerate(self.receivers)
            if other != place and each.down.has_say(self.now)
        ]

    @property
    def rates(self):
        return [sender.rate for sender in self.senders]


def good_lines(count, seed):
    return [Line(12_000_000, 0.3, seed + place) for place in range(count)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [3, 4])
def test_on_good_lines_everybody_has_a_good_picture_after_four_seconds(count, seed):
    room = Room(good_lines(count, seed))
    room.run(4.0)
    assert min(room.rates) > 1_200_000


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("queue_s", [0.05, 0.3, 2.0])
@pytest.mark.parametrize("bits_per_s", [250_000, 500_000, 1_000_000, 2_000_000])
def test_a_bad_line_is_overtaken_for_seconds_and_spared_from_then_on(bits_per_s, queue_s, seed):
    room = Room([*good_lines(2, seed), Line(bits_per_s, queue_s, seed)])
    is_over = []
    for _ in range(70):
        room.run(0.1)
        is_over.append(sum(room.rates[:2]) > 1.2 * bits_per_s)
    first = is_over.index(True)
    assert not any(is_over[first + 25 :][:30])


@pytest.mark.parametrize("seed", range(5))
def test_who_comes_later_on_a_good_line_costs_nobody_the_picture(seed):
    room = Room(good_lines(2, seed) + good_lines(1, seed))
    room.run(10.0)
    room.come(Line(12_000_000, 0.3, seed))
    for _ in range(20):
        room.run(0.5)
        assert min(room.rates[:3]) > 1_200_000


@pytest.mark.parametrize("seed", range(5))
def test_who_comes_later_on_a_bad_line_is_spared_within_two_seconds(seed):
    room = Room(good_lines(2, seed))
    room.run(10.0)
    room.come(Line(500_000, 0.3, seed))
    room.run(2.5)
    assert sum(room.rates[:2]) <= 500_000


# ---- what shows an end ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lost", "rtt_s", "is_free"),
    [(0.0, 0.05, True), (0.08, 0.24, True), (0.1, None, False), (0.0, 0.251, False)],
)
def test_much_loss_or_a_round_trip_that_grows_shows_an_end_for_good(lost, rtt_s, is_free):
    line = LineDown()
    line.reported(0.0, 0.05, 0, 0.0)
    line.reported(lost, rtt_s, 0, 1.0)
    assert line.is_free is is_free
    line.estimated(9_000_000, 2.0)
    line.reported(0.0, 0.05, 0, 2.0)
    assert line.is_free is is_free


def test_an_estimate_alone_shows_no_end():
    line = LineDown()
    for bps in (300_000, 500_000, 90_000):
        line.estimated(bps, 0.0)
        assert line.is_free


def test_a_line_that_is_long_from_the_start_shows_none():
    line = LineDown()
    for rtt_s in (None, 0.6, 0.58, 0.65):
        line.reported(0.0, rtt_s, 0, 0.0)
    assert line.is_free


def test_who_has_said_nothing_has_no_say_and_who_says_nothing_any_more_neither():
    line = LineDown()
    assert not line.has_say(0.0)
    line.reported(0.0, None, 0, 0.0)
    assert line.has_say(1_000.0)
    line.reported(0.5, None, 0, 1_000.0)
    line.estimated(500_000, 1_001.0)
    assert line.has_say(1_010.0)
    assert not line.has_say(1_011.0)


def test_until_a_full_line_has_an_estimate_what_came_through_counts_less_a_bit():
    line = LineDown()
    line.reported(0.5, None, 2_000_000, 0.0)
    assert (line.has_say(0.0), line.estimate_bps) == (True, 850_000)
    line = LineDown()
    line.reported(0.9, None, 1_000_000, 0.0)
    assert line.estimate_bps == BEGIN_BPS
    line = LineDown()
    line.estimated(900_000, 0.0)
    line.reported(0.5, None, 1_000_000, 1.0)
    assert line.estimate_bps == 900_000


def test_who_is_free_lets_senders_take_more_than_it_estimates_and_who_is_not_holds_them():
    free = Receiving(300_000, 2, 1, is_free=True)
    assert allowed_bps([free], START_BPS) == START_BPS
    assert allowed_bps([free, Receiving(500_000, 2, 1)], START_BPS) == 250_000
    assert allowed_bps([Receiving(4_000_000, 2, 1, is_free=True)], START_BPS) == 2_000_000


def test_what_a_free_sender_is_told_doubles_from_what_it_was_told():
    estimate = Estimate()
    assert estimate.free_bps == START_BPS
    assert estimate.is_news(START_BPS, 0.0)
    assert estimate.free_bps == 2 * START_BPS
    assert estimate.is_news(150_000, 0.1)
    assert estimate.free_bps == START_BPS
