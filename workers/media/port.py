"""The one UDP port of a worker: tells STUN, DTLS, RTCP and RTP apart, and forwards RTP.

The way of a packet is receive, unprotect, find the route, rewrite, protect, keep, send: synchronous, in one shared
buffer, bounded (a burst a wake, so that the link and the timers get their turn) and total: no exception leaves it, and
what it drops is counted. Whether a room is still open is asked of the clock for each packet, never of a timer.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Iterable

import structlog

from workers.media import srtp, wire
from workers.media.forwarder import DROPPED, DownTrack
from workers.media.ice import (
    Address,
    Discarded,
    Expired,
    IceAgent,
    Moved,
    Output,
    Path,
    Restarted,
    Returned,
    Sent,
    Silent,
)
from workers.media.room import Leg
from workers.media.rtp import (
    HEADER,
    HEADER_BYTES,
    Feedback,
    MalformedRtcp,
    is_rtcp,
    nack,
    pli,
    read_feedback,
    uint16_add,
)

SOCKET_BUFFER_BYTES = 4 << 20
"""A second of 25 rooms; without it a pause of 20 ms loses packets. The kernel may grant less."""
BURST = 256
"""Packets a wake: about 5 ms, after which commands, heartbeats and timers get their turn."""
MAX_LOGGED_ERRORS = 20
MEASURE_S = 1.0
"""How often the lines are looked at: as often as receivers report."""

log = structlog.get_logger()


def bind(host: str, port: int) -> socket.socket:
    """Open the worker's UDP socket.

    Args:
        host: address to bind; one with a colon is IPv6, and `::` takes IPv4 as well.
        port: UDP port; 0: any free one.

    Raises:
        OSError: the port is taken or the address is not ours.
    """
    is_ipv6 = ":" in host
    udp = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if is_ipv6:
            udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
        udp.setblocking(False)
        udp.bind((host, port))
    except OSError:
        udp.close()
        raise
    return udp


class MediaPort:
    """Carries the packets of all rooms of a worker.

    Args:
        udp: bound and not blocking; the port closes it.
        report: takes what the node has to know; must not raise.
        monotonic: seconds of CLOCK_MONOTONIC.
    """

    def __init__(
        self,
        udp: socket.socket,
        report: Callable[[wire.Report], None],
        monotonic: Callable[[], float],
    ) -> None:
        self.udp = udp
        self.number: int = udp.getsockname()[1]
        self.ice: IceAgent[Leg] = IceAgent()
        self.counters: Counter[str] = Counter()
        self.forwarded = 0
        self.deaf_at = float("inf")
        """From this moment on the node counts as gone, and nothing is forwarded (set with each sign of life)."""
        self._report = report
        self._monotonic = monotonic
        self._measured_at = float("-inf")
        self._by_ssrc: dict[int, Leg] = {}
        self._buffer = srtp.PacketBuffer()
        self._rtcp_buffer = srtp.PacketBuffer()

    def close(self) -> None:
        """Close the socket."""
        self.udp.close()

    def remove(self, leg: Leg) -> None:
        """Forget a leg: from here on nothing of it is forwarded, and nothing is sent to it but close_notify."""
        if leg.ice is None:
            return
        leg.farewell_to = leg.ice.address
        self.ice.leave(leg.ice)
        leg.ice = leg.srtp = None
        for ssrc in leg.found_by:
            del self._by_ssrc[ssrc]
        leg.found_by.clear()

    def known_ssrcs(self) -> int:
        """How many senders' SSRCs are on file."""
        return len(self._by_ssrc)

    def send(self, data: bytes, to: Address | None) -> None:
        """Send a datagram, or drop it when the kernel's buffer is full or there is no address."""
        if to is None:
            return
        try:
            self.udp.sendto(data, to)
        except OSError:
            self.counters["send_dropped"] += 1

    def tick(self, now: float) -> None:
        """Look at the time, a few times a second."""
        self._perform(self.ice.tick(now))
        if now >= self._measured_at + MEASURE_S:
            self._measured_at = now
            self._measure(now)

    def _measure(self, now: float) -> None:
        """Look at all lines; the node hears of those that are bad."""
        legs = [leg for leg in self.ice.owners if leg.srtp is not None]
        for leg in legs:
            leg.meter.count(now, leg.counted())
        for leg in legs:
            reading = leg.meter.read(now)
            if reading.is_lossy or reading.is_slow:
                self._report(
                    wire.LegQuality(
                        **_epoch(leg),
                        loss_up=reading.loss_up,
                        loss_down=reading.loss_down,
                        rtt_ms=reading.rtt_ms,
                        jitter_ms=reading.jitter_ms,
                        is_lossy=reading.is_lossy,
                        is_slow=reading.is_slow,
                    )
                )

    # ---- the way of a packet --------------------------------------------------------------------------------------

    def reader(self) -> Callable[[], None]:
        """The callback for a readable socket; its names are local, for it runs for every packet."""
        buffer, receive, path_of = self._buffer.data, self.udp.recvfrom_into, self.ice.paths.get
        monotonic, forward, max_bytes = self._monotonic, self._forwarding(), srtp.MAX_DATAGRAM_BYTES

        def on_readable() -> None:
            for _ in range(BURST):
                try:
                    size, address = receive(buffer, max_bytes)
                except BlockingIOError:
                    return
                except OSError:
                    self.counters["receive_failed"] += 1
                    continue
                now = monotonic()
                try:
                    path = path_of(address)
                    is_rtp = size >= 12 and 128 <= buffer[0] < 192 and not 192 <= buffer[1] <= 223
                    if path is not None and is_rtp:
                        forward(path.leg.owner, path, address, size, now)
                    else:
                        leg = self._receive_other(size, address, path, is_rtp, now)
                        if leg is not None:
                            forward(leg, None, address, size, now)
                except BlockingIOError:
                    self.counters["send_dropped"] += 1
                except Exception as wrong:  # the worker's loop: no packet may stop the others
                    self._failed(wrong)

        return on_readable

    def _forwarding(self) -> Callable[[Leg, Path[Leg] | None, Address, int, float], None]:
        """What is done with an RTP packet in the buffer: check, rewrite, protect, keep, send."""
        buffer = self._buffer.data
        chars, length, view = self._buffer.chars, self._buffer.length, self._buffer.view
        unprotect, protect, send = srtp.unprotect, srtp.protect, self.udp.sendto
        unpack, counters = HEADER.unpack_from, self.counters

        def forward(
            leg: Leg, path: Path[Leg] | None, address: Address, size: int, now: float
        ) -> None:
            transport = leg.srtp
            if transport is None or now >= leg.room.closes_at or now >= self.deaf_at:
                counters["not_open"] += 1
                return
            length[0] = size
            if unprotect(transport.receiving, chars, length):
                counters["srtp_refused"] += 1
                return
            if path is not None:
                path.media_at = now
            else:
                self._roamed(leg, address, now)
            _, second, sequence_number, timestamp, ssrc = unpack(buffer)
            track = leg.up.routes.get(ssrc) or self._map(
                leg, second & 0x7F, ssrc, sequence_number, timestamp, now
            )
            if track is None or second & 0x7F != track.payload_type:
                counters["not_forwarded"] += 1
                return
            sent = track.rewrite(buffer, length[0], sequence_number, timestamp, now)
            other = leg.other
            if sent == DROPPED or other is None or other.srtp is None:
                counters["not_forwarded"] += 1
                return
            if protect(other.srtp.sending, chars, length):
                counters["protect_refused"] += 1
                return
            packet = bytes(view[: length[0]])
            track.keep(sent, packet)
            to = other.address
            if to is None:
                counters["not_forwarded"] += 1
                return
            send(packet, to)
            self.forwarded += 1
            if not leg.has_forwarded:
                self._first_forwarded(leg)

        return forward

    def _failed(self, wrong: Exception) -> None:
        self.counters["errors"] += 1
        if self.counters["errors"] <= MAX_LOGGED_ERRORS:
            log.error("packet.failed", exc_info=wrong)

    def _map(
        self,
        leg: Leg,
        payload_type: int,
        ssrc: int,
        sequence_number: int,
        timestamp: int,
        now: float,
    ) -> DownTrack | None:
        """Route the first packet of an SSRC, or the first since the room has changed."""
        assert leg.srtp is not None, "the packet was decrypted with its keys"
        assert leg.ice is not None, "keys and address are forgotten together"
        if not leg.up.allows(payload_type):
            self.counters["function_refused"] += 1
            leg.srtp.forget(ssrc)
            return None
        if not leg.srtp.admit(ssrc):
            self.counters["ssrc_refused"] += 1
            return None
        leg.ice.has_media = True
        # Never from a living leg: whoever guesses another's SSRC must not divert its search by SSRC.
        if self._by_ssrc.setdefault(ssrc, leg) is leg:
            leg.found_by.add(ssrc)
        other = leg.other
        if other is None or other.srtp is None:
            return None
        track = leg.up.map(payload_type, ssrc, sequence_number, timestamp, other.down, now)
        if track is other.down.video:
            self.ask_key_frame(leg, now, is_urgent=True)
        return track

    def _first_forwarded(self, leg: Leg) -> None:
        leg.has_forwarded = True
        room, other = leg.room, leg.other
        if not room.is_flowing and other is not None and other.has_forwarded:
            room.is_flowing = True
            self._report(wire.Flowing(session=room.session))

    # ---- everything else ------------------------------------------------------------------------------------------

    def _receive_other(
        self, size: int, address: Address, path: Path[Leg] | None, is_rtp: bool, now: float
    ) -> Leg | None:
        """Take STUN, DTLS, RTCP, and packets from unknown addresses (RFC 7983 §7).

        Returns:
            The leg whose keys shall be tried on an RTP packet from an unknown address; None otherwise.
        """
        data = self._buffer.data
        first = data[0]
        if size >= 20 and first < 2:
            self._perform(self.ice.receive(bytes(self._buffer.view[:size]), address, now))
        elif path is not None and size >= HEADER_BYTES and 20 <= first < 64:
            self._receive_dtls(path, bytes(self._buffer.view[:size]))
        elif is_rtp:
            leg = self._by_ssrc.get(int.from_bytes(data[8:12], "big"))
            if leg is None:
                self.counters["unknown"] += 1
            return leg
        elif size >= HEADER_BYTES and 128 <= first < 192 and is_rtcp(data[1]):
            known = path.leg.owner if path is not None else None
            leg = known or self._by_ssrc.get(int.from_bytes(data[4:8], "big"))
            if leg is None:
                self.counters["unknown"] += 1
            else:
                self._receive_rtcp(leg, path, bytes(self._buffer.view[:size]), now)
        else:
            self.counters["unknown"] += 1
        return None

    def _receive_dtls(self, path: Path[Leg], data: bytes) -> None:
        dtls = path.leg.owner.dtls
        if dtls is None or not dtls.receive(data):
            self.counters["dtls_dropped"] += 1

    def _roamed(self, leg: Leg, address: Address, now: float) -> None:
        """Authentic media came from an unknown address: it is passed on, and the address is asked whose it is."""
        if leg.ice is not None:
            leg.ice.heard_at = leg.ice.media_at = now
            self._perform(self.ice.probe(leg.ice, address, now))

    def _perform(self, outputs: Iterable[Output[Leg]]) -> None:
        for output in outputs:
            match output:
                case Sent(data, to):
                    self.send(data, to)
                case Moved(leg, reason, is_first):
                    log.info("leg.moved", **_named(leg.owner), reason=reason, is_first=is_first)
                case Restarted(leg):
                    log.info("leg.restarted", **_named(leg.owner))
                case Silent(leg, silent_for_s):
                    self._report(wire.WentSilent(**_epoch(leg.owner), silent_for_s=silent_for_s))
                case Returned(leg):
                    self._report(wire.CameBack(**_epoch(leg.owner)))
                case Expired(leg):
                    log.info("leg.consent_expired", **_named(leg.owner))
                case Discarded(reason):
                    self.counters[reason] += 1

    # ---- RTCP -----------------------------------------------------------------------------------------------------

    def ask_key_frame(self, leg: Leg, now: float, *, is_urgent: bool) -> None:
        """Ask a leg for a key frame of the video that the other end receives, if it sends any."""
        other = leg.other
        if other is None or other.down.video.source is not leg.up:
            return
        if leg.may_ask_key_frame(now, is_urgent=is_urgent):
            self.counters["pli_sent"] += 1
            self._send_rtcp(leg, pli(other.down.video.up_ssrc))

    def _send_rtcp(self, leg: Leg, data: bytes) -> None:
        if leg.srtp is None:
            return
        packet = leg.srtp.protect_rtcp(self._rtcp_buffer, data)
        if packet is None:
            self.counters["protect_refused"] += 1
        else:
            self.send(packet, leg.address)

    def _receive_rtcp(self, leg: Leg, path: Path[Leg] | None, data: bytes, now: float) -> None:
        """Relay feedback end to end in the other end's numbers; answer NACKs from what is kept."""
        if leg.srtp is None:
            return
        plain = leg.srtp.unprotect_rtcp(self._rtcp_buffer, data)
        if plain is None:
            self.counters["srtp_refused"] += 1
            return
        if not leg.srtp.admit(int.from_bytes(plain[4:8], "big")):
            self.counters["ssrc_refused"] += 1
            return
        self.counters["rtcp_read"] += 1
        if path is not None:
            path.media_at = now
        other = leg.other
        if other is None or other.srtp is None or now >= min(leg.room.closes_at, self.deaf_at):
            return
        published = {track.up_ssrc: track for track in other.down.fed_by(leg.up)}
        received = {track.ssrc: track for track in leg.down.fed_by(other.up)}
        try:
            feedback = read_feedback(plain, published, received)
        except MalformedRtcp:
            self.counters["rtcp_malformed"] += 1
            return
        self._meter(leg, other, feedback, now)
        onward = feedback.relay
        for ssrc, lost in feedback.lost:
            onward += self._resend(leg, received[ssrc], lost, now)
        if onward:
            self._send_rtcp(other, onward)
        if feedback.wants_key_frame:
            self.ask_key_frame(other, now, is_urgent=False)

    def _meter(self, leg: Leg, other: Leg, feedback: Feedback, now: float) -> None:
        """What a leg reports speaks of its line, and what is passed on will be answered."""
        tracks = {track.ssrc: track for track in leg.down.fed_by(other.up)}
        for block in feedback.blocks:
            track = tracks[block.ssrc]
            leg.meter.heard(now, track.payload_type, block, track.packets)
        for report_at in feedback.reports:
            other.meter.passed_on(now, report_at)

    def _resend(self, leg: Leg, track: DownTrack, lost: list[int], now: float) -> bytes:
        """Send again what is kept.

        Returns:
            A NACK for the rest, in the sender's numbers; empty when there is no rest.
        """
        unknown: list[int] = []
        for sequence_number in lost:
            if not leg.down.may_resend(now):
                self.counters["resend_refused"] += 1
            elif (packet := track.kept(sequence_number)) is not None:
                self.counters["resent"] += 1
                self.send(packet, leg.address)
            else:
                unknown.append(uint16_add(sequence_number, -track.sequence_offset))
        self.counters["nack_passed"] += len(unknown)
        return nack(track.up_ssrc, unknown) if unknown else b""


def _named(leg: Leg) -> dict[str, str | int]:
    return {"session": leg.room.session, "seat": leg.seat, "media_epoch": leg.media_epoch}


def _epoch(leg: Leg) -> dict[str, object]:
    return dict(_named(leg))
