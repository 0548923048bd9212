"""Carries out what the node says about rooms and seats. It is told what, never why."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, assert_never

import structlog

from workers.media import wire
from workers.media.dtls import DtlsFailed, DtlsTransport, Identity
from workers.media.port import MediaPort
from workers.media.room import MAX_LEGS, Leg, Room
from workers.media.sdp import Answer, Candidate, MalformedAnswer, parse_answer
from workers.media.srtp import SrtpTransport

IDENTITY_LIFE_S = 6 * 3600.0
"""A key that nobody could read out for long; a call is far shorter."""

log = structlog.get_logger()

RoomCommand = (
    wire.OpenRoom
    | wire.ExtendRoom
    | wire.Connect
    | wire.Answer
    | wire.Restart
    | wire.Disconnect
    | wire.CloseRoom
)


class Rooms:
    """All rooms of a worker.

    Args:
        port: what carries their packets.
        candidates: where browsers reach it.
        report: takes what the node has to know.
        start: starts a task that the worker awaits in the end.
        monotonic: seconds of CLOCK_MONOTONIC.
    """

    def __init__(
        self,
        port: MediaPort,
        candidates: list[Candidate],
        report: Callable[[wire.Report], None],
        start: Callable[[Coroutine[Any, Any, None]], object],
        monotonic: Callable[[], float],
    ) -> None:
        self._port = port
        self._candidates = candidates
        self._report = report
        self._start = start
        self._monotonic = monotonic
        self._identity = Identity()
        self._identity_since = monotonic()
        self._rooms: dict[str, Room] = {}

    def __len__(self) -> int:
        return len(self._rooms)

    def carry_out(self, command: RoomCommand) -> None:
        """Do what the node says; what is not there is ignored."""
        match command:
            case wire.OpenRoom():
                self._open(command)
            case wire.ExtendRoom():
                self._extend(command)
            case wire.Connect():
                self._connect(command)
            case wire.Answer():
                self._answer(command)
            case wire.Restart():
                self._restart(command)
            case wire.Disconnect(session=session, seat=seat):
                room = self._rooms.get(session)
                if room is not None and (leg := room.legs.get(seat)) is not None:
                    self._drop(leg)
            case wire.CloseRoom(session=session):
                self._close(session)
            case _:
                assert_never(command)

    def close_due(self, now: float) -> None:
        """Close the rooms whose time is over; the port has stopped forwarding by itself at that moment."""
        for session in [each.session for each in self._rooms.values() if now >= each.closes_at]:
            self._close(session)
            self._report(wire.RoomClosed(session=session))

    def settle(self) -> None:
        """Free what only handshakes need, of the legs whose media has come; to be called a few times a second."""
        for room in self._rooms.values():
            for leg in room.legs.values():
                has_media = leg.ice is not None and leg.ice.has_media
                if has_media and leg.dtls is not None and not leg.dtls.is_settled:
                    self._start(leg.dtls.settle())

    def next_closing(self) -> float | None:
        """Monotonic seconds at which the next room closes, or None."""
        return min((room.closes_at for room in self._rooms.values()), default=None)

    def close_all(self) -> None:
        """Cut everything."""
        for session in list(self._rooms):
            self._close(session)

    # ---- commands -------------------------------------------------------------------------------------------------

    def _open(self, command: wire.OpenRoom) -> None:
        room = self._rooms.get(command.session)
        if room is not None:
            # A repeated effect names the end that was known when it was asked for: it must not undo a later one.
            room.closes_at = max(room.closes_at, command.closes_at)
        elif self._monotonic() < command.closes_at:
            self._rooms[command.session] = Room(command.session, command.closes_at)
        else:
            self._report(wire.RoomClosed(session=command.session))

    def _extend(self, command: wire.ExtendRoom) -> None:
        room = self._rooms.get(command.session)
        if room is not None and self._monotonic() < room.closes_at:
            room.closes_at = command.closes_at
            self._report(wire.Extended(session=command.session, reference=command.reference))

    def _connect(self, command: wire.Connect) -> None:
        room = self._rooms.get(command.session)
        if room is None:
            return
        old = room.legs.get(command.seat)
        if old is not None and old.media_epoch >= command.media_epoch:
            # A repeated effect must not tear down the connection that it has made.
            if old.media_epoch == command.media_epoch:
                self._offer(old)
            return
        if old is not None:
            self._drop(old)
        if len(room.legs) >= MAX_LEGS:
            log.warning(
                "seat.refused", session=command.session, seat=command.seat, code="room_full"
            )
            self._report(
                wire.SeatRefused(session=command.session, seat=command.seat, code="room_full")
            )
            return
        now = self._monotonic()
        leg = Leg(
            room,
            command.seat,
            command.media_epoch,
            command.functions,
            command.others,
            now,
            only_receives=command.only_receives,
        )
        leg.ice = self._port.ice.join(leg)
        leg.identity = self._identity_at(now)
        leg.dtls = DtlsTransport(leg.identity, lambda data: self._port.send(data, leg.address))
        room.add(leg)
        self._offer(leg)

    def _identity_at(self, now: float) -> Identity:
        """The certificate for a new leg; those that live keep theirs."""
        if now - self._identity_since >= IDENTITY_LIFE_S:
            self._identity, self._identity_since = Identity(), now
        return self._identity

    def _answer(self, command: wire.Answer) -> None:
        leg = self._leg(command)
        if leg is None or leg.ice is None or leg.dtls is None:
            return
        try:
            answer = parse_answer(command.sdp)
        except MalformedAnswer as wrong:
            log.warning(
                "answer.refused", session=command.session, seat=command.seat, why=str(wrong)
            )
            return
        self._port.ice.answered(leg.ice, answer.ufrag, answer.password)
        if not leg.is_answered:
            leg.is_answered = True
            leg.answered(answer)
            self._port.measure_way(leg.ice)
            self._start(self._shake_hands(leg, leg.dtls, answer))

    def _restart(self, command: wire.Restart) -> None:
        leg = self._leg(command)
        if leg is not None and leg.ice is not None:
            self._port.ice.renew(leg.ice)
            self._offer(leg)

    def _leg(self, command: wire.Answer | wire.Restart) -> Leg | None:
        """The leg that a command speaks of, if it is still of that epoch."""
        room = self._rooms.get(command.session)
        leg = room.legs.get(command.seat) if room is not None else None
        return leg if leg is not None and leg.media_epoch == command.media_epoch else None

    def _close(self, session: str) -> None:
        room = self._rooms.pop(session, None)
        if room is not None:
            room.closes_at = float("-inf")
            for leg in list(room.legs.values()):
                self._drop(leg)

    # ---- legs -----------------------------------------------------------------------------------------------------

    def _offer(self, leg: Leg) -> None:
        self._report(
            wire.Offered(
                session=leg.room.session,
                seat=leg.seat,
                media_epoch=leg.media_epoch,
                sdp=leg.next_offer(self._candidates),
            )
        )

    async def _shake_hands(self, leg: Leg, dtls: DtlsTransport, answer: Answer) -> None:
        try:
            keys = await dtls.handshake(answer.fingerprints)
        except DtlsFailed as failed:
            if leg.ice is None:
                return  # it was closed meanwhile
            self._port.counters["dtls_failed"] += 1
            log.warning("leg.dtls_failed", session=leg.room.session, seat=leg.seat, why=str(failed))
            return
        except Exception:  # the worker's loop: one handshake must not end the other rooms
            self._port.counters["errors"] += 1
            log.exception("leg.dtls_failed", session=leg.room.session, seat=leg.seat)
            return
        if leg.ice is None:
            return
        leg.open(SrtpTransport(keys))
        self._report(wire.Up(session=leg.room.session, seat=leg.seat, media_epoch=leg.media_epoch))

    def _drop(self, leg: Leg) -> None:
        """Cut a leg at once; the DTLS farewell follows."""
        self._port.remove(leg)
        leg.room.remove(leg)
        if leg.dtls is not None:
            self._start(leg.dtls.close())
