"""Where the free words of people are kept that come with an event: under the key of what the event became.

The words themselves never enter a session or its history; they lie among the session's erasable notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.policy.model import Record, Session

_EXTENSION = "extension-"


def key_of_note(session: Session, records: Iterable[Record]) -> str | None:
    """Under what key the words are kept that came with a step; None: it was refused, or has no place for words.

    Args:
        session: after the step.
        records: its lines of history.
    """
    for record in records:
        match record.name:
            case "verdict.overruled":
                return f"overruling-{len(session.overrulings)}"
            case "task.done":
                return f"task-{record.data['task']}"
            case "supporter.reassigned":
                return f"reassigned-{session.version}"
            case "office.ended":
                return "ended"
            case "seats.kept":
                return f"kept-{session.version}"
            case "extension.asked":
                pending = session.extending is not None
                return f"{_EXTENSION}{session.ends_moved + pending}"
            case "incident.filed":
                return str(record.data["incident"])
            case "incident.resolved":
                return f"{record.data['incident']}-resolved"
            case _:
                pass
    return None


def that_count(session: Session, notes: Mapping[str, str]) -> dict[str, str]:
    """The words of what has happened: those of a later end that nobody has confirmed are not among them.

    They are kept with the wish, for nothing must be lost between it and its confirmation; the words of a wish that is
    never confirmed are overwritten by the next one's, and erased with the rest.
    """
    pending = f"{_EXTENSION}{session.ends_moved + 1}"
    return {key: text for key, text in notes.items() if key != pending}
