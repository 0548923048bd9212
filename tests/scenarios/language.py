"""How a sentence of the scenario language is written down once, and found again in a file.

A template is the sentence itself, with `{places}` for what differs and `[square brackets]` for what may be left out.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

PLACES: Mapping[str, tuple[str, str]] = {
    "who": (
        r"the (?:seeker|supporter|companion|observer)",
        "the seeker, the supporter, the companion or the observer",
    ),
    "other": (r"the (?:seeker|supporter|companion|observer)", "the same"),
    "late": (r"the (?:seeker|supporter)", "the seeker or the supporter"),
    "by": (
        r"the (?:seeker|supporter|office)|maintenance",
        "the seeker, the supporter, the office or maintenance",
    ),
    "place": (r"away|at the door|in the lobby|in", "away, at the door, in the lobby, or in"),
    "phase": (
        r"scheduled|open|waiting|live|interrupted",
        "scheduled, open, waiting, live or interrupted",
    ),
    "outcome": (r"[a-z]+(?:_[a-z]+)*", "an outcome of docs/session.md, for instance not_held"),
    "cause": (r"[a-z]+", "seeker, supporter, platform, unknown, office or maintenance"),
    "confidence": (r"sure|likely|unknown", "sure, likely or unknown"),
    "reason": (r"[a-z]+(?:_[a-z]+)*", "the reason's key"),
    "code": (r"[a-z]+(?:_[a-z]+)*", "a refusal's code of docs/session.md"),
    "question": (
        r"whether to end|whether to wait|whether to begin|nothing",
        "whether to end, whether to wait, whether to begin, or nothing",
    ),
    "quota": (r"used|restored", "used or restored"),
    "strike": (r"a strike|no strike", "a strike or no strike"),
    "date": (r"another|no other", "another or no other"),
    "state": (
        r"open|chosen|declined|expired|withdrawn|cancelled",
        "open, chosen, declined, expired, withdrawn or cancelled",
    ),
    "until": (r"\d\d:\d\d", "a wall-clock time"),
    "left": (r"\d+ minutes|1 minute", "so many minutes"),
    "day": (r"\d\d-\d\d", "a day of the same year, month and day"),
    "clock": (r"\d\d:\d\d:\d\d", "a wall-clock time with its seconds"),
    "strikes": (r"no strike|1 strike|\d+ strikes", "no strike, 1 strike, 2 strikes"),
    "span": (r"\d+:\d\d(?:\.\d{1,3})?", "minutes and seconds, for instance 12:30"),
    "slot": (r"[A-Z]", "a letter that names a free slot"),
    "slots": (r"[A-Z](?:, [A-Z])*", "letters that name free slots"),
    "version": (r"“[^”]+”", "a version of the terms in “quotes”"),
    "what": (r"[a-z0-9_.-]+", "the key of an attestation, or of a line of history"),
    "things": (r"[a-z_]+(?:, [a-z_]+)*", "keys with commas between them"),
    "number": (r"\d+(?:\.\d+)?", "a number"),
    "times": (r"never|once|twice", "never, once or twice"),
    "answer": (r"agrees|does not agree", "agrees, or does not agree"),
    "yes": (r"yes|no", "yes or no"),
    "medium": (r"video|sound only|the telephone", "video, sound only or the telephone"),
    "heard": (
        r"is ringing|was answered|was not answered|was hung up when all was said",
        "is ringing, was answered, was not answered, or was hung up when all was said",
    ),
    "wrong": (r"conduct|recording", "conduct or recording"),
    "reporter": (r"the (?:supporter|office)", "the supporter or the office"),
    "lasting": (r"offline|asleep", "offline or asleep"),
    "finished": (r"was (?:not )?finished", "was finished, or was not finished"),
    "task": (r"[a-z_]+(?:-\d+)?", "the key of a task, incident-1 for an incident"),
    "tasks": (
        r"[a-z_]+(?:-\d+)?(?:, [a-z_]+(?:-\d+)?)*",
        "keys of tasks with commas between them, incident-1 for an incident",
    ),
    "name": (r"«[^»]+»", "a name in «quotes»"),
}
"""Name of a place -> what fits there, and that in words."""


class Unknown(ValueError):
    """No sentence of the table is like that."""


@dataclass(frozen=True)
class Sentence:
    """One sentence that a file may say."""

    template: str
    meaning: str
    """What the policy sees, or what is looked at; for the table in README.md."""
    act: Callable[[Any, Mapping[str, str]], object]
    """Given the walk and the words in the places: the actions of what happens; or checks a claim."""
    is_claim: bool
    """Something that has to be so, not something that happens."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """What matches the whole sentence."""
        return _compiled(self.template)


@dataclass(frozen=True)
class Known:
    """A sentence of the table, and the words in its places."""

    sentence: Sentence
    words: Mapping[str, str]


@cache
def _compiled(template: str) -> re.Pattern[str]:
    return re.compile(_expression(template))


def _expression(template: str) -> str:
    expression = ""
    for part in re.split(r"(\{[a-z]+\}|[\[\]])", template):
        if part == "[":
            expression += "(?:"
        elif part == "]":
            expression += ")?"
        elif part.startswith("{"):
            name = part.strip("{}")
            expression += f"(?P<{name}>{PLACES[name][0]})"
        else:
            expression += re.escape(part)
    return expression


def find(text: str, table: Iterable[Sentence]) -> Known:
    """Find the sentence of the table that the text is.

    Raises:
        Unknown: with the nearest ones that are known.
    """
    sentences = list(table)
    for sentence in sentences:
        if match := sentence.pattern.fullmatch(text):
            words = {name: word for name, word in match.groupdict().items() if word is not None}
            return Known(sentence, words)
    near = difflib.get_close_matches(text, [it.template for it in sentences], n=3, cutoff=0.3)
    nearest = "; ".join(f"«{template}»" for template in near) or "nothing like it"
    raise Unknown(f"There is no sentence «{text}». Nearest: {nearest}.")
