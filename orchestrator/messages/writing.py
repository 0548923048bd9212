"""How a message reads: its facts in words of one language, and the templates beside this file.

A template has a subject and a text in each language, side by side in one file, and decides nothing: what it shows is
in `Facts`. Names are display names; the real one is never looked at here.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo
from typing import assert_never
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from orchestrator.messages.occasions import Topic
from orchestrator.policy.model import RescheduleState, Role, Seat, Session
from orchestrator.policy.programme import Programme, Text
from orchestrator.ports import Language

_TEMPLATES = Environment(
    loader=PackageLoader("orchestrator.messages"),
    autoescape=False,  # noqa: S701 - plain text, which nobody renders as HTML
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)

_OFFICE = Text(ja="窓口", en="Madoguchi")
_TITLE = Text(ja="オンライン相談", en="Online consultation")
"""For a session whose programme is gone from this server."""

_WEEKDAYS = {
    Language.JA: "月火水木金土日",
    Language.EN: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What a template may show, in the language of the reader."""

    language: str
    is_seeker: bool
    """The reader is the seeker; else the supporter."""
    name: str
    """Of the reader."""
    seeker: str
    supporter: str
    observer: str | None
    """Who of the office looks on; None: nobody does."""
    office: str
    title: str
    """What the service is called."""
    telephone: str | None
    """Of the office; None: it has given none."""
    telephone_hours: str | None
    """When that number is answered; None: it does not say."""
    medium: str
    when: str
    """The slot: day, weekday, from, to."""
    opens: str
    """The time at which the doors open."""
    cutoff: str | None
    """The time at which a no-show is judged; None: that has passed, or the reader has sent word."""
    outcome: str | None
    cause: str | None
    """On whose side the reason lay; of a cancellation: who cancelled."""
    can_choose: bool
    """Another date is open for the seeker's choice."""
    until: str | None
    """Until when; None: it is not open."""
    options: tuple[str, ...]
    """The slots that are offered."""
    link: str
    """Empty in a message that needs none."""


def facts_of(
    session: Session,
    reader: Seat,
    language: Language,
    programme: Programme | None,
    link: str,
    now: datetime,
) -> Facts:
    """The facts of a session for one reader.

    Args:
        session: what the message is about.
        reader: whom it is to.
        language: of the reader.
        programme: the session's; None when this server has it no more.
        link: the reader's invitation; empty when the message needs none.
        now: aware UTC.
    """
    zone = ZoneInfo(session.time_zone)
    reschedule, judge_at = session.reschedule, session.judge_at
    # Who has sent word is judged at the end only, and is not threatened with it.
    is_ahead = judge_at is not None and now < judge_at < session.ends_at
    return Facts(
        language=language.value,
        is_seeker=reader.role is Role.SEEKER,
        name=reader.display_name,
        seeker=session.seeker.display_name,
        supporter=session.supporter.display_name,
        observer=session.observer.display_name if session.observer else None,
        office=_in(language, programme.office if programme else _OFFICE),
        title=_in(language, programme.title if programme else _TITLE),
        telephone=programme.telephone if programme else None,
        telephone_hours=(
            _in(language, programme.telephone_hours)
            if programme and programme.telephone_hours
            else None
        ),
        medium=session.medium.value,
        when=slot(session.starts_at, session.ends_at, zone, language),
        opens=_time(session.starts_at - session.rules.doors, zone),
        cutoff=_time(judge_at, zone) if judge_at is not None and is_ahead else None,
        outcome=session.outcome.value if session.outcome else None,
        cause=session.cause.value if session.cause else None,
        can_choose=reschedule is not None and reschedule.state is RescheduleState.OPEN,
        until=moment(reschedule.expires_at, zone, language) if reschedule else None,
        options=tuple(
            slot(option.starts_at, option.ends_at, zone, language)
            for option in (reschedule.options if reschedule else ())
            if option.starts_at > now
        ),
        link=link,
    )


def write(topic: Topic, facts: Facts) -> tuple[str, str]:
    """The subject, in one line, and the text of a message."""
    # A next session is a booked session; only how it was booked differs.
    named = Topic.SESSION_BOOKED if topic is Topic.NEXT_CHOSEN else topic
    template = _TEMPLATES.get_template(f"{named.value}.txt")
    context = template.new_context(asdict(facts))

    def block(name: str) -> str:
        return "".join(template.blocks[f"{facts.language}_{name}"](context))

    subject = " ".join(block("subject").split())
    text = re.sub(r"\n{3,}", "\n\n", block("text")).strip() + "\n"
    return subject, text


# ---- moments --------------------------------------------------------------------------------------------------------


def slot(begins_at: datetime, ends_at: datetime, zone: ZoneInfo, language: Language) -> str:
    """A slot with its day and weekday: `2026年12月8日（火）10:00〜10:30`."""
    begins, ends = begins_at.astimezone(zone), ends_at.astimezone(zone)
    last = _time(ends, zone)
    if ends.date() != begins.date():
        last = f"{_day(ends, language)} {last}"
    between = "〜" if language is Language.JA else "–"
    return f"{_beginning(begins, language)}{between}{last}{_zone_note(begins, language)}"


def moment(at: datetime, zone: ZoneInfo, language: Language) -> str:
    """A moment with its day and weekday: `2026年12月22日（火）10:10`."""
    there = at.astimezone(zone)
    return f"{_beginning(there, language)}{_zone_note(there, language)}"


def _beginning(at: datetime, language: Language) -> str:
    between = "" if language is Language.JA else ", "
    return f"{_day(at, language)}{between}{_time(at, at.tzinfo)}"


def _day(at: datetime, language: Language) -> str:
    weekday = _WEEKDAYS[language][at.weekday()]
    match language:
        case Language.JA:
            return f"{at.year}年{at.month}月{at.day}日（{weekday}）"
        case Language.EN:
            return f"{weekday}, {at.day} {_MONTHS[at.month - 1]} {at.year}"
        case _:
            assert_never(language)


def _zone_note(at: datetime, language: Language) -> str:
    """Whose time it is, where a reader could take it for another."""
    if language is Language.JA:
        return "" if at.tzname() == "JST" else f"（{at.tzname()}）"
    return f" ({at.tzname()})"


def _time(at: datetime, zone: tzinfo | None) -> str:
    there = at.astimezone(zone)
    return f"{there.hour}:{there.minute:02}"


def _in(language: Language, text: Text) -> str:
    return text.ja if language is Language.JA else text.en
