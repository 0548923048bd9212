"""The embedded server's process, for tests that kill or freeze it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.fakes import eventually


def server_pid(data_dir: Path) -> int:
    """The process id of a data directory's server."""
    return int((data_dir / "server.pid").read_text())


def is_alive(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


async def kill(data_dir: Path) -> None:
    """Kill the server at once and wait until it is dead."""
    pid = server_pid(data_dir)
    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: not is_alive(pid))


def freeze(data_dir: Path) -> None:
    """Stop the server where it is: it accepts and does not answer."""
    os.kill(server_pid(data_dir), signal.SIGSTOP)


def thaw(data_dir: Path) -> None:
    """Let a frozen server go on."""
    os.kill(server_pid(data_dir), signal.SIGCONT)
