"""A participant without a browser: docs/protocol.md over a real socket, and real RTP through the media worker.

It does what the page does: fetches the page (and with it the device's cookie), says hello, answers pings, joins,
admits, answers offers, and comes back with the protocol's back-off when its socket ends. Everything that reaches it is
noted with CLOCK_MONOTONIC, so that a test can say who got what when. Packets carry the moment at which they were sent.
"""

from __future__ import annotations

import asyncio
import json
import random
import struct
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
from aiortc import RTCCertificate

from tests.clients.media_client import OPUS, MediaClient

BACKOFF_S = (0.3, 0.6, 1.2, 2.4, 5.0)
JITTER = 0.2
SILENCE_S = 12.0
CONNECT_TIMEOUT_S = 5.0
FINAL_CODES = frozenset({1000, 4401, 4403, 4409, 4410})
"""After these the page does not connect again by itself (docs/protocol.md, Ends of a connection)."""

MOMENT = struct.Struct("!d")
FRAME_BYTES = 80
"""An Opus frame of 20 ms at 32 kbit/s."""


class _Line(MediaClient):
    """A media connection that tells of each packet at once."""

    on_packet: Callable[[bytes, float], None] | None = None
    """Takes payload and CLOCK_MONOTONIC of a packet."""
    is_frugal = False
    """It keeps no packets, and reads no DTLS farewell: hundreds at once cost the reader more than the server."""

    @property
    def is_open(self) -> bool:
        """Packets may be sent: there are keys, whether or not the server still wants to hear us."""
        return bool(self._sockets) and self._dtls is not None and self._dtls._tx_srtp is not None

    def _receive(self, data: bytes) -> None:
        if not (self.is_frugal and self.is_open and 20 <= data[0] < 64):
            super()._receive(data)

    def _receive_rtp(self, data: bytes) -> None:
        super()._receive_rtp(data)
        newest = self.received[-1]
        if self.is_frugal:
            self.received.clear()
        if self.on_packet is not None:
            self.on_packet(newest.payload, newest.at)


@dataclass(slots=True)
class Heard:
    """The packets that came through one media connection."""

    media_epoch: int
    client: _Line
    count: int = 0
    first_at: float | None = None
    last_at: float | None = None
    last_sent_at: float = 0.0
    """The newest moment of sending among what was received: how late the forwarder still let something through."""
    sent: int = 0


@dataclass(slots=True)
class Conversation:
    """What one socket went through."""

    opened_at: float
    welcomed_at: float | None = None
    closed_at: float | None = None
    close_code: int | None = None
    refused: list[str] = field(default_factory=list)


class RoomClient:
    """One person with one link; use it as an asynchronous context manager.

    Args:
        link: URL with the secret in its fragment, as the server printed it.
        packets_per_s: how many packets are sent once media is up; 0: somebody else sends them.
        offers_taken: how many offers are answered; None: all.
        comes_back: whether a new socket is opened when one has ended.
        certificate: shared between many clients, for making one takes time.
        is_frugal: one of hundreds in this process; packets are counted and not kept.
        seed: of the jitter in the back-off and of the sending phase.
    """

    def __init__(
        self,
        link: str,
        *,
        packets_per_s: float = 50.0,
        offers_taken: int | None = None,
        comes_back: bool = True,
        certificate: RTCCertificate | None = None,
        is_frugal: bool = False,
        seed: int = 1,
    ) -> None:
        parts = urlsplit(link)
        self.base_url = f"{parts.scheme}://{parts.netloc}"
        self.comes_back = comes_back
        self.admits_at = 0.0
        """CLOCK_MONOTONIC before which this supporter lets nobody in; spreads the start of many rooms."""
        self.conversations: list[Conversation] = []
        self.heard: list[Heard] = []
        self.messages: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.time_is_up_at: float | None = None
        self.ended_at: float | None = None
        self.state: dict[str, Any] = {}
        self._secret = parts.fragment
        self._seat = ""
        self._interval_s = 1 / packets_per_s if packets_per_s else 0.0
        self._offers_left = offers_taken
        self._certificate = certificate
        self._is_frugal = is_frugal
        self._random = random.Random(seed)
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._own: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._terms: dict[str, Any] = {}
        self._asked: set[str] = set()
        """What this socket has asked for already."""

    # ---- what a test asks ---------------------------------------------------------------------------------------

    @property
    def phase(self) -> str:
        """Of the session, as last told."""
        return str(self.state.get("phase", ""))

    @property
    def is_connected(self) -> bool:
        """It has been welcomed on a socket that is open."""
        last = self.conversations[-1] if self.conversations else None
        return last is not None and last.welcomed_at is not None and last.closed_at is None

    @property
    def media(self) -> Heard | None:
        """The newest media connection."""
        return self.heard[-1] if self.heard else None

    @property
    def media_epoch(self) -> int:
        """Which media connection it holds; 0: none."""
        return self.media.media_epoch if self.media is not None else 0

    @property
    def last_received_at(self) -> float | None:
        """When the last packet came, over all connections."""
        return max((each.last_at for each in self.heard if each.last_at is not None), default=None)

    @property
    def newest_sent_at(self) -> float:
        """When the youngest packet that came through was sent by the other person."""
        return max((each.last_sent_at for each in self.heard), default=0.0)

    def close_codes(self) -> list[int | None]:
        """How the sockets so far have ended."""
        return [each.close_code for each in self.conversations if each.closed_at is not None]

    async def until(
        self, is_true: Callable[[], object], what: str, timeout_s: float = 20.0
    ) -> None:
        """Wait for something to become true, looked at whenever anything has happened and ten times a second."""
        try:
            async with asyncio.timeout(timeout_s):
                while not is_true():
                    self._changed.clear()
                    try:
                        await asyncio.wait_for(self._changed.wait(), 0.1)
                    except TimeoutError:
                        continue
        except TimeoutError:
            raise AssertionError(f"{self!r}: never {what}") from None

    async def hears(self, *, beyond_epoch: int = 0, timeout_s: float = 20.0) -> None:
        """Wait until the other person is heard over a media connection that is newer than `beyond_epoch`."""
        await self.until(
            lambda: self.media is not None and self.media_epoch > beyond_epoch and self.media.count,
            f"heard anybody beyond epoch {beyond_epoch}",
            timeout_s,
        )

    def __repr__(self) -> str:
        return (
            f"<{self._seat or 'somebody'} phase={self.phase} epoch={self.media_epoch}"
            f" sockets={[each.close_code for each in self.conversations]}"
            f" messages={dict(self.messages)} failures={dict(self.failures)}>"
        )

    # ---- life ---------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self._tasks = await asyncio.TaskGroup().__aenter__()
        self._own = [self._tasks.create_task(self._live())]
        if self._interval_s:
            self._own.append(self._tasks.create_task(self._talk()))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._tasks is not None, "__aenter__ set it"
        assert self._http is not None, "__aenter__ set it"
        for task in self._own:
            task.cancel()
        try:
            await self._tasks.__aexit__(kind, error, trace)
        finally:
            self.lose_media()
            await self._http.close()

    def lose_media(self) -> None:
        """Close the media connection without a word."""
        for each in self.heard:
            each.client.close()

    def cut_line(self) -> None:
        """Break the socket without a word, as a load balancer does whose node no longer answers."""
        if self._socket is not None:
            _abort(self._socket)

    async def say(self, kind: str, **fields: object) -> None:
        """Send a message; a socket that is gone swallows it."""
        if self._socket is None or self._socket.closed:
            return
        try:
            await self._socket.send_str(json.dumps({"type": kind, **fields}))
        except ConnectionError:
            self.failures["send"] += 1

    async def _live(self) -> None:
        """One socket after the other, with the protocol's back-off."""
        attempt = 0
        while True:
            conversation = Conversation(time.monotonic())
            self.conversations.append(conversation)
            try:
                await self._converse(conversation)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                self.failures[type(error).__name__] += 1
            conversation.closed_at = time.monotonic()
            self._changed.set()
            if not self.comes_back or conversation.close_code in FINAL_CODES:
                return
            if conversation.welcomed_at is not None:
                attempt = 0
            wait_s = BACKOFF_S[min(attempt, len(BACKOFF_S) - 1)]
            attempt += 1
            await asyncio.sleep(wait_s * (1 + JITTER * (2 * self._random.random() - 1)))

    async def _converse(self, conversation: Conversation) -> None:
        assert self._http is not None, "__aenter__ set it"
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            if not len(self._http.cookie_jar):
                async with self._http.get(f"{self.base_url}/room") as page:
                    await page.read()
            socket = await self._http.ws_connect(
                f"{self.base_url}/ws", headers={"Origin": self.base_url}
            )
        self._socket, self._asked = socket, set()
        try:
            await self.say(
                "hello",
                version=1,
                link=self._secret,
                media_epoch=self.media_epoch,
                language="ja",
            )
            while True:
                frame = await socket.receive(SILENCE_S)
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    return
                await self._take(json.loads(frame.data), conversation)
                self._changed.set()
        finally:
            conversation.close_code = socket.close_code
            if socket.close_code is None or socket.close_code == 1006:
                _abort(socket)  # nobody is there to answer a closing handshake
            await socket.close()

    # ---- what the server says -----------------------------------------------------------------------------------

    async def _take(self, message: dict[str, Any], conversation: Conversation) -> None:
        kind = message["type"]
        self.messages[kind] += 1
        match kind:
            case "ping":
                await self.say("pong", server_time=message["server_time"])
            case "welcome":
                conversation.welcomed_at = time.monotonic()
                self._seat, self._terms = message["you"]["seat"], message["programme"]
                await self._see(message["session"])
            case "session":
                await self._see(message["session"])
            case "offer":
                self._take_offer(message)
            case "time_is_up":
                self.time_is_up_at = self.time_is_up_at or time.monotonic()
            case "refused":
                conversation.refused.append(message["code"])
            case "error":
                raise AssertionError(f"the server calls us malformed: {message}")

    async def _see(self, state: dict[str, Any]) -> None:
        assert state["version"] >= self.state.get("version", 0), "a session never goes back"
        self.state = state
        if state["phase"] == "ended":
            self.ended_at = self.ended_at or time.monotonic()
        if "join" in state["can"] and "join" not in self._asked:
            self._asked.add("join")
            await self.say(
                "join",
                terms_version=self._terms["terms_version"],
                attestations=self._terms["attestations"],
            )
        if "admit" in state["can"] and "admit" not in self._asked:
            self._asked.add("admit")
            assert self._tasks is not None, "__aenter__ set it"
            self._own.append(self._tasks.create_task(self._admit()))

    async def _admit(self) -> None:
        await asyncio.sleep(max(0.0, self.admits_at - time.monotonic()))
        await self.say("admit", seat="seeker")

    # ---- media --------------------------------------------------------------------------------------------------

    def _take_offer(self, message: dict[str, Any]) -> None:
        if self._offers_left is not None:
            if self._offers_left == 0:
                return
            self._offers_left -= 1
        assert self._tasks is not None, "__aenter__ set it"
        self._own.append(
            self._tasks.create_task(self._answer(message["media_epoch"], message["sdp"]))
        )

    async def _answer(self, media_epoch: int, sdp: str) -> None:
        media = self.media
        is_new = media is None or media.media_epoch != media_epoch
        if is_new:
            if media is not None:
                media.client.close()
            media = Heard(media_epoch, _Line(certificate=self._certificate))
            media.client.is_frugal = self._is_frugal
            media.client.on_packet = partial(self._note, media)
            self.heard.append(media)
        assert media is not None, "made above"
        await self.say("answer", media_epoch=media_epoch, sdp=media.client.answer(sdp))
        try:
            await (media.client.connect() if is_new else media.client.check())
        except (TimeoutError, ConnectionError) as error:
            self.failures[f"media:{type(error).__name__}"] += 1

    def _note(self, media: Heard, payload: bytes, at: float) -> None:
        media.count += 1
        media.last_at = at
        if media.first_at is None:
            media.first_at = at
            self._changed.set()
        media.last_sent_at = max(media.last_sent_at, MOMENT.unpack_from(payload)[0])

    async def _talk(self) -> None:
        """Send a packet each interval for as long as there is a connection, whatever the server thinks of it."""
        filler = bytes(FRAME_BYTES - MOMENT.size)
        next_at = time.monotonic() + self._interval_s * self._random.random()
        while True:
            await asyncio.sleep(max(0.0, next_at - time.monotonic()))
            next_at = max(next_at + self._interval_s, time.monotonic())
            media = self.media
            if media is not None and media.client.is_open:
                media.client.send(OPUS, MOMENT.pack(time.monotonic()) + filler)
                media.sent += 1


def _abort(socket: aiohttp.ClientWebSocketResponse) -> None:
    transport = socket._writer.transport
    if transport is not None:
        transport.abort()
