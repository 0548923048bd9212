"""When supporters can be had, as their programme's file says: the first adapter of the port, calendars come later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from orchestrator.policy.model import PersonId
from orchestrator.policy.programme import Programme
from orchestrator.policy.slots import hours_of
from orchestrator.ports import Store


class WeeklyAvailability:
    """The plain weekly hours of `[[availability]]`; implements `ports.Availability`.

    Args:
        store: knows the names of the staff.
        programmes: by name.
    """

    def __init__(self, store: Store, programmes: Mapping[str, Programme]) -> None:
        self._store = store
        self._programmes = programmes

    async def of(
        self, programme: str, person: PersonId, begins_at: datetime, ends_at: datetime
    ) -> list[tuple[datetime, datetime]] | None:
        """See `ports.Availability`."""
        known = self._programmes.get(programme)
        staff = await self._store.staff_by_person(person)
        if known is None or staff is None:
            return None
        return hours_of(known, staff.name, begins_at, ends_at)
