"""A person of a session at a connection: greets, translates what the page sends, shows what was committed.

Whether a message may come from this role at all is checked here; whether it may come now is the policy's question.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

import structlog

from orchestrator.api.questionnaires import asked
from orchestrator.bookings import Bookings
from orchestrator.errors import Conflict, MadoguchiError, Refused
from orchestrator.following import Following
from orchestrator.host import Host
from orchestrator.office import Office
from orchestrator.policy.events import (
    Connected,
    Disconnected,
    Objected,
    TurnedAway,
)
from orchestrator.policy.model import (
    ConnectionId,
    DeviceId,
    IncidentKind,
    Medium,
    PersonId,
    Presence,
    Purpose,
    Role,
    SeatId,
    Session,
    SessionId,
)
from orchestrator.policy.programme import Programme
from orchestrator.ports import Clock, OfferMade, ProbeOffered
from orchestrator.questionnaires import Questionnaires
from signaling import protocol
from signaling.around import Around
from signaling.audience import Audience
from signaling.auth import check_ended
from signaling.connection import Connection
from signaling.desk import AroundView, around_of
from signaling.ends import Close, close_code
from signaling.intents import event_of
from signaling.limits import Limits, TokenBucket
from signaling.precall import Precall
from signaling.reports import Reports
from signaling.turn import Turn
from signaling.views import CheckedView, SessionView, programme_view, session_view

_log = structlog.get_logger(__name__)

_Request = Callable[[], Awaitable[None]]


_TALKING = frozenset({Presence.LOBBY, Presence.IN})
"""Where somebody is who may write to the others, and read what they write."""
_BEFORE_IN = frozenset({Presence.AT_DOOR, Presence.LOBBY})
_OF_THE_OFFICE = frozenset({Role.SUPPORTER, Role.SCHEDULER})
_PRECALL = (protocol.Probe, protocol.AnswerProbe, protocol.EndProbe, protocol.Checked)


@dataclass(frozen=True, slots=True)
class Counter:
    """What participants are served from."""

    host: Host
    bookings: Bookings
    office: Office
    audience: Audience
    clock: Clock
    limits: Limits
    programmes: dict[str, Programme]
    turn: Turn
    questionnaires: Questionnaires
    following: Following
    around: Around


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
        self._session: Session | None = None
        self._is_welcome = False
        self._was_seated = False
        self._was_over_before = False
        self._around = AroundView()
        self._around_of: PersonId | None = None
        self._media_state: protocol.MediaStateOf | None = None
        self._can_encrypt = can_encrypt
        self._refusal: Refused | None = None
        self._ended = asyncio.Event()
        self._ways: dict[Purpose, str] = {}
        self._requests: asyncio.Queue[_Request] = asyncio.Queue(counter.limits.requests)
        self._chat = TokenBucket(
            counter.limits.chat_per_s, counter.limits.chat_burst, counter.clock.monotonic()
        )
        self._keys = TokenBucket(
            counter.limits.keys_per_s, counter.limits.keys_burst, counter.clock.monotonic()
        )
        self._precall = Precall(
            counter.host, counter.limits, counter.clock.monotonic(), connection.id
        )
        self._reports = Reports(counter.limits, counter.clock.monotonic())
        self._restarts = TokenBucket(
            counter.limits.restarts_per_s, counter.limits.restarts_burst, counter.clock.monotonic()
        )
        self._renewals = TokenBucket(
            counter.limits.renewals_per_s, counter.limits.renewals_burst, counter.clock.monotonic()
        )
        self._log = _log.bind(connection=connection.id, session=session_id, seat=seat_id)

    @property
    def connection_id(self) -> ConnectionId:
        """Of the connection that carries it."""
        return self._connection.id

    @property
    def media_state(self) -> protocol.MediaStateOf | None:
        """What the page said of its microphone and camera, while it holds the seat."""
        return self._media_state if self._holds_seat else None

    @property
    def encryption(self) -> protocol.Encryption | None:
        """Whether the page can encrypt from end to end, while it holds the seat."""
        if not self._holds_seat:
            return None
        return protocol.Encryption(seat=self.seat_id, is_able=self._can_encrypt)

    @property
    def checked(self) -> CheckedView | None:
        """What the page's pre-call check found, while it holds the seat."""
        return self._precall.found if self._holds_seat else None

    # ---- greeting ----------------------------------------------------------------------------

    async def greet(self, media_epoch: int) -> None:
        """Take the seat, or ask for it, and open the connection with a welcome.

        Raises:
            Refused: `encryption_required`, or with the code of the policy or of `check_ended`.
            Conflict: another node runs the session.
            Unavailable: the store does not answer.
        """
        before = await self._counter.host.view(self.session_id)
        seat = before.seat(self.seat_id)
        if seat is None:
            raise Refused("link_unknown")
        if self._person not in {None, seat.person}:
            raise Refused("link_revoked")
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
        if self._refusal.code == "session_over" and self._session is not None:
            code = check_ended(self._session, self.seat_id, self._device)
            if code is None:
                return
        raise self._refusal

    def _greet_after_the_end(self, session: Session) -> None:
        code = check_ended(session, self.seat_id, self._device)
        if code is not None:
            raise Refused(code)
        self._was_over_before = self._was_seated = True
        self._note(session)
        self._counter.audience.add(self)
        self._log.info("participant.returned")
        self._welcome("bound")

    def _welcome(self, device: Literal["bound", "new"]) -> None:
        session = self._session
        assert session is not None, "greet has noted the session"
        self._is_welcome = True
        self._connection.welcome(self._welcome_message(session, device))
        self._counter.audience.catch_up(self)
        self._look_around(session)

    def _welcome_message(
        self, session: Session, device: Literal["bound", "new"]
    ) -> protocol.Welcome:
        seat = session.seat(self.seat_id)
        assert seat is not None, "greet has looked"
        now = self._counter.clock.now()
        is_seated = self._was_seated or session.is_over
        return protocol.Welcome(
            server_time=now,
            you=protocol.You(
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
        return session_view(session, self.seat_id if self._was_seated else None, now, checks)

    # ---- down --------------------------------------------------------------------------------

    def show(self, session: Session) -> None:
        """Show a new state; an older one than was shown is of no interest."""
        if self._session is not None and session.version < self._session.version:
            return
        was_seated = self._was_seated
        self._note(session)
        if not self._is_welcome:
            return
        if self._was_seated and not was_seated:
            # Somebody said yes to this device: it is told so as if it had come right now.
            self._connection.tell(self._welcome_message(session, "bound"))
            self._counter.audience.catch_up(self)
            self._around_of = None
        self._look_around(session)
        self._connection.tell_latest("session", self._state)

    def _look_around(self, session: Session) -> None:
        """Another supporter has other sessions; after the end nobody's are of interest."""
        if session.is_over:
            self._counter.around.remove(self)
        elif self._around_of != session.supporter.person:
            self._around_of = session.supporter.person
            self._counter.around.add(self, session.supporter.person)

    def surround(self, sessions: Sequence[Session]) -> None:
        """Tell of the supporter's other sessions, once each time that something of it is new."""
        session = self._session
        if session is None or not self._holds_seat:
            return
        around = around_of(session, self._role, sessions)
        if around != self._around:
            self._around = around
            message = protocol.AroundMe(is_engaged=around.is_engaged, after=around.after)
            self._connection.tell_latest("around", lambda: message)

    def _note(self, session: Session) -> None:
        if self._session is not None and session.version < self._session.version:
            return
        self._session = session
        if not self._may_probe:
            self._precall.end()
        seat = session.seat(self.seat_id)
        if seat is not None and seat.connection == self.connection_id:
            self._was_seated = True
        if session.is_over:
            self._ended.set()

    def _state(self) -> protocol.State:
        assert self._session is not None, "a state is told after it was noted"
        return protocol.State(session=self._view(self._session, self._counter.clock.now()))

    def offer(self, offer: OfferMade) -> None:
        """Pass an offer on, with credentials that are new, however old the welcome's are."""
        assert self._session is not None, "greet has noted the session"
        if self._lacks_encryption(self._session):
            self._connection.refuse("encryption_required")  # came for the telephone
            return
        servers = self._counter.turn.servers(self._counter.clock.now(), self._session.ends_at)
        self._connection.tell(
            protocol.Offer(media_epoch=offer.media_epoch, sdp=offer.sdp, ice_servers=servers)
        )

    def show_again(self) -> None:
        """Show the state as it was, with what is known of the people beside it: to the office, and to nobody else."""
        if self._is_welcome and self._role in _OF_THE_OFFICE:
            self._connection.tell_latest("session", self._state)

    def offer_probe(self, offer: ProbeOffered) -> None:
        """Pass an offer on that measures the line; one that comes too late is dropped."""
        if self._session is not None and self._may_probe:
            servers = self._counter.turn.servers(self._counter.clock.now(), self._session.ends_at)
            self._connection.tell(protocol.ProbeOffer(sdp=offer.sdp, ice_servers=servers))

    def tell(self, message: protocol.TimeIsUp | protocol.TimeLeft) -> None:
        """Pass a message on."""
        self._connection.tell(message)

    def read(self, line: protocol.ChatLine) -> bool:
        """Show a line that somebody wrote; False: nobody is there in the lobby or in who could read it."""
        if not (self._is_welcome and self._is_talking):
            return False
        self._connection.tell(line)
        return True

    def hear_of(self, state: protocol.MediaStateOf | protocol.Encryption) -> None:
        """Tell of somebody else's page; a device that only asks for the seat hears nothing."""
        if self._is_welcome and self._holds_seat:
            self._connection.tell_latest(f"{state.type}:{state.seat}", lambda: state)

    def take_key(self, key: protocol.KeyOf) -> None:
        """Pass a step of the agreement on keys on to a page that is in."""
        if self._is_welcome and self._is_in:
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

    def receive(self, message: protocol.Up) -> None:
        """Take a message of the page."""
        if self._role not in message.senders:
            self._connection.refuse("not_your_seat")
            return
        if not self._may_trouble_media(message):
            return
        event = event_of(message, self.seat_id, self.connection_id)
        if event is not None:
            self._counter.host.post(self.session_id, event)
        elif isinstance(message, protocol.Answer | protocol.RestartMedia):
            self._pass_to_media(message)
        elif isinstance(message, protocol.MediaState):
            said = message.model_dump(exclude={"type"})
            self._media_state = protocol.MediaStateOf(seat=self.seat_id, **said)
            self._counter.audience.share(self)
        elif isinstance(message, protocol.Key):
            self._pass_key(message.text)
        elif isinstance(message, protocol.Chat):
            self._write(message.text)
        elif isinstance(message, protocol.Report | protocol.Observed):
            self._observe(message)
        elif isinstance(message, _PRECALL):
            self._check(message)
        else:
            self._request(message)

    def _may_trouble_media(self, message: protocol.Up) -> bool:
        """False for a wish about the media connection that comes too soon after others; a page wishes again."""
        now_s = self._counter.clock.monotonic()
        if isinstance(message, protocol.RestartMedia):
            return self._restarts.take(now_s)
        return not isinstance(message, protocol.RenewMedia) or self._renewals.take(now_s)

    def _write(self, text: str) -> None:
        """Pass a line on, in memory only: what people write to each other is nobody else's (SAKAI 5-4)."""
        session, counter = self._session, self._counter
        if session is None or not self._is_talking:
            self._connection.refuse("not_connected")
        elif "chat" not in session.functions:
            self._connection.refuse("function_not_allowed")
        elif not self._chat.take(counter.clock.monotonic()):
            self._connection.refuse("too_many_messages")
        elif not counter.audience.pass_on(
            self,
            line := protocol.ChatLine(seat=self.seat_id, text=text, at=counter.clock.now()),
        ):
            self._connection.refuse("nobody_reads")
        else:
            self._connection.tell(line)

    def _check(
        self,
        message: protocol.Probe | protocol.AnswerProbe | protocol.EndProbe | protocol.Checked,
    ) -> None:
        """The pre-call check: before one is let in, a line may be measured; what was found goes to the office."""
        clock = self._counter.clock
        if isinstance(message, protocol.Checked):
            if self._holds_seat and self._precall.note(message, clock.now(), clock.monotonic()):
                self._counter.audience.share_check(self.session_id)
        elif isinstance(message, protocol.EndProbe):
            self._precall.end()
        elif not self._may_probe:
            if isinstance(message, protocol.Probe):
                self._connection.refuse("probe_not_now")
        elif isinstance(message, protocol.AnswerProbe):
            self._precall.answer(message.sdp)
        elif not self._precall.begin(clock.monotonic()):
            self._connection.refuse("probe_full")

    def _pass_key(self, text: str) -> None:
        """To the others who are in; what comes too early, too late or too often is dropped: the pages begin anew."""
        counter = self._counter
        if self._is_in and self._keys.take(counter.clock.monotonic()):
            counter.audience.pass_key(self, protocol.KeyOf(seat=self.seat_id, text=text))

    def _observe(self, message: protocol.Report | protocol.Observed) -> None:
        """Evidence of who holds the seat; anybody else's, and what is too much, is dropped without a word."""
        if not self._holds_seat:
            return
        clock, reports = self._counter.clock, self._reports
        if isinstance(message, protocol.Report):
            sample = reports.sample(message, clock.now(), clock.monotonic())
            if sample is None:
                return
            self._counter.host.note_page(self.session_id, self.seat_id, sample)
            observed = reports.of_line(sample, self.seat_id, clock.monotonic())
        else:
            observed = reports.of_page(message, self.seat_id, clock.now(), clock.monotonic())
        if observed is not None:
            self._counter.host.post(self.session_id, observed)

    @property
    def _role(self) -> Role:
        seat = self._session.seat(self.seat_id) if self._session is not None else None
        assert seat is not None, "greet has looked"
        return seat.role

    @property
    def _holds_seat(self) -> bool:
        seat = self._session.seat(self.seat_id) if self._session is not None else None
        return seat is not None and seat.connection == self.connection_id

    @property
    def _is_talking(self) -> bool:
        seat = self._session.seat(self.seat_id) if self._session is not None else None
        return self._holds_seat and seat is not None and seat.presence in _TALKING

    @property
    def _may_probe(self) -> bool:
        """Whoever holds a seat and has not been let in; the room's own media comes first."""
        session = self._session
        seat = session.seat(self.seat_id) if session is not None else None
        if session is None or seat is None or not self._holds_seat:
            return False
        is_by_media = not session.is_over and session.medium is not Medium.PHONE
        return is_by_media and seat.presence in _BEFORE_IN

    @property
    def _is_in(self) -> bool:
        seat = self._session.seat(self.seat_id) if self._session is not None else None
        return self._holds_seat and seat is not None and seat.presence is Presence.IN

    def _pass_to_media(self, message: protocol.Answer | protocol.RestartMedia) -> None:
        """Only the connection that holds the seat speaks for its media, and only of its present epoch."""
        seat = self._session.seat(self.seat_id) if self._session is not None else None
        if seat is None or not self._holds_seat:
            self._connection.refuse("not_connected")
        elif seat.media_epoch != message.media_epoch or message.media_epoch == 0:
            return  # of an epoch that is over: the next offer is on its way
        elif isinstance(message, protocol.Answer):
            self._counter.host.answer(
                self.session_id, self.seat_id, message.media_epoch, message.sdp
            )
        else:
            self._counter.host.restart_media(self.session_id, self.seat_id, message.media_epoch)

    def _request(self, message: protocol.Up) -> None:
        """A use case that takes time; one after another, so that a page cannot start many at once."""
        if not self._was_seated:
            self._connection.refuse("not_connected")
            return
        try:
            self._requests.put_nowait(partial(self._use_case, message))
        except asyncio.QueueFull:
            self._connection.close(Close.TOO_MANY)

    async def _use_case(self, message: protocol.Up) -> None:
        bookings, session, seat = self._counter.bookings, self.session_id, self.seat_id
        match message:
            case protocol.ChooseSlot():
                self._check_purpose(message.purpose)
                await bookings.rescheduling.choose(session, message.option, seat, message.purpose)
            case protocol.DeclineReschedule():
                self._check_purpose(message.purpose)
                await bookings.rescheduling.decline(session, seat, message.purpose)
            case protocol.Follow():
                await self._show_way(message.purpose)
            case protocol.GiveNotice():
                await bookings.give_notice(session, seat, seat, None, "page")
            case protocol.Object():
                await self._counter.host.deliver(session, Objected(seat))
            case protocol.Stop():
                kind, accused = IncidentKind(message.kind), SeatId(message.accused)
                line = self.connection_id
                await self._counter.office.stop(session, kind, accused, seat, message.note, line)
            case protocol.ReadNoted():
                await self._read_noted()
            case protocol.ReportProblem():
                await self._report_problem(message)
            case protocol.AnswerQuestionnaire():
                await self._answer(message)
            case _:
                raise AssertionError(f"nobody takes {message.type}")

    async def _report_problem(self, message: protocol.ReportProblem) -> None:
        """Also after the end: then no seat is held, and who came with its link speaks for it."""
        is_over = self._session is not None and self._session.is_over
        line = None if is_over else self.connection_id
        await self._counter.office.file_incident(
            self.session_id,
            IncidentKind.TECHNICAL,
            None,
            self.seat_id,
            message.note,
            line,
            figures=message.measured.figures() if message.measured is not None else None,
        )

    async def _show_way(self, purpose: Purpose) -> None:
        """One link a page and purpose: who asks again is told the same one."""
        if purpose not in self._ways:
            following = self._counter.following
            self._ways[purpose] = await following.link(self.session_id, self.seat_id, purpose)
        self._connection.tell(protocol.Way(purpose=purpose, link=self._ways[purpose]))

    async def _answer(self, message: protocol.AnswerQuestionnaire) -> None:
        session = await self._counter.host.view(self.session_id)
        await self._counter.questionnaires.answer(session, self.seat_id, message.answers)
        await self._ask()

    async def _ask(self) -> None:
        """What the programme asks of this seat after the end, and whether it has been answered."""
        await self._ended.wait()
        assert self._session is not None, "it was noted that it is over"
        questionnaires = self._counter.questionnaires
        questions = questionnaires.put_to(self._session, self.seat_id)
        if not questions or not self._was_seated:
            return
        is_answered = await questionnaires.is_answered(self.session_id, self.seat_id)
        self._connection.tell(
            protocol.Questionnaire(questions=asked(questions), is_answered=is_answered)
        )

    async def _read_noted(self) -> None:
        """What was noted about the seeker: on record first, then to this page alone."""
        session = self._session
        if session is None or not self._holds_seat:
            raise Refused("not_connected")
        noted = await self._counter.office.read_noted(self.session_id, session.supporter.person)
        self._connection.tell(protocol.Noted(reference=noted.reference, note=noted.note))

    def _check_purpose(self, purpose: Purpose) -> None:
        """Another date for this session is the seeker's alone; the next one is both people's (KUMAGAYA 6(2))."""
        if purpose is Purpose.RESCHEDULE and self._role is not Role.SEEKER:
            raise Refused("not_your_seat")

    async def serve(self) -> None:
        """Carry out use cases, and close the connection long after the session's end."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._carry_out())
            group.create_task(self._ask_once())
            group.create_task(self._close_after_the_end())

    async def _carry_out(self) -> None:
        while True:
            request = await self._requests.get()
            try:
                await request()
            except Refused as error:
                self._connection.refuse(error.code)
            except MadoguchiError as error:
                self._connection.close(close_code(error))

    async def _ask_once(self) -> None:
        with contextlib.suppress(MadoguchiError):  # without the store there is no questionnaire
            await self._ask()

    async def _close_after_the_end(self) -> None:
        await self._ended.wait()
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
