"""The schedulers' feed, against the real store."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from orchestrator.credentials import hash_secret
from orchestrator.errors import Unavailable
from orchestrator.policy.events import IncidentFiled, IncidentResolved
from orchestrator.policy.model import SEEKER, SUPPORTER, IncidentKind, PersonId, Role
from orchestrator.ports import Line, LineSample, Staff
from signaling.board import Feed, day_of
from signaling.limits import Limits
from tests.signaling.node import MINUTE, running_node

HOUR = 60 * MINUTE


async def open_board(node, token):
    page = await node.say_hello(token=token)
    page.welcome = await page.receive("welcome")
    return page


async def row_of(page, meeting, where=lambda row: True):
    """The next row of a session for which a condition holds."""
    message = await page.receive(
        "board_row", lambda m: m["session"]["id"] == meeting.id and where(m["session"])
    )
    return message["session"]


async def test_the_board_gets_todays_sessions_in_order_and_no_others(node):
    later = await node.meet(starts_in=2 * HOUR, supporter="b")  # it is 21:00 in Tokyo
    sooner = await node.meet(starts_in=HOUR, supporter="a")
    morning = await node.meet(starts_in=-20 * HOUR, supporter="c")
    await node.meet(starts_in=4 * HOUR, supporter="d")  # tomorrow
    board = await open_board(node, await node.staff())
    shown = (await board.receive("board"))["sessions"]
    assert [row["id"] for row in shown] == [morning.id, sooner.id, later.id]


async def test_a_session_of_yesterday_that_still_runs_is_shown(node):
    running = await node.meet(starts_in=-21 * HOUR - 20 * MINUTE, length=24 * HOUR)
    board = await open_board(node, await node.staff())
    assert [row["id"] for row in (await board.receive("board"))["sessions"]] == [running.id]


async def test_the_welcome_of_a_board_names_the_person_and_no_session(node):
    board = await open_board(node, await node.staff("yamada"))
    assert board.welcome["you"]["name"] == "yamada"
    assert board.welcome["you"]["role"] == "scheduler"
    assert set(board.welcome["office"]) == {"ja", "en"}
    assert "session" not in board.welcome


async def test_the_board_follows_a_session(node):
    meeting = await node.meet()
    board = await open_board(node, await node.staff())
    await board.receive("board")
    seeker = await node.enter(meeting, "seeker")
    row = await row_of(board, meeting, lambda r: r["seats"][0]["presence"] == "at_door")
    assert row["seats"][0]["is_connected"] is True
    assert row["next"]["reason"] == "cutoff"
    await seeker.socket.close()
    await row_of(board, meeting, lambda r: not r["seats"][0]["is_connected"])


async def test_a_session_that_is_booked_now_appears(node):
    board = await open_board(node, await node.staff())
    await board.receive("board")
    meeting = await node.meet(starts_in=5 * MINUTE)
    assert (await row_of(board, meeting))["phase"] == "scheduled"


async def test_versions_never_go_backwards():
    async with running_node(Limits(renewals_burst=15)) as node:
        meeting = await node.meet()
        board = await open_board(node, await node.staff())
        await board.receive("board")
        seeker, supporter = await node.live(meeting)
        for _ in range(15):
            await seeker.send(type="renew_media")
            await supporter.send(type="renew_media")
        await seeker.send(type="end", works=True)
        await row_of(board, meeting, lambda row: row["phase"] == "ended")
        versions = [m["session"]["version"] for m in board.inbox if m["type"] == "board_row"]
        assert versions == sorted(set(versions))


async def test_a_session_that_changes_fast_costs_few_rows():
    async with running_node(Limits(board_flush_s=0.3, renewals_burst=30)) as node:
        meeting = await node.meet()
        board = await open_board(node, await node.staff())
        await board.receive("board")
        seeker, _ = await node.live(meeting)
        for _ in range(30):
            await seeker.send(type="renew_media")
        await seeker.send(type="end", works=True)
        ended = await row_of(board, meeting, lambda row: row["phase"] == "ended")
        rows = [m for m in board.inbox if m["type"] == "board_row"]
        assert ended["version"] > 30
        assert len(rows) <= 10


async def test_a_supporter_sees_the_own_sessions_only(node):
    token = await supporter_of(node)
    own = await node.meet(supporter="suzuki")
    other = await node.meet(supporter="tanaka")
    board = await open_board(node, token)
    assert [row["id"] for row in (await board.receive("board"))["sessions"]] == [own.id]
    await node.enter(other, "seeker")
    await node.enter(own, "seeker")
    await row_of(board, own)
    assert all(m["session"]["id"] == own.id for m in board.inbox if m["type"] == "board_row")


async def supporter_of(node, name="suzuki"):
    """The token of a supporter whose meetings are booked by name in these tests."""
    token = await node.staff(name, Role.SUPPORTER)
    staff = await node.store.staff_by_token(hash_secret(token))
    own = Staff(PersonId(f"p_{name}"), staff.name, staff.display_name, staff.role)
    await node.store.put_staff(own, hash_secret(token))
    return token


async def test_a_supporters_board_says_when_they_came_also_after_the_end(node):
    token = await supporter_of(node)
    meeting = await node.meet(supporter="suzuki")
    board = await open_board(node, token)
    assert [row["came"] for row in (await board.receive("board"))["sessions"]] == [{}]
    seeker, _ = await node.live(meeting)
    row = await row_of(board, meeting, lambda r: r["phase"] == "live")
    came = row["came"]
    assert set(came) == {"seeker", "supporter"}
    await seeker.send(type="end", works=True)
    row = await row_of(board, meeting, lambda r: r["phase"] == "ended")
    assert row["came"] == came
    assert [seat["since"] for seat in row["seats"]] == [came[seat["seat"]] for seat in row["seats"]]


async def test_an_incident_is_a_task_on_the_schedulers_board_until_it_is_resolved(node):
    meeting = await node.meet()
    board = await open_board(node, await node.staff())
    await node.host.deliver(
        meeting.id, IncidentFiled(IncidentKind.CONDUCT, SEEKER, None, "p_yamada")
    )
    row = await row_of(board, meeting, lambda r: r["incidents"])
    [incident] = row["incidents"]
    assert (incident["kind"], incident["by_role"]) == ("conduct", "scheduler")
    assert (incident["accused"], incident["resolved_at"]) == ("seeker", None)
    assert [task["kind"] for task in row["tasks"]] == ["incident"]
    await node.host.deliver(meeting.id, IncidentResolved(incident["id"], PersonId("p_yamada")))
    row = await row_of(board, meeting, lambda r: not r["tasks"])
    assert row["incidents"][0]["resolved_by"] == "p_yamada"


async def test_a_supporters_board_has_nothing_of_what_the_office_looks_at(node):
    token = await supporter_of(node)
    meeting = await node.meet(supporter="suzuki")
    board = await open_board(node, token)
    seeker, _ = await node.live(meeting)
    await seeker.send(type="stop", kind="conduct", accused="supporter", note=None)
    row = await row_of(board, meeting, lambda r: r["phase"] == "ended")
    assert row["outcome"] == "stopped"
    assert {key: row[key] for key in ("tasks", "incidents", "done")} == {
        "tasks": [],
        "incidents": [],
        "done": [],
    }
    assert {row[key] for key in ("cause", "reason", "verdict", "confidence")} == {None}


async def test_a_scheduler_sees_that_and_why_it_was_stopped(node):
    meeting = await node.meet()
    board = await open_board(node, await node.staff())
    seeker, _ = await node.live(meeting)
    await seeker.send(type="stop", kind="conduct", accused="supporter", note=None)
    row = await row_of(board, meeting, lambda r: r["phase"] == "ended")
    assert (row["cause"], row["confidence"]) == ("supporter", "unknown")
    assert [one["by_role"] for one in row["incidents"]] == ["seeker"]


@pytest.mark.parametrize("token", ["", "mdg_" + "x" * 22, "x" * 26])
async def test_an_unknown_token_is_refused(node, token):
    page = await node.say_hello(token=token)
    assert await page.refusal() == ("token_unknown", 4401)


async def test_a_board_may_say_nothing_and_lives(node):
    meeting = await node.meet()
    board = await open_board(node, await node.staff())
    await board.send(type="end", works=True)
    assert (await board.receive("refused"))["code"] == "not_your_seat"
    await node.enter(meeting, "seeker")
    await row_of(board, meeting)


async def test_comparing_with_the_store_repeats_nothing():
    async with running_node(Limits(board_reconcile_s=0.01)) as node:
        quiet = await node.meet(supporter="a")
        lively = await node.meet(supporter="b")
        board = await open_board(node, await node.staff())
        await board.receive("board")
        await node.enter(quiet, "seeker")
        seen = await row_of(board, quiet, lambda row: row["seats"][0]["is_connected"])
        for _ in range(3):  # each takes longer than a comparison
            seeker = await node.enter(lively, "seeker")
            await row_of(board, lively, lambda row: row["seats"][0]["is_connected"])
            await seeker.socket.close()
            await row_of(board, lively, lambda row: not row["seats"][0]["is_connected"])
        rows = [m["session"] for m in board.inbox if m["type"] == "board_row"]
        assert [r["version"] for r in rows if r["id"] == quiet.id].count(seen["version"]) == 1


async def test_a_token_that_is_void_closes_its_board():
    async with running_node(Limits(board_reconcile_s=0.05)) as node:
        board = await open_board(node, await node.staff("yamada"))
        await board.receive("board")
        await node.staff("yamada")  # a new token; the old one is void
        assert await board.refusal() == ("token_unknown", 4401)


async def test_midnight_brings_a_new_day():
    async with running_node(Limits(board_reconcile_s=0.05)) as node:
        today = await node.meet(starts_in=HOUR, supporter="a")
        tomorrow = await node.meet(starts_in=5 * HOUR, supporter="b")
        board = await open_board(node, await node.staff())
        assert [r["id"] for r in (await board.receive("board"))["sessions"]] == [today.id]
        node.clock.advance(4 * HOUR)
        shown = await board.receive("board", lambda m: len(m["sessions"]) == 2)
        # Nobody rang, so the session of yesterday is not over yet.
        assert [r["id"] for r in shown["sessions"]] == [today.id, tomorrow.id]


class Looker:
    """A board without a connection: what it is shown."""

    def __init__(self):
        self.days = []

    def snapshot(self, day, entries):
        self.days.append([entry.row.id for entry in entries])

    def lines(self, points):
        pass


def fails_once(monkeypatch, store):
    """The store goes away in the middle of the next reading."""
    load_many, asked = store.load_many, count(1)

    async def away_once(sessions):
        if next(asked) == 1:
            await asyncio.sleep(0)
            raise Unavailable("store")
        return await load_many(sessions)

    monkeypatch.setattr(store, "load_many", away_once)


async def test_a_board_that_waited_for_a_reading_that_failed_sees_the_whole_day(node, monkeypatch):
    meeting = await node.meet()
    feed = Feed(node.store, node.clock, Limits(), ZoneInfo("Asia/Tokyo"))
    fails_once(monkeypatch, node.store)
    first, second = Looker(), Looker()
    refused, shown = await asyncio.gather(
        feed.join(first), feed.join(second), return_exceptions=True
    )
    assert isinstance(refused, Unavailable)
    assert shown is None
    assert second.days == [[meeting.id]]


async def test_who_comes_after_midnight_brings_the_new_day_to_every_board():
    async with running_node(Limits(board_reconcile_s=3600)) as node:
        await node.meet(starts_in=HOUR, supporter="a")
        await node.meet(starts_in=5 * HOUR, supporter="b")
        token = await node.staff()
        board = await open_board(node, token)
        await board.receive("board")
        node.clock.advance(4 * HOUR)
        await open_board(node, token)
        await board.receive("board", lambda m: len(m["sessions"]) == 2)


async def test_midnight_brings_a_new_day_also_when_the_store_is_away_just_then(monkeypatch):
    async with running_node(Limits(board_reconcile_s=0.05)) as node:
        await node.meet(starts_in=HOUR, supporter="a")
        await node.meet(starts_in=5 * HOUR, supporter="b")
        board = await open_board(node, await node.staff())
        await board.receive("board")
        fails_once(monkeypatch, node.store)
        node.clock.advance(4 * HOUR)
        await board.receive("board", lambda m: len(m["sessions"]) == 2)


async def test_a_session_that_cannot_be_shown_hides_no_other_and_blinds_no_board(monkeypatch):
    from signaling import board as module

    real = module.board_row
    async with running_node(Limits(board_reconcile_s=0.02)) as node:
        broken, sound = await node.meet(supporter="a"), await node.meet(supporter="b")

        def board_row(session, checks):
            if session.id == broken.id:
                raise ZeroDivisionError
            return real(session, checks)

        monkeypatch.setattr(module, "board_row", board_row)
        with (
            capture_logs()
        ):  # written out, each trace takes longer than the time between two comparisons
            board = await open_board(node, await node.staff())
            assert [row["id"] for row in (await board.receive("board"))["sessions"]] == [sound.id]
            for _ in range(3):  # each takes longer than a comparison with the store
                seeker = await node.enter(sound, "seeker")
                await row_of(board, sound, lambda row: row["seats"][0]["is_connected"])
                await seeker.socket.close()
                await row_of(board, sound, lambda row: not row["seats"][0]["is_connected"])


async def test_a_row_that_could_not_be_shown_once_is_shown_by_the_next_comparison(monkeypatch):
    from signaling import board as module

    real, failed = module.board_row, asyncio.Event()

    def board_row(session, checks):
        if session.version and not failed.is_set():
            failed.set()
            raise ZeroDivisionError
        return real(session, checks)

    async with running_node(Limits(board_reconcile_s=0.05)) as node:
        meeting = await node.meet()
        board = await open_board(node, await node.staff())
        await board.receive("board")
        monkeypatch.setattr(module, "board_row", board_row)
        with capture_logs():
            await node.enter(meeting, "seeker")
            await row_of(board, meeting, lambda row: row["seats"][0]["is_connected"])
        assert failed.is_set()


async def test_a_comparison_that_fails_does_not_end_the_feed(monkeypatch):
    async with running_node(Limits(board_reconcile_s=0.02)) as node:
        board = await open_board(node, await node.staff())
        await board.receive("board")
        between, failed = node.store.between, asyncio.Event()

        async def wrong_once(begins_at, ends_at):
            if not failed.is_set():
                failed.set()
                raise ZeroDivisionError
            return await between(begins_at, ends_at)

        monkeypatch.setattr(node.store, "between", wrong_once)
        await failed.wait()
        await row_of(board, await node.meet())


async def test_a_comparison_with_the_store_holds_no_change_up(monkeypatch):
    async with running_node(Limits(board_reconcile_s=0.02)) as node:
        meeting = await node.meet()
        board = await open_board(node, await node.staff())
        await board.receive("board")
        asked, never = asyncio.Event(), asyncio.Event()

        async def held_up(_):
            asked.set()
            await never.wait()

        monkeypatch.setattr(node.store, "versions", held_up)
        await asked.wait()
        await node.enter(meeting, "seeker")
        await row_of(board, meeting, lambda row: row["seats"][0]["is_connected"])


async def test_what_the_feed_missed_is_made_good():
    async with running_node(Limits(board_gather_s=3600, board_reconcile_s=0.05)) as node:
        meeting = await node.meet()
        board = await open_board(node, await node.staff())
        await board.receive("board")
        await node.enter(meeting, "seeker")
        await row_of(board, meeting, lambda row: row["version"] >= 1)


async def test_a_thousand_sessions_are_fine(node):
    meetings = []
    for begin in range(0, 1_000, 20):
        meetings += await asyncio.gather(
            *(node.meet(starts_in=-10 * HOUR, supporter=f"s{begin + n}") for n in range(20))
        )
    token = await node.staff()
    boards = [await open_board(node, token) for _ in range(3)]
    for board in boards:
        frame = await board.receive("board")
        assert len(frame["sessions"]) == 1_000
    last = meetings[-1]
    await node.enter(last, "seeker")
    for board in boards:
        await row_of(board, last)


@pytest.mark.parametrize(
    ("now", "zone", "begins", "hours"),
    [
        ("2026-12-01T14:59:59+00:00", "Asia/Tokyo", "2026-11-30T15:00:00+00:00", 24),
        ("2026-12-01T15:00:00+00:00", "Asia/Tokyo", "2026-12-01T15:00:00+00:00", 24),
        ("2026-03-29T12:00:00+00:00", "Europe/Berlin", "2026-03-28T23:00:00+00:00", 23),
        ("2026-10-25T12:00:00+00:00", "Europe/Berlin", "2026-10-24T22:00:00+00:00", 25),
    ],
)
def test_a_day_is_a_local_day(now, zone, begins, hours):
    begins_at, ends_at = day_of(datetime.fromisoformat(now), ZoneInfo(zone))
    assert begins_at == datetime.fromisoformat(begins)
    assert ends_at.astimezone(UTC) - begins_at.astimezone(UTC) == timedelta(hours=hours)


def measured(now, **values):
    """A second of a line, as the media worker tells it."""
    known = {"loss_up": 0.0, "loss_down": 0.0, "rtt_ms": 40.0, "jitter_ms": 5.0} | values
    return LineSample(now, 1, 500_000, 500_000, **known)


async def test_the_snapshot_says_which_day_it_is_and_when_somebody_is_received(node):
    board = await open_board(node, await node.staff())
    day = (await board.receive("board"))["day"]
    now = node.clock.now().astimezone(ZoneInfo("Asia/Tokyo"))
    assert (day["date"], day["time_zone"]) == (now.date().isoformat(), "Asia/Tokyo")
    begins_at = datetime.fromisoformat(day["begins_at"])
    assert begins_at == datetime.combine(now.date(), time(), ZoneInfo("Asia/Tokyo"))
    assert datetime.fromisoformat(day["ends_at"]) - begins_at == 24 * HOUR
    bounds = [(stretch["begins_at"], stretch["ends_at"]) for stretch in day["open"]]
    assert bounds == sorted(bounds)
    assert all(day["begins_at"] <= one < other <= day["ends_at"] for one, other in bounds)


async def test_a_scheduler_sees_how_the_lines_of_live_rooms_are_and_a_supporter_does_not():
    async with running_node(Limits(board_lines_s=0.05)) as node:
        quiet = await node.meet(supporter="tanaka")
        meeting = await node.meet(supporter="suzuki")
        seeker, _ = await node.live(meeting)
        now = node.clock.now()
        node.media.known_lines = {
            SEEKER: Line(measured=(measured(now, loss_up=0.02, rtt_ms=90.0),)),
            SUPPORTER: Line(measured=(measured(now, loss_down=0.004),)),
        }
        own = await open_board(node, await supporter_of(node))
        board = await open_board(node, await node.staff())
        told = await board.receive("board_lines", lambda m: m["sessions"])
        assert [each["id"] for each in told["sessions"]] == [meeting.id]
        assert quiet.id not in str(told)
        [line] = told["sessions"]
        assert line["points"][-1] == [0.02, 90]
        await seeker.send(type="end", works=True)
        await board.receive("board_lines", lambda m: not m["sessions"])
        await own.receive("board_row", lambda m: m["session"]["phase"] == "ended")
        assert not [m for m in own.inbox if m["type"] == "board_lines"]


async def test_a_board_that_comes_later_gets_the_points_that_are_kept():
    async with running_node(Limits(board_lines_s=0.05)) as node:
        await node.live(await node.meet())
        node.media.known_lines = {SEEKER: Line(measured=(measured(node.clock.now()),))}
        first = await open_board(node, await node.staff("one"))
        for _ in range(3):
            await first.receive("board_lines", lambda m: m["sessions"])
        second = await open_board(node, await node.staff("two"))
        told = await second.receive("board_lines", lambda m: m["sessions"])
        assert len(told["sessions"][0]["points"]) >= 3
