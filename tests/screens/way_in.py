"""Stories of the way in: pages of the house, door, check, waiting room, another device."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.async_api import Route, WebSocketRoute, expect

from tests.browser.office import Booking, until
from tests.browser.person import Person
from tests.screens.scene import START_S, Scene, hears
from tests.screens.table import ENDS_THE_PAGE, NOTED

DAY = 86_400
DEVICES = """(failure) => {
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    if (failure === "never") return new Promise(() => {});
    if (failure === "no camera" && !wish.video) return real(wish);
    if (failure === "in use" && !wish.video) return real(wish);
    const names = { refused: "NotAllowedError", "in use": "NotReadableError" };
    throw new DOMException("", names[failure] ?? "NotFoundError");
  };
}"""
"""A browser whose devices are not as one wishes; everything else of it is real."""
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


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


async def at_the_check(scene: Scene, failure: str | None) -> Person:
    """Somebody whose devices are so looks at the check."""
    booking = await scene.books(starts_in=540)
    seeker = await scene.people.seeker(booking)
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


async def late(scene: Scene) -> None:
    """The supporter is late: the seeker waits, and is asked when the supporter comes."""
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
