"""What the office does: overrule, tick off, plan maintenance, move the end."""

from dataclasses import replace

import pytest

from orchestrator.policy.effects import ExtendRoom, Publish, Refuse
from orchestrator.policy.events import Connected
from orchestrator.policy.ledger import lines
from orchestrator.policy.model import SUPPORTER, ConnectionId, DeviceId, PersonId
from orchestrator.policy.office import READINGS
from tests.orchestrator.policy.scenario import (
    EXTENSIBLE,
    KUMAGAYA,
    both_in_lobby,
    by_phone,
    live,
    moment,
    office,
    seeker,
    server,
    story,
    supporter,
)

# Overruling


def no_show():
    """A strike, no other date."""
    return story().at("0:00", supporter.connects()).at("10:00")


def test_the_difference_is_applied_and_the_first_verdict_stays_on_record():
    told = no_show().at("60:00", office.overrules("not_held", "platform"))
    session = told.session
    assert (session.outcome.value, session.cause.value) == ("not_held", "platform")
    assert (session.consequence.quota.value, session.consequence.strike) == ("restored", False)
    (overruling,) = session.overrulings
    assert overruling.before.outcome.value == "seeker_no_show"
    assert overruling.consequence_before.strike
    assert overruling.by == "person-clerk"
    told.says("overruled").has_reschedule("open")
    assert len(told.published("reschedule.opened")) == 1
    assert [it.recipient for it in told.published("standing.changed")] == ["person-seeker"] * 2


def test_of_two_schedulers_at_once_the_second_is_told():
    told = no_show().at("60:00", office.overrules("not_held", "platform"))
    told.at("60:00", office.overrules("not_held", "supporter", by="person-other"))
    told.is_refused("overruled_meanwhile")
    assert told.session.cause.value == "platform"


def test_an_overruling_can_be_overruled():
    told = no_show().at("60:00", office.overrules("not_held", "platform"))
    told.at("61:00", office.overrules("seeker_no_show", "seeker", number=1))
    assert told.session.consequence.strike
    told.has_reschedule("withdrawn").at("62:00", office.overrules("not_held", "platform", number=2))
    told.has_reschedule("open")
    assert len(told.session.overrulings) == 3


def test_the_verdict_that_stands_already_is_no_overruling():
    told = no_show().at("60:00", office.overrules("seeker_no_show", "seeker"))
    told.is_refused("verdict_unchanged").says("seeker_absent")
    assert told.session.overrulings == ()


def test_another_verdict_that_holds_no_more_against_anybody_tells_no_ledger():
    told = no_show().at("60:00", office.overrules("not_held", "platform"))
    told.at("61:00", office.overrules("not_held", "supporter", number=1))
    assert len(told.published("standing.changed")) == 2
    [line] = lines(told.session)
    assert line.judged_at == moment("60:00"), "what was decided meanwhile stays decided"


def test_a_strike_that_was_taken_back_and_is_due_again_is_a_new_one():
    told = no_show().at("60:00", office.overrules("not_held", "platform"))
    told.at("70:00", office.overrules("seeker_no_show", "seeker", number=1))
    [line] = lines(told.session)
    assert line.strike
    assert line.judged_at == moment("70:00")


def test_a_booking_that_is_confirmed_stands_and_the_scheduler_is_asked():
    told = live().at("10:00", supporter.steps_out()).ends("interrupted", "supporter")
    told.jumps_to("60:00", office.proposes("a"), office.books("a")).has_reschedule("chosen")
    told.jumps_to("70:00", office.overrules("completed")).has_reschedule("chosen")
    told.has_tasks("booking_stands-1")
    told.jumps_to("80:00", office.ticks_off("booking_stands-1")).has_tasks()
    told.jumps_to("81:00", office.overrules("interrupted", "supporter", number=1)).has_tasks()
    told.jumps_to("82:00", office.overrules("completed", number=2)).has_tasks("booking_stands-3")


def test_another_date_that_was_declined_is_not_forced_on_anybody():
    told = story().at("10:00").at("11:00", office.hears_no_more_dates())
    told.at("12:00", office.overrules("not_held", "platform")).has_reschedule("declined")


def test_a_notice_forgives_the_strike_whoever_judges():
    told = (
        story()
        .at("0:00", supporter.connects(), office.notes(seeker))
        .ends("seeker_no_show", "seeker")
    )
    told.at("60:00", office.overrules("not_held", "platform"))
    told.at("61:00", office.overrules("seeker_no_show", "seeker", number=1))
    assert not told.session.consequence.strike


def test_confirming_the_cause_is_a_task_until_somebody_has_looked():
    told = live().at("5:00", seeker.loses_line()).ends("interrupted", "unknown")
    told.has_tasks("confirm_cause").at("60:00", office.ticks_off("confirm_cause")).has_tasks()
    told.at("61:00", office.ticks_off("confirm_cause")).is_refused("task_unknown")
    other = live().at("5:00", seeker.loses_line()).ends("interrupted", "unknown")
    other.at("60:00", office.overrules("interrupted", "seeker")).has_tasks()


def test_nothing_is_overruled_before_there_is_a_verdict():
    live().at("5:00", office.overrules("completed")).is_refused("not_over")


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [("completed", "seeker"), ("seeker_no_show", "platform"), ("not_held", None)],
)
def test_an_outcome_has_only_its_causes(outcome, cause):
    no_show().at("60:00", office.overrules(outcome, cause)).is_refused("outcome_impossible")


# A strike is not for who was turned away


def test_a_device_that_was_refused_yields_no_strike():
    told = story().at("-5:00", seeker.connects(), seeker.joins(), supporter.connects())
    told.at("-4:00", seeker.connects("tablet"))
    told.at("-3:40", supporter.answers_for(seeker, yes=False)).is_refused("device_refused")
    told.at("-3:00", seeker.connects()).is_refused("opened_elsewhere").at(
        "-2:00", seeker.closes_page()
    )
    told.ends("seeker_no_show", "seeker", strike=False)


def test_a_browser_that_cannot_be_used_yields_no_strike():
    told = story().at("-5:00", seeker.is_turned_away(), seeker.is_turned_away())
    told.at("-4:00", supporter.connects(), supporter.joins())
    told.ends("seeker_no_show", "seeker", strike=False)


def test_who_is_there_is_not_turned_away_by_another_browser():
    told = live().at("5:00", seeker.is_turned_away())
    assert not told.session.seeker.was_refused


def test_a_third_device_is_turned_away_and_remembered():
    told = live().at("5:00", seeker.connects("tablet")).at("5:01", seeker.connects("stolen"))
    told.is_refused("other_device")
    assert told.session.seeker.was_refused


def test_a_revoked_link_yields_no_strike():
    told = story().at("-5:00", seeker.connects(), seeker.joins(), supporter.connects())
    told.at("-1:00", office.revokes_the_link_of(seeker)).is_refused("link_revoked")
    told.ends("seeker_no_show", "seeker", strike=False)


def test_a_new_link_before_the_start_makes_an_absence_the_persons_own():
    told = story().at("-8:00", supporter.connects(), office.revokes_the_link_of(seeker))
    told.at("-7:00", office.renews_the_link_of(seeker), office.renews_the_link_of(seeker))
    assert told.names().count("link.renewed") == 1
    told.ends("seeker_no_show", "seeker", strike=True)


def test_a_new_link_after_the_start_comes_too_late_for_a_strike():
    told = story().at("-8:00", supporter.connects(), office.revokes_the_link_of(seeker))
    told.at("1:00", office.renews_the_link_of(seeker))
    told.ends("seeker_no_show", "seeker", strike=False)


def test_a_new_link_is_no_pardon_for_another_device_that_was_refused():
    told = story().at("-8:00", supporter.connects(), seeker.is_turned_away())
    told.at("-7:00", office.revokes_the_link_of(seeker), office.renews_the_link_of(seeker))
    told.ends("seeker_no_show", "seeker", strike=False)


def test_a_link_that_is_renewed_twice_may_be_revoked_again():
    told = story().at("-8:00", supporter.connects(), office.revokes_the_link_of(seeker))
    told.at("-7:00", office.renews_the_link_of(seeker), office.revokes_the_link_of(seeker))
    told.ends("seeker_no_show", "seeker", strike=False)


# Our own restart makes nobody absent


def test_who_was_there_before_our_restart_and_never_came_back_is_no_no_show():
    told = story().at("-5:00", seeker.connects(), seeker.joins()).is_alone("-2:00", "-1:00")
    told.at("0:00", supporter.connects())
    told.ends(
        "not_held", "platform", at="10:00", reason="service_gap", strike=False, reschedule=True
    )


def test_the_same_of_the_supporter():
    told = story().at("-5:00", supporter.connects()).is_alone("-2:00", "-1:00")
    told.at("0:00", seeker.connects()).ends(
        "not_held", "platform", at="10:00", reason="service_gap"
    )


def test_who_came_back_and_left_again_is_absent():
    told = story().at("-5:00", seeker.connects()).is_alone("-4:00", "-3:00")
    told.at("-2:50", seeker.connects()).at("-2:00", seeker.closes_page())
    told.at("0:00", supporter.connects()).ends("seeker_no_show", "seeker", strike=True)


# Maintenance


def test_maintenance_cancels_what_is_not_live():
    told = both_in_lobby().at("-1:00", office.plans_maintenance("5:00"))
    told.ends("cancelled", "maintenance", at="5:00", reason="maintenance", reschedule=True)
    assert [it.recipient for it in told.published("session.cancelled")] == ["seeker", "supporter"]


def test_maintenance_interrupts_what_is_live():
    told = live().at("1:00", office.plans_maintenance("12:00")).at("11:59.999").is_in("live")
    told.ends("interrupted", "platform", at="12:00", reason="maintenance", reschedule=True)


def test_a_verdict_that_stood_before_the_maintenance_stays():
    told = live().at("5:00", supporter.steps_out()).at("7:30", office.plans_maintenance("8:00"))
    told.ends("interrupted", "supporter", at="8:00")


def test_maintenance_after_a_goodbye_finds_it_finished():
    told = live().at("1:00", office.plans_maintenance("12:00"))
    told.at("11:30", seeker.closes_page()).at("11:40", supporter.closes_page())
    told.ends("completed", at="12:00", reason="goodbye")


def test_maintenance_can_be_called_off():
    told = live().at("1:00", office.plans_maintenance("12:00"))
    told.at("2:00", office.plans_maintenance(None)).ends("completed", at="30:00")


def test_maintenance_at_the_end_is_not_in_the_way():
    live().at("1:00", office.plans_maintenance("30:00")).ends("completed", at="30:00")


def test_maintenance_that_has_begun_counts_from_now():
    live().at("5:00", office.plans_maintenance("4:00")).ends("interrupted", "platform", at="5:00")
    over = live().at("5:00", seeker.ends()).at("6:00", office.plans_maintenance("7:00"))
    assert over.session.maintenance_at is None


# The end


def test_the_shipped_programmes_let_nobody_move_the_end():
    live(KUMAGAYA).at("5:00", office.moves_the_end("40:00")).is_refused("extension_never")


def test_a_later_end_counts_when_the_worker_holds_it():
    told = live(EXTENSIBLE).at("5:00", office.moves_the_end("40:00"))
    assert told.effects[-1] == ExtendRoom(moment("40:00"))
    assert told.session.ends_at == moment("30:00")
    told.at("5:01", server.holds_the_end("41:00"))
    assert told.session.ends_at == moment("30:00"), "another end than was asked for"
    told.at("5:02", server.holds_the_end("40:00"))
    assert told.session.ends_at == moment("40:00")
    told.ends("completed", at="40:00")


def test_what_the_worker_never_held_never_was():
    live(EXTENSIBLE).at("5:00", office.moves_the_end("40:00")).ends("completed", at="30:00")


def test_a_confirmation_after_the_end_is_late():
    told = live(EXTENSIBLE).at("28:00", office.moves_the_end("40:00")).ends("completed", at="30:00")
    told.at("30:01", server.holds_the_end("40:00")).is_in("ended")


def test_asking_again_asks_the_worker_again():
    told = live(EXTENSIBLE).at("5:00", office.moves_the_end("40:00"), office.moves_the_end("40:00"))
    assert told.effects.count(ExtendRoom(moment("40:00"))) == 2
    assert told.names().count("extension.asked") == 1


def test_people_are_warned_before_the_new_end():
    told = live(EXTENSIBLE).at(
        "26:00", office.moves_the_end("40:00"), server.holds_the_end("40:00")
    )
    told.ends("completed", at="40:00")
    given = [it.at for it in told.records if it.name == "warning.given"]
    assert given == [moment("25:00"), moment("35:00"), moment("39:00")]


def test_a_grace_that_the_old_end_had_cut_off_runs_on_to_its_own_length():
    told = live(EXTENSIBLE).at("28:30", office.moves_the_end("40:00"), seeker.loses_line())
    told.at("28:40", server.holds_the_end("40:00")).at("30:30.001")
    told.has_verdict("interrupted", "unknown")
    in_time = live(EXTENSIBLE).at("28:30", office.moves_the_end("40:00"), seeker.loses_line())
    in_time.at("28:40", server.holds_the_end("40:00")).at("30:29", seeker.connects()).is_in("live")


def test_without_media_there_is_nothing_to_hold():
    told = by_phone(EXTENSIBLE, "30:00").at("1:00", office.reports("answered"))
    told.at("5:00", office.moves_the_end("40:00")).ends("completed", at="40:00")


def test_when_the_end_cannot_be_moved():
    told = (
        live(EXTENSIBLE).at("5:00", office.moves_the_end("30:00")).is_refused("extension_not_later")
    )
    told.at("29:00", office.moves_the_end("40:00")).is_refused("extension_too_late")
    told.ends("completed", at="30:00")
    told.at("31:00", office.moves_the_end("40:00")).is_refused("session_over")


def test_who_went_over_to_the_telephone_has_no_room_that_could_hold_it():
    told = live(EXTENSIBLE).at("5:00", supporter.switches_to("phone"))
    told.at("5:01", office.reports("answered"))
    told.at("6:00", office.moves_the_end("40:00")).ends("completed", at="40:00")


# What was noted


def test_each_reading_is_a_line_of_history_with_who_and_nothing_else():
    told = story().jumps_to("-1440:00", office.reads_what_was_noted())
    told.jumps_to("1470:00", office.reads_what_was_noted("person-clerk"))
    lines = [(it.at, dict(it.data)) for it in told.records if it.name == "data.read"]
    assert lines == [
        (moment("-1440:00"), {"by": "person-supporter"}),
        (moment("1470:00"), {"by": "person-clerk"}),
    ]


@pytest.mark.parametrize("at", ["-1440:01", "1470:01"])
def test_what_was_noted_is_closed_more_than_a_day_before_and_after(at):
    told = story().jumps_to(at, office.reads_what_was_noted()).is_refused("data_closed")
    assert told.session.readings == 0


# Another supporter


def test_there_is_an_end_to_readings_of_what_was_noted():
    told = story()
    told.jumps_to("-5:00", *[office.reads_what_was_noted()] * READINGS)
    assert told.names().count("data.read") == READINGS
    told.jumps_to("-4:00", office.reads_what_was_noted()).is_refused("too_many_readings")


def test_who_takes_over_sits_on_an_empty_seat_and_who_sat_there_is_sent_away():
    told = both_in_lobby()
    before = told.session.supporter
    told.at("1:00", office.reassigns()).is_refused("link_revoked")
    seat = told.session.supporter
    assert (seat.person, seat.display_name, seat.id) == ("person-other", "鈴木", SUPPORTER)
    assert (seat.device, seat.connection, seat.consent, seat.is_present) == (
        None,
        None,
        None,
        False,
    )
    [away] = [it for it in told.effects if isinstance(it, Refuse)]
    assert (away.connection, away.code, away.closes) == (before.connection, "link_revoked", True)
    [line] = [it for it in told.records if it.name == "supporter.reassigned"]
    assert dict(line.data) == {
        "before": before.person,
        "after": "person-other",
        "by": "person-clerk",
    }
    told_of = {topic: told.published(topic)[-1].recipient for topic in
               ("session.reassigned", "session.booked", "session.handed_over")}  # fmt: skip
    assert told_of == {"session.reassigned": "seeker", "session.booked": "supporter",
                       "session.handed_over": before.person}  # fmt: skip


def test_the_same_supporter_twice_is_once():
    told = both_in_lobby().at("1:00", office.reassigns()).is_refused("link_revoked")
    version = told.session.version
    told.at("1:00", office.reassigns())
    assert told.session.version == version


def test_a_link_of_who_had_the_seat_lets_nobody_in_and_one_of_who_has_it_does():
    told = both_in_lobby()
    before = told.session.supporter.person
    told.at("1:00", office.reassigns()).is_refused("link_revoked")
    line, device = ConnectionId("c-old"), DeviceId("d-old")
    told.at("1:01", lambda _: Connected(SUPPORTER, line, device, person=before))
    told.is_refused("link_revoked")
    told.at("1:02", lambda _: Connected(SUPPORTER, line, device, person=PersonId("person-other")))
    assert told.session.supporter.connection == line


def test_at_the_cutoff_the_one_who_holds_the_seat_is_judged():
    told = story().at("0:00", seeker.connects()).at("9:00", office.reassigns())
    told.ends("supporter_no_show", cause="supporter", at="10:00")
    assert {line.person for line in lines(told.session)} == {"person-seeker", "person-other"}


@pytest.mark.parametrize("at", ["5:00", "40:00"])
def test_a_live_session_and_one_that_is_over_keep_their_supporter(at):
    told = live().at(at, office.reassigns())
    told.is_refused("session_over" if told.session.is_over else "already_live")
    assert told.session.supporter.person == "person-supporter"


def test_who_was_to_be_let_in_with_the_answer_is_let_in_by_nobody_who_is_gone():
    told = story(EXTENSIBLE).at("-5:00", seeker.connects(), seeker.joins())
    told.at("4:00", supporter.connects(), supporter.joins(), supporter.admits(seeker))
    told.is_refused("asking_seeker")
    assert told.session.asked.is_admitting
    told.at("4:10", office.reassigns()).is_refused("link_revoked")
    assert not told.session.asked.is_admitting
    told.at("6:00")
    assert told.session.phase.value == "waiting"


# A correction


def corrected(told):
    """What the history says of corrections."""
    return [(it.name, dict(it.data)) for it in told.records if it.name.endswith(".corrected")]


def test_a_correction_changes_names_and_nothing_else_of_who_is_there():
    told = both_in_lobby().at("1:00")
    before = told.session
    told.at("1:00", office.corrects(seeker_name="ひまわり", companions=("手話通訳",)))
    assert [seat.display_name for seat in told.session.seats] == ["ひまわり", "田中", "手話通訳"]
    for seat, was in zip(told.session.seats, before.seats, strict=True):
        assert replace(seat, display_name=was.display_name) == was
    by = {"by": "person-clerk"}
    assert corrected(told) == [
        ("name.corrected", {"seat": "seeker", **by}),
        ("name.corrected", {"seat": "companion-1", **by}),
    ]
    assert told.session.version == before.version + 1
    of_it = f":{told.session.version}:"
    assert [it for it in told.effects if isinstance(it, Publish) and of_it in it.key] == []


def test_who_sits_beside_the_seeker_is_called_otherwise_and_a_note_is_written_anew():
    told = story()
    told.session = replace(told.session, beside=("娘さん", "介助者"))
    told.at("-5:00", office.corrects(beside=("息子さん", "介助者"), is_noted=True))
    assert told.session.beside == ("息子さん", "介助者")
    assert [name for name, _ in corrected(told)] == ["beside.corrected", "data.corrected"]
    assert "息子さん" not in repr(told.records)


@pytest.mark.parametrize(
    "what", [{}, {"seeker_name": "さくら14"}, {"companions": ("通訳",), "beside": ()}]
)
def test_a_correction_of_nothing_is_refused(what):
    told = story().at("-5:00")
    version = told.session.version
    told.at("-5:00", office.corrects(**what)).is_refused("nothing_corrected")
    assert (told.session.version, corrected(told)) == (version, [])


@pytest.mark.parametrize(
    "what", [{"companions": ()}, {"companions": ("通訳", "友人")}, {"beside": ("友人",)}]
)
def test_a_correction_brings_nobody_and_leaves_nobody_out(what):
    told = story().at("-5:00", office.corrects(seeker_name="ひまわり", **what))
    told.is_refused("companions_declared")
    assert told.session.seeker.display_name == "さくら14"


@pytest.mark.parametrize("at", ["5:00", "40:00"])
def test_names_stay_once_it_is_live_and_after_the_end(at):
    told = live().at(at, office.corrects(seeker_name="ひまわり"))
    told.is_refused("session_over" if told.session.is_over else "already_live")
    assert told.session.seeker.display_name == "さくら14"
