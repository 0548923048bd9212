"""What the office does to a session: overruling, tasks, incidents, calls, and a later end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.errors import Fenced, NotFound, Refused
from orchestrator.office import LONGEST_NOTE, NewVerdict
from orchestrator.office import Office as Desk
from orchestrator.policy.events import (
    Admitted,
    Connected,
    Joined,
    MediaFlowed,
    SlotsProposed,
    Woken,
)
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    CallState,
    Cause,
    ConnectionId,
    DeviceId,
    Extension,
    IncidentKind,
    Medium,
    Outcome,
    PersonId,
    Phase,
    Quota,
    RescheduleState,
    Session,
    SessionId,
)
from orchestrator.policy.session import book
from orchestrator.policy.tasks import TaskKind
from orchestrator.ports import Applied, Booking, Commit, RoomExtended
from orchestrator.wish import Wish
from tests.fakes import eventually
from tests.orchestrator.conftest import Office

MINUTE = timedelta(minutes=1)
BOSS = PersonId("p-scheduler")
NOBODY = SessionId("s_none")
C_SEEKER, C_SUPPORTER = ConnectionId("c-seeker"), ConnectionId("c-supporter")


@pytest.fixture
def desk(office: Office) -> Desk:
    """The use cases, on the running node."""
    return Desk(office.store, office.host, confirmed_within_s=0.2)


async def code_of(act: object) -> str:
    """The code with which something is refused."""
    with pytest.raises(Refused) as refusal:
        await act  # type: ignore[misc]
    return refusal.value.code


async def missed(office: Office, supporter: str = "あおぞら") -> Session:
    """A session that its seeker missed."""
    session_id = (await office.books(supporter)).session.id
    office.clock.advance(MINUTE)
    await office.host.deliver(session_id, Connected(SUPPORTER, C_SUPPORTER, DeviceId("d")))
    office.clock.advance(MINUTE)
    session = await office.host.deliver(session_id, Woken())
    assert session.outcome is Outcome.SEEKER_NO_SHOW
    return session


async def extendable(office: Office, supporter: str = "p-sup") -> Session:
    """A booked session of half an hour whose programme lets a scheduler move the end; it begins in a minute."""
    from orchestrator.policy.model import Role, Seat

    programme = office.bookings._programmes["kumagaya"]
    starts_at = office.clock.now() + MINUTE
    seats = (
        Seat(SEEKER, Role.SEEKER, PersonId("p-seek"), "さくら14"),
        Seat(SUPPORTER, Role.SUPPORTER, PersonId(supporter), "田中"),
    )
    rules = replace(programme.rules(), extension=Extension.SCHEDULER)
    session = book(
        SessionId(f"s_{starts_at.timestamp():.0f}"),
        rules,
        starts_at,
        starts_at + 30 * MINUTE,
        seats,
        "Asia/Tokyo",
    )
    await office.store.book(Booking(session, {}, f"test:{session.id}"))
    return session


async def goes_live(office: Office, session: Session) -> None:
    """Both are in."""
    for seat, connection in ((SEEKER, C_SEEKER), (SUPPORTER, C_SUPPORTER)):
        await office.host.deliver(session.id, Connected(seat, connection, DeviceId(f"d-{seat}")))
        rules = session.rules
        await office.host.deliver(
            session.id, Joined(seat, connection, rules.terms_version, rules.attestations)
        )
    office.clock.advance(MINUTE)
    await office.host.deliver(session.id, Admitted(C_SUPPORTER, SEEKER))


# ---- verdicts and tasks ---------------------------------------------------------------------------------------------


async def test_an_overruling_applies_the_difference_and_keeps_the_first_verdict(
    office: Office, desk: Desk
) -> None:
    session = await missed(office)
    overruling = NewVerdict(Outcome.NOT_HELD, Cause.PLATFORM, 0, "駅で通信障害があった")
    after = await desk.overrule(session.id, overruling, BOSS)
    assert (after.outcome, after.cause) == (Outcome.NOT_HELD, Cause.PLATFORM)
    assert after.consequence is not None
    assert after.consequence.quota is Quota.RESTORED
    assert after.reschedule is not None
    assert after.reschedule.state is RescheduleState.OPEN
    assert after.overrulings[0].before == session.verdict
    assert await desk.notes(session.id) == {"overruling-1": "駅で通信障害があった"}


async def test_two_schedulers_overrule_at_once_and_the_second_is_told(
    office: Office, desk: Desk
) -> None:
    session = await missed(office)
    results = await asyncio.gather(
        *(
            desk.overrule(session.id, NewVerdict(Outcome.NOT_HELD, cause, 0, cause.value), BOSS)
            for cause in (Cause.PLATFORM, Cause.SUPPORTER)
        ),
        return_exceptions=True,
    )
    refused = [one for one in results if isinstance(one, Refused)]
    assert [one.code for one in refused] == ["overruled_meanwhile"]
    after = await office.host.view(session.id)
    assert len(after.overrulings) == 1
    assert after.cause is not None
    assert await desk.notes(session.id) == {"overruling-1": after.cause.value}


async def test_what_is_not_over_and_what_cannot_be_is_not_overruled(
    office: Office, desk: Desk
) -> None:
    running = (await office.books()).session.id
    overruling = NewVerdict(Outcome.COMPLETED, None, 0, "x")
    assert await code_of(desk.overrule(running, overruling, BOSS)) == "not_over"
    with pytest.raises(NotFound):
        await desk.overrule(NOBODY, overruling, BOSS)
    over = (await missed(office, "もり")).id
    strange = NewVerdict(Outcome.NOT_HELD, Cause.MAINTENANCE, 0, "x")
    assert await code_of(desk.overrule(over, strange, BOSS)) == "outcome_impossible"
    assert await desk.notes(over) == {}


@pytest.mark.parametrize("text", ["", " \n", "x" * (LONGEST_NOTE + 1), "a\x00b", "a\x1b[31m"])
async def test_a_note_that_is_no_plain_text_is_refused_and_nothing_happens(
    office: Office, desk: Desk, text: str
) -> None:
    session = await missed(office)
    overruling = NewVerdict(Outcome.NOT_HELD, Cause.PLATFORM, 0, text)
    assert await code_of(desk.overrule(session.id, overruling, BOSS)) == "note_refused"
    filing = desk.file_incident(session.id, IncidentKind.TECHNICAL, None, BOSS, text)
    assert await code_of(filing) == "note_refused"
    after = await office.host.view(session.id)
    assert (after.overrulings, after.incidents) == ((), ())


async def test_tasks_are_listed_most_urgent_first_and_ticked_off_once(
    office: Office, desk: Desk
) -> None:
    first = (await office.books()).session.id
    second = (await office.books("もり")).session.id
    await desk.file_incident(first, IncidentKind.TECHNICAL, None, BOSS, None)
    await desk.file_incident(second, IncidentKind.CONDUCT, SEEKER, BOSS, "声を荒らげた")
    listed = await desk.tasks()
    assert [(each.session.id, each.task.kind) for each in listed] == [
        (second, TaskKind.INCIDENT),
        (first, TaskKind.INCIDENT),
    ]
    # An incident is resolved, not ticked off.
    assert await code_of(desk.finish_task(first, "incident-1", BOSS, None)) == "task_unknown"
    await desk.resolve_incident(first, "incident-1", BOSS, "回線を替えた")
    assert [each.session.id for each in await desk.tasks()] == [second]
    again = desk.resolve_incident(first, "incident-1", BOSS, "もう一度")
    assert await code_of(again) == "incident_resolved"
    unknown = desk.resolve_incident(first, "incident-9", BOSS, "x")
    assert await code_of(unknown) == "incident_unknown"
    assert await desk.notes(first) == {"incident-1-resolved": "回線を替えた"}
    assert await desk.notes(second) == {"incident-1": "声を荒らげた"}


async def test_a_task_of_a_verdict_is_ticked_off_with_a_note(office: Office, desk: Desk) -> None:
    session = await missed(office)
    unclear = NewVerdict(Outcome.NOT_HELD, Cause.PLATFORM, 0, "x")
    await desk.overrule(session.id, unclear, BOSS)
    chosen = await office.host.view(session.id)
    assert chosen.reschedule is not None
    await office.bookings.rescheduling.propose(session.id)
    offered = (await office.host.view(session.id)).reschedule
    assert offered is not None
    await office.bookings.rescheduling.choose(session.id, offered.options[0].id, BOSS)
    back = NewVerdict(Outcome.SEEKER_NO_SHOW, Cause.SEEKER, 1, "y")
    await desk.overrule(session.id, back, BOSS)
    tasks = [each.task.id for each in await desk.tasks()]
    assert tasks == ["booking_stands-2"]
    await desk.finish_task(session.id, "booking_stands-2", BOSS, "本人に電話した")
    assert await desk.tasks() == []
    assert (await desk.notes(session.id))["task-booking_stands-2"] == "本人に電話した"
    again = desk.finish_task(session.id, "booking_stands", BOSS, None)
    assert await code_of(again) == "task_unknown"


async def test_words_are_kept_with_what_they_came_with(office: Office, desk: Desk) -> None:
    session = await missed(office)
    overruling = NewVerdict(Outcome.NOT_HELD, Cause.UNKNOWN, 0, "本人から電話があった")
    await desk.overrule(session.id, overruling, BOSS)
    await desk.overrule(session.id, replace(overruling, reason="もう一度"), BOSS)
    await desk.file_incident(session.id, IncidentKind.TECHNICAL, None, BOSS, "音が出ない")
    await desk.resolve_incident(session.id, "incident-1", BOSS, "機器を替えた")
    await office.host.deliver(session.id, SlotsProposed(()))
    await desk.finish_task(session.id, "no_slot", BOSS, "電話で決める")
    assert await desk.notes(session.id) == {
        "overruling-1": "本人から電話があった",
        "incident-1": "音が出ない",
        "incident-1-resolved": "機器を替えた",
        "task-no_slot": "電話で決める",
    }


# ---- incidents from the room ----------------------------------------------------------------------------------------


async def test_a_stop_ends_the_room_and_its_words_lie_among_the_notes_only(
    office: Office, desk: Desk
) -> None:
    session = await extendable(office)
    await goes_live(office, session)
    after = await desk.stop(
        session.id, IncidentKind.RECORDING, SEEKER, SUPPORTER, "画面を撮影していた", C_SUPPORTER
    )
    assert (after.outcome, after.cause) == (Outcome.STOPPED, Cause.SEEKER)
    assert await desk.notes(session.id) == {"incident-1": "画面を撮影していた"}
    assert "画面" not in str(await office.store.events(session.id))
    assert "画面" not in str(after)


# ---- telephone ------------------------------------------------------------------------------------------------------


async def test_a_scheduler_reports_the_call_of_a_telephone_session(
    office: Office, desk: Desk
) -> None:
    session_id = (await office.books(medium=Medium.PHONE)).session.id
    assert await code_of(desk.report_call(session_id, CallState.FINISHED, BOSS)) == "not_live"
    office.clock.advance(MINUTE)
    await desk.report_call(session_id, CallState.CALLING, BOSS)
    live = await desk.report_call(session_id, CallState.ANSWERED, BOSS)
    assert live.call is CallState.ANSWERED
    over = await desk.report_call(session_id, CallState.FINISHED, BOSS)
    assert over.outcome is Outcome.COMPLETED
    asked = desk.finish(session_id, BOSS, finished=True)
    assert await code_of(asked) == "session_over"


# ---- a later end ----------------------------------------------------------------------------------------------------


async def test_an_end_moves_when_the_media_worker_holds_it_and_not_before(
    office: Office, desk: Desk
) -> None:
    session = await extendable(office)
    await goes_live(office, session)
    later = session.ends_at + 15 * MINUTE
    asking = asyncio.ensure_future(
        Desk(office.store, office.host, 5.0).extend(session.id, later, BOSS, "話が長引いた")
    )
    await eventually(lambda: bool(office.diary.named("extend_room")))
    assert (await office.host.view(session.id)).ends_at == session.ends_at
    assert not asking.done()
    office.host.on_media(RoomExtended(session.id, later))
    assert (await asking).ends_at == later
    assert office.alarm.armed[session.id] <= later
    assert await desk.notes(session.id) == {"extension-1": "話が長引いた"}
    busy = await office.store.booked(session.supporter.person, session.starts_at, later)
    assert busy == [(session.starts_at, later)]


async def test_an_end_that_no_worker_confirms_has_not_moved_and_the_time_stays_held(
    office: Office, desk: Desk
) -> None:
    session = await extendable(office)
    await goes_live(office, session)
    later = session.ends_at + 15 * MINUTE
    asking = desk.extend(session.id, later, BOSS, "x")
    assert await code_of(asking) == "extension_unconfirmed"
    assert (await office.host.view(session.id)).ends_at == session.ends_at
    assert await desk.notes(session.id) == {}, "what has not happened has no reason"
    # What comes late still counts, and meets no other booking.
    office.host.on_media(RoomExtended(session.id, later))
    moved = await office.host.until(session.id, lambda known: known.ends_at == later, 5.0)
    assert await desk.notes(session.id) == {"extension-1": "x"}, "kept since it was asked for"
    busy = await office.store.booked(session.supporter.person, session.starts_at, later)
    assert busy == [(session.starts_at, moved.ends_at)]


async def test_an_end_that_the_worker_holds_is_not_cut_while_its_record_waits_for_the_store(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await extendable(office)
    await goes_live(office, session)
    await office.host.deliver(session.id, MediaFlowed())
    later = session.ends_at + 15 * MINUTE
    asking = asyncio.ensure_future(
        Desk(office.store, office.host, 5.0).extend(session.id, later, BOSS, "話が長引いた")
    )
    await eventually(lambda: bool(office.diary.named("extend_room")))
    commit, is_back = office.store.commit, asyncio.Event()

    async def away(transition: Commit) -> Applied:
        await is_back.wait()
        return await commit(transition)

    monkeypatch.setattr(office.store, "commit", away)
    office.host.on_media(RoomExtended(session.id, later))
    office.clock.advance(session.ends_at - office.clock.now())
    office.host.wake([session.id])
    assert not office.diary.named("time_is_up")
    is_back.set()
    assert (await asking).phase is Phase.LIVE
    office.clock.advance(later - office.clock.now())
    office.host.wake([session.id])
    assert office.diary.named("time_is_up") == [("time_is_up", session.id)]


async def test_an_end_does_not_move_into_the_next_booking(office: Office, desk: Desk) -> None:
    session = await extendable(office)
    office.clock.advance(30 * MINUTE)
    await extendable(office)  # the same people, right behind it
    later = session.ends_at + 10 * MINUTE
    asking = desk.extend(session.id, later, BOSS, "x")
    assert await code_of(asking) == "next_slot_taken"
    assert (await office.host.view(session.id)).ends_at == session.ends_at


async def test_without_media_the_end_moves_at_once(office: Office, desk: Desk) -> None:
    session = await extendable(office)
    later = session.ends_at + 10 * MINUTE
    assert (await desk.extend(session.id, later, BOSS, "x")).ends_at == later
    assert office.diary.named("extend_room") == []


async def test_who_may_not_extend_leaves_the_calendars_as_they_were(
    office: Office, desk: Desk
) -> None:
    session = (await office.books()).session
    later = session.ends_at + 10 * MINUTE
    assert await code_of(desk.extend(session.id, later, BOSS, "x")) == "extension_never"
    busy = await office.store.booked(session.supporter.person, session.starts_at, later)
    assert busy == [(session.starts_at, session.ends_at)]
    wish = Wish("demo", session.ends_at, "もみじ", "あおぞら")
    assert (await office.bookings.create(wish, "p")).session.starts_at == session.ends_at
    other = await extendable(office)
    for at, code in [
        (other.ends_at, "extension_not_later"),
        (other.starts_at, "extension_not_later"),
    ]:
        assert await code_of(desk.extend(other.id, at, BOSS, "x")) == code
    office.clock.advance(30 * MINUTE + timedelta(seconds=1))
    too_late = desk.extend(other.id, other.ends_at + MINUTE, BOSS, "x")
    assert await code_of(too_late) in {"extension_too_late", "session_over"}


async def test_an_end_that_was_fenced_gives_the_calendars_back(office: Office, desk: Desk) -> None:
    session = await extendable(office)
    await office.host.deliver(session.id, Woken())
    stored = await office.store.load(session.id)
    assert stored is not None
    assert await office.store.claim(session.id, "n2", stored.owner, stored.fence) is not None
    later = session.ends_at + 15 * MINUTE
    with pytest.raises(Fenced):
        await desk.extend(session.id, later, BOSS, "x")
    busy = await office.store.booked(session.supporter.person, session.starts_at, later)
    assert busy == [(session.starts_at, session.ends_at)]


async def test_a_wish_that_is_refused_leaves_what_an_earlier_one_holds(
    office: Office, desk: Desk
) -> None:
    session = await extendable(office)
    await goes_live(office, session)
    pending = session.ends_at + 15 * MINUTE
    assert await code_of(desk.extend(session.id, pending, BOSS, "x")) == "extension_unconfirmed"
    too_long = desk.extend(session.id, session.ends_at + 3 * 60 * MINUTE, BOSS, "x")
    assert await code_of(too_long) == "extension_too_long"
    busy = await office.store.booked(session.supporter.person, session.starts_at, pending)
    assert busy == [(session.starts_at, pending)]


async def test_two_later_ends_at_once_leave_one_end_and_its_reservation(
    office: Office, desk: Desk
) -> None:
    session = await extendable(office)
    ends = [session.ends_at + 5 * MINUTE, session.ends_at + 10 * MINUTE]
    await asyncio.gather(
        *(desk.extend(session.id, at, BOSS, "x") for at in ends), return_exceptions=True
    )
    known = await office.host.view(session.id)
    assert known.ends_at == ends[1]
    busy = await office.store.booked(session.supporter.person, session.starts_at, ends[1])
    assert busy == [(session.starts_at, ends[1])]
