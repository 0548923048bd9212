"""A node for the tests of what browsers talk to: real store, host and sockets; only the media worker is not there."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from inspect import isawaitable
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from orchestrator.bookings import Bookings
from orchestrator.credentials import hash_secret, new_secret
from orchestrator.host import Host
from orchestrator.policy.model import (
    OBSERVER,
    SEEKER,
    SUPPORTER,
    PersonId,
    Role,
    Rules,
    Seat,
    SeatId,
    Session,
    SessionId,
)
from orchestrator.policy.session import book
from orchestrator.ports import Booking, Line, Link, OfferMade
from orchestrator.programmes import load_all
from orchestrator.store import embedded
from orchestrator.store.valkey import ValkeyStore
from signaling.app import AppSettings, make_app
from signaling.audience import Audience
from signaling.auth import DEVICE_COOKIE
from signaling.limits import Limits
from tests.fakes import FakeClock, ManualAlarm
from workers.leases import Leases

MINUTE = timedelta(minutes=1)
OFFICE = "048-000-0000"
"""What the operator has given for programmes that name no number."""
PROGRAMMES = load_all(telephone=OFFICE)
PATIENCE_S = 20.0


async def until(condition: Callable[[], Any], what: str) -> None:
    """Wait for a condition, which may be asynchronous; say what never happened."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                holds = condition()
                if await holds if isawaitable(holds) else holds:
                    return
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"never happened: {what}") from None


class SilentMedia:
    """A media port that remembers what it was told; offers are made by the test."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []
        self.functions: dict[tuple[str, str, int], frozenset[str]] = {}
        self.known_lines: dict[str, Line] = {}
        self.is_full = False

    def open_room(self, session, closes_in_s):
        self.told.append(("open_room", session))

    def extend_room(self, session, closes_at, closes_in_s):
        self.told.append(("extend_room", session, closes_at))

    def connect(self, session, seat, media_epoch, functions, others, *, only_receives=False):
        self.told.append(("connect", session, seat, media_epoch))
        self.functions[session, seat, media_epoch] = frozenset() if only_receives else functions

    def answer(self, session, seat, media_epoch, sdp):
        self.told.append(("answer", session, seat, media_epoch, sdp))

    def restart(self, session, seat, media_epoch):
        self.told.append(("restart", session, seat, media_epoch))

    def disconnect(self, session, seat):
        self.told.append(("disconnect", session, seat))

    def close_room(self, session):
        self.told.append(("close_room", session))

    def probe(self, connection):
        self.told.append(("probe", connection))
        return not self.is_full

    def answer_probe(self, connection, sdp):
        self.told.append(("answer_probe", connection, sdp))

    def end_probe(self, connection):
        self.told.append(("end_probe", connection))

    def note_page(self, session, seat, sample):
        line = self.known_lines.get(seat, Line())
        self.known_lines[seat] = replace(line, told=(*line.told, sample))

    def lines(self, session, since=None):
        return self.known_lines


@dataclass
class Page:
    """A browser's page, as far as the socket goes."""

    socket: aiohttp.ClientWebSocketResponse
    inbox: list[dict] = field(default_factory=list)
    """All that was received, pings left out."""
    welcome: dict = field(default_factory=dict)

    async def send(self, **message) -> None:
        """Send a message by its fields."""
        await self.socket.send_json(message)

    async def receive(self, kind: str, where: Callable[[dict], bool] = lambda _: True) -> dict:
        """The next message of a type for which a condition holds; all before it are passed over."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                frame = await self.socket.receive()
                assert frame.type is aiohttp.WSMsgType.TEXT, (
                    f"closed with {self.socket.close_code} while waiting for {kind}; got {self.inbox}"
                )
                message = frame.json()
                if message["type"] == "ping" != kind:
                    continue
                self.inbox.append(message)
                if message["type"] == kind and where(message):
                    return message

    async def state(self, where: Callable[[dict], bool] = lambda _: True) -> dict:
        """The next session state for which a condition holds."""
        return (await self.receive("session", lambda m: where(m["session"])))["session"]

    async def closed(self) -> int:
        """Read to the end; the close code."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                frame = await self.socket.receive()
                if frame.type is aiohttp.WSMsgType.TEXT:
                    self.inbox.append(frame.json())
                else:
                    break
        assert self.socket.close_code is not None
        return self.socket.close_code

    async def hear_out(self) -> None:
        """Read until the server has hung up, as a browser does: it waits for the answer to its goodbye."""
        while not self.socket.closed:
            await self.socket.receive()

    async def refusal(self) -> tuple[str, int]:
        """The code of the last refusal, and the close code after it."""
        code = await self.closed()
        assert self.inbox, f"closed with {code} without a word"
        assert self.inbox[-1]["type"] == "refused"
        assert self.inbox[-1]["closes"] is True
        return self.inbox[-1]["code"], code


@dataclass
class Meeting:
    """A booked session and the secrets of its links."""

    id: SessionId
    secrets: dict[SeatId, str]


@dataclass
class Node:
    """A running node and its parts."""

    store: ValkeyStore
    clock: FakeClock
    alarm: ManualAlarm
    media: SilentMedia
    audience: Audience
    host: Host
    bookings: Bookings
    base_url: str
    http: aiohttp.ClientSession
    data: Path
    numbers: count = field(default_factory=count)
    pages: list[Page] = field(default_factory=list)
    """All that were opened: a page that nobody holds would be closed by the garbage collector."""

    def url(self, path: str) -> str:
        """The address of a path."""
        return self.base_url + path

    async def meet(
        self,
        starts_in: timedelta = timedelta(),
        length: timedelta = 30 * MINUTE,
        supporter: str = "tanaka",
        rules: Rules | None = None,
        companions: int = 0,
        observer: str | None = None,
    ) -> Meeting:
        """Book a session that starts in that time, whatever the programme's windows say."""
        number = next(self.numbers)
        starts_at = self.clock.now() + starts_in
        seats = (
            Seat(SEEKER, Role.SEEKER, PersonId(f"p_seeker{number}"), f"さくら{number}"),
            Seat(SUPPORTER, Role.SUPPORTER, PersonId(f"p_{supporter}"), supporter),
            *(
                Seat(
                    SeatId(f"companion-{i}"),
                    Role.COMPANION,
                    PersonId(f"p_c{number}{i}"),
                    f"通訳{i}",
                )
                for i in range(1, companions + 1)
            ),
            *(
                [Seat(OBSERVER, Role.SCHEDULER, PersonId(f"p_{observer}"), observer)]
                if observer
                else []
            ),
        )
        rules = rules or PROGRAMMES["kumagaya"].rules()
        session = book(
            SessionId(f"s_{number}"), rules, starts_at, starts_at + length, seats, "Asia/Tokyo"
        )
        secrets = {seat.id: new_secret() for seat in seats}
        expires_at = session.ends_at + timedelta(days=1)
        links = {
            hash_secret(secrets[seat.id]): Link(session.id, seat.id, expires_at, person=seat.person)
            for seat in seats
        }
        result = await self.store.book(Booking(session, links, f"test:{session.id}"))
        assert result.applied == "done", result
        return Meeting(session.id, secrets)

    async def staff(self, name: str = "yamada", role: Role = Role.SCHEDULER) -> str:
        """Add somebody of the office; the token."""
        return await self.bookings.add_staff(name, role)

    async def socket(self, device: str | None = None, **options) -> Page:
        """Open a socket and say nothing."""
        headers = options.pop("headers", {})
        if device is not None:
            headers["Cookie"] = f"{DEVICE_COOKIE}={device * 22}"[: len(DEVICE_COOKIE) + 1 + 22]
        socket = await self.http.ws_connect(self.url("/ws"), headers=headers, **options)
        self.pages.append(Page(socket))
        return self.pages[-1]

    async def lose_store(self) -> None:
        """Stop the store's server."""
        await embedded.stop(self.data)

    async def say_hello(self, device: str | None = None, **fields) -> Page:
        """Open a socket and say hello; what comes of it is for the test."""
        page = await self.socket(device)
        await page.send(**{"type": "hello", "version": 1, "language": "ja", **fields})
        return page

    async def enter(self, meeting: Meeting, seat: str, device: str | None = None, **fields) -> Page:
        """Open an invitation link; welcome is awaited."""
        device = device or seat[0]
        page = await self.say_hello(device, link=meeting.secrets[SeatId(seat)], **fields)
        page.welcome = await page.receive("welcome")
        return page

    async def join(self, meeting: Meeting, seat: str, device: str | None = None) -> Page:
        """Open an invitation link, agree, and go to the lobby."""
        page = await self.enter(meeting, seat, device)
        await page.send(type="join", **self.agreement(page))
        await page.state(lambda s: self.presence(s, seat) == "lobby")
        return page

    async def live(self, meeting: Meeting) -> tuple[Page, Page]:
        """Seeker and supporter in a live session."""
        seeker = await self.join(meeting, "seeker")
        supporter = await self.join(meeting, "supporter")
        await supporter.send(type="admit", seat="seeker")
        await seeker.state(lambda s: s["phase"] == "live")
        await supporter.state(lambda s: s["phase"] == "live")
        return seeker, supporter

    @staticmethod
    def agreement(page: Page) -> dict:
        """The fields of `join` for somebody who agrees to everything."""
        programme = page.welcome["programme"]
        return {
            "terms_version": programme["terms_version"],
            "attestations": programme["attestations"],
        }

    @staticmethod
    def presence(session: dict, seat: str) -> str:
        """Where somebody is, in a session as shown."""
        return next(s["presence"] for s in session["seats"] if s["seat"] == seat)

    async def session(self, meeting: Meeting) -> Session:
        """The session as the host has it."""
        return await self.host.view(meeting.id)

    async def pass_time(self, span: timedelta) -> datetime:
        """Let time pass and ring what is due."""
        self.clock.advance(span)
        self.alarm.ring_due(self.clock.now())
        return self.clock.now()

    def offer(self, meeting: Meeting, seat: str, media_epoch: int, sdp: str = "v=0") -> None:
        """Let the media worker offer."""
        self.host.on_media(OfferMade(meeting.id, SeatId(seat), media_epoch, sdp))


@asynccontextmanager
async def running_node(limits: Limits | None = None, **settings) -> AsyncIterator[Node]:
    """A node on a store of its own; everything is stopped afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        url = await embedded.ensure(data)
        try:
            async with (
                ValkeyStore(url) as store,
                aiohttp.ClientSession() as http,
                _node(store, http, limits or Limits(), settings, data) as node,
            ):
                yield node
        finally:
            await embedded.stop(data)


@asynccontextmanager
async def _node(
    store: ValkeyStore, http: aiohttp.ClientSession, limits: Limits, settings: dict, data: Path
) -> AsyncIterator[Node]:
    clock, media, audience, programmes = FakeClock(), SilentMedia(), Audience(), PROGRAMMES

    async def on_takeover(session, fence, gap_began_at):
        raise AssertionError("there is no other node")

    leases = Leases(store, "node-1", clock, on_takeover, sole=True)
    alarm = ManualAlarm(lambda sessions: host.wake(sessions))  # noqa: PLW0108 - host is made below
    host = Host(
        node="node-1",
        store=store,
        clock=clock,
        leases=leases,
        alarm=alarm,
        media=media,
        audience=audience,
    )
    bookings = Bookings(store=store, clock=clock, host=host, programmes=programmes)
    app = make_app(
        host,
        bookings,
        store,
        clock,
        audience,
        programmes,
        AppSettings(limits=limits, **settings),
    )
    await leases.start()
    async with host.running():
        # As `serve` does it: aiohttp's TestServer cancels handlers whose client is gone, a real one does not.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        node = Node(store, clock, alarm, media, audience, host, bookings, base_url, http, data)
        try:
            yield node
        finally:
            async with asyncio.TaskGroup() as listening:
                pages = [listening.create_task(page.hear_out()) for page in node.pages]
                await runner.cleanup()
                for page in pages:  # one that a test has made deaf hears no goodbye
                    page.cancel()
