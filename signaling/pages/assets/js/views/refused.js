// A refusal that ends here: why, what to do, whom to ask.

import { h } from "../dom.js";
import { hasText, t } from "../text.js";
import { head, nextStep, sign, telephone } from "../parts.js";

export function create(app) {
  const code = app.s.refusal.code;
  const known = hasText(`refusal.${code}`) ? code : "unknown";
  const h1 = h("h1", { tabindex: "-1" }, t(`refusal.${known}`));
  const mayRetry = hasText(`refusal.${known}.retry`);
  return {
    el: h(
      "div",
      { class: "phone", dataset: { testid: "refusal", code } },
      head(app),
      h("main", { class: "pad stack" }, h1, h("p", {}, nextStep(app.s, known)), h("p", { class: "small quiet" }, t("refusal.code", { code }))),
      h("footer", { class: "actbar" }, mayRetry && sign(t(`refusal.${known}.retry`), { onclick: () => location.reload() }), telephone(app)),
    ),
    focus: h1,
    update() {},
  };
}
