"""A thousand live rooms on one board: from an event to the painted line, and scrolling meanwhile (`make bench-board`).

The rooms are booked and live in a real store and host; only their media is not there. Events are delivered to the
host, as a page's message would be; what is counted is the time from there until the browser has painted the row that
they make: commit, feed, WebSocket, drawing. While they go on, the timeline is scrolled from its first counter to its
last and along the day, and the browser tells of every task that was longer than 50 ms. Each part lasts longer than
the minute after which the node compares the day with its store. Node, load and browser share this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from playwright.async_api import Page, async_playwright

from orchestrator.policy.events import Admitted, Connected, Disconnected, Joined
from orchestrator.policy.model import SEEKER, SUPPORTER, ConnectionId, DeviceId, SeatId
from tests.browser.chromium import chromium_path
from tests.signaling.node import Meeting, Node, running_node

AT_ONCE = 20
TARGET_MS = 100.0

WATCH = """() => {
  window.painted = [];
  window.latest = {}; // session -> version that is painted
  window.long = [];
  const seen = new Set();
  const channel = new MessageChannel();
  const waiting = [];
  channel.port1.onmessage = () => {
    const at = performance.timeOrigin + performance.now();
    for (const key of waiting.splice(0)) {
      const [session, version] = key.split("|");
      window.painted.push([session, version, at]);
      window.latest[session] = Math.max(window.latest[session] ?? 0, Number(version));
    }
  };
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const { sessionId, version } = target.dataset;
      const key = `${sessionId}|${version}`;
      if (!sessionId || seen.has(key)) continue;
      seen.add(key);
      // The frame that shows it is drawn after this callback; the next task comes after the paint.
      requestAnimationFrame(() => { waiting.push(key); channel.port2.postMessage(null); });
    }
  }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["data-version"] });
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.long.push(task.duration);
  }).observe({ type: "longtask" });
}"""

SCROLL = """async (seconds) => {
  const timeline = document.querySelector(".tt");
  const frames = [];
  const begin = performance.now();
  let last = begin;
  window.long.length = 0;
  while (last - begin < seconds * 1000) {
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
    const share = Math.min(1, (now - begin) / (seconds * 1000));
    timeline.scrollTop = share * (timeline.scrollHeight - timeline.clientHeight);
    timeline.scrollLeft = (0.5 - 0.5 * Math.cos(share * 6.3)) * (timeline.scrollWidth - timeline.clientWidth);
  }
  return frames;
}"""

IN_VIEW = """() => [...document.querySelectorAll("[data-testid=lane] [data-session-id]")].filter((cell) => {
  const { top, bottom } = cell.getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
}).map((cell) => cell.dataset.sessionId)"""


ALL_PAINTED = """(last) => Object.entries(last).every(([session, version]) => window.latest[session] >= version)"""

LIVE = '.filters button:has([data-phase="live"]) .num'


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table, in milliseconds."""

    name: str
    values: Sequence[float]

    def line(self) -> str:
        """The row as text."""
        if not self.values:
            return f"{self.name:<34}{0:>6}"
        ordered = sorted(self.values)
        p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * p))] for p in (0.5, 0.99))
        return f"{self.name:<34}{len(ordered):>6}{p50:>10.1f}{p99:>10.1f}{ordered[-1]:>10.1f}"


def line_of(meeting: Meeting, seat: SeatId) -> ConnectionId:
    """The connection of somebody in a room."""
    return ConnectionId(f"{meeting.id}-{seat}")


async def live_rooms(node: Node, count: int) -> list[Meeting]:
    """That many live rooms, each with a supporter of its own; their media is not there."""
    meetings: list[Meeting] = []
    for begin in range(0, count, AT_ONCE):
        numbers = range(begin, min(count, begin + AT_ONCE))
        meetings += await asyncio.gather(
            *(node.meet(supporter=f"s{number:04}") for number in numbers)
        )
    for begin in range(0, count, AT_ONCE):
        await asyncio.gather(*(_begin(node, each) for each in meetings[begin : begin + AT_ONCE]))
    return meetings


async def _begin(node: Node, meeting: Meeting) -> None:
    session = await node.session(meeting)
    agreed = session.rules.terms_version, session.rules.attestations
    for seat in (SEEKER, SUPPORTER):
        line = line_of(meeting, seat)
        await node.host.deliver(meeting.id, Connected(seat, line, DeviceId(line)))
        await node.host.deliver(meeting.id, Joined(seat, line, *agreed))
    await node.host.deliver(meeting.id, Admitted(line_of(meeting, SUPPORTER), SEEKER))


async def flicker(node: Node, meeting: Meeting) -> int:
    """The seeker's line drops, or is back; the version that the board will show."""
    session = await node.session(meeting)
    line = line_of(meeting, SEEKER)
    if session.seeker.connection is None:
        event = Connected(SEEKER, line, DeviceId(line), session.seeker.media_epoch)
    else:
        event = Disconnected(SEEKER, session.seeker.connection, page_closed=False)
    return (await node.host.deliver(meeting.id, event)).version


async def play(
    node: Node, rooms: Sequence[Meeting], seconds: float, every_s: float, seed: int
) -> dict[tuple[str, str], float]:
    """Let lines drop and come back for a while; session and version -> when the event was delivered.

    There is an event at each multiple of `every_s`; one whose time passes while another is on its way is left out.
    """
    rnd, sent = random.Random(seed), dict[tuple[str, str], float]()
    begin = time.monotonic()
    while (since := time.monotonic() - begin) < seconds:
        await asyncio.sleep(every_s - since % every_s)
        meeting = rnd.choice(rooms)
        at = time.time() * 1000
        version = await flicker(node, meeting)
        sent[str(meeting.id), str(version)] = at
    return sent


async def measure(page: Page, node: Node, rooms: Sequence[Meeting], seconds: float) -> list[Row]:
    """Both measurements, one after the other."""
    await page.evaluate(WATCH)
    in_view = set(await page.evaluate(IN_VIEW))
    near = [each for each in rooms if each.id in in_view]
    elsewhere = [each for each in rooms if each.id not in in_view]
    sent, _ = await asyncio.gather(
        play(node, near, seconds, 0.12, 1), play(node, elsewhere, seconds, 0.02, 2)
    )
    last = {one: int(version) for one, version in sent}
    await page.wait_for_function(ALL_PAINTED, arg=last)
    painted = {(one, version): at for one, version, at in await page.evaluate("window.painted")}
    # Of changes that came faster than twenty a second a board is shown the last one only.
    delays = [painted[key] - at for key, at in sent.items() if key in painted]
    frames, _ = await asyncio.gather(
        page.evaluate(SCROLL, seconds), play(node, rooms, seconds, 0.02, 3)
    )
    long = await page.evaluate("window.long")
    return [
        Row("event to painted row", delays),
        Row("frames while scrolling", frames),
        Row("tasks over 50 ms while scrolling", long),
    ]


async def main(rooms: int, seconds: float) -> None:
    """Print the table."""
    warnings = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=warnings)  # ten thousand lines of history are not the table
    async with running_node() as node, async_playwright() as playwright:
        gc.collect()  # as `serve` does it, where the driver of a browser is not in the way either
        gc.freeze()
        meetings = await live_rooms(node, rooms)
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page(viewport={"width": 1440, "height": 900}, locale="ja")
        await page.goto(node.url(f"/board#{await node.staff()}"))
        await page.get_by_test_id("lane").first.wait_for()
        await page.locator(LIVE, has_text=str(rooms)).wait_for()
        lanes = await page.get_by_test_id("lane").count()
        rows = await measure(page, node, meetings, seconds)
        await browser.close()
    print(f"{rooms} live rooms, {lanes} lanes in the page\n")
    print(f"{'milliseconds':<34}{'count':>6}{'p50':>10}{'p99':>10}{'max':>10}")
    for row in rows:
        print(row.line())
    print(f"\nTargets: p99 of the first at most {TARGET_MS:.0f}, no task over {TARGET_MS:.0f}.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=70.0)
    given = parser.parse_args()
    asyncio.run(main(given.rooms, given.seconds))
