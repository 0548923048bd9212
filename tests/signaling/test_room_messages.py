"""What people of a session say over the socket beyond coming and going, against the real host and the real store."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from orchestrator.policy.model import Medium, Purpose
from orchestrator.ports import RoomFlowing
from tests.signaling.node import MINUTE, PROGRAMMES, until

SECRET = "ひみつの一行 xyzzy-4711"
DEMO = PROGRAMMES["demo"].rules()


def is_on_disk(node, text):
    """Whether anything that the store has ever written holds this text."""
    files = [path for path in node.data.rglob("*") if path.is_file()]
    assert any("appendonly" in str(path) for path in files), "the store writes down what it does"
    return any(text.encode() in path.read_bytes() for path in files)


async def test_a_line_reaches_the_others_in_the_session_and_comes_back_as_the_sign(node):
    meeting = await node.meet(rules=DEMO)
    seeker, supporter = await node.live(meeting)
    await seeker.send(type="chat", text=SECRET)
    line = await supporter.receive("chat")
    assert (line["seat"], line["text"]) == ("seeker", SECRET)
    assert await seeker.receive("chat") == line
    await supporter.send(type="chat", text="二行目\nです")
    assert (await seeker.receive("chat"))["text"] == "二行目\nです"


async def test_a_line_is_kept_nowhere_and_no_board_hears_it(node):
    meeting = await node.meet(rules=DEMO)
    seeker, supporter = await node.live(meeting)
    board = await node.say_hello(token=await node.staff())
    await board.receive("board")
    with capture_logs() as logs:
        await seeker.send(type="chat", text=SECRET)
        await supporter.receive("chat")
        await supporter.send(type="request_end")  # behind it: the board hears of this
        await board.receive("board_row")
    await seeker.send(type="report_problem", note="written 0815")

    async def is_noted():
        return await node.store.notes(meeting.id)

    await until(is_noted, "a note is kept, and so the looking finds what is there")
    assert is_on_disk(node, "written 0815")
    assert not is_on_disk(node, "xyzzy-4711")
    for heard in (logs, board.inbox, await node.store.events(meeting.id)):
        assert "xyzzy-4711" not in repr(heard)
    late = await node.enter(meeting, "seeker")
    await supporter.send(type="chat", text="next")
    await late.receive("chat")
    assert [m["text"] for m in late.inbox if m["type"] == "chat"] == ["next"]


async def test_a_programme_that_names_no_chat_has_none(node):
    meeting = await node.meet(rules=PROGRAMMES["sakai"].rules())
    seeker, supporter = await node.live(meeting)
    assert "chat" not in seeker.welcome["session"]["functions"]
    await seeker.send(type="chat", text=SECRET)
    assert (await seeker.receive("refused"))["code"] == "function_not_allowed"
    await seeker.send(type="media_state", audio=True, video=True)
    await supporter.receive("media_state")
    assert "chat" not in [message["type"] for message in supporter.inbox]


async def test_who_is_only_at_the_door_neither_writes_nor_reads(node):
    meeting = await node.meet(rules=DEMO)
    supporter = await node.join(meeting, "supporter")
    seeker = await node.enter(meeting, "seeker")
    await seeker.send(type="chat", text="hello")
    assert (await seeker.receive("refused"))["code"] == "not_connected"
    await supporter.send(type="chat", text="hello")
    assert (await supporter.receive("refused"))["code"] == "nobody_reads"
    asking = await node.enter(meeting, "supporter", "b")
    await asking.send(type="chat", text="hello")
    assert (await asking.receive("refused"))["code"] == "not_connected"
    await seeker.send(type="join", **node.agreement(seeker))
    await seeker.state(lambda s: "chat" in s["can"])
    await supporter.send(type="chat", text="now")
    assert (await seeker.receive("chat"))["text"] == "now"
    assert "chat" not in [message["type"] for message in asking.inbox]


async def test_somebody_who_floods_is_told_and_the_connection_lives(node):
    meeting = await node.meet(rules=DEMO)
    seeker, supporter = await node.live(meeting)
    for number in range(6):
        await seeker.send(type="chat", text=str(number))
    assert (await seeker.receive("refused"))["code"] == "too_many_messages"
    for number in range(5):
        assert (await supporter.receive("chat"))["text"] == str(number)
    node.clock.advance(timedelta(seconds=2))
    await seeker.send(type="chat", text="again")
    assert (await supporter.receive("chat"))["text"] == "again"


async def late(node):
    """Seeker in the lobby for five minutes past the start, then the supporter comes."""
    meeting = await node.meet()
    seeker = await node.join(meeting, "seeker")
    await node.pass_time(5 * MINUTE)
    supporter = await node.join(meeting, "supporter")
    asked = await seeker.state(lambda s: s["question"])
    assert asked["question"]["kind"] == "begin_or_reschedule"
    return meeting, seeker, supporter


async def test_a_late_start_begins_with_the_seekers_word(node):
    _, seeker, supporter = await late(node)
    await supporter.send(type="admit", seat="seeker")
    assert (await supporter.receive("refused"))["code"] == "asking_seeker"
    await seeker.send(type="begin")
    await supporter.state(lambda s: s["phase"] == "live")
    await seeker.send(type="another_date")
    assert (await seeker.receive("refused"))["code"] == "nothing_asked"


async def test_a_late_start_without_an_answer_leaves_another_date_open(node):
    _, seeker, supporter = await late(node)
    await supporter.send(type="admit", seat="seeker")
    await supporter.receive("refused")
    await node.pass_time(MINUTE)
    live = await seeker.state(lambda s: s["phase"] == "live")
    assert live["late"] == "supporter"
    await seeker.send(type="another_date")
    ended = await seeker.state(lambda s: s["outcome"])
    assert (ended["outcome"], ended["cause"]) == ("supporter_late", "supporter")
    assert ended["reschedule"]["state"] == "open"


async def test_a_stop_ends_it_at_once_and_its_words_are_for_the_office_alone(node):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    await seeker.send(type="stop", kind="conduct", accused="supporter", note=SECRET)
    told = await seeker.state(lambda s: s["outcome"])
    assert (told["outcome"], told["cause"], told["reason"]) == (
        "stopped",
        "supporter",
        "conduct_reported",
    )
    other = await supporter.state(lambda s: s["outcome"])
    assert (other["outcome"], other["cause"], other["reason"]) == ("stopped", None, None)
    assert ("close_room", meeting.id) in node.media.told
    [incident] = (await node.session(meeting)).incidents
    assert (incident.by, incident.accused, incident.stopped) == ("seeker", "supporter", True)

    async def is_noted():
        return await node.store.notes(meeting.id) == {incident.id: SECRET}

    await until(is_noted, "the words are in the notes")
    assert "xyzzy" not in repr(await node.store.events(meeting.id))
    assert "xyzzy" not in repr([*seeker.inbox, *supporter.inbox])


async def test_nobody_accuses_themselves_and_no_companion_stops(node):
    meeting = await node.meet(companions=1)
    seeker, _ = await node.live(meeting)
    companion = await node.join(meeting, "companion-1")
    await seeker.send(type="stop", kind="recording", accused="seeker", note=None)
    assert (await seeker.receive("refused"))["code"] == "accused_unknown"
    await companion.send(type="stop", kind="recording", accused="seeker", note=None)
    assert (await companion.receive("refused"))["code"] == "not_your_seat"
    assert (await node.session(meeting)).phase == "live"
    assert await node.store.notes(meeting.id) == {}


async def test_a_technical_problem_ends_nothing(node):
    meeting = await node.meet()
    seeker, _ = await node.live(meeting)
    await seeker.send(type="report_problem", note=SECRET)

    async def is_filed():
        return (await node.session(meeting)).incidents

    await until(is_filed, "the first is filed")
    node.clock.advance(timedelta(seconds=1))  # in one instant, twice would be once
    await seeker.send(type="report_problem", note=None)

    async def is_noted():
        notes = await node.store.notes(meeting.id)
        return len((await node.session(meeting)).incidents) == 2 and notes == {"incident-1": SECRET}

    await until(is_noted, "both are filed, and one has words")
    session = await node.session(meeting)
    assert session.phase == "live"
    assert {incident.kind for incident in session.incidents} == {"technical"}


@pytest.mark.parametrize("chooser", ["seeker", "supporter"])
async def test_either_books_the_next_session_and_both_see_it(node, chooser):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    pages = {"seeker": seeker, "supporter": supporter}
    await supporter.send(type="book_next")
    await seeker.state(lambda s: s["following"])
    await node.bookings.rescheduling.propose(meeting.id, Purpose.NEXT)
    offered = {
        name: await page.state(lambda s: s["following"] and s["following"]["options"])
        for name, page in pages.items()
    }
    assert offered["seeker"]["following"] == offered["supporter"]["following"]
    option = offered[chooser]["following"]["options"][0]
    await pages[chooser].send(type="choose_slot", option=option["id"], purpose="next")
    for page in pages.values():
        booked = await page.state(lambda s: s["following"]["state"] == "chosen")
        assert booked["following"]["new_starts_at"] == option["starts_at"]
        assert booked["phase"] == "live"
    session = await node.session(meeting)
    following = await node.store.load(session.following.new_session)
    assert following.session.follows == meeting.id


async def test_either_declines_the_next_session(node):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    await seeker.send(type="book_next")
    await supporter.state(lambda s: s["following"])
    await supporter.send(type="decline_reschedule", purpose="next")
    declined = await seeker.state(lambda s: s["following"]["state"] == "declined")
    assert declined["reschedule"] is None
    await supporter.send(type="decline_reschedule")
    assert (await supporter.receive("refused"))["code"] == "not_your_seat"


async def test_sound_only_takes_the_picture_away_at_the_media_worker(node):
    meeting = await node.meet(rules=DEMO)
    seeker, supporter = await node.live(meeting)
    await seeker.send(type="switch_medium", medium="audio")
    switched = await supporter.state(lambda s: s["medium"] == "audio")
    assert set(switched["functions"]) == {"audio", "chat"}
    await until(
        lambda: (
            {("connect", meeting.id, seat, 2) for seat in ("seeker", "supporter")}
            <= set(node.media.told)
        ),
        "both get a new connection",
    )
    assert node.media.functions[meeting.id, "seeker", 2] == {"audio", "chat"}


async def test_a_telephone_session_from_report_to_report(node):
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    await supporter.send(type="switch_medium", medium="phone")
    await seeker.state(lambda s: s["medium"] == "phone")
    assert ("close_room", meeting.id) in node.media.told
    await supporter.send(type="report_call", state="calling")
    assert (await seeker.state(lambda s: s["call"]))["call"] == "calling"
    await seeker.send(type="report_call", state="answered")
    assert (await seeker.receive("refused"))["code"] == "not_your_seat"
    await supporter.send(type="report_call", state="answered")
    talking = await seeker.state(lambda s: s["call"] == "answered")
    assert talking["phase"] == "live"
    await seeker.send(type="leaving")  # takes nobody with it
    await node.pass_time(3 * MINUTE)
    assert (await node.session(meeting)).phase == "live"
    await supporter.send(type="report_call", state="finished")
    assert (await supporter.state(lambda s: s["outcome"]))["reason"] == "call_finished"


async def test_a_call_beside_the_pictures_is_a_contact_only(node):
    meeting = await node.meet()
    supporter = await node.join(meeting, "supporter")
    assert (await node.session(meeting)).medium is Medium.VIDEO
    await supporter.send(type="report_call", state="calling")
    assert (await supporter.state(lambda s: s["call"]))["phase"] == "waiting"
    await supporter.send(type="report_call", state="answered")
    assert (await supporter.receive("refused"))["code"] == "not_on_the_phone"


async def goodbye(node):
    """Both have closed their pages shortly after each other, and nothing was wrong."""
    meeting = await node.meet()
    seeker, supporter = await node.live(meeting)
    node.host.on_media(RoomFlowing(meeting.id))

    async def flows():
        return (await node.session(meeting)).has_media_flowed

    await until(flows, "packets flow")
    for page in (seeker, supporter):
        await page.send(type="leaving")
        await page.closed()

    async def is_goodbye():
        return (await node.session(meeting)).goodbye is not None

    await until(is_goodbye, "a goodbye is noticed")
    return meeting


async def test_a_supporter_who_opens_the_page_again_is_asked_and_answers(node):
    meeting = await goodbye(node)
    supporter = await node.enter(meeting, "supporter")
    assert supporter.welcome["session"]["goodbye"] is True
    assert "answer_finish" in supporter.welcome["session"]["can"]
    await supporter.send(type="answer_finish", finished=True)
    ended = await supporter.state(lambda s: s["outcome"])
    assert (ended["outcome"], ended["reason"]) == ("completed", "goodbye")


async def test_a_seeker_objects_from_the_page_of_the_end_once(node):
    meeting = await goodbye(node)
    await node.pass_time(2 * MINUTE)

    async def is_over():
        return (await node.session(meeting)).is_over

    await until(is_over, "the grace is over")
    seeker = await node.enter(meeting, "seeker")
    assert seeker.welcome["session"]["can"] == ["report_problem", "object"]
    await seeker.send(type="object")
    await seeker.state(lambda s: "object" not in s["can"])
    assert (await node.session(meeting)).objected_at is not None
    await seeker.send(type="object")
    assert (await seeker.receive("refused"))["code"] == "nothing_asked"
    supporter = await node.enter(meeting, "supporter")
    await supporter.send(type="object")
    assert (await supporter.receive("refused"))["code"] == "not_your_seat"
