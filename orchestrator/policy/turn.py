"""One step in the making: the session so far, and what it asks of the world.

The phase changes in `Turn.move` and nowhere else (law 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from orchestrator.policy.attribution import attribute
from orchestrator.policy.effects import Effect, OpenRoom, Publish, Refuse
from orchestrator.policy.model import (
    ALLOWED,
    CallState,
    Cause,
    ConnectionId,
    Medium,
    Phase,
    Presence,
    Record,
    Seat,
    SeatId,
    Session,
)

RINGS = 6
"""How often ringing begins with a message in one session: a line that comes and goes must not flood a mailbox; ours."""


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a session, and what has to be done."""

    session: Session
    effects: tuple[Effect, ...]
    records: tuple[Record, ...]

    @property
    def publishes(self) -> tuple[Publish, ...]:
        """The effects that leave the node; they are committed with the session."""
        return tuple(effect for effect in self.effects if isinstance(effect, Publish))


class Turn:
    """Collects the changes of one step; thrown away after it.

    Attributes:
        session: the session as it stands after what was applied so far.
        at: the moment of what is being applied now, a deadline's own time or the event's.
    """

    def __init__(self, session: Session, at: datetime) -> None:
        self._before = session
        self.session = session
        self.at = at
        self._effects: list[Effect] = []
        self._records: list[Record] = []

    def set(self, **changes: Any) -> None:  # noqa: ANN401 - as dataclasses.replace
        """Change fields of the session; the phase has its own door."""
        assert "phase" not in changes, "Turn.move is the only door of the phase (law 4)"
        self.session = replace(self.session, **changes)

    def set_seat(self, seat_id: SeatId, **changes: Any) -> Seat:  # noqa: ANN401 - as dataclasses.replace
        """Change fields of one seat and return it."""
        seats = tuple(
            replace(seat, **changes) if seat.id == seat_id else seat for seat in self.session.seats
        )
        self.session = replace(self.session, seats=seats)
        seat = self.session.seat(seat_id)
        assert seat is not None, "callers take the seat id from a seat of this session"
        return seat

    def move(self, phase: Phase, reason: str) -> None:
        """The one door: change the phase, if the table allows it, and say why.

        Args:
            phase: where to; must follow from the present phase by `ALLOWED`.
            reason: stable key, for the record.
        """
        before = self.session.phase
        assert phase in ALLOWED[before], f"no way from {before} to {phase} ({reason})"
        self.session = replace(self.session, phase=phase)
        self.record("session.moved", **{"from": before.value, "to": phase.value, "reason": reason})

    def record(self, name: str, /, **data: str | int | float | bool | None) -> None:
        """Write a line of history at the present moment."""
        self._records.append(Record(self.at, name, data))

    def do(self, *effects: Effect) -> None:
        """Ask for effects, in order."""
        self._effects.extend(effects)

    def open_room(self) -> None:
        """Ask for the media room; it knows its own end."""
        self.do(OpenRoom(self.session.ends_at))

    def refuse(self, connection: ConnectionId | None, code: str, *, closes: bool = False) -> None:
        """Refuse, and change nothing else; without a connection it is the office that is told."""
        self.do(Refuse(connection, code, closes))

    def publish(self, topic: str, recipient: str) -> None:
        """Let something leave the node, under a key that no other step can have (law 5)."""
        version = self._before.version + 1
        ordinal = sum(isinstance(effect, Publish) for effect in self._effects)
        key = f"{self.session.id}:{version}:{topic}:{recipient}:{ordinal}"
        self.do(Publish(topic, recipient, key))

    def tally(self) -> None:
        """Start and stop ringing, and the sums of time, by what holds at the present moment."""
        self._ring()
        session = self.session
        counts = session.phase is Phase.WAITING
        waits = counts and session.seeker.is_present and not session.supporter.is_present
        is_ours = waits and _is_supporter_lost_by_us(session)
        self.session = replace(
            session,
            live=session.live.run(session.phase is Phase.LIVE, self.at),
            waited=session.waited.run(waits and not is_ours, self.at),
            waited_for_us=session.waited_for_us.run(is_ours, self.at),
            rung=session.rung.run(counts and _reaches_seeker(session), self.at),
        )

    def _ring(self) -> None:
        """Ring for whom the other one waits, from `starts_at`; the pages ring while it lasts (product.md, Ringing)."""
        whom = _rung_seat(self.session)
        if whom == self.session.ringing:
            return
        self.session = replace(self.session, ringing=whom)
        if whom is not None and self.session.rings < RINGS:
            self.session = replace(self.session, rings=self.session.rings + 1)
            self.record("ringing.began", seat=whom)
            self.publish(f"{whom}.rung", whom)

    def done(self, now: datetime) -> Step:
        """The step: one version further if anything changed, and not a different value if nothing did."""
        session = self._before
        if self.session != self._before or self._records:
            session = replace(self.session, version=self._before.version + 1, clock=now)
        return Step(session, tuple(self._effects), tuple(self._records))


def _rung_seat(session: Session) -> SeatId | None:
    if session.phase is not Phase.WAITING or session.medium is Medium.PHONE:
        return None
    seeker, supporter = session.seeker, session.supporter
    if supporter.is_present and not seeker.is_present and session.seeker_notice is None:
        return seeker.id
    if seeker.presence is Presence.LOBBY and not supporter.is_present:
        return supporter.id
    return None


def _is_supporter_lost_by_us(session: Session) -> bool:
    """The supporter was there, and is away through our restart, or fell with many others (product.md, Attribution)."""
    supporter = session.supporter
    if supporter.was_lost_by_us:
        return True
    return supporter.loss is not None and attribute(session).cause is Cause.PLATFORM


def _reaches_seeker(session: Session) -> bool:
    """A contact is under way that the seeker could answer (IX 6-3)."""
    if session.medium is Medium.PHONE:
        return session.call is CallState.CALLING
    return session.is_rung and session.supporter.is_present and not session.seeker.is_present


def seats_of(session: Session) -> Sequence[Seat]:
    """The two seats without which a session is not live, the seeker's first."""
    return (session.seeker, session.supporter)
