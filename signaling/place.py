"""Where one connection stands in its session, by the last state that is known of it. PURE but for one signal."""

from __future__ import annotations

from orchestrator.policy.model import (
    ConnectionId,
    Medium,
    Presence,
    Role,
    Seat,
    SeatId,
    Session,
    SessionId,
)
from signaling.bell import Bell

_TALKING = frozenset({Presence.LOBBY, Presence.IN})
"""Where somebody is who may write to the others, and read what they write."""
_BEFORE_IN = frozenset({Presence.AT_DOOR, Presence.LOBBY})


class Place:
    """The seat that a link leads to, and whether this connection has it.

    Args:
        session_id: of the link.
        seat_id: of the link.
        connection_id: of the connection that came with it.
    """

    def __init__(self, session_id: SessionId, seat_id: SeatId, connection_id: ConnectionId) -> None:
        self.session_id = session_id
        self.seat_id = seat_id
        self.connection_id = connection_id
        self.session: Session | None = None
        """As last noted; None before the greeting."""
        self.was_seated = False
        """The connection has the seat, or had it."""
        self.ended = Bell()
        """Rings once the session is over."""

    def note(self, session: Session) -> None:
        """Know a new state; an older one than is known says nothing."""
        if not self.is_news(session):
            return
        self.session = session
        if self.is_held:
            self.was_seated = True
        if session.is_over:
            self.ended.ring()

    def is_news(self, session: Session) -> bool:
        """Whether a state is not older than the one that is known."""
        return self.session is None or session.version >= self.session.version

    @property
    def seat(self) -> Seat | None:
        """The seat as last noted."""
        return self.session.seat(self.seat_id) if self.session is not None else None

    @property
    def role(self) -> Role:
        """Of the seat; asked for after the greeting."""
        seat = self.seat
        assert seat is not None, "the greeting has looked"
        return seat.role

    @property
    def is_held(self) -> bool:
        """The connection has the seat now."""
        seat = self.seat
        return seat is not None and seat.connection == self.connection_id

    @property
    def is_talking(self) -> bool:
        """It may write to the others, and read what they write."""
        seat = self.seat
        return self.is_held and seat is not None and seat.presence in _TALKING

    @property
    def is_in(self) -> bool:
        """It was let in, and is there."""
        seat = self.seat
        return self.is_held and seat is not None and seat.presence is Presence.IN

    @property
    def may_probe(self) -> bool:
        """Whoever holds a seat and has not been let in; the room's own media comes first."""
        session, seat = self.session, self.seat
        if session is None or seat is None or not self.is_held:
            return False
        is_by_media = not session.is_over and session.medium is not Medium.PHONE
        return is_by_media and seat.presence in _BEFORE_IN
