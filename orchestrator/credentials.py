"""Secrets of links and staff tokens: how they are drawn, under what name they are stored, how long links open.

Secrets are stored as plain SHA-256. That is right for these and would be wrong for passwords: a secret of 128 random
bits cannot be guessed from its hash however fast the hash is, so salt and slowness would add nothing but load.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import datetime, timedelta

from orchestrator.policy.model import Session

LINK_OUTLIVES = timedelta(days=1)
"""How long a link opens the page after the end at least: for the outcome. A reschedule keeps it longer."""

SECRET_BYTES = 16
"""128 bits: the issue's least, and what OWASP asks of session ids twice over."""

STAFF_PREFIX = "mdg_"
"""Makes a staff token recognisable to secret scanners and to people, as GitHub's and Stripe's are."""


def new_secret() -> str:
    """Draw the secret of a link: URL-safe text of 128 random bits."""
    drawn = secrets.token_bytes(SECRET_BYTES)
    return base64.urlsafe_b64encode(drawn).rstrip(b"=").decode("ascii")


def new_staff_token() -> str:
    """Draw a staff token, prefix included."""
    return STAFF_PREFIX + new_secret()


def new_id(prefix: str) -> str:
    """Draw an id that says what it is of: `s_…`, `p_…`; 80 random bits, for an index and not for secrecy."""
    return f"{prefix}_{secrets.token_hex(10)}"


def link_expires_at(session: Session) -> datetime:
    """Until when a link that is made now opens the page of a session: also for the choice of another date."""
    expires_at = session.ends_at + max(LINK_OUTLIVES, session.rules.reschedule_for)
    if session.reschedule is None:
        return expires_at
    return max(expires_at, session.reschedule.expires_at)


def hash_secret(secret: str) -> str:
    """Under what name a secret is stored: SHA-256 in hex."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
