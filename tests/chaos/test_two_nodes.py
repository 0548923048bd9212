"""Two nodes on one store of the operator's own: the second takes over what the first leaves, and never steals."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestrator.policy.model import Record, SessionId
from orchestrator.ports import Applied, Commit, Stored
from orchestrator.store.valkey import ValkeyStore
from tests.chaos.nodes import (
    TTL_S,
    NotStarted,
    a_folder,
    ending,
    free_tcp_port,
    names_of,
    start_demo,
    start_server,
    told_twice,
)
from tests.chaos.stores import a_store
from tests.clients.room_client import RoomClient

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

SEATS = ("seeker", "supporter")
LATE = "too_late"
"""Marks what must not be written."""


@dataclass
class Seen:
    """What was seen of a call whose node died, and of a store that is set wrongly."""

    codes_at_the_other_node: list[int | None]
    owners: list[str | None]
    fences: list[int]
    taken_over_after_s: float
    with_an_old_fence: Applied
    with_the_new_fence_and_an_old_version: Applied
    epochs: list[list[int]]
    session: dict[str, Any]
    events: list[dict[str, Any]]
    refused_status: int
    refused_words: str


async def tell() -> Seen:
    """Kill the node that runs a call; the other one carries it to its end."""
    async with a_folder() as folder, AsyncExitStack() as stack:
        for name in ("a", "b", "wrong"):
            (folder / name).mkdir()
        url = await stack.enter_async_context(a_store(folder))
        environment = {"MADOGUCHI_REDIS_URL": url}
        first = await start_demo(folder / "a", free_tcp_port(), slot="24s", environment=environment)
        await stack.enter_async_context(ending(first))
        second = await start_server(
            folder / "b", free_tcp_port(), first.token, environment=environment
        )
        await stack.enter_async_context(ending(second))
        store = await stack.enter_async_context(ValkeyStore(url))
        links = {seat: first.links[f"{seat}_url"] for seat in SEATS}
        pair = [RoomClient(links[seat], seed=n) for n, seat in enumerate(SEATS)]
        for person in pair:
            await stack.enter_async_context(person)
        await asyncio.gather(*(person.hears() for person in pair))
        session_id = SessionId(str(first.links["session_id"]))
        await first.until_session(session_id, lambda found: found["has_media_flowed"])

        early = RoomClient(
            links["seeker"].replace(first.base_url, second.base_url), comes_back=False
        )
        async with early:
            await early.until(early.close_codes, "sent away")
        before = await _stored(store, session_id)
        killed_at = first.signal(signal.SIGKILL)
        for person in pair:
            person.base_url = second.base_url  # what a load balancer in front of both does
        after = before
        while after.owner == before.owner:
            assert time.monotonic() < killed_at + 10 * TTL_S, "nobody took over"
            await asyncio.sleep(0.02)
            after = await _stored(store, session_id)
        taken_over_at = time.monotonic()

        await asyncio.gather(*(person.hears(beyond_epoch=1) for person in pair))
        now = await _stored(store, session_id)
        old = await store.commit(_a_write(now, before.fence, now.session.version + 1))
        stale = await store.commit(_a_write(now, now.fence, now.session.version))
        status, words = await _on_a_wrong_store(folder / "wrong")
        session = await second.until_session(
            session_id, lambda found: found["phase"] == "ended", 60
        )
        return Seen(
            early.close_codes(),
            [before.owner, after.owner],
            [before.fence, after.fence],
            taken_over_at - killed_at,
            old,
            stale,
            [[each.media_epoch for each in person.heard] for person in pair],
            session,
            await second.events(session_id),
            status,
            words,
        )


async def _on_a_wrong_store(folder: Path) -> tuple[int, str]:
    """Start a node on a store that forgets; its exit status and its words."""
    async with a_store(folder, appendonly="no") as url:
        try:
            node = await start_server(
                folder, free_tcp_port(), "", environment={"MADOGUCHI_REDIS_URL": url}
            )
        except NotStarted as refused:
            return refused.status, refused.log
        return await node.end(), "it started"


async def _stored(store: ValkeyStore, session: SessionId) -> Stored:
    stored = await store.load(session)
    assert stored is not None, "it was booked"
    return stored


def _a_write(stored: Stored, fence: int, version: int) -> Commit:
    """What a node would write that has not noticed that it is no longer the owner."""
    record = Record(datetime.now(UTC), "seat.lost", {"seat": "seeker", "signal": LATE})
    session = replace(stored.session, version=version)
    return Commit(session, fence, f"late:{fence}:{version}", (record,), (), None)


def test_while_its_node_lives_people_at_another_one_are_sent_there(seen: Seen):
    assert seen.codes_at_the_other_node == [4421]


def test_another_node_takes_over_within_a_few_ttl(seen: Seen):
    assert seen.owners[0] != seen.owners[1]
    assert seen.taken_over_after_s < 4 * TTL_S


def test_the_fence_rises_and_the_old_one_writes_nothing_any_more(seen: Seen):
    assert seen.fences[1] > seen.fences[0]
    assert seen.with_an_old_fence is Applied.FENCED
    assert seen.with_the_new_fence_and_an_old_version is Applied.CONFLICT
    assert LATE not in [event["data"].get("signal") for event in seen.events]


def test_both_people_hear_each_other_again_through_the_other_node(seen: Seen):
    for epochs in seen.epochs:
        assert len(epochs) >= 2
        assert epochs == sorted(set(epochs))


def test_the_call_ends_completed_at_its_end(seen: Seen):
    assert (seen.session["outcome"], seen.session["cause"]) == ("completed", None)
    assert seen.session["ended_at"] == seen.session["ends_at"]


def test_the_takeover_is_one_gap_and_the_end_one_end(seen: Seen):
    names = names_of(seen.events)
    assert names.count("service.gap") == 1
    assert names.count("session.ended") == 1
    assert told_twice(seen.events) == []


def test_a_store_that_forgets_is_refused_by_the_name_of_its_setting(seen: Seen):
    assert seen.refused_status == 2
    assert "appendonly" in seen.refused_words
