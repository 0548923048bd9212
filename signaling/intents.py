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
from signaling.protocol import up

_Make = Callable[[Any, SeatId, ConnectionId], Event]

_EVENTS: Mapping[type[object], _Make] = {
    up.Join: lambda m, seat, line: Joined(seat, line, m.terms_version, m.attestations),
    up.Admit: lambda m, _, line: Admitted(line, SeatId(m.seat)),
    up.StepOut: lambda _, seat, line: SteppedOut(seat, line),
    up.RenewMedia: lambda _, seat, line: MediaRenewed(seat, line),
    up.End: lambda m, _, line: EndPressed(line, m.works),
    up.RequestEnd: lambda _, __, line: EndRequested(line),
    up.AnswerEnd: lambda m, _, line: EndAnswered(line, m.agrees),
    up.ReleaseSeat: lambda _, __, line: SeatReleased(line),
    up.Wait: lambda _, __, line: WaitChosen(line),
    up.Begin: lambda _, __, line: BeginChosen(line),
    up.AnotherDate: lambda _, __, line: AnotherDateChosen(line),
    up.BookNext: lambda _, __, line: NextAsked(line),
    up.SwitchMedium: lambda m, _, line: MediumSwitched(line, m.medium),
    up.ReportCall: lambda m, seat, line: CallReported(m.state, line, seat),
    up.AnswerFinish: lambda m, seat, line: FinishAnswered(m.finished, line, seat),
    up.AnswerClaim: lambda m, _, line: ClaimAnswered(SeatId(m.seat), m.agrees, line),
}


def event_of(message: up.Up, seat: SeatId, connection: ConnectionId) -> Event | None:
    """The policy event that a message is; None for the messages that are something else.

    Args:
        message: what was sent.
        seat: the sender's seat.
        connection: the sender's connection; the policy sees by it who holds the seat.
    """
    make = _EVENTS.get(type(message))
    return make(message, seat, connection) if make is not None else None
