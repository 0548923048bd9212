// The next session, as one line in the call: dates are there, or one is booked.

import { h, setText, show } from "../dom.js";
import { icon } from "../icons.js";
import { ms } from "../clock.js";
import { t } from "../text.js";
import { isOpenNow, isSeeker, isSupporter } from "../state.js";

const SHOWN_MS = 30000;

export function createNextNote(app) {
  const { s, write } = app;
  const words = h("span");
  const look = h("button", { type: "button", class: "btn btn--s", dataset: { testid: "next-look" }, onclick: () => app.do.openSheet("next") }, t("next.look"));
  const el = h("div", { class: "note note--next", hidden: true, dataset: { testid: "next-note" } }, icon("calendar"), h("p", {}, words), look);
  return {
    el,
    update() {
      const plan = s.session.following;
      const isBooked = plan?.state === "chosen" && s.chosenAt !== null && s.now - s.chosenAt < SHOWN_MS;
      const isOpen = isOpenNow(plan, s.now) && plan.options.length > 0 && s.panelTab !== "next"; // there they are already
      show(el, isBooked || isOpen);
      if (!isBooked && !isOpen) return;
      const at = ms(plan.new_starts_at);
      setText(words, isBooked ? t("next.booked_at", { day: write.day(at), time: write.time(at) }) : t(isSupporter(s) ? "next.open_staff" : "next.open"));
      show(look, isOpen || isSeeker(s)); // of a booking the visitor has the link there
    },
  };
}
