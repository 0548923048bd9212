"""A supporter's consent of this day: one click in, and the door again where anything is another thing."""

import copy
import json
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.signaling.pages.test_line_in_a_browser import A_LINE, GOOD, SOUND
from tests.signaling.pages.visits import DESK, Visit, at, changed, visit, welcome

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]
DAY = 86_400.0


def arriving(role: str = "supporter", number: int = 0, **session: Any) -> dict[str, Any]:
    """The welcome of somebody who has just opened the link of a session."""
    message = welcome(id=f"s-{number}", **session)
    for seat in message["session"]["seats"]:
        if seat["seat"] == role:
            seat |= {"presence": "at_door", "since": at(-1)}
    if role == "supporter":
        message["you"] |= {"seat": role, "role": role, "display_name": "あおぞら"}
    return message


def in_the_lobby_of(message: dict[str, Any]) -> dict[str, Any]:
    """What the server says once that person has joined."""
    seats = copy.deepcopy(message["session"]["seats"])
    for seat in seats:
        if seat["seat"] == message["you"]["seat"]:
            seat |= {"presence": "lobby", "has_joined": True, "since": at(-1)}
    return changed(message, seats=seats, can=["step_out"])


async def is_at(page: Page, view: str) -> None:
    await expect(page.locator("body")).to_have_attribute("data-view", view)


async def has_agreed(
    chromium: Browser,
    base: str,
    role: str = "supporter",
    line: dict[str, Any] | None = None,
    is_heard: bool | None = None,
) -> Visit:
    """Somebody who came through door and check today, with that line; the sound None: not tried."""
    seen = await visit(chromium, "about:blank", arriving(role), size=DESK)
    page = seen.page
    await page.add_init_script(f"({A_LINE % json.dumps(line or GOOD)})()")
    await page.goto(f"{base}/room#first")
    await page.get_by_test_id("consent").check()
    await page.get_by_test_id("continue").click()
    await seen.said("probe")
    seen.say({"type": "probe_offer", "sdp": "v=0", "ice_servers": []})
    await seen.said("end_probe")
    if is_heard is not None:
        await page.get_by_test_id("play").click()
        await page.get_by_test_id("heard" if is_heard else "unheard").click()
    await page.get_by_test_id("join").click()
    await seen.said("join")
    seen.say(in_the_lobby_of(seen.messages[0]))
    await is_at(page, "lobby")
    await expect(page.get_by_test_id("standing")).to_have_count(int(role == "supporter"))
    await expect(page.get_by_text("本日いただいた同意")).to_be_hidden()
    return seen


async def opens(seen: Visit, base: str, message: dict[str, Any]) -> None:
    """Another link in the same browser."""
    await seen.page.goto("about:blank")
    seen.messages[:] = [message]
    seen.heard.clear()
    await seen.page.goto(f"{base}/room#another")


async def test_the_next_session_of_the_day_is_one_click_in(chromium: Browser, base: str) -> None:
    seen = await has_agreed(chromium, base)
    page = seen.page
    await opens(seen, base, arriving(number=1))
    join = await seen.said("join")
    programme = seen.messages[0]["programme"]
    assert join["terms_version"] == programme["terms_version"]
    assert join["attestations"] == programme["attestations"]
    await is_at(page, "connecting")  # no door is shown on the way
    seen.say(in_the_lobby_of(seen.messages[0]))
    await is_at(page, "lobby")
    line = page.get_by_test_id("standing")
    await expect(line).to_contain_text("本日いただいた同意で窓口に入りました。")
    await expect(page.get_by_test_id("switch-video")).to_have_text("カメラ")
    seen.messages[0]["session"] = in_the_lobby_of(seen.messages[0])["session"]
    await page.get_by_role("button", name="機器を確認する").click()
    await is_at(page, "check")
    await expect(page.get_by_test_id("check-camera")).to_have_attribute("data-state", "ok")
    await page.reload()
    await is_at(page, "check")
    await page.get_by_test_id("join").click()
    await is_at(page, "lobby")
    await expect(line).to_be_visible()
    await page.go_forward()
    await is_at(page, "check")
    await page.go_back()
    await is_at(page, "lobby")
    assert [message["type"] for message in seen.heard].count("join") == 1
    assert seen.complaints == []


def with_(key: str, value: Any) -> dict[str, Any]:
    message = arriving(number=1)
    message["programme"][key] = value
    return message


def named(name: str) -> dict[str, Any]:
    message = arriving(number=1)
    message["you"]["display_name"] = name
    return message


def tomorrow() -> dict[str, Any]:
    message = arriving(number=1, starts_at=at(DAY + 600), ends_at=at(DAY + 2400))
    return message | {"server_time": at(DAY)}


def looked_on() -> dict[str, Any]:
    message = arriving(number=1)
    seats = message["session"]["seats"]
    seats.append(seats[0] | {"seat": "observer", "role": "scheduler", "display_name": "調整担当"})
    return message


ANOTHER = {
    "terms": with_("terms_version", "2"),
    "promises": with_("attestations", ["no_recording"]),
    "programme": with_("name", "another"),
    "person": named("ひだまり"),
    "day": tomorrow(),
    "observer": looked_on(),
    "beside": arriving(number=1, beside=["ご家族"]),
    "medium": arriving(number=1, medium="audio", functions=["audio"]),
    "early": arriving(number=1, phase="scheduled", can=[]),
    "seat": arriving("seeker", number=1),
}


async def test_where_anything_is_another_thing_the_door_is_shown(
    chromium: Browser, base: str
) -> None:
    seen = await has_agreed(chromium, base)
    for what, message in ANOTHER.items():
        await opens(seen, base, message)
        await is_at(seen.page, "door")
        await expect(seen.page.get_by_test_id("consent")).not_to_be_checked()
        assert "join" not in [each["type"] for each in seen.heard], what
    await opens(seen, base, arriving(number=1))
    await seen.said("join")  # nothing of that has undone it


@pytest.mark.parametrize(
    ("role", "line", "is_heard"),
    [("seeker", GOOD, True), ("supporter", SOUND, True), ("supporter", GOOD, False)],
)
async def test_a_visitor_and_whose_check_was_not_good_come_by_the_door_again(
    chromium: Browser, base: str, role: str, line: dict[str, Any], is_heard: bool
) -> None:
    seen = await has_agreed(chromium, base, role, line, is_heard)
    await opens(seen, base, arriving(role, number=1))
    await is_at(seen.page, "door")
    assert "join" not in [each["type"] for each in seen.heard]


async def test_where_the_consent_is_refused_the_door_says_why(chromium: Browser, base: str) -> None:
    seen = await has_agreed(chromium, base)
    await opens(seen, base, arriving(number=1))
    await seen.said("join")
    refused = {"type": "refused", "code": "terms_not_accepted", "closes": False, "telephone": None}
    seen.say(refused)
    await is_at(seen.page, "door")
    await expect(seen.page.get_by_test_id("refusal")).to_be_visible()
    await expect(seen.page.get_by_test_id("consent")).not_to_be_checked()
