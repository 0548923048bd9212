"""Where Chromium is. Whoever imports this starts programs that put themselves before nobody, and is patient with them.

Started by root Chromium gives itself a higher priority than the server has that it talks to, on the same two cores. At
people's homes it is on a machine of its own, so that right is taken from whatever is started from now on: before
Playwright's driver is, which starts it.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from playwright.async_api import expect

PATIENCE_MS = 15_000
"""For whatever a page shall show; a machine that is busy is no finding about the page."""
_PR_CAPBSET_DROP = 24
_CAP_SYS_NICE = 23

expect.set_options(timeout=PATIENCE_MS)
# Refused to who is not root, and has no such right to lose.
ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_SYS_NICE, 0, 0, 0)


def give_way(niceness: int) -> None:
    """Have all browsers that this process has started yield to everything else, as far as the kernel knows how.

    Each is a session of its own, and Linux shares its cores out among sessions (`sched(7)`, autogroup), whatever the
    niceness of a single process in one.
    """
    for process in _descendants(os.getpid()):
        with suppress(OSError):
            if os.getsid(process) == process:
                Path(f"/proc/{process}/autogroup").write_text(str(niceness))


def _descendants(process: int) -> Iterator[int]:
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, children.read_text().split()):
                yield child
                yield from _descendants(child)


def chromium_path() -> str:
    """The path of the program that people have."""
    return _found("chromium")


def shell_path() -> str:
    """The path of the same one without a window, which costs a third: for pages that nobody calls from."""
    return _found("chromium-headless-shell")


def _found(name: str) -> str:
    path = shutil.which(name)
    assert path is not None, f"{name} is not installed; `make setup-browsers` does it"
    return path
