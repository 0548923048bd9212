"""One seat a person, one device a seat; another one needs a yes (IX 4-2)."""

from dataclasses import replace

from orchestrator.policy.model import DeviceId, SeatId
from tests.orchestrator.policy.scenario import (
    Person,
    both_in_lobby,
    live,
    moment,
    office,
    seeker,
    story,
    supporter,
)


def test_another_device_asks_and_the_first_says_yes():
    told = live().at("10:00", seeker.connects("tablet")).has(seeker, "in").is_in("live")
    first = told.session.seeker.connection
    told.at(
        "10:03", lambda _: replace(seeker.answers_for(seeker, yes=True)(told), connection=first)
    )
    told.is_refused("opened_elsewhere").is_in("live").ends("completed", at="30:00")
    assert told.session.seeker.device == "seeker-tablet"


def test_another_device_asks_and_the_first_says_no():
    told = live().at("10:00", seeker.connects("tablet"))
    first = told.session.seeker.connection
    told.at(
        "10:03", lambda _: replace(seeker.answers_for(seeker, yes=False)(told), connection=first)
    )
    told.is_refused("device_refused")
    assert told.session.seeker.device == "seeker-own"


def test_the_supporter_answers_only_when_the_first_device_was_silent_for_ten_seconds():
    (
        live()
        .at("10:00", seeker.connects("tablet"))
        .at("10:09.999", supporter.answers_for(seeker, yes=True))
        .is_refused("not_your_seat")
        .at("10:10", supporter.answers_for(seeker, yes=True))
        .is_refused("opened_elsewhere")
        .is_in("live")
    )


def test_a_claim_of_the_supporters_seat_is_the_schedulers_to_answer():
    told = live().at("10:00", supporter.connects("tablet"))
    told.at("10:10", seeker.answers_for(supporter, yes=True)).is_refused("not_your_seat")
    told.at("10:11", office.answers_for(supporter, yes=True)).is_refused("opened_elsewhere")
    assert told.session.supporter.device == "supporter-tablet"


def test_a_device_cannot_answer_its_own_claim():
    (
        live()
        .at("10:00", seeker.connects("tablet"))
        .at("10:20", seeker.answers_for(seeker, yes=True))
        .is_refused("not_your_seat")
    )


def test_no_claim_no_answer():
    told = live().at("10:00", office.answers_for(seeker, yes=True)).is_refused("nothing_asked")
    told.at("10:00", supporter.answers_for(seeker, yes=True)).is_refused("nothing_asked")


def test_a_ghost_of_the_same_device_never_blocks_the_way_back():
    live().at("10:00", seeker.connects()).is_refused("opened_elsewhere").is_in("live")


def test_a_device_that_never_joined_and_is_gone_may_be_replaced():
    (
        story()
        .at("-5:00", seeker.connects("inapp"))
        .at("-4:00", seeker.closes_page())
        .at("-3:00", seeker.connects("phone"), seeker.joins())
        .has(seeker, "lobby")
    )


def test_a_device_that_joined_is_bound_even_when_it_is_gone():
    told = both_in_lobby().at("1:00", seeker.closes_page()).at("1:10", seeker.connects("tablet"))
    told.has(seeker, "away")
    told.at("1:20", supporter.answers_for(seeker, yes=True)).has(seeker, "lobby")


def test_a_third_device_is_refused_while_a_second_asks():
    (
        live()
        .at("10:00", seeker.connects("tablet"))
        .at("10:01", seeker.connects("laptop"))
        .is_refused("other_device")
    )


def test_a_connection_that_is_told_twice_is_one_connection():
    told = live().at("10:00", seeker.connects("tablet"))
    asked = told.told[-1][1]
    version = told.session.version
    told.at("10:01", lambda _: asked)
    assert told.session.version == version
    told = live()
    seated = replace(
        asked, connection=told.session.seeker.connection, device=DeviceId("seeker-own")
    )
    version = told.session.version
    told.at("10:01", lambda _: seated).is_in("live")
    assert told.session.version == version


def test_the_second_device_may_reload_while_it_asks():
    told = live().at("10:00", seeker.connects("tablet")).at("10:04", seeker.connects("tablet"))
    assert told.session.seeker.claim.asked_at == moment("10:00"), "the ten seconds run on"
    told.at("10:05", seeker.closes_page())
    assert told.session.seeker.claim is None, "gone, and asks no more"
    told.is_in("live")


def test_a_claim_dies_when_its_device_is_bound_after_all():
    told = story().at("-5:00", seeker.connects("inapp"))
    inapp = seeker.closes_page()(told)
    told.at("-4:50", seeker.connects("phone"))
    told.at("-4:45", lambda _: inapp, seeker.connects("phone"), seeker.joins())
    assert told.session.seeker.claim is None, "nobody else asks any more"
    told.at("-4:00").has(seeker, "lobby")


def test_another_device_comes_too_late_after_the_end():
    told = live().at("10:00", seeker.ends())
    told.at("10:01", seeker.connects("tablet")).is_refused("other_device").is_in("ended")


def test_the_end_closes_an_open_claim():
    told = live().at("29:59", seeker.connects("tablet")).ends("completed", at="30:00")
    assert told.session.seeker.claim is None
    told.at("31:00", office.answers_for(seeker, yes=True)).is_refused("nothing_asked")
    told.is_in("ended")


def test_nobody_sits_on_a_seat_that_was_not_booked():
    stranger = Person(SeatId("companion-9"))
    told = story().at("-1:00", stranger.connects()).is_refused("not_your_seat")
    told.at("-1:00", stranger.joins()).is_refused("not_connected")
    told.at("-1:00", stranger.closes_page()).is_in("open")


def test_a_revoked_link_sends_its_seat_away_and_blames_nobody():
    (
        live()
        .at("10:00", office.revokes_the_link_of(seeker))
        .is_refused("link_revoked")
        .is_in("interrupted")
        .at("10:05", seeker.goes_silent())
        .ends("interrupted", "unknown", at="20:00", reason="link_revoked", strike=False)
    )


def test_a_revoked_link_and_a_lost_supporter_are_not_the_platform():
    (
        live()
        .at("10:00", office.revokes_the_link_of(seeker))
        .is_refused("link_revoked")
        .at("10:02", supporter.loses_line())
        .ends("interrupted", "unknown", reason="link_revoked")
    )


def test_a_revoked_link_in_the_lobby_only_empties_the_seat():
    (
        both_in_lobby()
        .at("-1:00", office.revokes_the_link_of(seeker))
        .is_refused("link_revoked")
        .has(seeker, "away")
        .is_in("open")
    )


def test_a_device_that_asks_goes_with_the_revoked_link():
    told = live().at("10:00", seeker.connects("tablet"))
    told.at("10:03", office.revokes_the_link_of(seeker))
    told.is_refused("link_revoked", "link_revoked")
    assert told.session.seeker.claim is None


def test_the_link_of_an_empty_seat_or_an_ended_session_is_just_void():
    story().at("-5:00", office.revokes_the_link_of(seeker)).is_in("open")
    over = story().at("11:00")
    before = over.session
    over.at("11:01", office.revokes_the_link_of(seeker))
    assert over.session == before


def test_a_device_that_asks_for_an_empty_seat_goes_with_the_revoked_link_too():
    told = live().at("10:00", seeker.loses_line()).at("10:01", seeker.connects("tablet"))
    assert told.session.seeker.claim is not None
    told.at("10:03", office.revokes_the_link_of(seeker)).is_refused("link_revoked")
    assert told.session.seeker.claim is None
