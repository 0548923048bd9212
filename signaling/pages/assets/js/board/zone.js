// Between a moment and what stands in a field for date and time: always the office's zone, never the device's.

import { wallClock } from "../clock.js";

const HALF_HOUR = 1800000;

// For `datetime-local`; the seconds fall away.
export const fieldOf = (at, zone) => new Date(wallClock(at, zone)).toISOString().slice(0, 16);

// What somebody wrote into it, as RFC 3339; null for what is no moment. A time that the clock skips is taken an hour on.
export function momentOf(text, zone) {
  const wanted = Date.parse(`${text}Z`);
  if (Number.isNaN(wanted)) return null;
  const shiftAt = (at) => wallClock(at, zone) - at;
  const guess = wanted - shiftAt(wanted);
  return new Date(wanted - shiftAt(guess)).toISOString();
}

// The next half hour: what a field begins with.
export const soon = (now) => Math.ceil(now / HALF_HOUR) * HALF_HOUR;
