"""What the board needs besides the sessions.

Who somebody of the office is, a supporter's own way into a room, how the lines are, and what was noted about a seeker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict

from orchestrator.api.moments import Moment
from orchestrator.api.query import StaffOf, asker, may_read, session_id_of
from orchestrator.credentials import hash_secret, link_expires_at, new_secret
from orchestrator.errors import Malformed, NotFound, Refused
from orchestrator.host import Host
from orchestrator.policy.events import DataRead
from orchestrator.policy.model import SUPPORTER, PersonId, Role, SessionId
from orchestrator.ports import Link, PrivateField, Store, booked_field

log = structlog.get_logger()

PREFIX = "/api/v1"
_LONGEST_ID = 100


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
    staff_of: StaffOf
    link_url: Callable[[web.Request, str], str]
    """The invitation URL for a secret, as the asker reaches this server."""

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        return [
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
        link = Link(session.id, SUPPORTER, link_expires_at(session))
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
        await self.host.deliver(session.id, DataRead(staff.person))
        private = await self.store.private(session.seeker.person)
        body = SeekerBody(
            reference=private.get(booked_field(PrivateField.REFERENCE, session.id)),
            note=private.get(booked_field(PrivateField.NOTE, session.id)),
        )
        return _answer(body, 200)


def _id(request: web.Request, part: str) -> str:
    text = request.match_info[part]
    if len(text) > _LONGEST_ID or not text.isascii() or not text.isprintable():
        raise Malformed("bad_field", f"{part}: not an id")
    return text


def _answer(body: BaseModel, status: int) -> web.Response:
    return web.Response(text=body.model_dump_json(), status=status, content_type="application/json")
