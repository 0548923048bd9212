"""A store as an operator runs it: not embedded, shared by several nodes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from orchestrator.store import embedded
from tests.chaos.nodes import until


@asynccontextmanager
async def a_store(folder: Path, *, appendonly: str = "yes") -> AsyncIterator[str]:
    """Run a server in a folder; its URL."""
    socket = folder / "own.sock"
    process = await asyncio.create_subprocess_exec(
        embedded.find_program(),
        *("--port", "0", "--unixsocket", socket, "--dir", folder, "--save", ""),
        *("--appendonly", appendonly, "--appendfsync", "always"),
        *("--maxmemory-policy", "noeviction"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(socket.exists, "listening")
        yield f"unix://{socket}"
    finally:
        process.kill()
        await process.wait()
