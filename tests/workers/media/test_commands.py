"""What the node says about rooms and seats, carried out in time that the test moves."""

import re

import pytest
from aioice import stun

from tests.workers.media.hand_made import check, drain, reply, udp
from workers.media import wire
from workers.media.commands import IDENTITY_LIFE_S, Rooms
from workers.media.datagrams import Datagrams, bind
from workers.media.port import MediaPort
from workers.media.sdp import Candidate

PASSWORD = "q" * 24


class Told:
    """The rooms of a worker without a loop: what was to be started is only noted."""

    def __init__(self):
        self.now = 1_000.0
        self.started = 0
        self.reports = []
        self.port = MediaPort(
            Datagrams(bind("127.0.0.1", 0)), self.reports.append, lambda: self.now
        )
        at = [Candidate("2001:db8::1", 4_000), Candidate("192.0.2.1", 4_000)]
        self.rooms = Rooms(self.port, at, self.reports.append, self._start, lambda: self.now)
        self.rooms.carry_out(wire.OpenRoom(session="s", closes_at=1e9))

    def _start(self, work):
        self.started += 1
        work.close()

    def connect(self, seat, epoch=1, **options):
        others = tuple(each for each in ("seeker", "supporter") if each != seat)
        self.rooms.carry_out(
            wire.Connect(
                session="s",
                seat=seat,
                media_epoch=epoch,
                functions=frozenset(options.get("functions", {"audio", "video"})),
                others=options.get("others", others),
            )
        )
        return self.reports[-1].sdp

    def restart(self, seat, epoch=1):
        self.rooms.carry_out(wire.Restart(session="s", seat=seat, media_epoch=epoch))
        return self.reports[-1].sdp

    def close(self):
        self.rooms.close_all()
        self.port.close()


@pytest.fixture
def told():
    made = Told()
    yield made
    made.close()


def answer(video="96 97"):
    """What a browser answers."""
    sdp = (
        f"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:wxyz\r\na=ice-pwd:{PASSWORD}\r\n"
        f"a=fingerprint:sha-256 {':'.join(['AB'] * 32)}\r\na=setup:active\r\n"
        f"m=video 9 UDP/TLS/RTP/SAVPF {video}\r\n"
    )
    return wire.Answer(session="s", seat="seeker", media_epoch=1, sdp=sdp)


def is_request(data):
    return stun.parse_message(data).message_class == stun.Class.REQUEST


def fingerprint(sdp):
    return re.search(r"a=fingerprint:sha-256 (\S+)", sdp)[1]


def test_new_legs_get_a_new_certificate_after_some_hours_and_old_ones_keep_theirs(told):
    first = fingerprint(told.connect("seeker"))
    told.now += IDENTITY_LIFE_S - 1
    assert fingerprint(told.connect("supporter")) == first
    told.now += 1
    rotated = fingerprint(told.connect("supporter", epoch=2))
    assert rotated != first
    assert fingerprint(told.restart("seeker")) == first
    assert fingerprint(told.connect("seeker", epoch=2)) == rotated


def test_the_offer_has_a_place_for_everybody_else_whether_there_or_not(told):
    sdp = told.connect("seeker", others=("supporter", "companion-1"), functions={"audio", "screen"})
    assert re.findall(r"a=msid:(\S+) \S+-video", sdp) == ["supporter", "companion-1", "screen"]


def test_the_places_keep_their_ssrcs_through_a_restart(told):
    before = re.findall(r"a=ssrc:(\d+) ", told.connect("seeker"))
    assert re.findall(r"a=ssrc:(\d+) ", told.restart("seeker")) == before


def test_every_section_names_the_addresses_of_both_kinds(told):
    sdp = told.connect("seeker")
    found = re.findall(r"a=candidate:\d 1 udp \d+ (\S+) 4000 typ host", sdp)
    assert found == ["2001:db8::1", "192.0.2.1"] * 2


def test_a_leg_is_settled_once_its_media_has_come(told):
    told.connect("seeker")
    leg = told.rooms._rooms["s"].legs["seeker"]
    told.started = 0
    told.rooms.settle()
    assert told.started == 0
    leg.ice.has_media = True
    told.rooms.settle()
    assert told.started == 1
    leg.dtls._transport = None  # as settling leaves it
    told.rooms.settle()
    assert told.started == 1


@pytest.mark.parametrize(("video", "is_kept"), [("96 97", False), ("96", True)])
def test_what_the_first_answer_takes_decides_how_pictures_are_repeated(told, video, is_kept):
    told.connect("seeker")
    leg = told.rooms._rooms["s"].legs["seeker"]
    told.rooms.carry_out(answer(video))
    assert (leg.down.track("supporter", 96).kept is not None) is is_kept


@pytest.mark.parametrize("is_checked_first", [True, False])
def test_the_way_is_measured_once_before_there_is_any_media(told, is_checked_first):
    told.connect("seeker")
    ice = told.rooms._rooms["s"].legs["seeker"].ice
    ours = ice.generations[-1]
    with udp() as browser:
        address = browser.getsockname()

        def checks():
            request = check(f"{ours.ufrag}:wxyz", ours.password)
            told.port._perform(told.port.ice.receive(bytes(request), address, told.now))

        steps = [checks, lambda: told.rooms.carry_out(answer())]
        for step in steps if is_checked_first else steps[::-1]:
            assert [one for one in drain(browser) if is_request(one)] == []
            step()
        (probe,) = [one for one in drain(browser) if is_request(one)]
        told.now += 0.04
        answered = reply(stun.parse_message(probe), PASSWORD)
        told.port._perform(told.port.ice.receive(answered, address, told.now))
        assert ice.shortest_s == pytest.approx(0.04)
        told.now += 1
        told.rooms.carry_out(answer())
        checks()
        assert [one for one in drain(browser) if is_request(one)] == []
