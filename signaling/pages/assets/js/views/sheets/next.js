// The next session, booked while both are here: either of the two may choose (KUMAGAYA 6(2)).

import { h, setText, show } from "../../dom.js";
import { ms } from "../../clock.js";
import { t } from "../../text.js";
import { isOpenNow, isSupporter } from "../../state.js";
import { telephone } from "../../parts.js";
import { backTo, title } from "./sheet.js";
import { createBooked } from "../booked.js";
import { createSlots } from "../slots.js";

export function nextSheet(app) {
  const head = title(t("next.title"));
  const choice = createNextChoice(app, head);
  return { parts: [head, ...choice.parts, backTo(app)], update: choice.update };
}

// The same without a sheet around it: the supporter's panel has it beside the picture. head: an element that says how it stands
export function createNextChoice(app, head) {
  const { s } = app;
  const say = h("p", { class: "small", role: "status" });
  const booked = createBooked(app, "next");
  booked.el.classList.add("booked--sheet");
  booked.el.dataset.testid = "next-booked";
  const lost = h("div", { hidden: true }, !isSupporter(s) && telephone(app, "next.lost"));
  const slots = createSlots(app, "next");
  const decline = h("button", { type: "button", class: "btn btn--plain btn--quiet", dataset: { testid: "next-decline" }, onclick: () => app.do.declineNext() }, t("next.decline"));
  return {
    parts: [booked.el, say, lost, slots.el, slots.book, decline],
    update() {
      const plan = s.session.following;
      const options = isOpenNow(plan, s.now) ? plan.options : [];
      const at = plan?.state === "chosen" ? ms(plan.new_starts_at) : null;
      setText(head, t(at !== null ? "next.booked" : "next.title"));
      setText(say, t(sayOf(plan, options)));
      slots.update(options);
      show(lost, at !== null && !isSupporter(s));
      booked.update(plan);
      show(decline, isOpenNow(plan, s.now));
    },
  };

  function sayOf(plan, options) {
    if (plan?.state === "chosen") return isSupporter(s) ? "next.booked_more_staff" : "next.booked_more";
    if (plan === null && isSupporter(s)) return "next.ask";
    if (plan?.state === "cancelled") return "next.cancelled";
    if (plan && plan.state !== "open") return "next.closed";
    return options.length ? "next.choose" : "next.looking";
  }
}
