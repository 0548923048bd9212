"""The worker process: one loop that carries packets, hears the node and watches the time.

It lives for the node. It exits when the link ends, and when it has heard nothing over it for `ttl_s`, for a node that
is dead or stopped must not go on forwarding; either way it cuts all rooms first. The port keeps the same moment and
forwards nothing after it, should this loop be late.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import socket
import time
from collections.abc import Sequence
from enum import IntEnum

import structlog

from workers.media import wire
from workers.media.commands import Rooms
from workers.media.datagrams import Datagrams, bind
from workers.media.port import ASK_AGAIN_S, MediaPort
from workers.media.sdp import Candidate

CONFIGURE_TIMEOUT_S = 10.0
BIND_TIMEOUT_S = 5.0
"""How long a port that a dying predecessor holds is tried again."""
BIND_INTERVAL_S = 0.05
TICK_S = 0.25
TRIM_INTERVAL_S = 5.0
"""It takes one to three milliseconds, the longer the more memory is in use; packets wait meanwhile."""
BEATS_A_TTL = 4
LOOPBACK = {
    "0.0.0.0": ("127.0.0.1",),  # noqa: S104 - compared with, not bound to
    "::": ("::1", "127.0.0.1"),
}

log = structlog.get_logger()


class Exit(IntEnum):
    """Why a worker ended, as its exit status."""

    NODE_GONE = 0
    """The link ended; the ordinary way."""
    NODE_SILENT = 3
    PORT_TAKEN = 4
    LINK_BROKEN = 5


class _Over(Exception):
    """Ends the group of tasks: the worker's work is over."""


def trim_memory() -> None:
    """Give free memory back to the system, where the C library can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def candidates(host: str, announced: Sequence[str], port: int) -> list[Candidate]:
    """Where browsers shall look for the worker.

    Args:
        host: what is bound.
        announced: addresses to announce, best first.
        port: UDP port.

    Returns:
        The bound address, or the loopback ones when all are bound (`::` takes IPv4 too); then the announced ones, of
        either kind, for they may be translated on their way; each once.
    """
    own = LOOPBACK.get(host, (host,))
    return [Candidate(each, port) for each in dict.fromkeys((*own, *announced))]


class MediaProcess(asyncio.Protocol):
    """One worker, from its first message to its end; also the protocol of its link."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lines = wire.Lines()
        self._link: asyncio.Transport | None = None
        self._configured: asyncio.Future[wire.Configure] = self._loop.create_future()
        self._over: asyncio.Future[Exit] = self._loop.create_future()
        self._heard_at = time.monotonic()
        self._ttl_s = CONFIGURE_TIMEOUT_S
        self._rooms: Rooms | None = None
        self._port: MediaPort | None = None
        self._waiting: list[wire.Command] = []
        self._closing: asyncio.TimerHandle | None = None
        self._trimmed_at = 0.0

    # ---- the link -------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The link is there."""
        assert isinstance(transport, asyncio.Transport), "a stream socket gives a Transport"
        self._link = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """The node is gone."""
        self._end(Exit.NODE_GONE)

    def data_received(self, data: bytes) -> None:
        """Hear the node; anything it says is a sign of life."""
        self._hear()
        try:
            for line in self._lines.feed(data):
                self._obey(wire.parse_command(line))
        except wire.LinkBroken as broken:
            log.error("link.broken", why=str(broken))  # noqa: TRY400 - the parser's traceback says no more
            self._end(Exit.LINK_BROKEN)

    def _hear(self) -> None:
        self._heard_at = time.monotonic()
        if self._port is not None:
            self._port.deaf_at = self._heard_at + self._ttl_s

    def _obey(self, command: wire.Command) -> None:
        if isinstance(command, wire.NodeBeat):
            return
        if isinstance(command, wire.Configure):
            if self._configured.done():
                raise wire.LinkBroken("configured twice")
            self._configured.set_result(command)
        elif self._rooms is None:
            self._waiting.append(command)
        else:
            self._rooms.carry_out(command)
            self._arm_closing()

    def _report(self, report: wire.Report) -> None:
        if self._link is None or self._link.is_closing():
            return
        self._link.write(wire.encode(report))
        if self._link.get_write_buffer_size() > wire.MAX_UNSENT_BYTES:
            self._end(Exit.NODE_SILENT)

    def _end(self, status: Exit) -> None:
        if not self._over.done():
            self._over.set_result(status)

    # ---- life -----------------------------------------------------------------------------------------------------

    async def run(self) -> Exit:
        """Work until the node is gone.

        Returns:
            Why it ended.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch())
                tasks.create_task(self._work(tasks))
                tasks.create_task(self._wait_for_end())
        except* _Over:
            pass
        return self._over.result()

    async def _wait_for_end(self) -> None:
        status = await self._over
        if self._port is not None and self._rooms is not None:
            self._port.deaf_at = float("-inf")
            log.info("worker.ending", reason=status.name.lower(), rooms=len(self._rooms))
            self._rooms.close_all()
            # The farewells are tasks of the group that is about to end; one turn of the loop sends them.
            await asyncio.sleep(0)
            self._loop.remove_reader(self._port.udp.fileno())
            self._port.close()
        raise _Over

    async def _watch(self) -> None:
        """Look at the time: the node's silence, the legs' silence, our own beat."""
        beat_at = tick_at = 0.0
        while True:
            # What the node has sent meanwhile is read before this goes on, also after a pause of the whole machine.
            await asyncio.sleep(min(ASK_AGAIN_S, self._ttl_s / BEATS_A_TTL / 2))
            now = time.monotonic()
            if now - self._heard_at > self._ttl_s:
                self._end(Exit.NODE_SILENT)
            if self._port is not None:
                self._port.turn(now)
                if now >= tick_at:
                    tick_at = now + TICK_S
                    self._port.tick(now)
                    self._settle(now)
                if now >= beat_at:
                    beat_at = now + self._ttl_s / BEATS_A_TTL
                    self._beat(self._port)

    def _settle(self, now: float) -> None:
        """Free what handshakes have needed, and give back what is free: the C library would keep it in small pieces."""
        if self._rooms is not None:
            self._rooms.settle()
        if now >= self._trimmed_at + TRIM_INTERVAL_S:
            self._trimmed_at = now
            trim_memory()

    def _beat(self, port: MediaPort) -> None:
        legs, _, _, _ = port.ice.table_sizes
        rooms = len(self._rooms) if self._rooms is not None else 0
        counted = {**port.counters, "forwarded": port.forwarded, "legs": legs, "rooms": rooms}
        self._report(wire.WorkerBeat(counters=counted))

    async def _work(self, tasks: asyncio.TaskGroup) -> None:
        settings = await self._configured
        self._ttl_s = settings.ttl_s
        self._hear()
        udp = await self._bound(settings)
        if udp is None:
            self._end(Exit.PORT_TAKEN)
            return
        port = MediaPort(Datagrams(udp), self._report, time.monotonic)
        at = candidates(settings.host, settings.announced, port.number)
        self._port = port
        self._rooms = Rooms(port, at, self._report, tasks.create_task, time.monotonic)
        self._hear()
        self._loop.add_reader(udp.fileno(), port.reader(time.sleep))
        self._report(wire.Ready(port=port.number))
        log.info("worker.ready", port=port.number)
        waiting, self._waiting = self._waiting, []
        for command in waiting:
            self._obey(command)

    async def _bound(self, settings: wire.Configure) -> socket.socket | None:
        """The worker's socket; None, and the node is told why, when there is none to be had."""
        give_up_at = time.monotonic() + BIND_TIMEOUT_S
        while True:
            try:
                return bind(settings.host, settings.port)
            except OSError as wrong:
                is_taken = wrong.errno == errno.EADDRINUSE
                if not is_taken or time.monotonic() >= give_up_at:
                    why = "is taken" if is_taken else f"cannot be opened ({wrong.strerror})"
                    reason = f"UDP port {settings.port} on {settings.host} {why}"
                    log.error("port.failed", reason=reason)  # noqa: TRY400 - a sentence for the operator
                    self._report(wire.Failed(reason=reason))
                    return None
            await asyncio.sleep(BIND_INTERVAL_S)

    def _arm_closing(self) -> None:
        """Wake at the moment when the next room closes; only to say goodbye, for the port looks at the clock itself."""
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        at = self._rooms.next_closing() if self._rooms is not None else None
        if at is not None:
            # The loop's clock is CLOCK_MONOTONIC too.
            self._closing = self._loop.call_at(at, self._close_due)

    def _close_due(self) -> None:
        assert self._rooms is not None, "armed only when there are rooms"
        self._rooms.close_due(time.monotonic())
        self._arm_closing()


async def serve(link: socket.socket) -> Exit:
    """Be a media worker at the end of this link, until the node is gone.

    Args:
        link: our end of the socket pair.
    """
    link.setblocking(False)
    loop = asyncio.get_running_loop()
    transport, process = await loop.create_connection(MediaProcess, sock=link)
    try:
        return await process.run()
    finally:
        transport.close()
