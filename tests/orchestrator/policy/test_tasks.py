"""What needs a human now follows from the session, and goes with its reason."""

from orchestrator.policy.tasks import open_tasks
from tests.orchestrator.policy.scenario import live, office, seeker, story, supporter


def test_another_date_for_which_nothing_is_free_is_a_task_until_something_is():
    told = story().ends("supporter_no_show", "supporter").has_tasks()
    told.at("11:00", office.proposes()).has_tasks("no_slot")
    told.at("12:00", office.proposes("a")).has_tasks()


def test_another_date_that_nobody_chose_in_time_is_a_task():
    told = story().ends("supporter_no_show", "supporter").at("11:00", office.proposes("a"))
    told.jumps_to("20200:00").at("20200:01").has_reschedule("expired")
    told.has_tasks("reschedule_expired")
    told.jumps_to("20300:00", office.books("b", by="person-clerk")).has_reschedule(
        "chosen"
    ).has_tasks()


def test_the_most_urgent_comes_first():
    told = live().at("5:00", seeker.raises_a_problem(), office.files("conduct", supporter))
    told.at("6:00", seeker.loses_line()).ends("interrupted", "unknown")
    assert [task.id for task in open_tasks(told.session)] == [
        "confirm_cause",
        "incident-2",
        "incident-1",
    ]


def test_a_session_that_went_well_needs_nobody():
    live().ends("completed", at="30:00").has_tasks()


def test_another_date_that_is_still_due_after_an_overruling_needs_nobody():
    told = story().ends("supporter_no_show", "supporter").at("11:00", office.proposes("a"))
    told.at("12:00", office.books("a")).at("13:00", office.overrules("not_held", "platform"))
    told.has_tasks()
