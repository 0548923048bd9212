"""Planted bugs: each takes one promise out of the store, and the tests that break stores must notice every one.

The store is copied into a tree of its own and a part of the suite runs there, on a real server. The unchanged copy
passes, so what fails is the bug. Leave them out with `-m "not mutation"`.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.mutation

HOUSE = Path(__file__).parents[3]
HERE = Path(__file__).parent.relative_to(HOUSE)
PASSED, FAILED = 0, 1
"""Exit codes of pytest; any other means that it could not even look."""

OUTBOX_OF_THE_SCRIPT = """for at = 15 + records + ledgers, #ARGV, 3 do
  redis.call('XADD', KEYS[5], '*', 'session', sid, 'topic', ARGV[at], 'recipient', ARGV[at + 1], 'key', ARGV[at + 2])
end
"""
WRITE_OUTBOX = """for publish in commit.publishes:
            fields = {"session": session.id, "topic": publish.topic}
            fields |= {"recipient": publish.recipient, "key": publish.key}
            await self._commands.xadd(keys.OUTBOX, fields)
        """


@dataclass(frozen=True)
class Edit:
    """In that file of the store, this snippet becomes that one."""

    file: str
    snippet: str
    planted: str


@dataclass(frozen=True)
class Mutant:
    """One bug, and the tests that must see it."""

    bug: str
    edits: tuple[Edit, ...]
    seen_by: str


MUTANTS = [
    Mutant(
        "an old fence writes",
        (Edit("apply.lua", "if stored[2] ~= fence then", "if false then"),),
        "test_commit.py",
    ),
    Mutant(
        "a repeated command applies again",
        (
            Edit("apply.lua", "if earlier then", "if false then"),
            Edit("apply.lua", "if tonumber(stored[1]) ~= version - 1 then", "if false then"),
            Edit("apply.lua", "ARGV[4] .. '-' .. n", "'*'"),
        ),
        "test_commit.py",
    ),
    Mutant(
        "the command id is not remembered",
        (Edit("apply.lua", "redis.call('HSET', KEYS[3], command, ARGV[4])", ""),),
        "test_commit.py",
    ),
    Mutant(
        "any version may be written over",
        (
            Edit("apply.lua", "if tonumber(stored[1]) ~= version - 1 then", "if false then"),
            Edit("apply.lua", "ARGV[4] .. '-' .. n", "'*'"),
        ),
        "test_commit.py",
    ),
    Mutant(
        "the outbox is written before the transition",
        (
            Edit("apply.lua", OUTBOX_OF_THE_SCRIPT, ""),
            Edit(
                "valkey.py",
                "return await self._writer.put(",
                f"{WRITE_OUTBOX}return await self._writer.put(",
            ),
        ),
        "test_commit.py",
    ),
    Mutant(
        "the outbox is written after the transition",
        (
            Edit("apply.lua", OUTBOX_OF_THE_SCRIPT, ""),
            Edit(
                "valkey.py", "return await self._writer.put(", "applied = await self._writer.put("
            ),
            Edit(
                "valkey.py",
                """for text in _texts(publish)),
            ],
        )
""",
                f"""for text in _texts(publish)),
            ],
        )
        if applied is not Applied.DONE:
            return applied
        {WRITE_OUTBOX}return applied
""",
            ),
        ),
        "test_outage.py",
    ),
    Mutant(
        "the history is written although the transition is not",
        (
            Edit(
                "apply.lua",
                "if stored[2] ~= fence then\n",
                "if stored[2] ~= fence then\n  redis.call('XADD', KEYS[2], '*', 'record', ARGV[15])\n",
            ),
        ),
        "test_commit.py",
    ),
    Mutant(
        "a claim does not look at the fence",
        (
            Edit(
                "claim.lua",
                "if stored[1] ~= ARGV[2] or stored[2] ~= ARGV[3] then",
                "if not stored[1] then",
            ),
        ),
        "test_commit.py",
    ),
    Mutant(
        "a claim does not raise the fence",
        (Edit("claim.lua", "tonumber(stored[2]) + 1", "tonumber(stored[2]) + 0"),),
        "test_commit.py",
    ),
    Mutant(
        "two bookings of one slot",
        (Edit("book.lua", "if other ~= ARGV[8] then", "if false then"),),
        "test_book.py",
    ),
    Mutant(
        "somebody suspended is booked",
        (
            Edit(
                "book.lua",
                "if redis.call('SISMEMBER', KEYS[10], person) == 1 then",
                "if false then",
            ),
        ),
        "test_register.py",
    ),
    Mutant(
        "maintenance is booked into",
        (Edit("book.lua", "if windows[1] then", "if false then"),),
        "test_register.py",
    ),
    Mutant(
        "two decide about one person",
        (
            Edit(
                "decide.lua",
                "if redis.call('LLEN', KEYS[1]) ~= tonumber(ARGV[1]) then",
                "if false then",
            ),
        ),
        "test_register.py",
    ),
    Mutant(
        "a task comes from a ledger of yesterday",
        (Edit("attend.lua", "(redis.call('HGET', KEYS[1], '#') or '0') ~= ARGV[1]", "false"),),
        "test_register.py",
    ),
    Mutant(
        "a decision leaves the ledger's stamp as it is",
        (Edit("decide.lua", "redis.call('HINCRBY', KEYS[2], '#', 1)", ""),),
        "test_register.py",
    ),
    Mutant(
        "a line that is no longer true stays",
        (Edit("apply.lua", "if line == '' and before then", "if false then"),),
        "test_register.py",
    ),
    Mutant(
        "a commit takes a reserved end back",
        (Edit("apply.lua", "KEYS[calendar], 'GT', ARGV[8]", "KEYS[calendar], ARGV[8]"),),
        "test_register.py",
    ),
    Mutant(
        "an end is reserved over the next booking",
        (Edit("reserve.lua", "if member ~= ARGV[1] and tonumber", "if false and tonumber"),),
        "test_register.py",
    ),
    Mutant(
        "a retry whose first answer was lost counts as somebody else's",
        (
            Edit(
                "writer.py",
                "if applied is Applied.REPEATED and entry.is_repeat and version == entry.version:",
                "if applied is None:",
            ),
        ),
        "test_writer.py",
    ),
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the orchestrator and of the store's tests, away from the house."""
    root = tmp_path_factory.mktemp("mutants")
    unneeded = shutil.ignore_patterns("__pycache__", "test_mutations.py")
    shutil.copytree(HOUSE / "orchestrator", root / "orchestrator", ignore=unneeded)
    shutil.copytree(HOUSE / HERE, root / HERE, ignore=unneeded)
    for name in ("conftest.py", "fakes.py"):
        shutil.copy(HOUSE / "tests" / name, root / "tests" / name)
    (root / "pytest.ini").write_text(
        "[pytest]\naddopts = --import-mode=importlib\nasyncio_mode = auto\n"
        "asyncio_default_fixture_loop_scope = function\n"
    )
    return root


def run(tree, tests):
    """Run a part of the suite in the tree, and return how it went."""
    paths = [str(HERE / test) for test in tests.split()]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tree),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    plugins = ["-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", *plugins, *paths],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_the_unchanged_store_passes_away_from_home(tree):
    done = run(tree, " ".join(sorted({mutant.seen_by for mutant in MUTANTS})))
    assert done.returncode == PASSED, done.stdout + done.stderr


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.bug.replace(" ", "-"))
def test_a_planted_bug_is_seen(tree, mutant):
    sound = {}
    try:
        for edit in mutant.edits:
            path = tree / "orchestrator" / "store" / edit.file
            text = path.read_text()
            sound.setdefault(path, text)
            assert text.count(edit.snippet) == 1, "the snippet has moved: plant the bug anew"
            path.write_text(text.replace(edit.snippet, edit.planted))
        done = run(tree, mutant.seen_by)
    finally:
        for path, text in sound.items():
            path.write_text(text)
    assert done.returncode == FAILED, done.stdout + done.stderr
    assert "error" not in done.stdout.splitlines()[-1], "a failed claim, not a broken tree"
