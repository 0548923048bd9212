// The sessions of one day: who is at which counter, in which order, and which of them somebody looks for. No element, no clock.

import { ms } from "../clock.js";

export const PHASES = ["live", "waiting", "open", "interrupted", "scheduled", "ended"];

const names = new Intl.Collator("ja", { numeric: true });
const keyOf = (row) => row.supporter_person ?? row.supporter;
const PLACED = ["supporter_person", "supporter", "opens_at", "starts_at", "ends_at"]; // what decides where a session stands
const MOST_FOUND = 4;
const isOver = (row) => row.phase === "ended";
const byName = (one, two) => names.compare(one.name, two.name) || names.compare(one.key, two.key);
const byStart = (one, two) => ms(one.starts_at) - ms(two.starts_at) || names.compare(one.id, two.id);

export class Rows {
  #rows = new Map();
  #lanes = null; // Map: supporter -> {key, name, rows}, by name; rows by start
  #sorted = null; // all of them, as cards stand
  #counts = null;
  #found = new Map(); // what a filter lets through, until one of those changes
  #moves = 0;
  #people = []; // who has a counter as well, with a session or without

  get size() {
    return this.#rows.size;
  }

  // Another number when a session has come, has gone, or stands at another time or counter: everything else leaves the axis as it is.
  get moves() {
    return this.#moves;
  }

  // people: [{key, name}]; those who have nothing on this day stand below the others.
  know(people) {
    this.#people = people;
    this.#lanes = null;
    this.#found.clear();
  }

  get = (id) => this.#rows.get(id);
  all = () => this.#rows.values();

  // All rows of a day; what is not among them is gone.
  replace(rows) {
    const ids = new Set(rows.map((row) => row.id));
    for (const id of [...this.#rows.keys()]) if (!ids.has(id)) this.#rows.delete(id);
    this.#lanes = null;
    this.#sorted = null;
    this.#counts = null;
    this.#found.clear();
    this.#moves += 1;
    rows.forEach((row) => this.take(row));
  }

  // A version never goes backwards, whatever order the lines bring. What was known before; false: it is newer.
  take(row) {
    const known = this.#rows.get(row.id);
    if (known && known.version > row.version) return false;
    this.#rows.set(row.id, row);
    if (this.#counts && row.phase !== known?.phase) this.#count(row.phase, known?.phase);
    if (!known || PLACED.some((field) => known[field] !== row[field])) {
      this.#lanes = null;
      this.#sorted = null;
      this.#found.clear();
      this.#moves += 1;
    } else {
      this.#put(known, row);
    }
    return known ?? null;
  }

  // One row instead of another, where that one stood: of a thousand nothing is sorted again.
  #put(known, row) {
    const swap = (rows) => (rows[rows.indexOf(known)] = row);
    if (this.#lanes) swap(this.#lanes.get(keyOf(row)).rows);
    if (isOver(known) !== isOver(row)) this.#sorted = null;
    if (this.#sorted) swap(this.#sorted);
    for (const [key, { filter }] of this.#found) if (matches(known, filter) || matches(row, filter)) this.#found.delete(key);
  }

  #count(phase, before) {
    this.#counts[phase] = (this.#counts[phase] ?? 0) + 1;
    if (before) this.#counts[before] -= 1;
  }

  counts() {
    if (this.#counts === null) {
      this.#counts = {};
      for (const row of this.#rows.values()) this.#count(row.phase);
    }
    return this.#counts;
  }

  #all() {
    if (this.#lanes === null) {
      const found = new Map();
      for (const row of [...this.#rows.values()].sort(byStart)) {
        const key = keyOf(row);
        if (!found.has(key)) found.set(key, { key, rows: [] });
        const lane = found.get(key);
        lane.rows.push(row);
        lane.name = row.supporter;
      }
      const free = this.#people.filter(({ key }) => !found.has(key)).map((one) => ({ ...one, rows: [] }));
      this.#lanes = new Map([...[...found.values()].sort(byName), ...free.sort(byName)].map((lane) => [lane.key, lane]));
    }
    return this.#lanes;
  }

  // The counters that have something to show, with what they show.
  lanes(filter) {
    return this.#kept("lanes", filter, () => {
      const lanes = [...this.#all().values()];
      if (!isFiltered(filter)) return lanes;
      return lanes.map((lane) => ({ ...lane, rows: lane.rows.filter((row) => matches(row, filter)) })).filter((lane) => lane.rows.length);
    });
  }

  // What runs and what comes, by time; what is over sinks to the end, the latest first.
  list(filter) {
    return this.#kept("list", filter, () => {
      this.#sorted ??= [...this.#rows.values()].sort(inOrder);
      return this.#sorted.filter((row) => matches(row, filter));
    });
  }

  #kept(what, filter, find) {
    const key = `${what}|${filter.phase ?? ""}|${filter.words}`;
    if (!this.#found.has(key) && this.#found.size > MOST_FOUND) this.#found.clear(); // somebody is writing what to search for
    if (!this.#found.has(key)) this.#found.set(key, { filter, rows: find() });
    return this.#found.get(key).rows;
  }
}

function inOrder(one, two) {
  const over = isOver(one);
  if (over !== isOver(two)) return over ? 1 : -1;
  const byTime = ms(one.starts_at) - ms(two.starts_at);
  return (over ? -byTime : byTime) || names.compare(one.supporter, two.supporter) || names.compare(one.id, two.id);
}

const isFiltered = ({ phase, words }) => Boolean(phase) || words.trim() !== "";
const plain = (text) => text.normalize("NFKC").toLowerCase();
const texts = new WeakMap(); // row -> what is searched in it

function textOf(row) {
  if (!texts.has(row)) texts.set(row, plain([row.supporter, row.id, ...row.seats.map((seat) => seat.display_name)].join(" ")));
  return texts.get(row);
}

// filter: {phase, words}; every word is somewhere in the names of its people, or its id
export function matches(row, { phase, words }) {
  if (phase && row.phase !== phase) return false;
  if (!words.trim()) return true;
  const text = textOf(row);
  return plain(words).split(/\s+/).every((word) => text.includes(word));
}

// What a counter is about now: what runs, what waits, what comes next, what was last.
const RANK = { live: 0, interrupted: 0, waiting: 1, open: 2, scheduled: 3 };

export function leadOf(rows) {
  let lead = null;
  for (const row of rows) if (row.phase !== "ended" && (lead === null || RANK[row.phase] < RANK[lead.phase])) lead = row;
  return lead ?? rows.at(-1);
}

// The cutoff passes by a seeker who has sent word, where the counter is there: then the end is what comes. Where the office has the
// seats kept, that is what is waited for, and not a warning on the way to it.
export function comingOf(row) {
  if (row.kept_until && row.next?.reason !== "grace") return { reason: "hold", at: row.kept_until };
  const hasPassed = row.next?.reason === "cutoff" && row.notices.seeker && row.seats.some((seat) => seat.role === "supporter" && seat.presence !== "away");
  return hasPassed ? { reason: row.maintenance_at ? "maintenance" : "hard_end", at: row.maintenance_at ?? row.ends_at } : row.next;
}

const HOT_MS = 60000; // a deadline of absence or loss that is this near is shown in red
export const isHot = (coming, now) => ["cutoff", "grace", "hold"].includes(coming.reason) && ms(coming.at) - now < HOT_MS;
