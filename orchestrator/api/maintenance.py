"""Planned maintenance over HTTP: `/api/v1/maintenance`. For schedulers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from orchestrator.api.moments import Moment
from orchestrator.api.query import StaffOf, body_of, scheduler
from orchestrator.api.up import GivenMoment
from orchestrator.maintenance import Maintenance
from orchestrator.policy.writing import legible
from orchestrator.ports import Clock, MaintenanceWindow

PREFIX = "/api/v1/maintenance"

Reason = Annotated[str, AfterValidator(legible), StringConstraints(min_length=1, max_length=200)]


class NewMaintenance(BaseModel):
    """A time in which the service will not run (IX 11-1, GOALOUS 10)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    begins_at: GivenMoment = Field(description="RFC 3339 with offset; one that has passed: now")
    ends_at: GivenMoment = Field(description="RFC 3339 with offset")
    reason: Reason = Field(description="A line about the machines, and nobody's person")


class WindowState(StrEnum):
    """Where a window is."""

    COMING = "coming"
    RUNNING = "running"
    OVER = "over"
    CALLED_OFF = "called_off"


class WindowBody(BaseModel):
    """A window of maintenance."""

    model_config = ConfigDict(frozen=True)

    id: str
    state: WindowState
    begins_at: Moment
    ends_at: Moment
    reason: str
    planned_at: Moment
    planned_by: str
    called_off_at: Moment | None
    called_off_by: str | None


class WindowsBody(BaseModel):
    """All windows, by their beginning."""

    model_config = ConfigDict(frozen=True)

    windows: tuple[WindowBody, ...]


@dataclass(frozen=True, slots=True)
class MaintenanceApi:
    """The handlers, and what they need."""

    maintenance: Maintenance
    clock: Clock
    staff_of: StaffOf

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        return [
            web.get(PREFIX, self.search),
            web.post(PREFIX, self.plan),
            web.delete(PREFIX + "/{window}", self.call_off),
        ]

    async def search(self, request: web.Request) -> web.Response:
        """All windows."""
        await scheduler(request, self.staff_of)
        now = self.clock.now()
        windows = tuple(_body(window, now) for window in await self.maintenance.windows())
        return _answer(WindowsBody(windows=windows))

    async def plan(self, request: web.Request) -> web.Response:
        """Plan a window; what is booked into it is cancelled, or will end when it begins."""
        staff = await scheduler(request, self.staff_of)
        body = await body_of(request, NewMaintenance)
        window = await self.maintenance.plan(
            body.begins_at, body.ends_at, body.reason, staff.person
        )
        return _answer(_body(window, self.clock.now()), 201)

    async def call_off(self, request: web.Request) -> web.Response:
        """Call a window off."""
        staff = await scheduler(request, self.staff_of)
        window = await self.maintenance.call_off(request.match_info["window"], staff.person)
        return _answer(_body(window, self.clock.now()))


def _body(window: MaintenanceWindow, now: datetime) -> WindowBody:
    return WindowBody(
        id=window.id,
        state=_state(window, now),
        begins_at=window.begins_at,
        ends_at=window.ends_at,
        reason=window.reason,
        planned_at=window.planned_at,
        planned_by=window.planned_by,
        called_off_at=window.called_off_at,
        called_off_by=window.called_off_by,
    )


def _state(window: MaintenanceWindow, now: datetime) -> WindowState:
    if window.called_off_at is not None:
        return WindowState.CALLED_OFF
    if now < window.begins_at:
        return WindowState.COMING
    return WindowState.RUNNING if now < window.ends_at else WindowState.OVER


def _answer(body: BaseModel, status: int = 200) -> web.Response:
    return web.Response(text=body.model_dump_json(), status=status, content_type="application/json")
