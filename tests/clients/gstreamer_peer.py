"""GStreamer's webrtcbin as a participant, in a process of its own under the system's Python, which has its bindings.

The program at the other end of the pipe is `gstreamer_program.py`; both speak JSON, one message a line.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("gstreamer_program.py")
SYSTEM_PYTHON = "/usr/bin/python3"
ANSWER_S = 20.0


class GstreamerPeer:
    """Sends a test picture of one colour and a tone, and counts what it decodes.

    Args:
        address: the only one that it sends checks from; None: all of this machine but loopback.
    """

    def __init__(self, address: str | None = None) -> None:
        self.frames = {"audio": 0, "video": 0}
        self.colours: dict[str, tuple[int, ...]] = {}
        """Y, U and V of the picture that came last, in its middle, by the section of the offer."""
        self.complaints: list[str] = []
        """What GStreamer complained of."""
        self._arguments = [address] if address is not None else []
        self._process: asyncio.subprocess.Process | None = None
        self._answers: asyncio.Queue[str] = asyncio.Queue()
        self._reading: asyncio.Task[None] | None = None

    async def answer(self, sdp: str) -> str:
        """Take an offer and write the answer."""
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *(SYSTEM_PYTHON, "-I", str(PROGRAM), *self._arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            self._reading = asyncio.ensure_future(self._read(self._process))
        assert self._process.stdin is not None, "it is a pipe"
        self._process.stdin.write(json.dumps({"offer": sdp}).encode() + b"\n")
        async with asyncio.timeout(ANSWER_S):
            return await self._answers.get()

    async def close(self) -> None:
        """Be gone."""
        if self._process is None or self._reading is None:
            return
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None, "it is a pipe"
        async for line in process.stdout:
            message: dict[str, Any] = json.loads(line)
            if "answer" in message:
                self._answers.put_nowait(message["answer"])
            elif "error" in message:
                self.complaints.append(message["error"])
            else:
                self.frames = {"audio": message["audio"], "video": message["video"]}
                self.colours = {mid: tuple(seen) for mid, seen in message["colours"].items()}
