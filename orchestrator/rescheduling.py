"""Another date for a session (IX 6-7), and the next session booked from inside one (KUMAGAYA 6(2)).

Both work alike: the policy opens the choice and publishes it, the free slots are computed here and put into the
session, somebody chooses or declines, and the choice becomes a booking that is linked to the session it comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from orchestrator.credentials import new_id
from orchestrator.entering import Entering, Entry, explain_slot
from orchestrator.errors import Refused
from orchestrator.policy import slots
from orchestrator.policy.events import (
    ChosenCancelled,
    RescheduleDeclined,
    SlotBooked,
    SlotsProposed,
    Woken,
)
from orchestrator.policy.model import (
    Extension,
    Outcome,
    Purpose,
    Reschedule,
    RescheduleState,
    Seat,
    Session,
    SessionId,
    SlotOption,
)
from orchestrator.policy.programme import Programme, ProgrammeMistakes
from orchestrator.policy.session import book
from orchestrator.ports import (
    Availability,
    Clock,
    Delivery,
    PrivateField,
    Sessions,
    Store,
    booked_field,
)

log = structlog.get_logger()

MOST_LOOKED_AT = 3_000
"""Free slots among which the proposals are picked: ten days on a grid of five minutes."""

TOPICS = {"reschedule.opened": Purpose.RESCHEDULE, "next.opened": Purpose.NEXT}
"""What leaves the node when a choice opens -> what slots are looked for."""


class Rescheduling:
    """Looks for free slots, and turns a choice into a booking.

    Args:
        store: the record.
        clock: now.
        sessions: runs them.
        programmes: by name.
        entering: writes the bookings.
        availability: when supporters can be had; proposals keep to it, a choice made by the office need not.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        sessions: Sessions,
        programmes: Mapping[str, Programme],
        entering: Entering,
        availability: Availability,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sessions = sessions
        self._programmes = programmes
        self._entering = entering
        self._availability = availability

    # ---- proposals --------------------------------------------------------------------------------------------------

    async def propose(self, session: SessionId, purpose: Purpose = Purpose.RESCHEDULE) -> None:
        """Compute the free slots of an open choice and put them into the session. Bears being done twice."""
        # Behind what is on its way: the outbox may be faster than the step that filled it, and a view would be too old.
        known = await self._sessions.deliver(session, Woken())
        choice = choice_of(known, purpose)
        if choice is None or choice.state is not RescheduleState.OPEN:
            return
        options = await self._free(known, purpose)
        await self._sessions.deliver(session, SlotsProposed(options, purpose))

    async def propose_delivery(self, delivery: Delivery) -> None:
        """The same, as what the outbox relay calls for the topics of `TOPICS`."""
        await self.propose(delivery.session, TOPICS[delivery.topic])

    async def _free(self, session: Session, purpose: Purpose) -> tuple[SlotOption, ...]:
        """Slots free for both, when the supporter can be had; with this session's own length (IX 6-7)."""
        programme = self._programme(session)
        if programme is None or await self._is_blocked(session):
            return ()
        now = self._clock.now()
        ends_at = session.ends_at if purpose is Purpose.NEXT else session.ended_at
        after = max(now, ends_at or now)
        until = after + programme.horizon + timedelta(days=1)
        unavailable = await self._unavailable(session, now, until)
        if session.outcome is Outcome.CANCELLED:
            # Free in the calendars since then; to offer it would be to take back what was just said.
            unavailable.append((session.starts_at, session.ends_at))
        found = slots.free_slots(
            programme,
            supporter_busy=unavailable,
            seeker_busy=await self._store.booked(session.seeker.person, now, until),
            length=length_of(session, programme),
            now=now,
            after=after,
            count=MOST_LOOKED_AT,
        )
        return tuple(
            _option(session, begins, ends)
            for begins, ends in slots.proposals(programme, found, session.starts_at)
        )

    async def chosen(self, delivery: Delivery) -> None:
        """Tell the session in which a booking was chosen, and if it was cancelled; nothing happens when it knows."""
        new = await self._sessions.view(delivery.session)
        purpose = Purpose.RESCHEDULE if new.previous is not None else Purpose.NEXT
        origin = new.previous or new.follows
        assert origin is not None, "only what was chosen in a session is published so"
        is_cancelled = new.outcome is Outcome.CANCELLED
        # After a next session that was cancelled another may be looked for by now: it must not be taken for chosen.
        if not is_cancelled or purpose is Purpose.RESCHEDULE:
            option = _option(new, new.starts_at, new.ends_at)
            await self._sessions.deliver(origin, SlotBooked(option, new.id, new.booked_by, purpose))
        if is_cancelled:
            await self._sessions.deliver(origin, ChosenCancelled(new.id, purpose))

    async def _is_blocked(self, session: Session) -> bool:
        """A scheduler decided that one of the two is not booked for now: a slot that is refused is not offered."""
        if session.outcome is Outcome.STOPPED:
            return (
                True  # who was reported is not offered again by itself: a scheduler finds somebody
            )
        programme = session.rules.programme
        people = (session.seeker.person, session.supporter.person)
        return any([await self._store.is_blocked(programme, person) for person in people])

    async def _unavailable(
        self, session: Session, begins_at: datetime, ends_at: datetime
    ) -> list[slots.Interval]:
        """When the supporter has something else, is not there, or the service does not run."""
        person = session.supporter.person
        busy = await self._store.booked(person, begins_at, ends_at)
        for window in await self._store.maintenance():
            if window.meets(begins_at, ends_at):
                busy.append((window.begins_at, window.ends_at))
        programme = session.rules.programme
        hours = await self._availability.of(programme, person, begins_at, ends_at)
        return busy if hours is None else [*busy, *_outside(hours, begins_at, ends_at)]

    def _programme(self, session: Session) -> Programme | None:
        """The programme as it is today, with the session's own length; None: nothing can be proposed by it."""
        programme = self._programmes.get(session.rules.programme)
        if programme is None:
            log.warning("programme.missing", session=session.id, programme=session.rules.programme)
            return None
        length = length_of(session, programme)
        if length in programme.lengths:
            return programme
        try:
            return programme.override(slot=length)
        except ProgrammeMistakes:
            # No window takes that length any more: nothing is free, and a scheduler has to find something.
            log.warning("programme.outgrown", session=session.id, programme=programme.name)
            return None

    # ---- choices ----------------------------------------------------------------------------------------------------

    async def choose(
        self, session: SessionId, option: str, by: str, purpose: Purpose = Purpose.RESCHEDULE
    ) -> Session:
        """Turn a proposed slot into a booking; two choices at once give one.

        Args:
            session: where the choice is open.
            option: id of the slot.
            by: who chooses: a seat, or the person id of somebody of the office.
            purpose: another date, or the next session.

        Returns:
            The session of the choice, which is `chosen` now.

        Raises:
            NotFound: no such session.
            Refused: `reschedule_closed`, `slot_taken`, `suspended`, `maintenance`.
        """
        old = await self._sessions.view(session)
        offered = _open(old, purpose).options
        chosen = next((one for one in offered if one.id == option), None)
        if chosen is None:
            raise Refused("slot_taken", "this slot is not offered any more")
        if not self._is_bookable(old, chosen):
            await self.propose(session, purpose)
            raise Refused("slot_taken", "it is too late for this slot; others are offered now")
        try:
            return await self._book(old, chosen, by, purpose)
        except Refused as refusal:
            if refusal.code in {"slot_taken", "maintenance"}:
                await self.propose(session, purpose)
            raise

    def _is_bookable(self, session: Session, option: SlotOption) -> bool:
        """Proposals may be days old: what could be booked then need not be bookable any more."""
        programme, now = self._programme(session), self._clock.now()
        length = option.ends_at - option.starts_at
        if programme is None:
            return option.starts_at >= now
        return slots.check(programme, option.starts_at, length, now) is None

    async def book(
        self,
        session: SessionId,
        starts_at: datetime,
        by: str,
        *,
        purpose: Purpose = Purpose.RESCHEDULE,
        exception: str | None = None,
    ) -> Session:
        """Book any slot for a choice, proposed or not, also when nobody chose in time: what an office finds by asking.

        Args:
            session: where the choice is open, or has expired.
            starts_at: aware; the slot has the session's own length.
            by: person id of who books.
            purpose: another date, or the next session.
            exception: why it is booked against the programme's rule; None: it is not (KUMAGAYA 6(1), SAKAI 2(1)).

        Raises:
            NotFound: no such session.
            Refused: as `choose`, or one of `slots.REASONS`.
        """
        old = await self._sessions.view(session)
        _open(old, purpose, or_expired=True)
        programme = self._programme(old)
        if programme is None:
            raise Refused(
                "length_not_allowed", "the programme has no slots of this length any more"
            )
        length = length_of(old, programme)
        reason = slots.check(programme, starts_at, length, self._clock.now())
        if reason is not None and not (exception and reason in slots.EXCUSABLE):
            raise Refused(reason, explain_slot(programme, reason))
        option = _option(old, starts_at, starts_at + length)
        return await self._book(old, option, by, purpose, exception if reason else None)

    async def _book(
        self,
        old: Session,
        option: SlotOption,
        by: str,
        purpose: Purpose,
        exception: str | None = None,
    ) -> Session:
        new = replace(
            self._new_session(old, option),
            medium=old.booked_medium,
            booked_medium=old.booked_medium,
            clock=self._clock.now(),
            beside=old.beside,
            booked_by=by,
            exception=exception,
            previous=old.id if purpose is Purpose.RESCHEDULE else None,
            follows=old.id if purpose is Purpose.NEXT else None,
        )
        # `reschedule.chosen` and `next.chosen` are what people are written to for.
        private = {new.seeker.person: await self._noted(old, new.id)}
        booked = await self._entering.enter(
            Entry(new, _command(old, purpose), private, tells=False)
        )
        entered = replace(
            option, starts_at=booked.session.starts_at, ends_at=booked.session.ends_at
        )
        return await self._sessions.deliver(
            old.id, SlotBooked(entered, booked.session.id, by, purpose)
        )

    async def _noted(self, old: Session, new: SessionId) -> dict[str, str]:
        """What was noted about the seeker for the old session goes along to the new one."""
        private = await self._store.private(old.seeker.person)
        fields = (PrivateField.REFERENCE, PrivateField.NOTE)
        return {
            booked_field(field, new): text
            for field in fields
            if (text := private.get(booked_field(field, old.id))) is not None
        }

    def _new_session(self, old: Session, option: SlotOption) -> Session:
        programme = self._programmes.get(old.rules.programme)
        rules = old.rules
        # A trial run with times of its own, and a length that is no longer booked, keep their rules.
        if programme is not None and option.ends_at - option.starts_at in programme.lengths:
            rules = programme.rules()
        seats = tuple(
            Seat(seat.id, seat.role, seat.person, seat.display_name)
            for seat in old.seats
            if not seat.only_receives or (programme is not None and programme.observer)
        )
        session = SessionId(new_id("s"))
        return book(session, rules, option.starts_at, option.ends_at, seats, old.time_zone)

    async def decline(
        self, session: SessionId, by: str, purpose: Purpose = Purpose.RESCHEDULE
    ) -> Session:
        """No other date is wanted, or no next one for now.

        Raises:
            NotFound: no such session.
            Refused: `reschedule_closed`.
        """
        _open(await self._sessions.view(session), purpose)
        return await self._sessions.deliver(session, RescheduleDeclined(by, purpose))


def choice_of(session: Session, purpose: Purpose) -> Reschedule | None:
    """The choice of that purpose, whatever became of it."""
    return session.reschedule if purpose is Purpose.RESCHEDULE else session.following


def length_of(session: Session, programme: Programme) -> timedelta:
    """How long another slot for the session is: as long as it was booked, whatever end a scheduler gave it."""
    length = session.ends_at - session.starts_at
    if length in programme.lengths or session.rules.extension is Extension.NEVER:
        return length
    return max((each for each in programme.lengths if each < length), default=length)


def _open(session: Session, purpose: Purpose, *, or_expired: bool = False) -> Reschedule:
    choice = choice_of(session, purpose)
    is_expired = choice is not None and choice.state is RescheduleState.EXPIRED
    if choice is None or not (choice.state is RescheduleState.OPEN or (or_expired and is_expired)):
        raise Refused("reschedule_closed", "no date can be chosen here, or not any more")
    return choice


def _command(session: Session, purpose: Purpose) -> str:
    """The same for every choice of one opening, so that two at once give one booking."""
    if purpose is Purpose.RESCHEDULE:
        return f"reschedule:{session.id}"
    following = session.following
    assert following is not None, "_open has looked"
    return f"next:{session.id}:{int(following.opened_at.timestamp() * 1000)}"


def _option(session: Session, begins_at: datetime, ends_at: datetime) -> SlotOption:
    return SlotOption(
        id=f"{int(begins_at.timestamp())}",
        starts_at=begins_at,
        ends_at=ends_at,
        supporter=session.supporter.person,
        supporter_name=session.supporter.display_name,
    )


def _outside(
    hours: Iterable[slots.Interval], begins_at: datetime, ends_at: datetime
) -> list[slots.Interval]:
    """What is left of a time between some hours in it."""
    left: list[slots.Interval] = []
    at = begins_at
    for opens, closes in sorted(hours):
        if opens > at:
            left.append((at, opens))
        at = max(at, closes)
    if at < ends_at:
        left.append((at, ends_at))
    return left
