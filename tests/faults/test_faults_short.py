"""A short cut of `make test-faults`: the cheapest faults, once each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from tests.faults.expected import load
from tests.faults.plays import PLAYS
from tests.faults.rooms import Times
from tests.faults.runner import Result, play_all, table

pytestmark = [pytest.mark.browser, pytest.mark.chaos, pytest.mark.timeout(400)]

TIMES = Times(
    slot=50.0, cutoff=14.0, tolerance=14.0, grace=13.0, grace_total=34.0, hold=15.0, tail=4.0,
    starts_in=10.0,
)  # fmt: skip
KINDS = (
    ("seeker_reloads", "early"),
    ("worker_killed", "early"),
    ("both_lines_cut", "early"),
    ("node_killed_seeker_gives_up", "early"),
    ("seeker_steps_out", "early"),
    ("seeker_closes_tab", "early"),
    ("seeker_never_comes", "waiting"),
    ("supporter_never_comes", "waiting"),
)
"""Those that last longest come first."""
AT_ONCE = 4
"""Rooms; with eight, both cores were so busy that a page was back only when its grace was over."""
EXPECTED = load()


@pytest.fixture(scope="module")
def results() -> Mapping[tuple[str, str], Result]:
    """What came of each fault."""
    played_as = {play.name: play for play in PLAYS}
    results = [Result(played_as[name]) for name in KINDS]
    with asyncio.Runner() as runner:
        runner.run(play_all(results, TIMES, runs=1, rooms=AT_ONCE))
    return {result.play.name: result for result in results}


@pytest.mark.parametrize("name", KINDS, ids="/".join)
def test_what_comes_of_a_fault_is_what_must_come(
    results: Mapping[tuple[str, str], Result], name: tuple[str, str]
):
    result = results[name]
    assert result.runs, result.unplayed
    assert result.mistakes(EXPECTED) == [], table(EXPECTED, [result])
