// The server's clock counts. The page keeps the offset, and writes times in the programme's zone.

const SAMPLES = 12;

export class ServerClock {
  #samples = [];

  // A message that was late makes the offset look smaller; so the largest of the last minute is the nearest.
  observe(serverTime) {
    this.#samples.push(Date.parse(serverTime) - performance.now());
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  // After sleep or a new connection the old samples say nothing.
  forget() {
    this.#samples = [];
  }

  now() {
    return this.#samples.length ? Math.max(...this.#samples) + performance.now() : Date.now();
  }
}

export const ms = (moment) => (moment ? Date.parse(moment) : null);

// 125000 -> "2:05"; the last second shows 0:01, zero is over.
export function countdown(leftMs) {
  const total = Math.max(0, Math.ceil(leftMs / 1000));
  const pad = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  return hours ? `${hours}:${pad(minutes)}:${pad(total % 60)}` : `${minutes}:${pad(total % 60)}`;
}

const QUARTER = 900000;
const clocks = new Map(); // zone -> its format, and how far it is ahead of UTC in each quarter of an hour that was asked for
const PARTS = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };

// What a zone's clock shows at a moment, as if it were UTC. Making a format is slow on a phone: so there is one for a
// zone, and none changes its clock now but at a quarter of an hour.
export function wallClock(at, zone) {
  if (!clocks.has(zone)) clocks.set(zone, { format: new Intl.DateTimeFormat("en-CA", { timeZone: zone, ...PARTS }), ahead: new Map() });
  const { format, ahead } = clocks.get(zone);
  const quarter = Math.floor(at / QUARTER) * QUARTER;
  if (!ahead.has(quarter)) {
    const { year, month, day, hour, minute, second } = Object.fromEntries(format.formatToParts(quarter).map((part) => [part.type, part.value]));
    ahead.set(quarter, Date.parse(`${year.padStart(4, "0")}-${month}-${day}T${hour}:${minute}:${second}Z`) - quarter);
  }
  return at + ahead.get(quarter);
}

// "2026-11-24T06:00:05.000Z" of the zone's clock; what is shown of it begins at the day, the hour...
const shown = (wall, from, to) => new Date(wall).toISOString().slice(from, to);
export const dateOf = (at, zone) => shown(wallClock(at, zone), 0, 10);

const hereClock = (at) => at - new Date(at).getTimezoneOffset() * 60000;

const formats = new Map();

function format(language, zone, options) {
  const key = `${language}|${zone}|${JSON.stringify(options)}`;
  if (!formats.has(key)) {
    formats.set(key, new Intl.DateTimeFormat(language === "ja" ? "ja-JP" : "en-GB", { timeZone: zone, ...options }));
  }
  return formats.get(key);
}

// For one language and zone; every moment as milliseconds. It costs nothing before it is used.
export function writer(language, zone) {
  const hm = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const day =
    language === "ja"
      ? { month: "long", day: "numeric", weekday: "short" }
      : { weekday: "short", day: "numeric", month: "short" };
  const dayOf = (wall) => format(language, "UTC", day).format(wall).replace("(", "（").replace(")", "）");
  const there = (at) => wallClock(at, zone);
  const exact = (at) => shown(there(at), 11, 19);
  const time = (at) => shown(there(at), 11, 16);
  return {
    time,
    exact,
    // A policy moment is told to the second when it does not lie on a minute.
    moment: (at) => (at % 60000 ? exact(at) : time(at)),
    day: (at) => dayOf(there(at)),
    stamp: (at) => format(language, "UTC", { month: "numeric", day: "numeric", ...hm }).format(there(at)),
    // What the zone is called where the device's clock says another time at that moment; "" where both say the same.
    elsewhere: (at) => (there(at) === hereClock(at) ? "" : nameOf(language, zone, at)),
    // The moment by the device's own clock: "Tue, 24 Nov, 06:00".
    here: (at) => `${dayOf(hereClock(at))} ${shown(hereClock(at), 11, 16)}`,
    hour: (at) => new Date(there(at)).getUTCHours(),
  };
}

const nameOf = (language, zone, at) => format(language, zone, { timeZoneName: "long" }).formatToParts(at).find((part) => part.type === "timeZoneName")?.value ?? zone;
