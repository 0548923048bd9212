"""RTP and RTCP as bytes: headers, serial arithmetic, RTX, and feedback translated between two numberings. PURE.

It reads no clock, draws no random number, waits for nothing and logs nothing. What comes in is authentic (SRTP has
been checked) but may still lie: whatever is malformed raises `MalformedRtcp`, and nothing else.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

OPUS = 111
VP8 = 96
RTX = 97
SCREEN = 98
SCREEN_RTX = 99
"""The payload types of our offer; both browsers take them as they are, so nothing is remapped. The screen has its own
(VP8 and RTX as well), so that a packet's kind is known by its payload type."""

REPEATS: Mapping[int, int] = {RTX: VP8, SCREEN_RTX: SCREEN}
"""Which pictures a payload type repeats (RFC 4588 §8.1, `apt`)."""
PICTURES = frozenset(REPEATS.values())

CLOCK_HZ: Mapping[int, int] = {
    OPUS: 48_000,
    VP8: 90_000,
    RTX: 90_000,
    SCREEN: 90_000,
    SCREEN_RTX: 90_000,
}
"""The RTP clock of each payload type (RFC 7587 §4.1, RFC 7741 §4.1, RFC 4588 §4)."""

SEND_TIME_ID = 2
"""The id of the extension `abs-send-time` in our offer."""

HEADER = struct.Struct("!BBHLL")
"""Version and flags, marker and payload type, sequence number, timestamp, SSRC (RFC 3550 §5.1)."""
HEADER_BYTES = HEADER.size
NUMBERING = struct.Struct("!HLL")
"""Sequence number, timestamp, SSRC: what the forwarder rewrites, from the third byte on."""

_UINT16 = struct.Struct("!H")
_UINT32 = struct.Struct("!L")
_RTCP_HEADER = struct.Struct("!BBH")
_FEEDBACK_HEADER = struct.Struct("!BBHLL")
_NACK_ENTRY = struct.Struct("!HH")
_BLOCK = struct.Struct("!LLLLLL")
_SEND_TIME = struct.Struct("!BHB")
_REMB = struct.Struct("!LL4sBBH")

SENDER_REPORT = 200
RECEIVER_REPORT = 201
TRANSPORT_FEEDBACK = 205
PAYLOAD_FEEDBACK = 206
NACK = 1
TRANSPORT_WIDE = 15
PLI = 1
APPLICATION = 15
"""Packet types and formats of RFC 3550 §12.1, RFC 4585 §6, draft-holmer-rmcat-transport-wide-cc-extensions and
draft-alvestrand-rmcat-remb."""

REPORT_BLOCK_BYTES = 24
MEDIA_SSRC_AT = 8
"""Where feedback names the track that it speaks of (RFC 4585 §6.1)."""
OUR_SSRC = 1
"""The sender SSRC of the feedback that we originate ourselves; receivers do not look at it."""


class MalformedRtcp(ValueError):
    """An authentic RTCP packet whose lengths lie."""


def uint16_add(value: int, offset: int) -> int:
    """Add modulo 2^16, as sequence numbers are added (RFC 3550 §5.1)."""
    return (value + offset) & 0xFFFF


def uint32_add(value: int, offset: int) -> int:
    """Add modulo 2^32, as timestamps are added (RFC 3550 §5.1)."""
    return (value + offset) & 0xFFFF_FFFF


def uint16_is_older(value: int, than: int) -> bool:
    """Whether a sequence number comes before another one, by half the circle (RFC 1982 §3.2)."""
    return (value - than) & 0xFFFF >= 0x8000


def is_rtcp(second_byte: int) -> bool:
    """Whether a packet on a multiplexed port is RTCP, by its second byte (RFC 5761 §4)."""
    return 192 <= second_byte <= 223


def payload_at(buffer: bytes | bytearray, length: int) -> int | None:
    """Where the payload begins, after CSRCs and header extension (RFC 3550 §5.1); None: past the end."""
    position = HEADER_BYTES + 4 * (buffer[0] & 0x0F)
    if buffer[0] & 0x10:
        if length < position + 4:
            return None
        position += 4 + 4 * int(_UINT16.unpack_from(buffer, position + 2)[0])
    return position if position <= length else None


def original_sequence_at(buffer: bytes | bytearray, length: int) -> int | None:
    """Find the original sequence number of an RTX packet (RFC 4588 §4).

    Args:
        buffer: holds the decrypted packet from its start.
        length: bytes of the packet.

    Returns:
        Its position in bytes, or None when the packet carries none: padding only, as in bandwidth probing.
    """
    position = payload_at(buffer, length)
    if position is None or length < position + 2:
        return None
    is_padding_only = bool(buffer[0] & 0x20) and buffer[length - 1] == length - position
    return None if is_padding_only else position


def repetition(
    packet: bytes,
    *,
    payload_type: int,
    number: int,
    timestamp: int,
    ssrc: int,
    original: int,
) -> bytes | None:
    """Wrap a packet into RTX (RFC 4588 §4): the same header with other numbers, the original number, the payload.

    Args:
        packet: as it was decrypted.
        payload_type: of the RTX track.
        number: sequence number on the RTX track; never one that was used before.
        timestamp: of the packet, in the receiver's numbering.
        ssrc: of the RTX track.
        original: sequence number of the packet, in the receiver's numbering.

    Returns:
        The RTX packet in clear, or None when the packet's header lies about its length.
    """
    position = payload_at(packet, len(packet))
    if position is None:
        return None
    marker = packet[1] & 0x80
    return b"".join(
        (
            HEADER.pack(packet[0], marker | payload_type, number, timestamp, ssrc),
            packet[HEADER_BYTES:position],
            _UINT16.pack(original),
            packet[position:],
        )
    )


def put_send_time(buffer: bytearray, length: int, now: float) -> None:
    """Say in the packet's `abs-send-time`, if it has one, that it is sent now: the receiver measures its own line.

    Several senders have several clocks, and whoever hears them all would compare them with each other.

    Args:
        buffer: holds the packet in clear from its start.
        length: bytes of the packet.
        now: seconds of any clock that runs evenly; 24 bits, 6 of them before the point.
    """
    end = payload_at(buffer, length)
    if not buffer[0] & 0x10 or end is None:
        return
    position = HEADER_BYTES + 4 * (buffer[0] & 0x0F)
    if buffer[position : position + 2] != b"\xbe\xde":
        return
    position += 4
    while position + 4 <= end:
        first = buffer[position]
        if first == SEND_TIME_ID << 4 | 2:
            sent = int(now * (1 << 18)) & 0xFF_FFFF
            _SEND_TIME.pack_into(buffer, position, first, sent >> 8, sent & 0xFF)
            return
        # One byte of padding, or a header with the length less one (RFC 8285 §4.2).
        position += 2 + (first & 0x0F) if first else 1


# ---- RTCP -----------------------------------------------------------------------------------------------------------


class Numbering(Protocol):
    """How one SSRC that is sent up becomes one SSRC that is received down."""

    @property
    def payload_type(self) -> int:
        """Payload type of the track."""

    @property
    def ssrc(self) -> int:
        """SSRC as the receiver knows it."""

    @property
    def up_ssrc(self) -> int:
        """SSRC as the sender knows it."""

    @property
    def sequence_offset(self) -> int:
        """Up sequence number plus this is the down one."""

    @property
    def timestamp_offset(self) -> int:
        """Up timestamp plus this is the down one."""


class Known(Protocol):
    """Tracks by SSRC, such as a `dict`."""

    def get(self, ssrc: int, /) -> Numbering | None:
        """The track; None: there is none."""


class Tracks(Known, Protocol):
    """The same, all of them known."""

    def values(self) -> Iterable[Numbering]:
        """All tracks."""


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What a receiver says of one track (RFC 3550 §6.4.1)."""

    ssrc: int
    """The track, as the receiver knows it."""
    lost: int
    """Packets lost since the beginning; doubles count negative."""
    highest: int
    """Highest sequence number received, with its cycles."""
    jitter: int
    """Interarrival jitter in units of the track's clock."""
    last_report: int
    """The middle 32 bits of the NTP time of the sender report that came last; 0: none came."""
    delay_s: float
    """How long ago that was."""
    share: int = 0
    """Lost since the report before, of 256."""


@dataclass(slots=True)
class Feedback:
    """What one compound packet of a leg means for the leg at the other end."""

    relay: bytes = b""
    """Reports and transport-wide feedback in the other end's numbering; empty when there are none."""
    lost: list[tuple[int, list[int]]] = field(default_factory=list)
    """NACKs: the down SSRC, and the down sequence numbers that are missing."""
    key_frames: set[int] = field(default_factory=set)
    """The down SSRCs of which the leg wants a key frame."""
    estimate_bps: int | None = None
    """What the leg thinks that it can receive, all tracks together (REMB); 0: nothing. None: it does not say."""
    sender_infos: list[tuple[int, bytes]] = field(default_factory=list)
    """What the leg says as a sender: its SSRC, and the 20 bytes that follow (RFC 3550 §6.4.1)."""
    blocks: list[ReportBlock] = field(default_factory=list)
    """What the leg says of the tracks that it receives."""
    reports: list[int] = field(default_factory=list)
    """The sender reports in `relay`: the middle 32 bits of their NTP times."""


def rtcp_packets(compound: bytes) -> Iterator[bytes]:
    """Split a compound packet (RFC 3550 §6.1).

    Raises:
        MalformedRtcp: a length goes past the end.
    """
    position = 0
    while position < len(compound):
        if position + _RTCP_HEADER.size > len(compound):
            raise MalformedRtcp("trailing bytes")
        # A BYE or SDES of nobody is a header alone (RFC 3550 §6.5, §6.6).
        words = int(_UINT16.unpack_from(compound, position + 2)[0])
        end = position + _RTCP_HEADER.size + 4 * words
        if end > len(compound):
            raise MalformedRtcp("length past the end")
        yield compound[position:end]
        position = end


def read_feedback(compound: bytes, published: Known, received: Tracks) -> Feedback:
    """Translate what a leg reports into the numbering of the leg at the other end.

    Args:
        compound: decrypted RTCP.
        published: the leg's own tracks, by the SSRC that it sends (up).
        received: the tracks that the leg receives, by the SSRC that it knows (down).

    Returns:
        What to relay, what to resend and whether to ask for a key frame. SDES, BYE, APP and XR are not passed on.

    Raises:
        MalformedRtcp: a length lies; the whole compound packet is to be dropped.
    """
    feedback = Feedback()
    relay = bytearray()
    for packet in rtcp_packets(compound):
        kind = packet[1]
        if kind in (SENDER_REPORT, RECEIVER_REPORT):
            relay += _translated_report(packet, published, received, feedback)
        elif kind == TRANSPORT_FEEDBACK:
            relay += _read_transport_feedback(packet, received, feedback)
        elif kind == PAYLOAD_FEEDBACK and packet[0] & 31 == PLI and len(packet) >= 12:
            media_ssrc = _UINT32.unpack_from(packet, 8)[0]
            if received.get(media_ssrc) is not None:
                feedback.key_frames.add(media_ssrc)
        elif kind == PAYLOAD_FEEDBACK and packet[0] & 31 == APPLICATION:
            estimate_bps = _estimate(packet)
            if estimate_bps is not None:
                feedback.estimate_bps = estimate_bps
    feedback.relay = bytes(relay)
    return feedback


def _translated_report(
    packet: bytes,
    published: Known,
    received: Tracks,
    feedback: Feedback,
) -> bytes:
    """A sender or receiver report in the other end's numbering; a report of an unknown sender keeps its blocks."""
    has_sender_info = packet[1] == SENDER_REPORT
    first_block = 28 if has_sender_info else 8
    count = packet[0] & 31
    if len(packet) < first_block + REPORT_BLOCK_BYTES * count:
        raise MalformedRtcp("fewer report blocks than announced")
    head = bytearray(packet[4:8])
    kind = RECEIVER_REPORT
    ssrc = _UINT32.unpack_from(packet, 4)[0]
    track = published.get(ssrc)
    if has_sender_info:
        feedback.sender_infos.append((ssrc, packet[8:28]))
    if has_sender_info and track is not None:
        kind = SENDER_REPORT
        head = bytearray(packet[4:28])
        _UINT32.pack_into(head, 0, track.ssrc)
        timestamp = uint32_add(_UINT32.unpack_from(head, 12)[0], track.timestamp_offset)
        _UINT32.pack_into(head, 12, timestamp)
        feedback.reports.append(_UINT32.unpack_from(head, 6)[0])
    blocks = [
        block
        for index in range(count)
        if (
            block := _translated_block(
                packet, first_block + REPORT_BLOCK_BYTES * index, received, feedback
            )
        )
    ]
    if kind == RECEIVER_REPORT and not blocks:
        return b""
    body = bytes(head) + b"".join(blocks)
    return _RTCP_HEADER.pack(0x80 | len(blocks), kind, len(body) // 4) + body


def _translated_block(packet: bytes, at: int, received: Tracks, feedback: Feedback) -> bytes:
    track = received.get(_UINT32.unpack_from(packet, at)[0])
    if track is None:
        return b""
    feedback.blocks.append(_read_block(packet, at))
    block = bytearray(packet[at : at + REPORT_BLOCK_BYTES])
    _UINT32.pack_into(block, 0, track.up_ssrc)
    # The upper half counts cycles of the receiver's numbering; senders only look at its growth.
    highest = _UINT16.unpack_from(block, 10)[0]
    _UINT16.pack_into(block, 10, uint16_add(highest, -track.sequence_offset))
    return bytes(block)


def _read_block(packet: bytes, at: int) -> ReportBlock:
    ssrc, loss, highest, jitter, last_report, delay = _BLOCK.unpack_from(packet, at)
    lost = loss & 0xFF_FFFF
    return ReportBlock(
        ssrc=ssrc,
        lost=lost - (1 << 24) if lost >= 1 << 23 else lost,
        highest=highest,
        jitter=jitter,
        last_report=last_report,
        delay_s=delay / 65_536,
        share=loss >> 24,
    )


def feedback_header(buffer: bytearray, length: int) -> tuple[int, int, int]:
    """Whose report or feedback a buffer holds, and what it is if it comes without a report (RFC 5506), as most does.

    Args:
        buffer: holds the decrypted packet from its start.
        length: bytes of the packet, eight at least.

    Returns:
        The sender's SSRC (RFC 3550 §6.4.1, RFC 4585 §6.1), the format of lone transport feedback, such as `NACK`, and
        its media SSRC. Of anything else the format is 0.
    """
    first, kind, words, sender, media = _FEEDBACK_HEADER.unpack_from(buffer)
    is_lone = kind == TRANSPORT_FEEDBACK and words >= 2 and 4 + 4 * words == length
    return sender, first & 31 if is_lone else 0, media


def put_media_ssrc(buffer: bytearray, ssrc: int) -> None:
    """Let feedback speak of another track (RFC 4585 §6.1)."""
    _UINT32.pack_into(buffer, MEDIA_SSRC_AT, ssrc)


def _read_transport_feedback(packet: bytes, received: Tracks, feedback: Feedback) -> bytes:
    if len(packet) < 12:
        raise MalformedRtcp("feedback without a media SSRC")
    media_ssrc = _UINT32.unpack_from(packet, 8)[0]
    track = received.get(media_ssrc)
    kind = packet[0] & 31
    if kind == NACK and track is not None:
        feedback.lost.append((media_ssrc, nacked(packet)))
    elif kind == TRANSPORT_WIDE:
        # It speaks of the whole transport, and browsers put any SSRC there, sometimes none of ours.
        track = track or next(iter(received.values()), None)
        if track is not None:
            return packet[:MEDIA_SSRC_AT] + _UINT32.pack(track.up_ssrc) + packet[12:]
    return b""


def nacked(packet: bytes | bytearray, length: int = 0) -> list[int]:
    """Read the sequence numbers that a generic NACK names (RFC 4585 §6.2.1).

    Args:
        packet: begins with it.
        length: its bytes; 0: all.
    """
    missing: list[int] = []
    for position in range(12, (length or len(packet)) - 3, 4):
        first, mask = _NACK_ENTRY.unpack_from(packet, position)
        missing.append(first)
        if mask:
            missing.extend((first + bit + 1) & 0xFFFF for bit in range(16) if mask >> bit & 1)
    return missing


def nack(media_ssrc: int, sequence_numbers: Sequence[int]) -> bytes:
    """Write a generic NACK (RFC 4585 §6.2.1)."""
    entries: list[list[int]] = []
    for number in sequence_numbers:
        behind = uint16_add(number, -entries[-1][0] - 1) if entries else 16
        if behind < 16:
            entries[-1][1] |= 1 << behind
        else:
            entries.append([number, 0])
    head = _RTCP_HEADER.pack(0x80 | NACK, TRANSPORT_FEEDBACK, 2 + len(entries))
    body = b"".join(_NACK_ENTRY.pack(*each) for each in entries)
    return head + _UINT32.pack(OUR_SSRC) + _UINT32.pack(media_ssrc) + body


def pli(media_ssrc: int) -> bytes:
    """Write a picture loss indication: the sender shall make a key frame (RFC 4585 §6.3.1)."""
    head = _RTCP_HEADER.pack(0x80 | PLI, PAYLOAD_FEEDBACK, 2)
    return head + _UINT32.pack(OUR_SSRC) + _UINT32.pack(media_ssrc)


def sender_report(sender_info: bytes, track: Numbering) -> bytes:
    """Write a sender report without blocks (RFC 3550 §6.4.1).

    Args:
        sender_info: as the sender wrote it, without its SSRC.
        track: the track as one receiver knows it.
    """
    info = bytearray(sender_info)
    timestamp = uint32_add(_UINT32.unpack_from(info, 8)[0], track.timestamp_offset)
    _UINT32.pack_into(info, 8, timestamp)
    return _RTCP_HEADER.pack(0x80, SENDER_REPORT, 6) + _UINT32.pack(track.ssrc) + bytes(info)


def report_time(sender_info: bytes) -> int:
    """The 32 bits of a sender report's NTP time that its answers name (RFC 3550 §6.4.1)."""
    return int(_UINT32.unpack_from(sender_info, 2)[0])


def receiver_report(blocks: Sequence[ReportBlock]) -> bytes:
    """Write a receiver report of our own; the share lost since the last one is in each block (RFC 3550 §6.4.2)."""
    body = b"".join(
        _BLOCK.pack(
            each.ssrc,
            each.share << 24 | min(max(each.lost, 0), (1 << 23) - 1),
            each.highest & 0xFFFF_FFFF,
            min(each.jitter, 0xFFFF_FFFF),
            each.last_report,
            min(int(each.delay_s * 65_536), 0xFFFF_FFFF),
        )
        for each in blocks
    )
    head = _RTCP_HEADER.pack(0x80 | len(blocks), RECEIVER_REPORT, 1 + len(body) // 4)
    return head + _UINT32.pack(OUR_SSRC) + body


def _estimate(packet: bytes) -> int | None:
    """The bitrate of a REMB; None: it is something else."""
    if len(packet) < 20 or packet[12:16] != b"REMB":
        return None
    exponent = packet[17] >> 2
    mantissa = (packet[17] & 3) << 16 | int(_UINT16.unpack_from(packet, 18)[0])
    # Beyond 63 bits it is no bitrate any more; the exponent alone could say 2^63.
    return min(mantissa << exponent, 1 << 40)


def remb(bitrate_bps: int, ssrcs: Sequence[int]) -> bytes:
    """Write what a sender may send altogether (draft-alvestrand-rmcat-remb §2.2).

    Args:
        bitrate_bps: bits a second.
        ssrcs: the sender's tracks of which it speaks, at most 255.
    """
    exponent = max(0, bitrate_bps.bit_length() - 18)
    mantissa = bitrate_bps >> exponent
    head = _RTCP_HEADER.pack(0x80 | APPLICATION, PAYLOAD_FEEDBACK, 4 + len(ssrcs))
    second, rest = exponent << 2 | mantissa >> 16, mantissa & 0xFFFF
    body = _REMB.pack(OUR_SSRC, 0, b"REMB", len(ssrcs), second, rest)
    return head + body + b"".join(_UINT32.pack(each) for each in ssrcs)
