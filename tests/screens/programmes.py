"""The programmes that the pictures show: an office as it could be, and the same one with times that are soon over."""

from __future__ import annotations

from datetime import UTC, datetime

MORNING, EASTERNMOST = 10, 14


def zone_of(now: datetime) -> str:
    """Where it is ten in the morning: the pictures are of an office at work, at whatever hour they are taken."""
    ahead = (MORNING - now.hour + 24) % 24
    return f"Etc/GMT{24 - ahead:+}" if ahead > EASTERNMOST else f"Etc/GMT{-ahead:+}"


ZONE = zone_of(datetime.now(UTC))
VARIABLES = {"MADOGUCHI_TIME_ZONE": ZONE}
"""The server's environment."""

_OFFICE = {
    "zone": ZONE,
    "length": "30m",
    "cutoff": "10m",
    "tolerance": "2m",
    "grace": "2m",
    "grace_total": "5m",
    "hold": "10m",
    "warnings": '5m", "1m',
    "hours": 'from = "09:00", to = "18:00"',
    "title": '{ ja = "しごと相談（オンライン）", en = "Work consultation (online)" }',
    "office": '{ ja = "みなとしごと相談センター", en = "Minato Work Centre" }',
    "telephone": '"048-000-0000"',
    "telephone_hours": '{ ja = "平日 9:00〜18:00", en = "weekdays 9:00–18:00" }',
    "functions": '["audio", "video", "chat", "screen"]',
    "extension": '"scheduler"',
}

PROGRAMMES: dict[str, dict[str, str]] = {
    "counter": _OFFICE,
    # Somebody of the office may look on.
    "watched": {**_OFFICE, "functions": f"{_OFFICE['functions']}\nobserver = true"},
    # The supporter is late at once.
    "late": {**_OFFICE, "tolerance": "3s"},
    # Nobody came: judged after seconds.
    "absent": {**_OFFICE, "cutoff": "8s", "tolerance": "3s", "grace": "3s", "hold": "9s"},
    # Whoever goes is soon given up.
    "graceless": {**_OFFICE, "grace": "3s", "grace_total": "9s", "hold": "30s"},
    # The warnings come after a few seconds.
    "ends_in_5": {**_OFFICE, "length": "5m20s", "cutoff": "2m", "warnings": "5m"},
    "ends_in_1": {
        **_OFFICE,
        "length": "85s",
        "cutoff": "60s",
        "tolerance": "9s",
        "grace": "20s",
        "warnings": "1m",
    },
}
