// What to do about it in this very browser: keys of the catalogue, with what goes into them. Pure.

import { placeOf, systemOf } from "./browser.js";

const STEPS = [1, 2, 3];

// Steps to the permission that was refused; none where another try is all there is to do. state: of camera or microphone
export function stepsFor(state, browser, hasText) {
  const way = { denied: `how.${placeOf(browser)}`, denied_os: `system.${systemOf(browser)}` }[state];
  return way ? STEPS.map((n) => `${way}.${n}`).filter(hasText) : [];
}

// Steps out of a page inside of another program, to a browser.
export function wayOut({ inside }, hasText) {
  const way = { LINE: "line", Facebook: "menu", Messenger: "menu", Instagram: "menu", X: "menu" }[inside] ?? "copy";
  return STEPS.map((n) => `wayout.${way}.${n}`).filter(hasText);
}

export const browserFor = ({ os }) => ({ ios: "Safari", android: "Chrome" })[os] ?? "Chrome / Edge / Firefox";

// What a line is, in a key for the result and one for the words: state of the probe, its result, whether the socket is up.
export function wordsOfLine({ state, result }, isOnline, hasPicture) {
  if (!isOnline) return { state: "mending", words: "check.line.mending" };
  if (state === "crowded") return { state: "unknown", words: "check.line.crowded" };
  if (state !== "done") return { state: "opening", words: "check.line.measuring" };
  if (!result) return { state: "unknown", words: "check.line.unmeasured" };
  const { word, why, hasRelay } = result;
  if (word === "none") return { state: "none", words: why === "nothing" ? (hasRelay ? "check.line.none" : "check.line.none_udp") : "check.line.none_thin" };
  if (word === "sound") return { state: "sound", words: hasPicture ? "check.line.sound" : "check.line.sound_only" };
  return { state: word, words: word === "coarse" ? (why === "rtt" ? "check.line.slow" : "check.line.coarse") : null };
}
