"""A programme: one service's policy, read from a TOML file.

Every field says its unit and its source. What one field cannot know about another is checked in `programme_checks`;
`parse` finds all mistakes of a file at once, because an operator who is told them one by one stops reading.

Nothing here opens a file: `orchestrator.programmes` does. Nothing here knows a session either: `Programme.rules` hands
over the numbers, and a session keeps those that it was booked under.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
)

from orchestrator.policy import programme_values as values
from orchestrator.policy.model import Consequence, Extension, Quota, Rules
from orchestrator.policy.programme_checks import CROSS_CHECKS
from orchestrator.policy.programme_mistakes import (
    Mistake,
    ProgrammeMistakes,
    read_model,
    read_toml,
)
from orchestrator.policy.questionnaire import Question
from orchestrator.policy.span import PositiveSpan, Span

__all__ = ["Mistake", "Programme", "ProgrammeMistakes", "Window", "parse"]

Line = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1)]
LongText = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=20_000),
]
"""Paragraphs with a blank line between them; 20,000 characters of Japanese are 60 kB."""
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class _Table(BaseModel):
    """What every table of the file has in common: immutable, and an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(_Table):
    """A text for people in the two languages of the pages."""

    ja: Line = Field(description="Japanese; ours.")
    en: Line = Field(description="English; ours.")


class FullText(_Table):
    """A long text for people in the two languages of the pages; plain text, in paragraphs."""

    ja: LongText = Field(description="Japanese; ours.")
    en: LongText = Field(description="English; ours.")


class Window(_Table):
    """The hours of some weekdays in which a whole slot must lie (SAKAI 2(1), IX 6-1)."""

    days: tuple[Day, ...] = Field(min_length=1, description="Weekdays; SAKAI 2(1).")
    from_: values.TimeOfDay = Field(
        alias="from", description="Opening, HH:MM in the programme's time zone; SAKAI 2(1)."
    )
    to: values.TimeOfDay = Field(
        description="Closing, HH:MM in the programme's time zone, at most 24:00; SAKAI 2(1)."
    )


class Hours(_Table):
    """The hours of some weekdays in which a supporter can be had; proposals keep to them."""

    supporter: Line = Field(
        description="Name of the supporter, as given to `madoguchi staff add`; ours."
    )
    days: tuple[Day, ...] = Field(min_length=1, description="Weekdays; ours.")
    from_: values.TimeOfDay = Field(
        alias="from", description="Beginning, HH:MM in the programme's time zone; ours."
    )
    to: values.TimeOfDay = Field(
        description="End, HH:MM in the programme's time zone, at most 24:00; ours."
    )


class Terms(_Table):
    """What must be accepted before the first join (IX 2, KUMAGAYA 4, SAKAI 5-3)."""

    version: Line = Field(
        max_length=40, description="Version of the terms; stored with each consent; IX 2."
    )
    url: Line | None = Field(default=None, description="Address of the full text; IX 19-1.")
    text: Text = Field(description="The short text over the consent box; IX 2, SAKAI 5-3.")
    full: FullText | None = Field(
        default=None,
        description="The full text, to be read on the page before anybody agrees; ours, for IX 2, SAKAI 5-3.",
    )


class Strikes(_Table):
    """How many strikes make a scheduler's task; they refuse nobody by themselves (KUMAGAYA 6(4))."""

    count: StrictInt = Field(ge=1, description="Number of strikes; KUMAGAYA 6(4), number ours.")
    within: PositiveSpan = Field(description="Span in which they count; ours.")


class ConsequenceRow(_Table):
    """What follows from one outcome."""

    quota: Quota = Field(description="`used` or `restored`; IX 6-6, IX 6-7.")
    reschedule: StrictBool = Field(description="A new slot is offered; IX 6-7.")
    strike: StrictBool = Field(default=False, description="Counts as a strike; KUMAGAYA 6(4).")
    confirm: StrictBool = Field(default=False, description="A scheduler looks at it first; ours.")


class Programme(_Table):
    """One service's whole policy."""

    name: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_-]{0,31}$")] = (
        Field(description="Identifier, the file's name without .toml; ours.")
    )
    version: StrictInt = Field(ge=1, description="Rises with each change of the file; ours.")
    title: Text = Field(description="What the service is called; KUMAGAYA, SAKAI, IX, titles.")
    office: Text = Field(description="Who holds it; KUMAGAYA 1, SAKAI preamble, IX preamble.")
    telephone: values.Telephone | None = Field(
        default=None,
        description="Number for cancellations and for help; KUMAGAYA 6(4), SAKAI 2(4).",
    )
    telephone_hours: Text | None = Field(
        default=None, description="When that number is answered, in words; ours."
    )
    time_zone: values.ZoneName = Field(
        description="IANA name of the zone in which days and windows are meant; ours."
    )

    lengths: values.Lengths = Field(
        description="Slot lengths that may be booked, a list of spans or min, max and step; "
        "KUMAGAYA 6(1), SAKAI 2(1)."
    )
    default_length: PositiveSpan = Field(description="Length when none is asked for; ours.")
    windows: tuple[Window, ...] = Field(
        min_length=1, description="When slots may lie; SAKAI 2(1), IX 6-1."
    )
    availability: tuple[Hours, ...] = Field(
        default=(),
        description="Weekly hours of supporters for proposals, who is not listed whenever a window is open; ours, "
        "for IX 6-7.",
    )
    grid: PositiveSpan = Field(
        description="Proposed slots start at multiples of this span after midnight; ours."
    )
    holidays: values.Country | None = Field(
        default=None,
        description="Country code whose public holidays are closed, or none; SAKAI 2(1) (weekdays).",
    )
    closed_days: tuple[values.ClosedRange, ...] = Field(
        default=(),
        description="Further closed days of each year, MM-DD or MM-DD..MM-DD; SAKAI 2(1).",
    )
    booked_by: Literal["day_before", "any"] = Field(
        description="Until which calendar day a slot can be confirmed; KUMAGAYA 6(1), SAKAI 2(1)."
    )
    lead: Span = Field(description="Proposed slots start at least this span ahead; ours.")
    horizon: PositiveSpan = Field(
        le=timedelta(days=366), description="How far ahead slots are proposed; ours."
    )
    required_fields: tuple[values.RequestField, ...] = Field(
        description="What a request must state; KUMAGAYA 6(2), SAKAI 2(1)."
    )
    quota: Annotated[StrictInt, Field(ge=1)] | None = Field(
        default=None, description="Sessions per contract; IX 6-1."
    )
    validity: PositiveSpan | None = Field(
        default=None, description="Span of a contract in which sessions can be held; IX 6-1."
    )

    doors: Span = Field(description="Span before the start in which the doors are open; ours.")
    cutoff: PositiveSpan = Field(
        description="Span after the start at which a no-show is judged; KUMAGAYA 6(4), SAKAI 2(4), "
        "IX 6-3."
    )
    ringing: Span = Field(description="Span of ringing that a no-show needs; IX 6-3.")
    tolerance: Span = Field(description="Span by which a supporter may be late; ours, for IX 6-7.")
    warnings: tuple[PositiveSpan, ...] = Field(
        description="Spans before the end at which people are warned; ours, for IX 6-4."
    )
    grace: PositiveSpan = Field(description="Span for a lost seat to come back, per drop; ours.")
    grace_total: PositiveSpan = Field(description="The same over the whole session; ours.")
    hold: PositiveSpan = Field(description="Span after the drop for which a seat is kept; ours.")
    tail: Span = Field(description="A drop in this last span still counts as completed; ours.")
    early_admission: StrictBool = Field(description="Admission before the start; ours.")
    extension: Literal["never", "scheduler"] = Field(
        description="Who may move the end; never: IX 6-4, scheduler: ours."
    )
    reschedule_for: PositiveSpan = Field(
        description="Span for which another date can be chosen; ours, for IX 6-7."
    )

    functions: frozenset[values.Function] = Field(
        description="What the room offers; anything else is refused; SAKAI 5-4."
    )
    display_name: Literal["office"] = Field(description="Who gives names in the room; SAKAI 2(3).")
    recording: Literal["forbidden"] = Field(
        description="Recording in any way; KUMAGAYA 12(2), SAKAI 5-4, IX 10(6)."
    )
    watermark: StrictBool = Field(
        description="The viewer's display name and the time lie over the remote picture; ours, "
        "for KUMAGAYA 12(2)."
    )
    e2ee: Literal["required", "preferred", "off"] = Field(
        description="End-to-end encryption of the media, as the programme wishes it; ours."
    )
    attestations: tuple[values.Attestation, ...] = Field(
        description="What everyone attests before joining; KUMAGAYA 12(3), KUMAGAYA 5, SAKAI 4."
    )
    companions: StrictInt = Field(
        ge=0, le=2, description="Number of remote companions with a seat; KUMAGAYA 12(3)."
    )
    observer: StrictBool = Field(
        default=False,
        description="A scheduler may have a seat that sees and hears and sends nothing; everybody is told before they "
        "agree; ours, for KUMAGAYA 12(3).",
    )
    terms: Terms = Field(description="What is agreed to; IX 2, KUMAGAYA 4, SAKAI 5-3.")
    questionnaire: tuple[Question, ...] = Field(
        default=(), description="What the guests are asked afterwards; none: nothing; IX 15-2."
    )
    questionnaire_kept_for: PositiveSpan = Field(
        default=timedelta(days=180),
        le=timedelta(days=1830),
        description="Span after which the answers are forgotten; ours, for IX 15-2.",
    )
    strikes: Strikes | None = Field(
        default=None, description="When strikes make a task; none: no strikes; KUMAGAYA 6(4)."
    )
    consequences: dict[str, ConsequenceRow] = Field(
        description="`outcome` or `outcome/cause` to what follows; IX 6-3, IX 6-6, IX 6-7; ours "
        "for the rest."
    )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which its days and windows are meant."""
        return ZoneInfo(self.time_zone)

    def rules(self) -> Rules:
        """The policy numbers that a session travels with."""
        return Rules(
            programme=self.name,
            programme_version=self.version,
            doors=self.doors,
            cutoff=self.cutoff,
            ringing=self.ringing,
            tolerance=self.tolerance,
            warnings=tuple(sorted(self.warnings, reverse=True)),
            grace=self.grace,
            grace_total=self.grace_total,
            hold=self.hold,
            tail=self.tail,
            early_admission=self.early_admission,
            reschedule_for=self.reschedule_for,
            extension=Extension(self.extension),
            terms_version=self.terms.version,
            attestations=self.attestations,
            functions=frozenset(self.functions),
            consequences={
                key: Consequence(row.quota, row.reschedule, row.strike, row.confirm)
                for key, row in self.consequences.items()
            },
        )

    def override(
        self,
        slot: timedelta | None = None,
        cutoff: timedelta | None = None,
        grace: timedelta | None = None,
    ) -> Programme:
        """The same programme with other times, for a trial run.

        What is named is taken as it is, and checked. What is not named and no longer fits is scaled down with the
        slot; warnings that do not fit are dropped.

        Args:
            slot: the only length that can be booked from now on.
            cutoff: see the field.
            grace: see the field; total and hold grow with it.

        Raises:
            ProgrammeMistakes: the named times contradict each other.
        """
        length = self.default_length if slot is None else slot
        share = min(length / self.default_length, 1.0)

        def fit(span: timedelta, below: timedelta) -> timedelta:
            return span if span < below else min(span * share, below / 2)

        new_cutoff = fit(self.cutoff, length) if cutoff is None else cutoff
        new_grace = fit(self.grace, length) if grace is None else grace
        changed: dict[str, object] = {
            "lengths": self.lengths if slot is None else (slot,),
            "default_length": length,
            "cutoff": new_cutoff,
            "grace": new_grace,
            "grace_total": max(self.grace_total, new_grace),
            "hold": max(self.hold, new_grace),
            "tail": fit(self.tail, length),
            "tolerance": min(self.tolerance, new_cutoff),
            "ringing": min(self.ringing, new_cutoff),
            "warnings": tuple(span for span in self.warnings if span < length),
        }
        file = f"{self.name} (overridden)"
        return read_model(Programme, CROSS_CHECKS, dict(self) | changed, file)


def parse(text: str, file: str) -> Programme:
    """Read a programme from the text of its file.

    Args:
        text: TOML.
        file: how the mistakes call the file.

    Raises:
        ProgrammeMistakes: all that is wrong with it.
    """
    return read_model(Programme, CROSS_CHECKS, read_toml(text, file), file)
