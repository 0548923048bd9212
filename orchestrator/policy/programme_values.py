"""The single values of a programme file: how each is written, and which are known.

Each type here is checked by itself, so that every mistake of a file can be found in one reading.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
from pydantic import BeforeValidator, Field, PlainSerializer

from orchestrator.policy.span import read_span, write_span

Function = Literal["audio", "video", "chat", "screen"]
"""What a room can offer (SAKAI 5-4)."""

RequestField = Literal["name", "job_seeker_number", "telephone", "wished_slots"]
"""What a request can have to state (KUMAGAYA 6(2), SAKAI 2(1))."""

Attestation = Literal[
    "private_room",
    "declared_companions",
    "no_recording",
    "safe_device",
    "safe_network",
]
"""What can be attested: KUMAGAYA 12(3), KUMAGAYA 12(2), KUMAGAYA 5, SAKAI 4, IX 5-2(1).

The pages have a sentence for each.
"""

MOST_LENGTHS = 100
"""More lengths than a page can offer; bounds what `min`, `max` and `step` can make."""

_TIME_OF_DAY = re.compile(r"([0-9]{2}):([0-9]{2})")
_CLOSED = re.compile(r"([0-9]{2})-([0-9]{2})(?:\.\.([0-9]{2})-([0-9]{2}))?")
_TELEPHONE = re.compile(r"\+?[ (]*\d(?:[ ()-]*\d){2,14}", re.ASCII)
"""At most 15 digits (ITU-T E.164), at least the three of a short number."""
_LEAP_YEAR = 2024
"""Any leap year: 02-29 is a day of the year that can be closed."""


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """Days of every year on which nothing is held, both ends included; may span the new year."""

    first: tuple[int, int]
    """Month and day."""
    last: tuple[int, int]

    def cover(self, day: date) -> bool:
        """Whether that day is closed."""
        place = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= place <= self.last
        return place >= self.first or place <= self.last

    def __str__(self) -> str:
        first, last = (f"{month:02}-{day:02}" for month, day in (self.first, self.last))
        return first if first == last else f"{first}..{last}"


def _read_closed_days(text: object) -> ClosedDays:
    if isinstance(text, ClosedDays):
        return text
    sentence = f'Closed days are written like "12-29" or "12-29..01-03", not {text!r}.'
    match = _CLOSED.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(sentence)
    month, day, last_month, last_day = (None if g is None else int(g) for g in match.groups())
    try:
        first = date(_LEAP_YEAR, month or 0, day or 0)
        last = first if last_month is None else date(_LEAP_YEAR, last_month, last_day or 0)
    except ValueError:
        raise ValueError(sentence) from None
    return ClosedDays((first.month, first.day), (last.month, last.day))


def _read_time_of_day(text: object) -> timedelta:
    if isinstance(text, timedelta):
        return text
    match = _TIME_OF_DAY.fullmatch(text) if isinstance(text, str) else None
    hours, minutes = (int(group) for group in match.groups()) if match else (99, 99)
    if minutes > 59 or hours * 60 + minutes > 24 * 60:
        raise ValueError(f'A time of day is written like "09:30", at most "24:00", not {text!r}.')
    return timedelta(hours=hours, minutes=minutes)


def _write_time_of_day(span: timedelta) -> str:
    minutes = span // timedelta(minutes=1)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _read_lengths(value: object) -> tuple[timedelta, ...]:
    if isinstance(value, Mapping):
        return _spread(value)
    if not isinstance(value, list | tuple) or not value:
        raise ValueError('Lengths are a list like ["30m"] or a table with min, max and step.')
    lengths = tuple(read_span(item) for item in value)
    if len(lengths) > MOST_LENGTHS:
        raise ValueError(f"There may be at most {MOST_LENGTHS} lengths.")
    if any(length <= timedelta() for length in lengths):
        raise ValueError("Every length must be longer than 0s.")
    if list(lengths) != sorted(set(lengths)):
        raise ValueError("Lengths are listed once each, shortest first.")
    return lengths


def _spread(table: Mapping[object, object]) -> tuple[timedelta, ...]:
    if set(table) != {"min", "max", "step"}:
        raise ValueError("A table of lengths has exactly min, max and step.")
    shortest, longest, step = (read_span(table[key]) for key in ("min", "max", "step"))
    if not timedelta() < shortest <= longest or step <= timedelta():
        raise ValueError("Lengths need 0s < min <= max and a step longer than 0s.")
    if (longest - shortest) % step:
        raise ValueError("The step must lead from min to max exactly.")
    count = (longest - shortest) // step + 1
    if count > MOST_LENGTHS:
        raise ValueError(f"There may be at most {MOST_LENGTHS} lengths, not {count}.")
    return tuple(shortest + step * index for index in range(count))


def _known_zone(text: object) -> str:
    try:
        ZoneInfo(text if isinstance(text, str) else "")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'There is no time zone {text!r}; a name is like "Asia/Tokyo".') from None
    return str(text)


def _known_country(text: object) -> str:
    if not isinstance(text, str) or text not in holidays.list_supported_countries():
        raise ValueError(f'No public holidays are known for {text!r}; a code is like "JP".')
    return text


def _dialable(text: object) -> str:
    if not isinstance(text, str) or not _TELEPHONE.fullmatch(text):
        raise ValueError(
            f'A telephone number is written like "048-000-0000", in ASCII and with nothing behind it, not {text!r}.'
        )
    return text


@lru_cache(maxsize=256)
def public_holidays(country: str, year: int) -> frozenset[date]:
    """The public holidays of a country in one year, substitute days included."""
    return frozenset(holidays.country_holidays(country, years=year, expand=False))


TimeOfDay = Annotated[
    timedelta,
    BeforeValidator(_read_time_of_day),
    PlainSerializer(_write_time_of_day, when_used="json"),
]
"""Wall-clock time since local midnight, 00:00 to 24:00; written HH:MM."""

Lengths = Annotated[
    tuple[timedelta, ...],
    BeforeValidator(_read_lengths),
    PlainSerializer(lambda lengths: [write_span(length) for length in lengths], when_used="json"),
]
Telephone = Annotated[str, Field(strict=True), BeforeValidator(_dialable)]
"""Digits with blanks, hyphens and brackets between them, perhaps a plus in front: a press of it dials."""
ClosedRange = Annotated[ClosedDays, BeforeValidator(_read_closed_days), PlainSerializer(str)]
ZoneName = Annotated[str, Field(strict=True), BeforeValidator(_known_zone)]
Country = Annotated[str, Field(strict=True), BeforeValidator(_known_country)]
