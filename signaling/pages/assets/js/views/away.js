// Stepped out: the seat is kept, one large button leads back.

import { h, setText, show } from "../dom.js";
import { countdown } from "../clock.js";
import { t } from "../text.js";
import { awayFor, endsAt } from "../state.js";
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
      const away = awayFor(s);
      setText(words, t(away.words, { time: write.moment(away.until) }));
      show(until, away.until > s.now);
      setText(what, t("cover.kept_until", { time: write.exact(away.until) }));
      setText(clock, countdown(away.until - s.now));
    },
  };
}
