"""What the brain needs of the world, as protocols. Adapters implement them; `host` and `bookings` see nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from orchestrator.policy.effects import Publish, Refuse, Warn
from orchestrator.policy.events import Event
from orchestrator.policy.ledger import LedgerLine
from orchestrator.policy.model import (
    ConnectionId,
    PersonId,
    Record,
    Role,
    SeatId,
    Session,
    SessionId,
)
from orchestrator.policy.standing import Decision, PersonTask


class Clock(Protocol):
    """The two clocks of the control process; media time is the worker's own."""

    def now(self) -> datetime:
        """Wall-clock time, aware UTC: the store's time at start plus the monotonic clock (product.md, Time)."""

    def monotonic(self) -> float:
        """Seconds of the machine's monotonic clock, which the media workers of this machine share."""


# ---- store ----------------------------------------------------------------------------------------------------------


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


class Store(Protocol):
    """The record. Every method raises `Unavailable("store")` when the store does not answer in time."""

    async def load(self, session: SessionId) -> Stored | None:
        """The session, its owner and its fence; None when there is none."""

    async def load_many(self, sessions: Sequence[SessionId]) -> list[Stored]:
        """Several at once, in order; missing ones are left out."""

    async def claim(
        self, session: SessionId, node: str, over: str | None, fence: int
    ) -> int | None:
        """Take a session whose owner and fence are as given.

        Returns:
            The new fence, or None when somebody else was faster.
        """

    async def commit(self, commit: Commit) -> Applied:
        """Record one transition (invariants 1 to 4 of the store)."""

    async def book(self, booking: Booking) -> BookingResult:
        """Write a new session, unowned, unless seeker or supporter is booked already in that time.

        A session that replaces another (`session.previous`) may overlap that one's slot.
        """

    async def booked_by(self, command: str) -> SessionId | None:
        """The session that a booking with that command id made, or None."""

    async def events(self, session: SessionId) -> list[tuple[int, Record]]:
        """The session's history, oldest first: version and record."""

    async def between(self, begins_at: datetime, ends_at: datetime) -> list[SessionId]:
        """The sessions whose `starts_at` lies in [begins_at, ends_at), by time."""

    async def due(self, until: datetime) -> list[tuple[SessionId, datetime]]:
        """The sessions whose deadline lies at or before `until`, soonest first, at most 10,000."""

    async def booked(
        self, person: PersonId, begins_at: datetime, ends_at: datetime
    ) -> list[tuple[datetime, datetime]]:
        """The slots that a person has in that time, sessions that ended early or were cancelled left out."""

    async def sessions_of(
        self, person: PersonId, begins_at: datetime, ends_at: datetime
    ) -> list[SessionId]:
        """The sessions of a person that are not over and share a moment with that time, by their start."""

    async def reserve_end(self, session: SessionId, ends_at: datetime) -> bool:
        """Let the calendars of seeker and supporter hold a session up to another end.

        It is given back by the same call with the present end, and by the end of the session.

        Returns:
            False: one of them has something else by then, or the session is over; nothing changed.
        """

    async def reserve_supporter(self, session: Session, person: PersonId) -> Applied:
        """Let the calendar of another supporter hold a session's slot, before the seat is given to that one.

        Given back by `release_supporter`, or kept by the commit that gives the seat.

        Returns:
            DONE; TAKEN: there is something else in that time; SUSPENDED: a decision keeps that person from sessions.
        """

    async def release_supporter(self, session: Session, person: PersonId) -> None:
        """Give such a slot back: the seat was not given."""

    async def with_tasks(self, count: int) -> list[SessionId]:
        """The sessions that somebody has to look at, most urgent first, at most `count`."""

    async def notes(self, session: SessionId) -> Mapping[str, str]:
        """The free texts about a session, by key, as its commits have left them; erasable, and nowhere else."""

    async def put_answers(
        self, session: SessionId, seat: SeatId, answers: Answers, until: datetime
    ) -> bool:
        """Keep a seat's answers until that time and no longer.

        Returns:
            False: it has answered before; nothing changed.
        """

    async def answers(self, session: SessionId) -> Mapping[SeatId, Answers]:
        """What was answered about a session, by seat."""

    async def ledger(self, programme: str, person: PersonId) -> Ledger:
        """What is on record about a person in one programme; empty for one who is not known."""

    async def decide(
        self, programme: str, person: PersonId, decision: Decision, reason: str
    ) -> bool:
        """Record a decision; the person can (not) be booked from then on, and the task about the person is done.

        The reason goes into the person's erasable data (`reason_field`). One that cancels bookings leaves through the
        outbox as `DECIDED`.

        Returns:
            False: there is a decision of that number, or there is none before it; nothing changed.
        """

    async def is_blocked(self, programme: str, person: PersonId) -> bool:
        """Whether a decision keeps a person from being booked; `book` looks for itself."""

    async def person_tasks(self) -> list[PersonTask]:
        """The people whom somebody has to look at, most urgent first."""

    async def put_person_task(self, task: PersonTask, stamp: int) -> bool:
        """Make the task about a person, or replace it.

        Args:
            task: as it was derived from the ledger.
            stamp: of the ledger that it was derived from.

        Returns:
            False: the ledger has changed since; nothing was done.
        """

    async def end_person_task(self, programme: str, person: PersonId, stamp: int) -> bool:
        """End the task about a person, if there is one; the rest as `put_person_task`."""

    async def maintenance(self) -> list[MaintenanceWindow]:
        """All windows that are not forgotten, past and called-off ones too, by their beginning."""

    async def put_maintenance(self, window: MaintenanceWindow) -> None:
        """Plan a window or change it: from then on no booking overlaps it, unless it was called off."""

    async def forget_maintenance(self, windows: Sequence[MaintenanceWindow]) -> None:
        """Take windows away that are over."""

    async def add_link(self, secret_hash: str, link: Link) -> None:
        """Make one more link for a seat."""

    async def add_link_beside(self, secret_hash: str, link: Link) -> bool:
        """Make one more link for a seat, unless the office has revoked all that the seat had.

        Returns:
            False: they are all revoked, and nothing was made.
        """

    async def link(self, secret_hash: str) -> Link | None:
        """The link under that hash, or None."""

    async def revoke_links(self, session: SessionId, seat: SeatId, at: datetime) -> int:
        """Revoke all links of a seat; how many there were."""

    async def put_staff(self, staff: Staff, token_hash: str | None) -> None:
        """Add or replace somebody of the office; an earlier token of the same name is void."""

    async def staff_by_token(self, token_hash: str) -> Staff | None:
        """Who that token names, or None."""

    async def staff_by_name(self, name: str) -> Staff | None:
        """Who has that name, or None."""

    async def staff_by_person(self, person: PersonId) -> Staff | None:
        """Who has that person id, or None."""

    async def add_private(self, person: PersonId, fields: Mapping[str, str]) -> None:
        """Add to a person's private data, or replace single fields of it."""

    async def private(self, person: PersonId) -> Mapping[str, str]:
        """A person's private data; empty when there is none or it was erased."""

    async def take(self, node: str, count: int, wait_ms: int) -> list[Delivery]:
        """Outbox entries for this node: new ones, then those that another node left unacknowledged for long."""

    async def acknowledge(self, delivery: Delivery) -> None:
        """The effect of a delivery is done."""

    async def beat(self, node: str, ttl_ms: int) -> Mapping[str, datetime]:
        """Renew this node's heartbeat.

        Returns:
            Every known node -> its last heartbeat, by the store's time; expired ones stay listed for a day.
        """

    async def server_time(self) -> datetime:
        """The store's own time, aware UTC."""

    async def watch(self, on_change: Callable[[Change], None]) -> None:
        """Call `on_change` for every commit and booking of any node, until cancelled; reconnects by itself."""

    async def flush(self) -> None:
        """Return when everything written so far is durable."""


class Leases(Protocol):
    """Which node runs which session."""

    async def acquire(self, session: SessionId) -> tuple[int, datetime | None]:
        """Become or stay the owner of a session.

        Returns:
            The fence, and since when nobody ran it: the last heartbeat of a dead owner; None without a gap.

        Raises:
            Fenced: a living node runs it.
            NotFound: there is no such session.
            Unavailable: the store does not answer.
        """

    async def absence_at(self, moment: datetime) -> datetime | None:
        """Since when the store was away at that moment; returns once it has answered a heartbeat sent after it.

        None: it answered, so whoever wanted to get in up to that moment could.
        """

    def absences_since(self, moment: datetime) -> Sequence[tuple[datetime, datetime]]:
        """From when to when the store, or this node, was away, for absences that ended after that moment."""


class Sessions(Protocol):
    """The sessions, as use cases see them; `host.Host` is the one that runs them."""

    async def deliver(self, session: SessionId, event: Event, words: str | None = None) -> Session:
        """Let an event happen to a session, and wait until what it changed is durable.

        Args:
            session: to which.
            event: what happens.
            words: what somebody wrote with it; kept in the same commit, unless the event is refused.
        """

    async def view(self, session: SessionId) -> Session:
        """The session as it is now."""


class RunningSessions(Sessions, Protocol):
    """The sessions as a node sees them that runs some of them."""

    async def until(
        self, session: SessionId, holds: Callable[[Session], bool], within_s: float
    ) -> Session:
        """Wait until something is true of a session that this node runs.

        Raises:
            TimeoutError: it did not become true in that time.
        """


class Availability(Protocol):
    """When supporters can be had; only proposals keep to it."""

    async def of(
        self, programme: str, person: PersonId, begins_at: datetime, ends_at: datetime
    ) -> list[tuple[datetime, datetime]] | None:
        """The hours of a supporter in that time, in any order; None: whenever the programme is open."""


# ---- alarm ----------------------------------------------------------------------------------------------------------


class Alarm(Protocol):
    """Rings at given moments. It knows no meaning: a late, early or double ring is harmless."""

    def arm(self, session: SessionId, at: datetime | None) -> None:
        """Ring for that session at `at`, instead of what was armed before; None: not at all."""


# ---- media ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OfferMade:
    """The worker offers a media connection; it goes to the page over signalling."""

    session: SessionId
    seat: SeatId
    media_epoch: int
    sdp: str


@dataclass(frozen=True, slots=True)
class ProbeOffered:
    """The worker offers a connection on which a page measures its line; it belongs to no session."""

    connection: ConnectionId
    sdp: str


@dataclass(frozen=True, slots=True)
class LegUp:
    """DTLS is up: a seat can send and receive."""

    session: SessionId
    seat: SeatId
    media_epoch: int


@dataclass(frozen=True, slots=True)
class RoomFlowing:
    """Packets of seeker and supporter have both been forwarded for the first time."""

    session: SessionId


@dataclass(frozen=True, slots=True)
class LegSilent:
    """Five seconds without an authentic packet of a seat whose media had flowed (media.md, Consent)."""

    session: SessionId
    seat: SeatId
    media_epoch: int
    silent_for_s: float


@dataclass(frozen=True, slots=True)
class LegReturned:
    """A silent seat is heard again."""

    session: SessionId
    seat: SeatId
    media_epoch: int


@dataclass(frozen=True, slots=True)
class LegQuality:
    """A seat's line is bad, or still is: told when it turns so, and every twenty seconds while it lasts."""

    session: SessionId
    seat: SeatId
    media_epoch: int
    loss: float | None
    """Share of packets lost, the worse way; None: that is not what is bad."""
    rtt_ms: float | None
    """Round trip; None: that is not what is bad."""


@dataclass(frozen=True, slots=True)
class RoomExtended:
    """The worker holds a later end of the room."""

    session: SessionId
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class RoomLost:
    """The worker that carried the room is gone."""

    session: SessionId


@dataclass(frozen=True, slots=True)
class LineSample:
    """A leg's line in one second; None where nothing is known."""

    at: datetime
    media_epoch: int
    up_bps: int
    """What the browser sent."""
    down_bps: int
    """What was forwarded to it."""
    loss_up: float | None
    """Share of packets lost on the way to us, 0 to 1, over the last ten seconds."""
    loss_down: float | None
    """The same on the way to the browser."""
    rtt_ms: float | None
    jitter_ms: float | None


@dataclass(frozen=True, slots=True)
class PageSample:
    """What a page tells of the last five seconds, from end to end; None where its browser does not say."""

    at: datetime
    missing: float | None
    """Share of the packets of all the others that did not arrive, 0 to 1, on whosever line."""
    rtt_ms: float | None
    """To our server."""
    frozen_s: float | None
    """For how long pictures stood still, summed over all that are shown."""


@dataclass(frozen=True, slots=True)
class Line:
    """How a seat's line was in the last minute, the oldest first."""

    measured: tuple[LineSample, ...] = ()
    """By the media worker, each second."""
    told: tuple[PageSample, ...] = ()
    """By the page."""


MediaEvent = (
    OfferMade
    | ProbeOffered
    | LegUp
    | RoomFlowing
    | LegSilent
    | LegReturned
    | LegQuality
    | RoomExtended
    | RoomLost
)


class Media(Protocol):
    """The media workers of this node. They are told what, never why.

    All methods return at once; what comes of them arrives as `MediaEvent`s. A command for a room or seat that is not
    there is ignored. Nothing raises for a dead worker: its rooms are reported `RoomLost` and may be opened again.
    """

    def open_room(self, session: SessionId, closes_in_s: float) -> None:
        """Open a room that forwards nothing after `closes_in_s` from now, timer or no timer. Idempotent."""

    def extend_room(self, session: SessionId, closes_at: datetime, closes_in_s: float) -> None:
        """Let an open room forward until `closes_in_s` from now; `RoomExtended` with that `closes_at` follows."""

    def connect(
        self,
        session: SessionId,
        seat: SeatId,
        media_epoch: int,
        functions: frozenset[str],
        others: tuple[SeatId, ...],
        *,
        only_receives: bool = False,
    ) -> None:
        """Make a new connection for a seat (an older one of it is closed); `OfferMade` follows.

        Args:
            session: where.
            seat: whose.
            media_epoch: which connection of that seat.
            functions: what the room offers: what it may be sent, and may send.
            others: who may ever be with it, one to three, in the order of their places in the offer. Media flows once
                it goes both ways between two who are first for each other.
            only_receives: it may send nothing of that; what it sends is dropped.
        """

    def answer(self, session: SessionId, seat: SeatId, media_epoch: int, sdp: str) -> None:
        """The page's answer to the offer of that epoch."""

    def restart(self, session: SessionId, seat: SeatId, media_epoch: int) -> None:
        """New ICE credentials for a living connection; `OfferMade` with the same epoch follows."""

    def disconnect(self, session: SessionId, seat: SeatId) -> None:
        """Close a seat's connection."""

    def close_room(self, session: SessionId) -> None:
        """Cut everything of the room."""

    def probe(self, connection: ConnectionId) -> bool:
        """Offer a page a connection that sends its packets back, outside of any room; `ProbeOffered` follows.

        It ends by itself some seconds later. An older one of the same page is closed. False: there are as many as
        the workers may carry, or no worker lives.
        """

    def answer_probe(self, connection: ConnectionId, sdp: str) -> None:
        """The page's answer to that offer."""

    def end_probe(self, connection: ConnectionId) -> None:
        """Close it; twice is once."""

    def note_page(self, session: SessionId, seat: SeatId, sample: PageSample) -> None:
        """Keep what a seat's page tells beside what is measured."""

    def lines(self, session: SessionId) -> Mapping[SeatId, Line]:
        """How each seat's line was in the last minute; empty without a room. In memory only."""


# ---- people ---------------------------------------------------------------------------------------------------------


class Language(StrEnum):
    """In which language somebody is written to."""

    JA = "ja"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Message:
    """A text to one person."""

    to: str = field(repr=False)
    """The address, as `addresses.read_mail_address` gives it."""
    language: Language
    subject: str
    """One line."""
    text: str = field(repr=False)
    """Plain text; it holds an invitation link."""
    key: str
    """Of the delivery that it comes from: a repetition carries the same one, so that a receiver can tell."""


class Notifier(Protocol):
    """Takes messages to people who are not at their pages."""

    async def send(self, message: Message) -> None:
        """Return once the message was accepted for delivery.

        Raises:
            Unavailable: `mail` cannot take it now; the same message may be sent again later.
            Refused: `message_refused`; it will never be taken.
        """


class Audience(Protocol):
    """The people at their pages. Signalling implements it; all methods return at once and never raise."""

    def show(self, session: Session) -> None:
        """A new state was committed: everyone in the session is shown it."""

    def time_is_up(self, session: Session) -> None:
        """The hard end has been cut; the outcome follows when it is recorded."""

    def refuse(self, refusal: Refuse) -> None:
        """Tell one connection that it may not do this."""

    def warn(self, session: Session, warning: Warn) -> None:
        """Tell everyone in the session how long is left."""

    def offer(self, connection: ConnectionId, offer: OfferMade) -> None:
        """Pass a media offer to the page that holds the seat."""

    def offer_probe(self, offer: ProbeOffered) -> None:
        """Pass an offer to the page that measures its line."""

    def dismiss(self, session: SessionId, code: str) -> None:
        """This node no longer runs the session: its pages shall connect again."""


Handler = Callable[[Delivery], Awaitable[None]]
"""Does the effect of an outbox entry; it must bear being done twice."""

Wake = Callable[[Iterable[SessionId]], None]
"""What an alarm calls: these sessions shall look at the time."""
