"""The way from a session to the one that follows it: who chose another date opens it from the page that booked it."""

from __future__ import annotations

import structlog

from orchestrator.credentials import hash_secret, link_expires_at, new_secret
from orchestrator.errors import Refused
from orchestrator.policy.model import Purpose, RescheduleState, SeatId, SessionId
from orchestrator.ports import Link, Sessions, Store

log = structlog.get_logger()


class Following:
    """Makes the link.

    Args:
        store: the record.
        sessions: runs them.
    """

    def __init__(self, store: Store, sessions: Sessions) -> None:
        self._store = store
        self._sessions = sessions

    async def link(self, session_id: SessionId, seat_id: SeatId, purpose: Purpose) -> str:
        """One more link for the same person's seat in the session that was booked; the earlier ones stay.

        Args:
            session_id: where the date was chosen.
            seat_id: whose link asks; the caller has checked that.
            purpose: another date, or the next session.

        Returns:
            The secret.

        Raises:
            Refused: `nothing_follows`; `link_revoked`: the office has revoked the links of that seat.
        """
        session = await self._sessions.view(session_id)
        plan = session.reschedule if purpose is Purpose.RESCHEDULE else session.following
        here = session.seat(seat_id)
        if plan is None or plan.state is not RescheduleState.CHOSEN or plan.new_session is None:
            raise Refused("nothing_follows", "no other session was booked from this one")
        stored = await self._store.load(plan.new_session)
        there = stored.session.seat(seat_id) if stored is not None else None
        if stored is None or here is None or there is None or there.person != here.person:
            raise Refused("nothing_follows", "this person has no seat in that session")
        secret = new_secret()
        link = Link(
            stored.session.id, seat_id, link_expires_at(stored.session), person=there.person
        )
        if not await self._store.add_link_beside(hash_secret(secret), link):
            raise Refused("link_revoked", "the office has revoked the links of this seat")
        log.info("link.added", session=stored.session.id, seat=seat_id)
        return secret
