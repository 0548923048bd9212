"""How people stand, over HTTP: `/api/v1/standing/{programme}/{person}`. For schedulers alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from orchestrator.api.moments import Moment
from orchestrator.api.query import StaffOf, body_of, scheduler
from orchestrator.errors import Malformed
from orchestrator.policy.ledger import LedgerLine
from orchestrator.policy.model import Cause, Outcome, PersonId, Quota, Role
from orchestrator.policy.standing import Decision, DecisionKind, PersonTaskKind, StandingState
from orchestrator.policy.writing import legible
from orchestrator.standing import Dossier, Standings

PREFIX = "/api/v1/standing"
_LONGEST_ID = 100

Reason = Annotated[str, AfterValidator(legible), StringConstraints(min_length=1, max_length=500)]
"""Free text about a person: it goes into the person's erasable data, and nowhere else."""


class NewDecision(BaseModel):
    """What a scheduler decides about a person."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: DecisionKind
    reason: Reason = Field(description="Kept in the person's erasable data")
    number: int = Field(ge=0, description="How many decisions the scheduler has seen")
    bookings: Literal["keep", "cancel"] = Field(
        default="keep", description="What becomes of the bookings that the person has"
    )


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class LineBody(_Shown):
    """What one session means for the person."""

    session: str
    at: Moment
    role: Role
    outcome: Outcome
    cause: Cause | None
    quota: Quota | None
    strike: bool
    review: bool


class DecisionBody(_Shown):
    """One decision."""

    number: int
    kind: DecisionKind
    at: Moment
    by: str
    reason: str | None = Field(description="Null once it was erased")
    cancels: bool


class PersonTaskBody(_Shown):
    """Why somebody has to look at the person."""

    kind: PersonTaskKind
    since: Moment
    due_at: Moment


class ComingBody(_Shown):
    """A booking that the person has."""

    session: str
    starts_at: Moment
    ends_at: Moment


class StandingBody(_Shown):
    """How a person stands with a programme."""

    programme: str
    person: str
    state: StandingState
    strikes: int
    strikes_for_task: int | None
    under_review: bool
    quota_used: int
    quota_left: int | None
    number: int
    task: PersonTaskBody | None
    lines: tuple[LineBody, ...]
    decisions: tuple[DecisionBody, ...]
    bookings: tuple[ComingBody, ...]


@dataclass(frozen=True, slots=True)
class StandingApi:
    """The handlers, and what they need."""

    standings: Standings
    staff_of: StaffOf

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        one = PREFIX + "/{programme}/{person}"
        return [web.get(one, self.read), web.post(one + "/decisions", self.decide)]

    async def read(self, request: web.Request) -> web.Response:
        """How a person stands."""
        await scheduler(request, self.staff_of)
        record = await self.standings.read(_name(request, "programme"), _person(request))
        return _answer(_body(record))

    async def decide(self, request: web.Request) -> web.Response:
        """Suspend, refuse or reinstate a person."""
        staff = await scheduler(request, self.staff_of)
        body = await body_of(request, NewDecision)
        record = await self.standings.decide(
            _name(request, "programme"),
            _person(request),
            body.kind,
            body.reason,
            body.number,
            cancels=body.bookings == "cancel",
            by=staff.person,
        )
        return _answer(_body(record), 201)


def _name(request: web.Request, part: str) -> str:
    name = request.match_info[part]
    if len(name) > _LONGEST_ID or not name.isascii() or not name.isprintable():
        raise Malformed("bad_field", f"{part}: not a name")
    return name


def _person(request: web.Request) -> PersonId:
    return PersonId(_name(request, "person"))


def _body(dossier: Dossier) -> StandingBody:
    standing = dossier.standing
    return StandingBody(
        programme=dossier.programme,
        person=dossier.person,
        state=standing.state,
        strikes=standing.strikes,
        strikes_for_task=standing.strikes_for_task,
        under_review=standing.under_review,
        quota_used=standing.quota_used,
        quota_left=standing.quota_left,
        number=standing.number,
        task=None
        if dossier.task is None
        else PersonTaskBody(
            kind=dossier.task.kind, since=dossier.task.since, due_at=dossier.task.due_at
        ),
        lines=tuple(map(_line, dossier.lines)),
        decisions=tuple(
            _decision(decision, dossier.reasons.get(decision.number))
            for decision in dossier.decisions
        ),
        bookings=tuple(
            ComingBody(session=each.id, starts_at=each.starts_at, ends_at=each.ends_at)
            for each in dossier.bookings
        ),
    )


def _line(line: LedgerLine) -> LineBody:
    return LineBody(
        session=line.session,
        at=line.at,
        role=line.role,
        outcome=line.outcome,
        cause=line.cause,
        quota=line.quota,
        strike=line.strike,
        review=line.review,
    )


def _decision(decision: Decision, reason: str | None) -> DecisionBody:
    return DecisionBody(
        number=decision.number,
        kind=decision.kind,
        at=decision.at,
        by=decision.by,
        reason=reason,
        cancels=decision.cancels,
    )


def _answer(body: BaseModel, status: int = 200) -> web.Response:
    return web.Response(text=body.model_dump_json(), status=status, content_type="application/json")
