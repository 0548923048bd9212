// Another day than today: chosen by date, shown like today without what runs. The feed tells of today alone: while another day is
// shown it is read again every now and then, and after what was done from here.

import { ms } from "../clock.js";
import { h, keyed, setAttr, show } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../text.js";
import { asRefusal } from "./api.js";
import { Rows } from "./rows.js";

const AGAIN_MS = 15000;
const ROW_MS = 30; // a day of a thousand sessions costs the server more, and is read less often

// "2026-12-01", -1 -> "2026-11-30"
export function dayBeside(date, days) {
  const at = new Date(`${date}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

export function createDayChoice(app) {
  const field = h("input", { type: "date", "aria-label": t("board.day"), dataset: { testid: "day" }, onclick: () => pick(), onchange: () => field.value && choose(field.value) });
  const step = (days, name, shape) => h("button", { type: "button", class: "btn", "aria-label": t(`board.day_${name}`), dataset: { testid: `day-${name}` }, onclick: () => choose(dayBeside(dateOf(), days)) }, icon(shape, "i--s"));
  const back = h("button", { type: "button", class: "btn daypick__today", hidden: true, dataset: { testid: "day-today" }, onclick: () => choose(null) }, t("board.day_today"));
  const words = h("span", { class: "date" });
  const el = h("div", { class: "daypick", role: "group", "aria-label": t("board.day") }, step(-1, "before", "back"), words, h("span", { class: "btn daypick__date" }, icon("calendar", "i--s"), field), step(1, "after", "arrow"), back);
  const state = { asked: 0, readAt: 0, isReading: false, wantsAgain: false, hasFailed: false };
  // Where a browser can: its calendar opens at a press anywhere on the field.
  const pick = () => {
    try {
      field.showPicker?.();
    } catch {
      // the date is written by hand then
    }
  };
  const today = () => app.today.day?.date ?? new Date(app.now()).toISOString().slice(0, 10);
  const dateOf = () => (app.shown.isToday ? today() : app.shown.key);

  // date: null for today
  async function choose(date) {
    const turn = (state.asked += 1);
    if (date === null || date === today()) {
      app.shown = app.today;
      app.draw();
      return;
    }
    setAttr(el, "aria-busy", "true");
    try {
      const { day, numbers, sessions } = await app.api.get(`/days/${date}`);
      if (turn !== state.asked) return;
      const rows = new Rows();
      rows.replace(sessions);
      app.shown = { key: date, isToday: false, day, numbers, rows };
      Object.assign(state, { readAt: app.now(), hasFailed: false });
      knowPeople();
      app.announce(t("board.day_shown", { day: app.write.day(Date.parse(day.begins_at)), n: rows.size }));
    } catch (error) {
      if (turn === state.asked) app.refused(asRefusal(error));
    } finally {
      if (turn === state.asked) setAttr(el, "aria-busy", null);
    }
    app.draw();
  }

  // The rows are changed where they are, so that focus, scrolling and the drawer stay as they were.
  async function again() {
    const { shown } = app;
    if (shown.isToday || state.isReading) {
      state.wantsAgain = !shown.isToday;
      return;
    }
    const turn = state.asked;
    Object.assign(state, { isReading: true, wantsAgain: false, readAt: app.now() });
    try {
      const { day, numbers, sessions } = await app.api.get(`/days/${shown.key}`);
      shown.rows.replace(sessions);
      Object.assign(shown, { day, numbers });
      state.hasFailed = false;
      sessions.forEach((row) => app.drawer.changed(row));
      app.draw();
    } catch (error) {
      const refusal = asRefusal(error);
      // Once: it is asked again anyway. That the server is not there the bar says already.
      if (turn === state.asked && !state.hasFailed && refusal.code !== "offline") app.refused(refusal);
      state.hasFailed = true;
    } finally {
      state.isReading = false;
    }
    if (state.wantsAgain) again();
  }

  // On a day to come everybody has a line who can be booked there, also who has nothing yet.
  function knowPeople() {
    const { shown } = app;
    if (!shown.isToday && ms(shown.day.ends_at) > app.now()) shown.rows.know(app.counters());
  }

  return {
    el,
    show: choose,
    // Something of that day was changed from here.
    again,
    knowPeople,
    update(now) {
      if (app.shown.key === today()) choose(null); // midnight has passed
      if (!app.shown.isToday && now - state.readAt > AGAIN_MS + app.shown.rows.size * ROW_MS && document.visibilityState === "visible") again();
      const at = app.shown.isToday ? now : Date.parse(app.shown.day.begins_at);
      keyed(words, app.write.day(at), () => app.write.day(at));
      if (document.activeElement !== field && field.value !== dateOf()) field.value = dateOf();
      show(back, !app.shown.isToday);
    },
  };
}
