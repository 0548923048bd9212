"""Captures of a real call: two clients with real ICE, DTLS and SRTP through a worker, and what they have sent."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress

from tests.clients.media_client import OPUS, RTX, VP8, MediaClient
from tests.fuzz.inputs import Captures
from workers.media import wire
from workers.media.process import serve
from workers.media.rtp import nack, pli

SEATS = ("seeker", "supporter")
KEY_FRAME = b"\x10\x00\x00\x9d\x01\x2a\x80\x02\xe0\x01"


class _Recorded(MediaClient):
    """A client that keeps what it sends."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.rtp_sent: list[bytes] = []
        self.rtcp_sent: list[bytes] = []
        super().__init__()

    def _send(self, data: bytes) -> None:
        self.sent.append(data)
        super()._send(data)

    def protect(self, packet: bytes) -> bytes:
        self.rtp_sent.append(packet)
        return super().protect(packet)

    def send_rtcp(self, packet: bytes) -> None:
        self.rtcp_sent.append(packet)
        super().send_rtcp(packet)


async def record() -> Captures:
    """Play a call with sound, pictures, repetitions, reports, a changed port and an ICE restart."""
    ours, theirs = socket.socketpair()
    worker = asyncio.ensure_future(serve(theirs))
    reader, writer = await asyncio.open_connection(sock=ours, limit=wire.MAX_LINE_BYTES)
    lines: list[bytes] = []
    answers: list[str] = []

    def say(command: wire.Command) -> None:
        lines.append(wire.encode(command))
        writer.write(lines[-1])

    async def offered() -> str:
        while True:
            lines.append(await reader.readline())
            report = wire.parse_report(lines[-1].rstrip())
            if isinstance(report, wire.Offered):
                return report.sdp

    async def answer(seat: str, client: MediaClient) -> None:
        answers.append(client.answer(await offered()))
        say(wire.Answer(session="s", seat=seat, media_epoch=1, sdp=answers[-1]))

    clients = [_Recorded() for _ in SEATS]
    try:
        async with asyncio.timeout(60):
            say(wire.Configure(host="127.0.0.1", port=0, announced=(), ttl_s=60))
            say(wire.OpenRoom(session="s", closes_at=time.monotonic() + 60))
            for seat, client in zip(SEATS, clients, strict=True):
                say(
                    wire.Connect(
                        session="s",
                        seat=seat,
                        media_epoch=1,
                        functions=frozenset({"audio", "video"}),
                        others=tuple(each for each in SEATS if each != seat),
                    )
                )
                await answer(seat, client)
                await client.connect()
            await _talk(clients)
            clients[0].rebind()
            await _talk(clients)
            say(wire.Restart(session="s", seat=SEATS[0], media_epoch=1))
            await answer(SEATS[0], clients[0])
            await clients[0].check()
            await _talk(clients)
            say(wire.Disconnect(session="s", seat=SEATS[0]))
            say(wire.CloseRoom(session="s"))
            say(wire.NodeBeat())
    finally:
        writer.close()
        await worker
        for client in clients:
            client.close()
    return Captures(
        datagrams=tuple(each for client in clients for each in client.sent),
        rtp=tuple(each for client in clients for each in client.rtp_sent),
        rtcp=tuple(each for client in clients for each in client.rtcp_sent),
        answers=tuple(answers),
        lines=tuple(lines),
    )


async def _talk(clients: list[_Recorded]) -> None:
    """All say everything once, and go on until all have heard something."""
    before = [client.received_count for client in clients]
    deaf = clients
    while deaf:
        for client in clients:
            _say_everything(client)
        with suppress(TimeoutError):
            await deaf[0].wait_for(_hears_more(deaf[0], before[clients.index(deaf[0])]), 0.2)
        deaf = [
            client
            for client, count in zip(clients, before, strict=True)
            if client.received_count <= count
        ]


def _hears_more(client: MediaClient, count: int) -> Callable[[], bool]:
    return lambda: client.received_count > count


def _say_everything(client: MediaClient) -> None:
    for number in range(4):
        client.send(VP8, KEY_FRAME + bytes(number * 300))
        client.send(OPUS, b"\xfc" + bytes(60 + number))
        client.send(RTX, struct.pack("!H", number) + KEY_FRAME)
    audio, video = client.offered_ssrcs[OPUS], client.offered_ssrcs[VP8]
    info = struct.pack("!LLLLLL", client.ssrcs[VP8], 3, 0, 0, 4, 5_000)
    block = struct.pack("!LLLLLL", video, 0, 7, 0, 0, 0)
    client.send_rtcp(struct.pack("!BBH", 0x81, 200, 12) + info + block)
    client.send_rtcp(struct.pack("!BBHL", 0x81, 201, 7, client.ssrcs[OPUS]) + block)
    client.send_rtcp(pli(video) + nack(video, [1, 2, 700]) + nack(audio, [3]))
    wide = struct.pack("!BBHLLHHL", 0x8F, 205, 5, 1, video, 1, 2, 0) + b"\x20\x02\x10\x20"
    client.send_rtcp(wide)
    estimate = b"REMB\x01\x04\x00\xff" + struct.pack("!L", video)
    client.send_rtcp(struct.pack("!BBHLL", 0x8F, 206, 5, 1, 0) + estimate)
