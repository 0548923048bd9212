"""The store is stopped, then killed, in a call: the call goes on, and what happened is recorded afterwards, once."""

from __future__ import annotations

import asyncio
import os
import signal
import time
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
    told_twice,
    until,
)
from tests.clients.room_client import RoomClient

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

SEATS = ("seeker", "supporter")
STOPPED_FOR_S = 5.0


@dataclass
class Seen:
    """What was seen of a call whose store was away twice."""

    first_silence_s: float
    """The longest pause in what both heard, while the store was stopped."""
    second_silence_s: float
    refused_meanwhile: int
    """How often the supporter's question was recorded before the store was back."""
    asked: int
    stores: set[int]
    is_store_back_after_s: float
    session: dict[str, Any]
    events: list[dict[str, Any]]
    sockets: list[int]
    log: str


async def tell() -> Seen:
    """Ask for an early end while the store is stopped, and again while it is dead; the seeker says no each time."""
    async with a_folder() as data, AsyncExitStack() as stack:
        node = await start_demo(data, free_tcp_port(), slot="36s")
        await stack.enter_async_context(ending(node))
        pair = [RoomClient(node.links[f"{seat}_url"], seed=n) for n, seat in enumerate(SEATS)]
        for person in pair:
            await stack.enter_async_context(person)
        await asyncio.gather(*(person.hears() for person in pair))
        session_id = str(node.links["session_id"])
        await node.until_session(session_id, lambda found: found["has_media_flowed"])

        first = node.store_pid
        os.kill(first, signal.SIGSTOP)
        stopped_at = time.monotonic()
        await pair[1].say("request_end")
        first_silence_s = await _longest_silence(pair, stopped_at + STOPPED_FOR_S)
        seen_meanwhile = pair[0].state["question"] is not None
        os.kill(first, signal.SIGCONT)
        await _refuse(pair[0])

        os.kill(first, signal.SIGKILL)
        killed_at = time.monotonic()
        await pair[1].say("request_end")
        second_silence_s = await _longest_silence(pair, killed_at + 1.5)
        await _refuse(pair[0])
        back_at = await until(lambda: node.store_pid != first, "another store")

        session = await node.until_session(session_id, lambda found: found["phase"] == "ended", 60)
        return Seen(
            first_silence_s,
            second_silence_s,
            int(seen_meanwhile),
            2,
            {first, node.store_pid},
            back_at - killed_at,
            session,
            await node.events(session_id),
            [len(person.conversations) for person in pair],
            (data / "node.log").read_text(),
        )


async def _refuse(seeker: RoomClient) -> None:
    """Wait for the question, and say no."""
    await seeker.until(lambda: seeker.state["question"], "asked")
    await seeker.say("answer_end", agrees=False)
    await seeker.until(lambda: seeker.state["question"] is None, "understood")


async def _longest_silence(people: list[RoomClient], until_at: float) -> float:
    """The longest time in which somebody heard nothing, up to a moment."""
    longest_s = 0.0
    while (now := time.monotonic()) < until_at:
        longest_s = max([longest_s, *(now - (person.last_received_at or 0.0) for person in people)])
        await asyncio.sleep(0.02)
    return longest_s


def test_the_call_goes_on_while_the_store_is_away(seen: Seen):
    assert seen.first_silence_s < 1
    assert seen.second_silence_s < 1
    assert seen.sockets == [1, 1]


def test_nothing_is_shown_that_is_not_recorded(seen: Seen):
    assert seen.refused_meanwhile == 0


def test_a_store_that_died_is_started_again(seen: Seen):
    assert len(seen.stores) == 2
    assert seen.is_store_back_after_s < 10


def test_what_happened_meanwhile_is_on_record_once(seen: Seen):
    names = names_of(seen.events)
    assert names.count("question.asked") == seen.asked
    assert names.count("question.answered") == seen.asked
    assert told_twice(seen.events) == []


def test_the_outage_is_a_gap_on_record(seen: Seen):
    gaps = [event for event in seen.events if event["name"] == "service.gap"]
    assert gaps
    assert not any(gap["data"]["new_node"] for gap in gaps)


def test_the_call_ends_completed_at_its_end(seen: Seen):
    assert (seen.session["outcome"], seen.session["cause"]) == ("completed", None)
    assert seen.session["ended_at"] == seen.session["ends_at"]
    assert names_of(seen.events).count("session.ended") == 1


def test_nothing_crashed(seen: Seen):
    assert "Traceback" not in seen.log
