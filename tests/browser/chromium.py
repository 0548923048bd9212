"""Where Chromium is, and what it may not do here."""

from __future__ import annotations

import ctypes
import shutil

_PR_CAPBSET_DROP = 24
_CAP_SYS_NICE = 23


def chromium_path() -> str:
    """The path of the program, which is to be started as one that puts itself before nobody.

    Started by root it gives itself a higher priority than the server has that it talks to, on the same two cores. At
    people's homes it is on a machine of its own, so that right is taken from whatever is started here from now on.
    """
    path = shutil.which("chromium")
    assert path is not None, "chromium is not installed; `make setup-browsers` does it"
    # Refused to who is not root, and has no such right to lose.
    ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_SYS_NICE, 0, 0, 0)
    return path
