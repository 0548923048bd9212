// For whom somebody waits while the cutoff comes nearer: what a telephone call may still mend. No element, no clock.

import { ms } from "../clock.js";
import { comingOf } from "./rows.js";

// From which part of the time between start and cutoff on it is for the office to know: many come a minute late. A counter
// that is empty is the office's own matter, and is told as early as a supporter counts as late (two minutes of ten).
const FROM = { seeker: 0.5, supporter: 0.2 };

// {row, role, at: the cutoff in milliseconds}; null: nobody is missing here, or it is too early to say so
export function missingIn(row, now) {
  if (row.phase !== "waiting" || row.medium === "phone") return null;
  const coming = comingOf(row);
  if (coming?.reason !== "cutoff") return null;
  const [starts, at] = [ms(row.starts_at), ms(coming.at)];
  const away = ["seeker", "supporter"].filter((role) => row.seats.some((seat) => seat.role === role && seat.presence === "away"));
  if (away.length !== 1) return null;
  const [role] = away;
  const { since } = row.seats.find((seat) => seat.role === role);
  // Who was there after the start and went has a grace, and another verdict: that is no absence.
  const hasBeen = Boolean(since) && ms(since) >= starts;
  if (hasBeen || row.notices[role] || now < starts + (at - starts) * FROM[role]) return null;
  return { row, role, at };
}

// The nearest cutoff first.
export function missingOf(rows, now) {
  const found = [];
  for (const row of rows) {
    const missing = missingIn(row, now);
    if (missing) found.push(missing);
  }
  return found.sort((one, two) => one.at - two.at);
}
