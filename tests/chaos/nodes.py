"""Real nodes as processes of their own: start them, kill and stop them, see what they leave behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from orchestrator.store import embedded

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ("-m", "orchestrator")
"""What Python runs: the program `madoguchi`, also where it is not installed."""
START_TIMEOUT_S = 40.0
TTL_S = 2.0
"""What a node comes with: `MADOGUCHI_NODE_TTL_S`."""


async def until(is_true: Callable[[], object], what: str, timeout_s: float = 20.0) -> float:
    """Wait for a condition that no event tells of.

    Returns:
        CLOCK_MONOTONIC when it was first seen to be true.
    """
    gives_up_at = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < gives_up_at, f"never {what}"
        await asyncio.sleep(0.02)
    return time.monotonic()


def monotonic_of(moment: datetime) -> float:
    """CLOCK_MONOTONIC at a moment of the wall clock, which nobody sets while we test."""
    return time.monotonic() + (moment - datetime.now(UTC)).total_seconds()


# ---- ports --------------------------------------------------------------------------------------


def free_tcp_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_udp_ports(count: int) -> int:
    """The first of `count` neighbouring UDP ports that nobody has bound; no two callers get the same.

    Below the ports that the kernel hands out by itself, so that they stay free while a node is away.
    """
    for first in _udp_ports:
        if all(is_udp_port_free(first + offset) for offset in range(count)):
            return first
    raise AssertionError("no free UDP ports")


_udp_ports = iter(range(20_000 + os.getpid() % 1_000 * 10, 32_000, 10))


def is_udp_port_free(port: int) -> bool:
    """Whether the port can be bound right now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


# ---- processes ----------------------------------------------------------------------------------


def _processes() -> Iterator[int]:
    return (int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit())


def is_alive(pid: int) -> bool:
    """There is such a process, and it is not only waiting to be reaped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state[0] != "Z"


def children_of(pid: int) -> list[int]:
    """The living processes whose parent is `pid`."""
    found = []
    for each in _processes():
        with suppress(FileNotFoundError, ProcessLookupError):
            state = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            if int(state[1]) == pid and state[0] != "Z":
                found.append(each)
    return found


def workers_of(pid: int) -> list[int]:
    """The living media workers that a node has started, also after it has died: they name it in their arguments."""
    found = []
    for each in _processes():
        with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            words = Path(f"/proc/{each}/cmdline").read_bytes().split(b"\0")
            if b"workers.media" in words and f"--parent={pid}".encode() in words:
                found.append(each)
    return sorted(found)


# ---- nodes --------------------------------------------------------------------------------------


@dataclass(slots=True)
class Node:
    """A running `madoguchi`."""

    process: asyncio.subprocess.Process
    base_url: str
    data: Path
    token: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    """What `demo --json` printed."""

    @property
    def pid(self) -> int:
        """Of the node's own process."""
        return self.process.pid

    @property
    def store_pid(self) -> int:
        """Of its embedded store."""
        return int((self.data / "server.pid").read_text())

    def signal(self, number: signal.Signals) -> float:
        """Send a signal to the node alone.

        Returns:
            CLOCK_MONOTONIC right before.
        """
        at = time.monotonic()
        os.kill(self.pid, number)
        return at

    async def end(self) -> int:
        """SIGTERM, and SIGKILL when that does not help; the exit status."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
                self.process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(15):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
        return await self.process.wait()

    # ---- the HTTP API ----

    async def ask(
        self, path: str, body: Mapping[str, object] | None = None, method: str | None = None
    ) -> Any:
        """One request to the API; its answer, which must be a good one."""
        headers = {"Authorization": f"Bearer {self.token}"}
        method = method or ("GET" if body is None else "POST")
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.request(method, f"{self.base_url}/api/v1/sessions{path}", json=body) as answer,
        ):
            assert answer.status < 300, f"{method} {path}: {answer.status} {await answer.text()}"
            return await answer.json()

    async def session(self, session: str) -> dict[str, Any]:
        """A session as schedulers see it."""
        return dict(await self.ask(f"/{session}"))

    async def events(self, session: str) -> list[dict[str, Any]]:
        """A session's history."""
        return list((await self.ask(f"/{session}/events"))["events"])

    async def book(self, starts_at: str, number: int) -> dict[str, Any]:
        """One more session of the demo programme, with people of its own."""
        return dict(
            await self.ask(
                "",
                {
                    "programme": "demo",
                    "starts_at": starts_at,
                    "seeker_name": f"さくら{number}",
                    "supporter": f"supporter-{number}",
                },
            )
        )

    async def until_session(
        self, session: str, is_true: Callable[[dict[str, Any]], object], timeout_s: float = 20.0
    ) -> dict[str, Any]:
        """Wait until a session is as wanted; the session."""
        gives_up_at = time.monotonic() + timeout_s
        while not is_true(found := await self.session(session)):
            assert time.monotonic() < gives_up_at, f"never came: {found}"
            await asyncio.sleep(0.1)
        return found


async def _spawn(
    arguments: list[str],
    data: Path,
    environment: Mapping[str, str],
    program: Sequence[str] = PROGRAM,
) -> asyncio.subprocess.Process:
    with (data / "node.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *program,
            *arguments,
            cwd=ROOT,
            env={
                **{name: value for name, value in os.environ.items() if "MADOGUCHI" not in name},
                "MADOGUCHI_LOG_LEVEL": "info",
                "MADOGUCHI_MEDIA_WORKERS": "1",
                **environment,
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )


async def start_demo(
    data: Path,
    port: int,
    *,
    slot: str = "30s",
    cutoff: str = "12s",
    grace: str = "9s",
    starts_in: str = "3s",
    environment: Mapping[str, str] = {},
    program: Sequence[str] = PROGRAM,
) -> Node:
    """Start `madoguchi demo` and wait until it listens."""
    process = await _spawn(
        [
            *("demo", "--json", "--data", str(data), "--port", str(port)),
            *("--starts-in", starts_in, "--slot", slot, "--cutoff", cutoff, "--grace", grace),
        ],
        data,
        environment,
        program,
    )
    assert process.stdout is not None, "it is a pipe"
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            line = await process.stdout.readline()
        links = json.loads(line)
    except (TimeoutError, ValueError):
        if process.returncode is None:
            process.kill()
        await process.wait()
        raise AssertionError(f"no links: {(data / 'node.log').read_text()[-3000:]}") from None
    return Node(process, links["base_url"], data, links["staff_token"], links)


class NotStarted(AssertionError):
    """A node ended before it was ready."""

    def __init__(self, status: int, log: str) -> None:
        super().__init__(f"exit status {status}: {log[-3000:]}")
        self.status = status
        self.log = log


async def start_server(
    data: Path, port: int, token: str, environment: Mapping[str, str] = {}
) -> Node:
    """Start `madoguchi serve` and wait until it is ready.

    Raises:
        NotStarted: it ended instead.
    """
    process = await _spawn(["serve", "--data", str(data), "--port", str(port)], data, environment)
    node = Node(process, f"http://127.0.0.1:{port}", data, token)
    gives_up_at = time.monotonic() + START_TIMEOUT_S
    while not await _is_ready(node.base_url):
        if process.returncode is not None:
            raise NotStarted(process.returncode, (data / "node.log").read_text())
        assert time.monotonic() < gives_up_at, "the node is never ready"
        await asyncio.sleep(0.1)
    return node


async def _is_ready(base_url: str) -> bool:
    try:
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{base_url}/health/ready", timeout=aiohttp.ClientTimeout(2)) as answer,
        ):
            return answer.status == 200
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False


@asynccontextmanager
async def a_folder() -> AsyncIterator[Path]:
    """A data folder; whatever store still runs in it in the end is stopped."""
    with tempfile.TemporaryDirectory(prefix="mg-chaos-") as name:
        try:
            yield Path(name)
        finally:
            with suppress(FileNotFoundError, ProcessLookupError, ValueError):
                os.kill(int((Path(name) / "server.pid").read_text()), signal.SIGCONT)
            await embedded.stop(Path(name))


@asynccontextmanager
async def ending(*nodes: Node) -> AsyncIterator[None]:
    """See these nodes gone, whatever happens inside."""
    try:
        yield
    finally:
        for node in nodes:
            await node.end()


# ---- history ------------------------------------------------------------------------------------


def names_of(events: list[dict[str, Any]]) -> list[str]:
    """The names of events, in order."""
    return [event["name"] for event in events]


def told_twice(events: list[dict[str, Any]]) -> list[str]:
    """What stands in a history more than once: same moment, same name, same data."""
    seen: set[str] = set()
    twice = []
    for event in events:
        key = json.dumps([event["at"], event["name"], event["data"]], sort_keys=True)
        if key in seen:
            twice.append(key)
        seen.add(key)
    return twice
