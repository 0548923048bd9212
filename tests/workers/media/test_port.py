"""The port with two hand-made clients: forwarding, the end, roaming, feedback, garbage."""

import os
import random
import struct
from itertools import count

import pytest
from aioice import stun
from pylibsrtp import Error

from tests.workers.media.hand_made import (
    Wired,
    drain,
    numbering,
    reply,
    rtp,
    udp,
    video,
    without_port,
)
from workers.media import wire
from workers.media.datagrams import SLOTS, bind
from workers.media.ice import IN_USE_S
from workers.media.port import DENSE_S, FORGETS, PART_S, RESTS, TURNS, WITHIN_S
from workers.media.room import Room
from workers.media.rtp import OPUS, RTX, VP8, nack, pli
from workers.media.srtp import MAX_SSRCS


@pytest.fixture
def wired():
    made = Wired()
    yield made
    made.close()


# ---- forwarding -----------------------------------------------------------------------------------------------------


def test_a_packet_reaches_the_other_seat_under_the_offered_ssrc_with_its_payload(wired):
    wired.seeker.send(rtp(1, payload=b"hello"))
    (got,) = wired.supporter.received()
    assert (numbering(got)[3], got[12:]) == (wired.supporter.down(OPUS).ssrc, b"hello")
    assert wired.seeker.received() == []


def test_a_replayed_packet_is_forwarded_once(wired):
    packet = wired.seeker.sending.protect(rtp(1))
    for _ in range(3):
        wired.seeker.send_bytes(packet)
    wired.pump()
    assert len(wired.supporter.received()) == 1
    assert wired.port.counters["srtp_refused"] == 2


def test_the_room_flows_once_both_seats_are_forwarded(wired):
    wired.seeker.send(rtp(1))
    assert wired.reports == []
    for number in range(3):
        wired.supporter.send(rtp(number, ssrc=9))
        wired.seeker.send(rtp(number + 2))
    assert wired.reports == [wire.Flowing(session="s")]


@pytest.mark.parametrize("payload_type", [OPUS, VP8])
def test_what_the_kernel_does_not_take_is_dropped_and_not_forwarded(wired, payload_type):
    wired.supporter.refuses(RTX)
    wired.supporter.send(rtp(1, ssrc=9))
    before = wired.port.forwarded
    wired.supporter.leg.ice.address = ("127.0.0.1", 0)
    wired.seeker.send(rtp(1, payload_type=payload_type))
    assert wired.port.counters["send_dropped"] == 1
    assert wired.port.forwarded == before
    assert wired.reports == []


def test_what_the_kernel_does_not_take_of_a_turn_is_counted_and_was_not_forwarded(wired):
    wired.seeker.send(rtp(1))
    before = wired.port.forwarded
    without_port(wired.seeker.leg.up.routes[7].short_path.destination)
    for number in (2, 3):
        wired.seeker.send_bytes(wired.seeker.sending.protect(rtp(number)))
    wired.pump()
    assert wired.port.counters["send_dropped"] == 2
    assert wired.port.forwarded == before


def test_what_the_kernel_does_not_take_of_the_wide_way_is_counted_and_was_not_forwarded(wired):
    for number, kind in ((10, VP8), (1, RTX)):
        wired.seeker.send(rtp(number, ssrc=kind, payload_type=kind, payload=b"\0\x0apicture"))
    before = wired.port.forwarded
    assert before == 2
    without_port(wired.port.udp.destination(wired.supporter.address))
    wired.seeker.send(rtp(2, ssrc=RTX, payload_type=RTX, payload=b"\0\x0apicture"))
    assert wired.port.counters["send_dropped"] == 1
    assert wired.port.forwarded == before


def test_a_room_flows_though_the_kernel_did_not_take_the_first_packets(wired, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(wired.port.udp, "send", lambda *_: False)
        wired.seeker.send(rtp(1))
        wired.supporter.send(rtp(1, ssrc=9))
    assert wired.reports == []
    for number in (2, 3):
        wired.seeker.send(rtp(number))
        wired.supporter.send(rtp(number, ssrc=9))
    assert wired.reports == [wire.Flowing(session="s")]


def test_nothing_is_forwarded_from_closes_at_on_though_no_timer_has_fired(wired):
    wired.seeker.send(rtp(1))
    wired.now = wired.room.closes_at - 0.001
    wired.seeker.send(rtp(2))
    assert len(wired.supporter.received()) == 2
    wired.now = wired.room.closes_at
    wired.seeker.send(rtp(3))
    wired.seeker.send(rtp(1, ssrc=8, payload_type=VP8))
    wired.seeker.send_rtcp(pli(wired.seeker.down(VP8).ssrc))
    assert wired.supporter.received_raw() == []
    assert wired.port.counters["not_open"] == 2


def test_no_feedback_is_relayed_from_closes_at_on(wired):
    number = int.from_bytes(video(wired)[0][2:4], "big")
    wired.seeker.received(is_control=True)
    wired.now = wired.room.closes_at
    ssrc = wired.supporter.down(VP8).ssrc
    wired.supporter.send_rtcp(pli(ssrc))
    wired.supporter.send_rtcp(nack(ssrc, [number]))
    assert wired.seeker.received(is_control=True) == []
    assert wired.supporter.received_raw() == []


def test_nothing_is_forwarded_once_the_node_counts_as_gone(wired):
    wired.port.deaf_at = wired.now
    wired.seeker.send(rtp(1))
    assert wired.supporter.received_raw() == []


def test_a_function_that_is_not_allowed_is_refused_at_the_port(wired):
    wired.seeker = wired.add("seeker", frozenset({"audio"}), epoch=2)
    wired.seeker.check()
    wired.seeker.send(rtp(1, ssrc=8, payload_type=VP8))
    wired.seeker.send(rtp(1, ssrc=9, payload_type=RTX))
    assert wired.supporter.received_raw() == []
    wired.seeker.send(rtp(1, ssrc=7, payload_type=OPUS))
    assert len(wired.supporter.received()) == 1
    assert wired.port.counters["function_refused"] == 2


def test_an_allowed_ssrc_with_another_payload_type_is_not_forwarded(wired):
    wired.seeker.send(rtp(1, ssrc=7, payload_type=OPUS))
    wired.seeker.send(rtp(2, ssrc=7, payload_type=VP8))
    assert len(wired.supporter.received()) == 1


def test_a_reload_goes_on_in_the_receivers_numbers_and_decrypts(wired):
    wired.seeker.send(rtp(60_000, ssrc=8, payload_type=VP8))
    before = numbering(wired.supporter.received()[0])
    again = wired.add("seeker", epoch=2)
    again.check()
    again.send(rtp(5, ssrc=88, payload_type=VP8))
    after = numbering(wired.supporter.received()[0])
    assert after[3] == before[3]
    assert after[1] == (before[1] + 1) & 0xFFFF


def test_a_reload_of_the_receiver_gets_the_packets_under_its_new_ssrc(wired):
    wired.seeker.send(rtp(1))
    again = wired.add("supporter", epoch=2)
    again.check()
    wired.seeker.send(rtp(2))
    (got,) = again.received()
    assert numbering(got)[3] == again.down(OPUS).ssrc


def test_the_old_connection_of_a_seat_is_dead_after_a_reload(wired):
    old = wired.seeker
    wired.add("seeker", epoch=2).check()
    old.send(rtp(1))
    assert wired.supporter.received_raw() == []


def test_who_is_removed_in_the_middle_of_talking_is_heard_no_more(wired):
    for number in range(3):
        wired.seeker.send(rtp(number))
    assert len(wired.supporter.received()) == 3
    wired.port.remove(wired.seeker.leg)
    wired.room.remove(wired.seeker.leg)
    for number in range(3, 6):
        wired.seeker.send(rtp(number))
    assert wired.supporter.received_raw() == []
    assert wired.port.counters["unknown"] == 3


def test_a_leg_that_is_removed_leaves_the_tables_empty(wired):
    for client in (wired.seeker, wired.supporter):
        client.send(rtp(1, ssrc=client.address[1]))
        client.send(rtp(1, ssrc=client.address[1] + 1, payload_type=VP8))
    for client in (wired.seeker, wired.supporter):
        wired.port.remove(client.leg)
        wired.room.remove(client.leg)
    assert wired.port.ice.table_sizes == (0, 0, 0, 0)
    assert wired.port.known_ssrcs() == 0


def test_a_sender_may_use_a_bounded_number_of_ssrcs(wired):
    for ssrc in range(100, 100 + MAX_SSRCS + 5):
        wired.seeker.send(rtp(1, ssrc=ssrc, payload_type=VP8))
    assert len(wired.supporter.received()) == MAX_SSRCS
    assert wired.port.counters["ssrc_refused"] == 5


def test_a_wake_takes_a_bounded_burst_and_between_its_packets_nothing_else_runs(wired):
    """What comes goes out in the same call and order; then the link and the timers have their turn."""
    passed = []
    wired.port.send = lambda *_: passed.append("something of our own")
    for number in range(TURNS * SLOTS + 50):
        wired.seeker.send_bytes(wired.seeker.sending.protect(rtp(number)))
    wired.take()
    first = [numbering(packet)[1] for packet in wired.supporter.received()]
    assert first == [(first[0] + index) & 0xFFFF for index in range(TURNS * SLOTS)]
    wired.take()
    assert len(wired.supporter.received()) == 50
    assert passed == []


def test_where_packets_come_densely_the_port_lets_some_gather(wired):
    """What comes during a rest is taken in the same wake; a rest in which nothing came is the last."""
    packets = iter([wired.seeker.sending.protect(rtp(number)) for number in range(20)])

    def comes():
        wired.seeker.send_bytes(next(packets))

    comes()
    wired.take()
    wired.supporter.received()
    wired.rested_s.clear()
    wired.now += DENSE_S * 0.9
    wired.meanwhile = [comes]
    comes()
    wired.take()
    assert wired.rested_s == pytest.approx([WITHIN_S] * 2)
    assert len(wired.supporter.received()) == 2
    wired.meanwhile = [comes] * (RESTS + 2)
    wired.rested_s.clear()
    comes()
    wired.take()
    assert wired.rested_s == pytest.approx([WITHIN_S] * RESTS), (
        "then commands and timers have their turn"
    )
    assert len(wired.supporter.received()) == RESTS
    wired.meanwhile.clear()
    wired.take()
    assert len(wired.supporter.received()) == 1, "what came in the last rest is taken after that"


def rests_after(wired, *turns):
    """How long the port rests in each wake, where one follows the other in a millisecond; of each turn its packets and
    seconds."""
    moments = [
        at
        for number, (_, took_s) in enumerate(turns)
        for at in (wired.now + number / 1000, wired.now + number / 1000 + took_s)
    ]
    wired.port._monotonic = iter(moments).__next__
    rested, numbers = [], count()

    def rest(seconds):
        rested[-1] += seconds

    on_readable = wired.port.reader(rest)
    for packets, _ in turns:
        rested.append(0.0)
        for _ in range(packets):
            wired.seeker.send_bytes(wired.seeker.sending.protect(rtp(next(numbers))))
        on_readable()
    assert len(wired.supporter.received()) == next(numbers)
    return rested


LONG_S, SHORT_S = 0.6 * WITHIN_S, WITHIN_S / 16


@pytest.mark.parametrize(
    ("took_s", "rested_s"), [(WITHIN_S / 4, WITHIN_S / 2), (LONG_S, 0), (9 * WITHIN_S, 0)]
)
def test_a_rest_is_shorter_by_what_this_turn_took_and_the_next_will(wired, took_s, rested_s):
    assert rests_after(wired, (1, 0), (1, took_s)) == pytest.approx([0, rested_s])


@pytest.mark.parametrize("packets", [1, SLOTS])
def test_a_long_turn_is_expected_again_and_forgotten_by_and_by(wired, packets):
    rested = rests_after(wired, (1, 0), (packets, LONG_S), (1, SHORT_S), (1, SHORT_S))
    second = LONG_S + FORGETS * (SHORT_S - LONG_S)
    third = second + FORGETS * (SHORT_S - second)
    assert rested == pytest.approx([0, 0, WITHIN_S - SHORT_S - second, WITHIN_S - SHORT_S - third])


def test_after_a_stall_the_port_soon_rests_again(wired):
    rested = rests_after(wired, (1, 0), (1, 100 * WITHIN_S), *[(1, SHORT_S)] * 2)
    assert rested[1] == 0 < rested[3]


def test_what_is_too_much_for_one_turn_is_dense(wired):
    wired.now += DENSE_S * 2
    wired.rested_s.clear()
    for number in range(SLOTS + 1):
        wired.seeker.send_bytes(wired.seeker.sending.protect(rtp(number)))
    wired.take()
    assert wired.rested_s == pytest.approx([WITHIN_S])
    assert len(wired.supporter.received()) == SLOTS + 1


def test_where_packets_come_seldom_nothing_waits(wired):
    wired.rested_s.clear()
    for number in range(5):
        wired.now += DENSE_S * 1.1
        wired.seeker.send_bytes(wired.seeker.sending.protect(rtp(number)))
        wired.take()
    assert wired.rested_s == []
    assert len(wired.supporter.received()) == 5


@pytest.mark.parametrize(("step_s", "passed"), [(PART_S, 1), (0.0, 0)], ids=["long", "short"])
def test_looking_at_the_legs_lets_packets_pass_when_it_takes_long(wired, step_s, passed):
    wired.seeker.send(rtp(1))
    wired.supporter.received()
    wired.seeker.send_bytes(wired.seeker.sending.protect(rtp(2)))
    moments = count()
    wired.port._monotonic = lambda: wired.now + next(moments) * step_s
    wired.port.tick(wired.now)
    assert len(wired.supporter.received()) == passed


# ---- roaming --------------------------------------------------------------------------------------------------------


def test_media_from_a_new_address_is_forwarded_and_the_signed_answer_to_the_probe_moves_the_leg(
    wired,
):
    seeker, elsewhere = wired.seeker, udp()
    wired.port.ice.answered(seeker.leg.ice, "x", seeker.password)
    seeker.send(rtp(1))
    seeker.send(rtp(2), at=elsewhere)
    assert len(wired.supporter.received()) == 2
    probe = stun.parse_message(elsewhere.recv(2048))
    assert probe.check_message_integrity(seeker.password.encode())
    assert seeker.leg.address == seeker.address
    seeker.send_bytes(reply(probe, "wrong"), at=elsewhere)
    wired.pump()
    assert seeker.leg.address == seeker.address
    seeker.send_bytes(reply(probe, seeker.password), at=elsewhere)
    wired.pump()
    assert seeker.leg.address == elsewhere.getsockname()
    wired.supporter.send(rtp(1, ssrc=9))
    assert len(drain(elsewhere)) == 1
    elsewhere.close()


def test_what_is_under_way_follows_a_receiver_who_moves_and_nothing_more_goes_to_the_old_address(
    wired,
):
    seeker = wired.seeker
    for number in range(3):
        wired.supporter.send(rtp(number, ssrc=9))
    assert len(seeker.received()) == 3
    with udp() as elsewhere:
        seeker.check(at=elsewhere)
        drain(elsewhere)  # it is asked how long the way is
        for number in range(3, 6):
            wired.supporter.send(rtp(number, ssrc=9))
        assert len(drain(elsewhere)) == 3
    assert seeker.received_raw() == []


def test_an_address_that_has_become_anothers_is_opened_with_the_keys_of_that_one(wired):
    """As when a router gives a port to somebody else behind it."""
    for number in range(3):
        wired.seeker.send(rtp(number))
    wired.now += IN_USE_S
    wired.supporter.check(at=wired.seeker.socket)
    wired.supporter.send(rtp(1, ssrc=9), at=wired.seeker.socket)
    assert wired.port.counters["srtp_refused"] == 0
    wired.seeker.send(rtp(3))
    assert wired.port.counters["srtp_refused"] == 1


def test_somebody_who_replays_or_forges_from_elsewhere_moves_and_forwards_nothing(wired):
    attacker = udp()
    packet = wired.seeker.sending.protect(rtp(1))
    wired.seeker.send_bytes(packet)
    wired.pump()
    wired.supporter.received()
    wired.seeker.send_bytes(packet, at=attacker)
    wired.seeker.send_bytes(os.urandom(3).join((packet[:20], packet[20:])), at=attacker)
    wired.pump()
    assert wired.supporter.received_raw() == []
    assert drain(attacker) == []
    assert wired.seeker.leg.address == wired.seeker.address
    assert wired.port.counters["srtp_refused"] == 2
    attacker.close()


def test_nobody_is_looked_up_by_an_ssrc_that_another_leg_already_has(wired):
    wired.seeker.send(rtp(1, ssrc=7))
    wired.supporter.send(rtp(1, ssrc=7))
    wired.supporter.received()
    elsewhere = udp()
    wired.seeker.send(rtp(2, ssrc=7), at=elsewhere)
    assert len(wired.supporter.received()) == 1
    elsewhere.close()


def test_silence_and_return_are_reported_for_media_that_had_flowed(wired):
    wired.seeker.send(rtp(1))
    wired.reports.clear()
    wired.now += 5.5
    wired.port.tick(wired.now)
    (silent,) = wired.reports
    assert (silent.type, silent.seat, silent.media_epoch) == ("went_silent", "seeker", 1)
    wired.seeker.send(rtp(2))
    wired.port.tick(wired.now)
    assert wired.reports[-1] == wire.CameBack(session="s", seat="seeker", media_epoch=1)


def test_media_from_an_unknown_address_is_a_sign_of_life(wired):
    elsewhere = udp()
    wired.seeker.send(rtp(1))
    wired.now += 4.0
    wired.seeker.send(rtp(2), at=elsewhere)
    wired.reports.clear()
    wired.now += 4.0
    wired.port.tick(wired.now)
    assert wired.reports == []
    elsewhere.close()


# ---- quality -------------------------------------------------------------------------------------------------------


def talk(wired, seconds: int, lost_up=(), lost_down=(), rtt_s=0.05):
    """The seeker sends fifty packets of sound a second and reports; the supporter hears and reports.

    Packets whose number modulo ten is in `lost_up` do not come to us, those in `lost_down` not to the supporter.
    """
    track = wired.supporter.down(OPUS)
    missed = highest = 0
    for second in range(seconds):
        for number in range(50 * second, 50 * second + 50):
            if number % 10 not in lost_up:
                wired.seeker.send_bytes(wired.seeker.sending.protect(rtp(number)))
        wired.pump()
        for packet in wired.supporter.received():
            highest = numbering(packet)[1]
        missed += 5 * len({*lost_up, *lost_down})
        report = struct.pack("!BBHLLLLLL", 0x80, 200, 6, 7, second, 0x8000_0000, 0, 0, 0)
        wired.seeker.send_rtcp(report)
        wired.now += rtt_s
        last = (second & 0xFFFF) << 16 | 0x8000
        block = struct.pack("!LLLLLL", track.ssrc, missed, highest, 0, last, 0)
        wired.supporter.send_rtcp(struct.pack("!BBHL", 0x81, 201, 7, 55) + block)
        wired.now += 1 - rtt_s
        wired.port.tick(wired.now)
    return [report for report in wired.reports if isinstance(report, wire.LegQuality)]


def test_a_good_line_is_not_talked_of(wired):
    assert talk(wired, 12) == []


def test_loss_on_the_way_up_is_the_senders_line_though_the_receiver_reports_it(wired):
    told = talk(wired, 12, lost_up=(3, 7))
    assert {report.seat for report in told} == {"seeker"}
    assert told[0].is_lossy
    assert told[0].loss_up == pytest.approx(0.2, abs=0.03)


def test_loss_on_the_way_down_is_the_receivers_line(wired):
    told = talk(wired, 12, lost_down=(3, 7))
    assert {report.seat for report in told} == {"supporter"}
    assert told[0].loss_down == pytest.approx(0.2, abs=0.03)


def test_a_long_round_trip_is_told_of_the_leg_that_answers(wired):
    told = talk(wired, 12, rtt_s=0.99)
    assert told == []
    slow = Wired()
    late = talk(slow, 6, rtt_s=1.2)
    slow.close()
    assert [report.seat for report in late] == ["supporter"]
    assert late[0].is_slow
    assert late[0].rtt_ms == pytest.approx(1200, abs=5)


def test_the_node_hears_once_a_second_how_every_line_is(wired):
    talk(wired, 4, lost_down=(3, 7))
    assert len(wired.statistics) == 4
    seeker, supporter = wired.statistics[-1].legs
    assert (seeker.seat, supporter.seat) == ("seeker", "supporter")
    encrypted = len(rtp(1)) + 16
    assert seeker.up_bps == pytest.approx(8 * 50 * encrypted, rel=0.01)
    assert seeker.down_bps == supporter.up_bps == 0
    assert supporter.down_bps == seeker.up_bps
    assert supporter.loss_down == pytest.approx(0.2, abs=0.05)
    assert supporter.rtt_ms == pytest.approx(50, abs=5)
    assert supporter.jitter_ms == 0


def test_many_rooms_are_looked_at_some_at_a_time(wired):
    """What takes long makes packets wait: no tick looks at much more than a third of the lines."""
    for number in range(11):
        wired.room = Room(f"room-{number}", wired.room.closes_at)
        for seat in ("seeker", "supporter"):
            wired.add(seat)
    looked_at, rooms = [], 12
    for _ in range(24):
        wired.now += 0.26
        before = len(wired.port.lines.untold)
        told = len(wired.statistics)
        wired.port.tick(wired.now)
        if len(wired.statistics) == told:
            looked_at.append(len(wired.port.lines.untold) - before)
    assert max(looked_at) <= 2 * (rooms // 3 + 1)
    assert {len(each.legs) for each in wired.statistics[1:]} <= {
        2 * rooms - 2,
        2 * rooms,
        2 * rooms + 2,
    }


# ---- garbage --------------------------------------------------------------------------------------------------------


def test_authentic_but_malformed_rtcp_is_counted_and_harmless(wired):
    seeded = random.Random(5)
    video(wired)
    for _ in range(400):
        head = struct.pack(
            "!BBHL",
            0x80 | seeded.randrange(32),
            seeded.choice((200, 201, 205, 206)),
            seeded.randrange(12),
            7,
        )
        wired.seeker.send_bytes(
            wired.seeker.sending.protect_rtcp(head + seeded.randbytes(4 * seeded.randrange(8)))
        )
    wired.pump()
    assert wired.port.counters["rtcp_malformed"] > 100
    assert wired.port.counters["errors"] == 0


def test_authentic_but_malformed_rtp_is_harmless(wired):
    seeded = random.Random(6)
    video(wired)
    sent = 0
    for number in range(600):
        first = 0x80 | seeded.choice((0, 0x10, 0x20)) | seeded.randrange(4)
        head = struct.pack(
            "!BBHLL",
            first,
            seeded.choice((VP8, RTX, OPUS)),
            number,
            number,
            seeded.choice((20, 21, 22)),
        )
        extension = seeded.choice((b"", b"\xbe\xde\0\1", seeded.randbytes(4)))
        try:
            packet = wired.seeker.sending.protect(
                head + extension + seeded.randbytes(seeded.choice((0, 1, 2, 8, 64)))
            )
        except Error:
            continue  # libsrtp itself refuses headers that lie
        wired.seeker.send_bytes(packet)
        sent += 1
        if sent % 100 == 0:
            wired.pump()
    wired.pump()
    assert sent > 200
    assert wired.port.counters["errors"] == 0


def test_mutated_and_truncated_datagrams_stop_nothing(wired):
    seeded = random.Random(7)
    seeker, strangers = wired.seeker, [udp(), udp()]
    credentials = seeker.credentials
    good = [
        bytes(
            stun.Message(
                stun.Method.BINDING, stun.Class.REQUEST, attributes={"USERNAME": credentials.ufrag}
            )
        ),
        seeker.sending.protect(rtp(50)),
        seeker.sending.protect(rtp(60, ssrc=8, payload_type=VP8)),
        seeker.sending.protect(rtp(61, ssrc=9, payload_type=RTX)),
        seeker.sending.protect_rtcp(struct.pack("!BBHL", 0x81, 201, 7, 7) + bytes(24)),
        b"\x16\xfe\xfd" + bytes(60),
    ]
    for number in range(3_000):
        data = bytearray(seeded.choice(good))
        for _ in range(seeded.randrange(4)):
            data[seeded.randrange(len(data))] = seeded.randrange(256)
        data = data[: seeded.choice((len(data), seeded.randrange(len(data) + 1)))]
        seeker.send_bytes(bytes(data), at=seeded.choice((seeker.socket, *strangers)))
        if number % 200 == 0:
            wired.pump()
    wired.pump()
    for stranger in strangers:
        stranger.close()
    assert wired.port.counters["errors"] == 0
    wired.supporter.received_raw()
    seeker.send(rtp(7_000))
    assert len(wired.supporter.received()) == 1


def test_a_repetition_leaves_in_its_place_among_the_packets_of_its_turn(wired):
    seeker = wired.seeker
    for number, kind in ((10, VP8), (1, RTX), (11, VP8)):
        seeker.send(rtp(number, ssrc=kind, payload_type=kind, payload=b"\0\x0apicture"))
    wired.supporter.received()
    turn = [(12, VP8), (2, RTX), (13, VP8), (3, RTX), (4, RTX)]
    for number, kind in turn:
        packet = rtp(number, ssrc=kind, payload_type=kind, payload=b"\0\x0bpicture")
        seeker.send_bytes(seeker.sending.protect(packet))
    wired.take()
    came = [packet[1] & 0x7F for packet in wired.supporter.received()]
    assert came == [kind for _, kind in turn]


def test_what_is_sent_again_as_it_was_leaves_in_its_place_too(wired):
    wired.supporter.refuses(RTX)
    for number in (10, 11):
        wired.seeker.send(rtp(number, ssrc=8, payload_type=VP8))
    first, second = wired.supporter.received_raw()
    missing = int.from_bytes(first[2:4], "big")
    asks = wired.supporter.sending.protect_rtcp(nack(wired.supporter.down(VP8).ssrc, [missing]))
    for client, packet in (
        (wired.seeker, wired.seeker.sending.protect(rtp(12, ssrc=8, payload_type=VP8))),
        (wired.supporter, asks),
        (wired.seeker, wired.seeker.sending.protect(rtp(13, ssrc=8, payload_type=VP8))),
    ):
        client.send_bytes(packet)
    wired.take()
    came = [int.from_bytes(packet[2:4], "big") for packet in wired.supporter.received_raw()]
    assert came == [missing + 2, missing, missing + 3]
    assert second[2:4] == (missing + 1).to_bytes(2, "big")


def test_a_port_can_be_ipv6():
    with bind("::1", 0) as listening:
        assert listening.getsockname()[1] > 0


def test_a_taken_port_raises_and_leaks_no_socket():
    with bind("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        bind("127.0.0.1", first.getsockname()[1])
