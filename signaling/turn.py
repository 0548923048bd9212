"""Credentials for the operator's TURN servers, for browsers whose UDP is blocked.

The scheme is that of coturn's `use-auth-secret` (draft-uberti-behave-turn-rest): the name holds the moment until which
it is good, the password is its HMAC, and the TURN server needs to know nobody. Neither is logged or stored anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from orchestrator.secret import Secret
from signaling.protocol.down import IceServer

OUTLIVES = timedelta(hours=3)
"""Beyond the session's end: a scheduler moves it by two hours at most, and the clocks of two machines differ."""

LONGEST = timedelta(days=1)
"""No session is longer: whoever opens the page months ahead needs nothing that is good until then."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The TURN servers of this installation; without addresses there are none."""

    urls: tuple[str, ...] = ()
    secret: Secret = field(default_factory=lambda: Secret(""))

    def servers(self, now: datetime, ends_at: datetime) -> tuple[IceServer, ...]:
        """What `RTCConfiguration.iceServers` shall be, with new credentials.

        Args:
            now: aware UTC.
            ends_at: of the session; they outlive it, so that no call loses its way to us before. Each offer brings new
                ones.
        """
        if not self.urls:
            return ()
        until = min(max(now, ends_at), now + LONGEST) + OUTLIVES
        # Nothing in the name says whose it is: the TURN server logs it.
        name = f"{int(until.timestamp())}:{secrets.token_hex(8)}"
        digest = hmac.digest(self.secret.reveal().encode(), name.encode(), hashlib.sha1)
        password = base64.b64encode(digest).decode("ascii")
        return (IceServer(urls=self.urls, username=name, credential=password),)
