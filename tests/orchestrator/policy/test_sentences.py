"""Every reason has its sentence in both languages, with times of the session's zone and without a name."""

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.policy import attribution, sentences
from orchestrator.policy.attribution import RULES
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    Cause,
    Confidence,
    Evidence,
    Outcome,
    Signal,
    Verdict,
)
from orchestrator.policy.sentences import PLAIN, SHOWN, WORDS, sentence
from tests.orchestrator.policy.scenario import moment

POLICY = Path(attribution.__file__).parent
MAKERS = {"Verdict": 3, "sure": 3, "unclear": 2, "finished": 1}
"""What makes a verdict -> where its reason stands."""
PASSED_ON = {"found.reason", "fixed.reason", "reason", "_REASONS[kind]"}
"""Reasons that are none of the call's own: from a rule, from an earlier verdict, or from a table."""


def called(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def verdicts():
    """Every place in the policy that makes a verdict, and the source of its reason."""
    for path in sorted(POLICY.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and len(node.args) > MAKERS.get(called(node), 99):
                yield path.name, node.args[MAKERS[called(node)]]


def reasons() -> set[str]:
    """All reasons of the policy: of its rules, of its verdicts, of its tables."""
    found = {
        rule.reason.format(side=side)
        for rule in RULES
        for side in ((SEEKER, SUPPORTER) if "{side}" in rule.reason else ("",))
    }
    for _, source in verdicts():
        found |= {
            node.value
            for node in ast.walk(source)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    tree = ast.parse((POLICY / "stops.py").read_text("utf-8"))
    table = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_REASONS"
    )
    assert isinstance(table, ast.Dict)
    found |= {ast.literal_eval(value) for value in table.values}
    return found | {
        attribution.attribute_missing_media.__name__ and reason
        for reason in re.findall(
            r'"([a-z]+_never_[a-z]+)"', (POLICY / "attribution.py").read_text()
        )
    }


def test_no_reason_is_put_together_where_nobody_can_find_it():
    for name, source in verdicts():
        text = ast.unparse(source)
        literal = any(isinstance(node, ast.Constant) for node in ast.walk(source))
        assert literal or text in PASSED_ON, f"{name}: {text}"
        assert not any(isinstance(node, ast.JoinedStr) for node in ast.walk(source)), name


def test_every_reason_has_a_sentence_and_no_sentence_is_left_over():
    assert set(WORDS) | set(PLAIN) == reasons()
    assert not set(WORDS) & set(PLAIN)


AT = moment("10:00")
SEEN = (
    Evidence(Signal.SIGNALLING_LOST, AT, SEEKER, 1006),
    Evidence(Signal.MEDIA_SILENT, AT + timedelta(seconds=7), SEEKER, 5.0),
)


def verdict(reason, cause=Cause.SEEKER, confidence=Confidence.LIKELY, evidence=SEEN):
    return Verdict(
        Outcome.INTERRUPTED, cause, confidence, reason, AT + timedelta(minutes=2), evidence
    )


@pytest.mark.parametrize("cause", list(Cause))
@pytest.mark.parametrize("reason", sorted({*WORDS, *PLAIN}))
def test_a_sentence_is_one_sentence_without_holes_or_names(reason, cause):
    told = sentence(verdict(reason, cause), "Asia/Tokyo")
    for text in (told.ja, told.en):
        assert not re.search(r"[{}]|None|  ", text)
        assert "seeker_" not in text
    assert told.ja.count("。") == 1
    assert told.ja.endswith("。")
    assert told.en.endswith(".")
    assert not told.en.endswith("..")
    assert told.en[0].isupper()
    assert not re.search(r"[ぁ-んァ-ヶ一-龠]", told.en)
    for word in ("サポーター", "田中", "さくら"):
        assert word not in told.ja
    # One word for one thing, that of the pages: the office is 窓口, the seeker ご利用者.
    assert "センター" not in told.ja
    assert not re.search(r"(?<!ご)利用者", told.ja)
    assert "））" not in told.ja
    assert not re.search(r"seeker|supporter|lobby", told.en.replace(f"«{reason}»", ""))


def test_it_says_what_happened_whose_side_it_is_and_what_it_rests_on():
    told = sentence(verdict("seeker_connection_lost"), "Asia/Tokyo")
    assert told.ja == (
        "10:10:00 にご利用者の接続が切れて時間内に戻らず、原因はご利用者側とみられます"
        "（10:10:00 ご利用者：コード 1006 で画面との接続が切断、"
        "10:10:07 ご利用者：映像と音声が 5 秒途絶）。"
    )
    assert told.en == (
        "The visitor's connection was lost at 10:10:00 and was not back in time; the cause probably"
        " lies with the visitor's side (10:10:00 visitor: page connection lost with code 1006,"
        " 10:10:07 visitor: media silent for 5 s)."
    )


@pytest.mark.parametrize(
    ("confidence", "ja", "en"),
    [
        (Confidence.SURE, "原因はご利用者側です", "lies with"),
        (Confidence.LIKELY, "原因はご利用者側とみられます", "probably lies with"),
    ],
)
def test_how_firm_it_is_can_be_heard(confidence, ja, en):
    told = sentence(verdict("seeker_closed_page", confidence=confidence), "Asia/Tokyo")
    assert ja in told.ja
    assert en in told.en


def test_unknown_is_said_to_be_unknown():
    told = sentence(
        verdict("seeker_page_closed_only", Cause.UNKNOWN, Confidence.UNKNOWN), "Asia/Tokyo"
    )
    assert "原因は特定できません" in told.ja
    assert "the cause is not known" in told.en


def test_times_are_of_the_sessions_zone():
    assert "02:10:00" in sentence(verdict("seeker_connection_lost"), "Europe/Berlin").en


@pytest.mark.parametrize("signal", list(Signal))
@pytest.mark.parametrize("value", [None, 0.0, 0.123, 5.5, 1006, 86_400])
def test_every_signal_is_told_with_its_value_and_without(signal, value):
    told = sentence(
        verdict("seeker_connection_lost", evidence=(Evidence(signal, AT, SEEKER, value),)),
        "Asia/Tokyo",
    )
    assert "10:10:00" in told.ja
    assert "None" not in told.ja


def test_shares_and_seconds_have_their_units():
    line = Evidence(Signal.LINE_BAD, AT, SEEKER, 0.4)
    slept = Evidence(Signal.PAGE_ASLEEP, AT, SUPPORTER, 12.34)
    told = sentence(verdict("both_lines_bad", evidence=(line, slept)), "Asia/Tokyo")
    assert "40%" in told.en
    assert "12 s" in told.en
    assert "端末が 12 秒休止" in told.ja


def test_a_sentence_bears_only_so_much_evidence():
    many = tuple(
        Evidence(Signal.LINE_BAD, AT + timedelta(seconds=n), SEEKER, 0.2) for n in range(9)
    )
    told = sentence(verdict("seeker_line_bad", evidence=many), "Asia/Tokyo")
    assert told.en.count("20% of packets lost") == SHOWN


def test_a_reason_of_an_older_version_is_told_by_its_key():
    told = sentence(verdict("of_long_ago"), "Asia/Tokyo")
    assert "of_long_ago" in told.ja
    assert "of_long_ago" in told.en
    assert sentences.WORDS.get("of_long_ago") is None
