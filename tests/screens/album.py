"""docs/screens.md: the pictures in the order of the table, with what one sees on them."""

from __future__ import annotations

from pathlib import Path

from tests.screens.table import CHAPTERS, State

DOCS = Path(__file__).parents[2] / "docs"
ALBUM = DOCS / "screens"
LANGUAGES = ("ja", "en")
WIDTHS = {"phone": 160, "lying": 346, "desk": 400}

HEAD = """# Every page, every state

Made by `make screens` from real pages of a real server, on a phone (390 × 844) and a desk (1440 × 900), in Japanese and
English; axe-core looks at each of them on the way, in both themes. Most refusals and what is over on the board are
told to the page by hand: a server says such things after a fault, or after hours. People and cameras are made up.
"""


def names(state: State) -> list[str]:
    """The files of a state's pictures."""
    return [f"{state.name}.{size}.{language}.png" for size in state.sizes for language in LANGUAGES]


def document() -> str:
    """The page: the pictures that there are; a state without any was not taken yet."""
    parts = [HEAD]
    for chapter in CHAPTERS:
        parts.append(f"\n## {chapter.title}\n")
        for state in chapter.states:
            there = [name for name in names(state) if (ALBUM / name).is_file()]
            pictures = " ".join(
                f'<img src="screens/{name}" width="{WIDTHS[name.split(".")[1]]}" alt="{state.caption}">'
                for name in there
            )
            parts.append(f"\n**{state.caption}**\n" + (f"\n{pictures}\n" if there else ""))
    return "".join(parts)


def write() -> None:
    """Write the page, and take away pictures of states that the table does not have any more."""
    shown = {name for chapter in CHAPTERS for state in chapter.states for name in names(state)}
    for path in ALBUM.glob("*.*.*.png"):
        if path.name not in shown:
            path.unlink()
    (DOCS / "screens.md").write_text(document(), "utf-8")
