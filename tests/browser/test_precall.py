"""The check before the consultation: the line is measured on the real media worker, each failure has its words."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.office import Office, until
from tests.browser.person import Person, Stage
from tests.browser.test_line import line, seeker_behind

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

REFUSING = """() => {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.refused = %s;
  navigator.mediaDevices.getUserMedia = (wish) => {
    const why = Object.entries(window.refused).find(([kind]) => wish[kind]);
    return why ? Promise.reject(new DOMException(why[1][1], why[1][0])) : ask(wish);
  };
}"""
"""As a browser does whose person, or whose system, says no: by kind, the name of the error and its words."""
MEASURED_S = 40.0
"""Ten seconds on a machine that has nothing else to do."""
WORDS = re.compile("good|coarse|sound|none")


async def checks(person: Person) -> None:
    """Come to the check."""
    await person.arrives()
    await person.at("consent").check()
    await person.at("continue").click()


async def measured(person: Person) -> str:
    """The word for the line, once it is known."""
    item = person.at("check-line")
    await expect(item).to_have_attribute("data-state", WORDS, timeout=MEASURED_S * 1000)
    return await item.get_attribute("data-state") or ""


async def told(supporter: Person) -> dict[str, Any] | None:
    """What the supporter's page was told last of the seeker's check."""
    states = [json.loads(text)["session"] for text in await supporter.heard("session")]
    seats = states[-1]["seats"] if states else []
    return next((each["checked"] for each in seats if each["seat"] == "seeker"), None)


async def test_a_line_is_measured_before_the_doors_open_and_the_office_is_told(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk", starts_in=1200)
    assert (await office.session(booking.id))["phase"] == "scheduled"
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    await supporter.arrives()
    before = await office.session(booking.id)
    await checks(seeker)
    assert await measured(seeker) in {"good", "coarse"}
    await expect(seeker.at("figures")).to_have_text(
        re.compile(r"往復の時間\d+ミリ秒損失[\d.]+%上りの速さ[\d.]+ Mbps")
    )
    await expect(seeker.at("check-camera")).to_have_attribute("data-state", "ok")
    assert (await seeker.carried())["peers"] == 0, "the room's own media is another matter"

    async def is_told() -> bool:
        found = await told(supporter)
        return found is not None and found["line"] is not None

    await until(is_told, "the supporter's page knows")
    found = await told(supporter)
    assert found is not None
    assert (found["camera"], found["microphone"], found["device"]) == ("ok", "ok", "computer")
    assert found["rtt_ms"] is not None
    after = await office.session(booking.id)
    assert after["phase"] == before["phase"] == "scheduled"
    assert await seeker.page.evaluate("() => watch.probes.map((pc) => pc.connectionState)") == [
        "closed"
    ]


async def test_a_reload_in_the_waiting_room_forgets_nothing_of_the_check(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk", starts_in=300)
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    await supporter.arrives()
    await checks(seeker)
    word = await measured(seeker)
    await seeker.at("join").click()
    await seeker.sees("lobby")

    async def is_told_after(at: str) -> bool:
        found = await told(supporter)
        return found is not None and found["line"] == word and found["at"] > at

    await until(lambda: is_told_after(""), "the supporter's page knows")
    before = await told(supporter)
    assert before is not None
    await seeker.reloads()
    await seeker.sees("lobby")
    await until(lambda: is_told_after(before["at"]), "the page that came back has said it again")


async def test_a_lossy_line_has_another_word(people: Stage, office: Office) -> None:
    booking = await office.book("talk", starts_in=1200)
    async with line(office) as network:
        network.udp.loss(0.10)
        seeker = await seeker_behind(network, people, office, booking)
        await checks(seeker)
        assert await measured(seeker) in {"coarse", "sound", "none"}
        await expect(seeker.at("check-line")).to_contain_text(re.compile(r"損失(?:[5-9]|[1-4]\d)"))
        assert network.udp.carried > 0, "it went through the relay"
        await expect(seeker.at("measure-again")).to_be_visible()
        network.udp.loss(0)
        await seeker.at("measure-again").click()
        await expect(seeker.at("check-line")).to_have_attribute("data-state", "opening")
        assert await measured(seeker) in {"good", "coarse"}


async def test_a_line_that_lets_nothing_through_is_told_so_and_going_on_stays_possible(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk", starts_in=1200)
    async with line(office) as network:
        network.udp.cut()
        seeker = await seeker_behind(network, people, office, booking)
        await checks(seeker)
        assert await measured(seeker) == "none"
        await expect(seeker.at("check-line")).to_contain_text("UDP")
        await expect(seeker.at("join")).to_be_visible()


async def test_a_refused_camera_has_its_steps_and_a_line_that_is_measured_anyway(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk", starts_in=300)
    device = await people.device()
    wishes = json.dumps({"video": ["NotAllowedError", "Permission denied"]})
    await device.add_init_script(f"({REFUSING % wishes})()")
    seeker = await people.seeker(booking, device=device)
    await checks(seeker)
    camera = seeker.at("check-camera")
    await expect(camera).to_have_attribute("data-state", "denied")
    assert await camera.locator(".how li").count() >= 2
    await expect(seeker.at("check-microphone")).to_have_attribute("data-state", "ok")
    assert await measured(seeker) in {"good", "coarse"}

    # Allowed meanwhile, and asked for again.
    await seeker.page.evaluate("() => { window.refused = {}; }")
    await seeker.at("check-again").locator("visible=true").click()
    await expect(camera).to_have_attribute("data-state", "ok")
    await seeker.at("join").click()
    await seeker.sees("lobby")
    await seeker.sees("local-video")


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (["NotReadableError", "Could not start audio source"], "busy"),
        (["NotFoundError", "Requested device not found"], "missing"),
        (["NotAllowedError", "Permission denied by system"], "denied_os"),
        (["NotAllowedError", "Permission dismissed"], "dismissed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_nothing_to_see_or_hear_with_still_leads_to_the_lobby(
    people: Stage, office: Office, error: list[str], state: str
) -> None:
    booking = await office.book("talk", starts_in=300)
    device = await people.device()
    wishes = json.dumps({"audio": error, "video": error})
    await device.add_init_script(f"({REFUSING % wishes})()")
    seeker = await people.seeker(booking, device=device)
    await checks(seeker)
    for item in ("check-microphone", "check-camera"):
        await expect(seeker.at(item)).to_have_attribute("data-state", state)
    await expect(seeker.at("join")).to_have_text("聞くだけで待合室へ進む")
    await seeker.at("join").click()
    await seeker.sees("lobby")


async def test_the_speaker_is_asked_about_and_a_choice_of_devices_outlives_a_reload(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk", starts_in=1200)
    seeker = await people.seeker(booking)
    await checks(seeker)
    await expect(seeker.at("check-camera")).to_have_attribute("data-state", "ok")
    await seeker.at("play").click()
    await seeker.at("unheard").click()
    await expect(seeker.at("check-sound")).to_have_class(re.compile("check--bad"))
    await seeker.at("play").click()
    await seeker.at("heard").click()
    await expect(seeker.at("check-sound")).to_have_attribute("data-state", "heard")

    microphone = seeker.at("check-microphone")
    select = microphone.locator("select")
    await microphone.get_by_role("button", name="マイクを替える").click()
    options = await select.locator("option").evaluate_all("(all) => all.map((one) => one.value)")
    assert len(options) > 1, "the browser makes up several"
    await select.select_option(options[-1])
    await seeker.reloads()
    await microphone.get_by_role("button", name="マイクを替える").click()
    await expect(select).to_have_value(options[-1])


async def test_inside_of_another_program_nothing_is_sent_before_the_person_stays(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk", starts_in=1200)
    ua = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Mobile/15E148 Safari Line/15.12.1"
    )
    seeker = await people.seeker(booking, user_agent=ua)
    await seeker.page.goto(seeker.link)
    await seeker.sees("inside")
    await expect(seeker.at("open-outside")).to_have_attribute(
        "href", re.compile(r"^\?openExternalBrowser=1#.{20,}")
    )
    assert await seeker.page.evaluate("() => watch.sockets.length") == 0
    # Opened in the browser, the seat is free for it.
    outside = await people.seeker(booking)
    await outside.arrives()
    await seeker.at("stay-inside").click()
    await expect(seeker.page.locator("body")).to_have_attribute("data-view", "claim")
