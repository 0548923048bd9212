// Stepped out: the seat is kept, one large button leads back.

import { h, setText, show } from "../dom.js";
import { countdown, ms } from "../clock.js";
import { t } from "../text.js";
import { endsAt, keptUntil } from "../state.js";
import { head, sign, telephone } from "../parts.js";

export function create(app) {
  const { s, write } = app;
  const h1 = h("h1", { tabindex: "-1" }, t("away.title"));
  const back = sign(t("away.return"), { testid: "return", onclick: () => app.do.comeBack() });
  const what = h("span", { class: "until__what" });
  const clock = h("span", { class: "until__clock num", dataset: { testid: "countdown" } });
  const until = h("div", { class: "until", role: "timer", "aria-live": "off" }, what, clock);
  const words = h("p");
  return {
    el: h(
      "div",
      { class: "phone" },
      head(app),
      h("main", { class: "pad stack" }, h1, words, until, h("p", { class: "small quiet" }, t("away.end", { time: write.moment(endsAt(s.session)) }))),
      h("footer", { class: "actbar" }, back, telephone(app)),
    ),
    focus: h1,
    update() {
      const isHeld = ["live", "interrupted"].includes(s.session.phase);
      const kept = isHeld ? keptUntil(s, s.steppedOutAt) : Math.min(ms(s.session.cutoff_at) ?? Infinity, endsAt(s.session));
      const isKept = kept > s.now;
      setText(words, t(!isKept ? "away.words_late" : isHeld ? "away.words" : "away.words_before"));
      show(until, isKept);
      setText(what, t("cover.kept_until", { time: write.exact(kept) }));
      setText(clock, countdown(kept - s.now));
    },
  };
}
