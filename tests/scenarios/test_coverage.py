"""Nothing that can happen to a session, and nothing that the policy refuses, is without a scenario that shows it."""

import typing

import pytest

from orchestrator.policy import docs
from orchestrator.policy.effects import REFUSALS, Refuse
from orchestrator.policy.events import Event
from orchestrator.policy.model import CAUSES, Outcome
from tests.scenarios.reader import files, read
from tests.scenarios.walk import Walk

ELSEWHERE = {"reschedule_closed", "slot_taken"}
"""Refusals of the booking, before the policy hears of it."""

EVENTS = {event.__name__ for event in typing.get_args(Event)}
OUTCOMES = {(it.value, cause and cause.value) for it in Outcome for cause in CAUSES[it] or (None,)}


@pytest.fixture(scope="module")
def walks():
    """Every scenario, told once."""
    told = []
    for scenario in map(read, files()):
        walk = Walk(scenario, scenario.programme(scenario.programmes[0]), is_walked=False)
        walk.tell()
        told.append(walk)
    return told


def test_every_event_is_told(walks):
    assert EVENTS - {type(event).__name__ for it in walks for _, event in it.told} == {"Woken"}


def test_every_refusal_is_shown(walks):
    shown = {effect.code for it in walks for effect in it.effects if isinstance(effect, Refuse)}
    assert REFUSALS - shown == ELSEWHERE


def test_every_line_of_history_is_written(walks):
    assert set(docs.RECORDS) - {record.name for it in walks for record in it.records} == set()


def test_every_outcome_is_reached_with_every_cause(walks):
    reached = {
        (it.session.outcome.value, it.session.cause and it.session.cause.value)
        for it in walks
        if it.session.outcome
    }
    assert OUTCOMES - reached == set()
