"""What the port does a few times a second: every leg is looked at for itself."""

import pytest

from tests.workers.media.hand_made import PAIR, Wired, rtp
from workers.media import wire
from workers.media.room import Room
from workers.media.rtp import VP8, nack


@pytest.fixture
def wired():
    made = Wired()
    yield made
    made.close()


def ticks(wired, seconds):
    """So much time, looked at as the worker does it."""
    for _ in range(round(seconds / 0.25)):
        wired.now += 0.25
        wired.port.tick(wired.now)


class Broken:
    """A part of a leg that has a bug: whatever is asked of it fails."""

    def __getattr__(self, name):
        raise RuntimeError(name)


@pytest.mark.parametrize("part", ["meter", "up", "ice"])
def test_what_fails_of_one_leg_stops_none_of_the_others(wired, part):
    broken = wired.seeker.leg
    wired.room = Room("another", wired.room.closes_at)
    for seat in PAIR:
        wired.add(seat).check()
    for client in wired.clients:
        client.send(rtp(1))
    setattr(broken, part, Broken())
    ticks(wired, 6.0)
    assert wired.port.counters["errors"] > 0
    silent = {(it.session, it.seat) for it in wired.reports if isinstance(it, wire.WentSilent)}
    assert silent >= {("s", "supporter"), ("another", "seeker"), ("another", "supporter")}
    [*_, last] = wired.statistics
    assert {leg.seat for leg in last.legs if leg.session == "another"} == {*PAIR}


def test_what_we_send_again_of_our_own_is_part_of_what_goes_down(wired):
    wired.seeker.send(rtp(9, ssrc=8, payload_type=VP8, payload=bytes(1_000)))
    ticks(wired, 1.0)
    wired.supporter.received_raw()
    wired.statistics.clear()
    for number in range(10, 20):
        wired.seeker.send(rtp(number, ssrc=8, payload_type=VP8, payload=bytes(1_000)))
    lost = [int.from_bytes(packet[2:4], "big") for packet in wired.supporter.received_raw()]
    wired.supporter.send_rtcp(nack(wired.supporter.down(VP8).ssrc, lost))
    again = wired.supporter.received_raw()
    assert len(again) == len(lost) == 10
    ticks(wired, 1.0)
    seeker, supporter = wired.statistics[-1].legs
    repeated_bps = 8 * sum(len(packet) for packet in again)
    assert supporter.down_bps == pytest.approx(seeker.up_bps + repeated_bps, rel=0.01)
    ticks(wired, 1.0)
    assert wired.statistics[-1].legs[1].down_bps == 0, "once"
