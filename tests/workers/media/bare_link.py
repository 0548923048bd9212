"""A worker process spoken to over a bare link, with nothing of the node in between."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from workers.media import wire

ROOT = Path(__file__).parents[3]
START_S = 30.0

Kind = TypeVar("Kind", bound=wire.Report)


class Node:
    """The node's end of a link, as a script."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        process: asyncio.subprocess.Process,
    ) -> None:
        self._reader, self._writer, self.process = reader, writer, process

    def say(self, command: wire.Command) -> None:
        self._writer.write(wire.encode(command))

    def say_bytes(self, data: bytes) -> None:
        self._writer.write(data)

    async def hear(self, kind: type[Kind], within_s: float = START_S) -> Kind:
        """The next report of that kind."""
        async with asyncio.timeout(within_s):
            while True:
                report = await self.report()
                if isinstance(report, kind):
                    return report

    async def report(self) -> wire.Report:
        """The next report, whatever it is."""
        return wire.parse_report((await self._reader.readline()).rstrip())

    def hang_up(self) -> None:
        self._writer.close()

    async def exit_status(self, within_s: float = START_S) -> int:
        async with asyncio.timeout(within_s):
            return await self.process.wait()


@asynccontextmanager
async def worker(
    *,
    port: int = 0,
    ttl_s: float = 1.0,
    parent: int | None = None,
    log: Path | None = None,
    environment: Mapping[str, str] = {},
) -> AsyncIterator[Node]:
    """Start a worker, configured but not yet listening, and see it gone.

    Args:
        port: UDP port; 0: any free one.
        ttl_s: how long it lives without a word of its node.
        parent: whose child it believes to be; None: ours, which is true.
        log: the file that takes what it writes to its log; None: nowhere.
        environment: what it finds in its environment, besides ours.
    """
    ours, theirs = socket.socketpair()
    with theirs, (log or Path(os.devnull)).open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "workers.media",
            f"--fd={theirs.fileno()}",
            f"--parent={parent or os.getpid()}",
            cwd=ROOT,
            env={**os.environ, **environment},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    reader, writer = await asyncio.open_connection(sock=ours, limit=wire.MAX_LINE_BYTES)
    node = Node(reader, writer, process)
    node.say(wire.Configure(host="127.0.0.1", port=port, announced=(), ttl_s=ttl_s))
    try:
        yield node
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        writer.close()
