// When a page wishes for another media offer, and what it does when the wish does not help; without a page, in time that the test moves.

import assert from "node:assert/strict";
import test, { mock } from "node:test";

const JS = new URL("../../../../signaling/pages/assets/js/", import.meta.url);
const browser = { connection: null };
Object.defineProperty(globalThis, "navigator", { value: browser });
const { Recovery } = await import(new URL("recovery.js", JS));
const { watchNetwork } = await import(new URL("network.js", JS));

// A connection whose one way has heard so much, and a page that notes what it does.
function page() {
  const heard = { bytes: 1000 };
  const way = () => ({ id: "way", type: "candidate-pair", bytesReceived: heard.bytes, responsesReceived: 3 });
  const pc = { iceConnectionState: "connected", connectionState: "connected", getStats: async () => new Map([["way", way()]]) };
  const peer = { pc, epoch: 4, get isAlive() { return pc.iceConnectionState === "connected" && pc.connectionState !== "failed"; } };
  const sent = [];
  const seen = { heard, pc, sent, isOpen: true, heardAt: -Infinity, unheard: 0, peer };
  seen.recovery = new Recovery({
    peer,
    send: (message) => seen.isOpen && sent.push(message.type) > 0,
    heardAt: () => seen.heardAt,
    onUnheard: () => (seen.unheard += 1),
  });
  return seen;
}

// Timers ring, and what they began is done.
async function pass(ms) {
  for (let left = ms; left > 0; left -= 100) {
    mock.timers.tick(Math.min(left, 100));
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }
}

test.beforeEach(() => {
  globalThis.window = new EventTarget();
  browser.connection = Object.assign(new EventTarget(), { type: "wifi" });
  mock.timers.enable({ apis: ["setTimeout"] });
});
test.afterEach(() => mock.timers.reset());

test("a way that is disconnected is given a moment, and a failed one none", async () => {
  const { pc, recovery, sent } = page();
  pc.iceConnectionState = "disconnected";
  recovery.look();
  await pass(200);
  assert.deepEqual(sent, []);
  await pass(200);
  assert.deepEqual(sent, ["restart_media"]);
  const other = page();
  other.pc.iceConnectionState = "failed";
  other.recovery.look();
  await pass(1);
  assert.deepEqual(other.sent, ["restart_media"]);
});

test("what mends itself in that moment needs no wish", async () => {
  const { pc, recovery, sent } = page();
  pc.iceConnectionState = "disconnected";
  recovery.look();
  pc.iceConnectionState = "connected";
  recovery.look();
  await pass(5000);
  assert.deepEqual(sent, []);
});

test("broken keys want a new connection", () => {
  const { pc, recovery, sent } = page();
  pc.connectionState = "failed";
  recovery.look();
  assert.deepEqual(sent, ["renew_media"]);
});

test("another network is wished for at once, though the old way still looks alive", async () => {
  const { recovery, sent } = page();
  recovery.restart();
  assert.deepEqual(sent, []);
  window.dispatchEvent(new Event("online"));
  await pass(1);
  assert.deepEqual(sent, ["restart_media"]);
});

test("a wish is repeated until something is heard, whatever the browser says of the way", async () => {
  const seen = page();
  seen.recovery.move();
  seen.heardAt = Infinity;
  await pass(1600);
  assert.deepEqual(seen.sent, ["restart_media", "restart_media"]);
  seen.heard.bytes += 100;
  await pass(20000);
  assert.equal(seen.sent.length, 2);
  assert.equal(seen.unheard, 0);
});

test("six wishes that did not help are followed by that for a new connection, and by no more", async () => {
  const seen = page();
  seen.heardAt = Infinity;
  seen.recovery.move();
  await pass(30000);
  assert.deepEqual(seen.sent, [...Array(6).fill("restart_media"), "renew_media"]);
  assert.equal(seen.unheard, 0);
});

test("a wish to which the server says nothing shows that the socket is dead: the next welcome wishes anew", async () => {
  const seen = page();
  seen.heardAt = performance.now();
  await new Promise((resolve) => setImmediate(resolve)); // what was heard before the wish does not count
  seen.recovery.move();
  await pass(1600);
  assert.equal(seen.unheard, 1);
  assert.deepEqual(seen.sent, ["restart_media"]);
  seen.recovery.restart();
  await pass(1);
  assert.deepEqual(seen.sent, ["restart_media", "restart_media"]);
});

test("a wish without a socket waits for the welcome", async () => {
  const seen = page();
  seen.isOpen = false;
  seen.recovery.move();
  await pass(5000);
  assert.deepEqual([seen.sent, seen.unheard], [[], 0]);
  seen.isOpen = true;
  seen.recovery.restart();
  await pass(1);
  assert.deepEqual(seen.sent, ["restart_media"]);
});

test("a connection that was closed meanwhile is wished nothing", async () => {
  const { peer, recovery, sent } = page();
  recovery.move();
  peer.pc = null;
  recovery.rest();
  await pass(5000);
  assert.deepEqual(sent, ["restart_media"]);
});

test("a network is told of when it is back or another one, once for several events, and not for an estimate of its rate", (context) => {
  let now = 10_000;
  context.mock.method(performance, "now", () => now);
  let told = 0;
  watchNetwork(() => (told += 1));
  const change = (type) => {
    navigator.connection.type = type;
    navigator.connection.dispatchEvent(new Event("change"));
  };
  change("wifi");
  assert.equal(told, 0);
  change("none");
  assert.equal(told, 0);
  change("cellular");
  window.dispatchEvent(new Event("online"));
  assert.equal(told, 1);
  now += 1000;
  window.dispatchEvent(new Event("online"));
  assert.equal(told, 2);
});
