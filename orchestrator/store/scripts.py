"""The store's scripts. Each is atomic: it checks everything first and writes afterwards."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Script:
    """One Lua script and the name under which the server keeps it."""

    text: str
    sha: str


def _script(name: str) -> Script:
    text = Path(__file__).with_name(f"{name}.lua").read_text(encoding="utf-8")
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


APPLY = _script("apply")
BOOK = _script("book")
CLAIM = _script("claim")
BEAT = _script("beat")
MINT = _script("mint")
REVOKE = _script("revoke")
ENROL = _script("enrol")
INTRODUCE = _script("introduce")
RESERVE = _script("reserve")
ENGAGE = _script("engage")
DECIDE = _script("decide")
ATTEND = _script("attend")
