"""docs/session.md is what the tables say, and no table has a hole."""

import re
import runpy
import sys
from pathlib import Path

import pytest

from orchestrator.policy import docs
from orchestrator.policy.effects import REFUSALS
from orchestrator.policy.model import ALLOWED, DeadlineReason, Outcome, Phase, Presence, Purpose
from tests.orchestrator.policy.scenario import IX, KUMAGAYA, SAKAI

HOUSE = Path(__file__).parents[3]
POLICY = HOUSE / "orchestrator" / "policy"
SOURCE = "\n".join(path.read_text() for path in sorted(POLICY.glob("*.py")))


def test_the_page_on_disk_is_what_the_policy_says():
    assert (HOUSE / docs.PAGE).read_text() == docs.document(), "write it again with `make docs`"


@pytest.mark.parametrize(
    ("told", "known"),
    [
        (docs.PHASES, Phase),
        (docs.PRESENCES, Presence),
        (docs.DEADLINES, DeadlineReason),
        (docs.OUTCOMES, Outcome),
        (docs.REFUSED, REFUSALS),
    ],
)
def test_everything_has_its_sentence(told, known):
    assert set(told) == set(known)


def test_every_record_that_the_policy_writes_is_told_and_no_other():
    plain = set(re.findall(r'\.record\(\s*"([a-z_.]+)"', SOURCE))
    of_slots = re.findall(r'\.record\(f"{(?:event\.)?purpose\.value}\.([a-z]+)"', SOURCE)
    assert set(docs.RECORDS) == plain | {f"{p.value}.{name}" for p in Purpose for name in of_slots}


def test_every_refusal_of_the_policy_is_a_known_code():
    codes = set(re.findall(r'refuse\([^)]*?"([a-z_]+)"[,)]', SOURCE))
    assert len(codes) > 8, "the source is read rightly"
    assert codes <= REFUSALS


def test_the_diagram_has_every_edge_of_the_table_and_no_other():
    drawn = set(re.findall(r"^    (\w+) --> (\w+)", docs.document(), re.MULTILINE))
    assert drawn == {(a.value, b.value) for a, following in ALLOWED.items() for b in following}


def test_every_labelled_move_is_allowed():
    assert all(after in ALLOWED[before] for before, after in docs.MOVES)


@pytest.mark.parametrize("rules", [KUMAGAYA, SAKAI, IX], ids=lambda rules: rules.programme)
def test_the_programmes_use_no_key_that_the_page_does_not_know(rules):
    assert set(rules.consequences) <= set(docs.consequence_keys())


def test_the_page_is_written_and_checked(tmp_path, capsys):
    page = tmp_path / "session.md"
    assert docs.main(["--check"], page) == 1
    assert "make docs" in capsys.readouterr().err
    assert docs.main([], page) == 0
    assert docs.main(["--check"], page) == 0
    page.write_text(page.read_text() + "by hand")
    assert docs.main(["--check"], page) == 1


def test_it_runs_as_a_program(monkeypatch):
    monkeypatch.chdir(HOUSE)
    monkeypatch.setattr(sys, "argv", ["docs", "--check"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(HOUSE / "orchestrator" / "policy" / "docs.py"), run_name="__main__")
    assert ended.value.code == 0
