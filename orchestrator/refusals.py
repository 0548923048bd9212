"""The catalogue of everything that is refused: `refusals.toml` as values, and as a page of the documentation.

A code is for programs, a sentence says what is so, a next step says what to do about it. The API answers with all
three; the pages of the room have the same texts in their own catalogues, and a test holds the two together.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path

PLACES = ("room", "board", "api", "shell")
"""Where a refusal is met."""

PAGE = Path(__file__).parents[1] / "docs" / "refusals.md"


@dataclass(frozen=True, slots=True)
class Words:
    """A text in the two languages of the pages."""

    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that is refused."""

    code: str
    group: str
    """Under which heading it stands."""
    status: int
    """Of HTTP; also of what only the socket says, for its family."""
    seen: tuple[str, ...]
    """Some of `PLACES`."""
    clause: str | None
    """Of the terms; None: ours."""
    sentence: Words
    next: Words
    """What to do now."""
    next_of_staff: Words | None
    """What people of the office do instead; None: the same."""


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, Refusal]:
    """Every refusal by its code, in the order of the file."""
    text = files("orchestrator").joinpath("refusals.toml").read_text("utf-8")
    return {code: _refusal(code, row) for code, row in tomllib.loads(text).items()}


def _refusal(code: str, row: Mapping[str, object]) -> Refusal:
    def words(prefix: str) -> Words:
        return Words(str(row[f"{prefix}ja"]), str(row[f"{prefix}en"]))

    seen, status, clause = row["seen"], row["status"], row.get("clause")
    assert isinstance(seen, list), "a test reads the whole file"
    assert isinstance(status, int), "a test reads the whole file"
    return Refusal(
        code=code,
        group=str(row["group"]),
        status=status,
        seen=tuple(str(place) for place in seen),
        clause=str(clause) if clause is not None else None,
        sentence=words(""),
        next=words("next_"),
        next_of_staff=words("staff_") if "staff_ja" in row else None,
    )


def for_programs(code: str) -> dict[str, dict[str, str]]:
    """What the API adds to an error of that code: `sentence` and `next`, for people of the office.

    Returns:
        Nothing for a code that is not in the catalogue: an answer must not fail for its words.
    """
    known = catalogue().get(code)
    if known is None:
        return {}
    following = known.next_of_staff or known.next
    return {
        "sentence": {"ja": known.sentence.ja, "en": known.sentence.en},
        "next": {"ja": following.ja, "en": following.en},
    }


def for_pages(language: str, place: str) -> dict[str, str]:
    """The texts of what is met on the pages, as keys of a page's catalogue.

    Args:
        language: `ja` or `en`.
        place: `room`, or `board` for what is met there alone: the board loads the room's catalogue as well.
    """
    texts: dict[str, str] = {}
    for code, known in catalogue().items():
        if place not in known.seen or (place == "board" and "room" in known.seen):
            continue
        texts[f"refusal.{code}"] = getattr(known.sentence, language)
        texts[f"refusal.{code}.next"] = getattr(known.next, language)
        if known.next_of_staff is not None:
            texts[f"refusal.{code}.next_staff"] = getattr(known.next_of_staff, language)
    return texts


def document() -> str:
    """docs/refusals.md."""
    lines = [
        "# What is refused, and what to do then",
        "",
        "Generated from `orchestrator/refusals.toml` by `make docs`; do not edit. The code is stable and for programs;",
        "over HTTP the error has `sentence` and `next` in both languages ([api.md](api.md)). What people of the office",
        "do instead stands behind «office:».",
    ]
    for group, refusals in groupby(catalogue().values(), key=lambda each: each.group):
        lines += ["", f"## {group}", ""]
        lines += [
            "| code | status | where | sentence | next step | clause |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        lines += [_row(each) for each in refusals]
    return "\n".join(lines) + "\n"


def _row(refusal: Refusal) -> str:
    sentence = f"{refusal.sentence.ja}<br>{refusal.sentence.en}"
    following = f"{refusal.next.ja}<br>{refusal.next.en}"
    if refusal.next_of_staff is not None:
        following += f"<br>office: {refusal.next_of_staff.ja}<br>{refusal.next_of_staff.en}"
    where = ", ".join(refusal.seen)
    clause = refusal.clause or "ours"
    return (
        f"| `{refusal.code}` | {refusal.status} | {where} | {sentence} | {following} | {clause} |"
    )


if __name__ == "__main__":
    PAGE.write_text(document(), "utf-8")
