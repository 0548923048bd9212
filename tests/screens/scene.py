"""Where a story of the pictures is played: one language, one office, its people, the camera."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext

from tests.browser.office import Booking, Office
from tests.browser.person import DESK, Person, Stage
from tests.screens.camera import Camera
from tests.screens.programmes import ZONE

COUNTERS = {
    "ja": ["あおぞら", "こもれび", "さざなみ", "せせらぎ", "そよかぜ", "つきかげ", "はまべ"],
    "en": ["Aozora", "Birch", "Cedar", "Dune", "Ember", "Fern", "Grove"],
}
GUESTS = {
    "ja": [
        "さくら 14",
        "けやき 07",
        "つばき 21",
        "すみれ 03",
        "もみじ 18",
        "あやめ 09",
        "はぎ 05",
        "かりん 11",
        "こぶし 08",
        "くるみ 16",
        "なずな 22",
    ],
    "en": [
        "Sakura 14",
        "Keyaki 07",
        "Tsubaki 21",
        "Sumire 03",
        "Momiji 18",
        "Ayame 09",
        "Hagi 05",
        "Karin 11",
        "Kobushi 08",
        "Kurumi 16",
        "Nazuna 22",
    ],
}
START_S = 75
"""Within which a session has begun that begins with the next minute."""
NOTED = {
    "ja": "職務経歴書の下書きをお持ちです。前回は志望動機まで。",
    "en": "Brings a draft of the CV. Last time: reasons for applying.",
}
"""What the office noted of a seeker."""
MEMO = {
    "ja": "下書きの二枚目から。求人票 4711 をいっしょに見る。",
    "en": "From page two of the draft. Look at job 4711 together.",
}
"""What a supporter writes to oneself."""
DEVICES = {
    "ja": ("内蔵マイク", "ヘッドセット", "前面カメラ", "内蔵スピーカー", "既定"),
    "en": ("Built-in microphone", "Headset", "Front camera", "Built-in speaker", "Default"),
}
NAMED = """([first, second, camera, speaker, standard]) => {
  if (!window.MediaDeviceInfo) return; // an empty page has none
  const named = (kind, label) => {
    if (!label || /video/.test(kind)) return label && camera;
    if (/2$/.test(label)) return second;
    const own = /output/i.test(kind) ? speaker : first;
    return /default/i.test(label) ? `${standard}: ${own}` : own;
  };
  for (const own of [MediaStreamTrack, MediaDeviceInfo]) {
    const { get } = Object.getOwnPropertyDescriptor(own.prototype, "label");
    Object.defineProperty(own.prototype, "label", { get() { return named(this.kind, get.call(this)); } });
  }
}"""
"""The made-up devices are called as somebody's are; a browser calls its made-up camera by the path of its film."""
LOCALES = {"ja": "ja-JP", "en": "en-GB"}


class People(Stage):
    """The people of a story; all speak one language."""

    def __init__(self, browser: Browser, office: Office, language: str) -> None:
        super().__init__(browser, office)
        self.language = language

    async def device(self, browser: Browser | None = None, **options: Any) -> BrowserContext:
        """A device of their language, in the office's zone."""
        own = {"locale": LOCALES[self.language], "timezone_id": ZONE}
        device = await super().device(browser, **{**own, **options})
        await device.add_init_script(f"({NAMED})({json.dumps(DEVICES[self.language])});")
        await device.add_init_script(path=Path(__file__).with_name("screen.js"))
        return device


@dataclass
class Scene:
    """What a story needs."""

    office: Office
    people: People
    camera: Camera
    numbers: Any = field(default_factory=count)

    @property
    def language(self) -> str:
        """Of everybody."""
        return self.people.language

    def counter(self) -> str:
        """A supporter whom no other story has: a slot is taken once."""
        number, names = next(self.numbers), COUNTERS[self.language]
        round_, which = divmod(number, len(names))
        return f"{names[which]} {round_ + 1}" if round_ else names[which]

    async def books(
        self,
        programme: str = "counter",
        *,
        starts_in: float = 1.0,
        supporter: str | None = None,
        guest: int = 0,
        on_minute: bool = True,
        **more: Any,
    ) -> Booking:
        """A booking of the office in the pictures, with a counter of its own if none is named.

        Args:
            programme: one of the pictures'.
            starts_in: seconds, at least.
            supporter: whose counter.
            guest: which name of the office's list.
            on_minute: where pictures are taken, begin with the next full minute, as bookings do.
            more: of the booking.
        """
        starts_at = datetime.now(UTC) + timedelta(seconds=starts_in)
        if on_minute and self.camera.album is not None:
            starts_at = starts_at.replace(second=0, microsecond=0) + timedelta(minutes=1)
        guests, counter = GUESTS[self.language], supporter or self.counter()
        name = guests[guest % len(guests)]
        return await self.office.book_at(programme, starts_at, counter, seeker_name=name, **more)

    def says(self, part: str, key: str) -> str:
        """A sentence of the catalogue, by which one sees that a page has got so far."""
        catalogue = files("signaling") / f"pages/assets/locales/{self.language}.{part}.json"
        return str(json.loads(catalogue.read_text("utf-8"))[key])

    async def takes(
        self, name: str, person: Person, part: str | None = None, at: str | None = None
    ) -> None:
        """Take a state."""
        await self.camera.takes(name, person, part, at)

    async def board(self) -> Person:
        """A scheduler at the board."""
        link = f"{self.office.base_url}/board#{self.office.token}"
        return await self.people.person("board", link, viewport=DESK)

    async def visitor(self, path: str, **options: Any) -> Person:
        """Somebody at any address of the server."""
        visitor = await self.people.person("visitor", f"{self.office.base_url}{path}", **options)
        visitor.forgiven.append("404")  # an address that is not there is part of the story
        return visitor


Story = Callable[[Scene], Awaitable[None]]


async def hears(person: Person, message: dict[str, Any]) -> None:
    """A page is told something by its server that the server would say only after hours, or never here."""
    await person.page.evaluate(
        "(data) => window.watch.sockets.at(-1).dispatchEvent(new MessageEvent('message', { data }))",
        json.dumps(message),
    )


@asynccontextmanager
async def scene(
    browser: Browser, office: Office, camera: Camera, numbers: Any
) -> AsyncIterator[Scene]:
    """A scene for one story."""
    people = People(browser, office, camera.language)
    try:
        yield Scene(office, people, camera, numbers)
    finally:
        await people.close()
