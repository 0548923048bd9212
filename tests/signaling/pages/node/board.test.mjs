// Which sessions the board shows and in which order, where they stand on the line of time, and how a room's line is drawn; without a page.

import assert from "node:assert/strict";
import test from "node:test";

const JS = new URL("../../../../signaling/pages/assets/js/board/", import.meta.url);
const { comingOf, isHot, leadOf, Rows } = await import(new URL("rows.js", JS));
const { inView, scaleOf, xOf } = await import(new URL("scale.js", JS));
const { badness, Lines, pathOf, stateOf } = await import(new URL("spark.js", JS));

const DAY = "2031-01-15T";
const at = (time) => `${DAY}${time}:00.000Z`;

function row(id, supporter, from, to, changes = {}) {
  const seats = [{ role: "seeker", display_name: `さくら ${id}`, presence: "away" }, { role: "supporter", display_name: supporter, presence: "away" }];
  return { id, version: 1, phase: "scheduled", supporter, supporter_person: `p_${supporter}`, opens_at: at(from), starts_at: at(from), ends_at: at(to), seats, notices: { seeker: null, supporter: null }, next: null, ...changes };
}

const ALL = { phase: null, words: "" };
const ids = (rows) => rows.map((one) => one.id);

test("a counter is one lane, its sessions stand by time, and numbers count as numbers", () => {
  const rows = new Rows();
  rows.replace([row("b", "窓口 10", "10:00", "10:30"), row("c", "窓口 2", "11:00", "11:30"), row("a", "窓口 2", "09:00", "09:30")]);
  assert.deepEqual(rows.lanes(ALL).map((lane) => [lane.name, ids(lane.rows)]), [["窓口 2", ["a", "c"]], ["窓口 10", ["b"]]]);
});

test("two people of one name are two counters", () => {
  const rows = new Rows();
  rows.replace([row("a", "ゆき", "09:00", "09:30"), row("b", "ゆき", "09:00", "09:30", { supporter_person: "p_other" })]);
  assert.equal(rows.lanes(ALL).length, 2);
});

test("a version never goes backwards, and counts follow the phase", () => {
  const rows = new Rows();
  rows.replace([row("a", "x", "09:00", "09:30", { version: 5 })]);
  assert.equal(rows.counts().scheduled, 1);
  assert.equal(rows.take(row("a", "x", "09:00", "09:30", { version: 4, phase: "open" })), false);
  assert.equal(rows.take(row("a", "x", "09:00", "09:30", { version: 6, phase: "live" })).version, 5);
  assert.deepEqual([rows.counts().scheduled, rows.counts().live], [0, 1]);
  assert.equal(rows.lanes(ALL)[0].rows[0].version, 6);
});

test("who takes over a session stands in the own lane from then on", () => {
  const rows = new Rows();
  rows.replace([row("a", "x", "09:00", "09:30"), row("b", "y", "10:00", "10:30")]);
  rows.lanes(ALL);
  rows.take(row("a", "y", "09:00", "09:30", { version: 2 }));
  assert.deepEqual(rows.lanes(ALL).map((lane) => [lane.name, ids(lane.rows)]), [["y", ["a", "b"]]]);
});

test("of a thousand sessions one that changes is put in its place: nothing is sorted again, and nothing searched again that it does not concern", () => {
  const rows = new Rows();
  let looks = 0;
  const noting = (row) => new Proxy(row, { get: (of, field) => ((looks += 1), of[field]) });
  rows.replace(Array.from({ length: 1000 }, (_, n) => noting(row(`s${n}`, `窓口 ${n}`, "09:00", "09:30"))));
  const [nobody, moves] = [{ phase: "live", words: "" }, rows.moves];
  const shown = () => [rows.lanes(ALL), rows.list(ALL), rows.lanes(nobody), rows.list(nobody), rows.list({ phase: null, words: "さくら s7" }), rows.counts()];
  const before = shown();
  looks = 0;
  rows.take(row("s500", "窓口 500", "09:00", "09:30", { version: 2, phase: "open" }));
  const after = shown();
  assert.ok(looks < 3000, `${looks} looks at rows`);
  assert.equal(rows.moves, moves);
  assert.deepEqual([after[0][500].rows[0].version, after[1].find((one) => one.id === "s500").version], [2, 2]);
  assert.equal(after[2], before[2]);
  assert.equal(after[4], before[4]);
  rows.take(row("s500", "窓口 500", "09:00", "09:45", { version: 3, phase: "open" }));
  assert.notEqual(rows.moves, moves, "it ends later: the day may be longer");
});

test("what is gone from a day is gone from its lanes", () => {
  const rows = new Rows();
  rows.replace([row("a", "x", "09:00", "09:30"), row("b", "y", "10:00", "10:30")]);
  rows.lanes(ALL);
  rows.replace([row("b", "y", "10:00", "10:30")]);
  assert.deepEqual(rows.lanes(ALL).map((lane) => lane.name), ["y"]);
});

test("a filter is by phase and by every word, in whatever width it is written", () => {
  const rows = new Rows();
  rows.replace([row("a", "あおぞら", "09:00", "09:30", { phase: "live" }), row("b", "あおぞら", "10:00", "10:30"), row("c", "ゆき", "10:00", "10:30")]);
  assert.deepEqual(rows.lanes({ phase: "live", words: "" }).map((lane) => ids(lane.rows)), [["a"]]);
  assert.deepEqual(ids(rows.list({ phase: null, words: "さくら　ｂ" })), ["b"]);
  rows.take(row("b", "あおぞら", "10:00", "10:30", { version: 2, phase: "live" }));
  assert.deepEqual(rows.lanes({ phase: "live", words: "" }).map((lane) => ids(lane.rows)), [["a", "b"]], "what was found before is not kept");
});

test("cards show what runs and comes by time, and what is over last, the latest first", () => {
  const rows = new Rows();
  rows.replace([row("old", "x", "08:00", "08:30", { phase: "ended" }), row("older", "x", "07:00", "07:30", { phase: "ended" }), row("next", "x", "11:00", "11:30"), row("now", "x", "10:00", "10:30", { phase: "live" })]);
  assert.deepEqual(ids(rows.list(ALL)), ["now", "next", "old", "older"]);
});

test("a counter is about what runs, then what waits, then what comes", () => {
  const [over, live, next] = [row("a", "x", "08:00", "08:30", { phase: "ended" }), row("b", "x", "09:00", "09:30", { phase: "live" }), row("c", "x", "10:00", "10:30")];
  assert.equal(leadOf([over, live, next]).id, "b");
  assert.equal(leadOf([over, next]).id, "c");
  assert.equal(leadOf([over]).id, "a");
});

test("the cutoff passes by who has sent word, while the counter is there; a near one is hot, a near start is not", () => {
  const waiting = row("a", "x", "09:00", "09:30", { phase: "waiting", next: { reason: "cutoff", at: at("09:10") } });
  assert.equal(comingOf(waiting).reason, "cutoff");
  waiting.notices = { seeker: { at: at("08:50") }, supporter: null };
  assert.equal(comingOf(waiting).reason, "cutoff");
  waiting.seats[1].presence = "lobby";
  assert.equal(comingOf(waiting).reason, "hard_end");
  const soon = Date.parse(at("09:09")) + 1;
  assert.ok(isHot({ reason: "cutoff", at: at("09:10") }, soon));
  assert.ok(!isHot({ reason: "start", at: at("09:10") }, soon));
});

test("a short day fills the width, a long one is scrolled, and half an hour keeps room for a name", () => {
  const rows = [row("a", "x", "09:10", "09:40"), row("b", "x", "16:00", "16:30")];
  const narrow = scaleOf(rows, { width: 400 });
  assert.equal(new Date(narrow.start).toISOString(), at("09:00"));
  assert.equal(narrow.hours, 8);
  assert.equal(narrow.perMinute, 2.2);
  assert.equal(xOf(narrow, Date.parse(at("09:10"))), 22);
  assert.equal(scaleOf(rows, { width: 4000 }).width, 4000);
});

test("closed hours are what lies between the openings; where none are known, none are closed", () => {
  const day = { begins_at: at("00:00"), open: [{ begins_at: at("09:00"), ends_at: at("12:00") }, { begins_at: at("13:00"), ends_at: at("17:00") }] };
  const { closed, hours } = scaleOf([row("a", "x", "08:00", "08:30")], { day, width: 100 });
  assert.equal(hours, 9);
  assert.deepEqual(closed.map((one) => [one.from, one.to].map((moment) => new Date(moment).toISOString())), [[at("08:00"), at("09:00")], [at("12:00"), at("13:00")]]);
  assert.deepEqual(scaleOf([row("a", "x", "08:00", "08:30")], { width: 100 }).closed, []);
});

test("a day without anything has an hour to show", () => {
  const { hours, start } = scaleOf([], { day: { begins_at: at("00:00"), open: [] }, width: 100 });
  assert.deepEqual([hours, new Date(start).toISOString()], [1, at("00:00")]);
});

test("of a thousand lanes only those in view are drawn, and a few beyond", () => {
  assert.deepEqual(inView({ top: 0, height: 380, size: 38, count: 1000 }), [0, 14]);
  assert.deepEqual(inView({ top: 38000, height: 380, size: 38, count: 1000 }), [996, 1000]);
  const [from, to] = inView({ top: 1360, height: 680, size: 136, count: 1000, columns: 3 });
  assert.deepEqual([from, to], [18, 57]);
  assert.deepEqual(inView({ top: 500, height: 380, size: 38, count: 0 }), [0, 0]);
});

test("a line is good, unsteady or lost by what came last, and is not drawn where nothing came", () => {
  assert.equal(stateOf([[0, 40], [0.01, 60]]), "good");
  assert.equal(stateOf([[0.05, 40], [0, 60]]), "bad", "one bad quarter of a minute is still seen in the next");
  assert.equal(stateOf([[0, 900]]), "bad");
  assert.equal(stateOf([[0, 40], [null, null]]), "lost");
  assert.equal(badness([null, 40]), 0);
  assert.equal(pathOf([[0, 40], [null, null], [0.1, 40]]).match(/M/g).length, 2);
});

test("points of a room are kept for ten minutes, and those of a room that is gone not at all", () => {
  const lines = new Lines();
  for (let n = 0; n < 50; n += 1) lines.take([{ id: "a", points: [[0, n]] }]);
  assert.equal(lines.of("a").length, 40);
  assert.deepEqual(lines.of("a").at(-1), [0, 49]);
  lines.take([{ id: "b", points: [[0, 1]] }]);
  assert.equal(lines.of("a"), null);
});

const { candidates } = await import(new URL("reassign.js", JS));

test("who could take over is who has nothing else in that slot; who has is named and cannot be chosen", () => {
  const session = { starts_at: at("10:00"), ends_at: at("10:30"), participants: [{ role: "supporter", person: "p_own" }] };
  const rows = [
    row("1", "own", "10:00", "10:30"),
    row("2", "busy", "10:15", "10:45"),
    row("3", "free", "10:30", "11:00"),
    row("4", "early", "09:30", "10:00"),
    row("5", "gone", "10:00", "10:30", { phase: "ended", outcome: "cancelled", ended_at: at("08:00") }),
  ];
  assert.deepEqual(candidates(session, rows).map((one) => [one.name, one.isFree]), [["early", true], ["free", true], ["gone", true], ["busy", false]]);
});

const { end } = await import(new URL("ending.js", JS));

test("how it counts is asked only where that is still open: what a grace has decided stays, and what never flowed was never held", async () => {
  const asked = (changes) => {
    const seen = {};
    const app = { forms: { ask: (form) => Object.assign(seen, form) }, change: (id, path, body) => ({ id, path, body }) };
    end({ id: "s/1", medium: "video", verdict: null, has_media_flowed: true, participants: [], ...changes }, app);
    return { fields: seen.fields.map((field) => field.name), lead: seen.lead[1], value: seen.fields[0].value, send: seen.send };
  };
  const open = asked({});
  assert.deepEqual([open.fields, open.lead, open.value], [["held", "reason"], "board.end_told", "no"]);
  assert.deepEqual(await open.send({ held: "yes", reason: "x" }), { id: "s/1", path: "/sessions/s%2F1/end", body: { held: true, reason: "x" } });
  assert.deepEqual(asked({ medium: "phone", has_media_flowed: false }).fields, ["held", "reason"]);
  assert.deepEqual(asked({ has_media_flowed: false }).fields, ["reason"]);
  const decided = asked({ verdict: { outcome: "interrupted", cause: "seeker" } });
  assert.deepEqual([decided.fields, decided.lead], [["reason"], "board.end_decided"]);
  assert.deepEqual((await decided.send({ reason: "x" })).body, { held: false, reason: "x" });
});

const { spansOf } = await import(new URL("presences.js", JS));
const { dayBeside } = await import(new URL("otherday.js", JS));
const { hoursOf, kindOf, linesOf } = await import(new URL("numbers.js", JS));

test("who was there when: from coming to going, lost until they are back, and nothing after the end", () => {
  const line = (time, name, seat) => ({ at: at(time), name, data: { seat } });
  const events = [line("09:50", "seat.connected", "seeker"), line("09:52", "seat.joined", "seeker"), line("10:00", "seat.connected", "supporter"), line("10:10", "seat.lost", "supporter"), line("10:12", "seat.returned", "supporter"), line("10:20", "seat.lost", "seeker"), { at: at("10:22"), name: "session.ended", data: {} }];
  const told = (spans) => spans.map((span) => [new Date(span.from).toISOString().slice(11, 16), new Date(span.to).toISOString().slice(11, 16), span.isLost]);
  const { seeker, supporter } = spansOf(events, Date.parse(at("11:00")));
  assert.deepEqual(told(seeker), [["09:50", "10:20", false], ["10:20", "10:22", true]]);
  assert.deepEqual(told(supporter), [["10:00", "10:10", false], ["10:10", "10:12", true], ["10:12", "10:22", false]]);
});

test("who handed the session over was there until then, and the next one is not there yet", () => {
  const events = [{ at: at("09:50"), name: "seat.connected", data: { seat: "supporter" } }, { at: at("09:55"), name: "supporter.reassigned", data: { before: "p_a", after: "p_b" } }];
  assert.deepEqual(spansOf(events, Date.parse(at("10:00"))).supporter, [{ from: Date.parse(at("09:50")), to: Date.parse(at("09:55")), isLost: false }]);
});

test("days follow each other over the end of a month and a leap day", () => {
  assert.equal(dayBeside("2026-12-01", -1), "2026-11-30");
  assert.equal(dayBeside("2028-02-28", 1), "2028-02-29");
});

test("a day's outcomes stand in one order, with the causes where an outcome has several", () => {
  const lines = linesOf([{ outcome: "stopped", cause: "seeker", count: 1 }, { outcome: "interrupted", cause: "supporter", count: 2 }, { outcome: "interrupted", cause: "platform", count: 1 }, { outcome: "seeker_no_show", cause: "seeker", count: 3 }]);
  assert.deepEqual(lines.map((line) => [line.outcome, line.count, line.causes.length]), [["completed", 0, 0], ["seeker_no_show", 3, 0], ["interrupted", 3, 2], ["stopped", 1, 1], ["cancelled", 0, 0]]);
});

test("the picture has every hour between the first and the last session, and each session once", () => {
  const over = (id, from, outcome) => row(id, "x", from, from, { phase: "ended", outcome });
  const hours = hoursOf([over("a", "09:10", "completed"), over("b", "09:40", "seeker_no_show"), over("c", "11:00", "interrupted"), row("d", "x", "12:00", "12:30")]);
  assert.deepEqual(hours.map(({ held, absent, broken, cancelled }) => [held, absent, broken, cancelled]), [[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]);
  assert.equal(kindOf({ outcome: "cancelled" }), "cancelled");
  assert.deepEqual(hoursOf([]), []);
});

const { isAlarming, isSaidElsewhere } = await import(new URL("history.js", JS));
const { awayWord } = await import(new URL("marks.js", JS));

test("a loss raises an alarm where nobody did it on purpose, and stepping out is told once, by one word", () => {
  const lost = (signal) => ({ name: "seat.lost", data: { seat: "seeker", signal } });
  assert.deepEqual(["media_silent", "signalling_lost", "page_closed", "page_closed,page_offline", "link_revoked", "stepped_out"].map((signal) => isAlarming(lost(signal))), [true, true, false, false, false, false]);
  assert.deepEqual(["stepped_out", "page_closed"].map((signal) => isSaidElsewhere(lost(signal))), [true, false]);
  assert.deepEqual(["stepped_out", "lost"].map(awayWord), ["here.stepped_out", "presence.lost"]);
});
