"""The supporter's seat in other hands, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from aiohttp import web
from pydantic import Field, model_validator

from orchestrator.api.down import BookedBody, api_booked
from orchestrator.api.office import Note
from orchestrator.api.query import StaffOf, body_of, scheduler, session_id_of
from orchestrator.api.up import Body, Name, PersonName
from orchestrator.policy.model import SUPPORTER, PersonId
from orchestrator.reassigning import Reassigning


class NewSupporter(Body):
    """Who holds the session from now on, and why."""

    supporter: Name | None = Field(default=None, description="Name, as given to `staff add`")
    person: PersonName | None = Field(default=None, description="Or the person id")
    reason: Note = Field(description="Kept among the notes, for schedulers alone")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.supporter is None) == (self.person is None):
            raise ValueError("one of supporter and person")
        return self


@dataclass(frozen=True, slots=True)
class ReassigningApi:
    """The handler, and what it needs."""

    reassigning: Reassigning
    staff_of: StaffOf
    link_url: Callable[[web.Request, str], str]
    """The invitation URL for a secret, as the asker reaches this server."""

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        return [web.post("/api/v1/sessions/{session}/reassign", self.reassign)]

    async def reassign(self, request: web.Request) -> web.Response:
        """Another supporter holds the session."""
        staff = await scheduler(request, self.staff_of)
        body = await body_of(request, NewSupporter)
        handed = await self.reassigning.hand_over(
            session_id_of(request),
            staff.person,
            body.reason,
            name=body.supporter,
            person=PersonId(body.person) if body.person is not None else None,
        )
        links = {str(SUPPORTER): self.link_url(request, handed.secret)}
        answer: BookedBody = api_booked(handed.session, links, ())
        return web.Response(text=answer.model_dump_json(), content_type="application/json")
