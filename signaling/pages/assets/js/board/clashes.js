// Whether a counsellor has something at a time that is being written into a form. Today and the shown day the board knows; any
// other day is read once a form, and what is not read yet is no promise.

import { NEW, clashOf } from "./wish.js";
import { fieldOf } from "./zone.js";

const AHEAD_MS = 400 * 86400000; // a year that is half written is no day to ask for

// found(): a day has come, and the answer may be another one now
export function createClashes(app, found) {
  const days = new Map();

  async function read(date) {
    days.set(date, []);
    try {
      days.set(date, (await app.api.get(`/days/${date}`)).sessions);
      found();
    } catch {
      // no answer, no hint: the server refuses a slot that is taken
    }
  }

  return (person, from, to) => {
    if (!person || person === NEW || !from) return null;
    const date = fieldOf(from, app.zone).slice(0, 10);
    const isKnown = date === fieldOf(app.now(), app.zone).slice(0, 10) || date === app.shown.key;
    if (!isKnown && !days.has(date) && from > app.now() && from < app.now() + AHEAD_MS) read(date);
    return clashOf([...app.shown.rows.all(), ...app.rows(), ...(days.get(date) ?? [])], person, from, to);
  };
}
