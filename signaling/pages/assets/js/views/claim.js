// This device is not the one that the link belongs to: somebody has to say yes.

import { h } from "../dom.js";
import { t } from "../text.js";
import { createNotices, head, telephone } from "../parts.js";

export function create(app) {
  const notices = createNotices(app);
  const h1 = h("h1", { tabindex: "-1" }, t("claim.wait"));
  return {
    el: h("div", { class: "phone", dataset: { view: "claim" } }, head(app), h("main", { class: "pad stack" }, h1, notices.el, h("p", {}, t("claim.wait_more")), h("p", { class: "small quiet" }, t("claim.wait_other"))), h("footer", { class: "actbar" }, telephone(app))),
    focus: h1,
    update: () => notices.update(app.s),
  };
}
