"""Planned maintenance (IX 11-1, GOALOUS 10): nothing is booked into it, and what runs into it ends when it begins."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from orchestrator.errors import NotFound, Refused
from orchestrator.maintenance import AGAIN, KEPT, Maintenance
from orchestrator.policy.events import Admitted, Connected, ExtensionAsked, Joined, Woken
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    Cause,
    ConnectionId,
    DeviceId,
    Extension,
    Outcome,
    PersonId,
    Phase,
    RescheduleState,
    Session,
)
from orchestrator.ports import MaintenanceWindow
from orchestrator.wish import Wish
from tests.fakes import RULES, a_booking, a_session
from tests.orchestrator.conftest import Office, opened

SCHEDULER = PersonId("p-scheduler")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LENGTH = 3 * MINUTE
"""Of a session of the demo programme."""


@pytest.fixture
def maintenance(office: Office) -> Maintenance:
    return maintenance_of(office)


def maintenance_of(office: Office) -> Maintenance:
    return Maintenance(
        store=office.store, clock=office.clock, host=office.host, bookings=office.bookings
    )


def at(office: Office, minutes: float) -> datetime:
    return office.clock.now() + minutes * MINUTE


async def books(office: Office, minutes: float) -> Session:
    """A demo session that starts in so many minutes."""
    supporter = f"supporter {minutes}"
    wish = Wish("demo", at(office, minutes), "さくら14", supporter)
    return (await office.bookings.create(wish, "p")).session


async def plans(
    office: Office, maintenance: Maintenance, begins_in: float, ends_in: float
) -> MaintenanceWindow:
    return await maintenance.plan(at(office, begins_in), at(office, ends_in), "入れ替え", SCHEDULER)


async def goes_live(office: Office, session: Session) -> Session:
    office.clock.advance(session.starts_at - office.clock.now())
    for seat in (SEEKER, SUPPORTER):
        here = ConnectionId(f"c-{seat}")
        await office.host.deliver(session.id, Connected(seat, here, DeviceId(seat)))
        joined = Joined(seat, here, session.rules.terms_version, session.rules.attestations)
        await office.host.deliver(session.id, joined)
    return await office.host.deliver(session.id, Admitted(ConnectionId(f"c-{SUPPORTER}"), SEEKER))


async def code_of(refused: object) -> str:
    with pytest.raises(Refused) as refusal:
        await refused  # type: ignore[misc]
    return refusal.value.code


# ---- bookings -------------------------------------------------------------------------------------------------------


async def test_nothing_is_booked_into_a_window_and_its_times_are_said(
    office: Office, maintenance: Maintenance
) -> None:
    await plans(office, maintenance, 10, 70)

    with pytest.raises(Refused) as refusal:
        await books(office, 69)
    assert refusal.value.code == "maintenance"
    # 12:10 UTC is 21:10 in Tokyo.
    assert "2026-12-01 21:10" in refusal.value.detail
    assert "2026-12-01 22:10" in refusal.value.detail
    assert await code_of(books(office, 8)) == "maintenance"
    assert (await books(office, 7)).ends_at == at(office, 10)
    assert (await books(office, 70)).starts_at == at(office, 70)


async def test_proposals_keep_out_of_a_window(office: Office, maintenance: Maintenance) -> None:
    session = (await office.books()).session
    await office.host.deliver(session.id, Woken())
    office.clock.advance(2 * MINUTE)
    await office.host.deliver(session.id, Woken())
    await office.bookings.rescheduling.propose(session.id)
    before = (await office.host.view(session.id)).reschedule
    assert before is not None
    first = before.options[0]
    window = await maintenance.plan(first.starts_at, first.ends_at, "入れ替え", SCHEDULER)

    # One that was proposed before is refused, and others are proposed.
    choose = office.bookings.rescheduling.choose(session.id, first.id, "seeker")
    assert await code_of(choose) == "maintenance"

    after = (await office.host.view(session.id)).reschedule
    assert after is not None
    assert after.state is RescheduleState.OPEN
    assert after.options
    assert not any(window.meets(each.starts_at, each.ends_at) for each in after.options)


# ---- sessions -------------------------------------------------------------------------------------------------------


async def test_what_would_start_inside_is_cancelled_at_once_with_another_date(
    office: Office, maintenance: Maintenance
) -> None:
    before, inside, last, after = [await books(office, minutes) for minutes in (7, 10, 69, 70)]

    await plans(office, maintenance, 10, 70)

    for session in (inside, last):
        cancelled = await office.host.view(session.id)
        assert (cancelled.outcome, cancelled.cause) == (Outcome.CANCELLED, Cause.MAINTENANCE)
        assert cancelled.reschedule is not None
        assert cancelled.reschedule.state is RescheduleState.OPEN
    for session in (before, after):
        untouched = await office.host.view(session.id)
        assert (untouched.phase, untouched.maintenance_at) == (Phase.SCHEDULED, None)


async def test_what_is_live_when_it_begins_ends_then_and_it_is_ours(
    office: Office, maintenance: Maintenance
) -> None:
    session = await books(office, 1)
    window = await plans(office, maintenance, 2, 70)
    assert (await office.host.view(session.id)).maintenance_at == window.begins_at
    assert (await goes_live(office, session)).phase is Phase.LIVE

    office.clock.advance(window.begins_at - office.clock.now())
    office.alarm.ring_due(office.clock.now())
    ended = await office.host.deliver(session.id, Woken())

    assert (ended.outcome, ended.cause) == (Outcome.INTERRUPTED, Cause.PLATFORM)
    assert ended.ended_at == window.begins_at
    assert office.diary.named("close_room")


async def test_what_is_not_live_when_it_begins_is_cancelled_then(
    office: Office, maintenance: Maintenance
) -> None:
    session = await books(office, 1)
    window = await plans(office, maintenance, 1.5, 70)
    office.clock.advance(2 * MINUTE)

    ended = await office.host.deliver(session.id, Woken())

    assert (ended.outcome, ended.cause) == (Outcome.CANCELLED, Cause.MAINTENANCE)
    assert ended.ended_at == window.begins_at


async def test_maintenance_that_begins_now_ends_what_is_live(
    office: Office, maintenance: Maintenance
) -> None:
    session = await books(office, 1)
    await goes_live(office, session)
    office.clock.advance(MINUTE / 2)

    window = await plans(office, maintenance, -60, 70)

    assert window.begins_at == office.clock.now()
    ended = await office.host.view(session.id)
    assert (ended.outcome, ended.cause) == (Outcome.INTERRUPTED, Cause.PLATFORM)


# ---- calling off ----------------------------------------------------------------------------------------------------


async def test_what_is_called_off_lets_go_and_brings_nothing_back(
    office: Office, maintenance: Maintenance
) -> None:
    into, inside = await books(office, 8), await books(office, 20)
    window = await plans(office, maintenance, 10, 70)

    off = await maintenance.call_off(window.id, SCHEDULER)
    again = await maintenance.call_off(window.id, PersonId("p-other"))

    assert (off.called_off_at, off.called_off_by) == (office.clock.now(), SCHEDULER)
    assert again == off
    assert (await office.host.view(into.id)).maintenance_at is None
    assert (await office.host.view(inside.id)).outcome is Outcome.CANCELLED
    assert (await books(office, 30)).starts_at == at(office, 30)


async def test_of_two_windows_the_other_one_still_holds(
    office: Office, maintenance: Maintenance
) -> None:
    session = await books(office, 8)
    later = await plans(office, maintenance, 10, 70)
    sooner = await plans(office, maintenance, 9, 9.5)
    assert (await office.host.view(session.id)).maintenance_at == sooner.begins_at

    await maintenance.call_off(sooner.id, SCHEDULER)

    assert (await office.host.view(session.id)).maintenance_at == later.begins_at


async def test_windows_that_were_over_long_ago_are_forgotten(
    office: Office, maintenance: Maintenance
) -> None:
    over = await plans(office, maintenance, 1, 2)
    off = await plans(office, maintenance, 3, 4)
    off = await maintenance.call_off(off.id, SCHEDULER)
    office.clock.advance(KEPT + 3 * MINUTE)
    later = await plans(office, maintenance, 1, 2)

    assert await maintenance.windows() == [off, later], f"{over.id} can be looked up no more"
    await maintenance.settle()
    office.clock.advance(MINUTE)
    await maintenance.settle()

    assert await maintenance.windows() == [later]
    assert await code_of(books(office, 0.5)) == "maintenance"


async def test_what_cannot_be_is_refused(office: Office, maintenance: Maintenance) -> None:
    assert await code_of(plans(office, maintenance, -2, -1)) == "maintenance_over"
    assert await code_of(plans(office, maintenance, -1, 0)) == "maintenance_over"
    assert await code_of(plans(office, maintenance, 2, 2)) == "maintenance_empty"
    assert await maintenance.windows() == []
    with pytest.raises(NotFound):
        await maintenance.call_off("nothing", SCHEDULER)
    window = await plans(office, maintenance, 1, 2)
    office.clock.advance(2 * MINUTE)
    assert await code_of(maintenance.call_off(window.id, SCHEDULER)) == "maintenance_over"


# ---- crashes and other nodes ----------------------------------------------------------------------------------------


async def stored(office: Office, begins_in: float, ends_in: float) -> MaintenanceWindow:
    """A window whose node died before it told any session."""
    window = MaintenanceWindow(
        "m", at(office, begins_in), at(office, ends_in), "入れ替え", office.clock.now(), SCHEDULER
    )
    await office.store.put_maintenance(window)
    return window


async def test_what_a_crash_left_is_done_later_and_no_more_than_once(
    office: Office, maintenance: Maintenance
) -> None:
    into, inside = await books(office, 8), await books(office, 20)
    window = await stored(office, 10, 70)

    await maintenance.settle()

    versions = {}
    for session in (into, inside):
        versions[session.id] = (await office.host.view(session.id)).version
    assert (await office.host.view(into.id)).maintenance_at == window.begins_at
    assert (await office.host.view(inside.id)).outcome is Outcome.CANCELLED
    for _ in range(3):
        office.clock.advance(AGAIN)
        await maintenance.settle()
        await maintenance_of(office).settle()
    for name, version in versions.items():
        known = await office.store.load(name)
        assert known is not None
        assert known.session.version == version


async def test_a_calling_off_that_a_crash_cut_short_is_done_later(
    office: Office, maintenance: Maintenance
) -> None:
    session = await books(office, 8)
    window = await plans(office, maintenance, 10, 70)
    off = replace(window, called_off_at=office.clock.now(), called_off_by=SCHEDULER)
    await office.store.put_maintenance(off)

    await maintenance.settle()

    assert (await office.host.view(session.id)).maintenance_at is None


async def test_an_end_that_moves_into_a_window_is_seen(
    office: Office, maintenance: Maintenance
) -> None:
    wish = a_session(starts_at=at(office, 5), length=5 * MINUTE)
    session = replace(wish, rules=replace(RULES, extension=Extension.SCHEDULER))
    await office.store.book(a_booking(session))
    window = await plans(office, maintenance, 10, 70)
    moved_to = window.begins_at + MINUTE
    await office.host.deliver(session.id, ExtensionAsked(moved_to, SCHEDULER))
    assert (await office.host.view(session.id)).ends_at == moved_to
    assert (await office.host.view(session.id)).maintenance_at is None

    office.clock.advance(AGAIN)
    await maintenance.settle()

    assert (await office.host.view(session.id)).maintenance_at == window.begins_at


async def test_a_session_that_another_node_runs_is_settled_by_that_node(office: Office) -> None:
    session = await books(office, 8)
    await office.host.deliver(session.id, Woken())
    await stored(office, 10, 70)
    async with opened(office.store, "n2", office.clock, sole=False) as other:
        await maintenance_of(other).settle()
    assert (await office.host.view(session.id)).maintenance_at is None

    await maintenance_of(office).settle()

    assert (await office.host.view(session.id)).maintenance_at is not None
