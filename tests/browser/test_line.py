"""A line that is cut, reset, or loses packets; for one person alone, through relays of the test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.browser.office import Booking, Office, seat, until
from tests.browser.person import Person, Stage, see_each_other, through
from tests.relays import TcpRelay, UdpRelay

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


ASLEEP = "() => { const until = Date.now() + 7000; while (Date.now() < until); }"


@dataclass(frozen=True, slots=True)
class Line:
    """The network of one person."""

    tcp: TcpRelay
    udp: UdpRelay

    def cut(self) -> None:
        self.tcp.cut()
        self.udp.cut()

    def mend(self) -> None:
        self.tcp.mend()
        self.udp.mend()


@asynccontextmanager
async def line(office: Office) -> AsyncIterator[Line]:
    relay = UdpRelay(office.media_port, host=office.media_host)
    async with TcpRelay(office.port) as tcp, relay as udp:
        yield Line(tcp, udp)


async def seeker_behind(line: Line, people: Stage, office: Office, booking: Booking) -> Person:
    """A seeker whose every packet goes through the line."""
    device = await people.device(people.browsers.get("seeker"))
    detour = f"{{ port: {office.media_port}, relay: {line.udp.port} }}"
    await device.add_init_script(f"window.watch.detour = {detour};")
    link = through(booking.links["seeker"], line.tcp.port)
    return await people.person("seeker", link, device)


async def meet(seeker: Person, supporter: Person) -> None:
    await seeker.comes()
    await supporter.comes()
    await supporter.admits()
    await see_each_other(seeker, supporter)


async def test_a_line_that_is_cut_and_mended_within_the_grace_gives_the_picture_back(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    async with line(office) as network:
        seeker = await seeker_behind(network, people, office, booking)
        supporter = await people.supporter(booking)
        await meet(seeker, supporter)
        carried = await seeker.carried()
        assert carried["remote"] == f"127.0.0.1:{network.udp.port}", "the detour is taken"
        life = await seeker.life()

        network.cut()
        lost = await office.phase(booking.id, "interrupted", 20)
        assert seat(lost, "seeker")["is_lost"]
        assert seat(lost, "seeker")["present"] is False
        assert lost["verdict"] is None
        await supporter.page.locator('.cover[data-state="other_lost"]').wait_for()
        network.mend()
        await office.phase(booking.id, "live", 20)
        await see_each_other(seeker, supporter)
        assert await seeker.life() == life, "no reload"

        # The router forgets every connection: signalling comes back by itself, the picture never stops.
        peers = (await seeker.carried())["peers"]
        network.udp.forget()
        network.tcp.hang_up()
        await office.until(
            booking.id, lambda s: not seat(s, "seeker")["connected"], "the socket is lost"
        )
        await office.phase(booking.id, "live")
        await see_each_other(seeker, supporter)
        assert (await seeker.carried())["peers"] == peers, "the media connection is kept"
        assert await seeker.life() == life

        shown = await office.session(booking.id)
        assert shown["verdict"] is None
        lines = await office.events(booking.id, "seat.returned")
        assert {each["data"]["seat"] for each in lines} == {"seeker"}
        await seeker.ends()
        await office.ends(booking.id, "completed", None)


async def test_a_line_that_loses_eight_percent_shows_nine_of_ten_frames(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    async with line(office) as network:
        network.udp.loss(0.08, seed=20261122)
        seeker = await seeker_behind(network, people, office, booking)
        supporter = await people.supporter(booking)
        await meet(seeker, supporter)
        both = (seeker, supporter)
        before = await asyncio.gather(*(each.counted() for each in both))

        async def is_enough() -> list[dict[str, Any]] | None:
            now = await asyncio.gather(*(each.counted() for each in both))
            gained = [
                {key: new[key] - old[key] for key in ("sent", "decoded")}
                for new, old in zip(now, before, strict=True)
            ]
            return gained if min(each["sent"] for each in gained) >= 100 else None

        own, other = await until(is_enough, "both have sent a hundred frames", 60)
        assert other["decoded"] >= 0.9 * own["sent"], (own, other)
        assert own["decoded"] >= 0.9 * other["sent"], (own, other)
        for way in (network.udp.up, network.udp.down):
            assert 0.03 < way.lost / (way.lost + way.carried) < 0.15
        await seeker.ends()
        await office.ends(booking.id, "completed", None)


async def test_media_alone_that_is_cut_is_offered_again_on_the_same_connection(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    async with line(office) as network:
        seeker = await seeker_behind(network, people, office, booking)
        supporter = await people.supporter(booking)
        await meet(seeker, supporter)
        [first] = [json.loads(offer) for offer in await seeker.heard("offer")]

        network.udp.cut()

        async def is_offered_again() -> bool:
            return len(await seeker.heard("offer")) > 1

        await until(is_offered_again, "the page has asked for another offer", 20)
        lost = await office.session(booking.id)
        assert seat(lost, "seeker")["connected"], "signalling lives"
        network.udp.mend()
        network.udp.forget()
        await office.phase(booking.id, "live", 20)
        await see_each_other(seeker, supporter)
        offers = [json.loads(offer) for offer in await seeker.heard("offer")]
        assert {offer["media_epoch"] for offer in offers} == {first["media_epoch"]}
        assert offers[1]["sdp"] != first["sdp"]
        assert (await seeker.carried())["peers"] == 1
        await seeker.ends()
        await office.ends(booking.id, "completed", None)


async def test_a_bad_line_is_seen_before_it_dies_and_the_browser_says_so_on_the_return(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    async with line(office) as network:
        seeker = await seeker_behind(network, people, office, booking)
        supporter = await people.supporter(booking)
        await meet(seeker, supporter)

        async def observed(signal: str) -> list[dict[str, Any]]:
            lines = await office.events(booking.id, "seat.observed")
            return [each["data"] for each in lines if each["data"]["signal"] == signal]

        network.udp.loss(0.4, seed=20261122)
        bad, *_ = await until(lambda: observed("line_bad"), "the worker sees the loss", 30)
        assert bad["seat"] == "seeker", "the supporter's line is good, whatever it reports"
        assert 0.1 <= bad["value"] <= 0.7
        await supporter.sees(
            "other-line"
        )  # what the seeker's browser counts, in a word beside their name

        seeker.forgiven.append("ERR_INTERNET_DISCONNECTED")
        await seeker.page.context.set_offline(True)
        network.cut()
        lost = await office.until(booking.id, lambda s: s["verdict"], "the grace is over", 60)
        verdict = lost["verdict"]
        assert (verdict["cause"], verdict["confidence"]) == ("seeker", "likely")
        assert verdict["reason"] == "seeker_line_bad"
        assert {each["signal"] for each in verdict["evidence"]} >= {
            "line_bad",
            "media_silent",
            "signalling_lost",
        }
        assert "ご利用者の回線が不安定" in verdict["sentence"]["ja"]

        network.udp.loss(0.0)
        network.mend()
        await seeker.page.context.set_offline(False)
        await office.phase(booking.id, "live", 30)
        offline, *_ = await until(lambda: observed("page_offline"), "the page tells of it", 15)
        assert offline["seat"] == "seeker"
        assert offline["value"] > 20
        assert (await office.session(booking.id))["verdict"] is None, "who is back may use the rest"

        # A device that sleeps: nothing on the page runs.
        await seeker.page.evaluate(ASLEEP)

        async def slept() -> bool:
            return any(each["value"] > 6.5 for each in await observed("page_asleep"))

        await until(slept, "the page tells of that too", 15)
