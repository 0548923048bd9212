"""What a step asks of the world. Imperative; one frozen dataclass each.

Local effects touch this node only (media, sockets); they are done after the commit, except `CloseRoom` at the hard
end, which is done before it, and may be repeated. Effects that leave the node go through the outbox, under a key that
makes a repetition harmless (law 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.policy.model import ConnectionId, SeatId


@dataclass(frozen=True, slots=True)
class OpenRoom:
    """Open the media room; it closes itself at `closes_at`, timer or no timer."""

    closes_at: datetime


@dataclass(frozen=True, slots=True)
class ExtendRoom:
    """Let the media room close later; `ExtensionConfirmed` follows once the worker holds it."""

    closes_at: datetime


@dataclass(frozen=True, slots=True)
class ConnectMedia:
    """Build a media connection of that epoch for a seat: the server offers."""

    seat: SeatId
    media_epoch: int


@dataclass(frozen=True, slots=True)
class DisconnectMedia:
    """Take a seat out of the media room."""

    seat: SeatId


@dataclass(frozen=True, slots=True)
class CloseRoom:
    """Cut all media of the session."""

    is_hard_end: bool
    """At the hard end the cut comes first and the record after it."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Tell one connection, or the office that asked, that it may not do this; the policy raises nothing."""

    connection: ConnectionId | None
    """None: it came from the office; whoever delivers the event is told."""
    code: str
    """One of `REFUSALS`."""
    closes: bool = False
    """The connection is of no use any more."""


@dataclass(frozen=True, slots=True)
class Warn:
    """Tell everybody in the session how long is left."""

    left: timedelta


@dataclass(frozen=True, slots=True)
class Publish:
    """Leave the node through the outbox, at least once, under one key (law 5)."""

    topic: str
    """One of `TOPICS`."""
    recipient: str
    """A seat, or a person id for `standing.changed` and `session.handed_over`."""
    key: str
    """`<session>:<version>:<topic>:<recipient>:<ordinal>`"""


Effect = (
    OpenRoom | ExtendRoom | ConnectMedia | DisconnectMedia | CloseRoom | Refuse | Warn | Publish
)
"""Everything a step can ask for."""

TOPICS = frozenset(
    {
        "session.booked",
        "booking.chosen",
        "chosen.cancelled",
        "session.cancelled",
        "session.reassigned",
        "session.handed_over",
        "seeker.rung",
        "supporter.rung",
        "reschedule.opened",
        "reschedule.chosen",
        "next.opened",
        "next.chosen",
        "standing.changed",
    }
)
"""What can leave the node: messages to people, slots to be looked for, a ledger to be looked at."""

REFUSALS = frozenset(
    {
        "too_early",
        "session_over",
        "other_device",
        "device_refused",
        "opened_elsewhere",
        "link_revoked",
        "not_your_seat",
        "not_connected",
        "terms_not_accepted",
        "attestation_missing",
        "nobody_in_lobby",
        "not_live",
        "already_live",
        "wait_for_grace",
        "nothing_asked",
        "too_late",
        "reschedule_closed",
        "slot_taken",
        "asking_seeker",
        "not_on_the_phone",
        "on_the_phone",
        "medium_not_allowed",
        "accused_unknown",
        "accused_absent",
        "incident_unknown",
        "incident_resolved",
        "too_many_incidents",
        "next_booked",
        "not_over",
        "overruled_meanwhile",
        "outcome_impossible",
        "verdict_unchanged",
        "task_unknown",
        "data_closed",
        "too_many_readings",
        "companions_declared",
        "nothing_corrected",
        "seat_kept",
        "nothing_to_hold",
        "extension_never",
        "extension_too_late",
        "extension_not_later",
        "extension_too_long",
    }
)
"""The stable codes of what the policy refuses; the sentences are in the pages' catalogues."""
