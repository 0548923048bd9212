"""Plays faults side by side, each in a room of its own, and puts what came into a table."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.faults.expected import Expected, Row, Seen
from tests.faults.plays import Play
from tests.faults.rooms import Theatre, Times, a_room, theatre

ATTEMPTS = 3
"""A fault whose people did not arrive on a busy machine has not been played, and is played again."""
ARRIVING_AT_ONCE = 2
"""Starting a node and opening a page takes seconds of a core; a call then costs next to nothing."""

STORY_END = 12
"""Lines of history that say why people did not arrive."""

Say = Callable[[str], None]


class NotArrived(AssertionError):
    """People did not get as far as the fault; the end of the history says why."""


@dataclass(frozen=True, slots=True)
class Run:
    """One session with a fault in it, from its booking to its outcome."""

    seen: Seen
    story: Sequence[str] = ()
    """Its history."""
    stuck: str | None = None
    """What did not come after the fault, although people waited for it."""

    def mistakes(self, expected: Expected, row: Row) -> list[str]:
        """What was wrong."""
        wrong = expected.mistakes(row, self.seen)
        return [*wrong, f"stuck: {self.stuck}"] if self.stuck else wrong


@dataclass(slots=True)
class Result:
    """What came of one play, each time."""

    play: Play
    runs: list[Run] = field(default_factory=list)
    unplayed: list[str] = field(default_factory=list)
    """Why it could not be played: people did not get as far as the fault."""

    def mistakes(self, expected: Expected) -> list[str]:
        """Everything that was wrong, in all runs."""
        row = expected.row(*self.play.name)
        wrong = [each for run in self.runs for each in run.mistakes(expected, row)]
        return wrong + [f"not played: {why}" for why in self.unplayed]

    def right(self, expected: Expected) -> int:
        """How many runs had nothing wrong."""
        row = expected.row(*self.play.name)
        return sum(not run.mistakes(expected, row) for run in self.runs)


async def play_all(
    results: Sequence[Result],
    times: Times,
    *,
    runs: int,
    rooms: int,
    say: Say = lambda line: None,
) -> None:
    """Play each of them so many times, so many at once; who interrupts this has what was played until then."""
    places = asyncio.Semaphore(rooms)
    async with theatre(arriving_at_once=ARRIVING_AT_ONCE) as shared, asyncio.TaskGroup() as playing:
        for _ in range(runs):
            for result in results:
                playing.create_task(_play(result, shared, times, places, say))


async def _play(
    result: Result, shared: Theatre, times: Times, places: asyncio.Semaphore, say: Say
) -> None:
    name = "/".join(result.play.name)
    async with places:
        began = time.monotonic()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                came = await _play_once(result, shared, times, attempt)
            except Exception as wrong:  # one play that cannot be played must not end the others
                why = str(wrong) if isinstance(wrong, NotArrived) else _first(wrong)
                say(f"{name}: attempt {attempt} not played: {why}")
            else:
                say(f"{name}: {came} after {time.monotonic() - began:.0f} s")
                return
        result.unplayed.append(why)


async def _play_once(result: Result, shared: Theatre, times: Times, attempt: int) -> str:
    play = result.play
    starts_in = times.doors_open_for if play.phase == "before" else times.starts_in
    # Whoever came too late on a busy machine has more time at the next attempt.
    async with a_room(shared, times, play.needs, starts_in=starts_in * attempt) as room:
        try:
            await play.arrive(room)
        except Exception as wrong:
            told = (await room.story())[-STORY_END:]
            raise NotArrived("\n    ".join([_first(wrong), *told])) from wrong
        stuck = None
        try:
            await play.run(room)
        except (
            Exception
        ) as wrong:  # what people waited for did not come: the outcome says what came instead
            stuck = _first(wrong)
        runs = [
            Run(await call.is_over(), await call.story(), stuck) for call in (room, *room.others)
        ]
        result.runs += runs
        return ", ".join(f"{run.seen.verdict} {run.seen.confidence or ''}" for run in runs)


def _first(wrong: BaseException) -> str:
    while isinstance(wrong, BaseExceptionGroup):
        wrong = wrong.exceptions[0]
    text = str(wrong).splitlines()
    return f"{type(wrong).__name__}: {text[0] if text else ''}"


# ---- the table ----------------------------------------------------------------------------------


def is_fine(expected: Expected, results: Sequence[Result]) -> bool:
    """Whether everything came as it must."""
    return all(result.runs and not result.mistakes(expected) for result in results)


def table(expected: Expected, results: Sequence[Result]) -> str:
    """Kind, phase, what came, and in how many runs that was right; below it what was wrong."""
    rows = [("kind", "phase", "what came", "quota", "strike", "new date", "right")]
    for result in results:
        rows += _lines(expected, result)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*lines, "", *_wrong(expected, results), _sum(expected, results)])


def _lines(expected: Expected, result: Result) -> list[tuple[str, ...]]:
    row = expected.row(*result.play.name)
    right = f"{result.right(expected)} of {len(result.runs) + len(result.unplayed)}"
    came = Counter(_cells(run.seen) for run in result.runs)
    if not came:
        return [(row.kind, row.phase, "not played", "", "", "", right)]
    lines = []
    for index, (cells, _) in enumerate(came.most_common()):
        head = (row.kind, row.phase) if index == 0 else ("", "")
        lines.append((*head, *cells, right if index == 0 else ""))
    return lines


def _cells(seen: Seen) -> tuple[str, ...]:
    sure = f" {seen.confidence}" if seen.cause else ""
    return (
        f"{seen.verdict.rstrip('/')}{sure}",
        seen.quota or "",
        "STRIKE" if seen.strike else "-",
        "opened" if seen.reschedule else "-",
    )


def _wrong(expected: Expected, results: Sequence[Result]) -> list[str]:
    lines = []
    for result in results:
        wrong = Counter(result.mistakes(expected))
        if wrong:
            row: Row = expected.row(*result.play.name)
            lines.append(f"{row.kind} / {row.phase}: {row.told} («{row.why}»)")
            lines += [f"    {times} ×  {mistake}" for mistake, times in wrong.items()]
            lines += [f"        {line}" for line in _first_wrong_story(expected, row, result)]
    return [*lines, ""] if lines else []


def _first_wrong_story(expected: Expected, row: Row, result: Result) -> Sequence[str]:
    wrong = (run.story for run in result.runs if run.mistakes(expected, row))
    return next(wrong, ())


def _sum(expected: Expected, results: Sequence[Result]) -> str:
    right = sum(not result.mistakes(expected) for result in results)
    mistakes = [each for result in results for each in result.mistakes(expected)]
    grave = [
        sum(each.startswith(word) for each in mistakes) for word in ("FALSE", "WRONG", "SEEKER")
    ]
    kinds = len({result.play.kind for result in results})
    runs = sum(len(result.runs) for result in results)
    return (
        f"{kinds} kinds, {len(results)} rows, {runs} sessions: {right} rows right; "
        f"{grave[0]} false no-shows, {grave[1]} wrong strikes, {grave[2]} seekers convicted by what was not theirs"
    )
