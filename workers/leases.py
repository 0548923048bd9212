"""Leases: which node runs which session, and who takes over from a dead one.

A lease is a hint; the fence decides (store invariant 1). Nodes compare no clocks: a node is dead when its heartbeat
did not change for a TTL of our own monotonic time, during which our own heartbeats were good (invariant 5). So
neither a node that was cut off nor one whose machine's clock stepped steals from the living.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from orchestrator.errors import Conflict, Fenced, NotFound, Unavailable
from orchestrator.policy.model import SessionId
from orchestrator.ports import Clock, Store, Stored

TTL = timedelta(seconds=2)
"""Measured: all rooms of a killed node are owned again within 2.4 s (state.md, Prototype figures)."""

BEATS_PER_TTL = 4
"""Two beats may be lost before anybody worries; state.md, Keys."""

GOOD_GAP = 0.75
"""A beat that comes later than this share of the TTL after the last one breaks our streak; as the prototype did."""

STREAK = 1.25
"""How many TTLs of good heartbeats of its own a node needs before it judges others; invariant 5."""

HORIZON = timedelta(hours=2)
"""Sessions of a dead node that are due within this are taken over at once; the others when they are needed; ours."""

ABSENCE = timedelta(seconds=5)
"""Between two heartbeats further apart nobody could get in; a page tries again for longer than that; ours."""

ABSENCES_KEPT = 100
"""The newest; a session that is judged has been looked after since its doors opened, minutes before."""

ASK_AGAIN_S = 0.2
"""How soon a store that was away is asked again when a judgement waits for it."""

GAPS_KEPT = 20_000
"""Gaps that are not told yet: twice what `Store.due` gives at once, so that none of a claim under way is forgotten."""

_CLAIM_ATTEMPTS = 5
_LOAD_AT_ONCE = 100

_log = structlog.get_logger(__name__)

Takeover = Callable[[SessionId, int, datetime | None], Awaitable[None]]
"""Session, our fence, and when the gap in its service began."""


@dataclass(slots=True)
class _Peer:
    """Another node, as we see it."""

    last_beat: datetime
    """By the store's time."""
    changed_at: float
    """When we last saw it beat, by our monotonic clock."""
    is_known_dead: bool = False
    """It was there before us, and we hold the lock of its data directory."""
    is_cleared: bool = False
    """It is dead and nothing of it is left to take over."""


class Leases:
    """The leases of one node."""

    def __init__(
        self,
        store: Store,
        node: str,
        clock: Clock,
        on_takeover: Takeover,
        *,
        on_return: Callable[[], None] = lambda: None,
        ttl: timedelta = TTL,
        sole: bool = False,
    ) -> None:
        """Prepare the leases; `start` and then `run` them.

        Args:
            store: the record.
            node: our id, new for each start of the process.
            clock: for `now` and the monotonic clock.
            on_takeover: told of each session that was taken from a dead node.
            on_return: told when an absence of the store, or of ours, is over.
            ttl: how long a silent node counts as alive.
            sole: every earlier node is known to be dead, because we hold the lock of the data directory.
        """
        self._store = store
        self._node = node
        self._clock = clock
        self._on_takeover = on_takeover
        self._on_return = on_return
        self._ttl = ttl
        self._ttl_s = ttl.total_seconds()
        self._is_sole = sole
        self._peers: dict[str, _Peer] = {}
        self._last_good: float | None = None
        self._heard_at: datetime | None = None
        """When the last heartbeat was sent that the store has answered."""
        self._absences: deque[tuple[datetime, datetime]] = deque(maxlen=ABSENCES_KEPT)
        """Between which heartbeats the store, or we, were away."""
        self._beats_by_itself = False
        self._is_failing = False
        self._failures = 0
        self._asking = asyncio.Lock()
        self._streak_began: float | None = None
        self._rest_began_at: datetime | None = None
        self._overdue_at_start: set[SessionId] = set()
        self._gaps: dict[SessionId, datetime] = {}
        """Of claims whose answer we have not seen, or that somebody else won."""

    @property
    def living(self) -> frozenset[str]:
        """The nodes that we believe to be alive, ourselves among them."""
        return frozenset({self._node} | {name for name in self._peers if not self._is_dead(name)})

    async def absence_at(self, moment: datetime) -> datetime | None:
        """See `orchestrator.ports.Leases`."""
        since, failures, was_failing = self._heard_at, self._failures, self._is_failing
        if self._has_heard_after(moment):
            return None
        async with self._asking:  # one question answers all who ask at once
            while not self._has_heard_after(moment):
                if not await self._try_to_beat():
                    await asyncio.sleep(ASK_AGAIN_S)
        return since if was_failing or self._failures > failures else None

    def absences_since(self, moment: datetime) -> Sequence[tuple[datetime, datetime]]:
        """See `orchestrator.ports.Leases`."""
        return [one for one in self._absences if one[1] > moment]

    def _has_heard_after(self, moment: datetime) -> bool:
        return self._heard_at is not None and self._heard_at >= moment

    async def start(self) -> None:
        """Beat once, and learn when the service stopped if nobody has run it since.

        Raises:
            Unavailable: the store does not answer.
        """
        now = await self._beat()
        if not self._peers:
            return
        newest = max(peer.last_beat for peer in self._peers.values())
        if self._is_sole:
            for peer in self._peers.values():
                peer.is_known_dead = True
        elif now - newest < self._ttl:
            return
        self._rest_began_at = newest
        self._overdue_at_start = {session for session, _ in await self._store.due(now)}

    async def run(self) -> None:
        """Beat and take over, until cancelled."""
        self._beats_by_itself = True
        while True:
            began = self._clock.monotonic()
            try:
                if await self._try_to_beat():
                    await self._take_over_dead()
            except Unavailable as error:
                self._note_failure(error)
            except Exception:
                # The worker loop's boundary: one session that cannot be taken over must not end the node.
                _log.exception("lease.failed", node=self._node)
            spent_s = self._clock.monotonic() - began
            await asyncio.sleep(max(0.01, self._ttl_s / BEATS_PER_TTL - spent_s))

    async def acquire(self, session: SessionId) -> tuple[int, datetime | None]:
        """Become the owner of a session, or find that we are.

        Returns:
            Our fence, and when the gap in the session's service began; None when there was no gap.

        Raises:
            NotFound: there is no such session.
            Fenced: a living node owns it, or one that we may not judge yet.
            Conflict: others were faster again and again.
            Unavailable: the store does not answer.
        """
        for _ in range(_CLAIM_ATTEMPTS):
            stored = await self._store.load(session)
            if stored is None:
                raise NotFound("session_unknown")
            if stored.owner == self._node:
                # Also after a claim whose answer was lost; its gap is still to be told.
                return stored.fence, self._gaps.pop(session, None)
            if stored.owner is not None and stored.owner not in self._peers:
                # It may have begun since our last heartbeat; a node beats before it claims.
                await self._beat()
            if stored.owner is not None and not self._is_dead(stored.owner):
                raise Fenced(f"node {stored.owner} runs this session")
            fence = await self._claim(stored)
            if fence is not None:
                return fence, self._gaps.pop(session, None)
        raise Conflict("the session changes hands too often")

    async def _claim(self, stored: Stored) -> int | None:
        session = stored.session.id
        self._note_gap(session, self._gap_of(stored))
        fence = await self._store.claim(session, self._node, stored.owner, stored.fence)
        if fence is None:
            # The gap stays: perhaps another task of this node was faster, and has not told it yet.
            return None
        self._overdue_at_start.discard(session)
        return fence

    def _note_gap(self, session: SessionId, began_at: datetime | None) -> None:
        self._gaps.pop(session, None)
        if began_at is not None:
            self._gaps[session] = began_at
        if len(self._gaps) > GAPS_KEPT:
            # Another node has claimed it long ago, else it would have been told.
            del self._gaps[next(iter(self._gaps))]

    def _gap_of(self, stored: Stored) -> datetime | None:
        """When the service of a session stopped, if it did."""
        if stored.owner is not None:
            peer = self._peers.get(stored.owner)
            # A node that was forgotten long ago: the session itself knows when it was last looked after.
            return peer.last_beat if peer is not None else stored.session.clock
        if stored.session.id in self._overdue_at_start:
            return self._rest_began_at
        return None

    # ---- heartbeats ----

    async def _try_to_beat(self) -> bool:
        """Beat, unless the store does not answer soon."""
        try:
            async with asyncio.timeout(self._ttl_s / 2):
                await self._beat()
        except (Unavailable, TimeoutError) as error:
            self._note_failure(error)
            return False
        return True

    def _note_failure(self, error: Exception) -> None:
        self._is_failing = True
        self._failures += 1
        _log.warning("lease.heartbeat_failed", node=self._node, error=type(error).__name__)

    async def _beat(self) -> datetime:
        """Renew our heartbeat and look at the others'.

        Returns:
            The store's time.
        """
        began, sent_at = self._clock.monotonic(), self._clock.now()
        beats = await self._store.beat(self._node, round(self._ttl_s * 1000))
        now = self._clock.monotonic()
        if self._last_good is None or now - self._last_good > GOOD_GAP * self._ttl_s:
            # We, or the store, were away: whoever only seemed silent has until the end of our new streak to beat.
            self._streak_began = began
        self._last_good = now
        self._note_absence(self._heard_at, self._clock.now())
        self._heard_at = max(sent_at, self._heard_at or sent_at)
        self._is_failing = False
        for name, last_beat in beats.items():
            known = self._peers.get(name)
            if name != self._node and (known is None or known.last_beat != last_beat):
                self._peers[name] = _Peer(last_beat, now)
        return beats[self._node]

    def _note_absence(self, began_at: datetime | None, ended_at: datetime) -> None:
        if began_at is not None and self._beats_by_itself and ended_at - began_at > ABSENCE:
            self._absences.append((began_at, ended_at))
            _log.warning("store.was_away", node=self._node, since=began_at.isoformat())
            self._on_return()

    def _is_dead(self, node: str) -> bool:
        peer = self._peers.get(node)
        if self._is_sole and (peer is None or peer.is_known_dead):
            return True
        now = self._clock.monotonic()
        if self._last_good is None or now - self._last_good > GOOD_GAP * self._ttl_s:
            return False
        if self._streak_began is None or now - self._streak_began < STREAK * self._ttl_s:
            return False
        return peer is None or now - peer.changed_at >= self._ttl_s

    # ---- takeover ----

    async def _take_over_dead(self) -> None:
        dead = {
            name: peer
            for name, peer in self._peers.items()
            if not peer.is_cleared and self._is_dead(name)
        }
        if not dead:
            return
        due = await self._store.due(self._clock.now() + HORIZON)
        sessions = [session for session, _ in due]
        left = 0
        for begin in range(0, len(sessions), _LOAD_AT_ONCE):
            for stored in await self._store.load_many(sessions[begin : begin + _LOAD_AT_ONCE]):
                if stored.owner in dead and not await self._take_over(stored):
                    left += 1
        if not left:
            for name, peer in dead.items():
                peer.is_cleared = True
                _log.info("node.cleared", node=self._node, dead=name)

    async def _take_over(self, stored: Stored) -> bool:
        """Take one session if it falls to us; False when somebody else should have it first."""
        session = stored.session.id
        heirs = self.living
        if max(heirs, key=lambda name: (_weight(name, session), name)) != self._node:
            # Its heir takes it with its next heartbeat; if that one dies too, it leaves `living`.
            return False
        fence = await self._claim(stored)
        if fence is not None:
            gap_began_at = self._gaps.pop(session, None)
            _log.info("lease.taken_over", node=self._node, session=session, dead=stored.owner)
            await self._on_takeover(session, fence, gap_began_at)
        return True


def _weight(node: str, session: SessionId) -> int:
    """Rendezvous hashing: all nodes agree on the heir, and the rooms of a dead node spread evenly."""
    return zlib.crc32(f"{node}/{session}".encode())
