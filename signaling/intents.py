"""From a message to what it means for the session. PURE."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.policy.events import (
    Admitted,
    AnotherDateChosen,
    BeginChosen,
    CallReported,
    ClaimAnswered,
    EndAnswered,
    EndPressed,
    EndRequested,
    Event,
    FinishAnswered,
    Joined,
    MediaRenewed,
    MediumSwitched,
    NextAsked,
    SeatReleased,
    SteppedOut,
    WaitChosen,
)
from orchestrator.policy.model import ConnectionId, SeatId
from signaling import protocol

_Make = Callable[[Any, SeatId, ConnectionId], Event]

_EVENTS: Mapping[type[object], _Make] = {
    protocol.Join: lambda m, seat, line: Joined(seat, line, m.terms_version, m.attestations),
    protocol.Admit: lambda m, _, line: Admitted(line, SeatId(m.seat)),
    protocol.StepOut: lambda _, seat, line: SteppedOut(seat, line),
    protocol.RenewMedia: lambda _, seat, line: MediaRenewed(seat, line),
    protocol.End: lambda m, _, line: EndPressed(line, m.works),
    protocol.RequestEnd: lambda _, __, line: EndRequested(line),
    protocol.AnswerEnd: lambda m, _, line: EndAnswered(line, m.agrees),
    protocol.ReleaseSeat: lambda _, __, line: SeatReleased(line),
    protocol.Wait: lambda _, __, line: WaitChosen(line),
    protocol.Begin: lambda _, __, line: BeginChosen(line),
    protocol.AnotherDate: lambda _, __, line: AnotherDateChosen(line),
    protocol.BookNext: lambda _, __, line: NextAsked(line),
    protocol.SwitchMedium: lambda m, _, line: MediumSwitched(line, m.medium),
    protocol.ReportCall: lambda m, seat, line: CallReported(m.state, line, seat),
    protocol.AnswerFinish: lambda m, seat, line: FinishAnswered(m.finished, line, seat),
    protocol.AnswerClaim: lambda m, _, line: ClaimAnswered(SeatId(m.seat), m.agrees, line),
}


def event_of(message: protocol.Up, seat: SeatId, connection: ConnectionId) -> Event | None:
    """The policy event that a message is; None for the messages that are something else.

    Args:
        message: what was sent.
        seat: the sender's seat.
        connection: the sender's connection; the policy sees by it who holds the seat.
    """
    make = _EVENTS.get(type(message))
    return make(message, seat, connection) if make is not None else None
