"""The short questionnaire after a session: what a programme may ask, and which answers fit (IX 15-2). PURE.

An answer is what somebody said of a person or of themselves. It is kept beside the session and never in its history;
the policy knows nothing of it, and nothing follows from it by itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from orchestrator.policy.model import Outcome, Role, Seat, Session
from orchestrator.policy.writing import legible

MOST_QUESTIONS = 8
"""More is not short, and nobody answers it; ours."""
MOST_OPTIONS = 10
SCALE = range(1, 6)
"""From «not at all» to «very much»."""
LONGEST_ANSWER = 500
"""Characters; ours, as of a note."""

ASKED_AFTER = frozenset({Outcome.COMPLETED, Outcome.INTERRUPTED})
"""Where two people have talked; after a stop somebody looks at it, and a question about contentment is out of place."""

ASKED_OF = frozenset({Role.SEEKER, Role.COMPANION})
"""The guests; IX 15-2 asks the seeker, for the companion ours."""

_Words = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1)]
_Key = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_]{0,31}$")]

Value = int | str
"""A point of the scale, the key of an option, or a text."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Table):
    """A text of the questionnaire in the two languages of the pages."""

    ja: _Words = Field(max_length=200, description="Japanese; ours.")
    en: _Words = Field(max_length=200, description="English; ours.")


class Option(_Table):
    """One thing to choose."""

    key: _Key = Field(description="How the answer is stored; ours.")
    words: Words = Field(description="What people read; ours.")


class Question(_Table):
    """One question."""

    key: _Key = Field(description="How its answer is stored; ours.")
    kind: Literal["scale", "choice", "text"] = Field(
        description="1 to 5 from «not at all» to «very much», one of `options`, or words of one's own; ours."
    )
    words: Words = Field(description="The question, for a scale a statement; IX 15-2.")
    optional: StrictBool = Field(default=True, description="It may be left out; ours.")
    options: tuple[Option, ...] = Field(
        default=(), description="What can be chosen, for kind `choice` only; ours."
    )


def is_asked(session: Session, seat: Seat) -> bool:
    """Whether the programme's questions, if it has any, are put to that seat."""
    return session.is_over and session.outcome in ASKED_AFTER and seat.role in ASKED_OF


def fitting(
    questions: tuple[Question, ...], answers: Mapping[str, Value]
) -> dict[str, Value] | None:
    """The answers as they are kept, in the order of the questions; None when they do not fit them.

    What shows nothing is taken out of texts; an empty text is no answer. No answer at all fits nothing.
    """
    known = {question.key: question for question in questions}
    if not answers.keys() <= known.keys():
        return None
    kept: dict[str, Value] = {}
    for key, question in known.items():
        given = answers.get(key)
        value = legible(given) if isinstance(given, str) else given
        if value is None or value == "":
            if not question.optional:
                return None
        elif _fits(question, value):
            kept[key] = value
        else:
            return None
    return kept or None


def _fits(question: Question, value: Value) -> bool:
    match question.kind:
        case "scale":
            return type(value) is int and value in SCALE
        case "choice":
            return value in {option.key for option in question.options}
        case "text":
            return isinstance(value, str) and len(value) <= LONGEST_ANSWER and _is_plain(value)
        case _:
            assert_never(question.kind)


def _is_plain(text: str) -> bool:
    return not any(unicodedata.category(char) in {"Cc", "Cs"} and char != "\n" for char in text)
