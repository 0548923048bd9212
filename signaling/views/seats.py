"""What is shown of the people of a session, and of what the check of their devices found. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from orchestrator.api.moments import Moment
from orchestrator.policy.model import Presence, Role, Seat, SeatId, Signal
from signaling.views.shape import Shape

AwayAs = Literal["stepped_out", "page_closed", "lost"]
"""How somebody came to be away: by choice, by closing the page, or neither that we know of."""
Found = Literal["ok", "denied", "missing", "busy", "unavailable", "not_used"]
"""What the pre-call check says of a camera or a microphone."""
LineWord = Literal["good", "coarse", "sound", "none"]
"""The same of the line: good; the picture may be coarse; sound only is advised; no connection."""
DeviceKind = Literal["phone", "tablet", "computer"]


class CheckedView(Shape):
    """What the pre-call check of somebody's page found, as the page tells it."""

    camera: Found
    microphone: Found
    line: LineWord | None
    """None: it has not been measured."""
    rtt_ms: float | None
    missing: float | None
    """Share of the packets that did not come back, 0 to 1."""
    device: DeviceKind
    at: Moment


Checks = Mapping[SeatId, CheckedView]
"""What is known of the seats of a session."""
NO_CHECKS: Checks = {}


class SeatView(Shape):
    """One person in a session."""

    seat: str
    role: Role
    display_name: str
    presence: Presence
    since: Moment | None
    """Since when the person is lost or away; of who is there or stayed to the end, since they came; None: never."""
    is_lost: bool
    away_as: AwayAs | None
    """How the loss came; None when not lost."""
    is_admitted: bool
    has_joined: bool
    grace_ends_at: Moment | None
    """When a running grace ends; None when none runs."""
    checked: CheckedView | None = None
    """What the pre-call check found; for supporter and schedulers alone, from memory."""


def seat_view(seat: Seat, checked: CheckedView | None) -> SeatView:
    """One person, with what the check found as far as the reader may know it."""
    return SeatView(
        seat=seat.id,
        role=seat.role,
        display_name=seat.display_name,
        presence=seat.presence,
        since=since_of(seat),
        is_lost=seat.loss is not None,
        away_as=_away_as(seat),
        is_admitted=seat.is_admitted,
        has_joined=seat.consent is not None,
        grace_ends_at=seat.loss.grace_ends_at if seat.loss and not seat.loss.judged else None,
        checked=checked,
    )


def since_of(seat: Seat) -> datetime | None:
    """Since when a person is lost or away; of who is there or stayed to the end, when they first came; None: never."""
    if seat.loss is not None:
        return seat.loss.at
    # The end takes everybody's presence, and nobody has left by it.
    if seat.is_present or seat.left_at is None:
        return seat.first_present_at
    return seat.left_at


def _away_as(seat: Seat) -> AwayAs | None:
    if seat.loss is None:
        return None
    if Signal.STEPPED_OUT in seat.loss.signals:
        return "stepped_out"
    return "page_closed" if Signal.PAGE_CLOSED in seat.loss.signals else "lost"
