// When seeker and supporter were there, read from the history: bars over the session's band.

import { h, keyed, setVar } from "../dom.js";
import { ms } from "../clock.js";
import { currentLanguage, t } from "../text.js";

const MINUTE = 60000;
const COMES = ["seat.connected", "seat.joined", "seat.admitted", "seat.returned"];

// events -> {seeker, supporter}: [{from, to, isLost}] in milliseconds; what lasts still ends at `until`. Who goes before the doors
// open is not lost: nobody is awaited yet
export function spansOf(events, until, opensAt = 0) {
  const spans = { seeker: [], supporter: [] };
  const open = {};
  const close = (seat, at) => {
    if (open[seat]) spans[seat].push({ ...open[seat], to: at });
    delete open[seat];
  };
  for (const { name, at: text, data } of events) {
    const at = ms(text);
    if (name === "session.ended") for (const seat of Object.keys(spans)) close(seat, at);
    if (name === "supporter.reassigned") close("supporter", at);
    if (!spans[data.seat] || at > until) continue;
    const isThere = open[data.seat] && !open[data.seat].isLost;
    if (COMES.includes(name) && !isThere) {
      close(data.seat, at);
      open[data.seat] = { from: at, isLost: false };
    } else if (name === "seat.lost") {
      close(data.seat, at);
      if (at >= opensAt) open[data.seat] = { from: at, isLost: true };
    }
  }
  for (const seat of Object.keys(spans)) close(seat, until);
  return spans;
}

// When the line of one of them was lost: [{from, to}], to null while it still is. Where both were, the hatches lie over each other.
export function lostOf(events, endedAt, opensAt) {
  const lost = Object.values(spansOf(events, endedAt ?? Infinity, opensAt)).flat().filter((span) => span.isLost);
  return lost.map(({ from, to }) => ({ from, to: to === Infinity ? null : to }));
}

export function createPresences(band) {
  const tracks = { seeker: h("div", { class: "tk", role: "img" }), supporter: h("div", { class: "tk", role: "img" }) };
  const names = { seeker: h("span", { class: "lb" }, t("who.seeker")), supporter: h("span", { class: "lb" }, t("who.supporter")) };
  const el = h("div", { class: "pres" }, names.seeker, tracks.seeker, names.supporter, tracks.supporter, band.el);
  return {
    el,
    // plan: of the band; until: now, or when it ended
    update(events, session, plan, until, write) {
      const starts = ms(session.starts_at);
      setVar(el, "a", plan.a);
      setVar(el, "z", plan.z);
      const spans = spansOf(events, until, ms(session.opens_at));
      for (const [seat, track] of Object.entries(tracks)) {
        const shown = spans[seat].filter((span) => span.to >= starts + plan.a * MINUTE);
        keyed(track, JSON.stringify([shown, starts, currentLanguage()]), () => shown.map((span) => h("i", { class: span.isLost ? "lost" : null, vars: { x0: (span.from - starts) / MINUTE, x1: (span.to - starts) / MINUTE } })));
        const told = shown.map((span) => `${write.exact(span.from)}–${write.exact(span.to)} ${t(span.isLost ? "here.lost" : "here.in")}`).join(t("list.and"));
        track.setAttribute("aria-label", `${t(`who.${seat}`)} ${told}`.trim());
      }
    },
  };
}
