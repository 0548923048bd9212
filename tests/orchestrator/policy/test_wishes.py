"""What people ask for: to end early, to end now, to cancel, another date."""

from dataclasses import replace

import pytest

from orchestrator.policy.endings import if_finished
from orchestrator.policy.events import Cancelled
from orchestrator.policy.model import Cause, Quota, SessionId
from tests.orchestrator.policy.scenario import (
    KUMAGAYA,
    Story,
    both_in_lobby,
    companion,
    live,
    moment,
    office,
    seeker,
    story,
    supporter,
)

# The supporter asks to end (IX 6-5)


def test_nothing_ends_early_until_the_seeker_says_yes():
    (
        live()
        .at("10:00", supporter.asks_to_end(), supporter.asks_to_end())
        .is_asked("end_early")
        .at("14:00")
        .is_in("live")
        .at("14:00", seeker.says(yes=True))
        .ends("completed", at="14:00", reason="both_agreed")
    )


def test_asked_again_it_is_the_same_question():
    told = live().at("10:00", supporter.asks_to_end())
    asked = told.session
    told.at("12:00", supporter.asks_to_end()).is_asked("end_early")
    assert told.session == asked, "and it is not refused"


def test_what_an_end_would_count_as_is_what_it_counts_as():
    unseen = both_in_lobby().at("0:00", supporter.admits(seeker))
    lost = live().at("10:00", supporter.loses_line()).at("12:00")
    restored = Quota.RESTORED
    for told, quota in ((live(), Quota.USED), (unseen, restored), (lost, restored)):
        foretold = if_finished(told.session, told.now)
        assert foretold.quota is quota
        assert told.at("13:00", seeker.ends()).session.consequence == foretold


def test_a_no_leaves_everything_as_it_is():
    (
        live()
        .at("10:00", supporter.asks_to_end())
        .at("10:05", seeker.says(yes=False))
        .is_asked(None)
        .at("10:06", seeker.says(yes=True))
        .is_refused("nothing_asked")
        .ends("completed", at="30:00", reason="hard_end")
    )


def test_the_supporter_cannot_answer_for_the_seeker():
    (
        live()
        .at("10:00", supporter.asks_to_end(), supporter.says(yes=True))
        .is_refused("not_your_seat")
        .is_in("live")
    )


def test_while_the_seeker_is_lost_the_supporter_waits_for_the_grace():
    (
        live()
        .at("10:00", seeker.loses_line(), supporter.asks_to_end())
        .is_refused("wait_for_grace")
        .is_in("interrupted")
    )


def test_nobody_asks_to_end_what_is_not_live():
    told = both_in_lobby().at("1:00", supporter.asks_to_end()).is_refused("not_live")
    told.at("1:01", seeker.asks_to_end()).is_refused("not_your_seat")


def test_the_page_closed_on_the_open_question_is_a_yes():
    (
        live()
        .at("10:00", supporter.asks_to_end())
        .at("10:10", seeker.closes_page())
        .at("10:14.999")
        .is_not_over()
        .ends("completed", at="10:15", reason="closed_on_question")
    )


def test_a_goodbye_slower_than_the_line_is_a_yes_as_well():
    (
        live()
        .at("10:00", supporter.asks_to_end())
        .at("10:10", seeker.loses_line())
        .at("10:12", seeker.closes_page(), seeker.closes_page())
        .ends("completed", at="10:17", reason="closed_on_question")
    )


def test_a_reload_on_the_open_question_is_no_yes():
    (
        live()
        .at("10:00", supporter.asks_to_end())
        .at("10:10", seeker.closes_page())
        .at("10:11", seeker.connects())
        .is_in("live")
        .is_asked("end_early")
        .at("10:20", seeker.says(yes=False))
        .ends("completed", at="30:00", reason="hard_end")
    )


def test_a_line_lost_on_the_open_question_is_no_yes():
    (
        live()
        .at("10:00", supporter.asks_to_end())
        .at("10:10", seeker.loses_line(), seeker.goes_silent())
        .ends("interrupted", "seeker", at="20:10", reason="seeker_connection_lost")
    )


def test_closed_on_the_question_when_the_end_comes_is_a_yes():
    (
        live(since="29:00")
        .at("29:50", supporter.asks_to_end())
        .at("29:58", seeker.closes_page())
        .ends("completed", at="30:00", reason="closed_on_question")
    )


# The seeker ends


def test_the_seeker_ends_at_once():
    live().at("12:34", seeker.ends()).ends("completed", at="12:34", reason="seeker_ended")


def test_before_live_the_seekers_end_is_a_cancellation():
    both_in_lobby().at("1:00", seeker.ends()).ends("cancelled", "seeker", at="1:00")


def test_only_the_seeker_ends_at_once():
    live().at("12:00", supporter.ends()).is_refused("not_your_seat").is_in("live")


def test_it_does_not_work_goes_to_attribution():
    (
        live()
        .at("10:00", supporter.loses_line())
        .at("10:30", seeker.ends(works=False))
        .ends("interrupted", "supporter", at="10:30", reason="supporter_connection_lost")
    )


def test_it_does_not_work_and_nobody_is_lost_stays_unknown():
    told = live().at("10:00", seeker.ends(works=False))
    told.ends("interrupted", "unknown", at="10:00", reason="does_not_work", reschedule=True)
    assert told.session.consequence.confirm, "a scheduler looks at it"


def test_it_never_worked_is_not_held():
    (
        both_in_lobby()
        .at("0:00", supporter.admits(seeker))
        .at("0:40", seeker.ends(works=False))
        .ends("not_held", "platform", at="0:40", reason="both_never_connected")
    )


@pytest.mark.parametrize("works", [True, False])
def test_what_never_flowed_was_never_held_whatever_people_say_on_leaving(works):
    told = both_in_lobby().at("0:00", supporter.admits(seeker))
    told.at("0:40", seeker.ends(works=works)).ends("not_held", "platform", reschedule=True)
    asked = both_in_lobby().at("0:00", supporter.admits(seeker))
    asked.at("1:00", supporter.asks_to_end()).at("1:05", seeker.says(yes=True))
    asked.ends("not_held", "platform", at="1:05")


def test_it_never_worked_although_both_connections_came_up():
    told = both_in_lobby().at("0:00", supporter.admits(seeker))
    told.at("0:02", seeker.is_heard(), supporter.is_heard()).at("0:40", seeker.ends(works=False))
    told.ends("not_held", "unknown", at="0:40", reason="does_not_work")


def test_what_broke_off_before_a_packet_went_both_ways_was_never_held():
    told = both_in_lobby().at("0:00", supporter.admits(seeker))
    told.at("0:02", seeker.is_heard(), supporter.is_heard()).at("0:30", supporter.loses_line())
    told.ends("not_held", "supporter", reschedule=True)


def test_a_seeker_who_goes_where_nothing_ever_came_is_not_convicted():
    told = both_in_lobby().at("0:00", supporter.admits(seeker)).at("0:02", seeker.is_heard())
    told.at("1:00", seeker.steps_out()).ends("not_held", "supporter", reschedule=True)
    both = both_in_lobby().at("0:00", supporter.admits(seeker))
    both.at("0:02", seeker.is_heard(), supporter.is_heard()).at("1:00", seeker.steps_out())
    both.ends("not_held", "unknown", reason="media_never_flowed")


def test_an_end_after_the_supporters_grace_keeps_the_verdict():
    (
        live()
        .at("10:00", supporter.loses_line())
        .at("13:00", seeker.ends())
        .ends("interrupted", "supporter", at="13:00", reschedule=True)
    )


def test_an_end_before_the_doors_open_is_a_cancellation_too():
    story().at("-12:00", seeker.connects(), seeker.ends()).ends("cancelled", "seeker", at="-12:00")


def test_the_supporters_end_is_no_cancellation():
    story().at("-5:00", supporter.connects(), supporter.ends()).is_refused("not_your_seat").is_in(
        "open"
    )


# The office cancels


@pytest.mark.parametrize("by", ["seeker", "supporter", "office", "maintenance"])
@pytest.mark.parametrize("when", ["-14:00", "-5:00", "5:00"])
def test_a_booking_that_is_not_yet_live_is_cancelled(by, when):
    (
        story()
        .at(when, office.cancels(by))
        .ends("cancelled", by, at=when, reschedule=by != "seeker")
        .at("10:00", office.cancels(by))
        .ends("cancelled", by, at=when)
    )


def test_a_live_session_is_not_cancelled():
    live().at("10:00", office.cancels()).is_in("live").ends("completed", at="30:00")


# Another date (IX 6-7)


def test_slots_are_proposed_and_one_is_chosen_once():
    told = story().ends("supporter_no_show", "supporter").at("11:00", office.proposes("a", "b"))
    version = told.session.version
    told.at("11:01", office.proposes("a", "b"))
    assert told.session.version == version, "proposed twice is proposed once"
    told.at("12:00", office.books("a")).has_reschedule("chosen")
    chosen = told.session
    told.at("12:01", office.books("b"), office.books("a"), office.hears_no_more_dates())
    assert told.session is chosen, "booked twice is booked once"
    assert chosen.reschedule.new_session == "s-a"


def test_no_slot_is_free_and_that_is_known():
    told = story().ends("supporter_no_show", "supporter").at("11:00", office.proposes())
    assert told.session.reschedule.is_proposed
    assert told.session.reschedule.options == ()


def test_a_reschedule_is_open_for_two_weeks():
    told = story().ends("supporter_no_show", "supporter", at="10:00")
    fortnight = 14 * 24 * 60
    told.jumps_to(f"{fortnight + 9}:59.999", office.proposes("a")).has_reschedule("open")
    told.jumps_to(f"{fortnight + 10}:00", office.hears_no_more_dates()).has_reschedule("expired")


def test_what_was_booked_while_the_offer_ran_out_is_booked():
    told = story().ends("supporter_no_show", "supporter", at="10:00")
    told.jumps_to(f"{14 * 24 * 60 + 10}:00.001", office.books("a")).has_reschedule("chosen")
    assert len(told.published("reschedule.chosen")) == 2


def test_a_seeker_may_decline_another_date():
    told = story().ends("supporter_no_show", "supporter")
    told.at("12:00", office.hears_no_more_dates()).has_reschedule("declined")
    told.at("12:01", office.proposes("a")).has_reschedule("declined")


def test_a_booking_that_was_made_in_the_same_moment_as_the_no_is_no_secret():
    told = story().ends("supporter_no_show", "supporter")
    told.at("12:00", office.hears_no_more_dates(), office.books("a")).has_reschedule("chosen")
    assert len(told.published("reschedule.chosen")) == 2


def test_a_date_whose_booking_was_cancelled_is_not_chosen_any_more():
    told = story().ends("supporter_no_show", "supporter").at("11:00", office.books("a"))
    told.at("11:01", office.cancels_what_was_booked("b")).has_reschedule("chosen")
    told.at("11:02", office.cancels_what_was_booked("a")).has_reschedule("cancelled")
    told.at("11:03", office.books("a"), office.hears_no_more_dates()).has_reschedule("cancelled")
    told.at("11:04", office.cancels_what_was_booked("a")).has_reschedule("cancelled")


def test_a_cancelled_booking_that_was_chosen_nowhere_changes_nothing():
    told = live()
    version = told.session.version
    told.at("5:00", office.cancels_what_was_booked("a"))
    assert told.session.version == version


@pytest.mark.parametrize("origin", ["previous", "follows"])
def test_the_session_in_which_it_was_chosen_learns_that_it_is_cancelled(origin):
    plain = story().at("-5:00", office.cancels())
    assert plain.published("chosen.cancelled") == []
    chosen = Story(replace(plain.first, **{origin: SessionId("s-0")}))
    chosen.at("-5:00", office.cancels())
    assert len(chosen.published("chosen.cancelled")) == 1


def test_slots_are_nothing_to_a_session_that_runs():
    told = live()
    version = told.session.version
    told.at("5:00", office.proposes("a"), office.books("a"), office.hears_no_more_dates())
    assert told.session.version == version


def test_a_slot_chosen_before_the_end_is_not_offered_again():
    told = (
        live()
        .at("10:00", supporter.loses_line())
        .at("12:01", office.proposes("a"))
        .at("12:30", supporter.comes_back())
        .is_in("live")
        .at("13:00", office.books("a"))
        .is_in("live")
        .has_reschedule("chosen")
    )
    told.ends("interrupted", "supporter", at="30:00").has_reschedule("chosen")
    assert len(told.published("reschedule.opened")) == 1


def test_an_open_reschedule_counts_from_the_end():
    told = live().at("10:00", supporter.loses_line()).ends("interrupted", "supporter", at="20:00")
    assert told.session.reschedule.expires_at == moment("20:00") + KUMAGAYA.reschedule_for


def test_a_programme_may_ask_the_seeker_without_another_date():
    table = {key: replace(value, reschedule=False) for key, value in KUMAGAYA.consequences.items()}
    told = live(replace(KUMAGAYA, consequences=table)).at("10:00", supporter.loses_line())
    told.at("12:00").is_asked("wait_or_reschedule").has_reschedule(None)
    told.at("12:01", seeker.wants_another_date()).ends("interrupted", "supporter", at="12:01")
    told.has_reschedule(None)


def test_a_programme_without_that_outcome_gives_nothing_back():
    bare = replace(KUMAGAYA, consequences={})
    story(bare).ends("supporter_no_show", "supporter", strike=False, reschedule=False)


# Who may ask what


def test_nobody_else_speaks_for_the_seeker():
    told = live().at("10:00", supporter.loses_line()).at("12:00").is_asked("wait_or_reschedule")
    told.at("12:01", companion.waits()).is_refused("not_your_seat")
    told.at("12:01", companion.wants_another_date()).is_refused("not_your_seat")
    told.at("12:01", companion.releases_the_seeker()).is_refused("not_your_seat")


def test_there_is_nothing_to_wait_for_when_nobody_is_lost():
    live().at("10:00", seeker.waits()).is_refused("nothing_asked").is_in("live")


def test_the_end_question_is_no_wait_question():
    told = live().at("10:00", supporter.asks_to_end(), seeker.waits()).is_refused("nothing_asked")
    told.is_asked("end_early")


@pytest.mark.parametrize(
    "late",
    [
        seeker.ends(),
        seeker.says(yes=True),
        seeker.waits(),
        seeker.wants_another_date(),
        seeker.joins(),
        seeker.steps_out(),
        supporter.asks_to_end(),
        supporter.releases_the_seeker(),
        supporter.admits(seeker),
    ],
)
def test_whatever_people_want_after_the_end_is_refused(late):
    told = live().at("10:00", seeker.ends())
    ended = told.session
    told.at("10:01", late).is_refused("session_over")
    assert told.session is ended


def test_who_cannot_be_booked_is_offered_no_other_date_when_the_office_cancels():
    told = story()
    told.take(Cancelled(Cause.OFFICE, "person-clerk", offers_date=False))
    told.ends("cancelled", "office", reschedule=False)
    assert told.published("reschedule.opened") == []
    assert not told.session.consequence.reschedule
