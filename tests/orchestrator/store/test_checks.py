"""A store that does not keep what it acknowledges is refused by the name of each wrong setting."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from orchestrator.errors import Misconfigured, Unavailable
from orchestrator.store.valkey import ValkeyStore

WRONG = {"appendonly": "no", "appendfsync": "everysec", "maxmemory-policy": "allkeys-lru"}
RIGHT = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}


@pytest.fixture
async def admin(valkey) -> AsyncIterator[Redis]:
    """A client that may spoil the settings; they are right again afterwards."""
    async with Redis.from_url(valkey, decode_responses=True) as client:
        yield client
        for name, value in RIGHT.items():
            await client.config_set(name, value)
        await client.acl_deluser("managed")


async def test_right_settings_are_accepted(store):
    assert await store.check() == ()


@pytest.mark.parametrize("name", sorted(WRONG))
async def test_one_wrong_setting_is_refused_by_its_name(store, admin, name):
    await admin.config_set(name, WRONG[name])

    with pytest.raises(Misconfigured) as refused:
        await store.check()

    assert len(refused.value.mistakes) == 1
    assert f"{name} {WRONG[name]}" in refused.value.mistakes[0]
    assert f"--accept-durability={name}" in refused.value.mistakes[0]


async def test_all_wrong_settings_are_named_at_once(store, admin):
    for name, value in WRONG.items():
        await admin.config_set(name, value)

    with pytest.raises(Misconfigured) as refused:
        await store.check()

    assert len(refused.value.mistakes) == 3


async def test_a_weaker_setting_is_accepted_by_name_and_told(store, admin):
    await admin.config_set("appendfsync", "everysec")

    (weakness,) = await store.check(frozenset({"appendfsync"}))

    assert "appendfsync everysec" in weakness


async def test_accepting_one_weakness_accepts_no_other(store, admin):
    await admin.config_set("appendfsync", "everysec")

    with pytest.raises(Misconfigured, match="appendfsync"):
        await store.check(frozenset({"appendonly"}))


async def test_a_weakness_that_does_not_exist_cannot_be_accepted(store):
    with pytest.raises(Misconfigured, match="'everything'"):
        await store.check(frozenset({"everything"}))


async def test_settings_that_cannot_be_read_must_be_accepted_by_name(admin, valkey):
    await admin.execute_command(
        "ACL", "SETUSER", "managed", "on", ">secret", "~*", "&*", "+@all", "-config"
    )
    url = valkey.replace("unix://", "unix://managed:secret@")
    async with ValkeyStore(url) as store:
        with pytest.raises(Misconfigured) as refused:
            await store.check()
        accepted = await store.check(frozenset(RIGHT))

    assert len(refused.value.mistakes) == 3
    assert all("does not let us read" in sentence for sentence in accepted)


async def test_an_absent_store_is_unavailable_not_misconfigured(tmp_path):
    async with ValkeyStore(f"unix://{tmp_path}/none.sock") as store:
        with pytest.raises(Unavailable):
            await store.check()


async def test_an_error_inside_comes_out_as_it_is(valkey):
    with pytest.raises(Misconfigured, match="own words"):
        async with ValkeyStore(valkey):
            raise Misconfigured(["own words"])
