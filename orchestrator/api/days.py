"""A day of the office: from midnight to midnight in its zone, and when somebody is received on it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.api.moments import Moment
from orchestrator.policy.programme import Programme
from orchestrator.policy.slots import open_hours


class OpenBody(BaseModel):
    """A stretch in which somebody is received."""

    model_config = ConfigDict(frozen=True)

    begins_at: Moment
    ends_at: Moment


class DayFrame(BaseModel):
    """A day, without its sessions."""

    model_config = ConfigDict(frozen=True)

    date: str = Field(description="YYYY-MM-DD in that zone")
    time_zone: str = Field(description="In which the office means its days; an IANA name")
    begins_at: Moment
    ends_at: Moment = Field(description="The next midnight, 23 to 25 hours later")
    open: tuple[OpenBody, ...] = Field(description="When any programme receives people")


def bounds_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """A local day from its midnight to the next, which may be 23 or 25 hours later."""
    begins_at = datetime.combine(day, time(), zone)
    return begins_at, datetime.combine(day + timedelta(days=1), time(), zone)


def frame_of(day: date, zone: ZoneInfo, programmes: Iterable[Programme]) -> DayFrame:
    """The day as boards show it.

    Args:
        day: local.
        zone: the office's.
        programmes: all that it has; each means its windows in its own zone.
    """
    begins_at, ends_at = bounds_of(day, zone)
    return DayFrame(
        date=day.isoformat(),
        time_zone=zone.key,
        begins_at=begins_at,
        ends_at=ends_at,
        open=tuple(
            OpenBody(begins_at=opens, ends_at=closes)
            for opens, closes in open_hours(programmes, begins_at, ends_at)
        ),
    )
