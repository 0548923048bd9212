"""Pictures over lines that lose datagrams, both ways and feedback as well: seeded, in time that the test moves."""

import random
import struct

import pytest

from tests.workers.media.hand_made import Wired, rtp
from workers.media.rtp import HEADER, REPEATS, RTX, VP8, nack, nacked

PACKETS = 400
STEP_S = 0.007
"""140 packets a second."""
MORE_STEPS = 60
RECEIVER_ASKS_S = 0.05
RECEIVER_ASKS_TIMES = 8
CAMERA, REPETITIONS = 8, 9
"""SSRCs of the sender."""


class Line:
    """Loses a share of the datagrams that pass."""

    def __init__(self, share):
        self._share = share
        self._seeded = random.Random(11)

    def passes(self):
        return self._seeded.random() >= self._share


class Sender:
    """Sends pictures, each with its number as its payload, and repeats what it is asked for."""

    def __init__(self, client, line):
        self._client, self._line = client, line
        self._repetitions = 0

    def send(self, number):
        packet = rtp(number, ssrc=CAMERA, payload_type=VP8, payload=struct.pack("!H", number))
        self._send(packet, is_safe=not number)

    def repeat(self):
        for packet in self._client.received(is_control=True):
            if packet[1] == 205 and self._line.passes():
                for number in nacked(packet):
                    self._repetitions += 1
                    payload = struct.pack("!HH", number, number)
                    again = rtp(
                        self._repetitions, ssrc=REPETITIONS, payload_type=RTX, payload=payload
                    )
                    self._send(again)

    def _send(self, packet, is_safe=False):
        encrypted = self._client.sending.protect(packet)
        if is_safe or self._line.passes():
            self._client.send_bytes(encrypted)


class Receiver:
    """Notes what arrives, and asks a few times for what does not."""

    def __init__(self, client, line, seat="seeker"):
        self._client, self._line = client, line
        self._ssrc = client.down(VP8, seat).ssrc
        self._rtx = client.down(RTX, seat).ssrc
        self.arrived = set()
        self._first = self._latest = None
        self._asked = {}

    def take(self):
        for packet in self._client.received():
            _, second, number, _, ssrc = HEADER.unpack_from(packet)
            if self._first is None:
                self._first = self._latest = number
            elif not self._line.passes():
                continue
            if ssrc == self._rtx:
                assert second & 0x7F in REPEATS
                self.arrived.add(int.from_bytes(packet[14:16], "big"))
            elif ssrc == self._ssrc:
                self.arrived.add(int.from_bytes(packet[12:14], "big"))
                self._latest = max(self._latest, number)

    def ask(self, now):
        misses = []
        for index in range((self._latest or 0) - (self._first or 0)):
            asked_at, times = self._asked.get(index, (0.0, 0))
            is_due = now - asked_at > RECEIVER_ASKS_S and times < RECEIVER_ASKS_TIMES
            if index not in self.arrived and is_due:
                self._asked[index] = now, times + 1
                misses.append(self._first + index & 0xFFFF)
        if misses and self._line.passes():
            feedback = nack(self._ssrc, misses[:100])
            self._client.send_bytes(self._client.sending.protect_rtcp(feedback))


@pytest.mark.parametrize("share", [0.02, 0.08, 0.15])
@pytest.mark.parametrize("seats", [("seeker", "supporter"), ("seeker", "supporter", "companion-1")])
def test_pictures_survive_loss_on_both_ways(seats, share):
    wired = Wired(seats)
    line = Line(share)
    sender = Sender(wired.seeker, line)
    receivers = [Receiver(client, line) for client in wired.clients[1:]]
    for number in range(PACKETS + MORE_STEPS):
        wired.now += STEP_S
        if number < PACKETS:
            sender.send(number)
        sender.repeat()
        wired.take()
        for receiver in receivers:
            receiver.take()
            receiver.ask(wired.now)
        wired.take()
        if number % 36 == 0:
            wired.port.tick(wired.now)
    wired.close()
    for receiver in receivers:
        assert len(receiver.arrived) >= 0.99 * PACKETS
    assert wired.port.counters["errors"] == wired.port.counters["protect_refused"] == 0
