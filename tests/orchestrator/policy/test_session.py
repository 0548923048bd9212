"""From the doors to the hard end: who gets in, warnings, the end in every phase, what leaves the node."""

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.policy import effects
from orchestrator.policy.effects import CloseRoom, ConnectMedia, OpenRoom, Refuse, Warn
from orchestrator.policy.events import Joined, Woken
from orchestrator.policy.model import Deadline, DeadlineReason, Phase, Presence
from orchestrator.policy.session import deadlines, next_deadline, step
from orchestrator.policy.turn import Turn
from tests.orchestrator.policy.scenario import (
    EARLY,
    IX,
    KUMAGAYA,
    Story,
    booking,
    both_in_lobby,
    companion,
    live,
    moment,
    seeker,
    server,
    span,
    story,
    supporter,
)

# Doors


def test_the_doors_open_ten_minutes_before_the_start():
    story().at("-10:00.001").is_in("scheduled").at("-10:00").is_in("open")


def test_at_the_start_a_session_waits():
    story().at("-0:00.001").is_in("open").at("0:00").is_in("waiting")


def test_before_the_doors_open_nobody_joins_but_the_page_may_stand_at_the_door():
    told = story().at("-12:00", seeker.connects(), seeker.joins()).is_refused("too_early")
    told.has(seeker, "at_door").at("-10:00", seeker.joins()).has(seeker, "lobby")


def test_a_ride_of_a_month_without_timers_ends_as_it_should():
    story().jumps_to("43200:00", seeker.connects()).ends("supporter_no_show", "supporter", "10:00")


# Consent and attestation


def test_old_terms_are_not_these_terms():
    told = story().at("-5:00", seeker.connects())
    told.at("-5:00", lambda it: replace(seeker.joins()(it), terms_version="1999"))
    told.is_refused("terms_not_accepted").has(seeker, "at_door")


def test_every_attestation_is_needed():
    told = story().at("-5:00", seeker.connects())
    told.at("-5:00", lambda it: Joined(seeker.seat, it.line(seeker.seat), "x", ()))
    told.is_refused("terms_not_accepted")
    terms = KUMAGAYA.terms_version
    told.at("-5:00", lambda it: Joined(seeker.seat, it.line(seeker.seat), terms, ()))
    told.is_refused("attestation_missing").has(seeker, "at_door")


def test_consent_is_kept_with_its_version_and_time():
    consent = both_in_lobby().session.seeker.consent
    assert consent.terms_version == KUMAGAYA.terms_version
    assert consent.at == moment("-5:00")


def test_kept_of_attestations_is_what_was_asked_for():
    told = story().at("-5:00", seeker.connects())
    sent = (*KUMAGAYA.attestations, "whatever a page sends")
    terms = KUMAGAYA.terms_version
    told.at("-5:00", lambda it: Joined(seeker.seat, it.line(seeker.seat), terms, sent))
    assert told.session.seeker.consent.attestations == KUMAGAYA.attestations


def test_joining_twice_is_joining_once():
    told = both_in_lobby()
    version = told.session.version
    told.at("-4:00", seeker.joins())
    assert told.session.version == version


# Admission


def test_admission_makes_it_live_and_both_get_media():
    told = both_in_lobby().at("0:00", supporter.admits(seeker)).is_in("live")
    told.has(seeker, "in").has(supporter, "in")
    assert ConnectMedia(seeker.seat, 1) in told.effects
    assert ConnectMedia(supporter.seat, 1) in told.effects
    assert OpenRoom(moment("30:00")) in told.effects, "the room knows its own end"


def test_nobody_is_admitted_before_the_start_unless_the_programme_allows_it():
    both_in_lobby().at("-1:00", supporter.admits(seeker)).is_refused("too_early").is_in("open")
    both_in_lobby(EARLY).at("-1:00", supporter.admits(seeker)).is_in("live")


def test_early_admission_passes_the_start_without_waiting():
    told = live(EARLY, since="-1:00").at("12:00").is_in("live").ends("completed", at="30:00")
    assert told.session.judge_at is None


def test_only_the_supporter_admits():
    told = both_in_lobby().at("0:00", seeker.admits(seeker)).is_refused("not_your_seat")
    told.at("0:01", companion.admits(seeker)).is_refused("not_your_seat").is_in("waiting")


def test_the_supporter_accepts_the_terms_too():
    told = story().at("0:00", seeker.connects(), seeker.joins(), supporter.connects())
    told.at("0:01", supporter.admits(seeker)).is_refused("terms_not_accepted")


def test_who_is_not_in_the_lobby_is_not_admitted():
    told = story().at("0:00", seeker.connects(), supporter.connects(), supporter.joins())
    told.at("0:01", supporter.admits(seeker)).is_refused("nobody_in_lobby")
    told.at("0:02", supporter.admits(supporter)).is_refused("nobody_in_lobby")
    live().at("1:00", supporter.admits(seeker)).is_refused("nobody_in_lobby").is_in("live")


def test_a_companion_is_admitted_after_the_seeker():
    told = both_in_lobby().at("0:00", companion.connects(), companion.joins())
    told.at("0:01", supporter.admits(companion)).is_refused("not_live")
    told.at("0:02", supporter.admits(seeker), supporter.admits(companion)).has(companion, "in")
    assert ConnectMedia(companion.seat, 1) in told.effects
    assert told.seat(seeker.seat).media_epoch == 1, "nobody else's media is touched"


def test_a_seeker_who_comes_back_needs_no_second_admission():
    told = live().at("10:00", seeker.closes_page()).at("11:00", seeker.connects())
    told.is_in("live").at("11:01", supporter.admits(seeker)).is_refused("nobody_in_lobby")


def test_a_seeker_in_the_lobby_of_an_interrupted_session_is_already_live():
    # Cannot come about by itself: an admitted seat returns as `in`. The refusal holds all the same.
    told = live().at("10:00", supporter.goes_silent())
    lobby = tuple(
        replace(seat, presence=Presence.LOBBY) if seat.id == seeker.seat else seat
        for seat in told.session.seats
    )
    told.session = replace(told.session, seats=lobby)
    told.at("10:01", supporter.admits(seeker)).is_refused("already_live")


# Late, and the end


@pytest.mark.parametrize("since", ["0:00", "9:00", "29:59.999"])
def test_who_comes_late_ends_at_the_same_second(since):
    told = story().at("-1:00", supporter.connects(), supporter.joins(), seeker.connects())
    told.at(since, seeker.joins(), supporter.admits(seeker), server.sees_media_flow())
    told.is_in("live").ends("completed", at="30:00", reason="hard_end")


def test_admission_at_the_very_end_is_too_late():
    both_in_lobby().jumps_to("30:00", supporter.admits(seeker)).is_refused("session_over")


def test_media_is_cut_at_the_hard_end():
    told = live().ends("completed", at="30:00")
    assert [it for it in told.effects if isinstance(it, CloseRoom)] == [CloseRoom(is_hard_end=True)]


def test_a_seeker_who_ends_is_no_hard_end():
    told = live().at("10:00", seeker.ends())
    assert CloseRoom(is_hard_end=False) in told.effects


def test_nothing_that_comes_after_the_hard_end_counts():
    live().jumps_to("30:00", seeker.ends(works=False)).is_refused("session_over").ends(
        "completed", at="30:00", reason="hard_end"
    )


def test_live_without_a_packet_is_not_held():
    (
        both_in_lobby()
        .at("0:00", supporter.admits(seeker))
        .at("0:01", seeker.is_heard(), supporter.is_heard())
        .ends("not_held", "unknown", at="30:00", reason="media_never_flowed", reschedule=True)
    )


def test_live_without_a_connection_on_either_side_is_ours():
    (
        both_in_lobby()
        .at("0:00", supporter.admits(seeker))
        .ends("not_held", "platform", at="30:00", reason="both_never_connected", reschedule=True)
    )


def test_media_flows_once():
    told = live()
    version = told.session.version
    told.at("1:00", server.sees_media_flow())
    assert told.session.version == version
    told = both_in_lobby().at("1:00", server.sees_media_flow())
    assert not told.session.has_media_flowed, "nobody is in yet"


def test_the_hard_end_of_an_interrupted_session_before_its_grace_is_attributed():
    (
        live(replace(KUMAGAYA, tail=span("0:10")))
        .at("29:00", supporter.loses_line())
        .ends("interrupted", "supporter", at="30:00", reschedule=True)
    )


def test_the_hard_end_keeps_the_verdict_of_the_grace():
    told = live().at("27:00", seeker.closes_page(), seeker.goes_silent())
    told.at("29:00").has_verdict("interrupted", "seeker")
    told.ends("interrupted", "seeker", at="30:00")


def test_the_hard_end_of_a_waiting_session_with_a_seeker_who_was_rung():
    (
        story(IX, "9:00")
        .at("1:00", supporter.connects(), server.sends_the_message())
        .ends("seeker_no_show", "seeker", at="9:00", reason="seeker_absent")
    )


def test_the_end_wins_over_everything_else_at_its_instant():
    told = live(replace(KUMAGAYA, grace=span("5:00"), hold=span("5:00"), warnings=(span("0:00"),)))
    told.at("25:00", seeker.closes_page(), seeker.goes_silent())
    due = next_deadline(told.session)
    ties = {it.reason for it in deadlines(told.session) if it.at == moment("30:00")}
    assert ties == {DeadlineReason.HARD_END, DeadlineReason.GRACE, DeadlineReason.WARNING}
    assert due == Deadline(moment("30:00"), DeadlineReason.HARD_END)
    told.ends("interrupted", "seeker", at="30:00")
    assert "grace.ended" not in told.names()


def test_ties_are_settled_in_the_order_of_the_reasons():
    at = moment("5:00")
    wanted = [Deadline(at, reason) for reason in DeadlineReason]
    backwards = wanted[::-1]
    assert sorted(backwards, key=lambda it: it.order) == wanted
    long, short = (
        Deadline(at, DeadlineReason.WARNING, warning=timedelta(seconds=s)) for s in (300, 60)
    )
    assert sorted([short, long], key=lambda it: it.order) == [long, short]


def test_after_the_end_everybody_is_away():
    told = live().ends("completed", at="30:00")
    assert {seat.presence.value for seat in told.session.seats} == {"away"}
    told.at("31:00", seeker.connects()).is_in("ended").has(seeker, "away")


# Warnings


def test_everybody_is_warned_five_minutes_and_one_minute_before_the_end():
    told = live()
    for when, warned in (("24:59", 0), ("25:00", 1), ("28:59", 1), ("29:00", 2), ("29:59", 2)):
        told.at(when)
        given = [it for it in told.effects if isinstance(it, Warn)]
        assert given == [Warn(span("5:00")), Warn(span("1:00"))][:warned]


def test_a_warning_whose_moment_is_over_is_not_given_late():
    told = live(since="26:00").ends("completed", at="30:00")
    assert [it for it in told.effects if isinstance(it, Warn)] == [Warn(span("1:00"))]


def test_who_is_interrupted_is_warned_as_well():
    told = live().at("24:00", seeker.loses_line()).at("25:30", seeker.comes_back())
    assert told.names().count("warning.given") == 1


# What leaves the node


def test_a_key_names_session_version_topic_recipient_and_ordinal():
    told = live().at("10:00", supporter.loses_line()).at("12:00")
    (opened,) = told.published("reschedule.opened")
    assert opened.key == f"s1:{told.session.version}:reschedule.opened:seeker:0"


def test_a_step_names_what_leaves_the_node_apart():
    done = step(live().at("10:00", supporter.loses_line()).session, Woken(), moment("30:00"))
    assert [it.topic for it in done.publishes] == ["reschedule.opened"]
    assert len(done.effects) > len(done.publishes)


def test_every_refusal_has_a_known_code():
    told = story().at("-12:00", seeker.connects(), seeker.joins()).is_refused("too_early")
    assert {it.code for it in told.effects if isinstance(it, Refuse)} <= effects.REFUSALS


# The turn itself


def test_the_phase_has_one_door_and_the_door_has_a_table():
    turn = Turn(booking(), moment("0:00"))
    with pytest.raises(AssertionError, match="no way from"):
        turn.move(Phase.LIVE, "by force")
    with pytest.raises(AssertionError, match="only door"):
        turn.set(phase=Phase.LIVE)


def test_time_never_goes_backwards():
    told = Story(booking()).at("5:00", seeker.connects())
    done = step(told.session, seeker.loses_line()(told), moment("-60:00"))
    assert done.session.clock == moment("5:00")
