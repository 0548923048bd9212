"""The board has words for everything that the record, the evidence and the list of tasks can hold."""

import ast
import re
from pathlib import Path

import pytest

from orchestrator import policy
from orchestrator.policy.docs import RECORDS
from orchestrator.policy.model import (
    OBSERVABLE,
    CallState,
    Cause,
    Confidence,
    IncidentKind,
    Medium,
    Quota,
    RescheduleState,
    Role,
    Signal,
)
from orchestrator.policy.standing import DecisionKind, PersonTaskKind, StandingState
from orchestrator.policy.tasks import TaskKind
from tests.signaling.pages.test_sentences import CATALOGUES

ENTERED = "session.booked"
"""The first line of a history, which the booking writes and not the policy."""

NOT_SHOWN = {Role.SCHEDULER}


def needed() -> set[str]:
    """What the board can be told, as keys of the catalogue."""
    keys = {f"event.{name}" for name in {*RECORDS, ENTERED}}
    keys |= {f"signal.{signal}" for signal in Signal}
    keys |= {f"event.seat.observed.{signal}" for signal in OBSERVABLE}
    keys |= {f"confidence.{confidence}" for confidence in Confidence}
    keys |= {f"task.{kind}{end}" for kind in (*TaskKind, *PersonTaskKind) for end in ("", ".more")}
    keys |= {f"board.incident.{kind}{end}" for kind in IncidentKind for end in ("", ".more")}
    keys |= {f"event.incident.filed.{kind}" for kind in IncidentKind}
    keys |= {
        f"{place}.{state}" for place in ("phone_call", "event.call.reported") for state in CallState
    }
    keys |= {f"mark.call_{state}" for state in CallState}
    keys |= {f"board.medium.{medium}" for medium in Medium}
    keys |= {f"{place}.{quota}" for place in ("quota", "standing.quota") for quota in Quota}
    keys |= {f"reschedule_state.{state}" for state in RescheduleState}
    keys |= {f"cause.{cause}.long" for cause in Cause}
    keys |= {f"standing_state.{state}" for state in (*StandingState, *DecisionKind)}
    keys |= {
        f"standing.{place}.{kind}"
        for place in ("do", "ask", "lead", "done")
        for kind in DecisionKind
    }
    keys |= {f"who.{role}" for role in Role} | {f"who_in.{role}" for role in set(Role) - NOT_SHOWN}
    return keys


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_word_of_the_record_has_a_sentence_on_the_board(language: str) -> None:
    assert needed() - CATALOGUES[language].keys() == set()


TOLD_AS = {"who": "seat", "left": "left_s"}
"""What a sentence calls otherwise than the record (history.js)."""


def recorded() -> dict[str, set[str]]:
    """Of each line that the policy writes itself: what it holds."""
    found: dict[str, set[str]] = {}
    for path in Path(policy.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_record = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if not is_record or node.func.attr != "record" or not node.args:
                continue
            name, names = node.args[0], {each.arg for each in node.keywords}
            if isinstance(name, ast.Constant) and None not in names:
                found.setdefault(str(name.value), set()).update(str(each) for each in names)
    return found


@pytest.mark.parametrize("language", CATALOGUES)
def test_a_line_of_the_history_speaks_only_of_what_its_record_holds(language: str) -> None:
    records = recorded()
    assert "cause" in records["verdict.refined"], "the policy is read"
    wrong = [
        f"{key}: {{{named}}}"
        for key, sentence in CATALOGUES[language].items()
        for name in [key.removeprefix("event.")]
        if key.startswith("event.") and name in records
        for named in re.findall(r"\{(\w+)\}", sentence)
        if TOLD_AS.get(named, named) not in records[name]
    ]
    assert wrong == []
