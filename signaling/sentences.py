"""Writes the sentences of refusals into the pages' catalogues, so that there is one text for each: `make docs`."""

from __future__ import annotations

import json
import re
from pathlib import Path

from orchestrator.refusals import for_pages

LOCALES = Path(__file__).parent / "pages" / "assets" / "locales"
LANGUAGES = ("ja", "en")
PARTS = {"": "room", ".board": "board"}
"""The catalogue that everybody loads, and the one of the office's pages; and which refusals each has."""

_KEY = re.compile(r'  "([^"]+)": ')
_FIRST = "refusal."


def merged(text: str, texts: dict[str, str]) -> str:
    """A page's catalogue with those texts in it, line by line: what else stands there stays as it is.

    Args:
        text: of the catalogue, one key a line.
        texts: by key; those that are new follow the last one of their kind.
    """
    left = dict(texts)
    lines: list[str] = []
    last = 0
    for line in text.splitlines():
        match = _KEY.match(line)
        key = match[1] if match else ""
        comma = "," if line.endswith(",") else ""
        lines.append(_line(key, left.pop(key)) + comma if key in left else line)
        if key.startswith(_FIRST):
            last = len(lines)
    lines[last:last] = [_line(key, value) + "," for key, value in left.items()]
    return "\n".join(lines) + "\n"


def _line(key: str, value: str) -> str:
    return f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"


def write() -> None:
    """Bring the catalogues of the pages up to date."""
    for language in LANGUAGES:
        for part, place in PARTS.items():
            file = LOCALES / f"{language}{part}.json"
            texts = for_pages(language, place)
            file.write_text(merged(file.read_text("utf-8"), texts), "utf-8")


if __name__ == "__main__":
    write()
