"""Networks that change under a call: socket and media come back each for itself, and nobody touches a page."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.office import Office, running, until
from tests.browser.person import Person, Stage, see_each_other, stage
from tests.browser.test_line import line, meet, seeker_behind

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FORGIVEN = ("WebSocket connection to .* failed",)


async def shows_on(person: Person) -> None:
    """Pictures go on being decoded, whether the page shows them or a cover over them."""
    began = await person.carried()

    async def moves() -> bool:
        return bool((await person.carried())["frames"] >= began["frames"] + 8)

    await until(moves, f"{person.name} gets pictures", 20)


async def epochs(person: Person) -> list[int]:
    """The epochs that were offered."""
    return [json.loads(offer)["media_epoch"] for offer in await person.heard("offer")]


async def test_another_network_is_found_at_once_on_the_same_media_connection(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    async with line(office) as network:
        seeker = await seeker_behind(network, people, office, booking)
        supporter = await people.supporter(booking)
        await meet(seeker, supporter)
        life, sockets = await seeker.life(), len(await seeker.heard("welcome"))

        # What went out from the old address leads nowhere, and nobody says so.
        network.udp.forget()
        await seeker.page.evaluate("() => window.dispatchEvent(new Event('online'))")

        async def is_offered_over_a_new_socket() -> bool:
            welcomes = len(await seeker.heard("welcome"))
            return welcomes == sockets + 1 and len(await epochs(seeker)) == 2

        await until(is_offered_over_a_new_socket, "another socket, and an offer over it", 10)
        await see_each_other(seeker, supporter)
        assert len(set(await epochs(seeker))) == 1
        assert (await seeker.carried())["peers"] == (await supporter.carried())["peers"] == 1
        assert await seeker.life() == life, "no reload"
        shown = await office.session(booking.id)
        assert shown["verdict"] is None
        await seeker.ends()
        await office.ends(booking.id, "completed", None)


@pytest.mark.parametrize("first", ["media", "signalling"])
async def test_media_and_signalling_come_back_in_any_order(
    people: Stage, office: Office, first: str
) -> None:
    booking = await office.book("talk")
    async with line(office) as network:
        seeker = await seeker_behind(network, people, office, booking)
        seeker.forgiven += FORGIVEN
        supporter = await people.supporter(booking)
        await meet(seeker, supporter)

        network.cut()
        await office.phase(booking.id, "interrupted", 25)
        if first == "media":
            network.udp.mend()
            await shows_on(seeker)
            await shows_on(supporter)
            network.tcp.mend()
        else:
            network.tcp.mend()

            async def is_wished_for() -> bool:
                return len(await epochs(seeker)) > 1

            await until(is_wished_for, "the page wishes for an offer while no datagram passes", 25)
            network.udp.mend()
        await office.phase(booking.id, "live", 20)
        await see_each_other(seeker, supporter)
        assert len(set(await epochs(seeker))) == 1, "the same media connection"
        assert (await seeker.carried())["peers"] == 1
        await seeker.ends()
        await office.ends(booking.id, "completed", None)


async def test_a_call_over_ipv6(browser: Browser) -> None:
    with tempfile.TemporaryDirectory(prefix="mg-") as name:
        variables = {"MADOGUCHI_MEDIA_HOST": "::1"}
        async with (
            running(Path(name), variables=variables) as office,
            stage(browser, office) as people,
        ):
            booking = await office.book("talk")
            seeker, supporter = await people.call(booking)
            for person in (seeker, supporter):
                await person.hears()
                assert (await person.carried())["remote"] == f"::1:{office.media_port}"
            await seeker.ends()
            await office.ends(booking.id, "completed", None)
