// Which step of the way stands on the page, and what a tick was given for; without a page.

import assert from "node:assert/strict";
import test from "node:test";

const JS = new URL("../../../../signaling/pages/assets/js/", import.meta.url);
const { agreementOf, initialState, isAgreed, viewOf } = await import(new URL("state.js", JS));

const programme = { terms_version: "1", terms_text: { ja: "規約", en: "Terms" }, terms_url: null, attestations: ["no_recording"] };

function stateOf(mine = {}, session = {}) {
  const seats = [{ seat: "seeker", role: "seeker", presence: "at_door", has_joined: false, is_admitted: false, ...mine }];
  const s = Object.assign(initialState(), { isOnline: true, you: { connection: "c", seat: "seeker", role: "seeker", display_name: "さくら 0" }, programme });
  return Object.assign(s, { session: { id: "s-0", phase: "open", medium: "video", functions: ["audio", "video"], beside: [], seats, ...session } });
}

test("without a tick there is no way past the door, whatever the address remembers", () => {
  const s = Object.assign(stateOf(), { step: "check" });
  assert.equal(viewOf(s), "door");
  s.agreed = agreementOf(s);
  assert.equal(viewOf(s), "check");
  assert.equal(viewOf(Object.assign(s, { step: "door" })), "door");
});

test("a tick is for one seat of one session, its words, version and companions", () => {
  const s = stateOf();
  s.agreed = agreementOf(s);
  assert.equal(isAgreed(s), true);
  const others = [{ you: { ...s.you, seat: "companion-1" } }, { you: { ...s.you, display_name: "もみじ 3" } }, { session: { ...s.session, id: "s-1" } }, { session: { ...s.session, beside: ["通訳1"] } }];
  const terms = [{ terms_version: "2" }, { terms_text: null }, { terms_url: "https://office.example.jp/terms" }, { attestations: [] }];
  for (const other of [...others, ...terms.map((one) => ({ programme: { ...programme, ...one } }))]) assert.equal(isAgreed({ ...s, ...other }), false, JSON.stringify(other));
});

test("who waits sees an earlier step only on purpose, and who is called sees the call", () => {
  const waiting = { presence: "lobby", has_joined: true };
  const s = Object.assign(stateOf(waiting), { step: "check" });
  assert.equal(viewOf(s), "lobby", "a step is no wish to look back");
  s.isLookingBack = true;
  assert.equal(viewOf(s), "check");
  assert.equal(viewOf(Object.assign(stateOf(waiting, { medium: "phone" }), { step: "check", isLookingBack: true })), "check");
  assert.equal(viewOf(Object.assign(stateOf(waiting, { medium: "phone", phase: "live" }), { step: "check", isLookingBack: true })), "phone");
  assert.equal(viewOf(Object.assign(stateOf({ ...waiting, presence: "in", is_admitted: true }, { phase: "live" }), { step: "check", isLookingBack: true })), "call");
});
