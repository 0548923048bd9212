"""What can happen to a session. Past tense; one frozen dataclass each; all that `step` accepts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestrator.policy.model import (
    Cause,
    ConnectionId,
    DeviceId,
    SeatId,
    SessionId,
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
    """The page said goodbye (unload beacon, or close code 1001); False: the line went silent."""


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


@dataclass(frozen=True, slots=True)
class SlotsProposed:
    """Free slots were computed for an open reschedule."""

    options: tuple[SlotOption, ...]


@dataclass(frozen=True, slots=True)
class SlotBooked:
    """A slot of the reschedule became a booking."""

    option: SlotOption
    new_session: SessionId
    by: str


@dataclass(frozen=True, slots=True)
class RescheduleDeclined:
    """The seeker wants no other date."""

    by: str


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
    | MediaFlowed
    | MediaSilent
    | MediaReturned
    | MediaRenewed
    | WorkerLost
    | NoticeGiven
    | Cancelled
    | SlotsProposed
    | SlotBooked
    | RescheduleDeclined
)
"""Everything that can happen; `step` handles each, in every phase."""
