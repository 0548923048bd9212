"""Writes docs/clauses.md: clause -> rule in the programmes -> scenario, and the tables of tests/scenarios/README.md.

The clauses are those that a running session has to keep. What each asks is told in a line; the documents themselves are
the offices'.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tests.scenarios import sentences
from tests.scenarios.reader import HERE, HOUSE, PROGRAMMES, Scenario, files, read
from tests.scenarios.rules import NOT_LIVE, Cited, cited, live_keys

PAGE = HOUSE / "docs" / "clauses.md"
README = HERE / "README.md"
_MARK = "<!-- written by `make docs` from sentences.py; do not edit below -->\n"

OURS = "ours"
"""What no clause asks; a scenario says of what in brackets: `ours (tail)`."""


@dataclass(frozen=True)
class Clause:
    """One clause that a running session has to keep."""

    name: str
    asks: str


LIVE: Sequence[Clause] = (
    Clause("KUMAGAYA 6(4)", "no word, and 10 minutes past the start: treated as cancelled; cancelling by telephone"),
    Clause("SAKAI 2(4)", "the same"),
    Clause("IX 6-3", "10 minutes past the start without answering the supporter's contact: absent"),
    Clause("IX 6-4", "who joins late ends at the scheduled time, without extension"),
    Clause("IX 6-5", "the seeker asks to stop, or the supporter asks and the seeker agrees: it ends then"),
    Clause("IX 6-6", "interruption, lateness or absence on the seeker's side: no compensation"),
    Clause("IX 6-7", "delay through supporter or equipment: the seeker may arrange a new date"),
    Clause("CARD", "the user's card: a disconnect is handled, and triggers a reschedule"),
    Clause("KUMAGAYA 12(1)", "threats, abuse, use for other purposes: the session may be stopped"),
    Clause("SAKAI 8", "the same"),
    Clause("SAKAI 10-2", "a breach may end the use without notice"),
    Clause("KUMAGAYA 12(2)", "recording is forbidden by any means"),
    Clause("SAKAI 5-4", "recording is forbidden; only the functions that the office names are used"),
    Clause("IX 10(6)", "recording without permission is forbidden"),
    Clause("IX 11-1", "the service may stop for maintenance or failure without notice"),
    Clause("SAKAI 10-1", "the same"),
    Clause("IX 1-1", "sessions by telephone or by a dedicated tool"),
    Clause("KUMAGAYA 6(2)", "later sessions may be booked during a session"),
)  # fmt: skip
"""Section B, and of A what happens in a session."""

WHO_COMES_IN: Sequence[Clause] = (
    Clause("SAKAI 2(3)", "the display name is the one that the office gives"),
    Clause("KUMAGAYA 12(3)", "a private room, nobody else present; companions are declared beforehand"),
    Clause("KUMAGAYA 5", "a capable, safe device and a safe network, attested before joining"),
    Clause("KUMAGAYA 12(4)", "the same"),
    Clause("SAKAI 4", "the same"),
    Clause("IX 5-2", "the same; no modified devices"),
    Clause("IX 4-2", "access is personal and not shared: one seat a person, one device a link"),
    Clause("IX 2", "use means agreement to the terms: no consent, no seat"),
    Clause("KUMAGAYA 4", "the same"),
    Clause("SAKAI 5-3", "the same"),
    Clause("IX 12", "the user may end the contract: links are revoked"),
)  # fmt: skip
"""Section C, as far as a running session has to keep it."""

ELSEWHERE = (
    "IX 19, SAKAI 11 and KUMAGAYA 13 (changed terms), KUMAGAYA 2 and SAKAI 1 (who may use it), GOALOUS 10 and 12: "
    "decided before there is a session, so no scenario can show them."
)


def known(clause: str) -> bool:
    """Whether a scenario may cite that."""
    return clause.startswith(OURS) or clause in {it.name for it in (*LIVE, *WHO_COMES_IN)}


def covers(clause: str, citation: str) -> bool:
    """`SAKAI 4` covers `SAKAI 4(2)`; `IX 2` covers `IX 2-1`."""
    rest = citation.removeprefix(clause)
    return citation.startswith(clause) and (not rest or not rest[0].isdigit())


def document(scenarios: Sequence[Scenario]) -> str:
    """The text of docs/clauses.md."""
    lines = [line for name in PROGRAMMES for line in cited(name)]
    heads = ("clause", "what it asks", "rules that cite it", "scenarios")
    parts = [
        _HEAD,
        "## In the session",
        _table(heads, _clauses(LIVE, lines, scenarios)),
        "## Who comes in, and how",
        _table(heads, _clauses(WHO_COMES_IN, lines, scenarios)),
        f"Not here: {ELSEWHERE}",
        "## Every rule of a running session\n\n" + _RULES,
        _table(("rule", "value", "clause", "scenarios"), _rules(lines, scenarios)),
        "## What is ours\n\nWhat the clauses leave open, and the stories of the product.",
        _table(("of what", "scenarios"), _ours(scenarios)),
        "## Keys that no running session depends on",
        _table(("key", "why"), ((f"`{key}`", why) for key, why in NOT_LIVE.items())),
    ]
    return "\n\n".join(parts) + "\n"


_HEAD = """# Clauses, rules, scenarios

Written by `make docs` from the programmes' own comments and from the headings of
[tests/scenarios](../tests/scenarios/README.md); do not edit it by hand. Each scenario is a page that an office clerk
can read. *Pending* means that the policy cannot do it yet: the scenario says so, and fails as it should."""

_RULES = """Each of these scenarios fails when the rule has another value: a test changes it, by one second, by one
consequence, by one attestation, and looks."""


def _clauses(
    clauses: Iterable[Clause], lines: Sequence[Cited], scenarios: Sequence[Scenario]
) -> Iterator[tuple[str, ...]]:
    for clause in clauses:
        rules: dict[str, list[str]] = {}
        for line in lines:
            if not line.key.startswith("terms.text") and any(
                covers(clause.name, citation) for citation in line.clauses
            ):
                rules.setdefault(_setting(line), []).append(line.programme)
        said = "<br>".join(f"`{rule}` ({', '.join(names)})" for rule, names in rules.items())
        told = [it for it in scenarios if clause.name in it.clauses]
        yield (
            clause.name,
            clause.asks,
            said or "in the code: no programme can change it",
            _links(told),
        )


def _setting(line: Cited) -> str:
    return line.key if line.value == "…" else f"{line.key} = {line.value}"


def _rules(lines: Sequence[Cited], scenarios: Sequence[Scenario]) -> Iterator[tuple[str, ...]]:
    by_key = {(line.programme, line.key): line for line in lines}
    for name, programme in PROGRAMMES.items():
        for key in live_keys(programme):
            line = by_key[name, key]
            told = [it for it in scenarios if (name, key) in it.rules]
            yield f"{name} `{key}`", f"`{line.value}`", line.comment, _links(told)


def _ours(scenarios: Sequence[Scenario]) -> Iterator[tuple[str, ...]]:
    of_what: dict[str, list[Scenario]] = {}
    for scenario in scenarios:
        for clause in scenario.clauses:
            if clause.startswith(OURS):
                what = clause.removeprefix(OURS).strip(" ()")
                of_what.setdefault(what or "in general", []).append(scenario)
    for what in sorted(of_what):
        yield what, _links(of_what[what])


def _links(scenarios: Iterable[Scenario]) -> str:
    links = (f"[{it.title}](../tests/scenarios/{it.name}.scenario)" for it in scenarios)
    return "<br>".join(links) or "–"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def readme() -> str:
    """The text of tests/scenarios/README.md: its own words, then the tables."""
    own = README.read_text(encoding="utf-8").partition(_MARK)[0]
    return f"{own}{_MARK}\n{sentences.document()}\n"


def main() -> None:
    """Write both pages."""
    PAGE.write_text(document([read(path) for path in files()]), encoding="utf-8")
    README.write_text(readme(), encoding="utf-8")


if __name__ == "__main__":
    main()
