"""Relays on loopback: a network that a test can cut, mend and make lossy, for one person alone."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Container
from typing import Self

_CHUNK = 65_536


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


class UdpRelay:
    """Carries datagrams to a port of this machine, each client from a port of its own; can lose a share of them.

    Args:
        target_port: where they go.
        only_from: ports of clients that a firewall lets through; None: all.
    """

    def __init__(self, target_port: int, only_from: Container[int] | None = None) -> None:
        self._target = ("127.0.0.1", target_port)
        self._only_from = only_from
        self.refused = 0
        self._is_up = self._is_down = True
        self._share = 0.0
        self._dice = random.Random(0)
        self._near: asyncio.DatagramTransport | None = None
        self._far: dict[tuple[str, int], asyncio.DatagramTransport] = {}
        self.carried = 0
        self.lost = 0

    @property
    def port(self) -> int:
        assert self._near is not None, "the relay is used inside `async with`"
        return int(self._near.get_extra_info("sockname")[1])

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._near, _ = await loop.create_datagram_endpoint(
            lambda: _Near(self), local_addr=("127.0.0.1", 0)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._near is not None
        for transport in (self._near, *self._far.values()):
            transport.close()
        await asyncio.sleep(0)  # the transports close in the loop's next turn

    def cut(self, *, up: bool = True, down: bool = True) -> None:
        """Every datagram in these directions is lost; up is from the client to the port."""
        self._is_up = self._is_up and not up
        self._is_down = self._is_down and not down

    def mend(self) -> None:
        """They get through again."""
        self._is_up = self._is_down = True

    def loss(self, share: float, seed: int = 0) -> None:
        """Lose that share of the datagrams, the same ones for the same seed and order.

        Args:
            share: 0.0 to 1.0, in both directions.
            seed: of the dice.
        """
        self._share = share
        self._dice = random.Random(seed)

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

    def passes(self, *, up: bool) -> bool:
        """Whether the next datagram of a direction gets through."""
        passes = (self._is_up if up else self._is_down) and self._dice.random() >= self._share
        self.carried += passes
        self.lost += not passes
        return passes

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
        if not self._relay.admits(addr):
            return
        if self._relay.passes(up=True) and not self._relay.send(data, addr):
            opening = asyncio.ensure_future(self._relay.carry(data, addr))
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)


class _Far(asyncio.DatagramProtocol):
    def __init__(self, relay: UdpRelay, client: tuple[str, int]) -> None:
        self._relay = relay
        self._client = client

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._relay.passes(up=False):
            self._relay.answer(data, self._client)

    def error_received(self, exc: Exception) -> None:
        pass  # the worker's port is closed for a moment: a datagram is lost, as on any line
