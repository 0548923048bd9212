"""One WebSocket, one actor: reads, writes, listens for silence, and knows nothing of sessions.

Whoever talks over it is a `Guest`, made by `greet` from the first message. The guest is told exactly once that the
connection is over, at the moment it is over, not after the closing handshake. Whatever one peer sends or does not read
ends at most its own connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

import structlog
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from orchestrator.errors import MadoguchiError, Malformed, Refused, Unavailable
from orchestrator.policy.model import ConnectionId
from orchestrator.ports import Clock
from signaling.bell import Bell
from signaling.ends import Close, close_code
from signaling.limits import Limits, TokenBucket
from signaling.outbox import Make, Outbox
from signaling.protocol.down import Down, Error, Ping
from signaling.protocol.down import Refused as RefusedMessage
from signaling.protocol.frames import encode, parse
from signaling.protocol.up import Hello, Leaving, Pong, Up

_log = structlog.get_logger(__name__)


class Guest(Protocol):
    """Who talks over a connection: a participant, or a board."""

    def receive(self, message: Up) -> None:
        """Take a message after `hello`; `pong` and `leaving` never come here. Returns at once."""

    async def serve(self) -> None:
        """Do what takes time, until cancelled."""

    def leave(self, page_closed: bool) -> None:
        """The connection is over; called once."""


Greet = Callable[["Connection", Hello], Awaitable[Guest]]
"""Turns `hello` into a guest and opens the connection with a welcome; raises errors of ours."""


class Connection:
    """An open socket and what waits to be sent on it.

    Args:
        request: the request that was upgraded; its transport is cut when the peer does not read.
        socket: prepared.
        connection_id: unguessable; the page says it in `POST /beacon`.
        clock: for the time in `ping`.
        limits: what the peer may do.
    """

    def __init__(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        connection_id: ConnectionId,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self.id = connection_id
        self._request = request
        self._socket = socket
        self._clock = clock
        self._limits = limits
        self._outbox = Outbox(limits.outbox)
        self._guest: Guest | None = None
        self.telephone: str | None = None
        """Told to a guest who is turned away before the welcome: whom to call."""
        self._over = Bell()
        self._code: int | None = None
        self._is_cut = False
        self._is_peers_doing = False
        self._malformed = 0
        self._heard_s = self._now_s()
        self._next_beat: asyncio.TimerHandle | None = None
        self._bucket = TokenBucket(limits.messages_per_s, limits.messages_burst, self._heard_s)
        self._log = _log.bind(connection=connection_id)

    @property
    def is_ending(self) -> bool:
        """It has been decided that the connection ends; nothing more will be sent."""
        return self._code is not None

    @property
    def is_our_doing(self) -> bool:
        """It ends because of this node: it drains, or another one runs the session. Nobody's line was lost."""
        return self._code in (Close.DRAINING, Close.MOVED) and not self._is_peers_doing

    @property
    def code(self) -> int | None:
        """With which close code it ended; None: it has not.

        1011 is said of our own faults only: a peer that sends it has an ordinary line, and a reason to hide.
        """
        if self._is_peers_doing and self._code == Close.FAULT:
            return WSCloseCode.ABNORMAL_CLOSURE
        return self._code

    # ---- down --------------------------------------------------------------------------------

    def welcome(self, first: Down) -> None:
        """Send the welcome; what was told before it follows."""
        self._outbox.open(first)

    def tell(self, message: Down) -> None:
        """Send a message; a peer that does not read is cut off."""
        if not self._outbox.put(message):
            self.cut()

    def tell_latest(self, key: str, make: Make) -> None:
        """Send a state; an older one of the same key that still waits is skipped."""
        self._outbox.put_latest(key, make)

    def ping(self) -> None:
        """Say something that every page answers."""
        self.tell_latest("ping", lambda: Ping(server_time=self._server_time()))

    def refuse(self, code: str, close: Close | None = None) -> None:
        """Say that something may not be done; with a close code that was the last word."""
        telephone = self.telephone if self._guest is None else None
        message = RefusedMessage(code=code, closes=close is not None, telephone=telephone)
        if close is None:
            self.tell(message)
        else:
            self.close(close, message)

    def close(self, code: Close, last: Down | None = None, *, page_closed: bool = False) -> None:
        """End the connection: send what waits and `last`, then the close frame."""
        if not self._end(code, page_closed):
            return
        self._outbox.close(last)
        asyncio.get_running_loop().call_later(self._limits.close_s, self._over.ring)

    def cut(self) -> None:
        """End the connection without another word: the peer does not read."""
        if self._end(Close.SILENT, False):
            self._is_cut = True
            self._over.ring()

    def _end(self, code: int, page_closed: bool) -> bool:
        if self._code is not None:
            return False
        self._code = code
        self._log.info("connection.ended", code=int(code), page_closed=page_closed)
        if self._guest is not None:
            self._guest.leave(page_closed)
        return True

    # ---- the actor ---------------------------------------------------------------------------

    async def run(self, greet: Greet) -> None:
        """Talk until either side is through; afterwards the socket is closed."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._write()),
                    group.create_task(self._converse(greet)),
                ]
                await self._over.heard()
                for task in tasks:
                    task.cancel()
        except* Exception as bugs:  # the actor's boundary: a bug ends this connection, not the node
            self._log.error("connection.failed", exc_info=bugs.exceptions[0])
            self._end(Close.FAULT, False)
        finally:
            if self._end(WSCloseCode.ABNORMAL_CLOSURE, False):
                self._is_cut = True  # cancelled from outside: the transport is gone
            await self._hang_up()

    async def _converse(self, greet: Greet) -> None:
        hello = await self._hello()
        if hello is None:
            return
        guest = await self._greeted(greet, hello)
        del hello  # it holds the link's secret, and a call is long
        if guest is None:
            return
        if self.is_ending:
            guest.leave(False)
            return
        self._guest = guest
        self._heard_s = self._now_s()
        self._beat(self._heard_s)
        try:
            async with asyncio.TaskGroup() as serving:
                serving.create_task(guest.serve())
                await self._listen(guest)
        finally:
            if self._next_beat is not None:
                self._next_beat.cancel()

    async def _hello(self) -> Hello | None:
        """The first message; None when it was none, and the connection is ending."""
        try:
            async with asyncio.timeout(self._limits.hello_s):
                frame = await self._socket.receive()
        except TimeoutError:
            self.close(Close.UNKNOWN)
            return None
        try:
            message = self._parsed(frame)
        except Malformed as error:
            if error.code == "version_unsupported":
                self.refuse(error.code, Close.REFUSED)
            else:
                self.close(Close.MALFORMED, Error(code=error.code, detail=str(error)))
            return None
        if message is not None and not isinstance(message, Hello):
            detail = "the first message is hello"
            self.close(Close.MALFORMED, Error(code="out_of_order", detail=detail))
            return None
        return message

    async def _greeted(self, greet: Greet, hello: Hello) -> Guest | None:
        try:
            async with asyncio.timeout(self._limits.hello_s):
                return await greet(self, hello)
        except TimeoutError:
            self.close(close_code(Unavailable("store")))
        except Refused as error:
            self.refuse(error.code, close_code(error))
        except MadoguchiError as error:
            self.close(close_code(error))
        return None

    async def _listen(self, guest: Guest) -> None:
        while not self.is_ending:
            frame = await self._socket.receive()
            self._heard_s = self._now_s()
            if not self._bucket.take(self._heard_s):
                self.close(Close.TOO_MANY)
                return
            try:
                message = self._parsed(frame)
            except Malformed as error:
                self._count_malformed(error)
                continue
            if message is None:
                return
            self._dispatch(guest, message)

    def _dispatch(self, guest: Guest, message: Up) -> None:
        if self.is_ending or isinstance(message, Pong):
            return
        if isinstance(message, Leaving):
            self.close(Close.OVER, page_closed=True)
        elif isinstance(message, Hello):
            self._count_malformed(Malformed("out_of_order", "hello comes once"))
        else:
            guest.receive(message)

    def _parsed(self, frame: WSMessage) -> Up | None:
        """What a frame says; None when it ends the connection."""
        if frame.type is WSMsgType.TEXT:
            return parse(frame.data)
        if frame.type is WSMsgType.BINARY:
            raise Malformed("not_json", "frames are text")
        # Not a goodbye: Chromium sends 1001 for a renderer that crashed as well (measured). The page itself says
        # `leaving`, or sends the beacon.
        code = self._socket.close_code
        self._is_peers_doing = not self.is_ending
        self._end(code or WSCloseCode.ABNORMAL_CLOSURE, page_closed=False)
        self._over.ring()
        return None

    def _count_malformed(self, error: Malformed) -> None:
        self._malformed += 1
        self._log.info("message.refused", code=error.code, malformed=self._malformed)
        answer = Error(code=error.code, detail=str(error))
        if self._malformed < self._limits.malformed:
            self.tell(answer)
        else:
            self.close(Close.MALFORMED, answer)

    def _beat(self, next_ping_s: float) -> None:
        """Ping the page, and end the connection when it is silent; a timer, for pages are many and a task is more."""
        if self.is_ending:
            return
        now_s, silent_at_s = self._now_s(), self._heard_s + self._limits.silence_s
        try:
            if now_s >= silent_at_s:
                self.close(Close.SILENT)
                return
            if now_s >= next_ping_s:
                self.ping()
                next_ping_s = now_s + self._limits.ping_s
        except Exception as bug:
            # As in `run`, which does not see it: a bug ends this connection, not the node.
            self._log.error("connection.failed", exc_info=bug)
            self._over.ring()
            self._end(Close.FAULT, False)
            return
        self._next_beat = asyncio.get_running_loop().call_later(
            min(next_ping_s, silent_at_s) - now_s, self._beat, next_ping_s
        )

    async def _write(self) -> None:
        while (message := await self._outbox.take()) is not None:
            try:
                async with asyncio.timeout(self._limits.write_s):
                    await self._socket.send_str(encode(message))
            except TimeoutError:
                self.cut()
                return
            except ConnectionError:
                self._end(WSCloseCode.ABNORMAL_CLOSURE, False)
                break
        self._over.ring()

    async def _hang_up(self) -> None:
        try:
            if not self._is_cut:
                async with asyncio.timeout(self._limits.close_s):
                    await self._socket.close(code=self._code or Close.OVER)
        except (TimeoutError, ConnectionError):
            self._is_cut = True
        transport = self._request.transport
        if self._is_cut and transport is not None:
            transport.abort()

    def _server_time(self) -> datetime:
        return self._clock.now()

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()
