"""What somebody inside may cost the others, and what nobody may get: replies, streams, key frames, old pictures."""

import struct

import pytest

from tests.workers.media.hand_made import Wired, check, rtp, udp
from workers.media.quality import SAMPLES_KEPT, Meter
from workers.media.room import REPORTED_BYTES_PER_S
from workers.media.rtp import HEADER, OPUS, VP8, ReportBlock, is_rtcp, nack, nacked, pli
from workers.media.srtp import MAX_SSRCS
from workers.media.tracks import RESENDS_PER_S

CAMERA = 8
THREE = ("seeker", "supporter", "companion-1")


@pytest.fixture(params=[("seeker", "supporter"), THREE])
def wired(request):
    made = Wired(request.param)
    yield made
    made.close()


@pytest.fixture
def three():
    made = Wired(THREE)
    yield made
    made.close()


@pytest.fixture
def two():
    made = Wired()
    yield made
    made.close()


def pictures(wired, numbers, payload=b"picture"):
    for number in numbers:
        wired.seeker.send(rtp(number, ssrc=CAMERA, payload_type=VP8, payload=payload))


def number_of(packet):
    return HEADER.unpack_from(packet)[2]


# ---- what nobody may get --------------------------------------------------------------------------------------------


def test_who_comes_later_gets_nothing_of_before_by_asking_for_it(three):
    three.port.remove(three.clients[2].leg)
    three.room.remove(three.clients[2].leg)
    pictures(three, range(10, 20), b"before")
    late = three.add("companion-1", epoch=2)
    late.check()
    pictures(three, [20, 21])
    first = number_of(late.received()[0])
    three.seeker.received(is_control=True)
    asked = [first - back & 0xFFFF for back in range(1, 11)]
    late.send_rtcp(nack(late.down(VP8, "seeker").ssrc, asked))
    assert late.received() == []
    assert three.seeker.received(is_control=True) == []
    late.send_rtcp(nack(late.down(VP8, "seeker").ssrc, [first]))
    assert len(late.received()) == 1


# ---- what somebody may cost -----------------------------------------------------------------------------------------


def test_feedback_under_many_ssrcs_is_not_passed_on_under_each(two):
    two.seeker.send(rtp(1))
    block = struct.pack("!LLLLLL", two.supporter.down(OPUS).ssrc, 0, 5, 0, 0, 0)
    described = struct.pack("!BBHLL", 0x81, 202, 2, 55, 0)
    for ssrc in range(1_000, 1_000 + 3 * MAX_SSRCS):
        report = struct.pack("!BBHL", 0x81, 201, 7, ssrc) + block
        two.supporter.send_rtcp(described + report)
    passed = {packet[4:8] for packet in two.seeker.received(is_control=True)}
    assert 0 < len(passed) <= MAX_SSRCS


def test_feedback_is_read_up_to_a_bound_each_second(wired):
    pictures(wired, [10])
    wired.now += 1.0
    wanted = pli(wired.supporter.down(VP8, "seeker").ssrc) * 100
    for _ in range(REPORTED_BYTES_PER_S // len(wanted) + 10):
        wired.supporter.send_bytes(wired.supporter.sending.protect_rtcp(wanted))
        wired.take()
    read, refused = (wired.port.counters[name] for name in ("rtcp_read", "rtcp_refused"))
    assert read * len(wanted) <= REPORTED_BYTES_PER_S
    assert refused >= 10
    wired.now += 1.0
    wired.seeker.received(is_control=True)
    wired.supporter.send_rtcp(wanted)
    assert len(wired.seeker.received(is_control=True)) == 1


def test_a_nack_beyond_the_bound_is_read_no_further(wired):
    pictures(wired, [10, 11])
    entries = b"".join(struct.pack("!HH", 17 * index, 0xFFFF) for index in range(300))
    ssrc = wired.supporter.down(VP8, "seeker").ssrc
    wired.seeker.received(is_control=True)
    wired.supporter.send_rtcp(struct.pack("!BBHLL", 0x81, 205, 302, 1, ssrc) + entries)
    assert wired.port.counters["resend_refused"] == 1
    asked = [nacked(packet) for packet in wired.seeker.received(is_control=True)]
    assert sum(map(len, asked)) <= RESENDS_PER_S


def test_a_sender_that_reports_again_and_again_in_one_packet_is_passed_on_once(three):
    pictures(three, [10])
    report = struct.pack("!BBHLLLLLL", 0x80, 200, 6, CAMERA, 1, 2, 3, 4, 5)
    three.seeker.send_rtcp(report * 40)
    for client in three.clients[1:]:
        assert len(client.received(is_control=True)) == 1


def test_who_goes_to_and_fro_between_two_addresses_does_not_cost_a_key_frame_each_time(wired):
    for place, client in enumerate(wired.clients):
        client.send(rtp(1, ssrc=50 + place, payload_type=VP8))
    wired.now += 2.0
    for client in wired.clients:
        client.received(is_control=True)
    there = udp()
    wired.seeker.check(at=there)
    wired.now += 0.05
    wired.seeker.check()
    for step in range(40):
        wired.now += 0.001
        credentials = wired.seeker.credentials
        nominated = bytes(check(f"{credentials.ufrag}:x", credentials.password))
        wired.seeker.send_bytes(nominated, at=wired.seeker.socket if step % 2 else there)
        wired.take()
        assert (
            wired.seeker.leg.address == (wired.seeker.socket if step % 2 else there).getsockname()
        )
    for client in wired.clients[1:]:
        assert len(client.received(is_control=True)) == 1
    there.close()


def test_what_is_measured_of_who_reports_too_often_is_bounded():
    meter = Meter()
    meter.passed_on(1.0, 5)
    for step in range(3 * SAMPLES_KEPT):
        now = 1.0 + step / 1_000
        meter.heard(now, OPUS, ReportBlock(1, 0, step, 0, 5, 0.0), step)
    assert len(meter._rtts) == 2 * SAMPLES_KEPT
    assert len(meter._down[OPUS]._samples) == 3 * (1 + SAMPLES_KEPT)


def test_the_newest_round_trip_counts_until_another_is_measured():
    meter = Meter()
    meter.passed_on(1.0, 5)
    meter.heard(1.4, OPUS, ReportBlock(1, 0, 5, 0, 5, 0.0), 5)
    meter.heard(60.0, OPUS, ReportBlock(1, 0, 9, 0, 0, 0.0), 9)
    assert meter.rtt_ms() == pytest.approx(400.0)
    assert meter.read(60.0).rtt_ms is None


def test_an_address_to_which_there_is_no_way_is_no_error_of_ours(wired):
    wired.seeker.send(rtp(1))
    wired.supporter.leg.ice.address = ("127.0.0.1", 0)
    wired.seeker.send(rtp(2))
    assert wired.port.counters["send_dropped"] == 1
    assert wired.port.counters["errors"] == 0


# ---- who is away for long -------------------------------------------------------------------------------------------


def decrypted(client):
    """How many packets have come that can be decrypted; each has to be."""
    waiting = [each for each in client.received_raw() if not is_rtcp(each[1])]
    return len([client.receiving.unprotect(each) for each in waiting])


def test_who_could_not_be_reached_while_the_numbers_went_round_can_decrypt_again(wired):
    pictures(wired, [1, 30_000, 60_000, 90_000])
    assert decrypted(wired.supporter) == 4
    wired.now += 31.0
    wired.port.tick(wired.now)
    assert wired.supporter.leg.address is None
    pictures(wired, [110_000, 130_000])
    wired.supporter.check()
    pictures(wired, range(130_001, 130_005))
    assert decrypted(wired.supporter) == 4
    assert wired.port.counters["protect_refused"] == 0
