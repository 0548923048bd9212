from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.policy import model
from orchestrator.policy.model import Record, Session
from orchestrator.store import codec
from tests.fakes import NOON, a_session

# Aware moments in any offset: what comes from outside need not be UTC.
_offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_moments = st.datetimes(
    min_value=datetime(1971, 1, 1),  # noqa: DTZ001 - hypothesis adds the time zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.one_of(st.just(UTC), _offsets),
)
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_spans = st.timedeltas(min_value=timedelta(days=-1000), max_value=timedelta(days=1000))
_plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    _texts,
)

st.register_type_strategy(datetime, _moments)
st.register_type_strategy(timedelta, _spans)
st.register_type_strategy(str, _texts)
# How much of a signal was seen is a number: what reports it refuses anything else.
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


def _whole(kind: type) -> st.SearchStrategy:
    """A dataclass with every field drawn by its type, also those that have defaults."""
    return st.builds(kind, **{field.name: ... for field in dataclasses.fields(kind)})


for _kind in vars(model).values():
    if dataclasses.is_dataclass(_kind) and isinstance(_kind, type):
        st.register_type_strategy(_kind, _whole(_kind))

_rules = st.one_of(
    _whole(model.Rules),
    _whole(model.Rules).map(
        lambda rules: dataclasses.replace(
            rules, consequences=MappingProxyType(dict(rules.consequences))
        )
    ),
)
_sessions = st.builds(
    Session,
    **{field.name: ... for field in dataclasses.fields(Session)} | {"rules": _rules},
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(_sessions)
def test_a_session_comes_back_exactly(session: Session):
    back = codec.decode_session(codec.encode_session(session))

    assert back == session
    assert type(back.warned) is frozenset
    assert all(type(seat) is model.Seat for seat in back.seats)
    assert back.starts_at.utcoffset() is not None


@given(
    st.builds(Record, at=_moments, name=_texts, data=st.dictionaries(_texts, _plain, max_size=4))
)
def test_a_record_comes_back_with_its_types(record: Record):
    back = codec.decode_record(codec.encode_record(record))

    assert back == record
    assert [type(value) for value in back.data.values()] == [
        type(value) for value in record.data.values()
    ]


@given(_moments)
def test_a_moment_as_microseconds_is_exact(at: datetime):
    micros = codec.micros(at)

    assert codec.moment(micros) == at
    assert int(float(micros)) == micros, "a sorted set's score holds it exactly"


def test_enums_are_stored_by_their_value():
    stored = json.loads(codec.encode_session(a_session()))

    assert stored["phase"] == "scheduled"
    assert not any(isinstance(value, Enum) for value in stored.values())


def test_a_session_of_an_older_version_takes_defaults_for_new_fields():
    stored = json.loads(codec.encode_session(a_session()))
    del stored["exception"]

    assert codec.decode_session(json.dumps(stored)) == a_session()


def test_a_field_of_a_newer_version_is_ignored():
    stored = json.loads(codec.encode_session(a_session()))
    stored["invented_later"] = 1

    assert codec.decode_session(json.dumps(stored)) == a_session()


def test_what_is_no_session_is_refused():
    with pytest.raises(ValueError, match="validation error"):
        codec.decode_session('{"id": "s1"}')


def test_noon_is_stored_in_microseconds():
    assert codec.micros(NOON) == 1_796_126_400_000_000
