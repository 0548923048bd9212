"""The port with three and four people, and with a shared screen."""

import random
import struct
from contextlib import suppress
from itertools import count

import pytest
from pylibsrtp import Error

from tests.workers.media.hand_made import FUNCTIONS, Wired, drain, numbering, rtp
from workers.media import wire
from workers.media.feedback import LEAST_PICTURE_BPS, START_BPS
from workers.media.lines import MEASURE_S
from workers.media.port import PART_S
from workers.media.rtp import (
    OPUS,
    RTX,
    SCREEN,
    SCREEN_RTX,
    VP8,
    nack,
    nacked,
    pli,
    read_feedback,
    remb,
    sender_report,
)
from workers.media.tracks import SHARING_PAUSE_S

SEATS = ("seeker", "supporter", "companion-1", "companion-2")
SHARING = FUNCTIONS | {"screen"}


@pytest.fixture
def four():
    made = Wired(SEATS)
    yield made
    made.close()


@pytest.fixture
def three():
    made = Wired(SEATS[:3])
    yield made
    made.close()


@pytest.fixture
def sharing():
    made = Wired(SEATS[:3], SHARING)
    yield made
    made.close()


def control(client, kind):
    """The RTCP of one type that has come."""
    return [packet for packet in client.received(is_control=True) if packet[1] == kind]


def kinds(client, ssrcs):
    """Payload types and payloads that have come, by whose place they came in."""
    return [(ssrcs[numbering(p)[3]], numbering(p)[0], p[12:]) for p in client.received()]


# ---- forwarding -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload_type", [OPUS, VP8])
def test_everybody_is_received_by_everybody_else_in_the_place_of_the_seat(four, payload_type):
    for index, client in enumerate(four.clients):
        packet = rtp(1, ssrc=50 + index, payload_type=payload_type, payload=b"of %d" % index)
        client.send(packet)
    for index, client in enumerate(four.clients):
        places = {client.down(payload_type, seat).ssrc: seat for seat in client.leg.others}
        got = {places[numbering(packet)[3]]: packet[12:] for packet in client.received()}
        assert got == {SEATS[other]: b"of %d" % other for other in range(4) if other != index}


def test_each_receiver_has_numbers_of_its_own_without_gaps(four):
    for number in range(20):
        four.seeker.send(rtp(number, ssrc=8, payload_type=VP8))
    firsts = set()
    for client in four.clients[1:]:
        numbers = [numbering(packet)[1] for packet in client.received()]
        assert numbers == [(numbers[0] + index) & 0xFFFF for index in range(20)]
        firsts.add(numbers[0])
    assert len(firsts) == 3
    assert four.port.forwarded == 60


def test_a_companion_that_leaves_disturbs_nobody(three):
    three.seeker.send(rtp(1))
    before = numbering(three.supporter.received()[0])[1]
    companion = three.clients[2]
    three.port.remove(companion.leg)
    three.room.remove(companion.leg)
    three.seeker.send(rtp(2))
    assert numbering(three.supporter.received()[0])[1] == (before + 1) & 0xFFFF
    companion.received()
    assert three.port.counters["errors"] == 0


def test_a_reload_of_one_goes_on_in_the_numbers_of_both_others(three):
    three.seeker.send(rtp(60_000, ssrc=8, payload_type=VP8))
    before = [numbering(client.received()[0]) for client in three.clients[1:]]
    again = three.add("seeker", epoch=2)
    again.check()
    again.send(rtp(5, ssrc=88, payload_type=VP8))
    after = [numbering(client.received()[0]) for client in three.clients[1:3]]
    for (_, old, _, ssrc), (_, new, _, same) in zip(before, after, strict=True):
        assert (new, same) == ((old + 1) & 0xFFFF, ssrc)


def test_who_comes_later_gets_a_key_frame_and_the_others_no_new_one(three):
    three.seeker.send(rtp(1, ssrc=8, payload_type=VP8))
    assert control(three.seeker, 206) == [pli(8)]
    three.seeker.send(rtp(2, ssrc=8, payload_type=VP8))
    assert control(three.seeker, 206) == []
    three.add("companion-1", epoch=2).check()
    three.seeker.send(rtp(3, ssrc=8, payload_type=VP8))
    assert control(three.seeker, 206) == [pli(8)]


def test_it_flows_between_two_who_are_first_for_each_other(three):
    companion = three.clients[2]
    for number in range(3):
        companion.send(rtp(number, ssrc=9))
        three.supporter.send(rtp(number, ssrc=8))
    assert three.reports == []
    three.seeker.send(rtp(1))
    assert three.reports == [wire.Flowing(session="s")]


def test_a_leg_that_nobody_expects_is_heard_by_nobody(three):
    three.seats = ("seeker", "supporter")
    late = three.add("companion-1", epoch=2)
    late.check()
    three.seats = (*SEATS, "stranger")
    stranger = three.add("stranger")
    stranger.check()
    stranger.send(rtp(1))
    assert [client.received() for client in three.clients[:2]] == [[], []]


def test_each_packet_says_to_every_receiver_when_we_sent_it(three):
    extension = b"\xbe\xde\x00\x01\x22\xff\xff\xff"
    packet = rtp(1, ssrc=8, payload_type=VP8, payload=b"")
    packet = bytes([packet[0] | 0x10]) + packet[1:] + extension + b"picture"
    three.now = 1_024.0 + 3.5
    three.seeker.send(packet)
    for client in three.clients[1:]:
        (got,) = client.received()
        assert got[16:20] == bytes([0x22]) + int(3.5 * (1 << 18)).to_bytes(3, "big")
        assert got[20:] == b"picture"


def test_two_people_are_forwarded_on_the_short_path_and_are_not_stamped():
    wired = Wired()
    extension = b"\xbe\xde\x00\x01\x22\xff\xff\xff"
    wired.seeker.send(rtp(1, ssrc=8, payload_type=VP8))
    wired.seeker.send(rtp(1, ssrc=7))
    wired.supporter.received()
    wired.port.udp.destination = None  # the wide way asks it
    packet = rtp(2, ssrc=8, payload_type=VP8, payload=b"")
    wired.seeker.send(bytes([packet[0] | 0x10]) + packet[1:] + extension + b"picture")
    wired.seeker.send(rtp(2, ssrc=7))
    picture, _ = wired.supporter.received()
    assert picture[12:] == extension + b"picture"
    assert wired.port.counters["errors"] == 0
    wired.close()


# ---- a screen -------------------------------------------------------------------------------------------------------


def test_a_screen_has_a_place_of_its_own_beside_the_camera(sharing):
    sharing.seeker.send(rtp(1, ssrc=8, payload_type=VP8, payload=b"face"))
    sharing.seeker.send(rtp(1, ssrc=18, payload_type=SCREEN, payload=b"screen"))
    for client in sharing.clients[1:]:
        places = {
            client.down(VP8, "seeker").ssrc: "camera",
            client.leg.down.screen[SCREEN].ssrc: "shared",
        }
        assert kinds(client, places) == [("camera", VP8, b"face"), ("shared", SCREEN, b"screen")]


def test_a_screen_without_the_function_reaches_nobody(three):
    three.seeker.send(rtp(1, ssrc=18, payload_type=SCREEN))
    three.seeker.send(rtp(1, ssrc=19, payload_type=SCREEN_RTX, payload=b"\0\1x"))
    assert [client.received() for client in three.clients] == [[], [], []]
    assert three.port.counters["function_refused"] == 2


def test_of_two_screens_the_one_that_began_last_is_shown_in_one_numbering(sharing):
    looks = sharing.clients[2]
    sharing.seeker.send(rtp(1, ssrc=18, payload_type=SCREEN, payload=b"first"))
    sharing.supporter.send(rtp(7_000, ssrc=28, payload_type=SCREEN, payload=b"second"))
    for number in range(2, 5):
        sharing.seeker.send(rtp(number, ssrc=18, payload_type=SCREEN, payload=b"first"))
    sharing.supporter.send(rtp(7_001, ssrc=28, payload_type=SCREEN, payload=b"second"))
    got = looks.received()
    assert [packet[12:] for packet in got] == [b"first", b"second", b"second"]
    numbers = [numbering(packet)[1] for packet in got]
    assert numbers == [(numbers[0] + index) & 0xFFFF for index in range(3)]
    assert [packet[12:] for packet in sharing.supporter.received()] == [b"first"]
    sharing.now += SHARING_PAUSE_S
    sharing.seeker.send(rtp(900, ssrc=18, payload_type=SCREEN, payload=b"again"))
    assert [packet[12:] for packet in looks.received()] == [b"again"]
    assert sharing.port.counters["protect_refused"] == 0


def test_the_screens_repetitions_follow_the_screen_that_is_shown(sharing):
    sharing.seeker.send(rtp(1, ssrc=18, payload_type=SCREEN))
    sharing.seeker.send(rtp(1, ssrc=19, payload_type=SCREEN_RTX, payload=b"\0\1x"))
    sharing.supporter.send(rtp(7_000, ssrc=28, payload_type=SCREEN))
    looks = sharing.clients[2]
    looks.received()
    sharing.seeker.send(rtp(2, ssrc=19, payload_type=SCREEN_RTX, payload=b"\0\1x"))
    sharing.supporter.send(rtp(1, ssrc=29, payload_type=SCREEN_RTX, payload=b"\x1b\x58x"))
    (again,) = looks.received()
    assert numbering(again)[3] == looks.leg.down.screen[SCREEN_RTX].ssrc


def test_who_begins_to_share_gets_no_repetitions_of_the_screen_before(sharing):
    sharing.seeker.send(rtp(1, ssrc=18, payload_type=SCREEN))
    sharing.seeker.send(rtp(1, ssrc=19, payload_type=SCREEN_RTX, payload=b"\0\1x"))
    sharing.supporter.send(rtp(7_000, ssrc=28, payload_type=SCREEN))
    sharing.supporter.received()
    sharing.seeker.send(rtp(2, ssrc=19, payload_type=SCREEN_RTX, payload=b"\0\1x"))
    assert sharing.supporter.received() == []


def test_two_people_share_a_screen_on_the_short_path():
    wired = Wired(functions=SHARING)
    for number in (1, 2):
        wired.seeker.send(rtp(number, ssrc=18, payload_type=SCREEN, payload=b"screen"))
    ssrcs = [numbering(got)[3] for got in wired.supporter.received()]
    assert ssrcs == [wired.supporter.leg.down.screen[SCREEN].ssrc] * 2
    assert wired.seeker.leg.up.routes[18].short_path is not None
    wired.supporter.send_rtcp(pli(wired.supporter.leg.down.screen[SCREEN].ssrc))
    wired.now += 1
    wired.supporter.send_rtcp(pli(wired.supporter.leg.down.screen[SCREEN].ssrc))
    assert control(wired.seeker, 206) == [pli(18), pli(18)]
    wired.close()


# ---- feedback -------------------------------------------------------------------------------------------------------


def pictures(wired, numbers=range(10, 20)):
    """Send pictures from the seeker to all others; what each got."""
    for number in numbers:
        wired.seeker.send(rtp(number, ssrc=8, payload_type=VP8, payload=b"%d" % number))
    wired.seeker.received()
    return [client.received() for client in wired.clients[1:]]


def test_a_report_that_comes_while_the_lines_are_looked_at_does_not_lie_in_the_future(three):
    pictures(three)
    three.now += MEASURE_S
    block = struct.pack("!LLLLLL", three.supporter.down(VP8, "seeker").ssrc, 0, 20, 0, 1, 0)
    report = struct.pack("!BBHL", 0x81, 201, 7, 1) + block
    three.supporter.send_bytes(three.supporter.sending.protect_rtcp(report))
    moments = count()
    three.port._monotonic = lambda: three.now + next(moments) * PART_S
    three.port.tick(three.now)
    assert three.port.counters["rtcp_read"] == 1
    assert three.port.counters["errors"] == 0
    assert len(three.statistics[-1].legs) == 3


def test_a_nack_is_answered_to_the_one_who_asked(three):
    sent, _ = pictures(three)
    number = numbering(sent[4])[1]
    three.supporter.send_rtcp(nack(three.supporter.down(VP8, "seeker").ssrc, [number]))
    (again,) = three.supporter.received()
    assert numbering(again)[0] == RTX
    assert again[12:] == struct.pack("!H", number) + b"14"
    assert three.clients[2].received() == []
    assert control(three.seeker, 205) == []


def test_the_sender_is_asked_once_for_what_all_receivers_miss(three):
    pictures(three, [10, 11, 13])
    for client in three.clients[1:]:
        track = client.down(VP8, "seeker")
        client.send_rtcp(nack(track.ssrc, [12 + track.sequence_offset & 0xFFFF]))
    three.seeker.send(rtp(14, ssrc=8, payload_type=VP8))
    assert [nacked(packet) for packet in control(three.seeker, 205)] == []
    assert three.port.counters["nack_sent"] == 1


def test_any_receiver_may_want_a_key_frame_and_all_together_are_throttled(three):
    pictures(three)
    three.now += 1.0
    for client in three.clients[1:]:
        client.send_rtcp(pli(client.down(VP8, "seeker").ssrc))
    assert control(three.seeker, 206) == [pli(8)]


def test_a_key_frame_is_asked_of_the_one_whose_picture_is_wanted(three):
    pictures(three)
    three.supporter.send(rtp(1, ssrc=28, payload_type=VP8))
    for client in three.clients:
        client.received()
    three.now += 1.0
    companion = three.clients[2]
    companion.send_rtcp(pli(companion.down(VP8, "supporter").ssrc))
    assert control(three.supporter, 206) == [pli(28)]
    assert control(three.seeker, 206) == []


def test_sender_reports_reach_every_receiver_in_its_numbers(three):
    pictures(three)
    info = struct.pack("!LLLLL", 1, 2, 50_000, 3, 4)
    three.seeker.send_rtcp(struct.pack("!BBHL", 0x80, 200, 6, 8) + info)
    for client in three.clients[1:]:
        assert control(client, 200) == [sender_report(info, client.down(VP8, "seeker"))]


def report(client, seat, lost, number, now=0):
    """A receiver's report on the seeker's pictures."""
    track = client.down(VP8, seat)
    highest = number + track.sequence_offset & 0xFFFF
    block = struct.pack("!LLLLLL", track.ssrc, lost, highest, 0, 0, 0)
    client.send_rtcp(struct.pack("!BBHL", 0x81, 201, 7, 55) + block)


def test_the_sender_gets_one_report_and_it_is_the_worst_receivers(three):
    good, bad = three.clients[1:]
    told = []
    for second in range(4):
        pictures(three, range(100 * second, 100 * second + 100))
        report(good, "seeker", 0, 100 * second + 99)
        report(bad, "seeker", 25 * second, 100 * second + 99)
        three.now += 1.0
        three.port.tick(three.now)
        told += control(three.seeker, 201)
    blocks = [
        read_feedback(each, {}, {8: three.supporter.down(VP8, "seeker")}).blocks[0] for each in told
    ]
    assert [block.share for block in blocks] == [0, 64, 64, 64]
    assert [block.highest for block in blocks] == [99, 199, 299, 399]
    assert [block.lost for block in blocks] == [0, 25, 50, 75]


def test_two_people_get_each_others_reports_and_none_of_ours():
    wired = Wired()
    pictures(wired)
    report(wired.supporter, "seeker", 0, 19)
    assert len(control(wired.seeker, 201)) == 1
    for _ in range(8):
        wired.now += 0.5
        wired.port.tick(wired.now)
    assert wired.seeker.received(is_control=True) == []
    wired.supporter.send_rtcp(remb(300_000, [1]))
    assert wired.seeker.received(is_control=True) == []
    wired.close()


def told_bps(client):
    return [
        read_feedback(each, {}, {}).estimate_bps
        for each in control(client, 206)
        if each[0] & 31 == 15
    ]


def test_every_sender_is_told_its_share_of_what_its_worst_receiver_can_take(three):
    for index, client in enumerate(three.clients):
        client.send(rtp(1, ssrc=50 + index, payload_type=VP8))
        client.send(rtp(1, ssrc=60 + index))
    for client in three.clients:
        client.received()
    good, bad = three.clients[1:]
    good.send_rtcp(remb(3_000_000, [1]))
    assert told_bps(three.seeker) == [pytest.approx(1_500_000, rel=0.01)]
    bad.leg.line_down.is_free = False
    bad.send_rtcp(remb(400_000, [1]))
    share = pytest.approx(200_000, rel=0.01)
    assert told_bps(three.seeker)[-1] == share
    assert told_bps(good)[-1] == share
    assert told_bps(bad) == [pytest.approx(1_500_000, rel=0.01)]


def test_who_can_take_nothing_any_more_says_so(three):
    pictures(three)
    three.clients[2].leg.line_down.is_free = False
    three.clients[2].send_rtcp(remb(0, [1]))
    assert told_bps(three.seeker)[-1] == pytest.approx(LEAST_PICTURE_BPS, rel=0.01)


def test_a_camera_that_is_off_takes_no_share(three):
    three.seeker.send(rtp(1, ssrc=50, payload_type=VP8))
    three.supporter.send(rtp(1, ssrc=51, payload_type=VP8))
    three.now += 3.0
    three.seeker.send(rtp(2, ssrc=50, payload_type=VP8))
    three.seeker.received()
    three.clients[2].send_rtcp(remb(1_000_000, [1]))
    assert told_bps(three.seeker) == [pytest.approx(1_000_000, rel=0.01)]


def test_an_estimate_of_who_has_left_or_is_silent_counts_no_more(three):
    pictures(three)
    three.supporter.leg.line_down.is_free = False
    three.supporter.send_rtcp(remb(200_000, [1]))
    three.clients[2].send_rtcp(remb(2_000_000, [1]))
    low = told_bps(three.seeker)
    three.port.remove(three.supporter.leg)
    three.room.remove(three.supporter.leg)
    pictures(three, [20])
    three.now += 1.0
    pictures(three, [21])
    three.port.tick(three.now)
    assert told_bps(three.seeker)[-1] > low[-1]


def measure_round_trip(wired, client):
    """A sender report reaches it, and it answers."""
    info = struct.pack("!LLLLL", 0, 7 << 16, 0, 0, 0)
    sender = wired.clients[-1]
    sender.send(rtp(1, ssrc=99))
    sender.send_rtcp(struct.pack("!BBHL", 0x80, 200, 6, 99) + info)
    ssrc = client.down(OPUS, sender.leg.seat).ssrc
    block = struct.pack(
        "!LLLLLL", ssrc, 0, client.down(OPUS, sender.leg.seat).latest_sequence, 0, 7, 0
    )
    client.send_rtcp(struct.pack("!BBHL", 0x81, 201, 7, 55) + block)
    for each in wired.clients:
        each.received()


def told_after_a_second(wired, number, *, lost_by_last=0):
    """What the seeker is told when its next twenty-five pictures are reported on; the last one misses so many."""
    pictures(wired, range(number, number + 25))
    for client in wired.clients[1:]:
        lost = lost_by_last if client is wired.clients[-1] else 0
        track = client.down(VP8, "seeker")
        highest = number + 24 + track.sequence_offset & 0xFFFF
        block = (track.ssrc, 256 * lost // 25 << 24 | lost, highest, 0, 0, 0)
        client.send_rtcp(struct.pack("!BBHL6L", 0x81, 201, 7, 55, *block))
    return told_bps(wired.seeker)


def told_each_second(wired, seconds):
    """What the seeker is told while its pictures are reported on, and nothing is lost."""
    told = []
    for second in range(seconds):
        told += told_after_a_second(wired, 100 + 25 * second)
        wired.now += 1.0
        wired.port.tick(wired.now)
        told += told_bps(wired.seeker)
    return told


def test_while_no_line_shows_an_end_senders_are_told_twice_as_much_each_second(three):
    measure_round_trip(three, three.seeker)
    told = told_each_second(three, 4)
    assert told == [pytest.approx(START_BPS * factor, rel=0.01) for factor in (1, 2, 4, 8)]


def test_a_sender_whose_round_trip_is_unknown_is_told_what_it_begins_with(three):
    assert told_each_second(three, 4) == [pytest.approx(START_BPS, rel=0.01)] * 4


def test_estimates_that_have_met_no_end_make_nobody_small_who_was_there_before(three):
    measure_round_trip(three, three.seeker)
    before = told_each_second(three, 3)[-1]
    late = three.add("companion-1", epoch=2)
    late.check()
    pictures(three, [900])
    late.send_rtcp(remb(150_000, [1]))
    three.now += 1.0
    three.port.tick(three.now)
    assert told_bps(three.seeker)[-1] >= before


def test_a_line_that_loses_much_holds_its_senders_with_that_report(three):
    measure_round_trip(three, three.seeker)
    pictures(three)
    three.clients[-1].send_rtcp(remb(250_000, [1]))
    assert told_each_second(three, 2)[-1] > START_BPS
    told = told_after_a_second(three, 150, lost_by_last=8)
    assert told == [pytest.approx(250_000, rel=0.01)]


def test_a_line_that_loses_much_before_it_has_an_estimate_holds_its_senders_to_what_came(three):
    measure_round_trip(three, three.seeker)
    told_each_second(three, 2)
    last = three.clients[-1].leg
    (sent_bps,) = {each.down_bps for each in three.statistics[-1].legs if each.seat == last.seat}
    assert last.down_bps == sent_bps > 0
    last.down_bps = 1_000_000
    assert told_after_a_second(three, 150, lost_by_last=5) == [
        pytest.approx(0.85 * 0.8 * 1e6, rel=0.02)
    ]


# ---- garbage --------------------------------------------------------------------------------------------------------


def drawn_rtp(seeded, number):
    """RTP whose header, extension and payload may lie."""
    first = 0x80 | seeded.choice((0, 0x10, 0x20, 0x30)) | seeded.randrange(3)
    payload_type = seeded.choice((OPUS, VP8, RTX, SCREEN, SCREEN_RTX, 5))
    head = struct.pack("!BBHLL", first, payload_type, number, number, 20 + payload_type % 7)
    extension = seeded.choice((b"", b"\xbe\xde\0\1\x22\0\0\0", b"\xbe\xde\0\1\x2f\0\0\0", b"\0"))
    return head + extension + seeded.randbytes(seeded.choice((0, 1, 2, 8, 64)))


def drawn_rtcp(seeded, ssrcs):
    """RTCP about tracks that there are, whose lengths and numbers may lie."""
    kind = seeded.choice((200, 201, 205, 206))
    body = struct.pack("!LL", seeded.choice(ssrcs), seeded.choice(ssrcs))
    tail = seeded.choice(
        (b"REMB\1", struct.pack("!L", seeded.choice(ssrcs)), b"")
    ) + seeded.randbytes(4 * seeded.randrange(8))
    count = seeded.choice((0, 1, 1, 15, seeded.randrange(32)))
    words = (len(body) + len(tail)) // 4 + seeded.choice((0, 0, 0, 1, -1))
    return struct.pack("!BBH", 0x80 | count, kind, max(words, 0)) + body + tail


def test_what_is_authentic_and_lies_stops_nothing_between_several(sharing):
    seeded = random.Random(9)
    for index, client in enumerate(sharing.clients):
        client.send(rtp(1, ssrc=50 + index, payload_type=VP8))
    for number in range(1_500):
        client = seeded.choice(sharing.clients)
        ssrcs = [*client.leg.down.by_ssrc, 50, 51, 52, 20, 0]
        with suppress(Error):  # libsrtp itself refuses headers that lie
            client.send_bytes(client.sending.protect(drawn_rtp(seeded, number)))
        client.send_bytes(client.sending.protect_rtcp(drawn_rtcp(seeded, ssrcs)))
        if number % 20 == 0:
            sharing.now += 0.3
            sharing.take()
            sharing.port.tick(sharing.now)
            for each in sharing.clients:
                each.received_raw()
    sharing.take()
    for client in sharing.clients:
        drain(client.socket)
        client.check()
    assert sharing.port.counters["errors"] == 0
    assert sharing.port.counters["rtcp_read"] > 1_000
    sharing.seeker.send(rtp(1, ssrc=99))
    assert [len(client.received()) for client in sharing.clients] == [0, 1, 1]
