"""Client to server: one frozen model a message, and their union. PURE.

A glossary that is read as a table, so it is one file however long; docs/protocol.md comes first, and a test compares
the two.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from orchestrator.policy.model import CallState, Medium, Purpose, Role
from orchestrator.policy.questionnaire import ASKED_OF, MOST_QUESTIONS
from signaling.protocol.fields import (
    VERSION,
    Epoch,
    Line,
    Message,
    Milliseconds,
    Name,
    Note,
    Point,
    Sdp,
    Seconds,
    Share,
    Text,
)
from signaling.views.seats import DeviceKind, Found, LineWord

ALL = frozenset(Role)
PARTICIPANTS = ALL - {Role.SCHEDULER}
"""Who has something to say; an observing scheduler has not."""
BOTH = frozenset({Role.SEEKER, Role.SUPPORTER})


class _Up(Message):
    senders: ClassVar[frozenset[Role]] = PARTICIPANTS
    """Who may send it; the policy then says when."""


class Hello(_Up):
    """Who I am: the secret of an invitation link, or a staff token."""

    senders = ALL
    type: Literal["hello"]
    version: Annotated[int, Field(ge=VERSION, le=VERSION)]
    link: Text | None = None
    token: Text | None = None
    media_epoch: Epoch = 0
    """The media connection that this page still holds; 0 after a reload."""
    language: Literal["ja", "en"] = "ja"
    e2ee: bool = False
    """This page can encrypt from end to end."""

    @model_validator(mode="after")
    def _one_of_link_and_token(self) -> Self:
        if (self.link is None) == (self.token is None):
            raise ValueError("exactly one of link and token")
        return self


class Pong(_Up):
    """Echo of `ping`."""

    senders = ALL
    type: Literal["pong"]
    server_time: Text


class Join(_Up):
    """I agree and am ready: into the lobby, or straight in after a drop."""

    senders = ALL
    type: Literal["join"]
    terms_version: Name
    attestations: Annotated[tuple[Name, ...], Field(max_length=20)]


class Admit(_Up):
    """Let this seat in from the lobby."""

    senders = frozenset({Role.SUPPORTER})
    type: Literal["admit"]
    seat: Name


class Answer(_Up):
    """JSEP answer to the offer of that epoch."""

    senders = ALL
    type: Literal["answer"]
    media_epoch: Epoch
    sdp: Sdp


class RestartMedia(_Up):
    """My network changed or ICE failed: please offer again."""

    senders = ALL
    type: Literal["restart_media"]
    media_epoch: Epoch


class RenewMedia(_Up):
    """My connection is beyond repair: a new epoch, please."""

    senders = ALL
    type: Literal["renew_media"]


class Probe(_Up):
    """My line is to be measured: offer me a connection that sends my packets back."""

    type: Literal["probe"]


class AnswerProbe(_Up):
    """JSEP answer to that offer."""

    type: Literal["answer_probe"]
    sdp: Sdp


class EndProbe(_Up):
    """I have measured enough, or give up."""

    type: Literal["end_probe"]


class Checked(_Up):
    """What the pre-call check found; shown to the office while the connection lives, never stored."""

    type: Literal["checked"]
    camera: Found
    microphone: Found
    line: LineWord | None
    rtt_ms: Milliseconds | None
    missing: Share | None
    device: DeviceKind


class StepOut(_Up):
    """I am leaving for a moment: the seat stays, the grace runs."""

    senders = ALL
    type: Literal["step_out"]


class End(_Up):
    """End the consultation: finished, or it does not work."""

    senders = frozenset({Role.SEEKER})
    type: Literal["end"]
    works: bool


class RequestEnd(_Up):
    """Ask the seeker to end early (IX 6-5)."""

    senders = frozenset({Role.SUPPORTER})
    type: Literal["request_end"]


class AnswerEnd(_Up):
    """Answer to that."""

    senders = frozenset({Role.SEEKER})
    type: Literal["answer_end"]
    agrees: bool


class ReleaseSeat(_Up):
    """I no longer wait for a seeker whose grace is over."""

    senders = frozenset({Role.SUPPORTER})
    type: Literal["release_seat"]


class Wait(_Up):
    """I wait for the one who is lost."""

    senders = frozenset({Role.SEEKER})
    type: Literal["wait"]


class Begin(_Up):
    """I begin in spite of the late start (IX 6-7)."""

    senders = frozenset({Role.SEEKER})
    type: Literal["begin"]


class AnotherDate(_Up):
    """I prefer another date, to waiting or to a late start (IX 6-7)."""

    senders = frozenset({Role.SEEKER})
    type: Literal["another_date"]


class BookNext(_Up):
    """Look for dates for the next session (KUMAGAYA 6(2))."""

    senders = BOTH
    type: Literal["book_next"]


class ChooseSlot(_Up):
    """This slot, please."""

    senders = BOTH
    type: Literal["choose_slot"]
    option: Name
    purpose: Purpose = Purpose.RESCHEDULE


class DeclineReschedule(_Up):
    """No other date, no next session for now, thank you."""

    senders = BOTH
    type: Literal["decline_reschedule"]
    purpose: Purpose = Purpose.RESCHEDULE


class Follow(_Up):
    """Show me the way to the session that I have chosen."""

    senders = frozenset({Role.SEEKER})
    type: Literal["follow"]
    purpose: Purpose = Purpose.RESCHEDULE


class GiveNotice(_Up):
    """I will be late. A supporter's notice needs the seeker's acceptance: a scheduler records it (product.md)."""

    senders = frozenset({Role.SEEKER})
    type: Literal["give_notice"]


class SwitchMedium(_Up):
    """Go on with pictures, by sound only, or by telephone; same clock, same slot (IX 1-1)."""

    senders = BOTH
    type: Literal["switch_medium"]
    medium: Medium


class ReportCall(_Up):
    """What became of the telephone call (IX 1-1, IX 6-3)."""

    senders = frozenset({Role.SUPPORTER})
    type: Literal["report_call"]
    state: CallState


class AnswerFinish(_Up):
    """Both pages were closed: was it finished?"""

    senders = frozenset({Role.SUPPORTER})
    type: Literal["answer_finish"]
    finished: bool


class Object(_Up):
    """It was not finished; after a goodbye."""

    senders = frozenset({Role.SEEKER})
    type: Literal["object"]


class Stop(_Up):
    """Stop at once, for conduct or a suspected recording (KUMAGAYA 12, SAKAI 8, SAKAI 5-4, IX 10)."""

    senders = BOTH
    type: Literal["stop"]
    kind: Literal["conduct", "recording"]
    accused: Name
    note: Note | None


class Measured(Message):
    """What a page measured of its line while it was in; null where nothing is known."""

    rtt_ms: Milliseconds | None
    """The middle one of all round trips."""
    missing: Share | None
    """The worst five seconds."""
    frozen_s: Seconds | None
    """In all."""
    in_s: Seconds
    """For how long it was measured."""

    def figures(self) -> str:
        """One line for the office, below what somebody wrote."""
        told = (
            ("rtt", self.rtt_ms, "ms"),
            ("missing", None if self.missing is None else self.missing * 100, "%"),
            ("frozen", self.frozen_s, "s"),
            ("in", self.in_s, "s"),
        )
        known = [f"{name} {value:.0f} {unit}" for name, value, unit in told if value is not None]
        return f"[{', '.join(known)}]"


class ReportProblem(_Up):
    """Something technical does not work, or did not; nothing ends by it."""

    senders = ALL
    type: Literal["report_problem"]
    note: Note | None
    measured: Measured | None = None


class AnswerQuestionnaire(_Up):
    """What I say afterwards (IX 15-2); once."""

    senders = ASKED_OF
    type: Literal["answer_questionnaire"]
    answers: Annotated[dict[Name, Point | Note], Field(min_length=1, max_length=MOST_QUESTIONS)]


class ReadNoted(_Up):
    """What was noted about the seeker at the booking, please; it stands in the history who reads it."""

    senders = frozenset({Role.SUPPORTER})
    type: Literal["read_noted"]


class ReadTerms(_Up):
    """The full text of the terms, please, in that language."""

    senders = ALL
    type: Literal["read_terms"]
    language: Literal["ja", "en"]


class Chat(_Up):
    """A line for the others; passed on in memory, never stored and never logged."""

    type: Literal["chat"]
    text: Line


class Report(_Up):
    """How my line is, every five seconds while I am in; null where nothing is known."""

    senders = ALL
    type: Literal["report"]
    missing: Share | None
    rtt_ms: Milliseconds | None
    frozen_s: Seconds | None


class Observed(_Up):
    """What my browser noticed: of the devices and the page now, of being away on the return."""

    senders = ALL
    type: Literal["observed"]
    signal: Literal[
        "device_ended",
        "device_silenced",
        "page_hidden",
        "page_asleep",
        "page_offline",
        "page_reloaded",
    ]
    value: Seconds | None
    """How long it lasted; null: it did not last, or it still does."""
    ago_s: Seconds
    """How long ago it began."""


class AnswerClaim(_Up):
    """Whether the other device may have the seat (IX 4-2)."""

    senders = ALL
    type: Literal["answer_claim"]
    seat: Name
    agrees: bool


class MediaState(_Up):
    """What I send, and how; passed on to the others, never stored."""

    type: Literal["media_state"]
    audio: bool
    video: bool
    screen: bool = False
    encrypted: bool = False
    """From end to end: who does not know the keys has nothing to show."""
    is_unstable: bool = False
    """My line: the others read that it may break up, and are told by nobody else."""
    has_microphone: bool = True
    """Without one I only listen: the others are not to wait for me to switch it on."""


class Key(_Up):
    """A step of the agreement on keys, for the other pages; passed on unread, never stored and never logged."""

    senders = ALL
    type: Literal["key"]
    text: Text


class Leaving(_Up):
    """The page is being closed."""

    senders = ALL
    type: Literal["leaving"]


Up = Annotated[
    Hello
    | Pong
    | Join
    | Admit
    | Answer
    | RestartMedia
    | RenewMedia
    | Probe
    | AnswerProbe
    | EndProbe
    | Checked
    | StepOut
    | End
    | RequestEnd
    | AnswerEnd
    | ReleaseSeat
    | Wait
    | Begin
    | AnotherDate
    | BookNext
    | ChooseSlot
    | DeclineReschedule
    | Follow
    | GiveNotice
    | SwitchMedium
    | ReportCall
    | AnswerFinish
    | Object
    | Stop
    | ReportProblem
    | AnswerQuestionnaire
    | ReadNoted
    | ReadTerms
    | Chat
    | Report
    | Observed
    | AnswerClaim
    | MediaState
    | Key
    | Leaving,
    Field(discriminator="type"),
]
"""Everything that a client may send."""
