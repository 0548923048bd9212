"""What can happen to a session. Past tense; one frozen dataclass each; all that `step` accepts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestrator.policy.model import (
    CallState,
    Cause,
    ConnectionId,
    DeviceId,
    IncidentKind,
    Medium,
    Outcome,
    PersonId,
    Purpose,
    SeatId,
    SessionId,
    Signal,
    SlotOption,
)


@dataclass(frozen=True, slots=True)
class Woken:
    """Time has passed; nothing else happened."""


@dataclass(frozen=True, slots=True)
class ServiceGap:
    """Nobody ran this session from `began_at` to `ended_at`: a restart, a takeover, or the store was away."""

    began_at: datetime
    ended_at: datetime
    is_new_node: bool
    """Connections and media rooms are gone with the old node; False: only the store was away."""


@dataclass(frozen=True, slots=True)
class Connected:
    """A page with a valid link opened signalling."""

    seat: SeatId
    connection: ConnectionId
    device: DeviceId
    media_epoch: int = 0
    """The media connection that the page still holds; 0 when it holds none (first visit, reload)."""
    person: PersonId | None = None
    """Whom the link was made for; None: whoever holds the seat."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The person agreed, attested and pressed join."""

    seat: SeatId
    connection: ConnectionId
    terms_version: str
    attestations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Admitted:
    """The supporter let a seat in from the lobby."""

    connection: ConnectionId
    seat: SeatId


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A signalling connection ended."""

    seat: SeatId
    connection: ConnectionId
    page_closed: bool
    """The page said goodbye (unload beacon, or `leaving`); False: the line went silent."""
    code: int | None = None
    """The WebSocket close code that we saw; None: none, the beacon came first."""


@dataclass(frozen=True, slots=True)
class SteppedOut:
    """The person chose «step out»: the seat stays, the grace runs."""

    seat: SeatId
    connection: ConnectionId


@dataclass(frozen=True, slots=True)
class EndPressed:
    """The seeker ended the consultation."""

    connection: ConnectionId
    works: bool
    """True: finished. False: it does not work, which goes to attribution."""


@dataclass(frozen=True, slots=True)
class EndRequested:
    """The supporter asks to end early (IX 6-5)."""

    connection: ConnectionId


@dataclass(frozen=True, slots=True)
class EndAnswered:
    """The seeker answered the request to end early."""

    connection: ConnectionId
    agrees: bool


@dataclass(frozen=True, slots=True)
class SeatReleased:
    """The supporter no longer waits for a seeker whose grace is over."""

    connection: ConnectionId


@dataclass(frozen=True, slots=True)
class WaitChosen:
    """The seeker waits for the lost supporter or platform."""

    connection: ConnectionId


@dataclass(frozen=True, slots=True)
class AnotherDateChosen:
    """The seeker prefers another date to waiting (IX 6-7)."""

    connection: ConnectionId | None
    """None: the choice came without the page, by a slot that was booked."""


@dataclass(frozen=True, slots=True)
class ClaimAnswered:
    """Somebody said whether another device may take a seat."""

    seat: SeatId
    """The seat that is claimed."""
    agrees: bool
    connection: ConnectionId | None = None
    """Who answers: the seat's first device, or the supporter once escalated; None: a scheduler."""


@dataclass(frozen=True, slots=True)
class LinkRevoked:
    """The office made the links of a seat void; who came with them has to go."""

    seat: SeatId


@dataclass(frozen=True, slots=True)
class LinkRenewed:
    """The office made a new link for a seat."""

    seat: SeatId


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """Somebody came for a seat with a browser that the room cannot be used with."""

    seat: SeatId


@dataclass(frozen=True, slots=True)
class MediaFlowed:
    """Packets went both ways between seeker and supporter for the first time."""


@dataclass(frozen=True, slots=True)
class MediaSilent:
    """No authentic packet came from a seat for five seconds while its media flowed."""

    seat: SeatId
    media_epoch: int
    last_packet_at: datetime


@dataclass(frozen=True, slots=True)
class MediaReturned:
    """A seat's media connection is up (again)."""

    seat: SeatId
    media_epoch: int


@dataclass(frozen=True, slots=True)
class MediaRenewed:
    """A page says that its media connection is beyond repair and asks for a new one."""

    seat: SeatId
    connection: ConnectionId


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """The media worker that carried this room died or went silent."""


@dataclass(frozen=True, slots=True)
class NoticeGiven:
    """Somebody said that seeker or supporter will be late."""

    about: SeatId
    """Who will be late: `seeker` or `supporter`."""
    by: str
    until: datetime | None = None
    channel: str = "page"


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The booking was cancelled, by `seeker`, `supporter`, `office` or `maintenance`."""

    by: Cause
    recorded_by: str
    channel: str = "api"
    offers_date: bool = True
    """Another date is offered where the programme says so; False: the seeker cannot be booked for now."""


@dataclass(frozen=True, slots=True)
class SlotsProposed:
    """Free slots were computed for an open reschedule, or for the next session."""

    options: tuple[SlotOption, ...]
    purpose: Purpose = Purpose.RESCHEDULE


@dataclass(frozen=True, slots=True)
class SlotBooked:
    """A proposed slot became a booking."""

    option: SlotOption
    new_session: SessionId
    by: str
    purpose: Purpose = Purpose.RESCHEDULE


@dataclass(frozen=True, slots=True)
class ChosenCancelled:
    """The booking that was chosen here was cancelled."""

    new_session: SessionId
    purpose: Purpose = Purpose.RESCHEDULE


@dataclass(frozen=True, slots=True)
class RescheduleDeclined:
    """The seeker wants no other date, or no next one for now."""

    by: str
    purpose: Purpose = Purpose.RESCHEDULE


@dataclass(frozen=True, slots=True)
class NextAsked:
    """Seeker or supporter wants to book the next session now (KUMAGAYA 6(2))."""

    connection: ConnectionId


@dataclass(frozen=True, slots=True)
class Observed:
    """Something was noticed about a seat that may explain a loss, before or after it."""

    seat: SeatId
    signal: Signal
    """One of `OBSERVABLE`; others are ignored."""
    value: float | None = None
    at: datetime | None = None
    """When it was so, for what is reported on return; None: now. A time to come counts as now."""


@dataclass(frozen=True, slots=True)
class RingDelivered:
    """The contact with the absent seeker is under way: the message was accepted for delivery (IX 6-3)."""

    channel: str
    """`mail`."""


@dataclass(frozen=True, slots=True)
class BeginChosen:
    """The seeker begins in spite of the late start (IX 6-7)."""

    connection: ConnectionId


@dataclass(frozen=True, slots=True)
class MediumSwitched:
    """Seeker or supporter goes on by sound only, by telephone, or with the picture again; same clock, same slot."""

    connection: ConnectionId
    medium: Medium


@dataclass(frozen=True, slots=True)
class CallReported:
    """What became of a telephone call to the seeker (IX 1-1, IX 6-3)."""

    state: CallState
    connection: ConnectionId | None
    """The supporter's; None: a scheduler reports."""
    by: str


@dataclass(frozen=True, slots=True)
class FinishAnswered:
    """The supporter was asked «finished?» after both had closed their pages."""

    finished: bool
    connection: ConnectionId | None
    """The supporter's; None: from the desk."""
    by: str


@dataclass(frozen=True, slots=True)
class Objected:
    """The seeker says that the consultation was not finished (product.md, Goodbye)."""

    by: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """Seeker or supporter stops for conduct or recording (KUMAGAYA 12, SAKAI 8, SAKAI 5-4, IX 10)."""

    connection: ConnectionId
    kind: IncidentKind
    """`conduct` or `recording`."""
    accused: SeatId


@dataclass(frozen=True, slots=True)
class IncidentFiled:
    """Somebody files an incident; nothing ends by it."""

    kind: IncidentKind
    accused: SeatId | None
    connection: ConnectionId | None
    """Of the room; None: a scheduler files it."""
    by: str


@dataclass(frozen=True, slots=True)
class IncidentResolved:
    """A scheduler has dealt with an incident."""

    incident: str
    by: PersonId


@dataclass(frozen=True, slots=True)
class Overruled:
    """A scheduler puts another outcome or cause in the place of the verdict."""

    outcome: Outcome
    cause: Cause | None
    by: PersonId
    number: int
    """How many overrulings the scheduler has seen: of two at once, the second is refused."""


@dataclass(frozen=True, slots=True)
class TaskDone:
    """A scheduler has dealt with a task."""

    task: str
    by: PersonId


@dataclass(frozen=True, slots=True)
class Reassigned:
    """A scheduler gave the supporter's seat to another supporter, who is free in that slot."""

    person: PersonId
    display_name: str
    by: PersonId


@dataclass(frozen=True, slots=True)
class BookingCorrected:
    """A scheduler puts right what was written at the booking; None: that stays."""

    by: PersonId
    seeker_name: str | None = None
    companions: tuple[str, ...] | None = None
    """Display names of all companions with a seat, in the order of their seats."""
    beside: tuple[str, ...] | None = None
    """All companions on the seeker's camera, as the office calls them."""
    is_noted: bool = False
    """What was noted for the supporter is written anew; the words lie in the seeker's erasable data."""


@dataclass(frozen=True, slots=True)
class EndedByOffice:
    """A scheduler ended it while people were there, or were expected every moment; ours."""

    by: PersonId
    held: bool
    """The scheduler states that it was held all the same, so that it counts."""


@dataclass(frozen=True, slots=True)
class SeatsKept:
    """A scheduler has the seats of an interrupted session kept until its end; ours."""

    by: PersonId


@dataclass(frozen=True, slots=True)
class DataRead:
    """Somebody of the office wants to read what was noted about the seeker at the booking."""

    by: PersonId


@dataclass(frozen=True, slots=True)
class MaintenancePlanned:
    """Maintenance will begin that this session would run into (IX 11-1, GOALOUS 10)."""

    begins_at: datetime | None
    """None: it was called off."""


@dataclass(frozen=True, slots=True)
class ExtensionAsked:
    """A scheduler moves the end, where the programme allows it; it counts once the media worker holds it."""

    ends_at: datetime
    by: PersonId


@dataclass(frozen=True, slots=True)
class ExtensionConfirmed:
    """The media worker will cut at the new end."""

    ends_at: datetime


Event = (
    Woken
    | ServiceGap
    | Connected
    | Joined
    | Admitted
    | Disconnected
    | SteppedOut
    | EndPressed
    | EndRequested
    | EndAnswered
    | SeatReleased
    | WaitChosen
    | AnotherDateChosen
    | ClaimAnswered
    | LinkRevoked
    | LinkRenewed
    | TurnedAway
    | MediaFlowed
    | MediaSilent
    | MediaReturned
    | MediaRenewed
    | WorkerLost
    | NoticeGiven
    | Cancelled
    | SlotsProposed
    | SlotBooked
    | ChosenCancelled
    | RescheduleDeclined
    | NextAsked
    | Observed
    | RingDelivered
    | BeginChosen
    | MediumSwitched
    | CallReported
    | FinishAnswered
    | Objected
    | Stopped
    | IncidentFiled
    | IncidentResolved
    | Overruled
    | TaskDone
    | Reassigned
    | BookingCorrected
    | EndedByOffice
    | SeatsKept
    | DataRead
    | MaintenancePlanned
    | ExtensionAsked
    | ExtensionConfirmed
)
"""Everything that can happen; `step` handles each, in every phase."""
