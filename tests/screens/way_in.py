"""Stories of the way in: pages of the house, door, check, waiting room, another device."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from playwright.async_api import Route, WebSocketRoute, expect

from tests.browser.office import Booking, until
from tests.browser.person import Person
from tests.browser.test_line import line, seeker_behind
from tests.browser.test_phone import SEVEN_MINUTES_FAST
from tests.screens.scene import START_S, Scene, hears
from tests.screens.table import ENDS_THE_PAGE, NOTED

DAY = 86_400
DEVICES = """(failure) => {
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    if (failure === "never") return new Promise(() => {});
    if (failure === "no camera" && !wish.video) return real(wish);
    if (failure === "in use" && !wish.video) return real(wish);
    if (failure === "no microphone" && !wish.audio) return real(wish);
    const names = { refused: "NotAllowedError", system: "NotAllowedError", "in use": "NotReadableError" };
    const said = failure === "system" ? "Permission denied by system" : "";
    throw new DOMException(said, names[failure] ?? "NotFoundError");
  };
}"""
"""A browser whose devices are not as one wishes; everything else of it is real."""
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Mobile Safari/537.36"
)
OLD_IPHONE = f"{IPHONE.replace('18_1', '14_2')} Version/14.0 Mobile/15E148 Safari/604.1"
NO_SOCKETS = """() => {
  window.WebSocket = class {
    constructor() {
      throw new DOMException("blocked", "SecurityError");
    }
  };
}"""
NO_CALLS = "() => { delete window.RTCPeerConnection; }"
"""Blockers can do both."""
DRAINING = {"type": "refused", "code": "draining", "closes": True}
FAR_AWAY = "America/New_York"


async def house(scene: Scene) -> None:
    """Pages without a session."""
    for name, path in (("index", "/"), ("not-found", "/rooom")):
        visitor = await scene.visitor(path)
        await visitor.page.goto(visitor.link)
        await scene.takes(name, visitor)
    old = await scene.visitor("/room#any")
    await old.page.route("**/room", as_an_old_browser)
    await old.page.goto(old.link)
    await old.is_refused("browser_too_old")
    await scene.takes("old-browser", old)


async def as_an_old_browser(route: Route) -> None:
    """What a browser without modules makes of the page: it skips those, and runs what the others skip."""
    answer = await route.fetch()
    text = (await answer.text()).replace('type="module"', 'type="unknown"')
    await route.fulfill(response=answer, body=text.replace("<script nomodule", "<script"))


async def inside(scene: Scene) -> None:
    """A link that was opened in a page of another program."""
    programs = {"inside": "Safari Line/14.2.1", "inside-other": "Mobile/15E148"}
    for name, program in programs.items():
        booking = await scene.books(starts_in=540)
        seeker = await scene.people.seeker(booking, user_agent=f"{IPHONE} {program}")
        await seeker.page.goto(seeker.link)
        await seeker.sees("inside")
        await scene.takes(name, seeker)


async def connecting(scene: Scene) -> None:
    """A server that does not answer."""
    booking = await scene.books(starts_in=600)
    seeker = await scene.people.seeker(booking)

    async def is_silent(_: WebSocketRoute) -> None:
        pass

    await seeker.page.route_web_socket("**/ws", is_silent)
    await seeker.page.goto(seeker.link)
    await expect(seeker.page.locator("body")).to_have_attribute("data-view", "connecting")
    await scene.takes("connecting", seeker)
    await seeker.page.context.set_offline(True)
    await seeker.is_marked("connecting", why="offline")
    await scene.takes("connecting-offline", seeker)
    await seeker.page.context.set_offline(False)


async def unreached(scene: Scene) -> None:
    """What keeps a page from the server, as far as it can be known."""
    link = (await scene.books(starts_in=600)).links["seeker"]
    answers: dict[str, dict[str, int]] = {
        "connecting-blocked": {},
        "connecting-full": {"**/ws": 503},
        "connecting-server": {"**/health/live": 503},
    }
    for name, statuses in answers.items():
        seeker = await scene.people.person("seeker", link)
        seeker.forgiven += ["503", "426"]  # of what is asked without a wish to talk
        await seeker.page.add_init_script(f"({NO_SOCKETS})()")
        for path, status in statuses.items():
            await seeker.page.route(path, partial(is_answered, status=status))
        await seeker.page.goto(seeker.link)
        await seeker.is_marked("connecting", 30, why=name.removeprefix("connecting-"))
        await scene.takes(name, seeker)
    seeker = await scene.people.person("seeker", link)

    async def is_going(socket: WebSocketRoute) -> None:
        socket.on_message(lambda _: socket.send(json.dumps(DRAINING)))

    await seeker.page.route_web_socket("**/ws", is_going)
    await seeker.page.goto(seeker.link)
    await seeker.is_marked("connecting", why="draining")
    await scene.takes("connecting-draining", seeker)


async def is_answered(route: Route, *, status: int) -> None:
    """By the server itself, or by what stands before it."""
    await route.fulfill(status=status)


async def hindered(scene: Scene) -> None:
    """Somebody far away; somebody whose browser makes no calls; somebody whose clock is wrong."""
    booking = await scene.books(starts_in=540)
    away = await scene.people.seeker(booking, timezone_id=FAR_AWAY)
    await away.arrives()
    await away.sees("zone")
    await scene.takes("door-zone", away)
    unable = await scene.people.seeker(await scene.books(starts_in=540))
    await unable.page.add_init_script(f"({NO_CALLS})()")
    await unable.arrives()
    await unable.sees("blocked")
    await scene.takes("door-blocked", unable)
    early = await scene.people.seeker(await scene.books(starts_in=540))
    await early.page.add_init_script(f"({SEVEN_MINUTES_FAST})()")
    await early.comes()
    await early.sees("skew")
    await scene.takes("lobby-skew", early)


async def door(scene: Scene) -> None:
    """The same page a day before, open, running, by telephone, and the supporter's."""
    early = await scene.books(starts_in=DAY)
    arrivals = {
        "door-early": early,
        "door-open": await scene.books(starts_in=540),
        "door-running": await scene.books(),
        "door-phone": await scene.books(starts_in=540, medium="phone"),
    }
    for name, booking in arrivals.items():
        seeker = await scene.people.seeker(booking)
        await seeker.arrives()
        if name == "door-running":
            await scene.office.phase(booking.id, "waiting", START_S)
        await scene.takes(name, seeker)
        if name == "door-open":
            await scene.takes("door-dark", seeker)
            await seeker.at("continue").click()
            await expect(seeker.page.locator("label.tick + [role=alert]")).to_be_visible()
            await scene.takes("door-consent", seeker)
            supporter = await scene.people.supporter(booking)
            await supporter.arrives()
            await scene.takes("door-supporter", supporter)


async def notice(scene: Scene) -> None:
    """Word of being late."""
    booking = await scene.books(starts_in=540)
    seeker = await scene.people.seeker(booking)
    await seeker.arrives()
    await scene.office.call(
        "POST", f"/api/v1/sessions/{booking.id}/notices", json={"about": "seeker"}
    )
    await seeker.sees("notice")
    await scene.takes("door-notice", seeker)


async def upkeep(scene: Scene) -> None:
    """Maintenance that will cut a session short, where nobody else has booked."""
    booking = await scene.books(starts_in=DAY + 7200)
    window = await maintained(scene, booking)
    seeker = await scene.people.seeker(booking)
    await seeker.arrives()
    await seeker.sees("upkeep")
    await scene.takes("door-upkeep", seeker)
    board = await scene.board()
    await board.page.goto(board.link)
    await board.at("maintenance").click()
    await board.sees("window")
    await scene.takes("board-upkeep", board)
    await scene.office.call("DELETE", f"/api/v1/maintenance/{window}")
    # All who are here now: so this story is the last.
    soon = await scene.books(starts_in=540)
    await maintained(scene, soon)
    waits = await scene.people.seeker(soon)
    await waits.comes()
    await waits.sees("upkeep")
    await scene.takes("lobby-upkeep", waits)


async def maintained(scene: Scene, booking: Booking) -> str:
    """Maintenance is planned that begins in the last third of a session; its id."""
    body = {
        "begins_at": (booking.starts_at + timedelta(minutes=20)).isoformat(),
        "ends_at": (booking.starts_at + timedelta(minutes=80)).isoformat(),
        "reason": "サーバーの更新" if scene.language == "ja" else "An update of the server",
    }
    window: str = (await scene.office.call("POST", "/api/v1/maintenance", 201, json=body))["id"]
    return window


async def refusals(scene: Scene) -> None:
    """What the server may say no to, in the words of the page; said here by hand, since most of it needs a fault."""
    visitor = await scene.visitor("/room")
    await visitor.page.goto(visitor.link)
    await visitor.is_refused("link_missing")
    await scene.takes("refusal-link_missing", visitor)
    booking = await scene.books(starts_in=540)
    seeker = await scene.people.seeker(booking)
    await seeker.arrives()
    for code in NOTED:
        await hears(seeker, {"type": "refused", "code": code, "closes": False})
        await seeker.is_refused(code)
        await scene.takes(f"refusal-{code}", seeker, "refusal")
    for code in ENDS_THE_PAGE:
        await seeker.page.goto("about:blank")
        await seeker.arrives()
        await hears(seeker, {"type": "refused", "code": code, "closes": True})
        await seeker.is_refused(code)
        await scene.takes(f"refusal-{code}", seeker)


async def at_the_check(scene: Scene, failure: str | None, **options: Any) -> Person:
    """Somebody whose devices are so looks at the check."""
    booking = await scene.books(starts_in=540)
    seeker = await scene.people.seeker(booking, **options)
    if failure is not None:
        await seeker.page.add_init_script(f"({DEVICES})({failure!r});")
    await seeker.arrives()
    await seeker.at("consent").check()
    await seeker.at("continue").click()
    if failure != "never":
        await expect(seeker.at("join")).to_be_enabled(timeout=20_000)
    return seeker


async def check(scene: Scene) -> None:
    """The devices as they may be."""
    failures = {
        "check-asking": "never",
        "check-ok": None,
        "check-denied": "refused",
        "check-none": "nothing",
        "check-no-camera": "no camera",
        "check-in-use": "in use",
    }
    for name, failure in failures.items():
        seeker = await at_the_check(scene, failure)
        if name != "check-ok":
            await scene.takes(name, seeker)
            continue
        measured = seeker.page.locator('[data-testid="check-line"]:not([data-state="opening"])')
        await measured.wait_for(timeout=30_000)
        await scene.takes(name, seeker)
        await scene.takes("check-dark", seeker)


async def check_more(scene: Scene) -> None:
    """What is rarer: the system's no, a microphone that is missing, an old browser, a bad line."""
    odd: dict[str, tuple[str | None, dict[str, Any]]] = {
        "check-no-microphone": ("no microphone", {}),
        "check-denied-system": ("system", {"user_agent": ANDROID}),
        "check-old": (None, {"user_agent": OLD_IPHONE}),
    }
    for name, (failure, options) in odd.items():
        seeker = await at_the_check(scene, failure, **options)
        await scene.takes(name, seeker)
    for name in ("check-line-none", "check-line-sound"):
        async with line(scene.office) as network:
            if name == "check-line-none":
                network.udp.cut()
            else:
                network.udp.shape(bits_per_s=160_000)
            booking = await scene.books(starts_in=540)
            seeker = await seeker_behind(network, scene.people, scene.office, booking)
            seeker.forgiven.append("WebSocket|ERR_")
            await seeker.arrives()
            await seeker.agrees()
            await seeker.is_marked("check-line", 40, state=name.removeprefix("check-line-"))
            await scene.takes(name, seeker)


async def lobby(scene: Scene) -> None:
    """Waiting, alone and not, and leaving again."""
    booking = await scene.books(starts_in=540)
    seeker, supporter = [
        await scene.people.seeker(booking),
        await scene.people.supporter(booking),
    ]
    await seeker.comes()
    await scene.takes("lobby-alone", seeker)
    await supporter.comes()
    await scene.takes("lobby-guest", supporter)
    await seeker.page.locator(".presence").first.wait_for()
    await scene.office.until(
        booking.id, lambda s: all(each["present"] for each in s["participants"]), "both are there"
    )
    await scene.takes("lobby-there", seeker)
    await scene.takes("lobby-dark", seeker)
    await seeker.at("chat").click()
    await seeker.at("chat-field").fill(
        "求人票の番号は 4711 です" if scene.language == "ja" else "It is job number 4711"
    )
    await seeker.at("chat-send").click()
    await expect(seeker.at("chat-drawer")).to_contain_text("4711")
    await scene.takes("lobby-chat", seeker)
    await seeker.page.keyboard.press("Escape")
    await seeker.at("end").click()
    await seeker.sees("confirm-end")
    await scene.takes("lobby-leave", seeker)


async def supporter_alone(scene: Scene) -> None:
    """The supporter waits after the start: the cutoff is told."""
    booking = await scene.books()
    supporter = await scene.people.supporter(booking)
    await supporter.comes()
    await scene.office.phase(booking.id, "waiting", START_S)
    await supporter.sees("desk-rule")
    await scene.takes("lobby-supporter", supporter)


async def standing(scene: Scene) -> None:
    """A supporter who agreed and checked for a session of today is in the next one with the first click."""
    counter = scene.counter()
    earlier = await scene.books(starts_in=540, supporter=counter)
    supporter = await scene.people.supporter(earlier)
    await supporter.arrives()
    await supporter.agrees()
    await supporter.is_marked("check-line", 40, state="good")
    await supporter.at("join").click()
    await supporter.at("lobby").wait_for()
    path = f"/api/v1/sessions/{earlier.id}/cancel"
    await scene.office.call("POST", path, json={"by": "office", "channel": "telephone"})
    await supporter.is_told("cancelled", "office")
    booking = await scene.books(starts_in=540, supporter=counter, guest=1)
    again = await scene.people.person(
        "supporter", booking.links["supporter"], supporter.page.context
    )
    await again.page.goto(again.link)
    await again.at("lobby").wait_for()
    await again.sees("standing")
    await scene.takes("lobby-standing", again)


async def late(scene: Scene) -> None:
    """The supporter is late: the seeker waits, and is asked when the supporter comes; in the end it is another date."""
    booking = await scene.books("late", starts_in=15)  # the seeker is there in time
    seeker, supporter = [
        await scene.people.seeker(booking),
        await scene.people.supporter(booking),
    ]
    await seeker.comes()
    await scene.office.until(
        booking.id,
        lambda s: s["phase"] == "waiting",
        "it has begun without the supporter",
        START_S + 15,
    )
    tolerated = booking.starts_at + timedelta(seconds=4)

    async def is_late() -> bool:
        return datetime.now(UTC) > tolerated

    await until(is_late, "the supporter is late")
    await scene.takes("lobby-late", seeker)
    await supporter.comes()
    await seeker.sees("begin")
    await scene.takes("lobby-begin", seeker)
    await scene.takes("lobby-begin-staff", supporter)
    await seeker.at("late").click(timeout=90_000)  # a minute without an answer
    await seeker.sees("another-date")
    await scene.takes("lobby-date", seeker)
    await seeker.at("another-date").click()
    await seeker.is_told("supporter_late", "supporter")
    await seeker.can_choose()
    await scene.takes("after-supporter_late", seeker)


async def claim(scene: Scene) -> None:
    """Another device asks for the seat, and the first one is asked."""
    booking = await scene.books(starts_in=540)
    first = await scene.people.seeker(booking)
    await first.comes()
    second = await scene.people.seeker(booking)
    await second.page.goto(second.link)
    await first.sees("claim-no")
    await scene.takes("claim-asked", first)
    await second.page.locator('[data-view="claim"]').first.wait_for()
    await scene.takes("claim-asks", second)
    await first.at("claim-yes").click()
    await second.at("lobby").wait_for()
    await second.sees("told")
    await scene.takes("lobby-unseen", second)
