"""Use cases around the live session: book, cancel, give notice, reschedule, renew a link; and who is on the staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from orchestrator.credentials import (
    hash_secret,
    link_expires_at,
    new_id,
    new_secret,
    new_staff_token,
)
from orchestrator.errors import NotFound, Refused
from orchestrator.policy import names, slots
from orchestrator.policy.events import (
    Cancelled,
    NoticeGiven,
    RescheduleDeclined,
    SlotBooked,
    SlotsProposed,
    Woken,
)
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    Cause,
    Medium,
    PersonId,
    Phase,
    Reschedule,
    RescheduleState,
    Role,
    Seat,
    SeatId,
    Session,
    SessionId,
    SlotOption,
)
from orchestrator.policy.programme import Programme, ProgrammeMistakes
from orchestrator.policy.session import book
from orchestrator.ports import (
    Applied,
    Booking,
    BookingResult,
    Clock,
    Delivery,
    Language,
    Link,
    PrivateField,
    Sessions,
    Staff,
    Store,
)

log = structlog.get_logger()

REMOTE_COMPANIONS = 0
"""How many companions elsewhere the media workers carry so far, whatever a programme allows (KUMAGAYA 12(3))."""


MOST_LOOKED_AT = 3_000
"""Free slots among which the proposals are picked: ten days on a grid of five minutes."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a scheduler or a program asks to have booked."""

    programme: str
    starts_at: datetime
    seeker_name: str
    """The display name that the office chose."""
    supporter: str
    """Name of the supporter, as given to `madoguchi staff add`."""
    length: timedelta | None = None
    """None: the programme's default length."""
    medium: Medium = Medium.VIDEO
    seeker_real_name: str | None = None
    """Only to check the display name against it; kept in the erasable hash of the person."""
    seeker_person: str | None = None
    """An existing person id; None: a new person."""
    exception: str | None = None
    """Why it is booked against the programme's rule; None: it is not."""
    companions: tuple[str, ...] = ()
    """Display names of remote companions that were declared (KUMAGAYA 12(3))."""
    seeker_mail: str | None = None
    """Where messages go; None: the seeker gets none. Like the next two as `addresses` reads it, and kept erasable."""
    seeker_language: Language | None = None
    seeker_telephone: str | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    """A new session and the secrets of its links; they are shown once and stored hashed."""

    session: Session
    links: dict[SeatId, str]
    """Seat -> secret."""
    notes: tuple[str, ...] = ()
    """Sentences for who booked, for instance that a supporter was not known and has been added."""


class Bookings:
    """What happens around the live session.

    Args:
        store: the record.
        clock: now.
        host: runs the sessions; booked ones are picked up by whichever node wakes them first.
        programmes: by name.
    """

    def __init__(
        self, *, store: Store, clock: Clock, host: Sessions, programmes: Mapping[str, Programme]
    ) -> None:
        self._store = store
        self._clock = clock
        self._host = host
        self._programmes = programmes

    # ---- booking ----------------------------------------------------------------------------------------------------

    async def create(self, wish: Wish, by: str) -> Booked:
        """Book a session.

        Args:
            wish: what is asked for.
            by: person id of who books.

        Raises:
            Refused: `programme_unknown`, `name_refused`, `companions_not_allowed`, `not_a_supporter`, `slot_taken`,
                `suspended`, `maintenance`, or one of `slots.REASONS`; what `slots.EXCUSABLE` names is booked all the
                same when the wish gives a reason (KUMAGAYA 6(1), SAKAI 2(1), «as a rule»).
        """
        programme = self._programmes.get(wish.programme)
        if programme is None:
            known = ", ".join(sorted(self._programmes))
            raise Refused(
                "programme_unknown", f"there is no programme {wish.programme!r}; known: {known}"
            )
        self._check_names(programme, wish)
        length = wish.length or programme.default_length
        reason = slots.check(programme, wish.starts_at, length, self._clock.now())
        if reason is not None and not (wish.exception and reason in slots.EXCUSABLE):
            raise Refused(reason, _explain(programme, reason))
        supporter, notes = await self._supporter(wish.supporter)
        seats = _seats(wish, supporter)
        session = replace(
            book(
                SessionId(new_id("s")),
                programme.rules(),
                wish.starts_at,
                wish.starts_at + length,
                seats,
                programme.time_zone,
            ),
            medium=wish.medium,
            clock=self._clock.now(),
            booked_by=by,
            exception=wish.exception if reason is not None else None,
        )
        private = {session.seeker.person: _private(wish)}
        return await self._book(session, f"create:{session.id}", private, notes)

    def _check_names(self, programme: Programme, wish: Wish) -> None:
        if len(wish.companions) > min(programme.companions, REMOTE_COMPANIONS):
            raise Refused(
                "companions_not_allowed",
                "a room carries two people so far; a companion can sit beside the seeker",
            )
        for name in (wish.seeker_name, *wish.companions):
            code = names.check_display_name(name)
            if code is None and wish.seeker_real_name:
                code = names.refuses(name, wish.seeker_real_name)
            if code is not None:
                raise Refused("name_refused", f"the display name cannot be used: {code}")

    async def _supporter(self, name: str) -> tuple[Staff, tuple[str, ...]]:
        """The supporter of that name; one who is not known yet is added, without a token, and it is said."""
        known = await self._store.staff_by_name(name)
        if known is not None and known.role is not Role.SUPPORTER:
            raise Refused("not_a_supporter", "the office knows that name, but as no supporter")
        if known is not None:
            return known, ()
        code = names.check_display_name(name)
        if code is not None:
            raise Refused("name_refused", f"the supporter's name cannot be used: {code}")
        added = Staff(PersonId(new_id("p")), name, name, Role.SUPPORTER)
        await self._store.put_staff(added, None)
        return added, (f"The supporter {name!r} was not known and has been added; no token yet.",)

    async def _book(
        self,
        session: Session,
        command: str,
        private: Mapping[PersonId, Mapping[str, str]],
        notes: tuple[str, ...] = (),
    ) -> Booked:
        expires_at = link_expires_at(session)
        secrets = {seat.id: new_secret() for seat in session.seats}
        links = {
            hash_secret(secret): Link(session.id, seat, expires_at)
            for seat, secret in secrets.items()
        }
        result = await self._store.book(Booking(session, links, command, private))
        if result.applied not in {Applied.DONE, Applied.REPEATED}:
            raise await self._not_booked(session, result)
        if result.session != session.id:
            session = await self._host.view(result.session)
            secrets = {}
        else:
            log.info("session.booked", session=session.id, programme=session.rules.programme)
        return Booked(session, secrets, notes)

    async def _not_booked(self, session: Session, result: BookingResult) -> Refused:
        """Why the store did not take a booking."""
        if result.applied is Applied.SUSPENDED:
            who = "supporter" if result.person == session.supporter.person else "seeker"
            return Refused("suspended", self._suspended(who, session.rules.programme))
        if result.applied is Applied.MAINTENANCE:
            windows = {window.id: window for window in await self._store.maintenance()}
            window = windows[str(result.window)]
            zone = ZoneInfo(session.time_zone)
            begins_at, ends_at = window.begins_at.astimezone(zone), window.ends_at.astimezone(zone)
            return Refused(
                "maintenance",
                f"the service does not run from {begins_at:%Y-%m-%d %H:%M} to {ends_at:%Y-%m-%d %H:%M}",
            )
        return Refused("slot_taken", "seeker or supporter has another session in that time")

    def _suspended(self, who: str, programme: str) -> str:
        known = self._programmes.get(programme)
        telephone = known.telephone if known is not None else None
        ask = f"ask the office, telephone {telephone}" if telephone else "ask the office"
        return f"the office has decided that this {who} is not booked in {programme} for now; {ask}"

    async def renew_link(self, session: SessionId, seat: SeatId) -> str:
        """Revoke a seat's links and make a new one.

        Returns:
            The new secret.

        Raises:
            NotFound: no such session or seat.
        """
        known = await self._host.view(session)
        if known.seat(seat) is None:
            raise NotFound("seat_unknown")
        await self._store.revoke_links(session, seat, self._clock.now())
        secret = new_secret()
        link = Link(session, seat, link_expires_at(known))
        await self._store.add_link(hash_secret(secret), link)
        log.info("link.renewed", session=session, seat=seat)
        return secret

    # ---- before the session -----------------------------------------------------------------------------------------

    async def cancel(
        self, session: SessionId, by: Cause, recorded_by: str, channel: str
    ) -> Session:
        """Cancel a booking on somebody's behalf (KUMAGAYA 6(4), SAKAI 2(4)).

        Raises:
            NotFound: no such session.
            Refused: `already_live`, `session_over`.
        """
        before = await self._host.view(session)
        if before.is_over:
            raise Refused("session_over", "the session has ended")
        after = await self._host.deliver(session, Cancelled(by, recorded_by, channel))
        if not after.is_over:
            raise Refused("already_live", "the session is live; it can be ended, not cancelled")
        return after

    async def give_notice(
        self, session: SessionId, about: SeatId, by: str, until: datetime | None, channel: str
    ) -> Session:
        """Note that seeker or supporter will be late.

        Raises:
            NotFound: no such session.
            Refused: `too_late` once it was live or has ended; `seat_unknown`; `until_missing`, for the supporter's
                notice holds only until the time that the seeker has accepted (product.md, At the cutoff).
        """
        if about not in {SEEKER, SUPPORTER}:
            raise Refused("seat_unknown", "a notice is about the seeker or the supporter")
        if about == SUPPORTER and until is None:
            raise Refused("until_missing", "say until when the seeker has agreed to wait")
        before = await self._host.view(session)
        if before.phase not in {Phase.SCHEDULED, Phase.OPEN, Phase.WAITING}:
            raise Refused("too_late", "the session is live or has ended")
        return await self._host.deliver(session, NoticeGiven(about, by, until, channel))

    # ---- reschedule -------------------------------------------------------------------------------------------------

    async def propose(self, session: SessionId) -> None:
        """Compute the free slots of an open reschedule and put them into the session. Bears being done twice."""
        # Behind what is on its way: the outbox may be faster than the step that filled it, and a view would be too old.
        known = await self._host.deliver(session, Woken())
        if known.reschedule is None or known.reschedule.state is not RescheduleState.OPEN:
            return
        options = await self._free(known)
        await self._host.deliver(session, SlotsProposed(options))

    async def propose_delivery(self, delivery: Delivery) -> None:
        """The same, as what the outbox relay calls for `reschedule.opened`."""
        await self.propose(delivery.session)

    async def _free(self, session: Session) -> tuple[SlotOption, ...]:
        """Slots free for both, from the programme's windows; with this session's own length (IX 6-7)."""
        programme = self._programmes.get(session.rules.programme)
        if programme is None:
            log.warning("programme.missing", session=session.id, programme=session.rules.programme)
            return ()
        now = self._clock.now()
        after = max(now, session.ended_at or now)
        until = after + programme.horizon + timedelta(days=1)
        length = session.ends_at - session.starts_at
        if length not in programme.lengths:
            try:
                programme = programme.override(slot=length)
            except ProgrammeMistakes:
                # No window takes that length any more: nothing is free, and a scheduler has to find something.
                log.warning("programme.outgrown", session=session.id, programme=programme.name)
                return ()
        found = slots.free_slots(
            programme,
            supporter_busy=[
                *await self._store.booked(session.supporter.person, now, until),
                *(
                    (window.begins_at, window.ends_at)
                    for window in await self._store.maintenance()
                    if window.meets(now, until)
                ),
            ],
            seeker_busy=await self._store.booked(session.seeker.person, now, until),
            length=length,
            now=now,
            after=after,
            count=MOST_LOOKED_AT,
        )
        return tuple(
            SlotOption(
                id=f"{int(begins.timestamp())}",
                starts_at=begins,
                ends_at=ends,
                supporter=session.supporter.person,
                supporter_name=session.supporter.display_name,
            )
            for begins, ends in slots.proposals(programme, found, session.starts_at)
        )

    async def choose_slot(self, session: SessionId, option: str, by: str) -> Session:
        """Turn a slot of an open reschedule into a booking; two choices at once give one.

        Returns:
            The old session, with `reschedule.state = chosen`.

        Raises:
            NotFound: no such session.
            Refused: `reschedule_closed`, `slot_taken`, `suspended`, `maintenance`.
        """
        old = await self._host.view(session)
        chosen = _option(old.reschedule, option)
        programme = self._programmes.get(old.rules.programme)
        rules = old.rules if programme is None else programme.rules()
        if programme is not None and old.ends_at - old.starts_at not in programme.lengths:
            rules = old.rules  # a trial run with times of its own
        seats = tuple(
            Seat(seat.id, seat.role, seat.person, seat.display_name) for seat in old.seats
        )
        new = replace(
            book(
                SessionId(new_id("s")),
                rules,
                chosen.starts_at,
                chosen.ends_at,
                seats,
                old.time_zone,
            ),
            medium=old.medium,
            clock=self._clock.now(),
            booked_by=by,
            previous=old.id,
        )
        try:
            booked = await self._book(new, f"reschedule:{old.id}", {})
        except Refused as refusal:
            if refusal.code in {"slot_taken", "maintenance"}:
                await self.propose(session)
            raise
        option_booked = SlotOption(
            chosen.id,
            booked.session.starts_at,
            booked.session.ends_at,
            chosen.supporter,
            chosen.supporter_name,
        )
        return await self._host.deliver(session, SlotBooked(option_booked, booked.session.id, by))

    async def decline(self, session: SessionId, by: str) -> Session:
        """The seeker wants no other date.

        Raises:
            NotFound: no such session.
            Refused: `reschedule_closed`.
        """
        old = await self._host.view(session)
        if old.reschedule is None or old.reschedule.state is not RescheduleState.OPEN:
            raise Refused("reschedule_closed", "no other date can be chosen any more")
        return await self._host.deliver(session, RescheduleDeclined(by))

    # ---- staff ------------------------------------------------------------------------------------------------------

    async def add_staff(
        self,
        name: str,
        role: Role,
        display_name: str | None = None,
        mail: str | None = None,
        language: Language | None = None,
    ) -> str:
        """Add somebody of the office, or give somebody known a new token; an earlier one is void.

        Args:
            name: unique.
            role: supporter or scheduler.
            display_name: what others see; None: as before, or the name.
            mail: where messages go, as `addresses` reads it; None: as before, or none.
            language: in which they are written; None: as before, or Japanese.

        Returns:
            The token, shown once and stored hashed.

        Raises:
            Refused: `name_refused`.
        """
        code = names.check_display_name(display_name or name)
        if code is not None:
            raise Refused("name_refused", f"the name cannot be used: {code}")
        known = await self._store.staff_by_name(name)
        person = known.person if known else PersonId(new_id("p"))
        token = new_staff_token()
        await self._store.put_staff(
            Staff(person, name, display_name or (known.display_name if known else name), role),
            hash_secret(token),
        )
        private = {PrivateField.MAIL: mail, PrivateField.LANGUAGE: language}
        await self._store.add_private(
            person, {field.value: str(text) for field, text in private.items() if text}
        )
        log.info("staff.added", person=person, role=role.value)
        return token


def _seats(wish: Wish, supporter: Staff) -> tuple[Seat, ...]:
    seeker = PersonId(wish.seeker_person or new_id("p"))
    companions = (
        Seat(SeatId(f"companion-{number}"), Role.COMPANION, PersonId(new_id("p")), name)
        for number, name in enumerate(wish.companions, 1)
    )
    return (
        Seat(SEEKER, Role.SEEKER, seeker, wish.seeker_name),
        Seat(SUPPORTER, Role.SUPPORTER, supporter.person, supporter.display_name),
        *companions,
    )


def _private(wish: Wish) -> dict[str, str]:
    """What is known of the seeker as a person."""
    known = {
        PrivateField.NAME: wish.seeker_real_name,
        PrivateField.MAIL: wish.seeker_mail,
        PrivateField.LANGUAGE: wish.seeker_language,
        PrivateField.TELEPHONE: wish.seeker_telephone,
    }
    return {field.value: str(text) for field, text in known.items() if text}


def _option(reschedule: Reschedule | None, option: str) -> SlotOption:
    if reschedule is None or reschedule.state is not RescheduleState.OPEN:
        raise Refused("reschedule_closed", "no other date can be chosen any more")
    chosen = next((one for one in reschedule.options if one.id == option), None)
    if chosen is None:
        raise Refused("slot_taken", "this slot is not offered any more")
    return chosen


def _explain(programme: Programme, reason: str) -> str:
    lengths = ", ".join(f"{int(length.total_seconds() // 60)} min" for length in programme.lengths)
    sentences = {
        "in_the_past": "the start lies in the past",
        "length_not_allowed": f"the programme {programme.name} allows: {lengths}",
        "holiday": "the office is closed on that day",
        "outside_window": "the slot does not lie inside one window of the programme",
        "too_late_to_book": "it must be confirmed by the day before; a scheduler may give an exception with a reason",
    }
    return sentences.get(reason, reason)
