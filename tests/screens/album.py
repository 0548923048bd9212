"""docs/screens.md: the pictures in the order of the table, with what one sees on them."""

from __future__ import annotations

from pathlib import Path

from tests.screens.table import CHAPTERS, State

DOCS = Path(__file__).parents[2] / "docs"
ALBUM = DOCS / "screens"
LANGUAGES = ("ja", "en")
WIDTHS = {"phone": 130, "lying": 281, "desk": 450}
"""Of the pictures in the page: a phone and a desk are then of one height, and beside each other in its column."""

HEAD = """# Every page, every state

Made by `make screens` from real pages of a real server, on a phone (390 × 844) and a desk (1440 × 900), in Japanese and
English; axe-core looks at each of them on the way, in both themes. Most refusals and what is over on the board are
told to the page by hand: a server says such things after a fault, or after hours. People and cameras are made up.
"""


def names(state: State, language: str) -> list[str]:
    """The files of a state's pictures in a language."""
    return [f"{state.name}.{size}.{language}.png" for size in state.sizes]


def all_names() -> set[str]:
    """The files of all pictures that there may be."""
    states = (state for chapter in CHAPTERS for state in chapter.states)
    return {name for state in states for language in LANGUAGES for name in names(state, language)}


def document() -> str:
    """The page: the pictures that there are, a line for each language; a state without any was not taken yet."""
    parts = [HEAD]
    for chapter in CHAPTERS:
        parts.append(f"\n## {chapter.title}\n")
        for state in chapter.states:
            lines = [shown(state, language) for language in LANGUAGES]
            pictures = "<br>\n".join(filter(None, lines))
            parts.append(f"\n**{state.caption}**\n" + (f"\n{pictures}\n" if pictures else ""))
    return "".join(parts)


def shown(state: State, language: str) -> str:
    """The pictures of a state in a language, beside each other."""
    return " ".join(
        f'<img src="screens/{name}" width="{WIDTHS[size]}" alt="{state.caption}">'
        for size, name in zip(state.sizes, names(state, language), strict=True)
        if (ALBUM / name).is_file()
    )


def write() -> None:
    """Write the page, and take away pictures of states that the table does not have any more."""
    known = all_names()
    for path in ALBUM.glob("*.*.*.png"):
        if path.name not in known:
            path.unlink()
    (DOCS / "screens.md").write_text(document(), "utf-8")
