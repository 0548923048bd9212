// A shared screen is seen by nobody whom its person did not choose it for: no page, no browser.

import assert from "node:assert/strict";
import test from "node:test";

const JS = new URL("../../../../signaling/pages/assets/js/", import.meta.url);
const { Screen } = await import(new URL("screen.js", JS));

// A browser that asks which window it shall be, and waits; and what the others are sent.
function page() {
  const asked = [];
  const tracks = [];
  const shared = [];
  const getDisplayMedia = () => new Promise((resolve) => asked.push(resolve));
  Object.defineProperty(globalThis, "navigator", { value: { mediaDevices: { getDisplayMedia } }, configurable: true });
  const choose = (resolve) => {
    const track = Object.assign(new EventTarget(), { isLive: true, stop: () => (track.isLive = false) });
    tracks.push(track);
    resolve({ getVideoTracks: () => [track] });
  };
  const screen = new Screen({ peer: { share: async (track) => shared.push(track) }, onChange: () => {} });
  return { screen, asked, tracks, shared, choose };
}

test("what is chosen is shared, and no longer after the same press again", async () => {
  const { screen, asked, tracks, shared, choose } = page();
  const begun = screen.toggle();
  choose(asked[0]);
  await begun;
  assert.equal(screen.isOn, true);
  await screen.toggle();
  assert.equal(screen.isOn, false);
  assert.deepEqual(shared, [tracks[0], null]);
  assert.equal(tracks[0].isLive, false);
});

test("what is chosen once the call is over, or the person out, is shared with nobody", async () => {
  const { screen, asked, tracks, shared, choose } = page();
  const begun = screen.toggle();
  screen.stop();
  choose(asked[0]);
  await begun;
  assert.equal(screen.isOn, false);
  assert.deepEqual(shared, []);
  assert.equal(tracks[0].isLive, false);
});

test("of two questions the later one counts", async () => {
  const { screen, asked, tracks, shared, choose } = page();
  const begun = [screen.toggle(), screen.toggle()];
  asked.forEach(choose);
  await Promise.all(begun);
  assert.deepEqual(shared, [tracks[1]]);
  assert.deepEqual(tracks.map((track) => track.isLive), [false, true]);
});
