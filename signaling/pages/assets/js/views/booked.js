// A date that is booked: when, with whom, and for the visitor the link to it, to open here or to keep.

import { h, keyed, setAttr, show } from "../dom.js";
import { icon, plate } from "../icons.js";
import { ms } from "../clock.js";
import { t } from "../text.js";
import { can } from "../state.js";
import { createCopy } from "../copy.js";
import { sign } from "../parts.js";

// purpose: "reschedule" or "next"; follow: what the sign that opens it says, "" where the call still runs
export function createBooked(app, purpose, { follow = "", kind = "btn--go" } = {}) {
  const { s, write } = app;
  const date = h("div");
  const open = follow && sign(t(follow), { testid: purpose === "next" ? "follow-next" : "follow", kind, onclick: () => app.do.follow(purpose) });
  const ask = h("button", { type: "button", class: "btn", dataset: { testid: `copy-${purpose}` }, onclick: () => app.do.askLink(purpose) }, icon("devices"), t("copy.link"));
  const link = h("div", { class: "booked__link" });
  const el = h("div", { class: "booked" }, date, open, ask, link);
  let shown = null;

  // It comes from the server a moment after the press, and the browser takes that still for a press.
  function showLink(secret) {
    shown = secret;
    const url = `${location.origin}${location.pathname}#${secret}`;
    const copy = createCopy(url, t("copy.label"));
    link.replaceChildren(copy.el);
    show(ask, false);
    copy.copy();
  }

  return {
    el,
    // plan: `reschedule` or `following` of the session
    update(plan) {
      const at = plan?.state === "chosen" ? ms(plan.new_starts_at) : null;
      show(el, at !== null);
      if (at === null) return;
      const name = plan.new_supporter_name;
      keyed(date, `${at}|${name}`, () => [h("p", { class: "when" }, h("em", {}, write.day(at)), h("b", { class: "num" }, span(at, ms(plan.new_ends_at)))), name && h("p", { class: "who small" }, plate(name, "plate--s"), h("span", {}, t("booked.with", { name })))]);
      const mayFollow = can(s, "follow");
      if (open) show(open, mayFollow);
      show(ask, mayFollow && shown === null);
      setAttr(ask, "disabled", s.isAskingLink === purpose);
      const secret = s.links[purpose];
      if (secret && secret !== shown) showLink(secret);
    },
  };

  function span(at, end) {
    return end === null ? write.moment(at) : `${write.moment(at)}–${write.moment(end)}`;
  }
}
