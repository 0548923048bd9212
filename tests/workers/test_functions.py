"""What the room does not offer is refused where the packets are, not only hidden on a page (SAKAI 5-4)."""

import pytest

from orchestrator import ports
from orchestrator.policy.model import OBSERVER, SEEKER, SUPPORTER
from tests.clients.media_client import OPUS, RTX, VP8, MediaClient
from tests.workers.test_media_link import BOTH, SESSION, studio

SOUND = frozenset({"audio"})
EXTRA = (
    "m=video 9 UDP/TLS/RTP/SAVPF 98\r\na=mid:screen\r\na=sendonly\r\na=rtpmap:98 VP8/90000\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:data\r\na=sctp-port:5000\r\n"
)
"""What a page might add to its answer: a shared screen, and a way to send files."""


class Insisting:
    """A page that answers with more than it was offered, and sends it."""

    def __init__(self, client):
        self.client = client

    def answer(self, offer):
        return self.client.answer(offer) + EXTRA

    def sends_everything(self):
        client = self.client
        client.ssrcs[98] = client.ssrcs[VP8] ^ 1
        client._sequence_numbers[98] = 1
        for payload_type in (VP8, RTX, 98):
            client.send(payload_type, b"\x00\x01not listed")
        # The picture under the sound's own SSRC and numbers, which are on their way already.
        disguised = bytearray(client.rtp(OPUS, b"in disguise"))
        disguised[1] = VP8
        client.send_protected(client.protect(bytes(disguised)))


@pytest.mark.parametrize("functions", [SOUND, BOTH])
async def test_a_track_that_is_not_listed_reaches_nobody(functions):
    async with studio() as made:
        made.link.open_room(SESSION, 60.0)
        made.link.connect(SESSION, SEEKER, 1, functions, (SUPPORTER,))
        supporter = await made.join(SUPPORTER, functions=functions)
        seeker = MediaClient()
        made.clients[SEEKER, 1] = seeker
        page = Insisting(seeker)
        made.link.answer(SESSION, SEEKER, 1, page.answer(await made.offer(SEEKER, 1)))
        await seeker.connect()
        await made.until(lambda: ports.LegUp(SESSION, SEEKER, 1) in made.told)
        seeker.send(OPUS, b"first")
        await supporter.wait_for(lambda: supporter.received_count >= 1)
        page.sends_everything()
        seeker.send(OPUS, b"last")
        await supporter.wait_for(
            lambda: any(each.payload == b"last" for each in supporter.received)
        )
        allowed = {OPUS} | ({VP8, RTX} if "video" in functions else set())
        assert {each.payload_type for each in supporter.received} <= allowed
        assert b"in disguise" not in [each.payload for each in supporter.received]
        if functions == SOUND:
            assert [each.payload for each in supporter.received] == [b"first", b"last"]


async def test_after_the_switch_to_sound_only_the_picture_is_refused():
    async with studio() as made:
        made.link.open_room(SESSION, 60.0)
        seeker, supporter = await made.join(SEEKER), await made.join(SUPPORTER)
        seeker.send(VP8, b"picture")
        await supporter.wait_for(lambda: supporter.received_count == 1)
        again = await made.join(SEEKER, 2, SOUND)
        listener = await made.join(SUPPORTER, 2, SOUND)
        seeker.send(VP8, b"over the old connection")
        again.send(VP8, b"over the new one")
        again.send(OPUS, b"voice")
        await listener.wait_for(lambda: listener.received_count >= 1)
        assert [each.payload for each in listener.received] == [b"voice"]
        assert supporter.received_count == 1


async def test_who_only_receives_gets_everything_and_is_heard_by_nobody():
    async with studio() as made:
        made.link.open_room(SESSION, 60.0)
        seats = (SEEKER, SUPPORTER, OBSERVER)
        seeker = await made.join(SEEKER, seats=seats)
        supporter = await made.join(SUPPORTER, seats=seats)
        made.link.connect(SESSION, OBSERVER, 1, BOTH, (SEEKER, SUPPORTER), only_receives=True)
        observer = MediaClient()
        made.clients[OBSERVER, 1] = observer
        page = Insisting(observer)
        made.link.answer(SESSION, OBSERVER, 1, page.answer(await made.offer(OBSERVER, 1)))
        await observer.connect()
        await made.until(lambda: ports.LegUp(SESSION, OBSERVER, 1) in made.told)
        observer.send(OPUS, b"a word")
        page.sends_everything()
        seeker.send(OPUS, b"voice")
        supporter.send(VP8, b"picture")
        await observer.wait_for(lambda: observer.received_count >= 2)
        await supporter.wait_for(lambda: supporter.received_count >= 1)
        await seeker.wait_for(lambda: seeker.received_count >= 1)
        assert {each.payload for each in observer.received} == {b"voice", b"picture"}
        assert [each.payload for each in supporter.received] == [b"voice"]
        assert [each.payload for each in seeker.received] == [b"picture"]


async def test_who_only_receives_is_offered_the_shared_screen_all_the_same():
    async with studio() as made:
        made.link.open_room(SESSION, 60.0)
        functions = BOTH | {"screen"}
        made.link.connect(SESSION, OBSERVER, 1, functions, (SEEKER, SUPPORTER), only_receives=True)
        assert "a=mid:s\r\n" in await made.offer(OBSERVER, 1)
