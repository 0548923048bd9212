"""A day in numbers."""

from datetime import timedelta

from orchestrator.policy.daybook import Daybook
from orchestrator.policy.model import Cause, Outcome
from tests.orchestrator.policy.scenario import live, office, seeker, story, supporter


def test_a_day_is_counted_by_outcome_and_cause_with_its_minutes():
    held = live().at("20:00", seeker.ends()).session
    absent = story().at("0:00", supporter.connects()).at("10:00").session
    cancelled = story().at("-10:00", office.cancels("seeker")).session
    coming = story().session
    book = Daybook()
    book.add([held, absent])
    book.add([cancelled, coming])
    assert (book.sessions, book.running, book.late_starts) == (4, 1, 0)
    assert book.outcomes == {
        (Outcome.COMPLETED, None): 1,
        (Outcome.SEEKER_NO_SHOW, Cause.SEEKER): 1,
        (Outcome.CANCELLED, Cause.SEEKER): 1,
    }
    assert timedelta(minutes=19) < book.live <= timedelta(minutes=20)


def test_a_start_that_was_late_through_us_counts_whatever_the_seeker_chose():
    told = story().at("-5:00", seeker.connects(), seeker.joins())
    told.at("4:00", supporter.connects(), supporter.joins())
    told.at("4:10", seeker.begins())
    book = Daybook()
    book.add([told.session])
    assert book.late_starts == 1
