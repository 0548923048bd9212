"""The cutoff table of product.md, row by row and at its edges. KUMAGAYA 6(4), SAKAI 2(4), IX 6-3, IX 6-7."""

from dataclasses import replace

import pytest

from orchestrator.policy.turn import RINGS
from tests.orchestrator.policy.scenario import (
    IX,
    KUMAGAYA,
    SAKAI,
    Story,
    booking,
    both_in_lobby,
    companion,
    moment,
    office,
    seeker,
    server,
    story,
    supporter,
)


@pytest.mark.parametrize("rules", [KUMAGAYA, SAKAI], ids=lambda rules: rules.programme)
def test_a_seeker_who_never_comes_is_a_no_show_at_ten_minutes_with_a_strike(rules):
    (
        story(rules)
        .at("-5:00", supporter.connects())
        .at("9:59.999")
        .is_in("waiting")
        .ends("seeker_no_show", "seeker", at="10:00", strike=True, reschedule=False)
    )


def test_ix_knows_no_strikes():
    (
        story(IX, "60:00")
        .at("-5:00", supporter.connects())
        .at("0:00", server.sends_the_message())
        .ends("seeker_no_show", "seeker", at="10:00", strike=False, reschedule=False)
    )


def test_nobody_there_is_the_supporters_no_show_with_another_date():
    story().ends("supporter_no_show", "supporter", at="10:00", strike=False, reschedule=True)


def test_a_seeker_alone_sees_the_supporters_no_show():
    (
        story()
        .at("-5:00", seeker.connects())
        .at("9:59.999")
        .is_in("waiting")
        .ends("supporter_no_show", "supporter", at="10:00", reschedule=True)
    )


def test_a_seeker_who_fights_with_the_camera_at_the_door_is_present():
    (
        story()
        .at("0:00", supporter.connects())
        .at("9:59.999", seeker.connects())
        .at("10:00")
        .is_in("waiting")
        .has(seeker, "at_door")
    )


def test_join_at_the_very_instant_of_the_cutoff_is_late():
    (
        story()
        .at("0:00", supporter.connects())
        .jumps_to("10:00", seeker.connects())
        .is_in("ended")
        .ends("seeker_no_show", "seeker", at="10:00")
    )


def test_a_millisecond_before_the_cutoff_is_in_time_even_when_no_timer_rang():
    (
        story()
        .at("0:00", supporter.connects())
        .jumps_to("9:59.999", seeker.connects())
        .at("10:00")
        .is_not_over()
    )


def test_a_late_timer_judges_the_cutoff_at_its_own_time():
    (
        story()
        .at("0:00", supporter.connects())
        .jumps_to("17:23", seeker.connects())
        .ends("seeker_no_show", "seeker", at="10:00")
    )


def test_both_there_goes_on_past_the_cutoff_and_may_still_become_live():
    (
        both_in_lobby()
        .at("10:00")
        .is_in("waiting")
        .at("25:00", supporter.admits(seeker), server.sees_media_flow())
        .is_in("live")
        .ends("completed", at="30:00")
    )


def test_a_seeker_who_is_never_admitted_was_not_held_by_the_supporter():
    both_in_lobby().ends("not_held", "supporter", at="30:00", reason="never_admitted")


def test_a_seeker_who_never_leaves_the_door_was_not_held_for_a_cause_unknown():
    (
        story()
        .at("-5:00", supporter.connects(), supporter.joins(), seeker.connects())
        .ends("not_held", "unknown", at="30:00", reason="never_joined")
    )


def test_waited_eight_minutes_and_gone_before_the_supporter_came_is_the_supporters_lateness():
    (
        story()
        .at("0:00", seeker.connects())
        .at("8:00", seeker.closes_page())
        .at("9:00", supporter.connects())
        .at("9:59.999")
        .is_not_over()
        .ends("supporter_late", "supporter", at="10:00", strike=False, reschedule=True)
    )


@pytest.mark.parametrize(
    ("left", "outcome", "cause"),
    [("2:00", "not_held", "unknown"), ("2:00.001", "supporter_late", "supporter")],
)
def test_the_tolerance_is_two_minutes_and_not_a_moment_less(left, outcome, cause):
    (
        story()
        .at("-1:00", seeker.connects())
        .at(left, seeker.closes_page())
        .at("5:00", supporter.connects())
        .ends(outcome, cause, at="10:00")
    )


def test_waiting_before_the_start_does_not_count_as_waiting():
    (
        story()
        .at("-10:00", seeker.connects())
        .at("1:30", seeker.closes_page())
        .at("5:00", supporter.connects())
        .ends("not_held", "unknown", at="10:00", reason="seeker_page_closed_only")
    )


def test_was_there_after_the_start_and_left_in_good_time_is_not_held_and_never_a_no_show():
    (
        story()
        .at("-1:00", supporter.connects(), seeker.connects())
        .at("3:00", seeker.closes_page())
        .ends("not_held", "unknown", at="10:00", strike=False)
    )


def test_a_seeker_lost_before_the_cutoff_has_the_grace_first():
    (
        story()
        .at("-1:00", supporter.connects(), seeker.connects())
        .at("9:30", seeker.loses_line())
        .at("11:29.999")
        .is_not_over()
        .ends("not_held", "unknown", at="11:30")
    )


def test_a_seeker_back_within_that_grace_changes_nothing():
    (
        both_in_lobby()
        .at("9:30", seeker.loses_line())
        .at("11:29", seeker.comes_back())
        .has(seeker, "lobby")
        .at("12:00", supporter.admits(seeker))
        .is_in("live")
    )


def test_a_seeker_lost_after_the_cutoff_has_passed_is_judged_when_the_grace_ends():
    (
        both_in_lobby()
        .at("15:00", seeker.closes_page())
        .at("16:59.999")
        .is_not_over()
        .ends("not_held", "unknown", at="17:00")
    )


def test_there_before_the_start_only_is_a_no_show():
    (
        story()
        .at("-5:00", seeker.connects(), supporter.connects())
        .at("-0:01", seeker.closes_page())
        .ends("seeker_no_show", "seeker", at="10:00", strike=True)
    )


def test_a_supporter_lost_before_the_cutoff_has_the_grace_and_then_it_is_theirs():
    (
        both_in_lobby()
        .at("9:00", supporter.loses_line())
        .at("10:59.999")
        .is_not_over()
        .ends("supporter_no_show", "supporter", at="11:00", reschedule=True)
    )


def test_a_supporter_lost_early_has_no_grace_left_at_the_cutoff():
    both_in_lobby().at("3:00", supporter.loses_line()).ends(
        "supporter_no_show", "supporter", at="10:00"
    )


def test_both_lost_at_once_before_the_cutoff_is_ours():
    (
        both_in_lobby()
        .at("9:00", seeker.loses_line())
        .at("9:03", supporter.loses_line())
        .ends("not_held", "platform", at="11:03", reschedule=True)
    )


def test_a_seeker_who_gave_notice_is_held_to_the_end_and_gets_no_strike():
    (
        story()
        .at("-1:00", seeker.will_be_late())
        .at("0:00", supporter.connects())
        .at("29:59.999")
        .is_in("waiting")
        .ends("seeker_no_show", "seeker", at="30:00", reason="notice_not_kept", strike=False)
    )


def test_a_seeker_who_gave_notice_may_come_at_any_time():
    (
        story()
        .at("9:59", office.notes(seeker))
        .at("9:59", supporter.connects(), supporter.joins())
        .at("22:00", seeker.connects(), seeker.joins(), supporter.admits(seeker))
        .at("22:01", server.sees_media_flow())
        .ends("completed", at="30:00")
    )


def test_a_notice_after_the_cutoff_is_too_late():
    (
        story()
        .at("0:00", supporter.connects())
        .jumps_to("10:00", office.notes(seeker))
        .ends("seeker_no_show", "seeker", at="10:00", strike=True)
    )


def test_a_notice_about_a_companion_holds_nothing():
    held = story().at("0:00", supporter.connects(), office.notes(seeker))
    assert held.session.seeker_notice is not None
    (
        story()
        .at("0:00", supporter.connects(), office.notes(companion))
        .ends("seeker_no_show", "seeker", at="10:00")
    )


def test_the_offices_notice_holds_the_seeker_until_the_time_named():
    (
        story()
        .at("0:00", seeker.connects())
        .at("5:00", office.notes(supporter, until="15:00"))
        .at("14:59.999")
        .is_in("waiting")
        .ends("supporter_no_show", "supporter", at="15:00", reschedule=True)
    )


def test_the_offices_notice_holds_nobody_who_is_not_there():
    (
        story()
        .at("5:00", office.notes(supporter, until="15:00"))
        .ends("supporter_no_show", "supporter", at="10:00")
    )


def test_a_late_supporter_of_whom_we_knew_goes_on():
    (
        story()
        .at("0:00", seeker.connects(), seeker.joins(), office.notes(supporter, until="15:00"))
        .at("14:00", supporter.connects(), supporter.joins())
        .at("15:00")
        .is_in("waiting")
        .at("15:01", supporter.admits(seeker))
        .is_in("live")
    )


def test_a_notice_until_after_the_slot_holds_to_its_end():
    (
        story()
        .at("0:00", seeker.connects(), office.notes(supporter, until="45:00"))
        .ends("supporter_no_show", "supporter", at="30:00")
    )


def test_a_supporter_who_drops_while_a_noticed_seeker_is_awaited_has_the_grace():
    (
        story()
        .at("0:00", supporter.connects(), office.notes(seeker))
        .at("15:00", supporter.loses_line())
        .at("16:59")
        .is_not_over()
        .ends("supporter_no_show", "supporter", at="17:00")
    )


def test_ix_moves_the_cutoff_until_the_seeker_has_been_rung_for_a_minute():
    (
        story(IX, "60:00")
        .at("9:30", supporter.connects(), server.sends_the_message())
        .at("10:29.999")
        .is_in("waiting")
        .ends("seeker_no_show", "seeker", at="10:30")
    )


def test_ix_has_rung_enough_when_the_supporter_came_a_minute_before():
    (
        story(IX, "60:00")
        .at("9:00", supporter.connects(), server.sends_the_message())
        .ends("seeker_no_show", "seeker", at="10:00")
    )


def test_ringing_counts_from_the_message_and_not_from_the_waiting():
    (
        story(IX, "60:00")
        .at("0:00", supporter.connects())
        .at("9:55", server.sends_the_message())
        .ends("seeker_no_show", "seeker", at="10:55")
    )


def test_a_message_that_never_left_makes_nobody_absent():
    (
        story(IX, "60:00")
        .at("0:00", supporter.connects())
        .ends("not_held", "unknown", at="60:00", reason="seeker_not_rung")
    )


def test_a_call_by_the_supporter_is_ringing_too():
    (
        story(IX, "60:00")
        .at("0:00", supporter.connects())
        .at("9:30", supporter.reports("calling"))
        .ends("seeker_no_show", "seeker", at="10:30")
    )


def test_ringing_begins_with_a_message_and_begins_again_with_the_next_wait():
    told = story(IX, "60:00").at("-5:00", supporter.connects())
    assert told.published("seeker.rung") == []
    told.at("0:00")
    assert len(told.published("seeker.rung")) == 1
    told.at("1:00", seeker.connects()).at("2:00", seeker.loses_line())
    assert len(told.published("seeker.rung")) == 2
    told.at("2:30", supporter.loses_line())
    assert told.session.ringing is None


def test_a_line_that_comes_and_goes_does_not_flood_the_mailbox():
    told = story().at("0:00", supporter.connects())
    for second in range(1, 30):
        told.at(f"0:{second:02d}", supporter.loses_line(), supporter.connects())
    assert len(told.published("seeker.rung")) == RINGS


def test_the_desk_of_an_absent_supporter_rings_when_the_seeker_is_ready():
    told = story().at("-1:00", seeker.connects()).at("0:00")
    assert told.session.ringing is None, "at the door is not ready"
    told.at("0:30", seeker.joins())
    assert told.session.ringing == "supporter"
    assert [it.recipient for it in told.published("supporter.rung")] == ["supporter"]
    assert told.at("1:00", supporter.connects()).session.ringing is None


def test_who_gave_notice_is_not_rung():
    told = story().at("-5:00", supporter.connects(), office.notes(seeker)).at("1:00")
    assert told.published("seeker.rung") == []


def test_kumagaya_needs_no_ringing():
    story().at("9:59", supporter.connects()).ends("seeker_no_show", "seeker", at="10:00")


def test_ringing_that_is_broken_off_starts_where_it_was():
    (
        story(IX, "60:00")
        .at("9:00", supporter.connects(), server.sends_the_message())
        .at("9:40", supporter.closes_page())
        .at("9:50", supporter.connects())
        .at("10:09.999")
        .is_in("waiting")
        .ends("seeker_no_show", "seeker", at="10:10")
    )


def test_ringing_never_lasts_past_the_end():
    long_ringing = replace(IX, ringing=IX.cutoff)
    (
        story(long_ringing, "12:00")
        .at("9:00", supporter.connects(), server.sends_the_message())
        .ends("not_held", "unknown", at="12:00", reason="seeker_not_rung")
    )


def test_a_seeker_who_comes_while_the_phone_rings_is_in_time():
    (
        story(IX, "60:00")
        .at("9:30", supporter.connects(), server.sends_the_message())
        .at("10:29", seeker.connects())
        .at("11:00")
        .is_in("waiting")
    )


def test_a_cutoff_longer_than_the_slot_leaves_the_judgement_to_the_end():
    (
        Story(booking(KUMAGAYA, "8:00"))
        .at("0:00", supporter.connects(), seeker.connects())
        .at("1:00", seeker.closes_page())
        .at("7:59")
        .is_not_over()
        .ends("not_held", "unknown", at="8:00")
    )


def test_the_cutoff_is_fixed_when_the_session_is_booked():
    assert story().session.judge_at == moment("10:00")
