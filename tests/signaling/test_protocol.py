"""The messages, and that docs/protocol.md speaks of exactly these."""

import json
import re
from datetime import UTC, datetime
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Annotated, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api.moments import NextMoment
from orchestrator.errors import Malformed
from orchestrator.policy.effects import REFUSALS
from orchestrator.policy.model import CallState, Medium, Purpose, Role
from signaling.ends import Close
from signaling.protocol import down, frames, up
from signaling.views.outline import NoticesView, NoticeView
from signaling.views.programme import ProgrammeView
from signaling.views.seats import SeatView
from signaling.views.session import SessionView
from signaling.views.shape import Bilingual

DOCUMENT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")


def section(title):
    """The text below a heading, up to the next one of the same or a higher level."""
    level, rest = re.search(rf"^(#+) {re.escape(title)}\n(.*)", DOCUMENT, re.S | re.M).groups()
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.M)[0]


def table(title):
    """The rows of the first table below a heading, header left out."""
    lines = dropwhile(lambda line: not line.startswith("|"), section(title).splitlines())
    rows = list(takewhile(lambda line: line.startswith("|"), lines))
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]
    return cells[2:]


def members(union):
    """The models of a discriminated union, by their type."""
    assert get_origin(union) is Annotated
    models = get_args(get_args(union)[0])
    return {get_args(model.model_fields["type"].annotation)[0]: model for model in models}


UP, DOWN = members(up.Up), members(down.Down)


def test_the_document_lists_exactly_the_types_up():
    assert {row[0].strip("`") for row in table("Up")} == set(UP)


def test_the_document_lists_exactly_the_types_down():
    assert {row[0].strip("`") for row in table("Down")} == set(DOWN)


@pytest.mark.parametrize("row", table("Up"), ids=lambda row: row[0])
def test_the_document_lists_exactly_the_fields_up(row):
    named = set(re.findall(r"`(\w+):", row[1]))
    assert named == set(UP[row[0].strip("`")].model_fields) - {"type"}


@pytest.mark.parametrize("row", table("Down"), ids=lambda row: row[0])
def test_the_document_lists_exactly_the_fields_down(row):
    named = {
        re.match(r"\w+", code).group() for code in re.findall(r"`([^`]+)`", row[1]) if code != "–"
    }
    assert named == set(DOWN[row[0].strip("`")].model_fields) - {"type"}


WHO = {
    "all": set(Role),
    "participants": set(Role),
    "participants but an observer": {Role.SEEKER, Role.SUPPORTER, Role.COMPANION},
    "supporter": {Role.SUPPORTER},
    "seeker": {Role.SEEKER},
    "seeker, companion": {Role.SEEKER, Role.COMPANION},
    "seeker, supporter": {Role.SEEKER, Role.SUPPORTER},
    "the seat's first device; supporter when escalated": set(Role),
}


@pytest.mark.parametrize("row", table("Up"), ids=lambda row: row[0])
def test_who_may_send_is_what_the_document_says(row):
    assert UP[row[0].strip("`")].senders == WHO[row[2]]


def test_the_document_lists_exactly_the_close_codes():
    listed = {int(row[0]) for row in table("Ends of a connection")}
    assert listed == {int(code) for code in Close}


@pytest.mark.parametrize(
    ("title", "model"),
    [
        ("`you`", down.You),
        ("`programme`", ProgrammeView),
    ],
)
def test_the_document_lists_exactly_the_fields_of(title, model):
    named = {
        re.match(r"\w+", code).group() for code in re.findall(r"`([a-z][^`]*)`", section(title))
    }
    assert named == set(model.model_fields)


def test_the_document_lists_exactly_the_fields_of_a_session():
    block = re.search(r"```jsonc\n(.*?)```", section("`session`"), re.S).group(1)
    code = "\n".join(line.split("//")[0].split("/*")[0] for line in block.splitlines())
    named = set(re.findall(r'"(\w+)":', re.sub(r"//.*|/\*.*?\*/", "", block)))
    expected = set(SessionView.model_fields) | set(SeatView.model_fields)
    for model in (NextMoment, NoticesView, NoticeView):
        expected |= set(model.model_fields)
    assert code
    assert expected <= named
    assert named <= expected | {"kind", "answer_by", "asked_at"}


HELLO = {"type": "hello", "version": 1, "link": "x" * 22}


def parsed(**message):
    return frames.parse(json.dumps(message))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (HELLO, up.Hello(type="hello", version=1, link="x" * 22)),
        (
            {"type": "join", "terms_version": "1", "attestations": ["private_room"]},
            up.Join(type="join", terms_version="1", attestations=("private_room",)),
        ),
        ({"type": "end", "works": False}, up.End(type="end", works=False)),
        ({"type": "wait"}, up.Wait(type="wait")),
        (
            {"type": "choose_slot", "option": "1"},
            up.ChooseSlot(type="choose_slot", option="1", purpose=Purpose.RESCHEDULE),
        ),
        (
            {"type": "choose_slot", "option": "1", "purpose": "next"},
            up.ChooseSlot(type="choose_slot", option="1", purpose=Purpose.NEXT),
        ),
        (
            {"type": "switch_medium", "medium": "audio"},
            up.SwitchMedium(type="switch_medium", medium=Medium.AUDIO),
        ),
        (
            {"type": "report_call", "state": "no_answer"},
            up.ReportCall(type="report_call", state=CallState.NO_ANSWER),
        ),
        (
            {"type": "stop", "kind": "conduct", "accused": "supporter", "note": None},
            up.Stop(type="stop", kind="conduct", accused="supporter", note=None),
        ),
        (
            {"type": "chat", "text": "  一行目\n二行目 "},
            up.Chat(type="chat", text="一行目\n二行目"),
        ),
        (
            {"type": "chat", "text": "\u202e4321\u200b 👩\u200d👧"},
            up.Chat(type="chat", text="4321 👩\u200d👧"),
        ),
        (
            {"type": "report_problem", "note": "x" * 500 + "\u200b"},
            up.ReportProblem(type="report_problem", note="x" * 500),
        ),
    ],
)
def test_a_message_is_parsed(message, expected):
    assert parsed(**message) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not_json"),
        ("{", "not_json"),
        ("{'type': 'wait'}", "not_json"),
        ('{"type": "wait"} {}', "not_json"),
        ("[" * 60_000, "not_json"),
        ('{"a":' * 10_000, "not_json"),
        ("\ud800", "not_json"),
        ('{"type": "wait", "x": NaN}', "bad_field"),
        ("null", "bad_field"),
        ("[]", "bad_field"),
        ('"wait"', "bad_field"),
        ("{}", "unknown_type"),
        ('{"type": null}', "unknown_type"),
        ('{"type": 1}', "unknown_type"),
        ('{"type": ["wait"]}', "unknown_type"),
        ('{"type": "Wait"}', "unknown_type"),
        ('{"type": "welcome"}', "unknown_type"),
        ('{"type": "wait", "extra": 1}', "bad_field"),
        ('{"type": "end"}', "bad_field"),
        ('{"type": "end", "works": 1}', "bad_field"),
        ('{"type": "end", "works": "true"}', "bad_field"),
        ('{"type": "end", "works": null}', "bad_field"),
        ('{"type": "admit", "seat": ""}', "bad_field"),
        ('{"type": "admit", "seat": {}}', "bad_field"),
        ('{"type": "answer", "media_epoch": -1, "sdp": "v=0"}', "bad_field"),
        ('{"type": "answer", "media_epoch": 1.5, "sdp": "v=0"}', "bad_field"),
        ('{"type": "answer", "media_epoch": 99999999999999999999, "sdp": "v=0"}', "bad_field"),
        (json.dumps({"type": "answer", "media_epoch": 1, "sdp": "x" * 32_769}), "bad_field"),
        (json.dumps({"type": "pong", "server_time": "x" * 1_001}), "bad_field"),
        (
            json.dumps({"type": "join", "terms_version": "1", "attestations": ["x"] * 21}),
            "bad_field",
        ),
        ('{"type": "chat", "text": " "}', "bad_field"),
        (json.dumps({"type": "chat", "text": "\u200b \u202e"}), "bad_field"),
        (json.dumps({"type": "chat", "text": "x" * 1_001}), "bad_field"),
        (json.dumps({"type": "chat", "text": "a\x00b"}), "bad_field"),
        (json.dumps({"type": "chat", "text": "a\x1b[2Jb"}), "bad_field"),
        (json.dumps({"type": "report_problem", "note": "x" * 501}), "bad_field"),
        ('{"type": "report_problem", "note": ""}', "bad_field"),
        ('{"type": "stop", "kind": "technical", "accused": "s", "note": null}', "bad_field"),
        ('{"type": "switch_medium", "medium": "smoke"}', "bad_field"),
        ('{"type": "report_call", "state": "ringing"}', "bad_field"),
        ('{"type": "choose_slot", "option": "1", "purpose": "any"}', "bad_field"),
        (json.dumps({"type": "hello", "version": 1}), "bad_field"),
        (json.dumps({**HELLO, "token": "x"}), "bad_field"),
        (json.dumps({**HELLO, "language": "fr"}), "bad_field"),
        (json.dumps({**HELLO, "version": 2, "new": 1}), "version_unsupported"),
        (json.dumps({**HELLO, "version": "1"}), "bad_field"),
        (json.dumps({**HELLO, "version": True}), "bad_field"),
        (json.dumps("x" * 65_536), "too_large"),
        (json.dumps("窓" * 30_000, ensure_ascii=False), "too_large"),
    ],
)
def test_what_is_not_a_message_has_a_code(text, code):
    with pytest.raises(Malformed) as malformed:
        frames.parse(text)
    assert malformed.value.code == code


@pytest.mark.parametrize("size", [32_768, 20_000])
def test_the_largest_sdp_is_allowed(size):
    assert len(parsed(type="answer", media_epoch=1, sdp="x" * size).sdp) == size


@given(st.text())
def test_no_text_makes_it_raise_anything_else(text):
    with pytest.raises(Malformed):
        frames.parse(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = sorted({name for model in UP.values() for name in model.model_fields} - {"type"})


@given(st.sampled_from(sorted(UP)), st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_no_object_makes_it_raise_anything_else(kind, fields):
    try:
        outcome = parsed(type=kind, **fields).type
    except Malformed as malformed:
        outcome = malformed.code
    assert outcome in {kind, "bad_field", "not_json", "version_unsupported"}


@given(st.text(min_size=8, max_size=50, alphabet="QXZ"))
def test_nothing_of_what_was_sent_is_echoed(secret):
    for message in (
        {"type": secret},
        {"type": "wait", secret: 1},
        {"type": "end", "works": secret},
    ):
        with pytest.raises(Malformed) as malformed:
            parsed(**message)
        assert secret not in malformed.value.detail


def test_a_time_is_written_in_utc_with_milliseconds():
    at = datetime(2026, 12, 1, 1, 2, 3, 456_789, UTC)
    assert json.loads(frames.encode(down.Ping(server_time=at))) == {
        "type": "ping",
        "server_time": "2026-12-01T01:02:03.456Z",
    }


def test_a_welcome_leaves_out_what_is_not_the_receivers_kind():
    you = down.You(
        connection="c", seat=None, role=Role.SCHEDULER, display_name="y", device="bound", name="y"
    )
    at = datetime(2026, 12, 1, tzinfo=UTC)
    office = Bilingual(ja="窓口", en="desk")
    text = frames.encode(down.Welcome(server_time=at, you=you, office=office))
    assert set(json.loads(text)) == {"type", "version", "server_time", "you", "office"}


def test_only_a_revoked_link_is_refused_by_the_policy_too():
    codes = set(re.findall(r"`(\w+)`", section("Refusal codes").split("Of the chat")[0]))
    assert codes == {
        "link_unknown",
        "link_revoked",
        "link_expired",
        "session_moved",
        "token_unknown",
        "version_unsupported",
        "encryption_required",
        "draining",
    }
    # A link can be revoked while somebody sits in its seat: then the policy says it.
    assert codes & REFUSALS == {"link_revoked"}
