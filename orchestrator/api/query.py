"""Reading what a request says: bodies, filters, and who may ask. Total: anything else is `Malformed` or `Refused`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from orchestrator.api.moments import is_in_calendar
from orchestrator.errors import Malformed, Refused
from orchestrator.policy.model import Phase, Role, Session, SessionId
from orchestrator.ports import Staff

LONGEST_RANGE = timedelta(days=62)
"""What one list may span: two months, a few thousand sessions."""

_LONGEST_ID = 100
_MENTIONED = 5
"""Mistakes of a body that are named at once."""

StaffOf = Callable[[str | None], Awaitable[Staff | None]]
"""Who an `Authorization` header names, or None."""

Body = TypeVar("Body", bound=BaseModel)
_DATED = re.compile(r"\d{4}-\d\d-\d\d")
"""pydantic would take a number for seconds since 1970 as well."""

_MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


async def body_of(request: web.Request, kind: type[Body]) -> Body:
    """The request's body as that type.

    Raises:
        Malformed: `not_json` or `bad_field`, with every field that is wrong.
    """
    try:
        text = await request.text()
    except (UnicodeDecodeError, LookupError):
        raise Malformed("not_json", "the body is not UTF-8") from None
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise _malformed(error) from None
    except ValueError:
        raise Malformed("not_json", "the body is not UTF-8") from None


def _malformed(error: ValidationError) -> Malformed:
    mistakes = error.errors(include_url=False, include_context=False, include_input=False)
    if mistakes[0]["type"] == "json_invalid":
        return Malformed("not_json", "the body is not a JSON text")
    named = [
        f"{'.'.join(str(part)[:50] for part in mistake['loc']) or 'body'}: {mistake['msg']}"
        for mistake in mistakes[:_MENTIONED]
    ]
    return Malformed("bad_field", "; ".join(named))


@dataclass(frozen=True, slots=True)
class Filter:
    """Which sessions are asked for."""

    begins_at: datetime
    ends_at: datetime
    phases: frozenset[Phase]
    """Empty: any."""


def filter_of(request: web.Request, now: datetime, zone: ZoneInfo) -> Filter:
    """The filters `from`, `to` and `phase`; without them, today in that zone.

    Raises:
        Malformed: `bad_field`.
    """
    known = {"from", "to", "phase"}
    unknown = sorted(set(request.query) - known)
    if unknown:
        raise Malformed("bad_field", f"filters are {', '.join(sorted(known))}")
    today = datetime.combine(now.astimezone(zone).date(), time(), zone)
    begins_at = _moment(request, "from") or today
    ends_at = _moment(request, "to") or begins_at + timedelta(days=1)
    if not begins_at < ends_at <= begins_at + LONGEST_RANGE:
        raise Malformed("bad_field", f"to: after from, at most {LONGEST_RANGE.days} days")
    try:
        phases = frozenset(Phase(phase) for phase in request.query.getall("phase", []))
    except ValueError:
        allowed = ", ".join(phase.value for phase in Phase)
        raise Malformed("bad_field", f"phase: one of {allowed}") from None
    return Filter(begins_at, ends_at, phases)


def _moment(request: web.Request, name: str) -> datetime | None:
    text = request.query.get(name)
    if text is None:
        return None
    if not _DATED.match(text):
        raise Malformed("bad_field", f"{name}: RFC 3339 with offset")
    try:
        # A + that was not written as %2B arrives as a space, and RFC 3339 has none.
        moment = _MOMENT.validate_strings(text.replace(" ", "+"), strict=True)
    except ValidationError:
        raise Malformed("bad_field", f"{name}: RFC 3339 with offset") from None
    if not is_in_calendar(moment):
        raise Malformed("bad_field", f"{name}: too far away")
    return moment


async def asker(request: web.Request, staff_of: StaffOf) -> Staff:
    """Who asks.

    Raises:
        Refused: `token_missing` or `token_unknown`.
    """
    header = request.headers.get("Authorization")
    if header is None:
        raise Refused("token_missing", "Authorization: Bearer <staff token> is needed")
    staff = await staff_of(header)
    if staff is None:
        raise Refused("token_unknown", "this token names nobody")
    return staff


async def scheduler(request: web.Request, staff_of: StaffOf) -> Staff:
    """Who asks, if it is a scheduler.

    Raises:
        Refused: `token_missing`, `token_unknown` or `not_allowed`.
    """
    staff = await asker(request, staff_of)
    if staff.role is not Role.SCHEDULER:
        raise Refused("not_allowed", "only schedulers may do this")
    return staff


def may_read(staff: Staff, session: Session) -> bool:
    """Schedulers see every session, supporters their own."""
    return staff.role is Role.SCHEDULER or staff.person == session.supporter.person


def session_id_of(request: web.Request) -> SessionId:
    """The session that the path names.

    Raises:
        Malformed: `bad_field`.
    """
    session = request.match_info["session"]
    if len(session) > _LONGEST_ID or not session.isascii() or not session.isprintable():
        raise Malformed("bad_field", "session: not an id")
    return SessionId(session)
