"""Wakes the one who waits for something. No I/O, no clock."""

from __future__ import annotations

import asyncio


class Bell:
    """An `asyncio.Event` for one listener: a page has several, and an Event has room for many, 0.8 kB each."""

    __slots__ = ("_has_rung", "_listener")

    def __init__(self) -> None:
        self._has_rung = False
        self._listener: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """Wake whoever waits, or will; twice is once."""
        self._has_rung = True
        if self._listener is not None and not self._listener.done():
            self._listener.set_result(None)

    def mute(self) -> None:
        """The next `heard` waits for the next ring."""
        self._has_rung = False

    async def heard(self) -> None:
        """Wait until it rings, unless it has."""
        if self._has_rung:
            return
        assert self._listener is None, "there is one listener"
        self._listener = asyncio.get_running_loop().create_future()
        try:
            await self._listener
        finally:
            self._listener = None
