"""The table of sentences: all that a scenario file may say, and what each means to the policy.

What happens becomes events of the policy, by the actions of the stories (tests/orchestrator/policy/scenario.py). What
has to be so looks at the session, at its history and at what the policy asks of the world, and at nothing else.
README.md shows this table; `make docs` writes it there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta

from orchestrator.policy.effects import Publish
from orchestrator.policy.events import (
    BeginChosen,
    CallReported,
    DataRead,
    Event,
    ExtensionAsked,
    ExtensionConfirmed,
    FinishAnswered,
    IncidentFiled,
    IncidentResolved,
    Joined,
    MaintenancePlanned,
    MediumSwitched,
    NextAsked,
    Objected,
    Observed,
    Overruled,
    Reassigned,
    RescheduleDeclined,
    RingDelivered,
    SlotBooked,
    SlotsProposed,
    Stopped,
    TaskDone,
)
from orchestrator.policy.model import (
    OBSERVER,
    SEEKER,
    SUPPORTER,
    CallState,
    Cause,
    IncidentKind,
    Medium,
    Outcome,
    PersonId,
    Purpose,
    SessionId,
    Signal,
)
from orchestrator.policy.standing import StandingState
from orchestrator.policy.tasks import open_tasks
from tests.orchestrator.policy.scenario import (
    COMPANION,
    Action,
    Person,
    Story,
    a_slot,
    office,
    server,
)
from tests.scenarios.language import PLACES, Known, Sentence, find
from tests.scenarios.walk import NAMES, Walk

Words = Mapping[str, str]

PEOPLE = {
    "the seeker": Person(SEEKER),
    "the supporter": Person(SUPPORTER),
    "the companion": Person(COMPANION),
    "the observer": Person(OBSERVER),
}
BOTH = (Person(SEEKER), Person(SUPPORTER))
PRESENCES = {"away": "away", "at the door": "at_door", "in the lobby": "lobby", "in": "in"}
QUESTIONS = {
    "whether to end": "end_early",
    "whether to wait": "wait_or_reschedule",
    "whether to begin": "begin_or_reschedule",
    "nothing": None,
}
CALLS = {
    "is ringing": CallState.CALLING,
    "was answered": CallState.ANSWERED,
    "was not answered": CallState.NO_ANSWER,
    "was hung up when all was said": CallState.FINISHED,
}
TIMES = {"never": 0, "once": 1, "twice": 2}
MEDIA = {"video": Medium.VIDEO, "sound only": Medium.AUDIO, "the telephone": Medium.PHONE}


def who(words: Words, place: str = "who") -> Person:
    """The person in that place of a sentence."""
    return PEOPLE[words[place]]


# ---- what happens ---------------------------------------------------------------------------------------------------


def _joins_with(person: Person, *, version: str | None = None, without: str = "") -> Action:
    """Presses join with another version of the terms, or without one of the attestations."""

    def act(told: Story) -> Event:
        usual = person.joins()(told)
        assert isinstance(usual, Joined)
        attested = tuple(key for key in usual.attestations if key != without)
        return replace(usual, terms_version=version or usual.terms_version, attestations=attested)

    return act


def _at(walk: Walk, clock: str | None) -> datetime | None:
    """A wall-clock time of the slot's day."""
    if clock is None:
        return None
    hour, minute = clock.split(":")
    return walk.first.starts_at.astimezone(walk.programme.zone).replace(
        hour=int(hour), minute=int(minute)
    )


def _noted(walk: Walk, words: Words) -> tuple[Action, ...]:
    """The office's note, with the wall-clock time that the other one agreed to."""
    until = _at(walk, words.get("until"))

    def act(told: Story) -> Event:
        return replace(office.notes(who(words, "late"))(told), until=until)

    return (act,)


def _goes_down(walk: Walk, _: Words) -> tuple[Action, ...]:
    walk.go_down()
    return ()


def happens(
    template: str, meaning: str, act: Callable[[Walk, Words], tuple[Action, ...]]
) -> Sentence:
    """Something that happens: `act` gives the actions, in order."""
    return Sentence(template, meaning, act, is_claim=False)


PRESENCE = (
    happens("{who} opens the link", "connected", lambda _, w: (who(w).connects(),)),
    happens(
        "{who} opens the link, agrees and joins",
        "connected, joined with all that is asked",
        lambda _, w: (who(w).connects(), who(w).joins()),
    ),
    happens(
        "both open the link, agree and join",
        "the same of seeker and supporter",
        lambda _, w: tuple(act for it in BOTH for act in (it.connects(), it.joins())),
    ),
    happens("{who} agrees and joins", "joined", lambda _, w: (who(w).joins(),)),
    happens(
        "{who} agrees to the terms {version} and joins",
        "joined, with that version of the terms",
        lambda _, w: (_joins_with(who(w), version=w["version"].strip("“”")),),
    ),
    happens(
        "{who} joins without attesting {what}",
        "joined, with every attestation but that one",
        lambda _, w: (_joins_with(who(w), without=w["what"]),),
    ),
    happens("{who} admits {other}", "admitted", lambda _, w: (who(w).admits(who(w, "other")),)),
    happens(
        "{who} closes the page",
        "disconnected, the page said goodbye",
        lambda _, w: (who(w).closes_page(),),
    ),
    happens(
        "both close the page",
        "the same of seeker and supporter",
        lambda _, w: tuple(it.closes_page() for it in BOTH),
    ),
    happens(
        "{who} loses the line", "disconnected without a word", lambda _, w: (who(w).loses_line(),)
    ),
    happens(
        "both lose the line",
        "the same of seeker and supporter",
        lambda _, w: tuple(it.loses_line() for it in BOTH),
    ),
    happens(
        "{who} comes back",
        "connected again by the same page, which still has its media",
        lambda _, w: (who(w).comes_back(),),
    ),
    happens("{who} steps out", "stepped out", lambda _, w: (who(w).steps_out(),)),
    happens(
        "{who} is no longer heard",
        "the media worker hears nothing of the seat",
        lambda _, w: (who(w).goes_silent(),),
    ),
    happens("{who} is heard again", "media is back", lambda _, w: (who(w).is_heard(),)),
    happens(
        "{who} asks for a new media connection",
        "media renewed",
        lambda _, w: (who(w).renews_media(),),
    ),
    happens(
        "the media of {who} is up",
        "the media connection of the seat was built",
        lambda _, w: (who(w).is_heard(),),
    ),
    happens(
        "both see and hear each other",
        "packets went both ways for the first time",
        lambda _, w: (server.sees_media_flow(),),
    ),
)

DEVICES = (
    happens(
        "{who} opens the link on another device",
        "connected, with another device",
        lambda _, w: (who(w).connects("other"),),
    ),
    happens(
        "{who} opens the link on a third device",
        "connected, with one more device",
        lambda _, w: (who(w).connects("third"),),
    ),
    happens(
        "{who} says {yes} to the other device of {other}",
        "the claim is answered from the room",
        lambda _, w: (who(w).answers_for(who(w, "other"), yes=w["yes"] == "yes"),),
    ),
    happens(
        "the first device of {who} says {yes} to the other device",
        "the claim is answered by who sits there",
        lambda _, w: (
            lambda told: replace(
                office.answers_for(who(w), yes=w["yes"] == "yes")(told),
                connection=told.seat(who(w).seat).connection,
            ),
        ),
    ),
    happens(
        "the office says {yes} to the other device of {who}",
        "the claim is answered by a scheduler",
        lambda _, w: (office.answers_for(who(w), yes=w["yes"] == "yes"),),
    ),
    happens(
        "{who} comes with a browser that cannot be used",
        "turned away before taking the seat",
        lambda _, w: (who(w).is_turned_away(),),
    ),
    happens(
        "the office revokes the link of {who}",
        "the link is void",
        lambda _, w: (office.revokes_the_link_of(who(w)),),
    ),
    happens(
        "the office makes a new link for {who}",
        "there is a new link in the place of a void one",
        lambda _, w: (office.renews_the_link_of(who(w)),),
    ),
)

WISHES = (
    happens(
        "the seeker ends the consultation",
        "end pressed: finished",
        lambda _, w: (PEOPLE["the seeker"].ends(),),
    ),
    happens(
        "the seeker ends the consultation because it does not work",
        "end pressed: it does not work",
        lambda _, w: (PEOPLE["the seeker"].ends(works=False),),
    ),
    happens("{who} asks to end", "end requested", lambda _, w: (who(w).asks_to_end(),)),
    happens(
        "{who} {answer}",
        "the request to end is answered",
        lambda _, w: (who(w).says(yes=w["answer"] == "agrees"),),
    ),
    happens(
        "{who} releases the seat of the seeker",
        "the seat is released",
        lambda _, w: (who(w).releases_the_seeker(),),
    ),
    happens("{who} chooses to wait", "wait chosen", lambda _, w: (who(w).waits(),)),
    happens(
        "{who} chooses another date",
        "another date chosen",
        lambda _, w: (who(w).wants_another_date(),),
    ),
    happens(
        "{late} gives notice to be late",
        "notice from the page",
        lambda _, w: (who(w, "late").will_be_late(),),
    ),
    happens(
        "the office notes that {late} has called to be late[, and may come until {until}]",
        "notice by telephone, with the time that the other one agreed to",
        _noted,
    ),
    happens(
        "the office notes that {by} cancels",
        "cancelled by that one, over the telephone",
        lambda _, w: (office.cancels(w["by"].removeprefix("the ")),),
    ),
)

OTHER_DATE = (
    happens(
        "free slots are found: {slots}",
        "slots proposed",
        lambda _, w: (office.proposes(*w["slots"].split(", ")),),
    ),
    happens("no free slot is found", "slots proposed, none", lambda _, w: (office.proposes(),)),
    happens(
        "the seeker chooses the slot {slot}",
        "slot booked by the seeker",
        lambda _, w: (office.books(w["slot"]),),
    ),
    happens(
        "the office chooses the slot {slot} for the seeker",
        "slot booked by a scheduler",
        lambda _, w: (office.books(w["slot"], by="person-clerk"),),
    ),
    happens(
        "the booking of slot {slot} is cancelled",
        "the other date that was booked does not stand any more",
        lambda _, w: (office.cancels_what_was_booked(w["slot"]),),
    ),
    happens(
        "the seeker wants no other date",
        "reschedule declined",
        lambda _, w: (office.hears_no_more_dates(),),
    ),
)

OUR_MACHINES = (
    happens("the media worker dies", "worker lost", lambda _, w: (server.loses_its_worker(),)),
    happens("our node goes down", "nobody runs the session from now on", _goes_down),
    happens(
        "another node takes over",
        "service gap; connections and media rooms are gone",
        lambda walk, _: (walk.come_up(is_new_node=True),),
    ),
    happens("the store is away", "nobody can run the session from now on", _goes_down),
    happens(
        "the store is back",
        "service gap; the node and its calls went on",
        lambda walk, _: (walk.come_up(is_new_node=False),),
    ),
)


def _begins_all_the_same(_: Walk, __: Words) -> tuple[Action, ...]:
    return (lambda told: BeginChosen(told.line(SEEKER)),)


def _finished(_: Walk, words: Words) -> tuple[Action, ...]:
    is_finished = words["finished"] == "was finished"
    return (lambda told: FinishAnswered(is_finished, None, "person-supporter"),)


def _stops(_: Walk, words: Words) -> tuple[Action, ...]:
    reporter, accused = who(words), who(words, "other")
    kind = IncidentKind(words["wrong"])
    return (lambda told: Stopped(told.line(reporter.seat), kind, accused.seat),)


def _files(_: Walk, words: Words) -> tuple[Action, ...]:
    reporter = who(words)
    return (
        lambda told: IncidentFiled(
            IncidentKind.TECHNICAL, None, told.line(reporter.seat), str(reporter.seat)
        ),
    )


def _overrules(walk: Walk, words: Words, *, seen: int | None = None) -> tuple[Action, ...]:
    """`seen`: how many overrulings this scheduler knows of; None: all."""
    number = len(walk.session.overrulings) if seen is None else seen
    cause = Cause(words["cause"]) if "cause" in words else None
    event = Overruled(Outcome(words["outcome"]), cause, PersonId("person-clerk"), number)
    return (lambda told: event,)


def _overrules_late(walk: Walk, words: Words) -> tuple[Action, ...]:
    """A second scheduler, who has not yet seen what the first one did."""
    return _overrules(walk, words, seen=len(walk.session.overrulings) - 1)


def _reports(_: Walk, words: Words) -> tuple[Action, ...]:
    state = CALLS[words["heard"]]
    if words["reporter"] == "the office":
        return (lambda told: CallReported(state, None, "person-clerk"),)
    return (lambda told: CallReported(state, told.line(SUPPORTER), "person-supporter"),)


def _switches(_: Walk, words: Words) -> tuple[Action, ...]:
    person, medium = who(words), MEDIA[words["medium"]]
    return (lambda told: MediumSwitched(told.line(person.seat), medium),)


def _moves_end(walk: Walk, words: Words) -> tuple[Action, ...]:
    ends_at = _at(walk, words["until"])
    assert ends_at is not None
    return (lambda told: ExtensionAsked(ends_at, PersonId("person-clerk")),)


def _confirms_end(walk: Walk, _: Words) -> tuple[Action, ...]:
    extending = walk.session.extending
    assert extending is not None, "nobody has asked for a later end"
    return (lambda told: ExtensionConfirmed(extending.ends_at),)


def _confirms_this_end(walk: Walk, words: Words) -> tuple[Action, ...]:
    ends_at = _at(walk, words["until"])
    assert ends_at is not None
    return (lambda told: ExtensionConfirmed(ends_at),)


def _plans_maintenance(walk: Walk, words: Words) -> tuple[Action, ...]:
    begins_at = _at(walk, words["until"])
    return (lambda told: MaintenancePlanned(begins_at),)


def _observes(_: Walk, words: Words) -> tuple[Action, ...]:
    person, signal = who(words), Signal(words["what"])
    value = float(words["number"]) if "number" in words else None
    return (lambda told: Observed(person.seat, signal, value),)


def _tells_on_return(walk: Walk, words: Words) -> tuple[Action, ...]:
    person, signal = who(words), Signal(f"page_{words['lasting']}")
    lasted_s = float(words["number"])
    began_at = walk.now - timedelta(seconds=lasted_s)
    return (lambda told: Observed(person.seat, signal, lasted_s, began_at),)


def _asks_next(_: Walk, words: Words) -> tuple[Action, ...]:
    person = who(words)
    return (lambda told: NextAsked(told.line(person.seat)),)


def _ticks_off(_: Walk, words: Words) -> tuple[Action, ...]:
    return (lambda told: TaskDone(words["what"], PersonId("person-clerk")),)


def _reassigns(_: Walk, __: Words) -> tuple[Action, ...]:
    return (lambda told: Reassigned(PersonId("person-other"), "鈴木", PersonId("person-clerk")),)


def _corrects(_: Walk, words: Words) -> tuple[Action, ...]:
    name = words["name"].strip("«»")
    if who(words).seat == SEEKER:
        return (office.corrects(seeker_name=name),)
    return (office.corrects(companions=(name,)),)


def _corrects_beside(_: Walk, words: Words) -> tuple[Action, ...]:
    return (office.corrects(beside=(words["name"].strip("«»"),)),)


def _corrects_what_was_noted(_: Walk, __: Words) -> tuple[Action, ...]:
    return (office.corrects(is_noted=True),)


def _corrects_too_many(_: Walk, __: Words) -> tuple[Action, ...]:
    return (office.corrects(companions=("通訳", "もう一人")),)


def _ends(_: Walk, __: Words) -> tuple[Action, ...]:
    return (office.ends(),)


def _ends_as_held(_: Walk, __: Words) -> tuple[Action, ...]:
    return (office.ends(held=True),)


def _keeps_the_seats(_: Walk, __: Words) -> tuple[Action, ...]:
    return (office.keeps_the_seats(),)


def _reads_data(_: Walk, words: Words) -> tuple[Action, ...]:
    often = int(words["number"]) if "number" in words else 1
    return (lambda told: DataRead(PersonId("person-supporter")),) * often


def _books_next(_: Walk, words: Words) -> tuple[Action, ...]:
    name = words["slot"]
    event = SlotBooked(a_slot(name), SessionId(f"s-{name}"), "seeker", Purpose.NEXT)
    return (lambda told: event,)


def _finds_next(_: Walk, words: Words) -> tuple[Action, ...]:
    options = tuple(a_slot(name) for name in words["slots"].split(", "))
    return (lambda told: SlotsProposed(options, Purpose.NEXT),)


RINGING_AND_CALLS = (
    happens(
        "the message to the seeker is on its way",
        "the ringing was delivered",
        lambda _, __: (lambda told: RingDelivered("mail"),),
    ),
    happens(
        "{reporter} reports that the telephone {heard}",
        "a report on a call to the seeker",
        _reports,
    ),
    happens(
        "{who} switches to {medium}", "goes on with picture, by sound, or by telephone", _switches
    ),
    happens(
        "the seeker chooses to begin", "begins in spite of the late start", _begins_all_the_same
    ),
)

STOPS_AND_GOODBYES = (
    happens(
        "the supporter says that it {finished}",
        "the answer to «finished?», from the desk",
        _finished,
    ),
    happens(
        "the seeker objects",
        "it was not finished",
        lambda _, __: (lambda told: Objected("seeker"),),
    ),
    happens(
        "{who} stops the session because of {wrong} and accuses {other}",
        "stopped; who reports, and who is accused",
        _stops,
    ),
    happens("{who} reports that something does not work", "a technical incident is filed", _files),
    happens(
        "the office resolves the incident",
        "the first incident is resolved",
        lambda _, __: (lambda told: IncidentResolved("incident-1", PersonId("person-clerk")),),
    ),
)

OFFICE = (
    happens(
        "the office overrules: {outcome}[, cause {cause}]",
        "a scheduler, who has seen all that was overruled before",
        _overrules,
    ),
    happens(
        "another scheduler overrules at the same time: {outcome}[, cause {cause}]",
        "a second scheduler, who has not seen the first one's overruling",
        _overrules_late,
    ),
    happens("the office ticks off {what}", "a task is done", _ticks_off),
    happens(
        "the office gives the session to another supporter",
        "reassigned: somebody else holds the supporter's seat",
        _reassigns,
    ),
    happens(
        "the office corrects the name of {who} to {name}",
        "the display name of the seeker or the companion is put right",
        _corrects,
    ),
    happens(
        "the office corrects the name of who sits beside the seeker to {name}",
        "the same, of the one who has no seat",
        _corrects_beside,
    ),
    happens(
        "the office corrects what was noted",
        "what was noted about the seeker at the booking is written anew",
        _corrects_what_was_noted,
    ),
    happens(
        "the office corrects the one companion to two",
        "more of them than were declared",
        _corrects_too_many,
    ),
    happens("the office ends the session", "ended from the board", _ends),
    happens(
        "the office ends the session and states that it was held",
        "the same, and it counts",
        _ends_as_held,
    ),
    happens(
        "the office keeps the seat until the end",
        "who is lost is waited for until then, whatever the programme's hold",
        _keeps_the_seats,
    ),
    happens(
        "the office reads what was noted[ {number} times]",
        "what was noted about the seeker at the booking; each reading is on record",
        _reads_data,
    ),
    happens("maintenance is planned for {until}", "the service will stop then", _plans_maintenance),
    happens(
        "maintenance is called off",
        "it will not",
        lambda _, __: (lambda told: MaintenancePlanned(None),),
    ),
    happens("the office moves the end to {until}", "a later end is asked for", _moves_end),
    happens(
        "the media worker holds an end at {until}",
        "it confirms that end, whatever was asked for last",
        _confirms_this_end,
    ),
    happens(
        "the media worker holds the new end", "the later end counts from now on", _confirms_end
    ),
)

NEXT_SESSION = (
    happens("{who} asks for the next session", "the next session is to be booked now", _asks_next),
    happens("free slots for the next session are found: {slots}", "slots proposed", _finds_next),
    happens(
        "the seeker wants no next session for now",
        "declined",
        lambda _, __: (lambda told: RescheduleDeclined("seeker", Purpose.NEXT),),
    ),
    happens("the seeker books the next session in slot {slot}", "slot booked", _books_next),
    happens(
        "the next session in slot {slot} is cancelled",
        "the next session that was booked does not stand any more",
        lambda _, w: (office.cancels_what_was_booked(w["slot"], "next"),),
    ),
)


def _was_absent(walk: Walk, words: Words) -> tuple[Action, ...]:
    month, day = words["day"].split("-")
    walk.remember((int(month), int(day)), time.fromisoformat(words["clock"]))
    return ()


EARLIER = (
    happens(
        "the seeker was absent without a word on {day}, judged at {clock}",
        "an earlier session left a strike; told before the first thing that happens",
        _was_absent,
    ),
)

SIGNS = (
    happens(
        "the page of {who} tells that it was {lasting} for {number} seconds",
        "what a browser reports when it is back; it ended at this moment",
        _tells_on_return,
    ),
    happens(
        "it is seen of {who}: {what}[, {number}]",
        "an observation that may explain a loss: line_bad (share lost), delay_high (ms), lost_nearby (seats), "
        "device_ended, device_silenced, page_hidden, page_reloaded",
        _observes,
    ),
)

# ---- what has to be so ----------------------------------------------------------------------------------------------


def claim(
    template: str, meaning: str, act: Callable[[Walk, Words], None], *, of_refusal: bool = False
) -> Sentence:
    """Something that has to be so; nothing may have been refused before it that the file has not told."""

    def looked(walk: Walk, words: Words) -> None:
        if not of_refusal:
            walk.no_refusal()
        act(walk, words)

    return Sentence(template, meaning, looked, is_claim=True)


def _same(found: object, expected: object) -> None:
    assert found == expected, f"expected {expected}, found {found}"


def _value(member: object) -> object:
    """The word of an enum's member, or None."""
    return getattr(member, "value", member)


def _is_refused(walk: Walk, words: Words) -> None:
    codes = [words["code"]]
    _same(walk.refusals(), codes)


def _is_in(walk: Walk, words: Words) -> None:
    _same(walk.session.phase.value, words["phase"])


def _ends(walk: Walk, words: Words) -> None:
    session = walk.session
    assert session.is_over, f"it is still {session.phase.value}"
    assert session.verdict is not None
    found = (_value(session.outcome), _value(session.cause))
    expected = (words["outcome"], words.get("cause"))
    assert found == expected, f"found {found[0]}, cause {found[1]} ({session.verdict.reason})"
    _same(session.ended_at, walk.now)
    _same_if_told(words, "confidence", session.verdict.confidence.value)
    _same_if_told(words, "reason", session.verdict.reason)
    walk.is_end_told = True


def _ended_before(walk: Walk, words: Words) -> None:
    """Found later than it was: nobody of ours was there to see it."""
    found_at, walk.now = walk.now, _at(walk, words["until"]) or walk.now
    try:
        _ends(walk, words)
    finally:
        walk.now = found_at


def _same_if_told(words: Words, place: str, found: object) -> None:
    if place in words:
        _same(found, words[place])


def _follows(walk: Walk, words: Words) -> None:
    """All that follows from the outcome, and nothing besides."""
    consequence = walk.session.consequence
    assert consequence is not None, "it has not ended"
    _same(consequence.quota.value, words["quota"])
    _same(consequence.strike, words["strike"] == "a strike")
    _same(consequence.reschedule, words["date"] == "another")
    if not walk.session.overrulings:  # else what was opened before may still stand
        _same(walk.session.reschedule is not None, words["date"] == "another")
    # Whoever has to confirm is told in a sentence of its own.
    _same(consequence.confirm, "scheduler" in words)


def _verdict(walk: Walk, words: Words) -> None:
    verdict = walk.session.verdict
    assert not walk.session.is_over, "it is over"
    assert verdict is not None, "there is no verdict"
    _same((_value(verdict.outcome), _value(verdict.cause)), (words["outcome"], words.get("cause")))
    _same_if_told(words, "confidence", verdict.confidence.value)
    _same_if_told(words, "reason", verdict.reason)


def _no_verdict(walk: Walk, _: Words) -> None:
    assert not walk.session.is_over, f"it has ended with {walk.session.outcome}"
    _same(walk.session.verdict, None)


def _asked(walk: Walk, words: Words) -> None:
    asked = walk.session.asked
    _same(asked.question.value if asked else None, QUESTIONS[words["question"]])


def _warned(walk: Walk, words: Words) -> None:
    left = [record.data["left_s"] for record in walk.recorded("warning.given")]
    _same(left, [int(words["left"].split()[0]) * 60])


def _moved(walk: Walk, words: Words) -> None:
    _same(walk.session.judge_at, _at(walk, words["until"]))


def _passed(walk: Walk, _: Words) -> None:
    assert walk.recorded("cutoff.passed"), (
        "the cutoff was not judged now, or found somebody missing"
    )


def _rescheduled(walk: Walk, words: Words) -> None:
    reschedule = walk.session.reschedule
    _same(reschedule.state.value if reschedule else None, words["state"])


def _offered(walk: Walk, words: Words) -> None:
    _same(walk.session.reschedule is not None, words["date"] == "another")


def _lived(walk: Walk, words: Words) -> None:
    minutes, seconds = words["span"].split(":")
    _same(walk.session.live.at(walk.now), timedelta(minutes=int(minutes), seconds=float(seconds)))


def _says(walk: Walk, words: Words) -> None:
    now = [record.name for record in walk.records[walk.records_before :]]
    assert words["what"] in now, f"the history says only {now}"


def _nothing(walk: Walk, _: Words) -> None:
    assert len(walk.records) == walk.records_before, (
        f"the history says {[record.name for record in walk.records[walk.records_before :]]}"
    )


def _rings(walk: Walk, words: Words) -> None:
    _same(walk.session.ringing, who(words).seat)


def _rings_for_nobody(walk: Walk, _: Words) -> None:
    _same(walk.session.ringing, None)


def _tasks(walk: Walk, words: Words) -> None:
    _same([task.id for task in open_tasks(walk.session)], words["tasks"].split(", "))


def _due(walk: Walk, words: Words) -> None:
    due_at = {task.id: task.due_at for task in open_tasks(walk.session)}.get(words["task"])
    found = due_at and due_at.astimezone(walk.programme.zone).strftime("%m-%d %H:%M:%S")
    _same(found, f"{words['day']} {words['clock']}")


def _no_task(walk: Walk, _: Words) -> None:
    _same([task.id for task in open_tasks(walk.session)], [])


def _next(walk: Walk, words: Words) -> None:
    following = walk.session.following
    _same(following.state.value if following else None, words["state"])


def _looked_at(walk: Walk, words: Words) -> None:
    """The ledger of the person is looked at again: a strike or a review came or went."""
    person = walk.seat(who(words).seat).person
    told = [it for it in walk.published("standing.changed") if it.recipient == person]
    assert len(told) == TIMES[words["times"]], f"{len(told)} times"


def _nobody_looked_at(walk: Walk, _: Words) -> None:
    _same([it.recipient for it in walk.published("standing.changed")], [])


def _accused(walk: Walk, words: Words) -> None:
    found = [(it.kind.value, it.accused) for it in walk.session.incidents if it.resolved_at is None]
    _same(found, [(words["wrong"], who(words).seat)])


def _strikes(walk: Walk, words: Words) -> None:
    number = words["strikes"].split()[0]
    _same(walk.standing(who(words).seat).strikes, 0 if number == "no" else int(number))


def _matter(walk: Walk, words: Words) -> None:
    assert walk.standing(who(words).seat).concerns_since is not None, "nobody need look"


def _no_matter(walk: Walk, words: Words) -> None:
    _same(walk.standing(who(words).seat).concerns_since, None)


def _in_good_standing(walk: Walk, words: Words) -> None:
    _same(walk.standing(who(words).seat).state, StandingState.GOOD)


def _under_review(walk: Walk, words: Words) -> None:
    assert walk.standing(who(words).seat).under_review, "nobody accuses this person"


def _told(walk: Walk, words: Words) -> None:
    topic, recipient = words["what"], str(who(words).seat)
    since = [it for it in walk.effects[walk.effects_before :] if isinstance(it, Publish)]
    found = [(it.topic, it.recipient) for it in since]
    assert (topic, recipient) in found, f"what left is {found}"


def _not_told(walk: Walk, words: Words) -> None:
    told = [it for it in walk.published(words["what"]) if it.recipient == who(words).seat]
    _same([it.topic for it in told], [])


def _record(walk: Walk, words: Words) -> None:
    _same(len(walk.session.overrulings), TIMES[words["times"]])
    first = walk.session.overrulings[0].before
    _same((first.outcome.value, _value(first.cause)), (words["outcome"], words.get("cause")))


def _by(walk: Walk, words: Words) -> None:
    _same(walk.session.medium, MEDIA[words["medium"]])


def _functions(walk: Walk, words: Words) -> None:
    _same(sorted(walk.session.functions), sorted(words["things"].split(", ")))


def _attestations(walk: Walk, words: Words) -> None:
    _same(sorted(walk.session.rules.attestations), sorted(words["things"].split(", ")))


def _renamed(walk: Walk, words: Words) -> None:
    _same(walk.seat(who(words).seat).display_name, words["name"].strip("«»"))


def _named(walk: Walk, words: Words) -> None:
    """The office's name stands, whatever happened; and the programme lets nobody else choose."""
    _same(walk.programme.display_name, "office")
    seat = walk.seat(who(words).seat)
    _same((seat.display_name, NAMES[seat.id]), (words["name"].strip("«»"),) * 2)


def _no_recording(walk: Walk, _: Words) -> None:
    _same(walk.programme.recording, "forbidden")
    assert "no_recording" in walk.session.rules.attestations, "nobody attests that they do not"


def _watermark(walk: Walk, _: Words) -> None:
    _same(walk.programme.watermark, True)


def _encrypted(walk: Walk, _: Words) -> None:
    _same(walk.programme.e2ee, "preferred")


def _never_extended(walk: Walk, _: Words) -> None:
    _same(walk.programme.extension, "never")
    _same(walk.session.ends_at, walk.first.ends_at)


def _companions(walk: Walk, words: Words) -> None:
    _same(walk.programme.companions, int(words["number"]))


CLAIMS = (
    claim("it is {phase}", "the phase", _is_in),
    claim(
        "it ends: {outcome}[, cause {cause}][, {confidence}][, because {reason}]",
        "it ended at this very moment, so; without a cause: it has none",
        _ends,
    ),
    claim(
        "it ended at {until}: {outcome}[, cause {cause}][, {confidence}][, because {reason}]",
        "the same, at a moment at which nobody of ours was there",
        _ended_before,
    ),
    claim(
        "the quota is {quota}, {strike} is given, {date} date is offered",
        "all that follows from the outcome; nobody has to confirm it",
        _follows,
    ),
    claim(
        "the quota is {quota}, {strike} is given, {date} date is offered, a scheduler confirms it",
        "the same, and a scheduler looks at it first",
        lambda walk, words: _follows(walk, {**words, "scheduler": "confirms"}),
    ),
    claim(
        "the verdict is {outcome}[, cause {cause}][, {confidence}][, because {reason}]",
        "the verdict is fixed and the door is still open",
        _verdict,
    ),
    claim("there is no verdict", "it runs, and nothing is decided", _no_verdict),
    claim(
        "{who} is {place}",
        "the presence of a seat",
        lambda walk, w: _same(walk.seat(who(w).seat).presence.value, PRESENCES[w["place"]]),
    ),
    claim(
        "that is refused: {code}",
        "what happened last was refused, with that code",
        _is_refused,
        of_refusal=True,
    ),
    claim("nothing comes of it", "what happened last changed nothing", _nothing),
    claim("the history says {what}", "what happened last left that line of history", _says),
    claim("the seeker is asked {question}", "the open question", _asked),
    claim("everybody is told: {left} left", "a warning, at this moment", _warned),
    claim("the cutoff is moved to {until}", "when the cutoff is judged next", _moved),
    claim("the cutoff finds both there", "judged at this moment, and it goes on", _passed),
    claim("{date} date is offered", "whether a reschedule exists", _offered),
    claim("the other date is {state}", "the state of the reschedule", _rescheduled),
    claim("the next session is {state}", "the state of the next session's choice", _next),
    claim("it rings for {who}", "for whom it rings now", _rings),
    claim("it rings for nobody", "it does not ring", _rings_for_nobody),
    claim("the office has to look at: {tasks}", "the open tasks, no others", _tasks),
    claim("the task {task} is due on {day} at {clock}", "until when somebody has to look", _due),
    claim("the office has nothing to look at", "no task is open", _no_task),
    claim(
        "the standing of {who} has been looked at {times}",
        "how often a strike or a review came or went",
        _looked_at,
    ),
    claim("{who} has {strikes}", "those that still count", _strikes),
    claim("a scheduler has to look at {who}", "strikes or an accusation are a task", _matter),
    claim("no scheduler has to look at {who}", "they are not", _no_matter),
    claim("{who} is under review", "somebody accuses this person", _under_review),
    claim("{who} may still be booked", "nobody is refused by rules alone", _in_good_standing),
    claim(
        "nobody's standing is looked at", "no strike and no review came or went", _nobody_looked_at
    ),
    claim("an incident is open: {wrong}, accused is {who}", "that one, no others", _accused),
    claim("a message leaves for {who}: {what}", "what happened last sent it", _told),
    claim("no message leaves for {who}: {what}", "nothing has ever sent it", _not_told),
    claim(
        "overruled {times}; first it was {outcome}[, cause {cause}]",
        "the first verdict stays on record",
        _record,
    ),
    claim("it is held by {medium}", "the medium", _by),
    claim("it was live for {span}", "the sum of all stretches", _lived),
    claim("the room offers {things}", "the functions that are allowed, no others", _functions),
    claim(
        "everybody attests {things}", "the attestations before joining, no others", _attestations
    ),
    claim("{who} is called {name} from now on", "the name that was corrected", _renamed),
    claim("{who} is called {name}", "the display name, which the office gave", _named),
    claim(
        "recording is forbidden", "the programme says so, and everybody attests it", _no_recording
    ),
    claim("a watermark lies over the picture", "the programme says so", _watermark),
    claim(
        "the media are encrypted from end to end where browsers can", "e2ee preferred", _encrypted
    ),
    claim("nobody can move the end", "the programme says so, and it stands", _never_extended),
    claim("{number} companions may have a seat of their own", "the programme says so", _companions),
)

PARTS: Mapping[str, tuple[Sentence, ...]] = {
    "Who is there": PRESENCE,
    "Another device": DEVICES,
    "What people ask for": WISHES,
    "Another date": OTHER_DATE,
    "Our own machines": OUR_MACHINES,
    "Ringing, telephone, late start": RINGING_AND_CALLS,
    "Stops, incidents, goodbyes": STOPS_AND_GOODBYES,
    "What the office does": OFFICE,
    "The next session": NEXT_SESSION,
    "What is noticed": SIGNS,
    "What was before": EARLIER,
    "What has to be so": CLAIMS,
}
SENTENCES = tuple(sentence for part in PARTS.values() for sentence in part)


def understand(text: str) -> Known:
    """The sentence of the table that this is; raises `language.Unknown`."""
    return find(text, SENTENCES)


def document() -> str:
    """The tables of README.md."""
    parts = []
    for title, sentences in PARTS.items():
        rows = [f"| {_cell(it.template)} | {_cell(it.meaning)} |" for it in sentences]
        if rows:
            parts.append(
                "\n".join([f"### {title}", "", "| sentence | meaning |", "| --- | --- |", *rows])
            )
    used = {place for it in SENTENCES for place in PLACES if "{" + place + "}" in it.template}
    places = [f"| {place} | {_cell(PLACES[place][1])} |" for place in PLACES if place in used]
    return "\n\n".join(
        [
            *parts,
            "\n".join(
                ["### Places", "", "| place | what stands there |", "| --- | --- |", *places]
            ),
        ]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
