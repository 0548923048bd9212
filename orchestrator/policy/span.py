"""Spans of time as people write them in a programme file or on a command line: `10m`, `60s`, `1h30m`, `14d`, `0s`.

Whole numbers with their unit, largest unit first. There is no default unit, because «5» has been read as five minutes
and as five seconds often enough.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

_WRITTEN = re.compile(r"(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?")
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def read_span(text: object) -> timedelta:
    """Read a written span.

    Args:
        text: for instance `1h30m`; a timedelta is passed on, so that computed values validate too.

    Raises:
        ValueError: with a sentence that shows how a span is written.
    """
    if isinstance(text, timedelta):
        return text
    match = _WRITTEN.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None or not any(match.groups()):
        raise ValueError(f'A span is written like "10m", "90s", "1h30m" or "0s", not {text!r}.')
    days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def write_span(span: timedelta) -> str:
    """Write a span of whole seconds the way `read_span` reads it."""
    left = int(span.total_seconds())
    written = ""
    for unit, seconds in _UNITS:
        count, left = divmod(left, seconds)
        written += f"{count}{unit}" if count else ""
    return written or "0s"


def _more_than_nothing(span: timedelta) -> timedelta:
    if span <= timedelta():
        raise ValueError("This span must be longer than 0s.")
    return span


Span = Annotated[
    timedelta, BeforeValidator(read_span), PlainSerializer(write_span, when_used="json")
]
"""A written span of zero or more."""

PositiveSpan = Annotated[
    timedelta,
    BeforeValidator(lambda text: _more_than_nothing(read_span(text))),
    PlainSerializer(write_span, when_used="json"),
]
"""A written span that is longer than zero."""
