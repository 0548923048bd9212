// A link that is shown once, the server keeps a hash of it only: selected by a press, copied by a button where the browser lets the page.

import { h } from "../dom.js";
import { t } from "../text.js";

let ids = 0;

// seat: whose, where several stand together; then the label is seen
export function copyField(url, label, seat = null) {
  const id = `link-${(ids += 1)}`;
  const field = h("input", { id, type: "text", readonly: true, value: url, "aria-label": seat ? null : label, dataset: { testid: "new-link", seat: seat ?? "" }, onfocus: () => field.select() });
  const copy = h("button", { type: "button", class: "btn btn--go", "aria-label": seat ? t("board.copy_of", { name: label }) : null, onclick: () => copied() }, t("board.do.copy"));
  const said = h("p", { class: "small quiet", role: "status" });
  const copied = async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(url);
      said.textContent = t("board.done.copy");
    } catch {
      said.textContent = t("board.copy_by_hand"); // the browser keeps the clipboard to itself without HTTPS
    }
  };
  return h("div", { class: "field" }, seat && h("label", { for: id }, label), h("div", { class: "copy" }, field, copy), said);
}
