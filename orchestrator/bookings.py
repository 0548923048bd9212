"""Use cases around the live session: book, cancel, give notice, renew a link; and who is on the staff.

Another date and the next session are in `rescheduling.py`; what becomes of a session afterwards is in `office.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import structlog

from orchestrator.availability import WeeklyAvailability
from orchestrator.credentials import (
    hash_secret,
    link_expires_at,
    new_id,
    new_secret,
    new_staff_token,
)
from orchestrator.entering import Booked, Entering, Entry, explain_slot
from orchestrator.errors import NotFound, Refused
from orchestrator.policy import names, slots
from orchestrator.policy.events import Cancelled, LinkRenewed, NoticeGiven
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    Cause,
    Medium,
    PersonId,
    Phase,
    Role,
    SeatId,
    Session,
    SessionId,
)
from orchestrator.policy.programme import Programme
from orchestrator.policy.session import book
from orchestrator.ports import (
    Availability,
    Clock,
    Language,
    Link,
    PrivateField,
    Sessions,
    Staff,
    Store,
)
from orchestrator.rescheduling import Rescheduling
from orchestrator.wish import (
    BESIDE,
    REMOTE_COMPANIONS,
    Wish,
    check_names,
    private_of,
    seats_of,
)

log = structlog.get_logger()

LONGEST_KEY = 100
"""Characters of an idempotency key; a UUID has 36."""


class Bookings:
    """What happens around the live session.

    Args:
        store: the record.
        clock: now.
        host: runs the sessions; booked ones are picked up by whichever node wakes them first.
        programmes: by name.
        availability: when supporters can be had; None: as their programmes say.

    Attributes:
        rescheduling: another date, and the next session.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        host: Sessions,
        programmes: Mapping[str, Programme],
        availability: Availability | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._host = host
        self._programmes = programmes
        self._entering = Entering(store, clock, host, programmes)
        self.rescheduling = Rescheduling(
            store=store,
            clock=clock,
            sessions=host,
            programmes=programmes,
            entering=self._entering,
            availability=availability or WeeklyAvailability(store, programmes),
        )

    # ---- booking ----------------------------------------------------------------------------------------------------

    async def create(self, wish: Wish, by: str, key: str | None = None) -> Booked:
        """Book a session.

        Args:
            wish: what is asked for.
            by: person id of who books.
            key: drawn by who books; asked again with the same one, the first session is the answer. None: no such
                promise.

        Raises:
            Refused: `programme_unknown`, `name_refused`, `companions_not_allowed`, `observer_not_allowed`,
                `observer_unknown`, `not_a_supporter`, `slot_taken`, `suspended`, `maintenance`, `key_used` for another
                wish under the key of an earlier one, or one of `slots.REASONS`; what `slots.EXCUSABLE` names is booked
                all the same when the wish gives a reason (KUMAGAYA 6(1), SAKAI 2(1), «as a rule»).
        """
        command = None if key is None else f"create:{by}:{hash_secret(key)}"
        if command is not None and (earlier := await self._store.booked_by(command)) is not None:
            # Before anything is checked: what could be booked then need not be bookable any more.
            return _again(wish, await self._host.view(earlier))
        programme = self._programmes.get(wish.programme)
        if programme is None:
            known = ", ".join(sorted(self._programmes))
            raise Refused(
                "programme_unknown", f"there is no programme {wish.programme!r}; known: {known}"
            )
        await self._check_names(programme, wish)
        observer = await self._observer(programme, wish)
        length = wish.length or programme.default_length
        reason = slots.check(programme, wish.starts_at, length, self._clock.now())
        if reason is not None and not (wish.exception and reason in slots.EXCUSABLE):
            raise Refused(reason, explain_slot(programme, reason))
        supporter, notes = await self._supporter(wish.supporter)
        seats = seats_of(wish, supporter, observer)
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
            booked_medium=wish.medium,
            clock=self._clock.now(),
            beside=wish.companions_beside,
            booked_by=by,
            exception=wish.exception if reason is not None else None,
        )
        private = {session.seeker.person: private_of(wish, session.id)}
        entry = Entry(session, command or f"create:{session.id}", private)
        booked = await self._entering.enter(entry, notes)
        return _again(wish, booked.session) if booked.is_repeated else booked

    async def _check_names(self, programme: Programme, wish: Wish) -> None:
        if len(wish.companions) > min(programme.companions, REMOTE_COMPANIONS):
            raise Refused(
                "companions_not_allowed",
                "the programme has no place for them; a companion can sit beside the seeker",
            )
        if len(wish.companions_beside) > BESIDE:
            raise Refused("companions_not_allowed", f"at most {BESIDE} can sit beside the seeker")
        real_name = wish.seeker_real_name
        if real_name is None and wish.seeker_person is not None:
            known = await self._store.private(PersonId(wish.seeker_person))
            real_name = known.get(PrivateField.NAME.value)
        check_names(wish.seeker_name, (*wish.companions, *wish.companions_beside), real_name)

    async def _observer(self, programme: Programme, wish: Wish) -> Staff | None:
        """Who looks on; only somebody whom the office knows as a scheduler, and only where the programme allows it."""
        if wish.observer is None:
            return None
        if not programme.observer:
            raise Refused("observer_not_allowed", "the programme lets nobody of the office look on")
        if wish.medium is Medium.PHONE:
            raise Refused("observer_not_allowed", "nobody can look on by telephone")
        if len(wish.companions) >= REMOTE_COMPANIONS:
            raise Refused(
                "companions_not_allowed", "the observer takes the place of a remote companion"
            )
        known = await self._store.staff_by_name(wish.observer)
        if known is None or known.role is not Role.SCHEDULER:
            raise Refused("observer_unknown", "the office knows no scheduler of that name")
        return known

    async def _supporter(self, name: str) -> tuple[Staff, tuple[str, ...]]:
        """The supporter of that name; one who is not known yet is added, without a token, and it is said."""
        known = await self._store.staff_by_name(name)
        notes: tuple[str, ...] = ()
        if known is None:
            code = names.check_display_name(name)
            if code is not None:
                raise Refused("name_refused", f"the supporter's name cannot be used: {code}")
            added = Staff(PersonId(new_id("p")), name, name, Role.SUPPORTER)
            known = await self._store.introduce(added)
            if known == added:
                notes = (f"The supporter {name!r} was not known and has been added; no token yet.",)
        if known.role is not Role.SUPPORTER:
            raise Refused("not_a_supporter", "the office knows that name, but as no supporter")
        return known, notes

    async def renew_link(self, session: SessionId, seat: SeatId) -> str:
        """Revoke a seat's links and make a new one.

        Returns:
            The new secret.

        Raises:
            NotFound: no such session or seat.
        """
        known = await self._host.view(session)
        place = known.seat(seat)
        if place is None:
            raise NotFound("seat_unknown")
        if place.is_link_void and not known.is_over:
            await self._host.deliver(session, LinkRenewed(seat))
        await self._store.revoke_links(session, seat, self._clock.now())
        secret = new_secret()
        link = Link(session, seat, link_expires_at(known), person=place.person)
        await self._store.add_link(hash_secret(secret), link)
        log.info("link.renewed", session=session, seat=seat)
        return secret

    # ---- before the session -----------------------------------------------------------------------------------------

    async def cancel(
        self,
        session: SessionId,
        by: Cause,
        recorded_by: str,
        channel: str,
        *,
        offers_date: bool = True,
    ) -> Session:
        """Cancel a booking on somebody's behalf (KUMAGAYA 6(4), SAKAI 2(4)).

        Args:
            session: which.
            by: who wants it.
            recorded_by: person id.
            channel: how it was asked for.
            offers_date: False: no other date is offered, whatever the programme says.

        Raises:
            NotFound: no such session.
            Refused: `already_live`, `session_over`.
        """
        before = await self._host.view(session)
        if before.is_over:
            raise Refused("session_over", "the session has ended")
        cancelled = Cancelled(by, recorded_by, channel, offers_date)
        after = await self._host.deliver(session, cancelled)
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
        code = names.check_display_name(name) or names.check_display_name(display_name or name)
        if code is not None:
            raise Refused("name_refused", f"the name cannot be used: {code}")
        # Introduced first: whoever is booked under that name in this moment is the same person.
        known = await self._store.introduce(Staff(PersonId(new_id("p")), name, name, role))
        person, token = known.person, new_staff_token()
        staff = Staff(person, name, display_name or known.display_name, role)
        await self._store.put_staff(staff, hash_secret(token))
        private = {PrivateField.MAIL: mail, PrivateField.LANGUAGE: language}
        await self._store.add_private(
            person, {field.value: str(text) for field, text in private.items() if text}
        )
        log.info("staff.added", person=person, role=role.value)
        return token


def _again(wish: Wish, session: Session) -> Booked:
    """The booking that was made under the same key before."""
    asked = (wish.programme, wish.starts_at, wish.medium)
    had = (session.rules.programme, session.starts_at, session.booked_medium)
    # A name that the office has corrected need not be the one that was asked for.
    is_same_name = session.corrections > 0 or wish.seeker_name == session.seeker.display_name
    if asked != had or not is_same_name:
        raise Refused("key_used", "this key belongs to another booking; draw a new one")
    note = "This session had been booked before; its links were shown then, and can be renewed."
    return Booked(session, {}, (note,), is_repeated=True)
