"""The office has a lost seat kept until the end, over real sockets: what its people see, what is kept of it."""

from orchestrator.policy.events import MediaFlowed
from tests.signaling.node import MINUTE

WHY = {"reason": "15分ほどで戻ると、ご利用者から電話。"}


async def stepped_out(node):
    """A live session whose seeker has stepped out, and the supporter's page."""
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    await node.host.deliver(meeting.id, MediaFlowed())
    await seeker.send(type="step_out")
    await supporter.state(lambda s: s["phase"] == "interrupted")
    return meeting, supporter


async def test_a_seat_is_kept_until_the_end_and_both_pages_and_the_api_say_until_when(node, call):
    meeting, supporter = await stepped_out(node)
    _, before = await call("GET", f"/sessions/{meeting.id}")
    assert before["kept_until"] is None
    status, kept = await call("POST", f"/sessions/{meeting.id}/hold", WHY)
    assert (status, kept["kept_until"]) == (200, before["ends_at"])
    shown = await supporter.state(lambda s: s["kept_until"] is not None)
    assert shown["kept_until"] == shown["ends_at"] == before["ends_at"]
    assert WHY["reason"] not in str(shown), "why is for the office alone"
    await node.pass_time(11 * MINUTE)  # longer than the programme's hold
    _, later = await call("GET", f"/sessions/{meeting.id}")
    assert (later["phase"], later["cause"]) == ("interrupted", None)
    await supporter.send(type="release_seat")
    assert (await supporter.receive("refused"))["code"] == "seat_kept"
    back = await node.enter(meeting, "seeker")
    assert back.welcome["session"]["phase"] == "live"
    assert back.welcome["session"]["kept_until"] is None


async def test_who_had_it_kept_is_in_the_history_and_why_among_the_notes(node, call):
    meeting, _ = await stepped_out(node)
    _, kept = await call("POST", f"/sessions/{meeting.id}/hold", WHY)
    again, _ = await call("POST", f"/sessions/{meeting.id}/hold", {"reason": "もう一度。"})
    assert again == 200
    _, history = await call("GET", f"/sessions/{meeting.id}/events")
    [line] = [each for each in history["events"] if each["name"] == "seats.kept"]
    assert set(line["data"]) == {"by"}
    assert line["data"]["by"].startswith("p_")
    _, notes = await call("GET", f"/sessions/{meeting.id}/notes")
    assert notes == {"notes": {f"kept-{kept['version']}": WHY["reason"]}}


async def test_where_nobody_is_lost_there_is_nothing_to_hold(node, call):
    meeting = await node.meet()
    await node.live(meeting)
    status, answer = await call("POST", f"/sessions/{meeting.id}/hold", WHY)
    assert (status, answer["error"]["code"]) == (409, "nothing_to_hold")
    await call("POST", f"/sessions/{meeting.id}/end", WHY)
    status, answer = await call("POST", f"/sessions/{meeting.id}/hold", WHY)
    assert (status, answer["error"]["code"]) == (410, "session_over")
