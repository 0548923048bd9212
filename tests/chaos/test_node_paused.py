"""A node that was taken for dead wakes up again: another one has its call, and it writes nothing into it any more."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.chaos.nodes import (
    a_folder,
    ending,
    free_tcp_port,
    names_of,
    start_demo,
    start_server,
    told_twice,
    until,
)
from tests.chaos.stores import a_store
from tests.clients.room_client import RoomClient

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

SEATS = ("seeker", "supporter")


@dataclass
class Seen:
    """What was seen of the call, and of the node that had slept through its loss."""

    session: dict[str, Any]
    events: list[dict[str, Any]]
    epochs: list[list[int]]
    sockets: list[int]
    log_of_the_paused: str
    exit_status_of_the_paused: int


async def tell() -> Seen:
    """Stop the node of a call until the other one carries it, and let it go on in the middle of that."""
    async with a_folder() as folder, AsyncExitStack() as stack:
        for name in ("a", "b"):
            (folder / name).mkdir()
        environment = {"MADOGUCHI_REDIS_URL": await stack.enter_async_context(a_store(folder))}
        first = await start_demo(folder / "a", free_tcp_port(), slot="24s", environment=environment)
        await stack.enter_async_context(ending(first))
        second = await start_server(
            folder / "b", free_tcp_port(), first.token, environment=environment
        )
        await stack.enter_async_context(ending(second))
        pair = [RoomClient(first.links[f"{seat}_url"], seed=n) for n, seat in enumerate(SEATS)]
        for person in pair:
            await stack.enter_async_context(person)
        await asyncio.gather(*(person.hears() for person in pair))
        session_id = str(first.links["session_id"])
        await first.until_session(session_id, lambda found: found["has_media_flowed"])

        first.signal(signal.SIGSTOP)
        await second.until_session(session_id, lambda found: found["phase"] == "interrupted")
        for person in pair:
            person.base_url = second.base_url
            person.cut_line()
        await asyncio.gather(*(person.hears(beyond_epoch=1) for person in pair))
        sockets = [len(person.conversations) for person in pair]
        first.signal(signal.SIGCONT)
        log = folder / "a" / "node.log"
        await until(lambda: "session.abandoned" in log.read_text(), "given up by the first node")

        session = await second.until_session(
            session_id, lambda found: found["phase"] == "ended", 60
        )
        assert [len(person.conversations) for person in pair] == sockets, "nobody was thrown out"
        events = await second.events(session_id)
        status = await first.end()
        epochs = [[each.media_epoch for each in person.heard] for person in pair]
        return Seen(session, events, epochs, sockets, log.read_text(), status)


def test_the_call_goes_on_at_the_other_node_to_its_end(seen: Seen):
    assert (seen.session["outcome"], seen.session["cause"]) == ("completed", None)
    assert seen.session["ended_at"] == seen.session["ends_at"]


def test_the_node_that_was_away_writes_nothing_more(seen: Seen):
    names = names_of(seen.events)
    assert names.count("service.gap") == 1
    assert names.count("seat.lost") == 2
    assert names.count("worker.lost") == 0, "its worker's death is no news of this call"
    assert names.count("session.ended") == 1
    assert told_twice(seen.events) == []


def test_it_gives_the_call_up_and_lives_on(seen: Seen):
    assert "Traceback" not in seen.log_of_the_paused
    assert seen.exit_status_of_the_paused == 0


def test_nobody_hears_the_old_node_again(seen: Seen):
    assert [len(epochs) for epochs in seen.epochs] == [2, 2]
