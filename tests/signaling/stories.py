"""Sessions in which something has happened: the steps of the policy that lead there, at their minutes."""

from datetime import timedelta

from orchestrator.policy import events
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    PersonId,
    Reschedule,
    RescheduleState,
    SeatId,
    SlotOption,
)
from orchestrator.policy.session import step
from tests.signaling.sessions import KUMAGAYA, STARTS

MINUTE = timedelta(minutes=1)
COMPANION = SeatId("companion-1")
OPTION = SlotOption(
    "1", STARTS + 24 * 60 * MINUTE, STARTS + 25 * 60 * MINUTE, PersonId("p_2"), "田中"
)
OPEN = Reschedule(RescheduleState.OPEN, STARTS, STARTS + 60 * MINUTE, (OPTION,), is_proposed=True)


def after(session, *happenings):
    """The session after events at their minutes from the start."""
    for minutes, happening in happenings:
        session = step(session, happening, STARTS + minutes * MINUTE).session
    return session


def arrival(seat):
    return events.Connected(seat, f"line-{seat}", f"device-{seat}")


def join(seat):
    rules = KUMAGAYA.rules()
    return events.Joined(seat, f"line-{seat}", rules.terms_version, rules.attestations)


BOTH_IN_LOBBY = [
    (-5, arrival(SEEKER)),
    (-5, join(SEEKER)),
    (-4, arrival(SUPPORTER)),
    (-4, join(SUPPORTER)),
]
LATE = [
    (-5, arrival(SEEKER)),
    (-5, join(SEEKER)),
    (4, arrival(SUPPORTER)),
    (4, join(SUPPORTER)),
]
LIVE = [*BOTH_IN_LOBBY, (1, events.Admitted(f"line-{SUPPORTER}", SEEKER))]

GOODBYE = [
    *LIVE,
    (2, events.MediaFlowed()),
    (10, events.Disconnected(SUPPORTER, f"line-{SUPPORTER}", page_closed=True)),
    (10, events.Disconnected(SEEKER, f"line-{SEEKER}", page_closed=True)),
]
