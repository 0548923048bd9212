// The sessions of one day: who is at which counter, in which order, and which of them somebody looks for. No element, no clock.

import { ms } from "../clock.js";

export const PHASES = ["live", "waiting", "open", "interrupted", "scheduled", "ended"];

const names = new Intl.Collator("ja", { numeric: true });
const keyOf = (row) => row.supporter_person ?? row.supporter;
const byStart = (one, two) => ms(one.starts_at) - ms(two.starts_at) || names.compare(one.id, two.id);

export class Rows {
  #rows = new Map();
  #lanes = null; // Map: supporter -> {key, name, rows}, by name; rows by start
  #counts = null;
  #cache = new Map(); // what a filter lets through, until something changes

  get size() {
    return this.#rows.size;
  }

  get = (id) => this.#rows.get(id);
  all = () => this.#rows.values();

  // All rows of a day; what is not among them is gone.
  replace(rows) {
    const ids = new Set(rows.map((row) => row.id));
    for (const id of [...this.#rows.keys()]) if (!ids.has(id)) this.#rows.delete(id);
    this.#forget();
    rows.forEach((row) => this.take(row));
  }

  // A version never goes backwards, whatever order the lines bring. What was known before; false: it is newer.
  take(row) {
    const known = this.#rows.get(row.id);
    if (known && known.version > row.version) return false;
    this.#rows.set(row.id, row);
    this.#cache.clear();
    if (this.#counts && row.phase !== known?.phase) this.#count(row.phase, known?.phase);
    const isMoved = !known || keyOf(known) !== keyOf(row) || known.starts_at !== row.starts_at || known.supporter !== row.supporter;
    if (isMoved) this.#lanes = null;
    else if (this.#lanes) this.#put(row);
    return known ?? null;
  }

  #put(row) {
    const lane = this.#lanes.get(keyOf(row));
    lane.rows[lane.rows.findIndex((one) => one.id === row.id)] = row;
  }

  #forget() {
    this.#lanes = null;
    this.#counts = null;
    this.#cache.clear();
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
      const inOrder = [...found.values()].sort((one, two) => names.compare(one.name, two.name) || names.compare(one.key, two.key));
      this.#lanes = new Map(inOrder.map((lane) => [lane.key, lane]));
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
    return this.#kept("list", filter, () => [...this.#rows.values()].filter((row) => matches(row, filter)).sort(inOrder));
  }

  #kept(what, filter, find) {
    const key = `${what}|${filter.phase ?? ""}|${filter.words}`;
    if (!this.#cache.has(key)) this.#cache.set(key, find());
    return this.#cache.get(key);
  }
}

function inOrder(one, two) {
  const [over, otherOver] = [one.phase === "ended", two.phase === "ended"];
  if (over !== otherOver) return over ? 1 : -1;
  const byTime = ms(one.starts_at) - ms(two.starts_at);
  return (over ? -byTime : byTime) || names.compare(one.supporter, two.supporter) || names.compare(one.id, two.id);
}

const isFiltered = ({ phase, words }) => Boolean(phase) || words.trim() !== "";
const plain = (text) => text.normalize("NFKC").toLowerCase();

// filter: {phase, words}; every word is somewhere in the names of its people, or its id
export function matches(row, { phase, words }) {
  if (phase && row.phase !== phase) return false;
  if (!words.trim()) return true;
  const text = plain([row.supporter, row.id, ...row.seats.map((seat) => seat.display_name)].join(" "));
  return plain(words).split(/\s+/).every((word) => text.includes(word));
}

// What a counter is about now: what runs, what waits, what comes next, what was last.
const RANK = { live: 0, interrupted: 0, waiting: 1, open: 2, scheduled: 3 };

export function leadOf(rows) {
  let lead = null;
  for (const row of rows) if (row.phase !== "ended" && (lead === null || RANK[row.phase] < RANK[lead.phase])) lead = row;
  return lead ?? rows.at(-1);
}

// The cutoff passes by a seeker who has sent word, where the counter is there: then the end is what comes.
export function comingOf(row) {
  const hasPassed = row.next?.reason === "cutoff" && row.notices.seeker && row.seats.some((seat) => seat.role === "supporter" && seat.presence !== "away");
  return hasPassed ? { reason: row.maintenance_at ? "maintenance" : "hard_end", at: row.maintenance_at ?? row.ends_at } : row.next;
}

const HOT_MS = 60000; // a deadline of absence or loss that is this near is shown in red
export const isHot = (coming, now) => ["cutoff", "grace", "hold"].includes(coming.reason) && ms(coming.at) - now < HOT_MS;
