"""How it is held: with picture, by sound only, or on the telephone (IX 1-1). Same clock, same slot.

On the telephone no media runs here: the supporter reports calling, answered, no answer, finished, and without reports
nothing is decided by itself. A page that closes then takes nobody with it.
"""

from __future__ import annotations

from orchestrator.policy import endings
from orchestrator.policy.effects import CloseRoom
from orchestrator.policy.events import CallReported, MediumSwitched, RingDelivered
from orchestrator.policy.model import (
    CARRIED,
    CallState,
    Cause,
    Evidence,
    Medium,
    Outcome,
    Phase,
    Presence,
    Role,
    Seat,
    Session,
    Signal,
)
from orchestrator.policy.presence import (
    MEDIA_WITHIN,
    come_back,
    connect_media,
    lose,
    mend,
    pass_warnings,
)
from orchestrator.policy.turn import Turn, seats_of

_RUNNING = frozenset({Phase.LIVE, Phase.INTERRUPTED})
_NEEDED = {Medium.VIDEO: "video", Medium.AUDIO: "audio"}


def ring_delivered(turn: Turn, event: RingDelivered) -> None:
    """The message is on its way: from now on it counts as ringing (IX 6-3)."""
    session = turn.session
    if session.phase is Phase.WAITING and not session.is_rung:
        turn.set(is_rung=True)
        turn.record("ringing.delivered", channel=event.channel)


def media_flowed(turn: Turn) -> None:
    """Packets go both ways."""
    session = turn.session
    if session.phase not in _RUNNING or session.medium is Medium.PHONE:
        return
    if session.has_media_flowed and not session.is_media_missing:
        return
    turn.set(has_media_flowed=True, is_media_missing=False, media_due_at=None)
    turn.record("media.flowed")


def media_missing(turn: Turn) -> None:
    """Twenty seconds live, and nothing has gone both ways: both are offered a way out (product.md)."""
    turn.set(is_media_missing=True, media_due_at=None)
    turn.record("media.missing")


def medium_switched(turn: Turn, event: MediumSwitched) -> None:
    """Seeker or supporter goes on in another way."""
    session = turn.session
    code = _refuses_switch(session, event)
    if code is not None:
        turn.refuse(event.connection, code)
        return
    if session.medium is event.medium:
        return
    before = session.medium
    turn.set(medium=event.medium, is_media_missing=False, media_due_at=None, call=None)
    if event.medium is Medium.PHONE:
        turn.set(live_on_page=session.live.at(turn.at))
    turn.record("medium.switched", **{"from": before.value, "to": event.medium.value})
    if session.phase not in _RUNNING:
        return
    if event.medium is Medium.PHONE:
        _leave_media(turn)
    else:
        _renew_media(turn)


def _refuses_switch(session: Session, event: MediumSwitched) -> str | None:
    if session.is_over:
        return "session_over"
    asker = next((seat for seat in seats_of(session) if seat.connection == event.connection), None)
    if asker is None:
        return "not_your_seat"
    if session.phase not in _RUNNING and asker.role is not Role.SUPPORTER:
        return "not_live"
    if session.phase is Phase.SCHEDULED:
        return "too_early"
    needed = _NEEDED.get(event.medium)
    is_allowed = needed is None or needed in session.rules.functions & CARRIED[event.medium]
    return None if is_allowed else "medium_not_allowed"


def _leave_media(turn: Turn) -> None:
    turn.do(CloseRoom(is_hard_end=False))
    for seat in turn.session.seats:
        if seat.is_admitted:
            # A later connection must be a new one, whatever epoch the page still names.
            turn.set_seat(seat.id, media_epoch=seat.media_epoch + 1, is_media_lost=False)
    for seat in seats_of(turn.session):
        if seat.loss is not None and seat.connection is not None:
            come_back(turn, seat)


def _renew_media(turn: Turn) -> None:
    """Every page builds a new connection; whoever has no page is away from now on."""
    for seat in turn.session.seats:
        if not seat.is_admitted:
            continue
        fresh = turn.set_seat(seat.id, is_media_lost=False)
        if fresh.connection is not None:
            connect_media(turn, fresh)
        else:
            lost = turn.set_seat(seat.id, media_epoch=seat.media_epoch + 1)
            lose(turn, lost, Evidence(Signal.SIGNALLING_LOST, turn.at, seat.id))
    turn.set(media_due_at=turn.at + MEDIA_WITHIN)


def call_reported(turn: Turn, event: CallReported) -> None:
    """The supporter, or a scheduler, says what became of a call to the seeker (IX 1-1, IX 6-3)."""
    session = turn.session
    code = _refuses_report(session, event)
    if code is not None:
        turn.refuse(event.connection, code)
        return
    if event.state is session.call:
        return
    turn.record("call.reported", state=event.state.value, by=event.by)
    is_first = session.called_at is None and session.phase is Phase.WAITING
    turn.set(call=event.state, is_rung=True, called_at=turn.at if is_first else session.called_at)
    if session.medium is not Medium.PHONE:
        return
    if event.state is CallState.FINISHED:
        finished = endings.sure(turn, Outcome.COMPLETED, None, "call_finished")
        endings.end(turn, endings.standing_verdict(session) or finished)
    elif event.state is CallState.ANSWERED:
        _answered(turn)
    elif event.state is CallState.NO_ANSWER and session.phase is Phase.WAITING:
        _judge_late(turn)
    elif event.state is CallState.NO_ANSWER and session.phase is Phase.LIVE:
        lose(turn, session.seeker, Evidence(Signal.CALL_DROPPED, turn.at, session.seeker.id))


def _judge_late(turn: Turn) -> None:
    """The report that the cutoff was waiting for is here."""
    session = turn.session
    if session.judge_at is None and turn.at >= session.starts_at + session.rules.cutoff:
        turn.set(judge_at=turn.at)


def _refuses_report(session: Session, event: CallReported) -> str | None:
    if session.is_over:
        return "session_over"
    if event.connection is not None and session.supporter.connection != event.connection:
        return "not_your_seat"
    if session.medium is not Medium.PHONE:
        talks = event.state in {CallState.ANSWERED, CallState.FINISHED}
        return "not_on_the_phone" if talks else _refuses_ringing(session)
    if session.phase is Phase.SCHEDULED:
        return "too_early"
    if event.state is CallState.ANSWERED and session.phase is Phase.OPEN:
        return None if session.rules.early_admission else "too_early"
    return _refuses_finish(session) if event.state is CallState.FINISHED else None


def _refuses_finish(session: Session) -> str | None:
    """Only a talk can be finished: the call was answered, and nobody is being waited for (IX 6-5)."""
    if session.phase not in _RUNNING or session.call is not CallState.ANSWERED:
        return "wait_for_grace" if session.phase is Phase.INTERRUPTED else "not_live"
    return None


def _refuses_ringing(session: Session) -> str | None:
    """A call beside a session with picture is a contact with a seeker who is not there (IX 6-3)."""
    if session.phase in {Phase.SCHEDULED, Phase.OPEN}:
        return "too_early"
    return "already_live" if session.phase in _RUNNING else None


def _answered(turn: Turn) -> None:
    """They talk."""
    for seat in seats_of(turn.session):
        admitted = turn.set_seat(seat.id, is_admitted=True)
        _is_in(turn, admitted)
    turn.set(has_media_flowed=True)
    if turn.session.phase is Phase.WAITING and _is_called_late(turn.session):
        # They talk already, so nobody is asked; the right to another date stays until the end (IX 6-7).
        turn.set(late=Cause.SUPPORTER, was_asked_to_begin=True)
    if turn.session.phase not in _RUNNING:
        turn.move(Phase.LIVE, "call_answered")
        turn.set(judge_at=None, asked=None)
        pass_warnings(turn)


def _is_called_late(session: Session) -> bool:
    called_at = session.called_at
    return called_at is not None and called_at > session.starts_at + session.rules.tolerance


def _is_in(turn: Turn, seat: Seat) -> None:
    if seat.loss is not None:
        mend(turn, seat)
    turn.set_seat(seat.id, presence=Presence.IN, was_present_after_start=True)
