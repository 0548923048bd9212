// The time band: thin line = doors open, tray = the slot, filled = elapsed, strokes = policy moments, double bar = the end.

import { h, setAttr, setVar } from "./dom.js";
import { ms } from "./clock.js";

const MINUTE = 60000;

// size: "", "s", "l"; names: whether the moments are written under the line
export function createBand({ size = "", names = false, gap = 0.15 } = {}) {
  const rail = h("div", { class: "band__rail" });
  const list = names ? h("ol", { class: "band__names" }) : null;
  const now = h("i", { class: "band__now" });
  const el = h("figure", { class: `band ${size ? `band--${size}` : ""}`.trim(), role: "img" }, rail, list);

  function build(plan) {
    const stops = plan.stops.map((stop) =>
      h("i", { class: `band__stop${stop.isMinor ? " band__stop--minor" : ""}`, vars: { at: stop.at } }),
    );
    const lost = plan.lost.map((span) => h("i", { class: "band__lost", vars: { x0: span.from, x1: span.to ?? "var(--n)" } }));
    const parts = ["wait", "gone", "slot", "fill"].map((part) => h("i", { class: `band__${part}` }));
    rail.replaceChildren(...parts, ...lost, ...stops, h("i", { class: "band__end" }), now);
  }

  function write(plan) {
    list.replaceChildren(
      ...placed(plan, gap).map((name) =>
        h("li", { class: name.side, vars: { at: name.at } }, h("b", { class: "num" }, name.time), name.word),
      ),
    );
  }

  return {
    el,
    update(plan) {
      const { n, label, ...still } = plan;
      const key = JSON.stringify(still);
      if (el.dataset.key !== key) {
        el.dataset.key = key;
        for (const name of ["a", "z", "s", "e", "o"]) setVar(el, name, plan[name]);
        build(plan);
        if (list) write(plan);
      }
      setAttr(el, "data-phase", plan.phase);
      setAttr(el, "aria-label", label);
      setVar(el, "n", Math.min(Math.max(n, plan.a), plan.z).toFixed(3));
      now.hidden = !plan.hasNow;
    },
  };
}

// The important names first; one that would lie over another is left out. gap: how wide a name is, as a share of the line.
function placed(plan, gap) {
  const width = plan.z - plan.a;
  const kept = [];
  for (const name of plan.names) {
    const x = (name.at - plan.a) / width;
    const side = x < gap / 2 ? "l" : x > 1 - gap / 2 ? "r" : "";
    const left = { l: x, r: x - gap }[side] ?? x - gap / 2;
    if (x < 0 || x > 1 || kept.some((other) => Math.abs(other.left - left) < gap)) continue;
    kept.push({ ...name, left, side });
  }
  return kept;
}

// When the line of one of the two has been lost, as their seats say it; until the end, or still: {from, to}.
export function lostIn(session) {
  const to = ms(session.ended_at);
  const lost = session.seats.filter((seat) => seat.is_lost && seat.is_admitted && ["seeker", "supporter"].includes(seat.role));
  const from = Math.min(...lost.map((seat) => ms(seat.since)));
  return Number.isFinite(from) && (to === null || from < to) ? [{ from, to }] : [];
}

// The band of a session. words: {doors, start, cutoff, maintenance, end, planned, ended, warning}, warning(minutes) only where it is named;
// from: "doors" or "start"; lost: [{from, to}], when a line was lost, to null: it still is
export function planOf(session, now, { words, write, from = "doors", lost = [], label = "" }) {
  const starts = ms(session.starts_at);
  const tell = session.ended_at ? write.time : write.moment; // looking back, a second says nothing; an end may come at any
  const minute = (at) => (at - starts) / MINUTE;
  const slot = minute(ms(session.ends_at));
  const doors = minute(ms(session.opens_at));
  const a = from === "doors" ? Math.max(doors, -Math.max(slot, 2)) : 0;
  const stopped = session.maintenance_at ? minute(ms(session.maintenance_at)) : null;
  const isCut = session.cutoff_at && !session.notices.seeker && minute(ms(session.cutoff_at)) <= (stopped ?? slot);
  const cutoff = isCut ? minute(ms(session.cutoff_at)) : null;
  const ended = session.ended_at ? minute(ms(session.ended_at)) : null;
  const warned = Math.max(0, ...(session.warnings_s ?? []));
  const stops = [{ at: 0 }];
  if (a === doors) stops.push({ at: doors });
  if (cutoff !== null && ended === null) stops.push({ at: cutoff });
  if (stopped !== null) stops.push({ at: stopped });
  for (const left of session.warnings_s ?? []) stops.push({ at: slot - left / 60, isMinor: true });
  if (ended !== null && ended > a && ended < slot) stops.push({ at: ended });
  const names = [
    ended !== null && ended < slot && { at: ended, time: tell(ms(session.ended_at)), word: words.ended },
    stopped !== null && { at: stopped, time: tell(ms(session.maintenance_at)), word: words.maintenance },
    { at: 0, time: tell(starts), word: words.start },
    { at: slot, time: tell(ms(session.ends_at)), word: ended !== null && ended < slot ? words.planned : words.end }, // an end before its time has a word of its own
    cutoff !== null && ended === null && { at: cutoff, time: tell(ms(session.cutoff_at)), word: words.cutoff },
    a === doors && { at: doors, time: tell(ms(session.opens_at)), word: words.doors },
    words.warning && warned > 0 && { at: slot - warned / 60, time: tell(ms(session.ends_at) - warned * 1000), word: words.warning(Math.round(warned / 60)) },
  ].filter(Boolean);
  const n = ended ?? minute(now);
  // What has run is filled as ever and what is lost hatched: all of it in the colour of a broken line would say more than is so.
  const hatched = lost.map((span) => ({ from: Math.max(a, minute(span.from)), to: span.to === null ? null : minute(span.to) })).filter((span) => (span.to ?? n) > span.from);
  const phase = hatched.length && session.phase === "interrupted" ? "live" : session.phase;
  return { a, z: slot, s: 0, e: slot, o: ((-a % 5) + 5) % 5, n, phase, stops, names, lost: hatched, label, hasNow: ended === null };
}
