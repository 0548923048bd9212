"""What the pages of a session need to know of its programme. PURE."""

from __future__ import annotations

from typing import Literal

from orchestrator.policy.model import Session
from orchestrator.policy.programme import FullText, Programme, Text
from signaling.views.shape import Bilingual, Shape


class ProgrammeView(Shape):
    """What a page needs to know of the programme."""

    name: str
    title: Bilingual
    office: Bilingual
    telephone: str | None
    telephone_hours: Bilingual | None
    """When that number is answered."""
    terms_version: str
    terms_url: str | None
    terms_text: Bilingual | None
    """The short text over the consent box."""
    has_full_terms: bool
    """The full text can be read here, too: `read_terms` asks for it."""
    attestations: tuple[str, ...]
    functions: tuple[str, ...]
    e2ee: Literal["required", "preferred", "off"]
    watermark: bool
    time_zone: str
    grace_s: float
    doors_s: float
    cutoff_s: float


def programme_view(session: Session, programme: Programme | None) -> ProgrammeView:
    """What the pages of a session need to know of its programme.

    Args:
        session: its rules count, they are those it was booked under.
        programme: texts and wishes of the present file; None when it is not there any more.
    """
    rules = session.rules
    name = Bilingual(ja=rules.programme, en=rules.programme)
    return ProgrammeView(
        name=rules.programme,
        title=_bilingual(programme.title) if programme else name,
        office=_bilingual(programme.office) if programme else name,
        telephone=programme.telephone if programme else None,
        telephone_hours=(
            _bilingual(programme.telephone_hours)
            if programme and programme.telephone_hours
            else None
        ),
        terms_version=rules.terms_version,
        terms_url=programme.terms.url if programme else None,
        terms_text=_bilingual(programme.terms.text) if programme else None,
        has_full_terms=full_terms(session, programme) is not None,
        attestations=rules.attestations,
        functions=tuple(sorted(rules.functions)),
        e2ee=programme.e2ee if programme else "preferred",
        watermark=programme.watermark if programme else True,
        time_zone=session.time_zone,
        grace_s=rules.grace.total_seconds(),
        doors_s=rules.doors.total_seconds(),
        cutoff_s=rules.cutoff.total_seconds(),
    )


def full_terms(session: Session, programme: Programme | None) -> FullText | None:
    """The full text of what the people of a session agree to.

    Args:
        session: its rules say which version that is.
        programme: the present file; None when it is not there any more.

    Returns:
        None where the file carries none, or that of another version than the session was booked under.
    """
    if programme is None or programme.terms.version != session.rules.terms_version:
        return None
    return programme.terms.full


def _bilingual(text: Text) -> Bilingual:
    return Bilingual(ja=text.ja, en=text.en)
