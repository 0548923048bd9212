"""What the office does to a session, over HTTP: overrule, incidents, tasks, calls, seats kept, the end, another date.

Schedulers may do everything here. A supporter may report calls, say whether it was finished, and see to another date,
for the own sessions only; those of others are 404.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from orchestrator.api.aftermath import (
    NotesBody,
    TasksBody,
    listed,
    listed_person,
    other_verdicts_of,
)
from orchestrator.api.down import api_session
from orchestrator.api.query import StaffOf, asker, body_of, may_read, scheduler, session_id_of
from orchestrator.api.up import Body, GivenMoment, Line, Name
from orchestrator.bookings import Bookings
from orchestrator.errors import NotFound, Refused
from orchestrator.host import Host
from orchestrator.office import LONGEST_NOTE, NewVerdict, Office, check_note
from orchestrator.policy.model import (
    SUPPORTER,
    CallState,
    Cause,
    IncidentKind,
    Outcome,
    Purpose,
    Role,
    SeatId,
    Session,
)
from orchestrator.policy.stops import may_read_why
from orchestrator.policy.writing import legible
from orchestrator.ports import Staff

PREFIX = "/api/v1"


def _plain(text: str) -> str:
    try:
        check_note(text)
    except Refused as refusal:
        raise ValueError(refusal.detail) from None
    return text


Note = Annotated[
    str,
    AfterValidator(legible),
    StringConstraints(min_length=1, max_length=LONGEST_NOTE),
    AfterValidator(_plain),
]
"""Free text about a session: erasable."""


class NewOverruling(Body):
    """Another verdict in the place of one."""

    outcome: Outcome
    cause: Cause | None = Field(
        default=None, description="Absent where the outcome has none (`completed`)"
    )
    number: int = Field(ge=0, description="How many overrulings the scheduler has seen")
    reason: Note = Field(description="Kept among the notes")


class NewIncident(Body):
    """Something that the office has to look at."""

    kind: IncidentKind
    accused: Name | None = Field(default=None, description="A seat")
    note: Note | None = None


class Resolution(Body):
    """What was done about an incident."""

    note: Note


class TaskFinished(Body):
    """A task has been seen to."""

    note: Note | None = None


class Ending(Body):
    """The end of a session, now."""

    held: bool = Field(default=False, description="It was held all the same, so that it counts")
    reason: Note = Field(description="Kept among the notes")


class Holding(Body):
    """The seats of an interrupted session are kept until its end."""

    reason: Note = Field(description="Kept among the notes")


class NewEnd(Body):
    """A later end, where the programme allows it."""

    ends_at: GivenMoment
    reason: Note = Field(description="Kept among the notes")


class CallReport(Body):
    """What became of a telephone call."""

    state: CallState


class FinishAnswer(Body):
    """Whether a consultation was finished whose people have both closed their pages."""

    finished: bool


class Choice(Body):
    """A proposed slot."""

    option: Name
    purpose: Purpose = Purpose.RESCHEDULE


class Decline(Body):
    """No other date is wanted."""

    purpose: Purpose = Purpose.RESCHEDULE


class AnySlot(Body):
    """A slot that need not have been proposed."""

    starts_at: GivenMoment
    exception: Line | None = Field(
        default=None, description="Why it is booked against the programme's rule; schedulers only"
    )
    purpose: Purpose = Purpose.RESCHEDULE


@dataclass(frozen=True, slots=True)
class OfficeApi:
    """The handlers, and what they need."""

    host: Host
    office: Office
    bookings: Bookings
    staff_of: StaffOf

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        one = PREFIX + "/sessions/{session}"
        return [
            web.get(PREFIX + "/tasks", self.tasks),
            web.get(one + "/verdicts", self.verdicts),
            web.post(one + "/overrule", self.overrule),
            web.post(one + "/incidents", self.file_incident),
            web.post(one + "/incidents/{incident}/resolve", self.resolve_incident),
            web.post(one + "/tasks/{task}/done", self.finish_task),
            web.post(one + "/end", self.end),
            web.post(one + "/hold", self.hold),
            web.post(one + "/extend", self.extend),
            web.post(one + "/call", self.report_call),
            web.post(one + "/finish", self.finish),
            web.post(one + "/reschedule/choose", self.choose),
            web.post(one + "/reschedule/decline", self.decline),
            web.post(one + "/reschedule/book", self.book),
            web.get(one + "/notes", self.notes),
        ]

    # ---- schedulers -------------------------------------------------------------------------------------------------

    async def tasks(self, request: web.Request) -> web.Response:
        """Everything that somebody has to look at."""
        await scheduler(request, self.staff_of)
        rows = [listed(each.session, each.task) for each in await self.office.tasks()]
        rows += [listed_person(task) for task in await self.office.person_tasks()]
        rows.sort(key=lambda row: row.due_at)
        return _answer(TasksBody(tasks=tuple(rows)))

    async def verdicts(self, request: web.Request) -> web.Response:
        """What could be put in the place of the verdict, and what would follow."""
        await scheduler(request, self.staff_of)
        session = await self.host.view(session_id_of(request))
        if not session.is_over:
            raise Refused("not_over", "only what has ended can be overruled")
        return _answer(other_verdicts_of(session))

    async def overrule(self, request: web.Request) -> web.Response:
        """Put another verdict in the place of one."""
        staff = await scheduler(request, self.staff_of)
        body = await body_of(request, NewOverruling)
        overruling = NewVerdict(body.outcome, body.cause, body.number, body.reason)
        return _shown(
            await self.office.overrule(session_id_of(request), overruling, staff.person), staff
        )

    async def file_incident(self, request: web.Request) -> web.Response:
        """File an incident."""
        staff = await scheduler(request, self.staff_of)
        body = await body_of(request, NewIncident)
        accused = SeatId(body.accused) if body.accused is not None else None
        filed = await self.office.file_incident(
            session_id_of(request), body.kind, accused, staff.person, body.note
        )
        return _shown(filed, staff, 201)

    async def resolve_incident(self, request: web.Request) -> web.Response:
        """Say that an incident has been dealt with."""
        staff = await scheduler(request, self.staff_of)
        body = await body_of(request, Resolution)
        return _shown(
            await self.office.resolve_incident(
                session_id_of(request), request.match_info["incident"], staff.person, body.note
            ),
            staff,
        )

    async def finish_task(self, request: web.Request) -> web.Response:
        """Tick a task off."""
        staff = await scheduler(request, self.staff_of)
        body = await body_of(request, TaskFinished)
        return _shown(
            await self.office.finish_task(
                session_id_of(request), request.match_info["task"], staff.person, body.note
            ),
            staff,
        )

    async def end(self, request: web.Request) -> web.Response:
        """End it now."""
        staff = await scheduler(request, self.staff_of)
        body = await body_of(request, Ending)
        ended = await self.office.end(
            session_id_of(request), staff.person, body.reason, held=body.held
        )
        return _shown(ended, staff)

    async def hold(self, request: web.Request) -> web.Response:
        """Have the seats kept until the end."""
        staff = await scheduler(request, self.staff_of)
        body = await body_of(request, Holding)
        kept = await self.office.keep_seats(session_id_of(request), staff.person, body.reason)
        return _shown(kept, staff)

    async def extend(self, request: web.Request) -> web.Response:
        """Move the end."""
        staff = await scheduler(request, self.staff_of)
        body = await body_of(request, NewEnd)
        return _shown(
            await self.office.extend(
                session_id_of(request), body.ends_at, staff.person, body.reason
            ),
            staff,
        )

    async def notes(self, request: web.Request) -> web.Response:
        """The free texts about a session."""
        await scheduler(request, self.staff_of)
        notes = await self.office.notes(session_id_of(request))
        return _answer(NotesBody(notes=dict(notes)))

    # ---- schedulers, and the session's supporter --------------------------------------------------------------------

    async def report_call(self, request: web.Request) -> web.Response:
        """Report a telephone call."""
        staff, session = await self._own(request)
        body = await body_of(request, CallReport)
        return _shown(await self.office.report_call(session.id, body.state, staff.person), staff)

    async def finish(self, request: web.Request) -> web.Response:
        """Say whether it was finished."""
        staff, session = await self._own(request)
        body = await body_of(request, FinishAnswer)
        return _shown(
            await self.office.finish(session.id, staff.person, finished=body.finished), staff
        )

    async def choose(self, request: web.Request) -> web.Response:
        """Choose a proposed slot for the seeker."""
        staff, session = await self._choosing(request)
        body = await body_of(request, Choice)
        return _shown(
            await self.bookings.rescheduling.choose(
                session.id, body.option, staff.person, body.purpose
            ),
            staff,
        )

    async def decline(self, request: web.Request) -> web.Response:
        """Decline for the seeker."""
        staff, session = await self._choosing(request)
        body = await body_of(request, Decline)
        return _shown(
            await self.bookings.rescheduling.decline(session.id, staff.person, body.purpose), staff
        )

    async def book(self, request: web.Request) -> web.Response:
        """Book a slot that need not have been proposed."""
        staff, session = await self._choosing(request)
        body = await body_of(request, AnySlot)
        if body.exception is not None and staff.role is not Role.SCHEDULER:
            raise Refused("not_allowed", "only schedulers book against the programme's rule")
        return _shown(
            await self.bookings.rescheduling.book(
                session.id,
                body.starts_at,
                staff.person,
                purpose=body.purpose,
                exception=body.exception,
            ),
            staff,
        )

    async def _choosing(self, request: web.Request) -> tuple[Staff, Session]:
        """The same, to choose for the seeker; not who was stopped by the seeker."""
        staff, session = await self._own(request)
        if staff.role is not Role.SCHEDULER and not may_read_why(session, SUPPORTER):
            raise Refused("not_allowed", "after a stop only schedulers see to another date")
        return staff, session

    async def _own(self, request: web.Request) -> tuple[Staff, Session]:
        """Who asks, and a session that is theirs to see to."""
        staff = await asker(request, self.staff_of)
        session = await self.host.view(session_id_of(request))
        if not may_read(staff, session):
            raise NotFound("session_unknown")
        return staff, session


def _shown(session: Session, staff: Staff, status: int = 200) -> web.Response:
    return _answer(api_session(session, staff.role), status)


def _answer(body: BaseModel, status: int = 200) -> web.Response:
    return web.Response(text=body.model_dump_json(), status=status, content_type="application/json")
