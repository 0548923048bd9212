"""A call whose other end is in the page itself: what is played, written over it, said of the line, and sent."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ViewportSize, expect

from tests.signaling.node import until
from tests.signaling.pages.conftest import launched
from tests.signaling.pages.test_phones_in_a_browser import LYING, opened
from tests.signaling.pages.test_room_in_a_browser import call, press
from tests.signaling.pages.visits import BEGAN, DESK, PHONE, Visit, at, changed, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]

CONNECTIONS = """() => {
  const Real = window.RTCPeerConnection;
  window.made = [];
  window.RTCPeerConnection = class extends Real {
    constructor(...given) {
      super(...given);
      window.made.push(this);
    }
  };
}"""
OFFERS = """async (seat) => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const pc = (window.otherEnd = new RTCPeerConnection());
  for (const track of stream.getTracks()) pc.addTransceiver(track, { streams: [stream] });
  const gathered = new Promise((resolve) => {
    pc.onicegatheringstatechange = () => pc.iceGatheringState === "complete" && resolve();
  });
  await pc.setLocalDescription();
  await gathered;
  return pc.localDescription.sdp.replaceAll(stream.id, seat);
}"""
TAKES = "(sdp) => window.otherEnd.setRemoteDescription({ type: 'answer', sdp })"
SOUND_WANTS_A_TAP = """() => {
  const real = HTMLMediaElement.prototype.play;
  const allowed = new WeakSet();
  HTMLMediaElement.prototype.play = async function () {
    if (window.event?.type === "click") allowed.add(this);
    if (!this.muted && !allowed.has(this)) throw new DOMException("a tap first", "NotAllowedError");
    return real.call(this);
  };
  const stop = ({ target }) => !target.muted && !allowed.has(target) && target.pause();
  document.addEventListener("play", stop, true);
}"""
LINE = """() => {
  window.line = { received: 0, lost: 0, rtt: 0.05 };
  RTCPeerConnection.prototype.getStats = async () => {
    const { received, lost, rtt } = window.line;
    window.line.received += 100;
    return new Map([
      ["in", { type: "inbound-rtp", packetsReceived: received, packetsLost: lost }],
      ["way", { type: "candidate-pair", nominated: true, currentRoundTripTime: rtt }],
    ]);
  };
}"""
SENT = """(kind) => window.made
  .find((one) => one !== window.otherEnd)
  .getSenders()
  .map((one) => one.track)
  .find((track) => track?.kind === kind)
  .getSettings().deviceId"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """Somebody with two cameras."""
    async with launched(cameras=2) as browser:
        yield browser


def unsealed(seat: str = "seeker", **session: Any) -> dict[str, Any]:
    """A call without keys: its other end has none."""
    message = call(seat, **session)
    message["programme"]["e2ee"] = "off"
    return message


async def connect(seen: Visit, seat: str = "supporter") -> None:
    """Be the other end, which sends and takes pictures and sound."""
    sdp = await seen.page.evaluate(OFFERS, seat)
    seen.say({"type": "offer", "media_epoch": 1, "sdp": sdp, "ice_servers": []})
    answer = await seen.said("answer")
    await seen.page.evaluate(TAKES, answer["sdp"])


async def test_where_sound_wants_a_tap_a_button_appears_and_the_tap_plays(
    chromium: Browser, base: str
) -> None:
    seen = await opened(chromium, f"{base}/room#x", SOUND_WANTS_A_TAP, unsealed())
    video = seen.page.get_by_test_id("remote-video")
    tap = seen.page.get_by_test_id("tap-to-hear")
    await expect(seen.page.get_by_test_id("more")).to_be_visible()
    await expect(tap).to_be_hidden()
    await connect(seen)
    await expect(tap).to_be_visible()
    assert await video.evaluate("(one) => one.paused")
    await tap.click()
    await expect(tap).to_be_hidden()
    await expect(video).to_have_js_property("paused", value=False)


async def test_over_the_picture_stands_who_looks_on_and_when_and_it_moves(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", unsealed())
    mark = seen.page.locator(".video:has([data-testid=remote-video]) > .video__mark")
    here = BEGAN.astimezone(ZoneInfo("Asia/Tokyo"))
    minutes = [here, here + timedelta(minutes=1)]
    stamps = [f"さくら 0　{each.month}/{each.day} {each:%H:%M}" for each in minutes]
    await expect(mark).to_have_count(1)
    assert await mark.text_content() in stamps
    picture = await seen.page.get_by_test_id("remote-video").bounding_box()
    assert await mark.bounding_box() == picture
    pattern = mark.locator("pattern")
    before = await pattern.get_attribute("patternTransform")
    assert before is not None
    seen.say({"type": "ping", "server_time": at(12)})
    await expect(pattern).not_to_have_attribute("patternTransform", before)


async def test_a_mark_that_is_taken_off_the_picture_is_put_back(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", unsealed())
    mark = seen.page.locator(".video > .video__mark")
    await expect(mark).to_have_count(1)
    await mark.evaluate("(one) => one.remove()")
    await expect(mark).to_have_count(1)
    await expect(mark).to_contain_text("さくら 0")


@pytest.mark.parametrize(
    ("locale", "good", "bad"),
    [
        ("ja", "通信：良好", "通信：やや不安定"),
        ("en", "Connection: good", "Connection: unstable"),
    ],
)
async def test_the_line_is_told_in_words_and_offline_it_is_never_called_good(
    chromium: Browser, base: str, locale: str, good: str, bad: str
) -> None:
    seen = await visit(chromium, "about:blank", unsealed(), locale=locale)
    await seen.page.add_init_script(f"({LINE})()")
    await seen.page.goto(f"{base}/room#x")
    word = seen.page.locator(".call__row .conn")
    await connect(seen)
    await expect(word).to_have_text(good)
    await seen.page.evaluate("() => { window.line.rtt = 0.5; }")
    await expect(word).to_have_text(bad)

    async def the_other_is_told() -> bool:
        told = [each["is_unstable"] for each in seen.heard if each["type"] == "media_state"]
        return bool(told and told[-1])

    await until(the_other_is_told, "the other one is told of the line")
    await seen.page.evaluate("() => { window.line.rtt = 0.05; }")
    await expect(word).to_have_text(good)
    seen.messages.clear()
    assert seen.socket is not None
    await seen.page.context.set_offline(True)
    await seen.socket.close(code=1011)
    await expect(word).to_have_class("conn conn-unknown conn--none")
    await expect(word).not_to_have_text(good)


@pytest.mark.parametrize(("seat", "size"), [("seeker", PHONE), ("supporter", DESK)])
async def test_another_camera_and_microphone_chosen_in_the_call_are_the_ones_that_are_sent(
    chromium: Browser, base: str, seat: str, size: ViewportSize
) -> None:
    seen = await visit(chromium, "about:blank", unsealed(seat), size=size)
    await seen.page.add_init_script(f"({CONNECTIONS})()")
    await seen.page.goto(f"{base}/room#x")
    await expect(seen.page.get_by_test_id("more")).to_be_visible()
    await connect(seen, "supporter" if seat == "seeker" else "seeker")
    ways = {"seeker": ("more", "menu-devices"), "supporter": ("choose-devices",)}[seat]
    dialog = seen.page.get_by_role("dialog")
    for kind in ("audio", "video"):
        before = await seen.page.evaluate(SENT, kind)
        await press(seen, *ways)
        used = dialog.locator(f"input[name={kind}]:checked")
        await expect(used).to_have_count(1)
        name = await dialog.locator(
            f"label:has(input[name={kind}]:not(:checked))"
        ).last.inner_text()
        await dialog.get_by_label(name, exact=True).check()
        await seen.page.wait_for_function(f"(old) => ({SENT})('{kind}') !== old", arg=before)
        await dialog.get_by_role("button", name="閉じる").click()
        await press(seen, *ways)
        await expect(dialog.locator(f"label:has(input[name={kind}]:checked)")).to_have_text(name)
        await dialog.get_by_role("button", name="閉じる").click()
    assert [each["type"] for each in seen.heard].count("renew_media") == 0
    assert seen.complaints == []


NO_CHOICE = """() => {
  delete HTMLMediaElement.prototype.setSinkId;
  delete window.AudioContext.prototype.setSinkId;
}"""
NO_SPEAKERS = """() => {
  const real = MediaDevices.prototype.enumerateDevices;
  MediaDevices.prototype.enumerateDevices = async function () {
    return (await real.call(this)).filter((one) => one.kind !== "audiooutput");
  };
}"""
REFUSES = """() => {
  const real = HTMLMediaElement.prototype.setSinkId;
  window.isRefusing = true;
  HTMLMediaElement.prototype.setSinkId = async function (id) {
    if (window.isRefusing) throw new DOMException("no", "NotAllowedError");
    return real.call(this, id);
  };
}"""


@pytest.mark.parametrize(("seat", "size"), [("seeker", PHONE), ("supporter", DESK)])
async def test_another_speaker_chosen_in_the_call_is_the_one_that_is_heard_and_is_remembered(
    chromium: Browser, base: str, seat: str, size: ViewportSize
) -> None:
    seen = await visit(chromium, f"{base}/room#x", unsealed(seat), size=size)
    await expect(seen.page.get_by_test_id("more")).to_be_visible()
    await connect(seen, "supporter" if seat == "seeker" else "seeker")
    ways = {"seeker": ("more", "menu-devices"), "supporter": ("choose-devices",)}[seat]
    dialog = seen.page.get_by_role("dialog")
    await press(seen, *ways)
    await expect(dialog.get_by_role("heading", name="スピーカー")).to_be_visible()
    speakers = dialog.locator("input[name=speaker]")
    assert await speakers.first.is_checked(), "the system's, as long as nobody has chosen"
    wanted = await speakers.last.input_value()
    await speakers.last.check()
    video = seen.page.get_by_test_id("remote-video")
    await expect(video).to_have_js_property("sinkId", wanted)
    await dialog.get_by_role("button", name="閉じる").click()
    await press(seen, *ways)
    await expect(dialog.locator("input[name=speaker]:checked")).to_have_value(wanted)
    kept = await seen.page.evaluate("JSON.parse(localStorage.getItem('madoguchi.devices')).speaker")
    assert kept == wanted, "the next page begins with it"
    assert seen.complaints == []


@pytest.mark.parametrize("script", [NO_CHOICE, NO_SPEAKERS])
async def test_where_the_browser_leaves_the_speaker_to_the_system_none_is_offered(
    chromium: Browser, base: str, script: str
) -> None:
    seen = await opened(chromium, f"{base}/room#x", script, unsealed())
    await press(seen, "more", "menu-devices")
    dialog = seen.page.get_by_role("dialog")
    await expect(dialog.get_by_role("heading", name="カメラ")).to_be_visible()
    await expect(dialog.get_by_role("heading", name="スピーカー")).to_have_count(0)
    await expect(dialog.locator("input[name=speaker]")).to_have_count(0)


async def test_a_speaker_that_the_browser_refuses_is_not_shown_as_chosen_and_may_be_chosen_again(
    chromium: Browser, base: str
) -> None:
    seen = await opened(chromium, f"{base}/room#x", REFUSES, unsealed())
    await expect(seen.page.get_by_test_id("more")).to_be_visible()
    await connect(seen)
    await press(seen, "more", "menu-devices")
    speakers = seen.page.get_by_role("dialog").locator("input[name=speaker]")
    await speakers.last.click()
    await expect(speakers.first).to_be_checked()
    await expect(speakers.last).not_to_be_checked()
    await seen.page.evaluate("window.isRefusing = false")
    wanted = await speakers.last.input_value()
    await speakers.last.check()
    video = seen.page.get_by_test_id("remote-video")
    await expect(video).to_have_js_property("sinkId", wanted)


async def test_it_does_not_work_ends_it_as_not_working_and_asks_nothing_more(
    chromium: Browser, base: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", call())
    await press(seen, "end", "end-broken")
    assert await seen.said("end") == {"type": "end", "works": False}
    await expect(seen.page.get_by_role("dialog")).to_be_hidden()
    over = {"phase": "ended", "ended_at": at(0), "outcome": "interrupted", "can": []}
    seen.say(changed(call(), **over))
    await expect(seen.page.get_by_test_id("outcome")).to_be_visible()


@pytest.mark.parametrize("seat", ["seeker", "supporter"])
@pytest.mark.parametrize("size", [PHONE, LYING, DESK], ids=["upright", "lying", "desk"])
async def test_the_warning_before_the_end_leaves_the_face_free(
    chromium: Browser, base: str, size: ViewportSize, seat: str
) -> None:
    seen = await visit(chromium, f"{base}/room#x", call(seat, ends_at=at(200)), size=size)
    warning = seen.page.get_by_test_id("warning")
    await expect(warning).to_be_visible()
    warned = await warning.bounding_box()
    picture = await seen.page.get_by_test_id("remote-video").bounding_box()
    assert warned is not None
    assert picture is not None
    assert picture["height"] > 72
    face = {
        "left": picture["x"] + picture["width"] / 4,
        "right": picture["x"] + 3 * picture["width"] / 4,
        "top": picture["y"] + picture["height"] / 8,
        "bottom": picture["y"] + 7 * picture["height"] / 8,
    }
    is_beside = warned["x"] >= face["right"] or warned["x"] + warned["width"] <= face["left"]
    is_above = warned["y"] + warned["height"] <= face["top"] or warned["y"] >= face["bottom"]
    assert is_beside or is_above
