"""What waits to be sent on one connection: bounded, with states that replace each other. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable

from signaling.bell import Bell
from signaling.protocol.down import Down

Make = Callable[[], Down]


class Outbox:
    """Messages down in their order; of a state only the newest matters.

    It stays shut until `open`, so that nothing can overtake the welcome.

    Args:
        limit: plain messages that may wait. States are not counted: there is one a key.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._plain = 0
        self._is_open = False
        self._is_closed = False
        # A list: mostly nothing waits, and an empty deque has room for 64.
        self._waiting: list[Down | str] = []
        self._latest: dict[str, Make] = {}
        self._stirred = Bell()

    def put(self, message: Down) -> bool:
        """Queue a message; False when the reader is too slow and it was not queued."""
        if self._is_closed:
            return True
        if self._plain >= self._limit:
            return False
        self._plain += 1
        self._waiting.append(message)
        self._stirred.ring()
        return True

    def put_latest(self, key: str, make: Make) -> None:
        """Queue a state under a key, in the place of an older one that still waits.

        Args:
            key: what the state is of.
            make: builds the message when it is sent, so that skipped states cost nothing.
        """
        if self._is_closed:
            return
        if key not in self._latest:
            self._waiting.append(key)
        self._latest[key] = make
        self._stirred.ring()

    def open(self, first: Down) -> None:
        """Send `first` before all that waits, and let the rest follow."""
        self._waiting.insert(0, first)
        self._plain += 1
        self._is_open = True
        self._stirred.ring()

    def close(self, last: Down | None = None) -> None:
        """Take nothing more; what waits, and `last`, is still handed out if the welcome was."""
        if self._is_closed:
            return
        if not self._is_open:
            self._waiting.clear()
            self._plain = 0
        if last is not None:
            self._plain += 1
            self._waiting.append(last)
        self._is_open = self._is_closed = True
        self._stirred.ring()

    async def take(self) -> Down | None:
        """The next message to send, waiting for it; None when the outbox is closed and empty."""
        while not (self._is_open and (self._waiting or self._is_closed)):
            self._stirred.mute()
            await self._stirred.heard()
        if not self._waiting:
            return None
        entry = self._waiting.pop(0)
        if isinstance(entry, str):
            return self._latest.pop(entry)()
        self._plain -= 1
        return entry
