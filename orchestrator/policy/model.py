"""The nouns of a session, as immutable values.

A `Session` is one booked meeting and its life. It is loaded, stepped and stored whole; nothing in it is ever changed
in place. The rules it runs under travel with it, so that a programme file that changes tomorrow does not change a
session that was booked today.

All moments are aware UTC datetimes; all spans are timedeltas. Nobody here reads a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import NewType

SessionId = NewType("SessionId", str)
PersonId = NewType("PersonId", str)
ConnectionId = NewType("ConnectionId", str)
DeviceId = NewType("DeviceId", str)
"""A hash of the secret that a device keeps in its cookie; never the secret itself."""
SeatId = NewType("SeatId", str)
"""`seeker`, `supporter`, `companion-1`, `companion-2`, or `observer`: one seat a person."""

SEEKER = SeatId("seeker")
SUPPORTER = SeatId("supporter")
OBSERVER = SeatId("observer")
"""A scheduler who sees and hears, and sends nothing."""


class Role(StrEnum):
    """Who somebody is in a session."""

    SEEKER = "seeker"
    SUPPORTER = "supporter"
    COMPANION = "companion"
    SCHEDULER = "scheduler"


class Medium(StrEnum):
    """How a session is held (IX 1-1)."""

    VIDEO = "video"
    AUDIO = "audio"
    PHONE = "phone"


CARRIED: Mapping[Medium, frozenset[str]] = MappingProxyType(
    {
        Medium.VIDEO: frozenset({"audio", "video", "screen", "chat"}),
        Medium.AUDIO: frozenset({"audio", "chat"}),
        Medium.PHONE: frozenset({"chat"}),
    }
)
"""Which functions a medium carries."""


class Phase(StrEnum):
    """Where a session is in its life."""

    SCHEDULED = "scheduled"
    """Booked; the doors are closed."""
    OPEN = "open"
    """Doors open, before `starts_at`."""
    WAITING = "waiting"
    """From `starts_at` until both are admitted."""
    LIVE = "live"
    """Seeker and supporter are both in."""
    INTERRUPTED = "interrupted"
    """Was live; at least one of the two is lost."""
    ENDED = "ended"
    """Over, with an outcome."""


ALLOWED: Mapping[Phase, frozenset[Phase]] = MappingProxyType(
    {
        Phase.SCHEDULED: frozenset({Phase.OPEN, Phase.ENDED}),
        Phase.OPEN: frozenset({Phase.WAITING, Phase.LIVE, Phase.ENDED}),
        Phase.WAITING: frozenset({Phase.LIVE, Phase.ENDED}),
        Phase.LIVE: frozenset({Phase.INTERRUPTED, Phase.ENDED}),
        Phase.INTERRUPTED: frozenset({Phase.LIVE, Phase.ENDED}),
        Phase.ENDED: frozenset(),
    }
)
"""The table of phases: from each, where it may go. docs/session.md is generated from it."""


class Presence(StrEnum):
    """Where the person of a seat is. Present means any but `away`."""

    AWAY = "away"
    AT_DOOR = "at_door"
    """The link's page is open and signalling is connected: reading terms, checking devices."""
    LOBBY = "lobby"
    """Has agreed, attested and pressed join."""
    IN = "in"
    """Admitted."""


class Outcome(StrEnum):
    """How a session ended."""

    COMPLETED = "completed"
    SEEKER_NO_SHOW = "seeker_no_show"
    SUPPORTER_NO_SHOW = "supporter_no_show"
    SUPPORTER_LATE = "supporter_late"
    NOT_HELD = "not_held"
    INTERRUPTED = "interrupted"
    STOPPED = "stopped"
    CANCELLED = "cancelled"


class Cause(StrEnum):
    """On whose side the reason lies; for `cancelled`, who cancelled."""

    SEEKER = "seeker"
    SUPPORTER = "supporter"
    PLATFORM = "platform"
    UNKNOWN = "unknown"
    OFFICE = "office"
    MAINTENANCE = "maintenance"


CAUSES: Mapping[Outcome, tuple[Cause, ...]] = MappingProxyType(
    {
        Outcome.COMPLETED: (),
        Outcome.SEEKER_NO_SHOW: (Cause.SEEKER,),
        Outcome.SUPPORTER_NO_SHOW: (Cause.SUPPORTER,),
        Outcome.SUPPORTER_LATE: (Cause.SUPPORTER,),
        Outcome.NOT_HELD: (Cause.SEEKER, Cause.SUPPORTER, Cause.PLATFORM, Cause.UNKNOWN),
        Outcome.INTERRUPTED: (
            Cause.SEEKER,
            Cause.SUPPORTER,
            Cause.PLATFORM,
            Cause.UNKNOWN,
            Cause.OFFICE,
        ),
        Outcome.STOPPED: (Cause.SEEKER, Cause.SUPPORTER),
        Outcome.CANCELLED: (Cause.SEEKER, Cause.SUPPORTER, Cause.OFFICE, Cause.MAINTENANCE),
    }
)
"""The rows of product.md's table of outcomes, which causes each can have; that the office interrupts is ours."""


class Confidence(StrEnum):
    """How firm an attribution is."""

    SURE = "sure"
    LIKELY = "likely"
    UNKNOWN = "unknown"


class Quota(StrEnum):
    """What an outcome does to the seeker's number of sessions."""

    USED = "used"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows from an outcome; data of the programme, not code."""

    quota: Quota
    reschedule: bool
    """A new slot is offered to the seeker."""
    strike: bool = False
    confirm: bool = False
    """A scheduler looks at it before it is final."""


class Extension(StrEnum):
    """Who may move the end of a running session."""

    NEVER = "never"
    SCHEDULER = "scheduler"


@dataclass(frozen=True, slots=True)
class Rules:
    """The policy numbers of a programme that a session runs under."""

    programme: str
    programme_version: int
    doors: timedelta
    """How long before `starts_at` the doors open; ours."""
    cutoff: timedelta
    """How long after `starts_at` a no-show is judged; KUMAGAYA 6(4), SAKAI 2(4), IX 6-3."""
    ringing: timedelta
    """How long the seeker must have been rung before a no-show; IX 6-3."""
    tolerance: timedelta
    """How late a supporter may be without consequence; ours, for IX 6-7."""
    warnings: tuple[timedelta, ...]
    """How long before `ends_at` the people are warned, longest first; ours."""
    grace: timedelta
    """How long a lost seat may take to come back, per drop; ours."""
    grace_total: timedelta
    """The same over the whole session, per seat; ours."""
    hold: timedelta
    """How long a lost seat is kept after the grace has decided the verdict, counted from the drop; ours."""
    tail: timedelta
    """A drop this close to `ends_at` does not undo a session that was held; ours."""
    early_admission: bool
    """Whether the supporter may admit before `starts_at`; ours."""
    reschedule_for: timedelta
    """How long a reschedule stays open for the seeker's choice; ours."""
    extension: Extension
    """Who may move the end of a running session; IX 6-4 says nobody."""
    terms_version: str
    """The version of the terms that must be accepted before the first join; IX 2, KUMAGAYA 4, SAKAI 5-3."""
    attestations: tuple[str, ...]
    """Keys of what everyone attests before joining; KUMAGAYA 12, SAKAI 4."""
    functions: frozenset[str]
    """The functions allowed in the room: `audio`, `video`, `chat`, `screen`; SAKAI 5-4."""
    consequences: Mapping[str, Consequence]
    """Outcome, or `outcome/cause`, to what follows; the longer key wins."""


ENDED_BY_OFFICE = "interrupted/office"
"""The row that a table of consequences may leave out: then it costs what cancelling by the office costs; ours."""

TAIL_LIVE_SHARE = 0.25
"""A drop in the tail counts as completed only if this share of the slot was live; ours (product.md, Tail)."""


class Signal(StrEnum):
    """One kind of evidence; in brackets what its `value` is."""

    STEPPED_OUT = "stepped_out"
    PAGE_CLOSED = "page_closed"
    """The unload beacon, or `leaving`."""
    SIGNALLING_LOST = "signalling_lost"
    """The signalling connection ended without a goodbye (its WebSocket close code)."""
    MEDIA_SILENT = "media_silent"
    """No authentic packet for five seconds while media flowed (seconds of silence)."""
    WORKER_LOST = "worker_lost"
    SERVICE_GAP = "service_gap"
    """Nobody ran the session (seconds)."""
    BROKEN_PRESSED = "broken_pressed"
    LINK_REVOKED = "link_revoked"
    CALL_DROPPED = "call_dropped"
    """On the telephone: nobody answers any more."""
    LOST_NEARBY = "lost_nearby"
    """Seats of other sessions of this node that fell in the same five seconds (how many)."""
    LINE_BAD = "line_bad"
    """More loss than a call bears, by RTCP or by the page's own statistics (share lost, 0 to 1)."""
    DELAY_HIGH = "delay_high"
    """A round trip longer than a talk bears (milliseconds)."""
    JITTER_HIGH = "jitter_high"
    """What reached this seat came too unevenly to talk (milliseconds), on whosever line: it accuses nobody."""
    DEVICE_ENDED = "device_ended"
    """Camera or microphone was unplugged, taken away, or its permission withdrawn."""
    DEVICE_SILENCED = "device_silenced"
    """The system took camera or microphone away for a while: on a telephone, an incoming call."""
    PAGE_HIDDEN = "page_hidden"
    """The page went into the background."""
    PAGE_ASLEEP = "page_asleep"
    """Reported on return: the page did not run (seconds)."""
    PAGE_OFFLINE = "page_offline"
    """Reported on return: the browser had no network (seconds)."""
    PAGE_RELOADED = "page_reloaded"
    """Reported on return: the page was loaded anew."""


OBSERVABLE = frozenset(
    {
        Signal.LOST_NEARBY,
        Signal.LINE_BAD,
        Signal.DELAY_HIGH,
        Signal.JITTER_HIGH,
        Signal.DEVICE_ENDED,
        Signal.DEVICE_SILENCED,
        Signal.PAGE_HIDDEN,
        Signal.PAGE_ASLEEP,
        Signal.PAGE_OFFLINE,
        Signal.PAGE_RELOADED,
    }
)
"""Signals that are only looked at: none of them loses a seat by itself."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One signal, and when it was seen."""

    signal: Signal
    at: datetime
    seat: SeatId | None = None
    """Whose seat it speaks of; None when it speaks of the server."""
    value: float | None = None
    """How much; the unit is the signal's."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A seat whose person was there and is not any more."""

    at: datetime
    grace_ends_at: datetime
    evidence: tuple[Evidence, ...] = ()
    """What was seen of it, in the order in which we learned of it."""
    judged: bool = False
    """The grace is over and the verdict has been given."""
    counts_from: datetime | None = None
    """When grace and hold begin to count; None: at once. Our absence and the time before the start do not count."""

    @property
    def counted_from(self) -> datetime:
        """The moment from which grace and hold are counted."""
        return self.counts_from or self.at

    @property
    def signals(self) -> frozenset[Signal]:
        """Which kinds of evidence there are."""
        return frozenset(evidence.signal for evidence in self.evidence)


@dataclass(frozen=True, slots=True)
class Claim:
    """Another device asks for a seat that is bound already (IX 4-2)."""

    device: DeviceId
    connection: ConnectionId
    asked_at: datetime
    escalated: bool = False
    """The first device stayed silent for ten seconds: supporter or scheduler may answer."""


@dataclass(frozen=True, slots=True)
class Consent:
    """That somebody accepted the terms: which, when, and what they attested."""

    terms_version: str
    at: datetime
    attestations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seat:
    """One person's place in a session."""

    id: SeatId
    role: Role
    person: PersonId
    display_name: str
    """The name that the office chose; nobody can set another (SAKAI 2(3))."""
    presence: Presence = Presence.AWAY
    connection: ConnectionId | None = None
    """The signalling connection that holds the seat now."""
    last_connection: ConnectionId | None = None
    """The one that held it last; its late goodbye still counts as evidence."""
    device: DeviceId | None = None
    """The device that first entered with the link."""
    consent: Consent | None = None
    is_admitted: bool = False
    """Was let in; a return within the hold needs no second admission."""
    media_epoch: int = 0
    """Counts the media connections of this seat; 0 before the first."""
    media_up_epoch: int = 0
    """The last media connection of this seat that came up; 0 when none ever did."""
    is_media_lost: bool = False
    """The media worker hears nothing from this seat, or has lost it."""
    loss: Loss | None = None
    grace_used: timedelta = timedelta()
    """Grace that mended losses have used up so far."""
    first_present_at: datetime | None = None
    left_at: datetime | None = None
    """When the seat last became away after having been present; None while present or never there."""
    was_present_after_start: bool = False
    claim: Claim | None = None
    observed: tuple[Evidence, ...] = ()
    """What was seen of this seat lately, the newest last; bounded."""
    was_refused: bool = False
    """We turned this person away at some time: an absence yields no strike (product.md, Outcomes)."""
    is_link_void: bool = False
    """The office voided the links of this seat, and made no new one before the start: the same."""
    was_lost_by_us: bool = False
    """Away since our own restart: the absence is not the person's."""

    @property
    def only_receives(self) -> bool:
        """Sees and hears the others, and sends nothing: an observing scheduler."""
        return self.role is Role.SCHEDULER

    @property
    def is_present(self) -> bool:
        """Any presence but `away`."""
        return self.presence is not Presence.AWAY

    @property
    def was_kept_out(self) -> bool:
        """We did not let this person in, so an absence is no matter of theirs."""
        return self.was_refused or self.is_link_void


@dataclass(frozen=True, slots=True)
class Notice:
    """A word that somebody will be late."""

    at: datetime
    by: str
    """Who recorded it: a person id, or `seeker`."""
    until: datetime | None = None
    """Until when the other one agreed to wait; None: until `ends_at`."""
    channel: str = "page"


class Question(StrEnum):
    """What a person is being asked."""

    END_EARLY = "end_early"
    """The supporter asks to end now; only the seeker's yes ends it (IX 6-5)."""
    WAIT_OR_RESCHEDULE = "wait_or_reschedule"
    """The supporter or the platform is lost past the grace: wait, or another date (IX 6-7; in mid-session ours)."""
    BEGIN_OR_RESCHEDULE = "begin_or_reschedule"
    """The start is late, and not through the seeker: begin now, or another date (IX 6-7)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that is open, always to the seeker."""

    question: Question
    at: datetime
    answer_by: datetime | None = None
    """When the question answers itself; None: it stays open."""
    page_closed_at: datetime | None = None
    """The seeker closed the page on the open question: a yes, unless it was a reload."""
    is_admitting: bool = False
    """The supporter let the seeker in meanwhile: with the answer «begin» it is live."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome with its cause and what decided it."""

    outcome: Outcome
    cause: Cause | None
    confidence: Confidence
    reason: str
    """Stable key of the sentence for people, for instance `seeker_lost`; the text is made at the edge."""
    at: datetime
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class SlotOption:
    """A free slot that is offered."""

    id: str
    starts_at: datetime
    ends_at: datetime
    supporter: PersonId
    supporter_name: str


class RescheduleState(StrEnum):
    """Where a reschedule is."""

    OPEN = "open"
    CHOSEN = "chosen"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """The outcome was overruled, and no other date is due any more."""
    CANCELLED = "cancelled"
    """It was chosen, and that booking was cancelled; what follows is told on the booking's own page."""


class Purpose(StrEnum):
    """What free slots are looked for."""

    RESCHEDULE = "reschedule"
    """Another date for this session (IX 6-7)."""
    NEXT = "next"
    """The next session, booked during this one (KUMAGAYA 6(2))."""


@dataclass(frozen=True, slots=True)
class Reschedule:
    """Another date for the same session (IX 6-7)."""

    state: RescheduleState
    opened_at: datetime
    expires_at: datetime
    options: tuple[SlotOption, ...] = ()
    is_proposed: bool = False
    """Proposals have been computed; with no options, a scheduler has to find one."""
    new_session: SessionId | None = None
    new_starts_at: datetime | None = None
    new_ends_at: datetime | None = None
    new_supporter_name: str | None = None
    """As booked; the office may give that session to somebody else later."""


class CallState(StrEnum):
    """What the supporter reports of a telephone call (IX 1-1)."""

    CALLING = "calling"
    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    FINISHED = "finished"
    """Both have said goodbye; the seeker agreed (IX 6-5)."""


class IncidentKind(StrEnum):
    """What an incident is about."""

    CONDUCT = "conduct"
    """Threats, abuse, use for other purposes (KUMAGAYA 12(1), SAKAI 8)."""
    RECORDING = "recording"
    """A recording is suspected (KUMAGAYA 12(2), SAKAI 5-4, IX 10(6))."""
    TECHNICAL = "technical"
    """Something did not work; ours."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that the office has to look at; its text lies in the erasable notes of the session."""

    id: str
    """`incident-1`, `incident-2`: unique in its session."""
    kind: IncidentKind
    at: datetime
    by: str
    """Who filed it: a seat, or the person id of a scheduler."""
    accused: SeatId | None
    due_at: datetime
    stopped: bool
    """It ended the session."""
    phase: Phase
    """Where the session was."""
    resolved_at: datetime | None = None
    resolved_by: str | None = None


@dataclass(frozen=True, slots=True)
class Overruling:
    """A scheduler put another verdict in the place of one; both stay on record."""

    at: datetime
    by: PersonId
    before: Verdict
    consequence_before: Consequence


@dataclass(frozen=True, slots=True)
class Done:
    """A task that somebody ticked off."""

    task: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Both closed their pages shortly after each other, and nothing was wrong before (product.md, Goodbye)."""

    at: datetime
    is_confirmed: bool | None = None
    """What the supporter answered to «finished?»; None: not yet."""


@dataclass(frozen=True, slots=True)
class Extending:
    """A new end that the media worker has not confirmed yet."""

    ends_at: datetime
    by: PersonId


@dataclass(frozen=True, slots=True)
class Stretch:
    """A sum of time that runs while a condition holds."""

    total: timedelta = timedelta()
    since: datetime | None = None
    """When the running stretch began; None while it does not run."""

    def at(self, now: datetime) -> timedelta:
        """The sum up to `now`."""
        return self.total + (now - self.since if self.since is not None else timedelta())

    def run(self, is_running: bool, now: datetime) -> Stretch:
        """Start, stop or leave the stretch at `now`."""
        if is_running == (self.since is not None):
            return self
        return Stretch(self.total, now) if is_running else Stretch(self.at(now), None)


@dataclass(frozen=True, slots=True)
class Session:
    """One booked meeting and its life; the value that `step` turns into the next one."""

    id: SessionId
    rules: Rules
    starts_at: datetime
    ends_at: datetime
    """Fixed when the booking is confirmed; nothing in the room moves it (IX 6-4)."""
    seats: tuple[Seat, ...]
    time_zone: str = "Asia/Tokyo"
    medium: Medium = Medium.VIDEO
    """How it is held now; seeker and supporter may switch."""
    booked_medium: Medium = Medium.VIDEO
    """How it was booked, and how another date of it is."""
    phase: Phase = Phase.SCHEDULED
    version: int = 0
    clock: datetime | None = None
    """The latest moment this session has seen; time never goes backwards."""
    judge_at: datetime | None = None
    """When the cutoff table is judged next, at `ends_at` at the latest; None: judged, and nothing is due."""
    warned: frozenset[timedelta] = frozenset()
    live: Stretch = field(default_factory=Stretch)
    """How long both have been in."""
    has_media_flowed: bool = False
    """Packets went both ways at least once."""
    waited: Stretch = field(default_factory=Stretch)
    """How long the seeker was present after `starts_at` with no supporter there."""
    waited_for_us: Stretch = field(default_factory=Stretch)
    """The same while the supporter was away through us; `waited` does not count it."""
    rung: Stretch = field(default_factory=Stretch)
    """How long the seeker has been rung (IX 6-3)."""
    ringing: SeatId | None = None
    """For whom it rings now."""
    rings: int = 0
    """How often ringing began with a message."""
    is_rung: bool = False
    """The contact reaches the seeker: the message left, or somebody calls."""
    call: CallState | None = None
    """The last report on a telephone call."""
    called_at: datetime | None = None
    """The first report of a call after `starts_at`."""
    live_on_page: timedelta = timedelta()
    """How long it had been live when it went over to the telephone."""
    late: Cause | None = None
    """Whose late start gives the seeker the right to another date until the end (IX 6-7); None: nobody's."""
    was_asked_to_begin: bool = False
    """The seeker has been asked whether to begin late; once is enough."""
    away_by_us: timedelta = timedelta()
    """How long nobody ran this session between `starts_at` and its becoming live."""
    media_due_at: datetime | None = None
    """By when packets must have gone both ways (product.md, Live needs media); None: nothing is due."""
    is_media_missing: bool = False
    """Live, and nothing flows."""
    seeker_notice: Notice | None = None
    supporter_notice: Notice | None = None
    asked: Asked | None = None
    goodbye: Goodbye | None = None
    verdict: Verdict | None = None
    """Fixed when the first grace ends unmended; the door may stay open after it."""
    outcome: Outcome | None = None
    cause: Cause | None = None
    ended_at: datetime | None = None
    consequence: Consequence | None = None
    reschedule: Reschedule | None = None
    following: Reschedule | None = None
    """The next session, being booked from inside this one (KUMAGAYA 6(2))."""
    previous: SessionId | None = None
    """The session that this one replaces."""
    follows: SessionId | None = None
    """The session in which this one was booked."""
    incidents: tuple[Incident, ...] = ()
    overrulings: tuple[Overruling, ...] = ()
    """Oldest first; the first one's `before` is the policy's own verdict."""
    objected_at: datetime | None = None
    """The seeker says that it was not finished."""
    done: tuple[Done, ...] = ()
    """Tasks that were ticked off."""
    readings: int = 0
    """How often what was noted about the seeker was read; each one is a line of history."""
    corrections: int = 0
    """How often the office put names or notes right; the seeker's name need not be the one that was asked for."""
    maintenance_at: datetime | None = None
    """When maintenance begins that this session would run into."""
    is_kept: bool = False
    """While it is interrupted: a scheduler has the seats kept until `ends_at`, whatever the rules' `hold`."""
    extending: Extending | None = None
    ends_moved: int = 0
    """How often the end was moved; the reason of each lies in the notes under its number."""
    beside: tuple[str, ...] = ()
    """Declared companions on the seeker's camera, as the office calls them (KUMAGAYA 12(3))."""
    booked_by: str = ""
    exception: str | None = None
    """Why a scheduler booked it against the programme's rule (KUMAGAYA 6(1), «as a rule»)."""

    def seat(self, seat_id: SeatId) -> Seat | None:
        """The seat of that id, or None."""
        return next((seat for seat in self.seats if seat.id == seat_id), None)

    @property
    def seeker(self) -> Seat:
        """The seeker's seat; every session has one."""
        return next(seat for seat in self.seats if seat.role is Role.SEEKER)

    @property
    def supporter(self) -> Seat:
        """The supporter's seat; every session has one."""
        return next(seat for seat in self.seats if seat.role is Role.SUPPORTER)

    @property
    def observer(self) -> Seat | None:
        """The scheduler who looks on; everybody is told of it. None: nobody does."""
        return next((seat for seat in self.seats if seat.role is Role.SCHEDULER), None)

    @property
    def functions(self) -> frozenset[str]:
        """What the room offers: what the programme lists, as far as the medium carries it (SAKAI 5-4, IX 1-1)."""
        return self.rules.functions & CARRIED[self.medium]

    @property
    def is_over(self) -> bool:
        """The session has ended."""
        return self.phase is Phase.ENDED


class DeadlineReason(Enum):
    """Why time alone will change something; the value is the order in which ties are settled."""

    HARD_END = 0
    """What ends the session wins over everything else at the same instant."""
    MAINTENANCE = 1
    DOORS_OPEN = 2
    START = 3
    EARLY_END_CLOSED = 4
    GRACE = 5
    HOLD = 6
    ANSWER = 7
    """A question answers itself."""
    JUDGE = 8
    MEDIA_DUE = 9
    WARNING = 10
    CLAIM = 11
    RESCHEDULE_EXPIRES = 12
    NEXT_EXPIRES = 13


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment at which time alone changes something, and why."""

    at: datetime
    reason: DeadlineReason
    seat: SeatId | None = None
    warning: timedelta | None = None

    @property
    def order(self) -> tuple[datetime, int, str, timedelta]:
        """Oldest first; at one instant in the order of `DeadlineReason`; total, so that replay is exact."""
        return (self.at, self.reason.value, self.seat or "", -(self.warning or timedelta()))


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a session's history, as the API and the board show it."""

    at: datetime
    name: str
    """`noun.past_verb`, for instance `seat.lost`."""
    data: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    """Ids, codes and numbers only; never personal data."""
