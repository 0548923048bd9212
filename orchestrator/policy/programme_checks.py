"""What the fields of a programme must be to each other.

Each check names in its parameters the fields that it looks at, or `written` for the table as it stands in the file,
and yields key and reason of every mistake.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.policy.model import CAUSES, ENDED_BY_OFFICE, Cause, Outcome
from orchestrator.policy.programme_mistakes import CrossCheck, Found
from orchestrator.policy.questionnaire import MOST_OPTIONS, MOST_QUESTIONS
from orchestrator.policy.span import write_span

if TYPE_CHECKING:
    from orchestrator.policy.programme import ConsequenceRow, Hours, Strikes, Window
    from orchestrator.policy.questionnaire import Question

Times = tuple[timedelta, ...]

_KNOWN = frozenset(outcome.value for outcome in CAUSES) | {
    f"{outcome.value}/{cause.value}" for outcome, causes in CAUSES.items() for cause in causes
}

DAY = timedelta(days=1)


def _windows_are_ordered(windows: tuple[Window, ...]) -> Iterator[Found]:
    last: dict[str, timedelta] = {}
    for index, window in enumerate(windows):
        if window.from_ >= window.to:
            yield f"windows.{index}", "The window must end after it begins."
            continue
        clash = [day for day in window.days if last.get(day, timedelta()) > window.from_]
        if clash:
            days = ", ".join(clash)
            yield f"windows.{index}", f"On {days} it begins before an earlier window has ended."
        if len(set(window.days)) < len(window.days):
            yield f"windows.{index}.days", "A day is named twice."
        last |= dict.fromkeys(window.days, window.to)


def _availability_meets_windows(
    availability: tuple[Hours, ...], windows: tuple[Window, ...]
) -> Iterator[Found]:
    for index, row in enumerate(availability):
        if row.from_ >= row.to:
            yield f"availability.{index}", "The hours must end after they begin."
        elif not any(_share_time(row, window) for window in windows):
            yield f"availability.{index}", "The hours lie outside every window."
        if len(set(row.days)) < len(row.days):
            yield f"availability.{index}.days", "A day is named twice."


def _share_time(row: Hours, window: Window) -> bool:
    are_on_one_day = bool(set(row.days) & set(window.days))
    return are_on_one_day and row.from_ < window.to and window.from_ < row.to


def _lengths_fit_windows(lengths: Times, windows: tuple[Window, ...]) -> Iterator[Found]:
    # A window that ends at midnight may go on in the next day's; only then can a slot be longer than one.
    if any(window.to == DAY for window in windows):
        return
    longest = max(window.to - window.from_ for window in windows)
    for length in lengths:
        if length > longest:
            yield "lengths", f"A slot of {write_span(length)} fits into none of the windows."


def _default_length_is_allowed(default_length: timedelta, lengths: Times) -> Iterator[Found]:
    if default_length not in lengths:
        yield "default_length", f"{write_span(default_length)} is not one of the lengths."


def _grid_divides_the_day(grid: timedelta) -> Iterator[Found]:
    if DAY % grid:
        yield "grid", "The grid must divide a day, so that it is the same every day."


def _warnings_fit(warnings: Times, lengths: Times) -> Iterator[Found]:
    for warning in warnings:
        if warning >= lengths[0]:
            yield "warnings", _must_be_shorter(warning, lengths[0])
    if len(set(warnings)) < len(warnings):
        yield "warnings", "A warning is named twice."


def _cutoff_fits(cutoff: timedelta, lengths: Times) -> Iterator[Found]:
    if cutoff >= lengths[0]:
        yield "cutoff", _must_be_shorter(cutoff, lengths[0])


def _grace_fits(grace: timedelta, lengths: Times) -> Iterator[Found]:
    if grace >= lengths[0]:
        yield "grace", _must_be_shorter(grace, lengths[0])


def _tail_fits(tail: timedelta, lengths: Times) -> Iterator[Found]:
    if tail >= lengths[0]:
        yield "tail", _must_be_shorter(tail, lengths[0])


def _hold_covers_grace(hold: timedelta, grace: timedelta) -> Iterator[Found]:
    if hold < grace:
        yield "hold", f"A seat must be held at least as long as the grace of {write_span(grace)}."


def _total_covers_grace(grace_total: timedelta, grace: timedelta) -> Iterator[Found]:
    if grace_total < grace:
        yield "grace_total", f"The total must be at least one grace of {write_span(grace)}."


def _tolerance_ends_by_cutoff(tolerance: timedelta, cutoff: timedelta) -> Iterator[Found]:
    if tolerance > cutoff:
        yield "tolerance", f"It must not be longer than the cutoff of {write_span(cutoff)}."


def _ringing_fits_cutoff(ringing: timedelta, cutoff: timedelta) -> Iterator[Found]:
    if ringing > cutoff:
        yield "ringing", f"It must not be longer than the cutoff of {write_span(cutoff)}."


def _early_admission_has_doors(early_admission: bool, doors: timedelta) -> Iterator[Found]:
    if early_admission and not doors:
        yield "early_admission", "Nobody can be admitted early when the doors open at the start."


def _lead_ends_before_horizon(lead: timedelta, horizon: timedelta) -> Iterator[Found]:
    if lead >= horizon:
        yield "lead", f"Nothing can be proposed: it must be shorter than {write_span(horizon)}."


def _a_session_can_be_heard(functions: frozenset[str]) -> Iterator[Found]:
    if "audio" not in functions:
        yield "functions", 'A consultation needs at least "audio".'


def _recording_is_attested(attestations: tuple[str, ...]) -> Iterator[Found]:
    if "no_recording" not in attestations:
        reason = 'Recording is forbidden, so "no_recording" must be attested (KUMAGAYA 12(2)).'
        yield "attestations", reason
    if len(set(attestations)) < len(attestations):
        yield "attestations", "An attestation is named twice."


def _a_beside_companion_is_declared(
    companions: int, attestations: tuple[str, ...]
) -> Iterator[Found]:
    if companions and not {"private_room", "declared_companions"} & set(attestations):
        reason = 'Companions are declared: attest "private_room" or "declared_companions".'
        yield "companions", f"{reason} (KUMAGAYA 12(3))"


def _consequences_are_known(written: Mapping[str, object]) -> Iterator[Found]:
    for key in _consequence_keys(written) - _KNOWN:
        near = difflib.get_close_matches(key, sorted(_KNOWN), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        yield f"consequences.{key}", f"There is no such outcome or cause{hint}"


def _consequences_are_complete(written: Mapping[str, object]) -> Iterator[Found]:
    keys = _consequence_keys(written)
    given = keys | {ENDED_BY_OFFICE}
    for outcome, causes in CAUSES.items():
        missing = [
            key for cause in causes if (key := f"{outcome.value}/{cause.value}") not in given
        ]
        if not keys or outcome.value in keys or (causes and not missing):
            continue
        for key in missing if len(causes) > 1 else [outcome.value]:
            yield f"consequences.{key}", "This outcome has no consequence."


def _consequence_keys(written: Mapping[str, object]) -> frozenset[str]:
    table = written.get("consequences")
    return frozenset(table) if isinstance(table, Mapping) else frozenset()


def _strikes_are_counted(
    consequences: Mapping[str, ConsequenceRow], strikes: Strikes | None
) -> Iterator[Found]:
    for key, row in consequences.items():
        if not row.strike:
            continue
        if strikes is None:
            yield f"consequences.{key}.strike", "There is no [strikes] table to count it."
        if key != Outcome.SEEKER_NO_SHOW.value and not key.endswith(f"/{Cause.SEEKER.value}"):
            yield f"consequences.{key}.strike", "Only what the seeker caused can be a strike."


def _questions_can_be_answered(questionnaire: tuple[Question, ...]) -> Iterator[Found]:
    if len(questionnaire) > MOST_QUESTIONS:
        yield "questionnaire", f"There may be at most {MOST_QUESTIONS} questions."
    if len({question.key for question in questionnaire}) < len(questionnaire):
        yield "questionnaire", "A key is used twice."
    for index, question in enumerate(questionnaire):
        place, options = f"questionnaire.{index}.options", question.options
        if question.kind != "choice":
            if options:
                yield place, "Only a question of kind choice has options."
        elif not 2 <= len(options) <= MOST_OPTIONS:
            yield place, f"A choice has 2 to {MOST_OPTIONS} options."
        elif len({option.key for option in options}) < len(options):
            yield place, "A key is used twice."


def _must_be_shorter(span: timedelta, shortest: timedelta) -> str:
    return f"{write_span(span)} must be shorter than the shortest slot of {write_span(shortest)}."


CROSS_CHECKS: tuple[CrossCheck, ...] = (
    _windows_are_ordered,
    _availability_meets_windows,
    _lengths_fit_windows,
    _default_length_is_allowed,
    _grid_divides_the_day,
    _warnings_fit,
    _cutoff_fits,
    _grace_fits,
    _tail_fits,
    _hold_covers_grace,
    _total_covers_grace,
    _tolerance_ends_by_cutoff,
    _ringing_fits_cutoff,
    _early_admission_has_doors,
    _lead_ends_before_horizon,
    _a_session_can_be_heard,
    _recording_is_attested,
    _a_beside_companion_is_declared,
    _consequences_are_known,
    _consequences_are_complete,
    _strikes_are_counted,
    _questions_can_be_answered,
)
"""All of them, in the order in which their mistakes are told."""
