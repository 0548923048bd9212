// Between a moment and what stands in a field for date and time: always the office's zone, never the device's.

const PARTS = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const HALF_HOUR = 1800000;

function partsIn(at, zone) {
  const parts = Object.fromEntries(new Intl.DateTimeFormat("en-CA", { timeZone: zone, ...PARTS }).formatToParts(at).map((part) => [part.type, part.value]));
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

// For `datetime-local`; the seconds fall away.
export const fieldOf = (at, zone) => partsIn(at, zone);

// What somebody wrote into it, as RFC 3339; null for what is no moment. A time that the clock skips is taken an hour on.
export function momentOf(text, zone) {
  const wanted = Date.parse(`${text}Z`);
  if (Number.isNaN(wanted)) return null;
  const shiftAt = (at) => Date.parse(`${partsIn(at, zone)}Z`) - Math.floor(at / 60000) * 60000;
  const guess = wanted - shiftAt(wanted);
  return new Date(wanted - shiftAt(guess)).toISOString();
}

// The next half hour: what a field begins with.
export const soon = (now) => Math.ceil(now / HALF_HOUR) * HALF_HOUR;
