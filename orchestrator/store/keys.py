"""Every key of the store, in one place, with its shape in words.

One keyspace on a standalone server or a Sentinel group: what must change together (session, supporter, seeker,
outbox) lies on one server, so the scripts may touch all of it at once. A cluster is not supported.

Moments that are compared inside the store are whole microseconds since 1970: exact in a sorted set's double until
the year 2255.
"""

from __future__ import annotations

from orchestrator.policy.model import PersonId, SeatId, SessionId

NODES = "nodes"
"""Sorted set: node id, score = its last heartbeat by the store's TIME. Written by BEAT."""

DEADLINES = "deadlines"
"""Sorted set: session id, score = its next deadline; absent when time alone changes nothing. APPLY, BOOK."""

STARTS = "starts"
"""Sorted set: session id, score = its `starts_at`, which never moves. BOOK."""

OUTBOX = "outbox"
"""Stream: session, topic, recipient, key of each effect that must leave; an acknowledged entry is deleted. APPLY,
BOOK."""

RELAY_GROUP = "relay"
"""The consumer group of `outbox`; each node is one consumer."""

CHANGES = "changes"
"""Stream, capped: session and version of each commit and booking, for those who watch. APPLY, BOOK."""

TASKS = "tasks"
"""Sorted set: session id, score = when its most urgent task is due; absent when it has none. APPLY."""

PERSON_TASKS = "person-tasks"
"""Hash: `<programme>:<person>` -> the task about a person (JSON). ATTEND, DECIDE."""

BLOCKED = "blocked"
"""Set: `<programme>:<person>` of those who cannot be booked. DECIDE."""

MAINTENANCE = "maintenance"
"""Hash: id -> window (JSON), called-off ones too."""

MAINTENANCE_TIMES = "maintenance-times"
"""Sorted set: `<begins_at>:<id>`, score = `ends_at`; called-off windows are absent. BOOK reads it."""

EVERYBODY = "staff"
"""Set: the person of everybody of the office. ENROL, INTRODUCE."""

LINK_PREFIX = "link:"
STAFF_PREFIX = "staff:"
STAFF_NAME_PREFIX = "staff-name:"
STAFF_TOKEN_PREFIX = "staff-token:"  # noqa: S105 - the name of a key, no secret


def session(session_id: SessionId) -> str:
    """Hash: `state` (JSON), `version`, `owner` (empty: nobody), `fence`. APPLY, BOOK, CLAIM."""
    return f"s:{session_id}"


def events(session_id: SessionId) -> str:
    """Stream: `record` (JSON), id `<version>-<n>` with n from 1. APPLY, BOOK."""
    return f"ev:{session_id}"


def commands(session_id: SessionId) -> str:
    """Hash: id of each applied command -> the version that it made. APPLY."""
    return f"cm:{session_id}"


def booking(command: str) -> str:
    """String: the session that this booking command made. BOOK."""
    return f"bk:{command}"


def calendar(person: PersonId) -> str:
    """Sorted set: `<starts_at>:<session id>`, score = `ends_at`; sessions over before their end are absent.

    Written by BOOK and APPLY, so that nobody is booked twice; RESERVE holds a later end for a while.
    """
    return f"cal:{person}"


def ledger(programme: str, person: PersonId) -> str:
    """Hash: session id -> ledger line (JSON); `#` -> a stamp that rises with every change. APPLY, DECIDE."""
    return f"lg:{programme}:{person}"


def decisions(programme: str, person: PersonId) -> str:
    """List: what schedulers decided about a person (JSON), oldest first. DECIDE."""
    return f"dc:{programme}:{person}"


def in_programme(programme: str, person: PersonId) -> str:
    """How a person of a programme is called in `blocked` and `person-tasks`; names of programmes have no colon."""
    return f"{programme}:{person}"


def notes(session_id: SessionId) -> str:
    """Hash: free texts about a session, the only place for them; deleting the key erases them. APPLY."""
    return f"nt:{session_id}"


def answers(session_id: SessionId) -> str:
    """Hash: seat -> what was answered to the questionnaire (JSON); expires as the programme says. `put_answers`."""
    return f"qs:{session_id}"


def link(secret_hash: str) -> str:
    """Hash: `session`, `seat`, `expires_at`, and `revoked_at` once revoked. BOOK, MINT, REVOKE, `add_link`."""
    return f"{LINK_PREFIX}{secret_hash}"


def links(session_id: SessionId, seat: SeatId) -> str:
    """Set: hashes of the secrets of all links of one seat. BOOK, MINT, `add_link`."""
    return f"links:{session_id}:{seat}"


def staff(person: PersonId) -> str:
    """Hash: `staff` (JSON), `name`, `token` (hash of the valid token; empty: none). ENROL, INTRODUCE."""
    return f"{STAFF_PREFIX}{person}"


def staff_name(name: str) -> str:
    """String: the person of that name. ENROL, INTRODUCE."""
    return f"{STAFF_NAME_PREFIX}{name}"


def staff_token(token_hash: str) -> str:
    """String: the person whose token it is. ENROL."""
    return f"{STAFF_TOKEN_PREFIX}{token_hash}"


def private(person: PersonId) -> str:
    """Hash: a person's private data, the only place for it; deleting the key erases the person."""
    return f"person:{person}"
