"""A start that is late, and not through the seeker: begin now, or another date (IX 6-7)."""

import pytest

from orchestrator.policy.model import Cause
from tests.orchestrator.policy.scenario import (
    IX,
    KUMAGAYA,
    both_in_lobby,
    live,
    office,
    seeker,
    server,
    story,
    supporter,
)


def late(rules=KUMAGAYA, came="5:00"):
    """The seeker has waited since the start; the supporter comes at last."""
    return (
        story(rules)
        .at("-1:00", seeker.connects(), seeker.joins())
        .at(came, supporter.connects(), supporter.joins())
    )


@pytest.mark.parametrize("rules", [KUMAGAYA, IX], ids=lambda rules: rules.programme)
def test_the_seeker_is_asked_when_the_supporter_is_late_past_the_tolerance(rules):
    late(rules).is_asked("begin_or_reschedule").is_in("waiting")


def test_two_minutes_are_tolerated():
    late(came="2:00").is_asked(None)
    late(came="2:00.001").is_asked("begin_or_reschedule")


def test_what_the_supporter_presses_meanwhile_counts_with_the_seekers_yes():
    told = late().at("5:05", supporter.admits(seeker)).is_refused("asking_seeker")
    told.is_in("waiting").at("5:20", seeker.begins()).is_in("live").is_asked(None)
    told.at("5:21", server.sees_media_flow()).ends("completed", at="30:00", reschedule=False)


def test_with_the_yes_the_right_to_another_date_is_gone():
    told = late().at("5:20", seeker.begins()).at("5:30", supporter.admits(seeker)).is_in("live")
    told.at("10:00", seeker.wants_another_date()).is_refused("nothing_asked")


def test_another_date_is_the_supporters_lateness():
    late().at("5:30", seeker.wants_another_date()).ends(
        "supporter_late", "supporter", at="5:30", reason="late_start", strike=False, reschedule=True
    )


def test_no_answer_in_a_minute_begins_and_keeps_the_right_until_the_end():
    told = late().at("5:05", supporter.admits(seeker)).is_refused("asking_seeker")
    told.at("5:59.999").is_in("waiting").at("6:00").is_in("live").is_asked(None)
    told.at("6:01", server.sees_media_flow()).at("20:00", seeker.wants_another_date())
    told.ends("supporter_late", "supporter", at="20:00", reschedule=True)


def test_a_right_that_nobody_uses_changes_nothing():
    told = late().at("5:05", supporter.admits(seeker)).is_refused("asking_seeker")
    told.at("6:01", server.sees_media_flow()).ends("completed", at="30:00", reschedule=False)


def test_whoever_is_gone_when_the_minute_is_over_is_not_let_in():
    told = late().at("5:05", supporter.admits(seeker)).is_refused("asking_seeker")
    told.at("5:30", seeker.loses_line()).at("6:00").is_in("waiting").is_asked(None)
    told.at("6:30", seeker.connects()).is_asked(None).at("6:31", supporter.admits(seeker))
    told.is_in("live")


def test_the_seeker_is_asked_once():
    told = late().at("5:10", supporter.loses_line()).at("5:20", seeker.begins()).is_asked(None)
    told.at("9:00", supporter.connects()).is_asked(None)


def test_a_seeker_who_was_away_when_the_supporter_came_is_asked_on_the_way_back():
    (
        story()
        .at("-1:00", seeker.connects(), seeker.joins())
        .at("4:30", seeker.loses_line())
        .at("5:00", supporter.connects(), supporter.joins())
        .is_asked(None)
        .at("5:20", seeker.connects())
        .is_asked("begin_or_reschedule")
    )


def test_our_own_absence_at_the_start_is_our_lateness():
    told = story().at("-1:00", seeker.connects(), seeker.joins()).is_alone("-0:10", "4:00")
    told.at("4:05", seeker.connects(), supporter.connects(), supporter.joins())
    told.is_asked("begin_or_reschedule").at("4:10", seeker.wants_another_date())
    told.ends("not_held", "platform", reason="late_start_ours", reschedule=True)


def test_a_start_that_the_store_delayed_is_our_lateness():
    told = both_in_lobby().is_alone("0:00", "4:00", new_node=False)
    told.at("4:05", seeker.ends()).ends("not_held", "platform", reason="late_start_ours")


def test_a_short_restart_of_ours_is_no_lateness():
    told = story().at("-1:00", seeker.connects(), seeker.joins()).is_alone("0:10", "0:40")
    told.at("0:45", seeker.connects(), supporter.connects()).is_asked(None)


def test_who_goes_while_the_supporter_is_late_has_not_cancelled():
    told = story().at("-1:00", seeker.connects(), seeker.joins()).at("2:00.001", seeker.ends())
    told.ends("supporter_late", "supporter", reason="late_start", reschedule=True)
    late().at("5:10", seeker.ends()).ends("supporter_late", "supporter", at="5:10")


def test_who_goes_within_the_tolerance_has_cancelled():
    told = story().at("-1:00", seeker.connects(), seeker.joins()).at("2:00", seeker.ends())
    told.ends("cancelled", "seeker")


def test_nobody_else_answers_and_nothing_is_answered_twice():
    told = late().at("5:05", supporter.begins()).is_refused("not_your_seat")
    told.at("5:06", seeker.begins()).at("5:07", seeker.begins()).is_refused("nothing_asked")
    live().at("1:00", seeker.ends()).at("1:01", seeker.begins()).is_refused("session_over")


def test_admitted_in_the_last_minute_while_the_seeker_was_asked_is_the_lateness_and_not_the_door():
    held = office.notes(supporter, until="29:50")
    told = story().at("-1:00", seeker.connects(), seeker.joins(), held)
    told.at("29:20", supporter.connects(), supporter.joins()).is_asked("begin_or_reschedule")
    told.at("29:30", supporter.admits(seeker)).is_refused("asking_seeker")
    told.ends("supporter_late", "supporter", at="30:00", reschedule=True)


# A supporter whom we lost


def test_a_supporter_who_was_there_and_whom_we_lost_is_not_late():
    told = both_in_lobby().is_alone("0:05", "0:20").at("0:30", seeker.connects())
    told.at("3:00", supporter.connects()).is_asked("begin_or_reschedule")
    assert told.session.late is Cause.PLATFORM
    told.at("3:10", seeker.wants_another_date())
    told.ends("not_held", "platform", reason="late_start_ours", reschedule=True)


def test_a_supporter_who_fell_with_many_others_is_not_late():
    told = both_in_lobby().at("0:05", supporter.loses_line())
    told.at("0:06", supporter.is_observed("lost_nearby", 7))
    told.at("3:00", supporter.connects()).is_asked("begin_or_reschedule")
    assert told.session.late is Cause.PLATFORM


def test_a_supporter_whose_own_line_fell_is_late():
    told = both_in_lobby().at("0:05", supporter.loses_line())
    told.at("3:00", supporter.connects()).is_asked("begin_or_reschedule")
    assert told.session.late is Cause.SUPPORTER


def test_a_supporter_who_was_late_before_we_lost_them_stays_late():
    told = story().at("-1:00", seeker.connects(), seeker.joins()).at("2:30", supporter.connects())
    told.is_asked("begin_or_reschedule").is_alone("2:40", "2:50").at("2:55", seeker.connects())
    told.at("4:00", supporter.connects()).at("4:10", seeker.wants_another_date())
    told.ends("supporter_late", "supporter")


def test_a_supporter_whom_we_lost_and_who_is_back_within_the_tolerance_delays_nobody():
    told = both_in_lobby().is_alone("0:05", "0:20").at("0:30", seeker.connects())
    told.at("2:00", supporter.connects()).is_asked(None)


def test_a_seeker_who_waited_for_a_supporter_whom_we_lost_and_left_has_missed_nothing():
    told = both_in_lobby().is_alone("0:05", "0:20").at("0:30", seeker.connects())
    told.at("4:00", seeker.closes_page(), seeker.is_observed("page_offline", 9.0))
    told.at("5:00", supporter.connects())
    told.ends("not_held", "platform", at="10:15", strike=False, reschedule=True)
    told = both_in_lobby().is_alone("0:05", "0:20").at("0:30", seeker.connects())
    told.at("9:30", seeker.closes_page()).at("10:00", supporter.connects())
    told.ends("not_held", "platform", at="10:15")


def test_our_second_absence_is_counted_once():
    told = both_in_lobby().is_alone("0:00", "0:20").at("0:30", seeker.connects())
    told.is_alone("0:40", "1:20").at("1:30", seeker.connects())
    # Away for a minute in all, and waited for from 0:30 to 0:40 and from 1:30 on.
    told.at("2:20", supporter.connects()).is_asked(None)
