"""What the pictures are made of: few colours, of which those that mean something stay; and a day that is over."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from tests.screens.palette import COLOURS, PHASE, is_grey, own_colours, small, with_palette
from tests.screens.past import the_day_before
from tests.screens.programmes import zone_of

AMBER, VERMILION = (185, 122, 8), (194, 58, 28)
"""Waiting, and interrupted: close to each other, and not the same."""


def test_a_phase_keeps_its_colour_in_a_picture_with_a_thousand_others() -> None:
    assert {AMBER, VERMILION} <= own_colours()
    drawn = Image.new("RGB", (400, 300))
    drawn.putdata([(x % 256, 40 + y % 200, (x * y) % 256) for y in range(300) for x in range(400)])
    for colour, left in ((AMBER, 10), (VERMILION, 20)):
        drawn.paste(colour, (left, 10, left + 4, 40))
    shot = io.BytesIO()
    drawn.save(shot, "PNG")
    with Image.open(io.BytesIO(small(shot.getvalue()))) as kept:
        assert kept.mode == "P"
        seen = kept.convert("RGB")
    assert seen.getpixel((11, 20)) == AMBER
    assert seen.getpixel((21, 20)) == VERMILION
    assert len(seen.getcolors(400 * 300)) <= COLOURS[0]


def test_the_dot_of_a_phase_keeps_its_colour_beside_many_grounds() -> None:
    grounds = [each for each in sorted(own_colours()) if is_grey(each)]
    assert len(grounds) > COLOURS[-1]
    drawn = Image.new("RGB", (400, 300))
    for place, ground in enumerate(grounds):
        drawn.paste(ground, (place * 4, 0, place * 4 + 4, 300))
    drawn.paste(AMBER, (390, 10, 393, 13))
    with_few = with_palette(drawn, COLOURS[-1]).convert("RGB")
    assert with_few.getpixel((391, 11)) == AMBER


def test_the_grounds_of_the_phases_and_white_stay_beside_a_thousand_others() -> None:
    light = [each for each in sorted(own_colours(PHASE)) if is_grey(each) and min(each) > 200]
    assert len(light) > 3
    drawn = Image.new("RGB", (400, 300))
    drawn.putdata([(x % 256, 40 + y % 200, (x * y) % 256) for y in range(300) for x in range(400)])
    for place, colour in enumerate([*light, (255, 255, 255), (251, 251, 251)]):
        drawn.paste(colour, (place * 20, 0, place * 20 + 20, 100))
    seen = with_palette(drawn, COLOURS[-1]).convert("RGB")
    for place, colour in enumerate([*light, (255, 255, 255)]):
        assert seen.getpixel((place * 20 + 10, 50)) == colour


@pytest.mark.parametrize("hour", range(24))
def test_the_pictures_are_taken_where_it_is_ten_in_the_morning(hour: int) -> None:
    now = datetime(2026, 11, 22, hour, 40, tzinfo=UTC)
    assert now.astimezone(ZoneInfo(zone_of(now))).hour == 10


def test_the_numbers_of_the_day_before_are_those_of_its_sessions() -> None:
    seats = [
        {"seat": each, "display_name": "", "presence": "in"} for each in ("seeker", "supporter")
    ]
    model: dict[str, Any] = {
        "id": "s",
        "opens_at": "2026-11-24T09:50:00+09:00",
        "starts_at": "2026-11-24T10:00:00+09:00",
        "cutoff_at": None,
        "ends_at": "2026-11-24T10:30:00+09:00",
        "seats": seats,
        "phase": "scheduled",
    }
    bounds = {"begins_at": "2026-11-24T00:00:00+09:00", "ends_at": "2026-11-25T00:00:00+09:00"}
    today = {"day": {"date": "2026-11-24", **bounds, "open": [bounds]}, "sessions": [model]}
    told = the_day_before(today, "s", [f"counter {n}" for n in range(13)], ["Sakura", "Keyaki"])
    sessions, numbers = told["sessions"], told["numbers"]
    assert told["day"]["date"] == "2026-11-23"
    assert told["day"]["open"][0]["ends_at"] == "2026-11-24T00:00:00+09:00"
    assert len({row["id"] for row in sessions}) == len(sessions) == numbers["sessions"] > 50
    assert sum(each["count"] for each in numbers["outcomes"]) == len(sessions)
    assert len(numbers["outcomes"]) > 5
    assert {row["starts_at"][:10] for row in sessions} == {"2026-11-23"}
    assert {row["phase"] for row in sessions} == {"ended"}
    by_counter: dict[str, list[tuple[str, str]]] = {}
    for row in sessions:
        by_counter.setdefault(row["supporter"], []).append((row["starts_at"], row["ends_at"]))
    for slots in by_counter.values():
        assert all(one[1] <= other[0] for one, other in pairwise(slots))
