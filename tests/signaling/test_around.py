"""What a supporter has beside a session, as the pages of it are told; and what was noted, read from the room."""

import pytest

from orchestrator.policy.model import Cause
from orchestrator.ports import PrivateField, booked_field
from signaling.limits import Limits
from tests.signaling.node import MINUTE, running_node


async def around(page, where=lambda _: True):
    """Such a word of what is beside the session; it may have come while something else was waited for."""
    come = [each for each in page.inbox if each["type"] == "around" and where(each)]
    return come[-1] if come else await page.receive("around", where)


async def test_the_supporter_is_told_who_comes_next_and_whether_they_wait_already(node):
    now = await node.meet(supporter="suzuki")
    after = await node.meet(starts_in=30 * MINUTE, supporter="suzuki", companions=1)
    await node.meet(starts_in=90 * MINUTE, supporter="suzuki")
    await node.meet(starts_in=20 * MINUTE, supporter="tanaka")
    seeker, supporter = await node.live(now)
    told = (await around(supporter))["after"]
    assert (told["session"], told["seeker_name"]) == (after.id, "さくら1")
    assert (told["companions"], told["presence"], told["since"]) == (["通訳1"], "away", None)
    await node.pass_time(25 * MINUTE)
    await node.enter(after, "seeker", device="x")
    there = await around(supporter, lambda m: m["after"]["presence"] == "at_door")
    assert there["after"]["since"] is not None
    await node.bookings.cancel(after.id, Cause.SEEKER, "p_yamada", "telephone")
    another = await around(supporter, lambda m: m["after"]["session"] != after.id)
    assert another["after"]["seeker_name"] == "さくら2"
    await seeker.send(type="end", works=True)
    await seeker.state(lambda s: s["phase"] == "ended")
    assert not any(m["type"] == "around" for m in seeker.inbox), "nothing of it is the seeker's"


async def test_who_comes_next_is_told_to_the_supporter_after_the_end_too(node):
    now = await node.meet(supporter="suzuki")
    after = await node.meet(starts_in=30 * MINUTE, supporter="suzuki")
    seeker, supporter = await node.live(now)
    await seeker.send(type="end", works=True)
    await supporter.state(lambda s: s["phase"] == "ended")
    await node.pass_time(25 * MINUTE)
    await node.enter(after, "seeker", device="x")
    await around(supporter, lambda m: m["after"]["presence"] == "at_door")
    again = await node.enter(now, "supporter")
    assert (await around(again))["after"]["session"] == after.id


async def test_who_waits_is_told_that_the_supporter_is_still_in_the_session_before(node):
    before = await node.meet(supporter="suzuki")
    after = await node.meet(starts_in=30 * MINUTE, supporter="suzuki")
    seeker, _ = await node.live(before)
    await node.pass_time(25 * MINUTE)
    waits = await node.enter(after, "seeker", device="x")
    assert await around(waits) == {"type": "around", "is_engaged": True, "after": None}
    await seeker.send(type="end", works=True)
    await around(waits, lambda told: not told["is_engaged"])


async def test_a_supporter_who_is_merely_booked_before_is_not_in_that_session(node):
    await node.meet(supporter="suzuki")
    after = await node.meet(starts_in=30 * MINUTE, supporter="suzuki")
    waits = await node.enter(after, "seeker")
    supporter = await node.enter(after, "supporter")
    await waits.state(lambda s: node.presence(s, "supporter") == "at_door")
    await supporter.send(type="leaving")
    await waits.state(lambda s: node.presence(s, "supporter") == "away")
    assert not any(m["type"] == "around" for m in waits.inbox)


async def test_what_is_booked_meanwhile_is_found_in_time():
    async with running_node(Limits(board_reconcile_s=0.2)) as node:
        now = await node.meet(supporter="suzuki")
        supporter = await node.enter(now, "supporter")
        after = await node.meet(starts_in=30 * MINUTE, supporter="suzuki")
        assert (await around(supporter))["after"]["session"] == after.id


# ---- what was noted --------------------------------------------------------------------------------------------------


async def noted(node, meeting):
    """Something was noted at the booking of that session."""
    seeker = (await node.session(meeting)).seeker.person
    fields = {
        booked_field(PrivateField.REFERENCE, meeting.id): "A-2031",
        booked_field(PrivateField.NOTE, meeting.id): "声は大きめに。",
    }
    await node.store.add_private(seeker, fields)


async def test_the_supporter_reads_in_the_room_what_was_noted_and_that_is_on_record(node):
    meeting = await node.meet()
    await noted(node, meeting)
    seeker, supporter = await node.live(meeting)
    await supporter.send(type="read_noted")
    assert await supporter.receive("noted") == {
        "type": "noted",
        "reference": "A-2031",
        "note": "声は大きめに。",
    }
    lines = [r for _, r in await node.store.events(meeting.id) if r.name == "data.read"]
    assert [dict(line.data) for line in lines] == [{"by": "p_tanaka"}]
    await seeker.send(type="read_noted")
    assert (await seeker.receive("refused"))["code"] == "not_your_seat"
    assert "2031" not in repr(seeker.inbox)


@pytest.mark.parametrize("seat", ["companion-1", "seeker"])
async def test_nobody_else_reads_it_in_the_room(node, seat):
    meeting = await node.meet(companions=1)
    await noted(node, meeting)
    page = await node.enter(meeting, seat)
    await page.send(type="read_noted")
    assert (await page.receive("refused"))["code"] == "not_your_seat"


async def test_a_device_that_only_asks_for_the_seat_reads_nothing(node):
    meeting = await node.meet()
    await noted(node, meeting)
    await node.enter(meeting, "supporter", device="one")
    other = await node.enter(meeting, "supporter", device="two")
    await other.send(type="read_noted")
    assert (await other.receive("refused"))["code"] == "not_connected"
