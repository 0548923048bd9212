"""How people stand: strikes make a task, a decision refuses, and only the difference of an overruling is applied."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.bookings import Bookings
from orchestrator.errors import Conflict, NotFound, Refused, Unavailable
from orchestrator.policy.events import (
    Admitted,
    Connected,
    Event,
    Joined,
    Overruled,
    Stopped,
    Woken,
)
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    Cause,
    ConnectionId,
    DeviceId,
    IncidentKind,
    Outcome,
    PersonId,
    Quota,
    RescheduleState,
    Role,
    Session,
    SessionId,
)
from orchestrator.policy.standing import DecisionKind, PersonTaskKind, StandingState
from orchestrator.ports import DECIDED, Delivery, Handler
from orchestrator.programmes import load_all
from orchestrator.standing import Dossier, Standings
from orchestrator.wish import Wish
from tests.orchestrator.conftest import Office, opened

SAKURA = PersonId("p-sakura")
SCHEDULER = PersonId("p-scheduler")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def standings(office: Office) -> Standings:
    return standings_of(office)


def standings_of(office: Office) -> Standings:
    return Standings(
        store=office.store,
        clock=office.clock,
        bookings=office.bookings,
        programmes=load_all(),
    )


async def relay(office: Office, standings: Standings) -> list[str]:
    """Hand out what the outbox holds, each twice, as a crash between effect and acknowledgement would."""
    handlers: dict[str, Handler] = {
        "standing.changed": standings.changed,
        DECIDED: standings.decided,
    }
    taken = await office.store.take("n1", 100, 0)
    for delivery in [*taken, *taken]:
        if delivery.topic in handlers:
            await handlers[delivery.topic](delivery)
    for delivery in taken:
        await office.store.acknowledge(delivery)
    return [delivery.topic for delivery in taken]


async def wakes(office: Office, session: SessionId) -> Session:
    return await office.host.deliver(session, Woken())


async def misses(office: Office, seeker: PersonId = SAKURA) -> Session:
    """The seeker books, the supporter comes, and the seeker does not."""
    booked = (await office.books(seeker_person=seeker)).session
    office.clock.advance(booked.starts_at - office.clock.now())
    here = ConnectionId(f"c-{booked.id}")
    await office.host.deliver(booked.id, Connected(SUPPORTER, here, DeviceId("d")))
    rules = booked.rules
    joined = Joined(SUPPORTER, here, rules.terms_version, rules.attestations)
    await office.host.deliver(booked.id, joined)
    # Long enough for whatever ringing the programme asks for.
    office.clock.advance(booked.ends_at - office.clock.now())
    return await wakes(office, booked.id)


async def supporter_is_missing(office: Office, booked: Session) -> Session:
    """Nobody comes: another date is due."""
    await wakes(office, booked.id)
    office.clock.advance(2 * MINUTE)
    session = await wakes(office, booked.id)
    assert session.outcome is Outcome.SUPPORTER_NO_SHOW
    return session


async def decide(
    standings: Standings,
    kind: DecisionKind = DecisionKind.SUSPENDED,
    *,
    person: PersonId = SAKURA,
    number: int = 0,
    cancels: bool = False,
) -> Dossier:
    return await standings.decide("demo", person, kind, "理由", number, cancels, SCHEDULER)


async def code_of(refused: object) -> str:
    with pytest.raises(Refused) as refusal:
        await refused  # type: ignore[misc]
    return refusal.value.code


# ---- strikes --------------------------------------------------------------------------------------------------------


async def test_missed_sessions_are_on_record_and_so_many_make_one_task(
    office: Office, standings: Standings
) -> None:
    strikes = load_all()["demo"].strikes
    assert strikes is not None
    for number in range(strikes.count):
        assert await office.store.person_tasks() == []
        session = await misses(office)
        assert (session.outcome, session.cause) == (Outcome.SEEKER_NO_SHOW, Cause.SEEKER)
        await relay(office, standings)
        record = await standings.read("demo", SAKURA)
        assert record.standing.strikes == number + 1

    [task] = await office.store.person_tasks()
    assert (task.person, task.kind) == (SAKURA, PersonTaskKind.STRIKES)
    record = await standings.read("demo", SAKURA)
    assert record.task == task
    # They refuse nobody by themselves (product.md, Outcomes).
    assert record.standing.state is StandingState.GOOD
    assert (await office.books(seeker_person=SAKURA)).session.seeker.person == SAKURA


async def test_an_overruling_takes_the_strike_back_and_ends_the_task(
    office: Office, standings: Standings
) -> None:
    strikes = load_all()["demo"].strikes
    assert strikes is not None
    sessions = [await misses(office) for _ in range(strikes.count)]
    await relay(office, standings)
    assert len(await office.store.person_tasks()) == 1

    overruled = Overruled(Outcome.NOT_HELD, Cause.PLATFORM, SCHEDULER, 0)
    await office.host.deliver(sessions[0].id, overruled)
    await relay(office, standings)

    record = await standings.read("demo", SAKURA)
    assert [line.strike for line in record.lines].count(True) == strikes.count - 1
    assert record.lines[0].quota is Quota.RESTORED
    assert await office.store.person_tasks() == []


async def test_a_strike_that_was_taken_back_and_is_due_again_counts_again_whatever_was_decided_meanwhile(
    office: Office, standings: Standings
) -> None:
    strikes = load_all()["demo"].strikes
    assert strikes is not None
    sessions = [await misses(office) for _ in range(strikes.count)]
    away, back = (Outcome.NOT_HELD, Cause.PLATFORM), (Outcome.SEEKER_NO_SHOW, Cause.SEEKER)
    for session in sessions:
        await office.host.deliver(session.id, Overruled(*away, SCHEDULER, 0))
    office.clock.advance(MINUTE)
    await decide(standings, DecisionKind.REINSTATED)
    await relay(office, standings)
    assert (await standings.read("demo", SAKURA)).standing.strikes == 0
    office.clock.advance(MINUTE)

    for session in sessions:
        await office.host.deliver(session.id, Overruled(*back, SCHEDULER, 1))
    await relay(office, standings)

    assert (await standings.read("demo", SAKURA)).standing.strikes == strikes.count
    [task] = await office.store.person_tasks()
    assert (task.person, task.kind) == (SAKURA, PersonTaskKind.STRIKES)


async def test_a_task_of_a_session_that_is_gone_is_nobodys(standings: Standings) -> None:
    await standings.changed(Delivery("1-1", SessionId("gone"), "standing.changed", SAKURA, "k"))


# ---- decisions ------------------------------------------------------------------------------------------------------


async def test_who_is_suspended_is_not_booked_and_is_told_whom_to_ask(
    office: Office, standings: Standings
) -> None:
    await misses(office)
    record = await decide(standings)
    assert record.standing.state is StandingState.SUSPENDED
    assert record.reasons == {0: "理由"}
    with pytest.raises(Refused) as refusal:
        await office.books(seeker_person=SAKURA)
    assert refusal.value.code == "suspended"
    assert "ask the office" in refusal.value.detail
    assert "理由" not in refusal.value.detail


async def test_who_is_suspended_chooses_no_other_date_until_reinstated(
    office: Office, standings: Standings
) -> None:
    booked = (await office.books(seeker_person=SAKURA)).session
    session = await supporter_is_missing(office, booked)
    await office.bookings.rescheduling.propose(session.id)
    reschedule = (await office.host.view(session.id)).reschedule
    assert reschedule is not None
    option = reschedule.options[0].id
    await decide(standings)

    choose = office.bookings.rescheduling.choose
    assert await code_of(choose(session.id, option, "seeker")) == "suspended"

    await decide(standings, DecisionKind.REINSTATED, number=1)
    chosen = await choose(session.id, option, "seeker")
    assert chosen.reschedule is not None
    assert chosen.reschedule.new_session is not None


async def test_a_supporter_is_suspended_the_same_way(office: Office, standings: Standings) -> None:
    booked = (await office.books()).session
    await decide(standings, DecisionKind.REFUSED, person=booked.supporter.person)
    assert (await office.host.view(booked.id)).outcome is None
    office.clock.advance(timedelta(hours=1))
    assert await code_of(office.books()) == "suspended"
    assert (await office.books("ほか")).session.seeker.person != SAKURA


async def test_nothing_is_proposed_with_a_suspended_supporter_and_a_scheduler_has_to_look(
    office: Office, standings: Standings
) -> None:
    booked = (await office.books(seeker_person=SAKURA)).session
    await decide(standings, person=booked.supporter.person, cancels=True)

    await office.bookings.rescheduling.propose(booked.id)

    session = await office.host.view(booked.id)
    assert session.reschedule is not None
    assert (session.reschedule.state, session.reschedule.options) == (RescheduleState.OPEN, ())
    assert await office.store.with_tasks(10) == [booked.id]


async def test_bookings_stand_unless_the_scheduler_cancels_them(
    office: Office, standings: Standings
) -> None:
    booked = (await office.books(seeker_person=SAKURA)).session
    record = await decide(standings)
    assert [each.id for each in record.bookings] == [booked.id]
    assert (await office.host.view(booked.id)).outcome is None

    record = await decide(standings, DecisionKind.REFUSED, number=1, cancels=True)

    assert record.bookings == ()
    session = await office.host.view(booked.id)
    assert (session.outcome, session.cause) == (Outcome.CANCELLED, Cause.OFFICE)
    # Who is refused is offered no other date.
    assert session.reschedule is None
    assert "reschedule.opened" not in await relay(office, standings)
    # A refused seeker gets no strike (product.md, Outcomes).
    assert [line.strike for line in record.lines] == [False]


async def test_what_a_crash_left_of_the_cancelling_is_done_from_the_outbox(
    office: Office, standings: Standings
) -> None:
    booked = (await office.books(seeker_person=SAKURA)).session
    # The decision is durable, and the node died before it cancelled anything.
    decision = (await decide(standings, cancels=False)).decisions[0]
    cancelling = replace(decision, kind=DecisionKind.REFUSED, number=1, cancels=True)
    assert await office.store.decide("demo", SAKURA, cancelling, "理由")

    assert DECIDED in await relay(office, standings)

    assert (await office.host.view(booked.id)).outcome is Outcome.CANCELLED


class DiesAfterOne:
    """The sessions of a node that dies after it has committed one event."""

    def __init__(self, office: Office) -> None:
        self._host = office.host
        self._is_dead = False

    async def deliver(self, session: SessionId, event: Event) -> Session:
        if self._is_dead:
            raise Unavailable("node", "it is dead")
        self._is_dead = True
        return await self._host.deliver(session, event)

    async def view(self, session: SessionId) -> Session:
        return await self._host.view(session)


async def test_a_crash_in_the_cancelling_leaves_a_suspended_seeker_no_date_to_choose(
    office: Office, standings: Standings
) -> None:
    booked = (await office.books(seeker_person=SAKURA)).session
    parts = {"store": office.store, "clock": office.clock, "programmes": load_all()}
    dying = Bookings(host=DiesAfterOne(office), **parts)
    await decide(Standings(bookings=dying, **parts), cancels=True)

    await relay(office, standings)

    session = await office.host.view(booked.id)
    assert session.outcome is Outcome.CANCELLED
    assert session.reschedule is None
    assert session.consequence is not None
    assert not session.consequence.reschedule


async def test_a_decision_that_was_taken_back_cancels_nothing_any_more(
    office: Office, standings: Standings
) -> None:
    booked = (await office.books(seeker_person=SAKURA)).session
    first = (await decide(standings)).decisions[0]
    await office.store.decide("demo", SAKURA, replace(first, number=1, cancels=True), "理由")
    await decide(standings, DecisionKind.REINSTATED, number=2)

    await relay(office, standings)

    assert (await office.host.view(booked.id)).outcome is None


async def test_of_two_schedulers_at_once_the_second_is_told(
    office: Office, standings: Standings
) -> None:
    await office.books(seeker_person=SAKURA)
    results = await asyncio.gather(
        decide(standings),
        decide(standings, DecisionKind.REFUSED),
        return_exceptions=True,
    )
    refused = [each for each in results if isinstance(each, Refused)]
    assert [each.code for each in refused] == ["decided_meanwhile"]
    assert (await standings.read("demo", SAKURA)).standing.number == 1


async def test_a_decision_ends_the_task_and_new_strikes_make_another(
    office: Office, standings: Standings
) -> None:
    strikes = load_all()["demo"].strikes
    assert strikes is not None
    for _ in range(strikes.count):
        await misses(office)
    await relay(office, standings)
    office.clock.advance(MINUTE)

    record = await decide(standings, DecisionKind.REINSTATED)
    assert (record.task, record.standing.strikes) == (None, 0)
    assert await office.store.person_tasks() == []

    for _ in range(strikes.count):
        await misses(office)
    await relay(office, standings)
    assert len(await office.store.person_tasks()) == 1


async def test_what_is_live_goes_on_when_bookings_are_cancelled(
    office: Office, standings: Standings
) -> None:
    session = (await office.books(seeker_person=SAKURA)).session
    later = (await office.bookings.create(
        Wish("demo", session.ends_at + MINUTE, "さくら14", "あおぞら", seeker_person=SAKURA), "p"
    )).session  # fmt: skip
    await live(office, session)

    record = await decide(standings, cancels=True)

    assert [each.id for each in record.bookings] == [session.id]
    assert (await office.host.view(later.id)).outcome is Outcome.CANCELLED


async def live(office: Office, session: Session) -> None:
    """Both are in."""
    office.clock.advance(session.starts_at - office.clock.now())
    for seat in (SEEKER, SUPPORTER):
        here = ConnectionId(f"c-{seat}")
        await office.host.deliver(session.id, Connected(seat, here, DeviceId(seat)))
        rules = session.rules
        await office.host.deliver(
            session.id, Joined(seat, here, rules.terms_version, rules.attestations)
        )
    supporter = ConnectionId(f"c-{SUPPORTER}")
    await office.host.deliver(session.id, Admitted(supporter, SEEKER))


async def test_nobody_and_nowhere_are_refused(office: Office, standings: Standings) -> None:
    with pytest.raises(NotFound) as unknown:
        await standings.read("demo", SAKURA)
    assert unknown.value.code == "person_unknown"
    with pytest.raises(NotFound):
        await decide(standings)
    assert await code_of(standings.read("nowhere", SAKURA)) == "programme_unknown"
    await office.books(seeker_person=SAKURA)
    reinstate = decide(standings, DecisionKind.REINSTATED, cancels=True)
    assert await code_of(reinstate) == "nothing_to_cancel"


async def test_a_supporter_without_any_session_is_known(
    office: Office, standings: Standings
) -> None:
    await office.bookings.add_staff("tanaka", Role.SUPPORTER)
    tanaka = await office.store.staff_by_name("tanaka")
    assert tanaka is not None
    assert (await standings.read("demo", tanaka.person)).standing.state is StandingState.GOOD


async def test_another_node_reads_the_same(office: Office, standings: Standings) -> None:
    await misses(office)
    await decide(standings)
    async with opened(office.store, "n2", office.clock) as other:
        record = await standings_of(other).read("demo", SAKURA)
    assert record == await standings.read("demo", SAKURA)


# ---- accusations ----------------------------------------------------------------------------------------------------


async def test_who_is_accused_is_under_review_and_booked_all_the_same(
    office: Office, standings: Standings
) -> None:
    # KUMAGAYA 12(1): it ends the room and opens an incident, and nothing more until a scheduler decides.
    session = (await office.books(seeker_person=SAKURA)).session
    await live(office, session)
    here = ConnectionId(f"c-{SUPPORTER}")
    stopped = await office.host.deliver(session.id, Stopped(here, IncidentKind.CONDUCT, SEEKER))
    assert (stopped.outcome, stopped.cause) == (Outcome.STOPPED, Cause.SEEKER)
    await relay(office, standings)

    record = await standings.read("demo", SAKURA)
    assert (record.standing.under_review, record.standing.state) == (True, StandingState.GOOD)
    [task] = await office.store.person_tasks()
    assert (task.person, task.kind) == (SAKURA, PersonTaskKind.REVIEW)
    # The incident itself is a task of its session.
    assert await office.store.with_tasks(10) == [session.id]
    assert (await office.books("ほか", seeker_person=SAKURA)).session.seeker.person == SAKURA

    other_way = Overruled(Outcome.STOPPED, Cause.SUPPORTER, SCHEDULER, 0)
    await office.host.deliver(session.id, other_way)
    await relay(office, standings)

    assert not (await standings.read("demo", SAKURA)).standing.under_review
    [task] = await office.store.person_tasks()
    assert task.person == session.supporter.person


async def test_overrulings_and_repeated_deliveries_in_any_order_end_in_what_the_record_says(
    office: Office, standings: Standings
) -> None:
    strikes = load_all()["demo"].strikes
    assert strikes is not None
    first, *_ = [await misses(office) for _ in range(strikes.count)]

    async def overrule(numbers: range) -> None:
        for number in numbers:
            verdict = (Outcome.NOT_HELD, Cause.PLATFORM)
            if number % 2:
                verdict = (Outcome.SEEKER_NO_SHOW, Cause.SEEKER)
            await office.host.deliver(first.id, Overruled(*verdict, SCHEDULER, number))

    async def look_again_and_again() -> None:
        delivery = Delivery("1-1", first.id, "standing.changed", SAKURA, "k")
        for _ in range(20):
            with suppress(Conflict):  # the outbox would come back to it
                await standings.changed(delivery)

    for numbers, has_task in ((range(9), False), (range(9, 16), True), (range(16, 17), False)):
        await asyncio.gather(overrule(numbers), look_again_and_again(), look_again_and_again())
        await relay(office, standings)
        task = (await standings.read("demo", SAKURA)).task
        assert (task is not None) is has_task
        assert await office.store.person_tasks() == ([task] if task else [])
