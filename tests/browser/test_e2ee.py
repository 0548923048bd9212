"""Media that only the people of a session can open, in real browsers."""

from __future__ import annotations

import asyncio

import pytest

from tests.browser.office import Office, until
from tests.browser.person import Person, Stage, see_each_other

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def code_of(person: Person, within_s: float = 15.0) -> str:
    """The number to compare, once the page says that the call is encrypted from end to end."""
    line = person.page.locator('[data-testid="e2ee"][data-state="on"]')
    await line.wait_for(timeout=within_s * 1000)
    return (await person.at("e2ee-code").inner_text()).replace(" ", "")


async def same_code(*people: Person) -> str:
    """Everybody is shown the same six digits; it may take a new epoch."""

    async def is_same() -> str | None:
        codes = set(await asyncio.gather(*(code_of(each) for each in people)))
        return codes.pop() if len(codes) == 1 else None

    code: str = await until(is_same, "one code for all")
    assert len(code) == 6
    assert code.isdigit()
    return code


async def test_both_read_the_same_code_and_a_reload_keeps_it(people: Stage, office: Office) -> None:
    booking = await office.book("talk")
    seeker, supporter = await people.call(booking)
    await asyncio.gather(seeker.hears(), supporter.hears())
    code = await same_code(seeker, supporter)
    await seeker.reloads()
    await see_each_other(seeker, supporter)
    assert await same_code(seeker, supporter) == code
    await seeker.at("e2ee").click()
    sheet = seeker.page.locator("dialog[open]")
    words = await sheet.inner_text()
    assert f"{code[:3]} {code[3:]}" in words
    assert "復号できません" in words
