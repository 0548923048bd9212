"""Routes, numbering across reloads, and what is kept."""

import struct
from itertools import count

import pytest

from workers.media import forwarder, rtp
from workers.media.forwarder import DROPPED, DownTracks, UpTracks

BOTH = frozenset({"audio", "video", "chat"})


def drawn(first: int = 1_000):
    numbers = count(first)
    return lambda: next(numbers)


def packet(
    payload_type: int, number: int, timestamp: int, ssrc: int, payload: bytes = b"xx"
) -> bytearray:
    return bytearray(
        rtp.HEADER.pack(0x80, payload_type, number & 0xFFFF, timestamp, ssrc) + payload
    )


def forward(up, down, payload_type, number, timestamp, ssrc, now=0.0, payload=b"xx"):
    """What the port does with a packet; the rewritten one, or None."""
    track = up.routes.get(ssrc) or up.map(payload_type, ssrc, number & 0xFFFF, timestamp, down, now)
    if track is None:
        return None
    data = packet(payload_type, number, timestamp, ssrc, payload)
    if track.rewrite(data, len(data), number & 0xFFFF, timestamp, now) == DROPPED:
        return None
    return data


def numbering(data):
    _, _, number, timestamp, ssrc = rtp.HEADER.unpack_from(data)
    return number, timestamp, ssrc


def test_a_packet_gets_the_receivers_ssrc_and_continues_its_numbers():
    up, down = UpTracks(BOTH), DownTracks(drawn(), now=0.0)
    first = numbering(forward(up, down, rtp.OPUS, 65_535, 500, 7))
    second = numbering(forward(up, down, rtp.OPUS, 65_536, 1_460, 7))
    assert first[2] == second[2] == down.audio.ssrc
    assert second[0] == rtp.uint16_add(first[0], 1)
    assert second[1] - first[1] == 960


def test_a_reload_of_the_sender_leaves_no_gap_in_the_receivers_numbers():
    down = DownTracks(drawn(), now=0.0)
    old, new = UpTracks(BOTH), UpTracks(BOTH)
    before = numbering(forward(old, down, rtp.VP8, 40_000, 1, 7, now=10.0))
    after = numbering(forward(new, down, rtp.VP8, 3, 4_000_000_000, 8, now=12.0))
    assert after[0] == rtp.uint16_add(before[0], 1)
    assert rtp.uint32_add(after[1], -before[1]) == 2 * 90_000
    assert after[2] == before[2]


def test_a_packet_out_of_order_does_not_turn_the_numbers_back():
    down = DownTracks(drawn(), now=0.0)
    old, new = UpTracks(BOTH), UpTracks(BOTH)
    latest = numbering(forward(old, down, rtp.VP8, 11, 200, 7))
    forward(old, down, rtp.VP8, 10, 100, 7)
    after = numbering(forward(new, down, rtp.VP8, 900, 5, 8))
    assert after[0] == rtp.uint16_add(latest[0], 1)


def test_a_new_ssrc_of_the_same_sender_replaces_its_old_route():
    up, down = UpTracks(BOTH), DownTracks(drawn(), now=0.0)
    forward(up, down, rtp.VP8, 10, 100, 7)
    forward(up, down, rtp.VP8, 10, 100, 8)
    assert list(up.routes) == [8]
    assert down.video.up_ssrc == 8


@pytest.mark.parametrize(
    ("functions", "payload_type", "passes"),
    [
        ({"audio"}, rtp.OPUS, True),
        ({"audio"}, rtp.VP8, False),
        ({"audio"}, rtp.RTX, False),
        ({"video"}, rtp.OPUS, False),
        ({"video"}, rtp.VP8, True),
        ({"chat", "screen"}, rtp.OPUS, False),
        (set(), rtp.VP8, False),
        ({"audio", "video"}, 98, False),
    ],
)
def test_a_leg_sends_what_its_functions_allow(functions, payload_type, passes):
    up, down = UpTracks(frozenset(functions)), DownTracks(drawn(), now=0.0)
    assert (forward(up, down, payload_type, 1, 1, 7) is not None) is passes


def test_probing_before_the_first_video_packet_is_not_mapped():
    up, down = UpTracks(BOTH), DownTracks(drawn(), now=0.0)
    assert forward(up, down, rtp.RTX, 1, 1, 9, payload=b"\0\1xx") is None
    assert up.routes == {}


def test_a_retransmission_names_the_packet_in_the_receivers_numbers():
    up, down = UpTracks(BOTH), DownTracks(drawn(), now=0.0)
    video = numbering(forward(up, down, rtp.VP8, 500, 9_000, 7))
    again = forward(up, down, rtp.RTX, 1, 9_000, 9, payload=struct.pack("!H", 500) + b"frame")
    number, timestamp, ssrc = numbering(again)
    assert struct.unpack_from("!H", again, 12)[0] == video[0]
    assert (timestamp, ssrc) == (video[1], down.rtx.ssrc)
    assert number != video[0]


def test_retransmissions_follow_their_video_to_a_new_ssrc():
    up, down = UpTracks(BOTH), DownTracks(drawn(), now=0.0)
    forward(up, down, rtp.VP8, 500, 9_000, 7)
    forward(up, down, rtp.RTX, 1, 9_000, 9, payload=struct.pack("!H", 500))
    video = numbering(forward(up, down, rtp.VP8, 20, 77, 8))
    again = forward(up, down, rtp.RTX, 2, 77, 9, payload=struct.pack("!H", 20))
    assert numbering(again)[1] == video[1]


def test_a_retransmission_from_before_our_start_is_dropped():
    up, down = UpTracks(BOTH), DownTracks(drawn(), now=0.0)
    forward(up, down, rtp.VP8, 500, 9_000, 7)
    assert forward(up, down, rtp.RTX, 1, 9_000, 9, payload=struct.pack("!H", 499) + b"x") is None


def test_retransmissions_still_pass_when_the_numbers_have_gone_half_around():
    up, down = UpTracks(BOTH), DownTracks(drawn(), now=0.0)
    for number in range(500, 500 + 40_000):
        forward(up, down, rtp.VP8, number, 0, 7)
    payload = struct.pack("!H", (500 + 39_000) & 0xFFFF) + b"x"
    assert forward(up, down, rtp.RTX, 1, 0, 9, payload=payload) is not None


def test_a_kept_packet_is_found_until_it_is_overwritten():
    video = DownTracks(drawn(), now=0.0).video
    for number in range(forwarder.KEPT_PACKETS + 1):
        video.keep(number, b"%d" % number)
    assert video.kept(0) is None
    assert video.kept(1) == b"1"
    assert video.kept(forwarder.KEPT_PACKETS) == b"%d" % forwarder.KEPT_PACKETS
    assert video.kept(forwarder.KEPT_PACKETS + 1) is None


def test_sound_is_not_kept():
    audio = DownTracks(drawn(), now=0.0).audio
    audio.keep(1, b"x")
    assert audio.kept(1) is None


def test_what_nacks_may_cost_is_bounded_each_second():
    down = DownTracks(drawn(), now=0.0)
    allowed = [down.may_resend(5.5) for _ in range(forwarder.RESENDS_PER_S + 3)]
    assert sum(allowed) == forwarder.RESENDS_PER_S
    assert down.may_resend(6.0)


def test_a_track_is_fed_by_its_source_only():
    down = DownTracks(drawn(), now=0.0)
    one, two = UpTracks(BOTH), UpTracks(BOTH)
    forward(one, down, rtp.VP8, 1, 1, 7)
    forward(one, down, rtp.OPUS, 1, 1, 6)
    forward(two, down, rtp.OPUS, 1, 1, 5)
    assert down.fed_by(one) == [down.video]
    assert down.fed_by(two) == [down.audio]
