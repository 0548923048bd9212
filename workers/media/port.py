"""The one UDP port of a worker: tells STUN, DTLS, RTCP and RTP apart, and forwards RTP.

The way of a packet is receive, unprotect, find the route, keep, rewrite, protect, send: synchronous, in one slot, with
what came together (`workers.media.datagrams`), bounded (some turns a wake, so that the link and the timers get theirs)
and total: no exception leaves it, and what it drops is counted. Whether a room is still open is asked of the clock in
each turn of at most `SLOTS` packets, never of a timer.

Where two people talk, all of it happens in place, and from what is remembered of the packet before (ADR 16). The first
packet of a track, one for several, a repetition and one for who takes no RTX go the wide way (`_forward_widely`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import structlog

from workers.media import srtp, wire
from workers.media.control import Control
from workers.media.datagrams import SLOTS, Datagrams, Slot, Spelling
from workers.media.forwarder import DROPPED, DownTrack, UpTrack
from workers.media.ice import (
    Address,
    Discarded,
    Expired,
    IceAgent,
    IceLeg,
    Moved,
    Output,
    Path,
    Restarted,
    Returned,
    Sent,
    Silent,
)
from workers.media.kept import KEPT_IN_A_TURN
from workers.media.lines import Lines
from workers.media.remembered import Sender, ShortPath
from workers.media.room import KEY_FRAME_INTERVAL_S, Leg
from workers.media.rtp import (
    HEADER,
    HEADER_BYTES,
    NUMBERING,
    OPUS,
    PICTURES,
    REPEATS,
    SCREEN,
    feedback_header,
    is_rtcp,
    put_send_time,
)

TURNS = 16
"""A wake, of at most `SLOTS` packets each: so that commands, heartbeats and timers get theirs."""
DENSE_S = 0.004
"""Between two wakes; where packets come so close together the port lets some gather (ADR 14)."""
WITHIN_S = 0.0017
"""From a packet's arrival to its departure, where packets gather. A wake costs as much as some of them; below 2 ms the
kernel needs its part, too."""
FORGETS = 0.1
"""By this part of the difference, each time, the longest turn of late is forgotten."""
RESTS = 8
"""A wake, so that commands and timers get their turn."""
ASK_AGAIN_S = 0.125
"""How often it is looked for what was asked for and has not come."""
PART_S = 0.0003
"""Looking at all legs and rooms in turn lets the packets that came meanwhile pass each time it took so long."""
MAX_LOGGED_ERRORS = 20
AWAY_AFTER_S = 0.5
"""Without sound for so long, which comes every 20 ms from who is muted too, somebody's line was cut."""
MOVED_WITHIN_S = 2.0
"""Who comes back by another way is found there within a fraction of it."""

log = structlog.get_logger()
Each = TypeVar("Each")


class MediaPort:
    """Carries the packets of all rooms of a worker.

    Args:
        udp: the socket; the port closes it.
        report: takes what the node has to know; must not raise.
        monotonic: seconds of CLOCK_MONOTONIC.
    """

    def __init__(
        self,
        udp: Datagrams,
        report: Callable[[wire.Report], None],
        monotonic: Callable[[], float],
    ) -> None:
        self.udp = udp
        self.number = udp.number
        self.ice: IceAgent[Leg] = IceAgent()
        self.counters: Counter[str] = Counter()
        self.forwarded = 0
        self.deaf_at = float("inf")
        """From this moment on the node counts as gone, and nothing is forwarded (set with each sign of life)."""
        self._report = report
        self._monotonic = monotonic
        self._turned_at = float("-inf")
        self._by_ssrc: dict[int, Leg] = {}
        self._senders: dict[Spelling, Sender] = {}
        """Whose address is known and whose keys are there, as of `_ice_revision`."""
        self._ice_revision = 0
        self.control = Control(self.send, self._queue, udp.spare, self.counters)
        self.lines = Lines(self.control, report)
        self._take = self._taking()

    def close(self) -> None:
        """Close the socket."""
        self.udp.close()

    def remove(self, leg: Leg) -> None:
        """Forget a leg: from here on nothing of it is forwarded, and nothing is sent to it but close_notify."""
        if leg.ice is None:
            return
        leg.farewell_to = leg.ice.address
        self.ice.leave(leg.ice)
        self._mind_addresses()
        leg.ice = leg.srtp = None
        for ssrc in leg.found_by:
            del self._by_ssrc[ssrc]
        leg.found_by.clear()

    def known_ssrcs(self) -> int:
        """How many senders' SSRCs are on file."""
        return len(self._by_ssrc)

    def send(self, data: bytes, to: Address | None) -> None:
        """Send a datagram, or drop it when the kernel's buffer is full or there is no address."""
        if to is not None and not self.udp.send(data, to):
            self.counters["send_dropped"] += 1

    def _queue(self, slot: Slot, to: Address | None) -> None:
        """Have the packet in a slot sent with the others of its turn, as `send` does."""
        destination = self.udp.destination(to) if to is not None else None
        if destination is not None:
            self.udp.queue(slot, destination)
        else:
            self.send(slot.taken(), to)

    def tick(self, now: float) -> None:
        """Look at the time, a few times a second."""
        self.turn(now)
        self.ice.forget_late(now)
        # Each with its own moment: what came between them is not to lie in the future.
        moment = self._monotonic
        self._each(self.ice.owners, lambda leg: self._look_at(leg, moment()))
        rooms = list(dict.fromkeys(leg.room for leg in self.ice.owners if leg.srtp is not None))
        self._each(self.lines.due(rooms, now), lambda room: self.lines.measure(room, moment()))
        self.lines.tell(now)

    def turn(self, now: float) -> None:
        """Ask again for what is overdue; at least as often as `tick`."""
        if now >= self._turned_at + ASK_AGAIN_S:
            self._turned_at = now
            again = self.control.ask_again
            self._each(list(self.control.asking), lambda up: again(up, self._monotonic()))

    def _each(self, all_of_them: Iterable[Each], do: Callable[[Each], None]) -> None:
        began = self._monotonic()
        for one in all_of_them:
            try:
                do(one)
            except Exception as wrong:  # the worker's loop: no leg and no room may stop the others
                self._failed(wrong)
            if self._monotonic() >= began + PART_S:
                self._take_waiting()
                began = self._monotonic()

    def _take_waiting(self) -> None:
        """Let the packets pass that have come meanwhile; the event loop finds what is more than a turn."""
        try:
            datagrams = self.udp.receive()
        except OSError:
            self.counters["receive_failed"] += 1
        else:
            self._take(datagrams, self._monotonic())

    def _look_at(self, leg: Leg, now: float) -> None:
        if leg.ice is not None:
            self._perform(self.ice.look_at(leg.ice, now))

    # ---- the way of a packet --------------------------------------------------------------------------------------

    def reader(self, rest: Callable[[float], object]) -> Callable[[], None]:
        """The callback for a readable socket; its names are local, for it runs for every packet.

        Args:
            rest: waits so many seconds; it may block.
        """
        receive, take, monotonic = self.udp.receive, self._take, self._monotonic
        taken_at = float("-inf")
        turn_s = 0.0

        def on_readable() -> None:
            nonlocal taken_at, turn_s
            rests = RESTS
            for _ in range(TURNS):
                try:
                    datagrams = receive()
                except OSError:
                    self.counters["receive_failed"] += 1
                    continue
                if not datagrams:
                    return
                now = monotonic()
                take(datagrams, now)
                took_s = min(monotonic() - now, WITHIN_S)
                turn_s = max(took_s, turn_s + FORGETS * (took_s - turn_s))
                is_dense, taken_at = now - taken_at < DENSE_S, now
                if len(datagrams) == SLOTS:
                    continue
                if not is_dense:
                    return
                # What comes now waits for the end of the rest and of the next turn. It may take as long as the longest
                # one of late: packets come in heaps, and a short turn says nothing of the next.
                rest_s = WITHIN_S - took_s - turn_s
                if rest_s > 0:
                    rest(rest_s)
                    rests -= 1
                if rests == 0:
                    # What has come meanwhile is found by the event loop at once.
                    return

        return on_readable

    def _taking(  # noqa: C901
        self,
    ) -> Callable[[Sequence[tuple[Slot, int, Spelling]], float], None]:
        """What is done with the datagrams of a turn: RTP is checked, kept, rewritten, protected and sent."""
        flush, queue, sender_of = self.udp.flush, self.udp.queue, self._senders.get
        unprotect, protect, copied = srtp.unprotect, srtp.protect, srtp.copied
        unpack, number_in, counters = HEADER.unpack_from, NUMBERING.pack_into, self.counters
        receive_other, forward_widely = self._receive_other, self._forward_widely
        receive_rtcp = self._receive_rtcp

        # One function with local names, for it runs for every packet, and a call costs as much as what it would do.
        def take(  # noqa: C901
            datagrams: Sequence[tuple[Slot, int, Spelling]], now: float
        ) -> None:
            is_deaf, forwarded, before = now >= self.deaf_at, 0, self.forwarded
            for slot, size, spelling in datagrams:
                try:
                    data = slot.data
                    # Of what is no RTP the figures mean nothing; the header is not encrypted.
                    first, second, number, timestamp, ssrc = unpack(data)
                    sender = sender_of(spelling)
                    is_rtp = (
                        size >= HEADER_BYTES and 128 <= first < 192 and not 192 <= second <= 223
                    )
                    if sender is None or not is_rtp:
                        if sender is not None and 128 <= first < 192 and size >= HEADER_BYTES:
                            receive_rtcp(slot, size, sender.leg, sender.path, now)
                            continue
                        sender = receive_other(slot, size, spelling, is_rtp, now)
                        if sender is None:
                            continue
                    if is_deaf or now >= sender.room.closes_at:
                        counters["not_open"] += 1
                        continue
                    chars, length = slot.chars, slot.length
                    length[0] = size
                    if unprotect(sender.receiving, chars, length):
                        counters["srtp_refused"] += 1
                        continue
                    path = sender.path
                    if path is not None:
                        path.media_at = now
                    else:
                        self._roamed(sender.leg, self.udp.address(spelling), now)
                    up = sender.routes.get(ssrc) or self._map(
                        sender.leg, second & 0x7F, ssrc, number, timestamp, now
                    )
                    if up is None or second & 0x7F != up.payload_type:
                        counters["not_forwarded"] += 1
                        continue
                    if (number - up.sequence_number) & 0xFFFF == 1:
                        up.sequence_number, up.timestamp, up.at = number, timestamp, now
                    else:
                        self._not_next(sender.leg, up, number, timestamp, now)
                    up.packets += 1
                    up.bytes += size
                    short = up.short_path
                    if short is None or short.ice.address is not short.address:
                        forward_widely(slot, sender.leg, up, number, timestamp, now)
                        continue
                    kept = up.kept
                    if kept is not None:
                        if now >= kept.turns_at:
                            kept.turn(now)
                        if len(kept.young) < KEPT_IN_A_TURN:
                            kept.young[number] = copied(chars, length[0])
                    number_in(
                        data,
                        2,
                        (number + short.sequence_offset) & 0xFFFF,
                        (timestamp + short.timestamp_offset) & 0xFFFF_FFFF,
                        short.ssrc,
                    )
                    if protect(short.sending, chars, length):
                        counters["protect_refused"] += 1
                        continue
                    queue(slot, short.destination)
                    forwarded += 1
                except Exception as wrong:  # the worker's loop: no packet may stop the others
                    self._failed(wrong)
            refused = flush()
            # What is refused may be our own, too; a count never falls.
            self.forwarded = max(before, self.forwarded + forwarded - refused)
            if refused:
                counters["send_dropped"] += refused

        return take

    def _forward_widely(
        self, slot: Slot, leg: Leg, up: UpTrack[Leg], number: int, timestamp: int, now: float
    ) -> None:
        """Forward the packet in a slot to all whom its track feeds; a repetition names what it repeats.

        If it goes, at once or with its turn, to the only one that its track feeds, the next may take the short path.
        """
        if up.first is None:
            self.counters["not_forwarded"] += 1
            return
        up.short_path = None
        data, size = slot.data, slot.length[0]
        if leg.is_echo and not leg.may_echo(size, now):
            self.counters["echo_refused"] += 1
            return
        if up.kept is not None:
            up.kept.keep(number, slot.taken(), now)
        elif up.payload_type in REPEATS:
            self.control.came_again(leg, up, data, size)
        plain = slot.taken() if up.more else b""
        for down in up.fed:
            if plain:
                data[:size] = plain
                slot.length[0] = size
            rewritten = down.rewrite(data, size, number, timestamp)
            if rewritten == DROPPED:
                self.counters["not_forwarded"] += 1
                continue
            if down.is_stamped:
                put_send_time(data, size, now)
            # A leg's first packet must be seen to go. The others go with their turn, unless the slot is needed again.
            in_turn = leg.has_forwarded and not up.more
            went = self._send_rewritten(slot, leg, down, rewritten, now, in_turn=in_turn)
            if went and up.is_direct:
                up.short_path = self._short_path(down)

    def _short_path(self, down: DownTrack[Leg]) -> ShortPath | None:
        """The short path of a track that feeds only this one; None: its receiver cannot be reached at the moment."""
        to = down.owner
        if to.ice is None or to.srtp is None or to.ice.address is None:
            return None
        destination = self.udp.destination(to.ice.address)
        return ShortPath(down, to.srtp, to.ice, destination) if destination is not None else None

    def _send_rewritten(
        self, slot: Slot, leg: Leg, down: DownTrack[Leg], number: int, now: float, *, in_turn: bool
    ) -> bool:
        """Encrypt the packet in a slot for one receiver, and send it at once or with its turn; whether it goes."""
        to = down.owner
        if to.srtp is None or to.address is None:
            self.counters["not_forwarded"] += 1
            return False
        if srtp.protect(to.srtp.sending, slot.chars, slot.length):
            self.counters["protect_refused"] += 1
            return False
        if down.kept is not None:
            down.kept.keep(number, slot.taken(), now)
        destination = self.udp.destination(to.address) if in_turn else None
        if destination is not None:
            self.udp.queue(slot, destination)
        elif not self.udp.send(slot.taken(), to.address):
            self.counters["send_dropped"] += 1
            return False
        self.forwarded += 1
        if not leg.has_forwarded:
            self._first_forwarded(leg, to)
        return True

    def _not_next(
        self, leg: Leg, up: UpTrack[Leg], number: int, timestamp: int, now: float
    ) -> None:
        """Ask for what lies between this packet and the one before; after an absence for pictures that need nothing."""
        was_away = up.payload_type == OPUS and now - up.at > AWAY_AFTER_S
        self.control.ask(leg, up, up.arrived(number, timestamp, now))
        if was_away:
            leg.returned_at = now
            self._refresh(leg, now, is_urgent=False)

    def _refresh(self, leg: Leg, now: float, *, is_urgent: bool) -> None:
        """Ask for key frames of what a leg sends and receives: until a browser asks for one, seconds pass.

        What it missed before them is not repeated: that would go first, and slowly, for an estimate falls in a silence.
        """
        for up in leg.up.routes.values():
            if up.payload_type in PICTURES:
                self.control.ask_key_frame(up, now, is_urgent=is_urgent)
        for down in leg.down.fed():
            if (
                down.up is not None
                and down.payload_type in PICTURES
                and self.control.ask_key_frame(down.up, now, is_urgent=is_urgent)
            ):
                down.begin_again()

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
    ) -> UpTrack[Leg] | None:
        """Route the first packet of an SSRC, or the first since the room has changed; it may feed nobody."""
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
        track = leg.up.track(payload_type, ssrc, sequence_number, timestamp, now)
        if track is None:
            return None
        listeners = leg.listeners()
        if payload_type == SCREEN and not leg.room.screen.shows(track, now):
            listeners = []
        downs = [each.down for each in listeners]
        if leg.up.map(track, sequence_number, timestamp, downs, now) and payload_type in PICTURES:
            self.control.ask_key_frame(track, now, is_urgent=True)
        self.control.keep(track)
        return track

    def _first_forwarded(self, leg: Leg, to: Leg) -> None:
        room, first = leg.room, leg.first_other()
        if to is not first:
            return
        leg.has_forwarded = True
        is_mutual = first.first_other() is leg
        if not room.is_flowing and is_mutual and first.has_forwarded:
            room.is_flowing = True
            self._report(wire.Flowing(session=room.session))

    # ---- everything else ------------------------------------------------------------------------------------------

    def _receive_other(
        self, slot: Slot, size: int, spelling: Spelling, is_rtp: bool, now: float
    ) -> Sender | None:
        """Take STUN, DTLS, RTCP, and packets from addresses that are unknown so far (RFC 7983 §7).

        Returns:
            Of RTP, whose keys shall be tried; None: of nobody's, or it is something else.
        """
        address = self.udp.address(spelling)
        path, data = self.ice.paths.get(address), slot.data
        first = data[0]
        if is_rtp:
            return self._find_sender(spelling, path, int.from_bytes(data[8:12], "big"))
        if size >= 20 and first < 2:
            outputs = self.ice.receive(bytes(slot.view[:size]), address, now)
            self._mind_addresses()
            self._perform(outputs)
        elif path is not None and size >= HEADER_BYTES and 20 <= first < 64:
            self._receive_dtls(path, bytes(slot.view[:size]))
        elif size >= HEADER_BYTES and 128 <= first < 192 and is_rtcp(data[1]):
            known = path.leg.owner if path is not None else None
            leg = known or self._by_ssrc.get(int.from_bytes(data[4:8], "big"))
            if leg is None:
                self.counters["unknown"] += 1
            else:
                self._receive_rtcp(slot, size, leg, path, now)
        else:
            self.counters["unknown"] += 1
        return None

    def _mind_addresses(self) -> None:
        """Forget who sends from where, if that is no longer so."""
        if self.ice.revision != self._ice_revision:
            self._ice_revision = self.ice.revision
            self._senders.clear()

    def _find_sender(self, spelling: Spelling, path: Path[Leg] | None, ssrc: int) -> Sender | None:
        """Whose RTP it may be: of the leg that an address is known to be of, or of one whose SSRC it is."""
        leg = path.leg.owner if path is not None else self._by_ssrc.get(ssrc)
        if leg is None:
            self.counters["unknown"] += 1
            return None
        if leg.srtp is None:
            self.counters["not_open"] += 1
            return None
        sender = Sender(leg, leg.srtp, path)
        if path is not None:
            self._senders[spelling] = sender
        return sender

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
                    self._moved(leg, reason, is_first=is_first)
                case Restarted(leg):
                    log.info("leg.restarted", **_named(leg.owner))
                case Silent(leg, silent_for_s):
                    self._report(wire.WentSilent(**_epoch(leg.owner), silent_for_s=silent_for_s))
                case Returned(leg):
                    self._report(wire.CameBack(**_epoch(leg.owner)))
                case Expired(leg):
                    self._expired(leg.owner)
                case Discarded(reason):
                    self.counters[reason] += 1

    def _moved(self, ice: IceLeg[Leg], reason: str, *, is_first: bool) -> None:
        """A leg is found at another address."""
        leg, now = ice.owner, self._monotonic()
        log.info("leg.moved", **_named(leg), reason=reason, is_first=is_first)
        leg.best_rtt_s = float("inf")
        self.measure_way(ice)
        if is_first:
            leg.room.reroute()
        has_moved = not is_first and now - leg.returned_at < MOVED_WITHIN_S
        # What was asked for before went astray; or a browser is found again before it sends media there.
        is_back = has_moved or (ice.has_media and now - ice.last_media_at > AWAY_AFTER_S)
        # One that goes to and fro cannot have a key frame each time.
        if is_back and now - leg.refreshed_at >= KEY_FRAME_INTERVAL_S:
            leg.refreshed_at = now
            self._refresh(leg, now, is_urgent=True)

    def measure_way(self, ice: IceLeg[Leg]) -> None:
        """See how long the way is while nothing fills it yet: as soon as both the address and the answer are known."""
        if ice.address is not None and ice.shortest_s == float("inf"):
            self._perform(self.ice.ask(ice, ice.address, self._monotonic()))

    def _expired(self, leg: Leg) -> None:
        """A leg cannot be reached; numbers that went by unsent would in the end be too many for its SRTP to follow."""
        log.info("leg.consent_expired", **_named(leg))
        leg.down.release()
        leg.room.reroute()

    # ---- RTCP -----------------------------------------------------------------------------------------------------

    def _receive_rtcp(
        self, slot: Slot, size: int, leg: Leg, path: Path[Leg] | None, now: float
    ) -> None:
        """Check and decrypt the feedback in a slot, and have it carried out."""
        transport, length = leg.srtp, slot.length
        if transport is None:
            return
        length[0] = size
        if srtp.unprotect_rtcp(transport.receiving, slot.chars, length):
            self.counters["srtp_refused"] += 1
            return
        size = length[0]
        ssrc, lone, media_ssrc = feedback_header(slot.data, size)
        if not transport.admit(ssrc):
            self.counters["ssrc_refused"] += 1
            return
        if path is not None:
            path.media_at = now
        if not leg.may_report(size, now):
            self.counters["rtcp_refused"] += 1
            return
        self.counters["rtcp_read"] += 1
        if now < leg.room.closes_at and now < self.deaf_at:
            self.control.take(leg, slot, lone, media_ssrc, now)


def _named(leg: Leg) -> dict[str, str | int]:
    return {"session": leg.room.session, "seat": leg.seat, "media_epoch": leg.media_epoch}


def _epoch(leg: Leg) -> dict[str, object]:
    return dict(_named(leg))
