"""What the server does for the encryption from end to end: passes on, and keeps out who cannot where it is required."""

import pytest
from structlog.testing import capture_logs

from orchestrator.policy.model import Medium
from tests.signaling.node import MINUTE, PROGRAMMES, running_node, until

SECRET = "xyzzy-0815"


def at_last(page, kind, count):
    """The last messages of a type that a page has received."""
    return [message for message in page.inbox if message["type"] == kind][-count:]


@pytest.fixture
def required(monkeypatch):
    programme = PROGRAMMES["kumagaya"].model_copy(update={"e2ee": "required"})
    monkeypatch.setitem(PROGRAMMES, "kumagaya", programme)


@pytest.fixture
async def strict(required):
    """A node whose programme requires encryption from end to end."""
    async with running_node() as node:
        yield node


async def join(node, meeting, seat):
    page = await node.enter(meeting, seat, e2ee=True)
    await page.send(type="join", **node.agreement(page))
    await page.state(lambda s: node.presence(s, seat) == "lobby")
    return page


async def test_a_step_reaches_the_others_who_are_in_and_nobody_else(node):
    meeting = await node.meet(companions=1)
    seeker, supporter = await node.live(meeting)
    companion = await node.join(meeting, "companion-1")
    asking = await node.enter(meeting, "supporter", "x")
    await seeker.send(type="key", text=SECRET)
    assert await supporter.receive("key") == {"type": "key", "seat": "seeker", "text": SECRET}
    await companion.send(type="key", text="from the lobby")
    await supporter.send(type="admit", seat="companion-1")
    await companion.state(lambda s: node.presence(s, "companion-1") == "in")
    await supporter.send(type="key", text="to both")
    assert (await companion.receive("key"))["text"] == "to both"
    assert (await seeker.receive("key"))["text"] == "to both"
    for page, texts in ((seeker, ["to both"]), (supporter, [SECRET]), (companion, ["to both"])):
        assert [m["text"] for m in page.inbox if m["type"] == "key"] == texts
    assert at_last(asking, "key", 1) == []


async def test_a_step_is_kept_nowhere(node):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    with capture_logs() as logs:
        await seeker.send(type="key", text=SECRET)
        await supporter.receive("key")
    assert SECRET not in repr(logs)
    assert SECRET not in repr(await node.store.events(meeting.id))
    files = [path for path in node.data.rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in path.read_bytes() for path in files)


async def test_too_many_steps_are_dropped_and_nobody_is_cut_off(node):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    for number in range(25):
        await seeker.send(type="key", text=str(number))
    await seeker.send(type="wait")  # behind them, and answered
    await seeker.receive("refused")
    node.clock.advance(MINUTE)
    await seeker.send(type="key", text="again")
    last = await supporter.receive("key", lambda m: m["text"] == "again")
    assert last["text"] == "again"
    heard = [m["text"] for m in supporter.inbox if m["type"] == "key"]
    assert heard[:-1] == [str(number) for number in range(16)]


async def test_everybody_is_told_whose_page_can_encrypt(node):
    meeting = await node.meet()
    seeker = await node.enter(meeting, "seeker", e2ee=True)
    supporter = await node.enter(meeting, "supporter")
    told = {"type": "encryption", "seat": "supporter", "is_able": False}
    assert await seeker.receive("encryption") == told
    assert await supporter.receive("encryption") == {**told, "seat": "seeker", "is_able": True}
    again = await node.enter(meeting, "supporter", e2ee=True)
    assert (await seeker.receive("encryption"))["is_able"] is True
    assert (await again.receive("encryption"))["seat"] == "seeker"


async def test_who_cannot_is_refused_where_it_is_required_and_the_seat_stays_free(strict):
    meeting = await strict.meet()
    page = await strict.say_hello("a", link=meeting.secrets["seeker"])
    assert await page.refusal() == ("encryption_required", 4403)

    async def is_noted():
        return (await strict.session(meeting)).seeker.was_refused

    await until(is_noted, "nobody is blamed for the absence")
    seat = (await strict.session(meeting)).seeker
    assert (seat.device, seat.is_present) == (None, False)
    other = await strict.enter(meeting, "seeker", "b", e2ee=True)  # another browser, not «asked»
    assert other.welcome["you"]["device"] == "new"
    assert other.welcome["programme"]["e2ee"] == "required"


async def test_who_can_is_offered_media_where_it_is_required(strict):
    meeting = await strict.meet()
    seeker = await join(strict, meeting, "seeker")
    supporter = await join(strict, meeting, "supporter")
    await supporter.send(type="admit", seat="seeker")
    await seeker.state(lambda s: s["phase"] == "live")
    strict.offer(meeting, "seeker", 1)
    assert (await seeker.receive("offer"))["media_epoch"] == 1


async def test_who_came_for_the_telephone_is_offered_no_media_afterwards(strict):
    meeting = await strict.meet()
    seeker = await join(strict, meeting, "seeker")
    supporter = await join(strict, meeting, "supporter")
    await supporter.send(type="admit", seat="seeker")
    await seeker.state(lambda s: s["phase"] == "live")
    await supporter.send(type="switch_medium", medium="phone")
    await seeker.state(lambda s: s["medium"] == Medium.PHONE)
    await seeker.send(type="leaving")
    await seeker.closed()
    again = await strict.enter(meeting, "seeker", e2ee=False)
    await supporter.send(type="switch_medium", medium="video")
    await again.state(lambda s: s["medium"] == Medium.VIDEO)
    epoch = (await strict.session(meeting)).seeker.media_epoch
    strict.offer(meeting, "seeker", epoch)
    assert (await again.receive("refused"))["code"] == "encryption_required"
    assert at_last(again, "offer", 1) == []


async def test_the_link_of_an_ended_session_opens_in_any_browser(strict):
    meeting = await strict.meet()
    before = await join(strict, meeting, "seeker")
    await strict.pass_time(40 * MINUTE)
    await before.state(lambda s: s["phase"] == "ended")
    page = await strict.enter(meeting, "seeker")
    assert page.welcome["session"]["phase"] == "ended"
