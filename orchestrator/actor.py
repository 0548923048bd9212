"""One session in the memory of a node: load, step, commit, carry out the effects, re-arm the alarm.

The actor steps the session, commits it with its history, its outbox entries and its deadline in one transaction, and
only then does what touches this node: media, people, the alarm. The one exception is the hard end, which cuts the media
first (architecture.md, How data flows, 2). Absences of ours, of the node or of its store, come before whatever they may
have caused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import assert_never

import structlog

from orchestrator.errors import Conflict, Fenced, NotFound, Refused
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
from orchestrator.policy.events import Event, ServiceGap, Woken
from orchestrator.policy.model import Session, SessionId
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
    Media,
    Note,
    Store,
)

log = structlog.get_logger()

QUEUE_LIMIT = 500
"""Events that may wait for one session; a healthy one has none waiting. Beyond it the caller is told to come back."""

CONFLICT_LIMIT = 5
"""How often a step is repeated on a newer version before it is given up; two owners cannot race longer than a claim."""

LATE = timedelta(seconds=5)
"""A deadline of a session that nobody ran, overdue by more than this, is a gap; the sweeper looks each second."""

SLOW_COMMIT_S = 2.0
"""A commit that took longer means that the store was away: a service gap. A healthy one takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What the actors of a node work with."""

    node: str
    store: Store
    clock: Clock
    leases: Leases
    alarm: Alarm
    media: Media
    audience: Audience
    _commands: Iterator[int] = field(default_factory=lambda: count(1))

    def item(
        self, event: Event, done: asyncio.Future[Session] | None = None, words: str | None = None
    ) -> Item:
        """An event that happens now."""
        return Item(event, self.clock.now(), f"{self.node}:{next(self._commands)}", done, words)


@dataclass(slots=True)
class Item:
    """An event on its way to a session."""

    event: Event
    at: datetime
    command: str
    done: asyncio.Future[Session] | None = None
    words: str | None = field(default=None, repr=False)
    """What somebody wrote with it."""

    def fail(self, error: Exception) -> None:
        """Tell whoever waits that it came to nothing."""
        if self.done is not None and not self.done.done():
            self.done.set_exception(error)


def _judges(before: Session, done: Step) -> bool:
    """Somebody's absence decides: before the hard end, which waits for nothing."""
    after = done.session
    if before.is_over:
        return False
    if after.is_over:
        return after.ended_at is not None and after.ended_at < after.ends_at
    return after.verdict is not None and before.verdict is None


class Actor:
    """Runs one session.

    Args:
        session_id: which.
        ports: of the node.
        on_change: told of each committed change: the session before it, None at its first, and after it.
    """

    def __init__(
        self,
        session_id: SessionId,
        ports: Ports,
        on_change: Callable[[Session | None, Session], None],
    ) -> None:
        self.id = session_id
        self._ports = ports
        self._on_change = on_change
        self.queue: asyncio.Queue[Item] = asyncio.Queue(QUEUE_LIMIT)
        self.session: Session | None = None
        """None until it was loaded."""
        self.fence = 0
        self.gap_began_at: datetime | None = None
        """Since when nobody ran it, until the session knows: accounted for before anything that is due."""
        self._changed: asyncio.Event | None = None
        self._waited_s = 0.0
        """How long the last commit waited for the store."""
        self._held_until: datetime | None = None
        """A later end that the media worker holds, perhaps not on record yet."""
        self._is_cut = False
        """Media was cut at the hard end; people have been told that time is up."""

    def next_change(self) -> asyncio.Event:
        """Set by the next committed change."""
        # Made when somebody waits: an idle one is a kilobyte a session.
        self._changed = self._changed or asyncio.Event()
        return self._changed

    async def handle(self, item: Item) -> None:
        """Take one event, with the absences of ours that come before it.

        Raises:
            NotFound: there is no such session.
            Fenced: another living node runs it.
            Conflict: the stored session is another one, again and again.
            Unavailable: the store does not answer.
        """
        if self.session is None:
            await self._load()
        if not isinstance(item.event, ServiceGap):
            await self._tell_absences()
            await self._hold_judgement(item.at)
        for _ in range(CONFLICT_LIMIT):
            assert self.session is not None, "_load has filled it or raised"
            done = step(self.session, item.event, item.at)
            if done.session is self.session or await self._commit(item, done):
                self._finish(item, done)
                await self._account_for_waiting()
                return
            await self._load()
        raise Conflict

    async def _hold_judgement(self, at: datetime) -> None:
        """Nobody is judged for what fell into an absence of the store: the absence comes first, then the judgement.

        Only time judges absences; what people do is taken as they did it, however late it is recorded. A commit would
        ask too late: once it is on its way, it is applied as soon as the store is back.
        """
        assert self.session is not None, "_load has filled it or raised"
        if not _judges(self.session, step(self.session, Woken(), at)):
            return
        since = await self._ports.leases.absence_at(at)
        is_told = await self._tell_absences()
        if since is not None and not is_told:
            log.warning("judgement.held", session=self.id, since=since.isoformat())
            await self._gap(since, is_new_node=False)

    async def _tell_absences(self) -> bool:
        """Tell the session, before anything else, of the absences that are over and that it does not know of.

        Also of those that were over before its cutoff: nobody could get in during them. What it was told of, its own
        clock has passed.

        Returns:
            Whether there was one.
        """
        session = self.session
        assert session is not None, "_load has filled it or raised"
        opens_at = session.starts_at - session.rules.doors
        known = self._ports.leases.absences_since(max(session.clock or opens_at, opens_at))
        for began_at, ended_at in known if not session.is_over else ():
            await self._gap(began_at, ended_at, is_new_node=False)
        return bool(known)

    async def _account_for_waiting(self) -> None:
        """The store was away while the last commit waited; before anything that is queued."""
        waited_s, self._waited_s = self._waited_s, 0.0
        if waited_s <= SLOW_COMMIT_S or self.session is None or self.session.is_over:
            return
        since = self._ports.clock.now() - timedelta(seconds=waited_s)
        # It has heard of the whole absence now.
        await self._ports.leases.absence_at(self._ports.clock.now())
        if not await self._tell_absences():
            await self._gap(since, is_new_node=False)

    async def _gap(
        self,
        began_at: datetime,
        ended_at: datetime | None = None,
        *,
        is_new_node: bool,
    ) -> None:
        gap = ServiceGap(began_at, ended_at or self._ports.clock.now(), is_new_node)
        await self.handle(self._ports.item(gap))

    async def _load(self) -> None:
        """Become the owner, read the session, and account for the time in which nobody ran it."""
        self.fence, gap_began_at = await self._ports.leases.acquire(self.id)
        # It is said once: whatever fails from here on, the next attempt has to tell it.
        self.gap_began_at = gap_began_at = gap_began_at or self.gap_began_at
        stored = await self._ports.store.load(self.id)
        if stored is None:
            raise NotFound("session_unknown")
        self.session = stored.session
        now = self._ports.clock.now()
        due = next_deadline(stored.session)
        since = max(due.at, stored.session.clock or due.at) if due is not None else now
        if gap_began_at is None and since < now - LATE:
            gap_began_at = since  # it was booked, and no node was there at its first moment
        self.gap_began_at = None
        if gap_began_at is not None and not stored.session.is_over:
            await self._tell_gap(gap_began_at)
        self._arm()

    async def _tell_gap(self, began_at: datetime) -> None:
        try:
            await self._gap(began_at, is_new_node=True)
        except BaseException:
            self.session, self.gap_began_at = None, began_at
            raise

    async def _commit(self, item: Item, done: Step) -> bool:
        """Record a step; False: the stored session is another one than was stepped."""
        self.cut_if_over(item.at)
        due = next_deadline(done.session)
        held_by = self.session.supporter.person if self.session is not None else None
        tasks = open_tasks(done.session)
        key = key_of_note(done.session, done.records) if item.words is not None else None
        began_s = self._ports.clock.monotonic()
        applied = await self._ports.store.commit(
            Commit(
                session=done.session,
                fence=self.fence,
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
        self._waited_s = self._ports.clock.monotonic() - began_s
        return True

    def _finish(self, item: Item, done: Step) -> None:
        before = self.session
        self.session = done.session
        for effect in done.effects:
            self._carry_out(effect)
        if done.session is not before:
            self._log(done, item)
            self._ports.audience.show(done.session)
            if self._changed is not None:
                self._changed.set()
                self._changed = None
            self._arm()
            self._on_change(before, done.session)
        self._answer(item, done)

    def _answer(self, item: Item, done: Step) -> None:
        """Whoever waits learns what became of it; the office, which has no connection, of a refusal too."""
        refused = next(
            (e for e in done.effects if isinstance(e, Refuse) and e.connection is None), None
        )
        if refused is not None:
            item.fail(Refused(refused.code))
        elif item.done is not None and not item.done.done():
            item.done.set_result(done.session)

    def _log(self, done: Step, item: Item) -> None:
        for record in done.records:
            log.info(
                record.name,
                session=done.session.id,
                version=done.session.version,
                on=type(item.event).__name__,
                **{key: value for key, value in record.data.items() if key != "session"},
            )

    def _arm(self) -> None:
        assert self.session is not None, "only a loaded session has deadlines"
        due = next_deadline(self.session)
        self._ports.alarm.arm(self.id, due.at if due else None)

    def hold(self, ends_at: datetime) -> None:
        """The media worker holds a later end: it counts, also while its record waits for the store."""
        if self.session is not None and self._ports.clock.now() < self.session.ends_at:
            self._held_until = ends_at

    def cut_if_over(self, now: datetime) -> None:
        """Cut the media of a session that is over and tell its people; twice is once.

        The cut waits for nothing: `ends_at` is fixed, so no conflict can undo it.
        """
        if self.session is None or self._is_cut or self.session.is_over:
            return
        ends_at, extending = self.session.ends_at, self.session.extending
        if extending is not None and extending.ends_at == self._held_until:
            ends_at = extending.ends_at
        if now >= ends_at:
            self._is_cut = True
            self._ports.media.close_room(self.id)
            self._ports.audience.time_is_up(self.session)

    def _carry_out(self, effect: Effect) -> None:
        assert self.session is not None, "effects come from a step of a loaded session"
        media, audience = self._ports.media, self._ports.audience
        match effect:
            case OpenRoom():
                media.open_room(self.id, self._left_s(effect.closes_at))
            case ExtendRoom():
                media.extend_room(self.id, effect.closes_at, self._left_s(effect.closes_at))
            case ConnectMedia():
                self._connect(effect, self.session)
            case DisconnectMedia():
                media.disconnect(self.id, effect.seat)
            case CloseRoom():
                media.close_room(self.id)
            case Refuse():
                if effect.connection is not None:
                    audience.refuse(effect)
            case Warn():
                audience.warn(self.session, effect)
            case Publish():
                pass  # it was committed with the session; the outbox relay takes it from there
            case _:
                assert_never(effect)

    def _left_s(self, closes_at: datetime) -> float:
        return (closes_at - self._ports.clock.now()).total_seconds()

    def _connect(self, effect: ConnectMedia, session: Session) -> None:
        seat = session.seat(effect.seat)
        self._ports.media.connect(
            self.id,
            effect.seat,
            effect.media_epoch,
            session.functions,
            tuple(each.id for each in session.seats if each.id != effect.seat),
            only_receives=seat is not None and seat.only_receives,
        )
