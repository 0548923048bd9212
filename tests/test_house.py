"""Claims about the house itself: what stands where, what is pinned, what is written."""

import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from orchestrator import settings
from tests.conftest import REAL_TIME

HOUSE = Path(__file__).parent.parent
ROOMS = ("orchestrator", "signaling", "workers")
FOLDERS = {*ROOMS, "tests", "deploy", "docs", ".ci"}
FILES = {
    ".editorconfig", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
    "constraints.txt", "pyproject.toml",
}  # fmt: skip
PROJECT = tomllib.loads((HOUSE / "pyproject.toml").read_text())
PAGES = sorted([HOUSE / "README.md", HOUSE / "CONTRIBUTING.md", *(HOUSE / "docs").rglob("*.md")])
DECISIONS = sorted((HOUSE / "docs" / "adr").glob("*.md"))


def tracked():
    """Every file that git knows, relative to the house."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=HOUSE, check=True, capture_output=True, text=True
    )
    return [Path(name) for name in listed.stdout.split("\0") if name]


def sources():
    """Every Python file of ours that is not a test."""
    return [
        path
        for path in tracked()
        if path.suffix == ".py" and path.parts[0] in ROOMS and (HOUSE / path).exists()
    ]


def requirement_names(requirements):
    """`redis>=8; marker` -> `redis`."""
    return {
        re.match(r"[A-Za-z0-9._-]+", requirement).group().lower() for requirement in requirements
    }


# ---- what stands where ----------------------------------------------------------------------------------------------


def test_top_level_has_the_given_names_and_the_house_files_only():
    parts = [path.parts for path in tracked()]
    assert {given[0] for given in parts if len(given) > 1} == FOLDERS
    assert {given[0] for given in parts if len(given) == 1} == FILES


def test_no_file_is_named_for_being_useful():
    shy = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"}
    assert [path for path in tracked() if path.stem in shy] == []


def test_what_needs_real_time_is_where_make_test_looks_for_it():
    tests = [path for path in tracked() if path.name.startswith("test_") and path.suffix == ".py"]
    assert {f"{path.parts[0]}/{path.parts[1]}/" for path in tests} >= set(REAL_TIME)
    office = re.compile(r"^from tests\.browser\.office import", re.MULTILINE)
    calls = [path for path in tests if office.search((HOUSE / path).read_text())]
    assert calls
    assert [path for path in calls if not str(path).startswith(REAL_TIME)] == []


def test_import_rule_holds():
    lint = Path(sys.executable).parent / "lint-imports"
    run = subprocess.run(
        [lint, "--no-cache"], cwd=HOUSE, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-3000:]


def test_every_module_has_its_place_in_the_import_rule():
    (rule,) = [
        contract
        for contract in PROJECT["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    ]
    placed = {name.strip("() ") for layer in rule["layers"] for name in re.split(r"[|:]", layer)}
    modules = {
        ".".join(path.with_suffix("").parts[:2])
        for path in sources()
        if path.parts[0] != "signaling"
    }
    assert {name for name in modules if not name.endswith("__init__")} <= placed


def log_calls():
    """Every `log.info(...)` of ours: where it is, and the call."""
    levels = {"debug", "info", "warning", "error", "exception", "critical"}
    for path in sources():
        for node in ast.walk(ast.parse((HOUSE / path).read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in levels
            ):
                owner = node.func.value
                if getattr(owner, "id", getattr(owner, "attr", "")).strip("_") in {"log", "logger"}:
                    yield f"{path}:{node.lineno}", node


def test_log_events_are_nouns_with_a_verb():
    wrong = []
    for place, call in log_calls():
        # The name may be one of several, `"a.b" if … else "c.d"`; everything else goes into keys.
        names = [
            part.value
            for argument in call.args
            for part in ast.walk(argument)
            if isinstance(part, ast.Constant)
        ]
        if len(call.args) != 1 or not all(
            re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", str(name)) for name in names
        ):
            wrong.append(place)
    assert wrong == []


def test_log_keys_leave_the_word_event_to_the_log():
    assert [
        place
        for place, call in log_calls()
        if "event" in {keyword.arg for keyword in call.keywords}
    ] == []


ITS_NEIGHBOUR_DRAWS = {"signaling.auth"}
"""Pure itself; it hashes with `orchestrator.credentials`, which draws as well."""


def test_what_says_that_it_is_pure_is_held_to_it():
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    held = next(each for each in contracts if each["name"].startswith("The pure modules"))
    prefixes = tuple(held["source_modules"])
    said = {
        ".".join(path.with_suffix("").parts)
        for path in sources()
        if re.search(r"\bPURE\.", ast.get_docstring(ast.parse((HOUSE / path).read_text())) or "")
    }
    unheld = {name for name in said if not f"{name}.".startswith(tuple(f"{p}." for p in prefixes))}
    assert unheld == ITS_NEIGHBOUR_DRAWS


# ---- what is pinned -------------------------------------------------------------------------------------------------


def constraints():
    """Name in lower case -> version."""
    lines = (HOUSE / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in pins)
    return {name.lower(): version for name, version in (line.split("==") for line in pins)}


def test_constraints_are_names_and_versions_and_no_host():
    assert "//" not in (HOUSE / "constraints.txt").read_text()
    assert len(constraints()) > 40


def test_everything_the_project_asks_for_is_pinned():
    asked = requirement_names(PROJECT["project"]["dependencies"])
    asked |= requirement_names(PROJECT["project"]["optional-dependencies"]["dev"])
    asked |= requirement_names(PROJECT["build-system"]["requires"])
    assert asked <= constraints().keys()


def test_pinned_versions_of_the_seams_are_those_of_the_decision():
    decision = (HOUSE / "docs/adr/0003-own-forwarding-on-aiortcs-seam.md").read_text()
    for name, minor in re.findall(r"\b(aiortc|pylibsrtp) (\d+\.\d+)", decision):
        assert constraints()[name].startswith(minor + ".")


# ---- what is written ------------------------------------------------------------------------------------------------


def test_decisions_are_numbered_without_a_gap():
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_decision_has_date_status_and_both_kinds_of_consequences(decision):
    text = decision.read_text()
    assert re.match(
        rf"# {int(decision.name[:4])}\. .+\n\n- Date: \d{{4}}-\d\d-\d\d\n- Status: \w+", text
    )
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert "\n- Good: " in text
    assert "\n- Bad: " in text


def test_readme_names_the_two_commands():
    code = re.search(r"```sh\n(.*?)```", (HOUSE / "README.md").read_text(), re.DOTALL).group(1)
    assert [line.split("#")[0].strip() for line in code.splitlines()] == ["make demo", "make test"]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_links_of_a_page_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)", page.read_text())
    ours = [target for target in targets if "://" not in target]
    assert [target for target in ours if not (page.parent / target).exists()] == []


def test_settings_page_is_what_the_code_says():
    assert (HOUSE / "docs/settings.md").read_text() == settings.document()


# ---- what is typed --------------------------------------------------------------------------------------------------


def test_ci_runs_the_test_command_of_the_readme():
    script = HOUSE / ".ci" / "run"
    assert os.access(script, os.X_OK)
    commands = [
        line
        for line in script.read_text().splitlines()
        if line and not line.startswith(("#", "set ", "cd "))
    ]
    assert commands == ["exec make test </dev/null"]


def test_help_lists_every_target():
    makefile = (HOUSE / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE).group(1).split()
    shown = subprocess.run(
        ["make", "--silent", "--no-print-directory", "help"],
        cwd=HOUSE,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert [line.split()[0] for line in shown.splitlines()] == targets
    assert all(len(line.split()) > 1 for line in shown.splitlines())


@pytest.fixture
def clone(tmp_path):
    """A folder with what setup reads, and an environment that looks made."""
    shutil.copytree(HOUSE / "deploy", tmp_path / "deploy")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(HOUSE / name, tmp_path)
    program = tmp_path / ".venv" / "bin" / "madoguchi"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    asked = (tmp_path / "pyproject.toml").read_bytes() + (tmp_path / "constraints.txt").read_bytes()
    stamp = hashlib.sha256(asked + str(tmp_path).encode()).hexdigest()
    (tmp_path / ".venv" / ".made-for-run").write_text(stamp)
    return tmp_path


def setup(folder, *words):
    """Run deploy/setup with a handful of programs; none of them can make or fill an environment."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    for name in (
        "cat",
        "cut",
        "dirname",
        "flock",
        "grep",
        "head",
        "id",
        "mktemp",
        "rm",
        "rmdir",
        "sha256sum",
    ):
        (tools / name).symlink_to(shutil.which(name))
    return subprocess.run(
        [shutil.which("bash"), folder / "deploy" / "setup", *words],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_second_setup_does_nothing(clone):
    run = setup(clone)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_changed_pins_make_setup_look_again(clone):
    with (clone / "constraints.txt").open("a") as file:
        file.write("one-more==1.0\n")
    assert "it is no virtual environment" in setup(clone).stderr


def test_setup_says_what_it_does_not_know(clone):
    run = setup(clone, "everything")
    assert run.returncode == 1
    known = "dev, fuzz, browsers, firefox, benchmarks, lighthouse, constraints"
    assert run.stderr == f"\nsetup: what is 'everything'? Known: {known}.\n"
