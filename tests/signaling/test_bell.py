import asyncio

import pytest

from signaling.bell import Bell


async def test_a_bell_wakes_who_waits_and_who_comes_later():
    bell = Bell()
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(bell.heard())
        await asyncio.sleep(0)
        bell.ring()
        bell.ring()
    await bell.heard()


async def test_a_muted_bell_is_waited_for_again():
    bell = Bell()
    bell.ring()
    bell.mute()
    waiting = asyncio.ensure_future(bell.heard())
    await asyncio.sleep(0)
    assert not waiting.done()
    bell.ring()
    await waiting


async def test_who_gives_up_waiting_leaves_the_place_to_another():
    bell = Bell()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await bell.heard()
    bell.ring()
    await bell.heard()
