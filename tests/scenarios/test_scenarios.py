"""Every scenario file is told, and each rule that it names is one that it depends on."""

import pytest

from tests.scenarios.reader import PROGRAMMES, files, read
from tests.scenarios.rules import far_changes, live_keys, near_changes, unknown_keys
from tests.scenarios.walk import Broken, Walk

SCENARIOS = [read(path) for path in files()]
RULES = [(it, name, key) for it in SCENARIOS for name, key in it.rules]
LIVE = [(name, key) for name, programme in PROGRAMMES.items() for key in live_keys(programme)]


def is_broken_by(scenario, programme):
    """Whether the scenario notices that it runs under that programme."""
    try:
        Walk(scenario, programme, is_walked=False).tell()
    except Broken:
        return True
    return False


@pytest.mark.parametrize(
    ("scenario", "name"),
    [
        pytest.param(it, name, id=f"{it.name}.scenario[{name}]")
        for it in SCENARIOS
        for name in it.programmes
    ],
)
def test_scenario(scenario, name):
    programme = scenario.programme(name)
    Walk(scenario, programme, is_walked=False).tell()
    Walk(scenario, programme, is_walked=True).tell()


@pytest.mark.parametrize(
    ("scenario", "name", "key"),
    [pytest.param(*it, id=f"{it[0].name}.scenario[{it[1]} {it[2]}]") for it in RULES],
)
def test_a_scenario_depends_on_every_rule_that_it_names(scenario, name, key):
    programme = scenario.programme(name)
    assert any(is_broken_by(scenario, other) for _, other in far_changes(programme, key))


def test_every_key_of_a_programme_is_live_or_somebody_says_why_not():
    assert [(name, key) for name, it in PROGRAMMES.items() for key in unknown_keys(it)] == []


@pytest.mark.parametrize(("name", "key"), LIVE, ids=str)
def test_every_live_rule_has_a_scenario(name, key):
    assert any((name, key) in it.rules for it in SCENARIOS), "a rule without a test"


@pytest.mark.parametrize(("name", "key"), LIVE, ids=str)
def test_the_smallest_change_of_a_rule_is_noticed(name, key):
    """By one second, one consequence, one attestation: some scenario that names the rule fails."""
    naming = [it for it in SCENARIOS if (name, key) in it.rules]
    changes = list(near_changes(PROGRAMMES[name], key))
    assert changes, "nobody knows another value of this rule"
    assert [
        what
        for what, other in changes
        if not any(is_broken_by(it, _in_place(it, name, other, key)) for it in naming)
    ] == []


def _in_place(scenario, name, other, key):
    """The scenario's own programme (it may say «but») with that one rule changed."""
    top = key.partition(".")[0]
    return scenario.programme(name).model_copy(update={top: getattr(other, top)})


def test_at_least_forty_five_stories_are_told():
    assert sum(it.name.startswith("stories/") for it in SCENARIOS) >= 45
