"""All tracks of a leg: what it may send and where each SSRC goes, and what it receives; whose screen is shown. PURE.

Times are monotonic seconds given by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic

from workers.media.forwarder import DownTrack, Owner, RtxDownTrack, UpTrack
from workers.media.kept import Kept
from workers.media.rtp import OPUS, REPEATS, RTX, SCREEN, SCREEN_RTX, VP8

RESENDS_PER_S = 400
"""Bound on what a receiver's NACKs may make us send: 8 % loss at 3 Mbit/s asks for about 30 a second."""
SHARING_PAUSE_S = 5.0
"""Who has sent no screen for so long has stopped sharing; browsers repeat a still screen about once a second."""
FUNCTIONS: Mapping[str, frozenset[int]] = {
    "audio": frozenset({OPUS}),
    "video": frozenset({VP8, RTX}),
    "screen": frozenset({SCREEN, SCREEN_RTX}),
}
"""What a function of the programme lets a leg send; `chat` is not carried here."""


class DownTracks(Generic[Owner]):
    """All that one leg receives.

    Args:
        owner: the receiving leg.
        seats: who may ever be heard, in the order of their places in the offer.
        has_screen: whether there is a place for a shared screen.
        draw: gives a random number in [1, 2^32); SSRCs and first numbers come from it.
        now: monotonic seconds.
    """

    def __init__(
        self,
        owner: Owner,
        seats: Sequence[str],
        draw: Callable[[], int],
        now: float,
        *,
        has_screen: bool = False,
    ) -> None:
        self._owner = owner
        self._draw = draw
        self._now = now
        self.places = {seat: {OPUS: self._made(OPUS), **self._picture(VP8, RTX)} for seat in seats}
        """Seat -> its tracks by payload type."""
        self.screen = self._picture(SCREEN, SCREEN_RTX) if has_screen else {}
        """The tracks of whoever shares a screen, by payload type."""
        self.by_ssrc = {track.ssrc: track for track in self._all()}
        self._resend_second = 0
        self._resend_count = 0

    def _made(self, payload_type: int) -> DownTrack[Owner]:
        draw = self._draw
        return DownTrack(self._owner, payload_type, draw(), draw() & 0x7FFF, draw(), self._now)

    def _picture(self, payload_type: int, rtx: int) -> dict[int, DownTrack[Owner]]:
        picture = self._made(payload_type)
        draw = self._draw
        return {
            payload_type: picture,
            rtx: RtxDownTrack(picture, rtx, draw(), draw() & 0x7FFF, self._now),
        }

    def _all(self) -> list[DownTrack[Owner]]:
        return [track for place in (*self.places.values(), self.screen) for track in place.values()]

    def track(self, seat: str, payload_type: int) -> DownTrack[Owner] | None:
        """The track that gets what the seat sends under that payload type, or None."""
        return (self.places.get(seat) or {}).get(payload_type) or self.screen.get(payload_type)

    def fed(self) -> list[DownTrack[Owner]]:
        """The tracks that somebody feeds now."""
        return [track for track in self.by_ssrc.values() if track.up is not None]

    def keep_ciphertext(self, payload_types: Iterable[int]) -> None:
        """Repeat these pictures as they were sent: the receiver takes no RTX for them."""
        for track in self._all():
            if track.payload_type in payload_types and track.kept is None:
                track.kept = Kept()

    def stamp(self) -> None:
        """Say in each packet when we send it."""
        for track in self._all():
            track.is_stamped = True

    def release(self) -> None:
        """Be fed by nobody: the leg is gone."""
        for track in self._all():
            track.release()

    def may_resend(self, now: float) -> bool:
        """Count one packet that a NACK asks for; False once the bound of this second is reached."""
        second = int(now)
        if second != self._resend_second:
            self._resend_second, self._resend_count = second, 0
        self._resend_count += 1
        return self._resend_count <= RESENDS_PER_S


class UpTracks(Generic[Owner]):
    """All that one leg sends, and where each SSRC goes.

    Args:
        owner: the sending leg.
        seat: whose it is.
        functions: functions that the programme allows this leg.
    """

    __slots__ = ("_allowed", "_newest", "_owner", "_seat", "routes", "tracks")

    def __init__(self, owner: Owner, seat: str, functions: frozenset[str]) -> None:
        self._owner = owner
        self._seat = seat
        self._allowed = frozenset[int]().union(
            *(types for name, types in FUNCTIONS.items() if name in functions)
        )
        self.tracks: dict[int, UpTrack[Owner]] = {}
        """By SSRC; their number is that of the SSRCs that the leg may ever use."""
        self.routes: dict[int, UpTrack[Owner]] = {}
        """Those whose way is known."""
        self._newest: dict[int, UpTrack[Owner]] = {}

    def allows(self, payload_type: int) -> bool:
        """Whether the leg may send that payload type at all."""
        return payload_type in self._allowed

    def track(
        self, payload_type: int, ssrc: int, sequence_number: int, timestamp: int, now: float
    ) -> UpTrack[Owner] | None:
        """The track of an SSRC, made with its first packet; None when the SSRC has another payload type."""
        track = self.tracks.get(ssrc)
        if track is None:
            track = self.tracks[ssrc] = UpTrack(
                self._owner, payload_type, ssrc, sequence_number, timestamp, now, self.routes
            )
        return track if track.payload_type == payload_type else None

    def get(self, ssrc: int, /) -> DownTrack[Owner] | None:
        """What the first of those gets who receive that SSRC."""
        track = self.routes.get(ssrc)
        return track.first if track is not None else None

    def repeated_by(self, rtx: UpTrack[Owner]) -> UpTrack[Owner] | None:
        """The picture that this track repeats, as far as it was seen."""
        return self._newest.get(REPEATS.get(rtx.payload_type, 0))

    def map(
        self,
        track: UpTrack[Owner],
        sequence_number: int,
        timestamp: int,
        to: Iterable[DownTracks[Owner]],
        now: float,
    ) -> bool:
        """Route an SSRC that has no route: a new one, or one whose receivers have changed.

        Args:
            track: the SSRC.
            sequence_number: of the packet at hand.
            timestamp: of the packet at hand.
            to: what the receiving legs get.
            now: monotonic seconds.

        Returns:
            Whether somebody gets it who did not before: for a picture the caller asks for a key frame.
        """
        self._newest[track.payload_type] = track
        fed: list[DownTrack[Owner]] = []
        is_newly_fed = False
        for each in to:
            down = each.track(self._seat, track.payload_type)
            if down is None or not self._may_follow(track, each):
                continue
            if down.up is not track:
                down.adopt(track, sequence_number, timestamp, now)
                is_newly_fed = True
            fed.append(down)
        track.feed(fed)
        return is_newly_fed

    def _may_follow(self, track: UpTrack[Owner], to: DownTracks[Owner]) -> bool:
        """Whether a repetition may be forwarded: only after its picture.

        Bandwidth probing starts with RTX: mapped before its picture it would poison the receiver's timestamps.
        """
        if track.payload_type not in REPEATS:
            return True
        picture = to.track(self._seat, REPEATS[track.payload_type])
        return (
            picture is not None and picture.up is not None and picture.up is self.repeated_by(track)
        )

    def close(self) -> None:
        """The leg is gone; what it has fed goes on from where it was, but nothing is kept."""
        for track in self.tracks.values():
            track.kept = None


class Screen(Generic[Owner]):
    """Whose screen a room shows: of those who share, the one who began last."""

    __slots__ = ("_heard", "_shown")

    def __init__(self) -> None:
        self._shown: UpTrack[Owner] | None = None
        self._heard: dict[UpTrack[Owner], float] = {}
        """Those who share and are not shown, and when they were last heard."""

    def shows(self, track: UpTrack[Owner], now: float) -> bool:
        """Whether a packet of this screen, which comes now and has no route, is to be shown."""
        shown = self._shown
        if track is shown:
            return True
        begins = now - self._heard.get(track, float("-inf")) >= SHARING_PAUSE_S
        if begins or shown is None or now - shown.at >= SHARING_PAUSE_S:
            if shown is not None:
                self._heard[shown] = shown.at
                for down in shown.fed:
                    down.release()
            self._heard.pop(track, None)
            self._shown = track
            return True
        self._heard[track] = now
        return False

    def forget(self, owner: Owner) -> None:
        """A leg is gone, and its screen with it."""
        if self._shown is not None and self._shown.owner is owner:
            self._shown = None
        self._heard = {track: at for track, at in self._heard.items() if track.owner is not owner}
