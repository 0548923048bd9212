"""How messages read: both languages, every topic, and nothing in them that is not the reader's."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from orchestrator.messages.occasions import Topic
from orchestrator.messages.sending import WITHOUT_LINK
from orchestrator.messages.writing import facts_of, moment, slot, write
from orchestrator.policy.model import (
    OBSERVER,
    Cause,
    Medium,
    Notice,
    Outcome,
    PersonId,
    Reschedule,
    RescheduleState,
    Role,
    Seat,
    SlotOption,
)
from orchestrator.policy.programme import Text
from orchestrator.ports import Language
from orchestrator.programmes import load_all
from tests.fakes import a_session

TOKYO = ZoneInfo("Asia/Tokyo")
TEN = datetime(2026, 12, 8, 1, 0, tzinfo=UTC)
"""10:00 of a Tuesday in Tokyo."""
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LINK = "https://room.example.org/room#abcdefghijklmnopqrstuv"
KUMAGAYA = load_all()["kumagaya"]
HOURS = Text(ja="平日 9:00〜17:00", en="weekdays 9:00–17:00")
WITH_TELEPHONE = KUMAGAYA.model_copy(update={"telephone": "048-000-0000", "telephone_hours": HOURS})

BOOKED = replace(a_session(starts_at=TEN, length=30 * MINUTE), judge_at=TEN + 10 * MINUTE)
OPTIONS = tuple(
    SlotOption(str(days), TEN + days * DAY, TEN + days * DAY + 30 * MINUTE, "p-supporter", "田中")
    for days in (2, 3)
)
OFFERED = Reschedule(RescheduleState.OPEN, TEN, TEN + 14 * DAY, OPTIONS, is_proposed=True)

JA, EN = Language.JA, Language.EN


def written(
    topic, session=BOOKED, *, to="seeker", language=JA, programme=KUMAGAYA, link=LINK, now=TEN
):
    """Subject and text of a message."""
    reader = session.seat(to)
    return write(topic, facts_of(session, reader, language, programme, link, now))


# ---- moments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "zone", "expected"),
    [
        (JA, "Asia/Tokyo", "2026年12月8日（火）10:00〜10:30"),
        (EN, "Asia/Tokyo", "Tuesday, 8 December 2026, 10:00–10:30 (JST)"),
        (JA, "Europe/Berlin", "2026年12月8日（火）2:00〜2:30（CET）"),
        (EN, "America/New_York", "Monday, 7 December 2026, 20:00–20:30 (EST)"),
    ],
)
def test_a_slot_is_told_in_the_sessions_time_with_its_weekday(language, zone, expected):
    assert slot(TEN, TEN + 30 * MINUTE, ZoneInfo(zone), language) == expected


def test_a_slot_across_midnight_names_both_days():
    late = datetime(2026, 12, 31, 14, 45, tzinfo=UTC)
    assert slot(late, late + 30 * MINUTE, TOKYO, JA) == (
        "2026年12月31日（木）23:45〜2027年1月1日（金） 0:15"
    )


@pytest.mark.parametrize(
    ("language", "expected"),
    [(JA, "2026年12月8日（火）10:05"), (EN, "Tuesday, 8 December 2026, 10:05 (JST)")],
)
def test_a_moment_is_told_with_its_weekday(language, expected):
    assert moment(TEN + 5 * MINUTE, TOKYO, language) == expected


# ---- every message --------------------------------------------------------------------------------------------------

READERS = {
    Topic.RESCHEDULE_OPENED: ("seeker",),
    Topic.SEEKER_RUNG: ("seeker",),
    Topic.SUPPORTER_RUNG: ("supporter",),
    Topic.SESSION_REASSIGNED: ("seeker",),
    Topic.SESSION_HANDED_OVER: ("supporter",),
}
EVERY = [
    (topic, to, language)
    for topic in Topic
    for to in READERS.get(topic, ("seeker", "supporter"))
    for language in Language
]
SITUATIONS = {
    "booked": BOOKED,
    "phone": replace(BOOKED, medium=Medium.PHONE),
    "offered": replace(
        BOOKED, outcome=Outcome.INTERRUPTED, cause=Cause.PLATFORM, reschedule=OFFERED
    ),
    "nothing free": replace(
        BOOKED, outcome=Outcome.NOT_HELD, cause=Cause.UNKNOWN, reschedule=replace(OFFERED, options=())
    ),
    **{
        f"cancelled by {by}": replace(BOOKED, outcome=Outcome.CANCELLED, cause=by)
        for by in (Cause.SEEKER, Cause.SUPPORTER, Cause.OFFICE, Cause.MAINTENANCE)
    },
    "cancelled and offered": replace(
        BOOKED, outcome=Outcome.CANCELLED, cause=Cause.OFFICE, reschedule=OFFERED
    ),
}  # fmt: skip


@pytest.mark.parametrize("programme", [KUMAGAYA, WITH_TELEPHONE, None], ids=["", "tel", "gone"])
@pytest.mark.parametrize(("topic", "to", "language"), EVERY)
def test_every_message_is_whole(topic, to, language, programme):
    for session in SITUATIONS.values():
        is_whole(topic, session, to, language, programme)


def is_whole(topic, session, to, language, programme):
    """Claim that a message is one: greeting, single blank lines, no gaps, and one language."""
    subject, text = written(topic, session, to=to, language=language, programme=programme)
    assert subject == " ".join(subject.split())
    assert 5 < len(subject) < 120
    name = {"seeker": "さくら14", "supporter": "田中"}[to]
    polite = f"{name} 様" if to == "seeker" else f"{name} さん"
    assert text.startswith(polite if language is JA else f"Dear {name},")
    assert text.endswith("\n")
    assert not re.search(r"\n\n\n|[ \t]\n|[{}]|None|Undefined", text)
    assert max(len(line) for line in text.splitlines()) < 120
    if language is EN:
        ours = re.sub("さくら14|田中", "", text)
        assert not re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", ours + subject)
    if programme is WITH_TELEPHONE:
        said = (
            "048-000-0000（平日 9:00〜17:00）" if language is JA else "048-000-0000 (weekdays 9:00"
        )
        assert said in text


@pytest.mark.parametrize(
    ("topic", "to", "language"),
    [each for each in EVERY if each[0] not in WITHOUT_LINK],
)
def test_a_link_stands_on_a_line_of_its_own(topic, to, language):
    _, text = written(topic, SITUATIONS["offered"], to=to, language=language)
    assert text.splitlines().count(LINK) == 1


def test_a_message_without_a_link_does_not_speak_of_one():
    _, text = written(Topic.SESSION_CANCELLED, SITUATIONS["cancelled by office"], link="")
    assert "リンク" not in text


# ---- what single messages say ---------------------------------------------------------------------------------------


def test_an_appointment_says_when_whom_and_how():
    subject, text = written(Topic.SESSION_BOOKED, now=TEN - DAY)
    assert subject == "【ハローワーク熊谷】ご予約の確認 2026年12月8日（火）10:00〜10:30"
    for part in ("10:00〜10:30", "田中", "9:50から待合室に入れます", "表示名「さくら14」"):
        assert part in text


def test_a_telephone_appointment_says_who_calls():
    _, text = written(Topic.SESSION_BOOKED, SITUATIONS["phone"])
    assert "相談員からお電話いたします" in text
    assert "待合室" not in text


def test_a_next_appointment_reads_like_any_appointment():
    assert written(Topic.NEXT_CHOSEN) == written(Topic.SESSION_BOOKED)


def test_ringing_says_until_when_to_come_while_that_is_ahead():
    _, text = written(Topic.SEEKER_RUNG, now=TEN + MINUTE)
    assert "10:10までにお越しにならず" in text
    _, late = written(Topic.SEEKER_RUNG, now=TEN + 10 * MINUTE)
    assert "欠席" not in late


def test_who_has_sent_word_is_not_threatened_with_the_cutoff():
    noticed = replace(BOOKED, seeker_notice=Notice(TEN, "seeker"), judge_at=BOOKED.ends_at)
    _, text = written(Topic.SEEKER_RUNG, noticed, now=TEN + MINUTE)
    assert "欠席" not in text


def test_another_date_lists_the_proposals_that_are_still_ahead():
    _, text = written(Topic.RESCHEDULE_OPENED, SITUATIONS["offered"], now=TEN + 2 * DAY)
    assert "途中で終わりました" in text
    assert "・2026年12月10日（木）10:00〜10:30" not in text
    assert "・2026年12月11日（金）10:00〜10:30" in text
    assert "2026年12月22日（火）10:00までに" in text


def test_nothing_free_says_who_goes_on_looking():
    _, text = written(Topic.RESCHEDULE_OPENED, SITUATIONS["nothing free"])
    assert "空いている日時がございません" in text
    assert "申し訳" not in text


@pytest.mark.parametrize(
    ("by", "seeker", "supporter"),
    [
        (Cause.SEEKER, "お申し出により", "ご利用者の都合により"),
        (Cause.SUPPORTER, "相談員の都合により", "お申し出により"),
        (Cause.OFFICE, "当窓口の都合により", "窓口の都合により"),
        (Cause.MAINTENANCE, "システムの保守のため", "システムの保守のため"),
    ],
)
def test_a_cancellation_says_on_whose_side_as_it_concerns_the_reader(by, seeker, supporter):
    session = SITUATIONS[f"cancelled by {by}"]
    assert seeker in written(Topic.SESSION_CANCELLED, session)[1]
    assert supporter in written(Topic.SESSION_CANCELLED, session, to="supporter")[1]


@pytest.mark.parametrize(
    ("situation", "programme", "expected"),
    [
        ("cancelled by office", KUMAGAYA, "窓口までご連絡ください"),
        ("cancelled by office", WITH_TELEPHONE, "お電話で承ります"),
        ("cancelled and offered", KUMAGAYA, "別のメールでお送りします"),
    ],
)
def test_a_cancellation_says_how_to_get_another_date(situation, programme, expected):
    _, text = written(Topic.SESSION_CANCELLED, SITUATIONS[situation], programme=programme)
    assert expected in text


@pytest.mark.parametrize(
    "topic", [Topic.SESSION_BOOKED, Topic.NEXT_CHOSEN, Topic.RESCHEDULE_CHOSEN]
)
@pytest.mark.parametrize("to", ["seeker", "supporter"])
def test_both_are_told_who_looks_on(topic, to):
    seat = Seat(OBSERVER, Role.SCHEDULER, PersonId("p_office"), "山田")
    watched = replace(BOOKED, seats=(*BOOKED.seats, seat))
    _, text = written(topic, watched, to=to, language=JA)
    assert "窓口の山田（映像・音声は送りません）" in text
    _, text = written(topic, watched, to=to, language=EN)
    assert "Looking on: 山田 of the office, who sends no picture and no sound" in text
    for language in Language:
        assert "山田" not in written(topic, BOOKED, to=to, language=language)[1]
