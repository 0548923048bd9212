"""Hostile packets by the million: `python -m tests.fuzz [--inputs 1000000] [--seed N]`, or `make fuzz`.

Towards the UDP port of a media worker: what Hypothesis makes from the grammars of STUN, DTLS, RTP and RTCP, what
atheris finds along the coverage (where it is installed), captures of a real call with bytes changed, with and without
the right keys, from known and from unknown addresses, in process and over UDP against a worker process. Then the two
ways in that carry text. Beside each of them a call runs whose packets must all arrive.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
import traceback
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.captures import record
from tests.fuzz.inputs import Captures, as_bytes, drawn
from tests.fuzz.live import live
from tests.fuzz.playing import Progress, play_generated, play_mutated, play_texts
from tests.fuzz.switch import Disturbed, no_exception_in_the_log

INPUTS = 1_000_000
"""Towards the port, in all."""
MUTANTS = 24
SHARES = {"examples": 1 / 500, "guided": 1 / 4, "live": 1 / 20, "handshakes": 1 / 5_000}
TEXTS = 1 / 20
FIRST_INPUTS = 400
"""What guided fuzzing begins with."""


def play_guided(captures: Captures, number: int, seed: int, progress: Progress) -> None:
    """Let coverage lead, in a process of its own.

    Raises:
        Disturbed: it has found something; its last words are told.
    """
    progress.part("guided by coverage", number)
    if find_spec("atheris") is None:
        progress.end(", for atheris is not installed here")
        return
    with tempfile.TemporaryDirectory(prefix="mg-fuzz-") as name:
        folder = Path(name)
        (folder / "kept").mkdir()
        draw = random.Random(seed)
        for index in range(FIRST_INPUTS):
            (folder / "kept" / str(index)).write_bytes(as_bytes(drawn(draw, captures)))
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "tests.fuzz.guided"),
                *("--folder", name, "--runs", str(number), "--seed", str(seed)),
            ],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        if ran.returncode:
            found = [f"{each.name}: {each.read_bytes().hex()}" for each in folder.glob("crash-*")]
            raise Disturbed("\n".join((ran.stdout[-3000:], ran.stderr[-3000:], *found)))
    progress.count(number)
    covered = [line for line in ran.stderr.splitlines() if " cov: " in line]
    progress.end(f", {covered[-1].split('cov: ')[1].split(' ')[0]} edges" if covered else "")


async def play_live(
    captures: Captures, inputs: int, handshakes: int, seed: int, progress: Progress
) -> None:
    """The part over UDP."""
    async with live(seed) as made:
        await made.attack(captures, inputs, progress)
        await made.attack_handshakes(handshakes, progress)
        await made.attack_certificates(handshakes, progress)


def main() -> int:
    """Play all parts; the exit status is 1 when something was found."""
    arguments = argparse.ArgumentParser(prog="make fuzz")
    arguments.add_argument("--inputs", type=int, default=INPUTS)
    arguments.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    options = arguments.parse_args()
    total, seed = options.inputs, options.seed
    # Captures have keys of their own in each run, so a seed is not all; what is found is told with its bytes.
    print(f"{total:,} inputs, seed {seed}")
    began = time.monotonic()
    progress = Progress(lambda line: print(line, flush=True))
    try:
        with no_exception_in_the_log():
            captures = asyncio.run(record())
        play_generated(int(total * SHARES["examples"]), MUTANTS, seed, progress)
        play_guided(captures, int(total * SHARES["guided"]), seed, progress)
        handshakes = int(total * SHARES["handshakes"])
        asyncio.run(play_live(captures, int(total * SHARES["live"]), handshakes, seed, progress))
        play_mutated(captures, max(total - progress.done, 0), seed, progress)
        towards_port = progress.done
        play_texts(captures, int(total * TEXTS), seed, progress)
    except Exception:  # whatever it is: a fuzzer looks for what nobody expects
        print(f"\nFOUND, with seed {seed}:", file=sys.stderr)
        traceback.print_exc()
        return 1
    texts = progress.done - towards_port
    took = time.monotonic() - began
    print(
        f"{towards_port:,} datagrams and {texts:,} texts in {took:.0f} s: no crash, no exception, "
        "none without a trace, and every packet of the calls beside them arrived"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
