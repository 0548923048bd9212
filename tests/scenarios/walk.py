"""A scenario told to the policy: only through `step`, minute by minute, and once more without the minutes.

A refusal that the file does not expect breaks it, and so does an end that it does not tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from orchestrator.policy.effects import Effect, Publish
from orchestrator.policy.events import ServiceGap, Woken
from orchestrator.policy.ledger import LedgerLine, lines
from orchestrator.policy.model import (
    OBSERVER,
    SEEKER,
    SUPPORTER,
    Cause,
    Medium,
    Outcome,
    PersonId,
    Quota,
    Record,
    Role,
    Seat,
    SeatId,
    Session,
    SessionId,
)
from orchestrator.policy.programme import Programme
from orchestrator.policy.session import book, step
from orchestrator.policy.standing import Standing, fold
from tests.orchestrator.policy.scenario import COMPANION, MINUTE, Action, Story

if TYPE_CHECKING:
    from tests.scenarios.reader import Line, Scenario

NAMES = {SEEKER: "さくら14", SUPPORTER: "田中", COMPANION: "通訳", OBSERVER: "山田"}
"""The names that the office chose."""


class Broken(AssertionError):
    """A sentence of the file is not so; the message says where, and what was found."""


class Walk(Story):
    """One telling of a scenario under one programme.

    Args:
        scenario: what is told.
        programme: whose rules apply; usually `scenario.programme(name)`, or one with a rule changed.
        is_walked: time also passes minute by minute; False: only at the file's own times.
    """

    def __init__(self, scenario: Scenario, programme: Programme, *, is_walked: bool = True) -> None:
        starts_at, ends_at = scenario.slot(programme)
        booked = _booking(programme, starts_at, ends_at)
        super().__init__(replace(booked, medium=Medium(scenario.medium)))
        self.scenario = scenario
        self.programme = programme
        self.is_walked = is_walked
        first = scenario.moment(scenario.lines[0].when, programme)
        self.now = min(starts_at - timedelta(minutes=15), first)
        self.is_end_told = False
        self.earlier: list[LedgerLine] = []
        """What earlier sessions of the same people left."""
        self.down_since: datetime | None = None
        self.records_before = 0
        """How many lines of history there were before what happened last."""
        self.effects_before = 0

    def tell(self) -> None:
        """Tell the whole file.

        Raises:
            Broken: at the first sentence that is not so.
        """
        for line in self.scenario.lines:
            try:
                self._tell(line)
            except AssertionError as error:
                raise Broken(self._place(line, error)) from error
        last = self.scenario.lines[-1]
        try:
            self._no_refusal()
            over = f"it has ended with {self.session.outcome}, and the file does not say so"
            assert self.is_end_told or not self.session.is_over, over
            assert self.down_since is None, "our node is still down when the file ends"
            self._comes_out_the_same_when_told_at_once()
        except AssertionError as error:
            raise Broken(self._place(last, error)) from error

    def _place(self, line: Line, error: AssertionError) -> str:
        where = f"{self.scenario.name}.scenario:{line.number}: {line.text}"
        return f"{where} [{self.programme.name}]: {error}"

    def _tell(self, line: Line) -> None:
        self._pass_until(self.scenario.moment(line.when, self.programme))
        sentence, words = line.known.sentence, line.known.words
        if sentence.is_claim:
            sentence.act(self, words)
            return
        actions = sentence.act(self, words)
        assert isinstance(actions, tuple), "what happens is given as a tuple of actions"
        self._happen(actions)

    def _happen(self, actions: Iterable[Action]) -> None:
        self.records_before = len(self.records)
        self.effects_before = len(self.effects)
        for action in actions:
            self._no_refusal()
            self.take(action(self))

    def _pass_until(self, moment: datetime) -> None:
        assert moment >= self.now, "a scenario is told forwards"
        if self.down_since is not None:
            self.now = moment
            return
        if moment > self.now:
            self._no_refusal()
        while self.is_walked and self.now + MINUTE < moment:
            self.now += MINUTE
            self._step(Woken())
        self.now = moment
        self._step(Woken())

    # What sentences ask

    def refusals(self) -> list[str]:
        """The codes of what was refused and not yet told; asking for them tells them."""
        found = list(self._refused)
        self._refused.clear()
        return found

    def no_refusal(self) -> None:
        """Nothing was refused that the file has not told."""
        self._no_refusal()

    def recorded(self, name: str) -> list[Record]:
        """The lines of history of this very moment under that name."""
        return [record for record in self.records if record.name == name and record.at == self.now]

    def remember(self, day: tuple[int, int], clock: time) -> None:
        """The seeker was absent without a word from an earlier session, which ended then."""
        ended_at = datetime.combine(
            date(self.scenario.day.year, *day), clock, self.programme.zone
        ).astimezone(UTC)
        self.earlier.append(
            LedgerLine(
                programme=self.programme.name,
                person=self.session.seeker.person,
                role=Role.SEEKER,
                session=SessionId(f"s-earlier-{len(self.earlier) + 1}"),
                at=ended_at,
                judged_at=ended_at,
                outcome=Outcome.SEEKER_NO_SHOW,
                cause=Cause.SEEKER,
                quota=Quota.USED,
                strike=True,
                review=False,
            )
        )

    def standing(self, seat: SeatId) -> Standing:
        """How that person stands now."""
        person = self.seat(seat).person
        written = [it for it in (*self.earlier, *lines(self.session)) if it.person == person]
        return fold(written, (), self.programme.strikes, self.programme.quota, self.now)

    def go_down(self) -> None:
        """From now on nobody runs the session."""
        assert self.down_since is None, "it is down already"
        self.down_since = self.now

    def come_up(self, *, is_new_node: bool) -> Action:
        """Somebody runs it again."""
        began_at = self.down_since
        assert began_at is not None, "nothing was down"
        self.down_since = None
        return lambda told: ServiceGap(began_at, told.now, is_new_node)

    # The second telling

    def _comes_out_the_same_when_told_at_once(self) -> None:
        """Law 2: only the events, each at its time, and no timer of ours before the last of them."""
        session, effects, records = self.first, list[Effect](), list[Record]()
        for at, event in [*self.told, (self.now, Woken())]:
            done = step(session, event, at)
            session = done.session
            effects += done.effects
            records += done.records
        assert _timeless(session) == _timeless(self.session), "told at once, it comes out different"
        assert records == self.records, "told at once, its history is different"
        assert _keyless(effects) == _keyless(self.effects), "told at once, it does something else"


def _timeless(session: Session) -> Session:
    return replace(session, version=0, clock=None)


def _keyless(effects: Iterable[Effect]) -> list[Effect]:
    """A key counts the steps, and these are fewer."""
    return [
        replace(effect, key="") if isinstance(effect, Publish) else effect for effect in effects
    ]


def _booking(programme: Programme, starts_at: datetime, ends_at: datetime) -> Session:
    roles = [(SEEKER, Role.SEEKER), (SUPPORTER, Role.SUPPORTER), (COMPANION, Role.COMPANION)]
    if programme.observer:
        roles.append((OBSERVER, Role.SCHEDULER))
    seats = tuple(Seat(seat, role, PersonId(f"person-{seat}"), NAMES[seat]) for seat, role in roles)
    rules, zone = programme.rules(), programme.time_zone
    return replace(
        book(SessionId("s1"), rules, starts_at, ends_at, seats, zone), beside=("介助者",)
    )
