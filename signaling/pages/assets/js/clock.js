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

const formats = new Map();
const WHOLE = { year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

function format(language, zone, options) {
  const key = `${language}|${zone}|${JSON.stringify(options)}`;
  if (!formats.has(key)) {
    formats.set(key, new Intl.DateTimeFormat(language === "ja" ? "ja-JP" : "en-GB", { timeZone: zone, ...options }));
  }
  return formats.get(key);
}

// For one language and zone; every moment as milliseconds. It costs nothing before it is used.
export function writer(language, zone) {
  let device = null;
  const zoneHere = () => (device ??= new Intl.DateTimeFormat().resolvedOptions().timeZone);
  const hm = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const day =
    language === "ja"
      ? { month: "long", day: "numeric", weekday: "short" }
      : { weekday: "short", day: "numeric", month: "short" };
  const dayIn = (where, at) => format(language, where, day).format(at).replace("(", "（").replace(")", "）");
  return {
    time: (at) => format(language, zone, hm).format(at),
    // A policy moment is told to the second when it does not lie on a minute.
    moment: (at) => format(language, zone, at % 60000 ? { ...hm, second: "2-digit" } : hm).format(at),
    exact: (at) => format(language, zone, { ...hm, second: "2-digit" }).format(at),
    day: (at) => dayIn(zone, at),
    stamp: (at) => format(language, zone, { month: "numeric", day: "numeric", ...hm }).format(at),
    // What the zone is called where the device's clock says another time at that moment; "" where both say the same.
    elsewhere: (at) => (format(language, zone, WHOLE).format(at) === format(language, zoneHere(), WHOLE).format(at) ? "" : nameOf(language, zone, at)),
    // The moment by the device's own clock: "Tue, 24 Nov, 06:00".
    here: (at) => `${dayIn(zoneHere(), at)} ${format(language, zoneHere(), hm).format(at)}`,
    hour: (at) => Number(format(language, zone, { hour: "2-digit", hourCycle: "h23" }).format(at).replace(/\D/g, "")),
  };
}

const nameOf = (language, zone, at) => format(language, zone, { timeZoneName: "long" }).formatToParts(at).find((part) => part.type === "timeZoneName")?.value ?? zone;
