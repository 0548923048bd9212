"""Who is connected to this node: the people of each session, by session and by connection.

Implements `orchestrator.ports.Audience`: all methods return at once and never raise. It decides nothing; it passes on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from orchestrator.policy.effects import Refuse, Warn
from orchestrator.policy.model import ConnectionId, SeatId, Session, SessionId
from orchestrator.ports import OfferMade, ProbeOffered
from signaling.ends import Close
from signaling.protocol.down import ChatLine, Encryption, KeyOf, MediaStateOf, TimeIsUp, TimeLeft
from signaling.views.seats import CheckedView, Checks

_REMEMBERED = 2_000
"""Goodbyes that may come later than the line's end: a few seconds of a busy node."""


class Listener(Protocol):
    """A participant, as far as the audience is concerned."""

    @property
    def connection_id(self) -> ConnectionId:
        """Of the connection that carries it."""

    @property
    def session_id(self) -> SessionId:
        """Of the session that it takes part in."""

    @property
    def seat_id(self) -> SeatId:
        """Of the seat that it has, asks for, or had."""

    @property
    def media_state(self) -> MediaStateOf | None:
        """What the page said of its microphone and camera; None: nothing, or it has no seat."""

    @property
    def encryption(self) -> Encryption | None:
        """Whether the page can encrypt from end to end; None: it has no seat."""

    @property
    def checked(self) -> CheckedView | None:
        """What the page's pre-call check found; None: nothing yet, or it has no seat."""

    def show(self, session: Session) -> None:
        """Show a new state."""

    def show_again(self) -> None:
        """Show the state as it was, with what is known of the people beside it."""

    def hear_of(self, state: MediaStateOf | Encryption) -> None:
        """Something of somebody else's page is so now."""

    def take_key(self, key: KeyOf) -> None:
        """Somebody else's page has a step of the agreement on keys; what is not in does not get it."""

    def read(self, line: ChatLine) -> bool:
        """Show a line that somebody wrote; False: it cannot be read here now."""

    def offer(self, offer: OfferMade) -> None:
        """Pass a media offer on, in order."""

    def offer_probe(self, offer: ProbeOffered) -> None:
        """Pass an offer on that measures the line, in order."""

    def tell(self, message: TimeIsUp | TimeLeft) -> None:
        """Pass a message on, in order."""

    def refused(self, code: str, closes: bool) -> None:
        """The policy refused something."""

    def close(self, code: Close) -> None:
        """End the connection from our side."""

    def goodbye(self) -> None:
        """The page said that it goes away."""


@dataclass(frozen=True, slots=True)
class Departed:
    """A connection that is over, remembered for a goodbye that is slower than its line."""

    session: SessionId
    seat: SeatId


class Audience:
    """The connected people of this node."""

    def __init__(self) -> None:
        self._by_connection: dict[ConnectionId, Listener] = {}
        self._by_session: dict[SessionId, dict[ConnectionId, Listener]] = {}
        self._departed: OrderedDict[ConnectionId, Departed] = OrderedDict()
        self._on_checked: Callable[[SessionId], None] = lambda _: None
        self.is_draining = False
        """The node goes down: nobody is let in, and what ends now is not the people's doing."""

    # ---- arrivals ----------------------------------------------------------------------------

    def add(self, listener: Listener) -> None:
        """Somebody listens from now on."""
        self._by_connection[listener.connection_id] = listener
        self._by_session.setdefault(listener.session_id, {})[listener.connection_id] = listener

    def remove(self, listener: Listener) -> None:
        """Somebody listens no longer; twice is once."""
        if self._by_connection.pop(listener.connection_id, None) is None:
            return
        people = self._by_session[listener.session_id]
        del people[listener.connection_id]
        if not people:
            del self._by_session[listener.session_id]
        self._departed[listener.connection_id] = Departed(listener.session_id, listener.seat_id)
        if len(self._departed) > _REMEMBERED:
            self._departed.popitem(last=False)

    def find(self, connection: ConnectionId) -> Listener | None:
        """Who is on that connection, or None."""
        return self._by_connection.get(connection)

    def departed(self, connection: ConnectionId) -> Departed | None:
        """Whose connection it was, if it ended not long ago; asked once."""
        return self._departed.pop(connection, None)

    def drain(self) -> None:
        """Let nobody in any more and send everybody away, to connect again elsewhere."""
        self.is_draining = True
        for listener in list(self._by_connection.values()):
            listener.close(Close.DRAINING)

    def revoke(self, session: SessionId, seat: SeatId) -> None:
        """Send away whoever came with the links of a seat."""
        for listener in self._of(session):
            if listener.seat_id == seat:
                listener.refused("link_revoked", True)

    # ---- among each other --------------------------------------------------------------------

    def share(self, listener: Listener) -> None:
        """Tell the others of a session what this one's page said of its microphone and camera."""
        state = listener.media_state
        if state is None:
            return
        for other in self._of(listener.session_id):
            if other is not listener:
                other.hear_of(state)

    def checks(self, session: SessionId) -> Checks:
        """What the pages of a session that are connected here found in their pre-call checks."""
        found = {other.seat_id: other.checked for other in self._of(session)}
        return {seat: checked for seat, checked in found.items() if checked is not None}

    def on_checked(self, tell: Callable[[SessionId], None]) -> None:
        """Whom to tell besides of what has been found: the boards."""
        self._on_checked = tell

    def share_check(self, session: SessionId) -> None:
        """What is known of a session's pages has changed: the others of it are shown that, and the boards."""
        self._on_checked(session)
        for listener in self._of(session):
            listener.show_again()

    def pass_on(self, listener: Listener, line: ChatLine) -> bool:
        """Give a line to the others of a session; nothing of it is kept. False: nobody got it."""
        others = [other for other in self._of(listener.session_id) if other is not listener]
        return sum(other.read(line) for other in others) > 0

    def pass_key(self, listener: Listener, key: KeyOf) -> None:
        """Give a step of the agreement on keys to the others of a session; nothing of it is kept or looked at."""
        for other in self._of(listener.session_id):
            if other is not listener:
                other.take_key(key)

    def catch_up(self, listener: Listener) -> None:
        """Tell somebody who has come what the others' pages said of theirs, and the others what this page can."""
        for other in self._of(listener.session_id):
            if other is listener:
                continue
            for state in (other.encryption, other.media_state):
                if state is not None:
                    listener.hear_of(state)
            if listener.encryption is not None:
                other.hear_of(listener.encryption)

    # ---- orchestrator.ports.Audience ---------------------------------------------------------

    def show(self, session: Session) -> None:
        """A new state was committed: everyone in the session is shown it."""
        for listener in self._of(session.id):
            listener.show(session)

    def time_is_up(self, session: Session) -> None:
        """The hard end has been cut; the outcome follows when it is recorded."""
        for listener in self._of(session.id):
            listener.tell(TimeIsUp())

    def refuse(self, refusal: Refuse) -> None:
        """Tell one connection that it may not do this."""
        listener = self._by_connection.get(refusal.connection) if refusal.connection else None
        if listener is not None:
            listener.refused(refusal.code, refusal.closes)

    def warn(self, session: Session, warning: Warn) -> None:
        """Tell everyone in the session how long is left."""
        for listener in self._of(session.id):
            listener.tell(TimeLeft(left_s=int(warning.left.total_seconds())))

    def offer(self, connection: ConnectionId, offer: OfferMade) -> None:
        """Pass a media offer to the page that holds the seat."""
        listener = self._by_connection.get(connection)
        if listener is not None:
            listener.offer(offer)

    def offer_probe(self, offer: ProbeOffered) -> None:
        """Pass an offer to the page that measures its line."""
        listener = self._by_connection.get(offer.connection)
        if listener is not None:
            listener.offer_probe(offer)

    def dismiss(self, session: SessionId, code: str) -> None:
        """This node no longer runs the session: its pages shall connect again."""
        close = Close.DRAINING if code == "draining" else Close.MOVED
        for listener in self._of(session):
            listener.close(close)

    def _of(self, session: SessionId) -> list[Listener]:
        return list(self._by_session.get(session, {}).values())
