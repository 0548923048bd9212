"""A scheduler looks on where the programme lets them: everybody is told beforehand, and nothing of theirs is sent."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser.office import Office
from tests.browser.person import DESK, Stage, same_code

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SENDS = """() => window.watch.peers.flatMap((peer) =>
  peer.getSenders().filter((sender) => sender.track !== null)).length"""


async def test_everybody_knows_of_who_looks_on_and_nothing_of_theirs_is_sent(
    people: Stage, office: Office
) -> None:
    await office.staff_token("山田", "scheduler")
    booking = await office.book("watched", observer="山田")
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    observer = await people.person(
        "observer", booking.links["observer"], viewport=DESK, permissions=[]
    )

    await asyncio.gather(seeker.arrives(), supporter.arrives(), observer.arrives())
    for person in (seeker, supporter):  # before they agree
        await person.reads("observer", "窓口の山田が同席します")
    await observer.reads("observer", "見聞きするだけの同席です")

    await asyncio.gather(seeker.joins(), supporter.joins(), observer.joins())
    await supporter.admits()
    for person in (seeker, supporter):
        await person.reads("observer", "窓口の山田が同席しています")
        await person.sees_picture(within_s=40)
    pictures = observer.at("remote-video")
    await expect(pictures).to_have_count(2, timeout=20_000)
    await observer.hears()
    await same_code(seeker, supporter, observer)

    assert await observer.page.evaluate(SENDS) == 0
    for control in ("microphone", "camera", "end", "chat-field"):
        await observer.sees_no(control)
    await expect(seeker.at("remote-video")).to_have_count(1)  # an observer has no picture
