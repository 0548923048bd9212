"""What a page says of who looks on, run by the node that Playwright brings along: no page, no browser."""

import subprocess
from pathlib import Path

import playwright

NODE = Path(playwright.__file__).parent / "driver" / "node"
TESTS = Path(__file__).parent / "node" / "observer.test.mjs"


def test_everybody_is_told_of_who_looks_on() -> None:
    run = subprocess.run(
        [NODE, "--test", TESTS], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "fail 0" in run.stdout
    assert "pass 0" not in run.stdout
