"""Whatever leaves through the outbox has somebody who does it."""

from __future__ import annotations

from orchestrator.commands.node import handlers
from orchestrator.messages.sending import Messages
from orchestrator.policy.effects import TOPICS
from orchestrator.ports import DECIDED
from orchestrator.programmes import load_all
from orchestrator.standing import Standings
from tests.orchestrator.conftest import Office


async def test_every_topic_has_a_handler_and_no_handler_waits_for_nothing(office: Office) -> None:
    programmes = load_all()
    messages = Messages(
        store=office.store,
        sessions=office.host,
        clock=office.clock,
        programmes=programmes,
        notifier=None,
        base_url="https://room.example.org",
    )
    standings = Standings(
        store=office.store,
        clock=office.clock,
        bookings=office.bookings,
        programmes=programmes,
    )
    assert handlers(office.bookings, messages, standings).keys() == TOPICS | {DECIDED}
