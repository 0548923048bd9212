"""Sessions, records, links, staff and what is on record of people as text and back, exactly.

What is written here is read by later versions: a field that a stored session lacks takes its default, and one that
this version does not know is ignored. So a new field of `Session` needs a default; a renamed one needs a migration.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter

from orchestrator.policy.ledger import LedgerLine
from orchestrator.policy.model import PersonId, Record, SeatId, Session, SessionId
from orchestrator.policy.standing import Decision, PersonTask
from orchestrator.ports import Answers, Link, MaintenanceWindow, Staff

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_SESSION = TypeAdapter(Session)
_RECORD = TypeAdapter(Record)
_STAFF = TypeAdapter(Staff)
_LINE = TypeAdapter(LedgerLine)
_DECISION = TypeAdapter(Decision)
_PERSON_TASK = TypeAdapter(PersonTask)
_WINDOW = TypeAdapter(MaintenanceWindow)
_ANSWERS = TypeAdapter(Answers)


def micros(at: datetime) -> int:
    """A moment as whole microseconds since 1970."""
    return (at - EPOCH) // _MICROSECOND


def moment(micros_since_epoch: int) -> datetime:
    """The moment of `micros`, aware UTC."""
    return EPOCH + micros_since_epoch * _MICROSECOND


def _plain(value: object) -> object:
    # Read-only views of programme tables travel in sessions; pydantic knows dicts only.
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be stored")


def encode_session(session: Session) -> str:
    """A session as JSON; spans and moments are exact to the microsecond."""
    return _SESSION.dump_json(session, fallback=_plain, warnings=False).decode()


def decode_session(text: str) -> Session:
    """The session of `encode_session`.

    Raises:
        pydantic.ValidationError: the text is not a session; the store was written by something else.
    """
    return _SESSION.validate_json(text)


def encode_record(record: Record) -> str:
    """A line of history as JSON."""
    return _RECORD.dump_json(record, fallback=_plain, warnings=False).decode()


def decode_record(text: str) -> Record:
    """The record of `encode_record`."""
    return _RECORD.validate_json(text)


def encode_staff(staff: Staff) -> str:
    """Somebody of the office as JSON."""
    return _STAFF.dump_json(staff).decode()


def decode_staff(text: str) -> Staff:
    """The staff of `encode_staff`."""
    return _STAFF.validate_json(text)


def encode_line(line: LedgerLine) -> str:
    """A line of the ledger as JSON; the same line gives the same text."""
    return _LINE.dump_json(line).decode()


def decode_line(text: str) -> LedgerLine:
    """The line of `encode_line`."""
    return _LINE.validate_json(text)


def encode_decision(decision: Decision) -> str:
    """A decision about a person as JSON."""
    return _DECISION.dump_json(decision).decode()


def decode_decision(text: str) -> Decision:
    """The decision of `encode_decision`."""
    return _DECISION.validate_json(text)


def encode_person_task(task: PersonTask) -> str:
    """A task about a person as JSON."""
    return _PERSON_TASK.dump_json(task).decode()


def decode_person_task(text: str) -> PersonTask:
    """The task of `encode_person_task`."""
    return _PERSON_TASK.validate_json(text)


def encode_window(window: MaintenanceWindow) -> str:
    """A maintenance window as JSON."""
    return _WINDOW.dump_json(window).decode()


def decode_window(text: str) -> MaintenanceWindow:
    """The window of `encode_window`."""
    return _WINDOW.validate_json(text)


def encode_link(link: Link) -> dict[str, str]:
    """A link as the fields of a hash; `revoked_at` is absent while it is valid."""
    fields = {
        "session": link.session,
        "seat": link.seat,
        "expires_at": link.expires_at.isoformat(),
    }
    if link.person is not None:
        fields["person"] = link.person
    if link.revoked_at is not None:
        fields["revoked_at"] = link.revoked_at.isoformat()
    return fields


def decode_link(fields: Mapping[str, str]) -> Link:
    """The link of `encode_link`."""
    revoked_at = fields.get("revoked_at")
    return Link(
        session=SessionId(fields["session"]),
        seat=SeatId(fields["seat"]),
        expires_at=datetime.fromisoformat(fields["expires_at"]),
        revoked_at=datetime.fromisoformat(revoked_at) if revoked_at is not None else None,
        person=PersonId(fields["person"]) if "person" in fields else None,
    )


def encode_answers(answers: Answers) -> str:
    """Answers to a questionnaire as JSON."""
    return _ANSWERS.dump_json(answers, fallback=_plain, warnings=False).decode()


def decode_answers(text: str) -> Answers:
    """The answers of `encode_answers`."""
    return _ANSWERS.validate_json(text)
