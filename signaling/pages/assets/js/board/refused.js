// A token that does not let anybody in: why, and whom to ask. For the pages of the office.

import { h } from "../dom.js";
import { hasText, t } from "../text.js";
import { head, sign } from "../parts.js";

// speak(language): the switch works here, too
export function refusedPage(code, speak) {
  const known = hasText(`refusal.${code}`) ? code : "unknown";
  const retry = `refusal.${known}.retry`;
  return h(
    "div",
    { class: "phone", dataset: { testid: "refusal", code } },
    head({ do: { speak } }),
    h("main", { class: "pad stack" }, h("h1", { tabindex: "-1" }, t(`refusal.${known}`)), h("p", {}, t(`refusal.${known}.next`)), h("p", { class: "small quiet" }, t("refusal.code", { code }))),
    hasText(retry) && h("footer", { class: "actbar" }, sign(t(retry), { onclick: () => location.reload() })),
  );
}
