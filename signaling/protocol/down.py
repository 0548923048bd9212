"""Server to client: one frozen model a message, and their union. PURE.

A glossary, read as a table; docs/protocol.md comes first, and a test compares the two.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SerializeAsAny

from orchestrator.api.days import DayFrame
from orchestrator.api.moments import Moment
from orchestrator.api.questionnaires import QuestionBody
from orchestrator.lines import LinePoint
from orchestrator.policy.model import Purpose, Role
from signaling.desk import AfterView
from signaling.protocol.fields import Message
from signaling.views.board import BoardRow
from signaling.views.programme import ProgrammeView
from signaling.views.session import SessionView
from signaling.views.shape import Bilingual


class You(Message):
    """Who the receiver of a `welcome` is."""

    connection: str
    """Also the body of `POST /beacon`; unguessable."""
    seat: str | None
    role: Role
    display_name: str
    device: Literal["bound", "new", "asked"]
    name: str | None = None
    """Staff only."""


class IceServer(Message):
    """A TURN server, as `RTCConfiguration.iceServers` wants it, with credentials that end."""

    urls: tuple[str, ...]
    username: str
    credential: str


class Welcome(Message):
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


class State(Message):
    """The state of the session after a change, whole, as the receiver may see it."""

    type: Literal["session"] = "session"
    session: SessionView


class Offer(Message):
    """JSEP offer of an epoch."""

    type: Literal["offer"] = "offer"
    media_epoch: int
    sdp: str
    ice_servers: tuple[IceServer, ...] = ()


class ProbeOffer(Message):
    """JSEP offer of the connection that `probe` asked for."""

    type: Literal["probe_offer"] = "probe_offer"
    sdp: str
    ice_servers: tuple[IceServer, ...] = ()


class TimeLeft(Message):
    """So many seconds until the end."""

    type: Literal["warning"] = "warning"
    left_s: int


class MediaStateOf(Message):
    """What somebody else in the session sends, and how."""

    type: Literal["media_state"] = "media_state"
    seat: str
    audio: bool
    video: bool
    screen: bool
    encrypted: bool
    is_unstable: bool
    has_microphone: bool


class Encryption(Message):
    """Whether the page of somebody else in the session can encrypt from end to end."""

    type: Literal["encryption"] = "encryption"
    seat: str
    is_able: bool


class KeyOf(Message):
    """A step of the agreement on keys, from somebody else's page."""

    type: Literal["key"] = "key"
    seat: str
    text: str


class ChatLine(Message):
    """Somebody of the session wrote a line."""

    type: Literal["chat"] = "chat"
    seat: str
    text: str
    at: Moment


class Noted(Message):
    """What was noted about the seeker; to the page that asked, and to nobody else."""

    type: Literal["noted"] = "noted"
    reference: str | None
    note: str | None


class Terms(Message):
    """The full text of the terms; to the page that asked."""

    type: Literal["terms"] = "terms"
    language: Literal["ja", "en"]
    text: str | None
    """Paragraphs with a blank line between them, no markup; None where `programme.has_full_terms` is false."""


class AroundMe(Message):
    """What the supporter has beside this session."""

    type: Literal["around"] = "around"
    is_engaged: bool
    """To the others: the supporter is still in an earlier session."""
    after: AfterView | None
    """To the supporter: the session after this one."""


class TimeIsUp(Message):
    """Media has been cut at `ends_at`; the outcome follows."""

    type: Literal["time_is_up"] = "time_is_up"


class Way(Message):
    """The secret of a link to the session that follows; for this page alone."""

    type: Literal["way"] = "way"
    purpose: Purpose
    link: str


class Questionnaire(Message):
    """What the programme asks afterwards (IX 15-2)."""

    type: Literal["questionnaire"] = "questionnaire"
    questions: tuple[QuestionBody, ...]
    is_answered: bool


class Refused(Message):
    """You may not; the code is stable, the sentence is the page's."""

    type: Literal["refused"] = "refused"
    code: str
    closes: bool
    telephone: str | None = None
    """Whom to call: for a guest who is turned away before the welcome has told it."""


class Error(Message):
    """Your message was malformed."""

    type: Literal["error"] = "error"
    code: str
    detail: str


class Ping(Message):
    """Answer with `pong`."""

    type: Literal["ping"] = "ping"
    server_time: Moment


class Board(Message):
    """Every session of the day."""

    type: Literal["board"] = "board"
    day: DayFrame
    sessions: tuple[SerializeAsAny[BoardRow], ...]


class BoardRowChanged(Message):
    """One session after a change."""

    type: Literal["board_row"] = "board_row"
    session: SerializeAsAny[BoardRow]


class LineOf(Message):
    """The lines of one room: the worst of its seats in each quarter of a minute, the oldest first."""

    id: str
    points: tuple[LinePoint, ...]
    """Share of packets lost on the way to us or from us, 0 to 1; round trip in ms; null: nothing is known."""


class BoardLines(Message):
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
    | Terms
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
