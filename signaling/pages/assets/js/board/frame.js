// What stands around the day: the bar with office, day and clock; the filters, the search, the two ways to see it.

import { h, setAttr, setText, show } from "../dom.js";
import { icon, phaseShape } from "../icons.js";
import { t } from "../text.js";
import { createBar } from "./bar.js";
import { createDayChoice } from "./otherday.js";
import { PHASES } from "./rows.js";
import { openMaintenance } from "./maintenance.js";
import { showKeys } from "./keys.js";

export const VIEWS = ["lanes", "cards"];

// does: {speak(language), theme()}
export function createHead(app, does) {
  const day = app.isScheduler() ? createDayChoice(app) : null;
  app.dayChoice = day;
  const upkeep = app.isScheduler() && h("button", { type: "button", class: "btn", dataset: { testid: "maintenance" }, onclick: () => openMaintenance(app) }, icon("clock", "i--s"), h("span", {}, t("maintenance.open")));
  const book = app.isScheduler() && h("button", { type: "button", class: "btn bar__book", dataset: { testid: "book" }, onclick: () => app.book() }, icon("plus", "i--s"), h("span", {}, t("board.booking.open")));
  const keys = h("button", { type: "button", class: "btn", dataset: { testid: "keys" }, onclick: () => showKeys(app) }, icon("keys", "i--s"), h("span", {}, t("board.keys")));
  const skip = h("button", { type: "button", class: "btn skip", dataset: { testid: "skip" }, onclick: () => app.toMain() }, t("board.skip")); // no link: the address holds the secret
  const bar = createBar(app, does, { heading: [skip, h("h1", { class: "vh" }, t("board.title"))], day: day?.el, tools: [book, upkeep, keys] });
  return {
    el: bar.el,
    update(now) {
      day?.update(now);
      bar.update(now);
    },
  };
}

// does: {view(name)}; on a change of the filter everything is drawn
export function createFilters(app, does) {
  const find = h("input", { type: "search", placeholder: t("board.find"), "aria-label": t("board.find"), value: app.filter.words, oninput: () => chosen({ words: find.value }) });
  const shown = h("span", { class: "shown num", role: "status" });
  const chosen = (part) => {
    app.filter = { ...app.filter, ...part };
    app.draw();
  };
  const filters = [null, ...PHASES].map((phase) => {
    const count = h("b", { class: "num" });
    const word = phase ? h("span", { class: "phase", dataset: { phase } }, phaseShape(phase), t(`phase.${phase}`)) : t("board.all");
    return { phase, count, button: h("button", { type: "button", onclick: () => chosen({ phase }) }, word, count) };
  });
  const views = VIEWS.map((name) => ({ name, button: h("button", { type: "button", dataset: { testid: `view-${name}` }, onclick: () => does.view(name) }, icon(name, "i--s"), h("span", {}, t(`board.view.${name}`))) }));
  const el = h(
    "div",
    { class: "filters", role: "search", "aria-label": t("board.find") },
    h("div", { class: "filters__phases", role: "toolbar", "aria-label": t("board.column.phase") }, filters.map((one) => one.button)),
    h("div", { class: "filters__views", role: "group", "aria-label": t("board.views") }, views.map((one) => one.button)),
    h("label", { class: "find" }, icon("find", "i--s"), find, shown, h("kbd", { "aria-hidden": "true" }, "/")),
  );
  return {
    el,
    find: () => find.focus(),
    // Esc in the search takes back what was searched for; false: there was nothing.
    clear() {
      if (document.activeElement !== find || !find.value) return false;
      find.value = "";
      chosen({ words: "" });
      return true;
    },
    update(rows, count, view) {
      const counts = rows.counts();
      for (const { phase, count: number, button } of filters) {
        setText(number, String(phase ? (counts[phase] ?? 0) : rows.size));
        setAttr(button, "aria-pressed", String(app.filter.phase === phase));
      }
      for (const { name, button } of views) setAttr(button, "aria-pressed", String(name === view));
      setText(shown, t("board.count", { shown: count, all: rows.size }));
      show(shown, count !== rows.size);
    },
  };
}
