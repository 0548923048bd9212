"""Writes docs/session.md from the tables of the policy, so that the page cannot say what the code does not do.

What a table cannot say, a sentence here says; a test fails when a phase, a deadline, an outcome, a refusal or a
record has no sentence, and when the page on disk differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from orchestrator.policy.effects import REFUSALS
from orchestrator.policy.model import (
    ALLOWED,
    CAUSES,
    Cause,
    DeadlineReason,
    Outcome,
    Phase,
    Presence,
)

PAGE = Path("docs/session.md")

PHASES: Mapping[Phase, str] = {
    Phase.SCHEDULED: "Booked; the doors are closed.",
    Phase.OPEN: "The doors are open; the slot has not begun.",
    Phase.WAITING: "The slot has begun; the supporter has not yet admitted the seeker.",
    Phase.LIVE: "Seeker and supporter are both in.",
    Phase.INTERRUPTED: "It was live, and at least one of the two is lost.",
    Phase.ENDED: "Over, with an outcome. Only another date, incidents, tasks and overruling go on.",
}

MOVES: Mapping[tuple[Phase, Phase], str] = {
    (Phase.SCHEDULED, Phase.OPEN): "doors open",
    (Phase.OPEN, Phase.WAITING): "start",
    (Phase.OPEN, Phase.LIVE): "early admission",
    (Phase.WAITING, Phase.LIVE): "admitted",
    (Phase.LIVE, Phase.INTERRUPTED): "one is lost",
    (Phase.INTERRUPTED, Phase.LIVE): "both are back",
}

PRESENCES: Mapping[Presence, str] = {
    Presence.AWAY: "Not there.",
    Presence.AT_DOOR: "The link's page is open and connected: reading the terms, checking camera and network.",
    Presence.LOBBY: "Has accepted the terms, attested, and pressed join.",
    Presence.IN: "Admitted.",
}

DEADLINES: Mapping[DeadlineReason, tuple[str, str, str]] = {
    DeadlineReason.HARD_END: (
        "`ends_at`",
        "The session ends, whatever its phase; media is cut before anything is written.",
        "IX 6-4; ours for SAKAI",
    ),
    DeadlineReason.MAINTENANCE: (
        "when a planned maintenance begins",
        "Not yet live: cancelled. Live: interrupted, by the platform.",
        "IX 11-1, GOALOUS 10; the rest ours",
    ),
    DeadlineReason.DOORS_OPEN: ("`starts_at` − `doors`", "People may join.", "ours"),
    DeadlineReason.START: (
        "`starts_at`",
        "Waiting begins; from here on being there counts.",
        "ours",
    ),
    DeadlineReason.EARLY_END_CLOSED: (
        "5 s after the seeker closed the page on the open end question",
        "It was no reload: the session ends as agreed.",
        "IX 6-5; the span ours",
    ),
    DeadlineReason.GRACE: (
        "`grace` after a drop, `grace_total` in all for a seat, at most `ends_at`",
        "The verdict is fixed by the first loss that is not mended. The door stays open.",
        "ours",
    ),
    DeadlineReason.HOLD: (
        "`hold` after a drop whose grace is over, at most `ends_at`; `ends_at` where a scheduler has the seats kept",
        "Nobody waits for the lost seat any longer: the session ends with its verdict.",
        "ours",
    ),
    DeadlineReason.ANSWER: (
        "60 s after the seeker was asked whether to begin late",
        "It begins; the right to another date stays open until the end.",
        "IX 6-7; the span ours",
    ),
    DeadlineReason.MEDIA_DUE: (
        "20 s after the admission, if packets have not gone both ways",
        "Both are offered to try again, sound only, or the telephone.",
        "ours",
    ),
    DeadlineReason.JUDGE: (
        "`starts_at` + `cutoff`; later while a notice, a grace, or missing ringing holds it",
        "The table of the cutoff is judged.",
        "KUMAGAYA 6(4), SAKAI 2(4), IX 6-3",
    ),
    DeadlineReason.WARNING: (
        "`ends_at` − each of `warnings`, once live",
        "Everybody is told how long is left.",
        "ours, for IX 6-4",
    ),
    DeadlineReason.CLAIM: (
        "10 s after another device asked for a seat",
        "The first device stayed silent: supporter or scheduler may answer.",
        "IX 4-2; the span ours",
    ),
    DeadlineReason.RESCHEDULE_EXPIRES: (
        "`reschedule_for` after it opened or the session ended",
        "The other date is no longer offered by itself.",
        "IX 6-7; the span ours",
    ),
    DeadlineReason.NEXT_EXPIRES: (
        "`reschedule_for` after somebody wanted to book the next session",
        "The slots for the next session are no longer offered.",
        "KUMAGAYA 6(2); the span ours",
    ),
}

OUTCOMES: Mapping[Outcome, str] = {
    Outcome.COMPLETED: "Held to its end, ended by the seeker, by agreement or with a goodbye, or dropped in the tail.",
    Outcome.SEEKER_NO_SHOW: "The supporter was there at the cutoff, the seeker never came after the start.",
    Outcome.SUPPORTER_NO_SHOW: "The supporter was not there at the cutoff.",
    Outcome.SUPPORTER_LATE: (
        "The seeker had waited past the tolerance, and was gone when the supporter was there, "
        "or took another date instead of the late start."
    ),
    Outcome.NOT_HELD: "Somebody was there, and yet it never really took place.",
    Outcome.INTERRUPTED: "It was live and broke off, or the office ended it.",
    Outcome.STOPPED: "Stopped for conduct or recording.",
    Outcome.CANCELLED: "Cancelled before it was live, or ended by the office until then.",
}

REFUSED: Mapping[str, str] = {
    "too_early": "The doors, or the start, are still to come.",
    "session_over": "The session has ended.",
    "other_device": "The link is in use on another device, and a second one is asking for it already.",
    "device_refused": "The first device, the supporter or the office said no to this device.",
    "opened_elsewhere": "The same person opened the page again; this one holds the seat no longer.",
    "link_revoked": "The office has made this link void.",
    "not_your_seat": "Only the person of another seat may do this.",
    "not_connected": "This connection holds no seat.",
    "terms_not_accepted": "The present version of the terms has not been accepted.",
    "attestation_missing": "Not everything was attested that the programme asks for.",
    "nobody_in_lobby": "Nobody on that seat waits to be admitted.",
    "not_live": "This is possible only while the session is live, or while the other one is lost.",
    "already_live": "The session is live already.",
    "wait_for_grace": "The seeker is lost and may still come back in time.",
    "nothing_asked": "There is no such question, or it has been answered.",
    "too_late": "The moment for this is over.",
    "reschedule_closed": "No other date can be chosen any more.",
    "slot_taken": "Somebody else has that slot.",
    "asking_seeker": "The seeker is being asked whether to begin late; with a yes it is live by itself.",
    "not_on_the_phone": "The session is not held by telephone.",
    "on_the_phone": "The session is held by telephone: nobody is let in.",
    "medium_not_allowed": "The programme does not offer that.",
    "accused_unknown": "The report names nobody of this session, or the reporter.",
    "accused_absent": "Who is reported has never been there.",
    "too_many_incidents": "This session has as many incidents as can be filed.",
    "incident_unknown": "There is no such incident.",
    "incident_resolved": "The incident has been resolved already.",
    "not_over": "The session has no verdict yet.",
    "overruled_meanwhile": "Somebody else has overruled the verdict meanwhile.",
    "outcome_impossible": "That outcome cannot have that cause.",
    "verdict_unchanged": "That is the verdict already.",
    "task_unknown": "There is no such task, or it is done.",
    "data_closed": "What was noted at the booking is read from 24 hours before the slot until 24 hours after it.",
    "too_many_readings": "It has been read as often as one session's work can need.",
    "companions_declared": "A correction names other companions than were declared at the booking: fewer, or more.",
    "nothing_corrected": "The correction says what is so already.",
    "seat_kept": "The office has the seat kept until the end: the supporter cannot release it.",
    "nothing_to_hold": "Nobody is waited for: the session is not interrupted, or was said to be over.",
    "extension_never": "The programme lets nobody move the end.",
    "extension_too_late": "The last minute has begun.",
    "extension_not_later": "The new end is not later than the present one.",
    "extension_too_long": "The new end lies more than two hours after the present one.",
    "next_booked": "The next session is booked already.",
}

RECORDS: Mapping[str, str] = {
    "call.reported": "The supporter called the seeker: calling, answered, no answer, finished.",
    "booking.cancelled": "The booking was cancelled: by whom, over which channel.",
    "consent.given": "Somebody accepted a version of the terms.",
    "cutoff.moved": "The cutoff is judged later, and when.",
    "cutoff.passed": "Both were there at the cutoff.",
    "cutoff.unreported": "On the telephone, and nobody reported a call: nothing is decided by itself.",
    "supporter.reassigned": "Another supporter holds the seat: who did before, who does now, who decided it.",
    "name.corrected": "A scheduler corrected a display name: whose, and who did it; the names are in no line.",
    "beside.corrected": "A scheduler corrected how those beside the seeker are called.",
    "data.corrected": "A scheduler wrote anew what is noted about the seeker at the booking.",
    "office.ended": "A scheduler ended it: who, and whether it was held all the same.",
    "seats.kept": "A scheduler has the seats kept until the end, instead of for the programme's `hold`: who.",
    "data.read": "Somebody of the office read what was noted about the seeker at the booking.",
    "device.answered": "Another device may have the seat, or may not.",
    "device.asked": "Another device asks for a seat.",
    "device.bound": "The link belongs to this device from now on.",
    "device.escalated": "The first device stayed silent.",
    "end.moved": "A scheduler moved the end, and the media worker holds it.",
    "extension.asked": "A scheduler wants a later end.",
    "goodbye.noticed": "Both closed their pages shortly after each other, and nothing was wrong before.",
    "goodbye.undone": "Somebody is back: it was no goodbye.",
    "grace.ended": "A lost seat was not back in time.",
    "incident.filed": "An incident was filed: of what kind, by whom, against whom.",
    "incident.resolved": "Somebody has dealt with an incident.",
    "link.renewed": "There is a new link in the place of a void one: an absence counts as usual.",
    "link.revoked": "The office made a link void: an absence yields no strike.",
    "maintenance.planned": "Maintenance will begin while the session would run; or it was called off.",
    "media.flowed": "Packets went both ways for the first time.",
    "media.missing": "Live for twenty seconds, and nothing has gone both ways.",
    "medium.switched": "It goes on with picture, by sound only, or by telephone.",
    "next.cancelled": "The next session that was booked here was cancelled.",
    "next.chosen": "The next session is booked.",
    "next.declined": "No next session is booked for now.",
    "next.expired": "Nobody chose a slot for the next session in time.",
    "next.opened": "Somebody wants to book the next session.",
    "next.withdrawn": "The session was stopped: no next one is booked from it.",
    "next.proposed": "Free slots for the next session were found, and how many.",
    "notice.given": "Somebody will be late.",
    "question.answered": "A question was answered, and how.",
    "question.asked": "The seeker is asked something.",
    "question.expired": "Nobody answered in time.",
    "reschedule.cancelled": "The other date that was booked was cancelled.",
    "reschedule.chosen": "Another date is booked.",
    "reschedule.declined": "The seeker wants no other date.",
    "reschedule.expired": "Nobody chose another date in time.",
    "reschedule.opened": "Another date is offered.",
    "reschedule.proposed": "Free slots were found, and how many.",
    "reschedule.withdrawn": "No other date is due any more, by another verdict or by the end.",
    "ringing.began": "It rings for somebody, on the page and by a message.",
    "ringing.delivered": "The message is on its way: from here on it counts as ringing.",
    "seat.admitted": "Somebody was let in.",
    "seat.connected": "Somebody opened the page of a link, or came back to it.",
    "seat.joined": "Somebody waits in the lobby.",
    "seat.lost": "Somebody is away; by which signal.",
    "seat.observed": "Something was noticed about a seat that may explain a loss.",
    "seat.refused": "Somebody was turned away: an absence yields no strike.",
    "seat.released": "The supporter waits for the seeker no longer.",
    "seat.returned": "A lost seat is back.",
    "seat.stepped_out": "Somebody left for a moment.",
    "service.gap": "Nobody ran the session for a while: our own absence.",
    "session.ended": "The outcome: cause, confidence, reason, and what follows.",
    "session.moved": "The phase changed: from, to, and why.",
    "task.done": "A scheduler ticked off a task.",
    "verdict.given": "A grace ended unmended and fixed the outcome; the door is still open.",
    "verdict.lifted": "The seeker was back with the supporter there: the verdict against the seeker is gone.",
    "verdict.objected": "The seeker says that it was not finished.",
    "verdict.overruled": "A scheduler put another verdict in the place of one, and what follows from it.",
    "verdict.refined": "What was told after a verdict that was not sure changed whose side it lies on.",
    "warning.given": "Everybody was told how long is left.",
    "worker.lost": "The media worker of the room died.",
}

_HEAD = """# The life of a session

Written by `python -m orchestrator.policy.docs` from the tables of `orchestrator/policy`; do not edit it by hand.
How a step is made, and its five laws, are told at the top of `orchestrator/policy/session.py`."""


def document() -> str:
    """The text of docs/session.md."""
    parts = [
        _HEAD,
        "## Phases",
        _diagram(),
        _table(("phase", "meaning", "may go to"), _phases()),
        "## Presence\n\nOf each seat. *Present* means any but `away`.",
        _table(("presence", "meaning"), ((f"`{key}`", text) for key, text in PRESENCES.items())),
        "## What time does\n\nAt one instant they count in this order: what ends the session wins.",
        _table(("deadline", "when", "then", "source"), _deadlines()),
        "## Outcomes",
        _table(("outcome", "causes", "meaning"), _outcomes()),
        _CONSEQUENCES,
        "\n".join(f"- `{key}`" for key in consequence_keys()),
        "## Refusals\n\nStable codes for programs; the sentences for people are in the pages' catalogues.",
        _table(("code", "meaning"), ((f"`{key}`", REFUSED[key]) for key in sorted(REFUSALS))),
        "## Records\n\nThe lines of a session's history, as the API and the board show them.",
        _table(("name", "meaning"), ((f"`{key}`", text) for key, text in RECORDS.items())),
    ]
    return "\n\n".join(parts) + "\n"


_CONSEQUENCES = """## Consequences

What follows from an outcome (`quota`, `reschedule`, `strike`, `confirm`) is data of the programme. Its table
`[consequences]` knows these keys; where both an outcome and `outcome/cause` are given, the longer key wins. A notice
that was given, or our having turned the person away, takes the strike away, whatever the table says. What the office
ends while it runs costs what its cancelling costs, if the table has no `interrupted/office`."""


def consequence_keys() -> Sequence[str]:
    """Every key that the table of consequences of a programme may have."""
    keys: list[str] = []
    for outcome in Outcome:
        keys.append(outcome.value)
        causes = CAUSES.get(outcome, ())
        keys += [f"{outcome.value}/{cause.value}" for cause in Cause if cause in causes]
    return keys


def _diagram() -> str:
    lines = ["```mermaid", "stateDiagram-v2", "    direction LR", "    [*] --> scheduled"]
    for phase, following in ALLOWED.items():
        for after in Phase:
            if after not in following:
                continue
            label = MOVES.get((phase, after))
            lines.append(f"    {phase.value} --> {after.value}" + (f": {label}" if label else ""))
    return "\n".join([*lines, "    ended --> [*]", "```"])


def _phases() -> Iterator[tuple[str, ...]]:
    for phase, text in PHASES.items():
        following = ", ".join(f"`{after.value}`" for after in Phase if after in ALLOWED[phase])
        yield f"`{phase.value}`", text, following or "–"


def _deadlines() -> Iterator[tuple[str, ...]]:
    for reason in sorted(DEADLINES, key=lambda reason: reason.value):
        yield f"`{reason.name.lower()}`", *DEADLINES[reason]


def _outcomes() -> Iterator[tuple[str, ...]]:
    for outcome, text in OUTCOMES.items():
        causes = ", ".join(
            f"`{cause.value}`" for cause in Cause if cause in CAUSES.get(outcome, ())
        )
        yield f"`{outcome.value}`", causes or "–", text


def _table(heads: Sequence[str], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main(arguments: Sequence[str], page: Path = PAGE) -> int:
    """Write the page, or with `--check` say whether it is as it should be.

    Args:
        arguments: nothing, or `--check`.
        page: where it lies.

    Returns:
        0; with `--check` 1 when the page differs.
    """
    if "--check" not in arguments:
        page.write_text(document(), encoding="utf-8")
        return 0
    if page.exists() and page.read_text(encoding="utf-8") == document():
        return 0
    sys.stderr.write(f"{page} is not what the policy says. Write it again with `make docs`.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
