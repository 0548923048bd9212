"""With picture, by sound only, on the telephone (IX 1-1); and live needs media (product.md)."""

from dataclasses import replace

import pytest

from orchestrator.policy.effects import CloseRoom, ConnectMedia, ExtendRoom, OpenRoom
from tests.orchestrator.policy.scenario import (
    EARLY,
    IX,
    KUMAGAYA,
    both_in_lobby,
    by_phone,
    companion,
    live,
    office,
    seeker,
    server,
    story,
    supporter,
)


def connected(told):
    return [effect for effect in told.effects if isinstance(effect, ConnectMedia)]


# Live needs media


def test_twenty_seconds_without_media_are_noticed():
    told = both_in_lobby().at("0:00", supporter.admits(seeker)).at("0:19.999")
    assert not told.session.is_media_missing
    assert told.at("0:20").session.is_media_missing
    assert "media.missing" in told.names()
    assert not told.at("0:30", server.sees_media_flow()).session.is_media_missing


def test_media_in_time_is_not_missed():
    assert "media.missing" not in live().at("5:00").names()


def test_media_that_comes_only_after_the_switch_is_noticed_again_when_it_does_not():
    told = (
        both_in_lobby().at("0:00", supporter.admits(seeker)).at("0:30", seeker.switches_to("audio"))
    )
    assert not told.session.is_media_missing
    assert told.at("0:50").session.is_media_missing


# Sound only


def test_sound_only_builds_new_connections_without_a_picture():
    told = live()
    before = len(connected(told))
    told.at("5:00", seeker.switches_to("audio")).is_in("live")
    assert [it.seat for it in connected(told)[before:]] == ["seeker", "supporter"]
    assert told.session.functions == {"audio", "chat"}
    told.at("6:00", server.sees_media_flow(), supporter.switches_to("video"))
    assert told.session.functions == {"audio", "video", "chat"}
    told.ends("completed", at="30:00")


def test_what_it_is_already_changes_nothing():
    told = live().at("5:00", seeker.switches_to("video"))
    assert "medium.switched" not in told.names()


def test_the_programme_says_what_there_is():
    told = live(replace(KUMAGAYA, functions=frozenset({"video"})))
    told.at("5:00", seeker.switches_to("audio")).is_refused("medium_not_allowed")


def test_a_lost_line_is_still_lost_by_sound_only():
    told = live().at("5:00", seeker.loses_line()).at("5:10", supporter.switches_to("audio"))
    told.is_in("interrupted").at("5:20", seeker.connects()).is_in("live")


def test_who_may_switch_and_when():
    live().at("5:00", companion.switches_to("audio")).is_refused("not_your_seat")
    live().at("5:00", seeker.ends()).at("5:01", seeker.switches_to("phone")).is_refused(
        "session_over"
    )
    both_in_lobby().at("1:00", seeker.switches_to("phone")).is_refused("not_live")
    story().at("-12:00", supporter.connects(), supporter.switches_to("phone")).is_refused(
        "too_early"
    )


# Over to the telephone


def test_the_telephone_closes_the_room_and_the_clock_runs_on():
    told = live().at("5:00", seeker.switches_to("phone")).is_in("live")
    assert isinstance(told.effects[-1], CloseRoom)
    told.at("5:10", supporter.reports("calling")).at("5:30", supporter.reports("answered"))
    told.at("20:00", seeker.closes_page(), supporter.loses_line()).is_in("live")
    told.ends("completed", at="30:00", reason="hard_end")


def test_a_switch_to_the_telephone_mends_who_has_a_page():
    told = live().at("5:00", seeker.goes_silent()).is_in("interrupted")
    told.at("5:30", supporter.switches_to("phone")).is_in("live")


def test_a_seeker_without_a_page_is_back_with_the_answer():
    told = live().at("5:00", seeker.loses_line()).at("5:30", supporter.switches_to("phone"))
    told.is_in("interrupted").at("6:00", supporter.reports("answered")).is_in("live")


def test_a_switch_that_nobody_reports_on_is_not_judged_by_itself():
    told = live().at("5:00", seeker.switches_to("phone"))
    told.ends("interrupted", "unknown", at="30:00", reason="call_unreported")
    told.has_tasks("confirm_cause")
    never = both_in_lobby().at("0:00", supporter.admits(seeker))
    never.at("1:00", seeker.switches_to("phone")).ends("not_held", "unknown", at="30:00")


def test_a_switch_in_the_last_minutes_undoes_no_talk():
    told = live().at("28:00", seeker.switches_to("phone"))
    told.ends("completed", at="30:00", reschedule=False)


def test_nobody_finishes_a_talk_that_was_not_had():
    told = live().at("5:00", supporter.switches_to("phone"))
    told.at("5:01", supporter.reports("finished")).is_refused("not_live")
    lost = live().at("5:00", seeker.loses_line()).at("5:10", supporter.switches_to("phone"))
    lost.at("5:11", supporter.reports("finished")).is_refused("wait_for_grace")


def test_the_seeker_may_object_to_a_finish_that_the_supporter_reported():
    told = by_phone().at("0:00", supporter.connects(), supporter.reports("answered"))
    told.at("0:01", supporter.reports("finished")).ends("completed", reason="call_finished")
    told.at("5:00", seeker.objects()).has_tasks("objection")


def test_a_first_call_past_the_tolerance_leaves_the_right_to_another_date():
    told = by_phone().at("0:00", supporter.connects(), seeker.connects())
    told.at("2:00.001", supporter.reports("calling")).at("2:20", supporter.reports("answered"))
    told.is_in("live").at("10:00", seeker.wants_another_date())
    told.ends("supporter_late", "supporter", at="10:00", reschedule=True)
    in_time = by_phone().at("0:00", supporter.connects(), seeker.connects())
    in_time.at("2:00", supporter.reports("calling")).at("3:00", supporter.reports("answered"))
    in_time.at("10:00", seeker.wants_another_date()).is_refused("nothing_asked")


def test_who_was_not_called_has_not_failed_to_answer():
    told = by_phone(KUMAGAYA, "30:00").at(
        "0:00", supporter.connects(), supporter.reports("no_answer")
    )
    told.ends("not_held", "unknown", at="30:00", reason="seeker_not_rung", strike=False)


def test_back_to_the_picture_who_has_no_page_is_lost():
    told = live().at("5:00", seeker.switches_to("phone")).at("5:30", supporter.reports("answered"))
    told.at("6:00", seeker.closes_page()).is_in("live")
    told.at("7:00", supporter.switches_to("video")).is_in("interrupted")
    told.at("7:30", seeker.connects()).is_in("live").at("7:31", server.sees_media_flow())
    told.ends("completed", at="30:00")


def test_before_it_is_live_the_supporter_may_go_over_to_the_telephone():
    told = both_in_lobby().at("3:00", supporter.switches_to("phone")).is_in("waiting")
    told.at("3:01", supporter.admits(seeker)).is_refused("on_the_phone")
    told.at("3:10", supporter.reports("answered")).is_in("live").ends("completed", at="30:00")


# On the telephone no media runs


def on_the_telephone():
    """Over from the picture, and they talk."""
    told = live().at("5:00", seeker.switches_to("phone")).at("5:30", supporter.reports("answered"))
    told.effects.clear()
    return told


def opens_media(told):
    return [it for it in told.effects if isinstance(it, ConnectMedia | OpenRoom | ExtendRoom)]


def test_a_page_that_comes_back_on_the_telephone_opens_no_media():
    told = on_the_telephone().at("6:00", seeker.closes_page()).at("6:10", seeker.connects(epoch=1))
    told.at("6:20", supporter.loses_line()).at("6:30", supporter.connects()).is_in("live")
    assert opens_media(told) == []
    told.at("7:00", supporter.switches_to("video"))
    assert {it.seat for it in connected(told)} == {"seeker", "supporter"}


def test_a_booked_telephone_session_opens_no_media_on_the_way_back():
    told = by_phone().at("0:00", supporter.connects(), supporter.reports("answered"))
    told.at("1:00", seeker.connects(epoch=3)).is_alone("2:00", "2:10")
    told.at("2:20", seeker.connects(epoch=1), supporter.connects(epoch=1)).is_in("live")
    assert opens_media(told) == []


def test_nobody_asks_for_media_on_the_telephone():
    told = on_the_telephone().at("6:00", seeker.renews_media()).is_refused("on_the_phone")
    assert opens_media(told) == []


def test_a_worker_that_dies_after_the_switch_is_nobodys_loss():
    told = on_the_telephone().at("6:00", server.loses_its_worker()).is_in("live")
    assert opens_media(told) == []
    told.at("7:00", seeker.loses_line()).at("7:10", seeker.connects()).has(seeker, "in")
    told.ends("completed", at="30:00")


def test_who_goes_over_to_the_telephone_while_the_seeker_is_asked_is_not_let_in_by_the_answer():
    told = story().at("-1:00", seeker.connects(), seeker.joins())
    told.at("5:00", supporter.connects(), supporter.joins(), supporter.admits(seeker))
    told.is_refused("asking_seeker").at("5:10", supporter.switches_to("phone"))
    told.at("5:20", seeker.begins()).is_in("waiting")
    assert opens_media(told) == []


# A telephone session


def test_a_call_that_is_answered_is_live_and_lasts_to_the_same_end():
    told = by_phone().at("0:00", supporter.connects(), supporter.reports("calling"))
    told.at("0:20", supporter.reports("answered")).is_in("live")
    assert connected(told) == [], "a telephone session has no media here"
    told.at("30:00", server.sees_media_flow()).ends("completed", at="60:00")


def test_both_say_goodbye_on_the_telephone():
    told = by_phone().at("0:00", supporter.connects(), supporter.reports("answered"))
    told.at("40:00", supporter.reports("finished")).ends(
        "completed", at="40:00", reason="call_finished"
    )


def test_nobody_answers_for_ten_minutes():
    told = by_phone().at("0:00", supporter.connects(), supporter.reports("calling"))
    told.at("1:00", supporter.reports("no_answer"))
    told.ends("seeker_no_show", "seeker", at="10:00", reason="call_unanswered", strike=False)


def test_a_call_that_still_rings_at_the_cutoff_is_judged_when_it_is_reported():
    told = by_phone().at("0:00", supporter.connects()).at("9:40", supporter.reports("calling"))
    told.at("10:45").is_in("waiting").at("10:45", supporter.reports("no_answer"))
    told.ends("seeker_no_show", "seeker", at="10:45", reason="call_unanswered")


def test_a_call_that_nobody_reported_the_end_of_decides_nothing():
    told = by_phone(KUMAGAYA, "30:00").at(
        "0:00", supporter.connects(), supporter.reports("calling")
    )
    told.ends("not_held", "unknown", at="30:00", reason="call_unreported", strike=False)


def test_a_call_before_the_booked_time_is_none():
    told = by_phone(KUMAGAYA, "30:00").at(
        "-2:00", supporter.connects(), supporter.reports("calling")
    )
    told.at("-1:00", supporter.reports("no_answer")).at("0:00")
    assert told.session.call is None


def test_a_seeker_who_waits_on_the_page_is_there():
    told = by_phone().at(
        "0:00", supporter.connects(), seeker.connects(), supporter.reports("calling")
    )
    told.at("2:00", supporter.reports("no_answer")).at("10:00").is_in("waiting")
    told.ends("not_held", "unknown", at="60:00", reason="call_unreported", strike=False)


def test_a_call_that_was_broken_off_early_is_not_ringing_enough():
    told = by_phone().at("0:00", supporter.connects(), supporter.reports("calling"))
    told.at("0:30", supporter.reports("no_answer")).at("10:31")
    told.ends("not_held", "unknown", at="60:00", reason="seeker_not_rung")


def test_without_reports_nothing_is_decided_by_itself():
    told = by_phone().at("0:00", supporter.connects()).at("10:00").is_in("waiting")
    assert "cutoff.unreported" in told.names()
    told.ends("not_held", "unknown", at="60:00", reason="call_unreported").has_tasks(
        "confirm_cause"
    )


def test_a_notice_holds_a_telephone_session_too():
    told = by_phone().at("0:00", supporter.connects(), supporter.reports("calling"))
    told.at("2:00", supporter.reports("no_answer"))
    told.at("5:00", office.notes(seeker)).at("20:00").is_in("waiting")
    told.ends("seeker_no_show", "seeker", at="60:00", reason="notice_not_kept", strike=False)


def test_a_scheduler_may_report_as_well():
    by_phone().at("1:00", office.reports("answered")).is_in("live")


def test_a_call_that_drops_has_its_grace():
    told = by_phone().at("0:00", supporter.connects(), supporter.reports("answered"))
    told.at("20:00", supporter.reports("no_answer")).is_in("interrupted")
    told.at("20:30", seeker.connects()).is_in("interrupted")
    told.at("21:00", supporter.reports("answered")).is_in("live").ends("completed", at="60:00")


def test_a_call_that_stays_away_is_interrupted_and_nobody_is_convicted():
    told = by_phone().at("0:00", supporter.connects(), supporter.reports("answered"))
    told.at("20:00", supporter.reports("no_answer"))
    told.ends("interrupted", "unknown", at="30:00", reschedule=True)


def test_early_admission_is_an_early_call():
    by_phone(EARLY).at("-2:00", supporter.connects(), supporter.reports("answered")).is_in("live")
    told = by_phone().at("-2:00", supporter.connects(), supporter.reports("calling"))
    told.at("-1:00", supporter.reports("answered")).is_refused("too_early")


@pytest.mark.parametrize(
    ("told", "state", "code"),
    [
        (lambda: story().at("1:00", supporter.connects()), "answered", "not_on_the_phone"),
        (lambda: story().at("-1:00", supporter.connects()), "calling", "too_early"),
        (lambda: live().at("1:00"), "calling", "already_live"),
        (lambda: by_phone().at("-12:00", supporter.connects()), "calling", "too_early"),
        (lambda: by_phone().at("1:00", supporter.connects()), "finished", "not_live"),
        (lambda: live().at("1:00", seeker.ends()), "calling", "session_over"),
    ],
)
def test_reports_that_make_no_sense_are_refused(told, state, code):
    it = told()
    it.take(supporter.reports(state)(it))
    it.is_refused(code)


def test_only_the_supporter_reports():
    told = by_phone().at("1:00", seeker.connects(), seeker.reports("answered"))
    told.is_refused("not_your_seat")


def test_a_message_that_is_accepted_after_the_wait_is_no_news():
    told = live(IX, "60:00").at("5:00", server.sends_the_message())
    assert "ringing.delivered" not in told.names()


def test_the_same_report_twice_is_one():
    told = by_phone().at("0:00", supporter.connects(), supporter.reports("calling"))
    told.at("0:10", supporter.reports("calling"))
    assert told.names().count("call.reported") == 1
