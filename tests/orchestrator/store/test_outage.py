"""The store goes away while commits are on their way: they wait, and apply once when it is back."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from orchestrator.errors import Unavailable
from orchestrator.policy.effects import Publish
from orchestrator.policy.model import Record, Session, SessionId
from orchestrator.ports import Applied
from orchestrator.store import embedded
from orchestrator.store.valkey import ValkeyStore
from tests.fakes import NOON, a_booking, a_commit, a_session, eventually
from tests.orchestrator.store.servers import freeze, kill, thaw

S1 = SessionId("s1")


@pytest.fixture
async def data_dir() -> AsyncIterator[Path]:
    """The data directory of a server that may be killed."""
    with tempfile.TemporaryDirectory(prefix="mg-") as name:
        await embedded.ensure(Path(name))
        yield Path(name)
        await embedded.stop(Path(name))


@pytest.fixture
async def impatient(data_dir) -> AsyncIterator[ValkeyStore]:
    """A store whose answers must come within 0.2 s."""
    async with ValkeyStore(embedded.url(data_dir), timeout_s=0.2) as opened:
        yield opened


@pytest.fixture
async def patient(data_dir) -> AsyncIterator[ValkeyStore]:
    """The same store for what comes before and after an outage, with the ordinary time limit."""
    async with ValkeyStore(embedded.url(data_dir)) as opened:
        yield opened


async def owned_sessions(store: ValkeyStore, count: int) -> list[Session]:
    sessions = [a_session(f"s{n}", seeker=f"a{n}", supporter=f"b{n}") for n in range(count)]
    for session in sessions:
        await store.book(a_booking(session))
        await store.claim(session.id, "node-a", None, 0)
    return sessions


def ending(session: Session):
    key = f"{session.id}:1:session.ended:p:0"
    return a_commit(
        session,
        1,
        f"end {session.id}",
        records=(Record(NOON, "session.ended"),),
        publishes=(Publish("session.ended", "p", key),),
    )


async def assert_each_ended_once(store: ValkeyStore, sessions: list[Session]) -> None:
    for session in sessions:
        assert len(await store.events(session.id)) == 1
    deliveries = await store.take("node-a", 10 * len(sessions), 0)
    assert sorted(delivery.session for delivery in deliveries) == sorted(s.id for s in sessions)


async def test_commits_during_a_freeze_apply_once_after_it(data_dir, impatient, patient):
    sessions = await owned_sessions(patient, 50)
    freeze(data_dir)
    try:
        waiting = asyncio.gather(*(impatient.commit(ending(session)) for session in sessions))
        # Reads give up: by then the lanes have sent their commits at least once into the frozen server.
        for _ in range(3):
            with pytest.raises(Unavailable):
                await impatient.load(S1)
        assert not waiting.done()
    finally:
        thaw(data_dir)

    assert set(await waiting) == {Applied.DONE}
    await assert_each_ended_once(patient, sessions)


async def test_commits_while_the_server_is_dead_apply_once_when_it_is_back(
    data_dir, impatient, patient
):
    sessions = await owned_sessions(patient, 50)
    await kill(data_dir)

    waiting = asyncio.gather(*(impatient.commit(ending(session)) for session in sessions))
    with pytest.raises(Unavailable):
        await impatient.load(S1)
    assert not waiting.done()
    await embedded.ensure(data_dir)

    assert set(await waiting) == {Applied.DONE}
    await assert_each_ended_once(patient, sessions)


async def test_a_kill_in_the_middle_of_commits_applies_each_once(data_dir, impatient, patient):
    sessions = await owned_sessions(patient, 300)
    done = []

    async def commit(session):
        done.append(await impatient.commit(ending(session)))

    waiting = asyncio.gather(*(commit(session) for session in sessions))
    await eventually(lambda: len(done) > 20)
    await kill(data_dir)
    await embedded.ensure(data_dir)
    await waiting

    assert done == [Applied.DONE] * len(sessions)
    await assert_each_ended_once(patient, sessions)


async def test_what_waits_keeps_the_order_of_its_session(data_dir, impatient, patient):
    (session,) = await owned_sessions(patient, 1)
    await kill(data_dir)
    waiting = []
    for n in range(30):
        commit = a_commit(session, 1, f"c{n}", records=(Record(NOON, "n", {"n": n}),))
        waiting.append(asyncio.ensure_future(impatient.commit(commit)))
        session = commit.session
    with pytest.raises(Unavailable):
        await impatient.load(S1)

    await embedded.ensure(data_dir)

    assert set(await asyncio.gather(*waiting)) == {Applied.DONE}
    history = [record.data["n"] for _, record in await patient.events(session.id)]
    assert history == list(range(30))


async def test_too_many_waiting_commits_are_refused_and_the_others_still_apply(data_dir, patient):
    (session,) = await owned_sessions(patient, 1)
    url = embedded.url(data_dir)
    async with ValkeyStore(url, timeout_s=0.2, waiting_commits=4) as store:
        await kill(data_dir)
        with capture_logs() as lines:
            first = asyncio.ensure_future(store.commit(a_commit(session, 1, "c0")))
            # The lane has tried to send it: its queue, one place long, is free again.
            await eventually(lambda: any(line["event"] == "store.lost" for line in lines))
        second = asyncio.ensure_future(store.commit(a_commit(session, 1, "c1")))
        await asyncio.sleep(0)

        with pytest.raises(Unavailable, match="too many"):
            await store.commit(a_commit(session, 1, "c2"))

        await embedded.ensure(data_dir)
        assert await first is Applied.DONE
        assert await second is Applied.CONFLICT


async def test_flush_returns_when_what_waited_is_durable(data_dir, impatient, patient):
    (session,) = await owned_sessions(patient, 1)
    await kill(data_dir)
    commit = asyncio.ensure_future(impatient.commit(ending(session)))
    with pytest.raises(Unavailable):
        await impatient.load(S1)
    flushing = asyncio.ensure_future(impatient.flush())
    await asyncio.sleep(0)
    assert not flushing.done()

    await embedded.ensure(data_dir)
    await flushing

    assert commit.done() or await commit
    await assert_each_ended_once(patient, [session])


async def test_closing_tells_those_who_still_wait(data_dir, patient):
    async with ValkeyStore(embedded.url(data_dir), timeout_s=0.2) as store:
        (session,) = await owned_sessions(patient, 1)
        await kill(data_dir)
        waiting = asyncio.ensure_future(store.commit(ending(session)))
        with pytest.raises(Unavailable):
            await store.load(S1)

    with pytest.raises(Unavailable, match="closed"):
        await waiting
    await embedded.ensure(data_dir)


async def test_a_caller_that_gave_up_does_not_stop_its_commit(data_dir, impatient, patient):
    (session,) = await owned_sessions(patient, 1)
    await kill(data_dir)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await impatient.commit(ending(session))

    await embedded.ensure(data_dir)
    await impatient.flush()

    await assert_each_ended_once(patient, [session])


@pytest.mark.parametrize(
    "read",
    [
        lambda store: store.load(S1),
        lambda store: store.load_many([S1]),
        lambda store: store.versions([S1]),
        lambda store: store.events(S1),
        lambda store: store.due(NOON),
        lambda store: store.between(NOON, NOON),
        lambda store: store.booked("p", NOON, NOON),
        lambda store: store.claim(S1, "a", None, 0),
        lambda store: store.book(a_booking(a_session())),
        lambda store: store.link("h"),
        lambda store: store.staff_by_token("t"),
        lambda store: store.staff(),
        lambda store: store.private("p"),
        lambda store: store.take("a", 1, 100),
        lambda store: store.beat("a", 2000),
        lambda store: store.server_time(),
    ],
)
async def test_whatever_is_asked_of_an_absent_store_is_unavailable(tmp_path, read):
    async with ValkeyStore(f"unix://{tmp_path}/none.sock", timeout_s=0.2) as store:
        with pytest.raises(Unavailable):
            await read(store)
