// A link that is shown once, the server keeps a hash of it only: selected by a press, copied by a button where the browser lets the page.

import { h } from "./dom.js";
import { t } from "./text.js";

let ids = 0;

// seat: whose, where several stand together; then the label is seen. {el, copy()}: copy() is what the button does
export function createCopy(url, label, seat = null) {
  const id = `link-${(ids += 1)}`;
  const field = h("input", { id, type: "text", readonly: true, value: url, "aria-label": seat ? null : label, dataset: { testid: "new-link", seat: seat ?? "" }, onfocus: () => field.select() });
  const button = h("button", { type: "button", class: "btn btn--go", "aria-label": seat ? t("copy.of", { name: label }) : null, onclick: () => copy() }, t("copy.do"));
  const said = h("p", { class: "small quiet", role: "status" });
  const copy = async () => {
    field.focus();
    field.select();
    try {
      await navigator.clipboard.writeText(url);
      said.textContent = t("copy.done");
    } catch {
      said.textContent = t("copy.by_hand"); // the browser keeps the clipboard to itself without HTTPS
    }
  };
  return { el: h("div", { class: "field" }, seat && h("label", { for: id }, label), h("div", { class: "copy" }, field, button), said), copy };
}
