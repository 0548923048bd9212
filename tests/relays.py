"""Relays on loopback: a network that a test can cut, mend and make lossy, for one person alone."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import Self

_CHUNK = 65_536
_HEADERS = 28
"""Bytes of an IPv4 and a UDP header: a bottleneck carries them too."""


class TcpRelay:
    """Carries TCP to a port of this machine.

    Cut means what a dead line means: nothing arrives, nothing is refused, and what was on its way comes after `mend`.
    Up is from the client to the port. A line that is cut one way only carries what is under way the other way, but no
    new connection, which needs both.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._up, self._down = asyncio.Event(), asyncio.Event()
        self.mend()
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()

    @property
    def port(self) -> int:
        assert self._server is not None, "the relay is used inside `async with`"
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.mend()
        self.hang_up()
        await self._server.wait_closed()

    def cut(self, *, up: bool = True, down: bool = True) -> None:
        """Nothing gets through any more, in these directions."""
        for is_cut, way in ((up, self._up), (down, self._down)):
            if is_cut:
                way.clear()

    def mend(self) -> None:
        """Everything gets through again."""
        self._up.set()
        self._down.set()

    def hang_up(self) -> None:
        """Reset every connection that is open, as a router does that has forgotten them."""
        for line in list(self._lines):
            line.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        try:
            await self._up.wait()
            await self._down.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
            self._lines.add(far_writer)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pump(reader, far_writer, self._up))
                    both.create_task(self._pump(far_reader, writer, self._down))
            finally:
                self._lines.discard(far_writer)
                far_writer.transport.abort()
        except* OSError:
            pass  # one side is gone, and so is the other
        finally:
            self._lines.discard(writer)
            writer.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: asyncio.Event
    ) -> None:
        while data := await reader.read(_CHUNK):
            await way.wait()
            writer.write(data)
            await writer.drain()
        await way.wait()
        if writer.can_write_eof():
            writer.write_eof()


@dataclass(slots=True)
class Way:
    """One direction of a datagram line: what gets through, and when. PURE.

    A bottleneck sends one datagram after the other and holds `queue_s` of them; what does not fit in is dropped.
    """

    is_open: bool = True
    share: float = 0.0
    delay_s: float = 0.0
    bits_per_s: float | None = None
    queue_s: float = 0.3
    carried: int = 0
    lost: int = 0
    """By the dice, or because the way was cut."""
    overflowed: int = 0
    dice: random.Random = field(default_factory=lambda: random.Random(0))
    _free_at: float = 0.0

    def takes(self, size: int, now: float) -> float | None:
        """Take the next datagram.

        Args:
            size: bytes of it; its headers are reckoned to it.
            now: monotonic seconds.

        Returns:
            When it comes out at the other end; None: never.
        """
        if not self.is_open or self.dice.random() < self.share:
            self.lost += 1
            return None
        sent_at = now
        if self.bits_per_s is not None:
            began_at = max(now, self._free_at)
            if began_at - now > self.queue_s:
                self.overflowed += 1
                return None
            sent_at = self._free_at = began_at + 8 * (size + _HEADERS) / self.bits_per_s
        self.carried += 1
        return sent_at + self.delay_s


class UdpRelay:
    """Carries datagrams to a port of this machine, each client from a port of its own; can make the line a bad one.

    Args:
        target_port: where they go.
        only_from: ports of clients that a firewall lets through; None: all.
        host: address of this machine, of the relay and of the port.
    """

    def __init__(
        self,
        target_port: int,
        only_from: Container[int] | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self._target = (host, target_port)
        self._only_from = only_from
        self.refused = 0
        self.up, self.down = Way(), Way()
        self._near: asyncio.DatagramTransport | None = None
        self._far: dict[tuple[str, int], asyncio.DatagramTransport] = {}

    @property
    def port(self) -> int:
        assert self._near is not None, "the relay is used inside `async with`"
        return int(self._near.get_extra_info("sockname")[1])

    @property
    def carried(self) -> int:
        """Datagrams of both directions that got through."""
        return self.up.carried + self.down.carried

    @property
    def lost(self) -> int:
        """Those that did not."""
        return sum(way.lost + way.overflowed for way in (self.up, self.down))

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._near, _ = await loop.create_datagram_endpoint(
            lambda: _Near(self), local_addr=(self._target[0], 0)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._near is not None
        for transport in (self._near, *self._far.values()):
            transport.close()
        await asyncio.sleep(0)  # the transports close in the loop's next turn

    def cut(self, *, up: bool = True, down: bool = True) -> None:
        """Every datagram in these directions is lost; up is from the client to the port."""
        self.up.is_open = self.up.is_open and not up
        self.down.is_open = self.down.is_open and not down

    def mend(self) -> None:
        """They get through again."""
        self.up.is_open = self.down.is_open = True

    def loss(self, share: float, seed: int = 0) -> None:
        """Lose that share of the datagrams, the same ones of each direction for the same seed.

        Args:
            share: 0.0 to 1.0, in both directions.
            seed: of the dice.
        """
        for way, own in ((self.up, seed), (self.down, seed + 1)):
            way.share, way.dice = share, random.Random(own)

    def shape(
        self, *, delay_s: float = 0.0, bits_per_s: float | None = None, queue_s: float = 0.3
    ) -> None:
        """Carry no more than so many bits a second each way, each datagram so much later; None: at once."""
        for way in (self.up, self.down):
            way.delay_s, way.bits_per_s, way.queue_s = delay_s, bits_per_s, queue_s

    def forget(self) -> None:
        """Go on from other ports, as a router does that has forgotten its mappings."""
        for far in self._far.values():
            far.close()
        self._far.clear()

    def admits(self, client: tuple[str, int]) -> bool:
        """Whether the firewall knows this client."""
        is_known = self._only_from is None or client[1] in self._only_from
        self.refused += not is_known
        return is_known

    def pass_on(self, way: Way, data: bytes, carry: Callable[[bytes], None]) -> None:
        """Let the way do with a datagram what it does."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        at = way.takes(len(data), now)
        if at is None:
            return
        if at <= now:
            carry(data)
        else:
            loop.call_at(at, carry, data)

    async def carry(self, data: bytes, client: tuple[str, int]) -> None:
        """Pass a client's first datagram on, from a new port."""
        loop = asyncio.get_running_loop()
        far, _ = await loop.create_datagram_endpoint(
            lambda: _Far(self, client), remote_addr=self._target
        )
        if (known := self._far.get(client)) is not None:
            far.close()
            far = known
        self._far[client] = far
        far.sendto(data)

    def send(self, data: bytes, client: tuple[str, int]) -> bool:
        """Pass a known client's datagram on; False for an unknown one."""
        far = self._far.get(client)
        if far is not None:
            far.sendto(data)
        return far is not None

    def answer(self, data: bytes, client: tuple[str, int]) -> None:
        """Pass an answer back to the client."""
        if self._near is not None and not self._near.is_closing():
            self._near.sendto(data, client)


class _Near(asyncio.DatagramProtocol):
    def __init__(self, relay: UdpRelay) -> None:
        self._relay = relay
        self._opening: set[asyncio.Future[None]] = set()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._relay.admits(addr):
            self._relay.pass_on(self._relay.up, data, lambda late: self._send(late, addr))

    def _send(self, data: bytes, addr: tuple[str, int]) -> None:
        if not self._relay.send(data, addr):
            opening = asyncio.ensure_future(self._relay.carry(data, addr))
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)


class _Far(asyncio.DatagramProtocol):
    def __init__(self, relay: UdpRelay, client: tuple[str, int]) -> None:
        self._relay = relay
        self._client = client

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        relay = self._relay
        relay.pass_on(relay.down, data, lambda late: relay.answer(late, self._client))

    def error_received(self, exc: Exception) -> None:
        pass  # the worker's port is closed for a moment: a datagram is lost, as on any line
