"""A person of a session at a connection: greets, and shows what was committed.

What the page sends is taken in `receiving`; what it asks for that takes time is carried out in `requests`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import structlog

from orchestrator.errors import Conflict, Refused, Unavailable
from orchestrator.policy.events import Connected, Disconnected, TurnedAway
from orchestrator.policy.model import (
    ConnectionId,
    DeviceId,
    Medium,
    PersonId,
    Role,
    SeatId,
    Session,
    SessionId,
)
from orchestrator.ports import OfferMade, ProbeOffered
from signaling.auth import check_ended
from signaling.connection import Connection
from signaling.counter import Counter
from signaling.desk import AroundView, around_of
from signaling.ends import Close, close_code
from signaling.place import Place
from signaling.precall import Precall
from signaling.protocol import down, up
from signaling.receiving import Receiver
from signaling.requests import Requests
from signaling.views.programme import programme_view
from signaling.views.seats import CheckedView
from signaling.views.session import SessionView, session_view

_log = structlog.get_logger(__name__)

_OF_THE_OFFICE = frozenset({Role.SUPPORTER, Role.SCHEDULER})


class Participant:
    """The guest behind an invitation link.

    Args:
        counter: what it is served from.
        connection: carries it.
        session_id: of the link.
        seat_id: of the link.
        device: of the cookie.
        can_encrypt: what the page says of itself.
        person: whom the link was made for; None: whoever holds the seat.
    """

    def __init__(
        self,
        counter: Counter,
        connection: Connection,
        session_id: SessionId,
        seat_id: SeatId,
        device: DeviceId,
        *,
        can_encrypt: bool,
        person: PersonId | None = None,
    ) -> None:
        self._counter = counter
        self._connection = connection
        self.session_id = session_id
        self.seat_id = seat_id
        self._device = device
        self._person = person
        self._can_encrypt = can_encrypt
        self._is_welcome = False
        self._was_over_before = False
        self._refusal: Refused | None = None
        self._around = AroundView()
        self._around_of: PersonId | None = None
        self._place = Place(session_id, seat_id, connection.id)
        self._precall = Precall(
            counter.host, counter.limits, counter.clock.monotonic(), connection.id
        )
        self._requests = Requests(counter, connection, self._place)
        self._receiver = Receiver(
            counter, connection, self._place, self._precall, self._requests, self
        )
        self._log = _log.bind(connection=connection.id, session=session_id, seat=seat_id)

    @property
    def connection_id(self) -> ConnectionId:
        """Of the connection that carries it."""
        return self._connection.id

    @property
    def media_state(self) -> down.MediaStateOf | None:
        """What the page said of its microphone and camera, while it holds the seat."""
        return self._receiver.media_state if self._place.is_held else None

    @property
    def encryption(self) -> down.Encryption | None:
        """Whether the page can encrypt from end to end, while it holds the seat."""
        if not self._place.is_held:
            return None
        return down.Encryption(seat=self.seat_id, is_able=self._can_encrypt)

    @property
    def checked(self) -> CheckedView | None:
        """What the page's pre-call check found, while it holds the seat."""
        return self._precall.found if self._place.is_held else None

    # ---- greeting ----------------------------------------------------------------------------

    async def greet(self, media_epoch: int) -> None:
        """Take the seat, or ask for it, and open the connection with a welcome.

        Raises:
            Refused: `encryption_required`, or with the code of the policy or of `check_ended`.
            Conflict: another node runs the session.
            Unavailable: the store does not answer, or the seat's pages come too often.
        """
        before = await self._counter.host.view(self.session_id)
        seat = before.seat(self.seat_id)
        if seat is None:
            raise Refused("link_unknown")
        if self._person not in {None, seat.person}:
            raise Refused("link_revoked")
        self._check_in(seat.device)
        if before.is_over:
            self._greet_after_the_end(before)
            return
        if self._lacks_encryption(before):
            # Before it takes the seat: another browser of the same person must find it free.
            self._counter.host.post(self.session_id, TurnedAway(self.seat_id))
            raise Refused("encryption_required")
        self._counter.audience.add(self)
        try:
            await self._take_seat(media_epoch)
        except BaseException as error:
            self._counter.audience.remove(self)
            if not isinstance(error, Conflict):
                self._post_disconnected(page_closed=False)
            raise
        is_new = seat.device is None
        self._log.info("participant.arrived", device="new" if is_new else "known")
        self._welcome("new" if is_new else "bound")

    def _check_in(self, device: DeviceId | None) -> None:
        is_own, now_s = self._device == device, self._counter.clock.monotonic()
        if not self._counter.arrivals.take(
            self.session_id, self.seat_id, is_own_device=is_own, now_s=now_s
        ):
            raise Unavailable("node", "this seat is opened too often")

    def _lacks_encryption(self, session: Session) -> bool:
        """The programme wants encryption from end to end, and the page cannot; the telephone is another matter."""
        programme = self._counter.programmes.get(session.rules.programme)
        # For who only looks on, nobody's call goes without encryption: then it is required of them too.
        seat = session.seat(self.seat_id)
        wishes = {"required", "preferred"} if seat and seat.only_receives else {"required"}
        is_wanted = programme is not None and programme.e2ee in wishes
        return is_wanted and not self._can_encrypt and session.medium is not Medium.PHONE

    async def _take_seat(self, media_epoch: int) -> None:
        connected = Connected(
            self.seat_id, self.connection_id, self._device, media_epoch, self._person
        )
        self._note(await self._counter.host.deliver(self.session_id, connected))
        if self._refusal is None:
            return
        if self._refusal.code == "session_over" and self._place.session is not None:
            code = check_ended(self._place.session, self.seat_id, self._device)
            if code is None:
                return
        raise self._refusal

    def _greet_after_the_end(self, session: Session) -> None:
        code = check_ended(session, self.seat_id, self._device)
        if code is not None:
            raise Refused(code)
        self._was_over_before = self._place.was_seated = True
        self._note(session)
        self._counter.audience.add(self)
        self._log.info("participant.returned")
        self._welcome("bound")

    def _welcome(self, device: Literal["bound", "new"]) -> None:
        session = self._place.session
        assert session is not None, "greet has noted the session"
        self._is_welcome = True
        self._connection.welcome(self._welcome_message(session, device))
        self._counter.audience.catch_up(self)
        self._look_around(session)

    def _welcome_message(self, session: Session, device: Literal["bound", "new"]) -> down.Welcome:
        seat = session.seat(self.seat_id)
        assert seat is not None, "greet has looked"
        now = self._counter.clock.now()
        is_seated = self._place.was_seated or session.is_over
        return down.Welcome(
            server_time=now,
            you=down.You(
                connection=self.connection_id,
                seat=seat.id if is_seated else None,
                role=seat.role,
                display_name=seat.display_name,
                device=device if is_seated else "asked",
            ),
            programme=programme_view(
                session, self._counter.programmes.get(session.rules.programme)
            ),
            session=self._view(session, now),
            ice_servers=self._counter.turn.servers(now, session.ends_at) if is_seated else (),
        )

    def _view(self, session: Session, now: datetime) -> SessionView:
        checks = self._counter.audience.checks(session.id)
        return session_view(session, self.seat_id if self._place.was_seated else None, now, checks)

    # ---- down --------------------------------------------------------------------------------

    def show(self, session: Session) -> None:
        """Show a new state; an older one than was shown is of no interest."""
        if not self._place.is_news(session):
            return
        was_seated = self._place.was_seated
        self._note(session)
        if not self._is_welcome:
            return
        if self._place.was_seated and not was_seated:
            # Somebody said yes to this device: it is told so as if it had come right now.
            self._connection.tell(self._welcome_message(session, "bound"))
            self._counter.audience.catch_up(self)
            self._around_of = None
        self._look_around(session)
        self._connection.tell_latest("session", self._state)

    def _look_around(self, session: Session) -> None:
        """Another supporter has other sessions; after the end they are of interest to the supporter alone."""
        if session.is_over and self._place.role is not Role.SUPPORTER:
            self._counter.around.remove(self)
        elif self._around_of != session.supporter.person:
            self._around_of = session.supporter.person
            self._counter.around.add(self, session.supporter.person)

    def surround(self, sessions: Sequence[Session]) -> None:
        """Tell of the supporter's other sessions, once each time that something of it is new."""
        session = self._place.session
        if session is None or not (self._place.is_held or session.is_over):
            return
        around = around_of(session, self._place.role, sessions)
        if around != self._around:
            self._around = around
            message = down.AroundMe(is_engaged=around.is_engaged, after=around.after)
            self._connection.tell_latest("around", lambda: message)

    def _note(self, session: Session) -> None:
        self._place.note(session)
        if not self._place.may_probe:
            self._precall.end()

    def _state(self) -> down.State:
        assert self._place.session is not None, "a state is told after it was noted"
        return down.State(session=self._view(self._place.session, self._counter.clock.now()))

    def offer(self, offer: OfferMade) -> None:
        """Pass an offer on, with credentials that are new, however old the welcome's are."""
        assert self._place.session is not None, "greet has noted the session"
        if self._lacks_encryption(self._place.session):
            self._connection.refuse("encryption_required")  # came for the telephone
            return
        servers = self._counter.turn.servers(self._counter.clock.now(), self._place.session.ends_at)
        self._connection.tell(
            down.Offer(media_epoch=offer.media_epoch, sdp=offer.sdp, ice_servers=servers)
        )

    def show_again(self) -> None:
        """Show the state as it was, with what is known of the people beside it: to the office, and to nobody else."""
        if self._is_welcome and self._place.role in _OF_THE_OFFICE:
            self._connection.tell_latest("session", self._state)

    def offer_probe(self, offer: ProbeOffered) -> None:
        """Pass an offer on that measures the line; one that comes too late is dropped."""
        if self._place.session is not None and self._place.may_probe:
            servers = self._counter.turn.servers(
                self._counter.clock.now(), self._place.session.ends_at
            )
            self._connection.tell(down.ProbeOffer(sdp=offer.sdp, ice_servers=servers))

    def tell(self, message: down.TimeIsUp | down.TimeLeft) -> None:
        """Pass a message on."""
        self._connection.tell(message)

    def read(self, line: down.ChatLine) -> bool:
        """Show a line that somebody wrote; False: nobody is there in the lobby or in who could read it."""
        if not (self._is_welcome and self._place.is_talking):
            return False
        self._connection.tell(line)
        return True

    def hear_of(self, state: down.MediaStateOf | down.Encryption) -> None:
        """Tell of somebody else's page; a device that only asks for the seat hears nothing."""
        if self._is_welcome and self._place.is_held:
            self._connection.tell_latest(f"{state.type}:{state.seat}", lambda: state)

    def take_key(self, key: down.KeyOf) -> None:
        """Pass a step of the agreement on keys on to a page that is in."""
        if self._is_welcome and self._place.is_in:
            self._connection.tell(key)

    def refused(self, code: str, closes: bool) -> None:
        """The policy refused something; before the welcome that decides the greeting."""
        error = Refused(code)
        if not self._is_welcome and closes:
            self._refusal = error
        else:
            self._connection.refuse(code, close_code(error) if closes else None)

    def close(self, code: Close) -> None:
        """End the connection from our side."""
        self._connection.close(code)

    # ---- up ----------------------------------------------------------------------------------

    def receive(self, message: up.Up) -> None:
        """Take a message of the page."""
        self._receiver.receive(message)

    async def serve(self) -> None:
        """Carry out what the page asks for, and close the connection long after the session's end."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._requests.carry_out())
            await self._place.ended.heard()
            group.create_task(self._requests.ask())
            await asyncio.sleep(self._counter.limits.ended_idle_s)
            self._connection.close(Close.OVER)

    # ---- leaving -----------------------------------------------------------------------------

    def goodbye(self) -> None:
        """The page said that it goes away."""
        self._connection.close(Close.OVER, page_closed=True)

    def leave(self, page_closed: bool) -> None:
        """The connection is over."""
        self._counter.audience.remove(self)
        self._counter.around.remove(self)
        self._precall.end()
        if self._precall.found is not None:
            self._counter.audience.share_check(self.session_id)
        if not self._connection.is_our_doing:
            self._post_disconnected(page_closed=page_closed)

    def _post_disconnected(self, *, page_closed: bool) -> None:
        if not self._was_over_before:
            code = None if page_closed else self._connection.code
            gone = Disconnected(self.seat_id, self.connection_id, page_closed, code)
            self._counter.host.post(self.session_id, gone)
