"""The worker has no recorder and no decoder: nothing of PyAV is ever constructed, however much media passes."""

import ast
import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiortc.codecs
import aiortc.contrib.media
import av
import av.container
import pytest
from aiortc.codecs import g711, h264, opus, vpx

from tests.chaos.nodes import (
    a_folder,
    children_of,
    ending,
    free_tcp_port,
    start_demo,
    workers_of,
)
from tests.clients.media_client import OPUS, RTX, VP8, MediaClient
from tests.clients.room_client import RoomClient
from tests.workers.media.bare_link import worker
from workers.media import wire
from workers.media.process import Exit, serve

WORKER = Path(__file__).parents[3] / "workers" / "media"
MEDIA_LIBRARIES = {
    "av",
    "av.libs",
    "aiortc",
    "aioice",
    "pylibsrtp",
    "libavcodec",
    "libopus",
    "libvpx",
}
KEY_FRAME = b"\x10\x00\x00\x9d\x01\x2a\x80\x02\xe0\x01" + bytes(900)
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
    serving = asyncio.ensure_future(serve(theirs))
    reader, writer = await asyncio.open_connection(sock=ours, limit=wire.MAX_LINE_BYTES)

    def say(command):
        writer.write(wire.encode(command))

    say(wire.Configure(host="127.0.0.1", port=0, announced=(), ttl_s=60))
    say(wire.OpenRoom(session="s", closes_at=time.monotonic() + 60))
    async with asyncio.timeout(20):
        seeker = await connected(reader, say, "seeker")
        supporter = await connected(reader, say, "supporter")
        for _ in range(30):
            for client in (seeker, supporter):
                client.send(VP8, KEY_FRAME)
                client.send(OPUS, b"\xfc" + bytes(60))
                client.send(RTX, b"\xff\xff" + KEY_FRAME)
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
        assert await serving == Exit.NODE_GONE
    seeker.close()
    supporter.close()
    assert traps == []
    assert alive == []
    assert set(threading.enumerate()) <= before


# ---- in processes of their own, where nothing of Python is in the way ------------------------------------------------


@pytest.fixture(scope="module")
def doors(tmp_path_factory):
    """A library to be loaded before FFmpeg, which ends whoever opens one of its doors."""
    made = tmp_path_factory.mktemp("doors") / "doors.so"
    source = Path(__file__).with_name("native_doors.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-Wall", "-o", made, source], check=True)
    return made


def guarded(doors, opened):
    """The environment of a process whose doors are watched; what it opens is written into that file."""
    return {"LD_PRELOAD": str(doors), "NATIVE_DOORS": str(opened)}


@pytest.mark.parametrize(
    ("program", "door"),
    [
        ("import av; av.CodecContext.create('vp8', 'r')", "avcodec_alloc_context3"),
        ("from aiortc.codecs import opus; opus.OpusEncoder()", "avcodec_alloc_context3"),
        ("import av; av.open('never.mkv', 'w')", "avformat_alloc_output_context2"),
        ("import av; av.open('/dev/null')", "avformat_alloc_context"),
        ("import av; av.VideoFrame(16, 16)", "av_frame_alloc"),
        ("import av; av.Packet(b'x')", "av_packet_alloc"),
    ],
)
def test_the_native_doors_are_watched(doors, tmp_path, program, door):
    opened = tmp_path / "opened"
    environment = {**os.environ, **guarded(doors, opened)}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=tmp_path, check=False
    )
    assert ended.returncode == -signal.SIGABRT
    assert opened.read_text().split() == [door]


async def test_no_door_of_ffmpeg_is_opened_in_a_worker_process_that_carries_a_call(doors, tmp_path):
    opened = tmp_path / "opened"
    environment = guarded(doors, opened)
    async with worker(ttl_s=60, log=tmp_path / "log", environment=environment) as node:
        node.say(wire.OpenRoom(session="s", closes_at=time.monotonic() + 60))
        clients = [await seated(node, seat) for seat in ("seeker", "supporter")]
        for client in clients:
            await heard(client, clients)
        assert str(doors) in maps_of(node.process.pid)
        assert node.process.returncode is None
        node.hang_up()
        assert await node.exit_status() == Exit.NODE_GONE
        for client in clients:
            client.close()
    assert not opened.exists()


async def seated(node, seat):
    """A client in a seat of a worker process."""
    other = "supporter" if seat == "seeker" else "seeker"
    node.say(
        wire.Connect(
            session="s",
            seat=seat,
            media_epoch=1,
            functions=frozenset({"audio", "video"}),
            others=(other,),
        )
    )
    client = MediaClient()
    sdp = client.answer((await node.hear(wire.Offered)).sdp)
    node.say(wire.Answer(session="s", seat=seat, media_epoch=1, sdp=sdp))
    await client.connect()
    return client


async def heard(client, clients):
    """Everybody speaks and shows a key frame until this client has heard fifty packets."""
    wanted = client.received_count + 50
    async with asyncio.timeout(20):
        while client.received_count < wanted:
            for each in clients:
                each.send(VP8, KEY_FRAME)
                each.send(OPUS, b"\xfc" + bytes(60))
            with suppress(TimeoutError):
                await client.wait_for(lambda: client.received_count >= wanted, 0.05)


@dataclass
class Carried:
    """What a running node and its worker look like from outside while they carry a call."""

    imported: set[str]
    """Every module that the node has loaded since it started, by its first name."""
    node_maps: str
    worker_maps: str
    worker_threads: int
    worker_children: list[int]
    worker_files: list[str]
    """What the worker has open, without what it inherited for its log."""


async def carried():
    """Start a demo, let two people hear each other, and look at its processes."""
    async with a_folder() as data:
        started = await start_demo(
            data, free_tcp_port(), environment={"PYTHONPROFILEIMPORTTIME": "1"}
        )
        async with ending(started):
            pair = [
                RoomClient(started.links[f"{seat}_url"], seed=number)
                for number, seat in enumerate(("seeker", "supporter"))
            ]
            async with pair[0], pair[1]:
                await asyncio.gather(*(person.hears(timeout_s=60) for person in pair))
                (pid,) = workers_of(started.pid)
                return looked_at(started.pid, pid, data / "node.log")


def looked_at(node, media_worker, log):
    descriptors = Path(f"/proc/{media_worker}/fd")
    imports = [line for line in log.read_text().splitlines() if line.startswith("import time:")]
    return Carried(
        {line.rpartition("|")[2].strip().partition(".")[0] for line in imports},
        maps_of(node),
        maps_of(media_worker),
        len(list(Path(f"/proc/{media_worker}/task").iterdir())),
        children_of(media_worker),
        [str(each.readlink()) for each in descriptors.iterdir() if each.name != "2"],
    )


def maps_of(pid):
    """What is mapped into a process: its libraries above all."""
    return Path(f"/proc/{pid}/maps").read_text()


@pytest.fixture(scope="module")
def call():
    with asyncio.Runner() as runner:
        return runner.run(carried())


@pytest.mark.timeout(180)
def test_a_node_that_runs_a_call_has_never_loaded_pyav_or_anything_that_touches_media(call):
    assert {"aiohttp", "orchestrator", "signaling", "workers"} <= call.imported
    assert not call.imported & {"av", "aiortc", "aioice", "pylibsrtp", "numpy", "PIL", "wave"}


def test_no_library_of_media_is_mapped_into_the_node(call):
    found = {name for name in MEDIA_LIBRARIES if f"/{name}" in call.node_maps}
    assert found == set()
    assert "/pylibsrtp" in call.worker_maps, "the names are those of the worker's libraries"


def test_a_worker_in_a_call_has_one_thread_and_no_helper(call):
    assert call.worker_threads == 1, "aiortc decodes in a thread for each receiver"
    assert call.worker_children == []


def test_a_worker_in_a_call_has_no_file_open(call):
    kinds = {each.partition(":")[0] for each in call.worker_files}
    assert kinds <= {"socket", "anon_inode", "pipe", "/dev/null"}


# ---- in the source --------------------------------------------------------------------------------------------------


def imports(*folders):
    """Every name that is imported there, as (file, module, name)."""
    for path in sorted(path for folder in folders for path in folder.glob("**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((path.name, alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from ((path.name, node.module, alias.name) for alias in node.names)


def test_only_dtls_touches_aiortc_and_nothing_touches_pyav():
    found = list(imports(WORKER))
    ours = [(file, name) for file, module, name in found if module.split(".")[0] == "aiortc"]
    assert {file for file, _ in ours} == {"dtls.py"}
    assert {name for _, name in ours} <= PUBLIC_NAMES | {"RTCIceTransport"}
    assert not [each for each in found if each[1].split(".")[0] == "av"]


def test_only_srtp_touches_pylibsrtp():
    assert {file for file, module, _ in imports(WORKER) if module.split(".")[0] == "pylibsrtp"} == {
        "srtp.py"
    }


def test_nothing_of_ours_can_write_or_read_a_media_file():
    product = [WORKER.parents[1] / name for name in ("orchestrator", "signaling", "workers")]
    found = list(imports(*product))
    tools = {"av", "wave", "audioop", "aifc", "sunau", "cv2", "imageio", "ffmpeg", "numpy", "PIL"}
    assert not [each for each in found if each[1].split(".")[0] in tools]
    assert not [each for each in found if each[1].startswith(("aiortc.contrib", "aiortc.codecs"))]
