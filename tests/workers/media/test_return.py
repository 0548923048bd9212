"""Whoever comes back after a cut sees pictures that need nothing of what was missed, and so do the others."""

import pytest

from tests.workers.media.hand_made import Wired, reply, rtp, stun, udp
from workers.media.port import AWAY_AFTER_S
from workers.media.rtp import OPUS, VP8, nack

MICROPHONE, CAMERA = 7, 8
PLI = 206


@pytest.fixture(params=[("seeker", "supporter"), ("seeker", "supporter", "companion-1")])
def wired(request):
    """A room in which everybody sends sound and pictures, and has been asked for key frames."""
    made = Wired(request.param)
    for place, client in enumerate(made.clients):
        for ssrc, payload_type in ((MICROPHONE, OPUS), (CAMERA, VP8)):
            client.send(rtp(1, ssrc=10 * place + ssrc, payload_type=payload_type))
    made.now += 1.0
    for client in made.clients:
        client.received(is_control=True)
    yield made
    made.close()


def asked_for_key_frames(client):
    """How often a sender has been asked for one since it was looked at."""
    return sum(packet[1] == PLI for packet in client.received(is_control=True))


def test_after_a_cut_key_frames_are_asked_for_both_ways_with_the_first_sound(wired):
    wired.seeker.send(rtp(2, ssrc=MICROPHONE))
    wired.now += AWAY_AFTER_S + 0.1
    wired.seeker.send(rtp(40, ssrc=MICROPHONE))
    assert [asked_for_key_frames(client) for client in wired.clients] == [1] * len(wired.clients)


def test_lost_sound_alone_asks_for_none(wired):
    wired.seeker.send(rtp(2, ssrc=MICROPHONE))
    wired.now += AWAY_AFTER_S - 0.1
    wired.seeker.send(rtp(20, ssrc=MICROPHONE))
    assert not any(asked_for_key_frames(client) for client in wired.clients)


def test_who_is_found_elsewhere_by_a_check_alone_sees_pictures_before_sending_any(wired):
    seeker, elsewhere = wired.seeker, udp()
    wired.now += AWAY_AFTER_S + 0.1
    seeker.check(at=elsewhere)
    assert seeker.leg.address == elsewhere.getsockname()
    assert [asked_for_key_frames(client) for client in wired.clients[1:]] == [1] * len(
        wired.clients[1:]
    )
    elsewhere.close()


def test_who_moves_while_media_flows_costs_nobody_a_key_frame(wired):
    seeker, elsewhere = wired.seeker, udp()
    seeker.send(rtp(2, ssrc=MICROPHONE))
    seeker.check(at=elsewhere)
    assert seeker.leg.address == elsewhere.getsockname()
    assert not any(asked_for_key_frames(client) for client in wired.clients)
    elsewhere.close()


def test_who_comes_back_at_another_address_is_asked_there_too(wired):
    seeker, elsewhere = wired.seeker, udp()
    wired.port.ice.answered(seeker.leg.ice, "x", seeker.password)
    wired.now += AWAY_AFTER_S + 0.1
    seeker.send(rtp(40, ssrc=MICROPHONE), at=elsewhere)
    probe = stun.parse_message(elsewhere.recv(2048))
    wired.now += 0.03
    seeker.send_bytes(reply(probe, seeker.password), at=elsewhere)
    wired.pump()
    assert seeker.leg.address == elsewhere.getsockname()
    there = [seeker.receiving.unprotect_rtcp(data) for data in [elsewhere.recv(2048)]]
    assert [packet[1] for packet in there] == [PLI]
    elsewhere.close()


def test_what_somebody_missed_before_the_return_is_not_repeated_and_what_is_lost_after_it_is(wired):
    seeker, supporter, elsewhere = wired.seeker, wired.supporter, udp()
    camera = 10 + CAMERA
    for number in range(2, 6):
        supporter.send(rtp(number, ssrc=camera, payload_type=VP8))
    track = seeker.down(VP8, "supporter")
    sent = track.packets
    wired.now += AWAY_AFTER_S + 0.1
    seeker.check(at=elsewhere)
    for number in range(6, 10):
        supporter.send(rtp(number, ssrc=camera, payload_type=VP8))
    supporter.received(is_control=True)
    missing = [(number + track.sequence_offset) & 0xFFFF for number in (3, 4, 5, 6)]
    seeker.send_bytes(seeker.sending.protect_rtcp(nack(track.ssrc, missing)), at=elsewhere)
    wired.pump()
    assert wired.port.counters["resent"] == 1
    assert supporter.received(is_control=True) == []
    assert track.packets == sent + 4
    elsewhere.close()
