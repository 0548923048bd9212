"""A page, and a socket that says what the test wants; the messages are those of docs/protocol.md."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Page,
    Route,
    ViewportSize,
    WebSocketRoute,
)

BEGAN = datetime.now(UTC)
OFFICE = "048-000-0000"
"""The number of an office; programmes here have `NUMBER`."""
NUMBER = "03-0000-0000"
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
        "is_claimed": False,
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
        "maintenance_at": None,
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
        "kept_until": None,
        "notices": {"seeker": None, "supporter": None},
        "outcome": None,
        "cause": None,
        "reason": None,
        "verdict": None,
        "reschedule": None,
        "programme": "demo",
        "supporter": f"あおぞら {number % 12}",
        "supporter_person": f"p_{number % 12}",
        "has_media_flowed": False,
        "is_media_missing": False,
        "call": None,
        "late": None,
        "goodbye": False,
        "confidence": None,
        "overrulings": 0,
        "extension": False,
        "tasks": [],
        "incidents": [],
        "done": [],
    }


def welcome(**session: Any) -> dict[str, Any]:
    """A seeker's welcome before the start; `session` changes the state."""
    of_board = {
        *(
            "has_media_flowed",
            "supporter",
            "supporter_person",
            "programme",
            "confidence",
            "overrulings",
        ),
        *("extension", "tasks", "incidents", "done"),
    }
    state = {key: value for key, value in row(0).items() if key not in of_board}
    for seat in state["seats"]:
        del seat["is_connected"], seat["is_claimed"]
    state |= {
        "phase": "open",
        "question": None,
        "if_finished": None,
        "claim": None,
        "can": ["join"],
        "warnings_s": [300, 60],
        "is_quota_restored": None,
        "functions": ["audio", "video"],
        "is_media_missing": False,
        "call": None,
        "late": None,
        "goodbye": False,
        "beside": [],
        "following": None,
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
            "telephone": NUMBER,
            "telephone_hours": None,
            "terms_version": "1",
            "terms_url": None,
            "terms_text": both,
            "has_full_terms": False,
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


class Visit:
    """One page, the socket that the test speaks through, and what went wrong."""

    def __init__(self, page: Page, messages: list[dict[str, Any]]) -> None:
        self.page, self.messages = page, messages
        self.heard: list[dict[str, Any]] = []
        self.complaints: list[str] = []
        self.answers: dict[str, Any] = {
            "GET /tasks": {"tasks": []},
            "GET /booking": {"programmes": [], "staff": [], "sends_mail": True},
        }
        """What the HTTP API says: «GET /tasks» to a body, or to a status and a body."""
        self.asked: list[tuple[str, Any]] = []
        """What it was asked, with the bodies; reads are left out."""
        self.socket: WebSocketRoute | None = None
        self.unsaid: list[dict[str, Any]] | None = []
        """What the test said before the page's hello; None once it has greeted."""
        self.news = asyncio.Event()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)

    def _hear(self, line: ConsoleMessage) -> None:
        if line.type == "error":
            self.complaints.append(line.text)

    def connect(self, socket: WebSocketRoute) -> None:
        self.socket, self.unsaid = socket, self.unsaid or []
        socket.on_message(self._take)

    def _take(self, text: str | bytes) -> None:
        self.heard.append(json.loads(text))
        self.news.set()
        if self.heard[-1]["type"] == "hello":
            unsaid, self.unsaid = self.unsaid or [], None
            for message in self.messages + unsaid:
                self.say(message)

    async def answer(self, route: Route) -> None:
        """Answer a request to the HTTP API."""
        asked = route.request
        ask = f"{asked.method} {asked.url.partition('/api/v1')[2]}"
        assert asked.headers["authorization"].startswith("Bearer "), "the board has a token"
        if asked.method != "GET":
            self.asked.append((ask, asked.post_data_json if asked.post_data else None))
            self.news.set()
        nothing = {"error": {"code": "not_found", "detail": ask}}
        unasked = {"questions": [], "answers": []}
        default = unasked if ask.endswith("/questionnaire") else (404, nothing)
        known = self.answers.get(ask, default)
        status, body = known if isinstance(known, tuple) else (200, known)
        await route.fulfill(status=status, json=body)

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
        """Send it to the page: at once, or when it greets, as a server would."""
        if self.unsaid is not None:
            self.unsaid.append(message)
            return
        assert self.socket is not None, "who has greeted is connected"
        self.socket.send(json.dumps(message))


async def visit(
    chromium: Browser,
    url: str,
    *messages: dict[str, Any],
    size: ViewportSize = PHONE,
    answers: dict[str, Any] | None = None,
    **context: Any,
) -> Visit:
    opened = await chromium.new_context(
        viewport=size, locale=context.pop("locale", "ja"), **context
    )
    page = await opened.new_page()
    visited = Visit(page, list(messages))
    visited.answers |= answers or {}
    await page.route_web_socket("**/ws", visited.connect)
    await page.route("**/api/v1/**", visited.answer)
    await page.goto(url)
    return visited


def staff() -> dict[str, Any]:
    """The welcome of the board."""
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


def in_the_call(seat: str = "seeker") -> dict[str, Any]:
    """The welcome of somebody whose consultation runs."""
    message = at_the_desk({}) if seat == "supporter" else welcome()
    message["session"] |= {"phase": "live", "starts_at": at(-60), "cutoff_at": None}
    for each in message["session"]["seats"]:
        each |= {"presence": "in", "is_admitted": True, "has_joined": True, "since": at(-60)}
    return message
