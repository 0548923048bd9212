"""What people answered after a session, over HTTP: for schedulers alone (IX 15-2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from orchestrator.api.moments import Moment
from orchestrator.api.query import StaffOf, scheduler, session_id_of
from orchestrator.policy.questionnaire import Question, Value
from orchestrator.questionnaires import Questionnaires


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WordsBody(_Shown):
    """A text in both languages."""

    ja: str
    en: str


class OptionBody(_Shown):
    """One thing to choose."""

    key: str
    words: WordsBody


class QuestionBody(_Shown):
    """One question; the pages are sent the same."""

    key: str
    kind: Literal["scale", "choice", "text"]
    words: WordsBody
    optional: bool
    options: tuple[OptionBody, ...]


class AnswersBody(_Shown):
    """What one seat answered."""

    seat: str
    at: Moment
    values: dict[str, Value]


class QuestionnaireBody(_Shown):
    """The questions as the programme has them now, and all answers."""

    questions: tuple[QuestionBody, ...]
    answers: tuple[AnswersBody, ...]


def asked(questions: tuple[Question, ...]) -> tuple[QuestionBody, ...]:
    """The questions as they are sent."""
    return tuple(QuestionBody(**question.model_dump()) for question in questions)


@dataclass(frozen=True, slots=True)
class QuestionnairesApi:
    """The handler, and what it needs."""

    questionnaires: Questionnaires
    staff_of: StaffOf

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        return [web.get("/api/v1/sessions/{session}/questionnaire", self.read)]

    async def read(self, request: web.Request) -> web.Response:
        """The questions, and what was answered."""
        await scheduler(request, self.staff_of)
        session, answers = await self.questionnaires.of(session_id_of(request))
        body = QuestionnaireBody(
            questions=asked(self.questionnaires.questions(session)),
            answers=tuple(
                AnswersBody(seat=seat, at=given.at, values=dict(given.values))
                for seat, given in sorted(answers.items(), key=lambda item: item[1].at)
            ),
        )
        return web.Response(text=body.model_dump_json(), content_type="application/json")
