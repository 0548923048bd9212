"""Nobody is judged for an absence of ours, of the node or of its store."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from orchestrator.host import Host
from orchestrator.policy.events import (
    Connected,
    Disconnected,
    Stopped,
    Woken,
)
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    DeviceId,
    IncidentKind,
    Outcome,
    Phase,
    Session,
    SessionId,
)
from orchestrator.store import embedded
from orchestrator.store.valkey import ValkeyStore
from tests.fakes import eventually
from tests.orchestrator.conftest import DiaryAudience, DiaryMedia, Office, opened
from tests.orchestrator.store.servers import freeze, thaw
from tests.orchestrator.test_host import C_SEEKER, C_SUPPORTER, MINUTE, goes_live
from workers.leases import Leases


async def test_a_takeover_tells_its_gap_before_the_cutoff_that_fell_into_it(
    store: ValkeyStore,
) -> None:
    async with opened(store, "n1") as first:
        session_id = (await first.books()).session.id
        supporter = Connected(SUPPORTER, C_SUPPORTER, DeviceId("d-supporter"))
        await first.host.deliver(session_id, supporter)
        clock = first.clock
        died_at = clock.now()
        session = await first.host.view(session_id)
    clock.advance(session.rules.cutoff + 2 * MINUTE)
    async with opened(store, "n2", clock) as second:
        fence = await store.claim(session_id, "n2", "n1", 1)
        assert fence is not None
        second.host.adopt(session_id, fence, died_at)
        session = await second.host.deliver(session_id, Woken())
        assert not session.is_over, "the cutoff fell into our absence: it starts again"
        assert session.judge_at == clock.now() + session.rules.cutoff


class AwayLeases:
    """Leases whose heartbeats have failed since a moment."""

    def __init__(self, leases: Leases, since: datetime) -> None:
        self._leases = leases
        self._since = since

    async def acquire(self, session: SessionId) -> tuple[int, datetime | None]:
        return await self._leases.acquire(session)

    async def absence_at(self, moment: datetime) -> datetime | None:
        return self._since

    def absences_since(self, moment: datetime) -> list[tuple[datetime, datetime]]:
        return []


def with_store_away(office: Office, since: datetime) -> Host:
    """The same node, whose heartbeats to the store have failed since then."""
    return Host(
        node="n1",
        store=office.store,
        clock=office.clock,
        leases=AwayLeases(office.leases, since),
        alarm=office.alarm,
        media=DiaryMedia(office.diary),
        audience=DiaryAudience(office.diary),
    )


async def test_what_people_do_while_the_store_is_away_is_taken_as_they_did_it(
    office: Office,
) -> None:
    session_id = await goes_live(office)
    host = with_store_away(office, office.clock.now() - timedelta(seconds=10))
    async with host.running():
        stopped = Stopped(C_SEEKER, IncidentKind.CONDUCT, SUPPORTER)
        session = await host.deliver(session_id, stopped)
    assert session.outcome is Outcome.STOPPED
    names = [record.name for _, record in await office.store.events(session_id)]
    assert names.count("service.gap") == 0


async def test_a_cutoff_that_falls_into_an_absence_of_the_store_is_not_judged(
    office: Office,
) -> None:
    session_id = (await office.books()).session.id
    supporter = Connected(SUPPORTER, C_SUPPORTER, DeviceId("d-supporter"))
    session = await office.host.deliver(session_id, supporter)
    cutoff_at = session.starts_at + session.rules.cutoff
    since = cutoff_at - timedelta(seconds=10)
    office.clock.advance(cutoff_at + timedelta(seconds=5) - office.clock.now())
    host = with_store_away(office, since)
    async with host.running():
        session = await host.deliver(session_id, Woken())
    assert not session.is_over
    assert session.judge_at == office.clock.now() + session.rules.cutoff
    names = [record.name for _, record in await office.store.events(session_id)]
    assert names.count("service.gap") == 1


async def passes(office: Office, until: datetime) -> None:
    """Time in which the node runs, and its store answers."""
    while (left := until - office.clock.now()) > timedelta():
        office.clock.advance(min(left, timedelta(seconds=4)))
        await office.leases._beat()


async def test_an_absence_that_was_over_before_the_cutoff_is_told_once_and_given_back(
    office: Office,
) -> None:
    session_id = (await office.books()).session.id
    supporter = Connected(SUPPORTER, C_SUPPORTER, DeviceId("d-supporter"))
    before = await office.host.deliver(session_id, supporter)
    cutoff_at = before.starts_at + before.rules.cutoff
    away = before.rules.cutoff / 2
    office.leases._beats_by_itself = True
    await passes(office, cutoff_at - away - timedelta(seconds=2))
    assert (await office.host.deliver(session_id, Woken())).phase is Phase.WAITING
    office.clock.advance(away)
    await office.leases._beat()
    seen = await office.host.until(session_id, lambda it: it.judge_at != cutoff_at, 5.0)
    assert seen.judge_at is not None
    assert seen.judge_at >= cutoff_at + away, "whoever waits sees at once until when"
    await passes(office, cutoff_at)
    session = await office.host.deliver(session_id, Woken())
    assert not session.is_over, "nobody could get in for half of the time"
    assert session.judge_at is not None
    assert session.judge_at >= cutoff_at + away
    await passes(office, session.judge_at)
    session = await office.host.deliver(session_id, Woken())
    assert session.outcome is Outcome.SEEKER_NO_SHOW
    names = [record.name for _, record in await office.store.events(session_id)]
    assert names.count("service.gap") == 1


@pytest.fixture
async def frail() -> AsyncIterator[tuple[Office, Path]]:
    """A node on a store of its own, and the folder of that store, which may be frozen."""
    with tempfile.TemporaryDirectory(prefix="mg-") as name:
        folder = Path(name)
        await embedded.ensure(folder)
        async with ValkeyStore(embedded.url(folder)) as store, opened(store, "n1") as office:
            yield office, folder
        await embedded.stop(folder)


async def outlives(office: Office, folder: Path, session_id: SessionId, due: datetime) -> Session:
    """The store goes away just before that moment, unnoticed by any heartbeat, and is back five seconds after it."""
    office.clock.advance(due - timedelta(seconds=0.3) - office.clock.now())
    await office.leases._beat()
    freeze(folder)
    office.clock.advance(timedelta(seconds=0.3))
    try:
        with capture_logs() as lines:
            judging = asyncio.ensure_future(office.host.deliver(session_id, Woken()))
            noticed = {"lease.heartbeat_failed", "store.lost"}
            await eventually(lambda: not noticed.isdisjoint(line["event"] for line in lines))
        office.clock.advance(timedelta(seconds=5))
    finally:
        thaw(folder)
    return await judging


async def test_a_cutoff_in_the_first_second_of_an_outage_is_not_judged(
    frail: tuple[Office, Path],
) -> None:
    office, folder = frail
    session_id = (await office.books()).session.id
    supporter = Connected(SUPPORTER, C_SUPPORTER, DeviceId("d-supporter"))
    before = await office.host.deliver(session_id, supporter)
    session = await outlives(office, folder, session_id, before.starts_at + before.rules.cutoff)
    assert not session.is_over, "nobody could get in"
    assert session.judge_at == office.clock.now() + session.rules.cutoff


async def test_a_grace_in_the_first_second_of_an_outage_is_not_judged(
    frail: tuple[Office, Path],
) -> None:
    office, folder = frail
    session_id = await goes_live(office)
    lost = Disconnected(SEEKER, C_SEEKER, page_closed=False)
    before = await office.host.deliver(session_id, lost)
    assert before.seeker.loss is not None
    session = await outlives(office, folder, session_id, before.seeker.loss.grace_ends_at)
    assert session.verdict is None, "nobody could come back"
    assert session.seeker.loss is not None
    assert session.seeker.loss.grace_ends_at == office.clock.now() + session.rules.grace
