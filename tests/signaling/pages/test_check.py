"""What the pre-call check makes of browsers, lines and refusals, run by the node that Playwright brings along."""

import subprocess
from pathlib import Path

import playwright

NODE = Path(playwright.__file__).parent / "driver" / "node"
TESTS = Path(__file__).parent / "node" / "check.test.mjs"


def test_browsers_lines_and_refusals_have_their_words() -> None:
    run = subprocess.run(
        [NODE, "--test", TESTS], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "fail 0" in run.stdout
    assert "pass 0" not in run.stdout
