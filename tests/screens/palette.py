"""A picture with few colours: a fifth of the bytes, and every colour that means something is what it was."""

from __future__ import annotations

import io
import re
from functools import cache
from importlib.resources import files

from PIL import Image

Colour = tuple[int, ...]

COLOURS = (64, 48, 32, 24)
"""Of a picture: enough for smooth letters on our grounds; where a video makes it large all the same, fewer."""
ENOUGH_BYTES = 45_000
FEWEST = 4
"""Pixels of a colour that is drawn on purpose, and not the rim of a letter."""
GREY = 60
"""Of 256 between the strongest and the weakest of the three; tints of a ground lie below it."""


@cache
def own_colours() -> frozenset[Colour]:
    """Those of the design: a phase is told by them."""
    sheet = (files("signaling") / "pages/assets/look.css").read_text("utf-8")
    found = re.findall(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})\b", sheet)
    return frozenset(tuple(int(part, 16) for part in each) for each in found)


def is_grey(colour: Colour) -> bool:
    """It is a ground, a line or a letter."""
    return max(colour) - min(colour) < GREY


def small(shot: bytes) -> bytes:
    """The same picture with a palette."""
    with Image.open(io.BytesIO(shot)) as opened:
        drawn = opened.convert("RGB")
    for colours in COLOURS:
        kept = io.BytesIO()
        with_palette(drawn, colours).save(kept, "PNG", optimize=True)
        if kept.tell() <= ENOUGH_BYTES:
            break
    return kept.getvalue()


def with_palette(drawn: Image.Image, colours: int) -> Image.Image:
    """The design's own colours stay, and those that it has most of; the others go to the nearest."""
    counted: list[tuple[int, Colour]] = sorted(
        drawn.getcolors(drawn.width * drawn.height) or [], reverse=True
    )  # type: ignore[assignment]
    own = [each for count, each in counted if count >= FEWEST and each in own_colours()]
    # A phase may be a dot; grounds and letters have so many points that they stay anyway.
    own.sort(key=is_grey)
    kept = own[: colours * 3 // 4]
    others = [each for _, each in counted if each not in kept]
    kept += others[: (colours - len(kept)) // 2]
    # Each of the rest once: a small green mark counts as much as a large grey ground.
    rest = [each for each in others if each not in kept] or [(0, 0, 0)]
    each_once = Image.new("RGB", (len(rest), 1))
    each_once.putdata(rest)
    mixed = each_once.quantize(colours - len(kept)).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in kept for part in colour] + mixed)
    return drawn.quantize(palette=palette, dither=Image.Dither.NONE)
