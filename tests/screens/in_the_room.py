"""Stories of the call: the picture, its sheets, what is lost and comes back, other media."""

from __future__ import annotations

import asyncio
from typing import Any

from playwright.async_api import expect

from tests.browser.office import Booking
from tests.browser.person import DESK, Person, see_each_other, through
from tests.browser.test_e2ee import CANNOT
from tests.browser.test_line import Line, line, seeker_behind
from tests.browser.test_phone import TAKE_CAMERA
from tests.screens.scene import MEMO, NOTED, START_S, Scene
from tests.screens.way_in import NO_CALLS

IS_DRAWN = """() => {
  const { readyState, videoWidth } = document.querySelector('[data-testid="screen-video"]');
  return readyState > 1 && videoWidth > 320;
}"""

BUSY = """() => {
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    if (window.isBusy) throw new DOMException("", "NotReadableError");
    return real(wish);
  };
}"""
PLAYS_AT_A_TAP = """() => {
  const { play } = HTMLMediaElement.prototype;
  let isTouched = false;
  document.addEventListener("click", () => (isTouched = true), { capture: true });
  HTMLMediaElement.prototype.play = function () {
    if (isTouched) return play.call(this);
    return Promise.reject(new DOMException("", "NotAllowedError"));
  };
  document.querySelector('[data-testid="remote-video"]').pause();
}"""
"""Some browsers let nothing be heard before the page was touched."""


async def opens_more(person: Person, *testids: str) -> None:
    """Open «more» and press one thing after the other."""
    for testid in ("more", *testids):
        await person.at(testid).first.click()


async def backs_out(person: Person) -> None:
    """Close the sheet."""
    await person.page.keyboard.press("Escape")
    await expect(person.page.locator("dialog[open]")).to_have_count(0)


async def talking(
    scene: Scene, programme: str = "counter", **more: Any
) -> tuple[str, Person, Person]:
    """Two people in a call."""
    booking = await scene.books(programme, **more)
    seeker, supporter = [
        await scene.people.seeker(booking),
        await scene.people.supporter(booking),
    ]
    await asyncio.gather(seeker.comes(), supporter.comes())
    await admitted(scene, booking, supporter)
    await see_each_other(seeker, supporter, within_s=40)
    return booking.id, seeker, supporter


async def admitted(scene: Scene, booking: Booking, supporter: Person) -> None:
    """The supporter lets in who waits, as soon as it has begun."""
    await scene.office.phase(booking.id, "waiting", START_S)
    await supporter.admits()


async def call(scene: Scene) -> None:
    """Everything that can be opened in a call."""
    _, seeker, supporter = await talking(scene)
    await expect(seeker.page.locator('[data-testid="e2ee"][data-state="on"]')).to_be_visible(
        timeout=20_000
    )
    await scene.takes("call-seeker", seeker)
    await scene.takes("call-supporter", supporter)
    await scene.takes("call-lying", seeker)
    await opens_more(seeker)
    await scene.takes("call-more", seeker)
    await backs_out(seeker)
    await seeker.at("e2ee").click()
    await scene.takes("call-secrecy", seeker)
    await backs_out(seeker)
    await seeker.at("end").click()
    await seeker.sees("confirm-end")
    await scene.takes("call-leave", seeker)
    await backs_out(seeker)
    await opens_more(seeker, "menu-devices")
    await seeker.page.locator("dialog[open] input[type=radio]").first.wait_for()
    await scene.takes("call-devices", seeker)
    await backs_out(seeker)
    await opens_more(seeker, "menu-stop")
    await scene.takes("call-stop", seeker)
    await seeker.at("stop-conduct").click()
    await seeker.sees("stop-yes")
    await scene.takes("call-stop-sure", seeker)
    await backs_out(seeker)
    await opens_more(seeker, "menu-problem")
    await scene.takes("call-problem", seeker)
    await backs_out(seeker)


async def disturbed(scene: Scene) -> None:
    """A camera that another program takes, a browser that plays nothing before a tap, and one that makes no calls."""
    booking = await scene.books()
    seeker, supporter = [
        await scene.people.seeker(booking),
        await scene.people.supporter(booking),
    ]
    await seeker.page.add_init_script(f"({BUSY})()")
    await asyncio.gather(seeker.comes(), supporter.comes())
    await admitted(scene, booking, supporter)
    await see_each_other(seeker, supporter, within_s=40)
    await seeker.page.evaluate(PLAYS_AT_A_TAP)
    await seeker.sees("tap-to-hear")
    await scene.takes("call-tap", seeker)
    await seeker.at("tap-to-hear").click()
    await seeker.sees_no("tap-to-hear")
    await seeker.page.evaluate("() => { window.isBusy = true; }")
    await seeker.page.evaluate(TAKE_CAMERA)
    await seeker.sees("taken")
    await scene.takes("call-taken", seeker)
    blocked = await scene.books()
    unable, host = [
        await scene.people.seeker(blocked),
        await scene.people.supporter(blocked),
    ]
    await unable.page.add_init_script(f"({NO_CALLS})()")
    await asyncio.gather(unable.comes(), host.comes())
    await admitted(scene, blocked, host)
    await unable.page.locator('.cover[data-state="blocked"]').wait_for(timeout=30_000)
    await scene.takes("call-blocked", unable)


async def unsealed(scene: Scene) -> None:
    """Somebody's browser cannot encrypt from end to end, and the programme does not insist."""
    booking = await scene.books()
    seeker, supporter = [
        await scene.people.seeker(booking),
        await scene.people.supporter(booking),
    ]
    await supporter.page.add_init_script(f"({CANNOT})()")
    await asyncio.gather(seeker.comes(), supporter.comes())
    await admitted(scene, booking, supporter)
    await see_each_other(seeker, supporter, within_s=40)
    await seeker.is_marked("e2ee", state="plain")
    await scene.takes("call-plain", seeker)
    await seeker.at("e2ee").click()
    await scene.takes("call-plain-why", seeker)


async def agreeing(scene: Scene) -> None:
    """Lines, the next session, notes, an early end."""
    ja = scene.language == "ja"
    noted = {"seeker_reference": "M-2026-0417", "seeker_note": NOTED[scene.language]}
    _, seeker, supporter = await talking(scene, **noted)
    await supporter.at("tab-chat").click()
    await supporter.at("chat-field").fill(
        "資料は https://example.org/shiryo です"
        if ja
        else "The paper is at https://example.org/paper"
    )
    await supporter.at("chat-send").click()
    await seeker.at("chat").click()
    await seeker.at("chat-field").fill("ありがとうございます" if ja else "Thank you")
    await seeker.at("chat-send").click()
    await expect(seeker.at("chat-drawer").get_by_role("listitem")).to_have_count(2)
    await scene.takes("call-chat", seeker)
    for each in (seeker, supporter):
        await each.page.keyboard.press("Escape")
    await opens_more(supporter, "menu-next")
    await supporter.sees("slot-option")
    await scene.takes("call-next-staff", supporter)
    await backs_out(supporter)
    await seeker.at("next-look").click()
    await seeker.sees("slot-option")
    await scene.takes("call-next", seeker)
    await backs_out(seeker)
    await supporter.at("tab-memo").click()
    await supporter.at("memo").fill(MEMO[scene.language])
    await supporter.at("noted-open").click()
    await supporter.sees("noted-close")
    await scene.takes("call-memo", supporter)
    await supporter.asks_to_end()
    await seeker.sees("refuse-end")
    await scene.takes("call-end-asked", seeker)
    await supporter.sees("end-asked")
    await scene.takes("call-end-wait", supporter)


async def otherwise(scene: Scene) -> None:
    """A camera that is off, a screen, sound only, stepping out."""
    booking, seeker, supporter = await talking(scene)
    await seeker.page.locator(".ctl[aria-pressed=true]").nth(1).click()
    await expect(supporter.at("no-picture")).to_be_visible()
    await scene.takes("call-camera-off", supporter)
    await seeker.page.locator(".ctl[aria-pressed=false]").first.click()
    await expect(supporter.at("no-picture")).to_be_hidden()
    await supporter.at("share-screen").click()
    await shows_the_screen(seeker)
    await scene.takes("call-screen", seeker)
    await supporter.at("share-screen").click()
    await seeker.steps_out()
    await seeker.sees("return")
    await scene.takes("away", seeker)
    await supporter.page.locator('.cover[data-state="other_lost"]').wait_for()
    await scene.takes("call-out-other", supporter)
    await seeker.at("return").click()
    await see_each_other(seeker, supporter)
    await opens_more(seeker, "menu-audio")
    await seeker.sees("no-picture")
    await scene.office.until(booking, lambda s: s["medium"] == "audio", "by sound only")
    await scene.takes("call-sound", seeker)


async def shows_the_screen(person: Person) -> None:
    """The shared screen is there, and the picture under it is back: a new stream is sealed anew."""
    await person.at("screen-video").wait_for(timeout=30_000)
    await person.page.wait_for_function(IS_DRAWN, timeout=30_000)
    await person.is_marked("e2ee", 30, state="on")
    await person.sees_picture(40)


async def three(scene: Scene) -> None:
    """With an interpreter."""
    name = "通訳" if scene.language == "ja" else "Interpreter"
    booking = await scene.books(companions=[name])
    seeker, supporter = [
        await scene.people.seeker(booking),
        await scene.people.supporter(booking),
    ]
    interpreter = await scene.people.person(name, booking.links["companion-1"])
    await interpreter.arrives()
    await scene.takes("door-companion", interpreter)
    await asyncio.gather(seeker.comes(), supporter.comes(), interpreter.joins())
    await scene.takes("lobby-companion", interpreter)
    await admitted(scene, booking, supporter)
    await expect(supporter.at("remote-video")).to_have_count(2, timeout=30_000)
    await see_each_other(seeker, supporter, interpreter, within_s=40)
    await scene.takes("call-three", supporter)
    await scene.takes("call-companion", interpreter)
    await supporter.at("share-screen").click()
    await shows_the_screen(seeker)
    await scene.takes("call-three-screen", seeker)
    await seeker.ends()
    await interpreter.is_told("completed", None)
    await scene.takes("after-companion", interpreter)


async def watched(scene: Scene) -> None:
    """Somebody of the office looks on, and everybody is told before they agree."""
    name = "山田" if scene.language == "ja" else "Yamada"
    await scene.office.staff_token(name, "scheduler")
    booking = await scene.books("watched", observer=name)
    seeker, supporter = [
        await scene.people.seeker(booking),
        await scene.people.supporter(booking),
    ]
    observer = await scene.people.person(name, booking.links["observer"], viewport=DESK)
    await seeker.arrives()
    await seeker.sees("observer")
    await scene.takes("door-watched", seeker)
    await asyncio.gather(seeker.joins(), supporter.comes(), observer.comes())
    await admitted(scene, booking, supporter)
    await expect(observer.at("remote-video")).to_have_count(2, timeout=30_000)
    await see_each_other(seeker, supporter, observer, within_s=40)
    await scene.takes("call-watched", seeker)
    await scene.takes("call-observer", observer)


async def warnings(scene: Scene) -> None:
    """The two notices before the end."""
    for name, programme in (("call-warning-5", "ends_in_5"), ("call-warning-1", "ends_in_1")):
        _, seeker, _ = await talking(scene, programme)
        await seeker.sees("warning", 60)
        await scene.takes(name, seeker)


async def lost(scene: Scene) -> None:
    """A line that is cut, seen from both sides."""
    booking = await scene.books()
    async with line(scene.office) as network:
        seeker = await seeker_behind(network, scene.people, scene.office, booking)
        seeker.forgiven.append("WebSocket|ERR_")
        supporter = await scene.people.supporter(booking)
        await asyncio.gather(seeker.comes(), supporter.comes())
        await admitted(scene, booking, supporter)
        await see_each_other(seeker, supporter)
        network.cut()
        await supporter.page.locator('.cover[data-state="other_lost"]').wait_for(timeout=30_000)
        await scene.takes("call-lost-other", supporter)
        await seeker.page.locator('.cover[data-state="offline"]').wait_for(timeout=30_000)
        await scene.takes("call-lost-self", seeker)


async def lost_there(scene: Scene) -> None:
    """The supporter's line is cut."""
    booking = await scene.books()
    async with line(scene.office) as network:
        supporter = await behind(network, scene, booking.links["supporter"])
        supporter.forgiven.append("WebSocket|ERR_")
        seeker = await scene.people.seeker(booking)
        await asyncio.gather(seeker.comes(), supporter.comes())
        await admitted(scene, booking, supporter)
        await see_each_other(seeker, supporter, within_s=40)
        network.cut()
        await seeker.page.locator('.cover[data-state="other_lost"]').wait_for(timeout=30_000)
        await scene.takes("call-lost-supporter", seeker)
        await supporter.page.locator('.cover[data-state="offline"]').wait_for(timeout=30_000)
        await scene.takes("call-lost-staff", supporter)


async def behind(network: Line, scene: Scene, link: str) -> Person:
    """A supporter whose every packet goes through the line."""
    device = await scene.people.device(viewport=DESK)
    detour = f"{{ port: {scene.office.media_port}, relay: {network.udp.port} }}"
    await device.add_init_script(f"window.watch.detour = {detour};")
    return await scene.people.person("supporter", through(link, network.tcp.port), device)


async def missing(scene: Scene) -> None:
    """No media gets through."""
    booking = await scene.books()
    async with line(scene.office) as network:
        network.udp.cut()
        seeker = await seeker_behind(network, scene.people, scene.office, booking)
        supporter = await scene.people.supporter(booking)
        await asyncio.gather(seeker.comes(), supporter.comes())
        await admitted(scene, booking, supporter)
        await seeker.sees("media-phone", 45)
        await scene.takes("call-missing", seeker)
        await supporter.page.locator('.cover[data-state="missing"]').wait_for()
        await scene.takes("call-missing-staff", supporter)


async def waiting(scene: Scene) -> None:
    """The supporter does not come back: the seeker is asked, and does not answer."""
    _, seeker, supporter = await talking(scene, "graceless")
    await supporter.closes_the_page()
    await seeker.sees("wait", 20)
    await seeker.sees("slot-option", 20)
    await scene.takes("call-wait", seeker)
    await seeker.is_told("interrupted", "supporter", 60)
    await seeker.sees("slot-option")
    await scene.takes("after-interrupted-supporter", seeker)
