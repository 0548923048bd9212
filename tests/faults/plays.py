"""The faults themselves: what happens in each phase, told with real browsers. What must come of it: `expected.toml`."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.faults import record
from tests.faults.rooms import SEEKER, SUPPORTER, Needs, Room

Scene = Callable[[Room], Awaitable[None]]

HOUR_S = 3600.0
LOSS = 0.4
STORE_AWAY_S = 20.0
NODE_STILL_S = 8.0
TELEPHONE_S = 8.0
FLAPS = 3
NOTICED_S = 16.0
"""Within this the server notices that somebody is silent: twelve seconds, and what a busy machine adds."""
PAUSE_S = 3.0
"""Between two things that people do one after the other."""


@dataclass(frozen=True, slots=True)
class Play:
    """One kind of fault in one phase."""

    kind: str
    phase: str
    needs: Needs
    scenes: tuple[Scene, ...]

    @property
    def name(self) -> tuple[str, str]:
        """What the play is found by."""
        return self.kind, self.phase

    async def arrive(self, room: Room) -> None:
        """Play it up to the fault."""
        await self.scenes[0](room)

    async def run(self, room: Room) -> None:
        """Play the fault, and on to where only time goes on."""
        for scene in self.scenes[1:]:
            await scene(room)


# ---- up to the fault ----------------------------------------------------------------------------


async def before(room: Room) -> None:
    """Both are in the lobby, and the slot has not begun."""
    await room.come(SEEKER, SUPPORTER)
    left_s = (room.booking.starts_at - datetime.now(UTC)).total_seconds()
    assert left_s > PAUSE_S, (
        f"people were {-left_s:.1f} s too late for what happens before the start"
    )


async def waiting(room: Room) -> None:
    """Both are in the lobby, and the slot has begun."""
    await room.come(SEEKER, SUPPORTER)
    await room.starts(after_s=1.0)


async def early(room: Room) -> None:
    """They talk; the end is far: a loss can be noticed, waited for and judged before it."""
    await room.come(SEEKER, SUPPORTER)
    await room.is_held()
    left_s = (room.booking.ends_at - datetime.now(UTC)).total_seconds()
    assert left_s > NOTICED_S + room.times.hold, f"{left_s:.1f} s before the end it is not early"


async def tail(room: Room) -> None:
    """They have talked, and are in the last minutes."""
    await early(room)
    await room.is_about_to_end(in_s=room.times.tail - 3.0)


async def late(room: Room) -> None:
    """They have talked for less than a quarter of the slot, and are in the last minutes."""
    await room.come(SEEKER, SUPPORTER)
    await room.is_about_to_end(in_s=room.times.slot / 4 - 2.0)
    await room.is_held()
    await room.is_about_to_end(in_s=room.times.tail / 2)


async def end(room: Room) -> None:
    """They have talked, and time is up this very moment."""
    await early(room)
    await room.is_about_to_end(in_s=0.0)


async def only_supporter(room: Room) -> None:
    """The supporter waits for the seeker."""
    await room.come(SUPPORTER)


async def nobody(room: Room) -> None:
    """It is booked, and that is all."""
    await room.is_booked()


async def only_seeker(room: Room) -> None:
    """The seeker waits for the supporter."""
    await room.come(SEEKER)


async def supporter_is_lost(room: Room) -> None:
    """They talk until the supporter's browser is killed."""
    await early(room)
    await room.supporter.dies()
    await room.has_lost(SUPPORTER)
    await asyncio.sleep(PAUSE_S)  # the seeker looks at the still picture for so long


async def supporter_is_out(room: Room) -> None:
    """They talk until the supporter steps out."""
    await early(room)
    await room.supporter.steps_out()
    await room.has_lost(SUPPORTER)


async def seeker_is_out(room: Room) -> None:
    """They talk until the seeker steps out."""
    await early(room)
    await room.seeker.steps_out()
    await room.has_lost(SEEKER)


PHASES: dict[str, Scene] = {
    "before": before,
    "waiting": waiting,
    "early": early,
    "tail": tail,
    "late": late,
    "end": end,
}

# ---- the seeker leaves --------------------------------------------------------------------------


async def seeker_steps_out(room: Room) -> None:
    await room.seeker.steps_out()


async def seeker_closes_tab(room: Room) -> None:
    await room.seeker.closes_the_page()


async def supporter_closes_tab(room: Room) -> None:
    await room.supporter.closes_the_page()


async def seeker_reopens(room: Room) -> None:
    device = room.seeker.page.context
    await room.seeker.closes_the_page()
    await room.has_lost(SEEKER)
    await room.enters(SEEKER, device)
    await room.settles(SEEKER)


async def both_close(room: Room) -> None:
    await room.seeker.closes_the_page()
    await asyncio.sleep(PAUSE_S)  # one hangs up first
    await room.supporter.closes_the_page()


async def seeker_dies(room: Room) -> None:
    await room.seeker.dies()


async def supporter_dies(room: Room) -> None:
    await room.supporter.dies()


async def seeker_reloads(room: Room) -> None:
    await room.seeker.reloads()
    await room.settles(SEEKER)


async def supporter_reloads(room: Room) -> None:
    await room.supporter.reloads()
    await room.settles(SUPPORTER)


async def supporter_returns(room: Room) -> None:
    await room.supporter.at("return").click()


async def seeker_returns(room: Room) -> None:
    await room.seeker.at("return").click()


async def second_tab(room: Room) -> None:
    first = room.seeker
    await room.enters(SEEKER, first.page.context)
    await first.is_refused("opened_elsewhere")
    await first.closes_the_page()
    await room.settles(SEEKER)


async def seeker_returns_in_last_second(room: Room) -> None:
    await room.seeker.steps_out()
    await room.has_lost(SEEKER)
    await room.seeker.sees("return")
    shown = await room.session()
    assert shown is not None
    ends_at = record.moment(record.seat(shown, SEEKER)["grace_ends_at"])
    left_s = (ends_at - timedelta(seconds=0.9) - datetime.now(UTC)).total_seconds()
    await asyncio.sleep(left_s)  # the moment is the story
    await room.seeker.at("return").click()


# ---- lines --------------------------------------------------------------------------------------


def cut(*seats: str, up: bool = True, down: bool = True) -> Scene:
    """Their networks die at once, in these directions."""

    async def scene(room: Room) -> None:
        for seat in seats:
            room.lines[seat].cut(up=up, down=down)

    return scene


async def cut_and_noticed_before_start(room: Room) -> None:
    room.lines[SEEKER].cut()
    await room.has_away(SEEKER)
    assert datetime.now(UTC) < room.booking.starts_at, "it was noticed too late"


async def cut_and_mended(room: Room) -> None:
    room.lines[SEEKER].cut()
    await room.has_lost(SEEKER)
    room.lines[SEEKER].mend()
    await room.is_live()


async def flapping(room: Room) -> None:
    for _ in range(FLAPS):
        await cut_and_mended(room)


async def media_alone_is_cut(room: Room) -> None:
    room.lines[SEEKER].udp.cut()


async def packets_are_lost(room: Room) -> None:
    room.lines[SEEKER].udp.loss(LOSS, seed=20261122)


async def three_calls(room: Room) -> None:
    """Three calls on one node, all of them early."""
    calls = [room, *room.others]
    async with asyncio.TaskGroup() as arriving:
        for call in calls:
            arriving.create_task(early(call))


async def all_seekers_are_cut(room: Room) -> None:
    for call in [room, *room.others]:
        call.lines[SEEKER].cut()


# ---- devices and pages --------------------------------------------------------------------------


async def camera_ends(room: Room) -> None:
    # A page that stops its own track is told nothing; the event is the browser's, when a device is pulled.
    await room.seeker.page.evaluate(
        """() => {
          for (const track of window.devices.filter((one) => one.kind === "video")) {
            track.stop();
            track.dispatchEvent(new Event("ended"));
          }
        }"""
    )


async def telephone_rings(room: Room) -> None:
    # No desktop browser can be called: what a phone's browser does to the page is done to it here.
    take = """(isTaken) => {
      for (const track of window.devices) {
        track.enabled = !isTaken;
        track.dispatchEvent(new Event(isTaken ? "mute" : "unmute"));
      }
      const state = isTaken ? "hidden" : "visible";
      Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
      Object.defineProperty(document, "hidden", { value: isTaken, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    await room.seeker.page.evaluate(take, True)
    await asyncio.sleep(TELEPHONE_S)  # this is how long they talk
    await room.seeker.page.evaluate(take, False)


async def page_is_frozen_and_thawed(room: Room) -> None:
    """Its processes stand still and go on: Chromium 156 does not freeze a visible page when it is told to."""
    renderers = await renderers_of(room)
    for pid in renderers:
        os.kill(pid, signal.SIGSTOP)
    await room.until(
        lambda shown: not record.seat(shown, SEEKER)["connected"], "without signalling"
    )
    for pid in renderers:
        os.kill(pid, signal.SIGCONT)
    await room.is_live()


async def page_falls_asleep(room: Room) -> None:
    """The processes of the page stand still; the browser that holds its sockets lives."""
    for pid in await renderers_of(room):
        os.kill(pid, signal.SIGSTOP)


async def renderers_of(room: Room) -> list[int]:
    """The processes of the seeker's page, in a browser of their own."""
    browser = room.seeker.page.context.browser
    assert browser is not None
    cdp = await browser.new_browser_cdp_session()
    processes = (await cdp.send("SystemInfo.getProcessInfo"))["processInfo"]
    await cdp.detach()
    return [process["id"] for process in processes if process["type"] == "renderer"]


# ---- ours ---------------------------------------------------------------------------------------


async def worker_is_killed(room: Room) -> None:
    await room.server.loses_its_worker()
    await room.has_noted("worker.lost")


async def worker_is_killed_for_good(room: Room) -> None:
    for line in room.lines.values():
        line.udp.cut()
    await room.server.loses_its_worker()


async def worker_is_killed_and_seeker_gives_up(room: Room) -> None:
    for line in room.lines.values():
        line.udp.cut()  # so that it cannot be mended before the seeker has had enough
    await room.server.loses_its_worker()
    await room.has_lost(SEEKER)
    await room.seeker.closes_the_page()
    room.lines[SUPPORTER].mend()


async def node_is_killed(room: Room) -> None:
    await room.server.is_killed()
    await room.server.comes_back()


async def node_is_away_across_grace(room: Room) -> None:
    shown = await room.session()
    assert shown is not None
    grace_ends_at = record.moment(record.seat(shown, SEEKER)["grace_ends_at"])
    await room.server.is_killed()
    left_s = (grace_ends_at - datetime.now(UTC)).total_seconds()
    await asyncio.sleep(max(0.0, left_s))  # the node is away for so long
    await room.server.comes_back()
    await room.seeker.at("return").click()


async def node_is_away_across_cutoff(room: Room) -> None:
    await room.starts(after_s=room.times.cutoff - 3.0)
    await room.server.is_killed()
    await room.starts(after_s=room.times.cutoff + 0.5)
    await room.server.comes_back()
    await room.comes(SEEKER)


def node_is_away_across_end(killed_s: float, back_s: float) -> Scene:
    """Killed so long before the end, started again so long after it, in tails."""

    async def scene(room: Room) -> None:
        await room.is_about_to_end(in_s=killed_s * room.times.tail)
        await room.server.is_killed()
        await room.is_about_to_end(in_s=-back_s * room.times.tail)
        await room.server.comes_back()

    return scene


async def node_is_killed_and_seeker_gives_up(room: Room) -> None:
    await room.server.is_killed()
    await room.seeker.closes_the_page()
    await room.server.comes_back()


async def node_stands_still(room: Room) -> None:
    await room.server.stands_still(NODE_STILL_S)


async def store_stands_still(room: Room) -> None:
    await room.server.store_stands_still(STORE_AWAY_S)


async def store_stands_still_across_cutoff(room: Room) -> None:
    await room.starts(after_s=room.times.cutoff - STORE_AWAY_S / 2)
    await room.server.store_stands_still(STORE_AWAY_S)


async def store_stands_still_across_end(room: Room) -> None:
    await room.is_about_to_end(in_s=room.times.tail * 0.3)
    await room.server.store_stands_still(room.times.tail * 0.6)


def clock_is_set(by_s: float) -> Scene:
    """The machine's clock makes a step."""

    async def scene(room: Room) -> None:
        room.server.set_clock(by_s)

    return scene


# ---- afterwards ---------------------------------------------------------------------------------


async def seeker_comes(room: Room) -> None:
    await room.comes(SEEKER)


async def is_held(room: Room) -> None:
    """As if nothing had happened, the supporter lets the seeker in."""
    await room.is_held()


async def nobody_does_anything(room: Room) -> None:
    pass


async def five_seconds_are_left(room: Room) -> None:
    await room.is_about_to_end(in_s=5.0)


# ---- the list -----------------------------------------------------------------------------------

S_LINE = Needs(lines=(SEEKER,))
T_LINE = Needs(lines=(SUPPORTER,))
LINES = Needs(lines=(SEEKER, SUPPORTER))
S_BROWSER = Needs(own_browser=(SEEKER,))
T_BROWSER = Needs(own_browser=(SUPPORTER,))
CLOCK = Needs(clock=True)
NOTHING = Needs()
TWO_WORKERS = Needs(workers=2)


def _in(kind: str, phases: str, needs: Needs, *scenes: Scene) -> list[Play]:
    """The same fault in several phases that begin in the usual way."""
    return [Play(kind, phase, needs, (PHASES[phase], *scenes)) for phase in phases.split()]


PLAYS: tuple[Play, ...] = (
    *_in("seeker_steps_out", "early tail", NOTHING, seeker_steps_out),
    *_in("seeker_closes_tab", "before waiting early tail late end", NOTHING, seeker_closes_tab),
    Play("seeker_closes_tab", "interrupted", T_BROWSER, (supporter_is_lost, seeker_closes_tab)),
    *_in("seeker_reopens", "early", NOTHING, seeker_reopens),
    *_in("seeker_browser_killed", "before waiting early tail", S_BROWSER, seeker_dies),
    *_in("supporter_browser_killed", "early", T_BROWSER, supporter_dies),
    *_in("seeker_reloads", "before waiting", NOTHING, seeker_reloads, is_held),
    *_in("seeker_reloads", "early", NOTHING, seeker_reloads),
    Play(
        "seeker_reloads", "interrupted", NOTHING,
        (supporter_is_out, seeker_reloads, supporter_returns),
    ),
    *_in("supporter_reloads", "early", NOTHING, supporter_reloads),
    *_in("seeker_second_tab", "waiting", NOTHING, second_tab, is_held),
    *_in("seeker_second_tab", "early", NOTHING, second_tab),
    *_in("seeker_line_cut", "before", S_LINE, cut_and_noticed_before_start),
    *_in("seeker_line_cut", "waiting early tail end", S_LINE, cut(SEEKER)),
    Play(
        "seeker_line_cut", "interrupted", Needs(lines=(SEEKER,), own_browser=(SUPPORTER,)),
        (supporter_is_lost, cut(SEEKER)),
    ),
    *_in("seeker_line_mended", "early", S_LINE, cut_and_mended),
    *_in("seeker_media_cut", "early", S_LINE, media_alone_is_cut),
    *_in("supporter_line_cut", "waiting early tail", T_LINE, cut(SUPPORTER)),
    *_in("both_lines_cut", "waiting early tail", LINES, cut(SEEKER, SUPPORTER)),
    Play(
        "many_lines_cut", "early", Needs(lines=(SEEKER,), others=2),
        (three_calls, all_seekers_are_cut),
    ),
    *_in("seeker_up_cut", "early", S_LINE, cut(SEEKER, down=False)),
    *_in("seeker_down_cut", "early", S_LINE, cut(SEEKER, up=False)),
    *_in("supporter_up_cut", "early", T_LINE, cut(SUPPORTER, down=False)),
    *_in("supporter_down_cut", "early", T_LINE, cut(SUPPORTER, up=False)),
    *_in("seeker_loses_packets", "waiting", S_LINE, packets_are_lost, is_held),
    *_in("seeker_loses_packets", "early", S_LINE, packets_are_lost),
    *_in("seeker_line_flaps", "early", S_LINE, flapping),
    *_in("seeker_camera_ends", "early", NOTHING, camera_ends),
    *_in("seeker_takes_phone_call", "early", NOTHING, telephone_rings),
    *_in("seeker_page_frozen", "early", S_BROWSER, page_is_frozen_and_thawed),
    *_in("seeker_page_asleep", "waiting early", S_BROWSER, page_falls_asleep),
    *_in("worker_killed", "waiting", TWO_WORKERS, worker_is_killed, is_held),
    *_in("worker_killed", "early tail", TWO_WORKERS, worker_is_killed),
    Play(
        "worker_killed", "interrupted", TWO_WORKERS,
        (seeker_is_out, worker_is_killed, seeker_returns),
    ),
    *_in("worker_killed_no_way_back", "early", LINES, worker_is_killed_for_good),
    *_in("worker_killed_seeker_gives_up", "early", LINES, worker_is_killed_and_seeker_gives_up),
    *_in("node_killed", "before waiting", NOTHING, node_is_killed, is_held),
    *_in("node_killed", "early", NOTHING, node_is_killed),
    Play("node_killed", "interrupted", NOTHING, (seeker_is_out, node_is_away_across_grace)),
    Play(
        "node_killed_across_cutoff", "waiting", NOTHING,
        (only_supporter, node_is_away_across_cutoff, is_held),
    ),
    *_in("node_killed_across_end", "early", NOTHING, node_is_away_across_end(1.6, 0.1)),
    *_in("node_killed_across_end", "tail", NOTHING, node_is_away_across_end(0.1, 0.0)),
    *_in("node_killed_seeker_gives_up", "early", NOTHING, node_is_killed_and_seeker_gives_up),
    *_in("node_stopped", "waiting", NOTHING, node_stands_still, is_held),
    *_in("node_stopped", "early", NOTHING, node_stands_still),
    *_in("store_stopped", "waiting", NOTHING, store_stands_still_across_cutoff, is_held),
    *_in("store_stopped", "early", NOTHING, store_stands_still),
    *_in("store_stopped", "tail", NOTHING, store_stands_still_across_end),
    Play(
        "store_stopped_across_cutoff", "waiting", NOTHING,
        (only_supporter, store_stands_still_across_cutoff, seeker_comes, is_held),
    ),
    Play(
        "clock_set_forward", "waiting", CLOCK,
        (only_supporter, clock_is_set(HOUR_S), seeker_comes, is_held),
    ),
    *_in("clock_set_forward", "early", CLOCK, clock_is_set(HOUR_S)),
    *_in("clock_set_back", "early", CLOCK, clock_is_set(-HOUR_S)),
    *_in("seeker_drops_5s_before_end", "tail", S_BROWSER, five_seconds_are_left, seeker_dies),
    *_in("seeker_returns_in_last_second", "early", NOTHING, seeker_returns_in_last_second),
    *_in("both_close_after_goodbye", "early", NOTHING, both_close),
    *_in("never_admitted", "waiting", NOTHING, nobody_does_anything),
    Play("seeker_never_comes", "waiting", NOTHING, (only_supporter,)),
    Play("supporter_never_comes", "waiting", NOTHING, (only_seeker,)),
    Play("nobody_comes", "waiting", NOTHING, (nobody,)),
    *_in("supporter_closes_tab", "waiting early tail", NOTHING, supporter_closes_tab),
)  # fmt: skip
"""Every row of `expected.toml`, played."""
