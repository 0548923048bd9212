"""Nothing that nobody sees goes on to somebody who reads."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.policy.writing import legible, read_noted, read_reference


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("口座番号は\u202e4321\u202cです", "口座番号は4321です"),
        ("\u2066a\u2069\u200fb\u061cc", "abc"),
        ("pass\u200bword\ufeff\u2060", "password"),
        ("a\U000e0068\U000e0069b", "ab"),
        (" \u200b\n\u200d \u200b", ""),
        ("\u200da \u200cb\u200d", "a b"),
        ("a\u200c\u200db", "ab"),
    ],
)
def test_what_can_disguise_a_text_is_taken_out(written, read):
    assert legible(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "👩\u200d👧\u200d👦 です",
        "❤\ufe0f\u200d🔥",
        "می\u200cخواهم",
        "क्\u200dष",
        "葛\U000e0100城さん",
        "一行目\n二行目",
    ],
)
def test_what_writing_needs_stays(text):
    assert legible(text) == text


@given(st.text())
def test_twice_is_once_and_nothing_that_shows_is_lost(text):
    read = legible(text)
    assert legible(read) == read

    def visible(some):
        return [
            char
            for char in some
            if unicodedata.category(char) not in {"Cf", "Cc"} and not char.isspace()
        ]

    assert visible(read) == visible(text)


@pytest.mark.parametrize("read", [read_reference, read_noted])
def test_what_an_office_notes_shows_something_and_has_no_control_characters(read):
    assert read(" A\u202e-12 \u200b") == "A-12"
    for wrong in ("", "  ", "\u200b", "a\x00b", "\x1b[31m"):
        with pytest.raises(ValueError, match="must"):
            read(wrong)


def test_a_reference_is_one_short_line_and_a_note_a_few_sentences():
    assert read_reference("号" * 40) == "号" * 40
    assert read_noted("一行目\n" + "あ" * 496) == "一行目\n" + "あ" * 496
    for read, wrong in [
        (read_reference, "号" * 41),
        (read_reference, "a\nb"),
        (read_noted, "あ" * 501),
    ]:
        with pytest.raises(ValueError, match="must"):
            read(wrong)
