"""What is on record about people, tasks, notes, maintenance, and an end that moves."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from orchestrator.policy import ledger
from orchestrator.policy.effects import Publish
from orchestrator.policy.ledger import LedgerLine
from orchestrator.policy.model import (
    Cause,
    Confidence,
    Consequence,
    Outcome,
    PersonId,
    Phase,
    Quota,
    Record,
    SeatId,
    Session,
    SessionId,
    Verdict,
)
from orchestrator.policy.standing import Decision, DecisionKind, PersonTask, PersonTaskKind
from orchestrator.ports import (
    DECIDED,
    Answers,
    Applied,
    Booking,
    BookingResult,
    Commit,
    Ledger,
    MaintenanceWindow,
    Note,
    reason_field,
)
from orchestrator.store.valkey import ValkeyStore
from tests.fakes import NOON, a_booking, a_commit, a_session

S1 = SessionId("s1")
SEEKER_SEAT = SeatId("seeker")
COMPANION_SEAT = SeatId("companion-1")
SEEKER = PersonId("p-seeker")
SUPPORTER = PersonId("p-supporter")
SCHEDULER = PersonId("p-scheduler")
HOUR = timedelta(hours=1)
SUSPENDED = Decision(DecisionKind.SUSPENDED, NOON, SCHEDULER, 0)
EMPTY = Ledger((), (), 0)


async def owned(store: ValkeyStore) -> Session:
    """A booked session that a node has claimed."""
    await store.book(a_booking(a_session()))
    await store.claim(S1, "node-a", None, 0)
    return a_session()


def ended(
    session: Session, outcome: Outcome, cause: Cause | None, consequence: Consequence
) -> Session:
    """The session, ended when it was to end."""
    return replace(
        session,
        version=session.version + 1,
        phase=Phase.ENDED,
        outcome=outcome,
        cause=cause,
        consequence=consequence,
        ended_at=session.ends_at,
        verdict=Verdict(outcome, cause, Confidence.SURE, "any", session.ends_at),
    )


def missed(session: Session) -> Session:
    """The seeker did not come."""
    consequence = Consequence(Quota.USED, reschedule=False, strike=True)
    return ended(session, Outcome.SEEKER_NO_SHOW, Cause.SEEKER, consequence)


def stopped(session: Session, accused: Cause) -> Session:
    """Somebody is accused."""
    return ended(session, Outcome.STOPPED, accused, Consequence(Quota.USED, reschedule=False))


def with_ledger(session: Session, fence: int = 1, command: str = "c1") -> Commit:
    """A commit as the host makes it."""
    return Commit(session, fence, command, (), (), None, ledger=ledger.lines(session))


async def lines(store: ValkeyStore, person: PersonId) -> tuple[LedgerLine, ...]:
    return (await store.ledger("kumagaya", person)).lines


# ---- the ledger -----------------------------------------------------------------------------------------------------


async def test_a_line_is_written_with_its_transition(store):
    after = missed(await owned(store))

    assert await store.commit(with_ledger(after)) is Applied.DONE

    assert await store.ledger("kumagaya", SEEKER) == Ledger(ledger.lines(after), (), 1)
    assert await store.ledger("kumagaya", SUPPORTER) == EMPTY
    assert await store.ledger("ix", SEEKER) == EMPTY


async def test_an_overruling_changes_the_line_and_twice_is_once(store):
    first = missed(await owned(store))
    await store.commit(with_ledger(first))
    consequence = Consequence(Quota.RESTORED, reschedule=True)
    second = ended(first, Outcome.NOT_HELD, Cause.PLATFORM, consequence)

    await store.commit(with_ledger(second, command="c2"))
    assert await store.commit(with_ledger(second, command="c2")) is Applied.REPEATED
    third = replace(second, version=3)
    await store.commit(with_ledger(third, command="c3"))

    found = await store.ledger("kumagaya", SEEKER)
    assert [(line.quota, line.strike) for line in found.lines] == [(Quota.RESTORED, False)]
    assert found.stamp == 2


async def test_a_line_that_is_no_longer_true_is_taken_away(store):
    first = stopped(await owned(store), Cause.SUPPORTER)
    await store.commit(with_ledger(first))
    assert [line.review for line in await lines(store, SUPPORTER)] == [True]

    await store.commit(with_ledger(stopped(first, Cause.SEEKER), command="c2"))

    assert await lines(store, SUPPORTER) == ()
    assert [line.review for line in await lines(store, SEEKER)] == [True]


async def test_a_rejected_commit_writes_no_line(store):
    session = await owned(store)
    after = missed(session)

    assert await store.commit(with_ledger(after, fence=0)) is Applied.FENCED
    assert await store.commit(with_ledger(replace(after, version=7))) is Applied.CONFLICT

    assert await store.ledger("kumagaya", SEEKER) == EMPTY
    assert await store.commit(with_ledger(after)) is Applied.DONE


async def test_lines_stand_in_the_order_of_their_ends(store):
    for name, hours in (("s2", 2), ("s1", 1), ("s3", 3)):
        session = a_session(name, starts_at=NOON + hours * HOUR)
        await store.book(a_booking(session))
        await store.commit(with_ledger(missed(session), fence=0))

    assert [line.session for line in await lines(store, SEEKER)] == ["s1", "s2", "s3"]


# ---- tasks and notes ------------------------------------------------------------------------------------------------


async def test_sessions_with_tasks_are_found_the_most_urgent_first(store):
    for number, due in enumerate([3, 1, 2, None]):
        session = a_session(f"s{number}", seeker=f"a{number}", supporter=f"b{number}")
        await store.book(a_booking(session))
        commit = a_commit(session, 0, "c1")
        await store.commit(replace(commit, tasks_due=due and NOON + due * HOUR))

    assert await store.with_tasks(10) == ["s1", "s2", "s0"]
    assert await store.with_tasks(2) == ["s1", "s2"]
    assert await store.with_tasks(0) == []


async def test_a_session_without_tasks_any_more_is_not_found(store):
    session = await owned(store)
    first = replace(a_commit(session, 1, "c1"), tasks_due=NOON)
    await store.commit(first)

    await store.commit(a_commit(first.session, 1, "c2"))

    assert await store.with_tasks(10) == []


async def test_notes_are_kept_a_session_and_a_key(store):
    commit = a_commit(await owned(store), 1, "c0")
    for number, (key, text) in enumerate(
        [("extension-1", "はじめ"), ("extension-1", "次"), ("overruling-1", "理由")], 1
    ):
        await store.commit(replace(commit, note=Note(key, text)))
        commit = a_commit(commit.session, 1, f"c{number}")

    assert await store.notes(S1) == {"extension-1": "次", "overruling-1": "理由"}
    assert await store.notes(SessionId("s2")) == {}


async def test_a_note_is_written_with_its_commit_or_not_at_all(store):
    session = await owned(store)
    first = replace(a_commit(session, 1, "c1"), note=Note("overruling-1", "理由"))

    assert await store.commit(first) is Applied.DONE
    assert await store.commit(replace(first, note=Note("overruling-1", "x"))) is Applied.REPEATED
    later = replace(a_commit(first.session, 1, "c2"), note=Note("overruling-1", "x"))
    assert await store.commit(replace(later, fence=0)) is Applied.FENCED
    again = replace(later, session=first.session)
    assert await store.commit(again) is Applied.CONFLICT

    assert await store.notes(S1) == {"overruling-1": "理由"}


# ---- decisions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [SEEKER, SUPPORTER])
async def test_who_is_suspended_is_not_booked_in_that_programme_until_reinstated(store, who):
    assert await store.decide("kumagaya", who, SUSPENDED, "理由")

    refused = await store.book(a_booking(a_session()))
    assert refused == BookingResult(Applied.SUSPENDED, S1, person=who)
    assert await store.load(S1) is None
    elsewhere = a_session("s2", starts_at=NOON + 24 * HOUR)
    rules = replace(elsewhere.rules, programme="ix")
    assert (await store.book(a_booking(replace(elsewhere, rules=rules)))).applied is Applied.DONE

    reinstated = Decision(DecisionKind.REINSTATED, NOON, SCHEDULER, 1)
    assert await store.decide("kumagaya", who, reinstated, "話しました")
    assert (await store.book(a_booking(a_session()))).applied is Applied.DONE
    assert (await store.ledger("kumagaya", who)).decisions == (SUSPENDED, reinstated)


async def test_of_two_who_decide_at_once_one_is_heard(store):
    decisions = [
        replace(SUSPENDED, by=PersonId(f"p-{number}"), kind=kind)
        for number, kind in enumerate(DecisionKind)
    ]

    heard = await asyncio.gather(
        *(store.decide("kumagaya", SEEKER, each, f"by {each.by}") for each in decisions)
    )

    assert sorted(heard) == [False, False, True]
    kept = (await store.ledger("kumagaya", SEEKER)).decisions
    assert kept == (decisions[heard.index(True)],)
    assert await store.private(SEEKER) == {reason_field("kumagaya", 0): f"by {kept[0].by}"}


async def test_a_decision_that_nobody_could_have_seen_coming_is_not_heard(store):
    assert not await store.decide("kumagaya", SEEKER, replace(SUSPENDED, number=1), "理由")

    assert await store.ledger("kumagaya", SEEKER) == EMPTY
    assert await store.private(SEEKER) == {}
    assert (await store.book(a_booking(a_session()))).applied is Applied.DONE


async def test_the_reason_of_a_decision_lies_in_the_erasable_data_alone(store, valkey):
    await store.decide("kumagaya", SEEKER, replace(SUSPENDED, cancels=True), "とても個人的な理由")
    async with Redis.from_url(valkey) as client:
        keys = set(await client.keys("*"))
        holding = {key for key in keys if "個人的".encode() in (await client.dump(key) or b"")}

    assert len(keys) > 1
    assert holding == {f"person:{SEEKER}".encode()}


async def test_a_decision_that_cancels_leaves_through_the_outbox_once(store):
    cancelling = replace(SUSPENDED, cancels=True)
    await store.decide("kumagaya", SEEKER, cancelling, "理由")
    await store.decide("kumagaya", SEEKER, cancelling, "理由")
    await store.decide("kumagaya", SUPPORTER, SUSPENDED, "理由")

    found = await store.take("node-a", 10, 0)

    assert [(each.topic, each.recipient, each.key) for each in found] == [
        (DECIDED, SEEKER, f"kumagaya:{SEEKER}:0")
    ]


# ---- tasks about people ---------------------------------------------------------------------------------------------


TASK = PersonTask("kumagaya", SEEKER, PersonTaskKind.STRIKES, NOON, NOON + 24 * HOUR)


async def test_tasks_about_people_are_found_the_most_urgent_first_and_end(store):
    sooner = replace(TASK, person=SUPPORTER, due_at=NOON + HOUR)
    assert await store.put_person_task(TASK, 0)
    assert await store.put_person_task(sooner, 0)
    assert await store.person_tasks() == [sooner, TASK]

    assert await store.end_person_task("kumagaya", SUPPORTER, 0)
    assert await store.end_person_task("kumagaya", SUPPORTER, 0)
    assert await store.person_tasks() == [TASK]


async def test_a_task_that_was_derived_from_an_older_ledger_is_neither_made_nor_ended(store):
    await store.commit(with_ledger(missed(await owned(store))))

    assert not await store.put_person_task(TASK, 0)
    assert await store.person_tasks() == []
    assert await store.put_person_task(TASK, 1)
    assert not await store.end_person_task("kumagaya", SEEKER, 0)
    assert await store.person_tasks() == [TASK]


async def test_a_decision_ends_the_task_and_an_older_one_does_not_come_back(store):
    await store.put_person_task(TASK, 0)

    await store.decide("kumagaya", SEEKER, SUSPENDED, "理由")

    assert await store.person_tasks() == []
    assert not await store.put_person_task(TASK, 0)


# ---- maintenance ----------------------------------------------------------------------------------------------------


WINDOW = MaintenanceWindow("m1", NOON, NOON + HOUR, "入れ替え", NOON, SCHEDULER)


@pytest.mark.parametrize(
    ("starts_in", "applied"),
    [
        (-51, Applied.DONE),
        (-50, Applied.DONE),
        (-49, Applied.MAINTENANCE),
        (0, Applied.MAINTENANCE),
        (59, Applied.MAINTENANCE),
        (60, Applied.DONE),
    ],
)
async def test_nothing_is_booked_into_maintenance(store, starts_in, applied):
    await store.put_maintenance(WINDOW)
    session = a_session(starts_at=NOON + timedelta(minutes=starts_in))

    result = await store.book(a_booking(session))

    assert result.applied is applied
    assert result.window == ("m1" if applied is Applied.MAINTENANCE else None)
    assert (await store.load(S1) is None) is (applied is Applied.MAINTENANCE)


async def test_what_was_called_off_is_kept_and_books_again(store):
    off = replace(WINDOW, called_off_at=NOON, called_off_by=SCHEDULER)
    earlier = replace(WINDOW, id="m0", begins_at=NOON - 3 * HOUR, ends_at=NOON - 2 * HOUR)
    for window in (WINDOW, off, earlier):
        await store.put_maintenance(window)

    assert await store.maintenance() == [earlier, off]
    assert (await store.book(a_booking(a_session()))).applied is Applied.DONE


async def test_what_is_forgotten_leaves_nothing_of_itself(store):
    later = replace(WINDOW, id="m2", begins_at=NOON + 3 * HOUR, ends_at=NOON + 4 * HOUR)
    for window in (WINDOW, later):
        await store.put_maintenance(window)

    await store.forget_maintenance([])
    await store.forget_maintenance([WINDOW])
    await store.forget_maintenance([WINDOW])

    assert await store.maintenance() == [later]
    assert (await store.book(a_booking(a_session()))).applied is Applied.DONE


# ---- an end that moves ----------------------------------------------------------------------------------------------


LATER = NOON + timedelta(minutes=60)


async def slots(store: ValkeyStore, person: PersonId) -> list[float]:
    """How many minutes each slot of a person lasts."""
    found = await store.booked(person, NOON - HOUR, NOON + 5 * HOUR)
    return [(ends - begins).total_seconds() / 60 for begins, ends in found]


async def test_a_reserved_end_keeps_others_out_and_outlives_a_commit(store):
    session = await owned(store)

    assert await store.reserve_end(S1, LATER)
    assert await slots(store, SEEKER) == await slots(store, SUPPORTER) == [60]
    await store.commit(a_commit(session, 1, "c1", phase=Phase.LIVE))

    assert await slots(store, SEEKER) == [60]
    next_door = a_session("s2", starts_at=session.ends_at, seeker="somebody else")
    assert (await store.book(a_booking(next_door))).applied is Applied.TAKEN


@pytest.mark.parametrize("shared", ["seeker", "supporter"])
async def test_an_end_is_not_reserved_over_something_else(store, shared):
    session = await owned(store)
    other = {"seeker": "supporter", "supporter": "seeker"}[shared]
    begins = session.ends_at + timedelta(minutes=5)
    await store.book(a_booking(a_session("s2", starts_at=begins, **{other: "somebody else"})))

    assert await store.reserve_end(S1, begins)
    assert not await store.reserve_end(S1, begins + timedelta(microseconds=1))
    assert await slots(store, SEEKER) in ([55], [55, 50])


async def test_a_reserved_end_is_given_back(store):
    session = await owned(store)
    await store.reserve_end(S1, LATER)

    assert await store.reserve_end(S1, session.ends_at)
    assert await slots(store, SEEKER) == [50]


async def test_the_end_of_the_session_gives_a_reserved_end_back(store):
    session = await owned(store)
    await store.reserve_end(S1, LATER)

    await store.commit(with_ledger(missed(session)))

    assert await slots(store, SEEKER) == await slots(store, SUPPORTER) == [50]


async def test_an_end_that_has_moved_is_what_the_calendar_holds(store):
    session = await owned(store)
    await store.reserve_end(S1, LATER)

    await store.commit(a_commit(session, 1, "c1", ends_at=LATER))

    assert await slots(store, SEEKER) == [60]


async def test_of_a_booking_and_a_reservation_at_once_one_is_made(store):
    session = await owned(store)
    for turn in range(10):
        name = f"t{turn}"
        wish = a_session(name, starts_at=session.ends_at, seeker=name)
        reserved, booked = await asyncio.gather(
            store.reserve_end(S1, LATER), store.book(a_booking(wish))
        )
        assert reserved is not (booked.applied is Applied.DONE)
        if booked.applied is Applied.DONE:
            await store.claim(wish.id, "node-a", None, 0)
            over = {"phase": Phase.ENDED, "outcome": Outcome.CANCELLED, "ended_at": NOON}
            await store.commit(a_commit(wish, 1, "c1", **over))
        await store.reserve_end(S1, session.ends_at)


async def test_no_end_is_reserved_for_what_is_over_or_unknown(store):
    session = await owned(store)
    await store.commit(a_commit(session, 1, "c1", phase=Phase.ENDED, ended_at=NOON))

    assert not await store.reserve_end(S1, LATER)
    assert not await store.reserve_end(SessionId("nobody"), LATER)


# ---- whose sessions -------------------------------------------------------------------------------------------------


async def test_the_sessions_of_a_person_that_are_not_over_are_found(store):
    for name, hours in (("s3", 3), ("s1", 1), ("s2", 2)):
        await store.book(a_booking(a_session(name, starts_at=NOON + hours * HOUR)))
    elsewhere = a_session("x", seeker="somebody", supporter="else")
    await store.book(a_booking(elsewhere))
    over = replace(a_session("s2", starts_at=NOON + 2 * HOUR))
    await store.commit(replace(a_commit(over, 0, "c1"), session=missed(over)))

    assert await store.sessions_of(SEEKER, NOON, NOON + 5 * HOUR) == ["s1", "s3"]
    assert await store.sessions_of(SUPPORTER, NOON + 2 * HOUR, NOON + 3 * HOUR) == []
    assert await store.sessions_of(SUPPORTER, NOON + 3.5 * HOUR, NOON + 4 * HOUR) == ["s3"]
    assert await store.sessions_of(PersonId("nobody"), NOON, NOON + HOUR) == []


# ---- what a booking brings ------------------------------------------------------------------------------------------


async def test_a_booking_brings_its_first_line_of_history_and_its_messages(store):
    record = Record(NOON, "session.booked", {"by": "p"})
    publish = Publish("session.booked", "seeker", "s1:0:session.booked:seeker:0")
    booking = Booking(a_session(), {}, "c", records=(record,), publishes=(publish,))

    await store.book(booking)
    assert (await store.book(booking)).applied is Applied.REPEATED

    assert await store.events(S1) == [(0, record)]
    assert [each.key for each in await store.take("node-a", 10, 0)] == [publish.key]


async def test_a_booking_that_is_not_made_tells_nobody(store):
    await store.put_maintenance(WINDOW)
    record = Record(NOON, "session.booked")
    publish = Publish("session.booked", "seeker", "s1:0:session.booked:seeker:0")

    await store.book(Booking(a_session(), {}, "c", records=(record,), publishes=(publish,)))

    assert await store.events(S1) == []
    assert await store.take("node-a", 10, 0) == []


async def test_the_first_answers_of_a_seat_count_and_the_store_forgets_them(
    store: ValkeyStore, valkey: str
) -> None:
    await owned(store)
    first = Answers(NOON, {"helpful": 4, "wishes": "ありがとう"})
    until = await store.server_time() + HOUR
    assert await store.put_answers(S1, SEEKER_SEAT, first, until)
    assert not await store.put_answers(S1, SEEKER_SEAT, Answers(NOON, {"helpful": 1}), until)
    assert await store.put_answers(S1, COMPANION_SEAT, Answers(NOON, {"helpful": 5}), until)
    assert await store.answers(S1) == {
        SEEKER_SEAT: first,
        COMPANION_SEAT: Answers(NOON, {"helpful": 5}),
    }
    async with Redis.from_url(valkey) as client:
        assert 3590 < await client.ttl("qs:s1") <= 3600
    assert await store.answers(SessionId("s2")) == {}
