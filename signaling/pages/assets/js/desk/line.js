// The day beside an upright line: sessions with their times, what is free between them, and the window of now.

import { h, keyed, setAttr, setText, setVar } from "../dom.js";
import { phaseShape } from "../icons.js";
import { ms } from "../clock.js";
import { outcomeWords } from "../board/words.js";
import { currentLanguage, t } from "../text.js";
import { isOver, isWaitedFor, itemsOf, seekerOf, shareOf } from "./day.js";

const SHORTEST_PX = 44;
const MINUTE_PX = 1.5; // a longer session is a taller box, up to three quarters of an hour

// does: {choose(id)}
export function createLine(app, does) {
  const title = h("h2");
  const list = h("ol", { class: "slots" });
  const el = h("nav", { class: "day", "aria-labelledby": "day-title", dataset: { testid: "day" } }, title, list);
  title.id = "day-title";

  function build(items) {
    return items.map((item) => (item.kind === "session" ? session(item.row, item.isNow) : item.kind === "now" ? nowLine() : gap(item)));
  }

  function session(row, isNow) {
    const from = ms(row.starts_at);
    const minutes = Math.min(45, (ms(row.ends_at) - from) / 60000);
    const companions = [...row.seats.filter((seat) => seat.role === "companion").map((seat) => seat.display_name), ...(row.beside ?? [])];
    const name = seekerOf(row)?.display_name ?? "";
    const box = h(
      "button",
      { type: "button", class: "bx", vars: { tall: `${Math.max(SHORTEST_PX, Math.round(minutes * MINUTE_PX))}px` }, dataset: { testid: "day-session", session: row.id }, onclick: () => does.choose(row.id) },
      h("b", {}, name),
      h("span", { class: "phase" }, phaseShape(row.phase), wordOf(row)),
      companions.length > 0 && h("span", { class: "small" }, t("today.companions", { names: companions.join(t("list.and")) })),
    );
    return h("li", { dataset: { phase: row.phase, id: row.id } }, h("time", { class: "num", datetime: row.starts_at }, app.write.time(from), h("small", {}, app.write.time(ms(row.ends_at)))), h("i", { class: isOver(row) ? "tr full-on" : "tr", "aria-hidden": "true" }, isNow && h("i", { class: "sq", dataset: { testid: "now" } })), box);
  }

  const nowLine = () => h("li", { class: "nowrow", dataset: { testid: "now" } }, h("time", { class: "num" }), h("i", { class: "sq", "aria-hidden": "true" }), h("i", { class: "ln", "aria-hidden": "true" }));

  const gap = (item) => h("li", { class: "gap" }, h("span"), h("i", { "aria-hidden": "true" }), h("div", { class: "bx" }, t(`today.${item.kind}`, { from: app.write.time(item.from), to: app.write.time(item.to) })));

  return {
    el,
    focusOn: (id) => [...list.children].find((one) => one.dataset.id === id)?.querySelector("button").focus({ preventScroll: true }),
    update(rows, hours, now, chosen) {
      const items = itemsOf(rows, hours, now);
      setText(title, t("today.title", { n: rows.length }));
      keyed(list, JSON.stringify([items.map((item) => (item.kind === "now" ? "now" : item.row ? [item.row, item.isNow] : item)), currentLanguage()]), () => build(items));
      for (const item of list.children) {
        item.classList.toggle("is-next", item.dataset.id === chosen);
        const button = item.querySelector("button");
        if (button) setAttr(button, "aria-current", item.dataset.id === chosen ? "true" : null);
        if (item.classList.contains("nowrow")) setText(item.firstChild, app.write.time(now));
      }
      for (const item of items) {
        if (item.isNow) setVar([...list.children].find((one) => one.dataset.id === item.row.id).querySelector(".sq"), "now", shareOf(item.row, now).toFixed(3));
      }
    },
  };
}

function wordOf(row) {
  if (isOver(row)) return row.outcome ? outcomeWords(row.outcome, row.cause) : t("phase.ended");
  if (isWaitedFor(row)) return t(`presence.${seekerOf(row).presence}`);
  return t(`phase.${row.phase}`);
}
