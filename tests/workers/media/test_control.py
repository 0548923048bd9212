"""What goes back to senders between two hand-made clients: repetitions, what is asked for again, feedback passed on."""

import struct

import pytest

from tests.workers.media.hand_made import Wired, numbering, rtp, video
from workers.media.feedback import BRAKED_S, FREE_BPS
from workers.media.forwarder import MAX_ASKED
from workers.media.room import RTT_UNKNOWN_S
from workers.media.rtp import OPUS, RTX, VP8, nack, nacked, pli, read_feedback


@pytest.fixture
def wired():
    made = Wired()
    yield made
    made.close()


# ---- repetitions ----------------------------------------------------------------------------------------------------


def test_new_video_asks_its_sender_for_a_key_frame(wired):
    video(wired)
    assert wired.seeker.received(is_control=True) == [pli(8)]


def test_a_nack_is_answered_as_rtx(wired):
    for number in range(10, 20):
        wired.seeker.send(rtp(number, ssrc=8, payload_type=VP8, payload=b"%d" % number))
    sent = wired.supporter.received()
    number = numbering(sent[4])[1]
    wired.supporter.send_rtcp(nack(wired.supporter.down(VP8).ssrc, [number]))
    (again,) = wired.supporter.received()
    assert numbering(again)[::2] == (RTX, numbering(sent[4])[2])
    assert numbering(again)[3] == wired.supporter.down(RTX).ssrc
    assert again[12:] == struct.pack("!H", number) + b"14"
    assert wired.port.counters["resent"] == 1


def test_who_takes_no_rtx_gets_the_same_ciphertext_again(wired):
    wired.supporter.refuses(RTX)
    sent = video(wired)
    number = int.from_bytes(sent[4][2:4], "big")
    for _ in range(2):
        wired.supporter.send_rtcp(nack(wired.supporter.down(VP8).ssrc, [number]))
    assert wired.supporter.received_raw() == [sent[4], sent[4]]


def test_repetitions_have_a_new_number_each_time_whoever_makes_them(wired):
    sent = video(wired)
    number = int.from_bytes(sent[4][2:4], "big")
    for rtx_number in range(1, 6):
        wired.supporter.send_rtcp(nack(wired.supporter.down(VP8).ssrc, [number]))
        wired.seeker.send(rtp(rtx_number, ssrc=9, payload_type=RTX, payload=b"\0\x0epicture"))
    again = wired.supporter.received_raw()
    assert len({packet[2:4] for packet in again}) == len(again) == 10
    assert len({packet[12:] for packet in again}) == 10
    assert wired.port.counters["protect_refused"] == 0


def test_what_is_kept_is_forgotten_as_time_goes_by(wired):
    sent = video(wired)
    for _ in range(10):
        wired.now += 0.25
        wired.port.tick(wired.now)
    number = int.from_bytes(sent[-1][2:4], "big")
    wired.seeker.received(is_control=True)
    wired.supporter.send_rtcp(nack(wired.supporter.down(VP8).ssrc, [number]))
    assert wired.supporter.received_raw() == []
    assert [nacked(packet) for packet in wired.seeker.received(is_control=True)] == [[19]]


def test_a_second_of_pictures_is_kept_for_a_slow_receiver(wired):
    sent = video(wired)
    wired.supporter.leg.meter._rtts.extend((wired.now, 500.0))
    asked = nack(wired.supporter.down(VP8).ssrc, [int.from_bytes(sent[0][2:4], "big")])
    for step in range(90):
        wired.now += 0.01
        video(wired, [20 + step])
        if step % 25 == 0:
            wired.port.tick(wired.now)
    wired.supporter.send_rtcp(asked)
    assert len(wired.supporter.received_raw()) == 1
    # A near one asks sooner, and later finds nothing.
    wired.supporter.leg.meter._rtts.extend((wired.now, 1.0))
    for step in range(90, 290):
        wired.now += 0.01
        video(wired, [20 + step])
        if step % 25 == 0:
            wired.port.tick(wired.now)
    wired.supporter.send_rtcp(asked)
    assert wired.supporter.received_raw() == []


# ---- loss on the way to us ------------------------------------------------------------------------------------------


def asked_for(client, ssrc=8):
    """The numbers that the port has asked a client for."""
    return [
        number
        for packet in client.received(is_control=True)
        if packet[1] == 205 and packet[8:12] == struct.pack("!L", ssrc)
        for number in nacked(packet)
    ]


def test_a_gap_in_a_picture_is_asked_for_at_once(wired):
    video(wired, [10, 11, 14, 15])
    assert asked_for(wired.seeker) == [12, 13]
    assert wired.port.counters["nack_sent"] == 2


def test_what_does_not_come_is_asked_for_again_and_in_the_end_given_up(wired):
    video(wired, [10, 12])
    asked = []
    for _ in range(40):
        wired.now += 0.25
        wired.port.tick(wired.now)
        asked += asked_for(wired.seeker)
    assert asked == [11] * MAX_ASKED
    assert wired.port.control.asking == {}


def test_nothing_is_remembered_of_who_was_asked_and_is_gone(wired):
    video(wired, [10, 12])
    assert len(wired.port.control.asking) == 1
    wired.port.remove(wired.seeker.leg)
    wired.now += 0.25
    wired.port.tick(wired.now)
    assert wired.port.control.asking == {}


def test_pictures_that_stand_still_are_kept_for_a_moment_only(wired):
    video(wired)
    (up,) = wired.seeker.leg.up.tracks.values()
    assert len(up.kept) == 10
    for _ in range(4):
        wired.now += 1.0
        wired.port.tick(wired.now)
    assert len(up.kept) == 0


def test_the_first_picture_is_kept_for_a_receiver_that_is_far_away(wired):
    wired.supporter.leg.ice.shortest_s = 0.5
    (first,) = video(wired, [10])
    for number in range(11, 60):
        wired.now += 0.01
        video(wired, [number])
    asked = nack(wired.supporter.down(VP8).ssrc, [int.from_bytes(first[2:4], "big")])
    wired.supporter.send_rtcp(asked)
    assert len(wired.supporter.received_raw()) == 1
    assert asked_for(wired.seeker) == []


def test_before_any_report_the_round_trip_is_that_of_a_check(wired):
    leg = wired.seeker.leg
    assert leg.rtt_s == RTT_UNKNOWN_S
    leg.ice.shortest_s = 0.3
    assert leg.rtt_s == 0.3
    leg.meter._rtts.extend((wired.now, 20.0))
    assert leg.rtt_s == 0.02


@pytest.mark.parametrize("payload_type", [VP8, RTX])
def test_a_packet_that_comes_late_or_again_is_asked_for_no_more(wired, payload_type):
    video(wired, [10, 12])
    wired.seeker.received(is_control=True)
    if payload_type == VP8:
        wired.seeker.send(rtp(11, ssrc=8, payload_type=VP8))
    else:
        wired.seeker.send(rtp(1, ssrc=9, payload_type=RTX, payload=b"\0\x0bpicture"))
    for _ in range(8):
        wired.now += 0.25
        wired.port.tick(wired.now)
    assert asked_for(wired.seeker) == []
    assert len(wired.supporter.received_raw()) == 1


def test_what_we_have_just_asked_for_ourselves_is_not_asked_for_a_second_time(wired):
    sent = video(wired, [10, 12])
    assert asked_for(wired.seeker) == [11]
    gone = int.from_bytes(sent[0][2:4], "big") + 1 & 0xFFFF
    misses = nack(wired.supporter.down(VP8).ssrc, [gone])
    wired.now += 0.05
    wired.supporter.send_rtcp(misses)
    assert asked_for(wired.seeker) == []
    wired.now += 0.1
    wired.supporter.send_rtcp(misses)
    assert asked_for(wired.seeker) == [11]


# ---- feedback -------------------------------------------------------------------------------------------------------


def test_what_is_not_kept_is_asked_of_the_sender_in_its_own_numbers(wired):
    sent = video(wired)
    wired.seeker.received(is_control=True)
    newest = int.from_bytes(sent[-1][2:4], "big")
    wired.supporter.send_rtcp(nack(wired.supporter.down(VP8).ssrc, [(newest + 5) & 0xFFFF]))
    (passed,) = wired.seeker.received(is_control=True)
    assert passed[8:12] == struct.pack("!L", 8)
    assert nacked(passed) == [24]


def test_pli_is_passed_on_and_throttled(wired):
    video(wired)
    wired.seeker.received(is_control=True)
    wanted = pli(wired.supporter.down(VP8).ssrc)
    wired.now += 1.0
    wired.supporter.send_rtcp(wanted)
    wired.supporter.send_rtcp(wanted)
    assert wired.seeker.received(is_control=True) == [pli(8)]
    wired.now += 0.3
    wired.supporter.send_rtcp(wanted)
    assert wired.seeker.received(is_control=True) == [pli(8)]


def test_reports_arrive_in_the_other_ends_numbers(wired):
    sent = video(wired)
    wired.seeker.received(is_control=True)
    highest = int.from_bytes(sent[-1][2:4], "big")
    track = wired.supporter.down(VP8)
    block = struct.pack("!LLLLLL", track.ssrc, 0, highest, 0, 0, 0)
    wired.supporter.send_rtcp(struct.pack("!BBHL", 0x81, 201, 7, 55) + block)
    (report,) = wired.seeker.received(is_control=True)
    assert struct.unpack_from("!LLL", report, 8)[::2] == (8, 19)


@pytest.mark.parametrize("is_alone", [True, False])
def test_transport_wide_feedback_goes_to_the_sender_in_its_numbers(wired, is_alone):
    video(wired)
    wired.seeker.received(is_control=True)
    track = wired.supporter.down(VP8)
    report = struct.pack("!BBHL", 0x81, 201, 7, 55) + struct.pack("!LLLLLL", track.ssrc, *5 * [0])
    wide = struct.pack("!BBHLLLL", 0x8F, 205, 4, 55, track.ssrc, 6, 7)
    wired.supporter.send_rtcp(wide if is_alone else report + wide)
    (told,) = wired.seeker.received(is_control=True)
    assert told[-20:] == struct.pack("!BBHLLLL", 0x8F, 205, 4, 55, 8, 6, 7)
    assert len(told) == (20 if is_alone else 52)


def test_transport_wide_feedback_about_who_has_gone_goes_to_nobody(wired):
    video(wired)
    track = wired.supporter.down(VP8)
    wide = struct.pack("!BBHLLLL", 0x8F, 205, 4, 55, track.ssrc, 6, 7)
    wired.port.remove(wired.seeker.leg)
    wired.room.remove(wired.seeker.leg)
    wired.seeker.received_raw()
    wired.supporter.send_rtcp(wide)
    assert wired.seeker.received_raw() == []
    assert wired.port.counters["rtcp_read"] == 1
    assert wired.port.counters["errors"] == 0


def test_feedback_of_a_leg_without_anybody_else_goes_nowhere(wired):
    wired.port.remove(wired.supporter.leg)
    wired.room.remove(wired.supporter.leg)
    wired.seeker.send_rtcp(pli(1))
    wired.seeker.send(rtp(1))
    assert wired.port.counters["errors"] == 0


# ---- a way that is full ---------------------------------------------------------------------------------------------


def talk(wired, seconds, *, lost=(), rtt_s=0.02):
    """The seeker sends fifty packets of sound and of pictures a second and reports, the supporter hears and reports.

    Args:
        wired: the room.
        seconds: for how long.
        lost: of ten packets of sound those that do not come to the supporter.
        rtt_s: between us and the supporter.

    Returns:
        What the seeker was told about what pictures may take.
    """
    told = []
    for _ in range(seconds):
        wired.seeker.leg.ice.consent_at = wired.supporter.leg.ice.consent_at = wired.now
        second = int(wired.now)
        for number in range(50 * second, 50 * second + 50):
            wired.seeker.send_bytes(wired.seeker.sending.protect(rtp(number)))
            picture = rtp(number, ssrc=8, payload_type=VP8, payload=bytes(500))
            wired.seeker.send_bytes(wired.seeker.sending.protect(picture))
        wired.pump()
        sound = wired.supporter.down(OPUS)
        numbers = [numbering(packet) for packet in wired.supporter.received()]
        highest = max(number for _, number, _, ssrc in numbers if ssrc == sound.ssrc)
        wired.missed = getattr(wired, "missed", 0) + 5 * len(lost)
        report = struct.pack("!BBHLLLLLL", 0x80, 200, 6, 7, second, 0x8000_0000, 0, 0, 0)
        wired.seeker.send_rtcp(report)
        wired.now += rtt_s
        last = (second & 0xFFFF) << 16 | 0x8000
        block = struct.pack("!LLLLLL", sound.ssrc, wired.missed, highest, 0, last, 0)
        wired.supporter.send_rtcp(struct.pack("!BBHL", 0x81, 201, 7, 55) + block)
        wired.now += 1 - rtt_s
        wired.port.tick(wired.now)
        wired.supporter.received(is_control=True)
        told += [
            estimate
            for packet in wired.seeker.received(is_control=True)
            if (estimate := read_feedback(packet, {}, {}).estimate_bps) is not None
        ]
    return told


FULL = {"lost": (3,), "rtt_s": 0.3}


def test_of_two_a_full_way_down_holds_the_others_pictures_back_and_then_lets_go(wired):
    assert talk(wired, 5) == []
    first, *_ = talk(wired, 4, **FULL)
    assert first == pytest.approx(0.85 * 0.95 * 50 * 8 * 528, rel=0.1)
    assert talk(wired, int(BRAKED_S) + 3) == [pytest.approx(FREE_BPS, rel=0.01)]


@pytest.mark.parametrize("trouble", [{"lost": (3,)}, {"rtt_s": 0.3}])
def test_a_way_down_that_only_loses_or_is_only_long_holds_nobody_back(wired, trouble):
    talk(wired, 5)
    assert talk(wired, 10, **trouble) == []


def test_a_way_that_is_full_from_the_first_packet_on_is_known_by_the_answer_before_it(wired):
    assert talk(wired, 8, **FULL) == []
    other = Wired()
    other.supporter.leg.ice.shortest_s = 0.02
    told = talk(other, 8, **FULL)
    other.close()
    assert told


def test_who_is_held_back_for_somebody_who_goes_is_let_go(wired):
    talk(wired, 5)
    assert talk(wired, 4, **FULL)
    wired.add("supporter", epoch=2).check()
    wired.now += 1
    wired.port.tick(wired.now)
    told = [read_feedback(each, {}, {}) for each in wired.seeker.received(is_control=True)]
    assert told[-1].estimate_bps == pytest.approx(FREE_BPS, rel=0.01)
