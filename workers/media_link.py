"""The node's side of the media port: starts media workers, watches over them, and speaks with them.

It implements `orchestrator.ports.Media`. A room is given to the living worker that carries the fewest. A worker whose
process ends, or that is silent for the TTL, is lost: it is killed, its rooms are reported `RoomLost`, and another one
is started in its place with back-off. aiortc and PyAV are never imported here (architecture.md).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from orchestrator import ports
from orchestrator.errors import Misconfigured
from orchestrator.policy.model import ConnectionId, SeatId, SessionId
from workers.media import wire
from workers.media.child import MediaWorker, WorkerState
from workers.media.probes import Probes
from workers.samples import SAMPLES_KEPT, Samples

START_TIMEOUT_S = 20.0
"""Until the first word of a new worker: importing aiortc takes 0.7 s on an idle core, binding up to 5 s."""
BEATS_A_TTL = 4
BACKOFF_FIRST_S = 0.1
BACKOFF_LAST_S = 5.0
STEADY_AFTER_S = 10.0
"""A worker that lived this long is started again at once."""
EXIT_TIMEOUT_S = 2.0
LINES_FOR = timedelta(seconds=SAMPLES_KEPT)
TOLD_KEPT = 30
"""Of what a page tells, at most one in two seconds."""
LEAVING_S = 0.2
"""A worker that has closed its link is ending by itself; its exit status is worth this wait."""

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
    probe_s: float = 15.0
    """How long a page may measure its line; a browser's estimate of one settles within ten."""
    ttl_s: float = 2.0
    """After so much silence each end takes the other for dead."""
    log_format: str = "json"
    """How workers write their log, to the node's standard error: `json` or `text`."""
    log_level: str = "info"

    def configure(self, index: int) -> wire.Configure:
        """What the worker of that index is told first."""
        port = self.port + index if self.port else 0
        return wire.Configure(host=self.host, port=port, announced=self.announced, ttl_s=self.ttl_s)

    def options(self) -> tuple[str, ...]:
        """What every worker is told on its command line."""
        return f"--log-format={self.log_format}", f"--log-level={self.log_level}"


@dataclass(slots=True)
class _Ring:
    """What is known of one seat's line."""

    measured: Samples = field(default_factory=Samples)
    told: list[ports.PageSample] = field(default_factory=list)

    def since(self, moment: datetime) -> ports.Line:
        told = tuple(each for each in self.told if each.at > moment)
        return ports.Line(self.measured.since(moment), told)


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
        self._rooms: dict[SessionId, MediaWorker] = {}
        self._lines: dict[SessionId, dict[SeatId, _Ring]] = {}
        self._workers: dict[int, MediaWorker] = {}
        self._probes = Probes(settings.probe_s, clock.monotonic, self._offer_probe)
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
        return any(worker.state is WorkerState.READY for worker in self._workers.values())

    def _started_future(self) -> asyncio.Future[None]:
        if self._all_started is None:
            self._all_started = asyncio.get_running_loop().create_future()
        return self._all_started

    def _fill_places(self) -> None:
        """Make the workers that `run` will start; rooms may be given to them before that."""
        for index in range(len(self._workers), self._count):
            self._workers[index] = MediaWorker(index, self._heard)

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

    async def _live(self, worker: MediaWorker) -> None:
        """One worker's life; afterwards its successor is in its place, waiting to be started."""
        worker.heard_at = self._clock.monotonic()
        try:
            try:
                settings = self._settings
                await worker.start(settings.configure(worker.index), settings.options())
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

    def _bury(self, worker: MediaWorker, reason: str) -> None:
        status = worker.process.returncode if worker.process is not None else None
        failure = worker.failure or None
        log.error(
            "worker.lost", worker=worker.index, reason=reason, exit_status=status, failure=failure
        )
        self._workers[worker.index] = MediaWorker(worker.index, self._heard)
        future = self._started_future()
        if worker.failure and not future.done():
            future.set_exception(Misconfigured([worker.failure]))
            future.exception()  # seen: nobody has to wait for it
        lost = [session for session, carrier in self._rooms.items() if carrier is worker]
        self._probes.lose(worker)
        for session in lost:
            del self._rooms[session]
            self._lines.pop(session, None)
        for session in lost:
            self._tell(ports.RoomLost(session))

    async def _watch(self) -> None:
        """Beat, and see who does not."""
        beat_s = self._settings.ttl_s / BEATS_A_TTL
        now = self._clock.monotonic()
        while True:
            began = now
            # What workers have sent meanwhile is read before this goes on, also after a pause of the node itself.
            await asyncio.sleep(beat_s)
            now = self._clock.monotonic()
            if (late_s := now - began - beat_s) >= beat_s:
                # Before its workers take it for dead: whoever reads why they left shall find it.
                log.warning("node.late", late_s=round(late_s, 2))
            for worker in self._workers.values():
                is_ready = worker.state is WorkerState.READY
                patience_s = self._settings.ttl_s if is_ready else START_TIMEOUT_S
                if worker.process is None:
                    continue
                if now - worker.heard_at > patience_s:
                    worker.lose("silent")
                worker.say(wire.NodeBeat())

    # ---- what workers tell -----------------------------------------------------------------------

    def _heard(self, worker: MediaWorker, report: wire.Report) -> None:
        if worker.lost.done():
            return
        worker.heard_at = self._clock.monotonic()
        if self._probes.take(report):
            return
        match report:
            case wire.WorkerBeat(counters=counters):
                worker.counters = counters
            case wire.Ready(port=port):
                worker.state, worker.port = WorkerState.READY, port
                self._note_started()
            case wire.Failed(reason=reason):
                worker.failure = reason
            case wire.SeatRefused(session=session, seat=seat, code=code):
                log.warning("seat.refused", session=session, seat=seat, code=code)
            case wire.Statistics(legs=legs):
                self._note_lines(worker, legs)
            case wire.RoomClosed(session=session):
                self._forget(worker, SessionId(session))
            case _:
                # A worker speaks only of rooms that it still has: what comes late about others is dropped.
                if self._rooms.get(SessionId(report.session)) is worker:
                    self._tell(_event(report))

    def _note_lines(self, worker: MediaWorker, legs: Sequence[wire.LegStatistics]) -> None:
        now = self._clock.now()
        for leg in legs:
            session = SessionId(leg.session)
            if self._rooms.get(session) is worker:
                self._ring(session, SeatId(leg.seat)).measured.add(
                    ports.LineSample(
                        now,
                        leg.media_epoch,
                        leg.up_bps,
                        leg.down_bps,
                        leg.loss_up,
                        leg.loss_down,
                        leg.rtt_ms,
                        leg.jitter_ms,
                    )
                )

    def _ring(self, session: SessionId, seat: SeatId) -> _Ring:
        return self._lines.setdefault(session, {}).setdefault(seat, _Ring())

    def _note_started(self) -> None:
        future = self._started_future()
        are_ready = [worker.state is WorkerState.READY for worker in self._workers.values()]
        if all(are_ready) and not future.done():
            future.set_result(None)

    def _tell(self, event: ports.MediaEvent) -> None:
        try:
            self._on_event(event)
        except Exception:  # the link's loop: a listener's bug must not cost us a worker
            log.exception("media.event_failed", event_type=type(event).__name__)

    def _forget(self, worker: MediaWorker, session: SessionId) -> None:
        if self._rooms.get(session) is worker:
            del self._rooms[session]
            self._lines.pop(session, None)
            worker.sessions.discard(session)

    # ---- ports.Media -----------------------------------------------------------------------------

    def open_room(self, session: SessionId, closes_in_s: float) -> None:
        """Open a room; see `ports.Media`."""
        worker = self._rooms.get(session)
        if worker is None:
            worker = self._choose()
            self._rooms[session] = worker
            worker.sessions.add(session)
        closes_at = self._clock.monotonic() + closes_in_s
        worker.say(wire.OpenRoom(session=session, closes_at=closes_at))

    def extend_room(self, session: SessionId, closes_at: datetime, closes_in_s: float) -> None:
        """Let an open room close later; see `ports.Media`."""
        at = self._clock.monotonic() + closes_in_s
        reference = closes_at.isoformat()
        self._say(session, wire.ExtendRoom(session=session, closes_at=at, reference=reference))

    def connect(
        self,
        session: SessionId,
        seat: SeatId,
        media_epoch: int,
        functions: frozenset[str],
        others: tuple[SeatId, ...],
        *,
        only_receives: bool = False,
    ) -> None:
        """Make a new connection for a seat; see `ports.Media`."""
        self._say(
            session,
            wire.Connect(
                session=session,
                seat=seat,
                media_epoch=media_epoch,
                functions=functions,
                others=others,
                only_receives=only_receives,
            ),
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

    def probe(self, connection: ConnectionId) -> bool:
        """Offer a page a connection that sends its packets back; see `ports.Media`."""
        return self._probes.open(connection, self._workers.values())

    def answer_probe(self, connection: ConnectionId, sdp: str) -> None:
        """Pass a page's answer to that offer on; see `ports.Media`."""
        self._probes.answer(connection, sdp)

    def end_probe(self, connection: ConnectionId) -> None:
        """Close it; see `ports.Media`."""
        self._probes.close(connection)

    def _offer_probe(self, page: str, sdp: str) -> None:
        self._tell(ports.ProbeOffered(ConnectionId(page), sdp))

    def note_page(self, session: SessionId, seat: SeatId, sample: ports.PageSample) -> None:
        """Keep what a page tells; see `ports.Media`."""
        if session in self._rooms:
            told = self._ring(session, seat).told
            told.append(sample)
            del told[:-TOLD_KEPT]

    def lines(
        self, session: SessionId, since: datetime | None = None
    ) -> Mapping[SeatId, ports.Line]:
        """How each seat's line was in the last minute; see `ports.Media`."""
        since = since or self._clock.now() - LINES_FOR
        return {seat: ring.since(since) for seat, ring in self._lines.get(session, {}).items()}

    def _say(self, session: SessionId, command: wire.Command) -> None:
        worker = self._rooms.get(session)
        if worker is not None:
            worker.say(command)

    def _choose(self) -> MediaWorker:
        """The worker that gets the next room: living before starting, then the one with the fewest rooms."""
        self._fill_places()
        order = [WorkerState.READY, WorkerState.STARTING, WorkerState.LOST]
        return min(
            self._workers.values(),
            key=lambda each: (order.index(each.state), len(each.sessions), each.index),
        )


_Told = (
    wire.Offered
    | wire.Up
    | wire.Flowing
    | wire.WentSilent
    | wire.CameBack
    | wire.LegQuality
    | wire.Extended
)


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
        case wire.LegQuality():
            return _quality(report)
        case wire.CameBack(seat=seat, media_epoch=media_epoch):
            return ports.LegReturned(session, SeatId(seat), media_epoch)
        case wire.Extended(reference=reference):
            return ports.RoomExtended(session, datetime.fromisoformat(reference))
        case _:
            assert_never(report)


def _quality(report: wire.LegQuality) -> ports.LegQuality:
    losses = [loss for loss in (report.loss_up, report.loss_down) if loss is not None]
    return ports.LegQuality(
        SessionId(report.session),
        SeatId(report.seat),
        report.media_epoch,
        loss=max(losses, default=None) if report.is_lossy else None,
        rtt_ms=report.rtt_ms if report.is_slow else None,
    )
