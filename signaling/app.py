"""What is served over HTTP: the socket, the pages, the API, the health checks. Composition only."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from aiohttp import web

from orchestrator.api.booking import BookingApi
from orchestrator.api.correcting import CorrectingApi
from orchestrator.api.desk import DeskApi
from orchestrator.api.maintenance import MaintenanceApi
from orchestrator.api.office import OfficeApi
from orchestrator.api.questionnaires import QuestionnairesApi
from orchestrator.api.reassigning import ReassigningApi
from orchestrator.api.sessions import SessionsApi
from orchestrator.api.standing import StandingApi
from orchestrator.bookings import Bookings
from orchestrator.correcting import Correcting
from orchestrator.credentials import new_secret
from orchestrator.errors import Refused, Unavailable
from orchestrator.following import Following
from orchestrator.host import Host
from orchestrator.maintenance import Maintenance
from orchestrator.office import Office
from orchestrator.policy.events import Disconnected
from orchestrator.policy.model import ConnectionId, DeviceId
from orchestrator.policy.programme import Programme
from orchestrator.ports import Clock, Staff, Store
from orchestrator.questionnaires import Questionnaires
from orchestrator.reassigning import Reassigning
from orchestrator.standing import Standings
from signaling.answers import adding_headers, answer_errors
from signaling.around import Around
from signaling.arrivals import Arrivals
from signaling.audience import Audience
from signaling.auth import (
    DEVICE_COOKIE,
    bearer_token,
    device_from,
    is_secret_shaped,
)
from signaling.board import Feed
from signaling.connection import Connection, Guest
from signaling.counter import Counter
from signaling.days import DaysApi
from signaling.door import Door
from signaling.ends import Close
from signaling.files import PAGES, Files
from signaling.headers import permissions_policy
from signaling.limits import Limits
from signaling.protocol.up import Hello
from signaling.turn import Turn
from signaling.views.shape import Bilingual

LONGEST_CONNECTION_ID = 100
"""Bytes of a beacon that are looked at; ours have 22."""


@dataclass(frozen=True, slots=True)
class AppSettings:
    """What the composition root decides about what is served."""

    public_url: str | None = None
    """How browsers reach this server, for instance `https://room.example.org`; None: as the request says."""
    office: Bilingual = field(default_factory=lambda: Bilingual(ja="窓口", en="Madoguchi"))
    """The name over the board."""
    time_zone: str = "Asia/Tokyo"
    """In which the board's day is meant; an IANA name."""
    telephone: str | None = None
    """Of the office, where no programme is known."""
    sends_mail: bool = False
    """Whether messages go to people by e-mail; the board says what a booking brings."""
    limits: Limits = field(default_factory=Limits)
    has_media: Callable[[], bool] = lambda: True
    """Whether at least one media worker is alive."""
    pages: Path = PAGES
    turn: Turn = field(default_factory=Turn)


def make_app(
    host: Host,
    bookings: Bookings,
    store: Store,
    clock: Clock,
    audience: Audience,
    programmes: Mapping[str, Programme],
    settings: AppSettings,
) -> web.Application:
    """The web application of a node.

    The caller serves it, and calls `audience.drain()` before it goes down.

    Args:
        host: runs the sessions.
        bookings: the use cases around them.
        store: the record.
        clock: the node's.
        audience: the same one that the host was given.
        programmes: by name; texts for the pages.
        settings: see there.
    """
    limits = settings.limits
    zone = ZoneInfo(settings.time_zone)
    around = Around(store, clock, limits)
    feed = Feed(
        store,
        clock,
        limits,
        zone,
        checks=audience.checks,
        programmes=programmes.values(),
        lines=lambda since: host.live_lines(since),  # noqa: PLW0108 - asked for only while a board looks
        also_hears=around.heard,
    )
    audience.on_checked(feed.checked)
    office = Office(store, host)
    questionnaires = Questionnaires(store, clock, programmes)
    counter = Counter(
        host=host,
        bookings=bookings,
        office=office,
        audience=audience,
        clock=clock,
        limits=limits,
        programmes=dict(programmes),
        turn=settings.turn,
        questionnaires=questionnaires,
        following=Following(store, host),
        around=around,
        arrivals=Arrivals(limits),
    )
    server = _Server(settings, Door(counter, store, feed, settings.office))
    api = SessionsApi(
        host=host,
        bookings=bookings,
        store=store,
        clock=clock,
        staff_of=server.staff_of,
        link_url=server.link_url,
        on_revoked=audience.revoke,
        zone=zone,
    )
    standings = Standings(store=store, clock=clock, bookings=bookings, programmes=programmes)
    maintenance = Maintenance(store=store, clock=clock, host=host, bookings=bookings)
    files = Files(settings.pages, server.is_secure, settings.telephone)
    app = web.Application(
        middlewares=[answer_errors(limits, files)], client_max_size=limits.body_bytes
    )
    app.add_routes(
        [
            web.get("/ws", server.socket),
            web.post("/beacon", server.beacon),
            web.get("/health/live", server.live),
            web.get("/health/ready", server.ready),
            *files.routes(),
            *api.routes(),
            *DeskApi(
                store, host, office, clock, programmes, zone, server.staff_of, server.link_url
            ).routes(),
            *BookingApi(store, programmes, server.staff_of, settings.sends_mail).routes(),
            *DaysApi(store, clock, server.staff_of, zone, programmes.values()).routes(),
            *ReassigningApi(Reassigning(store, host), server.staff_of, server.link_url).routes(),
            *CorrectingApi(Correcting(store, host), server.staff_of).routes(),
            *QuestionnairesApi(questionnaires, server.staff_of).routes(),
            *OfficeApi(host, office, bookings, server.staff_of).routes(),
            *StandingApi(standings, server.staff_of).routes(),
            *MaintenanceApi(maintenance, clock, server.staff_of).routes(),
        ]
    )
    app.on_shutdown.append(server.hang_up)
    may_share_screen = any("screen" in each.functions for each in programmes.values())
    app.on_response_prepare.append(
        adding_headers(permissions_policy(may_share_screen=may_share_screen))
    )
    app.cleanup_ctx.append(_following(feed.run))
    app.cleanup_ctx.append(_following(around.run))
    return app


def _following(
    run: Callable[[], Coroutine[None, None, None]],
) -> Callable[[web.Application], AsyncIterator[None]]:
    async def follow(_: web.Application) -> AsyncIterator[None]:
        # aiohttp may set up and clean up in different tasks, so a TaskGroup cannot span the two.
        task = asyncio.create_task(run())  # noqa: TID251 - awaited four lines below
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    return follow


@dataclass(slots=True)
class _Server:
    """The handlers that are not pages and not the API."""

    settings: AppSettings
    door: Door
    connections: set[Connection] = field(default_factory=set)
    """All that are open, also those that have not said hello."""

    # ---- signalling --------------------------------------------------------------------------

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """One WebSocket (docs/protocol.md)."""
        limits = self.settings.limits
        if not self._is_same_origin(request):
            raise Refused("origin_refused", "the socket must come from the page of this server")
        if len(self.connections) >= limits.connections:
            raise Unavailable("node", "too many connections")
        # Larger frames are closed with 1009 by aiohttp; its limit itself is not allowed any more.
        socket = web.WebSocketResponse(
            max_msg_size=limits.frame_bytes + 1, compress=False, timeout=limits.close_s
        )
        if not socket.can_prepare(request):
            raise web.HTTPUpgradeRequired(headers={"Upgrade": "websocket"})
        connection_id = ConnectionId(new_secret())
        cookie = request.cookies.get(DEVICE_COOKIE, "")
        # Without cookies every visit is another device: the first one gets in, a reload has to ask.
        device = device_from(cookie if is_secret_shaped(cookie) else new_secret())
        await socket.prepare(request)
        connection = Connection(request, socket, connection_id, self.door.counter.clock, limits)
        self.connections.add(connection)
        if self.door.counter.audience.is_draining:
            # Not after its hello: aiohttp no longer reads what comes once it shuts down.
            connection.refuse("draining", Close.DRAINING)
        try:
            await connection.run(self._greet(device))
        finally:
            self.connections.discard(connection)
        return socket

    def _greet(self, device: DeviceId) -> Callable[[Connection, Hello], Awaitable[Guest]]:
        async def greet(connection: Connection, hello: Hello) -> Guest:
            return await self.door.greet(connection, hello, device)

        return greet

    async def hang_up(self, _: web.Application) -> None:
        """The server goes down: everybody connects again, elsewhere or a little later."""
        self.door.counter.audience.drain()
        for connection in list(self.connections):
            connection.close(Close.DRAINING)

    async def beacon(self, request: web.Request) -> web.Response:
        """A page says goodbye; its body is the connection's id. Never says whether it knew it."""
        if not self._is_same_origin(request):
            raise Refused("origin_refused", "the beacon must come from the page of this server")
        # A stranger's body need not be text; such an id is nobody's.
        said = (await request.read())[:LONGEST_CONNECTION_ID].decode(errors="replace")
        connection = ConnectionId(said)
        counter = self.door.counter
        listener = counter.audience.find(connection)
        departed = counter.audience.departed(connection)
        if listener is not None:
            listener.goodbye()
        elif departed is not None:
            gone = Disconnected(departed.seat, connection, page_closed=True)
            counter.host.post(departed.session, gone)
        return web.Response(status=204)

    # ---- health ------------------------------------------------------------------------------

    async def live(self, _: web.Request) -> web.Response:
        """The process answers."""
        return web.json_response({"status": "live"})

    async def ready(self, _: web.Request) -> web.Response:
        """New people can be served: the store answers, a media worker is alive, the node does not drain."""
        problems = []
        if self.door.counter.audience.is_draining:
            problems.append("draining")
        if not self.settings.has_media():
            problems.append("media")
        try:
            async with asyncio.timeout(self.settings.limits.health_s):
                await self.door.store.server_time()
        except (Unavailable, TimeoutError):
            problems.append("store")
        if problems:
            return web.json_response({"status": "not_ready", "problems": problems}, status=503)
        return web.json_response({"status": "ready"})

    # ---- where a request comes from ------------------------------------------------------------

    async def staff_of(self, authorization: str | None) -> Staff | None:
        """Who an `Authorization` header names."""
        token = bearer_token(authorization)
        return await self.door.staff(token) if token is not None else None

    def link_url(self, request: web.Request, secret: str) -> str:
        """The invitation URL for a secret."""
        base = self.settings.public_url or f"{request.scheme}://{request.host}"
        return f"{base.rstrip('/')}/room#{secret}"

    def is_secure(self, request: web.Request) -> bool:
        """The browser uses HTTPS, with us or with a proxy before us."""
        return request.secure or (self.settings.public_url or "").startswith("https://")

    def _is_same_origin(self, request: web.Request) -> bool:
        """A browser names the page's origin (RFC 6454 §7); what names none is not a browser."""
        origin = request.headers.get("Origin")
        if origin is None:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        own = {request.host}
        if self.settings.public_url is not None:
            own.add(urlsplit(self.settings.public_url).netloc)
        # Of a proxy that it was not told of the server knows nothing; else a page without TLS is another's.
        schemes = {"https"} if self.is_secure(request) else {"http", "https"}
        return parts.scheme in schemes and parts.netloc in own
