"""One day of the office over HTTP: its sessions as the board shows them, and what became of them in numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from orchestrator.api.days import bounds_of, frame_of
from orchestrator.api.query import StaffOf, scheduler
from orchestrator.errors import Malformed
from orchestrator.policy.daybook import Daybook
from orchestrator.policy.model import Cause, Outcome
from orchestrator.policy.programme import Programme
from orchestrator.ports import Clock, Store
from signaling.views.board import board_row

FARTHEST = timedelta(days=3_660)
"""Ten years in either direction: what lies beyond is a typing mistake."""

_SLICE = 50
"""Sessions read and written at once: a few milliseconds of the loop."""


class OutcomeCount(BaseModel):
    """How many sessions came out so."""

    model_config = ConfigDict(frozen=True)

    outcome: Outcome
    cause: Cause | None
    count: int


class NumbersBody(BaseModel):
    """A day in numbers."""

    model_config = ConfigDict(frozen=True)

    sessions: int
    running: int = Field(description="Not over yet")
    outcomes: tuple[OutcomeCount, ...] = Field(description="Of those that are over")
    late_starts: int = Field(description="Past the tolerance, and not through the seeker (IX 6-7)")
    live_minutes: int = Field(description="For how long people talked, in all")


@dataclass(frozen=True, slots=True)
class DaysApi:
    """The handler, and what it needs."""

    store: Store
    clock: Clock
    staff_of: StaffOf
    zone: ZoneInfo
    programmes: Collection[Programme]

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        return [web.get("/api/v1/days/{day}", self.read)]

    async def read(self, request: web.Request) -> web.Response:
        """A day with its sessions, past or to come."""
        await scheduler(request, self.staff_of)
        day = self._day(request.match_info["day"])
        begins_at, ends_at = bounds_of(day, self.zone)
        ids = await self.store.between(begins_at, ends_at)
        book, rows = Daybook(), list[str]()
        for begin in range(0, len(ids), _SLICE):
            found = [
                each.session for each in await self.store.load_many(ids[begin : begin + _SLICE])
            ]
            book.add(found)
            rows += [board_row(session).model_dump_json() for session in found]
            await asyncio.sleep(0)  # thousands of rows must not hold the loop
        frame = frame_of(day, self.zone, self.programmes).model_dump_json()
        text = (
            f'{{"day":{frame},"numbers":{numbers_of(book).model_dump_json()},'
            f'"sessions":[{",".join(rows)}]}}'
        )
        return web.Response(text=text, content_type="application/json")

    def _day(self, text: str) -> date:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = None
        today = self.clock.now().astimezone(self.zone).date()
        # Python reads weeks, too.
        if day is None or day.isoformat() != text or abs(day - today) > FARTHEST:
            raise Malformed("bad_field", "day: YYYY-MM-DD, at most ten years from now")
        return day


def numbers_of(book: Daybook) -> NumbersBody:
    """The numbers as they are shown."""
    counts = sorted(book.outcomes.items(), key=lambda each: (each[0][0], each[0][1] or ""))
    return NumbersBody(
        sessions=book.sessions,
        running=book.running,
        outcomes=tuple(
            OutcomeCount(outcome=outcome, cause=cause, count=count)
            for (outcome, cause), count in counts
        ),
        late_starts=book.late_starts,
        live_minutes=round(book.live.total_seconds() / 60),
    )
