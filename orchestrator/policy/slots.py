"""Which slots a programme allows, and which of them are free.

Slots are planned in the programme's time zone and handed out in UTC. Windows that touch are one opening, over midnight
too. On a day when the clocks change, a start that the wall clock skips is never proposed, and one that it shows twice
is proposed the first time.

The grid is for proposals only: somebody who books by hand may start at any minute inside a window.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from orchestrator.policy.programme import Programme
from orchestrator.policy.programme_values import public_holidays

Interval = tuple[datetime, datetime]
"""From, to; aware; the end is not part of it."""

REASONS = frozenset(
    {"in_the_past", "length_not_allowed", "holiday", "outside_window", "too_late_to_book"}
)
"""The stable codes of `check`."""

EXCUSABLE = frozenset({"too_late_to_book"})
"""What a scheduler may book all the same, with a reason on record: KUMAGAYA 6(1), SAKAI 2(1), «as a rule»."""

FARTHEST = timedelta(days=3660)
"""Ten years: no office knows its windows for longer, and dates cannot overflow."""

PROPOSALS = 6
"""How many slots are offered: what one screen of a phone shows without scrolling far; ours."""

PROPOSALS_A_DAY = 2
"""So that a seeker who cannot on one day finds another; ours."""

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)


def check(
    programme: Programme, starts_at: datetime, length: timedelta, now: datetime
) -> str | None:
    """Say why a slot cannot be booked.

    What can be excused comes last, so that whoever excuses it knows that nothing else is wrong.

    Args:
        programme: whose rules.
        starts_at: aware.
        length: of the slot.
        now: aware.

    Returns:
        One of `REASONS`, or None. `too_late_to_book`: the slot's day has begun in the programme's zone (KUMAGAYA 6(1),
        SAKAI 2(1)); `holiday`: a closed day; `outside_window`: not inside one opening (SAKAI 2(1), IX 6-1).
    """
    if starts_at < now:
        return "in_the_past"
    if length not in programme.lengths:
        return "length_not_allowed"
    if starts_at - now > FARTHEST:
        return "outside_window"
    starts_at = starts_at.astimezone(UTC)
    ends_at = starts_at + length
    first = _local_date(programme, starts_at)
    last = _local_date(programme, ends_at - timedelta.resolution)
    if any(_is_closed(programme, day) for day in _days(first, last)):
        return "holiday"
    openings = _openings(programme, first - _DAY, last + _DAY)
    if not any(opens <= starts_at and ends_at <= closes for opens, closes in openings):
        return "outside_window"
    if programme.booked_by == "day_before" and first <= _local_date(programme, now):
        return "too_late_to_book"
    return None


def free_slots(
    programme: Programme,
    *,
    supporter_busy: Iterable[Interval],
    seeker_busy: Iterable[Interval],
    length: timedelta,
    now: datetime,
    after: datetime | None = None,
    before: datetime | None = None,
    count: int = 6,
) -> list[Interval]:
    """Find slots that can be proposed, in time order.

    They keep windows, closed days, the grid, the lead and the day rule. They may overlap each other: one is chosen.

    Args:
        programme: whose rules.
        supporter_busy: what the supporter has, in any order, overlapping or not.
        seeker_busy: the same of the seeker.
        length: of the slots; has to be one that the programme allows, else nothing is free.
        now: aware.
        after: no slot starts before it; None: `now`.
        before: no slot ends after it; None: the programme's horizon, counted from `after`.
        count: at most so many.

    Returns:
        Intervals in UTC.
    """
    if length not in programme.lengths:
        return []
    earliest = max(now + programme.lead, after or now).astimezone(UTC)
    latest = (before or max(now, after or now) + programme.horizon).astimezone(UTC)
    busy = _merged([*supporter_busy, *seeker_busy])
    found = (
        (starts_at, starts_at + length)
        for starts_at in _grid_starts(programme, length, earliest, latest, now)
        if not _overlaps(busy, starts_at, starts_at + length)
    )
    return list(islice(found, max(count, 0)))


def hours_of(
    programme: Programme, supporter: str, begins_at: datetime, ends_at: datetime
) -> list[Interval] | None:
    """When a supporter can be had by the programme's weekly availability.

    Args:
        programme: whose table.
        supporter: name, as given to `madoguchi staff add`.
        begins_at: aware.
        ends_at: aware.

    Returns:
        Disjoint hours in UTC that share a moment with that time; None: the programme lists none for that name.
    """
    rows = [row for row in programme.availability if row.supporter == supporter]
    if not rows:
        return None
    first, last = _local_date(programme, begins_at), _local_date(programme, ends_at)
    hours = _merged(
        (_bound(programme, day, row.from_), _bound(programme, day, row.to))
        for day in _days(first, last)
        for row in rows
        if _WEEKDAYS[day.weekday()] in row.days
    )
    return [(opens, closes) for opens, closes in hours if opens < ends_at and begins_at < closes]


def proposals(programme: Programme, found: Sequence[Interval], like: datetime) -> list[Interval]:
    """Some of the free slots: a few a day, near the time of day that suited before, none overlapping another.

    With few days to choose from, more of a day.

    Args:
        programme: in whose time zone days are meant.
        found: free slots in time order, as `free_slots` gives them.
        like: the start that suited before.

    Returns:
        At most `PROPOSALS` of them, in time order.
    """
    wanted = _minute_of_day(programme, like)

    def distance(slot: Interval) -> tuple[int, datetime]:
        apart = abs(_minute_of_day(programme, slot[0]) - wanted)
        return min(apart, 24 * 60 - apart), slot[0]

    a_day: dict[date, list[Interval]] = {}
    for slot in found:
        a_day.setdefault(slot[0].astimezone(programme.zone).date(), []).append(slot)
    ranked = [sorted(of_day, key=distance) for of_day in a_day.values()]
    picked: list[Interval] = []
    for limit in (PROPOSALS_A_DAY, PROPOSALS):
        for of_day in ranked:
            taken = sum(slot in of_day for slot in picked)
            for slot in of_day:
                if len(picked) == PROPOSALS or taken == limit:
                    break
                if not any(slot[0] < ends and begins < slot[1] for begins, ends in picked):
                    picked.append(slot)
                    taken += 1
    return sorted(picked)


def _minute_of_day(programme: Programme, moment: datetime) -> int:
    local = moment.astimezone(programme.zone)
    return local.hour * 60 + local.minute


def _grid_starts(
    programme: Programme, length: timedelta, earliest: datetime, latest: datetime, now: datetime
) -> Iterator[datetime]:
    """Every start on the grid whose slot lies in one opening and between the two moments."""
    today = _local_date(programme, now)
    for day in _days(_local_date(programme, earliest), _local_date(programme, latest)):
        if _is_closed(programme, day) or (programme.booked_by == "day_before" and day <= today):
            continue
        openings = _openings(programme, day - _DAY, day + _DAY)
        for index in range(_DAY // programme.grid):
            starts_at = _instant(programme, day, programme.grid * index)
            if starts_at is None or starts_at < earliest or starts_at + length > latest:
                continue
            if any(
                opens <= starts_at and starts_at + length <= closes for opens, closes in openings
            ):
                yield starts_at


def open_hours(
    programmes: Iterable[Programme], begins_at: datetime, ends_at: datetime
) -> list[Interval]:
    """When any of some programmes receives people between two moments; sorted, disjoint, in UTC."""
    openings = (
        (max(opens, begins_at), min(closes, ends_at))
        for programme in programmes
        for opens, closes in _openings(
            programme,
            _local_date(programme, begins_at) - _DAY,
            _local_date(programme, ends_at) + _DAY,
        )
    )
    return _merged(openings)


def own_hours(
    programme: Programme, supporter: str, begins_at: datetime, ends_at: datetime
) -> list[Interval]:
    """When a supporter receives people: in the openings of the programme, as far as the own weekly hours go.

    Args:
        programme: whose windows and closed days.
        supporter: name, as given to `madoguchi staff add`; one who is not listed is there in every opening.
        begins_at: aware.
        ends_at: aware.

    Returns:
        Disjoint hours in UTC, cut to that time.
    """
    openings = open_hours([programme], begins_at, ends_at)
    own = hours_of(programme, supporter, begins_at, ends_at)
    if own is None:
        return openings
    return _merged(
        (max(opens, comes), min(closes, goes)) for opens, closes in openings for comes, goes in own
    )


def _openings(programme: Programme, first: date, last: date) -> list[Interval]:
    """The openings of some days in UTC, touching ones joined."""
    return _merged(
        (_bound(programme, day, window.from_), _bound(programme, day, window.to))
        for day in _days(first, last)
        if not _is_closed(programme, day)
        for window in programme.windows
        if _WEEKDAYS[day.weekday()] in window.days
    )


def _bound(programme: Programme, day: date, since_midnight: timedelta) -> datetime:
    """The instant of a wall-clock time; one that the clocks skip is counted on from before the jump (PEP 495)."""
    wall = datetime.combine(day, time()) + since_midnight
    return wall.replace(tzinfo=programme.zone).astimezone(UTC)


def _instant(programme: Programme, day: date, since_midnight: timedelta) -> datetime | None:
    """The instant of a wall-clock time, or None when the clocks skip it."""
    wall = datetime.combine(day, time()) + since_midnight
    instant = wall.replace(tzinfo=programme.zone).astimezone(UTC)
    is_real = instant.astimezone(programme.zone).replace(tzinfo=None) == wall
    return instant if is_real else None


def _is_closed(programme: Programme, day: date) -> bool:
    if any(closed.cover(day) for closed in programme.closed_days):
        return True
    return programme.holidays is not None and day in public_holidays(programme.holidays, day.year)


def _local_date(programme: Programme, moment: datetime) -> date:
    return moment.astimezone(programme.zone).date()


def _days(first: date, last: date) -> Iterator[date]:
    return (first + _DAY * index for index in range((last - first).days + 1))


def _merged(intervals: Iterable[Interval]) -> list[Interval]:
    """Sorted, disjoint, touching ones joined, empty ones dropped."""
    merged: list[Interval] = []
    for begins, ends in sorted(intervals):
        if begins >= ends:
            continue
        if merged and begins <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], ends))
        else:
            merged.append((begins, ends))
    return merged


def _overlaps(busy: Sequence[Interval], begins: datetime, ends: datetime) -> bool:
    """Whether a slot meets any of the sorted, disjoint intervals; touching is not meeting."""
    index = bisect_left(busy, ends, key=lambda interval: interval[0])
    return index > 0 and busy[index - 1][1] > begins
