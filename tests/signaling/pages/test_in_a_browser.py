"""The pages in a real browser, with a socket that says what the test wants: what a whole office cannot show quickly."""

import re

import pytest
from playwright.async_api import (
    Browser,
    expect,
)

from tests.signaling.pages.visits import (
    DESK,
    IS_REACHABLE,
    NARROW,
    REFUSE_DEVICES,
    row,
    staff,
    visit,
    welcome,
)

REFUSE_CAMERA = """() => {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    if (wish.video) throw new DOMException("no", "NotAllowedError");
    return ask(wish);
  };
}"""
JUST_ABOVE_THE_FOOT = """(element) => {
  const foot = document.querySelector(".actbar").getBoundingClientRect();
  scrollBy(0, element.getBoundingClientRect().bottom - foot.top + 1);
}"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest.mark.parametrize("path", ["room", "board"])
async def test_a_browser_that_runs_no_script_reads_why(
    chromium: Browser, base: str, path: str
) -> None:
    seen = await visit(chromium, f"{base}/{path}#x", java_script_enabled=False)
    refusal = seen.page.get_by_test_id("refusal")
    await expect(refusal).to_contain_text("ブラウザーが古い")
    await expect(refusal).to_contain_text("your browser is too old")


@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_the_way_in_never_scrolls_sideways_on_a_narrow_phone(
    chromium: Browser, base: str, locale: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", welcome(), size=NARROW, locale=locale)
    page = seen.page
    await page.get_by_test_id("consent").check()
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= NARROW["width"]
    await page.get_by_test_id("continue").click()
    await expect(page.get_by_test_id("join")).to_be_enabled()
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= NARROW["width"]
    assert seen.complaints == []


async def test_nobody_goes_on_without_consent_and_the_page_says_so(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", welcome())
    await seen.page.get_by_test_id("continue").click()
    await expect(seen.page.get_by_test_id("consent")).to_be_focused()
    wrong = seen.page.get_by_role("alert").filter(has_text="同意の欄")
    await expect(wrong).to_be_visible()
    assert await wrong.evaluate(IS_REACHABLE), "the sign at the foot does not lie over it"
    box = seen.page.get_by_test_id("consent")
    await expect(box).to_have_accessible_description("同意の欄に印を付けてから、お進みください。")
    await expect(box).to_have_attribute("aria-invalid", "true")
    assert [message["type"] for message in seen.heard] == ["hello"]
    await box.check()
    await expect(wrong).to_be_hidden()
    await expect(box).not_to_have_attribute("aria-invalid", "true")


async def test_who_has_no_devices_still_gets_into_the_lobby(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, f"{base}/room#x", welcome())
    await seen.page.evaluate(REFUSE_DEVICES)
    await seen.page.get_by_test_id("consent").check()
    await seen.page.get_by_test_id("continue").click()
    await expect(seen.page.get_by_text("マイクもカメラも使えていません")).to_be_visible()
    await expect(seen.page.locator(".level")).to_be_hidden()
    again = seen.page.get_by_role("button", name="もう一度確かめる")
    assert await again.evaluate(IS_REACHABLE), "nothing lies over it"
    camera = seen.page.get_by_test_id("check-camera")
    await expect(camera).not_to_contain_text("声だけでも")
    await again.click()
    still = seen.page.get_by_test_id("check-microphone").get_by_test_id("check-still")
    await expect(still).to_have_text(re.compile(r"まだ使えません（\d\d:\d\d:\d\dに確認）"))
    await expect(again).to_be_focused()
    await seen.page.get_by_test_id("join").click()
    await seen.said("join")


async def test_who_has_no_camera_is_told_that_the_voice_is_enough(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", welcome())
    await seen.page.evaluate(REFUSE_CAMERA)
    await seen.page.get_by_test_id("consent").check()
    await seen.page.get_by_test_id("continue").click()
    await expect(seen.page.get_by_test_id("check-microphone")).to_contain_text("使えます")
    await expect(seen.page.get_by_test_id("check-camera")).to_contain_text("声だけでも")
    # The line is still being measured, and nobody has tried the speaker: nothing is said of the rest.
    await seen.said("probe")
    await expect(seen.page.locator("main")).not_to_contain_text("ほかの準備")


async def test_who_has_not_heard_the_sound_is_not_called_ready(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", welcome())
    await seen.page.get_by_test_id("consent").check()
    await seen.page.get_by_test_id("continue").click()
    heading = seen.page.get_by_role("heading", level=1)
    await expect(heading).to_have_text("マイクとカメラが使えます")
    await seen.page.get_by_test_id("play").click()
    await seen.page.get_by_test_id("unheard").click()
    await expect(heading).to_have_text("音が聞こえていません")
    await seen.page.get_by_test_id("play").click()
    await seen.page.get_by_test_id("heard").click()
    await expect(heading).to_have_text("マイクとカメラが使えます")


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("required", "映像と音声は端末間で暗号化され、中継するサーバーでは復号できません。"),
        ("preferred", "全員の端末が対応していれば、映像と音声は端末間で暗号化され"),
        ("off", "端末とサーバーの間で暗号化され、サーバーでは復号できます。"),
    ],
)
async def test_the_door_says_who_can_decrypt(
    chromium: Browser, base: str, mode: str, words: str
) -> None:
    message = welcome()
    message["programme"]["e2ee"] = mode
    seen = await visit(chromium, f"{base}/room#x", message)
    await expect(seen.page.get_by_role("main")).to_contain_text(words)


async def test_a_refusal_and_what_to_do_are_two_sentences(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, f"{base}/room#x", welcome())
    await seen.page.get_by_test_id("consent").wait_for()
    seen.say({"type": "refused", "code": "too_early", "closes": False, "telephone": None})
    await expect(seen.page.get_by_test_id("refusal")).to_have_text(
        "まだ受付が始まっていません。時刻になりましたら、もう一度お試しください。"
    )


async def test_the_question_whether_a_sound_was_heard_is_in_sight(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", welcome(), size=NARROW)
    await seen.page.get_by_test_id("consent").check()
    await seen.page.get_by_test_id("continue").click()
    await expect(seen.page.get_by_test_id("check-camera")).to_contain_text("自分の映像を隠す")
    play = seen.page.get_by_test_id("play")
    await play.evaluate(JUST_ABOVE_THE_FOOT)
    await play.click()
    for answer in ("heard", "unheard"):
        assert await seen.page.get_by_test_id(answer).evaluate(IS_REACHABLE)


async def test_the_board_patches_rows_in_place_and_never_goes_back(
    chromium: Browser, base: str
) -> None:
    board = {"type": "board", "sessions": [row(1, version=5), row(2, version=1)]}
    seen = await visit(chromium, f"{base}/board#mdg_x", staff(), board, size=DESK)
    first = seen.page.locator('[data-testid="board-row"][data-session-id="s-1"]')
    await expect(first).to_have_attribute("data-phase", "scheduled")
    await first.evaluate("(element) => { element.isTheSame = true; }")
    seen.say({"type": "board_row", "session": row(1, version=7, phase="live")})
    await expect(first).to_have_attribute("data-phase", "live")
    seen.say({"type": "board_row", "session": row(1, version=6, phase="waiting")})
    seen.say({"type": "board_row", "session": row(2, version=2, phase="open")})
    second = seen.page.locator('[data-session-id="s-2"]')
    await expect(second).to_have_attribute("data-phase", "open")
    await expect(first).to_have_attribute("data-phase", "live")
    assert await first.evaluate("(element) => element.isTheSame")
    assert seen.complaints == []


async def test_a_board_of_a_thousand_sessions_is_found_through_by_name(
    chromium: Browser, base: str
) -> None:
    rows = [row(number) for number in range(999)] + [row(999, name="つばき 77")]
    seen = await visit(
        chromium, f"{base}/board#mdg_x", staff(), {"type": "board", "sessions": rows}, size=DESK
    )
    await expect(seen.page.get_by_test_id("lane")).to_have_count(12)
    await expect(seen.page.get_by_test_id("board-row")).to_have_count(1000)
    await seen.page.keyboard.press("/")
    await seen.page.keyboard.type("つばき")
    await expect(seen.page.get_by_test_id("board-row")).to_have_count(1)
    await seen.page.keyboard.press("Escape")
    await expect(seen.page.get_by_test_id("board-row")).to_have_count(1000)
    await seen.page.get_by_test_id("view-cards").click()
    await expect(seen.page.get_by_test_id("board-row").first).to_be_visible()
    assert await seen.page.get_by_test_id("board-row").count() < 100, "only what is in view"


async def test_a_hostile_name_is_only_text(chromium: Browser, base: str) -> None:
    name = "<img src=x onerror=alert(1)>"
    board = {"type": "board", "sessions": [row(1, name=name)]}
    seen = await visit(chromium, f"{base}/board#mdg_x", staff(), board, size=DESK)
    await expect(seen.page.get_by_test_id("board-row")).to_contain_text(name)
    assert await seen.page.locator("img").count() == 0
