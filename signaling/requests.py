"""What a participant's page asks for that takes time: the use cases, and the questions after the end."""

from __future__ import annotations

import contextlib
from typing import Literal

from orchestrator.api.questionnaires import asked
from orchestrator.errors import MadoguchiError, Refused
from orchestrator.policy.events import Objected
from orchestrator.policy.model import IncidentKind, Purpose, Role, SeatId
from signaling.bell import Bell
from signaling.connection import Connection
from signaling.counter import Counter
from signaling.ends import Close, close_code
from signaling.place import Place
from signaling.protocol import down, up
from signaling.views.programme import full_terms


class Requests:
    """The use cases of one page, one after another, so that it cannot start many at once.

    Args:
        counter: what carries them out.
        connection: the page's.
        place: where it stands.
    """

    def __init__(self, counter: Counter, connection: Connection, place: Place) -> None:
        self._counter = counter
        self._connection = connection
        self._place = place
        self._ways: dict[Purpose, str] = {}
        # Not a Queue: every page has one, mostly for nothing, and a Queue is 3 kB.
        self._waiting: list[up.Up] = []
        self._asked = Bell()

    def take(self, message: up.Up) -> None:
        """Queue one; a page that has no seat asks for nothing."""
        if not self._place.was_seated:
            self._connection.refuse("not_connected")
            return
        if isinstance(message, up.ReadTerms):
            self._tell_terms(message.language)  # takes no time
            return
        if len(self._waiting) >= self._counter.limits.requests:
            self._connection.close(Close.TOO_MANY)
            return
        self._waiting.append(message)
        self._asked.ring()

    async def carry_out(self) -> None:
        """Carry out what is asked, until cancelled."""
        while True:
            while not self._waiting:
                self._asked.mute()
                await self._asked.heard()
            try:
                await self._use_case(self._waiting.pop(0))
            except Refused as error:
                self._connection.refuse(error.code)
            except MadoguchiError as error:
                self._connection.close(close_code(error))

    async def ask(self) -> None:
        """Put the programme's questions to the page, once the session is over."""
        with contextlib.suppress(MadoguchiError):  # without the store there is no questionnaire
            await self._ask()

    async def _use_case(self, message: up.Up) -> None:
        bookings = self._counter.bookings
        session, seat = self._place.session_id, self._place.seat_id
        match message:
            case up.ChooseSlot():
                self._check_purpose(message.purpose)
                await bookings.rescheduling.choose(session, message.option, seat, message.purpose)
            case up.DeclineReschedule():
                self._check_purpose(message.purpose)
                await bookings.rescheduling.decline(session, seat, message.purpose)
            case up.Follow():
                await self._show_way(message.purpose)
            case up.GiveNotice():
                await bookings.give_notice(session, seat, seat, None, "page")
            case up.Object():
                await self._counter.host.deliver(session, Objected(seat))
            case up.Stop():
                kind, accused = IncidentKind(message.kind), SeatId(message.accused)
                line = self._place.connection_id
                await self._counter.office.stop(session, kind, accused, seat, message.note, line)
            case up.ReadNoted():
                await self._read_noted()
            case up.ReportProblem():
                await self._report_problem(message)
            case up.AnswerQuestionnaire():
                await self._answer(message)
            case _:
                raise AssertionError(f"nobody takes {message.type}")

    async def _report_problem(self, message: up.ReportProblem) -> None:
        """Also after the end: then no seat is held, and who came with its link speaks for it."""
        is_over = self._place.session is not None and self._place.session.is_over
        line = None if is_over else self._place.connection_id
        await self._counter.office.file_incident(
            self._place.session_id,
            IncidentKind.TECHNICAL,
            None,
            self._place.seat_id,
            message.note,
            line,
            figures=message.measured.figures() if message.measured is not None else None,
        )

    async def _show_way(self, purpose: Purpose) -> None:
        """One link a page and purpose: who asks again is told the same one."""
        if purpose not in self._ways:
            session, seat = self._place.session_id, self._place.seat_id
            self._ways[purpose] = await self._counter.following.link(session, seat, purpose)
        self._connection.tell(down.Way(purpose=purpose, link=self._ways[purpose]))

    async def _answer(self, message: up.AnswerQuestionnaire) -> None:
        session = await self._counter.host.view(self._place.session_id)
        await self._counter.questionnaires.answer(session, self._place.seat_id, message.answers)
        await self._ask()

    async def _ask(self) -> None:
        """What the programme asks of this seat after the end, and whether it has been answered."""
        assert self._place.session is not None, "it was noted that it is over"
        questionnaires = self._counter.questionnaires
        questions = questionnaires.put_to(self._place.session, self._place.seat_id)
        if not questions or not self._place.was_seated:
            return
        is_answered = await questionnaires.is_answered(self._place.session_id, self._place.seat_id)
        self._connection.tell(
            down.Questionnaire(questions=asked(questions), is_answered=is_answered)
        )

    async def _read_noted(self) -> None:
        """What was noted about the seeker: on record first, then to this page alone."""
        session = self._place.session
        if session is None or not self._place.is_held:
            raise Refused("not_connected")
        noted = await self._counter.office.read_noted(session.id, session.supporter.person)
        self._connection.tell(down.Noted(reference=noted.reference, note=noted.note))

    def _tell_terms(self, language: Literal["ja", "en"]) -> None:
        """One at a time: of a text this long no more than one a language waits for a page that reads slowly."""
        session = self._place.session
        assert session is not None, "who was seated has a session"
        full = full_terms(session, self._counter.programmes.get(session.rules.programme))
        text = getattr(full, language) if full is not None else None
        told = down.Terms(language=language, text=text)
        self._connection.tell_latest(f"terms.{language}", lambda: told)

    def _check_purpose(self, purpose: Purpose) -> None:
        """Another date for this session is the seeker's alone; the next one is both people's (KUMAGAYA 6(2))."""
        if purpose is Purpose.RESCHEDULE and self._place.role is not Role.SEEKER:
            raise Refused("not_your_seat")
