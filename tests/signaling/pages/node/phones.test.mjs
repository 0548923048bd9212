// What a telephone does to a page: devices that the system takes, a screen that goes dark, a picture to be put elsewhere; without a page.

import assert from "node:assert/strict";
import test from "node:test";

const JS = new URL("../../../../signaling/pages/assets/js/", import.meta.url);
const { Interruption } = await import(new URL("interruption.js", JS));
const { WakeLock } = await import(new URL("wake.js", JS));
const { nearest, next, towards } = await import(new URL("corner.js", JS));
const { chime } = await import(new URL("chime.js", JS));
const { canCall, whyUnreached } = await import(new URL("blocked.js", JS));

class Track extends EventTarget {
  muted = false;
  readyState = "live";
  constructor(kind, device = "first") {
    super();
    Object.assign(this, { kind, device });
  }

  getSettings() {
    return { deviceId: this.device };
  }
}

// A page with camera and microphone, looked at every quarter of a second.
class Page {
  tracks = { audio: new Track("audio"), video: new Track("video") };
  devices = { track: (kind) => this.tracks[kind], isDenied: () => this.isDenied };
  isVisible = true;
  isWanted = true;
  isDenied = false;
  gives = (kind) => new Track(kind);
  asked = [];
  back = [];
  now = 0;
  interruption = new Interruption({
    devices: this.devices,
    retake: async (kind) => {
      this.asked.push(kind);
      const track = this.gives(kind);
      this.tracks[kind] = track;
      return track;
    },
    isWanted: () => this.isWanted,
    isVisible: () => this.isVisible,
    onBack: (kind, isAnother) => this.back.push([kind, isAnother]),
  });

  async after(ms) {
    for (const until = this.now + ms; this.now < until; this.now += 250) {
      this.interruption.tick(this.now);
      await null; // whoever was asked answers
      await null;
      await null;
    }
    this.interruption.tick(this.now);
  }

  ends(kind) {
    const track = this.tracks[kind];
    track.readyState = "ended";
    this.tracks[kind] = null;
    track.dispatchEvent(new Event("ended"));
  }

  get taken() {
    return this.interruption.taken;
  }
}

async function page() {
  const opened = new Page();
  await opened.after(1000);
  return opened;
}

test("what the system silences for a moment is not spoken of", async () => {
  const seen = await page();
  seen.tracks.video.muted = true;
  await seen.after(1000);
  seen.tracks.video.muted = false;
  await seen.after(5000);
  assert.deepEqual([seen.taken, seen.asked, seen.back], [[], [], []]);
});

test("a telephone call is told, and so is its end; nobody asks for the devices meanwhile", async () => {
  const seen = await page();
  for (const track of Object.values(seen.tracks)) track.muted = true;
  await seen.after(30000);
  assert.deepEqual(seen.taken, ["audio", "video"]);
  assert.deepEqual(seen.asked, [], "the system gives them back by itself, or the person has done it");
  for (const track of Object.values(seen.tracks)) track.muted = false;
  await seen.after(500);
  assert.deepEqual(seen.taken, []);
  assert.deepEqual(seen.back, [["audio", false], ["video", false]]);
});

test("on the return from the background they are taken without a press", async () => {
  const seen = await page();
  seen.isVisible = false;
  seen.tracks.video.muted = true;
  await seen.after(20000);
  assert.deepEqual(seen.asked, [], "no browser gives a camera to a page that nobody sees");
  seen.isVisible = true;
  await seen.after(1000);
  assert.deepEqual(seen.asked, [], "perhaps it comes back by itself");
  await seen.after(2000);
  assert.deepEqual(seen.asked, ["video"]);
  assert.deepEqual(seen.taken, []);
  assert.deepEqual(seen.back, [["video", false]]);
});

test("where that does not help, three tries are enough; then it needs a press", async () => {
  const seen = await page();
  seen.gives = () => null;
  seen.ends("video");
  await seen.after(60000);
  assert.equal(seen.asked.length, 3);
  assert.deepEqual(seen.taken, ["video"]);
  seen.gives = (kind) => new Track(kind);
  await seen.interruption.take();
  await seen.after(250);
  assert.deepEqual(seen.taken, []);
  assert.deepEqual(seen.back, [["video", false]]);
});

test("a return begins the tries anew", async () => {
  const seen = await page();
  seen.gives = () => null;
  seen.ends("audio");
  await seen.after(60000);
  seen.isVisible = false;
  await seen.after(1000);
  seen.gives = (kind) => new Track(kind);
  seen.isVisible = true;
  await seen.after(500);
  assert.equal(seen.asked.length, 4);
  assert.deepEqual(seen.taken, []);
});

test("a headset that is pulled out gives way to whatever there is, and that is said", async () => {
  const seen = await page();
  seen.gives = (kind) => new Track(kind, "second");
  seen.ends("audio");
  await seen.after(500);
  assert.deepEqual(seen.asked, ["audio"]);
  assert.deepEqual(seen.back, [["audio", true]]);
});

test("nobody is asked again who has said no", async () => {
  const seen = await page();
  seen.gives = () => null;
  seen.isDenied = true;
  seen.ends("video");
  await seen.after(60000);
  assert.deepEqual(seen.asked, ["video"]);
  assert.deepEqual(seen.taken, ["video"]);
});

test("where a device that was given back carries nothing, a new one is taken, once", async () => {
  const seen = await page();
  seen.interruption.isDeafAfterwards = true;
  seen.isVisible = false;
  seen.tracks.audio.muted = true;
  seen.tracks.audio.dispatchEvent(new Event("mute"));
  seen.tracks.audio.muted = false; // before any timer of the page ran again
  await seen.after(250);
  assert.deepEqual(seen.asked, []);
  seen.isVisible = true;
  await seen.after(500);
  assert.deepEqual(seen.asked, ["audio"]);
  seen.tracks.audio.muted = true;
  seen.tracks.audio.dispatchEvent(new Event("mute"));
  seen.tracks.audio.muted = false; // as it is when a camera starts
  await seen.after(20000);
  assert.deepEqual([seen.asked, seen.taken], [["audio"], []]);
});

test("who has stepped out or is through is told nothing", async () => {
  const seen = await page();
  seen.tracks.audio.muted = true;
  await seen.after(5000);
  seen.isWanted = false;
  await seen.after(250);
  assert.deepEqual(seen.taken, []);
  seen.ends("audio");
  await seen.after(5000);
  assert.deepEqual([seen.taken, seen.asked], [[], []]);
});

test("one's picture goes to the corner that is nearest", () => {
  const box = { width: 390, height: 690 };
  assert.equal(nearest({ x: 60, y: 80 }, box), "tl");
  assert.equal(nearest({ x: 300, y: 80 }, box), "tr");
  assert.equal(nearest({ x: 60, y: 600 }, box), "bl");
  assert.equal(nearest({ x: 300, y: 600 }, box), "br");
});

test("taps lead once around, arrows to where they point", () => {
  const around = [];
  for (let corner = "br"; around.length < 4; around.push(corner)) corner = next(corner);
  assert.deepEqual(around.toSorted(), ["bl", "br", "tl", "tr"]);
  assert.equal(towards("br", "ArrowUp"), "tr");
  assert.equal(towards("tr", "ArrowLeft"), "tl");
  assert.equal(towards("tl", "ArrowDown"), "bl");
  assert.equal(towards("bl", "ArrowRight"), "br");
  assert.equal(towards("br", "ArrowRight"), "br");
  assert.equal(towards("br", "Enter"), null);
});

function sight(lock) {
  Object.defineProperty(globalThis, "document", { value: { visibilityState: "visible" }, configurable: true });
  Object.defineProperty(globalThis, "navigator", { value: { wakeLock: lock, onLine: true }, configurable: true });
}

test("the screen stays on while somebody waits, is asked for again after the background, and is let go at the end", async () => {
  const locks = [];
  sight({
    request: async () => {
      locks.push({ released: false, release: async () => (locks.at(-1).released = true) });
      return locks.at(-1);
    },
  });
  const wake = new WakeLock();
  await wake.keep(true, 0);
  await wake.keep(true, 10000);
  assert.equal(locks.length, 1);
  locks[0].released = true; // the browser's doing, when the page went out of sight
  document.visibilityState = "hidden";
  await wake.keep(true, 20000);
  assert.equal(locks.length, 1);
  document.visibilityState = "visible";
  await wake.keep(true, 30000);
  assert.equal(locks.length, 2);
  await wake.keep(false, 40000);
  assert.equal(locks[1].released, true);
});

test("a telephone that refuses to stay awake is asked once in five seconds", async () => {
  let asked = 0;
  sight({ request: async () => Promise.reject(new Error(`low battery ${(asked += 1)}`)) });
  const wake = new WakeLock();
  for (let now = 0; now < 10000; now += 250) await wake.keep(true, now);
  assert.equal(asked, 2);
});

test("a blocker that takes the calls away is noticed", () => {
  globalThis.RTCPeerConnection = class {};
  assert.equal(canCall(), true);
  delete globalThis.RTCPeerConnection;
  assert.equal(canCall(), false);
});

test("nothing sounds before somebody has touched the page", () => {
  let made = 0;
  globalThis.window = {
    AudioContext: class {
      constructor() {
        made += 1;
        throw new Error("no loudspeaker here");
      }
    },
  };
  sight(undefined);
  navigator.userActivation = { hasBeenActive: false };
  chime();
  assert.equal(made, 0);
  navigator.userActivation.hasBeenActive = true;
  assert.throws(() => chime());
  delete globalThis.window;
});

test("why the server is not heard: no network, no answer, or sockets alone are blocked", async () => {
  sight(undefined);
  globalThis.fetch = async () => ({ ok: true });
  assert.equal(await whyUnreached(), "blocked");
  globalThis.fetch = async (address) => (address === "/ws" ? { ok: false, status: 503 } : { ok: true });
  assert.equal(await whyUnreached(), "full");
  globalThis.fetch = async () => ({ ok: false });
  assert.equal(await whyUnreached(), "server");
  globalThis.fetch = async () => Promise.reject(new TypeError("no way"));
  assert.equal(await whyUnreached(), "server");
  navigator.onLine = false;
  assert.equal(await whyUnreached(), "offline");
});
