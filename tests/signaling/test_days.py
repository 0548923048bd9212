"""A day over HTTP, against the real store."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from orchestrator.policy.model import Role
from tests.signaling.node import MINUTE, running_node

HOUR = 60 * MINUTE
TOKYO = ZoneInfo("Asia/Tokyo")


async def read(node, day, token):
    """A day of the API: status and JSON."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = await node.http.get(node.url(f"/api/v1/days/{day}"), headers=headers)
    return answer.status, await answer.json()


async def test_a_day_has_its_sessions_and_no_others_and_says_what_became_of_them(node):
    today = node.clock.now().astimezone(TOKYO).date()
    first = await node.meet(starts_in=timedelta(), supporter="a")
    second = await node.meet(starts_in=HOUR, supporter="b")
    await node.meet(starts_in=24 * HOUR, supporter="c")
    seeker, _ = await node.live(first)
    await node.pass_time(5 * MINUTE)
    await seeker.send(type="end", works=True)
    await seeker.state(lambda s: s["phase"] == "ended")
    status, told = await read(node, today, await node.staff())
    assert status == 200
    assert [row["id"] for row in told["sessions"]] == [first.id, second.id]
    assert told["sessions"][0]["supporter_person"] == "p_a"
    assert (told["day"]["date"], told["day"]["time_zone"]) == (today.isoformat(), "Asia/Tokyo")
    numbers = told["numbers"]
    assert (numbers["sessions"], numbers["running"], numbers["late_starts"]) == (2, 1, 0)
    assert sum(each["count"] for each in numbers["outcomes"]) == 1
    assert numbers["live_minutes"] == 5
    _, tomorrow = await read(node, today + timedelta(days=1), await node.staff("two"))
    assert [row["phase"] for row in tomorrow["sessions"]] == ["scheduled"]


async def test_a_day_is_one_of_the_offices_zone():
    async with running_node(time_zone="America/New_York") as node:
        _, told = await read(node, "2026-12-01", await node.staff())
    day = told["day"]
    assert day["time_zone"] == "America/New_York"
    assert datetime.fromisoformat(day["begins_at"]) == datetime(2026, 12, 1, 5, tzinfo=UTC)


async def test_a_day_without_sessions_is_empty_and_still_a_day(node):
    status, told = await read(node, "2030-01-01", await node.staff())
    assert status == 200
    assert told["sessions"] == []
    assert told["numbers"]["outcomes"] == []
    assert told["day"]["date"] == "2030-01-01"


@pytest.mark.parametrize(
    "day", ["today", "2026-13-01", "20261201", "1990-01-01", "9999-12-31", "2026-W49-1"]
)
async def test_what_is_no_day_of_ours_is_a_mistake(node, day):
    status, told = await read(node, day, await node.staff())
    assert (status, told["error"]["code"]) == (400, "bad_field")


async def test_only_a_scheduler_reads_the_whole_day(node):
    status, told = await read(node, "2026-12-01", await node.staff("x", Role.SUPPORTER))
    assert (status, told["error"]["code"]) == (403, "not_allowed")
