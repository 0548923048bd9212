"""Who is there: connecting, joining, being admitted, getting lost and coming back; one seat a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from orchestrator.policy.cutoff import judge_again
from orchestrator.policy.effects import ConnectMedia, DisconnectMedia
from orchestrator.policy.endings import ask_whether_to_wait
from orchestrator.policy.events import (
    Admitted,
    ClaimAnswered,
    Connected,
    Disconnected,
    Joined,
    LinkRenewed,
    LinkRevoked,
    MediaRenewed,
    MediaReturned,
    MediaSilent,
    SteppedOut,
    TurnedAway,
)
from orchestrator.policy.evidence import recent, refine
from orchestrator.policy.goodbye import look_for_goodbye
from orchestrator.policy.latestart import ask_whether_to_begin
from orchestrator.policy.model import (
    Cause,
    Claim,
    Consent,
    Evidence,
    Loss,
    Medium,
    Phase,
    Presence,
    Question,
    Role,
    Seat,
    SeatId,
    Session,
    Signal,
)
from orchestrator.policy.turn import Turn, seats_of

MEDIA_WITHIN = timedelta(seconds=20)
"""Live needs media: packets both ways this soon after the admission, or something is wrong; ours (product.md)."""

CLAIM_SILENCE = timedelta(seconds=10)
"""How long the first device may stay silent before supporter or scheduler may answer; ours, for IX 4-2."""

_RUNNING = frozenset({Phase.LIVE, Phase.INTERRUPTED})


def connected(turn: Turn, event: Connected) -> None:
    """A page with a valid link opened signalling: at the door, or back on its seat."""
    seat = turn.session.seat(event.seat)
    if seat is None:
        turn.refuse(event.connection, "not_your_seat", closes=True)
        return
    if event.person not in {None, seat.person}:
        turn.refuse(event.connection, "link_revoked", closes=True)  # it is somebody else's by now
        return
    if _is_other_device(seat, event):
        _claim(turn, seat, event)
        return
    if turn.session.is_over:
        return
    if seat.device != event.device:
        turn.record("device.bound", seat=seat.id)
        asks_itself = seat.claim is not None and seat.claim.device == event.device
        claim = None if asks_itself else seat.claim
        seat = turn.set_seat(seat.id, device=event.device, claim=claim)
    take_seat(turn, seat, event)


def _is_other_device(seat: Seat, event: Connected) -> bool:
    """A seat whose first device never joined and is gone may still change device (an app's built-in browser)."""
    if seat.device is None or seat.device == event.device:
        return False
    return seat.consent is not None or seat.connection is not None


def _claim(turn: Turn, seat: Seat, event: Connected) -> None:
    if turn.session.is_over or (seat.claim is not None and seat.claim.device != event.device):
        turn.refuse(event.connection, "other_device", closes=True)
        _turned_away(turn, seat)
        return
    if seat.claim is not None and seat.claim.connection == event.connection:
        return
    asked_at = seat.claim.asked_at if seat.claim else turn.at
    is_escalated = seat.claim.escalated if seat.claim else False
    turn.set_seat(seat.id, claim=Claim(event.device, event.connection, asked_at, is_escalated))
    turn.record("device.asked", seat=seat.id)


def turned_away(turn: Turn, event: TurnedAway) -> None:
    """The room cannot be used with that browser; who is there already has another one."""
    seat = turn.session.seat(event.seat)
    if seat is not None and not seat.is_present:
        _turned_away(turn, seat)


def _turned_away(turn: Turn, seat: Seat) -> None:
    """A refused seat never yields a strike (product.md, Outcomes)."""
    if not turn.session.is_over and not seat.was_refused:
        turn.set_seat(seat.id, was_refused=True)
        turn.record("seat.refused", seat=seat.id)


def take_seat(turn: Turn, seat: Seat, event: Connected) -> None:
    """Put a connection on its seat; what held it before is told so. A ghost never blocks the way back."""
    if seat.connection == event.connection:
        return
    if seat.connection is not None:
        turn.refuse(seat.connection, "opened_elsewhere", closes=True)
    seat = turn.set_seat(
        seat.id,
        connection=event.connection,
        last_connection=event.connection,
        first_present_at=seat.first_present_at or turn.at,
        was_lost_by_us=False,
    )
    turn.record("seat.connected", seat=seat.id, resumed=seat.loss is not None)
    if seat.is_admitted and event.media_epoch != seat.media_epoch:
        seat = connect_media(turn, seat)
        seat = turn.set_seat(seat.id, is_media_lost=False)
    _forget_closed_page(turn, seat)
    come_back(turn, seat)


def _forget_closed_page(turn: Turn, seat: Seat) -> None:
    """It was a reload, not a yes."""
    asked = turn.session.asked
    if seat.role is Role.SEEKER and asked is not None and asked.page_closed_at is not None:
        turn.set(asked=replace(asked, page_closed_at=None))


def connect_media(turn: Turn, seat: Seat) -> Seat:
    """Begin a new media epoch for a seat; on the telephone there is none."""
    if turn.session.medium is Medium.PHONE:
        return seat
    seat = turn.set_seat(seat.id, media_epoch=seat.media_epoch + 1)
    turn.open_room()
    turn.do(ConnectMedia(seat.id, seat.media_epoch))
    return seat


def come_back(turn: Turn, seat: Seat) -> None:
    """A seat with a connection, and with media if it was admitted, is present."""
    if seat.connection is None or (seat.is_admitted and seat.is_media_lost):
        return
    if seat.loss is not None and Signal.CALL_DROPPED in seat.loss.signals:
        return  # the page is here, but it is the telephone that was lost
    if turn.session.goodbye is not None and seat.role is Role.SEEKER:
        # The supporter who is back is asked «finished?»; only the seeker's return answers it by itself.
        turn.set(goodbye=None)
        turn.record("goodbye.undone", seat=seat.id)
    mend(turn, seat)
    ask_whether_to_begin(turn)


def mend(turn: Turn, seat: Seat) -> None:
    """A lost seat is back; with the other one it is live again."""
    grace_used = seat.grace_used
    if seat.loss is not None:
        used = min(turn.at, seat.loss.grace_ends_at) - seat.loss.counted_from
        grace_used += max(used, timedelta())
        turn.record("seat.returned", seat=seat.id)
    turn.set_seat(
        seat.id,
        presence=_present_as(seat),
        loss=None,
        left_at=None,
        grace_used=grace_used,
        was_present_after_start=seat.was_present_after_start or has_started(turn.session),
    )
    _resume(turn)


def _present_as(seat: Seat) -> Presence:
    if seat.is_admitted:
        return Presence.IN
    return Presence.LOBBY if seat.consent is not None else Presence.AT_DOOR


def has_started(session: Session) -> bool:
    """`starts_at` has been applied, and the session runs."""
    return session.phase in {Phase.WAITING, Phase.LIVE, Phase.INTERRUPTED}


def _resume(turn: Turn) -> None:
    """Live again when both are back; until then, a seeker who is back may have to be asked."""
    session = turn.session
    if session.phase is not Phase.INTERRUPTED:
        return
    if all(seat.presence is Presence.IN for seat in seats_of(session)):
        turn.move(Phase.LIVE, "both_back")
        turn.set(is_kept=False)
        pass_warnings(turn)
        if session.asked is not None and session.asked.question is Question.WAIT_OR_RESCHEDULE:
            turn.set(asked=None)
        if session.verdict is not None and session.verdict.cause is Cause.SEEKER:
            # Who is late may still use the rest (IX 6-6); what breaks after this is judged anew.
            turn.set(verdict=None)
            turn.record("verdict.lifted")
    else:
        ask_whether_to_wait(turn)


def pass_warnings(turn: Turn) -> None:
    """A warning whose moment is over is not given late."""
    session = turn.session
    passed = {span for span in session.rules.warnings if session.ends_at - span <= turn.at}
    turn.set(warned=session.warned | passed)


def joined(turn: Turn, event: Joined) -> None:
    """Consent and attestation are given: into the lobby (IX 2, KUMAGAYA 4, SAKAI 5-3)."""
    session = turn.session
    seat = session.seat(event.seat)
    if session.is_over:
        turn.refuse(event.connection, "session_over")
    elif seat is None or seat.connection != event.connection:
        turn.refuse(event.connection, "not_connected")
    elif session.phase is Phase.SCHEDULED:
        turn.refuse(event.connection, "too_early")
    elif event.terms_version != session.rules.terms_version:
        turn.refuse(event.connection, "terms_not_accepted")
    elif not set(session.rules.attestations) <= set(event.attestations):
        turn.refuse(event.connection, "attestation_missing")
    elif seat.consent is None:
        # Kept is what was asked for; whatever else a page sends is no attestation of anything.
        consent = Consent(event.terms_version, turn.at, session.rules.attestations)
        seat = turn.set_seat(seat.id, consent=consent)
        turn.record("consent.given", seat=seat.id, terms_version=event.terms_version)
        come_back(turn, seat)
        turn.record("seat.joined", seat=seat.id)


def admitted(turn: Turn, event: Admitted) -> None:
    """The supporter lets a seat in; with the seeker's, the session is live."""
    session = turn.session
    supporter, seat = session.supporter, session.seat(event.seat)
    code = _refuses_admission(session, supporter, seat, event)
    if code is not None:
        turn.refuse(event.connection, code)
        return
    assert seat is not None, "_refuses_admission has looked"
    asked = session.asked
    if asked is not None and asked.question is Question.BEGIN_OR_RESCHEDULE:
        turn.set(asked=replace(asked, is_admitting=True))
        turn.refuse(event.connection, "asking_seeker")
        return
    admit(turn, seat)


def admit(turn: Turn, seat: Seat) -> None:
    """Let a seat in from the lobby; with the seeker's, the session is live."""
    session, supporter = turn.session, turn.session.supporter
    arriving = (seat,) if session.phase is Phase.LIVE else (supporter, seat)
    for one in arriving:
        admitted_seat = turn.set_seat(one.id, is_admitted=True, presence=Presence.IN)
        connect_media(turn, admitted_seat)
        turn.record("seat.admitted", seat=one.id)
    if session.phase is not Phase.LIVE:
        turn.move(Phase.LIVE, "admitted")
        turn.set(judge_at=None, media_due_at=turn.at + MEDIA_WITHIN)
        pass_warnings(turn)


def _refuses_admission(
    session: Session, supporter: Seat, seat: Seat | None, event: Admitted
) -> str | None:
    if session.is_over:
        return "session_over"
    if supporter.connection != event.connection:
        return "not_your_seat"
    if session.medium is Medium.PHONE:
        return "on_the_phone"
    if supporter.consent is None:
        return "terms_not_accepted"
    if seat is None or seat.presence is not Presence.LOBBY or seat.role is Role.SUPPORTER:
        return "nobody_in_lobby"
    if session.phase is Phase.OPEN and not session.rules.early_admission:
        return "too_early"
    if session.phase in _RUNNING and seat.role is Role.SEEKER:
        return "already_live"
    if session.phase is not Phase.LIVE and seat.role is not Role.SEEKER:
        return "not_live"
    return None


def disconnected(turn: Turn, event: Disconnected) -> None:
    """A signalling connection ended: a goodbye of the page, or a line that went silent."""
    session = turn.session
    seat = session.seat(event.seat)
    if seat is None or session.is_over:
        return
    if seat.claim is not None and seat.claim.connection == event.connection:
        turn.set_seat(seat.id, claim=None)
        return
    signal = Signal.PAGE_CLOSED if event.page_closed else Signal.SIGNALLING_LOST
    seen = Evidence(signal, turn.at, seat.id, event.code)
    if seat.connection == event.connection:
        seat = turn.set_seat(seat.id, connection=None)
        lose(turn, seat, seen)
        _note_closed_page(turn, seat, event)
    elif event.page_closed and seat.last_connection == event.connection and seat.loss is not None:
        lose(turn, seat, seen)  # a goodbye that was slower than the line
        _note_closed_page(turn, seat, event)
    look_for_goodbye(turn)


def _note_closed_page(turn: Turn, seat: Seat, event: Disconnected) -> None:
    asked = turn.session.asked
    if (
        event.page_closed
        and seat.role is Role.SEEKER
        and asked is not None
        and asked.question is Question.END_EARLY
        and asked.page_closed_at is None
    ):
        turn.set(asked=replace(asked, page_closed_at=turn.at))


def stepped_out(turn: Turn, event: SteppedOut) -> None:
    """The person left for a moment: the seat stays, the grace runs; their media stops at once."""
    session = turn.session
    seat = session.seat(event.seat)
    if seat is None or seat.connection != event.connection or session.is_over:
        turn.refuse(event.connection, "session_over" if session.is_over else "not_connected")
        return
    turn.record("seat.stepped_out", seat=seat.id)
    lose(turn, _unseat(turn, seat), Evidence(Signal.STEPPED_OUT, turn.at, seat.id))


def link_revoked(turn: Turn, event: LinkRevoked) -> None:
    """The office voided the links of a seat: who sits there goes, and nobody is blamed for it."""
    seat = turn.session.seat(event.seat)
    if seat is None or turn.session.is_over or (seat.is_link_void and not seat.connection):
        return
    turn.record("link.revoked", seat=seat.id)
    if seat.claim is not None:
        turn.refuse(seat.claim.connection, "link_revoked", closes=True)
        seat = turn.set_seat(seat.id, claim=None)
    if seat.connection is not None:
        turn.refuse(seat.connection, "link_revoked", closes=True)
        seat = _unseat(turn, seat)
        lose(turn, seat, Evidence(Signal.LINK_REVOKED, turn.at, seat.id))
    turn.set_seat(seat.id, is_link_void=True)


def link_renewed(turn: Turn, event: LinkRenewed) -> None:
    """Who was kept out has a way in again; when it comes before the start, an absence is the person's own."""
    seat = turn.session.seat(event.seat)
    is_early = turn.session.phase in {Phase.SCHEDULED, Phase.OPEN}
    if seat is not None and seat.is_link_void and is_early:
        turn.set_seat(seat.id, is_link_void=False)
        turn.record("link.renewed", seat=seat.id)


def _unseat(turn: Turn, seat: Seat) -> Seat:
    """Take the connection off its seat, and its media out of the room."""
    seat = turn.set_seat(seat.id, connection=None)
    if seat.is_admitted:
        # The next entry needs a new media connection, whatever epoch the page still names.
        seat = turn.set_seat(seat.id, media_epoch=seat.media_epoch + 1)
        turn.do(DisconnectMedia(seat.id))
    return seat


def lose(
    turn: Turn,
    seat: Seat,
    *seen: Evidence,
    lost_at: datetime | None = None,
    grace_from: datetime | None = None,
) -> None:
    """A seat's person is away; before the start that is all it means.

    Args:
        turn: the step.
        seat: who is lost.
        seen: what was seen; added to what is known of the same loss.
        lost_at: since when; None: now.
        grace_from: when the grace begins; None: now, but not before `starts_at`.
    """
    session = turn.session
    if session.medium is Medium.PHONE and session.phase in _RUNNING and not _is_call(seen):
        return  # on the telephone, a page that goes takes nobody with it
    known = seat.loss.evidence if seat.loss is not None else ()
    new = tuple(one for one in seen if one.signal not in {old.signal for old in known})
    if not new:
        return
    turn.record("seat.lost", seat=seat.id, signal=",".join(sorted(one.signal for one in new)))
    if seat.loss is not None:
        turn.set_seat(seat.id, loss=replace(seat.loss, evidence=known + new))
        for one in new:
            refine(turn, one)
        return
    was_present = seat.is_present
    seat = turn.set_seat(
        seat.id,
        presence=Presence.AWAY,
        left_at=(lost_at or turn.at) if was_present else seat.left_at,
    )
    if not was_present or session.phase in {Phase.SCHEDULED, Phase.OPEN, Phase.ENDED}:
        return
    begins_at = max(grace_from or turn.at, session.starts_at)
    left = max(session.rules.grace_total - seat.grace_used, timedelta())
    ends_at = min(begins_at + min(session.rules.grace, left), session.ends_at)
    before = recent(seat, lost_at or turn.at)
    loss = Loss(lost_at or turn.at, ends_at, before + new, counts_from=begins_at)
    seat = turn.set_seat(seat.id, loss=loss)
    if seat.role in {Role.COMPANION, Role.SCHEDULER}:
        return
    if session.phase is Phase.WAITING:
        judge_again(turn, seat)
    elif session.phase is Phase.LIVE:
        turn.move(Phase.INTERRUPTED, f"{seat.id}_lost")


def _is_call(seen: tuple[Evidence, ...]) -> bool:
    return any(one.signal is Signal.CALL_DROPPED for one in seen)


def media_silent(turn: Turn, event: MediaSilent) -> None:
    """The worker hears nothing from a seat any more."""
    seat = _of_epoch(turn.session, event.seat, event.media_epoch)
    if seat is None or seat.is_media_lost:
        return
    seat = turn.set_seat(seat.id, is_media_lost=True)
    silent_s = round((turn.at - event.last_packet_at).total_seconds(), 1)
    at = min(event.last_packet_at, turn.at)
    lose(turn, seat, Evidence(Signal.MEDIA_SILENT, at, seat.id, max(silent_s, 0.0)))


def media_returned(turn: Turn, event: MediaReturned) -> None:
    """The worker hears a seat (again)."""
    seat = _of_epoch(turn.session, event.seat, event.media_epoch)
    if seat is None:
        return
    if seat.media_up_epoch != event.media_epoch:
        seat = turn.set_seat(seat.id, media_up_epoch=event.media_epoch)
    if seat.is_media_lost:
        seat = turn.set_seat(seat.id, is_media_lost=False)
        come_back(turn, seat)


def _of_epoch(session: Session, seat_id: SeatId, media_epoch: int) -> Seat | None:
    """The admitted seat, if the session runs and the news is of its present media connection."""
    seat = session.seat(seat_id)
    if seat is None or not seat.is_admitted or session.phase not in _RUNNING:
        return None
    return seat if seat.media_epoch == media_epoch else None


def media_renewed(turn: Turn, event: MediaRenewed) -> None:
    """A page asks for a new media connection."""
    seat = turn.session.seat(event.seat)
    if seat is None or seat.connection != event.connection:
        turn.refuse(event.connection, "not_connected")
    elif not seat.is_admitted or turn.session.phase not in _RUNNING:
        turn.refuse(event.connection, "not_live")
    elif turn.session.medium is Medium.PHONE:
        turn.refuse(event.connection, "on_the_phone")
    else:
        connect_media(turn, seat)


def worker_lost(turn: Turn) -> None:
    """The media worker is gone: its room is opened on another, every seat with a new epoch."""
    session = turn.session
    if session.phase not in _RUNNING or session.medium is Medium.PHONE:
        return  # the room of who went over to the telephone was closed before
    turn.record("worker.lost")
    for seat in session.seats:
        if not seat.is_admitted:
            continue
        lost = turn.set_seat(seat.id, is_media_lost=True)
        if lost.connection is not None:
            lost = connect_media(turn, lost)
        else:
            lost = turn.set_seat(lost.id, media_epoch=lost.media_epoch + 1)
        lose(turn, lost, Evidence(Signal.WORKER_LOST, turn.at))


def claim_answered(turn: Turn, event: ClaimAnswered) -> None:
    """Somebody said whether another device may have a seat (IX 4-2)."""
    session = turn.session
    seat = session.seat(event.seat)
    if seat is None or seat.claim is None:
        turn.refuse(event.connection, "nothing_asked")
        return
    if not _may_answer(session, seat, seat.claim, event):
        turn.refuse(event.connection, "not_your_seat")
        return
    claim = seat.claim
    seat = turn.set_seat(seat.id, claim=None)
    turn.record("device.answered", seat=seat.id, agrees=event.agrees)
    if not event.agrees:
        turn.refuse(claim.connection, "device_refused", closes=True)
        _turned_away(turn, seat)
        return
    seat = turn.set_seat(seat.id, device=claim.device)
    take_seat(turn, seat, Connected(seat.id, claim.connection, claim.device))


def _may_answer(session: Session, seat: Seat, claim: Claim, event: ClaimAnswered) -> bool:
    """The first device; once it stayed silent for ten seconds, supporter or scheduler (IX 4-2)."""
    if event.connection is not None and event.connection == seat.connection:
        return True
    if not claim.escalated:
        return False
    return event.connection is None or (
        seat.role is not Role.SUPPORTER and event.connection == session.supporter.connection
    )


def claim_escalated(turn: Turn, seat_id: SeatId) -> None:
    """The first device stayed silent."""
    seat = turn.session.seat(seat_id)
    assert seat is not None and seat.claim is not None, "the deadline is of this claim"  # noqa: PT018
    turn.set_seat(seat_id, claim=replace(seat.claim, escalated=True))
    turn.record("device.escalated", seat=seat_id)
