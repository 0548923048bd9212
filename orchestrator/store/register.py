"""What the office keeps about people and about itself: ledgers, decisions, notes, tasks, maintenance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from orchestrator.policy.model import PersonId, SeatId, Session, SessionId
from orchestrator.policy.standing import Decision, PersonTask
from orchestrator.ports import DECIDED, Answers, Applied, Ledger, MaintenanceWindow, reason_field
from orchestrator.store import codec, keys, scripts
from orchestrator.store.connections import Server

_STAMP = "#"
"""The field of a ledger that is no session."""


class Register:
    """This part of `orchestrator.ports.Store`; lines and sessions' tasks are written by APPLY with their transition."""

    def __init__(self, server: Server) -> None:
        self._server = server

    # ---- sessions ----

    async def with_tasks(self, count: int) -> list[SessionId]:
        """See `Store`."""
        if count < 1:
            return []
        async with self._server.answer():
            reply = await self._server.commands.zrange(keys.TASKS, 0, count - 1)
        return [SessionId(session) for session in reply]

    async def notes(self, session: SessionId) -> Mapping[str, str]:
        """See `Store`."""
        async with self._server.answer():
            texts: dict[str, str] = await self._server.commands.hgetall(keys.notes(session))
        return texts

    async def put_answers(
        self, session: SessionId, seat: SeatId, answers: Answers, until: datetime
    ) -> bool:
        """See `Store`."""
        key = keys.answers(session)
        pipeline = self._server.commands.pipeline(transaction=True)
        pipeline.hsetnx(key, seat, codec.encode_answers(answers))
        pipeline.expireat(key, until)
        async with self._server.answer():
            is_new, _ = await pipeline.execute()
        return bool(is_new)

    async def answers(self, session: SessionId) -> Mapping[SeatId, Answers]:
        """See `Store`."""
        async with self._server.answer():
            texts = await self._server.commands.hgetall(keys.answers(session))
        return {SeatId(seat): codec.decode_answers(text) for seat, text in texts.items()}

    # ---- people ----

    async def ledger(self, programme: str, person: PersonId) -> Ledger:
        """See `Store`."""
        pipeline = self._server.commands.pipeline(transaction=True)
        pipeline.hgetall(keys.ledger(programme, person))
        pipeline.lrange(keys.decisions(programme, person), 0, -1)
        async with self._server.answer():
            texts, decisions = await pipeline.execute()
        stamp = int(texts.pop(_STAMP, "0"))
        lines = sorted(map(codec.decode_line, texts.values()), key=lambda line: line.at)
        return Ledger(tuple(lines), tuple(map(codec.decode_decision, decisions)), stamp)

    async def decide(
        self, programme: str, person: PersonId, decision: Decision, reason: str
    ) -> bool:
        """See `Store`."""
        key = f"{programme}:{person}:{decision.number}"
        follows = (DECIDED, person, key) if decision.cancels else ()
        reply = await self._server.run(
            scripts.DECIDE,
            [
                keys.decisions(programme, person),
                keys.ledger(programme, person),
                keys.private(person),
                keys.BLOCKED,
                keys.PERSON_TASKS,
                keys.OUTBOX,
            ],
            [
                str(decision.number),
                codec.encode_decision(decision),
                reason_field(programme, decision.number),
                reason,
                keys.in_programme(programme, person),
                "1" if decision.blocks else "",
                *follows,
            ],
        )
        return bool(reply)

    async def is_blocked(self, programme: str, person: PersonId) -> bool:
        """See `Store`."""
        async with self._server.answer():
            reply = await self._server.commands.sismember(
                keys.BLOCKED, keys.in_programme(programme, person)
            )
        return bool(reply)

    async def person_tasks(self) -> list[PersonTask]:
        """See `Store`."""
        async with self._server.answer():
            texts = await self._server.commands.hvals(keys.PERSON_TASKS)
        tasks = map(codec.decode_person_task, texts)
        return sorted(tasks, key=lambda task: (task.due_at, task.programme, task.person))

    async def put_person_task(self, task: PersonTask, stamp: int) -> bool:
        """See `Store`."""
        return await self._attend(
            task.programme, task.person, stamp, codec.encode_person_task(task)
        )

    async def end_person_task(self, programme: str, person: PersonId, stamp: int) -> bool:
        """See `Store`."""
        return await self._attend(programme, person, stamp, "")

    async def _attend(self, programme: str, person: PersonId, stamp: int, task: str) -> bool:
        reply = await self._server.run(
            scripts.ATTEND,
            [keys.ledger(programme, person), keys.PERSON_TASKS],
            [str(stamp), keys.in_programme(programme, person), task],
        )
        return bool(reply)

    # ---- maintenance ----

    async def maintenance(self) -> list[MaintenanceWindow]:
        """See `Store`."""
        async with self._server.answer():
            texts = await self._server.commands.hvals(keys.MAINTENANCE)
        windows = map(codec.decode_window, texts)
        return sorted(windows, key=lambda window: (window.begins_at, window.id))

    async def put_maintenance(self, window: MaintenanceWindow) -> None:
        """See `Store`."""
        member = _window_member(window)
        pipeline = self._server.commands.pipeline(transaction=True)
        pipeline.hset(keys.MAINTENANCE, window.id, codec.encode_window(window))
        if window.called_off_at is None:
            pipeline.zadd(keys.MAINTENANCE_TIMES, {member: codec.micros(window.ends_at)})
        else:
            pipeline.zrem(keys.MAINTENANCE_TIMES, member)
        async with self._server.answer():
            await pipeline.execute()

    async def forget_maintenance(self, windows: Sequence[MaintenanceWindow]) -> None:
        """See `Store`."""
        if not windows:
            return
        pipeline = self._server.commands.pipeline(transaction=True)
        pipeline.hdel(keys.MAINTENANCE, *(window.id for window in windows))
        pipeline.zrem(keys.MAINTENANCE_TIMES, *map(_window_member, windows))
        async with self._server.answer():
            await pipeline.execute()

    # ---- calendars ----

    async def reserve_supporter(self, session: Session, person: PersonId) -> Applied:
        """See `Store`."""
        reply = await self._server.run(
            scripts.ENGAGE,
            [keys.calendar(person), keys.BLOCKED],
            [
                calendar_member(session),
                str(codec.micros(session.starts_at)),
                str(codec.micros(session.ends_at)),
                keys.in_programme(session.rules.programme, person),
            ],
        )
        return Applied(reply)

    async def release_supporter(self, session: Session, person: PersonId) -> None:
        """See `Store`."""
        async with self._server.answer():
            await self._server.commands.zrem(keys.calendar(person), calendar_member(session))

    async def reserve_end(self, session: SessionId, ends_at: datetime) -> bool:
        """See `Store`."""
        async with self._server.answer():
            state = await self._server.commands.hget(keys.session(session), "state")
        if state is None:
            return False
        known = codec.decode_session(state)
        reply = await self._server.run(
            scripts.RESERVE, calendars(known), [calendar_member(known), str(codec.micros(ends_at))]
        )
        return bool(reply)


def _window_member(window: MaintenanceWindow) -> str:
    return f"{codec.micros(window.begins_at)}:{window.id}"


def calendars(session: Session) -> tuple[str, str]:
    """The keys of the calendars of a session's seeker and supporter."""
    return keys.calendar(session.seeker.person), keys.calendar(session.supporter.person)


def calendar_member(session: Session) -> str:
    """How a session is called in a calendar."""
    return f"{codec.micros(session.starts_at)}:{session.id}"
