"""The language of the scenarios: what it refuses, and that a false sentence is noticed."""

from pathlib import Path

import pytest

from tests.scenarios.language import PLACES
from tests.scenarios.reader import HERE, PROGRAMMES, Unreadable, read_text
from tests.scenarios.sentences import SENTENCES
from tests.scenarios.walk import Broken, Walk

HEADING = """title: A test
clause: ours
programme: kumagaya
slot: 10:00-10:30
"""


def scenario(*lines, more=""):
    return read_text(
        "\n".join([HEADING.rstrip() + more, "", *lines, ""]), HERE / "ours" / "test.scenario"
    )


def tell(*lines, more=""):
    Walk(scenario(*lines, more=more), PROGRAMMES["kumagaya"]).tell()


def test_an_unknown_sentence_is_refused_with_its_line_and_its_neighbours():
    with pytest.raises(Unreadable, match=r"test\.scenario:6: .*«\{who\} opens the link»"):
        scenario("10:00  the seeker open the link", "10:01  it is waiting")


def test_a_file_that_expects_nothing_is_refused():
    with pytest.raises(Unreadable, match="It expects nothing"):
        scenario("10:00  the seeker opens the link")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("       it is waiting", "The first sentence needs a time"),
        ("10:99  it is waiting", "minute must be in"),
        ("soon  it is waiting", "A line begins with a time"),
    ],
)
def test_a_time_that_is_none_is_refused(line, reason):
    with pytest.raises(Unreadable, match=reason):
        scenario(line)


@pytest.mark.parametrize(
    ("heading", "reason"),
    [
        ("title: A test", "lacks clause, programme, slot"),
        (HEADING + "colour: red", "no heading"),
        (HEADING.replace("kumagaya", "osaka"), "Not understood"),
        (HEADING.replace("10:00-10:30", "ten"), "Not understood"),
        (HEADING + "rule: ix ringing", "does not run under ix"),
    ],
)
def test_a_heading_that_is_none_is_refused(heading, reason):
    with pytest.raises(Unreadable, match=reason):
        read_text(heading.strip() + "\n\n10:00  it is waiting\n", Path("test.scenario"))


def test_a_false_sentence_breaks_the_scenario_at_its_line():
    with pytest.raises(
        Broken, match=r"test\.scenario:6: it is live .*expected live, found waiting"
    ):
        tell("10:00  it is live")


def test_a_refusal_that_nobody_told_breaks_the_scenario():
    with pytest.raises(Broken, match="too_early"):
        tell("09:45  the seeker opens the link, agrees and joins", "       it is scheduled")


def test_a_refusal_after_the_last_sentence_breaks_it_too():
    with pytest.raises(Broken, match="too_early"):
        tell("09:40  it is scheduled", "09:45  the seeker opens the link, agrees and joins")


def test_a_refusal_that_never_came_breaks_it():
    with pytest.raises(Broken, match="expected"):
        tell("09:55  the seeker opens the link", "       that is refused: too_early")


def test_an_end_that_nobody_told_breaks_it():
    with pytest.raises(Broken, match="the file does not say so"):
        tell("10:00  it is waiting", "10:11  the seeker is away")


def test_an_end_at_another_time_breaks_it():
    with pytest.raises(Broken, match="expected"):
        tell("10:11  it ends: supporter_no_show, cause supporter")


def test_a_scenario_is_told_forwards():
    with pytest.raises(Broken, match="forwards"):
        tell("10:05  it is waiting", "10:04  it is waiting")


def test_nothing_is_left_down():
    with pytest.raises(Broken, match="still down"):
        tell("10:00  it is waiting", "10:05  our node goes down")


def test_what_follows_is_told_whole():
    with pytest.raises(Broken, match="expected"):
        tell(
            "09:55  the supporter opens the link",
            "10:10  it ends: seeker_no_show, cause seeker",
            "       the quota is used, no strike is given, no other date is offered",
        )


def test_a_programme_can_be_told_otherwise():
    lines = ("09:55  the supporter opens the link", "10:05  it ends: seeker_no_show, cause seeker")
    told = scenario(*lines, more='\nbut: cutoff = "5m"')
    Walk(told, told.programme("kumagaya")).tell()


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda it: it.template)
def test_no_sentence_is_taken_for_another(sentence):
    """Each template, with its places filled, is found as itself."""
    filled = sentence.template
    for place, word in WORDS.items():
        filled = filled.replace("{" + place + "}", word)
    for text in (filled.replace("[", "").replace("]", ""), _without_options(filled)):
        assert [it.template for it in SENTENCES if it.pattern.fullmatch(text)] == [
            sentence.template
        ]


def _without_options(text):
    kept, depth = "", 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        kept += letter if depth == 0 and letter != "]" else ""
    return kept


WORDS = {
    "who": "the seeker",
    "other": "the companion",
    "late": "the supporter",
    "by": "the office",
    "place": "at the door",
    "phase": "waiting",
    "outcome": "not_held",
    "cause": "seeker",
    "confidence": "likely",
    "reason": "seeker_absent",
    "code": "too_early",
    "question": "whether to end",
    "quota": "used",
    "strike": "no strike",
    "date": "no other",
    "state": "open",
    "until": "10:15",
    "left": "5 minutes",
    "day": "06-04",
    "clock": "10:10:00",
    "strikes": "2 strikes",
    "span": "12:30",
    "slot": "A",
    "slots": "A, B",
    "version": "“1”",
    "what": "no_recording",
    "things": "audio, video",
    "number": "2",
    "times": "once",
    "answer": "agrees",
    "yes": "no",
    "medium": "sound only",
    "heard": "is ringing",
    "wrong": "conduct",
    "reporter": "the office",
    "lasting": "offline",
    "finished": "was finished",
    "task": "incident-1",
    "tasks": "confirm_cause, incident-1",
    "name": "«さくら14»",
}


def test_every_place_has_a_word_to_try():
    assert set(WORDS) == set(PLACES)
