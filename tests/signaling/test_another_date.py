"""Another date for a session that could not be held: whom it is offered to, and who may choose."""

from orchestrator.ports import RoomFlowing
from tests.signaling.node import MINUTE


async def is_offered_dates(node):
    """The supporter was lost for too long, and the seeker may choose another date; meeting, page and the first slot."""
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    await supporter.socket.close()
    await seeker.state(lambda s: s["phase"] == "interrupted")
    await node.pass_time(2 * MINUTE)
    await seeker.state(lambda s: s["question"])
    await node.bookings.rescheduling.propose(meeting.id)
    offered = await seeker.state(lambda s: s["reschedule"] and s["reschedule"]["options"])
    return meeting, seeker, offered["reschedule"]["options"][0]


async def test_a_question_and_the_slots_are_shown_to_the_seeker_only(node):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    node.host.on_media(RoomFlowing(meeting.id))  # what nobody saw or heard was not held
    await supporter.socket.close()
    await seeker.state(lambda s: s["phase"] == "interrupted")
    await node.pass_time(2 * MINUTE)
    asked = await seeker.state(lambda s: s["question"])
    assert asked["question"]["kind"] == "wait_or_reschedule"
    assert asked["verdict"] == {"outcome": "interrupted", "cause": "supporter"}
    await node.bookings.rescheduling.propose(meeting.id)
    offered = await seeker.state(lambda s: s["reschedule"] and s["reschedule"]["options"])
    assert {"choose_slot", "wait", "another_date"} <= set(offered["can"])
    back = await node.enter(meeting, "supporter", media_epoch=1)
    shown = back.welcome["session"]
    assert shown["question"] is None
    assert shown["reschedule"]["options"] == []


async def test_a_chosen_slot_becomes_a_booking(node):
    meeting, seeker, option = await is_offered_dates(node)
    await seeker.send(type="choose_slot", option=option["id"])
    chosen = await seeker.state(lambda s: s["reschedule"]["state"] == "chosen")
    booked = chosen["reschedule"]
    assert [booked[f"new_{key}"] for key in ("starts_at", "ends_at", "supporter_name")] == [
        option[key] for key in ("starts_at", "ends_at", "supporter_name")
    ]
    new = await node.store.load(chosen["reschedule"]["new_session"])
    assert new is not None
    assert new.session.previous == meeting.id


async def test_nobody_but_the_seeker_chooses_or_declines_another_date(node):
    meeting, _, option = await is_offered_dates(node)
    back = await node.enter(meeting, "supporter", media_epoch=1)
    for message in (
        {"type": "choose_slot", "option": option["id"]},
        {"type": "decline_reschedule"},
    ):
        await back.send(**message)
        assert (await back.receive("refused"))["code"] == "not_your_seat"
    assert (await node.session(meeting)).reschedule.state == "open"


async def test_a_slot_that_is_not_offered_is_refused_and_the_connection_lives(node):
    meeting = await node.meet()
    seeker = await node.join(meeting, "seeker")
    await seeker.send(type="choose_slot", option="1")
    assert (await seeker.receive("refused"))["code"] == "reschedule_closed"
    await seeker.send(type="give_notice")
    await seeker.state(lambda s: "give_notice" not in s["can"])
