"""The browser's back and forward buttons and its reload: a step is a step, a tick stays with what it was given for."""

import copy
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.signaling.pages.visits import DESK, Visit, at, changed, in_the_call, visit, welcome

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]
LINK = "/room#aB3_-x0123456789ABCDEF"
BACK = "() => void setTimeout(() => history.back())"
"""One press that may lead to another page, where nobody waits for this one's answer."""
LATE = {"kind": "begin_or_reschedule", "answer_by": at(60)}


def joined(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The seats of a welcome, with the seeker in the lobby."""
    seats = copy.deepcopy(message["session"]["seats"])
    seats[0] |= {"presence": "lobby", "has_joined": True, "since": at(-60)}
    return seats


async def is_at(page: Page, view: str) -> None:
    await expect(page.locator("body")).to_have_attribute("data-view", view)


async def agrees(seen: Visit) -> None:
    await seen.page.get_by_test_id("consent").check()
    await seen.page.get_by_test_id("continue").click()
    await is_at(seen.page, "check")


async def waits(chromium: Browser, base: str, **more: Any) -> Visit:
    """The whole way from the link into the lobby."""
    first = welcome()
    seen = await visit(chromium, base + LINK, first, **more)
    await agrees(seen)
    await seen.page.get_by_test_id("join").click()
    await seen.said("join")
    seen.messages[0]["session"]["seats"] = joined(first)  # for who comes back, too
    seen.say(changed(first, seats=joined(first), can=["end"]))
    await is_at(seen.page, "lobby")
    return seen


async def test_back_and_forward_are_steps_within_the_way(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, base + LINK, welcome())
    page = seen.page
    await is_at(page, "door")
    await agrees(seen)
    await page.go_back()
    await is_at(page, "door")
    await expect(page.get_by_test_id("consent")).to_be_checked()
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
    await page.go_forward()
    await is_at(page, "check")
    await page.go_back()
    await is_at(page, "door")
    await page.evaluate(BACK)
    await expect(page).to_have_url("about:blank")  # nobody is kept here
    assert "join" not in [message["type"] for message in seen.heard]


async def test_who_waits_may_look_at_the_steps_before_and_keeps_the_place(
    chromium: Browser, base: str
) -> None:
    seen = await waits(chromium, base)
    page = seen.page
    await page.go_back()
    await is_at(page, "check")
    await expect(page.get_by_test_id("join")).to_have_text("待合室に戻る")
    await page.reload()
    await is_at(page, "check")
    await page.get_by_test_id("join").click()
    await is_at(page, "lobby")
    # Two presses before the page could answer the first.
    await page.evaluate("() => { history.back(); setTimeout(() => history.back()); }")
    await is_at(page, "door")
    box = page.get_by_test_id("consent")
    await expect(box).to_be_checked()
    await expect(box).to_be_disabled()  # the office has it already
    await page.get_by_test_id("continue").click()
    await is_at(page, "lobby")
    assert [message["type"] for message in seen.heard].count("join") == 1
    assert seen.complaints == []


async def test_who_looks_back_is_asked_and_called_all_the_same(
    chromium: Browser, base: str
) -> None:
    seen = await waits(chromium, base)
    await seen.page.go_back()
    await is_at(seen.page, "check")
    late = {"phase": "waiting", "question": LATE, "late": "supporter", "can": ["begin"]}
    first = seen.messages[0]
    seen.say(changed(first, version=3, **late))
    await expect(seen.page.get_by_test_id("begin")).to_be_visible()
    live = in_the_call()["session"] | {"version": 4}
    seen.say({"type": "session", "session": live})
    await is_at(seen.page, "call")


async def test_back_lets_nobody_fall_out_of_the_call(chromium: Browser, base: str) -> None:
    seen = await waits(chromium, base)
    page = seen.page
    live = in_the_call()["session"] | {"version": 9}
    seen.messages[0]["session"] = live
    seen.say({"type": "session", "session": live})
    await is_at(page, "call")
    out = page.get_by_test_id("confirm-end")
    for _ in range(3):
        await page.go_back()
        await expect(out).to_be_visible()
        await page.go_back()
        await expect(out).to_have_count(0)
    await is_at(page, "call")
    await page.evaluate("() => { history.go(-2); setTimeout(() => history.back()); }")
    await is_at(page, "call")
    await page.reload()
    await is_at(page, "call")
    await page.go_back()
    await expect(out).to_be_visible()
    assert "step_out" not in [message["type"] for message in seen.heard]


async def test_a_link_that_led_straight_into_the_call_keeps_its_person_there(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, base + LINK, in_the_call("supporter"), size=DESK)
    await is_at(seen.page, "call")
    await seen.page.go_back()
    await expect(seen.page.get_by_test_id("told")).to_contain_text("相談は続いています")
    await is_at(seen.page, "call")
    assert seen.page.url.endswith(LINK)


async def test_a_sheet_over_the_lobby_goes_first(chromium: Browser, base: str) -> None:
    seen = await waits(chromium, base)
    await seen.page.get_by_test_id("end").click()
    await expect(seen.page.get_by_role("dialog")).to_be_visible()
    await seen.page.go_back()
    await expect(seen.page.get_by_role("dialog")).to_have_count(0)
    await is_at(seen.page, "lobby")
    await seen.page.go_back()
    await is_at(seen.page, "check")


async def test_after_the_end_one_press_leaves(chromium: Browser, base: str) -> None:
    seen = await waits(chromium, base)
    over = {"phase": "ended", "ended_at": at(0), "outcome": "cancelled", "cause": "office"}
    seen.say(changed(seen.messages[0], version=5, can=[], **over))
    await is_at(seen.page, "after")
    await seen.page.evaluate(BACK)
    await expect(seen.page).to_have_url("about:blank")


async def test_a_reload_keeps_step_and_tick(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, base + LINK, welcome())
    page, box = seen.page, seen.page.get_by_test_id("consent")
    await box.check()
    await page.reload()
    await expect(box).to_be_checked()
    await page.get_by_test_id("continue").click()
    await is_at(page, "check")
    await page.reload()
    await is_at(page, "check")
    await page.get_by_test_id("join").click()
    assert (await seen.said("join"))["terms_version"] == "1"
    assert seen.complaints == []


async def test_the_tick_outlives_a_change_of_language(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, base + LINK, welcome())
    await seen.page.get_by_test_id("consent").check()
    await seen.page.get_by_role("button", name="English").click()
    await expect(seen.page.get_by_role("heading", name="Trial consultation")).to_be_visible()
    await expect(seen.page.get_by_test_id("consent")).to_be_checked()


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("programme", {"terms_version": "2"}),
        ("programme", {"terms_text": {"ja": "別の規約に同意します。", "en": "Other terms."}}),
        ("programme", {"attestations": ["no_recording"]}),
        ("session", {"beside": ["通訳1"]}),
        ("session", {"id": "s-other"}),
        ("you", {"display_name": "もみじ 3"}),
    ],
    ids=["version", "words", "promises", "companion", "session", "person"],
)
async def test_a_tick_is_for_what_it_was_given_for(
    chromium: Browser, base: str, part: str, other: dict[str, Any]
) -> None:
    seen = await visit(chromium, base + LINK, welcome())
    await agrees(seen)
    seen.messages[0][part] |= other
    await seen.page.reload()
    await is_at(seen.page, "door")
    await expect(seen.page.get_by_test_id("consent")).not_to_be_checked()
    await seen.page.get_by_test_id("continue").click()
    await expect(seen.page.get_by_text("同意の欄に印を付けてから")).to_be_visible()
    await agrees(seen)


async def test_a_tick_of_one_link_is_none_of_another(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, base + LINK, welcome())
    await agrees(seen)
    await seen.page.goto(f"{base}/room#ZZ3_-x0123456789ABCDEF")
    await is_at(seen.page, "door")
    await expect(seen.page.get_by_test_id("consent")).not_to_be_checked()
    await seen.page.go_back()
    await is_at(seen.page, "check")


async def test_a_tick_that_was_taken_back_is_none(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, base + LINK, welcome())
    await agrees(seen)
    await seen.page.go_back()
    await seen.page.get_by_test_id("consent").uncheck()
    await seen.page.go_forward()
    await is_at(seen.page, "door")
    await seen.page.reload()
    await is_at(seen.page, "door")
    await expect(seen.page.get_by_test_id("consent")).not_to_be_checked()


async def test_new_terms_are_shown_and_agreed_to_anew(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, base + LINK, welcome())
    await agrees(seen)
    newer = welcome()
    newer["programme"] |= {"terms_version": "2", "terms_text": {"ja": "新しい規約", "en": "New"}}
    seen.say(newer)
    await is_at(seen.page, "door")
    await expect(seen.page.get_by_text("新しい規約")).to_be_visible()
    await expect(seen.page.get_by_test_id("consent")).not_to_be_checked()


async def test_no_camera_looks_on_while_one_reads(chromium: Browser, base: str) -> None:
    seen = await visit(chromium, base + LINK, welcome())
    await seen.page.evaluate(
        """() => {
          window.tracks = [];
          const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          navigator.mediaDevices.getUserMedia = async (wish) => {
            const stream = await ask(wish);
            window.tracks.push(...stream.getTracks());
            return stream;
          };
        }"""
    )
    is_on = (
        "() => window.tracks.length > 0 && window.tracks.some((one) => one.readyState === 'live')"
    )
    await agrees(seen)
    await seen.page.wait_for_function(is_on)
    await seen.page.go_back()
    await seen.page.wait_for_function(f"() => !({is_on})()")
    await seen.page.go_forward()
    await seen.page.wait_for_function(is_on)


def renamed(first: dict[str, Any], name: str, **more: Any) -> dict[str, Any]:
    """The office has corrected the seeker's name."""
    seats = copy.deepcopy(first["session"]["seats"])
    seats[0]["display_name"] = name
    return changed(first, seats=seats, **more)


async def test_a_name_that_was_corrected_stands_at_the_door_and_the_tick_stays(
    chromium: Browser, base: str
) -> None:
    first = welcome()
    seen = await visit(chromium, base + LINK, first)
    page = seen.page
    await page.get_by_test_id("consent").check()
    seen.say(renamed(first, "ひまわり 3"))
    await expect(page.get_by_text("ひまわり 3")).to_be_visible()
    await expect(page.get_by_test_id("consent")).to_be_checked()
    await expect(page.get_by_test_id("consent")).to_be_focused()
    await page.get_by_test_id("continue").click()
    await is_at(page, "check")
    seen.say(renamed(first, "ひまわり 4"))
    await page.go_back()
    await expect(page.get_by_text("ひまわり 4")).to_be_visible()
    await expect(page.get_by_test_id("consent")).to_be_checked()


async def test_who_sits_beside_the_seeker_by_another_name_is_agreed_to_anew(
    chromium: Browser, base: str
) -> None:
    first = welcome(beside=["母"])
    seen = await visit(chromium, base + LINK, first)
    await agrees(seen)
    seen.say(changed(first, beside=["父"]))
    await is_at(seen.page, "door")
    await expect(seen.page.get_by_text("父")).to_be_visible()
    await expect(seen.page.get_by_test_id("consent")).not_to_be_checked()
