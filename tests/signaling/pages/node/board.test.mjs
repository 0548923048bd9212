// Which sessions the board shows and in which order, where they stand on the line of time, and how a room's line is drawn; without a page.

import assert from "node:assert/strict";
import test from "node:test";

const JS = new URL("../../../../signaling/pages/assets/js/board/", import.meta.url);
const { comingOf, isHot, leadOf, Rows } = await import(new URL("rows.js", JS));
const { isPresenceShown } = await import(new URL("marks.js", JS));
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

test("who has nothing yet stands below the others, once, and no search finds them", () => {
  const rows = new Rows();
  rows.replace([row("a", "窓口 2", "09:00", "09:30")]);
  rows.lanes(ALL);
  rows.know([{ key: "p_窓口 10", name: "窓口 10" }, { key: "p_窓口 2", name: "窓口 2" }, { key: "p_窓口 1", name: "窓口 1" }]);
  assert.deepEqual(rows.lanes(ALL).map((lane) => [lane.name, ids(lane.rows)]), [["窓口 2", ["a"]], ["窓口 1", []], ["窓口 10", []]]);
  assert.deepEqual(rows.lanes({ phase: null, words: "窓口" }).map((lane) => lane.name), ["窓口 2"]);
  rows.replace([row("a", "窓口 2", "09:00", "09:30", { version: 2 }), row("b", "窓口 10", "09:00", "09:30")]);
  assert.deepEqual(rows.lanes(ALL).map((lane) => lane.name), ["窓口 2", "窓口 10", "窓口 1"]);
});

test("presence is told from the doors to the end, and before only of who is there already", () => {
  const of = (phase, presence = "away") => isPresenceShown({ phase, seats: [{ presence: "away" }, { presence }] });
  assert.deepEqual(["scheduled", "open", "waiting", "live", "interrupted", "ended"].map((phase) => of(phase)), [false, true, true, true, true, false]);
  assert.deepEqual([of("scheduled", "at_door"), of("ended", "in")], [true, false]);
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

test("what the office keeps a seat for comes next, once the grace is over, and not a warning on the way", () => {
  const lost = row("a", "x", "09:00", "09:30", { phase: "interrupted", kept_until: at("09:30"), next: { reason: "grace", at: at("09:12") } });
  assert.deepEqual(comingOf(lost), { reason: "grace", at: at("09:12") });
  lost.next = { reason: "warning", at: at("09:25") };
  assert.deepEqual(comingOf(lost), { reason: "hold", at: at("09:30") });
  lost.kept_until = null;
  assert.equal(comingOf(lost).reason, "warning");
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
  const staff = ["busy", "early", "free", "gone", "off", "own"].map((name) => ({ person: `p_${name}`, name, display_name: name, role: "supporter" }));
  staff.push({ person: "p_boss", name: "boss", display_name: "boss", role: "scheduler" });
  assert.deepEqual(candidates(session, staff, rows).map((one) => [one.word, one.isOff]), [["early", false], ["free", false], ["gone", false], ["off", false], ["busy", true]], "also who has nothing today");
});

const { correct, correctionOf, namesNow, namesOtherwise } = await import(new URL("correct.js", JS));

test("a correction sends only what is otherwise, and lists of companions whole", async () => {
  const seats = [["seeker", "さくら14"], ["supporter", "あおぞら"], ["companion", "通訳"], ["scheduler", "山田"], ["companion", "友人"]];
  const session = { id: "s/1", beside: ["母"], participants: seats.map(([role, display_name]) => ({ role, display_name })) };
  const now = namesNow(session);
  assert.deepEqual(now, { seeker: "さくら14", companions: ["通訳", "友人"], beside: ["母"] });
  const same = { seeker_name: "さくら14", companions_0: "通訳", companions_1: "友人", beside_0: "母", seeker_reference: null, seeker_note: null };
  assert.deepEqual(correctionOf(now, same), {});
  assert.deepEqual(correctionOf(now, { ...same, companions_1: "知人", seeker_note: "午後" }), { companions: ["通訳", "知人"], seeker_note: "午後" });
  assert.deepEqual(namesOtherwise(now, { ...same, beside_0: "父" }), ["beside_0"]);
  const seen = {};
  correct(session, { forms: { ask: (form) => Object.assign(seen, form) }, change: (id, path, body) => ({ id, path, body }) });
  assert.deepEqual(seen.fields.map((field) => field.name), ["seeker_name", "companions_0", "companions_1", "beside_0", "seeker_reference", "seeker_note"]);
  assert.deepEqual(await seen.send({ ...same, seeker_name: "さくら41" }), { id: "s/1", path: "/sessions/s%2F1/correct", body: { seeker_name: "さくら41" } });
  assert.deepEqual(seen.at({ code: "name_refused", said: {} }), ["seeker_name"]);
  await seen.send({ ...same, seeker_name: "さくら41", beside_0: "父" });
  assert.deepEqual(seen.at({ code: "name_refused", said: {} }), [], "it may be either");
  assert.deepEqual(seen.at({ code: "bad_field", said: { detail: "seeker_note: too long" } }), ["seeker_note"]);
  assert.deepEqual(seen.at({ code: "nothing_corrected", said: {} }), []);
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

const { isAlarming, isOutdated, isSaidElsewhere, noteKeyOf } = await import(new URL("history.js", JS));
const { awayWord } = await import(new URL("marks.js", JS));

test("a loss raises an alarm where nobody did it on purpose, and stepping out is told once, by one word", () => {
  const lost = (signal) => ({ name: "seat.lost", data: { seat: "seeker", signal } });
  assert.deepEqual(["media_silent", "signalling_lost", "page_closed", "page_closed,page_offline", "link_revoked", "stepped_out"].map((signal) => isAlarming(lost(signal))), [true, true, false, false, false, false]);
  assert.deepEqual(["stepped_out", "page_closed"].map((signal) => isSaidElsewhere(lost(signal))), [true, false]);
  assert.deepEqual(["stepped_out", "lost"].map(awayWord), ["here.stepped_out", "presence.lost"]);
});

test("who goes before the doors open has only closed the page: no alarm, and no word of a lost line", () => {
  const lost = (time) => ({ at: at(time), name: "seat.lost", data: { seat: "seeker", signal: "signalling_lost" } });
  const opensAt = Date.parse(at("09:50"));
  assert.deepEqual([isAlarming(lost("08:00"), opensAt), isAlarming(lost("09:55"), opensAt)], [false, true]);
  const [until, spans] = [Date.parse(at("10:30")), (time) => spansOf([lost(time)], Date.parse(at("10:30")), opensAt).seeker];
  assert.deepEqual([spans("08:00"), spans("09:55")], [[], [{ from: Date.parse(at("09:55")), to: until, isLost: true }]]);
});

test("what was done is said until something else has happened, not only until its own lines have come", () => {
  const told = Date.parse(at("10:00"));
  const after = (seconds) => ({ at: new Date(told + seconds * 1000).toISOString(), name: "session.moved", data: { to: "live" } });
  assert.deepEqual([[], [after(-60), after(1)], [after(1), after(40)]].map((events) => isOutdated(told, events)), [false, false, true]);
});

test("the reason of a change stands where the change is told: who took over, and the second later end", () => {
  const [first, second, over] = [{ name: "end.moved", version: 7 }, { name: "end.moved", version: 9 }, { name: "supporter.reassigned", version: 4 }];
  assert.deepEqual([first, second, over, { name: "seat.lost", version: 5 }].map((event) => noteKeyOf(event, [first, second])), ["extension-1", "extension-2", "reassigned-4", null]);
});

const { figuresOf } = await import(new URL("words.js", JS));
const { causesFor, changesOf } = await import(new URL("overruling.js", JS));

test("what a page measured is told in words, apart from what somebody wrote", () => {
  const { said, figures } = figuresOf("音が出ない\n[rtt 10 ms, missing 0 %, frozen 22 s, in 205 s]");
  assert.equal(said, "音が出ない");
  assert.equal(figures, "board.figures");
  assert.deepEqual(figuresOf("[in 3 s]").said, "");
  for (const text of ["[音が出ない]", "[rtt 10 ms] と出た", "in 3 s"]) assert.deepEqual(figuresOf(text), { said: text, figures: "" });
});

test("no cause is chosen before somebody chooses it, and what would change is what the server says", () => {
  assert.deepEqual(causesFor({ outcome: "stopped" }), ["", "seeker", "supporter"]);
  assert.deepEqual(causesFor({ outcome: "seeker_no_show" }), ["seeker"], "where there is only one there is nothing to choose");
  const verdicts = [{ outcome: "stopped", cause: "seeker", consequence: { quota: "used", strike: true, reschedule: false } }];
  const stopped = { outcome: "stopped", cause: "seeker" };
  const now = { quota: "restored", strike: false, reschedule: true };
  assert.equal(changesOf(stopped, verdicts, { consequence: now }), "board.overrule_changes");
  assert.equal(changesOf(stopped, verdicts, { consequence: verdicts[0].consequence }), "board.overrule_same");
  assert.equal(changesOf({ outcome: "stopped", cause: null }, verdicts, { consequence: now }), "");
  const booked = changesOf(stopped, verdicts, { consequence: now, reschedule: { state: "chosen" } });
  assert.ok(booked.includes("board.overrule_booked"), "what is booked stays");
});

test("a report of something that did not work raises no alarm in the history; what was stopped for, does", () => {
  const filed = (data) => isAlarming({ name: "incident.filed", at: "2026-11-24T10:00:00Z", data });
  assert.deepEqual([{ kind: "technical" }, { kind: "conduct" }, { kind: "technical", stops: true }].map(filed), [false, true, true]);
});
