"""Stories of what comes after: each outcome as the seeker reads it."""

from __future__ import annotations

import asyncio

from playwright.async_api import expect

from tests.browser.office import proposed
from tests.browser.person import Person, see_each_other
from tests.browser.test_line import line, seeker_behind
from tests.screens.in_the_room import admitted, behind, talking
from tests.screens.scene import START_S, Scene

REASONS = {"ja": "お電話で伺った事情によります。", "en": "As told by telephone."}

PROBLEM = {"ja": "途中から音が途切れました。", "en": "The sound broke up after a while."}

OVERRULED = (("interrupted", "platform"),)
"""What no story leads to: it takes a fault of the server."""

NEVER_CONNECTED = ("platform", "supporter")
"""Whose fault it is that nothing came through: of both at once, ours."""


async def judged(scene: Scene, booking: str, seeker: Person, outcome: str, cause: str) -> None:
    """The seeker reads the verdict, with other dates where it brings some."""
    await seeker.is_told(outcome, cause)
    shown = await scene.office.session(booking)
    if shown["reschedule"] and shown["reschedule"]["state"] == "open":
        await scene.office.until(booking, proposed, "dates are proposed")
        await seeker.sees("slot-option")


async def absent(scene: Scene) -> None:
    """Somebody does not come, or steps out before it could begin and stays away."""
    alone, in_vain, going = [
        await scene.books("absent", starts_in=20, guest=guest) for guest in range(3)
    ]
    seekers = [await scene.people.seeker(each) for each in (alone, in_vain, going)]
    supporters = [await scene.people.supporter(each) for each in (alone, going)]
    await seekers[0].arrives()  # so the link is theirs, and opens after the end
    await seekers[0].page.goto("about:blank")
    await asyncio.gather(*(each.comes() for each in (*seekers[1:], *supporters)))
    await scene.office.phase(going.id, "waiting", START_S + 20)
    await seekers[2].steps_out()
    for booking in (alone, in_vain, going):
        await scene.office.phase(booking.id, "ended", 40)
    for seeker in (seekers[0], seekers[2]):  # who has stepped out hears no more
        await seeker.page.goto("about:blank")
        await seeker.page.goto(seeker.link)
    await judged(scene, alone.id, seekers[0], "seeker_no_show", "seeker")
    await scene.takes("after-seeker_no_show", seekers[0])
    await judged(scene, in_vain.id, seekers[1], "supporter_no_show", "supporter")
    await scene.takes("after-supporter_no_show", seekers[1])
    await judged(scene, going.id, seekers[2], "not_held", "seeker")
    await scene.takes("after-not_held-seeker", seekers[2])


async def broken(scene: Scene) -> None:
    """A call breaks off: the seeker closes the page, or the seeker's line is cut and stays so."""
    booking, seeker, _ = await talking(scene, "graceless")
    await seeker.page.goto("about:blank")
    await scene.office.phase(booking, "ended", 60)
    await seeker.page.goto(seeker.link)
    await judged(scene, booking, seeker, "interrupted", "seeker")
    await scene.takes("after-interrupted-seeker", seeker)
    cut = await scene.books("graceless")
    async with line(scene.office) as network:
        seeker = await seeker_behind(network, scene.people, scene.office, cut)
        seeker.forgiven.append("WebSocket|ERR_")
        supporter = await scene.people.supporter(cut)
        await asyncio.gather(seeker.comes(), supporter.comes())
        await admitted(scene, cut, supporter)
        await see_each_other(seeker, supporter, within_s=40)
        network.cut()
        await scene.office.phase(cut.id, "ended", 90)
        network.mend()
        await judged(scene, cut.id, seeker, "interrupted", "unknown")
        await scene.takes("after-interrupted-unknown", seeker)


async def never_connected(scene: Scene) -> None:
    """No picture and no sound ever came through: for nobody, or not for the supporter."""
    for cause in NEVER_CONNECTED:
        booking = await scene.books()
        async with line(scene.office) as network:
            network.udp.cut()
            if cause == "platform":
                seeker = await seeker_behind(network, scene.people, scene.office, booking)
            else:
                seeker = await scene.people.seeker(booking)
            supporter = await behind(network, scene, booking.links["supporter"])
            for each in (seeker, supporter):
                each.forgiven.append("WebSocket|ERR_")  # the line is gone before their pages
            await asyncio.gather(seeker.comes(), supporter.comes())
            await admitted(scene, booking, supporter)
            await seeker.sees("media-phone", 45)
            await seeker.ends()
            await judged(scene, booking.id, seeker, "not_held", cause)
            await scene.takes(f"after-not_held-{cause}", seeker)


async def overruled(scene: Scene) -> None:
    """A verdict that a scheduler has put in the place of the first."""
    booking = await scene.books("absent", starts_in=2, on_minute=False)
    seeker = await scene.people.seeker(booking)
    await seeker.arrives()
    await seeker.page.goto("about:blank")
    await scene.office.phase(booking.id, "ended", 40)
    for number, (outcome, cause) in enumerate(OVERRULED):
        body = {
            "outcome": outcome,
            "cause": cause,
            "number": number,
            "reason": REASONS[scene.language],
        }
        await scene.office.call("POST", f"/api/v1/sessions/{booking.id}/overrule", json=body)
        await seeker.page.goto(seeker.link)
        await judged(scene, booking.id, seeker, outcome, cause)
        await scene.takes(f"after-{outcome}-{cause}", seeker)
        await seeker.page.goto("about:blank")


async def held(scene: Scene) -> None:
    """A call that the seeker ends."""
    booking, seeker, supporter = await talking(scene)
    await seeker.ends()
    for each in (seeker, supporter):
        await each.is_told("completed", None)
    await scene.takes("after-completed", seeker)
    await scene.takes("after-dark", seeker)
    await scene.takes("after-supporter", supporter)
    assert (await scene.office.session(booking))["outcome"] == "completed"
    await scene.takes("after-questions", seeker)
    await seeker.page.locator('[name="helpful"][data-value="4"]').check()
    await seeker.at("questions-send").click()
    await seeker.sees("questions-done")
    await scene.takes("after-questions-done", seeker)
    await seeker.at("after-problem").click()
    await seeker.at("note").fill(PROBLEM[scene.language])
    await scene.takes("after-problem", seeker)


async def goodbye(scene: Scene) -> None:
    """Both close their pages; the supporter comes back and is asked, the seeker reads what was made of it."""
    _, seeker, supporter = await talking(scene)
    for each in (seeker, supporter):
        await each.closes_the_page()
    back = await scene.people.person("supporter", supporter.link, supporter.page.context)
    await back.page.goto(back.link)
    await back.sees("finish-yes")
    await scene.takes("after-finish", back)
    await back.at("finish-yes").click()
    await back.is_told("completed", None)
    reader = await scene.people.person("seeker", seeker.link, seeker.page.context)
    await reader.page.goto(reader.link)
    await reader.is_told("completed", None)
    await reader.sees("object")
    await scene.takes("after-goodbye", reader)


async def stopped(scene: Scene) -> None:
    """A call that the seeker stops."""
    _, seeker, _ = await talking(scene)
    for testid in ("more", "menu-stop", "stop-conduct", "stop-yes"):
        await seeker.at(testid).first.click()
    await seeker.is_told("stopped", "supporter")
    await scene.takes("after-stopped", seeker)


async def cancelled_by(scene: Scene, who: str) -> Person:
    """A seeker whose booking was cancelled."""
    booking = await scene.books(starts_in=540)
    seeker = await scene.people.seeker(booking)
    await seeker.comes()
    path = f"/api/v1/sessions/{booking.id}/cancel"
    await scene.office.call("POST", path, json={"by": who, "channel": "telephone"})
    await seeker.is_told("cancelled", who)
    return seeker


async def cancelled(scene: Scene) -> None:
    """By the office, with another date; and by the seeker."""
    seeker = await cancelled_by(scene, "office")
    await seeker.can_choose()
    await scene.takes("after-cancelled-office", seeker)
    await seeker.chooses()
    await expect(seeker.page.locator('[data-reschedule="chosen"]')).to_be_visible()
    await scene.takes("after-chosen", seeker)
    other = await cancelled_by(scene, "supporter")
    await other.can_choose()
    await other.at("decline").click()
    await other.at("decline-yes").click()
    await expect(other.page.locator('[data-reschedule="declined"]')).to_be_visible()
    await scene.takes("after-declined", other)
    await scene.takes("after-cancelled-seeker", await cancelled_by(scene, "seeker"))
