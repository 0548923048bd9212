"""Inputs that coverage leads to, with atheris: `python -m tests.fuzz.guided --folder F --runs N --seed S`.

A process of its own, for libFuzzer ends the process that it runs in. What it keeps as interesting is in the folder.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["workers.media", "aioice.stun"]):
    from tests.fuzz.inputs import attack, from_bytes
    from tests.fuzz.playing import CALM_EVERY, RENEW_EVERY
    from tests.fuzz.switch import ROUGH, World, no_exception_in_the_log

MAX_BYTES = 600


def main() -> None:
    """Play what libFuzzer proposes into one world."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--folder", type=Path, required=True)
    arguments.add_argument("--runs", type=int, required=True)
    arguments.add_argument("--seed", type=int, required=True)
    options = arguments.parse_args()
    world = World(options.seed)
    played = 0

    def one(data: bytes) -> None:
        nonlocal played
        if played % CALM_EVERY == 0:
            world.calm()
        if played % RENEW_EVERY == RENEW_EVERY - 1:
            world.connect(ROUGH, "attacker")
        played += 1
        attack(world, from_bytes(data))

    with no_exception_in_the_log():
        flags = [
            f"-runs={options.runs}",
            f"-seed={options.seed}",
            f"-max_len={MAX_BYTES}",
            f"-artifact_prefix={options.folder}/crash-",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *flags, str(options.folder / "kept")], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
