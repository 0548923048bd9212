// Other dates: one button each; one press books.

import { h, keyed, setAttr } from "../dom.js";
import { icon, plate } from "../icons.js";
import { ms } from "../clock.js";
import { t } from "../text.js";

// purpose: "reschedule" for another date, "next" for the next session
export function createSlots(app, purpose = "reschedule") {
  const { s, write } = app;
  const el = h("ul", { class: "sheet picks" });

  function button(option) {
    const [start, end] = [ms(option.starts_at), ms(option.ends_at)];
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "pick-slot", dataset: { testid: "slot-option", option: option.id }, onclick: () => app.do.chooseSlot(option.id, purpose) },
        h("span", { class: "pick__t" }, write.day(start), h("b", { class: "num" }, `${write.time(start)}–${write.time(end)}`)),
        h("span", { class: "who" }, plate(option.supporter_name, "plate--s"), option.supporter_name),
        h("span", { class: "vh" }, t("slots.book")),
        icon("arrow"),
      ),
    );
  }

  return {
    el,
    update(options) {
      el.hidden = options.length === 0;
      keyed(el, options.map((option) => option.id).join(), () => options.map(button));
      for (const one of el.querySelectorAll("button")) setAttr(one, "disabled", !s.isOnline);
    },
  };
}
