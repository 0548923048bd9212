// What the pre-call check makes of a browser's name, of a measured line and of a refused device; without a page.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const ASSETS = new URL("../../../../signaling/pages/assets/", import.meta.url);
const load = (name) => import(new URL(`js/${name}`, ASSETS));
globalThis.window = globalThis;
Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
const { placeOf, readBrowser, systemOf } = await load("browser.js");
const { stepsFor, wayOut, wordsOfLine } = await load("advice.js");
const { ASKED_BPS, Line, judge } = await load("line.js");
const { reasonOf } = await load("devices.js");
const { Probe, found } = await load("probe.js");
const { createTelling } = await load("room/telling.js");
const { isGood, isRestReady, titleOf } = await load("views/check.js");
const words = JSON.parse(readFileSync(new URL("locales/ja.json", ASSETS), "utf-8"));
const hasText = (key) => key in words;

// ---- browsers -------------------------------------------------------------------------------------------------------

const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";
const ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)";
const WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)";
const MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)";

// [user agent, "name version device kind support", where its permission is], with touches where they count
const KNOWN = [
  [`${IPHONE} Version/26.0 Mobile/15E148 Safari/604.1`, "Safari 26 iPhone phone ok", "safari_ios"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 15_8 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.6 Mobile/15E148 Safari/604.1", "Safari 15 iPhone phone old", "safari_ios"],
  [`${MAC} Version/26.0 Safari/605.1.15`, "Safari 26 iPad tablet ok", "safari_ios", 5],
  [`${MAC} Version/18.5 Safari/605.1.15`, "Safari 18 Mac computer ok", "safari_mac"],
  [`${IPHONE} CriOS/140.0.7339.122 Mobile/15E148 Safari/604.1`, "Chrome 140 iPhone phone ok", "app_ios"],
  [`${IPHONE} FxiOS/143.0 Mobile/15E148 Safari/605.1.15`, "Firefox 143 iPhone phone ok", "app_ios"],
  [`${IPHONE} Version/18.0 EdgiOS/140.0.3485.81 Mobile/15E148 Safari/604.1`, "Edge 140 iPhone phone ok", "app_ios"],
  [`${ANDROID} Chrome/141.0.0.0 Mobile Safari/537.36`, "Chrome 141 Android phone ok", "chrome_android"],
  [`${ANDROID} Chrome/141.0.0.0 Safari/537.36`, "Chrome 141 Android tablet ok", "chrome_android"],
  [`${ANDROID} Chrome/99.0.4844.88 Mobile Safari/537.36`, "Chrome 99 Android phone old", "chrome_android"],
  [`${ANDROID} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`, "Samsung Internet 28 Android phone ok", "samsung"],
  ["Mozilla/5.0 (Android 14; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0", "Firefox 143 Android phone ok", "firefox_android"],
  [`${ANDROID} Chrome/140.0.0.0 Mobile Safari/537.36 EdgA/140.0.0.0`, "Edge 140 Android phone ok", "chrome_android"],
  [`${WINDOWS} Chrome/141.0.0.0 Safari/537.36`, "Chrome 141 Windows computer ok", "chromium"],
  [`${WINDOWS} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`, "Edge 140 Windows computer ok", "chromium"],
  [`${WINDOWS} Chrome/139.0.0.0 Safari/537.36 OPR/123.0.0.0`, "Opera 123 Windows computer unknown", "chromium"],
  ["Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140 Windows computer ok", "firefox"],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101 Firefox/102.0", "Firefox 102 Linux computer old", "firefox"],
  ["Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", "Chrome 140 Chromebook computer ok", "chromium"],
  ["Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", "null null Windows computer unknown", "other"],
];

for (const [ua, expected, place, touches = 0] of KNOWN) {
  test(`${expected} is known by its name`, () => {
    const it = readBrowser({ ua, touches });
    assert.equal(`${it.name} ${it.version} ${it.device} ${it.kind} ${it.support}`, expected);
    assert.equal(placeOf(it), place);
    assert.equal(it.inside, null);
  });
}

const INSIDE = [
  [`${IPHONE} Mobile/15E148 Safari Line/15.12.1`, "LINE", "line"],
  ["Mozilla/5.0 (Linux; Android 14; SC-51D Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0.0.0 Mobile Safari/537.36 Line/15.14.0/IAB", "LINE", "line"],
  [`${IPHONE} Mobile/22G86 [FBAN/FBIOS;FBAV/530.0.0.39.73;FBBV/1;FBDV/iPhone15,2;FBMD/iPhone;FBSN/iOS]`, "Facebook", "menu"],
  [`${IPHONE} Mobile/22G86 Instagram 399.0.0.21.85 (iPhone15,2; iOS 18_6; ja_JP)`, "Instagram", "menu"],
  ["Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UQ1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0.0.0 Mobile Safari/537.36 Instagram 398.0.0.50.81 Android", "Instagram", "menu"],
  [`${IPHONE} Mobile/22G86 Twitter for iPhone/11.20`, "X", "menu"],
  ["Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0.0.0 Mobile Safari/537.36 TwitterAndroid", "X", "menu"],
  [`${IPHONE} GSA/385.0.808 Mobile/15E148 Safari/604.1`, "Google", "copy"],
  [`${IPHONE} Mobile/15E148`, "other", "copy"],
  ["Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UQ1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0.0.0 Mobile Safari/537.36", "other", "copy"],
];

for (const [ua, inside, way] of INSIDE) {
  test(`a page inside of ${inside} is told how to come out: ${ua.slice(13, 30)}`, () => {
    const it = readBrowser({ ua });
    assert.equal(it.inside, inside);
    assert.equal(it.support, "inside");
    const steps = wayOut(it, hasText);
    assert.ok(steps.length >= 2);
    assert.ok(steps.every((key) => key.startsWith(`wayout.${way}.`)));
  });
}

test("what a browser can do counts more than what it is called", () => {
  const ua = `${WINDOWS} Chrome/141.0.0.0 Safari/537.36`;
  assert.equal(readBrowser({ ua, isAble: false }).support, "unable");
  assert.equal(readBrowser({ ua: "something new", isAble: true }).support, "unknown");
});

test("every way to a permission has its steps, and so has every system", () => {
  for (const [ua, , , touches = 0] of KNOWN) {
    const it = readBrowser({ ua, touches });
    for (const state of ["denied", "denied_os"]) assert.ok(stepsFor(state, it, hasText).length >= 2, `${placeOf(it)} ${systemOf(it)}`);
    assert.deepEqual(stepsFor("busy", it, hasText), []);
  }
});

// ---- devices --------------------------------------------------------------------------------------------------------

test("why a device is not there, as browsers say it", () => {
  const told = (name, message = "", mayAsk = true) => reasonOf({ name, message }, mayAsk);
  assert.equal(told("NotAllowedError", "Permission denied"), "denied");
  assert.equal(told("NotAllowedError", "Permission denied by system"), "denied_os");
  assert.equal(told("NotAllowedError", "The request is not allowed by the user agent or the platform in the current context, possibly because the user denied permission."), "denied");
  assert.equal(told("NotAllowedError", "Permission dismissed"), "dismissed");
  assert.equal(told("NotAllowedError", "Permission denied", false), "policy");
  assert.equal(told("SecurityError"), "policy");
  assert.equal(told("NotFoundError"), "missing");
  assert.equal(told("OverconstrainedError"), "missing");
  assert.equal(told("NotReadableError", "Could not start video source"), "busy");
  assert.equal(told("AbortError"), "busy");
});

// ---- the line -------------------------------------------------------------------------------------------------------

const line = (more) => ({ up_bps: 1.4e6, down_bps: 1.4e6, missing: 0, rtt_ms: 30, ...more });

test("a line has a word, and what keeps it from a better one", () => {
  const verdict = (more, hasPicture) => Object.values(judge(line(more), hasPicture)).join(" ").trim();
  assert.equal(verdict({}), "good");
  assert.equal(verdict({ rtt_ms: null }), "good");
  assert.equal(verdict({ rtt_ms: 600 }), "coarse rtt");
  assert.equal(verdict({ missing: 0.05 }), "coarse missing");
  assert.equal(verdict({ up_bps: 400_000 }), "coarse rate");
  assert.equal(verdict({ down_bps: 400_000 }), "coarse rate");
  assert.equal(verdict({ missing: 0.19 }), "sound missing");
  assert.equal(verdict({ up_bps: 90_000 }), "sound rate");
  assert.equal(verdict({ up_bps: 20_000 }), "none rate");
  assert.equal(verdict({ missing: 0.6 }), "none missing");
  assert.equal(verdict({ down_bps: 0, missing: 1 }), "none nothing");
  assert.equal(judge(null).word, "none");
  assert.equal(verdict({ up_bps: 150_000, down_bps: 150_000 }, false), "good");
  assert.equal(verdict({ up_bps: 60_000 }, false), "sound rate");
});

// What getStats says after so many milliseconds of a line of that rate.
function counted(ms, { bps = ASKED_BPS, lost = 0, rtt = 0.05, type = "host" }) {
  const packets = Math.round((bps * ms) / 8e6);
  return new Map([
    ["out", { type: "outbound-rtp", bytesSent: (bps * ms) / 8000, headerBytesSent: 0 }],
    ["in", { type: "inbound-rtp", bytesReceived: ((1 - lost) * bps * ms) / 8000, packetsReceived: Math.round((1 - lost) * packets), packetsLost: Math.round(lost * packets) }],
    ["transport", { type: "transport", selectedCandidatePairId: "way" }],
    ["old", { type: "candidate-pair", nominated: true, state: "succeeded", currentRoundTripTime: 9, localCandidateId: "there" }],
    ["there", { type: "local-candidate", candidateType: "srflx" }],
    ["way", { type: "candidate-pair", nominated: true, state: "succeeded", totalRoundTripTime: 4 * rtt, responsesReceived: 4, localCandidateId: "here" }],
    ["here", { type: "local-candidate", candidateType: type }],
  ]);
}

function measured(of) {
  const seen = new Line();
  for (let ms = 0; ms <= 12_000; ms += 500) {
    seen.take(counted(ms, of(ms)), ms);
    if (seen.isEnough) return { ms, ...seen.figures };
  }
  return null;
}

test("a good line is known after four seconds, one that is not after nine", () => {
  const good = measured(() => ({}));
  assert.equal(good.ms, 4000);
  assert.deepEqual([good.up_bps, good.missing, good.rtt_ms, good.isRelayed], [ASKED_BPS, 0, 50, false]);
  assert.equal(measured(() => ({ bps: 700_000 })).ms, 6500);
  const lossy = measured(() => ({ lost: 0.19 }));
  assert.equal(lossy.ms, 9000);
  assert.ok(Math.abs(lossy.missing - 0.19) < 0.01);
});

test("what is measured is the last seconds, not the search before them", () => {
  const figures = measured((ms) => ({ bps: ms < 1500 ? 100_000 : ASKED_BPS }));
  assert.ok(figures.up_bps > ASKED_BPS);
  assert.equal(measured(() => ({ type: "relay" })).isRelayed, true);
});

test("where a browser does not say how long its checks take, a report of what came back does", () => {
  const report = (ms) => new Map([...counted(ms, {}), ["transport", { type: "transport" }], ["old", {}], ["way", {}], ["back", { type: "remote-inbound-rtp", roundTripTime: 0.2 }]]);
  const seen = new Line();
  for (const ms of [0, 500]) seen.take(report(ms), ms);
  assert.equal(seen.figures.rtt_ms, 100);
});

test("every end of the measurement has its words", () => {
  const said = (probe, isOnline = true, hasPicture = true) => wordsOfLine({ state: "done", result: null, ...probe }, isOnline, hasPicture);
  const result = (word, why = null, hasRelay = false) => ({ result: { word, why, hasRelay } });
  const all = [
    said({}, false),
    said({ state: "idle" }),
    said({ state: "crowded" }),
    said({}),
    said(result("coarse", "rate")),
    said(result("coarse", "rtt")),
    said(result("sound", "rate")),
    said(result("sound", "rate"), true, false),
    said(result("none", "nothing")),
    said(result("none", "nothing", true)),
    said(result("none", "rate")),
  ];
  const keys = all.map((each) => each.words);
  assert.equal(new Set(keys).size, keys.length);
  assert.ok(keys.every(hasText));
  assert.deepEqual(said(result("good")), { state: "good", words: null });
  for (const { state } of [...all, { state: "good" }]) assert.ok(hasText(`check.line.result.${state}`) || hasText(`check.state.${state}`), state);
});

test("nobody is called ready before the line is measured", () => {
  const s = { isOnline: true, you: { role: "seeker" }, session: { medium: "video", functions: ["audio", "video"] } };
  const devices = { isOpening: false, state: { microphone: "ok", camera: "ok" } };
  const titled = (probe, more = {}) => titleOf({ s: { ...s, ...more }, devices, probe: { result: null, ...probe } }, "heard");
  assert.equal(titled({ state: "measuring" }), "check.title_devices");
  assert.equal(titled({ state: "crowded" }), "check.title_devices");
  assert.equal(titled({ state: "measuring" }, { session: { medium: "audio", functions: ["audio"] } }), "check.title_voice");
  assert.equal(titled({ state: "done", result: { word: "good" } }), "check.title_ok");
  assert.equal(titled({ state: "done", result: { word: "good" } }, { isOnline: false }), "check.title_devices");
  assert.equal(titled({ state: "done", result: { word: "none" } }), "check.title_line");
  assert.equal(titled({ state: "done" }), "check.title_ok", "it could not be measured, and nothing is in the way");
});

test("nobody is called ready who has heard nothing", () => {
  const s = { isOnline: true, you: { role: "seeker" }, session: { medium: "video", functions: ["audio", "video"] } };
  const titled = (sound, camera = "ok") => titleOf({ s, devices: { isOpening: false, state: { microphone: "ok", camera } }, probe: { state: "done", result: { word: "good" } } }, sound);
  assert.equal(titled("unheard"), "check.title_sound");
  assert.equal(titled("heard"), "check.title_ok");
  for (const sound of ["unknown", "played"]) assert.equal(titled(sound), "check.title_listen", "nobody but the person can know");
  assert.equal(titled("unheard", "denied"), "check.title_camera", "the worst first");
});

test("a check is good without the sound that nobody asked for, and not with one that was missed", () => {
  const known = { s: { isOnline: true, you: { role: "supporter" }, session: { medium: "video", functions: ["audio", "video"] } }, devices: { isOpening: false, state: { microphone: "ok", camera: "ok" } }, probe: { state: "done", result: { word: "good" } }, browser: { support: "ok" } };
  for (const sound of ["unknown", "played", "heard"]) assert.ok(isGood(known, sound), sound);
  assert.ok(!isGood(known, "unheard"));
});

test("the rest is called ready only when all of it is known", () => {
  const known = { s: { isOnline: true }, devices: { isOpening: false, state: { microphone: "ok", camera: "denied" } }, probe: { state: "done", result: { word: "good" } }, browser: { support: "ok" } };
  assert.ok(isRestReady(known, "heard"));
  for (const sound of ["unknown", "played", "unheard"]) assert.ok(!isRestReady(known, sound), sound);
  const others = [
    { probe: { state: "measuring", result: null } },
    { probe: { state: "done", result: null } },
    { probe: { state: "done", result: { word: "sound" } } },
    { s: { isOnline: false } },
    { browser: { support: "unable" } },
    { devices: { isOpening: false, state: { microphone: "denied", camera: "denied" } } },
    { devices: { isOpening: false, state: { microphone: "ok", camera: "ok" } } },
  ];
  for (const other of others) assert.ok(!isRestReady({ ...known, ...other }, "heard"), JSON.stringify(other));
});

// ---- the way there --------------------------------------------------------------------------------------------------

function probe() {
  const seen = { sent: [], isVisible: true, isOpen: true };
  seen.probe = new Probe({ send: (message) => seen.isOpen && seen.sent.push(message.type) > 0, isVisible: () => seen.isVisible, onChange: () => {} });
  return seen;
}

test("a measurement is asked for once, in front of the person, and again when too many are measured", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const seen = probe();
  seen.isVisible = false;
  seen.probe.want(true);
  assert.deepEqual(seen.sent, []);
  seen.isVisible = true;
  seen.probe.want(true);
  seen.probe.want(true);
  assert.deepEqual(seen.sent, ["probe"]);
  seen.probe.refused("probe_full");
  assert.equal(seen.probe.state, "crowded");
  context.mock.timers.tick(6000);
  assert.deepEqual(seen.sent, ["probe", "probe"]);
  for (let tries = 0; tries < 10; tries += 1) {
    seen.probe.refused("probe_full");
    context.mock.timers.tick(6000);
  }
  assert.equal(seen.sent.length, 4);
  assert.deepEqual([seen.probe.state, seen.probe.result], ["done", null]);
});

test("who goes on or loses the socket asks for no more, and begins anew later", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const seen = probe();
  seen.probe.want(true);
  seen.probe.stop();
  context.mock.timers.tick(60_000);
  assert.deepEqual([seen.sent, seen.probe.state], [["probe", "end_probe"], "idle"]);
  seen.isOpen = false;
  seen.probe.want(true);
  assert.equal(seen.probe.state, "idle");
  seen.isOpen = true;
  seen.probe.want(true);
  assert.deepEqual(seen.sent, ["probe", "end_probe", "probe"]);
});

test("a result stays when the person goes on, and another measurement is there for the asking", () => {
  const { probe: one, sent } = probe();
  Object.assign(one, { state: "done", result: { word: "good" } });
  one.stop();
  one.want(true);
  assert.deepEqual([one.state, sent], ["done", []]);
  one.again();
  assert.deepEqual([one.state, one.result], ["idle", null]);
  one.want(true);
  assert.deepEqual(sent, ["probe"]);
  one.stop();
});

test("the office is told words, two figures and the kind of machine", () => {
  const devices = { state: { camera: "denied_os", microphone: "insecure" } };
  const result = { word: "coarse", figures: { rtt_ms: 48, missing: 0.043217, up_bps: 1, down_bps: 1 } };
  const browser = readBrowser({ ua: `${IPHONE} Version/26.0 Mobile/15E148 Safari/604.1` });
  assert.deepEqual(found({ devices, probe: { result }, browser }), { camera: "denied", microphone: "unavailable", line: "coarse", rtt_ms: 48, missing: 0.043, device: "phone" });
  assert.equal(found({ devices, probe: { result: null }, browser }).line, null);
});

test("what the tab has measured is told after a reload too, for an hour, and a new measurement counts more", () => {
  const kept = new Map();
  globalThis.sessionStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  const told = [];
  const socket = { send: (message) => told.push(message) };
  const opened = (now, result = null) => {
    const s = { isOnline: true, you: { seat: "seeker", role: "seeker", connection: now }, session: { id: "s-1", phase: "open" }, now };
    const devices = { state: { camera: "ok", microphone: "ok" }, isOn: () => true, track: () => null };
    const page = { s, socket, devices, probe: { result }, own: { isReady: true }, browser: { kind: "phone" }, interruption: { taken: [] }, screen: {}, encryption: {}, quality: {} };
    createTelling(page).tick();
    return told.filter((message) => message.type === "checked").at(-1);
  };
  assert.equal(opened(10_000).line, null);
  assert.equal(opened(20_000, { word: "coarse", figures: { rtt_ms: 48, missing: 0.04 } }).line, "coarse");
  const { line, rtt_ms: rtt, missing } = opened(30_000);
  assert.deepEqual([line, rtt, missing], ["coarse", 48, 0.04]);
  assert.equal(opened(40_000, { word: "good", figures: null }).line, "good");
  assert.equal(opened(50_000).line, "good");
  assert.equal(opened(40_000 + 3_600_000).line, null);
});
