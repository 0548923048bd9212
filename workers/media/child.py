"""One media worker process as its node sees it: started, spoken to, and seen gone. Runs in the node.

It is a part of the link (`workers.media_link`), which decides what becomes of rooms; nothing of aiortc is imported.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path

from workers.media import wire

ROOT = Path(__file__).resolve().parents[2]
"""Where `-m workers.media` is found, also in a checkout that is not installed."""


class WorkerState(Enum):
    """Where a worker is in its life."""

    STARTING = "starting"
    READY = "ready"
    LOST = "lost"


class _LinkEnd(asyncio.Protocol):
    """Our end of a worker's link: lines in, lines out; it never blocks and never grows without bound."""

    def __init__(self, hear: Callable[[wire.Report], None], lose: Callable[[str], None]) -> None:
        self._hear = hear
        self._lose = lose
        self._lines = wire.Lines()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "a stream socket gives a Transport"
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose("link_ended")

    def data_received(self, data: bytes) -> None:
        try:
            for line in self._lines.feed(data):
                self._hear(wire.parse_report(line))
        except wire.LinkBroken:
            self._lose("link_broken")

    def say(self, command: wire.Command) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(wire.encode(command))
        if self._transport.get_write_buffer_size() > wire.MAX_UNSENT_BYTES:
            self._lose("does_not_read")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class MediaWorker:
    """One worker process, from its start to its loss."""

    def __init__(self, index: int, hear: Callable[[MediaWorker, wire.Report], None]) -> None:
        self.index = index
        self.state = WorkerState.STARTING
        self.port = 0
        self.heard_at = 0.0
        self.sessions: set[str] = set()
        """Whose rooms it carries."""
        self.counters: Mapping[str, int] = {}
        self.failure = ""
        """What the worker said about why it cannot work."""
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.process: asyncio.subprocess.Process | None = None
        self._hear = hear
        self._unsaid: list[wire.Command] = []
        self._link: _LinkEnd | None = None

    async def start(self, configure: wire.Configure, options: Sequence[str] = ()) -> None:
        """Start the process and tell it where to listen; `lost` is set when it is gone.

        Args:
            configure: what it is told first.
            options: further arguments of its command line.

        Raises:
            OSError: the process cannot be started.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            ours.setblocking(False)
            try:
                self.process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "workers.media",
                    f"--fd={theirs.fileno()}",
                    f"--parent={os.getpid()}",
                    f"--index={self.index}",
                    *options,
                    cwd=ROOT,
                    env={},  # a worker needs no secret of ours
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                )
            except BaseException:
                ours.close()
                raise
        _, self._link = await asyncio.get_running_loop().create_connection(
            lambda: _LinkEnd(lambda report: self._hear(self, report), self.lose), sock=ours
        )
        self._link.say(configure)
        unsaid, self._unsaid = self._unsaid, []
        for command in unsaid:
            self._link.say(command)

    def say(self, command: wire.Command) -> None:
        """Pass a command on, or keep it until the process is there."""
        if self._link is not None:
            self._link.say(command)
        elif not self.lost.done():
            self._unsaid.append(command)

    def lose(self, reason: str) -> None:
        """The worker counts as gone from now on."""
        self.state = WorkerState.LOST
        if not self.lost.done():
            self.lost.set_result(reason)

    async def end(self, *, wait_s: float) -> None:
        """Close the link, give the process `wait_s` to go by itself, and see it gone in any case."""
        if self._link is not None:
            self._link.close()
        if self.process is None:
            return
        try:
            async with asyncio.timeout(wait_s):
                await self.process.wait()
        except TimeoutError:
            # A worker that has gone in this very moment is not there to be killed.
            if self.process.returncode is None:
                self.process.kill()
            await self.process.wait()
