"""How a lane of the ordered writer settles a batch of which only a part was answered."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio.client import Pipeline
from redis.exceptions import ConnectionError as LineLost
from redis.exceptions import NoScriptError, ResponseError

from orchestrator.policy.model import Record, SessionId
from orchestrator.ports import Applied
from orchestrator.store.writer import _Lane
from tests.fakes import NOON, a_booking, a_commit, a_session

S1, S2 = SessionId("s1"), SessionId("s2")


async def test_a_successor_waits_for_its_predecessor_instead_of_a_conflict(tmp_path):
    lane = _Lane(f"unix://{tmp_path}/none", timeout_s=0.1, capacity=10)
    first, second, other = (
        asyncio.ensure_future(lane.put(session, version, [], []))
        for session, version in ((S1, 1), (S1, 2), (S2, 1))
    )
    await asyncio.sleep(0)
    lane._batch = [lane._queue.get_nowait() for _ in range(3)]
    unknown_script = NoScriptError("loaded by somebody else between these two commands")

    trouble = lane._settle([unknown_script, ["conflict", 0], ["conflict", 5]])

    assert trouble is unknown_script
    assert await other is Applied.CONFLICT
    assert not first.done()
    assert not second.done()
    assert lane._settle([["done", 1], ["done", 2]]) is None
    assert (await first, await second) == (Applied.DONE, Applied.DONE)
    await lane.close()


async def test_a_bug_in_one_commit_reaches_its_caller_and_no_other(store):
    session = a_session()
    await store.book(a_booking(session))
    await store.claim(session.id, "node-a", None, 0)

    broken, sound = await asyncio.gather(
        store._writer.put(session.id, 1, ["s:s1"], ["too", "few"]),
        store.commit(a_commit(session, 1, "c1")),
        return_exceptions=True,
    )

    assert isinstance(broken, ResponseError)
    assert sound is Applied.DONE


async def test_a_commit_whose_answer_was_lost_is_done_and_not_somebody_elses(
    store, monkeypatch: pytest.MonkeyPatch
):
    session = a_session()
    await store.book(a_booking(session))
    await store.claim(session.id, "node-a", None, 0)
    real, lost = Pipeline.execute, []

    async def execute(pipeline, *arguments, **options):
        replies = await real(pipeline, *arguments, **options)
        if not lost:
            lost.append(replies)
            raise LineLost("the answer was lost on its way")
        return replies

    monkeypatch.setattr(Pipeline, "execute", execute)
    commit = a_commit(session, 1, "c1", records=(Record(NOON, "seat.lost"),))
    assert await store.commit(commit) is Applied.DONE
    assert lost, "the first answer did come"
    assert len(await store.events(session.id)) == 1
