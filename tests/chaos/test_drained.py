"""SIGTERM in a call: people are told to come back, nobody new gets in, and after the restart nothing is missing."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from tests.chaos.nodes import (
    a_folder,
    ending,
    free_tcp_port,
    names_of,
    start_demo,
    told_twice,
    workers_of,
)
from tests.clients.room_client import RoomClient

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

SEATS = ("seeker", "supporter")


@dataclass
class Attempts:
    """What became of sockets that were opened while the node went down."""

    welcomed: int = 0
    refused_connections: int = 0
    told_draining: int = 0
    codes: list[int | None] = field(default_factory=list)


@dataclass
class Seen:
    """What was seen of a node that was asked to go, and of its successor."""

    took_s: float
    exit_status: int
    left_behind: list[int]
    close_codes: list[list[int | None]]
    attempts: Attempts
    events_before: list[dict[str, Any]]
    events: list[dict[str, Any]]
    session: dict[str, Any]
    sockets: list[int]


async def tell() -> Seen:
    """Drain a node in a call, knock all the while, and start it again."""
    port = free_tcp_port()
    async with a_folder() as data, AsyncExitStack() as stack:
        node = await start_demo(data, port, slot="24s")
        await stack.enter_async_context(ending(node))
        stranger = await node.book(node.links["starts_at"], 2)
        pair = [RoomClient(node.links[f"{seat}_url"], seed=n) for n, seat in enumerate(SEATS)]
        for person in pair:
            await stack.enter_async_context(person)
        await asyncio.gather(*(person.hears() for person in pair))
        session_id = str(node.links["session_id"])
        await node.until_session(session_id, lambda found: found["has_media_flowed"])
        events_before = await node.events(session_id)

        attempts = Attempts()
        secret = stranger["links"]["seeker"].partition("#")[2]
        signalled_at = node.signal(signal.SIGTERM)
        while node.process.returncode is None:
            await _knock(node.base_url, secret, attempts)
        gone_at = time.monotonic()
        codes = [person.close_codes()[:1] for person in pair]
        left_behind = workers_of(node.pid)

        again = await start_demo(data, port, slot="24s")
        await stack.enter_async_context(ending(again))
        await asyncio.gather(*(person.hears(beyond_epoch=1) for person in pair))
        session = await again.until_session(session_id, lambda found: found["phase"] == "ended", 60)
        return Seen(
            gone_at - signalled_at,
            await node.process.wait(),
            left_behind,
            codes,
            attempts,
            events_before,
            await again.events(session_id),
            session,
            [len(person.conversations) for person in pair],
        )


async def _knock(base_url: str, secret: str, attempts: Attempts) -> None:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(2)) as http,
            http.ws_connect(f"{base_url}/ws", headers={"Origin": base_url}) as socket,
        ):
            await socket.send_json({"type": "hello", "version": 1, "link": secret})
            answer = await socket.receive(2)
            if answer.type is aiohttp.WSMsgType.TEXT:
                attempts.welcomed += '"welcome"' in answer.data
                attempts.told_draining += '"draining"' in answer.data
                await socket.receive(2)
            attempts.codes.append(socket.close_code)
    except (aiohttp.ClientError, OSError, TimeoutError):
        attempts.refused_connections += 1
        await asyncio.sleep(0.02)


def test_the_node_is_gone_within_five_seconds_with_status_0(seen: Seen):
    assert seen.exit_status == 0
    assert seen.took_s < 5
    assert seen.left_behind == []


def test_connected_people_are_told_to_connect_again(seen: Seen):
    assert seen.close_codes == [[1001], [1001]]


def test_nobody_new_is_let_in(seen: Seen):
    assert seen.attempts.refused_connections + seen.attempts.told_draining > 0
    assert seen.attempts.welcomed == 0
    assert set(seen.attempts.codes) <= {1001}


def test_they_come_back_by_themselves_after_the_restart(seen: Seen):
    assert all(sockets >= 2 for sockets in seen.sockets)


def test_nothing_is_lost_and_nothing_told_twice(seen: Seen):
    assert seen.events[: len(seen.events_before)] == seen.events_before
    assert told_twice(seen.events) == []
    assert names_of(seen.events).count("session.ended") == 1


def test_the_call_ends_completed_at_its_end(seen: Seen):
    assert (seen.session["outcome"], seen.session["cause"]) == ("completed", None)
    assert seen.session["ended_at"] == seen.session["ends_at"]
