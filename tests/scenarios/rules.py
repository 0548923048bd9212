"""The rules of the programmes: which of them a live session depends on, which clause each cites, and other values.

A rule is a key of a programme file, dotted: `cutoff`, `consequences.not_held/seeker`, `attestations.no_recording`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files

from orchestrator.policy.model import Quota
from orchestrator.policy.programme import ConsequenceRow, Programme, Strikes, Terms

_SECOND = timedelta(seconds=1)

NOT_LIVE: Mapping[str, str] = {
    "name": "who the programme is",
    "version": "counts the changes of the file; a session keeps the rules that it was booked under",
    "title": "text of the pages",
    "office": "text of the pages",
    "telephone": "text of the pages",
    "telephone_hours": "text of the pages",
    "time_zone": "says how a wall-clock time is read; every scenario reads its times in it",
    "lengths": "decides what can be booked, before there is a session",
    "default_length": "decides what is proposed",
    "windows": "decides what can be booked",
    "availability": "decides what is proposed",
    "grid": "decides what is proposed",
    "holidays": "decides what can be booked",
    "closed_days": "decides what can be booked",
    "booked_by": "decides what can be booked",
    "lead": "decides what is proposed",
    "horizon": "decides what is proposed",
    "required_fields": "checked in the request, before there is a session",
    "quota": "counted over sessions; what one of them does to it is in its consequence",
    "validity": "counted over sessions, before there is one",
    "observer": "decides what can be booked",
    "questionnaire": "asked after the end; nothing that a session does depends on it",
    "questionnaire_kept_for": "says how long answers are kept, after the end",
    "terms.url": "text of the pages",
    "terms.text": "text of the pages",
    "terms.full": "text of the pages",
}
"""Keys that no running session depends on, and why not. What is in neither list fails the suite."""

_OTHER = {"extension": "scheduler", "display_name": "seeker", "recording": "allowed", "e2ee": "off"}
"""Another value for each key that is a word; of some no file may say it, and they are tried all the same."""

_LIVE = (
    "doors",
    "cutoff",
    "ringing",
    "tolerance",
    "warnings",
    "grace",
    "grace_total",
    "hold",
    "tail",
    "early_admission",
    "extension",
    "reschedule_for",
    "functions",
    "display_name",
    "recording",
    "watermark",
    "e2ee",
    "companions",
    "terms.version",
    "strikes.count",
    "strikes.within",
)
_BY_ITEM = ("attestations", "consequences")
"""Keys whose every item is a rule by itself."""


def keys_of(programme: Programme) -> list[str]:
    """Every key of a programme, tables and lists of rules by their items."""
    keys: list[str] = []
    for name in type(programme).model_fields:
        if name in _BY_ITEM:
            keys += [f"{name}.{item}" for item in getattr(programme, name)]
        elif isinstance(value := getattr(programme, name), Terms | Strikes):
            keys += [f"{name}.{item}" for item in type(value).model_fields]
        else:
            keys.append(name)
    return keys


def live_keys(programme: Programme) -> list[str]:
    """The keys that a running session depends on, each of which needs a scenario; those that it has a value for."""
    keys = (key for key in keys_of(programme) if key not in NOT_LIVE)
    return [key for key in keys if getattr(programme, key.partition(".")[0]) is not None]


def unknown_keys(programme: Programme) -> list[str]:
    """Keys of which nobody has said whether a running session depends on them."""
    return [
        key
        for key in live_keys(programme)
        if key not in _LIVE and key.split(".")[0] not in _BY_ITEM
    ]


# ---- other values ---------------------------------------------------------------------------------------------------

Changed = Iterator[tuple[str, Programme]]
"""What was changed, in words, and the programme with it."""


def near_changes(programme: Programme, key: str) -> Changed:
    """The smallest changes of a rule; all of them together have to be noticed by its scenarios."""
    name, _, item = key.partition(".")
    value = getattr(programme, name)
    if name == "consequences":
        yield from _other_rows(programme, item)
    elif name == "attestations":
        rest = tuple(it for it in value if it != item)
        yield f"{item} not attested", _with(programme, attestations=rest)
    elif name == "functions":
        yield from _other_functions(programme)
    elif name == "warnings":
        yield from _other_warnings(programme)
    elif name == "terms":
        other = value.model_copy(update={"version": f"{value.version}-other"})
        yield "another version", _with(programme, terms=other)
    elif name == "strikes":
        for other in _near(getattr(value, item)):
            yield (
                f"{key} = {other}",
                _with(programme, strikes=value.model_copy(update={item: other})),
            )
    elif name in _OTHER:
        yield f"{name} = {_OTHER[name]}", _with(programme, **{name: _OTHER[name]})
    else:
        for other in _near(value):
            yield f"{name} = {other}", _with(programme, **{name: other})


def far_changes(programme: Programme, key: str) -> Changed:
    """Changes that nobody overlooks; a scenario that names the rule has to notice one of these or of the near ones."""
    yield from near_changes(programme, key)
    value = getattr(programme, key.partition(".")[0])
    if isinstance(value, timedelta):
        for other in (timedelta(), value / 2, value * 2, value * 10):
            yield f"{key} = {other}", _with(programme, **{key: other})


def _with(programme: Programme, **changes: object) -> Programme:
    """Unchecked: what a file could not say is still another programme."""
    return programme.model_copy(update=changes)


def _near(value: object) -> Iterator[object]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, timedelta):
        yield value + _SECOND
        if value >= _SECOND:
            yield value - _SECOND
    elif isinstance(value, int):
        yield value + 1
        yield value - 1


def _other_rows(programme: Programme, item: str) -> Changed:
    row = programme.consequences[item]
    other_quota = Quota.USED if row.quota is Quota.RESTORED else Quota.RESTORED
    others: Mapping[str, ConsequenceRow] = {
        "another quota": row.model_copy(update={"quota": other_quota}),
        "reschedule flipped": row.model_copy(update={"reschedule": not row.reschedule}),
        "strike flipped": row.model_copy(update={"strike": not row.strike}),
        "confirm flipped": row.model_copy(update={"confirm": not row.confirm}),
    }
    for what, other in others.items():
        yield (
            f"{item}: {what}",
            _with(programme, consequences={**programme.consequences, item: other}),
        )


def _other_functions(programme: Programme) -> Changed:
    for function in ("audio", "video", "chat", "screen"):
        changed = programme.functions ^ {function}
        yield f"{function} turned over", _with(programme, functions=changed)


def _other_warnings(programme: Programme) -> Changed:
    for span in programme.warnings:
        rest = tuple(it for it in programme.warnings if it != span)
        yield f"no warning {span} before the end", _with(programme, warnings=rest)
        for other in (span + _SECOND, span - _SECOND):
            yield f"{other} in place of {span}", _with(programme, warnings=(*rest, other))


# ---- what the files cite --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cited:
    """One line of a programme file that sets something, and what stands after its `#`."""

    programme: str
    key: str
    value: str
    comment: str

    @property
    def clauses(self) -> tuple[str, ...]:
        """The clauses that the comment names, also in «as IX 6-7» and «for IX 6-7»."""
        return tuple(clauses_in(self.comment))

    @property
    def is_sourced(self) -> bool:
        """It names its document, or says that it is ours."""
        return re.search(r"\b(ours|KUMAGAYA|SAKAI|IX)\b", self.comment) is not None


_DOCUMENT = re.compile(
    r"\b(KUMAGAYA|SAKAI|IX|GOALOUS|RECRUIT),? ((?:(?:preamble|\d+(?:-\d+)*(?:\(\d+\))*)(?:, | to )?)+)"
)
_NUMBER = re.compile(r"\d+(?:-\d+)*(?:\(\d+\))*")


def clauses_in(comment: str) -> Iterator[str]:
    """`SAKAI 4, 5-4` -> `SAKAI 4`, `SAKAI 5-4`."""
    for document, numbers in _DOCUMENT.findall(comment):
        for number in _NUMBER.findall(numbers):
            yield f"{document} {number}"


_VALUE = re.compile(r'"?(?P<key>[a-z0-9_/]+)"? = (?P<value>.+)')
_ITEM = re.compile(r' +"(?P<item>[a-z_]+)",')


def cited(programme: str) -> Iterator[Cited]:
    """The lines of a shipped programme file that set something, in order: values, heads of tables, attestations."""
    text = files("orchestrator.programmes").joinpath(f"{programme}.toml").read_text("utf-8")
    table, array = "", ""
    for line in text.splitlines():
        code, _, comment = line.partition(" # ")
        if line.startswith("["):
            table = code.strip("[]") + "."
            yield Cited(programme, code.strip("[]"), "…", comment)
        elif match := _VALUE.fullmatch(code):
            array = match["key"] if match["value"] == "[" else ""
            yield Cited(programme, table + match["key"], "…" if array else match["value"], comment)
        elif array == "attestations" and (match := _ITEM.fullmatch(code)):
            yield Cited(programme, f"{array}.{match['item']}", "asked", comment)
