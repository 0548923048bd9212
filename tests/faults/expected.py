"""What must come of each fault (`expected.toml`), and what is wrong with what came. Knows nothing of the policy."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

FILE = Path(__file__).parent / "expected.toml"
FAULTS = {"seeker", "supporter", "ours", "nobody", "unclear"}
PHASES = ("before", "waiting", "early", "tail", "late", "interrupted", "end")
MOMENTS = {None, "end", "cutoff", "cutoff or later", "before end"}


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a verdict costs and gives."""

    quota: str
    reschedule: bool
    strike: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of fault in one phase, and what must come of it."""

    kind: str
    phase: str
    told: str
    fault: str
    """Whose it was in truth."""
    verdicts: Mapping[str, frozenset[str]]
    """`outcome/cause` to the confidences allowed; none named: any."""
    at: str | None
    why: str

    @property
    def name(self) -> tuple[str, str]:
        """What the row is found by."""
        return self.kind, self.phase


@dataclass(frozen=True, slots=True)
class Seen:
    """What a scheduler's program sees of a session that is over."""

    outcome: str
    cause: str | None
    confidence: str | None
    reason: str | None
    quota: str | None
    strike: bool
    reschedule: bool
    ended_at: datetime
    cutoff_at: datetime
    """As booked."""
    ends_at: datetime
    times_ended: int = 1
    """How often the history says that it ended."""

    @property
    def verdict(self) -> str:
        """Outcome and cause as `expected.toml` writes them."""
        return f"{self.outcome}/{self.cause or ''}"


@dataclass(frozen=True, slots=True)
class Expected:
    """The whole table."""

    rows: tuple[Row, ...]
    consequences: Mapping[str, Consequence]

    def row(self, kind: str, phase: str) -> Row:
        """The row of that name."""
        return next(row for row in self.rows if row.name == (kind, phase))

    def mistakes(self, row: Row, seen: Seen) -> list[str]:
        """What is wrong with what came of a fault; the grave mistakes first, in capitals."""
        return [
            *_grave(row, seen),
            *_not_as_told(row, seen),
            *self._not_as_due(seen),
            *_not_in_time(row, seen),
        ]

    def _not_as_due(self, seen: Seen) -> Iterator[str]:
        due = self.consequences.get(seen.verdict)
        if due is None:
            yield f"{seen.verdict} is no verdict of the table"
            return
        for name in ("quota", "reschedule", "strike"):
            if (came := getattr(seen, name)) != getattr(due, name):
                yield f"{seen.verdict} has {name} {came}, not {getattr(due, name)}"
        if seen.times_ended != 1:
            yield f"it ended {seen.times_ended} times"


def _grave(row: Row, seen: Seen) -> Iterator[str]:
    """What must never come, whatever else is right."""
    may_be_absent = any(verdict.startswith("seeker_no_show") for verdict in row.verdicts)
    if seen.outcome == "seeker_no_show" and not may_be_absent:
        yield "FALSE NO-SHOW"
    if seen.strike and not may_be_absent:
        yield "WRONG STRIKE"
    if seen.cause == "seeker" and row.fault in {"ours", "supporter"}:
        yield f"SEEKER CONVICTED, and it was {row.fault}"


def _not_as_told(row: Row, seen: Seen) -> Iterator[str]:
    if seen.verdict not in row.verdicts:
        yield f"{seen.verdict} ({seen.reason}), not {' or '.join(row.verdicts)}"
    elif (allowed := row.verdicts[seen.verdict]) and seen.confidence not in allowed:
        yield f"{seen.verdict} is {seen.confidence}, not {' or '.join(sorted(allowed))}"


def _not_in_time(row: Row, seen: Seen) -> Iterator[str]:
    in_time = {
        None: True,
        "end": seen.ended_at == seen.ends_at,
        "cutoff": seen.ended_at == seen.cutoff_at,
        "cutoff or later": seen.ended_at >= seen.cutoff_at,
        "before end": seen.ended_at < seen.ends_at,
    }
    if not in_time[row.at]:
        left: timedelta = seen.ends_at - seen.ended_at
        yield f"over {left.total_seconds():.1f} s before the end, not: {row.at}"


def load(file: Path = FILE) -> Expected:
    """Read the table."""
    written = tomllib.loads(file.read_text("utf-8"))
    rows = tuple(
        Row(
            kind=row["kind"],
            phase=row["phase"],
            told=row["told"],
            fault=row["fault"],
            verdicts={verdict: frozenset(sure) for verdict, sure in row["verdicts"].items()},
            at=row.get("at"),
            why=row["why"],
        )
        for row in written["row"]
    )
    consequences = {verdict: Consequence(**due) for verdict, due in written["consequences"].items()}
    return Expected(rows, consequences)
