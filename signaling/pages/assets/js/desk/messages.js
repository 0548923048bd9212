// Word from the office that concerns this counter today: maintenance, who will be late, what was cancelled. The latest first.

import { h, keyed, setText, show } from "../dom.js";
import { icon } from "../icons.js";
import { ms } from "../clock.js";
import { currentLanguage, t } from "../text.js";
import { seekerOf } from "./day.js";

export function createMessages(app) {
  const list = h("ul", { class: "msgs", dataset: { testid: "messages" } });
  const none = h("p", { class: "small quiet" }, t("today.no_word"));
  const number = h("span", { class: "num" });
  const call = h("a", { class: "btn", dataset: { testid: "call-office" } }, icon("phone", "i--s"), h("span", {}, t("today.contact"), " ", number));
  const without = h("p", { class: "small quiet" }, t("help.staff"));
  return {
    el: [h("h2", {}, t("today.from_office")), none, list, call, without],
    update(rows, desk, telephone) {
      const lines = linesOf(rows, desk, app.write);
      show(none, lines.length === 0);
      keyed(list, JSON.stringify([lines, currentLanguage()]), () => lines.map(({ at, words }) => h("li", {}, h("time", { class: "num", datetime: new Date(at).toISOString() }, whenWords(at, app)), words)));
      show(call, Boolean(telephone));
      show(without, !telephone);
      if (!telephone) return;
      setText(number, telephone);
      call.href = `tel:${telephone.replace(/[^+\d]/g, "")}`;
    },
  };
}

const whenWords = (at, app) => (app.write.day(at) === app.write.day(app.now()) ? app.write.time(at) : app.write.stamp(at));

function linesOf(rows, { maintenance }, write) {
  const upkeep = maintenance.map((one) => ({ at: ms(one.planned_at), words: t("today.word.maintenance", { day: write.day(ms(one.begins_at)), from: write.time(ms(one.begins_at)), to: write.stamp(ms(one.ends_at)) }) }));
  return [...upkeep, ...rows.flatMap((row) => wordsAbout(row, write))].sort((one, two) => two.at - one.at);
}

function wordsAbout(row, write) {
  const values = { name: seekerOf(row)?.display_name ?? "", time: write.time(ms(row.starts_at)) };
  const { seeker, supporter } = row.notices;
  return [
    seeker && { at: ms(seeker.at), words: t("today.word.seeker_late", values) },
    supporter && { at: ms(supporter.at), words: t("today.word.supporter_late", { ...values, until: write.moment(ms(supporter.until)) }) },
    row.outcome === "cancelled" && { at: ms(row.ended_at), words: t("today.word.cancelled", values) },
  ].filter(Boolean);
}
