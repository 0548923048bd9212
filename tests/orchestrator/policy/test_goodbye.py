"""Both close their pages shortly after each other, and nothing was wrong (product.md, Goodbye)."""

import pytest

from tests.orchestrator.policy.scenario import (
    both_in_lobby,
    live,
    office,
    seeker,
    server,
    supporter,
)


def both_gone(first="20:00", then="20:30"):
    return live().at(first, seeker.closes_page()).at(then, supporter.closes_page())


def test_it_is_completed_when_the_first_grace_ends():
    both_gone().is_in("interrupted").ends(
        "completed", at="22:00", reason="goodbye", reschedule=False
    )


def test_a_minute_apart_is_still_a_goodbye_and_a_moment_more_is_not():
    both_gone(then="21:00").ends("completed", reason="goodbye")
    told = both_gone(then="21:00.001")
    assert told.session.goodbye is None


def test_the_supporter_may_say_that_it_was_finished():
    both_gone().at("20:40", office.hears_finished(yes=True)).ends("completed", at="20:40")


def test_the_supporter_may_say_that_it_was_not():
    told = both_gone().at("20:40", office.hears_finished(yes=False))
    told.at("22:00")
    assert told.session.verdict is not None
    assert told.session.verdict.outcome.value == "interrupted"


def test_a_seeker_who_comes_back_undoes_it():
    told = both_gone().at("21:00", seeker.connects())
    assert told.session.goodbye is None
    assert "goodbye.undone" in told.names()
    told.at("21:10", supporter.connects()).is_in("live").ends("completed", at="30:00")


def test_the_supporter_is_asked_on_the_way_back_at_the_desk_only():
    told = both_gone().at("20:40", supporter.says_finished(yes=True))
    told.is_refused("not_your_seat")


def test_a_supporter_who_is_back_is_asked_and_ends_it():
    told = both_gone().at("20:40", supporter.connects())
    assert told.session.goodbye is not None
    told.at("20:50", supporter.says_finished(yes=True)).ends("completed", at="20:50")


def test_a_supporter_who_is_back_and_says_nothing_has_said_goodbye():
    both_gone().at("20:40", supporter.connects()).ends("completed", at="22:00", reason="goodbye")


def test_a_supporter_who_is_back_and_says_no_waits_for_the_seeker():
    told = both_gone().at("20:40", supporter.connects())
    told.at("20:50", supporter.says_finished(yes=False)).is_in("interrupted")
    told.at("21:00", seeker.connects()).is_in("live")


def test_a_sign_of_trouble_before_it_makes_it_a_drop():
    told = live().at("19:50", seeker.is_observed("line_bad", 0.4))
    told.at("20:00", seeker.closes_page()).at("20:30", supporter.closes_page())
    assert told.session.goodbye is None


def test_falling_silent_a_moment_before_is_how_pages_close():
    told = live().at("20:00", seeker.loses_line()).at("20:01", seeker.closes_page())
    told.at("20:30", supporter.closes_page())
    assert told.session.goodbye is not None


def test_a_line_that_was_lost_before_the_page_closed_is_trouble():
    told = live().at("20:00", seeker.loses_line()).at("20:10", seeker.closes_page())
    told.at("20:30", supporter.closes_page())
    assert told.session.goodbye is None


def test_one_who_closes_alone_says_no_goodbye():
    assert live().at("20:00", seeker.closes_page()).at("21:00").session.goodbye is None


def test_one_who_closes_and_one_who_is_cut_off_say_no_goodbye():
    told = live().at("20:00", seeker.closes_page()).at("20:10", supporter.loses_line())
    assert told.session.goodbye is None


def test_nothing_was_held_that_never_flowed():
    told = both_in_lobby().at("0:00", supporter.admits(seeker))
    told.at("5:00", seeker.closes_page()).at("5:10", supporter.closes_page())
    assert told.session.goodbye is None


def test_a_verdict_that_is_fixed_stays():
    told = live().at("10:00", supporter.steps_out()).at("12:00", supporter.closes_page())
    told.at("12:01", seeker.closes_page())
    assert told.session.goodbye is None


def test_in_the_last_seconds_the_end_counts_it():
    both_gone("29:00", "29:10").ends("completed", at="30:00")


def test_a_goodbye_at_the_end_of_the_slot_is_told_as_one():
    told = live().at("5:00", seeker.closes_page()).at("5:30", supporter.closes_page())
    told.is_alone("5:40", "29:59", new_node=False)
    told.ends("completed", at="30:00", reason="goodbye")


def test_the_seeker_may_object_for_a_day():
    told = both_gone().ends("completed", at="22:00").has_tasks()
    told.jumps_to("1400:00", seeker.objects()).has_tasks("objection")
    told.jumps_to("1401:00", seeker.objects()).is_refused("nothing_asked")
    told.jumps_to("1402:00", office.ticks_off("objection")).has_tasks()


def test_after_a_day_it_is_too_late_to_object():
    told = both_gone().ends("completed", at="22:00")
    told.jumps_to("1462:00.001", seeker.objects()).is_refused("too_late")


@pytest.mark.parametrize("told", [live, lambda: live().at("5:00", seeker.ends())])
def test_there_is_nothing_else_to_object_to(told):
    told().at("6:00", seeker.objects()).is_refused("nothing_asked")


def test_nobody_is_asked_whether_it_was_finished_who_has_not_left():
    live().at("5:00", supporter.says_finished(yes=True)).is_refused("nothing_asked")
    over = live().at("5:00", seeker.ends())
    over.at("5:01", office.hears_finished(yes=True)).is_refused("session_over")
    told = both_gone().at("20:40", office.hears_finished(yes=False))
    told.at("20:41", office.hears_finished(yes=False)).is_refused("nothing_asked")


def test_media_that_stops_with_the_page_is_no_trouble():
    told = live().at("20:00", seeker.closes_page()).at("20:05", seeker.goes_silent())
    told.at("20:30", supporter.closes_page()).ends("completed", reason="goodbye")


def test_a_worker_that_died_before_is_trouble():
    told = live().at("20:00", server.loses_its_worker())
    told.at("20:05", seeker.closes_page()).at("20:30", supporter.closes_page())
    assert told.session.goodbye is None
