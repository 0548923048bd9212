"""Without a mouse and without eyes: the whole way by keyboard, what is said aloud, where the focus is, no motion."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.office import Office, until
from tests.browser.person import Person, Stage, see_each_other

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FOCUS = """() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  const isRinged = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return { testid: one.dataset.testid ?? null, tag: one.tagName, isSeen: isRinged || style.boxShadow !== "none",
           isInDialog: one.closest("dialog[open]") !== null, isHeading: /^H[1-6]$/.test(one.tagName) };
}"""
LISTEN = """() => {
  window.said = [];
  const isLive = "[role=status], [role=alert], [aria-live=polite], [aria-live=assertive]";
  const note = (node) => {
    const region = (node.nodeType === 1 ? node : node.parentElement)?.closest(isLive);
    const text = region?.textContent.trim();
    if (!text || region.closest("[hidden]")) return;
    const isUrgent = region.getAttribute("aria-live") === "assertive" || region.getAttribute("role") === "alert";
    window.said.push({ text, isUrgent });
  };
  new MutationObserver((changes) => changes.forEach((one) => note(one.target)))
    .observe(document, { subtree: true, childList: true, characterData: true, attributeFilter: ["hidden"] });
}"""
"""Hears what a screen reader would: whatever changes in a live region."""
MOVING = """() => [...document.querySelectorAll("*")].filter((one) => {
  const style = getComputedStyle(one);
  const lasts = (list) => list.split(",").some((span) => parseFloat(span) > 0.001);
  return lasts(style.transitionDuration) || (style.animationName !== "none" && lasts(style.animationDuration));
}).map((one) => one.tagName + "." + one.className)"""


async def focus(person: Person) -> dict[str, Any]:
    """Where the focus is."""
    found: dict[str, Any] = await person.page.evaluate(FOCUS)
    return found


async def tabs_to(person: Person, testid: str) -> None:
    """Press Tab until the focus is there; it is visible on the way."""
    for _ in range(60):
        await person.page.keyboard.press("Tab")
        now = await focus(person)
        assert now["isSeen"] or now["tag"] == "BODY", now
        if now["testid"] == testid:
            return
    raise AssertionError(f"no way to {testid} by Tab")


async def said(person: Person) -> list[dict[str, Any]]:
    """What was said so far."""
    heard: list[dict[str, Any]] = await person.page.evaluate("() => window.said")
    return heard


async def is_said(person: Person, text: str, *, urgently: bool = False) -> None:
    """Wait until somebody who only listens has heard that."""

    async def heard() -> bool:
        return any(
            text in one["text"] and one["isUrgent"] >= urgently for one in await said(person)
        )

    await until(heard, f"{person.name} hears «{text}»")


async def title(person: Person) -> str:
    """What the page calls its present state."""
    return (await person.page.title()).split(" | ")[0]


async def test_the_whole_way_goes_by_keyboard_alone_and_each_state_is_said(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    await seeker.page.add_init_script(f"({LISTEN})();")
    keys = seeker.page.keyboard
    await seeker.arrives()
    await tabs_to(seeker, "consent")
    await keys.press("Space")
    await tabs_to(seeker, "continue")
    await keys.press("Enter")
    await expect(seeker.at("join")).to_be_enabled(timeout=20_000)
    assert (await focus(seeker))["isHeading"], "a new view begins at its heading"
    await is_said(seeker, await title(seeker))
    await tabs_to(seeker, "join")
    await keys.press("Enter")
    await seeker.sees("lobby")
    await is_said(seeker, await title(seeker))

    await supporter.comes()
    await supporter.admits()
    await see_each_other(seeker, supporter)
    await is_said(seeker, await title(seeker))
    assert (await focus(seeker))["isHeading"]
    await tabs_to(seeker, "more")
    await keys.press("Enter")
    await seeker.page.locator("dialog[open]").wait_for()
    for _ in range(15):
        assert (await focus(seeker))["isInDialog"], "a sheet keeps the focus"
        await keys.press("Tab")
        if (await focus(seeker))[
            "tag"
        ] == "BODY":  # the browser's own bar lies between last and first
            await keys.press("Tab")
    await keys.press("Escape")
    assert (await focus(seeker))["testid"] == "more", "and gives it back"

    await tabs_to(seeker, "end")
    await keys.press("Enter")
    await tabs_to(seeker, "confirm-end")
    await keys.press("Enter")
    await seeker.is_told("completed", None)
    await is_said(seeker, await title(seeker))
    assert (await focus(seeker))["isHeading"]
    await office.ends(booking.id, "completed", None)


async def test_warning_and_end_are_said_at_once(people: Stage, office: Office) -> None:
    booking = await office.book("brief", starts_in=2)
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    await seeker.page.add_init_script(f"({LISTEN})();")
    await asyncio.gather(seeker.comes(), supporter.comes())
    await supporter.admits()
    await seeker.sees("warning", 30)
    urgent = [one["text"] for one in await said(seeker) if one["isUrgent"]]
    assert urgent, "the warning interrupts whoever listens"
    await seeker.is_told("completed", None)
    more = [one["text"] for one in await said(seeker) if one["isUrgent"]]
    assert len(set(more)) > len(set(urgent)), "so does the end"
    await is_said(seeker, await title(seeker))


async def test_the_focus_stays_where_it_is_while_things_change(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk", starts_in=10)
    seeker = await people.seeker(booking)
    await seeker.comes()
    await seeker.at("end").focus()
    supporter = await people.supporter(booking)
    await supporter.comes()
    await office.phase(booking.id, "waiting", 40)
    await expect(supporter.at("admit")).to_be_enabled()
    assert (await focus(seeker))["testid"] == "end"
    await supporter.at("admit").focus()
    await seeker.reloads()
    await seeker.sees("lobby")
    await expect(supporter.at("admit")).to_be_enabled()
    assert (await focus(supporter))["testid"] == "admit"
    await seeker.ends()
    await office.ends(booking.id, "cancelled", "seeker")


async def test_who_wants_no_motion_sees_none(people: Stage, office: Office) -> None:
    booking = await office.book("talk")
    seeker, _ = await people.call(booking)
    await seeker.page.emulate_media(reduced_motion="no-preference")
    await seeker.at("more").click()
    assert await seeker.page.evaluate(MOVING), "there is motion for the others"
    await seeker.page.emulate_media(reduced_motion="reduce")
    assert await seeker.page.evaluate(MOVING) == []
    await seeker.page.keyboard.press("Escape")
    await seeker.ends()
    await office.ends(booking.id, "completed", None)
