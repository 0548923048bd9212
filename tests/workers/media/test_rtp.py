"""RTP and RTCP as bytes."""

import struct
from dataclasses import dataclass

import pytest

from workers.media import rtp


@dataclass
class Numbered:
    """A track that is sent as `up_ssrc` and received as `ssrc`."""

    payload_type: int = rtp.VP8
    ssrc: int = 900
    up_ssrc: int = 100
    sequence_offset: int = 10
    timestamp_offset: int = 1000


MINE = Numbered(ssrc=900, up_ssrc=100)
THEIRS = Numbered(ssrc=800, up_ssrc=200, sequence_offset=0xFFFF, timestamp_offset=7)
PUBLISHED = {MINE.up_ssrc: MINE}
RECEIVED = {THEIRS.ssrc: THEIRS}


def block(ssrc: int, highest: int = 0x0003_0005) -> bytes:
    return struct.pack("!LLLLLL", ssrc, 0, highest, 1, 2, 3)


def sender_report(ssrc: int, timestamp: int, *blocks: bytes) -> bytes:
    body = struct.pack("!LLLLLL", ssrc, 11, 12, timestamp, 13, 14) + b"".join(blocks)
    return struct.pack("!BBH", 0x80 | len(blocks), 200, len(body) // 4) + body


def receiver_report(ssrc: int, *blocks: bytes) -> bytes:
    body = struct.pack("!L", ssrc) + b"".join(blocks)
    return struct.pack("!BBH", 0x80 | len(blocks), 201, len(body) // 4) + body


@pytest.mark.parametrize(
    ("value", "offset", "expected"),
    [(0, 1, 1), (0xFFFF, 1, 0), (0, -1, 0xFFFF), (5, 0x1_0005, 10)],
)
def test_sequence_numbers_wrap(value, offset, expected):
    assert rtp.uint16_add(value, offset) == expected


@pytest.mark.parametrize(
    ("value", "than", "is_older"),
    [
        (1, 2, True),
        (2, 1, False),
        (2, 2, False),
        (0xFFFF, 0, True),
        (0, 0xFFFF, False),
        (0x8000, 0, True),
    ],
)
def test_older_is_judged_on_half_the_circle(value, than, is_older):
    assert rtp.uint16_is_older(value, than) is is_older


@pytest.mark.parametrize(
    ("second", "expected"), [(191, False), (192, True), (223, True), (224, False), (96, False)]
)
def test_rtcp_is_known_by_its_second_byte(second, expected):
    assert rtp.is_rtcp(second) is expected


@pytest.mark.parametrize(
    ("first", "rest", "expected"),
    [
        (0x80, b"\x01\x02payload", 12),
        (0x81, b"CSRC\x01\x02payload", 16),
        (0x90, b"\xbe\xde\x00\x01EXTN\x01\x02payload", 20),
        (0x80, b"\x01", None),  # too short for a number
        (0x80, b"", None),
        (0x90, b"\xbe\xde", None),  # an extension that is cut off
        (0x90, b"\xbe\xde\xff\xffEXTN\x01\x02", None),  # an extension longer than the packet
        (0xA0, b"\x00\x00\x00\x04", None),  # padding only
        (0xA0, b"\x01\x02pay\x01", 12),  # padding after a payload
    ],
)
def test_the_original_sequence_number_is_found(first, rest, expected):
    packet = rtp.HEADER.pack(first, rtp.RTX, 1, 2, 3) + rest
    assert rtp.original_sequence_at(packet, len(packet)) == expected


def test_a_sender_report_is_renumbered():
    feedback = rtp.read_feedback(sender_report(100, 0xFFFF_FFFF), PUBLISHED, RECEIVED)
    assert feedback.relay == sender_report(900, 999)


def test_report_blocks_speak_of_the_senders_numbers_and_unknown_ones_are_left_out():
    compound = receiver_report(55, block(800), block(4711))
    feedback = rtp.read_feedback(compound, PUBLISHED, RECEIVED)
    assert feedback.relay == receiver_report(55, block(200, 0x0003_0006))


def test_a_sender_report_of_an_unknown_track_keeps_its_blocks_as_a_receiver_report():
    feedback = rtp.read_feedback(sender_report(77, 1, block(800)), PUBLISHED, RECEIVED)
    assert feedback.relay == receiver_report(77, block(200, 0x0003_0006))


def test_a_report_that_says_nothing_is_not_relayed():
    assert (
        rtp.read_feedback(sender_report(77, 1) + receiver_report(5), PUBLISHED, RECEIVED).relay
        == b""
    )


@pytest.mark.parametrize("kind", [202, 203, 204, 207])
def test_descriptions_goodbyes_and_extended_reports_are_not_passed_on(kind):
    packet = struct.pack("!BBHLL", 0x81, kind, 2, 100, 0)
    feedback = rtp.read_feedback(packet, PUBLISHED, RECEIVED)
    assert (feedback.relay, feedback.lost, feedback.key_frames) == (b"", [], set())


@pytest.mark.parametrize("media_ssrc", [800, 0, 12345])
def test_transport_wide_feedback_reaches_the_sender_whatever_it_names(media_ssrc):
    packet = struct.pack("!BBHLLLL", 0x8F, 205, 4, 1, media_ssrc, 6, 7)
    feedback = rtp.read_feedback(packet, PUBLISHED, RECEIVED)
    assert feedback.relay == struct.pack("!BBHLLLL", 0x8F, 205, 4, 1, 200, 6, 7)


def test_feedback_is_dropped_when_nothing_is_received():
    packet = struct.pack("!BBHLLLL", 0x8F, 205, 4, 1, 800, 6, 7)
    assert rtp.read_feedback(packet, PUBLISHED, {}).relay == b""


def test_a_nack_names_what_is_lost_across_the_wrap():
    packet = struct.pack("!BBHLLHH", 0x81, 205, 3, 1, 800, 0xFFFE, 0b101)
    assert rtp.read_feedback(packet, PUBLISHED, RECEIVED).lost == [(800, [0xFFFE, 0xFFFF, 1])]


@pytest.mark.parametrize(
    ("numbers", "entries"),
    [
        ([1], 1),
        ([1, 5, 0xFFFF], 2),
        ([1, 17], 1),
        ([1, 18], 2),
        ([0xFFFE, 0xFFFF, 0, 14], 1),
        (list(range(100, 163)), 4),
        ([7, 7], 2),
        ([9, 3], 2),
    ],
)
def test_a_nack_that_we_write_is_short_and_read_as_it_was_meant(numbers, entries):
    written = rtp.nack(200, numbers)
    assert rtp.nacked(written) == numbers
    assert len(written) == 12 + 4 * entries == 4 + 4 * struct.unpack_from("!H", written, 2)[0]


@pytest.mark.parametrize(("media_ssrc", "wants"), [(800, True), (900, False)])
def test_a_pli_is_taken_for_a_received_track_only(media_ssrc, wants):
    feedback = rtp.read_feedback(rtp.pli(media_ssrc), PUBLISHED, RECEIVED)
    assert feedback.key_frames == ({media_ssrc} if wants else set())


@pytest.mark.parametrize(
    "compound",
    [
        b"\x80",
        b"\x80\xc9\x00\x05" + bytes(4),  # a length past the end
        b"\x80\xc9\x00\x00",  # a receiver report without its sender
        b"\x81\xcd\x00\x00",  # feedback of nobody
        b"\x9f\xc9\x00\x01" + bytes(4),  # 31 blocks announced, none there
        b"\x80\xc8\x00\x01" + bytes(4),  # a sender report without its sender's part
        b"\x81\xcd\x00\x01" + bytes(4),  # feedback without a media SSRC
        receiver_report(1) + b"\x80\xc9",  # trailing bytes
    ],
)
def test_lying_lengths_are_malformed(compound):
    with pytest.raises(rtp.MalformedRtcp):
        rtp.read_feedback(compound, PUBLISHED, RECEIVED)


@pytest.mark.parametrize("empty", [b"\x80\xcb\x00\x00", b"\x80\xca\x00\x00"], ids=["bye", "sdes"])
def test_a_header_alone_costs_the_rest_of_the_compound_nothing(empty):
    feedback = rtp.read_feedback(empty + rtp.pli(800) + empty, PUBLISHED, RECEIVED)
    assert feedback.key_frames == {800}


def test_what_a_receiver_says_of_a_track_is_read_as_well():
    entry = struct.pack("!LLLLLL", 800, 0x40FF_FFFE, 0x0003_0005, 960, 0xABCD_1234, 65_536)
    feedback = rtp.read_feedback(receiver_report(5, entry), PUBLISHED, RECEIVED)
    assert feedback.blocks == [
        rtp.ReportBlock(
            ssrc=800,
            lost=-2,
            highest=0x0003_0005,
            jitter=960,
            last_report=0xABCD_1234,
            delay_s=1.0,
            share=0x40,
        )
    ]


def test_a_report_of_a_track_that_the_leg_does_not_receive_is_not_read():
    assert rtp.read_feedback(receiver_report(5, block(1)), PUBLISHED, RECEIVED).blocks == []


def test_the_sender_reports_that_are_relayed_are_named_by_the_middle_of_their_ntp_time():
    report = struct.pack("!LLLLLL", 100, 0x1111_ABCD, 0x1234_2222, 0, 0, 0)
    head = struct.pack("!BBH", 0x80, 200, len(report) // 4)
    assert rtp.read_feedback(head + report, PUBLISHED, RECEIVED).reports == [0xABCD_1234]
    assert rtp.read_feedback(head + report, {}, RECEIVED).reports == []


# ---- several receivers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bitrate_bps", [0, 1, 50_000, 262_143, 1_234_567, 40_000_000])
def test_an_estimate_is_read_as_it_was_written(bitrate_bps):
    packet = rtp.remb(bitrate_bps, [7, 8])
    read = rtp.read_feedback(packet, {}, {}).estimate_bps
    assert read == pytest.approx(bitrate_bps, rel=1e-4)
    assert len(packet) == 4 + 4 * struct.unpack_from("!H", packet, 2)[0]
    assert packet[20:] == struct.pack("!LL", 7, 8)


@pytest.mark.parametrize("tail", [b"", b"REMB", b"RUMB" + bytes(12)])
def test_other_application_feedback_is_no_estimate(tail):
    body = struct.pack("!LL", 1, 0) + tail
    packet = struct.pack("!BBH", 0x8F, 206, len(body) // 4) + body
    assert rtp.read_feedback(packet, {}, {}).estimate_bps is None


def test_an_estimate_that_lies_is_bounded():
    packet = bytearray(rtp.remb(1_000, [7]))
    packet[17] = 0xFF
    assert rtp.read_feedback(bytes(packet), {}, {}).estimate_bps <= 1 << 40


def test_what_a_sender_says_of_itself_is_written_for_each_receiver():
    feedback = rtp.read_feedback(sender_report(100, 5_000), {}, {})
    ((ssrc, info),) = feedback.sender_infos
    written = rtp.sender_report(info, MINE)
    assert ssrc == 100
    assert written == sender_report(900, 6_000)
    assert rtp.report_time(info) == struct.unpack("!L", struct.pack("!LL", 11, 12)[2:6])[0]


def test_our_own_report_is_read_as_it_was_meant():
    told = rtp.ReportBlock(800, 9, 70_000, 5, 77, 1.5, share=25)
    feedback = rtp.read_feedback(rtp.receiver_report([told]), {}, RECEIVED)
    assert feedback.blocks == [told]


def extended(*elements: bytes, profile: bytes = b"\xbe\xde") -> bytearray:
    body = b"".join(elements)
    body += bytes(-len(body) % 4)
    head = rtp.HEADER.pack(0x90, rtp.OPUS, 1, 2, 3)
    return bytearray(head + profile + struct.pack("!H", len(body) // 4) + body + b"payload")


SEND_TIME = b"\x22\x00\x00\x00"


@pytest.mark.parametrize("before", [b"", b"\x00", b"\x10\x55", b"\x31\x01\x02\x00"])
def test_the_time_of_sending_is_put_in_where_it_stands(before):
    data = extended(before, SEND_TIME)
    expected = extended(before, b"\x22\x0a\x00\x00")
    rtp.put_send_time(data, len(data), 64.0 + 2.5)
    assert data == expected


@pytest.mark.parametrize(
    "data",
    [
        extended(b"\x10\x55"),
        extended(SEND_TIME, profile=b"\x10\x00"),
        extended(SEND_TIME)[:17],
        extended(b"\x2f\x00\x00\x00"),
        bytearray(rtp.HEADER.pack(0x80, rtp.OPUS, 1, 2, 3) + SEND_TIME),
        bytearray(rtp.HEADER.pack(0x9F, rtp.OPUS, 1, 2, 3)),
    ],
)
def test_a_packet_without_a_time_of_sending_stays_as_it_is(data):
    before = bytes(data)
    rtp.put_send_time(data, len(data), 2.5)
    assert data == before
