// The supporter's side: who is in this session and where; who waits is let in here.

import { h, keyed, setAttr, setText, show } from "../dom.js";
import { icon } from "../icons.js";
import { countdown, ms } from "../clock.js";
import { t } from "../text.js";
import { awayAs, can, isLost, waitedUntil, waiting } from "../state.js";
import { nameOf } from "../parts.js";

export function createStaffList(app) {
  const { s, write } = app;
  const list = h("ul", { class: "people" });
  const beside = h("p", { class: "small quiet people__beside", hidden: true });
  const el = h("section", { dataset: { testid: "staff-list" } }, h("h2", {}, t("staff.title")), list, beside);
  return {
    el,
    update() {
      keyed(list, s.session.seats.map((seat) => seat.seat).join(), () => s.session.seats.map((seat) => row(seat)));
      show(beside, s.session.beside.length > 0);
      setText(beside, t("beside.staff", { names: s.session.beside.join(t("list.and")) }));
      for (const item of list.children) {
        const seat = s.session.seats.find((one) => one.seat === item.dataset.seat);
        setAttr(item, "data-presence", shownPresence(s, seat));
        setText(item.querySelector(".people__where"), whereWords(s, seat, write));
      }
    },
  };
}

function row(seat) {
  return h(
    "li",
    { dataset: { seat: seat.seat } },
    h("i", { class: "people__mark", "aria-hidden": "true" }),
    h("b", {}, nameOf(seat)),
    h("span", { class: "small quiet" }, t(`role.${seat.role}`)),
    h("span", { class: "people__where small" }),
  );
}

// What the colour says: nothing of anybody while the server is not there.
export function shownPresence(s, seat) {
  if (!s.isOnline) return "unknown";
  return isLost(seat) ? "lost" : seat.presence;
}

export function whereWords(s, seat, write) {
  if (!s.isOnline) return t("presence.unknown");
  if (isLost(seat)) {
    const where = t(`presence.${awayAs(seat)}`);
    const ends = waitedUntil(s, seat);
    return ends && ends > s.now ? t("presence.until", { where, left: countdown(ends - s.now) }) : where;
  }
  if (seat.presence === "away" && seat.since) return t("presence.left", { time: write.time(ms(seat.since)) });
  // Whoever receives is at the counter: the visitor's page says so too.
  const isAtCounter = seat.role === "supporter" && seat.presence === "lobby";
  const where = t(isAtCounter ? "host.lobby" : `presence.${seat.presence}`);
  return seat.since ? t("presence.since", { where, time: write.time(ms(seat.since)) }) : where; // when they came, not since when they are where they are
}

export function createAdmit(app) {
  const { s } = app;
  const label = h("span");
  const button = h("button", { type: "button", class: "btn btn--go btn--wide admit", dataset: { testid: "admit" }, onclick: () => app.do.admit() }, label, icon("arrow"));
  const hint = h("p", { class: "small quiet", role: "status", dataset: { testid: "admit-hint" } });
  let hadFocus = false; // who waits with the finger on it finds it again when the guest is back from a reload
  return {
    el: [button, hint],
    update() {
      const guests = waiting(s);
      const mayAdmit = can(s, "admit") && guests.length > 0;
      if (!mayAdmit && document.activeElement === button) hadFocus = true;
      setAttr(button, "disabled", !mayAdmit);
      if (mayAdmit && hadFocus) {
        hadFocus = false;
        if (document.activeElement === document.body) button.focus();
      }
      setText(label, guests.length ? t("staff.admit", { name: guests.map((seat) => seat.display_name).join(t("list.and")) }) : t("staff.admit_nobody"));
      const why = hintOf(s, mayAdmit, guests.length > 0);
      setText(hint, why === null ? "" : t(why));
    },
  };
}

// What the button waits for. While the seeker is asked whether to begin late it takes one press, which counts with the answer.
function hintOf(s, mayAdmit, isAnybodyThere) {
  if (s.session.question?.kind === "begin_or_reschedule" && isAnybodyThere) return mayAdmit ? "staff.admit_asked" : "staff.admit_asking";
  if (mayAdmit) return null;
  if (["scheduled", "open"].includes(s.session.phase)) return "staff.admit_early";
  return isAnybodyThere ? "staff.admit_soon" : "staff.admit_hint";
}
