"""Planted bugs: each is one changed snippet of the policy, and the stories must notice every one.

The policy is copied into a tree of its own and a part of the suite runs there. The unchanged copy passes, so what
fails is the bug. Leave them out with `-m "not mutation"`.
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


@dataclass(frozen=True)
class Mutant:
    """One bug: in that file, this snippet becomes that one, and those tests must see it."""

    bug: str
    file: str
    snippet: str
    planted: str
    seen_by: str


MUTANTS = [
    Mutant(
        "the cutoff comes a second early",
        "session.py",
        "judge_at=min(starts_at + rules.cutoff, ends_at)",
        "judge_at=min(starts_at + rules.cutoff - timedelta(seconds=1), ends_at)",
        "test_cutoff.py",
    ),
    Mutant(
        "a grace lasts past the end",
        "presence.py",
        "ends_at = min(begins_at + min(session.rules.grace, left), session.ends_at)",
        "ends_at = begins_at + min(session.rules.grace, left)",
        "test_losses.py",
    ),
    Mutant(
        "time does not come first",
        "session.py",
        "_pass_time(turn, min(event.began_at, now) if isinstance(event, ServiceGap) else now)",
        "pass",
        "test_cutoff.py",
    ),
    Mutant(
        "what falls on the very instant of a deadline comes before it",
        "session.py",
        "if due is None or due.at > until:",
        "if due is None or due.at >= until:",
        "test_cutoff.py",
    ),
    Mutant(
        "a connection that is told twice throws itself out",
        "presence.py",
        """    if seat.connection == event.connection:
        return
    if seat.connection is not None:""",
        "    if seat.connection is not None:",
        "test_devices.py",
    ),
    Mutant(
        "a slot is booked twice",
        "wishes.py",
        "if found is None or found.state in _BOOKED:",
        "if found is None:",
        "test_wishes.py",
    ),
    Mutant(
        "the hard end loses ties",
        "model.py",
        "    HARD_END = 0\n",
        "    HARD_END = 99\n",
        "test_session.py",
    ),
    Mutant(
        "a strike although notice was given",
        "endings.py",
        "if session.seeker_notice is not None or session.seeker.was_kept_out:",
        "if session.seeker.was_kept_out:",
        "test_cutoff.py",
    ),
    Mutant(
        "the tail counts for nothing",
        "endings.py",
        "lost_at >= session.ends_at - session.rules.tail",
        "lost_at > session.ends_at",
        "test_losses.py",
    ),
    Mutant(
        "a second signal of the same loss restarts the grace",
        "presence.py",
        "loss=replace(seat.loss, evidence=known + new)",
        "loss=replace(seat.loss, evidence=known + new,"
        " grace_ends_at=turn.at + session.rules.grace)",
        "test_losses.py",
    ),
    Mutant(
        "a gap moves no grace",
        "gaps.py",
        "    _move_graces(turn, gap)\n    _move_reload(turn, gap)\n",
        "    _move_reload(turn, gap)\n",
        "test_gaps.py",
    ),
    Mutant(
        "the supporter need not wait for the grace",
        "wishes.py",
        "    elif not loss.judged:\n",
        "    elif loss.judged is None:\n",
        "test_losses.py",
    ),
    Mutant(
        "what the office keeps ends with the programme's hold",
        "session.py",
        "if session.is_kept or _is_provisional(session, seat.loss):",
        "if _is_provisional(session, seat.loss):",
        "test_hold.py",
    ),
    Mutant(
        "a seat that was kept once is kept at every loss",
        "presence.py",
        "        turn.set(is_kept=False)\n",
        "",
        "test_hold.py",
    ),
    Mutant(
        "live again when only one is back",
        "presence.py",
        "if all(seat.presence is Presence.IN for seat in seats_of(session)):",
        "if any(seat.presence is Presence.IN for seat in seats_of(session)):",
        "test_losses.py",
    ),
    Mutant(
        "another device takes the seat without a yes",
        "presence.py",
        "return seat.consent is not None or seat.connection is not None",
        "return False",
        "test_devices.py",
    ),
    Mutant(
        "a step that changes something keeps its version",
        "turn.py",
        "version=self._before.version + 1, clock=now",
        "version=self._before.version, clock=now",
        "test_attribution.py test_cutoff.py",
    ),
    Mutant(
        "a strike for somebody who was turned away",
        "endings.py",
        "if session.seeker_notice is not None or session.seeker.was_kept_out:",
        "if session.seeker_notice is not None:",
        "test_office.py",
    ),
    Mutant(
        "waiting counts as ringing",
        "turn.py",
        "return session.is_rung and session.supporter.is_present and not session.seeker.is_present",
        "return session.supporter.is_present and not session.seeker.is_present",
        "test_cutoff.py",
    ),
    Mutant(
        "our own restart makes a no-show",
        "endings.py",
        "if session.seeker.was_lost_by_us:",
        "if session.seeker.was_lost_by_us is None:",
        "test_office.py",
    ),
    Mutant(
        "the right to another date goes with the minute",
        "wishes.py",
        'turn.record("question.expired", question=asked.question.value)',
        "turn.set(late=None)",
        "test_latestart.py",
    ),
    Mutant(
        "of two overrulings at once the second wins",
        "office.py",
        "event.number != len(session.overrulings)",
        "event.number > len(session.overrulings)",
        "test_office.py",
    ),
    Mutant(
        "an overruled date stays open",
        "endings.py",
        "    if reschedule is not None and reschedule.state is RescheduleState.OPEN:",
        "    if reschedule is None:",
        "test_office.py",
    ),
    Mutant(
        "a later end counts before the worker holds it",
        "office.py",
        "extending is None or extending.ends_at != event.ends_at",
        "extending is None",
        "test_office.py",
    ),
    Mutant(
        "trouble before it is still a goodbye",
        "goodbye.py",
        "return None if trouble else closed",
        "return closed",
        "test_goodbye.py",
    ),
    Mutant(
        "a telephone session without a report is judged",
        "endings.py",
        "return session.call is CallState.NO_ANSWER and is_rung",
        "return is_rung",
        "test_medium.py",
    ),
    Mutant(
        "on the telephone a closed page interrupts",
        "presence.py",
        "if session.medium is Medium.PHONE and session.phase in _RUNNING and not _is_call(seen):",
        "if session.medium is None:",
        "test_medium.py",
    ),
    Mutant(
        "the office undoes what a grace has decided",
        "office.py",
        """    if standing is not None:
        return standing
    if held""",
        "    if held",
        "test_ended_by_office.py",
    ),
    Mutant(
        "the seeker pays for what the office ends",
        "endings.py",
        "if keys[0] == ENDED_BY_OFFICE:",
        "if False:",
        "test_ended_by_office.py",
    ),
    Mutant(
        "maintenance lets a live session go on",
        "office.py",
        """    elif session.phase in _RUNNING:
        ours""",
        """    elif session.phase is Phase.LIVE:
        return
    elif session.phase is Phase.INTERRUPTED:
        ours""",
        "test_office.py",
    ),
    Mutant(
        "whoever is in a stopped session is under review",
        "ledger.py",
        "review=is_stopped and session.cause is Cause.SEEKER,",
        "review=is_stopped,",
        "test_ledger.py",
    ),
    Mutant(
        "strikes refuse by themselves",
        "standing.py",
        "state=StandingState.GOOD if last is None else _LEADS_TO[last.kind],",
        "state=StandingState.SUSPENDED if concerns else StandingState.GOOD,",
        "test_ledger.py",
    ),
    Mutant(
        "a decision forgives nothing",
        "standing.py",
        "if last is None or line.judged_at > last.at]",
        "]",
        "test_ledger.py",
    ),
    Mutant(
        "strikes never grow old",
        "standing.py",
        "if line.strike and strikes is not None and line.at > now - strikes.within",
        "if line.strike and strikes is not None",
        "test_ledger.py",
    ),
    Mutant(
        "what was restored counts as used",
        "standing.py",
        "line.quota is Quota.USED",
        "line.quota is not None",
        "test_ledger.py",
    ),
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the orchestrator and of the policy's stories, away from the house."""
    root = tmp_path_factory.mktemp("mutants")
    unneeded = shutil.ignore_patterns("__pycache__", "test_mutations.py")
    shutil.copytree(HOUSE / "orchestrator", root / "orchestrator", ignore=unneeded)
    shutil.copytree(HOUSE / HERE, root / HERE, ignore=unneeded)
    (root / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
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
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", "-p", "no:cacheprovider", *paths],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_the_unchanged_policy_passes_away_from_home(tree):
    done = run(tree, " ".join(sorted({test for it in MUTANTS for test in it.seen_by.split()})))
    assert done.returncode == PASSED, done.stdout + done.stderr


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.bug.replace(" ", "-"))
def test_a_planted_bug_is_seen(tree, mutant):
    path = tree / "orchestrator" / "policy" / mutant.file
    sound = path.read_text()
    assert sound.count(mutant.snippet) == 1, "the snippet has moved: plant the bug anew"
    path.write_text(sound.replace(mutant.snippet, mutant.planted))
    try:
        done = run(tree, mutant.seen_by)
    finally:
        path.write_text(sound)
    assert done.returncode == FAILED, done.stdout + done.stderr
    assert "error" not in done.stdout.splitlines()[-1], "a failed claim, not a broken tree"
