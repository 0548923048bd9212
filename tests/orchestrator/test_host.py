"""The host: events become committed transitions, and what they ask for is done, in the right order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from orchestrator.errors import Fenced, NotFound, Unavailable
from orchestrator.policy.events import (
    Admitted,
    Connected,
    Disconnected,
    Joined,
    MediaFlowed,
    Woken,
)
from orchestrator.policy.model import (
    OBSERVER,
    SEEKER,
    SUPPORTER,
    ConnectionId,
    DeviceId,
    Outcome,
    Phase,
    Role,
    SessionId,
    Signal,
)
from orchestrator.ports import LegQuality, LegUp, OfferMade, RoomFlowing, RoomLost
from orchestrator.programmes import load_all
from orchestrator.store.valkey import ValkeyStore
from tests.fakes import eventually
from tests.orchestrator.conftest import Office, opened

C_SEEKER, C_SUPPORTER = ConnectionId("c-seeker"), ConnectionId("c-supporter")
MINUTE = timedelta(minutes=1)


async def joins(office: Office, session_id: SessionId) -> None:
    """Both come to the lobby."""
    session = await office.host.view(session_id)
    rules = session.rules
    for seat, connection in ((SEEKER, C_SEEKER), (SUPPORTER, C_SUPPORTER)):
        await office.host.deliver(session_id, Connected(seat, connection, DeviceId(f"d-{seat}")))
        joined = Joined(seat, connection, rules.terms_version, rules.attestations)
        await office.host.deliver(session_id, joined)


async def goes_live(office: Office) -> SessionId:
    """A booked session in which both are in and media flows."""
    session_id = (await office.books()).session.id
    await joins(office, session_id)
    office.clock.advance(MINUTE)
    await office.host.deliver(session_id, Admitted(C_SUPPORTER, SEEKER))
    session = await office.host.deliver(session_id, MediaFlowed())
    assert session.phase is Phase.LIVE
    return session_id


async def test_an_unknown_session_is_not_found(office: Office) -> None:
    with pytest.raises(NotFound):
        await office.host.deliver(SessionId("nobody"), Woken())
    with pytest.raises(NotFound):
        await office.host.view(SessionId("nobody"))


async def test_what_deliver_returns_is_already_in_the_store(office: Office) -> None:
    session_id = await goes_live(office)
    stored = await office.store.load(session_id)
    assert stored is not None
    assert stored.session == await office.host.view(session_id)
    assert stored.owner == "n1"


async def test_the_room_opens_with_the_time_that_is_left(office: Office) -> None:
    session_id = await goes_live(office)
    (_, _, closes_in_s), *_ = office.diary.named("open_room")
    session = await office.host.view(session_id)
    assert closes_in_s == (session.ends_at - office.clock.now()).total_seconds()


async def test_each_connection_has_a_place_for_everybody_else_seeker_and_supporter_first(
    office: Office,
) -> None:
    session_id = (await office.books(companions=("通訳", "ご家族"))).session.id
    await joins(office, session_id)
    office.clock.advance(MINUTE)
    await office.host.deliver(session_id, Admitted(C_SUPPORTER, SEEKER))
    others = {line[2]: line[5] for line in office.diary.named("connect")}
    assert others == {
        SEEKER: (SUPPORTER, "companion-1", "companion-2"),
        SUPPORTER: (SEEKER, "companion-1", "companion-2"),
    }


async def test_the_media_connection_of_who_looks_on_only_receives(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = load_all()["demo"].model_copy(update={"observer": True})
    monkeypatch.setitem(office.bookings._programmes, "demo", demo)  # type: ignore[arg-type]
    await office.bookings.add_staff("yamada", Role.SCHEDULER)
    session_id = (await office.books(observer="yamada")).session.id
    await joins(office, session_id)
    line = ConnectionId("c-observer")
    await office.host.deliver(session_id, Connected(OBSERVER, line, DeviceId("d-observer")))
    rules = (await office.host.view(session_id)).rules
    joined = Joined(OBSERVER, line, rules.terms_version, rules.attestations)
    await office.host.deliver(session_id, joined)
    office.clock.advance(MINUTE)
    await office.host.deliver(session_id, Admitted(C_SUPPORTER, SEEKER))
    await office.host.deliver(session_id, Admitted(C_SUPPORTER, OBSERVER))
    only = {line[2]: line[-1] == "only_receives" for line in office.diary.named("connect")}
    assert only == {SEEKER: False, SUPPORTER: False, OBSERVER: True}


async def test_the_alarm_is_armed_for_the_next_deadline_and_no_other(office: Office) -> None:
    session_id = await goes_live(office)
    session = await office.host.view(session_id)
    assert office.alarm.armed[session_id] == session.ends_at - max(session.rules.warnings)


async def test_the_cut_comes_before_the_record_and_the_record_before_the_outcome(
    office: Office,
) -> None:
    session_id = await goes_live(office)
    session = await office.host.view(session_id)
    office.clock.advance(session.ends_at - office.clock.now())
    office.diary.lines.clear()
    office.host.wake([session_id])
    # Nothing has been awaited: no commit can have happened yet.
    assert office.diary.names() == ["close_room", "time_is_up"]
    await eventually(lambda: ("show", "ended") in [line[:2] for line in office.diary.lines])
    ended = await office.host.view(session_id)
    assert ended.outcome is Outcome.COMPLETED
    assert ended.ended_at == ended.ends_at
    assert office.diary.names().count("time_is_up") == 1


async def test_a_late_wake_gives_the_same_end(office: Office) -> None:
    session_id = await goes_live(office)
    office.clock.advance(timedelta(hours=2))
    session = await office.host.deliver(session_id, Woken())
    assert session.ended_at == session.ends_at


async def test_an_offer_reaches_the_page_that_holds_the_seat(office: Office) -> None:
    session_id = await goes_live(office)
    office.host.on_media(OfferMade(session_id, SEEKER, 1, "v=0"))
    office.host.on_media(OfferMade(session_id, SEEKER, 7, "v=0"))
    assert office.diary.named("offer") == [("offer", C_SEEKER, 1)]


async def test_an_answer_of_another_epoch_does_not_reach_the_worker(office: Office) -> None:
    session_id = await goes_live(office)
    office.host.answer(session_id, SEEKER, 2, "v=0")
    office.host.answer(session_id, SEEKER, 1, "v=0")
    assert office.diary.named("answer") == [("answer", session_id, SEEKER, 1, "v=0")]


async def test_a_lost_worker_makes_new_connections_for_both(office: Office) -> None:
    session_id = await goes_live(office)
    office.diary.lines.clear()
    office.host.on_media(RoomLost(session_id))
    await eventually(lambda: len(office.diary.named("connect")) == 2)
    assert {line[3] for line in office.diary.named("connect")} == {2}
    assert (await office.host.view(session_id)).phase is Phase.INTERRUPTED
    office.host.on_media(LegUp(session_id, SEEKER, 2))
    office.host.on_media(LegUp(session_id, SUPPORTER, 2))
    await eventually(lambda: ("show", "live") in [line[:2] for line in office.diary.lines])


async def test_media_news_become_events(office: Office) -> None:
    session_id = (await office.books()).session.id
    await joins(office, session_id)
    office.clock.advance(MINUTE)
    await office.host.deliver(session_id, Admitted(C_SUPPORTER, SEEKER))
    office.host.on_media(RoomFlowing(session_id))
    session = await office.host.deliver(session_id, Woken())
    assert session.has_media_flowed


async def test_events_that_change_nothing_are_not_committed(office: Office) -> None:
    session_id = await goes_live(office)
    before = await office.host.view(session_id)
    after = await office.host.deliver(session_id, Admitted(C_SEEKER, SEEKER))
    assert after.version == before.version
    assert office.diary.named("refuse") == [("refuse", C_SEEKER, "not_your_seat")]


async def test_two_events_at_once_are_applied_one_after_the_other(office: Office) -> None:
    session_id = await goes_live(office)
    before = await office.host.view(session_id)
    await asyncio.gather(
        office.host.deliver(session_id, Disconnected(SEEKER, C_SEEKER, page_closed=False)),
        office.host.deliver(session_id, Disconnected(SUPPORTER, C_SUPPORTER, page_closed=False)),
    )
    after = await office.host.view(session_id)
    assert after.version == before.version + 2
    versions = [version for version, _ in await office.store.events(session_id)]
    assert versions == sorted(versions)


async def test_a_version_that_moved_behind_our_back_is_stepped_again(office: Office) -> None:
    session_id = await goes_live(office)
    stored = await office.store.load(session_id)
    assert stored is not None
    from tests.fakes import a_commit

    behind = a_commit(stored.session, stored.fence, "behind our back", booked_by="somebody")
    await office.store.commit(behind)
    session = await office.host.deliver(
        session_id, Disconnected(SEEKER, C_SEEKER, page_closed=False)
    )
    assert session.booked_by == "somebody"
    assert session.version == stored.session.version + 2
    assert session.phase is Phase.INTERRUPTED


async def test_a_fenced_node_drops_the_room_at_once(office: Office) -> None:
    session_id = await goes_live(office)
    stored = await office.store.load(session_id)
    assert stored is not None
    assert await office.store.claim(session_id, "n2", stored.owner, stored.fence) is not None
    office.diary.lines.clear()
    with pytest.raises(Fenced):
        await office.host.deliver(session_id, Disconnected(SEEKER, C_SEEKER, page_closed=False))
    assert office.diary.named("close_room") == [("close_room", session_id)]
    assert office.diary.named("dismiss") == [("dismiss", session_id, "fenced")]
    assert session_id not in office.alarm.armed


async def test_a_restart_is_a_gap_and_never_held_against_anybody(store: ValkeyStore) -> None:
    async with opened(store, "n1") as first:
        session_id = await goes_live(first)
    async with opened(store, "n2", first.clock) as second:
        second.clock.advance(timedelta(seconds=30))
        session = await second.host.deliver(session_id, Woken())
        assert session.phase is Phase.INTERRUPTED
        names = [record.name for _, record in await store.events(session_id)]
        assert names.count("service.gap") == 1
        assert session.supporter.loss is not None
        assert session.supporter.loss.grace_ends_at == second.clock.now() + session.rules.grace


async def test_a_gap_is_told_also_when_the_store_goes_away_between_the_claim_and_the_session(
    store: ValkeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(store, "n1") as first:
        session_id = await goes_live(first)
    async with opened(store, "n2", first.clock) as second:
        second.clock.advance(timedelta(seconds=3))
        load, asked = store.load, count(1)

        async def away_once(session):
            if next(asked) == 2:
                raise Unavailable("store")
            return await load(session)

        monkeypatch.setattr(store, "load", away_once)
        with pytest.raises(Unavailable):
            await second.host.deliver(session_id, Woken())
        session = await second.host.deliver(session_id, Woken())
    assert session.phase is Phase.INTERRUPTED, "the dead node's connections are gone"
    assert [seat.connection for seat in session.seats] == [None, None]


async def test_a_gap_is_told_also_when_it_could_not_be_recorded_at_first(
    store: ValkeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(store, "n1") as first:
        session_id = await goes_live(first)
    async with opened(store, "n2", first.clock) as second:
        second.clock.advance(timedelta(seconds=3))
        commit, asked = store.commit, count(1)

        async def full_once(transition):
            if next(asked) == 1:
                raise Unavailable("store", "too many commits wait for it")
            return await commit(transition)

        monkeypatch.setattr(store, "commit", full_once)
        with pytest.raises(Unavailable):
            await second.host.deliver(session_id, Woken())
        session = await second.host.deliver(session_id, Woken())
        names = [record.name for _, record in await store.events(session_id)]
    assert session.phase is Phase.INTERRUPTED
    assert names.count("service.gap") == 1


async def test_a_booking_that_nobody_ran_in_time_is_a_gap(office: Office) -> None:
    session_id = (await office.books()).session.id
    office.clock.advance(timedelta(hours=1))
    session = await office.host.deliver(session_id, Woken())
    assert session.outcome is Outcome.NOT_HELD
    assert session.cause is not None
    assert session.cause.value == "platform"


async def test_stopping_waits_for_what_is_queued(store: ValkeyStore) -> None:
    async with opened(store, "n1") as office:
        session_id = await goes_live(office)
        office.host.post(session_id, Disconnected(SEEKER, C_SEEKER, page_closed=True))
    stored = await store.load(session_id)
    assert stored is not None
    assert stored.session.phase is Phase.INTERRUPTED


async def test_stopping_does_not_wait_for_a_store_that_never_comes_back(
    store: ValkeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestrator import host as module

    monkeypatch.setattr(module, "DRAIN_S", 0.05)
    never = asyncio.Event()
    async with opened(store, "n1") as office:
        session_id = await goes_live(office)

        async def hangs(commit):
            await never.wait()

        monkeypatch.setattr(store, "commit", hangs)
        office.host.post(session_id, Disconnected(SEEKER, C_SEEKER, page_closed=True))
    stored = await store.load(session_id)
    assert stored is not None
    assert stored.session.phase is Phase.LIVE


async def test_a_bug_in_one_session_does_not_stop_another(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = (await office.books()).session.id, (await office.books("はまべ")).session.id
    from orchestrator import actor as module

    real = module.step

    def step(session, event, now):
        if session.id == broken:
            raise ZeroDivisionError
        return real(session, event, now)

    monkeypatch.setattr(module, "step", step)
    with pytest.raises(Exception, match="internal error"):
        await office.host.deliver(broken, Woken())
    session = await office.host.deliver(sound, Connected(SEEKER, C_SEEKER, DeviceId("d")))
    assert session.seeker.is_present
    monkeypatch.setattr(module, "step", real)
    session = await office.host.deliver(broken, Connected(SEEKER, C_SEEKER, DeviceId("d")))
    assert session == replace(session, id=broken)


async def test_a_bad_line_is_kept_as_an_observation_of_its_seat(office: Office) -> None:
    session_id = await goes_live(office)
    epoch = (await office.host.view(session_id)).seeker.media_epoch
    office.host.on_media(LegQuality(session_id, SEEKER, epoch, loss=0.4, rtt_ms=None))
    office.host.on_media(LegQuality(session_id, SEEKER, epoch, loss=None, rtt_ms=1500.0))
    office.host.on_media(LegQuality(session_id, SEEKER, epoch + 1, loss=0.9, rtt_ms=9.0))
    session = await office.host.deliver(session_id, Woken())
    assert [(one.signal, one.value) for one in session.seeker.observed] == [
        (Signal.LINE_BAD, 0.4),
        (Signal.DELAY_HIGH, 1500.0),
    ]


async def test_sessions_whose_seats_fall_together_are_told_of_each_other(office: Office) -> None:
    supporters = ("あおぞら", "みなと", "わかば", "ひまわり")
    sessions = [(await office.books(supporter)).session.id for supporter in supporters]
    for session_id in sessions:
        await joins(office, session_id)
    office.clock.advance(MINUTE)
    for session_id in sessions:
        await office.host.deliver(session_id, Admitted(C_SUPPORTER, SEEKER))
    for session_id in sessions:
        await office.host.deliver(session_id, Disconnected(SUPPORTER, C_SUPPORTER, False))
    nearby = []
    for session_id in sessions:
        session = await office.host.deliver(session_id, Woken())
        loss = session.supporter.loss
        assert loss is not None
        nearby += [one.value for one in loss.evidence if one.signal is Signal.LOST_NEARBY]
    assert nearby == [2.0, 2.0, 2.0, 3.0], "the third room tells the first two, the fourth itself"
