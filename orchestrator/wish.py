"""What is asked to be booked, and who and what is in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.credentials import new_id
from orchestrator.errors import Refused
from orchestrator.policy import names
from orchestrator.policy.model import (
    OBSERVER,
    SEEKER,
    SUPPORTER,
    Medium,
    PersonId,
    Role,
    Seat,
    SeatId,
    SessionId,
)
from orchestrator.ports import Language, PrivateField, Staff, booked_field

REMOTE_COMPANIONS = 2
"""A room carries four people."""

BESIDE = 2
"""How many declared companions can sit at the seeker's camera and be seen (KUMAGAYA 12(3)); ours."""


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
    companions_beside: tuple[str, ...] = ()
    """Display names or roles of declared companions at the seeker's own camera (KUMAGAYA 12(3))."""
    observer: str | None = None
    """Name of somebody of the office who looks on, as given to `madoguchi staff add`; None: nobody does."""
    seeker_mail: str | None = None
    """Where messages go; None: the seeker gets none. Like the next two as `addresses` reads it, and kept erasable."""
    seeker_language: Language | None = None
    seeker_telephone: str | None = None
    seeker_reference: str | None = None
    """For the session's supporter, read on record; kept erasable like the next one."""
    seeker_note: str | None = None


def check_names(seeker: str | None, companions: Iterable[str], real_name: str | None) -> None:
    """Refuse display names that cannot be shown, or are too near to the seeker's real name (SAKAI 2(3)).

    Args:
        seeker: the seeker's; None: it is not given.
        companions: those of companions, wherever they sit.
        real_name: as far as the office has it.

    Raises:
        Refused: `name_refused`.
    """
    whose_names = [("the seeker's", seeker)] if seeker is not None else []
    for whose, name in [*whose_names, *(("a companion's", each) for each in companions)]:
        code = names.check_display_name(name)
        if code is None and real_name:
            code = names.refuses(name, real_name)
        if code is not None:
            raise Refused("name_refused", f"{whose} display name cannot be used: {code}")


def seats_of(wish: Wish, supporter: Staff, observer: Staff | None) -> tuple[Seat, ...]:
    """The seats of the session that is wished for."""
    seeker = PersonId(wish.seeker_person or new_id("p"))
    companions = (
        Seat(SeatId(f"companion-{number}"), Role.COMPANION, PersonId(new_id("p")), name)
        for number, name in enumerate(wish.companions, 1)
    )
    looking_on = (
        (Seat(OBSERVER, Role.SCHEDULER, observer.person, observer.display_name),)
        if observer
        else ()
    )
    return (
        Seat(SEEKER, Role.SEEKER, seeker, wish.seeker_name),
        Seat(SUPPORTER, Role.SUPPORTER, supporter.person, supporter.display_name),
        *companions,
        *looking_on,
    )


def private_of(wish: Wish, session: SessionId) -> dict[str, str]:
    """What is known of the seeker as a person."""
    known = {
        PrivateField.NAME.value: wish.seeker_real_name,
        PrivateField.MAIL.value: wish.seeker_mail,
        PrivateField.LANGUAGE.value: wish.seeker_language,
        PrivateField.TELEPHONE.value: wish.seeker_telephone,
        booked_field(PrivateField.REFERENCE, session): wish.seeker_reference,
        booked_field(PrivateField.NOTE, session): wish.seeker_note,
    }
    return {field: str(text) for field, text in known.items() if text}
