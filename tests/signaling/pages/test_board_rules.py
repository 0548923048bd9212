"""Which sessions the board shows and where, run by the node that Playwright brings along: no page, no browser."""

import subprocess
from pathlib import Path

import playwright

NODE = Path(playwright.__file__).parent / "driver" / "node"
TESTS = Path(__file__).parent / "node" / "board.test.mjs"


def test_rows_scale_and_lines_of_the_board() -> None:
    run = subprocess.run(
        [NODE, "--test", TESTS], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "fail 0" in run.stdout
    assert "pass 0" not in run.stdout
