"""Who is told something, and how: by a message, and on the pages of this node."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from orchestrator.policy.effects import Refuse, Warn
from orchestrator.policy.model import ConnectionId, Session, SessionId
from orchestrator.ports.media import OfferMade, ProbeOffered


class Language(StrEnum):
    """In which language somebody is written to."""

    JA = "ja"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Message:
    """A text to one person."""

    to: str = field(repr=False)
    """The address, as `addresses.read_mail_address` gives it."""
    language: Language
    subject: str
    """One line."""
    text: str = field(repr=False)
    """Plain text; it holds an invitation link."""
    key: str
    """Of the delivery that it comes from: a repetition carries the same one, so that a receiver can tell."""


class Notifier(Protocol):
    """Takes messages to people who are not at their pages."""

    async def send(self, message: Message) -> None:
        """Return once the message was accepted for delivery.

        Raises:
            Unavailable: `mail` cannot take it now; the same message may be sent again later.
            Refused: `message_refused`; it will never be taken.
        """


class Audience(Protocol):
    """The people at their pages. Signalling implements it; all methods return at once and never raise."""

    def show(self, session: Session) -> None:
        """A new state was committed: everyone in the session is shown it."""

    def time_is_up(self, session: Session) -> None:
        """The hard end has been cut; the outcome follows when it is recorded."""

    def refuse(self, refusal: Refuse) -> None:
        """Tell one connection that it may not do this."""

    def warn(self, session: Session, warning: Warn) -> None:
        """Tell everyone in the session how long is left."""

    def offer(self, connection: ConnectionId, offer: OfferMade) -> None:
        """Pass a media offer to the page that holds the seat."""

    def offer_probe(self, offer: ProbeOffered) -> None:
        """Pass an offer to the page that measures its line."""

    def dismiss(self, session: SessionId, code: str) -> None:
        """This node no longer runs the session: its pages shall connect again."""
