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


def legible(text: str) -> str:
    """Take out what shows nothing: format characters but joiners at work, and space around the whole."""
    shown = (char for char in text if char in _JOINERS or unicodedata.category(char) != "Cf")
    return _LOOSE.sub("", "".join(shown)).strip()
