"""The worker has no recorder and no decoder: nothing of PyAV is ever constructed, however much media passes."""

import ast
import asyncio
import gc
import socket
import threading
import time
from pathlib import Path

import aiortc.codecs
import aiortc.contrib.media
import av
import av.container
import pytest
from aiortc.codecs import g711, h264, opus, vpx

from tests.clients.media_client import OPUS, RTX, VP8, MediaClient
from workers.media import wire
from workers.media.process import Exit, serve

WORKER = Path(__file__).parents[3] / "workers" / "media"
PUBLIC_NAMES = {"RTCCertificate", "RTCDtlsFingerprint", "RTCDtlsParameters", "RTCDtlsTransport"}


class Constructed(BaseException):
    """Something of PyAV was made; no `except Exception` may hide it."""


@pytest.fixture
def traps(monkeypatch):
    """Every door of PyAV, and of aiortc to it, leads to an error; what went through is listed."""
    sprung = []

    def trap(name):
        def refuse(*_arguments, **_named):
            sprung.append(name)
            raise Constructed(name)

        return refuse

    monkeypatch.setattr(av.CodecContext, "create", trap("codec"))
    monkeypatch.setattr(av, "open", trap("container"))
    monkeypatch.setattr(av, "AudioResampler", trap("resampler"))
    for module in (g711, opus):
        monkeypatch.setattr(module, "AudioResampler", trap("resampler"))
    for name in ("RTCPeerConnection", "RTCRtpReceiver", "RTCRtpSender"):
        monkeypatch.setattr(aiortc, name, trap(name))
    return sprung


@pytest.mark.parametrize(
    "construct",
    [
        vpx.Vp8Decoder,
        h264.H264Decoder,
        opus.OpusDecoder,
        opus.OpusEncoder,
        lambda: aiortc.contrib.media.MediaRecorder("never.mp4"),
        lambda: aiortc.contrib.media.MediaPlayer("never.mp4"),
    ],
)
def test_the_traps_spring(traps, construct):
    with pytest.raises(Constructed):
        construct()
    assert traps


async def connected(reader, say, seat):
    """A client in a seat of a worker that is spoken to by hand."""
    say(
        wire.Connect(
            session="s",
            seat=seat,
            media_epoch=1,
            functions=frozenset({"audio", "video"}),
            others=("supporter" if seat == "seeker" else "seeker",),
        )
    )
    client = MediaClient()
    while True:
        report = wire.parse_report((await reader.readline()).rstrip())
        if isinstance(report, wire.Offered):
            break
    say(wire.Answer(session="s", seat=seat, media_epoch=1, sdp=client.answer(report.sdp)))
    await client.connect()
    return client


async def test_a_whole_call_constructs_no_codec_container_or_resampler(traps):
    before = set(threading.enumerate())
    ours, theirs = socket.socketpair()
    worker = asyncio.ensure_future(serve(theirs))
    reader, writer = await asyncio.open_connection(sock=ours, limit=wire.MAX_LINE_BYTES)

    def say(command):
        writer.write(wire.encode(command))

    say(wire.Configure(host="127.0.0.1", port=0, announced=(), ttl_s=60))
    say(wire.OpenRoom(session="s", closes_at=time.monotonic() + 60))
    async with asyncio.timeout(20):
        seeker = await connected(reader, say, "seeker")
        supporter = await connected(reader, say, "supporter")
        key_frame = b"\x10\x00\x00\x9d\x01\x2a\x80\x02\xe0\x01" + bytes(900)
        for _ in range(30):
            for client in (seeker, supporter):
                client.send(VP8, key_frame)
                client.send(OPUS, b"\xfc" + bytes(60))
                client.send(RTX, b"\xff\xff" + key_frame)
        await supporter.wait_for(lambda: supporter.received_count >= 60)
        await seeker.wait_for(lambda: seeker.received_count >= 60)
        alive = [
            each
            for each in gc.get_objects()
            if isinstance(
                each, av.CodecContext | av.container.Container | av.audio.resampler.AudioResampler
            )
        ]
        writer.close()
        assert await worker == Exit.NODE_GONE
    seeker.close()
    supporter.close()
    assert traps == []
    assert alive == []
    assert set(threading.enumerate()) <= before


def imports():
    """Every name that the worker imports, as (file, module, name)."""
    for path in sorted(WORKER.glob("**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((path.name, alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from ((path.name, node.module, alias.name) for alias in node.names)


def test_only_dtls_touches_aiortc_and_nothing_touches_pyav():
    found = list(imports())
    ours = [(file, name) for file, module, name in found if module.split(".")[0] == "aiortc"]
    assert {file for file, _ in ours} == {"dtls.py"}
    assert {name for _, name in ours} <= PUBLIC_NAMES | {"RTCIceTransport"}
    assert not [each for each in found if each[1].split(".")[0] == "av"]


def test_only_srtp_touches_pylibsrtp():
    assert {file for file, module, _ in imports() if module.split(".")[0] == "pylibsrtp"} == {
        "srtp.py"
    }
