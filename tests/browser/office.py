"""The server under test: a real `demo` in a process of its own, seen from outside through its API."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import aiohttp

_LONG = {
    "length": "3m",
    "cutoff": "60s",
    "tolerance": "60s",
    "grace": "25s",
    "grace_total": "80s",
    "hold": "60s",
}
PROGRAMMES: dict[str, dict[str, str]] = {
    # Ends by hand long before its time; nobody is late, and a reload fits into the grace, on a busy machine too.
    "talk": _LONG,
    # The same, where who is late is soon late.
    "prompt": {**_LONG, "tolerance": "4s"},
    # The same, where everything is sealed, with shared screens; and where nothing is.
    "sealed": {
        **_LONG,
        "e2ee": '"required"',
        "functions": '["audio", "video", "chat", "screen"]',
    },
    "plain": {**_LONG, "e2ee": '"off"'},
    "watched": {**_LONG, "observer": "true"},
    # Held to its end.
    "brief": {"length": "18s", "cutoff": "14s", "grace": "4s", "hold": "8s", "warnings": "10s"},
    # Nobody comes.
    "absent": {"length": "40s", "cutoff": "6s", "grace": "3s", "hold": "8s"},
    # Somebody goes and does not come back.
    "hasty": {"length": "60s", "cutoff": "40s", "grace": "3s", "hold": "9s"},
}
"""Programmes of these tests: the demo one with other times."""

OPTIONAL = (
    *("e2ee", "functions", "title", "office", "extension"),
    *("telephone", "telephone_hours"),
)
"""What a programme of these tests may have otherwise than the demo one, as it stands in its file."""

DAYS = '["mon", "tue", "wed", "thu", "fri", "sat", "sun"]'
WINDOW = timedelta(hours=2)


async def until(
    condition: Callable[[], Awaitable[Any]], what: str, within_s: float = 15.0, every_s: float = 0.1
) -> Any:
    """Wait until the condition gives something true, and return that."""
    try:
        async with asyncio.timeout(within_s):
            while True:
                if last := await condition():
                    return last
                await asyncio.sleep(every_s)
    except TimeoutError:
        raise AssertionError(f"not within {within_s} s: {what}") from None


@dataclass(frozen=True, slots=True)
class Opening:
    """When the office of these tests is open: a window around now, the same every day."""

    zone: ZoneInfo
    begins_at: int
    """Full hour of the day; the window is two hours long."""

    @classmethod
    def around(cls, now: datetime) -> Opening:
        """A window that holds now, in a zone where it does not reach midnight."""
        for name in ("Asia/Tokyo", "Europe/Berlin"):
            zone = ZoneInfo(name)
            hour = now.astimezone(zone).hour
            if 1 <= hour <= 21:
                return cls(zone, hour)
        raise AssertionError("it is never night in both")

    def holds(self, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether a slot lies inside the window of its day."""
        local = starts_at.astimezone(self.zone)
        opens = local.replace(hour=self.begins_at, minute=0, second=0, microsecond=0)
        return opens <= local and ends_at.astimezone(self.zone) <= opens + WINDOW


def write_programmes(
    folder: Path, opening: Opening, programmes: Mapping[str, Mapping[str, str]] = PROGRAMMES
) -> None:
    """Write the programmes of these tests into a folder."""
    shipped = (resources.files("orchestrator.programmes") / "demo.toml").read_text("utf-8")
    hours = f'from = "{opening.begins_at:02}:00", to = "{opening.begins_at + 2:02}:00"'
    for name, times in programmes.items():
        values = {
            "name": f'"{name}"',
            "time_zone": f'"{times.get("zone", opening.zone.key)}"',
            "lengths": f'["{times["length"]}"]',
            "default_length": f'"{times["length"]}"',
            "cutoff": f'"{times["cutoff"]}"',
            "tolerance": f'"{times.get("tolerance", "4s")}"',
            "grace": f'"{times["grace"]}"',
            "grace_total": f'"{times.get("grace_total", "20s")}"',
            "hold": f'"{times["hold"]}"',
            "tail": '"2s"',
            "warnings": f'["{times.get("warnings", "10s")}"]',
            **{key: times[key] for key in OPTIONAL if key in times},
        }
        open_from = times.get("hours", hours)
        text = re.sub(
            r"(?ms)^windows = \[.*?^\]", f"windows = [{{ days = {DAYS}, {open_from} }}]", shipped
        )
        for key, value in values.items():
            text, count = re.subn(rf"(?m)^{key} = [^#\n]*", f"{key} = {value} ", text)
            assert count == 1, f"{key} is not in the demo programme any more"
        if "observer" in times:  # the demo one says nothing of it
            text = text.replace("\n[terms]", f"\nobserver = {times['observer']}\n\n[terms]", 1)
        (folder / f"{name}.toml").write_text(text, "utf-8")


def free_udp_port() -> int:
    """A port that nobody holds now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def own_address() -> str:
    """An address of this machine that is none of loopback's: Firefox's media needs one. Nothing is sent for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("198.18.0.1", 9))
        except OSError as error:
            raise AssertionError("Firefox sends no media on a machine without a network") from error
        return str(one.getsockname()[0])


def moment(text: str) -> datetime:
    """RFC 3339 as an aware datetime."""
    return datetime.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class Booking:
    """A session and its links."""

    id: str
    links: dict[str, str]
    starts_at: datetime
    ends_at: datetime


@dataclass(slots=True)
class Office:
    """A running server."""

    base_url: str
    token: str
    media_port: int
    opening: Opening
    demo: dict[str, str]
    """What `demo --json` printed."""
    api: aiohttp.ClientSession
    data: Path
    """Where its store is."""
    media_host: str = "127.0.0.1"
    supporters: int = field(default=0)

    @property
    def port(self) -> int:
        """Where pages and API listen."""
        port = urlsplit(self.base_url).port
        assert port is not None, "the demo names its port"
        return port

    @property
    def demo_booking(self) -> Booking:
        """The session that the demo began with."""
        links = {"seeker": self.demo["seeker_url"], "supporter": self.demo["supporter_url"]}
        times = moment(self.demo["starts_at"]), moment(self.demo["ends_at"])
        return Booking(self.demo["session_id"], links, *times)

    async def book(self, programme: str, *, starts_in: float = 1.0, **more: Any) -> Booking:
        """Book a session that starts in some seconds, with a supporter of its own."""
        self.supporters += 1
        starts_at = datetime.now(UTC) + timedelta(seconds=starts_in)
        return await self.book_at(programme, starts_at, f"相談員{self.supporters}", **more)

    async def staff_token(self, name: str, role: str) -> str:
        """A token for one of the office, as the operator makes it; a supporter may have been booked before."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "orchestrator", "staff", "add", name),
            *("--role", role, "--json", "--data", str(self.data)),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, said
        token: str = json.loads(said)["token"]
        return token

    async def book_at(
        self, programme: str, starts_at: datetime, supporter: str, **more: Any
    ) -> Booking:
        """Book a session."""
        starts_at = starts_at.replace(microsecond=starts_at.microsecond // 1000 * 1000)
        body = {
            "programme": programme,
            "starts_at": starts_at.isoformat(),
            "seeker_name": "さくら14",
            "supporter": supporter,
            **more,
        }
        made = await self.call("POST", "/api/v1/sessions", 201, json=body)
        ends_at = moment(made["ends_at"])
        return Booking(made["id"], made["links"], moment(made["starts_at"]), ends_at)

    async def call(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        """Call the API with the scheduler's token."""
        async with self.api.request(method, path, **more) as answer:
            body = await answer.json()
            assert answer.status == status, f"{method} {path}: {answer.status} {body}"
            return body

    async def session(self, session: str) -> dict[str, Any]:
        """The session as the API shows it."""
        shown: dict[str, Any] = await self.call("GET", f"/api/v1/sessions/{session}")
        return shown

    async def events(self, session: str, name: str | None = None) -> list[dict[str, Any]]:
        """The session's history, or only the lines of one name."""
        events = (await self.call("GET", f"/api/v1/sessions/{session}/events"))["events"]
        return [event for event in events if name in (None, event["name"])]

    async def until(
        self,
        session: str,
        claim: Callable[[dict[str, Any]], object],
        what: str,
        within_s: float = 15.0,
    ) -> dict[str, Any]:
        """Wait until the session is so, and return it."""

        async def holds() -> dict[str, Any] | None:
            shown = await self.session(session)
            return shown if claim(shown) else None

        shown: dict[str, Any] = await until(holds, f"session: {what}", within_s)
        return shown

    async def phase(self, session: str, phase: str, within_s: float = 15.0) -> dict[str, Any]:
        """Wait until the session is in that phase."""
        return await self.until(session, lambda s: s["phase"] == phase, phase, within_s)

    async def ends(
        self, session: str, outcome: str, cause: str | None, within_s: float = 30.0
    ) -> dict[str, Any]:
        """Wait until the session has ended, and check how: API and history say the same, once."""
        shown = await self.phase(session, "ended", within_s)
        assert (shown["outcome"], shown["cause"]) == (outcome, cause), shown["verdict"]
        [event] = await self.events(session, "session.ended")
        assert (event["data"]["outcome"], event["data"]["cause"]) == (outcome, cause)
        assert event["at"] == shown["ended_at"]
        return shown


def seat(session: dict[str, Any], name: str) -> dict[str, Any]:
    """One seat of a session as the API shows it."""
    return next(each for each in session["participants"] if each["seat"] == name)


def proposed(session: dict[str, Any]) -> bool:
    """Whether another date is open and slots for it are known."""
    return bool(session["reschedule"] and session["reschedule"]["options"])


def check_proposals(office: Office, options: list[dict[str, Any]]) -> None:
    """Inside the programme's windows, on its grid, far enough ahead, none over another."""
    slots = [(moment(option["starts_at"]), moment(option["ends_at"])) for option in options]
    for begins, ends in slots:
        assert office.opening.holds(begins, ends), begins
        assert begins.minute % 5 == begins.second == 0
        assert begins > datetime.now(UTC) + timedelta(minutes=1)
    assert all(one[1] <= other[0] for one, other in pairwise(slots))


async def becomes_a_booking(office: Office, booking: Booking, option: dict[str, Any]) -> None:
    """The choice is a session of its own, with the same people, linked both ways."""
    old = await office.until(
        booking.id, lambda s: s["reschedule"]["state"] == "chosen", "the slot is chosen"
    )
    new = await office.session(old["reschedule"]["new_session"])
    assert (new["starts_at"], new["ends_at"]) == (option["starts_at"], option["ends_at"])
    assert new["previous"] == booking.id
    assert new["phase"] in {"scheduled", "open"}, "its doors may open at once"
    assert people_of(new) == people_of(old)


def people_of(session: dict[str, Any]) -> list[tuple[str, str]]:
    """Seat and display name of everybody."""
    return [(each["seat"], each["display_name"]) for each in session["participants"]]


@asynccontextmanager
async def running(
    folder: Path,
    *options: str,
    variables: Mapping[str, str] | None = None,
    program: str = "orchestrator",
    own_programmes: Mapping[str, Mapping[str, str]] = PROGRAMMES,
) -> AsyncIterator[Office]:
    """A server on free ports, with its data in a folder; at its end its log must hold no error.

    Args:
        folder: empty.
        options: of the `demo` command.
        variables: more of its environment.
        program: the module that is run.
        own_programmes: those of these tests, or of others.
    """
    opening = Opening.around(datetime.now(UTC))
    programmes, data, media_port = folder / "programmes", folder / "data", free_udp_port()
    programmes.mkdir()
    write_programmes(programmes, opening, own_programmes)
    environment = {
        **os.environ,
        "MADOGUCHI_PROGRAMMES": str(programmes),
        "MADOGUCHI_MEDIA_PORT": str(media_port),
        "MADOGUCHI_MEDIA_WORKERS": "1",
        "MADOGUCHI_LOG": "json",
        "MADOGUCHI_LOG_LEVEL": "warning",
        **(variables or {}),
    }
    command = ["-m", program, "demo", "--json", "--port", "0", "--data", str(data)]
    log = folder / "server.log"
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, *options,
            env=environment, stdout=asyncio.subprocess.PIPE, stderr=errors,
            start_new_session=True,  # Linux shares its cores out by session: tests and server are two
        )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            line = await process.stdout.readline()
        assert line, f"the server did not start: {log.read_text()}"
        demo = json.loads(line)
        headers = {"Authorization": f"Bearer {demo['staff_token']}"}
        async with aiohttp.ClientSession(demo["base_url"], headers=headers) as api:
            yield Office(
                demo["base_url"], demo["staff_token"], media_port, opening, demo, api, data,
                environment.get("MADOGUCHI_MEDIA_HOST", "127.0.0.1"),
            )  # fmt: skip
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(15):
            status = await process.wait()
    logged = log.read_text("utf-8")
    assert not [line for line in logged.splitlines() if is_error(line)], logged
    assert status == 0, f"exit status {status}: {logged}"


def is_error(line: str) -> bool:
    """Whether a line of the log is an error, or no log line at all (a traceback)."""
    try:
        return json.loads(line)["level"] in {"error", "critical"}
    except (ValueError, KeyError, TypeError):
        return bool(line.strip())
