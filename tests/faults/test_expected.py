"""The table of faults is whole, its reader sees every mistake, and nobody here asks the policy."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.expected import FAULTS, MOMENTS, PHASES, Expected, Row, Seen, load
from tests.faults.plays import PLAYS
from tests.faults.runner import Result, Run, is_fine, table

HERE = Path(__file__).parent
EXPECTED = load()
START = datetime(2026, 11, 22, 10, tzinfo=UTC)
CONFIDENCES = {"sure", "likely", "unknown"}


def came(expected: Expected, row: Row, verdict: str) -> Seen:
    """What is right for a row when it ends with that verdict."""
    outcome, _, cause = verdict.partition("/")
    due = expected.consequences[verdict]
    cutoff_at, ends_at = START + timedelta(minutes=10), START + timedelta(minutes=30)
    ended_at = {"cutoff": cutoff_at, "before end": cutoff_at}.get(row.at or "", ends_at)
    confidence = min(row.verdicts.get(verdict) or {"sure"})
    return Seen(
        outcome=outcome,
        cause=cause or None,
        confidence=confidence,
        reason="because",
        quota=due.quota,
        strike=due.strike,
        reschedule=due.reschedule,
        ended_at=ended_at,
        cutoff_at=cutoff_at,
        ends_at=ends_at,
    )


def test_every_row_is_played_once_and_every_play_has_a_row():
    rows, plays = [row.name for row in EXPECTED.rows], [play.name for play in PLAYS]
    assert sorted(rows) == sorted(plays)
    assert len(set(rows)) == len(rows)


def test_there_are_at_least_twenty_kinds():
    assert len({row.kind for row in EXPECTED.rows}) >= 20


@pytest.mark.parametrize("row", EXPECTED.rows, ids=lambda row: "/".join(row.name))
def test_a_row_is_written_with_known_words(row: Row):
    assert row.fault in FAULTS
    assert row.phase in PHASES
    assert row.at in MOMENTS
    assert set(row.verdicts) <= set(EXPECTED.consequences)
    assert row.verdicts
    assert all(sure <= CONFIDENCES for sure in row.verdicts.values())
    assert row.told.endswith(".")
    assert row.why


@pytest.mark.parametrize("row", EXPECTED.rows, ids=lambda row: "/".join(row.name))
def test_no_row_expects_that_a_seeker_pays_for_what_was_not_theirs(row: Row):
    if row.fault in {"ours", "supporter", "nobody"}:
        assert not [verdict for verdict in row.verdicts if verdict.endswith("/seeker")]
    unsure = row.verdicts.get("interrupted/unknown", {"unknown"})
    assert unsure == {"unknown"}, "who is not known is not known for sure"


@pytest.mark.parametrize("row", EXPECTED.rows, ids=lambda row: "/".join(row.name))
def test_what_must_come_is_no_mistake(row: Row):
    for verdict in row.verdicts:
        assert EXPECTED.mistakes(row, came(EXPECTED, row, verdict)) == []


def test_a_no_show_of_somebody_who_was_there_is_grave():
    row = EXPECTED.row("node_killed", "early")
    wrong = EXPECTED.mistakes(row, came(EXPECTED, row, "seeker_no_show/seeker"))
    assert wrong[:3] == ["FALSE NO-SHOW", "WRONG STRIKE", "SEEKER CONVICTED, and it was ours"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"quota": "restored"}, "quota"),
        ({"strike": True}, "STRIKE"),
        ({"reschedule": True}, "reschedule"),
        ({"confidence": "unknown"}, "likely or sure"),
        ({"outcome": "completed", "cause": None}, "not interrupted/seeker"),
        ({"ended_at": START + timedelta(minutes=30)}, "before end"),
        ({"times_ended": 2}, "2 times"),
    ],
)
def test_each_difference_is_a_mistake(change: dict[str, object], word: str):
    row = EXPECTED.row("seeker_steps_out", "early")
    right = came(EXPECTED, row, "interrupted/seeker")
    assert EXPECTED.mistakes(row, right) == []
    assert any(word in each for each in EXPECTED.mistakes(row, replace(right, **change)))


def test_the_table_says_what_came_and_what_was_wrong():
    row, other = EXPECTED.row("node_killed", "early"), EXPECTED.row("seeker_steps_out", "early")
    plays = {play.name: play for play in PLAYS}
    convicted = came(EXPECTED, row, "interrupted/seeker")
    results = [
        Result(
            plays[row.name],
            [
                Run(came(EXPECTED, row, "completed/"), ["it went well"]),
                Run(convicted, ["the node was killed"]),
            ],
        ),
        Result(plays[other.name], unplayed=["TimeoutError: the page never came"]),
    ]
    printed = table(EXPECTED, results)
    assert "1 of 2" in printed
    assert "1 seekers convicted by what was not theirs" in printed
    assert "not played: TimeoutError: the page never came" in printed
    assert not is_fine(EXPECTED, results)
    assert "the node was killed" in printed
    assert "it went well" not in printed
    right = came(EXPECTED, row, "completed/")
    assert is_fine(EXPECTED, [Result(plays[row.name], [Run(right)])])
    assert not is_fine(EXPECTED, [Result(plays[row.name], [Run(right, stuck="never live")])])


def test_a_fault_that_was_not_played_is_not_fine():
    assert not is_fine(EXPECTED, [Result(PLAYS[0])])


def test_nobody_here_imports_the_policy():
    imported = set()
    for file in HERE.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                imported.add(str(node.module))
            elif isinstance(node, ast.Import):
                imported |= {each.name for each in node.names}
    assert not [name for name in imported if name.startswith(("orchestrator", "signaling"))]
