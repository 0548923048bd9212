"""The link of a session that was moved leads to what follows: for the seeker, on the device that was there."""

from orchestrator.policy.model import Purpose, SeatId
from tests.signaling.test_another_date import is_offered_dates

SEEKER = SeatId("seeker")


async def moved(node):
    """A session whose seeker has chosen another date; meeting, the seeker's page and the new session's id."""
    meeting, seeker, option = await is_offered_dates(node)
    await seeker.send(type="choose_slot", option=option["id"])
    chosen = await seeker.state(lambda s: s["reschedule"]["state"] == "chosen")
    return meeting, seeker, chosen["reschedule"]["new_session"]


async def test_who_has_chosen_another_date_is_led_to_it(node):
    meeting, _, new = await moved(node)
    back = await node.enter(meeting, "seeker")
    assert "follow" in back.welcome["session"]["can"]
    await back.send(type="follow")
    way = await back.receive("way")
    assert way["purpose"] == "reschedule"
    there = await node.say_hello("s", link=way["link"])
    welcome = await there.receive("welcome")
    assert (welcome["session"]["id"], welcome["you"]["seat"]) == (new, "seeker")
    await back.send(type="follow")
    assert (await back.receive("way"))["link"] == way["link"]


async def test_a_moved_session_says_so_to_another_device(node):
    meeting, _, _ = await moved(node)
    other = await node.say_hello("z", link=meeting.secrets[SEEKER])
    assert await other.refusal() == ("session_moved", 4410)
    supporter = await node.say_hello("z", link=meeting.secrets[SeatId("supporter")])
    assert await supporter.refusal() == ("session_over", 4410)


async def test_only_the_seeker_is_led_on_and_only_where_something_follows(node):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    await supporter.send(type="follow")
    assert (await supporter.receive("refused"))["code"] == "not_your_seat"
    for purpose in Purpose:
        await seeker.send(type="follow", purpose=purpose)
        assert (await seeker.receive("refused"))["code"] == "nothing_follows"


async def test_links_that_the_office_has_revoked_are_not_made_again(node):
    meeting, _, new = await moved(node)
    await node.store.revoke_links(new, SEEKER, node.clock.now())
    back = await node.enter(meeting, "seeker")
    await back.send(type="follow")
    assert (await back.receive("refused"))["code"] == "link_revoked"
