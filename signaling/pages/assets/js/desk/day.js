// The day of one counter as it stands beside the line: sessions, what is free between them, now. Pure.

import { ms } from "../clock.js";

const SHORTEST_GAP_MS = 300000; // less than that is a breath, and nothing to book

const presenceOf = (row, role) => row.seats.find((seat) => seat.role === role)?.presence ?? "away";
export const seekerOf = (row) => row.seats.find((seat) => seat.role === "seeker");
export const isOver = (row) => row.phase === "ended";
export const isRunning = (row) => ["live", "interrupted"].includes(row.phase);

// The seeker is there, the supporter is not.
export const isWaitedFor = (row) => ["open", "waiting"].includes(row.phase) && presenceOf(row, "seeker") !== "away" && presenceOf(row, "supporter") === "away";

// The way into the room: {words, elsewhere}, keys of the catalogue. Whoever is there already has the room open on another page,
// and a second one takes the seat from it; on the first way in, terms and devices come before the counter.
export function wayIn(row) {
  const own = row.seats.find((seat) => seat.role === "supporter");
  const isThere = !isOver(row) && own.presence !== "away";
  if (isThere) return { words: "today.enter_again", elsewhere: `today.elsewhere.${own.presence}` };
  return { words: own.has_joined ? "today.enter" : "today.prepare", elsewhere: null };
}

export const byTime = (rows) => [...rows].sort((one, two) => ms(one.starts_at) - ms(two.starts_at) || (one.id < two.id ? -1 : 1));

// What a supporter has to do with now: what runs, else what comes next, else what was last. Null: nothing today.
export function leadOf(rows) {
  const inOrder = byTime(rows);
  return inOrder.find(isRunning) ?? inOrder.find((row) => !isOver(row)) ?? inOrder.at(-1) ?? null;
}

// What the middle says of a session: "now", "next", "later", "over".
export function stepOf(row, lead) {
  if (isOver(row)) return "over";
  if (isRunning(row)) return "now";
  return row.id === lead?.id ? "next" : "later";
}

// hours: [{begins_at, ends_at}] of this counter today
// -> [{kind: "session", row, isNow} | {kind: "free" | "closed", from, to} | {kind: "now", at}]; isNow: now lies in it
export function itemsOf(rows, hours, now) {
  const inOrder = byTime(rows);
  const open = hours.map((one) => [ms(one.begins_at), ms(one.ends_at)]).sort((one, two) => one[0] - two[0]);
  const items = [];
  const begins = Math.min(...open.map(([from]) => from), ...inOrder.map((row) => ms(row.starts_at)));
  const ends = Math.max(...open.map(([, to]) => to), ...inOrder.map((row) => ms(row.ends_at)));
  let at = begins;
  for (const row of inOrder) {
    items.push(...gaps(at, ms(row.starts_at), open));
    items.push({ kind: "session", row });
    at = Math.max(at, isOver(row) && row.ended_at ? Math.min(ms(row.ended_at), ms(row.ends_at)) : ms(row.ends_at), ms(row.starts_at));
  }
  items.push(...gaps(at, ends, open));
  return withNow(items, now);
}

// Between two moments: free while the counter receives people, closed in between.
function gaps(from, to, open) {
  const found = [];
  const add = (kind, begins, ends) => ends - begins >= SHORTEST_GAP_MS && found.push({ kind, from: begins, to: ends });
  let at = from;
  for (const [opens, closes] of open) {
    const [begins, ends] = [Math.max(opens, from), Math.min(closes, to)];
    if (begins >= ends) continue;
    add("closed", at, begins);
    add("free", begins, ends);
    at = ends;
  }
  if (open.length && at < to) add("closed", at, to);
  return found;
}

// How much of a session has gone by, 0 to 1; null before it, after it, and once it is over.
export function shareOf(row, now) {
  const [from, to] = [ms(row.starts_at), ms(row.ends_at)];
  return isOver(row) || now < from || now >= to ? null : (now - from) / (to - from);
}

const startOf = (item) => (item.kind === "session" ? ms(item.row.starts_at) : item.from);

// Inside the session that it falls into, else before what comes next.
function withNow(items, now) {
  const inside = items.findIndex((item) => item.kind === "session" && shareOf(item.row, now) !== null);
  if (inside !== -1) return items.map((item, at) => (at === inside ? { ...item, isNow: true } : item));
  const next = items.findIndex((item) => startOf(item) > now);
  const index = next === -1 ? items.length : next;
  return [...items.slice(0, index), { kind: "now", at: now }, ...items.slice(index)];
}
