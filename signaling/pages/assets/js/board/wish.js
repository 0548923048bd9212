// What a new session is asked for, as the API wants it, and where on the form a refusal belongs. No element, no clock.

import { ms } from "../clock.js";

export const NEW = "new"; // a supporter whom the office does not know yet; people's ids begin with p_

// Everybody of the office whom the API knows in that role, as a field offers them: who shares a name has the registered one beside it.
export function colleagues(staff, role) {
  const people = staff.filter((one) => one.role === role);
  const word = (one) => (people.some((other) => other !== one && other.display_name === one.display_name) ? `${one.display_name} (${one.name})` : one.display_name);
  return people.map((one) => ({ value: one.person, word: word(one) }));
}

// A name that nobody has would be registered at once: then the form asks first.
export const isNewName = (values, staff) => values.added !== null && !staff.some((one) => one.name === values.added);

const BODY = { length_minutes: "length" }; // what the form calls otherwise than the API
const PLACES = {
  in_the_past: "starts_at",
  outside_window: "starts_at",
  holiday: "starts_at",
  maintenance: "starts_at",
  slot_taken: "starts_at",
  too_late_to_book: "exception",
  length_not_allowed: "length",
  not_a_supporter: "added",
  companions_not_allowed: "companions",
  observer_not_allowed: "observer",
  observer_unknown: "observer",
};

const names = (text) => (text ?? "").split(/[、,，]/).map((one) => one.trim()).filter(Boolean);

// values: of the form, null where a field is empty or not shown; staff: of the API
export function wishOf(values, programme, staff) {
  const nameOf = (person) => staff.find((one) => one.person === person)?.name ?? null;
  const wish = {
    programme: programme.name,
    starts_at: values.starts_at,
    seeker_name: values.seeker_name,
    supporter: nameOf(values.supporter) ?? values.added,
    length_minutes: values.length ? Number(values.length) : null,
    medium: values.medium,
    exception: values.exception,
    seeker_mail: values.seeker_mail,
    seeker_language: values.seeker_mail && values.seeker_language,
    seeker_telephone: values.seeker_telephone,
    seeker_reference: values.seeker_reference,
    seeker_note: values.seeker_note,
    seeker_real_name: values.seeker_real_name,
    companions: names(values.companions),
    companions_beside: names(values.companions_beside),
    observer: nameOf(values.observer),
  };
  return Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== null && value?.length !== 0));
}

// Names of fields; none: it stands over the buttons. Of a body that is wrong the server names every field.
export function placesOf({ code, said }, values) {
  if (code === "bad_field") return [...(said.detail ?? "").matchAll(/(?:^|; )([a-z_]+)(?:\.\d+)?: /g)].map(([, field]) => BODY[field] ?? (field === "supporter" ? "added" : field));
  const isOneName = !values.added && !values.companions && !values.companions_beside; // else it may be another name that is meant
  if (code === "name_refused") return isOneName ? ["seeker_name"] : [];
  return PLACES[code] ? [PLACES[code]] : [];
}

const WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

// When a programme receives people: "Mon–Fri 10:00–12:00, 14:00–16:30 / Sat 10:00–12:00"; "" where it always does.
// dayName(n): of the n-th day after Monday; and: what stands between two of a list
export function hoursOf(windows, dayName, and) {
  const groups = new Map();
  for (const { days, opens, closes } of windows) {
    const key = days.map((day) => WEEK.indexOf(day)).sort().join("");
    groups.set(key, [...(groups.get(key) ?? []), `${opens}–${closes}`]);
  }
  if (groups.get("0123456")?.includes("00:00–24:00")) return "";
  const daysOf = (key) => {
    const [first, last] = [Number(key[0]), Number(key.at(-1))];
    const isRun = key.length > 2 && last - first === key.length - 1;
    return isRun ? `${dayName(first)}–${dayName(last)}` : [...key].map((day) => dayName(Number(day))).join(and);
  };
  return [...groups].map(([key, times]) => `${daysOf(key)} ${times.join(and)}`).join(" / ");
}

const minuteOf = (clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));

// Whether a slot lies within an opening, by the weekday alone: holidays are the server's business. local: of a field, "2031-01-15T10:30"
export function isInside(windows, local, minutes) {
  const day = WEEK[(new Date(`${local.slice(0, 10)}T00:00Z`).getUTCDay() + 6) % 7];
  const from = minuteOf(local.slice(11));
  const openings = windows.filter(({ days }) => days.includes(day)).map((one) => ({ from: minuteOf(one.opens), to: minuteOf(one.closes) }));
  const joined = [];
  for (const one of openings.sort((before, after) => before.from - after.from)) {
    const last = joined.at(-1);
    if (last && one.from <= last.to) last.to = Math.max(last.to, one.to);
    else joined.push(one);
  }
  return joined.some((one) => one.from <= from && from < one.to && (from + minutes <= one.to || one.to === 1440)); // past midnight it may go on
}

// When a day to come opens; null where it is closed, and where it never closes: midnight is nobody's wish.
export function opensOn(day) {
  const first = ms(day.open[0]?.begins_at);
  return first !== null && first > ms(day.begins_at) ? first : null;
}

// Name of a programme to its title; what two call alike is told apart by who holds it, or else by their names. with(title, more)
export function titlesOf(programmes, pick, withMore) {
  const titles = new Map();
  for (const one of programmes) {
    const alike = programmes.filter((other) => other !== one && pick(other.title) === pick(one.title));
    const isOfOne = alike.some((other) => pick(other.office) === pick(one.office));
    titles.set(one.name, alike.length ? withMore(pick(one.title), isOfOne ? one.name : pick(one.office)) : pick(one.title));
  }
  return titles;
}

// What a supporter has in that time already, of the days that the board knows; null is no promise.
export function clashOf(rows, person, from, to) {
  for (const row of rows) if (row.supporter_person === person && row.phase !== "ended" && ms(row.starts_at) < to && from < ms(row.ends_at)) return row;
  return null;
}

// A programme that wants it confirmed the day before: dates as YYYY-MM-DD.
export const isOnTheDay = (programme, date, today) => programme.booked_by === "day_before" && Boolean(date) && date <= today;

// A double press, or one more after an answer that got lost, books once.
export const drawKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
