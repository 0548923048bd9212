"""Every state of the pages that is shown and examined. The stories bring people there; each state is taken once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

Size = Literal["phone", "lying", "desk"]
Theme = Literal["light", "dark"]
Call = Literal["live", "still", "cut"]

BOTH: tuple[Size, ...] = ("phone", "desk")
PHONE: tuple[Size, ...] = ("phone",)
DESK: tuple[Size, ...] = ("desk",)
LYING: tuple[Size, ...] = ("lying",)


@dataclass(frozen=True, slots=True)
class State:
    """One state of a page.

    Attributes:
        name: of the picture, and of the state in what the examination says.
        caption: what one sees.
        sizes: on which it is shown and examined.
        theme: of the picture; it is examined in both.
        is_whole: the picture has the whole page, also what is below the edge.
        call: of a page in a call: the others are seen; or they are there and show nothing; or something is cut.
    """

    name: str
    caption: str
    sizes: tuple[Size, ...] = BOTH
    theme: Theme = "light"
    is_whole: bool = False
    call: Call = "live"


@dataclass(frozen=True, slots=True)
class Chapter:
    """States that belong together, as they stand in docs/screens.md."""

    title: str
    states: tuple[State, ...]


REFUSALS: dict[str, dict[str, object]] = tomllib.loads(
    (files("orchestrator") / "refusals.toml").read_text("utf-8")
)
ENDS_THE_PAGE = (
    "link_unknown",
    "link_revoked",
    "link_expired",
    "device_refused",
    "opened_elsewhere",
    "session_over",
    "session_moved",
    "encryption_required",
    "version_unsupported",
    "out_of_order",
    "too_large",
)
"""What the server closes the connection with, and what the page then says all over."""

_SILENT = {"token_unknown", "origin_refused", "other_device", "draining", "conflict", "fenced"}
_SILENT |= {"unavailable", "probe_not_now", "probe_full"}
_SILENT |= {
    "too_many_messages",
    "function_not_allowed",
    "nobody_reads",
    "data_closed",
    "too_many_readings",
}
"""No page of a room says these over all: it mends them, or they stand beside what was refused."""

NOTED = tuple(
    code
    for code, told in REFUSALS.items()
    if "room" in told["seen"] and code not in {*ENDS_THE_PAGE, *_SILENT}  # type: ignore[operator]
)
"""What a page says beside the rest, and goes on."""

CHAPTERS = (
    Chapter(
        "Pages of the house",
        (
            State("index", "What this server is"),
            State("not-found", "An address that is not there", PHONE),
            State("old-browser", "A browser that cannot run the page", PHONE),
            State("connecting", "Not yet connected", PHONE),
            State("connecting-offline", "The device is offline", PHONE),
            State("connecting-server", "The server does not answer", PHONE),
            State("connecting-blocked", "Something blocks the connection", PHONE),
            State("connecting-full", "No place is free", PHONE),
            State("connecting-draining", "The server is being changed", PHONE),
            State("inside", "Opened inside of LINE", PHONE),
            State("inside-other", "Opened inside of another program", PHONE),
        ),
    ),
    Chapter(
        "The door: what this is, with whom, when, and what is agreed on",
        (
            State("door-early", "A day before", is_whole=True),
            State("door-open", "The doors are open", PHONE),
            State("door-dark", "The same in the dark theme", PHONE, "dark"),
            State("door-consent", "Nothing goes on without the consent", PHONE),
            State("door-running", "It has begun already", PHONE),
            State("door-notice", "The seeker has said to be late", PHONE),
            State("door-upkeep", "Maintenance will end it early", PHONE),
            State("door-supporter", "The supporter's door", DESK),
            State("door-companion", "The interpreter's door", PHONE),
            State("door-phone", "A session by telephone", PHONE),
            State("door-zone", "In another time zone", PHONE),
            State("door-blocked", "Something blocks calls", PHONE),
            State("door-watched", "Somebody of the office will look on", PHONE),
        ),
    ),
    Chapter(
        "Refused: the page ends",
        (
            State("refusal-link_missing", "An address without its secret", PHONE),
            *(State(f"refusal-{code}", str(REFUSALS[code]["en"]), PHONE) for code in ENDS_THE_PAGE),
        ),
    ),
    Chapter(
        "Refused: the page goes on",
        tuple(State(f"refusal-{code}", str(REFUSALS[code]["en"]), PHONE) for code in NOTED),
    ),
    Chapter(
        "The check: camera, microphone, sound, line",
        (
            State("check-asking", "The browser asks", PHONE),
            State("check-ok", "Everything works", is_whole=True),
            State("check-dark", "The same in the dark theme", PHONE, "dark"),
            State("check-denied", "Camera and microphone were refused", PHONE, is_whole=True),
            State("check-none", "There is neither", PHONE, is_whole=True),
            State("check-no-camera", "There is a microphone alone", PHONE, is_whole=True),
            State("check-no-microphone", "There is a camera alone", PHONE, is_whole=True),
            State("check-in-use", "Another program has the camera", PHONE, is_whole=True),
            State("check-denied-system", "The system refuses both", PHONE, is_whole=True),
            State("check-line-sound", "The line is enough for sound only", PHONE, is_whole=True),
            State("check-line-none", "Nothing comes through", PHONE, is_whole=True),
            State("check-old", "An old browser that can do it", PHONE, is_whole=True),
            State("check-phone", "Before a session by telephone: nothing to check", PHONE),
        ),
    ),
    Chapter(
        "The waiting room",
        (
            State("lobby-alone", "Nobody is at the counter yet"),
            State("lobby-there", "The supporter is there", PHONE),
            State("lobby-dark", "The same in the dark theme", PHONE, "dark"),
            State("lobby-chat", "A line to the supporter", PHONE),
            State("lobby-leave", "Going before it began", PHONE),
            State("lobby-late", "It has begun, and nobody is there", PHONE),
            State("lobby-skew", "The device's clock is wrong", PHONE),
            State("lobby-companion", "The interpreter's side", PHONE),
            State("lobby-upkeep", "Maintenance will end it early", PHONE),
            State("lobby-begin", "The supporter came late: begin, or another date", PHONE),
            State("lobby-begin-staff", "The supporter's side of that question", DESK),
            State(
                "lobby-date", "Nobody answered: it begins, and another date stays possible", PHONE
            ),
            State("lobby-supporter", "The supporter's side: nobody there", DESK),
            State("lobby-guest", "The supporter's side: the seeker waits", BOTH),
            State("claim-asks", "Another device wants the seat", PHONE),
            State("claim-asked", "The first device is asked", PHONE),
        ),
    ),
    Chapter(
        "The call",
        (
            State("call-seeker", "The seeker's side"),
            State("call-supporter", "The supporter's side"),
            State("call-lying", "The seeker's side, the telephone held across", LYING),
            State("call-camera-off", "The seeker's camera is off", DESK, call="still"),
            State("call-secrecy", "The code to compare", PHONE),
            State("call-plain", "Without encryption, which everybody is told", PHONE),
            State("call-plain-why", "And why", PHONE),
            State("call-more", "More", PHONE),
            State("call-leave", "The two ways out", PHONE),
            State("call-devices", "Choice of devices", PHONE),
            State("call-stop", "Stop for conduct or a recording", PHONE),
            State("call-stop-sure", "And what it means", PHONE),
            State("call-problem", "Something does not work", PHONE),
            State("call-chat", "Lines", BOTH),
            State("call-next", "The next session", PHONE),
            State("call-next-staff", "The same, at the counter", DESK),
            State("call-memo", "Notes to oneself, and what the office noted"),
            State("call-end-asked", "The supporter asks to end early", PHONE),
            State("call-end-wait", "And waits for the answer", DESK),
            State("call-sound", "By sound only", PHONE, call="still"),
            State("call-screen", "A shared screen", BOTH),
            State("call-three", "With an interpreter", BOTH),
            State("call-three-screen", "With an interpreter and a shared screen", BOTH),
            State("call-companion", "The interpreter's side", PHONE),
            State("call-watched", "Somebody of the office looks on", PHONE),
            State("call-observer", "Who looks on", DESK),
            State("call-warning-5", "Five minutes left", BOTH),
            State("call-warning-1", "One minute left", PHONE),
            State("call-taken", "Another program has taken the camera", PHONE),
            State("call-tap", "The browser waits for a tap before it plays", PHONE),
            State("call-blocked", "Something blocks calls", PHONE, call="cut"),
            State("call-lost-other", "The seeker's line is lost", call="cut"),
            State("call-out-other", "The seeker has stepped out", DESK, call="cut"),
            State("call-lost-self", "The own line is lost", PHONE, call="cut"),
            State("call-lost-supporter", "The supporter's line is lost", PHONE, call="cut"),
            State("call-lost-staff", "The same at the counter", DESK, call="cut"),
            State("call-wait", "The supporter is lost: wait, or another date", PHONE, call="cut"),
            State("call-missing", "Connected, and nothing flows", PHONE, call="cut"),
            State("call-missing-staff", "The same at the counter", DESK, call="cut"),
            State("away", "Stepped out", PHONE),
        ),
    ),
    Chapter(
        "By telephone",
        (
            State("phone-before", "Before the start", PHONE),
            State("phone-soon", "The supporter will call", PHONE),
            State("phone-calling", "The telephone rings", PHONE),
            State("phone-no-answer", "Nobody answered", PHONE),
            State("phone-talking", "Talking", PHONE),
            State("phone-dropped", "The line broke", PHONE),
            State("phone-warning", "One minute left", PHONE),
            State("phone-supporter", "The supporter's side", BOTH),
            State("phone-supporter-calling", "The supporter calls", DESK),
            State("phone-supporter-no-answer", "Nobody answered", DESK),
            State("phone-supporter-talking", "Talking", DESK),
            State("phone-supporter-dropped", "The line broke", DESK),
        ),
    ),
    Chapter(
        "After: what happened, why, and what follows",
        (
            State("after-completed", "Held", BOTH),
            State("after-dark", "The same in the dark theme", PHONE, "dark"),
            State("after-questions", "What the programme asks", PHONE, is_whole=True),
            State("after-questions-done", "Answered", PHONE, is_whole=True),
            State("after-problem", "Something did not work", PHONE),
            State("after-finish", "Both had closed the page: the supporter is asked", DESK),
            State("after-goodbye", "And the seeker may say that it was not the end", PHONE),
            State("after-seeker_no_show", "The seeker did not come", PHONE),
            State("after-supporter_no_show", "The supporter did not come: other dates", PHONE),
            State("after-supporter_late", "The supporter came late", PHONE),
            State("after-interrupted-seeker", "Broken off on the seeker's side", PHONE),
            State("after-interrupted-supporter", "On the supporter's side", PHONE),
            State(
                "after-interrupted-platform", "On ours: here as the office's second verdict", PHONE
            ),
            State("after-interrupted-unknown", "Nobody knows", PHONE),
            State("after-not_held-seeker", "Not held: the seeker's side", PHONE),
            State("after-not_held-supporter", "Not held: the supporter's side", PHONE),
            State("after-not_held-platform", "Not held: ours", PHONE),
            State("after-stopped", "Stopped for conduct", PHONE),
            State("after-cancelled-office", "Cancelled by the office: other dates", BOTH),
            State("after-chosen", "Another date is chosen", PHONE),
            State("after-declined", "No other date", PHONE),
            State("after-cancelled-seeker", "Cancelled by the seeker", PHONE),
            State("after-supporter", "The supporter's side", DESK),
            State("after-companion", "The interpreter's side", PHONE),
        ),
    ),
    Chapter(
        "The supporter's desk",
        (
            State("desk-empty", "Nothing today", BOTH),
            State("desk-morning", "Before the first session", BOTH),
            State("desk-noted", "What the office noted, read on record", DESK),
            State("desk-waits", "The seeker waits", BOTH),
            State("desk-dark", "The same in the dark theme", DESK, "dark"),
            State("desk-rings", "The server rings for the seeker", BOTH),
            State("desk-over", "One that will not be", DESK),
            State("desk-record", "Its record", DESK),
        ),
    ),
    Chapter(
        "The scheduler's board",
        (
            State("board", "A day", BOTH),
            State("board-dark", "The same in the dark theme", DESK, "dark"),
            State("board-cards", "The same as cards", BOTH),
            State("board-soon", "The seeker does not come, and the cutoff is near"),
            State("board-keys", "The keys", DESK),
            State("board-book", "A booking by hand"),
            State("board-booked", "And its links, shown once", DESK),
            State("board-tomorrow", "Another day", BOTH),
            State("board-nothing", "Nothing is found", DESK),
            State("board-live", "A call, opened up", DESK),
            State("board-end", "Ending it", DESK),
            State("board-scheduled", "A booking, opened up", DESK),
            State("board-correct", "A wrong name put right", BOTH),
            State("board-reassign", "Another supporter", DESK),
            State("board-cancel", "Cancelling", DESK),
            State("board-ended", "A broken call, opened up", DESK),
            State("board-overrule", "Another verdict, with its reason", DESK),
            State("board-standing", "How a seeker stands", DESK),
            State("board-ticked", "A matter that is settled", DESK),
            State("board-upkeep", "Planned maintenance", DESK),
            State("board-past", "A day that is over", BOTH),
            State("board-refused", "A key that the office does not know", PHONE),
        ),
    ),
)

STATES: dict[str, State] = {each.name: each for chapter in CHAPTERS for each in chapter.states}
