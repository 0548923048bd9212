"""A host on a real store, with a clock, an alarm, a media worker and an audience that do what the test says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from orchestrator.bookings import Bookings
from orchestrator.entering import Booked
from orchestrator.host import Host
from orchestrator.policy.effects import Refuse, Warn
from orchestrator.policy.model import ConnectionId, SeatId, Session, SessionId
from orchestrator.ports import Line, OfferMade, PageSample, ProbeOffered
from orchestrator.programmes import load_all
from orchestrator.store.valkey import ValkeyStore
from orchestrator.wish import Wish
from tests.fakes import FakeClock, ManualAlarm
from workers.leases import Leases


@dataclass
class Diary:
    """What the host did to media and people, in order: one list, so that the order between them can be claimed."""

    lines: list[tuple[object, ...]] = field(default_factory=list)

    def named(self, name: str) -> list[tuple[object, ...]]:
        """The lines of one kind."""
        return [line for line in self.lines if line[0] == name]

    def names(self) -> list[object]:
        """What happened, without details."""
        return [line[0] for line in self.lines]


class DiaryMedia:
    """A `Media` that writes down what it is told."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary
        self.known_lines: dict[SeatId, Line] = {}

    def open_room(self, session: SessionId, closes_in_s: float) -> None:
        self._diary.lines.append(("open_room", session, closes_in_s))

    def extend_room(self, session: SessionId, closes_at: datetime, closes_in_s: float) -> None:
        self._diary.lines.append(("extend_room", session, closes_at, closes_in_s))

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
        line = ("connect", session, seat, media_epoch, functions, others)
        self._diary.lines.append((*line, "only_receives") if only_receives else line)

    def answer(self, session: SessionId, seat: SeatId, media_epoch: int, sdp: str) -> None:
        self._diary.lines.append(("answer", session, seat, media_epoch, sdp))

    def restart(self, session: SessionId, seat: SeatId, media_epoch: int) -> None:
        self._diary.lines.append(("restart", session, seat, media_epoch))

    def disconnect(self, session: SessionId, seat: SeatId) -> None:
        self._diary.lines.append(("disconnect", session, seat))

    def close_room(self, session: SessionId) -> None:
        self._diary.lines.append(("close_room", session))

    def probe(self, connection: ConnectionId) -> bool:
        self._diary.lines.append(("probe", connection))
        return True

    def answer_probe(self, connection: ConnectionId, sdp: str) -> None:
        self._diary.lines.append(("answer_probe", connection, sdp))

    def end_probe(self, connection: ConnectionId) -> None:
        self._diary.lines.append(("end_probe", connection))

    def note_page(self, session: SessionId, seat: SeatId, sample: PageSample) -> None:
        self._diary.lines.append(("note_page", session, seat))

    def lines(self, session: SessionId, since: datetime | None = None) -> dict[SeatId, Line]:
        return self.known_lines


class DiaryAudience:
    """An `Audience` that writes down what it is told."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary

    def show(self, session: Session) -> None:
        self._diary.lines.append(("show", session.phase.value, session.version))

    def time_is_up(self, session: Session) -> None:
        self._diary.lines.append(("time_is_up", session.id))

    def refuse(self, refusal: Refuse) -> None:
        self._diary.lines.append(("refuse", refusal.connection, refusal.code))

    def warn(self, session: Session, warning: Warn) -> None:
        self._diary.lines.append(("warn", session.id, warning.left))

    def offer(self, connection: ConnectionId, offer: OfferMade) -> None:
        self._diary.lines.append(("offer", connection, offer.media_epoch))

    def offer_probe(self, offer: ProbeOffered) -> None:
        self._diary.lines.append(("offer_probe", offer.connection))

    def dismiss(self, session: SessionId, code: str) -> None:
        self._diary.lines.append(("dismiss", session, code))


@dataclass
class Office:
    """A running node without sockets and media."""

    host: Host
    bookings: Bookings
    store: ValkeyStore
    clock: FakeClock
    alarm: ManualAlarm
    diary: Diary
    leases: Leases

    async def books(self, supporter: str = "あおぞら", **wish: object) -> Booked:
        """Book a demo session that starts in a minute."""
        starts_at = self.clock.now() + timedelta(minutes=1)
        asked = Wish("demo", starts_at, "さくら14", supporter, **wish)  # type: ignore[arg-type]
        return await self.bookings.create(asked, "p-scheduler")


@pytest.fixture
async def office(store: ValkeyStore) -> AsyncIterator[Office]:
    """A node that has just started, on an empty store."""
    async with opened(store, "n1") as office:
        yield office


class opened:  # noqa: N801 - reads as a sentence: async with opened(store, "n2") as office
    """A node of that name on a store."""

    def __init__(
        self, store: ValkeyStore, node: str, clock: FakeClock | None = None, *, sole: bool = True
    ) -> None:
        self._store = store
        self._sole = sole
        self._node = node
        self._clock = clock or FakeClock()

    async def __aenter__(self) -> Office:
        diary = Diary()

        async def nothing(session: SessionId, fence: int, since: object) -> None:
            raise AssertionError("no other node dies in these tests")

        leases = Leases(
            self._store,
            self._node,
            self._clock,
            nothing,
            on_return=lambda: host.look_again(),  # noqa: PLW0108 - host comes later
            sole=self._sole,
        )
        await leases.start()
        alarm = ManualAlarm(lambda sessions: host.wake(sessions))  # noqa: PLW0108 - host comes later
        host = Host(
            node=self._node,
            store=self._store,
            clock=self._clock,
            leases=leases,
            alarm=alarm,
            media=DiaryMedia(diary),
            audience=DiaryAudience(diary),
        )
        self._running = host.running()
        await self._running.__aenter__()
        programmes = load_all()
        bookings = Bookings(store=self._store, clock=self._clock, host=host, programmes=programmes)
        return Office(host, bookings, self._store, self._clock, alarm, diary, leases)

    async def __aexit__(self, *_: object) -> None:
        await self._running.__aexit__(None, None, None)
