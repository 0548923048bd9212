// From which loss and which delay on a line is no longer called good; without a page, in time that the test moves.

import assert from "node:assert/strict";
import test, { mock } from "node:test";

const JS = new URL("../../../../signaling/pages/assets/js/", import.meta.url);
const { Quality } = await import(new URL("quality.js", JS));

// A line that counts what the test says, and what the page was told of it.
function page() {
  const counts = { received: 0, lost: 0, rtt: 0.05 };
  const stats = () => [
    { type: "inbound-rtp", packetsReceived: counts.received, packetsLost: counts.lost },
    { type: "candidate-pair", nominated: true, currentRoundTripTime: counts.rtt },
    { type: "candidate-pair", nominated: false, currentRoundTripTime: 9 },
  ];
  const pc = { iceConnectionState: "connected", getStats: async () => new Map(stats().entries()) };
  const seen = { counts, peer: { pc, isAlive: true }, isOnline: true, told: [] };
  seen.quality = new Quality({ peer: seen.peer, isOnline: () => seen.isOnline, onChange: (word) => seen.told.push(word) });
  return seen;
}

// Two seconds in which so many packets came and so many did not; the word after them.
async function after(seen, received, lost) {
  seen.counts.received += received;
  seen.counts.lost += lost;
  mock.timers.tick(2000);
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  return seen.quality.word;
}

test.beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
test.afterEach(() => mock.timers.reset());

test("up to three in a hundred lost it is good, with more unstable, and only the last two seconds count", async () => {
  const seen = page();
  assert.equal(await after(seen, 100, 50), "good", "what was lost before the page looked says nothing of now");
  assert.equal(await after(seen, 97, 3), "good");
  assert.equal(await after(seen, 96, 4), "unstable");
  assert.equal(await after(seen, 100, 0), "good");
  assert.equal(await after(seen, 100, -2), "good", "late ones were no loss");
  assert.deepEqual(seen.told, ["good", "unstable", "good"], "the page is told of changes alone");
});

test("up to 400 milliseconds there and back it is good, with more unstable", async () => {
  const seen = page();
  seen.counts.rtt = 0.4;
  assert.equal(await after(seen, 100, 0), "good");
  seen.counts.rtt = 0.401;
  assert.equal(await after(seen, 100, 0), "unstable");
});

test("who is silent may be; a line is lost when the server is silent too, or when ICE says so", async () => {
  const seen = page();
  await after(seen, 100, 0);
  assert.equal(await after(seen, 0, 0), "good");
  seen.isOnline = false;
  assert.equal(await after(seen, 0, 0), "lost");
  assert.equal(await after(seen, 100, 0), "good");
  seen.peer.isAlive = false;
  seen.peer.pc.iceConnectionState = "disconnected";
  assert.equal(await after(seen, 100, 0), "lost");
  seen.peer.pc.iceConnectionState = "checking";
  assert.equal(await after(seen, 0, 0), "unknown");
  seen.peer.pc = null;
  assert.equal(await after(seen, 0, 0), "unknown");
});
