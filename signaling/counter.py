"""What participants are served from: the node's own parts, the same for everybody."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.bookings import Bookings
from orchestrator.following import Following
from orchestrator.host import Host
from orchestrator.office import Office
from orchestrator.policy.programme import Programme
from orchestrator.ports import Clock
from orchestrator.questionnaires import Questionnaires
from signaling.around import Around
from signaling.arrivals import Arrivals
from signaling.audience import Audience
from signaling.limits import Limits
from signaling.turn import Turn


@dataclass(frozen=True, slots=True)
class Counter:
    """One for a node."""

    host: Host
    bookings: Bookings
    office: Office
    audience: Audience
    clock: Clock
    limits: Limits
    programmes: dict[str, Programme]
    turn: Turn
    questionnaires: Questionnaires
    following: Following
    around: Around
    arrivals: Arrivals
