"""One room of its own for each fault: a real node, real browsers, and lines between them that a test can cut."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Browser, BrowserContext, Playwright, async_playwright

from tests.browser.chromium import chromium_path
from tests.browser.conftest import ARGUMENTS
from tests.browser.person import DESK, PHONE, WATCH, Person, through
from tests.chaos.nodes import (
    Node,
    a_folder,
    free_tcp_port,
    free_udp_ports,
    start_demo,
    start_server,
    until,
    workers_of,
)
from tests.faults import record
from tests.faults.expected import Seen
from tests.relays import TcpRelay, UdpRelay

SEEKER, SUPPORTER = "seeker", "supporter"
PROGRAMME = "faults"
FAR_AWAY = "50m"
"""When the demo's own session begins, that nobody needs here."""
FRAMES_A_SECOND = 5
"""Enough of a picture to be live, and a room costs a tenth of a core."""
FAKETIME = "*/faketime/libfaketimeMT.so.1"
"""Where Debian's package libfaketime puts it, under /usr/lib; `make setup-browsers` installs it."""

PATIENCE_MS = 40_000
"""For a page on a machine that plays many rooms at once."""

DEVICES = """(() => {
  const tracks = [];
  const ask = MediaDevices.prototype.getUserMedia;
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  MediaDevices.prototype.getUserMedia = async function (wish) {
    const audio = wish?.audio ? { ...wish.audio, ...plain } : wish?.audio;
    const stream = await ask.call(this, { ...wish, audio });
    tracks.push(...stream.getTracks());
    return stream;
  };
  window.devices = tracks;
})();"""
"""Put into every page: lets a test take a device away from it; and nobody listens, so the sound need not be nice."""


@dataclass(frozen=True, slots=True)
class Times:
    """The programme's times, in seconds; product.md's, scaled down as far as signalling's own times allow.

    All but the tolerance, which is about supporters that come late: no fault of this folder, but a busy machine's.
    """

    slot: float = 70.0
    cutoff: float = 28.0
    tolerance: float = 20.0
    grace: float = 18.0
    grace_total: float = 55.0
    hold: float = 22.0
    tail: float = 12.0
    starts_in: float = 12.0
    """From the booking to the start: people come in the meantime."""
    doors_open_for: float = 45.0
    """The same for what happens before the start: it has to be noticed by then."""

    def written(self) -> str:
        """The demo programme with these times, as a file."""
        text = (resources.files("orchestrator.programmes") / "demo.toml").read_text("utf-8")
        spans = {
            name: f'"{getattr(self, name):g}s"'
            for name in ("cutoff", "tolerance", "grace", "grace_total", "hold", "tail")
        }
        slot = f'"{self.slot:g}s"'
        values = {
            **spans,
            "name": f'"{PROGRAMME}"',
            "lengths": f"[{slot}]",
            "default_length": slot,
            "warnings": '["5s"]',
        }
        for key, value in values.items():
            text, times = re.subn(rf"(?m)^{key} = [^#\n]*", f"{key} = {value} ", text)
            assert times == 1, f"{key} is not in the demo programme any more"
        return text


# ---- what people are connected by ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """The network of one person."""

    tcp: TcpRelay
    udp: UdpRelay

    def cut(self, *, up: bool = True, down: bool = True) -> None:
        """Nothing gets through any more in these directions; up is from the person to the server."""
        self.tcp.cut(up=up, down=down)
        self.udp.cut(up=up, down=down)

    def mend(self) -> None:
        """Everything gets through again."""
        self.tcp.mend()
        self.udp.mend()


@dataclass(slots=True)
class Theatre:
    """What all rooms share: the browser program, and how many may be busy arriving at once."""

    playwright: Playwright
    browser: Browser
    door: asyncio.Semaphore
    numbers: Iterable[int] = field(default_factory=count)

    async def launch(self) -> Browser:
        """Another browser, with processes of its own."""
        return await _launch(self.playwright)


async def _launch(playwright: Playwright) -> Browser:
    slow = f"--use-fake-device-for-media-stream=fps={FRAMES_A_SECOND}"
    arguments = [each for each in ARGUMENTS if "fake-device" not in each]
    return await playwright.chromium.launch(
        executable_path=chromium_path(), args=[*arguments, slow, "--mute-audio"]
    )


@asynccontextmanager
async def theatre(*, arriving_at_once: int) -> AsyncIterator[Theatre]:
    """Open a browser for everybody who does not need one alone."""
    async with async_playwright() as playwright:
        browser = await _launch(playwright)
        yield Theatre(playwright, browser, asyncio.Semaphore(arriving_at_once))
        await browser.close()


# ---- one room -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Needs:
    """What a play needs beyond a node and a browser."""

    lines: tuple[str, ...] = ()
    """Seats whose network can be cut."""
    own_browser: tuple[str, ...] = ()
    """Seats whose browser has processes of its own."""
    clock: bool = False
    """The clock of the node's machine can be set."""
    others: int = 0
    """How many more calls the same node carries."""
    workers: int = 1
    """How many media workers the node has; a detour of `lines` leads to the first alone."""


@dataclass(frozen=True, slots=True)
class Booking:
    """A session and its links."""

    id: str
    links: Mapping[str, str]
    starts_at: datetime
    cutoff_at: datetime
    ends_at: datetime


class Server:
    """The node of one play: killed, stopped, started again, asked."""

    def __init__(self, node: Node, environment: Mapping[str, str], media_port: int) -> None:
        self._node = node
        self._environment = environment
        self.media_port = media_port
        self.done: list[tuple[datetime, str]] = []
        """What was done to it, and when."""

    def _note(self, what: str) -> None:
        self.done.append((datetime.now(UTC), what))

    @property
    def base_url(self) -> str:
        """Where it listens, also after it has been started again."""
        return self._node.base_url

    async def ask(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        """One request to the API; None when there is no answer now, as while the node or its store is away."""
        headers = {"Authorization": f"Bearer {self._node.token}"}
        method = "GET" if body is None else "POST"
        url = f"{self.base_url}/api/v1/sessions{path}"
        try:
            async with (
                aiohttp.ClientSession(headers=headers) as http,
                http.request(method, url, json=body, timeout=aiohttp.ClientTimeout(20)) as answer,
            ):
                if answer.status == 503:
                    return None
                assert answer.status < 300, f"{path}: {answer.status} {await answer.text()}"
                return await answer.json()
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None

    # ---- faults ----

    async def is_killed(self) -> None:
        """SIGKILL of the node; its store lives on."""
        self._node.signal(signal.SIGKILL)
        self._note("killed")
        await self._node.process.wait()

    async def comes_back(self) -> None:
        """The same node again, on the same folder and ports."""
        node = self._node
        port = int(node.base_url.rpartition(":")[2])
        self._node = await start_server(node.data, port, node.token, self._environment)
        self._note("started again")

    async def stands_still(self, for_s: float) -> None:
        """SIGSTOP of the node, and SIGCONT."""
        self._node.signal(signal.SIGSTOP)
        self._note("stopped")
        await asyncio.sleep(for_s)  # this is how long the fault lasts
        self._node.signal(signal.SIGCONT)
        self._note("continued")

    async def store_stands_still(self, for_s: float) -> None:
        """SIGSTOP of the store, and SIGCONT."""
        store = self._node.store_pid
        os.kill(store, signal.SIGSTOP)
        self._note("store stopped")
        await asyncio.sleep(for_s)  # this is how long the fault lasts
        self._note("store continued")
        with suppress(ProcessLookupError):
            os.kill(store, signal.SIGCONT)

    async def loses_its_worker(self) -> None:
        """SIGKILL of the media worker that carries the first room."""
        worker = workers_of(self._node.pid)[0]
        os.kill(worker, signal.SIGKILL)
        self._note("worker killed")
        await until(lambda: worker not in workers_of(self._node.pid), "without that worker")

    def set_clock(self, by_s: float) -> None:
        """Set the machine's clock, for the node and its store; nobody else on this machine sees it."""
        (self._node.data / "clock").write_text(f"{by_s:+g}")
        self._note(f"clock set by {by_s:+g} s")

    async def end(self) -> str:
        """SIGTERM, and its log."""
        await self._node.end()
        return (self._node.data / "node.log").read_text("utf-8")


def _clock_of(data: Path) -> dict[str, str]:
    found = next(Path("/usr/lib").glob(FAKETIME), None)
    assert found is not None, "libfaketime is not installed; `make setup-browsers` does it"
    (data / "clock").write_text("+0")
    return {
        "LD_PRELOAD": str(found),
        "FAKETIME_TIMESTAMP_FILE": str(data / "clock"),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@dataclass(slots=True)
class Room:
    """One session with its people."""

    server: Server
    times: Times
    starts_in: float
    """Seconds from the booking to the start."""
    lines: Mapping[str, Line]
    needs: Needs
    theatre: Theatre
    people: dict[str, Person] = field(default_factory=dict)
    others: list[Room] = field(default_factory=list)
    """More calls of the same node."""
    _booking: Booking | None = None

    @property
    def booking(self) -> Booking:
        """The session and its links."""
        assert self._booking is not None, "it is booked when the first person comes"
        return self._booking

    @property
    def seeker(self) -> Person:
        """Who is counselled."""
        return self.people[SEEKER]

    @property
    def supporter(self) -> Person:
        """Who counsels."""
        return self.people[SUPPORTER]

    # ---- seeing ----

    async def session(self) -> dict[str, Any] | None:
        """As the API shows it; None when it does not answer now."""
        shown: dict[str, Any] | None = await self.server.ask(f"/{self.booking.id}")
        return shown

    async def until(
        self, claim: Callable[[dict[str, Any]], object], what: str, within_s: float = 30.0
    ) -> dict[str, Any]:
        """Wait until the session is so, and return it."""
        gives_up_at = time.monotonic() + within_s
        while True:
            shown = await self.session()
            if shown is not None and claim(shown):
                return shown
            assert time.monotonic() < gives_up_at, f"never {what}: {_short(shown)}"
            await asyncio.sleep(0.1)

    async def is_live(self, within_s: float = 30.0) -> None:
        """Wait until both are in and packets go both ways."""
        await self.until(record.is_live, "live", within_s)

    async def has_lost(self, *seats: str, within_s: float = 25.0) -> None:
        """Wait until these seats are lost, and no verdict is given yet."""
        await self.until(
            lambda shown: all(record.seat(shown, name)["is_lost"] for name in seats),
            f"without {' and '.join(seats)}",
            within_s,
        )

    async def has_away(self, seat: str) -> None:
        """Wait until somebody is not there, as far as the server knows."""
        await self.until(
            lambda shown: not record.seat(shown, seat)["present"], f"without the {seat}"
        )

    async def has_noted(self, name: str, within_s: float = 10.0) -> None:
        """Wait until the session's history has an event of that name."""
        gives_up_at = time.monotonic() + within_s
        while name not in [event["name"] for event in await self.events()]:
            assert time.monotonic() < gives_up_at, f"never noted: {name}"
            await asyncio.sleep(0.1)

    async def is_over(self) -> Seen:
        """Wait for the outcome; what came of it."""
        left_s = (self.booking.ends_at - datetime.now(UTC)).total_seconds()
        session = await self.until(record.is_over, "over", max(left_s, 0.0) + 45.0)
        return record.read(session, await self.events(), self.booking.cutoff_at)

    async def events(self) -> list[dict[str, Any]]:
        """The session's history."""
        if self._booking is None:
            return []
        answer = await self.server.ask(f"/{self.booking.id}/events")
        return list(answer["events"]) if answer else []

    async def story(self) -> list[str]:
        """The session's history, and what was done to the server."""
        return record.story(await self.events(), self.server.done)

    # ---- doing ----

    async def enters(self, seat: str, device: BrowserContext | None = None) -> Person:
        """Somebody opens the link, on a device of their own or a given one, and is at the page."""
        link = self.booking.links[seat]
        line = self.lines.get(seat)
        link = through(link, line.tcp.port) if line else link
        device = device or await self._device(seat, line)
        person = Person(seat, await device.new_page(), link)
        person.page.set_default_timeout(PATIENCE_MS)
        self.people[seat] = person
        await person.page.goto(link)
        return person

    async def come(self, *seats: str) -> None:
        """People come into the lobby, all at once, when it is not too busy at the door of the theatre."""
        async with self.theatre.door:
            await self.is_booked()
            async with asyncio.TaskGroup() as arriving:
                for seat in seats:
                    arriving.create_task(self.comes(seat))

    async def is_booked(self) -> None:
        """The session is booked, as late as that: whoever queues at the door loses none of the slot."""
        starts_at = (datetime.now(UTC) + timedelta(seconds=self.starts_in)).replace(microsecond=0)
        number = next(iter(self.theatre.numbers))
        made = await self.server.ask(
            "",
            {
                "programme": PROGRAMME,
                "starts_at": starts_at.isoformat(),
                "seeker_name": "さくら14",
                "supporter": f"相談員{number}",
            },
        )
        assert made is not None, "the node does not answer"
        starts_at = record.moment(made["starts_at"])
        self._booking = Booking(
            id=made["id"],
            links=made["links"],
            starts_at=starts_at,
            cutoff_at=starts_at + timedelta(seconds=self.times.cutoff),
            ends_at=record.moment(made["ends_at"]),
        )

    async def comes(self, seat: str) -> None:
        """Somebody comes into the lobby, now."""
        person = await self.enters(seat)
        await person.at("consent").wait_for()
        await person.joins()

    async def settles(self, seat: str) -> None:
        """A page that was opened once more is where it was: by itself, or after the terms have been agreed to again."""
        person = self.people[seat]

        def is_back(shown: dict[str, Any]) -> bool:
            return record.seat(shown, seat)["presence"] in {"lobby", "in"}

        gives_up_at = time.monotonic() + 30
        while not ((shown := await self.session()) and is_back(shown)):
            assert time.monotonic() < gives_up_at, f"the {seat} is never back: {_short(shown)}"
            if await person.at("consent").is_visible():
                await person.joins()
            await asyncio.sleep(0.1)

    async def is_held(self) -> None:
        """The supporter lets the seeker in, as soon as the slot has begun, and the call begins."""
        await self.starts()
        await self.supporter.admits()
        begin = self.seeker.at(
            "begin"
        )  # they are asked when it is late by nobody's fault of theirs (IX 6-7)

        def is_in(shown: dict[str, Any]) -> bool:
            return bool(record.seat(shown, SEEKER)["is_admitted"])

        gives_up_at = time.monotonic() + 30
        while not ((shown := await self.session()) and is_in(shown)):
            assert time.monotonic() < gives_up_at, f"the seeker is never let in: {_short(shown)}"
            if await begin.is_visible():
                await begin.click()
            await asyncio.sleep(0.1)
        await self.is_live()

    async def _device(self, seat: str, line: Line | None) -> BrowserContext:
        is_own = seat in self.needs.own_browser
        browser = await self.theatre.launch() if is_own else self.theatre.browser
        device = await browser.new_context(
            locale="ja-JP",
            timezone_id="Asia/Tokyo",
            viewport=DESK if seat == SUPPORTER else PHONE,
            reduced_motion="reduce",
            permissions=["camera", "microphone"],
        )
        await device.add_init_script(WATCH)
        await device.add_init_script(DEVICES)
        if line is not None:
            detour = f"{{ port: {self.server.media_port}, relay: {line.udp.port} }}"
            await device.add_init_script(f"window.watch.detour = {detour};")
        return device

    # ---- moments ----

    async def starts(self, after_s: float = 0.0) -> None:
        """Wait for the start of the slot, or a moment after it."""
        await _moment(self.booking.starts_at + timedelta(seconds=after_s))

    async def is_about_to_end(self, in_s: float) -> None:
        """Wait for the moment when so much is left."""
        await _moment(self.booking.ends_at - timedelta(seconds=in_s))

    async def close(self) -> None:
        """Everybody goes home."""
        devices = {person.page.context for person in self.people.values()}
        browsers = {device.browser for device in devices}
        for device in devices:
            if device.browser is self.theatre.browser:
                await device.close()
        for browser in browsers - {self.theatre.browser, None}:
            if browser is not None and browser.is_connected():
                await browser.close()
        for other in self.others:
            await other.close()


async def _moment(at: datetime) -> None:
    # Not to wait for something, but for the time itself: the fault belongs to this moment.
    await asyncio.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds()))


def _short(shown: Mapping[str, Any] | None) -> str:
    if shown is None:
        return "no answer"
    seats = [f"{each['seat']} {each['presence']}" for each in shown["participants"]]
    return f"{shown['phase']}, {', '.join(seats)}, verdict {shown['verdict']}"


# ---- opening one --------------------------------------------------------------------------------


@asynccontextmanager
async def a_room(
    theatre: Theatre, times: Times, needs: Needs, *, starts_in: float
) -> AsyncIterator[Room]:
    """A node with one session; everything is gone afterwards.

    Args:
        theatre: what rooms share.
        times: of the programme.
        needs: of the play.
        starts_in: seconds from the booking to the start of the slot.
    """
    async with a_folder() as folder, AsyncExitStack() as stack:
        server = await _server(theatre, times, needs, folder)
        stack.push_async_callback(server.end)
        room = await _room(stack, server, theatre, times, needs, starts_in)
        for _ in range(needs.others):
            room.others.append(await _room(stack, server, theatre, times, needs, starts_in))
        stack.push_async_callback(room.close)
        yield room


async def _server(theatre: Theatre, times: Times, needs: Needs, folder: Path) -> Server:
    programmes, data = folder / "programmes", folder / "data"
    programmes.mkdir()
    data.mkdir()
    (programmes / f"{PROGRAMME}.toml").write_text(times.written(), "utf-8")
    media_port = free_udp_ports(needs.workers)
    environment = {
        "MADOGUCHI_PROGRAMMES": str(programmes),
        "MADOGUCHI_MEDIA_PORT": str(media_port),
        "MADOGUCHI_MEDIA_WORKERS": str(needs.workers),
        **(_clock_of(data) if needs.clock else {}),
    }
    async with theatre.door:
        node = await start_demo(
            data,
            free_tcp_port(),
            slot="3m",
            cutoff="60s",
            grace="20s",
            starts_in=FAR_AWAY,
            environment=environment,
        )
    return Server(node, environment, media_port)


async def _room(
    stack: AsyncExitStack,
    server: Server,
    theatre: Theatre,
    times: Times,
    needs: Needs,
    starts_in: float,
) -> Room:
    lines = {}
    for seat in needs.lines:
        tcp = TcpRelay(int(server.base_url.rpartition(":")[2]))
        udp = UdpRelay(server.media_port)
        lines[seat] = Line(
            await stack.enter_async_context(tcp), await stack.enter_async_context(udp)
        )
    return Room(server, times, starts_in, lines, replace(needs, others=0), theatre)
