"""What the store keeps, and what it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from orchestrator.policy.effects import Publish
from orchestrator.policy.ledger import LedgerLine
from orchestrator.policy.model import PersonId, Record, Role, SeatId, Session, SessionId
from orchestrator.policy.standing import Decision


@dataclass(frozen=True, slots=True)
class Stored:
    """A session as the store has it."""

    session: Session
    owner: str | None
    """The node that runs it; None when nobody does."""
    fence: int
    """Rises with each claim; a write with an older one is rejected."""


@dataclass(frozen=True, slots=True)
class Note:
    """A free text about a session; erasable, and in no other place. It replaces an earlier one of its key."""

    key: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Commit:
    """One transition to be recorded: session, history, deadline and outbox change together or not at all."""

    session: Session
    """The new value; its version is the stored one plus one."""
    fence: int
    command: str
    """Id of what caused it; a repetition with the same id is not applied again."""
    records: tuple[Record, ...]
    publishes: tuple[Publish, ...]
    deadline: datetime | None
    """The next moment at which time alone changes something; None: never."""
    ledger: tuple[LedgerLine, ...] = ()
    """All lines of an ended session (`policy.ledger.lines`); one that it had before and has no more is taken away."""
    tasks_due: datetime | None = None
    """When its most urgent task is due; None: nobody has to look at it."""
    note: Note | None = None
    released: PersonId | None = None
    """Who held the supporter's seat before this step: the slot is free in that calendar again."""


class Applied(StrEnum):
    """What became of a commit or a booking."""

    DONE = "done"
    REPEATED = "repeated"
    """The same command id had been applied before; nothing changed."""
    CONFLICT = "conflict"
    """The stored version is another one."""
    FENCED = "fenced"
    """The fence is old: another node owns the session."""
    TAKEN = "taken"
    """The slot of a booking overlaps another one of the same supporter or seeker."""
    SUSPENDED = "suspended"
    """A scheduler decided that seeker or supporter cannot be booked."""
    MAINTENANCE = "maintenance"
    """The slot of a booking overlaps planned maintenance."""


@dataclass(frozen=True, slots=True)
class Link:
    """An invitation: who it lets in where. Stored under the hash of its secret."""

    session: SessionId
    seat: SeatId
    expires_at: datetime
    revoked_at: datetime | None = None
    person: PersonId | None = None
    """Whom it was made for: once somebody else holds the seat it lets nobody in. None: whoever holds it."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody of the office, known by a token that is stored hashed."""

    person: PersonId
    name: str
    """What `madoguchi staff add NAME` was given; unique."""
    display_name: str
    role: Role
    """Supporter or scheduler."""


class PrivateField(StrEnum):
    """The fields of a person's private data."""

    NAME = "name"
    """The real name; only ever compared with the display name."""
    MAIL = "mail"
    """As `addresses.read_mail_address` gives it."""
    LANGUAGE = "language"
    """`Language`, in which the person is written to; absent: Japanese."""
    TELEPHONE = "telephone"
    """As `addresses.read_telephone` gives it."""
    REFERENCE = "reference"
    """Under what the office knows the seeker; of one booking (`booked_field`)."""
    NOTE = "note"
    """What the office noted for the supporter; of one booking (`booked_field`)."""


def booked_field(field: PrivateField, session: SessionId) -> str:
    """Under what a person's private data has what belongs to one booking."""
    return f"{field.value}:{session}"


@dataclass(frozen=True, slots=True)
class Booking:
    """A new session with its links, to be written in one go."""

    session: Session
    links: Mapping[str, Link]
    """Hash of the secret -> link."""
    command: str
    """A second booking with the same command id gives the first one's session."""
    private: Mapping[PersonId, Mapping[str, str]] = field(default_factory=dict)
    """Personal data, per person, into the erasable hash; nowhere else. Fields: `PrivateField`."""
    records: tuple[Record, ...] = ()
    """The first lines of its history."""
    publishes: tuple[Publish, ...] = ()
    """What leaves through the outbox, in the same script."""


@dataclass(frozen=True, slots=True)
class BookingResult:
    """What became of a booking."""

    applied: Applied
    """DONE, REPEATED, TAKEN, SUSPENDED or MAINTENANCE."""
    session: SessionId
    """The session that the command id made, also when repeated."""
    person: PersonId | None = None
    """Who cannot be booked, if SUSPENDED."""
    window: str | None = None
    """The id of the window of MAINTENANCE."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is on record about a person in one programme."""

    lines: tuple[LedgerLine, ...]
    """One a session, by the time of its end."""
    decisions: tuple[Decision, ...]
    """Of schedulers, oldest first."""
    stamp: int
    """Rises with every change of lines or decisions."""


DECIDED = "standing.decided"
"""Topic of a decision that cancels bookings; its delivery has no session. Key: `<programme>:<person>:<number>`."""


def reason_field(programme: str, number: int) -> str:
    """Under what a person's private data has the reason of a decision."""
    return f"decision:{programme}:{number}"


@dataclass(frozen=True, slots=True)
class Answers:
    """What the person of a seat answered to the programme's questionnaire."""

    at: datetime
    values: Mapping[str, int | str] = field(repr=False)
    """By the key of the question."""


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """A time in which the service does not run (IX 11-1, GOALOUS 10)."""

    id: str
    begins_at: datetime
    ends_at: datetime
    reason: str
    """One line of the office, about the machines and nobody's person."""
    planned_at: datetime
    planned_by: PersonId
    called_off_at: datetime | None = None
    called_off_by: PersonId | None = None

    def meets(self, begins_at: datetime, ends_at: datetime) -> bool:
        """It shares a moment with that time, and was not called off."""
        return self.called_off_at is None and begins_at < self.ends_at and self.begins_at < ends_at


@dataclass(frozen=True, slots=True)
class Delivery:
    """An outbox entry in somebody's hands; to be acknowledged once its effect is done."""

    id: str
    session: SessionId
    topic: str
    recipient: str
    key: str


@dataclass(frozen=True, slots=True)
class Change:
    """A session has changed, somewhere; what the board's feed is made of."""

    session: SessionId
    version: int


Handler = Callable[[Delivery], Awaitable[None]]
"""Does the effect of an outbox entry; it must bear being done twice."""
