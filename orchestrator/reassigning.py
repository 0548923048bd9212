"""Give the supporter's seat of a session that is not live yet to another supporter, who is free in that slot."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from orchestrator.credentials import hash_secret, link_expires_at, new_secret
from orchestrator.errors import MadoguchiError, Refused
from orchestrator.office import check_note
from orchestrator.policy.events import Reassigned
from orchestrator.policy.model import SUPPORTER, PersonId, Phase, Role, Session, SessionId
from orchestrator.ports import Applied, Link, Sessions, Staff, Store

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The session with its new supporter, and the secret of that one's link, shown once."""

    session: Session
    secret: str = field(repr=False)


class Reassigning:
    """What a scheduler does when a supporter cannot come.

    Args:
        store: the record.
        sessions: runs the sessions.
    """

    def __init__(self, store: Store, sessions: Sessions) -> None:
        self._store = store
        self._sessions = sessions

    async def hand_over(
        self,
        session: SessionId,
        by: PersonId,
        reason: str,
        *,
        name: str | None = None,
        person: PersonId | None = None,
    ) -> HandedOver:
        """Let another supporter hold the session from now on; the links of the one before are of no use any more.

        Args:
            session: which.
            by: person id of the scheduler.
            reason: for the office alone; kept among the session's notes.
            name: of the new supporter, as given to `staff add`; or
            person: the id of that one.

        Raises:
            NotFound: no such session.
            Refused: `supporter_unknown`, `slot_taken`, `suspended`, `session_over`, `already_live`, `note_refused`.
        """
        check_note(reason)
        before = await self._sessions.view(session)
        staff = await self._supporter(name, person)
        if before.is_over:
            raise Refused("session_over", "the session has ended")
        if before.phase in {Phase.LIVE, Phase.INTERRUPTED}:
            raise Refused("already_live", "the session is live; who holds it stays")
        await self._reserve(before, staff.person)
        secret = new_secret()
        # Before the seat: a message that leaves with the step must find that the seat has a valid link.
        link = Link(session, SUPPORTER, link_expires_at(before), person=staff.person)
        await self._store.add_link(hash_secret(secret), link)
        event = Reassigned(staff.person, staff.display_name, by)
        try:
            after = await self._sessions.deliver(session, event, reason)
        except MadoguchiError:
            await self._give_back(before, staff.person)
            raise
        log.info("supporter.changed", session=session)
        return HandedOver(after, secret)

    async def _supporter(self, name: str | None, person: PersonId | None) -> Staff:
        if person is not None:
            known = await self._store.staff_by_person(person)
        else:
            known = await self._store.staff_by_name(name or "")
        if known is None or known.role is not Role.SUPPORTER:
            raise Refused("supporter_unknown", "the office knows no supporter of that name")
        return known

    async def _reserve(self, session: Session, person: PersonId) -> None:
        match await self._store.reserve_supporter(session, person):
            case Applied.TAKEN:
                raise Refused("slot_taken", "the supporter has another session in that time")
            case Applied.SUSPENDED:
                raise Refused(
                    "suspended", "the office has decided that this supporter is not booked for now"
                )
            case _:
                pass

    async def _give_back(self, session: Session, person: PersonId) -> None:
        """What was not recorded holds nobody's calendar; what may have been is looked up."""
        stored = await self._store.load(session.id)
        if stored is not None and stored.session.supporter.person != person:
            await self._store.release_supporter(session, person)
