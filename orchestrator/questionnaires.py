"""What people say afterwards: the programme's short questionnaire, once for each seat (IX 15-2).

Answers lie under a key of their own that the store forgets by itself; they are in no event, log, message or feed.
"""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.errors import NotFound, Refused
from orchestrator.policy.model import SeatId, Session, SessionId
from orchestrator.policy.programme import Programme
from orchestrator.policy.questionnaire import Question, Value, fitting, is_asked
from orchestrator.ports import Answers, Clock, Store


class Questionnaires:
    """The use cases around the questionnaire.

    Args:
        store: keeps the answers.
        clock: the node's.
        programmes: by name; their questions.
    """

    def __init__(self, store: Store, clock: Clock, programmes: Mapping[str, Programme]) -> None:
        self._store = store
        self._clock = clock
        self._programmes = programmes

    def questions(self, session: Session) -> tuple[Question, ...]:
        """What the session's programme asks; empty: nothing, or it is not there any more."""
        programme = self._programmes.get(session.rules.programme)
        return programme.questionnaire if programme is not None else ()

    def put_to(self, session: Session, seat_id: SeatId) -> tuple[Question, ...]:
        """What is asked of that seat now; empty: nothing."""
        seat = session.seat(seat_id)
        return self.questions(session) if seat is not None and is_asked(session, seat) else ()

    async def is_answered(self, session: SessionId, seat: SeatId) -> bool:
        """Whether that seat has sent its answers."""
        return seat in await self._store.answers(session)

    async def answer(self, session: Session, seat: SeatId, values: Mapping[str, Value]) -> None:
        """Keep a seat's answers; the first ones count.

        Raises:
            Refused: `questionnaire_closed`, `questionnaire_answered`, `answers_refused`.
        """
        questions = self.put_to(session, seat)
        programme = self._programmes.get(session.rules.programme)
        if not questions or programme is None:
            raise Refused("questionnaire_closed", "nothing is asked of this seat")
        kept = fitting(questions, values)
        if kept is None:
            raise Refused("answers_refused", "the answers do not fit the questions")
        now = self._clock.now()
        answers = Answers(at=now, values=kept)
        until = now + programme.questionnaire_kept_for
        if not await self._store.put_answers(session.id, seat, answers, until):
            raise Refused("questionnaire_answered", "this seat has sent its answers before")

    async def of(self, session_id: SessionId) -> tuple[Session, Mapping[SeatId, Answers]]:
        """A session, and what was answered about it.

        Raises:
            NotFound: no such session.
        """
        stored = await self._store.load(session_id)
        if stored is None:
            raise NotFound("session_unknown")
        return stored.session, await self._store.answers(session_id)
