"""A small language for stories of a session, so that an office clerk can read what the policy does.

    story(KUMAGAYA).at("-5:00", seeker.connects()).ends("supporter_no_show", cause="supporter", at="10:00")

Times are minutes and seconds after the start of the slot. A story is walked minute by minute; at its end it is
told once more without the walk, and must come out the same (law 2: timers do not matter). A refusal that the story
does not expect breaks it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from orchestrator.policy.effects import Effect, Publish, Refuse
from orchestrator.policy.events import (
    Admitted,
    AnotherDateChosen,
    BeginChosen,
    BookingCorrected,
    CallReported,
    Cancelled,
    ChosenCancelled,
    ClaimAnswered,
    Connected,
    DataRead,
    Disconnected,
    EndAnswered,
    EndedByOffice,
    EndPressed,
    EndRequested,
    Event,
    ExtensionAsked,
    ExtensionConfirmed,
    FinishAnswered,
    IncidentFiled,
    IncidentResolved,
    Joined,
    LinkRenewed,
    LinkRevoked,
    MaintenancePlanned,
    MediaFlowed,
    MediaRenewed,
    MediaReturned,
    MediaSilent,
    MediumSwitched,
    NextAsked,
    NoticeGiven,
    Objected,
    Observed,
    Overruled,
    Reassigned,
    RescheduleDeclined,
    RingDelivered,
    SeatReleased,
    SeatsKept,
    ServiceGap,
    SlotBooked,
    SlotsProposed,
    SteppedOut,
    Stopped,
    TaskDone,
    TurnedAway,
    WaitChosen,
    Woken,
    WorkerLost,
)
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    CallState,
    Cause,
    ConnectionId,
    DeviceId,
    Extension,
    IncidentKind,
    Medium,
    Outcome,
    PersonId,
    Purpose,
    Record,
    Role,
    Rules,
    Seat,
    SeatId,
    Session,
    SessionId,
    Signal,
    SlotOption,
)
from orchestrator.policy.session import book, next_deadline, step
from orchestrator.policy.tasks import open_tasks
from orchestrator.programmes import load_all

_PROGRAMMES = load_all()
KUMAGAYA, SAKAI, IX = (_PROGRAMMES[name].rules() for name in ("kumagaya", "sakai", "ix"))
EARLY = replace(KUMAGAYA, early_admission=True)
EXTENSIBLE = replace(KUMAGAYA, extension=Extension.SCHEDULER)

START = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
"""Ten o'clock in Saitama."""
COMPANION = SeatId("companion-1")
MINUTE = timedelta(minutes=1)


def span(text: str) -> timedelta:
    """`-5:00`, `9:59.999`: minutes and seconds."""
    minutes, seconds = text.removeprefix("-").split(":")
    long = timedelta(minutes=int(minutes), seconds=float(seconds))
    return -long if text.startswith("-") else long


def moment(text: str) -> datetime:
    """So long after the start of the slot."""
    return START + span(text)


def booking(rules: Rules = KUMAGAYA, length: str = "30:00") -> Session:
    """A booked session with a seeker, a supporter and one companion elsewhere."""
    seats = tuple(
        Seat(seat, role, PersonId(f"person-{seat}"), name)
        for seat, role, name in (
            (SEEKER, Role.SEEKER, "さくら14"),
            (SUPPORTER, Role.SUPPORTER, "田中"),
            (COMPANION, Role.COMPANION, "通訳"),
        )
    )
    return book(SessionId("s1"), rules, START, START + span(length), seats, "Asia/Tokyo")


Action = Callable[["Story"], Event]
"""What somebody does, as the event that the server sees."""


@dataclass(frozen=True)
class Person:
    """Somebody with a link; each `connects` opens one more connection."""

    seat: SeatId

    def connects(self, device: str = "own", epoch: int = 0) -> Action:
        """Opens the page of the link. `epoch`: the media connection that the page still holds."""

        def act(told: Story) -> Event:
            return Connected(
                self.seat, told.new_line(self.seat), DeviceId(f"{self.seat}-{device}"), epoch
            )

        return act

    def comes_back(self) -> Action:
        """The same page has its line back, and its media connection with it."""
        return lambda told: Connected(
            self.seat,
            told.new_line(self.seat),
            DeviceId(f"{self.seat}-own"),
            told.seat(self.seat).media_epoch,
        )

    def is_turned_away(self) -> Action:
        """Comes with a browser that the room cannot be used with."""
        return lambda _: TurnedAway(self.seat)

    def joins(self) -> Action:
        """Agrees to the terms, attests all, presses join."""
        return lambda told: Joined(
            self.seat,
            told.line(self.seat),
            told.session.rules.terms_version,
            told.session.rules.attestations,
        )

    def admits(self, other: Person) -> Action:
        return lambda told: Admitted(told.line(self.seat), other.seat)

    def closes_page(self) -> Action:
        return lambda told: Disconnected(self.seat, told.line(self.seat), page_closed=True)

    def loses_line(self) -> Action:
        return lambda told: Disconnected(self.seat, told.line(self.seat), page_closed=False)

    def goes_silent(self) -> Action:
        """The media worker hears nothing any more."""
        return lambda told: MediaSilent(
            self.seat, told.seat(self.seat).media_epoch, told.now - timedelta(seconds=5)
        )

    def is_heard(self) -> Action:
        return lambda told: MediaReturned(self.seat, told.seat(self.seat).media_epoch)

    def renews_media(self) -> Action:
        return lambda told: MediaRenewed(self.seat, told.line(self.seat))

    def steps_out(self) -> Action:
        return lambda told: SteppedOut(self.seat, told.line(self.seat))

    def ends(self, *, works: bool = True) -> Action:
        return lambda told: EndPressed(told.line(self.seat), works)

    def asks_to_end(self) -> Action:
        return lambda told: EndRequested(told.line(self.seat))

    def says(self, *, yes: bool) -> Action:
        """Answers the request to end early."""
        return lambda told: EndAnswered(told.line(self.seat), yes)

    def releases_the_seeker(self) -> Action:
        return lambda told: SeatReleased(told.line(self.seat))

    def waits(self) -> Action:
        return lambda told: WaitChosen(told.line(self.seat))

    def wants_another_date(self) -> Action:
        return lambda told: AnotherDateChosen(told.line(self.seat))

    def begins(self) -> Action:
        """Begins in spite of the late start."""
        return lambda told: BeginChosen(told.line(self.seat))

    def switches_to(self, medium: str) -> Action:
        return lambda told: MediumSwitched(told.line(self.seat), Medium(medium))

    def reports(self, state: str) -> Action:
        """What became of the telephone call."""
        return lambda told: CallReported(CallState(state), told.line(self.seat), str(self.seat))

    def says_finished(self, *, yes: bool) -> Action:
        """Answers «finished?» after both had closed their pages."""
        return lambda told: FinishAnswered(yes, told.line(self.seat), str(self.seat))

    def objects(self) -> Action:
        return lambda _: Objected(str(self.seat))

    def stops_for(self, kind: str, accused: Person) -> Action:
        return lambda told: Stopped(told.line(self.seat), IncidentKind(kind), accused.seat)

    def raises_a_problem(self) -> Action:
        return lambda told: IncidentFiled(
            IncidentKind.TECHNICAL, None, told.line(self.seat), str(self.seat)
        )

    def wants_the_next_session(self) -> Action:
        return lambda told: NextAsked(told.line(self.seat))

    def is_observed(self, signal: str, value: float | None = None, ago: str = "0:00") -> Action:
        """Something is noticed about this person's page or line."""
        return lambda told: Observed(self.seat, Signal(signal), value, told.now - span(ago))

    def will_be_late(self) -> Action:
        return lambda _: NoticeGiven(self.seat, str(self.seat))

    def answers_for(self, other: Person, *, yes: bool) -> Action:
        """Says whether another device may have a seat."""
        return lambda told: ClaimAnswered(other.seat, yes, told.line(self.seat))


seeker, supporter, companion = Person(SEEKER), Person(SUPPORTER), Person(COMPANION)


class office:  # noqa: N801 - reads as a person
    """The schedulers."""

    @staticmethod
    def notes(late: Person, until: str | None = None) -> Action:
        """«They have called: they will be late», until a time that the other one agreed to."""
        return lambda _: NoticeGiven(
            late.seat, "person-clerk", moment(until) if until else None, "telephone"
        )

    @staticmethod
    def cancels(by: str = "office") -> Action:
        return lambda _: Cancelled(Cause(by), "person-clerk", "telephone")

    @staticmethod
    def answers_for(other: Person, *, yes: bool) -> Action:
        return lambda _: ClaimAnswered(other.seat, yes)

    @staticmethod
    def revokes_the_link_of(other: Person) -> Action:
        return lambda _: LinkRevoked(other.seat)

    @staticmethod
    def renews_the_link_of(other: Person) -> Action:
        return lambda _: LinkRenewed(other.seat)

    @staticmethod
    def proposes(*names: str) -> Action:
        return lambda _: SlotsProposed(tuple(a_slot(name) for name in names))

    @staticmethod
    def books(name: str, by: str = "seeker") -> Action:
        return lambda _: SlotBooked(a_slot(name), SessionId(f"s-{name}"), by)

    @staticmethod
    def cancels_what_was_booked(name: str, purpose: str = "reschedule") -> Action:
        return lambda _: ChosenCancelled(SessionId(f"s-{name}"), Purpose(purpose))

    @staticmethod
    def proposes_next(*names: str) -> Action:
        return lambda _: SlotsProposed(tuple(a_slot(name) for name in names), Purpose.NEXT)

    @staticmethod
    def books_next(name: str, by: str = "seeker") -> Action:
        return lambda _: SlotBooked(a_slot(name), SessionId(f"s-{name}"), by, Purpose.NEXT)

    @staticmethod
    def hears_no_more_dates(purpose: str = "reschedule") -> Action:
        return lambda _: RescheduleDeclined("seeker", Purpose(purpose))

    @staticmethod
    def reports(state: str) -> Action:
        return lambda _: CallReported(CallState(state), None, "person-clerk")

    @staticmethod
    def hears_finished(*, yes: bool) -> Action:
        return lambda _: FinishAnswered(yes, None, "person-clerk")

    @staticmethod
    def files(kind: str, accused: Person | None = None) -> Action:
        seat = accused.seat if accused else None
        return lambda _: IncidentFiled(IncidentKind(kind), seat, None, "person-clerk")

    @staticmethod
    def resolves(incident: str) -> Action:
        return lambda _: IncidentResolved(incident, PersonId("person-clerk"))

    @staticmethod
    def overrules(
        outcome: str, cause: str | None = None, *, number: int = 0, by: str = "person-clerk"
    ) -> Action:
        """Puts another verdict in its place, having seen so many overrulings before."""
        return lambda _: Overruled(
            Outcome(outcome), Cause(cause) if cause else None, PersonId(by), number
        )

    @staticmethod
    def ticks_off(task: str) -> Action:
        return lambda _: TaskDone(task, PersonId("person-clerk"))

    @staticmethod
    def reassigns(person: str = "person-other", name: str = "鈴木") -> Action:
        return lambda _: Reassigned(PersonId(person), name, PersonId("person-clerk"))

    @staticmethod
    def corrects(**what: object) -> Action:
        """Puts right what was written at the booking."""
        return lambda _: BookingCorrected(PersonId("person-clerk"), **what)  # type: ignore[arg-type]

    @staticmethod
    def ends(*, held: bool = False) -> Action:
        """Ends it from the board; `held`: and states that it was held."""
        return lambda _: EndedByOffice(PersonId("person-clerk"), held)

    @staticmethod
    def keeps_the_seats(by: str = "person-clerk") -> Action:
        """Has the seats of an interrupted session kept until its end."""
        return lambda _: SeatsKept(PersonId(by))

    @staticmethod
    def reads_what_was_noted(by: str = "person-supporter") -> Action:
        return lambda _: DataRead(PersonId(by))

    @staticmethod
    def plans_maintenance(begins: str | None) -> Action:
        return lambda _: MaintenancePlanned(moment(begins) if begins else None)

    @staticmethod
    def moves_the_end(to: str) -> Action:
        return lambda _: ExtensionAsked(moment(to), PersonId("person-clerk"))


class server:  # noqa: N801 - reads as a person
    """What our own machines see and do."""

    @staticmethod
    def sees_media_flow() -> Action:
        return lambda _: MediaFlowed()

    @staticmethod
    def loses_its_worker() -> Action:
        return lambda _: WorkerLost()

    @staticmethod
    def sends_the_message() -> Action:
        """The mail server has taken the message to the absent seeker."""
        return lambda _: RingDelivered("mail")

    @staticmethod
    def holds_the_end(at: str) -> Action:
        """The media worker will cut at the new end."""
        return lambda _: ExtensionConfirmed(moment(at))


def a_slot(name: str) -> SlotOption:
    """A free slot on another day."""
    at = START + timedelta(days=2)
    return SlotOption(name, at, at + timedelta(minutes=30), PersonId("person-supporter"), "田中")


class Story:
    """A session, told event by event."""

    def __init__(self, session: Session) -> None:
        self.first = session
        self.session = session
        self.now = session.starts_at - timedelta(minutes=15)
        self.told: list[tuple[datetime, Event]] = []
        self.effects: list[Effect] = []
        self.records: list[Record] = []
        self._lines: dict[SeatId, list[ConnectionId]] = {}
        self._refused: list[str] = []

    # What actions ask

    def line(self, seat: SeatId) -> ConnectionId:
        """The connection that this person opened last."""
        return self._lines.get(seat, [ConnectionId(f"{seat}-none")])[-1]

    def new_line(self, seat: SeatId) -> ConnectionId:
        lines = self._lines.setdefault(seat, [])
        lines.append(ConnectionId(f"{seat}-{len(lines) + 1}"))
        return lines[-1]

    def seat(self, seat: SeatId) -> Seat:
        found = self.session.seat(seat)
        assert found is not None
        return found

    # What is told

    def at(self, when: str, *actions: Action) -> Self:
        """Let time pass to that moment, minute by minute, and let things happen there."""
        self._walk(moment(when))
        for action in actions:
            self._no_refusal()
            self.take(action(self))
        return self

    def jumps_to(self, when: str, *actions: Action) -> Self:
        """The same, but every timer of ours sleeps through it."""
        self.now = moment(when)
        for action in actions:
            self._no_refusal()
            self.take(action(self))
        return self

    def is_alone(self, began: str, ended: str, *, new_node: bool = True) -> Self:
        """Nobody ran the session between these moments. `new_node`: the connections are gone as well."""
        self._walk(moment(began))
        self.now = moment(ended)
        self.take(ServiceGap(moment(began), moment(ended), new_node))
        return self

    def take(self, event: Event) -> None:
        """One event, now."""
        self.told.append((self.now, event))
        self._step(event)

    def _step(self, event: Event) -> None:
        before = self.session
        done = step(before, event, self.now)
        self.session = done.session
        self.effects += done.effects
        self.records += done.records
        self._refused += [effect.code for effect in done.effects if isinstance(effect, Refuse)]
        due = next_deadline(done.session)
        assert due is None or due.at > self.now, "law 3: deadlines lie ahead"
        has_changed = done.session != before or bool(done.records)
        assert done.session.version == before.version + has_changed, "law 4: one version a change"

    def _walk(self, until: datetime) -> None:
        self._no_refusal()
        assert until >= self.now, "a story is told forwards"
        while self.now + MINUTE < until:
            self.now += MINUTE
            self._step(Woken())
        self.now = until
        self._step(Woken())

    def _no_refusal(self) -> None:
        assert not self._refused, f"refused, and the story does not say so: {self._refused}"

    # What is claimed

    def is_in(self, phase: str) -> Self:
        self._no_refusal()
        assert self.session.phase.value == phase
        return self

    def has(self, who: Person, presence: str) -> Self:
        self._no_refusal()
        assert self.seat(who.seat).presence.value == presence
        return self

    def is_refused(self, *codes: str) -> Self:
        """The last action was refused, with those codes, and the refusals are in order."""
        assert self._refused == list(codes)
        self._refused.clear()
        return self

    def is_asked(self, question: str | None) -> Self:
        """That question is open, or none."""
        self._no_refusal()
        asked = self.session.asked
        assert (asked.question.value if asked else None) == question
        return self

    def has_verdict(self, outcome: str | None, cause: str | None = None) -> Self:
        """A verdict is fixed, and the door is still open; or none is."""
        self._no_refusal()
        self.is_not_over()
        verdict = self.session.verdict
        found = (verdict.outcome.value, verdict.cause and verdict.cause.value) if verdict else None
        assert found == ((outcome, cause) if outcome else None)
        return self

    def is_not_over(self) -> Self:
        assert not self.session.is_over, f"over: {self.session.outcome} {self.session.cause}"
        return self

    def has_tasks(self, *ids: str) -> Self:
        """Somebody of the office has to look at these, and at nothing else."""
        self._no_refusal()
        assert {task.id for task in open_tasks(self.session)} == set(ids)
        return self

    def says(self, reason: str) -> Self:
        """The reason of the present verdict."""
        assert self.session.verdict is not None
        assert self.session.verdict.reason == reason
        return self

    def has_reschedule(self, state: str | None) -> Self:
        reschedule = self.session.reschedule
        assert (reschedule.state.value if reschedule else None) == state
        return self

    def ends(
        self,
        outcome: str,
        cause: str | None = None,
        at: str | None = None,
        reason: str | None = None,
        *,
        strike: bool | None = None,
        reschedule: bool | None = None,
    ) -> Self:
        """It ends so, now or when its time comes; and it would have, whatever our timers did."""
        self._no_refusal()
        while not self.session.is_over:
            due = next_deadline(self.session)
            assert due is not None, "a session that runs has an end"
            self.now = due.at
            self._step(Woken())
        ended = self.session
        assert ended.outcome is not None
        assert ended.ended_at is not None
        assert ended.verdict is not None
        assert ended.consequence is not None
        found = (ended.outcome.value, ended.cause.value if ended.cause else None)
        assert found == (outcome, cause), ended.verdict.reason
        assert at is None or ended.ended_at - ended.starts_at == span(at)
        assert reason is None or ended.verdict.reason == reason
        assert strike is None or ended.consequence.strike is strike
        assert reschedule is None or (ended.reschedule is not None) is reschedule
        self._comes_out_the_same_without_timers()
        return self

    def _comes_out_the_same_without_timers(self) -> None:
        session = self.first
        for at, event in self.told:
            session = step(session, event, at).session
        session = step(session, Woken(), self.now).session
        assert replace(session, version=0, clock=None) == replace(
            self.session, version=0, clock=None
        )

    def names(self) -> list[str]:
        """The lines of history, by name."""
        return [record.name for record in self.records]

    def published(self, topic: str) -> list[Publish]:
        """What left the node under that topic."""
        return [
            effect
            for effect in self.effects
            if isinstance(effect, Publish) and effect.topic == topic
        ]


def story(rules: Rules = KUMAGAYA, length: str = "30:00") -> Story:
    """A new story of a booked slot."""
    return Story(booking(rules, length))


def by_phone(rules: Rules = IX, length: str = "60:00") -> Story:
    """A booked telephone session; no page of the seeker's is needed."""
    return Story(replace(booking(rules, length), medium=Medium.PHONE))


def both_in_lobby(rules: Rules = KUMAGAYA, length: str = "30:00") -> Story:
    """Both have joined, five minutes before the start."""
    return story(rules, length).at(
        "-5:00", seeker.connects(), seeker.joins(), supporter.connects(), supporter.joins()
    )


def live(rules: Rules = KUMAGAYA, length: str = "30:00", since: str = "0:00") -> Story:
    """Both are in, and see and hear each other."""
    return both_in_lobby(rules, length).at(
        since, supporter.admits(seeker), server.sees_media_flow()
    )
