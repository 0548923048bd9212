"""The next session is booked during this one (KUMAGAYA 6(2))."""

from tests.orchestrator.policy.scenario import (
    both_in_lobby,
    companion,
    live,
    office,
    seeker,
    span,
    supporter,
)


def asked():
    return live().at("20:00", supporter.wants_the_next_session())


def test_either_may_ask_and_slots_are_looked_for_once():
    told = asked().at("20:05", seeker.wants_the_next_session())
    assert len(told.published("next.opened")) == 1
    assert told.session.following.state.value == "open"


def test_a_slot_is_proposed_chosen_and_told_to_both_while_they_talk():
    told = asked().at("20:01", office.proposes_next("a", "b")).at("20:30", office.books_next("a"))
    told.is_in("live")
    assert told.session.following.new_session == "s-a"
    assert [it.recipient for it in told.published("next.chosen")] == ["seeker", "supporter"]
    told.at("21:00", supporter.wants_the_next_session()).is_refused("next_booked")
    told.ends("completed", at="30:00", reschedule=False)


def test_two_choices_are_one_booking():
    told = asked().at("20:01", office.proposes_next("a", "b")).at("20:30", office.books_next("a"))
    told.at("20:30", office.books_next("b"))
    assert told.session.following.new_session == "s-a"


def test_the_choice_may_come_after_the_end():
    told = asked().at("20:01", office.proposes_next("a")).ends("completed", at="30:00")
    told.jumps_to("60:00", office.books_next("a"))
    assert told.session.following.state.value == "chosen"


def test_for_now_none_and_later_again():
    told = asked().at("20:10", office.hears_no_more_dates("next"))
    assert told.session.following.state.value == "declined"
    told.at("25:00", seeker.wants_the_next_session())
    assert told.session.following.state.value == "open"


def test_nobody_chooses_for_two_weeks():
    told = asked().ends("completed", at="30:00")
    told.now += span("30000:00")
    told.jumps_to("30000:00").at("30001:00")
    assert told.session.following.state.value == "expired"


def test_it_has_nothing_to_do_with_another_date_for_this_one():
    told = asked().at("20:01", office.books("a"), office.proposes("b"))
    assert told.session.following.options == ()
    told.has_reschedule(None)


def test_when_nothing_can_be_booked():
    both_in_lobby().at("1:00", seeker.wants_the_next_session()).is_refused("not_live")
    live().at("1:00", companion.wants_the_next_session()).is_refused("not_your_seat")
    over = live().at("1:00", seeker.ends())
    over.at("1:01", seeker.wants_the_next_session()).is_refused("session_over")
