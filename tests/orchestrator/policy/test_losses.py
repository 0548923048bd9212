"""Leaving, dropping and coming back: graces, holds, verdicts, the tail."""

from dataclasses import replace

import pytest

from orchestrator.policy.effects import CloseRoom, ConnectMedia, DisconnectMedia
from tests.orchestrator.policy.scenario import (
    EARLY,
    KUMAGAYA,
    Story,
    booking,
    both_in_lobby,
    companion,
    live,
    moment,
    office,
    seeker,
    server,
    span,
    story,
    supporter,
)

# Grace


def test_a_drop_and_back_within_the_grace_changes_nothing():
    told = live().at("10:00", seeker.loses_line()).is_in("interrupted")
    told.at("11:59.999", seeker.comes_back()).is_in("live").ends("completed", at="30:00")
    assert told.seat(seeker.seat).media_epoch == 1, "the page kept its media connection"


def test_the_grace_is_over_at_two_minutes_and_not_a_moment_earlier():
    (
        live()
        .at("10:00", supporter.loses_line())
        .at("11:59.999")
        .has_verdict(None)
        .at("12:00")
        .has_verdict("interrupted", "supporter")
    )


def test_back_at_the_very_instant_the_grace_ends_is_past_it():
    (
        live()
        .at("10:00", supporter.loses_line())
        .jumps_to("12:00", supporter.comes_back())
        .is_in("live")
        .has_verdict("interrupted", "supporter")
    )


def test_a_second_signal_of_the_same_loss_does_not_restart_the_grace():
    (
        live()
        .at("10:00", seeker.goes_silent())
        .at("11:00", seeker.loses_line())
        .at("12:00")
        .has_verdict("interrupted", "seeker")
    )


def test_all_drops_of_a_seat_share_five_minutes_of_grace():
    told = live(length="60:00")
    for start in ("10:00", "20:00"):
        told.at(start, supporter.loses_line())
        told.jumps_to(start.replace("0:00", "1:59"), supporter.comes_back())
    told.at("30:00", supporter.loses_line()).at("31:01.999").has_verdict(None)
    told.at("31:02").has_verdict("interrupted", "supporter")


def test_each_seat_has_a_grace_of_its_own():
    (
        live()
        .at("10:00", seeker.loses_line())
        .at("11:00", supporter.loses_line())
        .at("11:30", seeker.comes_back())
        .at("12:59.999")
        .has_verdict(None)
        .at("13:00")
        .has_verdict("interrupted", "supporter")
    )


def test_a_grace_never_lasts_past_the_end():
    told = live().at("29:30", seeker.loses_line())
    assert told.seat(seeker.seat).loss.grace_ends_at == moment("30:00")
    told.ends("completed", at="30:00", reason="lost_in_tail")


def test_media_that_falls_silent_is_a_loss_and_media_that_is_heard_mends_it():
    (
        live()
        .at("10:00", seeker.goes_silent())
        .is_in("interrupted")
        .at("11:00", seeker.is_heard())
        .is_in("live")
    )


def test_a_line_that_is_back_without_its_media_is_not_back_yet():
    (
        live()
        .at("10:00", seeker.goes_silent(), seeker.loses_line())
        .at("10:30", seeker.comes_back())
        .is_in("interrupted")
        .at("10:31", seeker.is_heard())
        .is_in("live")
    )


# Reload, step out


def test_a_reload_is_neither_a_leave_nor_an_end():
    told = live().at("10:00", seeker.closes_page()).at("10:01", seeker.connects()).is_in("live")
    assert ConnectMedia(seeker.seat, 2) in told.effects, "a reloaded page needs a new connection"
    told.ends("completed", at="30:00")


def test_step_out_keeps_the_seat_and_cuts_the_media():
    told = live().at("10:00", seeker.steps_out()).is_in("interrupted").has(seeker, "away")
    assert DisconnectMedia(seeker.seat) in told.effects
    told.at("11:00", seeker.connects()).is_in("live").has(seeker, "in")


def test_stepped_out_and_never_back_is_the_seekers():
    (
        live()
        .at("10:00", seeker.steps_out())
        .ends("interrupted", "seeker", at="20:00", reason="seeker_stepped_out")
    )


def test_stepping_out_twice_is_stepping_out_once():
    live().at("10:00", seeker.steps_out(), seeker.steps_out()).is_refused("not_connected")


def test_who_steps_out_of_the_lobby_has_no_media_to_cut():
    told = both_in_lobby().at("-1:00", seeker.steps_out()).has(seeker, "away")
    assert DisconnectMedia(seeker.seat) not in told.effects


def test_a_page_that_kept_its_media_over_a_step_out_gets_a_new_connection():
    told = live().at("10:00", seeker.steps_out()).at("10:30", seeker.connects(epoch=1))
    assert ConnectMedia(seeker.seat, 3) in told.effects


def test_a_goodbye_of_an_old_connection_does_no_harm():
    told = live()
    old = seeker.closes_page()(told)
    told.at("10:00", seeker.connects()).is_refused("opened_elsewhere")
    told.at("10:01", lambda _: old).is_in("live").has(seeker, "in")


def test_a_goodbye_that_is_slower_than_the_line_still_counts_as_evidence():
    told = live().at("10:00", seeker.loses_line()).at("10:03", seeker.closes_page())
    told.at("10:05", seeker.goes_silent()).at("12:00").has_verdict("interrupted", "seeker")
    assert told.session.verdict.reason == "seeker_closed_page"


# Hold, release, another date


def test_a_lost_seeker_keeps_the_seat_until_the_hold_ends():
    (
        live()
        .at("10:00", seeker.closes_page(), seeker.goes_silent())
        .at("19:59.999")
        .has_verdict("interrupted", "seeker")
        .ends("interrupted", "seeker", at="20:00", reschedule=False)
    )


def test_the_hold_never_lasts_past_the_end():
    (
        live()
        .at("25:00", seeker.closes_page(), seeker.goes_silent())
        .ends("interrupted", "seeker", at="30:00")
    )


def test_the_supporter_releases_the_seat_only_after_the_grace():
    (
        live()
        .at("10:00", seeker.closes_page(), seeker.goes_silent())
        .at("11:59.999", supporter.releases_the_seeker())
        .is_refused("wait_for_grace")
        .at("12:00", supporter.releases_the_seeker())
        .ends("interrupted", "seeker", at="12:00")
    )


def test_nobody_is_released_who_is_there():
    live().at("10:00", supporter.releases_the_seeker()).is_refused("not_live")


def test_a_seeker_back_after_the_grace_may_use_the_rest():
    (
        live()
        .at("10:00", seeker.closes_page(), seeker.goes_silent())
        .at("12:00")
        .has_verdict("interrupted", "seeker")
        .at("15:00", seeker.connects())
        .is_in("live")
        .has_verdict(None)
        .ends("completed", at="30:00")
    )


def test_a_seeker_whose_supporter_is_lost_is_asked_after_the_grace():
    (
        live()
        .at("10:00", supporter.loses_line())
        .at("11:59.999")
        .is_asked(None)
        .at("12:00")
        .is_asked("wait_or_reschedule")
        .has_reschedule("open")
        .at("12:30", seeker.wants_another_date())
        .ends("interrupted", "supporter", at="12:30", reschedule=True)
    )


def test_before_the_grace_is_over_there_is_no_other_date_to_choose():
    (
        live()
        .at("10:00", supporter.loses_line())
        .at("11:00", seeker.wants_another_date())
        .is_refused("nothing_asked")
    )


def test_a_seeker_who_waits_may_still_choose_another_date():
    (
        live()
        .at("10:00", supporter.loses_line())
        .at("12:10", seeker.waits(), seeker.waits())
        .at("18:00", seeker.wants_another_date())
        .ends("interrupted", "supporter", at="18:00")
    )


def test_a_seeker_who_only_waits_is_let_go_when_the_hold_ends():
    (
        live()
        .at("10:00", supporter.loses_line())
        .at("12:10", seeker.waits())
        .ends("interrupted", "supporter", at="20:00", reschedule=True)
    )


def test_choosing_a_slot_while_asked_is_the_other_date_and_the_choice_in_one():
    told = (
        live()
        .at("10:00", supporter.loses_line())
        .at("12:01", office.proposes("a", "b"))
        .at("13:00", office.books("a"))
    )
    told.ends("interrupted", "supporter", at="13:00").has_reschedule("chosen")
    assert len(told.published("reschedule.opened")) == 1


def test_a_supporter_back_after_the_grace_makes_it_live_but_the_right_to_another_date_stays():
    (
        live()
        .at("10:00", supporter.loses_line())
        .at("15:00", supporter.comes_back())
        .is_in("live")
        .is_asked(None)
        .ends("interrupted", "supporter", at="30:00", reschedule=True)
    )


def test_an_early_end_does_not_take_the_other_date_away():
    (
        live()
        .at("10:00", supporter.loses_line())
        .at("15:00", supporter.comes_back())
        .at("20:00", supporter.asks_to_end(), seeker.says(yes=True))
        .ends("interrupted", "supporter", at="20:00", reschedule=True)
    )


def test_a_seeker_who_was_away_is_asked_when_back():
    (
        live()
        .at("10:00", server.loses_its_worker(), seeker.loses_line(), supporter.loses_line())
        .at("13:00")
        .is_asked(None)
        .at("14:00", seeker.connects())
        .is_asked("wait_or_reschedule")
    )


def test_a_seeker_is_asked_once_however_often_they_come_back():
    told = live().at("10:00", supporter.loses_line()).at("12:00").is_asked("wait_or_reschedule")
    told.at("12:30", seeker.closes_page()).at("12:31", seeker.connects())
    assert told.names().count("question.asked") == 1


def test_a_release_in_the_tail_is_judged_by_the_first_loss():
    short = replace(KUMAGAYA, grace_total=KUMAGAYA.grace)
    told = live(short).at("10:00", seeker.loses_line()).at("11:59", seeker.comes_back())
    told.at("27:59", supporter.goes_silent()).at("28:05", seeker.closes_page())
    told.at("28:10", supporter.releases_the_seeker())
    told.ends("interrupted", "supporter", at="28:10")


def test_the_first_unmended_loss_gives_the_cause():
    (
        live()
        .at("10:00", supporter.loses_line())
        .at("11:00", seeker.closes_page())
        .ends("interrupted", "supporter", at="20:00")
    )


def test_both_lost_at_once_is_ours():
    (
        live()
        .at("10:00", seeker.loses_line())
        .at("10:04", supporter.goes_silent())
        .ends("interrupted", "platform", at="20:00", reason="both_lost_at_once")
    )


def test_a_lost_worker_is_ours_and_everybody_gets_a_new_connection():
    told = live().at("10:00", server.loses_its_worker()).is_in("interrupted")
    assert ConnectMedia(seeker.seat, 2) in told.effects
    assert ConnectMedia(supporter.seat, 2) in told.effects
    told.at("12:00").has_verdict("interrupted", "platform").is_asked("wait_or_reschedule")
    told.ends("interrupted", "platform", at="20:00", reschedule=True)


def test_a_worker_that_is_replaced_in_time_leaves_no_trace_in_the_outcome():
    (
        live()
        .at("10:00", server.loses_its_worker())
        .at("10:02", seeker.is_heard(), supporter.is_heard())
        .is_in("live")
        .ends("completed", at="30:00")
    )


def test_a_seat_that_was_away_when_the_worker_died_gets_a_new_connection_when_back():
    told = live().at("10:00", seeker.loses_line()).at("10:05", server.loses_its_worker())
    told.at("10:10", supporter.is_heard(), seeker.connects(epoch=1)).is_in("live")
    assert ConnectMedia(seeker.seat, 3) in told.effects


def test_a_worker_lost_before_anybody_is_in_is_nobodys_loss():
    both_in_lobby().at("1:00", server.loses_its_worker()).is_in("waiting").has(seeker, "lobby")


def test_media_of_who_is_not_in_is_no_news():
    told = both_in_lobby()
    version = told.session.version
    told.at("-1:00", seeker.goes_silent(), seeker.is_heard())
    assert told.session.version == version
    told = live().at("0:10", seeker.is_heard())
    version = told.session.version
    told.at("1:00", seeker.is_heard(), seeker.goes_silent(), seeker.goes_silent())
    assert told.session.version == version + 1, "heard all along; silent twice is silent once"


def test_a_media_connection_beyond_repair_is_replaced():
    told = live().at("10:00", seeker.renews_media())
    assert ConnectMedia(seeker.seat, 2) in told.effects
    told.at("10:01", lambda _: replace(seeker.goes_silent()(told), media_epoch=1))
    told.is_in("live")


def test_no_media_connection_before_admission_or_from_a_stranger():
    told = both_in_lobby().at("1:00", seeker.renews_media()).is_refused("not_live")
    told.at("1:01", companion.renews_media()).is_refused("not_connected")


# Tail


def test_a_drop_in_the_last_two_minutes_is_completed():
    (
        live()
        .at("28:00", seeker.closes_page())
        .ends("completed", at="30:00", reason="lost_in_tail", reschedule=False)
    )


def test_a_drop_a_moment_before_the_tail_is_interrupted():
    (
        live()
        .at("27:59.999", seeker.closes_page(), seeker.goes_silent())
        .ends("interrupted", "seeker", at="30:00")
    )


@pytest.mark.parametrize(
    ("since", "outcome", "cause"),
    [("21:30", "completed", None), ("21:30.001", "interrupted", "seeker")],
)
def test_the_tail_asks_for_a_quarter_of_the_slot_live(since, outcome, cause):
    told = live(since=since).at("29:00", seeker.closes_page(), seeker.goes_silent())
    told.ends(outcome, cause, at="30:00")


def test_a_supporter_lost_in_the_tail_does_not_undo_the_session():
    (
        live(replace(KUMAGAYA, grace=span("0:20"), hold=span("0:40")))
        .at("28:30", supporter.loses_line())
        .at("28:50")
        .has_verdict(None)
        .ends("completed", at="29:10", reason="lost_in_tail")
    )


# The others


def test_a_companion_who_drops_interrupts_nobody():
    told = live().at("5:00", companion.connects(), companion.joins(), supporter.admits(companion))
    told.has(companion, "in").at("10:00", companion.loses_line()).is_in("live")
    told.at("15:00", companion.comes_back()).has(companion, "in").ends("completed", at="30:00")


def test_a_companion_in_the_lobby_has_no_media_to_lose():
    told = live().at("5:00", companion.connects(), companion.joins())
    told.at("6:00", server.loses_its_worker()).has(companion, "lobby")
    assert told.seat(companion.seat).media_epoch == 0


def test_an_early_drop_has_its_grace_from_the_start_on():
    told = live(EARLY, since="-5:00").at("-3:00", supporter.loses_line()).is_in("interrupted")
    told.at("1:59.999").has_verdict(None).at("2:00").has_verdict("interrupted", "supporter")


def test_a_drop_before_the_start_uses_no_grace():
    told = live(EARLY, since="-4:30").at("-4:00", supporter.loses_line())
    told.at("-1:00", supporter.comes_back()).is_in("live")
    assert told.session.supporter.grace_used == span("0:00")


def test_a_session_that_never_had_media_takes_no_room_away():
    told = story().at("-1:00", supporter.connects()).ends("seeker_no_show", "seeker")
    assert not any(isinstance(effect, CloseRoom) for effect in told.effects)


def test_lost_before_the_start_only_means_away():
    told = Story(booking()).at("-5:00", seeker.connects(), seeker.joins(), seeker.loses_line())
    told.has(seeker, "away").at("-4:00", seeker.comes_back()).has(seeker, "lobby")
    assert told.session.seeker.grace_used == span("0:00")


def test_of_people_who_came_back_it_is_not_said_that_they_did_not():
    (
        live()
        .at("10:00", supporter.closes_page())
        .at("13:00", supporter.comes_back())
        .is_in("live")
        .ends("interrupted", "supporter", at="30:00", reason="interrupted_long", reschedule=True)
    )


def test_the_same_when_the_seeker_ends_after_the_return():
    (
        live()
        .at("10:00", supporter.closes_page())
        .at("13:00", supporter.comes_back())
        .at("20:00", seeker.ends())
        .ends("interrupted", "supporter", at="20:00", reason="interrupted_long", reschedule=True)
    )
