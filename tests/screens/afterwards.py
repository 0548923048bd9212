"""Stories of what comes after: each outcome as the seeker reads it."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.office import proposed
from tests.browser.person import Person
from tests.screens.in_the_room import talking
from tests.screens.scene import Scene

REASONS = {"ja": "お電話で伺った事情によります。", "en": "As told by telephone."}

PROBLEM = {"ja": "途中から音が途切れました。", "en": "The sound broke up after a while."}

OVERRULED = (
    ("seeker_no_show", "seeker"),
    ("supporter_no_show", "supporter"),
    ("supporter_late", "supporter"),
    ("interrupted", "seeker"),
    ("interrupted", "supporter"),
    ("interrupted", "platform"),
    ("interrupted", "unknown"),
    ("not_held", "seeker"),
    ("not_held", "supporter"),
    ("not_held", "platform"),
)
HAS_CAUSES = {"interrupted", "not_held"}


async def overruled(scene: Scene) -> None:
    """Each verdict, as a scheduler may put it in the place of the first."""
    booking = await scene.books("absent", starts_in=2, on_minute=False)
    seeker = await scene.people.seeker(booking)
    await seeker.arrives()  # so the link is theirs, and opens after the end
    await seeker.page.goto("about:blank")
    first = await scene.office.phase(booking.id, "ended", 40)
    before = (first["outcome"], first["cause"])
    number = 0
    for outcome, cause in OVERRULED:
        if (outcome, cause) != before:
            body = {
                "outcome": outcome,
                "cause": cause,
                "number": number,
                "reason": REASONS[scene.language],
            }
            await scene.office.call("POST", f"/api/v1/sessions/{booking.id}/overrule", json=body)
            number, before = number + 1, (outcome, cause)
        await seeker.page.goto(seeker.link)
        await seeker.is_told(outcome, cause)
        shown = await scene.office.session(booking.id)
        if shown["reschedule"] and shown["reschedule"]["state"] == "open":
            await scene.office.until(booking.id, proposed, "dates are proposed")
            await seeker.sees("slot-option")
        name = f"{outcome}-{cause}" if outcome in HAS_CAUSES else outcome
        await scene.takes(f"after-{name}", seeker)
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
