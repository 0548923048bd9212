"""SIGSTOP of the node in a call: its worker forwards no longer than its TTL, and when it wakes up the call goes on."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.chaos.nodes import (
    TTL_S,
    a_folder,
    ending,
    free_tcp_port,
    free_udp_ports,
    is_alive,
    is_udp_port_free,
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
    """What was seen while the node was stopped, and after."""

    forwarded_for_s: float
    sent_meanwhile: int
    worker_gone_after_s: float
    port_free_after_s: float
    epochs: list[list[int]]
    new_workers: int
    session: dict[str, Any]
    events: list[dict[str, Any]]
    exit_status: int
    log: str


async def tell() -> Seen:
    """Stop the node until its worker is gone, and let it go on."""
    udp = free_udp_ports(1)
    environment = {"MADOGUCHI_MEDIA_PORT": str(udp)}
    async with a_folder() as data, AsyncExitStack() as stack:
        node = await start_demo(data, free_tcp_port(), slot="24s", environment=environment)
        await stack.enter_async_context(ending(node))
        pair = [RoomClient(node.links[f"{seat}_url"], seed=n) for n, seat in enumerate(SEATS)]
        for person in pair:
            await stack.enter_async_context(person)
        await asyncio.gather(*(person.hears() for person in pair))
        session_id = str(node.links["session_id"])
        await node.until_session(session_id, lambda found: found["has_media_flowed"])

        sent = sum(each.sent for person in pair for each in person.heard)
        worker = workers_of(node.pid)[0]
        stopped_at = node.signal(signal.SIGSTOP)
        gone_at = await until(lambda: not is_alive(worker), "without worker", TTL_S + 5)
        free_at = await until(lambda: is_udp_port_free(udp), "free", 2)
        last_at = max(person.last_received_at or 0.0 for person in pair)
        sent = sum(each.sent for person in pair for each in person.heard) - sent

        node.signal(signal.SIGCONT)
        await asyncio.gather(*(person.hears(beyond_epoch=1) for person in pair))
        new_workers = len(workers_of(node.pid))
        session = await node.until_session(session_id, _is_over, 60)
        events = await node.events(session_id)
        exit_status = await node.end()
        return Seen(
            last_at - stopped_at,
            sent,
            gone_at - stopped_at,
            free_at - stopped_at,
            [[each.media_epoch for each in person.heard] for person in pair],
            new_workers,
            session,
            events,
            exit_status,
            (data / "node.log").read_text(),
        )


def _is_over(session: dict[str, Any]) -> bool:
    return session["phase"] == "ended"


def test_the_worker_forwards_no_longer_than_its_ttl(seen: Seen):
    assert seen.sent_meanwhile > 50, "both went on sending"
    assert seen.forwarded_for_s < TTL_S + 0.05


def test_the_worker_is_gone_soon_after_and_its_port_is_free(seen: Seen):
    assert seen.worker_gone_after_s < TTL_S + 2
    assert seen.port_free_after_s < TTL_S + 2


def test_the_node_goes_on_with_a_new_worker(seen: Seen):
    assert seen.new_workers == 1
    assert seen.exit_status == 0
    assert "Traceback" not in seen.log


def test_both_hear_each_other_again(seen: Seen):
    for epochs in seen.epochs:
        assert len(epochs) == 2
        assert epochs[1] > epochs[0]


def test_the_call_ends_completed_at_its_end(seen: Seen):
    assert (seen.session["outcome"], seen.session["cause"]) == ("completed", None)
    assert seen.session["ended_at"] == seen.session["ends_at"]
    assert names_of(seen.events).count("session.ended") == 1
    assert told_twice(seen.events) == []
