"""A leg that hears itself, on which a page measures its line: its packets come back, with feedback, within bounds."""

import pytest

from tests.workers.media.hand_made import Wired, numbering, rtp
from workers.media.room import ECHOED_BYTES_PER_S
from workers.media.rtp import (
    RTX,
    VP8,
    ReportBlock,
    nack,
    nacked,
    pli,
    receiver_report,
    rtcp_packets,
)

UP = 8


@pytest.fixture
def alone():
    made = Wired(("probe",))
    yield made
    made.close()


def picture(number, **options):
    return rtp(number, ssrc=UP, payload_type=VP8, **options)


def test_packets_come_back_whole_under_the_offered_ssrc(alone):
    page = alone.seeker
    for number in (1, 2):
        page.send(picture(number, payload=b"hello"))
    first, second = page.received()
    assert {numbering(each)[3] for each in (first, second)} == {page.down(VP8).ssrc}
    assert numbering(second)[1] == (numbering(first)[1] + 1) & 0xFFFF
    assert first[12:] == b"hello"


def test_what_the_page_reports_of_its_own_packets_comes_back_in_the_numbers_that_it_sent(alone):
    page = alone.seeker
    page.send(picture(7))
    number = numbering(page.received()[0])[1]
    page.received(is_control=True)
    down = page.down(VP8)
    block = ReportBlock(ssrc=down.ssrc, lost=3, highest=number, jitter=0, last_report=0, delay_s=0)
    page.send_rtcp(receiver_report([block]))
    [relayed] = page.received(is_control=True)
    assert int.from_bytes(relayed[8:12], "big") == UP
    assert int.from_bytes(relayed[18:20], "big") == 7


def test_what_got_lost_on_the_way_back_is_repeated_and_on_the_way_there_asked_for(alone):
    page = alone.seeker
    page.send(picture(1))
    page.send(picture(3))
    number = numbering(page.received()[0])[1]
    page.received(is_control=True)
    page.send_rtcp(nack(page.down(VP8).ssrc, [number]))
    assert [numbering(each)[0] for each in page.received()] == [RTX]
    page.send(picture(6))
    asked = [each for part in page.received(is_control=True) for each in rtcp_packets(part)]
    assert [nacked(each) for each in asked] == [[4, 5]]


def test_a_wish_for_a_key_frame_reaches_the_page_itself(alone):
    page = alone.seeker
    page.send(picture(1))
    page.received_raw()
    alone.now += 1
    page.send_rtcp(pli(page.down(VP8).ssrc))
    [wish] = page.received(is_control=True)
    assert int.from_bytes(wish[8:12], "big") == UP


def test_more_than_the_bound_of_a_second_does_not_come_back(alone):
    page, size = alone.seeker, 1_000
    many = ECHOED_BYTES_PER_S // size + 50
    came = 0
    for number in range(many):
        page.send(picture(number, payload=b"x" * size))
        came += len(page.received())
    assert 0 < came < many
    assert came * size <= ECHOED_BYTES_PER_S
    assert alone.port.counters["echo_refused"] == many - came
    alone.now += 1
    page.send(picture(many, payload=b"x" * size))
    assert len(page.received()) == 1


def test_two_people_never_hear_themselves():
    wired = Wired()
    wired.seeker.send(picture(1))
    assert wired.seeker.received() == []
    assert wired.seeker.leg.up.routes[UP].is_direct
    wired.close()
