"""Ctrl-C in a benchmark: it ends in order, and whoever pressed it sees what was measured until then."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine


def run(work: Coroutine[object, object, object]) -> bool:
    """Run a benchmark to its end, or until SIGINT or SIGTERM.

    The browsers get the same signal, so what fails on the way out says nothing any more.

    Returns:
        Whether it was done; False when it was interrupted.
    """
    was_interrupted = False

    async def watched() -> None:
        nonlocal was_interrupted
        loop = asyncio.get_running_loop()
        working = asyncio.ensure_future(work)

        def stop() -> None:
            nonlocal was_interrupted
            was_interrupted = True
            loop.set_exception_handler(lambda *_: None)
            working.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        try:
            await working
        except BaseException:
            if not was_interrupted:
                raise

    asyncio.run(watched())
    return not was_interrupted
