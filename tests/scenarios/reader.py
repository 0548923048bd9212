"""Reads a scenario file: a heading of `key: value` lines, an empty line, then sentences with their times.

A file that cannot be understood is refused with its line number, and with the nearest known sentences.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from orchestrator.policy.programme import Programme
from orchestrator.policy.programme_checks import CROSS_CHECKS
from orchestrator.policy.programme_mistakes import read_model
from orchestrator.programmes import load_all
from tests.scenarios.language import Known, Unknown
from tests.scenarios.sentences import understand

HERE = Path(__file__).parent
HOUSE = HERE.parent.parent
GROUPS = ("kumagaya", "sakai", "ix", "card", "ours", "stories")
"""The folders: of a programme's own clauses, of the user's card, of what is ours, and the stories of product.md."""

PROGRAMMES = {name: it for name, it in load_all().items() if name in {"kumagaya", "sakai", "ix"}}
"""The three that ship for offices; the trial programme is for nobody."""

_DAY = date(2026, 12, 1)
"""A Tuesday on which all three offices are open; used where the file names no day."""

_NEEDED = ("title", "clause", "programme", "slot")
_ALLOWED = (*_NEEDED, "rule", "day", "medium", "but")
_HEADING = re.compile(r"([a-z]+): (.+)")
_SLOT = re.compile(r"(\d\d:\d\d)(?:-(\d\d:\d\d))?")
_LINE = re.compile(
    r"(?:(?P<day>\d\d-\d\d) )?(?P<clock>\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(?: +(?P<text>\S.*))?"
)
_OF_END = re.compile(r"end(?:-(?P<back>\d{1,2}:\d\d(?:\.\d{1,3})?))?(?: +(?P<text>\S.*))?")


class Unreadable(ValueError):
    """A scenario file breaks the language; the message says where and what was meant perhaps."""


@dataclass(frozen=True)
class When:
    """A moment as the file writes it: a wall-clock time of the programme's zone, or so long before the end."""

    clock: time | None = None
    """None: counted from the end."""
    day: tuple[int, int] | None = None
    """Month and day, where it is not the slot's day."""
    before_end: timedelta = timedelta()


@dataclass(frozen=True)
class Line:
    """One sentence at its time."""

    number: int
    when: When
    text: str
    known: Known


@dataclass(frozen=True)
class Scenario:
    """One file, read."""

    path: Path
    title: str
    clauses: tuple[str, ...]
    rules: tuple[tuple[str, str], ...]
    """Programme and key of each rule that the scenario tests."""
    programmes: tuple[str, ...]
    day: date
    starts: time
    ends: time | None
    """None: the programme's default length."""
    lines: tuple[Line, ...]
    medium: str = "video"
    but: str = ""
    """TOML that stands in place of the programme's own values."""
    """Why the policy cannot do this yet."""

    @property
    def name(self) -> str:
        """`group/name`."""
        return str(self.path.relative_to(HERE).with_suffix(""))

    def programme(self, name: str) -> Programme:
        """The programme it runs under, with what the file says otherwise."""
        programme = PROGRAMMES[name]
        if not self.but:
            return programme
        changed = tomllib.loads(self.but)
        return read_model(Programme, CROSS_CHECKS, dict(programme) | changed, f"{name}, but")

    def slot(self, programme: Programme) -> tuple[datetime, datetime]:
        """Start and end of the slot."""
        starts_at = datetime.combine(self.day, self.starts, ZoneInfo(programme.time_zone))
        if self.ends is None:
            return starts_at, starts_at + programme.default_length
        return starts_at, datetime.combine(self.day, self.ends, ZoneInfo(programme.time_zone))

    def moment(self, when: When, programme: Programme) -> datetime:
        """When that is."""
        if when.clock is None:
            return self.slot(programme)[1] - when.before_end
        day = self.day
        if when.day is not None:
            month, of_month = when.day
            day = date(self.day.year, month, of_month)
        return datetime.combine(day, when.clock, ZoneInfo(programme.time_zone))


def files() -> list[Path]:
    """All scenario files."""
    return sorted(HERE.rglob("*.scenario"))


def read(path: Path) -> Scenario:
    """Read a file.

    Raises:
        Unreadable: with the file, the line and what is wrong there.
    """
    return read_text(path.read_text(encoding="utf-8"), path)


def read_text(text: str, path: Path) -> Scenario:
    """Read the text of a file; see `read`."""
    heading, _, _ = text.partition("\n\n")
    keys = _read_heading(heading, path)
    first = heading.count("\n") + 3
    body = text[len(heading) + 2 :]
    lines = tuple(_read_lines(body, first, path))
    if not any(line.known.sentence.is_claim for line in lines):
        raise Unreadable(f"{path.name}: It expects nothing, so it can never fail.")
    return _scenario(keys, lines, path)


def _scenario(keys: dict[str, list[str]], lines: tuple[Line, ...], path: Path) -> Scenario:
    programmes = tuple(_split(keys["programme"][0], ","))
    strange = [name for name in programmes if name not in PROGRAMMES]
    slot = _SLOT.fullmatch(keys["slot"][0])
    if strange or slot is None:
        raise Unreadable(f"{path.name}: Not understood: {strange or keys['slot'][0]}.")
    clauses = tuple(clause for value in keys["clause"] for clause in _split(value, ";"))
    scenario = Scenario(
        path=path,
        title=keys["title"][0],
        clauses=clauses,
        rules=(),
        programmes=programmes,
        day=date.fromisoformat(keys["day"][0]) if "day" in keys else _DAY,
        starts=time.fromisoformat(slot[1]),
        ends=time.fromisoformat(slot[2]) if slot[2] else None,
        lines=lines,
        medium=keys.get("medium", ["video"])[0],
        but="\n".join(keys.get("but", ())),
    )
    written = [rule for value in keys.get("rule", ()) for rule in _split(value, ";")]
    return replace(scenario, rules=tuple(_rules(written, scenario)))


def _rules(written: list[str], scenario: Scenario) -> Iterator[tuple[str, str]]:
    """`cutoff` of each programme of the scenario, `ix ringing` of one."""
    for rule in written:
        first, _, key = rule.partition(" ")
        if key and first not in scenario.programmes:
            raise Unreadable(f"{scenario.path.name}: rule: It does not run under {first}.")
        for name in (first,) if key else scenario.programmes:
            yield name, key or first


def _read_heading(heading: str, path: Path) -> dict[str, list[str]]:
    keys: dict[str, list[str]] = {}
    for number, line in enumerate(heading.splitlines(), 1):
        match = _HEADING.fullmatch(line)
        if match is None or match[1] not in _ALLOWED:
            known = ", ".join(_ALLOWED)
            raise Unreadable(f"{path.name}:{number}: {line!r} is no heading; known: {known}.")
        keys.setdefault(match[1], []).append(match[2].strip())
    missing = [key for key in _NEEDED if key not in keys]
    if missing:
        raise Unreadable(f"{path.name}: The heading lacks {', '.join(missing)}.")
    return keys


def _read_lines(body: str, first: int, path: Path) -> Iterator[Line]:
    when: When | None = None
    for number, raw in enumerate(body.splitlines(), first):
        text = raw.partition("#")[0].rstrip()
        if not text:
            continue
        if not text.startswith(" "):
            when, text = _read_time(text, number, path)
        if when is None:
            raise Unreadable(f"{path.name}:{number}: The first sentence needs a time.")
        if text := text.strip():
            try:
                known = understand(text)
            except Unknown as unknown:
                raise Unreadable(f"{path.name}:{number}: {unknown}") from None
            yield Line(number, when, text, known)


def _read_time(text: str, number: int, path: Path) -> tuple[When, str]:
    if match := _OF_END.fullmatch(text):
        return When(before_end=_span(match["back"] or "0:00")), match["text"] or ""
    if match := _LINE.fullmatch(text):
        day = match["day"]
        month_and_day = (int(day[:2]), int(day[3:])) if day else None
        try:
            clock = _clock(match["clock"])
        except ValueError as error:
            raise Unreadable(f"{path.name}:{number}: {error}") from None
        return When(clock, month_and_day), match["text"] or ""
    raise Unreadable(
        f"{path.name}:{number}: A line begins with a time (10:05, 10:09:59.999, end, end-2:00) or with spaces."
    )


def _clock(text: str) -> time:
    whole, _, fraction = text.partition(".")
    return time.fromisoformat(whole).replace(microsecond=int(fraction.ljust(6, "0") or "0"))


def _span(text: str) -> timedelta:
    minutes, seconds = text.split(":")
    return timedelta(minutes=int(minutes), seconds=float(seconds))


def _split(value: str, separator: str) -> list[str]:
    return [part.strip() for part in value.split(separator) if part.strip()]
