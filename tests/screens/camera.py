"""Takes a state of a page: its pictures, and what axe-core says of it, on each size and in both themes."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.async_api import Page

from tests.browser.person import DESK, PHONE, Person
from tests.screens import axe
from tests.screens.darkroom import Darkroom
from tests.screens.table import STATES, Size, State, Theme

LYING = {"width": PHONE["height"], "height": PHONE["width"]}
VIEWPORTS: dict[Size, dict[str, int]] = {"phone": PHONE, "lying": LYING, "desk": DESK}
LIVE = """(call) => {
  if (call === "cut" || document.body.dataset.view !== "call") return true;
  const seen = (selector) => [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility());
  const videos = seen('[data-testid="remote-video"], [data-testid="screen-video"]');
  const isDrawn = (video) => video.readyState > 1 && video.videoWidth > 0;
  const isCut = seen(".cover, .mending, .phase[data-phase=interrupted]").length > 0;
  const isKnown = seen(".conn-unknown, .conn-lost").length === 0;
  return !isCut && isKnown && (call === "still" || (videos.length > 0 && videos.every(isDrawn)));
}"""
"""Who is in a call sees the others, and nothing is cut: a busy machine can make it otherwise at any moment."""
TRIES = 4
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@dataclass
class Camera:
    """Takes states in one language.

    Attributes:
        language: of the pages, and in the pictures' names.
        album: where the pictures go; None: none are made.
        themes: in which states are examined; empty: they are not.
        is_short: one size of each state.
        taken: names of states, in their order.
        problems: what axe-core found, with the state.
    """

    language: str
    album: Darkroom | None = None
    themes: tuple[Theme, ...] = ("light", "dark")
    is_short: bool = False
    taken: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    async def takes(
        self, name: str, person: Person, part: str | None = None, at: str | None = None
    ) -> None:
        """Take a state of somebody's page as it stands now; afterwards it is as large as before.

        Args:
            name: of the state.
            person: whose page.
            part: a test id; the picture shows that element alone.
            at: a test id; on a phone, the page is scrolled to that element.
        """
        state = STATES[name]
        assert name not in self.taken, f"{name} was taken before"
        self.taken.append(name)
        page = person.page
        before = page.viewport_size
        for size in state.sizes[:1] if self.is_short else state.sizes:
            await self._sized(page, state, size, part, at)
        await page.emulate_media(color_scheme="light")
        if before is not None:
            await page.set_viewport_size(before)

    async def _sized(
        self, page: Page, state: State, size: Size, part: str | None, at: str | None
    ) -> None:
        await page.set_viewport_size(VIEWPORTS[size])  # type: ignore[arg-type]
        if at is not None and size == "phone":
            await page.get_by_test_id(at).evaluate("(part) => part.scrollIntoView()")
        # What is shown in the dark theme is another state once more: that was examined in both.
        for theme in self.themes if state.theme == "light" else ():
            await page.wait_for_function(LIVE, arg=state.call, timeout=60_000)
            await settle(page, theme)
            found = await axe.violations(page)
            where = f"{state.name} {size} {theme} {self.language}"
            self.problems += [f"{where}: {each}" for each in found]
        if self.album is not None:
            await settle(page, state.theme)
            if part is None and state.is_whole and size == "phone":
                await as_tall_as_it_is(page)
            shot = await shot_of(page, state, part)
            self.album.keeps(f"{state.name}.{size}.{self.language}.png", shot)


async def shot_of(page: Page, state: State, part: str | None) -> bytes:
    """The page or a part of it; of a call that is not to be cut: while it is not."""
    for _ in range(TRIES):
        await page.wait_for_function(LIVE, arg=state.call, timeout=60_000)
        if part is not None:
            shot = await page.get_by_test_id(part).screenshot(animations="disabled")
        else:
            shot = await page.screenshot(animations="disabled", caret="hide")
        if await page.evaluate(LIVE, state.call):
            return shot
    raise AssertionError(f"{state.name}: the call was cut each time")


async def as_tall_as_it_is(page: Page) -> None:
    """A telephone on which the whole page has room: what stands at its lower edge stands at the page's."""
    tall = await page.evaluate("() => document.documentElement.scrollHeight")
    await page.set_viewport_size({"width": PHONE["width"], "height": max(PHONE["height"], tall)})
    await page.evaluate(SETTLED)


async def settle(page: Page, theme: Theme) -> None:
    """Until the page is drawn in that theme."""
    await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    await page.evaluate(SETTLED)
