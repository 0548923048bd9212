"""A booking put right: the names that others see, and what the supporter reads; the links stay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.correcting import Correcting, Correction
from orchestrator.credentials import hash_secret
from orchestrator.errors import NotFound, Refused, Unavailable
from orchestrator.policy.model import SEEKER, PersonId, Session, SessionId
from orchestrator.ports import PrivateField, booked_field
from orchestrator.wish import Wish
from tests.orchestrator.conftest import Office

CLERK = PersonId("p_clerk")
NAMED = Correction(seeker_name="ひまわり3")


async def corrects(office: Office, session: Session, correction: Correction) -> Session:
    return await Correcting(office.store, office.host).correct(session.id, correction, CLERK)


async def refused(office: Office, session: Session, correction: Correction) -> Refused:
    with pytest.raises(Refused) as refusal:
        await corrects(office, session, correction)
    return refusal.value


async def noted(office: Office, session: Session) -> tuple[str | None, str | None]:
    """Reference and note of a booking."""
    private = await office.store.private(session.seeker.person)
    kinds = (PrivateField.REFERENCE, PrivateField.NOTE)
    reference, note = (private.get(booked_field(kind, session.id)) for kind in kinds)
    return reference, note


async def test_the_name_is_another_and_the_link_the_same(office: Office) -> None:
    booked = await office.books()
    link = await office.store.link(hash_secret(booked.links[SEEKER]))
    after = await corrects(office, booked.session, NAMED)
    assert after.seeker == replace(booked.session.seeker, display_name="ひまわり3")
    assert await office.store.link(hash_secret(booked.links[SEEKER])) == link
    stored = await office.store.load(after.id)
    assert stored is not None
    assert stored.session == after
    [line] = [it for _, it in await office.store.events(after.id) if it.name == "name.corrected"]
    assert dict(line.data) == {"seat": "seeker", "by": CLERK}


@pytest.mark.parametrize(
    ("correction", "whose"),
    [
        (Correction(seeker_name="佐藤さん"), "the seeker's"),
        (Correction(companions_beside=("さとうの母",)), "a companion's"),
        (Correction(seeker_name="あ" * 41), "the seeker's"),
        (Correction(seeker_name=" "), "the seeker's"),
        (Correction(seeker_name="さく\u202eら"), "the seeker's"),
    ],
)
async def test_a_name_that_a_booking_could_not_have_is_refused_and_nothing_changes(
    office: Office, correction: Correction, whose: str
) -> None:
    booked = await office.books(seeker_real_name="サトウ 花子", companions_beside=("母",))
    real = {PrivateField.NAME.value: "佐藤 花子"}
    if correction.seeker_name == "佐藤さん":
        await office.store.add_private(booked.session.seeker.person, real)
    refusal = await refused(office, booked.session, correction)
    assert refusal.code == "name_refused"
    assert whose in refusal.detail
    assert await office.host.view(booked.session.id) == booked.session


async def test_what_is_noted_is_written_anew_and_stands_in_no_line(office: Office) -> None:
    booked = await office.books(seeker_reference="A-1", seeker_note="履歴書から。")
    await corrects(office, booked.session, Correction(seeker_note="面接の練習。"))
    assert await noted(office, booked.session) == ("A-1", "面接の練習。")
    history = [it for _, it in await office.store.events(booked.session.id)]
    [line] = [it for it in history if it.name == "data.corrected"]
    assert dict(line.data) == {"by": CLERK}
    assert "面接" not in repr(history) + repr(await office.host.view(booked.session.id))
    again = Correction(seeker_note="面接の練習。", seeker_reference="A-1")
    assert (await refused(office, booked.session, again)).code == "nothing_corrected"


async def test_a_note_that_was_not_written_is_written_by_who_asks_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked = await office.books()
    correction = Correction(seeker_reference="A-2")

    async def goes_away(*_: object) -> None:
        raise Unavailable("store", "it does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(office.store, "add_private", goes_away)
        with pytest.raises(Unavailable):
            await corrects(office, booked.session, correction)
    await corrects(office, booked.session, correction)
    assert await noted(office, booked.session) == ("A-2", None)


async def test_nothing_is_noted_about_a_session_that_is_over(office: Office) -> None:
    session = (await office.books()).session
    office.clock.advance(session.ends_at - office.clock.now())
    refusal = await refused(office, session, Correction(seeker_note="遅い。"))
    assert refusal.code == "session_over"
    assert await noted(office, session) == (None, None)


async def test_the_same_booking_again_under_its_key_is_the_corrected_one(office: Office) -> None:
    first = await office.books()
    wish = Wish("demo", first.session.starts_at, "すみれ", "やまびこ")
    booked = (await office.bookings.create(wish, "p", "key")).session
    await corrects(office, booked, NAMED)
    again = await office.bookings.create(wish, "p", "key")
    assert (again.is_repeated, again.session.id) == (True, booked.id)
    assert again.session.seeker.display_name == "ひまわり3"


async def test_of_a_session_that_is_not_there_nothing_is_corrected(office: Office) -> None:
    with pytest.raises(NotFound):
        await Correcting(office.store, office.host).correct(SessionId("s_none"), NAMED, CLERK)
