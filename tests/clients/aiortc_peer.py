"""aiortc's own peer connection as a participant: it encodes, decodes, and knows nothing of us.

aiortc gathers no loopback address; a server on 127.0.0.1 is reached from any other address of the machine.
"""

from __future__ import annotations

import asyncio

from aiortc import (
    AudioStreamTrack,
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

WIDTH, HEIGHT = 320, 240


class Coloured(VideoStreamTrack):
    """A picture of one colour, thirty times a second.

    Args:
        colour: Y, U and V, each from 0 to 255.
    """

    def __init__(self, colour: tuple[int, int, int]) -> None:
        super().__init__()
        self._colour = colour

    async def recv(self) -> VideoFrame:
        """The next frame."""
        frame = VideoFrame(width=WIDTH, height=HEIGHT)
        frame.pts, frame.time_base = await self.next_timestamp()
        for plane, value in zip(frame.planes, self._colour, strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        return frame


class AiortcPeer:
    """Sends a colour and silence, and counts what it decodes.

    Args:
        colour: of its pictures, Y, U and V.
    """

    def __init__(self, colour: tuple[int, int, int]) -> None:
        self.frames = {"audio": 0, "video": 0}
        self.colours: dict[str, tuple[int, ...]] = {}
        """Of the picture that came last, in its middle, by the track's name in the offer: `supporter-video`."""
        # Balanced, its default, leaves the second picture's section on a transport that BUNDLE has closed.
        self._connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._receiving: list[asyncio.Task[None]] = []
        # Tracks come before the offer is taken, or there is nothing to answer it with.
        self._connection.addTrack(AudioStreamTrack())
        self._connection.addTrack(Coloured(colour))
        self._connection.on("track", self._on_track)

    async def answer(self, sdp: str) -> str:
        """Take an offer and write the answer."""
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await self._connection.setLocalDescription(await self._connection.createAnswer())
        return self._connection.localDescription.sdp

    async def close(self) -> None:
        """Be gone."""
        for each in self._receiving:
            each.cancel()
        await asyncio.gather(*self._receiving, return_exceptions=True)
        await self._connection.close()

    def _on_track(self, track: MediaStreamTrack) -> None:
        self._receiving.append(asyncio.ensure_future(self._receive(track)))

    async def _receive(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            self.frames[track.kind] += 1
            if isinstance(frame, VideoFrame):
                middles = (
                    plane.line_size * (plane.height // 2) + plane.width // 2
                    for plane in frame.planes
                )
                self.colours[track.id] = tuple(
                    memoryview(plane)[at] for plane, at in zip(frame.planes, middles, strict=True)
                )
