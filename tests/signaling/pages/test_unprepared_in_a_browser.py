"""Nobody is seen or heard unprepared: what is off stays off, and what comes of a sudden waits for a press."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.signaling.pages.test_phones_in_a_browser import opened
from tests.signaling.pages.test_room_in_a_browser import in_the_lobby
from tests.signaling.pages.visits import Visit, changed, in_the_call, visit, welcome

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]

LATER = """() => {
  const KINDS = { audio: "microphone", video: "camera" };
  const allowed = () => JSON.parse(sessionStorage.getItem("allowed") ?? "[]");
  const status = {};
  navigator.permissions.query = async ({ name }) => (status[name] ??= new EventTarget());
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    const isRefused = Object.keys(KINDS).some((kind) => wish[kind] && !allowed().includes(KINDS[kind]));
    if (isRefused) throw new DOMException("no", "NotAllowedError");
    return real(wish);
  };
  window.allow = (...names) => {
    sessionStorage.setItem("allowed", JSON.stringify([...allowed(), ...names]));
    for (const name of names) {
      status[name].state = "granted";
      status[name].dispatchEvent(new Event("change"));
    }
  };
}"""
"""A browser that refuses, until somebody allows it: `allow("camera")`; a reload keeps what was allowed."""
BOTH = "カメラとマイクが使えるようになりました。押すとオンになります。"


async def are(seen: Visit, microphone: str, camera: str) -> None:
    """The captions of the two switches."""
    switches = [seen.page.get_by_test_id(f"switch-{kind}") for kind in ("audio", "video")]
    await expect(switches[0]).to_have_text(microphone)
    await expect(switches[1]).to_have_text(camera)


async def tells(seen: Visit, audio: bool, video: bool) -> None:
    """The last that the server was told of what goes out."""
    async with asyncio.timeout(10):
        while True:
            said = [each for each in seen.heard if each["type"] == "media_state"]
            if said and (said[-1]["audio"], said[-1]["video"]) == (audio, video):
                return
            seen.news.clear()
            await seen.news.wait()


async def reloads(seen: Visit) -> None:
    seen.heard.clear()
    await seen.page.reload()


async def test_what_is_off_stays_off_over_a_reload_and_the_next_booking_starts_anew(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", in_the_call())
    await are(seen, "マイク", "カメラ")
    await tells(seen, audio=True, video=True)
    await seen.page.get_by_test_id("switch-audio").click()
    await seen.page.get_by_test_id("switch-video").click()
    await are(seen, "マイクオフ", "カメラオフ")
    await reloads(seen)
    await are(seen, "マイクオフ", "カメラオフ")
    await tells(seen, audio=False, video=False)
    said = [each for each in seen.heard if each["type"] == "media_state"]
    assert not any(each["audio"] or each["video"] for each in said)  # not for a moment either
    await seen.page.get_by_test_id("switch-audio").click()
    await reloads(seen)
    await are(seen, "マイク", "カメラオフ")
    seen.messages[0]["session"]["id"] = "s-2"
    await reloads(seen)
    await are(seen, "マイク", "カメラ")
    assert seen.complaints == []


@pytest.mark.parametrize("view", ["call", "lobby"])
async def test_what_is_allowed_among_others_waits_for_a_press(
    chromium: Browser, base: str, view: str
) -> None:
    first = in_the_call() if view == "call" else in_the_lobby()
    seen = await opened(chromium, f"{base}/room#x", LATER, first)
    told = seen.page.get_by_test_id("told")
    await are(seen, "マイク\u200bなし", "カメラ\u200bなし")
    await expect(told).to_be_hidden()
    await seen.page.evaluate("allow('microphone', 'camera')")
    await expect(told).to_have_text(BOTH)
    await are(seen, "マイクオフ", "カメラオフ")
    await seen.page.get_by_test_id("switch-audio").click()
    await expect(told).to_have_text("カメラが使えるようになりました。押すとオンになります。")
    await tells(seen, audio=True, video=False)
    await seen.page.get_by_test_id("switch-video").click()
    await expect(told).to_be_hidden()
    await tells(seen, audio=True, video=True)
    await reloads(seen)
    await are(seen, "マイク", "カメラ")  # it was switched on, and that holds
    assert seen.complaints == []


async def test_one_of_the_two_waits_and_the_other_goes_on(chromium: Browser, base: str) -> None:
    seen = await opened(chromium, f"{base}/room#x", LATER, in_the_call())
    await are(seen, "マイク\u200bなし", "カメラ\u200bなし")
    await seen.page.evaluate("allow('microphone')")
    told = seen.page.get_by_test_id("told")
    await expect(told).to_have_text("マイクが使えるようになりました。押すとオンになります。")
    await seen.page.get_by_test_id("switch-audio").click()
    await seen.page.evaluate("allow('camera')")
    await expect(told).to_have_text("カメラが使えるようになりました。押すとオンになります。")
    await are(seen, "マイク", "カメラオフ")


async def test_what_was_allowed_before_a_reload_waits_for_a_press_too(
    chromium: Browser, base: str
) -> None:
    seen = await opened(chromium, f"{base}/room#x", LATER, in_the_call())
    await are(seen, "マイク\u200bなし", "カメラ\u200bなし")
    await seen.page.evaluate("sessionStorage.setItem('allowed', '[\"microphone\", \"camera\"]')")
    await reloads(seen)
    await expect(seen.page.get_by_test_id("told")).to_have_text(BOTH)
    await are(seen, "マイクオフ", "カメラオフ")
    await tells(seen, audio=False, video=False)


async def test_in_the_check_one_sees_oneself_and_nothing_waits(
    chromium: Browser, base: str
) -> None:
    seen = await opened(chromium, f"{base}/room#x", LATER, welcome())
    await seen.page.get_by_test_id("consent").check()
    await seen.page.get_by_test_id("continue").click()
    camera = seen.page.get_by_test_id("check-camera")
    await expect(camera).to_have_attribute("data-state", "denied")
    lobby = in_the_lobby()["session"]
    seen.say(changed({"session": lobby}))
    await are(seen, "マイク\u200bなし", "カメラ\u200bなし")
    await seen.page.go_back()
    await seen.page.evaluate("allow('microphone', 'camera')")
    await expect(camera).to_have_attribute("data-state", "ok")
    await seen.page.go_forward()
    await are(seen, "マイク", "カメラ")
    await expect(seen.page.get_by_test_id("told")).to_be_hidden()


def without(medium: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A call by sound or by telephone, and what its session becomes with pictures."""
    first = in_the_call()
    functions = first["session"]["functions"]
    lost = {"audio": ["video"], "phone": ["audio", "video"]}[medium]
    first["session"] |= {"medium": medium, "can": ["switch_medium"]}
    first["session"]["functions"] = [one for one in functions if one not in lost]
    return first, first["session"] | {"medium": "video", "functions": functions}


async def asks_for_pictures(seen: Visit) -> None:
    await seen.page.get_by_test_id("more").click()
    await seen.page.get_by_test_id("menu-video").click()
    await seen.said("switch_medium")


UNSEEN = {
    "audio": "カメラはオフにしてあります。押すとオンになります。",
    "phone": "カメラとマイクはオフにしてあります。押すとオンになります。",
}


@pytest.mark.parametrize("medium", ["audio", "phone"])
async def test_pictures_by_anothers_wish_wait_for_a_press(
    chromium: Browser, base: str, medium: str
) -> None:
    first, pictures = without(medium)
    seen = await visit(chromium, f"{base}/room#x", first)
    await expect(seen.page.get_by_test_id("more")).to_be_visible()
    seen.say(changed({"session": pictures}))
    await expect(seen.page.get_by_test_id("told")).to_have_text(UNSEEN[medium])
    await are(seen, "マイク" if medium == "audio" else "マイクオフ", "カメラオフ")
    await tells(seen, audio=medium == "audio", video=False)
    said = [each for each in seen.heard if each["type"] == "media_state"]
    assert not any(each["video"] for each in said)  # not for a moment either
    await seen.page.get_by_test_id("switch-video").click()
    await tells(seen, audio=medium == "audio", video=True)
    assert seen.complaints == []


@pytest.mark.parametrize("medium", ["audio", "phone"])
async def test_who_asks_for_pictures_is_seen(chromium: Browser, base: str, medium: str) -> None:
    first, pictures = without(medium)
    seen = await visit(chromium, f"{base}/room#x", first)
    await asks_for_pictures(seen)
    seen.say(changed({"session": pictures}))
    await tells(seen, audio=True, video=True)
    await are(seen, "マイク", "カメラ")
    await expect(seen.page.get_by_test_id("told")).to_be_hidden()
    assert seen.complaints == []


@pytest.mark.parametrize("medium", ["audio", "phone"])
async def test_pictures_that_came_while_the_page_was_away_wait_for_a_press(
    chromium: Browser, base: str, medium: str
) -> None:
    first, pictures = without(medium)
    seen = await visit(chromium, f"{base}/room#x", first)
    await expect(seen.page.get_by_test_id("more")).to_be_visible()
    seen.messages[0] = first | {"session": pictures}
    await reloads(seen)
    await expect(seen.page.get_by_test_id("told")).to_have_text(UNSEEN[medium])
    await tells(seen, audio=medium == "audio", video=False)


async def test_pictures_that_came_while_the_line_was_cut_wait_for_a_press(
    chromium: Browser, base: str
) -> None:
    first, pictures = without("audio")
    seen = await visit(chromium, f"{base}/room#x", first)
    await tells(seen, audio=True, video=False)
    seen.say(first | {"session": pictures})  # as after a line that was cut
    await expect(seen.page.get_by_test_id("told")).to_have_text(UNSEEN["audio"])
    await are(seen, "マイク", "カメラオフ")
    await seen.page.get_by_test_id("switch-video").click()
    await tells(seen, audio=True, video=True)


async def test_a_wish_that_was_refused_opens_nothing_at_anothers(
    chromium: Browser, base: str
) -> None:
    first, pictures = without("audio")
    seen = await visit(chromium, f"{base}/room#x", first)
    await tells(seen, audio=True, video=False)
    await asks_for_pictures(seen)
    seen.say({"type": "refused", "code": "not_now", "closes": False})
    seen.say(changed({"session": pictures}))
    await expect(seen.page.get_by_test_id("told")).to_have_text(UNSEEN["audio"])
    await are(seen, "マイク", "カメラオフ")


async def test_who_was_held_back_once_and_asks_later_is_seen(chromium: Browser, base: str) -> None:
    first, pictures = without("audio")
    seen = await visit(chromium, f"{base}/room#x", first)
    await tells(seen, audio=True, video=False)
    seen.say(changed({"session": pictures}))
    await are(seen, "マイク", "カメラオフ")
    seen.say(changed({"session": first["session"]}))
    await expect(seen.page.get_by_test_id("switch-video")).to_be_hidden()
    await asks_for_pictures(seen)
    seen.say(changed({"session": pictures}))
    await tells(seen, audio=True, video=True)
    await expect(seen.page.get_by_test_id("told")).to_be_hidden()


def asked(first: dict[str, Any]) -> dict[str, Any]:
    """What another device is told that wants the seat: it has none yet."""
    you = first["you"] | {"seat": None, "device": "asked"}
    return first | {"you": you, "session": first["session"] | {"can": []}}


@pytest.mark.parametrize("view", ["call", "lobby"])
async def test_another_device_that_is_let_in_comes_with_both_off(
    chromium: Browser, base: str, view: str
) -> None:
    first = in_the_call() if view == "call" else in_the_lobby()
    seen = await visit(chromium, f"{base}/room#x", asked(first))
    await expect(seen.page.locator("body")).to_have_attribute("data-view", "claim")
    seen.messages[:] = [first]  # for who reloads
    seen.say(first)
    told = seen.page.get_by_test_id("told")
    await expect(told).to_have_text("カメラとマイクはオフにしてあります。押すとオンになります。")
    await are(seen, "マイクオフ", "カメラオフ")
    await tells(seen, audio=False, video=False)
    await reloads(seen)
    await are(seen, "マイクオフ", "カメラオフ")
    await seen.page.get_by_test_id("switch-audio").click()
    await expect(told).to_have_text("カメラはオフにしてあります。押すとオンになります。")
    await seen.page.get_by_test_id("switch-video").click()
    await tells(seen, audio=True, video=True)
    await reloads(seen)  # the same device now: it recovers without a press
    await are(seen, "マイク", "カメラ")
    assert seen.complaints == []


async def test_another_device_that_is_let_in_at_the_door_has_its_check(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", asked(welcome()))
    seen.say(welcome())
    await seen.page.get_by_test_id("consent").check()
    await seen.page.get_by_test_id("continue").click()
    await expect(seen.page.get_by_test_id("check-camera")).to_have_attribute("data-state", "ok")
    await expect(seen.page.get_by_text("カメラはオフです")).to_be_hidden()
    seen.say(changed({"session": in_the_lobby()["session"]}))
    await are(seen, "マイク", "カメラ")
    await expect(seen.page.get_by_test_id("told")).to_be_hidden()
