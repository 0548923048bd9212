"""What is over: nobody books into the past, so what the server says of a booking is told of hours before it. PURE."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

Row = dict[str, Any]

DAY = timedelta(days=1)
MOMENTS = ("opens_at", "starts_at", "cutoff_at", "ends_at")
OPENS = 9
HOURS = (9, 10, 11, 13, 14, 15, 16)
"""When sessions began."""
RARE: dict[int, tuple[str, str | None]] = {
    3: ("seeker_no_show", "seeker"),
    11: ("cancelled", "seeker"),
    17: ("interrupted", "supporter"),
    26: ("cancelled", "office"),
    31: ("interrupted", "platform"),
    40: ("seeker_no_show", "seeker"),
    47: ("supporter_late", "supporter"),
    58: ("cancelled", "seeker"),
}
"""What became of which of them; of all others: held."""
HELD_MINUTES = 27


def waits_in_vain(today: dict[str, Any], now: datetime) -> Row:
    """One of today's sessions as it is six minutes after its start: the supporter is there, the seeker is not."""
    row = next(each for each in today["sessions"] if each["phase"] == "scheduled")
    begins = datetime.fromisoformat(row["starts_at"])
    ago = now - timedelta(minutes=6) - begins
    cutoff_at = moved(row["cutoff_at"], ago)
    seeker, supporter, *others = row["seats"]
    there = {"presence": "lobby", "since": moved(row["opens_at"], ago), "has_joined": True}
    return {
        **row,
        **{key: moved(row[key], ago) for key in MOMENTS if row[key]},
        "phase": "waiting",
        "next": {"reason": "cutoff", "at": cutoff_at},
        "seats": [seeker, {**supporter, **there}, *others],
    }


def the_day_before(
    today: dict[str, Any], like: str, counters: Sequence[str], guests: Sequence[str]
) -> dict[str, Any]:
    """What the server would say of that day (docs/api.md, Day).

    Args:
        today: what it says of today.
        like: the session after which the others are made.
        counters: who received people.
        guests: who came.
    """
    model = next(row for row in today["sessions"] if row["id"] == like)
    begins_at = moved(today["day"]["begins_at"], -DAY)
    held = [
        (name, at(place, hour))
        for place, name in enumerate(counters)
        for hour in HOURS
        if (place + hour) % 4
    ]
    rows = [
        over(model, number, datetime.fromisoformat(begins_at) + after, name, guests)
        for number, (name, after) in enumerate(held)
    ]
    became = Counter((row["outcome"], row["cause"]) for row in rows)
    day = {
        **today["day"],
        "date": (date.fromisoformat(today["day"]["date"]) - DAY).isoformat(),
        "begins_at": begins_at,
        "ends_at": moved(today["day"]["ends_at"], -DAY),
        "open": [
            {key: moved(value, -DAY) for key, value in one.items()} for one in today["day"]["open"]
        ],
    }
    numbers = {
        "sessions": len(rows),
        "running": 0,
        "late_starts": 2,
        "live_minutes": HELD_MINUTES * became["completed", None],
        "outcomes": [
            {"outcome": outcome, "cause": cause, "count": count}
            for (outcome, cause), count in became.items()
        ],
    }
    return {"day": day, "numbers": numbers, "sessions": rows}


def this_morning(today: dict[str, Any], like: str, guests: Sequence[str]) -> list[Row]:
    """Sessions at the counters of today that were over before the first booking.

    Args:
        today: what the server says of today.
        like: the session after which these are made.
        guests: who came.
    """
    model = next(row for row in today["sessions"] if row["id"] == like)
    begins_at = datetime.fromisoformat(today["day"]["begins_at"])
    people = {row["supporter"]: row["supporter_person"] for row in today["sessions"]}
    held = [
        (name, timedelta(hours=OPENS, minutes=30 * half))
        for place, name in enumerate(sorted(people))
        for half in (0, 1)
        if (place + half) % 3
    ]
    return [
        {
            **over(model, number, begins_at + after, name, guests),
            "supporter_person": people[name],
        }
        for number, (name, after) in enumerate(held)
    ]


def over(model: Row, number: int, starts: datetime, counter: str, guests: Sequence[str]) -> Row:
    """A session that is over."""
    later = starts - datetime.fromisoformat(model["starts_at"])
    outcome, cause = RARE.get(number, ("completed", None))
    names = {"seeker": guests[number % len(guests)], "supporter": counter}
    return {
        **model,
        **{key: moved(model[key], later) for key in MOMENTS if model[key]},
        "id": f"{number:04}",
        "phase": "ended",
        "outcome": outcome,
        "cause": cause,
        "ended_at": (starts + timedelta(minutes=HELD_MINUTES)).isoformat(),
        "supporter": counter,
        "supporter_person": counter,
        "seats": [
            {**seat, "display_name": names[seat["seat"]], "presence": "away"}
            for seat in model["seats"]
        ],
        "next": None,
    }


def at(counter: int, hour: int) -> timedelta:
    """The counters do not all begin at the full hour."""
    return timedelta(hours=hour, minutes=10 * (counter % 3))


def moved(moment: str, by: timedelta) -> str:
    """The same moment, so much later."""
    return (datetime.fromisoformat(moment) + by).isoformat()
