"""How the outcome of a session is read from the HTTP API: the only place that knows its fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tests.faults.expected import Seen


def is_over(session: Mapping[str, Any]) -> bool:
    """Whether it has ended, and what follows from it is decided."""
    return bool(session["phase"] == "ended")


def is_live(session: Mapping[str, Any]) -> bool:
    """Whether both are in, and packets go both ways."""
    return bool(session["phase"] == "live" and session["has_media_flowed"])


def is_interrupted(session: Mapping[str, Any]) -> bool:
    """Whether it was live and somebody is lost."""
    return bool(session["phase"] == "interrupted")


def seat(session: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A seat of the session."""
    found: Mapping[str, Any] = next(
        each for each in session["participants"] if each["seat"] == name
    )
    return found


def moment(text: str) -> datetime:
    """RFC 3339 as an aware datetime."""
    return datetime.fromisoformat(text)


def read(
    session: Mapping[str, Any], events: Sequence[Mapping[str, Any]], cutoff_at: datetime
) -> Seen:
    """What came of a session that is over.

    Args:
        session: `GET /api/v1/sessions/{id}`.
        events: `GET /api/v1/sessions/{id}/events`.
        cutoff_at: as booked; the session itself does not show it any more.
    """
    endings = [event["data"] for event in events if event["name"] == "session.ended"]
    return Seen(
        outcome=session["outcome"],
        cause=session["cause"],
        confidence=session["verdict"]["confidence"] if session["verdict"] else None,
        reason=session["reason"],
        quota=session["quota"],
        strike=any(ending["strike"] for ending in endings),
        reschedule=session["reschedule"] is not None,
        ended_at=moment(session["ended_at"]),
        cutoff_at=cutoff_at,
        ends_at=moment(session["ends_at"]),
        times_ended=len(endings),
    )


def story(
    events: Sequence[Mapping[str, Any]], done: Sequence[tuple[datetime, str]] = ()
) -> list[str]:
    """The history in short lines, for whoever asks why.

    Args:
        events: `GET /api/v1/sessions/{id}/events`.
        done: what a test did to the server, and when.
    """
    told = [
        (moment(event["at"]), f"{event['name']} {_data(event['data'])}") for event in events
    ] + [(at, f"*** {what} ***") for at, what in done]
    return [f"{at:%H:%M:%S.%f}"[:-3] + f" {line}" for at, line in sorted(told, key=_first)]


def _first(told: tuple[datetime, str]) -> datetime:
    return told[0]


def _data(data: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in data.items())
