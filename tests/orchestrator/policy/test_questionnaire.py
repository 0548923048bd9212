"""Which answers fit a programme's questions, and of whom they are asked."""

from dataclasses import replace

import pytest

from orchestrator.policy.model import SEEKER, SUPPORTER, Outcome, Phase
from orchestrator.policy.questionnaire import LONGEST_ANSWER, Question, fitting, is_asked
from orchestrator.programmes import load_all
from tests.orchestrator.policy.test_programme import changed, mistakes_of
from tests.signaling.sessions import a_session

WORDS = {"ja": "問い", "en": "Question"}
OPTIONS = [{"key": key, "words": WORDS} for key in ("yes", "no")]
SCALE = Question(key="s", kind="scale", words=WORDS, optional=False)
CHOICE = Question(key="c", kind="choice", words=WORDS, options=OPTIONS)
TEXT = Question(key="t", kind="text", words=WORDS)
ALL = (SCALE, CHOICE, TEXT)


def test_answers_are_kept_in_the_order_of_the_questions():
    assert list(fitting(ALL, {"t": "よい", "c": "no", "s": 5})) == ["s", "c", "t"]


@pytest.mark.parametrize(
    "answers",
    [
        {"c": "yes"},  # the scale is needed
        {"s": 0},
        {"s": 6},
        {"s": True},
        {"s": "3"},
        {"s": 3, "c": "maybe"},
        {"s": 3, "c": 1},
        {"s": 3, "t": 4},
        {"s": 3, "t": "x" * (LONGEST_ANSWER + 1)},
        {"s": 3, "t": "bell\a"},
        {"s": 3, "other": 1},
    ],
)
def test_what_does_not_fit_the_questions_is_no_answer(answers):
    assert fitting(ALL, answers) is None


def test_what_shows_nothing_is_taken_out_of_a_text():
    assert fitting(ALL, {"s": 1, "t": "\u202eよい\u200b\n"}) == {"s": 1, "t": "よい"}


def test_a_text_that_shows_nothing_is_left_out_and_nothing_at_all_is_no_answer():
    assert fitting(ALL, {"s": 1, "t": "\u200b "}) == {"s": 1}
    assert fitting((TEXT,), {"t": " "}) is None
    assert fitting((TEXT,), {}) is None


@pytest.mark.parametrize("outcome", Outcome)
def test_only_who_has_talked_is_asked(outcome):
    over = a_session(phase=Phase.ENDED, outcome=outcome)
    wanted = outcome in {Outcome.COMPLETED, Outcome.INTERRUPTED}
    assert is_asked(over, over.seat(SEEKER)) is wanted
    assert is_asked(over, over.seat("companion-1")) is wanted
    assert not is_asked(over, over.seat(SUPPORTER))
    assert not is_asked(replace(over, phase=Phase.LIVE), over.seat(SEEKER))


def test_only_a_programme_whose_terms_speak_of_one_has_a_questionnaire():
    asking = {name for name, programme in load_all().items() if programme.questionnaire}
    assert asking == {"ix", "demo"}  # IX 15-2; the demo shows what there is


def question(text):
    return changed(("[consequences] #", f"[[questionnaire]]\n{text}\n[consequences] #"))


def test_the_mistakes_of_a_questionnaire_are_named():
    words = 'words = { ja = "問い", en = "Question" }'
    at = "questionnaire.3"
    assert mistakes_of(question(f'key = "helpful"\nkind = "scale"\n{words}')).keys() == {
        "questionnaire"
    }
    one = '[{ key = "a", words = { ja = "あ", en = "A" } }]'
    two = one.replace("]", f", {one[1:]}")
    for text, place in [
        (f'key = "x"\nkind = "choice"\n{words}', f"{at}.options"),
        (f'key = "x"\nkind = "choice"\n{words}\noptions = {one}', f"{at}.options"),
        (f'key = "x"\nkind = "choice"\n{words}\noptions = {two}', f"{at}.options"),
        (f'key = "x"\nkind = "scale"\n{words}\noptions = {two}', f"{at}.options"),
        (f'key = "X y"\nkind = "text"\n{words}', f"{at}.key"),
        (f'key = "x"\nkind = "stars"\n{words}', f"{at}.kind"),
        ('key = "x"\nkind = "text"\nwords = { ja = "問い" }', f"{at}.words.en"),
    ]:
        assert mistakes_of(question(text)).keys() == {place}, text
    many = "\n".join(f'[[questionnaire]]\nkey = "k{n}"\nkind = "text"\n{words}' for n in range(5))
    assert mistakes_of(question(f'key = "k"\nkind = "text"\n{words}\n{many}')).keys() == {
        "questionnaire"
    }
