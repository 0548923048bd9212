"""One actor per session: load, step, commit, carry out the effects, re-arm the alarm. Nothing else is in this file.

Events are queued per session and stamped when they arrive. The actor steps the session, commits it with its history,
its outbox entries and its deadline in one transaction, and only then does what touches this node: media, people, the
alarm. The one exception is the hard end: whoever wakes a session that is over cuts its media first, at once, whatever
the actor is waiting for, and the record follows (architecture.md, How data flows, 2).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import assert_never

import structlog

from orchestrator.errors import (
    Conflict,
    Fenced,
    MadoguchiError,
    NotFound,
    Refused,
    Unavailable,
)
from orchestrator.lines import uneven
from orchestrator.nearby import Nearby
from orchestrator.policy import ledger
from orchestrator.policy.effects import (
    CloseRoom,
    ConnectMedia,
    DisconnectMedia,
    Effect,
    ExtendRoom,
    OpenRoom,
    Publish,
    Refuse,
    Warn,
)
from orchestrator.policy.events import (
    Event,
    ExtensionConfirmed,
    MediaFlowed,
    MediaReturned,
    MediaSilent,
    Observed,
    ServiceGap,
    Woken,
    WorkerLost,
)
from orchestrator.policy.model import ConnectionId, Phase, SeatId, Session, SessionId, Signal
from orchestrator.policy.notes import key_of_note
from orchestrator.policy.session import next_deadline, step
from orchestrator.policy.tasks import open_tasks
from orchestrator.policy.turn import Step
from orchestrator.ports import (
    Alarm,
    Applied,
    Audience,
    Clock,
    Commit,
    Leases,
    LegQuality,
    LegReturned,
    LegSilent,
    LegUp,
    Line,
    Media,
    MediaEvent,
    Note,
    OfferMade,
    PageSample,
    ProbeOffered,
    RoomExtended,
    RoomFlowing,
    RoomLost,
    Store,
)

log = structlog.get_logger()

QUEUE_LIMIT = 500
"""Events that may wait for one session; a healthy one has none waiting. Beyond it the caller is told to come back."""

CONFLICT_LIMIT = 5
"""How often a step is repeated on a newer version before it is given up; two owners cannot race longer than a claim."""

IDLE_S = 60.0
"""After this long without an event a session that has nothing to do soon leaves the memory."""

SOON = timedelta(minutes=5)
"""A session with a deadline this near stays in memory."""

LATE = timedelta(seconds=5)
"""A deadline of a session that nobody ran, overdue by more than this, is a gap; the sweeper looks each second."""

DRAIN_S = 3.0
"""How long a node that stops waits for its last transitions; healthy ones take milliseconds."""

SLOW_COMMIT_S = 2.0
"""A commit that took longer means that the store was away: a service gap. A healthy one takes milliseconds."""

_COUNTING_DOWN = frozenset({Phase.WAITING, Phase.INTERRUPTED})
"""While a session is one of these, an absence of ours moves what its people see a countdown to."""

_MEASURED = frozenset({Phase.LIVE, Phase.INTERRUPTED})
"""While a session is one of these, the node that runs it has lines to show."""


@dataclass(slots=True)
class _Item:
    """An event on its way to a session."""

    event: Event
    at: datetime
    command: str
    done: asyncio.Future[Session] | None = None
    words: str | None = field(default=None, repr=False)
    """What somebody wrote with it."""


@dataclass(slots=True)
class _Actor:
    """A session in the memory of this node."""

    id: SessionId
    queue: asyncio.Queue[_Item] = field(default_factory=lambda: asyncio.Queue(QUEUE_LIMIT))
    session: Session | None = None
    """None until it was loaded."""
    fence: int = 0
    gap_began_at: datetime | None = None
    """Told at a takeover: accounted for when the session is loaded, before anything that is due."""
    waited_s: float = 0.0
    """How long the last commit waited for the store."""
    is_cut: bool = False
    """Media was cut at the hard end; people have been told that time is up."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by the next committed change; each change leaves a new one."""


def _judges(before: Session, done: Step) -> bool:
    """Somebody's absence decides: before the hard end, which waits for nothing."""
    after = done.session
    if before.is_over:
        return False
    if after.is_over:
        return after.ended_at is not None and after.ended_at < after.ends_at
    return after.verdict is not None and before.verdict is None


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
        self._node = node
        self._store = store
        self._clock = clock
        self._leases = leases
        self._alarm = alarm
        self._media = media
        self._audience = audience
        self._actors: dict[SessionId, _Actor] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._commands = count(1)
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
            self._cut_if_over(session_id, now)

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
        for seen in uneven(before, after, self._media.lines(after.id)):
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
                changed = actor.changed if actor is not None else asyncio.Event()
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

    def live_lines(self) -> Iterator[tuple[SessionId, Mapping[SeatId, Line]]]:
        """The lines of every room that this node carries now."""
        for actor in list(self._actors.values()):
            if actor.session is not None and actor.session.phase in _MEASURED:
                yield actor.id, self._media.lines(actor.id)

    def _has_epoch(self, session_id: SessionId, seat_id: SeatId, media_epoch: int) -> bool:
        actor = self._actors.get(session_id)
        seat = actor.session.seat(seat_id) if actor and actor.session else None
        return seat is not None and seat.is_admitted and seat.media_epoch == media_epoch

    # ---- the actor --------------------------------------------------------------------------------------------------

    def _queue(
        self,
        session_id: SessionId,
        event: Event,
        done: asyncio.Future[Session] | None,
        words: str | None = None,
    ) -> None:
        if self._tasks is None:
            self._give_up(done, Unavailable("node", "it is shutting down"))
            return
        actor = self._actors.get(session_id)
        if actor is None:
            actor = self._actors[session_id] = _Actor(session_id)
            task = self._tasks.create_task(self._run(actor))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        command = f"{self._node}:{next(self._commands)}"
        try:
            actor.queue.put_nowait(_Item(event, self._clock.now(), command, done, words))
        except asyncio.QueueFull:
            log.warning("session.overflowed", session=session_id)
            self._give_up(done, Unavailable("node", "too much waits for this session"))

    @staticmethod
    def _give_up(done: asyncio.Future[Session] | None, error: Exception) -> None:
        if done is not None and not done.done():
            done.set_exception(error)

    async def _run(self, actor: _Actor) -> None:
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
                await self._handle(actor, item)
            except MadoguchiError as error:
                self._give_up(item.done, error)
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

    def _may_forget(self, actor: _Actor) -> bool:
        if not actor.queue.empty():
            return False
        if actor.session is None:
            return True
        due = next_deadline(actor.session)
        is_quiet = due is None or due.at > self._clock.now() + SOON
        return is_quiet and not any(seat.connection for seat in actor.session.seats)

    def _forget(self, actor: _Actor) -> None:
        self._actors.pop(actor.id, None)
        self._alarm.arm(actor.id, None)

    def _abandon(self, actor: _Actor, error: Exception, item: _Item | None = None) -> None:
        """This node no longer runs the session; whoever waits is told, and the pages connect again."""
        self._forget(actor)
        waiting = [item] if item is not None else []
        while not actor.queue.empty():
            waiting.append(actor.queue.get_nowait())
            actor.queue.task_done()
        for left in waiting:
            self._give_up(left.done, error)
        if isinstance(error, NotFound) or actor.session is None:
            return  # it was never ours: there is no room to close and nobody to send away
        log.warning("session.abandoned", session=actor.id, error=str(error))
        self._media.close_room(actor.id)
        self._audience.dismiss(actor.id, getattr(error, "code", "unavailable"))

    async def _handle(self, actor: _Actor, item: _Item) -> None:
        if actor.session is None:
            await self._load(actor)
        if not isinstance(item.event, ServiceGap):
            await self._tell_absences(actor)
            await self._hold_judgement(actor, item.at)
        for _ in range(CONFLICT_LIMIT):
            assert actor.session is not None, "_load has filled it or raised"
            done = step(actor.session, item.event, item.at)
            if done.session is actor.session or await self._commit(actor, item, done):
                self._finish(actor, item, done)
                await self._account_for_waiting(actor)
                return
            await self._load(actor)
        raise Conflict

    async def _hold_judgement(self, actor: _Actor, at: datetime) -> None:
        """Nobody is judged for what fell into an absence of the store: the absence comes first, then the judgement.

        Only time judges absences; what people do is taken as they did it, however late it is recorded. A commit would
        ask too late: once it is on its way, it is applied as soon as the store is back.
        """
        assert actor.session is not None, "_load has filled it or raised"
        if not _judges(actor.session, step(actor.session, Woken(), at)):
            return
        since = await self._leases.absence_at(at)
        is_told = await self._tell_absences(actor)
        if since is not None and not is_told:
            log.warning("judgement.held", session=actor.id, since=since.isoformat())
            await self._gap(actor, since, is_new_node=False)

    async def _tell_absences(self, actor: _Actor) -> bool:
        """Tell the session, before anything else, of the absences that are over and that it does not know of.

        Also of those that were over before its cutoff: nobody could get in during them. What it was told of, its own
        clock has passed.

        Returns:
            Whether there was one.
        """
        session = actor.session
        assert session is not None, "_load has filled it or raised"
        opens_at = session.starts_at - session.rules.doors
        known = self._leases.absences_since(max(session.clock or opens_at, opens_at))
        for began_at, ended_at in known if not session.is_over else ():
            await self._gap(actor, began_at, ended_at, is_new_node=False)
        return bool(known)

    async def _account_for_waiting(self, actor: _Actor) -> None:
        """The store was away while the last commit waited; before anything that is queued."""
        waited_s, actor.waited_s = actor.waited_s, 0.0
        if waited_s <= SLOW_COMMIT_S or actor.session is None or actor.session.is_over:
            return
        since = self._clock.now() - timedelta(seconds=waited_s)
        await self._leases.absence_at(self._clock.now())  # it has heard of the whole absence now
        if not await self._tell_absences(actor):
            await self._gap(actor, since, is_new_node=False)

    async def _gap(
        self,
        actor: _Actor,
        began_at: datetime,
        ended_at: datetime | None = None,
        *,
        is_new_node: bool,
    ) -> None:
        now = self._clock.now()
        gap = ServiceGap(began_at, ended_at or now, is_new_node)
        await self._handle(actor, _Item(gap, now, f"{self._node}:{next(self._commands)}"))

    async def _load(self, actor: _Actor) -> None:
        """Become the owner, read the session, and account for the time in which nobody ran it."""
        actor.fence, gap_began_at = await self._leases.acquire(actor.id)
        stored = await self._store.load(actor.id)
        if stored is None:
            raise NotFound("session_unknown")
        actor.session = stored.session
        told, actor.gap_began_at = actor.gap_began_at, None
        gap_began_at = gap_began_at or told
        now = self._clock.now()
        due = next_deadline(stored.session)
        since = max(due.at, stored.session.clock or due.at) if due is not None else now
        if gap_began_at is None and since < now - LATE:
            gap_began_at = since  # it was booked, and no node was there at its first moment
        if gap_began_at is not None and not stored.session.is_over:
            await self._gap(actor, gap_began_at, is_new_node=True)
        self._arm(actor)

    async def _commit(self, actor: _Actor, item: _Item, done: Step) -> bool:
        """Record a step; False: the stored session is another one than was stepped."""
        self._cut_if_over(actor.id, item.at)
        due = next_deadline(done.session)
        held_by = actor.session.supporter.person if actor.session is not None else None
        tasks = open_tasks(done.session)
        key = key_of_note(done.session, done.records) if item.words is not None else None
        began = self._clock.monotonic()
        applied = await self._store.commit(
            Commit(
                session=done.session,
                fence=actor.fence,
                command=item.command,
                records=done.records,
                publishes=done.publishes,
                deadline=due.at if due else None,
                ledger=ledger.lines(done.session),
                tasks_due=tasks[0].due_at if tasks else None,
                note=Note(key, item.words) if key is not None and item.words is not None else None,
                released=held_by if held_by != done.session.supporter.person else None,
            )
        )
        if applied is Applied.FENCED:
            raise Fenced
        if applied is Applied.CONFLICT:
            return False
        actor.waited_s = self._clock.monotonic() - began
        return True

    def _finish(self, actor: _Actor, item: _Item, done: Step) -> None:
        before = actor.session
        actor.session = done.session
        for effect in done.effects:
            self._carry_out(actor, effect)
        if done.session is not before:
            self._log(done, item)
            self._audience.show(done.session)
            actor.changed.set()
            actor.changed = asyncio.Event()
            self._arm(actor)
            self._note_losses(before, done.session)
        self._answer(item, done)

    def _answer(self, item: _Item, done: Step) -> None:
        """Whoever waits learns what became of it; the office, which has no connection, of a refusal too."""
        refused = next(
            (e for e in done.effects if isinstance(e, Refuse) and e.connection is None), None
        )
        if refused is not None:
            self._give_up(item.done, Refused(refused.code))
        elif item.done is not None and not item.done.done():
            item.done.set_result(done.session)

    def _log(self, done: Step, item: _Item) -> None:
        for record in done.records:
            log.info(
                record.name,
                session=done.session.id,
                version=done.session.version,
                on=type(item.event).__name__,
                **{key: value for key, value in record.data.items() if key != "session"},
            )

    def _arm(self, actor: _Actor) -> None:
        assert actor.session is not None, "only a loaded session has deadlines"
        due = next_deadline(actor.session)
        self._alarm.arm(actor.id, due.at if due else None)

    def _cut_if_over(self, session_id: SessionId, now: datetime) -> None:
        """The cut waits for nothing: `ends_at` is fixed, so no conflict can undo it."""
        actor = self._actors.get(session_id)
        if actor is None or actor.session is None or actor.is_cut or actor.session.is_over:
            return
        if now >= actor.session.ends_at:
            actor.is_cut = True
            self._media.close_room(session_id)
            self._audience.time_is_up(actor.session)

    def _carry_out(self, actor: _Actor, effect: Effect) -> None:
        assert actor.session is not None, "effects come from a step of a loaded session"
        match effect:
            case OpenRoom():
                left_s = (effect.closes_at - self._clock.now()).total_seconds()
                self._media.open_room(actor.id, left_s)
            case ExtendRoom():
                left_s = (effect.closes_at - self._clock.now()).total_seconds()
                self._media.extend_room(actor.id, effect.closes_at, left_s)
            case ConnectMedia():
                functions = actor.session.functions
                others = tuple(each.id for each in actor.session.seats if each.id != effect.seat)
                seat = actor.session.seat(effect.seat)
                only_receives = seat is not None and seat.only_receives
                self._media.connect(
                    actor.id,
                    effect.seat,
                    effect.media_epoch,
                    functions,
                    others,
                    only_receives=only_receives,
                )
            case DisconnectMedia():
                self._media.disconnect(actor.id, effect.seat)
            case CloseRoom():
                self._media.close_room(actor.id)
            case Refuse():
                if effect.connection is not None:
                    self._audience.refuse(effect)
            case Warn():
                self._audience.warn(actor.session, effect)
            case Publish():
                pass  # it was committed with the session; the outbox relay takes it from there
            case _:
                assert_never(effect)
