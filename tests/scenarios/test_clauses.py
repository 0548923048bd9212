"""docs/clauses.md is what the programmes and the scenarios say, and no clause is without a scenario."""

import pytest

from orchestrator.policy.programme import Programme
from tests.scenarios import clauses
from tests.scenarios.reader import GROUPS, HERE, PROGRAMMES, files, read
from tests.scenarios.rules import cited, clauses_in, keys_of

SCENARIOS = [read(path) for path in files()]


def test_the_page_on_disk_is_what_programmes_and_scenarios_say():
    assert clauses.PAGE.read_text() == clauses.document(SCENARIOS), (
        "write it again with `make docs`"
    )


def test_the_readme_on_disk_has_the_table_of_sentences():
    assert clauses.README.read_text() == clauses.readme(), "write it again with `make docs`"


@pytest.mark.parametrize("clause", [*clauses.LIVE, *clauses.WHO_COMES_IN], ids=lambda it: it.name)
def test_every_clause_has_a_scenario(clause):
    assert any(clause.name in it.clauses for it in SCENARIOS)


def test_scenarios_cite_clauses_that_there_are():
    assert [
        (it.name, clause) for it in SCENARIOS for clause in it.clauses if not clauses.known(clause)
    ] == []


def test_every_file_lies_in_one_of_the_groups():
    assert {path.parent.name for path in files()} == set(GROUPS)
    assert {path.parent.parent for path in files()} == {HERE}


def test_titles_are_told_once_each():
    titles = [it.title for it in SCENARIOS]
    assert sorted(set(titles)) == sorted(titles)


@pytest.mark.parametrize("name", PROGRAMMES)
def test_every_line_of_a_programme_cites_its_clause_or_says_ours(name):
    assert [it.key for it in cited(name) if not it.is_sourced] == []


@pytest.mark.parametrize("name", PROGRAMMES)
def test_every_key_of_a_programme_is_found_in_its_file(name):
    fields = Programme.model_fields.items()
    optional = {key for key, field in fields if not field.is_required()} | {
        "terms.url",
        "terms.full",
    }
    assert set(keys_of(PROGRAMMES[name])) - {it.key for it in cited(name)} <= optional


def test_citations_are_read_with_all_their_numbers():
    assert list(clauses_in("SAKAI 4(1), 4(4) to 4(8)")) == [
        "SAKAI 4(1)",
        "SAKAI 4(4)",
        "SAKAI 4(8)",
    ]
    assert list(clauses_in("IX 5-2(1); modified devices (IX 5-2(3)) have none")) == [
        "IX 5-2(1)",
        "IX 5-2(3)",
    ]
    assert list(clauses_in("SAKAI, preamble, 5-3")) == ["SAKAI 5-3"]
    assert list(clauses_in("ours, for KUMAGAYA 12(2)")) == ["KUMAGAYA 12(2)"]


@pytest.mark.parametrize(
    ("citation", "covered"),
    [("SAKAI 4", True), ("SAKAI 4(2)", True), ("IX 4-2", False), ("SAKAI 41", False)],
)
def test_a_clause_covers_its_own_numbers(citation, covered):
    assert clauses.covers("SAKAI 4", citation) is covered
