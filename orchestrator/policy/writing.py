"""What somebody wrote, without what nobody sees.

Direction controls make a text read as another one; zero-width characters hide one in it, or make a line that shows
nothing. They are taken out and not refused: they come along with what is pasted, and who pastes does not see them.
"""

from __future__ import annotations

import re
import unicodedata

_JOINERS = "\u200c\u200d"
"""Emoji are put together with them, and Persian and Indian languages are written with them."""

_LOOSE = re.compile(rf"(?<![^\s{_JOINERS}])[{_JOINERS}]|[{_JOINERS}](?![^\s{_JOINERS}])")
"""A joiner that does not stand alone between two characters joins nothing."""


LONGEST_REFERENCE = 40
LONGEST_NOTED = 500
"""Characters of what an office notes about a seeker for the supporter; ours."""

PRINTED = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$"
"""What a person writes: no control characters but line breaks."""
_UNPRINTED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
"""Control characters but line breaks."""


def read_reference(text: str) -> str:
    """Under what the office knows somebody: one line.

    Raises:
        ValueError: it is none.
    """
    read = legible(text)
    if not 0 < len(read) <= LONGEST_REFERENCE or _UNPRINTED.search(read) or "\n" in read:
        raise ValueError(f"must be one line of 1 to {LONGEST_REFERENCE} characters")
    return read


def read_noted(text: str) -> str:
    """What the office notes about somebody: a few sentences.

    Raises:
        ValueError: it shows nothing, is too long or has control characters.
    """
    read = legible(text)
    if not 0 < len(read) <= LONGEST_NOTED or _UNPRINTED.search(read):
        raise ValueError(
            f"must have 1 to {LONGEST_NOTED} characters, and of the control characters only line breaks"
        )
    return read


def legible(text: str) -> str:
    """Take out what shows nothing: format characters but joiners at work, and space around the whole."""
    shown = (char for char in text if char in _JOINERS or unicodedata.category(char) != "Cf")
    return _LOOSE.sub("", "".join(shown)).strip()
