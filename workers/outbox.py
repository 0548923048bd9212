"""The relay: does the effects that must leave the node, at least once each (store invariant 3).

An effect that fails stays in the outbox and is tried again, here or by another node. Receivers tell repetitions by
the key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from orchestrator.errors import Unavailable
from orchestrator.ports import Clock, Delivery, Handler, Store

AT_ONCE = 32
"""Deliveries in hand at once: one slow receiver delays nobody; ours."""

WAIT_MS = 1_000
"""How long one request for new entries waits; ours."""

HOLD_S = 1.0
"""How often the store hears what is in hand here; well within the time after which another node takes it over; ours."""

HANDLER_TIMEOUT = timedelta(seconds=30)
"""After this a delivery counts as failed; ours."""

_FIRST_DELAY_S = 1.0
_LAST_DELAY_S = 300.0
"""Back-off of a failing delivery: a receiver that is down for a night is asked every five minutes; ours."""

_FAILURES_KEPT = 10_000
"""Deliveries whose back-off is remembered; ours."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Failure:
    """A delivery that did not succeed."""

    retry_at: float
    """Not before this, by the monotonic clock."""
    delay_s: float


class OutboxRelay:
    """Takes deliveries for one node and hands each to the handler of its topic."""

    def __init__(
        self, store: Store, node: str, handlers: Mapping[str, Handler], clock: Clock
    ) -> None:
        """Prepare the relay.

        Args:
            store: the record.
            node: our id.
            handlers: topic -> what does the effect; it must bear being done twice.
            clock: for the back-off.
        """
        self._store = store
        self._node = node
        self._handlers = handlers
        self._clock = clock
        self._in_hand: set[str] = set()
        self._free = asyncio.Event()
        self._free.set()
        self._failed: dict[str, _Failure] = {}

    async def run(self) -> None:
        """Relay until cancelled; deliveries in hand are then left to whoever takes them next."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hold())
            while True:
                await self._free.wait()
                try:
                    taken = await self._store.take(
                        self._node, AT_ONCE - len(self._in_hand), WAIT_MS
                    )
                except Unavailable:
                    await asyncio.sleep(_FIRST_DELAY_S)
                    continue
                for delivery in taken:
                    if self._is_ready(delivery):
                        self._in_hand.add(delivery.id)
                        tasks.create_task(self._relay(delivery))
                if len(self._in_hand) >= AT_ONCE:
                    self._free.clear()

    async def _hold(self) -> None:
        """Keep what takes long, as a slow mail server does, from being done by another node as well."""
        while True:
            await asyncio.sleep(HOLD_S)
            if self._in_hand:
                with suppress(Unavailable):
                    await self._store.hold(self._node, self._in_hand)

    def _is_ready(self, delivery: Delivery) -> bool:
        if delivery.id in self._in_hand:
            return False
        failure = self._failed.get(delivery.id)
        return failure is None or self._clock.monotonic() >= failure.retry_at

    async def _relay(self, delivery: Delivery) -> None:
        try:
            handler = self._handlers.get(delivery.topic)
            if handler is None:
                _log.error("outbox.topic_unknown", topic=delivery.topic, key=delivery.key)
            else:
                async with asyncio.timeout(HANDLER_TIMEOUT.total_seconds()):
                    await handler(delivery)
            await self._store.acknowledge(delivery)
            self._failed.pop(delivery.id, None)
        except Exception as error:
            # The worker loop's boundary: whatever a handler raises, the entry stays and the relay goes on.
            self._note_failure(delivery, error)
        finally:
            self._in_hand.discard(delivery.id)
            self._free.set()

    def _note_failure(self, delivery: Delivery, error: Exception) -> None:
        failure = self._failed.get(delivery.id)
        delay_s = _FIRST_DELAY_S if failure is None else min(failure.delay_s * 2, _LAST_DELAY_S)
        self._failed.pop(delivery.id, None)
        self._failed[delivery.id] = _Failure(self._clock.monotonic() + delay_s, delay_s)
        while len(self._failed) > _FAILURES_KEPT:
            # Forgetting the oldest only means that it is tried again sooner.
            del self._failed[next(iter(self._failed))]
        _log.warning(
            "outbox.delivery_failed",
            topic=delivery.topic,
            key=delivery.key,
            error=type(error).__name__,
            retry_in_s=delay_s,
        )
