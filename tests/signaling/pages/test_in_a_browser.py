"""The pages in a real browser, with a socket that says what the test wants: what a whole office cannot show quickly."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Page,
    ViewportSize,
    WebSocketRoute,
    async_playwright,
    expect,
)

from signaling.files import PAGES, Files
from signaling.headers import content_security_policy

BEGAN = datetime.now(UTC)
PHONE = ViewportSize(width=390, height=844)
NARROW = ViewportSize(width=320, height=568)
DESK = ViewportSize(width=1440, height=900)
IS_REACHABLE = """(element) => {
  const { x, y, width, height } = element.getBoundingClientRect();
  return element.contains(document.elementFromPoint(x + width / 2, y + height / 2));
}"""
REFUSE_DEVICES = """() => {
  navigator.mediaDevices.getUserMedia = async () => {
    throw new DOMException("no", "NotAllowedError");
  };
}"""


def at(seconds: float) -> str:
    """A moment so many seconds from now."""
    return (BEGAN + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def row(
    number: int, *, version: int = 1, phase: str = "scheduled", name: str = ""
) -> dict[str, Any]:
    """A row of the board, as docs/protocol.md describes it."""
    seat = {
        "presence": "away",
        "since": None,
        "is_lost": False,
        "away_as": None,
        "is_admitted": False,
        "has_joined": False,
        "grace_ends_at": None,
        "is_connected": False,
    }
    starts = 600 + 60 * (number % 400)
    return {
        "id": f"s-{number}",
        "version": version,
        "phase": phase,
        "medium": "video",
        "opens_at": at(starts - 600),
        "starts_at": at(starts),
        "cutoff_at": at(starts + 600),
        "ends_at": at(starts + 1800),
        "ended_at": None,
        "seats": [
            {
                **seat,
                "seat": "seeker",
                "role": "seeker",
                "display_name": name or f"さくら {number}",
            },
            {**seat, "seat": "supporter", "role": "supporter", "display_name": "あおぞら"},
        ],
        "next": {"reason": "start", "at": at(starts)},
        "notices": {"seeker": None, "supporter": None},
        "outcome": None,
        "cause": None,
        "reason": None,
        "verdict": None,
        "reschedule": None,
        "programme": "demo",
        "supporter": f"あおぞら {number % 12}",
        "has_media_flowed": False,
    }


def welcome(**session: Any) -> dict[str, Any]:
    """A seeker's welcome before the start; `session` changes the state."""
    of_board = {"has_media_flowed", "supporter", "programme"}
    state = {key: value for key, value in row(0).items() if key not in of_board}
    for seat in state["seats"]:
        del seat["is_connected"]
    state |= {
        "phase": "open",
        "question": None,
        "claim": None,
        "can": ["join"],
        "warnings_s": [300, 60],
        "is_quota_restored": None,
    }
    both = {"ja": "お試しの相談", "en": "Trial consultation"}
    return {
        "type": "welcome",
        "version": 1,
        "server_time": at(0),
        "you": {
            "connection": "c",
            "seat": "seeker",
            "role": "seeker",
            "display_name": "さくら 0",
            "device": "bound",
        },
        "programme": {
            "name": "demo",
            "title": both,
            "office": both,
            "telephone": "03-0000-0000",
            "terms_version": "1",
            "terms_url": None,
            "terms_text": both,
            "attestations": ["no_recording", "private_room", "safe_device", "safe_network"],
            "functions": ["audio", "video"],
            "e2ee": "preferred",
            "watermark": True,
            "time_zone": "Asia/Tokyo",
            "grace_s": 120,
            "doors_s": 600,
            "cutoff_s": 600,
        },
        "session": state | session,
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    path = shutil.which("chromium")
    assert path is not None, "chromium is not installed; `make setup-browsers` does it"
    devices = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    async with async_playwright() as playwright:
        args = ["--no-sandbox", "--disable-gpu", *devices]
        browser = await playwright.chromium.launch(executable_path=path, args=args)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def base() -> AsyncIterator[str]:
    """The real files with the real content security policy; nothing else of the server."""

    async def secure(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Content-Security-Policy"] = content_security_policy(request.host)

    app = web.Application()
    app.add_routes(Files(PAGES, lambda _: False).routes())
    app.on_response_prepare.append(secure)
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _tidy(chromium: Browser) -> AsyncIterator[None]:
    yield
    for context in chromium.contexts:
        await context.close()


class Visit:
    """One page, the socket that the test speaks through, and what went wrong."""

    def __init__(self, page: Page, messages: list[dict[str, Any]]) -> None:
        self.page, self.messages = page, messages
        self.heard: list[dict[str, Any]] = []
        self.complaints: list[str] = []
        self.socket: WebSocketRoute | None = None
        self.news = asyncio.Event()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)

    def _hear(self, line: ConsoleMessage) -> None:
        if line.type == "error":
            self.complaints.append(line.text)

    def connect(self, socket: WebSocketRoute) -> None:
        self.socket = socket
        socket.on_message(self._take)

    def _take(self, text: str | bytes) -> None:
        self.heard.append(json.loads(text))
        self.news.set()
        if self.heard[-1]["type"] == "hello":
            for message in self.messages:
                self.say(message)

    async def said(self, kind: str) -> dict[str, Any]:
        """Wait until the page has sent a message of that type; the message."""
        async with asyncio.timeout(10):
            while True:
                for message in self.heard:
                    if message["type"] == kind:
                        return message
                self.news.clear()
                await self.news.wait()

    def say(self, message: dict[str, Any]) -> None:
        assert self.socket is not None, "the page has connected"
        self.socket.send(json.dumps(message))


async def visit(
    chromium: Browser,
    url: str,
    *messages: dict[str, Any],
    size: ViewportSize = PHONE,
    **context: Any,
) -> Visit:
    opened = await chromium.new_context(
        viewport=size, locale=context.pop("locale", "ja"), **context
    )
    page = await opened.new_page()
    visited = Visit(page, list(messages))
    await page.route_web_socket("**/ws", visited.connect)
    await page.goto(url)
    return visited


pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.parametrize("path", ["room", "board"])
async def test_a_browser_that_runs_no_script_reads_why(
    chromium: Browser, base: str, path: str
) -> None:
    seen = await visit(chromium, f"{base}/{path}#x", java_script_enabled=False)
    refusal = seen.page.get_by_test_id("refusal")
    await expect(refusal).to_contain_text("ブラウザーが古い")
    await expect(refusal).to_contain_text("your browser is too old")


@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_the_way_in_never_scrolls_sideways_on_a_narrow_phone(
    chromium: Browser, base: str, locale: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", welcome(), size=NARROW, locale=locale)
    page = seen.page
    await page.get_by_test_id("consent").check()
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= NARROW["width"]
    await page.get_by_test_id("continue").click()
    await expect(page.get_by_test_id("join")).to_be_enabled()
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= NARROW["width"]
    assert seen.complaints == []


async def test_nobody_goes_on_without_consent_and_the_page_says_so(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", welcome())
    await seen.page.get_by_test_id("continue").click()
    await expect(seen.page.get_by_test_id("consent")).to_be_focused()
    await expect(seen.page.get_by_role("alert").filter(has_text="同意の欄")).to_be_visible()
    assert [message["type"] for message in seen.heard] == ["hello"]


async def test_who_has_no_devices_still_gets_into_the_lobby(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, f"{base}/room#x", welcome())
    await seen.page.evaluate(REFUSE_DEVICES)
    await seen.page.get_by_test_id("consent").check()
    await seen.page.get_by_test_id("continue").click()
    await expect(seen.page.get_by_text("マイクもカメラも使えていません")).to_be_visible()
    await expect(seen.page.locator(".level")).to_be_hidden()
    again = seen.page.get_by_role("button", name="もう一度確かめる")
    assert await again.evaluate(IS_REACHABLE), "nothing lies over it"
    await seen.page.get_by_test_id("join").click()
    await seen.said("join")


async def test_the_board_patches_rows_in_place_and_never_goes_back(
    chromium: Browser, base: str
) -> None:
    board = {"type": "board", "sessions": [row(1, version=5), row(2, version=1)]}
    seen = await visit(chromium, f"{base}/board#mdg_x", _staff(), board, size=DESK)
    first = seen.page.locator('[data-testid="board-row"][data-session-id="s-1"]')
    await expect(first).to_have_attribute("data-phase", "scheduled")
    await first.evaluate("(element) => { element.isTheSame = true; }")
    seen.say({"type": "board_row", "session": row(1, version=7, phase="live")})
    await expect(first).to_have_attribute("data-phase", "live")
    seen.say({"type": "board_row", "session": row(1, version=6, phase="waiting")})
    seen.say({"type": "board_row", "session": row(2, version=2, phase="open")})
    second = seen.page.locator('[data-session-id="s-2"]')
    await expect(second).to_have_attribute("data-phase", "open")
    await expect(first).to_have_attribute("data-phase", "live")
    assert await first.evaluate("(element) => element.isTheSame")
    assert seen.complaints == []


async def test_a_board_of_a_thousand_sessions_is_found_through_by_name(
    chromium: Browser, base: str
) -> None:
    rows = [row(number) for number in range(999)] + [row(999, name="つばき 77")]
    seen = await visit(
        chromium, f"{base}/board#mdg_x", _staff(), {"type": "board", "sessions": rows}, size=DESK
    )
    await expect(seen.page.get_by_test_id("board-row")).to_have_count(1000)
    await seen.page.keyboard.press("/")
    await seen.page.keyboard.type("つばき")
    await expect(seen.page.locator('[data-testid="board-row"]:visible')).to_have_count(1)


async def test_a_hostile_name_is_only_text(chromium: Browser, base: str) -> None:
    name = "<img src=x onerror=alert(1)>"
    board = {"type": "board", "sessions": [row(1, name=name)]}
    seen = await visit(chromium, f"{base}/board#mdg_x", _staff(), board, size=DESK)
    await expect(seen.page.get_by_test_id("board-row")).to_contain_text(name)
    assert await seen.page.locator("img").count() == 0


def _staff() -> dict[str, Any]:
    return {
        "type": "welcome",
        "version": 1,
        "server_time": at(0),
        "you": {
            "connection": "c",
            "seat": None,
            "role": "scheduler",
            "display_name": "調整",
            "device": "bound",
            "name": "scheduler",
        },
        "office": {"ja": "お試しの窓口", "en": "Trial office"},
    }


def changed(message: dict[str, Any], **session: Any) -> dict[str, Any]:
    """The next state after that of a welcome."""
    return {"type": "session", "session": {**message["session"], "version": 2, **session}}


def at_the_desk(seeker: dict[str, Any], **session: Any) -> dict[str, Any]:
    """The welcome of a supporter who is in the lobby; `seeker` changes the seeker's seat."""
    message = welcome(**session)
    message["you"] |= {"seat": "supporter", "role": "supporter", "display_name": "あおぞら"}
    seats = message["session"]["seats"]
    seats[0] |= seeker
    seats[1] |= {"presence": "lobby", "has_joined": True, "since": at(-60)}
    return message


async def test_who_sends_word_of_being_late_is_told_that_it_has_come(
    chromium: Browser, base: str
) -> None:
    first = welcome(can=["join", "give_notice"])
    seen = await visit(chromium, f"{base}/room#x", first)
    await seen.page.get_by_role("button", name="少し遅れることを知らせる").click()
    await seen.said("give_notice")
    notices = {"seeker": {"at": at(0), "until": at(2400)}, "supporter": None}
    seen.say(changed(first, can=["join"], notices=notices))
    told = seen.page.get_by_test_id("notice")
    await expect(told).to_contain_text("ご連絡を受け取りました")
    await expect(told).to_contain_text("欠席にはなりません")
    await expect(seen.page.get_by_text("欠席となります")).to_have_count(0)


async def test_the_desk_speaks_of_absence_only_while_the_seeker_is_away_without_a_word(
    chromium: Browser, base: str
) -> None:
    times = {"phase": "waiting", "starts_at": at(-60), "cutoff_at": at(540), "ends_at": at(1740)}
    first = at_the_desk({}, **times)
    seen = await visit(chromium, f"{base}/room#x", first, size=DESK)
    rule, until = seen.page.get_by_test_id("desk-rule"), seen.page.get_by_role("timer")
    await expect(rule).to_contain_text("欠席として記録されます")
    await expect(until).to_contain_text("欠席の締切まで")
    notices = {"seeker": {"at": at(-30), "until": at(1740)}, "supporter": None}
    seen.say(changed(first, notices=notices))
    await expect(rule).to_contain_text("遅れるとのご連絡がありました")
    await expect(until).to_contain_text("終了まで")
    there = at_the_desk({"presence": "lobby"}, **times)
    seen.say(changed(there, version=3))
    await expect(rule).to_be_hidden()
    await expect(until).to_contain_text("終了まで")


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("stepped_out", "さくら 0 さんは席を外しています"),
        ("page_closed", "さくら 0 さんの画面が閉じられています"),
        ("lost", "さくら 0 さんの接続が切れています"),
    ],
)
async def test_who_is_away_is_spoken_of_as_they_left(
    chromium: Browser, base: str, how: str, words: str
) -> None:
    gone = {"is_lost": True, "away_as": how, "is_admitted": True, "grace_ends_at": at(600)}
    talking = at_the_desk({**gone, "since": at(-5)}, phase="interrupted", cutoff_at=None)
    talking["session"]["seats"][1] |= {"presence": "in", "is_admitted": True}
    seen = await visit(chromium, f"{base}/room#x", talking, size=DESK)
    await expect(seen.page.locator('.cover[data-state="other_lost"] h2')).to_have_text(words)
    said = words.removeprefix("さくら 0 さん")[1:]
    await expect(seen.page.get_by_test_id("staff-list")).to_contain_text(said)
    lines = row(1, phase="interrupted")
    lines["seats"][0] |= gone
    board = {"type": "board", "sessions": [lines]}
    on_board = await visit(chromium, f"{base}/board#mdg_x", _staff(), board, size=DESK)
    await expect(on_board.page.get_by_test_id("board-row")).to_contain_text(said)


def in_the_call(seat: str = "seeker") -> dict[str, Any]:
    """The welcome of somebody whose consultation runs."""
    message = at_the_desk({}) if seat == "supporter" else welcome()
    message["session"] |= {"phase": "live", "starts_at": at(-60), "cutoff_at": None}
    for each in message["session"]["seats"]:
        each |= {"presence": "in", "is_admitted": True, "has_joined": True, "since": at(-60)}
    return message


async def test_a_camera_that_is_off_is_said_over_the_picture(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, f"{base}/room#x", in_the_call())
    off, muted = seen.page.get_by_test_id("no-picture"), seen.page.get_by_test_id("muted")
    await expect(seen.page.get_by_test_id("remote-video")).to_be_visible()
    await expect(off).to_be_hidden()
    seen.say({"type": "media_state", "seat": "supporter", "audio": False, "video": False})
    await expect(off).to_have_text("カメラは切れています")
    await expect(muted).to_have_text("マイクは切れています")
    seen.say({"type": "media_state", "seat": "supporter", "audio": True, "video": True})
    await expect(off).to_be_hidden()
    await expect(muted).to_be_hidden()


async def test_the_page_says_when_its_own_camera_is_switched(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, f"{base}/room#x", in_the_call())
    both = {"type": "media_state", "audio": True, "video": True}
    assert await seen.said("media_state") == both
    seen.heard.clear()
    await seen.page.get_by_role("button", name="カメラ", exact=True).click()
    assert await seen.said("media_state") == both | {"video": False}


async def test_without_the_server_nobody_is_said_to_be_there_and_nothing_to_be_good(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", in_the_call("supporter"), size=DESK)
    people = seen.page.get_by_test_id("staff-list")
    await expect(people.get_by_text("入室中")).to_have_count(2)
    assert seen.socket is not None
    seen.messages.clear()  # the next connection gets no welcome
    await seen.socket.close(code=1006)
    await expect(people.get_by_text("入室中")).to_have_count(0)
    await expect(people.get_by_text("つなぎ直しています")).to_have_count(2)
    await expect(seen.page.locator(".conn")).not_to_contain_text("良好")


async def test_the_offices_own_people_are_sent_to_the_scheduler_not_to_an_invitation(
    chromium: Browser, base: str
) -> None:
    message = at_the_desk({})
    message["session"]["seats"][1] |= {"presence": "at_door", "has_joined": False}
    seen = await visit(chromium, f"{base}/room#x", message, size=DESK)
    await seen.page.get_by_test_id("consent").check()
    await seen.page.get_by_test_id("continue").click()
    await expect(seen.page.get_by_text("調整担当へご連絡ください")).to_be_visible()
    seen.say({"type": "refused", "code": "device_refused", "closes": True})
    refusal = seen.page.get_by_test_id("refusal")
    await expect(refusal).to_contain_text("調整担当へ")
    await expect(refusal).not_to_contain_text("お電話")


async def test_the_board_counts_to_the_end_for_who_sent_word(chromium: Browser, base: str) -> None:
    waiting = row(1, phase="waiting")
    waiting["seats"][1] |= {"presence": "lobby", "since": at(-60)}
    waiting["next"] = {"reason": "cutoff", "at": at(300)}
    board = {"type": "board", "sessions": [waiting]}
    seen = await visit(chromium, f"{base}/board#mdg_x", _staff(), board, size=DESK)
    line = seen.page.get_by_test_id("board-row")
    await expect(line).to_contain_text("欠席の締切")
    notices = {"seeker": {"at": at(0), "until": waiting["ends_at"]}, "supporter": None}
    seen.say({"type": "board_row", "session": {**waiting, "version": 2, "notices": notices}})
    await expect(line).to_contain_text("遅れるとの連絡")
    await expect(line).not_to_contain_text("欠席の締切")
