"""The messages of the signalling protocol, version 1. PURE.

One frozen model a message, one union for each direction: *up* is client to server, *down* is server to client.
docs/protocol.md comes first; a test compares its tables with the unions below. Parsing is total: whatever a peer sends
becomes a message or `Malformed`, and nothing of what it sent is echoed back.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from orchestrator.api.days import DayFrame
from orchestrator.api.moments import Moment
from orchestrator.api.questionnaires import QuestionBody
from orchestrator.errors import Malformed
from orchestrator.lines import LinePoint
from orchestrator.policy.model import CallState, Medium, Purpose, Role
from orchestrator.policy.questionnaire import ASKED_OF, MOST_QUESTIONS, SCALE
from orchestrator.policy.writing import legible
from signaling.desk import AfterView
from signaling.views.board import BoardRow
from signaling.views.programme import ProgrammeView
from signaling.views.seats import DeviceKind, Found, LineWord
from signaling.views.session import SessionView
from signaling.views.shape import Bilingual

VERSION = 1
FRAME_BYTES = 65_536
_DETAIL_CHARS = 300

Text = Annotated[str, StringConstraints(max_length=1_000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Sdp = Annotated[str, StringConstraints(min_length=1, max_length=32_768)]
Epoch = Annotated[int, Field(ge=0, le=2**31 - 1)]
_WRITTEN = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$"
"""What a person writes: no control characters but line breaks."""
Note = Annotated[
    str,
    AfterValidator(legible),
    StringConstraints(min_length=1, max_length=500, pattern=_WRITTEN),
]
"""A few sentences for the office alone."""
Line = Annotated[
    str,
    AfterValidator(legible),
    StringConstraints(min_length=1, max_length=1_000, pattern=_WRITTEN),
]
"""What somebody writes to the others; passed on, never stored."""

Point = Annotated[int, Field(ge=SCALE[0], le=SCALE[-1])]
Share = Annotated[float, Field(ge=0, le=1)]
Milliseconds = Annotated[float, Field(ge=0, le=60_000)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]

ALL = frozenset(Role)
PARTICIPANTS = ALL - {Role.SCHEDULER}
"""Who has something to say; an observing scheduler has not."""
BOTH = frozenset({Role.SEEKER, Role.SUPPORTER})


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Up(_Message):
    senders: ClassVar[frozenset[Role]] = PARTICIPANTS
    """Who may send it; the policy then says when."""


# ---- up -----------------------------------------------------------------------------------------


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


class Measured(_Message):
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

# ---- down ---------------------------------------------------------------------------------------


class You(_Message):
    """Who the receiver of a `welcome` is."""

    connection: str
    """Also the body of `POST /beacon`; unguessable."""
    seat: str | None
    role: Role
    display_name: str
    device: Literal["bound", "new", "asked"]
    name: str | None = None
    """Staff only."""


class IceServer(_Message):
    """A TURN server, as `RTCConfiguration.iceServers` wants it, with credentials that end."""

    urls: tuple[str, ...]
    username: str
    credential: str


class Welcome(_Message):
    """Accepted; for participants with programme and session, for the board with the office."""

    type: Literal["welcome"] = "welcome"
    version: Literal[1] = 1
    server_time: Moment
    you: You
    programme: ProgrammeView | None = None
    session: SessionView | None = None
    office: Bilingual | None = None
    ice_servers: tuple[IceServer, ...] | None = None
    """None for the board; empty for a device that only asks for the seat, and without TURN servers."""


class State(_Message):
    """The state of the session after a change, whole, as the receiver may see it."""

    type: Literal["session"] = "session"
    session: SessionView


class Offer(_Message):
    """JSEP offer of an epoch."""

    type: Literal["offer"] = "offer"
    media_epoch: int
    sdp: str
    ice_servers: tuple[IceServer, ...] = ()


class ProbeOffer(_Message):
    """JSEP offer of the connection that `probe` asked for."""

    type: Literal["probe_offer"] = "probe_offer"
    sdp: str
    ice_servers: tuple[IceServer, ...] = ()


class TimeLeft(_Message):
    """So many seconds until the end."""

    type: Literal["warning"] = "warning"
    left_s: int


class MediaStateOf(_Message):
    """What somebody else in the session sends, and how."""

    type: Literal["media_state"] = "media_state"
    seat: str
    audio: bool
    video: bool
    screen: bool
    encrypted: bool
    is_unstable: bool


class Encryption(_Message):
    """Whether the page of somebody else in the session can encrypt from end to end."""

    type: Literal["encryption"] = "encryption"
    seat: str
    is_able: bool


class KeyOf(_Message):
    """A step of the agreement on keys, from somebody else's page."""

    type: Literal["key"] = "key"
    seat: str
    text: str


class ChatLine(_Message):
    """Somebody of the session wrote a line."""

    type: Literal["chat"] = "chat"
    seat: str
    text: str
    at: Moment


class Noted(_Message):
    """What was noted about the seeker; to the page that asked, and to nobody else."""

    type: Literal["noted"] = "noted"
    reference: str | None
    note: str | None


class AroundMe(_Message):
    """What the supporter has beside this session."""

    type: Literal["around"] = "around"
    is_engaged: bool
    """To the others: the supporter is still in an earlier session."""
    after: AfterView | None
    """To the supporter: the session after this one."""


class TimeIsUp(_Message):
    """Media has been cut at `ends_at`; the outcome follows."""

    type: Literal["time_is_up"] = "time_is_up"


class Way(_Message):
    """The secret of a link to the session that follows; for this page alone."""

    type: Literal["way"] = "way"
    purpose: Purpose
    link: str


class Questionnaire(_Message):
    """What the programme asks afterwards (IX 15-2)."""

    type: Literal["questionnaire"] = "questionnaire"
    questions: tuple[QuestionBody, ...]
    is_answered: bool


class Refused(_Message):
    """You may not; the code is stable, the sentence is the page's."""

    type: Literal["refused"] = "refused"
    code: str
    closes: bool


class Error(_Message):
    """Your message was malformed."""

    type: Literal["error"] = "error"
    code: str
    detail: str


class Ping(_Message):
    """Answer with `pong`."""

    type: Literal["ping"] = "ping"
    server_time: Moment


class Board(_Message):
    """Every session of the day."""

    type: Literal["board"] = "board"
    day: DayFrame
    sessions: tuple[SerializeAsAny[BoardRow], ...]


class BoardRowChanged(_Message):
    """One session after a change."""

    type: Literal["board_row"] = "board_row"
    session: SerializeAsAny[BoardRow]


class LineOf(_Message):
    """The lines of one room: the worst of its seats in each quarter of a minute, the oldest first."""

    id: str
    points: tuple[LinePoint, ...]
    """Share of packets lost on the way to us or from us, 0 to 1; round trip in ms; null: nothing is known."""


class BoardLines(_Message):
    """How the lines of the live rooms of this node are; a room that is not named is not measured any more."""

    type: Literal["board_lines"] = "board_lines"
    sessions: tuple[LineOf, ...]


Down = Annotated[
    Welcome
    | State
    | Offer
    | ProbeOffer
    | MediaStateOf
    | Encryption
    | KeyOf
    | ChatLine
    | Noted
    | AroundMe
    | TimeLeft
    | TimeIsUp
    | Questionnaire
    | Way
    | Refused
    | Error
    | Ping
    | Board
    | BoardRowChanged
    | BoardLines,
    Field(discriminator="type"),
]
"""Everything that the server may send."""

# ---- text ---------------------------------------------------------------------------------------

_UP: TypeAdapter[Any] = TypeAdapter(Up)


def parse(text: str) -> Up:
    """Read one frame.

    Args:
        text: what the peer sent; anything at all.

    Raises:
        Malformed: `too_large`, `not_json`, `unknown_type`, `bad_field`, or `version_unsupported` for a `hello` of
            another version; the detail is safe to send back.
    """
    if len(text) > FRAME_BYTES:
        raise Malformed("too_large", f"a frame has at most {FRAME_BYTES} bytes")
    try:
        frame = text.encode("utf-8")
    except UnicodeEncodeError:
        raise Malformed("not_json", "not valid UTF-8") from None
    if len(frame) > FRAME_BYTES:
        raise Malformed("too_large", f"a frame has at most {FRAME_BYTES} bytes")
    try:
        message: Up = _UP.validate_json(frame)
    except ValidationError as error:
        raise _malformed(error) from None
    return message


def encode(message: Down) -> str:
    """Write one frame."""
    if not isinstance(message, Welcome):
        return message.model_dump_json()
    # What is not the receiver's kind is left out; everywhere else null is a value.
    kinds = ("programme", "session", "office", "ice_servers")
    exclude: dict[str, Any] = {name: True for name in kinds if getattr(message, name) is None}
    if message.you.name is None:
        exclude["you"] = {"name"}
    return message.model_dump_json(exclude=exclude)


def _malformed(error: ValidationError) -> Malformed:
    first = error.errors(include_url=False, include_context=False, include_input=True)[0]
    match first["type"]:
        case "json_invalid":
            return Malformed("not_json", "not a JSON text")
        case "union_tag_invalid":
            return Malformed("unknown_type", "no message has this type")
        case "union_tag_not_found":
            return Malformed("unknown_type", "a message is an object with a type")
        case "model_attributes_type" | "dict_type" | "model_type":
            return Malformed("bad_field", "a message is an object")
        case _:
            return _bad_field(error)


def _bad_field(error: ValidationError) -> Malformed:
    errors = error.errors(include_url=False, include_context=False)
    for each in errors:
        if each["loc"] == ("hello", "version") and type(each["input"]) is int:
            return Malformed("version_unsupported", f"this server speaks version {VERSION}")
    first = errors[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        place = str(first["loc"][0])
        return Malformed("bad_field", f"{place}: there are fields that it does not have")
    return Malformed("bad_field", f"{place}: {first['msg']}"[:_DETAIL_CHARS])
