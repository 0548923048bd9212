"""What is observed explains a loss, before it and after it, and never makes one."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.policy.events import Observed
from orchestrator.policy.evidence import KEPT, LARGEST
from orchestrator.policy.model import OBSERVABLE, Signal
from tests.orchestrator.policy.scenario import (
    KUMAGAYA,
    live,
    moment,
    seeker,
    span,
    supporter,
)

S = Signal


def tells(who, signal, value=None, ago="0:00"):
    """A page, or the worker, says something of a seat; `ago`: so long before it was said."""
    return lambda told: Observed(who.seat, signal, value, told.now - span(ago))


def verdict_of(told):
    verdict = told.session.verdict
    return verdict.cause.value, verdict.confidence.value, verdict.reason


# Observations lose nobody


def test_an_observation_loses_nobody_and_is_kept():
    told = live().at("5:00", tells(seeker, S.LINE_BAD, 0.4)).is_in("live")
    (kept,) = told.session.seeker.observed
    assert (kept.signal, kept.at, kept.seat, kept.value) == (
        S.LINE_BAD,
        moment("5:00"),
        seeker.seat,
        0.4,
    )
    told.ends("completed", at="30:00")


def test_the_same_said_twice_is_said_once():
    told = live().at("5:00", tells(seeker, S.LINE_BAD, 0.4))
    version = told.session.version
    told.at("5:01", tells(seeker, S.LINE_BAD, 0.4, ago="0:01"))
    assert told.session.version == version


@pytest.mark.parametrize("signal", sorted(set(Signal) - OBSERVABLE))
def test_what_only_we_can_know_is_not_taken_from_a_report(signal):
    told = live()
    version = told.session.version
    told.at("5:00", tells(seeker, signal))
    assert told.session.version == version


def test_nobody_fills_the_store():
    told = live()
    for second in range(60):
        for signal in sorted(OBSERVABLE):
            told.at(f"5:{second:02}", tells(seeker, signal, second))
    assert len(told.session.seeker.observed) <= KEPT


def test_a_time_to_come_counts_as_now():
    told = live().at("5:00", lambda _: Observed(seeker.seat, S.PAGE_HIDDEN, None, moment("9:00")))
    assert told.session.seeker.observed[0].at == moment("5:00")


@settings(deadline=None)
@given(st.floats())
def test_any_number_is_taken_and_none_breaks_the_judgement(value):
    told = live().at("10:00", seeker.loses_line(), tells(seeker, S.PAGE_OFFLINE, value))
    kept = told.session.seeker.observed[0].value
    assert kept is None or 0 <= kept <= LARGEST
    told.at("12:00").has_verdict("interrupted", "seeker")


# Before a loss


def test_a_bad_line_before_the_loss_is_part_of_it():
    told = live().at("9:40", tells(seeker, S.LINE_BAD, 0.4)).at("10:00", seeker.loses_line())
    told.ends("interrupted", "seeker", at="20:00", reason="seeker_line_bad")


def test_a_bad_line_half_a_minute_before_is_not():
    told = live().at("9:29", tells(seeker, S.LINE_BAD, 0.4)).at("10:00", seeker.loses_line())
    told.ends("interrupted", "unknown", at="20:00", reason="seeker_lost_unclear")


def test_a_seeker_who_leaves_the_supporters_bad_line_is_not_convicted():
    told = live().at("9:50", tells(supporter, S.LINE_BAD, 0.4))
    told.at("10:00", seeker.closes_page(), seeker.goes_silent())
    told.ends("interrupted", "unknown", at="20:00", reason="seeker_left_after_trouble")


# After a loss


def test_others_that_fell_with_it_make_it_ours():
    told = live().at("10:00", seeker.loses_line(), seeker.goes_silent())
    told.at("10:02", tells(seeker, S.LOST_NEARBY, 3), tells(seeker, S.LOST_NEARBY, 7))
    told.at("12:00").has_verdict("interrupted", "platform")
    (counted,) = [one for one in told.session.verdict.evidence if one.signal is S.LOST_NEARBY]
    assert counted.value == 7, "the highest count is kept"


def test_a_later_repetition_does_not_push_out_what_explains_the_loss():
    told = live().at("9:50", tells(supporter, S.LINE_BAD, 0.3)).at("10:00", supporter.goes_silent())
    told.at("11:50", tells(supporter, S.LINE_BAD, 0.5)).at("12:00")
    assert verdict_of(told) == ("supporter", "likely", "supporter_line_bad")


# A verdict that was not sure is looked at again


def test_what_the_browser_reports_on_return_refines_the_verdict():
    told = live(replace(KUMAGAYA, hold=span("20:00"))).at("10:00", supporter.loses_line())
    told.at("12:00").has_verdict("interrupted", "supporter")
    assert verdict_of(told)[2] == "supporter_connection_lost"
    told.at("13:00", supporter.comes_back())
    told.at("13:01", tells(supporter, S.PAGE_OFFLINE, 178, ago="3:00"))
    assert verdict_of(told) == ("supporter", "likely", "supporter_offline")
    assert told.names().count("verdict.refined") == 1


def test_what_the_worker_hears_after_a_short_grace_refines_the_verdict():
    short = replace(KUMAGAYA, grace=span("0:03"))
    told = (
        live(short)
        .at("10:00", seeker.closes_page())
        .at("10:03")
        .has_verdict("interrupted", "unknown")
    )
    told.at("10:05", seeker.goes_silent()).has_verdict("interrupted", "seeker")
    told.ends("interrupted", "seeker", reason="seeker_closed_page", reschedule=False)


def test_news_that_changes_nothing_refines_nothing():
    told = live().at("10:00", supporter.loses_line()).at("12:00")
    told.at("12:01", tells(supporter, S.PAGE_HIDDEN)).has_verdict("interrupted", "supporter")
    assert "verdict.refined" not in told.names()


def test_a_sure_verdict_is_not_looked_at_again():
    told = live().at("10:00", supporter.steps_out()).at("12:00")
    told.at("12:01", tells(supporter, S.LOST_NEARBY, 9, ago="2:00"))
    assert verdict_of(told) == ("supporter", "sure", "supporter_stepped_out")


def test_a_seeker_who_comes_back_and_says_that_the_device_slept_may_use_the_rest():
    told = live().at("10:00", seeker.loses_line()).at("12:00").has_verdict("interrupted", "unknown")
    told.at("15:00", seeker.comes_back()).is_in("live").has_verdict("interrupted", "unknown")
    told.at("15:01", tells(seeker, S.PAGE_ASLEEP, 290, ago="5:00")).has_verdict(None)
    assert told.names()[-2:] == ["verdict.refined", "verdict.lifted"]
    told.ends("completed", at="30:00")


def test_a_verdict_that_turns_out_to_be_ours_offers_the_seeker_another_date():
    told = live().at("10:00", seeker.loses_line(), seeker.goes_silent())
    told.at("12:00").has_verdict("interrupted", "seeker")
    told.at("12:01", tells(seeker, S.LOST_NEARBY, 5, ago="2:00"))
    told.has_verdict("interrupted", "platform")
    told.ends("interrupted", "platform", at="20:00", reschedule=True)


def test_what_was_offered_stays_offered():
    told = (
        live().at("10:00", seeker.goes_silent()).at("12:00").has_verdict("interrupted", "unknown")
    )
    told.is_asked("wait_or_reschedule").has_reschedule("open")
    told.at("12:30", tells(seeker, S.PAGE_ASLEEP, 150, ago="2:30"))
    told.has_verdict("interrupted", "unknown").has_reschedule("open")
    assert "verdict.refined" not in told.names()


def test_after_the_end_nothing_is_refined():
    told = live().at("10:00", seeker.loses_line()).ends("interrupted", "unknown", at="20:00")
    version = told.session.version
    told.at("20:01", tells(seeker, S.PAGE_OFFLINE, 600, ago="10:01"))
    assert told.session.version == version
