"""The messages between a node and its media worker: JSON, one message a line, over a socket pair.

Both ends are ours and of one version; still every message is parsed into a type, and sizes are bounded, for the SDP
inside comes from a browser. Moments are absolute seconds of CLOCK_MONOTONIC, which processes of one machine share.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

MAX_LINE_BYTES = 262_144
"""An answer has about 3 kB; signalling refuses messages far smaller than this."""
MAX_UNSENT_BYTES = 4 << 20
"""What may wait for an end that does not read; beyond it, that end is as good as dead."""

MAX_LEGS_A_LINE = 400
"""Of statistics: about 200 bytes each, 600 with the longest names."""

Name = Annotated[str, Field(min_length=1, max_length=200)]


class LinkBroken(Exception):
    """The other end says what this one does not understand; the link is of no use any more."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


# ---- node to worker -------------------------------------------------------------------------------------------------


class Configure(_Message):
    """The first message: where to listen."""

    type: Literal["configure"] = "configure"
    host: str
    port: int = Field(ge=0, le=65_535)
    """UDP port; 0: any free one."""
    announced: tuple[str, ...]
    """Addresses in the candidates, best first."""
    ttl_s: float = Field(gt=0)
    """The worker closes everything and exits when it has heard nothing from the node for so long."""


class OpenRoom(_Message):
    """Open a room; said again, it may close later than it was told first, never earlier."""

    type: Literal["open_room"] = "open_room"
    session: Name
    closes_at: float


class ExtendRoom(_Message):
    """Let an open room close at another moment; `Extended` follows, unless there is no such room."""

    type: Literal["extend_room"] = "extend_room"
    session: Name
    closes_at: float
    reference: Name
    """Comes back with the answer: how the node writes that moment."""


class Connect(_Message):
    """Make a connection for a seat; an older one of it is closed."""

    type: Literal["connect"] = "connect"
    session: Name
    seat: Name
    media_epoch: int
    functions: frozenset[str]
    others: tuple[Name, ...] = Field(min_length=1, max_length=3)
    """Who may ever be with this one, in the order of their places in the offer; itself: it gets its packets back."""
    only_receives: bool = False
    """It may send nothing, whatever the functions are."""


class Answer(_Message):
    """A page's answer to the offer of that epoch."""

    type: Literal["answer"] = "answer"
    session: Name
    seat: Name
    media_epoch: int
    sdp: str


class Restart(_Message):
    """New ICE credentials for a living connection."""

    type: Literal["restart"] = "restart"
    session: Name
    seat: Name
    media_epoch: int


class Disconnect(_Message):
    """Close a seat's connection."""

    type: Literal["disconnect"] = "disconnect"
    session: Name
    seat: Name


class CloseRoom(_Message):
    """Cut everything of a room."""

    type: Literal["close_room"] = "close_room"
    session: Name


class NodeBeat(_Message):
    """The node lives."""

    type: Literal["node_beat"] = "node_beat"


Command = (
    Configure
    | OpenRoom
    | ExtendRoom
    | Connect
    | Answer
    | Restart
    | Disconnect
    | CloseRoom
    | NodeBeat
)


# ---- worker to node -------------------------------------------------------------------------------------------------


class Ready(_Message):
    """The worker listens."""

    type: Literal["ready"] = "ready"
    port: int


class Failed(_Message):
    """The worker cannot work and exits."""

    type: Literal["failed"] = "failed"
    reason: str
    """A sentence for the operator."""


class Offered(_Message):
    """An offer for a page."""

    type: Literal["offered"] = "offered"
    session: Name
    seat: Name
    media_epoch: int
    sdp: str


class Up(_Message):
    """DTLS of a leg is up."""

    type: Literal["up"] = "up"
    session: Name
    seat: Name
    media_epoch: int


class Flowing(_Message):
    """RTP of both seats has been forwarded for the first time."""

    type: Literal["flowing"] = "flowing"
    session: Name


class WentSilent(_Message):
    """Nothing authentic was heard of a leg whose media had flowed."""

    type: Literal["went_silent"] = "went_silent"
    session: Name
    seat: Name
    media_epoch: int
    silent_for_s: float


class CameBack(_Message):
    """A silent leg is heard again."""

    type: Literal["came_back"] = "came_back"
    session: Name
    seat: Name
    media_epoch: int


class Extended(_Message):
    """From now on a room closes at the moment that `ExtendRoom` named."""

    type: Literal["extended"] = "extended"
    session: Name
    reference: Name


class LegQuality(_Message):
    """A leg's line is bad, or still is; None where nothing is known."""

    type: Literal["leg_quality"] = "leg_quality"
    session: Name
    seat: Name
    media_epoch: int
    loss_up: float | None
    """Share of packets lost on the way to us, 0 to 1."""
    loss_down: float | None
    """The same on the way to the browser."""
    rtt_ms: float | None
    jitter_ms: float | None
    is_lossy: bool
    """It loses more than a talk bears."""
    is_slow: bool
    """It takes longer than a talk bears."""


class LegStatistics(_Message):
    """One leg in the last second; None where nothing is known."""

    session: Name
    seat: Name
    media_epoch: int = Field(ge=0, le=2**32 - 1)
    up_bps: int = Field(ge=0, le=2**63 - 1)
    """What it sent, headers included."""
    down_bps: int = Field(ge=0, le=2**63 - 1)
    """What was forwarded to it."""
    loss_up: float | None
    loss_down: float | None
    rtt_ms: float | None
    jitter_ms: float | None


class Statistics(_Message):
    """All legs of the worker in the last second; more than fit into a line come in several."""

    type: Literal["statistics"] = "statistics"
    legs: tuple[LegStatistics, ...]


class RoomClosed(_Message):
    """A room has reached its `closes_at` and is gone."""

    type: Literal["room_closed"] = "room_closed"
    session: Name


class SeatRefused(_Message):
    """A connection was not made, for that reason: `room_full`."""

    type: Literal["seat_refused"] = "seat_refused"
    session: Name
    seat: Name
    code: str


class WorkerBeat(_Message):
    """The worker lives; with what it has counted since it started."""

    type: Literal["worker_beat"] = "worker_beat"
    counters: Mapping[str, int]


Report = (
    Ready
    | Failed
    | Offered
    | Up
    | Flowing
    | WentSilent
    | CameBack
    | LegQuality
    | Statistics
    | Extended
    | RoomClosed
    | SeatRefused
    | WorkerBeat
)

_COMMANDS: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="type")])
_REPORTS: TypeAdapter[Report] = TypeAdapter(Annotated[Report, Field(discriminator="type")])


def encode(message: Command | Report) -> bytes:
    """One message as a line."""
    return message.model_dump_json().encode() + b"\n"


def parse_command(line: bytes) -> Command:
    """Read what a node says.

    Raises:
        LinkBroken: it is no command.
    """
    try:
        return _COMMANDS.validate_json(line)
    except ValueError as wrong:
        raise LinkBroken("not a command") from wrong


def parse_report(line: bytes) -> Report:
    """Read what a worker says.

    Raises:
        LinkBroken: it is no report.
    """
    try:
        return _REPORTS.validate_json(line)
    except ValueError as wrong:
        raise LinkBroken("not a report") from wrong


class Lines:
    """Cuts a stream of bytes into lines, bounded."""

    def __init__(self) -> None:
        self._partial = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes as they come.

        Returns:
            The lines that are complete now, without their ends.

        Raises:
            LinkBroken: a line is longer than `MAX_LINE_BYTES`.
        """
        *complete, rest = (self._partial + data).split(b"\n")
        self._partial = rest
        if len(rest) > MAX_LINE_BYTES or any(len(line) > MAX_LINE_BYTES for line in complete):
            raise LinkBroken("line too long")
        return [bytes(line) for line in complete]
