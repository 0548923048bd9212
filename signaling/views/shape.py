"""What every view has in common. PURE."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """What every view has in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Bilingual(Shape):
    """A text in the two languages of the pages."""

    ja: str
    en: str
