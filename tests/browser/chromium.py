"""Where Chromium is. Whoever imports this starts programs that put themselves before nobody.

Started by root Chromium gives itself a higher priority than the server has that it talks to, on the same two cores. At
people's homes it is on a machine of its own, so that right is taken from whatever is started from now on: before
Playwright's driver is, which starts it.
"""

from __future__ import annotations

import ctypes
import shutil

_PR_CAPBSET_DROP = 24
_CAP_SYS_NICE = 23

# Refused to who is not root, and has no such right to lose.
ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_SYS_NICE, 0, 0, 0)


def chromium_path() -> str:
    """The path of the program."""
    path = shutil.which("chromium")
    assert path is not None, "chromium is not installed; `make setup-browsers` does it"
    return path
