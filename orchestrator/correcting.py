"""Put right what was written at a booking: display names, and what is noted for the supporter; links stay."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from orchestrator.policy.events import BookingCorrected
from orchestrator.policy.model import PersonId, Session, SessionId
from orchestrator.ports import PrivateField, Sessions, Store, booked_field
from orchestrator.wish import check_names

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Correction:
    """How it should have been; None: as it is."""

    seeker_name: str | None = None
    companions: tuple[str, ...] | None = None
    """Of all companions with a seat, in the order of their seats."""
    companions_beside: tuple[str, ...] | None = None
    seeker_reference: str | None = field(default=None, repr=False)
    seeker_note: str | None = field(default=None, repr=False)


class Correcting:
    """What a scheduler does who has booked under a wrong name, or noted something wrong.

    Args:
        store: the record.
        sessions: runs the sessions.
    """

    def __init__(self, store: Store, sessions: Sessions) -> None:
        self._store = store
        self._sessions = sessions

    async def correct(self, session: SessionId, correction: Correction, by: PersonId) -> Session:
        """Correct a booking that is not live yet.

        Args:
            session: which.
            correction: what is otherwise.
            by: person id of the scheduler; stands in the history, the names and words do not.

        Raises:
            NotFound: no such session.
            Refused: `name_refused`, `companions_declared`, `nothing_corrected`, `already_live`, `session_over`.
        """
        known = await self._sessions.view(session)
        seeker = known.seeker.person
        private = await self._store.private(seeker)
        companions = (*(correction.companions or ()), *(correction.companions_beside or ()))
        check_names(correction.seeker_name, companions, private.get(PrivateField.NAME))
        noted = {
            booked_field(PrivateField.REFERENCE, session): correction.seeker_reference,
            booked_field(PrivateField.NOTE, session): correction.seeker_note,
        }
        anew = {key: text for key, text in noted.items() if text and text != private.get(key)}
        event = BookingCorrected(
            by,
            seeker_name=correction.seeker_name,
            companions=correction.companions,
            beside=correction.companions_beside,
            is_noted=bool(anew),
        )
        after = await self._sessions.deliver(session, event)
        if anew:
            # After the line of history, as it is with reading: who asks again after a failure writes both.
            await self._store.add_private(seeker, anew)
        log.info("booking.corrected", session=session)
        return after
