"""`madoguchi serve`: one node. The only place that wires real adapters to the ports."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from orchestrator.addresses import read_smtp_url
from orchestrator.bookings import Bookings
from orchestrator.clock import StoreClock, SystemClock
from orchestrator.commands.listening import base_url, bound, reachable
from orchestrator.credentials import new_id
from orchestrator.entering import CHOSEN
from orchestrator.errors import Misconfigured, Unavailable
from orchestrator.host import Host
from orchestrator.maintenance import Maintenance
from orchestrator.messages.occasions import Topic
from orchestrator.messages.sending import Messages
from orchestrator.policy.model import SessionId
from orchestrator.policy.programme import Programme
from orchestrator.ports import DECIDED, Clock, Delivery, Handler, Notifier
from orchestrator.settings import Settings
from orchestrator.standing import Standings
from orchestrator.store import embedded
from orchestrator.store.valkey import ValkeyStore
from signaling.app import AppSettings, make_app
from signaling.audience import Audience
from signaling.turn import Turn
from workers.alarm import ApsAlarm
from workers.leases import Leases
from workers.mailer import Mailer
from workers.media_link import MediaLink, MediaSettings
from workers.outbox import OutboxRelay
from workers.sweeper import Sweeper

log = structlog.get_logger()

MEDIA_TTL_S = 2.0
"""A stopped node forwards no longer than this, however patient the operator is with other nodes; architecture.md."""

FLUSH_S = 3.0
"""How long a node that stops waits for a store that is away; what was not acknowledged was promised to nobody."""

CORRECT_EVERY_S = 60.0
"""How often our clock is compared with the store's; drift is milliseconds a minute."""


@dataclass(frozen=True, slots=True)
class Node:
    """A running node, as commands see it."""

    id: str
    base_url: str
    """What links begin with, without a slash at the end."""
    store: ValkeyStore
    clock: StoreClock
    bookings: Bookings


def machine_time() -> datetime:
    """The machine's wall clock, for certificates."""
    return SystemClock().now()


async def serve(settings: Settings, programmes: dict[str, Programme]) -> None:
    """Run a node until SIGTERM or SIGINT."""

    async def say(node: Node) -> None:
        log.info("node.started", node=node.id, address=node.base_url)

    await run_node(settings, programmes, on_ready=say)


async def run_node(
    settings: Settings,
    programmes: dict[str, Programme],
    on_ready: Callable[[Node], Awaitable[None]],
) -> None:
    """Run a node until SIGTERM or SIGINT, then drain it: nobody new, people told, store flushed.

    Args:
        settings: of the operator.
        programmes: by name.
        on_ready: called once everything listens.

    Raises:
        Misconfigured: a port is taken, a store is set otherwise than we need, a folder cannot be written.
        Unavailable: the store does not answer.
    """
    # A full collection would look at all that was imported, while every room waits; of the rest it is quicker.
    gc.collect()
    gc.freeze()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    with bound(settings) as listener:
        await _run_on_store(settings, programmes, listener, on_ready, stopped)


async def _run_on_store(
    settings: Settings,
    programmes: dict[str, Programme],
    listener: socket.socket,
    on_ready: Callable[[Node], Awaitable[None]],
    stopped: asyncio.Event,
) -> None:
    async with _store(settings) as (store, is_sole):
        for weakness in await store.check(settings.accept_durability):
            log.warning("store.weak", weakness=weakness)
        await _run(settings, programmes, store, is_sole, listener, on_ready, stopped)


def lock(data_dir: Path) -> embedded.NodeLock | None:
    """The lock of a data folder; None when a node runs on it.

    Raises:
        Misconfigured: the folder cannot be used.
    """
    try:
        return embedded.NodeLock.acquire(data_dir)
    except OSError as wrong:
        raise Misconfigured(
            [f"the data folder {data_dir} cannot be used: {wrong.strerror}"]
        ) from None


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[tuple[ValkeyStore, bool]]:
    """The store, and whether no other node can be alive on it."""
    async with AsyncExitStack() as stack:
        if settings.is_store_embedded:
            taken = lock(settings.data_dir)
            if taken is None:
                raise Misconfigured(
                    [
                        f"another server runs on the data folder {settings.data_dir}; use another --data"
                    ]
                )
            stack.callback(taken.release)
            url = await embedded.ensure(settings.data_dir)
            stack.push_async_callback(embedded.stop, settings.data_dir)
        else:
            url = settings.redis_url.reveal()
        store = await stack.enter_async_context(ValkeyStore(url))
        yield store, settings.is_store_embedded


async def _run(
    settings: Settings,
    programmes: dict[str, Programme],
    store: ValkeyStore,
    is_sole: bool,
    listener: socket.socket,
    on_ready: Callable[[Node], Awaitable[None]],
    stopped: asyncio.Event,
) -> None:
    system = SystemClock()
    clock = await StoreClock.start(
        store, system, lambda step: log.error("clock.stepped", step_s=step.total_seconds())
    )
    node_id = new_id("n")
    structlog.contextvars.bind_contextvars(node=node_id)
    ttl = timedelta(seconds=settings.node_ttl_s)

    async def take_over(session: SessionId, fence: int, gap_began_at: datetime | None) -> None:
        host.adopt(session, fence, gap_began_at or clock.now())

    audience = Audience()
    leases = Leases(
        store,
        node_id,
        clock,
        take_over,
        on_return=lambda: host.look_again(),  # noqa: PLW0108 - host comes later
        ttl=ttl,
        sole=is_sole,
    )
    alarm = ApsAlarm(
        lambda sessions: host.wake(sessions),  # noqa: PLW0108 - host comes later
        clock,
        system,
        cut=lambda sessions: host.cut(sessions),  # noqa: PLW0108 - host comes later
    )
    media = MediaLink(
        MediaSettings(
            host=settings.media_host,
            port=settings.media_port,
            announced=settings.public_addresses,
            workers=settings.media_workers,
            ttl_s=min(settings.node_ttl_s, MEDIA_TTL_S),
            log_format=settings.log_format,
            log_level=settings.log_level,
        ),
        clock,
        lambda event: host.on_media(event),  # noqa: PLW0108 - host comes later
    )
    host = Host(
        node=node_id,
        store=store,
        clock=clock,
        leases=leases,
        alarm=alarm,
        media=media,
        audience=audience,
    )
    bookings = Bookings(store=store, clock=clock, host=host, programmes=programmes)
    messages = Messages(
        store=store,
        sessions=host,
        clock=clock,
        programmes=programmes,
        notifier=notifier_of(settings, clock),
        base_url=base_url(settings, listener.getsockname()[1]),
    )
    standings = Standings(store=store, clock=clock, bookings=bookings, programmes=programmes)
    maintenance = Maintenance(store=store, clock=clock, host=host, bookings=bookings)
    relay = OutboxRelay(store, node_id, handlers(bookings, messages, standings), clock)
    sweeper = Sweeper(store, clock, host.wake)
    app = make_app(
        host,
        bookings,
        store,
        clock,
        audience,
        programmes,
        AppSettings(
            public_url=settings.public_url,
            time_zone=settings.time_zone,
            telephone=settings.telephone,
            sends_mail=settings.mail_from is not None,
            has_media=lambda: media.is_alive,
            turn=Turn(settings.turn_urls, settings.turn_secret),
        ),
    )

    await leases.start()
    async with asyncio.TaskGroup() as tasks:
        background = [tasks.create_task(media.run())]
        try:
            await media.started()
            async with host.running():
                alarm.start()
                background += [
                    tasks.create_task(leases.run()),
                    tasks.create_task(relay.run()),
                    tasks.create_task(sweeper.run()),
                    tasks.create_task(maintenance.run()),
                    tasks.create_task(_keep_time(clock, store, alarm, system)),
                ]
                if settings.is_store_embedded:
                    background.append(tasks.create_task(embedded.keep(settings.data_dir)))
                async with reachable(app, settings, listener) as url:
                    await on_ready(Node(node_id, url, store, clock, bookings))
                    await stopped.wait()
                    log.info("node.draining")
                    # While sockets are still read: aiohttp stops listening to them when it shuts down.
                    audience.drain()
                alarm.stop()
            try:
                async with asyncio.timeout(FLUSH_S):
                    await store.flush()
            except TimeoutError:
                log.warning("store.unflushed", waited_s=FLUSH_S)
            log.info("node.stopped")
        finally:
            for task in background:
                task.cancel()


def notifier_of(settings: Settings, clock: Clock) -> Notifier | None:
    """What takes messages to people; None: this node sends none."""
    if settings.mail_from is None:
        log.info("mail.left_out", needs=["MADOGUCHI_SMTP_URL", "MADOGUCHI_MAIL_FROM"])
        return None
    if settings.public_url is None:
        log.warning("mail.misleading", needs=["MADOGUCHI_PUBLIC_URL"])
    server = read_smtp_url(settings.smtp_url.reveal())
    return Mailer(server, settings.mail_from, clock)


def handlers(bookings: Bookings, messages: Messages, standings: Standings) -> dict[str, Handler]:
    """Who does the effects that leave the node: topic -> handler."""

    async def offer_dates(delivery: Delivery) -> None:
        # The message lists the proposals.
        await bookings.rescheduling.propose_delivery(delivery)
        await messages.deliver(delivery)

    return {
        **{topic.value: messages.deliver for topic in Topic},
        Topic.RESCHEDULE_OPENED.value: offer_dates,
        "standing.changed": standings.changed,
        DECIDED: standings.decided,
        "next.opened": bookings.rescheduling.propose_delivery,
        CHOSEN: bookings.rescheduling.chosen,
        "chosen.cancelled": bookings.rescheduling.chosen,
    }


async def _keep_time(
    clock: StoreClock, store: ValkeyStore, alarm: ApsAlarm, system: SystemClock
) -> None:
    """Notice steps of the machine's clock, and follow the store's slowly."""
    corrected_at = clock.monotonic()
    while True:
        await asyncio.sleep(1.0)
        if clock.check(system.now()):
            alarm.realign()
        if clock.monotonic() - corrected_at >= CORRECT_EVERY_S:
            corrected_at = clock.monotonic()
            try:
                await clock.correct(store)
            except Unavailable as away:
                log.warning("clock.uncorrected", error=str(away))
            alarm.realign()
