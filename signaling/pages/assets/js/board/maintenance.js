// Maintenance: what is planned, planning more, calling off (IX 11-1, GOALOUS 10).

import { h, setText, show } from "../dom.js";
import { icon } from "../icons.js";
import { ms } from "../clock.js";
import { sentences, t } from "../text.js";
import { asRefusal } from "./api.js";
import { fieldOf, soon } from "./zone.js";

const DAY_MS = 86400000;

export async function openMaintenance(app) {
  try {
    const { windows } = await app.api.get("/maintenance");
    list(windows, app);
  } catch (error) {
    app.refused(asRefusal(error));
  }
}

// Ahead of it: how many of today's sessions it will end early, and when.
export function createUpkeep(app) {
  const words = h("p");
  const el = h("div", { class: "note note--upkeep", role: "status", hidden: true, dataset: { testid: "upkeep" } }, icon("clock"), words);
  return {
    el,
    update() {
      const counts = new Map();
      for (const { maintenance_at: at } of app.rows()) if (at) counts.set(at, (counts.get(at) ?? 0) + 1);
      show(el, counts.size > 0);
      setText(words, sentences(...[...counts].sort().map(([at, n]) => t("board.upkeep", { time: app.write.moment(ms(at)), n }))));
    },
  };
}

function list(windows, app) {
  const words = (one) => {
    const [begins, ends] = [ms(one.begins_at), ms(one.ends_at)];
    const isOneDay = app.write.day(begins) === app.write.day(ends);
    return `${app.write.stamp(begins)}–${isOneDay ? app.write.time(ends) : app.write.stamp(ends)}`;
  };
  const row = (one) => h("li", { dataset: { testid: "window", window: one.id } }, h("p", {}, h("b", { class: "num" }, words(one)), " ", h("span", { class: "tag" }, t(`maintenance.state.${one.state}`)), h("q", { class: "said" }, one.reason)), ["coming", "running"].includes(one.state) && h("button", { type: "button", class: "btn btn--s", dataset: { testid: "call-off" }, onclick: () => callOff(one, words(one), app) }, t("maintenance.do.call_off_open")));
  app.forms.tell(
    "maintenance",
    t("maintenance.title"),
    windows.length ? h("ul", { class: "lines" }, windows.map(row)) : h("p", { class: "quiet" }, t("maintenance.none")),
    h("p", {}, h("button", { type: "button", class: "btn btn--go", dataset: { testid: "plan" }, onclick: () => plan(app) }, t("maintenance.do.plan_open"))),
  );
}

function plan(app) {
  const begins = soon(app.now() + DAY_MS);
  app.forms.ask({
    kind: "plan",
    title: t("maintenance.plan"),
    lead: t("maintenance.plan_lead"),
    fields: [
      { name: "begins_at", kind: "moment", label: t("maintenance.begins_at"), value: fieldOf(begins, app.zone), isNeeded: true },
      { name: "ends_at", kind: "moment", label: t("maintenance.ends_at"), value: fieldOf(begins + 3600000, app.zone), isNeeded: true },
      { name: "reason", kind: "text", label: t("board.field.reason"), max: 200, isNeeded: true },
    ],
    button: t("maintenance.do.plan"),
    isGrave: true,
    send: (values) => app.api.post("/maintenance", values),
    done: t("maintenance.done.plan"),
  });
}

function callOff(one, words, app) {
  app.forms.ask({
    kind: "call-off",
    title: t("maintenance.call_off", { words }),
    lead: t("maintenance.call_off_lead"),
    button: t("maintenance.do.call_off"),
    isGrave: true,
    send: () => app.api.remove(`/maintenance/${encodeURIComponent(one.id)}`),
    done: t("maintenance.done.call_off"),
  });
}
