"""What forms about bookings need: what can be booked here, with whom, and whether a visitor is written to.

What is offered is a convenience: whatever is asked for is checked again when it is booked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from orchestrator.addresses import read_mail_address
from orchestrator.api.query import StaffOf, scheduler, session_id_of
from orchestrator.errors import NotFound
from orchestrator.policy.model import Role
from orchestrator.ports import PrivateField, Store

if TYPE_CHECKING:  # it is a model as well, but none of this API
    from orchestrator.policy.programme import Programme

PATH = "/api/v1/booking"
MAIL_PATH = "/api/v1/sessions/{session}/mail"

_MOST_PEOPLE = 2_000
"""Of an office, in one list."""

_MINUTE = timedelta(minutes=1)


class ProgrammeTitle(BaseModel):
    """What a service or its office is called, in both languages."""

    model_config = ConfigDict(frozen=True)

    ja: str
    en: str


class HoursBody(BaseModel):
    """Hours of some weekdays in which a whole slot must lie; wall clock of the programme."""

    model_config = ConfigDict(frozen=True)

    days: tuple[str, ...]
    opens: str
    closes: str


class BookableBody(BaseModel):
    """A programme, as far as who books has to know it."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: ProgrammeTitle
    office: ProgrammeTitle
    """Who holds it: two services may be called alike."""
    length_minutes: tuple[int, ...]
    """The default one first; those of whole minutes, which alone can be asked for by `length_minutes`."""
    time_zone: str
    windows: tuple[HoursBody, ...]
    booked_by: Literal["day_before", "any"]
    companions: int
    observer: bool


class ColleagueBody(BaseModel):
    """Somebody of the office."""

    model_config = ConfigDict(frozen=True)

    person: str
    name: str
    display_name: str
    role: Role


class BookingBody(BaseModel):
    """What can be booked, and with whom."""

    model_config = ConfigDict(frozen=True)

    programmes: tuple[BookableBody, ...]
    staff: tuple[ColleagueBody, ...]
    sends_mail: bool
    """Whether this server writes to people whose address it has."""


class MailedBody(BaseModel):
    """Who of a session is written to."""

    model_config = ConfigDict(frozen=True)

    seeker: bool
    """This server sends messages, and has an address of the seeker; the address is not told."""


@dataclass(frozen=True, slots=True)
class BookingApi:
    """The handlers, and what they need."""

    store: Store
    programmes: Mapping[str, Programme]
    staff_of: StaffOf
    sends_mail: bool

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        return [web.get(PATH, self.read), web.get(MAIL_PATH, self.read_mailed)]

    async def read(self, request: web.Request) -> web.Response:
        """The programmes of this server, and everybody of the office by display name."""
        await scheduler(request, self.staff_of)
        people = sorted(await self.store.staff(), key=lambda one: (one.display_name, one.name))
        body = BookingBody(
            programmes=tuple(_bookable(each) for each in self.programmes.values()),
            staff=tuple(
                ColleagueBody(
                    person=one.person,
                    name=one.name,
                    display_name=one.display_name,
                    role=one.role,
                )
                for one in people[:_MOST_PEOPLE]
            ),
            sends_mail=self.sends_mail,
        )
        return web.Response(text=body.model_dump_json(), content_type="application/json")

    async def read_mailed(self, request: web.Request) -> web.Response:
        """Whether the seeker is written to of what is done: who is not has to be called."""
        await scheduler(request, self.staff_of)
        stored = await self.store.load(session_id_of(request))
        if stored is None:
            raise NotFound("session_unknown")
        private = await self.store.private(stored.session.seeker.person)
        body = MailedBody(seeker=self.sends_mail and _is_address(private.get(PrivateField.MAIL)))
        return web.Response(text=body.model_dump_json(), content_type="application/json")


def _is_address(text: str | None) -> bool:
    """As the letters are addressed: what cannot be read gets none."""
    try:
        return bool(text and read_mail_address(text))
    except ValueError:
        return False


def _bookable(programme: Programme) -> BookableBody:
    default = programme.default_length
    lengths = (default, *(each for each in programme.lengths if each != default))
    return BookableBody(
        name=programme.name,
        title=ProgrammeTitle(ja=programme.title.ja, en=programme.title.en),
        office=ProgrammeTitle(ja=programme.office.ja, en=programme.office.en),
        length_minutes=tuple(each // _MINUTE for each in lengths if not each % _MINUTE),
        time_zone=programme.time_zone,
        windows=tuple(
            HoursBody(days=each.days, opens=_clock(each.from_), closes=_clock(each.to))
            for each in programme.windows
        ),
        booked_by=programme.booked_by,
        companions=programme.companions,
        observer=programme.observer,
    )


def _clock(since_midnight: timedelta) -> str:
    hours, minutes = divmod(since_midnight // _MINUTE, 60)
    return f"{hours:02}:{minutes:02}"
