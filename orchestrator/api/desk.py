"""What the board needs besides the sessions: who somebody of the office is, and a supporter's own way into a room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict

from orchestrator.api.query import StaffOf, asker
from orchestrator.credentials import hash_secret, link_expires_at, new_secret
from orchestrator.errors import Malformed, NotFound, Refused
from orchestrator.policy.model import SUPPORTER, PersonId, Role, SessionId
from orchestrator.ports import Link, Sessions, Store

log = structlog.get_logger()

PREFIX = "/api/v1"
_LONGEST_ID = 100


class StaffBody(BaseModel):
    """Somebody of the office."""

    model_config = ConfigDict(frozen=True)

    person: str
    display_name: str
    role: Role


class RoomBody(BaseModel):
    """The way into the room for one seat."""

    model_config = ConfigDict(frozen=True)

    seat: str
    url: str


@dataclass(frozen=True, slots=True)
class DeskApi:
    """The handlers, and what they need."""

    store: Store
    sessions: Sessions
    staff_of: StaffOf
    link_url: Callable[[web.Request, str], str]
    """The invitation URL for a secret, as the asker reaches this server."""

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        return [
            web.get(PREFIX + "/staff/{person}", self.read_staff),
            web.post(PREFIX + "/sessions/{session}/room", self.open_room),
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
        session = await self.sessions.view(SessionId(_id(request, "session")))
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


def _id(request: web.Request, part: str) -> str:
    text = request.match_info[part]
    if len(text) > _LONGEST_ID or not text.isascii() or not text.isprintable():
        raise Malformed("bad_field", f"{part}: not an id")
    return text


def _answer(body: BaseModel, status: int) -> web.Response:
    return web.Response(text=body.model_dump_json(), status=status, content_type="application/json")
