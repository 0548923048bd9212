"""The next session booked inside one, supporters' hours, slots that the office finds, what a booking leaves behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.bookings import Bookings
from orchestrator.entering import Entry
from orchestrator.errors import Refused
from orchestrator.policy.events import (
    Admitted,
    Cancelled,
    Connected,
    Joined,
    NextAsked,
    Woken,
)
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    Cause,
    ConnectionId,
    DeviceId,
    PersonId,
    Purpose,
    RescheduleState,
    Role,
    Session,
    SessionId,
    SlotOption,
)
from orchestrator.policy.programme import Hours
from orchestrator.policy.slots import hours_of
from orchestrator.ports import Delivery
from orchestrator.wish import Wish
from tests.orchestrator.conftest import Office

MINUTE = timedelta(minutes=1)
TUESDAY_10 = datetime(2026, 12, 8, 1, 0, tzinfo=UTC)
C_SEEKER, C_SUPPORTER = ConnectionId("c-seeker"), ConnectionId("c-supporter")
NEXT = Purpose.NEXT


async def code_of(act: object) -> str:
    """The code with which something is refused."""
    with pytest.raises(Refused) as refusal:
        await act  # type: ignore[misc]
    return refusal.value.code


async def live_and_asked(office: Office) -> Session:
    """A live session in which the supporter asked for the next one, with proposals."""
    session_id = (await office.books()).session.id
    session = await office.host.view(session_id)
    for seat, connection in ((SEEKER, C_SEEKER), (SUPPORTER, C_SUPPORTER)):
        await office.host.deliver(session_id, Connected(seat, connection, DeviceId(f"d-{seat}")))
        agreed = session.rules.terms_version, session.rules.attestations
        await office.host.deliver(session_id, Joined(seat, connection, *agreed))
    office.clock.advance(MINUTE)
    await office.host.deliver(session_id, Admitted(C_SUPPORTER, SEEKER))
    await office.host.deliver(session_id, NextAsked(C_SUPPORTER))
    await office.bookings.rescheduling.propose(session_id, NEXT)
    return await office.host.view(session_id)


async def cancelled_by_office(
    office: Office, programme: str = "kumagaya", starts_at: datetime = TUESDAY_10
) -> Session:
    """A session that the office cancelled, with another date open."""
    booked = await office.bookings.create(Wish(programme, starts_at, "さくら14", "tanaka"), "p")
    return await office.host.deliver(booked.session.id, Cancelled(Cause.OFFICE, "p", "telephone"))


# ---- the next session -----------------------------------------------------------------------------------------------


async def test_the_next_session_is_proposed_after_this_one_and_in_its_own_length(
    office: Office,
) -> None:
    session = await live_and_asked(office)
    assert session.following is not None
    assert session.reschedule is None
    assert session.following.options
    for option in session.following.options:
        assert option.starts_at >= session.ends_at
        assert option.ends_at - option.starts_at == session.ends_at - session.starts_at


async def test_two_choices_of_the_next_session_at_once_give_one_booking(office: Office) -> None:
    session = await live_and_asked(office)
    assert session.following is not None
    choose = office.bookings.rescheduling.choose
    options = session.following.options[:3]
    await asyncio.gather(
        *(choose(session.id, option.id, "supporter", NEXT) for option in options),
        return_exceptions=True,
    )
    chosen = (await office.host.view(session.id)).following
    assert chosen is not None
    assert chosen.state is RescheduleState.CHOSEN
    begins_at = session.ends_at
    assert await office.store.between(begins_at, begins_at + timedelta(days=9)) == [
        chosen.new_session
    ]
    new = await office.host.view(SessionId(str(chosen.new_session)))
    assert (new.follows, new.previous) == (session.id, None)
    assert [seat.person for seat in new.seats] == [seat.person for seat in session.seats]
    with pytest.raises(Refused):
        await choose(session.id, options[0].id, "seeker", NEXT)


async def test_after_a_decline_the_next_session_can_be_asked_for_and_booked_again(
    office: Office,
) -> None:
    session = await live_and_asked(office)
    declined = await office.bookings.rescheduling.decline(session.id, "seeker", NEXT)
    assert declined.following is not None
    assert declined.following.state is RescheduleState.DECLINED
    office.clock.advance(timedelta(seconds=1))
    await office.host.deliver(session.id, NextAsked(C_SEEKER))
    await office.bookings.rescheduling.propose(session.id, NEXT)
    again = (await office.host.view(session.id)).following
    assert again is not None
    chosen = await office.bookings.rescheduling.choose(
        session.id, again.options[0].id, "seeker", NEXT
    )
    assert chosen.following is not None
    assert chosen.following.state is RescheduleState.CHOSEN


async def test_what_nobody_asked_for_cannot_be_chosen_declined_or_booked(office: Office) -> None:
    session = (await office.books()).session
    desk = office.bookings.rescheduling
    await desk.propose(session.id, NEXT)
    for act in (
        desk.choose(session.id, "1", "seeker", NEXT),
        desk.decline(session.id, "seeker", NEXT),
        desk.book(session.id, TUESDAY_10, "p", purpose=NEXT),
        desk.book(session.id, TUESDAY_10, "p"),
    ):
        assert await code_of(act) == "reschedule_closed"


# ---- what the office finds ------------------------------------------------------------------------------------------


async def test_the_office_books_also_when_nobody_chose_in_time(office: Office) -> None:
    old = await cancelled_by_office(office)
    assert old.reschedule is not None
    office.clock.advance(old.reschedule.expires_at - office.clock.now())
    await office.host.deliver(old.id, Woken())
    desk = office.bookings.rescheduling
    assert await code_of(desk.decline(old.id, "seeker")) == "reschedule_closed"
    at = office.clock.now() + timedelta(days=7)
    after = await desk.book(old.id, at.replace(hour=TUESDAY_10.hour, minute=0), "p-scheduler")
    assert after.reschedule is not None
    assert after.reschedule.state is RescheduleState.CHOSEN


async def test_the_office_books_a_slot_that_nobody_proposed(office: Office) -> None:
    old = await cancelled_by_office(office)
    at = TUESDAY_10 + timedelta(days=20, minutes=7)
    after = await office.bookings.rescheduling.book(old.id, at, "p-scheduler")
    assert after.reschedule is not None
    assert (after.reschedule.state, after.reschedule.new_starts_at) == (RescheduleState.CHOSEN, at)
    new = await office.host.view(SessionId(str(after.reschedule.new_session)))
    assert (new.previous, new.booked_by, new.exception) == (old.id, "p-scheduler", None)


async def test_the_same_day_needs_a_reason_and_keeps_it(office: Office) -> None:
    # KUMAGAYA 6(1): «as a rule» by the day before.
    old = await cancelled_by_office(office)
    office.clock.advance(timedelta(hours=13))
    today = datetime(2026, 12, 2, 5, 0, tzinfo=UTC)
    desk = office.bookings.rescheduling
    assert await code_of(desk.book(old.id, today, "p")) == "too_late_to_book"
    after = await desk.book(old.id, today, "p", exception="本人の希望")
    assert after.reschedule is not None
    new = await office.host.view(SessionId(str(after.reschedule.new_session)))
    assert new.exception == "本人の希望"


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (TUESDAY_10 - timedelta(days=30), "in_the_past"),
        (TUESDAY_10 + timedelta(hours=12), "outside_window"),
    ],
)
async def test_no_reason_excuses_what_cannot_be(office: Office, at: datetime, code: str) -> None:
    old = await cancelled_by_office(office, "sakai")
    act = office.bookings.rescheduling.book(old.id, at, "p", exception="どうしても")
    assert await code_of(act) == code


async def test_a_slot_that_the_supporter_has_not_is_not_booked_by_hand_either(
    office: Office,
) -> None:
    old = await cancelled_by_office(office)
    at = TUESDAY_10 + timedelta(days=1)
    await office.bookings.create(Wish("kumagaya", at, "もみじ7", "tanaka"), "p")
    assert await code_of(office.bookings.rescheduling.book(old.id, at, "p")) == "slot_taken"


# ---- hours ----------------------------------------------------------------------------------------------------------


def hours(supporter: str, days: tuple[str, ...], begins: str, ends: str) -> Hours:
    """One row of a programme's availability."""
    return Hours.model_validate({"supporter": supporter, "days": days, "from": begins, "to": ends})


async def test_proposals_keep_to_the_supporters_hours_and_the_office_need_not(
    office: Office,
) -> None:
    from orchestrator.programmes import load_all

    programmes = load_all()
    rows = (hours("tanaka", ("wed",), "13:00", "15:00"),)
    programmes["kumagaya"] = programmes["kumagaya"].model_copy(update={"availability": rows})
    bookings = Bookings(
        store=office.store, clock=office.clock, host=office.host, programmes=programmes
    )
    old = await cancelled_by_office(office)
    await bookings.rescheduling.propose(old.id)
    reschedule = (await office.host.view(old.id)).reschedule
    assert reschedule is not None
    assert reschedule.options
    for option in reschedule.options:
        local = option.starts_at.astimezone(programmes["kumagaya"].zone)
        assert local.weekday() == 2
        assert 13 <= local.hour < 15
    monday = TUESDAY_10 + timedelta(days=6)
    after = await bookings.rescheduling.book(old.id, monday, "p")
    assert after.reschedule is not None
    assert after.reschedule.new_starts_at == monday


async def test_what_was_cancelled_is_not_offered_as_another_date(office: Office) -> None:
    tomorrow = TUESDAY_10 - timedelta(days=6)
    session = await cancelled_by_office(office, starts_at=tomorrow)
    await office.bookings.rescheduling.propose(session.id)
    choice = (await office.host.view(session.id)).reschedule
    assert choice is not None
    offered = [one.starts_at for one in choice.options]
    assert offered[0].date() == tomorrow.date(), "the rest of that day is free"
    assert session.starts_at not in offered


async def test_a_date_whose_time_has_passed_is_not_booked_and_others_are_offered(
    office: Office,
) -> None:
    session = await cancelled_by_office(office)
    rescheduling = office.bookings.rescheduling
    await rescheduling.propose(session.id)
    offered = (await office.host.view(session.id)).reschedule
    assert offered is not None
    first = offered.options[0]
    for late in (timedelta(hours=-1), timedelta(hours=1)):  # it had to be booked the day before
        office.clock.advance(first.starts_at + late - office.clock.now())
        with pytest.raises(Refused) as refusal:
            await rescheduling.choose(session.id, first.id, "seeker")
        assert refusal.value.code == "slot_taken"
    now = (await office.host.view(session.id)).reschedule
    assert now is not None
    assert now.state is RescheduleState.OPEN
    assert now.options
    assert min(option.starts_at for option in now.options) > office.clock.now()


async def test_without_a_free_slot_a_scheduler_gets_a_task(office: Office) -> None:
    from orchestrator.policy.tasks import open_tasks

    class Never:
        async def of(self, *_: object) -> list[tuple[datetime, datetime]]:
            return []

    old = await cancelled_by_office(office)
    bookings = Bookings(
        store=office.store,
        clock=office.clock,
        host=office.host,
        programmes=office.bookings._programmes,
        availability=Never(),
    )
    await bookings.rescheduling.propose(old.id)
    known = await office.host.view(old.id)
    assert [task.id for task in open_tasks(known)] == ["no_slot"]


def test_hours_are_those_of_the_name_in_the_programmes_zone(office: Office) -> None:
    programme = office.bookings._programmes["kumagaya"].model_copy(
        update={
            "availability": (
                hours("tanaka", ("tue", "wed"), "09:00", "12:00"),
                hours("tanaka", ("tue",), "12:00", "13:00"),
                hours("mori", ("mon",), "09:00", "12:00"),
            )
        }
    )
    midnight = datetime(2026, 12, 7, 15, 0, tzinfo=UTC)  # of Tuesday in Tokyo
    day = timedelta(days=1)
    assert hours_of(programme, "tanaka", midnight, midnight + day) == [
        (midnight + timedelta(hours=9), midnight + timedelta(hours=13))
    ]
    assert hours_of(programme, "mori", midnight, midnight + day) == []
    assert hours_of(programme, "sato", midnight, midnight + day) is None


# ---- what a booking leaves ------------------------------------------------------------------------------------------


async def test_a_booking_is_the_first_line_of_its_history_and_both_are_written_to(
    office: Office,
) -> None:
    booked = await office.books()
    events = await office.store.events(booked.session.id)
    assert [(version, record.name) for version, record in events] == [(0, "session.booked")]
    assert events[0][1].data["by"] == "p-scheduler"
    deliveries = await office.store.take("n1", 10, 50)
    assert [(one.topic, one.recipient) for one in deliveries] == [
        ("session.booked", "seeker"),
        ("session.booked", "supporter"),
    ]
    assert len({one.key for one in deliveries}) == 2


async def test_a_chosen_date_is_told_once_by_its_own_message(office: Office) -> None:
    old = await cancelled_by_office(office)
    after = await office.bookings.rescheduling.book(old.id, TUESDAY_10 + timedelta(days=7), "p")
    assert after.reschedule is not None
    topics = [
        (one.topic, one.session)
        for one in await office.store.take("n1", 20, 50)
        if one.topic in {"session.booked", "reschedule.chosen"}
    ]
    assert topics == [
        ("session.booked", old.id),
        ("session.booked", old.id),
        ("reschedule.chosen", old.id),
        ("reschedule.chosen", old.id),
    ]
    history = await office.store.events(SessionId(str(after.reschedule.new_session)))
    assert history[0][1].data["previous"] == old.id


async def tell_origin(office: Office, words: list[Delivery]) -> None:
    """What the outbox brings to the session in which something was chosen."""
    words += await office.store.take("n1", 50, 50)
    for word in words:
        if word.topic in {"booking.chosen", "chosen.cancelled"}:
            await office.bookings.rescheduling.chosen(word)


@pytest.mark.parametrize("by", [Cause.OFFICE, Cause.SEEKER, Cause.MAINTENANCE])
async def test_a_new_date_that_is_cancelled_does_not_stand_as_chosen(
    office: Office, by: Cause
) -> None:
    old = await cancelled_by_office(office)
    after = await office.bookings.rescheduling.book(old.id, TUESDAY_10 + timedelta(days=7), "p")
    assert after.reschedule is not None
    new = SessionId(str(after.reschedule.new_session))
    words: list[Delivery] = []
    await tell_origin(office, words)
    assert (await office.host.view(old.id)).reschedule == after.reschedule
    await office.bookings.cancel(new, by, "p", "telephone")
    await tell_origin(office, words)
    told = await office.host.view(old.id)
    assert told.reschedule is not None
    assert told.reschedule.state is RescheduleState.CANCELLED
    await tell_origin(office, words)
    assert await office.host.view(old.id) == told, "twice is once"
    choose = office.bookings.rescheduling.choose(old.id, "1", "seeker")
    assert await code_of(choose) == "reschedule_closed"


async def test_a_date_that_was_cancelled_before_its_choice_was_heard_of_is_told_as_both(
    office: Office,
) -> None:
    old = await cancelled_by_office(office)
    option = SlotOption(
        "1",
        TUESDAY_10 + timedelta(days=7),
        TUESDAY_10 + timedelta(days=7, minutes=30),
        old.supporter.person,
        "田中",
    )
    new = replace(
        office.bookings.rescheduling._new_session(old, option), previous=old.id, booked_by="p"
    )
    await office.bookings._entering.enter(Entry(new, f"reschedule:{old.id}", tells=False))
    await office.bookings.cancel(new.id, Cause.OFFICE, "p", "telephone")
    await tell_origin(office, [])
    told = (await office.host.view(old.id)).reschedule
    assert told is not None
    assert (told.state, told.new_session) == (RescheduleState.CANCELLED, new.id)


async def test_after_a_next_session_that_was_cancelled_another_choice_stays_open(
    office: Office,
) -> None:
    session = await live_and_asked(office)
    assert session.following is not None
    desk = office.bookings.rescheduling
    after = await desk.choose(session.id, session.following.options[0].id, "seeker", NEXT)
    assert after.following is not None
    new = SessionId(str(after.following.new_session))
    await office.bookings.cancel(new, Cause.OFFICE, "p", "telephone")
    words: list[Delivery] = []
    await tell_origin(office, words)
    told = (await office.host.view(session.id)).following
    assert told is not None
    assert told.state is RescheduleState.CANCELLED
    again = await office.host.deliver(session.id, NextAsked(C_SEEKER))
    await tell_origin(office, words)
    assert again.following is not None
    assert again.following.state is RescheduleState.OPEN
    assert (await office.host.view(session.id)).following == again.following


async def test_one_key_is_one_booking_also_at_once_and_also_when_it_is_too_late(
    office: Office,
) -> None:
    wish = Wish("kumagaya", TUESDAY_10, "さくら14", "tanaka")
    create = office.bookings.create
    both = await asyncio.gather(*(create(wish, "p", "key-1") for _ in range(2)))
    assert len({one.session.id for one in both}) == 1
    assert sorted(bool(one.links) for one in both) == [False, True]
    office.clock.advance(timedelta(days=30))
    late = await create(wish, "p", "key-1")
    assert late.is_repeated
    assert late.session.id == both[0].session.id
    assert (late.links, len(late.notes)) == ({}, 1)
    assert await code_of(create(replace(wish, seeker_name="もみじ"), "p", "key-1")) == "key_used"
    # Somebody else's keys are somebody else's.
    assert await code_of(create(wish, "p-other", "key-1")) == "in_the_past"


async def test_companions_beside_are_named_and_checked_like_display_names(office: Office) -> None:
    wish = Wish("kumagaya", TUESDAY_10, "さくら14", "tanaka", seeker_real_name="佐藤 花子")
    create = office.bookings.create
    booked = await create(replace(wish, companions_beside=("手話通訳", "介助の方")), "p")
    assert booked.session.beside == ("手話通訳", "介助の方")
    later = replace(wish, starts_at=TUESDAY_10 + timedelta(days=1))
    for beside, code in [
        (("a", "b", "c"), "companions_not_allowed"),
        (("佐藤の母",), "name_refused"),
        (("",), "name_refused"),
    ]:
        assert await code_of(create(replace(later, companions_beside=beside), "p")) == code
    for change, whose in [
        ({"companions_beside": ("佐藤の母",)}, "companion"),
        ({"seeker_name": "佐藤"}, "seeker"),
    ]:
        with pytest.raises(Refused, match=f"{whose}'s display name"):
            await create(replace(later, **change), "p")


async def test_a_seeker_who_was_here_before_keeps_the_person_and_the_real_name_is_still_known(
    office: Office,
) -> None:
    wish = Wish("kumagaya", TUESDAY_10, "さくら14", "tanaka", seeker_real_name="佐藤 花子")
    first = (await office.bookings.create(wish, "p")).session.seeker.person
    again = replace(
        wish,
        starts_at=TUESDAY_10 + timedelta(days=1),
        seeker_real_name=None,
        seeker_person=first,
    )
    assert (await office.bookings.create(again, "p")).session.seeker.person == first
    third = replace(again, starts_at=TUESDAY_10 + timedelta(days=2), seeker_name="佐藤14")
    assert await code_of(office.bookings.create(third, "p")) == "name_refused"
    assert await office.store.private(PersonId(first)) == {"name": "佐藤 花子"}


async def test_a_woken_session_without_an_open_choice_gets_no_proposals(office: Office) -> None:
    session = (await office.books()).session
    await office.host.deliver(session.id, Woken())
    await office.bookings.rescheduling.propose(session.id)
    assert (await office.host.view(session.id)).reschedule is None
    assert (await office.host.view(session.id)).seeker.role is Role.SEEKER
