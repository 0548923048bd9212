"""The sessions over HTTP: `/api/v1/sessions` and what is below it.

Schedulers may do everything; supporters may read their own sessions. Handlers raise errors of ours; who serves them
turns those into statuses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel

from orchestrator.api.down import (
    EventsBody,
    LinkBody,
    RevokedBody,
    SessionsBody,
    api_booked,
    api_event,
    api_session,
)
from orchestrator.api.query import (
    StaffOf,
    asker,
    body_of,
    filter_of,
    may_read,
    scheduler,
    session_id_of,
)
from orchestrator.api.up import Cancellation, ClaimAnswer, NewNotice, NewSession
from orchestrator.bookings import LONGEST_KEY, Bookings
from orchestrator.errors import Malformed, NotFound, Refused
from orchestrator.host import Host
from orchestrator.policy.events import ClaimAnswered, LinkRevoked
from orchestrator.policy.model import (
    SUPPORTER,
    Cause,
    Record,
    Role,
    SeatId,
    Session,
    SessionId,
)
from orchestrator.policy.stops import was_stopped_by_other
from orchestrator.ports import Clock, Staff, Store

PREFIX = "/api/v1/sessions"
_SLICE = 100

_OF_THE_OFFICE = ("incident.", "task.", "verdict.overruled")
_OTHER_DATE = "reschedule."
"""Lines of history that are for schedulers alone: they are about people's standing."""

_STANDING = frozenset({"quota", "strike"})
"""What concerns the seeker's standing, which is no supporter's."""

_WHY = frozenset({"reason", "cause", "confidence"})
"""What the supporter is not told of a stop by somebody else."""


@dataclass(frozen=True, slots=True)
class SessionsApi:
    """The handlers, and what they need."""

    host: Host
    bookings: Bookings
    store: Store
    clock: Clock
    staff_of: StaffOf
    link_url: Callable[[web.Request, str], str]
    """The invitation URL for a secret, as the asker reaches this server."""
    on_revoked: Callable[[SessionId, SeatId], None]
    """Called when the links of a seat are void: who came with them is sent away."""
    zone: ZoneInfo

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        one = PREFIX + "/{session}"
        return [
            web.post(PREFIX, self.create),
            web.get(PREFIX, self.search),
            web.get(one, self.read),
            web.get(one + "/events", self.events),
            web.post(one + "/cancel", self.cancel),
            web.post(one + "/notices", self.give_notice),
            web.post(one + "/links/{seat}", self.renew_link),
            web.delete(one + "/links/{seat}", self.revoke_links),
            web.post(one + "/claims/{seat}", self.answer_claim),
        ]

    async def create(self, request: web.Request) -> web.Response:
        """Book a session."""
        staff = await scheduler(request, self.staff_of)
        body = await body_of(request, NewSession)
        booked = await self.bookings.create(body.wish(), staff.person, _key(request))
        links: dict[str, str] = {
            seat: self.link_url(request, secret) for seat, secret in booked.links.items()
        }
        status = 200 if booked.is_repeated else 201
        answer = _answer(api_booked(booked.session, links, tuple(booked.notes)), status)
        answer.headers["Location"] = f"{PREFIX}/{booked.session.id}"
        return answer

    async def search(self, request: web.Request) -> web.Response:
        """The sessions that start in a time, of all phases or some."""
        staff = await asker(request, self.staff_of)
        wanted = filter_of(request, self.clock.now(), self.zone)
        ids = await self.store.between(wanted.begins_at, wanted.ends_at)
        found: list[Session] = []
        for begin in range(0, len(ids), _SLICE):
            stored = await self.store.load_many(ids[begin : begin + _SLICE])
            found += [each.session for each in stored]
        return _answer(
            SessionsBody(
                sessions=tuple(
                    api_session(session, staff.role)
                    for session in found
                    if may_read(staff, session)
                    and (not wanted.phases or session.phase in wanted.phases)
                )
            )
        )

    async def read(self, request: web.Request) -> web.Response:
        """One session."""
        staff, session = await self._readable(request)
        return _answer(api_session(session, staff.role))

    async def events(self, request: web.Request) -> web.Response:
        """A session's history."""
        staff, session = await self._readable(request)
        return _answer(
            EventsBody(
                events=tuple(
                    api_event(version, shown)
                    for version, record in await self.store.events(session.id)
                    if (shown := _shown(record, session, staff)) is not None
                )
            )
        )

    async def cancel(self, request: web.Request) -> web.Response:
        """Cancel on somebody's behalf."""
        staff = await scheduler(request, self.staff_of)
        body = await body_of(request, Cancellation)
        cancelled = await self.bookings.cancel(
            session_id_of(request), Cause(body.by), staff.person, body.channel
        )
        return _answer(api_session(cancelled))

    async def give_notice(self, request: web.Request) -> web.Response:
        """Note that somebody will be late."""
        staff = await scheduler(request, self.staff_of)
        body = await body_of(request, NewNotice)
        noted = await self.bookings.give_notice(
            session_id_of(request), SeatId(body.about), staff.person, body.until, body.channel
        )
        return _answer(api_session(noted))

    async def renew_link(self, request: web.Request) -> web.Response:
        """Make a new link for a seat; the older ones are void."""
        await scheduler(request, self.staff_of)
        session, seat = await self._seat(request)
        secret = await self.bookings.renew_link(session.id, seat)
        return _answer(LinkBody(seat=seat, url=self.link_url(request, secret)), 201)

    async def revoke_links(self, request: web.Request) -> web.Response:
        """Make all links of a seat void, and send away who came with them."""
        await scheduler(request, self.staff_of)
        session, seat = await self._seat(request)
        revoked = await self.store.revoke_links(session.id, seat, self.clock.now())
        if not session.is_over:
            await self.host.deliver(session.id, LinkRevoked(seat))
        self.on_revoked(session.id, seat)
        return _answer(RevokedBody(seat=seat, revoked=revoked))

    async def answer_claim(self, request: web.Request) -> web.Response:
        """Say whether another device may have a seat."""
        await scheduler(request, self.staff_of)
        body = await body_of(request, ClaimAnswer)
        session, seat = await self._seat(request)
        claimed = session.seat(seat)
        if claimed is None or claimed.claim is None:
            raise Refused("nothing_asked", "no other device asks for this seat")
        if not claimed.claim.escalated:
            raise Refused("too_early", "the seat's first device is asked first, for ten seconds")
        answered = await self.host.deliver(session.id, ClaimAnswered(seat, body.agrees))
        return _answer(api_session(answered))

    async def _readable(self, request: web.Request) -> tuple[Staff, Session]:
        staff = await asker(request, self.staff_of)
        session = await self.host.view(session_id_of(request))
        if not may_read(staff, session):
            raise NotFound("session_unknown")
        return staff, session

    async def _seat(self, request: web.Request) -> tuple[Session, SeatId]:
        session = await self.host.view(session_id_of(request))
        seat = SeatId(request.match_info["seat"])
        if session.seat(seat) is None:
            raise NotFound("seat_unknown", "the session has no such seat")
        return session, seat


def _key(request: web.Request) -> str | None:
    """The idempotency key, if there is one."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (
        0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()
    ):
        raise Malformed("bad_field", f"Idempotency-Key: 1 to {LONGEST_KEY} printable characters")
    return key


def _shown(record: Record, session: Session, staff: Staff) -> Record | None:
    """A line of history as this person may read it; None: not at all."""
    if staff.role is Role.SCHEDULER:
        return record
    if record.name.startswith(_OF_THE_OFFICE):
        return None
    is_accused = was_stopped_by_other(session, SUPPORTER)
    if is_accused and record.name.startswith(_OTHER_DATE):
        return None  # it would tell whose fault the stop was
    hidden = _STANDING | _WHY if is_accused else _STANDING
    return replace(record, data={k: v for k, v in record.data.items() if k not in hidden})


def _answer(body: BaseModel, status: int = 200) -> web.Response:
    return web.Response(text=body.model_dump_json(), status=status, content_type="application/json")
