"""What a supporter has beside a session: the one after it, and whether another one is still going on.

For the pages of one node: to the supporter who waits next, to the others of a session why nobody is at the counter yet
(one who is still in the previous session is shown so to the seeker who waits). Read from the store, so it is
so whichever node runs the other session; a hint of a change leads to a new look, and so does the time now and then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Protocol

import structlog

from orchestrator.errors import Unavailable
from orchestrator.policy.model import PersonId, Session, SessionId
from orchestrator.ports import Change, Clock, Store
from signaling.limits import Limits

_log = structlog.get_logger(__name__)

_AHEAD = timedelta(hours=12)
"""How far a supporter looks ahead: the working day."""


class Neighbour(Protocol):
    """A page of a session, as far as the supporter's other sessions concern it."""

    def surround(self, sessions: Sequence[Session]) -> None:
        """The supporter's sessions that are not over, from now on, by their start; this page's own among them."""


class Around:
    """Looks at the other sessions of the supporters whose sessions have pages on this node.

    Args:
        store: read only.
        clock: now.
        limits: how often.
    """

    def __init__(self, store: Store, clock: Clock, limits: Limits) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits
        self._pages: dict[PersonId, set[Neighbour]] = {}
        self._of: dict[Neighbour, PersonId] = {}
        self._whose: dict[SessionId, PersonId] = {}
        self._stale: set[PersonId] = set()
        self._has_stale = asyncio.Event()

    def add(self, page: Neighbour, supporter: PersonId) -> None:
        """Keep a page up to date about this supporter; one that was of another supporter is of this one now."""
        if self._of.get(page) != supporter:
            self.remove(page)
            self._of[page] = supporter
            self._pages.setdefault(supporter, set()).add(page)
        self._look_soon({supporter})

    def remove(self, page: Neighbour) -> None:
        """A page is gone; twice is once."""
        supporter = self._of.pop(page, None)
        if supporter is None:
            return
        self._pages[supporter].discard(page)
        if not self._pages[supporter]:
            del self._pages[supporter]
            self._stale.discard(supporter)
            self._whose = {id_: who for id_, who in self._whose.items() if who != supporter}

    def heard(self, change: Change) -> None:
        """Some session has changed somewhere."""
        supporter = self._whose.get(change.session)
        if supporter is not None:
            self._look_soon({supporter})

    def _look_soon(self, supporters: Iterable[PersonId]) -> None:
        self._stale.update(supporters)
        self._has_stale.set()

    async def run(self) -> None:
        """Look again at what changed, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_again())
            group.create_task(self._look_at_all())

    async def _look_again(self) -> None:
        while True:
            await self._has_stale.wait()
            await asyncio.sleep(self._limits.around_s)
            self._has_stale.clear()
            stale, self._stale = self._stale, set()
            for supporter in stale:
                try:
                    await self._look(supporter)
                except Unavailable:
                    self._look_soon({supporter})
                except (
                    Exception
                ):  # the worker's boundary: what cannot be shown must not end the others' pages
                    _log.exception("around.failed")

    async def _look_at_all(self) -> None:
        """What was booked meanwhile is in no hint that we listen to."""
        while True:
            await asyncio.sleep(self._limits.board_reconcile_s)
            self._look_soon(self._pages)

    async def _look(self, supporter: PersonId) -> None:
        now = self._clock.now()
        ids = await self._store.sessions_of(supporter, now, now + _AHEAD)
        sessions = [stored.session for stored in await self._store.load_many(ids)]
        pages = self._pages.get(supporter)
        if pages is None:
            return
        if len(sessions) > 1:  # who has only this one has nothing beside it that could change
            self._whose |= {session.id: supporter for session in sessions}
        for page in list(pages):
            page.surround(sessions)
