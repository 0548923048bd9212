"""Secrets of links and staff tokens: how they are drawn, and under what name they are stored.

Secrets are stored as plain SHA-256. That is right for these and would be wrong for passwords: a secret of 128 random
bits cannot be guessed from its hash however fast the hash is, so salt and slowness would add nothing but load.
"""

from __future__ import annotations

import base64
import hashlib
import secrets

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


def hash_secret(secret: str) -> str:
    """Under what name a secret is stored: SHA-256 in hex."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
