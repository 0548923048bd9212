"""A booking put right, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from pydantic import Field

from orchestrator.api.down import api_session
from orchestrator.api.query import StaffOf, body_of, scheduler, session_id_of
from orchestrator.api.up import Body, Name, Noted, Reference
from orchestrator.correcting import Correcting, Correction
from orchestrator.wish import BESIDE, REMOTE_COMPANIONS


class NewCorrection(Body):
    """How a booking should have been; what is absent stays."""

    seeker_name: Name | None = None
    companions: tuple[Name, ...] | None = Field(
        default=None,
        max_length=REMOTE_COMPANIONS,
        description="All of them, in the order of their seats",
    )
    companions_beside: tuple[Name, ...] | None = Field(
        default=None, max_length=BESIDE, description="All of them"
    )
    seeker_reference: Reference | None = None
    seeker_note: Noted | None = None


@dataclass(frozen=True, slots=True)
class CorrectingApi:
    """The handler, and what it needs."""

    correcting: Correcting
    staff_of: StaffOf

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        return [web.post("/api/v1/sessions/{session}/correct", self.correct)]

    async def correct(self, request: web.Request) -> web.Response:
        """Names and notes as they should have been."""
        staff = await scheduler(request, self.staff_of)
        body = await body_of(request, NewCorrection)
        correction = Correction(
            seeker_name=body.seeker_name,
            companions=body.companions,
            companions_beside=body.companions_beside,
            seeker_reference=body.seeker_reference,
            seeker_note=body.seeker_note,
        )
        after = await self.correcting.correct(session_id_of(request), correction, staff.person)
        answer = api_session(after, staff.role)
        return web.Response(text=answer.model_dump_json(), content_type="application/json")
