"""The record, on Valkey or Redis. Implements `orchestrator.ports.Store`; the shapes of its keys are in `keys`.

What must change together changes in one script. Commits go through the ordered writer and wait while the store is
away; everything else answers within a short time or raises `Unavailable`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from orchestrator.policy.effects import Publish
from orchestrator.policy.model import PersonId, Record, SeatId, Session, SessionId
from orchestrator.ports import (
    Applied,
    Booking,
    BookingResult,
    Change,
    Commit,
    Delivery,
    Link,
    Staff,
    Stored,
)
from orchestrator.store import codec, keys, scripts
from orchestrator.store.checks import check_durability
from orchestrator.store.connections import QUICK_CONNECTIONS, Server
from orchestrator.store.register import Register, calendar_member, calendars
from orchestrator.store.streams import ChangeFeed, Outbox
from orchestrator.store.writer import OrderedWriter

DUE_AT_MOST = 10_000
"""What `due` returns at most, as the port says."""

CHANGES_KEPT = 10_000
"""A watcher that was away for fewer changes than these misses none; ours: about 18 s of the peak rate."""

NOBODY = PersonId("-")
"""Whose calendar is always empty: ids of people begin with `p_`."""

NODE_LISTED_FOR = timedelta(days=1)
"""How long an expired node stays listed, as the port says."""

_READ_AT_ONCE = 200
"""Sessions per pipeline: about a megabyte a reply of `load_many`; ours."""


class ValkeyStore(Register):
    """One node's view of the store; use it as an asynchronous context manager."""

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = 2.0,
        waiting_commits: int = 20_000,
        idle_ms: int = 3_000,
    ) -> None:
        """Prepare the clients; nothing is connected yet.

        Args:
            url: `unix://`, `redis://` or `rediss://`.
            timeout_s: how long an answer may take before `Unavailable` is raised or a commit is sent again.
            waiting_commits: how many commits may wait for an absent store, in all.
            idle_ms: after how long another node's unacknowledged delivery is taken over.
        """
        super().__init__(Server(url, QUICK_CONNECTIONS, timeout_s))
        self._writer = OrderedWriter(url, timeout_s, waiting_commits)
        self._outbox = Outbox(url, self._server, idle_ms)
        self._changes = ChangeFeed(url, timeout_s)
        self._tasks: asyncio.TaskGroup | None = None
        self._lanes: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = await asyncio.TaskGroup().__aenter__()
        self._lanes = self._writer.start(self._tasks)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything; commits that still wait get `Unavailable` (call `flush` before)."""
        assert self._tasks is not None, "__aenter__ set it"
        for lane in self._lanes:
            lane.cancel()
        try:
            # The body's own error goes on as it is; the group would wrap it.
            await self._tasks.__aexit__(None, None, None)
        finally:
            await self._writer.close()
            await self._outbox.close()
            await self._changes.close()
            await self._server.close()

    async def check(self, accept: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """See `check_durability`."""
        return await check_durability(self._server, accept)

    # ---- sessions ----

    async def load(self, session: SessionId) -> Stored | None:
        """See `Store`."""
        async with self._server.answer():
            reply = await self._server.commands.hmget(
                keys.session(session), "state", "owner", "fence"
            )
        return _stored(reply)

    async def load_many(self, sessions: Sequence[SessionId]) -> list[Stored]:
        """See `Store`."""
        found: list[Stored] = []
        for begin in range(0, len(sessions), _READ_AT_ONCE):
            pipeline = self._server.client.pipeline(transaction=False)
            for session in sessions[begin : begin + _READ_AT_ONCE]:
                pipeline.hmget(keys.session(session), "state", "owner", "fence")
            async with self._server.answer():
                replies = await pipeline.execute()
            found += [stored for reply in replies if (stored := _stored(reply)) is not None]
            await asyncio.sleep(0)  # decoding thousands must not hold the loop
        return found

    async def versions(self, sessions: Sequence[SessionId]) -> dict[SessionId, int]:
        """See `Store`."""
        found: dict[SessionId, int] = {}
        for begin in range(0, len(sessions), _READ_AT_ONCE):
            asked = sessions[begin : begin + _READ_AT_ONCE]
            pipeline = self._server.client.pipeline(transaction=False)
            for session in asked:
                pipeline.hget(keys.session(session), "version")
            async with self._server.answer():
                replies = await pipeline.execute()
            found |= {
                session: int(version)
                for session, version in zip(asked, replies, strict=True)
                if version is not None
            }
        return found

    async def claim(
        self, session: SessionId, node: str, over: str | None, fence: int
    ) -> int | None:
        """See `Store`."""
        reply = await self._server.run(
            scripts.CLAIM, [keys.session(session)], [node, over or "", str(fence)]
        )
        return None if reply is None else int(reply)

    async def commit(self, commit: Commit) -> Applied:
        """See `Store`; waits while the store is away.

        Raises:
            Unavailable: too many commits wait already.
        """
        session = commit.session
        ledgers = _ledgers(commit)
        return await self._writer.put(
            session.id,
            session.version,
            [
                keys.session(session.id),
                keys.events(session.id),
                keys.commands(session.id),
                keys.DEADLINES,
                keys.OUTBOX,
                keys.CHANGES,
                *calendars(session),
                keys.TASKS,
                keys.notes(session.id),
                keys.calendar(commit.released or NOBODY),
                *ledgers,
            ],
            [
                session.id,
                commit.command,
                str(commit.fence),
                str(session.version),
                codec.encode_session(session),
                _due(commit.deadline),
                calendar_member(session),
                "" if _ended_early(session) else str(codec.micros(session.ends_at)),
                "exactly" if session.is_over else "",
                _due(commit.tasks_due),
                str(CHANGES_KEPT),
                *((commit.note.key, commit.note.text) if commit.note is not None else ("", "")),
                str(len(commit.records)),
                *(codec.encode_record(record) for record in commit.records),
                *ledgers.values(),
                *(text for publish in commit.publishes for text in _texts(publish)),
            ],
        )

    async def book(self, booking: Booking) -> BookingResult:
        """See `Store`. Its first deadline is the opening of the doors."""
        session = booking.session
        deadline = session.starts_at - session.rules.doors
        reply = await self._server.run(
            scripts.BOOK,
            [
                keys.session(session.id),
                keys.booking(booking.command),
                keys.DEADLINES,
                keys.STARTS,
                keys.CHANGES,
                *calendars(session),
                keys.events(session.id),
                keys.OUTBOX,
                keys.BLOCKED,
                keys.MAINTENANCE_TIMES,
            ],
            [
                session.id,
                str(session.version),
                codec.encode_session(session),
                str(codec.micros(deadline)),
                str(codec.micros(session.starts_at)),
                str(codec.micros(session.ends_at)),
                calendar_member(session),
                session.previous or "",
                str(CHANGES_KEPT),
                _parcel(booking),
            ],
        )
        applied, detail = Applied(reply[0]), reply[2] if len(reply) > 2 else None
        is_suspended = applied is Applied.SUSPENDED
        return BookingResult(
            applied,
            SessionId(reply[1]),
            person=PersonId(detail.partition(":")[2]) if detail and is_suspended else None,
            window=detail if not is_suspended else None,
        )

    async def booked_by(self, command: str) -> SessionId | None:
        """See `Store`."""
        async with self._server.answer():
            session = await self._server.commands.get(keys.booking(command))
        return SessionId(session) if session else None

    async def events(self, session: SessionId) -> list[tuple[int, Record]]:
        """See `Store`."""
        async with self._server.answer():
            reply = await self._server.commands.xrange(keys.events(session))
        return [
            (int(entry_id.split("-")[0]), codec.decode_record(fields["record"]))
            for entry_id, fields in reply
        ]

    async def between(self, begins_at: datetime, ends_at: datetime) -> list[SessionId]:
        """See `Store`."""
        first, last = codec.micros(begins_at), codec.micros(ends_at)
        async with self._server.answer():
            reply = await self._server.commands.zrangebyscore(keys.STARTS, first, f"({last}")
        return [SessionId(session) for session in reply]

    async def due(self, until: datetime) -> list[tuple[SessionId, datetime]]:
        """See `Store`."""
        async with self._server.answer():
            reply = await self._server.commands.zrangebyscore(
                keys.DEADLINES,
                "-inf",
                codec.micros(until),
                start=0,
                num=DUE_AT_MOST,
                withscores=True,
            )
        return [(SessionId(session), codec.moment(int(score))) for session, score in reply]

    async def booked(
        self, person: PersonId, begins_at: datetime, ends_at: datetime
    ) -> list[tuple[datetime, datetime]]:
        """See `Store`."""
        async with self._server.answer():
            reply = await self._server.commands.zrangebyscore(
                keys.calendar(person), f"({codec.micros(begins_at)}", "+inf", withscores=True
            )
        slots = [
            (codec.moment(int(member.split(":")[0])), codec.moment(int(score)))
            for member, score in reply
        ]
        return sorted(slot for slot in slots if slot[0] < ends_at)

    async def sessions_of(
        self, person: PersonId, begins_at: datetime, ends_at: datetime
    ) -> list[SessionId]:
        """See `Store`."""
        async with self._server.answer():
            reply = await self._server.commands.zrangebyscore(
                keys.calendar(person), f"({codec.micros(begins_at)}", "+inf"
            )
        found = await self.load_many([SessionId(member.split(":", 1)[1]) for member in reply])
        # A calendar may hold a slot for a moment before the seat is the person's.
        running = [
            each.session
            for each in found
            if not each.session.is_over
            and any(seat.person == person for seat in each.session.seats)
        ]
        return [
            session.id
            for session in sorted(running, key=lambda session: (session.starts_at, session.id))
            if session.starts_at < ends_at
        ]

    # ---- people ----

    async def add_link(self, secret_hash: str, link: Link) -> None:
        """See `Store`."""
        pipeline = self._server.commands.pipeline(transaction=True)
        pipeline.hset(keys.link(secret_hash), mapping=codec.encode_link(link))
        pipeline.sadd(keys.links(link.session, link.seat), secret_hash)
        async with self._server.answer():
            await pipeline.execute()

    async def add_link_beside(self, secret_hash: str, link: Link) -> bool:
        """See `Store`."""
        reply = await self._server.run(
            scripts.MINT,
            [keys.link(secret_hash), keys.links(link.session, link.seat)],
            [keys.LINK_PREFIX, secret_hash, *_flat(codec.encode_link(link))],
        )
        return bool(reply)

    async def link(self, secret_hash: str) -> Link | None:
        """See `Store`."""
        async with self._server.answer():
            fields = await self._server.commands.hgetall(keys.link(secret_hash))
        return codec.decode_link(fields) if fields else None

    async def revoke_links(self, session: SessionId, seat: SeatId, at: datetime) -> int:
        """See `Store`; those that were void before are not counted."""
        return int(
            await self._server.run(
                scripts.REVOKE,
                [keys.links(session, seat)],
                [keys.LINK_PREFIX, at.isoformat()],
            )
        )

    async def introduce(self, staff: Staff) -> Staff:
        """See `Store`."""
        text = await self._server.run(
            scripts.INTRODUCE,
            [keys.staff(staff.person), keys.staff_name(staff.name), keys.EVERYBODY],
            [staff.person, staff.name, codec.encode_staff(staff), keys.STAFF_PREFIX],
        )
        return codec.decode_staff(text)

    async def put_staff(self, staff: Staff, token_hash: str) -> None:
        """See `Store`."""
        await self._server.run(
            scripts.ENROL,
            [keys.staff(staff.person), keys.staff_name(staff.name), keys.EVERYBODY],
            [
                staff.person,
                staff.name,
                codec.encode_staff(staff),
                token_hash,
                keys.STAFF_PREFIX,
                keys.STAFF_NAME_PREFIX,
                keys.STAFF_TOKEN_PREFIX,
            ],
        )

    async def staff_by_token(self, token_hash: str) -> Staff | None:
        """See `Store`."""
        return await self._staff_at(keys.staff_token(token_hash))

    async def staff_by_name(self, name: str) -> Staff | None:
        """See `Store`."""
        return await self._staff_at(keys.staff_name(name))

    async def staff_by_person(self, person: PersonId) -> Staff | None:
        """See `Store`."""
        async with self._server.answer():
            text = await self._server.commands.hget(keys.staff(person), "staff")
        return None if text is None else codec.decode_staff(text)

    async def staff(self) -> list[Staff]:
        """See `Store`."""
        async with self._server.answer():
            people = sorted(await self._server.commands.smembers(keys.EVERYBODY))
            pipeline = self._server.commands.pipeline(transaction=False)
            for person in people:
                pipeline.hget(keys.staff(PersonId(person)), "staff")
            texts = await pipeline.execute()
        return [codec.decode_staff(text) for text in texts if text is not None]

    async def _staff_at(self, pointer: str) -> Staff | None:
        async with self._server.answer():
            person = await self._server.commands.get(pointer)
        return None if person is None else await self.staff_by_person(PersonId(person))

    async def add_private(self, person: PersonId, fields: Mapping[str, str]) -> None:
        """See `Store`."""
        if fields:
            async with self._server.answer():
                await self._server.commands.hset(keys.private(person), mapping=dict(fields))

    async def private(self, person: PersonId) -> Mapping[str, str]:
        """See `Store`."""
        async with self._server.answer():
            fields: dict[str, str] = await self._server.commands.hgetall(keys.private(person))
        return fields

    # ---- what leaves, and who is there ----

    async def take(self, node: str, count: int, wait_ms: int) -> list[Delivery]:
        """See `Store`."""
        return await self._outbox.take(node, count, wait_ms)

    async def hold(self, node: str, entries: Collection[str]) -> None:
        """See `Store`."""
        await self._outbox.hold(node, entries)

    async def acknowledge(self, delivery: Delivery) -> None:
        """See `Store`."""
        await self._outbox.acknowledge(delivery)

    async def beat(self, node: str, ttl_ms: int) -> Mapping[str, datetime]:
        """See `Store`."""
        listed_for = NODE_LISTED_FOR // timedelta(microseconds=1)
        reply = await self._server.run(
            scripts.BEAT,
            [keys.NODES, keys.OUTBOX],
            [node, str(ttl_ms * 1000), str(listed_for), keys.RELAY_GROUP],
        )
        return {
            name: codec.moment(int(score))
            for name, score in zip(reply[::2], reply[1::2], strict=True)
        }

    async def server_time(self) -> datetime:
        """See `Store`."""
        async with self._server.answer():
            seconds, micros = await self._server.commands.time()
        return codec.moment(int(seconds) * 1_000_000 + int(micros))

    async def watch(self, on_change: Callable[[Change], None]) -> None:
        """See `Store`; an outage of fewer than `CHANGES_KEPT` changes loses none."""
        await self._changes.watch(on_change)

    async def flush(self) -> None:
        """See `Store`; waits while the store is away."""
        await self._writer.drain()


def _stored(reply: Sequence[str | None]) -> Stored | None:
    state, owner, fence = reply
    if state is None or fence is None:
        return None
    return Stored(codec.decode_session(state), owner or None, int(fence))


def _ended_early(session: Session) -> bool:
    return session.ended_at is not None and session.ended_at < session.ends_at


def _due(at: datetime | None) -> str:
    return "" if at is None else str(codec.micros(at))


def _texts(publish: Publish) -> tuple[str, str, str]:
    return publish.topic, publish.recipient, publish.key


def _ledgers(commit: Commit) -> dict[str, str]:
    """The ledgers of an ended session's people, each with its line; an empty one is taken away."""
    session = commit.session
    if not session.is_over:
        return {}
    programme = session.rules.programme
    ledgers = {
        keys.ledger(programme, seat.person): "" for seat in (session.seeker, session.supporter)
    }
    return ledgers | {
        keys.ledger(line.programme, line.person): codec.encode_line(line) for line in commit.ledger
    }


def _parcel(booking: Booking) -> str:
    session = booking.session
    people = (session.seeker.person, session.supporter.person)
    hashes = [
        [keys.link(secret_hash), *_flat(codec.encode_link(link))]
        for secret_hash, link in booking.links.items()
    ]
    hashes += [
        [keys.private(person), *_flat(fields)]
        for person, fields in booking.private.items()
        if fields
    ]
    sets = [
        [keys.links(link.session, link.seat), secret_hash]
        for secret_hash, link in booking.links.items()
    ]
    return json.dumps(
        {
            "hashes": hashes,
            "sets": sets,
            "people": [keys.in_programme(session.rules.programme, person) for person in people],
            "records": [codec.encode_record(record) for record in booking.records],
            "publishes": [_texts(publish) for publish in booking.publishes],
        }
    )


def _flat(fields: Mapping[str, str]) -> list[str]:
    return [text for item in fields.items() for text in item]
