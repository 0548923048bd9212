"""Rooms and legs: what the media port forwards between."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from workers.media.dtls import DtlsTransport, Identity
from workers.media.feedback import FREE_BPS, Brake, Estimate, LineDown, OneReport
from workers.media.forwarder import UpTrack
from workers.media.ice import Address, IceLeg
from workers.media.quality import Counted, Meter
from workers.media.rtp import OPUS, REPEATS, RTX, SCREEN, SCREEN_RTX, VP8
from workers.media.sdp import Answer, Candidate, OfferedPlace, offer
from workers.media.srtp import SrtpTransport
from workers.media.tracks import DownTracks, Screen, UpTracks

MAX_LEGS = 4
"""A seeker, a supporter, and two of companions (KUMAGAYA 12(3)) and an observer."""
KEY_FRAME_INTERVAL_S = 0.2
"""At most five PLIs a second reach a sender; Chromium limits itself to about three."""
REPORTED_BYTES_PER_S = 65_536
"""Bound on what a leg's feedback may cost the others; a browser that gets 5 Mbit/s and loses many sends a fifth."""
ECHOED_BYTES_PER_S = 500_000
"""Bound on what a leg gets back of its own: 4 Mbit/s, twice what a browser sends beside its search for more."""
PACKET_BYTES = 40
"""What a packet of feedback counts besides its length."""
RTT_UNKNOWN_S = 0.1
"""Until a browser has answered a report of ours; what browsers assume as well."""


def draw_uint32() -> int:
    """A random number in [1, 2^32), for SSRCs and first sequence numbers and timestamps (RFC 3550 §5.1)."""
    return 1 + secrets.randbelow(0xFFFF_FFFF)


class Room:
    """One session's media.

    Args:
        session: id of the session.
        closes_at: monotonic seconds; nothing that arrives then or later is forwarded.
    """

    __slots__ = ("closes_at", "is_flowing", "legs", "measured_at", "screen", "session")

    def __init__(self, session: str, closes_at: float) -> None:
        self.session = session
        self.closes_at = closes_at
        self.legs: dict[str, Leg] = {}
        self.is_flowing = False
        """RTP of two who are first for each other was forwarded both ways at least once."""
        self.screen: Screen[Leg] = Screen()
        self.measured_at = float("-inf")
        """When its lines were looked at last."""

    def add(self, leg: Leg) -> None:
        """Put a leg into its seat, which is free."""
        self.legs[leg.seat] = leg
        self.reroute()

    def remove(self, leg: Leg) -> None:
        """Take a leg out, if it is still the one in its seat."""
        if self.legs.get(leg.seat) is leg:
            del self.legs[leg.seat]
        leg.down.release()
        leg.up.close()
        self.screen.forget(leg)
        for other in self.legs.values():
            other.forget(leg)
        self.reroute()

    def reroute(self) -> None:
        """Let every SSRC be mapped anew: who hears whom has changed."""
        for leg in self.legs.values():
            leg.up.routes.clear()


class Leg:
    """One media connection of one seat.

    Args:
        room: where it is.
        seat: whose it is.
        media_epoch: which connection of that seat.
        functions: functions that the room offers it.
        others: seats that it may ever hear, in the order of their places in the offer; at least one.
        now: monotonic seconds.
        only_receives: it may send nothing of them.
    """

    __slots__ = (
        "_echo_second",
        "_echoed_bytes",
        "_offers",
        "_origin",
        "_report_second",
        "_reported_bytes",
        "best_rtt_s",
        "brake",
        "brake_down",
        "down",
        "down_bps",
        "dtls",
        "estimate",
        "farewell_to",
        "found_by",
        "has_forwarded",
        "has_screen",
        "held_bps",
        "ice",
        "identity",
        "is_answered",
        "is_echo",
        "is_pair",
        "line_down",
        "media_epoch",
        "meter",
        "others",
        "refreshed_at",
        "repeated_bytes",
        "reports",
        "returned_at",
        "room",
        "seat",
        "srtp",
        "up",
    )

    def __init__(
        self,
        room: Room,
        seat: str,
        media_epoch: int,
        functions: frozenset[str],
        others: Sequence[str],
        now: float,
        *,
        only_receives: bool = False,
    ) -> None:
        self.room = room
        self.seat = seat
        self.media_epoch = media_epoch
        self.others = tuple(others)
        self.is_pair = len(self.others) == 1
        """Two people: feedback is passed on from end to end, and nothing is stamped."""
        self.is_echo = seat in self.others
        """It hears itself: a line is measured."""
        self.has_screen = "screen" in functions
        self.up: UpTracks[Leg] = UpTracks(self, seat, frozenset() if only_receives else functions)
        self.down: DownTracks[Leg] = DownTracks(
            self, self.others, draw_uint32, now, has_screen=self.has_screen
        )
        if not self.is_pair:
            self.down.stamp()
        self.srtp: SrtpTransport | None = None
        """Set while the leg may send and receive."""
        self.dtls: DtlsTransport | None = None
        self.identity: Identity | None = None
        """What its DTLS shows; kept for as long as the leg lives."""
        self.ice: IceLeg[Leg] | None = None
        self.farewell_to: Address | None = None
        """Where a closed leg's close_notify goes."""
        self.meter = Meter()
        self.found_by: set[int] = set()
        """SSRCs under which the port finds the leg when its packets come from an unknown address."""
        self.returned_at = float("-inf")
        """When its line was last heard again after a cut."""
        self.refreshed_at = float("-inf")
        """When key frames were last asked for because it was found at another address."""
        self.has_forwarded = False
        """RTP of it was sent to its first other one."""
        self.is_answered = False
        self.line_down = LineDown()
        self.down_bps = 0
        """What was sent to it in the last second."""
        self.estimate = Estimate()
        self.brake = Brake()
        """Of what it sends."""
        self.brake_down = Brake()
        """Of what it gets, between two people."""
        self.held_bps = FREE_BPS
        """What it was told last that its pictures may take."""
        self.best_rtt_s = float("inf")
        """The shortest round trip so far."""
        self.reports: dict[UpTrack[Leg], OneReport] = {}
        self.repeated_bytes = 0
        """What we have sent it again of our own, since it was taken into account."""
        self._report_second = 0
        self._reported_bytes = 0
        self._echo_second = 0
        self._echoed_bytes = 0
        self._origin = secrets.randbits(62)
        self._offers = 0

    @property
    def address(self) -> Address | None:
        """Where the leg's packets go now."""
        return self.ice.address if self.ice is not None else self.farewell_to

    @property
    def rtt_s(self) -> float:
        """The round trip between the leg and us, as far as it is known; before any report it is that of a check."""
        rtt_ms = self.meter.rtt_ms()
        if rtt_ms is not None:
            return rtt_ms / 1000
        checked_s = self.ice.shortest_s if self.ice is not None else float("inf")
        return checked_s if checked_s < float("inf") else RTT_UNKNOWN_S

    def longer_s(self) -> float:
        """By how much the round trip stands above the best one; the first is measured before there is any media."""
        standing_ms = self.meter.standing_ms()
        if standing_ms is None:
            return 0.0
        before_media_s = self.ice.shortest_s if self.ice is not None else float("inf")
        self.best_rtt_s = min(self.best_rtt_s, before_media_s, standing_ms / 1000)
        return standing_ms / 1000 - self.best_rtt_s

    def first_other(self) -> Leg | None:
        """The leg in its first place, if it is there."""
        return self.room.legs.get(self.others[0])

    def listeners(self) -> list[Leg]:
        """The legs that may receive it and can; itself, where a line is measured."""
        return [
            leg
            for leg in self.room.legs.values()
            if leg.srtp is not None and leg.address is not None and self.seat in leg.down.places
        ]

    def may_report(self, size: int, now: float) -> bool:
        """Count a packet of feedback; False once the bound of this second is reached."""
        second = int(now)
        if second != self._report_second:
            self._report_second, self._reported_bytes = second, 0
        self._reported_bytes += size + PACKET_BYTES
        return self._reported_bytes <= REPORTED_BYTES_PER_S

    def may_echo(self, size: int, now: float) -> bool:
        """Count a packet that goes back to where it comes from; False once the bound of this second is reached."""
        second = int(now)
        if second != self._echo_second:
            self._echo_second, self._echoed_bytes = second, 0
        self._echoed_bytes += size
        return self._echoed_bytes <= ECHOED_BYTES_PER_S

    def take_repeated_bytes(self) -> int:
        """What was sent again since the last time."""
        taken, self.repeated_bytes = self.repeated_bytes, 0
        return taken

    def open(self, transport: SrtpTransport) -> None:
        """From now on the leg may send and receive."""
        self.srtp = transport
        self.room.reroute()

    def answered(self, answer: Answer) -> None:
        """Mind what the browser takes and what it does not."""
        refused = {REPEATS[rtx] for rtx in (RTX, SCREEN_RTX) if rtx not in answer.payload_types}
        self.down.keep_ciphertext(refused)

    def forget(self, gone: Leg) -> None:
        """Somebody has left who reported on us."""
        for report in self.reports.values():
            for ssrc in gone.down.by_ssrc:
                report.forget(ssrc)

    def counted(self) -> list[Counted]:
        """How far sound and pictures have come that the leg sends to somebody; repetitions are not counted."""
        return [
            Counted(track.payload_type, track.ssrc, track.sequence_number, track.packets)
            for track in self.up.routes.values()
            if track.payload_type not in REPEATS
        ]

    def next_offer(self, candidates: list[Candidate]) -> str:
        """Write an offer with the newest credentials; every call counts as a new version of it."""
        assert self.ice is not None, "only living legs are offered"
        assert self.identity is not None, "set with ICE"
        self._offers += 1
        credentials = self.ice.generations[-1]
        return offer(
            origin=self._origin,
            version=self._offers,
            ufrag=credentials.ufrag,
            password=credentials.password,
            fingerprint=self.identity.fingerprint,
            candidates=candidates,
            places=[
                OfferedPlace(seat, tracks[OPUS].ssrc, tracks[VP8].ssrc, tracks[RTX].ssrc)
                for seat, tracks in self.down.places.items()
            ],
            screen=(self.down.screen[SCREEN].ssrc, self.down.screen[SCREEN_RTX].ssrc)
            if self.has_screen
            else None,
        )
