"""Bookings, links, staff and private data."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.policy.model import SEEKER, SUPPORTER, PersonId, Role, SessionId
from orchestrator.ports import Applied, Booking, BookingResult, Link, Staff
from tests.fakes import NOON, a_booking, a_session

S1 = SessionId("s1")
SEEKERS_LINK = Link(S1, SEEKER, NOON + timedelta(hours=1))
TANAKA = Staff(PersonId("p-1"), "tanaka", "田中", Role.SUPPORTER)


async def test_a_booked_session_is_unowned_and_due_when_its_doors_open(store):
    session = a_session()

    result = await store.book(a_booking(session))

    stored = await store.load(S1)
    assert result == BookingResult(Applied.DONE, S1)
    assert stored is not None
    assert (stored.session, stored.owner, stored.fence) == (session, None, 0)
    assert await store.due(NOON) == [(S1, NOON - session.rules.doors)]
    assert await store.due(NOON - session.rules.doors - timedelta(microseconds=1)) == []


async def test_two_bookings_at_once_of_one_slot_give_one(store):
    sessions = [a_session(f"s{n}", seeker=f"seeker-{n}") for n in range(10)]

    results = await asyncio.gather(*(store.book(a_booking(session)) for session in sessions))

    assert [result.applied for result in results].count(Applied.DONE) == 1
    assert [result.applied for result in results].count(Applied.TAKEN) == 9
    assert len(await store.between(NOON, NOON + timedelta(hours=1))) == 1


@pytest.mark.parametrize("shared", ["seeker", "supporter"])
@pytest.mark.parametrize("shift", [-49, -1, 0, 1, 49])
async def test_nobody_is_booked_twice_at_one_time(store, shared, shift):
    await store.book(a_booking(a_session()))
    other = a_session(
        "s2",
        starts_at=NOON + timedelta(minutes=shift),
        **{{"seeker": "supporter", "supporter": "seeker"}[shared]: "somebody else"},
    )

    assert (await store.book(a_booking(other))).applied is Applied.TAKEN
    assert await store.load(SessionId("s2")) is None


async def test_a_supporter_may_be_a_seeker_elsewhere_but_not_at_the_same_time(store):
    await store.book(a_booking(a_session(supporter="p-1")))

    other = a_session("s2", seeker="p-1", supporter="p-2")

    assert (await store.book(a_booking(other))).applied is Applied.TAKEN


@pytest.mark.parametrize("shift", [-50, 50])
async def test_slots_that_touch_do_not_overlap(store, shift):
    await store.book(a_booking(a_session()))
    other = a_session("s2", starts_at=NOON + timedelta(minutes=shift))

    assert (await store.book(a_booking(other))).applied is Applied.DONE


async def test_a_longer_slot_around_a_shorter_one_is_taken(store):
    await store.book(a_booking(a_session()))
    around = a_session("s2", starts_at=NOON - timedelta(hours=1), length=timedelta(hours=3))

    assert (await store.book(a_booking(around))).applied is Applied.TAKEN


async def test_a_replacement_may_overlap_only_what_it_replaces(store):
    await store.book(a_booking(a_session()))
    later = NOON + timedelta(minutes=10)

    replacing = await store.book(a_booking(a_session("s2", starts_at=later, previous="s1")))
    once_more = await store.book(a_booking(a_session("s3", starts_at=later, previous="s1")))

    assert (replacing.applied, once_more.applied) == (Applied.DONE, Applied.TAKEN)


async def test_a_repeated_booking_gives_the_first_session(store):
    await store.book(a_booking(a_session(), "command"))
    elsewhere = a_session("s2", starts_at=NOON + timedelta(days=1))

    result = await store.book(a_booking(elsewhere, "command"))

    assert result == BookingResult(Applied.REPEATED, S1)
    assert await store.load(SessionId("s2")) is None


async def test_a_command_names_the_session_that_it_made(store):
    assert await store.booked_by("command-1") is None
    await store.book(a_booking(a_session("s1"), "command-1"))
    assert await store.booked_by("command-1") == S1
    taken = await store.book(a_booking(a_session("s2"), "command-2"))
    assert taken.applied is Applied.TAKEN
    assert await store.booked_by("command-2") is None


async def test_a_refused_booking_leaves_nothing_behind(store):
    await store.book(a_booking(a_session()))
    refused = Booking(
        a_session("s2"), {"h": SEEKERS_LINK}, "command", {PersonId("p-9"): {"name": "x"}}
    )

    assert (await store.book(refused)).applied is Applied.TAKEN

    assert await store.link("h") is None
    assert await store.private(PersonId("p-9")) == {}
    assert len(await store.due(NOON)) == 1
    free = replace(refused, session=a_session("s2", starts_at=NOON + timedelta(days=1)))
    assert (await store.book(free)).applied is Applied.DONE


async def test_a_booking_brings_its_links_and_private_data(store):
    supporters_link = Link(S1, SUPPORTER, NOON)
    private = {PersonId("p-1"): {"real_name": "鈴木 さくら"}, PersonId("p-2"): {}}

    await store.book(
        Booking(a_session(), {"h1": SEEKERS_LINK, "h2": supporters_link}, "command", private)
    )

    assert await store.link("h1") == SEEKERS_LINK
    assert await store.link("h2") == supporters_link
    assert await store.private(PersonId("p-1")) == {"real_name": "鈴木 さくら"}
    assert await store.private(PersonId("p-2")) == {}


async def test_sessions_are_found_by_their_start(store):
    for n in range(4):
        await store.book(a_booking(a_session(f"s{n}", starts_at=NOON + timedelta(hours=n))))

    found = await store.between(NOON + timedelta(hours=1), NOON + timedelta(hours=3))

    assert found == ["s1", "s2"]


async def test_booked_lists_what_touches_the_time_asked_for(store):
    for n in range(3):
        await store.book(a_booking(a_session(f"s{n}", starts_at=NOON + timedelta(hours=n))))

    slots = await store.booked(
        PersonId("p-seeker"), NOON + timedelta(minutes=50), NOON + timedelta(hours=2)
    )

    assert slots == [(NOON + timedelta(hours=1), NOON + timedelta(hours=1, minutes=50))]


async def test_one_more_link_is_made_beside_a_valid_one_only(store):
    at = NOON + timedelta(minutes=1)
    assert not await store.add_link_beside("h0", SEEKERS_LINK)
    await store.add_link("h1", SEEKERS_LINK)
    assert await store.add_link_beside("h2", SEEKERS_LINK)
    assert await store.link("h2") == SEEKERS_LINK

    assert await store.revoke_links(S1, SEEKER, at) == 2

    assert not await store.add_link_beside("h3", SEEKERS_LINK)
    assert [await store.link("h0"), await store.link("h3")] == [None, None]
    await store.add_link("h4", SEEKERS_LINK)
    assert await store.add_link_beside("h5", SEEKERS_LINK)


async def test_private_data_are_added_to_field_by_field(store):
    person = PersonId("p-1")
    await store.add_private(person, {"name": "鈴木 さくら", "mail": "a@example.org"})
    await store.add_private(person, {"mail": "b@example.org"})
    await store.add_private(person, {})
    assert await store.private(person) == {"name": "鈴木 さくら", "mail": "b@example.org"}


async def test_revoking_voids_all_links_of_one_seat_only(store):
    at = NOON + timedelta(microseconds=1)
    await store.add_link("h1", SEEKERS_LINK)
    await store.add_link("h2", SEEKERS_LINK)
    await store.add_link("h3", Link(S1, SUPPORTER, NOON))

    assert await store.revoke_links(S1, SEEKER, at) == 2
    assert await store.revoke_links(S1, SEEKER, at + timedelta(hours=1)) == 0
    assert await store.link("h1") == replace(SEEKERS_LINK, revoked_at=at)
    assert await store.link("h3") == Link(S1, SUPPORTER, NOON)


async def test_staff_are_found_by_token_name_and_person(store):
    await store.put_staff(TANAKA, "t1")

    assert await store.staff_by_token("t1") == TANAKA
    assert await store.staff_by_name("tanaka") == TANAKA
    assert await store.staff_by_person(TANAKA.person) == TANAKA
    assert await store.staff_by_token("t2") is None
    assert await store.staff_by_name("suzuki") is None
    assert await store.staff_by_person(PersonId("p-2")) is None


async def test_everybody_of_the_office_is_listed_once_and_nobody_who_is_replaced(store):
    assert await store.staff() == []
    await store.put_staff(TANAKA, "t1")
    suzuki = replace(TANAKA, person=PersonId("p-2"), name="suzuki")
    await store.introduce(suzuki)
    await store.put_staff(replace(TANAKA, display_name="あおぞら"), "t1")
    heir = replace(suzuki, person=PersonId("p-3"))
    await store.put_staff(heir, "t2")

    listed = sorted(await store.staff(), key=lambda one: one.person)
    assert listed == [replace(TANAKA, display_name="あおぞら"), heir]


async def test_an_earlier_token_of_the_same_name_is_void(store):
    await store.put_staff(TANAKA, "t1")
    promoted = replace(TANAKA, role=Role.SCHEDULER)

    await store.put_staff(promoted, "t2")

    assert await store.staff_by_token("t1") is None
    assert await store.staff_by_name("tanaka") == promoted


async def test_who_is_introduced_is_known_and_has_no_token(store):
    assert await store.introduce(TANAKA) == TANAKA
    assert await store.staff_by_name("tanaka") == TANAKA
    assert await store.staff_by_person(TANAKA.person) == TANAKA


async def test_who_is_introduced_under_a_name_that_is_taken_is_nobody(store):
    await store.put_staff(TANAKA, "t1")

    assert await store.introduce(replace(TANAKA, person=PersonId("p-2"))) == TANAKA
    assert await store.staff_by_token("t1") == TANAKA
    assert await store.staff_by_person(PersonId("p-2")) is None


async def test_a_name_that_passes_to_another_person_takes_the_token_along(store):
    await store.put_staff(TANAKA, "t1")

    await store.put_staff(replace(TANAKA, person=PersonId("p-2")), "t2")

    assert await store.staff_by_token("t1") is None
    assert await store.staff_by_person(PersonId("p-1")) is None


async def test_somebody_renamed_is_not_found_by_the_old_name(store):
    await store.put_staff(TANAKA, "t1")

    await store.put_staff(replace(TANAKA, name="suzuki"), "t1")

    assert await store.staff_by_name("tanaka") is None
    assert (await store.staff_by_token("t1")).name == "suzuki"
