"""The media worker: what it is told, and what it tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orchestrator.policy.model import ConnectionId, SeatId, SessionId


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

    def lines(self, session: SessionId, since: datetime | None = None) -> Mapping[SeatId, Line]:
        """How each seat's line was in the last minute, or since a moment in it; empty without a room.

        In memory only, and packed there: who needs less of it asks for less.
        """
