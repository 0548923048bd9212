"""A call on a telephone: turned, its picture moved, its camera taken away, its clock wrong; with the real server."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser.office import Office, until
from tests.browser.person import PHONE, Person, Stage, see_each_other

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LYING = {"width": 844, "height": 390}
TAKE_CAMERA = """() => {
  const { srcObject } = document.querySelector('[data-testid="local-video"]');
  const [track] = srcObject.getVideoTracks();
  track.stop();
  track.dispatchEvent(new Event("ended"));
  return track.id;
}"""
CAMERA = """() => document.querySelector('[data-testid="local-video"]').srcObject.getVideoTracks()[0]?.id"""
UPRIGHT = """() => {
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const upright = { width: { exact: 360 }, height: { exact: 480 } };
  navigator.mediaDevices.getUserMedia = (wish) => real({ ...wish, video: wish.video && upright });
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


async def corner_of(person: Person, dx: float, dy: float) -> str | None:
    """Draw one's own picture so far, let it go, and see where it stands."""
    grip = person.at("self-move")
    box = await grip.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = person.page.mouse
    await mouse.move(x, y)
    await mouse.down()
    await mouse.move(x + dx / 2, y + dy / 2, steps=4)
    await mouse.move(x + dx, y + dy, steps=4)
    await mouse.up()
    return await person.page.locator(".self").get_attribute("data-corner")


async def test_a_call_survives_turning_and_ones_picture_stays_where_it_was_put(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    seeker, supporter = await people.call(booking)
    assert await corner_of(seeker, -250, -500) == "tl"
    assert await corner_of(seeker, 30, 20) == "tl", "let go nearby, it goes back"
    peers, life = (await seeker.carried())["peers"], await seeker.life()

    for size in (LYING, PHONE):
        await seeker.page.set_viewport_size(size)
        await see_each_other(seeker, supporter)
        stage = await seeker.page.locator(".call__stage").bounding_box()
        own = await seeker.page.locator(".self").bounding_box()
        controls = await seeker.page.locator(".call__ctl").bounding_box()
        assert stage is not None
        assert own is not None
        assert controls is not None
        assert own["x"] - stage["x"] < 20
        assert own["y"] - stage["y"] < 20
        if size is LYING:
            assert controls["x"] >= stage["x"] + stage["width"] - 1
        else:
            assert controls["y"] >= stage["y"] + stage["height"] - 1
    assert await corner_of(seeker, 250, 0) == "tr"
    assert (await seeker.carried())["peers"] == peers
    assert await seeker.life() == life
    await seeker.ends()
    await office.ends(booking.id, "completed", None)


async def test_a_camera_that_ends_is_taken_again_without_a_press(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk")
    seeker, supporter = await people.call(booking)
    peers = (await supporter.carried())["peers"]
    before = await seeker.page.evaluate(TAKE_CAMERA)

    async def has_another() -> bool:
        now = await seeker.page.evaluate(CAMERA)
        return now not in (None, before)

    await until(has_another, "another camera is in its place", 15)
    await see_each_other(seeker, supporter)
    assert (await supporter.carried())["peers"] == peers, "nothing was built anew"
    await seeker.ends()
    await office.ends(booking.id, "completed", None)


async def test_an_upright_picture_is_seen_whole_in_a_wide_window(
    people: Stage, office: Office
) -> None:
    """A telephone held upright sends a picture that a desk's window would cut to a forehead."""
    booking = await office.book("talk")
    device = await people.device()
    await device.add_init_script(f"({UPRIGHT})()")
    seeker = await people.seeker(booking, device=device)
    supporter = await people.supporter(booking)
    await asyncio.gather(seeker.comes(), supporter.comes())
    await supporter.admits()
    await see_each_other(seeker, supporter)
    tile = supporter.page.locator(".tiles .video").first
    await expect(tile).to_have_attribute("data-fit", "whole")
    await expect(seeker.page.locator(".tiles .video").first).not_to_have_attribute(
        "data-fit", "whole"
    )
    await seeker.ends()
    await office.ends(booking.id, "completed", None)


async def test_who_has_a_wrong_clock_comes_and_goes_with_everybody_else(
    people: Stage, office: Office
) -> None:
    booking = await office.book("talk", starts_in=2)
    device = await people.device()
    await device.add_init_script(f"({SEVEN_MINUTES_FAST})()")
    seeker = await people.seeker(booking, device=device)
    supporter = await people.supporter(booking)
    await asyncio.gather(seeker.comes(), supporter.comes())
    await expect(seeker.at("skew")).to_contain_text("7分")
    await supporter.admits()
    await see_each_other(seeker, supporter)
    shown = await asyncio.gather(
        *(each.page.locator(".call__row .left b").inner_text() for each in (seeker, supporter))
    )
    left = [60 * int(minutes) + int(seconds) for minutes, seconds in (s.split(":") for s in shown)]
    assert abs(left[0] - left[1]) <= 2
    await seeker.ends()
    await office.ends(booking.id, "completed", None)
