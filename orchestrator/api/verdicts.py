"""A verdict as schedulers and programs see it: in a sentence, and with what it rests on. PURE."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.api.moments import Moment
from orchestrator.policy import sentences
from orchestrator.policy.model import Cause, Confidence, Evidence, Outcome, Signal, Verdict


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class SentenceBody(_Shown):
    """One text in both languages."""

    ja: str
    en: str


class EvidenceBody(_Shown):
    """One signal, and when it was so."""

    signal: Signal
    at: Moment
    seat: str | None = Field(description="Whose seat it speaks of; null: of the server")
    value: float | None = Field(description="How much; the unit is the signal's")


class VerdictBody(_Shown):
    """A verdict, with how firm it is and why."""

    outcome: Outcome
    cause: Cause | None
    confidence: Confidence
    reason: str
    at: Moment
    sentence: SentenceBody
    evidence: tuple[EvidenceBody, ...] = Field(description="Oldest first")


def verdict_of(verdict: Verdict, time_zone: str) -> VerdictBody:
    """As the API shows it; the times in the sentence are of that zone."""
    told = sentences.sentence(verdict, time_zone)
    return VerdictBody(
        outcome=verdict.outcome,
        cause=verdict.cause,
        confidence=verdict.confidence,
        reason=verdict.reason,
        at=verdict.at,
        sentence=SentenceBody(ja=told.ja, en=told.en),
        evidence=tuple(_evidence(one) for one in verdict.evidence),
    )


def _evidence(one: Evidence) -> EvidenceBody:
    return EvidenceBody(signal=one.signal, at=one.at, seat=one.seat, value=one.value)
