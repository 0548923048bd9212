"""What the fields of messages are made of: each has its bounds. PURE."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from orchestrator.policy.questionnaire import SCALE
from orchestrator.policy.writing import legible

VERSION = 1

Text = Annotated[str, StringConstraints(max_length=1_000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Sdp = Annotated[str, StringConstraints(min_length=1, max_length=32_768)]
Epoch = Annotated[int, Field(ge=0, le=2**31 - 1)]
_WRITTEN = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$"
"""What a person writes: no control characters but line breaks."""
Note = Annotated[
    str,
    AfterValidator(legible),
    StringConstraints(min_length=1, max_length=500, pattern=_WRITTEN),
]
"""A few sentences for the office alone."""
Line = Annotated[
    str,
    AfterValidator(legible),
    StringConstraints(min_length=1, max_length=1_000, pattern=_WRITTEN),
]
"""What somebody writes to the others; passed on, never stored."""

Point = Annotated[int, Field(ge=SCALE[0], le=SCALE[-1])]
Share = Annotated[float, Field(ge=0, le=1)]
Milliseconds = Annotated[float, Field(ge=0, le=60_000)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]


class Message(BaseModel):
    """What every message has in common: nothing more than its fields, and each of its own kind."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
