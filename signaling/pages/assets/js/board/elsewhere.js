// Where the shown day has nothing to show: it says so, and looks for what is searched for on the days to come, one after the other.

import { h, setAttr, setText, show } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../text.js";
import { asRefusal } from "./api.js";
import { dayBeside } from "./otherday.js";
import { matches } from "./rows.js";

const DAYS = 7; // each is one request; who is booked later is found by the date that the person knows

export function createElsewhere(app) {
  const words = h("p", { role: "status", dataset: { testid: "none" } });
  const label = h("span");
  const look = h("button", { type: "button", class: "btn", hidden: true, dataset: { testid: "find-days" }, onclick: () => search() }, icon("find", "i--s"), label);
  const el = h("div", { class: "rows__none", hidden: true }, words, look);
  const state = { isBusy: false, told: "", key: "" };
  const keyOf = () => JSON.stringify([app.filter, app.shown.key]);

  async function search() {
    if (state.isBusy) return;
    const key = keyOf();
    const today = app.today.day.date;
    const dates = Array.from({ length: DAYS + 1 }, (_, n) => dayBeside(today, n)).filter((date) => date !== app.shown.key && !(app.shown.isToday && date === today));
    state.isBusy = true;
    app.draw();
    try {
      for (const date of dates) {
        const rows = date === today ? [...app.rows()] : (await app.api.get(`/days/${date}`)).sessions;
        if (key !== keyOf()) return; // something else is searched for by now
        const found = rows.find((row) => matches(row, app.filter));
        if (!found) continue;
        await app.dayChoice.show(date);
        requestAnimationFrame(() => requestAnimationFrame(() => app.view.focusOn(found.id))); // once that day has been drawn
        return;
      }
      state.told = t("board.find_days_none", { n: DAYS });
      if (document.activeElement === look) app.toMain(); // which goes: there is nothing more to look for
    } catch (error) {
      app.refused(asRefusal(error));
    } finally {
      state.isBusy = false;
      app.draw();
    }
  }

  return {
    el,
    update(now, isShown) {
      show(el, isShown);
      if (!isShown) return;
      if (state.key !== keyOf()) Object.assign(state, { key: keyOf(), told: "" });
      const { rows, isToday, day } = app.shown;
      const isSearched = app.filter.words.trim() !== "";
      const nothing = t(isToday ? "board.empty" : "board.empty_day");
      setText(words, state.told || (rows.size || isSearched ? t("board.none_found", { day: app.write.day(isToday ? now : Date.parse(day.begins_at)) }) : nothing));
      show(look, isSearched && app.dayChoice !== null && app.today.day !== null && !state.told);
      setText(label, state.isBusy ? t("board.finding") : t("board.find_days", { n: DAYS }));
      setAttr(look, "aria-disabled", state.isBusy ? "true" : null);
    },
  };
}
