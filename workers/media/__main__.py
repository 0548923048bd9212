"""Entry of the worker process: `python -m workers.media --fd N --parent PID`; started by `workers.media_link` only."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import os
import signal
import socket
import sys

from orchestrator.log import configure
from workers.media.process import Exit, serve

PR_SET_PDEATHSIG, PR_SET_TIMERSLACK = 1, 29
"""linux/prctl.h"""


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, so that no orphan ever holds the port.

    SIGKILL, for it must also work on a worker that hangs; one that does not would see the end of its link as well.

    Args:
        parent: process id of the node.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit(Exit.NODE_GONE)


def sleep_exactly() -> None:
    """Have the kernel wake this process when it asked for it, and not up to 50 µs later: packets wait meanwhile."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)


def main() -> int:
    """Serve until the node is gone; the exit status says why."""
    arguments = argparse.ArgumentParser(prog="workers.media")
    arguments.add_argument("--fd", type=int, required=True)
    arguments.add_argument("--parent", type=int, required=True)
    arguments.add_argument("--index", type=int, default=0)
    arguments.add_argument("--log-format", default="json")
    arguments.add_argument("--log-level", default="info")
    options = arguments.parse_args()
    die_with(options.parent)
    sleep_exactly()
    # A terminal or a supervisor signals the whole group: the node drains first, and takes us with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    configure(options.log_format, options.log_level, worker=options.index)
    # A full collection would look at all that was imported, for 25 ms in which packets wait; of the rest it is quick.
    gc.collect()
    gc.freeze()
    return asyncio.run(serve(socket.socket(fileno=options.fd)))


if __name__ == "__main__":
    raise SystemExit(main())
