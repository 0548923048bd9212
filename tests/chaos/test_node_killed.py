"""`kill -9` of the node in the middle of a call: people come back, it ends on time, nothing is lost or told twice."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from tests.chaos.nodes import (
    TTL_S,
    a_folder,
    children_of,
    ending,
    free_tcp_port,
    free_udp_ports,
    is_alive,
    is_udp_port_free,
    monotonic_of,
    names_of,
    start_demo,
    told_twice,
    until,
    workers_of,
)
from tests.clients.room_client import RoomClient

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


@dataclass
class Seen:
    """What was seen of a call whose people came back, and of one whose people did not."""

    killed_at: float
    forwarded_until: float
    workers_gone_after_s: float
    orphans: list[int]
    has_store_survived: bool
    are_ports_free: bool
    events_before: list[dict[str, Any]]
    events: list[dict[str, Any]]
    session: dict[str, Any]
    epochs: list[list[int]]
    close_codes: list[list[int | None]]
    heard_again_at: float
    ended_lately_s: list[float]
    lost: dict[str, Any]
    lost_events: list[dict[str, Any]]


async def tell() -> Seen:
    """Kill the node in two calls, start it again on the same folder and ports; only one pair comes back."""
    port, udp = free_tcp_port(), free_udp_ports(2)
    environment = {"MADOGUCHI_MEDIA_WORKERS": "2", "MADOGUCHI_MEDIA_PORT": str(udp)}
    async with a_folder() as data, AsyncExitStack() as stack:
        node = await start_demo(data, port, environment=environment)
        await stack.enter_async_context(ending(node))
        links = node.links
        other = await node.book(links["starts_at"], 2)
        pair = [RoomClient(links[f"{seat}_url"], seed=n) for n, seat in enumerate(SEATS)]
        gone = [RoomClient(other["links"][seat], seed=n) for n, seat in enumerate(SEATS)]
        for person in (*pair, *gone):
            await stack.enter_async_context(person)
        await asyncio.gather(*(person.hears() for person in (*pair, *gone)))
        session_id = str(links["session_id"])
        await node.until_session(session_id, lambda session: session["has_media_flowed"])
        events_before = await node.events(session_id)
        children, workers, store_pid = children_of(node.pid), workers_of(node.pid), node.store_pid

        killed_at = node.signal(signal.SIGKILL)
        for person in gone:
            person.comes_back = False
        workers_gone_at = await until(
            lambda: not any(is_alive(pid) for pid in workers), "without workers"
        )
        await node.process.wait()
        orphans = [pid for pid in children if is_alive(pid)]
        are_ports_free = all(is_udp_port_free(udp + n) for n in (0, 1))
        forwarded_until = max(person.last_received_at or 0.0 for person in (*pair, *gone))
        has_store_survived = is_alive(store_pid)

        again = await start_demo(data, port, environment=environment)
        await stack.enter_async_context(ending(again))
        await asyncio.gather(*(person.hears(beyond_epoch=1) for person in pair))
        heard_again_at = max(person.heard[-1].first_at or 0.0 for person in pair)
        session = await again.until_session(session_id, _is_over, 60)
        await asyncio.gather(*(person.until(lambda: person.ended_at, "over") for person in pair))  # noqa: B023
        lost = await again.until_session(other["id"], _is_proposed)
        ends_at = monotonic_of(datetime.fromisoformat(session["ends_at"]))
        return Seen(
            killed_at,
            forwarded_until,
            workers_gone_at - killed_at,
            orphans,
            has_store_survived,
            are_ports_free,
            events_before,
            await again.events(session_id),
            session,
            [[each.media_epoch for each in person.heard] for person in pair],
            [person.close_codes() for person in pair],
            heard_again_at,
            [(person.time_is_up_at or 0.0) - ends_at for person in pair],
            lost,
            await again.events(other["id"]),
        )


SEATS = ("seeker", "supporter")


def _is_over(session: dict[str, Any]) -> bool:
    return session["phase"] == "ended"


def _is_proposed(session: dict[str, Any]) -> bool:
    return _is_over(session) and bool(session["reschedule"] and session["reschedule"]["options"])


def test_no_worker_goes_on_forwarding_past_its_ttl(seen: Seen):
    assert seen.forwarded_until - seen.killed_at < TTL_S


def test_no_orphan_remains_and_the_ports_are_free(seen: Seen):
    assert seen.workers_gone_after_s < TTL_S + 1
    assert seen.orphans == []
    assert seen.are_ports_free


def test_the_store_survives_its_node(seen: Seen):
    assert seen.has_store_survived


def test_both_come_back_by_themselves_on_new_media_connections(seen: Seen):
    for epochs in seen.epochs:
        assert len(epochs) >= 2
        assert epochs == sorted(set(epochs)), "a new connection has a higher epoch"
    assert seen.heard_again_at > seen.killed_at


def test_it_ends_completed_exactly_at_the_end_that_was_booked(seen: Seen):
    assert (seen.session["outcome"], seen.session["cause"]) == ("completed", None)
    assert seen.session["ended_at"] == seen.session["ends_at"]


def test_nobody_is_told_that_time_is_up_before_it_is(seen: Seen):
    assert all(late_s > -0.02 for late_s in seen.ended_lately_s)


def test_the_history_goes_on_where_it_was(seen: Seen):
    assert seen.events[: len(seen.events_before)] == seen.events_before


def test_each_event_is_on_record_once(seen: Seen):
    assert told_twice(seen.events) == []
    names = names_of(seen.events)
    once = ["session.ended", "service.gap"]
    assert {name: names.count(name) for name in once} == dict.fromkeys(once, 1)
    assert names.count("consent.given") == 2


def test_the_phases_are_those_of_a_call_that_was_interrupted_once(seen: Seen):
    walked = [event["data"]["to"] for event in seen.events if event["name"] == "session.moved"]
    assert walked == ["open", "waiting", "live", "interrupted", "live", "ended"]


def test_the_gap_began_before_the_kill_and_is_the_platforms(seen: Seen):
    gap = next(event for event in seen.events if event["name"] == "service.gap")
    assert gap["data"]["new_node"] is True
    began_at = monotonic_of(datetime.fromisoformat(gap["at"]))
    assert -TTL_S < began_at - seen.killed_at < 0.1


def test_when_nobody_comes_back_it_was_the_platform(seen: Seen):
    assert (seen.lost["outcome"], seen.lost["cause"]) == ("interrupted", "platform")
    assert names_of(seen.lost_events).count("session.ended") == 1
    assert told_twice(seen.lost_events) == []


def test_then_another_date_is_offered_with_slots_to_choose(seen: Seen):
    assert seen.lost["quota"] == "restored"
    assert seen.lost["reschedule"]["state"] == "open"
    assert seen.lost["reschedule"]["options"]
