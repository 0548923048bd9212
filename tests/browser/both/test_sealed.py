"""Encryption from end to end between Chromium and Firefox, and between two Firefoxes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.browser.both.pairs import pairs
from tests.browser.office import Booking, Office, until
from tests.browser.person import Person, Stage, same_code, see_each_other
from tests.browser.test_line import Line, meet, seeker_behind
from tests.relays import TcpRelay, UdpRelay

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

AEAD_AES_256_GCM = 0x0008
"""Its number in DTLS (RFC 7714 §14.2)."""
EVERYBODY = ("Chromium Firefox", "Firefox Chromium", "Firefox Firefox")
OTHERS = "(videos) => videos.map((one) => window.watch.frames(one))"


async def moves(person: Person, others: int) -> None:
    """That many others are seen moving, and heard."""
    videos = person.at("remote-video")
    began: list[int] = []

    async def is_so() -> bool:
        now: list[int] = await videos.evaluate_all(OTHERS)
        if len(began) != len(now) or any(new < old for new, old in zip(now, began, strict=True)):
            began[:] = now
        is_moving = all(new > old + 3 for new, old in zip(now, began, strict=True))
        return len(now) == others and is_moving and (await person.counted())["voices"] >= others

    await until(is_so, f"{person.name} sees and hears {others} others", 40)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("programme", ["sealed", "talk"], ids=["required", "preferred"])
@pairs(long=EVERYBODY)
async def test_both_see_and_hear_under_one_code_which_a_reload_keeps(
    people: Stage, office: Office, programme: str
) -> None:
    booking = await office.book(programme)
    both = await people.call(booking)
    await asyncio.gather(*(each.hears() for each in both))
    code = await same_code(*both)
    for each in both:
        await each.reloads()
        await see_each_other(*both)
        await asyncio.gather(*(one.hears() for one in both))
        assert await same_code(*both) == code, f"{each.name} reloads"
    await both[0].ends()
    await office.ends(booking.id, "completed", None)


async def third(people: Stage, office: Office) -> tuple[Booking, Person, Person, Person]:
    """A call to which an interpreter comes."""
    booking = await office.book("sealed", companions=["通訳"])
    seeker, supporter = await people.call(booking)
    companion = await people.person("companion", booking.links["companion-1"])
    return booking, seeker, supporter, companion


@pytest.mark.timeout(180)
@pairs(long=("Chromium Chromium Firefox", "Firefox Chromium Firefox", "Firefox Firefox Chromium"))
async def test_a_third_one_comes_reloads_and_goes(people: Stage, office: Office) -> None:
    booking, seeker, supporter, companion = await third(people, office)
    of_two = await same_code(seeker, supporter)
    await companion.comes()
    await supporter.admits()
    everybody = (seeker, supporter, companion)
    await asyncio.gather(*(moves(each, 2) for each in everybody))
    of_three = await same_code(*everybody)
    assert of_three != of_two
    await companion.reloads()
    await asyncio.gather(*(moves(each, 2) for each in everybody))
    assert await same_code(*everybody) == of_three
    await companion.steps_out()
    await asyncio.gather(*(moves(each, 1) for each in (seeker, supporter)))
    assert await same_code(seeker, supporter) == of_two
    await seeker.ends()
    await office.ends(booking.id, "completed", None)


# ---- what packets are protected with -------------------------------------------------------------


class Listening(UdpRelay):
    """Keeps what comes down, as long as it is the handshake."""

    def __init__(self, target_port: int, host: str) -> None:
        super().__init__(target_port, host=host)
        self.heard: list[bytes] = []

    def answer(self, data: bytes, client: tuple[str, int]) -> None:
        if 20 <= data[0] <= 63:
            self.heard.append(data)
        super().answer(data, client)


def protections(datagrams: list[bytes]) -> Iterator[int]:
    """The SRTP profile that each ServerHello has chosen: in DTLS 1.2 it is not encrypted (RFC 5764 §4.1.1)."""
    for data in datagrams:
        if data[0] != 22 or data[13] != 2:
            continue
        at = 25 + 2 + 32  # headers of record and handshake, version, random
        at += (
            1 + data[at] + 2 + 1 + 2
        )  # session, cipher suite, compression, length of the extensions
        while at + 4 <= len(data):
            kind, length = (int.from_bytes(data[at + i : at + i + 2], "big") for i in (0, 2))
            if kind == 14:
                yield int.from_bytes(data[at + 6 : at + 8], "big")
            at += 4 + length


@pairs(long=("Firefox Chromium", "Chromium Chromium"))
async def test_packets_are_under_aes_256_gcm(people: Stage, office: Office) -> None:
    booking = await office.book("plain")
    async with (
        TcpRelay(office.port) as tcp,
        Listening(office.media_port, office.media_host) as udp,
    ):
        seeker = await seeker_behind(Line(tcp, udp), people, office, booking)
        await meet(seeker, await people.supporter(booking))
        assert set(protections(udp.heard)) == {AEAD_AES_256_GCM}
        await seeker.ends()
        await office.ends(booking.id, "completed", None)
