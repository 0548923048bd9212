"""Who somebody is: secrets of links, staff tokens, device cookies. PURE.

Nothing here draws a random number or looks anything up: randomness and the stored link come in as arguments, and a
refusal code comes out.

Secrets are stored as plain SHA-256. That is right for these and would be wrong for passwords: a secret of 128 random
bits cannot be guessed from its hash however fast the hash is, so salt and slowness would add nothing but load.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime

from orchestrator.policy.model import DeviceId, SeatId, Session
from orchestrator.ports import Link

SECRET_BYTES = 16
"""128 bits: the issue's least, and what OWASP asks of session ids twice over."""

STAFF_PREFIX = "mdg_"
"""Makes a staff token recognisable to secret scanners and to people, as GitHub's and Stripe's are."""

DEVICE_COOKIE = "madoguchi_device"

_LONGEST_SECRET = 200
"""Nothing of ours is near that; a longer one is not hashed at all."""


def secret_from(random_bytes: bytes) -> str:
    """Write random bytes as a URL-safe secret.

    Args:
        random_bytes: at least `SECRET_BYTES` from the system's generator.
    """
    assert len(random_bytes) >= SECRET_BYTES, "callers draw at least 128 bits"
    return base64.urlsafe_b64encode(random_bytes).rstrip(b"=").decode("ascii")


def staff_token_from(random_bytes: bytes) -> str:
    """Write random bytes as a staff token, prefix included."""
    return STAFF_PREFIX + secret_from(random_bytes)


def hash_secret(secret: str) -> str:
    """Under what name a secret is stored: SHA-256 in hex."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def is_secret_shaped(text: str) -> bool:
    """Whether a text could be a secret of ours: URL-safe characters, 128 bits or more."""
    return (
        22 <= len(text) <= _LONGEST_SECRET
        and text.isascii()
        and text.replace("-", "").replace("_", "").isalnum()
    )


def device_from(cookie: str) -> DeviceId:
    """The device that a cookie's value stands for."""
    return DeviceId(hash_secret(cookie))


def bearer_token(authorization: str | None) -> str | None:
    """The token of an `Authorization: Bearer` header (RFC 6750 §2.1); None when there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and is_secret_shaped(token) else None


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
        `session_over`, or None when the end may be shown.
    """
    seat = session.seat(seat_id)
    if seat is None or seat.device not in (None, device):
        return "session_over"
    return None
