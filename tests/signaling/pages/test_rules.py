"""What modules of the pages decide, run by node: no page, no browser. The claims are in `node/*.test.mjs`."""

import subprocess
from pathlib import Path

import pytest

from tests.signaling.pages.javascript import NODE

CLAIMS = sorted((Path(__file__).parent / "node").glob("*.test.mjs"))


@pytest.mark.parametrize("claims", CLAIMS, ids=lambda path: path.name.partition(".")[0])
def test_a_module_keeps_its_claims(claims: Path) -> None:
    run = subprocess.run(
        [NODE, "--test", claims], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "fail 0" in run.stdout
    assert "pass 0" not in run.stdout
