"""The node's side of the media port: starts media workers, watches over them, and speaks with them.

It implements `orchestrator.ports.Media`. A room is given to the living worker that carries the fewest. A worker whose
process ends, or that is silent for the TTL, is lost: it is killed, its rooms are reported `RoomLost`, and another one
is started in its place with back-off. aiortc and PyAV are never imported here (architecture.md).
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import assert_never

import structlog

from orchestrator import ports
from orchestrator.errors import Misconfigured
from orchestrator.policy.model import SeatId, SessionId
from workers.media import wire

START_TIMEOUT_S = 20.0
"""Until the first word of a new worker: importing aiortc takes 0.7 s on an idle core, binding up to 5 s."""
BEATS_A_TTL = 4
BACKOFF_FIRST_S = 0.1
BACKOFF_LAST_S = 5.0
STEADY_AFTER_S = 10.0
"""A worker that lived this long is started again at once."""
EXIT_TIMEOUT_S = 2.0
LEAVING_S = 0.2
"""A worker that has closed its link is ending by itself; its exit status is worth this wait."""
ROOT = Path(__file__).resolve().parent.parent
"""Where `-m workers.media` is found, also in a checkout that is not installed."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """How many media workers there are, and where they listen."""

    host: str = "127.0.0.1"
    """Address that the UDP sockets are bound to."""
    port: int = 0
    """UDP port of the first worker, the next ones follow; 0: any free ones."""
    announced: tuple[str, ...] = ()
    """Further addresses under which browsers reach this machine: LAN, public."""
    workers: int = 0
    """How many worker processes; 0: one a core."""
    ttl_s: float = 2.0
    """After so much silence each end takes the other for dead."""
    log_format: str = "json"
    """How workers write their log, to the node's standard error: `json` or `text`."""
    log_level: str = "info"

    def configure(self, index: int) -> wire.Configure:
        """What the worker of that index is told first."""
        port = self.port + index if self.port else 0
        return wire.Configure(host=self.host, port=port, announced=self.announced, ttl_s=self.ttl_s)


class _State(Enum):
    """Where a worker is in its life."""

    STARTING = "starting"
    READY = "ready"
    LOST = "lost"


class _LinkEnd(asyncio.Protocol):
    """Our end of a worker's link: lines in, lines out; it never blocks and never grows without bound."""

    def __init__(self, hear: Callable[[wire.Report], None], lose: Callable[[str], None]) -> None:
        self._hear = hear
        self._lose = lose
        self._lines = wire.Lines()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "a stream socket gives a Transport"
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose("link_ended")

    def data_received(self, data: bytes) -> None:
        try:
            for line in self._lines.feed(data):
                self._hear(wire.parse_report(line))
        except wire.LinkBroken:
            self._lose("link_broken")

    def say(self, command: wire.Command) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(wire.encode(command))
        if self._transport.get_write_buffer_size() > wire.MAX_UNSENT_BYTES:
            self._lose("does_not_read")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class _Worker:
    """One worker process, from its start to its loss."""

    def __init__(self, index: int, hear: Callable[[_Worker, wire.Report], None]) -> None:
        self.index = index
        self.state = _State.STARTING
        self.port = 0
        self.heard_at = 0.0
        self.sessions: set[SessionId] = set()
        self.counters: Mapping[str, int] = {}
        self.failure = ""
        """What the worker said about why it cannot work."""
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.process: asyncio.subprocess.Process | None = None
        self._hear = hear
        self._unsaid: list[wire.Command] = []
        self._link: _LinkEnd | None = None

    async def start(self, settings: MediaSettings) -> None:
        """Start the process and tell it where to listen; `lost` is set when it is gone.

        Raises:
            OSError: the process cannot be started.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            ours.setblocking(False)
            try:
                self.process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "workers.media",
                    f"--fd={theirs.fileno()}",
                    f"--parent={os.getpid()}",
                    f"--index={self.index}",
                    f"--log-format={settings.log_format}",
                    f"--log-level={settings.log_level}",
                    cwd=ROOT,
                    env={},  # a worker needs no secret of ours
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                )
            except BaseException:
                ours.close()
                raise
        _, self._link = await asyncio.get_running_loop().create_connection(
            lambda: _LinkEnd(lambda report: self._hear(self, report), self.lose), sock=ours
        )
        self._link.say(settings.configure(self.index))
        unsaid, self._unsaid = self._unsaid, []
        for command in unsaid:
            self._link.say(command)

    def say(self, command: wire.Command) -> None:
        """Pass a command on, or keep it until the process is there."""
        if self._link is not None:
            self._link.say(command)
        elif not self.lost.done():
            self._unsaid.append(command)

    def lose(self, reason: str) -> None:
        """The worker counts as gone from now on."""
        self.state = _State.LOST
        if not self.lost.done():
            self.lost.set_result(reason)

    async def end(self, *, wait_s: float) -> None:
        """Close the link, give the process `wait_s` to go by itself, and see it gone in any case."""
        if self._link is not None:
            self._link.close()
        if self.process is None:
            return
        try:
            async with asyncio.timeout(wait_s):
                await self.process.wait()
        except TimeoutError:
            # A worker that has gone in this very moment is not there to be killed.
            if self.process.returncode is None:
                self.process.kill()
            await self.process.wait()


class MediaLink(ports.Media):
    """All media workers of this node; implements `orchestrator.ports.Media`.

    Run `run()` in a task for as long as the node lives; `started()` returns when every worker listens.

    Args:
        settings: how many workers there are, and where they listen.
        clock: its monotonic seconds are CLOCK_MONOTONIC's, which the workers share.
        on_event: is called in the loop's thread for everything that the workers tell; may call back at once.
    """

    def __init__(
        self,
        settings: MediaSettings,
        clock: ports.Clock,
        on_event: Callable[[ports.MediaEvent], None],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._on_event = on_event
        self._rooms: dict[SessionId, _Worker] = {}
        self._workers: dict[int, _Worker] = {}
        self._all_started: asyncio.Future[None] | None = None
        self._count = settings.workers or os.cpu_count() or 1

    # ---- life ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep all workers running until cancelled; then end them, and return when they are gone."""
        self._started_future()
        self._fill_places()
        async with asyncio.TaskGroup() as tasks:
            for index in range(self._count):
                tasks.create_task(self._keep(index))
            tasks.create_task(self._watch())

    async def started(self) -> tuple[int, ...]:
        """Wait until every worker listens for the first time.

        Returns:
            Their UDP ports.

        Raises:
            Misconfigured: a port is taken or an address is not ours.
        """
        await asyncio.shield(self._started_future())
        return tuple(worker.port for _, worker in sorted(self._workers.items()))

    def counters(self) -> Mapping[str, int]:
        """What the living workers have counted, summed; a second old at most."""
        total: dict[str, int] = {}
        for worker in self._workers.values():
            for name, count in worker.counters.items():
                total[name] = total.get(name, 0) + count
        return total

    @property
    def is_alive(self) -> bool:
        """At least one worker listens."""
        return any(worker.state is _State.READY for worker in self._workers.values())

    def _started_future(self) -> asyncio.Future[None]:
        if self._all_started is None:
            self._all_started = asyncio.get_running_loop().create_future()
        return self._all_started

    def _fill_places(self) -> None:
        """Make the workers that `run` will start; rooms may be given to them before that."""
        for index in range(len(self._workers), self._count):
            self._workers[index] = _Worker(index, self._heard)

    async def _keep(self, index: int) -> None:
        """One worker after the other in the same place."""
        backoff_s = BACKOFF_FIRST_S
        while True:
            worker = self._workers[index]
            began_at = self._clock.monotonic()
            await self._live(worker)
            if self._clock.monotonic() - began_at >= STEADY_AFTER_S:
                backoff_s = BACKOFF_FIRST_S
            else:
                await asyncio.sleep(backoff_s)
                backoff_s = min(2 * backoff_s, BACKOFF_LAST_S)

    async def _live(self, worker: _Worker) -> None:
        """One worker's life; afterwards its successor is in its place, waiting to be started."""
        worker.heard_at = self._clock.monotonic()
        try:
            try:
                await worker.start(self._settings)
            except OSError as wrong:
                worker.failure = f"a media worker cannot be started: {wrong.strerror}"
                worker.lose("not_started")
            reason = await worker.lost
        except asyncio.CancelledError:
            await worker.end(wait_s=EXIT_TIMEOUT_S)
            raise
        # Whatever it was lost for, it must not go on forwarding, nor hold the port.
        await worker.end(wait_s=LEAVING_S if reason == "link_ended" else 0)
        self._bury(worker, reason)

    def _bury(self, worker: _Worker, reason: str) -> None:
        status = worker.process.returncode if worker.process is not None else None
        failure = worker.failure or None
        log.error(
            "worker.lost", worker=worker.index, reason=reason, exit_status=status, failure=failure
        )
        self._workers[worker.index] = _Worker(worker.index, self._heard)
        future = self._started_future()
        if worker.failure and not future.done():
            future.set_exception(Misconfigured([worker.failure]))
            future.exception()  # seen: nobody has to wait for it
        for session in sorted(worker.sessions):
            del self._rooms[session]
        for session in sorted(worker.sessions):
            self._tell(ports.RoomLost(session))

    async def _watch(self) -> None:
        """Beat, and see who does not."""
        while True:
            # What workers have sent meanwhile is read before this goes on, also after a pause of the node itself.
            await asyncio.sleep(self._settings.ttl_s / BEATS_A_TTL)
            now = self._clock.monotonic()
            for worker in self._workers.values():
                is_ready = worker.state is _State.READY
                patience_s = self._settings.ttl_s if is_ready else START_TIMEOUT_S
                if worker.process is None:
                    continue
                if now - worker.heard_at > patience_s:
                    worker.lose("silent")
                worker.say(wire.NodeBeat())

    # ---- what workers tell -----------------------------------------------------------------------

    def _heard(self, worker: _Worker, report: wire.Report) -> None:
        if worker.lost.done():
            return
        worker.heard_at = self._clock.monotonic()
        match report:
            case wire.WorkerBeat(counters=counters):
                worker.counters = counters
            case wire.Ready(port=port):
                worker.state, worker.port = _State.READY, port
                self._note_started()
            case wire.Failed(reason=reason):
                worker.failure = reason
            case wire.SeatRefused(session=session, seat=seat, code=code):
                log.warning("seat.refused", session=session, seat=seat, code=code)
            case wire.RoomClosed(session=session):
                self._forget(worker, SessionId(session))
            case _:
                # A worker speaks only of rooms that it still has: what comes late about others is dropped.
                if self._rooms.get(SessionId(report.session)) is worker:
                    self._tell(_event(report))

    def _note_started(self) -> None:
        future = self._started_future()
        are_ready = [worker.state is _State.READY for worker in self._workers.values()]
        if all(are_ready) and not future.done():
            future.set_result(None)

    def _tell(self, event: ports.MediaEvent) -> None:
        try:
            self._on_event(event)
        except Exception:  # the link's loop: a listener's bug must not cost us a worker
            log.exception("media.event_failed", event_type=type(event).__name__)

    def _forget(self, worker: _Worker, session: SessionId) -> None:
        if self._rooms.get(session) is worker:
            del self._rooms[session]
            worker.sessions.discard(session)

    # ---- ports.Media -----------------------------------------------------------------------------

    def open_room(self, session: SessionId, closes_in_s: float) -> None:
        """Open a room, or change when it closes; see `ports.Media`."""
        worker = self._rooms.get(session)
        if worker is None:
            worker = self._choose()
            self._rooms[session] = worker
            worker.sessions.add(session)
        closes_at = self._clock.monotonic() + closes_in_s
        worker.say(wire.OpenRoom(session=session, closes_at=closes_at))

    def connect(
        self, session: SessionId, seat: SeatId, media_epoch: int, functions: frozenset[str]
    ) -> None:
        """Make a new connection for a seat; see `ports.Media`."""
        self._say(
            session,
            wire.Connect(session=session, seat=seat, media_epoch=media_epoch, functions=functions),
        )

    def answer(self, session: SessionId, seat: SeatId, media_epoch: int, sdp: str) -> None:
        """Pass a page's answer on; see `ports.Media`. One that is far too long is dropped."""
        if len(sdp) < wire.MAX_LINE_BYTES // 4:
            self._say(
                session,
                wire.Answer(session=session, seat=seat, media_epoch=media_epoch, sdp=sdp),
            )

    def restart(self, session: SessionId, seat: SeatId, media_epoch: int) -> None:
        """Restart ICE; see `ports.Media`."""
        self._say(session, wire.Restart(session=session, seat=seat, media_epoch=media_epoch))

    def disconnect(self, session: SessionId, seat: SeatId) -> None:
        """Close a seat's connection; see `ports.Media`."""
        self._say(session, wire.Disconnect(session=session, seat=seat))

    def close_room(self, session: SessionId) -> None:
        """Cut everything of a room; see `ports.Media`."""
        worker = self._rooms.get(session)
        if worker is not None:
            worker.say(wire.CloseRoom(session=session))
            self._forget(worker, session)

    def _say(self, session: SessionId, command: wire.Command) -> None:
        worker = self._rooms.get(session)
        if worker is not None:
            worker.say(command)

    def _choose(self) -> _Worker:
        """The worker that gets the next room: living before starting, then the one with the fewest rooms."""
        self._fill_places()
        order = [_State.READY, _State.STARTING, _State.LOST]
        return min(
            self._workers.values(),
            key=lambda each: (order.index(each.state), len(each.sessions), each.index),
        )


_Told = wire.Offered | wire.Up | wire.Flowing | wire.WentSilent | wire.CameBack


def _event(report: _Told) -> ports.MediaEvent:
    session = SessionId(report.session)
    match report:
        case wire.Offered(seat=seat, media_epoch=media_epoch, sdp=sdp):
            return ports.OfferMade(session, SeatId(seat), media_epoch, sdp)
        case wire.Up(seat=seat, media_epoch=media_epoch):
            return ports.LegUp(session, SeatId(seat), media_epoch)
        case wire.Flowing():
            return ports.RoomFlowing(session)
        case wire.WentSilent(seat=seat, media_epoch=media_epoch, silent_for_s=silent_for_s):
            return ports.LegSilent(session, SeatId(seat), media_epoch, silent_for_s)
        case wire.CameBack(seat=seat, media_epoch=media_epoch):
            return ports.LegReturned(session, SeatId(seat), media_epoch)
        case _:
            assert_never(report)
