// How it stands in the waiting room: since when somebody is there, what was agreed to, what the check of the device found.

import { h, keyed } from "../dom.js";
import { ms } from "../clock.js";
import { currentLanguage, t } from "../text.js";
import { awayAs } from "../state.js";
import { seekerOf } from "./day.js";

export function createWaiting(app) {
  const list = h("dl", { class: "kv", dataset: { testid: "waiting-room" } });
  return {
    el: h("section", {}, h("h2", {}, t("today.waiting_room")), list),
    update(row, now) {
      const lines = linesOf(row, now, app.write);
      keyed(list, JSON.stringify([lines, currentLanguage()]), () => lines.map(({ word, text, more }) => h("div", {}, h("dt", {}, t(word)), h("dd", {}, text, more && h("span", { class: "quiet" }, more)))));
    },
  };
}

function linesOf(row, now, write) {
  const seeker = seekerOf(row);
  const consent = row.consents?.[seeker.seat];
  const companions = [...row.seats.filter((seat) => ["companion", "scheduler"].includes(seat.role)).map((seat) => t("today.with", { name: seat.display_name, where: t(`here.${awayAs(seat) ?? seat.presence}`) })), ...(row.beside ?? [])];
  return [
    { word: "today.came", text: cameWords(row, seeker, now, write) },
    { word: "today.consent", text: consent ? t("today.consented", { version: consent.terms_version, time: write.moment(Math.floor(ms(consent.at) / 60000) * 60000) }) : t("today.not_yet") },
    ...checkedLines(seeker.checked),
    { word: "today.beside", text: companions.join(t("list.and")) || t("today.nobody") },
  ];
}

function cameWords(row, seeker, now, write) {
  if (row.phase === "ended") return overWords(row, row.came[seeker.seat], write);
  if (awayAs(seeker)) return t(`presence.${awayAs(seeker)}`);
  if (seeker.presence === "away") return t(seeker.since ? "presence.left" : "presence.away", { time: seeker.since ? write.time(ms(seeker.since)) : "" });
  const minutes = Math.max(0, Math.floor((now - ms(seeker.since)) / 60000));
  return t(minutes === 0 ? "today.here_now" : "today.here_since", { where: t(`presence.${seeker.presence}`), time: write.time(ms(seeker.since)), minutes });
}

// After the end: when they came. That they stayed away is said of an absence alone; a cancelled session nobody comes to.
function overWords(row, came, write) {
  if (came) return t("today.came_at", { time: write.time(ms(came)) });
  return t(row.outcome === "seeker_no_show" ? "today.was_not" : "today.no_arrival");
}

// What the page of the seeker found before; nothing where it did not say.
function checkedLines(checked) {
  if (!checked) return [];
  const figures = [checked.rtt_ms !== null && t("today.rtt", { ms: Math.round(checked.rtt_ms) }), checked.missing !== null && t("today.missing", { share: (checked.missing * 100).toFixed(checked.missing < 0.1 ? 1 : 0) })].filter(Boolean);
  return [
    { word: "today.camera", text: t(`today.found.${checked.camera}`) },
    { word: "today.microphone", text: t(`today.found.${checked.microphone}`) },
    checked.line && { word: "today.connection", text: t(`today.line.${checked.line}`), more: figures.join(t("list.and")) },
    { word: "today.device", text: t(`today.device.${checked.device}`) },
  ].filter(Boolean);
}
