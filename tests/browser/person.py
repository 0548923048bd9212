"""People at their browsers, whose doings read as sentences: the same ones at Chromium and at Firefox (firefox.py)."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page

from tests.browser.office import Booking, Office, until

WATCH, COUNTS = (
    (Path(__file__).parent / name).read_text("utf-8") for name in ("watch.js", "counts.js")
)
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
Launch = Callable[[], Awaitable[Browser]]
"""Starts another browser."""

FRAMES = 8
"""A third of a second of picture: more than a single key frame that got stuck."""


@dataclass  # without slots: Playwright notes its wrappers on the object
class Person:
    """Somebody at a page of the server."""

    name: str
    page: Page
    link: str
    errors: list[str] = field(default_factory=list)
    """What the console said that it should not have."""
    forgiven: list[str] = field(default_factory=list)
    """Patterns of console errors that belong to the story, for instance of a cut line."""

    def __post_init__(self) -> None:
        self.page.set_default_timeout(15_000)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(f"{self.name}: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{self.name}: {message.text}")

    @property
    def unforgiven(self) -> list[str]:
        """Console errors that are not of the story."""
        return [
            error
            for error in self.errors
            if not any(re.search(pattern, error) for pattern in self.forgiven)
        ]

    def at(self, testid: str) -> Locator:
        """An element of the page."""
        return self.page.get_by_test_id(testid)

    # ---- doing -------------------------------------------------------------------------------

    async def arrives(self) -> None:
        """Open the link; from now on the person is at the door."""
        await self.page.goto(self.link)
        await self.at("consent").wait_for()

    async def joins(self) -> None:
        """Agree, look at the camera, go into the lobby."""
        await self.agrees()
        await self.at("join").click(timeout=15_000)
        await self.at("lobby").wait_for()

    async def agrees(self) -> None:
        """To the terms; now camera and microphone are looked at."""
        await self.at("consent").check()
        await self.at("continue").click()

    async def comes(self) -> None:
        """From the link into the lobby."""
        await self.arrives()
        await self.joins()

    async def admits(self) -> None:
        """Let in who waits, as soon as that is possible."""
        await self.at("admit").click(timeout=25_000)

    async def steps_out(self) -> None:
        """Leave for a moment; a seeker finds that behind the way out."""
        if self.name == "seeker":
            await self.at("end").click()
        await self.at("step-out").click()

    async def asks_to_end(self) -> None:
        """The supporter's wish for an early end."""
        await self.at("request-end").click()

    async def ends(self) -> None:
        """The seeker ends, and means it."""
        await self.at("end").click()
        await self.at("confirm-end").click()

    async def closes_the_page(self) -> None:
        """As with the window's own button."""
        await self.page.close()

    async def dies(self) -> None:
        """Every process of their browser is killed, so it must be theirs alone: no goodbye of any kind."""
        browser = self.page.context.browser
        assert browser is not None
        session = await browser.new_browser_cdp_session()
        processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
        [pid] = [process["id"] for process in processes if process["type"] == "browser"]
        group = os.getpgid(pid)
        assert group != os.getpgrp(), "a browser is started in a group of its own"
        gone = asyncio.Event()
        browser.once("disconnected", lambda _: gone.set())
        # All at once: the process with the sockets would say goodbye for the others (close code 1001).
        os.killpg(group, signal.SIGKILL)
        async with asyncio.timeout(10):
            await gone.wait()

    async def disobeys(self) -> None:
        """From now on this page closes no media connection and stops no camera, whatever it is told."""
        await self.page.evaluate("() => { window.watch.isStubborn = true; }")

    async def reloads(self) -> None:
        """The same page once more."""
        await self.page.reload()

    async def switches_on(self) -> None:
        """Microphone and camera, which wait for that on a device that got the seat by a yes."""
        await self.presses("switch-audio")
        await self.presses("switch-video")

    async def goes_back(self, steps: int = 1) -> None:
        """With the browser's own button."""
        press = "(steps) => void setTimeout(() => history.go(-steps))"
        await self.page.evaluate(press, steps)

    async def goes_forward(self) -> None:
        """The same, the other way."""
        await self.page.evaluate("() => history.forward()")

    async def leaves_and_comes_back(self) -> None:
        """To another page, and with the browser's own button back to this one."""
        parts = urlsplit(self.link)
        await self.page.goto(f"{parts.scheme}://{parts.netloc}/")
        await self.page.go_back(wait_until="commit")  # out of the memory nothing is loaded

    async def is_elsewhere(self, within_s: float = 15.0) -> None:
        """The page of the link is not shown any more."""
        # An element is looked for in whichever document is there; a script that asks for the
        # address can be asked in the one that is just going.
        away = self.page.locator('html:not(:has(script[src="/assets/js/room.js"])) > body')
        await away.wait_for(timeout=within_s * 1000)

    async def presses(self, testid: str) -> None:
        """One click, as soon as that is possible."""
        await self.at(testid).first.click()

    async def writes(self, text: str) -> None:
        """A line to the others."""
        await self.at("chat-field").fill(text)
        await self.at("chat-send").click()

    async def turns(self, size: dict[str, int]) -> None:
        """Hold the phone the other way."""
        await self.page.set_viewport_size(size)

    async def chooses(self, index: int = 0) -> str:
        """Choose a slot that is offered, and book it; its id."""
        option = self.at("slot-option").nth(index)
        name = await option.get_attribute("data-option")
        assert name is not None
        await option.click()
        await self.at("slot-book").click()
        return name

    # ---- seeing ------------------------------------------------------------------------------

    async def carried(self) -> dict[str, Any]:
        """What the newest media connection has carried (watch.js)."""
        read: dict[str, Any] = await self.page.evaluate("() => window.watch.read()")
        return read

    async def counted(self) -> dict[str, Any]:
        """What the newest media connection has counted, in more detail (counts.js)."""
        read: dict[str, Any] = await self.page.evaluate("() => window.counts.read()")
        return read

    async def shown(self) -> int:
        """Frames of the other person that the page has shown; 0 while there is no picture."""
        return int(await self.page.evaluate("() => window.watch.shown()"))

    async def sees_picture(self, within_s: float = 20.0) -> None:
        """Frames are decoded and shown, more and more of them."""
        began: list[tuple[int, int, int]] = []

        async def moves() -> bool:
            carried, shown = await self.carried(), await self.shown()
            now = (carried["peers"], carried["frames"], shown)
            if not began or now[0] != began[0][0] or now[2] < began[0][2]:
                began[:] = [now]  # another connection or another element: it counts anew
            return now[1] >= began[0][1] + FRAMES and now[2] >= began[0][2] + FRAMES

        await until(moves, f"{self.name} sees a moving picture", within_s)

    async def hears(self, within_s: float = 15.0) -> None:
        """Sound arrives: the energy rises above 0."""

        async def sounds() -> bool:
            return bool((await self.carried())["energy"] > 0)

        await until(sounds, f"{self.name} hears the other", within_s)

    async def sees(self, testid: str, within_s: float = 15.0) -> None:
        """An element is visible."""
        await self.at(testid).first.wait_for(timeout=within_s * 1000)

    async def sees_no(self, testid: str, within_s: float = 15.0) -> None:
        """An element is not visible (any more)."""
        await self.at(testid).first.wait_for(state="hidden", timeout=within_s * 1000)

    async def is_marked(self, testid: str, within_s: float = 15.0, **marks: str) -> None:
        """An element is visible and has these data attributes."""
        wanted = "".join(f'[data-{name}="{value}"]' for name, value in marks.items())
        element = self.page.locator(f'[data-testid="{testid}"]{wanted}').first
        await element.wait_for(timeout=within_s * 1000)

    async def reads(self, testid: str, words: str, within_s: float = 15.0) -> None:
        """An element says so, among other things."""

        async def is_there() -> bool:
            return words in await self.at(testid).first.inner_text()

        await until(is_there, f"{self.name} reads {words} in {testid}", within_s)

    async def is_at(self, view: str, within_s: float = 15.0) -> None:
        """Which page of the room is shown: door, check, lobby, call, away, after."""
        shown = self.page.locator(f'body[data-view="{view}"]')
        await shown.wait_for(timeout=within_s * 1000)

    async def code(self, within_s: float = 15.0) -> str:
        """The number to compare, once the page says that the call is encrypted from end to end."""
        await self.is_marked("e2ee", within_s, state="on")
        return (await self.at("e2ee-code").inner_text()).replace(" ", "")

    async def is_told(self, outcome: str, cause: str | None, within_s: float = 30.0) -> None:
        """The page says how it ended."""
        told = self.at("outcome")
        await told.wait_for(timeout=within_s * 1000)
        await self.is_marked("outcome", outcome=outcome, cause=cause or "")
        assert len((await told.inner_text()).strip()) > 5

    async def is_refused(self, code: str, within_s: float = 15.0) -> str:
        """The page says why it does not go on, and what to do; returns its sentences."""
        refusal = self.page.locator(f'[data-testid="refusal"][data-code="{code}"]')
        await refusal.wait_for(timeout=within_s * 1000)
        text = (await refusal.inner_text()).strip()
        assert len(text) > 20, text
        return text

    async def can_choose(self, within_s: float = 15.0) -> int:
        """Slots are offered; how many."""
        await self.sees("slot-option", within_s)
        return await self.at("slot-option").count()

    async def life(self) -> float:
        """When this document began: another number after a reload."""
        return float(await self.page.evaluate("() => performance.timeOrigin"))

    async def heard(self, kind: str) -> list[str]:
        """The messages of one type that the page's sockets have brought."""
        messages: list[str] = await self.page.evaluate(
            "(kind) => window.watch.sockets.flatMap((one) => one.heard)"
            ".filter((text) => JSON.parse(text).type === kind)",
            kind,
        )
        return messages

    async def sends(self, message: str) -> None:
        """Send something over the page's own socket that the page itself would not send."""
        await self.page.evaluate("(text) => window.watch.sockets.at(-1).send(text)", message)


class Stage:
    """Where the people of one story meet.

    Args:
        browser: of everybody who has no other one.
        office: the server.
        browsers: of these people, by what they are called.
    """

    def __init__(
        self, browser: Browser, office: Office, browsers: Mapping[str, Any] | None = None
    ) -> None:
        self.browser = browser
        self.browsers = browsers or {}
        self.office = office
        self.people: list[Person] = []
        self._devices: list[BrowserContext] = []

    async def device(self, browser: Browser | None = None, **options: Any) -> BrowserContext:
        """A device of its own: other cookies, other storage."""
        settings = {
            "locale": "ja-JP",
            "timezone_id": "Asia/Tokyo",
            "viewport": PHONE,
            "permissions": ["camera", "microphone"],
        }
        device = await (browser or self.browser).new_context(**{**settings, **options})
        await device.add_init_script(WATCH)
        await device.add_init_script(COUNTS)
        self._devices.append(device)
        return device

    async def person(
        self, name: str, link: str, device: BrowserContext | None = None, **options: Any
    ) -> Person:
        """Somebody with a link, on a device of their own or a given one."""
        if device is None:
            device = await self.device(**{"browser": self.browsers.get(name), **options})
        person = Person(name, await device.new_page(), link)
        self.people.append(person)
        return person

    async def seeker(self, booking: Booking, **options: Any) -> Person:
        """The seeker, at a phone."""
        return await self.person("seeker", booking.links["seeker"], **options)

    async def supporter(self, booking: Booking, **options: Any) -> Person:
        """The supporter, at a desk."""
        link = booking.links["supporter"]
        return await self.person("supporter", link, **{"viewport": DESK, **options})

    async def board(self, office: Office) -> Person:
        """A scheduler at the board."""
        link = f"{office.base_url}/board#{office.token}"
        return await self.person("board", link, viewport=DESK)

    async def call(self, booking: Booking, **supporters: Any) -> tuple[Person, Person]:
        """Both come, the supporter lets the seeker in, and they see each other."""
        seeker = await self.seeker(booking)
        supporter = await self.supporter(booking, **supporters)
        await asyncio.gather(seeker.comes(), supporter.comes())
        await supporter.admits()
        await see_each_other(seeker, supporter)
        return seeker, supporter

    async def sends_home(self, person: Person) -> None:
        """Before the others: their browser is about to be closed."""
        device = person.page.context
        self._devices.remove(device)
        await device.close()

    async def close(self) -> None:
        """Everybody goes home; nobody's console may have complained."""
        for device in self._devices:
            if device.browser is not None and device.browser.is_connected():
                await device.close()
        complaints = [error for person in self.people for error in person.unforgiven]
        assert not complaints, "\n".join(complaints)


async def same_code(*people: Person) -> str:
    """Everybody is shown the same six digits; it may take a new epoch."""

    async def is_same() -> str | None:
        codes = set(await asyncio.gather(*(each.code() for each in people)))
        return codes.pop() if len(codes) == 1 else None

    code: str = await until(is_same, "one code for all")
    assert len(code) == 6
    assert code.isdigit()
    return code


async def see_each_other(*people: Person, within_s: float = 20.0) -> None:
    """Everybody has a moving picture."""
    await asyncio.gather(*(person.sees_picture(within_s) for person in people))


@asynccontextmanager
async def stage(
    browser: Browser, office: Office, browsers: Mapping[str, Any] | None = None
) -> AsyncIterator[Stage]:
    """A stage for one story."""
    opened = Stage(browser, office, browsers)
    try:
        yield opened
    finally:
        await opened.close()


def through(link: str, port: int) -> str:
    """The same link by way of another port."""
    return urlsplit(link)._replace(netloc=f"127.0.0.1:{port}").geturl()
