"""What board and desk need besides the sessions.

Who somebody of the office is, a supporter's day and way into a room, how the lines are, what was noted about a seeker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict

from orchestrator.api.days import OpenBody, bounds_of
from orchestrator.api.moments import Moment
from orchestrator.api.query import StaffOf, asker, may_read, session_id_of
from orchestrator.credentials import hash_secret, link_expires_at, new_secret
from orchestrator.errors import Malformed, NotFound, Refused
from orchestrator.host import Host
from orchestrator.office import Office
from orchestrator.policy.model import SUPPORTER, PersonId, Role, SessionId
from orchestrator.policy.slots import own_hours
from orchestrator.ports import Clock, Link, Store

if TYPE_CHECKING:  # it is a model as well, but none of this API
    from orchestrator.policy.programme import Programme

log = structlog.get_logger()

PREFIX = "/api/v1"
_LONGEST_ID = 100

_AHEAD = timedelta(days=14)
"""How far a desk is told of maintenance."""


class StaffBody(BaseModel):
    """Somebody of the office."""

    model_config = ConfigDict(frozen=True)

    person: str
    display_name: str
    role: Role


class SeekerBody(BaseModel):
    """What was noted about the seeker at the booking."""

    model_config = ConfigDict(frozen=True)

    reference: str | None
    note: str | None


class InBoth(BaseModel):
    """A name in both languages."""

    model_config = ConfigDict(frozen=True)

    ja: str
    en: str


class DeskProgramme(BaseModel):
    """A programme, as far as a desk needs it."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: InBoth
    """What the service is called."""
    office: InBoth
    """Who holds it."""
    telephone: str | None
    time_zone: str
    hours: tuple[OpenBody, ...]


class PlannedBody(BaseModel):
    """Maintenance that is planned."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: str
    planned_at: Moment
    begins_at: Moment
    ends_at: Moment
    reason: str


class DeskBody(BaseModel):
    """A day at the desk, beside the sessions."""

    model_config = ConfigDict(frozen=True)

    programmes: tuple[DeskProgramme, ...]
    maintenance: tuple[PlannedBody, ...]


class RoomBody(BaseModel):
    """The way into the room for one seat."""

    model_config = ConfigDict(frozen=True)

    seat: str
    url: str


class MeasuredBody(BaseModel):
    """One second of a seat's line, by the media worker; null where nothing is known."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    at: Moment
    media_epoch: int
    up_bps: int
    down_bps: int
    loss_up: float | None
    loss_down: float | None
    rtt_ms: float | None
    jitter_ms: float | None


class ToldBody(BaseModel):
    """What a page told of five seconds; null where its browser does not say."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    at: Moment
    missing: float | None
    rtt_ms: float | None
    frozen_s: float | None


class LineBody(BaseModel):
    """A seat's line in the last minute, the oldest first."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    seat: str
    measured: tuple[MeasuredBody, ...]
    told: tuple[ToldBody, ...]


class LinesBody(BaseModel):
    """The lines of a session."""

    model_config = ConfigDict(frozen=True)

    lines: tuple[LineBody, ...]


@dataclass(frozen=True, slots=True)
class DeskApi:
    """The handlers, and what they need."""

    store: Store
    host: Host
    office: Office
    clock: Clock
    programmes: Mapping[str, Programme]
    zone: ZoneInfo
    """In which the day is meant."""
    staff_of: StaffOf
    link_url: Callable[[web.Request, str], str]
    """The invitation URL for a secret, as the asker reaches this server."""

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        return [
            web.get(PREFIX + "/desk", self.read_desk),
            web.get(PREFIX + "/staff/{person}", self.read_staff),
            web.post(PREFIX + "/sessions/{session}/room", self.open_room),
            web.get(PREFIX + "/sessions/{session}/lines", self.read_lines),
            web.get(PREFIX + "/sessions/{session}/seeker", self.read_seeker),
        ]

    async def read_staff(self, request: web.Request) -> web.Response:
        """Who somebody of the office is: records name people by their ids."""
        await asker(request, self.staff_of)
        found = await self.store.staff_by_person(PersonId(_id(request, "person")))
        if found is None:
            raise NotFound("person_unknown", "nobody of the office has that id")
        body = StaffBody(person=found.person, display_name=found.display_name, role=found.role)
        return _answer(body, 200)

    async def open_room(self, request: web.Request) -> web.Response:
        """One more link for the supporter of a session, who is known by the token; the earlier ones stay."""
        staff = await asker(request, self.staff_of)
        session = await self.host.view(SessionId(_id(request, "session")))
        if staff.person != session.supporter.person:
            # A supporter learns nothing of others' sessions; a scheduler has no seat in any.
            if staff.role is Role.SCHEDULER:
                raise Refused("not_your_seat", "only the session's supporter enters its room")
            raise NotFound("session_unknown")
        if session.is_over:
            raise Refused("session_over", "the session has ended")
        secret = new_secret()
        link = Link(
            session.id, SUPPORTER, link_expires_at(session), person=session.supporter.person
        )
        if not await self.store.add_link_beside(hash_secret(secret), link):
            raise Refused("link_revoked", "the office has revoked the links of this seat")
        log.info("link.added", session=session.id, seat=SUPPORTER)
        return _answer(RoomBody(seat=SUPPORTER, url=self.link_url(request, secret)), 201)

    async def read_lines(self, request: web.Request) -> web.Response:
        """How the lines of a session are; only the node that carries its media knows."""
        staff = await asker(request, self.staff_of)
        session = await self.host.view(session_id_of(request))
        if not may_read(staff, session):
            raise NotFound("session_unknown")
        lines = self.host.lines(session)
        if lines is None:
            raise Refused("measured_elsewhere", "another node carries this session's media")
        shown = [
            LineBody.model_validate(
                {"seat": seat.id, "measured": line.measured, "told": line.told},
                from_attributes=True,
            )
            for seat in session.seats
            if (line := lines.get(seat.id)) is not None
        ]
        return _answer(LinesBody(lines=tuple(shown)), 200)

    async def read_seeker(self, request: web.Request) -> web.Response:
        """What was noted about the seeker; who asks is on record before anything is given out."""
        staff = await asker(request, self.staff_of)
        session = await self.host.view(session_id_of(request))
        if not may_read(staff, session):
            raise NotFound("session_unknown")
        noted = await self.office.read_noted(session.id, staff.person)
        return _answer(SeekerBody(reference=noted.reference, note=noted.note), 200)

    async def read_desk(self, request: web.Request) -> web.Response:
        """The day of who asks, beside the sessions: hours, telephone numbers, planned maintenance."""
        staff = await asker(request, self.staff_of)
        now = self.clock.now()
        begins_at, ends_at = bounds_of(now.astimezone(self.zone).date(), self.zone)
        programmes = tuple(
            DeskProgramme(
                name=programme.name,
                title=InBoth(ja=programme.title.ja, en=programme.title.en),
                office=InBoth(ja=programme.office.ja, en=programme.office.en),
                telephone=programme.telephone,
                time_zone=programme.time_zone,
                hours=tuple(
                    OpenBody(begins_at=opens, ends_at=closes)
                    for opens, closes in own_hours(programme, staff.name, begins_at, ends_at)
                ),
            )
            for programme in self.programmes.values()
        )
        windows = tuple(
            PlannedBody.model_validate(window, from_attributes=True)
            for window in await self.store.maintenance()
            if window.meets(now, now + _AHEAD)
        )
        return _answer(DeskBody(programmes=programmes, maintenance=windows), 200)


def _id(request: web.Request, part: str) -> str:
    text = request.match_info[part]
    if len(text) > _LONGEST_ID or not text.isascii() or not text.isprintable():
        raise Malformed("bad_field", f"{part}: not an id")
    return text


def _answer(body: BaseModel, status: int) -> web.Response:
    return web.Response(text=body.model_dump_json(), status=status, content_type="application/json")
