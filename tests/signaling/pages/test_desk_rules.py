"""What the desk makes of its rows, and where notes lie, run by the node that Playwright brings along: no browser."""

import subprocess
from pathlib import Path

import playwright

NODE = Path(playwright.__file__).parent / "driver" / "node"
TESTS = Path(__file__).parent / "node" / "desk.test.mjs"


def test_the_day_of_a_counter_and_notes_to_oneself() -> None:
    run = subprocess.run(
        [NODE, "--test", TESTS], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "fail 0" in run.stdout
    assert "pass 0" not in run.stdout
