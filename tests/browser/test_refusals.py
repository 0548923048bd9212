"""No dead ends: each refusal says why and what to do, and an old browser gets a sentence."""

from __future__ import annotations

import pytest

from tests.browser.office import Office
from tests.browser.person import Person, Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def opens(people: Stage, link: str) -> Person:
    """Somebody opens a link on a new device."""
    person = await people.person("visitor", link)
    await person.page.goto(link)
    return person


@pytest.mark.parametrize(
    ("secret", "code"),
    [
        ("AAAAAAAAAAAAAAAAAAAAAA", "link_unknown"),
        ("short", "link_cut"),
        ("%E7%AA%93%E5%8F%A3", "link_long"),
    ],
)
async def test_a_wrong_link_says_what_probably_happened(
    people: Stage, office: Office, secret: str, code: str
) -> None:
    visitor = await opens(people, f"{office.base_url}/room#{secret}")
    await visitor.is_refused(code)


async def test_a_link_without_its_secret_says_so(people: Stage, office: Office) -> None:
    visitor = await opens(people, f"{office.base_url}/room")
    await visitor.is_refused("link_missing")


async def test_a_wrong_token_of_the_board_says_so(people: Stage, office: Office) -> None:
    visitor = await opens(people, f"{office.base_url}/board#mdg_AAAAAAAAAAAAAAAAAAAAAA")
    await visitor.is_refused("token_unknown")


async def test_a_revoked_link_says_so_also_to_who_is_inside(people: Stage, office: Office) -> None:
    booking = await office.book("talk", starts_in=60)
    seeker = await people.seeker(booking)
    await seeker.arrives()
    path = f"/api/v1/sessions/{booking.id}/links/seeker"
    assert (await office.call("DELETE", path))["revoked"] == 1
    await seeker.is_refused("link_revoked")
    await (await opens(people, booking.links["seeker"])).is_refused("link_revoked")

    renewed = await office.call("POST", path, 201)
    again = await people.person("seeker", renewed["url"], seeker.page.context)
    await again.arrives()


async def test_the_link_of_an_ended_session_shows_its_end_only_where_it_was_used(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk", starts_in=60)
    seeker = await people.seeker(booking)
    await seeker.comes()
    path = f"/api/v1/sessions/{booking.id}/cancel"
    await office.call("POST", path, json={"by": "office", "channel": "telephone"})
    await seeker.is_told("cancelled", "office")
    await seeker.reloads()
    await seeker.is_told("cancelled", "office")
    await seeker.can_choose()
    await (await opens(people, booking.links["seeker"])).is_refused("session_over")


@pytest.mark.parametrize("page", ["room", "board"])
async def test_a_browser_without_modules_reads_a_sentence(
    people: Stage, office: Office, page: str
) -> None:
    device = await people.device(java_script_enabled=False)
    visitor = await people.person("visitor", f"{office.base_url}/{page}#any", device)
    await visitor.page.goto(visitor.link)
    text = await visitor.is_refused("browser_too_old")
    assert "ブラウザー" in text
    assert "browser is too old" in text
