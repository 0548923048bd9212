"""`can` promises nothing that the policy refuses."""

from datetime import timedelta

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from orchestrator.policy import events
from orchestrator.policy.effects import Refuse
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    CallState,
    Cause,
    IncidentKind,
    Medium,
    Phase,
    Purpose,
    Question,
    Role,
)
from orchestrator.policy.session import step
from signaling.intents import event_of
from signaling.protocol import up
from signaling.views.session import session_view
from tests.signaling.sessions import KUMAGAYA, STARTS, a_session
from tests.signaling.stories import (
    BOTH_IN_LOBBY,
    COMPANION,
    GOODBYE,
    LATE,
    LIVE,
    MINUTE,
    OPEN,
    OPTION,
    after,
    arrival,
    join,
)

WAYS = {
    "join": up.Join(
        type="join",
        terms_version=KUMAGAYA.rules().terms_version,
        attestations=KUMAGAYA.rules().attestations,
    ),
    "renew_media": up.RenewMedia(type="renew_media"),
    "step_out": up.StepOut(type="step_out"),
    "end": up.End(type="end", works=True),
    "request_end": up.RequestEnd(type="request_end"),
    "answer_end": up.AnswerEnd(type="answer_end", agrees=False),
    "release_seat": up.ReleaseSeat(type="release_seat"),
    "wait": up.Wait(type="wait"),
    "another_date": up.AnotherDate(type="another_date"),
    "begin": up.Begin(type="begin"),
    "book_next": up.BookNext(type="book_next"),
    "answer_finish": up.AnswerFinish(type="answer_finish", finished=False),
}


def messages_of(way, session):
    """The messages that a way of `can` means; of `admit` at least one must be right."""
    if way == "admit":
        return [up.Admit(type="admit", seat=seat.id) for seat in session.seats]
    if way == "answer_claim":
        return [
            up.AnswerClaim(type="answer_claim", seat=seat.id, agrees=False)
            for seat in session.seats
            if seat.claim
        ]
    if way == "switch_medium":
        return [up.SwitchMedium(type=way, medium=medium) for medium in Medium]
    if way == "report_call":
        return [up.ReportCall(type=way, state=state) for state in CallState]
    return [WAYS[way]] if way in WAYS else []


def events_of(way, session, seat):
    """The events that a way of `can` means; those that are use cases are spelt out."""
    line = seat.connection
    if way == "stop":
        return [
            events.Stopped(line, IncidentKind.CONDUCT, other.id)
            for other in session.seats
            if other is not seat
        ]
    if way == "report_problem":
        return [events.IncidentFiled(IncidentKind.TECHNICAL, None, line, seat.id)]
    if way == "object":
        return [events.Objected(seat.id)]
    messages = messages_of(way, session)
    assert all(seat.role in message.senders for message in messages), way
    return [event_of(message, seat.id, line) for message in messages]


SEATS = st.sampled_from([SEEKER, SUPPORTER, COMPANION])


@st.composite
def happenings(draw):
    """What may happen next: people come, go, and press what there is; time passes, sometimes to a deadline."""
    seat = draw(SEATS)
    line = f"line-{seat}"
    return draw(
        st.sampled_from(
            [
                arrival(seat),
                join(seat),
                join(seat),
                events.Admitted(f"line-{SUPPORTER}", seat),
                events.Admitted(f"line-{SUPPORTER}", SEEKER),
                events.Connected(seat, f"other-{seat}", f"another-{seat}"),
                events.Disconnected(seat, line, page_closed=draw(st.booleans())),
                events.MediaSilent(seat, 1, STARTS),
                events.EndRequested(f"line-{SUPPORTER}"),
                events.WorkerLost(),
                events.MediaFlowed(),
                events.MediumSwitched(f"line-{SUPPORTER}", draw(st.sampled_from(Medium))),
                events.CallReported(draw(st.sampled_from(CallState)), None, "p_9"),
                events.NextAsked(f"line-{SUPPORTER}"),
                events.BeginChosen(f"line-{SEEKER}"),
                events.FinishAnswered(draw(st.booleans()), None, "p_9"),
                events.Stopped(f"line-{SEEKER}", IncidentKind.CONDUCT, SUPPORTER),
                events.SlotsProposed((OPTION,)),
                events.SlotsProposed((OPTION,), Purpose.NEXT),
                events.NoticeGiven(SEEKER, "x"),
                events.SeatsKept("p_9"),
                events.Woken(),
            ]
        )
    )


@given(
    st.sampled_from([[], BOTH_IN_LOBBY, LIVE, LATE, GOODBYE]),
    st.lists(st.tuples(st.sampled_from([0, 0, 1, 10, 60, 120, 300]), happenings()), max_size=8),
)
@settings(max_examples=400, deadline=None)
def test_what_a_page_offers_is_not_refused(start, story):
    session = after(a_session(), *start)
    now = STARTS + (1 if start else -11) * MINUTE
    for seconds, happening in story:
        now = max(now, session.clock or now) + timedelta(seconds=seconds)
        session = step(session, happening, now).session
    event(session.phase.value)
    for seat in session.seats:
        view = session_view(session, seat.id, now)
        for way in view.can:
            event(way)
            assert any_is_accepted(session, seat, way, now), (way, session.phase, seat)


def any_is_accepted(session, seat, way, now):
    """Whether the policy takes at least one event of that kind from that seat now."""
    happenings = events_of(way, session, seat)
    if not happenings:
        return True
    for happening in happenings:
        done = step(session, happening, now)
        # «The seeker is being asked» is a word, not a no: the press is remembered.
        refusals = [
            effect
            for effect in done.effects
            if isinstance(effect, Refuse) and effect.code != "asking_seeker"
        ]
        if all(refusal.connection not in (seat.connection, None) for refusal in refusals):
            return True
    return False


def test_the_ways_through_a_session_are_offered():
    shown = {
        way
        for seat in (SEEKER, SUPPORTER, COMPANION)
        for story in ([(-5, arrival(SEEKER))], [*BOTH_IN_LOBBY, (0, events.Woken())], LIVE)
        for way in session_view(after(a_session(), *story), seat, STARTS).can
    }
    assert {"join", "end", "give_notice", "admit", "request_end", "step_out"} <= shown


@pytest.mark.parametrize("role", [Role.SUPPORTER, Role.COMPANION])
def test_only_the_seeker_chooses_another_date(role):
    session = a_session(phase=Phase.ENDED, reschedule=OPEN)
    seat = next(seat for seat in session.seats if seat.role is role)
    chooses = ("choose_slot", "decline_reschedule")
    assert session_view(session, seat.id, STARTS).can == ("report_problem",)
    assert session_view(session, SEEKER, STARTS).can == (*chooses, "report_problem")
    late = STARTS + 61 * MINUTE
    assert session_view(session, SEEKER, late).can == ("report_problem",)


LATE_START = after(a_session(), *LATE)


def test_a_late_start_asks_the_seeker_and_leaves_another_date_open():
    view = session_view(LATE_START, SEEKER, STARTS + 4 * MINUTE)
    assert view.question.kind is Question.BEGIN_OR_RESCHEDULE
    assert view.late is Cause.SUPPORTER
    assert {"begin", "another_date"} <= set(view.can)
    asking = after(LATE_START, (4, events.Admitted(f"line-{SUPPORTER}", SEEKER)))
    assert "admit" in session_view(LATE_START, SUPPORTER, STARTS).can
    assert "admit" not in session_view(asking, SUPPORTER, STARTS).can, "remembered"
    unanswered = after(asking, (5, events.Woken()))
    view = session_view(unanswered, SEEKER, STARTS + 5 * MINUTE)
    assert (view.phase, view.question) == (Phase.LIVE, None)
    assert "begin" not in view.can
    assert "another_date" in view.can
    assert "another_date" not in session_view(unanswered, SUPPORTER, STARTS).can
    begun = after(asking, (4, events.BeginChosen(f"line-{SEEKER}")))
    assert "another_date" not in session_view(begun, SEEKER, STARTS).can, "they have decided"


def test_a_goodbye_may_be_objected_to_for_a_day_by_the_seeker_alone():
    ended = after(a_session(), *GOODBYE, (13, events.Woken()))
    assert ended.verdict.reason == "goodbye"
    assert "object" in session_view(ended, SEEKER, ended.ended_at).can
    assert "object" not in session_view(ended, SUPPORTER, ended.ended_at).can
    day_after = ended.ended_at + timedelta(hours=24, seconds=1)
    assert "object" not in session_view(ended, SEEKER, day_after).can
    objected = after(ended, (20, events.Objected(SEEKER)))
    assert "object" not in session_view(objected, SEEKER, ended.ended_at).can
