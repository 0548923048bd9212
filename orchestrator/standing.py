"""Use case: how people stand with a programme, and what schedulers decide about them.

Strikes and reviews make a task for a scheduler and refuse nobody by themselves; only a decision does, and who decided
it and when is on record (product.md, Outcomes). What a decision says of a person is for schedulers alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from orchestrator.bookings import Bookings
from orchestrator.errors import Conflict, MadoguchiError, NotFound, Refused
from orchestrator.office import check_note
from orchestrator.policy.ledger import LedgerLine
from orchestrator.policy.model import Cause, PersonId, Session
from orchestrator.policy.programme import Programme
from orchestrator.policy.standing import (
    Decision,
    DecisionKind,
    PersonTask,
    Standing,
    fold,
    open_task,
)
from orchestrator.ports import Clock, Delivery, Ledger, Store, reason_field

log = structlog.get_logger()

TRIES = 5
"""How often a task is derived anew because the ledger changed meanwhile; then the outbox comes back to it."""

AHEAD = timedelta(days=3660)
"""Nothing is booked for later than this (`slots.FARTHEST`)."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that is known of a person's standing in one programme."""

    programme: str
    person: PersonId
    standing: Standing
    task: PersonTask | None
    lines: tuple[LedgerLine, ...]
    """One a session, by the time of its end."""
    decisions: tuple[Decision, ...]
    """Oldest first."""
    reasons: Mapping[int, str]
    """Of the decisions, by number; one that was erased is missing."""
    bookings: tuple[Session, ...]
    """Of this programme, not over yet, by their start."""


class Standings:
    """What schedulers see of a person's standing, and do about it."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        bookings: Bookings,
        programmes: Mapping[str, Programme],
    ) -> None:
        self._store = store
        self._clock = clock
        self._bookings = bookings
        self._programmes = programmes

    async def read(self, programme: str, person: PersonId) -> Dossier:
        """How a person stands with a programme.

        Raises:
            Refused: `programme_unknown`.
            NotFound: `person_unknown`: nothing is known of such a person.
        """
        if programme not in self._programmes:
            raise Refused("programme_unknown", "there is no such programme")
        ledger = await self._store.ledger(programme, person)
        bookings = await self._coming(programme, person)
        if not (ledger.lines or ledger.decisions or bookings):
            await self._check_known(person)
        standing = self._fold(programme, ledger)
        private = await self._store.private(person)
        return Dossier(
            programme=programme,
            person=person,
            standing=standing,
            task=open_task(programme, person, standing),
            lines=ledger.lines,
            decisions=ledger.decisions,
            reasons={
                decision.number: private[field]
                for decision in ledger.decisions
                if (field := reason_field(programme, decision.number)) in private
            },
            bookings=bookings,
        )

    async def decide(
        self,
        programme: str,
        person: PersonId,
        kind: DecisionKind,
        reason: str,
        number: int,
        cancels: bool,
        by: PersonId,
    ) -> Dossier:
        """Decide about a person.

        Args:
            programme: in which it counts.
            person: seeker or supporter.
            kind: suspended and refused people cannot be booked from now on; who is reinstated begins anew.
            reason: kept in the person's erasable data, and nowhere else.
            number: how many decisions the scheduler has seen: of two at once, the second is refused.
            cancels: the bookings that the person has are cancelled by the office; else they stand.
            by: the scheduler.

        Raises:
            Refused: `programme_unknown`, `decided_meanwhile`, `note_refused` for the reason, `nothing_to_cancel` for a
                reinstatement that cancels.
            NotFound: `person_unknown`.
        """
        check_note(reason)
        if cancels and kind is DecisionKind.REINSTATED:
            raise Refused("nothing_to_cancel", "who is reinstated keeps the bookings")
        await self.read(programme, person)
        decision = Decision(kind, self._clock.now(), by, number, cancels)
        if not await self._store.decide(programme, person, decision, reason):
            raise Refused("decided_meanwhile", "somebody has decided about this person meanwhile")
        log.info("standing.decided", programme=programme, person=person, kind=kind.value, by=by)
        if cancels:
            try:
                await self._cancel_bookings(programme, person, number)
            except MadoguchiError as later:
                # What is left is done from the outbox, by whichever node runs the session.
                log.info("standing.cancelling_later", person=person, error=later.code)
        return await self.read(programme, person)

    # ---- what the outbox brings -------------------------------------------------------------------------------------

    async def changed(self, delivery: Delivery) -> None:
        """Somebody got or lost a strike or a review: make or end the task about the person. Bears being done twice.

        Raises:
            Conflict: the ledger changed again and again.
        """
        stored = await self._store.load(delivery.session)
        if stored is None:
            return
        programme, person = stored.session.rules.programme, PersonId(delivery.recipient)
        for _ in range(TRIES):
            ledger = await self._store.ledger(programme, person)
            task = open_task(programme, person, self._fold(programme, ledger))
            if task is None:
                is_done = await self._store.end_person_task(programme, person, ledger.stamp)
            else:
                is_done = await self._store.put_person_task(task, ledger.stamp)
            if is_done:
                return
        raise Conflict

    async def decided(self, delivery: Delivery) -> None:
        """A decision cancels the bookings of a person. Bears being done twice."""
        programme, _, rest = delivery.key.partition(":")
        number = int(rest.rpartition(":")[2])
        await self._cancel_bookings(programme, PersonId(delivery.recipient), number)

    async def _cancel_bookings(self, programme: str, person: PersonId, number: int) -> None:
        decisions = (await self._store.ledger(programme, person)).decisions
        if len(decisions) != number + 1:
            return  # somebody has decided otherwise since
        failed: MadoguchiError | None = None
        for session in await self._coming(programme, person):
            try:
                await self._cancel(session, decisions[number])
            except Refused:
                pass  # it is live or over by now: a call that runs is ended by its people, or stopped
            except MadoguchiError as error:
                failed = error
        if failed is not None:
            raise failed

    async def _cancel(self, session: Session, decision: Decision) -> None:
        # A suspended supporter's seeker shall have another date, and a suspended seeker not.
        is_blocked = await self._store.is_blocked(session.rules.programme, session.seeker.person)
        await self._bookings.cancel(
            session.id, Cause.OFFICE, decision.by, "standing", offers_date=not is_blocked
        )

    # ---- parts ------------------------------------------------------------------------------------------------------

    def _fold(self, programme: str, ledger: Ledger) -> Standing:
        known = self._programmes.get(programme)
        return fold(
            ledger.lines,
            ledger.decisions,
            known.strikes if known is not None else None,
            known.quota if known is not None else None,
            self._clock.now(),
        )

    async def _coming(self, programme: str, person: PersonId) -> tuple[Session, ...]:
        now = self._clock.now()
        found = await self._store.load_many(await self._store.sessions_of(person, now, now + AHEAD))
        return tuple(each.session for each in found if each.session.rules.programme == programme)

    async def _check_known(self, person: PersonId) -> None:
        if await self._store.staff_by_person(person) is None:
            raise NotFound("person_unknown", "nothing is known of such a person in this programme")
