"""Several calls end at one instant: nothing that is sent after `ends_at` comes through, and everybody is told."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from tests.chaos.nodes import a_folder, ending, free_tcp_port, monotonic_of, start_demo
from tests.clients.room_client import RoomClient

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

SEATS = ("seeker", "supporter")
CALLS = 4
CLOCKS_AGREE_S = 0.01
"""The node's clock is the store's at its start, ours is the machine's: the same but for the time that asking took."""


@dataclass
class Seen:
    """What was seen of calls that end at one instant while everybody goes on sending."""

    newest_let_through_s: list[float]
    """When the youngest packet that each person received had been sent, after `ends_at`."""
    sent_after_the_end: list[int]
    told_after_s: list[float]
    sessions: list[dict[str, Any]]


async def tell() -> Seen:
    """Hold four calls to their end."""
    async with a_folder() as data, AsyncExitStack() as stack:
        node = await start_demo(data, free_tcp_port(), slot="10s", cutoff="4s", grace="4s")
        await stack.enter_async_context(ending(node))
        booked = [await node.book(node.links["starts_at"], n) for n in range(1, CALLS)]
        links = [{seat: node.links[f"{seat}_url"] for seat in SEATS}]
        links += [each["links"] for each in booked]
        people = [RoomClient(link[seat], seed=n) for n, link in enumerate(links) for seat in SEATS]
        for person in people:
            await stack.enter_async_context(person)
        await asyncio.gather(*(person.hears() for person in people))
        ids = [str(node.links["session_id"]), *(each["id"] for each in booked)]
        await asyncio.gather(
            *(person.until(lambda p=person: p.ended_at, "over") for person in people)
        )
        sent = [person.heard[-1].sent for person in people]
        await people[0].until(
            lambda: all(
                person.heard[-1].sent > before + 20
                for person, before in zip(people, sent, strict=True)
            ),
            "sent a little longer",
        )
        ends_at = monotonic_of(datetime.fromisoformat(node.links["ends_at"]))
        return Seen(
            [person.newest_sent_at - ends_at for person in people],
            [person.heard[-1].sent - before for person, before in zip(people, sent, strict=True)],
            [(person.time_is_up_at or 0.0) - ends_at for person in people],
            [await node.session(session) for session in ids],
        )


def test_nothing_that_is_sent_after_the_end_comes_through(seen: Seen):
    assert min(seen.sent_after_the_end) > 0
    assert max(seen.newest_let_through_s) < CLOCKS_AGREE_S


def test_media_flows_up_to_the_end(seen: Seen):
    assert min(seen.newest_let_through_s) > -0.5


def test_everybody_is_told_that_time_is_up_and_not_before(seen: Seen):
    assert min(seen.told_after_s) > -CLOCKS_AGREE_S
    assert max(seen.told_after_s) < 1


def test_all_end_completed_at_the_booked_second(seen: Seen):
    assert len(seen.sessions) == CALLS
    assert {session["outcome"] for session in seen.sessions} == {"completed"}
    assert all(session["ended_at"] == session["ends_at"] for session in seen.sessions)
