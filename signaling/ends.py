"""How things end for a client: the one table from error family to HTTP status and close code. PURE."""

from __future__ import annotations

from enum import IntEnum

from orchestrator.errors import (
    Conflict,
    MadoguchiError,
    Malformed,
    NotFound,
    Refused,
    Unavailable,
)


class Close(IntEnum):
    """Close codes of the signalling socket (docs/protocol.md, Ends of a connection)."""

    OVER = 1000
    DRAINING = 1001
    TOO_LARGE = 1009
    FAULT = 1011
    UNAVAILABLE = 1013
    MALFORMED = 4400
    UNKNOWN = 4401
    REFUSED = 4403
    SILENT = 4408
    OPENED_ELSEWHERE = 4409
    GONE = 4410
    MOVED = 4421
    TOO_MANY = 4429


# Family -> HTTP status and close code; the first that fits counts, so subclasses stand first.
_FAMILIES: tuple[tuple[type[MadoguchiError], int, Close], ...] = (
    (NotFound, 404, Close.GONE),
    (Refused, 409, Close.REFUSED),
    (Malformed, 400, Close.MALFORMED),
    (Conflict, 503, Close.MOVED),
    (Unavailable, 503, Close.UNAVAILABLE),
)

# Codes that say more than their family: (HTTP status, close code).
_CODES: dict[str, tuple[int, Close]] = {
    "draining": (503, Close.DRAINING),
    "link_unknown": (404, Close.GONE),
    "link_revoked": (410, Close.GONE),
    "link_expired": (410, Close.GONE),
    "session_over": (410, Close.GONE),
    "session_moved": (410, Close.GONE),
    "incident_unknown": (404, Close.REFUSED),
    "task_unknown": (404, Close.REFUSED),
    "accused_unknown": (422, Close.REFUSED),
    "outcome_impossible": (422, Close.REFUSED),
    "answers_refused": (422, Close.REFUSED),
    "programme_unknown": (422, Close.REFUSED),
    "not_a_supporter": (422, Close.REFUSED),
    "not_allowed": (403, Close.REFUSED),
    "origin_refused": (403, Close.REFUSED),
    "token_missing": (401, Close.UNKNOWN),
    "token_unknown": (401, Close.UNKNOWN),
    "opened_elsewhere": (409, Close.OPENED_ELSEWHERE),
    "measured_elsewhere": (421, Close.REFUSED),
    "too_large": (413, Close.TOO_LARGE),
}


def http_status(error: MadoguchiError) -> int:
    """The HTTP status for an error of ours; 500 for one that should not get this far."""
    if isinstance(error, Refused | Malformed) and error.code in _CODES:
        return _CODES[error.code][0]
    return next((status for family, status, _ in _FAMILIES if isinstance(error, family)), 500)


def close_code(error: MadoguchiError) -> Close:
    """The close code for an error of ours; 1011 for one that should not get this far."""
    if isinstance(error, Refused) and error.code in _CODES:
        return _CODES[error.code][1]
    return next((code for family, _, code in _FAMILIES if isinstance(error, family)), Close.FAULT)
