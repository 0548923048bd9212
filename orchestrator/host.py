"""The sessions that this node runs, with one actor each (`actor`): what drives them, and what is asked of them.

Events are stamped when they arrive and queued per session. An actor lives while something of its session is near, and
dies alone. Whoever wakes a session that is over cuts its media first, at once, whatever its actor is waiting for; the
record follows (architecture.md, How data flows, 2).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from orchestrator.actor import Actor, Item, Ports
from orchestrator.errors import MadoguchiError, NotFound, Unavailable
from orchestrator.lines import newly_lost, uneven
from orchestrator.nearby import Nearby
from orchestrator.policy.events import (
    Event,
    ExtensionConfirmed,
    MediaFlowed,
    MediaReturned,
    MediaSilent,
    Observed,
    Woken,
    WorkerLost,
)
from orchestrator.policy.model import ConnectionId, Phase, SeatId, Session, SessionId, Signal
from orchestrator.policy.session import next_deadline
from orchestrator.ports import (
    Alarm,
    Audience,
    Clock,
    Leases,
    LegQuality,
    LegReturned,
    LegSilent,
    LegUp,
    Line,
    Media,
    MediaEvent,
    OfferMade,
    PageSample,
    ProbeOffered,
    RoomExtended,
    RoomFlowing,
    RoomLost,
    Store,
)

log = structlog.get_logger()

IDLE_S = 60.0
"""After this long without an event a session that has nothing to do soon leaves the memory."""

SOON = timedelta(minutes=5)
"""A session with a deadline this near stays in memory."""

DRAIN_S = 3.0
"""How long a node that stops waits for its last transitions; healthy ones take milliseconds."""

_COUNTING_DOWN = frozenset({Phase.WAITING, Phase.INTERRUPTED})
"""While a session is one of these, an absence of ours moves what its people see a countdown to."""

_MEASURED = frozenset({Phase.LIVE, Phase.INTERRUPTED})
"""While a session is one of these, the node that runs it has lines to show."""


class Host:
    """Runs the sessions of this node.

    What may drive it: people (`deliver`, `post`), the media workers (`on_media`), and time (`wake`).
    """

    def __init__(
        self,
        *,
        node: str,
        store: Store,
        clock: Clock,
        leases: Leases,
        alarm: Alarm,
        media: Media,
        audience: Audience,
    ) -> None:
        self._ports = Ports(node, store, clock, leases, alarm, media, audience)
        self._store = store
        self._clock = clock
        self._alarm = alarm
        self._media = media
        self._audience = audience
        self._actors: dict[SessionId, Actor] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._nearby = Nearby()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the actors inside this context; leaving it stops them once their queues are empty."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                yield
                await self._drain()
            finally:
                self._tasks = None
                for task in list(self._running):
                    task.cancel()

    async def _drain(self) -> None:
        """Wait for what is queued, but not for a store that does not come back."""
        try:
            async with asyncio.timeout(DRAIN_S):
                await self._join_all()
        except TimeoutError:
            log.warning("node.undrained", waited_s=DRAIN_S)

    async def _join_all(self) -> None:
        for actor in list(self._actors.values()):
            await actor.queue.join()

    # ---- what drives it ---------------------------------------------------------------------------------------------

    async def deliver(self, session: SessionId, event: Event, words: str | None = None) -> Session:
        """Queue an event for a session and wait until what it changed is durable.

        A refusal is not an error: it reaches the connection through `Audience.refuse`.

        Args:
            session: to which.
            event: what happens.
            words: what somebody wrote with it; kept in the same commit (`policy.notes`).

        Returns:
            The session after the event.

        Raises:
            NotFound: there is no such session.
            Fenced: another living node runs it.
            Unavailable: the store does not answer, or too much is waiting.
        """
        done: asyncio.Future[Session] = asyncio.get_running_loop().create_future()
        self._queue(session, event, done, words)
        return await done

    def post(self, session: SessionId, event: Event) -> None:
        """The same without waiting; what goes wrong is logged."""
        self._queue(session, event, None)

    def wake(self, sessions: Iterable[SessionId]) -> None:
        """Let these sessions look at the time; rooms that are over are cut here and now, before any record."""
        ids = list(sessions)
        self.cut(ids)
        for session_id in ids:
            self._queue(session_id, Woken(), None)

    def look_again(self) -> None:
        """An absence is over: those who wait for somebody see at once until when, with the minutes that it took."""
        for actor in list(self._actors.values()):
            if actor.session is not None and actor.session.phase in _COUNTING_DOWN:
                self._queue(actor.id, Woken(), None)

    def cut(self, sessions: Iterable[SessionId]) -> None:
        """Cut those rooms that are over, and tell their people; twice is once, and nothing waits for it."""
        now = self._clock.now()
        for session_id in sessions:
            actor = self._actors.get(session_id)
            if actor is not None:
                actor.cut_if_over(now)

    def adopt(self, session: SessionId, fence: int, gap_began_at: datetime) -> None:
        """Run a session that was taken over from a dead node."""
        actor = self._actors.get(session)
        if actor is not None and actor.session is not None and actor.fence < fence:
            actor.fence, actor.session = fence, None
        log.info("session.adopted", session=session, fence=fence, since=gap_began_at.isoformat())
        self._queue(session, Woken(), None)  # whatever is queued first, the gap comes before it
        actor = self._actors.get(session)
        if actor is not None and actor.session is None:
            actor.gap_began_at = gap_began_at

    def on_media(self, event: MediaEvent) -> None:
        """Take news of the media workers."""
        match event:
            case OfferMade():
                self._pass_offer(event)
            case ProbeOffered():
                self._audience.offer_probe(event)
            case LegUp() | LegReturned():
                self.post(event.session, MediaReturned(event.seat, event.media_epoch))
            case RoomFlowing():
                self.post(event.session, MediaFlowed())
            case LegSilent():
                heard_at = self._clock.now() - timedelta(seconds=event.silent_for_s)
                self.post(event.session, MediaSilent(event.seat, event.media_epoch, heard_at))
            case LegQuality():
                self._note_quality(event)
            case RoomExtended():
                if (actor := self._actors.get(event.session)) is not None:
                    actor.hold(event.closes_at)
                self.post(event.session, ExtensionConfirmed(event.closes_at))
            case RoomLost():
                self.post(event.session, WorkerLost())
            case _:
                assert_never(event)

    def _note_quality(self, quality: LegQuality) -> None:
        if not self._has_epoch(quality.session, quality.seat, quality.media_epoch):
            return
        if quality.loss is not None:
            self.post(quality.session, Observed(quality.seat, Signal.LINE_BAD, quality.loss))
        if quality.rtt_ms is not None:
            self.post(quality.session, Observed(quality.seat, Signal.DELAY_HIGH, quality.rtt_ms))

    def _note_losses(self, before: Session | None, after: Session) -> None:
        """Tell the sessions whose seats fell together with many of others (product.md, Attribution)."""
        for fell in self._nearby.note(before, after):
            observed = Observed(fell.seat, Signal.LOST_NEARBY, float(fell.others), fell.at)
            self.post(fell.session, observed)
        if lost := newly_lost(before, after):
            for seen in uneven(lost, self._media.lines(after.id)):
                self.post(after.id, seen)

    def _pass_offer(self, offer: OfferMade) -> None:
        actor = self._actors.get(offer.session)
        seat = actor.session.seat(offer.seat) if actor and actor.session else None
        if seat is not None and seat.connection and seat.media_epoch == offer.media_epoch:
            self._audience.offer(seat.connection, offer)

    # ---- what is asked of it ----------------------------------------------------------------------------------------

    async def view(self, session: SessionId) -> Session:
        """The session as it is now, also one that another node runs.

        Raises:
            NotFound: there is no such session.
            Unavailable: the store does not answer.
        """
        actor = self._actors.get(session)
        if actor is not None and actor.session is not None:
            return actor.session
        stored = await self._store.load(session)
        if stored is None:
            raise NotFound("session_unknown")
        return stored.session

    async def until(
        self, session: SessionId, holds: Callable[[Session], bool], within_s: float
    ) -> Session:
        """Wait until something is true of a session that this node runs.

        Raises:
            TimeoutError: it did not become true in that time, or another node runs the session now.
        """
        async with asyncio.timeout(within_s):
            while True:
                actor = self._actors.get(session)
                changed = actor.next_change() if actor is not None else asyncio.Event()
                known = await self.view(session)
                if holds(known):
                    return known
                await changed.wait()

    def answer(self, session: SessionId, seat: SeatId, media_epoch: int, sdp: str) -> None:
        """Pass a page's answer to the media worker; one of another epoch is ignored."""
        if self._has_epoch(session, seat, media_epoch):
            self._media.answer(session, seat, media_epoch, sdp)

    def restart_media(self, session: SessionId, seat: SeatId, media_epoch: int) -> None:
        """Pass a page's wish for an ICE restart to the media worker."""
        if self._has_epoch(session, seat, media_epoch):
            self._media.restart(session, seat, media_epoch)

    def probe(self, connection: ConnectionId) -> bool:
        """Have a page's line measured; False: not now. It is nothing of any session."""
        return self._media.probe(connection)

    def answer_probe(self, connection: ConnectionId, sdp: str) -> None:
        """Pass a page's answer to the media worker that measures its line."""
        self._media.answer_probe(connection, sdp)

    def end_probe(self, connection: ConnectionId) -> None:
        """The page has measured, or may no longer."""
        self._media.end_probe(connection)

    def note_page(self, session: SessionId, seat: SeatId, sample: PageSample) -> None:
        """Keep what a page tells of its line, for a minute."""
        self._media.note_page(session, seat, sample)

    def lines(self, session: Session) -> Mapping[SeatId, Line] | None:
        """How the lines of a session were in the last minute; None: another node carries its media, and knows."""
        actor = self._actors.get(session.id)
        is_here = actor is not None and actor.session is not None
        return self._media.lines(session.id) if is_here or session.phase not in _MEASURED else None

    def live_lines(
        self, since: Callable[[SessionId], datetime | None]
    ) -> Iterator[tuple[SessionId, Mapping[SeatId, Line]]]:
        """The lines of every room that this node carries now.

        Args:
            since: tells of a room from when on they are wanted; None: as far back as they are kept.
        """
        for actor in list(self._actors.values()):
            if actor.session is not None and actor.session.phase in _MEASURED:
                yield actor.id, self._media.lines(actor.id, since(actor.id))

    def _has_epoch(self, session_id: SessionId, seat_id: SeatId, media_epoch: int) -> bool:
        actor = self._actors.get(session_id)
        seat = actor.session.seat(seat_id) if actor and actor.session else None
        return seat is not None and seat.is_admitted and seat.media_epoch == media_epoch

    # ---- its actors -------------------------------------------------------------------------------------------------

    def _queue(
        self,
        session_id: SessionId,
        event: Event,
        done: asyncio.Future[Session] | None,
        words: str | None = None,
    ) -> None:
        item = self._ports.item(event, done, words)
        if self._tasks is None:
            item.fail(Unavailable("node", "it is shutting down"))
            return
        actor = self._actors.get(session_id)
        if actor is None:
            actor = self._actors[session_id] = Actor(session_id, self._ports, self._note_losses)
            task = self._tasks.create_task(self._run(actor))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        try:
            actor.queue.put_nowait(item)
        except asyncio.QueueFull:
            log.warning("session.overflowed", session=session_id)
            item.fail(Unavailable("node", "too much waits for this session"))

    async def _run(self, actor: Actor) -> None:
        while True:
            try:
                async with asyncio.timeout(IDLE_S):
                    item = await actor.queue.get()
            except TimeoutError:
                if self._may_forget(actor):
                    self._forget(actor)
                    return
                continue
            try:
                await actor.handle(item)
            except MadoguchiError as error:
                item.fail(error)
                if not isinstance(error, Unavailable):
                    self._abandon(actor, error)
                    return
                log.warning("session.delayed", session=actor.id, error=error.code)
            except Exception:
                # A bug: this session's actor dies with it, the node lives (style.md, Errors).
                log.exception("session.failed", session=actor.id, on=type(item.event).__name__)
                self._abandon(actor, Unavailable("node", "an internal error"), item)
                return
            finally:
                actor.queue.task_done()

    def _may_forget(self, actor: Actor) -> bool:
        if not actor.queue.empty():
            return False
        if actor.session is None:
            return actor.gap_began_at is None  # nobody else knows of it
        due = next_deadline(actor.session)
        is_quiet = due is None or due.at > self._clock.now() + SOON
        return is_quiet and not any(seat.connection for seat in actor.session.seats)

    def _forget(self, actor: Actor) -> None:
        self._actors.pop(actor.id, None)
        self._alarm.arm(actor.id, None)

    def _abandon(self, actor: Actor, error: Exception, item: Item | None = None) -> None:
        """This node no longer runs the session; whoever waits is told, and the pages connect again."""
        self._forget(actor)
        waiting = [item] if item is not None else []
        while not actor.queue.empty():
            waiting.append(actor.queue.get_nowait())
            actor.queue.task_done()
        for left in waiting:
            left.fail(error)
        if isinstance(error, NotFound) or actor.session is None:
            return  # it was never ours: there is no room to close and nobody to send away
        log.warning("session.abandoned", session=actor.id, error=str(error))
        self._media.close_room(actor.id)
        self._audience.dismiss(actor.id, getattr(error, "code", "unavailable"))
