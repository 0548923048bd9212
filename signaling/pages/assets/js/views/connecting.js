// Before the first word of the server.

import { h, show } from "../dom.js";
import { t } from "../text.js";
import { head } from "../parts.js";

export function create(app) {
  const h1 = h("h1", { tabindex: "-1" }, t("connecting.title"));
  const slow = h("p", { role: "status", hidden: true }, t("connecting.slow"));
  const began = performance.now();
  return {
    el: h("div", { class: "phone" }, head(app), h("main", { class: "pad stack" }, h1, slow)),
    focus: h1,
    update: () => show(slow, performance.now() - began > 4000),
  };
}
