"""What people are shown of a session, each as far as it is theirs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.policy import events
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    Asked,
    Cause,
    Claim,
    Confidence,
    Consequence,
    IncidentKind,
    Medium,
    Outcome,
    Phase,
    Purpose,
    Question,
    Quota,
    RescheduleState,
    Verdict,
)
from orchestrator.programmes import load_all
from signaling.views.board import board_row
from signaling.views.programme import full_terms, programme_view
from signaling.views.session import session_view
from tests.signaling.sessions import KUMAGAYA, SLOT, STARTS, a_session, with_seat
from tests.signaling.stories import (
    BOTH_IN_LOBBY,
    COMPANION,
    LIVE,
    MINUTE,
    OPEN,
    OPTION,
    after,
    arrival,
)

DAY = timedelta(days=1)
VERDICT = Verdict(Outcome.INTERRUPTED, Cause.SUPPORTER, Confidence.LIKELY, "why", STARTS)


@pytest.mark.parametrize(
    ("happenings", "minutes", "reason", "at"),
    [
        ([], -60, "doors_open", -10),
        ([(-10, events.Woken())], -10, "start", 0),
        ([(0, events.Woken())], 0, "cutoff", 10),
        (LIVE, 1, "warning", 25),
        ([*LIVE, (25, events.Woken())], 25, "warning", 29),
        ([*LIVE, (29, events.Woken())], 29, "hard_end", 30),
        ([*LIVE, (5, events.SteppedOut(SEEKER, f"line-{SEEKER}"))], 5, "grace", 7),
        (
            [*LIVE, (5, events.SteppedOut(SEEKER, f"line-{SEEKER}")), (7, events.Woken())],
            7,
            "hold",
            15,
        ),
    ],
)
def test_the_next_moment_is_what_people_can_see_coming(happenings, minutes, reason, at):
    view = session_view(after(a_session(), *happenings), SEEKER, STARTS + minutes * MINUTE)
    assert (view.next.reason, view.next.at) == (reason, STARTS + at * MINUTE)


def test_a_seat_that_the_office_keeps_is_shown_with_until_when():
    lost = after(a_session(), *LIVE, (5, events.SteppedOut(SEEKER, f"line-{SEEKER}")))
    kept = after(lost, (6, events.SeatsKept("p_9")), (8, events.Woken()))
    early = after(kept, (9, events.MaintenancePlanned(STARTS + 20 * MINUTE)))
    back = after(kept, (10, arrival(SEEKER)))
    for session, until in ((lost, None), (kept, 30), (early, 20), (back, None)):
        expected = None if until is None else STARTS + until * MINUTE
        shown = session_view(session, SUPPORTER, STARTS + 10 * MINUTE)
        assert shown.kept_until == board_row(session).kept_until == expected
    assert "release_seat" in session_view(after(lost, (7, events.Woken())), SUPPORTER, STARTS).can
    assert "release_seat" not in session_view(kept, SUPPORTER, STARTS).can
    ended = after(kept, (30, events.Woken()))
    assert session_view(ended, SUPPORTER, STARTS).kept_until is None


def test_nothing_comes_after_the_end():
    ended = after(a_session(), (30, events.Woken()))
    assert session_view(ended, SEEKER, STARTS + SLOT).next is None


def test_maintenance_that_ends_it_early_is_shown_ahead_and_is_what_comes_next():
    planned = events.MaintenancePlanned(STARTS + 20 * MINUTE)
    early = [(-60, planned), (-20, events.NoticeGiven(SEEKER, "seeker"))]
    session = after(a_session(), *early, *LIVE)
    for view in (session_view(session, SEEKER, STARTS), board_row(session)):
        assert view.maintenance_at == STARTS + 20 * MINUTE
        assert (view.next.reason, view.next.at) == ("maintenance", STARTS + 20 * MINUTE)
        assert view.notices.seeker.until == STARTS + 20 * MINUTE, "nobody is waited for longer"
    off = after(session, (5, events.MaintenancePlanned(None)))
    assert session_view(off, SUPPORTER, STARTS).maintenance_at is None
    ended = after(session, (6, events.EndPressed(f"line-{SEEKER}", works=True)))
    assert (ended.maintenance_at, session_view(ended, SEEKER, STARTS).maintenance_at) == (
        STARTS + 20 * MINUTE,
        None,
    )


def test_the_cutoff_is_null_once_it_was_live():
    session = after(a_session(), *LIVE)
    assert session_view(session, SEEKER, STARTS).cutoff_at is None
    assert session_view(a_session(), SEEKER, STARTS).cutoff_at == STARTS + 10 * MINUTE
    ended = after(session, (30, events.Woken()))
    assert session_view(ended, SEEKER, STARTS).cutoff_at is None


def test_a_notice_is_shown_with_until_when_it_holds():
    session = after(a_session(), (-20, events.NoticeGiven(SEEKER, "seeker")))
    for notices in (
        session_view(session, SUPPORTER, STARTS).notices,
        board_row(session).notices,
    ):
        assert (notices.seeker.at, notices.seeker.until) == (STARTS - 20 * MINUTE, STARTS + SLOT)
        assert notices.supporter is None
    until = STARTS + 15 * MINUTE
    told = after(session, (-10, events.NoticeGiven(SUPPORTER, "p_9", until)))
    assert session_view(told, SEEKER, STARTS).notices.supporter.until == until


def test_a_cutoff_that_a_notice_has_put_off_is_not_shown_any_more():
    session = after(
        a_session(),
        (-20, events.NoticeGiven(SEEKER, "seeker")),
        (-4, arrival(SUPPORTER)),
        (10, events.Woken()),
    )
    view = session_view(session, SUPPORTER, STARTS + 10 * MINUTE)
    assert view.phase is Phase.WAITING
    assert view.cutoff_at is None
    assert (view.next.reason, view.next.at) == ("hard_end", STARTS + SLOT)


@pytest.mark.parametrize(
    ("happening", "away_as"),
    [
        (events.SteppedOut(SEEKER, f"line-{SEEKER}"), "stepped_out"),
        (events.Disconnected(SEEKER, f"line-{SEEKER}", page_closed=True), "page_closed"),
        (events.Disconnected(SEEKER, f"line-{SEEKER}", page_closed=False), "lost"),
    ],
)
def test_who_is_away_is_shown_with_how_it_came(happening, away_as):
    session = after(a_session(), *LIVE)
    assert session_view(session, SUPPORTER, STARTS).seats[0].away_as is None
    session = after(session, (5, happening))
    assert session_view(session, SUPPORTER, STARTS).seats[0].away_as == away_as
    assert board_row(session).seats[0].away_as == away_as


@pytest.mark.parametrize("question", list(Question))
def test_a_question_is_the_seekers_and_the_supporter_sees_what_is_waited_for(question):
    session = a_session(asked=Asked(question, STARTS, answer_by=STARTS + MINUTE))
    assert session_view(session, SEEKER, STARTS).question.kind is question
    supporters = session_view(session, SUPPORTER, STARTS).question
    awaited = {Question.END_EARLY, Question.BEGIN_OR_RESCHEDULE}
    assert (supporters is not None) is (question in awaited)
    assert session_view(session, COMPANION, STARTS).question is None
    assert session_view(session, None, STARTS).question is None


def test_the_supporter_sees_that_the_seeker_has_not_answered_also_after_a_reload():
    asked = after(a_session(), *LIVE, (5, events.EndRequested(f"line-{SUPPORTER}")))
    reloaded = after(
        asked,
        (6, events.Disconnected(SUPPORTER, f"line-{SUPPORTER}", page_closed=True)),
        (6, arrival(SUPPORTER)),
    )
    view = session_view(reloaded, SUPPORTER, STARTS)
    assert view.question.kind is Question.END_EARLY
    assert "request_end" not in view.can
    answered = after(reloaded, (7, events.EndAnswered(f"line-{SEEKER}", agrees=False)))
    view = session_view(answered, SUPPORTER, STARTS)
    assert view.question is None
    assert "request_end" in view.can


def test_what_ending_now_counts_as_is_what_the_policy_would_apply():
    def shown(session):
        view = session_view(session, SEEKER, STARTS).if_finished
        return view and (view.is_quota_restored, view.is_another_date_due)

    live = after(a_session(), *LIVE, (2, events.EndRequested(f"line-{SUPPORTER}")))
    flowing = after(live, (3, events.MediaFlowed()))
    for session, then in ((live, (True, True)), (flowing, (False, False))):
        assert shown(session) == then
        for happening in (
            events.EndAnswered(f"line-{SEEKER}", agrees=True),
            events.EndPressed(f"line-{SEEKER}", works=True),
        ):
            ended = after(session, (4, happening))
            assert (ended.consequence.quota is Quota.RESTORED, ended.consequence.reschedule) == then
            assert shown(ended) is None
    judged = replace(flowing, phase=Phase.INTERRUPTED, verdict=VERDICT)
    assert shown(judged) == (True, True)
    assert shown(a_session()) is None
    assert session_view(live, SUPPORTER, STARTS).if_finished is None


def test_an_option_whose_time_has_passed_is_not_shown_beside_others():
    later = replace(OPTION, id="2", starts_at=OPTION.starts_at + DAY, ends_at=OPTION.ends_at + DAY)
    session = a_session(reschedule=replace(OPEN, options=(OPTION, later)))
    for now, shown in (
        (OPTION.starts_at - MINUTE, ["1", "2"]),
        (OPTION.starts_at, ["2"]),
        (later.starts_at, ["1", "2"]),
    ):
        view = session_view(session, SEEKER, now).reschedule
        assert [option.id for option in view.options] == shown


def test_the_options_of_a_reschedule_are_the_seekers_alone():
    session = a_session(reschedule=OPEN)
    assert [o.id for o in session_view(session, SEEKER, STARTS).reschedule.options] == ["1"]
    for seat in (SUPPORTER, COMPANION, None):
        shown = session_view(session, seat, STARTS).reschedule
        assert shown.state is RescheduleState.OPEN
        assert shown.options == ()


@pytest.mark.parametrize(
    ("claimed", "escalated", "sees"),
    [
        (SEEKER, False, {SEEKER}),
        (SEEKER, True, {SEEKER, SUPPORTER}),
        (COMPANION, True, {COMPANION, SUPPORTER}),
        (SUPPORTER, True, {SUPPORTER}),
    ],
)
def test_a_claim_is_shown_to_who_may_answer(claimed, escalated, sees):
    claim = Claim("device", "line", STARTS, escalated)
    session = with_seat(a_session(), claimed, claim=claim)
    seen = {
        seat.id
        for seat in session.seats
        if session_view(session, seat.id, STARTS).claim is not None
    }
    assert seen == sees
    assert session_view(session, None, STARTS).claim is None


def test_a_verdict_is_shown_while_the_door_is_open_and_an_outcome_after_it():
    running = a_session(phase=Phase.INTERRUPTED, verdict=VERDICT)
    view = session_view(running, SEEKER, STARTS)
    assert (view.verdict.outcome, view.verdict.cause) == (Outcome.INTERRUPTED, Cause.SUPPORTER)
    assert (view.outcome, view.reason) == (None, "why")
    consequence = Consequence(Quota.RESTORED, reschedule=True)
    ended = replace(
        running,
        phase=Phase.ENDED,
        outcome=VERDICT.outcome,
        cause=VERDICT.cause,
        consequence=consequence,
    )
    view = session_view(ended, SEEKER, STARTS)
    assert view.verdict is None
    assert (view.outcome, view.cause, view.reason) == (VERDICT.outcome, VERDICT.cause, "why")
    assert view.is_quota_restored is True


def test_who_is_lost_is_shown_with_the_end_of_the_grace():
    session = after(a_session(), *LIVE, (5, events.SteppedOut(SEEKER, f"line-{SEEKER}")))
    seat = session_view(session, SUPPORTER, STARTS).seats[0]
    assert seat.is_lost
    assert seat.since == STARTS + 5 * MINUTE
    assert seat.grace_ends_at == STARTS + 7 * MINUTE


def test_a_row_of_the_board_says_who_is_connected():
    session = after(a_session(), *BOTH_IN_LOBBY)
    row = board_row(session)
    assert [seat.is_connected for seat in row.seats] == [True, True, False]
    assert (row.programme, row.supporter) == ("kumagaya", "田中")


def test_a_programme_that_is_gone_leaves_the_numbers():
    session = a_session()
    view, gone = programme_view(session, KUMAGAYA), programme_view(session, None)
    assert view.title.ja == KUMAGAYA.title.ja
    assert gone.title.ja == "kumagaya"
    assert (view.telephone_hours, gone.telephone_hours) == (None, None)
    demo = programme_view(session, load_all()["demo"])
    assert demo.telephone == "03-0000-0000"
    assert demo.telephone_hours is not None
    assert "つながらない" in demo.telephone_hours.ja
    assert gone.e2ee == "preferred", "what was required must not go in the clear without a word"
    assert (gone.grace_s, gone.doors_s, gone.cutoff_s) == (120, 600, 600)
    assert view.attestations == gone.attestations == session.rules.attestations


def test_the_full_terms_are_those_that_the_session_was_booked_under():
    demo = load_all()["demo"]
    booked = replace(a_session(), rules=demo.rules())
    assert full_terms(booked, demo) == demo.terms.full
    assert programme_view(booked, demo).has_full_terms
    newer = demo.model_copy(update={"terms": demo.terms.model_copy(update={"version": "demo-9"})})
    for other in (newer, None):
        assert full_terms(booked, other) is None, "not what is agreed to here"
        assert not programme_view(booked, other).has_full_terms
    assert not programme_view(a_session(), KUMAGAYA).has_full_terms


@pytest.mark.parametrize(("by", "accused"), [(SEEKER, SUPPORTER), (SUPPORTER, SEEKER)])
def test_of_a_stop_only_who_stopped_reads_why(by, accused):
    stop = events.Stopped(f"line-{by}", IncidentKind.RECORDING, accused)
    stopped = after(a_session(), *LIVE, (5, stop))
    told = session_view(stopped, by, STARTS)
    assert (told.outcome, told.cause, told.reason) == (
        Outcome.STOPPED,
        Cause(accused),
        "recording_reported",
    )
    for seat in (accused, COMPANION):
        other = session_view(stopped, seat, STARTS)
        assert (other.outcome, other.cause, other.reason) == (Outcome.STOPPED, None, None)
        assert other.is_quota_restored is None


def test_what_a_medium_does_not_carry_is_no_function_of_the_room():
    session = a_session(medium=Medium.AUDIO)
    assert "video" not in session_view(session, SEEKER, STARTS).functions
    phone = after(a_session(medium=Medium.PHONE), *BOTH_IN_LOBBY)
    view = session_view(phone, SUPPORTER, STARTS)
    assert not {"audio", "video"} & set(view.functions)
    assert "report_call" in view.can
    assert not {"admit", "restart_media", "renew_media"} & set(view.can)


def test_the_dates_of_the_next_session_are_both_peoples():
    live = after(a_session(), *LIVE, (5, events.NextAsked(f"line-{SUPPORTER}")))
    proposed = after(live, (5, events.SlotsProposed((OPTION,), Purpose.NEXT)))
    for seat in (SEEKER, SUPPORTER):
        view = session_view(proposed, seat, STARTS)
        assert [option.id for option in view.following.options] == ["1"]
        assert {"choose_slot", "decline_reschedule"} <= set(view.can)
        assert "book_next" not in view.can
    other = session_view(proposed, COMPANION, STARTS)
    assert other.following.options == ()
    assert not {"choose_slot", "decline_reschedule"} & set(other.can)
