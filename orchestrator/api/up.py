"""What the HTTP API is sent: the types validate, and document, themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from orchestrator.addresses import (
    LONGEST_MAIL_ADDRESS,
    LONGEST_TELEPHONE,
    read_mail_address,
    read_telephone,
)
from orchestrator.api.moments import (
    is_in_calendar,
)
from orchestrator.policy.model import (
    Medium,
)
from orchestrator.policy.writing import PRINTED, legible, read_noted, read_reference
from orchestrator.ports import Language
from orchestrator.wish import BESIDE, Wish

Name = Annotated[
    str,
    AfterValidator(legible),
    StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$"),
]
"""What is called so, or the key of something; one line."""
LONGEST_MINUTES = 1_440
"""Of a session: a day; a programme allows what it allows."""

Line = Annotated[
    str,
    AfterValidator(legible),
    StringConstraints(min_length=1, max_length=1_000, pattern=PRINTED),
]
"""A sentence or two; of the control characters only line breaks."""

PersonName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]

MailAddress = Annotated[
    str, StringConstraints(max_length=LONGEST_MAIL_ADDRESS), AfterValidator(read_mail_address)
]
Telephone = Annotated[
    str, StringConstraints(max_length=LONGEST_TELEPHONE), AfterValidator(read_telephone)
]


Reference = Annotated[str, AfterValidator(read_reference)]
Noted = Annotated[str, AfterValidator(read_noted)]


def _in_calendar(at: datetime) -> datetime:
    if not is_in_calendar(at):
        raise ValueError("too far away")
    return at


GivenMoment = Annotated[AwareDatetime, AfterValidator(_in_calendar)]
"""A moment that somebody else wrote."""


class Body(BaseModel):
    """What every body that is sent has in common: immutable, strict, and an unknown field is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class NewSession(Body):
    """A session to be booked."""

    programme: Name = Field(description="Name of a programme of this server")
    starts_at: GivenMoment = Field(description="RFC 3339 with offset")
    seeker_name: Name = Field(description="The display name that the office chose (SAKAI 2(3))")
    supporter: Name = Field(description="Name of the supporter, as given to `staff add`")
    length_minutes: int | None = Field(
        default=None,
        ge=1,
        le=LONGEST_MINUTES,
        description="Minutes; absent: the programme's default",
    )
    medium: Medium = Medium.VIDEO
    seeker_real_name: Name | None = Field(
        default=None, description="Only to check the display name against it"
    )
    exception: Line | None = Field(
        default=None, description="Why it is booked against the programme's rule"
    )
    seeker_mail: MailAddress | None = Field(
        default=None, description="Where messages go; absent: the seeker gets none"
    )
    seeker_language: Language | None = Field(
        default=None, description="In which they are written; absent: Japanese"
    )
    seeker_telephone: Telephone | None = Field(
        default=None, description="Where the office reaches the seeker"
    )
    seeker_reference: Reference | None = Field(
        default=None, description="Under what the office knows the seeker; for the supporter"
    )
    seeker_note: Noted | None = Field(
        default=None, description="What the supporter has to know; read on record"
    )
    companions: tuple[Name, ...] = Field(
        default=(), max_length=2, description="Display names of remote companions"
    )
    companions_beside: tuple[Name, ...] = Field(
        default=(),
        max_length=BESIDE,
        description="Names or roles of companions at the seeker's camera (KUMAGAYA 12(3))",
    )
    observer: Name | None = Field(
        default=None,
        description="Name of a scheduler who looks on and sends nothing, as given to `staff add`",
    )
    seeker_person: PersonName | None = Field(
        default=None, description="Id of a person who was here before; absent: a new person"
    )

    def wish(self) -> Wish:
        """What is asked of the bookings."""
        return Wish(
            programme=self.programme,
            starts_at=self.starts_at,
            seeker_name=self.seeker_name,
            supporter=self.supporter,
            length=timedelta(minutes=self.length_minutes) if self.length_minutes else None,
            medium=self.medium,
            seeker_real_name=self.seeker_real_name,
            exception=self.exception,
            seeker_mail=self.seeker_mail,
            seeker_language=self.seeker_language,
            seeker_telephone=self.seeker_telephone,
            seeker_reference=self.seeker_reference,
            seeker_note=self.seeker_note,
            companions=self.companions,
            companions_beside=self.companions_beside,
            observer=self.observer,
            seeker_person=self.seeker_person,
        )


class Cancellation(Body):
    """A cancellation that reached the office (KUMAGAYA 6(4), SAKAI 2(4))."""

    by: Literal["seeker", "supporter", "office", "maintenance"]
    channel: Name = Field(default="api", description="How it came: telephone, e-mail, …")


class NewNotice(Body):
    """A word that somebody will be late."""

    about: Literal["seeker", "supporter"]
    until: GivenMoment | None = Field(
        default=None, description="Until when the other one agreed to wait; absent: until the end"
    )
    channel: Name = "api"


class ClaimAnswer(Body):
    """Whether another device may have a seat (IX 4-2)."""

    agrees: bool
