"""The pre-call check over the wire: whose line may be measured and when, and who is shown what was found."""

import pytest
from structlog.testing import capture_logs

from orchestrator.policy.model import Role
from orchestrator.ports import ProbeOffered
from signaling.limits import Limits
from tests.signaling.node import MINUTE, running_node, until
from tests.signaling.test_board import supporter_of

FOUND = {
    "camera": "denied",
    "microphone": "ok",
    "line": "coarse",
    "rtt_ms": 48.0,
    "missing": 0.04,
    "device": "phone",
}


def told(node, kind):
    """What the media port was told of that kind."""
    return [line for line in node.media.told if line[0] == kind]


async def probing(node, meeting, seat="seeker", device=None):
    """A page whose line is being measured."""
    page = await node.enter(meeting, seat, device)
    await page.send(type="probe")
    await until(lambda: ("probe", connection_of(page)) in node.media.told, "it is measured")
    return page


def connection_of(page):
    return page.welcome["you"]["connection"]


def seat_of(session, seat="seeker"):
    return next(each for each in session["seats"] if each["seat"] == seat)


async def refused(page, code):
    assert (await page.receive("refused"))["code"] == code


async def test_a_line_is_measured_at_the_door_before_the_doors_open(node):
    meeting = await node.meet(starts_in=60 * MINUTE)
    page = await probing(node, meeting)
    node.host.on_media(ProbeOffered(connection_of(page), "v=0 offered"))
    offer = await page.receive("probe_offer")
    assert (offer["sdp"], offer["ice_servers"]) == ("v=0 offered", [])
    await page.send(type="answer_probe", sdp="v=0 answered")
    await page.send(type="end_probe")
    await until(lambda: told(node, "end_probe"), "it is over")
    assert told(node, "answer_probe") == [("answer_probe", connection_of(page), "v=0 answered")]


async def test_nothing_of_the_session_changes_by_it(node):
    meeting = await node.meet(starts_in=60 * MINUTE)
    page = await node.enter(meeting, "seeker")
    before, events = await node.session(meeting), await node.store.events(meeting.id)
    await page.send(type="probe")
    await page.send(type="checked", **FOUND)
    await page.send(type="end_probe")
    await until(lambda: told(node, "end_probe"), "all was taken")
    assert await node.session(meeting) == before
    assert await node.store.events(meeting.id) == events
    assert not told(node, "open_room") + told(node, "connect")


async def test_another_one_takes_the_place_of_the_first(node):
    meeting = await node.meet()
    page = await probing(node, meeting)
    await page.send(type="probe")
    await until(lambda: len(told(node, "probe")) == 2, "it is measured again")
    assert [line[0] for line in node.media.told][-2:] == ["end_probe", "probe"]


async def test_it_ends_with_the_socket(node):
    page = await probing(node, await node.meet())
    await page.socket.close()
    await until(lambda: told(node, "end_probe"), "it is over")


async def test_it_ends_when_the_person_is_let_in_and_none_is_begun_then(node):
    meeting = await node.meet()
    seeker, supporter = await node.join(meeting, "seeker"), await node.join(meeting, "supporter")
    await seeker.send(type="probe")
    await until(lambda: told(node, "probe"), "it is measured in the lobby too")
    await supporter.send(type="admit", seat="seeker")
    await until(lambda: told(node, "end_probe"), "it is over")
    node.host.on_media(ProbeOffered(connection_of(seeker), "v=0 late"))
    for page in (seeker, supporter):
        await page.state(lambda s: s["phase"] == "live")
        await page.send(type="probe")
        await refused(page, "probe_not_now")
    assert "probe_offer" not in [message["type"] for message in seeker.inbox]


async def test_a_device_that_only_asks_for_the_seat_measures_and_tells_nothing(node):
    meeting = await node.meet()
    supporter = await node.enter(meeting, "supporter")
    await node.enter(meeting, "seeker")
    other = await node.enter(meeting, "seeker", "z")
    assert other.welcome["you"]["device"] == "asked"
    await other.send(type="checked", **FOUND)
    await other.send(type="probe")
    await refused(other, "probe_not_now")
    assert seat_of((await node.enter(meeting, "supporter")).welcome["session"])["checked"] is None
    assert supporter.inbox


async def test_who_only_looks_on_has_nothing_to_check(node):
    meeting = await node.meet(observer="山田")
    observer = await node.enter(meeting, "observer", e2ee=True)
    for message in ({"type": "probe"}, {"type": "checked", **FOUND}):
        await observer.send(**message)
        await refused(observer, "not_your_seat")


async def test_a_page_is_told_when_too_many_are_measured(node):
    node.media.is_full = True
    page = await node.enter(await node.meet(), "seeker")
    await page.send(type="probe")
    await refused(page, "probe_full")
    await page.send(type="answer_probe", sdp="v=0")
    await page.send(type="chat", text="behind it")
    await page.receive("refused")
    assert not told(node, "answer_probe")


async def test_a_page_that_measures_too_often_is_told_the_same():
    async with running_node(Limits(probes_per_s=0.001, probes_burst=1)) as node:
        page = await probing(node, await node.meet())
        await page.send(type="probe")
        await refused(page, "probe_full")
        assert len(told(node, "probe")) == 1


async def test_what_was_found_is_shown_to_the_supporter_and_to_nobody_else_of_the_session(node):
    meeting = await node.meet(companions=1)
    supporter, companion = (
        await node.enter(meeting, "supporter"),
        await node.enter(meeting, "companion-1"),
    )
    seeker = await node.enter(meeting, "seeker")
    await seeker.send(type="checked", **FOUND)
    shown = await supporter.state(lambda s: seat_of(s)["checked"])
    checked = seat_of(shown)["checked"]
    assert {**checked, "at": None} == {**FOUND, "at": None}
    assert checked["at"].endswith("Z")
    await seeker.send(type="join", **node.agreement(seeker))
    for page in (seeker, companion):
        state = await page.state(lambda s: node.presence(s, "seeker") == "lobby")
        assert {each["checked"] for each in state["seats"]} == {None}


async def test_it_is_forgotten_with_the_connection_and_told_anew(node):
    meeting = await node.meet()
    supporter = await node.enter(meeting, "supporter")
    seeker = await node.enter(meeting, "seeker")
    await seeker.send(type="checked", **FOUND)
    await supporter.state(lambda s: seat_of(s)["checked"])
    await seeker.socket.close()
    await supporter.state(lambda s: not seat_of(s)["checked"])
    again = await node.enter(meeting, "seeker")
    await again.send(type="checked", **FOUND | {"camera": "ok"})
    state = await supporter.state(lambda s: seat_of(s)["checked"])
    assert seat_of(state)["checked"]["camera"] == "ok"


@pytest.mark.parametrize("role", [Role.SCHEDULER, Role.SUPPORTER])
async def test_the_boards_follow_it(node, role):
    meeting = await node.meet(supporter="yamada")
    token = await supporter_of(node, "yamada") if role is Role.SUPPORTER else await node.staff()
    board = await node.say_hello(token=token)
    await board.receive("board")
    seeker = await node.enter(meeting, "seeker")
    await board.receive("board_row", lambda m: seat_of(m["session"])["is_connected"])
    await seeker.send(type="checked", **FOUND)
    row = await board.receive("board_row", lambda m: seat_of(m["session"])["checked"])
    assert seat_of(row["session"])["checked"]["line"] == "coarse"
    later = await node.say_hello(token=await node.staff("sato", Role.SCHEDULER))
    [shown] = (await later.receive("board"))["sessions"]
    assert seat_of(shown)["checked"]["line"] == "coarse"
    # A change of the session does not wipe it out; the end of the connection does.
    await seeker.send(type="join", **node.agreement(seeker))
    row = await board.receive("board_row", lambda m: seat_of(m["session"])["has_joined"])
    assert seat_of(row["session"])["checked"]["line"] == "coarse"
    await seeker.socket.close()
    await board.receive("board_row", lambda m: seat_of(m["session"])["checked"] is None)


async def test_it_is_neither_stored_nor_logged(node):
    meeting = await node.meet()
    supporter = await node.enter(meeting, "supporter")
    seeker = await node.enter(meeting, "seeker")
    with capture_logs() as logs:
        await seeker.send(type="checked", **FOUND | {"rtt_ms": 4711.25})
        await supporter.state(lambda s: seat_of(s)["checked"])
    assert "4711.25" not in repr(logs)
    files = [path for path in node.data.rglob("*") if path.is_file()]
    assert not any(b"4711.25" in path.read_bytes() for path in files)


async def test_too_many_findings_are_dropped_without_a_word():
    async with running_node(Limits(checks_per_s=0.001, checks_burst=1)) as node:
        meeting = await node.meet()
        supporter = await node.enter(meeting, "supporter")
        seeker = await node.enter(meeting, "seeker")
        for device in ("phone", "tablet"):
            await seeker.send(type="checked", **FOUND | {"device": device})
        await seeker.send(type="join", **node.agreement(seeker))
        state = await supporter.state(lambda s: node.presence(s, "seeker") == "lobby")
        assert seat_of(state)["checked"]["device"] == "phone"
        assert "refused" not in [message["type"] for message in seeker.inbox]
