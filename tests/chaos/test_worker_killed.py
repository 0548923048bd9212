"""`kill -9` of the media worker in a call: the room is up again on a new one; not taken up, it was the platform."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.chaos.nodes import (
    a_folder,
    ending,
    free_tcp_port,
    is_alive,
    names_of,
    start_demo,
    told_twice,
    until,
    workers_of,
)
from tests.clients.room_client import RoomClient

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

SEATS = ("seeker", "supporter")


@dataclass
class Seen:
    """What was seen of a call whose people answer the new offers, and of one whose people do not."""

    epochs: list[list[int]]
    """The media epochs of each person of the first call."""
    silent_for_s: list[float]
    sockets: list[int]
    session: dict[str, Any]
    events: list[dict[str, Any]]
    lost: dict[str, Any]
    lost_events: list[dict[str, Any]]


async def tell() -> Seen:
    """Kill the only worker of two calls."""
    async with a_folder() as data, AsyncExitStack() as stack:
        node = await start_demo(data, free_tcp_port(), slot="36s", grace="15s")
        await stack.enter_async_context(ending(node))
        links = node.links
        other = await node.book(links["starts_at"], 2)
        pair = [RoomClient(links[f"{seat}_url"], seed=n) for n, seat in enumerate(SEATS)]
        deaf = [
            RoomClient(other["links"][seat], seed=n, offers_taken=1) for n, seat in enumerate(SEATS)
        ]
        for person in (*pair, *deaf):
            await stack.enter_async_context(person)
        await asyncio.gather(*(person.hears() for person in (*pair, *deaf)))
        for session in (str(links["session_id"]), other["id"]):
            await node.until_session(session, lambda found: found["has_media_flowed"])

        worker = workers_of(node.pid)[0]
        os.kill(worker, signal.SIGKILL)
        killed_at = await until(lambda: not is_alive(worker), "without that worker")
        await asyncio.gather(*(person.hears(beyond_epoch=1) for person in pair))
        heard = [(person.heard[-1].first_at or 0.0) - killed_at for person in pair]
        session = await node.until_session(str(links["session_id"]), _is_over, 60)
        lost = await node.until_session(
            other["id"], lambda found: _is_over(found) and found["reschedule"]["options"]
        )
        return Seen(
            [[each.media_epoch for each in person.heard] for person in pair],
            heard,
            [len(person.conversations) for person in pair],
            session,
            await node.events(session["id"]),
            lost,
            await node.events(lost["id"]),
        )


def _is_over(session: dict[str, Any]) -> bool:
    return session["phase"] == "ended"


def test_both_hear_each_other_again_on_a_new_media_connection(seen: Seen):
    assert seen.epochs == [[1, 2], [1, 2]]


def test_they_do_before_their_grace_is_over(seen: Seen):
    assert "grace.ended" not in names_of(seen.events), f"silent for {seen.silent_for_s}"


def test_nobodys_signalling_noticed_anything(seen: Seen):
    assert seen.sockets == [1, 1]


def test_it_goes_on_to_its_end_and_is_completed(seen: Seen):
    assert (seen.session["outcome"], seen.session["cause"]) == ("completed", None)
    assert seen.session["ended_at"] == seen.session["ends_at"]


def test_the_loss_of_the_worker_is_on_record_once(seen: Seen):
    names = names_of(seen.events)
    assert names.count("worker.lost") == 1
    assert names.count("seat.returned") == 2
    assert told_twice(seen.events) == []


def test_if_nobody_takes_the_new_room_it_was_the_platform(seen: Seen):
    assert (seen.lost["outcome"], seen.lost["cause"]) == ("interrupted", "platform")
    assert seen.lost["reason"] == "worker_lost"
    assert names_of(seen.lost_events).count("session.ended") == 1


def test_then_another_date_is_offered_with_slots_to_choose(seen: Seen):
    assert (seen.lost["quota"], seen.lost["reschedule"]["state"]) == ("restored", "open")
    assert seen.lost["reschedule"]["options"]
