"""The servers that are compared, each with its calls connected and its load attached: ours and Janus.

A call is two people who send sound and picture to each other. Ours has one media connection a person. Janus's videoroom
has two: one that sends, one that receives. The handshakes are those of `tests.clients.media_client` with both.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiortc import RTCCertificate, rtcdtlstransport

from tests.benchmarks.load import Load
from tests.benchmarks.processes import on_core
from tests.chaos.nodes import (
    Node,
    a_folder,
    ending,
    free_tcp_port,
    start_demo,
    until,
    workers_of,
)
from tests.clients.media_client import OPUS, VP8, MediaClient
from tests.clients.room_client import RoomClient

SEATS = ("seeker", "supporter")
AT_ONCE = 8
"""People who connect at the same time: a crowd at the door is another benchmark."""
CALL, CUTOFF = "4h", "3h"
"""Longer than any run."""
CONNECT_TIMEOUT_S = 60.0
SOUND = bytes(88)
"""What is sent at once; then a connection is silent until all are there."""

PROFILES = {
    "AES-CM": (b"SRTP_AES128_CM_SHA1_80",),
    "GCM": (b"SRTP_AEAD_AES_256_GCM", b"SRTP_AEAD_AES_128_GCM"),
}
"""What the clients offer; of several the first one that the server takes counts."""


@dataclass(slots=True)
class Server:
    """A server that is measured."""

    pids: Mapping[str, Sequence[int]]
    """Its processes, by what they are."""
    load: Load
    _connect: Callable[[int, int], Awaitable[Sequence[MediaClient]]]
    """Connects the calls from one number on, up to another one."""
    calls: int = 0
    profile: str = ""
    """SRTP profile of the connections, once there are any."""

    async def connect(self, more: int) -> None:
        """Connect so many further calls, and give them to the load."""
        clients = await self._connect(self.calls, self.calls + more)
        for client in clients:
            is_ours = not isinstance(client, JanusLeg)
            self.load.add(client, sends=is_ours or client.sends, takes_reduced=is_ours)
        self.calls += more
        profiles = {client.profile for client in clients}
        assert len(profiles) == 1, f"one SRTP profile for all: {profiles}"
        self.profile = (profiles.pop() or b"").decode().removeprefix("SRTP_").replace("_", "-")

    @property
    def all_pids(self) -> list[int]:
        """Of all its processes."""
        return [pid for pids in self.pids.values() for pid in pids]


@contextmanager
def offering(profiles: Sequence[bytes]) -> Iterator[None]:
    """The clients of this process offer these SRTP profiles and no others."""
    known = rtcdtlstransport.SRTP_PROFILES
    before = list(known)
    known[:] = [each for each in before if each.openssl_profile in profiles]
    try:
        yield
    finally:
        known[:] = before


# ---- ours -----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def ours(load: Load, profile: str, core: int | None) -> AsyncIterator[Server]:
    """A real node with one media worker; its people are in rooms by way of the protocol.

    Args:
        load: takes their connections over.
        profile: key of `PROFILES`.
        core: where the server runs; None: anywhere.
    """
    async with a_folder() as data, AsyncExitStack() as stack:
        with on_core(core):
            node = await start_demo(
                data,
                free_tcp_port(),
                starts_in="1s",
                slot=CALL,
                cutoff=CUTOFF,
                grace="30m",
                environment={"MADOGUCHI_LOG_LEVEL": "warning", "MADOGUCHI_MEDIA_PORT": "0"},
            )
        await stack.enter_async_context(ending(node))
        stack.callback(load.forget)
        certificate = RTCCertificate.generateCertificate()

        async def connect(first: int, end: int) -> list[MediaClient]:
            with offering(PROFILES[profile]):
                return [
                    client
                    for begin in range(first, end, AT_ONCE // 2)
                    for client in await _rooms(
                        stack, node, range(begin, min(end, begin + AT_ONCE // 2)), certificate
                    )
                ]

        pids = {"node": [node.pid], "worker": workers_of(node.pid), "store": [node.store_pid]}
        yield Server(pids, load, connect)


async def _rooms(
    stack: AsyncExitStack, node: Node, numbers: range, certificate: RTCCertificate
) -> list[MediaClient]:
    """Everybody in their rooms, media connected, and each heard once as soon as it is, as a browser is."""
    starts_at = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    booked = [await node.book(starts_at, number + 1) for number in numbers]
    people = [
        RoomClient(each["links"][seat], packets_per_s=0, certificate=certificate)
        for each in booked
        for seat in SEATS
    ]
    for person in people:
        await stack.enter_async_context(person)
    return [await _connected(person) for person in people]


async def _connected(person: RoomClient) -> MediaClient:
    await person.until(
        lambda: person.media and person.media.client.is_open, "connected", CONNECT_TIMEOUT_S
    )
    assert person.media is not None, "waited for"
    client = person.media.client
    client.send(OPUS, SOUND)
    return client


# ---- Janus ----------------------------------------------------------------------------------------------------------

ADDRESS = "198.18.0.1"
"""Janus takes no loopback interface; this network is set aside for benchmarks (RFC 2544), and lives in a namespace."""
JANUS_PORT = 8188
UNUSED_PLUGINS = (
    *("audiobridge", "duktape", "echotest", "lua", "nosip", "recordplay", "sip", "streaming"),
    *("textroom", "videocall", "voicemail"),
)
UNUSED_TRANSPORTS = ("http", "mqtt", "nanomsg", "pfunix", "rabbitmq")
TRANSPORT_WIDE_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"


@asynccontextmanager
async def janus(
    load: Load, profile: str, core: int | None, *, event_loops: int
) -> AsyncIterator[Server]:
    """Debian's Janus with its videoroom; the rest as `ours`.

    Args:
        load: takes the connections over.
        profile: key of `PROFILES`.
        core: where the server runs; None: anywhere.
        event_loops: Janus's setting; 0 is its default, a thread for each connection.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mg-janus-")))
        with on_core(core):
            process = await _start_janus(folder, event_loops)
        stack.push_async_callback(_end, process)
        api = await stack.enter_async_context(_api(process, folder))
        stack.callback(load.forget)
        certificate = RTCCertificate.generateCertificate()

        async def connect(first: int, end: int) -> list[JanusLeg]:
            legs: list[JanusLeg] = []
            places = asyncio.Semaphore(AT_ONCE // 2)
            with offering(PROFILES[profile]):
                async with asyncio.TaskGroup() as tasks:
                    for number in range(first, end):
                        tasks.create_task(_videoroom(api, number, certificate, legs, places))
            for leg in legs:
                stack.callback(leg.close)
            return legs

        yield Server({"janus": [process.pid]}, load, connect)


async def _start_janus(folder: Path, event_loops: int) -> asyncio.subprocess.Process:
    (folder / "janus.jcfg").write_text(
        f"""general: {{ configs_folder = "{folder}", event_loops = {event_loops} }}
plugins: {{ disable = "{",".join(f"libjanus_{name}.so" for name in UNUSED_PLUGINS)}" }}
transports: {{ disable = "{",".join(f"libjanus_{name}.so" for name in UNUSED_TRANSPORTS)}" }}
"""
    )
    (folder / "janus.transport.websockets.jcfg").write_text(
        f'general: {{ ws = true, ws_ip = "127.0.0.1", ws_port = {JANUS_PORT} }}\n'
    )
    with (folder / "janus.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            *("janus", "-o", "-C", str(folder / "janus.jcfg"), "-F", str(folder)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
        )


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


class JanusApi:
    """Janus's own protocol over its WebSocket: every request has one answer, at once or as an event."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self._line = line
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._session = 0

    async def read(self) -> None:
        """Hear Janus until the socket ends."""
        async for frame in self._line:
            message = json.loads(frame.data)
            waiting = self._waiting.get(message.get("transaction", ""))
            if waiting is not None and not waiting.done() and message["janus"] != "ack":
                waiting.set_result(message)

    async def keep_alive(self) -> None:
        """Say that we are there; Janus forgets a session after a minute."""
        while True:
            await asyncio.sleep(20)
            await self._line.send_json(
                {"janus": "keepalive", "session_id": self._session, "transaction": "keepalive"}
            )

    async def open(self) -> None:
        """Open the session that everything happens in."""
        self._session = (await self._ask({"janus": "create"}))["data"]["id"]

    async def attach(self) -> int:
        """A handle for one connection."""
        wish = {"janus": "attach", "plugin": "janus.plugin.videoroom", "session_id": self._session}
        return int((await self._ask(wish))["data"]["id"])

    async def tell(
        self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """A message to the videoroom; its answer, which must be a good one."""
        wish = {"janus": "message", "session_id": self._session, "handle_id": handle, "body": body}
        answer = await self._ask({**wish, "jsep": jsep} if jsep else wish)
        said = answer["plugindata"]["data"]
        assert "error" not in said, said
        return {**said, "jsep": answer.get("jsep", {})}

    async def _ask(self, wish: dict[str, Any]) -> dict[str, Any]:
        name = str(len(self._waiting))
        self._waiting[name] = asyncio.get_running_loop().create_future()
        await self._line.send_json({**wish, "transaction": name})
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            answer = await self._waiting[name]
        assert answer["janus"] in {"success", "event"}, answer
        return answer


@asynccontextmanager
async def _api(process: asyncio.subprocess.Process, folder: Path) -> AsyncIterator[JanusApi]:
    """A session with Janus, as soon as it listens."""

    def is_listening() -> bool:
        assert process.returncode is None, (folder / "janus.log").read_text()[-3000:]
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", JANUS_PORT)) == 0

    await until(is_listening, "Janus listens", CONNECT_TIMEOUT_S)
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"ws://127.0.0.1:{JANUS_PORT}", protocols=["janus-protocol"]) as line,
        asyncio.TaskGroup() as tasks,
    ):
        api = JanusApi(line)
        own = [tasks.create_task(api.read()), tasks.create_task(api.keep_alive())]
        try:
            await api.open()
            yield api
        finally:
            for task in own:
                task.cancel()


class JanusLeg(MediaClient):
    """One connection to Janus: to send, or to receive what another one sends."""

    def __init__(self, certificate: RTCCertificate, *, sends: bool) -> None:
        super().__init__(ADDRESS, certificate)
        self.sends = sends

    def offer(self) -> dict[str, str]:
        """What a browser offers that publishes sound and picture."""
        sections = [
            self._section("audio", "0", f"{OPUS}", "sendonly", self.ssrcs[OPUS]),
            self._section("video", "1", f"{VP8}", "sendonly", self.ssrcs[VP8]),
        ]
        return {"type": "offer", "sdp": _session_of(sections, ["0", "1"])}

    def _receive_stun(self, data: bytes) -> None:
        if self._server is not None:  # Janus checks before its answer has come to us
            super()._receive_stun(data)

    def hear(self, sdp: str) -> None:
        """Take an offer or an answer of Janus."""
        found = [
            re.search(pattern, sdp, re.MULTILINE)
            for pattern in (
                r"^a=ice-ufrag:(\S+)",
                r"^a=ice-pwd:(\S+)",
                r"^a=fingerprint:sha-256 (\S+)",
                r"^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host",
            )
        ]
        assert all(found), sdp
        ufrag, password, fingerprint, candidate = found
        self._remote = (ufrag[1], password[1])
        self._fingerprint = fingerprint[1]
        self._server = (candidate[1], int(candidate[2]))

    def answers(self, offer: str) -> dict[str, str]:
        """Take an offer of Janus, all of it, and write the answer."""
        self.hear(offer)
        sections, mids = [], []
        for section in re.split(r"^m=", offer, flags=re.MULTILINE)[1:]:
            kind, *_, payload_type = section.split("\r\n")[0].split()[:4]
            mid = re.search(r"^a=mid:(\S+)", section, re.MULTILINE)
            assert mid, "Janus names its sections"
            mids.append(mid[1])
            sections.append(self._section(kind, mid[1], payload_type, "recvonly", 0))
        return {"type": "answer", "sdp": _session_of(sections, mids)}

    def _section(self, kind: str, mid: str, payload_type: str, direction: str, ssrc: int) -> str:
        own = next(
            each.value
            for each in self._certificate.getFingerprints()
            if each.algorithm == "sha-256"
        )
        codec = "opus/48000/2" if kind == "audio" else "VP8/90000"
        wanted = ["transport-cc"] if kind == "audio" else ["nack", "nack pli", "transport-cc"]
        lines = [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {payload_type}",
            f"c=IN IP4 {ADDRESS}",
            f"a=mid:{mid}",
            f"a={direction}",
            "a=rtcp-mux",
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.password}",
            f"a=fingerprint:sha-256 {own}",
            "a=setup:active",
            f"a=rtpmap:{payload_type} {codec}",
            *(f"a=rtcp-fb:{payload_type} {each}" for each in wanted),
            f"a=extmap:3 {TRANSPORT_WIDE_CC}",
            *([f"a=ssrc:{ssrc} cname:load", f"a=msid:load {kind}"] if ssrc else []),
            f"a=candidate:1 1 udp 2130706431 {ADDRESS} {self.address[1]} typ host",
            "a=end-of-candidates",
        ]
        return "\r\n".join(lines) + "\r\n"


def _session_of(sections: Sequence[str], mids: Sequence[str]) -> str:
    head = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {' '.join(mids)}"]
    return "\r\n".join(head) + "\r\n" + "".join(sections)


async def _videoroom(
    api: JanusApi,
    number: int,
    certificate: RTCCertificate,
    legs: list[JanusLeg],
    places: asyncio.Semaphore,
) -> None:
    """One call: both send, then both receive what the other one sends; its four legs are added to `legs`."""
    async with places:
        room = {"room": 10_000 + number}
        codecs = {"videocodec": "vp8", "audiocodec": "opus"}
        created = {"request": "create", "publishers": 2, "bitrate": 0, **codecs, **room}
        await api.tell(await api.attach(), created)
        feeds = []
        for name in SEATS:
            handle = await api.attach()
            join = {"request": "join", "ptype": "publisher", "display": name, **room}
            feeds.append((await api.tell(handle, join))["id"])
            leg = JanusLeg(certificate, sends=True)
            legs.append(leg)
            told = await api.tell(handle, {"request": "publish"}, leg.offer())
            leg.hear(told["jsep"]["sdp"])
            await leg.connect(CONNECT_TIMEOUT_S)
            leg.send(OPUS, SOUND)
        for feed in feeds:
            handle = await api.attach()
            join = {"request": "join", "ptype": "subscriber", "streams": [{"feed": feed}], **room}
            told = await api.tell(handle, join)
            leg = JanusLeg(certificate, sends=False)
            legs.append(leg)
            await api.tell(handle, {"request": "start"}, leg.answers(told["jsep"]["sdp"]))
            await leg.connect(CONNECT_TIMEOUT_S)


def janus_is_made_of() -> str:
    """Versions of Debian's Janus and of the libsrtp that it carries, and whose ciphers that uses."""
    program = shutil.which("janus")
    assert program is not None, "Janus is not installed; `make bench-media` does it"
    version = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    found = re.search(r"Janus version: \d+ \(([\d.]+)\)", version.stdout + version.stderr)
    linked = _linked(program)
    library = linked.get("libsrtp2.so.1", "")
    ciphers = _linked(library) if library else {}
    on = [
        name
        for name, file in (("NSS", "libnss3.so"), ("OpenSSL", "libcrypto.so.3"))
        if file in ciphers
    ]
    package = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "libsrtp2-1"],
        capture_output=True,
        text=True,
        check=False,
    )
    return (
        f"Janus {found[1] if found else '?'}, its libsrtp {package.stdout or '?'}"
        f" on {' and '.join(on) or 'ciphers of its own'} (ldd)"
    )


def _linked(file: str) -> dict[str, str]:
    """The libraries that a file is linked with, as ldd resolves them."""
    told = subprocess.run(["ldd", file], capture_output=True, text=True, check=False).stdout
    return dict(re.findall(r"^\s*(\S+) => (\S+)", told, re.MULTILINE))
