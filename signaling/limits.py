"""How much a page may ask of us, in one place. PURE."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one connection and of all; the defaults are those of docs/protocol.md."""

    frame_bytes: int = 65_536
    """Largest frame up; a larger one closes with 1009."""
    hello_s: float = 10.0
    """How long a new socket may stay silent, and how long we may take to answer its `hello`."""
    ping_s: float = 5.0
    """How often the server sends `ping`."""
    silence_s: float = 12.0
    """After that long without any message the connection is over: two pings and a slow phone."""
    messages_per_s: float = 20.0
    """Rate of messages up; a person who clicks makes two a second, ICE trouble perhaps five."""
    messages_burst: int = 40
    """Messages that may come at once, for instance after a phone wakes up."""
    deeds_per_s: float = 1.0
    """Of them, those that may change something, on average: each can be a line of the session's history."""
    deeds_burst: int = 40
    """Such messages that may come at once; a person presses few buttons a minute."""
    arrivals_per_s: float = 0.5
    """Pages of one seat that may come on average: each is a line of history, and has bounds of its own."""
    arrivals_burst: int = 30
    """Such pages that may come at once; one that loses its line again and again comes every five seconds in the end."""
    chat_per_s: float = 1.0
    """Lines of chat on average; nobody types faster for long."""
    chat_burst: int = 5
    """Lines of chat that may come at once."""
    reports_per_s: float = 0.5
    """Reports of a line on average; a page sends one in five seconds."""
    reports_burst: int = 4
    """Reports that may come at once, after a phone wakes up."""
    observed_per_s: float = 0.2
    """Observations of a page on average: each is a line of the session's history."""
    observed_burst: int = 12
    """Observations that may come at once, on a return: as many as a seat remembers."""
    keys_per_s: float = 2.0
    """Steps of an agreement on keys on average: an epoch takes four, and begins when somebody comes or goes."""
    keys_burst: int = 16
    """Such steps that may come at once; three others' together fit into one outbox."""
    restarts_per_s: float = 0.5
    """ICE restarts on average; a browser needs a third of a second for one, and a moving phone one a minute."""
    restarts_burst: int = 8
    """ICE restarts that may be wished for at once."""
    renewals_per_s: float = 0.1
    """New media connections on average, another medium's too: each is a line of history, a handshake, a key frame."""
    renewals_burst: int = 6
    """New media connections that may be wished for at once."""
    probes_per_s: float = 0.2
    """Measurements of a line on average: each is a DTLS handshake and some megabytes."""
    probes_burst: int = 4
    """Measurements that may be asked for at once."""
    checks_per_s: float = 0.5
    """Findings of a pre-call check on average: one for each device that comes or goes, and for the line."""
    checks_burst: int = 8
    """Findings that may come at once."""
    malformed: int = 5
    """The malformed message that closes the connection."""
    outbox: int = 64
    """Messages down that may wait for a slow reader; states replace each other and count once."""
    write_s: float = 10.0
    """How long one frame may take to leave; a reader that is slower is cut off."""
    close_s: float = 1.0
    """How long a peer may take to answer our close."""
    requests: int = 8
    """Use cases (choose a slot, give notice) of one connection that may wait their turn."""
    ended_idle_s: float = 1800.0
    """How long the page of an ended session may keep its connection: the seeker may be choosing a slot."""
    connections: int = 20_000
    """Connections of this node; beyond that a new one is asked to come back."""
    board_gather_s: float = 0.02
    """How often the boards are told what has changed: this is as late as a first change may be."""
    board_flush_s: float = 0.05
    """How long further changes of a session are gathered after that: at most twenty rows a second for each."""
    around_s: float = 0.1
    """How long changes of a supporter's day are gathered, before it is looked at what that means beside the call."""
    board_lines_s: float = 15.0
    """How often the boards are told of the lines of live rooms: four figures a minute for each."""
    board_reconcile_s: float = 60.0
    """How often the boards compare with the store, in case the feed has missed something."""
    request_s: float = 15.0
    """How long an API request may take before it is answered 503."""
    health_s: float = 1.0
    """How long the readiness check waits for the store."""
    body_bytes: int = 65_536
    """Largest body of an API request."""


class TokenBucket:
    """Allows `rate_per_s` on average and `burst` at once.

    Args:
        rate_per_s: tokens that come back each second.
        burst: the most that can be saved up.
        now_s: the monotonic clock at the start.
    """

    def __init__(self, rate_per_s: float, burst: int, now_s: float) -> None:
        self._rate_per_s = rate_per_s
        self._burst = float(burst)
        self._tokens = float(burst)
        self._at_s = now_s

    def take(self, now_s: float) -> bool:
        """Take one token at `now_s`; False when there is none."""
        self._tokens = min(
            self._burst, self._tokens + max(0.0, now_s - self._at_s) * self._rate_per_s
        )
        self._at_s = max(self._at_s, now_s)
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
