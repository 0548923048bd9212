"""The server of somebody who records: its media workers write down every packet that they forward. Tests only.

Run as `python -m tests.browser.dishonest_server demo …` with DISHONEST_RECORD in its environment; the worker that it
starts is this module too.
"""

from __future__ import annotations

import asyncio
import os
import runpy
import struct
import sys
from pathlib import Path
from typing import Any

HERE = "tests.browser.dishonest_server"
LENGTH = struct.Struct("!L")
_TAP = "--tap="


def packets(record: Path) -> list[bytes]:
    """The RTP packets of a record, decrypted as far as the server can."""
    data, found, at = record.read_bytes(), [], 0
    while at + LENGTH.size <= len(data):
        (length,) = LENGTH.unpack_from(data, at)
        at += LENGTH.size
        if at + length <= len(data):  # the last one may still be on its way
            found.append(data[at : at + length])
        at += length
    return found


def _serve() -> None:
    """The node, with another program for its workers."""
    start = asyncio.create_subprocess_exec
    tap = _TAP + os.environ["DISHONEST_RECORD"]

    async def start_recording(*command: Any, **options: Any) -> asyncio.subprocess.Process:
        if "workers.media" not in command:
            return await start(*command, **options)
        at = command.index("workers.media")
        return await start(*command[:at], HERE, tap, *command[at + 1 :], **options)

    asyncio.create_subprocess_exec = start_recording  # type: ignore[assignment]
    runpy.run_module("orchestrator", run_name="__main__", alter_sys=True)


def _forward(record: Path) -> None:
    """A worker that keeps a copy."""
    from pylibsrtp._binding import ffi

    from workers.media import srtp

    unprotect = srtp.unprotect
    tape = record.open("ab", buffering=0)

    def unprotect_and_record(session: Any, chars: Any, length: Any) -> int:
        status = int(unprotect(session, chars, length))
        if not status:
            packet = bytes(ffi.buffer(chars, length[0]))
            tape.write(LENGTH.pack(len(packet)) + packet)
        return status

    srtp.unprotect = unprotect_and_record
    runpy.run_module("workers.media", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    taps = [argument for argument in sys.argv if argument.startswith(_TAP)]
    if taps:
        sys.argv.remove(taps[0])
        _forward(Path(taps[0].removeprefix(_TAP)))
    else:
        _serve()
