// Time across the board: which hours, how wide, and which part of many is in view. No element, no clock.

import { ms } from "../clock.js";

const MINUTE = 60000;
const HOUR = 60 * MINUTE;
const BLOCK_PX = 66; // a usual session has room for a name
const NARROWEST = 2.2; // pixels a minute: half an hour in 66
const WIDEST = 12;
const LONGEST_H = 36;

// rows; day: {begins_at, ends_at, open} or null; now in milliseconds, null on another day; width of the lane in pixels
export function scaleOf(rows, { day = null, now = null, width = 0 }) {
  const open = (day?.open ?? []).map((one) => ({ from: ms(one.begins_at), to: ms(one.ends_at) }));
  const from = [...rows.map((row) => ms(row.opens_at)), ...open.map((one) => one.from)];
  const to = [...rows.map((row) => ms(row.ends_at)), ...open.map((one) => one.to)];
  if (now !== null) {
    from.push(now);
    to.push(now + 10 * MINUTE);
  }
  const least = from.reduce((one, two) => Math.min(one, two), from.length ? Infinity : ms(day?.begins_at) || 0);
  const most = to.reduce((one, two) => Math.max(one, two), to.length ? -Infinity : least + HOUR);
  const start = Math.floor(least / HOUR) * HOUR;
  const hours = Math.min(LONGEST_H, Math.max(1, Math.ceil((most - start) / HOUR)));
  const wide = width / (hours * 60);
  const perMinute = Math.max(wide, Math.min(WIDEST, Math.max(NARROWEST, BLOCK_PX / usual(rows))));
  return { start, hours, end: start + hours * HOUR, perMinute, width: Math.round(hours * 60 * perMinute), closed: closedIn(open, start, start + hours * HOUR) };
}

export const xOf = (scale, at) => ((at - scale.start) / MINUTE) * scale.perMinute;
export const atOf = (scale, x) => scale.start + (x / scale.perMinute) * MINUTE;
export const pxOf = (scale, span) => (span / MINUTE) * scale.perMinute;

// The length of a usual session, in minutes.
function usual(rows) {
  if (!rows.length) return 30;
  const lengths = rows.map((row) => ms(row.ends_at) - ms(row.starts_at)).sort((one, two) => one - two);
  return lengths[Math.floor(lengths.length / 2)] / MINUTE;
}

// The hours in which nobody is received; none are known where no opening is.
function closedIn(open, start, end) {
  const closed = [];
  let at = start;
  for (const { from, to } of open) {
    if (from > at) closed.push({ from: at, to: from });
    at = Math.max(at, to);
  }
  if (open.length && at < end) closed.push({ from: at, to: end });
  return closed;
}

const SPARE = 4; // rows beyond each edge, so that a scroll finds them drawn

// Of `count` things of one height, in rows of `columns`: from which to which are in view.
export function inView({ top, height, size, count, columns = 1 }) {
  const first = Math.max(0, Math.floor(top / size) - SPARE) * columns;
  const last = Math.min(count, (Math.ceil((top + height) / size) + SPARE) * columns);
  return [Math.min(first, count), Math.max(last, 0)];
}
