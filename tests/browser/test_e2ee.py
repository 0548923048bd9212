"""Media that only the people of a session can open, in real browsers."""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import correlation, pvariance
from typing import Any

import av
import pytest
from aiortc.codecs.vpx import vp8_depayload
from aiortc.rtp import RtpPacket
from playwright.async_api import Browser, WebSocketRoute, expect

from tests.browser.dishonest_server import packets
from tests.browser.office import Booking, Office, running, until
from tests.browser.person import Person, Stage, same_code, see_each_other, stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

VP8, SCREEN, OPUS = 96, 98, 111
MARK = bytes.fromhex("4d674501")
"""The last bytes of a sealed frame."""
CANNOT = "() => { delete window.RTCRtpScriptTransform; }"
"""A browser without encoded transforms."""
FORGET_THE_FIRST = """() => {
  const { set } = Object.getOwnPropertyDescriptor(RTCRtpReceiver.prototype, "transform");
  Object.defineProperty(RTCRtpReceiver.prototype, "transform", {
    set(transform) {
      if (window.watch.peers.length > 0) set.call(this, transform); // one is noted once it has its offer
    },
  });
}"""
"""A browser that forgets what is to open the media of its first connection."""


async def epoch_of(person: Person) -> int:
    """The newest epoch of keys that this page was told of."""
    steps = [json.loads(json.loads(each)["text"]) for each in await person.heard("key")]
    return max((int(step["epoch"]) for step in steps), default=0)


async def test_both_read_the_same_code_and_a_reload_keeps_it(people: Stage, office: Office) -> None:
    booking = await office.book("sealed")
    seeker, supporter = await people.call(booking)
    await asyncio.gather(seeker.hears(), supporter.hears())
    code, epoch = await same_code(seeker, supporter), await epoch_of(supporter)
    await seeker.reloads()
    await see_each_other(seeker, supporter)
    assert await same_code(seeker, supporter) == code
    assert await epoch_of(supporter) > epoch
    await expect(seeker.at("e2ee").locator(".is-open")).to_be_hidden()
    await seeker.at("e2ee").click()
    words = await seeker.page.locator("dialog[open]").inner_text()
    assert f"{code[:3]} {code[3:]}" in words
    assert "2人の番号です" in words
    assert "復号できません" in words
    await seeker.at("sheet-back").click()
    await seeker.at("more").click()
    await expect(seeker.at("menu-secrecy")).to_contain_text(f"{code[:3]} {code[3:]}")


async def test_with_little_to_go_round_the_voice_goes_first(people: Stage, office: Office) -> None:
    seeker, _ = await people.call(await office.book("sealed"))
    limits = await seeker.page.evaluate(
        """() => Object.fromEntries(window.watch.peers.at(-1).getTransceivers().slice(0, 2).map(
          ({ sender }) => [sender.track.kind, sender.getParameters().encodings[0]]))"""
    )
    assert (limits["audio"]["priority"], limits["audio"]["networkPriority"]) == ("high", "high")
    assert (limits["video"]["priority"], limits["video"]["maxBitrate"]) == ("low", 1_700_000)


async def test_who_cannot_encrypt_is_refused_where_it_is_required(
    people: Stage, office: Office
) -> None:
    booking = await office.book("sealed", starts_in=20)
    seeker = await people.seeker(booking)
    await seeker.page.add_init_script(f"({CANNOT})()")
    await seeker.page.goto(seeker.link)
    assert "最新の Chrome" in await seeker.is_refused("encryption_required")
    other = await people.seeker(booking)  # another browser of the same person finds the seat free
    await other.arrives()
    assert (await office.session(booking.id))["phase"] != "ended"


async def test_where_it_is_preferred_the_room_goes_without_and_everybody_is_told(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    await seeker.page.add_init_script(f"({CANNOT})()")
    await asyncio.gather(seeker.comes(), supporter.comes())
    await supporter.admits()
    await see_each_other(seeker, supporter)
    await asyncio.gather(seeker.hears(), supporter.hears())
    for each in (seeker, supporter):
        await expect(each.at("e2ee")).to_have_attribute("data-state", "plain")
        await expect(each.at("e2ee")).to_contain_text("暗号化されていません")
        await expect(each.at("e2ee").locator("svg:visible")).to_have_class(re.compile("is-open"))
    # The same person comes with a browser that can: from now on everything is sealed.
    again = await people.person("seeker", booking.links["seeker"], seeker.page.context)
    await again.page.goto(again.link)
    await see_each_other(again, supporter)
    await same_code(again, supporter)


async def test_keys_that_are_swapped_on_their_way_open_nothing(
    people: Stage, office: Office
) -> None:
    booking = await office.book("sealed")
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)

    def swap(route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def up(text: str | bytes) -> None:
            message = json.loads(text)
            step = json.loads(message["text"]) if message["type"] == "key" else {}
            if step.get("step") == "commit":
                step["identity"] = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
                message["text"] = json.dumps(step)
            server.send(json.dumps(message))

        route.on_message(up)

    await seeker.page.route_web_socket("**/ws", swap)
    await asyncio.gather(seeker.comes(), supporter.comes())
    await supporter.admits()

    async def has_tried() -> bool:
        return await epoch_of(supporter) > 1 and (await supporter.carried())["received"] >= 0

    await until(has_tried, "an epoch of keys that do not fit was begun anew")
    for each in (seeker, supporter):
        assert (await each.carried())["frames"] == 0
        await expect(each.at("e2ee").and_(each.page.locator('[data-state="on"]'))).to_have_count(0)


# ---- three people ----


async def three(people: Stage, office: Office) -> tuple[Person, Person, Person, Booking]:
    """Seeker and supporter talk; an interpreter comes in later."""
    booking = await office.book("sealed", companions=["通訳"])
    seeker, supporter = await people.call(booking)
    [seat] = set(booking.links) - {"seeker", "supporter"}
    return seeker, supporter, await people.person("companion", booking.links[seat]), booking


async def test_a_third_one_gets_new_keys_and_leaves_without_them(
    people: Stage, office: Office
) -> None:
    seeker, supporter, companion, _ = await three(people, office)
    code, epoch = await same_code(seeker, supporter), await epoch_of(supporter)
    await companion.comes()
    await supporter.admits()
    await companion.page.locator('[data-testid="e2ee"][data-state="on"]').wait_for()
    new = await same_code(seeker, supporter, companion)
    assert new != code
    await expect(seeker.at("e2ee")).to_contain_text("3人の通話")
    later = await epoch_of(supporter)
    assert later > epoch
    for each in (seeker, supporter, companion):
        await everybody_moves(each, 2)
    await companion.at("step-out").click()
    await expect(seeker.at("remote-video")).to_have_count(1)
    assert await same_code(seeker, supporter) == code
    assert await epoch_of(supporter) > later


async def everybody_moves(person: Person, count: int) -> None:
    """That many other people are seen, each of them moving."""
    videos = person.at("remote-video")
    shown = await person.page.evaluate(
        "() => [document.body.dataset.view, document.body.innerText]"
    )
    await expect(videos, f"{person.name} is shown {shown}").to_have_count(count, timeout=15_000)
    frames = "(each) => each.map((video) => video.getVideoPlaybackQuality().totalVideoFrames)"
    began: list[int] = await videos.evaluate_all(frames)

    async def moves() -> bool:
        now = await videos.evaluate_all(frames)
        return all(new > old + 5 for new, old in zip(now, began, strict=True))

    await until(moves, f"{person.name} sees {count} others move", within_s=30)


async def test_a_shared_screen_is_seen_large_and_ends_with_a_press(
    people: Stage, office: Office
) -> None:
    booking = await office.book("sealed")
    seeker, supporter = await people.call(booking)
    await supporter.at("share-screen").click()
    await seeker.sees("screen-video", 20)

    async def is_shown() -> bool:
        return bool(await seeker.at("screen-video").evaluate("(video) => video.videoWidth > 0"))

    await until(is_shown, "the shared screen has a picture", within_s=20)
    await expect(seeker.page.locator(".video--screen")).to_contain_text("の画面")
    await expect(seeker.at("share-screen")).to_be_hidden()  # on a narrow page it is in the menu
    await supporter.at("share-screen").click()
    await seeker.sees_no("screen-video")
    await see_each_other(seeker, supporter)


# ---- a server that records ----


@dataclass
class Recovered:
    """What a recorder makes of the packets of one camera."""

    frames: int = 0
    """From the first key frame on."""
    pictures: list[bytes] = field(default_factory=list)
    """What a decoder gave, small and grey."""


def frames_of(record: Path) -> Iterator[tuple[int, bytes]]:
    """SSRC and bytes of each VP8 frame, put together as RFC 7741 says."""
    parts: dict[int, bytes] = {}
    for packet in packets(record):
        if packet[1] & 0x7F != VP8:
            continue
        rtp = RtpPacket.parse(packet)
        begins = bool(rtp.payload[0] & 0x10) and not rtp.payload[0] & 0x07
        before = b"" if begins else parts.get(rtp.ssrc, b"")
        parts[rtp.ssrc] = before + vp8_depayload(rtp.payload)
        if rtp.marker:
            yield rtp.ssrc, parts.pop(rtp.ssrc)


def recover(record: Path) -> list[Recovered]:
    """Decode what was recorded, each camera for itself."""
    cameras: dict[int, Recovered] = {}
    decoders: dict[int, Any] = {}
    for ssrc, frame in frames_of(record):
        is_key = not frame[0] & 1
        if ssrc not in cameras and not is_key:
            continue
        camera = cameras.setdefault(ssrc, Recovered())
        camera.frames += 1
        decoder = decoders.setdefault(ssrc, av.CodecContext.create("vp8", "r"))
        try:
            pictures = decoder.decode(av.Packet(frame))
        except av.FFmpegError:
            continue
        small = (picture.reformat(64, 48, "gray") for picture in pictures)
        camera.pictures += [bytes(picture.planes[0]) for picture in small]
    return list(cameras.values())


def kinds_of(record: Path, *, sealed: bool) -> set[int]:
    """The payload types of which at least one frame that left was sealed, or was not."""
    kinds = set()
    for packet in packets(record):
        kind = packet[1] & 0x7F
        is_last = kind == OPUS or (kind in (VP8, SCREEN) and packet[1] & 0x80)
        if is_last and (payload := RtpPacket.parse(packet).payload):
            kinds |= {kind} if payload.endswith(MARK) is sealed else set()
    return kinds


def is_like(picture: bytes, reference: bytes) -> bool:
    """Whether somebody would know it again: more than noise has in common with it."""
    if len(set(picture)) == 1:
        return False
    return abs(correlation(list(picture), list(reference))) > 0.5


async def record_of(browser: Browser, folder: Path, programme: str) -> Path:
    """What a server writes down of a call of a few seconds; of a shared screen too, where it is sealed."""
    record = folder / "record"
    where = {"DISHONEST_RECORD": str(record)}
    program = "tests.browser.dishonest_server"
    async with (
        running(folder, variables=where, program=program) as office,
        stage(browser, office) as people,
    ):
        booking = await office.book(programme)
        seeker, supporter = await people.seeker(booking), await people.supporter(booking)
        for each in (seeker, supporter):
            await each.page.add_init_script("window.watch.isUnmeasured = true;")
        await asyncio.gather(seeker.comes(), supporter.comes())
        await supporter.admits()
        await see_each_other(seeker, supporter)
        if programme == "sealed":
            await same_code(seeker, supporter)
            await supporter.at("share-screen").click()
            await seeker.sees("screen-video", 20)

        async def is_enough() -> bool:
            carried = await asyncio.gather(seeker.carried(), supporter.carried())
            return min(each["frames"] for each in carried) > 60

        await until(is_enough, "both have seen sixty frames", within_s=40)
    return record


async def test_a_server_that_records_has_everything_without_and_nothing_with(
    browser: Browser,
) -> None:
    with tempfile.TemporaryDirectory(prefix="mg-") as folder:
        record = await record_of(browser, Path(folder), "plain")
        plain = recover(record)
        assert kinds_of(record, sealed=True) == set()
    with tempfile.TemporaryDirectory(prefix="mg-") as folder:
        record = await record_of(browser, Path(folder), "sealed")
        sealed = recover(record)
        assert kinds_of(record, sealed=True) == {VP8, SCREEN, OPUS}
        assert kinds_of(record, sealed=False) == set()
    assert len(plain) == len(sealed) == 2
    for camera in plain:
        assert camera.frames > 50
        assert len(camera.pictures) == camera.frames
    # What the made-up camera shows comes and goes in turns: where most of it is there, it is like most of the others.
    fullest = [max(camera.pictures, key=pvariance) for camera in plain]
    for camera in sealed:
        assert camera.frames > 50
        known = [one for one in camera.pictures for other in fullest if is_like(one, other)]
        assert known == []
    for camera, reference in zip(plain, fullest, strict=True):
        known = [one for one in camera.pictures if is_like(one, reference)]
        assert len(known) > len(camera.pictures) / 3, "it would be noticed"


async def test_a_transform_that_the_browser_forgets_shows_nothing_and_is_mended(
    people: Stage, office: Office
) -> None:
    """As Chromium does with one that comes too late (w3c/webrtc-encoded-transform#314)."""
    booking = await office.book("sealed")
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    await seeker.page.add_init_script(f"({FORGET_THE_FIRST})()")
    await asyncio.gather(seeker.comes(), supporter.comes())
    await supporter.admits()
    await supporter.sees_picture()

    async def is_second() -> bool:
        assert (await seeker.carried())["peers"] > 1 or await seeker.shown() == 0
        return bool((await seeker.carried())["peers"] > 1)

    await until(is_second, "the page asks for another connection", within_s=40)
    await see_each_other(seeker, supporter)
