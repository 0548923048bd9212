// The supporter's day beside the line, and notes that stay in the browser; without a page.

import assert from "node:assert/strict";
import test from "node:test";

const store = new Map();
globalThis.localStorage = new Proxy(
  { getItem: (key) => store.get(key) ?? null, setItem: (key, value) => store.set(key, value), removeItem: (key) => store.delete(key) },
  { ownKeys: () => [...store.keys()], getOwnPropertyDescriptor: (_, key) => (store.has(key) ? { enumerable: true, configurable: true, value: store.get(key) } : undefined) },
);

const JS = new URL("../../../../signaling/pages/assets/js/", import.meta.url);
const { isWaitedFor, itemsOf, leadOf, shareOf, stepOf, wayIn } = await import(new URL("desk/day.js", JS));
const { Memos } = await import(new URL("desk/memo.js", JS));
const { waitsAfter } = await import(new URL("views/after_this.js", JS));

const at = (time) => Date.parse(`2026-11-24T${time}:00+09:00`);
const iso = (time) => new Date(at(time)).toISOString();
const clock = (ms) => new Date(ms + 9 * 3600000).toISOString().slice(11, 16);

function row(from, to, phase = "scheduled", more = {}) {
  const seats = [{ seat: "seeker", role: "seeker", presence: "away" }, { seat: "supporter", role: "supporter", presence: "away" }];
  return { id: from, starts_at: iso(from), ends_at: iso(to), ended_at: phase === "ended" ? iso(to) : null, phase, seats, ...more };
}

const hours = [
  { begins_at: iso("13:00"), ends_at: iso("17:00") },
  { begins_at: iso("09:00"), ends_at: iso("12:00") },
];
const told = (items) => items.map((item) => (item.kind === "session" ? `${item.isNow ? "now in " : ""}${item.row.id}` : item.kind === "now" ? `now ${clock(item.at)}` : `${item.kind} ${clock(item.from)}-${clock(item.to)}`));

test("the day has its sessions in order, what is free, what is closed, and now between them", () => {
  const rows = [row("14:00", "14:30"), row("09:30", "10:00", "ended"), row("10:30", "11:15", "ended")];
  assert.deepEqual(told(itemsOf(rows, hours, at("13:57"))), ["free 09:00-09:30", "09:30", "free 10:00-10:30", "10:30", "free 11:15-12:00", "closed 12:00-13:00", "free 13:00-14:00", "now 13:57", "14:00", "free 14:30-17:00"]);
});

test("now stands in the session that it falls into, and after one that ended early", () => {
  const rows = [row("14:00", "14:30", "live"), row("14:30", "15:00")];
  assert.deepEqual(told(itemsOf(rows, [], at("14:10"))), ["now in 14:00", "14:30"]);
  assert.deepEqual(told(itemsOf(rows, [], at("14:30"))), ["14:00", "now in 14:30"]);
  assert.equal(shareOf(rows[0], at("14:15")), 0.5);
  assert.equal(shareOf(rows[1], at("14:29")), null);
  const early = [row("14:00", "14:30", "ended", { ended_at: iso("14:05") }), rows[1]];
  assert.deepEqual(told(itemsOf(early, [], at("14:10"))), ["14:00", "now 14:10", "14:30"]);
});

test("the first way in leads to the preparations, the next ones to the counter, and none is urged on who is in already", () => {
  const way = (presence, has_joined, phase = "open") => wayIn(row("09:00", "09:30", phase, { seats: [{ role: "supporter", presence, has_joined }] }));
  assert.deepEqual(way("away", false), { words: "today.prepare", elsewhere: null });
  assert.deepEqual(way("away", true), { words: "today.enter", elsewhere: null });
  assert.deepEqual(way("in", true, "live"), { words: "today.enter_again", elsewhere: "today.elsewhere.in" });
});

test("what ended early is free from its end on, and a breath between two is not told", () => {
  const early = row("13:00", "13:30", "ended", { ended_at: iso("13:20") });
  assert.deepEqual(told(itemsOf([early, row("13:34", "14:00")], hours.slice(0, 1), at("12:59"))), ["now 12:59", "13:00", "free 13:20-13:34", "13:34", "free 14:00-17:00"]);
  assert.deepEqual(told(itemsOf([row("13:00", "13:30"), row("13:34", "17:00")], hours.slice(0, 1), at("17:01"))), ["13:00", "13:34", "now 17:01"]);
});

test("without hours nothing is said of what is free", () => {
  assert.deepEqual(told(itemsOf([row("09:00", "09:30"), row("11:00", "11:30")], [], at("08:00"))), ["now 08:00", "09:00", "11:00"]);
  assert.deepEqual(told(itemsOf([], [], at("08:00"))), ["now 08:00"]);
});

test("the middle is about what runs, else about what comes, else about what was last", () => {
  const rows = [row("09:00", "09:30", "ended"), row("11:00", "11:30"), row("10:00", "10:30", "live")];
  assert.equal(leadOf(rows).id, "10:00");
  assert.equal(leadOf(rows.slice(0, 2)).id, "11:00");
  assert.equal(leadOf(rows.slice(0, 1)).id, "09:00");
  assert.equal(leadOf([]), null);
  assert.deepEqual(rows.map((one) => stepOf(one, leadOf(rows))), ["over", "later", "now"]);
  assert.equal(stepOf(rows[1], rows[1]), "next");
});

test("a seeker who is there waits for a supporter who is not, from the doors until they talk", () => {
  const there = (phase, seeker, supporter) => isWaitedFor(row("09:00", "09:30", phase, { seats: [{ role: "seeker", presence: seeker }, { role: "supporter", presence: supporter }] }));
  assert.equal(there("open", "at_door", "away"), true);
  assert.equal(there("waiting", "lobby", "away"), true);
  assert.equal(there("waiting", "lobby", "at_door"), false);
  assert.equal(there("waiting", "away", "away"), false);
  assert.equal(there("scheduled", "at_door", "away"), false);
  assert.equal(there("live", "in", "away"), false);
});

test("the next one waits when they are there and it is near, also when it is past its time", () => {
  const page = (presence, starts, now) => waitsAfter({ now: at(now), around: { after: { presence, starts_at: iso(starts) } } });
  assert.equal(page("lobby", "14:30", "14:20").presence, "lobby");
  assert.equal(page("lobby", "14:30", "14:40").presence, "lobby");
  assert.equal(page("away", "14:30", "14:29"), null);
  assert.equal(page("lobby", "16:00", "14:20"), null);
  assert.equal(waitsAfter({ now: 0, around: { after: null } }), null);
});

test("a note belongs to one session, and an empty one is not kept", () => {
  store.clear();
  const memos = new Memos(at("09:00"));
  memos.write(row("09:00", "09:30"), "二枚目から。");
  memos.write(row("10:00", "10:30"), "別のこと。");
  assert.equal(memos.read("09:00"), "二枚目から。");
  memos.write(row("10:00", "10:30"), "");
  assert.equal(memos.read("10:00"), "");
  assert.equal(store.size, 1);
});

test("notes are gone three days after the session, and nothing else of the browser is", () => {
  store.clear();
  store.set("madoguchi.language", "en");
  store.set("madoguchi.memo.broken", "{");
  new Memos(0).write(row("09:00", "09:30"), "二枚目から。");
  assert.equal(new Memos(at("09:29") + 3 * 86400000).read("09:00"), "二枚目から。");
  assert.equal(new Memos(at("09:30") + 3 * 86400000).read("09:00"), "");
  assert.deepEqual([...store.keys()], ["madoguchi.language"]);
});

test("where storage is closed a note is not kept, and nothing breaks", () => {
  const closed = globalThis.localStorage;
  Object.defineProperty(globalThis, "localStorage", { configurable: true, get: () => { throw new Error("closed"); } });
  const memos = new Memos(0);
  memos.write(row("09:00", "09:30"), "x");
  assert.equal(memos.read("09:00"), "");
  Object.defineProperty(globalThis, "localStorage", { configurable: true, value: closed, writable: true });
});
