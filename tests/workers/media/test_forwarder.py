"""Routes, numbering across reloads, and what is kept."""

import struct
from itertools import count, pairwise

import pytest

from workers.media import forwarder, rtp
from workers.media.forwarder import DROPPED
from workers.media.kept import KEPT_IN_A_TURN, KEPT_MOST_S, KEPT_PACKETS, KEPT_TURN_S, Kept
from workers.media.tracks import RESENDS_PER_S, DownTracks, Screen, UpTracks

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


def up_tracks(functions=BOTH, seat="seeker"):
    return UpTracks(object(), seat, functions)


def down_tracks(seats=("seeker",), **options):
    return DownTracks(object(), seats, drawn(), now=0.0, **options)


def forward(up, down, payload_type, number, timestamp, ssrc, now=0.0, payload=b"xx"):
    """What the port does with a packet; the rewritten one, or None."""
    number &= 0xFFFF
    track = up.routes.get(ssrc)
    if track is None:
        if not up.allows(payload_type):
            return None
        track = up.track(payload_type, ssrc, number, timestamp, now)
        up.map(track, number, timestamp, [down], now)
    track.arrived(number, timestamp, now)
    track.packets += 1
    data = packet(payload_type, number, timestamp, ssrc, payload)
    for each in track.fed:
        if each.rewrite(data, len(data), number, timestamp) != DROPPED:
            return data
    return None


def numbering(data):
    _, _, number, timestamp, ssrc = rtp.HEADER.unpack_from(data)
    return number, timestamp, ssrc


def test_a_packet_gets_the_receivers_ssrc_and_continues_its_numbers():
    up, down = up_tracks(), down_tracks()
    first = numbering(forward(up, down, rtp.OPUS, 65_535, 500, 7))
    second = numbering(forward(up, down, rtp.OPUS, 65_536, 1_460, 7))
    assert first[2] == second[2] == down.track("seeker", rtp.OPUS).ssrc
    assert second[0] == rtp.uint16_add(first[0], 1)
    assert second[1] - first[1] == 960


def test_a_reload_of_the_sender_leaves_no_gap_in_the_receivers_numbers():
    down = down_tracks()
    old, new = up_tracks(), up_tracks()
    before = numbering(forward(old, down, rtp.VP8, 40_000, 1, 7, now=10.0))
    after = numbering(forward(new, down, rtp.VP8, 3, 4_000_000_000, 8, now=12.0))
    assert after[0] == rtp.uint16_add(before[0], 1)
    assert rtp.uint32_add(after[1], -before[1]) == 2 * 90_000
    assert after[2] == before[2]


def test_a_packet_out_of_order_does_not_turn_the_numbers_back():
    down = down_tracks()
    old, new = up_tracks(), up_tracks()
    latest = numbering(forward(old, down, rtp.VP8, 11, 200, 7))
    forward(old, down, rtp.VP8, 10, 100, 7)
    after = numbering(forward(new, down, rtp.VP8, 900, 5, 8))
    assert after[0] == rtp.uint16_add(latest[0], 1)


def test_a_new_ssrc_of_the_same_sender_replaces_its_old_route():
    up, down = up_tracks(), down_tracks()
    forward(up, down, rtp.VP8, 10, 100, 7)
    forward(up, down, rtp.VP8, 10, 100, 8)
    assert list(up.routes) == [8]
    assert down.track("seeker", rtp.VP8).up_ssrc == 8


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
    up, down = up_tracks(frozenset(functions)), down_tracks()
    assert (forward(up, down, payload_type, 1, 1, 7) is not None) is passes


def test_probing_before_the_first_video_packet_is_not_mapped():
    up, down = up_tracks(), down_tracks()
    assert forward(up, down, rtp.RTX, 1, 1, 9, payload=b"\0\1xx") is None
    assert up.routes == {}


def test_a_retransmission_names_the_packet_in_the_receivers_numbers():
    up, down = up_tracks(), down_tracks()
    video = numbering(forward(up, down, rtp.VP8, 500, 9_000, 7))
    again = forward(up, down, rtp.RTX, 1, 9_000, 9, payload=struct.pack("!H", 500) + b"frame")
    number, timestamp, ssrc = numbering(again)
    assert struct.unpack_from("!H", again, 12)[0] == video[0]
    assert (timestamp, ssrc) == (video[1], down.track("seeker", rtp.RTX).ssrc)
    assert number != video[0]


def test_retransmissions_follow_their_video_to_a_new_ssrc():
    up, down = up_tracks(), down_tracks()
    forward(up, down, rtp.VP8, 500, 9_000, 7)
    forward(up, down, rtp.RTX, 1, 9_000, 9, payload=struct.pack("!H", 500))
    video = numbering(forward(up, down, rtp.VP8, 20, 77, 8))
    again = forward(up, down, rtp.RTX, 2, 77, 9, payload=struct.pack("!H", 20))
    assert numbering(again)[1] == video[1]


def test_a_retransmission_from_before_our_start_is_dropped():
    up, down = up_tracks(), down_tracks()
    forward(up, down, rtp.VP8, 500, 9_000, 7)
    assert forward(up, down, rtp.RTX, 1, 9_000, 9, payload=struct.pack("!H", 499) + b"x") is None


def test_retransmissions_still_pass_when_the_numbers_have_gone_half_around():
    up, down = up_tracks(), down_tracks()
    for number in range(500, 500 + 40_000):
        forward(up, down, rtp.VP8, number, 0, 7)
    payload = struct.pack("!H", (500 + 39_000) & 0xFFFF) + b"x"
    assert forward(up, down, rtp.RTX, 1, 0, 9, payload=payload) is not None


def test_a_kept_packet_is_found_until_its_time_is_over():
    kept = Kept()
    kept.for_s = 0.6
    for step in range(500):
        kept.keep(step, b"packet", step / 500)
        for back in (0.0, 0.3, 0.6):
            number = step - int(500 * back)
            assert number < 0 or kept.get(number) is not None
    assert kept.get(int(500 * (0.998 - 0.6 - 2 * KEPT_TURN_S))) is None
    assert len(kept) == sum(kept.get(number) is not None for number in range(500))


def test_of_pictures_that_come_seldom_no_more_is_kept():
    """A gap shows with the next picture: from then on it counts."""
    kept = Kept()
    for picture in range(50):
        kept.keep(picture, b"packet", picture / 8)
        known = [number for number in range(50) if kept.get(number) is not None]
        assert known == [number for number in (picture - 1, picture) if number >= 0]


def test_what_is_kept_of_a_picture_that_stands_still_is_forgotten():
    kept = Kept()
    kept.keep(1, b"one", 5.0)
    kept.keep(2, b"two", 5.1)
    kept.rest(5.1 + KEPT_MOST_S)
    assert len(kept) == 2
    kept.rest(5.1 + KEPT_TURN_S + KEPT_MOST_S)
    assert len(kept) == 0
    kept.keep(3, b"three", 9.0)
    assert kept.get(3) == b"three"


def test_what_is_kept_is_bounded_whatever_the_round_trip():
    kept = Kept()
    kept.for_s = 60.0
    for number in range(4_000):
        kept.keep(number, b"x", number / 1_000)
        assert len(kept) <= KEPT_PACKETS + KEPT_IN_A_TURN
    for number in range(4_000, 5_000):
        kept.keep(number, b"x", 4.0)
    assert len(kept.young) == KEPT_IN_A_TURN
    for turn in range(int(KEPT_MOST_S / KEPT_TURN_S) + 1):
        kept.turn(4.0 + turn)
    assert len(kept) == 0


def test_sound_is_not_kept():
    up = up_tracks()
    assert up.track(rtp.OPUS, 7, 1, 1, 0.0).kept is None
    assert up.track(rtp.VP8, 8, 1, 1, 0.0).kept is not None


def test_what_nacks_may_cost_is_bounded_each_second():
    down = down_tracks()
    allowed = [down.may_resend(5.5) for _ in range(RESENDS_PER_S + 3)]
    assert sum(allowed) == RESENDS_PER_S
    assert down.may_resend(6.0)


def test_a_track_is_fed_by_its_source_only():
    down = down_tracks()
    one, two = up_tracks(), up_tracks()
    forward(one, down, rtp.VP8, 1, 1, 7)
    forward(one, down, rtp.OPUS, 1, 1, 6)
    forward(two, down, rtp.OPUS, 1, 1, 5)
    assert down.track("seeker", rtp.VP8).up is one.tracks[7]
    assert down.track("seeker", rtp.OPUS).up is two.tracks[5]
    assert one.tracks[6].fed == ()


# ---- several receivers ----------------------------------------------------------------------------------------------


def several(up, downs, payload_type, number, timestamp, ssrc, now=0.0):
    """Map a track to several receivers; whether somebody is newly fed."""
    track = up.track(payload_type, ssrc, number, timestamp, now)
    is_newly_fed = up.map(track, number, timestamp, downs, now)
    track.arrived(number, timestamp, now)
    track.packets += 1
    return track, is_newly_fed


def test_each_receiver_has_numbers_of_its_own_and_counting_is_done_once():
    up, downs = up_tracks(), [down_tracks(), down_tracks()]
    track, _ = several(up, downs, rtp.VP8, 100, 5, 7)
    assert [each.owner for each in track.fed] == [down._owner for down in downs]
    for down in downs:
        picture = down.track("seeker", rtp.VP8)
        data = packet(rtp.VP8, 100, 5, 7)
        sent = picture.rewrite(data, len(data), 100, 5)
        assert numbering(data) == (sent, uint32(5 + picture.timestamp_offset), picture.ssrc)
        assert (picture.latest_sequence, picture.packets) == (sent, 1)
    assert not track.is_direct


def uint32(value):
    return value & 0xFFFF_FFFF


def test_who_comes_later_is_newly_fed_and_the_others_go_on_in_their_numbers():
    up, first, later = up_tracks(), down_tracks(), down_tracks()
    track, is_newly_fed = several(up, [first], rtp.VP8, 100, 5, 7)
    assert is_newly_fed
    assert track.is_direct
    before = first.track("seeker", rtp.VP8).latest_sequence
    up.routes.clear()
    track, is_newly_fed = several(up, [first, later], rtp.VP8, 101, 6, 7)
    assert is_newly_fed
    assert first.track("seeker", rtp.VP8).latest_sequence == rtp.uint16_add(before, 1)
    up.routes.clear()
    assert several(up, [first, later], rtp.VP8, 102, 7, 7)[1] is False


def test_a_receiver_that_leaves_is_fed_no_more_and_keeps_its_place_in_the_numbers():
    up, stays, goes = up_tracks(), down_tracks(), down_tracks()
    track, _ = several(up, [stays, goes], rtp.VP8, 100, 5, 7)
    picture = goes.track("seeker", rtp.VP8)
    latest = picture.latest_sequence
    goes.release()
    track.arrived(101, 6, 1.0)
    assert track.fed == (stays.track("seeker", rtp.VP8),)
    assert picture.latest_sequence == latest
    again = up_tracks()
    several(again, [goes], rtp.VP8, 7, 5, 9)
    assert picture.latest_sequence == rtp.uint16_add(latest, 1)


def test_a_leg_is_heard_in_the_place_of_its_seat_only():
    down = down_tracks(("supporter", "companion-1"))
    forward(up_tracks(seat="companion-1"), down, rtp.OPUS, 1, 1, 7)
    forward(up_tracks(seat="companion-2"), down, rtp.OPUS, 1, 1, 8)
    fed = [track for track in down.by_ssrc.values() if track.up is not None]
    assert fed == [down.track("companion-1", rtp.OPUS)]


def test_all_ssrcs_of_a_leg_differ():
    down = down_tracks(("a", "b", "c"), has_screen=True)
    assert len(down.by_ssrc) == 3 * 3 + 2


# ---- a screen -------------------------------------------------------------------------------------------------------

SHARING = frozenset({"audio", "video", "screen"})


class Shared:
    """Two who may share a screen, and one who looks."""

    def __init__(self):
        self.screen, self.down = Screen(), down_tracks(("one", "two"), has_screen=True)
        self.legs = [up_tracks(SHARING, "one"), up_tracks(SHARING, "two")]
        self.numbers = [0, 0]

    def shares(self, who, now):
        """A packet of that screen; whether it is shown."""
        up, ssrc = self.legs[who], 50 + who
        self.numbers[who] += 1
        number = self.numbers[who]
        track = up.routes.get(ssrc)
        if track is None:
            track = up.track(rtp.SCREEN, ssrc, number, 1, now)
            shown = self.screen.shows(track, now)
            up.map(track, number, 1, [self.down] if shown else [], now)
        track.arrived(number, 1, now)
        return bool(track.fed)


def test_of_two_screens_the_one_that_began_last_is_shown():
    shared = Shared()
    assert shared.shares(0, 1.0)
    assert shared.shares(1, 2.0)
    assert not any(shared.shares(0, 2.0 + step) for step in range(3))
    assert shared.shares(1, 4.5)
    assert shared.down.screen[rtp.SCREEN].up is shared.legs[1].tracks[51]


def test_who_begins_to_share_again_after_a_pause_is_shown_again():
    shared = Shared()
    shared.shares(0, 1.0)
    for second in range(2, 20):
        assert shared.shares(1, float(second))
    shared.shares(0, 20.0)
    assert shared.shares(0, 20.1)
    assert not any(shared.shares(1, 20.2 + step) for step in range(2))


def test_a_screen_comes_back_once_the_other_one_has_stopped():
    shared = Shared()
    shared.shares(0, 1.0)
    shared.shares(1, 2.0)
    shown = [shared.shares(0, 2.0 + step) for step in range(9)]
    assert not shown[0]
    assert shown[-1]


def test_a_screen_comes_back_at_once_when_the_other_one_is_gone():
    shared = Shared()
    shared.shares(0, 1.0)
    shared.shares(1, 2.0)
    shared.screen.forget(shared.legs[1]._owner)
    shared.shares(0, 2.5)
    assert shared.shares(0, 2.6)


# ---- what is missing ------------------------------------------------------------------------------------------------


def missing(numbers, now=0.0):
    """A picture whose packets came in that order; it, and what was asked for after each."""
    up, down = up_tracks(), down_tracks()
    track, _ = several(up, [down], rtp.VP8, numbers[0], 1, 7)
    return track, [track.arrived(number & 0xFFFF, 1, now) for number in numbers[1:]]


def test_a_gap_is_asked_for_at_once_also_across_the_wrap():
    _, asked = missing([65_533, 65_534, 65_537, 65_538])
    assert asked == [[], [65_535, 0], []]


def test_a_late_packet_is_asked_for_no_more():
    track, _ = missing([1, 4, 2])
    assert track.to_ask_again(1.0, 0.1) == [3]
    track.came_again(3)
    assert track.to_ask_again(2.0, 0.1) == []
    assert not track.has_missing


def test_what_does_not_come_is_asked_for_a_few_times_a_round_trip_apart():
    track, _ = missing([1, 3])
    asked_at = []
    for step in range(400):
        now = 0.01 * step
        if track.to_ask_again(now, rtt_s=0.2):
            asked_at.append(now)
    assert len(asked_at) == forwarder.MAX_ASKED - 1
    assert all(later - now >= 0.24 for now, later in pairwise(asked_at))
    assert not track.has_missing


def test_a_long_gap_is_a_sender_that_was_away():
    assert missing([1, 2 + forwarder.MAX_GAP])[1] == [[]]
    assert len(missing([1, 1 + forwarder.MAX_GAP])[1][0]) == forwarder.MAX_GAP - 1


def test_the_list_of_missing_numbers_is_bounded():
    track, _ = missing(list(range(0, 60_000, 60)))
    assert len(track._missing) <= forwarder.MAX_MISSING


def test_missing_sound_is_not_asked_for():
    up, down = up_tracks(), down_tracks()
    track, _ = several(up, [down], rtp.OPUS, 1, 1, 7)
    assert track.arrived(5, 1, 0.0) == []


def test_what_nobody_receives_is_not_asked_for():
    up = up_tracks()
    track, _ = several(up, [], rtp.VP8, 1, 1, 7)
    assert track.arrived(5, 1, 0.0) == []


def test_a_receiver_asks_in_vain_for_what_was_asked_for_within_a_round_trip():
    track, asked = missing([1, 3], now=10.0)
    assert asked == [[2]]
    assert track.wanted([2, 1], 10.05, rtt_s=0.1) == [1]
    assert track.wanted([2, 1], 10.09, rtt_s=0.1) == []
    assert track.wanted([2], 10.2, rtt_s=0.1) == [2]


# ---- repetitions ----------------------------------------------------------------------------------------------------


def test_no_number_is_used_twice_by_the_senders_repetitions_and_ours():
    up, down = up_tracks(), down_tracks()
    plain = bytes(forward(up, down, rtp.VP8, 500, 9_000, 7))
    forward(up, down, rtp.VP8, 501, 9_000, 7)
    rtx, used = down.track("seeker", rtp.RTX), []
    for number in (3, 5, 4, 9, 8):
        again = forward(up, down, rtp.RTX, number, 9_000, 9, payload=struct.pack("!H", 500))
        used.append(numbering(again)[0])
        used.append(numbering(rtx.repeat(bytes(packet(rtp.VP8, 501, 9_000, 7))))[0])
    assert len(set(used)) == len(used) == rtx.packets
    assert plain


def test_our_repetition_carries_header_payload_and_the_receivers_numbers():
    up, down = up_tracks(), down_tracks()
    video = numbering(forward(up, down, rtp.VP8, 500, 9_000, 7))
    extension = b"\xbe\xde\x00\x01\x22\x00\x00\x00"
    plain = rtp.HEADER.pack(0x90, 0x80 | rtp.VP8, 500, 9_000, 7) + extension + b"picture"
    again = down.track("seeker", rtp.RTX).repeat(plain)
    assert again[0] == 0x90
    assert again[1] == 0x80 | rtp.RTX
    assert numbering(again)[1:] == (video[1], down.track("seeker", rtp.RTX).ssrc)
    assert again[12:20] == extension
    assert again[20:] == struct.pack("!H", video[0]) + b"picture"


def test_a_packet_whose_header_lies_is_not_repeated():
    up, down = up_tracks(), down_tracks()
    forward(up, down, rtp.VP8, 500, 9_000, 7)
    lying = rtp.HEADER.pack(0x90, rtp.VP8, 500, 9_000, 7) + b"\xbe\xde\x00\x09"
    assert down.track("seeker", rtp.RTX).repeat(lying) is None


def test_who_takes_no_rtx_leaves_the_short_path():
    up, down = up_tracks(), down_tracks()
    down.keep_ciphertext({rtp.VP8})
    forward(up, down, rtp.VP8, 1, 1, 7)
    forward(up, down, rtp.OPUS, 1, 1, 6)
    assert not up.tracks[7].is_direct
    assert up.tracks[6].is_direct
