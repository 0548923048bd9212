"""An example of a participant that is no page: docs/protocol.md, over whatever peer connection there is.

It says hello, answers pings, joins, lets the seeker in, and gives each offer to its peer. What it leaves out is what a
page does for people: coming back after a loss, saying how the line is, chat. A programme with `e2ee = "required"` keeps
it out, for it cannot encrypt from end to end.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import aiohttp


class Peer(Protocol):
    """One media connection."""

    async def answer(self, sdp: str) -> str:
        """Take an offer, the first or one of the same connection, and write the answer."""

    async def close(self) -> None:
        """Be gone."""


class Participant:
    """One person with one link; use it as an asynchronous context manager.

    Args:
        link: URL with the secret in its fragment, as the server printed it.
        make_peer: makes a connection for each new media epoch, with the tracks that it will send.
    """

    def __init__(self, link: str, make_peer: Callable[[], Peer]) -> None:
        parts = urlsplit(link)
        self.url = f"{parts.scheme}://{parts.netloc}/ws"
        self.session: dict[str, Any] = {}
        """As the server told it last."""
        self.refused: list[str] = []
        self._secret = parts.fragment
        self._make_peer = make_peer
        self._peer: Peer | None = None
        self._media_epoch = 0
        self._programme: dict[str, Any] = {}
        self._asked: set[str] = set()
        """What was said once: `join`, and the seats that were let in."""

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()
        # No Origin and no cookie: we are no browser, and a new device each time.
        self._socket = await self._http.ws_connect(self.url)
        await self.say("hello", version=1, link=self._secret, language="en")
        self._talking = asyncio.ensure_future(self._converse())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._talking.cancel()
        await asyncio.gather(self._talking, return_exceptions=True)
        if not self._socket.closed:
            await self.say("leaving")
        await self._socket.close()
        await self._http.close()
        if self._peer is not None:
            await self._peer.close()

    async def say(self, kind: str, **fields: object) -> None:
        """Send a message."""
        await self._socket.send_str(json.dumps({"type": kind, **fields}))

    async def _converse(self) -> None:
        async for frame in self._socket:
            message = json.loads(frame.data)
            match message["type"]:
                case "ping":
                    await self.say("pong", server_time=message["server_time"])
                case "welcome":
                    self._programme = message["programme"]
                    await self._do_what_is_possible(message["session"])
                case "session":
                    await self._do_what_is_possible(message["session"])
                case "offer":
                    await self._answer(message["media_epoch"], message["sdp"])
                case "refused":
                    self.refused.append(message["code"])

    async def _do_what_is_possible(self, session: dict[str, Any]) -> None:
        """Join, and let in who waits in the lobby, each once as soon as the server says that it can be done."""
        self.session = session
        if "join" in session["can"] and "join" not in self._asked:
            self._asked.add("join")
            await self.say(
                "join",
                terms_version=self._programme["terms_version"],
                attestations=self._programme["attestations"],
            )
        if "admit" in session["can"]:
            for each in session["seats"]:
                if each["presence"] == "lobby" and each["seat"] not in self._asked:
                    self._asked.add(each["seat"])
                    await self.say("admit", seat=each["seat"])

    async def _answer(self, media_epoch: int, sdp: str) -> None:
        if self._peer is None or media_epoch != self._media_epoch:
            if self._peer is not None:
                await self._peer.close()
            self._peer, self._media_epoch = self._make_peer(), media_epoch
        await self.say("answer", media_epoch=media_epoch, sdp=await self._peer.answer(sdp))
