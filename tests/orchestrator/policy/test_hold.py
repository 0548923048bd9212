"""The office has a lost seat kept until the end: until when, for whom, what it does not change, when there is none."""

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.policy.model import DeadlineReason
from orchestrator.policy.session import deadlines
from tests.orchestrator.policy.scenario import (
    EXTENSIBLE,
    KUMAGAYA,
    both_in_lobby,
    by_phone,
    live,
    moment,
    office,
    seeker,
    server,
    span,
    story,
    supporter,
)


def holds(told):
    """When the holds of the lost seats end."""
    return [it.at for it in deadlines(told.session) if it.reason is DeadlineReason.HOLD]


def kept(at="14:00"):
    """The seeker went at 10:00; the grace was over at 12:00."""
    return live().at("10:00", seeker.steps_out()).at(at, office.keeps_the_seats())


def test_without_it_a_lost_seat_is_kept_as_long_as_the_programme_says():
    told = live().at("10:00", seeker.steps_out()).at("14:00")
    assert holds(told) == [moment("20:00")]
    told.ends("interrupted", "seeker", at="20:00")


@pytest.mark.parametrize("at", ["10:01", "14:00", "19:59.999"])
def test_with_it_a_lost_seat_is_kept_until_the_end(at):
    kept(at).at("29:59.999").is_in("interrupted").ends("interrupted", "seeker", at="30:00")


def test_when_the_hold_has_ended_there_is_nothing_to_keep():
    told = live().at("10:00", seeker.steps_out()).jumps_to("20:00", office.keeps_the_seats())
    told.is_refused("session_over").ends("interrupted", "seeker", at="20:00")


def test_who_is_back_within_it_uses_the_rest():
    told = kept().at("25:00", seeker.connects()).is_in("live").has_verdict(None)
    told.ends("completed", at="30:00")


def test_it_lasts_until_both_are_back_and_not_for_the_next_loss():
    told = kept().at("15:00", seeker.connects()).at("16:00", seeker.steps_out()).at("19:00")
    assert holds(told) == [moment("26:00")]
    told.ends("interrupted", "seeker", at="26:00")


def test_who_is_lost_meanwhile_is_waited_for_as_long():
    told = kept().at("15:00", supporter.loses_line()).at("26:00")
    assert holds(told) == [moment("30:00"), moment("30:00")]
    told.at("27:00", seeker.connects()).is_in("interrupted")
    told.at("28:00", supporter.comes_back()).is_in("live")


def test_a_lost_supporter_is_waited_for_and_the_seeker_may_go_all_the_same():
    told = live().at("10:00", supporter.steps_out()).at("14:00", office.keeps_the_seats())
    told.at("29:00").is_in("interrupted").has_verdict("interrupted", "supporter")
    told.at("29:10", seeker.wants_another_date()).ends("interrupted", "supporter", at="29:10")


@pytest.mark.parametrize("at", ["11:00", "13:00"])
@pytest.mark.parametrize("who", [seeker, supporter])
def test_the_verdict_and_what_follows_are_those_without_it(who, at):
    without = live().at("10:00", who.steps_out()).at("13:00")
    with_it = live().at("10:00", who.steps_out()).at(at, office.keeps_the_seats()).at("13:00")
    assert with_it.session.verdict == without.session.verdict
    assert with_it.session.verdict.at == moment("12:00")
    cause = without.session.verdict.cause.value
    without.ends("interrupted", cause, at="20:00")
    with_it.ends("interrupted", cause, at="30:00")
    assert with_it.session.consequence == without.session.consequence


def test_it_never_lasts_past_the_end():
    told = live().at("25:00", seeker.steps_out()).at("26:00", office.keeps_the_seats())
    told.ends("interrupted", "seeker", at="30:00")
    early = live().at("1:00", office.plans_maintenance("20:00"))
    early.at("10:00", seeker.steps_out()).at("11:00", office.keeps_the_seats())
    early.ends("interrupted", "seeker", at="20:00")


def test_where_the_end_is_moved_it_moves_along():
    told = live(EXTENSIBLE).at("10:00", seeker.steps_out()).at("11:00", office.keeps_the_seats())
    told.at("12:30", office.moves_the_end("40:00"), server.holds_the_end("40:00"))
    told.at("39:00").is_in("interrupted").ends("interrupted", "seeker", at="40:00")


def test_twice_is_once():
    told = kept().at("15:00")
    before = told.session
    told.at("15:00", office.keeps_the_seats("person-other"))
    assert told.session is before
    [line] = [it for it in told.records if it.name == "seats.kept"]
    assert (line.at, dict(line.data)) == (moment("14:00"), {"by": "person-clerk"})


def test_the_supporter_does_not_release_what_the_office_keeps():
    told = kept().at("15:00", supporter.releases_the_seeker()).is_refused("seat_kept")
    told.at("16:00", office.ends()).ends("interrupted", "seeker", at="16:00")


@pytest.mark.parametrize(
    "told",
    [
        lambda: story().at("-12:00"),
        lambda: both_in_lobby().at("-5:00"),
        lambda: both_in_lobby().at("4:00", seeker.closes_page()),
        lambda: live().at("10:00"),
        lambda: live().at("10:00", seeker.closes_page()).at("10:05", supporter.closes_page()),
        lambda: live().at("10:00", supporter.asks_to_end(), seeker.closes_page()),
    ],
    ids=[
        "booked",
        "doors open",
        "lost before it began",
        "live",
        "goodbye",
        "closed on the question",
    ],
)
def test_where_nobody_is_waited_for_there_is_nothing_to_hold(told):
    shown = told()
    before = shown.session
    shown.take(office.keeps_the_seats()(shown))
    shown.is_refused("nothing_to_hold")
    assert shown.session is before


def test_after_the_end_there_is_nothing_to_hold():
    told = live().at("5:00", seeker.ends()).at("6:00", office.keeps_the_seats())
    told.is_refused("session_over").ends("completed", at="5:00", reason="seeker_ended")


def test_who_said_that_it_was_not_finished_may_be_waited_for():
    told = live().at("10:00", seeker.closes_page()).at("10:05", supporter.closes_page())
    told.at("10:30", supporter.connects()).at("10:40", supporter.says_finished(yes=False))
    told.at("11:00", office.keeps_the_seats()).at("29:00").is_in("interrupted")


def test_who_closes_the_page_while_a_seat_is_kept_says_goodbye_to_nobody():
    told = live().at("10:00", seeker.closes_page()).at("10:30", office.keeps_the_seats())
    told.at("10:40", supporter.closes_page()).at("12:00")
    assert told.session.goodbye is None
    told.at("29:00").is_in("interrupted")


def test_on_the_telephone_too():
    told = by_phone(KUMAGAYA, "30:00").at("0:00", supporter.connects())
    told.at("1:00", supporter.reports("calling"), supporter.reports("answered"))
    told.at("10:00", supporter.reports("no_answer")).at("11:00", office.keeps_the_seats())
    told.at("25:00", supporter.reports("answered")).is_in("live")


def test_a_gap_of_ours_leaves_it_as_it_is():
    told = kept().at("15:00").is_alone("15:00", "18:00")
    told.at("29:00").is_in("interrupted")
    assert told.session.is_kept


def test_a_short_hold_does_not_ring_in_the_past_when_who_was_kept_is_back():
    hasty = replace(KUMAGAYA, hold=span("3:00"))
    told = live(hasty).at("10:00", seeker.steps_out()).at("11:00", office.keeps_the_seats())
    told.at("12:00", supporter.loses_line()).at("20:00", seeker.connects()).is_in("interrupted")
    assert all(at > told.now + timedelta() for at in holds(told))
