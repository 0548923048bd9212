// Other dates: one is chosen, and a second press books it, so that nobody books by a slip of the thumb.

import { h, keyed, setAttr, show } from "../dom.js";
import { plate } from "../icons.js";
import { ms } from "../clock.js";
import { t } from "../text.js";
import { sign } from "../parts.js";

// purpose: "reschedule" for another date, "next" for the next session. `el` is the list, `book` what books.
export function createSlots(app, purpose = "reschedule") {
  const { s, write } = app;
  const el = h("div", { class: "sheet picks", role: "radiogroup", "aria-label": t("slots.label") });
  const missing = h("p", { class: "small hot", role: "alert", hidden: true }, t("slots.missing"));
  const button = sign(t("slots.book"), { testid: "slot-book", shape: "calendar", onclick: bookIt });
  const book = h("div", { class: "slots__book" }, missing, button);
  let chosen = null;

  function choose(id) {
    chosen = id;
    show(missing, false);
  }

  function bookIt() {
    show(missing, chosen === null);
    if (chosen !== null) app.do.chooseSlot(chosen, purpose);
    else el.querySelector("input")?.focus();
  }

  function row(option) {
    const [start, end] = [ms(option.starts_at), ms(option.ends_at)];
    return h(
      "label",
      { class: "tick pick", dataset: { testid: "slot-option", option: option.id } },
      h("input", { type: "radio", name: `slot-${purpose}`, checked: option.id === chosen, onchange: () => choose(option.id) }),
      h("span", { class: "pick__t" }, write.day(start), h("b", { class: "num" }, `${write.time(start)}–${write.time(end)}`)),
      h("span", { class: "who" }, plate(option.supporter_name, "plate--s"), option.supporter_name),
    );
  }

  return {
    el,
    book,
    update(options) {
      if (!options.some((option) => option.id === chosen)) chosen = null;
      for (const part of [el, book]) show(part, options.length > 0);
      keyed(el, options.map((option) => option.id).join(), () => options.map(row));
      setAttr(button, "disabled", !s.isOnline);
    },
  };
}
