"""`make test-faults`: plays every fault several times in real browsers, and compares what came with what must come.

RUNS (3) times each, ROOMS (3) at once: more are too many for two cores, and people then come too late. ARGS are words
that kind or kind/phase must contain.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence

import structlog

from tests.faults import expected
from tests.faults.plays import PLAYS
from tests.faults.rooms import Times
from tests.faults.runner import Result, is_fine, play_all, table


def main(words: Sequence[str]) -> int:
    """Play what the words name, everything without words; 1 when anything came otherwise than it must."""
    runs, rooms = int(os.environ.get("RUNS", "3")), int(os.environ.get("ROOMS", "3"))
    plays = [
        play for play in PLAYS if not words or any(word in "/".join(play.name) for word in words)
    ]
    table_of_truth = expected.load()
    _log_to_stderr()
    results = [Result(play) for play in plays]
    try:
        asyncio.run(play_all(results, Times(), runs=runs, rooms=rooms, say=_say))
    except KeyboardInterrupt:
        results = [result for result in results if result.runs]
        _say(f"Interrupted: {len(results)} of {len(plays)} rows were played.")
        print(table(table_of_truth, results))
        return 130
    print(table(table_of_truth, results))
    return 0 if is_fine(table_of_truth, results) else 1


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _log_to_stderr() -> None:
    # What the project's code logs in this process is no part of the table.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
