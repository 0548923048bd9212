"""What a telephone does to a page, run by the node that Playwright brings along: no page, no browser."""

import subprocess
from pathlib import Path

import playwright

NODE = Path(playwright.__file__).parent / "driver" / "node"
TESTS = Path(__file__).parent / "node" / "phones.test.mjs"


def test_devices_that_are_taken_and_given_back() -> None:
    run = subprocess.run(
        [NODE, "--test", TESTS], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "fail 0" in run.stdout
    assert "pass 0" not in run.stdout
