"""The seeker's page on telephones, in a real browser: narrow, on its side, devices that come and go, blockers."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from tests.signaling.pages.test_room_in_a_browser import (
    call,
    four,
    in_the_lobby,
    press,
)
from tests.signaling.pages.visits import (
    IS_REACHABLE,
    NARROW,
    PHONE,
    Visit,
    at,
    in_the_call,
    visit,
    welcome,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]

LYING = ViewportSize(width=844, height=390)
SMALL_LYING = ViewportSize(width=667, height=375)
BOXES = """() => {
  const box = (one) => one.getBoundingClientRect().toJSON();
  const controls = [...document.querySelectorAll(".call__ctl button")].filter((one) => one.offsetParent);
  const top = [".call__row .left", ".call__row .conn", ".call .band"].map((one) => document.querySelector(one));
  return { stage: box(document.querySelector(".call__stage")), controls: controls.map(box), top: top.map(box) };
}"""
LARGE_TEXT = "(percent) => { document.documentElement.style.fontSize = `${percent}%`; }"
TWO_SIDES = """() => {
  const real = navigator.mediaDevices;
  const asked = (window.asked = []);
  const get = real.getUserMedia.bind(real);
  const sides = new WeakMap();
  const settings = MediaStreamTrack.prototype.getSettings;
  MediaStreamTrack.prototype.getSettings = function () {
    return { ...settings.call(this), facingMode: sides.get(this) };
  };
  real.getUserMedia = async (wish) => {
    asked.push(wish);
    const side = wish.video?.facingMode;
    const stream = await get({ ...wish, video: wish.video && true });
    for (const track of stream.getVideoTracks()) sides.set(track, side?.exact ?? side);
    return stream;
  };
  const list = real.enumerateDevices.bind(real);
  real.enumerateDevices = async () => {
    const all = await list();
    return [...all, { kind: "videoinput", deviceId: "back", label: "back" }];
  };
}"""
ENDS = """(kind) => {
  const { srcObject } = document.querySelector('[data-testid="local-video"]');
  const track = srcObject.getTracks().find((one) => one.kind === kind);
  track.stop();
  track.dispatchEvent(new Event("ended"));
}"""
NOTHING_TO_GIVE = """() => {
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.isBusy = false;
  navigator.mediaDevices.getUserMedia = async (wish) => {
    if (window.isBusy) throw new DOMException("another app has it", "NotReadableError");
    return real(wish);
  };
}"""
SEVEN_MINUTES_FAST = """() => {
  const Real = Date;
  const fast = () => Real.now() + 7 * 60 * 1000;
  window.Date = class extends Real {
    constructor(...given) {
      super(...(given.length ? given : [fast()]));
    }
    static now() {
      return fast();
    }
  };
}"""
KEYBOARD = """() => {
  const viewport = new EventTarget();
  Object.assign(viewport, { height: window.innerHeight, offsetTop: 0, scale: 1 });
  Object.defineProperty(window, "visualViewport", { value: viewport });
  window.layKeyboard = (height) => {
    viewport.height = window.innerHeight - height;
    viewport.dispatchEvent(new Event("resize"));
  };
}"""
NO_SOCKETS = """() => {
  window.WebSocket = class {
    constructor() {
      throw new DOMException("blocked", "SecurityError");
    }
  };
}"""


async def opened(chromium: Browser, url: str, script: str, *messages: dict[str, Any]) -> Visit:
    """A page in another browser than ours: a script runs before anything of the page."""
    seen = await visit(chromium, "about:blank", *messages)
    await seen.page.add_init_script(f"({script})()")
    await seen.page.goto(url)
    return seen


def inside(box: dict[str, float], size: ViewportSize) -> bool:
    """Whether a box lies within the screen, to a pixel."""
    return (
        box["left"] >= -1
        and box["top"] >= -1
        and box["right"] <= size["width"] + 1
        and box["bottom"] <= size["height"] + 1
    )


@pytest.mark.parametrize("locale", ["ja", "en"])
@pytest.mark.parametrize("size", [PHONE, NARROW, LYING, SMALL_LYING])
async def test_time_and_controls_fit_a_telephone_upright_and_on_its_side(
    chromium: Browser, base: str, size: ViewportSize, locale: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", call(), size=size, locale=locale)
    await expect(seen.page.get_by_test_id("more")).to_be_visible()
    boxes = await seen.page.evaluate(BOXES)
    assert len(boxes["controls"]) == 5
    assert [each for each in [*boxes["controls"], *boxes["top"]] if not inside(each, size)] == []
    assert min(each["height"] for each in boxes["controls"]) >= 44
    assert min(each["width"] for each in boxes["controls"]) >= 44
    stage = boxes["stage"]
    if size["width"] > size["height"]:
        assert min(each["left"] for each in boxes["controls"]) >= stage["right"] - 1
        assert stage["height"] > 0.7 * size["height"]
    else:
        assert min(each["top"] for each in boxes["controls"]) >= stage["bottom"] - 1
        assert stage["height"] > 0.55 * size["height"]
    assert await seen.page.evaluate("() => document.documentElement.scrollWidth") <= size["width"]
    assert seen.complaints == []


@pytest.mark.parametrize("percent", [150, 200])
@pytest.mark.parametrize("size", [PHONE, NARROW, LYING])
async def test_large_text_leaves_every_control_in_reach(
    chromium: Browser, base: str, size: ViewportSize, percent: int
) -> None:
    seen = await visit(chromium, f"{base}/room#x", call(ends_at=at(200)), size=size)
    await seen.page.evaluate(LARGE_TEXT, percent)
    await expect(seen.page.get_by_test_id("warning")).to_be_visible()
    assert await seen.page.evaluate("() => document.documentElement.scrollWidth") <= size["width"]
    for testid in ("end", "more"):
        control = seen.page.get_by_test_id(testid)
        await control.scroll_into_view_if_needed()
        await control.click(trial=True)
    await press(seen, "end")
    await expect(seen.page.get_by_test_id("confirm-end")).to_be_visible()


async def test_turning_the_telephone_builds_nothing_anew(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, f"{base}/room#x", call())
    await press(seen, "chat")
    await seen.page.get_by_test_id("chat-field").fill("半分まで書いた")
    await seen.page.evaluate(
        "() => { window.tile = document.querySelector('[data-testid=remote-video]'); }"
    )
    for size in (LYING, PHONE):
        await seen.page.set_viewport_size(size)
        await expect(seen.page.get_by_test_id("chat-field")).to_have_value("半分まで書いた")
        assert await seen.page.evaluate("() => window.tile.isConnected")
    assert [each["type"] for each in seen.heard].count("hello") == 1


@pytest.mark.parametrize("size", [PHONE, LYING])
async def test_who_writes_still_sees_the_time_and_whom_they_write_to(
    chromium: Browser, base: str, size: ViewportSize
) -> None:
    seen = await visit(chromium, f"{base}/room#x", call(), size=size)
    await press(seen, "chat")
    await expect(seen.page.get_by_test_id("chat-drawer")).to_be_visible()
    drawer = await seen.page.get_by_test_id("chat-drawer").bounding_box()
    stage = await seen.page.locator(".call__stage").bounding_box()
    assert drawer is not None
    assert stage is not None
    assert stage["height"] >= 72
    is_beside = stage["x"] + stage["width"] <= drawer["x"] + 1
    assert is_beside or stage["y"] + stage["height"] <= drawer["y"] + 1
    await expect(seen.page.locator(".call__row .left")).to_be_in_viewport()


async def test_the_chat_stands_on_the_keyboard_that_a_telephone_lays_over_the_page(
    chromium: Browser, base: str
) -> None:
    seen = await opened(chromium, f"{base}/room#x", KEYBOARD, call())
    await press(seen, "chat")
    drawer = seen.page.get_by_test_id("chat-drawer")
    for keyboard in (300, 0):
        await seen.page.evaluate("(height) => window.layKeyboard(height)", keyboard)
        box = await drawer.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] == pytest.approx(PHONE["height"] - keyboard, abs=1)
        assert box["y"] > 60, "the time stays in sight"


async def test_ones_own_picture_goes_from_corner_to_corner_by_keys(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", in_the_call())
    own = seen.page.locator(".self")
    await expect(own).to_have_attribute("data-corner", "br")
    await seen.page.get_by_test_id("self-move").focus()
    for key, corner in [
        ("ArrowUp", "tr"),
        ("ArrowLeft", "tl"),
        ("ArrowDown", "bl"),
        ("Enter", "tl"),
    ]:
        await seen.page.keyboard.press(key)
        await expect(own).to_have_attribute("data-corner", corner)
    seen.say({"type": "time_is_up"})
    await expect(own).to_have_attribute("data-corner", "tl")


@pytest.mark.parametrize("size", [PHONE, LYING])
async def test_ones_own_picture_lies_over_no_name_and_within_the_stage(
    chromium: Browser, base: str, size: ViewportSize
) -> None:
    seen = await visit(chromium, f"{base}/room#x", four(), size=size)
    grip = seen.page.get_by_test_id("self-move")
    await grip.focus()
    for _ in range(4):
        await seen.page.keyboard.press("Enter")
        own = await seen.page.locator(".self").bounding_box()
        stage = await seen.page.locator(".call__stage").bounding_box()
        assert own is not None
        assert stage is not None
        assert own["x"] >= stage["x"]
        assert own["y"] >= stage["y"]
        assert own["x"] + own["width"] <= stage["x"] + stage["width"]
        assert own["y"] + own["height"] <= stage["y"] + stage["height"]


async def test_the_camera_turns_and_only_the_one_that_looks_at_oneself_is_a_mirror(
    chromium: Browser, base: str
) -> None:
    seen = await opened(chromium, f"{base}/room#x", TWO_SIDES, call())
    own = seen.page.locator(".self")
    await expect(own).to_have_attribute("data-facing", "user")
    await press(seen, "flip")
    await expect(own).to_have_attribute("data-facing", "environment")
    mirror = "(one) => getComputedStyle(one).transform"
    assert await seen.page.get_by_test_id("local-video").evaluate(mirror) == "none"
    await press(seen, "flip")
    await expect(own).to_have_attribute("data-facing", "user")
    assert await seen.page.get_by_test_id("local-video").evaluate(mirror) != "none"


async def test_a_switched_off_camera_stays_off_when_it_is_turned(
    chromium: Browser, base: str
) -> None:
    seen = await opened(chromium, f"{base}/room#x", TWO_SIDES, call())
    await expect(seen.page.get_by_test_id("flip")).to_be_visible()
    await seen.page.get_by_role("button", name="カメラ", exact=True).click()
    await press(seen, "flip")
    await expect(seen.page.locator(".self")).to_have_attribute("data-facing", "environment")
    is_on = "() => document.querySelector('[data-testid=local-video]').srcObject.getVideoTracks()[0].enabled"
    assert await seen.page.evaluate(is_on) is False


async def test_one_camera_has_no_other_side(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, f"{base}/room#x", call())
    await expect(seen.page.get_by_test_id("more")).to_be_visible()
    await expect(seen.page.get_by_test_id("flip")).to_be_hidden()


async def test_a_camera_that_another_app_takes_is_told_and_one_press_brings_it_back(
    chromium: Browser, base: str
) -> None:
    seen = await opened(chromium, f"{base}/room#x", NOTHING_TO_GIVE, call())
    await seen.page.wait_for_function(
        "() => document.querySelector('[data-testid=local-video]')?.srcObject?.getTracks().length === 2"
    )
    await seen.page.evaluate("() => { window.isBusy = true; }")
    await seen.page.evaluate(ENDS, "video")
    taken = seen.page.get_by_test_id("taken")
    await expect(taken).to_contain_text("カメラが止められています")
    assert [each for each in seen.heard if each["type"] == "media_state"][-1]["video"] is False
    await seen.page.evaluate("() => { window.isBusy = false; }")
    await press(seen, "take")
    await expect(taken).to_be_hidden()
    await expect(seen.page.get_by_test_id("told")).to_be_visible()
    await seen.page.wait_for_function(
        "() => document.querySelector('[data-testid=local-video]').srcObject.getVideoTracks().length === 1"
    )


async def test_a_clock_that_is_seven_minutes_fast_moves_no_appointment(
    chromium: Browser, base: str
) -> None:
    message, now, starts_in = in_the_lobby(), datetime.now(UTC), 600
    message["server_time"] = now.isoformat(timespec="milliseconds")
    moments = {"opens_at": 0, "starts_at": starts_in, "cutoff_at": 1_200, "ends_at": 2_400}
    message["session"] |= {
        name: (now + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
        for name, seconds in moments.items()
    }
    seen = await opened(chromium, f"{base}/room#x", SEVEN_MINUTES_FAST, message)
    await expect(seen.page.get_by_test_id("skew")).to_contain_text("約7分進んでいます")
    left = await seen.page.get_by_test_id("countdown").inner_text()
    minutes, seconds = map(int, left.split(":"))
    assert starts_in - 30 <= 60 * minutes + seconds <= starts_in + 1


async def test_a_clock_that_is_right_is_not_spoken_of(chromium: Browser, base: str) -> None:
    now = in_the_lobby()
    now["server_time"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    seen = await visit(chromium, f"{base}/room#x", now)
    await expect(seen.page.get_by_test_id("lobby")).to_be_visible()
    await expect(seen.page.get_by_test_id("skew")).to_be_hidden()


async def test_sockets_that_something_blocks_are_told_from_a_server_that_is_away(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, "about:blank")
    await seen.page.add_init_script(f"({NO_SOCKETS})()")
    answers = [200]
    await seen.page.route("**/health/live", lambda route: route.fulfill(status=answers[0]))
    await seen.page.goto(f"{base}/room#x")
    page = seen.page.get_by_test_id("connecting")
    await expect(page).to_have_attribute("data-why", "blocked", timeout=15_000)
    await expect(page).to_contain_text("WebSocket")
    answers[0] = 503
    await expect(page).to_have_attribute("data-why", "server", timeout=20_000)
    await seen.page.context.set_offline(True)
    await expect(page).to_have_attribute("data-why", "offline")
    await expect(page).to_contain_text("インターネットにつながっていません")


async def test_calls_that_something_blocks_leave_the_telephone(
    chromium: Browser, base: str
) -> None:
    no_calls = "() => { delete window.RTCPeerConnection; }"
    seen = await opened(chromium, f"{base}/room#x", no_calls, welcome())
    await expect(seen.page.get_by_test_id("blocked")).to_contain_text("WebRTC")
    await seen.page.context.close()
    seen = await opened(chromium, f"{base}/room#x", no_calls, call())
    await expect(seen.page.locator('.cover[data-state="blocked"]')).to_be_visible()
    await press(seen, "media-phone")
    assert (await seen.said("switch_medium"))["medium"] == "phone"


async def test_offline_the_page_says_what_it_knows_and_nothing_of_the_other(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", call())
    await expect(seen.page.get_by_test_id("more")).to_be_enabled()
    seen.complaints.clear()
    seen.messages.clear()
    assert seen.socket is not None
    await seen.page.context.set_offline(True)
    await seen.socket.close(code=1011)
    cover = seen.page.locator('.cover[data-state="offline"]')
    await expect(cover).to_contain_text("電波が届いていません")
    await expect(cover).to_contain_text("変わりません")
    for word in ("待っています", "切れています", "席を外して", "画面が閉じられ"):
        await expect(cover).not_to_contain_text(word)
    await expect(seen.page.locator(".call__row .conn")).not_to_contain_text("良好")


async def test_the_others_line_is_spoken_of_while_it_is_bad_and_known(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", call())
    line = seen.page.get_by_test_id("other-line")
    await expect(line).to_be_hidden()
    state = {"type": "media_state", "seat": "supporter", "audio": True, "video": True}
    state |= {"screen": False, "encrypted": False}
    seen.say({**state, "is_unstable": True})
    await expect(line).to_have_count(1)
    await expect(line).not_to_have_attribute("hidden", "")
    seen.say({**state, "is_unstable": False})
    await expect(line).to_have_attribute("hidden", "")


async def test_a_seeker_chooses_between_two_ways_out(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, f"{base}/room#x", call())
    await press(seen, "end")
    dialog = seen.page.get_by_role("dialog")
    await expect(dialog).to_contain_text("2分以内にお戻りください")
    await expect(dialog).to_have_class(re.compile("on-dark"))  # as the call under it
    await expect(seen.page.get_by_test_id("confirm-end")).to_be_visible()
    await press(seen, "step-out")
    await seen.said("step_out")
    await expect(seen.page.get_by_test_id("return")).to_be_visible()


async def test_controls_take_quick_taps_and_nothing_plays_in_full_screen(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", call())
    await expect(seen.page.get_by_test_id("more")).to_be_visible()
    taps = "(all) => all.map((one) => getComputedStyle(one).touchAction)"
    used = set(await seen.page.locator("button").evaluate_all(taps))
    assert used <= {"manipulation", "none"}
    videos = "(all) => all.filter((one) => !one.playsInline).length"
    assert await seen.page.locator("video").evaluate_all(videos) == 0


@pytest.mark.parametrize("locale", ["ja", "en"])
@pytest.mark.parametrize("size", [PHONE, NARROW], ids=["phone", "narrow"])
async def test_the_way_back_from_a_long_sheet_is_in_sight_and_flush_with_its_heading(
    chromium: Browser, base: str, size: ViewportSize, locale: str
) -> None:
    talking = in_the_call()
    both = ["audio", "video", "screen", "phone"]
    talking["programme"]["functions"] = talking["session"]["functions"] = both
    talking["session"]["can"] = ["end", "switch_medium", "book_next", "report_problem", "stop"]
    seen = await visit(chromium, f"{base}/room#x", talking, size=size, locale=locale)
    await seen.page.get_by_test_id("more").click()
    back = seen.page.get_by_test_id("sheet-back")
    await expect(back).to_be_in_viewport(ratio=1)
    words = await back.locator("span").bounding_box()
    heading = await seen.page.locator("dialog[open] h2").bounding_box()
    assert words is not None
    assert heading is not None
    assert abs(words["x"] - heading["x"]) < 2
    last = seen.page.get_by_test_id("menu-stop")
    await last.focus()
    assert await last.evaluate(IS_REACHABLE), "what has the focus is not under it"


@pytest.mark.parametrize("locale", ["ja", "en"])
@pytest.mark.parametrize("size", [PHONE, NARROW], ids=["phone", "narrow"])
async def test_the_telephone_stands_beside_its_number_and_tears_no_line_apart(
    chromium: Browser, base: str, size: ViewportSize, locale: str
) -> None:
    said = welcome(can=["join", "give_notice"])
    seen = await visit(chromium, f"{base}/room#x", said, size=size, locale=locale)
    help_ = seen.page.locator(".actbar .help__number")
    number = await help_.locator(".tel").bounding_box()
    sign = await help_.locator("svg").bounding_box()
    bar = await seen.page.locator(".actbar").bounding_box()
    assert number is not None
    assert sign is not None
    assert bar is not None
    assert number["height"] >= 44
    assert 0 <= number["x"] - sign["x"] - sign["width"] < 10
    assert abs(number["y"] + number["height"] / 2 - sign["y"] - sign["height"] / 2) < 3
    assert bar["height"] <= (0.22 * size["height"] if size == PHONE else 200)
