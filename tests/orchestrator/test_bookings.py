"""Bookings: what may be booked, and that a slot has one taker."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.credentials import hash_secret
from orchestrator.errors import NotFound, Refused
from orchestrator.policy.events import LinkRevoked, Woken
from orchestrator.policy.model import (
    OBSERVER,
    SEEKER,
    SUPPORTER,
    Cause,
    Medium,
    Outcome,
    RescheduleState,
    Role,
    SessionId,
    SlotOption,
)
from orchestrator.ports import Language
from orchestrator.programmes import load_all
from orchestrator.wish import Wish
from tests.orchestrator.conftest import Office

TUESDAY_10 = datetime(2026, 12, 8, 1, 0, tzinfo=UTC)
"""10:00 in Tokyo, a week after the fake clock's day."""


async def refused(office: Office, wish: Wish) -> str:
    """The code with which a wish is refused."""
    with pytest.raises(Refused) as refusal:
        await office.bookings.create(wish, "p-scheduler")
    return refusal.value.code


async def test_a_booking_has_a_link_a_seat_and_stores_only_hashes(office: Office) -> None:
    booked = await office.bookings.create(Wish("kumagaya", TUESDAY_10, "さくら14", "tanaka"), "p")
    assert set(booked.links) == {SEEKER, SUPPORTER}
    for seat, secret in booked.links.items():
        link = await office.store.link(hash_secret(secret))
        assert link is not None
        assert (link.session, link.seat) == (booked.session.id, seat)
        assert await office.store.link(secret) is None


async def test_an_unknown_supporter_is_added_and_it_is_said(office: Office) -> None:
    booked = await office.bookings.create(Wish("kumagaya", TUESDAY_10, "さくら14", "tanaka"), "p")
    assert "tanaka" in booked.notes[0]
    known = await office.store.staff_by_name("tanaka")
    assert known is not None
    assert known.role is Role.SUPPORTER
    again = await office.bookings.create(
        Wish("kumagaya", TUESDAY_10 + timedelta(hours=1), "さくら15", "tanaka"), "p"
    )
    assert again.notes == ()
    assert again.session.supporter.person == known.person


async def test_a_supporter_who_is_named_by_several_at_once_for_the_first_time_is_one_person(
    office: Office,
) -> None:
    first, second, token = await asyncio.gather(
        office.bookings.create(Wish("kumagaya", TUESDAY_10, "さくら14", "tanaka"), "p"),
        office.bookings.create(
            Wish("kumagaya", TUESDAY_10 + timedelta(hours=1), "さくら15", "tanaka"), "p"
        ),
        office.bookings.add_staff("tanaka", Role.SUPPORTER, "たなか"),
    )
    known = await office.store.staff_by_token(hash_secret(token))
    assert known is not None
    assert first.session.supporter.person == known.person == second.session.supporter.person


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish("nobody", TUESDAY_10, "さくら14", "t"), "programme_unknown"),
        (Wish("kumagaya", TUESDAY_10, "", "t"), "name_refused"),
        (Wish("kumagaya", TUESDAY_10, "佐藤14", "t", seeker_real_name="佐藤 花子"), "name_refused"),
        (Wish("kumagaya", TUESDAY_10, "さくら14", "t", length=timedelta(minutes=45)), "length_not_allowed"),
        (Wish("kumagaya", TUESDAY_10 - timedelta(days=30), "さくら14", "t"), "in_the_past"),
        (Wish("sakai", TUESDAY_10 + timedelta(hours=3), "さくら14", "t"), "outside_window"),
        (Wish("sakai", TUESDAY_10 + timedelta(days=4), "さくら14", "t"), "outside_window"),
        (Wish("kumagaya", TUESDAY_10, "さくら14", "t", companions=("a", "b", "c")), "companions_not_allowed"),
        (Wish("ix", TUESDAY_10, "さくら14", "t", companions=("つばき",)), "companions_not_allowed"),
    ],
)  # fmt: skip
async def test_what_the_programme_does_not_allow_is_refused_with_its_reason(
    office: Office, wish: Wish, code: str
) -> None:
    assert await refused(office, wish) == code


@pytest.fixture
def watchable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programmes let somebody of the office look on."""
    loaded = load_all()
    changed = {name: each.model_copy(update={"observer": True}) for name, each in loaded.items()}
    monkeypatch.setattr("tests.orchestrator.conftest.load_all", lambda: changed)


WATCHED = Wish("kumagaya", TUESDAY_10, "さくら14", "tanaka", observer="yamada")


async def test_nobody_looks_on_where_the_programme_does_not_say_so(office: Office) -> None:
    await office.bookings.add_staff("yamada", Role.SCHEDULER, "山田")
    assert await refused(office, WATCHED) == "observer_not_allowed"


async def test_who_looks_on_has_a_seat_with_their_role_and_name_and_a_link(
    watchable: None, office: Office
) -> None:
    await office.bookings.add_staff("yamada", Role.SCHEDULER, "山田")
    booked = await office.bookings.create(WATCHED, "p")
    assert set(booked.links) == {SEEKER, SUPPORTER, OBSERVER}
    seat = booked.session.observer
    known = await office.store.staff_by_name("yamada")
    assert seat is not None
    assert known is not None
    assert (seat.id, seat.role, seat.display_name) == (OBSERVER, Role.SCHEDULER, "山田")
    assert seat.person == known.person
    first, *_ = await office.store.events(booked.session.id)
    assert (first[1].name, first[1].data["observer"]) == ("session.booked", True)


async def test_another_date_is_looked_on_only_while_the_programme_allows_it(
    watchable: None, office: Office
) -> None:
    await office.bookings.add_staff("yamada", Role.SCHEDULER, "山田")
    old = (await office.bookings.create(WATCHED, "p")).session
    day = timedelta(days=1)
    option = SlotOption("1", old.starts_at + day, old.ends_at + day, old.supporter.person, "田中")
    rescheduling = office.bookings.rescheduling
    assert rescheduling._new_session(old, option).observer is not None
    rescheduling._programmes = load_all()
    assert rescheduling._new_session(old, option).observer is None


async def test_who_looks_on_is_a_scheduler_and_takes_a_place_in_the_room(
    watchable: None, office: Office
) -> None:
    assert await refused(office, WATCHED) == "observer_unknown"
    await office.bookings.add_staff("yamada", Role.SUPPORTER)
    assert await refused(office, WATCHED) == "observer_unknown"
    full = replace(WATCHED, companions=("通訳", "ご家族"))
    assert await refused(office, full) == "companions_not_allowed"
    by_phone = replace(WATCHED, medium=Medium.PHONE)
    assert await refused(office, by_phone) == "observer_not_allowed"


async def test_a_scheduler_may_book_today_all_the_same_and_the_reason_is_kept(
    office: Office,
) -> None:
    # KUMAGAYA 6(1): «as a rule» by the day before; the fake clock stands at 21:00 of 1 December in Tokyo.
    office.clock.advance(timedelta(hours=12))
    today = Wish("kumagaya", datetime(2026, 12, 2, 5, 0, tzinfo=UTC), "さくら14", "t")
    assert await refused(office, today) == "too_late_to_book"
    booked = await office.bookings.create(replace(today, exception="急ぎのため"), "p-scheduler")
    assert booked.session.exception == "急ぎのため"
    assert booked.session.booked_by == "p-scheduler"


async def test_one_supporter_is_not_booked_twice(office: Office) -> None:
    await office.books()
    with pytest.raises(Refused) as refusal:
        await office.books()
    assert refusal.value.code == "slot_taken"


async def test_a_cancelled_booking_frees_its_slot(office: Office) -> None:
    first = await office.books()
    session = await office.bookings.cancel(first.session.id, Cause.SEEKER, "p-scheduler", "phone")
    assert session.outcome is Outcome.CANCELLED
    assert (await office.books()).session.id != first.session.id
    with pytest.raises(Refused) as refusal:
        await office.bookings.cancel(first.session.id, Cause.SEEKER, "p-scheduler", "phone")
    assert refusal.value.code == "session_over"


async def missed_by_the_supporter(office: Office) -> SessionId:
    """A session whose supporter did not come: a reschedule is open and slots are proposed."""
    session_id = (await office.books()).session.id
    await office.host.deliver(session_id, Woken())
    office.clock.advance(timedelta(minutes=2))
    session = await office.host.deliver(session_id, Woken())
    assert session.outcome is Outcome.SUPPORTER_NO_SHOW
    await office.bookings.rescheduling.propose(session_id)
    return session_id


async def test_proposals_are_free_slots_of_the_programme(office: Office) -> None:
    session_id = await missed_by_the_supporter(office)
    session = await office.host.view(session_id)
    assert session.reschedule is not None
    options = session.reschedule.options
    assert len(options) >= 4
    length = session.ends_at - session.starts_at
    for option in options:
        assert option.ends_at - option.starts_at == length
        assert option.starts_at >= office.clock.now() + timedelta(minutes=2)
        assert option.starts_at.minute % 5 == 0
        assert option.supporter == session.supporter.person
    assert len({option.starts_at.date() for option in options}) > 1


async def test_a_proposal_avoids_what_the_supporter_has(office: Office) -> None:
    first = await missed_by_the_supporter(office)
    busy = (await office.host.view(first)).reschedule
    assert busy is not None
    wish = Wish("demo", busy.options[0].starts_at, "もみじ04", "あおぞら")
    await office.bookings.create(wish, "p")
    await office.bookings.rescheduling.propose(first)
    again = (await office.host.view(first)).reschedule
    assert again is not None
    assert busy.options[0].id not in {option.id for option in again.options}


async def test_a_chosen_slot_is_a_booking_that_replaces_the_old_one(office: Office) -> None:
    session_id = await missed_by_the_supporter(office)
    reschedule = (await office.host.view(session_id)).reschedule
    assert reschedule is not None
    session = await office.bookings.rescheduling.choose(
        session_id, reschedule.options[1].id, "seeker"
    )
    assert session.reschedule is not None
    assert session.reschedule.state is RescheduleState.CHOSEN
    new = await office.host.view(SessionId(str(session.reschedule.new_session)))
    assert new.previous == session_id
    assert new.starts_at == reschedule.options[1].starts_at
    assert [seat.person for seat in new.seats] == [seat.person for seat in session.seats]
    assert not any(seat.device or seat.consent for seat in new.seats)


async def test_two_choices_at_once_give_one_booking(office: Office) -> None:
    session_id = await missed_by_the_supporter(office)
    reschedule = (await office.host.view(session_id)).reschedule
    assert reschedule is not None
    results = await asyncio.gather(
        *(
            office.bookings.rescheduling.choose(session_id, option.id, "seeker")
            for option in reschedule.options[:3]
        ),
        return_exceptions=True,
    )
    sessions = await office.store.between(
        office.clock.now(), office.clock.now() + timedelta(days=10)
    )
    assert len(sessions) == 1
    chosen = (await office.host.view(session_id)).reschedule
    assert chosen is not None
    assert chosen.new_session == sessions[0]
    assert (await office.host.view(sessions[0])).starts_at == chosen.new_starts_at
    assert all(
        not isinstance(result, Exception) or isinstance(result, Refused) for result in results
    )


async def test_a_slot_that_was_taken_meanwhile_is_refused_and_others_are_proposed(
    office: Office,
) -> None:
    session_id = await missed_by_the_supporter(office)
    reschedule = (await office.host.view(session_id)).reschedule
    assert reschedule is not None
    option = reschedule.options[0]
    await office.bookings.create(Wish("demo", option.starts_at, "もみじ04", "あおぞら"), "p")
    with pytest.raises(Refused) as refusal:
        await office.bookings.rescheduling.choose(session_id, option.id, "seeker")
    assert refusal.value.code == "slot_taken"
    again = (await office.host.view(session_id)).reschedule
    assert again is not None
    assert again.state is RescheduleState.OPEN
    assert option.id not in {one.id for one in again.options}


async def test_a_declined_reschedule_cannot_be_chosen(office: Office) -> None:
    session_id = await missed_by_the_supporter(office)
    session = await office.bookings.rescheduling.decline(session_id, "seeker")
    assert session.reschedule is not None
    assert session.reschedule.state is RescheduleState.DECLINED
    with pytest.raises(Refused) as refusal:
        await office.bookings.rescheduling.choose(session_id, "any", "seeker")
    assert refusal.value.code == "reschedule_closed"


async def test_a_renewed_link_voids_the_old_one(office: Office) -> None:
    booked = await office.books()
    secret = await office.bookings.renew_link(booked.session.id, SEEKER)
    old = await office.store.link(hash_secret(booked.links[SEEKER]))
    assert old is not None
    assert old.revoked_at is not None
    new = await office.store.link(hash_secret(secret))
    assert new is not None
    assert new.revoked_at is None
    with pytest.raises(NotFound):
        await office.bookings.renew_link(SessionId("nobody"), SEEKER)


async def test_a_new_link_for_a_void_one_tells_the_session(office: Office) -> None:
    session_id = (await office.books()).session.id
    assert (await office.host.deliver(session_id, LinkRevoked(SEEKER))).seeker.is_link_void
    await office.bookings.renew_link(session_id, SEEKER)
    assert not (await office.host.view(session_id)).seeker.is_link_void


async def test_a_name_of_the_office_shows_all_of_itself_whatever_others_see(office: Office) -> None:
    with pytest.raises(Refused):
        await office.bookings.add_staff("sa\u200bto", Role.SCHEDULER, "佐藤")


async def test_a_new_token_voids_the_old_one_and_keeps_the_person(office: Office) -> None:
    first = await office.bookings.add_staff("sato", Role.SCHEDULER)
    person = await office.store.staff_by_token(hash_secret(first))
    second = await office.bookings.add_staff("sato", Role.SCHEDULER)
    assert await office.store.staff_by_token(hash_secret(first)) is None
    again = await office.store.staff_by_token(hash_secret(second))
    assert person is not None
    assert again is not None
    assert again.person == person.person


async def test_an_address_of_the_staff_is_kept_until_another_one_is_given(office: Office) -> None:
    first = await office.bookings.add_staff("sato", Role.SUPPORTER, mail="sato@example.org")
    staff = await office.store.staff_by_token(hash_secret(first))
    assert staff is not None
    await office.bookings.add_staff("sato", Role.SUPPORTER, language=Language.EN)
    private = await office.store.private(staff.person)
    assert private == {"mail": "sato@example.org", "language": "en"}
    assert "example.org" not in repr(staff)


async def test_a_scheduler_is_not_booked_as_a_supporter(office: Office) -> None:
    await office.bookings.add_staff("sato", Role.SCHEDULER)
    assert await refused(office, Wish("kumagaya", TUESDAY_10, "さくら14", "sato")) == (
        "not_a_supporter"
    )
