// What a page says of somebody of the office who looks on; without a page.

import assert from "node:assert/strict";
import test from "node:test";

const JS = new URL("../../../../signaling/pages/assets/js/", import.meta.url);
const { isObserver, observed } = await import(new URL("state.js", JS));

const seat = (id, role, presence = "away") => ({ seat: id, role, presence, display_name: role });

function page(role, presence, { medium = "video", isWatched = true } = {}) {
  const seats = [seat("seeker", "seeker"), seat("supporter", "supporter")];
  if (isWatched) seats.push(seat("observer", "scheduler", presence));
  return { you: { role }, session: { medium, seats } };
}

test("everybody is told before it comes", () => {
  for (const role of ["seeker", "supporter", "companion"]) assert.deepEqual(observed(page(role, "away")), { word: "observer.comes", name: "scheduler" });
});

test("and while it is there", () => {
  for (const role of ["seeker", "supporter", "companion"]) assert.equal(observed(page(role, "in")).word, "observer.here");
});

test("the observer is told what they are", () => {
  assert.equal(observed(page("scheduler", "in")).word, "observer.you");
  assert.equal(isObserver(page("scheduler", "in")), true);
});

test("nothing is said where nobody looks on", () => {
  assert.equal(observed(page("seeker", "away", { isWatched: false })), null);
  assert.equal(observed(page("seeker", "away", { medium: "phone" })), null);
  assert.equal(isObserver(page("supporter", "in")), false);
});
