"""Whatever one person sends gets a typed answer or ends their own connection; the others keep their picture."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from tests.browser.office import Office, until
from tests.browser.person import Person, Stage, see_each_other

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@dataclass(slots=True)
class RawPage:
    """A client that sends what it likes."""

    socket: aiohttp.ClientWebSocketResponse
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def says(self, message: object) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        await self.socket.send_str(text)

    async def hello(self, link: str) -> None:
        await self.says({"type": "hello", "version": 1, "link": link, "language": "ja"})
        await self.hears("welcome")

    async def hears(self, kind: str, within_s: float = 5.0) -> dict[str, Any]:
        """The next message of that type; others are passed over."""
        async with asyncio.timeout(within_s):
            while True:
                message: dict[str, Any] = await self.socket.receive_json()
                self.heard.append(message)
                if message["type"] == kind:
                    return message

    async def is_closed(self, within_s: float = 5.0) -> int:
        """The code that the server closes with."""
        async with asyncio.timeout(within_s):
            while not self.socket.closed:
                frame = await self.socket.receive()
                if frame.type is aiohttp.WSMsgType.TEXT:
                    self.heard.append(frame.json())
        assert self.socket.close_code is not None
        return self.socket.close_code


@asynccontextmanager
async def raw_page(office: Office, path: str = "/room") -> AsyncIterator[RawPage]:
    """A client with the cookie and the origin that a page has."""
    jar = aiohttp.CookieJar(unsafe=True)  # a host without a name may have cookies too
    async with aiohttp.ClientSession(office.base_url, cookie_jar=jar) as browser:
        async with browser.get(path) as page:
            assert page.status == 200
        headers = {"Origin": office.base_url}
        async with browser.ws_connect("/ws", headers=headers, autoping=True) as socket:
            yield RawPage(socket)


async def keeps_seeing(person: Person, done: asyncio.Event) -> None:
    """Frames never stop for longer than a second and a half, and go on afterwards."""
    frames = (await person.carried())["frames"]
    is_last = False
    while not is_last:
        is_last, before = done.is_set(), frames

        async def moves(before: int = before) -> int:
            now = int((await person.carried())["frames"])
            return now if now > before else 0

        frames = await until(moves, f"{person.name}'s picture moves on", 1.5, 0.05)


def secret(link: str) -> str:
    return link.partition("#")[2]


@asynccontextmanager
async def picture_never_stops(*people: Person) -> AsyncIterator[None]:
    """Meanwhile everybody's frames go on."""
    done = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for person in people:
            group.create_task(keeps_seeing(person, done))
        try:
            yield
        finally:
            done.set()


async def test_garbage_is_answered_and_disturbs_nobody(people: Stage, office: Office) -> None:
    booking = await office.book("talk")
    link = secret((await office.book("talk")).links["seeker"])
    seeker, supporter = await people.call(booking)
    async with picture_never_stops(seeker, supporter):
        await malformed_messages(office, link)
    async with picture_never_stops(seeker, supporter):
        await frames_that_are_too_large(office, link)
        await a_flood(office, link)
        await without_a_hello(office)
    async with picture_never_stops(seeker, supporter):
        await from_a_stranger(office, secret(booking.links["seeker"]))
        await out_of_order(seeker, supporter)
    assert await office.events(booking.id, "seat.lost") == []
    async with picture_never_stops(seeker, supporter):
        await until_it_is_closed(seeker)
    assert (await office.session(booking.id))["verdict"] is None
    await seeker.reloads()
    await see_each_other(seeker, supporter)
    await office.phase(booking.id, "live")
    await seeker.ends()
    await office.ends(booking.id, "completed", None)


async def until_it_is_closed(seeker: Person) -> None:
    """The fifth malformed message closes, and even then the other one keeps the picture that is sent."""
    await seeker.disobeys()
    for number in range(1, 6):
        await seeker.sends('{"type": "explode"}')

        async def is_answered(number: int = number) -> bool:
            return len(await seeker.heard("error")) == number

        await until(is_answered, f"malformed message {number} is answered")
    await seeker.is_refused("protocol")


async def malformed_messages(office: Office, link: str) -> None:
    """Each is answered by its kind; the fifth closes."""
    async with raw_page(office) as page:
        await page.hello(link)
        for message, code in (
            ({"type": "explode"}, "unknown_type"),
            ('{"type": "join", ', "not_json"),
            ({"type": "join", "terms_version": 7, "attestations": []}, "bad_field"),
            ({"type": "hello", "version": 1, "link": link, "language": "ja"}, "out_of_order"),
        ):
            await page.says(message)
            assert (await page.hears("error"))["code"] == code
        await page.says({"type": "explode"})
        assert await page.is_closed() == 4400


async def frames_that_are_too_large(office: Office, link: str) -> None:
    async with raw_page(office) as page:
        await page.hello(link)
        sdp = "v" * 40_000
        await page.says({"type": "answer", "media_epoch": 1, "sdp": sdp})
        assert (await page.hears("error"))["code"] == "bad_field"
        await page.says("x" * 70_000)
        assert await page.is_closed() == 1009


async def a_flood(office: Office, link: str) -> None:
    async with raw_page(office) as page:
        await page.hello(link)
        for _ in range(120):
            await page.says({"type": "pong", "server_time": "2026-11-22T00:00:00.000Z"})
        assert await page.is_closed() == 4429


async def without_a_hello(office: Office) -> None:
    """Before hello nothing is known, and nothing is told."""
    async with raw_page(office) as page:
        await page.says({"type": "admit", "seat": "seeker"})
        assert await page.is_closed() == 4400
    async with raw_page(office) as page:
        await page.says({"type": "hello", "version": 1, "link": "A" * 22, "language": "ja"})
        assert await page.is_closed() == 4410
        assert [message["type"] for message in page.heard] == ["refused"]
        assert page.heard[0]["code"] == "link_unknown"
    async with aiohttp.ClientSession(office.base_url) as elsewhere:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await elsewhere.ws_connect("/ws", headers={"Origin": "https://elsewhere.example"})
        assert refused.value.status == 403


async def from_a_stranger(office: Office, link: str) -> None:
    """Another device with the seeker's link is asked about, and may do nothing meanwhile."""
    async with raw_page(office) as page:
        await page.says({"type": "hello", "version": 1, "link": link, "language": "ja"})
        welcome = await page.hears("welcome")
        assert welcome["you"]["device"] == "asked"
        assert welcome["you"]["seat"] is None
        for message in (
            {"type": "end", "works": True},
            {"type": "answer_claim", "seat": "seeker", "agrees": True},
            {"type": "choose_slot", "option": "1"},
            {"type": "answer", "media_epoch": 1, "sdp": "v=0"},
            {"type": "renew_media"},
            {"type": "step_out"},
        ):
            await page.says(message)
            refused = await page.hears("refused")
            assert refused["code"] in {"not_your_seat", "not_connected"}, message
            assert refused["closes"] is False


async def out_of_order(seeker: Person, supporter: Person) -> None:
    """From the real pages' own sockets: what does not fit the role or the moment is refused, and no more."""
    for person, message, code in (
        (seeker, {"type": "admit", "seat": "seeker"}, "not_your_seat"),
        (seeker, {"type": "answer_end", "agrees": True}, "nothing_asked"),
        (seeker, {"type": "wait"}, "nothing_asked"),
        (seeker, {"type": "choose_slot", "option": "1"}, "reschedule_closed"),
        (supporter, {"type": "end", "works": True}, "not_your_seat"),
        (supporter, {"type": "admit", "seat": "nobody"}, "nobody_in_lobby"),
        (supporter, {"type": "release_seat"}, "not_live"),
    ):
        already = len(await person.heard("refused"))
        await person.sends(json.dumps(message))

        async def is_refused(person: Person = person, already: int = already) -> str | None:
            refusals = await person.heard("refused")
            return refusals[already] if len(refusals) > already else None

        refused = json.loads(await until(is_refused, f"{message} is refused"))
        assert (refused["code"], refused["closes"]) == (code, False), message
