"""Connections on which pages measure their lines: a room of one, whose leg hears itself. Runs in the node.

A part of the link (`workers.media_link`). To the worker a probe is a room like any other, with a deadline a few seconds
away; to the node it belongs to no session, and nothing that is told of it but its offer goes further than this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count

from workers.media import wire
from workers.media.child import MediaWorker, WorkerState

PROBES_A_WORKER = 16
"""At once; each costs a worker what one person of a call costs it, at 4 Mbit/s each way at most."""
SEAT = "probe"


@dataclass(frozen=True, slots=True)
class _Probe:
    page: str
    worker: MediaWorker


class Probes:
    """All probes of a node.

    Args:
        life_s: how long one lives at most.
        monotonic: seconds of CLOCK_MONOTONIC.
        offer: takes the offer for a page.
    """

    def __init__(
        self, life_s: float, monotonic: Callable[[], float], offer: Callable[[str, str], None]
    ) -> None:
        self._life_s = life_s
        self._monotonic = monotonic
        self._offer = offer
        self._numbers = count(1)
        self._probes: dict[str, _Probe] = {}
        self._rooms: dict[str, str] = {}
        """Page -> the name of its room, which says nothing of the page: workers write it into their log."""

    def __len__(self) -> int:
        return len(self._probes)

    def open(self, page: str, workers: Iterable[MediaWorker]) -> bool:
        """Open a probe in place of the page's last one; False: all living workers have as many as they may."""
        self.close(page)
        load = {
            each: sum(probe.worker is each for probe in self._probes.values())
            for each in workers
            if each.state is WorkerState.READY
        }
        worker = min(load, key=lambda each: (load[each], len(each.sessions)), default=None)
        if worker is None or load[worker] >= PROBES_A_WORKER:
            return False
        room = f"probe:{next(self._numbers)}"
        self._probes[room], self._rooms[page] = _Probe(page, worker), room
        worker.say(wire.OpenRoom(session=room, closes_at=self._monotonic() + self._life_s))
        worker.say(
            wire.Connect(
                session=room,
                seat=SEAT,
                media_epoch=1,
                functions=frozenset({"video"}),
                others=(SEAT,),
            )
        )
        return True

    def answer(self, page: str, sdp: str) -> None:
        """Pass a page's answer on; one for no probe, or far too long, is dropped."""
        room = self._rooms.get(page)
        if room is not None and len(sdp) < wire.MAX_LINE_BYTES // 4:
            answer = wire.Answer(session=room, seat=SEAT, media_epoch=1, sdp=sdp)
            self._probes[room].worker.say(answer)

    def close(self, page: str) -> None:
        """Close a page's probe; twice is once."""
        room = self._rooms.get(page)
        if room is not None:
            self._probes[room].worker.say(wire.CloseRoom(session=room))
            self._forget(room)

    def take(self, report: wire.Report) -> bool:
        """Take what a worker tells of a probe; False: it tells of something else."""
        room = getattr(report, "session", "")
        if room not in self._probes:
            return False
        if isinstance(report, wire.Offered):
            self._offer(self._probes[room].page, report.sdp)
        elif isinstance(report, wire.RoomClosed):
            self._forget(room)
        return True

    def lose(self, worker: MediaWorker) -> None:
        """A worker is gone, and its probes with it: their pages see that nothing comes, and ask again."""
        for room in [name for name, probe in self._probes.items() if probe.worker is worker]:
            self._forget(room)

    def _forget(self, room: str) -> None:
        del self._rooms[self._probes.pop(room).page]
