"""Who somebody is: invitation links, staff tokens, device cookies. PURE.

Nothing here draws a random number or looks anything up: the stored link comes in as an argument, and a refusal code
comes out. How secrets are drawn and hashed is in `orchestrator.credentials`.
"""

from __future__ import annotations

from datetime import datetime

from orchestrator.credentials import STAFF_PREFIX, hash_secret
from orchestrator.policy.model import SEEKER, DeviceId, RescheduleState, SeatId, Session
from orchestrator.ports import Link

DEVICE_COOKIE = "madoguchi_device"

_LONGEST_SECRET = 200
"""Nothing of ours is near that; a longer one is not hashed at all."""


def is_secret_shaped(text: str) -> bool:
    """Whether a text could be a secret of ours: URL-safe characters, 128 bits or more."""
    return (
        22 <= len(text) <= _LONGEST_SECRET
        and text.isascii()
        and text.replace("-", "").replace("_", "").isalnum()
    )


def is_token_shaped(text: str) -> bool:
    """Whether a text could be a staff token of ours."""
    return text.startswith(STAFF_PREFIX) and is_secret_shaped(text.removeprefix(STAFF_PREFIX))


def device_from(cookie: str) -> DeviceId:
    """The device that a cookie's value stands for."""
    return DeviceId(hash_secret(cookie))


def bearer_token(authorization: str | None) -> str | None:
    """The token of an `Authorization: Bearer` header (RFC 6750 §2.1); None when there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and is_token_shaped(token) else None


def check_link(link: Link | None, now: datetime) -> str | None:
    """Why a link does not let anybody in at `now`; None when it does.

    Returns:
        `link_unknown`, `link_revoked` or `link_expired`.
    """
    if link is None:
        return "link_unknown"
    if link.revoked_at is not None and link.revoked_at <= now:
        return "link_revoked"
    if link.expires_at <= now:
        return "link_expired"
    return None


def check_ended(session: Session, seat_id: SeatId, device: DeviceId) -> str | None:
    """Whether the link of an ended session may still show how it ended.

    The seeker comes back to choose another date, from the device that was there; nobody else needs to know anything.
    A seat that nobody ever took shows its end to whoever has the link: the seeker whose session was cancelled.

    Returns:
        `session_over`, `session_moved` to the seeker who has another date, or None when the end may be shown.
    """
    seat = session.seat(seat_id)
    if seat is not None and seat.device in (None, device):
        return None
    plan = session.reschedule
    if seat_id == SEEKER and plan is not None and plan.state is RescheduleState.CHOSEN:
        return "session_moved"
    return "session_over"
