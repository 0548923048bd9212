"""What the office does to a session once it is booked: overrule, tasks, incidents, calls, an end now or later.

The policy decides what may be; here is what it needs around it: free text goes into the session's erasable notes and
nowhere else, and a later end is reserved in the calendars before the policy is asked and answered only once the media
worker holds it.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakValueDictionary

import structlog

from orchestrator.errors import Conflict, Refused
from orchestrator.policy.events import (
    CallReported,
    DataRead,
    EndedByOffice,
    Event,
    ExtensionAsked,
    FinishAnswered,
    IncidentFiled,
    IncidentResolved,
    Overruled,
    SeatsKept,
    Stopped,
    TaskDone,
)
from orchestrator.policy.model import (
    CallState,
    Cause,
    ConnectionId,
    IncidentKind,
    Outcome,
    PersonId,
    SeatId,
    Session,
    SessionId,
)
from orchestrator.policy.notes import that_count
from orchestrator.policy.standing import PersonTask
from orchestrator.policy.tasks import Task, open_tasks
from orchestrator.ports import PrivateField, RunningSessions, Store, booked_field

log = structlog.get_logger()

LONGEST_NOTE = 500
"""Characters: what a person can say in a minute; ours."""

CONFIRMED_WITHIN_S = 5.0
"""A media worker confirms in milliseconds; after this long the one who asked is told that it did not."""

MOST_TASKS = 500
"""Sessions that one list of tasks looks at; ours."""

_SPACES = frozenset("\n\t")


@dataclass(frozen=True, slots=True)
class NewVerdict:
    """What a scheduler puts in the place of a verdict."""

    outcome: Outcome
    cause: Cause | None
    number: int
    """How many overrulings the scheduler has seen."""
    reason: str


@dataclass(frozen=True, slots=True)
class Noted:
    """What the office noted about a seeker at the booking."""

    reference: str | None = field(repr=False)
    note: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class SessionTask:
    """A task, and the session that it is of."""

    session: Session
    task: Task


def _is_done(session: Session, overruling: NewVerdict, by: PersonId) -> bool:
    """This very overruling is on record, as the last one."""
    if len(session.overrulings) != overruling.number + 1:
        return False
    is_same = (session.outcome, session.cause) == (overruling.outcome, overruling.cause)
    return is_same and session.overrulings[-1].by == by


class Office:
    """The use cases of schedulers, and of supporters for their own sessions.

    Args:
        store: the record.
        sessions: runs them.
        confirmed_within_s: how long a later end may wait for the media worker.
    """

    def __init__(
        self,
        store: Store,
        sessions: RunningSessions,
        confirmed_within_s: float = CONFIRMED_WITHIN_S,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._confirmed_within_s = confirmed_within_s
        self._extending: WeakValueDictionary[SessionId, asyncio.Lock] = WeakValueDictionary()

    # ---- verdicts and tasks -----------------------------------------------------------------------------------------

    async def overrule(self, session: SessionId, overruling: NewVerdict, by: PersonId) -> Session:
        """Put another outcome or cause in the place of the verdict; the difference of what follows is applied.

        Raises:
            NotFound: no such session.
            Refused: `not_over`, `overruled_meanwhile`, `outcome_impossible`, `verdict_unchanged`, `note_refused`.
        """
        check_note(overruling.reason)
        known = await self._sessions.view(session)
        if _is_done(known, overruling, by):
            return known
        event = Overruled(overruling.outcome, overruling.cause, by, overruling.number)
        return await self._sessions.deliver(session, event, overruling.reason)

    async def tasks(self) -> list[SessionTask]:
        """Everything about sessions that somebody has to look at, most urgent first."""
        ids = await self._store.with_tasks(MOST_TASKS)
        stored = await self._store.load_many(ids)
        found = [
            SessionTask(each.session, task) for each in stored for task in open_tasks(each.session)
        ]
        return sorted(found, key=lambda each: (each.task.due_at, each.session.id, each.task.id))

    async def person_tasks(self) -> list[PersonTask]:
        """Everybody whom somebody has to look at, most urgent first."""
        return await self._store.person_tasks()

    async def finish_task(
        self, session: SessionId, task: str, by: PersonId, note: str | None
    ) -> Session:
        """Tick a task off.

        Raises:
            NotFound: no such session.
            Refused: `task_unknown`, also when somebody else was faster; `note_refused`.
        """
        return await self._noted(session, TaskDone(task, by), note)

    # ---- what was noted ---------------------------------------------------------------------------------------------

    async def read_noted(self, session: SessionId, by: PersonId) -> Noted:
        """What was noted about the seeker; who reads it is on record before anything is given out.

        Raises:
            NotFound: no such session.
            Refused: `data_closed`, `too_many_readings`.
        """
        known = await self._sessions.deliver(session, DataRead(by))
        private = await self._store.private(known.seeker.person)
        return Noted(
            reference=private.get(booked_field(PrivateField.REFERENCE, session)),
            note=private.get(booked_field(PrivateField.NOTE, session)),
        )

    # ---- incidents --------------------------------------------------------------------------------------------------

    async def file_incident(
        self,
        session: SessionId,
        kind: IncidentKind,
        accused: SeatId | None,
        by: str,
        note: str | None,
        connection: ConnectionId | None = None,
        *,
        figures: str | None = None,
    ) -> Session:
        """File an incident; nothing ends by it.

        Args:
            session: where it happened.
            kind: what it is about.
            accused: whose seat, or None.
            by: a seat, or the person id of a scheduler.
            note: what happened, in words; erasable.
            connection: of the room; None: a scheduler files it, or somebody whose session is over.
            figures: what a page measured; kept below the note.

        Raises:
            NotFound: no such session.
            Refused: `accused_unknown`, `too_many_incidents`, `note_refused`.
        """
        if note is not None:
            check_note(note)
        words = "\n".join(filter(None, [note, figures])) or None
        return await self._sessions.deliver(
            session, IncidentFiled(kind, accused, connection, by), words
        )

    async def stop(
        self,
        session: SessionId,
        kind: IncidentKind,
        accused: SeatId,
        by: SeatId,
        note: str | None,
        connection: ConnectionId,
    ) -> Session:
        """Stop a session for conduct or recording: the room ends at once (KUMAGAYA 12, SAKAI 8, SAKAI 5-4, IX 10).

        Raises:
            NotFound: no such session.
            Refused: `note_refused`; the rest the connection is told.
        """
        return await self._noted(session, Stopped(connection, kind, accused), note)

    async def resolve_incident(
        self, session: SessionId, incident: str, by: PersonId, note: str
    ) -> Session:
        """An incident has been dealt with.

        Raises:
            NotFound: no such session.
            Refused: `incident_unknown`, `incident_resolved`, `note_refused`.
        """
        return await self._noted(session, IncidentResolved(incident, by), note)

    async def _noted(self, session: SessionId, event: Event, note: str | None) -> Session:
        if note is not None:
            check_note(note)
        return await self._sessions.deliver(session, event, note)

    async def notes(self, session: SessionId) -> Mapping[str, str]:
        """The free texts about a session.

        Raises:
            NotFound: no such session.
        """
        known = await self._sessions.view(session)
        return that_count(known, await self._store.notes(session))

    # ---- the telephone, and the end ---------------------------------------------------------------------------------

    async def report_call(self, session: SessionId, state: CallState, by: PersonId) -> Session:
        """What became of a telephone call to the seeker (IX 1-1, IX 6-3).

        Raises:
            NotFound: no such session.
            Refused: whatever the policy refuses.
        """
        return await self._sessions.deliver(session, CallReported(state, None, by))

    async def finish(self, session: SessionId, by: PersonId, *, finished: bool) -> Session:
        """Whether a consultation was finished whose people have both closed their pages.

        Raises:
            NotFound: no such session.
            Refused: whatever the policy refuses.
        """
        return await self._sessions.deliver(session, FinishAnswered(finished, None, by))

    async def end(self, session: SessionId, by: PersonId, reason: str, *, held: bool) -> Session:
        """End a session that people are in, or waiting for: its media is cut, and its people are told.

        Args:
            session: which.
            by: person id of the scheduler.
            reason: for the office alone; kept among the session's notes.
            held: the scheduler states that it was held all the same, so that it counts.

        Raises:
            NotFound: no such session.
            Refused: `too_early`: the doors are closed, so it can be cancelled; `not_live`: what was never live was not
                held; `session_over`, `note_refused`.
        """
        return await self._noted(session, EndedByOffice(by, held), reason)

    async def keep_seats(self, session: SessionId, by: PersonId, reason: str) -> Session:
        """Have the seats of an interrupted session kept until its end, instead of for the programme's `hold`.

        Args:
            session: which.
            by: person id of the scheduler.
            reason: for the office alone; kept among the session's notes.

        Raises:
            NotFound: no such session.
            Refused: `nothing_to_hold`: nobody is waited for; `session_over`, `note_refused`.
        """
        return await self._noted(session, SeatsKept(by), reason)

    async def extend(
        self, session: SessionId, ends_at: datetime, by: PersonId, reason: str
    ) -> Session:
        """Move the end, where the programme allows it; it counts once the media worker holds it.

        Returns:
            The session with its new end.

        Raises:
            NotFound: no such session.
            Refused: `extension_never`, `extension_too_late`, `extension_not_later`, `session_over`, `note_refused`;
                `next_slot_taken`: seeker or supporter has something else by then; `extension_unconfirmed`: the media
                worker did not confirm it in time, and the end has not moved.
        """
        check_note(reason)
        lock = self._extending.setdefault(session, asyncio.Lock())
        async with lock:
            before = await self._sessions.view(session)
            await self._reserve(before, ends_at)
            try:
                await self._sessions.deliver(session, ExtensionAsked(ends_at, by), reason)
            except (Refused, Conflict):
                await self._give_back(session)
                raise
            return await self._moved(session, ends_at)

    async def _reserve(self, session: Session, ends_at: datetime) -> None:
        """Hold the calendars up to the new end; one that nobody may ask for is for the policy to refuse."""
        if session.is_over or ends_at <= session.ends_at:
            return
        pending = session.extending
        # An earlier wish that was not confirmed in time may still be confirmed until this one replaces it.
        until = ends_at if pending is None else max(ends_at, pending.ends_at)
        if not await self._store.reserve_end(session.id, until):
            raise Refused("next_slot_taken", "seeker or supporter has something else by then")

    async def _give_back(self, session: SessionId) -> None:
        """Hold the calendars no longer than the record says: nothing was committed, perhaps another node runs it."""
        stored = await self._store.load(session)
        if stored is None:
            return
        pending = stored.session.extending
        until = pending.ends_at if pending is not None else stored.session.ends_at
        await self._store.reserve_end(session, until)

    async def _moved(self, session: SessionId, ends_at: datetime) -> Session:
        try:
            moved = await self._sessions.until(
                session, lambda known: known.ends_at == ends_at, self._confirmed_within_s
            )
        except TimeoutError:
            # The calendars stay held: what comes late still counts, and must not meet another booking.
            log.warning("extension.unconfirmed", session=session)
            raise Refused(
                "extension_unconfirmed",
                "the media worker did not confirm it; the end has not moved",
            ) from None
        if not await self._store.reserve_end(session, ends_at):
            log.warning("extension.unreserved", session=session)
        return moved


def check_note(text: str) -> None:
    """Refuse a free text that is empty, too long, or not plain.

    Raises:
        Refused: `note_refused`.
    """
    if not text.strip() or len(text) > LONGEST_NOTE:
        raise Refused("note_refused", f"a note has 1 to {LONGEST_NOTE} characters")
    if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in _SPACES for char in text):
        raise Refused("note_refused", "a note has no control characters")
