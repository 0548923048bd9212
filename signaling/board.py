"""The schedulers' live feed: a snapshot of the day, then each session as it changes.

One `Feed` a node reads the store for all boards; a `Watcher` is one board's connection. A first change is shown at
once, and what follows is gathered for a moment: a session that changes fast costs few rows. A version never goes
backwards: a row that is not newer than the one before is dropped. The feed is a hint; now and then the whole day is
compared with the store, so that a hint that got lost is made good.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from orchestrator.api.days import DayFrame, bounds_of, frame_of
from orchestrator.errors import Unavailable
from orchestrator.lines import LinePoint, points_of
from orchestrator.policy.model import PersonId, Role, SeatId, Session, SessionId
from orchestrator.policy.programme import Programme
from orchestrator.ports import Change, Clock, Line, Staff, Store
from signaling.connection import Connection
from signaling.desk import DeskRow, supporters_row
from signaling.ends import Close
from signaling.limits import Limits
from signaling.protocol.down import Board, BoardLines, BoardRowChanged, LineOf, Welcome, You
from signaling.protocol.up import Up
from signaling.views.board import BoardRow, board_row, with_checks
from signaling.views.seats import Checks
from signaling.views.shape import Bilingual

_log = structlog.get_logger(__name__)

_SLICE = 50
"""Sessions read and shown at once: a few milliseconds of the loop."""

_BACK_OFF_S = 0.5
"""After the store was away; the store waits on its own as well."""

_LONGEST_SLOT = timedelta(days=1)
"""How far before the day a session that still runs may have begun."""

_POINTS_KEPT = 40
"""Of each room's lines, for a board that comes later: ten minutes at four a minute."""

LookUp = Callable[[], Awaitable[Staff | None]]

LiveLines = Callable[
    [Callable[[SessionId], datetime | None]], Iterable[tuple[SessionId, Mapping[SeatId, Line]]]
]
"""The lines of the rooms that this node carries now; given what tells of a room from when on they are wanted."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row, and whose it is."""

    row: BoardRow
    supporter: PersonId
    own: DeskRow
    """What that supporter sees of it."""


def day_of(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The local day of a moment: from its midnight to the next, which may be 23 or 25 hours later."""
    return bounds_of(now.astimezone(zone).date(), zone)


class Feed:
    """What the boards of this node show, kept up to date for all of them.

    Args:
        store: read only.
        clock: says which day it is.
        limits: how often.
        zone: in which the day is meant.
        checks: what the pages of a session that are connected here found in their pre-call checks.
        programmes: when somebody is received.
        lines: asked for only while a board looks.
        also_hears: told of every change, whatever the boards show.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        limits: Limits,
        zone: ZoneInfo,
        checks: Callable[[SessionId], Checks] = lambda _: {},
        programmes: Collection[Programme] = (),
        lines: LiveLines = lambda _: (),
        also_hears: Callable[[Change], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits
        self._zone = zone
        self._checks = checks
        self._programmes = programmes
        self._lines = lines
        self._points: dict[SessionId, deque[LinePoint]] = {}
        self._also_hears = also_hears
        self._watchers: set[Watcher] = set()
        self._changed: set[SessionId] = set()
        self._has_changed = asyncio.Event()
        self._flushed_at: dict[SessionId, float] = {}
        """When a session was shown last, in the loop's time; what is older than `board_flush_s` is forgotten."""
        self._entries: dict[SessionId, Entry] = {}
        self._read_of: dict[SessionId, int] = {}
        """The latest version that was read of a session, also of those that the day does not show."""
        self._day: tuple[datetime, datetime] | None = None
        self._reading = asyncio.Lock()

    async def join(self, watcher: Watcher) -> None:
        """Show a board the day; what changes from now on follows.

        Raises:
            Unavailable: the store does not answer.
        """
        self._watchers.add(watcher)
        if not await self._read_new_day():
            watcher.snapshot(self._frame(), list(self._entries.values()))
        watcher.lines({session: tuple(points) for session, points in self._points.items()})

    def part(self, watcher: Watcher) -> None:
        """A board is gone; with the last one the feed forgets the day."""
        self._watchers.discard(watcher)
        if not self._watchers:
            self._day = None
            self._entries.clear()
            self._read_of.clear()
            self._points.clear()

    def checked(self, session: SessionId) -> None:
        """What is known of a session's pages has changed; the session itself has not."""
        known = self._entries.get(session)
        if known is None:
            return
        checks = self._checks(session)
        rows = with_checks(known.row, checks), with_checks(known.own, checks)
        self._show(Entry(rows[0], known.supporter, rows[1]))

    async def run(self) -> None:
        """Follow the store until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._flush_again_and_again())
            group.create_task(_again_and_again(self._limits.board_reconcile_s, self._reconcile))
            group.create_task(_again_and_again(self._limits.board_lines_s, self._measure))

    def _heard(self, change: Change) -> None:
        self._also_hears(change)
        if self._watchers:
            self._changed.add(change.session)
            self._has_changed.set()

    async def _follow(self) -> None:
        while True:
            try:
                await self._reconcile()
                await self._store.watch(self._heard)
            except Unavailable:
                _log.warning("feed.lost")
            except (
                Exception
            ):  # the worker's boundary: a bug here must not blind the boards for ever
                _log.exception("feed.failed")
            await asyncio.sleep(_BACK_OFF_S)

    async def _flush_again_and_again(self) -> None:
        while True:
            await self._has_changed.wait()
            await asyncio.sleep(self._limits.board_gather_s)
            ready = self._ready()
            if not self._changed:
                self._has_changed.clear()  # what was shown just now comes up again until its time
            if ready:
                await self._flush(ready)

    async def _measure(self) -> None:
        """Take one figure of each live room's lines, and show them; rooms that are over are forgotten."""
        if not self._watchers:
            return
        now = self._clock.now()
        span = timedelta(seconds=self._limits.board_lines_s)
        known, self._points = self._points, {}
        latest: dict[SessionId, tuple[LinePoint, ...]] = {}

        def since(session: SessionId) -> datetime | None:
            # One that is seen for the first time has a past: the minute that the media port keeps.
            return now - span if session in known else None

        for number, (session, lines) in enumerate(self._lines(since)):
            points = known.get(session)
            fresh = points_of(lines, now, span, 1 if points is not None else None)
            kept = self._points[session] = (
                points if points is not None else deque(maxlen=_POINTS_KEPT)
            )
            kept.extend(fresh)
            latest[session] = fresh
            if number % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
        for watcher in list(self._watchers):
            watcher.lines(latest)

    def _ready(self) -> set[SessionId]:
        """What has changed and was not shown just now: the first change at once, the next ones gathered."""
        now = asyncio.get_running_loop().time()
        since = now - self._limits.board_flush_s
        self._flushed_at = {each: at for each, at in self._flushed_at.items() if at > since}
        ready = self._changed - self._flushed_at.keys()
        self._changed -= ready
        self._flushed_at |= dict.fromkeys(ready, now)
        return ready

    async def _flush(self, changed: set[SessionId]) -> None:
        try:
            async with self._reading:
                await self._read(sorted(changed))
        except Unavailable:
            self._changed |= changed
            self._has_changed.set()
            await asyncio.sleep(_BACK_OFF_S)
        except Exception:  # the worker's boundary, as in `_follow`
            _log.exception("feed.failed")

    async def _reconcile(self) -> None:
        """Compare the day with the store; on a new day every board gets a new snapshot."""
        if not self._watchers:
            return
        try:
            if not await self._read_new_day():
                await self._read_missed()
        except Unavailable:
            return

    async def _read_new_day(self) -> bool:
        """Read the day and show it to every board, if it is not the one that is known; whether it was not."""
        async with self._reading:
            if self._day is not None and not self._is_next_day():
                return False
            await self._read_day()
            for watcher in list(self._watchers):
                watcher.snapshot(self._frame(), list(self._entries.values()))
            return True

    async def _read_missed(self) -> None:
        """Read what has changed unheard. Flushes go on meanwhile: a thousand rooms read at once hold a change up."""
        versions = await self._store.versions(await self._ids_of_the_day())
        await self._read(
            [each for each, version in versions.items() if version > self._read_of.get(each, -1)]
        )

    def _frame(self) -> DayFrame:
        today = self._clock.now().astimezone(self._zone).date()
        return frame_of(today, self._zone, self._programmes)

    def _is_next_day(self) -> bool:
        return self._day != day_of(self._clock.now(), self._zone)

    async def _read_day(self) -> None:
        day = day_of(self._clock.now(), self._zone)
        ids = await self._ids_of_the_day()
        is_new_day = day != self._day
        if is_new_day:
            self._entries.clear()
            self._read_of.clear()
        self._day = day
        try:
            await self._read(ids)
        except BaseException:
            if is_new_day:
                self._day = None  # half a day is none: who looks next reads it anew
            raise

    async def _ids_of_the_day(self) -> list[SessionId]:
        begins_at, ends_at = day_of(self._clock.now(), self._zone)
        return await self._store.between(begins_at - _LONGEST_SLOT, ends_at)

    async def _read(self, ids: Sequence[SessionId]) -> None:
        for begin in range(0, len(ids), _SLICE):
            for stored in await self._store.load_many(ids[begin : begin + _SLICE]):
                try:
                    self._take(stored.session)
                except Exception:  # the same: one that cannot be shown must not hide the others
                    _log.exception("feed.failed", session=stored.session.id)
            await asyncio.sleep(0)

    def _take(self, session: Session) -> None:
        if session.version <= self._read_of.get(session.id, -1):
            return
        known = self._entries.get(session.id)
        if known is not None or self._is_of_today(session):
            if known is not None and known.supporter != session.supporter.person:
                self._take_away(session.id, known.supporter)
            row = board_row(session, self._checks(session.id))
            self._show(Entry(row, session.supporter.person, supporters_row(row, session)))
        self._read_of[session.id] = session.version

    def _show(self, entry: Entry) -> None:
        self._entries[SessionId(entry.row.id)] = entry
        for watcher in list(self._watchers):
            watcher.changed(entry)

    def _take_away(self, session: SessionId, former: PersonId) -> None:
        """A session has another supporter: from the boards of the one before it goes, with a new snapshot."""
        left = [entry for entry in self._entries.values() if entry.row.id != session]
        for watcher in list(self._watchers):
            if watcher.is_of(former):
                watcher.snapshot(self._frame(), left)

    def _is_of_today(self, session: Session) -> bool:
        if self._day is None:
            return False
        begins_at, ends_at = self._day
        if begins_at <= session.starts_at < ends_at:
            return True
        return session.starts_at < begins_at and not session.is_over


async def _again_and_again(every_s: float, do: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(every_s)
        try:
            await do()
        except Exception:  # the worker's boundary, as in `_follow`
            _log.exception("feed.failed")


class Watcher:
    """The guest behind a staff token: a board that looks, and asks for nothing.

    A scheduler sees every session, a supporter the own ones.

    Args:
        feed: what it shows.
        connection: carries it.
        staff: whose board it is.
        limits: how often the token is looked up again.
        look_up: whom the token names now.
    """

    def __init__(
        self, feed: Feed, connection: Connection, staff: Staff, limits: Limits, look_up: LookUp
    ) -> None:
        self._feed = feed
        self._limits = limits
        self._look_up = look_up
        self._connection = connection
        self._staff = staff
        self._has_snapshot = False

    async def greet(self, office: Bilingual, now: datetime) -> None:
        """Welcome the board; the snapshot follows.

        Raises:
            Unavailable: the store does not answer.
        """
        try:
            await self._feed.join(self)
        except BaseException:
            self._feed.part(self)
            raise
        you = You(
            connection=self._connection.id,
            seat=None,
            role=self._staff.role,
            display_name=self._staff.display_name,
            device="bound",
            name=self._staff.name,
        )
        self._connection.welcome(Welcome(server_time=now, you=you, office=office))

    def snapshot(self, day: DayFrame, entries: Sequence[Entry]) -> None:
        """Show the whole day."""
        rows = [self._row(entry) for entry in entries if self._may_see(entry)]
        rows.sort(key=lambda row: (row.starts_at, row.id))
        self._has_snapshot = True
        self._connection.tell_latest("board", lambda: Board(day=day, sessions=tuple(rows)))

    def changed(self, entry: Entry) -> None:
        """Show one session after a change; before the snapshot it is part of that."""
        if self._has_snapshot and self._may_see(entry):
            message = BoardRowChanged(session=self._row(entry))
            self._connection.tell_latest(entry.row.id, lambda: message)

    def lines(self, points: Mapping[SessionId, tuple[LinePoint, ...]]) -> None:
        """Show how the lines of live rooms are; for schedulers, who look at many."""
        if self._staff.role is Role.SCHEDULER and self._has_snapshot:
            shown = tuple(LineOf(id=session, points=each) for session, each in points.items())
            self._connection.tell_latest("lines", lambda: BoardLines(sessions=shown))

    def is_of(self, person: PersonId) -> bool:
        """It is that supporter's own board."""
        return self._staff.role is Role.SUPPORTER and self._staff.person == person

    def _may_see(self, entry: Entry) -> bool:
        return self._staff.role is Role.SCHEDULER or self._staff.person == entry.supporter

    def _row(self, entry: Entry) -> BoardRow:
        return entry.row if self._staff.role is Role.SCHEDULER else entry.own

    def receive(self, message: Up) -> None:
        """A board has nothing to say here; what it does goes over the HTTP API."""
        self._connection.refuse("not_your_seat")

    async def serve(self) -> None:
        """Now and then see whether the token still names this person: a board may stay open for weeks."""
        while True:
            await asyncio.sleep(self._limits.board_reconcile_s)
            try:
                staff = await self._look_up()
            except Unavailable:
                continue
            if staff != self._staff:
                self._connection.refuse("token_unknown", Close.UNKNOWN)

    def leave(self, page_closed: bool) -> None:
        """The board is gone."""
        self._feed.part(self)
