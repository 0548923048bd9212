"""Who does not come: the cutoff to the instant, and another date where it was not the seeker's fault."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.browser.office import (
    PROGRAMMES,
    Booking,
    Office,
    becomes_a_booking,
    check_proposals,
    moment,
    proposed,
)
from tests.browser.person import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CUTOFF = timedelta(seconds=int(PROGRAMMES["absent"]["cutoff"].rstrip("s")))


async def test_no_seeker_and_no_supporter_are_judged_at_the_cutoff_and_not_before(
    people: Stage, office: Office
) -> None:
    async with asyncio.TaskGroup() as both:
        both.create_task(no_seeker(people, office))
        both.create_task(no_supporter(people, office))


async def no_seeker(people: Stage, office: Office) -> None:
    booking = await office.book("absent", starts_in=1.5)
    supporter = await people.supporter(booking)
    await supporter.comes()
    ended = await judged_at_cutoff(office, booking, "seeker_no_show", "seeker")
    assert ended["reschedule"] is None
    assert ended["quota"] == "used"
    await supporter.is_told("seeker_no_show", "seeker")
    assert await supporter.at("slot-option").count() == 0


async def no_supporter(people: Stage, office: Office) -> None:
    booking = await office.book("absent", starts_in=1.5)
    taken = await busy_tomorrow_at_that_time(office, booking)
    seeker = await people.seeker(booking)
    await seeker.comes()
    ended = await judged_at_cutoff(office, booking, "supporter_no_show", "supporter")
    assert ended["quota"] == "restored"
    await seeker.is_told("supporter_no_show", "supporter")

    assert await seeker.can_choose() >= 2
    opened = await office.until(booking.id, proposed, "slots are proposed")
    options = opened["reschedule"]["options"]
    assert taken not in [option["starts_at"] for option in options]
    assert taken[:10] in [option["starts_at"][:10] for option in options], "near it is still free"
    check_proposals(office, options)
    chosen = await seeker.chooses(1)
    await becomes_a_booking(office, booking, next(o for o in options if o["id"] == chosen))
    await seeker.at("follow").click()  # and from here to there
    await seeker.sees("continue")


async def judged_at_cutoff(
    office: Office, booking: Booking, outcome: str, cause: str
) -> dict[str, Any]:
    """Still waiting until the cutoff by our own clock, ended by exactly that moment in the record."""
    cutoff = booking.starts_at + CUTOFF
    await office.phase(booking.id, "waiting")
    last_waiting = await last_time_in_phase(office, booking, "waiting")
    ended = await office.ends(booking.id, outcome, cause)
    assert moment(ended["ended_at"]) == cutoff
    assert cutoff - last_waiting < timedelta(seconds=1), "it ended before the cutoff"
    assert datetime.now(UTC) - cutoff < timedelta(seconds=3)
    return ended


async def last_time_in_phase(office: Office, booking: Booking, phase: str) -> datetime:
    """Look until the phase is over; when it was asked for last and was still so."""
    last = datetime.now(UTC)
    async with asyncio.timeout(30):
        while True:
            asked_at = datetime.now(UTC)
            if (await office.session(booking.id))["phase"] != phase:
                return last
            last = asked_at
            await asyncio.sleep(0.1)


async def busy_tomorrow_at_that_time(office: Office, booking: Booking) -> str:
    """Give the same supporter another session tomorrow, at the slot that would be proposed first; its start."""
    supporter = (await office.session(booking.id))["participants"][1]["display_name"]
    today = booking.starts_at.astimezone(office.opening.zone)
    nearest = timedelta(minutes=5 * round(today.minute / 5) - today.minute)
    begins = today.replace(second=0, microsecond=0) + timedelta(days=1) + nearest
    await office.book_at("absent", begins, supporter)
    written = begins.astimezone(UTC).isoformat(timespec="milliseconds")
    return written.replace("+00:00", "Z")
