"""Under what key the words of people are kept that come with an event."""

import pytest

from orchestrator.policy.notes import key_of_note, that_count
from tests.orchestrator.policy.scenario import (
    EXTENSIBLE,
    live,
    office,
    seeker,
    server,
    story,
    supporter,
)


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


def test_the_reason_of_each_reassigning_has_a_place_of_its_own():
    told = story()
    first = key_after(told, office.reassigns())
    second = key_after(told, office.reassigns("person-third", "高橋"))
    assert (first, second) == ("reassigned-1", "reassigned-2")


def test_the_reason_of_an_end_has_its_place():
    assert key_after(live(), office.ends()) == "ended"


def test_the_reason_for_keeping_a_seat_has_a_place_of_its_own_each_time():
    told = live().at("10:00", seeker.steps_out())
    assert key_after(told, office.keeps_the_seats()) == f"kept-{told.session.version}"
    assert key_after(told, office.keeps_the_seats()) is None


def test_the_words_of_a_later_end_count_once_it_is_confirmed():
    told = live(EXTENSIBLE).at("5:00")
    notes = {"incident-1": "x"}
    for number, end in enumerate(("40:00", "50:00"), 1):
        assert key_after(told, office.moves_the_end("35:00" if number == 1 else "45:00"))
        key = key_after(told, office.moves_the_end(end))
        assert key == f"extension-{number}", "of two wishes in a row the last one's words"
        assert that_count(told.session, notes | {key: "y"}) == notes
        told.take(server.holds_the_end(end)(told))
        notes |= {key: "y"}
        assert that_count(told.session, notes) == notes


def test_the_words_of_an_end_that_moves_at_once_count_at_once():
    told = story(EXTENSIBLE).at("-1:00")
    key = key_after(told, office.moves_the_end("40:00"))
    assert key == "extension-1"
    assert that_count(told.session, {key: "y"}) == {key: "y"}


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (office.overrules("completed"), "not_over"),
        (office.resolves("incident-1"), "incident_unknown"),
        (office.ticks_off("objection"), "task_unknown"),
        (office.ends(held=True), "not_live"),
    ],
)
def test_the_words_of_what_is_refused_are_kept_nowhere(action, code):
    told = story()
    told.now = told.session.starts_at  # time changes the session in the same step
    assert key_after(told, action) is None
    assert told.session.version == 1
    told.is_refused(code)
