"""Under what key the words of people are kept that come with an event."""

import pytest

from orchestrator.policy.notes import key_of_note
from tests.orchestrator.policy.scenario import live, office, seeker, story, supporter


def key_after(told, action):
    before = len(told.records)
    told.take(action(told))
    return key_of_note(told.session, told.records[before:])


def test_the_words_of_an_incident_lie_under_its_id():
    told = live()
    assert key_after(told, office.files("technical")) == "incident-1"
    assert key_after(told, seeker.stops_for("conduct", supporter)) == "incident-2"
    assert key_after(told, office.resolves("incident-1")) == "incident-1-resolved"


def test_each_overruling_and_each_task_has_its_own_words():
    told = live().at("5:00", seeker.loses_line()).ends("interrupted", "unknown")
    assert key_after(told, office.ticks_off("confirm_cause")) == "task-confirm_cause"
    assert key_after(told, office.overrules("completed")) == "overruling-1"
    assert key_after(told, office.overrules("interrupted", "seeker", number=1)) == "overruling-2"


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (office.overrules("completed"), "not_over"),
        (office.resolves("incident-1"), "incident_unknown"),
        (office.ticks_off("objection"), "task_unknown"),
    ],
)
def test_the_words_of_what_is_refused_are_kept_nowhere(action, code):
    told = story()
    told.now = told.session.starts_at  # time changes the session in the same step
    assert key_after(told, action) is None
    assert told.session.version == 1
    told.is_refused(code)
