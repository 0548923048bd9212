"""Another supporter for a session: free in that slot, known, with a link of the own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.credentials import hash_secret
from orchestrator.errors import Refused, Unavailable
from orchestrator.policy.events import Connected
from orchestrator.policy.model import SUPPORTER, ConnectionId, DeviceId, PersonId, Role, Session
from orchestrator.policy.standing import Decision, DecisionKind
from orchestrator.ports import Staff
from orchestrator.reassigning import HandedOver, Reassigning
from tests.orchestrator.conftest import Office

CLERK = PersonId("p_clerk")
REASON = "体調不良のため。"
YAMABIKO = Staff(PersonId("p_yamabiko"), "山彦", "やまびこ", Role.SUPPORTER)


async def known(office: Office, *staff: Staff) -> Reassigning:
    """The use case, in an office that has these people."""
    for each in staff or (YAMABIKO,):
        await office.store.introduce(each)
    return Reassigning(office.store, office.host)


async def hand_over(office: Office, session: Session, **who: object) -> HandedOver:
    """Give it to somebody, by default by name."""
    wanted = who or {"name": YAMABIKO.name}
    return await Reassigning(office.store, office.host).hand_over(
        session.id, CLERK, REASON, **wanted  # type: ignore[arg-type]
    )  # fmt: skip


async def refused(office: Office, session: Session, **who: object) -> str:
    with pytest.raises(Refused) as refusal:
        await hand_over(office, session, **who)
    return refusal.value.code


async def slots_of(office: Office, person: PersonId, session: Session) -> int:
    """How many slots somebody has in the time of a session."""
    return len(await office.store.booked(person, session.starts_at, session.ends_at))


async def test_the_seat_the_calendar_and_the_links_change_hands(office: Office) -> None:
    await known(office)
    booked = await office.books()
    before = booked.session
    handed = await hand_over(office, before)
    after = await office.host.view(before.id)
    assert (after.supporter.person, after.supporter.display_name) == ("p_yamabiko", "やまびこ")
    assert await slots_of(office, YAMABIKO.person, before) == 1
    assert await slots_of(office, before.supporter.person, before) == 0
    assert await slots_of(office, before.seeker.person, before) == 1
    new = await office.store.link(hash_secret(handed.secret))
    old = await office.store.link(hash_secret(booked.links[SUPPORTER]))
    assert new is not None
    assert old is not None
    assert (new.person, old.person) == (YAMABIKO.person, before.supporter.person)
    assert (await office.store.notes(before.id)).get(f"reassigned-{after.version}") == REASON
    [line] = [
        it for _, it in await office.store.events(before.id) if it.name == "supporter.reassigned"
    ]
    assert line.data["before"] == before.supporter.person
    assert REASON not in str(line.data)


async def test_who_had_it_can_be_booked_again_in_that_time_and_who_has_it_cannot(
    office: Office,
) -> None:
    await known(office)
    before = (await office.books()).session
    await hand_over(office, before, person=YAMABIKO.person)
    again = await office.books("あおぞら", seeker_person=None)
    assert again.session.supporter.person == before.supporter.person
    with pytest.raises(Refused) as refusal:
        await office.books(YAMABIKO.name)
    assert refusal.value.code == "slot_taken"


async def test_who_has_something_else_in_that_time_is_refused_and_nothing_changes(
    office: Office,
) -> None:
    await known(office)
    await office.books(YAMABIKO.name)
    before = (await office.books()).session
    assert await refused(office, before) == "slot_taken"
    assert (await office.host.view(before.id)).supporter == before.supporter
    assert await slots_of(office, before.supporter.person, before) == 1


async def test_only_a_supporter_whom_the_office_knows_and_lets_be_booked(office: Office) -> None:
    clerk = Staff(PersonId("p_boss"), "部長", "部長", Role.SCHEDULER)
    await known(office, YAMABIKO, clerk)
    session = (await office.books()).session
    for who in ({"name": "だれか"}, {"name": "部長"}, {"person": PersonId("p_nobody")}):
        assert await refused(office, session, **who) == "supporter_unknown"
    decision = Decision(DecisionKind.SUSPENDED, office.clock.now(), CLERK, 0)
    assert await office.store.decide("demo", YAMABIKO.person, decision, "調査中")
    assert await refused(office, session) == "suspended"
    assert await slots_of(office, YAMABIKO.person, session) == 0


async def test_the_same_supporter_again_changes_nothing_but_brings_another_link(
    office: Office,
) -> None:
    await known(office)
    session = (await office.books()).session
    first = await hand_over(office, session)
    second = await hand_over(office, session)
    assert second.session.version == first.session.version
    assert second.secret != first.secret
    assert await slots_of(office, YAMABIKO.person, session) == 1


async def test_of_two_at_once_the_last_one_has_it_and_the_other_is_free(office: Office) -> None:
    third = Staff(PersonId("p_kaze"), "そよかぜ", "そよかぜ", Role.SUPPORTER)
    await known(office, YAMABIKO, third)
    session = (await office.books()).session
    await hand_over(office, session, person=YAMABIKO.person)
    await hand_over(office, session, person=third.person)
    assert (await office.host.view(session.id)).supporter.person == third.person
    assert await slots_of(office, YAMABIKO.person, session) == 0
    assert await slots_of(office, third.person, session) == 1


async def test_a_seat_that_was_not_given_holds_nobodys_calendar(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await known(office)
    session = (await office.books()).session

    async def goes_away(*_: object) -> Session:
        raise Unavailable("node", "it is shutting down")

    monkeypatch.setattr(office.host, "deliver", goes_away)
    with pytest.raises(Unavailable):
        await hand_over(office, session)
    assert await slots_of(office, YAMABIKO.person, session) == 0


async def test_a_slot_that_is_held_for_a_moment_is_no_session_of_that_person(
    office: Office,
) -> None:
    await known(office)
    session = (await office.books()).session
    await office.store.reserve_supporter(session, YAMABIKO.person)
    now = office.clock.now()
    assert await office.store.sessions_of(YAMABIKO.person, now, session.ends_at) == []


async def test_after_the_end_and_while_it_is_live_nobody_takes_over(office: Office) -> None:
    await known(office)
    session = (await office.books()).session
    connected = Connected(
        SUPPORTER, ConnectionId("c"), DeviceId("d"), person=session.supporter.person
    )
    await office.host.deliver(session.id, connected)
    office.clock.advance(session.ends_at - office.clock.now())
    await office.host.deliver(session.id, replace(connected, connection=ConnectionId("c2")))
    assert await refused(office, session) == "session_over"
