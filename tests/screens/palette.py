"""A picture with few colours: a fifth of the bytes, and every colour that means something is what it was."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from math import isqrt

from PIL import Image

Colour = tuple[int, ...]

COLOURS = (64, 48, 32)
"""Of a picture: enough for smooth letters on our grounds; where a video makes it large all the same, fewer.

With fewer still, the grounds of the phases turn grey, and the shadow around one's own picture becomes a frame.
"""
ENOUGH_BYTES = 60_000
FEWEST = 4
"""Pixels of a colour that is drawn on purpose, and not the rim of a letter."""
GREY = 60
"""Of 256 between the strongest and the weakest of the three; tints of a ground lie below it."""
TOO_NEAR = 8
"""Of 256: the nearest colour is looked for in steps of four, so that a neighbour may be taken for one's own."""
PHASE = r"--(?:scheduled|open|waiting|live|interrupted|ended)(?:-\w+)?: "


@cache
def own_colours(named: str = "") -> frozenset[Colour]:
    """Those of the design: a phase is told by them.

    Args:
        named: what stands before them; nothing: all.
    """
    sheet = (files("signaling") / "pages/assets/look.css").read_text("utf-8")
    found = re.findall(rf"{named}#([0-9a-f]{{2}})([0-9a-f]{{2}})([0-9a-f]{{2}})\b", sheet)
    return frozenset(tuple(int(part, 16) for part in each) for each in found)


def is_grey(colour: Colour) -> bool:
    """It is a ground, a line or a letter."""
    return max(colour) - min(colour) < GREY


def is_beside(colour: Colour, others: Iterable[Colour]) -> bool:
    """It would be taken for one of the others, or they for it."""
    red, green, blue = colour
    return any(
        abs(red - r) < TOO_NEAR and abs(green - g) < TOO_NEAR and abs(blue - b) < TOO_NEAR
        for r, g, b in others
    )


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
    # A phase may be a dot, or the ground of a block; other grounds and letters have points enough to stay anyway.
    own.sort(key=lambda each: (is_grey(each), each not in own_colours(PHASE)))
    own = own[: colours * 3 // 4]
    others = [(count, each) for count, each in counted if not is_beside(each, own)]
    kept = list(own)
    # Neighbours that nobody tells apart are what a codec makes of a wall: large in bytes, and nothing to see.
    for _, each in others:
        if len(kept) >= (colours + len(own)) // 2:
            break
        if not is_beside(each, kept):
            kept.append(each)
    # Of the rest a small green mark counts for more than its points, and a large grey ground for less.
    most = set(kept)
    rest = [each for count, each in others if each not in most for _ in range(isqrt(count))]
    weighed = Image.new("RGB", (len(rest) or 1, 1))
    weighed.putdata(rest or [(0, 0, 0)])
    parts = weighed.quantize(colours - len(kept)).getpalette() or []
    for each in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        if not is_beside(each, kept):
            kept.append(each)
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in kept for part in colour])
    return drawn.quantize(palette=palette, dither=Image.Dither.NONE)
