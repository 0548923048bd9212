"""Stories of a session by telephone: the page says where the call is, on both sides."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.office import Booking
from tests.browser.person import Person
from tests.screens.scene import START_S, Scene

STEPS = (
    ("calling", "calling", "calling"),
    ("no_answer", "no_answer", "no-answer"),
    ("calling", "calling", None),
    ("answered", "talking", "talking"),
    ("dropped", "dropped", "dropped"),
)
"""What the supporter says, what the pages say then, and how that is called among the pictures."""


async def at_the_phone(person: Person) -> None:
    """From the link to the page that stays open beside the telephone."""
    await person.arrives()
    await person.agrees()
    await person.at("join").click()
    await person.sees("phone")


async def both(scene: Scene, booking: Booking) -> tuple[Person, Person]:
    """Seeker and supporter have the page open."""
    seeker = await scene.people.seeker(booking)
    supporter = await scene.people.supporter(booking)
    for each in (seeker, supporter):
        await at_the_phone(each)
    return seeker, supporter


async def before(scene: Scene) -> None:
    """In good time."""
    seeker = await scene.people.seeker(await scene.books(starts_in=540, medium="phone"))
    await seeker.arrives()
    await seeker.agrees()
    await expect(seeker.at("join")).to_be_enabled()
    await scene.takes("check-phone", seeker)
    await seeker.at("join").click()
    await seeker.is_marked("phone-state", state="before")
    await scene.takes("phone-before", seeker)


async def telephone(scene: Scene) -> None:
    """The supporter calls, in vain, again, and the line breaks."""
    seeker, supporter = await both(scene, await scene.books(medium="phone"))
    await seeker.is_marked("phone-state", START_S, state="soon")
    await scene.takes("phone-soon", seeker)
    await scene.takes("phone-supporter", supporter)
    for report, state, name in STEPS:
        await supporter.at(f"report-{report}").click()
        for each in (seeker, supporter):
            await each.is_marked("phone-state", state=state)
        if name is not None:
            await scene.takes(f"phone-{name}", seeker)
            await scene.takes(f"phone-supporter-{name}", supporter)


async def telephone_ends(scene: Scene) -> None:
    """The notice before the end."""
    booking = await scene.books("ends_in_1", medium="phone")
    seeker, supporter = await both(scene, booking)
    await seeker.is_marked("phone-state", START_S, state="soon")
    for report in ("calling", "answered"):
        await supporter.at(f"report-{report}").click()
    await seeker.is_marked("phone-state", state="talking")
    await seeker.sees("warning", 90)
    await scene.takes("phone-warning", seeker)
