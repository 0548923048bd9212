from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.policy import slots
from orchestrator.policy.programme import Hours
from orchestrator.policy.slots import EXCUSABLE, FARTHEST, REASONS, check, free_slots
from orchestrator.programmes import load_all

PROGRAMMES = load_all()
KUMAGAYA, SAKAI, IX, DEMO = (PROGRAMMES[name] for name in ("kumagaya", "sakai", "ix", "demo"))
TOKYO = ZoneInfo("Asia/Tokyo")
M30, M45, M60 = (timedelta(minutes=minutes) for minutes in (30, 45, 60))


def tokyo(text):
    """A wall-clock moment in Tokyo."""
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


NOW = tokyo("2026-12-01T12:00")  # a Tuesday


def window_of(programme, days, opens, closes):
    """The programme with one window only."""
    raw = programme.windows[0].model_dump(by_alias=True) | {
        "days": days,
        "from": opens,
        "to": closes,
    }
    return programme.model_copy(
        update={"windows": (type(programme.windows[0]).model_validate(raw),)}
    )


@pytest.mark.parametrize(
    ("programme", "starts_at", "length", "reason"),
    [
        (SAKAI, "2026-12-02T10:00", M30, None),
        (SAKAI, "2026-12-02T11:00", M60, None),
        (SAKAI, "2026-12-02T11:15", M45, None),
        (SAKAI, "2026-12-02T10:07", M30, None),  # the grid is for proposals only
        (SAKAI, "2026-12-02T11:01", M60, "outside_window"),
        (SAKAI, "2026-12-02T11:45", M30, "outside_window"),
        (SAKAI, "2026-12-02T09:59", M30, "outside_window"),
        (SAKAI, "2026-12-02T12:00", M30, "outside_window"),
        (SAKAI, "2026-12-02T16:00", M30, None),
        (SAKAI, "2026-12-02T16:01", M30, "outside_window"),
        (SAKAI, "2026-12-05T10:00", M30, "outside_window"),  # a Saturday
        (SAKAI, "2027-01-11T10:00", M30, "holiday"),  # Coming of Age Day
        (SAKAI, "2026-12-29T10:00", M30, "holiday"),
        (SAKAI, "2026-12-28T10:00", M30, None),
        (SAKAI, "2027-01-03T10:00", M30, "holiday"),
        (SAKAI, "2027-01-04T10:00", M30, None),
        (SAKAI, "2026-12-02T10:00", timedelta(minutes=20), "length_not_allowed"),
        (SAKAI, "2026-12-02T10:00", timedelta(minutes=75), "length_not_allowed"),
        (SAKAI, "2026-12-01T14:00", M30, "too_late_to_book"),
        (SAKAI, "2026-12-01T10:00", M30, "in_the_past"),
        (KUMAGAYA, "2026-12-02T10:00", M30, None),
        (KUMAGAYA, "2026-12-02T10:00", M60, "length_not_allowed"),
        (IX, "2026-12-01T14:00", M60, None),
        (IX, "2026-12-05T17:00", M60, None),
        (IX, "2026-12-05T17:30", M60, "outside_window"),
        (
            DEMO,
            "2026-12-01T23:59",
            timedelta(minutes=3),
            None,
        ),  # touching windows are one, over midnight
        (DEMO, "2026-12-01T12:00", timedelta(minutes=3), None),
    ],
)
def test_a_slot_keeps_the_programme(programme, starts_at, length, reason):
    assert check(programme, tokyo(starts_at), length, NOW) == reason


def test_the_day_before_is_a_calendar_day_in_the_programmes_zone():
    slot = tokyo("2026-12-02T10:00")
    last = tokyo("2026-12-01T23:59:59.999999")
    assert check(KUMAGAYA, slot, M30, last.astimezone(UTC)) is None
    assert (
        check(KUMAGAYA, slot, M30, tokyo("2026-12-02T00:00").astimezone(UTC)) == "too_late_to_book"
    )


def test_what_can_be_excused_never_hides_what_cannot():
    saturday = tokyo("2026-12-05T09:00")
    assert check(KUMAGAYA, saturday + M60, M30, saturday) == "outside_window"
    assert {"too_late_to_book"} == EXCUSABLE <= REASONS


def test_a_slot_over_midnight_is_not_in_a_closed_day():
    closed = DEMO.model_copy(update={"closed_days": SAKAI.closed_days})
    length = timedelta(minutes=3)
    assert check(closed, tokyo("2026-12-28T23:57"), length, NOW) is None
    assert check(closed, tokyo("2026-12-28T23:58"), length, NOW) == "holiday"


@pytest.mark.parametrize("year", ["9999-12-31T23:59", "2099-06-01T10:00"])
def test_a_moment_beyond_all_calendars_is_outside(year):
    far = datetime.fromisoformat(year).replace(tzinfo=UTC)
    assert far - NOW > FARTHEST
    assert check(SAKAI, far, M30, NOW) == "outside_window"


def starts(slots):
    """Wall-clock starts in Tokyo."""
    return [f"{begins.astimezone(TOKYO):%m-%d %H:%M}" for begins, _ in slots]


def free(programme, length, now=NOW, busy=(), seeker_busy=(), **limits):
    """What is free, with the usual moment and nothing booked."""
    return free_slots(
        programme, supporter_busy=busy, seeker_busy=seeker_busy, length=length, now=now, **limits
    )


def test_free_slots_come_in_order_from_tomorrow_on():
    assert starts(free(KUMAGAYA, M30, count=8)) == [
        *("12-02 09:00", "12-02 09:30", "12-02 10:00", "12-02 10:30", "12-02 11:00", "12-02 11:30"),
        *("12-02 13:00", "12-02 13:30"),
    ]


def test_free_slots_skip_weekends_holidays_and_the_closing_days():
    slots = free(
        SAKAI, M60, now=tokyo("2026-12-25T09:00"), count=500, before=tokyo("2027-01-13T00:00")
    )
    days = sorted({begins.astimezone(TOKYO).date().isoformat() for begins, _ in slots})
    assert days == ["2026-12-28", *(f"2027-01-{day:02}" for day in (4, 5, 6, 7, 8, 12))]


@pytest.mark.parametrize("who", ["busy", "seeker_busy"])
def test_nobody_is_proposed_a_slot_that_meets_a_booking(who):
    booked = [
        (tokyo("2026-12-02T10:15"), tokyo("2026-12-02T10:20")),
        (tokyo("2026-12-02T09:00"), tokyo("2026-12-02T09:30")),
        (tokyo("2026-12-02T11:00"), tokyo("2026-12-02T17:00")),
        (tokyo("2026-12-02T11:00"), tokyo("2026-12-02T12:00")),
    ]
    slots = free(KUMAGAYA, M30, count=3, **{who: booked})
    assert starts(slots) == ["12-02 09:30", "12-02 10:30", "12-03 09:00"]


def test_the_demo_proposes_within_minutes_and_over_midnight():
    now = tokyo("2026-12-01T23:52:30")
    slots = free(DEMO, timedelta(minutes=3), now=now, count=3)
    assert starts(slots) == ["12-01 23:55", "12-02 00:00", "12-02 00:05"]


def test_the_lead_is_kept():
    now = tokyo("2026-12-01T12:03:01")
    assert starts(free(DEMO, timedelta(minutes=3), now=now, count=1)) == ["12-01 12:10"]


def test_after_and_before_bound_the_proposals():
    after, before = tokyo("2026-12-03T09:15"), tokyo("2026-12-03T10:30")
    assert starts(free(KUMAGAYA, M30, after=after, before=before)) == ["12-03 09:30", "12-03 10:00"]


def test_the_horizon_ends_the_proposals():
    slots = free(KUMAGAYA, M30, count=10_000)
    assert slots[-1][1] <= NOW + KUMAGAYA.horizon < slots[-1][1] + timedelta(days=3)


def test_a_length_that_is_not_allowed_has_no_free_slots():
    assert free(KUMAGAYA, M45) == []


def test_a_calendar_that_is_full_has_no_free_slots():
    assert free(DEMO, timedelta(minutes=3), busy=[(NOW, NOW + timedelta(days=9))]) == []


def in_berlin(days, opens, closes):
    """A programme with half-hour slots in a zone that changes its clocks."""
    programme = DEMO.override(slot=M30).model_copy(
        update={"time_zone": "Europe/Berlin", "grid": M30, "lead": timedelta()}
    )
    return window_of(programme, days, opens, closes)


def test_a_start_that_the_clocks_skip_is_not_proposed():
    programme = in_berlin(["sun"], "01:00", "04:00")
    now = datetime(2027, 3, 27, 12, tzinfo=UTC)  # the clocks go from 02:00 to 03:00 on the 28th
    slots = free(programme, M30, now=now, count=99, before=datetime(2027, 3, 29, tzinfo=UTC))
    walls = [f"{begins.astimezone(programme.zone):%H:%M}" for begins, _ in slots]
    assert walls == ["01:00", "01:30", "03:00", "03:30"]
    assert all(later[0] == earlier[1] for earlier, later in pairwise(slots))


def test_a_start_that_the_clocks_show_twice_is_proposed_once():
    programme = in_berlin(["sun"], "01:00", "04:00")
    now = datetime(
        2026, 10, 24, 12, tzinfo=UTC
    )  # the clocks go back from 03:00 to 02:00 on the 25th
    slots = free(programme, M30, now=now, count=99, before=datetime(2026, 10, 26, tzinfo=UTC))
    walls = [f"{begins.astimezone(programme.zone):%H:%M}" for begins, _ in slots]
    assert walls == ["01:00", "01:30", "02:00", "02:30", "03:00", "03:30"]


def test_ten_in_the_morning_stays_ten_when_the_clocks_change():
    programme = in_berlin(["sat", "sun", "mon"], "10:00", "10:30")
    now = datetime(2026, 10, 24, 0, tzinfo=UTC)
    slots = free(programme, M30, now=now, count=3, before=datetime(2026, 10, 27, tzinfo=UTC))
    assert [begins.hour for begins, _ in slots] == [8, 9, 9]


moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
bookings = st.lists(st.tuples(st.integers(0, 60 * 24 * 5), st.integers(0, 600)), max_size=12)


@given(
    programme=st.sampled_from(
        [KUMAGAYA, SAKAI, IX, DEMO, in_berlin(["sat", "sun", "mon"], "00:00", "24:00")]
    ),
    now=moments,
    minutes=bookings,
    count=st.integers(0, 12),
)
def test_every_proposed_slot_could_be_booked(programme, now, minutes, count):
    busy = [
        (now + timedelta(minutes=begin), now + timedelta(minutes=begin + length))
        for begin, length in minutes
    ]
    length = programme.lengths[-1]
    slots = free(programme, length, now=now, busy=busy[::2], seeker_busy=busy[1::2], count=count)
    assert len(slots) <= count
    assert slots == sorted(set(slots))
    for begins, ends in slots:
        assert begins.tzinfo is UTC
        assert ends - begins == length
        assert check(programme, begins, length, now) is None
        assert not any(
            begins < busy_to and busy_from < ends
            for busy_from, busy_to in busy
            if busy_from < busy_to
        )


def test_proposals_lie_near_the_time_of_day_that_suited_before() -> None:
    programme = load_all()["demo"]
    midnight = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)  # 00:00 in Tokyo
    free = [
        (midnight + timedelta(minutes=5 * n), midnight + timedelta(minutes=5 * n + 3))
        for n in range(4 * 288)
    ]
    like = datetime(2026, 11, 30, 5, 2, tzinfo=UTC)  # 14:02 in Tokyo
    found = slots.proposals(programme, free, like)
    assert [begins.astimezone(programme.zone).strftime("%d %H:%M") for begins, _ in found] == [
        "02 14:00", "02 14:05", "03 14:00", "03 14:05", "04 14:00", "04 14:05",
    ]  # fmt: skip


def test_proposals_of_one_day_are_more_and_none_overlaps_another() -> None:
    programme = load_all()["demo"]
    midnight = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
    free = [
        (midnight + timedelta(minutes=5 * n), midnight + timedelta(minutes=5 * n + 12))
        for n in range(100)
    ]
    found = slots.proposals(programme, free, midnight + timedelta(hours=1))
    assert len(found) == slots.PROPOSALS
    assert all(ends <= begins for (_, ends), (begins, _) in pairwise(found))


def test_near_midnight_is_near_on_either_side_of_it() -> None:
    programme = load_all()["demo"]
    midnight = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
    free = [
        (midnight + timedelta(hours=n), midnight + timedelta(hours=n, minutes=3)) for n in range(24)
    ]
    found = slots.proposals(programme, free, midnight + timedelta(minutes=10))[:2]
    assert found == [free[0], free[1]]
    late = slots.proposals(programme, free, midnight - timedelta(minutes=10))
    assert free[23] in late
    assert free[0] in late


def test_the_only_free_slot_is_proposed_alone() -> None:
    free = [(datetime(2026, 12, 1, 15, 0, tzinfo=UTC), datetime(2026, 12, 1, 15, 3, tzinfo=UTC))]
    assert slots.proposals(load_all()["demo"], free, free[0][0]) == free


HOURS = KUMAGAYA.model_copy(
    update={
        "availability": (
            Hours.model_validate(
                {"supporter": "田中", "days": ["tue", "thu"], "from": "10:00", "to": "12:00"}
            ),
            Hours.model_validate(
                {"supporter": "田中", "days": ["tue"], "from": "12:00", "to": "13:00"}
            ),
        )
    }
)


def test_weekly_hours_are_those_that_touch_the_time_asked_for_joined():
    found = slots.hours_of(HOURS, "田中", tokyo("2026-12-01T12:30"), tokyo("2026-12-03T10:00"))
    assert found == [(tokyo("2026-12-01T10:00"), tokyo("2026-12-01T13:00"))]
    found = slots.hours_of(HOURS, "田中", tokyo("2026-12-02T00:00"), tokyo("2026-12-03T10:01"))
    assert found == [(tokyo("2026-12-03T10:00"), tokyo("2026-12-03T12:00"))]


def test_who_is_not_listed_has_no_hours_of_their_own():
    assert slots.hours_of(HOURS, "佐藤", NOW, NOW + timedelta(days=7)) is None


def test_the_hours_of_an_office_are_those_of_all_its_programmes_on_that_day() -> None:
    programmes = load_all()
    zone = ZoneInfo("Asia/Tokyo")
    weekday = datetime(2026, 11, 24, tzinfo=zone)
    sakai = slots.open_hours([programmes["sakai"]], weekday, weekday + timedelta(days=1))
    hours = [(opens.astimezone(zone).hour, closes.astimezone(zone).hour) for opens, closes in sakai]
    assert hours == [(10, 12), (14, 16)]
    everyone = slots.open_hours(programmes.values(), weekday, weekday + timedelta(days=1))
    assert all(any(a <= c and d <= b for a, b in everyone) for c, d in sakai)
    holiday = datetime(2026, 11, 23, tzinfo=zone)
    assert slots.open_hours([programmes["sakai"]], holiday, holiday + timedelta(days=1)) == []


def test_an_opening_over_midnight_is_cut_where_the_day_is() -> None:
    zone = ZoneInfo("Asia/Tokyo")
    noon = datetime(2026, 11, 24, 11, tzinfo=zone)
    programme = load_all()["sakai"]
    assert slots.open_hours([programme], noon, noon + timedelta(minutes=30)) == [
        (noon.astimezone(UTC), (noon + timedelta(minutes=30)).astimezone(UTC))
    ]


def test_who_lists_no_hours_is_there_in_every_opening_and_on_a_closed_day_in_none():
    day = tokyo("2026-12-02T00:00"), tokyo("2026-12-03T00:00")
    assert slots.own_hours(KUMAGAYA, "tanaka", *day) == [
        (tokyo("2026-12-02T09:00"), tokyo("2026-12-02T12:00")),
        (tokyo("2026-12-02T13:00"), tokyo("2026-12-02T17:00")),
    ]
    new_year = tokyo("2026-12-31T00:00"), tokyo("2027-01-01T00:00")
    assert slots.own_hours(KUMAGAYA, "tanaka", *new_year) == []


def test_own_hours_are_kept_inside_the_openings_and_inside_the_time_asked_for():
    own = Hours.model_validate(
        {"supporter": "tanaka", "days": ["wed"], "from": "11:00", "to": "14:00"}
    )
    programme = KUMAGAYA.model_copy(update={"availability": (own,)})
    asked = tokyo("2026-12-02T00:00"), tokyo("2026-12-02T13:30")
    assert slots.own_hours(programme, "tanaka", *asked) == [
        (tokyo("2026-12-02T11:00"), tokyo("2026-12-02T12:00")),
        (tokyo("2026-12-02T13:00"), tokyo("2026-12-02T13:30")),
    ]
    other_day = tokyo("2026-12-03T00:00"), tokyo("2026-12-04T00:00")
    assert slots.own_hours(programme, "tanaka", *other_day) == []


def test_own_hours_of_a_night_are_cut_where_the_time_is():
    night = window_of(KUMAGAYA, ["tue", "wed"], "22:00", "24:00")
    asked = tokyo("2026-12-01T23:00"), tokyo("2026-12-02T23:00")
    assert slots.own_hours(night, "tanaka", *asked) == [
        (tokyo("2026-12-01T23:00"), tokyo("2026-12-02T00:00")),
        (tokyo("2026-12-02T22:00"), tokyo("2026-12-02T23:00")),
    ]
