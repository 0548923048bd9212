"""The full text of the terms, for who is about to agree to them."""

import pytest

from tests.signaling.node import PROGRAMMES

DEMO = PROGRAMMES["demo"]


async def booked(node, **more):
    return await node.meet(rules=DEMO.rules(), **more)


@pytest.mark.parametrize("seat", ["seeker", "supporter", "companion-1", "observer"])
async def test_everybody_who_has_to_agree_can_read_what_to(node, seat):
    meeting = await booked(node, companions=1, observer="yamada")
    page = await node.enter(meeting, seat, e2ee=True)
    assert page.welcome["programme"]["has_full_terms"]
    assert DEMO.terms.full.ja not in repr(page.welcome), "it may be long"
    for language in ("ja", "en"):
        await page.send(type="read_terms", language=language)
        told = await page.receive("terms", lambda m, language=language: m["language"] == language)
        assert told["text"] == getattr(DEMO.terms.full, language)


async def test_a_programme_without_a_full_text_says_so(node):
    page = await node.enter(await node.meet(), "seeker")
    assert not page.welcome["programme"]["has_full_terms"]
    await page.send(type="read_terms", language="ja")
    assert await page.receive("terms") == {"type": "terms", "language": "ja", "text": None}


async def test_a_device_that_only_asks_for_the_seat_is_not_answered(node):
    meeting = await booked(node)
    await node.enter(meeting, "seeker", device="one")
    other = await node.enter(meeting, "seeker", device="two")
    await other.send(type="read_terms", language="ja")
    assert (await other.receive("refused"))["code"] == "not_connected"
