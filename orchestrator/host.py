"""One actor per session: load, step, commit, carry out the effects, re-arm the alarm. Nothing else is in this file."""

from __future__ import annotations

from orchestrator.policy.events import Event
from orchestrator.policy.model import SeatId, Session, SessionId


class Host:
    """Runs the sessions of this node. (Signature only so far; the body follows.)"""

    async def deliver(self, session: SessionId, event: Event) -> Session:
        """Queue an event for a session and wait until what it changed is durable.

        A refusal is not an error: it reaches the connection through `Audience.refuse`.

        Returns:
            The session after the event.

        Raises:
            NotFound: there is no such session.
            Fenced: another living node runs it.
            Unavailable: the store does not answer; the event is not lost, it is applied when the store is back.
        """
        raise AssertionError

    def post(self, session: SessionId, event: Event) -> None:
        """The same without waiting."""

    async def view(self, session: SessionId) -> Session:
        """The session as it is now, also one that another node runs.

        Raises:
            NotFound: there is no such session.
        """
        raise AssertionError

    def answer(self, session: SessionId, seat: SeatId, media_epoch: int, sdp: str) -> None:
        """Pass a page's answer to the media worker."""

    def restart_media(self, session: SessionId, seat: SeatId, media_epoch: int) -> None:
        """Pass a page's wish for an ICE restart to the media worker."""
