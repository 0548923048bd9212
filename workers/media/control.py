"""What goes back to senders: NACKs, key frame requests, reports and estimates; and the answers to NACKs.

Between two people feedback is passed on from end to end in the other end's numbers, so that the sender's own estimate
adapts at once. Where several receive one, each asks for itself, and the sender is told of the worst
(`workers.media.feedback`). What is missing on the way to us is asked for by us, at once, and a receiver that misses the
same asks in vain for a round trip.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from workers.media import srtp
from workers.media.datagrams import Slot
from workers.media.feedback import FREE_BPS, START_BPS, OneReport, Receiving, Way, allowed_bps
from workers.media.forwarder import DownTrack, UpTrack
from workers.media.ice import Address
from workers.media.room import KEY_FRAME_INTERVAL_S, Leg
from workers.media.rtp import (
    NACK,
    PICTURES,
    REPEATS,
    TRANSPORT_WIDE,
    Feedback,
    MalformedRtcp,
    nack,
    nacked,
    original_sequence_at,
    pli,
    put_media_ssrc,
    put_send_time,
    read_feedback,
    receiver_report,
    remb,
    report_time,
    sender_report,
)

MISSED_AFTER_S = 0.06
"""A gap shows with the next picture, 36 ms later at 28 a second, and browsers ask again every 20 ms."""
NOBODY: Mapping[int, DownTrack[Leg]] = {}
ACTIVE_S = 2.0
"""A track of which nothing came for so long takes no share of the line: a camera that is off."""


class Control:
    """The feedback of all legs of a port.

    Args:
        send: sends a datagram to an address, or drops it.
        queue: the same with the datagram in a slot of this turn.
        spare: a slot for a packet of our own in this turn, or None.
        counters: the port's.
    """

    def __init__(
        self,
        send: Callable[[bytes, Address | None], None],
        queue: Callable[[Slot, Address | None], None],
        spare: Callable[[], Slot | None],
        counters: Counter[str],
    ) -> None:
        self._send = send
        self._queue = queue
        self._spare = spare
        self._counters = counters
        self._buffer = srtp.PacketBuffer()
        self.asking: dict[UpTrack[Leg], None] = {}
        """What something may be missing of that was asked for."""

    def ask(self, leg: Leg, up: UpTrack[Leg], sequence_numbers: list[int]) -> None:
        """Ask a leg for packets again that have not come to us."""
        if sequence_numbers:
            self._counters["nack_sent"] += len(sequence_numbers)
            self.asking[up] = None
            self._send_rtcp(leg, nack(up.ssrc, sequence_numbers))

    def ask_again(self, up: UpTrack[Leg], now: float) -> None:
        """Ask for what is overdue of one of `asking`; to be called a few times a second."""
        leg = up.owner
        if leg.srtp is None or not up.has_missing:
            del self.asking[up]
        elif up.first is not None:
            self.ask(leg, up, up.to_ask_again(now, leg.rtt_s))

    def came_again(self, leg: Leg, rtx: UpTrack[Leg], plain: bytearray, length: int) -> None:
        """A leg has repeated a packet.

        Args:
            leg: who.
            rtx: the track of its repetitions.
            plain: holds the repetition from its start, decrypted.
            length: its bytes.
        """
        picture, position = leg.up.repeated_by(rtx), original_sequence_at(plain, length)
        if picture is not None and position is not None:
            picture.came_again(plain[position] << 8 | plain[position + 1])

    def ask_key_frame(self, up: UpTrack[Leg], now: float, *, is_urgent: bool) -> bool:
        """Ask for a key frame.

        Args:
            up: the picture.
            now: monotonic seconds.
            is_urgent: a receiver cannot show anything without it (new source); not throttled.

        Returns:
            Whether it was asked for.
        """
        if not is_urgent and now - up.key_frame_asked_at < KEY_FRAME_INTERVAL_S:
            return False
        up.key_frame_asked_at = now
        self._counters["pli_sent"] += 1
        self._send_rtcp(up.owner, pli(up.ssrc))
        return True

    def _send_rtcp(self, leg: Leg, data: bytes) -> None:
        self._send_protected(leg, srtp.protect_rtcp, data)

    def _send_protected(self, leg: Leg, protect: Callable[..., int], data: bytes) -> int:
        """Encrypt a packet of our own and send it, with those of this turn if there is one; its bytes, or 0."""
        if leg.srtp is None or len(data) > srtp.MAX_DATAGRAM_BYTES:
            return 0
        slot = self._spare()
        buffer: srtp.PacketBuffer = self._buffer if slot is None else slot
        buffer.fill(data)
        if protect(leg.srtp.sending, buffer.chars, buffer.length):
            self._counters["protect_refused"] += 1
            return 0
        if slot is not None:
            self._queue(slot, leg.address)
        else:
            self._send(buffer.taken(), leg.address)
        return int(buffer.length[0])

    def take(self, leg: Leg, slot: Slot, lone: int, media_ssrc: int, now: float) -> None:
        """Carry out what a leg reports and asks for.

        Args:
            leg: who.
            slot: holds compound RTCP, authentic and decrypted; what goes on may go in it.
            lone: its format, if it is transport feedback without a report; otherwise 0.
            media_ssrc: of what that speaks.
            now: monotonic seconds.
        """
        if lone:
            # What comes most often is not taken apart as a compound.
            track = leg.down.by_ssrc.get(media_ssrc)
            up = track.up if track is not None else None
            to = up.owner.srtp if up is not None else None
            if track is not None and up is not None and to is not None:
                if lone == NACK:
                    self._resend(leg, track, up, nacked(slot.data, slot.length[0]), now)
                    return
                if lone == TRANSPORT_WIDE and leg.is_pair and up.owner is leg.first_other():
                    # Its sender's SSRC has been admitted, so it may be encrypted under it (`_may_go`).
                    put_media_ssrc(slot.data, up.ssrc)
                    if srtp.protect_rtcp(to.sending, slot.chars, slot.length):
                        self._counters["protect_refused"] += 1
                    else:
                        self._queue(slot, up.owner.address)
                    return
        self._take_compound(leg, slot.taken(), now)

    def _take_compound(self, leg: Leg, plain: bytes, now: float) -> None:
        received = _Received(leg)
        try:
            feedback = read_feedback(plain, leg.up if leg.is_pair else NOBODY, received)
        except MalformedRtcp:
            self._counters["rtcp_malformed"] += 1
            return
        was_free = leg.line_down.is_free
        self._meter(leg, received, feedback, now)
        if leg.is_pair:
            self._pass_on(leg, feedback, now)
        else:
            self._spread_reports(leg, feedback, now)
            if feedback.estimate_bps is not None:
                leg.line_down.estimated(feedback.estimate_bps, now)
            if feedback.estimate_bps is not None or leg.line_down.is_free is not was_free:
                self._tell_senders(leg, now)
        for ssrc, lost in feedback.lost:
            track = received.get(ssrc)
            if track is not None and track.up is not None:
                self._resend(leg, track, track.up, lost, now)
        for ssrc in feedback.key_frames:
            track = received.get(ssrc)
            if track is not None and track.up is not None:
                self.ask_key_frame(track.up, now, is_urgent=False)

    def _pass_on(self, leg: Leg, feedback: Feedback, now: float) -> None:
        """Two people: the one end's feedback goes to the other end, in its numbers."""
        other = leg.first_other()
        if other is not None and feedback.relay and _may_go(feedback.relay, leg, other):
            self._send_rtcp(other, feedback.relay)
            for report_at in feedback.reports:
                other.meter.passed_on(now, report_at)

    def _meter(self, leg: Leg, received: _Received, feedback: Feedback, now: float) -> None:
        """What a leg reports speaks of its line; where several receive, the sender is told of it later."""
        for block in feedback.blocks:
            track = received.get(block.ssrc)
            if track is None:
                continue
            lost = leg.meter.heard(now, track.payload_type, block, track.packets)
            leg.line_down.reported(lost, _measured_rtt_s(leg), leg.down_bps, now)
            up = track.up
            if not leg.is_pair and up is not None and track.payload_type not in REPEATS:
                report = up.owner.reports.setdefault(up, OneReport())
                report.heard(block, track.sequence_offset, now)

    def _spread_reports(self, leg: Leg, feedback: Feedback, now: float) -> None:
        """Pass what a sender reports of itself to each of its receivers, in their numbers."""
        for ssrc, info in dict(feedback.sender_infos).items():
            up = leg.up.routes.get(ssrc)
            for down in up.fed if up is not None else ():
                self._send_rtcp(down.owner, sender_report(info, down))
                down.owner.meter.passed_on(now, report_time(info))

    def look_at(self, leg: Leg, now: float, up: Way, down: Way) -> None:
        """Look at a leg and at who receives it; to be called once a second.

        Where several do, it is told how they fare; between two people they say so themselves.

        Args:
            leg: who.
            now: monotonic seconds.
            up: its line to us.
            down: our line to it.
        """
        longer_s = leg.longer_s()
        leg.brake.look_at(now, up, longer_s)
        leg.brake_down.look_at(now, down, longer_s)
        self._hold(leg)
        if leg.is_pair and (other := leg.first_other()) is not None:
            self._hold(other)
        for track in leg.up.tracks.values():
            self.keep(track)
            if track.kept is not None:
                track.kept.rest(now)
        for place in leg.down.by_ssrc.values():
            if place.kept is not None:
                place.kept.rest(now)
        if not leg.is_pair:
            self._report_to_sender(leg, now)
            self._tell_estimate(leg, now)

    def keep(self, up: UpTrack[Leg]) -> None:
        """See for how long a track is kept: what the slowest of those who get it may ask for."""
        for down in up.fed:
            if down.kept is not None:
                down.kept.for_s = _keep_for_s(down.owner)
        if up.kept is not None:
            up.kept.for_s = max((_keep_for_s(down.owner) for down in up.fed), default=0.0)

    def _hold(self, sender: Leg) -> None:
        """Tell a sender what its pictures may take, if that is news: of two, the other's way down bounds it as well."""
        other = sender.first_other() if sender.is_pair and not sender.is_echo else None
        limits = [sender.brake.bps, other.brake_down.bps if other is not None else None]
        held_bps = min((bps for bps in limits if bps is not None), default=FREE_BPS)
        if held_bps != sender.held_bps:
            sender.held_bps = held_bps
            self._counters["braked"] += held_bps < FREE_BPS
            self._send_rtcp(sender, remb(held_bps, [up.ssrc for up in _pictures(sender)]))

    def _report_to_sender(self, leg: Leg, now: float) -> None:
        """Tell a sender of several receivers how its tracks arrive at the worst of them."""
        told = [
            block
            for up in leg.up.routes.values()
            if (report := leg.reports.get(up)) is not None
            and (block := report.told(up.ssrc, now)) is not None
        ]
        if told:
            self._send_rtcp(leg, receiver_report(told))

    def _tell_senders(self, leg: Leg, now: float) -> None:
        """A receiver has said what it can take: all whom it receives may have to send less."""
        for sender in {down.up.owner: None for down in leg.down.fed() if down.up is not None}:
            self._tell_estimate(sender, now)

    def _tell_estimate(self, sender: Leg, now: float) -> None:
        pictures = _pictures(sender)
        receivers = {down.owner: None for up in pictures for down in up.fed}
        # Its own way up is judged by how much longer the round trip grows, so that has to be known before it grows.
        is_measured = sender.meter.rtt_ms() is not None
        allowed = allowed_bps(
            [_receiving(leg, sender, now) for leg in receivers if leg.line_down.has_say(now)],
            sender.estimate.free_bps if is_measured else START_BPS,
        )
        if allowed is not None and sender.brake.bps is not None:
            allowed = min(allowed, sender.brake.bps)
        if allowed is not None and sender.estimate.is_news(allowed, now):
            self._send_rtcp(sender, remb(allowed, [up.ssrc for up in pictures]))

    def _resend(
        self, leg: Leg, track: DownTrack[Leg], up: UpTrack[Leg], lost: list[int], now: float
    ) -> None:
        """Send again what is kept, and ask the sender for the rest, unless it was just asked."""
        unknown: list[int] = []
        for number in lost:
            if not leg.down.may_resend(now):
                self._counters["resend_refused"] += 1
                break
            up_number = (number - track.sequence_offset) & 0xFFFF
            if up.kept is not None and track.is_before_start(up_number):
                continue  # this receiver never got it, and may not have been there
            if track.kept is not None:
                packet = track.kept.get(number)
                sent = self._send_again(leg, packet) if packet is not None else 0
            else:
                packet = up.kept.get(up_number) if up.kept is not None else None
                sent = self._repeat(leg, track, packet, now) if packet is not None else 0
            if sent:
                self._counters["resent"] += 1
                leg.repeated_bytes += sent
            else:
                unknown.append(up_number)
        if unknown and (wanted := up.wanted(unknown, now, up.owner.rtt_s)):
            self._counters["nack_passed"] += len(wanted)
            self.asking[up] = None
            self._send_rtcp(up.owner, nack(up.ssrc, wanted))

    def _send_again(self, leg: Leg, packet: bytes) -> int:
        """Send one packet again as it was sent, with those of this turn if there is one; its bytes."""
        slot = self._spare()
        if slot is not None:
            slot.fill(packet)
            self._queue(slot, leg.address)
        else:
            self._send(packet, leg.address)
        return len(packet)

    def _repeat(self, leg: Leg, track: DownTrack[Leg], plain: bytes, now: float) -> int:
        """Send one packet again by RTX; its bytes, or 0 when that cannot be."""
        repetition = track.rtx.repeat(plain) if track.rtx is not None else None
        if repetition is None:
            return 0
        if track.is_stamped:
            stamped = bytearray(repetition)
            put_send_time(stamped, len(stamped), now)
            repetition = bytes(stamped)
        return self._send_protected(leg, srtp.protect, repetition)


class _Received:
    """The tracks that a leg gets from who is there, by SSRC."""

    __slots__ = ("_down",)

    def __init__(self, leg: Leg) -> None:
        self._down = leg.down

    def get(self, ssrc: int, /) -> DownTrack[Leg] | None:
        track = self._down.by_ssrc.get(ssrc)
        up = track.up if track is not None else None
        return track if up is not None and up.owner.srtp is not None else None

    def values(self) -> list[DownTrack[Leg]]:
        return [
            track
            for track in self._down.fed()
            if track.up is not None and track.up.owner.srtp is not None
        ]


def _may_go(relay: bytes, leg: Leg, to: Leg) -> bool:
    """Whether what a leg reports may be encrypted under its SSRC: libsrtp keeps a stream for each that it ever saw."""
    ssrc = int.from_bytes(relay[4:8], "big")
    return ssrc in to.down.by_ssrc or (leg.srtp is not None and leg.srtp.admit(ssrc))


def _keep_for_s(receiver: Leg) -> float:
    """One round trip until a NACK comes, a second one should the first be lost, and what it takes to miss a packet."""
    return MISSED_AFTER_S + 2 * receiver.rtt_s


def _measured_rtt_s(leg: Leg) -> float | None:
    rtt_ms = leg.meter.rtt_ms()
    return None if rtt_ms is None else rtt_ms / 1000


def _pictures(sender: Leg) -> list[UpTrack[Leg]]:
    """Of what somebody gets, screens included."""
    return [up for up in sender.up.routes.values() if up.payload_type in PICTURES]


def _receiving(leg: Leg, sender: Leg, now: float) -> Receiving:
    """What a leg says that it can take, and what comes to it."""
    ups = [
        down.up for down in leg.down.fed() if down.up is not None and now - down.up.at < ACTIVE_S
    ]
    pictures = [up for up in ups if up.payload_type in PICTURES]
    return Receiving(
        estimate_bps=leg.line_down.estimate_bps,
        pictures=len(pictures),
        pictures_of_sender=sum(up.owner is sender for up in pictures),
        is_free=leg.line_down.is_free,
    )
