// What a form for a new session asks for, where a refusal belongs on it, and who is waited for in vain; without a page.

import assert from "node:assert/strict";
import test from "node:test";

const JS = new URL("../../../../signaling/pages/assets/js/board/", import.meta.url);
const { clashOf, colleagues, drawKey, hoursOf, isInside, isNewName, isOnTheDay, NEW, opensOn, placesOf, titlesOf, wishOf } = await import(new URL("wish.js", JS));
const { missingIn, missingOf } = await import(new URL("awaited.js", JS));
const { atOf, scaleOf, xOf } = await import(new URL("scale.js", JS));

const STAFF = [{ person: "p_1", name: "tanaka", display_name: "あおぞら", role: "supporter" }, { person: "p_9", name: "yamada", display_name: "山田", role: "scheduler" }];
const SAKAI = { name: "sakai", length_minutes: [60, 30], booked_by: "day_before", companions: 2, observer: true };
const FILLED = { programme: "sakai", supporter: "p_1", added: null, starts_at: "2031-01-15T01:30:00.000Z", exception: null, length: "30", medium: "video", seeker_name: "さくら14", seeker_mail: null, seeker_language: null, seeker_telephone: null, seeker_reference: null, seeker_note: null, seeker_real_name: null, companions: null, companions_beside: null, observer: null };
const SENT = { programme: "sakai", starts_at: FILLED.starts_at, seeker_name: "さくら14", supporter: "tanaka", length_minutes: 30, medium: "video" };

test("what is empty is not sent, and people go by the names that the office gave them", () => {
  assert.deepEqual(wishOf(FILLED, SAKAI, STAFF), SENT);
  assert.deepEqual(wishOf({ ...FILLED, supporter: NEW, added: "suzuki", observer: "p_9" }, SAKAI, STAFF), { ...SENT, supporter: "suzuki", observer: "yamada" });
});

test("a name that nobody of the office has is asked about; those who share a display name are told apart", () => {
  assert.deepEqual([null, "suzuki", "tanaka"].map((added) => isNewName({ ...FILLED, added }, STAFF)), [false, true, false]);
  const two = [...STAFF, { ...STAFF[0], person: "p_2", name: "sato" }];
  assert.deepEqual(colleagues(two, "supporter").map((one) => one.word), ["あおぞら (tanaka)", "あおぞら (sato)"]);
  assert.deepEqual(colleagues(STAFF, "supporter"), [{ value: "p_1", word: "あおぞら" }]);
});

test("companions are names with a comma between them, in either writing", () => {
  const { companions, companions_beside: beside } = wishOf({ ...FILLED, companions: "母、 通訳", companions_beside: "Aoi, Ren,," }, SAKAI, STAFF);
  assert.deepEqual([companions, beside], [["母", "通訳"], ["Aoi", "Ren"]]);
});

test("the language of messages is not sent where there are none", () => {
  assert.equal("seeker_language" in wishOf({ ...FILLED, seeker_language: "en" }, SAKAI, STAFF), false);
  assert.equal(wishOf({ ...FILLED, seeker_mail: "a@example.org", seeker_language: "en" }, SAKAI, STAFF).seeker_language, "en");
});

test("a refusal stands beside what it is about, and over the buttons where that is not known", () => {
  const at = (code, values = FILLED, detail = "") => placesOf({ code, said: { detail } }, values);
  assert.deepEqual(at("slot_taken"), ["starts_at"]);
  assert.deepEqual(at("too_late_to_book"), ["exception"]);
  assert.deepEqual(at("name_refused"), ["seeker_name"]);
  assert.deepEqual(at("name_refused", { ...FILLED, companions: "母" }), []);
  assert.deepEqual(at("suspended"), []);
  assert.deepEqual(at("bad_field", FILLED, "seeker_mail: Value error, no address; length_minutes: too long; companions.1: too short; supporter: empty"), ["seeker_mail", "length", "companions", "added"]);
});

test("for the same day a reason is asked for where the programme wants it the day before", () => {
  assert.equal(isOnTheDay(SAKAI, "2031-01-15", "2031-01-15"), true);
  assert.equal(isOnTheDay(SAKAI, "2031-01-16", "2031-01-15"), false);
  assert.equal(isOnTheDay({ ...SAKAI, booked_by: "any" }, "2031-01-15", "2031-01-15"), false);
});

test("when a programme receives people is said in a line, and not where it always does", () => {
  const dayName = (n) => "月火水木金土日"[n];
  const week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
  const on = (days, opens, closes) => ({ days, opens, closes });
  assert.equal(hoursOf([on(week.slice(0, 5), "10:00", "12:00"), on(["sun", "sat"], "09:00", "12:00"), on(week.slice(0, 5), "14:00", "16:30")], dayName, "、"), "月–金 10:00–12:00、14:00–16:30 / 土、日 09:00–12:00");
  assert.equal(hoursOf([on(["mon", "wed", "fri"], "10:00", "12:00")], dayName, "、"), "月、水、金 10:00–12:00");
  assert.equal(hoursOf([on(week, "00:00", "24:00")], dayName, "、"), "");
});

test("what a supporter has already is seen where the board knows the day", () => {
  const moment = (time) => Date.parse(`2031-01-15T${time}:00.000Z`);
  const one = (id, from, to, more = {}) => ({ id, supporter_person: "p_1", phase: "scheduled", starts_at: `2031-01-15T${from}:00.000Z`, ends_at: `2031-01-15T${to}:00.000Z`, ...more });
  const rows = [one("a", "10:00", "10:30"), one("b", "11:00", "11:30", { phase: "ended" }), one("c", "12:00", "12:30", { supporter_person: "p_2" })];
  const clash = (from, to) => clashOf(rows, "p_1", moment(from), moment(to))?.id ?? null;
  assert.deepEqual([clash("10:15", "10:45"), clash("10:30", "11:00"), clash("11:00", "11:30"), clash("12:00", "12:30")], ["a", null, null, null]);
});

test("each form has a key of its own, which the server takes", () => {
  assert.match(drawKey(), /^[0-9a-f]{32}$/);
  assert.notEqual(drawKey(), drawKey());
});

test("a place on the line of time is the moment that stands there", () => {
  const scale = scaleOf([], { day: { begins_at: "2031-01-15T00:00:00Z", open: [{ begins_at: "2031-01-15T00:00:00Z", ends_at: "2031-01-15T08:00:00Z" }] }, width: 900 });
  const moment = Date.parse("2031-01-15T02:45:00Z");
  assert.equal(Math.round(atOf(scale, xOf(scale, moment)) / 1000), moment / 1000);
});

// ---- who is waited for -------------------------------------------------------------------------------

const at = (time) => `2031-01-15T${time}.000Z`;
const now = (time) => Date.parse(at(time));

function waiting(id, seeker = {}, supporter = {}, changes = {}) {
  const seat = (role, presence, more) => ({ role, seat: role, presence, since: null, display_name: role, ...more });
  const seats = [seat("seeker", "away", seeker), seat("supporter", "lobby", supporter)];
  return { id, phase: "waiting", medium: "video", starts_at: at("10:00:00"), ends_at: at("10:30:00"), seats, notices: { seeker: null, supporter: null }, next: { reason: "cutoff", at: at("10:10:00") }, maintenance_at: null, ...changes };
}

test("a seeker who does not come is told of from half-way to the cutoff on, and not before", () => {
  const row = waiting("a");
  assert.equal(missingIn(row, now("10:04:59")), null);
  const { role, at: cutoff } = missingIn(row, now("10:05:00"));
  assert.deepEqual([role, cutoff], ["seeker", now("10:10:00")]);
});

test("a supporter who does not come is told of as soon as that counts as late", () => {
  const row = waiting("a", { presence: "lobby" }, { presence: "away" });
  assert.equal(missingIn(row, now("10:01:59")), null);
  assert.equal(missingIn(row, now("10:02:00")).role, "supporter");
});

for (const [what, row] of [
  ["the seeker is at the door", waiting("a", { presence: "at_door" })],
  ["nobody is there at all", waiting("a", {}, { presence: "away" })],
  ["the seeker has sent word", waiting("a", {}, {}, { notices: { seeker: { at: at("10:01:00"), until: at("10:30:00") }, supporter: null } })],
  ["the supporter has sent word", waiting("a", { presence: "lobby" }, { presence: "away" }, { notices: { seeker: null, supporter: { at: at("10:01:00"), until: at("10:12:00") } } })],
  ["the seeker was there and went, which is another matter", waiting("a", { since: at("10:03:00") })],
  ["it is by telephone", waiting("a", {}, {}, { medium: "phone" })],
  ["it runs", waiting("a", {}, {}, { phase: "live" })],
  ["it is over", waiting("a", {}, {}, { phase: "ended", next: null })],
]) {
  test(`nobody is missing where ${what}`, () => assert.equal(missingIn(row, now("10:09:00")), null));
}

test("who looked in before the start and has not come since is missing", () => {
  assert.equal(missingIn(waiting("a", { since: at("09:55:00") }), now("10:06:00")).role, "seeker");
});

test("the nearest cutoff stands first", () => {
  const later = waiting("later", {}, {}, { next: { reason: "cutoff", at: at("10:11:00") } });
  assert.deepEqual(missingOf([later, waiting("soon")], now("10:08:00")).map(({ row }) => row.id), ["soon", "later"]);
});

// ---- a day to come -----------------------------------------------------------------------------------

test("a start is outside where no opening of its weekday holds the whole slot; openings that touch are one", () => {
  const on = (days, opens, closes) => ({ days, opens, closes });
  const windows = [on(["wed"], "14:00", "16:30"), on(["wed"], "10:00", "12:00"), on(["wed"], "12:00", "13:00"), on(["thu"], "20:00", "24:00")];
  const inside = (local, minutes = 60) => isInside(windows, local, minutes); // 2031-01-15 is a Wednesday
  assert.deepEqual(["09:59", "10:00", "11:30", "12:01", "15:30", "15:31"].map((time) => inside(`2031-01-15T${time}`)), [false, true, true, false, true, false]);
  assert.deepEqual([inside("2031-01-16T10:00"), inside("2031-01-16T23:30"), inside("2031-01-17T10:00")], [false, true, false]);
});

test("a day to come begins with its opening, and where it never closes nobody guesses", () => {
  const day = (...open) => ({ begins_at: "2031-01-14T15:00:00Z", open: open.map((begins_at) => ({ begins_at })) });
  assert.equal(opensOn(day("2031-01-15T01:00:00Z")), Date.parse("2031-01-15T01:00:00Z"));
  assert.equal(opensOn(day("2031-01-14T15:00:00Z")), null);
  assert.equal(opensOn(day()), null);
});

test("services of one title are told apart by their offices, and by their names where one office has both", () => {
  const one = (name, title, office) => ({ name, title, office });
  const titles = (...all) => [...titlesOf(all, (words) => words, (title, more) => `${title} (${more})`).values()];
  assert.deepEqual(titles(one("a", "相談", "北"), one("b", "面談", "北")), ["相談", "面談"]);
  assert.deepEqual(titles(one("a", "相談", "北"), one("b", "相談", "南")), ["相談 (北)", "相談 (南)"]);
  assert.deepEqual(titles(one("a", "相談", "北"), one("b", "相談", "北")), ["相談 (a)", "相談 (b)"]);
});
