"""How a lane of the ordered writer settles a batch of which only a part was answered."""

from __future__ import annotations

import asyncio

from redis.exceptions import NoScriptError, ResponseError

from orchestrator.policy.model import SessionId
from orchestrator.ports import Applied
from orchestrator.store.writer import _Lane
from tests.fakes import a_booking, a_commit, a_session

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
