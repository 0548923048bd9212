"""Rooms and legs: what the media port forwards between."""

from __future__ import annotations

import secrets

from workers.media.dtls import DtlsTransport
from workers.media.forwarder import DownTracks, UpTracks
from workers.media.ice import Address, IceLeg
from workers.media.quality import Counted, Meter
from workers.media.sdp import Candidate, OfferedSsrcs, offer
from workers.media.srtp import SrtpTransport

MAX_LEGS = 2
"""Our offer has one audio and one video section, so a leg can receive one other leg."""
KEY_FRAME_INTERVAL_S = 0.2
"""At most five PLIs a second reach a sender; Chromium limits itself to about three."""


def draw_uint32() -> int:
    """A random number in [1, 2^32), for SSRCs and first sequence numbers and timestamps (RFC 3550 §5.1)."""
    return 1 + secrets.randbelow(0xFFFF_FFFF)


class Room:
    """One session's media.

    Args:
        session: id of the session.
        closes_at: monotonic seconds; nothing that arrives then or later is forwarded.
    """

    __slots__ = ("closes_at", "is_flowing", "legs", "session")

    def __init__(self, session: str, closes_at: float) -> None:
        self.session = session
        self.closes_at = closes_at
        self.legs: dict[str, Leg] = {}
        self.is_flowing = False
        """RTP of both legs was forwarded at least once."""

    def add(self, leg: Leg) -> None:
        """Put a leg into its seat, which is free."""
        self.legs[leg.seat] = leg
        self._pair()

    def remove(self, leg: Leg) -> None:
        """Take a leg out, if it is still the one in its seat."""
        if self.legs.get(leg.seat) is leg:
            del self.legs[leg.seat]
        leg.other = None
        self._pair()

    def _pair(self) -> None:
        """Say who hears whom, and let every SSRC be mapped anew."""
        for leg in self.legs.values():
            leg.other = next((other for other in self.legs.values() if other is not leg), None)
            leg.up.routes.clear()


class Leg:
    """One media connection of one seat.

    Args:
        room: where it is.
        seat: whose it is.
        media_epoch: which connection of that seat.
        functions: functions that the programme allows it.
        now: monotonic seconds.
    """

    def __init__(
        self, room: Room, seat: str, media_epoch: int, functions: frozenset[str], now: float
    ) -> None:
        self.room = room
        self.seat = seat
        self.media_epoch = media_epoch
        self.up = UpTracks(functions)
        self.down = DownTracks(draw_uint32, now)
        self.srtp: SrtpTransport | None = None
        """Set while the leg may send and receive."""
        self.dtls: DtlsTransport | None = None
        self.ice: IceLeg[Leg] | None = None
        self.other: Leg | None = None
        """The leg at the other end; kept by the room."""
        self.farewell_to: Address | None = None
        """Where a closed leg's close_notify goes."""
        self.meter = Meter()
        self.found_by: set[int] = set()
        """SSRCs under which the port finds the leg when its packets come from an unknown address."""
        self.has_forwarded = False
        self.is_answered = False
        self._key_frame_asked_at = 0.0
        self._origin = secrets.randbits(62)
        self._offers = 0

    @property
    def address(self) -> Address | None:
        """Where the leg's packets go now."""
        return self.ice.address if self.ice is not None else self.farewell_to

    def counted(self) -> list[Counted]:
        """How far sound and picture have come that the leg sends to the other one; repetitions are not counted."""
        other = self.other
        if other is None:
            return []
        return [
            Counted(track.payload_type, track.ssrc, track.latest_sequence, track.packets)
            for track in other.down.fed_by(self.up)
            if track is not other.down.rtx
        ]

    def next_offer(self, fingerprint: str, candidates: list[Candidate]) -> str:
        """Write an offer with the newest credentials; every call counts as a new version of it."""
        assert self.ice is not None, "only living legs are offered"
        self._offers += 1
        credentials = self.ice.generations[-1]
        return offer(
            origin=self._origin,
            version=self._offers,
            ufrag=credentials.ufrag,
            password=credentials.password,
            fingerprint=fingerprint,
            candidates=candidates,
            ssrcs=OfferedSsrcs(self.down.audio.ssrc, self.down.video.ssrc, self.down.rtx.ssrc),
        )

    def may_ask_key_frame(self, now: float, *, is_urgent: bool) -> bool:
        """Count one PLI to this leg; False when the last one was just now.

        Args:
            now: monotonic seconds.
            is_urgent: the receiver cannot show anything without it (new source); not throttled.
        """
        if not is_urgent and now - self._key_frame_asked_at < KEY_FRAME_INTERVAL_S:
            return False
        self._key_frame_asked_at = now
        return True
