"""The check of the line: a word first, and behind another word the figures that it was made of."""

import json
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.signaling.pages.test_phones_in_a_browser import opened
from tests.signaling.pages.visits import Visit, welcome

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.asyncio(loop_scope="module"),
]
A_LINE = """() => {
  const line = %s;
  window.RTCPeerConnection = class {
    localDescription = { sdp: "v=0" };
    connectionState = "new";
    addTrack() {
      return { getParameters: () => ({}), setParameters: async () => {} };
    }
    async setRemoteDescription() {}
    async setLocalDescription() {
      setTimeout(() => {
        this.connectionState = line.state;
        this.onconnectionstatechange();
      });
    }
    close() {}
    async getStats() {
      const s = performance.now() / 1000;
      const [sent, came, all] = [line.up, line.down, 1e5].map((each) => Math.round(each * s));
      const lost = Math.round(all * line.missing);
      const pair = { localCandidateId: "here", nominated: true, state: "succeeded" };
      return new Map([
        ["out", { type: "outbound-rtp", bytesSent: sent / 8 }],
        ["in", { type: "inbound-rtp", bytesReceived: came / 8, packetsReceived: all - lost, packetsLost: lost }],
        ["way", { type: "candidate-pair", ...pair, currentRoundTripTime: line.rtt }],
        ["here", { type: "local-candidate", candidateType: line.relay ? "relay" : "host" }],
      ]);
    }
  };
}"""
"""A media connection of which the page is told that, in bits and seconds, of many packets: rounding shows nowhere."""
GOOD = {"state": "connected", "up": 2e6, "down": 1.1e6, "missing": 0.01, "rtt": 0.048}
COARSE = GOOD | {"up": 4e5, "missing": 0.05}
SOUND = GOOD | {"up": 7e4, "down": 9e4, "missing": 0.2, "rtt": None, "relay": True}
SILENT = GOOD | {"down": 0, "missing": 1.0, "rtt": None}
CUT = {"state": "failed"}


async def measured(chromium: Browser, base: str, line: dict[str, Any]) -> Visit:
    """Somebody's check, once the line has a word."""
    seen = await opened(chromium, f"{base}/room#x", A_LINE % json.dumps(line), welcome())
    await seen.page.clock.install()
    await seen.page.get_by_test_id("consent").check()
    await seen.page.get_by_test_id("continue").click()
    await seen.said("probe")
    seen.say({"type": "probe_offer", "sdp": "v=0", "ice_servers": []})
    await seen.said("answer_probe")
    ended = seen.page.get_by_test_id("measure-again").or_(seen.page.get_by_text("良好", exact=True))
    while not await ended.first.is_visible():
        await seen.page.clock.run_for(500)
    await seen.said("end_probe")
    return seen


@pytest.mark.parametrize(
    ("line", "word", "figures"),
    [
        (GOOD, "良好", ["48ミリ秒", "1%", "1.5 Mbps以上", "1.1 Mbps"]),
        (COARSE, "使えます", ["48ミリ秒", "5%", "0.4 Mbps", "1.1 Mbps"]),
        (SOUND, "声だけがおすすめ", ["–", "20%", "0.07 Mbps", "0.09 Mbps"]),
        (SILENT, "つながりません", ["–", "100%", "1.5 Mbps以上", "0 Mbps"]),
    ],
)
async def test_each_word_has_its_figures_behind_it(
    chromium: Browser, base: str, line: dict[str, Any], word: str, figures: list[str]
) -> None:
    seen = await measured(chromium, base, line)
    check = seen.page.get_by_test_id("check-line")
    await expect(check.locator(".res")).to_have_text(word)
    shown = check.get_by_test_id("figures")
    await expect(shown).to_be_hidden()
    more = check.get_by_text("くわしく", exact=True)
    await more.focus()
    await seen.page.keyboard.press("Enter")
    await expect(shown.locator("dt")).to_have_text(
        ["往復の時間", "損失", "上りの速さ", "下りの速さ"]
    )
    await expect(shown.locator("dd")).to_have_text(figures)
    way = "中継サーバー経由" if line.get("relay") else "この端末から相談用サーバーまで"
    await expect(shown.locator("p")).to_contain_text(way)
    assert seen.complaints == []


async def test_where_nothing_got_through_there_are_no_figures_and_that_is_said(
    chromium: Browser, base: str
) -> None:
    seen = await measured(chromium, base, CUT)
    check = seen.page.get_by_test_id("check-line")
    await expect(check.locator(".res")).to_have_text("つながりません")
    await check.get_by_text("くわしく", exact=True).click()
    await expect(check.get_by_test_id("figures")).to_have_text(
        "つながらなかったため、測れた数値はありません。"
    )
    await check.get_by_test_id("measure-again").click()
    await expect(check.get_by_text("くわしく", exact=True)).to_be_hidden()
