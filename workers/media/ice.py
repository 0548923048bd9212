"""The ICE-lite agent of one UDP socket: all legs, no clock, no socket (RFC 8445 §2.5, RFC 7675).

Whoever drives it gives datagrams, times (monotonic seconds) and ticks, and carries out what it returns. aioice parses
and builds STUN; nothing else of aioice is used.

Where a leg's media goes:

- USE-CANDIDATE moves the leg. Any authenticated check does too once the old address has been silent for 0.5 s, for
  Firefox checks every 4 to 6 s and mostly without USE-CANDIDATE.
- A check can be recorded and sent again from anywhere, so it does not divert a leg whose media we have heard: while
  the old address lives, the new one is probed, and used once it has answered or authentic media came from there.
- Beyond RFC 8445's lite agent: authentic SRTP from an unknown address makes us send one signed request there (the
  *probe*); only its signed answer moves the leg. It is consent by RFC 7675, and cannot be triggered or answered by
  anybody without the keys. The same probe keeps consent prompt when a browser checks seldom.
- An address that another leg is heard from is not taken over by a check alone, for a source address can be forged;
  the answer to a probe takes it.

Left out: candidates of the browser (a lite agent needs none), role conflicts (§7.3.1.1: a lite agent is always
controlled and our offer says so), aggressive nomination timers.
"""

from __future__ import annotations

import secrets
import struct
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Generic, TypeVar

from aioice import stun

Owner = TypeVar("Owner")
Address = tuple[str, int] | tuple[str, int, int, int]
"""What `recvfrom` gives for IPv4 and IPv6."""

MAX_PATHS = 8
"""Addresses a leg may be heard from at once: Chromium restarts ICE on a new port each time."""
MAX_GENERATIONS = 3
SILENT_AFTER_S = 5.0
"""Silence that is reported: no datagram of any kind (product.md, Attribution)."""
CHECKS_ONLY_S = 15.0
"""Checks without any media or RTCP that are reported too: the browser lives, but its talk does not; a muted track
still sends sound, and every browser reports at least every five seconds."""
EXPIRED_AFTER_S = 30.0
"""Without a check or an answer for this long we may not send (RFC 7675 §5.1)."""
PROBE_AFTER_S = 2.8
"""Without a check for this long we ask ourselves: Chromium checks every 2.65 s, Firefox every 4.3 to 6 s."""
PROBE_INTERVAL_S = 1.0
ROAMING_INTERVAL_S = 0.05
PROBE_TIMEOUT_S = 2.0
OLD_ADDRESS_SILENT_S = 0.5
IN_USE_S = 5.0
PRIORITY = 1_853_824_767
"""Priority of a peer-reflexive candidate (RFC 8445 §5.1.2.1); the answerer does not look at it."""


class Path(Generic[Owner]):
    """A source address that has proven to be a leg's."""

    __slots__ = ("address", "answered_at", "heard_at", "leg", "media_at")

    def __init__(self, leg: IceLeg[Owner], address: Address, now: float) -> None:
        self.leg = leg
        self.address = address
        self.heard_at = now
        """When an authentic check last came from here."""
        self.media_at = 0.0
        """When authentic RTP or RTCP last came from here; set by the driver."""
        self.answered_at = float("-inf")
        """When it last answered a probe."""

    def is_proven(self, now: float) -> bool:
        """Whether what nobody can send again has come from here lately."""
        return now - max(self.media_at or float("-inf"), self.answered_at) < IN_USE_S

    @property
    def last_at(self) -> float:
        """When an authentic packet of any kind last came from here."""
        return max(self.heard_at, self.media_at)


class Credentials(Generic[Owner]):
    """One generation of ICE credentials: ours, and the browser's once it has answered."""

    __slots__ = ("leg", "password", "remote_password", "remote_ufrag", "ufrag")

    def __init__(self, leg: IceLeg[Owner]) -> None:
        self.leg = leg
        self.ufrag = secrets.token_hex(4)
        self.password = secrets.token_hex(12)
        self.remote_ufrag: str | None = None
        self.remote_password: str | None = None


class IceLeg(Generic[Owner]):
    """What the agent knows of one leg; made by `IceAgent.join`."""

    __slots__ = (
        "address",
        "consent_at",
        "generations",
        "has_media",
        "heard_at",
        "is_silent",
        "media_at",
        "owner",
        "paths",
        "probed_at",
        "shortest_s",
        "tie_breaker",
    )

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self.generations: list[Credentials[Owner]] = []
        """Oldest first; more than one during an ICE restart."""
        self.paths: OrderedDict[Address, Path[Owner]] = OrderedDict()
        self.address: Address | None = None
        """Where the leg's packets are sent; None: nowhere (yet, or consent has expired)."""
        self.has_media = False
        """RTP of the leg was authentic at least once; set by the driver."""
        self.is_silent = False
        self.consent_at: float | None = None
        """When the browser last agreed to be sent to: a check, or an answer to a probe."""
        self.heard_at = 0.0
        """When an authentic packet last came from an address that is not among `paths` (any more)."""
        self.media_at = 0.0
        """When authentic RTP or RTCP last came from such a one; 0: none did."""
        self.probed_at = 0.0
        self.shortest_s = float("inf")
        """The quickest answer to a probe at the address of now."""
        self.tie_breaker = secrets.randbits(64)

    @property
    def last_media_at(self) -> float:
        """When authentic RTP or RTCP last came by any path; 0: none did."""
        return max(self.media_at, *(path.media_at for path in self.paths.values()), 0.0)


@dataclass(frozen=True, slots=True)
class Sent:
    """A datagram that the driver is to send."""

    data: bytes
    to: Address


@dataclass(frozen=True, slots=True)
class Moved(Generic[Owner]):
    """The leg has a new address."""

    leg: IceLeg[Owner]
    reason: str
    is_first: bool


@dataclass(frozen=True, slots=True)
class Restarted(Generic[Owner]):
    """An ICE restart is complete: the old credentials are void."""

    leg: IceLeg[Owner]


@dataclass(frozen=True, slots=True)
class Silent(Generic[Owner]):
    """Nothing authentic was heard of a leg whose media had flowed."""

    leg: IceLeg[Owner]
    silent_for_s: float


@dataclass(frozen=True, slots=True)
class Returned(Generic[Owner]):
    """A silent leg is heard again."""

    leg: IceLeg[Owner]


@dataclass(frozen=True, slots=True)
class Expired(Generic[Owner]):
    """Consent is over; nothing is sent to the leg until it checks again."""

    leg: IceLeg[Owner]


@dataclass(frozen=True, slots=True)
class Discarded:
    """A datagram that was not answered, for that reason: no oracle, nothing to amplify."""

    reason: str


Output = (
    Sent
    | Moved[Owner]
    | Restarted[Owner]
    | Silent[Owner]
    | Returned[Owner]
    | Expired[Owner]
    | Discarded
)


@dataclass(frozen=True, slots=True)
class _Probe(Generic[Owner]):
    leg: IceLeg[Owner]
    to: Address
    sent_at: float
    password: bytes


class IceAgent(Generic[Owner]):
    """All legs that share one socket.

    Driven by: `receive` for each STUN datagram, `probe` for authentic media from an unknown address, `tick` a few
    times a second. The driver sets `Path.media_at` for authentic media itself, for speed.
    """

    def __init__(self) -> None:
        self.paths: dict[Address, Path[Owner]] = {}
        self.revision = 0
        """Grows when an address becomes a leg's, and when a leg leaves with its own: for who remembers `paths`."""
        self._by_ufrag: dict[str, Credentials[Owner]] = {}
        self._probes: dict[bytes, _Probe[Owner]] = {}
        self._legs: dict[IceLeg[Owner], None] = {}

    @property
    def table_sizes(self) -> tuple[int, int, int, int]:
        """Legs, user fragments, addresses and probes on file; all zero when every leg has left."""
        return len(self._legs), len(self._by_ufrag), len(self.paths), len(self._probes)

    @property
    def owners(self) -> list[Owner]:
        """Whose legs are on file."""
        return [leg.owner for leg in self._legs]

    def join(self, owner: Owner) -> IceLeg[Owner]:
        """Make a leg with its first credentials."""
        leg = IceLeg(owner)
        self._legs[leg] = None
        self.renew(leg)
        return leg

    def renew(self, leg: IceLeg[Owner]) -> Credentials[Owner]:
        """Make new credentials (ICE restart); the old ones stay valid until the new ones nominate."""
        credentials = Credentials(leg)
        leg.generations.append(credentials)
        self._by_ufrag[credentials.ufrag] = credentials
        while len(leg.generations) > MAX_GENERATIONS:
            self._by_ufrag.pop(leg.generations.pop(0).ufrag, None)
        return credentials

    def answered(self, leg: IceLeg[Owner], ufrag: str, password: str) -> None:
        """Take the browser's credentials, which belong to the newest of ours."""
        leg.generations[-1].remote_ufrag = ufrag
        leg.generations[-1].remote_password = password

    def leave(self, leg: IceLeg[Owner]) -> None:
        """Forget a leg."""
        self.revision += 1
        self._legs.pop(leg, None)
        for credentials in leg.generations:
            self._by_ufrag.pop(credentials.ufrag, None)
        for path in leg.paths.values():
            if self.paths.get(path.address) is path:
                del self.paths[path.address]
        leg.paths.clear()
        leg.address = None
        for transaction in [key for key, probe in self._probes.items() if probe.leg is leg]:
            del self._probes[transaction]

    # ---- datagrams ----------------------------------------------------------------------------------------------

    def receive(self, data: bytes, address: Address, now: float) -> list[Output[Owner]]:
        """Take a datagram that looks like STUN.

        Returns:
            What to do about it, in order.
        """
        try:
            message = stun.parse_message(data)
        except (ValueError, struct.error):
            return [Discarded("stun_malformed")]
        is_binding = message.message_method == stun.Method.BINDING
        if not is_binding or "FINGERPRINT" not in message.attributes:
            return [Discarded("stun_malformed")]
        if message.message_class == stun.Class.REQUEST:
            return self._check(message, address, now)
        if message.message_class == stun.Class.RESPONSE:
            return self._probe_answered(message, address, now)
        return [Discarded("stun_unwanted")]

    def _check(self, message: stun.Message, address: Address, now: float) -> list[Output[Owner]]:
        local, _, remote = str(message.attributes.get("USERNAME", "")).partition(":")
        credentials = self._by_ufrag.get(local)
        if credentials is None or credentials.remote_ufrag not in (None, remote):
            return [Discarded("stun_refused")]
        if not message.check_message_integrity(credentials.password.encode()):
            return [Discarded("stun_refused")]
        reply = stun.Message(
            stun.Method.BINDING,
            stun.Class.RESPONSE,
            message.transaction_id,
            {"XOR-MAPPED-ADDRESS": _mapped(address)},
        )
        reply.add_message_integrity(credentials.password.encode())
        outputs: list[Output[Owner]] = [Sent(bytes(reply), address)]
        leg = credentials.leg
        leg.consent_at = now
        if not self._bind(leg, address, now, is_proven=False):
            return outputs + self.probe(leg, address, now)
        nominates = "USE-CANDIDATE" in message.attributes
        current = leg.paths.get(leg.address) if leg.address is not None else None
        if nominates or current is None or now - current.last_at > OLD_ADDRESS_SILENT_S:
            if current is None or self._may_divert(leg, current, address, now):
                outputs += self._move(leg, address, "use_candidate" if nominates else "check")
            else:
                outputs += self.probe(leg, address, now)
        if nominates and credentials is leg.generations[-1] and len(leg.generations) > 1:
            outputs.append(self._finish_restart(leg))
        return outputs

    def _may_divert(
        self, leg: IceLeg[Owner], current: Path[Owner], address: Address, now: float
    ) -> bool:
        """Whether a check alone may move the leg away from an address that it has."""
        return (
            not leg.last_media_at
            or address == leg.address
            or leg.paths[address].is_proven(now)
            or now - current.last_at > IN_USE_S
        )

    def _finish_restart(self, leg: IceLeg[Owner]) -> Restarted[Owner]:
        for old in leg.generations[:-1]:
            self._by_ufrag.pop(old.ufrag, None)
        del leg.generations[:-1]
        return Restarted(leg)

    def _bind(self, leg: IceLeg[Owner], address: Address, now: float, *, is_proven: bool) -> bool:
        """Give an address to a leg; False when another leg is heard from it and nothing but a check speaks for us."""
        holder = self.paths.get(address)
        if holder is not None and holder.leg is not leg:
            if not is_proven and now - holder.last_at < IN_USE_S:
                return False
            self._unbind(holder)
            holder = None
        if holder is None:
            self.revision += 1
            self.paths[address] = leg.paths[address] = Path(leg, address, now)
            while len(leg.paths) > MAX_PATHS:
                oldest = next(at for at in leg.paths if at not in (leg.address, address))
                self._unbind(leg.paths[oldest])
        else:
            holder.heard_at = now
        return True

    def _unbind(self, path: Path[Owner]) -> None:
        leg = path.leg
        del self.paths[path.address]
        del leg.paths[path.address]
        if leg.address == path.address:
            leg.address = None
        # What was heard there counts on.
        leg.heard_at = max(leg.heard_at, path.last_at)
        leg.media_at = max(leg.media_at, path.media_at)

    def _move(self, leg: IceLeg[Owner], address: Address, reason: str) -> list[Output[Owner]]:
        if address == leg.address:
            return []
        is_first = leg.address is None
        leg.address = address
        leg.shortest_s = float("inf")
        return [Moved(leg, reason, is_first)]

    # ---- probes -------------------------------------------------------------------------------------------------

    def probe(self, leg: IceLeg[Owner], address: Address, now: float) -> list[Output[Owner]]:
        """Ask an address whether it is the leg's, at most every 50 ms; its signed answer moves the leg there."""
        if now - leg.probed_at < ROAMING_INTERVAL_S:
            return []
        asked = self.ask(leg, address, now)
        if asked:
            leg.probed_at = now
        return asked

    def ask(self, leg: IceLeg[Owner], address: Address, now: float) -> list[Output[Owner]]:
        """Ask it at once and count no roaming; nothing is asked before the browser has answered an offer."""
        # During a restart the newest generation may be unanswered; the browser still answers to the one before.
        known = [each for each in leg.generations if each.remote_password is not None]
        if not known:
            return []
        credentials = known[-1]
        assert credentials.remote_password is not None, "filtered in the line above"
        request = stun.Message(
            stun.Method.BINDING,
            stun.Class.REQUEST,
            attributes={
                "USERNAME": f"{credentials.remote_ufrag}:{credentials.ufrag}",
                "PRIORITY": PRIORITY,
                "ICE-CONTROLLED": leg.tie_breaker,
            },
        )
        password = credentials.remote_password.encode()
        request.add_message_integrity(password)
        self._probes[request.transaction_id] = _Probe(leg, address, now, password)
        return [Sent(bytes(request), address)]

    def _probe_answered(
        self, message: stun.Message, address: Address, now: float
    ) -> list[Output[Owner]]:
        probe = self._probes.get(message.transaction_id)
        if probe is None or probe.to != address:
            return [Discarded("stun_refused")]
        if not message.check_message_integrity(probe.password):
            return [Discarded("stun_refused")]
        del self._probes[message.transaction_id]
        self._bind(probe.leg, address, now, is_proven=True)
        probe.leg.paths[address].answered_at = now
        probe.leg.consent_at = now
        moved = self._move(probe.leg, address, "probe")
        probe.leg.shortest_s = min(probe.leg.shortest_s, now - probe.sent_at)
        return moved

    # ---- time ---------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> list[Output[Owner]]:
        """Look at the time: probe who checks seldom, report who is silent, stop sending to who no longer consents."""
        self.forget_late(now)
        return [output for leg in self._legs for output in self.look_at(leg, now)]

    def forget_late(self, now: float) -> None:
        """Forget the probes whose answer would come too late."""
        late = [key for key, probe in self._probes.items() if now - probe.sent_at > PROBE_TIMEOUT_S]
        for transaction in late:
            del self._probes[transaction]

    def look_at(self, leg: IceLeg[Owner], now: float) -> list[Output[Owner]]:
        """What `tick` does of one leg."""
        outputs: list[Output[Owner]] = []
        consent_at = leg.consent_at
        if consent_at is None:
            return outputs
        without_check = now - consent_at
        current = leg.paths.get(leg.address) if leg.address is not None else None
        if (
            current is not None
            and now - current.media_at <= SILENT_AFTER_S
            and without_check <= PROBE_AFTER_S
            and not leg.is_silent
        ):
            return outputs  # as nearly always
        heard_at = max(leg.heard_at, *(path.last_at for path in leg.paths.values()), consent_at)
        unheard, media_at = now - heard_at, leg.last_media_at
        without_media = now - media_at if media_at else 0.0
        is_silent = unheard > SILENT_AFTER_S or without_media > CHECKS_ONLY_S
        if (
            leg.address is not None
            and without_check > PROBE_AFTER_S
            and now - leg.probed_at >= PROBE_INTERVAL_S
        ):
            outputs += self.probe(leg, leg.address, now)
        if leg.has_media and not leg.is_silent and is_silent:
            leg.is_silent = True
            outputs.append(Silent(leg, max(unheard, without_media)))
        elif leg.is_silent and not is_silent:
            leg.is_silent = False
            outputs.append(Returned(leg))
        if leg.address is not None and without_check > EXPIRED_AFTER_S:
            leg.address = None
            outputs.append(Expired(leg))
        return outputs


def _mapped(address: Address) -> tuple[str, int]:
    """The address as the client sees it: an IPv4 client of a dual-stack socket has an IPv4 address."""
    host, port = address[0], address[1]
    if ":" in host:
        inner = IPv6Address(host.partition("%")[0]).ipv4_mapped
        host = str(inner) if inner is not None else host.partition("%")[0]
    return host, port
