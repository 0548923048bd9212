// Opened inside of another program, before anything is sent: the first device that comes has the seat, and it is to be
// the browser in which the call will work.

import { h, setText, show } from "../dom.js";
import { icon } from "../icons.js";
import { hasText, t } from "../text.js";
import { browserFor, wayOut } from "../advice.js";
import { head, sign, telephone } from "../parts.js";

export function create(app) {
  const { browser } = app;
  const values = { app: browser.inside === "other" ? t("inside.this_app") : browser.inside, browser: browserFor(browser) };
  const title = h("h1", { tabindex: "-1" }, t("inside.title", values));
  const isLine = browser.inside === "LINE";
  const copied = h("p", { class: "small quiet", role: "status" });
  const copy = sign(t("inside.copy"), { testid: "copy-link", kind: isLine ? "" : "btn--go", shape: "devices", onclick: copyLink });
  const steps = wayOut(browser, hasText).map((key) => h("li", {}, t(key, values)));

  async function copyLink() {
    const isCopied = await navigator.clipboard?.writeText(location.href).then(
      () => true,
      () => false,
    );
    setText(copied, t(isCopied ? "inside.copied" : "inside.copy_by_hand", values));
  }

  // LINE itself opens the address in the browser when it is asked like this.
  const line = h("a", { class: "btn btn--wide btn--go", href: `?openExternalBrowser=1${location.hash}`, dataset: { testid: "open-outside" } }, h("span", {}, t("inside.open")), icon("arrow"));
  show(line, isLine);
  return {
    el: h(
      "div",
      { class: "phone", dataset: { testid: "inside" } },
      head(app),
      h("main", {}, h("section", { class: "pad intro" }, title, h("p", { class: "small" }, t("inside.words", values))), h("section", { class: "sec" }, h("div", { class: "sheet" }, h("ol", { class: "how" }, steps)))),
      h("footer", { class: "actbar" }, line, copy, copied, h("button", { type: "button", class: "btn btn--plain", dataset: { testid: "stay-inside" }, onclick: () => app.do.stayInside() }, t("inside.stay")), telephone(app)),
    ),
    focus: title,
    update: () => {},
  };
}
