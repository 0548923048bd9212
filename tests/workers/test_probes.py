"""Pages that measure their lines against real media workers: packets back, bounded, ended, of no session."""

from orchestrator import ports
from orchestrator.policy.model import ConnectionId
from tests.clients.media_client import MediaClient
from tests.workers.test_media_link import SESSION, started, studio, until_true
from workers.media.probes import PROBES_A_WORKER
from workers.media.rtp import VP8

PAGE = ConnectionId("page")


async def measuring(made, page=PAGE):
    """A client on whose connection packets come back."""
    assert made.link.probe(page)
    client = MediaClient()
    made.clients[page] = client
    made.link.answer_probe(page, client.answer(await offered(made, page)))
    await client.connect()
    return client


async def offered(made, page=PAGE):
    """The newest offer for a page."""

    def offers():
        return [each.sdp for each in made.of(ports.ProbeOffered) if each.connection == page]

    await made.until(offers)
    return offers()[-1]


async def echo(client):
    """Send until one packet has come back."""
    while not client.received:
        client.send(VP8, b"back to me")
        try:
            await client.wait_for(lambda: client.received, 0.1)
        except TimeoutError:
            continue
    return client.received[0]


def rooms(made):
    return made.link.counters().get("rooms", 0)


async def test_what_a_page_sends_comes_back_to_it():
    async with studio() as made:
        await started(made)
        client = await measuring(made)
        packet = await echo(client)
        assert (packet.payload, packet.ssrc) == (b"back to me", client.offered_ssrcs[VP8])


async def test_it_ends_by_itself_and_nobody_was_told_but_of_the_offer():
    async with studio(probe_s=2.0) as made:
        await started(made)
        client = await measuring(made)
        await echo(client)
        await until_true(lambda: not made.link._probes and rooms(made) == 0)
        assert [type(each) for each in made.told] == [ports.ProbeOffered]
        assert made.link.lines(SESSION) == {}


async def test_it_can_be_ended_before():
    async with studio() as made:
        await started(made)
        client = await measuring(made)
        await echo(client)
        await until_true(
            lambda: rooms(made) == 1
        )  # counted with each beat: before the first one, none is
        made.link.end_probe(PAGE)
        made.link.end_probe(PAGE)
        await until_true(lambda: rooms(made) == 0)
        client.send(VP8, b"too late")
        made.link.probe(ConnectionId("another"))
        await offered(made, ConnectionId("another"))
        assert b"too late" not in {one.payload for one in client.received}


async def test_a_page_has_one_and_a_worker_a_few():
    async with studio() as made:
        assert not made.link.probe(PAGE), "no worker listens yet"
        await started(made)
        pages = [ConnectionId(f"page {number}") for number in range(PROBES_A_WORKER)]
        assert all(made.link.probe(page) for page in pages)
        assert not made.link.probe(PAGE)
        assert made.link.probe(pages[0]), "in place of its own"
        assert not made.link.probe(PAGE)
        made.link.end_probe(pages[1])
        assert made.link.probe(PAGE)


async def test_a_lost_worker_takes_its_probes_with_it_and_its_successor_measures():
    async with studio() as made:
        await started(made)
        await measuring(made)
        made.link._workers[0].process.kill()
        await until_true(lambda: not made.link._probes)
        assert ports.RoomLost not in map(type, made.told)
        await until_true(lambda: made.link.probe(PAGE))
        assert len(made.of(ports.ProbeOffered)) >= 1


async def test_answers_for_nothing_and_answers_that_are_no_answers_disturb_nobody():
    async with studio() as made:
        await started(made)
        made.link.answer_probe(PAGE, "v=0")
        assert made.link.probe(PAGE)
        made.link.answer_probe(PAGE, "v=0")
        made.link.answer_probe(PAGE, "x" * 300_000)
        client = MediaClient()
        made.clients[PAGE] = client
        made.link.answer_probe(PAGE, client.answer(await offered(made)))
        await client.connect()
        await echo(client)
