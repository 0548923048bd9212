"""A scheduler who looks on, over the wire: seen by everybody, receives, and sends nothing."""

import pytest

from tests.signaling.node import PROGRAMMES, running_node, until


async def watched(node):
    """A live session; somebody of the office is in."""
    meeting = await node.meet(observer="山田")
    seeker, supporter = await node.live(meeting)
    observer = await node.enter(meeting, "observer", e2ee=True)
    await observer.send(type="join", **node.agreement(observer))
    await supporter.state(lambda s: "admit" in s["can"])
    await supporter.send(type="admit", seat="observer")
    await observer.state(lambda s: node.presence(s, "observer") == "in")
    return meeting, seeker, supporter, observer


async def test_everybody_sees_it_with_its_role_before_they_agree(node):
    meeting = await node.meet(observer="山田")
    for seat in ("seeker", "supporter"):
        page = await node.enter(meeting, seat)
        shown = page.welcome["session"]["seats"]
        assert [(s["role"], s["display_name"]) for s in shown if s["seat"] == "observer"] == [
            ("scheduler", "山田")
        ]


async def test_its_media_connection_may_send_nothing(node):
    meeting, *_ = await watched(node)
    assert node.media.functions[meeting.id, "observer", 1] == frozenset()
    assert node.media.functions[meeting.id, "seeker", 1] != frozenset()


@pytest.mark.parametrize(
    "message",
    [
        {"type": "chat", "text": "a word"},
        {"type": "media_state", "audio": True, "video": True},
        {"type": "switch_medium", "medium": "audio"},
        {"type": "end", "works": True},
        {"type": "request_end"},
        {"type": "book_next"},
        {"type": "stop", "kind": "conduct", "accused": "seeker", "note": None},
        {"type": "admit", "seat": "seeker"},
    ],
    ids=lambda message: message["type"],
)
async def test_it_says_nothing_and_decides_nothing(node, message):
    meeting, seeker, _, observer = await watched(node)
    await observer.send(**message)
    assert (await observer.receive("refused"))["code"] == "not_your_seat"
    assert not [m for m in seeker.inbox if m["type"] in {"chat", "media_state"}]
    assert (await node.session(meeting)).phase.value == "live"


async def test_it_is_offered_only_what_it_may_do(node):
    _, _, _, observer = await watched(node)
    shown = [m["session"] for m in observer.inbox if m["type"] == "session"][-1]
    assert set(shown["can"]) == {"restart_media", "renew_media", "step_out", "report_problem"}


async def test_it_takes_part_in_the_agreement_on_keys(node):
    _, seeker, _, observer = await watched(node)
    await seeker.send(type="key", text="to all")
    assert (await observer.receive("key"))["text"] == "to all"
    await observer.send(type="key", text="from who looks on")
    assert (await seeker.receive("key"))["seat"] == "observer"


@pytest.mark.parametrize("wish", ["required", "preferred", "off"])
async def test_nobodys_call_goes_without_encryption_for_who_looks_on(monkeypatch, wish):
    programme = PROGRAMMES["kumagaya"].model_copy(update={"e2ee": wish})
    monkeypatch.setitem(PROGRAMMES, "kumagaya", programme)
    async with running_node() as node:
        meeting = await node.meet(observer="山田")
        page = await node.say_hello("o", link=meeting.secrets["observer"])
        if wish == "off":
            assert (await page.receive("welcome"))["you"]["role"] == "scheduler"
        else:
            assert (await page.receive("refused"))["code"] == "encryption_required"


async def test_when_it_goes_the_session_goes_on(node):
    meeting, _, supporter, observer = await watched(node)
    await observer.send(type="step_out")
    shown = await supporter.state(lambda s: node.presence(s, "observer") == "away")
    assert shown["phase"] == "live"
    await until(lambda: ("disconnect", meeting.id, "observer") in node.media.told, "media is cut")
