"""A person at a page, against the real host and the real store."""

from datetime import timedelta

import pytest

from orchestrator.policy.events import Woken
from orchestrator.policy.model import SEEKER, SUPPORTER, Presence, SeatId
from orchestrator.ports import RoomFlowing
from signaling.limits import Limits
from tests.signaling.node import MINUTE, OFFICE, running_node, until


async def test_the_welcome_says_who_one_is_and_what_is_going_on(node):
    meeting = await node.meet(starts_in=5 * MINUTE)
    page = await node.enter(meeting, "seeker")
    you, session = page.welcome["you"], page.welcome["session"]
    assert you["seat"] == "seeker"
    assert you["device"] == "new"
    assert session["id"] == meeting.id
    assert page.welcome["programme"]["name"] == "kumagaya"
    assert node.presence(session, "seeker") == "at_door"


async def test_opening_the_page_is_being_present(node):
    meeting = await node.meet()
    await node.enter(meeting, "seeker")
    assert (await node.session(meeting)).seeker.presence is Presence.AT_DOOR


async def test_a_whole_consultation(node):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    assert ("connect", meeting.id, "seeker", 1) in node.media.told
    node.offer(meeting, "seeker", 1, "the offer")
    assert (await seeker.receive("offer"))["sdp"] == "the offer"
    await seeker.send(type="answer", media_epoch=1, sdp="the answer")
    await until(
        lambda: ("answer", meeting.id, "seeker", 1, "the answer") in node.media.told,
        "the answer reaches the media worker",
    )
    await node.pass_time(25 * MINUTE)
    assert (await seeker.receive("warning"))["left_s"] == 300
    await node.pass_time(5 * MINUTE)
    await supporter.receive("time_is_up")
    ended = await supporter.state(lambda s: s["phase"] == "ended")
    assert ended["next"] is None
    await seeker.receive("time_is_up")
    await seeker.state(lambda s: s["phase"] == "ended")


async def test_the_supporter_can_end_only_with_a_yes(node):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    node.host.on_media(RoomFlowing(meeting.id))
    await supporter.send(type="request_end")
    asked = await seeker.state(lambda s: s["question"])
    assert asked["question"]["kind"] == "end_early"
    assert "answer_end" in asked["can"]
    waits = await supporter.state(lambda s: "request_end" not in s["can"])
    assert waits["question"] == asked["question"], "the answer is still to come"
    again = await node.enter(meeting, "supporter")
    assert again.welcome["session"]["question"] == asked["question"], "after a reload too"
    await seeker.send(type="answer_end", agrees=True)
    assert (await seeker.state(lambda s: s["outcome"]))["outcome"] == "completed"


async def test_a_reload_takes_the_seat_over_and_the_old_page_is_told(node):
    meeting = await node.meet()
    old = await node.join(meeting, "seeker")
    new = await node.enter(meeting, "seeker")
    assert new.welcome["you"]["device"] == "bound"
    assert await old.refusal() == ("opened_elsewhere", 4409)
    assert node.presence(new.welcome["session"], "seeker") == "lobby"


async def test_the_others_hear_of_a_switched_camera_and_so_does_who_comes_later(node):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    await seeker.send(type="media_state", audio=True, video=False)
    told = {"type": "media_state", "seat": "seeker", "audio": True, "video": False}
    told |= {"screen": False, "encrypted": False, "is_unstable": False, "has_microphone": True}
    assert await supporter.receive("media_state") == told
    again = await node.enter(meeting, "supporter")
    assert await again.receive("media_state") == told
    more = {"screen": True, "encrypted": True, "is_unstable": True, "has_microphone": False}
    await again.send(type="media_state", audio=False, video=True, **more)
    told = {"type": "media_state", "seat": "supporter", "audio": False, "video": True, **more}
    assert await seeker.receive("media_state") == told


async def test_a_device_that_only_asks_neither_tells_nor_hears_of_cameras(node):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    asking = await node.enter(meeting, "seeker", "b")
    await asking.send(type="media_state", audio=False, video=False)
    await asking.send(type="end", works=True)  # answered after the one before was taken
    await asking.receive("refused")
    await supporter.send(type="media_state", audio=True, video=True)
    await seeker.receive("media_state")
    await seeker.send(type="media_state", audio=True, video=True)
    assert (await supporter.receive("media_state"))["video"] is True
    claimed = (await node.session(meeting)).seeker.claim
    assert claimed is not None
    await seeker.send(type="answer_claim", seat="seeker", agrees=True)
    assert (await asking.receive("welcome"))["you"]["seat"] == "seeker"
    assert "media_state" not in [message["type"] for message in asking.inbox]
    assert await asking.receive("media_state") == {
        "type": "media_state",
        "seat": "supporter",
        "audio": True,
        "video": True,
        "screen": False,
        "encrypted": False,
        "is_unstable": False,
        "has_microphone": True,
    }


async def test_another_device_waits_for_a_yes(node):
    meeting = await node.meet()
    first = await node.join(meeting, "seeker", "a")
    second = await node.enter(meeting, "seeker", "b")
    assert second.welcome["you"] | {"connection": ""} == {
        "connection": "",
        "seat": None,
        "role": "seeker",
        "display_name": "さくら0",
        "device": "asked",
    }
    shown = second.welcome["session"]
    assert (shown["question"], shown["claim"], shown["can"]) == (None, None, [])
    claimed = await first.state(lambda s: s["claim"])
    assert claimed["claim"]["seat"] == "seeker"
    await first.send(type="answer_claim", seat="seeker", agrees=True)
    assert (await second.receive("welcome"))["you"]["seat"] == "seeker"
    assert await first.refusal() == ("opened_elsewhere", 4409)


async def test_another_device_that_is_refused_is_told_and_closed(node):
    meeting = await node.meet()
    first = await node.join(meeting, "seeker", "a")
    second = await node.enter(meeting, "seeker", "b")
    await first.state(lambda s: s["claim"])
    await first.send(type="answer_claim", seat="seeker", agrees=False)
    assert await second.refusal() == ("device_refused", 4403)
    assert (await first.state(lambda s: s["claim"] is None))["phase"] == "waiting"


async def test_a_device_that_asks_can_do_nothing_meanwhile(node):
    meeting = await node.meet()
    await node.join(meeting, "seeker", "a")
    second = await node.enter(meeting, "seeker", "b")
    for message in (
        {"type": "end", "works": True},
        {"type": "give_notice"},
        {"type": "answer", "media_epoch": 1, "sdp": "v=0"},
        {"type": "join", **node.agreement(second)},
    ):
        await second.send(**message)
        assert (await second.receive("refused"))["closes"] is False
    assert (await node.session(meeting)).phase == "waiting"


async def test_an_escalated_claim_is_shown_to_the_supporter(node):
    meeting = await node.meet()
    await node.join(meeting, "seeker", "a")
    supporter = await node.join(meeting, "supporter")
    await node.enter(meeting, "seeker", "b")
    await node.pass_time(timedelta(seconds=11))
    claimed = await supporter.state(lambda s: s["claim"])
    assert claimed["claim"]["seat"] == "seeker"
    assert "answer_claim" in claimed["can"]


@pytest.mark.parametrize(
    ("change", "code"),
    [("unknown", "link_unknown"), ("revoked", "link_revoked"), ("expired", "link_expired")],
)
async def test_a_bad_link_is_refused_with_its_reason(node, change, code):
    meeting = await node.meet()
    secret = meeting.secrets[SeatId("seeker")]
    if change == "unknown":
        secret = "A" * 22
    elif change == "revoked":
        await node.store.revoke_links(meeting.id, SeatId("seeker"), node.clock.now())
    else:
        node.clock.advance(timedelta(days=3))
    page = await node.say_hello("x", link=secret)
    assert await page.refusal() == (code, 4410)
    # Of a link that nobody knows, nobody knows the programme.
    assert page.inbox[-1]["telephone"] == (None if change == "unknown" else OFFICE)


async def test_who_is_turned_away_is_told_a_number_unless_of_the_office(node):
    meeting = await node.meet()
    seeker, _supporter = await node.live(meeting)
    await seeker.send(type="end", works=True)
    await seeker.state(lambda s: s["phase"] == "ended")
    guest = await node.say_hello("z", link=meeting.secrets[SEEKER])
    assert await guest.refusal() == ("session_over", 4410)
    assert guest.inbox[-1]["telephone"] == OFFICE
    staff = await node.say_hello("z", link=meeting.secrets[SUPPORTER])
    assert await staff.refusal() == ("session_over", 4410)
    assert staff.inbox[-1]["telephone"] is None


async def test_a_message_of_another_role_is_refused_before_the_policy_sees_it(node):
    meeting = await node.meet()
    seeker = await node.join(meeting, "seeker")
    before = (await node.session(meeting)).version
    await seeker.send(type="admit", seat="seeker")
    refused = await seeker.receive("refused")
    assert (refused["code"], refused["closes"]) == ("not_your_seat", False)
    assert (await node.session(meeting)).version == before


async def test_the_policys_refusal_reaches_only_who_asked(node):
    meeting = await node.meet()
    seeker = await node.enter(meeting, "seeker")
    supporter = await node.enter(meeting, "supporter")
    await seeker.send(type="join", terms_version="of yesterday", attestations=[])
    assert (await seeker.receive("refused"))["code"] == "terms_not_accepted"
    await supporter.send(type="join", **node.agreement(supporter))
    await supporter.state(lambda s: node.presence(s, "supporter") == "lobby")
    assert all(message["type"] != "refused" for message in supporter.inbox)


async def test_an_ended_session_shows_its_end_to_the_device_that_was_there(node):
    meeting = await node.meet()
    seeker, _supporter = await node.live(meeting)
    node.host.on_media(RoomFlowing(meeting.id))
    await seeker.send(type="end", works=True)
    await seeker.state(lambda s: s["phase"] == "ended")
    again = await node.enter(meeting, "seeker")
    assert again.welcome["session"]["outcome"] == "completed"
    assert again.welcome["you"]["seat"] == "seeker"
    other = await node.say_hello("z", link=meeting.secrets[SeatId("seeker")])
    assert await other.refusal() == ("session_over", 4410)


async def test_who_arrives_as_the_cutoff_ends_it_is_shown_the_end(node):
    meeting = await node.meet()
    supporter = await node.join(meeting, "supporter")
    node.clock.advance(30 * MINUTE)  # nobody rang: the arrival itself makes the session look
    seeker = await node.enter(meeting, "seeker")
    assert seeker.welcome["session"]["phase"] == "ended"
    assert (await supporter.state(lambda s: s["outcome"]))["outcome"] == "seeker_no_show"


@pytest.mark.parametrize("how", ["leaving", "beacon"])
async def test_a_page_that_says_goodbye_was_closed(node, how):
    meeting = await node.meet()
    seeker, _ = await node.live(meeting)
    if how == "leaving":
        await seeker.send(type="leaving")
    else:
        connection = seeker.welcome["you"]["connection"]
        await node.http.post(node.url("/beacon"), data=connection)
        assert await seeker.closed() == 1000
    await _is_lost_by(node, meeting, "page_closed")


async def test_a_browser_that_closes_without_a_word_of_its_page_may_have_crashed(node):
    # Chromium sends 1001 for a renderer that crashed too: no signal against the person.
    meeting = await node.meet()
    seeker, _ = await node.live(meeting)
    await seeker.socket.close(code=1001)
    await _is_lost_by(node, meeting, "signalling_lost")


async def test_a_line_that_is_cut_was_not_closed_by_the_page(node):
    meeting = await node.meet()
    seeker, _ = await node.live(meeting)
    seeker.socket._response.connection.transport.abort()
    await _is_lost_by(node, meeting, "signalling_lost")


async def test_a_goodbye_that_is_slower_than_the_line_still_counts(node):
    meeting = await node.meet()
    seeker, _ = await node.live(meeting)
    seeker.socket._response.connection.transport.abort()
    await _is_lost_by(node, meeting, "signalling_lost")
    connection = seeker.welcome["you"]["connection"]
    answer = await node.http.post(node.url("/beacon"), data=connection)
    assert answer.status == 204
    await _is_lost_by(node, meeting, "page_closed")


async def test_a_beacon_of_nobody_is_answered_the_same(node):
    answer = await node.http.post(node.url("/beacon"), data="nobody")
    assert answer.status == 204


async def test_a_draining_node_loses_nobody(node):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    node.audience.drain()
    assert await seeker.closed() == 1001
    assert await supporter.closed() == 1001
    # Behind whatever the two ends may have queued.
    session = await node.host.deliver(meeting.id, Woken())
    assert session.phase == "live"
    assert session.seeker.loss is None
    late = await node.say_hello("q", link=meeting.secrets[SeatId("seeker")])
    assert await late.refusal() == ("draining", 1001)


async def test_a_session_that_another_node_runs_is_not_served_here(node):
    meeting = await node.meet()
    await node.store.beat("node-2", 60_000)
    assert await node.store.claim(meeting.id, "node-2", None, 0) is not None
    page = await node.say_hello("s", link=meeting.secrets[SeatId("seeker")])
    assert await page.closed() == 4421


async def test_an_answer_of_an_old_epoch_is_ignored(node):
    meeting = await node.meet()
    seeker, _ = await node.live(meeting)
    await seeker.send(type="renew_media")
    await until(lambda: ("connect", meeting.id, "seeker", 2) in node.media.told, "a new epoch")
    await seeker.send(type="answer", media_epoch=1, sdp="old")
    await seeker.send(type="answer", media_epoch=2, sdp="new")
    await until(
        lambda: ("answer", meeting.id, "seeker", 2, "new") in node.media.told, "the new one"
    )
    assert ("answer", meeting.id, "seeker", 1, "old") not in node.media.told


async def test_a_companion_is_let_in_and_cannot_end(node):
    meeting = await node.meet(companions=1)
    _, supporter = await node.live(meeting)
    companion = await node.join(meeting, "companion-1")
    await supporter.state(lambda s: "admit" in s["can"])
    await companion.send(type="end", works=True)
    assert (await companion.receive("refused"))["code"] == "not_your_seat"
    await supporter.send(type="admit", seat="companion-1")
    await companion.state(lambda s: node.presence(s, "companion-1") == "in")


async def test_the_page_of_an_ended_session_is_closed_after_a_while():
    async with running_node(Limits(ended_idle_s=0.05)) as node:
        meeting = await node.meet()
        seeker, _ = await node.live(meeting)
        await seeker.send(type="end", works=True)
        assert await seeker.closed() == 1000
        assert any(m["type"] == "session" and m["session"]["outcome"] for m in seeker.inbox)


async def test_revoked_links_send_away_who_came_with_them(node):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    node.audience.revoke(meeting.id, SeatId("seeker"))
    assert await seeker.refusal() == ("link_revoked", 4410)
    await supporter.state(lambda s: s["phase"] == "interrupted")


async def test_what_is_shown_never_goes_back():
    async with running_node(Limits(renewals_burst=20)) as node:
        meeting = await node.meet()
        seeker, supporter = await node.live(meeting)
        for _ in range(20):
            await supporter.send(type="renew_media")
        await until(
            lambda: ("connect", meeting.id, "supporter", 21) in node.media.told, "twenty epochs"
        )
        await seeker.send(type="end", works=True)
        await seeker.state(lambda s: s["phase"] == "ended")
        versions = [m["session"]["version"] for m in seeker.inbox if m["type"] == "session"]
        assert versions == sorted(versions)


async def _is_lost_by(node, meeting, signal):
    async def is_so():
        loss = (await node.session(meeting)).seeker.loss
        return loss is not None and signal in loss.signals

    await until(is_so, f"lost by {signal}")


async def test_what_a_page_noticed_is_evidence_of_its_own_seat(node):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    await seeker.send(type="observed", signal="page_offline", value=12.0, ago_s=20.0)
    await supporter.send(type="report", missing=0.5, rtt_ms=1500.0, frozen_s=None)

    async def both_are_kept():
        session = await node.session(meeting)
        return session.seeker.observed and session.supporter.observed

    await until(both_are_kept, "both are kept")
    session = await node.session(meeting)
    (offline,), (slow,) = session.seeker.observed, session.supporter.observed
    assert (offline.signal, offline.value) == ("page_offline", 12.0)
    assert node.clock.now() - offline.at >= timedelta(seconds=20)
    assert (slow.signal, slow.value) == ("delay_high", 1500.0)


async def test_who_has_no_seat_tells_nothing(node):
    meeting = await node.meet()
    seeker, _ = await node.live(meeting)
    other = await node.enter(meeting, "seeker", device="another")
    await other.send(type="observed", signal="page_hidden", value=None, ago_s=0.0)
    await other.send(type="pong", server_time="")
    await seeker.send(type="observed", signal="page_asleep", value=3.0, ago_s=3.0)

    async def one_is_kept():
        return (await node.session(meeting)).seeker.observed

    await until(one_is_kept, "the seat's own page is heard")
    (kept,) = (await node.session(meeting)).seeker.observed
    assert kept.signal == "page_asleep"


async def test_a_line_that_ends_leaves_its_close_code(node):
    meeting = await node.meet()
    seeker, _ = await node.live(meeting)
    await seeker.socket.close(code=4000)
    await _is_lost_by(node, meeting, "signalling_lost")
    (lost,) = (await node.session(meeting)).seeker.loss.evidence
    assert lost.value == 4000


async def test_a_peer_cannot_claim_a_fault_of_ours(node):
    meeting = await node.meet()
    seeker, _ = await node.live(meeting)
    await seeker.socket.close(code=1011)
    await _is_lost_by(node, meeting, "signalling_lost")
    (lost,) = (await node.session(meeting)).seeker.loss.evidence
    assert lost.value == 1006
