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
LYING: tuple[Size, ...] = ("lying",)


@dataclass(frozen=True, slots=True)
class State:
    """One state of a page.

    Attributes:
        name: of the picture, and of the state in what the examination says.
        caption: what one sees.
        sizes: on which it is shown and examined: a phone and a desk, unless it is an addition to one on both.
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
            State("not-found", "An address that is not there"),
            State("old-browser", "A browser that cannot run the page"),
            State("connecting", "Not yet connected"),
            State("connecting-offline", "The device is offline"),
            State("connecting-server", "The server does not answer"),
            State("connecting-blocked", "Something blocks the connection"),
            State("connecting-full", "No place is free"),
            State("connecting-draining", "The server is being changed"),
            State("inside", "Opened inside of LINE"),
            State("inside-other", "Opened inside of another program"),
        ),
    ),
    Chapter(
        "The door: what this is, with whom, when, and what is agreed on",
        (
            State("door-early", "A day before", is_whole=True),
            State("door-open", "The doors are open"),
            State("door-dark", "The same in the dark theme", theme="dark"),
            State("door-consent", "Nothing goes on without the consent"),
            State("door-running", "It has begun already"),
            State("door-notice", "The seeker has said to be late"),
            State("door-upkeep", "Maintenance will end it early"),
            State("door-supporter", "The supporter's door"),
            State("door-companion", "The interpreter's door"),
            State("door-phone", "A session by telephone"),
            State("door-zone", "In another time zone"),
            State("door-blocked", "Something blocks calls"),
            State("door-watched", "Somebody of the office will look on"),
        ),
    ),
    Chapter(
        "Refused: the page ends",
        (
            State("refusal-link_missing", "An address without its secret"),
            *(State(f"refusal-{code}", str(REFUSALS[code]["en"])) for code in ENDS_THE_PAGE),
        ),
    ),
    Chapter(
        "Refused: the page goes on",
        tuple(State(f"refusal-{code}", str(REFUSALS[code]["en"])) for code in NOTED),
    ),
    Chapter(
        "The check: camera, microphone, sound, line",
        (
            State("check-asking", "The browser asks"),
            State("check-ok", "Everything works", is_whole=True),
            State("check-dark", "The same in the dark theme", theme="dark"),
            State("check-denied", "Camera and microphone were refused", is_whole=True),
            State("check-none", "There is neither", is_whole=True),
            State("check-no-camera", "There is a microphone alone", is_whole=True),
            State("check-no-microphone", "There is a camera alone", is_whole=True),
            State("check-in-use", "Another program has the camera", is_whole=True),
            State("check-denied-system", "The system refuses both", is_whole=True),
            State("check-line-sound", "The line is enough for sound only", is_whole=True),
            State("check-line-none", "Nothing comes through", is_whole=True),
            State("check-old", "An old browser that can do it", is_whole=True),
            State("check-phone", "Before a session by telephone: nothing to check"),
        ),
    ),
    Chapter(
        "The waiting room",
        (
            State("lobby-alone", "Nobody is at the counter yet"),
            State("lobby-there", "The supporter is there"),
            State("lobby-dark", "The same in the dark theme", theme="dark"),
            State("lobby-chat", "A line to the supporter"),
            State("lobby-leave", "Going before it began"),
            State("lobby-late", "It has begun, and nobody is there"),
            State("lobby-skew", "The device's clock is wrong"),
            State("lobby-companion", "The interpreter's side"),
            State("lobby-upkeep", "Maintenance will end it early"),
            State("lobby-begin", "The supporter came late: begin, or another date"),
            State("lobby-begin-staff", "The supporter's side of that question"),
            State("lobby-date", "Nobody answered: it begins, and another date stays possible"),
            State("lobby-supporter", "The supporter's side: nobody there"),
            State("lobby-guest", "The supporter's side: the seeker waits"),
            State("lobby-standing", "The supporter's side: in with one click, by today's consent"),
            State("claim-asks", "Another device wants the seat"),
            State("claim-asked", "The first device is asked"),
            State(
                "lobby-unseen", "The other device is let in: camera and microphone wait for a press"
            ),
        ),
    ),
    Chapter(
        "The call",
        (
            State("call-seeker", "The seeker's side"),
            State("call-supporter", "The supporter's side"),
            State("call-lying", "The seeker's side, the telephone held across", LYING),
            State("call-camera-off", "The seeker's camera is off", call="still"),
            State("call-secrecy", "The code to compare"),
            State("call-plain", "Without encryption, which everybody is told"),
            State("call-plain-why", "And why"),
            State("call-more", "More"),
            State("call-leave", "The two ways out"),
            State("call-devices", "Choice of devices"),
            State("call-stop", "Stop for conduct or a recording"),
            State("call-stop-sure", "And what it means"),
            State("call-problem", "Something does not work"),
            State("call-chat", "Lines"),
            State("call-next", "The next session"),
            State("call-next-staff", "The same, at the counter"),
            State("call-memo", "Notes to oneself, and what the office noted"),
            State("call-end-asked", "The supporter asks to end early"),
            State("call-end-wait", "And waits for the answer"),
            State("call-sound", "By sound only", call="still"),
            State("call-screen", "A shared screen"),
            State("call-three", "With an interpreter"),
            State("call-three-screen", "With an interpreter and a shared screen"),
            State("call-companion", "The interpreter's side"),
            State("call-watched", "Somebody of the office looks on"),
            State("call-observer", "Who looks on"),
            State("call-warning-5", "Five minutes left"),
            State("call-warning-1", "One minute left"),
            State("call-taken", "Another program has taken the camera"),
            State("call-tap", "The browser waits for a tap before it plays"),
            State("call-blocked", "Something blocks calls", call="cut"),
            State("call-lost-other", "The seeker's line is lost", call="cut"),
            State("call-out-other", "The seeker has stepped out", call="cut"),
            State("call-lost-self", "The own line is lost", call="cut"),
            State("call-lost-supporter", "The supporter's line is lost", call="cut"),
            State("call-lost-staff", "The same at the counter", call="cut"),
            State("call-wait", "The supporter is lost: wait, or another date", call="cut"),
            State("call-missing", "Connected, and nothing flows", call="cut"),
            State("call-missing-staff", "The same at the counter", call="cut"),
            State("away", "Stepped out"),
        ),
    ),
    Chapter(
        "By telephone",
        (
            State("phone-before", "Before the start"),
            State("phone-soon", "The supporter will call"),
            State("phone-calling", "The telephone rings"),
            State("phone-no-answer", "Nobody answered"),
            State("phone-talking", "Talking"),
            State("phone-dropped", "The line broke"),
            State("phone-warning", "One minute left"),
            State("phone-supporter", "The supporter's side"),
            State("phone-supporter-calling", "The supporter calls"),
            State("phone-supporter-no-answer", "Nobody answered"),
            State("phone-supporter-talking", "Talking"),
            State("phone-supporter-dropped", "The line broke"),
        ),
    ),
    Chapter(
        "After: what happened, why, and what follows",
        (
            State("after-completed", "Held"),
            State("after-dark", "The same in the dark theme", theme="dark"),
            State("after-questions", "What the programme asks", is_whole=True),
            State("after-questions-done", "Answered", is_whole=True),
            State("after-problem", "Something did not work"),
            State("after-finish", "Both had closed the page: the supporter is asked", call="cut"),
            State("after-goodbye", "And the seeker may say that it was not the end"),
            State("after-seeker_no_show", "The seeker did not come"),
            State("after-supporter_no_show", "The supporter did not come: other dates"),
            State("after-supporter_late", "The supporter came late"),
            State("after-interrupted-seeker", "Broken off on the seeker's side"),
            State("after-interrupted-supporter", "On the supporter's side"),
            State("after-interrupted-platform", "On ours: here as the office's second verdict"),
            State("after-interrupted-unknown", "Nobody knows"),
            State("after-not_held-seeker", "Not held: the seeker's side"),
            State("after-not_held-supporter", "Not held: the supporter's side"),
            State("after-not_held-platform", "Not held: ours"),
            State("after-stopped", "Stopped for conduct"),
            State("after-cancelled-office", "Cancelled by the office: other dates"),
            State("after-chosen", "Another date is chosen"),
            State("after-declined", "No other date"),
            State("after-cancelled-seeker", "Cancelled by the seeker"),
            State("after-supporter", "The supporter's side"),
            State("after-companion", "The interpreter's side"),
        ),
    ),
    Chapter(
        "The supporter's desk",
        (
            State("desk-empty", "Nothing today"),
            State("desk-morning", "Before the first session"),
            State("desk-noted", "What the office noted, read on record"),
            State("desk-waits", "The seeker waits"),
            State("desk-dark", "The same in the dark theme", theme="dark"),
            State("desk-rings", "The server rings for the seeker"),
            State("desk-over", "One that will not be"),
            State("desk-record", "Its record"),
        ),
    ),
    Chapter(
        "The scheduler's board",
        (
            State("board", "A day"),
            State("board-dark", "The same in the dark theme", theme="dark"),
            State("board-cards", "The same as cards"),
            State("board-soon", "The seeker does not come, and the cutoff is near"),
            State("board-keys", "The keys"),
            State("board-book", "A booking by hand"),
            State("board-booked", "And its links, shown once"),
            State("board-tomorrow", "Another day"),
            State("board-nothing", "Nothing is found"),
            State("board-live", "A call, opened up"),
            State("board-end", "Ending it"),
            State("board-scheduled", "A booking, opened up"),
            State("board-correct", "A wrong name put right"),
            State("board-reassign", "Another supporter"),
            State("board-cancel", "Cancelling"),
            State("board-ended", "A broken call, opened up"),
            State("board-overrule", "Another verdict, with its reason"),
            State("board-standing", "How a seeker stands"),
            State("board-ticked", "A matter that is settled"),
            State("board-hold", "Keeping the seat of who is lost"),
            State("board-upkeep", "Planned maintenance"),
            State("board-past", "A day that is over"),
            State("board-refused", "A key that the office does not know"),
        ),
    ),
)

STATES: dict[str, State] = {each.name: each for chapter in CHAPTERS for each in chapter.states}
