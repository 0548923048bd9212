"""The error tree. The family decides what the program does, the code tells the client.

    MadoguchiError
    ├── Refused(code)             the caller may not do this now, or ever: the client shows it
    │   └── NotFound(code)        there is no such thing, or not for this caller
    ├── Malformed(code)           the peer broke the protocol: we close
    ├── Conflict                  somebody else moved the session: the host loads and steps again, bounded
    │   └── Fenced                another node owns the session now: the host drops the room
    ├── Unavailable(dependency)   store, media: back off, the client may retry
    └── Misconfigured(mistakes)   the program cannot start; all mistakes at once

Anything else is a bug.
"""

from __future__ import annotations

from collections.abc import Sequence


class MadoguchiError(Exception):
    """Base of everything we raise on purpose."""

    code = "error"


class Refused(MadoguchiError):
    """The caller may not do this.

    Args:
        code: stable snake_case string for programs.
        detail: a sentence for people, in English, without private data.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code
        self.detail = detail


class NotFound(Refused):
    """There is no such thing, or not for this caller."""


class Malformed(MadoguchiError):
    """The peer broke the protocol.

    Args:
        code: stable snake_case string for programs.
        detail: what was wrong, safe to send back.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code
        self.detail = detail


class Conflict(MadoguchiError):
    """The stored version is another than the one that was stepped."""

    code = "conflict"


class Fenced(Conflict):
    """The fence has risen: another node owns the session."""

    code = "fenced"


class Unavailable(MadoguchiError):
    """A dependency does not answer.

    Args:
        dependency: `store`, `media`.
        detail: what was tried.
    """

    code = "unavailable"

    def __init__(self, dependency: str, detail: str = "") -> None:
        super().__init__(f"{dependency} is unavailable{': ' + detail if detail else ''}")
        self.dependency = dependency


class Misconfigured(MadoguchiError):
    """The program cannot start as it is set up.

    Args:
        mistakes: one sentence each; all that were found.
    """

    code = "misconfigured"

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = tuple(mistakes)
