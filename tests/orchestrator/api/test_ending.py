"""The office ends a session, over real sockets: what its people see, what the API answers, what is kept."""

from orchestrator.policy.events import MediaFlowed
from tests.signaling.node import MINUTE

WHY = {"reason": "相談員が急病のため。"}


async def test_what_the_office_ends_is_over_for_both_at_once(node, call):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    status, ended = await call("POST", f"/sessions/{meeting.id}/end", WHY)
    assert (status, ended["outcome"], ended["cause"]) == (200, "interrupted", "office")
    assert (ended["reason"], ended["quota"]) == ("office_ended", "restored")
    assert ended["verdict"]["sentence"]["en"].startswith("A scheduler ended it at ")
    assert ended["reschedule"]["state"] == "open"
    for page in (seeker, supporter):
        shown = await page.state(lambda s: s["phase"] == "ended")
        assert (shown["cause"], shown["reason"]) == ("office", "office_ended")
        assert WHY["reason"] not in str(shown), "why it did is for the office alone"
    assert ("close_room", meeting.id) in node.media.told


async def test_who_ended_it_is_in_the_history_and_why_among_the_notes(node, call):
    meeting = await node.meet()
    await node.live(meeting)
    await node.host.deliver(meeting.id, MediaFlowed())
    body = {"reason": "話は\u200b済んで\u202eいました。", "held": True}
    _, ended = await call("POST", f"/sessions/{meeting.id}/end", body)
    assert (ended["outcome"], ended["quota"]) == ("completed", "used")
    _, history = await call("GET", f"/sessions/{meeting.id}/events")
    [line] = [each for each in history["events"] if each["name"] == "office.ended"]
    assert line["data"].pop("by").startswith("p_")
    assert line["data"] == {"held": True}
    assert "済んで" not in str(history)
    _, notes = await call("GET", f"/sessions/{meeting.id}/notes")
    assert notes == {"notes": {"ended": "話は済んでいました。"}}


async def test_it_ends_once(node, call):
    meeting = await node.meet()
    await node.live(meeting)
    await call("POST", f"/sessions/{meeting.id}/end", WHY)
    status, answer = await call("POST", f"/sessions/{meeting.id}/end", {"reason": "もう一度。"})
    assert (status, answer["error"]["code"]) == (410, "session_over")
    _, notes = await call("GET", f"/sessions/{meeting.id}/notes")
    assert notes == {"notes": {"ended": WHY["reason"]}}


async def test_who_waits_is_told_that_it_is_cancelled(node, call):
    meeting = await node.meet()
    seeker = await node.join(meeting, "seeker")
    status, answer = await call("POST", f"/sessions/{meeting.id}/end", WHY | {"held": True})
    assert (status, answer["error"]["code"]) == (409, "not_live")
    _, ended = await call("POST", f"/sessions/{meeting.id}/end", WHY)
    assert (ended["outcome"], ended["cause"]) == ("cancelled", "office")
    shown = await seeker.state(lambda s: s["phase"] == "ended")
    assert shown["reason"] == "office_ended"


async def test_before_the_doors_open_it_is_cancelled_and_not_ended(node, call):
    meeting = await node.meet(starts_in=60 * MINUTE)
    status, answer = await call("POST", f"/sessions/{meeting.id}/end", WHY)
    assert (status, answer["error"]["code"]) == (409, "too_early")
