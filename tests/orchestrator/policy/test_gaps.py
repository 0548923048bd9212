"""Our own absence is never held against a person (product.md, Service gap)."""

from dataclasses import replace

import pytest

from orchestrator.policy.effects import ConnectMedia, Warn
from orchestrator.policy.events import ServiceGap
from orchestrator.policy.model import Signal
from tests.orchestrator.policy.scenario import (
    EARLY,
    IX,
    KUMAGAYA,
    both_in_lobby,
    live,
    moment,
    seeker,
    server,
    span,
    story,
    supporter,
)

# The cutoff


def test_a_cutoff_that_falls_into_a_gap_starts_again_at_its_end():
    (
        story()
        .at("0:00", supporter.connects())
        .is_alone("9:00", "11:00")
        .at("11:01", supporter.connects())
        .at("20:59.999")
        .is_in("waiting")
        .ends("seeker_no_show", "seeker", at="21:00")
    )


def test_a_cutoff_that_falls_on_the_end_of_a_gap_starts_again_too():
    (
        story()
        .at("0:00", supporter.connects())
        .is_alone("9:00", "10:00", new_node=False)
        .ends("seeker_no_show", "seeker", at="20:00")
    )


def test_a_cutoff_after_the_gap_is_later_by_what_the_gap_took():
    (
        story()
        .at("0:00", supporter.connects())
        .is_alone("3:00", "5:00", new_node=False)
        .at("11:59.999")
        .is_not_over()
        .ends("seeker_no_show", "seeker", at="12:00")
    )


def test_an_outage_that_was_over_before_the_cutoff_gives_back_what_it_took():
    # Told late, when the next thing happens: here, when the cutoff rings.
    told = story().at("0:00", supporter.connects()).at("7:00")
    told.now = moment("10:00")
    told.take(ServiceGap(moment("7:00"), moment("9:59"), is_new_node=False))
    told.is_not_over().at("12:58.999").is_in("waiting")
    told.ends("seeker_no_show", "seeker", at="12:59", strike=True)


def test_a_gap_before_the_start_takes_nothing_from_the_ten_minutes():
    (
        story()
        .at("-9:00", supporter.connects())
        .is_alone("-5:00", "-1:00", new_node=False)
        .ends("seeker_no_show", "seeker", at="10:00")
    )


def test_a_gap_across_the_start_counts_from_the_start():
    (
        story()
        .at("-9:00", supporter.connects())
        .is_alone("-5:00", "2:00", new_node=False)
        .ends("seeker_no_show", "seeker", at="12:00")
    )


def test_a_cutoff_that_starts_again_beyond_the_end_leaves_it_to_the_end():
    # Not even a loss in between is judged before: the ten minutes after our return are the seeker's.
    (
        story()
        .at("0:00", seeker.connects())
        .is_alone("9:00", "21:00")
        .at("21:10", seeker.connects())
        .at("22:00", seeker.loses_line())
        .at("22:05", seeker.connects())
        .at("29:59.999")
        .is_in("waiting")
        .ends("supporter_no_show", "supporter", at="30:00")
    )


@pytest.mark.parametrize("who", [seeker, supporter])
def test_who_had_less_than_the_time_until_the_cutoff_through_us_is_no_no_show(who):
    told = story().at("0:00", who.connects()).is_alone("2:00", "22:00.001", new_node=False)
    told.ends("not_held", "platform", at="30:00", reason="service_gap", strike=False)


@pytest.mark.parametrize(("who", "absent"), [(seeker, "supporter"), (supporter, "seeker")])
def test_who_had_all_the_time_until_the_cutoff_in_spite_of_us_is_one(who, absent):
    told = story().at("0:00", who.connects()).is_alone("2:00", "22:00", new_node=False)
    told.ends(f"{absent}_no_show", absent, at="30:00")


def test_who_both_came_in_what_we_left_of_the_time_are_judged_as_always():
    told = story().is_alone("2:00", "25:00", new_node=False)
    told.at("26:00", supporter.connects(), supporter.joins())
    told.at("26:10", seeker.connects(), seeker.joins()).is_asked("begin_or_reschedule")
    told.at("27:10").ends("not_held", "supporter", at="30:00", reason="never_admitted")


def test_nobody_is_rung_by_a_server_that_is_away():
    (
        story(IX, "60:00")
        .at("8:30", supporter.connects(), server.sends_the_message())
        .is_alone("8:40", "9:30", new_node=False)
        .at("10:49.999")
        .is_not_over()
        .ends("seeker_no_show", "seeker", at="10:50")
    )


def test_waiting_through_a_gap_of_ours_is_not_the_supporters_lateness():
    (
        story()
        .at("0:00", seeker.connects())
        .is_alone("1:00", "5:00", new_node=False)
        .at("5:30", seeker.closes_page())
        .at("6:00", supporter.connects())
        .ends("not_held", "unknown", at="14:00")
    )


def test_a_seeker_whom_we_lost_before_the_cutoff_is_not_a_no_show():
    (
        both_in_lobby()
        .is_alone("5:00", "5:30")
        .at("5:40", supporter.connects())
        .ends("not_held", "platform", at="10:30", reschedule=True, strike=False)
    )


def test_a_supporter_whom_we_lost_before_the_cutoff_is_not_a_no_show():
    (
        both_in_lobby()
        .is_alone("5:00", "5:30")
        .at("5:40", seeker.connects())
        .ends("not_held", "platform", at="10:30", reschedule=True)
    )


def test_a_gap_long_after_somebody_left_explains_nothing():
    (
        both_in_lobby()
        .at("0:30", seeker.steps_out())
        .is_alone("5:00", "5:02", new_node=False)
        .ends("not_held", "seeker", at="10:02", reason="seeker_stepped_out")
    )


# Graces


def test_a_grace_that_falls_into_a_gap_starts_again_at_its_end():
    (
        live()
        .at("10:00", supporter.loses_line())
        .is_alone("11:00", "13:00", new_node=False)
        .at("14:59.999")
        .has_verdict(None)
        .at("15:00")
        .has_verdict("interrupted", "supporter")
    )


def test_a_grace_that_ends_after_the_gap_is_longer_by_what_it_took():
    (
        live()
        .at("10:00", supporter.loses_line())
        .is_alone("11:00", "11:30", new_node=False)
        .at("12:29.999")
        .has_verdict(None)
        .at("12:30")
        .has_verdict("interrupted", "supporter")
    )


def test_a_grace_that_is_over_before_the_gap_is_over():
    (
        live()
        .at("10:00", supporter.loses_line())
        .is_alone("12:30", "13:30", new_node=False)
        .has_verdict("interrupted", "supporter")
        .ends("interrupted", "supporter", at="20:00")
    )


@pytest.mark.parametrize("rules", [KUMAGAYA, replace(KUMAGAYA, grace_total=span("2:00"))])
def test_our_gap_is_not_taken_from_the_persons_grace(rules):
    told = live(rules, length="60:00").at("10:00", seeker.loses_line())
    told.is_alone("10:30", "20:00", new_node=False).at("20:10", seeker.comes_back()).is_in("live")
    assert told.session.seeker.grace_used == span("0:10")


def test_a_gap_in_the_middle_of_a_grace_is_not_taken_from_it():
    told = live().at("10:00", seeker.loses_line()).is_alone("10:30", "11:00", new_node=False)
    told.at("11:10", seeker.comes_back())
    assert told.session.seeker.grace_used == span("0:40")


def test_a_new_node_loses_everybody_and_gives_a_whole_grace_from_its_start():
    told = live().is_alone("10:00", "14:00").is_in("interrupted")
    assert told.session.seeker.loss.at == moment("10:00"), (
        "lost when we were, not when we came back"
    )
    told.at("15:59.999").has_verdict(None).at("16:00").has_verdict("interrupted", "platform")


def test_people_who_come_back_to_a_new_node_are_live_again_with_new_media():
    told = live().is_alone("10:00", "10:20")
    told.at("10:21", seeker.connects(epoch=1)).at("10:22", supporter.connects(epoch=1))
    told.is_in("live")
    assert ConnectMedia(seeker.seat, 3) in told.effects
    assert told.session.seeker.grace_used == span("0:01")
    told.ends("completed", at="30:00")


def test_a_seat_that_was_away_when_the_node_died_gets_new_media_when_back():
    told = live().at("9:50", seeker.loses_line()).is_alone("10:00", "10:20")
    told.at("10:21", supporter.connects()).at("10:22", seeker.connects(epoch=1)).is_in("live")
    assert ConnectMedia(seeker.seat, 3) in told.effects, "its old room died with the node"


def test_after_a_takeover_the_verdict_is_provisional_until_the_end():
    told = live().is_alone("5:00", "10:00").at("12:00").has_verdict("interrupted", "platform")
    told.ends("interrupted", "platform", at="30:00", reschedule=True)


def test_a_gap_that_ends_in_the_tail_is_no_drop_in_the_tail():
    live().is_alone("10:00", "29:30").ends("interrupted", "platform", at="30:00", reschedule=True)


def test_who_was_away_before_the_start_lost_nothing_in_a_gap():
    told = both_in_lobby().is_alone("-3:00", "-1:00").is_in("open").has(seeker, "away")
    assert told.session.seeker.loss is None


def test_an_early_call_that_we_lose_has_its_grace_from_the_start():
    told = live(EARLY, since="-4:00").is_alone("-3:00", "-2:00").is_in("interrupted")
    told.at("1:59.999").has_verdict(None).at("2:00").has_verdict("interrupted", "platform")


def test_a_gap_before_the_grace_of_an_early_drop_began_moves_nothing():
    told = live(EARLY, since="-4:00").at("-3:30", supporter.loses_line())
    told.is_alone("-3:00", "-2:00", new_node=False).at("1:59.999").has_verdict(None)
    told.at("2:00").has_verdict("interrupted", "supporter")


def test_what_the_old_node_was_asked_is_asked_again():
    told = live().at("10:00", seeker.connects("tablet")).is_alone("10:05", "10:20")
    assert told.session.seeker.claim is None, "the one who asked is gone with the node"
    told.at("10:21", seeker.connects("own")).has(seeker, "in")


def test_the_claim_of_an_empty_seat_is_gone_too():
    told = live().at("9:00", seeker.loses_line()).at("9:10", seeker.connects("tablet"))
    told.is_alone("9:30", "9:40")
    assert told.session.seeker.claim is None


# The question


def test_a_reload_that_our_gap_interrupts_is_no_yes():
    (
        live()
        .at("10:00", supporter.asks_to_end())
        .at("10:10", seeker.closes_page())
        .is_alone("10:12", "10:20", new_node=False)
        .at("10:24", seeker.connects())
        .is_in("live")
        .is_asked("end_early")
    )


def test_a_page_closed_on_the_question_is_a_yes_five_seconds_after_the_gap():
    (
        live()
        .at("10:00", supporter.asks_to_end())
        .at("10:10", seeker.closes_page())
        .is_alone("10:12", "10:20", new_node=False)
        .ends("completed", at="10:25", reason="closed_on_question")
    )


# The end


def test_an_end_inside_a_long_gap_is_interrupted_by_us():
    (
        live()
        .is_alone("27:00", "33:00")
        .ends("interrupted", "platform", at="30:00", reason="service_gap", reschedule=True)
    )


def test_an_end_inside_a_short_gap_is_the_end():
    live().is_alone("28:00", "33:00").ends("completed", at="30:00", reason="hard_end")


def test_a_call_that_went_on_while_only_the_store_was_away_is_completed():
    live().is_alone("20:00", "33:00", new_node=False).ends("completed", at="30:00")


def test_a_session_that_never_met_in_a_long_gap_was_not_held_by_us():
    told = both_in_lobby().is_alone("-1:00", "40:00")
    told.ends("not_held", "platform", at="30:00", reschedule=True)


def test_a_session_whose_whole_slot_we_missed_was_not_held_by_us():
    story().is_alone("-14:00", "100:00").ends("not_held", "platform", at="30:00", strike=False)


def test_a_verdict_from_before_the_gap_stays():
    (
        live()
        .at("15:00", seeker.closes_page(), seeker.goes_silent())
        .at("17:00")
        .has_verdict("interrupted", "seeker")
        .is_alone("18:00", "31:00")
        .ends("interrupted", "seeker")
    )


def test_a_grace_inside_a_short_gap_at_the_end_is_not_held_against_the_person():
    (
        live(replace(KUMAGAYA, tail=span("1:00")))
        .at("27:30", seeker.closes_page())
        .is_alone("29:10", "30:10")
        .ends("interrupted", "platform", at="30:00", reschedule=True)
    )


def test_news_of_a_gap_that_comes_after_the_end_still_counts():
    told = live()
    told.now = moment("31:00")
    told.take(ServiceGap(moment("20:00"), moment("29:00"), is_new_node=True))
    told.ends("interrupted", "platform", at="30:00")


# What a gap is not


def test_a_gap_of_nothing_and_a_gap_after_the_end_change_nothing():
    told = live()
    before = told.session
    told.take(ServiceGap(told.now, told.now, is_new_node=True))
    assert told.session is before
    told.ends("completed")
    ended = told.session
    told.is_alone("31:00", "32:00")
    assert told.session is ended


def test_a_gap_in_the_middle_of_a_call_that_lived_on_changes_nothing_for_the_people():
    told = live().is_alone("10:00", "10:03", new_node=False).is_in("live").has(seeker, "in")
    assert "service.gap" in told.names()
    told.ends("completed", at="30:00")


def test_a_warning_that_fell_into_a_gap_is_not_given_late():
    told = live().is_alone("24:00", "26:00", new_node=False).ends("completed", at="30:00")
    assert [it for it in told.effects if isinstance(it, Warn)] == [Warn(span("1:00"))]


def test_a_warning_that_is_due_after_a_gap_is_given_however_late_we_learn_of_the_gap():
    told = live().at("24:00")
    told.now = moment("25:00")
    told.take(ServiceGap(moment("24:00"), moment("24:30"), is_new_node=False))
    assert [it for it in told.effects if isinstance(it, Warn)] == [Warn(span("5:00"))]


def test_media_that_was_silent_when_the_node_died_is_the_nodes_loss_as_well():
    told = live().at("9:30", seeker.goes_silent()).is_alone("10:00", "10:20")
    assert Signal.SERVICE_GAP in told.session.seeker.loss.signals
    told.at("10:30", server.loses_its_worker()).is_in("interrupted")


def test_media_is_not_missed_that_could_not_flow_while_we_were_away():
    told = both_in_lobby().at("0:00", supporter.admits(seeker)).is_alone("0:05", "2:00")
    assert not told.session.is_media_missing
    assert told.session.media_due_at == moment("2:20")
