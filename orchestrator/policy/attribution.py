"""Whose side a loss lies on: evidence in; cause, confidence, reason and the evidence that decided out.

Pure, and the order in which evidence came does not matter. `RULES` is the whole decision: the first rule that holds
decides. What the rules keep (product.md, Attribution):

- No single signal convicts a seeker, but the person's own word. Two convict only when we learned of them by different
  ways: what the media worker hears, what the signalling connection and its page say on going, and what the browser
  tells of itself. A page that closes and the connection that ends with it are one signal.
- A crash of ours can look like a leave: what was ours at the time of the loss decides before all else. A gap long
  after somebody had left explains nothing.
- A supporter sits at the office's desk: a loss there is the supporter's side, unless it was ours.
- Evidence that contradicts itself is no evidence. Unknown stays unknown.

The sentences for people are made in `sentences.py` from the reason and the evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    Cause,
    Confidence,
    Evidence,
    SeatId,
    Session,
    Signal,
)

AT_ONCE = timedelta(seconds=5)
"""Two losses this close together are one event; ours (product.md, `seats_lost_nearby`)."""
NEARBY = 2
"""So many seats lost at once, each of another session, are no coincidence: three rooms do not fall in five seconds by
themselves. Two seats of one session may be one couple's bad line; ours."""
OURS_BEFORE = timedelta(seconds=15)
"""A silent line is noticed after twelve seconds, so what was ours may be so much older than the loss; ours."""
OURS_AFTER = AT_ONCE
"""Somebody may leave because the picture froze, before we have noticed that it was us: a worker's silence is seen
after two seconds, a node's after its lease; ours."""
BEFORE = timedelta(seconds=30)
"""How old an observation may be that explains a loss (product.md: «of the last 30 s»)."""
AFTER = timedelta(seconds=15)
"""How long after the first sign of a loss its explanation may begin: the silence of the line itself; ours."""
SERVER_FAULT = 1011
"""The close code with which our own bug ends a connection (RFC 6455 §7.4.1)."""

S = Signal
_OURS = frozenset({S.WORKER_LOST, S.SERVICE_GAP})
_LOSSES = frozenset(
    {
        S.STEPPED_OUT,
        S.PAGE_CLOSED,
        S.SIGNALLING_LOST,
        S.MEDIA_SILENT,
        S.CALL_DROPPED,
        S.LINK_REVOKED,
    }
)
"""What says that a seat's person is gone; everything else only explains it."""
_NOT_BY_LINE = frozenset({S.STEPPED_OUT, S.PAGE_CLOSED, S.LINK_REVOKED, S.CALL_DROPPED})
_LEAVES = frozenset({S.STEPPED_OUT, S.PAGE_CLOSED})
_LINE = frozenset({S.LINE_BAD, S.DELAY_HIGH})
"""What is known of a seat's own line. `JITTER_HIGH` is not: it may be the other one's. From 100 ms on, where talk falls
apart (`orchestrator/lines.py` says why), it only keeps a seeker's going from counting against them."""
_TELLING = frozenset({S.PAGE_OFFLINE, S.PAGE_ASLEEP, S.DEVICE_ENDED, S.DEVICE_SILENCED})
"""What a browser tells of itself that explains a loss."""
_WAYS = (
    frozenset({S.MEDIA_SILENT}) | _LINE,
    # A page that goes says so and its connection ends: all of this is one event, seen on one way.
    frozenset({S.SIGNALLING_LOST, S.PAGE_CLOSED, S.PAGE_HIDDEN, S.PAGE_RELOADED}),
    _TELLING,
)
"""The ways by which we learn of a loss; two of them agree by chance only if the loss is real and on that side."""
_SPANS = frozenset({S.SERVICE_GAP, S.PAGE_OFFLINE, S.PAGE_ASLEEP})
"""Signals that last; their value is how many seconds."""

_SIDES = {SEEKER: Cause.SEEKER, SUPPORTER: Cause.SUPPORTER}


@dataclass(frozen=True, slots=True)
class Attribution:
    """A cause, how firm it is, why, and what decided it."""

    cause: Cause
    confidence: Confidence
    reason: str
    evidence: tuple[Evidence, ...]
    """All that was looked at, oldest first."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at: the first loss, and what was seen around it."""

    seat: SeatId | None = None
    """Whose loss was the first; None when nobody, or only something of ours, was lost."""
    own: frozenset[Signal] = frozenset()
    """Signals of that seat."""
    other: frozenset[Signal] = frozenset()
    """Signals of the other seat."""
    ours: frozenset[Signal] = frozenset()
    """What was ours at the time of the loss."""
    nearby: float = 0
    """Seats of other sessions that fell in the same seconds."""
    is_our_fault: bool = False
    """A bug of ours ended the connection."""
    is_together: bool = False
    """Both were lost at once, and neither chose to go."""
    is_after_trouble: bool = False
    """The line had been silent before the person went: the leave may be an answer to it."""

    @property
    def is_seeker(self) -> bool:
        """The first loss is the seeker's."""
        return self.seat == SEEKER

    @property
    def is_supporter(self) -> bool:
        """The first loss is the supporter's."""
        return self.seat == SUPPORTER

    @property
    def ways(self) -> int:
        """On how many independent ways we learned of the loss."""
        return sum(not way.isdisjoint(self.own) for way in _WAYS)

    @property
    def is_enough(self) -> bool:
        """Whether the signals may decide against this side at all: for a seeker two ways must agree."""
        return self.is_supporter or (self.is_seeker and self.ways >= 2)

    def has(self, *signals: Signal) -> bool:
        """Whether the seat shows all of these."""
        return self.own.issuperset(signals)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the decision."""

    name: str
    holds: Callable[[Facts], bool]
    cause: Cause | None
    """None: the side of the seat that was lost first."""
    confidence: Confidence
    reason: str
    """Key of the sentence; `{side}` is the seat that was lost first."""


def _line_of(signals: frozenset[Signal]) -> bool:
    return not _LINE.isdisjoint(signals)


def _explains_itself(signals: frozenset[Signal]) -> bool:
    return not (_LINE | _TELLING).isdisjoint(signals)


_PLATFORM, _UNKNOWN = Cause.PLATFORM, Cause.UNKNOWN
_SURE, _LIKELY, _NOT_KNOWN = Confidence.SURE, Confidence.LIKELY, Confidence.UNKNOWN

# fmt: off
RULES: tuple[Rule, ...] = (
    Rule("our media worker died at that time",
         lambda f: S.WORKER_LOST in f.ours, _PLATFORM, _SURE, "worker_lost"),
    Rule("nobody ran the session at that time",
         lambda f: S.SERVICE_GAP in f.ours, _PLATFORM, _SURE, "service_gap"),
    Rule("a bug of ours ended the connection",
         lambda f: f.is_our_fault, _PLATFORM, _LIKELY, "server_fault"),
    Rule("nobody is lost",
         lambda f: f.seat is None, _UNKNOWN, _NOT_KNOWN, "nobody_lost"),
    Rule("the office voided the link: nobody in the session did it",
         lambda f: f.has(S.LINK_REVOKED), _UNKNOWN, _NOT_KNOWN, "link_revoked"),
    Rule("the person's own word, and nothing was wrong before it",
         lambda f: f.has(S.STEPPED_OUT) and not f.is_after_trouble
         and not (f.is_seeker and (_line_of(f.other) or f.has(S.JITTER_HIGH))),
         None, _SURE, "{side}_stepped_out"),
    Rule("so many others fell with it that it was not this line",
         lambda f: f.nearby >= NEARBY, _PLATFORM, _LIKELY, "many_lost_at_once"),
    Rule("both at once, but one of them explains itself: it contradicts",
         lambda f: f.is_together and (_explains_itself(f.own) or _explains_itself(f.other)),
         _UNKNOWN, _NOT_KNOWN, "both_lost_unclear"),
    Rule("both at once, and neither chose to go",
         lambda f: f.is_together, _PLATFORM, _LIKELY, "both_lost_at_once"),
    Rule("both lines were bad: what they share is us",
         lambda f: _line_of(f.own) and _line_of(f.other), _UNKNOWN, _NOT_KNOWN, "both_lines_bad"),
    Rule("both have trouble of their own in the same seconds: it speaks against neither",
         lambda f: _explains_itself(f.own) and _explains_itself(f.other),
         _UNKNOWN, _NOT_KNOWN, "both_in_trouble"),
    Rule("on the telephone nobody answers any more, and nobody can see why",
         lambda f: f.has(S.CALL_DROPPED), _UNKNOWN, _NOT_KNOWN, "call_dropped"),
    Rule("the browser had no network",
         lambda f: f.has(S.PAGE_OFFLINE) and f.is_enough, None, _LIKELY, "{side}_offline"),
    Rule("the device slept",
         lambda f: f.has(S.PAGE_ASLEEP) and f.is_enough, None, _LIKELY, "{side}_asleep"),
    Rule("camera or microphone was taken away",
         lambda f: f.has(S.DEVICE_ENDED) and f.is_enough, None, _LIKELY, "{side}_device_ended"),
    Rule("the system took the microphone, as for an incoming call",
         lambda f: f.has(S.DEVICE_SILENCED) and f.is_enough,
         None, _LIKELY, "{side}_device_silenced"),
    Rule("a seeker who goes when the line was silent or uneven, or the other one's was bad, answers to that",
         lambda f: f.is_seeker and not f.own.isdisjoint(_LEAVES)
         and (f.is_after_trouble or _line_of(f.other) or f.has(S.JITTER_HIGH)),
         _UNKNOWN, _NOT_KNOWN, "seeker_left_after_trouble"),
    Rule("the same of a supporter, who answers for the desk",
         lambda f: f.is_supporter and not f.own.isdisjoint(_LEAVES) and f.is_after_trouble,
         None, _LIKELY, "supporter_left_after_trouble"),
    Rule("page and media went together",
         lambda f: f.has(S.PAGE_CLOSED, S.MEDIA_SILENT) and not _line_of(f.own),
         None, _SURE, "{side}_closed_page"),
    Rule("the line was bad before",
         lambda f: _line_of(f.own) and f.is_enough, None, _LIKELY, "{side}_line_bad"),
    Rule("a supporter's page closed",
         lambda f: f.is_supporter and f.has(S.PAGE_CLOSED), None, _LIKELY, "supporter_closed_page"),
    Rule("a seeker's page closed, and nothing else is known",
         lambda f: f.is_seeker and f.has(S.PAGE_CLOSED),
         _UNKNOWN, _NOT_KNOWN, "seeker_page_closed_only"),
    Rule("the page was in the background when it went",
         lambda f: f.has(S.PAGE_HIDDEN) and f.is_enough, None, _LIKELY, "{side}_page_hidden"),
    Rule("connection and media were lost",
         lambda f: f.is_enough, None, _LIKELY, "{side}_connection_lost"),
    Rule("too thin",
         lambda f: True, _UNKNOWN, _NOT_KNOWN, "{side}_lost_unclear"),
)
# fmt: on
"""The decision, row by row: the first that holds."""


def attribute(session: Session) -> Attribution:
    """Say whose side the first unmended loss of a session lies on.

    Args:
        session: with the losses as they are now; mended ones are gone.

    Returns:
        `unknown` when nobody is lost, or when the evidence is too thin.
    """
    seats = (session.seeker, session.supporter)
    lost = [one for seat in seats if seat.loss is not None for one in seat.loss.evidence]
    return judge((*lost, *(one for seat in seats for one in seat.observed)) if lost else ())


def judge(evidence: Iterable[Evidence]) -> Attribution:
    """The decision itself.

    Args:
        evidence: of losses that are not mended, and of what was observed; in any order, doubles count once.

    Returns:
        With the evidence that belongs to the first loss, or speaks of it; the rest is left out.
    """
    everything = sorted(set(evidence), key=_order)
    facts, seen = read(everything)
    rule = next(rule for rule in RULES if rule.holds(facts))
    cause = rule.cause or _SIDES[_seat_of(facts)]
    reason = rule.reason.format(side=facts.seat)
    return Attribution(cause, rule.confidence, reason, tuple(seen))


def _seat_of(facts: Facts) -> SeatId:
    assert facts.seat is not None, "rules about a side hold only when a seat is lost"
    return facts.seat


def _order(one: Evidence) -> tuple[datetime, str, str, float]:
    return (one.at, one.signal.value, one.seat or "", -1.0 if one.value is None else one.value)


def read(evidence: list[Evidence]) -> tuple[Facts, list[Evidence]]:
    """Find the first loss and what speaks of it.

    Args:
        evidence: oldest first.

    Returns:
        The facts for the rules, and the evidence that they rest on, oldest first.
    """
    lost = [one for one in evidence if one.signal in _LOSSES and one.seat in _SIDES]
    ours = [one for one in evidence if one.signal in _OURS]
    if ours and (not lost or ours[0].at <= lost[0].at):
        # It began with us: who came or went after that does not change whose it was.
        return Facts(ours=frozenset({ours[0].signal})), [ours[0], *lost]
    if not lost:
        return Facts(), []
    first = lost[0]
    seen = [one for one in evidence if one in lost or speaks_of(one, first.at)]
    own = [one for one in seen if one.seat == first.seat]
    other = [one for one in seen if one.seat in _SIDES and one.seat != first.seat]
    facts = Facts(
        seat=first.seat,
        own=frozenset(one.signal for one in own),
        other=frozenset(one.signal for one in other),
        ours=frozenset(one.signal for one in seen if one.signal in _OURS),
        nearby=max((one.value or 0 for one in seen if one.signal is S.LOST_NEARBY), default=0),
        is_our_fault=any(
            one.signal is S.SIGNALLING_LOST and one.value == SERVER_FAULT for one in own
        ),
        is_together=_are_together(own, other),
        is_after_trouble=_is_after_trouble(own),
    )
    return facts, seen


def speaks_of(one: Evidence, lost_at: datetime) -> bool:
    """Whether something that is no loss itself was so around a loss.

    Args:
        one: anything that was seen.
        lost_at: when the loss showed first.
    """
    if one.signal in _OURS:
        return _touches(one, lost_at - OURS_BEFORE, lost_at + OURS_AFTER)
    if one.signal is S.LOST_NEARBY:
        return _touches(one, lost_at - OURS_BEFORE, lost_at + AFTER)
    if one.signal in _LOSSES:
        return False
    # A line that is found bad later may be so because of the loss.
    return _touches(one, lost_at - BEFORE, lost_at + (AT_ONCE if one.signal in _LINE else AFTER))


def _touches(one: Evidence, begins_at: datetime, ends_at: datetime) -> bool:
    lasted_s = one.value if one.signal in _SPANS and one.value is not None else 0.0
    return one.at <= ends_at and one.at + timedelta(seconds=lasted_s) >= begins_at


def _are_together(own: list[Evidence], other: list[Evidence]) -> bool:
    """Both lost within five seconds, and neither chose to go: then it is the platform."""
    both = [[one for one in side if one.signal in _LOSSES] for side in (own, other)]
    if not all(both) or any(one.signal in _NOT_BY_LINE for side in both for one in side):
        return False
    return abs(both[0][0].at - both[1][0].at) <= AT_ONCE


def _is_after_trouble(own: list[Evidence]) -> bool:
    """The seat had fallen silent well before its person went."""
    silent = [one.at for one in own if one.signal in {S.MEDIA_SILENT, S.SIGNALLING_LOST}]
    left = [one.at for one in own if one.signal in _LEAVES]
    return bool(silent) and bool(left) and min(silent) < min(left) - AT_ONCE


def attribute_missing_media(session: Session) -> Attribution:
    """Say on whose side it lies that no picture and no sound ever went both ways.

    Args:
        session: was live, and its media never flowed.

    Returns:
        `unknown` unless it is known whose media connection never came up.
    """
    is_seeker_up, is_supporter_up = (
        seat.media_up_epoch > 0 for seat in (session.seeker, session.supporter)
    )
    if not is_seeker_up and not is_supporter_up:
        found = (_PLATFORM, _LIKELY, "both_never_connected")
    elif not is_supporter_up:
        found = (Cause.SUPPORTER, _LIKELY, "supporter_never_connected")
    elif not is_seeker_up:
        # One signal, and it is not the person's own word.
        found = (_UNKNOWN, _NOT_KNOWN, "seeker_never_connected")
    else:
        found = (_UNKNOWN, _NOT_KNOWN, "media_never_flowed")
    return Attribution(*found, evidence=())
