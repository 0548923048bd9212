"""The network of the tests does to datagrams what a test says, and counts it."""

import asyncio

import pytest

from tests.relays import UdpRelay, Way


def test_a_way_loses_the_same_datagrams_for_the_same_seed():
    def losses(seed):
        relay = UdpRelay(1)
        relay.loss(0.08, seed)
        return [relay.up.takes(100, 0.0) is None for _ in range(1000)], relay.up

    (first, way), (second, _) = losses(7), losses(7)
    assert first == second
    assert (way.lost, way.carried) == (sum(first), 1000 - sum(first))
    assert 50 < way.lost < 110
    assert losses(8)[0] != first


def test_a_bottleneck_sends_one_after_the_other_and_drops_what_its_queue_cannot_hold():
    # A datagram of 72 bytes and 28 of headers takes 0.1 s.
    way = Way(delay_s=0.05, bits_per_s=8_000, queue_s=0.35)
    came = [way.takes(72, 0.0) for _ in range(6)]
    assert came[:4] == pytest.approx([0.15, 0.25, 0.35, 0.45])
    assert came[4:] == [None, None]
    assert (way.carried, way.overflowed, way.lost) == (4, 2, 0)
    assert way.takes(72, 10.0) == pytest.approx(10.15), "an idle line sends at once"


async def test_a_delayed_datagram_arrives_and_comes_back_in_order():
    loop = asyncio.get_running_loop()
    came = asyncio.Queue()

    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, addr):
            self.transport.sendto(data, addr)

    class Client(asyncio.DatagramProtocol):
        def datagram_received(self, data, addr):
            came.put_nowait((data, loop.time()))

    echo, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    async with UdpRelay(echo.get_extra_info("sockname")[1]) as relay:
        relay.shape(delay_s=0.02)
        near = ("127.0.0.1", relay.port)
        client, _ = await loop.create_datagram_endpoint(Client, remote_addr=near)
        began = loop.time()
        for number in range(5):
            client.sendto(bytes([number]))
        async with asyncio.timeout(5):
            heard = [await came.get() for _ in range(5)]
        client.close()
    echo.close()
    assert [data for data, _ in heard] == [bytes([number]) for number in range(5)]
    assert heard[0][1] - began >= 0.04
    assert (relay.up.carried, relay.down.carried) == (5, 5)
