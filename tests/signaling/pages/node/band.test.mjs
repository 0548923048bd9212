// The time band: what of it is hatched, and which moments are named.

import assert from "node:assert/strict";
import test from "node:test";

const JS = new URL("../../../../signaling/pages/assets/js/", import.meta.url);
globalThis.document = {};
const { lostIn, planOf } = await import(new URL("band.js", JS));
const { lostOf } = await import(new URL("board/presences.js", JS));

const at = (time) => `2026-12-01T${time}:00.000Z`;
const ms = (time) => Date.parse(at(time));
const words = { start: "start", end: "end", planned: "planned", ended: "ended" };
const write = { time: (moment) => new Date(moment).toISOString().slice(11, 16), moment: (moment) => new Date(moment).toISOString().slice(11, 16) };

function seat(role, changes = {}) {
  return { role, is_admitted: true, is_lost: false, since: at("10:00"), ...changes };
}

function session(changes = {}) {
  return { phase: "live", opens_at: at("09:50"), starts_at: at("10:00"), ends_at: at("10:30"), cutoff_at: null, ended_at: null, maintenance_at: null, warnings_s: [300, 60], notices: {}, seats: [seat("seeker"), seat("supporter")], ...changes };
}

const planned = (state, now, more = {}) => planOf(state, ms(now), { words, write, from: "start", ...more });

test("while a line is lost the band is filled as before, and hatched from the loss to now", () => {
  const lost = session({ phase: "interrupted", seats: [seat("seeker", { is_lost: true, since: at("10:12") }), seat("supporter")] });
  const plan = planned(lost, "10:13", { lost: lostIn(lost) });
  assert.deepEqual(plan.lost, [{ from: 12, to: null }]);
  assert.equal(plan.phase, "live");
  assert.equal(plan.n, 13);
});

test("both are lost: it is hatched from the first", () => {
  const both = session({ seats: [seat("seeker", { is_lost: true, since: at("10:14") }), seat("supporter", { is_lost: true, since: at("10:12") })] });
  assert.deepEqual(lostIn(both), [{ from: ms("10:12"), to: null }]);
});

test("a companion's line, and who was never let in, hatch nothing", () => {
  const others = [seat("companion", { is_lost: true }), seat("seeker", { is_lost: true, is_admitted: false }), seat("supporter")];
  assert.deepEqual(lostIn(session({ seats: others })), []);
  assert.deepEqual(lostIn(session()), []);
});

test("what was broken off is hatched until its end, and filled like all that is over", () => {
  const over = session({ phase: "ended", ended_at: at("10:19"), seats: [seat("seeker", { is_lost: true, since: at("10:17") }), seat("supporter")] });
  const plan = planned(over, "11:00", { lost: lostIn(over) });
  assert.deepEqual(plan.lost, [{ from: 17, to: 19 }]);
  assert.equal(plan.phase, "ended");
});

test("a loss that began with the end is none of the session's", () => {
  const after = session({ phase: "ended", ended_at: at("10:19"), seats: [seat("seeker", { is_lost: true, since: at("10:19") }), seat("supporter")] });
  assert.deepEqual(lostIn(after), []);
});

test("the board's history hatches each loss, mended or not", () => {
  const line = (time, name) => ({ at: at(time), name, data: { seat: "supporter" } });
  const events = [line("09:55", "seat.connected"), line("10:05", "seat.lost"), line("10:06", "seat.returned"), line("10:17", "seat.lost")];
  assert.deepEqual(lostOf(events, null), [{ from: ms("10:05"), to: ms("10:06") }, { from: ms("10:17"), to: null }]);
  assert.deepEqual(lostOf(events, ms("10:19")).at(-1), { from: ms("10:17"), to: ms("10:19") });
  assert.deepEqual(planned(session(), "10:18", { lost: lostOf(events, null) }).lost, [{ from: 5, to: 6 }, { from: 17, to: null }]);
});

test("an end before its time is told from the one that was planned", () => {
  const named = (ended) => planned(session({ phase: "ended", ended_at: at(ended) }), "11:00").names.map((name) => name.word);
  assert.deepEqual(named("10:19"), ["ended", "start", "planned"]);
  assert.deepEqual(named("10:30"), ["start", "end"]);
});

test("the first warning has its name where it is wanted", () => {
  const named = planned(session(), "10:01", { words: { ...words, warning: (n) => `${n} before` } }).names;
  assert.deepEqual(named.at(-1), { at: 25, time: "10:25", word: "5 before" });
  assert.deepEqual(planned(session(), "10:01").names.map((name) => name.word), ["start", "end"]);
});
