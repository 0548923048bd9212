// What comes after this session, for the supporter: who, when, and whether they wait already.

import { h, setText, show } from "../dom.js";
import { icon } from "../icons.js";
import { ms } from "../clock.js";
import { t } from "../text.js";

const SOON_MS = 900000;

// Somebody waits for the session after this one, and it is near or due.
export function waitsAfter(s) {
  const next = s.around.after;
  return next !== null && next.presence !== "away" && ms(next.starts_at) - s.now < SOON_MS ? next : null;
}

export function createAfterThis(app) {
  const { s, write } = app;
  const when = h("b", { class: "num" });
  const who = h("b");
  const companions = h("span", { class: "small" });
  const where = h("p", { class: "small quiet" });
  const none = h("p", { class: "small quiet" }, t("following.none"));
  const line = h("p", {}, when, " ", who, " ", companions);
  return {
    el: h("section", { class: "after-this", dataset: { testid: "after-this" } }, h("h2", {}, t("following.title")), none, line, where),
    update() {
      const next = s.around.after;
      show(none, next === null);
      for (const part of [line, where]) show(part, next !== null);
      if (next === null) return;
      setText(when, write.moment(ms(next.starts_at)));
      setText(who, t("name.seeker", { name: next.seeker_name }));
      setText(companions, next.companions.length ? t("following.with", { names: next.companions.join(t("list.and")) }) : "");
      setText(where, next.presence === "away" ? t("following.away") : t("presence.since", { where: t(`presence.${next.presence}`), time: write.time(ms(next.since)) }));
    },
  };
}

// One line while somebody waits already: running over has its price.
export function createWaitsNote(app) {
  const { s, write } = app;
  const words = h("p");
  const el = h("div", { class: "note", role: "status", hidden: true, dataset: { testid: "next-waits" } }, icon("bell"), words);
  return {
    el,
    update() {
      const next = waitsAfter(s);
      show(el, next !== null);
      if (next === null) return;
      const late = Math.floor((s.now - ms(next.starts_at)) / 60000);
      const values = { name: next.seeker_name, time: write.moment(ms(next.starts_at)), minutes: late };
      setText(words, t(late > 0 ? "following.kept_waiting" : "following.waits", values));
    },
  };
}
